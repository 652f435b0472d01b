"""Named vote sets on small tables: what belongs, what is not known, what is refused; and bridges by title."""

import datetime
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.errors import IdentificationError, SchemaError
from tropism.tables import schema
from tropism.votes.title_bridges import bridges_by_title, normalised_title
from tropism.votes.vote_sets import (
    FIRST_COMMITTEE_DAYS,
    VOTE_SETS,
    bsv_votes,
    list_vote_sets,
    select_rollcalls,
)

NA = None
DAY = FIRST_COMMITTEE_DAYS[0].date


@pytest.fixture
def calls():
    """Two old roll calls, two flagged ones of 2019, three of session 75 without flags."""
    return pd.DataFrame(
        {
            "rcid": [1, 2, 3, 4, 5, 6, 7],
            "session": [19, 40, 74, 74, 75, 75, 75],
            "year": [1964, 1985, 2019, 2019, 2020, 2020, 2020],
            "vote_date": [
                datetime.date(1964, 12, 1),
                datetime.date(1985, 12, 1),
                datetime.date(2019, 12, 12),
                datetime.date(2019, 12, 18),
                DAY,
                datetime.date(2020, 12, 16),
                NA,
            ],
            "yes": [60, 90, 150, 100, 150, 80, 170],
            "abstain": [0, 10, 2, 20, 5, 40, 0],
            "no": [0, 20, 3, 30, 5, 50, 0],
            "importantvote": [0, 1, NA, NA, NA, NA, NA],
            "amend": [0, 0, 1, NA, NA, NA, NA],
            "para": [0, 1, NA, NA, NA, NA, NA],
            "nu": [0, 0, 1, 0, NA, NA, NA],
            "di": [0, 0, 1, 0, NA, NA, NA],
            **{issue: [0, 1, 0, 0, NA, NA, NA] for issue in ("me", "hr", "co", "ec")},
        }
    )


@pytest.fixture
def votes():
    """USA and RUS differ on 2 (one abstains) and 4 (yes and no); RUS is away on 5; 6 and 7 are not there."""
    cast = {1: (1, 1), 2: (1, 2), 3: (3, 3), 4: (1, 3), 5: (1, NA)}
    return pd.DataFrame(
        [
            (rcid, state, vote)
            for rcid, pair in cast.items()
            for state, vote in zip(("USA", "RUS"), pair, strict=True)
            if vote is not NA
        ],
        columns=["rcid", "iso3", "vote"],
    )


def chosen(calls, name, **options):
    return select_rollcalls(calls, name, **options)["rcid"].tolist()


def fault(error, *args, **options):
    with pytest.raises(error) as caught:
        select_rollcalls(*args, **options)
    return str(caught.value)


# The records.


def test_records_are_whole_and_named_as_listed():
    for name, record in VOTE_SETS.items():
        assert record.name == name
        assert "+" not in name and name == name.lower()
        assert record.title and record.meaning.endswith(".") and record.coverage.endswith(".")
    assert list_vote_sets() == list(VOTE_SETS.values())


def test_every_option_of_a_record_is_an_argument(calls):
    options = {option for record in list_vote_sets() for option in record.options}
    assert options <= set(select_rollcalls.__kwdefaults__)


def test_first_committee_days_lie_in_their_sessions():
    for day in FIRST_COMMITTEE_DAYS:
        assert day.date.year == day.session + 1945
        assert day.date.month == 12
        assert day.rollcalls > 0
        assert day.source.startswith("https://")


# What each set holds.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all", [1, 2, 3, 4, 5, 6, 7]),
        ("nuclear", [3]),
        ("disarmament", [3]),
        ("middle-east", [2]),
        ("human-rights", [2]),
        ("colonialism", [2]),
        ("economic", [2]),
        ("important", [2]),
        ("no-parts", [1, 4, 5, 6, 7]),
        ("contested", [2, 4, 6]),
        ("contested+no-parts", [4, 6]),
        ("no-parts + contested", [4, 6]),
        # Roll call 2 is a paragraph voted before 1990 and stays; session 19 and sessions after 74 go.
        ("bsv", [2, 4]),
    ],
)
def test_members(calls, name, expected):
    assert chosen(calls, name) == expected


@pytest.mark.parametrize("name", ["no-nuclear", "no-disarmament"])
def test_where_no_flag_stands_the_day_tells_and_what_it_cannot_tell_is_left_out(calls, name, caplog):
    with caplog.at_level(logging.WARNING):
        found = select_rollcalls(calls, name)
    assert found["rcid"].tolist() == [1, 2, 4, 6]
    assert found["inferred"].tolist() == [False, False, False, True]
    flag = "nu" if name == "no-nuclear" else "di"
    left_out = (
        f"vote set {name}: left out 1 of 7 roll calls (session 75), which carry no flag {flag}, and no known "
        "day tells."
    )
    assert caplog.messages == [left_out]
    assert found.attrs["notes"] == [
        left_out,
        f"vote set {name}: membership of 1 of 7 roll calls (session 75) is inferred.",
    ]


