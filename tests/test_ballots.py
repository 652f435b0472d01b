"""From tables of votes to integers: weights, near-duplicates, vintages, arrays, refusals."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropism.errors import IdentificationError, SchemaError
from tropism.votes import ballots

PLAIN = pd.DataFrame(
    [(unit, rollcall, 1 + rollcall // 5, 1 + (rollcall + i) % 3)
     for i, unit in enumerate(("AAA", "BBB", "CCC", "DDD")) for rollcall in range(10)],
    columns=["unit", "rollcall", "session", "vote"],
)  # fmt: skip
LISTED = PLAIN[["rollcall", "session"]].drop_duplicates(ignore_index=True)


def same(one, two):
    """Everything but the labels that were dropped as later."""
    for name in one._fields:
        if name != "later":
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


def table(votes, sessions):
    """Votes (units, rollcalls), 0 for no vote, as a long table; sessions (rollcalls,)."""
    unit, rollcall = np.nonzero(votes)
    return pd.DataFrame(
        {
            "unit": [f"S{each:02d}" for each in unit],
            "rollcall": rollcall,
            "session": np.asarray(sessions)[rollcall],
            "vote": votes[unit, rollcall],
        }
    )


# ----------------------------------------------------------------------------------------- weights


def test_weights_follow_their_roll_calls_through_every_step():
    listed = LISTED.assign(weight=1 + LISTED["rollcall"] / 10)
    cast = ballots.read(PLAIN, listed.sample(frac=1, random_state=2))
    np.testing.assert_array_equal(cast.weight, 1 + cast.rollcalls / 10)
    # Roll call 3 is made unanimous and is left out; a filter drops roll call 7.
    votes = PLAIN.assign(vote=PLAIN["vote"].where(PLAIN["rollcall"] != 3, 1))
    cast = ballots.read(votes, pa.Table.from_pandas(listed[listed["rollcall"] != 7]))
    cast, unanimous = ballots.divided(ballots.with_abstentions(ballots.link(cast, [(1, 6)])))
    assert unanimous == 1 and cast.rollcalls.tolist() == [0, 1, 2, 4, 5, 6, 8, 9]
    np.testing.assert_array_equal(cast.weight, 1 + cast.rollcalls / 10)


def test_weights_are_one_unless_given_and_may_be_text():
    assert ballots.read(PLAIN).weight.tolist() == [1.0] * 10
    assert ballots.read(PLAIN, LISTED).weight.tolist() == [1.0] * 10
    assert ballots.read(PLAIN, LISTED.assign(weight="0.5")).weight.tolist() == [0.5] * 10


@pytest.mark.parametrize("weight", [0.0, -1.0, np.inf, np.nan, None, "much"])
def test_a_weight_that_is_no_positive_number_is_refused(weight):
    listed = LISTED.assign(weight=pd.Series([1.0] * 10, dtype=object))
    listed.loc[[3, 5], "weight"] = weight
    with pytest.raises(SchemaError, match=rf"weight is {weight} in row 4 \(roll call 3\), as in 2 rows"):
        ballots.read(PLAIN, listed)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_arrays_by_item_and_by_position_hold_the_same_votes(seed):
    rng = np.random.default_rng(seed)
    votes = rng.integers(0, 4, (8, 12))
    votes[0], votes[1] = 1, 3
    listed = pd.DataFrame({"rollcall": np.arange(12), "weight": rng.uniform(0.1, 2, 12)})
    cast = ballots.read(table(votes, np.arange(12) // 4), listed)
    cast = ballots.link(cast, [(1, 5), (0, 11)])
    panel = ballots.panel(cast)
    item = np.repeat(np.arange(panel.item_start.size - 1), np.diff(panel.item_start))
    position = np.repeat(np.arange(panel.unit.size), np.diff(panel.position_start))
    by_item = [panel.by_item_position, item, panel.by_item_vote, panel.by_item_weight]
    by_position = [position, panel.by_position_item, panel.by_position_vote, panel.by_position_weight]
    for one, two in zip(
        *(np.array(part)[:, np.lexsort(part[::-1])] for part in (by_item, by_position)), strict=True
    ):
        np.testing.assert_array_equal(one, two)
    rollcall = panel.by_item_rollcall
    np.testing.assert_array_equal(panel.by_item_weight, cast.weight.astype(np.float32)[rollcall])
    np.testing.assert_array_equal(item, cast.item[rollcall])
    np.testing.assert_array_equal(panel.session[panel.by_item_position], cast.rollcall_session[rollcall])
    np.testing.assert_array_equal(
        3 - panel.by_item_vote, votes[panel.unit[panel.by_item_position], cast.rollcalls[rollcall]]
    )
    kinds = {name: getattr(panel, name).dtype for name in ("by_item_weight", "by_position_weight")}
    assert set(kinds.values()) == {np.dtype(np.float32)} and rollcall.dtype == np.int32


def test_votes_without_an_abstention_are_binary():
    assert not ballots.panel(ballots.read(PLAIN)).binary
    assert ballots.panel(ballots.read(PLAIN[PLAIN["vote"] != 2])).binary
    # An absence that counts as an abstention is one.
    filled = ballots.with_abstentions(ballots.read(PLAIN[PLAIN["vote"] != 2]))
    assert not ballots.panel(filled).binary


# ---------------------------------------------------------------------------------- near-duplicates


def agreement(one, two):
    """Scott's pi with linear weights of two roll calls; None where chance allows no disagreement."""
    both = [(int(a), int(b)) for a, b in zip(one, two, strict=True) if a and b]
    if len(both) < ballots.FEWEST_COMMON:
        return None
    pooled = [vote for pair in both for vote in pair]
    observed = Fraction(sum(abs(a - b) for a, b in both), len(both))
    expected = Fraction(sum(abs(a - b) for a in pooled for b in pooled), len(pooled) ** 2)
    return None if expected == 0 else 1 - observed / expected


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.8, 0.9, 1.0]), st.sampled_from([2, 1000]))
def test_near_duplicates_against_plain_loops(seed, threshold, block):
    rng = np.random.default_rng(seed)
    votes = rng.choice(3, (14, 9), p=[0.6, 0.1, 0.3]) + 1
    for column in range(1, 9):
        if rng.random() < 0.6:  # near a copy of an earlier one
            votes[:, column] = votes[:, rng.integers(column)]
            change = rng.random(14) < rng.choice([0, 0.05, 0.15])
            votes[change, column] = rng.integers(1, 4, change.sum())
    votes[rng.random(votes.shape) < 0.1] = 0
    session = np.sort(rng.integers(0, 2, 9))
    cast = ballots.link(ballots.read(table(votes, session)), [(0, 1)])
    held = cast.rollcalls  # a roll call without a vote is not there
    label = list(range(held.size))
    for i in range(held.size):
        for j in range(i):
            pi = agreement(votes[:, held[i]], votes[:, held[j]])
            if (
                pi is not None
                and pi >= Fraction(str(threshold))
                and session[held[i]] == session[held[j]]
                and {held[i], held[j]} != {0, 1}
            ):
                label = [label[j] if each == label[i] else each for each in label]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ballots, "BLOCK", block)
        weight = ballots.duplicate_weights(cast, threshold)
    np.testing.assert_allclose(weight, [1 / label.count(each) for each in label])


