"""The multiverse: cells against the plain measures, one joint test, what must not matter, what is kept."""

import importlib.util
import json
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, SchemaError, SeriesError, TriadError, WindowError
from tropism.series import Provenance
from tropism.shifts import infer_shifts
from tropism.shifts.multiverse import AXES, Multiverse, multiverse, result, run
from tropism.shifts.multiverse.axes import NAMES, windows
from tropism.shifts.multiverse.cells import Found, _code_abstentions, code_votes, fill_absences, measure
from tropism.shifts.multiverse.result import _importance, assemble
from tropism.states import states
from tropism.tables import read_table
from tropism.tables.store import Store, home
from tropism.votes.counts import COUNTS
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import similarity_series

PAK = Triad("PAK", "RUS", "USA")


@pytest.fixture(scope="module")
def found() -> Multiverse:
    """Kept, so that other states between the same poles come at once."""
    return multiverse(PAK, 2014)


@pytest.fixture
def votes_only(monkeypatch):
    """Two vote sets and no trade: enough for what is asked, in a fraction of the time."""
    monkeypatch.setattr(run, "SETS", ("all", "no-nuclear"))
    monkeypatch.setattr(run._Question, "trade", lambda self: ())


def cell(found, **choices):
    table = found.tidy()
    for name, choice in ({"placebos": "all", "event": "+0", "units": "states"} | choices).items():
        table = table[table[name] == choice]
    assert len(table) == 1, f"{len(table)} specifications are {choices}"
    return table.iloc[0]


# --------------------------------------------------------------------------------------------- cells


def test_there_are_hundreds_and_each_is_different(found):
    table = found.tidy()
    votes = table[(table["vote_set"] != "") & (table["placebos"] == "all")]
    assert len(votes) >= 300
    assert not table.duplicated(["group", *NAMES]).any()
    choices = [name for name in NAMES if name not in ("event", "window")]
    by_years = ["group", *choices, "before_start", "before_end", "after_start", "after_end"]
    assert not table.duplicated(by_years).any(), "two specifications hold the same years"
    for axis in AXES:
        assert set(table[axis.name]) - {""} <= set(axis.choices), axis.name
        assert axis.question and axis.why


def test_every_specification_counts_or_says_why_not(found):
    table = found.tidy()
    assert set(table["status"]) <= {"counted", "poles not apart", "not assessable"}
    assert ((table["reason"] != "") == (table["status"] == "not assessable")).all()
    assert (table.loc[table["status"] == "counted", "verdict"] != "").all()
    assert table.loc[table["status"] != "not assessable", "move"].notna().all()
    summary = found.summary()
    by_status = summary[["counted", "poles_not_apart", "not_assessable"]].sum(axis=1)
    assert (by_status == summary["specifications"]).all()
    shares = summary.loc[summary["counted"] > 0, ["toward", "away", "ordinary"]].sum(axis=1)
    assert np.allclose(shares, 1)


def test_a_cell_of_similarity_is_the_plain_shift(found):
    one = cell(found, measure="pi", abstention="middle", window="10")
    series = similarity_series(read_table("un_vote_counts"), ["RUS", "USA"])
    shifts = infer_shifts(series, PAK, Window(2004, 2013, 2014, 2023))
    shift = shifts.of()
    assert one["change"] == pytest.approx(shift.change.estimate, abs=1e-6)
    assert one["n"] == shift.rank.n and one["percentile"] == pytest.approx(shift.rank.percentile, abs=0.6)
    others = shifts.changes[0, [name not in ("RUS", "USA") for name in shifts.states]]
    spread = np.diff(np.quantile(others, [0.05, 0.95]))[0] / 3.2897
    assert one["move"] == pytest.approx((one["change"] - np.median(others)) / spread, abs=1e-5)
    assert np.isnan(one["lower"])


