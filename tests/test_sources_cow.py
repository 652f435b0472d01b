"""Alliances, organisations and trade of the Correlates of War, and ATOP.

Rows are invented; columns are those of the official layouts.
"""

import logging

import pytest

from provider_files import binary, pack, parse, refusal, write

GIBLER = (
    "version4id,ccode1,state_name1,ccode2,state_name2,dyad_st_day,dyad_st_month,dyad_st_year,dyad_end_day,"
    "dyad_end_month,dyad_end_year,left_censor,right_censor,defense,neutrality,nonaggression,entente,year,version\n"
    "200,2,United States of America,770,Pakistan,8,9,1954,,,,0,1,1,0,0,0,1954,4.1\n"
    "201,770,Pakistan,2,United States of America,8,9,1954,,,,0,1,0,0,0,1,1954,4.1\n"
    "202,2,United States of America,666,Israel,1,1,1981,,,,0,1,0,0,0,1,0,4.1\n"
    "203,300,Austria-Hungary,365,Russia,1,1,1900,,,,0,0,1,0,0,0,1900,4.1\n"
    "204,255,Germany,260,German Federal Republic,1,1,1990,,,,0,1,1,0,0,0,1990,4.1\n"
)
#: What else is in the archive of the Formal Alliances: pairs without years, members with and without.
SPELLS = (
    "version4id,ccode1,state_name1,ccode2,state_name2,dyad_st_day,dyad_st_month,dyad_st_year,dyad_end_day,"
    "dyad_end_month,dyad_end_year,left_censor,right_censor,defense,neutrality,nonaggression,entente,version\n"
    "200,2,United States of America,710,China,8,9,1954,,,,0,1,1,0,0,0,4.1\n"
)
MEMBERS = (
    "version4id,ccode,state_name,ss_type,mem_st_year,mem_end_year,defense,neutrality,nonaggression,entente{}\n"
    "200,2,United States of America,Type I,1954,,1,0,0,0{}\n"
)


