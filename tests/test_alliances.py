"""Grades of obligation, direction, and both codings: invented treaties."""

import pyarrow as pa
import pytest

from panels import flagged, path
from tropism.alliances import commitment_series

KINDS = ("defense", "offense", "neutrality", "nonaggression", "consultation")


def atop(*rows):
    return flagged(KINDS, *rows)


TREATIES = atop(
    ("PAK", "USA", 2000, "consultation"),
    ("USA", "PAK", 2000, "defense consultation"),
    ("PAK", "USA", 2001, "nonaggression consultation"),
    ("PAK", "RUS", 2002, "offense"),
    ("IND", "CHN", 2000, ""),
)


def test_the_strongest_obligation_counts_and_no_row_is_none():
    found = commitment_series(TREATIES, ["RUS", "USA"])
    assert path(found, "PAK>USA") == {2000: 1, 2001: 2, 2002: 0}
    assert path(found, "PAK>RUS") == {2000: 0, 2001: 0, 2002: 3}
    assert path(found, "IND>USA") == {2000: 0, 2001: 0, 2002: 0}
    assert found.signal == "costly"


def test_what_the_pole_promised_is_another_question():
    found = commitment_series(TREATIES, ["USA"], promised="pole")
    assert path(found, "PAK>USA") == {2000: 3, 2001: 0, 2002: 0}


def test_an_undirected_table_ties_both():
    cow = pa.table(
        {
            "iso3_a": ["PAK", "RUS"],
            "iso3_b": ["USA", "USA"],
            "year": [2000, 2001],
            "defense": [False, True],
            "neutrality": [None, False],
            "nonaggression": [False, False],
            "entente": [True, True],
        }
    )
    found = commitment_series(cow, ["USA", "PAK"])
    assert path(found, "PAK>USA") == path(found, "USA>PAK") == {2000: 1, 2001: 0}
    assert path(found, "RUS>USA") == {2000: 0, 2001: 3}
    assert path(commitment_series(cow, ["USA"], promised="pole"), "RUS>USA") == {2000: 0, 2001: 3}


def test_a_state_that_was_none_yet_has_no_path_then():
    table = atop(("RUS", "USA", 1989, "defense"), ("RUS", "USA", 1993, "defense"))
    found = commitment_series(table, ["RUS", "SUN", "USA"])
    assert set(path(found, "PAK>SUN")) == {1989, 1990, 1991}
    assert set(path(found, "PAK>RUS")) == {1991, 1992, 1993}
    with pytest.raises(Exception, match="no unit"):
        found.path("RUS>RUS")
