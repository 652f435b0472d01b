"""Many sectors: against an independent solution, its one-sector case, and the embedded accounts."""

import numpy as np
import pandas as pd
import pytest

from tropism.errors import ConvergenceError, IdentificationError, SchemaError
from tropism.trade.equilibrium import (
    SectorBaseline,
    icio_baseline,
    sector_baseline,
    solve_counterfactual,
    solve_sector_counterfactual,
)
from tropism.trade.flows import TradeMatrix, icio_matrix

COUNTRIES = ("A", "B", "C", "D")
SECTORS = ("farm", "mine", "plant")
ELASTICITIES = pd.Series({"plant": 4.0, "farm": 6.0, "mine": 9.0})


def tables(seed=0, n=4, k=3):
    """A made-up input-output table: intermediate (n, k, n, k) and final (n, k, n)."""
    rng = np.random.default_rng(seed)
    home = 1 + 8 * np.eye(n)
    intermediate = np.exp(rng.normal(0, 0.7, (n, k, n, k))) * home[:, None, :, None]
    final = k * 1.5 * np.exp(rng.normal(0, 0.7, (n, k, n))) * home[:, None, :]
    return intermediate, final


def made_up(seed=0):
    intermediate, final = tables(seed)
    return sector_baseline(intermediate, final, countries=COUNTRIES, sectors=SECTORS, year=2020)


def shocks(seed=1, shape=(3, 4, 4)):
    return np.exp(np.random.default_rng(seed).normal(0, 0.4, shape))


def nested(base, shock, sigma, *, steps=6000):
    """The equations of the module, solved one inside the other: prices, then outputs, then wages."""
    trade, use, final = base.trade, base.coefficients, base.final
    n, k = len(base.countries), len(base.sectors)
    shares = np.array([trade[s] * shock[s] / trade[s].sum(axis=0) for s in range(k)])
    earned = base.value_added
    wage = np.ones(n)
    price, output = np.ones((k, n)), base.output.copy()
    for _ in range(steps):
        for _ in range(3):
            cost = np.array(
                [
                    [
                        wage[i] ** base.value_added_share[s, i] * np.prod(price[:, i] ** use[i, :, s])
                        for i in range(n)
                    ]
                    for s in range(k)
                ]
            )
            new = np.array(
                [(shares[s].T @ cost[s] ** (1 - sigma[s])) ** (1 / (1 - sigma[s])) for s in range(k)]
            )
            price = new
        after = np.array(
            [shares[s] * (cost[s] ** (1 - sigma[s]))[:, None] / price[s] ** (1 - sigma[s]) for s in range(k)]
        )
        level = (wage @ earned) / (wage @ final.sum(axis=0))
        bought = np.array([[use[j, r] @ output[:, j] for j in range(n)] for r in range(k)])
        bought += final * level * wage
        output = np.array([after[s] @ bought[s] for s in range(k)])
        demand = (base.value_added_share * output).sum(axis=0) / (wage * earned)
        wage = wage * demand**0.1
        wage *= earned.sum() / (wage @ earned)
    weight = final / final.sum(axis=0)
    return wage, np.prod(price**weight, axis=0), (after * bought[:, None]).sum(axis=0)


@pytest.mark.parametrize("seed", [0, 1])
def test_against_an_independent_nested_solution(seed):
    base, shock = made_up(seed), shocks(seed + 5)
    wage, living, trade = nested(base, shock, ELASTICITIES[list(SECTORS)].to_numpy())
    found = solve_sector_counterfactual(base, shock, sigma=ELASTICITIES)
    np.testing.assert_allclose(found.changes["wage"][0], 100 * (wage - 1), atol=1e-6)
    np.testing.assert_allclose(found.changes["real_income"][0], 100 * (wage / living - 1), atol=1e-6)
    np.testing.assert_allclose(found.trade_after[0], trade, rtol=1e-8)


@pytest.mark.parametrize("deficits", ["fixed_ratio", "balanced"])
@pytest.mark.parametrize("numeraire", [None, "C"])
def test_one_sector_without_inputs_is_the_armington_economy(deficits, numeraire):
    rng = np.random.default_rng(4)
    trade = np.exp(rng.normal(0, 1, (4, 4))) + 5 * np.eye(4)
    base = SectorBaseline(
        COUNTRIES, ("all",), trade[None], np.zeros((4, 1, 1)), trade.sum(axis=0)[None], 2020, "dollars"
    )
    options = {"sigma": 5.0, "deficits": deficits, "numeraire": numeraire}
    many = solve_sector_counterfactual(base, shocks(shape=(4, 4)), **options)
    one = solve_counterfactual(
        TradeMatrix(COUNTRIES, trade, 2020, "dollars"), shocks(shape=(4, 4)), **options
    )
    for measure in ("exports", "imports", "domestic_sales", "real_income"):
        np.testing.assert_allclose(many.changes[measure], one.changes[measure], atol=1e-7)
    np.testing.assert_allclose(many.changes["wage"], one.changes["factory_gate_price"], atol=1e-7)
    np.testing.assert_allclose(many.changes["consumer_price"], one.changes["inward_resistance"], atol=1e-7)
    np.testing.assert_allclose(many.trade_after[0], one.trade_after(), rtol=1e-8)


