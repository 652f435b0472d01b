"""Tables computed from the user's own: counted right, kept once, made anew for other inputs, and named."""

import datetime
import subprocess
import sys
import textwrap
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tropism import derived
from tropism.assessment import assess, own_votes
from tropism.derived import DERIVATIONS, DerivedLibrary, read_table, table_info
from tropism.errors import MissingExtraError
from tropism.series import Provenance
from tropism.tables import embedded, schema
from tropism.tables.store import Store, home
from tropism.trade.minerals import minerals
from tropism.votes.contested import contested_counts

MINE = Provenance("my coding", "mine", "2026-01-31")


def votes(*rows):
    """Rows of (rcid, iso3, year, vote) as ``un_votes``."""
    names = ("rcid", "iso3", "year", "session", "vote_date", "vote")
    full = [(rcid, iso3, year, year - 1945, None, vote) for rcid, iso3, year, vote in rows]
    return pa.table({name: [row[i] for row in full] for i, name in enumerate(names)})


SIMPLE = votes(
    (1, "PAK", 2020, 1), (1, "RUS", 2020, 1), (1, "USA", 2020, 3),
    (2, "PAK", 2020, 2), (2, "RUS", 2020, 3), (2, "USA", 2020, 1),
    (3, "RUS", 2020, 1), (3, "USA", 2020, 3), (3, "IND", 2020, 3),
)  # fmt: skip


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    return Store()


@pytest.fixture
def made(monkeypatch):
    """Counts how often each table is computed."""
    counted = []

    def counting(rule):
        def make(*tables):
            counted.append(rule.table)
            return rule.make(*tables)

        return replace(rule, make=make)

    monkeypatch.setattr(derived, "DERIVATIONS", {name: counting(rule) for name, rule in DERIVATIONS.items()})
    return counted


def of_year(table, year):
    return table.filter(pc.equal(table["year"], year)).to_pylist()


def test_absences_of_ones_own_say_who_was_a_member_on_which_roll_call(store, made):
    def part():
        counted = of_year(read_table("un_contested_votes"), 2020)
        return {
            row["iso3"]: (row["contested"], row["took_no_part"])
            for row in counted
            if (row["pole_1"], row["pole_2"]) == ("RUS", "USA")
        }

    store.write("un_votes", SIMPLE, MINE)
    # Whoever voted once counts as a member throughout.
    assert part() == {"IND": (3, 2), "PAK": (3, 1)}
    names = ("rcid", "iso3", "year", "session")
    absent = pa.table({name: [value] for name, value in zip(names, (3, "PAK", 2020, 75), strict=True)})
    store.write("un_absences", absent, MINE)
    assert part() == {"IND": (1, 0), "PAK": (3, 1)}
    assert made == ["un_contested_votes"] * 2
    (remark,) = DerivedLibrary().remarks(["un_contested_votes"])
    assert "computed from your un_votes and un_absences" in remark and "counts as a member" not in remark
    assert {"un_votes", "un_absences"} <= set(DerivedLibrary().rests_on("un_contested_votes"))
    # Known only later than the votes, they are left aside.
    store.write("un_votes", SIMPLE, MINE, known="2021-01-01")
    assert "un_absences" not in DerivedLibrary(as_of=datetime.date(2022, 1, 1)).rests_on("un_contested_votes")


def test_without_own_tables_the_embedded_ones_are_read(made):
    for name in DERIVATIONS:
        assert table_info(name).place == "embedded"
        assert read_table(name).equals(embedded.read(name))
    assert not made and not home().joinpath("derived").exists()


def test_counts_of_own_votes_replace_their_years_and_no_others(store):
    store.write("un_votes", SIMPLE, MINE)
    table, before = read_table("un_vote_counts"), embedded.read("un_vote_counts")
    assert {(row["iso3_a"], row["iso3_b"]): row["yes_yes"] for row in of_year(table, 2020)} == {
        ("IND", "RUS"): 0, ("IND", "USA"): 0, ("PAK", "RUS"): 1, ("PAK", "USA"): 0, ("RUS", "USA"): 0,
    }  # fmt: skip
    rest = before.num_rows - len(of_year(before, 2020))
    assert table.num_rows == rest + 5
    assert of_year(table, 2019) == of_year(before, 2019)
    schema.check("un_vote_counts", table)


def test_contested_counts_by_hand():
    counted = {row["iso3"]: row for row in contested_counts(SIMPLE).to_pylist()}
    # Pakistan took no part in the third roll call, India in the first two; both are members by having voted.
    keys = ("pole_1", "pole_2", "contested", "with_1", "with_2", "abstained", "took_no_part")
    assert [counted["PAK"][key] for key in keys] == ["RUS", "USA", 3, 1, 0, 1, 1]
    assert [counted["IND"][key] for key in keys] == ["RUS", "USA", 3, 0, 1, 0, 2]


def test_recorded_absences_say_who_was_a_member():
    absent = pa.table({"iso3": ["IND"], "rcid": [2]})
    counted = {row["iso3"]: row for row in contested_counts(SIMPLE, absent).to_pylist()}
    assert counted["IND"]["contested"] == 2 and counted["IND"]["took_no_part"] == 1
    assert counted["PAK"]["contested"] == 2 and counted["PAK"]["took_no_part"] == 0


def test_votes_without_opposed_poles_make_no_rows():
    table = contested_counts(votes((1, "PAK", 2020, 1), (1, "RUS", 2020, 1)))
    assert table.num_rows == 0 and schema.check("un_contested_votes", table).num_rows == 0


