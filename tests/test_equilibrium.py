"""One-sector equilibrium: closed forms, independent solutions, invariances, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import root

from tropism.errors import ConvergenceError, IdentificationError, SchemaError
from tropism.trade.equilibrium import solve_counterfactual
from tropism.trade.flows import TradeMatrix

SIGMA = 5.0
MEASURES = ["exports", "imports", "domestic_sales", "real_income", "factory_gate_price"]


def world(n=6, seed=1, labels=None):
    """A made-up world with deficits, home bias and countries of very different size."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, 1.5, n))
    trade = np.outer(size, size) * np.exp(rng.normal(0, 1, (n, n)))
    trade[np.diag_indices(n)] += trade.sum(axis=1) * rng.uniform(1, 5, n)
    return TradeMatrix(labels or tuple("ABCDEFGHIJKLMNOPQRST"[:n]), trade, 2020, "dollars")


def shock_of(n=6, seed=2, draws=None):
    rng = np.random.default_rng(seed)
    shape = (n, n) if draws is None else (draws, n, n)
    return np.exp(rng.normal(0, 0.5, shape))


def plain(trade, shock, sigma, *, steps=20_000):
    """The kernel's twin: the equations of the module's docstring, iterated without any acceleration."""
    output, spent = trade.sum(axis=1), trade.sum(axis=0)
    shares = trade * shock / spent
    price = np.ones(len(trade))
    for _ in range(steps):
        level = (price @ output) / (price @ spent)
        buyers = shares.T @ price ** (1 - sigma)
        demand = price ** (1 - sigma) * (shares @ (level * price * spent / buyers))
        price = price * (demand / (price * output)) ** (1 / sigma)
        price *= output.sum() / (price @ output)
    return price, buyers ** (1 / (1 - sigma)), level


