"""Whose move it was: a change in closeness taken apart into those who made it.

Closeness is G, the agreement with B minus that with C that a fit of ideal points expects on the roll calls
in force. Five things can change it: A, B and C move, the whole field drifts and stretches, the agenda is
another. Distances cannot be split so: |a - b| is not additive, and turns where two states pass each other.

A position x is written m + s z: m and s are mean and spread of the field (all states but A, B and C) in its
window, z is the state's place in the field. Movers are the places of A, B and C, (m, s) together, and the
items. Each draw's change is split by Shapley values: what a mover adds, averaged over all orders in which
the five could have moved. The parts sum to the change.

Places do not depend on where a window's scale has its zero and its unit, (m, s) and the items do. Only texts
voted on in both windows tie the two scales together; where too few do, drift and agenda are one part, and
no part then depends on that tie.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from math import erf, factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from tropism.dyads import Triad, Window
from tropism.errors import SchemaError, SeriesError
from tropism.house_style import TOWARD
from tropism.series import Provenance, Series
from tropism.shifts.change import MIN_SHARE_OF_YEARS, MIN_YEARS, Estimate, Placebo
from tropism.states import lineage
from tropism.tables import read_table
from tropism.version import __version__
from tropism.votes.ideal_points import compact
from tropism.votes.ideal_points.result import FEW_BRIDGES, PAPERS

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.votes.ideal_points.result import IdealPoints

#: Fewer other states than this make no field whose drift could be told from a state's own move.
MIN_FIELD = 10
#: Places at which a state's closeness is evaluated exactly; between them it is a polynomial, off by 2e-5.
NODES = 64
METHOD = (
    "Shapley (1953), A Value for n-Person Games, Contributions to the Theory of Games II",
    "Shorrocks (2013), Decomposition Procedures for Distributional Analysis: A Unified Framework Based on "
    "the Shapley Value, Journal of Economic Inequality 11(1)",
)


# ------------------------------------------------------------------------------------- what goes in


@dataclass(frozen=True, eq=False)
class FittedVotes:
    """Positions with joint draws, and the items of the roll calls they came from, on one scale.

    Attributes
    ----------
    positions : Series
        A panel of states, no closeness.
    rollcall : ndarray, shape (rollcalls,)
        Labels of the roll calls, as the votes have them.
    year, item : ndarray of int, shape (rollcalls,)
        Year of each roll call, and which row of ``items`` it is: repeated texts share one.
    items : ndarray, shape (items, 3)
        Discrimination and two cutpoints, means.
    untied : tuple of int
        Years after which too few repeated texts go on to tie later scales to earlier ones.
    link : {"probit", "logit"}
    fit : IdealPoints or None
        Draws the items along with the positions. Without it they follow the field, draw by draw: an item
        moves as the positions of its sessions do, taken together.
    settings : mapping
    """

    positions: Series
    rollcall: np.ndarray
    year: np.ndarray
    item: np.ndarray
    items: np.ndarray
    untied: tuple[int, ...] = ()
    link: str = "probit"
    fit: IdealPoints | None = field(default=None, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def embedded(cls, vote_set: str = "all", *, draws: int = 400, seed: int = 0) -> FittedVotes:
        """The fits that the package carries: see `load_ideal_points`.

        Raises
        ------
        SchemaError
            If no such vote set is embedded.
        """
        positions = compact.load_ideal_points(vote_set, draws=draws, seed=seed)
        table, sessions = (
            rows.filter(pc.equal(rows["vote_set"].cast("string"), vote_set)).to_pandas()
            for rows in (read_table(name) for name in ("un_items", "ideal_point_sessions"))
        )
        if table.empty:
            raise SchemaError(f"un_items: no vote set {vote_set!r}. Build it with the fits of ideal_points.")
        text, item = np.unique(table["repeats"].fillna(table["rcid"]).to_numpy(int), return_inverse=True)
        means = table[["discrimination", "cutpoint_no", "cutpoint_yes"]].to_numpy(np.float64)
        items = np.empty((text.size, 3))
        items[item] = means
        few = sessions["bridges"].notna() & (sessions["bridges"] < FEW_BRIDGES)
        return cls(
            positions=positions,
            rollcall=table["rcid"].to_numpy(),
            year=table["year"].to_numpy(np.int64),
            item=item,
            items=items,
            untied=tuple(sessions["year"][few].tolist()),
            settings={"vote_set": vote_set, "draws": draws, "seed": seed, "items": "means, with the field"},
        )

    @classmethod
    def of(cls, fit: IdealPoints) -> FittedVotes:
        """A fit of votes: its units are the states; items are drawn given the positions."""
        years = dict(zip(fit.session.tolist(), fit.year.tolist(), strict=True))
        sessions = np.unique(fit.session)
        few = np.flatnonzero(np.asarray(fit.boundary_bridges) < FEW_BRIDGES)
        drawn = fit.n_draws > 0 and fit.items_given is not None
        return cls(
            positions=fit.series(),
            rollcall=fit.rollcalls,
            year=np.array([years[each] for each in fit.rollcall_session.tolist()], dtype=np.int64),
            item=fit.rollcall_item,
            items=fit.item_mean,
            untied=tuple(years[int(each)] for each in sessions[few]),
            link=str(fit.settings["link"]),
            fit=fit if drawn else None,
            settings={**fit.settings, "items": "drawn" if drawn else "means, with the field"},
        )

    def seated(self, triad: Triad) -> FittedVotes:
        """With predecessors folded into the triad's states that took their seat."""
        positions = self.positions
        for iso3 in (*triad.poles, triad.state):
            for link in lineage(iso3):
                positions = positions.splice(iso3, link.predecessor, link.last_year)
        return replace(self, positions=positions)

    def drawn_items(self, used: np.ndarray, seed: int) -> np.ndarray:
        """Items (by number) on the scale of each draw of the positions: shape (draws, used, 3)."""
        return self._follow(used) if self.fit is None else _draw_items(self.fit, used, seed)

    def _follow(self, used: np.ndarray) -> np.ndarray:
        """Means of the items, moved in each draw as the field moved in the sessions of the item.

        A draw in which a whole session stands higher has its cutpoints higher, too: votes fix the one given
        the other. With items held still, that common part of the posterior would count as a move.
        """
        values = self.positions.values.astype(np.float64)
        have = ~self.positions.missing
        here = np.where(have, values, 0.0)
        n = np.maximum(have.sum(axis=0), 1)
        mean = here.mean(axis=0)
        middle = mean.sum(axis=0) / n
        away = np.where(have, mean - middle, 0.0)
        size = np.maximum((away**2).sum(axis=0), 1e-12)
        stretch = np.einsum("dut,ut->dt", here, away) / size
        move = here.sum(axis=1) / n - stretch * middle
        # A repeated text stands in several sessions: it follows all of them, each as much.
        number = np.full(len(self.items), -1)
        number[used] = np.arange(used.size)
        column = np.searchsorted(self.positions.years, self.year)
        mine = number[self.item] >= 0
        share = np.zeros((used.size, self.positions.years.size))
        np.add.at(share, (number[self.item[mine]], column[mine]), 1.0)
        share /= share.sum(axis=1, keepdims=True)
        stretch, move = stretch @ share.T, move @ share.T
        found = np.repeat(self.items[None, used], len(values), axis=0)
        found[:, :, 0] /= stretch
        found[:, :, 1:] += (found[:, :, 0] * move)[:, :, None]
        return found


