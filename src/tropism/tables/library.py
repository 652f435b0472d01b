"""Which tables there are, and the best copy of each: stored before embedded, or as it was known on a day."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import DataNotPresentError, SchemaError
from tropism.series import Provenance
from tropism.tables import dating, embedded, schema
from tropism.tables.files import read_table_file
from tropism.tables.store import Store, Vintage

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableInfo:
    """What is known of a table: ``place`` is ``"store"``, ``"derived"``, ``"embedded"`` or ``"absent"``.

    ``how_to_get`` says, for an absent table, which command brings it. ``vintage`` is that of a stored table.
    ``besides`` is where the rest of a table put together came from. ``later`` says, of a library as of a day,
    that this copy became known only after it.
    """

    name: str
    meaning: str
    place: str
    rows: int | None
    provenance: Provenance | None
    notes: tuple[str, ...] = ()
    how_to_get: str = ""
    vintage: Vintage | None = None
    besides: tuple[Provenance, ...] = ()
    later: bool = False


@dataclass(frozen=True, eq=False)
class Library:
    """The best copy of each table: as of today, as of a day, or in chosen vintages.

    Attributes
    ----------
    as_of : date, optional
        Only what was known on that day. Of each table the newest stored vintage that was known then is taken;
        else the embedded copy; else the oldest stored vintage. Of whatever was taken, rows dated later go, by
        the rule of `tropism.tables.dating`. The last two may hold revisions made since: `remarks` says so.
    chosen : mapping of str to Vintage
        Vintages to take, by table, instead of the current ones.
    """

    as_of: datetime.date | None = None
    chosen: Mapping[str, Vintage] = field(default_factory=dict)

    def info(self, name: str) -> TableInfo:
        """Where this library's copy of a table is, and where it came from.

        Raises
        ------
        SchemaError
            If the package knows no such table.
        """
        meaning = schema.schema(name).meaning
        vintage, entry = self._vintage(name), embedded.manifest().get(name)
        if vintage is not None and (entry is None or self._known(vintage.known_since)):
            later = not self._known(vintage.known_since)
            return TableInfo(
                name, meaning, "store", vintage.rows, vintage.provenance, vintage=vintage, later=later
            )
        if entry is not None:
            later = not self._known(entry.provenance.as_of)
            return TableInfo(
                name, meaning, "embedded", entry.rows, entry.provenance, entry.notes, later=later
            )
        return TableInfo(name, meaning, "absent", None, None, how_to_get=_how_to_get(schema.schema(name)))

    def read(self, name: str) -> pa.Table:
        """This library's copy of a table.

        Raises
        ------
        DataNotPresentError
            If the table is neither in the store nor embedded; says how to get it. If it was estimated from
            all years at once and has seen years after ``as_of``.
        """
        info = self.info(name)
        if info.place == "store":
            table = Store().read(name, info.vintage)
        elif info.place == "embedded":
            table = embedded.read(name)
        else:
            raise DataNotPresentError(
                f"table {name} is not on this machine: {info.meaning} {info.how_to_get}"
            )
        return self._cut(info, table)

    def sources(self, names: Iterable[str]) -> tuple[Provenance, ...]:
        """Where tables came from, once each."""
        infos = [self.info(name) for name in names]
        return tuple(
            dict.fromkeys(
                source
                for info in infos
                for source in (info.provenance, *info.besides)
                if source is not None and info.place != "absent"
            )
        )

    def remarks(self, names: Iterable[str]) -> tuple[str, ...]:
        """What a reader must know of the copies taken: which became known only after ``as_of``."""
        later = [
            f"{info.name} (as of {info.provenance.as_of})"
            for info in map(self.info, names)
            if info.later and info.provenance is not None and info.name not in dating.FITTED_TABLES
        ]
        if not later:
            return ()
        return (f"rows to {self.as_of} of later copies, with what was revised since: {', '.join(later)}",)

    def _vintage(self, name: str) -> Vintage | None:
        """The stored vintage nearest to what was known; the oldest if none was known yet."""
        if name in self.chosen:
            return self.chosen[name]
        store = Store()
        if name not in store:
            return None
        vintages = store.vintages(name)
        if self.as_of is None:
            return vintages[-1]
        known = [each for each in vintages if self._known(each.known_since)]
        # Of those known since one day, the one stored last.
        by_day = sorted(known or vintages[::-1], key=lambda each: each.known_since)
        return by_day[-1] if known else by_day[0]

    def _known(self, day: str) -> bool:
        return self.as_of is None or day <= self.as_of.isoformat()

    def _cut(self, info: TableInfo, table: pa.Table) -> pa.Table:
        if self.as_of is None:
            return table
        if info.name in dating.FITTED_TABLES:
            if info.provenance is not None and not self._known(info.provenance.as_of):
                raise DataNotPresentError(
                    f"not scored as of {self.as_of}: the {info.place} fit has seen later votes"
                )
            return table
        known = dating.known_on(info.name, table, self.as_of)
        if table.num_rows and not known.num_rows and "year" in table.column_names:
            raise DataNotPresentError(f"{info.name} holds nothing that was known on {self.as_of}")
        return known


def _how_to_get(table: schema.TableSchema) -> str:
    own = f"a file of your own with `{table.command_of_own}`."
    if table.command == table.command_of_own:
        return f"Bring {own}"
    where = "" if table.fetch else " (`tropism data list` says where its files are)"
    return f"Get it with `{table.command}`{where}, or bring {own}"


def list_tables() -> list[TableInfo]:
    """List every table that the package knows, with the copy that `load_table` would give.

    Returns
    -------
    list of TableInfo
        In the order of the data dictionary.

    Examples
    --------
    >>> from tropism import list_tables
    >>> [table.place for table in list_tables() if table.name == "mineral_trade"]
    ['embedded']
    """
    return [table_info(name) for name in schema.schemas()]


def table_info(name: str) -> TableInfo:
    """Where the best copy of a table is, and where it came from.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    """
    return Library().info(name)


def table_years(info: TableInfo) -> tuple[int, int] | None:
    """First and last year of a table that is here, without reading it; None where it has no years."""
    if info.place == "store":
        return Store().years(info.name)
    entry = embedded.manifest().get(info.name)
    if info.place != "embedded" or entry is None or entry.first_year is None or entry.last_year is None:
        return None
    return entry.first_year, entry.last_year


def read_table(name: str) -> pa.Table:
    """The best copy of a table as Arrow: for other modules of the package.

    Raises
    ------
    DataNotPresentError
        If the table is neither in the store nor embedded; says how to get it.
    """
    return Library().read(name)


def load_table(name: str) -> pd.DataFrame:
    """Load the best copy of a table: the one in your store, else the embedded one.

    Parameters
    ----------
    name : str
        As in `list_tables`, for instance ``"mineral_trade"``.

    Returns
    -------
    pandas.DataFrame
        Tidy, keys first; ``.attrs["provenance"]``, a dictionary, says where it came from. What each column
        means stands in the data dictionary.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    DataNotPresentError
        If it is neither in the store nor embedded.
    DamagedDataError
        If the file is not what was written.

    Examples
    --------
    >>> from tropism import load_table
    >>> trade = load_table("mineral_trade")
    >>> coal = trade.query("exporter == 'RUS' and importer == 'PAK' and year == 2020")
    >>> f"{coal[coal.hs6.between(270000, 279999)].trade_thousand_usd.sum() / 1000:.1f} million USD"
    '77.1 million USD'
    """
    frame = read_table(name).to_pandas()
    if provenance := table_info(name).provenance:
        # As plain values: pandas writes attrs into a Parquet file as JSON.
        frame.attrs["provenance"] = asdict(provenance)
    return frame


def add_table(
    name: str,
    file: str | os.PathLike[str],
    *,
    source: str,
    licence: str = "unstated",
    as_of: str,
    released: str | None = None,
) -> Vintage:
    """Check a file of your own and keep it in your store; `load_table` then gives it first.

    Parameters
    ----------
    name : str
        The table whose layout the file has, as in `list_tables`.
    file : path
        ``.csv`` (UTF-8, commas, empty for missing) or ``.parquet``.
    source, licence : str
        Where the file came from and on what terms: carried into every result that uses it.
    as_of : str
        Date up to which the data run, ISO: ``"2024-06-30"``.
    released : str, optional
        Day on which the provider released them, ISO. From the later of the two dates on the data count as
        known: see `assess` with ``as_of``.

    Returns
    -------
    Vintage

    Raises
    ------
    SchemaError
        If the file is no such table, or does not fit the table's description; names column and row.
    StoreError
        If the store cannot be written.

    Examples
    --------
    >>> from tropism import add_table
    >>> add_table("un_votes", "my_votes.csv", source="my coding", as_of="2024-06-30")  # doctest: +SKIP
    """
    schema.schema(name)
    if not source.strip():
        raise SchemaError(f"{name}: the source is empty. Say where the file came from.")
    known = max(iso_day(day, f"{name}: as-of").isoformat() for day in (as_of, released or as_of))
    return Store().write(
        name, read_table_file(Path(file)), Provenance(source.strip(), licence, as_of), known=known
    )


def iso_day(day: str, what: str) -> datetime.date:
    """The day that an ISO date names.

    Raises
    ------
    SchemaError
        If it is none; ``what`` begins the message.
    """
    try:
        read = datetime.date.fromisoformat(day)
        plain = read.isoformat() == day
    except ValueError:
        plain = False
    if not plain:
        raise SchemaError(f"{what} is {day!r}; expected an ISO date, for instance 2024-06-30.")
    return read
