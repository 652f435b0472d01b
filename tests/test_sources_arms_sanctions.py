"""SIPRI and the Global Sanctions Data Base: invented rows in the official layouts, and their faults."""

import logging

import pandas as pd
import pytest

from provider_files import parse, refusal

PREAMBLE = (
    "Transfers of major conventional arms from All countries  to All countries  . Deals with deliveries made "
    "for the year range '1980' to '2024' \n"
    "A '?' in a column indicates uncertain data.\n"
    "SIPRI trend-indicator values (TIVs) are in millions.\n\n\nData generated: 01 Jan 2025 0:00:00 AM\n"
)
HEADER = (
    "SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,Order date,Order date "
    "is estimate,Numbers delivered,Numbers delivered is estimate,Delivery year,Delivery year is estimate,"
    "Status,SIPRI estimate,TIV deal unit,TIV delivery values,Local production\n"
)
ROWS = (
    "101,Russia,Pakistan,X-1,tank,Armoured vehicles,2001,No,4,No,2002,No,New,1.5,1.5,6.0,No\n"
    "101,Russia,Pakistan,X-1,tank,Armoured vehicles,2001,No,2,No,2003,No,New,1.5,1.5,3.0,No\n"
    "102,Soviet Union,India,X-2,fighter,Aircraft,1979,Yes,10,Yes,1981,No,New,12,12,120,Yes\n"
    '103,United States,"Mujahedin (Afghanistan)*",X-3,missile,Missiles,1985,No,100,No,1986,No,Second hand,'
    "0.1,0.04,4.0,No\n"
    "104,unknown supplier(s),Pakistan,X-4,gun,Artillery,2001,Yes,,Yes,2002,Yes,Second hand but modernized,"
    "1,0.66,,No\n"
    "105,East Germany (GDR),Congo,X-5,ship,Ships,1979,No,1,No,1980,No,New,30,30,30.0,No\n"
)
HEADER_2023 = (
    "Recipient,Supplier,Year of order, ,Number ordered, ,Weapon designation,Weapon description,Number "
    "delivered, ,Year(s) of delivery,status,Comments,SIPRI TIV per unit,SIPRI TIV for total order,SIPRI TIV "
    "of delivered weapons\n"
)
ROWS_2023 = (
    "Pakistan,China,2000,?,12,?,X-1,tank,12,?,2001; 2002; 2003,New,$10 m deal; produced under licence,0.4,"
    "4.8,4.8\n"
    "Pakistan,China,2000,,12,,X-1,tank,3,,2003,New,aid,0.4,4.8,1.2\n"
    "India,France,2019,,36,,X-2,fighter,,,,New,not yet delivered,50,1800,\n"
)
TIV = (
    "TIV of arms imports to Pakistan, 2001-2003\nGenerated: 1 January 2025\n"
    "A '0' indicates that the value of deliveries is less than 0.5m\n\n"
    ",2001,2002,2003,Total\nChina,54,,12.5,66.5\nUnited States,,0,,0\nUnknown supplier(s),,3,,3\n"
    "European Union**,,4,,4\nTotal,54,7,13,74\n"
)


def arms(*files, years=None, table="arms_transfers"):
    return parse("sipri", *files, years=years)[table]


# SIPRI, register since 2024.


def test_register_of_2024(file, caplog):
    with caplog.at_level(logging.WARNING):
        rows = arms(file(PREAMBLE + HEADER + ROWS))
    assert [(r["deal"], r["delivery_year"], r["line"], r["supplier"], r["recipient"]) for r in rows] == [
        ("101", 2002, 1, "RUS", "PAK"),
        ("101", 2003, 1, "RUS", "PAK"),
        ("102", 1981, 1, "SUN", "IND"),
        ("104", 2002, 1, "other", "PAK"),
        ("105", 1980, 1, "DDR", "COG"),
    ]
    assert rows[2] == {
        "deal": "102",
        "delivery_year": 1981,
        "line": 1,
        "supplier": "SUN",
        "recipient": "IND",
        "designation": "X-2",
        "weapon_category": "Aircraft",
        "order_year": 1979,
        "delivered": 10.0,
        "tiv_millions": 120.0,
        "licensed_production": True,
        "transfer_status": "new",
    }
    assert rows[3]["tiv_millions"] is None
    assert rows[3]["transfer_status"] == "modernised"
    assert "1 left out, of no known state: Mujahedin (Afghanistan)* (1)" in caplog.text


def test_years_are_those_of_delivery(file):
    assert [row["deal"] for row in arms(file(HEADER + ROWS), years=(2002, 2002))] == ["101", "104"]


