"""What each session says of a state's place by itself: its likelihood terms, without the state's random walk.

The path of an ideal point is smoothed: its prior ties every session to the next, and a break is spread over
the years beside it. The items of the roll calls come from all states. Given them, a state's votes of one
session have a likelihood of their own; its maximum and its curvature are what that session says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.dyads import Triad
from tropism.errors import SchemaError, SeriesError
from tropism.shifts.decomposition import FittedVotes
from tropism.states import LINEAGE
from tropism.votes.ideal_points.agreement import probabilities

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tropism.votes.ideal_points.result import IdealPoints

#: A likelihood of fewer votes is too far from normal for a standard error to describe it.
MIN_VOTES = 10
#: Places at which likelihoods are evaluated, in sd of positions; between them they are parabolas.
GRID = np.linspace(-6.0, 6.0, 401)
#: No probability is taken for less: a single vote against all odds would rule a place out.
LEAST = 1e-9


def session_terms(
    votes: pd.DataFrame | pa.Table, triad: Triad, fitted: FittedVotes | IdealPoints | None = None
) -> pd.DataFrame:
    """Place of every state in every session by that session's votes alone, for `infer_break`.

    Parameters
    ----------
    votes : DataFrame or Table, one row per vote
        iso3, rcid, vote (1 yes, 2 abstain, 3 no), for instance the table ``un_votes``. A state that took over
        a seat is one with its predecessor.
    triad : Triad
        Places rise toward ``triad.toward``, away from ``triad.away_from``.
    fitted : FittedVotes or IdealPoints, optional
        Whose items are used: the embedded fit of all roll calls, or yours. Roll calls of one that are not in
        the other are left out.

    Returns
    -------
    DataFrame
        iso3, year, estimate, std_error, votes (on how many roll calls it rests): independent from year to
        year given the items. Session-years with fewer than ten votes have no row.

    Raises
    ------
    SchemaError
        If a column is absent, a vote has another code, or a state voted twice on a roll call.
    SeriesError
        If a pole has no position in the fit, or no vote is on one of its roll calls.

    Notes
    -----
    The maximum is that of the likelihood times Jeffreys' prior, the root of the expected information: Firth's
    correction, which takes off the bias of few votes and is finite for a state that voted like nobody else.
    The standard error is one over the root of that information. Items are means. What is wrong with those of
    one session moves all states of it, and goes with the field; the state's own smoothed path had a part in
    them, as one of about two hundred.

    References
    ----------
    Firth (1993), "Bias Reduction of Maximum Likelihood Estimates", Biometrika 80(1).
    Clinton, Jackman and Rivers (2004), "The Statistical Analysis of Roll Call Data", APSR 98(2): items and
    places as each other's regressors.
    """
    import pandas as pd

    fitted = FittedVotes.embedded("all", draws=2) if fitted is None else fitted
    if not isinstance(fitted, FittedVotes):
        fitted = FittedVotes.of(fitted)
    sign = _direction(fitted, triad)
    cast = _cast(votes, fitted)
    found = []
    for year in np.unique(cast["year"].to_numpy(dtype=int)).tolist():
        rows = cast[cast["year"] == year]
        items, rollcall = np.unique(rows["item"].to_numpy(), return_inverse=True)
        states, state = np.unique(rows["iso3"].to_numpy(dtype=str), return_inverse=True)
        # Two roll calls of one text in a session share an item: what a state voted on it adds up.
        chosen = np.zeros((states.size, items.size, 3))
        np.add.at(chosen, (state, rollcall, 3 - rows["vote"].to_numpy()), 1.0)
        place, error = likeliest(chosen, fitted.items[items], fitted.link)
        n = chosen.sum(axis=(1, 2)).astype(int)
        columns = {
            "iso3": states,
            "year": int(year),
            "estimate": sign * place,
            "std_error": error,
            "votes": n,
        }
        found.append(pd.DataFrame(columns)[n >= MIN_VOTES])
    table = pd.concat(found, ignore_index=True)
    return table.sort_values(["iso3", "year"], ignore_index=True)


def likeliest(chosen: np.ndarray, items: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    """Places with the largest penalised likelihood and their standard errors: two arrays, shape (states,).

    Parameters
    ----------
    chosen : ndarray, shape (states, items, 3)
        How often each state voted no, abstained, voted yes.
    items : ndarray, shape (items, 3)
        Discrimination and two cutpoints.
    link : {"probit", "logit"}
    """
    # (items, grid, 3): the probability of every vote at every place.
    p = np.maximum(probabilities(GRID, items[:, None], link), LEAST)
    slope = np.gradient(p, GRID, axis=1)
    information = np.einsum("uj,jg->ug", chosen.sum(axis=2), (slope**2 / p).sum(axis=2))
    value = np.einsum("ujk,jgk->ug", chosen, np.log(p), optimize=True)
    value += 0.5 * np.log(np.maximum(information, LEAST))
    best = np.clip(value.argmax(axis=1), 1, GRID.size - 2)
    rows = np.arange(len(chosen))
    below, at, above = (value[rows, best + step] for step in (-1, 0, 1))
    bend = np.minimum(below - 2 * at + above, -LEAST)
    step = np.clip((below - above) / bend / 2, -1, 1)
    return GRID[best] + step * (GRID[1] - GRID[0]), 1 / np.sqrt(information[rows, best])


def _direction(fitted: FittedVotes, triad: Triad) -> float:
    """1 if the scale of the fit rises from the one pole to the other, -1 if it falls."""
    positions = fitted.seated(triad).positions
    for pole in triad.poles:
        if pole not in positions:
            raise SeriesError(
                f"session terms: {pole} has no position in the fit. Choose another pole, or fit."
            )
    one, two = positions.index(triad.poles)
    gap = float(np.nanmean(positions.values[:, one] - positions.values[:, two]))
    return 1.0 if gap >= 0 else -1.0


def _cast(votes: Any, fitted: FittedVotes) -> pd.DataFrame:
    """Votes on roll calls of the fit: iso3 (of whoever has the seat now), year, item, vote."""
    import pandas as pd

    table = votes if isinstance(votes, pd.DataFrame) else votes.to_pandas()
    for column in ("iso3", "rcid", "vote"):
        if column not in table:
            raise SchemaError(f"session terms: votes have no column {column}. They need iso3, rcid, vote.")
    table = table[["iso3", "rcid", "vote"]].astype({"iso3": str})
    wrong = ~table["vote"].isin([1, 2, 3])
    if wrong.any():
        raise SchemaError(
            f"session terms: {int(wrong.sum())} votes have another code than 1 yes, 2 abstain, 3 no; first "
            f"{table.loc[wrong, 'vote'].iloc[0]} of {table.loc[wrong, 'iso3'].iloc[0]}."
        )
    repeated = table.duplicated(["iso3", "rcid"])
    if repeated.any():
        first = table[repeated].iloc[0]
        raise SchemaError(
            f"session terms: {int(repeated.sum())} votes repeat a state and roll call; first {first['iso3']} "
            f"on {first['rcid']}. Keep one of each."
        )
    items = pd.DataFrame({"rcid": fitted.rollcall, "year": fitted.year, "item": fitted.item})
    table = table.merge(items, on="rcid")
    if table.empty:
        raise SeriesError("session terms: no vote is on a roll call of the fit. Take both from one record.")
    for link in LINEAGE:
        seat = (table["iso3"] == link.predecessor) & (table["year"] <= link.last_year)
        table.loc[seat, "iso3"] = link.successor
    return table
