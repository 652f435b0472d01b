"""The user's store: one Parquet file per vintage of a table, queried with DuckDB through Ibis.

Files lie in ``$TROPISM_HOME`` (else the platform's user cache folder) under ``tables/<table>/``, named by
the hash of their content; ``vintages.json`` beside them records where each came from, since when it is known
and which one is current. A new file is written whole under another name and then renamed: a reader never sees
half of it, and the old vintage stays until the new one stands.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from tropism.errors import (
    DamagedDataError,
    DataNotPresentError,
    OutputError,
    SchemaError,
    StoreError,
    TropismError,
)
from tropism.series import Provenance
from tropism.tables import schema
from tropism.tables.files import parquet, sha256_of

if TYPE_CHECKING:
    import ibis
    import pandas as pd


log = logging.getLogger(__name__)

#: Seconds between two attempts to take a lock, and how many are made before the wait is told.
_PAUSE, _SILENT = 0.05, 10


def home() -> Path:
    """Folder of everything that tropism writes for itself: ``TROPISM_HOME``, else the user cache folder."""
    if chosen := os.environ.get("TROPISM_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("tropism", appauthor=False))


@dataclass(frozen=True)
class Vintage:
    """One version of a stored table.

    Attributes
    ----------
    file : str
        Its file in the table's folder, named by the hash of the content.
    rows : int
    provenance : Provenance
    stored : str
        Day on which this content came into the store, ISO; empty in records of older versions of the package.
    known : str
        Day from which on it counts as known: the release or as-of date that was given, else ``stored``.
    """

    file: str
    rows: int
    provenance: Provenance
    stored: str = ""
    known: str = ""

    @property
    def known_since(self) -> str:
        """``known``; of a record without it, the day to which the data run."""
        return self.known or self.provenance.as_of

    @property
    def in_words(self) -> str:
        """Date, day of storing and the start of the hash: enough to tell vintages apart."""
        stored = f", stored {self.stored}" if self.stored else ""
        return f"as of {self.provenance.as_of}{stored} ({self.provenance.sha256[:8]})"


class Store:
    """Stored tables of one folder; opening it creates nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or home()) / "tables"

    def __contains__(self, name: str) -> bool:
        record = self.folder / name / "vintages.json"
        try:
            return record.is_file()
        except OSError as fault:
            raise StoreError(
                f"store: {record} cannot be read ({fault.strerror or fault}). Set TROPISM_HOME to a folder "
                "that can."
            ) from None

    def write(
        self, name: str, data: pa.Table | pd.DataFrame, provenance: Provenance, *, known: str = ""
    ) -> Vintage:
        """Check a table, write it as a new vintage and make that the current one.

        Parameters
        ----------
        name : str
        data : pyarrow.Table or pandas.DataFrame
        provenance : Provenance
        known : str
            Day from which on the data were known, ISO; today without any. The current content, written again,
            keeps its own.

        Raises
        ------
        SchemaError
            If the table does not fit its description; nothing is written then.
        StoreError
            If the folder cannot be written.
        DamagedDataError
            If the record of earlier vintages cannot be read.
        """
        table = schema.check(name, data)
        folder = self.folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The record is read, extended and written: two writers at once would lose an entry.
            with alone(folder, f"table {name}") as held:
                if held:
                    # What a killed process left behind: nobody else is writing now.
                    for leftover in folder.glob(".*-*"):
                        leftover.unlink(missing_ok=True)
                return self._write(folder, name, table, provenance, known)
        except OSError as fault:
            if isinstance(fault, TropismError):
                raise
            raise StoreError(
                f"store: {folder} cannot be written ({fault.strerror or fault}). Set TROPISM_HOME to a "
                "folder that can."
            ) from None

    def _write(self, folder: Path, name: str, table: pa.Table, provenance: Provenance, known: str) -> Vintage:
        import pyarrow.parquet as pq

        with _replacing(folder / "incoming.parquet") as scratch:
            pq.write_table(table, scratch, compression="zstd")
            digest = sha256_of(scratch)
            file = f"{digest[:16]}.parquet"
            scratch.replace(folder / file)
        today = datetime.date.today().isoformat()
        vintage = Vintage(
            file, table.num_rows, replace(provenance, sha256=digest), stored=today, known=known or today
        )
        held = self.vintages(name) if name in self else []
        if held and held[-1].file == file:
            # Nothing has changed: it is known since it was known first.
            since = min(held[-1].known_since, vintage.known)
            vintage = replace(vintage, stored=held[-1].stored or today, known=since)
        earlier = [old for old in held if old.file != file]
        with _replacing(folder / "vintages.json") as scratch:
            entries = [asdict(each) for each in (*earlier, vintage)]
            scratch.write_text(json.dumps(entries, indent=2, ensure_ascii=False), encoding="utf-8")
            scratch.replace(folder / "vintages.json")
        return vintage

    def vintages(self, name: str) -> list[Vintage]:
        """Every vintage of a table, the current one last.

        Raises
        ------
        DataNotPresentError
            If the store does not hold the table.
        DamagedDataError
            If the record cannot be read.
        """
        record = self.folder / name / "vintages.json"
        if name not in self:
            raise DataNotPresentError(f"table {name} is not in the store ({self.folder}).")
        try:
            entries: list[dict[str, Any]] = json.loads(record.read_text(encoding="utf-8"))
            vintages = [
                Vintage(
                    str(entry["file"]),
                    int(entry["rows"]),
                    Provenance(**entry["provenance"]),
                    stored=str(entry.get("stored", "")),
                    known=str(entry.get("known", "")),
                )
                for entry in entries
            ]
            if not vintages:
                raise ValueError("it names no vintage")
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise DamagedDataError(
                f"store: {record} cannot be read ({fault}). Delete the folder {record.parent} and add the "
                "table again."
            ) from None
        return vintages

    def find(self, name: str, text: str) -> Vintage:
        """The vintage that a date or the start of a hash names.

        Parameters
        ----------
        name : str
            Table.
        text : str
            Start of the hash, or of a date: the as-of date, else the day from which on it was known, else the
            day of storing; ``"2025-09"`` is a month.

        Raises
        ------
        DataNotPresentError
            If no vintage has it, or more than one; names all there are.
        """
        vintages = self.vintages(name)
        for part in (
            lambda each: each.provenance.as_of,
            lambda each: each.known_since,
            lambda each: each.stored,
            lambda each: each.provenance.sha256,
        ):
            found = [each for each in vintages if text and part(each).startswith(text)]
            if len(found) == 1:
                return found[0]
            if found:
                break
        problem = f"{len(found)} vintages of {name} begin" if found else f"no vintage of {name} begins"
        raise DataNotPresentError(
            f"store: {problem} with {text!r}. There are: {'; '.join(each.in_words for each in vintages)}. "
            "Give more of a date or of a hash."
        )

    def read(self, name: str, vintage: Vintage | None = None) -> pa.Table:
        """A vintage, without any the current one, after comparing its hash with the record.

        Raises
        ------
        DataNotPresentError
            If the store does not hold the table.
        DamagedDataError
            If the file is missing or its content is not what was written.
        """
        return parquet(self._content(name, vintage)[1])

    def years(self, name: str) -> tuple[int, int] | None:
        """First and last year in a table's first column of years, from the file's statistics.

        Nothing of the table is read: a file that is damaged or has no such column gives None.
        """
        import pyarrow.parquet as pq

        path = self.folder / name / self.vintages(name)[-1].file
        with contextlib.suppress(OSError, pa.ArrowException, StopIteration):
            column = next(each.name for each in schema.schema(name).columns if each.type == "year")
            metadata = pq.read_metadata(path)
            place = metadata.schema.names.index(column)
            groups = (metadata.row_group(i).column(place).statistics for i in range(metadata.num_row_groups))
            ends = [(group.min, group.max) for group in groups if group is not None and group.has_min_max]
            if ends:
                return min(first for first, _ in ends), max(last for _, last in ends)
        return None

    def expression(self, name: str) -> ibis.Table:
        """The current vintage as an Ibis expression on an in-memory DuckDB connection.

        Raises
        ------
        DataNotPresentError, DamagedDataError
            As `read`.
        """
        import ibis

        # DuckDB reads the file lazily, with errors of its own: compare the hash first.
        return ibis.duckdb.connect().read_parquet(self._content(name)[0], table_name=name)

    def _content(self, name: str, vintage: Vintage | None = None) -> tuple[Path, bytes]:
        """File of a vintage and what is in it, after comparing its hash with the record."""
        vintage = vintage or self.vintages(name)[-1]
        path = self.folder / name / vintage.file
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise DamagedDataError(
                self._damaged(path, f"cannot be read ({fault.strerror or fault})")
            ) from None
        if hashlib.sha256(content).hexdigest() != vintage.provenance.sha256:
            raise DamagedDataError(self._damaged(path, "is not what was written"))
        return path, content

    def export(self, name: str, path: Path) -> Path:
        """Write the current vintage to a ``.csv`` or ``.parquet`` file.

        Raises
        ------
        SchemaError
            If the file's ending is neither.
        OutputError
            If the file cannot be written; nothing is left half-written.
        """
        import duckdb

        writers = {".csv": "to_csv", ".parquet": "to_parquet"}
        if path.suffix.lower() not in writers:
            raise SchemaError(f"export: {path.name} ends in neither .csv nor .parquet: choose one of them.")
        expression = self.expression(name)
        with writing(path) as scratch:
            try:
                getattr(expression, writers[path.suffix.lower()])(scratch)
            except duckdb.Error as fault:
                raise OutputError(f"output: {path} cannot be written ({fault}). Choose another.") from None
        return path

    def _damaged(self, path: Path, problem: str) -> str:
        return f"store: {path} {problem}. Delete the folder {path.parent} and add the table again."


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a scratch file beside ``path`` that takes its place when the block ends well.

    Raises
    ------
    OutputError
        If the folder or file cannot be written.
    """
    try:
        if path.is_dir():
            raise OutputError(f"output: {path} is a folder. Name a file in it.")
        if path.exists() and not path.is_file():
            # A device or pipe, as /dev/stdout: written straight, never replaced by a file.
            yield path
            return
        with _replacing(path.resolve()) as scratch:
            yield scratch
            scratch.replace(path.resolve())
    except OSError as fault:
        if isinstance(fault, TropismError):
            raise
        raise OutputError(
            f"output: {path} cannot be written ({fault.strerror or fault}). Choose another file or folder."
        ) from None


@contextlib.contextmanager
def alone(folder: Path, what: str) -> Iterator[bool]:
    """Keep other processes out of a folder while the block runs; they wait.

    ``what`` is in the folder: a longer wait is told, once. Yields whether the lock could be had: some network
    file systems lock nothing. It goes with the process, however that ends.
    """
    with (folder / ".lock").open("a", encoding="utf-8") as handle:
        attempts = 0
        while (held := _lock(handle)) is None:
            attempts += 1
            if attempts == _SILENT:
                log.warning("%s: in use by another process (%s); waiting until it is done", what, folder)
            time.sleep(_PAUSE)
        yield held


def _lock(handle: IO[str]) -> bool | None:
    """Whether the lock was taken; None while another process has it, False where there are none."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return None
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A scratch file in the same folder, so that a rename is atomic; gone if the block fails."""
    scratch = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}{path.suffix}")
    scratch.touch(exist_ok=False)
    try:
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)
