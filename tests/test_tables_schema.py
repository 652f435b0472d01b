"""The data dictionary and the check of a table against it: what a user reads when a table does not fit."""

import csv
import datetime
import subprocess
import sys
from importlib import resources

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.errors import SchemaError
from tropism.tables import schema

VOTES = {
    "rcid": [3, 3, 4],
    "iso3": ["USA", "SUN", "USA"],
    "year": [1946, 1946, 1946],
    "session": [1, 1, 1],
    "vote_date": [datetime.date(1946, 1, 1)] * 3,
    "vote": [1, 3, 2],
}
TRADE = {
    "exporter": ["RUS", "RUS"],
    "importer": ["PAK", "IND"],
    "year": [2020, 2020],
    "hs6": [270112, 270112],
    "trade_thousand_usd": [77.1, 12.0],
    "quantity_tonnes": [None, 3.5],
}


def fault(table, columns, **kwargs):
    with pytest.raises(SchemaError) as caught:
        schema.check(table, pd.DataFrame(columns) if isinstance(columns, dict) else columns, **kwargs)
    return str(caught.value)


def rows(file):
    text = resources.files("tropism.tables").joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


# The dictionary itself.


@pytest.mark.parametrize(("file", "name"), [("columns.csv", "column"), ("tables.csv", "table")])
def test_dictionary_rows_are_whole_and_named_once(file, name):
    found = rows(file)
    names = [row[name] for row in found]
    assert len(set(names)) == len(names)
    for row in found:
        assert None not in row, f"{row[name]}: more fields than the header; quote the commas"
        assert row["meaning"], row[name]
        assert row["meaning"].rstrip()[-1] in ".)", f"{row[name]}: the meaning is a sentence"


def test_every_column_of_the_dictionary_has_a_known_type_and_sound_bounds():
    for row in rows("columns.csv"):
        assert row["type"] in schema.TYPES, row
        assert row["nullable"] in ("yes", "no"), row
        if row["allowed"]:
            assert row["type"] in ("code", "text"), row
        if row["minimum"] or row["maximum"]:
            assert row["type"] in ("year", "count", "integer", "number"), row
        if row["minimum"] and row["maximum"]:
            assert float(row["minimum"]) <= float(row["maximum"]), row


def test_every_column_used_is_described_and_every_description_is_used():
    used = {name for row in rows("tables.csv") for name in (row["keys"] + " " + row["columns"]).split()}
    assert used == {row["column"] for row in rows("columns.csv")}


def test_tables_name_no_column_twice_and_have_keys_that_cannot_be_empty():
    for name, table in schema.schemas().items():
        assert len(set(table.names)) == len(table.names), name
        assert table.keys, name
        for column in table.columns[: len(table.keys)]:
            assert not column.nullable, f"{name}: key {column.name}"


# What the check gives back.


def test_check_returns_schema_order_and_types_whatever_order_and_types_come_in():
    shuffled = pd.DataFrame(VOTES)[["vote", "vote_date", "iso3", "session", "rcid", "year"]]
    checked = schema.check("un_votes", shuffled)
    assert checked.column_names == ["rcid", "iso3", "year", "session", "vote_date", "vote"]
    assert [str(each) for each in checked.schema.types] == [
        "int32",
        "dictionary<values=string, indices=int16, ordered=0>",
        "int16",
        "int16",
        "date32[day]",
        "int16",
    ]
    assert checked.to_pydict() == VOTES


def test_check_reads_text_as_a_csv_file_brings_it():
    text = {
        "rcid": ["3", "3.0", "4"],
        "iso3": ["USA", "SUN", "USA"],
        "year": ["1946"] * 3,
        "session": ["1"] * 3,
        "vote_date": ["1946-01-01"] * 3,
        "vote": ["1", "3", "2"],
    }
    assert schema.check("un_votes", pa.table(text)).to_pydict() == VOTES


def test_check_joins_chunks_that_bring_codes_of_their_own():
    chunks = [schema.check("un_votes", pd.DataFrame(VOTES).iloc[[i]]) for i in range(3)]
    assert schema.check("un_votes", pa.concat_tables(chunks)).to_pydict() == VOTES


def test_check_of_a_checked_table_changes_nothing():
    once = schema.check("un_votes", pd.DataFrame(VOTES))
    assert schema.check("un_votes", once).equals(once)


