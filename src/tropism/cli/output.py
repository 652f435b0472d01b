"""Options that commands share: spans of years, names, where an answer goes; nothing half-written."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import click

from tropism.errors import OutputError

if TYPE_CHECKING:
    import altair
    import pandas as pd

log = logging.getLogger("tropism")
FILE = click.Path(path_type=Path)


class Names(click.ParamType):
    """``EU,USA,GBR`` as a tuple of names."""

    name = "NAME,…"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Read the text."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if not all(names):
            self.fail(f"{value!r} has an empty name; write names with commas between: EU,USA.", param, ctx)
        return names


class Range(click.ParamType):
    """``4``, or ``3:6`` as a pair of numbers."""

    name = "S[:S]"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read the text."""
        try:
            ends = tuple(float(end) for end in str(value).split(":"))
        except ValueError:
            ends = ()
        if len(ends) not in (1, 2):
            self.fail(f"{value!r} is neither a number nor a range; write 4 or 3:6.", param, ctx)
        return ends if len(ends) == 2 else ends[0]


class Result(Protocol):
    """What every verb returns."""

    def tidy(self) -> pd.DataFrame:
        """The long table."""

    def to_json(self) -> str:
        """All that is needed to reproduce it."""


class Drawn(Result, Protocol):
    """A result with a chart."""

    def plot(self) -> altair.TopLevelMixin:
        """Its chart."""


R = TypeVar("R", bound=Result)


def json_option(help: str) -> Callable[..., Any]:
    """``--json [FILE]``: to a file, or without one to stdout."""
    return click.option("--json", "json_file", is_flag=False, flag_value="-", metavar="[FILE]", help=help)


def csv_option(help: str) -> Callable[..., Any]:
    """``--csv FILE``: the long table."""
    return click.option("--csv", "csv_file", type=FILE, help=help)


def plot_option(help: str = "The chart: .png, .svg, .html or .json.") -> Callable[..., Any]:
    """``--plot FILE``: the chart."""
    return click.option("--plot", "plot_file", type=FILE, help=help)


def deliver(
    answer: Callable[[], R],
    show: Callable[[R], None],
    *,
    csv_file: Path | None,
    json_file: str | None,
    plot_file: Path | None = None,
    rows: str = "rows",
) -> None:
    """Compute an answer and take it where it was asked to go: files, and stdout.

    Files are tried before the computation, which may take minutes. The answer is shown when they stand: a
    reader that goes away (head, less) takes no file along. Without ``--json`` alone, which wants stdout for
    itself, `show` prints the answer too.

    Raises
    ------
    OutputError
        If a file cannot be written or is named twice, or the chart's has an ending that is no chart's.
    """
    from tropism.report.charts import drawer
    from tropism.tables.store import writing

    if csv_file is not None and str(csv_file) in ("-", json_file):
        raise OutputError(f"output: {csv_file} cannot take the {rows}. Name a file of its own after --csv.")
    if plot_file is not None and str(plot_file) in (str(csv_file), json_file):
        raise OutputError(f"output: {plot_file} cannot take the chart. Name a file of its own after --plot.")
    draw = None if plot_file is None else drawer(plot_file)
    with contextlib.ExitStack() as files:
        csv = None if csv_file is None else files.enter_context(writing(csv_file))
        json = None if json_file in (None, "-") else files.enter_context(writing(Path(str(json_file))))
        picture = None if plot_file is None else files.enter_context(writing(plot_file))
        result = answer()
        table = result.tidy() if csv or json else None
        if csv is not None and table is not None:
            table.to_csv(csv, index=False, encoding="utf-8")
        if json is not None:
            json.write_text(result.to_json() + "\n", encoding="utf-8")
        if picture is not None and draw is not None:
            picture.write_bytes(draw(cast("Drawn", result).plot()))
    for written in (csv_file, json_file):
        if table is not None and written not in (None, "-"):
            log.info("wrote %d %s to %s", len(table), rows, written)
    if plot_file is not None:
        log.info("wrote %s", plot_file)
    if json_file == "-":
        click.echo(result.to_json())
    else:
        show(result)


def read_frame(file: Path) -> pd.DataFrame:
    """A table of the user's own; a CSV's columns of numbers, which are read as text, as numbers."""
    import pandas as pd

    from tropism.tables.files import read_table_file

    table = read_table_file(file).to_pandas()
    for column in table.select_dtypes(exclude="number"):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.notna().any() and (numbers.notna() | table[column].isna()).all():
            table[column] = numbers
    return table


class Years(click.ParamType):
    """``2004:2013``, or ``2014:`` for an open end, as a pair."""

    name = "Y:Y"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int | None]:
        """Read the text."""
        if isinstance(value, tuple):
            return value
        first, separator, last = str(value).partition(":")
        if (
            not separator
            or not first.strip().isdecimal()
            or not (last.strip().isdecimal() or not last.strip())
        ):
            self.fail(f"{value!r} is no span of years; write FIRST:LAST, for instance 2004:2013.", param, ctx)
        return int(first), int(last) if last else None


def talking() -> bool:
    """Whether progress is wanted: unless ``--quiet``."""
    return log.isEnabledFor(logging.INFO)


@contextlib.contextmanager
def progress_line(title: str) -> Iterator[Callable[[str], None]]:
    """A line on the error stream that says what is being done; silent where nobody looks."""
    if not talking():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status(title) as status:
        yield lambda text: status.update(f"{title}: {text}")
