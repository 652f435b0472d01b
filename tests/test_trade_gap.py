"""Trade against gravity: leaving a pair out, intervals that hold, and what the ratio is read against."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.errors import DataNotPresentError, IdentificationError, SchemaError, TriadError
from tropism.tables import read_table
from tropism.trade import _leave_out as kernel
from tropism.trade import predicted
from tropism.trade.gap import gap_series, held_out_coverage, trade_gap

pytest.importorskip("pyfixest")


def world(n=40, seed=3, spread=0.8, zeros=0.2):
    """A gravity world: log trade = exporter + importer - distance + noise, some flows zero, and its costs."""
    rng = np.random.default_rng(seed)
    names = np.array([f"C{i:02d}" for i in range(n)])
    place = rng.uniform(0, 10, (n, 2))
    distance = np.log(np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) + 0.1)
    mean = np.exp(rng.normal(2, 1, n)[:, None] + rng.normal(2, 1, n)[None] - distance)
    noise = np.exp(rng.normal(0, spread, (n, n)) - spread**2 / 2) * (rng.random((n, n)) > zeros) / (1 - zeros)
    i, j = np.nonzero(~np.eye(n, dtype=bool))
    flows = pd.DataFrame(
        {"exporter": names[i], "importer": names[j], "year": 2000, "flow": (mean * noise)[i, j]}
    )
    costs = pd.DataFrame({"exporter": names[i], "importer": names[j], "log_distance": distance[i, j]})
    return flows, costs


@pytest.fixture(scope="module")
def made_up():
    return world()


def refit_without(flows, costs, one, other):
    """What pyfixest predicts for both directions of a pair that it has not seen."""
    import pyfixest as pf

    frame = flows.merge(costs, on=["exporter", "importer"])
    pair = frame.exporter.isin([one, other]) & frame.importer.isin([one, other])
    fit = pf.fepois(
        "flow ~ log_distance | exporter + importer", frame[~pair], fixef_tol=1e-10, iwls_tol=1e-12
    )
    return dict(zip(frame[pair].exporter, fit.predict(newdata=frame[pair], type="response"), strict=True))


def test_predictions_are_those_of_true_refits_without_the_pair(made_up):
    flows, costs = made_up
    largest = flows.sort_values("flow").iloc[[-1, -40, 900, 700]]
    for one, other in zip(largest.exporter, largest.importer, strict=True):
        expected = refit_without(flows, costs, one, other)
        found = trade_gap(one, other, flows=flows, costs=costs, value="flow").summary().set_index("side")
        # One Newton step is off by at most half the square of its bound.
        bound = kernel.ONE_STEP_IS_ENOUGH**2
        assert np.log(found.predicted["exports"] / expected[one]) == pytest.approx(0, abs=bound)
        assert np.log(found.predicted["imports"] / expected[other]) == pytest.approx(0, abs=bound)


def test_one_step_and_refits_agree(made_up, monkeypatch):
    flows, costs = made_up
    quick = trade_gap("C00", flows=flows, costs=costs, value="flow").tidy().predicted
    monkeypatch.setattr(kernel, "ONE_STEP_IS_ENOUGH", 0.0)
    exact = trade_gap("C00", flows=flows, costs=costs, value="flow").tidy().predicted
    assert np.log(quick / exact).abs().max() < 0.01
    assert np.log(quick / exact).abs().max() > 0


def test_a_pair_has_no_say_in_its_own_prediction_or_interval(made_up):
    flows, costs = made_up
    pair = flows.exporter.isin(["C01", "C02"]) & flows.importer.isin(["C01", "C02"])
    more = flows.assign(flow=flows.flow.where(~pair, flows.flow * 3))
    before, after = (
        trade_gap("C01", "C02", flows=each, costs=costs, value="flow").summary() for each in (flows, more)
    )
    columns = ["predicted", "upper"]
    assert np.log(after[columns] / before[columns]).abs().to_numpy().max() < 0.02
    assert (after.actual == 3 * before.actual).all()


def test_the_coefficient_is_recovered(made_up):
    flows, costs = made_up
    table = trade_gap("C00", flows=flows, costs=costs, value="flow").coefficients
    # The truth is -1; the error of PPML on 1,560 such flows is about 0.05.
    assert table.estimate.item() == pytest.approx(-1, abs=0.15)


def test_intervals_hold_pairs_not_seen_in_a_made_up_world(made_up):
    flows, costs = made_up
    table = held_out_coverage(flows=flows, costs=costs, value="flow")
    assert table.flows.sum() == len(flows)
    assert np.average(table.coverage, weights=table.flows) == pytest.approx(0.905, abs=0.015)


def test_coverage_of_inputs_is_88_to_92_per_cent_in_every_tenth():
    # Over seeds 0 to 2 of the folds all thirty lie between 0.889 and 0.913.
    table = held_out_coverage()
    assert len(table) == 10
    assert table.coverage.between(0.88, 0.92).all(), table.to_string()


def test_a_pair_with_ten_times_its_trade_stands_out(made_up):
    flows, costs = made_up
    pair = (flows.exporter == "C05") & (flows.importer == "C06")
    typical = flows[flows.exporter == "C05"].merge(costs).flow.median()
    odd = flows.assign(flow=flows.flow.where(~pair, 100 * typical))
    found = (
        trade_gap("C05", "C06", flows=odd, costs=costs, value="flow")
        .summary()
        .set_index("side")
        .loc["exports"]
    )
    assert found.reading == "more than pairs of like size"
    assert (found["rank"], found.partners) == (1, 39)
    assert found.percentile > 0.95


def test_the_hash_is_that_of_flows_and_costs(made_up):
    flows, costs = made_up
    base, shuffled, other = (
        trade_gap("C03", flows=each, costs=costs, value="flow").settings["data_sha256"]
        for each in (flows, flows.sample(frac=1, random_state=1), flows.assign(flow=flows.flow * 2))
    )
    assert base == shuffled != other


def test_order_and_names_do_not_matter(made_up):
    flows, costs = made_up
    rename = {name: f"Z{99 - int(name[1:])}" for name in flows.exporter.unique()}
    other = trade_gap(
        rename["C03"],
        flows=flows.replace(rename).sample(frac=1, random_state=1),
        costs=costs.replace(rename).sample(frac=1, random_state=2),
        value="flow",
    ).tidy()
    mine = trade_gap("C03", flows=flows, costs=costs, value="flow").tidy().replace(rename)
    keys = ["side", "partner"]
    both = mine.merge(other, on=keys)
    assert len(both) == len(mine)
    assert both.predicted_x.to_numpy() == pytest.approx(both.predicted_y.to_numpy(), rel=1e-5)
    assert both.percentile_x.to_numpy() == pytest.approx(both.percentile_y.to_numpy(), abs=0.01)


def test_zeros_have_a_ratio_and_unknown_flows_no_row(made_up):
    flows, costs = made_up
    zero = flows[(flows.flow == 0) & (flows.exporter == "C00")].importer.iloc[0]
    unknown = flows[(flows.flow > 0) & (flows.exporter == "C00")].importer.iloc[0]
    fewer = flows[~((flows.exporter == "C00") & (flows.importer == unknown))]
    table = trade_gap("C00", flows=fewer, costs=costs, value="flow").tidy().query("side == 'exports'")
    row = table.set_index("partner").loc[zero]
    assert row.log_ratio == pytest.approx(-np.log(row.predicted + 1))
    assert unknown not in set(table.partner)


@pytest.fixture(scope="module")
def pakistan():
    return trade_gap("Pakistan", "Russia", sectors=False)


def test_pakistan_and_russia(pakistan):
    gap = pakistan
    table = gap.summary().set_index("side")
    assert table.actual["imports"] == pytest.approx(358.26, abs=0.01)
    assert table.partners.tolist() == [79, 79]
    assert set(table.reading) == {"as pairs of like size trade"}
    # The closed border with India is the clearest gap that the table holds for Pakistan.
    india = gap.tidy().query("partner == 'IND'")
    assert (india.reading == "less than pairs of like size").all()
    signs = gap.coefficients.set_index("term").estimate
    assert signs["log_distance"] < 0 < signs["shares_border"]


def test_a_gap_is_complete(pakistan):
    gap = pakistan
    assert len(replace(gap, partner=None).summary()) == 20
    answer = json.loads(gap.to_json())
    assert answer["settings"]["level"] == 0.9
    assert len(answer["flows"]) == 158
    assert len(gap.provenance) == 2
    both = gap.plot().to_dict()["hconcat"]
    assert [side["title"]["text"] for side in both] == ["exports", "imports"]
    (alone,) = gap.plot("imports").to_dict()["hconcat"]
    assert alone["title"]["text"] == "imports"
    ratios, world = both[0]["vconcat"]
    assert [layer["mark"]["type"] for layer in ratios["layer"]] == ["rule", "point"]
    assert world["projection"]["type"] == "equalEarth"
    assert "Log of Gravity" in gap.cite()


def test_series_have_joint_draws_and_a_seed(made_up):
    flows, costs = made_up
    first, again, other = (
        gap_series(["C01", "C02", "nobody"], flows=flows, costs=costs, value="flow", draws=30, seed=seed)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.values, again.values, equal_nan=True)
    assert not np.array_equal(first.values, other.values, equal_nan=True)
    assert first.units[0] == "C00>C01"
    assert len(first.units) == 2 * 39
    # Both directions of one pair are one number when exports and imports are added.
    both = first.select(["C01>C02", "C02>C01"]).values
    assert both[:, 0] == pytest.approx(both[:, 1], abs=1e-6)


def test_series_points_are_the_gap_itself(made_up):
    flows, costs = made_up
    points = gap_series(["C01"], side="imports", flows=flows, costs=costs, value="flow", draws=0)
    table = trade_gap("C00", "C01", flows=flows, costs=costs, value="flow").summary().set_index("side")
    assert points.n_draws == 1
    assert points.path("C00>C01")[1][0] == pytest.approx(table.log_ratio["imports"], abs=1e-5)


def test_the_embedded_draws_are_those_of_the_fit():
    """What `assess` reads without any extra is `gap_series`, draw by draw, but for rounding."""
    poles = ["RUS", "USA", "nobody"]
    years = predicted.read(*map(read_table, predicted.TABLES))
    for side in ("both", "imports"):
        carried, fitted = predicted.gap_draws(years, poles, side), gap_series(poles, side=side)
        assert carried.units == fitted.units and carried.years.tolist() == fitted.years.tolist() == [2022]
        # Moves are rounded to 1e-4, of which log distance takes nine, predictions to five digits.
        np.testing.assert_allclose(carried.values, fitted.values, atol=1.5e-3)
        assert carried.values.std(axis=0).min() > 0.05


def test_the_embedded_predictions_and_percentiles_are_those_of_trade_gap(pakistan):
    (year,) = predicted.read(*map(read_table, predicted.TABLES))
    table = pakistan.tidy().query("side == 'imports'").set_index("partner")
    here = year.countries.index("PAK")
    for partner in ("RUS", "USA", "IND"):
        at = year.countries.index(partner), here
        assert year.expected[at] == pytest.approx(table.predicted[partner], rel=1e-4)
        like = predicted.like_scores(year.left_out, year.log_ratio(1.0), *at)
        found = predicted.percentile(like, year.log_ratio(1.0)[at])
        assert found == pytest.approx(table.percentile[partner], abs=2e-3)


def test_years_survive_being_tabulated():
    (year,) = predicted.read(*map(read_table, predicted.TABLES))
    gaps, draws = predicted.tabulate(year)
    (again,) = predicted.read(*(pa.Table.from_pandas(frame) for frame in (gaps, draws)))
    for name in ("trade", "left_out", "moved"):
        np.testing.assert_allclose(getattr(again, name), getattr(year, name), rtol=1e-6)


def test_draws_are_as_wide_as_the_estimate_is_uncertain():
    # The spread of the draws over their mean prediction against the spread of predictions over made-up worlds
    # that share their effects cannot be had from one fit; but four times the noise must widen it.
    calm, wild = (
        gap_series(["C01"], flows=flows, costs=costs, value="flow", draws=60)
        for flows, costs in (world(spread=0.2, zeros=0.0), world(spread=0.8, zeros=0.0))
    )
    width = [np.median(series.values.std(axis=0)) for series in (calm, wild)]
    assert 2 < width[1] / width[0] < 8


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f, c: {"flows": f.assign(flow=-1.0)}, SchemaError, "negative flow"),
        (lambda f, c: {"flows": pd.concat([f, f.head(1)])}, SchemaError, "share their exporter"),
        (lambda f, c: {"costs": c.drop(columns="log_distance")}, SchemaError, "one column for each cost"),
        (lambda f, c: {"costs": pd.concat([c, c.head(1)])}, SchemaError, "repeat a pair"),
        (lambda f, c: {"costs": c.assign(word="far")}, SchemaError, "word is no number"),
        (lambda f, c: {"level": 1.0}, SchemaError, "probability"),
        (lambda f, c: {"floor": 0.0}, SchemaError, "positive"),
        (lambda f, c: {"years": [1999]}, SchemaError, "no flow between two countries"),
        (
            lambda f, c: {"costs": c.assign(size=c.exporter.str[1:].astype(float))},
            IdentificationError,
            "size is absorbed",
        ),
    ],
)
def test_bad_input_is_refused(made_up, change, error, message):
    flows, costs = made_up
    arguments = {"flows": flows, "costs": costs, "value": "flow"} | change(flows, costs)
    with pytest.raises(error, match=message):
        trade_gap("C00", **arguments)


def test_bad_names_are_refused(made_up):
    flows, costs = made_up
    with pytest.raises(DataNotPresentError, match="PAK is not among the 40"):
        trade_gap("Pakistan", flows=flows, costs=costs, value="flow")
    with pytest.raises(TriadError, match="both PAK"):
        trade_gap("PAK", "Pakistan")
    with pytest.raises(SchemaError, match="both, exports or imports"):
        gap_series(["C01"], side="neither", flows=flows, costs=costs, value="flow")


def test_countries_without_exports_are_left_out_and_named(made_up):
    flows, costs = made_up
    silent = flows.assign(flow=flows.flow.where(flows.exporter != "C09", 0.0))
    gap = trade_gap("C00", flows=silent, costs=costs, value="flow")
    assert any("left out: C09" in note for note in gap.notes)
    assert "C09" not in set(gap.tidy().partner)
    for asked in (("C09",), ("C00", "C09")):
        with pytest.raises(
            DataNotPresentError, match="C09 is not among the 39 countries with exports, imports"
        ):
            trade_gap(*asked, flows=silent, costs=costs, value="flow")
