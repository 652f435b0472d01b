"""Codes, names and years of states; the cases are those that other converters get wrong."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import date
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tropism.errors import UnknownStateError
from tropism.states import (
    LINEAGE,
    Spell,
    State,
    find_state,
    from_comtrade,
    from_cow,
    from_gw,
    from_m49,
    lineage,
    states,
)

LAST_YEAR = 2026


def rows() -> list[dict[str, str]]:
    text = files("tropism.data").joinpath("states.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def everything() -> list[State]:
    return [find_state(row["iso3"], territories=True) for row in rows()]


def ranges(cell: str) -> list[tuple[int, int, int]]:
    """``"365@1922..1991"`` as ``[(365, 1922, 1991)]``."""
    found = []
    for item in filter(None, cell.split(";")):
        code, _, years = item.partition("@")
        first, _, last = years.partition("..")
        found.append((int(code), int(first or 1816), int(last or LAST_YEAR)))
    return found


# ------------------------------------------------------------------ the file


def test_the_table_is_sorted_and_has_one_row_per_code():
    codes = [row["iso3"] for row in rows()]
    assert codes == sorted(set(codes))
    assert all(len(code) == 3 and code.isupper() for code in codes)


def test_cells_are_clean():
    for row in rows():
        for column, cell in row.items():
            assert cell == " ".join(cell.split()), (row["iso3"], column)
            assert "" not in cell.split(";") or not cell, (row["iso3"], column)
        assert row["kind"] in ("state", "territory", "area")
        assert bool(row["spells"]) == (row["kind"] == "state"), row["iso3"]


def test_spells_are_in_order_and_apart():
    for state in everything():
        for spells in (state.spells, state.un_member):
            assert all(spell.end is not None for spell in spells[:-1]), state.iso3
            assert all(spell.end is None or spell.start < spell.end for spell in spells), state.iso3
            assert all(a.end < b.start for a, b in pairwise(spells)), state.iso3


@pytest.mark.parametrize("column", ["cow", "gw", "m49", "comtrade"])
def test_a_code_means_one_state_in_any_year(column):
    taken: dict[tuple[int, int], str] = {}
    for row in rows():
        for code, first, last in ranges(row[column]):
            for year in range(first, last + 1):
                assert taken.setdefault((code, year), row["iso3"]) == row["iso3"], (code, year)


def test_predecessors_and_successors_mirror_each_other():
    table = {state.iso3: state for state in everything()}
    for state in table.values():
        assert all(state.iso3 in table[other].successors for other in state.predecessors), state.iso3
        assert all(state.iso3 in table[other].predecessors for other in state.successors), state.iso3


def test_the_united_nations_have_193_members():
    members = [state.iso3 for state in states() if state.un_member and state.un_member[-1].end is None]
    assert len(members) == 193
    assert {"TWN", "XKX", "PSE", "VAT"}.isdisjoint(members)
    # 51 founding members, with China's seat held by what is TWN here.
    founders = [state for state in states() if any(spell.covers(1945) for spell in state.un_member)]
    assert len(founders) == 51


# ------------------------------------------------------------------ who existed when


@pytest.mark.parametrize(
    ("iso3", "inside", "outside"),
    [
        ("SYR", [1947, 1958, 1961, 2020], [1959, 1960]),
        ("DDR", [1949, 1989, 1990], [1948, 1991]),
        ("SUN", [1945, 1991], [1992, 2022]),
        ("CSK", [1945, 1992], [1993]),
        ("CZE", [1993, 2023], [1992]),
        ("YUG", [1945, 1992], [1993, 2002]),
        ("SCG", [1992, 2002, 2006], [1991, 2007]),
        ("SRB", [2006, 2023], [1945, 1992, 2005]),
        ("EAZ", [1963, 1964], [1962, 1965]),
        ("YMD", [1967, 1990], [1966, 1991]),
        ("RHO", [1965, 1979], [1980]),
        ("ZWE", [1980], [1979]),
        ("UKR", [1991], [1960]),
        ("SSD", [2011], [2010]),
    ],
)
def test_exists(iso3, inside, outside):
    state = find_state(iso3)
    assert all(state.exists(year) for year in inside)
    assert not any(state.exists(year) for year in outside)


def test_first_and_last_year():
    assert (find_state("SUN").first_year, find_state("SUN").last_year) == (1922, 1991)
    assert find_state("PAK").last_year is None
    assert find_state("HKG", territories=True).first_year is None


def test_states_of_a_year():
    assert {"SUN", "YUG", "CSK", "DDR", "DEU", "YAR", "YMD"} <= {state.iso3 for state in states(1985)}
    assert {"SUN", "YUG", "CSK", "DDR", "YAR", "YMD", "SCG"}.isdisjoint(state.iso3 for state in states(2015))
    # 193 members, Taiwan, Kosovo, Palestine and the Holy See.
    assert len(states(2020)) == 197


def test_territories_and_areas_are_no_states():
    assert {"HKG", "ABW", "ZA1", "BLX"}.isdisjoint(state.iso3 for state in states())


def test_a_spell_prints_as_in_the_table():
    assert str(Spell(date(1946, 4, 17), date(1958, 2, 1))) == "1946-04-17..1958-02-01"
    assert str(Spell(date(1961, 9, 29))) == "1961-09-29.."


# ------------------------------------------------------------------ codes


@pytest.mark.parametrize(
    ("code", "year", "iso3"),
    [
        (2, 1990, "USA"),
        (365, 1946, "SUN"),
        (365, 1991, "SUN"),
        (365, 1992, "RUS"),
        (345, 1900, "SRB"),
        (345, 1992, "YUG"),
        (345, 1993, "SCG"),
        (345, 2005, "SCG"),
        (345, 2006, "SRB"),
        (255, 1938, "DEU"),
        (255, 1991, "DEU"),
        (260, 1990, "DEU"),
        (265, 1989, "DDR"),
        (315, 1992, "CSK"),
        (316, 1993, "CZE"),
        (317, 1993, "SVK"),
        (678, 1990, "YAR"),
        (679, 1991, "YEM"),
        (680, 1989, "YMD"),
        (710, 1971, "CHN"),
        (713, 1946, "TWN"),
        (816, 1960, "VNM"),
        (816, 1977, "VNM"),
        (817, 1960, "VDR"),
        (510, 1963, "TZA"),
        (511, 1963, "EAZ"),
        (552, 1970, "RHO"),
        (552, 1980, "ZWE"),
        (347, 2010, "XKX"),
        (369, 1946, "UKR"),
        (731, 1991, "PRK"),
        (732, 1991, "KOR"),
        (946, 2000, "KIR"),
        (970, 2000, "NRU"),
    ],
)
def test_from_cow(code, year, iso3):
    assert from_cow(code, year).iso3 == iso3


@pytest.mark.parametrize(
    ("code", "year", "iso3"),
    [
        (316, 2000, "CZE"),
        (315, 1980, "CSK"),
        (816, 2000, "VNM"),
        (817, 1970, "VDR"),
        (678, 1985, "YAR"),
        (678, 2000, "YEM"),
        (680, 1980, "YMD"),
        (265, 1980, "DDR"),
        (260, 2000, "DEU"),
        (511, 1963, "EAZ"),
        (340, 2010, "SRB"),
        (345, 1980, "YUG"),
        (345, 2000, "SCG"),
        (365, 1991, "SUN"),
        (365, 1992, "RUS"),
        (970, 2000, "KIR"),
        (971, 2000, "NRU"),
    ],
)
def test_from_gw(code, year, iso3):
    assert from_gw(code, year).iso3 == iso3


@pytest.mark.parametrize(
    ("code", "iso3"),
    [
        (840, "USA"),
        (158, "TWN"),
        (516, "NAM"),
        (810, "SUN"),
        (200, "CSK"),
        (720, "YMD"),
        (887, "YEM"),
        (891, "SCG"),
        (890, "YUG"),
        (278, "DDR"),
        (280, "DEU"),
        (736, "SDN"),
        (716, "ZWE"),
        (344, "HKG"),
    ],
)
def test_from_m49(code, iso3):
    assert from_m49(code).iso3 == iso3


@pytest.mark.parametrize(
    ("code", "iso3"),
    [
        (842, "USA"),
        (841, "USA"),
        (840, "USA"),
        (251, "FRA"),
        (380, "ITA"),
        (381, "ITA"),
        (699, "IND"),
        (757, "CHE"),
        (579, "NOR"),
        (490, "TWN"),
        (158, "TWN"),
        (516, "NAM"),
        (736, "SDN"),
        (729, "SDN"),
        (891, "SCG"),
        (688, "SRB"),
        (890, "YUG"),
        (810, "SUN"),
        (643, "RUS"),
        (278, "DDR"),
        (280, "DEU"),
        (276, "DEU"),
        (200, "CSK"),
        (720, "YMD"),
        (886, "YAR"),
        (868, "VDR"),
        (56, "BEL"),
        (442, "LUX"),
        (530, "ANT"),
    ],
)
def test_from_comtrade(code, iso3):
    assert from_comtrade(code).iso3 == iso3


@pytest.mark.parametrize(("code", "iso3"), [(58, "BLX"), (711, "ZA1"), (697, "R20"), (849, "PUS")])
def test_what_reported_jointly_is_no_state(code, iso3):
    found = from_comtrade(code)
    assert (found.iso3, found.kind, found.exists(1997)) == (iso3, "area", False)


def test_a_trade_code_ends_a_year_after_its_state():
    assert from_comtrade(810, 1992).iso3 == "SUN"
    with pytest.raises(UnknownStateError, match=r"810 in 1993.*Soviet Union \(SUN\).*ended in 1991.*RUS"):
        from_comtrade(810, 1993)


def test_codes_lead_back_to_their_state():
    for state in everything():
        year = state.last_year or 2020
        if state.m49:
            assert from_m49(state.m49) is state
        assert all(from_comtrade(code) is state for code in state.comtrade)
        # 1992 is the last year of 345 as YUG, though SCG had begun; SCG's own last year is already SRB's.
        year = 2005 if state.iso3 == "SCG" else year
        assert not state.gw or state in [from_gw(code, year) for code in state.gw], state.iso3
        assert not state.cow or state in [from_cow(code, year) for code in state.cow], state.iso3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_cow(678, 2000), r"COW code 678 in 2000: no state had it then; it means YAR -1990"),
        (lambda: from_cow(3, 2000), r"COW code 3 in 2000: no state has it.*drop such rows"),
        (lambda: from_cow(245, 1850), r"ended before 1945"),
        (lambda: from_cow(276, 2000), r"M49 code of DEU.*check which codes the table uses"),
        (lambda: from_cow(365, 46), r"46 is no year.*session \+ 1945"),
        (lambda: from_gw(345, 2010), r"Gleditsch-Ward code 345 in 2010.*SCG 1993-2006"),
        (lambda: from_m49(0), r"M49 code 0"),
        (lambda: from_comtrade(0), r"Comtrade code 0.*total"),
    ],
)
def test_an_unknown_code_says_what_it_may_be(call, message):
    with pytest.raises(UnknownStateError, match=message):
        call()


def test_every_code_of_the_embedded_tables_is_known():
    folder = files("tropism.data").joinpath("embedded")
    keys = {"iso3", "exporter", "importer", "iso3_a", "iso3_b"}
    for path in sorted(Path(str(folder)).glob("*.parquet")):
        for column in keys & set(pq.read_schema(path).names):
            for iso3 in pq.read_table(path, columns=[column])[column].unique().to_pylist():
                assert find_state(iso3, territories=True).iso3 == iso3, (path.name, column)


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("text", "iso3"),
    [
        ("PAK", "PAK"),
        ("pak", "PAK"),
        (" Pakistan ", "PAK"),
        ("NA", "NAM"),
        ("us", "USA"),
        ("U.S.A.", "USA"),
        ("the United States of America", "USA"),
        ("UK", "GBR"),
        ("Britain", "GBR"),
        ("UAE", "ARE"),
        ("Russia", "RUS"),
        ("Russian Federation", "RUS"),
        ("USSR", "SUN"),
        ("Soviet Union", "SUN"),
        ("Burma", "MMR"),
        ("Ivory Coast", "CIV"),
        ("Côte d’Ivoire", "CIV"),
        ("cote divoire", "CIV"),
        ("Côte d\x92Ivoire", "CIV"),
        ("Cabo Verde", "CPV"),
        ("Cape Verde", "CPV"),
        ("Swaziland", "SWZ"),
        ("Macedonia", "MKD"),
        ("Türkiye", "TUR"),
        ("TÜRKİYE", "TUR"),
        ("Turkey", "TUR"),
        ("DR Congo", "COD"),
        ("Congo-Kinshasa", "COD"),
        ("Congo - Brazzaville", "COG"),
        ("Congo, Dem. Rep.", "COD"),
        ("Congo, Rep.", "COG"),
        ("South Korea", "KOR"),
        ("Korea, Rep. of", "KOR"),
        ("Korea, Dem. People's Rep. of", "PRK"),
        ("East Germany", "DDR"),
        ("German Democratic Republic", "DDR"),
        ("West Germany", "DEU"),
        ("German Federal Republic", "DEU"),
        ("Germany", "DEU"),
        ("South Vietnam", "VDR"),
        ("Republic of Vietnam", "VDR"),
        ("North Vietnam", "VNM"),
        ("South Yemen", "YMD"),
        ("Yemen Arab Republic", "YAR"),
        ("Czechoslovakia", "CSK"),
        ("Rhodesia", "RHO"),
        ("Zanzibar", "EAZ"),
        ("Serbia and Montenegro", "SCG"),
        ("United Arab Republic", "EGY"),
        ("Guinea", "GIN"),
        ("Guinea Bissau", "GNB"),
        ("St. Vincent & Grenadines", "VCT"),
        ("Other Asia, nes", "TWN"),
        ("Republic of China", "TWN"),
        ("People's Republic of China", "CHN"),
        ("Micronesia (Federated States of)", "FSM"),
        ("Bosnia-Herzegovina", "BIH"),
        ("Fmr Fed. Rep. of Germany", "DEU"),
        ("Fmr Dem. Rep. of Germany", "DDR"),
        # ISO 3166 before the renaming, as in older tables.
        ("ROM", "ROU"),
        ("ZAR", "COD"),
        ("TMP", "TLS"),
    ],
)
def test_find_state(text, iso3):
    assert find_state(text).iso3 == iso3


def test_every_code_name_and_alias_is_found():
    shared = {"Korea", "Congo", "Yemen", "Vietnam", "Yugoslavia", "Virgin Islands"}
    for state in everything():
        texts = [state.iso3, state.name, *(set(state.aliases) - shared)]
        if state.iso2 and state.iso2 != "CS":  # Czechoslovakia's, then Serbia and Montenegro's
            texts.append(state.iso2)
        assert all(find_state(text, territories=True) is state for text in texts), state.iso3


@pytest.mark.parametrize(
    ("text", "candidates"),
    [("Korea", ["KOR", "PRK"]), ("Congo", ["COD", "COG"]), ("CS", ["CSK", "SCG"])],
)
def test_an_ambiguous_name_lists_its_states(text, candidates):
    with pytest.raises(UnknownStateError, match="ambiguous") as error:
        find_state(text)
    assert all(iso3 in str(error.value) for iso3 in candidates)


def test_a_name_of_several_states_is_today_s_unless_the_year_says_otherwise():
    assert find_state("Yemen").iso3 == "YEM"
    assert find_state("Yemen", year=2000).iso3 == "YEM"
    assert find_state("Yemen", year=1950).iso3 == "YAR"
    with pytest.raises(UnknownStateError, match=r"ambiguous in 1980: YAR North Yemen.*YMD South Yemen"):
        find_state("Yemen", year=1980)
    with pytest.raises(UnknownStateError, match=r"ambiguous in 1960.*VDR.*VNM"):
        find_state("Vietnam", year=1960)
    assert find_state("Vietnam", year=1980).iso3 == "VNM"
    assert find_state("Yugoslavia", year=1980).iso3 == "YUG"
    assert find_state("Yugoslavia", year=2001).iso3 == "SCG"


def test_a_state_outside_its_years_is_refused_with_the_one_that_was_there():
    with pytest.raises(UnknownStateError, match="In 1980 there was SUN Soviet Union"):
        find_state("Russia", year=1980)
    with pytest.raises(UnknownStateError, match="In 1980 there was CSK"):
        find_state("CZE", year=1980)
    # A seat in the United Nations counts.
    assert find_state("Ukraine", year=1960).iso3 == "UKR"


@pytest.mark.parametrize(
    ("text", "near"),
    [("Pakstan", "Pakistan (PAK)"), ("Soviet Unoin", "Soviet Union (SUN)"), ("Saudi", "Saudi Arabia (SAU)")],
)
def test_an_unknown_name_suggests_the_nearest(text, near):
    with pytest.raises(UnknownStateError) as error:
        find_state(text)
    assert near in str(error.value)
    assert "ISO3" in str(error.value)


@pytest.mark.parametrize("text", ["", "  ", "EU", "Papal States", "Transjordan", "Austria-Hungary", "World"])
def test_what_is_no_state_of_the_table_is_not_guessed(text):
    with pytest.raises(UnknownStateError, match="no known state"):
        find_state(text)


def test_a_territory_is_refused_unless_asked_for():
    with pytest.raises(UnknownStateError, match=r"Hong Kong \(HKG\), a territory and no state"):
        find_state("Hong Kong")
    with pytest.raises(UnknownStateError, match="an area and no state"):
        find_state("Belgium-Luxembourg")
    assert find_state("Macau", territories=True).iso3 == "MAC"


# ------------------------------------------------------------------ lineage


def test_lineage_holds_seats_of_the_united_nations_and_nothing_else():
    assert {(link.successor, link.predecessor, link.last_year) for link in LINEAGE} == {
        ("RUS", "SUN", 1991),
        ("SRB", "SCG", 2005),
    }
    for link in LINEAGE:
        successor, predecessor = find_state(link.successor), find_state(link.predecessor)
        assert link.predecessor in successor.predecessors
        assert link.basis
        # The seat passes without a gap: that is what sets these apart from admissions.
        assert (successor.un_member[0].start - predecessor.un_member[-1].end).days == 1


def test_lineage_agrees_with_the_years_of_the_code():
    assert from_cow(365, 1991).iso3 == LINEAGE[0].predecessor
    assert from_cow(365, 1992).iso3 == LINEAGE[0].successor
    assert from_cow(345, 2005).iso3 == LINEAGE[1].predecessor
    assert from_cow(345, 2006).iso3 == LINEAGE[1].successor


@pytest.mark.parametrize(
    ("iso3", "predecessors"),
    [("RUS", ["SUN"]), ("SRB", ["SCG"]), ("SCG", []), ("CZE", []), ("YEM", []), ("DEU", [])],
)
def test_only_a_continued_seat_has_a_lineage(iso3, predecessors):
    assert [link.predecessor for link in lineage(iso3)] == predecessors


def test_the_import_is_light():
    code = "import sys, tropism.states; print({'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