def test_copies_of_a_roll_call_share_one_vote():
    votes = np.tile(1 + np.arange(12) % 3, (5, 1)).T
    votes[:, 4] = 1 + (np.arange(12) // 4)
    cast = ballots.read(table(votes, [1, 1, 1, 2, 2]))
    # The copy in another session stands alone: whether anybody moved is not for us to say.
    np.testing.assert_allclose(ballots.duplicate_weights(cast), [1 / 3, 1 / 3, 1 / 3, 1, 1])
    # Of one item already: two roll calls that were said to be the same text.
    np.testing.assert_allclose(ballots.duplicate_weights(ballots.link(cast, [(0, 1), (1, 2)])), 1)


def test_unanimity_and_few_common_voters_make_no_duplicates():
    unanimous = ballots.read(table(np.ones((12, 3), dtype=int), [1, 1, 1]))
    np.testing.assert_array_equal(ballots.duplicate_weights(unanimous), 1)
    nine = ballots.read(table(np.tile(1 + np.arange(9) % 3, (2, 1)).T, [1, 1]))
    np.testing.assert_array_equal(ballots.duplicate_weights(nine), 1)


def test_opposite_votes_are_no_duplicates():
    votes = 1 + np.arange(12) % 3
    cast = ballots.read(table(np.column_stack([votes, 4 - votes]), [1, 1]))
    np.testing.assert_array_equal(ballots.duplicate_weights(cast), 1)


# ------------------------------------------------------------------------------------------- as_of


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_as_of_equals_a_table_that_ends_then(seed, last):
    rng = np.random.default_rng(seed)
    votes = table(rng.integers(1, 4, (5, 16)), 1 + np.arange(16) // 4).sample(frac=1, random_state=seed)
    cut = ballots.read(votes, as_of=last)
    same(cut, ballots.read(votes[votes["session"] <= last]))
    assert cut.later == frozenset(votes.loc[votes["session"] > last, "rollcall"])
    same(
        cut,
        ballots.read(votes.drop(columns="session"), votes[["rollcall", "session"]].drop_duplicates(), last),
    )


def test_later_rows_do_not_matter_whatever_they_hold():
    later = PLAIN.astype({"vote": float})
    later.loc[later["session"] == 2, "vote"] = np.nan
    same(ballots.read(later, as_of=1), ballots.read(PLAIN[PLAIN["session"] == 1]))


def test_bridges_through_later_roll_calls_are_not_followed():
    chain = [(1, 7), (3, 7)]
    assert ballots.link(ballots.read(PLAIN), chain).bridged == 3
    assert ballots.link(ballots.read(PLAIN, as_of=1), chain).bridged == 0
    # A roll call that is not in the table at all still joins what it joined.
    assert ballots.link(ballots.read(PLAIN, as_of=1), [(1, 77), (3, 77)]).bridged == 2
    # Nor through one that the list of roll calls leaves out.
    few = ballots.read(PLAIN, LISTED[LISTED["rollcall"] != 7], as_of=1)
    assert ballots.link(few, chain).bridged == 0


def test_as_of_before_the_first_session_is_refused():
    with pytest.raises(SchemaError, match=r"no votes up to session 0 \(as_of\); the first are of session 1"):
        ballots.read(PLAIN, as_of=0)
    with pytest.raises(SchemaError, match=r"no votes on the roll calls given up to session 1 \(as_of\)"):
        ballots.read(PLAIN, LISTED[LISTED["session"] == 2], as_of=1)


# ---------------------------------------------------------------------------------------- refusals


def edited(row, column, value):
    frame = PLAIN.astype({"vote": object, "session": object, "unit": object})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (4, "session", np.inf, "session is inf in row 5; expected a whole number"),
        (4, "session", -np.inf, "session is -inf in row 5"),
        (4, "session", np.nan, "session is empty in 1 rows, the first row 5"),
        (4, "session", 1e300, r"session is 1e\+300 in row 5"),
        (4, "session", "first", "session is first in row 5"),
        (4, "session", 1.5, "session is 1.5 in row 5"),
        (4, "vote", "yes", "vote is 'yes' in row 5, as in 1 rows"),
        (4, "vote", 0, "vote is 0 in row 5"),
        (4, "vote", np.inf, "vote is inf in row 5"),
        (4, "unit", None, "unit is empty in 1 rows, the first row 5"),
    ],
)
def test_a_bad_cell_is_refused_with_its_row(row, column, value, message):
    with pytest.raises(SchemaError, match=f"votes: {message}"):
        ballots.read(edited(row, column, value))


