"""Items of the embedded ideal points: what each roll call asked of a position, for ten vote sets.

The fits are those of ``ideal_points``, and so is the scale: location and scale of the items are those of the
draws, of which the embedded positions are the means.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from embed import Built
from embed.ideal_points import FITTED, VOTE_SETS, fit, votes
from embed.un_votes import NOTES
from tropism.votes.ideal_points import IdealPoints

TABLES = ("un_items",)

#: Enough for the mean scale of the draws; the items themselves do not depend on draws.
DRAWS = 500


def build() -> list[Built]:
    """Fit all vote sets and keep their items' means."""
    logging.getLogger("tropism.votes.vote_sets").setLevel(logging.ERROR)  # what is not known is documented
    cast = votes()
    method = (
        "Posterior means of the items of the fits behind ideal_points, on the scale of those positions, "
        "rounded to a hundredth: P(no) = Phi(cutpoint_no - discrimination * position), P(yes) = 1 - "
        "Phi(cutpoint_yes - discrimination * position). The items' own uncertainty is left out."
    )
    return [
        Built(
            "un_items",
            pd.concat([_items(fit(cast, name, draws=DRAWS), name) for name in VOTE_SETS], ignore_index=True),
            FITTED,
            (*NOTES, method, "Unanimous roll calls tell nothing and have no row."),
        )
    ]


def _items(found: IdealPoints, vote_set: str) -> pd.DataFrame:
    """One row per roll call, on the scale of the draws."""
    if not found.convergence.converged:
        raise RuntimeError(f"the fit of {vote_set} did not converge: {found.convergence}")
    assert found.scales is not None
    own, drawn = found.scales[0], found.scales[1:].mean(axis=0)
    # position = middle + spread * standardised position, for the scale of ``mean`` and for that of the draws.
    stretch, move = drawn[1] / own[1], (drawn[0] - own[0]) / own[1]
    slope, *cutpoints = found.item_mean[found.rollcall_item].T
    rcid = found.rollcalls.astype(np.int64)
    first = pd.Series(rcid).groupby(found.rollcall_item).transform("min").to_numpy()
    table = pd.DataFrame(
        {
            "vote_set": vote_set,
            "rcid": rcid,
            "year": found.rollcall_session + 1945,
            "repeats": pd.array(np.where(first < rcid, first, 0), dtype="Int32"),
            "discrimination": np.round(slope * stretch, 2),
            "cutpoint_no": np.round(cutpoints[0] - slope * move, 2),
            "cutpoint_yes": np.round(cutpoints[1] - slope * move, 2),
        }
    )
    table.loc[table["repeats"] == 0, "repeats"] = None
    return table.sort_values(["year", "rcid"])
