"""The command line: arguments in, words out; no arithmetic.

Exit codes: 0 answered ("cannot tell" included), 1 our bug, 2 bad input, 3 data not present, 130
interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tropism.errors import OutputError, TropismError, WindowError
from tropism.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tropism.votes import IdealPoints

OUR_BUG, BAD_INPUT, INTERRUPTED = 1, 2, 130
log = logging.getLogger("tropism")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="tropism")
@click.option("-v", "--verbose", count=True, help="Say more on stderr; a traceback for our own bugs.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
def app(verbose: int, quiet: bool) -> None:
    """Is country A shifting toward B and away from C? Evidence, ranked against all other states."""
    level = logging.ERROR if quiet else (logging.INFO, logging.DEBUG)[min(verbose, 1)]
    logging.basicConfig(stream=sys.stderr, format="tropism: %(message)s", force=True)
    log.setLevel(level)


class _Years(click.ParamType):
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


@app.command("assess")
@click.argument("state")
@click.option("--toward", required=True, metavar="STATE", help="The pole it may be moving toward.")
@click.option("--from", "away_from", required=True, metavar="STATE", help="The pole it may be leaving.")
@click.option(
    "--event",
    "--since",
    type=int,
    metavar="YEAR",
    help="The ten years up to YEAR against everything from it on. [default: 2014]",
)
@click.option("--before", type=_Years(), help="Years before, instead of those around the event.")
@click.option("--after", type=_Years(), help="Years after; leave out the last for all there are.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write one self-contained page.")
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Everything as JSON: to FILE, or to stdout instead of the table.",
)
def _assess(
    state: str,
    toward: str,
    away_from: str,
    event: int | None,
    before: tuple[int, int | None] | None,
    after: tuple[int, int | None] | None,
    html_file: Path | None,
    json_file: str | None,
) -> None:
    """Ask every line of evidence whether STATE moved toward one pole and from another."""
    from tropism.assessment import assess
    from tropism.tables.store import writing

    if before is not None and before[1] is None:
        raise WindowError("window: --before needs a last year, for instance --before 2004:2013.")
    if html_file is not None and str(html_file) in ("-", json_file):
        raise OutputError(f"output: {html_file} cannot take the page. Name a file of its own after --html.")
    answer = assess(state, toward=toward, away_from=away_from, event=event, before=before, after=after)  # type: ignore[arg-type]
    if html_file is not None:
        from tropism.report import write_report

        write_report(answer, html_file)
        log.info("wrote %s", html_file)
    if json_file == "-":
        click.echo(answer.to_json())
        return
    if json_file is not None:
        with writing(Path(json_file)) as scratch:
            scratch.write_text(answer.to_json() + "\n", encoding="utf-8")
        log.info("wrote %s", json_file)
    from tropism.report.terminal import print_assessment

    print_assessment(answer)


@app.command("state")
@click.argument("name")
def _state(name: str) -> None:
    """Show what is known of a state: codes, names, years."""
    from tropism.report.terminal import print_fields
    from tropism.states import find_state

    print_fields(find_state(name))


@app.group("votes")
def _votes() -> None:
    """Votes of the UN General Assembly, or of your own."""


@_votes.command("similarity")
@click.argument("state")
@click.argument("other")
def _similarity(state: str, other: str) -> None:
    """Show how alike two states vote, session by session."""
    from tropism.report.terminal import print_table
    from tropism.votes import vote_similarity

    result = vote_similarity(state, other)
    print_table(result.tidy())
    for note in result.notes:
        log.info(note)


class _OneOf(click.Choice):
    """The values of a ``Literal`` of `estimate_ideal_points`.

    They are read when asked for, so that other commands do not wait for the import.
    """

    def __init__(self, literal: str) -> None:
        self.literal = literal
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """What may be given."""
        from typing import get_args

        from tropism.votes.ideal_points import estimate

        return get_args(getattr(estimate, self.literal))


_FILE = click.Path(path_type=Path)
#: What a fit is made from, for every command that makes one. Defaults are those of the verb.
_FIT_OPTIONS = (
    click.option("--file", type=_FILE, help="Your own votes, .csv or .parquet; else the stored UN votes."),
    click.option("--rollcalls", type=_FILE, help="Roll calls with issues, dates, weights; only these count."),
    click.option(
        "--set",
        "vote_set",
        metavar="NAME[+NAME]",
        help="Only the roll calls of a set; see `tropism votes sets`.",
    ),
    click.option(
        "--poles", nargs=2, metavar="A B", help="Only roll calls on which A and B voted differently."
    ),
    click.option("--since", type=int, metavar="YEAR", help="Only roll calls of YEAR and later."),
    click.option("--bridges", type=_FILE, help="Pairs of repeated roll calls: columns earlier, later."),
    click.option("--reference", type=_FILE, help="Units and sessions over which the scale is set."),
    click.option(
        "--absences",
        type=_OneOf("Absences"),
        default="missing",
        show_default=True,
        help="What it is not to vote in a session in which one voted.",
    ),
    click.option(
        "--duplicates",
        type=_OneOf("Duplicates"),
        default="count",
        show_default=True,
        help="What becomes of roll calls whose votes hardly differ.",
    ),
    click.option(
        "--link",
        type=_OneOf("Link"),
        default="probit",
        show_default=True,
        help="How errors of a vote are distributed.",
    ),
    click.option(
        "--dynamics",
        type=_OneOf("Dynamics"),
        default="walk",
        show_default=True,
        help="How a position moves from one session to the next.",
    ),
    click.option("--as-of", type=int, metavar="SESSION", help="As if the fit were made after this session."),
    click.option(
        "--method", type=_OneOf("Method"), default="fast", show_default=True, help="How draws are made."
    ),
    click.option(
        "--anchor", metavar="UNIT", help="Its average position is positive. [default: USA if there]"
    ),
    click.option(
        "--draws",
        type=click.IntRange(min=0),
        default=1000,
        show_default=True,
        help="Joint draws behind intervals; 0 for positions alone.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws."),
)


def _fit_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FIT_OPTIONS):
        command = option(command)
    return command


def _gather(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a fit as arguments of `estimate_ideal_points`: files and sets become tables."""
    from tropism.votes.inputs import gather

    names = ("file", "rollcalls", "bridges", "reference", "vote_set", "poles", "since")
    tables = gather(**{name: options.pop(name) for name in names})
    return tables | options


