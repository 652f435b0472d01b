"""What-ifs: what enters the equilibrium, what comes out, what is refused before anything is solved."""

import itertools
import json
from datetime import date

import numpy as np
import pytest

from tropism.errors import IdentificationError, SchemaError, TriadError, UnknownStateError
from tropism.tables.library import table_info
from tropism.trade.coalition import coalition, joiners, members
from tropism.trade.effects import find_effect, list_effects, sigma_range
from tropism.trade.equilibrium import solve_counterfactual
from tropism.trade.flows import TradeMatrix
from tropism.trade.what_if import DEFICITS, what_if_agreement, what_if_halt, what_if_sanctions
from tropism.trade.what_if.plan import _sums

pytest.importorskip("numba", reason="equilibria need the extra `trade`")

STATES = ("RUS", "PAK", "IND", "CHN", "USA", "DEU", "FRA", "TUR")


def made_up(states=STATES, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(3, 1, (len(states), len(states)))
    values[np.diag_indices(len(states))] = rng.lognormal(7, 0.5, len(states))
    return TradeMatrix(states, values, 2022, "million current US dollars")


WORLD = made_up()


def without(seller, kept):
    """The world when a state sells abroad to some alone."""
    values, i = WORLD.values.copy(), STATES.index(seller)
    values[i, [j for j, name in enumerate(STATES) if name not in (seller, *kept)]] = 0
    return TradeMatrix(STATES, values, 2022, WORLD.measured_in)


@pytest.fixture(scope="module")
def agreement():
    return what_if_agreement("PAK", "RUS", baseline=WORLD, draws=200)


@pytest.fixture(scope="module")
def sanctions():
    return what_if_sanctions(
        "RUS", ["EU", "USA", "IND"], exempt=["IND", "CHN"], observance=0.5, baseline=WORLD, draws=200
    )


# ------------------------------------------------------------------------- what enters the equilibrium


def test_an_agreement_is_the_effect_on_both_directions_and_nothing_else():
    found = what_if_agreement("PAK", "RUS", effect=(0.4, 0.1), sigma=4, baseline=WORLD, draws=1)
    shock = np.ones((8, 8))
    shock[0, 1] = shock[1, 0] = np.exp(0.4)
    for deficits in DEFICITS:
        alone = solve_counterfactual(WORLD, shock, sigma=4, deficits=deficits)
        for measure, values in alone.changes.items():
            np.testing.assert_allclose(found.equilibria[deficits].changes[measure], values, atol=1e-9)
    assert set(found.changed) == {("PAK", "RUS"), ("RUS", "PAK")}


def test_no_effect_changes_nothing():
    found = what_if_agreement("PAK", "RUS", effect=(0, 0), baseline=WORLD, draws=20)
    for equilibrium in found.equilibria.values():
        for values in equilibrium.changes.values():
            np.testing.assert_allclose(values, 0, atol=1e-6)
    np.testing.assert_allclose(found.flows["estimate"], 0, atol=1e-5)


def test_a_small_pair_rises_by_exp_beta_whatever_sigma_is():
    values = np.array(WORLD.values)
    values[0, 1] = values[1, 0] = 1e-6
    small = TradeMatrix(STATES, values, 2022, "million current US dollars")
    for sigma in (2.5, 8):
        found = what_if_agreement("PAK", "RUS", effect=(0.5, 0), sigma=sigma, baseline=small, draws=1)
        rise = found.equilibria["fixed_ratio"].flow_change("RUS", "PAK")[0]
        assert rise == pytest.approx(100 * np.expm1(0.5), abs=1e-3)


def test_draws_carry_the_standard_error_and_sigma():
    def spread(effect, sigma):
        found = what_if_agreement("PAK", "RUS", effect=effect, sigma=sigma, baseline=WORLD, draws=200)
        return np.log1p(found.equilibria["fixed_ratio"].flow_change("RUS", "PAK") / 100).std()

    assert spread((0.5, 0), 4) == pytest.approx(0, abs=1e-9)
    # Prices take back part of the effect, the same part of every draw.
    one, two = spread((0.5, 0.01), 4), spread((0.5, 0.02), 4)
    assert 0.005 < one < 0.0105 and two / one == pytest.approx(2, rel=0.02)
    assert 0.0003 < spread((0.5, 0), (3, 6)) < one


def test_an_organisation_is_its_members_and_trade_within_it_stays():
    found = what_if_agreement("PAK", "EU", effect=(0.5, 0), baseline=WORLD, draws=1)
    ends = {("PAK", "DEU"), ("PAK", "FRA")}
    assert set(found.changed) == ends | {(b, a) for a, b in ends}
    assert any("left out" in note and "AUT" in note for note in found.notes)


def test_exempt_states_keep_their_costs_and_observance_is_a_share(sanctions):
    assert {state for flow in sanctions.changed for state in flow} == {"RUS", "USA", "DEU", "FRA"}
    assert not any({"IND", "CHN"} & set(flow) for flow in sanctions.changed)
    assert {"IND", "CHN"} <= set(sanctions.focus)
    one = what_if_sanctions("RUS", ["USA"], effect=(-1, 0), observance=0.25, baseline=WORLD, draws=1)
    factors = one.equilibria["fixed_ratio"].shock.factors
    np.testing.assert_allclose(factors, 0.75 + 0.25 * np.exp(-1))


def test_a_halt_ends_the_flows_and_costs_the_seller():
    found = what_if_halt("RUS", ["PAK", "IND"], baseline=WORLD, draws=50)
    for equilibrium in found.equilibria.values():
        np.testing.assert_allclose(equilibrium.flow_change("RUS", "IND"), -100)
        assert (equilibrium.change("real_income", "RUS") < 0).all()
        assert (equilibrium.flow_change("RUS", "CHN") > 0).all()
    at_stake = WORLD.values[0, 1] + WORLD.values[0, 2]
    assert found.settings["at_stake_million_usd"] == pytest.approx(at_stake)
    exports = WORLD.values[0].sum() - WORLD.values[0, 0]
    assert found.settings["at_stake_share_of_exports"] == pytest.approx(at_stake / exports)


def test_flows_without_trade_are_left_out_and_the_rest_answers(recwarn):
    found = what_if_agreement("PAK", "RUS", baseline=without("PAK", ["IND"]), draws=20)
    assert "PAK → RUS" not in set(found.flows["flow"])
    assert found.flows["flow"].iloc[0] == "RUS → PAK" and found.flows["estimate"].notna().all()
    assert (found.alternatives["change_percent"] > 0).all()
    assert not recwarn.list


def test_a_seller_whom_everybody_leaves_is_named():
    others = [state for state in STATES if state != "RUS"]
    large = WORLD.values.copy()
    large[0, 0] *= 1000  # even where all the world is smaller
    for world in (WORLD, TradeMatrix(STATES, large, 2022, WORLD.measured_in)):
        with pytest.raises(IdentificationError, match="leaves RUS nothing to sell to the other"):
            what_if_halt("RUS", others, baseline=world, draws=1)


def test_one_name_may_stand_for_itself():
    one = what_if_sanctions("RUS", "USA", exempt="IND", baseline=WORLD, draws=1)
    assert one.settings["by"] == ["USA"] and one.settings["exempt"] == ["IND"]
    assert what_if_halt("RUS", "IND", baseline=WORLD, draws=1).settings["buyers"] == ["IND"]


def test_sums_of_flows_are_those_of_the_matrices(sanctions):
    equilibrium = sanctions.equilibria["balanced"]
    for rows, columns in (([0], [4, 5, 6]), ([0], [1, 2, 3, 7]), ([1, 2], [0]), ([0], [0])):
        before, after = _sums(equilibrium, rows, columns)
        for draw in (0, 199):
            block = np.ix_(rows, columns)
            assert before[draw] == pytest.approx(equilibrium.trade_before(draw)[block].sum(), rel=1e-9)
            assert after[draw] == pytest.approx(equilibrium.trade_after(draw)[block].sum(), rel=1e-9)


# --------------------------------------------------------------------------------------- invariance


def test_the_order_of_countries_does_not_matter(agreement):
    turned = [5, 2, 7, 0, 3, 6, 1, 4]
    other = TradeMatrix(
        tuple(STATES[i] for i in turned), WORLD.values[np.ix_(turned, turned)], 2022, WORLD.measured_in
    )
    again = what_if_agreement("PAK", "RUS", baseline=other, draws=200)
    np.testing.assert_allclose(again.flows["estimate"], agreement.flows["estimate"], rtol=1e-6, atol=1e-7)
    keys = ["deficits", "subject", "measure", "unit"]
    one, two = (found.tidy().set_index(keys)["estimate"].sort_index() for found in (agreement, again))
    np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-7)


