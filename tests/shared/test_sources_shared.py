"""Sources on real copies: nothing is lost but what is counted. Counts are those of the folders' read-mes."""

import importlib

import pandas as pd
import pytest


def parse(name, shared, *files):
    return {
        table: rows.to_pandas()
        for table, rows in importlib.import_module(f"tropism.sources.{name}")
        .SOURCE.parse([shared / file for file in files], None)
        .items()
    }


@pytest.fixture(scope="module")
def atop(shared_data):
    return parse("atop", shared_data, "alliances/atop_5_1_directed_dyad_year.parquet")["atop_alliances"]


def test_all_alliances_of_atop_but_those_of_states_that_ended(atop):
    # 273,296 rows: 5,388 name a state that ended before 1945, 231 repeat Germany's second code of 1990.
    assert len(atop) == 273_296 - 5_388 - 231
    assert not atop.duplicated(["sender", "target", "year"]).any()


def test_pakistans_promises_to_both_powers_are_alike_in_2018(atop):
    rows = atop[(atop["sender"] == "PAK") & (atop["year"] == 2018)].set_index("target")
    names = ["defense", "offense", "neutrality", "nonaggression", "consultation"]
    assert rows.loc["USA", names].tolist() == rows.loc["RUS", names].tolist()
    assert rows.loc["USA", names].tolist() == [False, False, False, True, True]


def test_all_formal_alliances_once_per_pair(shared_data):
    found = parse("gibler", shared_data, "alliances/cow_alliance_4_1_directed_dyad_year.parquet")[
        "cow_alliances"
    ]
    copy = pd.read_parquet(shared_data / "alliances/cow_alliance_4_1_directed_dyad_year.parquet")
    assert len(copy) == 120_784
    # Each pair stands in the copy both ways; 4,450 rows name a state that ended before 1945, 424 repeat a
    # pair and year under a second code of one state (Germany).
    assert len(found) == 57_955
    assert 2 * len(found) + 4_450 + 424 == len(copy)


def test_all_memberships_and_all_organisations(shared_data):
    found = parse(
        "cow_igo", shared_data, "igo/cow_igo_v3_state_year.parquet", "igo/cow_igo_v3_organizations.csv"
    )
    # 535,772 full, 861 associate, 2,332 observer, 138,874 missing; 1,066 of states that ended before 1945.
    assert len(found["igo_memberships"]) == 535_772 + 861 + 2_332 + 138_874 - 1_066
    assert len(found["igos"]) == 534


def test_all_trade_that_is_not_missing(shared_data):
    dyadic, national = (f"trade/cow_trade_4_0_{kind}.parquet" for kind in ("dyadic_1950_2014", "national"))
    found = parse("barbieri", shared_data, dyadic, national)
    copies = [pd.read_parquet(shared_data / file) for file in (dyadic, national)]
    assert (len(copies[0]), len(copies[1])) == (320_092, 14_410)
    assert len(found["cow_trade"]) == copies[0][["flow1", "flow2"]].notna().sum().sum()
    assert found["cow_trade"]["trade_million_usd"].sum() == pytest.approx(
        copies[0][["flow1", "flow2"]].sum().sum(), rel=1e-6
    )
    # 74 rows of states that ended before 1945, and rows with neither imports nor exports.
    both_missing = copies[1][["imports", "exports"]].isna().all(axis=1).sum()
    ended = 14_410 - both_missing - len(found["cow_national_trade"])
    assert 0 < ended <= 74


def test_all_agreements_and_their_parties(shared_data):
    found = parse(
        "desta",
        shared_data,
        "trade_agreements/desta_2_0_treaties.csv",
        "trade_agreements/desta_2_0_members_long.parquet",
    )
    assert len(found["trade_agreements"]) == 1_217
    # 7,772 parties: 10 with the code 900, which no state has, and one that repeats another.
    assert len(found["agreement_members"]) == 7_772 - 10 - 1


def test_all_surveys(shared_data):
    found = parse("pew", shared_data, "opinion/pew_country_favourability_2002_2023.csv")["opinion"]
    assert len(found) == 2_617
    of_pakistan = found[(found["iso3"] == "PAK") & (found["target"] == "USA")].set_index("year")["favorable"]
    # Published toplines are 17 and 11; the read-me says 17 and 12 here.
    assert (of_pakistan[2010], of_pakistan[2013]) == (17, 12)


def test_all_governance_estimates(shared_data):
    found = parse("wgi", shared_data, "governance/wgi_1996_2021.parquet")["governance"]
    copy = pd.read_parquet(shared_data / "governance/wgi_1996_2021.parquet")
    assert len(copy) == 4_922
    assert len(found) == copy[["vae", "pve", "gee", "rqe", "rle", "cce"]].notna().sum().sum()


def test_all_pairs_of_countries(shared_data):
    found = parse("geodist", shared_data, "geography/cepii_geodist_dist.parquet")["distances"]
    assert len(found) == 224 * 224


def test_all_leaders_but_those_of_states_that_ended(shared_data):
    found = parse("archigos", shared_data, "leaders/archigos_4_1.parquet")["leaders"]
    assert len(found) == 3_409 - 35
