"""What a fit of ideal points returns: positions with joint draws, tables and a chart of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.dyads import dyad
from tropism.errors import SeriesError
from tropism.series import Provenance, Series, as_json, cited
from tropism.votes.ballots import Ballots, Panel
from tropism.votes.ideal_points.agreement import ItemsGiven, expected_agreement

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: Below this many bridges across a boundary, drift of the whole scale and a new agenda look alike.
FEW_BRIDGES = 5
#: Probability below which an axis is not said to separate two poles.
SEPARATED = 0.95

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
class ChainChecks:
    """Diagnostics of Markov chains, over all standardised positions.

    Attributes
    ----------
    chains, rounds, warmup : int
        Rounds kept per chain, and those before.
    worst_rhat, rhat_99 : float
        Rank-normalised R-hat: its largest value, and its 99th percentile.
    least_ess, least_tail_ess : float
        Least effective sample size of the bulk and of the tails.
    step_ess : float
        Bulk effective sample size of the step variance.
    accepted, items_accepted : float
        Shares of trajectories and of the items' own steps accepted.
    good : bool
        R-hat at most 1.01 for 99% and 1.03 for all positions, both effective sample sizes at least 400.
    """

    chains: int
    rounds: int
    warmup: int
    worst_rhat: float
    rhat_99: float
    least_ess: float
    least_tail_ess: float
    step_ess: float
    accepted: float
    items_accepted: float
    good: bool


@dataclass(frozen=True)
class Convergence:
    """How a fit ended.

    Attributes
    ----------
    converged : bool
        Whether ``distance`` fell below ``tolerance`` within the sweeps allowed.
    sweeps, newton_steps : int
        Updates of all paths and items, and steps of everything at once.
    distance, largest_distance : float
        By how much the last round (a Newton step and two updates) moved the standardised positions, in sd:
        root mean square, and largest. A round leaves less than half of the distance from the optimum, so that
        this is about the distance itself.
    tolerance : float
    history : tuple of float
        Change of every first sweep, then of every round.
    recentred : tuple of float
        By how much each round of re-centring, which comes after, moved the standardised positions (root mean
        square, in sd). What is left in the last is mostly the chance of the points averaged over.
    residuals : float
        Share of the votes' residuals in the curvature that the draws come from: 1 unless that was not
        positive definite.
    chains : ChainChecks or None
        Diagnostics of the Markov chains, for ``method="mcmc"``.
    """

    converged: bool
    sweeps: int
    newton_steps: int
    distance: float
    largest_distance: float
    tolerance: float
    history: tuple[float, ...] = ()
    recentred: tuple[float, ...] = ()
    residuals: float = 1.0
    chains: ChainChecks | None = None


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
    shift_prior_variance, shift_posterior_variance : ndarray, shape (sessions - 1,), or None
        Variance of the mean step, over each boundary, of the states present on both sides: before and after
        the votes were seen, in squared sd of the scale of ``mean``.
    scales : ndarray, shape (1 + draws, 2)
        Location and scale, on the fit's own scale, of ``mean`` and of each draw.
    items_given : ItemsGiven or None
        The items' Gaussian given all positions.
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
    shift_prior_variance: np.ndarray | None = None
    shift_posterior_variance: np.ndarray | None = None
    scales: np.ndarray | None = field(default=None, repr=False)
    items_given: ItemsGiven | None = field(default=None, repr=False)

    @property
    def n_draws(self) -> int:
        """Number of joint draws; 0 for a fit of the means only."""
        return self.draws.shape[0]

    @property
    def measured_in(self) -> str:
        """The unit of a position: ``"sd of all positions"``, or of those given as reference."""
        return f"sd of {self.settings.get('reference', 'all positions')}"

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
                "estimate": self._estimate(),
            }
        )
        if self.n_draws > 1:
            table["std_error"] = self.draws.std(axis=0, ddof=1, dtype=np.float64)
            table["lower"], table["upper"] = interval(self.draws, level)
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
            measured_in=f"{self.measured_in}, positive toward {self.anchor}",
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
            measured_in=self.measured_in,
        )
        return replace(apart, is_closeness=False)

    def expected_agreement(
        self, a: str, b: str, *, agenda: int | tuple[int, int] | Iterable[Any], seed: int = 0
    ) -> Series:
        """The agreement of two states that the fit expects on a fixed agenda, session by session.

        Both states' positions of each session are put before the same roll calls, so that a change is one of
        positions and not of the agenda. Agreement is graded: a yes against an abstention counts a half. It
        has no scale of its own and compares across vote sets.

        Parameters
        ----------
        a, b : str
            Units of the fit.
        agenda : int, (int, int) or iterable
            A session, first and last session, or roll calls by their labels (a list of them).
        seed : int
            Of the items' draws, given those of the positions.

        Returns
        -------
        Series
            One dyad ``"a>b"``, higher = closer, with the fit's joint draws.

        Raises
        ------
        SeriesError
            If a unit is not in the fit, or no roll call of the agenda is.
        """
        chosen = self._agenda(agenda)
        items = np.unique(self.rollcall_item[chosen])
        share = np.bincount(self.rollcall_item[chosen], minlength=int(items[-1]) + 1)[items]
        panel = self.series().select((a, b) if a != b else (a,))
        positions = [panel.values[:, i].astype(np.float64) for i in panel.index([a, b])]
        total = np.zeros_like(positions[0])
        rng = np.random.default_rng(seed)
        raw, middle, spread = self._raw()
        item_mean = self._raw_items()
        for low in range(0, items.size, 16):
            some = items[low : low + 16]
            if raw is None or self.items_given is None:
                drawn = item_mean[some][None]
            else:
                drawn = self.items_given.draw(some, item_mean, raw, rng)
            # Each draw of the items on the scale of the draw of the positions.
            on_scale = drawn.copy()
            on_scale[:, :, 0] *= spread[:, None]
            on_scale[:, :, 1:] -= middle[:, None, None] * drawn[:, :, :1]
            for k in range(some.size):
                each = expected_agreement(
                    positions[0], positions[1], on_scale[:, k : k + 1], str(self.settings["link"])
                )
                total += share[low + k] * each
        missing = panel.missing[panel.index([a, b])].any(axis=0)[None]
        return Series(
            name="expected_agreement",
            values=np.where(missing, np.nan, total / share.sum())[:, None].astype(np.float32),
            missing=missing,
            units=(dyad(a, b),),
            years=panel.years,
            label=f"expected agreement on {int(share.sum())} roll calls",
            measured_in="share of roll calls, an abstention against yes or no half",
            block="votes",
            signal="cheap",
            provenance=self.provenance,
            notes=(*self.notes, f"Agenda: {_agenda_in_words(agenda)}."),
        )

    def _agenda(self, agenda: Any) -> np.ndarray:
        """Which roll calls are on an agenda: ndarray of bool, shape (rollcalls,)."""
        if isinstance(agenda, int | np.integer):
            agenda = (agenda, agenda)
        if isinstance(agenda, tuple) and len(agenda) == 2:
            chosen = (self.rollcall_session >= agenda[0]) & (self.rollcall_session <= agenda[1])
        else:
            chosen = np.isin(self.rollcalls, np.asarray(list(agenda)))
        if not chosen.any():
            raise SeriesError(
                f"expected agreement: no roll call of the agenda ({_agenda_in_words(agenda)}) is in the fit, "
                f"whose sessions are {self.session.min()} to {self.session.max()}."
            )
        return chosen

    def _raw(self) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
        """Draws on the fit's scale, and location and scale of each (of ``mean`` without draws)."""
        assert self.scales is not None
        if not self.n_draws:
            return None, self.scales[:1, 0], self.scales[:1, 1]
        middle, spread = self.scales[1:, 0], self.scales[1:, 1]
        return self.draws * spread[:, None] + middle[:, None], middle, spread

    def _raw_items(self) -> np.ndarray:
        """Means of the items on the fit's scale."""
        assert self.scales is not None
        middle, spread = self.scales[0]
        alpha = self.item_mean[:, :1] / spread
        return np.concatenate([alpha, self.item_mean[:, 1:] + middle * alpha], axis=1)

    @property
    def raw_step(self) -> float:
        """Variance of a step on the fit's scale."""
        assert self.scales is not None
        return self.step_variance * float(self.scales[0, 1]) ** 2

    def starting_point(self, cast: Ballots, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Positions and items of other votes to begin at, on the fit's scale: (positions,), (items, 3).

        A position that this fit does not have is that of the unit's nearest session in it, or 0; an item that
        it does not have is NaN.
        """
        assert self.scales is not None
        middle, spread = self.scales[0]
        number = {name: i for i, name in enumerate(self.units)}
        unit = np.array([number.get(name, -1) for name in cast.units])[panel.unit]
        line = 1 + int(max(self.session.max(), panel.session.max()))
        have = self.unit * line + self.session
        at = np.searchsorted(have, unit * line + panel.session)
        before, after = np.maximum(at - 1, 0), np.minimum(at, have.size - 1)
        known_after = self.unit[after] == unit
        later = np.where(known_after, self.session[after] - panel.session, line)
        known_before = self.unit[before] == unit
        earlier = np.where(known_before, panel.session - self.session[before], line)
        nearest = np.where(later <= earlier, after, before)
        start = np.where(known_after | known_before, self.mean[nearest] * spread + middle, 0.0)
        order = np.argsort(self.rollcalls, kind="stable")
        place = np.minimum(np.searchsorted(self.rollcalls[order], cast.rollcalls), order.size - 1)
        row = order[place]
        known = self.rollcalls[row] == cast.rollcalls
        items = np.full((panel.item_start.size - 1, 3), np.nan)
        items[cast.item[known]] = self._raw_items()[self.rollcall_item[row[known]]]
        return start, items

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
        """One row per boundary between sessions: session, next_session, bridges, states, few, and its shift.

        ``bridges`` counts the repeated items that stand on both sides, ``states`` the states present in both
        sessions. Where ``few`` is true, below five bridges, a drift of the whole scale and a new agenda look
        alike, and the prior on steps decides between them.

        Where the fit brings them, ``shift_prior_variance`` and ``shift_posterior_variance`` are the variances
        of the mean step of the states present on both sides, before and after the votes were seen, and
        ``shift_ratio`` is the second over the first: near 1, the votes say nothing about a common shift.
        """
        import pandas as pd

        sessions = np.unique(self.session)
        table = pd.DataFrame(
            {
                "session": sessions[:-1],
                "next_session": sessions[1:],
                "bridges": self.boundary_bridges,
                "states": self.boundary_states,
                "few": self.boundary_bridges < FEW_BRIDGES,
            }
        )
        if self.shift_prior_variance is not None and self.shift_posterior_variance is not None:
            table["shift_prior_variance"] = self.shift_prior_variance
            table["shift_posterior_variance"] = self.shift_posterior_variance
            table["shift_ratio"] = self.shift_posterior_variance / self.shift_prior_variance
        return table

    def summary(self, level: float = 0.9) -> pd.DataFrame:
        """One row per state: sessions, votes, its first and last position and the change between them.

        Columns are unit, sessions, votes, first_year, last_year, first, last, change; with draws also lower,
        upper, level of the change, from joint draws.
        """
        import pandas as pd

        starts = np.flatnonzero(np.r_[True, np.diff(self.unit) > 0])
        ends = np.r_[starts[1:], self.unit.size] - 1
        estimate = self._estimate()
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
            table["lower"], table["upper"] = interval(self.draws[:, ends] - self.draws[:, starts], level)
            table["level"] = level
        return table

    def poles_apart(self, a: str, b: str, *, at_least: float = 1.0) -> pd.DataFrame:
        """Does the axis separate two poles? One row per session of both: session, year, probability, flag.

        ``probability`` is that of the poles standing more than ``at_least`` sd apart and in their usual
        order: that of their mean difference over all sessions and draws. Where it is below .95 ``flag`` is
        true: a move along the axis is then no move from one pole toward the other.

        Raises
        ------
        SeriesError
            If a unit is not in the fit, the two share no session, or the fit has no draws.
        ValueError
            If ``at_least`` is negative.
        """
        import pandas as pd

        if not at_least >= 0:
            raise ValueError(f"at_least is {at_least}; expected a distance in sd, 0 or more.")
        if self.n_draws < 2:
            raise SeriesError(
                "ideal points: poles_apart counts draws, and this fit has none: give it `draws`."
            )
        if a == b:
            raise SeriesError(f"ideal points: {a} is both poles; expected two units.")
        one, two = self._rows(a), self._rows(b)
        session, i, j = np.intersect1d(self.session[one], self.session[two], return_indices=True)
        if not session.size:
            raise SeriesError(f"ideal points: {a} and {b} never voted in the same session.")
        difference = self.draws[:, one[i]] - self.draws[:, two[j]]
        usual = np.sign(difference.mean(dtype=np.float64)).astype(np.float32)
        probability = (usual * difference > at_least).mean(axis=0)
        return pd.DataFrame(
            {
                "session": session,
                "year": self.year[one[i]],
                "probability": probability,
                "flag": probability < SEPARATED,
            }
        )

    def plot(self, units: Sequence[str] | None = None, level: float = 0.9) -> alt.LayerChart:
        """Paths of some units, with intervals of that probability if the fit has draws.

        Parameters
        ----------
        units : sequence of str, optional
            At most six. Unless given: the anchor, and those four that changed most among the units with votes
            in at least half of the sessions.
        level : float

        Raises
        ------
        SeriesError
            If a unit is not in the fit.
        ValueError
            If there are more units than can be told apart.
        """
        from tropism.votes.ideal_points.chart import COLOURS, chart

        chosen = tuple(dict.fromkeys(self._notable() if units is None else units))
        if not 1 <= len(chosen) <= len(COLOURS):
            raise ValueError(f"plot: {len(chosen)} units; expected 1 to {len(COLOURS)}, to tell lines apart.")
        return chart(self, [(unit, self._rows(unit)) for unit in chosen], level)

    def _estimate(self) -> np.ndarray:
        """Mean over draws, shape (positions,); ``mean`` where there are none."""
        return self.draws.mean(axis=0, dtype=np.float64) if self.n_draws else self.mean

    def _rows(self, unit: str) -> np.ndarray:
        """Places of a unit's positions, in order of sessions."""
        if unit not in self.units:
            raise SeriesError(f"ideal points: no unit {unit}; it has {len(self.units)}: see `units`.")
        return np.flatnonzero(self.unit == self.units.index(unit))

    def _notable(self) -> list[str]:
        """The anchor and the four units of long standing that changed most."""
        table = self.summary()
        standing = table[table["sessions"] * 2 >= np.unique(self.session).size]
        by_change = standing["change"].abs().sort_values(ascending=False, kind="stable").index
        most = [unit for unit in table["unit"][by_change] if unit != self.anchor]
        return [self.anchor, *most[:4]]

    def to_json(self) -> str:
        """Positions with intervals, settings, seed, convergence, bridges and sources: not the draws."""
        return as_json(
            {
                "positions": self.tidy().to_dict("records"),
                "bridges": self.bridges().to_dict("records"),
                "step_variance": self.step_variance,
                "anchor": self.anchor,
                "settings": dict(self.settings),
                "convergence": asdict(self.convergence),
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


# ------------------------------------------------------------------------------------------ chart


def interval(draws: np.ndarray, level: float) -> np.ndarray:
    """Equal-tailed interval over the first axis: shape (2, columns)."""
    tail = (1 - level) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0)


# ------------------------------------------------------------------------------------------ assembly


def assemble(
    ballots: Ballots,
    panel: Panel,
    *,
    mean: np.ndarray,
    samples: np.ndarray,
    item_mean: np.ndarray,
    item_cov: np.ndarray,
    step: float,
    chosen: np.ndarray,
    pole: int,
    convergence: Convergence,
    unanimous: int,
    settings: Mapping[str, Any],
    provenance: tuple[Provenance, ...] = (),
    shift_variances: tuple[np.ndarray, np.ndarray] | None = None,
    items_given: ItemsGiven | None = None,
) -> IdealPoints:
    """Put everything on the standard scale.

    Parameters
    ----------
    ballots, panel : the votes used
    mean : ndarray, shape (positions,)
    samples : ndarray of float32, shape (draws, positions)
        Changed in place. All scales are those of the fit, with the sign already that of the anchor.
    item_mean, item_cov : ndarray, shapes (items, 3), (items, 3, 3)
    step : float
        Variance of a step.
    chosen : ndarray of bool, shape (positions,)
        Reference positions.
    pole : int
        Index of the anchor.
    unanimous : int
        Roll calls left out.
    shift_variances : two ndarrays of shape (sessions - 1,), optional
        Prior and posterior variance of the mean step over each boundary.
    """
    if samples.size:
        # The nearly flat direction (positions up, discrimination down) is fixed draw by draw.
        middles = samples[:, chosen].mean(axis=1, dtype=np.float64)
        spreads = samples[:, chosen].std(axis=1, dtype=np.float64)
        samples -= middles[:, None].astype(np.float32)
        samples /= spreads[:, None].astype(np.float32)
        middle, spread = float(mean[chosen].mean()), float(mean[chosen].std())
        scales = np.column_stack([np.r_[middle, middles], np.r_[spread, spreads]])
    else:
        middle, spread = float(mean[chosen].mean()), float(mean[chosen].std())
        scales = np.array([[middle, spread]])
    turn = np.array([[spread, 0, 0], [-middle, 1, 0], [-middle, 0, 1]])
    order = np.lexsort((np.arange(ballots.rollcalls.size), ballots.rollcall_session))
    across, states = _boundaries(ballots, panel)
    standard = (mean - middle) / spread
    before, after = (
        (None, None) if shift_variances is None else (each / spread**2 for each in shift_variances)
    )
    settings = dict(settings) | {
        "votes": int(panel.votes.sum()),
        "rollcalls": int(order.size),
        "items": len(item_mean),
        "bridged_rollcalls": int(ballots.bridged),
        "total_weight": float(ballots.weight.sum()),
    }
    result = IdealPoints(
        units=ballots.units,
        unit=panel.unit,
        session=panel.session,
        year=np.array([ballots.year[int(each)] for each in panel.session], dtype=np.int64),
        votes=panel.votes,
        mean=standard,
        draws=samples,
        rollcalls=ballots.rollcalls[order],
        rollcall_session=ballots.rollcall_session[order],
        rollcall_item=ballots.item[order],
        rollcall_votes=np.bincount(ballots.rollcall, minlength=order.size)[order],
        item_mean=item_mean @ turn.T,
        item_cov=turn @ item_cov @ turn.T,
        boundary_bridges=across,
        boundary_states=states,
        step_variance=step / spread**2,
        anchor=ballots.units[pole],
        convergence=convergence,
        settings=settings,
        provenance=provenance,
        notes=_notes(convergence, across, unanimous, float(standard[panel.unit == pole].mean()), settings),
        shift_prior_variance=before,
        shift_posterior_variance=after,
        scales=scales,
        items_given=items_given,
    )
    for array in (result.mean, result.draws, result.item_mean, result.item_cov):
        array.flags.writeable = False
    return result


def _agenda_in_words(agenda: Any) -> str:
    if isinstance(agenda, int | np.integer):
        return f"the roll calls of session {agenda}"
    if isinstance(agenda, tuple) and len(agenda) == 2:
        return f"the roll calls of sessions {agenda[0]} to {agenda[1]}"
    return f"{len(list(agenda))} roll calls given by their labels"


def _boundaries(ballots: Ballots, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
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
    pole: float,
    settings: Mapping[str, Any],
) -> tuple[str, ...]:
    notes = [
        "Each draw is standardised over the reference positions: mean 0, sd 1.",
        "One dimension and independent votes are assumed; a vote set with another agenda moves positions by "
        "more than these intervals say.",
    ]
    if convergence.chains is None:
        notes.append("Fast approximation: see the documentation for how far it lies from Markov chains.")
    if unanimous:
        notes.append(f"{unanimous} unanimous roll calls were left out.")
    if settings.get("as_of") is not None:
        notes.append(f"Votes after session {settings['as_of']} were left out (as_of).")
    if settings.get("duplicates") == "downweight":
        notes.append(
            f"Near-duplicate roll calls of a session count as one: {settings['rollcalls']} roll calls weigh "
            f"{settings['total_weight']:.0f} together."
        )
    if few := int((across < FEW_BRIDGES).sum()):
        notes.append(
            f"{few} of {across.size} boundaries between sessions are crossed by fewer than {FEW_BRIDGES} "
            "repeated items: there a drift of the whole scale and a new agenda cannot be told apart."
        )
    if pole < 0.1:
        notes.append("The anchor stands near the middle: the sign of the axis is weakly fixed.")
    if not convergence.converged:
        notes.append(f"Not converged: the last step still moved positions by {convergence.distance:.4f} sd.")
    if convergence.residuals < 1:
        notes.append(
            f"Draws come from a curvature with {convergence.residuals:g} of the votes' residuals: the full "
            "one was not positive definite, and intervals are too short."
        )
    return tuple(notes)