def test_a_seed_gives_the_same_draws_and_another_does_not(agreement):
    again = what_if_agreement("PAK", "RUS", baseline=WORLD, draws=200)
    other = what_if_agreement("PAK", "RUS", baseline=WORLD, draws=200, seed=1)
    assert again.to_json() == agreement.to_json()
    assert other.flows["estimate"].iloc[0] != agreement.flows["estimate"].iloc[0]


# ------------------------------------------------------------------------------------------ results


def test_both_assumptions_on_deficits_are_shown(agreement):
    table = agreement.tidy()
    assert set(table["deficits"]) == set(DEFICITS)
    assert not table.duplicated(["deficits", "subject", "measure", "unit"]).any()
    assert (table["lower"] <= table["estimate"]).all() and (table["estimate"] <= table["upper"]).all()
    flows = agreement.flows.set_index(["deficits", "flow", "unit"])["estimate"]
    assert set(agreement.flows["unit"]) == {"percent", "million USD"}
    assert flows["fixed_ratio", "PAK → RUS", "percent"] > 0
    summary = agreement.summary()
    assert summary["state"].tolist()[:2] == ["PAK", "RUS"] and summary["state"].is_unique


def test_an_effect_whose_sign_hangs_on_deficits_is_called_out():
    found = what_if_sanctions("RUS", ["EU", "USA", "GBR", "JPN"], draws=1)
    signs = {
        deficits: found.flows.query("deficits == @deficits and flow == 'RUS → others'")["estimate"].iloc[0]
        for deficits in DEFICITS
    }
    assert signs["fixed_ratio"] > 0 > signs["balanced"]
    assert any("sign depends" in note and "RUS → others" in note for note in found.notes)
    assert any("2022 already has sanctions on RUS" in note for note in found.notes)