def test_a_sector_cut_into_equal_halves_changes_nothing():
    intermediate, final = tables()
    shock = shocks()
    halves = np.concatenate([intermediate, intermediate[:, :1]], axis=1)
    halves = np.concatenate([halves, halves[:, :, :, :1]], axis=3)
    halves[:, [0, 3]] /= 2
    halves[:, :, :, [0, 3]] /= 2
    more = np.concatenate([final, final[:, :1]], axis=1)
    more[:, [0, 3]] /= 2
    split = sector_baseline(halves, more, countries=COUNTRIES, sectors=(*SECTORS, "farm too"), year=2020)
    one = solve_sector_counterfactual(made_up(), shock, sigma=5.0)
    two = solve_sector_counterfactual(split, np.concatenate([shock, shock[:1]]), sigma=5.0)
    for measure, values in one.changes.items():
        np.testing.assert_allclose(two.changes[measure], values, atol=1e-7)


@pytest.mark.parametrize("deficits", ["fixed_ratio", "balanced"])
def test_zero_shock_changes_nothing(deficits):
    found = solve_sector_counterfactual(made_up(), np.ones((4, 4)), sigma=5.0, deficits=deficits)
    for values in found.changes.values():
        np.testing.assert_allclose(values, 0, atol=1e-7)
    np.testing.assert_allclose(found.sector_exports, 0, atol=1e-7)


def test_accounts_close_after_the_shock_and_trade_balances_where_asked():
    found = solve_sector_counterfactual(made_up(), shocks(), sigma=5.0, deficits="balanced")
    assert found.market_clearing_residual.max() < 1e-9
    for trade in (found.trade_before[0], found.trade_after[0]):
        np.testing.assert_allclose(trade.sum(axis=0), trade.sum(axis=1), rtol=1e-8)
    kept = solve_sector_counterfactual(made_up(), shocks(), sigma=5.0)
    assert np.abs(kept.trade_before[0].sum(axis=0) - kept.trade_before[0].sum(axis=1)).max() > 1e-3


def test_order_and_units_change_nothing():
    intermediate, final = tables()
    order = np.array([2, 0, 3, 1])
    turned = sector_baseline(
        1e6 * intermediate[order][:, :, order], 1e6 * final[order][:, :, order],
        countries=[COUNTRIES[i] for i in order], sectors=SECTORS, year=2020,
    )  # fmt: skip
    one = solve_sector_counterfactual(made_up(), shocks(), sigma=ELASTICITIES)
    two = solve_sector_counterfactual(turned, shocks()[:, order][:, :, order], sigma=ELASTICITIES)
    for measure, values in one.changes.items():
        np.testing.assert_allclose(two.changes[measure], values[:, order], atol=1e-6)


def test_a_table_by_sector_and_draw_is_the_same_as_an_array():
    shock = np.ones((2, 3, 4, 4))
    shock[:, 1, 0, 2] = [1.5, 0.5]
    table = pd.DataFrame(
        {"draw": [0, 1], "sector": "mine", "exporter": "A", "importer": "C", "cost_factor": [1.5, 0.5]}
    )
    one = solve_sector_counterfactual(made_up(), shock, sigma=5.0)
    two = solve_sector_counterfactual(made_up(), table, sigma=5.0)
    np.testing.assert_allclose(two.changes["exports"], one.changes["exports"], atol=1e-8)
    everywhere = solve_sector_counterfactual(made_up(), table.drop(columns="sector"), sigma=5.0)
    alike = np.ones((2, 3, 4, 4))
    alike[:, :, 0, 2] = np.array([1.5, 0.5])[:, None]
    same = solve_sector_counterfactual(made_up(), alike, sigma=5.0)
    np.testing.assert_allclose(everywhere.changes["exports"], same.changes["exports"], atol=1e-8)


def test_linkages_raise_the_gains_from_trade():
    # Costs of inputs fall with costs of imports: the same shock moves real income by more.
    intermediate, final = tables()
    base = made_up()
    cheaper = 1 + 0.5 * (1 - np.eye(4))
    without = sector_baseline(
        np.zeros_like(intermediate), intermediate.sum(axis=3) + final,
        countries=COUNTRIES, sectors=SECTORS, year=2020,
    )  # fmt: skip
    with_links, bare = (
        solve_sector_counterfactual(each, cheaper, sigma=5.0, deficits="balanced") for each in (base, without)
    )
    assert (with_links.changes["real_income"] > bare.changes["real_income"]).all()