def test_a_session_without_flags_or_known_day_is_left_out(calls, caplog):
    later = calls.assign(session=calls["session"].replace(75, 79))
    assert chosen(later, "no-nuclear") == [1, 2, 4]
    assert "3 of 7 roll calls (session 79)" in caplog.text


def test_no_date_is_needed_where_all_flags_are_there(calls):
    flagged = calls[calls["session"] < 75].drop(columns=["vote_date", "session"])
    assert chosen(flagged, "no-nuclear") == [1, 2, 4]


def test_whole_texts_are_inferred_where_flags_mark_parts_only(calls):
    found = select_rollcalls(calls, "no-parts").set_index("rcid")["inferred"]
    assert found.to_dict() == {1: False, 4: True, 5: True, 6: True, 7: True}


def test_contested_counts_from_the_table_or_from_votes(calls, votes):
    # Of 120 votes cast on roll call 2, 30 are in the minority: exactly a quarter belongs.
    assert chosen(calls, "contested", minority=0.25) == [2, 4, 6]
    assert chosen(calls, "contested", minority=0.26) == [4, 6]
    assert chosen(calls.drop(columns="no"), "contested", votes=votes) == [2, 4]
    a_tenth = calls.assign(yes=90, abstain=10, no=0)
    assert len(chosen(a_tenth, "contested")) == len(calls)


def test_poles_differ(calls, votes):
    options = {"votes": votes, "poles": ("USA", "RUS")}
    assert chosen(calls, "poles-differ", **options) == [2, 4]
    assert chosen(calls, "poles-differ", opposite=True, **options) == [4]
    assert chosen(calls, "poles-differ", votes=votes, poles=("RUS", "USA")) == [2, 4]
    both = votes.assign(iso3=np.where((votes["iso3"] == "RUS") & (votes["rcid"] < 3), "SUN", votes["iso3"]))
    assert chosen(calls, "poles-differ", votes=both, poles=("USA", "RUS")) == [4]
    assert chosen(calls, "poles-differ", votes=both, poles=("USA", ("RUS", "SUN"))) == [2, 4]


def test_roll_calls_that_votes_do_not_know_are_left_out_and_said(calls, votes, caplog):
    chosen(calls, "poles-differ", votes=votes, poles=("USA", "RUS"))
    assert "left out 2 of 7 roll calls (session 75), which are not in `votes`" in caplog.text


def test_since(calls):
    assert chosen(calls, "since", since=2019) == [3, 4, 5, 6, 7]
    assert chosen(calls, "since+contested", since=2020) == [6]


def test_the_same_from_arrow_checked_tables_and_other_names(calls, votes):
    table = schema.check("un_rollcalls", calls.assign(title=None))
    frame = calls.rename(columns={"rcid": "rollcall", "vote_date": "date"})
    frame["date"] = pd.to_datetime(frame["date"])
    text = pa.table({name: table[name].cast(pa.string()) for name in ("vote_date",)})
    dates_as_text = calls.assign(vote_date=text["vote_date"].to_pandas())
    for name in VOTE_SETS:
        options = {"poles-differ": {"votes": votes, "poles": ("USA", "RUS")}, "since": {"since": 2000}}
        expected = chosen(calls, name, **options.get(name, {}))
        assert chosen(table, name, **options.get(name, {})) == expected
        assert chosen(dates_as_text, name, **options.get(name, {})) == expected
        found = select_rollcalls(frame, name, **options.get(name, {}))
        assert found["rollcall"].tolist() == expected


def test_selecting_twice_is_selecting_once_from_both(calls):
    once = select_rollcalls(calls, "no-nuclear+contested")
    twice = select_rollcalls(select_rollcalls(calls, "no-nuclear"), "contested")
    pd.testing.assert_frame_equal(once, twice)
    assert twice["inferred"].tolist() == [False, False, True]
    assert twice.attrs["notes"][0].startswith("vote set no-nuclear: left out 1")


def test_order_and_index_of_rows_change_nothing(calls):
    mixed = calls.sample(frac=1, random_state=1)
    found = select_rollcalls(mixed, "no-nuclear").sort_values("rcid", ignore_index=True)
    pd.testing.assert_frame_equal(found, select_rollcalls(calls, "no-nuclear"), check_dtype=False)