def test_sanctions_that_ended_or_leave_trade_alone_are_not_in_the_baseline():
    """Those on Pakistan ended, or were about aid and arms."""
    found = what_if_sanctions("PAK", ["USA"], draws=1)
    assert not any("already has sanctions" in note for note in found.notes)


def test_the_answer_says_which_baseline_and_which_real_income(agreement):
    embedded = what_if_agreement("PAK", "RUS", draws=1)
    assert (embedded.settings["baseline_kind"], agreement.settings["baseline_kind"]) == (
        "observed",
        "as given",
    )
    for found, kind in ((embedded, "observed"), (agreement, "as given")):
        assert any(f"trade of 2022, {kind}" in note and "p/P" in note for note in found.notes)


def test_every_other_estimate_is_shown_beside(agreement):
    table = agreement.alternatives.set_index("effect")
    names = list_effects("agreement_effect")["name"]
    assert set(table.index) == set(names)
    order = table.sort_values("log_points")["change_percent"]
    assert order.is_monotonic_increasing and (order > 0).all()


@pytest.mark.parametrize(
    ("effect", "tables"),
    [
        ("own_phased_in", ["agreement_estimates"]),
        ("kohl_2014_agreements_at_most", ["trade_estimates"]),
        ((0.5, 0.1), []),
    ],
)
def test_sources_are_those_of_baseline_and_effect(effect, tables):
    found = what_if_agreement("PAK", "RUS", effect=effect, draws=1)
    sources = [table_info(name).provenance for name in ("icio_flows", *tables)]
    assert list(found.provenance) == sources and all(source.sha256 for source in sources)


