"""Named sets of roll calls: filters of the table that a measure is given.

Ideal points depend on the roll calls that they come from. Each set is one record in ``VOTE_SETS``: listings,
docs and choices on a command line are made from it. Whether a roll call belongs to a set is true, false or
not known; what is not known is left out and said, never guessed.
"""

from __future__ import annotations

import datetime
import difflib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.votes.ballots import as_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

log = logging.getLogger(__name__)

#: Smallest share of the votes cast that makes a roll call contested. A tenth of the Assembly, today 15 to 19
#: states, is more than the few that usually stay with a great power outvoted. It keeps 4,209 of 6,551 roll
#: calls, and at least 24 in every session but the 19th (.05 keeps 5,101, .2 keeps 2,844).
MINORITY = 0.1


class PlenaryDay(NamedTuple):
    """A day of a session, how many roll calls the tables have of it, and the report of that meeting."""

    session: int
    date: datetime.date
    rollcalls: int
    source: str


#: When the Assembly voted on the reports of its First Committee (disarmament and international security) in
#: sessions whose roll calls carry no issue flags. Days and counts are those of the vote records; the press
#: release of each meeting says what was voted on. In sessions 58-74 the like day holds 295 of 302 roll calls
#: flagged nuclear and 367 of 380 flagged disarmament; 455 of its 628 carry either flag. What was put off to
#: wait for a budget (six texts in session 78) was voted on later and is missed.
FIRST_COMMITTEE_DAYS = (
    PlenaryDay(75, datetime.date(2020, 12, 7), 35, "https://www.un.org/press/en/2020/ga12296.doc.htm"),
    PlenaryDay(76, datetime.date(2021, 12, 6), 28, "https://press.un.org/en/2021/ga12392.doc.htm"),
    PlenaryDay(77, datetime.date(2022, 12, 7), 34, "https://press.un.org/en/2022/ga12478.doc.htm"),
    PlenaryDay(78, datetime.date(2023, 12, 4), 31, "https://press.un.org/en/2023/ga12568.doc.htm"),
)

#: The last session of the file that Bailey, Strezhnev and Voeten's estimates of April 2020 come from.
BSV_LAST_SESSION = 74

_NAMES = {
    "rcid": ("rcid", "rollcall"),
    "vote_date": ("vote_date", "date"),
    "state": ("unit", "iso3", "ccode"),
}


class Membership(NamedTuple):
    """Which roll calls belong to a set, in the order of the table.

    Attributes
    ----------
    member : BooleanArray, shape (rollcalls,)
        Missing where it is not known.
    unknown : str
        Why it is not known, as what is said of such roll calls: "carry no flag nu".
    inferred : ndarray of bool, shape (rollcalls,), optional
        Where it was inferred and not flagged; nowhere unless given.
    """

    member: pd.arrays.BooleanArray
    unknown: str = ""
    inferred: np.ndarray | None = None


