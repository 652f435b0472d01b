"""Commands on trade: what a reader sees, what a script gets, exit codes. In process, but for one run."""

import inspect
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tropism.cli import app, run
from tropism.report.terminal_trade import NOTHING, _bounded, _fine, _whole
from tropism.tables import load_table
from tropism.trade import what_if
from tropism.trade.amounts import amount, share
from tropism.trade.diversion import diversion
from tropism.trade.equilibrium import solve_counterfactual
from tropism.trade.flows import icio_matrix

SANCTIONS = ("what-if", "sanctions", "--on", "RUS", "--by", "EU,USA,GBR,JPN", "--except", "IND,CHN")
DRAWS = ("--draws", "30")


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")


def answered(capsys, *arguments):
    """What a command prints on stdout, after checking that it fits and that it worked."""
    assert run(arguments) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out, "something is cut off"
    assert "nan" not in out.lower().split()
    return out


def refused(capsys, *arguments, code=2):
    assert run(arguments) == code
    printed = capsys.readouterr()
    assert not printed.out and "Traceback" not in printed.err
    assert len(printed.err) < 1000
    return printed.err


# ------------------------------------------------------------------------- the commands of the issue


def test_depend_takes_several_partners_after_one_option(capsys):
    out = answered(capsys, "trade", "depend", "PAK", "--on", "RUS", "USA", "CHN", "--since", "2013")
    for partner in ("RUS", "USA", "CHN"):
        assert f"PAK buys from {partner}" in out and f"{partner} buys from PAK" in out
    assert "small base" in out and "By third countries" in out and "hard to" in out
    assert out == answered(capsys, "trade", "depend", "--since", "2013", "PAK", "--on", "RUS,USA,CHN")


def test_a_small_base_has_no_percentage(capsys):
    out = answered(capsys, "trade", "depend", "PAK", "--on", "RUS", "--since", "2013")
    line = next(
        line for line in out.splitlines() if line.startswith("PAK buys from RUS ") and "small" in line
    )
    assert "2.32" in line and "%" not in line


def test_gap_says_actual_predicted_and_rank(capsys):
    out = answered(capsys, "-q", "trade", "gap", "PAK", "RUS")
    assert "gravity, 2022" in out and "actual" in out and "predicted" in out
    pair = icio_matrix().values[icio_matrix().index("PAK"), icio_matrix().index("RUS")]
    assert next(line for line in out.splitlines() if line.startswith("  all")).split()[1] == amount(pair)
    assert "agriculture" in out and "of 79" in out and "as pairs of like size" in out


@pytest.mark.parametrize("deficits", ["deficits in proportion", "no deficits"])
def test_agreement_shows_trade_income_and_other_estimates(capsys, deficits):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    out = answered(capsys, "-q", "what-if", "agreement", "PAK", "RUS", *DRAWS)
    assert f"Trade with {deficits}" in out and "PAK → RUS" in out and "Real income" in out
    row = next(line.split() for line in out.splitlines() if line.startswith("PAK → RUS"))
    assert row[3] == amount(icio_matrix().values[icio_matrix().index("PAK"), icio_matrix().index("RUS")])
    assert "standard error 0.102" in out and "own_phased_in" in out and "90% intervals" in out
    assert "Kohl" not in out, "one line each: sources of other estimates are in `what-if effects`"


def test_sanctions_name_the_coalition_and_show_the_exempt(capsys):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    out = answered(capsys, "-q", *SANCTIONS, *DRAWS)
    assert "RUS → coalition" in out and "RUS → IND" in out and "CHN → RUS" in out
    assert "Coalition: AUT" in out and "diversion" in out and "sign depends" in out


def test_halt_says_what_is_at_stake(capsys):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    out = answered(capsys, "-q", "what-if", "halt", "RUS", "--by", "PAK,IND", *DRAWS)
    assert "at stake" in out and "RUS → those who stop" in out and "-100" in out