def test_a_cell_of_closeness_has_the_interval_of_its_draws(found):
    one = cell(found, vote_set="no-nuclear", measure="closeness", window="10")
    points, factors = (read_table(name) for name in compact.TABLES)
    positions = compact.read(points, factors, "no-nuclear").series(run.DRAWS, 0)
    shifts = infer_shifts(compact.closeness_series(positions, PAK.poles), PAK, Window(2004, 2013, 2014, 2023))
    plain = shifts.of().change
    assert (one["change"], one["lower"], one["upper"]) == pytest.approx(
        (plain.estimate, plain.lower, plain.upper), abs=1e-5
    )


def test_abstentions_are_recoded_in_the_counts():
    counts = np.arange(1, 10)
    table = pa.table(
        {"iso3_a": ["A"], "iso3_b": ["B"], "year": [2000]} | dict(zip(COUNTS, counts[:, None], strict=True))
    )
    coded = {
        coding: np.array([_code_abstentions(table, coding)[name][0].as_py() for name in COUNTS]).reshape(3, 3)
        for coding in ("middle", "weak-no", "dropped")
    }
    assert (coded["middle"].ravel() == counts).all()
    assert coded["dropped"].tolist() == [[1, 0, 3], [0, 0, 0], [7, 0, 9]]
    assert coded["weak-no"].tolist() == [[1, 0, 5], [0, 0, 0], [11, 0, 28]]
    assert coded["weak-no"].sum() == counts.sum()


def test_votes_are_recoded_as_the_counts_are():
    votes = pa.table(
        {
            "iso3": ["A", "A", "B", "C"],
            "rcid": [1, 2, 1, 9],
            "year": [2000, 2000, 2000, 2001],
            "vote": [1, 2, 3, 1],
        }
    )
    assert code_votes(votes, "weak-no")["vote"].to_pylist() == [1, 3, 3, 1]
    assert code_votes(votes, "dropped")["vote"].to_pylist() == [1, 3, 1]
    filled = fill_absences(votes).to_pandas().set_index(["iso3", "rcid"])["vote"]
    # B missed roll call 2 of the session in which it voted; C was no member then.
    assert filled.to_dict() == {("A", 1): 1, ("A", 2): 2, ("B", 1): 3, ("B", 2): 2, ("C", 9): 1}


def test_codings_of_contested_votes(found):
    table = read_table("un_contested_votes").to_pandas()
    mine = table[(table["iso3"] == "PAK") & (table["pole_1"] == "RUS") & (table["pole_2"] == "USA")]
    mine = mine[mine["year"].between(2004, 2023)]
    bases = {
        ("middle", "abstention"): mine["contested"],
        ("middle", "missing"): mine["contested"] - mine["took_no_part"],
        ("dropped", "missing"): mine["with_1"] + mine["with_2"],
    }
    for (abstention, absence), base in bases.items():
        assert (base >= 5).all()
        tilt = (mine["with_1"] - mine["with_2"]) / base
        change = tilt[mine["year"] >= 2014].mean() - tilt[mine["year"] < 2014].mean()
        one = cell(found, measure="siding", abstention=abstention, absence=absence, window="10")
        assert one["change"] == pytest.approx(change, abs=1e-6)


def test_windows_are_around_the_event():
    held = list(windows(2014))
    assert len(held) == 15
    assert ("+0", "open", Window(2004, 2013, 2014)) in held
    assert ("-2", "5", Window(2007, 2011, 2012, 2016)) in held


# ------------------------------------------------------------------------------- what must not matter


def test_swapping_the_poles_mirrors_everything(found, votes_only):
    one, two = multiverse(PAK, 2014), multiverse(Triad("PAK", "USA", "RUS"), 2014)
    a, b = one.tidy(), two.tidy()
    assert (a[["group", *NAMES, "status", "n"]] == b[["group", *NAMES, "status", "n"]]).all(axis=None)
    assert np.allclose(one.moves, -two.moves, equal_nan=True, atol=1e-6)
    assert np.allclose(a["change"], -b["change"], equal_nan=True, atol=1e-6)
    assert np.allclose(a["lower"], -b["upper"], equal_nan=True, atol=1e-6)
    assert np.allclose(a["percentile"], 100 - b["percentile"], equal_nan=True)
    turned = {"toward": "away", "away": "toward"}
    assert (a["verdict"].replace(turned) == b["verdict"]).all()
    assert one.joint().p_value == two.joint().p_value
    assert one.joint().p_toward == two.joint().p_away