@dataclass(frozen=True)
class VoteSet:
    """A named set of roll calls.

    Attributes
    ----------
    name, title : str
        Identifier, and the heading of its row.
    meaning : str
        Which roll calls belong to it.
    coverage : str
        Where the General Assembly's record can tell.
    select : callable
        Takes the roll calls and returns their `Membership`.
    options : tuple of str
        Arguments of `select_rollcalls` that it uses.
    flags : tuple of str
        Columns that it reads and that cannot be counted from votes.
    """

    name: str
    title: str
    meaning: str
    coverage: str
    select: Callable[[RollCalls], Membership]
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RollCalls:
    """What a set may look at: the roll-call table, the votes and the options; refuses what it lacks."""

    table: pd.DataFrame
    votes: pd.DataFrame | None = None
    poles: tuple[tuple[str, ...], ...] = ()
    opposite: bool = False
    minority: float = MINORITY
    since: int | None = None

    def column(self, name: str) -> pd.Series:
        """A column under any of its names."""
        return self.table[_named(self.table, name, "rollcalls")]

    def refuse_repeated(self) -> None:
        """Refuse a table without rows, without a key, or with a key twice."""
        rcid = self.column("rcid")
        if rcid.empty:
            raise SchemaError("rollcalls: has no rows.")
        if rcid.isna().any():
            raise SchemaError(f"rollcalls: {rcid.name} is empty in row {int(rcid.isna().argmax()) + 1}.")
        if rcid.duplicated().any():
            first = rcid[rcid.duplicated()].iloc[0]
            rows = np.flatnonzero(rcid == first)[:2] + 1
            raise SchemaError(
                f"rollcalls: {rcid.name} {first} stands in rows {rows[0]} and {rows[1]}; keep one row of "
                "each."
            )

    def flag(self, name: str) -> pd.arrays.BooleanArray:
        """A column of 0, 1 and empty cells."""
        import pandas as pd

        values = self.column(name)
        number = pd.to_numeric(values, errors="coerce")
        wrong = np.flatnonzero(values.notna() & ~number.isin([0, 1]))
        if wrong.size:
            raise SchemaError(
                f"rollcalls: {name} is {values.tolist()[wrong[0]]!r} in row {wrong[0] + 1}; expected 0, 1 or "
                "empty."
            )
        return _truth(number.isin([1]), values.isna())

    def parts(self) -> np.ndarray:
        """Whether each is flagged as one on a paragraph or an amendment: bool, shape (rollcalls,)."""
        para, amend = (self.flag(name).to_numpy(dtype=bool, na_value=False) for name in ("para", "amend"))
        return para | amend

    def date(self) -> pd.Series:
        """Day of each roll call."""
        import pandas as pd

        values = self.column("vote_date")
        try:
            return pd.to_datetime(values, format="ISO8601")
        except (ValueError, TypeError) as fault:
            raise SchemaError(f"rollcalls: {values.name} holds what is no date ({fault}).") from None

    def minority_share(self) -> np.ndarray:
        """Share of the votes cast outside the largest category; NaN without votes. Shape (rollcalls,)."""
        names = ["yes", "abstain", "no"]
        absent = [name for name in names if name not in self.table]
        if not absent:
            cast = self.table[names].to_numpy(dtype=float, na_value=np.nan)
        elif self.votes is not None:
            counted = self.votes.groupby(["rcid", "vote"]).size().unstack(fill_value=0)
            counted = counted.reindex(columns=[1, 2, 3], fill_value=0)
            cast = counted.reindex(self.column("rcid")).to_numpy(dtype=float)
        else:
            raise SchemaError(
                f"rollcalls: lacks the column {absent[0]}. Add the counts yes, abstain and no, or give "
                "`votes`."
            )
        total = cast.sum(axis=1)
        # Not 1 minus a share: that would put a tenth a hair below .1.
        return (total - cast.max(axis=1)) / np.where(total > 0, total, np.nan)

    def pole_votes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Votes of the two poles, NaN where none was cast, and whether `votes` knows the roll call."""
        if self.votes is None or not self.poles:
            raise SchemaError(
                "vote set poles-differ: needs `votes` and two `poles`, for instance ('USA', 'RUS')."
            )
        rcid = self.column("rcid")
        cast = []
        for pole in self.poles:
            own = self.votes[self.votes["state"].isin(pole)]
            twice = own["rcid"].duplicated()
            if own.empty:
                raise IdentificationError(
                    f"votes: {' or '.join(pole)} casts no vote in it, so it can be no pole. A pole's "
                    "predecessor has a code of its own: ('RUS', 'SUN')."
                )
            if twice.any():
                raise SchemaError(
                    f"votes: {' or '.join(pole)} votes twice on roll call {own['rcid'][twice].iloc[0]}. "
                    "Keep one."
                )
            cast.append(own.set_index("rcid")["vote"].reindex(rcid).to_numpy(dtype=float))
        return cast[0], cast[1], rcid.isin(self.votes["rcid"]).to_numpy()


# ------------------------------------------------------------------------------------------ the sets


def _every(calls: RollCalls) -> Membership:
    return Membership(_truth(np.ones(len(calls.table), dtype=bool)))


def _flagged(name: str) -> Callable[[RollCalls], Membership]:
    return lambda calls: Membership(calls.flag(name), f"carry no flag {name}")


def _without(name: str) -> Callable[[RollCalls], Membership]:
    """Roll calls without a flag; where a session has none, those outside the First Committee's day."""

    def select(calls: RollCalls) -> Membership:
        flag = calls.flag(name)
        inferred = np.zeros(len(flag), dtype=bool)
        unflagged = flag.isna()
        if unflagged.any():
            unflagged &= (
                calls.column("session").isin([day.session for day in FIRST_COMMITTEE_DAYS]).to_numpy()
            )
        if unflagged.any():
            date = calls.date()
            inferred = unflagged & date.notna().to_numpy()
            days = [np.datetime64(day.date) for day in FIRST_COMMITTEE_DAYS]
            flag[inferred] = date.dt.normalize().isin(days).to_numpy()[inferred]
        return Membership(~flag, f"carry no flag {name}, and no known day tells", inferred)

    return select


