"""Whom a state sides with where two poles vote against each other.

A roll call is contested when one pole votes yes and the other no. Similarity over all roll calls moves with
the agenda and with a pole's own turns; here every roll call makes a state choose, abstain or stay away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyads import dyad
from tropism.errors import DataNotPresentError
from tropism.series import Series
from tropism.votes.ballots import as_frame, read

if TYPE_CHECKING:
    import pandas as pd

#: The states that contested roll calls are counted between.
POLES = ("CHN", "DEU", "FRA", "GBR", "IND", "IRN", "JPN", "RUS", "SUN", "TUR", "USA")
_YES, _ABSTAIN, _NO = 1, 2, 3
_COUNTS = ("contested", "with_1", "with_2", "abstained", "took_no_part")
#: Fewer contested roll calls than this make no share.
MIN_CONTESTED = 5


def contested_counts(
    votes: pa.Table | pd.DataFrame, absences: pa.Table | pd.DataFrame | None = None
) -> pa.Table:
    """Count how every state voted where two of `POLES` were opposed: the table ``un_contested_votes``.

    Parameters
    ----------
    votes : Table or DataFrame
        As `joint_counts` takes them; ``un_votes`` is such a table.
    absences : Table or DataFrame, optional
        ``iso3`` and ``rcid`` of members that cast no vote. A state is a member on the roll calls of a session
        on which it has a vote or an absence; in a session without any absences, on all of them if it voted
        once.

    Returns
    -------
    Table
        Columns and order of ``un_contested_votes``. The poles themselves have no row.

    Raises
    ------
    SchemaError
        As `joint_counts`.

    Examples
    --------
    >>> import pandas as pd
    >>> votes = pd.DataFrame(
    ...     {
    ...         "iso3": ["CUB", "RUS", "USA", "RUS", "USA"],
    ...         "rcid": [1, 1, 1, 2, 2],
    ...         "year": 1992,
    ...         "vote": [1, 1, 3, 3, 1],
    ...     }
    ... )
    >>> contested_counts(votes).to_pylist()[0]["took_no_part"]
    1
    """
    import pandas as pd

    cast = read(votes)
    names = np.array(cast.units, dtype=object)
    absent = None if absences is None else as_frame(absences)
    missed = (
        []
        if absent is None
        else [_places(absent["iso3"], names), _places(absent["rcid"], np.asarray(cast.rollcalls))]
    )
    frames: list[pd.DataFrame] = []
    for session in np.unique(cast.rollcall_session):
        calls = np.flatnonzero(cast.rollcall_session == session)
        place = np.full(cast.rollcalls.size, -1)
        place[calls] = np.arange(calls.size)
        rows = place[cast.rollcall] >= 0
        code = np.zeros((names.size, calls.size), dtype=np.int8)
        code[cast.unit[rows], place[cast.rollcall[rows]]] = cast.vote[rows]
        member = np.tile((code > 0).any(axis=1, keepdims=True), calls.size)
        if missed:
            here = (missed[0] >= 0) & (missed[1] >= 0)
            here[here] = place[missed[1][here]] >= 0
            if here.any():
                member = code > 0
                member[missed[0][here], place[missed[1][here]]] = True
        present = member.any(axis=1)
        frames += _opposed(names[present], code[present], member[present], cast.year[int(session)])
    columns = ["iso3", "pole_1", "pole_2", "year", *_COUNTS]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return pa.Table.from_pandas(
        table[columns].sort_values(["year", "iso3", "pole_1", "pole_2"]), preserve_index=False
    )


def _opposed(states: np.ndarray, code: np.ndarray, member: np.ndarray, year: int) -> Iterator[pd.DataFrame]:
    """How each state of a session voted, for every pair of poles that has opposed votes.

    ``code`` and ``member`` have shape (states, roll calls); 0 is no vote.
    """
    import pandas as pd

    for one, two in combinations(sorted(set(POLES) & set(states.tolist())), 2):
        first, second = (code[np.flatnonzero(states == pole)[0]] for pole in (one, two))
        opposed = ((first == _YES) & (second == _NO)) | ((first == _NO) & (second == _YES))
        here, there = code[:, opposed], member[:, opposed]
        frame = pd.DataFrame(
            {
                "iso3": states,
                "pole_1": one,
                "pole_2": two,
                "year": year,
                "contested": there.sum(axis=1),
                "with_1": (here == first[opposed]).sum(axis=1),
                "with_2": (here == second[opposed]).sum(axis=1),
                "abstained": (here == _ABSTAIN).sum(axis=1),
                "took_no_part": (there & (here == 0)).sum(axis=1),
            }
        )
        yield frame[(frame["contested"] > 0) & ~frame["iso3"].isin((one, two))]


def _places(values: pd.Series, among: np.ndarray) -> np.ndarray:
    """The place of each value among others; -1 where it is not there."""
    import pandas as pd

    return pd.Index(among).get_indexer(values.to_numpy())


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
        count = {name: rows[name].to_numpy().astype(float) for name in _COUNTS}
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
