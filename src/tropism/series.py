"""The one object that measures hand to everything after them: a panel of paths with joint draws.

``values[draw, unit, year]``: draw *k* is the same joint draw for every unit and year, so that whatever
is derived from it (the distance of two states, a change, a rank) carries the covariance along. A point
measure has one draw and says "no sampling error".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from tropism.dyads import dyad, split_dyad
from tropism.errors import SeriesError
from tropism.version import __version__

if TYPE_CHECKING:
    import pandas as pd

Block = Literal["votes", "trade", "arms", "aid", "institutions", "sanctions", "events", "opinion"]
Signal = Literal["costly", "cheap"]


@dataclass(frozen=True)
class Provenance:
    """Where numbers came from: enough to cite the source and to find the same file again."""

    source: str
    licence: str
    as_of: str
    version: str = ""
    sha256: str = ""
    citation: str = ""
    url: str = ""


def cited(provenance: Iterable[Provenance], papers: Iterable[str]) -> str:
    """Data and methods to cite, one a line, without repeats."""
    data = [f"{source.citation} {source.url} ({source.version})" for source in provenance]
    return "\n".join(dict.fromkeys((*data, *papers)))


class Sourced(Protocol):
    """A result that says where its numbers came from."""

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """Sources of the data."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""


def as_json(content: Mapping[str, Any], result: Sourced) -> str:
    """Content of a result as text, with the version before it and sources and notes after it."""
    sources = {"provenance": [asdict(each) for each in result.provenance], "notes": list(result.notes)}
    return json.dumps({"tropism": __version__, **content, **sources}, ensure_ascii=False, indent=1)


