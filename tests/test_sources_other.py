"""Sources of agreements, opinion, governance, distances and leaders.

Rows are invented; columns are those of the official layouts.
"""

import json
import logging

import pytest

from provider_files import binary, pack, parse, refusal, write

TREATIES = (
    "number,base_treaty,name,entry_type,consolidated,year,entryforceyear,language,typememb,regioncon,wto_listed,"
    "wto_name,c1,c2,mc1,mc2\n"
    "10,10,Côte d'Ivoire Ghana,base_treaty,0,1990,1992,French,1,Africa,0,,384,288,0,0\n"
    "11,10,Côte d'Ivoire Ghana,accession,0,1995,,French,1,Africa,0,,384,900,0,0\n"
)
PAIRS = (
    "country1,country2,iso1,iso2,number,base_treaty,name,entry_type,consolidated,year,entryforceyear\n"
    "Côte d'Ivoire,Ghana,384,288,10,10,Côte d'Ivoire Ghana,base_treaty,0,1990,1994\n"
    "Ghana,Togo,288,768,10,10,Côte d'Ivoire Ghana,base_treaty,0,1990,1992\n"
)
INDICES = "number,base_treaty,name,year,depth_index,depth_rasch,enforce\n10,10,x,1990,4,0.7,1\n"


def parties(found):
    return {(row["agreement"], row["iso3"]) for row in found["agreement_members"]}


def test_agreements_have_parties_and_the_depth_of_their_base(tmp_path):
    found = parse(
        "desta",
        write(tmp_path / "t.csv", TREATIES, "latin-1"),
        write(tmp_path / "p.csv", PAIRS, "latin-1"),
        write(tmp_path / "i.csv", INDICES),
    )
    assert [(row["agreement"], row["depth_index"]) for row in found["trade_agreements"]] == [
        ("10", 4),
        ("11", 4),
    ]
    assert found["trade_agreements"][0]["name"] == "Côte d'Ivoire Ghana"
    assert found["trade_agreements"][1]["force_year"] is None
    assert parties(found) == {("10", "CIV"), ("10", "GHA"), ("10", "TGO"), ("11", "CIV"), ("11", "XKX")}


def test_the_list_of_treaties_alone_names_the_parties_but_no_depth_and_says_so(tmp_path, caplog):
    path = write(tmp_path / "t.csv", TREATIES, "latin-1")
    found = parse("desta", path)
    (said,) = caplog.messages
    assert "no depth of agreements, without which they are not scored" in said
    assert "desta_indices_version_02_03.csv. Give that with the others, in one command" in said
    assert [row["depth_index"] for row in found["trade_agreements"]] == [None, None]
    assert parties(found) == {("10", "CIV"), ("10", "GHA"), ("11", "CIV"), ("11", "XKX")}
    later = parse("desta", path, years=(1991, 2000))
    assert {row["agreement"] for row in later["trade_agreements"]} == {"11"}
    assert {agreement for agreement, _ in parties(later)} == {"11"}


def test_the_indices_alone_are_refused(tmp_path):
    said = refusal("desta", write(tmp_path / "i.csv", INDICES))
    assert "holds only the indices, which belong to agreements. Give the list of treaties with it" in said


def test_pairs_alone_have_one_agreement_in_force_from_its_first_ratification(tmp_path):
    (agreement,) = parse("desta", write(tmp_path / "p.csv", PAIRS, "latin-1"))["trade_agreements"]
    assert agreement["force_year"] == 1992


def test_a_copy_of_the_parties_in_one_column(tmp_path):
    columns = {
        "number": ["10"], "base_treaty": [10], "entry_type": ["base_treaty"],
        "year": [1990], "entryforceyear": [1992], "c": [384], "mc": [0],
    }  # fmt: skip
    assert parties(parse("desta", binary(tmp_path / "m.parquet", columns))) == {("10", "CIV")}


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("t.csv", TREATIES, "entryforceyear"),
        ("p.csv", PAIRS, "iso2"),
        ("i.csv", INDICES, "depth_rasch"),
    ],
)
def test_a_renamed_column_of_agreements_is_named(tmp_path, name, text, column):
    treaties = write(tmp_path / "t.csv", TREATIES, "latin-1")
    changed = write(tmp_path / name, text.replace(f",{column},", f",{column}_new,"), "latin-1")
    assert f"lacks the column {column};" in refusal("desta", *{treaties, changed})


