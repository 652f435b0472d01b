"""A line on the error stream while long work runs: a spinner, what is being done, the seconds so far."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def spinner(title: str, asked: bool) -> Iterator[Callable[[str], None]]:
    """Show that work goes on, also where it says nothing of itself, until the block is left.

    Parameters
    ----------
    title : str
    asked : bool
        Nothing is shown unless this is true and the error stream is a terminal.

    Yields
    ------
    callable
        Takes a text to write after the title: how far the work is.

    Notes
    -----
    A thread of rich turns the spinner. It ends with the block, however that is left; the line is then gone.

    Examples
    --------
    >>> with spinner("gravity", asked=False) as tell:
    ...     tell("2 of 5 sectors")
    """
    if not asked:
        yield lambda text: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(title, total=None)
        yield lambda text: shown.update(task, description=f"{title}: {text}")
