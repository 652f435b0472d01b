"""Formal alliances of the Correlates of War: what obligations two states had in a year.

Official layout: ``alliance_v4.1_by_dyad_yearly.csv`` (and ``…_by_directed_yearly.csv``) in a zip, with
``version4id, ccode1, state_name1, ccode2, state_name2, dyad_st_day … dyad_end_year, left_censor,
right_censor, defense, neutrality, nonaggression, entente, year, version``; one row per treaty, pair and year.
The zip also holds the treaties without years and the members of each: not read. The copy in the R package
peacesciencer has one row per pair, year and direction: ``ccode1, ccode2, year, cow_defense, cow_neutral,
cow_nonagg, cow_entente``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_cow_states
from tropism.tables.files import Part, read_data, tell_apart, whole_numbers, within

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: Our column, then that of the official file and that of the copy.
OBLIGATIONS = {
    "defense": ("defense", "cow_defense"),
    "neutrality": ("neutrality", "cow_neutral"),
    "nonaggression": ("nonaggression", "cow_nonagg"),
    "entente": ("entente", "cow_entente"),
}
_LAYOUTS: dict[str, tuple[str, ...]] = {
    "official": ("ccode1", "ccode2", "year", "defense", "neutrality", "nonaggression", "entente"),
    "copy": ("ccode1", "ccode2", "year", "cow_defense", "cow_neutral", "cow_nonagg", "cow_entente"),
}
#: What else lies in the archive, by the columns that tell it from pairs by year.
_OTHERS = {
    "spells": ("ccode1", "ccode2", "defense", "neutrality", "nonaggression", "entente"),
    "members": ("ccode", "defense", "neutrality", "nonaggression", "entente"),
}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the yearly file as ``cow_alliances``, one row per pair and year: the obligations of all treaties.

    Raises
    ------
    SchemaError
        If the layout is another, or a state of the years since 1945 is unknown.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS | _OTHERS, what="the Formal Alliances")
    frames = [_read(part, layout) for layout in _LAYOUTS for part in found[layout]]
    if not frames:
        raise SchemaError(
            f"{', '.join(map(str, files))}: holds no file of the Formal Alliances with the columns "
            f"{', '.join(_LAYOUTS['official'])}. Give alliance_v4.1_by_dyad_yearly.csv."
        )
    frame = within(pd.concat(frames, ignore_index=True), years)
    frame = with_cow_states(frame, {"one": "ccode1", "other": "ccode2"}, what="gibler: pairs and years")
    # Germany has two codes in 1990: no alliance with itself.
    frame = frame[frame["one"] != frame["other"]]
    frame["iso3_a"] = frame[["one", "other"]].min(axis=1)
    frame["iso3_b"] = frame[["one", "other"]].max(axis=1)
    table = frame.groupby(["iso3_a", "iso3_b", "year"], as_index=False)[list(OBLIGATIONS)].max()
    return {"cow_alliances": pa.Table.from_pandas(table, preserve_index=False)}


def _read(part: Part, layout: str) -> pd.DataFrame:
    """One file; a year of 0, an error of the file for 2-666 and 651-666, is left out."""
    import pandas as pd

    raw = read_data(part, columns=_LAYOUTS[layout])
    names = {ours: theirs[layout == "copy"] for ours, theirs in OBLIGATIONS.items()}
    frame = pd.DataFrame(
        {
            name: whole_numbers(raw, name, file=part, needed=name != "year").to_pandas()
            for name in ("ccode1", "ccode2", "year")
        }
        | {ours: whole_numbers(raw, theirs, file=part).to_pandas() == 1 for ours, theirs in names.items()}
    )
    dated = frame["year"] > 0
    if not dated.all():
        log.warning("gibler: %d rows left out, without a year", (~dated).sum())
    return frame[dated]


def _files(years: Years) -> tuple[Remote, ...]:
    return (Remote("https://correlatesofwar.org/wp-content/uploads/version4.1_csv.zip"),)


SOURCE = Source(
    name="gibler",
    title="Formal Alliances, Correlates of War",
    tables=("cow_alliances",),
    version="4.1",
    years="1816-2012",
    licence="free with citation",
    terms="Free use with citation is asked; no open licence is stated, so copies are not to be passed on.",
    citation="Gibler, Douglas M. (2009), International Military Alliances, 1648-2008, CQ Press.",
    page="https://correlatesofwar.org/data-sets/formal-alliances/",
    parse=parse,
    files=_files,
    oddities=(
        "Two rows of the official file have the year 0 (United States and Jordan with Israel).",
        "West Germany (260) goes on to 2012 beside Germany (255): the two are read as one.",
        "Ends in 2012: later treaties and ends are not in it.",
    ),
)
