"""The user's store: what it writes, what it gives back, and what is left after every kind of accident."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from dataclasses import asdict

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tropism.errors import (
    DamagedDataError,
    DataNotPresentError,
    OutputError,
    SchemaError,
    StoreError,
)
from tropism.series import Provenance
from tropism.tables import add_table, embedded, list_tables, load_table, read_table
from tropism.tables.store import Store, home, writing

MINE = Provenance(source="mine", licence="CC0", as_of="2024-06-30")
CSV = "rcid,iso3,year,session,vote_date,vote\n3,USA,1946,1,1946-01-01,1\n3,SUN,1946,1,,3\n"


def votes(*cast):
    return pd.DataFrame(
        {
            "rcid": range(1, len(cast) + 1),
            "iso3": "USA",
            "year": 1946,
            "session": 1,
            "vote_date": None,
            "vote": cast,
        }
    )


def cast(table):
    return table["vote"].to_pylist()


def files(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    )


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    return Store()


@pytest.fixture
def record(store):
    return store.folder / "un_votes" / "vintages.json"


# Writing and reading.


def test_home_is_where_the_variable_says_else_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    monkeypatch.delenv("TROPISM_HOME")
    assert home().name == "tropism"


def test_looking_into_a_store_creates_nothing(store, tmp_path):
    assert "un_votes" not in store
    assert all(info.place != "store" for info in list_tables())
    with pytest.raises(DataNotPresentError, match="table un_votes is not in the store"):
        store.read("un_votes")
    with pytest.raises(DataNotPresentError):
        store.expression("un_votes")
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_read_as_arrow_and_as_an_expression(store):
    vintage = store.write("un_votes", votes(1, 3, 2), MINE)
    assert vintage.rows == 3
    assert vintage.provenance.source == "mine"
    assert len(vintage.provenance.sha256) == 64
    table = store.read("un_votes")
    assert cast(table) == [1, 3, 2]
    assert str(table.schema.field("iso3").type).startswith("dictionary")
    expression = store.expression("un_votes")
    assert expression.filter(expression.vote > 1).count().execute() == 2


def test_a_second_vintage_becomes_current_and_the_first_is_kept(store):
    first = store.write("un_votes", votes(1), MINE)
    second = store.write("un_votes", votes(2, 2), MINE)
    assert cast(store.read("un_votes")) == [2, 2]
    assert [each.file for each in store.vintages("un_votes")] == [first.file, second.file]
    assert cast(pq.read_table(store.folder / "un_votes" / first.file)) == [1]


def test_the_same_content_again_is_one_vintage_and_the_current_one(store):
    store.write("un_votes", votes(1), MINE)
    store.write("un_votes", votes(2), MINE)
    store.write("un_votes", votes(1), Provenance("elsewhere", "CC0", "2025-01-01"))
    assert [each.provenance.source for each in store.vintages("un_votes")] == ["mine", "elsewhere"]
    assert cast(store.read("un_votes")) == [1]


def test_a_table_that_does_not_fit_is_not_written(store, tmp_path):
    with pytest.raises(SchemaError, match="vote is 9 in row 2"):
        store.write("un_votes", votes(1, 9), MINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_stored_files_get_the_usual_permissions(store):
    umask = os.umask(0o022)
    try:
        vintage = store.write("un_votes", votes(1), MINE)
    finally:
        os.umask(umask)
    mode = stat.S_IMODE((store.folder / "un_votes" / vintage.file).stat().st_mode)
    assert mode == 0o644


def test_a_stored_table_comes_before_the_embedded_one(store):
    products = load_table("mineral_products")
    assert products.attrs["provenance"] == asdict(embedded.manifest()["mineral_products"].provenance)
    store.write("mineral_products", products.head(2), MINE)
    mine = load_table("mineral_products")
    assert len(mine) == 2
    assert mine.attrs["provenance"]["source"] == "mine"
    info = next(info for info in list_tables() if info.name == "mineral_products")
    assert (info.place, info.rows) == ("store", 2)


def test_a_loaded_table_can_be_written_to_a_file(store, tmp_path):
    load_table("mineral_products").to_parquet(tmp_path / "mine.parquet")
    load_table("mineral_products").to_csv(tmp_path / "mine.csv", index=False)
    for name in ("mine.parquet", "mine.csv"):
        vintage = add_table("mineral_products", tmp_path / name, source="BACI", as_of="2024-12-31")
        assert vintage.rows == len(load_table("mineral_products"))


def test_an_absent_table_says_how_to_get_it(store):
    with pytest.raises(DataNotPresentError) as caught:
        read_table("un_votes")
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith("table un_votes is not on this machine: ")
    assert str(caught.value).endswith(
        " Get it with `tropism data fetch unga`, or bring a file of your own with `tropism data add un_votes "
        "FILE --source WHERE --as-of DATE`."
    )


def test_an_absent_table_that_no_source_provides_names_no_fetch(store, monkeypatch):
    monkeypatch.setattr(embedded, "manifest", dict)
    with pytest.raises(DataNotPresentError) as caught:
        read_table("timeline")
    assert "fetch" not in str(caught.value)
    assert "Bring a file of your own with `tropism data add timeline FILE" in str(caught.value)


# A file of one's own.


def add(tmp_path, content, name="mine.csv", **settings):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return add_table("un_votes", file, **({"source": "mine", "as_of": "2024-06-30"} | settings))


def test_add_table_stores_a_csv(store, tmp_path):
    vintage = add(tmp_path, CSV, licence="CC0")
    assert (vintage.rows, vintage.provenance.licence, vintage.provenance.as_of) == (2, "CC0", "2024-06-30")
    assert read_table("un_votes").to_pylist()[1] == {
        "rcid": 3,
        "iso3": "SUN",
        "year": 1946,
        "session": 1,
        "vote_date": None,
        "vote": 3,
    }


def test_add_table_tolerates_a_byte_order_mark_quotes_and_windows_line_ends(store, tmp_path):
    content = CSV.replace("USA", '"USA"').replace("\n", "\r\n")
    assert add(tmp_path, b"\xef\xbb\xbf" + content.encode(), name="mine.CSV").rows == 2


def test_add_table_stores_a_parquet_file(store, tmp_path):
    votes(1, 2).to_parquet(tmp_path / "mine.parquet")
    vintage = add_table("un_votes", tmp_path / "mine.parquet", source="mine", as_of="2024-06-30")
    assert vintage.rows == 2


BAD_FILES = {
    "semicolons": (CSV.replace(",", ";"), "columns are separated by semicolons; expected commas"),
    "tabs": (CSV.replace(",", "\t"), "columns are separated by tabs; expected commas"),
    "html": ("\n<!DOCTYPE html><html>Not found</html>", "is a web page, not a table"),
    "xml": ("<?xml version='1.0'?><Error/>", "is a web page, not a table"),
    "empty": ("", "is empty"),
    "blank": ("\ufeff \n\n", "is empty"),
    "header only": (CSV.splitlines()[0] + "\n", "holds a header but no rows"),
    "workbook": (b"PK\x03\x04\x14\x00", "is no CSV file but a zip archive or an Excel workbook"),
    "gzip": (b"\x1f\x8b\x08\x00", "is no CSV file but compressed with gzip"),
    "utf-16": (CSV.encode("utf-16"), "is no CSV file but in UTF-16"),
    "binary": (CSV.encode() + b"\0\1\2", "is a binary file"),
    "latin-1": (CSV.replace("SUN", "S\u00dcN").encode("latin-1"), "is not in UTF-8"),
    "latin-1 header": (b"r\xe7id" + CSV.encode()[4:], "the header is not in UTF-8"),
    "cut off": (CSV[:-8], "is not a whole CSV table"),
    "extra field": (CSV + "3,CAN,1946,1,,2,7\n", "is not a whole CSV table"),
    "wrong value": (CSV + "3,CAN,1946,1,,no\n", "un_votes: vote is 'no' in row 3; expected count"),
    "missing column": (CSV.replace("iso3", "state"), "un_votes: lacks the column iso3"),
    "repeated column": (CSV.replace("session", "year"), "the column year stands in it more than once"),
    "repeated key": (CSV + "3,USA,1946,1,,2\n", r"first 3, USA, rows 1 and 3"),
}


@pytest.mark.parametrize(("content", "expected"), BAD_FILES.values(), ids=BAD_FILES)
def test_add_table_refuses(store, tmp_path, content, expected):
    with pytest.raises(SchemaError, match=expected):
        add(tmp_path, content)
    assert "un_votes" not in store


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (CSV, "mine.xlsx", "ends in neither .csv nor .parquet"),
        (CSV, "mine.parquet", "is not a whole Parquet file"),
        (b"PAR1", "mine.csv", "is no CSV file but a Parquet file"),
    ],
)
def test_add_table_refuses_a_name_that_does_not_tell_the_kind(store, tmp_path, content, name, expected):
    with pytest.raises(SchemaError, match=expected):
        add(tmp_path, content, name=name)


def test_add_table_refuses_a_file_that_is_not_there(store, tmp_path):
    for name in ("no.csv", "no.parquet"):
        with pytest.raises(SchemaError, match=r"cannot be read .*Check the path"):
            add_table("un_votes", tmp_path / name, source="mine", as_of="2024-06-30")


@pytest.mark.parametrize("as_of", ["", "June 2024", "2024-06", "20240630", "2024-02-30"])
def test_add_table_wants_an_iso_date(store, tmp_path, as_of):
    with pytest.raises(SchemaError, match="expected an ISO date, for instance 2024-06-30"):
        add(tmp_path, CSV, as_of=as_of)


def test_add_table_wants_a_source_and_a_known_table(store, tmp_path):
    with pytest.raises(SchemaError, match="the source is empty"):
        add(tmp_path, CSV, source=" ")
    with pytest.raises(SchemaError, match="Did you mean un_votes"):
        add_table("un_vots", tmp_path / "mine.csv", source="mine", as_of="2024-06-30")


# Export.


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "OUT.CSV"])
def test_export(store, tmp_path, name):
    store.write("un_votes", votes(1, 3), MINE)
    path = store.export("un_votes", tmp_path / name)
    frame = pd.read_csv(path) if name.lower().endswith("csv") else pd.read_parquet(path)
    assert frame.vote.tolist() == [1, 3]
    assert list(frame.columns) == ["rcid", "iso3", "year", "session", "vote_date", "vote"]


def test_an_exported_file_can_be_added_again(store, tmp_path):
    first = store.write("un_votes", votes(1, 3), MINE)
    for name in ("out.csv", "out.parquet"):
        path = store.export("un_votes", tmp_path / name)
        assert add_table("un_votes", path, source="mine", as_of="2024-06-30").file == first.file


def test_export_to_another_kind_of_file(store, tmp_path):
    store.write("un_votes", votes(1), MINE)
    with pytest.raises(SchemaError, match=r"out.xlsx ends in neither .csv nor .parquet"):
        store.export("un_votes", tmp_path / "out.xlsx")


def test_export_to_a_path_that_cannot_be_written_leaves_nothing(store, tmp_path):
    store.write("un_votes", votes(1), MINE)
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    before = files(tmp_path)
    for path in ("file/out.csv", "nowhere/out.csv", "folder.csv", "x" * 300 + ".csv"):
        with pytest.raises(OutputError) as caught:
            store.export("un_votes", tmp_path / path)
        assert caught.value.exit_code == 2
        assert str(caught.value).startswith(f"output: {tmp_path / path} ")
    assert files(tmp_path) == before


def test_a_failed_export_leaves_the_old_file(store, tmp_path, monkeypatch):
    import duckdb
    import ibis

    def fail(self, path):
        path.write_text("half")
        raise duckdb.IOException("No space left on device")

    store.write("un_votes", votes(1), MINE)
    path = store.export("un_votes", tmp_path / "out.csv")
    before = path.read_text()
    monkeypatch.setattr(ibis.Table, "to_csv", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        store.export("un_votes", path)
    assert path.read_text() == before
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_writing_leaves_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writing(path) as scratch:
        scratch.write_text("half")
        raise ZeroDivisionError
    assert files(tmp_path) == ["page.html"]
    assert path.read_text() == "old"


def test_writing_keeps_the_message_of_an_error_of_ours(tmp_path):
    with pytest.raises(StoreError, match="the store is ill"), writing(tmp_path / "out.csv"):
        raise StoreError("the store is ill")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_writing_follows_links_and_never_replaces_a_device(tmp_path):
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    link.symlink_to(target)
    with writing(link) as scratch:
        scratch.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    os.mkfifo(pipe)
    with writing(pipe) as scratch:
        assert scratch == pipe
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# Damage.


def damage(store, how):
    file = store.folder / "un_votes" / store.vintages("un_votes")[-1].file
    content = file.read_bytes()
    if how == "missing":
        file.unlink()
    else:
        half = len(content) // 2
        flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        file.write_bytes({"truncated": content[:half], "corrupt": flipped, "empty": b""}[how])


@pytest.mark.parametrize("how", ["corrupt", "truncated", "empty", "missing"])
def test_a_damaged_vintage_is_named_with_its_remedy(store, tmp_path, how):
    store.write("un_votes", votes(1, 2, 3), MINE)
    damage(store, how)
    for use in (
        store.read,
        store.expression,
        lambda name: store.export(name, tmp_path / "out.csv"),
        load_table,
    ):
        with pytest.raises(DamagedDataError) as caught:
            use("un_votes")
        folder = store.folder / "un_votes"
        assert str(caught.value).startswith(f"store: {folder}")
        assert f"Delete the folder {folder} and add the table again." in str(caught.value)
        assert caught.value.exit_code == 2
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("how", ["corrupt", "truncated", "missing"])
def test_writing_the_table_again_mends_a_damaged_vintage(store, how):
    store.write("un_votes", votes(1, 2, 3), MINE)
    damage(store, how)
    store.write("un_votes", votes(1, 2, 3), MINE)
    assert cast(store.read("un_votes")) == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", "null", "[1]", '[{"file": "x"}]', '[{"file": "x", "rows": 1, "provenance": {}}]'],
)
def test_a_damaged_record_is_named_with_its_remedy(store, record, content):
    store.write("un_votes", votes(1), MINE)
    record.write_text(content)
    for use in (store.read, store.vintages, load_table, lambda name: store.write(name, votes(2), MINE)):
        with pytest.raises(DamagedDataError) as caught:
            use("un_votes")
        assert str(caught.value).startswith(f"store: {record} cannot be read (")
        assert f"Delete the folder {record.parent} and add the table again." in str(caught.value)


def test_a_record_in_another_encoding_is_damaged(store, record):
    store.write("un_votes", votes(1), MINE)
    record.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedDataError):
        store.read("un_votes")


# A store that cannot be written, and writes that break off.


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError) as caught:
        Store().write("un_votes", votes(1), MINE)
    assert str(caught.value).endswith("Set TROPISM_HOME to a folder that can.")
    assert caught.value.exit_code == 2
    # Reading does without: the embedded tables are still there.
    assert len(load_table("mineral_products"))


def test_a_home_whose_name_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / ("x" * 300)))
    for use in (lambda: Store().write("un_votes", votes(1), MINE), lambda: load_table("mineral_products")):
        with pytest.raises(StoreError, match="Set TROPISM_HOME"):
            use()


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["table", "record"])
def test_an_interrupted_write_leaves_the_old_vintage(store, monkeypatch, place, fault):
    store.write("un_votes", votes(1), MINE)
    before = files(store.folder)

    def half_a_table(table, path, **settings):
        path.write_bytes(b"PAR1 half")
        raise fault

    def no_record(*args, **settings):
        raise fault

    if place == "table":
        monkeypatch.setattr(pq, "write_table", half_a_table)
    else:
        monkeypatch.setattr("tropism.tables.store.asdict", no_record)
    with pytest.raises(StoreError if isinstance(fault, OSError) else KeyboardInterrupt):
        store.write("un_votes", votes(2), MINE)
    monkeypatch.undo()
    monkeypatch.setenv("TROPISM_HOME", str(store.folder.parent))
    assert cast(store.read("un_votes")) == [1]
    if place == "table":
        assert files(store.folder) == before
    store.write("un_votes", votes(2), MINE)
    assert cast(store.read("un_votes")) == [2]
    assert len(store.vintages("un_votes")) == 2


KILLED = """
    import sys, time
    from pathlib import Path
    import pandas as pd
    import pyarrow.parquet as pq
    from tropism.series import Provenance
    from tropism.tables.store import Store

    def hang(*args):
        print("here", flush=True)
        time.sleep(60)

    def half_a_table(table, path, **settings):
        Path(path).write_bytes(b"PAR1 half")
        hang()

    place = sys.argv[1]
    replace = Path.replace
    if place == "table":
        pq.write_table = half_a_table
    else:
        # Killed just before the scratch file takes the name of the table, or of the record.
        Path.replace = lambda self, to: hang() if to.suffix == place else replace(self, to)
    votes = dict(rcid=[1], iso3=["USA"], year=[1946], session=[1], vote_date=[None], vote=[2])
    Store().write("un_votes", pd.DataFrame(votes), Provenance("killed", "CC0", "2024-06-30"))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("place", ["table", ".parquet", ".json"])
