"""Vote sets and bridges on the Assembly's record: sizes, what the days of the First Committee can tell, and
the filters of Bailey, Strezhnev and Voeten (2017)."""

import numpy as np
import pandas as pd
import pytest

from tropism.votes.title_bridges import bridges_by_title
from tropism.votes.vote_sets import FIRST_COMMITTEE_DAYS, bsv_votes, select_rollcalls

ISSUES = {
    "middle-east": "me",
    "nuclear": "nu",
    "disarmament": "di",
    "human-rights": "hr",
    "colonialism": "co",
    "economic": "ec",
}
USA, RUSSIA = "2", "365"


@pytest.fixture(scope="module")
def calls(shared_data):
    return pd.read_parquet(shared_data / "unga" / "rollcalls.parquet")


@pytest.fixture(scope="module")
def votes(shared_data):
    columns = ["rcid", "session", "ccode", "vote"]
    return pd.read_parquet(shared_data / "unga" / "votes.parquet", columns=columns)


@pytest.fixture(scope="module")
def listed(shared_data):
    """The published pairs, some of whose roll calls are not in the table."""
    pairs = pd.read_csv(shared_data / "unga" / "bsv_matches.csv")
    assert len(pairs) == 955
    return list(zip(pairs["rcid1"], pairs["rcid2"], strict=True))


def test_roll_calls_of_the_first_committees_days(calls):
    on_day = calls["date"].dt.date
    for day in FIRST_COMMITTEE_DAYS:
        found = calls[on_day == day.date]
        assert set(found["session"]) == {day.session}
        assert len(found) == day.rollcalls
        assert found["nu"].isna().all()
        # No other day of the session has as many.
        assert on_day[calls["session"] == day.session].value_counts().idxmax() == day.date


@pytest.mark.parametrize(("name", "flag", "of"), [("no-nuclear", "nu", 855), ("no-disarmament", "di", 1092)])
def test_without_an_issue(calls, name, flag, of):
    found = select_rollcalls(calls, name)
    flagged = found[found["session"] <= 74]
    assert len(flagged) == 6203 - of and not flagged["inferred"].any() and flagged[flag].eq(0).all()
    late = found[found["session"] > 74]
    assert len(late) == 348 - sum(day.rollcalls for day in FIRST_COMMITTEE_DAYS) == 220
    assert late["inferred"].all()


def test_what_the_like_day_holds_where_flags_and_dates_can_be_relied_on(calls):
    recent = calls[calls["session"].between(58, 74)]
    day = recent[recent["di"] == 1].groupby("session")["date"].agg(lambda dates: dates.mode()[0])
    block = recent["date"] == recent["session"].map(day)
    nuclear, disarmament = recent["nu"] == 1, recent["di"] == 1
    assert (nuclear.sum(), (nuclear & block).sum()) == (302, 295)
    assert (disarmament.sum(), (disarmament & block).sum()) == (380, 367)
    assert (block.sum(), ((nuclear | disarmament) & block).sum()) == (628, 455)


@pytest.mark.parametrize(("name", "flag"), ISSUES.items())
def test_issues_end_with_session_74(calls, name, flag, caplog):
    found = select_rollcalls(calls, name)
    assert len(found) == calls[flag].eq(1).sum()
    assert found["session"].max() == 74
    assert "left out 348 of 6551 roll calls (sessions 75-78)" in caplog.text


def test_important_votes_cover_sessions_38_to_72(calls, caplog):
    found = select_rollcalls(calls, "important")
    assert (len(found), found["session"].min(), found["session"].max()) == (411, 38, 72)
    assert "left out 953 of 6551" in caplog.text


def test_contested_and_its_default(calls, votes):
    found = select_rollcalls(calls, "contested")
    assert len(found) == 4209
    assert found["session"].value_counts().drop(19).min() == 24
    counted = select_rollcalls(calls.drop(columns=["yes", "abstain", "no"]), "contested", votes=votes)
    assert counted["rcid"].tolist() == found["rcid"].tolist()
    assert len(select_rollcalls(calls, "contested", minority=0.05)) == 5101
    assert len(select_rollcalls(calls, "contested", minority=0.2)) == 2844
    assert len(select_rollcalls(calls, "contested+no-nuclear")) == 3571


def test_poles_differ_between_washington_and_moscow(calls, votes):
    options = {"votes": votes, "poles": (USA, RUSSIA)}
    assert len(select_rollcalls(calls, "poles-differ", **options)) == 5058
    opposite = select_rollcalls(calls, "poles-differ", opposite=True, **options)
    assert len(opposite) == 3209


def test_without_parts(calls):
    found = select_rollcalls(calls, "no-parts")
    assert (len(found), found["inferred"].sum()) == (5406, 3319)
    assert found.loc[found["inferred"], "session"].min() == 40


def test_filters_of_bailey_strezhnev_and_voeten(calls, votes, listed):
    chosen = select_rollcalls(calls, "bsv")
    assert len(chosen) == 5814
    kept = bsv_votes(votes[votes["rcid"].isin(chosen["rcid"])])
    item = items(chosen["rcid"], listed)
    linked = kept["rcid"].map(item)
    divided = kept.groupby(linked)["vote"].transform("nunique") > 1
    assert divided.sum() == 797_473
    assert kept["rcid"][divided].nunique() == 5733
    assert linked[divided].nunique() == 4784


def items(rcid, pairs):
    """A roll call that stands for the chain of bridges to which each belongs."""
    leads_to = {}

    def last(each):
        while each in leads_to:
            each = leads_to[each]
        return each

    for earlier, later in pairs:
        if last(earlier) != last(later):
            leads_to[last(earlier)] = last(later)
    return pd.Series({each: last(each) for each in rcid})


def few(calls, pairs):
    """How many boundaries between sessions fewer than five items cross."""
    span = calls.set_index("rcid")["session"].groupby(items(calls["rcid"], pairs)).agg(["min", "max"])
    sessions = np.unique(calls["session"])[:-1]
    across = [((span["min"] <= each) & (span["max"] > each)).sum() for each in sessions]
    return len(across), sum(count < 5 for count in across)


def test_bridges_by_title_beside_the_published_list(calls, listed):
    bridges = bridges_by_title(calls)
    ours = list(zip(bridges["earlier"], bridges["later"], strict=True))
    known = set(calls["rcid"])
    assert sum(earlier in known and later in known for earlier, later in listed) == 947
    assert len(ours) == 1889
    assert len(set(ours) & set(listed)) == 625
    session = calls.set_index("rcid")["session"]
    gap = bridges["later"].map(session) - bridges["earlier"].map(session)
    assert gap.value_counts().to_dict() == {1: 1632, 2: 257}
    chosen = select_rollcalls(calls, "bsv")
    assert few(chosen, listed) == (72, 27)
    assert few(chosen, ours) == (72, 35)
    # Titles help where the list is long already: they mend one boundary, that after session 52.
    assert few(chosen, ours + listed) == (72, 26)
    whole = calls[calls["session"] != 19]
    assert [few(whole, pairs)[1] for pairs in (listed, ours, ours + listed)] == [31, 39, 30]


def test_no_bridge_by_title_before_session_24_or_after_74(calls):
    bridges = bridges_by_title(calls)
    session = calls.set_index("rcid")["session"]
    assert bridges["earlier"].map(session).min() == 24
    assert bridges["later"].map(session).max() == 74