def _draw_items(fit: IdealPoints, used: np.ndarray, seed: int) -> np.ndarray:
    """Draw items given each draw of all positions, and put them on its scale."""
    assert fit.scales is not None and fit.items_given is not None
    (middle, spread), (middles, spreads) = fit.scales[0], fit.scales[1:].T
    raw = fit.draws * spreads[:, None] + middles[:, None]
    means = fit.item_mean.copy()
    means[:, 0] /= spread
    means[:, 1:] += middle * means[:, :1]
    found = fit.items_given.draw(used, means, raw, np.random.default_rng(seed))
    found[:, :, 1:] -= middles[:, None, None] * found[:, :, :1]
    found[:, :, 0] *= spreads[:, None]
    return found


# ------------------------------------------------------------------------------------- what comes out


@dataclass(frozen=True)
class Moves:
    """One state's change in closeness and whose move it was, in shares of roll calls.

    Attributes
    ----------
    state : str
    before, after, change : Estimate
        Agreement with B minus agreement with C, in the two windows, and after minus before.
    relative : Estimate
        The change minus the mean change of all other states.
    parts : dict of Estimate
        By mover; they sum to ``change``.
    rank, own_rank : Placebo or None
        Where the change, and the state's own part of it, stand among those of all other states.
    """

    state: str
    before: Estimate
    after: Estimate
    change: Estimate
    relative: Estimate
    parts: dict[str, Estimate]
    rank: Placebo | None
    own_rank: Placebo | None


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The change in closeness of every state, by mover.

    The triad's state is A, and left out of the field; the other states are its placebos: the same poles and
    windows, each in A's place.

    Attributes
    ----------
    triad : Triad
    window : Window
    states : tuple of str
    movers : tuple of str
        ``own`` (the state's), the codes of B and C, then ``drift`` and ``agenda``, or ``drift and agenda``.
    before, after : ndarray, shape (draws, states)
        Closeness: expected agreement with B minus that with C.
    parts : ndarray, shape (draws, states, movers)
        They sum to ``after - before``.
    drift : ndarray, shape (draws, 2)
        Common shift of the field in units of the scale, and the ratio of its spreads, after over before.
        They mean something only where drift is a part of its own.
    rollcalls : tuple of int
        On the agenda before and after.
    field_size : int
        States that make the field.
    untied : tuple of int
        Years in the window after which too few texts are repeated: why drift and agenda are one.
    settings : mapping
    provenance : tuple of Provenance
    notes : tuple of str
    """

    triad: Triad
    window: Window
    states: tuple[str, ...]
    movers: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    parts: np.ndarray
    drift: np.ndarray
    rollcalls: tuple[int, int]
    field_size: int
    untied: tuple[int, ...]
    settings: Mapping[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def together(self) -> bool:
        """Whether drift and agenda are one part."""
        return self.movers[-1] == "drift and agenda"

    def of(self, state: str | None = None) -> Moves:
        """One state's change and its parts; those of the triad's state without an argument.

        Raises
        ------
        SeriesError
            If the state has too few years on either side.
        """
        i = self._index(state)
        change = self.after - self.before
        others = np.arange(len(self.states)) != i
        return Moves(
            state=self.states[i],
            before=Estimate.of_draws(self.before[:, i]),
            after=Estimate.of_draws(self.after[:, i]),
            change=Estimate.of_draws(change[:, i]),
            relative=Estimate.of_draws(change[:, i] - change[:, others].mean(axis=1)),
            parts={name: Estimate.of_draws(self.parts[:, i, k]) for k, name in enumerate(self.movers)},
            rank=Placebo.of(change.mean(axis=0), i),
            own_rank=Placebo.of(self.parts[:, :, 0].mean(axis=0), i),
        )

    def vector(self, state: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance over draws of one state's parts, shapes (movers,) and (movers, movers)."""
        own = self.parts[:, self._index(state)]
        spread = np.cov(own.T) if len(own) > 1 else np.zeros((len(self.movers), len(self.movers)))
        return own.mean(axis=0), spread

    def tidy(self) -> pd.DataFrame:
        """One row per state and mover: iso3, mover, estimate, and lower, upper, level with draws."""
        import pandas as pd

        rows = [
            {"iso3": state, "mover": mover, **asdict(Estimate.of_draws(draws))}
            for i, state in enumerate(self.states)
            for mover, draws in self._columns(i)
        ]
        return pd.DataFrame(rows).dropna(axis=1, how="all")

    def summary(self) -> pd.DataFrame:
        """The triad's state: one row per mover and the change they sum to."""
        table = self.tidy()
        return table[table["iso3"] == self.triad.state].drop(columns="iso3").reset_index(drop=True)

    def plot(self, state: str | None = None) -> alt.LayerChart:
        """Bars of the parts of one state's change, with intervals where there are draws."""
        import altair as alt
        import pandas as pd

        i = self._index(state)
        rows = [{"mover": mover, **asdict(Estimate.of_draws(draws))} for mover, draws in self._columns(i)]
        title = f"{self.states[i]}: change of agreement with {self.triad.toward} minus {self.triad.away_from}"
        base = alt.Chart(pd.DataFrame(rows)).encode(
            y=alt.Y("mover:N", sort=[mover for mover, _ in self._columns(i)], title=None)
        )
        bars = base.mark_bar(color=TOWARD, opacity=0.75).encode(
            x=alt.X("estimate:Q", title="share of roll calls")
        )
        spans = [base.mark_rule().encode(x="lower:Q", x2="upper:Q")] if len(self.parts) > 1 else []
        return alt.LayerChart(layer=[bars, *spans], title=title)

    def to_json(self) -> str:
        """All parts with intervals, settings, sources: not the draws."""
        return json.dumps(
            {
                "tropism": __version__,
                "triad": asdict(self.triad),
                "window": asdict(self.window),
                "parts": self.tidy().to_dict("records"),
                "rollcalls": list(self.rollcalls),
                "field_size": self.field_size,
                "untied": list(self.untied),
                "settings": dict(self.settings),
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
            default=str,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        data = [f"{source.citation} {source.url} ({source.version})" for source in self.provenance]
        return "\n".join(dict.fromkeys((*data, *PAPERS, *METHOD)))

    def _columns(self, i: int) -> list[tuple[str, np.ndarray]]:
        """Draws of every part of a state, and of the change."""
        parts = [(mover, self.parts[:, i, k]) for k, mover in enumerate(self.movers)]
        return [*parts, ("change", self.after[:, i] - self.before[:, i])]

    def _index(self, state: str | None) -> int:
        state = state or self.triad.state
        if state not in self.states:
            raise SeriesError(
                f"decomposition: {state} has too few years on one side of {self.window}, or is a pole; "
                f"{MIN_YEARS} on either side are needed. Widen the window."
            )
        return self.states.index(state)


# ------------------------------------------------------------------------------------- the verb


def decompose(
    votes: FittedVotes | IdealPoints,
    triad: Triad,
    window: Window,
    *,
    together: bool | None = None,
    seed: int = 0,
) -> Decomposition:
    """Split the change in closeness between two windows into own moves, common drift and agenda.

    A window's position is the mean of its sessions, its agenda the roll calls of those sessions, each session
    with equal weight. Only sessions with both poles count.

    Parameters
    ----------
    votes : FittedVotes or IdealPoints
        `FittedVotes.embedded` for the fits that the package carries.
    triad : Triad
    window : Window
        An open end closes at the last year of the positions.
    together : bool, optional
        Whether drift and agenda are one part. Unless given: if, anywhere from the first to the last session
        used, fewer than five repeated texts go on.
    seed : int
        Of the items' draws.

    Returns
    -------
    Decomposition

    Raises
    ------
    SeriesError
        If a state of the triad has fewer than three years on a side, or fewer than ten others make a field.

    References
    ----------
    Shapley (1953); Shorrocks (2013), section 3: the split of a change by marginal effects, averaged over all
    orders.

    Examples
    --------
    >>> moves = decompose(
    ...     FittedVotes.embedded("all", draws=100), Triad("IND", "RUS", "USA"), Window(1982, 1990, 1992, 1997)
    ... ).of()
    >>> abs(sum(part.estimate for part in moves.parts.values()) - moves.change.estimate) < 1e-9
    True
    """
    if not isinstance(votes, FittedVotes):
        votes = FittedVotes.of(votes)
    votes = votes.seated(triad)
    positions = votes.positions
    window = window.resolve(int(positions.years[-1]))
    spans = ((window.before_start, window.before_end), (window.after_start, window.after_end or 0))
    years = [_common_years(votes, triad, *span) for span in spans]
    places, known = _window_means(positions, years)
    _check(positions, triad, window, known, years)
    poles = positions.index(triad.poles)
    chosen = np.flatnonzero(known.all(axis=0))
    chosen = chosen[~np.isin(chosen, poles)]
    in_field = np.setdiff1d(chosen, positions.index([triad.state]))
    if in_field.size < MIN_FIELD:
        raise SeriesError(
            f"decomposition: {in_field.size} states beside {triad} have enough years on both sides of "
            f"{window}; {MIN_FIELD} are needed to tell a common drift from own moves. Widen the window."
        )
    untied = tuple(year for year in votes.untied if years[0][0] <= year < years[1][-1])
    one = bool(untied) if together is None else together

    middle, spread = places[:, :, in_field].mean(axis=2), places[:, :, in_field].std(axis=2)
    own = (places - middle[:, :, None]) / spread[:, :, None]
    # (field, state's window, draws, units): where a place of one window lies in the field of either.
    at = middle[:, None, :, None] + spread[:, None, :, None] * own[None]
    agendas = [_agenda(votes, span, seed) for span in years]
    closeness = _closeness(at[..., chosen], at[..., poles], agendas, votes.link)
    if one:
        closeness = np.stack([closeness[..., 0, 0], closeness[..., 1, 1]], axis=-1)
    parts = shapley(closeness, closeness.ndim - 2)
    first, last = (closeness[(..., *(side,) * (closeness.ndim - 2))] for side in (0, 1))
    movers = ("own", *triad.poles, *(("drift and agenda",) if one else ("drift", "agenda")))
    return Decomposition(
        triad=triad,
        window=window,
        states=tuple(positions.units[i] for i in chosen),
        movers=movers,
        before=first,
        after=last,
        parts=parts,
        drift=np.stack([middle[1] - middle[0], spread[1] / spread[0]], axis=1),
        rollcalls=(agendas[0][2], agendas[1][2]),
        field_size=in_field.size,
        untied=untied,
        settings={**votes.settings, "link": votes.link, "together": one, "items_seed": seed},
        provenance=positions.provenance,
        notes=_notes(votes, untied, one, years),
    )


def shapley(values: np.ndarray, movers: int) -> np.ndarray:
    """Shapley values of a game whose coalitions are the last axes.

    Parameters
    ----------
    values : ndarray, shape (..., 2, 2, ..., 2)
        The last ``movers`` axes say who has moved.
    movers : int

    Returns
    -------
    ndarray, shape (..., movers)
        They sum to ``values[..., 1, ..., 1] - values[..., 0, ..., 0]``.

    References
    ----------
    Shapley (1953), equation 12.

    Examples
    --------
    >>> shapley(np.array([[0.0, 1.0], [2.0, 5.0]]), 2)  # together 5, of which 2 are due to neither alone
    array([3., 2.])
    """
    sizes = np.indices((2,) * (movers - 1)).sum(axis=0)
    weight = np.array([factorial(k) * factorial(movers - 1 - k) for k in range(movers)]) / factorial(movers)
    lead = values.ndim - movers
    found = [
        (np.diff(values, axis=lead + k).squeeze(lead + k) * weight[sizes]).sum(
            axis=tuple(range(lead, lead + movers - 1))
        )
        for k in range(movers)
    ]
    return np.stack(found, axis=-1)


# ------------------------------------------------------------------------------------- windows


def _common_years(votes: FittedVotes, triad: Triad, first: int, last: int) -> np.ndarray:
    """Years of a span in which both poles have a position and there are roll calls."""
    positions = votes.positions
    for pole in triad.poles:
        if pole not in positions:
            raise SeriesError(f"decomposition: {pole} has no position in this vote set.")
    have = ~positions.missing[positions.index(triad.poles)].any(axis=0)
    have &= (positions.years >= first) & (positions.years <= last) & np.isin(positions.years, votes.year)
    return positions.years[have]


def _window_means(positions: Series, years: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean positions, (2, draws, units), and which units have enough years, (2, units)."""
    means, known = [], []
    for span in years:
        inside = np.isin(positions.years, span)
        n = (~positions.missing[:, inside]).sum(axis=1)
        total = np.nansum(positions.values[:, :, inside], axis=2, dtype=np.float64)
        means.append(np.where(n, total / np.maximum(n, 1), np.nan))
        known.append((n >= MIN_YEARS) & (n >= MIN_SHARE_OF_YEARS * span.size))
    return np.stack(means), np.stack(known)


def _check(
    positions: Series, triad: Triad, window: Window, known: np.ndarray, years: list[np.ndarray]
) -> None:
    """Refuse what cannot be assessed, and say why."""
    if triad.state not in positions:
        raise SeriesError(f"decomposition: {triad.state} has no position in this vote set.")
    for side, have, span in zip(("before", "after"), known, years, strict=True):
        if span.size < MIN_YEARS:
            raise SeriesError(
                f"decomposition: {' and '.join(triad.poles)} have {span.size} common years {side} in "
                f"{window}; {MIN_YEARS} are needed. Widen the window."
            )
        at = positions.index([triad.state])[0]
        if not have[at]:
            n = int((~positions.missing[at][np.isin(positions.years, span)]).sum())
            raise SeriesError(
                f"decomposition: {triad.state} has {n} of the {span.size} years {side} in {window}; at least "
                f"{MIN_YEARS} and half of them are needed. Widen the window."
            )


def _agenda(votes: FittedVotes, years: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Items of a window on the scale of each draw, (draws, items, 3), their weights, and roll calls."""
    on = np.flatnonzero(np.isin(votes.year, years))
    when, count = np.unique(votes.year[on], return_counts=True)
    weight = 1 / (when.size * count[np.searchsorted(when, votes.year[on])])
    used, place = np.unique(votes.item[on], return_inverse=True)
    return votes.drawn_items(used, seed), np.bincount(place, weights=weight), on.size


# ------------------------------------------------------------------------------------- closeness


def _closeness(
    states: np.ndarray,
    poles: np.ndarray,
    agendas: list[tuple[np.ndarray, np.ndarray, int]],
    link: str,
) -> np.ndarray:
    """Closeness of every state for all 32 ways in which movers have moved or not.

    With F_k(x) the probability of standing below cutpoint k, the agreement of two votes is expected to be
    1 - sum_k (F_k(x) + F_k(y) - 2 F_k(x) F_k(y)) / 2, and agreement with B minus that with C
    sum_k (F_k(c) - F_k(b)) (1 - 2 F_k(a)) / 2: a function of c and a minus the same function of b and a. As
    a function of a it is smooth: exact at Chebyshev's nodes, a polynomial between them, so that all states
    cost hardly more than one.

    Parameters
    ----------
    states, poles : ndarray, shapes (2, 2, draws, states), (2, 2, draws, 2)
        By field, then by the state's own window.
    agendas : two of (items, shape (draws, items, 3); weights, shape (items,); roll calls)

    Returns
    -------
    ndarray, shape (draws, states, 2, 2, 2, 2, 2)
        Axes: A, B, C, field, agenda.
    """
    draws, n = states.shape[2:]
    # One rectangle for all draws: [-1, 1] on nodes, from the lowest to the highest place of any state.
    low, high = float(states.min()), float(states.max())
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    grid = low + (nodes + 1) * (high - low) / 2
    # values at nodes -> coefficients of Chebyshev polynomials
    transform = np.cos(np.outer(np.arange(NODES), np.arccos(nodes))) * 2 / NODES
    transform[0] /= 2
    found = np.empty((draws, n, 2, 2, 2, 2, 2))
    for d in range(draws):
        scaled = np.clip(2 * (states[:, :, d] - low) / (high - low) - 1, -1, 1)
        basis = np.cos(np.arange(NODES) * np.arccos(scaled)[..., None])  # (field, own, states, nodes)
        for g, (items, weight, _) in enumerate(agendas):
            slope, cutpoints = items[d, :, 0], items[d, :, 1:].T
            where = np.concatenate([grid, poles[:, :, d].ravel()])
            below = _below(cutpoints[:, :, None] - slope[:, None] * where, link)  # (2, items, places)
            mine = (1 - 2 * below[:, :, :NODES]).reshape(-1, NODES)
            theirs = (below[:, :, NODES:] * (weight[:, None] / 2)).reshape(mine.shape[0], -1)
            at_nodes = (mine.T @ theirs).astype(np.float64)  # (nodes, field x window x pole)
            curves = (transform @ at_nodes).reshape(NODES, 2, 2, 2)
            # (field, own, states, pole's window, pole)
            value = np.einsum("fosn,nfwp->foswp", basis, curves, optimize=True)
            b, c = value[..., 0], value[..., 1]
            gap = c[:, :, :, None, :] - b[:, :, :, :, None]  # (field, own, states, B, C)
            found[d, ..., g] = gap.transpose(2, 1, 3, 4, 0)
    return found


@cache
def _normal_table() -> tuple[float, float, np.ndarray]:
    """The normal distribution function between -6 and 6: first place, steps per unit, values."""
    steps = 4096
    places = np.linspace(-6.0, 6.0, steps + 1)
    values = [(1 + erf(place / 2**0.5)) / 2 for place in places]
    return -6.0, steps / 12.0, np.array(values, dtype=np.float32)


def _below(x: np.ndarray, link: str) -> np.ndarray:
    """Probability below a cutpoint, to 4e-7: linear between the entries of a table (SciPy is an extra)."""
    x = x.astype(np.float32)
    if link == "logit":
        return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    first, per_unit, table = _normal_table()
    x -= np.float32(first)
    x *= np.float32(per_unit)
    np.clip(x, 0, table.size - 1.001, out=x)
    at = x.astype(np.int32)
    x -= at
    lower = table[at]
    return lower + x * (table[at + 1] - lower)


def _notes(
    votes: FittedVotes, untied: tuple[int, ...], one: bool, years: list[np.ndarray]
) -> tuple[str, ...]:
    found = [
        "A window's position is the mean of its sessions; each session weighs the same, and so do the roll "
        "calls within one.",
        "One dimension and independent votes are assumed: other roll calls can move positions further than "
        "the intervals say.",
    ]
    if votes.fit is None:
        found.append(
            "Items are posterior means that follow the field from draw to draw: their own uncertainty is "
            "left out. With it the interval of the agenda is 1.4 to 1.8 times as wide, the others stay."
        )
    if one:
        why = f" after {', '.join(map(str, untied))}" if untied else ""
        found.append(
            f"Drift of the whole field and the agenda are one part: fewer than {FEW_BRIDGES} texts are "
            f"repeated{why}, so that they cannot be told apart. Own moves do not depend on that."
            if untied
            else "Drift of the whole field and the agenda are one part, as asked."
        )
    elif untied:
        found.append(
            f"Fewer than {FEW_BRIDGES} texts are repeated after {', '.join(map(str, untied))}: what is drift "
            "and what is agenda is decided by the prior there."
        )
    spans = " and ".join(f"{span[0]}-{span[-1]} ({span.size} sessions)" for span in years)
    found.append(f"Sessions with both poles: {spans}.")
    return (*found, *votes.positions.notes)
