"""Download a source's file, check it, store its tables: all of it, or the old vintage stays."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import logging
import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import DownloadError, SchemaError, StoreError, TropismError
from tropism.series import Provenance
from tropism.sources.source import Source, find_source
from tropism.tables import Vintage, schema
from tropism.tables.store import Store, alone, home

log = logging.getLogger(__name__)

#: A broken connection or a busy server is tried again this often, after 1 and 2 seconds.
RETRIES = 2
#: Seconds without any byte after which a server counts as stalled.
STALLED = 60


def fetch_table(source: str | Source, *, url: str | None = None, progress: bool = False) -> list[Vintage]:
    """Download a source from its official address, check it and keep its tables in the user's store.

    Parameters
    ----------
    source : str or Source
        A source's name, for instance ``"unga"``.
    url : str, optional
        Take the file from another address, or from this machine: a mirror, a renamed file, or a file
        that was downloaded by hand.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    list of Vintage
        One per table, in the order of the source's record.

    Raises
    ------
    DownloadError
        If the source is not known, the file cannot be had, or is not the data set. Nothing is stored
        then: an earlier vintage stays as it was.
    StoreError
        If the store cannot be written.

    Examples
    --------
    >>> from tropism import fetch_table
    >>> fetch_table("unga")  # doctest: +SKIP
    """
    record = source if isinstance(source, Source) else find_source(source)
    log.info("%s: %s. Licence: %s. %s", record.name, record.title, record.licence, record.terms)
    store = Store()
    with _scratch(record.name) as folder:
        local = _local_file(record, url)
        path = local or _download(record, url or record.address, folder, progress)
        digest = _sha256(path)
        if record.sha256 is not None and digest != record.sha256:
            raise DownloadError(
                f"source {record.name}: the file from {url or record.address} has SHA-256 {digest}, expected "
                f"{record.sha256}. It was deleted. It is damaged, or the provider has replaced it: try "
                f"again, and look at {record.page} for a new release. {_unchanged(record)}"
            )
        tables = _parsed(record, path, url or record.address)
    return [
        store.write(
            name,
            table,
            Provenance(
                source=record.title,
                licence=record.licence,
                as_of=_as_of(table),
                version=f"{record.version}; fetched {datetime.date.today()}, file SHA-256 {digest[:16]}",
                citation=record.citation,
                # A path on this machine means nothing to whoever reads the result.
                url=record.page if local or url is None else url,
            ),
        )
        for name, table in tables.items()
    ]


def _parsed(record: Source, path: Path, where: str) -> dict[str, pa.Table]:
    """The file's tables, all checked before the first is stored."""
    try:
        tables = record.parse(path)
        return {name: schema.check(name, tables[name]) for name in record.tables}
    except SchemaError as fault:
        # The scratch path means nothing to the reader: name the address instead.
        problem = str(fault).replace(f"{path}: ", "the file ")
        raise DownloadError(
            f"source {record.name}: what came from {where} is not the expected file: {problem} If a new "
            f"release changed the layout ({record.version} is known), see {record.page}. {_unchanged(record)}"
        ) from None


@contextlib.contextmanager
def _scratch(name: str) -> Iterator[Path]:
    """A folder for one download, gone afterwards; what a killed download left is cleared first."""
    downloads = home() / "downloads"
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with alone(downloads) as held:
            if held:
                for leftover in downloads.glob(f"{name}-*"):
                    shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=downloads) as folder:
                yield Path(folder)
    except OSError as fault:
        if isinstance(fault, TropismError):
            raise
        raise StoreError(
            f"store: {downloads} cannot be written ({fault.strerror or fault}). Set TROPISM_HOME to a folder "
            "that can, with room for the download."
        ) from None


def _local_file(record: Source, url: str | None) -> Path | None:
    """The file that ``url`` names on this machine, or None if it is an address."""
    if url is None or url.startswith(("http://", "https://", "doi:")):
        return None
    path = Path(urllib.request.url2pathname(urllib.parse.urlparse(url).path)) if "file:" in url else Path(url)
    if path.is_file():
        return path
    raise DownloadError(
        f"source {record.name}: {url} is neither a file on this machine nor an address that begins with "
        "https://, http:// or doi:. Check it."
    )


