"""Fetch one file over HTTP: goes on where it broke off, waits when asked to, leaves nothing half-named.

What has come lies in ``<name>.part`` with ``<name>.from`` beside it, which says where from and which edition
(ETag or Last-Modified). A later attempt, also of another process, asks for the rest of that very edition; if
the server has another by then, or knows no ranges, it begins again. Only a whole file gets its name; one that
is there already is used again if the server says that it is still that edition.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tropism.version import __version__

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)
T = TypeVar("T")

#: A broken connection or a busy server is tried again this often.
RETRIES = 3
#: Seconds before the second attempt; each later one waits twice as long, and up to half as long again, so
#: that many clients do not come back at once.
FIRST_WAIT = 1.0
#: A server that asks for a longer wait is not waited for: the fetch ends and says how long it asked for.
LONGEST_WAIT = 120.0
#: Seconds without any byte after which a server counts as stalled.
STALLED = 60
CHUNK = 1 << 16
#: What the names of files end with that are kept to go on with another, and begin with if it was refused.
PART, ORIGIN, REFUSED = ".part", ".from", "refused-"


class RefusedError(Exception):
    """The server's answer is no file: its status, and how many seconds it asks to wait, if it does."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} {response.reason}".strip())
        self.status = response.status_code
        self.wait = _asked_wait(response.headers.get("Retry-After"))

    @property
    def busy(self) -> bool:
        """Whether asking again later may help: the server's own fault, or too many requests."""
        return self.status >= 500 or self.status == 429


class BrokenError(Exception):
    """The connection failed: ``problem`` says how, in words that follow an address."""

    def __init__(self, fault: requests.RequestException) -> None:
        import requests

        chain = list(_causes(fault))
        if isinstance(fault, requests.ConnectTimeout):
            self.problem = "cannot be reached"
        elif isinstance(fault, requests.Timeout) or any("timed out" in str(each) for each in chain):
            self.problem = "stalled"
        elif isinstance(fault, requests.ConnectionError):
            self.problem = "cannot be reached"
        else:
            self.problem = "broke off"
        # The innermost reason: requests wraps it in several layers, each repeating the address.
        super().__init__(str(chain[-1]) or type(chain[-1]).__name__)


def patiently(act: Callable[[], T], what: str) -> T:
    """Do what needs a server; while it is busy or out of reach, again after growing waits.

    Raises
    ------
    RefusedError
        If the server answers with an error: at once, or after waiting as it asked if it was busy.
    BrokenError
        If it cannot be reached, stalls, or breaks off again and again.
    """
    import requests

    passing = requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError
    for attempt in range(RETRIES + 1):
        wait = FIRST_WAIT * 2**attempt * (1 + random.random() / 2)
        fault: RefusedError | BrokenError
        try:
            return act()
        except requests.HTTPError as refusal:
            if refusal.response is None:
                raise
            fault = RefusedError(refusal.response)
            wait = wait if fault.wait is None else fault.wait
            again = fault.busy and wait <= LONGEST_WAIT
        except requests.RequestException as broken:
            fault = BrokenError(broken)
            again = isinstance(broken, passing)
        if not again or attempt == RETRIES:
            raise fault from None
        log.info("%s: %s; asked again in %.0f s", what, fault, wait)
        time.sleep(wait)
    raise AssertionError("every attempt returns or raises")


def transfer(
    url: str,
    target: Path,
    *,
    headers: Mapping[str, str] | None = None,
    advance: Callable[[int, int | None], None] = lambda done, total: None,
) -> Path:
    """Bring what stands at an address to a file.

    Parameters
    ----------
    url : str
    target : Path
        Beside it lies what an earlier attempt began.
    headers : mapping
    advance : callable
        Is told bytes so far and in all, None where the server does not say.

    Raises
    ------
    RefusedError, BrokenError
        As `patiently`. What has come stays, for a later attempt.
    """
    return patiently(lambda: _attempt(url, target, headers or {}, advance), url)


def forget(target: Path) -> None:
    """Delete a file with all that was kept to go on with it."""
    for path in (target, *_beside(target)):
        path.unlink(missing_ok=True)


def set_aside(target: Path) -> Path:
    """Give a whole file another name, so that it is not taken for the right one; an earlier such goes."""
    for path in _beside(target):
        path.unlink(missing_ok=True)
    return target.replace(target.with_name(REFUSED + target.name))


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(target.name + PART), target.with_name(target.name + ORIGIN)


def _attempt(
    url: str, target: Path, headers: Mapping[str, str], advance: Callable[[int, int | None], None]
) -> Path:
    import requests

    part, origin = _beside(target)
    begun = _edition_begun(url, origin)
    if not begun:
        forget(target)
    done = part.stat().st_size if part.exists() else 0
    # Compressed on the way, a part could not be gone on with.
    asked = {"Accept-Encoding": "identity", "User-Agent": f"tropism/{__version__}", **headers}
    if target.exists():
        asked["If-None-Match" if begun.startswith('"') else "If-Modified-Since"] = begun
    elif done:
        asked |= {"Range": f"bytes={done}-", "If-Range": begun}
    with requests.get(url, headers=asked, stream=True, timeout=STALLED) as answer:
        if answer.status_code == 304:
            return target
        goes_on = answer.status_code == 206 and _goes_on(answer, begun, done)
        if done and answer.status_code in (206, 416) and not goes_on:
            # Less is there than before, or something else: without a part the next answer is a whole file.
            forget(target)
            return _attempt(url, target, headers, advance)
        answer.raise_for_status()
        if not goes_on:
            # In this order: a kill in between must never leave an old part under a new edition.
            forget(target)
            origin.write_text(json.dumps({"url": url, "edition": _edition(answer)}), encoding="utf-8")
            done = 0
        total = _total(answer, done)
        # What came before a break is worth keeping: that all came is checked below, if the length is known.
        answer.raw.enforce_content_length = total is None
        with part.open("ab") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                file.flush()
                done += len(chunk)
                advance(done, total)
    if total is not None and done != total:
        raise requests.exceptions.ChunkedEncodingError(f"{done} of {total} bytes came")
    part.replace(target)
    return target


def _edition_begun(url: str, origin: Path) -> str:
    """The edition that an earlier attempt had from the same address; empty if it cannot be gone on with."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(origin.read_text(encoding="utf-8"))
        if known["url"] == url:
            return str(known["edition"])
    return ""


def _edition(answer: requests.Response) -> str:
    """What identifies the very bytes of an answer; empty if nothing does."""
    if "Content-Encoding" in answer.headers:
        return ""
    tag = answer.headers.get("ETag", "")
    # A weak tag promises the same meaning, not the same bytes.
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _goes_on(answer: requests.Response, begun: str, done: int) -> bool:
    """Whether a part of a file is the one that was asked for."""
    start = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return start is not None and int(start[1]) == done and _edition(answer) in ("", begun)


def _total(answer: requests.Response, done: int) -> int | None:
    """Bytes of the whole file."""
    if whole := re.search(r"/(\d+)$", answer.headers.get("Content-Range", "")):
        return int(whole[1])
    length = answer.headers.get("Content-Length", "")
    return done + int(length) if length.isdecimal() and "Content-Encoding" not in answer.headers else None


def _asked_wait(value: str | None) -> float | None:
    """Seconds of a ``Retry-After``, which may be a number or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    with contextlib.suppress(ValueError, TypeError):
        when = email.utils.parsedate_to_datetime(value)
        return max((when - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
    return None


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault and what it came from, the innermost last."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


@contextlib.contextmanager
def bar(title: str, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on the error stream."""
    if not shown:
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
