"""The verb: check options and tables, fit, draw, and hand back `IdealPoints`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.series import Provenance
from tropism.votes import ballots
from tropism.votes.ideal_points import engine
from tropism.votes.ideal_points.result import Convergence, IdealPoints, NotConvergedWarning, assemble

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Absences = Literal["missing", "abstention"]
Duplicates = Literal["count", "downweight"]

Link = Literal["probit", "logit"]
Dynamics = Literal["walk", "robust", "bsv"]
Method = Literal["fast", "mcmc"]
Dependence = Literal["independent", "blocks"]

#: How far from its optimum a fit may stop before it is re-centred, in sd of the positions. The rounds of
#: re-centring are Newton steps too and move them by 0.06: from closer by they end no closer to the chains.
TOLERANCE = 3e-2
#: Where a round of re-centring moves positions by more than this after a warm start, in sd, that start led
#: astray and the fit begins anew. Elsewhere rounds move them by 0.06 at most.
ASTRAY = 0.09


def estimate_ideal_points(
    votes: pd.DataFrame | pa.Table,
    rollcalls: pd.DataFrame | pa.Table | None = None,
    *,
    bridges: pd.DataFrame | pa.Table | Iterable[tuple[Any, Any]] | None = None,
    link: Link = "probit",
    dynamics: Dynamics = "walk",
    absences: Absences = "missing",
    duplicates: Duplicates = "count",
    dependence: Dependence = "independent",
    as_of: int | None = None,
    draws: int = 1000,
    method: Method = "fast",
    anchor: str | None = None,
    step: float | None = None,
    reference: pd.DataFrame | pa.Table | None = None,
    warm_start: IdealPoints | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
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
        carry the ``session`` (or ``year``) that ``votes`` lacks, and a ``weight``: each of a roll call's
        votes counts as that many (positive; 1 unless given).
    bridges : DataFrame, Table or iterable of pairs, optional
        Repeated resolutions, which share discrimination and cutpoints: columns ``earlier`` and ``later`` (or
        ``rcid1`` and ``rcid2``). Chains are followed, also through roll calls that are not used.
    link : {"probit", "logit"}
    dynamics : {"walk", "robust", "bsv"}
        How a path moves: a Gaussian random walk; one whose steps have the heavier tails of a t distribution,
        so that a jump is not smoothed away; or the update of Bailey, Strezhnev and Voeten's sampler, which
        looks back only and has no joint posterior to draw from: means alone, for comparison.
    absences : {"missing", "abstention"}
        Whether a unit that voted in a session but not on one of its roll calls is left out or abstained.
    duplicates : {"count", "downweight"}
        Whether roll calls of one session whose votes agree almost wholly (Scott's pi of at least .9) count in
        full or together as one. Down-weighting does not bridge them.
    dependence : {"independent", "blocks"}
        Whether votes say as much as independent ones would, or as much as whole blocks of them: then each
        draw weights the blocks anew (`rollcalls` has a ``block``, for instance the topic; blocks of different
        sessions are different). Intervals of the fast method then hold also where the roll calls of a topic
        share what one dimension does not see; a block that always stands for the same second dimension stays
        unseen. The positions themselves do not change.
    as_of : int, optional
        Last session (or year, where that is the time) whose votes are used, as if the fit were made then:
        bridges that run through later roll calls are not followed either.
    draws : int
        Joint draws; 0 for the means only.
    method : {"fast", "mcmc"}
        One Gaussian over everything, with the curvature's covariance and the mean at which the posterior's
        slope vanishes on average; or Markov chains, until their diagnostics are good or the rounds run out.
    anchor : str, optional
        Unit whose average position is positive; USA if it is there, else the unit that stands out most.
    step : float, optional
        Variance of a step from one session to the next, in squared sd of all positions; estimated if not
        given.
    reference : DataFrame or Table, optional
        ``unit`` and ``session`` (named as in ``votes``): the positions over which each draw is standardised.
        All, unless given.
    warm_start : IdealPoints, optional
        A fit of related votes to begin at: fewer sweeps, the same answer to within the tolerance.
    seed : int
        Of the draws; the means of the fast method do not depend on it.
    tolerance : float
        Re-centring begins when a Newton step and two updates together move the standardised positions by
        less than this (root mean square, in sd).
    max_sweeps : int
    progress : bool
        Write lines to the error stream as the fit goes on.
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
        Before the fit: a missing column, no votes (up to ``as_of``), an empty cell, an unknown vote code, a
        repeated (unit, roll call), a roll call in two sessions, a weight that is not positive, a bridge from
        a later to an earlier session.
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
    options = _Options(
        link=link, dynamics=dynamics, absences=absences, duplicates=duplicates, dependence=dependence,
        as_of=as_of, draws=draws, method=method, anchor=anchor, step=step, reference=reference, seed=seed,
        tolerance=tolerance, max_sweeps=max_sweeps, progress=progress, provenance=tuple(provenance),
    )  # fmt: skip
    return _estimate(ballots.link(ballots.read(votes, rollcalls, as_of), bridges), options, warm_start)


def estimate_vintages(
    votes: pd.DataFrame | pa.Table,
    rollcalls: pd.DataFrame | pa.Table | None = None,
    *,
    sessions: Iterable[int] | None = None,
    bridges: pd.DataFrame | pa.Table | Iterable[tuple[Any, Any]] | None = None,
    **options: Any,
) -> Iterator[tuple[int, IdealPoints]]:
    """Fit each session's vintage: the votes up to it only, as they could have been fitted then.

    Each fit starts from the one before. A change is to be taken within one vintage: every draw of each is
    standardised by itself.

    Parameters
    ----------
    votes, rollcalls, bridges
        As `estimate_ideal_points` takes them.
    sessions : iterable of int, optional
        Last sessions of the vintages, ascending; every session in the votes without any. Sessions before the
        first whose votes identify positions are passed over.
    options
        The other options of `estimate_ideal_points`, but ``as_of`` and ``warm_start``.

    Yields
    ------
    session : int
    IdealPoints
        As ``estimate_ideal_points(..., as_of=session)`` gives it, to within the tolerance.
    """
    chosen = _options(options)
    whole = ballots.read(votes, rollcalls)
    every = np.unique(whole.rollcall_session)
    asked = every if sessions is None else np.unique(np.fromiter(sessions, dtype=np.int64))
    unknown = np.setdiff1d(asked, every)
    if unknown.size:
        raise SchemaError(
            f"sessions: {unknown[0]} is no session of these votes, which have {every[0]} to {every[-1]}."
        )
    return _vintages(whole, asked.tolist(), bridges, chosen)


def _vintages(
    whole: ballots.Ballots, sessions: list[int], bridges: Any, options: _Options
) -> Iterator[tuple[int, IdealPoints]]:
    before: IdealPoints | None = None
    for session in sessions:
        cast = ballots.link(ballots.until(whole, session), bridges)
        try:
            before = _estimate(cast, replace(options, as_of=session), before)
        except IdentificationError:
            if before is not None:
                raise
            continue
        yield session, before


@dataclass(frozen=True)
class _Options:
    """The options of a fit, as `estimate_ideal_points` names them."""

    link: Link = "probit"
    dynamics: Dynamics = "walk"
    absences: Absences = "missing"
    duplicates: Duplicates = "count"
    dependence: Dependence = "independent"
    as_of: int | None = None
    draws: int = 1000
    method: Method = "fast"
    anchor: str | None = None
    step: float | None = None
    reference: Any = None
    seed: int = 0
    tolerance: float = TOLERANCE
    max_sweeps: int = 200
    progress: bool = False
    provenance: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in (
            ("link", Link), ("dynamics", Dynamics), ("absences", Absences), ("duplicates", Duplicates),
            ("dependence", Dependence), ("method", Method),
        ):  # fmt: skip
            value = getattr(self, name)
            if value not in get_args(allowed):
                raise ValueError(f"{name} is {value!r}; expected {' or '.join(get_args(allowed))}.")
        if self.as_of is not None and (isinstance(self.as_of, bool) or not isinstance(self.as_of, Integral)):
            raise ValueError(f"as_of is {self.as_of!r}; expected the number of the last session to use.")
        if self.draws < 0 or self.max_sweeps < 1:
            raise ValueError(
                f"draws is {self.draws} and max_sweeps {self.max_sweeps}; expected at least 0 and 1."
            )
        if not self.tolerance > 0 or (self.step is not None and not self.step > 0):
            raise ValueError(f"tolerance is {self.tolerance} and step {self.step}; both must be positive.")
        if self.dependence == "blocks" and self.method == "mcmc":
            raise ValueError("dependence is 'blocks', which the chains do not know: take method='fast'.")
        if self.dynamics == "bsv" and self.method == "mcmc":
            raise ValueError("dynamics is 'bsv', which has no joint posterior to sample: take method='fast'.")


def _options(given: Mapping[str, Any]) -> _Options:
    known = {field.name for field in fields(_Options)} - {"as_of"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise TypeError(f"estimate_vintages has no option {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    return _Options(**given)


def _estimate(cast: ballots.Ballots, options: _Options, warm_start: IdealPoints | None) -> IdealPoints:
    """Fit ballots that are read and linked."""
    if options.dependence == "blocks" and cast.block is None:
        raise SchemaError(
            "rollcalls: dependence='blocks' needs a column block, the topic or group of each roll call, in "
            "the table of roll calls."
        )
    if options.duplicates == "downweight":
        cast = cast._replace(weight=cast.weight * ballots.duplicate_weights(cast))
    if options.absences == "abstention":
        cast = ballots.with_abstentions(cast)
    cast, unanimous = ballots.divided(cast)
    ballots.refuse_disconnected(cast)
    panel = ballots.panel(cast)
    chosen = ballots.reference(options.reference, cast, panel)
    start, items, pole = _beginning(cast, panel, warm_start, options)
    engine.load()
    with engine.one_blas_thread():
        fit, ending, recentred = _fit(panel, start, items, warm_start, options)
        if warm_start is not None and max(recentred, default=0.0) > ASTRAY:
            start, _, pole = _beginning(cast, panel, None, options)
            fit, ending, recentred = _fit(panel, start, None, None, options)
        if fit.state.mean[panel.unit == pole].mean() < 0:
            fit.reflect()
        samples, joint, checks = np.empty((0, panel.unit.size), dtype=np.float32), None, None
        if options.draws and options.dynamics != "bsv":
            joint = fit.joint()
            if options.method == "mcmc":
                (mcmc,) = engine.load("mcmc")
                samples, checks = mcmc.run(fit, options.draws, seed=options.seed, progress=options.progress)
            else:
                block = None if options.dependence == "independent" else cast.block
                samples = fit.draw(joint, options.draws, np.random.default_rng(options.seed), block)
        settings = {name: getattr(options, name) for name in _RECORDED} | fit.settings
        settings["anchor"] = cast.units[pole]
        settings["reference"] = (
            "all positions" if options.reference is None else f"{int(chosen.sum())} given positions"
        )
        return assemble(
            cast,
            panel,
            mean=fit.state.mean if checks is None else samples.mean(axis=0, dtype=np.float64),
            samples=samples,
            item_mean=fit.state.item_mean,
            item_cov=fit.state.item_cov,
            step=fit.state.step,
            chosen=chosen,
            pole=pole,
            convergence=Convergence(
                converged=ending.converged,
                sweeps=ending.sweeps,
                newton_steps=ending.newton_steps,
                distance=ending.distance,
                largest_distance=ending.largest,
                tolerance=options.tolerance,
                history=ending.history,
                recentred=recentred,
                residuals=1.0 if joint is None else joint.residuals,
                chains=checks,
            ),
            unanimous=unanimous,
            shift_variances=None if joint is None else fit.shift_variances(samples),
            items_given=None if joint is None else joint.items_given(fit.state.mean),
            settings=settings,
            provenance=options.provenance,
        )


def _beginning(
    cast: ballots.Ballots, panel: ballots.Panel, warm_start: IdealPoints | None, options: _Options
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Positions and items to begin at, turned so that the anchor stands high; and the anchor."""
    if warm_start is None:
        start, items = ballots.leading_component(panel), None
    else:
        start, items = warm_start.starting_point(cast, panel)
    pole = ballots.anchor(options.anchor, cast.units, panel, start)
    if start[panel.unit == pole].mean() < 0:
        start = -start
        items = None if items is None else items * [-1.0, 1.0, 1.0]
    return start, items, pole


