"""When did a state's tilt break, if it did: a posterior over the year, "no break" an outcome of its own.

The path is what is left of a state's tilt after the year's movement of all other states. A break is one
lasting step in it. Against it stand paths that need none: level, moving steadily, or wandering, each with
serially correlated noise, and each also tried with a step on top. Everything is enumerated on a grid, with
Gaussian integrals over level, slope, walk and step; nothing is sampled. The same search is made for every
other state, and what an ordinary path looks like is learned from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.derived import read_table
from tropism.dyads import Triad
from tropism.errors import SeriesError
from tropism.series import Provenance, Series, cited
from tropism.shifts._break_panel import MIN_PATH, Panel, Path, panel_of
from tropism.shifts._breaks import (
    KINDS,
    Grid,
    Likelihoods,
    likelihoods,
    log_mean,
    mixture_quantiles,
    ordinary_paths,
)
from tropism.shifts.change import LEVEL, MIN_PLACEBOS, MIN_YEARS, Estimate, one_unit_per_bloc
from tropism.shifts.placebos import blocs_of, effective_number
from tropism.version import __version__

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: So many vintages share what was learned from the other states.
RELEARN = 5

PAPERS = (
    "Chib (1998), Estimation and Comparison of Multiple Change-Point Models, Journal of Econometrics 86(2)",
    "Perron (1989), The Great Crash, the Oil Price Shock, and the Unit Root Hypothesis, Econometrica 57(6)",
    "Abadie, Diamond and Hainmueller (2010), Synthetic Control Methods for Comparative Case Studies, Journal "
    "of the American Statistical Association 105(490): ranks among placebos",
)


@dataclass(frozen=True)
class BreakPrior:
    """What is believed before the data are seen; sizes are in units of ``Break.scale``.

    Attributes
    ----------
    probability : float
        That there is a break. Its year is uniform over the calendar years with enough data on both sides.
    noise_sd : tuple of float
        Sd of the noise beyond the known errors.
    correlation : tuple of float
        Of that noise from one year to the next (stationary, first order).
    change_sd : tuple of float
        Sd of the whole change of a steady path and of a wandering one, and of the step: no kind of path is
        favoured by how far it may go. For the step all are equally likely.
    strength : float
        How likely the noise, its correlation, the kind of path and its change are is learned from all other
        states; a uniform prior over their grid counts as this many states more.
    """

    probability: float = 0.5
    noise_sd: tuple[float, ...] = (0.1, 0.2, 0.35, 0.6, 1.0, 1.7)
    correlation: tuple[float, ...] = (0.0, 0.3, 0.6, 0.85)
    change_sd: tuple[float, ...] = (0.7, 1.5, 3.0)
    strength: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.probability < 1:
            raise SeriesError(
                f"break: the prior probability of a break is {self.probability}; give one between 0 and 1, "
                "both excluded."
            )
        grids = {"noise_sd": self.noise_sd, "change_sd": self.change_sd}
        for name, grid in grids.items():
            if not grid or min(grid) <= 0:
                raise SeriesError(f"break: {name} is {grid}; give positive values, at least one.")
        if not self.correlation or not all(0 <= each < 1 for each in self.correlation):
            raise SeriesError(f"break: correlation is {self.correlation}; give values from 0 to below 1.")


@dataclass(frozen=True)
class PlaceboBreak:
    """The same search for another state: what `Break` says of its own under the same names."""

    state: str
    log_bayes_factor: float
    probability: float
    year: int
    credible_years: tuple[int, ...]


@dataclass(frozen=True)
class AsOf:
    """What the data up to ``year`` said: probability of a break, and its best year."""

    year: int
    probability: float
    break_year: int


@dataclass(frozen=True, eq=False)
class Break:
    """Whether and when a state's tilt broke.

    Attributes
    ----------
    triad : Triad
    label, measured_in : str
        The measure in words, and its unit.
    years : ndarray of int, shape (years,)
        Years with data.
    values, std_errors, field : ndarray, shape (years,)
        Tilt net of what all other states did; its known standard errors (0 where none are known); and what
        the others did, with mean 0 over these years. Tilt itself is ``values + field``.
    break_years : ndarray of int, shape (candidates,)
        Calendar years in which a new level may have begun, gaps included.
    year_probability : ndarray, shape (candidates,)
        Of each, given that there is a break.
    probability : float
        That there is a break.
    log_bayes_factor : float
        Log of the evidence for a break over that for none: free of the prior probability of a break.
    models : mapping
        Probability of each kind of path: ``level``, ``steady``, ``wandering``, and the same with a step.
    size : Estimate
        The step given that there is one, averaged over years and kinds of path, in ``measured_in``.
    credible_years : tuple of int
        The fewest years that hold probability ``level``, given a break.
    placebos : tuple of PlaceboBreak
        The same search in every other state with at least half as many years, largest Bayes factor first.
    as_of : tuple of AsOf
        The same with the data that one had in each year; empty where it was not asked for.
    bloc : mapping of str to int
        Voting bloc of the state and of every placebo: states of one number vote alike.
    scale : float
        What the prior's sizes are multiples of: the median over the other states of the sd of a path.
    share_with_break : float
        Of all states together, estimated: a prior probability for those who hold the state for one of many.
    influence : tuple of (str, float, int, tuple of int)
        Other priors: which, probability of a break, best year, credible years.
    settings : mapping
    provenance : tuple of Provenance
    notes : tuple of str
    """

    triad: Triad
    label: str
    measured_in: str
    years: np.ndarray
    values: np.ndarray
    std_errors: np.ndarray
    field: np.ndarray
    break_years: np.ndarray
    year_probability: np.ndarray
    probability: float
    log_bayes_factor: float
    models: dict[str, float]
    size: Estimate
    credible_years: tuple[int, ...]
    placebos: tuple[PlaceboBreak, ...]
    as_of: tuple[AsOf, ...]
    bloc: Mapping[str, int]
    scale: float
    share_with_break: float
    influence: tuple[tuple[str, float, int, tuple[int, ...]], ...]
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()
    level: float = LEVEL

    @property
    def year(self) -> int:
        """The most probable first year of the new level, if there is one."""
        return int(self.break_years[np.argmax(self.year_probability)])

    @property
    def p_value(self) -> float | None:
        """Share of states, this one included, with at least its evidence; None with fewer than 20 others."""
        if len(self.placebos) < MIN_PLACEBOS:
            return None
        above = sum(each.log_bayes_factor >= self.log_bayes_factor for each in self.placebos)
        return (1 + above) / (1 + len(self.placebos))

    @property
    def bloc_p_value(self) -> float | None:
        """The same with one unit for each voting bloc, members in equal parts; None with fewer than 20."""
        weight = one_unit_per_bloc(np.ones(len(self.placebos), dtype=bool), self._blocs)
        if round(units := weight.sum()) < MIN_PLACEBOS:
            return None
        above = [each.log_bayes_factor >= self.log_bayes_factor for each in self.placebos]
        return float((1 + weight[above].sum()) / (1 + units))

    @property
    def bloc_units(self) -> int:
        """Number of voting blocs among the placebos, states on their own included."""
        return int(np.unique(self._blocs).size)

    @property
    def effective_number(self) -> float:
        """How many independent states the placebos are worth, by how alike evidence is within blocs."""
        evidence = np.array([each.log_bayes_factor for each in self.placebos])
        return effective_number(evidence, self._blocs) if evidence.size else 0.0

    @property
    def _blocs(self) -> np.ndarray:
        return np.array([self.bloc[each.state] for each in self.placebos], dtype=np.int64)

    @property
    def first_known(self) -> int | None:
        """First year from which on the data at hand always said that there is this break.

        That is: probability at least ``level``, best year among `credible_years`. None where no year did.
        """
        known = None
        for each in reversed(self.as_of):
            if each.probability < self.level or each.break_year not in self.credible_years:
                break
            known = each.year
        return known

    def tidy(self) -> pd.DataFrame:
        """One row per year with data.

        Columns are year, estimate (net of the others), std_error, field, break_probability (that the new
        level began then, "no break" counted in; null in years too near an end) and as_of_probability.
        """
        import pandas as pd

        by_year = dict(zip(self.break_years.tolist(), self.probability * self.year_probability, strict=True))
        known = {each.year: each.probability for each in self.as_of}
        years = self.years.tolist()
        return pd.DataFrame(
            {
                "year": years,
                "estimate": self.values,
                "std_error": self.std_errors,
                "field": self.field,
                "break_probability": [by_year.get(year, np.nan) for year in years],
                "as_of_probability": [known.get(year, np.nan) for year in years],
            }
        )

    def summary(self) -> pd.DataFrame:
        """One row: the state, probability, year, credible years, size, when it was known, rank."""
        import pandas as pd

        row = {
            "state": self.triad.state,
            "probability": self.probability,
            "year": self.year,
            "credible_years": spans(self.credible_years),
            "size": self.size.estimate,
            "lower": self.size.lower,
            "upper": self.size.upper,
            "level": self.level,
            "first_known": self.first_known,
            "log_bayes_factor": self.log_bayes_factor,
            "p_value": self.p_value,
            "placebos": len(self.placebos),
            "bloc_p_value": self.bloc_p_value,
            "bloc_units": self.bloc_units,
            "effective_number": self.effective_number,
        }
        return pd.DataFrame([row])

    def prior_influence(self) -> pd.DataFrame:
        """What other priors would say: prior, probability, year, credible_years."""
        import pandas as pd

        rows = [(name, p, year, spans(credible)) for name, p, year, credible in self.influence]
        return pd.DataFrame(rows, columns=["prior", "probability", "year", "credible_years"])

    def plot(self) -> alt.VConcatChart:
        """The path with its known errors and credible years; below, the probability of each year."""
        import altair as alt

        from tropism.house_style import CONFIG
        from tropism.votes.ideal_points.chart import COLOURS

        blue, orange = COLOURS[:2]
        half = 1.645 * self.std_errors
        path = [
            {"year": year, "value": value, "lower": value - each, "upper": value + each}
            for year, value, each in zip(
                self.years.tolist(), self.values.tolist(), half.tolist(), strict=True
            )
        ]
        bands = [{"start": a - 0.5, "end": b + 0.5} for a, b in runs(self.credible_years)]
        odds = [
            {"year": year, "probability": float(self.probability * p)}
            for year, p in zip(self.break_years.tolist(), self.year_probability, strict=True)
        ]
        scale = alt.Scale(domain=[int(self.years[0]) - 1, int(self.years[-1]) + 1], nice=False, padding=0)
        axis = alt.Axis(format="d", grid=False, tickCount=8)
        x, start = (alt.X(f"{name}:Q", title=None, scale=scale, axis=axis) for name in ("year", "start"))
        y = alt.Y("value:Q", title="tilt net of all other states", scale=alt.Scale(zero=False))
        share = alt.Y("probability:Q", title="break here", scale=alt.Scale(domain=[0, 1]))
        base = alt.Chart(alt.InlineData(values=path))
        shaded = alt.Chart(alt.InlineData(values=bands)).mark_rect(color=orange, opacity=0.14)
        bars = alt.Chart(alt.InlineData(values=odds)).mark_bar(color=orange, size=8)
        top = alt.layer(
            shaded.encode(x=start, x2="end:Q"),
            base.mark_rule(color=blue, opacity=0.35).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"),
            base.mark_line(color=blue, opacity=0.4).encode(x=x, y=y),
            base.mark_point(color=blue, filled=True, size=28, opacity=1).encode(x=x, y=y),
        ).properties(width=560, height=240)
        bottom = bars.encode(x=x, y=share).properties(width=560, height=80)
        title = alt.TitleParams(
            f"When did {self.triad.state} break?",
            subtitle=[
                self.label,
                f"probability of a break {self.probability:.2f}; shaded: years that hold "
                f"{100 * self.level:g} % of it, if there is one",
                f"unit: {self.measured_in}",
            ],
        )
        return alt.vconcat(top, bottom, title=title).configure(**CONFIG)

    def to_json(self) -> str:
        """Everything found, with the settings needed to find it again."""
        found = {
            "tropism": __version__,
            "state": self.triad.state,
            "toward": self.triad.toward,
            "away_from": self.triad.away_from,
            "label": self.label,
            "measured_in": self.measured_in,
            "probability": self.probability,
            "log_bayes_factor": self.log_bayes_factor,
            "year": self.year,
            "credible_years": list(self.credible_years),
            "level": self.level,
            "size": asdict(self.size),
            "first_known": self.first_known,
            "p_value": self.p_value,
            "bloc_p_value": self.bloc_p_value,
            "bloc_units": self.bloc_units,
            "effective_number": self.effective_number,
            "models": self.models,
            "years": self.years.tolist(),
            "values": self.values.tolist(),
            "std_errors": self.std_errors.tolist(),
            "field": self.field.tolist(),
            "break_years": self.break_years.tolist(),
            "year_probability": self.year_probability.tolist(),
            "as_of": [asdict(each) for each in self.as_of],
            "placebos": [asdict(each) | {"bloc": self.bloc[each.state]} for each in self.placebos],
            "prior_influence": [list(row) for row in self.influence],
            "scale": self.scale,
            "share_with_break": self.share_with_break,
            "settings": self.settings,
            "provenance": [asdict(source) for source in self.provenance],
            "notes": list(self.notes),
        }
        return json.dumps(found, ensure_ascii=False, indent=1)

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def infer_break(
    series: Series | pd.DataFrame,
    triad: Triad,
    *,
    years: tuple[int, int] | None = None,
    prior: BreakPrior | None = None,
    level: float = LEVEL,
    pool: Collection[str] | None = None,
    as_of: bool = True,
    blocs: Collection[Collection[str]] | None = None,
    executor: Executor | None = None,
) -> Break:
    """Infer whether and when a state's tilt broke, net of what all other states did.

    Parameters
    ----------
    series : Series or DataFrame
        Dyads of all states toward both poles, or a panel of states that holds tilt already (higher = closer
        to ``triad.toward``). Joint draws give the standard errors of the years. A table has the columns iso3,
        year, estimate and, where known, std_error: tilt again, errors independent from year to year.
    triad : Triad
    years : (int, int), optional
        First and last year to look at. One break is looked for: choose a span that has one story in it.
    prior : BreakPrior, optional
    level : float
        Probability of the credible years and of the size's interval; also when a break counts as known.
    pool : collection of str, optional
        States that may be the field and placebos; all in the panel without any, never the poles.
    as_of : bool
        Repeat the search with the data up to each year only.
    blocs : collection of collections of str, optional
        Voting blocs, for instance ``Scan.blocs``: states that count as one in `Break.bloc_p_value`. Those of
        the votes of all years searched without any (`tropism.shifts.placebos.voting_blocs`).
    executor : concurrent.futures.Executor, optional
        Spreads states and years; in this process without one.

    Returns
    -------
    Break

    Raises
    ------
    SeriesError
        If the series is no closeness, does not hold the state, has fewer than ten years of it, or comes from
        a fit that smooths over years: its errors are correlated from year to year, and a break is smeared.
        `tropism.shifts.session_terms` gives what each session of a fit says by itself.
    SchemaError
        If a table lacks a column, repeats a key, or has an error that is no positive number.
    IdentificationError
        If too few other states share years to say what everybody did.

    Notes
    -----
    The path is ``level + background + step 1[year >= tau] + noise + error``, with a flat prior on the level,
    Gaussian step, slope and walk, noise of first-order correlation, and errors with known sd. Its likelihood
    is Gaussian given the grid of `BreakPrior` and tau, so that nothing needs sampling.

    References
    ----------
    Chib (1998), Journal of Econometrics 86(2), change points as a choice among models; Perron (1989),
    Econometrica 57(6), why a step and a wandering path must be compared with each other.

    Examples
    --------
    >>> from tropism.dyads import Triad
    >>> from tropism.tables import read_table
    >>> from tropism.votes import contested_series
    >>> panel = contested_series(read_table("un_contested_votes"), "USA", "RUS")
    >>> found = infer_break(panel, Triad("HUN", "USA", "RUS"), years=(2000, 2023), as_of=False)
    >>> len(found.placebos), found.probability < 0.9  # a steady path tells as much as a break
    (190, True)
    """
    prior = prior or BreakPrior()
    panel = panel_of(series, triad, years, pool)
    run = executor.map if executor is not None else map
    own = panel.path(triad.state)
    found = likelihoods_of(own, prior, panel.scale)
    states = panel.comparable()
    grids = [found.reduced(), *run(_grid, [(panel.path(state), prior, panel.scale) for state in states])]
    weights, share = _ordinary(grids, prior)
    odds = _Odds.of(grids[0], weights[0], prior.probability)
    return Break(
        triad=triad,
        label=panel.label,
        measured_in=panel.measured_in,
        years=own.years,
        values=own.values,
        std_errors=own.std_errors,
        field=own.field,
        break_years=found.tau,
        year_probability=odds.by_year,
        probability=odds.probability,
        log_bayes_factor=odds.log_bayes_factor,
        models=_models(grids[0], weights[0], odds.probability, prior),
        size=_size(found, weights[0], panel.scale, level),
        credible_years=_credible(found.tau, odds.by_year, level),
        placebos=_placebos(states, grids[1:], weights[1:], prior, level),
        as_of=_as_of(panel, prior, run) if as_of else (),
        bloc=_bloc_of((triad.state, *states), own.years, blocs),
        scale=panel.scale,
        share_with_break=share,
        influence=_influence(grids[0], weights[0], share, prior, level),
        settings={"years": list(years) if years else None, "level": level, "prior": asdict(prior)},
        provenance=panel.provenance,
        notes=panel.notes,
        level=level,
    )


# ------------------------------------------------------------------------------------------ the search


def likelihoods_of(path: Path, prior: BreakPrior, scale: float) -> Likelihoods:
    """Of a path, for every calendar year with three years of data before it and three from it on."""
    return likelihoods(
        path.values / scale,
        path.std_errors / scale,
        path.years,
        # Every calendar year after the third with data: where a gap follows, the break may lie in the gap.
        np.arange(path.years[MIN_YEARS - 1] + 1, path.years[-MIN_YEARS] + 1),
        prior.noise_sd,
        prior.correlation,
        prior.change_sd,
    )


def _grid(job: tuple[Path, BreakPrior, float]) -> Grid:
    """What is kept of another state's path."""
    return likelihoods_of(*job).reduced()


