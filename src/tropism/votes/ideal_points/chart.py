"""The chart of a fit: paths with bands, complete without a tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.house_style import AWAY, CONFIG, STATE, TOWARD
from tropism.votes.ideal_points.result import interval

if TYPE_CHECKING:
    import altair as alt

    from tropism.votes.ideal_points.result import IdealPoints

WIDTH, HEIGHT = 560, 340
#: Dark enough on white for small text, and different in lightness too where only two or three are drawn.
COLOURS = (TOWARD, AWAY, "#1f7a3d", "#8e3b8a", STATE, "#7a5c00")
#: A label at the end of a line is cut after so many letters.
LONGEST = 20

Records = list[dict[str, Any]]
#: What a record of a path holds beside its year.
BOUNDS = ("value", "lower", "upper")


def chart(found: IdealPoints, chosen: list[tuple[str, np.ndarray]], level: float) -> alt.LayerChart:
    """Lines are named at their ends and break where a unit is absent."""
    import altair as alt

    def layer(records: Records) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=records))

    paths = [(unit, _path(found, rows, level)) for unit, rows in chosen]
    start = min(path[0]["year"] for _, path in paths)
    end = max(path[-1]["year"] for _, path in paths)
    seen = [float(each[key]) for _, path in paths for each in path for key in BOUNDS if each[key] is not None]
    margin = 0.04 * (max(seen) - min(seen) or 1.0)
    low, high, span = min(seen) - margin, max(seen) + margin, max(end - start, 1)
    names = _names(paths, end, span, apart=17 / HEIGHT * (high - low))
    room = 8.0 * max(len(each["label"]) for each in names) + 12
    x = alt.X(
        "year:Q",
        # Sessions are numbered where no years were given.
        title=None if start >= 1000 else "session",
        scale=alt.Scale(domain=[start, end + room * span / (WIDTH - room)], nice=False),
        axis=alt.Axis(values=_ticks(start, end), format="d", grid=False, domain=False, labelFlush=False),
    )
    y = alt.Y(
        "value:Q",
        title=f"ideal point, {found.measured_in} (+ toward {found.anchor})",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=6, domain=False, ticks=False, titlePadding=10),
    )
    bands, lines, labels = [], [], []
    for colour, (_, path), name in zip(COLOURS, paths, names, strict=False):
        # The bounds are drawn without an outline: a boundary invites in/out reading.
        area = [{"year": each["year"], "value": each["lower"], "top": each["upper"]} for each in path]
        bands.append(
            layer(area)
            .mark_area(color=colour, opacity=0.14, invalid="break-paths-show-path-domains")
            .encode(x=x, y=y, y2="top:Q")
        )
        lines.append(
            layer(path)
            .mark_line(color=colour, strokeWidth=2, invalid="break-paths-show-path-domains")
            .encode(x=x, y=y)
        )
        if alone := _alone(path):
            points = layer(alone).mark_point(color=colour, filled=True, size=24, opacity=1)
            lines.append(points.encode(x=x, y=y))
            bars = [{"year": each["year"], "value": each["lower"], "top": each["upper"]} for each in alone]
            bar = layer(bars).mark_rule(color=colour, strokeWidth=5, opacity=0.2)
            bands.append(bar.encode(x=x, y=y, y2="top:Q"))
        text = layer([name]).mark_text(color=colour, align="left", dx=6, fontWeight="bold")
        labels.append(text.encode(x=x, y=y, text="label:N"))
    banded = found.n_draws > 1
    title = alt.TitleParams(
        "Ideal points",
        subtitle=f"bands: {100 * level:g} % intervals from {found.n_draws:,} joint draws" if banded else "",
        offset=14,
    )
    drawn = [*(bands if banded else []), *lines, *labels]
    return alt.LayerChart(layer=drawn, width=WIDTH, height=HEIGHT, title=title).configure(**CONFIG)


def _path(found: IdealPoints, rows: np.ndarray, level: float) -> Records:
    """A unit's path: one record per session from its first to its last, empty where it is absent."""
    sessions, at = np.unique(found.session, return_index=True)
    value = found._estimate()[rows]
    lower, upper = interval(found.draws[:, rows], level) if found.n_draws > 1 else (value, value)
    bounds = zip(value.tolist(), lower.tolist(), upper.tolist(), strict=True)
    have = dict(zip(found.session[rows].tolist(), bounds, strict=True))
    within = (sessions >= found.session[rows[0]]) & (sessions <= found.session[rows[-1]])
    return [
        {"year": year} | dict(zip(BOUNDS, have.get(session, (None,) * 3), strict=True))
        for session, year in zip(sessions[within].tolist(), found.year[at][within].tolist(), strict=True)
    ]


def _alone(path: Records) -> Records:
    """Sessions without a neighbour, which a line does not show."""
    here = [False, *(each["value"] is not None for each in path), False]
    return [each for i, each in enumerate(path, 1) if here[i] and not here[i - 1] and not here[i + 1]]


def _names(paths: list[tuple[str, Records]], end: int, span: int, apart: float) -> Records:
    """A label at the end of each line; those at one end are moved apart where they would overlap."""
    names: Records = [
        {
            "label": unit if len(unit) <= LONGEST else unit[: LONGEST - 1] + "…",
            # A line that ends a little early is named at the edge, so that no two labels half overlap.
            "year": end if end - path[-1]["year"] < 0.1 * span else path[-1]["year"],
            "value": path[-1]["value"],
        }
        for unit, path in paths
    ]
    for year in {each["year"] for each in names}:
        here = sorted((each for each in names if each["year"] == year), key=lambda each: float(each["value"]))
        for each, value in zip(here, _apart([each["value"] for each in here], apart), strict=True):
            each["value"] = value
    return names


def _apart(values: list[float], least: float) -> list[float]:
    """Ascending values moved as little as possible (least squares) until neighbours are ``least`` apart."""
    # Less i times the distance, the places need only ascend: neighbours that do not are pooled at their mean.
    pools: list[tuple[float, int]] = []
    for i, value in enumerate(values):
        pools.append((value - i * least, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, n), (two, m) = pools.pop(), pools.pop()
            pools.append(((one * n + two * m) / (n + m), n + m))
    placed = [place for place, count in pools for _ in range(count)]
    return [place + i * least for i, place in enumerate(placed)]


def _ticks(first: int, last: int) -> list[int]:
    step = next((step for step in (1, 2, 5, 10, 20, 50) if (last - first) / step <= 8), 100)
    return list(range(-(-first // step) * step, last + 1, step))
