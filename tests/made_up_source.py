"""A made-up source of two files that are two tables, and a server that does what its provider's might."""

import email.utils
import hashlib
import http.server
import re
import threading
import time

import pyarrow.compute as pc

from tropism.sources import Remote, Source
from tropism.tables.files import read_data, tell_apart

CAPITALS = "iso3,capital,latitude,longitude\n" + "".join(
    f"{one}{two}{three},Town of {one}{two}{three},{i},{i}\n"
    for i, one in enumerate("ABCDEF")
    for two in "ABCDEFGHIJKLMNOPQRST"
    for three in "ABCDEFGHIJ"
)
ARMS = "supplier,recipient,year,tiv_millions\n" + "".join(
    f"USA,PAK,{year},{year - 1900}\n" for year in range(1950, 2023)
)
FILES = {"capitals.csv": CAPITALS.encode(), "arms.csv": ARMS.encode()}
HEADERS = {
    "capitals": ("iso3", "capital", "latitude", "longitude"),
    "arms_totals": ("supplier", "recipient", "year", "tiv_millions"),
}
TABLES = tuple(HEADERS)
#: Rows of the tables.
WHOLE = (1200, 73)


def parse(files, years):
    found = tell_apart(files, HEADERS, what="the made-up data")
    tables = {name: read_data(parts[0], columns=HEADERS[name]) for name, parts in found.items() if parts}
    if years is not None and "arms_totals" in tables:
        year = tables["arms_totals"]["year"].cast("int32")
        asked = pc.and_(pc.greater_equal(year, years[0]), pc.less_equal(year, years[1]))
        tables["arms_totals"] = tables["arms_totals"].filter(asked)
    return tables


def made_up_source(address):
    """A source whose files lie at an address."""
    return Source(
        name="made_up",
        title="Made-up data",
        tables=TABLES,
        version="first edition",
        years="1950-2022",
        licence="CC0 1.0",
        terms="Do what you like.",
        citation="Nobody (2026), Nothing.",
        page="https://example.org/data",
        parse=parse,
        files=lambda years: tuple(Remote(address + name) for name in FILES),
    )


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files``; before that, for each request, what the next of ``faults`` does."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.files = dict(FILES)
        self.faults = {}
        self.asked = []
        self.sent = 0
        self.knows_ranges, self.validator = True, "ETag"
        self.pause = 0.0
        self.over = threading.Event()

    def fails(self, name, *faults):
        """The next requests for a file go wrong; with one fault, all."""
        self.faults[name] = list(faults)

    def count(self, name):
        return len([each for each, _ in self.asked if each == name])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    disable_nagle_algorithm = True

    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append((name, dict(self.headers)))
        faults = self.server.faults.get(name, [])
        if faults:
            fault = faults.pop(0) if len(faults) > 1 else faults[0]
            if fault is not None:
                fault(self, self.server.files[name])
                return
        self.serve(self.server.files[name])

    def edition(self, content):
        """The header that says which edition a content is."""
        return {
            "ETag": {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'},
            "Last-Modified": {"Last-Modified": email.utils.formatdate(sum(content), usegmt=True)},
            "weak": {"ETag": f'W/"{len(content)}"'},
            None: {},
        }[self.server.validator]

    def serve(self, content):
        """As a good server: ranges and conditions are minded."""
        headers = self.edition(content)
        edition = next(iter(headers.values()), "none")
        condition = "If-None-Match" if self.server.validator == "ETag" else "If-Modified-Since"
        if edition == self.headers[condition]:
            self.answer(304, b"", {})
        elif self.start and self.server.knows_ranges and self.headers["If-Range"] == edition:
            self.answer(206, content[self.start :], headers | self.place(content))
        else:
            self.answer(200, content, headers)

    @property
    def start(self):
        """From which byte on the file is asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        return int(asked[1]) if asked else 0

    def place(self, content):
        """The header that says which part of a content comes."""
        return {"Content-Range": f"bytes {self.start}-{len(content) - 1}/{len(content)}"}

    def answer(self, status, body, headers, length=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        step = max(len(body) // 20, 1) if self.server.pause else len(body) or 1
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            self.server.sent += len(body[start : start + step])
            time.sleep(self.server.pause)

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        # Whoever asked was killed.
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True


def status(code, body="", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, content: handler.answer(code, body.encode(), named)


def body(content):
    return lambda handler, _: handler.serve(content if isinstance(content, bytes) else content.encode())


def cut(after):
    """The connection breaks after so many bytes."""

    def fault(handler, content):
        start, headers = handler.start, handler.edition(content)
        if start:
            headers |= handler.place(content)
        handler.answer(206 if start else 200, content[start : start + after], headers, len(content) - start)

    return fault


def stall(handler, content):
    handler.answer(200, content[:50], {}, len(content))
    handler.server.over.wait(30)
