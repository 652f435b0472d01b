"""How often two states cast each pair of votes in a session: the table from which similarity follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tropism.votes._kernels import joint_votes
from tropism.votes.ballots import read

if TYPE_CHECKING:
    import pandas as pd

#: The nine counts in the order of the 3x3 table: rows are the first state's vote, columns the second's.
COUNTS = tuple(f"{mine}_{theirs}" for mine in ("yes", "abstain", "no") for theirs in ("yes", "abstain", "no"))


def joint_counts(
    votes: pa.Table | pd.DataFrame, rollcalls: pa.Table | pd.DataFrame | None = None
) -> pa.Table:
    """Count how often every two states cast each pair of votes, by session: the table ``un_vote_counts``.

    Parameters
    ----------
    votes : Table or DataFrame, one row per (unit, roll call)
        ``unit`` or ``iso3``; ``rollcall`` or ``rcid``; ``session`` or ``year`` (with both, a session is named
        by its first year); ``vote``: 1 yes, 2 abstain, 3 no. No row means no vote. ``un_votes`` is such a
        table.
    rollcalls : Table or DataFrame, optional
        Only the roll calls listed here count. A column ``weight`` says what each counts for, for instance the
        inverse of how many roll calls had the same subject.

    Returns
    -------
    Table
        Columns and order of ``un_vote_counts``: ``iso3_a`` before ``iso3_b`` (whatever the units are),
        ``year``, nine counts. A dyad without a joint roll call in a session has no row. With weights other
        than 1 the counts are sums of weights, float64; no measure changes when all weights are multiplied.

    Raises
    ------
    SchemaError
        If a column is absent, a cell empty, a vote no 1, 2 or 3, a unit votes twice on a roll call, a roll
        call stands in two sessions, a weight is not positive, or no votes are left. Rows are counted from 1.

    Examples
    --------
    >>> import pandas as pd
    >>> votes = pd.DataFrame(
    ...     {
    ...         "iso3": ["CUB", "USA", "CUB", "USA", "SUN"],
    ...         "rcid": [1, 1, 2, 2, 2],
    ...         "year": 1961,
    ...         "vote": [1, 1, 1, 3, 1],
    ...     }
    ... )
    >>> joint_counts(votes).to_pandas()[["iso3_a", "iso3_b", "year", "yes_yes", "yes_no"]]
      iso3_a iso3_b  year  yes_yes  yes_no
    0    CUB    SUN  1961        1       0
    1    CUB    USA  1961        1       1
    2    SUN    USA  1961        0       1
    """
    cast = read(votes, rollcalls)
    # `read` sorts units as they are, numbers by size; here the alphabet decides who stands first.
    labels, place = np.unique(np.array(cast.units), return_inverse=True)
    unit, session = place[cast.unit], cast.rollcall_session[cast.rollcall]
    weighted = bool((cast.weight != 1).any())
    order = np.argsort(session, kind="stable")
    keys, counts = [], []
    for rows in np.split(order, np.flatnonzero(np.diff(session[order])) + 1):
        states, i = np.unique(unit[rows], return_inverse=True)
        held, j = np.unique(cast.rollcall[rows], return_inverse=True)
        codes = np.zeros((states.size, held.size), dtype=np.int8)
        codes[i, j] = cast.vote[rows]
        tables = joint_votes(codes, cast.weight[held] if weighted else None)
        one, two = np.triu_indices(states.size, k=1)
        met = tables.any(axis=(1, 2))
        year = np.full(one.size, cast.year[int(session[rows[0]])])
        keys.append(np.stack([states[one], states[two], year])[:, met])
        counts.append(tables[met].reshape(-1, len(COUNTS)))
    a, b, year = np.concatenate(keys, axis=1)
    columns = np.concatenate(counts).T
    names = pa.array(labels.tolist(), pa.string())
    return pa.table(
        {
            "iso3_a": pa.DictionaryArray.from_arrays(pa.array(a, pa.int16()), names),
            "iso3_b": pa.DictionaryArray.from_arrays(pa.array(b, pa.int16()), names),
            "year": _narrow(year),
        }
        | {name: _narrow(column) for name, column in zip(COUNTS, columns, strict=True)}
    )


def _narrow(values: np.ndarray) -> pa.Array:
    """Whole numbers as int16, the type in ``un_vote_counts``, unless one is too large; floats as they are."""
    if values.dtype.kind == "f":
        return pa.array(values)
    large = values.size and values.max() > np.iinfo(np.int16).max
    return pa.array(values, pa.int32() if large else pa.int16())