def _estimate(arguments: dict[str, Any]) -> IdealPoints:
    import warnings

    from tropism.votes import estimate_ideal_points
    from tropism.votes.ideal_points import NotConvergedWarning

    with warnings.catch_warnings():
        # It stands among the notes too.
        warnings.simplefilter("ignore", NotConvergedWarning)
        fit = estimate_ideal_points(**arguments, progress=log.isEnabledFor(logging.INFO))
    for note in fit.notes:
        log.info(note)
    return fit


@_votes.command("fit")
@_fit_options
@click.option("--csv", "csv_file", type=_FILE, help="Write all positions to a file.")
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Positions, settings and sources as JSON: to FILE, or to stdout instead of the table.",
)
def _fit(csv_file: Path | None, json_file: str | None, **options: Any) -> None:
    """Estimate ideal points: where each state stands, session by session, with intervals."""
    from tropism.report.terminal import print_table
    from tropism.tables.store import writing

    if csv_file is not None and str(csv_file) in ("-", json_file):
        raise OutputError(
            f"output: {csv_file} cannot take the positions. Name a file of its own after --csv."
        )
    arguments = _gather(options)
    with contextlib.ExitStack() as files:
        # Both are tried before the fit: it may take minutes.
        csv = None if csv_file is None else files.enter_context(writing(csv_file))
        json = None if json_file in (None, "-") else files.enter_context(writing(Path(str(json_file))))
        fit = _estimate(arguments)
        if csv is not None:
            fit.tidy().to_csv(csv, index=False, encoding="utf-8")
        if json is not None:
            json.write_text(fit.to_json() + "\n", encoding="utf-8")
    for written in (csv_file, json_file):
        if written not in (None, "-"):
            log.info("wrote %d positions to %s", fit.unit.size, written)
    if json_file == "-":
        click.echo(fit.to_json())
        return
    brief = {"first_year": "from", "last_year": "to"}
    print_table(fit.summary().drop(columns="level", errors="ignore").rename(columns=brief))