def _ordinary(grids: Sequence[Grid], prior: BreakPrior) -> tuple[np.ndarray, float]:
    """For each path what is ordinary among the others, shape (paths, points); and the share with a break."""
    none = np.stack([grid.none for grid in grids])
    step = np.stack([log_mean(grid.step, axis=1) for grid in grids])
    return ordinary_paths(none, step, prior.strength)


@dataclass(frozen=True, eq=False)
class _Odds:
    """What a path says under given weights of the grid and a prior probability of a break."""

    probability: float
    log_bayes_factor: float
    by_year: np.ndarray
    year: int

    @classmethod
    def of(cls, grid: Grid, weights: np.ndarray, prior: float) -> _Odds:
        """Every year is equally likely beforehand."""
        top = max(grid.none.max(), grid.step.max())
        none = float(weights @ np.exp(grid.none - top))
        by_year = weights @ np.exp(grid.step - top)
        log_bayes_factor = math.log(by_year.mean()) - math.log(none)
        return cls(
            probability=1 / (1 + math.exp(-log_bayes_factor) * (1 - prior) / prior),
            log_bayes_factor=log_bayes_factor,
            by_year=by_year / by_year.sum(),
            year=int(grid.tau[np.argmax(by_year)]),
        )


def _models(grid: Grid, weights: np.ndarray, probability: float, prior: BreakPrior) -> dict[str, float]:
    """Probability of each kind of path without a step and with one."""
    shape = (-1, len(KINDS), len(prior.change_sd))

    def shares(logs: np.ndarray) -> list[float]:
        each = (weights * np.exp(logs - logs.max())).reshape(shape).sum(axis=(0, 2))
        return (each / each.sum()).tolist()

    without = {kind: (1 - probability) * p for kind, p in zip(KINDS, shares(grid.none), strict=True)}
    stepped = zip(KINDS, shares(log_mean(grid.step, axis=1)), strict=True)
    return without | {f"{kind}, step": probability * p for kind, p in stepped}


