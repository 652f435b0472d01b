"""Structural gravity: what trade costs do to trade, by Poisson pseudo-maximum likelihood or by OLS.

`estimate_gravity` checks a table of flows, leaves the regression to pyfixest (or fereg) and says which rows
it rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.progress import spinner
from tropism.series import Provenance
from tropism.trade.flows import KEY, check_flows, stated_provenance
from tropism.trade.gravity import regression
from tropism.trade.gravity.regression import REASONS
from tropism.trade.gravity.result import INTERCEPT, GravityFit

if TYPE_CHECKING:
    import pandas as pd

Estimator = Literal["ppml", "ols"]
Backend = Literal["pyfixest", "fereg"]

#: Effects and clusters with a name of their own; any other name is a column of the flows.
GROUPS = {
    "exporter-year": "one for each exporter and year",
    "importer-year": "one for each importer and year",
    "exporter": "one for each exporter",
    "importer": "one for each importer",
    "year": "one for each year",
    "pair": "one for each two countries, in both directions; domestic sales of each country have their own",
    "directed-pair": "one for each exporter and importer",
    "domestic": "one for the domestic sales of each country, and one for all trade between countries",
}


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
    import pandas as pd

    names = _choose(costs, fixed_effects, cluster, estimator, backend)
    checked = check_flows(flows, value)
    lacking = _lacking(checked, value)
    if lacking and not unbalanced:
        raise SchemaError(
            f"gravity: the panel is not balanced: {' '.join(lacking)} Write 0 where nothing was traded "
            "between two that do trade. If what is lacking is not known, take years and countries without "
            "it, or say unbalanced=True: estimates then rest on the rows that there are."
        )
    if isinstance(costs, pd.DataFrame):
        checked, names["costs"] = _with_costs(checked, costs)
    design = _cost_columns(checked, names["costs"])
    effects = _codes(checked, names["fixed_effects"], "effect")
    clusters = _codes(checked, names["cluster"], "cluster")
    flow = checked[value].to_numpy(dtype=np.float64)
    poisson = estimator == "ppml"
    with spinner("gravity", progress) as tell:
        # Whoever estimates, pyfixest looks for absorbed costs.
        for library in dict.fromkeys(("pyfixest", backend)):
            tell(f"loading {library}")
            regression.load(library)
        tell("checking costs")
        reason = regression.reasons(flow, effects, poisson=poisson)
        rows = np.flatnonzero(reason == regression.USED)
        _refuse_unidentified(checked, names, flow, design, effects, clusters, rows, poisson)
        tell(f"estimating from {rows.size:,} rows")
        found = regression.regress(
            backend,
            flow[rows] if poisson else np.log(flow[rows]),
            design[rows],
            effects[rows],
            clusters[rows],
            poisson=poisson,
        )
    if not found.identified.all():
        lost = names["costs"][int(np.flatnonzero(~found.identified)[0])]
        raise IdentificationError(
            f"gravity: {lost} cannot be told once the {np.count_nonzero(~found.used)} rows are left out "
            "whose zero flows costs and effects predict perfectly: its effect is infinite. Leave it out."
        )
    reason[rows[~found.used]] = regression.BY_REGRESSORS
    fitted = np.full(flow.size, np.nan)
    fitted[rows] = found.fitted
    fitted[np.isin(reason, (regression.BY_EFFECTS, regression.BY_REGRESSORS))] = 0.0
    kept = clusters[reason == regression.USED]
    return GravityFit(
        terms=(*(() if effects.size else (INTERCEPT,)), *names["costs"]),
        estimates=found.beta,
        covariance=found.covariance,
        reason=reason,
        fitted=fitted,
        clusters=tuple(int(np.unique(codes).size) for codes in kept.T),
        settings={
            "value": value,
            "estimator": estimator,
            "fixed_effects": names["fixed_effects"],
            "cluster": names["cluster"],
            "backend": f"{backend} {version(backend)}",
            "data_sha256": _sha256(checked, [value, *names["costs"]], effects, clusters),
        },
        provenance=tuple(provenance) or stated_provenance(flows),
        notes=(*lacking, *_notes(checked, reason, found)),
    )


# ------------------------------------------------------------------------------------------ inside


def _choose(costs: Any, effects: Any, cluster: Any, estimator: str, backend: str) -> dict[str, list[str]]:
    """Lists of names, once every choice is one that exists."""
    for kind, chosen, known in (
        ("estimator", estimator, get_args(Estimator)),
        ("backend", backend, get_args(Backend)),
    ):
        if chosen not in known:
            raise SchemaError(f"gravity: {chosen!r} is no {kind}. Choose {' or '.join(known)}.")
    names = {
        "costs": [costs] if isinstance(costs, str) else list(costs),
        "fixed_effects": [effects] if isinstance(effects, str) else list(effects),
        "cluster": [cluster] if isinstance(cluster, str) else list(cluster or ()),
    }
    for what, listed in names.items():
        repeated = [name for name in listed if listed.count(name) > 1]
        if repeated:
            raise SchemaError(f"gravity: {what} name {repeated[0]} twice.")
    if not names["costs"]:
        raise SchemaError("gravity: no costs. Name at least one column whose effect is asked for.")
    if len(names["cluster"]) > 2:
        raise SchemaError("gravity: errors are clustered in at most two ways.")
    return names


def _lacking(flows: pd.DataFrame, value: str) -> tuple[str, ...]:
    """What a panel lacks to be balanced, in sentences."""
    found = []
    pairs = flows.groupby(["exporter", "importer"])["year"].nunique()
    years = sorted(flows["year"].unique().tolist())
    short = pairs[pairs < len(years)]
    if len(short):
        exporter, importer = short.index[0]
        there = flows.loc[(flows["exporter"] == exporter) & (flows["importer"] == importer), "year"]
        first = next(year for year in years if year not in set(there))
        found.append(
            f"{len(short) * len(years) - int(short.sum()):,} of {len(pairs) * len(years):,} rows are "
            f"lacking; first {exporter} to {importer} in {first}."
        )
    countries = set(flows["exporter"]) | set(flows["importer"])
    without = countries - set(flows.loc[flows["exporter"] == flows["importer"], "exporter"])
    if without and without != countries:
        found.append(
            f"{len(without)} of {len(countries)} countries have no domestic sales; first {min(without)}."
        )
    abroad = flows[value].where(flows["exporter"] != flows["importer"], 0.0)
    for side, words in (("exporter", "sell nothing to"), ("importer", "buy nothing from")):
        traded = abroad.groupby([flows[side], flows["year"]]).sum()
        silent = traded[traded <= 0]
        if len(silent):
            country, year = silent.index[0]
            found.append(
                f"{len(silent):,} of {len(traded):,} countries and years {words} the other countries; first "
                f"{country} in {year}."
            )
    return tuple(found)


def _with_costs(flows: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The flows with the columns of a table of costs."""
    keys = [key for key in KEY if key in table.columns]
    if not {"exporter", "importer"} <= set(keys):
        raise SchemaError("costs: the table needs the columns exporter and importer, perhaps year.")
    costs = [column for column in table.columns if column not in keys]
    both = [column for column in costs if column in flows.columns]
    if both:
        raise SchemaError(f"costs: {both[0]} is a column of the flows too. Leave it out of one of them.")
    repeated = table.duplicated(keys)
    if repeated.any():
        first = table[repeated].iloc[0]
        raise SchemaError(
            f"costs: {repeated.sum()} rows repeat {', '.join(keys)}; first {first['exporter']} to "
            f"{first['importer']}. Keep one of each."
        )
    table = table.astype({"exporter": str, "importer": str})
    merged = flows.merge(table, on=keys, how="left", indicator="_costs")
    without = merged["_costs"] == "left_only"
    if without.any():
        first = merged[without].iloc[0]
        raise SchemaError(
            f"costs: {without.sum()} rows of the flows have none; first {first['exporter']} to "
            f"{first['importer']}. Add them, or leave the flows out."
        )
    return merged.drop(columns="_costs"), costs


