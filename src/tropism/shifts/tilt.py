"""Where every state stands between two poles, year by year: the panels that `scan` compares states in."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from tropism.derived import read_table, table_info
from tropism.errors import IdentificationError, SeriesError
from tropism.series import Provenance, Series
from tropism.states import LINEAGE, find_state, lineage
from tropism.votes.contested import contested_series
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import similarity_series

Measure = Literal["ideal_points", "ideal_point_distances", "vote_similarity", "contested_votes"]

#: Tables that each measure reads.
TABLES: dict[str, tuple[str, ...]] = {
    "ideal_points": compact.TABLES,
    "ideal_point_distances": compact.TABLES,
    "vote_similarity": ("un_vote_counts",),
    "contested_votes": ("un_contested_votes",),
}
#: Joint draws of positions: enough for a standard error that is off by 4 %.
DRAWS = 300
#: Poles nearer than this on the line, in standard deviations, give it no direction.
APART = 1.0


def tilt_series(
    toward: str,
    away_from: str,
    measure: Measure = "ideal_points",
    *,
    vote_set: str = "all",
    draws: int = DRAWS,
    seed: int = 0,
) -> Series:
    """Every state's place between two poles, higher = nearer to ``toward`` than to ``away_from``.

    Parameters
    ----------
    toward, away_from : str
        ISO3 codes. A state that took over a seat is one path with its predecessor; a note says so.
    measure : {"ideal_points", "ideal_point_distances", "vote_similarity", "contested_votes"}
        ``"ideal_points"``: the position on the line of ideal points, turned so that it rises toward the one
        pole. ``"ideal_point_distances"``: distance to the one pole less distance to the other, as in the row
        of `assess`; beyond a pole it no longer tells states apart. ``"vote_similarity"``: Scott's pi with the
        one less pi with the other. ``"contested_votes"``: share of contested roll calls with the one less
        share with the other.
    vote_set : str
        Roll calls of the ideal points; see `list_vote_sets`.
    draws, seed : int
        Joint draws of ideal points.

    Returns
    -------
    Series
        Panel of states.

    Raises
    ------
    SeriesError
        If there is no such measure, or a pole has no votes.
    DataNotPresentError
        If the contested votes of these poles are not at hand.

    Examples
    --------
    >>> tilt = tilt_series("RUS", "USA", "contested_votes")
    >>> years, value = tilt.path("HUN")
    >>> bool(value[years == 2022] < 0 < value[years == 2004])
    True
    """
    if measure not in get_args(Measure):
        raise SeriesError(f"scan: {measure!r} is no measure. Choose one of {', '.join(get_args(Measure))}.")
    poles = (toward, away_from)
    codes = [[pole, *(link.predecessor for link in lineage(pole))] for pole in poles]
    if measure in ("ideal_points", "ideal_point_distances"):
        points = compact.read(read_table("ideal_points"), read_table("ideal_point_factors"), vote_set)
        positions = _one_seat(points.series(draws, seed))
        for pole in poles:
            if pole not in positions:
                raise SeriesError(
                    f"scan: {find_state(pole).name} cast no votes in the set {vote_set}. Choose another set."
                )
        if measure == "ideal_points":
            tilt = along(positions, poles)
        else:
            closeness = compact.closeness_series(positions, poles)
            tilt = closeness.toward(toward).minus(closeness.toward(away_from))
    else:
        if measure == "vote_similarity":
            closeness = similarity_series(read_table("un_vote_counts"), [*codes[0], *codes[1]])
        else:
            closeness = contested_series(read_table("un_contested_votes"), *codes)
        closeness = _one_seat(closeness)
        tilt = closeness.toward(toward).minus(closeness.toward(away_from))
    return replace(tilt, provenance=_sources(measure))


def along(positions: Series, poles: tuple[str, str]) -> Series:
    """Positions turned so that the first pole lies above the second, as it does on average over all years."""
    one, two = positions.index(poles)
    gap = positions.values[:, one] - positions.values[:, two]
    sign = np.sign(np.nanmean(gap)) if not np.isnan(gap).all() else 1.0
    return replace(
        positions,
        values=positions.values * np.float32(sign),
        name="ideal_point_along",
        label="place on the line of ideal points",
        measured_in="sd of positions",
        is_closeness=True,
    )


def refuse_one_place(tilt: Series, poles: tuple[str, str], spans: list[tuple[int, int]]) -> None:
    """Refuse a line on which the poles change places, or nearly meet, within the windows.

    Raises
    ------
    SeriesError
        If a pole has no votes in a window.
    IdentificationError
        If the poles are less than 1 sd apart, or in the other order, in a window on average.
    """
    for first, last in spans:
        mean, n_years = tilt.select(poles).mean_over(first, last)
        for pole, years in zip(poles, n_years, strict=True):
            if not years:
                raise SeriesError(
                    f"scan: {find_state(pole).in_text} cast no votes in {first}-{last}. Choose another pole, "
                    "or other years (--event, --before, --after)."
                )
        gap = float((mean[:, 0] - mean[:, 1]).mean())
        if gap < APART:
            names = " and ".join(find_state(pole).in_text for pole in poles)
            found = f"are {gap:.1f} sd apart" if gap > 0 else "stand in the reverse of their usual order"
            raise IdentificationError(
                f"scan: on the line of ideal points {names} {found} in {first}-{last}; {APART:g} sd or more "
                "give it a direction. Choose another vote set, or the measure contested_votes."
            )


def _one_seat(series: Series) -> Series:
    """Fold predecessors into the states that took over their seat."""
    for link in LINEAGE:
        series = series.splice(link.successor, link.predecessor, link.last_year)
    return series


def _sources(measure: str) -> tuple[Provenance, ...]:
    found = (table_info(table).provenance for table in TABLES[measure])
    return tuple(dict.fromkeys(source for source in found if source))
