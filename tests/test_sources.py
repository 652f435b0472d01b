"""Sources: their records, and a downloader that leaves the old vintage whatever the network brings."""

import hashlib
import http.server
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace

import pytest

from tropism.cli import run
from tropism.errors import DownloadError, SchemaError, StoreError
from tropism.sources import Source, fetch_table, find_source, sources
from tropism.tables import load_table, read_table, schema
from tropism.tables.store import Store, home

# The columns of the release of 2024 in their order, as its readers print them. The rows are invented.
HEADER = (
    '"","rcid","ccode","member","vote","Country","Countryname","session","abstain","yes","no",'
    '"importantvote","date","unres","amend","para","short","descr","me","nu","di","hr","co","ec","ident",'
    '"resid"'
)


def row(number, rcid, ccode, vote, name, session, date, resid):
    return (
        f'"{number}",{rcid},{ccode},1,{vote},"XXX","{name}",{session},4,29,18,0,{date},"R/1/66",1,0,"RULES",'
        f'"TO ADOPT A ""CUBAN"" AMENDMENT,\nAS REVISED",0,0,0,0,0,0,0,{resid}'
    )


ROWS = [
    row(1, 3, 2, 1, "United States of America", 1, "1946-01-01", 1001),
    row(2, 3, 365, 3, "Russia", 1, "1946-01-01", 1001),
    row(3, 3, 31, 9, "Bahamas", 1, "1946-01-01", 1001),
    row(4, 3, 713, 8, "Taiwan", 1, "1946-01-01", 1001),
    row(5, 9147, 365, 2, "Russia", 78, "2023-11-02", 78001),
    row(6, 9147, 2, 3, "United States of America", 78, "2023-11-02", 78001),
    row(7, 9147, 770, 1, "Pakistan", 78, "2023-11-03", 78001),
    # No roll-call number yet; the state twice with one vote; the country known by its name alone.
    row(8, "NA", 2, 1, "United States of America", 78, "2024-06-04", 78087),
    row(9, "NA", 2, 1, "United States of America", 78, "2024-06-05", 78087),
    row(10, "NA", "NA", 1, "Turkey", 78, "2024-06-04", 78087),
]
OFFICIAL = "\n".join([HEADER, *ROWS]) + "\n"
EXPECTED = [
    (3, "SUN", 1946, 1, "1946-01-01", 3),
    (3, "USA", 1946, 1, "1946-01-01", 1),
    (9147, "PAK", 2023, 78, "2023-11-02", 1),
    (9147, "RUS", 2023, 78, "2023-11-02", 2),
    (9147, "USA", 2023, 78, "2023-11-02", 3),
    (78087, "TUR", 2023, 78, "2024-06-04", 1),
    (78087, "USA", 2023, 78, "2024-06-04", 1),
]