def test_the_order_of_rows_does_not_matter(monkeypatch, votes_only):
    plain = multiverse(PAK, 2014, cache=False)

    def shuffled(name):
        table = read_table(name)
        return table.take(np.random.default_rng(1).permutation(table.num_rows))

    monkeypatch.setattr(run, "read_table", shuffled)
    other = multiverse(PAK, 2014, cache=False)
    assert other.states == plain.states
    assert np.allclose(plain.moves, other.moves, equal_nan=True, atol=1e-5)


def test_a_state_by_another_name_moves_the_same(votes_only):
    question = run._Question(PAK, 2014, 20, 0)
    task = next(iter(question.counted()))
    names = {"IND": "BRA", "BRA": "IND"}
    (table,) = task.tables
    for side in ("iso3_a", "iso3_b"):
        codes = [names.get(code, code) for code in table[side].cast(pa.string()).to_pylist()]
        table = table.set_column(table.column_names.index(side), side, pa.array(codes))
    one, two = measure(task), measure(replace(task, tables=(table,)))
    i, j = one.states.index("IND"), two.states.index("BRA")
    assert np.array_equal(one.change[:, i], two.change[:, j], equal_nan=True)
    assert np.isfinite(one.change[:, i]).any()
    assert not np.allclose(one.change[:, i], two.change[:, i], equal_nan=True)


# ---------------------------------------------------------------------------------------- joint test


def made(change, triad=PAK, apart=1.0):
    """A multiverse from changes, shape (cells, states): PAK first."""
    cells, n = change.shape
    names = ("PAK", *(f"S{i:03d}" for i in range(n - 1)))
    labels = tuple(
        {
            "vote_set": "all",
            "measure": f"m{i}",
            "event": "+0",
            "window": "10",
            "before_start": 2004,
            "before_end": 2013,
            "after_start": 2014,
            "after_end": 2023,
            "reason": "",
        }
        for i in range(cells)
    )
    none = np.full(change.shape, np.nan)
    one = Found(names, labels, change, none, none, np.full(cells, apart), np.empty(0), np.empty((0, n)))
    return assemble(triad, 2014, [one], placebos=("all",), settings={}, seed=0, provenance=())


def test_without_own_moves_the_joint_test_is_exact():
    change = np.random.default_rng(0).normal(size=(40, 60)) + np.random.default_rng(1).normal(size=60)
    p_values = []
    for state in range(60):
        order = [state, *(i for i in range(60) if i != state)]
        p_values.append(made(change[:, order]).joint().p_value)
    # Each of 60 states is once the first, once the second …
    assert np.allclose(np.sort(p_values), np.arange(1, 61) / 60)


def test_a_move_in_every_specification_is_found_and_a_common_one_is_not():
    rng = np.random.default_rng(0)
    change = rng.normal(size=(40, 60)) + 5
    assert made(change).joint().p_value > 0.05
    change[:, 0] += 3
    test = made(change).joint()
    assert (test.rank, test.n, test.p_toward, test.p_value) == (1, 59, 1 / 60, 1 / 60)
    assert 2 < test.move < 4


def test_ties_count_against_the_state():
    change = np.zeros((5, 30))
    change[:, :10], change[:, 25:] = 1.0, -1.0
    test = made(change).joint()
    assert test.rank == 10 and test.p_toward == 10 / 30
    assert test.p_value == 15 / 30  # those that moved as far the other way too


def test_a_state_with_few_of_the_specifications_is_no_other_state():
    change = np.random.default_rng(0).normal(size=(10, 60))
    change[:3, 1:21] = np.nan
    assert made(change).joint().n == 39
    # Each specification has 30 others, and no other has most of the specifications.
    change = np.random.default_rng(0).normal(size=(10, 61))
    change[::2, 1:31] = change[1::2, 31:] = np.nan
    with pytest.raises(SeriesError, match="fewer than 20 other states"):
        made(change).joint()


