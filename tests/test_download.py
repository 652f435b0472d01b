"""The downloader: whatever the network brings and whenever it is killed, nothing is lost or half-written."""

import datetime
import email.utils
import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from made_up_source import (
    ARMS,
    CAPITALS,
    FILES,
    TABLES,
    WHOLE,
    Server,
    body,
    cut,
    made_up_source,
    stall,
    status,
)
from tropism.cli import run
from tropism.errors import DownloadError, SchemaError, StoreError
from tropism.sources import Remote, add_files, fetch_table, sources, transfer
from tropism.tables import read_table
from tropism.tables.store import Store, alone, home

OLD = {
    "capitals.csv": "iso3,capital,latitude,longitude\nPAK,Karachi,24.9,67\n",
    "arms.csv": "supplier,recipient,year,tiv_millions\nUSA,PAK,1949,60\n",
}


@pytest.fixture
def waits(monkeypatch):
    """Seconds waited between attempts, none of them in truth."""
    seconds = []
    monkeypatch.setattr(transfer, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    return Store()


@pytest.fixture
def old(store, tmp_path):
    """What a good fetch stored, before the one that fails."""
    for name, text in OLD.items():
        (tmp_path / f"old_{name}").write_text(text)
    add_files(made_up_source(""), [tmp_path / f"old_{name}" for name in OLD])
    return {name: store.vintages(name) for name in TABLES}


def held(source="made_up"):
    return sorted(path.name for path in (home() / "downloads" / source).glob("*"))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows():
    return tuple(read_table(name).num_rows for name in TABLES)


# What a good fetch leaves.


def test_all_files_are_stored_with_where_they_came_from(store, server):
    first, second = fetch_table(made_up_source(server.url))
    assert rows() == (first.rows, second.rows) == WHOLE
    facts = first.provenance
    assert (facts.source, facts.licence, facts.url) == ("Made-up data", "CC0 1.0", "https://example.org/data")
    assert facts.as_of == second.provenance.as_of == "2022-12-31"
    both = sorted(hashlib.sha256(content).hexdigest() for content in FILES.values())
    assert hashlib.sha256("".join(both).encode()).hexdigest()[:16] in facts.version
    assert held() == [".lock"]
    assert len(server.asked) == 2
    assert all(headers["User-Agent"].startswith("tropism/") for _, headers in server.asked)


def test_the_same_files_twice_are_one_vintage_and_newer_ones_the_current(store, server, old):
    first, second = (fetch_table(made_up_source(server.url)) for _ in range(2))
    assert [each.file for each in first] == [each.file for each in second]
    for name, vintage in zip(TABLES, first, strict=True):
        assert [each.file for each in store.vintages(name)] == [old[name][0].file, vintage.file]


def test_years_that_were_asked_for(store, server):
    _, arms = fetch_table(made_up_source(server.url), years=(2000, 2009))
    assert (arms.rows, arms.provenance.as_of) == (10, "2009-12-31")
    assert arms.provenance.version.endswith("; years 2000-2009")
    with pytest.raises(DownloadError, match="2009:2000 end before they begin"):
        fetch_table(made_up_source(server.url), years=(2009, 2000))


def test_years_without_any_row_store_nothing(store, server, tmp_path):
    file = tmp_path / "arms.csv"
    file.write_text(ARMS)
    with pytest.raises(DownloadError, match="no row of the years 1900-1910; it covers 1950-2022"):
        add_files(made_up_source(""), [file], years=(1900, 1910))
    assert not store.folder.exists()


def test_one_address_in_place_of_the_official_ones(store, server):
    (vintage,) = fetch_table(made_up_source("http://127.0.0.1:9/"), url=f"{server.url}capitals.csv")
    assert vintage.provenance.url == f"{server.url}capitals.csv"
    assert hashlib.sha256(FILES["capitals.csv"]).hexdigest()[:16] in vintage.provenance.version


def test_files_downloaded_by_hand_in_any_order_and_under_any_name(store, tmp_path):
    names = {"a (1).txt": ARMS, "b": CAPITALS}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    source = made_up_source("")
    vintages = add_files(source, [tmp_path / name for name in names])
    other_way = add_files(source, [str(tmp_path / name) for name in reversed(names)])
    assert rows() == WHOLE
    assert [each.provenance.version for each in vintages] == [each.provenance.version for each in other_way]
    assert vintages[0].provenance.url == "https://example.org/data"
    for url in (str(tmp_path / "b"), (tmp_path / "b").as_uri()):
        assert fetch_table(source, url=url)[0].rows == WHOLE[0]
    assert (tmp_path / "b").exists()
    with pytest.raises(DownloadError, match="none is no file"):
        add_files(source, [tmp_path / "none"])
    with pytest.raises(DownloadError, match="none is neither a file on this machine nor an address"):
        fetch_table(source, url=str(tmp_path / "none"))


def test_dates_of_a_file_downloaded_by_hand(store, tmp_path):
    (tmp_path / "file").write_text(ARMS)
    source = made_up_source("")
    (vintage,) = add_files(source, [tmp_path / "file"], as_of="2022-06-30", released="2023-02-01")
    assert (vintage.provenance.as_of, vintage.known) == ("2022-06-30", "2023-02-01")
    (vintage,) = add_files(source, [tmp_path / "file"], as_of="2022-06-30", years=(1950, 2000))
    assert (vintage.provenance.as_of, vintage.known) == ("2022-06-30", "2022-06-30")
    with pytest.raises(SchemaError, match="'lately'; expected an ISO date"):
        add_files(source, [tmp_path / "file"], as_of="lately")


def test_a_year_that_is_not_over_counts_up_to_today(store, tmp_path):
    this_year = datetime.date.today().year
    (tmp_path / "file").write_text(ARMS + f"USA,PAK,{this_year},1\n")
    before = datetime.date.today().isoformat()
    (vintage,) = add_files(made_up_source(""), [tmp_path / "file"])
    assert before <= vintage.provenance.as_of <= datetime.date.today().isoformat()


def test_terms_are_shown_once_and_again_when_they_change(store, server, caplog):
    def shown():
        caplog.clear()
        with caplog.at_level("WARNING"):
            fetch_table(source)
        return caplog.messages

    source = made_up_source(server.url)
    with caplog.at_level("ERROR", logger="tropism"):  # as with --quiet: what nobody saw was not shown
        fetch_table(source)
    assert shown() == ["made_up: Made-up data. Licence: CC0 1.0. Do what you like."]
    assert shown() == []
    source = replace(source, licence="ask first")
    assert len(shown()) == 1
    assert json.loads((home() / "terms.json").read_text()) == {"made_up": "ask first"}
    (home() / "terms.json").write_text("{")
    assert len(shown()) == 1


def test_a_progress_bar_goes_to_stderr(store, server, capsys):
    fetch_table(made_up_source(server.url), progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "made_up capitals.csv" in err


# Failures: said in words, nothing stored.


def zipped(content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("capitals.csv", content)
    return packed.getvalue()


def damaged(content):
    """One byte in the middle is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


#: What the server does, how often it is asked then, and what is said.
REFUSED = {
    "404": (status(404, "gone"), 1, "answered 404 Not Found. The file may have been renamed"),
    "403": (status(403), 1, "answered 403 Forbidden. It wants a log-in"),
    "416": (status(416), 1, "answered 416 "),
    "429": (status(429), 4, "answered 429 Too Many Requests. Try again later."),
    "500": (status(500), 4, "answered 500 Internal Server Error. Try again later."),
    "long wait": (status(503, Retry_After="3600"), 1, "It asks to wait 3600 s. Try again then."),
    "truncated": (cut(100), 4, "broke off ("),
}
CHANGED = CAPITALS.replace("latitude", "lat", 1)
NO_FILE = {
    "cut in a row": (body(CAPITALS[:-8]), 1, "capitals.csv: is not a whole CSV table"),
    "empty": (body(""), 1, "capitals.csv: is empty"),
    "web page": (body("<!DOCTYPE html><html>Log in</html>"), 1, "capitals.csv: is a web page, not a table"),
    "gzip": (body(gzip.compress(b"x")), 1, "compressed with gzip; unpack it"),
    "damaged zip": (body(damaged(zipped(CAPITALS))), 1, "the zip archive is damaged"),
    "truncated zip": (body(zipped(CAPITALS)[:-30]), 1, "is a zip archive, cut off or damaged"),
    "changed column": (
        body(CHANGED),
        1,
        "capitals.csv: lacks the column latitude; it has iso3, capital, lat",
    ),
    "no number": (body(CAPITALS.replace(",1,1", ",north,1", 1)), 1, "latitude is 'north' in row 201"),
}
FAILURES = {
    **{f"{what}, {name}": (name, *rest) for what, rest in REFUSED.items() for name in FILES},
    **{what: ("capitals.csv", *rest) for what, rest in NO_FILE.items()},
}


@pytest.mark.parametrize(("name", "fault", "asked", "expected"), FAILURES.values(), ids=FAILURES)
def test_a_failed_fetch_says_why_and_leaves_the_old_vintages(
    store, server, old, waits, name, fault, asked, expected
):
    server.validator = None
    server.fails(name, fault)
    before = contents(store.folder)
    with pytest.raises(DownloadError) as caught:
        fetch_table(made_up_source(server.url))
    message = str(caught.value)
    assert message.startswith("source made_up: ")
    assert server.url + name in message
    assert expected in message
    assert "https://example.org/data" in message
    assert "Nothing was stored; earlier vintages of capitals, arms_totals are as they were." in message
    assert caught.value.exit_code == 2
    assert server.count(name) == asked
    assert contents(store.folder) == before
    assert {each: store.vintages(each) for each in TABLES} == old
    server.faults.clear()
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert held() == [".lock"]


def test_a_failed_first_fetch_stores_nothing(store, server):
    server.fails("arms.csv", status(404))
    with pytest.raises(DownloadError):
        fetch_table(made_up_source(server.url))
    assert not store.folder.exists()


def test_a_wrong_hash_gives_both_and_leaves_the_old_vintages(store, server, old):
    right = [
        Remote(server.url + name, sha256=hashlib.sha256(content).hexdigest())
        for name, content in FILES.items()
    ]
    source = replace(made_up_source(""), files=lambda years: tuple(right))
    server.files["arms.csv"] = ARMS.replace("1950,50", "1950,51").encode()
    found = hashlib.sha256(server.files["arms.csv"]).hexdigest()
    with pytest.raises(DownloadError, match=f"has SHA-256 {found}, expected {right[1].sha256}") as caught:
        fetch_table(source)
    kept = home() / "downloads" / "made_up" / "refused-arms.csv"
    assert f"`tropism data add made_up {kept}` reads it." in str(caught.value)
    assert kept.read_bytes() == server.files["arms.csv"]
    assert {each: store.vintages(each) for each in TABLES} == old
    assert [name for name in held() if "arms" in name] == ["refused-arms.csv"]
    server.files = dict(FILES)
    fetch_table(source)
    assert rows() == WHOLE
    assert held() == [".lock"]


def test_a_refused_download_is_kept_and_can_be_mended(store, server):
    server.files["capitals.csv"] = CHANGED.encode()
    for _ in range(2):
        with pytest.raises(DownloadError) as caught:
            fetch_table(made_up_source(server.url))
    # Asked for anew each time: what was refused is not taken for the right file.
    assert server.count("capitals.csv") == 2
    assert held() == [".lock", "refused-arms.csv", "refused-capitals.csv"]
    refused = [home() / "downloads" / "made_up" / f"refused-{name}" for name in FILES]
    assert f"`tropism data add made_up {refused[0]} {refused[1]}` reads it." in str(caught.value)
    refused[0].write_text(CAPITALS)
    add_files(made_up_source(""), refused)
    assert rows() == WHOLE


def test_a_stalled_server_is_given_up(store, server, waits, old, monkeypatch):
    monkeypatch.setattr(transfer, "STALLED", 0.05)
    server.fails("capitals.csv", stall)
    with pytest.raises(DownloadError, match=r"capitals\.csv stalled \(.*timed out"):
        fetch_table(made_up_source(server.url))
    assert server.count("capitals.csv") == 1 + transfer.RETRIES
    assert {each: store.vintages(each) for each in TABLES} == old


def test_no_network_is_said_with_what_can_be_done(store, monkeypatch, capsys, waits):
    def no_network(*args, **settings):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    assert run(["data", "fetch", "unga"]) == 2
    message = capsys.readouterr().err
    assert "cannot be reached" in message
    assert "Temporary failure in name resolution" in message
    assert "Is this machine online?" in message
    assert "`tropism data add unga FILE`" in message
    assert "Traceback" not in message
    assert "un_votes" not in store


def test_a_server_that_is_not_there(store, server, waits):
    server.server_close()
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*refused"):
        fetch_table(made_up_source(server.url))


def test_an_address_that_is_none(store, waits):
    with pytest.raises(DownloadError, match=r"http:// "):
        fetch_table(made_up_source(""), url="http://")
    assert waits == []


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch, server):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="Set TROPISM_HOME to a folder that can"):
        fetch_table(made_up_source(server.url))
    assert server.asked == []


# Waiting.


def test_waits_grow_and_differ(store, server, waits):
    server.fails("capitals.csv", status(500))
    for _ in range(2):
        with pytest.raises(DownloadError):
            fetch_table(made_up_source(server.url))
    for first, second, third in (waits[:3], waits[3:]):
        assert 1 <= first <= 1.5 and 2 <= second <= 3 and 4 <= third <= 6
    assert waits[:3] != waits[3:]


def test_a_busy_server_is_asked_again_after_the_time_it_asks_for(store, server, waits):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=40)
    server.fails(
        "capitals.csv",
        status(429, Retry_After="7"),
        status(503, Retry_After=email.utils.format_datetime(later, usegmt=True)),
        status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        None,
    )
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert waits[0] == 7
    assert 30 < waits[1] <= 40
    assert waits[2] == 0


def test_a_wait_that_cannot_be_read_is_as_if_none_was_asked_for(store, server, waits):
    server.fails("capitals.csv", status(503, Retry_After="soon"), None)
    fetch_table(made_up_source(server.url))
    assert 1 <= waits[0] <= 1.5


# Going on where it broke off.


def headers_of(server, name):
    return [headers for asked, headers in server.asked if asked == name]


@pytest.mark.parametrize("validator", ["ETag", "Last-Modified"])
def test_a_download_goes_on_where_it_broke_off(store, server, waits, validator):
    server.validator = validator
    server.fails("capitals.csv", cut(9000), cut(9000), None)
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    first, second, third = headers_of(server, "capitals.csv")
    assert "Range" not in first
    assert (second["Range"], third["Range"]) == ("bytes=9000-", "bytes=18000-")
    assert second["If-Range"] == third["If-Range"]
    assert server.sent == sum(map(len, FILES.values()))


def test_a_later_command_goes_on_where_the_first_gave_up(store, server, waits):
    server.fails("capitals.csv", cut(1000))
    with pytest.raises(DownloadError, match="goes on from there"):
        fetch_table(made_up_source(server.url))
    assert held() == [".lock", "capitals.csv.from", "capitals.csv.part"]
    server.faults.clear()
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert headers_of(server, "capitals.csv")[-1]["Range"] == "bytes=4000-"
    assert server.sent == sum(map(len, FILES.values()))


@pytest.mark.parametrize("validator", [None, "weak"])
def test_without_a_sure_edition_it_begins_again(store, server, waits, validator):
    server.validator = validator
    server.fails("capitals.csv", cut(9000), None)
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert not any("Range" in headers for headers in headers_of(server, "capitals.csv"))


def test_a_server_without_ranges_sends_all_again(store, server, waits):
    server.knows_ranges = False
    server.fails("capitals.csv", cut(9000), None)
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert server.sent == 9000 + sum(map(len, FILES.values()))


NEWER = CAPITALS.replace("Town", "City").encode()


def other_part(handler, content):
    """A server that minds no If-Range: the rest of what is there now."""
    handler.answer(206, NEWER[handler.start :], {"ETag": '"newer"'} | handler.place(NEWER))


def wrong_part(handler, content):
    where = f"bytes 0-{len(content) - 1}/*"  # no length of the whole that would not fit
    handler.answer(206, content, {"Content-Range": where})


@pytest.mark.parametrize(
    ("fault", "asked"),
    [(None, 2), (other_part, 3), (wrong_part, 3), (status(416), 3)],
    ids=["200", "another edition", "another place", "416"],
)
def test_a_file_that_changed_in_between_is_never_pieced_together(store, server, waits, fault, asked):
    server.fails("capitals.csv", cut(9000), fault, None)
    original = server.files["capitals.csv"]
    begun = server.faults["capitals.csv"][0]

    def change(handler, content):
        begun(handler, original)
        server.files["capitals.csv"] = NEWER

    server.faults["capitals.csv"][0] = change
    fetch_table(made_up_source(server.url))
    names = set(read_table("capitals")["capital"].to_pylist())
    assert len(names) == WHOLE[0] and all(name.startswith("City of ") for name in names)
    assert server.count("capitals.csv") == asked


def test_a_part_of_a_part_is_gone_on_with(store, server, waits):
    def some(handler, content):
        """Less than was asked for, which a server may send."""
        start = handler.start
        where = f"bytes {start}-{start + 499}/{len(content)}"
        handler.answer(206, content[start : start + 500], {"Content-Range": where})

    server.fails("capitals.csv", cut(9000), some, None)
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    assert headers_of(server, "capitals.csv")[-1]["Range"] == "bytes=9500-"


@pytest.mark.parametrize("validator", ["ETag", "Last-Modified"])
def test_a_whole_file_waits_for_the_other_and_is_asked_whether_it_is_new(store, server, waits, validator):
    server.validator = validator
    server.fails("arms.csv", status(404))
    for _ in range(2):
        with pytest.raises(DownloadError):
            fetch_table(made_up_source(server.url))
    assert held() == [".lock", "capitals.csv", "capitals.csv.from"]
    assert server.sent == len(CAPITALS)
    server.faults.clear()
    server.files["capitals.csv"] = NEWER
    fetch_table(made_up_source(server.url))
    assert read_table("capitals")["capital"][0].as_py().startswith("City of ")


def test_a_file_cut_without_notice_is_not_taken_for_whole_the_next_time(store, server):
    def cut_short(handler, content):
        handler.answer(200, content[:-8], handler.edition(content))

    server.fails("capitals.csv", cut_short, None)
    with pytest.raises(DownloadError, match="is not a whole CSV table"):
        fetch_table(made_up_source(server.url))
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE


def test_what_an_earlier_release_left_is_cleared(store, server):
    folder = home() / "downloads" / "made_up"
    folder.mkdir(parents=True)
    for name in ("capitals_v1.csv", "capitals_v1.csv.part", "capitals_v1.csv.from"):
        (folder / name).touch()
    fetch_table(made_up_source(server.url))
    assert held() == [".lock"]


def begin(name, part, record):
    """What an attempt that was broken off leaves."""
    folder = home() / "downloads" / "made_up"
    folder.mkdir(parents=True)
    (folder / f"{name}.part").write_bytes(part)
    (folder / f"{name}.from").write_text(record if isinstance(record, str) else json.dumps(record))


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"url": 3, "edition": 4}'])
def test_a_damaged_note_on_a_part_is_no_reason_to_trust_it(store, server, record):
    begin("capitals.csv", b"iso3,", record)
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE


def test_a_part_from_another_address_is_not_gone_on_with(store, server):
    edition = f'"{hashlib.sha256(FILES["capitals.csv"]).hexdigest()}"'
    begin("capitals.csv", NEWER[:9000], {"url": "https://example.org/capitals.csv", "edition": edition})
    fetch_table(made_up_source(server.url))
    assert not any("Range" in headers for headers in headers_of(server, "capitals.csv"))
    assert {name[:8] for name in read_table("capitals")["capital"].to_pylist()} == {"Town of "}


def test_what_is_compressed_on_the_way_is_never_gone_on_with(store, server, waits):
    """Not asked for, but some servers do: a part then counts other bytes than the server does."""

    def compressed(handler, content):
        headers = handler.edition(content) | {"Content-Encoding": "gzip"}
        packed = gzip.compress(content)
        handler.answer(200, packed[:sent], headers, len(packed))

    # So large that some of it is read before it breaks off.
    server.files["capitals.csv"] = CAPITALS.replace("Town", "Town" * 100).encode()
    sent = len(gzip.compress(server.files["capitals.csv"])) // 2
    server.fails("capitals.csv", compressed)
    with pytest.raises(DownloadError, match="broke off"):
        fetch_table(made_up_source(server.url))
    assert "capitals.csv.part" in held()
    sent = None
    fetch_table(made_up_source(server.url))
    assert rows() == WHOLE
    asked = headers_of(server, "capitals.csv")
    assert {headers["Accept-Encoding"] for headers in asked} == {"identity"}
    assert not any("Range" in headers for headers in asked)


def test_a_server_is_asked_with_the_headers_it_wants(store, server):
    accept = {"Accept": "text/csv;version=2.0.0"}
    remotes = tuple(Remote(server.url + name, headers=accept) for name in FILES)
    fetch_table(replace(made_up_source(""), files=lambda years: remotes))
    assert [headers["Accept"] for _, headers in server.asked] == [accept["Accept"]] * 2
    assert all(headers["Accept-Encoding"] == "identity" for _, headers in server.asked)


# DOIs.


def archive(monkeypatch, download_url):
    lookups = []

    def found(doi, **settings):
        lookups.append(doi)
        assert settings["timeout"] == transfer.STALLED
        return type("Archive", (), {"download_url": staticmethod(download_url)})()

    monkeypatch.setattr("pooch.downloaders.doi_to_repository", found)
    return lookups


def by_doi():
    return replace(
        made_up_source(""), files=lambda years: tuple(Remote(f"doi:10.1/ABC/{name}") for name in FILES)
    )


def test_a_doi_leads_to_the_files(store, server, monkeypatch):
    lookups = archive(monkeypatch, lambda name: server.url + name)
    (vintage, _) = fetch_table(by_doi())
    assert lookups == ["10.1/ABC", "10.1/ABC"]
    assert vintage.provenance.url == "https://example.org/data"
    assert rows() == WHOLE


def test_a_file_that_the_archive_does_not_hold(store, monkeypatch):
    def download_url(name):
        raise ValueError(f"File '{name}' not found in data archive")

    archive(monkeypatch, download_url)
    with pytest.raises(DownloadError) as caught:
        fetch_table(by_doi())
    assert "File 'capitals.csv' not found in data archive" in str(caught.value)
    assert "Files are renamed from release to release." in str(caught.value)


def test_an_archive_that_is_busy_is_asked_again(store, server, monkeypatch, waits):
    import requests

    def busy(name):
        if not waits:
            requests.get(server.url + "arms.csv").raise_for_status()
        return server.url + name

    server.fails("arms.csv", status(503, Retry_After="5"), None)
    archive(monkeypatch, busy)
    fetch_table(by_doi())
    assert waits == [5]


# The command.


def test_a_source_that_no_program_may_fetch_says_how_a_person_gets_it(store, capsys):
    by_hand = [source for source in sources().values() if source.files is None]
    assert by_hand
    for source in by_hand:
        assert run(["data", "fetch", source.name]) == 2
        message = capsys.readouterr().err
        assert source.by_hand in message
        assert f"`tropism data add {source.name} FILE`" in message


@pytest.fixture
def known(monkeypatch, server):
    """The made-up source beside the others."""
    both = {**sources(), "made_up": made_up_source(server.url)}
    for module in ("tropism.sources", "tropism.sources.source"):
        monkeypatch.setattr(f"{module}.sources", lambda: both)


def test_one_source_that_fails_does_not_stop_the_others(store, server, known, capsys):
    assert run(["data", "fetch", "sipri", "made_up", "nosuch", "--years", "2000:2009"]) == 2
    message = capsys.readouterr().err
    assert "source sipri: its provider lets no program fetch it" in message
    assert "source 'nosuch' is not known" in message
    assert "made_up: stored 10 rows of arms_totals, as of 2009-12-31" in message
    assert rows() == (1200, 10)
    assert run(["data", "fetch", "made_up"]) == 0
    assert run(["data", "fetch", "made_up", "unga", "--url", "x"]) == 2


def test_a_source_s_files_are_added_by_its_name(store, known, tmp_path, capsys):
    (tmp_path / "arms").write_text(ARMS)
    (tmp_path / "capitals").write_text(CAPITALS)
    files = [str(tmp_path / "arms"), str(tmp_path / "capitals")]
    assert run(["data", "add", "made_up", *files, "--years", "2000:", "--as-of", "2022-06-30"]) == 0
    assert rows() == (1200, 23)
    assert store.vintages("arms_totals")[-1].provenance.as_of == "2022-06-30"
    for wrong, words in (
        (["made_up", *files, "--source", "me"], "its record says where it is from"),
        (["arms_totals", files[0]], "needs --source and --as-of"),
        (["arms_totals", *files, "--source", "me", "--as-of", "2022-06-30"], "give one file"),
        (["arms_totals", files[0], "--years", "2000:2001"], "--years is for a source's files"),
    ):
        capsys.readouterr()
        assert run(["data", "add", *wrong]) == 2
        assert words in capsys.readouterr().err


# Kills, and two at once.

COMMAND = """
import sys
from made_up_source import made_up_source
from tropism.sources import fetch_table

fetch_table(made_up_source(sys.argv[1]))
"""
#: Forks children that fetch, and kills them: each anew from a store with the old vintages. Kills are before
#: each single act on a file, one by one; when it has just been opened, and is empty perhaps; or after some
#: time. After each the next fetch has to work; of kills that leave the same files behind, after one.
KILLER = """
import hashlib, os, re, shutil, signal, sys, time
from pathlib import Path
from made_up_source import TABLES, WHOLE, made_up_source
from tropism.sources import fetch_table, transfer
from tropism.tables import read_table
from tropism.tables.store import Store
import pandas, pyarrow.csv, pyarrow.parquet, requests

transfer.CHUNK = 1000

address, home, *kinds = sys.argv[1:]
home, source = Path(home), made_up_source(address)
OPENED = {"open"}
ACTS = OPENED | {"os.rename", "os.remove", "os.mkdir", "fcntl.flock", "os.truncate"}


def die(*event):
    os.kill(os.getpid(), signal.SIGKILL)


def fetch_and_die(kind, at):
    seen = 0

    def watch(act, details):
        nonlocal seen
        mine = act == "fcntl.flock" or any(isinstance(each, str | bytes) and os.fsdecode(each).startswith(
            os.environ["TROPISM_HOME"]) for each in details)
        if act in (ACTS if kind == "acts" else OPENED) and mine:
            seen += 1
            if seen == at:
                # The act itself is done after this; then comes the next event of the profile.
                die() if kind == "acts" else sys.setprofile(die)

    sys.addaudithook(watch)
    fetch_table(source)
    os._exit(0)


def left(here):
    # What a kill leaves; scratch files have names made at random.
    names = {re.sub("-[0-9a-f]{8}", "", str(path.relative_to(here))): path for path in here.rglob("*")}
    whole = hashlib.sha256()
    for name in sorted(names):
        whole.update(name.encode() + (names[name].read_bytes() if names[name].is_file() else b""))
    return whole.digest()


def attempt(kind, number, at=None, after=None):
    here = home.with_name(f"{kind}-{number}")
    shutil.copytree(home, here)
    os.environ["TROPISM_HOME"] = str(here)
    child = os.fork()
    if not child:
        fetch_and_die(kind, at)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if (found := left(here)) not in recovered:
        recovered.add(found)
        recover(here, (kind, number))
    shutil.rmtree(here)
    return killed


def recover(here, which):
    for name, rows in zip(TABLES, WHOLE):
        files = Store().vintages(name)
        assert read_table(name).num_rows in (1, rows), (which, name)
        assert len({each.file for each in files}) == len(files) <= 2, (which, name, files)
        assert files[0].rows == 1, (which, name)
    fetch_table(source)
    for name, rows in zip(TABLES, WHOLE):
        assert read_table(name).num_rows == rows, (which, name)
        left = {each.file for each in Store().vintages(name)} | {"vintages.json", ".lock"}
        assert {path.name for path in (Store().folder / name).iterdir()} == left, (which, name)
    assert [path.name for path in (here / "downloads" / "made_up").iterdir()] == [".lock"], which
    assert {each[:8] for each in read_table("capitals")["capital"].to_pylist()} == {"Town of "}, which


recovered = set()
for kind in kinds:
    kills = 0
    if kind == "times":
        kills = sum(attempt(kind, number, after=0.006 * number) for number in range(12))
    else:
        while attempt(kind, kills, at=kills + 1):
            kills += 1
    print(kind, kills, len(recovered))
"""


def python(code, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def kills(server, *kinds):
    """Of each kind, how many kills there were, and how many states of the store they have left so far."""
    done = python(KILLER, server.url, str(home()), *kinds)
    out, err = done.communicate()
    assert (done.returncode, err) == (0, "")
    return {kind: (int(number), int(left)) for kind, number, left in map(str.split, out.splitlines())}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_kill_before_or_in_any_act_on_a_file_loses_nothing(server, old):
    # The part of an older edition lies there: it must never be taken for one of the new.
    begin("capitals.csv", NEWER[:9000], {"url": f"{server.url}capitals.csv", "edition": '"older"'})
    made = kills(server, "acts", "opened")
    # Among them: lock, note, part, rename of two files; scratch file, rename and record of two tables.
    assert made["acts"][0] >= 30 and made["acts"][1] >= 15
    # Among them: note and part of two files, scratch file and record of two tables.
    assert made["opened"][0] >= 8 and made["opened"][1] > made["acts"][1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_kill_while_bytes_come_loses_nothing_and_the_next_fetch_goes_on(server, old):
    server.pause = 0.002
    assert kills(server, "times")["times"][0] >= 8
    assert any("Range" in headers for _, headers in server.asked)


def test_two_fetches_at_once(store, server):
    server.pause = 0.005
    children = [python(COMMAND, server.url) for _ in range(2)]
    for child in children:
        assert child.communicate()[1].count("made_up: Made-up data.") <= 1
        assert child.returncode == 0
    assert rows() == WHOLE
    assert all(len(store.vintages(name)) == 1 for name in TABLES)
    assert held() == [".lock"]
    # One after the other: each file was sent whole, twice.
    assert [name for name, _ in server.asked] == ["capitals.csv", "arms.csv"] * 2
    assert server.sent == 2 * sum(map(len, FILES.values()))


def test_a_fetch_waits_for_the_one_before(store, server):
    folder = home() / "downloads" / "made_up"
    folder.mkdir(parents=True)
    with alone(folder, "the test"):
        child = python(COMMAND, server.url)
        terms, wait = (child.stderr.readline() for _ in range(2))
        assert terms.startswith("made_up: Made-up data.")
        # What is waited for, and where.
        assert wait == f"source made_up: in use by another process ({folder}); waiting until it is done\n"
        assert server.asked == []
    # Told once.
    assert child.communicate(timeout=20)[1] == ""
    assert child.returncode == 0
    assert rows() == WHOLE