def test_unknown_columns_are_dropped_only_when_asked():
    extra = pd.DataFrame(VOTES | {"short": ["a", "b", "c"]})
    assert schema.check("un_votes", extra, strict=False).to_pydict() == VOTES


def test_missing_values_stay_missing_where_they_may():
    assert schema.check("mineral_trade", pd.DataFrame(TRADE))["quantity_tonnes"].to_pylist() == [None, 3.5]


# What it refuses, word by word.


def test_unknown_table_suggests_the_nearest():
    assert fault("un_vote", VOTES).startswith("table 'un_vote' is not known. Did you mean un_votes")
    assert fault("zzz", VOTES) == "table 'zzz' is not known. `tropism data list` shows all tables."


def test_missing_column_names_the_likely_misspelling():
    table = {("iso_3" if name == "iso3" else name): values for name, values in VOTES.items()}
    assert fault("un_votes", table) == (
        "un_votes: lacks the column iso3; expected rcid, iso3, year, session, vote_date, vote. Perhaps iso_3 "
        "is meant: rename it."
    )


def test_missing_column_without_a_likely_misspelling():
    table = {name: values for name, values in VOTES.items() if name != "vote"}
    assert fault("un_votes", table) == (
        "un_votes: lacks the column vote; expected rcid, iso3, year, session, vote_date, vote."
    )


def test_unknown_column():
    assert fault("un_votes", VOTES | {"short": ["a", "b", "c"]}) == (
        "un_votes: has the unknown column short; expected rcid, iso3, year, session, vote_date, vote."
    )


@pytest.mark.parametrize("arrow", [True, False])
def test_repeated_column(arrow):
    columns = [*VOTES, "vote"]
    values = [*VOTES.values(), VOTES["vote"]]
    if arrow:
        table = pa.Table.from_arrays([pa.array(each) for each in values], names=columns)
    else:
        table = pd.DataFrame(dict(enumerate(values)))
        table.columns = columns
    assert fault("un_votes", table) == "un_votes: the column vote stands in it more than once. Keep one."


def test_wrong_type_names_row_value_and_meaning():
    assert fault("un_votes", VOTES | {"vote": ["1", "yes", "2"]}) == (
        "un_votes: vote is 'yes' in row 2; expected count (Vote cast: 1 yes, 2 abstain, 3 no.)"
    )


def test_wrong_type_names_the_unit():
    assert fault("mineral_trade", TRADE | {"quantity_tonnes": ["3", "about 4"]}).startswith(
        "mineral_trade: quantity_tonnes is 'about 4' in row 2; expected number in tonnes ("
    )


def test_wrong_type_in_a_column_of_mixed_python_types():
    assert fault("un_votes", VOTES | {"vote": [1, "yes", 2]}).startswith("un_votes: vote is 'yes' in row 2;")


def test_a_fraction_is_no_count():
    assert fault("un_votes", VOTES | {"vote": [1, 2.5, 2]}).startswith("un_votes: vote is 2.5 in row 2;")


def test_a_number_too_large_for_its_type():
    assert fault("un_votes", VOTES | {"session": [1, 70000, 1]}).startswith(
        "un_votes: session is 70000 in row 2; expected count"
    )


def test_wrong_date():
    assert fault("un_votes", VOTES | {"vote_date": ["1946-01-01", "1/2/1946", None]}).startswith(
        "un_votes: vote_date is '1/2/1946' in row 2; expected date"
    )


def test_a_flag_is_true_or_false(monkeypatch):
    flag = schema.Column("seen", "flag", "", None, None, (), True, "Whether it was seen.")
    table = schema.TableSchema("sightings", ("iso3",), (schema.columns()["iso3"], flag), "Sightings.")
    monkeypatch.setattr(schema, "schemas", lambda: {"sightings": table})
    sightings = pd.DataFrame({"iso3": ["A", "B", "C"], "seen": ["true", "false", None]})
    good = schema.check("sightings", sightings)
    assert good["seen"].to_pylist() == [True, False, None]
    assert fault("sightings", {"iso3": ["A", "B"], "seen": ["true", "perhaps"]}) == (
        "sightings: seen is 'perhaps' in row 2; expected flag (Whether it was seen.)"
    )


def test_null_key():
    assert fault("un_votes", VOTES | {"iso3": ["USA", None, "USA"]}) == (
        "un_votes: iso3 is empty in row 2, and it must not be. Fill it in or drop the row."
    )