def test_specifications_that_do_not_part_the_poles_are_shown_and_not_counted():
    found = made(np.random.default_rng(0).normal(size=(10, 60)), apart=0.5)
    assert set(found.tidy()["status"]) == {"poles not apart"} and found.tidy()["move"].notna().all()
    with pytest.raises(SeriesError, match="no specification counts"):
        found.joint()
    assert "no joint test" in found.reading()[0]
    assert "not counted" in json.dumps(found.plot().to_dict())


def test_allies_as_poles_part_nobody(votes_only):
    found = multiverse(Triad("PAK", "CHN", "RUS"), 2014)
    summary = found.summary().set_index("question")
    assert summary.loc["no-nuclear", "counted"] == 0 and summary.loc["no-nuclear", "poles_not_apart"] > 0
    assert not any("position" in sentence for sentence in found.reading())


# ------------------------------------------------------------------------------------------- drivers


def test_shares_of_a_full_design_are_those_of_the_effects():
    a, b, c = (axis.ravel() for axis in np.meshgrid([0, 1], [0, 1, 2], [0, 1], indexing="ij"))
    shares, alone, rest = _importance(3.0 * a + b, [a, b, c])
    variances = np.array([9 / 4, 2 / 3, 0])
    assert np.allclose(shares, variances / variances.sum()) and np.allclose(alone, shares)
    assert rest == pytest.approx(0)
    shares, _, rest = _importance((a - 0.5) * (c - 0.5), [a, b, c])
    assert np.allclose(shares, 0) and rest == pytest.approx(1)


def test_nested_choices_share_what_both_explain():
    a = np.repeat([0, 1, 2, 3], 5)
    values = (a >= 2).astype(float)
    shares, alone, rest = _importance(values, [a, a >= 2])
    assert np.allclose(shares, 0.5) and np.allclose(alone, 1) and rest == pytest.approx(0)


def test_shares_add_up(found):
    for group in ("votes", "all"):
        table = found.drivers(group)
        assert table["share"].sum() == pytest.approx(1)
        assert (table["share"] > -1e-9).all()
    assert "link" not in set(found.drivers()["axis"]), "an axis with one choice drives nothing"


# ------------------------------------------------------------------------------------- what is said


def test_the_jump_of_2015_is_told_with_and_without_nuclear_votes(found):
    """In the published positions Pakistan and India jump toward the USA in 2015, with nuclear votes only."""
    for code, name in (("PAK", "Pakistan"), ("IND", "India")):
        told = " ".join(multiverse(replace(PAK, state=code), 2014).reading())
        assert f"From 2014 to 2015 {name}'s position on all roll calls jumps toward the United States" in told
        assert "without nuclear roll calls it does not" in told
    china = multiverse(replace(PAK, state="CHN"), 2014).sessions.set_index(["vote_set", "year"])["step"]
    assert china["all", 2015] < 0 < china["no-nuclear", 2015]  # toward Russia is positive


def test_hungary_moved_away_where_the_poles_divide(found):
    hungary = multiverse(replace(PAK, state="HUN"), 2014)
    for abstention, absence in (("middle", "missing"), ("middle", "abstention")):
        one = cell(hungary, measure="siding", abstention=abstention, absence=absence, window="10")
        assert one["percentile"] < 10 and one["move"] < -1


def test_questions_are_grouped(found):
    assert found.groups[:2] == ("all", "no-nuclear") and {"imports", "exports"} <= set(found.groups)
    assert found.joint("imports").n < found.joint("all").n
    with pytest.raises(SeriesError, match="no question 'peace'"):
        found.joint("peace")


def test_what_it_hands_on(found):
    plain = json.loads(found.to_json())
    assert len(plain["specifications"]) == len(found.tidy())
    assert plain["joint"][-1]["p_value"] == found.joint().p_value
    assert "Simonsohn" in found.cite() and "Voeten" in found.cite()
    drawn = found.plot().to_dict()
    assert len(drawn["vconcat"]) == 2 and "p = " in json.dumps(drawn["title"])


# ------------------------------------------------------------------------- blocs, and trade as reported


