"""BACI, the IMF's reports, DAC2A and CEPII Gravity: invented rows in official layouts, and their faults."""

import logging

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from provider_files import archive, parse, refusal
from tropism.errors import SchemaError
from tropism.sources import find_source
from tropism.sources.world_trade import world_exports_usd
from tropism.states import states
from tropism.tables.files import dates, parts, read_csv, read_data, whole_numbers


def rows(name, *files, years=None):
    (table,) = parse(name, *files, years=years).values()
    return table


# BACI.

FLOWS = (
    "t,i,j,k,v,q\n"
    "2022,586,842,010121,4053.034,     498.809\n"
    "2022,699,251,270900,1526.370,          NA\n"
    "2022,757,579,880240,5212.738,NA\n"
    "2022,490,711,720839,10,1.5\n"
)
CODES = (
    "country_code,country_name,country_iso2,country_iso3\n586,Pakistan,PK,PAK\n842,USA,US,USA\n699,India,IN,IND\n"
    '251,France,FR,FRA\n757,Switzerland,CH,CHE\n579,Norway,NO,NOR\n490,"Other Asia, nes",N/A,S19\n'
    "58,Belgium-Luxembourg,BX,BEL\n384,Côte d'Ivoire,CI,CIV\n"
)
PRODUCTS = "code,description\n010121,Horses\n"
WORLD = [state for state in states(2022) if state.comtrade]


def world(value, number=lambda state: state.comtrade[0], year=2022):
    """A year in which all states sell to Pakistan, who sells to none."""
    lines = [f"{year},{number(state)},586,270900,{value},NA" for state in WORLD if state.iso3 != "PAK"]
    return "t,i,j,k,v,q\n" + "\n".join(lines) + "\n"


def test_baci_reads_codes_of_comtrade_and_padded_quantities(file):
    found = rows("baci", file(FLOWS))
    assert [(r["exporter"], r["importer"], r["hs6"], r["quantity_tonnes"]) for r in found] == [
        ("PAK", "USA", 10121, pytest.approx(498.809)),
        ("IND", "FRA", 270900, None),
        ("CHE", "NOR", 880240, None),
        ("TWN", "ZA1", 720839, 1.5),
    ]
    assert found[0]["trade_thousand_usd"] == pytest.approx(4053.034)


def test_baci_reads_the_years_asked_for_out_of_the_zip(file):
    packed = archive(
        {
            "BACI_HS92_Y2021_V202601.csv": FLOWS.replace("2022,", "2021,"),
            "BACI_HS92_Y2022_V202601.csv": FLOWS,
            # Of a year not asked for: not even opened.
            "BACI_HS92_Y2020_V202601.csv": FLOWS.replace("2022,", "2020,").replace(
                "10121,4053", "10121,x4053"
            ),
            "country_codes_V202601.csv": CODES,
            "product_codes_HS92_V202601.csv": PRODUCTS,
            "Readme.txt": "BACI",
        }
    )
    found = rows("baci", file(packed, "any name"), years=(2021, 2022))
    assert [row["year"] for row in found] == [2021] * 4 + [2022] * 4


def test_the_list_of_codes_in_the_zip_goes_before_our_own(file):
    # CEPII gives a number to Palestine that we do not know.
    codes = CODES + "999,Palestine,PS,PSE\n"
    flows = FLOWS.replace("2022,586", "2022,999")
    assert rows("baci", file(flows), file(codes, "codes.csv", "latin-1"))[0]["exporter"] == "PSE"
    assert "1 of 4 flows have a number that no state has: 999 (1)" in refusal("baci", file(flows))


def test_belgium_luxembourg_stays_apart_from_belgium(file):
    flows = "t,i,j,k,v,q\n1997,58,586,270900,5,NA\n2022,56,586,270900,5,NA\n"
    found = rows("baci", file(flows), file(CODES, "codes.csv"))
    assert [row["exporter"] for row in found] == ["BLX", "BEL"]