def test_symmetric_world_against_the_closed_form():
    both = TradeMatrix(("A", "B"), [[80, 20], [20, 80]], 2020, "dollars")
    found = solve_counterfactual(both, [[1, 1.5], [1.5, 1]], sigma=SIGMA)
    # Prices stay one, so that real income is (0.8 + 0.2 x 1.5)^(1/(sigma - 1)).
    expected = 100 * (1.1 ** (1 / (SIGMA - 1)) - 1)
    np.testing.assert_allclose(found.changes["real_income"], [[expected] * 2], atol=1e-10)
    np.testing.assert_allclose(found.changes["exports"], [[100 * (1.5 / 1.1 - 1)] * 2], atol=1e-9)
    np.testing.assert_allclose(found.changes["domestic_sales"], [[100 * (1 / 1.1 - 1)] * 2], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_two_countries_against_a_root_finder(seed):
    matrix, shock = world(2, seed), shock_of(2, seed)
    trade = np.array(matrix.values)
    output, spent = trade.sum(axis=1), trade.sum(axis=0)

    def excess(log_relative):
        price = np.array([1.0, np.exp(log_relative[0])])
        income = price * spent * (price @ output) / (price @ spent)
        weighted = trade * shock * (price ** (1 - SIGMA))[:, None]
        return (weighted / weighted.sum(axis=0) * income).sum(axis=1)[0] / output[0] - 1

    relative = np.exp(root(excess, [0.0], tol=1e-13).x[0])
    found = 1 + solve_counterfactual(matrix, shock, sigma=SIGMA).changes["factory_gate_price"][0] / 100
    assert found[1] / found[0] == pytest.approx(relative, rel=1e-9)


@pytest.mark.parametrize("sigma", [1.5, 5.0, 12.0])
def test_kernel_equals_its_plain_twin(sigma):
    matrix, shock = world(), shock_of()
    price, inward, level = plain(matrix.values, shock, sigma)
    found = solve_counterfactual(matrix, shock, sigma=sigma)
    np.testing.assert_allclose(found.changes["factory_gate_price"][0], 100 * (price - 1), atol=1e-7)
    np.testing.assert_allclose(found.changes["real_income"][0], 100 * (price / inward - 1), atol=1e-7)
    spending = solve_counterfactual(matrix, shock, sigma=sigma, real_income="phi*p/P")
    expected = 100 * (level * price / inward - 1)
    np.testing.assert_allclose(spending.changes["real_income"][0], expected, atol=1e-7)


def test_acceleration_needs_fewer_steps_than_the_plain_map():
    matrix, shock = world(20), shock_of(20)
    found = solve_counterfactual(matrix, shock, sigma=SIGMA)
    nearly = plain(matrix.values, shock, SIGMA, steps=int(found.iterations[0]))[0]
    exact = plain(matrix.values, shock, SIGMA)[0]
    assert np.abs(nearly - exact).max() > 1e-5


@pytest.mark.parametrize("deficits", ["fixed_ratio", "balanced"])
@pytest.mark.parametrize("conditional", [False, True])
def test_zero_shock_changes_nothing(deficits, conditional):
    found = solve_counterfactual(
        world(), np.ones((6, 6)), sigma=SIGMA, deficits=deficits, conditional=conditional
    )
    for values in found.changes.values():
        np.testing.assert_allclose(values, 0, atol=1e-7)
    np.testing.assert_allclose(found.trade_after(), found.trade_before(), rtol=1e-9)


def test_relabelling_and_reordering_change_nothing():
    matrix, shock = world(), shock_of()
    order = np.array([3, 0, 5, 1, 4, 2])
    turned = TradeMatrix(
        tuple(matrix.countries[i] for i in order), matrix.values[np.ix_(order, order)], 2020, "dollars"
    )
    one = solve_counterfactual(matrix, shock, sigma=SIGMA, numeraire="B")
    two = solve_counterfactual(turned, shock[np.ix_(order, order)], sigma=SIGMA, numeraire="B")
    for measure, values in one.changes.items():
        np.testing.assert_allclose(two.changes[measure], values[:, order], atol=1e-7)


def test_units_of_trade_change_nothing():
    matrix, shock = world(), shock_of()
    larger = TradeMatrix(matrix.countries, 1e6 * matrix.values, 2020, "dollars")
    one, two = (solve_counterfactual(each, shock, sigma=SIGMA) for each in (matrix, larger))
    for measure, values in one.changes.items():
        np.testing.assert_allclose(two.changes[measure], values, atol=1e-7)


def test_a_shock_to_all_that_one_country_buys_moves_its_own_price_level_alone():
    # A factor common to all sellers leaves their shares of a buyer's expenditure as they are.
    matrix, column = world(), np.ones((6, 6))
    column[:, 2] = 2.0
    found = solve_counterfactual(matrix, column, sigma=SIGMA)
    np.testing.assert_allclose(found.changes["factory_gate_price"], 0, atol=1e-8)
    gain = 100 * (2 ** (1 / (SIGMA - 1)) - 1)
    np.testing.assert_allclose(found.change("real_income", "C"), gain, atol=1e-8)


@pytest.mark.parametrize("deficits", ["fixed_ratio", "balanced"])
def test_markets_clear_and_the_world_spends_its_output(deficits):
    matrix = world()
    found = solve_counterfactual(matrix, shock_of(), sigma=SIGMA, deficits=deficits)
    assert found.market_clearing_residual.max() < 1e-9
    before, after = found.trade_before(), found.trade_after()
    price = 1 + found.changes["factory_gate_price"][0] / 100
    np.testing.assert_allclose(after.sum(axis=1), price * before.sum(axis=1), rtol=1e-9)
    ratio = (after.sum(axis=0) / after.sum(axis=1)) / (before.sum(axis=0) / before.sum(axis=1))
    # One rescaling for all: expenditure over output keeps its proportions between countries.
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    if deficits == "balanced":
        np.testing.assert_allclose(before.sum(axis=0), before.sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(after.sum(axis=0), after.sum(axis=1), rtol=1e-9)
    else:
        np.testing.assert_allclose(before, matrix.values)


def test_country_measures_follow_from_bilateral_trade():
    found = solve_counterfactual(world(), shock_of(), sigma=SIGMA, numeraire="D")
    off = ~np.eye(6, dtype=bool)
    before, after = found.trade_before() * off, found.trade_after() * off
    exports = 100 * (after.sum(axis=1) / before.sum(axis=1) - 1)
    imports = 100 * (after.sum(axis=0) / before.sum(axis=0) - 1)
    own = 100 * (np.diag(found.trade_after()) / np.diag(found.trade_before()) - 1)
    np.testing.assert_allclose(found.changes["exports"][0], exports, atol=1e-7)
    np.testing.assert_allclose(found.changes["imports"][0], imports, atol=1e-7)
    np.testing.assert_allclose(found.changes["domestic_sales"][0], own, atol=1e-7)
    assert found.change("inward_resistance", "D")[0] == pytest.approx(0, abs=1e-10)
    pairs = found.bilateral().set_index(["exporter", "importer"])
    assert pairs.loc[("A", "C"), "estimate"] == pytest.approx(found.flow_change("A", "C")[0])
    assert found.flow_change("A", "C")[0] == pytest.approx(100 * (after[0, 2] / before[0, 2] - 1))


def test_resistances_reproduce_trade():
    # X'/X = c (Y'/Y) (E'/E) (PI P)^(sigma-1) / (world'/world), Anderson and van Wincoop (2003), equation 9.
    shock = shock_of()
    for conditional in (False, True):
        found = solve_counterfactual(world(), shock, sigma=SIGMA, numeraire="A", conditional=conditional)
        before, after = found.trade_before(), found.trade_after()
        resistance = {k: 1 + found.changes[f"{k}_resistance"][0] / 100 for k in ("inward", "outward")}
        sold, bought = (after.sum(axis=k) / before.sum(axis=k) for k in (1, 0))
        gravity = shock * np.outer(sold, bought) * before.sum() / after.sum()
        gravity *= np.outer(resistance["outward"], resistance["inward"]) ** (SIGMA - 1)
        np.testing.assert_allclose(after / before, gravity, rtol=1e-8)


def test_conditional_equilibrium_holds_output_and_expenditure():
    found = solve_counterfactual(world(), shock_of(), sigma=SIGMA, conditional=True)
    after, before = found.trade_after(), found.trade_before()
    np.testing.assert_allclose(after.sum(axis=1), before.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0), rtol=1e-9)
    assert "real_income" not in found.changes
    # An elasticity cannot matter where no price moves.
    other = solve_counterfactual(world(), shock_of(), sigma=9.0, conditional=True)
    np.testing.assert_allclose(other.changes["exports"], found.changes["exports"], atol=1e-7)


def test_an_embargo_ends_trade_of_a_pair_and_costs_both():
    matrix = world()
    table = pd.DataFrame({"exporter": ["A", "B"], "importer": ["B", "A"], "cost_factor": 0.0})
    found = solve_counterfactual(matrix, table, sigma=SIGMA)
    assert found.trade_after()[0, 1] == found.trade_after()[1, 0] == 0
    assert found.flow_change("A", "B")[0] == -100
    assert found.flow_change("A", "C")[0] > 0
    assert (found.changes["real_income"][0, :2] < 0).all()


def test_draws_are_the_single_solutions():
    matrix, shocks = world(), shock_of(draws=60)
    sigmas = np.linspace(3, 9, 60)
    together = solve_counterfactual(matrix, shocks, sigma=sigmas, deficits="balanced")
    for draw in (0, 1, 37, 59):
        alone = solve_counterfactual(matrix, shocks[draw], sigma=sigmas[draw], deficits="balanced")
        for measure, values in alone.changes.items():
            np.testing.assert_allclose(together.changes[measure][draw], values[0], atol=1e-7)
        np.testing.assert_allclose(together.trade_after(draw), alone.trade_after(), rtol=1e-8)
    one_shock = solve_counterfactual(matrix, shocks[3], sigma=sigmas)
    assert one_shock.n_draws == 60


def test_a_table_and_an_array_are_the_same_shock():
    matrix, shocks = world(), np.ones((3, 6, 6))
    shocks[:, 0, 1], shocks[:, 4, 2] = [1.2, 1.5, 0.7], [2, 1, 3]
    rows = [
        {"draw": d, "exporter": e, "importer": i, "cost_factor": shocks[d, a, b]}
        for d in range(3)
        for e, i, a, b in (("A", "B", 0, 1), ("E", "C", 4, 2))
    ]
    table = pd.DataFrame(rows).sample(frac=1, random_state=0)
    one = solve_counterfactual(matrix, shocks, sigma=SIGMA)
    two = solve_counterfactual(matrix, table, sigma=SIGMA)
    for measure, values in one.changes.items():
        np.testing.assert_array_equal(two.changes[measure], values)


def test_a_nearly_closed_country_and_huge_shocks_still_clear():
    trade = np.array(world(8, 5).values)
    trade[0, 1:] *= 1e-5
    trade[1:, 0] *= 1e-5
    matrix = TradeMatrix(tuple("ABCDEFGH"), trade, 2020, "dollars")
    shock = np.exp(np.random.default_rng(3).normal(0, 4, (8, 8)))
    for sigma in (1.05, 4.0, 20.0):
        found = solve_counterfactual(matrix, shock, sigma=sigma)
        assert found.market_clearing_residual.max() < 1e-9


def test_result_tells_what_it_is():
    shocks = shock_of(draws=20)
    found = solve_counterfactual(
        world(), shocks, sigma=SIGMA, baseline_kind="fitted", real_income="phi*p/P", numeraire="A", seed=7
    )
    table = found.tidy(level=0.8)
    assert list(table.columns) == ["country", "measure", "estimate", "lower", "upper", "level"]
    assert ((table["lower"] <= table["estimate"]) & (table["estimate"] <= table["upper"])).all()
    assert "lower" not in solve_counterfactual(world(), shocks[0], sigma=SIGMA).tidy()
    told = json.loads(found.to_json())
    assert told["settings"]["baseline_kind"] == "fitted"
    assert told["settings"]["numeraire"] == "inward resistance of A"
    assert told["seed"] == 7
    assert told["draws"] == 20
    assert any("phi*p/P" in note for note in found.notes)
    assert any("fitted" in note for note in found.notes)
    summary = found.summary()
    assert summary["output_share"].sum() == pytest.approx(1)
    assert summary["output_share"].is_monotonic_decreasing
    assert "Anderson and van Wincoop" in found.cite()
    chart = found.plot(countries=["A", "B"]).to_dict()
    subtitle = chart["title"]["subtitle"]
    assert subtitle.startswith("fixed ratio deficits, baseline fitted, 2020; real income phi*p/P")


def with_row(**row):
    return pd.DataFrame([{"exporter": "A", "importer": "B", "cost_factor": 1.5} | row])


@pytest.mark.parametrize(
    ("shock", "message"),
    [
        (np.ones((5, 5)), r"shape \(5, 5\); expected \(6, 6\)"),
        (np.ones((0, 6, 6)), r"shape \(0, 6, 6\)"),
        (np.full((6, 6), np.nan), "first A to A, nan"),
        (-np.ones((6, 6)), "36 cost factors are no number, infinite or negative"),
        (with_row(cost_factor=np.inf), "first A to B, inf"),
        (with_row(cost_factor="a lot"), "1 cost factors are no number.*first A to B, nan"),
        (pd.concat([with_row(draw=0), with_row(draw=np.nan)]), "row 1 has no draw"),
        (with_row(importer="PAK"), "row 0 has the importer PAK, which is not in the baseline"),
        (with_row().drop(columns="cost_factor"), "lacks the column cost_factor"),
        (with_row().iloc[:0], "no rows"),
        (pd.concat([with_row(), with_row()]), "draw 0 has 2 rows of A, B"),
        (pd.concat([with_row(draw=0), with_row(draw=1, exporter="C")]), "draw 0 has 0 rows of C, B"),
    ],
)
def test_shocks_that_do_not_fit_are_refused(shock, message):
    with pytest.raises(SchemaError, match=message):
        solve_counterfactual(world(), shock, sigma=SIGMA)


@pytest.mark.parametrize("sigma", [1.0, 0.5, -3, np.nan, np.inf, [], [5, 1]])
def test_sigma_must_be_above_one(sigma):
    with pytest.raises(IdentificationError, match=r"number above 1"):
        solve_counterfactual(world(), shock_of(), sigma=sigma)


def test_draws_of_sigma_and_of_the_shock_must_agree():
    with pytest.raises(SchemaError, match="sigma has 3 draws and the shock 4"):
        solve_counterfactual(world(), shock_of(draws=4), sigma=np.array([3.0, 4.0, 5.0]))


def test_a_pair_that_does_not_trade_cannot_be_shocked():
    trade = np.array(world().values)
    trade[0, 1] = 0
    matrix = TradeMatrix(tuple("ABCDEF"), trade, 2020, "dollars")
    with pytest.raises(
        IdentificationError, match="none of its 1 flows is traded in the baseline; first A to B"
    ):
        solve_counterfactual(matrix, with_row(), sigma=SIGMA)
    both = pd.concat([with_row(), with_row(importer="C")])
    found = solve_counterfactual(matrix, both, sigma=SIGMA)
    assert any("1 of the shocked pairs do not trade" in note for note in found.notes)


def test_a_country_without_exports_is_refused():
    trade = np.array(world().values)
    trade[2, [0, 1, 3, 4, 5]] = 0
    with pytest.raises(IdentificationError, match="C sell nothing"):
        solve_counterfactual(TradeMatrix(tuple("ABCDEF"), trade, 2020, "dollars"), shock_of(), sigma=SIGMA)


@pytest.mark.parametrize(
    ("ends_sales", "ends_purchases", "message"),
    [
        (True, True, "leaves B nothing to"),
        (True, False, "B nothing to sell"),
        (False, True, "B nothing to buy"),
    ],
)
def test_a_country_cut_off_by_the_shock_is_refused(ends_sales, ends_purchases, message):
    shock, others = np.ones((6, 6)), [0, 2, 3, 4, 5]
    if ends_sales:
        shock[1, others] = 0
    if ends_purchases:
        shock[others, 1] = 0
    with pytest.raises(IdentificationError, match=message):
        solve_counterfactual(world(), shock, sigma=SIGMA)


def test_markets_that_do_not_clear_are_an_error():
    with pytest.raises(ConvergenceError, match="1 of 1 draws did not clear their markets in 2 iterations"):
        solve_counterfactual(world(), shock_of(), sigma=SIGMA, max_iterations=2)
    # The first draw is easy, the others are not.
    shocks = np.exp(np.linspace(0, 3, 30)[:, None, None] * np.log(shock_of()))
    with pytest.raises(ConvergenceError, match=r"of 30 draws did not clear.* 9 iterations; first draw"):
        solve_counterfactual(world(), shocks, sigma=SIGMA, max_iterations=9)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"deficits": "none"}, "deficits is 'none'; expected 'fixed_ratio' or 'balanced'"),
        ({"baseline_kind": "real"}, "baseline_kind is 'real'"),
        ({"real_income": "gdp"}, "real_income is 'gdp'"),
        ({"numeraire": "Z"}, "Z is not among its 6 countries"),
    ],
)
def test_unknown_options_are_refused(option, message):
    with pytest.raises(SchemaError, match=message):
        solve_counterfactual(world(), shock_of(), sigma=SIGMA, **option)