def test_the_table_given_is_left_as_it_was(calls):
    before = calls.copy(deep=True)
    for name in ("no-nuclear", "bsv", "no-parts"):
        select_rollcalls(calls, name)
    pd.testing.assert_frame_equal(calls, before)
    assert calls.attrs == {}


def test_bsv_votes_drop_two_states_under_any_code():
    for column, africa, zanzibar, other in (
        ("iso3", "ZAF", "EAZ", "USA"),
        ("ccode", 560, 511, 2),
        ("unit", "560", "511", "2"),
    ):
        votes = pd.DataFrame(
            {column: [africa, africa, zanzibar, other], "session": [47, 48, 18, 48], "vote": [1, 1, 1, 1]}
        )
        assert bsv_votes(votes)["session"].tolist() == [47, 48]
    with pytest.raises(SchemaError, match="votes: lacks the column session"):
        bsv_votes(votes.drop(columns="session"))


# What is refused.


def test_unknown_set_suggests_the_nearest(calls):
    message = fault(SchemaError, calls, "contested+no-nuclar")
    assert message.startswith("vote set 'no-nuclar' is not known. Did you mean no-nuclear")
    assert "middle-east" in message
    assert fault(SchemaError, calls, "contested+").startswith("vote set '' is not known.")


def test_nothing_selected_says_which_set_and_why(calls):
    late = calls[calls["session"] == 75]
    assert fault(IdentificationError, late, "nuclear").startswith(
        "vote set nuclear: holds none of the 3 roll calls (session 75): 3 of them carry no flag nu. "
        "Coverage: Sessions 1-74"
    )
    early = calls[calls["session"] == 19]
    assert fault(IdentificationError, early, "important").startswith(
        "vote set important: holds none of the 1 roll calls (session 19). Coverage: Sessions 38-72."
    )
    assert fault(IdentificationError, calls, "nuclear+middle-east") == (
        "vote set nuclear+middle-east: each of its sets holds some of the 7 roll calls (sessions 19-75), but "
        "none is in all of them. Leave one out."
    )


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("nuclear", "nu"),
        ("no-nuclear", "nu"),
        ("no-nuclear", "session"),
        ("important", "importantvote"),
        ("no-parts", "amend"),
        ("bsv", "para"),
        ("bsv", "session"),
        ("since", "year"),
        ("all", "rcid"),
        ("contested", "no"),
    ],
)
def test_missing_column_is_named(calls, name, column):
    options = {"since": 1990} if name == "since" else {}
    message = fault(SchemaError, calls.drop(columns=column), name, **options)
    assert message.startswith(f"rollcalls: lacks the column {column}")


@pytest.mark.parametrize("name", ["no-nuclear", "bsv"])
def test_a_missing_date_is_named_in_both_spellings(calls, name):
    message = fault(SchemaError, calls.drop(columns="vote_date"), name)
    assert message.startswith("rollcalls: lacks the column vote_date or date; it has rcid, ")


def test_faulty_cells_name_the_row(calls, votes):
    assert fault(SchemaError, calls.assign(nu=[0, 2, 0, 0, 0, 0, 0]), "nuclear") == (
        "rollcalls: nu is 2 in row 2; expected 0, 1 or empty."
    )
    assert "nu is 'yes' in row 1" in fault(SchemaError, calls.assign(nu="yes"), "nuclear")
    assert fault(SchemaError, calls.assign(vote_date="spring"), "bsv").startswith(
        "rollcalls: vote_date holds what is no date"
    )
    assert fault(SchemaError, calls.assign(rcid=[1, 2, 3, 2, 5, 6, 7]), "all") == (
        "rollcalls: rcid 2 stands in rows 2 and 4; keep one row of each."
    )
    assert "rcid is empty in row 3" in fault(SchemaError, calls.assign(rcid=[1, 2, NA, 4, 5, 6, 7]), "all")
    assert fault(SchemaError, calls.iloc[:0], "all") == "rollcalls: has no rows."
    wrong = votes.assign(vote=8)
    assert fault(SchemaError, calls, "poles-differ", votes=wrong, poles=("USA", "RUS")) == (
        "votes: vote is 8 in row 1; expected 1 yes, 2 abstain, 3 no."
    )


def test_options_that_lack_or_do_nothing_are_refused(calls, votes):
    assert "needs a year" in fault(SchemaError, calls, "since")
    assert "needs `votes` and two `poles`" in fault(SchemaError, calls, "poles-differ", votes=votes)
    assert "needs `votes`" in fault(SchemaError, calls, "poles-differ", poles=("USA", "RUS"))
    assert "expected two" in fault(SchemaError, calls, "poles-differ", votes=votes, poles=("USA",))
    assert "expected two" in fault(SchemaError, calls, "poles-differ", votes=votes, poles="USA")
    assert fault(SchemaError, calls, "nuclear+all", since=1991) == (
        "vote set nuclear+all: does not use `since`. Add +since, or leave `since` out."
    )
    assert "does not use `minority`" in fault(SchemaError, calls, "all", minority=0.3)
    assert "does not use `poles`" in fault(SchemaError, calls, "all", poles=("USA", "RUS"))
    assert "between 0 and 1" in fault(SchemaError, calls, "contested", minority=20)