def _no_parts(calls: RollCalls) -> Membership:
    para, amend = calls.flag("para"), calls.flag("amend")
    part = calls.parts()
    return Membership(_truth(~part), inferred=~part & (para.isna() | amend.isna()))


def _contested(calls: RollCalls) -> Membership:
    share = calls.minority_share()
    return Membership(_truth(share >= calls.minority, np.isnan(share)), "have no counted votes")


def _poles_differ(calls: RollCalls) -> Membership:
    one, two, known = calls.pole_votes()
    # Abstention is 2: yes and no are 2 apart.
    apart = np.abs(one - two) == 2 if calls.opposite else np.abs(one - two) > 0
    return Membership(_truth(apart, ~known), "are not in `votes`")


def _since(calls: RollCalls) -> Membership:
    if calls.since is None:
        raise SchemaError("vote set since: needs a year. Give `since`, for instance since=1991.")
    year = calls.column("year").to_numpy(dtype=float, na_value=np.nan)
    return Membership(_truth(year >= calls.since, np.isnan(year)), "have no year")


def _bsv(calls: RollCalls) -> Membership:
    session = calls.column("session").to_numpy(dtype=float, na_value=np.nan)
    year = calls.date().dt.year.to_numpy(dtype=float)
    part = calls.parts()
    kept = (session != 19) & (session <= BSV_LAST_SESSION) & ~(part & (year > 1989))
    return Membership(_truth(kept, np.isnan(session) | (part & np.isnan(year))), "lack a session or a date")


#: Where the six issue flags stand.
_ISSUES = "Sessions 1-74: later roll calls carry no issue flags and are left out."
_BY_DAY = (
    "Sessions 1-74 by flag; sessions 75-78 by the day of the First Committee's reports: all of that day is "
    "dropped, and the rest is marked as inferred. Others without the flag are left out."
)