def test_unknown_measures_and_countries_are_refused():
    found = solve_counterfactual(world(), shock_of(), sigma=SIGMA)
    with pytest.raises(SchemaError, match="level: 90; an interval covers a share"):
        found.tidy(level=90)
    with pytest.raises(SchemaError, match="no measure welfare"):
        found.change("welfare", "A")
    with pytest.raises(SchemaError, match="Z is not among"):
        found.flow_change("A", "Z")


def test_progress_goes_to_the_error_stream_of_a_terminal(capsys, monkeypatch):
    solve_counterfactual(world(), shock_of(draws=60), sigma=SIGMA, progress=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda console: True))
    solve_counterfactual(world(), shock_of(draws=60), sigma=SIGMA, progress=True)
    seen = capsys.readouterr()
    assert "of 60 draws" in seen.err
    assert not seen.out


def test_notes_say_what_intervals_hold():
    """Of both, of either alone, and of nothing where there is one draw."""
    many = np.linspace(4, 8, 5)
    for sigma, draws, words in (
        (many, 5, "draws of the shock and of sigma, and nothing else"),
        (many, 1, "draws of sigma, and nothing else"),
        (SIGMA, 5, "draws of the shock, and nothing else"),
        (SIGMA, 1, None),
    ):
        found = solve_counterfactual(world(), shock_of(draws=draws), sigma=sigma)
        told = [note for note in found.notes if note.startswith("Intervals hold")]
        assert len(told) == (words is not None)
        assert all(words in note for note in told)


def test_results_carry_a_hash_of_their_baseline():
    base = solve_counterfactual(world(), shock_of(), sigma=SIGMA).settings["data_sha256"]
    other = world().values.copy()
    other[0, 1] *= 1 + 1e-12
    changed = TradeMatrix(world().countries, other, 2020, "dollars")
    assert solve_counterfactual(world(), shock_of(seed=9), sigma=4.0).settings["data_sha256"] == base
    assert solve_counterfactual(changed, shock_of(), sigma=SIGMA).settings["data_sha256"] != base
    renamed = solve_counterfactual(world(labels=tuple("UVWXYZ")), shock_of(), sigma=SIGMA)
    assert renamed.settings["data_sha256"] != base
