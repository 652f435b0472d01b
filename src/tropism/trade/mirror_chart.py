"""The chart of mirror statistics: both reports as lines, suspects as bars and on the map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from tropism.house_style import AWAY, TOWARD
from tropism.world_map import GROWING, Classes, can_map, world_map

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.trade.mirror import Mirror

WIDTH = 640

#: Bars of suspects at most.
MOST = 10

#: Shares of a gap, as fractions.
PARTS = Classes(
    edges=(0.1, 0.25, 0.5, 0.75),
    colours=GROWING,
    labels=("below 10%", "10 to 25%", "25 to 50%", "50 to 75%", "above 75%"),
)


def draw(found: Mirror) -> alt.VConcatChart:
    """Lines of both reports on top; below, if there are any, the suspects of the last year that has some."""
    import altair as alt

    parts: list[alt.Chart | alt.LayerChart | alt.FacetChart] = [_reports(found)]
    if len(found.suspects):
        last = found.suspects[found.suspects["year"] == found.suspects["year"].max()]
        parts.append(_suspects(last.head(MOST)))
        shares = dict(zip(last["via"], last["share_of_gap"], strict=True))
        if can_map(list(shares)):
            title = "the same as shares of the gap"
            named = [found.exporter, found.importer]
            parts.append(world_map(shares, PARTS, title=title, outlined=named, number=".0%", width=WIDTH))
    heading = alt.TitleParams(
        f"Trade from {found.exporter} to {found.importer}, as either reports it",
        subtitle=f"band: the exporter's figure with up to {found.cif_fob - 1:.0%} freight and insurance",
        anchor="start",
    )
    return alt.vconcat(*parts, title=heading, spacing=24).resolve_scale(color="independent")


def _reports(found: Mirror) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    lines = [
        {"year": int(year), "report": f"{state} reports {verb}", "value": value / 1e6}
        for state, verb, values in (
            (found.exporter, "selling", found.by_exporter),
            (found.importer, "buying", found.by_importer),
        )
        for year, value in zip(found.years, values.tolist(), strict=True)
        if not np.isnan(value)
    ]
    band = [
        {"year": int(year), "value": value / 1e6, "top": value * found.cif_fob / 1e6}
        for year, value in zip(found.years, found.by_exporter.tolist(), strict=True)
        if not np.isnan(value)
    ]
    ticks = alt.Axis(format="d", grid=False, tickMinStep=1)
    x = alt.X("year:Q", title=None, axis=ticks, scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title="million current US dollars")
    area = alt.Chart(alt.InlineData(values=band)).mark_area(opacity=0.2).encode(x=x, y=y, y2="top:Q")
    scale = alt.Scale(range=[TOWARD, AWAY])
    colour = alt.Color("report:N", title=None, sort=None, legend=alt.Legend(orient="bottom"), scale=scale)
    line = alt.Chart(alt.InlineData(values=lines)).mark_line(point=True).encode(x=x, y=y, color=colour)
    return alt.layer(area, line, width=WIDTH)


def _suspects(rows: pd.DataFrame) -> alt.Chart:
    """What each third country of one year could explain."""
    import altair as alt

    table = rows[["via", "share_of_gap"]].assign(value=rows["could_explain_usd"] / 1e6)
    records = json.loads(table.to_json(orient="records"))
    return (
        alt.Chart(
            alt.InlineData(values=records),
            title=alt.TitleParams(
                f"suspects of {rows['year'].iloc[0]}: how much of the gap each could explain", anchor="start"
            ),
        )
        .mark_bar(color=TOWARD)
        .encode(
            x=alt.X("value:Q", title="million current US dollars"),
            y=alt.Y("via:N", sort=rows["via"].tolist(), title=None),
            tooltip=[
                "via:N",
                alt.Tooltip("value:Q", format=",.1f"),
                alt.Tooltip("share_of_gap:Q", format=".0%"),
            ],
        )
        .properties(width=WIDTH)
    )
