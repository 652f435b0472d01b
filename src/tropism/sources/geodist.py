"""Distances, borders, languages and colonial ties of pairs of countries: CEPII's GeoDist.

Official: ``dist_cepii.dta`` (Stata): ``iso_o, iso_d, contig, comlang_off, comlang_ethno, colony, comcol,
curcol, col45, smctry, dist, distcap, distw, distwces`` (km), 224 x 224 ordered pairs. Codes are from before
2010. The same as an old Excel workbook, ``dist_cepii.zip``, is read when saved as CSV ("." is missing). Not
confirmed: the version of Stata that wrote the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_states
from tropism.states import find_state
from tropism.tables.files import numbers, read_data, tell_apart, whole_numbers, without_repeats

_COLUMNS = ("iso_o", "iso_d", "contig", "comlang_off", "colony", "distcap", "distw")
#: Codes of the time, and what they mean now.
_OLD = {"ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "YUG": "SCG", "PAL": "PSE"}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the pairs as ``distances``, a country with itself included; ``years`` has no bearing.

    Raises
    ------
    SchemaError
        If the layout is another, or a country is unknown.
    """
    import pandas as pd

    found = tell_apart(files, {"pairs": _COLUMNS}, what="GeoDist")
    frames = []
    for part in found["pairs"]:
        raw = read_data(part, columns=_COLUMNS, nulls=("", ".", "NA"), delimiters=",;\t")
        flags = {"shares_border": "contig", "official_language": "comlang_off", "colonial_tie": "colony"}
        frames.append(
            pd.DataFrame(
                {
                    "origin": raw["iso_o"].cast(pa.string()).to_pandas(),
                    "destination": raw["iso_d"].cast(pa.string()).to_pandas(),
                    "distance_km": numbers(raw, "distcap", file=part).to_pandas(),
                    "distance_weighted_km": numbers(raw, "distw", file=part).to_pandas(),
                }
                | {
                    ours: whole_numbers(raw, theirs, file=part).to_pandas() == 1
                    for ours, theirs in flags.items()
                }
            )
        )
    frame = with_states(
        pd.concat(frames, ignore_index=True),
        {"iso3_origin": ("origin",), "iso3_destination": ("destination",)},
        lambda code: find_state(_OLD.get(str(code), str(code)), territories=True).iso3,
        what="geodist: pairs",
    )
    keys = ["iso3_origin", "iso3_destination"]
    frame = without_repeats(frame.drop(columns=["origin", "destination"]), keys, what="geodist: pairs")
    return {"distances": pa.Table.from_pandas(frame, preserve_index=False)}


def _files(years: Years) -> tuple[Remote, ...]:
    return (Remote("https://www.cepii.fr/distance/dist_cepii.dta"),)


SOURCE = Source(
    name="geodist",
    title="GeoDist, CEPII",
    tables=("distances",),
    version="2011",
    years="no years",
    licence="free with citation",
    terms="CEPII asks for citation.",
    citation=(
        "Mayer, Thierry and Soledad Zignago (2011), Notes on CEPII's Distances Measures: The GeoDist "
        "Database, CEPII Working Paper 2011-25."
    ),
    page="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=6",
    parse=parse,
    files=_files,
    oddities=("No South Sudan, Montenegro, Kosovo, Curaçao: its countries are those of before 2006.",),
)
