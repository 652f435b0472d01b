"""The table of documented cases: hand-written, so that every rule of `docs/cases.md` is checked here."""

import csv
from itertools import combinations
from pathlib import Path

import pytest

from tropism.explanations.cases import CLASS_OF_LABEL
from tropism.states import find_state
from tropism.tables import read_table

ROOT = Path(__file__).parents[1]
CASES = read_table("cases").to_pylist()
# Labels were fixed before anything was scored. Whoever changes one needs a page, and a reason in the commit.
LABELS = {
    "realignment": "CHL1973 CSK1989 CUB1960 EGY1955 EGY1974 ETH1976 GEO2004 HUN1989 IDN1966 IRQ1958 MDG1972 "
    "MLI2021 NIC1979 PAK1963 POL1989 YUG1948",
    "exit": "IRN1979 MLT1971",
    "hedge": "BLR2014 EGY2013 PHL2016 SAU2015 VNM2013",
    "opportunism": "IND2022",
    "non-shift": "GRC2015 HUN2010 TUR2003",
    "trap": "IND1991 IND2015 PAK2015 PRT1974 TUR1965",
}
SHOWN_ONLY = {"IND2015", "PAK2015"}


@pytest.fixture(params=CASES, ids=lambda row: row["case"])
def case(request):
    return request.param


def test_labels_are_those_fixed_before_scoring():
    found = {label: {row["case"] for row in CASES if row["label"] == label} for label in CLASS_OF_LABEL}
    assert found == {label: set(names.split()) for label, names in LABELS.items()}


def test_a_case_is_named_after_its_state_and_a_year_of_it(case):
    state, year = case["case"][:3], int(case["case"][3:])
    assert state == case["iso3"]
    assert case["start_year"] <= year <= case["end_year"]


def test_an_exit_alone_has_no_pole_that_it_turned_to(case):
    assert (case["to_pole"] is None) == (case["label"] == "exit")


def test_state_and_poles_existed_throughout(case):
    codes = {case["iso3"], case["from_pole"], case["to_pole"]} - {None}
    assert len(codes) == 2 + (case["to_pole"] is not None)
    for code in codes:
        for year in (case["start_year"], case["end_year"]):
            # Moscow is one pole under two codes; a case that spans 1991 keeps the first.
            assert find_state(code).exists(year) or (code, year) == ("SUN", 1992)


def test_cases_of_one_state_do_not_overlap():
    for one, two in combinations(CASES, 2):
        if one["iso3"] == two["iso3"]:
            assert one["end_year"] < two["start_year"] or two["end_year"] < one["start_year"], (one, two)


def test_quotes_are_short_phrases_as_printed(case):
    words = case["quote"].split()
    assert 8 <= len(words) <= 40
    assert " ".join(words) == case["quote"]
    assert case["source_url"].startswith(("http://", "https://"))
    assert case["source_url"].isascii() and " " not in case["source_url"]


def test_a_page_is_quoted_with_the_same_words_for_all_its_cases():
    pages = {(row["source_url"], row["quote"]) for row in CASES}
    assert len(pages) == len({url for url, _ in pages})


def test_what_is_shown_only_says_why(case):
    assert (case["scored"] == "no") == (case["case"] in SHOWN_ONLY)
    assert (case["note"] or "").startswith("Shown only: ") == (case["scored"] == "no")
    assert not (case["iso3"] == "PAK" and case["end_year"] >= 2014 and case["scored"] == "yes")


def test_grades_are_lower_where_pages_disagree_or_say_little(case):
    note = case["note"] or ""
    if "Disputed: " in note:
        assert case["confidence"] != "A"
    assert note.startswith("Thin: ") == (case["confidence"] == "C")


def test_a_cluster_is_one_event_in_several_states():
    clusters = {}
    for row in CASES:
        if row["cluster"]:
            clusters.setdefault(row["cluster"], []).append(row)
    assert {name: {row["case"] for row in rows} for name, rows in clusters.items()} == {
        "EAST1989": {"POL1989", "HUN1989", "CSK1989"}
    }
    same = ("from_pole", "to_pole", "start_year", "end_year", "label", "scored")
    for rows in clusters.values():
        assert len({tuple(row[name] for name in same) for row in rows}) == 1


def test_the_file_is_what_the_package_reads():
    with (ROOT / "src/tropism/data/facts/cases.csv").open(encoding="utf-8", newline="") as file:
        assert [row["case"] for row in csv.DictReader(file)] == [row["case"] for row in CASES]
