"""Which lines of evidence have their data on this machine, the tables they read, the panels they make."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tropism.assessment import own_votes
from tropism.assessment.dimension import Dimension, Poles, Tables, dimensions, seated
from tropism.assessment.own_votes import OwnFit
from tropism.derived import DerivedLibrary
from tropism.dyads import Triad
from tropism.errors import DataNotPresentError, SeriesError, TriadError
from tropism.series import Block, Provenance, Series, Signal
from tropism.states import LINEAGE, find_state, lineage
from tropism.tables import schema
from tropism.votes.ideal_points import compact

if TYPE_CHECKING:
    import pyarrow as pa


class EvidenceTables(dict[str, "pa.Table"]):
    """Tables by name, read when first asked for; computed from the user's own where that is better.

    Without a library: the best copies of today.
    """

    def __init__(self, library: DerivedLibrary | None = None) -> None:
        super().__init__()
        self.library = library or DerivedLibrary()
        self._own: OwnFit | None = None

    def __missing__(self, name: str) -> pa.Table:
        own = self._fit((name,))
        self[name] = own.tables[name] if name in own.tables else self.library.read(name)
        return self[name]

    def _fit(self, names: Sequence[str]) -> OwnFit:
        if not set(names) & set(compact.TABLES):
            return OwnFit({})
        if self._own is None:
            self._own = own_votes.own_fit(self.library)
        return self._own

    def sources(self, names: Sequence[str]) -> tuple[Provenance, ...]:
        """Where the tables came from, once each."""
        return tuple(dict.fromkeys((*self._fit(names).provenance, *self.library.sources(names))))

    def remarks(self, names: Sequence[str]) -> tuple[str, ...]:
        """What was done about the user's own tables, and which copies were not yet known as of the day."""
        return tuple(filter(None, (self._fit(names).remark, *self.library.remarks(names))))

    def rests_on(self, names: Sequence[str]) -> tuple[str, ...]:
        """The stored and embedded tables that reading these reads: what they are computed from, too."""
        own = own_votes.INPUTS if set(names) & set(compact.TABLES) else ()
        return tuple(dict.fromkeys((*own, *(each for name in names for each in self.library.rests_on(name)))))


@dataclass(frozen=True)
class Unscored:
    """A line of evidence whose data are not on this machine.

    Attributes
    ----------
    name, title, block, signal : str
        From the dimension's record.
    tables : tuple of str
        What is absent; of tables that serve alike, the first.
    commands : tuple of str
        What brings it.
    """

    name: str
    title: str
    block: Block
    signal: Signal
    tables: tuple[str, ...]
    commands: tuple[str, ...]


def unscored(library: DerivedLibrary | None = None) -> tuple[Unscored, ...]:
    """Every line of evidence whose data are not on this machine, in the order of the table."""
    library = library or DerivedLibrary()
    return tuple(
        Unscored(
            name=each.name,
            title=each.title,
            block=each.block,
            signal=each.signal,
            tables=absent,
            commands=tuple(dict.fromkeys(map(_command, absent))),
        )
        for each in dimensions()
        if (absent := _absent(each, library))
    )


def scored(library: DerivedLibrary | None = None) -> tuple[Dimension, ...]:
    """Every line of evidence whose data are on this machine."""
    library = library or DerivedLibrary()
    return tuple(each for each in dimensions() if not _absent(each, library))


def tables_used(dimension: Dimension, library: DerivedLibrary | None = None) -> tuple[str, ...]:
    """The tables that a measure reads: of those that serve alike, the first that is here."""
    library = library or DerivedLibrary()
    here = next((table for table in dimension.either if _present(table, library)), None)
    return dimension.tables if here is None else (*dimension.tables, here)


def poles_of(toward: str, away_from: str) -> Poles:
    """The two poles, each with the predecessors whose seat it took over."""
    one, other = ((pole, *(link.predecessor for link in lineage(pole))) for pole in (toward, away_from))
    return Poles(one, other)


def panel(measure: Callable[[Tables, Poles], Series], tables: Tables, triad: Triad) -> Series:
    """Run a measure toward both poles and fold predecessors into the states that took their seat."""
    return seated(measure(tables, poles_of(*triad.poles)), triad)


def evidence_series(name: str, *, toward: str, away_from: str) -> Series:
    """The panel behind one line of evidence, of all states: for `scan`, `multiverse`, or work of your own.

    Parameters
    ----------
    name : str
        Of the line, for instance ``"shared_memberships"``.
    toward, away_from : str
        Two states: ISO3 codes, names or aliases.

    Returns
    -------
    Series
        Dyads of every state with both poles, higher = closer. A state that took over a seat is one path with
        its predecessor.

    Raises
    ------
    UnknownStateError, TriadError
        If a pole is no state, or both are one.
    SeriesError
        If there is no such line, or its data hold a single year.
    DataNotPresentError
        If its data are not on this machine; says what brings them.

    Examples
    --------
    >>> from tropism import scan
    >>> from tropism.assessment import evidence_series
    >>> shared = evidence_series("shared_memberships", toward="RUS", away_from="USA")
    >>> years, organisations = shared.path("KAZ>RUS")
    >>> int(organisations[years == 2020][0])
    3
    """
    line = {each.name: each for each in dimensions()}.get(name)
    if line is None or not line.tests_change:
        known = [each.name for each in dimensions() if each.tests_change]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(known)}."
        raise SeriesError(f"evidence: {name!r} is no line of evidence over time. {hint}")
    poles = [find_state(pole).iso3 for pole in (toward, away_from)]
    if poles[0] == poles[1]:
        raise TriadError(f"evidence: both poles are {poles[0]}. Give two different states.")
    tables = EvidenceTables()
    if absent := _absent(line, tables.library):
        raise DataNotPresentError(
            f"evidence: {name} has no data on this machine. Get them with "
            f"{' and '.join(f'`{_command(table)}`' for table in absent)}."
        )
    series = line.measure(tables, poles_of(*poles))
    for link in LINEAGE:
        series = series.splice(link.successor, link.predecessor, link.last_year)
    return replace(series, name=name, provenance=tables.sources(tables_used(line)))


def evidence_panels(*, toward: str, away_from: str, without: Collection[str] = ()) -> dict[str, Series]:
    """The panels of all lines of evidence over time with data here on both poles, by name.

    Parameters
    ----------
    toward, away_from : str
        As `evidence_series`.
    without : collection of str
        Leave out lines that read one of these tables.

    Raises
    ------
    UnknownStateError, TriadError
        As `evidence_series`.
    """
    found = {}
    for line in scored():
        if line.tests_change and not set(tables_used(line)) & set(without):
            # A line may hold nothing on these poles, or lack what its measure needs.
            with contextlib.suppress(DataNotPresentError):
                found[line.name] = evidence_series(line.name, toward=toward, away_from=away_from)
    return found


def _absent(dimension: Dimension, library: DerivedLibrary) -> tuple[str, ...]:
    """Tables without which the measure cannot run; of those that serve alike, the first stands for all."""
    lacking = [table for table in dimension.tables if not _present(table, library)]
    if dimension.either and not any(_present(table, library) for table in dimension.either):
        lacking.append(dimension.either[0])
    return tuple(lacking)


def _present(table: str, library: DerivedLibrary) -> bool:
    return library.info(table).place != "absent"


def _command(table: str) -> str:
    return schema.schema(table).command
