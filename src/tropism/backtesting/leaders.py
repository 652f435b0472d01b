"""Changes of leader as candidate breaks: a second set of labels, which nobody picked by eye.

A new leader need not turn a state, and a state may turn under an old one. But if verdicts of a shift meant
nothing, they would be as frequent where the leader stayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tropism.assessment.gather import YEARS_BEFORE
from tropism.backtesting.field import SPAN, FieldVerdict, field_verdicts
from tropism.dyads import Window
from tropism.states import lineage

#: Toward, away from: both directions of the one pair of poles that was there all the time.
PAIRS = (("USA", "RUS"), ("RUS", "USA"))
#: The first and last event with ten years of votes before it and, in Archigos, all leaders after it.
YEARS = range(1956, 2011)
#: A leader stayed if none came to office this many years before or after the event.
QUIET = 2
#: Kinds of state-years.
KINDS = ("new leader", "new leader, by irregular means", "no new leader")
#: Probability of every interval, and states drawn for it.
LEVEL, RESAMPLED = 0.9, 2000


@dataclass(frozen=True)
class LeaderRate:
    """How often a shift was the verdict on states of one kind: n of m state-years.

    ``lower`` and ``upper`` hold 90 %, from drawing whole states: windows of one state overlap.
    """

    what: str
    n: int
    of: int
    lower: float
    upper: float


def leader_rates(
    leaders: pa.Table, *, years: Iterable[int] = YEARS, progress: Callable[[str], None] | None = None
) -> tuple[LeaderRate, ...]:
    """Rates of shift verdicts where a new leader came to office in the year of the event, and where none did.

    Every state in every year, from ten years before to five after, learned from cases that had ended before.

    Parameters
    ----------
    leaders : Table
        ``iso3``, ``entry_date`` and ``entry_kind`` of every leader: table ``leaders``.
    years : iterable of int
        Events.
    progress : callable, optional
    """
    known = entries(leaders)
    verdicts: list[tuple[int, FieldVerdict]] = []
    for year in years:
        window = Window(year - YEARS_BEFORE, year - 1, year, year + SPAN)
        for pair in PAIRS:
            verdicts.extend((year, each) for each in field_verdicts(*pair, window))
        if progress:
            progress(f"leaders: verdicts on every state for an event in {year}")
    of_kind: dict[str, list[tuple[str, bool]]] = {each: [] for each in KINDS}
    for year, each in verdicts:
        came = known.get(each.state, {})
        shifted = (each.state, each.verdict == "shift")
        if year in came:
            of_kind["new leader"].append(shifted)
            if came[year]:
                of_kind["new leader, by irregular means"].append(shifted)
        elif came and not any(abs(year - other) <= QUIET for other in came):
            of_kind["no new leader"].append(shifted)
    return tuple(_rate(f"shifts, {what}", held) for what, held in of_kind.items() if held)


def entries(leaders: pa.Table) -> dict[str, dict[int, bool]]:
    """Years in which a leader came to office, by the state that has the seat now, and whether irregularly."""
    found: dict[str, dict[int, bool]] = {}
    for row in leaders.select(["iso3", "entry_date", "entry_kind"]).to_pylist():
        here = found.setdefault(row["iso3"], {})
        year = row["entry_date"].year
        here[year] = here.get(year, False) or "irregular" in (row["entry_kind"] or "").lower()
    for state in tuple(found):
        for link in lineage(state):
            earlier = {y: how for y, how in found.get(link.predecessor, {}).items() if y <= link.last_year}
            found[state] = earlier | found[state]
    return found


def _rate(what: str, held: list[tuple[str, bool]]) -> LeaderRate:
    states = sorted({state for state, _ in held})
    at = {state: i for i, state in enumerate(states)}
    counts = np.zeros((len(states), 2))
    for state, shifted in held:
        counts[at[state]] += (shifted, 1)
    drawn = np.random.default_rng(0).integers(0, len(states), (RESAMPLED, len(states)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    n, of = counts.sum(axis=0).astype(int).tolist()
    return LeaderRate(what, n, of, float(low), float(high))
