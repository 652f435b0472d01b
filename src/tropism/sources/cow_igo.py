"""Intergovernmental organisations of the Correlates of War: which states were members, and how, by year.

Official layout: ``state_year_formatv3.csv`` (``ccode, year, state`` and one column per organisation: 0 none,
1 full, 2 associate, 3 observer, -9 missing, -1 no such organisation or state) and ``igo_year_formatv3.csv``
(tab separated, one row per organisation and year: ``ioname, orgname, year, sdate, deaddate, longorgname,
ionum, political, social, economic`` and one column per state), each in a zip. Stata writes the organisations
in lower case. The second may come with one row per organisation, without years.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_cow_states
from tropism.tables.files import Part, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

STATUS = {1: "full", 2: "associate", 3: "observer", -9: "missing"}
#: No membership; no such organisation or state.
NONE = (0, -1)
_FLAGS = ("political", "social", "economic")
#: Columns of the file of states that are no organisation.
_KEYS = ("ccode", "year", "state")
_LAYOUTS = {"states": _KEYS, "organisations": ("ioname", "longorgname", "sdate", "deaddate", *_FLAGS)}
_DELIMITERS = ",\t"


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read memberships as ``igo_memberships`` and the organisations as ``igos``.

    A state in no organisation has no row; "missing" has one, since it is not "none".

    Raises
    ------
    SchemaError
        If the layout is another, a code is unknown, or a state of the years since 1945 is unknown.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="the organisations of the Correlates of War")
    tables = {}
    if found["states"]:
        frame = pd.concat([_memberships(part) for part in found["states"]], ignore_index=True)
        frame = with_cow_states(within(frame, years), {"iso3": "ccode"}, what="cow_igo: memberships")
        keys = ["iso3", "igo", "year"]
        frame = without_repeats(frame[[*keys, "igo_status"]], keys, what="cow_igo: memberships")
        tables["igo_memberships"] = pa.Table.from_pandas(frame, preserve_index=False)
    if found["organisations"]:
        frame = pd.concat([_organisations(part) for part in found["organisations"]], ignore_index=True)
        # Of an organisation's years the last says when it ended.
        frame = frame.groupby("igo", as_index=False).last()
        tables["igos"] = pa.Table.from_pandas(frame, preserve_index=False)
    return tables


def _memberships(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=(), delimiters=_DELIMITERS)
    for name in _KEYS:
        if name not in raw.column_names:
            raise SchemaError(f"{part}: lacks the column {name}. The layout has changed.")
    keys = {name: whole_numbers(raw, name, file=part, needed=True).to_pandas() for name in ("ccode", "year")}
    pieces = []
    for name in raw.column_names:
        if name in _KEYS:
            continue
        code = whole_numbers(raw, name, file=part).to_pandas()
        odd = ~code.isin((*STATUS, *NONE)) & code.notna()
        if odd.any():
            row = int(odd.to_numpy().argmax())
            raise SchemaError(
                f"{part}: {name} is {code[row]:g} in row {row + 1}; known are 0 none, 1 full, 2 associate, "
                "3 observer, -9 missing and -1 not in existence."
            )
        here = code.isin(list(STATUS))
        pieces.append(
            pd.DataFrame(
                {"ccode": keys["ccode"][here], "year": keys["year"][here]}
                | {"igo": name.upper(), "igo_status": code[here].map(STATUS)}
            )
        )
    return pd.concat(pieces, ignore_index=True)


def _organisations(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(
        part,
        columns=("ioname", "longorgname", "sdate", "deaddate", *_FLAGS),
        optional=("orgname",),
        delimiters=_DELIMITERS,
        encodings=("utf-8", "latin-1"),
        nulls=("", "NA", "."),
    )
    long_name = raw["longorgname"].cast(pa.string()).to_pandas()
    if "orgname" in raw.column_names:
        long_name = long_name.fillna(raw["orgname"].cast(pa.string()).to_pandas())
    began, ended = (whole_numbers(raw, name, file=part).to_pandas() for name in ("sdate", "deaddate"))
    return pd.DataFrame(
        {
            "igo": raw["ioname"].cast(pa.string()).to_pandas().str.upper(),
            "name": long_name,
            "first_year": began.where(began > 0),
            "last_year": ended.where(ended > 0),
        }
        | {name: whole_numbers(raw, name, file=part).to_pandas() == 1 for name in _FLAGS}
    )


def _files(years: Years) -> tuple[Remote, ...]:
    place = "https://correlatesofwar.org/wp-content/uploads/"
    return (Remote(place + "state_year_formatv3.zip"), Remote(place + "igo_year_formatv3.zip"))


SOURCE = Source(
    name="cow_igo",
    title="Intergovernmental Organizations, Correlates of War",
    tables=("igo_memberships", "igos"),
    version="3",
    years="1816-2014",
    licence="free with citation",
    terms="Free use with citation is asked; no open licence is stated, so copies are not to be passed on.",
    citation=(
        "Pevehouse, Jon C. W., Timothy Nordstrom, Roseanne W. McManus and Anne Spencer Jamison (2020), "
        "Tracking Organizations in the World: The Correlates of War IGO Version 3.0 Datasets, Journal of "
        "Peace Research 57(3), 492-503."
    ),
    page="https://correlatesofwar.org/data-sets/igos/",
    parse=parse,
    files=_files,
    oddities=(
        "The SCO is coded from 1996 (the Shanghai Five); Cameroon enters the OIC only in 2006.",
        "Ends in 2014.",
    ),
)
