"""The chart of a what-if: bars of real income with intervals, and the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tropism.house_style import OTHERS, TOWARD
from tropism.trade.what_if.result import DEFICITS
from tropism.world_map import can_map, signed_classes, world_map

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.trade.equilibrium import Counterfactual
    from tropism.trade.what_if.result import WhatIf

#: Of the assumptions on deficits, the leading one first.
COLOURS = [TOWARD, OTHERS]


def draw(answer: WhatIf) -> alt.VConcatChart:
    """Change of real income: bars with intervals, and where on the map."""
    import altair as alt

    title = alt.TitleParams(answer.question, subtitle=_subtitle(answer), anchor="start")
    found = answer.equilibria[DEFICITS[0]]
    parts = [_bars(answer.summary())]
    if can_map(found.countries):
        parts.append(_map(found, answer.focus))
    return alt.vconcat(*parts, title=title, spacing=24).resolve_scale(color="independent")


def _subtitle(answer: WhatIf) -> str:
    low, high = answer.settings["sigma"]
    effect = "" if answer.effect is None else f"effect {answer.effect.name}, "
    sigma = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    settings = answer.settings
    baseline = f"baseline {settings['baseline_kind']}, {settings['baseline_year']}"
    return (
        f"real income {settings['real_income']}, {baseline}; {effect}sigma {sigma}; {settings['level']:.0%} "
        "intervals"
    )


def _bars(summary: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    kinds = [name.replace("_", " ") for name in DEFICITS]
    records = [
        {"state": row["state"], "deficits": name.replace("_", " ")}
        | {key: row[f"{key}_{name}"] for key in ("estimate", "lower", "upper")}
        for row in summary.to_dict("records")
        for name in DEFICITS
    ]
    records = [{key: None if value != value else value for key, value in row.items()} for row in records]
    base = alt.Chart(alt.InlineData(values=records)).encode(
        y=alt.Y("state:N", sort=summary["state"].tolist(), title=None),
        yOffset=alt.YOffset("deficits:N", sort=kinds),
    )
    bars = base.mark_bar().encode(
        x=alt.X("estimate:Q", title="change of real income, percent"),
        color=alt.Color("deficits:N", title="deficits", scale=alt.Scale(domain=kinds, range=COLOURS)),
    )
    rules = base.mark_rule(color="#111111").encode(x="lower:Q", x2="upper:Q")
    return alt.layer(bars, rules, width=560)


def _map(found: Counterfactual, focus: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Where real income rises and where it falls."""
    change = dict(zip(found.countries, np.median(found.changes["real_income"], axis=0).tolist(), strict=True))
    title = f"Change of real income, {DEFICITS[0].replace('_', ' ')} deficits"
    return world_map(change, signed_classes(list(change.values()), "%"), title=title, outlined=focus)
