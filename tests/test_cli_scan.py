"""``tropism scan``: what is printed, files, and refusals."""

import json

import pandas as pd
import pytest

from tropism.cli import run

SCAN = ("scan", "--toward", "RUS", "--from", "USA", "--measure", "contested_votes")


def answered(capsys, *arguments):
    assert run(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("options", [(), ("--search", "2", "--in-time")])
def test_the_table_fits_80_columns_and_cuts_no_number(capsys, monkeypatch, options):
    monkeypatch.setenv("COLUMNS", "80")
    out = answered(capsys, "-q", *SCAN, "--event", "2014", *options)
    table = out[out.index("Toward RUS") : out.index("Change:")]
    assert max(map(len, out.splitlines())) <= 80
    assert "Palau" in table and "Liberia" in table
    # Long names are cut; a number never is.
    assert all(line.split("…")[1][:1] == " " for line in table.splitlines() if "…" in line)
    assert table.count("…") <= 3
    assert "are expected to be ordinary after all" in out and "voting blocs" in out
    assert "Not assessable" in out and "Kosovo (0, 0)" in out


def test_files_hold_every_state(capsys, tmp_path):
    table, content = tmp_path / "scan.csv", tmp_path / "scan.json"
    answered(capsys, "-q", *SCAN, "--csv", str(table), "--json", str(content))
    rows = pd.read_csv(table)
    answer = json.loads(content.read_text(encoding="utf-8"))
    assert len(rows) == len(answer["states"]) > 190
    assert rows.loc[rows["iso3"] == "HUN", "percentile"].item() < 5
    assert answer["window"]["before_start"] == 2004 and answer["settings"]["measure"] == "contested_votes"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--event", "1930"), "no state has data"),
        (("--before", "2004:2013"), "or both"),
        (("--placebos", "DEU,FRA"), "Name more"),
        (("--placebos", "Atlantis"), "is no set"),
        (("--placebos", "Atlantis,DEU"), "no known state"),
    ],
)
def test_refusals(capsys, options, message):
    assert run([*SCAN, *options]) == 2
    said = capsys.readouterr()
    assert message in said.err and not said.out