def test_rows_are_counted_in_the_table_as_given():
    # Roll calls 0 to 3 are filtered away; the row is still that of the user's table.
    for column, value in (("session", np.inf), ("session", np.nan), ("vote", 8), ("unit", None)):
        with pytest.raises(SchemaError, match="row 15"):
            ballots.read(edited(14, column, value), LISTED[4:])
    with pytest.raises(SchemaError, match="row 5"):
        ballots.read(edited(4, "vote", 8).iloc[:5], as_of=1)


def test_sessions_of_both_tables_must_agree():
    wrong = LISTED.astype({"session": float})
    wrong.loc[[6, 8], "session"] = [1, np.inf]
    with pytest.raises(
        SchemaError,
        match=r"rollcalls: roll call 6 is in session 1.0 in row 7, but in session 2 in votes, as 2 roll",
    ):
        ballots.read(PLAIN, wrong)
    # What is not used is not compared, and an empty cell says nothing.
    wrong.loc[8, "session"] = np.nan
    same(ballots.read(PLAIN[PLAIN["rollcall"] != 6], wrong), ballots.read(PLAIN[PLAIN["rollcall"] != 6]))
    # Years beside sessions may be those of the day and of the session.
    same(ballots.read(PLAIN, LISTED.assign(year=1990)), ballots.read(PLAIN))
    years = PLAIN.rename(columns={"session": "year"})
    with pytest.raises(SchemaError, match="roll call 0 is in year 9 in row 1, but in year 1 in votes"):
        ballots.read(years, pd.DataFrame({"rollcall": [0], "year": [9]}))


def test_a_bad_session_of_the_list_is_refused_where_votes_take_it():
    wrong = LISTED.astype({"session": float})
    wrong.loc[6, "session"] = np.inf
    with pytest.raises(SchemaError, match="votes: session is inf in row 7"):
        ballots.read(PLAIN.drop(columns="session"), wrong)


def test_units_that_differ_in_type_only_are_refused():
    mixed = PLAIN.assign(unit=[2 if i % 2 else "2" for i in range(len(PLAIN))])
    with pytest.raises(SchemaError, match="written alike but differ in type"):
        ballots.read(mixed)


def test_sets_that_no_chain_joins_are_named():
    # A long chain of units, each of which shares one roll call with the next, is one set.
    chain = [(f"C{i:02d}", j, 1, 1 + (i + j) % 2 * 2) for i in range(40) for j in (i, i + 1)]
    other = [("X1", 99, 1, 1), ("X2", 99, 1, 3)]
    columns = ["unit", "rollcall", "session", "vote"]
    ballots.refuse_disconnected(ballots.read(pd.DataFrame(chain, columns=columns)))
    with pytest.raises(
        IdentificationError, match=r"2 sets .*: 40 units \(C00, .* more\); 2 units \(X1, X2\)"
    ):
        ballots.refuse_disconnected(ballots.read(pd.DataFrame(chain + other, columns=columns)))
