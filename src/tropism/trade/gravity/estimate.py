"""Structural gravity: what trade costs do to trade, by Poisson pseudo-maximum likelihood or by OLS.

`estimate_gravity` checks a table of flows, leaves the regression to pyfixest (or fereg) and says which rows
it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.progress import spinner
from tropism.series import Provenance
from tropism.trade.flows import stated_provenance
from tropism.trade.gravity import regression
from tropism.trade.gravity.design import read_design
from tropism.trade.gravity.identification import refuse_unidentified
from tropism.trade.gravity.regression import REASONS
from tropism.trade.gravity.result import INTERCEPT, GravityFit

if TYPE_CHECKING:
    import pandas as pd

Estimator = Literal["ppml", "ols"]
Backend = Literal["pyfixest", "fereg"]


def estimate_gravity(
    flows: pd.DataFrame,
    costs: str | Sequence[str] | pd.DataFrame,
    *,
    value: str = "trade_usd",
    fixed_effects: Sequence[str] = ("exporter-year", "importer-year"),
    cluster: str | Sequence[str] | None = "pair",
    estimator: Estimator = "ppml",
    backend: Backend = "pyfixest",
    unbalanced: bool = False,
    provenance: Iterable[Provenance] = (),
    progress: bool = False,
) -> GravityFit:
    """Estimate what trade costs do to trade, with effects for exporters, importers and pairs.

    Parameters
    ----------
    flows : DataFrame, one row per (exporter, importer, year)
        The flow in the column ``value``; zeros are written, and a row with exporter equal to importer holds
        domestic sales. Further columns may be costs, effects or clusters.
    costs : str, sequence of str, or DataFrame
        Columns of ``flows``, taken as they are (logarithms are the caller's); or a table with exporter,
        importer, perhaps year, and one column for each cost.
    value : str
    fixed_effects : sequence of str
        Names in `GROUPS`, or columns of ``flows``. Add ``"pair"`` for what never changes within a pair.
    cluster : str, sequence of one or two str, or None
        What errors may be correlated within, named likewise; None for errors robust to heteroskedasticity
        alone.
    estimator : {"ppml", "ols"}
        OLS takes the logarithm of the flow and leaves zeros out: for teaching, since heteroskedasticity
        biases it.
    backend : {"pyfixest", "fereg"}
        fereg is faster, and gives the same numbers.
    unbalanced : bool
        Take a panel in which trade is lacking, and say so in the notes. A panel is balanced if every pair in
        it has a row in every year of it, if all countries have domestic sales or none has, and if every
        country sells to others and buys from others in every year.
    provenance : iterable of Provenance
        Where the flows came from; else what ``flows.attrs`` says.
    progress : bool
        Show on stderr, if that is a terminal, that the estimation goes on.

    Returns
    -------
    GravityFit

    Raises
    ------
    SchemaError
        If a column is absent, a key repeated or a number missing, negative or not finite, or the panel is
        not balanced.
    IdentificationError
        If a cost is constant, absorbed by the effects, a combination of others, or marks only zero flows
        (each names the column); if there are no more clusters than terms, or no rows are left.
    ConvergenceError
        If the steps of the estimation end before they settle.
    MissingExtraError
        If the backend is not installed.

    Notes
    -----
    Standard errors carry the factor G / (G - 1) for G clusters (rows, without clustering) and no other
    adjustment, as in the Stata commands of the literature.

    References
    ----------
    Santos Silva and Tenreyro (2006), "The Log of Gravity", REStat 88(4). Yotov, Piermartini, Monteiro and
    Larch (2016), "An Advanced Guide to Trade Policy Analysis", chapter 1. Correia, Guimarães and Zylkin
    (2019), "Verifying the existence of maximum likelihood estimates", arXiv:1903.01633.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> pairs = [(a, b) for a in "ABCDEF" for b in "ABCDEF"]
    >>> flows = pd.DataFrame(pairs, columns=["exporter", "importer"]).assign(year=2022)
    >>> flows["ln_distance"] = [np.log(1 + (7 * ord(a) + 5 * ord(b)) % 11) for a, b in pairs]
    >>> flows["trade_usd"] = np.exp(10 - 0.8 * flows.ln_distance)
    >>> fit = estimate_gravity(flows, "ln_distance")
    >>> fit.n, fit.estimates.round(4)
    (36, array([-0.8]))
    """
    for kind, chosen, known in (
        ("estimator", estimator, get_args(Estimator)),
        ("backend", backend, get_args(Backend)),
    ):
        if chosen not in known:
            raise SchemaError(f"gravity: {chosen!r} is no {kind}. Choose {' or '.join(known)}.")
    design = read_design(flows, costs, value, fixed_effects, cluster, unbalanced)
    poisson = estimator == "ppml"
    with spinner("gravity", progress) as tell:
        # Whoever estimates, pyfixest looks for absorbed costs.
        for library in dict.fromkeys(("pyfixest", backend)):
            tell(f"loading {library}")
            regression.load(library)
        tell("checking costs")
        reason = regression.reasons(design.flow, design.effects, poisson=poisson)
        rows = np.flatnonzero(reason == regression.USED)
        refuse_unidentified(design, rows, poisson)
        tell(f"estimating from {rows.size:,} rows")
        found = regression.regress(
            backend,
            design.flow[rows] if poisson else np.log(design.flow[rows]),
            design.costs[rows],
            design.effects[rows],
            design.clusters[rows],
            poisson=poisson,
        )
    if not found.identified.all():
        lost = design.names["costs"][int(np.flatnonzero(~found.identified)[0])]
        raise IdentificationError(
            f"gravity: {lost} cannot be told once the {np.count_nonzero(~found.used)} rows are left out "
            "whose zero flows costs and effects predict perfectly: its effect is infinite. Leave it out."
        )
    reason[rows[~found.used]] = regression.BY_REGRESSORS
    fitted = np.full(design.flow.size, np.nan)
    fitted[rows] = found.fitted
    fitted[np.isin(reason, (regression.BY_EFFECTS, regression.BY_REGRESSORS))] = 0.0
    kept = design.clusters[reason == regression.USED]
    return GravityFit(
        terms=(*(() if design.effects.size else (INTERCEPT,)), *design.names["costs"]),
        estimates=found.beta,
        covariance=found.covariance,
        reason=reason,
        fitted=fitted,
        clusters=tuple(int(np.unique(codes).size) for codes in kept.T),
        settings={
            "value": value,
            "estimator": estimator,
            "fixed_effects": design.names["fixed_effects"],
            "cluster": design.names["cluster"],
            "backend": f"{backend} {version(backend)}",
            "data_sha256": design.sha256(),
        },
        provenance=tuple(provenance) or stated_provenance(flows),
        notes=(*design.lacking, *_notes(design.table, reason, found)),
    )


# ------------------------------------------------------------------------------------------ inside


def _notes(flows: pd.DataFrame, reason: np.ndarray, found: regression.Regression) -> tuple[str, ...]:
    notes = []
    counts = np.bincount(reason, minlength=len(REASONS))
    for code, words in (
        (regression.ZERO, "have no trade, which OLS in logs leaves out"),
        (regression.SINGLETON, "are the only one of some effect, which fits them perfectly"),
        (regression.BY_EFFECTS, "belong to an effect without any trade: their expected trade is zero"),
        (
            regression.BY_REGRESSORS,
            "are zeros that costs and effects predict perfectly (iterative rectifier)",
        ),
    ):
        if counts[code]:
            notes.append(f"{counts[code]:,} of {reason.size:,} rows {words}; they are left out.")
    if not found.separation_settled:
        notes.append("The search for separated rows stopped before it had settled: some may still be used.")
    if (flows["exporter"] != flows["importer"]).all():
        notes.append("Trade between countries alone: effects are relative to other partners abroad.")
    return tuple(notes)