def test_json_is_plain_and_says_what_is_needed_to_repeat_it(agreement, sanctions):
    for found in (agreement, sanctions, what_if_halt("RUS", ["PAK"], baseline=WORLD, draws=1)):
        content = json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert {"question", "changes", "settings", "seed", "market_clearing_residual", "notes"} <= set(
            content
        )
        assert content["market_clearing_residual"] < 1e-9
        assert {"sigma", "draws", "level", "baseline_year"} <= set(content["settings"])
    assert "Yotov" in agreement.cite() and "Anderson and van Wincoop" in agreement.cite()
    assert "sanctionsplatform" in sanctions.cite()


def test_the_plot_has_bars_with_intervals_and_a_map(agreement):
    chart = agreement.plot().to_dict()
    bars, lower = chart["vconcat"]
    assert [layer["mark"]["type"] for layer in bars["layer"]] == ["bar", "rule"]
    assert lower["projection"]["type"] == "equalEarth"
    drawn = json.dumps(chart)
    assert '"PAK"' in drawn and "NaN" not in drawn and "Infinity" not in drawn


def test_a_single_draw_takes_the_middle_of_sigma():
    range_of, middle = (
        what_if_agreement("PAK", "RUS", sigma=sigma, baseline=WORLD, draws=1) for sigma in ((3, 6), 4.5)
    )
    assert range_of.flows["estimate"].tolist() == middle.flows["estimate"].tolist()
    assert range_of.alternatives.equals(middle.alternatives)


def test_organisations_stand_for_their_members_at_the_end_of_the_baselines_year():
    states = ("RUS", "USA", "DEU", "GBR", "HRV")
    world = made_up(states)
    for day, joined in ((None, ["DEU", "HRV"]), (date(2010, 6, 1), ["DEU", "GBR"])):
        found = what_if_sanctions("RUS", ["EU"], baseline=world, draws=1, day=day)
        assert sorted(found.settings["by"]) == joined


def test_a_single_draw_has_no_interval():
    found = what_if_agreement("PAK", "RUS", baseline=WORLD, draws=1)
    assert found.summary()["lower_balanced"].isna().all()


# ------------------------------------------------------------------------------------------ effects


def test_our_estimate_and_published_ones_can_be_seen():
    table = list_effects().set_index("name")
    assert table.loc["own", ["estimate", "std_error"]].tolist() == pytest.approx([0.5572, 0.1022], abs=5e-5)
    assert table["source"].str.len().gt(10).all() and table["applies_to"].str.len().gt(10).all()
    assert table.loc["own_phased_in", "estimate"] > table.loc["own", "estimate"]


def test_draws_of_an_effect_are_normal():
    draws = find_effect((0.5, 0.1), "agreement_effect").draws(20_000, np.random.default_rng(0))
    # Four standard errors of a mean and of a standard deviation of 20,000 draws.
    assert abs(draws.mean() - 0.5) < 0.003 and abs(draws.std() - 0.1) < 0.002


def test_sigma_comes_from_published_elasticities_unless_given():
    low, high = sigma_range(None)
    table = list_effects("trade_elasticity").set_index("name")["estimate"]
    assert low == 1 - table["boehm_2023_long_run_weaker"]
    assert high == 1 - table["fontagne_guimbard_orefice_2022"]
    # What a tariff does within a year is no long-run elasticity; no other lies outside the range.
    assert (1 - table.drop("boehm_2023_one_year")).between(low, high).all()
    assert sigma_range(4) == (4, 4) and sigma_range((3, 6)) == (3, 6)