VOTE_SETS: dict[str, VoteSet] = {
    each.name: each
    for each in (
        VoteSet("all", "All roll calls", "Every roll call of the table.", "All sessions.", _every),
        VoteSet(
            "no-nuclear",
            "Without nuclear weapons",
            "Roll calls that are not on nuclear weapons and nuclear material (flag nu).",
            _BY_DAY,
            _without("nu"),
            flags=("nu",),
        ),
        VoteSet(
            "no-disarmament",
            "Without arms control",
            "Roll calls that are not on arms control and disarmament (flag di).",
            _BY_DAY,
            _without("di"),
            flags=("di",),
        ),
        VoteSet(
            "middle-east",
            "Palestine and the Middle East",
            "Roll calls on the Palestinian conflict (flag me).",
            _ISSUES,
            _flagged("me"),
            flags=("me",),
        ),
        VoteSet(
            "nuclear",
            "Nuclear weapons",
            "Roll calls on nuclear weapons and nuclear material (flag nu).",
            _ISSUES,
            _flagged("nu"),
            flags=("nu",),
        ),
        VoteSet(
            "disarmament",
            "Arms control",
            "Roll calls on arms control and disarmament (flag di).",
            _ISSUES,
            _flagged("di"),
            flags=("di",),
        ),
        VoteSet(
            "human-rights",
            "Human rights",
            "Roll calls on human rights (flag hr).",
            _ISSUES,
            _flagged("hr"),
            flags=("hr",),
        ),
        VoteSet(
            "colonialism",
            "Colonialism",
            "Roll calls on colonialism (flag co).",
            _ISSUES,
            _flagged("co"),
            flags=("co",),
        ),
        VoteSet(
            "economic",
            "Economic development",
            "Roll calls on development (flag ec).",
            _ISSUES,
            _flagged("ec"),
            flags=("ec",),
        ),
        VoteSet(
            "important",
            "Important to the United States",
            "Roll calls that the US State Department named important in its yearly report (importantvote).",
            "Sessions 38-72. Before, the flag is always 0; it is missing for 605 roll calls of sessions "
            "52-74 and for all later ones.",
            _flagged("importantvote"),
            flags=("importantvote",),
        ),
        VoteSet(
            "contested",
            "Contested in the Assembly",
            f"Roll calls on which at least a share of {MINORITY:g} (or `minority`) of the votes cast lies "
            "outside the largest of yes, abstain and no. Absent states do not count.",
            "All sessions.",
            _contested,
            ("minority",),
        ),
        VoteSet(
            "poles-differ",
            "Two poles differ",
            "Roll calls on which two `poles` cast different votes; with `opposite`, one yes, the other no.",
            "Where `votes` has both poles.",
            _poles_differ,
            ("poles", "opposite"),
        ),
        VoteSet(
            "since",
            "Since a year",
            "Roll calls of the year `since` and later.",
            "All years.",
            _since,
            ("since",),
        ),
        VoteSet(
            "no-parts",
            "Without parts",
            "Roll calls on whole texts: none flagged as on a paragraph (para) or an amendment (amend).",
            "All sessions. Flags are complete to session 39; later ones mark parts only, some of them from "
            "session 52 on, so that every whole text from session 40 on is inferred.",
            _no_parts,
            flags=("para", "amend"),
        ),
        VoteSet(
            "bsv",
            "Bailey, Strezhnev and Voeten",
            "The roll calls of Bailey, Strezhnev and Voeten's ideal points: no paragraphs and amendments "
            "after 1989, no session 19. Their two rules on states are in `bsv_votes`.",
            f"Sessions 1-{BSV_LAST_SESSION}, where their file of April 2020 ends.",
            _bsv,
            flags=("para", "amend"),
        ),
    )
}


def list_vote_sets() -> list[VoteSet]:
    """List every named vote set, in the order of their records.

    Returns
    -------
    list of VoteSet

    Examples
    --------
    >>> [each.name for each in list_vote_sets()][:3]
    ['all', 'no-nuclear', 'no-disarmament']
    """
    return list(VOTE_SETS.values())


def find_vote_sets(vote_set: str) -> list[VoteSet]:
    """The sets behind a name, or behind several joined by ``+``.

    Raises
    ------
    SchemaError
        If there is no such set; names those spelt like it.
    """
    found = []
    for name in (part.strip() for part in vote_set.split("+")):
        if name not in VOTE_SETS:
            near = difflib.get_close_matches(name, VOTE_SETS, n=3, cutoff=0.4)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise SchemaError(
                f"vote set {name!r} is not known.{hint} There are {', '.join(VOTE_SETS)}; join several "
                "with +."
            )
        found.append(VOTE_SETS[name])
    return found


