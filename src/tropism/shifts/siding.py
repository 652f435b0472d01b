"""Whom a state sides with where two poles vote against each other: toward B, b, and toward C, c, apart.

One ideal point cannot give both: between the poles b = -c, beyond them b = c. Here each contested roll call
offers three choices, with B, with C, or neither. b is the log-odds of voting with B against neither, c that
of voting with C against neither, both less what the roll call and the year (in counts: the year) do to
states of the same levels. A state can thus move toward B and not away from C, or step aside from both.

Each year is estimated by itself. The votes of a year are not independent of each other, and the same texts
come back every year: how much a state's years scatter, against what as many independent votes would, scales
the covariance of every year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa

from tropism.derived import read_table, table_info
from tropism.dyads import Triad, Window, dyad
from tropism.errors import DataNotPresentError, SchemaError, SeriesError
from tropism.series import Provenance, Series, as_json, cited
from tropism.shifts.change import LEVEL, MIN_YEARS, Estimate, Placebo
from tropism.states import lineage

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

Absent = Literal["left-out", "neither"]

#: Fewer contested roll calls in which a state took part say nothing of its year.
MIN_CONTESTED = 5
#: Each choice counts so many votes more than were cast: log-odds stay finite and nearly unbiased.
HALF = 0.5
#: A state's own scatter counts as its pairs of years, that of all states as so many.
PAIRS_OF_ALL = 10
#: A year with fewer other states has no effect that could be told from their own moves.
MIN_OTHERS = 10
#: Roll calls and states are fitted in turn until no effect moves by more.
TOLERANCE, SWEEPS = 1e-4, 200
YES, ABSTAIN, NO = 1, 2, 3
#: b - c from (b, c).
TILT = np.array([1.0, -1.0])
COUNTS = ("with_1", "with_2", "abstained", "took_no_part")
PAPERS = (
    "Gart and Zweifel (1967), On the Bias of Various Estimators of the Logit and its Variance, Biometrika "
    "54(1-2): half a vote more for each choice",
    "McCullagh and Nelder (1989), Generalized Linear Models, chapters 4.5 and 5.5: overdispersion",
)


@dataclass(frozen=True)
class SidingChange:
    """One state's change in b and c between the windows, in log-odds against neither.

    Attributes
    ----------
    state : str
    shares : ndarray, shape (2, 3)
        Before and after: of its votes on contested roll calls those with B, with C and with neither. What
        other roll calls did to all states is in them.
    toward, away : tuple of Estimate
        b and c, before and after, relative to the mean state.
    change_toward, change_away, change : Estimate
        Of b, of c, and of b - c.
    covariance : ndarray, shape (2, 2)
        Of the changes of b and c.
    rank_toward, rank_away, rank : Placebo or None
        Where the three changes, each in its own standard errors, stand among those of all other states: the
        log-odds of a state that hardly ever sides with one pole scatter most.
    years_before, years_after : int
    """

    state: str
    shares: np.ndarray
    toward: tuple[Estimate, Estimate]
    away: tuple[Estimate, Estimate]
    change_toward: Estimate
    change_away: Estimate
    change: Estimate
    covariance: np.ndarray
    rank_toward: Placebo | None
    rank_away: Placebo | None
    rank: Placebo | None
    years_before: int
    years_after: int


@dataclass(frozen=True, eq=False)
class Siding:
    """b and c of every state and year, with their covariance: independent between years.

    Attributes
    ----------
    triad : Triad
    window : Window
    states : tuple of str
    years : ndarray of int, shape (years,)
    estimate : ndarray, shape (states, years, 2)
        Log-odds of siding with B and with C against neither, less the year's effect; NaN where missing.
    covariance : ndarray, shape (states, years, 2, 2)
        That of independent votes, scaled by the state's dispersion.
    dispersion : ndarray, shape (states, 2, 2)
        Scatter of (b, c) over a state's years in terms of that of independent votes: 1 for those.
    counts : ndarray, shape (states, years, 3)
        Votes with B, with C, with neither.
    settings : mapping
    provenance : tuple of Provenance
    notes : tuple of str
    """

    triad: Triad
    window: Window
    states: tuple[str, ...]
    years: np.ndarray
    estimate: np.ndarray
    covariance: np.ndarray
    dispersion: np.ndarray
    counts: np.ndarray
    settings: Mapping[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, state: str | None = None) -> SidingChange:
        """One state's change; that of the triad's state without an argument.

        Raises
        ------
        SeriesError
            If the state has fewer than three years on either side.
        """
        state = state or self.triad.state
        n = self._years_of(state)
        if min(n) < MIN_YEARS:
            raise SeriesError(
                f"siding: {state} has {n[0]} years before and {n[1]} after in {self.window} with at least "
                f"{self.settings['min_contested']} votes on roll calls contested between "
                f"{self.triad.toward} and {self.triad.away_from}; {MIN_YEARS} are needed on either side. "
                "Widen the window."
            )
        names, means, covariances = self._windows()
        i = names.index(state)
        before, after = means[0][i], means[1][i]
        spread = covariances[0][i] + covariances[1][i]
        changes = means[1] - means[0]
        errors = _errors(covariances[0] + covariances[1])
        return SidingChange(
            state=state,
            shares=self.shares(state),
            toward=tuple(_normal(means[w][i, 0], covariances[w][i, 0, 0]) for w in (0, 1)),  # type: ignore[arg-type]
            away=tuple(_normal(means[w][i, 1], covariances[w][i, 1, 1]) for w in (0, 1)),  # type: ignore[arg-type]
            change_toward=_normal(after[0] - before[0], spread[0, 0]),
            change_away=_normal(after[1] - before[1], spread[1, 1]),
            change=_normal(TILT @ (after - before), TILT @ spread @ TILT),
            covariance=spread,
            rank_toward=Placebo.of(changes[:, 0] / errors[:, 0], i),
            rank_away=Placebo.of(changes[:, 1] / errors[:, 1], i),
            rank=Placebo.of(changes @ TILT / errors[:, 2], i),
            years_before=n[0],
            years_after=n[1],
        )

    def shares(self, state: str | None = None) -> np.ndarray:
        """Mean shares of a state's votes with B, with C and with neither, before and after: shape (2, 3)."""
        counts = self.counts[self.states.index(state or self.triad.state)]
        found = []
        for span in self.window.spans(self.years):
            here = counts[span][counts[span].sum(axis=1) > 0]
            found.append((here / here.sum(axis=1, keepdims=True)).mean(axis=0))
        return np.stack(found)

    def series(self, draws: int = 400, seed: int = 0) -> Series:
        """Closeness to either pole as log-odds, dyads ``"X>B"`` and ``"X>C"``, with joint draws of both.

        Draws are independent between years and states: no prior ties a year to the next.
        """
        rng = np.random.default_rng(seed)
        root = np.linalg.cholesky(np.where(np.isnan(self.covariance), np.eye(2), self.covariance))
        noise = rng.standard_normal((draws, *self.estimate.shape), dtype=np.float32)
        values = self.estimate + np.einsum("styz,dstz->dsty", root, noise)
        missing = np.isnan(self.estimate[..., 0])
        return Series(
            name="siding",
            values=np.concatenate([values[..., 0], values[..., 1]], axis=1),
            missing=np.concatenate([missing, missing]),
            units=tuple(dyad(state, pole) for pole in self.triad.poles for state in self.states),
            years=self.years,
            label="siding with a pole on contested roll calls, against neither",
            measured_in="log-odds, 0 = mean state",
            block="votes",
            signal="cheap",
            provenance=self.provenance,
            notes=self.notes,
        )

    def tidy(self) -> pd.DataFrame:
        """One row per state, year and pole.

        Columns are iso3, year, pole, estimate, std_error, lower, upper, level, votes.
        """
        import pandas as pd

        state, year = np.nonzero(~np.isnan(self.estimate[..., 0]))
        z = NormalDist().inv_cdf((1 + LEVEL) / 2)
        tables = []
        for k, pole in enumerate(self.triad.poles):
            estimate = self.estimate[state, year, k]
            error = np.sqrt(self.covariance[state, year, k, k])
            tables.append(
                pd.DataFrame(
                    {
                        "iso3": np.array(self.states, dtype=object)[state],
                        "year": self.years[year],
                        "pole": pole,
                        "estimate": estimate,
                        "std_error": error,
                        "lower": estimate - z * error,
                        "upper": estimate + z * error,
                        "level": LEVEL,
                        "votes": self.counts[state, year].sum(axis=1),
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    def summary(self) -> pd.DataFrame:
        """Changes of all states, most toward B first: iso3, then estimate and standard error of each change.

        Columns are toward, toward_se, away, away_se, change, change_se: of b, of c and of b - c.
        """
        import pandas as pd

        names, means, covariances = self._windows()
        change, errors = means[1] - means[0], _errors(covariances[0] + covariances[1])
        table = pd.DataFrame(
            {
                "iso3": names,
                "toward": change[:, 0],
                "toward_se": errors[:, 0],
                "away": change[:, 1],
                "away_se": errors[:, 1],
                "change": change @ TILT,
                "change_se": errors[:, 2],
            }
        )
        return table.sort_values("change", ascending=False, ignore_index=True)

    def plot(self, state: str | None = None) -> alt.LayerChart:
        """One state's b and c by year, with intervals.

        Raises
        ------
        SeriesError
            If the state has no year.
        """
        import altair as alt

        state = state or self.triad.state
        table = self.tidy()
        table = table[table["iso3"] == state]
        if table.empty:
            raise SeriesError(f"siding: {state} has no year with enough contested roll calls.")
        base = alt.Chart(table).encode(
            x=alt.X("year:Q", axis=alt.Axis(format="d"), title=None), color="pole:N"
        )
        band = base.mark_area(opacity=0.2).encode(
            y=alt.Y("lower:Q", title="log-odds against neither, 0 = mean state"), y2="upper:Q"
        )
        line = base.mark_line().encode(y="estimate:Q")
        return alt.LayerChart(layer=[band, line], title=f"{state} on roll calls contested between the poles")

    def to_json(self) -> str:
        """All estimates with intervals, settings and sources."""
        return as_json(
            {
                "triad": asdict(self.triad),
                "window": asdict(self.window),
                "years": self.tidy().to_dict("records"),
                "changes": self.summary().to_dict("records"),
                "settings": dict(self.settings),
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)

    def _years_of(self, state: str) -> tuple[int, int]:
        """Years with an estimate before and after."""
        if state not in self.states:
            return 0, 0
        have = ~np.isnan(self.estimate[self.states.index(state), :, 0])
        before, after = (int(have[span].sum()) for span in self.window.spans(self.years))
        return before, after

    def _windows(self) -> tuple[list[str], tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """States with enough years, and means (states, 2) and covariances (states, 2, 2) of both windows."""
        enough = [i for i, state in enumerate(self.states) if min(self._years_of(state)) >= MIN_YEARS]
        means, covariances = [], []
        for span in self.window.spans(self.years):
            here, spread = self.estimate[enough][:, span], self.covariance[enough][:, span]
            n = (~np.isnan(here[..., 0])).sum(axis=1)
            means.append(np.nansum(here, axis=1) / n[:, None])
            covariances.append(np.nansum(spread, axis=1) / n[:, None, None] ** 2)
        return [self.states[i] for i in enough], (means[0], means[1]), (covariances[0], covariances[1])


def siding(
    votes: pa.Table | pd.DataFrame | None,
    triad: Triad,
    window: Window,
    *,
    absent: Absent = "left-out",
    min_contested: int = MIN_CONTESTED,
) -> Siding:
    """Estimate every state's log-odds of siding with B and with C where the two vote against each other.

    Parameters
    ----------
    votes : Table, DataFrame or None
        ``un_contested_votes`` (the embedded one for None), or single votes with the columns iso3, rcid, year
        and vote (1 yes, 2 abstain, 3 no). With single votes every roll call has effects of its own; with
        counts the year has.
    triad : Triad
        A's votes do not enter the effects of roll calls and years.
    window : Window
        An open end closes at the last year.
    absent : {"left-out", "neither"}
        Whether staying away is missing, or a way to side with neither. In single votes a state stays away
        that voted in the year but not on the roll call.
    min_contested : int
        A state's year with fewer votes on contested roll calls is missing.

    Returns
    -------
    Siding

    Raises
    ------
    DataNotPresentError
        If there is no roll call contested between the poles.
    SchemaError
        If the table lacks a column or a state votes twice.

    References
    ----------
    Gart and Zweifel (1967), equation for the modified logit; McCullagh and Nelder (1989), sections 4.5, 5.5.

    Examples
    --------
    >>> hungary = siding(None, Triad("HUN", "USA", "RUS"), Window(2004, 2013, 2014, 2023)).of()
    >>> hungary.change.lower > 0, hungary.rank.percentile > 90
    (True, True)
    """
    import pandas as pd

    if absent not in get_args(Absent):
        raise SeriesError(f"siding: absent is {absent!r}; expected one of {', '.join(get_args(Absent))}.")
    provenance: tuple[Provenance, ...] = ()
    if votes is None:
        info = table_info("un_contested_votes")
        votes, provenance = read_table(info.name), (info.provenance,) if info.provenance else ()
    frame = votes if isinstance(votes, pd.DataFrame) else votes.to_pandas()
    _need(frame, ("year",), "votes")
    window = window.resolve(int(frame["year"].max()))
    assert window.after_end is not None
    frame = frame[frame["year"].between(window.before_start, window.after_end)]
    single = "vote" in frame.columns
    states, years, counts, raw, spread = (
        _from_votes(frame, triad, absent, min_contested)
        if single
        else _from_counts(frame, triad, absent, min_contested)
    )
    others = np.array([state != triad.state for state in states])
    enough = (~np.isnan(raw[others][..., 0])).sum(axis=0) >= MIN_OTHERS
    if not enough.any():
        raise SeriesError(
            f"siding: no year of {window} has {MIN_OTHERS} states beside {triad} with {min_contested} votes "
            "on contested roll calls: what a roll call does to all states cannot be told."
        )
    seen = ~np.isnan(raw[:, enough, 0]).all(axis=1)
    states, years, others = tuple(np.array(states, dtype=object)[seen]), years[enough], others[seen]
    counts, raw, spread = (array[seen][:, enough] for array in (counts, raw, spread))
    estimate = _net_of_planes(raw, spread, _levels(raw, others), others)
    dispersion = _dispersion(estimate, spread)
    effect = "roll call" if single else "year"
    return Siding(
        triad=triad,
        window=window,
        states=states,
        years=years,
        estimate=estimate,
        covariance=_scaled(spread, dispersion),
        dispersion=dispersion,
        counts=counts,
        settings={"absent": absent, "min_contested": min_contested, "effects": effect},
        provenance=provenance,
        notes=(
            f"Effects of every {effect} are estimated from all states but {triad.state} and the poles; their "
            "own uncertainty is left out.",
            *(() if single else ("Counts by year: a new kind of roll call can look like a move.",)),
            "Staying away is missing." if absent == "left-out" else "Staying away is siding with neither.",
            f"Years with fewer than {min_contested} votes on contested roll calls are missing.",
            "The covariance is scaled by how much neighbouring years of a state differ: a lasting change "
            "hardly counts as scatter, single years out of line do.",
        ),
    )


# ------------------------------------------------------------------------------------- what comes in


_Raw = tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _seat(frame: pd.DataFrame, column: str, iso3: str) -> pd.Series:
    """The column with predecessors renamed to the state that took their seat, in their years."""
    codes = frame[column].astype(object)
    for link in lineage(iso3):
        codes = codes.where(~((codes == link.predecessor) & (frame["year"] <= link.last_year)), iso3)
    return codes


def _need(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    for column in columns:
        if column not in frame.columns:
            raise SchemaError(f"{name}: lacks the column {column}; it has {', '.join(frame.columns)}.")


def _from_counts(frame: pd.DataFrame, triad: Triad, absent: Absent, min_contested: int) -> _Raw:
    """Log-odds of counts by year, with half a vote more for each choice."""
    _need(frame, ("iso3", "pole_1", "pole_2", *COUNTS), "un_contested_votes")
    toward, away_from = ([pole, *(link.predecessor for link in lineage(pole))] for pole in triad.poles)
    one, two = frame["pole_1"], frame["pole_2"]
    mine = (one.isin(toward) & two.isin(away_from)) | (one.isin(away_from) & two.isin(toward))
    rows = frame[mine]
    if rows.empty:
        held = sorted({*frame["pole_1"].astype(str), *frame["pole_2"].astype(str)})
        raise DataNotPresentError(
            f"un_contested_votes: holds no roll calls contested between {' and '.join(triad.poles)} in these "
            f"years; it holds pairs among {', '.join(held)}. Give single votes instead."
        )
    rows = rows.assign(iso3=_seat(rows, "iso3", triad.state))
    toward_first = rows["pole_1"].isin(toward).to_numpy()
    first, second, abstained, away = (rows[name].to_numpy(np.float64) for name in COUNTS)
    neither = abstained + away if absent == "neither" else abstained
    choices = np.stack(
        [np.where(toward_first, first, second), np.where(toward_first, second, first), neither], axis=1
    )
    took_part = first + second + abstained > 0
    return _from_choices(
        rows["iso3"].to_numpy(str), rows["year"].to_numpy(int), choices, took_part, min_contested
    )


def _from_choices(
    iso3: np.ndarray, year: np.ndarray, choices: np.ndarray, took_part: np.ndarray, min_contested: int
) -> _Raw:
    names, i = np.unique(iso3, return_inverse=True)
    years, t = np.unique(year, return_inverse=True)
    counts = np.zeros((names.size, years.size, 3))
    counts[i, t] = np.where(took_part[:, None], choices, 0)
    counts[counts.sum(axis=2) < min_contested] = 0
    missing = counts.sum(axis=2) == 0
    more = counts + HALF
    raw = np.log(more[..., :2] / more[..., 2:])
    spread = np.broadcast_to(1 / more[..., 2, None, None], (*missing.shape, 2, 2)).copy()
    spread[..., 0, 0] += 1 / more[..., 0]
    spread[..., 1, 1] += 1 / more[..., 1]
    raw[missing], spread[missing] = np.nan, np.nan
    return tuple(names.tolist()), years, counts, raw, spread


def _from_votes(frame: pd.DataFrame, triad: Triad, absent: Absent, min_contested: int) -> _Raw:
    """Log-odds with effects of every roll call, year by year."""
    _need(frame, ("iso3", "rcid", "year", "vote"), "votes")
    rows = frame[["iso3", "rcid", "year", "vote"]]
    for iso3 in (*triad.poles, triad.state):
        rows = rows.assign(iso3=_seat(rows, "iso3", iso3))
    if (twice := rows.duplicated(["iso3", "rcid"])).any():
        first = rows[twice].iloc[0]
        raise SchemaError(f"votes: {first['iso3']} votes twice on roll call {first['rcid']}: keep one row.")
    wide = rows.pivot(index="rcid", columns="iso3", values="vote")
    for pole in triad.poles:
        if pole not in wide:
            raise DataNotPresentError(f"votes: {pole} never voted.")
    toward, away = (wide[pole].to_numpy() for pole in triad.poles)
    opposed = ((toward == YES) & (away == NO)) | ((toward == NO) & (away == YES))
    if not opposed.any():
        raise DataNotPresentError(f"votes: no roll call is contested between {' and '.join(triad.poles)}.")
    when = rows.drop_duplicates("rcid").set_index("rcid")["year"].reindex(wide.index).to_numpy(int)
    names = [name for name in wide.columns if name not in triad.poles]
    cast = wide[names].to_numpy().T
    voted = {year: (~np.isnan(cast[:, when == year])).any(axis=1) for year in np.unique(when[opposed])}
    years = np.array(sorted(voted))
    counts = np.zeros((len(names), years.size, 3))
    raw = np.full((len(names), years.size, 2), np.nan)
    spread = np.full((len(names), years.size, 2, 2), np.nan)
    others = np.array([name != triad.state for name in names])
    for t, year in enumerate(years):
        here = np.flatnonzero(opposed & (when == year))
        mine = cast[:, here]
        # (states, roll calls, choices): with B, with C, neither
        choice = np.stack([mine == toward[here], mine == away[here], mine == ABSTAIN], axis=2).astype(float)
        if absent == "neither":
            choice[..., 2] += np.isnan(mine) & voted[year][:, None]
        some = choice.sum(axis=(1, 2)) >= min_contested
        some &= choice[..., :2].sum(axis=(1, 2)) + (mine == ABSTAIN).sum(axis=1) > 0
        if not (some & others).any():
            continue
        counts[some, t] = choice[some].sum(axis=1)
        raw[some, t], spread[some, t] = fit_choices(choice[some], others[some])
    return tuple(names), years, counts, raw, spread


def fit_choices(choice: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logit with effects of states and of roll calls, by Newton steps on each in turn.

    Parameters
    ----------
    choice : ndarray, shape (states, roll calls, 3)
        1 at the choice made, all 0 where missing; the last choice is the one that others are set against.
    others : ndarray of bool, shape (states,)
        Whose votes enter the roll calls' effects.

    Returns
    -------
    effect : ndarray, shape (states, 2)
        Log-odds of the first and second choice on a roll call of mean effect. Half a vote for each choice
        on such a roll call is added, as in `_from_choices`: with equal roll calls both agree.
    covariance : ndarray, shape (states, 2, 2)
        Given the roll calls' effects.
    """
    states, rolls = (np.zeros((n, 2)) for n in choice.shape[:2])
    present = choice.sum(axis=2)
    heard = present * others[:, None]
    made = (choice[..., :2] * heard[..., None]).transpose(1, 0, 2)
    for _ in range(SWEEPS):
        old = states.copy()
        states = states + _newton(states[:, None] + rolls[None], choice[..., :2], present, states)[0]
        # Half a vote for each choice of a state of mean effect holds a one-sided roll call.
        mean = states[others].mean(axis=0)
        utility = rolls[:, None] + states[None]
        rolls = rolls + _newton(utility, made, heard.T, rolls + mean)[0]
        rolls -= rolls.mean(axis=0)
        if np.abs(states - old).max() < TOLERANCE:
            break
    information = _newton(states[:, None] + rolls[None], choice[..., :2], present, states)[1]
    return states, np.linalg.inv(information)


def _newton(
    utility: np.ndarray, made: np.ndarray, present: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One Newton step, (rows, 2), and the information, (rows, 2, 2), of the rows' effects.

    ``utility`` and ``made`` (rows, columns, 2), ``present`` (rows, columns); ``own`` (rows, 2) are the
    log-odds at which the three half votes stand.
    """
    p, q = _shares(utility), _shares(own)
    slope = (made - present[..., None] * p).sum(axis=1) + HALF - 3 * HALF * q
    weighted = present[..., None] * p
    information = -np.einsum("rci,rcj->rij", weighted, p) - 3 * HALF * np.einsum("ri,rj->rij", q, q)
    at = np.arange(2)
    information[:, at, at] += weighted.sum(axis=1) + 3 * HALF * q
    step = np.linalg.solve(information, slope[..., None])[..., 0]
    # Far from the optimum a full step can overshoot.
    return np.clip(step, -1, 1), information


def _shares(utility: np.ndarray) -> np.ndarray:
    """Probabilities of the first two choices of three: shape (..., 2)."""
    top = np.maximum(utility.max(axis=-1, keepdims=True), 0)
    odds = np.exp(utility - top)
    return odds / (odds.sum(axis=-1, keepdims=True) + np.exp(-top))


# ------------------------------------------------------------------------------------- all states


def _levels(raw: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Levels of all states, (states, 2), beside effects of years: who sat in which years does not matter."""
    have = ~np.isnan(raw[..., 0])
    filled = np.where(have[..., None], raw, 0)
    seen, mine = have[others], filled[others]
    share = seen / seen.sum(axis=1, keepdims=True)
    # Levels are eliminated; what is left fixes the effects up to a constant.
    normal = np.diag(seen.sum(axis=0).astype(float)) - seen.T @ share
    target = mine.sum(axis=0) - np.einsum("st,sk->tk", share, mine.sum(axis=1))
    effects = np.linalg.lstsq(normal, target, rcond=None)[0]
    levels = (filled.sum(axis=1) - have @ effects) / have.sum(axis=1)[:, None]
    return levels - levels[others].mean(axis=0)


def _net_of_planes(raw: np.ndarray, spread: np.ndarray, levels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Log-odds less what the year did to states of the same levels: a plane in both levels, year by year.

    On roll calls of a new kind some states side with B that hardly did, others as before: one number for all
    would count that as moves of either.
    """
    found = np.full_like(raw, np.nan)
    design = np.column_stack([np.ones(len(levels)), levels])
    # A state weighs by its typical precision, so that its weight does not depend on the year's votes.
    variance = np.nanmean(np.einsum("stkk->stk", spread), axis=1)
    for t in range(raw.shape[1]):
        here = ~np.isnan(raw[:, t, 0])
        fitted = here & others
        for k in (0, 1):
            weight = 1 / np.sqrt(variance[fitted, k, None])
            target = raw[fitted, t, k, None] * weight
            plane = np.linalg.lstsq(design[fitted] * weight, target, rcond=None)[0][:, 0]
            found[here, t, k] = raw[here, t, k] - design[here] @ plane + levels[here, k]
    return found


def _dispersion(estimate: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Scatter of a state's years in terms of that of independent votes, shape (states, 2, 2).

    Mean outer product of differences of neighbouring years, each whitened by the root of its covariance; a
    state's own, pulled toward that of all states as far as it has few years. It may lie below 1: where the
    same texts come back every year and the state votes on each as before, counts vary less than those of
    independent votes.
    """
    step = np.diff(estimate, axis=1)
    known = ~np.isnan(step[..., 0])
    pairs = known.sum(axis=1)
    if not pairs.any():
        return np.broadcast_to(np.eye(2), (len(estimate), 2, 2))
    white = np.zeros_like(step)
    root = _root((spread[:, 1:] + spread[:, :-1])[known])
    white[known] = np.linalg.solve(root, step[known][..., None])[..., 0]
    total = np.einsum("sti,stj->sij", white, white)
    everybody = total.sum(axis=0) / pairs.sum()
    return (total + PAIRS_OF_ALL * everybody) / (pairs + PAIRS_OF_ALL)[:, None, None]


def _scaled(spread: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Covariance of independent votes, (states, years, 2, 2), with the states' dispersion."""
    known = ~np.isnan(spread[..., 0, 0])
    found = np.full_like(spread, np.nan)
    root = _root(spread[known])
    found[known] = root @ dispersion[np.nonzero(known)[0]] @ root
    return found


def _root(covariance: np.ndarray) -> np.ndarray:
    """Symmetric roots of covariances, shape (..., 2, 2)."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def _errors(covariance: np.ndarray) -> np.ndarray:
    """Standard errors of b, c and b - c: shape (states, 3)."""
    return np.sqrt(
        np.stack(
            [
                covariance[:, 0, 0],
                covariance[:, 1, 1],
                np.einsum("i,sij,j->s", TILT, covariance, TILT),
            ],
            axis=1,
        )
    )


def _normal(estimate: float, variance: float) -> Estimate:
    z = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(np.sqrt(variance))
    return Estimate(float(estimate), float(estimate) - z, float(estimate) + z, LEVEL)
