"""What the commands hand to a fit: files, the stored UN votes, and the roll calls of a set."""

import numpy as np
import pandas as pd
import pytest

from tropism.errors import DataNotPresentError, SchemaError
from tropism.tables import add_table
from tropism.votes import ballots
from tropism.votes.inputs import find_units, gather

VOTES = pd.DataFrame(
    [(unit, rollcall, 1 + rollcall // 6, 1990 + rollcall // 6, 1 + (rollcall + i) % 3)
     for i, unit in enumerate(("007", "AAA", "BBB", "CCC")) for rollcall in range(12)],
    columns=["unit", "rollcall", "session", "year", "vote"],
)  # fmt: skip
LISTED = VOTES[["rollcall", "session", "year"]].drop_duplicates().assign(nu=lambda t: t["rollcall"] % 2)


@pytest.fixture
def write(tmp_path):
    def write(table, name="table.csv"):
        file = tmp_path / name
        table.to_csv(file, index=False) if file.suffix == ".csv" else table.to_parquet(file)
        return file

    return write


@pytest.fixture
def stored(tmp_path, monkeypatch, write):
    """A store with a few votes of four states on twelve roll calls."""
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    names = {"007": "RUS", "AAA": "USA", "BBB": "SUN", "CCC": "PAK"}
    votes = VOTES.assign(iso3=VOTES["unit"].map(names), rcid=VOTES["rollcall"] + 1, vote_date="1990-10-01")
    # As in the record: one of the two holds the seat at a time.
    votes = votes[~((votes["iso3"] == "SUN") & (votes["session"] == 2))]
    votes = votes[~((votes["iso3"] == "RUS") & (votes["session"] == 1))]
    columns = ["rcid", "iso3", "year", "session", "vote_date", "vote"]
    add_table("un_votes", write(votes[columns], "votes.csv"), source="made up", as_of="1991-12-31")
    return votes


def numbers(found):
    return sorted(found["rollcalls"].iloc[:, 0].tolist())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_gives_the_votes_of_the_table_it_was_written_from(write, kind):
    found = gather(write(VOTES, f"votes.{kind}"))
    assert {name for name, table in found.items() if table is None} == {"rollcalls", "bridges", "reference"}
    one, two = ballots.read(found["votes"]), ballots.read(VOTES)
    assert one.units == two.units == ("007", "AAA", "BBB", "CCC")
    for name in ("unit", "rollcall", "vote", "rollcalls", "rollcall_session"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_sets_are_chosen_from_what_votes_tell_or_from_a_table_of_roll_calls(write):
    votes, listed = write(VOTES), write(LISTED, "rollcalls.csv")
    assert numbers(gather(votes, since=1991)) == list(range(6, 12))
    assert numbers(gather(votes, poles=("AAA", "CCC"))) == list(range(12))
    assert numbers(gather(votes, vote_set="contested", since=1991)) == list(range(6, 12))
    assert numbers(gather(votes, listed, vote_set="nuclear")) == [1, 3, 5, 7, 9, 11]
    assert numbers(gather(votes, listed, vote_set="no-nuclear + since", since=1991)) == [6, 8, 10]
    # Flags may stand beside the votes.
    assert numbers(gather(write(VOTES.assign(nu=VOTES["rollcall"] % 2)), vote_set="nuclear")) == [
        1, 3, 5, 7, 9, 11
    ]  # fmt: skip
    with pytest.raises(SchemaError, match=r"needs the column nu, which these votes .* --rollcalls"):
        gather(write(VOTES), vote_set="nuclear")
    with pytest.raises(SchemaError, match=r"'nucular' is not known. Did you mean nuclear"):
        gather(write(VOTES), vote_set="nucular")


def test_a_date_stays_one(write):
    days = pd.to_datetime("1989-12-31") + pd.to_timedelta(LISTED["rollcall"], unit="D")
    listed = LISTED.assign(date=days, para=1, amend=0)
    for kind in ("csv", "parquet"):
        found = gather(write(VOTES), write(listed, f"rollcalls.{kind}"), vote_set="bsv")
        # The set has no parts of texts after 1989, and only the first of these was held then.
        assert numbers(found) == [0]


def test_roll_calls_have_one_name_in_every_table(write):
    # Numbers in one file, but not in the other: text in both, or nothing would be found.
    votes = write(VOTES[VOTES["rollcall"] < 8])
    mixed = LISTED.assign(rollcall=[*range(8), *"abcd"])
    found = gather(votes, write(mixed, "rollcalls.csv"))
    assert ballots.read(found["votes"], found["rollcalls"]).rollcalls.tolist() == [str(i) for i in range(8)]
    pairs = write(pd.DataFrame({"earlier": [1], "later": [7]}), "bridges.csv")
    for rollcalls in (None, write(mixed, "rollcalls.csv")):
        found = gather(votes, rollcalls, pairs)
        assert ballots.link(ballots.read(found["votes"]), found["bridges"]).bridged == 2


def test_stored_votes_come_with_their_source_and_poles_with_their_seats(stored):
    found = gather(poles=("United States", "Russia"))
    assert [source.source for source in found["provenance"]] == ["made up"]
    # With the Soviet Union's votes of session 1: both differ from the United States throughout.
    assert numbers(found) == list(range(1, 13))
    with pytest.raises(DataNotPresentError, match=r"un_rollcalls .*tropism data add un_rollcalls"):
        gather(vote_set="nuclear")
    assert numbers(gather(since=1991)) == list(range(7, 13))


def test_without_stored_votes_the_message_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    with pytest.raises(DataNotPresentError, match=r"un_votes .*tropism data fetch unga"):
        gather()


def test_units_are_found_by_their_names(stored):
    assert find_units(stored[["iso3"]], ["Pakistan", "USA"], states=True) == ["PAK", "USA"]
    assert find_units(VOTES, ["007"], states=False) == ["007"]
    with pytest.raises(SchemaError, match=r"AAB casts no vote .* Did you mean AAA"):
        find_units(VOTES, ["AAB"], states=False)
    with pytest.raises(SchemaError, match="India casts no vote"):
        find_units(stored[["iso3"]], ["India"], states=True)