def _cost_columns(flows: pd.DataFrame, costs: Sequence[str]) -> np.ndarray:
    """Costs as numbers, shape (rows, costs)."""
    import pandas as pd

    columns = []
    for cost in costs:
        if cost not in flows.columns:
            raise SchemaError(
                f"gravity: no column {cost} in the flows, which have {', '.join(map(str, flows.columns))}."
            )
        numbers = pd.to_numeric(flows[cost], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        unfit = np.flatnonzero(~np.isfinite(numbers))
        if unfit.size:
            row = flows.iloc[unfit[0]]
            raise SchemaError(
                f"gravity: {unfit.size} rows have no finite number as {cost}; first row {unfit[0]} "
                f"({row['exporter']} to {row['importer']}, {row['year']}: {row[cost]}). Fill it in, or leave "
                f"those rows out: flows.dropna(subset=['{cost}'])."
            )
        columns.append(numbers)
    return np.stack(columns, axis=1)


def _codes(flows: pd.DataFrame, names: Sequence[str], what: str) -> np.ndarray:
    """Group of each row, from 0, for each name: ndarray of int, shape (rows, names)."""
    import pandas as pd

    if not names:
        return np.empty((len(flows), 0), dtype=np.int64)
    ends, _ = pd.factorize(pd.concat([flows["exporter"], flows["importer"]]))
    exporter, importer = ends[: len(flows)], ends[len(flows) :]
    year = flows["year"].to_numpy() - flows["year"].min()
    country, span = exporter.max() + importer.max() + 1, int(year.max()) + 1
    own = {
        "exporter-year": exporter * span + year,
        "importer-year": importer * span + year,
        "exporter": exporter,
        "importer": importer,
        "year": year,
        "pair": np.minimum(exporter, importer) * country + np.maximum(exporter, importer),
        "directed-pair": exporter * country + importer,
        "domestic": np.where(exporter == importer, exporter, country),
    }
    columns: list[np.ndarray] = []
    for name in names:
        if name == "domestic" and not (exporter == importer).any():
            raise IdentificationError(
                "gravity: effects of domestic sales need rows with exporter equal to importer (gross output "
                "less exports), and the flows have none."
            )
        if name not in own and name not in flows.columns:
            raise SchemaError(
                f"gravity: {name} is no {what} by name ({', '.join(GROUPS)}) and no column of the flows."
            )
        group = own[name] if name in own else flows[name]
        codes, _ = pd.factorize(group, sort=True)
        if (codes < 0).any():
            raise SchemaError(
                f"gravity: {np.count_nonzero(codes < 0)} rows have no {name}, which is an {what}; first row "
                f"{np.argmax(codes < 0)}. Fill it in, or leave them out."
            )
        columns.append(codes)
    return np.stack(columns, axis=1).astype(np.int64)


def _refuse_unidentified(
    flows: pd.DataFrame,
    names: Mapping[str, Sequence[str]],
    flow: np.ndarray,
    design: np.ndarray,
    effects: np.ndarray,
    clusters: np.ndarray,
    rows: np.ndarray,
    poisson: bool,
) -> None:
    """Raise where no estimate can be told, before the estimation."""
    costs = names["costs"]
    if rows.size <= len(costs):
        raise IdentificationError(
            f"gravity: {rows.size} of {flow.size} rows are left once zeros that the model leaves out, "
            "singletons and separated rows are gone. Take fewer effects, or more years."
        )
    # Without domestic sales a border looks like a constant, and the remedy is another one.
    hint = (
        ""
        if (flows["exporter"] == flows["importer"]).any()
        else " The flows hold no domestic sales (exporter equal to importer); costs of crossing a border "
        "need them."
    )
    # Without effects the backends do not look for separation: where a cost can be told from the flows
    # above zero alone, there is none.
    some = rows if effects.size or not poisson else rows[flow[rows] > 0]
    found = regression.doubt(design[some], effects[some])
    if found is not None:
        cost = costs[found.cost]
        if found.constant:
            raise IdentificationError(
                f"gravity: {cost} is constant over the {some.size} rows that are used, so that its effect "
                f"cannot be told. Leave it out.{hint}"
            )
        if found.others:
            others = ", ".join(costs[other] for other in found.others)
            raise IdentificationError(
                f"gravity: {cost} is a combination of {others} once the effects are taken out. Leave one of "
                f"them out.{hint}"
            )
        raise IdentificationError(
            f"gravity: {cost} is absorbed by the fixed effects "
            f"({_absorbing(design[some, found.cost], effects[some], names['fixed_effects'])}), so that its "
            f"effect cannot be told. Leave out the cost or those effects.{hint}"
        )
    if poisson:
        at = regression.only_at_zeros(flow[rows], design[rows])
        if at is not None:
            raise IdentificationError(
                f"gravity: {costs[at]} differs from its constant only where nothing is traded, so that its "
                "effect is infinite (separation). Leave it out, or widen what it marks."
            )
    for name, codes in zip(names["cluster"], clusters.T, strict=True):
        groups = np.unique(codes[rows]).size
        if groups <= len(costs):
            raise IdentificationError(
                f"gravity: {groups} clusters by {name} for {len(costs)} costs: the covariance would be "
                "singular. Cluster by something with more groups."
            )


def _absorbing(cost: np.ndarray, effects: np.ndarray, names: Sequence[str]) -> str:
    """The first effect within which a cost does not vary, or all of them."""
    for name, codes in zip(names, effects.T, strict=True):
        rows = np.maximum(np.bincount(codes), 1)
        within = cost - (np.bincount(codes, cost) / rows)[codes]
        if np.abs(within).max() <= 1e-9 * np.abs(cost).max():
            return f"it never varies within one {name}"
    return " and ".join(names) + " together"


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


def _sha256(flows: pd.DataFrame, numbers: Sequence[str], effects: np.ndarray, clusters: np.ndarray) -> str:
    """A hash of everything that the estimate depends on, in the order of the rows."""
    import pandas as pd

    digest = hashlib.sha256(
        pd.util.hash_pandas_object(flows[[*KEY, *numbers]], index=False).to_numpy().tobytes()
    )
    digest.update(effects.tobytes())
    digest.update(clusters.tobytes())
    return digest.hexdigest()
