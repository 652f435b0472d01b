"""What `diversion` returns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tropism.series import Provenance, as_json, cited

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

Unit = Literal["log_ratio", "share_points"]

COMPONENTS = ("observed", "diversion", "not explained by diversion")

#: Who stands beside the buyer.
MEDIAN = "median matched"

PAPERS = (
    "Armington (1969), A Theory of Demand for Products Distinguished by Place of Production, IMF Staff "
    "Papers 16(1)",
    "Dekle, Eaton and Kortum (2008), Global Rebalancing with Gravity, IMF Staff Papers 55(3)",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Diversion:
    """A rise of purchases, taken apart; everything is in one unit.

    Attributes
    ----------
    buyer, seller : str
    before, after : int
        The two years compared.
    unit : str
        ``log_ratio``: log of the seller's share in the buyer's purchases after, over before.
        ``share_points``: the difference of the two shares.
    shares : tuple of float
        The seller's share in the buyer's purchases, before and after.
    million_usd : tuple of float
        The purchases themselves.
    observed : float
    mechanical : ndarray, shape (draws,)
        The rise that diversion alone would bring.
    remainder : ndarray, shape (draws,)
        Observed less mechanical, less a draw of how much such shares move in years without sanctions.
    matched : DataFrame
        One row per state that did not join and looked alike before: state, share_before, share_after,
        observed, diversion (median of the draws), not_explained.
    others : DataFrame
        The same for all other states that did not join and bought in both years: they were less alike.
    matched_median : DataFrame
        The three components of the median matched state, with intervals over states and draws.
    settings : dict
    seed : int
    provenance : tuple of Provenance
    notes : tuple of str
    """

    buyer: str
    seller: str
    before: int
    after: int
    unit: Unit
    shares: tuple[float, float]
    million_usd: tuple[float, float]
    observed: float
    mechanical: np.ndarray
    remainder: np.ndarray
    matched: pd.DataFrame
    others: pd.DataFrame
    matched_median: pd.DataFrame
    settings: dict[str, Any]
    seed: int
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row per component, of the buyer and of the median matched state.

        Columns are state, component, estimate, lower, upper, level. What was observed has no interval.
        """
        import pandas as pd

        level = self.settings["level"]
        rows: list[dict[str, Any]] = [{"component": COMPONENTS[0], "estimate": self.observed}]
        for component, draws in zip(COMPONENTS[1:], (self.mechanical, self.remainder), strict=True):
            rows.append({"component": component} | bounds(draws, level))
        # The draws of what is left carry noise; its estimate is what was observed less diversion.
        rows[2]["estimate"] = self.observed - rows[1]["estimate"]
        own = pd.DataFrame(rows).assign(state=self.buyer, level=level)
        table = pd.concat([own, self.matched_median.assign(state=MEDIAN, level=level)])
        return table[["state", "component", "estimate", "lower", "upper", "level"]].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """`tidy`, and each matched state below: state, observed, diversion, not_explained."""
        import pandas as pd

        wide = self.tidy().pivot(index="state", columns="component", values="estimate")
        wide = wide.loc[[self.buyer, MEDIAN], list(COMPONENTS)].reset_index()
        wide.columns = ["state", "observed", "diversion", "not_explained"]
        return pd.concat([wide, self.matched[wide.columns]], ignore_index=True)

    def plot(self) -> alt.VConcatChart:
        """The three components as bars with intervals, and where diversion explains too little, on a map."""
        from tropism.trade.diversion.chart import draw

        return draw(self)

    def to_json(self) -> str:
        """Components with intervals, matched states, settings, seed and sources: not the draws."""
        return as_json(
            {
                "buyer": self.buyer,
                "seller": self.seller,
                "years": [self.before, self.after],
                "unit": self.unit,
                "shares": list(self.shares),
                "million_usd": list(self.million_usd),
                "components": json.loads(self.tidy().to_json(orient="records", double_precision=12)),
                **{
                    name: json.loads(getattr(self, name).to_json(orient="records", double_precision=12))
                    for name in ("matched", "others")
                },
                "settings": self.settings,
                "seed": self.seed,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def bounds(draws: np.ndarray, level: float) -> dict[str, Any]:
    """Median and interval of draws, shape (draws,)."""
    low, mid, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2]).tolist()
    return {"estimate": mid, "lower": low, "upper": high}
