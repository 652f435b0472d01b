"""What a line of evidence is: one record per file in ``assessment/dimensions``, found by itself."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError
from tropism.series import Block, Series, Signal
from tropism.shifts import Summary
from tropism.states import lineage

if TYPE_CHECKING:
    import pyarrow as pa

Tables = Mapping[str, "pa.Table"]


@dataclass(frozen=True)
class Poles:
    """The two poles as the tables know them: each with the predecessors whose seat it took over."""

    toward: tuple[str, ...]
    away_from: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every code of both poles."""
        return self.toward + self.away_from


@dataclass(frozen=True)
class Dimension:
    """One line of evidence.

    Attributes
    ----------
    name, title : str
        Identifier, and the heading of its row.
    question : str
        What it answers, in plain words; ``{A}``, ``{B}`` and ``{C}`` stand for the triad.
    block, signal : str
        Kind of evidence; whether it costs the state something.
    tables : tuple of str
        Tables that the measure reads.
    either : tuple of str, optional
        Tables that serve alike, the best first: the measure reads one of them, by `first`.
    measure : callable
        Takes the tables and the poles and returns a `Series` of dyads, higher = closer.
    how_to_read, contradicted_by : str
        What the number means, and what would speak against the reading.
    blind_to : tuple of str
        What it cannot see.
    order : int
        Place in the table.
    levels : callable, optional
        As ``measure``: the level behind a share, shown beside it.
    remarks : callable, optional
        Takes tables, triad, poles and window; sentences about this state alone (who joined what).
    summary : {"mean", "last"}
        What stands for a window: the mean of its years, or, for stocks, the last.
    tests_change : bool
        False where the data hold one year, so that only a level can be shown.
    """

    name: str
    title: str
    question: str
    block: Block
    signal: Signal
    tables: tuple[str, ...]
    measure: Callable[[Tables, Poles], Series]
    how_to_read: str
    contradicted_by: str
    blind_to: tuple[str, ...]
    order: int
    levels: Callable[[Tables, Poles], Series] | None = None
    remarks: Callable[[Tables, Triad, Poles, Window], tuple[str, ...]] | None = None
    summary: Summary = "mean"
    tests_change: bool = True
    either: tuple[str, ...] = ()


def first(tables: Tables, names: Sequence[str]) -> pa.Table:
    """The first of several tables that is on this machine.

    Raises
    ------
    DataNotPresentError
        If none is; says how to get the last.
    """
    *better, last = names
    for name in better:
        with contextlib.suppress(DataNotPresentError):
            return tables[name]
    return tables[last]


def seated(series: Series, triad: Triad) -> Series:
    """The panel with predecessors folded into the triad's states that took their seat; it says so."""
    for iso3 in (*triad.poles, triad.state):
        for link in lineage(iso3):
            series = series.splice(iso3, link.predecessor, link.last_year)
    return series


@cache
def dimensions() -> tuple[Dimension, ...]:
    """Every line of evidence, in the order of the table: the modules of ``assessment/dimensions``."""
    package = importlib.import_module("tropism.assessment.dimensions")
    modules = (
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
    )
    return tuple(sorted((module.DIMENSION for module in modules), key=lambda dimension: dimension.order))