@_votes.command("plot")
@click.argument("units", metavar="[UNIT]...", nargs=-1)
@_fit_options
@click.option("--out", type=_FILE, required=True, help="The chart: .png, .svg, .html or .json.")
def _plot(units: tuple[str, ...], out: Path, **options: Any) -> None:
    """Draw the paths of up to six UNITs' ideal points; without any, of those that moved most."""
    from tropism.report.charts import drawer
    from tropism.tables.store import writing
    from tropism.votes.ideal_points.result import COLOURS
    from tropism.votes.inputs import find_units

    if len(units) > len(COLOURS):
        raise click.UsageError(f"{len(units)} units; more than {len(COLOURS)} lines cannot be told apart.")
    draw = drawer(out)
    stored = options["file"] is None
    arguments = _gather(options)
    chosen = find_units(arguments["votes"], units, states=stored)
    with writing(out) as scratch:
        scratch.write_bytes(draw(_estimate(arguments).plot(chosen or None)))
    log.info("wrote %s", out)


@_votes.command("sets")
def _sets() -> None:
    """List the vote sets: what belongs to each, and where the UN record can tell."""
    from tropism.report.terminal import print_vote_sets
    from tropism.votes import list_vote_sets

    print_vote_sets(list_vote_sets())


@app.group("data")
def _data() -> None:
    """Tables: which there are, what they hold, your own."""


@_data.command("list")
def _list() -> None:
    """List every table: what, how many rows, where, licence, as-of date."""
    from tropism.report.terminal import print_tables
    from tropism.tables import list_tables

    print_tables(list_tables())


@_data.command("show")
@click.argument("table")
@click.option(
    "--rows", type=click.IntRange(min=1), default=20, show_default=True, help="How many rows to print."
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write the whole table to a file.")
def _show(table: str, rows: int, csv_file: Path | None) -> None:
    """Print the first rows of TABLE, or write all of it to a file."""
    from tropism.report.terminal import print_table
    from tropism.tables import load_table
    from tropism.tables.store import writing

    frame = load_table(table)
    if csv_file is None:
        print_table(frame.head(rows))
        log.info("%d of %d rows; the data dictionary explains the columns", min(rows, len(frame)), len(frame))
        return
    with writing(csv_file) as scratch:
        frame.to_csv(scratch, index=False, encoding="utf-8")
    log.info("wrote %d rows to %s", len(frame), csv_file)


@_data.command("add")
@click.argument("table")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Where the file came from.")
@click.option("--licence", default="unstated", show_default=True)
@click.option("--as-of", required=True, metavar="DATE", help="Date up to which the data run, ISO.")
def _add(table: str, file: Path, source: str, licence: str, as_of: str) -> None:
    """Check FILE (.csv or .parquet in TABLE's layout) and keep it in your store; it then comes first."""
    from tropism.tables import add_table

    vintage = add_table(table, file, source=source, licence=licence, as_of=as_of)
    log.info("stored %d rows of %s", vintage.rows, table)


@_data.command("fetch")
@click.argument("source")
@click.option("--url", help="Take the file from another address (a mirror).")
def _fetch(source: str, url: str | None) -> None:
    """Download SOURCE from its official address, check it and keep its tables in your store."""
    from tropism.sources import fetch_table

    for vintage in fetch_table(source, url=url, progress=log.isEnabledFor(logging.INFO)):
        log.info("stored %d rows (%s)", vintage.rows, vintage.provenance.source)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code that the module's docstring lists."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: one clear message, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe on Windows may not be UTF-8; names of states are not ASCII.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    interrupted = _watch_for_interrupt()
    try:
        code = int(app(args=arguments, prog_name="tropism", standalone_mode=False) or 0)
        return INTERRUPTED if interrupted else code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("tropism: interrupted; nothing was left half-written.", err=True)
        return INTERRUPTED
    except click.ClickException as fault:
        fault.show()
        return BAD_INPUT
    except TropismError as fault:
        click.echo(f"tropism: {fault}", err=True)
        return fault.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader (head, less) has gone: click and rich answer that with SystemExit, and nothing else
        # here does. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        # What is printed could not be: a full disk behind a redirection.
        click.echo(f"tropism: output: cannot be written ({fault.strerror or fault}). Make room.", err=True)
        return BAD_INPUT
    except Exception as bug:
        if log.isEnabledFor(logging.DEBUG):
            log.exception("internal error")
        click.echo(
            f"tropism: internal error, our fault: {type(bug).__name__}: {bug}. Please report it with the "
            "command you ran; `tropism -v …` shows where.",
            err=True,
        )
        return OUR_BUG


def _watch_for_interrupt() -> list[int]:
    """A list that an interrupt fills: an import may swallow the KeyboardInterrupt that it raises."""
    seen: list[int] = []

    def handle(number: int, frame: object) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handle)
    return seen


if __name__ == "__main__":
    main()