def _size(found: Likelihoods, weights: np.ndarray, scale: float, level: float) -> Estimate:
    """The step, given that there is one, over the whole grid and all years."""
    share = (weights[:, None, None] * np.exp(found.step - found.step.max())).ravel()
    share /= share.sum()
    mean = found.delta.ravel()
    tail = (1 - level) / 2
    lower, upper = mixture_quantiles(mean, found.delta_var.ravel(), share, [tail, 1 - tail])
    return Estimate(float(share @ mean) * scale, lower * scale, upper * scale, level)


def _credible(years: np.ndarray, probability: np.ndarray, level: float) -> tuple[int, ...]:
    """The fewest years that hold a probability, ascending."""
    order = np.argsort(-probability, kind="stable")
    enough = int(np.searchsorted(np.cumsum(probability[order]), level - 1e-12)) + 1
    return tuple(sorted(years[order[:enough]].tolist()))


def _placebos(
    states: Sequence[str], grids: Sequence[Grid], weights: np.ndarray, prior: BreakPrior, level: float
) -> tuple[PlaceboBreak, ...]:
    """Every other state's odds, each under what is ordinary among the rest; the strongest first."""
    found = []
    for state, grid, own in zip(states, grids, weights, strict=True):
        odds = _Odds.of(grid, own, prior.probability)
        credible = _credible(grid.tau, odds.by_year, level)
        found.append(PlaceboBreak(state, odds.log_bayes_factor, odds.probability, odds.year, credible))
    return tuple(sorted(found, key=lambda each: (-each.log_bayes_factor, each.state)))