def test_products_that_are_not_specified_are_left_out_and_weighed(file, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(rows("baci", file(FLOWS + "2022,586,842,9999AA,2500,NA\n"))) == 4
    assert "1 flows left out, of products that are no HS6 code, worth 2.5 million US dollars" in caplog.text


def test_a_flow_under_two_numbers_of_one_state_is_refused(file):
    problem = refusal("baci", file(FLOWS + "2022,586,840,010121,4053.034,NA\n"))
    assert "1 flows of 2022 stand there twice; first PAK to USA, product 010121" in problem
    assert "842 and 840" in problem


def test_a_file_given_twice_is_refused(file):
    pakistan = "t,i,j,k,v,q\n2022,586,643,270900,5,NA\n"
    assert "A file may have been given twice" in refusal(
        "baci", file(pakistan, "a.csv"), file(pakistan, "b.csv")
    )


def test_a_year_of_the_world_in_the_right_unit_passes(file):
    # 25 trillion dollars, in thousands, over all states.
    assert len(rows("baci", file(world(25e9 / len(WORLD))))) == len(WORLD) - 1


@pytest.mark.parametrize("factor", [1000, 1 / 1000], ids=["dollars", "millions"])
def test_values_in_another_unit_are_found_by_their_sum(file, factor):
    problem = refusal("baci", file(world(25e9 / len(WORLD) * factor)))
    assert "2022 sums to 2" in problem
    assert (
        "US dollars if values are in thousand US dollars; the whole world exported about 1.9e+13" in problem
    )


def test_one_flow_larger_than_the_world_is_found_without_the_rest(file):
    assert "one flow of 2022 is 5.21e+13" in refusal("baci", file(FLOWS.replace("5212.738", "52127380000")))


def test_states_with_two_numbers_that_are_all_missing_are_missed(file):
    # What is left if Comtrade's numbers were read as M49's: those that are the same in both.
    text = world(25e9 / len(WORLD))
    lost = [
        line for line in text.splitlines() if line.split(",")[1] not in ("842", "251", "699", "757", "579")
    ]
    problem = refusal("baci", file("\n".join(lost) + "\n"))
    assert "none of USA, FRA, IND, CHE, NOR" in problem
    # M49's own numbers mean the same states.
    by_m49 = world(25e9 / len(WORLD), lambda state: state.m49 or state.comtrade[0])
    assert len(rows("baci", file(by_m49))) > 150


def test_cow_numbers_are_no_codes_of_baci(file):
    problem = refusal(
        "baci", file(world(25e9 / len(WORLD), lambda state: state.cow[0] if state.cow else 999))
    )
    assert "have a number that no state has" in problem


def test_a_list_of_codes_of_another_system_is_refused(file):
    lines = [f"{state.cow[0]},{state.name.replace(',', '')},,{state.iso3}" for state in WORLD if state.cow]
    codes = "country_code,country_name,country_iso2,country_iso3\n" + "\n".join(lines) + "\n"
    assert "It is the list of another system" in refusal("baci", file(FLOWS), file(codes, "codes.csv"))


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        (FLOWS.replace("t,i,j,k,v,q", "t,i,j,hs6,v,q"), "a.csv", "lacks the column k"),
        (FLOWS.replace(",", ";"), "a.csv", "columns are separated by semicolons"),
        (FLOWS[:-9], "a.csv", "is not a whole CSV table"),
        (FLOWS.replace("1526.370", "1.526,370"), "a.csv", "is not a whole CSV table"),
        (FLOWS.replace("1526.370", "n/a"), "a.csv", "conversion error to float: invalid value 'n/a'"),
        (FLOWS.replace("498.809", "many"), "a.csv", "holds a quantity that is no number"),
        (FLOWS.replace("2022,586", "2022,"), "a.csv", "has rows without i"),
        (FLOWS.replace("2022,586", "2022,5860"), "a.csv", "holds 5860 as number of a state"),
        (FLOWS, "BACI_HS17_Y2022_V202601.csv", "is in revision HS17"),
        (CODES, "codes.csv", "only a list of codes was given"),
        (archive({"BACI_HS92_Y2022.csv": FLOWS})[:-50], "a.zip", "is a zip archive, cut off or damaged"),
        (archive({"a.txt": "nothing"}), "a.zip", "holds no file of BACI"),
        ("<html>404</html>", "a.zip", "is a web page"),
    ],
    ids=[
        "column",
        "delimiter",
        "cut",
        "comma",
        "value",
        "quantity",
        "empty",
        "code",
        "revision",
        "codes",
        "zip",
        "no-data",
        "html",
    ],
)
def test_a_fault_of_baci_is_named(file, text, name, problem):
    assert problem in refusal("baci", file(text, name))


