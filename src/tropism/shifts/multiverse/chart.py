"""The specification curve, complete without a tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tropism.house_style import AWAY, CONFIG, OTHERS, QUIET, TOWARD
from tropism.shifts.multiverse.axes import AXES
from tropism.shifts.multiverse.words import DOING, ordinal, title

if TYPE_CHECKING:
    import altair as alt

    from tropism.shifts.multiverse.result import Multiverse

WIDTH, HEIGHT, ROW = 820, 260, 15
#: Moves beyond this are drawn at the edge: a few would flatten all others.
FURTHEST = 4.0
#: Verdicts in the order of the legend; different in lightness too.
COLOURS = {"toward": TOWARD, "away": AWAY, "ordinary": OTHERS, "not counted": "#dfe3e8"}


def curve(found: Multiverse, group: str) -> alt.VConcatChart:
    """Moves in order of size above a grid that says which choices each rests on."""
    import altair as alt

    table = found._part(group)
    table = table[table["move"].notna()].sort_values("move", ignore_index=True)
    _, b, c = found.names
    titles = {
        "toward": f"unusual, toward {b}",
        "away": f"unusual, toward {c}",
        "ordinary": "usual among other states",
        "not counted": "poles not apart: not counted",
    }
    verdicts = [str(verdict) or "not counted" for verdict in table["verdict"]]
    shown = [name for name in COLOURS if name in verdicts] or ["ordinary"]
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=[titles[name] for name in shown], range=[COLOURS[name] for name in shown]),
        legend=alt.Legend(
            title=None, orient="top", direction="horizontal", labelFontSize=12, labelLimit=0, offset=4
        ),
    )
    x = alt.X("at:Q", axis=None, scale=alt.Scale(domain=[-1, max(len(table), 1)], nice=False))
    edge = max(1.0, min(FURTHEST, float(table["move"].abs().max() or 1)))
    points: list[dict[str, Any]] = [
        {"at": i, "move": max(-edge, min(edge, move)), "verdict": titles[verdict]}
        for i, (move, verdict) in enumerate(zip(table["move"].tolist(), verdicts, strict=True))
    ]
    y = alt.Y(
        "move:Q",
        title="move, in spreads of the field",
        scale=alt.Scale(domain=[-1.05 * edge, 1.05 * edge], nice=False),
        axis=alt.Axis(tickCount=7, domain=False, ticks=False),
    )
    top = alt.layer(
        alt.Chart(alt.InlineData(values=[{"move": 0}])).mark_rule(color=QUIET).encode(y=y),
        alt.Chart(alt.InlineData(values=points))
        .mark_point(filled=True, size=14, opacity=1)
        .encode(x=x, y=y, color=colour),
    ).properties(width=WIDTH, height=HEIGHT)
    ticks, order = [], []
    for axis in AXES:
        chosen = table[axis.name]
        present = [name for name in axis.choices if (chosen == name).any()]
        present += sorted(set(chosen) - {"", *present})
        if len(present) < 2:
            continue
        for name in present:
            label = f"{DOING[axis.name]}: {name}"
            order.append(label)
            at = (i for i, value in enumerate(chosen) if value == name)
            ticks += [{"at": i, "choice": label, "verdict": titles[verdicts[i]]} for i in at]
    grid = (
        alt.Chart(alt.InlineData(values=ticks))
        .mark_tick(thickness=max(1.0, 0.7 * WIDTH / max(len(table), 1)), height=ROW - 5)
        .encode(
            x=x,
            y=alt.Y(
                "choice:N",
                sort=order,
                title=None,
                axis=alt.Axis(
                    domain=False, ticks=False, grid=True, labelLimit=220, labelFontSize=11, labelPadding=8
                ),
            ),
            color=colour,
        )
        .properties(width=WIDTH, height=ROW * len(order))
    )
    return (
        alt.vconcat(top, grid, spacing=6, title=_title(found, group, len(table), alt))
        .resolve_scale(x="shared", color="shared")
        .configure(**CONFIG)
    )


def _title(found: Multiverse, group: str, shown: int, alt: Any) -> Any:
    a, b, c = found.names
    test = found._joint(group)
    beneath = [
        f"{shown} specifications on {title(group)}, in order of the state's move; above 0 is toward {b}."
    ]
    if test is not None:
        beneath.append(
            f"Joint test: median {test.move:+.2f}, {ordinal(test.rank)} of {test.n + 1} states toward {b}, "
            f"p = {test.p_value:.2f}. A share of specifications is no probability."
        )
    return alt.TitleParams(f"{a} between {b} and {c}, {found.event}", subtitle=beneath, offset=10)
