"""A line on the error stream while long work runs: a spinner, what is being done, the seconds so far."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

#: Seconds between two looks of the line.
EVERY = 0.1


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

    Examples
    --------
    >>> with spinner("gravity", asked=False) as tell:
    ...     tell("2 of 5 sectors")
    """
    if not asked:
        yield lambda text: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as shown:
        task = shown.add_task(title, total=None)
        done = threading.Event()

        def turn() -> None:
            while not done.wait(EVERY):
                shown.refresh()

        # rich's own thread outlives the line by a moment; this one is waited for.
        turning = threading.Thread(target=turn, name=f"spinner of {title}", daemon=True)
        turning.start()
        try:
            yield lambda text: shown.update(task, description=f"{title}: {text}", refresh=True)
        finally:
            done.set()
            turning.join()
