"""The scan: known answers, what must not matter, searches that placebos repeat, states that are absent."""

import importlib.util
import json
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from tropism.dyads import Window, dyad
from tropism.errors import IdentificationError, SeriesError, TriadError, WindowError
from tropism.series import Series
from tropism.shifts.scan import _changes, _less_everybody, _OtherWindows, _searched, scan
from tropism.shifts.tilt import along
from tropism.states import states
from tropism.tables import load_table

YEARS = np.arange(1994, 2024)
WINDOW = Window(2004, 2013, 2014, 2023)
CODES = tuple(state.iso3 for state in states(2010) if state.iso3 not in ("RUS", "USA"))[:80]


def panel(rng, draws=1, own=0.0, everybody=0.0, codes=CODES, gone=()):
    """Tilts of states that wander; the first moves by ``own`` in 2014, all by ``everybody``."""
    place = rng.normal(size=(len(codes), 1)) + np.cumsum(
        rng.normal(0, 0.03, (len(codes), YEARS.size)), axis=1
    )
    values = place + rng.normal(0, 0.05, (draws, len(codes), YEARS.size)) + everybody * (YEARS >= 2014)
    values[:, 0] += own * (YEARS >= 2014)
    missing = np.zeros(values.shape[1:], dtype=bool)
    for i, years in gone:
        missing[i] = np.isin(YEARS, years)
    return Series(
        name="made",
        values=np.where(missing, np.nan, values),
        missing=missing,
        units=codes,
        years=YEARS,
        label="made",
        measured_in="points",
        block="votes",
        signal="cheap",
    )


def rows(series, **options):
    return scan("RUS", "USA", WINDOW, measure=series, **options).tidy().set_index("iso3")


def dyads(tilt):
    """Closeness to both poles with this difference."""
    values = np.concatenate([tilt.values / 2, -tilt.values / 2], axis=1)
    units = tuple(dyad(code, pole) for pole in ("RUS", "USA") for code in tilt.units)
    fields = {key: getattr(tilt, key) for key in ("years", "name", "label", "measured_in", "block", "signal")}
    return Series(values=values, missing=np.concatenate([tilt.missing] * 2), units=units, **fields)


# Known answers


def test_hungary_on_contested_roll_calls():
    """Hungary turned from Russia and to the USA more than nearly all states between 2004-13 and 2014-23."""
    found = scan("RUS", "USA", WINDOW, measure="contested_votes")
    hungary = found.tidy().set_index("iso3").loc["HUN"]
    assert hungary["estimate"] == pytest.approx(-0.33, abs=0.01)
    assert hungary["own"] < 0 and hungary["own_upper"] < 0
    assert hungary["percentile"] < 5 and hungary["bloc_percentile"] < 5 and hungary["p_value"] < 0.1
    # Nearly all turned that way: the raw change is mostly the field's.
    assert found.field < -0.15
    assert {"RUS", "USA"}.isdisjoint(found.tidy()["iso3"])


def test_ideal_points_have_draws_and_the_field_is_taken_off():
    found = scan("RUS", "USA", WINDOW)
    table = found.tidy()
    assessed = table[table["assessed"]]
    assert (assessed["lower"] < assessed["estimate"]).all() and (
        assessed["estimate"] < assessed["upper"]
    ).all()
    assert abs(assessed["own"].median()) < 0.05
    assert found.provenance and "Efron" in found.cite()
    assert 1 < found.settings["effective_number"] < found.settings["blocs"] < len(assessed)
    assert any({"DEU", "ITA"} <= set(bloc) for bloc in found.blocs)


def test_a_planted_move_is_found_and_what_all_did_is_not():
    table = rows(panel(np.random.default_rng(0), draws=50, own=1.5, everybody=2.0))
    mover = table.loc[CODES[0]]
    assert mover["called"] == 1 and mover["fdr"] < 0.01 and mover["percentile"] == 100
    assert mover["own_lower"] < 1.5 < mover["own_upper"]
    assert mover["lower"] < 3.5 < mover["upper"] + 0.3
    assert table["called"].sum() == 1


def test_errors_of_a_point_measure_come_from_its_years():
    """Years scatter by .05, ten times as much for one state: its error is larger, drawn to the others'."""
    rng = np.random.default_rng(1)
    quiet = panel(rng)
    values = quiet.values.copy()
    values[:, 5] += rng.normal(0, 0.5, YEARS.size)
    table = rows(Series(**(vars_of(quiet) | {"values": values})))
    errors = table.loc[list(CODES), "std_error"]
    assert errors.iloc[5] > 2.5 * errors.median()