def test_null_in_a_column_that_must_be_filled():
    assert fault("un_votes", VOTES | {"vote": [1, 2, None]}) == (
        "un_votes: vote is empty in row 3, and it must not be. Fill it in or drop the row."
    )


def test_below_and_above_the_bounds():
    assert fault("un_votes", VOTES | {"vote": [1, 0, 2]}) == (
        "un_votes: vote is 0 in row 2; expected at least 1."
    )
    assert fault("un_votes", VOTES | {"vote": [1, 2, 8]}) == (
        "un_votes: vote is 8 in row 3; expected at most 3."
    )


def test_value_that_is_not_allowed():
    facts = {
        "organisation": ["SCO"],
        "iso3": ["PAK"],
        "status": ["guest"],
        "start_date": ["2017-06-09"],
        "start_precision": ["day"],
        "end_date": [None],
        "note": [None],
        "source_url": ["https://example.org"],
        "accessed": ["2026-11-23"],
        "quote": ["became a member"],
    }
    assert fault("memberships", facts).startswith(
        "memberships: status is 'guest' in row 1; expected one of full, observer, "
    )


@pytest.mark.parametrize("value", [float("inf"), "nan"])
def test_a_number_must_be_finite(value):
    assert fault("mineral_trade", TRADE | {"quantity_tonnes": ["1", str(value)]}) == (
        f"mineral_trade: quantity_tonnes is {float(value)!r} in row 2; expected a finite number."
    )


def test_repeated_keys_name_both_rows():
    table = pd.concat([pd.DataFrame(VOTES)] * 2)
    assert fault("un_votes", table) == (
        "un_votes: 3 keys (rcid, iso3) are repeated; first 3, USA, rows 1 and 4. Keep one row of each."
    )


def test_too_many_codes():
    many = 40_000
    table = {
        "rcid": range(1, many + 1),
        "iso3": [f"X{i}" for i in range(many)],
        "year": 1946,
        "session": 1,
        "vote_date": None,
        "vote": 1,
    }
    assert fault("un_votes", pd.DataFrame(table)) == (
        "un_votes: iso3 holds too many different codes; a code column has at most 32,767."
    )


@pytest.mark.parametrize("alike", [False, True])
def test_keys_of_one_hash_are_compared_themselves(monkeypatch, alike):
    if alike:
        monkeypatch.setattr(schema, "_hashes", lambda data: np.zeros(data.num_rows, dtype=np.uint64))
    monkeypatch.setattr(schema, "_AT_ONCE", 2)
    assert schema.check("un_votes", pd.DataFrame(VOTES)).num_rows == 3
    twice = fault("un_votes", {name: [*values, values[1]] for name, values in VOTES.items()})
    assert "1 keys (rcid, iso3) are repeated; first 3, SUN, rows 2 and 4" in twice


MANY_ROWS = """
import tracemalloc
import numpy as np, pandas, pyarrow as pa
from tropism.tables import schema

rows = 1 << 20
codes = pa.array([a + b + c for a in "ABCDEF" for b in "ABCDEF" for c in "ABCDEF"])
place = np.arange(rows)
pair = place // 4096
sides = {"exporter": pair % len(codes), "importer": pair // len(codes)}
trade = pa.table(
    {side: pa.DictionaryArray.from_arrays(pa.array(at, pa.int16()), codes) for side, at in sides.items()}
    | {
        "year": pa.array(np.full(rows, 2022), pa.int16()),
        "hs6": pa.array(place % 4096 + 10_000, pa.int32()),
        "trade_thousand_usd": pa.array(np.ones(rows), pa.float32()),
        "quantity_tonnes": pa.nulls(rows, pa.float32()),
    }
)
pool = pa.default_memory_pool()
before = pool.max_memory()
tracemalloc.start()
schema.check("product_trade", trade)
print((pool.max_memory() - before + tracemalloc.get_traced_memory()[1]) / rows)
"""


def test_many_rows_are_checked_in_little_memory():
    """A year of BACI has eleven million rows: grouping them by their key takes much."""
    # A process of its own: how much was in use at most cannot be set back.
    done = subprocess.run([sys.executable, "-c", MANY_ROWS], capture_output=True, text=True, check=True)
    # Measured: 37 bytes a row, half of them two hashes of 8; when all rows were grouped, 160.
    assert float(done.stdout) < 64
