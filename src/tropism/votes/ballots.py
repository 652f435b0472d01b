"""From tables of votes to integers, for every measure: what is checked, linked, weighted and left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tropism.errors import IdentificationError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

#: Two roll calls with fewer voters in common are never called near-duplicates: too few to tell.
FEWEST_COMMON = 10
#: Roll calls that are compared with all others of their session at a time: bounds the memory.
BLOCK = 500

_NAMES = {"unit": ("unit", "iso3"), "rollcall": ("rollcall", "rcid"), "session": ("session", "year")}


class Ballots(NamedTuple):
    """Votes as integers, sorted by unit and roll call.

    Attributes
    ----------
    units : tuple of str
        Sorted.
    unit, rollcall : ndarray of int, shape (votes,)
        Index into ``units`` and ``rollcalls``.
    vote : ndarray of int8, shape (votes,)
        1 yes, 2 abstain, 3 no.
    rollcalls : ndarray, shape (rollcalls,)
        Labels, as they stand in the table.
    rollcall_session, item : ndarray of int, shape (rollcalls,)
        Roll calls of one item share their parameters.
    block : ndarray of int, shape (rollcalls,), or None
        Roll calls of one session and block may depend on one another beyond their positions.
    weight : ndarray of float, shape (rollcalls,)
        How many times each vote of a roll call counts.
    year : dict
        Session to the year that names it.
    later : frozenset
        Labels of roll calls that were left out because they were held after ``as_of``.
    bridged : int
        Roll calls that share an item.
    """

    units: tuple[str, ...]
    unit: np.ndarray
    rollcall: np.ndarray
    vote: np.ndarray
    rollcalls: np.ndarray
    rollcall_session: np.ndarray
    item: np.ndarray
    weight: np.ndarray
    year: dict[int, int]
    later: frozenset[Any] = frozenset()
    bridged: int = 0
    block: np.ndarray | None = None


# ------------------------------------------------------------------------------------------ reading


def read(votes: Any, rollcalls: Any = None, as_of: int | None = None) -> Ballots:
    """Check the tables and turn them into integers.

    Parameters
    ----------
    votes, rollcalls : DataFrame or Table
        As `estimate_ideal_points` takes them.
    as_of : int, optional
        Votes of later sessions are left out first, so that nothing in their rows can matter.

    Raises
    ------
    SchemaError
        Names the table, the column and the row.
    """
    import pandas as pd

    frame = as_frame(votes)
    unit, rollcall = _name(frame, "unit", "votes"), _name(frame, "rollcall", "votes")
    if "vote" not in frame:
        raise SchemaError("votes: lacks the column vote (1 yes, 2 abstain, 3 no).")
    rows = np.arange(1, len(frame) + 1)
    listed = None if rollcalls is None else _listed(rollcalls)
    said = None
    if not any(name in frame for name in _NAMES["session"]) and listed is not None:
        _name(listed, "session", "rollcalls")
        named = [name for name in _NAMES["session"] if name in listed]
        frame = frame.assign(**{name: frame[rollcall].map(listed[name]) for name in named})
    elif listed is not None:
        said = listed
    session = _name(frame, "session", "votes")
    later: frozenset[Any] = frozenset()
    if as_of is not None:
        late = _numbers(frame[session]) > as_of
        if late.any() and late.all():
            raise SchemaError(
                f"votes: no votes up to {session} {as_of} (as_of); the first are of {session} "
                f"{_numbers(frame[session]).min():g}."
            )
        later = frozenset(frame[rollcall][late].unique().tolist())
        frame, rows = frame[~late], rows[~late]
    if listed is not None:
        keep = frame[rollcall].isin(listed.index).to_numpy()
        frame, rows = frame[keep], rows[keep]
    if not len(frame):
        raise SchemaError(
            "votes: the table holds no votes"
            + (" on the roll calls given" if listed is not None else "")
            + (f" up to {session} {as_of} (as_of)." if later else ".")
        )
    columns = [unit, rollcall, session, "vote"]
    frame = frame[columns + (["year"] if session == "session" and "year" in frame else [])]
    _refuse_empty_cells(frame, columns, "votes", rows)
    vote = _codes(frame["vote"], rows)
    times = _whole(frame, session, "votes", rows)
    unit_codes, found = pd.factorize(frame[unit].astype(object), sort=True)
    unit_labels = [str(label) for label in found]
    if len(set(unit_labels)) < len(unit_labels):
        raise SchemaError(
            f"votes: {unit} holds values that are written alike but differ in type (for instance 2 and '2'). "
            "Make them all text, or all numbers."
        )
    rollcall_codes, rollcall_labels = pd.factorize(frame[rollcall], sort=True)
    order = np.lexsort((rollcall_codes, unit_codes))
    _refuse_repeated(unit_codes, rollcall_codes, order, rows, unit_labels, rollcall_labels)
    of_rollcall = np.empty(len(rollcall_labels), dtype=np.int64)
    of_rollcall[rollcall_codes] = times
    astray = of_rollcall[rollcall_codes] != times
    if astray.any():
        at = int(np.argmax(astray))
        code = rollcall_codes[at]
        raise SchemaError(
            f"votes: roll call {rollcall_labels[code]} is in {session} {times[at]} (row {rows[at]}) and in "
            f"{session} {of_rollcall[code]}. A roll call is in one session: give each its own id, or use "
            "`bridges` for a text that was voted on again."
        )
    if said is not None and session in said:
        _refuse_disagreement(said, session, rollcall_labels, of_rollcall)
    weight, block = np.ones(len(rollcall_labels)), None
    if listed is not None and "block" in listed:
        _refuse_empty_cells(listed, ["block"], "rollcalls", np.arange(1, len(listed) + 1))
        names = listed["block"].iloc[listed.index.get_indexer(rollcall_labels)]
        block = pd.factorize(names)[0]
    if listed is not None and "weight" in listed:
        weight = _numbers(listed["weight"])[listed.index.get_indexer(rollcall_labels)]
    return Ballots(
        units=tuple(unit_labels),
        unit=unit_codes[order],
        rollcall=rollcall_codes[order],
        vote=vote[order],
        rollcalls=np.asarray(rollcall_labels),
        rollcall_session=of_rollcall,
        item=np.arange(len(rollcall_labels)),
        weight=weight,
        block=block,
        year=_years(frame, times, rows),
        later=later,
    )


def as_frame(table: Any) -> pd.DataFrame:
    """A table of any kind as pandas holds it."""
    import pandas as pd

    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


def _name(frame: pd.DataFrame, what: str, table: str) -> str:
    """The name under which a column stands in a table."""
    found = next((name for name in _NAMES[what] if name in frame), None)
    if found is None:
        raise SchemaError(
            f"{table}: lacks the column {' or '.join(_NAMES[what])}; it has "
            f"{', '.join(map(str, frame.columns))}."
        )
    return found


def _numbers(column: pd.Series) -> np.ndarray:
    """A column as float64, shape (rows,): NaN where a cell is empty or no number."""
    import pandas as pd

    # A file gives its numbers as text.
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _whole(frame: pd.DataFrame, column: str, table: str, rows: np.ndarray) -> np.ndarray:
    """A column of whole numbers as int64, shape (rows,)."""
    values = _numbers(frame[column])
    # Beyond 2^53 a float no longer tells whole numbers apart; this refuses infinities and NaN too.
    bad = ~((values == np.floor(values)) & (np.abs(values) < 2**53))
    if bad.any():
        at = int(np.argmax(bad))
        raise SchemaError(
            f"{table}: {column} is {frame[column].iloc[at]} in row {rows[at]}; expected a whole number."
        )
    return values.astype(np.int64)


def _refuse_empty_cells(
    frame: pd.DataFrame, columns: Iterable[str], table: str, rows: np.ndarray | None = None
) -> None:
    for column in columns:
        empty = frame[column].isna().to_numpy()
        if empty.any():
            at = int(np.argmax(empty))
            raise SchemaError(
                f"{table}: {column} is empty in {int(empty.sum())} rows, the first row "
                f"{at + 1 if rows is None else rows[at]}. Fill in the cell or drop the row: a vote that was "
                "not cast is no row."
            )


def _listed(rollcalls: Any) -> pd.DataFrame:
    """The table of roll calls, indexed by their labels, in the order of its rows."""
    frame = as_frame(rollcalls)
    key = _name(frame, "rollcall", "rollcalls")
    _refuse_empty_cells(frame, [key], "rollcalls")
    twice = frame[key].duplicated().to_numpy()
    if twice.any():
        at = int(np.argmax(twice))
        raise SchemaError(
            f"rollcalls: {key} {frame[key].iloc[at]} stands in it again in row {at + 1}; keep one row."
        )
    if "weight" in frame:
        weight = _numbers(frame["weight"])
        bad = ~(np.isfinite(weight) & (weight > 0))
        if bad.any():
            at = int(np.argmax(bad))
            raise SchemaError(
                f"rollcalls: weight is {frame['weight'].iloc[at]} in row {at + 1} (roll call "
                f"{frame[key].iloc[at]}), as in {int(bad.sum())} rows; expected a positive number. To leave "
                "a roll call out, drop its row."
            )
    return frame.set_index(key)


def _refuse_disagreement(
    listed: pd.DataFrame, session: str, labels: pd.Index, of_rollcall: np.ndarray
) -> None:
    """Refuse a session that ``rollcalls`` and ``votes`` give differently; an empty cell says nothing."""
    place = listed.index.get_indexer(labels)
    says = listed[session].iloc[place]
    other = (_numbers(says) != of_rollcall) & says.notna().to_numpy()
    if other.any():
        at = int(np.argmax(other))
        raise SchemaError(
            f"rollcalls: roll call {labels[at]} is in {session} {says.iloc[at]} in row {place[at] + 1}, but "
            f"in {session} {of_rollcall[at]} in votes, as {int(other.sum())} roll calls are elsewhere. "
            f"Correct one of the tables, or drop {session} from rollcalls."
        )


def _codes(column: pd.Series, rows: np.ndarray) -> np.ndarray:
    """Vote codes 1, 2, 3 as int8, shape (rows,)."""
    codes = _numbers(column)
    known = np.isin(codes, (1, 2, 3))
    if not known.all():
        at = int(np.argmin(known))
        raise SchemaError(
            # A list holds Python's own numbers: 8, not np.int64(8).
            f"votes: vote is {column.iloc[[at]].tolist()[0]!r} in row {rows[at]}, as in "
            f"{int((~known).sum())} rows; expected 1 yes, 2 abstain, 3 no. Drop the rows of those who were "
            "absent or no members."
        )
    return codes.astype(np.int8)


def _refuse_repeated(
    unit: np.ndarray, rollcall: np.ndarray, order: np.ndarray, rows: np.ndarray, units: Any, rollcalls: Any
) -> None:
    same = (np.diff(unit[order]) == 0) & (np.diff(rollcall[order]) == 0)
    if same.any():
        at = np.flatnonzero(same)
        # lexsort is stable: within a repeated key the earlier row comes first.
        first = at[np.argmin(rows[order[at]])]
        one, two = order[first], order[first + 1]
        raise SchemaError(
            f"votes: {at.size} rows repeat the key (unit, rollcall); first {units[unit[one]]}, roll call "
            f"{rollcalls[rollcall[one]]}, rows {rows[one]} and {rows[two]}. A state votes once per roll "
            "call: keep one of each."
        )


def _years(frame: pd.DataFrame, sessions: np.ndarray, rows: np.ndarray) -> dict[int, int]:
    """The year that names each session: its first; the session itself where years do not tell them apart."""
    every = np.unique(sessions)
    if "year" not in frame or frame["year"].isna().any():
        return {int(session): int(session) for session in every}
    first = np.full(every.size, np.iinfo(np.int64).max)
    np.minimum.at(first, np.searchsorted(every, sessions), _whole(frame, "year", "votes", rows))
    years = first if np.all(np.diff(first) > 0) else every
    return {int(session): int(year) for session, year in zip(every, years, strict=True)}


# ------------------------------------------------------------------------------------------ linking


def until(ballots: Ballots, session: int) -> Ballots:
    """Ballots up to a session, as if read then (`read` with ``as_of``); for ballots that are not linked."""
    held = ballots.rollcall_session <= session
    if held.all():
        return ballots
    keep = held[ballots.rollcall]
    units, unit = np.unique(ballots.unit[keep], return_inverse=True)
    return ballots._replace(
        units=tuple(ballots.units[i] for i in units),
        unit=unit,
        rollcall=(np.cumsum(held) - 1)[ballots.rollcall[keep]],
        vote=ballots.vote[keep],
        rollcalls=ballots.rollcalls[held],
        rollcall_session=ballots.rollcall_session[held],
        item=np.arange(int(held.sum())),
        weight=ballots.weight[held],
        block=None if ballots.block is None else ballots.block[held],
        later=frozenset(ballots.rollcalls[~held].tolist()),
    )


def link(ballots: Ballots, bridges: Any) -> Ballots:
    """Give the roll calls that a chain of bridges joins one item.

    A chain may pass through roll calls that are not used, unless they were held after ``as_of``: on that day
    nobody knew of them.
    """
    if bridges is None:
        return ballots
    number = {label: i for i, label in enumerate(ballots.rollcalls.tolist())}
    parent: dict[Any, Any] = {}

    def root(label: Any) -> Any:
        while parent.get(label, label) != label:
            parent[label] = parent.get(parent[label], parent[label])
            label = parent[label]
        return label

    for row, (earlier, later) in enumerate(_pairs(bridges), 1):
        if earlier in ballots.later or later in ballots.later:
            continue
        if earlier in number and later in number:
            before, after = (int(ballots.rollcall_session[number[each]]) for each in (earlier, later))
            if before > after:
                raise SchemaError(
                    f"bridges: row {row} goes from roll call {earlier} (session {before}) to {later} "
                    f"(session {after}), which is earlier. Write the earlier roll call first."
                )
        parent[root(later)] = root(earlier)
    roots: dict[Any, int] = {}
    item = np.array([roots.setdefault(root(label), len(roots)) for label in number], dtype=np.int64)
    return ballots._replace(item=item, bridged=_shared(item))


def _shared(item: np.ndarray) -> int:
    """How many roll calls have an item in common with another."""
    return int((np.bincount(item)[item] > 1).sum())


def _pairs(bridges: Any) -> list[tuple[Any, Any]]:
    if not hasattr(bridges, "columns") and not hasattr(bridges, "to_pandas"):
        return [(earlier, later) for earlier, later in bridges]
    frame = as_frame(bridges)
    for names in (["earlier", "later"], ["rcid1", "rcid2"]):
        if all(name in frame for name in names):
            _refuse_empty_cells(frame, names, "bridges")
            return list(zip(*(frame[name].tolist() for name in names), strict=True))
    raise SchemaError(
        f"bridges: has the columns {', '.join(map(str, frame.columns))}; expected earlier and later (or "
        "rcid1 and rcid2), both roll calls."
    )


def duplicate_weights(ballots: Ballots, threshold: float = 0.9) -> np.ndarray:
    """Weights that let near-duplicate roll calls of a session count as one.

    Two roll calls of a session, of different items, are near-duplicates where their votes agree beyond
    chance: Scott's pi with linear weights, the two roll calls as raters of the states that voted on both (at
    least ten). The share of equal votes would call all nearly unanimous roll calls alike. Each roll call of
    a group that such pairs join, of k roll calls, weighs 1/k. They are not bridged: equal votes would then
    be taken to show that nobody moved.

    Parameters
    ----------
    ballots : Ballots
        As cast: without votes that were filled in for absences.
    threshold : float
        Least agreement of near-duplicates, above 0 and at most 1.

    Returns
    -------
    ndarray of float, shape (rollcalls,)
    """
    session = ballots.rollcall_session[ballots.rollcall]
    order = np.argsort(session, kind="stable")
    one, two = [], []
    for here in np.split(order, np.flatnonzero(np.diff(session[order])) + 1):
        held, column = np.unique(ballots.rollcall[here], return_inverse=True)
        members, row = np.unique(ballots.unit[here], return_inverse=True)
        votes = np.zeros((members.size, held.size), dtype=np.int8)
        votes[row, column] = ballots.vote[here]
        i, j = _alike(votes, threshold)
        other = ballots.item[held[i]] != ballots.item[held[j]]
        one.append(held[i[other]])
        two.append(held[j[other]])
    group = _groups(ballots.rollcalls.size, np.concatenate(one), np.concatenate(two))
    return 1 / np.bincount(group)[group]


def _alike(votes: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of columns whose pi reaches the threshold; ``votes`` (states, rollcalls) holds 0 for no vote.

    The linear distance of two codes is the number of cuts (above 1, above 2) between them. Over n common
    voters, with d the sum of distances and q votes above a cut on the two roll calls together, the observed
    disagreement is d / n and the expected, for two votes drawn at random, the sum of q (2n - q) / (2 n^2)
    over both cuts. Multiplied out, everything is a count: exact in float32 below 2^24, that is for chambers
    of up to 2,000 members.
    """
    above = np.stack([votes > cut for cut in (0, 1, 2)]).astype(np.float32)
    one, two = [], []
    for low in range(0, votes.shape[1], BLOCK):
        # How many states are above one cut on one roll call and above another on the other; above 0: voted.
        count = np.tensordot(above[:, :, low : low + BLOCK], above, axes=(1, 1))
        common = count[0, :, 0]
        distance, chance = np.zeros_like(common), np.zeros_like(common)
        for cut in (1, 2):
            both = count[cut, :, 0] + count[0, :, cut]
            distance += both - 2 * count[cut, :, cut]
            chance += both * (2 * common - both)
        # The slack keeps pairs that lie on the threshold. Without chance of disagreement (all voted alike on
        # both) a pair tells nothing.
        near = 2 * common * distance <= (1 - threshold + 1e-6) * chance
        i, j = np.nonzero(near & (chance > 0) & (common >= FEWEST_COMMON))
        i += low
        one.append(i[i < j])
        two.append(j[i < j])
    return np.concatenate(one), np.concatenate(two)