def test_a_register_without_its_first_lines_is_read_all_the_same(file):
    assert len(arms(file(HEADER + ROWS))) == 5


def test_a_register_in_latin_1_keeps_its_accents(file):
    text = PREAMBLE + HEADER + ROWS.replace("X-1", "Système").replace("Congo", "Türkiye")
    rows = arms(file(text, encoding="latin-1"))
    assert {row["designation"] for row in rows} >= {"Système"}
    assert rows[-1]["recipient"] == "TUR"


def test_a_repeated_row_counts_once_and_files_may_overlap(file, caplog):
    whole = file(PREAMBLE + HEADER + ROWS + ROWS.splitlines(keepends=True)[0], "a.csv")
    part = file(HEADER + ROWS.splitlines(keepends=True)[1], "b.csv")
    assert len(arms(whole, part)) == 5
    assert "1 rows left out that repeat another" in caplog.text


def test_files_of_two_releases_are_refused(file):
    old = file(HEADER + ROWS, "a.csv")
    new = file(HEADER + ROWS.replace("2002,No,New,1.5,1.5,6.0", "2002,No,New,2.0,2.0,8.0"), "b.csv")
    problem = "two files tell different things of the deliveries of deal 101 in 2002"
    assert problem in refusal("sipri", old, new)


def test_registers_of_both_layouts_are_not_added_up(file):
    problem = refusal("sipri", file(HEADER + ROWS, "a.csv"), file(HEADER_2023 + ROWS_2023, "b.csv"))
    assert "count twice" in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            HEADER.replace("TIV delivery values", "TIV of delivery") + ROWS,
            "lacks the column TIV delivery values",
        ),
        (PREAMBLE + ROWS, "is no file of SIPRI's Arms Transfers Database"),
        (PREAMBLE + HEADER + ROWS[:-40], "is not a whole CSV table"),
        (PREAMBLE + HEADER, "holds a header but no rows"),
        (HEADER.replace(",", ";") + ROWS.replace(",", ";"), "columns are separated by semicolons"),
        ("<!doctype html><html><body>Log in: Total</body></html>", "is a web page"),
        (b"", "is empty"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "in UTF-16"),
        (
            HEADER + ROWS.replace("6.0,No", "60,No").replace(",3.0,No", ",30,No"),
            "not the number delivered times",
        ),
        (
            HEADER + ROWS.replace(",2003,", ",20o3,"),
            "holds Delivery year '20o3' in row 2; expected a whole number",
        ),
        (HEADER + ROWS.replace("No,New", "No,Newish"), "holds status 'Newish' in row 1"),
        (HEADER + ROWS.replace("Pakistan,X-1", "Pakistann,X-1"), "have no known state; first in row 1"),
        (HEADER + ROWS.replace("102,Soviet Union", ",Soviet Union"), "has no SIPRI AT Database ID in row 3"),
    ],
    ids=[
        "column",
        "header",
        "cut",
        "empty",
        "delimiter",
        "html",
        "nothing",
        "utf16",
        "value",
        "year",
        "status",
        "name",
        "deal",
    ],
)
def test_a_fault_of_the_register_is_named(file, text, problem):
    assert problem in refusal("sipri", file(text))


# SIPRI, register of 2023.


def test_register_of_2023_shares_deliveries_out_among_years(file, caplog):
    rows = arms(file("\ufeff" + HEADER_2023 + ROWS_2023))
    assert [(r["deal"], r["delivery_year"], r["line"], r["delivered"]) for r in rows] == [
        ("China>Pakistan 2000 X-1", 2001, 1, 4.0),
        ("China>Pakistan 2000 X-1", 2002, 1, 4.0),
        ("China>Pakistan 2000 X-1", 2003, 1, 4.0),
        ("China>Pakistan 2000 X-1", 2003, 2, 3.0),
    ]
    assert sum(row["tiv_millions"] for row in rows) == pytest.approx(6.0)
    assert [row["licensed_production"] for row in rows] == [True, True, True, False]
    assert "1 orders left out, without deliveries so far" in caplog.text


def test_licences_are_unknown_where_no_comment_speaks_of_any(file):
    rows = arms(file(HEADER_2023 + ROWS_2023.replace("; produced under licence", "")))
    assert {row["licensed_production"] for row in rows} == {None}


def test_equal_orders_of_one_file_are_two_and_of_two_files_one(file):
    twice = HEADER_2023 + ROWS_2023.splitlines(keepends=True)[1] * 2
    one, other = file(twice, "a.csv"), file(twice, "b.csv")
    assert [row["line"] for row in arms(one)] == [1, 2]
    assert arms(one, other) == arms(one)


