"""The map of the world: what is drawn for which state, classes, and outlines that a drawer can read."""

import json

import numpy as np
import pytest

from tropism.states import states
from tropism.tables import read_table
from tropism.world_map import NO_VALUE, SHARES, STANDING, can_map, signed_classes, world_map


def drawn(chart):
    """Records of every layer, by the type of mark."""
    found = chart.to_dict()
    return [
        (layer["mark"]["type"], found["datasets"][layer["data"]["name"]])
        if "datasets" in found and "name" in layer["data"]
        else (layer["mark"]["type"], layer["data"]["values"])
        for layer in found["layer"]
    ]


def test_every_state_of_today_has_a_shape_or_a_place():
    shapes = {row["shape_iso3"] for row in read_table("country_shapes").to_pylist()}
    capitals = {row["iso3"] for row in read_table("capitals").to_pylist()}
    today = {state.iso3 for state in states(2024)}
    # GeoNames lists no city by the name of Palau's capital.
    assert today - shapes - capitals == {"PLW"}
    assert len(today & shapes) > 160
    assert {"RUS", "PAK", "XKX", "SSD", "TWN"} <= shapes
    # Malta, Singapore and others are dots.
    assert {"MLT", "SGP"}.isdisjoint(shapes) and {"MLT", "SGP"} <= capitals


def area(ring):
    """Signed area of a ring in square degrees; negative if it runs clockwise, as d3 wants the outer ones."""
    x, y = np.array(ring).T
    # Fiji and Russia cross the dateline.
    x = np.unwrap(x, period=360)
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def test_outlines_are_closed_and_run_as_drawers_want_them():
    table = read_table("country_shapes").to_pylist()
    for row in table:
        if row["shape_iso3"] == "ATA":
            continue  # not drawn, and around the pole
        polygons = json.loads(row["outline"])
        assert polygons, row["shape"]
        for polygon in polygons:
            for place, ring in enumerate(polygon):
                assert ring[0] == ring[-1] and len(ring) > 3, row["shape"]
                assert np.abs(np.array(ring)).max(axis=0).tolist() <= [180, 90]
                assert (area(ring) < 0) == (place == 0), row["shape"]


def test_each_state_has_its_value_and_class():
    values = {"PAK": 0.02, "RUS": -1.4, "SGP": 0.3, "NIL": 5.0, "USA": np.nan}
    (mark, land), (dot, small), (outline, named) = drawn(
        world_map(values, signed_classes([-1.4, 0.3], "%"), title="percent", outlined=["RUS"])
    )
    assert (mark, dot, outline) == ("geoshape", "circle", "geoshape")
    classes = {row["state"]: row["class"] for row in land}
    assert classes["RUS"] == "below −1%" and classes["PAK"] == "0.01 to 0.1%"
    assert classes["USA"] == classes["IND"] == NO_VALUE
    assert "ATA" not in classes
    assert [row["state"] for row in small] == ["SGP"]
    assert [row["state"] for row in named] == ["RUS"]


def test_the_legend_has_what_lies_between_the_ends_that_occur():
    chart = world_map({"PAK": 0.02, "IND": 0.0001}, signed_classes([1.0]), title="percent").to_dict()
    scale = chart["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["−0.01 to 0.01", "0.01 to 0.1", NO_VALUE]
    assert len(scale["range"]) == 3


@pytest.mark.parametrize("classes", [SHARES, STANDING, signed_classes([3.0])])
def test_classes_are_complete_and_rise(classes):
    assert len(classes.colours) == len(classes.labels) == len(classes.edges) + 1
    assert list(classes.edges) == sorted(classes.edges)
    assert classes.of(-np.inf) == 0 and classes.of(np.inf) == len(classes.edges)
    assert [classes.of(edge) for edge in classes.edges] == list(range(1, len(classes.edges) + 1))


@pytest.mark.parametrize(
    ("largest", "far"), [(1.4, "1%"), (0.02, "0.01%"), (120.0, "100%"), (3e-5, "0.00001%"), (0.0, "1%")]
)
def test_signed_classes_follow_the_largest_value(largest, far):
    classes = signed_classes([largest, -largest / 50], "%")
    assert classes.labels[-1] == f"above {far}" and classes.labels[0] == f"below −{far}"
    assert classes.of(0.0) == 3


def test_made_up_labels_have_no_map():
    assert can_map(["C000", "PAK"]) and not can_map(["A", "B"])