def test_mirror_without_reports_says_what_to_fetch(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    message = refused(capsys, "trade", "mirror", "RUS", "IND", code=3)
    for word in ("trade_reports", "Comtrade", "tropism data add", "--file"):
        assert word in message


# -------------------------------------------------------------------------------------- other commands


def test_mirror_of_a_file(capsys, tmp_path):
    file = tmp_path / "reports.csv"
    file.write_text(
        "exporter,importer,year,reporter,trade_usd\n"
        "RUS,IND,2021,exporter,9.1e9\nRUS,IND,2021,importer,8.7e9\nRUS,IND,2022,importer,4.07e10\n",
        encoding="utf-8",
    )
    out = answered(capsys, "trade", "mirror", "RUS", "IND", "--file", str(file))
    assert "9,100" in out and "8,700" in out and "exporter has more" in out
    assert "only the importer reports" in out


def test_gravity_of_a_file(capsys, tmp_path):
    pytest.importorskip("pyfixest", reason="gravity needs the extra `trade`")
    rng = np.random.default_rng(0)
    names = [f"C{k:02d}" for k in range(12)]
    rows = [(a, b, 2022, rng.normal(8, 1)) for a in names for b in names if a != b]
    table = pd.DataFrame(rows, columns=["exporter", "importer", "year", "ln_distance"])
    table["trade_usd"] = np.exp(20 - 0.9 * table["ln_distance"] + rng.normal(0, 0.1, len(table)))
    file = tmp_path / "flows.csv"
    table.to_csv(file, index=False)
    out = answered(capsys, "trade", "gravity", str(file), "--costs", "ln_distance")
    estimate = next(line for line in out.splitlines() if line.startswith("ln_distance")).split()[1]
    # Four standard errors of 132 flows with noise of 0.1.
    assert float(estimate) == pytest.approx(-0.9, abs=0.06)
    assert "Observations" in out and "132" in out
    message = refused(capsys, "trade", "gravity", str(file), "--costs", "tariff")
    assert "tariff" in message


def test_diversion_shows_three_parts_beside_matched_states(capsys):
    out = answered(capsys, "trade", "diversion", "IND", "--from", "RUS", "--draws", "100")
    for words in ("observed", "diversion", "not explained by diversion", "median of 10 matched", "no tilt"):
        assert words in out


def test_a_shock_of_ones_own(capsys, tmp_path):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    file = tmp_path / "shock.csv"
    file.write_text("exporter,importer,cost_factor\nPAK,RUS,1.75\nRUS,PAK,1.75\n", encoding="utf-8")
    out = answered(capsys, "what-if", "shock", str(file), "--sigma", "4")
    country, *changes = out.splitlines()[4].split()
    world, shock = icio_matrix(), pd.read_csv(file)
    fixed, balanced = (
        _fine(change, change)
        for deficits in what_if.DEFICITS
        for change in solve_counterfactual(world, shock, sigma=4, deficits=deficits).change(
            "real_income", "PAK"
        )
    )
    assert (country, changes[0], changes[-1]) == ("PAK", fixed, balanced) and fixed != balanced
    other = answered(capsys, "what-if", "shock", str(file), "--sigma", "4", "--deficits", "balanced")
    assert other.splitlines()[4].split()[1::4] == [balanced, fixed]
    assert "sigma" in refused(capsys, "what-if", "shock", str(file), "--sigma", "1")
    for row, word in (("PAK,ATL,1.75", "ATL"), ("PAK,RUS,much", "no number")):
        file.write_text(f"exporter,importer,cost_factor\n{row}\n", encoding="utf-8")
        assert word in refused(capsys, "what-if", "shock", str(file), "--sigma", "4")


def test_effects_are_listed(capsys, tmp_path):
    out = answered(capsys, "what-if", "effects")
    assert "own  0.557 (0.102)" in out and "ohchr_record_4655_from_russia  -0.291" in out
    file = tmp_path / "effects.csv"
    assert run(["-q", "what-if", "effects", "--csv", str(file)]) == 0
    assert pd.read_csv(file)["source"].notna().all()


# ---------------------------------------------------------------------------------------------- files


def test_json_alone_on_stdout_or_in_a_file_beside_the_table(capsys, tmp_path):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    question = ("-q", "what-if", "agreement", "PAK", "RUS", *DRAWS)
    assert run([*question, "--json"]) == 0
    printed = json.loads(
        capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")
    )
    assert printed["settings"]["draws"] == 30 and printed["changed"] == [["PAK", "RUS"], ["RUS", "PAK"]]
    csv, file = tmp_path / "changes.csv", tmp_path / "answer.json"
    out = answered(capsys, *question, "--csv", str(csv), "--json", str(file))
    assert "Real income" in out
    assert json.loads(file.read_text(encoding="utf-8")) == printed
    table = pd.read_csv(csv)
    assert {"deficits", "subject", "measure", "estimate", "lower", "upper"} <= set(table)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answer.json", "changes.csv"]


@pytest.mark.parametrize(
    "question",
    [
        ("trade", "gap", "PAK", "RUS"),
        ("trade", "depend", "PAK", "--on", "RUS"),
        ("trade", "diversion", "IND", "--from", "RUS", *DRAWS),
        ("what-if", "agreement", "PAK", "RUS", *DRAWS),
        (*SANCTIONS, *DRAWS),
        ("what-if", "halt", "RUS", "--by", "PAK", *DRAWS),
        ("what-if", "shock", "SHOCK", "--sigma", "4"),
    ],
    ids=lambda question: " ".join(question[:2]),
)
def test_every_answer_draws_itself_with_a_map(capsys, tmp_path, question):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    file, shock = tmp_path / "chart.json", tmp_path / "shock.csv"
    shock.write_text("exporter,importer,cost_factor\nPAK,RUS,1.75\n", encoding="utf-8")
    question = [str(shock) if word == "SHOCK" else word for word in question]
    out = answered(capsys, "-q", *question, "--plot", str(file))
    assert out == answered(capsys, "-q", *question), "the table is the same beside a chart"
    chart = file.read_text(encoding="utf-8")
    assert '"equalEarth"' in chart and ('"type": "bar"' in chart or '"type": "rule"' in chart)


def test_a_file_that_cannot_be_written_is_refused_before_the_answer(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(what_if, "what_if_agreement", lambda *a, **k: pytest.fail("answered first"))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    blocked = str(tmp_path / "file" / "below")
    for option in ("--csv", "--json", "--plot"):
        file = f"{blocked}.png"
        assert file in refused(capsys, "what-if", "agreement", "PAK", "RUS", option, file)
    message = refused(capsys, "what-if", "agreement", "PAK", "RUS", "--csv", "x", "--json", "x")
    assert "--csv" in message
    message = refused(capsys, "what-if", "agreement", "PAK", "RUS", "--csv", "x.png", "--plot", "x.png")
    assert "--plot" in message
    assert "x.doc" in refused(capsys, "what-if", "agreement", "PAK", "RUS", "--plot", "x.doc")


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trade", "gap", "Atlantis"), ("Atlantis",)),
        (("trade", "gap", "PAK", "PAK"), ("PAK",)),
        (("trade", "depend", "PAK"), ("--on",)),
        (("trade", "depend", "--on", "RUS"), ("STATE",)),
        (("trade", "depend", "PAK", "--on", "RUS,"), ("empty name",)),
        (("trade", "depend", "PAK", "--on", "RUS", "--since", "2030"), ("2030", "1995 to 2024")),
        (("trade", "diversion", "DEU", "--from", "RUS"), ("DEU", "joined")),
        (("trade", "diversion", "PAK", "--from", "RUS", "--before", "2023"), ("2023",)),
        (("trade", "gravity", "absent.csv", "--costs", "rta"), ("absent.csv",)),
        (("what-if", "agreement", "PAK"), ("STATE",)),
        (("what-if", "agreement", "PAK", "Atlantis"), ("Atlantis", "EAEU")),
        (("what-if", "agreement", "PAK", "RUS", "--effect", "huge"), ("huge", "own")),
        (("what-if", "agreement", "PAK", "RUS", "--sigma", "1"), ("above 1",)),
        (("what-if", "agreement", "PAK", "RUS", "--sigma", "three"), ("three", "3:6")),
        (("what-if", "sanctions", "--on", "RUS"), ("--by",)),
        (("what-if", "sanctions", "--on", "RUS", "--by", "USA", "--observance", "1.5"), ("1.5",)),
        (("what-if", "sanctions", "--on", "EAEU", "--by", "USA"), ("EAEU", "3 states", "ask for each")),
        (("what-if", "halt", "RUS"), ("--by",)),
    ],
    ids=" ".join,
)
def test_bad_input_is_refused_with_one_message(capsys, arguments, words):
    message = refused(capsys, *arguments)
    for word in words:
        assert word in message


