"""What `trade_gap` returns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tropism.series import Provenance, as_json, cited
from tropism.trade.panels import ALL_SECTORS

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

PAPERS = (
    "Santos Silva and Tenreyro (2006), The Log of Gravity, REStat 88(4).",
    "Anderson and van Wincoop (2003), Gravity with Gravitas, AER 93(1).",
    "Fally (2015), Structural gravity and fixed effects, JIE 97(1): Poisson effects reproduce totals.",
    "Pregibon (1981), Logistic Regression Diagnostics, Annals of Statistics 9(4): one-step deletion.",
    "Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, ch. 4: Mondrian conformal "
    "prediction.",
    "Barber, Candes, Ramdas and Tibshirani (2021), Predictive inference with the jackknife+, Annals of "
    "Statistics 49(1).",
)


@dataclass(frozen=True, eq=False)
class TradeGap:
    """A state's trade with every partner: actual, predicted, and how unusual the difference is.

    Attributes
    ----------
    state : str
    partner : str or None
        The partner that `summary` and `plot` show.
    flows : DataFrame
        By year, sector, side (``exports`` to or ``imports`` from the partner) and partner: ``actual`` and
        ``predicted`` (by the fit without the pair), ``log_ratio`` of both, each with the floor added;
        ``lower`` and ``upper``, between which the actual value of such a pair lies with probability
        ``level``; ``percentile``, the share of pairs of like predicted size with a smaller ratio; ``rank``
        by percentile among ``partners``; ``reading``.
    coefficients : DataFrame
        By year and sector: estimate of each cost with its error, clustered by pair; flows and countries in
        the fit.
    settings : dict
    provenance : tuple of Provenance
    notes : tuple of str
    """

    state: str
    partner: str | None
    flows: pd.DataFrame
    coefficients: pd.DataFrame
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Every partner, year, sector and side, one row each."""
        return self.flows.copy()

    def summary(self) -> pd.DataFrame:
        """The partner's rows of the last year; without a partner, the five most above and most below."""
        import pandas as pd

        table = self.flows[self.flows["year"] == self.flows["year"].max()]
        if self.partner is not None:
            return table[table["partner"] == self.partner].reset_index(drop=True)
        table = table[table["sector"] == ALL_SECTORS].sort_values(["side", "rank"])
        ends = [part for _, rows in table.groupby("side") for part in (rows.head(5), rows.tail(5))]
        return pd.concat(ends, ignore_index=True).drop_duplicates(ignore_index=True)

    def plot(self, side: Literal["exports", "imports"] | None = None, most: int = 30) -> alt.HConcatChart:
        """Actual over predicted as points on the interval of like pairs, and all partners on a map.

        Parameters
        ----------
        side : {"exports", "imports"}, optional
            Both beside each other unless given.
        most : int
            Partners with the largest predicted trade, and the partner of the question.
        """
        from tropism.trade.gap.chart import draw

        return draw(self, side, most)

    def to_json(self) -> str:
        """All numbers, coefficients, settings and sources."""
        return as_json(
            {
                "state": self.state,
                "partner": self.partner,
                "flows": json.loads(self.flows.to_json(orient="records")),
                "coefficients": json.loads(self.coefficients.to_json(orient="records")),
                "settings": self.settings,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)