def _download(record: Source, address: str, folder: Path, progress: bool) -> Path:
    """Fetch one file; every failure is said in words."""
    # Both take a third of a second to import, and only a fetch needs them.
    import pooch
    import requests

    # pooch reports each step by itself; what matters is said here.
    pooch.get_logger().setLevel("ERROR")
    kind = pooch.DOIDownloader if address.startswith("doi:") else pooch.HTTPDownloader

    def download(where: str, file: IO[bytes], owner: Any) -> None:
        with _bar(record, progress) as bar:
            try:
                kind(progressbar=bar, chunk_size=1 << 16, timeout=STALLED)(where, file, owner)
            except requests.HTTPError as fault:
                if fault.response is not None and _busy(fault.response):
                    raise
                # Asking again changes nothing: an error of ours is not tried again.
                raise DownloadError(_refused(record, address, fault.response)) from None

    fetcher = pooch.create(
        path=folder,
        base_url="",
        registry={"download": None},
        urls={"download": address},
        retry_if_failed=RETRIES,
    )
    try:
        return Path(fetcher.fetch("download", downloader=download))
    except requests.HTTPError as fault:
        raise DownloadError(_refused(record, address, fault.response)) from None
    except (requests.ConnectionError, requests.Timeout) as fault:
        problem = "stalled" if isinstance(fault, requests.Timeout) else "cannot be reached"
        raise DownloadError(
            f"source {record.name}: {address} {problem} ({_cause(fault)}). Is this machine online? "
            f"{_by_hand(record)} {_unchanged(record)}"
        ) from None
    except requests.RequestException as fault:
        raise DownloadError(
            f"source {record.name}: the download from {address} broke off ({_cause(fault)}). Try again. "
            f"{_by_hand(record)} {_unchanged(record)}"
        ) from None
    except ValueError as fault:
        # pooch: the DOI leads nowhere, or the archive holds no file of that name.
        raise DownloadError(
            f"source {record.name}: {address} was not found ({fault}). Files are renamed from release to "
            f"release. {_by_hand(record)} {_unchanged(record)}"
        ) from None


def _busy(response: Any) -> bool:
    """Whether asking again later may help: the server's own fault, or too many requests."""
    return response.status_code >= 500 or response.status_code == 429


def _refused(record: Source, address: str, response: Any) -> str:
    status = f"{response.status_code} {response.reason}".strip()
    if _busy(response):
        remedy = "Try again later."
    elif response.status_code in (401, 403):
        remedy = "It wants a log-in, or refuses programs."
    else:
        remedy = "The file may have been renamed or moved."
    return (
        f"source {record.name}: {address} answered {status}. {remedy} {_by_hand(record)} {_unchanged(record)}"
    )


def _by_hand(record: Source) -> str:
    return (
        f"Or download the file from {record.page} in a browser and give it with `tropism data fetch "
        f"{record.name} --url FILE`; a table of your own goes in with `tropism data add {record.tables[0]} "
        "FILE`."
    )


def _unchanged(record: Source) -> str:
    return f"Nothing was stored; earlier vintages of {', '.join(record.tables)} are as they were."


def _cause(fault: BaseException) -> str:
    """The innermost reason: requests wraps it in several layers, each repeating the address."""
    while inner := fault.__cause__ or fault.__context__:
        fault = inner
    return str(fault) or type(fault).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_of(table: pa.Table) -> str:
    """The last day in the table, else the end of its last year, else today."""
    for name, type_ in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_date(type_) and (last := pc.max(table[name]).as_py()):
            return last.isoformat()
    if "year" in table.column_names and (last := pc.max(table["year"]).as_py()):
        return f"{last}-12-31"
    return datetime.date.today().isoformat()


class _Bar:
    """What pooch asks of a progress bar, drawn by rich."""

    def __init__(self, progress: Any, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None)

    @property
    def total(self) -> int | None:
        """Size of the file in bytes; None or 0 while the server has not said."""
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, size: int) -> None:
        self._progress.update(self._task, total=size or None)

    def update(self, size: int) -> None:
        """Count bytes that came."""
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        """Begin at zero: pooch counts whole blocks and sets the end right at last."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Nothing to do: the surrounding block ends the bar."""


@contextlib.contextmanager
def _bar(record: Source, progress: bool) -> Iterator[_Bar | bool]:
    if not progress:
        yield False
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _Bar(bars, record.name)