def test_result_tells_what_it_is():
    found = solve_sector_counterfactual(
        made_up(), shocks(shape=(5, 3, 4, 4)), sigma=ELASTICITIES, numeraire="A", seed=3
    )
    assert found.settings["sigma"] == [6.0, 9.0, 4.0]
    assert found.change("consumer_price", "A") == pytest.approx(0, abs=1e-9)
    assert list(found.by_sector().columns) == [
        "country", "sector", "estimate", "lower", "upper", "level",
    ]  # fmt: skip
    assert len(found.bilateral()) == 16
    assert found.flow_change("A", "B").shape == (5,)
    assert "Caliendo and Parro" in found.cite()


@pytest.mark.parametrize("deficits", ["fixed_ratio", "balanced"])
def test_draws_of_elasticities_are_the_solutions_one_by_one(deficits):
    """By sector and for all sectors alike; with one shock for all draws, and with one for each."""
    draws = pd.DataFrame({"mine": [9.0, 3.0, 9.0], "plant": [4.0, 8.0, 5.0], "farm": [6.0, 6.0, 2.5]})
    shock = shocks(shape=(3, 3, 4, 4))
    together = solve_sector_counterfactual(made_up(), shock, sigma=draws, deficits=deficits, numeraire="B")
    alike = solve_sector_counterfactual(made_up(), shock[0], sigma=np.array([3.0, 6.0]), deficits=deficits)
    assert together.n_draws == 3 and alike.n_draws == 2
    for draw in range(3):
        alone = solve_sector_counterfactual(
            made_up(), shock[draw], sigma=draws.loc[draw], deficits=deficits, numeraire="B"
        )
        for measure, values in alone.changes.items():
            np.testing.assert_allclose(together.changes[measure][draw], values[0], atol=1e-7)
        np.testing.assert_allclose(together.trade_before[draw], alone.trade_before[0], rtol=1e-8)
        np.testing.assert_allclose(together.sector_exports[draw], alone.sector_exports[0], atol=1e-6)
    for draw, sigma in enumerate((3.0, 6.0)):
        alone = solve_sector_counterfactual(made_up(), shock[0], sigma=sigma, deficits=deficits)
        np.testing.assert_allclose(
            alike.changes["real_income"][draw], alone.changes["real_income"][0], atol=1e-7
        )


def test_notes_say_what_intervals_hold():
    found = solve_sector_counterfactual(made_up(), shocks(), sigma=np.array([4.0, 5.0, 6.0]))
    assert found.settings["drawn"] == ["sigma"] and found.settings["sigma"] == 5.0
    assert any("Intervals hold draws of sigma, and nothing else" in note for note in found.notes)
    assert {"lower", "upper"} <= set(found.tidy().columns)
    once = solve_sector_counterfactual(made_up(), shocks(), sigma=5.0)
    assert not any("Intervals" in note for note in once.notes)


def test_embedded_accounts_close_and_say_what_was_changed():
    base = icio_baseline()
    assert base.trade.shape == (50, 80, 80)
    assert base.final.min() >= 0
    total = base.value_added.sum()
    assert base.final.sum() == pytest.approx(total, rel=1e-9)
    # World output of the table, which no step may change.
    assert base.output.sum() == pytest.approx(192.417e6, rel=1e-4)
    assert 0.001 < base.adjustments["trade_moved"] < 0.02
    assert base.adjustments["use_trimmed"] < 0.001
    assert any("import shares of intermediate use" in note for note in base.notes)
    # Trade holds the table's intermediate flows and final use beside them.
    i = base.countries.index("RUS")
    assert base.trade[:, i].sum() > icio_matrix().values[i].sum()


def test_embedded_world_clears_and_home_bias_of_final_use_matters():
    table = pd.DataFrame(
        [(a, b) for a in ("USA", "DEU", "JPN", "GBR") for b in ("RUS",)], columns=["exporter", "importer"]
    )
    table = pd.concat([table, table.rename(columns={"exporter": "importer", "importer": "exporter"})])
    table["cost_factor"] = 0.2
    losses = []
    for bias in (0.5, 1.0, 2.0):
        found = solve_sector_counterfactual(icio_baseline(final_home_bias=bias), table, sigma=5.0)
        assert found.market_clearing_residual.max() < 1e-9
        losses.append(found.change("real_income", "RUS")[0])
    assert losses[0] < losses[1] < losses[2] < 0


