"""Trade beside what gravity predicts, with joint draws of the prediction: what a series of gaps rests on.

An estimate needs the extra ``trade``; its result is small enough to carry. `tabulate` turns it into two
tables and `read` turns them back, without any extra: one row per flow, and how far each parameter of the fit
moves from draw to draw. Two pairs that share a country or a cost then move together, as they must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tropism.dyads import dyad
from tropism.series import Series

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Side = Literal["exports", "imports", "both"]

#: Names of the tables, and the costs of the embedded fit.
TABLES = ("trade_gaps", "trade_gap_draws")
COSTS = ("log_distance", "shares_border", "shares_language")

#: A ratio is read against flows of like predicted size: tenths of all flows, or fewer bins of at least this.
MIN_BIN = 100
BINS = 10


@dataclass(frozen=True, eq=False)
class PredictedTrade:
    """One year of trade and its prediction.

    Attributes
    ----------
    year : int
    countries : tuple of str
    costs : tuple of str
        Names of the bilateral costs.
    trade : ndarray, shape (n, n)
        What the row's country sold to the column's; NaN where that is not known.
    left_out : ndarray, shape (n, n)
        Log of what the fit without the pair predicts; NaN where it predicts nothing.
    values : ndarray, shape (n, n, k)
        The costs.
    moved : ndarray, shape (draws, 2 n + k)
        How far the effects of exporters and importers and the coefficients of costs lie from the estimate.
    """

    year: int
    countries: tuple[str, ...]
    costs: tuple[str, ...]
    trade: np.ndarray
    left_out: np.ndarray
    values: np.ndarray
    moved: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Predicted trade, in the unit of the trade: shape (n, n)."""
        return np.asarray(np.exp(self.left_out))

    def drawn(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Predicted trade of pairs in every draw: shape (draws, pairs)."""
        n = len(self.countries)
        shift = self.moved[:, i] + self.moved[:, n + j] + self.moved[:, 2 * n :] @ self.values[i, j].T
        return np.asarray(np.exp(self.left_out[i, j] + shift))

    def log_ratio(self, floor: float) -> np.ndarray:
        """Log of actual over predicted trade, the floor added to both: shape (n, n)."""
        return np.asarray(np.log((self.trade + floor) / (self.expected + floor)))


def gap_draws(
    years: Sequence[PredictedTrade],
    poles: Sequence[str],
    side: Side = "both",
    floor: float = 1.0,
    **attributes: Any,
) -> Series:
    """Log of actual over predicted trade of every state with each pole; see `tropism.trade.gap.gap_series`.

    Parameters
    ----------
    years : sequence of PredictedTrade
        In the order of their years, each with as many draws.
    poles, side, floor
        As in `gap_series`.
    attributes
        Further fields of the series: provenance, notes.
    """
    states = sorted({label for each in years for label in each.countries})
    pairs = [(x, pole) for pole in dict.fromkeys(poles) if pole in states for x in states if x != pole]
    values = np.full((len(years[0].moved), len(pairs), len(years)), np.nan, dtype=np.float32)
    for at, each in enumerate(years):
        place = {label: i for i, label in enumerate(each.countries)}
        held = [k for k, (x, pole) in enumerate(pairs) if x in place and pole in place]
        i, j = (np.array([place[pairs[k][end]] for k in held], dtype=np.int64) for end in (0, 1))
        ways = {"exports": [(i, j)], "imports": [(j, i)], "both": [(i, j), (j, i)]}[side]
        seen = sum(each.trade[way] for way in ways)
        expected = sum(each.drawn(*way) for way in ways)
        values[:, held, at] = np.log((seen + floor) / (expected + floor))
    return Series(
        name=f"trade_gap_{side}",
        values=values,
        missing=np.asarray(np.isnan(values).any(axis=0)),
        units=tuple(dyad(x, pole) for x, pole in pairs),
        years=np.array([each.year for each in years], dtype=np.int64),
        label="Trade with the pole against what gravity predicts",
        measured_in="log of actual over predicted trade",
        block="trade",
        signal="cheap",
        **attributes,
    )


@dataclass(frozen=True)
class Bins:
    """Scores of flows, in bins of like predicted size: both arrays of shape (flows,)."""

    size: np.ndarray
    score: np.ndarray

    def edges(self) -> np.ndarray:
        """Sizes that part the bins."""
        bins = int(np.clip(self.size.size // MIN_BIN, 1, BINS))
        return np.quantile(self.size, np.arange(1, bins) / bins)

    def like(self, size: np.ndarray) -> list[np.ndarray]:
        """Sorted scores of the bin that each size falls into."""
        edges = self.edges()
        bin_of = np.searchsorted(edges, self.size, side="right")
        by_bin = [np.sort(self.score[bin_of == number]) for number in range(edges.size + 1)]
        return [by_bin[number] for number in np.searchsorted(edges, size, side="right")]


def like_scores(left_out: np.ndarray, score: np.ndarray, one: int, two: int) -> np.ndarray:
    """Sorted scores of flows of like predicted size, those of the pair itself left out.

    Parameters
    ----------
    left_out, score : ndarray, shape (n, n)
        A score is NaN where there is none.
    one, two : int
        Exporter and importer.
    """
    rest = np.isfinite(score)
    rest[one, two] = rest[two, one] = False
    return Bins(left_out[rest], score[rest]).like(left_out[[one], [two]])[0]


def percentile(scores: np.ndarray, score: float) -> float:
    """Share of sorted scores below one more, which counts as half."""
    below = np.searchsorted(scores, score) + np.searchsorted(scores, score, "right")
    return float((below / 2 + 0.5) / (scores.size + 1))


def tabulate(year: PredictedTrade) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``trade_gaps`` and ``trade_gap_draws`` of one year."""
    import pandas as pd

    i, j = np.nonzero(np.isfinite(year.left_out) & np.isfinite(year.trade))
    labels = np.array(year.countries, dtype=object)
    gaps = pd.DataFrame(
        {
            "exporter": labels[i],
            "importer": labels[j],
            "year": year.year,
            "flow_million_usd": year.trade[i, j],
            "predicted_million_usd": np.exp(year.left_out[i, j]),
        }
        | {name: year.values[i, j, k] for k, name in enumerate(year.costs)}
    )
    wide = pd.DataFrame(year.moved, columns=_terms(year.countries, year.costs)).rename_axis(index="draw")
    draws = wide.melt(var_name="term", value_name="moved", ignore_index=False).reset_index()
    draws.insert(0, "year", year.year)
    return gaps, draws[["year", "term", "draw", "moved"]]


def read(gaps: pa.Table, draws: pa.Table) -> list[PredictedTrade]:
    """What `tabulate` took apart, year by year."""
    flows, moves = (table.to_pandas() for table in (gaps, draws))
    return [_read_year(int(year), rows, moves[moves["year"] == year]) for year, rows in flows.groupby("year")]


def _read_year(year: int, rows: pd.DataFrame, moves: pd.DataFrame) -> PredictedTrade:
    countries = tuple(sorted({*rows["exporter"], *rows["importer"]}))
    place = {label: i for i, label in enumerate(countries)}
    at = tuple(rows[side].map(place).to_numpy(dtype=np.int64) for side in ("exporter", "importer"))
    n = len(countries)
    trade, predicted, values = (np.full((n, n, *more), np.nan) for more in ((), (), (len(COSTS),)))
    trade[at], predicted[at] = rows["flow_million_usd"], rows["predicted_million_usd"]
    values[at] = rows[list(COSTS)].to_numpy(dtype=float)
    wide = moves.pivot(index="draw", columns="term", values="moved")
    moved = wide.reindex(columns=_terms(countries, COSTS)).to_numpy(dtype=float)
    return PredictedTrade(year, countries, COSTS, trade, np.log(predicted), values, moved)


def _terms(countries: Sequence[str], costs: Sequence[str]) -> list[str]:
    return [*(f"{side} {label}" for side in ("exporter", "importer") for label in countries), *costs]
