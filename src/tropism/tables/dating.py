"""What of a table was known on a day: rows dated later go, and so does what a row tells of later.

The rule, the same for every table. A row stays if each of its dates had passed on the day: a year column,
if that year was over; a date column, if the date had come (a date known to the month or year alone, if that
month or year was over). What a row adds about its end (``end_date``, ``last_year``, ``success``) is emptied
if it is later. Years of UN tables are sessions, and over at the end of September of the next year. Rows
without any date stay. Dates on which a page was read date no row.
"""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.compute as pc

from tropism.tables import schema

#: Tables whose years are sessions of the UN General Assembly: session n opens in September n + 1945.
SESSION_TABLES = frozenset(
    {
        "un_votes",
        "un_absences",
        "un_rollcalls",
        "un_vote_counts",
        "un_contested_votes",
        "un_items",
        "ideal_points",
        "ideal_point_factors",
        "ideal_point_sessions",
    }
)
#: Tables estimated from all years at once: what they say of a year has seen later ones, so that no row can be
#: cut out of them.
FITTED_TABLES = frozenset({"un_items", "ideal_points", "ideal_point_factors", "ideal_point_sessions"})

#: Columns that tell how a row went on, with others that are known only with them.
_LATER: dict[str, tuple[str, ...]] = {
    "end_date": (),
    "end_year": ("success",),
    "exit_date": ("exit_kind",),
    "last_year": (),
    "force_year": (),
}
_PRECISION = {"start_date": "start_precision", "date": "date_precision"}
#: The day on which a source was read.
_READ_ON = "accessed"


def last_year_over(day: datetime.date, *, sessions: bool = False) -> int:
    """The last year that was over on a day, its own last day included.

    Examples
    --------
    >>> from datetime import date
    >>> last_year_over(date(2023, 12, 31)), last_year_over(date(2023, 12, 30))
    (2023, 2022)
    >>> last_year_over(date(2023, 12, 31), sessions=True)
    2022
    """
    if sessions:
        return day.year - 1 if (day.month, day.day) >= (9, 30) else day.year - 2
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def known_on(name: str, table: pa.Table, day: datetime.date) -> pa.Table:
    """The part of a table that was known on a day; see the module for the rule.

    Parameters
    ----------
    name : str
        The table's name in the data dictionary.
    table : pyarrow.Table
        As `tropism.tables.schema.check` returns it. A table of `FITTED_TABLES` cannot be cut.
    day : date

    Returns
    -------
    pyarrow.Table
    """
    year = last_year_over(day, sessions=name in SESSION_TABLES)
    dated = [each for each in schema.schema(name).columns if each.type in ("year", "date")]
    for column in dated:
        if column.name not in _LATER and column.name != _READ_ON:
            table = table.filter(_had_come(table, column, year, day))
    for column in dated:
        if column.name in _LATER:
            table = _without_later(table, column, year, day)
    return table


def _had_come(table: pa.Table, column: schema.Column, year: int, day: datetime.date) -> pa.ChunkedArray:
    """Whether the date of each row had passed; a row without one is dated by its other columns."""
    values = table[column.name]
    if column.type == "year":
        come = pc.less_equal(values, year)
    else:
        come = pc.less_equal(values, day)
        if (precision := _PRECISION.get(column.name)) in table.column_names:
            exact = table[precision].cast(pa.string())
            next_day = day + datetime.timedelta(days=1)
            for word, end in (("month", next_day.replace(day=1)), ("year", next_day.replace(month=1, day=1))):
                come = pc.if_else(pc.equal(exact, word), pc.less(values, end), come)
    return pc.fill_null(come, True)


def _without_later(table: pa.Table, column: schema.Column, year: int, day: datetime.date) -> pa.Table:
    values = table[column.name]
    bound = year if column.type == "year" else day
    later = pc.fill_null(pc.greater(values, bound), False)
    # A year that must stand there becomes the last one over: then the row went on.
    instead = pa.scalar(None if column.nullable else bound, values.type)
    emptied = {column.name: pc.if_else(later, instead, values)}
    for other in _LATER[column.name]:
        if other in table.column_names:
            plain = table[other]
            emptied[other] = pc.if_else(later, pa.scalar(None, plain.type), plain)
    for name, new in emptied.items():
        table = table.set_column(table.column_names.index(name), name, new)
    return table