@pytest.mark.parametrize("bias", [0, -1, np.nan])
def test_home_bias_must_be_positive(bias):
    with pytest.raises(IdentificationError, match="final_home_bias is"):
        icio_baseline(final_home_bias=bias)


@pytest.mark.parametrize(
    ("seller", "message"), [(True, "C sell nothing to the other"), (False, "C buy nothing from the other")]
)
def test_a_country_without_exports_or_imports_is_refused(seller, message):
    intermediate, final = tables()
    c, rest = 2, [0, 1, 3]
    one, other = (c, rest) if seller else (rest, c)
    # Into one axis at a time: intermediate is seller, sector, buyer, sector.
    intermediate[one, :, other] = 0
    final[one, :, other] = 0
    with pytest.raises(IdentificationError, match=message):
        sector_baseline(intermediate, final, countries=COUNTRIES, sectors=SECTORS, year=2020)


def test_accounts_that_do_not_close_are_refused():
    base = made_up()
    parts = {"trade": base.trade, "coefficients": base.coefficients, "final": base.final}

    def build(**changes):
        return SectorBaseline(COUNTRIES, SECTORS, year=2020, measured_in="dollars", **(parts | changes))

    build()
    with pytest.raises(SchemaError, match="mine stands in it twice"):
        SectorBaseline(COUNTRIES, ("farm", "mine", "mine"), year=2020, measured_in="dollars", **parts)
    with pytest.raises(SchemaError, match="purchases of farm by A differ from intermediate and final use"):
        build(final=base.final * (1 + 0.1 * (np.arange(12).reshape(3, 4) == 0)))
    with pytest.raises(SchemaError, match=r"final has shape \(2, 4\); expected \(3, 4\)"):
        build(final=base.final[:2])
    with pytest.raises(SchemaError, match=r"1 numbers of final are missing or negative; first at \(0, 1\)"):
        build(final=np.where(np.arange(12).reshape(3, 4) == 1, -1, base.final))
    with pytest.raises(IdentificationError, match="buy as much as they sell; first farm of A"):
        build(coefficients=base.coefficients * 10)
    with pytest.raises(SchemaError, match="intermediate has shape"):
        sector_baseline(np.ones((2, 2)), np.ones((2, 2, 2)), countries=["A", "B"], sectors=["x"], year=1)


@pytest.mark.parametrize(
    ("sigma", "error", "message"),
    [
        (1.0, IdentificationError, "sigma is 1 in farm"),
        (ELASTICITIES.replace(9.0, 0.9), IdentificationError, "sigma is 0.9 in mine"),
        (ELASTICITIES.drop("mine"), SchemaError, "sigma lacks mine"),
        (pd.concat([ELASTICITIES, ELASTICITIES]), SchemaError, "names a sector twice"),
        (np.array([5.0, 0.5]), IdentificationError, "sigma is 0.5 in farm"),
        (np.full((2, 3), 5.0), SchemaError, r"array of shape \(2, 3\)"),
        (pd.DataFrame(columns=list(SECTORS), dtype=float), SchemaError, "sigma has no draw"),
    ],
)
def test_sigma_is_checked_by_sector(sigma, error, message):
    with pytest.raises(error, match=message):
        solve_sector_counterfactual(made_up(), shocks(), sigma=sigma)


def test_as_many_sigmas_as_shocks():
    with pytest.raises(SchemaError, match="sigma has 2 draws and the shock 3"):
        solve_sector_counterfactual(made_up(), shocks(shape=(3, 3, 4, 4)), sigma=np.array([4.0, 5.0]))


def test_shocks_that_do_not_fit_are_refused():
    table = pd.DataFrame([{"sector": "bank", "exporter": "A", "importer": "B", "cost_factor": 1.5}])
    with pytest.raises(SchemaError, match="has the sector bank, which is not in the baseline"):
        solve_sector_counterfactual(made_up(), table, sigma=5.0)
    with pytest.raises(SchemaError, match=r"shape \(5, 5\); expected \(3, 4, 4\)"):
        solve_sector_counterfactual(made_up(), np.ones((5, 5)), sigma=5.0)
    nothing = np.ones((3, 4, 4))
    nothing[1, :, 2] = 0
    with pytest.raises(IdentificationError, match="leaves C without any seller of mine"):
        solve_sector_counterfactual(made_up(), nothing, sigma=5.0)
    with pytest.raises(ConvergenceError, match="did not clear"):
        solve_sector_counterfactual(made_up(), shocks(), sigma=5.0, max_iterations=2)
    with pytest.raises(SchemaError, match="numeraire is Z"):
        solve_sector_counterfactual(made_up(), shocks(), sigma=5.0, numeraire="Z")
