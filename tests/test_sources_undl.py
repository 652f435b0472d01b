"""Votes of the UN Digital Library: invented rows in the layout of its releases, and their faults."""

import datetime

import pytest

from provider_files import parse, refusal

HEADER = (
    "undl_id,ms_code,ms_name,ms_vote,date,session,resolution,draft,committee_report,meeting,title,agenda_title,"
    "subjects,vote_note,total_yes,total_no,total_abstentions,total_non_voting,total_ms,undl_link\n"
)


def vote(number, code, name, cast, date, session, counts=(1, 1, 1, 1)):
    yes, no, abstain, absent = counts
    return (
        f'{number},{code},"{name}",{cast},{date},{session},A/RES/1,,,A/PV.1,"Peace, and\nsecurity",PEACE,,,'
        f"{yes}.0,{no}.0,{abstain}.0,{absent}.0,{sum(counts)}.0,https://digitallibrary.un.org/record/{number}\n"
    )


def call(number, date, session, states, letters="YNAX"):
    counts = tuple(letters.count(letter) for letter in "YNAX")
    return "".join(
        vote(number, code, name, letter, date, session, counts)
        for (code, name), letter in zip(states, letters, strict=True)
    )


OLD = [
    ("USA", "UNITED STATES"),
    ("SUN", "USSR"),
    ("GER", "GERMANY, FEDERAL REPUBLIC OF"),
    ("PAK", "PAKISTAN"),
]
NEW = [("USA", "UNITED STATES"), ("RUS", "RUSSIAN FEDERATION"), ("BLR", "BELARUS"), ("PAK", "PAKISTAN")]
TEXT = HEADER + call(280001, "1980-01-14", "ES-6", OLD) + call(4025240, "2023-11-02", "78", NEW)


def test_one_row_per_state_and_roll_call_that_was_voted(file):
    votes = parse("undl", file("\ufeff" + TEXT))["un_votes"]
    assert [(v["rcid"], v["iso3"], v["year"], v["session"], v["vote"]) for v in votes] == [
        # The emergency session of January 1980 counts to session 34, which had opened in September 1979.
        (280001, "DEU", 1979, 34, 2),
        (280001, "SUN", 1979, 34, 3),
        (280001, "USA", 1979, 34, 1),
        (4025240, "BLR", 2023, 78, 2),
        (4025240, "RUS", 2023, 78, 3),
        (4025240, "USA", 2023, 78, 1),
    ]
    assert votes[0]["vote_date"] == datetime.date(1980, 1, 14)


def test_members_that_cast_no_vote_are_absent(file):
    tables = parse("undl", file(TEXT))
    absent = [(each["rcid"], each["iso3"], each["year"]) for each in tables["un_absences"]]
    assert absent == [(280001, "PAK", 1979), (4025240, "PAK", 2023)]
    assert [each["rcid"] for each in parse("undl", file(TEXT), years=(1979, 1979))["un_absences"]] == [280001]


def test_roll_calls_count_what_was_cast_and_keep_the_title(file):
    first, second = parse("undl", file(TEXT))["un_rollcalls"]
    assert (first["rcid"], first["yes"], first["abstain"], first["no"]) == (280001, 1, 1, 1)
    assert second["title"] == "Peace, and\nsecurity"
    # Whole resolutions only; issues are not marked.
    assert (first["para"], first["amend"], first["importantvote"], first["nu"]) == (False, False, None, None)


def test_years_are_those_of_sessions(file):
    tables = parse("undl", file(TEXT), years=(1979, 1979))
    assert {vote["rcid"] for vote in tables["un_votes"]} == {280001}
    assert [each["rcid"] for each in tables["un_rollcalls"]] == [280001]


@pytest.mark.parametrize(
    ("date", "session"),
    [("1946-02-01", 1), ("1956-11-04", 11), ("2022-03-02", 76), ("2023-10-27", 78)],
)
def test_special_sessions_count_to_the_regular_one_that_had_opened(file, date, session):
    states = [("USA", "UNITED STATES"), ("FRA", "FRANCE"), ("GBR", "UNITED KINGDOM"), ("PAK", "PAKISTAN")]
    votes = parse("undl", file(HEADER + call(300000, date, "ES-9", states)))["un_votes"]
    assert {vote["session"] for vote in votes} == {session}


def test_a_code_that_is_todays_means_the_state_of_its_day(file):
    states = [("YUG", "YUGOSLAVIA"), ("RUS", "USSR"), ("USA", "UNITED STATES"), ("PAK", "PAKISTAN")]
    for date, session, expected in (
        ("1985-11-01", "40", {"YUG", "SUN", "USA"}),
        ("2001-11-01", "56", {"SCG"}),
    ):
        votes = parse("undl", file(HEADER + call(300000, date, session, states)))["un_votes"]
        assert expected <= {vote["iso3"] for vote in votes}


def test_a_row_that_is_there_twice_counts_once(file, caplog):
    text = TEXT + vote(4025240, "USA", "UNITED STATES", "Y", "2023-11-02", "78")
    assert len(parse("undl", file(text))["un_votes"]) == 6
    assert "1 rows left out that repeat another" in caplog.text


def test_a_file_that_ends_in_a_roll_call_says_so(file, caplog):
    whole = HEADER + "".join(call(300000 + i, "2023-11-02", "78", NEW) for i in range(20))
    cut = whole[: whole.rindex("300019,RUS")]
    assert len(parse("undl", file(cut))["un_votes"]) == 58
    assert (
        "1 of 20 roll calls have other numbers of votes than their record says; first undl_id 300019"
        in caplog.text
    )


def test_votes_that_are_missing_throughout_are_refused(file):
    lines = [f"{call(300000 + i, '2023-11-02', '78', NEW)}" for i in range(20)]
    text = HEADER + "".join(lines).replace('RUSSIAN FEDERATION",N', 'RUSSIAN FEDERATION",X')
    problem = refusal("undl", file(text))
    assert "20 of 20 roll calls have other numbers of votes" in problem
    assert "[1, 0, 1] yes, no and abstentions, the record says [1, 1, 1]. Rows are missing" in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT.replace("ms_vote", "vote"), "lacks the column ms_vote"),
        (TEXT.replace('PAKISTAN",X', 'PAKISTAN",?'), "holds vote '?' in row 4"),
        (TEXT.replace("2023-11-02", "02/11/2023"), "holds date '02/11/2023' in row 5; expected an ISO date"),
        (TEXT.replace("4025240,", "9147,"), "undl_id 9147 in row 5 may be a roll call of Voeten's"),
        (
            TEXT.replace('SUN,"USSR', 'XSU,"ATLANTIS'),
            "first in row 2: ms_code XSU, ms_name ATLANTIS, date_year 1980",
        ),
        (
            TEXT + vote(4025240, "USA", "UNITED STATES", "N", "2023-11-02", "78"),
            "rows 5 and 9 contradict each other about rcid 4025240, iso3 USA",
        ),
        (TEXT.replace(",", "\t"), "columns are separated by tabs"),
        (TEXT[: TEXT.rindex(",PEACE")] + '"', "is not a whole CSV table"),
        ("<!DOCTYPE html><title>Are you a robot?</title>", "is a web page"),
        (TEXT.encode("utf-16"), "in UTF-16"),
    ],
    ids=["column", "vote", "date", "voeten", "state", "twice", "delimiter", "cut", "html", "utf16"],
)
def test_a_fault_of_the_votes_is_named(file, text, problem):
    assert problem in refusal("undl", file(text))
