"""Vote similarity and contested votes: printed numbers, a plain twin, invariance and known turns."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropism.errors import DataNotPresentError, SchemaError, SeriesError, TriadError
from tropism.tables import add_table, read_table, schema
from tropism.tables.library import table_info
from tropism.votes import contested_series, neither_series, similarity_series, vote_similarity
from tropism.votes._kernels import disagreement, similarity_measures
from tropism.votes.similarity import MEASURES, joint_counts, similarity_panel

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


# ---------------------------------------------------------------------------------- from votes to counts

#: Small records: who voted what on which of nine roll calls, three in each of three years.
RECORDS = st.dictionaries(
    st.tuples(st.sampled_from(["CUB", "IND", "RUS", "USA", "ZWE"]), st.integers(0, 8)),
    st.sampled_from([1, 2, 3]),
    min_size=1,
)
WEIGHTS = st.lists(st.integers(1, 5), min_size=9, max_size=9)


def ballots(record):
    """A record as a table of votes."""
    rows = [(state, call, 2000 + call // 3, vote) for (state, call), vote in record.items()]
    return pd.DataFrame(rows, columns=["iso3", "rcid", "year", "vote"])


def weighed(weights):
    return pd.DataFrame({"rcid": range(9), "weight": weights})


def plain_counts(record, weights=(1,) * 9):
    """The nine counts of every dyad and year, vote by vote."""
    counts = {}
    for (a, call), mine in record.items():
        for (b, other_call), theirs in record.items():
            if a < b and call == other_call:
                cells = counts.setdefault((a, b, 2000 + call // 3), [0] * 9)
                cells[(mine - 1) * 3 + theirs - 1] += weights[call]
    return counts


def as_dict(table):
    rows = table.to_pandas().itertuples(index=False)
    return {(a, b, year): list(cells) for a, b, year, *cells in rows}


@settings(deadline=None)
@given(record=RECORDS, weights=WEIGHTS)
def test_joint_counts_equal_a_plain_twin_with_and_without_weights(record, weights):
    found = joint_counts(ballots(record))
    assert as_dict(found) == plain_counts(record)
    # Sixteenths are exact in binary, so that sums in any order are equal.
    weights = [weight / 16 for weight in weights]
    assert as_dict(joint_counts(ballots(record), weighed(weights))) == plain_counts(record, weights)
    keys = found.select(["year", "iso3_a", "iso3_b"]).to_pandas().astype({"iso3_a": str, "iso3_b": str})
    assert keys.equals(keys.sort_values(["year", "iso3_a", "iso3_b"], ignore_index=True))


@settings(deadline=None)
@given(record=RECORDS, weights=WEIGHTS)
def test_whole_weights_are_repetitions_of_roll_calls_and_weights_of_one_change_nothing(record, weights):
    rows = ballots(record)
    repeated = rows.loc[rows.index.repeat(np.take(weights, rows["rcid"]))]
    repeated["rcid"] = 10 * repeated["rcid"] + repeated.groupby(level=0).cumcount()
    assert as_dict(joint_counts(rows, weighed(weights))) == as_dict(joint_counts(repeated))
    assert joint_counts(rows, weighed([1] * 9)).equals(joint_counts(rows))


@settings(deadline=None)
@given(record=RECORDS, order=st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_row_order_nor_on_what_states_and_roll_calls_are_called(record, order):
    rows = ballots(record)
    shuffled = rows.iloc[order.sample(range(len(rows)), len(rows))]
    assert joint_counts(shuffled).equals(joint_counts(rows))
    names = dict(zip(["CUB", "IND", "RUS", "USA", "ZWE"], order.sample(range(2, 15), 5), strict=True))
    renamed = pd.DataFrame(
        {
            "unit": rows["iso3"].map(names),
            "rollcall": "call " + rows["rcid"].astype(str),
            "session": rows["year"],
            "vote": rows["vote"].astype(str),
        }
    )
    expected = {}
    for (a, b, year), cells in plain_counts(record).items():
        one, two = str(names[a]), str(names[b])
        # A dyad whose names now stand the other way round has its table turned.
        turned = np.reshape(cells, (3, 3)).T.ravel().tolist()
        expected[(one, two, year) if one < two else (two, one, year)] = cells if one < two else turned
    assert as_dict(joint_counts(renamed)) == expected


@settings(deadline=None)
@given(record=RECORDS, weights=st.sampled_from(["linear", "quadratic", "nominal"]))
def test_panel_from_votes_equals_the_definitions_vote_by_vote(record, weights):
    expected = plain_counts(record)
    if not expected:
        with pytest.raises(SchemaError, match="no dyads"):
            similarity_panel(ballots(record))
        return
    found = similarity_panel(ballots(record), weights=weights, min_joint=0).tidy()
    assert list(found.columns) == ["iso3_a", "iso3_b", "year", "n", *MEASURES]
    rows = {(a, b, year): values for a, b, year, *values in found.itertuples(index=False)}
    assert rows.keys() == expected.keys()
    for key, cells in expected.items():
        np.testing.assert_allclose(rows[key], twin(np.reshape(cells, (3, 3)), weights), rtol=0, atol=1e-12)


def test_measures_do_not_change_when_all_weights_are_multiplied():
    record = {(s, c): 1 + (i * c + c // 2) % 3 for i, s in enumerate(["CUB", "IND", "USA"]) for c in range(9)}
    weights = [0.1, 0.5, 2.0, 1.0, 0.3, 0.7, 1.1, 0.9, 0.2]
    one, other = (
        similarity_panel(joint_counts(ballots(record), weighed(np.multiply(factor, weights))), min_joint=0)
        for factor in (1, 7)
    )
    for name in MEASURES:
        np.testing.assert_allclose(
            getattr(one.measures, name), getattr(other.measures, name), rtol=0, atol=1e-12
        )
    # n is then the sum of weights, and so is what min_joint asks for.
    assert one.tidy().n[0] == pytest.approx(2.6) and other.tidy().n[0] == pytest.approx(18.2)


def test_only_the_roll_calls_listed_count_and_a_session_bears_its_first_year():
    votes = pd.DataFrame(
        {
            "iso3": ["USA", "CUB"] * 3,
            "rcid": [1, 1, 2, 2, 3, 3],
            "session": [15, 15, 15, 15, 16, 16],
            "year": [1960, 1960, 1961, 1961, 1961, 1961],
            "vote": [1, 3, 1, 1, 2, 3],
        }
    )
    assert {key[2]: sum(cells) for key, cells in as_dict(joint_counts(votes)).items()} == {1960: 2, 1961: 1}
    listed = pa.table({"rollcall": [1, 3, 99]})
    assert as_dict(joint_counts(pa.Table.from_pandas(votes), listed)) == {
        ("CUB", "USA", 1960): [0, 0, 0, 0, 0, 0, 1, 0, 0],
        ("CUB", "USA", 1961): [0, 0, 0, 0, 0, 0, 0, 1, 0],
    }
    by_session = joint_counts(votes.drop(columns="year"))
    assert by_session["year"].to_pylist() == [15, 16]


def test_counts_of_a_stored_table_of_votes_fit_the_table_of_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    record = {(state, call): 1 + call % 3 for state in ("CUB", "IND") for call in range(9)}
    votes = ballots(record).assign(session=lambda rows: rows["year"] - 1945, vote_date="2001-01-01")
    votes["rcid"] += 1
    votes.to_csv(tmp_path / "votes.csv", index=False)
    add_table("un_votes", tmp_path / "votes.csv", source="made up", as_of="2003-01-01")
    found = joint_counts(read_table("un_votes"))
    assert schema.check("un_vote_counts", found).equals(found)
    assert found.schema == read_table("un_vote_counts").schema
    assert as_dict(found) == plain_counts(record)


GOOD = pd.DataFrame({"iso3": ["CUB", "USA"] * 2, "rcid": [1, 1, 2, 2], "year": 1961, "vote": [1, 3, 2, 1]})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (GOOD.drop(columns="rcid"), r"votes: lacks the column rollcall or rcid; it has iso3, year, vote"),
        (GOOD.assign(vote=[1, None, 2, 1]), r"votes: vote is .*row 2"),
        (GOOD.assign(vote=[1, 8, 2, 9]), r"votes: vote is .*8.* in row 2, as in 2 rows.*1 yes, 2 abstain"),
        (GOOD.assign(vote=["1", "yes", "2", "1"]), r"votes: vote is 'yes' in row 2"),
        (GOOD.assign(iso3=["CUB", None, "CUB", "USA"]), r"votes: iso3 is .*row 2"),
        (GOOD.assign(rcid=[1, 1, None, 2]), r"votes: rcid is .*row 3"),
        (GOOD.assign(year=[1961, 1961, 1961.5, 1962]), r"votes: year is 1961.5 in row 3.*whole number"),
        (GOOD.assign(rcid=1), r"2 rows repeat the key.*first CUB, roll call 1, rows 1 and 3"),
        (GOOD.assign(year=[1961, 1962, 1961, 1961]), r"roll call 1 is in year 196[12] .*in year 196[12]"),
        (GOOD.iloc[:0], r"votes: the table holds no votes"),
    ],
)
def test_votes_that_cannot_be_counted_are_refused(wrong, message):
    for table in (wrong, pa.Table.from_pandas(wrong, preserve_index=False)):
        with pytest.raises(SchemaError, match=message):
            joint_counts(table)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ({"rcid": [7, 8]}, r"no votes on the roll calls given"),
        ({"rcid": [1, 1]}, r"rollcalls: .*row 2"),
        ({"rcid": [1, None]}, r"rollcalls: rcid is .*row 2"),
        ({"rcid": [1, 2], "weight": [1, 0]}, r"rollcalls: weight is 0 in row 2.*positive"),
        ({"rcid": [1, 2], "weight": [None, 1]}, r"rollcalls: weight is .* in row 1"),
        ({"weight": [1.0]}, r"rollcalls: lacks the column rollcall or rcid"),
    ],
)
def test_roll_calls_that_cannot_be_used_are_refused(listed, message):
    with pytest.raises(SchemaError, match=message):
        joint_counts(GOOD, pd.DataFrame(listed))


# -------------------------------------------------------------------------------------------- all dyads


def test_panel_of_all_dyads_against_each_dyads_own_table(counts):
    panel = similarity_panel(
        counts, measures=["pi", "s"], provenance=[table_info("un_vote_counts").provenance]
    )
    table = panel.tidy()
    assert list(table.columns) == ["iso3_a", "iso3_b", "year", "n", "pi", "s"]
    assert len(table) == counts.num_rows and table.n.dtype == np.int64
    # Null exactly where there are too few joint roll calls, or where chance alone judges.
    assert table.s.isna().equals(table.n < 10)
    own = vote_similarity("IND", "USA").tidy().set_index("year")
    mine = table[(table.iso3_a == "IND") & (table.iso3_b == "USA") & (table.n >= 10)].set_index("year")
    assert len(mine) > 70
    pd.testing.assert_frame_equal(mine[["n", "pi", "s"]], own.loc[mine.index, ["n", "pi", "s"]])
    for poles in (["RUS", "SUN"], ["USA"], ["XKX"], []):
        series = panel.series(poles, "kappa")
        expected = similarity_series(counts, poles, measure="kappa")
        assert series.units == expected.units and series.notes == expected.notes
        np.testing.assert_array_equal(series.values, expected.values)
    assert panel.series(["USA"]).provenance[0].licence == "CC0 1.0"
    assert "Voeten" in panel.cite() and "Scott (1955)" in panel.cite() and "Cohen" not in panel.cite()


def test_summary_of_the_panel_is_the_mean_by_decade(counts):
    summary = similarity_panel(counts, measures="agreement").summary()
    assert list(summary.columns) == ["decade", "sessions", "dyads", "rows", "agreement"]
    # Session 19 (1964) has one roll call: too few to count.
    assert summary.set_index("decade").sessions.to_dict()[1960] == 9
    last = similarity_panel(counts.filter(pc.greater_equal(counts["year"], 2020))).tidy().dropna(subset="s")
    assert summary["rows"].iloc[-1] == len(last)
    assert summary.agreement.iloc[-1] == pytest.approx(last.agreement.mean())


def test_panel_takes_a_data_frame_and_knows_only_the_states_in_it(counts):
    some = counts.filter(pc.equal(counts["iso3_a"].cast(pa.string()), "USA"))
    first, second = similarity_panel(some), similarity_panel(some.to_pandas())
    pd.testing.assert_frame_equal(first.tidy(), second.tidy())
    assert first.states == second.states and "AFG" not in first.states


def test_counts_that_cannot_be_measured_are_refused(counts):
    some = counts.slice(0, 4).to_pandas()
    turned = some.rename(columns={"iso3_a": "iso3_b", "iso3_b": "iso3_a"})
    both = pd.concat(
        [some.astype({"iso3_a": str, "iso3_b": str}), turned.astype({"iso3_a": str, "iso3_b": str})]
    )
    faults = [
        (some.drop(columns="no_no"), "lacks the column no_no"),
        (some.assign(yes_no=[1.0, None, 1.0, 1.0]), "yes_no is empty in 1 rows"),
        (some.assign(yes_no=[0, 0, -9, 0]), "row 3 holds a count that is negative"),
        (some.iloc[:0], "no dyads"),
        (both, "4 rows repeat a dyad and year; first AFG and ARG in 1946"),
    ]
    for wrong, message in faults:
        with pytest.raises(SchemaError, match=message):
            similarity_panel(wrong)
    with pytest.raises(SeriesError, match="'tau'"):
        similarity_panel(counts, measures=["pi", "tau"])
    with pytest.raises(SeriesError, match="'tau'"):
        similarity_panel(counts.slice(0, 4)).series(["USA"], "tau")
    with pytest.raises(ValueError, match="linear, quadratic or nominal"):
        similarity_panel(counts, weights="cubic")


# -------------------------------------------------------------------------------------------- with a pole


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
