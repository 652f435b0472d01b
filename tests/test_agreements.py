"""Agreements in force: depth, accessions, withdrawals, what is not coded: invented treaties."""

import pyarrow as pa
import pytest

from panels import path
from tropism import agreements
from tropism.errors import DataNotPresentError

TREATIES = [
    # agreement, base, name, entry type, signed, in force, depth, members
    ("1", "1", "Baltic Area", "base_treaty", 1990, 1992, 3.0, "EST LVA RUS"),
    ("1+1", "1", "Baltic Area Poland accession", "accession", 1995, None, None, "EST LVA POL RUS"),
    ("1_1", "1", "Baltic Area withdrawal Latvia", "withdrawal", 1997, None, None, "EST LVA POL RUS"),
    ("2", "2", "Estonia Russia", "base_treaty", 1996, 1996, 5.0, "EST RUS"),
    ("3", "3", "Estonia USA", "base_treaty", 1996, 1997, None, "EST USA"),
    ("4", "4", "Latvia USA", "base_treaty", 1996, None, 7.0, "LVA USA"),  # never entered into force
    ("5", "5", "Poland USA", "negotiation", 1996, 1996, 7.0, "POL USA"),
    ("6", "6", "Late", "base_treaty", 2000, 2003, 1.0, "CAN MEX"),
]


@pytest.fixture
def tables():
    names = (
        "agreement",
        "base_agreement",
        "name",
        "entry_type",
        "signature_year",
        "force_year",
        "depth_index",
    )
    treaties = pa.table({name: [row[i] for row in TREATIES] for i, name in enumerate(names)})
    pairs = [(row[0], iso3) for row in TREATIES for iso3 in row[7].split()]
    members = pa.table({"agreement": [pair[0] for pair in pairs], "iso3": [pair[1] for pair in pairs]})
    return treaties, members


def test_the_deepest_in_force_counts_to_the_latest_signature(tables):
    depth = agreements.depth_series(*tables, ["RUS", "USA"])
    estonia = path(depth, "EST>RUS")
    assert min(estonia) == 1992 and max(estonia) == 2000
    assert [estonia[year] for year in (1992, 1995, 1996, 2000)] == [3, 3, 5, 5]
    assert path(depth, "LVA>USA")[2000] == 0  # signed, never in force
    assert path(depth, "POL>USA")[2000] == 0  # only negotiated


def test_an_accession_binds_the_new_party_at_the_depth_of_the_base(tables):
    poland = path(agreements.depth_series(*tables, ["RUS"]), "POL>RUS")
    assert (poland[1994], poland[1995], poland[2000]) == (0, 3, 3)


def test_a_withdrawal_ends_the_ties_of_the_state_it_names(tables):
    depth = agreements.depth_series(*tables, ["RUS", "LVA"])
    assert (path(depth, "LVA>RUS")[1996], path(depth, "LVA>RUS")[1997]) == (3, 0)
    assert (path(depth, "EST>LVA")[1996], path(depth, "EST>LVA")[1997]) == (3, 0)
    assert path(depth, "EST>RUS")[1997] == 5


def test_an_unknown_depth_is_missing_where_nothing_else_is_in_force(tables):
    estonia = path(agreements.depth_series(*tables, ["USA"]), "EST>USA")
    assert estonia[1996] == 0 and 1997 not in estonia


def test_agreements_are_counted_once_however_often_amended(tables):
    counted = agreements.count_series(*tables, ["RUS", "USA"])
    assert [path(counted, "EST>RUS")[year] for year in (1992, 1996, 2000)] == [1, 2, 2]
    assert path(counted, "EST>USA")[1997] == 1


def test_without_any_depth_the_measure_says_what_is_lacking(tables):
    treaties, members = tables
    bare = treaties.set_column(6, "depth_index", pa.nulls(treaties.num_rows, pa.float32()))
    with pytest.raises(DataNotPresentError, match="desta_indices_version"):
        agreements.depth_series(bare, members, ["RUS"])
    assert path(agreements.count_series(bare, members, ["RUS"]), "EST>RUS")[1996] == 2


@pytest.mark.parametrize(
    ("title", "members", "who"),
    [
        ("CEFTA withdrawal Czech Republic Hungary", "CZE HUN SVN", {"CZE", "HUN"}),
        ("Union withdrawal Equatorial Guinea", "GIN GNQ", {"GNQ"}),
        ("Union withdrawal", "GIN GNQ", {"GIN", "GNQ"}),
        ("EC Lisbon withdrawal UK", "GBR FRA", {"GBR"}),
    ],
)
def test_who_withdraws_stands_in_the_title(title, members, who):
    assert agreements.withdrawing(title, frozenset(members.split())) == who
