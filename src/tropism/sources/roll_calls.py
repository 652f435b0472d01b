"""Tables of roll calls in the General Assembly, alike for every source of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_KEYS = ["rcid", "iso3"]


def tabulated(frame: pd.DataFrame) -> pa.Table:
    """One row per roll call and state, in that order."""
    return pa.Table.from_pandas(frame.sort_values(_KEYS), preserve_index=False)


def absences(frame: pd.DataFrame, votes: pd.DataFrame, *, what: str) -> pa.Table:
    """The table ``un_absences``: rows of members that cast no vote, one of each.

    Who is absent under one code of a state and votes under another has voted. An absence that is filed under
    another session than the votes of its roll call is left out, with a warning that counts them.
    """
    import pandas as pd

    absent = frame[[*_KEYS, "year", "session"]].drop_duplicates(_KEYS)
    voted = pd.MultiIndex.from_frame(absent[_KEYS]).isin(pd.MultiIndex.from_frame(votes[_KEYS]))
    absent = absent[~voted]
    astray = absent["session"] != absent["rcid"].map(votes.groupby("rcid")["session"].first())
    if astray.any():
        log.warning("%s: %d left out, filed under another session than the votes", what, astray.sum())
    return tabulated(absent[~astray])