def test_a_changed_column_of_the_register_of_2023_is_named(file):
    text = HEADER_2023.replace("Year(s) of delivery", "Delivery years") + ROWS_2023
    assert "lacks the column Year(s) of delivery" in refusal("sipri", file(text))


# SIPRI, TIV tables.


def test_tiv_table_of_imports(file):
    rows = arms(file(TIV), table="arms_totals")
    assert {(r["supplier"], r["recipient"], r["year"], r["tiv_millions"]) for r in rows} == {
        ("CHN", "PAK", 2001, 54.0),
        ("CHN", "PAK", 2003, 12.5),
        ("USA", "PAK", 2002, 0.0),
        # Not known and no state: together what else the state imported.
        ("other", "PAK", 2002, 7.0),
    }


def test_tiv_table_of_exports_and_the_same_flow_in_both(file):
    exports = (
        "TIV of arms exports from China, 2001-2001\n\n,2001,Total\nPakistan,54,54\nBurma,2,2\nTotal,56,56\n"
    )
    rows = arms(file(TIV, "a.csv"), file(exports, "b.csv"), table="arms_totals", years=(2001, 2001))
    assert {(r["supplier"], r["recipient"], r["tiv_millions"]) for r in rows} == {
        ("CHN", "PAK", 54.0),
        ("CHN", "MMR", 2.0),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TIV[: TIV.index("\nTotal,54")], "does not end with the line Total: it is cut off"),
        (TIV[TIV.index(",2001") :], "the first lines are missing"),
        (TIV.replace(",2001,2002", ",first,2002"), "no line of years that ends with Total"),
        (TIV.replace("54,,12.5", "fifty,,12.5"), "holds value 'fifty' in row 1; expected a number"),
    ],
    ids=["cut", "title", "years", "number"],
)
def test_a_fault_of_a_tiv_table_is_named(file, text, problem):
    assert problem in refusal("sipri", file(text))


def test_flows_that_two_tiv_tables_tell_differently_are_refused(file):
    other = file(
        "TIV of arms exports from China, 2001-2001\n\n,2001,Total\nPakistan,5,5\nTotal,5,5\n", "b.csv"
    )
    assert "contradict each other about supplier CHN, recipient PAK, year 2001" in refusal(
        "sipri", file(TIV), other
    )


# Global Sanctions Data Base.

CASES = (
    "case_id,sanctioned_state,sanctioning_state,begin,end,trade,descr_trade,arms,military,financial,travel,"
    "other,target_mult,sender_mult,objective,success\n"
    '1,Pakistan,United States,1998,2001,1,"exp_compl, imp_compl",1,0,0,0,0,0,0,policy_change,'
    "nego_settlement\n"
    '2,"Korea, North, Iran","Korea, South, Japan",2006,2007,0,,1,0,1,0,0,1,1,"democracy,human_rights",'
    '"failed,success_part"\n'
    "3,Yugoslavia,UN,1998,1999,1,exp_part,1,1,1,1,0,0,1,end_war,ongoing\n"
    "4,Libya,League of Arab States,2011,2011,0,,0,0,1,0,0,0,1,end_war,failed\n"
)
DYADS = (
    "case_id,sanctioned_state,sanctioning_state,year,sanctioned_state_iso3,sanctioning_state_iso3,arms,military,"
    "trade,descr_trade,financial,travel,other,target_mult,sender_mult,objective,success\n"
    '"1,7",Pakistan,United States,1998,PAK,USA,0,0,1,exp_compl,0,0,0,0,0,policy_change,failed\n'
    "7,Pakistan,United States,1998,PAK,USA,1,0,0,,0,0,0,0,0,policy_change,failed\n"
    "8,Pakistan,Japan,1999,PAK,JPN,0,0,0,,1,0,0,0,0,policy_change,failed\n"
    "9,Taliban,Japan,1999,,JPN,0,0,0,,1,0,0,0,0,policy_change,failed\n"
)


def test_cases_pair_every_sender_with_every_target(file):
    rows = parse("gsdb", file(CASES))["sanction_cases"]
    assert [(r["case_id"], r["sender"], r["target"]) for r in rows] == [
        ("1", "USA", "PAK"),
        ("2", "KOR", "PRK"),
        ("2", "JPN", "PRK"),
        ("2", "KOR", "IRN"),
        ("2", "JPN", "IRN"),
        ("3", "UN", "SCG"),
        ("4", "League of Arab States", "LBY"),
    ]
    assert rows[0]["trade"] and rows[0]["arms"] and not rows[0]["military"]
    assert (rows[1]["objective"], rows[1]["success"]) == ("democracy,human_rights", "failed,success_part")
    assert (rows[0]["start_year"], rows[0]["end_year"]) == (1998, 2001)