def test_a_bloc_counts_once_in_the_field_and_in_the_joint_test(monkeypatch):
    """Forty of sixty move as one, as far as the state: as states they make that usual, as a bloc unusual."""
    rng = np.random.default_rng(0)
    change = rng.normal(0, 0.2, size=(9, 61))
    change[:, :41] += 3.0
    bloc = np.r_[0, np.ones(40), np.arange(2, 22)].astype(int)
    monkeypatch.setattr(result, "voting_blocs", lambda *_: bloc)
    found = made(change)
    test = found.joint()
    assert test.p_value > 0.3 and test.blocs == 21
    assert test.bloc_p_value == pytest.approx(2 / 22, abs=0.046)
    assert test.effective_number < 20
    table = found.tidy()
    by_states, by_blocs = (table[table["units"] == units] for units in ("states", "blocs"))
    assert (by_states["n"] == 60).all() and (by_blocs["n"] == 21).all()
    assert by_states["percentile"].mean() < 80 and (by_blocs["percentile"] > 94).all()
    assert (by_blocs["move"] > 1).all() and (by_states["move"] < 1).all()
    assert found.summary().loc[0, "bloc_p_value"] == test.bloc_p_value


def test_weighted_quantiles_are_those_of_numpy_where_weights_are_equal():
    values = np.random.default_rng(0).normal(size=(4, 9))
    values[1, 3:] = np.nan
    values[2, ::2] = np.nan
    at = [0.05, 0.5, 0.8]
    weight = 0.3 * ~np.isnan(values)
    assert np.allclose(result._quantiles(values, weight, at), np.nanquantile(values, at, axis=1))
    # Ten at 0 that weigh as one: the median of five units is the third.
    many, w = np.r_[np.zeros(10), 1, 2, 3, 4][None], np.r_[np.full(10, 0.1), np.ones(4)][None]
    assert result._quantiles(many, w, [0.5])[0, 0] == pytest.approx(2.0, abs=0.05)


BUYERS = (
    "PAK",
    *[state.iso3 for state in states(2010) if state.iso3 not in ("CHN", "PAK", "RUS", "USA")][:29],
)


def reported(by_importer, by_exporter):
    """Trade of thirty states with both poles and a third, as either side reports it."""
    rows = [
        (side, exporter, importer, year, factor(state, pole, year) * 1e9)
        for side, factor in (("importer", by_importer), ("exporter", by_exporter))
        for year in range(2002, 2024)
        for state in BUYERS
        for pole in ("RUS", "USA", "CHN")
        for exporter, importer in ((pole, state), (state, pole))
    ]
    names = ["reporter", "exporter", "importer", "year", "trade_usd"]
    rows += [("PAK", "PAK", "WLD", year, 1e12) for year in range(2002, 2024)]
    return pd.DataFrame(rows, columns=names)


def test_all_goods_are_measured_by_either_sides_reports(monkeypatch, tmp_path):
    """Only the seller's books show what PAK buys from Russia from 2014 on: one side sees the move."""
    place = {code: 1 + 0.02 * i for i, code in enumerate(BUYERS)}

    def plain(state, pole, year):
        return place[state] ** (1 + 0.1 * (year >= 2014)) if pole == "RUS" else 1.0

    def hidden(state, pole, year):
        return plain(state, pole, year) * (4 if (state, pole) == ("PAK", "RUS") and year >= 2014 else 1)

    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    Store().write("trade_reports", reported(plain, hidden), Provenance("made up", "none", "2024-01-01"))
    tasks = list(run._Question(PAK, 2014, 20, 0).reports())
    assert [(task.choices["flow"], task.choices["report"]) for task in tasks] == [
        (flow, report) for report in ("importer", "exporter") for flow in ("total-imports", "total-exports")
    ]
    for task in tasks:
        one = measure(task)
        at = one.states.index("PAK")
        where = {
            cell["metric"]: i
            for i, cell in enumerate(one.cells)
            if (cell["event"], cell["window"]) == ("+0", "10")
        }
        step = np.log(4) if task.choices["report"] == "exporter" else 0
        assert one.change[where["level"], at] == pytest.approx(step, abs=1e-5)
        assert (one.change[where["share"], at] > 0.1) == (step > 0)
        assert "WLD" not in one.states