def _fit(
    panel: ballots.Panel,
    start: np.ndarray,
    items: np.ndarray | None,
    warm_start: IdealPoints | None,
    options: _Options,
) -> Any:
    """The fit, re-centred; how it came to where that began, and by how much each round moved it."""
    fits, posterior = engine.load("fit", "posterior")
    fit = fits.Fit(
        panel, link=options.link, dynamics=options.dynamics, step=options.step, start=start, items=items
    )
    if warm_start is not None and warm_start.settings["link"] == options.link:
        fit.begin_at(warm_start.raw_step, np.array(warm_start.settings["items_prior"]), start)
    if options.dynamics == "bsv":
        (bsv,) = engine.load("bsv")
        ending = bsv.run(fit, options.tolerance, 4 * options.max_sweeps, progress=options.progress)
        recentred = ()
    else:
        ending = fit.run(
            options.tolerance, options.max_sweeps, progress=options.progress, warm=items is not None
        )
        recentred = posterior.recentre(fit, posterior.ROUNDS if items is None else posterior.WARM_ROUNDS)
    if not ending.converged:
        warnings.warn(
            f"ideal points: after {ending.sweeps} sweeps positions still moved by "
            f"{ending.distance:.4f} sd (tolerance {options.tolerance:g}). Allow more with max_sweeps.",
            NotConvergedWarning,
            stacklevel=5,
        )
    return fit, ending, recentred


#: Options that stand in a result's settings as they were given.
_RECORDED = (
    "link", "dynamics", "absences", "duplicates", "dependence", "as_of", "draws", "method", "step", "seed",
    "tolerance", "max_sweeps",
)  # fmt: skip
