"""Bilateral trade in goods as either side reported it: the IMF's International Trade in Goods by Partner.

SDMX CSV with ``COUNTRY, INDICATOR, COUNTERPART_COUNTRY, FREQUENCY, TIME_PERIOD, OBS_VALUE``: COUNTRY reports
XG_FOB_USD (its exports, f.o.b.) and MG_CIF_USD (its imports, c.i.f.), in plain US dollars. Codes are ISO3,
Kosovo's is UVK; groups of countries have digits or an underscore in theirs.

Not confirmed on a real file: codes of states that have ended, and that the service gives both indicators
of all countries in one answer. A SCALE other than 0 multiplies values by that power of ten; the check
against world trade would show if that were wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.sources.world_trade import refuse_lost_states, refuse_wrong_unit
from tropism.tables.files import Part, numbers, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("COUNTRY", "INDICATOR", "COUNTERPART_COUNTRY", "FREQUENCY", "TIME_PERIOD", "OBS_VALUE")
_REPORTS = {"XG_FOB_USD": "exporter", "MG_CIF_USD": "importer"}
_CODES = {"UVK": "XKX"}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read annual exports f.o.b. and imports c.i.f. as ``trade_reports``.

    Other indicators (imports f.o.b., balances) and frequencies are passed over.

    Raises
    ------
    SchemaError
        If the layout is another, there is no annual export or import, more than one report in a hundred has
        an unknown state, two reports contradict each other, or a year's sum cannot be in US dollars.
    """
    import pandas as pd

    found = tell_apart(files, {"reports": _COLUMNS}, what="the IMF's trade in goods by partner")
    frame = pd.concat([_reports(part) for part in found["reports"]])
    frame = within(frame, years)
    sides = {"own": ("country", "year"), "partner": ("counterpart", "year")}
    frame = with_states(frame, sides, _state, what="imts: reports", no_state=_is_group)
    sells = frame["reporter"] == "exporter"
    frame["exporter"] = frame["own"].where(sells, frame["partner"])
    frame["importer"] = frame["partner"].where(sells, frame["own"])
    keys = ["reporter", "exporter", "importer", "year"]
    frame = without_repeats(frame[[*keys, "trade_usd"]], keys, what="imts: reports")
    for year, reporter in frame[["year", "reporter"]].drop_duplicates().itertuples(index=False):
        flows = frame[(frame["year"] == year) & (frame["reporter"] == reporter)]
        what = f"imts ({reporter}s' reports)"
        sellers = set(flows["exporter"])
        refuse_wrong_unit(
            int(year),
            flows["trade_usd"].sum(),
            flows["trade_usd"].max(),
            sellers,
            what=what,
            unit="US dollars",
        )
        refuse_lost_states(int(year), sellers, what=what)
    return {"trade_reports": pa.Table.from_pandas(frame, preserve_index=False)}


def _reports(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_COLUMNS, optional=("SCALE",), nulls=("", "NA", "NaN"))
    raw = raw.append_column("row", pa.array(range(raw.num_rows)))
    wanted = pc.and_(
        pc.equal(raw["FREQUENCY"], "A"), pc.is_in(raw["INDICATOR"], value_set=pa.array(list(_REPORTS)))
    )
    value = numbers(raw, "OBS_VALUE", file=part)
    rows = raw.filter(pc.and_(wanted, pc.is_valid(value)))
    if not rows.num_rows:
        raise SchemaError(
            f"{part}: holds no annual exports (XG_FOB_USD) or imports (MG_CIF_USD); it has "
            f"{', '.join(map(str, pc.unique(raw['INDICATOR']).to_pylist()[:5]))} of frequency "
            f"{', '.join(map(str, pc.unique(raw['FREQUENCY']).to_pylist()))}. Ask for those, of frequency A."
        )
    frame = pd.DataFrame(
        {
            "country": rows["COUNTRY"].to_pandas(),
            "counterpart": rows["COUNTERPART_COUNTRY"].to_pandas(),
            "year": whole_numbers(rows, "TIME_PERIOD", file=part, needed=True).to_pandas(),
            "reporter": rows["INDICATOR"].to_pandas().map(_REPORTS),
            "trade_usd": numbers(rows, "OBS_VALUE", file=part).to_pandas(),
        }
    ).set_index(rows["row"].to_pandas().to_numpy())
    if "SCALE" in rows.column_names:
        scale = whole_numbers(rows, "SCALE", file=part).to_pandas().fillna(0)
        frame["trade_usd"] *= (10.0**scale).to_numpy()
    return frame


def _state(code: str, year: int) -> str | None:
    return _CODES.get(code) or named_in(code, int(year), territories=True).iso3


def _is_group(code: str) -> bool:
    return not (len(code) == 3 and code.isalpha())


def files(years: Years) -> tuple[Remote, ...]:
    """One answer of the IMF's service, of all years: it takes no notice of a period that is asked for."""
    return (
        Remote(
            "https://api.imf.org/external/sdmx/3.0/data/dataflow/IMF.STA/IMTS/1.0.0/"
            "*.XG_FOB_USD+MG_CIF_USD.*.A",
            name="imts.csv",
            headers={"Accept": "application/vnd.sdmx.data+csv;version=2.0.0"},
        ),
    )


SOURCE = Source(
    name="imts",
    title="International Trade in Goods (by partner country), formerly Direction of Trade Statistics (IMF)",
    tables=("trade_reports",),
    version="SDMX 3.0, IMF.STA:IMTS(1.0.0)",
    years="1948-",
    licence="IMF terms",
    terms="IMF copyright and usage terms: reuse with attribution to the IMF.",
    citation="International Monetary Fund, International Trade in Goods (by partner country) (IMTS).",
    page="https://data.imf.org/",
    parse=parse,
    files=files,
    oddities=(
        "Imports are c.i.f. and exports f.o.b.: imports of a flow exceed exports by freight and insurance.",
        "Many values of states that do not report are the IMF's estimates.",
    ),
)