def test_a_killed_write_leaves_the_old_vintage_and_the_next_one_clears_up(store, place):
    store.write("un_votes", votes(1), MINE)
    before = files(store.folder)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), place], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "here\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert cast(store.read("un_votes")) == [1]
    assert files(store.folder) != before
    # The lock went with the process: this does not wait.
    store.write("un_votes", votes(2, 3), MINE)
    assert cast(store.read("un_votes")) == [2, 3]
    assert len(store.vintages("un_votes")) == 2
    assert not list((store.folder / "un_votes").glob(".*-*"))


WRITER = """
    import sys
    import pandas as pd
    from tropism.series import Provenance
    from tropism.tables.store import Store

    name, store = sys.argv[1], Store()
    sys.stdin.readline()
    for session in range(1, 21):
        votes = dict(rcid=[1], iso3=[name], year=[1946], session=[session], vote_date=[None], vote=[1])
        store.write("un_votes", pd.DataFrame(votes), Provenance(name, "CC0", "2024-06-30"))
        assert store.read("un_votes").num_rows == 1
"""


def test_two_processes_writing_at_once_lose_nothing(store):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), name],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("USA", "SUN")
    ]
    time.sleep(0.1)
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert (writer.communicate()[1], writer.returncode) == ("", 0)
    vintages = store.vintages("un_votes")
    assert sorted(each.provenance.source for each in vintages) == ["SUN"] * 20 + ["USA"] * 20
    for each in vintages:
        assert pq.read_table(store.folder / "un_votes" / each.file).num_rows == 1


def test_reading_while_another_process_writes_sees_whole_tables(store):
    store.write("un_votes", votes(1), MINE)
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), "SUN"], stdin=subprocess.PIPE, text=True
    )
    writer.stdin.write("go\n")
    writer.stdin.flush()
    reads = 0
    while writer.poll() is None or reads == 0:
        assert isinstance(store.read("un_votes"), pa.Table)
        reads += 1
    writer.communicate()
    assert writer.returncode == 0