def test_years_are_made_from_cases_where_there_is_no_dyadic_file(file):
    rows = parse("gsdb", file(CASES), years=(2001, 2006))
    assert [(r["sender"], r["target"], r["year"]) for r in rows["sanction_years"]] == [
        ("JPN", "IRN", 2006),
        ("JPN", "PRK", 2006),
        ("KOR", "IRN", 2006),
        ("KOR", "PRK", 2006),
        ("USA", "PAK", 2001),
    ]
    assert {row["case_id"] for row in rows["sanction_cases"]} == {"1", "2"}


def test_rows_of_one_pair_and_year_are_joined_and_cases_counted_once(file, caplog):
    rows = parse("gsdb", file(DYADS))["sanction_years"]
    assert [(r["sender"], r["target"], r["year"], r["cases"]) for r in rows] == [
        ("JPN", "PAK", 1999, 1),
        ("USA", "PAK", 1998, 2),
    ]
    assert rows[1]["sanctions_trade"] and rows[1]["sanctions_arms"] and not rows[1]["sanctions_financial"]
    assert "1 left out, of no known state: (no state) (1)" in caplog.text


def test_the_dyadic_file_goes_before_the_cases_whatever_their_order(file):
    cases, dyads = file(CASES, "x.csv"), file(DYADS, "y.csv")
    assert parse("gsdb", cases, dyads) == parse("gsdb", dyads, cases)
    assert {row["year"] for row in parse("gsdb", cases, dyads)["sanction_years"]} == {1998, 1999}


def test_the_dyadic_file_in_stata_gives_what_the_csv_gives(file, tmp_path):
    path = file(DYADS)
    frame = pd.read_csv(path)
    texts = frame.select_dtypes(["object", "str"]).columns
    frame[texts] = frame[texts].fillna("")
    frame.to_stata(tmp_path / "data.dta", write_index=False, version=118)
    assert parse("gsdb", tmp_path / "data.dta") == parse("gsdb", path)


def test_the_case_file_in_stata_gives_what_the_csv_gives(file, tmp_path):
    path = file(CASES)
    frame = pd.read_csv(path).fillna({"descr_trade": ""})
    # pandas writes no column called end, a word of Stata's own, which reading does not mind.
    frame.rename(columns={"end": "enX"}).to_stata(tmp_path / "x.dta", write_index=False, version=118)
    (tmp_path / "data.dta").write_bytes((tmp_path / "x.dta").read_bytes().replace(b"enX", b"end"))
    assert parse("gsdb", tmp_path / "data.dta") == parse("gsdb", path)


def test_a_cut_off_stata_file_is_refused(file, tmp_path):
    frame = pd.DataFrame({"case_id": ["1"] * 900, "year": 1998, "sanctioned_state_iso3": "PAK"})
    frame.assign(sanctioning_state_iso3="USA").to_stata(tmp_path / "a.dta", write_index=False)
    whole = (tmp_path / "a.dta").read_bytes()
    assert "is not a whole Stata file" in refusal("gsdb", file(whole[: len(whole) // 2], "b.dta"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (CASES.replace(",begin,", ",start,"), "lacks the column begin"),
        (DYADS.replace("sanctioning_state_iso3", "sender_iso3"), "lacks the column sanctioning_state_iso3"),
        (CASES.replace("1998,2001,1", "1998,2001,3"), "holds trade 3 in row 1; expected 0 or 1"),
        (CASES.replace("1998,2001", "2001,1998"), "case 1 runs from 2001 to 1998 (row 1)"),
        (CASES.replace("Pakistan", "Pakistann"), "first in row 1: sanctioned_state Pakistann"),
        (CASES.replace("1,Pakistan", "4,Libya") + CASES.splitlines()[-1].replace(",failed", ",ongoing"), ""),
        (DYADS.replace("PAK,USA", "PQK,USA"), "first in row 1: from USA, year 1998, to PQK"),
        (DYADS.replace(",1999,PAK", ",,PAK"), "has no year in row 3"),
    ],
    ids=["column", "dyad-column", "flag", "backwards", "name", "twice", "code", "year"],
)
def test_a_fault_of_the_sanctions_data_is_named(file, text, problem):
    assert (problem or "contradict each other about case_id 4") in refusal("gsdb", file(text))