@dataclass(frozen=True, eq=False)
class Series:
    """A panel of paths, one per state or per dyad, with joint draws.

    Attributes
    ----------
    name : str
        Identifier of the measure, for instance ``"scott_pi"``.
    values : ndarray of float32, shape (draws, units, years)
        NaN exactly where ``missing`` is true.
    missing : ndarray of bool, shape (units, years)
        A null is a null in every draw.
    units : tuple of str
        Stable ids: states (``"PAK"``) or directed dyads (``"PAK>RUS"``).
    years : ndarray of int, shape (years,)
        Ascending, without repeats; gaps are allowed.
    label, measured_in : str
        The measure in words, and its unit (``"share of recorded imports"``).
    block : str
        Kind of evidence: votes, trade, arms, aid, institutions, sanctions, events or opinion.
    signal : str
        ``"costly"`` (arms, bases, sanctions, trade) or ``"cheap"`` (votes, speeches).
    is_closeness : bool
        True when higher means closer: the sign convention of every series that `infer_shifts` takes.
        False for a position, whose sign has no such meaning.
    provenance : tuple of Provenance
    notes : tuple of str
        What a reader must know: splices, rules for missing values, the definition's source.

    Raises
    ------
    SeriesError
        If shapes, labels or nulls do not fit together.
    """

    name: str
    values: np.ndarray
    missing: np.ndarray
    units: tuple[str, ...]
    years: np.ndarray
    label: str
    measured_in: str
    block: Block
    signal: Signal
    is_closeness: bool = True
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()
    _position: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float32)
        missing = np.asarray(self.missing, dtype=bool)
        years = np.asarray(self.years, dtype=np.int64)
        units = tuple(self.units)
        if values.ndim != 3 or values.shape[0] < 1 or values.shape[1:] != (len(units), years.size):
            raise SeriesError(
                f"series {self.name}: values have shape {values.shape}; expected (draws, units, years) = "
                f"(at least 1, {len(units)}, {years.size})."
            )
        if missing.shape != values.shape[1:]:
            raise SeriesError(
                f"series {self.name}: the null mask has shape {missing.shape}; expected {values.shape[1:]}: "
                "one entry per unit and year, the same in every draw."
            )
        repeated = (
            sorted({unit for unit in units if units.count(unit) > 1}) if len(set(units)) < len(units) else []
        )
        if repeated:
            raise SeriesError(f"series {self.name}: unit {repeated[0]} stands in it twice.")
        if years.size and np.any(np.diff(years) <= 0):
            raise SeriesError(f"series {self.name}: years must ascend without repeats; got {years.tolist()}.")
        disagree = np.isnan(values).any(axis=0) & ~missing
        if disagree.any():
            unit, year = np.argwhere(disagree)[0]
            raise SeriesError(
                f"series {self.name}: {units[unit]} in {years[year]} is NaN in some draw but not marked "
                "missing. A null is a null in every draw: mark it in the mask."
            )
        for kind, allowed in ((self.block, Block), (self.signal, Signal)):
            if kind not in get_args(allowed):
                raise SeriesError(
                    f"series {self.name}: {kind!r} is not one of {', '.join(get_args(allowed))}."
                )
        values = np.where(missing, np.float32(np.nan), values)
        for array in (values, missing, years):
            array.flags.writeable = False
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "missing", missing)
        object.__setattr__(self, "years", years)
        object.__setattr__(self, "units", units)
        object.__setattr__(self, "_position", {unit: i for i, unit in enumerate(units)})

    @classmethod
    def from_table(cls, frame: pd.DataFrame, *, unit: str, value: str, **attributes: Any) -> Series:
        """Build a point series (one draw) from a long table with the columns ``unit``, year, ``value``.

        A null or absent row is missing. ``attributes`` are the remaining fields of the class.

        Raises
        ------
        SeriesError
            If a (unit, year) pair is repeated.
        """
        keys = frame[[unit, "year"]]
        if keys.duplicated().any():
            first = keys[keys.duplicated()].iloc[0]
            raise SeriesError(
                f"series {attributes.get('name')}: {first[unit]} has two rows for {first['year']}; keep one."
            )
        wide = frame.pivot(index=unit, columns="year", values=value).sort_index().sort_index(axis=1)
        values = wide.to_numpy(dtype=np.float32, na_value=np.nan)
        return cls(
            values=values[None],
            missing=np.isnan(values),
            units=tuple(str(name) for name in wide.index),
            years=wide.columns.to_numpy(dtype=np.int64),
            **attributes,
        )

    @property
    def n_draws(self) -> int:
        """Number of joint draws; 1 for a point measure."""
        return self.values.shape[0]

    @property
    def has_sampling_error(self) -> bool:
        """Whether the draws differ: a point measure has no sampling error to report."""
        return self.n_draws > 1

    @property
    def coverage(self) -> dict[str, int]:
        """What the panel holds: ``units``, ``first_year``, ``last_year`` with data, and filled ``cells``."""
        have = np.flatnonzero(~self.missing.all(axis=0))
        first, last = (int(self.years[have[0]]), int(self.years[have[-1]])) if have.size else (0, 0)
        cells = int((~self.missing).sum())
        return {"units": len(self.units), "first_year": first, "last_year": last, "cells": cells}

    def __contains__(self, unit: str) -> bool:
        return unit in self._position

    def index(self, units: Iterable[str]) -> np.ndarray:
        """Positions of units, in the order given; names the first that is not in the panel."""
        try:
            return np.array([self._position[unit] for unit in units], dtype=np.int64)
        except KeyError as missing:
            raise SeriesError(
                f"series {self.name}: no unit {missing.args[0]} among its {len(self.units)} units."
            ) from None

    def select(self, units: Sequence[str]) -> Series:
        """The panel of these units only, in this order."""
        at = self.index(units)
        return replace(self, values=self.values[:, at], missing=self.missing[at], units=tuple(units))

    def until(self, year: int) -> Series:
        """The panel without the years after one."""
        return self.within(self.years <= year)

    def within(self, kept: np.ndarray) -> Series:
        """The panel of some of its years: ``kept`` has shape (years,), of bool."""
        return replace(
            self, values=self.values[:, :, kept], missing=self.missing[:, kept], years=self.years[kept]
        )

    def derive(
        self,
        pairs: Iterable[tuple[str, str]],
        closeness: Callable[[np.ndarray, np.ndarray], np.ndarray],
        **attributes: Any,
    ) -> Series:
        """Make dyads from states, draw by draw.

        Parameters
        ----------
        pairs : iterable of (state, pole)
        closeness : callable
            Takes the two states' values, shape (draws, pairs, years), and returns the same shape;
            higher must mean closer, for instance ``lambda a, b: -abs(a - b)``.
        attributes
            Fields that the derived series has of its own, for instance ``label``.

        Returns
        -------
        Series
            With units ``"A>B"``. Draw *k* of every dyad comes from draw *k* of both its states, so two
            dyads that share a state keep their covariance.
        """
        pairs = list(pairs)
        if not pairs:
            raise SeriesError(f"series {self.name}: no pairs to derive dyads from.")
        a, b = (self.index(side) for side in zip(*pairs, strict=True))
        return replace(
            self,
            values=closeness(self.values[:, a], self.values[:, b]),
            missing=self.missing[a] | self.missing[b],
            units=tuple(dyad(state, pole) for state, pole in pairs),
            is_closeness=True,
            **attributes,
        )

    def toward(self, pole: str) -> Series:
        """Every state's closeness to one pole: a panel of states taken from a panel of dyads.

        Raises
        ------
        SeriesError
            If no dyad leads to the pole.
        """
        found = {split_dyad(unit)[0]: unit for unit in self.units if unit.endswith(f">{pole}")}
        if not found:
            raise SeriesError(f"series {self.name}: holds no dyad toward {pole}.")
        return replace(self.select(tuple(found.values())), units=tuple(found))

    def minus(self, other: Series) -> Series:
        """The difference draw by draw, on the units and years that both panels have.

        Raises
        ------
        SeriesError
            If both have draws but not equally many: such draws are not joint.
        """
        if self.n_draws != other.n_draws and 1 not in (self.n_draws, other.n_draws):
            raise SeriesError(
                f"series {self.name} has {self.n_draws} draws, {other.name} {other.n_draws}: their draws "
                "are not joint. Take both from one estimate."
            )
        units = tuple(unit for unit in self.units if unit in other)
        years = np.intersect1d(self.years, other.years)
        mine, theirs = self.select(units), other.select(units)
        i, j = np.searchsorted(mine.years, years), np.searchsorted(theirs.years, years)
        return replace(
            self,
            values=mine.values[:, :, i] - theirs.values[:, :, j],
            missing=mine.missing[:, i] | theirs.missing[:, j],
            units=units,
            years=years,
            notes=tuple(dict.fromkeys(self.notes + other.notes)),
        )

    def masked_as(self, other: Series) -> Series:
        """The panel on another's units and years, missing wherever the other is missing.

        Raises
        ------
        SeriesError
            If the other has units or years that this panel does not have.
        """
        absent = np.setdiff1d(other.years, self.years)
        if absent.size:
            raise SeriesError(
                f"series {self.name}: has no column for {absent[0]}, which {other.name} has. Measure both on "
                "the same years."
            )
        mine = self.select(other.units)
        at = np.searchsorted(mine.years, other.years)
        missing = mine.missing[:, at] | other.missing
        return replace(
            mine,
            values=np.where(missing, np.float32(np.nan), mine.values[:, :, at]),
            missing=missing,
            years=other.years,
        )

    def splice(self, successor: str, predecessor: str, last_year: int) -> Series:
        """Let a successor carry its predecessor's path up to ``last_year``: never done silently.

        In a panel of states the unit ``predecessor`` is folded into ``successor``; in a panel of dyads
        this happens on either side. The splice is written into ``notes``. Where neither is in the
        panel, the panel is returned unchanged.
        """

        def rename(unit: str) -> str:
            return ">".join(successor if part == predecessor else part for part in unit.split(">"))

        old = [unit for unit in self.units if predecessor in unit.split(">")]
        if not old:
            return self
        units = tuple(dict.fromkeys(rename(unit) for unit in self.units))
        values = np.full((self.n_draws, len(units), self.years.size), np.nan, dtype=np.float32)
        place = {unit: i for i, unit in enumerate(units)}
        early = self.years <= last_year
        for unit, i in self._position.items():
            target = place[rename(unit)]
            # A dyad that names neither state is taken whole; otherwise each keeps its own years.
            concerned = {successor, predecessor} & set(unit.split(">"))
            years = slice(None) if not concerned else (early if predecessor in concerned else ~early)
            values[:, target, years] = self.values[:, i, years]
        note = f"{successor} to {last_year} is {predecessor}, whose seat it took over."
        return replace(
            self, values=values, missing=np.isnan(values[0]), units=units, notes=(*self.notes, note)
        )

    def mean_over(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Average each path over the years it has from ``first`` to ``last``, draw by draw.

        Returns
        -------
        mean : ndarray, shape (draws, units)
            NaN for a unit without any year.
        n_years : ndarray of int, shape (units,)
        """
        inside = (self.years >= first) & (self.years <= last)
        n_years = (~self.missing[:, inside]).sum(axis=1)
        total = np.nansum(self.values[:, :, inside], axis=2, dtype=np.float64)
        return np.where(n_years, total / np.maximum(n_years, 1), np.nan), n_years

    def last_over(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Each path's last value from ``first`` to ``last``, draw by draw: for stocks, such as memberships.

        Returns
        -------
        value : ndarray, shape (draws, units)
            NaN for a unit without any year.
        n_years : ndarray of int, shape (units,)
            As in `mean_over`.
        """
        at = np.flatnonzero((self.years >= first) & (self.years <= last))
        n_years = (~self.missing[:, at]).sum(axis=1)
        if not at.size:
            return np.full(self.values.shape[:2], np.nan), n_years
        # Counted from the end: the first year, seen from there, that is not missing.
        newest = at[::-1][np.argmax(~self.missing[:, at[::-1]], axis=1)]
        value = np.take_along_axis(self.values, newest[None, :, None], axis=2)[:, :, 0].astype(np.float64)
        return np.where(n_years, value, np.nan), n_years

    def path(self, unit: str) -> tuple[np.ndarray, np.ndarray]:
        """Years with data and the mean over draws, for one unit."""
        i = self.index([unit])[0]
        have = ~self.missing[i]
        return self.years[have], self.values[:, i, have].mean(axis=0, dtype=np.float64)

    def tidy(self, level: float = 0.9) -> pd.DataFrame:
        """Long table, one row per unit and year with data.

        Columns are unit, year, estimate; with more than one draw also std_error, lower, upper, level
        (equal-tailed interval of that probability).
        """
        import pandas as pd

        unit, year = np.nonzero(~self.missing)
        draws = self.values[:, unit, year].astype(np.float64)
        table = pd.DataFrame(
            {
                "unit": np.array(self.units, dtype=object)[unit],
                "year": self.years[year],
                "estimate": draws.mean(axis=0),
            }
        )
        if self.has_sampling_error:
            tail = (1 - level) / 2
            table["std_error"] = draws.std(axis=0, ddof=1)
            table["lower"], table["upper"] = np.quantile(draws, [tail, 1 - tail], axis=0)
            table["level"] = level
        return table
