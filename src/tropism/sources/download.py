"""Download a source's files, check them, store their tables: all of them, or the old vintages stay."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import logging
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import DownloadError, SchemaError, StoreError, TropismError
from tropism.series import Provenance
from tropism.sources.source import Remote, Source, Years, find_source
from tropism.sources.transfer import (
    ORIGIN,
    PART,
    REFUSED,
    STALLED,
    BrokenError,
    RefusedError,
    bar,
    patiently,
    set_aside,
    transfer,
)
from tropism.tables import Vintage, schema
from tropism.tables.files import sha256_of
from tropism.tables.library import iso_day
from tropism.tables.store import Store, alone, home, writing

log = logging.getLogger(__name__)


def fetch_table(
    source: str | Source, *, years: Years = None, url: str | None = None, progress: bool = False
) -> list[Vintage]:
    """Download a source from its official address, check it and keep its tables in the user's store.

    A download that was broken off, even by a kill, goes on where it stopped. Two processes that fetch the
    same source do so one after the other.

    Parameters
    ----------
    source : str or Source
        A source's name, for instance ``"unga"``.
    years : (int, int), optional
        First and last year to keep; all without any.
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
        If the source is not known, forbids programs, a file cannot be had, or is not the data set. Nothing
        is stored then: an earlier vintage stays as it was.
    StoreError
        If the store cannot be written.

    Examples
    --------
    >>> from tropism import fetch_table
    >>> fetch_table("unga")  # doctest: +SKIP
    """
    record = source if isinstance(source, Source) else find_source(source)
    if url is not None and (local := _local_file(record, url)):
        return add_files(record, [local], years=years)
    _check_years(record, years)
    show_terms(record)
    if url is not None:
        remotes: tuple[Remote, ...] = (Remote(url),)
    elif record.files is not None:
        remotes = record.files(years)
    else:
        raise DownloadError(
            f"source {record.name}: its provider lets no program fetch it. {record.by_hand} Then "
            f"`tropism data add {record.name} FILE`. {_unchanged(record)}"
        )
    with _folder(record.name, {remote.local_name for remote in remotes}) as folder:
        paths = [_download(record, remote, folder, progress) for remote in remotes]
        try:
            tables = _parsed(record, paths, years, ", ".join(remote.url for remote in remotes))
        except DownloadError as fault:
            raise DownloadError(f"{fault} {_set_aside(record, paths)}") from None
        vintages = _stored(record, tables, f"fetched {_today()}, {_digest(paths)}", years, url=url)
        _clear(folder, keep=())
    return vintages


def add_files(
    source: str | Source,
    files: Sequence[str | Path],
    *,
    years: Years = None,
    as_of: str | None = None,
    released: str | None = None,
) -> list[Vintage]:
    """Read files of a source that were downloaded by hand and keep their tables in the user's store.

    Parameters
    ----------
    source : str or Source
    files : sequence of path
        As the provider gives them, in any order.
    years : (int, int), optional
        First and last year to keep.
    as_of : str, optional
        Date up to which the data run, ISO; without it, that of the last row.
    released : str, optional
        Day on which the provider released them, ISO: from the later of the two dates on they count as
        known. With neither date, from today on.

    Returns
    -------
    list of Vintage
        Of the tables that the files hold.

    Raises
    ------
    DownloadError
        If the source is not known, or a file is not there or not its file.
    SchemaError
        If a date is none.
    StoreError
        If the store cannot be written.
    """
    record = source if isinstance(source, Source) else find_source(source)
    dates = [iso_day(day, f"{record.name}: as-of").isoformat() for day in (as_of, released) if day]
    _check_years(record, years)
    show_terms(record)
    paths = [Path(file) for file in files]
    for path in paths:
        if not path.is_file():
            raise DownloadError(f"source {record.name}: {path} is no file. Check the name.")
    tables = _parsed(record, paths, years, ", ".join(map(str, paths)))
    return _stored(
        record,
        tables,
        f"added {_today()}, {_digest(paths)}",
        years,
        as_of=as_of,
        known=max(dates, default=""),
    )


def show_terms(record: Source) -> None:
    """Say the licence and terms of a source when it is first used; a note in the user's folder remembers."""
    note = home() / "terms.json"
    shown: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):
        shown = dict(json.loads(note.read_text(encoding="utf-8")))
    # Changed terms are news; and what a quiet run did not show counts as not shown.
    if shown.get(record.name) == record.licence or not log.isEnabledFor(logging.WARNING):
        return
    log.warning("%s: %s. Licence: %s. %s", record.name, record.title, record.licence, record.terms)
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        with writing(note) as scratch:
            text = json.dumps(shown | {record.name: record.licence}, indent=1, ensure_ascii=False)
            scratch.write_text(text, encoding="utf-8")


