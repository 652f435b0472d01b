"""Long tables of one row per pair and year become arrays of poles by states by years, and panels of dyads.

What an absent row means, nothing or unknown, differs from table to table: the arrays hold NaN there, and
the measure decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tropism.dyads import dyad
from tropism.errors import SchemaError
from tropism.series import Series
from tropism.states import states


@dataclass(frozen=True, eq=False)
class DyadYears:
    """The axes of a panel: which poles, which states, which years.

    Attributes
    ----------
    poles, states : tuple of str
        ISO3 codes.
    years : ndarray of int, shape (years,)
    alive : ndarray of bool, shape (states, years)
        Whether each state existed in each year; so for the poles in ``pole_alive``.
    """

    poles: tuple[str, ...]
    states: tuple[str, ...]
    years: np.ndarray
    alive: np.ndarray = field(init=False)
    pole_alive: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alive", _alive(self.states, self.years))
        object.__setattr__(self, "pole_alive", _alive(self.poles, self.years))

    @classmethod
    def of(cls, poles: Sequence[str], years: pa.ChunkedArray | Sequence[int]) -> DyadYears:
        """All states that existed in some of the years, from the first of them to the last.

        A pole that did not exist in any of them is left out, and so has no dyad.
        """
        values = years.to_numpy() if isinstance(years, pa.ChunkedArray | pa.Array) else np.asarray(years)
        span = np.arange(values.min(), values.max() + 1) if values.size else np.empty(0, dtype=np.int64)
        codes = [state.iso3 for state in states()]
        held: np.ndarray = _alive(codes, span)
        known = {code for code, here in zip(codes, held, strict=True) if here.any()}
        chosen = tuple(pole for pole in dict.fromkeys(poles) if pole in known)
        return cls(chosen, tuple(code for code in codes if code in known), span)

    def place(self, table: pa.Table, column: str, among: Sequence[str]) -> np.ndarray:
        """The place of each row's code among others; -1 for one that is not there."""
        require(table, [column])
        numbers, codes = numbered(table[column])
        place = {code: i for i, code in enumerate(among)}
        # One more, the last, for rows without a code.
        return np.array([*(place.get(code, -1) for code in codes), -1], dtype=np.int64)[numbers]

    def gather(
        self,
        table: pa.Table,
        values: np.ndarray,
        *,
        state: str,
        pole: str,
        year: str = "year",
        how: Literal["sum", "max"] = "sum",
    ) -> np.ndarray:
        """Values of the rows of each dyad and year, shape (poles, states, years); NaN without a row.

        Rows of other states, poles and years, and rows whose value is NaN, count for nothing.
        """
        cell = np.full(table.num_rows, -1, dtype=np.int64)
        s, p = self.place(table, state, self.states), self.place(table, pole, self.poles)
        y = self._year(table, year)
        inside = (s >= 0) & (p >= 0) & (y >= 0)
        shape = (len(self.poles), len(self.states), self.years.size)
        cell[inside] = np.ravel_multi_index((p[inside], s[inside], y[inside]), shape)
        return _collect(cell, values, shape, how)

    def total(self, table: pa.Table, values: np.ndarray, *, state: str, year: str = "year") -> np.ndarray:
        """Sum of the values of all rows of each state and year, shape (states, years); NaN without a row."""
        cell = np.full(table.num_rows, -1, dtype=np.int64)
        s, y = self.place(table, state, self.states), self._year(table, year)
        inside = (s >= 0) & (y >= 0)
        shape = (len(self.states), self.years.size)
        cell[inside] = np.ravel_multi_index((s[inside], y[inside]), shape)
        return _collect(cell, values, shape, "sum")

    def _year(self, table: pa.Table, column: str) -> np.ndarray:
        require(table, [column])
        if not self.years.size:
            return np.full(table.num_rows, -1)
        at = table[column].to_numpy().astype(np.int64) - self.years[0]
        return np.where((at >= 0) & (at < self.years.size), at, -1)

    def series(self, values: np.ndarray, **attributes: Any) -> Series:
        """A panel of dyads from values of shape (poles, states, years).

        Missing where NaN, and where either of the two did not exist. A pole has no dyad with itself.
        """
        both = self.alive[None] & self.pole_alive[:, None]
        held = np.where(both, values, np.nan)
        pairs = [
            (p, s)
            for p, pole in enumerate(self.poles)
            for s, state in enumerate(self.states)
            if pole != state
        ]
        at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        chosen = held[at[:, 0], at[:, 1]].astype(np.float32)
        return Series(
            values=chosen[None],
            missing=np.isnan(chosen),
            units=tuple(dyad(self.states[s], self.poles[p]) for p, s in pairs),
            years=self.years,
            **attributes,
        )


def number(table: pa.Table, column: str) -> np.ndarray:
    """A column of numbers or flags as float64; NaN for null."""
    require(table, [column])
    values = table[column]
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return np.asarray(values.cast(pa.float64()).fill_null(np.nan).to_numpy())


def trailing_sum(values: np.ndarray, length: int) -> np.ndarray:
    """Sum over each year and those before it, ``length`` in all, along the last axis; NaN counts as 0.

    The first ``length - 1`` years are NaN: their window begins before the data.
    """
    sums = np.cumsum(np.nan_to_num(values), axis=-1)
    before = np.zeros_like(sums)
    before[..., length:] = sums[..., :-length]
    over = sums - before
    over[..., : length - 1] = np.nan
    return over


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``; NaN where the whole is not above 0."""
    with np.errstate(invalid="ignore"):
        return part / np.where(whole > 0, whole, np.nan)


def numbered(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Number the labels of a column.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text, as it is or as a dictionary.

    Returns
    -------
    numbers : ndarray of int, shape (rows,)
        Place of each row's label among the labels; -1 for a row without one.
    labels : list of str
        Each once; some may stand in no row.

    Examples
    --------
    >>> numbered(pa.chunked_array([["RUS", "PAK"], ["RUS", None]]))
    (array([ 0,  1,  0, -1]), ['RUS', 'PAK'])
    """
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.unify_dictionaries().combine_chunks()
    numbers = array.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    return numbers, array.dictionary.to_pylist()


def require(table: pa.Table, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    SchemaError
        Names the column.
    """
    absent = [column for column in columns if column not in table.column_names]
    if absent:
        raise SchemaError(
            f"the table lacks the column {absent[0]}; it has {', '.join(table.column_names)}. Take the table "
            "from `load_table` or rename the column."
        )


def _collect(cell: np.ndarray, values: np.ndarray, shape: tuple[int, ...], how: str) -> np.ndarray:
    """Sum or largest value per cell; rows at -1 or without a value are left out."""
    kept = (cell >= 0) & ~np.isnan(values)
    at, held = cell[kept], np.asarray(values, dtype=np.float64)[kept]
    size = int(np.prod(shape))
    if how == "max":
        flat = np.full(size, -np.inf)
        np.maximum.at(flat, at, held)
        flat[np.isneginf(flat)] = np.nan
    else:
        # Of no rows at all the sum would be of integers, which know no NaN.
        flat = np.bincount(at, weights=held, minlength=size).astype(np.float64)
        flat[np.bincount(at, minlength=size) == 0] = np.nan
    return flat.reshape(shape)


def _alive(codes: Sequence[str], years: np.ndarray) -> np.ndarray:
    known = {state.iso3: state for state in states()}
    spans = [[code in known and known[code].exists(int(year)) for year in years] for code in codes]
    return np.array(spans, dtype=bool).reshape(len(codes), years.size)
