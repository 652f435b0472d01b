"""Charts of an assessment: paths toward both poles, and the state among all others.

Every chart is static and complete without a tooltip: poles differ by colour and by dash, are labelled at
their lines, and missing years break a line. All have the same width, so that their letters have the same
size beside each other. Shares are drawn in per cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from tropism.dyads import dyad
from tropism.house_style import AWAY, CONFIG, OTHERS, QUIET, STATE, TOWARD

if TYPE_CHECKING:
    from tropism.assessment.result import Assessment, EvidenceRow
    from tropism.dyads import Window
    from tropism.shifts import Shift

Records = list[dict[str, Any]]
#: Which pole, its label, years and values.
_Path = tuple[str, str, np.ndarray, np.ndarray]

WIDTH, HEIGHT, STRIP_HEIGHT = 420, 225, 74
POLES = ("toward", "away")
DASHES: dict[str, list[int]] = {"toward": [1, 0], "away": [5, 3]}
BAND, BEFORE, AFTER = "#e3e8ee", "#f3efe6", "#e9eff5"
#: Share of the states on either side that may lie beyond the axis, marked there by their number.
BEYOND = 0.02
#: Probability of each band about an estimated path or change, the widest first.
BANDS = (0.95, 0.8, 0.5)
#: Years drawn before the first window and after the second.
CONTEXT = 20
#: A name longer than this is written as its code beside a line or below an axis.
LONGEST = 16


def assessment_chart(assessment: Assessment) -> alt.VConcatChart:
    """Paths toward both poles, and where the state stands among all others, for every row.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    altair.VConcatChart
        One line of charts per row that has any; a row without data is left out.
    """
    lines = []
    for row in assessment.rows:
        drawn = [draw(row, assessment) for draw in (path_chart, cloud_chart, level_chart)]
        charts = [chart for chart in drawn if chart is not None]
        if charts:
            title = alt.TitleParams(row.title, subtitle=f"{row.direction} ({row.measured_in})")
            lines.append(alt.hconcat(*charts, spacing=40, title=title))
    if not lines:
        nothing = _chart([{"text": "no line of evidence has data"}]).mark_text().encode(text="text:N")
        lines.append(alt.hconcat(nothing))
    # A layout of several charts cannot be fitted to a size; each keeps the size of its plot.
    return alt.vconcat(*lines, spacing=30, title=assessment.question).configure(**CONFIG)


def path_chart(row: EvidenceRow, assessment: Assessment, *, events: bool = False) -> alt.LayerChart | None:
    """Closeness to both poles over the years, with the two windows and their means.

    Parameters
    ----------
    row : EvidenceRow
    assessment : Assessment
    events : bool
        Mark dated events along the bottom, by whom they were with.

    Returns
    -------
    altair.LayerChart or None
        None where neither pole has two years of data.
    """
    if row.series is None or row.shifts is None:
        return None
    triad, window = assessment.triad, row.shifts.window
    # Enough years around the windows to see what was usual, not so many that the windows shrink.
    earliest, latest = window.before_start - CONTEXT, (window.after_end or window.after_start) + CONTEXT
    paths: list[_Path] = []
    for key, pole, name in zip(POLES, triad.poles, assessment.names[1:], strict=True):
        if dyad(triad.state, pole) in row.series:
            years, values = row.series.path(dyad(triad.state, pole))
            near = (years >= earliest) & (years <= latest)
            if near.any():
                paths.append((key, _short(name, pole), years[near], values[near] * _scale(row)))
    if not paths:
        return None
    first, last = min(int(path[2][0]) for path in paths), max(int(path[2][-1]) for path in paths)
    if first == last:
        return None
    everything = np.concatenate([values for *_, values in paths])
    if row.series.has_sampling_error:
        bounds = [
            _bounds(row, dyad(triad.state, pole), (first, last), max(BANDS))[1:] for pole in triad.poles
        ]
        everything = np.concatenate([everything, *(each for pair in bounds for each in pair)])
    low, high = min(0.0, float(everything.min())), max(0.0, float(everything.max()))
    low, high = low - 0.05 * (high - low) * (low < 0), high + 0.16 * ((high - low) or 1.0)
    if events:
        low -= 0.13 * (high - low)
    ends = _ends(paths, last, low, high)
    room = max(8.0 * len(end["label"]) for end in ends) + 10
    x = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[first, last + room * (last - first) / (WIDTH - 50 - room)], nice=False),
        axis=alt.Axis(
            values=_year_ticks(first, last),
            format="d",
            grid=False,
            domain=False,
            labelFlush=False,
            labelPadding=6,
        ),
    )
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=5, domain=False, ticks=False, labelExpr=_level_label(row)),
    )
    layers = _windows(window, x, y, (first, last), (low, high))
    if row.series.has_sampling_error:
        layers += _intervals(row, assessment, x, y, (first, last))
    if row.shift is not None and row.shifts.summary == "mean":
        layers.append(_means(row.shift, window, _scale(row), x, y, (first, last)))
    for key, _, years, values in paths:
        layers += _line(key, years, values, x, y)
    if events:
        layers += _event_ticks(assessment, x, y, (first, last), (low, high))
    layers.append(
        _chart(ends)
        .mark_text(align="left", dx=7, fontWeight="bold")
        .encode(x=x, y=y, text="label:N", color=_colour())
    )
    return alt.LayerChart(layer=layers, width=WIDTH, height=HEIGHT)


def cloud_chart(row: EvidenceRow, assessment: Assessment) -> alt.LayerChart | None:
    """How all other states changed, as a histogram, with the state marked in it.

    Returns
    -------
    altair.LayerChart or None
        None for a row without a change.
    """
    if row.shift is None or row.shifts is None:
        return None
    others, own, low, high = _changes(row)
    counts, edges = np.histogram(others[(others >= low) & (others <= high)], bins=32, range=(low, high))
    top = max(float(counts.max(initial=0)), 1.0)
    x = _change_axis(row, low, high, title=_directions(assessment))
    left, right = x["scale"]["domain"]
    y = alt.Y(
        "low:Q",
        title="number of states",
        scale=alt.Scale(domain=[0, 1.34 * top], nice=False),
        axis=alt.Axis(values=_count_ticks(top), domain=False, ticks=False, format="d"),
    )
    layers = _band(row, left, right, 0, 1.34 * top, x, y)
    if layers:
        text = {"value": _middle(row, left, right), "low": 1.27 * top, "label": "middle 90 % of the others"}
        layers.append(_chart([text]).mark_text(color=QUIET).encode(x=x, y=y, text="label:N"))
    bars = [
        {"value": float(edges[i]), "end": float(edges[i + 1]), "low": 0, "top": int(count)}
        for i, count in enumerate(counts)
        if count
    ]
    layers.append(
        _chart(bars)
        .mark_rect(color=OTHERS, stroke="white", strokeWidth=0.8)
        .encode(x=x, x2="end:Q", y=y, y2="top:Q")
    )
    layers.append(_no_change(x, y, 1.02 * top))
    layers += _beyond(others, low, high, x, y, 0.06 * top)
    mark = {"value": own, "low": 0, "top": 1.1 * top, "label": _short(assessment.names[0], row.shift.state)}
    layers.append(_chart([mark]).mark_rule(color=STATE, strokeWidth=2.5).encode(x=x, y=y, y2="top:Q"))
    layers.append(_name(mark, own > (low + high) / 2, x, y))
    return alt.LayerChart(layer=layers, width=WIDTH, height=HEIGHT)


def strip_chart(row: EvidenceRow, assessment: Assessment) -> alt.LayerChart | None:
    """One line: every other state's change as a tick, the state as a diamond, no change in the middle.

    Returns
    -------
    altair.LayerChart or None
        None for a row without a change.
    """
    if row.shift is None or row.shifts is None:
        return None
    others, own, low, high = _changes(row)
    high = max(-low, high)
    low = -high
    x = _change_axis(row, low, high)
    left, right = x["scale"]["domain"]
    y = alt.Y("low:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None)
    ticks = [{"value": float(v), "low": 0.12, "top": 0.52} for v in np.sort(others) if low <= v <= high]
    mark = {"value": own, "low": 0.32, "top": 0.82, "label": _short(assessment.names[0], row.shift.state)}
    layers = [
        *_band(row, left, right, 0.04, 0.6, x, y),
        _no_change(x, y, 0.66),
        _ticks(ticks, x, y),
        *_beyond(others, low, high, x, y, 0.32),
        _diamonds([mark], x, y),
        _name(mark, own > 0, x, y, gap=0),
    ]
    return alt.LayerChart(layer=layers, width=WIDTH, height=STRIP_HEIGHT)


def level_chart(row: EvidenceRow, assessment: Assessment) -> alt.LayerChart | None:
    """Where there is one year: the level toward either pole among those of all other states.

    Returns
    -------
    altair.LayerChart or None
        None for a row with another status than level.
    """
    if row.status != "level" or row.series is None:
        return None
    triad, names = assessment.triad, assessment.names
    ticks: Records = []
    marks: Records = []
    for bottom, pole, name, own in zip(
        (1, 0), triad.poles, names[1:], (row.toward_level, row.away_level), strict=True
    ):
        if own is None:
            continue
        levels = row.series.toward(pole)
        values, have = levels.mean_over(row.coverage.after[0], row.coverage.after[1])
        keep = [
            i for i, unit in enumerate(levels.units) if have[i] and unit not in (triad.state, *triad.poles)
        ]
        others = np.sort(values.mean(axis=0)[keep]) * _scale(row)
        ticks += [{"value": float(v), "low": bottom + 0.12, "top": bottom + 0.46} for v in others]
        label = f"{_short(names[0], triad.state)} – {_short(name, pole)}"
        marks.append(
            {"value": own.estimate * _scale(row), "low": bottom + 0.29, "top": bottom + 0.72, "label": label}
        )
    shown = [float(each["value"]) for each in (*ticks, *marks)]
    low, high = 1.05 * min([*shown, 0.0]), 1.05 * max([*shown, 1e-9])
    x = alt.X(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=5, grid=False, labelExpr=_level_label(row)),
    )
    y = alt.Y("low:Q", scale=alt.Scale(domain=[0, 2], nice=False), axis=None)
    layers = [_ticks(ticks, x, y), _diamonds(marks, x, y)]
    layers += [_name(mark, float(mark["value"]) > (low + high) / 2, x, y, gap=0) for mark in marks]
    return alt.LayerChart(layer=layers, width=WIDTH, height=2 * STRIP_HEIGHT)


def _chart(records: Records) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=records))


def _scale(row: EvidenceRow) -> int:
    return 100 if row.measured_in.startswith("share") else 1


def _short(name: str, code: str) -> str:
    """A label without its article ("the United States"); its code where even that is long."""
    name = name.removeprefix("the ")
    return name if len(name) <= LONGEST else code


def _level_label(row: EvidenceRow) -> str:
    return "datum.label + ' %'" if _scale(row) == 100 else "datum.label"


def _directions(assessment: Assessment) -> str:
    b, c = (
        _short(name, pole) for name, pole in zip(assessment.names[1:], assessment.triad.poles, strict=True)
    )
    return f"← toward {c}   |   toward {b} →"


def _changes(row: EvidenceRow) -> tuple[np.ndarray, float, float, float]:
    """The others' changes, the state's own, and the span that nearly all states, the state and 0 need."""
    assert row.shift is not None and row.shifts is not None
    others = row.shifts.placebos()[1] * _scale(row)
    own = row.shift.change.estimate * _scale(row)
    low, high = np.quantile(others, [BEYOND, 1 - BEYOND]) if others.size else (own, own)
    low, high = min(float(low), own, 0.0), max(float(high), own, 0.0)
    # Nobody moved at all, the state included: a span is needed all the same.
    return (others, own, low, high) if low < high else (others, own, -1.0, 1.0)


def _change_axis(row: EvidenceRow, low: float, high: float, title: str | None = None) -> alt.X:
    # The margin holds the number of states beyond either end.
    margin = 0.085 * (high - low)
    signed = "datum.value == 0 ? '0' : (datum.value > 0 ? '+' : '') + datum.label"
    return alt.X(
        "value:Q",
        title=title,
        scale=alt.Scale(domain=[low - margin, high + margin], nice=False),
        axis=alt.Axis(tickCount=5, grid=False, labelExpr=signed + (" + ' pp'" if _scale(row) == 100 else "")),
    )


def _band(
    row: EvidenceRow, low: float, high: float, bottom: float, top: float, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """The middle 90 % of the other states, where there are enough of them to say so."""
    if row.shift is None or row.shift.rank is None:
        return []
    rank, scale = row.shift.rank, _scale(row)
    band = {
        "value": max(rank.lower * scale, low),
        "end": min(rank.upper * scale, high),
        "low": bottom,
        "top": top,
    }
    return [_chart([band]).mark_rect(color=BAND).encode(x=x, x2="end:Q", y=y, y2="top:Q")]


def _middle(row: EvidenceRow, low: float, high: float) -> float:
    """Where the words about the band may stand: within the plot, and as near to the band as that allows."""
    assert row.shift is not None and row.shift.rank is not None
    centre = (row.shift.rank.lower + row.shift.rank.upper) / 2 * _scale(row)
    half = 0.22 * (high - low)
    return float(np.clip(centre, low + half, high - half))


def _beyond(others: np.ndarray, low: float, high: float, x: alt.X, y: alt.Y, at: float) -> list[alt.Chart]:
    """How many states lie outside the span, written into the margin at either end."""
    left, right = x["scale"]["domain"]
    below, above = int((others < low).sum()), int((others > high).sum())
    layers = []
    if below:
        text = _chart([{"value": left, "low": at, "label": f"◂ {below}"}])
        layers.append(text.mark_text(align="left", dx=1, color=QUIET, fontSize=12))
    if above:
        text = _chart([{"value": right, "low": at, "label": f"{above} ▸"}])
        layers.append(text.mark_text(align="right", dx=-1, color=QUIET, fontSize=12))
    return [layer.encode(x=x, y=y, text="label:N") for layer in layers]


def _no_change(x: alt.X, y: alt.Y, top: float) -> alt.Chart:
    mark = _chart([{"value": 0, "low": 0, "top": top}]).mark_rule(color=QUIET, strokeDash=[2, 2])
    return mark.encode(x=x, y=y, y2="top:Q")


def _ticks(records: Records, x: alt.X, y: alt.Y) -> alt.Chart:
    mark = _chart(records).mark_rule(color=QUIET, strokeWidth=1.2, opacity=0.55)
    return mark.encode(x=x, y=y, y2="top:Q")


def _diamonds(records: Records, x: alt.X, y: alt.Y) -> alt.Chart:
    mark = _chart(records).mark_point(
        shape="diamond", filled=True, size=160, color=STATE, stroke="white", strokeWidth=1.5, opacity=1
    )
    return mark.encode(x=x, y=y)


def _name(mark: dict[str, Any], to_the_left: bool, x: alt.X, y: alt.Y, gap: int = 6) -> alt.Chart:
    """The state's name over its mark, on the side that has room."""
    at = {"value": mark["value"], "low": mark["top"], "label": mark["label"]}
    text = _chart([at]).mark_text(
        align="right" if to_the_left else "left",
        dx=-gap if to_the_left else gap,
        color=STATE,
        fontWeight="bold",
    )
    return text.encode(x=x, y=y, text="label:N")