def vars_of(series):
    names = ("values", "missing", "units", "years", "name", "label", "measured_in", "block", "signal")
    return {name: getattr(series, name) for name in names}


# Invariance


def test_order_of_states_does_not_matter():
    series = panel(np.random.default_rng(2), draws=20, own=1.0)
    shuffled = series.select(tuple(np.random.default_rng(0).permutation(series.units)))
    one, other = rows(series), rows(shuffled)
    numbers = one.select_dtypes("number").drop(columns="bloc")
    assert np.allclose(numbers.astype(float), other[numbers.columns].astype(float), atol=1e-6, equal_nan=True)
    assert one.index.tolist() == other.index.tolist()


def test_relabelling_moves_nothing_but_the_labels():
    series = panel(np.random.default_rng(3), own=1.0)
    new = dict(zip(series.units, [f"Z{i:02d}" for i in range(len(series.units))], strict=True))
    renamed = Series(**(vars_of(series) | {"units": tuple(new.values())}))
    # Made-up labels have no votes, so blocs are left out; all agree on what counts as a bloc of one.
    one, other = rows(series, agreement=1.1), rows(renamed, agreement=1.1)
    for old, label in new.items():
        assert one.loc[old, "z"] == pytest.approx(other.loc[label, "z"])
        assert one.loc[old, "percentile"] == pytest.approx(other.loc[label, "percentile"])


def test_swapping_the_poles_mirrors_everything():
    series = dyads(panel(np.random.default_rng(4), draws=20, own=1.0))
    one = rows(series)
    back = scan("USA", "RUS", WINDOW, measure=series).tidy().set_index("iso3").loc[one.index]
    here = one["assessed"]
    for name in ("estimate", "own", "z"):
        assert np.allclose(one.loc[here, name], -back.loc[here, name], atol=1e-6)
    for name in ("fdr", "p_value", "bloc_p_value", "std_error"):
        assert np.allclose(one.loc[here, name], back.loc[here, name], atol=1e-6)
    assert np.allclose(one.loc[here, "own_lower"], -back.loc[here, "own_upper"], atol=1e-6)
    assert np.allclose(one.loc[here, "percentile"], 100 - back.loc[here, "percentile"])


def test_swapping_the_poles_mirrors_the_votes():
    ahead, back = (
        scan(*poles, WINDOW, measure="contested_votes").tidy().set_index("iso3")
        for poles in (("RUS", "USA"), ("USA", "RUS"))
    )
    assert ahead.loc["HUN", "z"] == pytest.approx(-back.loc["HUN", "z"], abs=1e-5)
    assert ahead.loc["HUN", "percentile"] == pytest.approx(100 - back.loc["HUN", "percentile"])


def test_the_sign_of_the_scale_does_not_matter():
    positions = panel(np.random.default_rng(5), draws=20, codes=(*CODES, "RUS", "USA"))
    flipped = Series(**(vars_of(positions) | {"values": -positions.values}))
    one, other = (along(each, ("RUS", "USA")) for each in (positions, flipped))
    assert np.array_equal(one.values, other.values)
    turned = along(positions, ("USA", "RUS"))
    assert np.array_equal(turned.values, -one.values)


# Searches and other years


def test_a_search_is_repeated_for_every_placebo():
    """Each state's largest of five studentised changes is ranked among the others' largest, not among one."""
    series = panel(np.random.default_rng(6))
    relative = _less_everybody(series)
    windows = [Window(2004 + k, 2013 + k, 2014 + k, 2023) for k in range(-2, 3)]
    largest = np.max([np.abs(_changes(series, relative, each).z) for each in windows], axis=0)
    by_hand = [(largest >= own).sum() / len(CODES) for own in largest]
    assert np.allclose(rows(series, search=2).loc[list(CODES), "search_p_value"], by_hand)


def test_a_search_rejects_at_its_nominal_rate():
    everybody, here = ~np.eye(len(CODES), dtype=bool), np.arange(len(CODES))
    rejected = []
    for seed in range(60):
        series = panel(np.random.default_rng(seed))
        other = _OtherWindows(series, _less_everybody(series), here)
        found = _searched(other, WINDOW, 1, everybody)
        rejected.append(found["search_p_value"][0] <= 0.1)
    # 60 worlds at 10 %: the standard error is 3.9 points.
    assert np.mean(rejected) < 0.22


def test_a_search_finds_the_break_year():
    series = panel(np.random.default_rng(7))
    values = series.values.copy()
    values[:, 3] += 2.0 * (YEARS >= 2016)
    row = rows(Series(**(vars_of(series) | {"values": values})), search=3).loc[CODES[3]]
    assert row["search_year"] == 2016 and row["search_p_value"] == pytest.approx(1 / 80)