def test_a_damaged_member_of_a_zip_is_named(file):
    packed = bytearray(archive({"BACI_HS92_Y2022.csv": FLOWS * 50}))
    packed[60] ^= 0xFF
    assert "the zip archive is damaged" in refusal("baci", file(bytes(packed), "a.zip"))


def test_baci_asks_for_one_file(file):
    (remote,) = find_source("baci").files((2015, 2023))
    assert remote.local_name.startswith("BACI_HS92_V")


# IMF.

REPORTS = (
    "DATAFLOW,COUNTRY,INDICATOR,COUNTERPART_COUNTRY,FREQUENCY,TIME_PERIOD,OBS_VALUE\n"
    "IMF.STA:IMTS(1.0.0),PAK,XG_FOB_USD,RUS,A,2018,67158892\n"
    "IMF.STA:IMTS(1.0.0),RUS,MG_CIF_USD,PAK,A,2018,70000000.5\n"
    "IMF.STA:IMTS(1.0.0),PAK,MG_CIF_USD,UVK,A,2019,5\n"
    "IMF.STA:IMTS(1.0.0),PAK,XG_FOB_USD,G001,A,2019,9999999\n"
    "IMF.STA:IMTS(1.0.0),PAK,TBG_USD,RUS,A,2018,-5\n"
    "IMF.STA:IMTS(1.0.0),PAK,XG_FOB_USD,RUS,M,2018-M01,5\n"
    "IMF.STA:IMTS(1.0.0),PAK,XG_FOB_USD,USA,A,2018,\n"
)


def test_reports_of_either_side(file, caplog):
    found = rows("imts", file(REPORTS))
    assert [(r["reporter"], r["exporter"], r["importer"], r["year"], r["trade_usd"]) for r in found] == [
        ("exporter", "PAK", "RUS", 2018, pytest.approx(67158892)),
        ("importer", "PAK", "RUS", 2018, pytest.approx(70000000.5)),
        ("importer", "XKX", "PAK", 2019, 5.0),
    ]
    assert "1 left out, of no known state: G001 (1)" in caplog.text
    assert len(rows("imts", file(REPORTS), years=(2019, 2019))) == 1


def test_a_scale_multiplies_values(file):
    text = (
        "COUNTRY,INDICATOR,COUNTERPART_COUNTRY,FREQUENCY,TIME_PERIOD,OBS_VALUE,SCALE\n"
        "PAK,XG_FOB_USD,RUS,A,2018,67.5,6\nPAK,XG_FOB_USD,USA,A,2018,67.5,0\n"
    )
    assert [row["trade_usd"] for row in rows("imts", file(text))] == [67.5e6, 67.5]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (REPORTS.replace("COUNTERPART_COUNTRY", "PARTNER"), "lacks the column COUNTERPART_COUNTRY"),
        (REPORTS.replace("RUS,A,2018,67158892", "RUS,A,2018,67158892e6"), "one flow of 2018 is 6.72e+13"),
        (REPORTS.replace(",PAK,XG_FOB", ",PKA,XG_FOB"), "first in row 1: country PKA"),
        (REPORTS.replace(",A,", ",Q,"), "holds no annual exports (XG_FOB_USD) or imports (MG_CIF_USD)"),
        (
            REPORTS.replace("67158892", "67 158 892"),
            "holds OBS_VALUE '67 158 892' in row 1; expected a number",
        ),
        (
            REPORTS + "x,PAK,XG_FOB_USD,RUS,A,2018,1\n",
            "rows 1 and 8 contradict each other about reporter exporter, exporter PAK, importer RUS",
        ),
        (REPORTS[:-30], "is not a whole CSV table"),
    ],
    ids=["column", "unit", "code", "frequency", "number", "twice", "cut"],
)
def test_a_fault_of_the_reports_is_named(file, text, problem):
    assert problem in refusal("imts", file(text))


# DAC2A.

