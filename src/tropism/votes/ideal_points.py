"""Ideal points: where each state stands on one dimension, session by session, from its roll-call votes.

An ordered probit with three categories; every state's path is a Gaussian random walk. The fit is a
structured variational approximation (a whole path and a whole item at a time); the draws come from one
Gaussian over all paths at once, with the items' uncertainty in it, so that an interval can be put on a
change or a distance. The kernels need the extra ``votes`` (numba), loaded when a fit begins.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from tropism.errors import IdentificationError, MissingExtraError, SchemaError
from tropism.series import Provenance, Series
from tropism.tables.store import home
from tropism.version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd
    import pyarrow as pa

Absences = Literal["missing", "abstention"]

#: Variance of a state's first position; with the items' priors it sets the scale of the fit, which the
#: standardised result no longer shows.
ENTRY = 1.0
#: Var(discrimination), Var(cutpoint), and shape - 1 and scale of the gamma prior of the gap of cutpoints.
PRIOR = (1.0, 4.0, 1.0, 0.5)
#: Step variance (squared sd of all positions) and how many steps this guess counts for: nothing beside the
#: thousands of the United Nations, yet it keeps the paths of a small chamber from stiffening to lines.
STEP_PRIOR = (0.02, 10.0)
#: Share of the new natural parameters in each update. At 1 the precisions of sharp items oscillate.
DAMPING = 0.7
#: Sessions are shifted as wholes until a sweep changes the standardised positions by less than this.
SHIFT_UNTIL = 5e-3
#: Below this many bridges across a boundary, drift of the whole scale and a new agenda look alike.
FEW_BRIDGES = 5
#: What a message says when the compiled part is missing.
INSTALL = "pip install 'tropism[votes]'"

PAPERS = (
    "Bailey, Strezhnev and Voeten (2017), Estimating Dynamic State Preferences from United Nations Voting "
    "Data, Journal of Conflict Resolution 61(2): ordered probit with bridged resolutions",
    "Martin and Quinn (2002), Dynamic Ideal Point Estimation via Markov Chain Monte Carlo for the U.S. "
    "Supreme Court, Political Analysis 10(2): random-walk paths",
    "Imai, Lo and Olmsted (2016), Fast Estimation of Ideal Points with Massive Data, American Political "
    "Science Review 110(4): variational estimation",
)


class NotConvergedWarning(UserWarning):
    """A fit stopped at its last sweep before the positions had settled."""


@dataclass(frozen=True)
class Convergence:
    """How a fit ended.

    Attributes
    ----------
    converged : bool
        Whether ``change`` fell below ``tolerance`` within the sweeps allowed.
    sweeps : int
    change, largest_change : float
        Root mean square and largest change of the standardised positions in the last sweep, in sd.
    tolerance : float
        Bound of ``change``, which is a change per sweep and not a distance from the limit.
    history : tuple of float
        ``change`` of every sweep.
    coupling : float
        Share of the coupling of positions and items that the joint draws keep: 1 unless their joint
        precision was not positive definite.
    """

    converged: bool
    sweeps: int
    change: float
    largest_change: float
    tolerance: float
    history: tuple[float, ...] = ()
    coupling: float = 1.0


@dataclass(frozen=True, eq=False)
class IdealPoints:
    """Positions of states on one dimension, with joint draws.

    Every draw is standardised by itself: mean 0 and sd 1 over the reference positions (all of them, unless
    a reference was given). A position is a state in a session.

    Attributes
    ----------
    units : tuple of str
        States, or members of a parliament, sorted.
    unit, session, year, votes : ndarray of int, shape (positions,)
        Index into ``units``; session; year of the session; votes on divided roll calls. Sorted by unit, then
        session.
    mean : ndarray, shape (positions,)
        Positions of the fast fit, on the scale of the draws.
    draws : ndarray of float32, shape (draws, positions)
        Joint: row k is one draw of every path.
    rollcalls : ndarray, shape (rollcalls,)
        Roll calls used, in order of ``items()``.
    rollcall_session, rollcall_item, rollcall_votes : ndarray of int, shape (rollcalls,)
        Session, item and number of votes. Roll calls with one item are bridged.
    item_mean, item_cov : ndarray, shapes (items, 3), (items, 3, 3)
        Discrimination and two cutpoints on the scale of ``mean``; covariance given the positions' Gaussians.
    boundary_bridges, boundary_states : ndarray of int, shape (sessions - 1,)
        Items that stand on both sides of each boundary between sessions, and states present on both.
    step_variance : float
        Variance of a path's step from one session to the next, in squared sd of all positions.
    anchor : str
        The unit whose average position is positive.
    convergence : Convergence
    settings : mapping
        Everything else needed to run the fit again.
    provenance : tuple of Provenance
    notes : tuple of str
    """

    units: tuple[str, ...]
    unit: np.ndarray
    session: np.ndarray
    year: np.ndarray
    votes: np.ndarray
    mean: np.ndarray
    draws: np.ndarray
    rollcalls: np.ndarray
    rollcall_session: np.ndarray
    rollcall_item: np.ndarray
    rollcall_votes: np.ndarray
    item_mean: np.ndarray
    item_cov: np.ndarray
    boundary_bridges: np.ndarray
    boundary_states: np.ndarray
    step_variance: float
    anchor: str
    convergence: Convergence
    settings: Mapping[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_draws(self) -> int:
        """Number of joint draws; 0 for a fit of the means only."""
        return self.draws.shape[0]

    def tidy(self, level: float = 0.9) -> pd.DataFrame:
        """One row per state and session: unit, session, year, votes, estimate.

        With draws also std_error, lower, upper, level: the mean over draws, their sd and the equal-tailed
        interval of that probability. Without draws the estimate is ``mean``.
        """
        import pandas as pd

        table = pd.DataFrame(
            {
                "unit": np.array(self.units, dtype=object)[self.unit],
                "session": self.session,
                "year": self.year,
                "votes": self.votes,
                "estimate": self.draws.mean(axis=0, dtype=np.float64) if self.n_draws else self.mean,
            }
        )
        if self.n_draws > 1:
            tail = (1 - level) / 2
            table["std_error"] = self.draws.std(axis=0, ddof=1, dtype=np.float64)
            table["lower"], table["upper"] = np.quantile(self.draws, [tail, 1 - tail], axis=0)
            table["level"] = level
        return table

    def series(self) -> Series:
        """The panel of paths with joint draws; years are those of the sessions.

        It is no closeness: take `distance`, or `Series.derive`, for that. Without draws it holds the means.
        """
        years, column = np.unique(self.year, return_inverse=True)
        source = self.draws if self.n_draws else self.mean[None].astype(np.float32)
        values = np.full((source.shape[0], len(self.units), years.size), np.nan, dtype=np.float32)
        values[:, self.unit, column] = source
        return Series(
            name="ideal_point",
            values=values,
            missing=np.isnan(values[0]),
            units=self.units,
            years=years,
            label="ideal point from roll calls",
            measured_in=f"sd of all positions, positive toward {self.anchor}",
            block="votes",
            signal="cheap",
            is_closeness=False,
            provenance=self.provenance,
            notes=self.notes,
        )

    def distance(self, a: str, b: str) -> Series:
        """The path of ``|a - b|`` of two states, draw by draw, as a panel of one dyad ``"a>b"``.

        It is no closeness: higher means farther apart. Distance on one dimension is not disagreement: two
        states can meet on the line while the share of their equal votes falls.

        Raises
        ------
        SeriesError
            If a unit is not in the fit.
        """
        panel = self.series().select((a, b) if a != b else (a,))
        apart = panel.derive(
            [(a, b)],
            lambda one, two: np.abs(one - two),
            name="ideal_point_distance",
            label="distance of ideal points",
            measured_in="sd of all positions",
        )
        return replace(apart, is_closeness=False)

    def items(self) -> pd.DataFrame:
        """One row per roll call: rollcall, session, item, votes, discrimination, cutpoint_no, cutpoint_yes.

        P(no) = Phi(cutpoint_no - discrimination * position) and P(yes) = 1 - Phi(cutpoint_yes -
        discrimination * position), on the scale of ``mean``. Columns ending in ``_se`` are standard errors
        given the positions. Bridged roll calls share one item and its numbers.
        """
        import pandas as pd

        columns: dict[str, np.ndarray] = {
            "rollcall": self.rollcalls,
            "session": self.rollcall_session,
            "item": self.rollcall_item,
            "votes": self.rollcall_votes,
        }
        for i, name in enumerate(("discrimination", "cutpoint_no", "cutpoint_yes")):
            columns[name] = self.item_mean[self.rollcall_item, i]
            columns[f"{name}_se"] = np.sqrt(self.item_cov[self.rollcall_item, i, i])
        return pd.DataFrame(columns)

    def bridges(self) -> pd.DataFrame:
        """One row per boundary between sessions: session, next_session, bridges, states, few.

        ``bridges`` counts the repeated items that stand on both sides, ``states`` the states present in both
        sessions. Where ``few`` is true, below five bridges, a drift of the whole scale and a new agenda look
        alike, and the prior on steps decides between them.
        """
        import pandas as pd

        sessions = np.unique(self.session)
        return pd.DataFrame(
            {
                "session": sessions[:-1],
                "next_session": sessions[1:],
                "bridges": self.boundary_bridges,
                "states": self.boundary_states,
                "few": self.boundary_bridges < FEW_BRIDGES,
            }
        )

    def summary(self, level: float = 0.9) -> pd.DataFrame:
        """One row per state: sessions, votes, its first and last position and the change between them.

        Columns are unit, sessions, votes, first_year, last_year, first, last, change; with draws also lower,
        upper, level of the change, from joint draws.
        """
        import pandas as pd

        starts = np.flatnonzero(np.r_[True, np.diff(self.unit) > 0])
        ends = np.r_[starts[1:], self.unit.size] - 1
        estimate = self.tidy(level)["estimate"].to_numpy()
        table = pd.DataFrame(
            {
                "unit": self.units,
                "sessions": ends - starts + 1,
                "votes": np.add.reduceat(self.votes, starts),
                "first_year": self.year[starts],
                "last_year": self.year[ends],
                "first": estimate[starts],
                "last": estimate[ends],
                "change": estimate[ends] - estimate[starts],
            }
        )
        if self.n_draws > 1:
            tail = (1 - level) / 2
            change = self.draws[:, ends] - self.draws[:, starts]
            table["lower"], table["upper"] = np.quantile(change, [tail, 1 - tail], axis=0)
            table["level"] = level
        return table

    def to_json(self) -> str:
        """Positions with intervals, settings, seed, convergence, bridges and sources: not the draws."""
        return json.dumps(
            {
                "tropism": __version__,
                "positions": self.tidy().to_dict("records"),
                "bridges": self.bridges().to_dict("records"),
                "step_variance": self.step_variance,
                "anchor": self.anchor,
                "settings": dict(self.settings),
                "convergence": asdict(self.convergence),
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        data = [f"{source.citation} {source.url} ({source.version})" for source in self.provenance]
        return "\n".join(dict.fromkeys((*data, *PAPERS)))


def estimate_ideal_points(
    votes: pd.DataFrame | pa.Table,
    rollcalls: pd.DataFrame | pa.Table | None = None,
    *,
    bridges: pd.DataFrame | pa.Table | Iterable[tuple[Any, Any]] | None = None,
    absences: Absences = "missing",
    draws: int = 1000,
    method: str = "fast",
    anchor: str | None = None,
    step: float | None = None,
    reference: pd.DataFrame | pa.Table | None = None,
    seed: int = 0,
    tolerance: float = 1e-3,
    max_sweeps: int = 200,
    progress: bool = False,
    provenance: Sequence[Provenance] = (),
) -> IdealPoints:
    """Estimate the path of every state's ideal point, with joint draws, from roll calls.

    Parameters
    ----------
    votes : DataFrame or Table, one row per vote
        ``unit`` (or ``iso3``), ``rollcall`` (or ``rcid``), ``session`` (or ``year``; a whole number, the time
        of the random walk) and ``vote``: 1 yes, 2 abstain, 3 no. With both ``session`` and ``year``, sessions
        are the time and years name them. No row: no vote. Unanimous roll calls tell nothing and are left out.
    rollcalls : DataFrame or Table, optional
        ``rollcall`` (or ``rcid``): only these are used, so that a vote set is a filter of this table. It may
        carry the ``session`` (or ``year``) that ``votes`` lacks.
    bridges : DataFrame, Table or iterable of pairs, optional
        Repeated resolutions, which share discrimination and cutpoints: columns ``earlier`` and ``later`` (or
        ``rcid1`` and ``rcid2``). Chains are followed, also through roll calls that are not used.
    absences : {"missing", "abstention"}
        Whether a unit that voted in a session but not on one of its roll calls is left out or abstained.
    draws : int
        Joint draws; 0 for the means only.
    method : {"fast"}
        Structured variational means, with draws from the joint curvature there.
    anchor : str, optional
        Unit whose average position is positive; USA if it is there, else the unit that stands out most.
    step : float, optional
        Variance of a step from one session to the next, in squared sd of all positions; estimated if not
        given.
    reference : DataFrame or Table, optional
        ``unit`` and ``session`` (named as in ``votes``): the positions over which each draw is standardised.
        All, unless given.
    seed : int
        Of the draws; the means do not depend on it.
    tolerance : float
        The fit ends when a sweep changes the standardised positions by less than this (root mean square).
    max_sweeps : int
    progress : bool
        Write a line to the error stream every tenth sweep.
    provenance : sequence of Provenance
        Sources of the votes, carried into the result.

    Returns
    -------
    IdealPoints

    Warns
    -----
    NotConvergedWarning
        If the sweeps ran out first; the result says so too.

    Raises
    ------
    SchemaError
        Before the fit: a missing column, no votes, an empty cell, an unknown vote code, a repeated (unit,
        roll call), a roll call in two sessions, a bridge from a later to an earlier session.
    IdentificationError
        Before the fit: only unanimous roll calls, a state or anchor without votes on divided ones, or sets
        of states that share no roll call.
    MissingExtraError
        If numba is not installed.
    ValueError
        If an option has a value that it cannot have.

    References
    ----------
    Bailey, Strezhnev and Voeten (2017), "Estimating Dynamic State Preferences from United Nations Voting
    Data", Journal of Conflict Resolution 61(2): the model, with a different update of the paths (theirs looks
    backward only).
    Imai, Lo and Olmsted (2016), "Fast Estimation of Ideal Points with Massive Data", American Political
    Science Review 110(4).

    Examples
    --------
    >>> import pandas as pd
    >>> votes = pd.DataFrame(
    ...     [(unit, rollcall, 1 + rollcall // 10, 1 if (unit == "left") == (rollcall % 3 > 0) else 3)
    ...      for unit in ("left", "right") for rollcall in range(20)]
    ...     + [("middle", rollcall, 1 + rollcall // 10, 1 + rollcall % 3) for rollcall in range(20)],
    ...     columns=["unit", "rollcall", "session", "vote"],
    ... )
    >>> found = estimate_ideal_points(votes, anchor="right", draws=200)
    >>> found.summary().sort_values("last")["unit"].tolist()
    ['left', 'middle', 'right']
    """
    _check_options(absences, draws, method, step, tolerance, max_sweeps)
    ballots = _read(votes, rollcalls)
    ballots = _link(ballots, bridges)
    if absences == "abstention":
        ballots = _with_abstentions(ballots)
    ballots, unanimous = _divided(ballots)
    _refuse_disconnected(ballots)
    panel = _panel(ballots)
    chosen = _reference(reference, ballots, panel)
    start = _leading_component(panel)
    pole = _anchor(anchor, ballots.units, panel, start)
    if start[panel.unit == pole].mean() < 0:
        start = -start
    kernels, joint = _load_kernels()
    fit, convergence = _sweep(kernels, panel, start, step, tolerance, max_sweeps, progress)
    if fit.arrays["mean"][panel.unit == pole].mean() < 0:
        fit.reflect()
    samples, convergence = _sample(joint, panel, fit, convergence, draws, seed)
    return _result(
        ballots, panel, fit, samples, chosen, pole, convergence, unanimous,
        settings={
            "absences": absences, "draws": draws, "method": method, "step": step, "seed": seed,
            "tolerance": tolerance, "max_sweeps": max_sweeps, "anchor": ballots.units[pole],
            "reference": "all positions" if reference is None else f"{int(chosen.sum())} given positions",
            "entry_variance": ENTRY, "prior": list(PRIOR), "damping": DAMPING,
            "step_prior": list(STEP_PRIOR),
            "bridged_rollcalls": int(ballots.bridged),
        },
        provenance=tuple(provenance),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ reading


class _Ballots(NamedTuple):
    """Votes as integers; every array has shape (votes,) unless said otherwise.

    ``rollcall`` indexes ``rollcalls``, ``rollcall_session`` and ``item`` (each of shape (rollcalls,)).
    ``year`` maps a session to its year; ``bridged`` counts the roll calls that share an item.
    """

    units: tuple[str, ...]
    unit: np.ndarray
    rollcalls: np.ndarray
    rollcall: np.ndarray
    rollcall_session: np.ndarray
    item: np.ndarray
    vote: np.ndarray
    year: dict[int, int]
    bridged: int = 0


_NAMES = {"unit": ("unit", "iso3"), "rollcall": ("rollcall", "rcid"), "session": ("session", "year")}


def _check_options(
    absences: str, draws: int, method: str, step: float | None, tolerance: float, max_sweeps: int
) -> None:
    if absences not in get_args(Absences):
        raise ValueError(f"absences is {absences!r}; expected {' or '.join(get_args(Absences))}.")
    if method != "fast":
        raise ValueError(f"method is {method!r}; only 'fast' is there so far.")
    if draws < 0 or max_sweeps < 1:
        raise ValueError(f"draws is {draws} and max_sweeps {max_sweeps}; expected at least 0 and 1.")
    if not tolerance > 0 or (step is not None and not step > 0):
        raise ValueError(f"tolerance is {tolerance} and step {step}; both must be positive.")


def _frame(table: Any) -> pd.DataFrame:
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


def _refuse_empty_cells(frame: pd.DataFrame, columns: Iterable[str], table: str) -> None:
    for column in columns:
        empty = frame[column].isna().to_numpy()
        if empty.any():
            raise SchemaError(
                f"{table}: {column} is empty in {int(empty.sum())} rows, the first row "
                f"{int(np.argmax(empty)) + 1}. A missing vote is a missing row: drop it, or fill in the cell."
            )


def _whole(frame: pd.DataFrame, column: str, table: str) -> np.ndarray:
    """A column of whole numbers as int64, shape (rows,)."""
    try:
        values = frame[column].to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise SchemaError(
            f"{table}: {column} holds {frame[column].iloc[0]!r}; expected whole numbers."
        ) from None
    bad = values != np.floor(values)
    if bad.any():
        at = int(np.argmax(bad))
        raise SchemaError(f"{table}: {column} is {values[at]} in row {at + 1}; expected a whole number.")
    return values.astype(np.int64)


def _read(votes: Any, rollcalls: Any) -> _Ballots:
    """Check the tables and turn them into integers, sorted by unit and roll call."""
    import pandas as pd

    frame = _frame(votes)
    unit, rollcall = _name(frame, "unit", "votes"), _name(frame, "rollcall", "votes")
    if "vote" not in frame:
        raise SchemaError("votes: lacks the column vote (1 yes, 2 abstain, 3 no).")
    rows = np.arange(1, len(frame) + 1)
    listed = None
    if rollcalls is not None:
        listed = _frame(rollcalls)
        key = _name(listed, "rollcall", "rollcalls")
        _refuse_empty_cells(listed, [key], "rollcalls")
        twice = listed[key].duplicated().to_numpy()
        if twice.any():
            at = int(np.argmax(twice))
            raise SchemaError(
                f"rollcalls: {key} {listed[key].iloc[at]} stands in it again in row {at + 1}; keep one row."
            )
        keep = frame[rollcall].isin(listed[key]).to_numpy()
        frame, rows = frame[keep], rows[keep]
        if not any(name in frame for name in _NAMES["session"]):
            named = [name for name in _NAMES["session"] if name in listed]
            if not named:
                _name(listed, "session", "rollcalls")
            # Each row finds its roll call's session; the key may be named otherwise there.
            frame = frame.assign(**{name: frame[rollcall].map(listed.set_index(key)[name]) for name in named})
    if not len(frame):
        raise SchemaError(
            "votes: the table holds no votes" + (" on the roll calls given." if listed is not None else ".")
        )
    session = _name(frame, "session", "votes")
    columns = [unit, rollcall, session, "vote"]
    frame = frame[columns + (["year"] if session == "session" and "year" in frame else [])]
    _refuse_empty_cells(frame.set_axis(rows), columns, "votes")
    vote = _codes(frame["vote"], rows)
    times = _whole(frame, session, "votes")
    unit_codes, found = pd.factorize(frame[unit].astype(object), sort=True)
    unit_labels = [str(label) for label in found]
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
    return _Ballots(
        units=tuple(unit_labels),
        unit=unit_codes[order],
        rollcalls=np.asarray(rollcall_labels),
        rollcall=rollcall_codes[order],
        rollcall_session=of_rollcall,
        item=np.arange(len(rollcall_labels)),
        vote=vote[order],
        year=_years(frame, times),
    )


def _codes(column: pd.Series, rows: np.ndarray) -> np.ndarray:
    """Vote codes 1, 2, 3 as int8, shape (rows,)."""
    import pandas as pd

    # A file gives its codes as text.
    codes = pd.to_numeric(column, errors="coerce")
    known = codes.isin([1, 2, 3]).to_numpy()
    if not known.all():
        at = int(np.argmin(known))
        raise SchemaError(
            f"votes: vote is {column.iloc[at]!r} in row {rows[at]}, as in {int((~known).sum())} rows; "
            "expected 1 yes, 2 abstain, 3 no. Drop the rows of those who were absent or no members."
        )
    return codes.to_numpy().astype(np.int8)


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


def _years(frame: pd.DataFrame, sessions: np.ndarray) -> dict[int, int]:
    """The year that names each session: its first; the session itself where years do not tell them apart."""
    every = np.unique(sessions)
    if "year" not in frame or frame["year"].isna().any():
        return {int(session): int(session) for session in every}
    first = np.full(every.size, np.iinfo(np.int64).max)
    np.minimum.at(first, np.searchsorted(every, sessions), _whole(frame, "year", "votes"))
    years = first if np.all(np.diff(first) > 0) else every
    return {int(session): int(year) for session, year in zip(every, years, strict=True)}


def _link(ballots: _Ballots, bridges: Any) -> _Ballots:
    """Give the roll calls that a chain of bridges joins one item."""
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
    shared = np.bincount(item)[item] > 1
    return ballots._replace(item=item, bridged=int(shared.sum()))


def _pairs(bridges: Any) -> list[tuple[Any, Any]]:
    if not hasattr(bridges, "columns") and not hasattr(bridges, "to_pandas"):
        return [(earlier, later) for earlier, later in bridges]
    frame = _frame(bridges)
    for names in (["earlier", "later"], ["rcid1", "rcid2"]):
        if all(name in frame for name in names):
            _refuse_empty_cells(frame, names, "bridges")
            return list(zip(*(frame[name].tolist() for name in names), strict=True))
    raise SchemaError(
        f"bridges: has the columns {', '.join(map(str, frame.columns))}; expected earlier and later (or "
        "rcid1 and rcid2), both roll calls."
    )


def _with_abstentions(ballots: _Ballots) -> _Ballots:
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


def _divided(ballots: _Ballots) -> tuple[_Ballots, int]:
    """Leave out roll calls whose item is unanimous; also the number of those."""
    item = ballots.item[ballots.rollcall]
    count = np.zeros((int(ballots.item.max()) + 1, 4), dtype=np.int64)
    np.add.at(count, (item, ballots.vote), 1)
    divided = (count > 0).sum(axis=1) > 1
    keep = divided[item]
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
        vote=ballots.vote[keep],
        rollcalls=ballots.rollcalls[used],
        rollcall=np.searchsorted(used, ballots.rollcall[keep]),
        rollcall_session=ballots.rollcall_session[used],
        item=items,
        bridged=int((np.bincount(items)[items] > 1).sum()),
    )
    return left, ballots.rollcalls.size - used.size


def _refuse_disconnected(ballots: _Ballots) -> None:
    """Refuse sets of units that no roll call, bridge or common member joins."""
    item = ballots.item[ballots.rollcall]
    label = np.arange(len(ballots.units))
    while True:
        # Each unit takes the least label among those that it shares an item with, until none changes.
        of_item = np.full(int(item.max()) + 1, label.size)
        np.minimum.at(of_item, item, label[ballots.unit])
        least = label.copy()
        np.minimum.at(least, ballots.unit, of_item[item])
        if np.array_equal(least, label):
            break
        label = least
    count = np.unique(label).size
    if count > 1:
        sets = [[ballots.units[i] for i in np.flatnonzero(label == each)] for each in np.unique(label)]
        sets.sort(key=lambda names: (-len(names), names))
        raise IdentificationError(
            f"votes: {count} sets of units share no divided roll call, so positions cannot be compared: "
            + "; ".join(f"{len(names)} units ({_some(names)})" for names in sets[:4])
            + ". Fit each set by itself, or give `bridges`."
        )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# ------------------------------------------------------------------------------------------ arrays


class _Panel(NamedTuple):
    """Arrays of the kernels: see their module for shapes. ``unit`` and ``session`` are per position."""

    unit: np.ndarray
    session: np.ndarray
    votes: np.ndarray
    state_start: np.ndarray
    time: np.ndarray
    item_start: np.ndarray
    by_item_position: np.ndarray
    by_item_vote: np.ndarray
    position_start: np.ndarray
    by_position_item: np.ndarray
    by_position_vote: np.ndarray


def _panel(ballots: _Ballots) -> _Panel:
    """Sort votes by item and by position (state in a session)."""
    sessions, column = np.unique(ballots.rollcall_session, return_inverse=True)
    key = ballots.unit * sessions.size + column[ballots.rollcall]
    keys, position = np.unique(key, return_inverse=True)
    item = ballots.item[ballots.rollcall]
    category = (3 - ballots.vote).astype(np.int8)
    by_item, by_position = np.lexsort((position, item)), np.lexsort((item, position))
    unit = keys // sessions.size
    votes = np.bincount(position)
    return _Panel(
        unit=unit,
        session=sessions[keys % sessions.size],
        votes=votes,
        state_start=_bounds(np.bincount(unit)),
        time=sessions[keys % sessions.size].astype(np.float64),
        item_start=_bounds(np.bincount(item)),
        by_item_position=position[by_item].astype(np.int32),
        by_item_vote=category[by_item],
        position_start=_bounds(votes),
        by_position_item=item[by_position].astype(np.int32),
        by_position_vote=category[by_position],
    )


def _bounds(counts: np.ndarray) -> np.ndarray:
    return np.r_[0, np.cumsum(counts)].astype(np.int64)


def _reference(reference: Any, ballots: _Ballots, panel: _Panel) -> np.ndarray:
    """Which positions set the scale: ndarray of bool, shape (positions,)."""
    if reference is None:
        return np.ones(panel.unit.size, dtype=bool)
    frame = _frame(reference)
    unit, session = _name(frame, "unit", "reference"), _name(frame, "session", "reference")
    wanted = set(zip(frame[unit].astype(str), _whole(frame, session, "reference").tolist(), strict=True))
    have = zip(panel.unit.tolist(), panel.session.tolist(), strict=True)
    chosen = np.array([(ballots.units[i], time) in wanted for i, time in have])
    if np.unique(panel.unit[chosen]).size < 2:
        raise IdentificationError(
            f"reference: {int(chosen.sum())} of its {len(frame)} rows are positions of these votes; expected "
            "at least two units that voted in the sessions given."
        )
    return chosen


def _anchor(anchor: str | None, units: tuple[str, ...], panel: _Panel, start: np.ndarray) -> int:
    """Index of the unit that fixes the sign."""
    if anchor is None:
        # Without the United States, the unit that stands out most: it does not depend on labels.
        found = "USA" if "USA" in units else units[int(panel.unit[np.argmax(np.abs(start))])]
        return units.index(found)
    if anchor not in units:
        raise IdentificationError(
            f"anchor: {anchor} has no votes on divided roll calls. Choose one of the {len(units)} units, for "
            f"instance {_some(units, 3)}."
        )
    return units.index(anchor)


def _leading_component(panel: _Panel) -> np.ndarray:
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


# ------------------------------------------------------------------------------------------ fitting


def _load_kernels() -> tuple[ModuleType, ModuleType]:
    """The compiled part, with its cache in a folder that can be written.

    Numba keeps compiled code beside the source file, where an installation may be read-only, or in the home
    folder, which may be so too. The folder is set only while our kernels are declared.
    """
    try:
        from numba import config
    except ImportError as missing:
        raise MissingExtraError(
            f"ideal points: {missing.name or 'numba'} is not installed. Ideal points need the extra `votes`: "
            f"{INSTALL}"
        ) from None
    modules = ("tropism.votes._ideal_kernels", "tropism.votes._joint_draws")
    if not all(name in sys.modules for name in modules):
        before = getattr(config, "CACHE_DIR", "")
        setattr(config, "CACHE_DIR", before or _cache_folder())  # noqa: B010
        try:
            from tropism.votes import _ideal_kernels, _joint_draws
        finally:
            setattr(config, "CACHE_DIR", before)  # noqa: B010
        return _ideal_kernels, _joint_draws
    return sys.modules[modules[0]], sys.modules[modules[1]]


def _cache_folder() -> str:
    """Under ``TROPISM_HOME`` (else the user cache folder), or a folder of this process that it removes."""
    with contextlib.suppress(OSError):
        folder = home() / "numba"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    # A fixed name in the shared temporary folder could hold code that somebody else put there.
    import atexit

    scratch = tempfile.TemporaryDirectory(prefix="tropism-numba-", ignore_cleanup_errors=True)
    atexit.register(scratch.cleanup)
    return scratch.name


@dataclass
class _Fit:
    """State of the fit: arrays as in the kernels, changed in place, and the step variance."""

    arrays: dict[str, np.ndarray]
    step: float

    def reflect(self) -> None:
        """Turn the axis round: the likelihood is the same for -theta and -alpha."""
        one = self.arrays
        one["mean"] *= -1
        one["item_mean"][:, 0] *= -1
        one["item_cov"][:, 0, 1:] *= -1
        one["item_cov"][:, 1:, 0] *= -1


class _Walk(NamedTuple):
    """Who follows whom: ``this`` and its next position ``then`` (arrays of index) with their gap in time."""

    entry: np.ndarray
    this: np.ndarray
    then: np.ndarray
    gap: np.ndarray


def _sweep(
    kernels: ModuleType,
    panel: _Panel,
    start: np.ndarray,
    step: float | None,
    tolerance: float,
    max_sweeps: int,
    progress: bool,
) -> tuple[_Fit, Convergence]:
    """Update paths and items in turn until a sweep no longer moves the standardised positions."""
    n, n_items = panel.unit.size, panel.item_start.size - 1
    a = {
        "mean": start.copy(), "variance": np.full(n, 0.05), "lag_cov": np.zeros(n),
        "evidence": np.zeros(n), "weighted": np.zeros(n),
        "item_mean": np.tile([0.0, -0.5, 0.5], (n_items, 1)),
        "item_cov": np.tile(0.05 * np.eye(3), (n_items, 1, 1)),
        "precision": np.zeros((n_items, 6)),
    }  # fmt: skip
    fit = _Fit(a, (step or 0.05) * float(start.var()))
    prior = np.array(PRIOR)
    inner = np.ones(n, dtype=bool)
    inner[panel.state_start[1:] - 1] = False
    this = np.flatnonzero(inner)
    walk = _Walk(panel.state_start[:-1], this, this + 1, panel.time[this + 1] - panel.time[this])
    shift = _SessionShift(panel, walk)

    def update_items(damping: float) -> None:
        kernels.items_step(
            panel.item_start, panel.by_item_position, panel.by_item_vote, a["mean"], a["variance"],
            a["item_mean"], a["item_cov"], a["precision"], prior, damping,
        )  # fmt: skip

    for _ in range(4):
        update_items(1.0)
    history: list[float] = []
    old, largest = _standard(a["mean"]), math.inf
    began, shifting = time.perf_counter(), True
    for sweep in range(max_sweeps):
        kernels.states_step(
            panel.state_start, panel.position_start, panel.by_position_item, panel.by_position_vote,
            panel.time, a["mean"], a["variance"], a["lag_cov"], a["evidence"], a["weighted"],
            a["item_mean"], a["item_cov"], fit.step, ENTRY, DAMPING if sweep else 1.0,
        )  # fmt: skip
        update_items(DAMPING)
        if step is not None:
            fit.step = step * float(a["mean"].var())
        elif sweep > 1 and walk.this.size:
            fit.step = _expected_step(a, walk)
        _rescale(fit, walk.entry)
        # The shift leaves the votes on bridged items out of its slope, so that it moves quickly but to a
        # point a little beside the optimum: the last sweeps go without.
        shifting = shifting and (sweep < 3 or history[-1] > SHIFT_UNTIL)
        if shifting and sweep > 2:
            shift.move(fit)
        new = _standard(a["mean"])
        moved = new - old
        old, largest = new, float(np.abs(moved).max())
        history.append(math.sqrt(float(np.mean(moved**2))))
        if progress and sweep % 10 == 0:
            spent = time.perf_counter() - began
            print(f"sweep {sweep + 1}: change {history[-1]:.5f} sd, {spent:.1f} s", file=sys.stderr)
        # A first sweep may stand still because the start is a fixed point of nothing yet.
        if history[-1] < tolerance and sweep > 3:
            break
    converged = history[-1] < tolerance
    if not converged:
        warnings.warn(
            f"ideal points: after {max_sweeps} sweeps positions still change by {history[-1]:.4f} sd a sweep "
            f"(tolerance {tolerance:g}). Allow more with max_sweeps.",
            NotConvergedWarning,
            stacklevel=3,
        )
    return fit, Convergence(converged, len(history), history[-1], largest, tolerance, tuple(history))


def _standard(mean: np.ndarray) -> np.ndarray:
    return (mean - mean.mean()) / mean.std()


def _expected_step(a: dict[str, np.ndarray], walk: _Walk) -> float:
    """Step variance that maximises the expected log prior of the paths, with a weak prior of its own."""
    difference = a["mean"][walk.then] - a["mean"][walk.this]
    spread = a["variance"][walk.then] + a["variance"][walk.this] - 2 * a["lag_cov"][walk.this]
    seen = ((difference**2 + spread) / walk.gap).sum()
    guess, weight = STEP_PRIOR
    return float((seen + weight * guess * a["mean"].var()) / (walk.this.size + weight))


def _rescale(fit: _Fit, entry: np.ndarray) -> None:
    """Move along the two flat directions of the likelihood to the top of the prior, in closed form.

    Scale: theta times k, alpha over k. Location: theta plus b, cutpoints plus b alpha. Coordinate updates
    crawl along both.
    """
    a, (var_alpha, var_cut, *_) = fit.arrays, PRIOR
    mean, alpha, cut = a["mean"], a["item_mean"][:, 0], a["item_mean"][:, 1:]
    of_entries = ((mean[entry] ** 2 + a["variance"][entry]) / ENTRY).sum()
    of_items = ((alpha**2 + a["item_cov"][:, 0, 0]) / var_alpha).sum()
    more = entry.size - alpha.size
    k = math.sqrt((more + math.sqrt(more**2 + 4 * of_entries * of_items)) / (2 * of_entries))
    mean *= k
    a["variance"] *= k * k
    a["lag_cov"] *= k * k
    a["evidence"] /= k * k
    a["weighted"] /= k
    a["item_mean"][:, 0] /= k
    a["item_cov"][:, 0, :] /= k
    a["item_cov"][:, :, 0] /= k
    a["precision"][:, 0] *= k * k
    a["precision"][:, 1:3] *= k
    fit.step *= k * k
    pull = (mean[entry] / ENTRY).sum() + (cut.sum(axis=1) * alpha).sum() / var_cut
    b = -pull / (entry.size / ENTRY + 2 * (alpha**2).sum() / var_cut)
    mean += b
    a["weighted"] += b * a["evidence"]
    cut += b * alpha[:, None]


class _SessionShift:
    """Shift all positions of a session together with the cutpoints of its own items.

    The likelihood of unbridged items does not change, so the joint shift of all sessions maximises a
    quadratic prior: a small linear system. Without it, slow drifts of the whole scale need hundreds of
    sweeps.
    """

    def __init__(self, panel: _Panel, walk: _Walk) -> None:
        times, self.column = np.unique(panel.session, return_inverse=True)
        self.n, self.walk = times.size, walk
        n_items = panel.item_start.size - 1
        item = np.repeat(np.arange(n_items), np.diff(panel.item_start))
        when = self.column[panel.by_item_position]
        earliest = np.minimum.reduceat(when, panel.item_start[:-1])
        latest = np.maximum.reduceat(when, panel.item_start[:-1])
        self.own = np.flatnonzero(earliest == latest)
        self.own_column = earliest[self.own]
        bridged = (earliest != latest)[item]
        self.bridged_item, self.bridged_column = item[bridged], when[bridged]

    def move(self, fit: _Fit) -> None:
        a, walk, n, column = fit.arrays, self.walk, self.n, self.column
        mean, var_cut = a["mean"], PRIOR[1]
        tie = 1 / (fit.step * walk.gap)
        before, after = column[walk.this], column[walk.then]
        step = mean[walk.then] - mean[walk.this]
        matrix, slope = np.zeros((n, n)), np.zeros(n)
        entry = column[walk.entry]
        np.add.at(matrix, (entry, entry), 1 / ENTRY)
        np.add.at(slope, entry, mean[walk.entry] / ENTRY)
        for row, other, sign in ((before, after, -1.0), (after, before, 1.0)):
            np.add.at(matrix, (row, row), tie)
            np.add.at(matrix, (row, other), -tie)
            np.add.at(slope, row, sign * tie * step)
        alpha, cut = a["item_mean"][self.own, 0], a["item_mean"][self.own, 1:]
        diagonal = np.bincount(self.own_column, weights=2 * alpha**2 / var_cut, minlength=n)
        slope += np.bincount(self.own_column, weights=alpha * cut.sum(axis=1) / var_cut, minlength=n)
        # Bridged items cannot follow: each of their votes resists with about its information, a third to a
        # half of alpha squared; 0.15 leaves the rest to the following sweeps, which are exact.
        diagonal += np.bincount(
            self.bridged_column, weights=0.15 * a["item_mean"][self.bridged_item, 0] ** 2, minlength=n
        )
        matrix[np.arange(n), np.arange(n)] += diagonal
        shift = -np.linalg.solve(matrix, slope)
        mean += shift[column]
        a["weighted"] += a["evidence"] * shift[column]
        a["item_mean"][self.own, 1:] += (alpha * shift[self.own_column])[:, None]


def _sample(
    joint: ModuleType, panel: _Panel, fit: _Fit, convergence: Convergence, draws: int, seed: int
) -> tuple[np.ndarray, Convergence]:
    """Joint draws on the scale of the fit: shape (draws, positions)."""
    if not draws:
        return np.empty((0, panel.unit.size), dtype=np.float32), convergence
    arrays = {
        "item_start": panel.item_start, "position": panel.by_item_position, "vote": panel.by_item_vote,
        "state_start": panel.state_start, "session": panel.session,
    }  # fmt: skip
    samples, coupling = joint.draw_paths(
        arrays,
        fit.arrays,
        step=fit.step,
        entry=ENTRY,
        prior=np.array(PRIOR),
        draws=draws,
        rng=np.random.default_rng(seed),
    )
    return samples, replace(convergence, coupling=coupling)


# ------------------------------------------------------------------------------------------ result


def _result(
    ballots: _Ballots,
    panel: _Panel,
    fit: _Fit,
    samples: np.ndarray,
    chosen: np.ndarray,
    pole: int,
    convergence: Convergence,
    unanimous: int,
    *,
    settings: dict[str, Any],
    provenance: tuple[Provenance, ...],
) -> IdealPoints:
    """Put everything on the standard scale."""
    a = fit.arrays
    if samples.size:
        # The nearly flat direction (positions up, discrimination down) is fixed draw by draw.
        middles = samples[:, chosen].mean(axis=1, dtype=np.float64)
        spreads = samples[:, chosen].std(axis=1, dtype=np.float64)
        samples -= middles[:, None].astype(np.float32)
        samples /= spreads[:, None].astype(np.float32)
        middle, spread = float(middles.mean()), float(spreads.mean())
    else:
        middle, spread = float(a["mean"][chosen].mean()), float(a["mean"][chosen].std())
    turn = np.array([[spread, 0, 0], [-middle, 1, 0], [-middle, 0, 1]])
    order = np.lexsort((np.arange(ballots.rollcalls.size), ballots.rollcall_session))
    across, states = _boundaries(ballots, panel)
    result = IdealPoints(
        units=ballots.units,
        unit=panel.unit,
        session=panel.session,
        year=np.array([ballots.year[int(each)] for each in panel.session], dtype=np.int64),
        votes=panel.votes,
        mean=(a["mean"] - middle) / spread,
        draws=samples,
        rollcalls=ballots.rollcalls[order],
        rollcall_session=ballots.rollcall_session[order],
        rollcall_item=ballots.item[order],
        rollcall_votes=np.bincount(ballots.rollcall, minlength=order.size)[order],
        item_mean=a["item_mean"] @ turn.T,
        item_cov=turn @ a["item_cov"] @ turn.T,
        boundary_bridges=across,
        boundary_states=states,
        step_variance=fit.step / spread**2,
        anchor=ballots.units[pole],
        convergence=convergence,
        settings=settings
        | {"votes": int(panel.votes.sum()), "rollcalls": int(order.size), "items": len(a["item_mean"])},
        provenance=provenance,
        notes=_notes(convergence, across, unanimous, a["mean"][panel.unit == pole], middle, spread),
    )
    for array in (result.mean, result.draws, result.item_mean, result.item_cov):
        array.flags.writeable = False
    return result


def _boundaries(ballots: _Ballots, panel: _Panel) -> tuple[np.ndarray, np.ndarray]:
    """Items on both sides of each boundary, and states in both sessions: shapes (sessions - 1,)."""
    times, column = np.unique(ballots.rollcall_session, return_inverse=True)
    n_items = int(ballots.item.max()) + 1
    first, last = np.full(n_items, times.size), np.full(n_items, -1)
    np.minimum.at(first, ballots.item, column)
    np.maximum.at(last, ballots.item, column)
    across = np.array([((first <= t) & (last > t)).sum() for t in range(times.size - 1)], dtype=np.int64)
    here = [np.unique(panel.unit[panel.session == time]) for time in times]
    states = np.array(
        [np.intersect1d(here[t], here[t + 1]).size for t in range(times.size - 1)], dtype=np.int64
    )
    return across, states


def _notes(
    convergence: Convergence,
    across: np.ndarray,
    unanimous: int,
    pole: np.ndarray,
    middle: float,
    spread: float,
) -> tuple[str, ...]:
    notes = [
        "Each draw is standardised over the reference positions: mean 0, sd 1.",
        "Fast approximation: intervals of 90% covered 87 to 90% of true values in simulated worlds. One "
        "dimension and independent votes are assumed; a vote set with another agenda moves positions by "
        "more than these intervals say.",
    ]
    if unanimous:
        notes.append(f"{unanimous} unanimous roll calls were left out.")
    if few := int((across < FEW_BRIDGES).sum()):
        notes.append(
            f"{few} of {across.size} boundaries between sessions are crossed by fewer than {FEW_BRIDGES} "
            "repeated items: there a drift of the whole scale and a new agenda cannot be told apart."
        )
    if (pole.mean() - middle) / spread < 0.1:
        notes.append("The anchor stands near the middle: the sign of the axis is weakly fixed.")
    if not convergence.converged:
        notes.append(
            f"Not converged: positions still changed by {convergence.change:.4f} sd in the last sweep."
        )
    if convergence.coupling < 1:
        notes.append(
            f"Draws keep {convergence.coupling:g} of the coupling of positions and items: the full joint "
            "precision was not positive definite, and intervals are too short."
        )
    return tuple(notes)
