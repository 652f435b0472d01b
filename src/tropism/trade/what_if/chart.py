"""The chart of a what-if: bars of real income with intervals, and the world as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tropism.tables import read_table
from tropism.trade.what_if.result import DEFICITS

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.trade.equilibrium import Counterfactual
    from tropism.trade.what_if.result import WhatIf


def draw(answer: WhatIf) -> alt.VConcatChart:
    """Change of real income: bars with intervals, and where on the map."""
    import altair as alt

    title = alt.TitleParams(answer.question, subtitle=_subtitle(answer), anchor="start")
    parts = (_bars(answer.summary()), _map(answer.equilibria[DEFICITS[0]]))
    return alt.vconcat(*parts, title=title, spacing=24).resolve_scale(color="independent")


def _subtitle(answer: WhatIf) -> str:
    low, high = answer.settings["sigma"]
    effect = "" if answer.effect is None else f"effect {answer.effect.name}, "
    sigma = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"real income; {effect}sigma {sigma}; {answer.settings['level']:.0%} intervals"


def _bars(summary: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    records = [
        {"state": row["state"], "deficits": name.replace("_", " ")}
        | {key: row[f"{key}_{name}"] for key in ("estimate", "lower", "upper")}
        for row in summary.to_dict("records")
        for name in DEFICITS
    ]
    records = [{key: None if value != value else value for key, value in row.items()} for row in records]
    base = alt.Chart(alt.InlineData(values=records)).encode(
        y=alt.Y("state:N", sort=summary["state"].tolist(), title=None),
        yOffset=alt.YOffset("deficits:N", sort=[name.replace("_", " ") for name in DEFICITS]),
    )
    bars = base.mark_bar().encode(
        x=alt.X("estimate:Q", title="change of real income, percent"),
        color=alt.Color("deficits:N", title="deficits", scale=alt.Scale(range=["#0b559f", "#8a94a3"])),
    )
    rules = base.mark_rule(color="#111111").encode(x="lower:Q", x2="upper:Q")
    return alt.layer(bars, rules, width=420)


def _map(found: Counterfactual) -> alt.LayerChart | alt.FacetChart:
    """A dot on every capital: how much real income changes, and which way."""
    import altair as alt

    place = {row["iso3"]: (row["longitude"], row["latitude"]) for row in read_table("capitals").to_pylist()}
    change = np.median(found.changes["real_income"], axis=0)
    records = [
        {
            "state": state,
            "longitude": place[state][0],
            "latitude": place[state][1],
            "size": abs(float(value)),
            "change": "gains" if value > 0 else "loses",
        }
        for state, value in zip(found.countries, change, strict=True)
        if state in place
    ]
    globe = alt.Chart(alt.sphere()).mark_geoshape(stroke="#b5bdc8", filled=False)
    grid = alt.Chart(alt.graticule(step=[30, 30])).mark_geoshape(stroke="#e6e9ee", filled=False)
    dots = alt.Chart(alt.InlineData(values=records)).mark_circle(opacity=0.8)
    dots = dots.encode(
        longitude="longitude:Q",
        latitude="latitude:Q",
        size=alt.Size("size:Q", title="percent", scale=alt.Scale(range=[4, 600])),
        color=alt.Color(
            "change:N", title=None, scale=alt.Scale(domain=["gains", "loses"], range=["#0b559f", "#c2510a"])
        ),
    )
    return alt.layer(globe, grid, dots, projection=alt.Projection(type="equalEarth"), width=420, height=220)
