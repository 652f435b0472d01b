"""Alliance Treaty Obligations and Provisions: what one state promised another in a year.

Official layout: ``atop5_1ddyr.csv`` (directed dyad-years) in a zip with other units of analysis: among others
``ddyad, stateA, stateB, year, defense, offense, neutral, nonagg, consul``, where A promises B (as public
readers of the file name them). The copy in the R package peacesciencer has ``ccode1, ccode2, year,
atop_defense, atop_offense, atop_neutral, atop_nonagg, atop_consul``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_cow_states
from tropism.tables.files import read_data, tell_apart, whole_numbers, within

#: Our columns in the order of both layouts.
OBLIGATIONS = ("defense", "offense", "neutrality", "nonaggression", "consultation")
_LAYOUTS = {
    "official": ("stateA", "stateB", "year", "defense", "offense", "neutral", "nonagg", "consul"),
    "copy": (
        "ccode1", "ccode2", "year",
        "atop_defense", "atop_offense", "atop_neutral", "atop_nonagg", "atop_consul",
    ),
}  # fmt: skip
#: The other units in the archive name obligations alike, but have no directed pairs.
_MARKS = {"official": ("ddyad", "stateA", "stateB"), "copy": _LAYOUTS["copy"]}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the directed dyad-years as ``atop_alliances``; rows without any of the obligations are left out.

    Raises
    ------
    SchemaError
        If the layout is another, or a state of the years since 1945 is unknown.
    """
    import pandas as pd

    found = tell_apart(files, _MARKS, what="ATOP (directed dyad-years)")
    frames = []
    for layout, names in _LAYOUTS.items():
        for part in found[layout]:
            raw = read_data(part, columns=names)
            read = [
                whole_numbers(raw, name, file=part, needed=i < 3).to_pandas() for i, name in enumerate(names)
            ]
            keys = dict(zip(("one", "other", "year"), read[:3], strict=True))
            flags = {name: values == 1 for name, values in zip(OBLIGATIONS, read[3:], strict=True)}
            frames.append(pd.DataFrame(keys | flags))
    frame = within(pd.concat(frames, ignore_index=True), years)
    frame = with_cow_states(frame, {"sender": "one", "target": "other"}, what="atop: pairs and years")
    # Germany has two codes in 1990, one ending and one beginning: its obligations are those of both.
    frame = frame[frame[list(OBLIGATIONS)].any(axis=1) & (frame["sender"] != frame["target"])]
    table = frame.groupby(["sender", "target", "year"], as_index=False)[list(OBLIGATIONS)].max()
    return {"atop_alliances": pa.Table.from_pandas(table, preserve_index=False)}


def _files(years: Years) -> tuple[Remote, ...]:
    return (Remote("http://www.atopdata.org/uploads/6/9/1/3/69134503/atop_5.1__.csv_.zip"),)


SOURCE = Source(
    name="atop",
    title="Alliance Treaty Obligations and Provisions (ATOP)",
    tables=("atop_alliances",),
    version="5.1",
    years="1815-2018",
    licence="free with citation",
    terms="Free use with citation is asked; no open licence is stated, so copies are not to be passed on.",
    citation=(
        "Leeds, Brett Ashley, Jeffrey M. Ritter, Sara McLaughlin Mitchell and Andrew G. Long (2002), "
        "Alliance Treaty Obligations and Provisions, 1815-1944, International Interactions 28(3), 237-260."
    ),
    page="http://www.atopdata.org/data",
    parse=parse,
    files=_files,
    oddities=(
        "Pakistan's promises to the United States and to Russia are coded alike in 2018 (nonaggression, "
        "consultation): alliances alone cannot tell the two ties apart.",
    ),
)