def test_inputs_have_a_gap_where_there_are_years(monkeypatch, tmp_path):
    """PAK buys twice from Russia what gravity predicts from 2014 on; what is predicted triples for all."""
    rows = [
        (
            pole,
            state,
            year,
            predicted * (2 if (state, pole) == ("PAK", "RUS") and year >= 2014 else 1),
            predicted,
        )
        for year in range(2002, 2024)
        for state in BUYERS
        for pole in ("RUS", "USA")
        for predicted in [1e6 * (3 if pole == "RUS" and year >= 2014 else 1)]
    ]
    table = pd.DataFrame(
        rows, columns=["exporter", "importer", "year", "flow_million_usd", "predicted_million_usd"]
    ).assign(log_distance=8.0, shares_border=False, shares_language=False)
    question = run._Question(PAK, 2014, 20, 0)
    assert not list(question.inputs()), "the embedded table holds one year"
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    Store().write("trade_gaps", table, Provenance("made up", "none", "2024-01-01"))
    buys, sells = (measure(task) for task in question.inputs())
    where = {
        cell["metric"]: i
        for i, cell in enumerate(buys.cells)
        if (cell["event"], cell["window"]) == ("+0", "10")
    }
    mine, other = (buys.states.index(code) for code in BUYERS[:2])
    assert buys.change[where["gap"], mine] == pytest.approx(np.log(2), abs=1e-4)
    assert buys.change[where["gap"], other] == pytest.approx(0, abs=1e-4)
    assert buys.change[where["level"], mine] == pytest.approx(np.log(6), abs=1e-4)
    assert {cell["reason"] for cell in sells.cells} != {""}, "nothing is sold to the poles"
    assert {cell["metric"] for cell in sells.cells} == {"share", "level", "gap"}


# ------------------------------------------------------------------------- who measures, what is kept


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same(pool, votes_only):
    tasks = [*run._Question(PAK, 2014, 20, 0).siding(), *run._Question(PAK, 2014, 20, 0).lines()]
    alone = run._run(tasks, None, None, False)
    with pool(2) as executor:
        others = run._run(tasks, executor, None, False)
    for one, two in zip(alone, others, strict=True):
        assert one.cells == two.cells and one.states == two.states
        assert np.array_equal(one.change, two.change, equal_nan=True)


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)
def test_dask_gives_the_same(votes_only):
    from distributed import Client, LocalCluster

    tasks = list(run._Question(PAK, 2014, 20, 0).siding())
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        others = run._run(tasks, client.get_executor(), None, False)
    for one, two in zip(run._run(tasks, None, None, False), others, strict=True):
        assert np.array_equal(one.change, two.change, equal_nan=True)


def test_an_interrupted_run_goes_on_where_it_was(monkeypatch, tmp_path, votes_only):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    calls = []

    def interrupted(task):
        calls.append(task)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return measure(task)

    monkeypatch.setattr(run, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        multiverse(PAK, 2014)
    kept = list((home() / "multiverse").iterdir())
    assert len(kept) == 3 and all(not file.name.startswith(".") for file in kept)
    whole = multiverse(PAK, 2014)
    n_tasks = len(list((home() / "multiverse").iterdir()))
    assert len(calls) == 4 + n_tasks - 3
    again = multiverse(PAK, 2014)
    assert len(calls) == 4 + n_tasks - 3, "nothing is measured twice"
    assert np.array_equal(whole.moves, again.moves, equal_nan=True)
    kept[0].write_bytes(b"PK\x03\x04 no archive")
    again = multiverse(PAK, 2014)
    assert len(calls) == 5 + n_tasks - 3, "a damaged file is measured anew"
    assert np.array_equal(whole.moves, again.moves, equal_nan=True)


def test_where_nothing_can_be_kept_the_answer_still_stands(monkeypatch, tmp_path, votes_only):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "file"))
    tasks = list(run._Question(PAK, 2014, 20, 0).siding())
    assert len(run._run(tasks, None, Path(tmp_path / "file" / "multiverse"), False)) == len(tasks)