def _bloc_of(
    states: Sequence[str], years: np.ndarray, blocs: Collection[Collection[str]] | None
) -> dict[str, int]:
    """The number of every state's bloc; a state in none is one by itself."""
    if blocs is None:
        return blocs_of(read_table("un_vote_counts"), states, (int(years[0]), int(years[-1])))
    found = {state: i for i, state in enumerate(states)}
    for i, bloc in enumerate(blocs):
        found |= {state: len(states) + i for state in bloc if state in found}
    return found


def _as_of(panel: Panel, prior: BreakPrior, run: Callable[..., Iterable[Any]]) -> tuple[AsOf, ...]:
    """The search with the data up to each year: field, scale, and what is ordinary.

    What is ordinary is learned anew in every fifth vintage and kept for the next four: it changes slowly, and
    never knows more than the vintage does.
    """
    found, weights = [], None
    years = panel.path(panel.state).years[MIN_PATH - 1 :].tolist()
    for i, year in enumerate(years):
        vintage = panel.until(year)
        if not vintage.comparable():
            continue
        own = _grid((vintage.path(panel.state), prior, vintage.scale))
        if weights is None or i % RELEARN == 0:
            jobs = [(vintage.path(state), prior, vintage.scale) for state in vintage.comparable()]
            weights = _ordinary([own, *run(_grid, jobs)], prior)[0][0]
        odds = _Odds.of(own, weights, prior.probability)
        found.append(AsOf(year, odds.probability, odds.year))
    return tuple(found)


