"""The backtest: what a case may learn from, what it may see, and the ledger that nobody can tune."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.assessment.evidence import EvidenceTables
from tropism.backtesting import Ledger, score_ledger, write_ledger
from tropism.backtesting.measured import measure, triad_of
from tropism.backtesting.result import exact_interval
from tropism.cli import run
from tropism.errors import SchemaError
from tropism.explanations import cases as documented
from tropism.tables import load_table

CUBA = next(each for each in documented.labelled() if each.case == "CUB1960")


@pytest.fixture(scope="module")
def tables():
    return EvidenceTables()


@pytest.fixture(scope="module")
def cuba(tables):
    return measure(CUBA, 5, tables, placebos=False)


# What may be learned.


def test_a_case_learns_from_other_countries_and_decades_alone():
    cases = documented.embedded_cases(5, {"votes": "siding on contested roll calls"})
    assert len(cases) > 20
    apart = documented.others(cases, "EGY", 1974)
    assert {case.case for case in cases} - {case.case for case in apart} == {
        case.case for case in cases if "EGY" in case.country.split() or case.start // 10 == 197
    }
    earlier = documented.others(cases, "EGY", 1974, forward=True)
    assert earlier and all(case.end < 1974 for case in earlier)


def test_what_was_measured_otherwise_teaches_nothing():
    assert documented.embedded_cases(5, {"votes": "another measure"}) == ()


def test_pakistan_from_2014_on_is_never_learned_from():
    assert not any(
        each.iso3 == "PAK" and each.start >= 2014 and each.scored for each in documented.labelled()
    )


def test_an_exit_is_measured_against_the_rival():
    malta = next(each for each in documented.labelled() if each.case == "MLT1971")
    assert malta.to_pole is None
    assert triad_of(malta).toward == "RUS"


def test_every_case_has_its_source():
    table = load_table("cases")
    assert table["source_url"].str.startswith("http").all()
    assert (table["quote"].str.split().str.len().between(4, 45)).all()
    assert set(table["label"]) <= set(documented.CLASS_OF_LABEL)


# What may be seen.


def test_no_evidence_is_dated_after_the_as_of_year(tables, cuba):
    """Turning every later vote round changes no number."""
    last = cuba.window.after_end
    assert last == CUBA.start + 5
    later = EvidenceTables()
    for name in ("un_contested_votes", "mineral_trade"):
        rows = tables[name].to_pandas()
        after = rows["year"] > last
        assert after.any()
        for column in rows.select_dtypes("number").columns.difference(["year", "hs6"]):
            rows.loc[after, column] = rows.loc[after, column].to_numpy()[::-1]
        later[name] = pa.Table.from_pandas(rows, schema=tables[name].schema, preserve_index=False)
    again = measure(CUBA, 5, later, placebos=False)
    for block, standing in cuba.case.standings.items():
        assert np.array_equal(again.case.standings[block].z, standing.z), block
    assert again.case.facts == cuba.case.facts


def test_a_shorter_horizon_sees_less(tables, cuba):
    early = measure(CUBA, 1, tables, placebos=False)
    assert early.window.after_end == CUBA.start + 1
    assert not np.array_equal(early.case.standings["votes"].z, cuba.case.standings["votes"].z)


def test_the_embedded_evidence_is_what_is_measured(cuba):
    table = load_table("case_evidence")
    row = table[(table["case"] == "CUB1960") & (table["horizon"] == 5) & (table["block"] == "votes")].iloc[0]
    assert row["measure"] == cuba.case.measures["votes"]
    assert [row["change_toward"], row["change_away"]] == pytest.approx(
        cuba.case.standings["votes"].z.tolist(), abs=1e-3
    )


def test_published_rates_follow_from_the_published_cases():
    cases, figures = load_table("backtest_cases"), load_table("backtest_figures")
    for (data, horizon), mine in cases[cases["version"] == "nested"].groupby(
        ["data", "horizon"], observed=True
    ):
        mine = mine[mine["counted"]]
        decided = mine[mine["verdict"] != "cannot tell"]
        row = figures[
            (figures["data"] == data)
            & (figures["horizon"] == horizon)
            & (figures["version"] == "nested")
            & (figures["figure"] == "verdicts that were right")
        ].iloc[0]
        assert (row["n"], row["of"]) == ((decided["verdict"] == decided["of_class"]).sum(), len(decided))


def test_exact_intervals():
    # Clopper and Pearson (1934): 9 of 9 at 90 % ends at .05^(1/9).
    assert exact_interval(9, 9) == pytest.approx((0.05 ** (1 / 9), 1.0))
    assert exact_interval(0, 0) == (0.0, 1.0)


# The ledger.


@pytest.fixture(scope="module")
def ledger():
    return write_ledger(2016, pairs=(("RUS", "USA"),))


def test_a_ledger_holds_a_verdict_on_every_state(ledger):
    table = ledger.tidy()
    assert len(table) > 180
    assert not table.duplicated(["state", "toward", "away_from"]).any()
    assert np.allclose(table[["p_shift", "p_hedge", "p_nothing"]].sum(axis=1), 1, atol=1e-3)


def test_a_ledger_that_was_changed_is_refused(ledger, tmp_path):
    path = tmp_path / "ledger.json"
    path.write_text(ledger.to_json(), encoding="utf-8")
    assert Ledger.read(path).sha256 == ledger.sha256
    held = json.loads(path.read_text(encoding="utf-8"))
    held["verdicts"][0]["verdict"] = "shift"
    path.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(SchemaError, match="is not what was written"):
        Ledger.read(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SchemaError, match="cannot be read as a ledger"):
        Ledger.read(path)


def test_a_ledger_is_scored_by_later_votes(ledger):
    found = score_ledger(ledger)
    assert found["n"].sum() > 180
    # One state in twenty moves beyond the 95th percentile, whatever was said.
    assert found["moved_later"].sum() == pytest.approx(0.05 * found["n"].sum(), abs=2)
    with pytest.raises(SchemaError, match="no later year"):
        score_ledger(ledger, until=2016)


def test_commands(tmp_path, capsys):
    assert run(["explain", "Cuba", "--toward", "Russia", "--from", "USA", "--event", "1959", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["best"] == "shift"
    assert answer["track"] is not None
    assert run(["explain", "Pakistan", "--toward", "Russia", "--from", "USA"]) == 0
    out = capsys.readouterr().out
    assert "Error rate" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    file = tmp_path / "ledger.json"
    assert run(["-q", "ledger", "score", str(file)]) == 2
    assert run(["explain", "Atlantis", "--toward", "Russia", "--from", "USA"]) == 2


def test_cases_are_a_table_of_dated_facts():
    assert isinstance(load_table("cases"), pd.DataFrame)