def test_placebos_of_the_region_and_the_years_before_decide():
    """A region is a set of states: each is ranked among those of its own, and small regions give no rank."""
    table = rows(panel(np.random.default_rng(13)), placebos="region")
    region = load_table("regions").astype(str).set_index("iso3")["region"].reindex(list(CODES))
    mates = region.map(region.value_counts()) - 1
    assert (table.loc[list(CODES), "placebos"] == mates).all()
    ranked = table.loc[list(CODES), "percentile"].notna()
    assert (ranked == (mates >= 20)).all() and ranked.any() and not ranked.all()


def test_placebos_in_time_leave_the_event_alone():
    table = rows(panel(np.random.default_rng(8), own=2.0), in_time=True)
    # 1994-2023 has one pair of ten-year windows that ends before 2014: too few for a rank in time.
    assert table.loc[CODES[0], "breaks"] == 1 and np.isnan(table.loc[CODES[0], "time_p_value"])
    found = scan(
        "RUS", "USA", Window(1995, 1997, 1998, 2000), measure=panel(np.random.default_rng(8)), in_time=True
    )
    row = found.tidy().set_index("iso3").loc[CODES[0]]
    assert row["breaks"] == 21 and 0 < row["time_p_value"] <= 1


# Who measures


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same(pool):
    series = panel(np.random.default_rng(12), draws=5, own=1.0)
    window = Window(2000, 2002, 2003, 2005)
    options = {"measure": series, "search": 2, "in_time": True}
    alone = scan("RUS", "USA", window, **options)
    with pool(2) as executor:
        other = scan("RUS", "USA", window, executor=executor, **options)
    assert alone.to_json() == other.to_json()
    assert alone.tidy()["breaks"].max() > 8, "more than one job"


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)
def test_dask_gives_the_same():
    from distributed import Client, LocalCluster

    series = panel(np.random.default_rng(12), own=1.0)
    alone = scan("RUS", "USA", WINDOW, measure=series, search=1)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        other = scan("RUS", "USA", WINDOW, measure=series, search=1, executor=client.get_executor())
    assert alone.to_json() == other.to_json()


# What is not there


def test_a_state_without_years_on_one_side_is_a_row_with_a_reason():
    table = rows(panel(np.random.default_rng(9), gone=[(7, range(2012, 2024)), (8, YEARS)]))
    left = table.loc[CODES[7]]
    assert not left["assessed"] and "8 years before and 0 after" in left["reason"]
    assert np.isnan(left["estimate"]) and not table.loc[CODES[8], "assessed"]
    assert table.loc["ZWE", "reason"] == "no data"


def test_indonesia_left_in_1965():
    found = scan("RUS", "USA", Window(1955, 1964, 1965, 1967), measure="contested_votes").tidy()
    indonesia = found.set_index("iso3").loc["IDN"]
    assert not indonesia["assessed"] and "2 after" in indonesia["reason"]


def test_refusals():
    series = panel(np.random.default_rng(10))
    with pytest.raises(TriadError, match="two different"):
        scan("RUS", "Russia", WINDOW, measure=series)
    with pytest.raises(WindowError, match="no state has data in 1950-1959"):
        scan("RUS", "USA", Window(1950, 1959, 2014, 2020), measure=series)
    with pytest.raises(SeriesError, match="20 are needed"):
        scan("RUS", "USA", WINDOW, measure=series.select(CODES[:15]))
    with pytest.raises(SeriesError, match="Name more"):
        scan("RUS", "USA", WINDOW, measure=series, placebos=["DEU", "FRA"])
    with pytest.raises(SeriesError, match="no measure"):
        scan("RUS", "USA", WINDOW, measure="arms")
    with pytest.raises(SeriesError, match="cast no votes in 2004-2013"):
        scan("Taiwan", "USA", WINDOW)
    with pytest.raises(IdentificationError, match="ideal points"):
        scan("RUS", "CHN", WINDOW)


def test_the_result_can_be_reproduced_and_drawn():
    found = scan("RUS", "USA", WINDOW, measure=panel(np.random.default_rng(11), draws=20, own=2.0), search=1)
    content = json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert len(content["states"]) == len(found.tidy()) and content["settings"]["search"] == 1
    assert len(found.plot().to_dict()["layer"]) == 2
    assert found.summary()["own"].iloc[0] == pytest.approx(2.0, abs=0.3)
    assert found.false_share < 0.2