PEW = (
    "survey_year,country_iso3,target,very_favorable,somewhat_favorable,somewhat_unfavorable,very_unfavorable,"
    "dk_refused,favorable,unfavorable,n\n2010,PAK,USA,3.1,13.9,18.0,50.0,15.0,17,68,2000\n"
    "2010,PLS,EU,3.1,13.9,18.0,50.0,15.0,17,68,900\n"
)


def test_opinion_keeps_bodies_as_targets(tmp_path):
    path = write(tmp_path / "p.csv", PEW)
    found = parse("pew", path)["opinion"]
    assert [(row["iso3"], row["target"], row["favorable"]) for row in found] == [
        ("PAK", "USA", 17),
        ("PSE", "EU", 17),
    ]
    assert parse("pew", path, years=(2011, 2015))["opinion"] == []


def test_a_share_beyond_a_hundred_is_refused(tmp_path):
    path = write(tmp_path / "p.csv", PEW.replace(",17,68,2000", ",170,68,2000"))
    assert "favorable is 170 in row 1" in refusal("pew", path)


def test_two_readings_of_one_survey_are_refused(tmp_path):
    path = write(tmp_path / "p.csv", PEW + "2010,PAK,USA,3.1,13.9,18.0,50.0,15.0,27,68,2000\n")
    assert "rows 1 and 3 contradict each other about iso3 PAK, target USA" in refusal("pew", path)


def test_a_renamed_share_is_named(tmp_path):
    path = write(tmp_path / "p.csv", PEW.replace(",unfavorable,", ",against,"))
    assert "lacks the column unfavorable;" in refusal("pew", path)


def answer(value=-0.5, key="value", pages=1, indicator="GOV_WGI_GE.EST"):
    row = {"indicator": {"id": indicator}, "countryiso3code": "PAK", "date": "2020", key: value}
    region = row | {"countryiso3code": ""}
    return json.dumps(
        [{"page": 1, "pages": pages, "total": 3}, [row, region, row | {"date": "1997", key: None}]]
    )


def test_governance_reads_the_interface(tmp_path):
    found = parse("wgi", write(tmp_path / "ge.json", answer(), "utf-8-sig"))["governance"]
    assert [(row["iso3"], row["indicator"], row["year"], row["governance_estimate"]) for row in found] == [
        ("PAK", "GE", 2020, -0.5)
    ]
    assert found[0]["governance_std_error"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (answer(48.1), "expected an estimate"),
        (answer(key="obs_value"), "value"),
        (answer(pages=2), "page 1 of 2"),
        (answer(indicator="GOV_WGI_XX.EST"), "holds the indicator XX"),
        ('[{"message": [{"id": "175", "value": "The indicator was not found."}]}]', "is archived"),
        ("[{", "is no answer"),
    ],
)
def test_what_is_no_whole_answer_of_estimates_is_refused(tmp_path, text, problem):
    assert problem in refusal("wgi", write(tmp_path / "ge.json", text))


LONG = {
    "code": ["PAK", "ROM", "PAK"], "countryname": ["Pakistan", "Romania", "Pakistan"],
    "year": [2020, 2020, 1997], "indicator": ["ge", "rl", "ge"], "estimate": [-0.5, 0.4, None],
    "stddev": [0.2, 0.1, None], "nsource": [8, 9, None],
}  # fmt: skip


def test_governance_reads_the_long_data_set(tmp_path):
    binary(tmp_path / "wgidataset.dta", LONG)
    path = pack(tmp_path / "wgi.zip", {"wgidataset.dta": (tmp_path / "wgidataset.dta").read_bytes()})
    found = parse("wgi", path)["governance"]
    assert [(row["iso3"], row["indicator"], row["year"]) for row in found] == [
        ("PAK", "GE", 2020),
        ("ROU", "RL", 2020),
    ]
    assert [row["governance_estimate"] for row in found] == pytest.approx([-0.5, 0.4])
    assert [row["governance_std_error"] for row in found] == pytest.approx([0.2, 0.1])
    assert [row["governance_sources"] for row in found] == [8, 9]


