"""Charts of a dossier beside those of its rows: headline, whose move it was, specifications, the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import altair as alt

from tropism.assessment.charts import (
    BANDS,
    DASHES,
    POLES,
    WIDTH,
    Records,
    _change_axis,
    _chart,
    _colour,
    _level_label,
    _scale,
    _short,
    interval,
)
from tropism.house_style import QUIET, STATE

if TYPE_CHECKING:
    from tropism.assessment.result import Assessment, EvidenceRow

#: Room for a name left of a plot.
NAMES = 128
#: Where a name goes on in a second line.
BREAK = "|"


def levels_chart(row: EvidenceRow, assessment: Assessment) -> alt.LayerChart | None:
    """Closeness to either pole before and after: a hollow mark, a line, a full mark.

    Returns
    -------
    altair.LayerChart or None
        None for a row without a change.
    """
    if row.shift is None:
        return None
    ends: Records = []
    for key, pole, name, pair in zip(
        POLES,
        assessment.triad.poles,
        assessment.names[1:],
        (row.shift.toward, row.shift.away),
        strict=True,
    ):
        old, new = (each.estimate * _scale(row) for each in pair)
        who = f"{_short(name, pole)}{BREAK}{_number(old, row)} → {_number(new, row)}"
        ends.append({"who": who, "pole": key, "value": old, "end": new})
    shown = [value for each in ends for value in (each["value"], each["end"])]
    low, high = min(*shown, 0.0), max(*shown, 0.0)
    margin = 0.06 * ((high - low) or 1.0)
    x = alt.X(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[low - margin, high + margin], nice=False),
        axis=alt.Axis(tickCount=5, labelExpr=_level_label(row)),
    )
    y = _named("who:N", [each["who"] for each in ends])
    line = _chart(ends).mark_rule(strokeWidth=3, opacity=0.6)
    before = _chart(ends).mark_point(filled=True, fill="white", size=90, strokeWidth=2.2, opacity=1)
    after = _chart(ends).mark_point(filled=True, size=110, opacity=1)
    return alt.LayerChart(
        layer=[
            line.encode(x=x, x2="end:Q", y=y, color=_colour(), strokeDash=_dash()),
            before.encode(x=x, y=y, stroke=_stroke()),
            after.encode(x=alt.X("end:Q", scale=x["scale"]), y=y, color=_colour()),
        ],
        width=WIDTH,
        height=112,
    )


def difference_chart(row: EvidenceRow, assessment: Assessment) -> alt.LayerChart | None:
    """The change of the gap with its interval at 50, 80 and 95 per cent, and no change beside it.

    Returns
    -------
    altair.LayerChart or None
        None for a row without a change.
    """
    if row.shift is None or row.shifts is None:
        return None
    own = row.shift.change.estimate * _scale(row)
    draws = row.shifts.changes[:, row.shifts.states.index(row.shift.state)] * _scale(row)
    who = f"change of the gap{BREAK}{_number(own, row, '+')}"
    spans: list[tuple[int, dict[str, Any]]] = []
    if draws.size > 1:
        for level, size in zip(BANDS, (22, 34, 46), strict=True):
            low, high = interval(draws, level)
            spans.append((size, {"who": who, "value": float(low), "end": float(high)}))
    shown = [own, 0.0, *(each[key] for _, each in spans for key in ("value", "end"))]
    x = _change_axis(row, min(shown), max(shown) if max(shown) > min(shown) else 1.0)
    y = _named("who:N", [who])
    layers = [
        _chart([each]).mark_bar(color=STATE, opacity=0.22, size=size).encode(x=x, x2="end:Q", y=y)
        for size, each in spans
    ]
    point = _chart([{"value": own, "who": who}]).mark_point(
        shape="diamond", filled=True, size=130, color=STATE, stroke="white", strokeWidth=1.2, opacity=1
    )
    zero = _chart([{"value": 0}]).mark_rule(color=QUIET, strokeDash=[2, 2]).encode(x=x)
    return alt.LayerChart(layer=[*layers, zero, point.encode(x=x, y=y)], width=WIDTH, height=92)


def _number(value: float, row: EvidenceRow, sign: str = "") -> str:
    """A number as an axis of the row has it."""
    unit = {"share": " pp" if sign else " %"}.get(row.measured_in.split()[0], "")
    digits = 0 if row.block == "institutions" else 1 if unit else 2
    return f"{value:{sign}.{digits}f}{unit}".replace("-", "−")


def _named(field: str, order: list[str]) -> alt.Y:
    """A row for each name, in this order, with the same room for every chart."""
    axis = alt.Axis(
        domain=False,
        ticks=False,
        labelExpr=f"split(datum.label, '{BREAK}')",
        labelLimit=0,
        labelPadding=8,
        minExtent=NAMES,
        maxExtent=NAMES,
    )
    return alt.Y(field, sort=order, title=None, axis=axis)


def _dash() -> alt.StrokeDash:
    dashes = [DASHES[key] for key in POLES]
    return alt.StrokeDash("pole:N", legend=None, scale=alt.Scale(domain=list(POLES), range=dashes))


def _stroke() -> alt.Stroke:
    colour = cast("dict[str, Any]", _colour().to_dict())
    return alt.Stroke("pole:N", legend=None, scale=alt.Scale(**colour["scale"]))
