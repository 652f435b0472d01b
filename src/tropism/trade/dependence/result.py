"""What `dependence` returns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tropism.errors import WindowError
from tropism.series import Provenance, as_json, cited
from tropism.trade.dependence.goods import INPUTS, MINERALS

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: Others having to sell this much more of a product makes it hard to replace.
HARD = 0.10

PAPERS = (
    "Hirschman (1945), National Power and the Structure of Foreign Trade.",
    "Johnson and Noguera (2012), Accounting for intermediates: Production sharing and trade in value added, "
    "Journal of International Economics 86(2).",
    "Koopman, Wang and Wei (2014), Tracing Value-Added and Double Counting in Gross Exports, AER 104(2).",
)


@dataclass(frozen=True, eq=False)
class Dependence:
    """How much the trade of a state rests on partners, and theirs on it.

    Every table has the columns state (whose dependence), partner, side (``imports`` from or ``exports`` to
    the partner) and goods (``energy and minerals``: recorded trade in 74 products; ``inputs``: intermediate
    goods and services). Levels are in million current US dollars.

    Attributes
    ----------
    state : str
    on : tuple of str
    shares : DataFrame
        By year and item (a commodity group, a broad sector, or ``all``): level, total, share, rank of the
        partner among ``partners`` with trade, and the Herfindahl index of all partners' shares. A level
        that is not recorded is null.
    exposure : DataFrame
        By third countries: of the inputs that the state imports, those bought from the partner, the
        partner's value in them (``direct``) and in what comes from third countries (``by_third``).
    lost : DataFrame
        What is at stake if the trade stopped: the level beside the seller's and the buyer's totals.
    replaceability : DataFrame
        By product or industry: what others sell (or buy) in all the world and their share of it; how many
        they are, how many of them trade at least as much with the world as the level, how many trade with
        the state already; and the level as a fraction of what they sell (or buy) in the world
        (``rise_needed``) and with the state (``rise_needed_of_current``), infinite where that is nothing.
    partners : DataFrame
        Of the state alone: level and share of every partner that it trades with, all items together, in the
        year of the settings or the last one before it.
    settings : dict
    provenance : tuple of Provenance
    notes : tuple of str
    """

    state: str
    on: tuple[str, ...]
    shares: pd.DataFrame
    exposure: pd.DataFrame
    lost: pd.DataFrame
    replaceability: pd.DataFrame
    partners: pd.DataFrame
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Shares of all years and items, one row each."""
        return self.shares.copy()

    def change(self, since: int, until: int) -> pd.DataFrame:
        """Levels and shares of two years side by side, for energy and minerals.

        Returns
        -------
        DataFrame
            state, partner, side, item, level and share in both years, ``growth`` (a fraction) and
            ``small_base``: true where the level of the first year is below the floor of the settings; growth
            is then null, since the percentage would say more about the base than about the change.

        Raises
        ------
        WindowError
            If the years are not in order, or one is not in the table.
        """
        keys = ["state", "partner", "side", "item"]
        rows = self.shares[self.shares["goods"] == MINERALS]
        years = sorted(set(rows["year"].tolist()))
        if not since < until or not {since, until} <= set(years):
            has = f"has {years[0]} to {years[-1]}" if years else "has none of these states"
            raise WindowError(
                f"dependence: from {since} to {until}; the table of {MINERALS} {has}. Choose two years of "
                "it, the earlier first."
            )
        sides = [
            rows[rows["year"] == year].set_index(keys)[["level_million_usd", "share"]].add_suffix(f"_{year}")
            for year in (since, until)
        ]
        table = sides[0].join(sides[1], how="outer").dropna(how="all")
        before, after = (table[f"level_million_usd_{year}"] for year in (since, until))
        table["small_base"] = before < self.settings["small_base_million_usd"]
        table["growth"] = (after / before - 1).where(~table["small_base"])
        return table.reset_index()

    def summary(self) -> pd.DataFrame:
        """One row per partner, side and kind of goods: the last year with a record, all items together.

        ``hard_to_replace`` is the share of the level in products of which others would have to sell (or buy)
        over 10 per cent more; ``by_third_share`` the partner's value in imported inputs from third countries.
        """
        keys = ["state", "partner", "goods", "side"]
        rows = self.shares[(self.shares["item"] == "all") & self.shares["level_million_usd"].notna()]
        rows = rows[rows["year"] <= self.settings["year"]].sort_values("year").groupby(keys).tail(1)
        hard = self.replaceability.assign(
            part=lambda table: table["level_million_usd"].where(table["rise_needed"] > HARD, 0.0)
        )
        sums = hard.groupby(keys)[["part", "level_million_usd"]].sum()
        rows = rows.merge(
            (sums["part"] / sums["level_million_usd"]).rename("hard_to_replace").reset_index(),
            on=keys,
            how="left",
        )
        third = self.exposure.assign(goods=INPUTS, side="imports")
        third["by_third_share"] = third["by_third_million_usd"] / third["imported_million_usd"]
        rows = rows.merge(third[[*keys, "by_third_share"]], on=keys, how="left")
        return rows.sort_values(keys, ignore_index=True).drop(columns="item")

    def plot(self) -> alt.VConcatChart:
        """Shares as bars with their levels written beside them, and shares of all partners on maps."""
        from tropism.trade.dependence.chart import draw

        return draw(self)

    def to_json(self) -> str:
        """All tables, settings and sources."""
        tables = ("shares", "exposure", "lost", "replaceability", "partners")
        return as_json(
            {
                "state": self.state,
                "on": list(self.on),
                **{name: json.loads(getattr(self, name).to_json(orient="records")) for name in tables},
                "settings": self.settings,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)