def select_rollcalls(
    rollcalls: pd.DataFrame | pa.Table,
    vote_set: str = "all",
    *,
    votes: pd.DataFrame | pa.Table | None = None,
    poles: Sequence[str | Sequence[str]] | None = None,
    opposite: bool = False,
    minority: float = MINORITY,
    since: int | None = None,
) -> pd.DataFrame:
    """Select the roll calls of a named vote set.

    Parameters
    ----------
    rollcalls : DataFrame or Table, one row per roll call
        As ``un_rollcalls``: ``rcid`` (or ``rollcall``) and the columns that the set needs. ``date`` may stand
        for ``vote_date``.
    vote_set : str
        A name from `list_vote_sets`, or several joined by ``+``: what lies in all of them.
    votes : DataFrame or Table, optional
        ``rcid`` (or ``rollcall``), ``unit`` (or ``iso3``, ``ccode``) and ``vote`` (1 yes, 2 abstain, 3 no);
        for ``poles-differ``, and for ``contested`` if the roll calls have no counts.
    poles : two of str or sequence of str, optional
        For ``poles-differ``. Give a pole with its predecessors, ``("RUS", "SUN")``, where `votes` has both.
    opposite : bool
        For ``poles-differ``: one votes yes and the other no.
    minority : float
        For ``contested``: smallest share of the votes cast outside the largest category.
    since : int, optional
        For ``since``: first year.

    Returns
    -------
    DataFrame
        The rows in the set, in their order, with all their columns and ``inferred``: true where membership
        was inferred and not flagged. ``.attrs["notes"]`` says what was left out because membership is not
        known, and what was inferred; the former is logged as a warning too.

    Raises
    ------
    SchemaError
        If no such set is known, a column or an option that it needs is missing, an option is given that none
        of the sets uses, or a roll call is repeated.
    IdentificationError
        If the set selects nothing; says why.

    Examples
    --------
    >>> import pandas as pd
    >>> rollcalls = pd.DataFrame(
    ...     {"rcid": [1, 2, 3], "nu": [1, 0, 0], "yes": [90, 99, 60], "abstain": [9, 1, 20], "no": [1, 0, 20]}
    ... )
    >>> select_rollcalls(rollcalls, "contested+no-nuclear")["rcid"].tolist()
    [3]
    """
    import pandas as pd

    sets = find_vote_sets(vote_set)
    _check_options(sets, poles, opposite, minority, since)
    table = as_frame(rollcalls)
    calls = RollCalls(
        table,
        None if votes is None else _read_votes(as_frame(votes)),
        tuple((pole,) if isinstance(pole, str) else tuple(pole) for pole in poles or ()),
        opposite,
        minority,
        since,
    )
    calls.refuse_repeated()
    chosen, inferred, notes = _truth(np.ones(len(table), dtype=bool)), np.zeros(len(table), dtype=bool), []
    for each in sets:
        found = each.select(calls)
        unknown = np.asarray(found.member.isna())
        if not found.member.to_numpy(dtype=bool, na_value=False).any():
            why = f": {unknown.sum()} of them {found.unknown}" if unknown.any() else ""
            raise IdentificationError(
                f"vote set {each.name}: holds none of the {_count(table)}{why}. Coverage: {each.coverage} "
                "Choose another set or bring other roll calls."
            )
        if unknown.any():
            notes.append(f"vote set {each.name}: left out {_count(table, unknown)}, which {found.unknown}.")
            log.warning(notes[-1])
        if found.inferred is not None:
            inferred |= found.inferred
        chosen &= found.member
    kept = chosen.to_numpy(dtype=bool, na_value=False)
    if not kept.any():
        raise IdentificationError(
            f"vote set {vote_set}: each of its sets holds some of the {_count(table)}, but none is in all of "
            "them. Leave one out."
        )
    if (inferred & kept).any():
        notes.append(f"vote set {vote_set}: membership of {_count(table, inferred & kept)} is inferred.")
    before = table["inferred"].to_numpy(dtype=bool) if "inferred" in table else False
    result = table.assign(inferred=pd.Series(inferred | before, index=table.index))[kept].reset_index(
        drop=True
    )
    result.attrs = dict(table.attrs) | {"notes": [*table.attrs.get("notes", []), *notes]}
    return result


