"""The chart of a gap: ratios on the intervals of like pairs, and where partners stand, on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tropism.house_style import AWAY, OTHERS
from tropism.trade.panels import ALL_SECTORS
from tropism.world_map import STANDING, can_map, world_map

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.trade.gap.result import TradeGap


#: Pixels, where one side stands alone and where both stand beside each other.
ALONE, BESIDE = 560, 440


def draw(gap: TradeGap, side: str | None, most: int) -> alt.HConcatChart:
    """The last year's flows of one side or of both, all sectors together."""
    import altair as alt

    sides = ("exports", "imports") if side is None else (side,)
    width = ALONE if len(sides) == 1 else BESIDE
    title = alt.TitleParams(
        f"{gap.state}: {' and '.join(sides)} against gravity, {gap.flows['year'].max()}",
        subtitle=f"bars: where {gap.settings['level']:.0%} of pairs of like predicted size lie",
        anchor="start",
    )
    return alt.hconcat(*(_one_side(gap, each, most, width) for each in sides), title=title, spacing=36)


def _one_side(gap: TradeGap, side: str, most: int, width: int) -> alt.VConcatChart:
    import altair as alt

    table = gap.flows[(gap.flows["sector"] == ALL_SECTORS) & (gap.flows["side"] == side)]
    table = table[table["year"] == table["year"].max()].sort_values("predicted", ascending=False)
    shown = table[(np.arange(len(table)) < most) | (table["partner"] == gap.partner)]
    parts = [_ratios(gap, shown, width)]
    standing = dict(zip(table["partner"], table["percentile"], strict=True))
    if can_map(list(standing)):
        where = "among pairs of like predicted size, from less to more trade"
        named = [state for state in (gap.state, gap.partner) if state]
        parts.append(
            world_map(standing, STANDING, title=where, outlined=named, number=".0%", width=width + 40)
        )
    title = alt.TitleParams(side, anchor="start")
    return alt.vconcat(*parts, title=title, spacing=24).resolve_scale(color="independent")


def _ratios(gap: TradeGap, table: pd.DataFrame, width: int) -> alt.LayerChart | alt.FacetChart:
    """Actual over predicted as points, the interval of like pairs as bars."""
    import altair as alt

    floor = gap.settings["floor"]
    records = [
        {
            "partner": row["partner"],
            "ratio": (row["actual"] + floor) / (row["predicted"] + floor),
            "low": (row["lower"] + floor) / (row["predicted"] + floor),
            "high": (row["upper"] + floor) / (row["predicted"] + floor),
            "asked": row["partner"] == gap.partner,
        }
        for row in table.sort_values("percentile", ascending=False).to_dict("records")
    ]
    order = [record["partner"] for record in records]
    base = alt.Chart(alt.InlineData(values=records)).encode(y=alt.Y("partner:N", sort=order, title=None))
    scale = alt.Scale(type="log")
    colour = alt.Color("asked:N", legend=None, scale=alt.Scale(range=[OTHERS, AWAY]))
    bars = base.mark_rule(strokeWidth=5, opacity=0.3).encode(
        x=alt.X("low:Q", scale=scale, title="actual over predicted", axis=alt.Axis(tickCount=6)),
        x2="high:Q",
        color=colour,
    )
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=alt.X("ratio:Q", scale=scale), color=colour
    )
    return alt.layer(bars, points, width=width)
