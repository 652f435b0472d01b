"""A change of trade costs, as the user gives it, turned into the pairs whose cost factor changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import IdentificationError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

VALUE = "cost_factor"


@dataclass(frozen=True, eq=False)
class CostShock:
    """Changes of the cost factor t^(1-sigma), for those flows alone that change in some draw.

    Attributes
    ----------
    place : tuple of ndarray of int, each of shape (flows,)
        Where they are in the baseline: (exporter, importer), or (sector, exporter, importer).
    factors : ndarray, shape (draws, flows)
        New over old; above one where trade becomes cheaper, zero where it ends.
    """

    place: tuple[np.ndarray, ...]
    factors: np.ndarray


def read_shock(shock: Any, trade: np.ndarray, labels: Sequence[Sequence[str]]) -> CostShock:
    """Check a shock against the baseline that it is to meet.

    Parameters
    ----------
    shock : ndarray or DataFrame
        As the verbs describe it.
    trade : ndarray, shape (exporters, importers) or (sectors, exporters, importers)
    labels : sequence of sequences of str
        Names along each axis of ``trade``.

    Raises
    ------
    SchemaError
        If the shape, a label or a factor does not fit.
    IdentificationError
        If nothing that is traded in the baseline changes, or some country is cut off from the others.
    """
    import pandas as pd

    if isinstance(shock, pd.DataFrame):
        read = _from_table(shock, labels)
    else:
        read = _from_array(np.asarray(shock, dtype=np.float64), trade.shape, labels)
    _refuse_unfit(read, labels)
    traded = trade[read.place] > 0
    if read.place[0].size and not traded.any():
        raise IdentificationError(
            f"shock: none of its {traded.size} flows is traded in the baseline; first "
            f"{_name(read, 0, labels)}. What is not traded stays so at any cost: shock flows above zero."
        )
    _refuse_cut_off(read, trade, labels[-1])
    return read


def without_trade(shock: CostShock, trade: np.ndarray) -> int:
    """How many of the shocked flows are zero in the baseline, and stay so."""
    return int((trade[shock.place] <= 0).sum())


def _from_array(values: np.ndarray, shape: tuple[int, ...], labels: Sequence[Sequence[str]]) -> CostShock:
    draws = values if values.ndim == len(shape) + 1 else values[None]
    if draws.shape[1:] == shape[1:] and len(shape) == 3:
        # One matrix of pairs: the same in every sector.
        draws = np.broadcast_to(values, shape)[None]
    if draws.shape[1:] != shape or not draws.shape[0]:
        raise SchemaError(
            f"shock: the array has shape {values.shape}; expected {shape}, or (draws, *{shape}), in the "
            "order of the baseline: exporters in rows, importers in columns."
        )
    changed = (draws != 1.0).any(axis=0)
    return CostShock(np.nonzero(changed), np.ascontiguousarray(draws[:, changed]))


def _from_table(table: pd.DataFrame, labels: Sequence[Sequence[str]]) -> CostShock:
    import pandas as pd

    axes = ["exporter", "importer"]
    if len(labels) == 3 and "sector" in table.columns:
        axes = ["sector", *axes]
    absent = [column for column in (*axes, VALUE) if column not in table.columns]
    if absent:
        raise SchemaError(
            f"shock: the table lacks the column {absent[0]}; it has {', '.join(map(str, table.columns))}. "
            f"Give exporter, importer and {VALUE} (new over old t^(1-sigma)), and draw where there are many."
        )
    if table.empty:
        raise SchemaError("shock: the table has no rows. Name at least one pair.")
    codes = []
    for column, names in zip(axes, labels[-len(axes) :], strict=True):
        position = {name: i for i, name in enumerate(names)}
        code = np.array([position.get(name, -1) for name in table[column]])
        if (code < 0).any():
            row = int(np.flatnonzero(code < 0)[0])
            raise SchemaError(
                f"shock: row {row} has the {column} {table[column].iloc[row]}, which is not in the baseline "
                f"({', '.join(map(str, names[:6]))}, … {len(names)} in all). Use its labels."
            )
        codes.append(code)
    draw = table["draw"].to_numpy() if "draw" in table.columns else np.zeros(len(table), dtype=np.int64)
    if pd.isna(draw).any():
        raise SchemaError(
            f"shock: row {int(np.argmax(pd.isna(draw)))} has no draw. Number all rows, or none."
        )
    draws, at_draw = np.unique(draw, return_inverse=True)
    flows, at_flow = np.unique(np.stack(codes), axis=1, return_inverse=True)
    counted = np.zeros((draws.size, flows.shape[1]), dtype=np.int64)
    np.add.at(counted, (at_draw, at_flow), 1)
    if (counted != 1).any():
        d, k = np.argwhere(counted != 1)[0]
        pair = ", ".join(labels[-len(axes) :][i][c] for i, c in enumerate(flows[:, k]))
        raise SchemaError(
            f"shock: draw {draws[d]} has {counted[d, k]} rows of {pair}; every draw needs one of each flow."
        )
    factors = np.empty(counted.shape)
    # Text becomes missing, and is refused as such.
    factors[at_draw, at_flow] = pd.to_numeric(table[VALUE], errors="coerce").to_numpy(dtype=np.float64)
    place = tuple(flows)
    if len(labels) == 3 and len(axes) == 2:
        sectors = len(labels[0])
        place = (
            np.repeat(np.arange(sectors), flows.shape[1]),
            *(np.tile(code, sectors) for code in flows),
        )
        factors = np.tile(factors, sectors)
    return CostShock(place, factors)


def _refuse_unfit(shock: CostShock, labels: Sequence[Sequence[str]]) -> None:
    unfit = ~(np.isfinite(shock.factors) & (shock.factors >= 0))
    if unfit.any():
        draw, flow = np.argwhere(unfit)[0]
        raise SchemaError(
            f"shock: {unfit.sum()} cost factors are no number, infinite or negative; first "
            f"{_name(shock, flow, labels)}, {shock.factors[draw, flow]:g}. A factor is new over old "
            "t^(1-sigma): 1 changes nothing, 0 ends the trade."
        )


def _refuse_cut_off(shock: CostShock, trade: np.ndarray, countries: Sequence[str]) -> None:
    """Raise if some countries no longer sell to the others, or no longer buy from them.

    Who spends abroad and earns nothing there, or the reverse, cannot keep expenditure over output.
    """
    ended = shock.factors == 0
    if not ended.any():
        return
    before = _sums(trade)
    hub = int(np.argmax(before.sum(axis=1)))
    for pattern in np.unique(ended, axis=0):
        left = trade.copy()
        left[tuple(axis[pattern] for axis in shock.place)] = 0
        after = _sums(left)
        for link, there, verb, reverse in (
            (after, before, "buy from", "sell to"),
            (after.T, before.T, "sell to", "buy from"),
        ):
            lost = _reached(there, hub) & ~_reached(link, hub)
            if lost.any():
                # Of the two parts the smaller one is cut off.
                part, words = (lost, verb) if 2 * lost.sum() <= lost.size else (~lost, reverse)
                names = [country for country, gone in zip(countries, part, strict=True) if gone]
                raise IdentificationError(
                    f"shock: it leaves {', '.join(names[:5])} nothing to {words} the other countries, so "
                    "that accounts cannot balance. Leave a trickle: a small factor instead of 0."
                )


def _sums(trade: np.ndarray) -> np.ndarray:
    """Trade of all sectors together."""
    return np.asarray(trade.reshape(-1, *trade.shape[-2:]).sum(axis=0))


def _reached(trade: np.ndarray, hub: int) -> np.ndarray:
    """Which countries goods from one of them come to, straight or through others."""
    reached = np.zeros(len(trade), dtype=bool)
    reached[hub] = True
    while (wider := reached | (trade[reached] > 0).any(axis=0)).sum() > reached.sum():
        reached = wider
    return reached


def _name(shock: CostShock, flow: int, labels: Sequence[Sequence[str]]) -> str:
    names = [str(axis[place[flow]]) for axis, place in zip(labels, shock.place, strict=True)]
    return " to ".join(names[-2:]) + (f" in {names[0]}" if len(names) == 3 else "")
