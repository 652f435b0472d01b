"""Who joins whose sanctions, and who sanctions whom: invented years."""

import pytest

from panels import flagged, path
from tropism import sanctions

TABLE = flagged(
    sanctions.KINDS,
    ("USA", "RUS", 2014, "trade financial travel"),
    ("USA", "IRN", 2014, "trade"),
    ("USA", "PAK", 2014, "military"),
    ("PAK", "IRN", 2014, "other"),
    ("POL", "RUS", 2014, "travel"),
    ("POL", "IRN", 2014, "travel"),
    ("RUS", "USA", 2014, "travel"),
    ("USA", "IRN", 2015, "trade"),
    prefix="sanctions_",
)


def test_the_share_of_targets_joined_leaves_the_state_itself_out():
    joined = sanctions.joined_series(TABLE, ["USA", "RUS"])
    assert path(joined, "POL>USA") == pytest.approx({2014: 2 / 3, 2015: 0})
    assert path(joined, "PAK>USA") == pytest.approx({2014: 1 / 2, 2015: 0})  # it cannot join those on itself
    assert path(joined, "IND>USA") == {2014: 0, 2015: 0}
    assert (joined.block, joined.signal) == ("sanctions", "costly")


def test_a_year_without_targets_is_missing():
    joined = sanctions.joined_series(TABLE, ["RUS"])
    assert path(joined, "IND>RUS") == {2014: 0}
    # The only target of Russia is the United States itself.
    assert path(joined, "USA>RUS") == {}


def test_sanctions_between_two_count_whoever_imposed_more():
    between = sanctions.imposed_series(TABLE, ["USA", "RUS"])
    assert path(between, "RUS>USA") == {2014: -3, 2015: 0}
    assert path(between, "USA>RUS") == {2014: -3, 2015: 0}
    assert path(between, "PAK>USA") == {2014: -1, 2015: 0}
    assert path(between, "PAK>RUS") == {2014: 0, 2015: 0}


def test_targets_of_a_year():
    assert sanctions.targets(TABLE, "USA", 2014) == {"RUS", "IRN", "PAK"}
    assert sanctions.targets(TABLE, "CHN", 2014) == frozenset()