def _influence(
    grid: Grid, weights: np.ndarray, share: float, prior: BreakPrior, level: float
) -> tuple[tuple[str, float, int, tuple[int, ...]], ...]:
    """The same likelihoods under other priors: another probability of a break, or a part of the grid."""

    def under(name: str, own: np.ndarray, p: float) -> tuple[str, float, int, tuple[int, ...]]:
        odds = _Odds.of(grid, own / own.sum(), p)
        return name, odds.probability, odds.year, _credible(grid.tau, odds.by_year, level)

    shape = (len(prior.noise_sd), len(prior.correlation), len(KINDS), len(prior.change_sd))
    _, phi, kind, _ = (each.ravel() for each in np.indices(shape))
    rows = [under("as given", weights, prior.probability)]
    rows += [under(f"probability of a break {p:g}", weights, p) for p in (0.1, 0.25, 0.75)]
    rows.append(under(f"probability of a break {share:.2f}, the share among all states", weights, share))
    rows.append(under("nothing learned from other states", np.ones_like(weights), prior.probability))
    for i, value in enumerate(prior.correlation):
        rows.append(under(f"noise correlated by {value:g}", weights * (phi == i), prior.probability))
    for i, name in enumerate(KINDS):
        rows.append(under(f"{name} path only", weights * (kind == i), prior.probability))
    return tuple(rows)


def runs(years: Collection[int]) -> list[tuple[int, int]]:
    """Ascending years as unbroken spans: ``[2013, 2014, 2018]`` gives ``[(2013, 2014), (2018, 2018)]``."""
    found: list[tuple[int, int]] = []
    for year in years:
        if found and year == found[-1][1] + 1:
            found[-1] = (found[-1][0], year)
        else:
            found.append((year, year))
    return found


def spans(years: Collection[int]) -> str:
    """The same in words: ``"2013-2014, 2018"``."""
    return ", ".join(f"{a}-{b}" if a < b else str(a) for a, b in runs(years))
