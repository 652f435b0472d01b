"""Tables computed from all UN votes against the embedded ones, and the checks on real tables."""

import importlib

import pandas as pd
import pytest

from tropism.derived import read_table
from tropism.series import Provenance
from tropism.sources import add_files
from tropism.states import from_cow
from tropism.tables import check_table, embedded, schema
from tropism.tables.faults import find_faults
from tropism.tables.store import Store

KEYS = ["iso3", "pole_1", "pole_2", "year"]


@pytest.fixture(scope="module")
def un_votes(shared_data):
    raw = pd.read_parquet(
        shared_data / "unga" / "votes.parquet", columns=["rcid", "session", "ccode", "date", "vote"]
    )
    raw["year"] = raw["session"] + 1945
    codes = raw[["ccode", "year"]].drop_duplicates()
    codes["iso3"] = [from_cow(int(code), int(year)).iso3 for code, year in codes.itertuples(index=False)]
    raw = raw.merge(codes, on=["ccode", "year"]).assign(vote_date=lambda frame: frame["date"].dt.date)
    return schema.check("un_votes", raw[list(schema.schema("un_votes").names)])


@pytest.fixture
def stored(un_votes, tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    Store().write("un_votes", un_votes, Provenance("Voeten", "CC0 1.0", "2024-06-04"))


def as_text(table):
    codes = [name for name in table.column_names if str(table.schema.field(name).type).startswith("dict")]
    return table.to_pandas().astype(dict.fromkeys(codes, str))


def test_joint_counts_of_all_votes_are_the_embedded_ones(stored):
    computed, carried = (
        as_text(each) for each in (read_table("un_vote_counts"), embedded.read("un_vote_counts"))
    )
    assert len(computed) == 900_147
    order = ["year", "iso3_a", "iso3_b"]
    assert computed.sort_values(order, ignore_index=True).equals(
        carried.sort_values(order, ignore_index=True)
    )


def test_contested_votes_differ_from_the_embedded_ones_in_who_was_a_member_alone(stored):
    computed, carried = (as_text(read("un_contested_votes")) for read in (read_table, embedded.read))
    both = computed.merge(carried, on=KEYS, how="outer", suffixes=("", "_carried"), indicator="side")
    # Absences are recorded to session 70 in the file that the embedded table was built from, not in this one:
    # who cast no vote in a session is not known to be a member; who did is one for all of it.
    alone = both["side"] != "both"
    assert not alone[both["year"] - 1945 > 70].any()
    assert (both[alone][["with_1", "with_1_carried"]].max(axis=1) == 0).all()
    both = both[~alone]
    for column in ("with_1", "with_2", "abstained"):
        assert (both[column] == both[f"{column}_carried"]).all()
    later = both["year"] - 1945 > 70
    assert (both["contested"] == both["contested_carried"])[later].all()
    # Of 431,097 rows, 22,000 differ by it: small states in 1999-2011, whose absences are recorded in part.
    shares = both["with_1"] / both["contested"] - both["with_1"] / both["contested_carried"]
    assert shares.abs().mean() < 0.003 and (shares != 0).mean() < 0.06


def test_with_absences_contested_votes_are_the_embedded_ones(shared_data, stored, tmp_path):
    files = [
        pd.read_parquet(shared_data / "unga" / each) for each in ("votes.parquet", "absences_s1_70.parquet")
    ]
    pd.concat(files, ignore_index=True).to_parquet(tmp_path / "with_absences.parquet")
    votes, absences = add_files("unga", [tmp_path / "with_absences.parquet"])
    # 18 of 73,328 are filed under another session than the votes on their roll call.
    assert (votes.rows, absences.rows) == (931_266, 73_328 - 18)
    computed, carried = (
        as_text(read("un_contested_votes")).sort_values(KEYS, ignore_index=True)
        for read in (read_table, embedded.read)
    )
    assert computed[carried.columns].equals(carried)


def test_all_votes_and_the_embedded_tables_have_no_fault(stored, un_votes):
    assert un_votes.num_rows == 931_266
    assert check_table("un_votes") == []
    for name in embedded.manifest():
        assert not [found for found in find_faults(name, embedded.read(name)) if found.is_fault], name


#: Real copies of whole data sets, and how their files are named.
COPIES = {
    "barbieri": "trade/cow_trade_*.parquet",
    "gibler": "alliances/cow_*",
    "atop": "alliances/atop_*",
    "cow_igo": "igo/cow_igo_v3_[so]*",
    "wgi": "governance/wgi_*",
}


@pytest.mark.parametrize("source", COPIES)
def test_real_data_sets_have_no_fault(source, shared_data):
    files = sorted(shared_data.glob(COPIES[source]))
    tables = importlib.import_module(f"tropism.sources.{source}").parse(files, None)
    assert files and tables
    for name, table in tables.items():
        found = find_faults(name, schema.check(name, table))
        assert not [each for each in found if each.is_fault], name


def test_a_vote_cast_under_another_code_is_found_among_all(un_votes):
    frame = as_text(un_votes)
    frame.loc[(frame["iso3"] == "RUS") & (frame["year"] == 2003), "iso3"] = "SUN"
    (found,) = find_faults("un_votes", schema.check("un_votes", frame))
    assert found.is_fault and found.where == "iso3 SUN, 2003" and "RUS" in found.remedy