def test_minerals_are_taken_out_of_all_products(store):
    product = embedded.read("mineral_products")["hs6"][0].as_py()
    trade = pa.table(
        {
            "exporter": ["RUS", "RUS"],
            "importer": ["PAK", "PAK"],
            "year": [2023, 2023],
            "hs6": [product, 10100],
            "trade_thousand_usd": [5.0, 7.0],
            "quantity_tonnes": [None, 1.0],
        }
    )
    store.write("product_trade", trade, MINE)
    assert minerals(schema.check("product_trade", trade), embedded.read("mineral_products")).num_rows == 1
    table = read_table("mineral_trade")
    assert [(row["hs6"], row["trade_thousand_usd"]) for row in of_year(table, 2023)] == [(product, 5.0)]
    assert of_year(table, 2022) == of_year(embedded.read("mineral_trade"), 2022)


def test_a_table_is_computed_once_for_each_content(store, made):
    store.write("un_votes", SIMPLE, MINE)
    for _ in range(2):
        read_table("un_vote_counts")
    assert made == ["un_vote_counts"]
    store.write("un_votes", SIMPLE.slice(0, 6), MINE)
    assert len(of_year(read_table("un_vote_counts"), 2020)) == 3
    assert made == ["un_vote_counts"] * 2
    # The first content again: what was computed from it is still kept.
    store.write("un_votes", SIMPLE, MINE)
    assert len(of_year(read_table("un_vote_counts"), 2020)) == 5
    assert len(made) == 2


def test_the_source_names_the_inputs_and_their_hashes(store):
    digest = store.write("un_votes", SIMPLE, MINE).provenance.sha256
    info = table_info("un_vote_counts")
    assert info.place == "derived" and info.provenance is not None
    assert info.provenance.source == "un_vote_counts computed from un_votes: my coding"
    assert digest[:16] in info.provenance.version and info.provenance.as_of == "2026-01-31"
    read_table("un_vote_counts")
    (kept,) = Store(home() / "derived").vintages("un_vote_counts")
    assert kept.provenance.version == info.provenance.version
    assert [each.source for each in DerivedLibrary().sources(["un_vote_counts"])] == [
        info.provenance.source,
        embedded.manifest()["un_vote_counts"].provenance.source,
    ]


def test_a_table_stored_as_such_goes_before_one_that_is_computed(store, made):
    store.write("un_votes", SIMPLE, MINE)
    store.write("un_vote_counts", embedded.read("un_vote_counts").slice(0, 7), MINE)
    assert table_info("un_vote_counts").place == "store"
    assert read_table("un_vote_counts").num_rows == 7 and not made


def test_a_damaged_copy_is_made_again(store, made):
    store.write("un_votes", SIMPLE, MINE)
    whole = read_table("un_vote_counts")
    for file in home().joinpath("derived").rglob("*.parquet"):
        file.write_bytes(b"damaged")
    assert read_table("un_vote_counts").equals(whole)
    assert len(made) == 2


def test_a_killed_build_leaves_nothing_half(store):
    store.write("un_votes", SIMPLE, MINE)
    script = """
        import os
        import pyarrow.parquet as pq
        from tropism.derived import read_table

        write = pq.write_table

        def killed(table, path, **options):
            write(table, path, **options)
            path.write_bytes(path.read_bytes()[:100])
            os._exit(9)

        pq.write_table = killed
        read_table("un_vote_counts")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == 9
    assert len(of_year(read_table("un_vote_counts"), 2020)) == 5
    left = [file.name for file in home().joinpath("derived").rglob("*") if file.is_file()]
    assert sum(name.endswith(".parquet") for name in left) == 1


def test_as_of_a_day_votes_that_were_not_known_go_behind_the_embedded_copy(store):
    store.write("un_votes", SIMPLE, MINE, known="2026-02-10")
    then, later = (DerivedLibrary(as_of=datetime.date(year, 12, 31)) for year in (2024, 2026))
    assert then.info("un_vote_counts").place == "embedded"
    assert later.info("un_vote_counts").place == "derived"
    assert pc.max(then.read("un_vote_counts")["year"]).as_py() == 2023


def test_as_of_a_day_computed_tables_are_cut_too(store):
    store.write("un_votes", SIMPLE, MINE, known="2020-01-01")
    early = DerivedLibrary(as_of=datetime.date(2021, 9, 29))
    assert early.info("un_vote_counts").place == "derived"
    assert pc.max(early.read("un_vote_counts")["year"]).as_py() == 2019
    over = DerivedLibrary(as_of=datetime.date(2021, 9, 30))
    assert len(of_year(over.read("un_vote_counts"), 2020)) == 5


def test_assess_reads_what_is_computed_and_its_rows_say_so(store, monkeypatch):
    def fails(library, folder, session):
        raise MissingExtraError("no numba.")

    monkeypatch.setattr(own_votes, "_fit", fails)
    before = {row.name: row for row in assess("PAK", toward="RUS", away_from="USA").rows}
    store.write("un_votes", SIMPLE, MINE)
    after = {row.name: row for row in assess("PAK", toward="RUS", away_from="USA").rows}
    for name, table in (("vote_similarity", "un_vote_counts"), ("contested_votes", "un_contested_votes")):
        row = after[name]
        assert any(
            remark.startswith(f"{table} computed from your un_votes, as of 2026-01-31; years that these")
            for remark in row.remarks
        )
        assert f"{table} computed from un_votes: my coding" in {each.source for each in row.coverage.sources}
        years, old = before[name].series.path("PAK>RUS")
        assert 2020 in years
        new = dict(zip(*row.series.path("PAK>RUS"), strict=True))
        assert all(new[year] == value for year, value in zip(years, old, strict=True) if year != 2020)
        assert new.get(2020) != dict(zip(years, old, strict=True))[2020]