def test_a_pole_without_votes_or_with_two_is_refused(calls, votes):
    message = fault(IdentificationError, calls, "poles-differ", votes=votes, poles=("USA", "SUN"))
    assert message.startswith("votes: SUN casts no vote in it")
    twice = pd.concat([votes, votes.iloc[:1]])
    assert fault(SchemaError, calls, "poles-differ", votes=twice, poles=("USA", "RUS")) == (
        "votes: USA votes twice on roll call 1. Keep one."
    )


# Bridges.


def titled(*rows, **columns):
    """Roll calls from (session, title), numbered from 1."""
    sessions, titles = zip(*rows, strict=True)
    frame = {"rcid": range(1, len(rows) + 1), "session": sessions, "title": titles, "para": NA, "amend": NA}
    return pd.DataFrame(frame | columns)


def bridged(calls, **options):
    return bridges_by_title(calls, **options).to_numpy().tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Right to peace", "RIGHT TO  PEACE."),
        ("Right to peace : resolution / adopted by the General Assembly", "Right to peace"),
        ("Right to peace : resolution / adopted by the Gen", "Right to peace: res"),
        ("Implementation of resolution 39/51", "Implementation of resolution 40/79B"),
        ("Review of 1985 (A/RES/40/11)", "Review of 1986 (A/C.1/41/L.6)"),
        ("Follow-up to the resolutions of (XXIII)", "Follow-up to the resolutions of (XXIV)"),
    ],
)
def test_titles_that_are_the_same(one, other):
    assert normalised_title(one) == normalised_title(other) != ""
    assert bridged(titled((40, one), (41, other))) == [[1, 2]]


def test_titles_that_are_not_the_same():
    assert bridged(titled((40, "Question of Antarctica"), (41, "Question of Cyprus"))) == []


def test_bridges_link_each_roll_call_to_the_next():
    peace = [(session, "Right to peace") for session in (40, 41, 43, 46)]
    assert bridged(titled(*peace)) == [[1, 2], [2, 3]]
    assert bridged(titled(*peace), within=1) == [[1, 2]]
    assert bridged(titled(*peace), within=3) == [[1, 2], [2, 3], [3, 4]]
    assert bridged(titled(*reversed(peace))) == [[4, 3], [3, 2]]


def test_a_title_that_a_session_has_twice_makes_no_bridge():
    assert bridged(titled((40, "Guam"), (40, "GUAM"), (41, "Guam"))) == []


def test_parts_and_roll_calls_without_title_make_no_bridge():
    rows = [(40, "Guam"), (41, "Guam"), (40, ""), (41, ""), (40, None), (41, "1985")]
    assert bridged(titled(*rows)) == [[1, 2]]
    assert bridged(titled(*rows, para=[NA, 1, NA, NA, NA, NA])) == []
    assert bridged(titled(*rows, amend=[1, 0, 0, 0, 0, 0])) == []


def test_a_part_beside_the_whole_text_does_not_make_its_title_ambiguous():
    assert bridged(titled((40, "Guam"), (41, "Guam"), (41, "Guam"), para=[0, 0, 1])) == [[1, 2]]


def test_the_text_that_names_the_resolution_is_read():
    calls = titled((71, NA), (72, NA), (73, NA), (74, NA)).drop(columns="title")
    calls["short"] = ["PEACE", "Right to peace : resolution / ", "Right to peace", "PEACE"]
    calls["descr"] = [
        "Right to peace",
        "A/72/251 72b - Human rights questions. - PEACE",
        NA,
        "Right to peace: resolution / adopted",
    ]
    assert bridged(calls) == [[1, 2], [2, 3], [3, 4]]


def test_bridges_do_not_look_at_votes():
    calls = titled((40, "Guam"), (41, "Guam"))
    assert bridged(calls.assign(yes=[100, 0], abstain=0, no=[0, 100])) == [[1, 2]]


@pytest.mark.parametrize("column", ["rcid", "session", "para", "amend", "title"])
def test_bridges_name_a_missing_column(column):
    with pytest.raises(SchemaError, match=f"rollcalls: lacks the column {column}"):
        bridges_by_title(titled((40, "Guam"), (41, "Guam")).drop(columns=column))
