"""Whom a state sides with where two poles vote against each other.

A roll call is contested when one pole votes yes and the other no. Similarity over all roll calls moves with
the agenda and with a pole's own turns; here every roll call makes a state choose, abstain or stay away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyads import dyad
from tropism.errors import DataNotPresentError
from tropism.series import Series

if TYPE_CHECKING:
    import pandas as pd

#: Fewer contested roll calls than this make no share.
MIN_CONTESTED = 5


def contested_series(
    table: pa.Table,
    pole: str | Sequence[str],
    other: str | Sequence[str],
    *,
    min_contested: int = MIN_CONTESTED,
) -> Series:
    """Share of the roll calls contested between two poles on which every state sided with either.

    Parameters
    ----------
    table : Table
        ``un_contested_votes``. The Soviet Union's pairs stand in it as SUN to 1991, Russia's as RUS.
    pole, other : str or sequence of str
        ISO3 of the two poles. Give a pole with its predecessors, ``("RUS", "SUN")``, to have both in one
        panel, and fold them with `Series.splice`.
    min_contested : int
        A session with fewer contested roll calls is missing.

    Returns
    -------
    Series
        Dyads ``"X>pole"`` and ``"X>other"``, one draw. Each is a share of all contested roll calls while X
        was a member: abstaining and staying away count for neither pole, so the two shares need not add up
        to 1. A session in which a state took part in no contested roll call is missing.

    Raises
    ------
    DataNotPresentError
        If the table does not hold this pair of poles; names the ones it holds.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> panel = contested_series(read_table("un_contested_votes"), "RUS", "USA")
    >>> years, share = panel.path("HUN>USA")
    >>> round(float(share[(years >= 2014) & (years <= 2023)].mean()), 2)
    0.41
    """
    import pandas as pd

    rows = [
        pd.DataFrame({"unit": [dyad(iso3, side) for iso3 in each.iso3], "year": each.year, "share": share})
        for each in _rows(table, pole, other, min_contested)
        for side, share in ((each.pole, each.with_pole), (each.other, each.with_other))
    ]
    return _panel(
        rows,
        min_contested,
        name="contested_votes",
        label="votes with a pole on roll calls contested between the two",
    )


def neither_series(
    table: pa.Table,
    pole: str | Sequence[str],
    other: str | Sequence[str],
    *,
    min_contested: int = MIN_CONTESTED,
) -> Series:
    """Share of the contested roll calls on which every state abstained or took no part.

    Parameters and errors are those of `contested_series`.

    Returns
    -------
    Series
        States ``"X"``, one draw; 1 minus the two shares of `contested_series`. It is no closeness: higher
        means stepping aside.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> panel = neither_series(read_table("un_contested_votes"), "RUS", "USA")
    >>> panel.is_closeness, "PAK" in panel
    (False, True)
    """
    import pandas as pd

    rows = [
        pd.DataFrame({"unit": each.iso3, "year": each.year, "share": each.neither})
        for each in _rows(table, pole, other, min_contested)
    ]
    return _panel(
        rows,
        min_contested,
        name="contested_votes_neither",
        label="abstained or took no part on roll calls contested between two poles",
        is_closeness=False,
    )


@dataclass(frozen=True, eq=False)
class _Pair:
    """One pair of poles: shares of every state and session, arrays of shape (rows,)."""

    pole: str
    other: str
    iso3: list[str]
    year: np.ndarray
    with_pole: np.ndarray
    with_other: np.ndarray
    neither: np.ndarray


def _rows(
    table: pa.Table, pole: str | Sequence[str], other: str | Sequence[str], min_contested: int
) -> list[_Pair]:
    """The rows of every pair among the two poles' codes, oriented, with too small ones left out."""
    sides = [(side,) if isinstance(side, str) else tuple(side) for side in (pole, other)]
    firsts, seconds = (table[name].cast(pa.string()) for name in ("pole_1", "pole_2"))
    found = []
    for one, two in product(*sides):
        first, second = sorted((one, two))
        rows = table.filter(pc.and_(pc.equal(firsts, first), pc.equal(seconds, second)))
        if not rows.num_rows:
            continue
        count = {
            name: rows[name].to_numpy().astype(float)
            for name in ("contested", "with_1", "with_2", "abstained", "took_no_part")
        }
        # Who took no part in any had nothing to say: not a zero share with both.
        enough = (count["contested"] >= min_contested) & (count["took_no_part"] < count["contested"])
        share = {name: values[enough] / count["contested"][enough] for name, values in count.items()}
        with_first, with_second = share["with_1"], share["with_2"]
        found.append(
            _Pair(
                pole=one,
                other=two,
                iso3=[name for name, keep in zip(rows["iso3"].to_pylist(), enough, strict=True) if keep],
                year=rows["year"].to_numpy()[enough],
                with_pole=with_first if one == first else with_second,
                with_other=with_second if one == first else with_first,
                neither=share["abstained"] + share["took_no_part"],
            )
        )
    if not found:
        held = sorted(set(pc.unique(firsts).to_pylist()) | set(pc.unique(seconds).to_pylist()))
        raise DataNotPresentError(
            f"un_contested_votes: holds no roll calls contested between {'/'.join(sides[0])} and "
            f"{'/'.join(sides[1])}; it holds pairs among {', '.join(held)}. Choose two of these poles, or "
            "bring a table of your own with `tropism data add un_contested_votes FILE`."
        )
    return found


def _panel(rows: list[pd.DataFrame], min_contested: int, **attributes: Any) -> Series:
    """A panel from the columns unit, year and share of every pair of poles."""
    import pandas as pd

    return Series.from_table(
        pd.concat(rows, ignore_index=True),
        unit="unit",
        value="share",
        measured_in="share of contested roll calls",
        block="votes",
        signal="cheap",
        notes=(
            f"Sessions with fewer than {min_contested} contested roll calls are missing, as are sessions in "
            "which a state took part in none of them.",
        ),
        **attributes,
    )