def _check_years(record: Source, years: Years) -> None:
    if years is not None and years[0] > years[1]:
        raise DownloadError(
            f"source {record.name}: the years {years[0]}:{years[1]} end before they begin. Write the earlier "
            "year first."
        )


def _parsed(record: Source, paths: Sequence[Path], years: Years, where: str) -> dict[str, pa.Table]:
    """The files' tables that have rows, all checked before the first is stored."""
    try:
        tables = record.parse(paths, years)
        checked = {name: schema.check(name, tables[name]) for name in record.tables if name in tables}
    except SchemaError as fault:
        # The scratch path means nothing to the reader: name the file instead.
        problem = str(fault)
        for path in paths:
            problem = problem.replace(f"{path}: ", "the file " if len(paths) == 1 else f"{path.name}: ")
        raise DownloadError(
            f"source {record.name}: what came from {where} is not the expected file: {problem} If a new "
            f"release changed the layout (known: {record.version}), see {record.page}. {_unchanged(record)}"
        ) from None
    found = {name: table for name, table in checked.items() if table.num_rows}
    if not found:
        kept = "" if years is None else f" of the years {years[0]}-{years[1]}"
        raise DownloadError(
            f"source {record.name}: {where} holds no row{kept}; it covers {record.years}. "
            f"{_unchanged(record)}"
        )
    return found


def _stored(
    record: Source,
    tables: dict[str, pa.Table],
    origin: str,
    years: Years,
    *,
    url: str | None = None,
    as_of: str | None = None,
    known: str = "",
) -> list[Vintage]:
    """Every table as a new vintage, with the source's provenance."""
    provenance = Provenance(
        source=record.title,
        licence=record.licence,
        as_of=as_of or _last_day(tables.values()),
        version=f"{record.version}; {origin}" + ("" if years is None else f"; years {years[0]}-{years[1]}"),
        citation=record.citation,
        url=url or record.page,
    )
    vintages = []
    for name, table in tables.items():
        vintages.append(Store().write(name, table, provenance, known=known))
        log.info("%s: stored %d rows of %s, %s", record.name, table.num_rows, name, vintages[-1].in_words)
    return vintages


@contextlib.contextmanager
def _folder(name: str, files: Collection[str]) -> Iterator[Path]:
    """The folder of one source's downloads, for one process at a time; what is begun stays for the next."""
    folder = home() / "downloads" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder, f"source {name}"):
            # What is left of an earlier release bears other names.
            _clear(folder, keep=files)
            yield folder
    except OSError as fault:
        if isinstance(fault, TropismError):
            raise
        raise StoreError(
            f"store: {folder} cannot be written ({fault.strerror or fault}). Set TROPISM_HOME to a folder "
            "that can, with room for the download."
        ) from None


def _clear(folder: Path, keep: Collection[str]) -> None:
    """Delete what lies in a folder of downloads and belongs to none of some files."""
    for path in folder.iterdir():
        file = path.name.removeprefix(REFUSED).removesuffix(PART).removesuffix(ORIGIN)
        if file not in (*keep, ".lock"):
            path.unlink(missing_ok=True)