def test_defaults_are_those_of_the_verbs():
    def shared(group, command, verb):
        options = {option.name: option for option in app.commands[group].commands[command].params}
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(verb).parameters.items()
            if parameter.default not in (inspect.Parameter.empty, None) and name in options
        }
        assert {"draws", "seed"} <= set(defaults)
        assert {name: options[name].default for name in defaults} == defaults

    shared("what-if", "agreement", what_if.what_if_agreement)
    shared("what-if", "sanctions", what_if.what_if_sanctions)
    shared("what-if", "halt", what_if.what_if_halt)
    shared("trade", "diversion", diversion)


def test_an_effect_of_ones_own(capsys):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    question = ("-q", "what-if", "agreement", "PAK", "RUS", "--effect", "0.3:0.05", "--sigma", "3:6", *DRAWS)
    out = answered(capsys, *question)
    assert "Effect yours: 0.3 log points (standard error 0.05)" in out and "sigma drawn from 3 to 6" in out


def test_a_single_draw_claims_no_interval(capsys):
    pytest.importorskip("numba", reason="equilibria need the extra `trade`")
    out = answered(capsys, "-q", "what-if", "agreement", "PAK", "RUS", "--draws", "1")
    assert "sigma 4.375. Estimates alone" in out and "[" not in out and "interval" not in out


