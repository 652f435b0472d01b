"""What a counterfactual returns: changes by country and by pair, with intervals where there are draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import SchemaError
from tropism.house_style import TOWARD
from tropism.series import Provenance, as_json, cited
from tropism.trade.equilibrium.shocks import CostShock
from tropism.world_map import can_map, signed_classes, world_map

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: Every measure by country, in words. All are changes in percent.
LABELS = {
    "exports": "exports",
    "imports": "imports",
    "domestic_sales": "domestic sales",
    "real_income": "real income",
    "factory_gate_price": "factory-gate price",
    "wage": "price of value added",
    "consumer_price": "price of final use",
    "inward_resistance": "inward multilateral resistance",
    "outward_resistance": "outward multilateral resistance",
}

ARMINGTON_PAPERS = (
    "Anderson and van Wincoop (2003), Gravity with Gravitas, American Economic Review 93(1)",
    "Dekle, Eaton and Kortum (2008), Global Rebalancing with Gravity, IMF Staff Papers 55(3)",
    "Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis, WTO and UN",
)

SECTOR_PAPERS = (
    "Caliendo and Parro (2015), Estimates of the Trade and Welfare Effects of NAFTA, "
    "Review of Economic Studies 82(1)",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class CountryEffects:
    """Changes by country from one equilibrium to another.

    Attributes
    ----------
    countries : tuple of str
    year : int
        Of the baseline.
    changes : mapping of str to ndarray, each of shape (draws, countries)
        Percent, counterfactual relative to baseline; names as in ``LABELS``. Values are in units of the
        numeraire that ``settings`` name; real income has no unit.
    output : ndarray, shape (countries,)
        Of the baseline, in ``measured_in``.
    measured_in : str
    market_clearing_residual : ndarray, shape (draws,)
        Largest gap between a market's sales and its output, relative to output.
    iterations : ndarray of int, shape (draws,)
    settings : mapping
        What was asked for: sigma, deficits, which baseline, definition of real income, numeraire.
    seed : int or None
        Of whoever drew the shocks; carried along.
    provenance : tuple of Provenance
    notes : tuple of str
    papers : tuple of str
    """

    countries: tuple[str, ...]
    year: int
    changes: Mapping[str, np.ndarray]
    output: np.ndarray
    measured_in: str
    market_clearing_residual: np.ndarray
    iterations: np.ndarray
    settings: Mapping[str, Any]
    seed: int | None
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]
    papers: tuple[str, ...]

    @property
    def n_draws(self) -> int:
        """How many equilibria were solved."""
        return int(self.iterations.size)

    def change(self, measure: str, country: str) -> np.ndarray:
        """Percent change of one measure of one country: shape (draws,).

        Raises
        ------
        SchemaError
            If there is no such measure or country.
        """
        return np.asarray(self._measure(measure)[:, self._index(country)])

    def tidy(self, level: float = 0.9) -> pd.DataFrame:
        """One row per country and measure: country, measure, estimate (percent) and, with draws, an interval.

        The estimate is the median of the draws; lower, upper and level are there if there is more than one.
        """
        import pandas as pd

        frames = [
            pd.DataFrame({"country": self.countries, "measure": measure} | _columns(values, level))
            for measure, values in self.changes.items()
        ]
        return pd.concat(frames, ignore_index=True)

    def summary(self, level: float = 0.9) -> pd.DataFrame:
        """One row per country, largest first: its share of world output and every change in percent.

        With draws, the bounds of real income stand beside it.
        """
        import pandas as pd

        table = pd.DataFrame(
            {"country": self.countries, "output_share": self.output / self.output.sum()}
            | {measure: np.median(values, axis=0) for measure, values in self.changes.items()}
        )
        if self.n_draws > 1 and "real_income" in self.changes:
            bounds = interval(self.changes["real_income"], level)
            table["real_income_lower"], table["real_income_upper"] = bounds["lower"], bounds["upper"]
        return table.sort_values("output_share", ascending=False, kind="stable").reset_index(drop=True)

    def plot(
        self, measure: str | None = None, countries: Sequence[str] | None = None, level: float = 0.9
    ) -> alt.VConcatChart:
        """Bars of one measure by country, with intervals if there are draws, and a map if labels are states.

        Parameters
        ----------
        measure : str, optional
            Real income, or exports where that was not solved for.
        countries : sequence of str, optional
            Unless given: the fifteen that change most.
        level : float

        Raises
        ------
        SchemaError
            If there is no such measure or country.
        """
        import altair as alt

        shown = measure or ("real_income" if "real_income" in self.changes else "exports")
        values = self._measure(shown)
        if countries is None:
            most = np.argsort(-np.abs(np.median(values, axis=0)), kind="stable")[:15]
        else:
            most = np.array([self._index(country) for country in countries], dtype=np.int64)
        found = interval(values[:, most], level)
        names = [self.countries[i] for i in most]
        records = [
            {"country": name, "estimate": estimate}
            for name, estimate in zip(names, found["estimate"].tolist(), strict=True)
        ]
        y = alt.Y("country:N", sort=names, title=None)
        base = alt.Chart(alt.InlineData(values=records))
        layers = [base.mark_bar(color=TOWARD).encode(x=alt.X("estimate:Q", title="percent"), y=y)]
        subtitle = (
            f"{self.settings['deficits'].replace('_', ' ')} deficits, baseline "
            f"{self.settings['baseline_kind']}, {self.year}"
        )
        if shown == "real_income":
            subtitle += f"; real income {self.settings['real_income']}"
        if self.n_draws > 1:
            for k, record in enumerate(records):
                record |= {bound: float(found[bound][k]) for bound in ("lower", "upper")}
            layers.append(base.mark_rule(color="#111111").encode(x="lower:Q", x2="upper:Q", y=y))
            subtitle += f"; {100 * level:g} % intervals from {self.n_draws:,} draws"
        parts = [alt.layer(*layers, width=560)]
        if can_map(self.countries):
            middle = dict(zip(self.countries, np.median(values, axis=0).tolist(), strict=True))
            classes = signed_classes([value for value in middle.values() if value == value], "%")
            parts.append(
                world_map(
                    middle,
                    classes,
                    title=f"{LABELS[shown]}, all countries",
                    outlined=names if countries else (),
                )
            )
        title = alt.TitleParams(f"Change of {LABELS[shown]}", subtitle=subtitle, anchor="start")
        return alt.vconcat(*parts, title=title, spacing=24).resolve_scale(color="independent")

    def to_json(self) -> str:
        """Changes with intervals, settings, seed, convergence and sources: not the draws."""
        table = self.tidy().astype(object)
        return as_json(
            {
                "changes": table.where(table.notna(), None).to_dict("records"),
                "year": self.year,
                "settings": dict(self.settings),
                "seed": self.seed,
                "draws": self.n_draws,
                "market_clearing_residual": float(self.market_clearing_residual.max()),
                "iterations": int(self.iterations.max()),
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, self.papers)

    def _measure(self, measure: str) -> np.ndarray:
        if measure not in self.changes:
            raise SchemaError(
                f"counterfactual: no measure {measure}; this one has {', '.join(self.changes)}."
            )
        return self.changes[measure]

    def _index(self, country: str) -> int:
        if country not in self.countries:
            raise SchemaError(
                f"counterfactual: {country} is not among its {len(self.countries)} countries "
                f"({', '.join(self.countries[:6])}, …)."
            )
        return self.countries.index(country)

    def _pairs(self, before: np.ndarray, after: np.ndarray, level: float) -> pd.DataFrame:
        """Tidy changes of all pairs that trade in the baseline; arrays (draws, exporters, importers)."""
        import pandas as pd

        frames = []
        for i, exporter in enumerate(self.countries):
            traded = before[:, i].min(axis=0) > 0
            change = 100 * (after[:, i][:, traded] / before[:, i][:, traded] - 1)
            names = [country for country, there in zip(self.countries, traded, strict=True) if there]
            keys = {
                "exporter": exporter,
                "importer": names,
                "baseline": np.median(before[:, i], axis=0)[traded],
            }
            frames.append(pd.DataFrame(keys | _columns(change, level)))
        return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class Counterfactual(CountryEffects):
    """A counterfactual of the one-sector Armington economy; see `solve_counterfactual`.

    Attributes
    ----------
    trade : ndarray, shape (countries, countries)
        The baseline as given.
    shock : CostShock
    sellers, buyers : ndarray, shape (draws, 2, countries)
        What multiplies each row and each column of ``trade``: in the baseline that the shock meets (ones
        unless deficits were removed), and in the counterfactual.
    """

    trade: np.ndarray
    shock: CostShock
    sellers: np.ndarray
    buyers: np.ndarray

    def trade_before(self, draw: int = 0) -> np.ndarray:
        """Trade in the baseline that the shock meets: shape (exporters, importers)."""
        return np.asarray(self.trade * self.sellers[draw, 0][:, None] * self.buyers[draw, 0])

    def trade_after(self, draw: int = 0) -> np.ndarray:
        """Trade in the counterfactual, in units of the numeraire: shape (exporters, importers)."""
        after = self.trade * self.sellers[draw, 1][:, None] * self.buyers[draw, 1]
        after[self.shock.place] *= self.shock.factors[draw]
        return np.asarray(after)

    def flow_change(self, exporter: str, importer: str) -> np.ndarray:
        """Percent change of what one country sells to another: shape (draws,); NaN where nothing is traded.

        Raises
        ------
        SchemaError
            If one of them is not among the countries.
        """
        i, j = self._index(exporter), self._index(importer)
        if self.trade[i, j] <= 0:
            return np.full(self.n_draws, np.nan)
        after = self.sellers[:, 1, i] * self.buyers[:, 1, j] / (self.sellers[:, 0, i] * self.buyers[:, 0, j])
        rows, columns = self.shock.place
        here = np.flatnonzero((rows == i) & (columns == j))
        if here.size:
            after = after * self.shock.factors[:, here[0]]
        return np.asarray(100 * (after - 1))

    def bilateral(self, level: float = 0.9) -> pd.DataFrame:
        """One row per pair that trades: exporter, importer, baseline, estimate (percent), interval.

        Needs memory for draws x countries x countries numbers, twice; `flow_change` gives one pair.
        """
        draws = range(self.n_draws)
        before = np.stack([self.trade_before(draw) for draw in draws])
        return self._pairs(before, np.stack([self.trade_after(draw) for draw in draws]), level)


@dataclass(frozen=True, eq=False, kw_only=True)
class SectorCounterfactual(CountryEffects):
    """A counterfactual with many sectors and input-output linkages; see `solve_sector_counterfactual`.

    Attributes
    ----------
    sectors : tuple of str
    trade_before, trade_after : ndarray, shape (draws, exporters, importers)
        Trade of all sectors together, in the baseline that the shock meets and in the counterfactual.
    sector_exports : ndarray, shape (draws, sectors, countries)
        Percent change; NaN where a country exports nothing of a sector.
    """

    sectors: tuple[str, ...]
    trade_before: np.ndarray
    trade_after: np.ndarray
    sector_exports: np.ndarray

    def flow_change(self, exporter: str, importer: str) -> np.ndarray:
        """Percent change of what one country sells to another: shape (draws,); NaN where nothing is traded.

        Raises
        ------
        SchemaError
            If one of them is not among the countries.
        """
        i, j = self._index(exporter), self._index(importer)
        before = self.trade_before[:, i, j]
        return np.asarray(100 * (self.trade_after[:, i, j] / np.where(before > 0, before, np.nan) - 1))

    def bilateral(self, level: float = 0.9) -> pd.DataFrame:
        """One row per pair that trades: exporter, importer, baseline, estimate (percent), interval."""
        return self._pairs(self.trade_before, self.trade_after, level)

    def by_sector(self, level: float = 0.9) -> pd.DataFrame:
        """One row per country and sector that it exports: country, sector, estimate (percent), interval."""
        import pandas as pd

        frames = []
        for s, sector in enumerate(self.sectors):
            sold = np.isfinite(self.sector_exports[:, s]).all(axis=0)
            names = [country for country, there in zip(self.countries, sold, strict=True) if there]
            keys = {"country": names, "sector": sector}
            frames.append(pd.DataFrame(keys | _columns(self.sector_exports[:, s][:, sold], level)))
        return pd.concat(frames, ignore_index=True)


def interval(values: np.ndarray, level: float) -> dict[str, np.ndarray]:
    """Median (``estimate``), ``lower`` and ``upper`` over draws of an array of shape (draws, n).

    A single draw has no bounds: they are NaN.

    Raises
    ------
    SchemaError
        If the level is no share.
    """
    if not 0 < level < 1:
        raise SchemaError(f"level: {level}; an interval covers a share between 0 and 1, for instance 0.9.")
    if values.shape[0] == 1:
        nothing = np.full(values.shape[1], np.nan)
        return {"estimate": values[0], "lower": nothing, "upper": nothing}
    low, mid, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return {"estimate": mid, "lower": low, "upper": high}


def _columns(values: np.ndarray, level: float) -> dict[str, Any]:
    """Columns of a tidy table: the estimate and, with more than one draw, bounds and their level."""
    found = interval(values, level)
    return found | {"level": level} if values.shape[0] > 1 else {"estimate": found["estimate"]}
