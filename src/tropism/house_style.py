"""How every chart looks: letters, lines, and colours apart in greyscale and for any colour vision."""

from __future__ import annotations

from typing import Any

#: Dark enough on white for small text; the poles differ in lightness too, for readers in greyscale.
TOWARD, AWAY, STATE, OTHERS, QUIET = "#0b559f", "#c2510a", "#111111", "#8a94a3", "#5a6472"
#: Metrics of Arial everywhere: what is measured when drawing is what a browser shows.
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"

#: Kinds without an order of their own, from dark to light in greyscale.
KINDS = (TOWARD, "#d9741f", "#a9cbe8", STATE)

#: What Vega-Lite takes as its configuration.
CONFIG: dict[str, Any] = {
    "aria": False,
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 13,
        "labelColor": QUIET,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titleColor": QUIET,
        "domainColor": "#b5bdc8",
        "tickColor": "#b5bdc8",
        "gridColor": "#e6e9ee",
    },
    "legend": {"labelFontSize": 12, "labelColor": QUIET, "labelLimit": 0, "titleFontSize": 12},
    "mark": {"color": TOWARD},
    "range": {"category": list(KINDS)},
    "text": {"fontSize": 13},
    "title": {"anchor": "start", "fontSize": 14, "subtitleFontSize": 12, "subtitleColor": QUIET},
}
