"""The chart of dependence: shares of the partners in question as bars, of all partners on maps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tropism.trade.amounts import amount, share
from tropism.world_map import SHARES, world_map

if TYPE_CHECKING:
    import altair as alt

    from tropism.trade.dependence.result import Dependence

#: Width of one side; imports and exports stand beside each other.
WIDTH = 520


def draw(found: Dependence) -> alt.VConcatChart:
    """Imports and exports beside each other: bars on top, one map for each kind of goods below."""
    import altair as alt

    parts = [alt.hconcat(*(_bars(found, side) for side in ("imports", "exports")))]
    for goods, rows in found.partners.groupby("goods", sort=False):
        maps = []
        for side, part in rows.groupby("side", sort=False):
            title = f"{goods}, {part['year'].iloc[0]}: share of {found.state}'s {side}"
            shares = dict(zip(part["partner"], part["share"], strict=True))
            maps.append(
                world_map(
                    shares, SHARES, title=title, outlined=[found.state, *found.on], number=".1%", width=WIDTH
                )
            )
        parts.append(alt.hconcat(*maps))
    return alt.vconcat(*parts, title=f"Dependence of {found.state}", spacing=24).resolve_scale(
        color="independent"
    )


def _bars(found: Dependence, side: str) -> alt.LayerChart | alt.FacetChart:
    """Shares of the partners in question, with levels and ranks written beside them."""
    import altair as alt

    table = found.summary()
    table = table[(table["state"] == found.state) & (table["side"] == side)]
    table = table.assign(
        label=[
            f"{share(row['share'])}, {amount(row['level_million_usd'])} million USD in {row['year']}, "
            f"rank {row['rank']:.0f} of {row['partners']}"
            for row in table.to_dict("records")
        ]
    )
    records = json.loads(table[["partner", "goods", "share", "label"]].to_json(orient="records"))
    base = alt.Chart(alt.InlineData(values=records)).encode(
        y=alt.Y("partner:N", title=None, sort=list(found.on)), yOffset=alt.YOffset("goods:N")
    )
    # Room for the words beside the longest bar.
    top = 2.2 * max(table["share"], default=1.0)
    x = alt.X("share:Q", title=f"share of {side}", scale=alt.Scale(domain=[0, top]))
    colour = alt.Color("goods:N", title=None, legend=alt.Legend(orient="bottom"))
    bar = base.mark_bar().encode(x=x.axis(format="%", grid=False), color=colour)
    text = base.mark_text(align="left", dx=4).encode(x=x, text="label:N")
    return alt.layer(bar, text, width=WIDTH)