def test_formal_alliances_join_the_treaties_of_a_pair(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    found = parse("gibler", write(tmp_path / "alliance_v4.1_by_dyad_yearly.csv", GIBLER))["cow_alliances"]
    assert found == [
        {"iso3_a": "PAK", "iso3_b": "USA", "year": 1954}
        | {"defense": True, "neutrality": False, "nonaggression": False, "entente": True}
    ]
    assert "1 rows left out, without a year" in caplog.text
    assert "1 left out, of no known state: 300 (1)" in caplog.text


def test_formal_alliances_are_found_among_the_others_in_their_archive(tmp_path):
    members = {
        "version4.1_csv/alliance_v4.1_by_directed.csv": SPELLS,
        "version4.1_csv/alliance_v4.1_by_directed_yearly.csv": GIBLER,
        "version4.1_csv/alliance_v4.1_by_dyad.csv": SPELLS,
        "version4.1_csv/alliance_v4.1_by_dyad_yearly.csv": GIBLER,
        "version4.1_csv/alliance_v4.1_by_member.csv": MEMBERS.format("", ""),
        "version4.1_csv/alliance_v4.1_by_member_yearly.csv": MEMBERS.format(",year", ",1954"),
    }
    found = parse("gibler", pack(tmp_path / "version4.1_csv.zip", members))["cow_alliances"]
    assert [(row["iso3_a"], row["iso3_b"]) for row in found] == [("PAK", "USA")]


def test_alliances_without_years_are_refused(tmp_path):
    problem = refusal("gibler", write(tmp_path / "alliance_v4.1_by_dyad.csv", SPELLS))
    assert "Give alliance_v4.1_by_dyad_yearly.csv" in problem


def test_a_copy_of_formal_alliances_that_has_each_pair_both_ways(tmp_path):
    columns = {
        "ccode1": [2, 770], "ccode2": [770, 2], "year": [1954, 1954],
        "cow_defense": [0, 0], "cow_neutral": [0, 0], "cow_nonagg": [1, 1], "cow_entente": [0, 0],
    }  # fmt: skip
    found = parse("gibler", binary(tmp_path / "copy.parquet", columns))["cow_alliances"]
    assert [(row["iso3_a"], row["iso3_b"], row["nonaggression"]) for row in found] == [("PAK", "USA", True)]
    columns["nonagg"] = columns.pop("cow_nonagg")
    assert "lacks the column cow_nonagg" in refusal("gibler", binary(tmp_path / "copy.parquet", columns))


@pytest.mark.parametrize("column", ["ccode2", "nonaggression", "entente"])
def test_a_renamed_column_of_formal_alliances_is_named(tmp_path, column):
    path = write(tmp_path / "a.csv", GIBLER.replace(f",{column},", f",{column}_new,"))
    assert f"lacks the column {column};" in refusal("gibler", path)


ATOP = (
    "ddyad,stateA,stateB,year,atopally,defense,offense,neutral,nonagg,consul,shareob\n"
    "2000770,2,770,1960,1,1,0,0,0,1,0\n"
    "770000002,770,2,1960,1,0,0,0,1,1,0\n"
    "770000365,770,365,1960,0,0,0,0,0,0,0\n"
)


def test_promises_are_directed_and_pairs_without_any_have_no_row(tmp_path):
    found = parse("atop", write(tmp_path / "atop5_1ddyr.csv", ATOP), years=(1950, 1970))["atop_alliances"]
    rows = {(row["sender"], row["target"]): row for row in found}
    assert set(rows) == {("USA", "PAK"), ("PAK", "USA")}
    assert rows["USA", "PAK"]["defense"]
    assert not rows["PAK", "USA"]["defense"]
    assert parse("atop", tmp_path / "atop5_1ddyr.csv", years=(1961, 1970))["atop_alliances"] == []


def test_directed_promises_are_found_among_the_other_units_in_their_archive(tmp_path):
    obligations, values = "defense,offense,neutral,nonagg,consul", "1,0,0,0,1"
    members = {
        "a": f"atopid,begyr,endyr,{obligations}\n1,1954,0,{values}\n",
        "sy": f"state,year,number,{obligations}\n2,1960,1,{values}\n",
        "dy": f"dyad,mem1,mem2,year,atopally,{obligations}\n2710,2,710,1960,1,{values}\n",
        "ddyr": ATOP,
    }
    members = {f"ATOP 5.1 (.csv)/atop5_1{unit}.csv": text for unit, text in members.items()}
    found = parse("atop", pack(tmp_path / "atop.zip", members))["atop_alliances"]
    assert {(row["sender"], row["target"]) for row in found} == {("USA", "PAK"), ("PAK", "USA")}


def test_the_two_codes_of_germany_are_one_state(tmp_path):
    columns = {
        "ccode1": [255, 260, 255], "ccode2": [2, 2, 260], "year": 1990, "atop_defense": [0, 1, 1],
        "atop_offense": 0, "atop_neutral": 0, "atop_nonagg": 0, "atop_consul": [1, 0, 1],
    }  # fmt: skip
    (row,) = parse("atop", binary(tmp_path / "copy.parquet", columns))["atop_alliances"]
    assert (row["sender"], row["defense"], row["consultation"]) == ("DEU", True, True)


@pytest.mark.parametrize("column", ["stateB", "consul"])
def test_a_renamed_column_of_promises_is_named(tmp_path, column):
    path = write(tmp_path / "a.csv", ATOP.replace(f",{column},", f",{column}_new,"))
    assert f"lacks the column {column};" in refusal("atop", path)


DYADIC = (
    "ccode1,ccode2,year,importer1,importer2,flow1,flow2,smoothflow1,smoothflow2,source1,source2,version\n"
    "365,770,1990,Russia,Pakistan,12.5,-9,12,-9,1,1,4.0\n"
    "365,770,1991,Russia,Pakistan,0,3,0,3,1,1,4.0\n"
)
NATIONAL = "ccode,statename,stateabb,year,imports,exports,version\n770,Pakistan,PAK,1990,7376.1,-9,4.0\n"


def flows(found):
    return {(r["exporter"], r["importer"], r["year"]): r["trade_million_usd"] for r in found["cow_trade"]}


def test_flows_name_seller_and_buyer_and_missing_ones_have_no_row(tmp_path):
    members = {"COW_Trade_4.0/Dyadic_COW_4.0.csv": DYADIC, "COW_Trade_4.0/National_COW_4.0.csv": NATIONAL}
    path = pack(tmp_path / "COW_Trade_4.0.zip", members)
    found = parse("barbieri", path)
    assert flows(found) == {("PAK", "SUN", 1990): 12.5, ("PAK", "SUN", 1991): 0, ("SUN", "PAK", 1991): 3}
    assert found["cow_national_trade"][0]["exports_million_usd"] is None
    assert found["cow_national_trade"][0]["imports_million_usd"] == pytest.approx(7376.1)
    assert set(flows(parse("barbieri", path, years=(1991, 2000)))) == {
        ("PAK", "SUN", 1991),
        ("SUN", "PAK", 1991),
    }


def test_of_germanys_two_codes_the_one_that_traded_counts(tmp_path):
    rows = "211,255,1990,,,0,-9,,,,,4.0\n211,260,1990,,,27187,23452,,,,,4.0\n255,260,1990,,,0,0,,,,,4.0\n"
    found = parse("barbieri", write(tmp_path / "d.csv", DYADIC.splitlines(keepends=True)[0] + rows))
    assert flows(found) == {("DEU", "BEL", 1990): 27187, ("BEL", "DEU", 1990): 23452}


def test_flows_that_contradict_each_other_are_refused(tmp_path):
    rows = "365,770,1990,Russia,Pakistan,99,-9,12,-9,1,1,4.0\n"
    assert "rows 1 and 3 contradict" in refusal("barbieri", write(tmp_path / "d.csv", DYADIC + rows))


@pytest.mark.parametrize(("value", "problem"), [("-5", "-5 in row 1"), ("8e9", "another unit"), ("x", "'x'")])
def test_a_flow_that_cannot_be_is_refused(tmp_path, value, problem):
    assert problem in refusal("barbieri", write(tmp_path / "d.csv", DYADIC.replace("12.5", value)))


@pytest.mark.parametrize(("text", "column"), [(DYADIC, "flow2"), (NATIONAL, "exports")])
def test_a_renamed_column_of_trade_is_named(tmp_path, text, column):
    path = write(tmp_path / "d.csv", text.replace(f",{column},", f",{column}_new,"))
    assert f"lacks the column {column};" in refusal("barbieri", path)


STATES = "ccode,year,state,UN,WHO,IMF,Wassen\n770,2000,pakistan,1,2,-9,-1\n2,2000,usa,1,1,0,3\n"
IGOS = (
    "ioname\torgname\tyear\tafghanistan\tsdate\tdeaddate\tlongorgname\tionum\tpolitical\tsocial\teconomic\n"
    "UN\tUnited Nations\t1999\t1\t1945\t\tUnited Nations\t4400\t1\t0\t0\n"
    "UN\tUnited Nations\t2000\t1\t1945\t-9\tUnited Nations\t4400\t1\t0\t0\n"
    "SEATO\tSoutheast Asia Treaty Org.\t1977\t0\t1954\t1977\tOrganisation du traité\t4170\t1\t0\t0\n"
)


def test_memberships_are_long_and_missing_is_not_none(tmp_path):
    states = pack(tmp_path / "state_year_formatv3.zip", {"state_year_formatv3.csv": STATES})
    igos = pack(tmp_path / "igo_year_formatv3.zip", {"igo_year_formatv3.csv": IGOS.encode("latin-1")})
    found = parse("cow_igo", igos, states)
    status = {(row["iso3"], row["igo"]): row["igo_status"] for row in found["igo_memberships"]}
    assert status == {
        ("PAK", "UN"): "full", ("PAK", "WHO"): "associate", ("PAK", "IMF"): "missing",
        ("USA", "UN"): "full", ("USA", "WHO"): "full", ("USA", "WASSEN"): "observer",
    }  # fmt: skip
    assert [(row["igo"], row["name"], row["first_year"], row["last_year"]) for row in found["igos"]] == [
        ("SEATO", "Organisation du traité", 1954, 1977),
        ("UN", "United Nations", 1945, None),
    ]
    assert parse("cow_igo", states, years=(2001, 2014))["igo_memberships"] == []


def test_organisations_in_statas_lower_case_are_the_same(tmp_path):
    columns = {"ccode": [770], "year": [2000], "state": ["pakistan"], "un": [1.0], "wassen": [0.0]}
    found = parse("cow_igo", binary(tmp_path / "state_year_format3.dta", columns))["igo_memberships"]
    assert found == [{"iso3": "PAK", "igo": "UN", "year": 2000, "igo_status": "full"}]


def test_an_unknown_membership_code_is_refused(tmp_path):
    path = write(tmp_path / "s.csv", STATES.replace(",1,2,", ",1,7,"))
    assert "WHO is 7 in row 1" in refusal("cow_igo", path)


@pytest.mark.parametrize(
    ("text", "column", "now"),
    [(STATES, "ccode,", "cowcode,"), (IGOS, "deaddate\t", "ended\t")],
)
def test_a_renamed_column_of_organisations_is_named(tmp_path, text, column, now):
    path = write(tmp_path / "s.csv", text.replace(column, now))
    assert f"lacks the column {column[:-1]}" in refusal("cow_igo", path)
