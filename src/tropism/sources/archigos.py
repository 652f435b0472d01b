"""Leaders: who governed a state, from when to when, and how that began and ended (Archigos).

Official: ``Archigos_4.1_stata14.dta`` or the tab-separated ``Archigos_4.1.txt``, one row per leader in
office: among others ``obsid, ccode, leader, startdate, enddate, entry, exit``; the copy in the R package
peacesciencer has ``gwcode`` for ``ccode``. Both are numbers of Gleditsch and Ward.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_cow_states
from tropism.states import from_gw
from tropism.tables.files import dates, read_data, tell_apart, whole_numbers, without_repeats

_REST = ("obsid", "leader", "startdate", "enddate", "entry", "exit")
_LAYOUTS = {"official": ("ccode", *_REST), "copy": ("gwcode", *_REST)}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read leaders as ``leaders``; with ``years`` those in office in any of them.

    Raises
    ------
    SchemaError
        If the layout is another, a date is none, or a state of the years since 1945 is unknown.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="Archigos")
    frames = []
    for layout, names in _LAYOUTS.items():
        for part in found[layout]:
            raw = read_data(
                part, columns=names, delimiters="\t,", nulls=("", "NA", "."), encodings=("utf-8", "latin-1")
            )
            start = dates(raw, "startdate", file=part, needed=True).to_pandas()
            end = dates(raw, "enddate", file=part).to_pandas()
            frames.append(
                pd.DataFrame(
                    {
                        "leader_spell": raw["obsid"].cast(pa.string()).to_pandas(),
                        "code": whole_numbers(raw, names[0], file=part, needed=True).to_pandas(),
                        "year": pd.to_datetime(start).dt.year,
                        "leader": raw["leader"].cast(pa.string()).to_pandas(),
                        "entry_date": start,
                        "exit_date": end,
                        "last": pd.to_datetime(end).dt.year,
                        "entry_kind": raw["entry"].cast(pa.string()).to_pandas(),
                        "exit_kind": raw["exit"].cast(pa.string()).to_pandas(),
                    }
                )
            )
    frame = pd.concat(frames, ignore_index=True)
    if years is not None:
        frame = frame[(frame["year"] <= years[1]) & (frame["last"].fillna(years[0]) >= years[0])]
    frame = with_cow_states(frame, {"iso3": "code"}, what="archigos: leaders", look_up=from_gw)
    columns = ["leader_spell", "iso3", "leader", "entry_date", "exit_date", "entry_kind", "exit_kind"]
    frame = without_repeats(frame[columns], ["leader_spell"], what="archigos: leaders")
    return {"leaders": pa.Table.from_pandas(frame, preserve_index=False)}


def _files(years: Years) -> tuple[Remote, ...]:
    return (Remote("https://www.rochester.edu/college/faculty/hgoemans/Archigos_4.1_stata14.dta"),)


SOURCE = Source(
    name="archigos",
    title="Archigos: A Data Set on Leaders",
    tables=("leaders",),
    version="4.1",
    years="1840-2015",
    licence="free with citation",
    terms="Free for scholarship with citation.",
    citation=(
        "Goemans, Henk E., Kristian Skrede Gleditsch and Giacomo Chiozza (2009), Introducing Archigos: A "
        "Dataset of Political Leaders, Journal of Peace Research 46(2), 269-283."
    ),
    page="https://www.rochester.edu/college/faculty/hgoemans/data.htm",
    parse=parse,
    files=_files,
    oddities=("Ends in 2015.",),
)
