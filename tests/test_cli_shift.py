"""``tropism shift``: one screen, one row per measure or specification, and refusals. In process."""

import json
import re

import pandas as pd
import pytest

from tropism.cli import run
from tropism.shifts.multiverse import run as runner

QUESTION = ("shift", "PAK", "--toward", "RUS", "--from", "USA", "--event", "2014")


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture
def votes_only(monkeypatch):
    monkeypatch.setattr(runner, "SETS", ("all", "no-nuclear"))
    monkeypatch.setattr(runner._Question, "trade", lambda self: ())


def answered(capsys, *arguments):
    assert run(arguments) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out and "nan" not in out.lower().split()
    return out


def refused(capsys, *arguments, code=2):
    assert run(arguments) == code
    printed = capsys.readouterr()
    assert not printed.out and "Traceback" not in printed.err
    return printed.err


def test_without_multiverse_one_line_per_measure_on_one_screen(capsys, tmp_path):
    out = answered(capsys, *QUESTION, "--csv", str(tmp_path / "rows.csv"))
    assert len(out.splitlines()) <= 40
    for title in ("UN votes: similarity", "UN votes: taking sides", "Energy and mineral imports"):
        assert title in out
    assert "percentile" in out.lower() and "[" in out
    moved = dict(re.findall(r"^(\S.*?) {2,}([+-][\d.]+) +\[", out.partition("Whose move?")[2], re.M))
    assert list(moved)[:3] == ["Pakistan itself", "Russia", "the United States"]
    total = float(moved.pop("together"))
    assert sum(map(float, moved.values())) == pytest.approx(total, abs=0.25)
    table = pd.read_csv(tmp_path / "rows.csv")
    assert table["mover"].isna().sum() >= 6
    movers = table[table["dimension"] == "whose_move"].set_index("mover")
    assert 100 * movers.loc["own", "change"] == pytest.approx(float(moved["Pakistan itself"]), abs=0.05)
    assert movers.drop("change")["change"].sum() == pytest.approx(movers.loc["change", "change"])
    assert (movers["lower"] < movers["upper"]).all()


def test_json_says_whose_move_it_was(capsys):
    assert run([*QUESTION, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert plain["rows"] and plain["triad"]["state"] == "PAK"
    mine = {row["mover"] for row in plain["whose_move"]["parts"] if row["iso3"] == "PAK"}
    assert {"own", "RUS", "USA", "change"} <= mine and plain["whose_move_untold"] == ""


def test_where_it_cannot_be_told_whose_move_it_was_the_reason_is(capsys, tmp_path):
    """South Sudan has voted since 2011: one year before 2012 is too few."""
    question = ("shift", "SSD", "--toward", "RUS", "--from", "USA", "--event", "2012")
    out = answered(
        capsys, *question, "--csv", str(tmp_path / "rows.csv"), "--json", str(tmp_path / "all.json")
    )
    assert "Whose move it was cannot be told: decomposition: SSD has 1 of the 10 years" in " ".join(
        out.split()
    )
    plain = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert plain["whose_move"] is None and "SSD has 1 of the 10" in plain["whose_move_untold"]
    assert pd.read_csv(tmp_path / "rows.csv")["mover"].isna().all()


def test_a_multiverse_says_groups_shares_and_the_joint_test(capsys, tmp_path, votes_only):
    csv, png = tmp_path / "cells.csv", tmp_path / "curve.png"
    out = answered(capsys, *QUESTION, "--multiverse", "--csv", str(csv), "--plot", str(png))
    assert len(out.splitlines()) <= 50
    flat = " ".join(out.split())
    assert "without nuclear roll calls it does not" in flat
    assert "a share of specifications is no probability" in flat.lower()
    for question in ("all", "no-nuclear", "between-poles", "votes"):
        assert any(line.startswith(question + " ") for line in out.splitlines())
    table = pd.read_csv(csv)
    assert {"vote_set", "measure", "move", "percentile", "status"} <= set(table.columns)
    assert set(table["placebos"]) == {"all", "near", "region"}
    assert png.read_bytes().startswith(b"\x89PNG")


def test_json_alone_takes_stdout(capsys, votes_only):
    assert run([*QUESTION, "--multiverse", "--json", "--placebos", "all"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert {cell["placebos"] for cell in plain["specifications"]} == {"all"}
    assert plain["triad"] == {"state": "PAK", "toward": "RUS", "away_from": "USA"}


def test_refusals(capsys, tmp_path):
    assert "add --multiverse" in refused(capsys, *QUESTION, "--refit")
    assert "placebo sets are kin" in refused(capsys, *QUESTION, "--multiverse", "--placebos", "kin")
    assert "un_votes is not on this machine" in refused(
        capsys, *QUESTION, "--multiverse", "--codings", code=3
    )
    assert "names one state twice" in refused(
        capsys, "shift", "PAK", "--toward", "PAK", "--from", "USA", "--multiverse"
    )
    assert "Atlantis" in refused(capsys, "shift", "Atlantis", "--toward", "RUS", "--from", "USA")
    wrong = tmp_path / "curve.bmp"
    assert "curve.bmp ends in none" in refused(capsys, *QUESTION, "--multiverse", "--plot", str(wrong))
    assert not list(tmp_path.iterdir()), "nothing is left half-written"


def test_without_multiverse_one_set_of_placebos_is_ranked_among(capsys):
    assert run([*QUESTION, "--placebos", "region"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "of this change among the states of its part of the world" in out
    assert "With one unit" not in out and "by bloc: with one unit" in out.lower()
    assert "no known state" in refused(capsys, *QUESTION, "--placebos", "near,Atlantis")