def test_governance_reads_the_wide_data_set(tmp_path):
    names = [f"{each}{kind}" for each in ("va", "pv", "ge", "rq", "rl", "cc") for kind in "esn"]
    row = ["0.5", "0.1", "7"] * 5 + ["#N/A"] * 3
    text = f"code,countryname,year,{','.join(names)}\nPAK,Pakistan,2020,{','.join(row)}\n"
    found = parse("wgi", write(tmp_path / "wgi.csv", text))["governance"]
    assert {row["indicator"] for row in found} == {"VA", "PV", "GE", "RQ", "RL"}
    changed = write(tmp_path / "wgi.csv", text.replace(",rle,", ",rule_of_law,"))
    assert "lacks the column rle;" in refusal("wgi", changed)


def test_a_renamed_column_of_the_long_data_set_is_named(tmp_path):
    columns = {"se" if name == "stddev" else name: values for name, values in LONG.items()}
    assert "lacks the column stddev;" in refusal("wgi", binary(tmp_path / "wgi.dta", columns))


def test_an_unknown_economy_of_the_data_set_is_a_fault(tmp_path):
    path = binary(tmp_path / "wgi.dta", LONG | {"code": ["PAK", "XQX", "PAK"]})
    assert "1 of 2 have no known state; first in row 2: code XQX" in refusal("wgi", path)


GEODIST = (
    "iso_o,iso_d,contig,comlang_off,comlang_ethno,colony,comcol,curcol,col45,smctry,dist,distcap,distw,distwces\n"
    "ROM,DEU,0,0,0,0,0,0,0,0,1300,1295.6,1250,1240\n"
    "PAL,ISR,1,0,1,0,1,0,0,0,60,60,.,.\n"
)


def test_distances_translate_old_codes(tmp_path):
    found = parse("geodist", write(tmp_path / "d.csv", GEODIST))["distances"]
    assert [(row["iso3_origin"], row["distance_weighted_km"]) for row in found] == [
        ("ROU", 1250),
        ("PSE", None),
    ]
    assert [row["shares_border"] for row in found] == [False, True]


def test_distances_are_read_from_stata(tmp_path):
    columns = {
        "iso_o": ["ROM", "PAL"], "iso_d": ["DEU", "ISR"], "contig": [0, 1], "comlang_off": [0, 0],
        "colony": [0, 0], "distcap": [1295.6, 60.0], "distw": [1250.0, None],
    }  # fmt: skip
    stata = parse("geodist", binary(tmp_path / "dist_cepii.dta", columns))
    assert stata == parse("geodist", write(tmp_path / "d.csv", GEODIST))


def test_a_renamed_distance_is_named(tmp_path):
    path = write(tmp_path / "d.csv", GEODIST.replace(",distcap,", ",capital_km,"))
    assert "lacks the column distcap;" in refusal("geodist", path)


LEADERS = (
    "obsid\tleadid\tccode\tidacr\tleader\tstartdate\teindate\tenddate\teoutdate\tentry\texit\texitcode\n"
    "PAK-1999\tx\t770\tPAK\tMusharraf\t1999-10-12\t\t2008-08-18\t\tIrregular\tRegular\tRegular\n"
)


def test_leaders_have_spells(tmp_path):
    path = write(tmp_path / "Archigos_4.1.txt", LEADERS, "latin-1")
    found = parse("archigos", path, years=(2005, 2006))["leaders"]
    assert [(row["iso3"], row["entry_date"].year, row["entry_kind"]) for row in found] == [
        ("PAK", 1999, "Irregular")
    ]
    assert parse("archigos", path, years=(2009, 2010))["leaders"] == []


def test_leaders_are_read_from_stata_and_those_of_states_that_ended_are_counted(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    columns = {
        "obsid": ["PAK-1999", "TRA-1883"], "ccode": [770, 563], "leader": ["Musharraf", "Kruger"],
        "startdate": ["1999-10-12", "1883-05-09"], "enddate": ["2008-08-18", "1900-09-10"],
        "entry": ["Irregular", "Regular"], "exit": ["Regular", ""],
    }  # fmt: skip
    (leader,) = parse("archigos", binary(tmp_path / "Archigos_4.1_stata14.dta", columns))["leaders"]
    assert (leader["iso3"], leader["exit_date"].isoformat()) == ("PAK", "2008-08-18")
    assert "1 left out, of no known state: 563 (1)" in caplog.text


@pytest.mark.parametrize("column", ["ccode", "enddate"])
def test_a_renamed_column_of_leaders_is_named(tmp_path, column):
    path = write(tmp_path / "a.txt", LEADERS.replace(f"\t{column}\t", f"\t{column}_new\t"))
    assert f"lacks the column {column};" in refusal("archigos", path)