AID = (
    "DATAFLOW,DONOR,RECIPIENT,MEASURE,UNIT_MEASURE,PRICE_BASE,TIME_PERIOD,OBS_VALUE,BASE_PER,OBS_STATUS,"
    "UNIT_MULT,DECIMALS\n"
    "x,USA,PAK,206,USD,V,2018,712.715,,A,6,2\n"
    "x,USA,PAK,206,USD,Q,2018,804.627,2022,A,6,2\n"
    "x,JPN,XKV,206,USD,Q,2019,-3500,2022,A,3,2\n"
    "x,DAC,PAK,206,USD,V,2018,5000,,A,6,2\n"
    "x,USA,5WB0,206,USD,V,2018,5000,,A,6,2\n"
    "x,USA,PAK,201,USD,V,2018,1,,A,6,2\n"
    "x,USA,PAK,206,XDC,V,2018,1,,A,6,2\n"
)


def test_aid_in_both_prices_and_without_groups(file, caplog):
    assert rows("dac2a", file(AID)) == [
        {
            "donor": "JPN",
            "recipient": "XKX",
            "year": 2019,
            "aid_million_usd": -3.5,
            "aid_current_million_usd": None,
        },
        {
            "donor": "USA",
            "recipient": "PAK",
            "year": 2018,
            "aid_million_usd": pytest.approx(804.627),
            "aid_current_million_usd": pytest.approx(712.715),
        },
    ]
    assert "2 left out, of no known state" in caplog.text
    assert len(rows("dac2a", file(AID), years=(2019, 2020))) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (AID.replace("UNIT_MULT", "MULT"), "lacks the column UNIT_MULT"),
        (AID.replace("712.715", "712715000"), "holds 712715000 with UNIT_MULT 6 in row 1"),
        (AID.replace(",2022,A,3", ",2023,A,3"), "constant prices are of 2022 and 2023"),
        (AID.replace(",206,", ",207,"), "holds no disbursements (measure 206)"),
        (AID.replace(",PAK,", ",PKA,"), "first in row 1: from USA, year 2018, to PKA"),
        (AID.replace(",A,6,2", ",A,,2"), "has no UNIT_MULT in row 1"),
        (AID + "x,USA,PAK,206,USD,V,2018,1,,A,6,2\n", "rows 1 and 8 contradict each other about donor USA"),
        ('{"errors": ["too many requests"]}', "is no file of OECD DAC2A"),
    ],
    ids=["column", "unit", "base", "measure", "code", "multiplier", "twice", "json"],
)
def test_a_fault_of_the_aid_data_is_named(file, text, problem):
    assert problem in refusal("dac2a", file(text))


def test_aid_is_asked_for_the_years_given():
    (remote,) = find_source("dac2a").files((2015, 2023))
    assert "startPeriod=2015&endPeriod=2023" in remote.url
    assert remote.local_name == "dac2a.csv"


# CEPII Gravity.

COLUMNS = (
    "year,country_id_o,country_id_d,iso3_o,iso3_d,country_exists_o,country_exists_d,distw_harmonic,distcap,contig,"
    "comlang_off,col_dep_ever,pop_o,pop_d,gdp_o,gdp_d,wto_o,wto_d,fta_wto\n"
)
PAIRS = (
    "1985,DEU.1,PAK,DEU,PAK,1,1,5000,4900.5,0,0,0,61000,94000,900000000,31000000,1,1,0\n"
    "1985,DEU.2,PAK,DEU,PAK,0,1,5000,4900.5,0,0,0,,94000,,31000000,,1,\n"
    "2010,DEU.2,PAK,DEU,PAK,1,1,5000,4900.5,0,,0,82000,180000,3400000000,170000000,1,1,0\n"
    "2010,PAK,IND,PAK,IND,1,1,1000,680,1,1,1,180000,1200000,170000000,NA,1,1,1\n"
    "2010,PAK,ROM,PAK,ROU,1,1,NA,NA,0,0,0,180000,20000,170000000,160000000,1,1,0\n"
)


def test_gravity_keeps_the_pairs_that_exist(file, caplog):
    packed = archive(
        {"Gravity_V202211.csv": COLUMNS + PAIRS, "Countries_V202211.csv": "country_id,iso3\nPAK,PAK\n"}
    )
    found = rows("cepii_gravity", file(packed, "a.zip"))
    assert [(r["exporter"], r["importer"], r["year"]) for r in found] == [
        ("DEU", "PAK", 1985),
        ("DEU", "PAK", 2010),
        ("PAK", "IND", 2010),
    ]
    assert found[2] == {
        "exporter": "PAK",
        "importer": "IND",
        "year": 2010,
        "distance_km": 680.0,
        "shares_border": True,
        "official_language": True,
        "colonial_tie": True,
        "regional_agreement": True,
        "both_in_wto": True,
        "exporter_gdp_million_usd": 170000.0,
        "importer_gdp_million_usd": None,
        "exporter_population_million": 180.0,
        "importer_population_million": 1200.0,
    }
    assert found[1]["official_language"] is None
    assert "1 left out, without distance or border" in caplog.text
    assert len(rows("cepii_gravity", file(packed, "a.zip"), years=(1980, 1990))) == 1


