"""Structural gravity: what trade costs do to trade, by Poisson pseudo-maximum likelihood or by OLS.

`estimate_gravity` checks a table of flows, leaves the regression to pyfixest (or fereg) and says which rows
it rests on. `lag_cost` and `border_by_year` build the two kinds of columns that a policy panel needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.series import Provenance
from tropism.trade import _gravity
from tropism.trade.flows import KEY, check_flows
from tropism.version import __version__

if TYPE_CHECKING:
    import altair as alt
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

PAPERS = (
    "Anderson and van Wincoop (2003), Gravity with Gravitas, American Economic Review 93(1)",
    "Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis, WTO and UN",
)
POISSON_PAPERS = (
    "Santos Silva and Tenreyro (2006), The Log of Gravity, Review of Economics and Statistics 88(4)",
    "Correia, Guimarães and Zylkin (2020), Fast Poisson estimation with high-dimensional fixed effects, "
    "Stata Journal 20(1)",
)
PAIR_PAPER = (
    "Baier and Bergstrand (2007), Do free trade agreements actually increase members' international trade?, "
    "Journal of International Economics 71(1)"
)


@dataclass(frozen=True, eq=False)
class GravityFit:
    """Effects of trade costs on trade, with the rows that they rest on.

    Attributes
    ----------
    terms : tuple of str
        Costs, in the order asked for; ``Intercept`` before them where there are no fixed effects.
    estimates : ndarray, shape (terms,)
        Log points of trade for one unit of the cost.
    covariance : ndarray, shape (terms, terms)
    reason : ndarray of int, shape (rows,)
        Why each row of the flows was left out, as an index into ``tropism.trade.gravity.REASONS``; 0 = used.
    fitted : ndarray, shape (rows,)
        Expected trade in the unit of the flows (PPML), or its expected logarithm (OLS). Rows separated are
        0, as in the limit; other rows left out are NaN.
    clusters : tuple of int
        How many clusters the covariance rests on, for each way of clustering.
    settings : mapping
        value, estimator, fixed_effects, cluster, backend with its version, and a hash of the data used.
    provenance : tuple of Provenance
    notes : tuple of str
        What a reader must know: rows left out, pairs and domestic sales that are lacking.
    """

    terms: tuple[str, ...]
    estimates: np.ndarray
    covariance: np.ndarray
    reason: np.ndarray
    fitted: np.ndarray
    clusters: tuple[int, ...]
    settings: Mapping[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows in the estimation."""
        return int(np.count_nonzero(self.reason == _gravity.USED))

    @property
    def dropped(self) -> dict[str, int]:
        """Rows left out by reason; only reasons that occur."""
        counts = np.bincount(self.reason, minlength=len(REASONS))
        return {why: int(counts[code]) for code, why in enumerate(REASONS) if code and counts[code]}

    @property
    def formula(self) -> str:
        """The model in words that fixest users read: ``trade ~ rta | exporter-year + importer-year``."""
        response = str(self.settings["value"])
        response = response if self.settings["estimator"] == "ppml" else f"log({response})"
        costs = " + ".join(term for term in self.terms if term != INTERCEPT)
        effects = " + ".join(self.settings["fixed_effects"])
        return f"{response} ~ {costs}" + (f" | {effects}" if effects else "")

    @property
    def std_errors(self) -> np.ndarray:
        """Square roots of the variances: shape (terms,)."""
        return np.sqrt(np.diag(self.covariance))

    def tidy(self, level: float = 0.9) -> pd.DataFrame:
        """One row per term: term, estimate, std_error, lower, upper, level; intervals from the normal."""
        return _rows(self.terms, self.estimates, self.std_errors, level)

    def total(self, terms: Sequence[str], level: float = 0.9) -> pd.DataFrame:
        """The sum of some estimates with its standard error: the whole effect of a cost and its lags.

        Returns
        -------
        DataFrame
            One row with the columns of `tidy`.

        Raises
        ------
        IdentificationError
            If a term is not in the fit.
        """
        unknown = [term for term in terms if term not in self.terms]
        if unknown:
            raise IdentificationError(
                f"gravity: {unknown[0]} is no term of the fit, which has {', '.join(self.terms)}."
            )
        weight = np.array([term in terms for term in self.terms], dtype=np.float64)
        error = np.sqrt(weight @ self.covariance @ weight)
        return _rows([" + ".join(terms)], weight[None] @ self.estimates, np.array([error]), level)

    def draws(self, n: int = 1000, seed: int = 0) -> np.ndarray:
        """Joint draws of the estimates from their asymptotic normal distribution: shape (n, terms).

        Raises
        ------
        IdentificationError
            If the covariance is not positive definite, which clustering in two ways can bring about.
        """
        try:
            root = np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:
            raise IdentificationError(
                "gravity: the covariance is not positive definite, so that nothing can be drawn from it. "
                "Cluster in one way, or by something with more groups."
            ) from None
        return np.asarray(
            self.estimates + np.random.default_rng(seed).standard_normal((n, len(self.terms))) @ root.T
        )

    def summary(self) -> pd.DataFrame:
        """A table as papers print it: estimates with standard errors below, effects, rows and clusters.

        Columns are term and value, both text.
        """
        import pandas as pd

        lines: list[tuple[str, str]] = []
        for term, estimate, error in zip(self.terms, self.estimates, self.std_errors, strict=True):
            lines += [(term, f"{estimate:.4f}"), ("", f"({error:.4f})")]
        lines += [(f"Effects: {name}", "yes") for name in self.settings["fixed_effects"]]
        lines += [
            (f"Clusters: {name}", f"{count:,}")
            for name, count in zip(self.settings["cluster"], self.clusters, strict=True)
        ]
        lines += [("Observations", f"{self.n:,}")]
        lines += [(f"Left out: {why}", f"{count:,}") for why, count in self.dropped.items()]
        return pd.DataFrame(lines, columns=["term", "value"])

    def plot(self, level: float = 0.9) -> alt.LayerChart:
        """Estimates as points on their intervals, one line per term (without the intercept)."""
        import altair as alt

        table = self.tidy(level)
        rows = json.loads(table[table["term"] != INTERCEPT].to_json(orient="records", double_precision=10))
        y = alt.Y("term:N", sort=None, title=None)
        x = alt.X("lower:Q", title=f"log points of trade, {level:.0%} interval")
        base = alt.Chart(alt.InlineData(values=rows)).encode(
            y=y, tooltip=["term:N", *(alt.Tooltip(f"{name}:Q", format=".4f") for name in NUMBERS)]
        )
        zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color="#b5bdc8").encode(x="zero:Q")
        interval = base.mark_rule(size=2, color="#0b559f").encode(x=x, x2="upper:Q")
        point = base.mark_point(filled=True, size=60, color="#0b559f", opacity=1).encode(x="estimate:Q")
        return alt.LayerChart(layer=[zero, interval, point]).properties(
            width=420, title={"text": "Effects on trade", "subtitle": self.formula}
        )

    def to_json(self) -> str:
        """Estimates, covariance, rows left out, settings, versions, data hash, sources and notes."""
        return json.dumps(
            {
                "tropism": __version__,
                "formula": self.formula,
                "n": self.n,
                "terms": list(self.terms),
                "estimates": self.estimates.tolist(),
                "covariance": self.covariance.tolist(),
                "clusters": list(self.clusters),
                "dropped": {
                    why: np.flatnonzero(self.reason == REASONS.index(why)).tolist() for why in self.dropped
                },
                "settings": dict(self.settings),
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        papers = [*PAPERS]
        if self.settings["estimator"] == "ppml":
            papers += POISSON_PAPERS
        if {"pair", "directed-pair"} & set(self.settings["fixed_effects"]):
            papers.append(PAIR_PAPER)
        sources = [source.citation or source.source for source in self.provenance]
        return "\n".join([*sources, *papers, f"Estimated with {self.settings['backend']}."])


REASONS = _gravity.REASONS
INTERCEPT = "Intercept"
NUMBERS = ("estimate", "std_error", "lower", "upper")


def estimate_gravity(
    flows: pd.DataFrame,
    costs: str | Sequence[str] | pd.DataFrame,
    *,
    value: str = "trade_usd",
    fixed_effects: Sequence[str] = ("exporter-year", "importer-year"),
    cluster: str | Sequence[str] | None = "pair",
    estimator: Estimator = "ppml",
    backend: Backend = "pyfixest",
    provenance: Iterable[Provenance] = (),
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
    provenance : iterable of Provenance
        Where the flows came from; else what ``flows.attrs`` says.

    Returns
    -------
    GravityFit

    Raises
    ------
    SchemaError
        If a column is absent, a key repeated or a number missing, negative or not finite.
    IdentificationError
        If a cost is constant, absorbed by the effects, a combination of others, or marks only zero flows
        (each names the column); if there are no more clusters than terms, or no rows are left.
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
    if isinstance(costs, pd.DataFrame):
        flows, names["costs"] = _with_costs(flows, costs)
    checked = check_flows(flows, value)
    design = _cost_columns(checked, names["costs"])
    effects = _codes(checked, names["fixed_effects"], "effect")
    clusters = _codes(checked, names["cluster"], "cluster")
    _gravity.load(backend)
    flow = checked[value].to_numpy(dtype=np.float64)
    poisson = estimator == "ppml"

    reason = _gravity.reasons(flow, effects, poisson=poisson)
    rows = np.flatnonzero(reason == _gravity.USED)
    _refuse_unidentified(checked, names, flow, design, effects, clusters, rows, poisson)

    found = _gravity.regress(
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
    reason[rows[~found.used]] = _gravity.BY_REGRESSORS
    fitted = np.full(flow.size, np.nan)
    fitted[rows] = found.fitted
    fitted[np.isin(reason, (_gravity.BY_EFFECTS, _gravity.BY_REGRESSORS))] = 0.0
    kept = clusters[reason == _gravity.USED]
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
        provenance=tuple(provenance) or _stated(flows),
        notes=_notes(checked, reason, found),
    )


def lag_cost(flows: pd.DataFrame, cost: str, years: int) -> pd.Series:
    """A cost as it was so many years before, for the same exporter and importer.

    Parameters
    ----------
    flows : DataFrame
        exporter, importer, year and the cost.
    cost : str
    years : int
        Negative for a lead.

    Returns
    -------
    Series
        Aligned with ``flows``; named ``rta_lag4`` or ``rta_lead4``. Null where the table has no row of that
        year: take a longer table for the lag than for the estimation, or leave those rows out.

    Raises
    ------
    SchemaError
        If a column is absent, or a key stands in the table twice.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame({"exporter": "A", "importer": "B", "year": [2000, 2004], "rta": [0, 1]})
    >>> lag_cost(flows, "rta", -4)
    0    1.0
    1    NaN
    Name: rta_lead4, dtype: float64
    """
    checked = check_flows(flows, cost)
    then = checked[[*KEY, cost]].assign(year=checked["year"] + years)
    lagged = checked[list(KEY)].merge(then, on=list(KEY), how="left")[cost].set_axis(flows.index)
    return lagged.rename(f"{cost}_{'lag' if years >= 0 else 'lead'}{abs(years)}")


def border_by_year(flows: pd.DataFrame, base: int | None = None) -> pd.DataFrame:
    """Dummies of trade between countries, one for every year but one: how borders thicken or thin.

    Parameters
    ----------
    flows : DataFrame
        exporter, importer, year; domestic sales included.
    base : int, optional
        The year without dummy, which the others compare with; the last, without any.

    Returns
    -------
    DataFrame
        Aligned with ``flows``: columns ``border_1986`` and so on, 0 or 1.

    Raises
    ------
    IdentificationError
        If a year has no domestic sales to compare with.
    SchemaError
        If there is no such year.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame(
    ...     {"exporter": list("AABB") * 2, "importer": list("ABAB") * 2, "year": [2000] * 4 + [2004] * 4}
    ... )
    >>> border_by_year(flows)["border_2000"].tolist()
    [0, 1, 1, 0, 0, 0, 0, 0]
    """
    import pandas as pd

    absent = [column for column in KEY if column not in flows.columns]
    if absent:
        raise SchemaError(f"border: the table lacks the column {absent[0]}.")
    abroad = flows["exporter"] != flows["importer"]
    years = sorted(flows["year"].unique().tolist())
    base = years[-1] if base is None else base
    if base not in years:
        raise SchemaError(f"border: no row of {base}; the table has {years[0]} to {years[-1]}.")
    without = sorted(set(years) - set(flows.loc[~abroad, "year"].tolist()))
    if without:
        raise IdentificationError(
            f"border: {without[0]} has no domestic sales, so that there is no border to see. Add rows with "
            "exporter equal to importer (gross output less exports)."
        )
    columns = {f"border_{year:g}": (abroad & (flows["year"] == year)) for year in years if year != base}
    return pd.DataFrame(columns, index=flows.index).astype("int64")


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
    merged = flows.merge(table, on=keys, how="left", indicator="_costs")
    without = merged["_costs"] == "left_only"
    if without.any():
        first = merged[without].iloc[0]
        raise SchemaError(
            f"costs: {without.sum()} rows of the flows have none; first {first['exporter']} to "
            f"{first['importer']}. Add them, or leave the flows out."
        )
    merged.attrs = flows.attrs
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
    found = _gravity.doubt(design[some], effects[some])
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
        at = _gravity.only_at_zeros(flow[rows], design[rows])
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


def _notes(flows: pd.DataFrame, reason: np.ndarray, found: _gravity.Regression) -> tuple[str, ...]:
    notes = []
    counts = np.bincount(reason, minlength=len(REASONS))
    for code, words in (
        (_gravity.ZERO, "have no trade, which OLS in logs leaves out"),
        (_gravity.SINGLETON, "are the only one of some effect, which fits them perfectly"),
        (_gravity.BY_EFFECTS, "belong to an effect without any trade: their expected trade is zero"),
        (_gravity.BY_REGRESSORS, "are zeros that costs and effects predict perfectly (iterative rectifier)"),
    ):
        if counts[code]:
            notes.append(f"{counts[code]:,} of {reason.size:,} rows {words}; they are left out.")
    if not found.separation_settled:
        notes.append("The search for separated rows stopped before it had settled: some may still be used.")
    domestic = flows["exporter"] == flows["importer"]
    pairs = len(flows.loc[~domestic, ["exporter", "importer"]].drop_duplicates())
    lacking = pairs * flows["year"].nunique() - int((~domestic).sum())
    if lacking:
        notes.append(
            f"The panel is not balanced: {lacking:,} of {pairs * flows['year'].nunique():,} rows of trade "
            "between countries are lacking. Trade that is lacking is not zero trade."
        )
    countries = set(flows["exporter"]) | set(flows["importer"])
    with_own = set(flows.loc[domestic, "exporter"])
    if not with_own:
        notes.append("Trade between countries alone: effects are relative to other partners abroad.")
    elif countries - with_own:
        notes.append(
            f"{len(countries - with_own)} of {len(countries)} countries have no domestic sales; first "
            f"{min(countries - with_own)}."
        )
    return tuple(notes)


def _rows(terms: Sequence[str], estimates: np.ndarray, errors: np.ndarray, level: float) -> pd.DataFrame:
    import pandas as pd

    if not 0 < level < 1:
        raise SchemaError(f"gravity: level must lie between 0 and 1, not {level}.")
    reach = NormalDist().inv_cdf((1 + level) / 2) * errors
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": estimates,
            "std_error": errors,
            "lower": estimates - reach,
            "upper": estimates + reach,
            "level": level,
        }
    )


def _sha256(flows: pd.DataFrame, numbers: Sequence[str], effects: np.ndarray, clusters: np.ndarray) -> str:
    """A hash of everything that the estimate depends on, in the order of the rows."""
    import pandas as pd

    digest = hashlib.sha256(
        pd.util.hash_pandas_object(flows[[*KEY, *numbers]], index=False).to_numpy().tobytes()
    )
    digest.update(effects.tobytes())
    digest.update(clusters.tobytes())
    return digest.hexdigest()


def _stated(flows: pd.DataFrame) -> tuple[Provenance, ...]:
    """Where a table of this package came from, which it carries along."""
    stated = flows.attrs.get("provenance")
    return (Provenance(**stated),) if stated else ()