class Server(http.server.ThreadingHTTPServer):
    """Answers with what ``answers`` holds, one after the other; the last one stays."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/UNVotes.csv"
        self.asked = 0
        self.answers = []

    def answers_with(self, body, status=200, length=None):
        content = body if isinstance(body, bytes) else body.encode()
        self.answers.append((status, content, len(content) if length is None else length))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        answers = self.server.answers
        status, content, length = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    return Store()


@pytest.fixture
def old_vintage(store, tmp_path):
    """What a good fetch stored, before the one that fails."""
    file = tmp_path / "old.csv"
    file.write_text("\n".join([HEADER, *ROWS[:2]]) + "\n")
    return fetch_table("unga", url=str(file))[0]


def left_over():
    downloads = home() / "downloads"
    return [path.name for path in downloads.glob("*")] if downloads.exists() else []


def stored():
    return [
        (*list(each.values())[:4], each["vote_date"].isoformat(), each["vote"])
        for each in read_table("un_votes").to_pylist()
    ]


# The records.


def test_each_module_with_a_record_is_a_source():
    assert "unga" in sources()
    for name, source in sources().items():
        assert isinstance(source, Source)
        assert sys.modules[f"tropism.sources.{name}"].SOURCE is source
        for field in ("title", "version", "licence", "terms", "citation"):
            assert getattr(source, field).strip(), (name, field)
        assert source.page.startswith("https://"), name
        assert source.address.startswith(("https://", "doi:")), name
        assert not source.doi or source.file, name


def test_tables_and_sources_name_each_other():
    provided = {table: source.name for source in sources().values() for table in source.tables}
    assert provided == {name: each.fetch for name, each in schema.schemas().items() if each.fetch}


def test_the_votes_are_taken_from_the_archive_by_doi():
    assert find_source("unga").address == "doi:10.7910/DVN/LEJUQZ/UNVotes.csv"
    assert find_source("unga").page == "https://doi.org/10.7910/DVN/LEJUQZ"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ungo", "Did you mean unga?"),
        ("un_votes", "It is a table, which the source unga provides: `tropism data fetch unga`."),
        (
            "timeline",
            "It is a table that no source provides: bring a file with `tropism data add timeline FILE`.",
        ),
    ],
)
def test_an_unknown_source_suggests_what_may_be_meant(store, tmp_path, name, hint):
    with pytest.raises(DownloadError) as caught:
        fetch_table(name)
    assert str(caught.value) == f"source {name!r} is not known. {hint}"
    assert list(tmp_path.iterdir()) == []


def test_a_source_unlike_any_other_lists_all():
    with pytest.raises(DownloadError, match=r"source 'zzzz' is not known. Sources are: .*unga"):
        find_source("zzzz")


# Voeten's layout.


def parse(tmp_path, text):
    file = tmp_path / "UNVotes.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return schema.check("un_votes", find_source("unga").parse(file)["un_votes"])


def test_layout_of_the_release_of_2022(tmp_path):
    # It calls the file UNVotes-1.csv and has a year, but no member and ident.
    text = (
        "rcid,ccode,session,vote,Country,Countryname,year,date,resid\n"
        "3,2,1,1,USA,United States of America,1946,1946-01-01,1001\n"
        "3,20,1,3,CAN,Canada,1946,1946-01-01,1001\n"
    )
    assert parse(tmp_path, text)["iso3"].to_pylist() == ["CAN", "USA"]


def test_layout_with_tabs_as_an_archive_may_serve_it(tmp_path):
    text = "rcid\tccode\tsession\tvote\tdate\n3\t2.0\t1\t1\t1946-01-01\n"
    assert parse(tmp_path, text).num_rows == 1


def test_other_columns_may_be_in_any_encoding(tmp_path):
    text = OFFICIAL.replace("RULES", "R\u00c8GLES").encode("latin-1")
    assert parse(tmp_path, text).num_rows == len(EXPECTED)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"vote"', '"choice"', "lacks the column vote; it has , rcid, ccode, member, choice"),
        ("3,365,1,3,", "3,365,1,7,", "the file holds vote '7' in row 2; known are 1 yes, 2 abstain, 3 no, 8"),
        ("3,365,1,3,", "3,365,1,NA,", "the file holds vote None in row 2"),
        ("3,365,1,3,", "3,365,1,no,", "the file holds vote 'no' in row 2; expected a whole number"),
        ("3,365,1,3,", "3.5,365,1,3,", "the file holds rcid '3.5' in row 2; expected a whole number"),
        ("1946-01-01,", "1/1/1946,", "the file holds date '1/1/1946' in row 1; expected an ISO date"),
        ('"Pakistan",78', '"Pakistan",NA', "the file has a vote without session in row 7"),
        (",78087\n", ",\n", "the file has a vote without rcid in row 8"),
        (
            '9147,770,1,1,"XXX","Pakistan"',
            '9147,999,1,1,"XXX","Atlantis"',
            "1 of 8 votes without a known state; first in row 7: ccode 999",
        ),
        ("NA,2,1,1,", "NA,2,1,2,", None),
    ],
)
def test_a_changed_layout_is_named(tmp_path, old, new, expected):
    if expected is None:
        # One of two rows of a state says otherwise: which one is right is not ours to say.
        text = OFFICIAL.replace(old, new, 1)
        expected = r"1 keys \(rcid, iso3\) are repeated; first 78087, USA, rows 7 and 8"
    else:
        text = OFFICIAL.replace(old, new)
    assert text != OFFICIAL
    with pytest.raises(SchemaError, match=expected):
        parse(tmp_path, text)


def test_a_few_votes_of_no_known_state_are_left_out_and_said_so(tmp_path, caplog):
    many = [row(i, i, 2, 1, "United States of America", 1, "1946-01-01", 1000 + i) for i in range(1, 200)]
    text = "\n".join([HEADER, *many, row(200, 5, "NA", 1, "Atlantis", 1, "1946-01-01", 1005)]) + "\n"
    with caplog.at_level(logging.WARNING):
        assert parse(tmp_path, text).num_rows == 199
    assert caplog.messages == ["unga: 1 votes left out, of no known state: Atlantis"]


# Fetching.


def test_a_good_file_is_stored_with_where_it_came_from(store, server):
    server.answers_with(OFFICIAL)
    (vintage,) = fetch_table("unga", url=server.url)
    assert stored() == EXPECTED
    assert vintage.rows == len(EXPECTED)
    provenance = vintage.provenance
    assert provenance.url == server.url
    assert provenance.licence == "CC0 1.0"
    assert provenance.as_of == "2024-06-04"
    assert hashlib.sha256(OFFICIAL.encode()).hexdigest()[:16] in provenance.version
    assert load_table("un_votes").attrs["provenance"]["source"] == find_source("unga").title
    assert left_over() == [".lock"]
    assert server.asked == 1


def test_the_same_file_twice_is_one_vintage_and_a_newer_one_the_current(store, server, old_vintage):
    server.answers_with(OFFICIAL)
    first, second = (fetch_table("unga", url=server.url)[0] for _ in range(2))
    assert first.file == second.file
    assert [each.file for each in store.vintages("un_votes")] == [old_vintage.file, first.file]


def test_a_file_downloaded_by_hand(store, tmp_path):
    file = tmp_path / "UNVotes (1).csv"
    file.write_text(OFFICIAL)
    for url in (str(file), file.as_uri()):
        (vintage,) = fetch_table("unga", url=url)
        assert vintage.rows == len(EXPECTED)
        assert vintage.provenance.url == "https://doi.org/10.7910/DVN/LEJUQZ"
    assert file.exists()
    with pytest.raises(DownloadError, match=r"no\.csv is neither a file on this machine nor an address"):
        fetch_table("unga", url=str(tmp_path / "no.csv"))


def test_a_busy_server_is_asked_again(store, server):
    server.answers_with("busy", status=503)
    server.answers_with(OFFICIAL[:100], length=len(OFFICIAL.encode()))
    server.answers_with(OFFICIAL)
    fetch_table("unga", url=server.url)
    assert server.asked == 3
    assert stored() == EXPECTED


def test_a_progress_bar_goes_to_stderr(store, server, capsys):
    server.answers_with(OFFICIAL)
    fetch_table("unga", url=server.url, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "unga" in err


FAILURES = {
    "404": (dict(body="gone", status=404), 1, "answered 404 Not Found. The file may have been renamed"),
    "403": (dict(body="no", status=403), 1, "answered 403 Forbidden. It wants a log-in"),
    "429": (dict(body="busy", status=429), 3, "answered 429 Too Many Requests. Try again later."),
    "500": (dict(body="ill", status=500), 3, "answered 500 Internal Server Error. Try again later."),
    "truncated": (
        dict(body=OFFICIAL[:-20], length=len(OFFICIAL.encode())),
        3,
        "broke off (IncompleteRead(",
    ),
    "cut in a row": (dict(body=OFFICIAL[:-20]), 1, "is not the expected file: the file is not a whole CSV"),
    "empty": (dict(body=""), 1, "is not the expected file: the file is empty."),
    "web page": (
        dict(body="<html><body>Log in</body></html>"),
        1,
        "is not the expected file: the file is a web page, not a table",
    ),
    "changed column": (
        dict(body=OFFICIAL.replace('"session"', '"meeting"')),
        1,
        "is not the expected file: the file lacks the column session; it has , rcid, ccode",
    ),
    "changed codes": (
        dict(body=OFFICIAL.replace(",365,", ",1365,").replace("Russia", "Ruritania")),
        1,
        "is not the expected file: the file has 2 of 8 votes without a known state",
    ),
}


@pytest.mark.parametrize(("answer", "asked", "expected"), FAILURES.values(), ids=FAILURES)
def test_a_failed_fetch_says_why_and_leaves_the_old_vintage(
    store, server, old_vintage, answer, asked, expected
):
    server.answers_with(**answer)
    before = sorted(store.folder.rglob("*"))
    with pytest.raises(DownloadError) as caught:
        fetch_table("unga", url=server.url)
    message = str(caught.value)
    assert message.startswith("source unga: ")
    assert server.url in message
    assert expected in message
    assert "https://doi.org/10.7910/DVN/LEJUQZ" in message
    assert message.endswith("Nothing was stored; earlier vintages of un_votes are as they were.")
    assert caught.value.exit_code == 2
    assert server.asked == asked
    assert sorted(store.folder.rglob("*")) == before
    assert store.vintages("un_votes") == [old_vintage]
    assert stored() == EXPECTED[:2]
    assert left_over() == [".lock"]


def test_a_failed_first_fetch_stores_nothing(store, server):
    server.answers_with("gone", status=404)
    with pytest.raises(DownloadError):
        fetch_table("unga", url=server.url)
    assert "un_votes" not in store
    assert not store.folder.exists()


def test_a_wrong_hash_gives_both_and_leaves_the_old_vintage(store, server, old_vintage):
    right = replace(find_source("unga"), sha256=hashlib.sha256(OFFICIAL.encode()).hexdigest())
    other = OFFICIAL.replace("9147,2,1,3", "9147,2,1,1")
    server.answers_with(other)
    with pytest.raises(DownloadError) as caught:
        fetch_table(right, url=server.url)
    assert f"has SHA-256 {hashlib.sha256(other.encode()).hexdigest()}, expected {right.sha256}" in str(
        caught.value
    )
    assert "It was deleted." in str(caught.value)
    assert store.vintages("un_votes") == [old_vintage]
    assert left_over() == [".lock"]
    server.answers = []
    server.answers_with(OFFICIAL)
    fetch_table(right, url=server.url)
    assert stored() == EXPECTED


def test_no_network_is_said_with_what_can_be_done(store, monkeypatch, capsys):
    def no_network(*args, **settings):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    assert run(["data", "fetch", "unga"]) == 2
    message = capsys.readouterr().err
    assert "cannot be reached" in message
    assert "Temporary failure in name resolution" in message
    assert "Is this machine online?" in message
    assert "`tropism data fetch unga --url FILE`" in message
    assert "`tropism data add un_votes FILE`" in message
    assert "Traceback" not in message
    assert "un_votes" not in store


def test_a_server_that_is_not_there(store, server):
    server.server_close()
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*refused"):
        fetch_table("unga", url=server.url)


def test_a_file_that_the_archive_does_not_hold(store, monkeypatch):
    class Archive:
        def download_url(self, name):
            raise ValueError(f"File '{name}' not found in data archive")

    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setattr("pooch.downloaders.doi_to_repository", lambda doi, **settings: Archive())
    with pytest.raises(DownloadError) as caught:
        fetch_table("unga")
    assert "File 'UNVotes.csv' not found in data archive" in str(caught.value)
    assert "Files are renamed from release to release." in str(caught.value)
    assert "--url FILE" in str(caught.value)


def test_the_doi_leads_to_the_file(store, server, monkeypatch):
    class Archive:
        def download_url(self, name):
            assert name == "UNVotes.csv"
            return server.url

    server.answers_with(OFFICIAL)
    monkeypatch.setattr("pooch.downloaders.doi_to_repository", lambda doi, **settings: Archive())
    (vintage,) = fetch_table("unga")
    assert vintage.provenance.url == "https://doi.org/10.7910/DVN/LEJUQZ"
    assert stored() == EXPECTED


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="Set TROPISM_HOME to a folder that can"):
        fetch_table("unga", url=__file__)


FETCHER = """
    import sys
    from tropism.sources import fetch_table

    print("begun", flush=True)
    fetch_table("unga", url=sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_fetch_leaves_the_old_vintage_and_the_next_one_clears_up(store, server, old_vintage):
    begun, hold = threading.Event(), threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(OFFICIAL[:500].encode())
        handler.wfile.flush()
        begun.set()
        hold.wait(30)

    good = Handler.do_GET
    Handler.do_GET = slow
    try:
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(FETCHER), server.url])
        assert begun.wait(30)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    finally:
        Handler.do_GET = good
        hold.set()
    assert any(name.startswith("unga-") for name in left_over())
    assert store.vintages("un_votes") == [old_vintage]
    server.answers_with(OFFICIAL)
    fetch_table("unga", url=server.url)
    assert stored() == EXPECTED
    assert left_over() == [".lock"]


def test_two_fetches_at_once(store, server):
    server.answers_with(OFFICIAL)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(FETCHER), server.url], stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for child in children:
        assert (child.communicate()[1], child.returncode) == ("", 0)
    assert stored() == EXPECTED
    assert len(store.vintages("un_votes")) == 1
    assert left_over() == [".lock"]
