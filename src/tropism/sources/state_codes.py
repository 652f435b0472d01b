"""From the codes and names of a provider to ISO3, with a count of the rows that have no known state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from tropism.errors import SchemaError, UnknownStateError
from tropism.states import State, find_state, from_cow

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: More rows than this without a known state mean that codes have changed. One state of 193 is 0.5 %.
MOST_UNKNOWN = 0.01
#: From this year on every state is one of the package's.
UN_ERA = 1945
#: So many names stand in a message; the rest are counted.
_NAMED = 12


def with_states(
    frame: pd.DataFrame,
    columns: Mapping[str, Sequence[str]],
    look_up: Callable[..., str | None],
    *,
    what: str,
    no_state: Callable[[str], bool] = lambda name: False,
    most_unknown: float = MOST_UNKNOWN,
) -> pd.DataFrame:
    """Add columns of ISO3 codes; rows without one are left out, with one warning that counts and names them.

    Parameters
    ----------
    frame : DataFrame
        Its index counts the rows of the file from 0; a row of the file may stand in it more than once.
    columns : mapping of str to sequence of str
        For each new column the columns that ``look_up`` gets, first the code or name.
    look_up : callable
        Returns the ISO3 code, or None, or raises UnknownStateError.
    what : str
        The source and what its rows are, for messages: ``"sipri: deliveries"``.
    no_state : callable
        Whether a code or name is no state by design (a total, a region, an armed group): left out as the
        others, but no sign that codes have changed.
    most_unknown : float
        Largest share of rows without a known state.

    Raises
    ------
    SchemaError
        If more have none; names the first.
    """
    import pandas as pd

    keep = pd.Series(True, index=frame.index)
    unknown = pd.Series(False, index=frame.index)
    left_out: list[str] = []
    frame = frame.copy()
    for column, given in columns.items():
        values = frame[list(given)]
        found = {
            key: _quietly(look_up, key) for key in values.drop_duplicates().itertuples(index=False, name=None)
        }
        frame[column] = [found[key] for key in values.itertuples(index=False, name=None)]
        lost = frame[column].isna()
        designed = values[given[0]].map(lambda name: isinstance(name, str) and no_state(name)).astype(bool)
        unknown |= lost & ~designed
        keep &= ~lost
        left_out += values[given[0]][lost].astype("string").fillna("(empty)").tolist()
    if unknown.sum() > most_unknown * len(frame):
        place = int(unknown.to_numpy().argmax())
        names = dict.fromkeys(name for given in columns.values() for name in given)
        first = ", ".join(f"{name} {frame[name].iloc[place]}" for name in names)
        raise SchemaError(
            f"{what}: {unknown.sum()} of {len(frame)} have no known state; first in row "
            f"{frame.index[place] + 1}: {first}. "
            "The codes have changed, or the columns are others: look at the row."
        )
    if not keep.all():
        counted = pd.Series(left_out).value_counts()
        named = ", ".join(f"{name} ({count})" for name, count in counted.head(_NAMED).items())
        more = f" and {len(counted) - _NAMED} more" if len(counted) > _NAMED else ""
        log.warning("%s: %d left out, of no known state: %s%s", what, (~keep).sum(), named, more)
    return frame[keep]


def with_cow_states(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    what: str,
    look_up: Callable[[int, int], State] = from_cow,
) -> pd.DataFrame:
    """Put ISO3 codes for numbers of the Correlates of War (or Gleditsch and Ward) in the year of each row.

    Rows before 1945 on states that ended by then (Bavaria, Austria-Hungary) are left out and counted; later,
    an unknown code is a fault as in `with_states`.

    Parameters
    ----------
    frame : DataFrame
        With a column ``year``; its index counts the rows of the file from 0.
    columns : mapping of str to str
        For each new column the column with the code.
    what : str
        The source and what its rows are, for messages.
    look_up : callable
        From code and year to the state.
    """
    import pandas as pd

    def iso3(code: int, year: int) -> str:
        return look_up(int(code), int(year)).iso3

    sides = {new: (old, "year") for new, old in columns.items()}
    early = frame["year"] < UN_ERA
    parts = [
        with_states(rows, sides, iso3, what=what, most_unknown=share)
        for rows, share in ((frame[early], 1.0), (frame[~early], MOST_UNKNOWN))
    ]
    return pd.concat(parts).drop(columns=[*set(columns.values())])


def _quietly(look_up: Callable[..., str | None], key: tuple[Hashable, ...]) -> str | None:
    try:
        return look_up(*key)
    except UnknownStateError:
        return None


def named_in(name: str | None, year: int, *, territories: bool = False) -> State:
    """The state of a name or ISO3 code in a year: the Yugoslavia of 1995 is SCG.

    A state that was none in that year keeps its name if no other bore it: deliveries and votes are
    recorded a year too late, or before independence.

    Raises
    ------
    UnknownStateError
        If no state, or more than one, has the name, or there is none.
    """
    if not isinstance(name, str):
        raise UnknownStateError("a cell without a name or code is no state")
    try:
        found = find_state(name, territories=territories)
    except UnknownStateError:
        return find_state(name, year=year, territories=territories)
    if found.kind != "state" or found.present(year):
        return found
    try:
        return find_state(name, year=year, territories=territories)
    except UnknownStateError:
        return found
