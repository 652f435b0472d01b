"""A map of the world with a value for each state: countries filled by class, small states as dots.

Every result that has a number for many states draws it with `world_map`. Colours stand for classes and not
for a continuous scale: what happens to the state in question is often a thousand times what happens to the
rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tropism.tables import read_table

if TYPE_CHECKING:
    import altair as alt

#: Land without a value and its words; borders; outline of a state in question.
GREY, NO_VALUE = "#d3d7dc", "no value"
BORDER, OUTLINE = "#ffffff", "#111111"

#: Below zero, about zero, above it: readable with any colour vision, dark where the change is large.
FALLING = ("#8f3b06", "#d9741f", "#f6c28b")
AROUND = "#f8f1d4"
RISING = ("#a9cbe8", "#3f83c0", "#0b3f7f")

#: Small to large.
GROWING = ("#d5e5f3", "#a4c8e7", "#63a0d3", "#2a6cab", "#0b3f7f")

#: Nothing to draw but ice, and half the height of the map.
LEFT_OUT = "ATA"


@dataclass(frozen=True)
class Classes:
    """Classes of a value, from low to high: ``edges`` between them, and for each a colour and words.

    A value on an edge belongs to the class above.
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]

    def of(self, value: float) -> int:
        """Number of the class that a value falls into."""
        return sum(edge <= value for edge in self.edges)


def signed_classes(values: Sequence[float], unit: str = "") -> Classes:
    """Seven classes about zero, a factor of ten between them, as wide as the largest value.

    Parameters
    ----------
    values : sequence of float
    unit : str
        Written after every number: ``"%"``.

    Examples
    --------
    >>> signed_classes([-1.4, 0.02], "%").labels[:2]
    ('below −1%', '−1 to −0.1%')
    """
    largest = max((abs(value) for value in values), default=0.0)
    power = math.floor(math.log10(largest)) if largest > 0 else 0
    powers = (power - 2, power - 1, power)
    steps = [10.0**each for each in powers]
    near, mid, far = (f"{step:.{max(0, -each)}f}" for step, each in zip(steps, powers, strict=True))
    return Classes(
        edges=(*(-step for step in reversed(steps)), *steps),
        colours=(*FALLING, AROUND, *RISING),
        labels=(
            f"below −{far}{unit}",
            f"−{far} to −{mid}{unit}",
            f"−{mid} to −{near}{unit}",
            f"−{near} to {near}{unit}",
            f"{near} to {mid}{unit}",
            f"{mid} to {far}{unit}",
            f"above {far}{unit}",
        ),
    )


#: Shares of a total, as fractions.
SHARES = Classes(
    edges=(0.001, 0.01, 0.05, 0.2),
    colours=GROWING,
    labels=("below 0.1%", "0.1 to 1%", "1 to 5%", "5 to 20%", "above 20%"),
)

#: Where a value stands among others of its kind: the share of them that are lower.
STANDING = Classes(
    edges=(0.05, 0.25, 0.75, 0.95),
    colours=(FALLING[0], FALLING[2], AROUND, RISING[0], RISING[2]),
    labels=("lowest 5%", "5 to 25%", "middle half", "75 to 95%", "highest 5%"),
)


def can_map(states: Sequence[str]) -> bool:
    """Whether a label is a state that the map has: labels of made-up worlds are none."""
    return not _places().keys().isdisjoint(states)


def world_map(
    values: Mapping[str, float],
    classes: Classes,
    *,
    title: str,
    outlined: Sequence[str] = (),
    number: str = ".3g",
    width: int = 640,
) -> alt.LayerChart | alt.FacetChart:
    """Draw a value for each state on the map of the world.

    Parameters
    ----------
    values : mapping of str to float
        By ISO3 code. States without one, or with NaN, stay grey; codes without a place are left out.
    classes : Classes
    title : str
        What is shown, with its unit.
    outlined : sequence of str
        States with a dark border: those that the question names.
    number : str
        How the tooltip writes a value, in d3's notation.
    width : int
        Pixels.

    Returns
    -------
    altair.LayerChart
        Its data are in it: nothing is fetched when it is drawn.

    Examples
    --------
    >>> chart = world_map({"PAK": 0.02, "RUS": -1.4}, signed_classes([-1.4, 0.02]), title="percent")
    >>> len(chart.layer)
    1
    """
    import altair as alt

    known = {state: float(value) for state, value in values.items() if value == value}
    land = [shape | _shown(shape["state"], known, classes) for shape in _shapes()]
    drawn = {shape["state"] for shape in land}
    dots = [
        {"state": state, "longitude": place[0], "latitude": place[1]} | _shown(state, known, classes)
        for state, place in _places().items()
        if state in known and state not in drawn
    ]
    # Of the classes, those from the lowest to the highest that occurs.
    there = [classes.labels.index(row["class"]) for row in (*land, *dots) if row["class"] != NO_VALUE]
    between = slice(min(there), max(there) + 1) if there else slice(0)
    colour = alt.Color(
        "class:N",
        title=None,
        scale=alt.Scale(domain=[*classes.labels[between], NO_VALUE], range=[*classes.colours[between], GREY]),
        legend=alt.Legend(orient="bottom", columns=4, symbolType="square", symbolStrokeWidth=0),
    )
    tooltip = [alt.Tooltip("state:N"), alt.Tooltip("value:Q", format=number)]
    shapes = alt.Chart(alt.InlineData(values=land))
    layers: list[Any] = [
        shapes.mark_geoshape(stroke=BORDER, strokeWidth=0.5).encode(color=colour, tooltip=tooltip)
    ]
    if dots:
        small = alt.Chart(alt.InlineData(values=dots))
        small = small.mark_circle(size=28, opacity=1, stroke="#8a94a3", strokeWidth=0.5)
        layers.append(
            small.encode(longitude="longitude:Q", latitude="latitude:Q", color=colour, tooltip=tooltip)
        )
    # Last, so that no neighbour covers them.
    named = [shape for shape in _shapes() if shape["state"] in set(outlined)]
    if named:
        layers.append(
            alt.Chart(alt.InlineData(values=named)).mark_geoshape(
                filled=False, stroke=OUTLINE, strokeWidth=1.1
            )
        )
    return alt.layer(
        *layers,
        title=alt.TitleParams(title, anchor="start"),
        projection=alt.Projection(type="equalEarth"),
        width=width,
        height=round(width * 0.47),
    )


def _shown(state: str | None, values: Mapping[str, float], classes: Classes) -> dict[str, Any]:
    """A state's value and the words of its class."""
    if state is None or state not in values:
        return {"value": None, "class": NO_VALUE}
    return {"value": values[state], "class": classes.labels[classes.of(values[state])]}


@cache
def _shapes() -> list[dict[str, Any]]:
    """Outlines as GeoJSON features, the state's code beside the geometry."""
    return [
        {
            "type": "Feature",
            "state": row["shape_iso3"],
            "geometry": {"type": "MultiPolygon", "coordinates": json.loads(row["outline"])},
        }
        for row in read_table("country_shapes").to_pylist()
        if row["shape_iso3"] != LEFT_OUT
    ]


@cache
def _places() -> dict[str, tuple[float, float]]:
    """Longitude and latitude of capitals by ISO3: where small states have their dot."""
    return {row["iso3"]: (row["longitude"], row["latitude"]) for row in read_table("capitals").to_pylist()}