def test_what_decides_the_result_decides_the_name():
    question = run._Question(PAK, 2014, 20, 0)
    task = next(iter(question.siding()))
    others = (
        replace(task, seed=1),
        replace(task, event=2015),
        replace(task, toward=("CHN",)),
        replace(task, choices={"vote_set": "all"}),
        replace(task, tables=(task.tables[0].slice(1),)),
    )
    assert len({each.key("1") for each in (task, *others)} | {task.key("2")}) == 7
    assert task.key("1") == replace(task).key("1")


# ----------------------------------------------------------------------------------------- bad input


def test_bad_questions_are_refused_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(run, "read_table", lambda name: pytest.fail("too late"))
    with pytest.raises(TriadError, match="SUN, whose seat it took over"):
        multiverse(Triad("SUN", "RUS", "USA"), 1991)
    with pytest.raises(TriadError, match="ZZZ is no state's"):
        multiverse(Triad("ZZZ", "RUS", "USA"), 2014)
    with pytest.raises(WindowError):
        multiverse(PAK, 20144)
    with pytest.raises(WindowError, match="is no year"):
        multiverse(PAK, "2014")
    with pytest.raises(SeriesError, match="draws give no interval"):
        multiverse(PAK, 2014, draws=1)
    with pytest.raises(SeriesError, match="placebo sets"):
        multiverse(PAK, 2014, placebos=("near",))
    with pytest.raises(SchemaError, match="need both votes and rollcalls"):
        multiverse(PAK, 2014, votes=pa.table({}))
    with pytest.raises(SchemaError, match="need both votes and rollcalls"):
        multiverse(PAK, 2014, refit=True)


def test_a_placebo_set_without_its_table_is_refused_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(run, "measure", lambda task: pytest.fail("too late"))
    with pytest.raises(DataNotPresentError, match="data fetch cepii_gravity"):
        multiverse(PAK, 2014, placebos=("all", "income"), cache=False)


def test_a_state_without_votes_is_refused(found, votes_only):
    with pytest.raises(SeriesError, match="the data hold nothing on XKX"):
        multiverse(Triad("XKX", "RUS", "USA"), 2014)


def test_a_state_with_too_few_years_is_not_assessable_there(votes_only):
    """South Sudan has voted since 2011."""
    table = multiverse(Triad("SSD", "RUS", "USA"), 2014).tidy()
    early = table[table["event"].isin(["-2", "-1"])]
    assert len(early) and set(early["status"]) == {"not assessable"}
    assert early["move"].isna().all() and (early["verdict"] == "").all()
    assert early["reason"].str.startswith("too few years of the state").all()
    assert "counted" in set(table["status"])


def test_who_left_the_assembly_is_assessed_where_there_are_years(votes_only):
    """Indonesia left the UN in January 1965, came back in 1966, and then stood nearer to the USA."""
    found = multiverse(Triad("IDN", "SUN", "USA"), 1965)
    table = found.tidy()
    # Half of the states of 1970 were none in 1960: few have forty neighbours with enough years.
    assert table["reason"].str.contains("other states have data").any()
    assert found.joint("no-nuclear").move < -1 and found.joint("no-nuclear").n < 100


def test_poles_without_a_pair_of_contested_votes_are_not_assessable(votes_only):
    table = multiverse(Triad("PAK", "BRA", "USA"), 2014).tidy()
    contested = table[table["vote_set"] == "between-poles"]
    assert len(contested) == 2 * 3 * 15 * 2 and set(contested["status"]) == {"not assessable"}
    assert contested["reason"].str.contains("holds no roll calls contested between BRA and USA").all()
    assert pd.unique(table["group"]).tolist() == ["all", "no-nuclear", "between-poles"]


def test_the_table_is_filtered_before_it_is_carried_about():
    question = run._Question(PAK, 2014, 20, 0)
    (table,) = next(iter(question.counted())).tables
    assert pc.min(table["year"]).as_py() == 2002
    assert table.num_rows < 10_000
