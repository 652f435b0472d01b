"""The chart of diversion: bars of the components, and what it leaves unexplained on the map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tropism.house_style import OTHERS, TOWARD
from tropism.trade.diversion.result import MEDIAN
from tropism.world_map import can_map, signed_classes, world_map

if TYPE_CHECKING:
    import altair as alt

    from tropism.trade.diversion.result import Diversion


def draw(found: Diversion) -> alt.VConcatChart:
    """Bars of the buyer and of the median matched state; below, every state that did not join."""
    import altair as alt
    import pandas as pd

    parts = [_bars(found)]
    states = pd.concat([found.summary(), found.others])
    states = states[states["state"] != MEDIAN]
    left = dict(zip(states["state"], states["not_explained"], strict=True))
    if can_map(list(left)):
        points = found.unit == "share_points"
        values = {state: 100 * value for state, value in left.items()} if points else left
        parts.append(
            world_map(
                values,
                signed_classes(list(values.values()), " pp" if points else ""),
                title="not explained by diversion, states that did not join",
                outlined=[found.buyer, found.seller],
            )
        )
    title = alt.TitleParams(
        f"{found.buyer}: share bought from {found.seller}, {found.before} to {found.after}",
        subtitle=f"{found.settings['level']:.0%} intervals; {len(found.matched)} states are matched",
        anchor="start",
    )
    return alt.vconcat(*parts, title=title, spacing=24).resolve_scale(color="independent")


def _bars(found: Diversion) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    table = found.tidy()
    components, states = (list(dict.fromkeys(table[name])) for name in ("component", "state"))
    base = alt.Chart(alt.InlineData(values=json.loads(table.to_json(orient="records")))).encode(
        y=alt.Y("component:N", sort=components, title=None, axis=alt.Axis(labelLimit=200)),
        yOffset=alt.YOffset("state:N", sort=states),
    )
    colour = alt.Color("state:N", title=None, sort=states, scale=alt.Scale(range=[TOWARD, OTHERS]))
    bars = base.mark_bar().encode(x=alt.X("estimate:Q", title=found.settings["measured_in"]), color=colour)
    rules = base.mark_rule(color="#111111").encode(x="lower:Q", x2="upper:Q")
    return alt.layer(bars, rules, width=560)
