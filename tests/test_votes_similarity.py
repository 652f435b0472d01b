"""Vote similarity and contested votes: printed numbers, a plain twin, invariance and known turns."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tropism.errors import DataNotPresentError, SeriesError, TriadError
from tropism.tables import read_table
from tropism.votes import contested_series, neither_series, similarity_series, vote_similarity
from tropism.votes._kernels import disagreement, similarity_measures

# Signorino and Ritter (1999), ISQ 43(1), Table 6: alliance commitments of Germany and Russia to the states
# of Europe in 1914, 0 none to 3 defence pact, and the capability share of each; as reprinted in fpsim.
GERMANY = [3, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 3] + [0] * 8
RUSSIA = [0, 3, 1, 3, 0, 1] + [0] * 14
CAPABILITY = [0.25, 0.21, 0.2, 0.08, 0.08, 0.05, 0.03, 0.03, 0.02] + [0.01] * 5 + [0] * 6


def cross(first, second, k, weights=None):
    table = np.zeros((k, k))
    np.add.at(table, (first, second), 1 if weights is None else weights)
    return table


@pytest.fixture(scope="module")
def counts():
    return read_table("un_vote_counts")


@pytest.fixture(scope="module")
def contested():
    return read_table("un_contested_votes")


def test_s_against_signorino_and_ritter_1999_table_6():
    plain = similarity_measures(cross(GERMANY, RUSSIA, 4))
    by_capability = similarity_measures(cross(GERMANY, RUSSIA, 4, CAPABILITY))
    assert plain.n == 20
    # Printed to two digits; both are exact in the data.
    np.testing.assert_allclose([plain.s, by_capability.s], [0.40, -0.46], atol=1e-12)


def test_kappa_and_pi_of_germany_and_russia_1914_against_fpsim():
    # fpsim's reference pages print 8 digits; its kappa has squared weights and its pi none.
    table = cross(GERMANY, RUSSIA, 4)
    assert similarity_measures(table, "quadratic").kappa == pytest.approx(-0.07758621, abs=5e-9)
    assert similarity_measures(table, "nominal").pi == pytest.approx(-0.04477612, abs=5e-9)


def test_usa_and_mexico_1946_in_the_embedded_table_against_fpsim():
    for weights, name, printed in (("quadratic", "kappa", -0.01222707), ("nominal", "pi", -0.02775801)):
        found = vote_similarity("USA", "MEX", weights=weights)
        assert found.years[0] == 1946 and found.measures.n[0] == 38
        assert getattr(found.measures, name)[0] == pytest.approx(printed, abs=5e-9)


def test_kappa_against_cohen_1968_definition_and_a_case_by_hand():
    # 20 votes: 8 both yes, 6 both no, 4 yes/no, 2 no/yes. Observed disagreement 6/20. Margins .6/.4 and
    # .5/.5: expected .6*.5 + .4*.5 = .5, kappa = 1 - .3/.5. Pooled .55/.45: 2*.55*.45, pi = 1 - .3/.495.
    table = np.array([[8, 0, 4], [0, 0, 0], [2, 0, 6]])
    for weights in ("linear", "quadratic", "nominal"):
        found = similarity_measures(table, weights)
        assert found.kappa == pytest.approx(0.4)
        assert found.pi == pytest.approx(1 - 0.3 / 0.495)
    assert (found.agreement, found.graded_agreement, found.s) == pytest.approx((0.7, 0.7, 0.4))


def twin(table, weights):
    """The definitions roll call by roll call, in loops."""
    votes = [(i, j) for i in range(3) for j in range(3) for _ in range(int(table[i, j]))]
    distance = {"linear": lambda a, b: abs(a - b) / 2, "quadratic": lambda a, b: (a - b) ** 2 / 4}.get(
        weights, lambda a, b: float(a != b)
    )
    n = len(votes)
    observed = sum(distance(a, b) for a, b in votes) / n
    by_own = sum(distance(a, b) for a, _ in votes for _, b in votes) / n**2
    pool = [vote for pair in votes for vote in pair]
    by_pool = sum(distance(a, b) for a in pool for b in pool) / len(pool) ** 2
    graded = sum(1 - abs(a - b) / 2 for a, b in votes) / n
    return (
        n,
        sum(a == b for a, b in votes) / n,
        graded,
        1 - observed / by_own if by_own else np.nan,
        1 - observed / by_pool if by_pool else np.nan,
        1 - 2 * sum(abs(a - b) for a, b in votes) / (2 * n),
    )


@pytest.mark.parametrize("weights", ["linear", "quadratic", "nominal"])
def test_kernel_equals_a_plain_twin_on_random_tables(weights):
    rng = np.random.default_rng(20)
    tables = rng.integers(0, 6, size=(4, 15, 3, 3)) * (rng.random((4, 15, 3, 3)) < 0.6)
    tables[..., 0, 0] += 1
    found = np.stack(similarity_measures(tables, weights), axis=-1)
    expected = [[twin(table, weights) for table in block] for block in tables]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_similarity_does_not_depend_on_which_state_comes_first_nor_on_reversing_yes_and_no():
    tables = np.random.default_rng(3).integers(0, 30, size=(50, 3, 3))
    for weights in ("linear", "quadratic", "nominal"):
        found = np.stack(similarity_measures(tables, weights))
        for same in (tables.transpose(0, 2, 1), tables[:, ::-1, ::-1]):
            np.testing.assert_allclose(np.stack(similarity_measures(same, weights)), found, atol=1e-12)


def test_what_chance_cannot_judge_is_null():
    always_yes = similarity_measures(np.diag([12, 0, 0]))
    assert np.isnan(always_yes.kappa) and np.isnan(always_yes.pi)
    assert always_yes.agreement == always_yes.s == 1
    nothing = similarity_measures(np.zeros((3, 3)))
    assert nothing.n == 0 and np.isnan(nothing.agreement) and np.isnan(nothing.s)
    # One always yes, the other always no: chance explains it all, but pooled margins do not.
    opposed = similarity_measures(np.array([[0, 0, 9], [0, 0, 0], [0, 0, 0]]))
    assert (opposed.kappa, opposed.pi, opposed.s) == (0, -1, -1)


def test_an_unknown_weight_or_measure_is_refused(counts):
    with pytest.raises(ValueError, match="linear, quadratic or nominal"):
        disagreement(3, "cubic")
    with pytest.raises(SeriesError, match=r"'tau'.*kappa, pi, s"):
        similarity_series(counts, ["RUS"], measure="tau")
    with pytest.raises(SeriesError, match="'tau'"):
        vote_similarity("PAK", "RUS", measure="tau")


def test_panel_holds_every_dyad_with_each_pole_in_both_table_directions(counts):
    panel = similarity_series(counts, ["RUS", "SUN", "AFG"], measure="graded_agreement")
    pairs = {
        frozenset(pair)
        for pair in zip(
            counts["iso3_a"].cast(pa.string()).to_pylist(),
            counts["iso3_b"].cast(pa.string()).to_pylist(),
            strict=True,
        )
    }
    for pole in ("RUS", "SUN", "AFG"):
        expected = {f"{state}>{pole}" for pair in pairs if pole in pair for state in pair - {pole}}
        assert {unit for unit in panel.units if unit.endswith(pole)} == expected
    # AFG>RUS and RUS>AFG are one row of the table.
    np.testing.assert_array_equal(panel.path("AFG>RUS")[1], panel.path("RUS>AFG")[1])
    assert (panel.block, panel.signal, panel.is_closeness) == ("votes", "cheap", True)
    assert panel.years[-1] == 2023


def test_panel_does_not_depend_on_the_order_of_rows(counts):
    some = counts.filter(pc.greater_equal(counts["year"], 2019))
    shuffled = some.take(pa.array(np.random.default_rng(1).permutation(some.num_rows)))
    first, second = (similarity_series(table, ["RUS", "USA"]) for table in (some, shuffled))
    assert first.units == second.units
    np.testing.assert_array_equal(first.values, second.values)


def test_a_session_with_one_roll_call_is_missing(counts):
    panel = similarity_series(counts, ["USA"], measure="agreement")
    assert panel.missing[:, panel.years == 1964].all()
    bare = similarity_series(counts, ["USA"], measure="agreement", min_joint=1)
    assert not bare.missing[:, bare.years == 1964].all()


def test_a_pole_that_never_voted_adds_nothing(counts):
    empty = similarity_series(counts, ["XKX"])
    assert empty.units == () and empty.years.size == 0


def test_cuba_turned_to_the_soviet_union_after_1959(counts):
    panel = similarity_series(counts, ["SUN", "USA"])
    (mean, _), (later, _) = panel.mean_over(1946, 1958), panel.mean_over(1961, 1970)
    sun, usa = panel.index(["CUB>SUN", "CUB>USA"])
    # Scott's pi: -0.27 to 0.82 with the Soviet Union, 0.46 to -0.51 with the United States.
    assert mean[0, sun] < -0.2 and later[0, sun] > 0.7
    assert mean[0, usa] > 0.2 and later[0, usa] < -0.3


def test_verb_follows_a_seat_and_says_so():
    found = vote_similarity("Pakistan", "RUS")
    table = found.tidy()
    assert list(table.columns) == [
        "year", "n", "agreement", "graded_agreement", "kappa", "pi", "s"
    ]  # fmt: skip
    assert table.year.is_unique and {1947, 1991, 1992, 2023} <= set(table.year)
    assert "RUS to 1991 is SUN, whose seat it took over." in found.notes
    # Rows are the first state's votes: turning the question turns the tables and nothing else.
    turned = vote_similarity("RUS", "PAK")
    np.testing.assert_array_equal(turned.counts, found.counts.transpose(0, 2, 1))
    np.testing.assert_allclose(turned.measures.pi, found.measures.pi, atol=1e-12)


def test_verb_equals_the_panel(counts):
    found = vote_similarity("PAK", "RUS")
    panel = similarity_series(counts, ["RUS", "SUN"]).splice("RUS", "SUN", 1991)
    years, pi = panel.path("PAK>RUS")
    mine, own = found.series("pi").path("PAK>RUS")
    np.testing.assert_array_equal(mine, years)
    np.testing.assert_allclose(own, pi, atol=1e-7)


def test_result_carries_numbers_sources_and_papers():
    found = vote_similarity("PAK", "USA", measure="kappa")
    plain = json.loads(found.to_json())
    assert plain["sessions"][-1]["year"] == 2023
    assert sum(plain["sessions"][-1]["counts"].values()) == plain["sessions"][-1]["n"]
    assert plain["provenance"][0]["licence"] == "CC0 1.0"
    assert "Voeten" in found.cite() and "Cohen (1968)" in found.cite()
    summary = found.summary()
    assert list(summary.columns) == ["decade", "sessions", "n", "kappa"]
    assert summary.sessions.tolist()[-2:] == [10, 4]


def test_one_state_or_two_that_never_met_are_refused():
    with pytest.raises(TriadError, match="both Pakistan"):
        vote_similarity("PAK", "PAK")
    with pytest.raises(DataNotPresentError, match="never voted"):
        vote_similarity("TWN", "BGD")


def test_contested_rows_add_up(contested):
    parts = sum(
        contested[name].to_numpy().astype(int) for name in ("with_1", "with_2", "abstained", "took_no_part")
    )
    np.testing.assert_array_equal(parts, contested["contested"].to_numpy())
    first, second = (contested[name].cast(pa.string()).to_pylist() for name in ("pole_1", "pole_2"))
    assert all(one < two for one, two in set(zip(first, second, strict=True)))


def test_contested_counts_equal_the_dyads_opposed_votes(contested, counts):
    # With both poles known, the roll calls contested between them stand in the dyad's own row.
    dyads = counts.filter(
        pc.and_(
            pc.equal(counts["iso3_a"].cast(pa.string()), "RUS"),
            pc.equal(counts["iso3_b"].cast(pa.string()), "USA"),
        )
    )
    opposed = dict(
        zip(
            dyads["year"].to_pylist(),
            (dyads["yes_no"].to_numpy().astype(int) + dyads["no_yes"].to_numpy()).tolist(),
            strict=True,
        )
    )
    frame = contested.to_pandas().query("pole_1 == 'RUS' and pole_2 == 'USA'")
    assert frame.groupby("year").contested.max().to_dict() == opposed


def test_hungary_moved_toward_the_usa_more_than_nearly_all_after_2014(contested):
    panel = contested_series(contested, "RUS", "USA")
    tilt = panel.toward("USA").minus(panel.toward("RUS"))
    (before, had), (after, have) = tilt.mean_over(2004, 2013), tilt.mean_over(2014, 2023)
    enough = (had >= 3) & (have >= 3)
    change = (after - before)[0]
    hungary = change[tilt.index(["HUN"])[0]]
    assert hungary == pytest.approx(0.33, abs=0.005)
    # 11th of 191: Ukraine, Liberia and others moved further.
    assert enough.sum() > 180 and (change[enough] > hungary).sum() <= 10


def test_cuba_changed_sides_on_contested_roll_calls(contested):
    panel = contested_series(contested, ("RUS", "SUN"), ("USA",)).splice("RUS", "SUN", 1991)
    path = {pole: dict(zip(*panel.path(f"CUB>{pole}"), strict=True)) for pole in ("RUS", "USA")}
    assert (path["RUS"][1958], path["USA"][1958]) == pytest.approx((0, 15 / 16))
    assert (path["RUS"][1961], path["USA"][1961]) == pytest.approx((43 / 45, 0))
    assert path["RUS"][2023] > 0.8


def test_shares_with_either_pole_and_with_neither_are_one(contested):
    both = contested_series(contested, "USA", "CHN")
    neither = neither_series(contested, "CHN", "USA")
    total = (
        both.toward("USA").values
        + both.toward("CHN").values
        + neither.select(both.toward("USA").units).values
    )
    np.testing.assert_allclose(total[~np.isnan(total)], 1, atol=1e-6)
    assert not neither.is_closeness


def test_order_of_poles_does_not_matter(contested):
    one, two = contested_series(contested, "RUS", "USA"), contested_series(contested, "USA", "RUS")
    assert one.units == two.units
    np.testing.assert_array_equal(one.values, two.values)


def test_few_contested_roll_calls_and_states_that_stayed_away_are_missing(contested):
    # From 1975 to 1992 South Africa, whose credentials were refused, took part in nothing.
    panel = contested_series(contested, "SUN", "USA")
    years, _ = panel.path("ZAF>USA")
    assert 1973 in years and not np.any((years >= 1975) & (years <= 1991))
    strict = contested_series(contested, "RUS", "USA", min_contested=10)
    assert not np.isin([1993, 1994], strict.path("POL>USA")[0]).any()


def test_a_pair_of_poles_without_rows_names_those_there_are(contested):
    with pytest.raises(DataNotPresentError, match=r"between PAK and USA; .* CHN, .*RUS, SUN.*USA"):
        contested_series(contested, "PAK", "USA")
    with pytest.raises(DataNotPresentError):
        neither_series(contested, "PAK", "USA")