def _year_ticks(first: int, last: int) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50) if (last - first) / step <= 7)
    return list(range(-(-first // step) * step, last + 1, step))


def _count_ticks(top: float) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if top / step <= 5)
    return list(range(0, int(top) + 1, step))


def _colour() -> alt.Color:
    return alt.Color("pole:N", legend=None, scale=alt.Scale(domain=list(POLES), range=[TOWARD, AWAY]))


def _ends(paths: list[_Path], last: int, low: float, high: float) -> Records:
    """A label at the end of each line, moved apart where the lines end too close together."""
    apart = 18 / HEIGHT * (high - low)
    at = [float(values[-1]) for *_, values in paths]
    if len(at) == 2 and abs(at[0] - at[1]) < apart:
        # Neither may sink below the axis: two lines that both end at 0 are common.
        bottom = max(sum(at) / 2 - apart / 2, low + apart / 4)
        at = [bottom + apart, bottom] if at[0] >= at[1] else [bottom, bottom + apart]
    return [
        {"pole": key, "label": label, "year": last, "value": value}
        for (key, label, *_), value in zip(paths, at, strict=True)
    ]


def _line(key: str, years: np.ndarray, values: np.ndarray, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """A path that breaks at missing years; a year without neighbours is a point."""
    have: dict[int, float] = dict(zip(years.tolist(), values.tolist(), strict=True))
    every = range(int(years[0]), int(years[-1]) + 1)
    records = [{"year": year, "value": have.get(year), "pole": key} for year in every]
    alone = [
        {"year": year, "value": value, "pole": key}
        for year, value in have.items()
        if year - 1 not in have and year + 1 not in have
    ]
    line = _chart(records).mark_line(
        strokeWidth=2, strokeDash=DASHES[key], invalid="break-paths-show-path-domains"
    )
    marks = [line]
    if alone:
        marks.append(_chart(alone).mark_point(filled=True, size=22, opacity=1))
    return [mark.encode(x=x, y=y, color=_colour()) for mark in marks]


def _windows(
    window: Window, x: alt.X, y: alt.Y, years: tuple[int, int], values: tuple[float, float]
) -> list[alt.Chart]:
    """The years before and after, shaded and named, as far as the axis goes."""
    before = max(window.before_start - 0.5, years[0]), min(window.before_end + 0.5, years[1])
    after = max(window.after_start - 0.5, years[0]), min((window.after_end or years[1]) + 0.5, years[1])
    layers = []
    for (start, end), colour in ((before, BEFORE), (after, AFTER)):
        if start < end:
            area = {"year": start, "end": end, "value": values[0], "top": values[1]}
            layers.append(_chart([area]).mark_rect(color=colour).encode(x=x, x2="end:Q", y=y, y2="top:Q"))
    # The two words meet at the border between the windows, unless the first would not fit there.
    first, last = x["scale"]["domain"]
    word = 52 * (last - first) / (WIDTH - 50)
    narrow = before[1] - first < word
    if before[0] < before[1]:
        text = _chart([{"year": before[0] if narrow else before[1], "value": values[1], "label": "before"}])
        layers.append(
            text.mark_text(align="left", dx=3, dy=11, color=QUIET)
            if narrow
            else text.mark_text(align="right", dx=-5, dy=11, color=QUIET)
        )
        layers[-1] = layers[-1].encode(x=x, y=y, text="label:N")
    if after[0] < after[1]:
        start = max(after[0], before[0] + word) if narrow else after[0]
        text = _chart([{"year": start, "value": values[1], "label": "after"}])
        text = text.mark_text(align="left", dx=5, dy=11, color=QUIET)
        layers.append(text.encode(x=x, y=y, text="label:N"))
    return layers


def _means(shift: Shift, window: Window, scale: int, x: alt.X, y: alt.Y, years: tuple[int, int]) -> alt.Chart:
    spans = ((window.before_start, window.before_end), (window.after_start, window.after_end or years[1]))
    records = [
        {"year": max(start, years[0]), "end": min(end, years[1]), "value": mean.estimate * scale, "pole": key}
        for key, means in zip(POLES, (shift.toward, shift.away), strict=True)
        for mean, (start, end) in zip(means, spans, strict=True)
    ]
    mark = _chart(records).mark_rule(strokeWidth=6, opacity=0.4)
    return mark.encode(x=x, x2="end:Q", y=y, color=_colour())


def _intervals(
    row: EvidenceRow, assessment: Assessment, x: alt.X, y: alt.Y, years: tuple[int, int]
) -> list[alt.Chart]:
    """Bands of an estimated path, fading and without an outline: a boundary invites in/out reading."""
    layers = []
    for key, pole in zip(POLES, assessment.triad.poles, strict=True):
        for level in BANDS:
            at, low, high = _bounds(row, dyad(assessment.triad.state, pole), years, level)
            have = dict(zip(at.tolist(), zip(low.tolist(), high.tolist(), strict=True), strict=True))
            if not have:
                continue
            records: Records = []
            for year in range(min(have), max(have) + 1):
                lower, upper = have.get(year, (None, None))
                records.append({"year": year, "value": lower, "top": upper, "pole": key})
            area = _chart(records).mark_area(opacity=0.13, invalid="break-paths-show-path-domains")
            layers.append(area.encode(x=x, y=y, y2="top:Q", color=_colour()))
    return layers


def _bounds(
    row: EvidenceRow, unit: str, years: tuple[int, int], level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Years of a path and its equal-tailed interval in each, as drawn."""
    assert row.series is not None
    if unit not in row.series:
        return np.empty(0, int), np.empty(0), np.empty(0)
    at = row.series.index([unit])[0]
    here = ~row.series.missing[at] & (row.series.years >= years[0]) & (row.series.years <= years[1])
    low, high = interval(row.series.values[:, at, here] * _scale(row), level)
    return row.series.years[here], low, high


def interval(draws: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Equal-tailed interval over the first axis."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def partner(assessment: Assessment, event: Mapping[str, Any]) -> str:
    """Whom a dated event was with: ``"toward"``, ``"away"`` or ``"others"``."""
    triad = assessment.triad
    other = event["target"] if event["actor"] == triad.state else event["actor"]
    return dict(zip(triad.poles, POLES, strict=True)).get(str(other), "others")


def year_of(day: Any) -> float:
    """A date as a point on an axis of years, each year at its middle."""
    return float(day.year) - 0.5 + (day.timetuple().tm_yday - 1) / 365.25


def _event_ticks(
    assessment: Assessment, x: alt.X, y: alt.Y, years: tuple[int, int], values: tuple[float, float]
) -> list[alt.Chart]:
    """Dated events along the bottom: a line of ticks for either pole, and one for everybody else."""
    step = 0.035 * (values[1] - values[0])
    layers = []
    for i, (key, colour) in enumerate((("others", OTHERS), ("away", AWAY), ("toward", TOWARD))):
        bottom = values[0] + i * step
        records = [
            {"year": year_of(event["date"]), "value": bottom, "top": bottom + 0.75 * step}
            for event in assessment.events
            if partner(assessment, event) == key and years[0] - 0.5 <= event["date"].year <= years[1]
        ]
        if records:
            mark = _chart(records).mark_rule(color=colour, strokeWidth=1.5)
            layers.append(mark.encode(x=x, y=y, y2="top:Q"))
    return layers
