"""What `estimate_gravity` returns: effects of trade costs, and the rows that they rest on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.house_style import TOWARD
from tropism.series import Provenance, as_json
from tropism.trade.gravity.regression import REASONS, USED

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

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

INTERCEPT = "Intercept"
NUMBERS = ("estimate", "std_error", "lower", "upper")


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
        return int(np.count_nonzero(self.reason == USED))

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
        interval = base.mark_rule(size=2, color=TOWARD).encode(x=x, x2="upper:Q")
        point = base.mark_point(filled=True, size=60, color=TOWARD, opacity=1).encode(x="estimate:Q")
        return alt.LayerChart(layer=[zero, interval, point]).properties(
            width=420, title={"text": "Effects on trade", "subtitle": self.formula}
        )

    def to_json(self) -> str:
        """Estimates, covariance, rows left out, settings, versions, data hash, sources and notes."""
        return as_json(
            {
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
            },
            self,
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
