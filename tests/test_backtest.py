"""The backtest: what a case may learn from, what it may see, and the ledger that nobody can tune."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.assessment.evidence import EvidenceTables
from tropism.backtesting import Ledger, score_ledger, write_ledger
from tropism.backtesting.field import field_verdicts
from tropism.backtesting.leaders import entries, leader_rates
from tropism.backtesting.ledger import MAIN_PAIRS
from tropism.backtesting.measured import measure, triad_of
from tropism.backtesting.naive import naive_features
from tropism.backtesting.result import exact_interval
from tropism.cli import run
from tropism.dyads import Triad, Window
from tropism.errors import SchemaError
from tropism.explanations import cases as documented
from tropism.explanations.changes import PoleChanges
from tropism.explanations.null import fit_null
from tropism.shifts.siding import siding
from tropism.tables import load_table, read_table

LEDGERS = Path(__file__).parents[1] / "ledgers"
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


# What may be seen.


def test_no_evidence_is_dated_after_the_as_of_year(tables, cuba):
    """Turning every later vote round, and moving every later accession and exit, changes no number."""
    last = cuba.window.after_end
    assert last == CUBA.start + 5
    later = EvidenceTables()
    memberships = tables["memberships"].to_pandas()
    for column in ("start_date", "end_date"):
        years = pd.to_numeric(memberships[column].astype("string").str[:4])
        after = (years > last).fillna(False)
        assert after.any()
        memberships.loc[after, column] = datetime.date(2023, 12, 31)
    later["memberships"] = pa.Table.from_pandas(
        memberships, schema=tables["memberships"].schema, preserve_index=False
    )
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


def test_naive_rules_read_what_was_fitted_then():
    """Cuba on the line as the votes to 1964 drew it; nothing later is read."""
    triad, window = Triad("CUB", "RUS", "USA"), Window(1949, 1958, 1959, 1964)
    table = load_table("vintage_positions")
    mine = table[table["as_of_year"] == 1964].set_index(["iso3", "year"])["estimate"]
    gap = (mine["CUB"] - mine["USA"]).abs() - (mine["CUB"] - mine["RUS"]).abs()
    distance, moved, _ = naive_features(triad, window)
    assert distance == pytest.approx(gap.loc[1959:].mean() - gap.loc[:1958].mean())
    assert moved == pytest.approx(mine["CUB", 1958] - mine["CUB", 1964])
    assert (table["year"] <= table["as_of_year"]).all()


# Changes of leader.


def test_leaders_are_set_beside_the_verdicts_of_their_year():
    leaders = pa.table(
        {
            "iso3": ["POL", "HUN", "GBR", "FRA"],
            "entry_date": [datetime.date(year, 8, 1) for year in (1989, 1988, 1979, 1981)],
            "entry_kind": ["Regular", "Irregular", "Regular", "Regular"],
        }
    )
    found = {each.what: each for each in leader_rates(leaders, years=[1989])}
    window = Window(1979, 1988, 1989, 1994)
    shifts = {
        each.state
        for pair in (("USA", "RUS"), ("RUS", "USA"))
        for each in field_verdicts(*pair, window)
        if each.verdict == "shift"
    }
    assert "POL" in shifts
    # Hungary's leader came a year before: neither new in 1989 nor long in office.
    new, quiet = found["shifts, new leader"], found["shifts, no new leader"]
    assert (new.n, new.of) == (1, 2)
    assert (quiet.n, quiet.of) == (len(shifts & {"GBR", "FRA"}), 4)
    assert "shifts, new leader, by irregular means" not in found


def test_a_predecessors_leaders_are_those_of_the_seat():
    leaders = pa.table(
        {
            "iso3": ["SUN", "RUS"],
            "entry_date": [datetime.date(1985, 3, 11), datetime.date(1991, 7, 10)],
            "entry_kind": ["Regular", "Regular"],
        }
    )
    assert entries(leaders)["RUS"] == {1985: False, 1991: False}


# The ledger.


@pytest.fixture(scope="module")
def ledger():
    return write_ledger(2016, pairs=(("RUS", "USA"),))


def test_a_ledger_holds_a_verdict_on_every_state(ledger):
    table = ledger.tidy()
    assert len(table) > 180
    assert not table.duplicated(["state", "toward", "away_from"]).any()
    assert np.allclose(table[["p_shift", "p_hedge", "p_nothing"]].sum(axis=1), 1, atol=1e-3)


@pytest.mark.parametrize("path", sorted(LEDGERS.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_release_wrote_down_is_as_it_was(path):
    """Nearly every state, toward every main pair of poles."""
    held = Ledger.read(path)
    table = held.tidy()
    assert held.version == path.stem
    assert {tuple(pair) for pair in table[["toward", "away_from"]].drop_duplicates().to_numpy()} == set(
        MAIN_PAIRS
    )
    # China and Russia part on few roll calls: some states have too few of them.
    assert (table.groupby(["toward", "away_from"]).size() >= 170).all()


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


def test_a_ledger_learns_from_nothing_that_ended_later(monkeypatch):
    """Cases that were still going on, or came later, could say anything."""
    before = write_ledger(1996, pairs=(("RUS", "USA"),)).rows
    known = documented.embedded_cases

    def altered(horizon, measures):
        return tuple(
            replace(each, of_class="shift") if each.end >= 1991 else each for each in known(horizon, measures)
        )

    monkeypatch.setattr(documented, "embedded_cases", altered)
    assert write_ledger(1996, pairs=(("RUS", "USA"),)).rows == before


def test_a_ledger_is_scored_by_later_votes(ledger):
    found = score_ledger(ledger).set_index("verdict")
    window = Window(2001, 2010, 2017, 2021)
    later = siding(read_table("un_contested_votes"), Triad("PAK", "RUS", "USA"), window)
    changes = PoleChanges.of_siding(later)
    null = fit_null(changes.change, changes.covariance)
    b, c = (changes.change / null.scale).T
    tilt = dict(zip(changes.states, b - c, strict=True))
    verdicts = ledger.tidy().set_index("state")["verdict"]
    for verdict, row in found.iterrows():
        mine = [state for state in verdicts.index[verdicts == verdict] if state in tilt]
        moved = [state for state in mine if sum(tilt[state] >= x for x in tilt.values()) >= 0.95 * len(tilt)]
        assert (row["n"], row["moved_later"]) == (len(mine), len(moved))
        assert (row["lower"], row["upper"]) == exact_interval(len(moved), len(mine))
    with pytest.raises(SchemaError, match="no later year"):
        score_ledger(ledger, until=2016)


def test_commands(tmp_path, capsys):
    assert run(["explain", "Cuba", "--toward", "Russia", "--from", "USA", "--event", "1959", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["best"] == "shift"
    assert answer["track"] is not None
    assert run(["explain", "Pakistan", "--toward", "Russia", "--from", "USA"]) == 0
    out = capsys.readouterr().out
    assert "In the backtest" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    file = tmp_path / "ledger.json"
    assert run(["-q", "ledger", "score", str(file)]) == 2
    assert run(["explain", "Atlantis", "--toward", "Russia", "--from", "USA"]) == 2
