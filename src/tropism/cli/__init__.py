"""The command line: arguments in, words out; no arithmetic.

Exit codes: 0 answered ("cannot tell" included), 1 our bug, 2 bad input, 3 data not present, 130
interrupted.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from tropism.cli import assess, claims, data, explain, scan, shift, trade, votes, what_if
from tropism.errors import TropismError
from tropism.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

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


for command in (
    assess.assess,
    claims.claims,
    data.state,
    data.data,
    explain.explain,
    explain.backtest,
    explain.ledger,
    scan.scan,
    shift.shift,
    trade.trade,
    votes.votes,
    what_if.what_if,
):
    app.add_command(command)


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