def test_a_program_of_its_own_gives_the_same(capsys):
    question = ("trade", "depend", "PAK", "--on", "RUS", "USA")
    done = subprocess.run(
        [sys.executable, "-m", "tropism.cli", *question], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == answered(capsys, *question)


# ------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (5087.4, "5,087"), (82.64, "82.6"), (0.25, "0.25"), (0.0003, "<0.01"), (math.nan, "–")],
)
def test_amounts(value, shown):
    assert amount(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.0%"), (0.2265, "22.7%"), (0.0008, "0.08%"), (1e-7, "<0.01%"), (math.nan, "–")],
)
def test_shares(value, shown):
    assert share(value) == shown


@pytest.mark.parametrize(
    ("row", "words", "shown"),
    [
        ((0.0204, 0.0114, 0.0416), _fine, "+0.020 [+0.011, +0.042]"),
        ((74.2, 49.4, 105.4), _fine, "+74 [+49, +105]"),
        ((1e-6, 0, 2e-6), _fine, NOTHING),
        ((-41381.0, -52177.7, -28790.5), _whole, "-41,400 [-52,200, -28,800]"),
        ((-0.43, math.nan, math.nan), _fine, "-0.43"),
        ((1460.7, -12123.7, 0.0), _whole, "+1,460 [-12,100, +0]"),
    ],
)
def test_estimates_with_intervals(row, words, shown):
    assert _bounded(dict(zip(("estimate", "lower", "upper"), row, strict=True)), words) == shown


def test_no_stored_reports_are_needed_elsewhere():
    assert load_table("trade_estimates")["source_url"].str.startswith("http").all()