def bsv_votes(votes: pd.DataFrame | pa.Table) -> pd.DataFrame:
    """Drop the votes that Bailey, Strezhnev and Voeten leave out by state.

    These are South Africa's in session 48 and Zanzibar's. For their roll calls, take those of the vote set
    ``bsv``; unanimous ones drop out in `estimate_ideal_points`.

    Parameters
    ----------
    votes : DataFrame or Table, one row per state and roll call
        ``unit``, ``iso3`` or ``ccode`` (ISO3 or Correlates of War codes) and ``session``.

    Returns
    -------
    DataFrame
        The other rows, in their order.

    Raises
    ------
    SchemaError
        If a column is missing.

    References
    ----------
    Bailey, Strezhnev and Voeten (2017), "Estimating Dynamic State Preferences from United Nations Voting
    Data", Journal of Conflict Resolution 61(2).

    Examples
    --------
    >>> import pandas as pd
    >>> votes = pd.DataFrame({"iso3": ["ZAF", "ZAF", "EAZ"], "session": [47, 48, 18], "vote": [1, 1, 1]})
    >>> bsv_votes(votes)["session"].tolist()
    [47]
    """
    table = as_frame(votes)
    state = table[_named(table, "state", "votes")].astype(str)
    session = table[_named(table, "session", "votes")]
    dropped = (state.isin(["ZAF", "560"]) & (session == 48)) | state.isin(["EAZ", "511"])
    return table[~dropped].reset_index(drop=True)


# ------------------------------------------------------------------------------------------ reading


def _truth(values: Any, unknown: Any = None) -> pd.arrays.BooleanArray:
    """True, false or not known."""
    import pandas as pd

    values = np.asarray(values, dtype=bool)
    mask = np.zeros(values.shape, dtype=bool) if unknown is None else np.asarray(unknown, dtype=bool)
    # A copy, because pandas lends its own arrays read-only.
    return pd.arrays.BooleanArray(values, mask, copy=True)


def _named(table: pd.DataFrame, name: str, where: str) -> str:
    """The name under which a column stands in a table."""
    names = _NAMES.get(name, (name,))
    for each in names:
        if each in table:
            return each
    raise SchemaError(
        f"{where}: lacks the column {' or '.join(names)}; it has {', '.join(map(str, table.columns))}."
    )


def _check_options(
    sets: list[VoteSet], poles: Sequence[Any] | None, opposite: bool, minority: float, since: int | None
) -> None:
    """Refuse an option that no set uses, and values that it cannot have."""
    given = {
        "poles": poles is not None,
        "opposite": opposite,
        "minority": minority != MINORITY,
        "since": since is not None,
    }
    used = {option for each in sets for option in each.options}
    for option in (name for name, there in given.items() if there and name not in used):
        user = next(each.name for each in VOTE_SETS.values() if option in each.options)
        raise SchemaError(
            f"vote set {'+'.join(each.name for each in sets)}: does not use `{option}`. Add +{user}, or "
            f"leave `{option}` out."
        )
    if poles is not None and (isinstance(poles, str) or len(poles) != 2):
        raise SchemaError(
            f"vote set poles-differ: `poles` is {poles!r}; expected two, for instance ('USA', 'RUS')."
        )
    if not 0 < minority < 1:
        raise SchemaError(f"vote set contested: `minority` is {minority}; expected a share between 0 and 1.")


def _read_votes(table: pd.DataFrame) -> pd.DataFrame:
    """Votes under the names rcid, state and vote; states as text."""
    import pandas as pd

    names = {name: _named(table, name, "votes") for name in ("rcid", "state", "vote")}
    votes = pd.DataFrame({name: table[column] for name, column in names.items()})
    wrong = ~votes["vote"].isin([1, 2, 3])
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"votes: vote is {votes['vote'].tolist()[row]!r} in row {row + 1}; expected 1 yes, 2 abstain, "
            "3 no."
        )
    return votes.assign(state=votes["state"].astype(str))


def _count(table: pd.DataFrame, which: np.ndarray | None = None) -> str:
    """How many roll calls, and of which sessions, in words."""
    rows = table if which is None else table[which]
    of = "" if which is None else f" of {len(table)}"
    text = f"{len(rows)}{of} roll calls"
    if "session" not in table or rows["session"].isna().all():
        return text
    first, last = int(rows["session"].min()), int(rows["session"].max())
    return f"{text} ({f'sessions {first}-{last}' if first < last else f'session {first}'})"