def gravity_world(gdp):
    lines = [f"2010,X,PAK,{state.iso3},PAK,1,1,1,1,0,0,0,1,1,{gdp},1,1,1,0" for state in states(2010)]
    return COLUMNS + "\n".join(lines) + "\n"


def test_gdp_in_another_unit_is_found_by_the_largest(file):
    assert len(rows("cepii_gravity", file(gravity_world(1.5e10)))) > 150
    assert "the largest GDP of 2010 is 1.5e+16 US dollars" in refusal(
        "cepii_gravity", file(gravity_world(1.5e13))
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (COLUMNS.replace("fta_wto", "rta") + PAIRS, "lacks the column fta_wto"),
        (
            COLUMNS + PAIRS.replace("DEU.2,PAK,DEU,PAK,0,1", "DEU.2,PAK,DEU,PAK,1,1"),
            "rows 1 and 2 contradict",
        ),
        (COLUMNS + PAIRS.replace("PAK,IND,PAK,IND", "PAK,IND,PAK,XXX"), "have no known state"),
        (COLUMNS + PAIRS.replace(",1,1,", ",0,0,"), "no row has two countries that exist"),
        (COLUMNS + PAIRS.replace("4900.5", "far"), "invalid value 'far'"),
    ],
    ids=["column", "twice", "code", "exist", "value"],
)
def test_a_fault_of_gravity_is_named(file, text, problem):
    assert problem in refusal("cepii_gravity", file(text))


# What they share.


def test_world_exports_lie_between_what_the_wto_says():
    assert world_exports_usd(1995) == pytest.approx(5.2e12)
    assert 5.2e12 < world_exports_usd(2005) < 19e12
    assert world_exports_usd(1948) == world_exports_usd(1950)


def test_an_excel_workbook_is_one_file(file):
    packed = archive({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"})
    assert [part.member for part in parts([file(packed, "a.xlsx")])] == [""]


def test_values_that_do_not_fit_are_named_with_their_row(file):
    table = read_csv(file("n,d\n2.0,2024-02-29\n2.5,2023-02-29\n"))
    with pytest.raises(SchemaError, match=r"holds n '2\.5' in row 2; expected a whole number"):
        whole_numbers(table, "n")
    with pytest.raises(SchemaError, match="holds d '2023-02-29' in row 2; expected an ISO date"):
        dates(table, "d")
    assert whole_numbers(table.slice(0, 1), "n").to_pylist() == [2]


def test_latin_1_is_read_only_where_a_provider_writes_it(file):
    path = file("name,n\nTürkiye,1\n", encoding="latin-1")
    with pytest.raises(SchemaError, match="is not in UTF-8"):
        read_csv(path, columns=("name",))
    table = read_csv(path, columns=("name",), encodings=("utf-8", "latin-1"))
    assert pc.equal(table["name"], pa.scalar("Türkiye")).to_pylist() == [True]


def test_a_text_file_is_not_taken_for_one_of_stata_by_its_first_letter(file, tmp_path):
    # Formats 113 to 115 begin with the bytes of q, r and s.
    for column in ("quarter", "rcid", "session"):
        table = read_data(file(f"{column},n\n1,2\n"), columns=(column,))
        assert table[column].to_pylist() == ["1"]
    pd.DataFrame({"rcid": [1]}).to_stata(tmp_path / "old.dta", write_index=False, version=114)
    assert read_data(tmp_path / "old.dta", columns=("rcid",))["rcid"].to_pylist() == [1]


@pytest.mark.parametrize(("source", "text"), [("imts", REPORTS), ("dac2a", AID), ("baci", FLOWS)])
def test_years_without_any_row_give_an_empty_table(file, source, text):
    assert rows(source, file(text), years=(1991, 1992)) == []