def _groups(size: int, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The least member of the group of each of ``size`` things that the pairs (one, two) join."""
    label = np.arange(size)
    while True:
        least = label.copy()
        np.minimum.at(least, one, label[two])
        np.minimum.at(least, two, label[one])
        # Following a label to its own label halves the way along a chain.
        least = least[least]
        if np.array_equal(least, label):
            return label
        label = least


def with_abstentions(ballots: Ballots) -> Ballots:
    """Add an abstention wherever a unit voted in a session but not on one of its roll calls."""
    unit, rollcall, vote = [ballots.unit], [ballots.rollcall], [ballots.vote]
    session = ballots.rollcall_session[ballots.rollcall]
    for each in np.unique(session):
        held = np.flatnonzero(ballots.rollcall_session == each)
        here = session == each
        members = np.unique(ballots.unit[here])
        absent = np.ones((members.size, held.size), dtype=bool)
        row, column = (
            np.searchsorted(members, ballots.unit[here]),
            np.searchsorted(held, ballots.rollcall[here]),
        )
        absent[row, column] = False
        i, j = np.nonzero(absent)
        unit.append(members[i])
        rollcall.append(held[j])
        vote.append(np.full(i.size, 2, dtype=np.int8))
    units, rollcalls, codes = (np.concatenate(parts) for parts in (unit, rollcall, vote))
    order = np.lexsort((rollcalls, units))
    return ballots._replace(unit=units[order], rollcall=rollcalls[order], vote=codes[order])


def divided(ballots: Ballots) -> tuple[Ballots, int]:
    """Leave out roll calls whose item is unanimous; also the number of those."""
    item = ballots.item[ballots.rollcall]
    count = np.zeros((int(ballots.item.max()) + 1, 4), dtype=np.int64)
    np.add.at(count, (item, ballots.vote), 1)
    differ = (count > 0).sum(axis=1) > 1
    keep = differ[item]
    if not keep.any():
        raise IdentificationError(
            f"votes: all {ballots.rollcalls.size} roll calls are unanimous. Positions can be told only from "
            "roll calls on which votes differ: choose a wider vote set."
        )
    silent = np.setdiff1d(np.arange(len(ballots.units)), ballots.unit[keep])
    if silent.size:
        raise IdentificationError(
            f"votes: {_some([ballots.units[i] for i in silent])} voted on unanimous roll calls only, so no "
            "position can be told. Drop the votes of such units, or choose a wider vote set."
        )
    used = np.unique(ballots.rollcall[keep])
    _, items = np.unique(ballots.item[used], return_inverse=True)
    left = ballots._replace(
        unit=ballots.unit[keep],
        rollcall=np.searchsorted(used, ballots.rollcall[keep]),
        vote=ballots.vote[keep],
        rollcalls=ballots.rollcalls[used],
        rollcall_session=ballots.rollcall_session[used],
        item=items,
        weight=ballots.weight[used],
        block=None if ballots.block is None else ballots.block[used],
        bridged=_shared(items),
    )
    return left, ballots.rollcalls.size - used.size


def refuse_disconnected(ballots: Ballots) -> None:
    """Refuse sets of units that no roll call, bridge or common member joins.

    Raises
    ------
    IdentificationError
        Names the sets.
    """
    n = len(ballots.units)
    item = ballots.item[ballots.rollcall]
    group = _groups(n + int(item.max()) + 1, ballots.unit, n + item)[:n]
    if (group == group[0]).all():
        return
    sets = [[ballots.units[i] for i in np.flatnonzero(group == each)] for each in np.unique(group)]
    sets.sort(key=lambda names: (-len(names), names))
    raise IdentificationError(
        f"votes: {len(sets)} sets of units share no divided roll call, so positions cannot be compared: "
        + "; ".join(f"{len(names)} units ({_some(names)})" for names in sets[:4])
        + ". Fit each set by itself, or give `bridges`."
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# ------------------------------------------------------------------------------------------ arrays


class Panel(NamedTuple):
    """Arrays of the kernels. A position is a unit in a session; positions are sorted by unit, then session.

    Attributes
    ----------
    unit, session, votes : ndarray of int, shape (positions,)
        Index into the units; session; number of votes.
    state_start : ndarray of int, shape (units + 1,)
        Where each unit's positions begin.
    time : ndarray of float, shape (positions,)
    item_start : ndarray of int, shape (items + 1,)
        Where each item's votes begin in the arrays ``by_item``.
    by_item_position, by_item_rollcall : ndarray of int32, shape (votes,)
    by_item_vote : ndarray of int8, shape (votes,)
        0 no, 1 abstain, 2 yes.
    by_item_weight : ndarray of float32, shape (votes,)
        Weight of the vote's roll call.
    position_start : ndarray of int, shape (positions + 1,)
        Where each position's votes begin in the arrays ``by_position``.
    by_position_item, by_position_vote, by_position_weight : ndarray of int32, int8, float32, shape (votes,)
    binary : bool
        Nobody abstained.
    """

    unit: np.ndarray
    session: np.ndarray
    votes: np.ndarray
    state_start: np.ndarray
    time: np.ndarray
    item_start: np.ndarray
    by_item_position: np.ndarray
    by_item_rollcall: np.ndarray
    by_item_vote: np.ndarray
    by_item_weight: np.ndarray
    position_start: np.ndarray
    by_position_item: np.ndarray
    by_position_vote: np.ndarray
    by_position_weight: np.ndarray
    binary: bool


def panel(ballots: Ballots) -> Panel:
    """Sort votes by item and by position (state in a session)."""
    sessions, column = np.unique(ballots.rollcall_session, return_inverse=True)
    key = ballots.unit * sessions.size + column[ballots.rollcall]
    keys, position = np.unique(key, return_inverse=True)
    item = ballots.item[ballots.rollcall]
    category = (3 - ballots.vote).astype(np.int8)
    weight = ballots.weight.astype(np.float32)[ballots.rollcall]
    by_item, by_position = np.lexsort((position, item)), np.lexsort((item, position))
    unit = keys // sessions.size
    votes = np.bincount(position)
    return Panel(
        unit=unit,
        session=sessions[keys % sessions.size],
        votes=votes,
        state_start=_bounds(np.bincount(unit)),
        time=sessions[keys % sessions.size].astype(np.float64),
        item_start=_bounds(np.bincount(item)),
        by_item_position=position[by_item].astype(np.int32),
        by_item_rollcall=ballots.rollcall[by_item].astype(np.int32),
        by_item_vote=category[by_item],
        by_item_weight=weight[by_item],
        position_start=_bounds(votes),
        by_position_item=item[by_position].astype(np.int32),
        by_position_vote=category[by_position],
        by_position_weight=weight[by_position],
        binary=not (ballots.vote == 2).any(),
    )


def _bounds(counts: np.ndarray) -> np.ndarray:
    return np.r_[0, np.cumsum(counts)].astype(np.int64)


def reference(given: Any, ballots: Ballots, panel: Panel) -> np.ndarray:
    """Which positions set the scale: ndarray of bool, shape (positions,). All, if none are given."""
    if given is None:
        return np.ones(panel.unit.size, dtype=bool)
    frame = as_frame(given)
    unit, session = _name(frame, "unit", "reference"), _name(frame, "session", "reference")
    times = _whole(frame, session, "reference", np.arange(1, len(frame) + 1))
    wanted = set(zip(frame[unit].astype(str), times.tolist(), strict=True))
    have = zip(panel.unit.tolist(), panel.session.tolist(), strict=True)
    chosen = np.array([(ballots.units[i], time) in wanted for i, time in have])
    if np.unique(panel.unit[chosen]).size < 2:
        raise IdentificationError(
            f"reference: {int(chosen.sum())} of its {len(frame)} rows are positions of these votes; expected "
            "at least two units that voted in the sessions given."
        )
    return chosen


def anchor(given: str | None, units: tuple[str, ...], panel: Panel, start: np.ndarray) -> int:
    """Index of the unit that fixes the sign.

    Without one given it is USA, or else the unit that stands out most in ``start`` (positions,): that does
    not depend on labels.
    """
    if given is None:
        found = "USA" if "USA" in units else units[int(panel.unit[np.argmax(np.abs(start))])]
        return units.index(found)
    if given not in units:
        raise IdentificationError(
            f"anchor: {given} has no votes on divided roll calls. Choose one of the {len(units)} units, for "
            f"instance {_some(units, 3)}."
        )
    return units.index(given)


def leading_component(panel: Panel) -> np.ndarray:
    """Start: the leading component of the units' votes about each item's mean; shape (positions,)."""
    n_units, n_items = panel.state_start.size - 1, panel.item_start.size - 1
    item = np.repeat(np.arange(n_items), np.diff(panel.item_start))
    unit = panel.unit[panel.by_item_position]
    about = panel.by_item_vote.astype(np.float64)
    about -= (np.bincount(item, weights=about) / np.bincount(item))[item]
    weight = np.sqrt(np.bincount(unit, minlength=n_units))
    about /= weight[unit]
    gram = np.zeros((n_units, n_units))
    # Some items at a time: memory does not grow with the number of roll calls.
    for low in range(0, n_items, 2000):
        high = min(low + 2000, n_items)
        votes = slice(panel.item_start[low], panel.item_start[high])
        block = np.zeros((n_units, high - low))
        np.add.at(block, (unit[votes], item[votes] - low), about[votes])
        gram += block @ block.T
    # Positions are centred: the direction in which all move alike is taken out.
    common = weight / np.linalg.norm(weight)
    gram -= np.outer(common, common @ gram)
    gram -= np.outer(gram @ common, common)
    _, vectors = np.linalg.eigh((gram + gram.T) / 2)
    leading = vectors[:, -1] / weight
    spread = math.sqrt(float(np.average(leading**2, weights=weight**2)))
    return (leading / spread)[panel.unit]
