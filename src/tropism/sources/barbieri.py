"""Trade of the Correlates of War: what two states imported from each other, and national totals.

Official layout: ``Dyadic_COW_4.0.csv`` (``ccode1, ccode2, year, importer1, importer2, flow1, flow2, …``) and
``National_COW_4.0.csv`` (``ccode, statename, stateabb, year, imports, exports, …``) in a zip. ``flow1`` is
what ccode1 imported from ccode2, in million current US dollars; missing is -9. Copies in R packages have the
columns ``ccode1, ccode2, year, flow1, flow2`` and ``ccode, year, imports, exports``, missing is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_cow_states
from tropism.tables.files import Part, numbers, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

_LAYOUTS = {
    "dyadic": ("ccode1", "ccode2", "year", "flow1", "flow2"),
    "national": ("ccode", "year", "imports", "exports"),
}
MISSING = -9
#: More than the world ever traded in a year: the values are in another unit.
MOST_MILLIONS = 5e6


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the dyadic file as ``cow_trade``, one row per flow; the national one as ``cow_national_trade``.

    What is missing has no row; an observed zero is 0. Germany has two codes in 1990, one ending and one
    beginning: of two values for one flow the larger stands, the other covers part of the year or none.

    Raises
    ------
    SchemaError
        If the layout is another, a value is negative and not -9, values are not in millions, or a state of
        the years since 1945 is unknown.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="the trade of the Correlates of War")
    tables = {}
    if found["dyadic"]:
        frame = pd.concat(
            [_read(part, ("ccode1", "ccode2", "year"), ("flow1", "flow2")) for part in found["dyadic"]],
            ignore_index=True,
        )
        codes = {"one": "ccode1", "other": "ccode2"}
        frame = without_repeats(within(frame, years), ["ccode1", "ccode2", "year"], what="barbieri: flows")
        frame = with_cow_states(frame, codes, what="barbieri: pairs and years")
        frame = frame[frame["one"] != frame["other"]]
        flows = [
            frame.rename(columns={buyer: "importer", seller: "exporter", flow: "trade_million_usd"})
            for buyer, seller, flow in (("one", "other", "flow1"), ("other", "one", "flow2"))
        ]
        keys = ["exporter", "importer", "year"]
        table = pd.concat([each[[*keys, "trade_million_usd"]] for each in flows])
        table = table.dropna(subset=["trade_million_usd"]).groupby(keys, as_index=False).max()
        tables["cow_trade"] = pa.Table.from_pandas(table, preserve_index=False)
    if found["national"]:
        frame = pd.concat(
            [_read(part, ("ccode", "year"), ("imports", "exports")) for part in found["national"]],
            ignore_index=True,
        )
        frame = without_repeats(within(frame, years), ["ccode", "year"], what="barbieri: national totals")
        frame = with_cow_states(frame, {"iso3": "ccode"}, what="barbieri: national totals")
        names = {"imports": "imports_million_usd", "exports": "exports_million_usd"}
        frame = frame.rename(columns=names).dropna(subset=[*names.values()], how="all")
        frame = frame.groupby(["iso3", "year"], as_index=False).max()
        tables["cow_national_trade"] = pa.Table.from_pandas(frame, preserve_index=False)
    return tables


def _read(part: Part, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=(*keys, *values), nulls=("", "NA", "."))
    frame = pd.DataFrame({key: whole_numbers(raw, key, file=part, needed=True).to_pandas() for key in keys})
    for name in values:
        value = numbers(raw, name, file=part).to_pandas().replace(MISSING, float("nan"))
        wrong = (value < 0) | (value > MOST_MILLIONS)
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise SchemaError(
                f"{part}: {name} is {value[row]:g} in row {row + 1}; expected million current US dollars, or "
                "-9 where missing. The values are in another unit, or columns have moved."
            )
        frame[name] = value
    return frame


def _files(years: Years) -> tuple[Remote, ...]:
    return (Remote("https://correlatesofwar.org/wp-content/uploads/COW_Trade_4.0.zip"),)


SOURCE = Source(
    name="barbieri",
    title="Trade, Correlates of War",
    tables=("cow_trade", "cow_national_trade"),
    version="4.0",
    years="1870-2014",
    licence="free with citation",
    terms="Free use with citation is asked; no open licence is stated, so copies are not to be passed on.",
    citation=(
        "Barbieri, Katherine, Omar M. G. Keshk and Brian Pollins (2009), Trading Data: Evaluating our "
        "Assumptions and Coding Rules, Conflict Management and Peace Science 26(5), 471-491."
    ),
    page="https://correlatesofwar.org/data-sets/bilateral-trade/",
    parse=parse,
    files=_files,
    oddities=(
        "Ends in 2014. A copy in circulation is rounded to whole millions: smaller flows are 0 there.",
        "National totals of West Germany stand under the code of Germany (255) from 1960 on.",
    ),
)