def _local_file(record: Source, url: str) -> Path | None:
    """The file that ``url`` names on this machine, or None if it is an address."""
    if url.startswith(("http://", "https://", "doi:")):
        return None
    path = Path(url)
    if url.startswith("file:"):
        path = Path(urllib.request.url2pathname(urllib.parse.urlparse(url).path))
    if path.is_file():
        return path
    raise DownloadError(
        f"source {record.name}: {url} is neither a file on this machine nor an address that begins with "
        "https://, http:// or doi:. Check it."
    )


def _download(record: Source, remote: Remote, folder: Path, progress: bool) -> Path:
    """Fetch one file; every failure is said in words."""
    target = folder / remote.local_name
    try:
        address = patiently(lambda: _resolved(remote.url), remote.url)
        with bar(f"{record.name} {target.name}", progress) as advance:
            transfer(address, target, headers=remote.headers, advance=advance)
    except RefusedError as fault:
        problem = f"answered {fault}. {_remedy(fault)}"
    except BrokenError as fault:
        problem = f"{fault.problem} ({fault}). Is this machine online? Try again: it goes on from there."
    except (ValueError, LookupError) as fault:
        # pooch: the DOI leads nowhere, or the archive holds no file of that name.
        problem = f"was not found ({fault}). Files are renamed from release to release."
    else:
        _check_hash(record, remote, target)
        return target
    raise DownloadError(
        f"source {record.name}: {remote.url} {problem} Or download the file from {record.page} in a browser "
        f"and give it with `tropism data add {record.name} FILE`. {_unchanged(record)}"
    )


def _resolved(address: str) -> str:
    """Where a file lies: an archive's DOI is asked for the address of its file."""
    if not address.startswith("doi:"):
        return address
    # pooch knows how archives name their files.
    from pooch import downloaders

    doi, _, name = address.removeprefix("doi:").rpartition("/")
    return str(downloaders.doi_to_repository(doi, timeout=STALLED).download_url(name))


def _remedy(fault: RefusedError) -> str:
    if fault.wait is not None and fault.busy:
        return f"It asks to wait {fault.wait:.0f} s. Try again then."
    if fault.busy:
        return "Try again later."
    if fault.status in (401, 403):
        return "It wants a log-in, or refuses programs."
    return "The file may have been renamed or moved."


def _check_hash(record: Source, remote: Remote, target: Path) -> None:
    digest = sha256_of(target)
    if remote.sha256 not in (None, digest):
        raise DownloadError(
            f"source {record.name}: the file from {remote.url} has SHA-256 {digest}, expected "
            f"{remote.sha256}. It is damaged, or the provider has replaced it: try again, and look at "
            f"{record.page} for a new release. {_unchanged(record)} {_set_aside(record, [target])}"
        )


def _set_aside(record: Source, paths: Sequence[Path]) -> str:
    """Keep refused files where the next attempt does not take them for good ones; say where."""
    kept = " ".join(str(set_aside(path)) for path in paths)
    return f"What came is kept: looked through or mended, `tropism data add {record.name} {kept}` reads it."


def _unchanged(record: Source) -> str:
    return f"Nothing was stored; earlier vintages of {', '.join(record.tables)} are as they were."


def _digest(paths: Sequence[Path]) -> str:
    """The hash of a file, or of several in whatever order, in words."""
    digests = sorted(map(sha256_of, paths))
    if len(digests) == 1:
        return f"file SHA-256 {digests[0][:16]}"
    return f"SHA-256 of {len(digests)} files {hashlib.sha256(''.join(digests).encode()).hexdigest()[:16]}"


def _today() -> str:
    return datetime.date.today().isoformat()


def _last_day(tables: Iterable[pa.Table]) -> str:
    """The last day in a source's tables, else the end of their last year; today at the latest."""
    last: dict[str, list[Any]] = {"date": [], "year": []}
    for table in tables:
        for name in table.column_names:
            kind = schema.columns()[name].type
            if kind in last and (value := pc.max(table[name]).as_py()) is not None:
                last[kind].append(value)
    today = datetime.date.today()
    days = last["date"] or [datetime.date(year, 12, 31) for year in last["year"]]
    return min(max(days, default=today), today).isoformat()