# ---------------------------------------------------------------------------------------- coalitions


def test_members_are_those_of_the_day():
    assert "GBR" in members("EU", date(2019, 12, 31))
    assert "GBR" not in members("EU", date(2022, 12, 31))
    assert len(members("EU", date(2022, 12, 31))) == 27
    assert coalition(["USA", "EU", "Germany"], date(2022, 12, 31))[0] == "USA"


def test_who_joined_follows_from_dated_facts():
    joined = joiners("RUS-2022", date(2022, 12, 31))
    assert {"USA", "DEU", "JPN", "CHE"} <= set(joined)
    assert not {"IND", "CHN", "TUR", "PAK", "ARE"} & set(joined)
    with pytest.raises(UnknownStateError, match="RUS-2022"):
        joiners("RUS-2022", date(2021, 12, 31))


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: what_if_agreement("PAK", "PAK", baseline=WORLD), TriadError, "both sides"),
        (lambda: what_if_agreement("DEU", "EU", baseline=WORLD), TriadError, "both sides"),
        (lambda: what_if_agreement("PAK", "Nepal", baseline=WORLD), TriadError, "Nepal"),
        (lambda: what_if_agreement("PAK", "Atlantis", baseline=WORLD), UnknownStateError, "Atlantis.*EAEU"),
        (lambda: what_if_agreement("PAK", "RUS", effect="large", baseline=WORLD), SchemaError, "large.*own"),
        (lambda: what_if_agreement("PAK", "RUS", effect=(1, -1), baseline=WORLD), SchemaError, "standard"),
        (lambda: what_if_agreement("PAK", "RUS", sigma=1, baseline=WORLD), SchemaError, "above 1"),
        (lambda: what_if_agreement("PAK", "RUS", sigma=(6, 3), baseline=WORLD), SchemaError, "range"),
        (lambda: what_if_agreement("PAK", "RUS", draws=0, baseline=WORLD), SchemaError, "draws"),
        (lambda: what_if_agreement("PAK", "RUS", level=90, baseline=WORLD), SchemaError, "level"),
        (lambda: what_if_sanctions("RUS", ["USA"], exempt=["USA"], baseline=WORLD), TriadError, "exempt"),
        (lambda: what_if_sanctions("RUS", ["USA"], observance=0, baseline=WORLD), SchemaError, "observance"),
        (lambda: what_if_sanctions("USA", ["USA"], baseline=WORLD), TriadError, "both sides"),
        (lambda: what_if_halt("RUS", ["RUS"], baseline=WORLD), TriadError, "both sides"),
        (lambda: what_if_sanctions("EU", ["USA"], baseline=WORLD), TriadError, "2 states .*DEU, FRA"),
        (lambda: what_if_halt("EU", ["USA"], baseline=WORLD), TriadError, "about one"),
        (lambda: what_if_sanctions("RUS", [], baseline=WORLD), TriadError, "nobody is named"),
        (
            lambda: what_if_sanctions("RUS", ["EU"], baseline=WORLD, day=date(1950, 1, 1)),
            UnknownStateError,
            "EU had no full members on 1950-01-01",
        ),
        (
            lambda: what_if_halt("RUS", ["IND"], baseline=without("RUS", [])),
            IdentificationError,
            "RUS sell nothing to the other",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_solved(call, error, words, monkeypatch):
    def solve(*args, **kwargs):
        pytest.fail("solved before it was refused")

    monkeypatch.setattr("tropism.trade.what_if.plan.solve_counterfactual", solve)
    with pytest.raises(error, match=words):
        call()


def test_a_loss_of_all_trade_is_no_effect_on_a_pair():
    with pytest.raises(SchemaError, match="'mancini_2024_to_russia' is not one of"):
        what_if_sanctions("RUS", ["USA"], effect="mancini_2024_to_russia", baseline=WORLD)


def test_names_of_estimates_are_unique():
    for one, other in itertools.pairwise(sorted(list_effects()["name"])):
        assert one != other
