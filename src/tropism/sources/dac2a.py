"""Aid by donor and recipient: OECD DAC2A, disbursements of official development assistance.

SDMX CSV with ``DONOR, RECIPIENT, MEASURE, UNIT_MEASURE, PRICE_BASE, TIME_PERIOD, OBS_VALUE`` and
``BASE_PER, UNIT_MULT``. Measure 206 is disbursements, net; price base Q is constant, V current; values are
multiplied by 10 to the power UNIT_MULT (6). Codes are ISO3, Kosovo's is XKV; those of groups and of bodies
(DAC, ALLD, G7, 5WB0, 4EU001) are no states' and make no rows: they would count aid twice.
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
from tropism.tables.files import Part, numbers, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    "DONOR",
    "RECIPIENT",
    "MEASURE",
    "UNIT_MEASURE",
    "PRICE_BASE",
    "TIME_PERIOD",
    "OBS_VALUE",
    "UNIT_MULT",
)
_PRICES = {"Q": "aid_million_usd", "V": "aid_current_million_usd"}
_CODES = {"XKV": "XKX"}
#: Groups whose codes look like a state's.
_GROUPS = ("DAC",)
#: Million dollars that no donor gives one recipient in a year, nor all donors together did before 2010.
_MOST = 1e5


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read net disbursements between states as ``aid``, in constant and current prices.

    Negative values are repayments in excess of new aid.

    Raises
    ------
    SchemaError
        If the layout is another, measure 206 in US dollars is missing, constant prices have two base years,
        more than one flow in a hundred has an unknown state, or a value cannot be in million dollars.
    """
    import pandas as pd

    found = tell_apart(files, {"aid": _COLUMNS}, what="OECD DAC2A")
    frame = within(pd.concat([_disbursements(part) for part in found["aid"]]), years)
    _refuse_two_bases(frame)
    sides = {"donor": ("from", "year"), "recipient": ("to", "year")}
    frame = with_states(frame, sides, _state, what="dac2a: flows", no_state=_is_group)
    keys = ["donor", "recipient", "year", "prices"]
    frame = without_repeats(frame[[*keys, "value"]], keys, what="dac2a: flows")
    wide = frame.pivot(index=keys[:3], columns="prices", values="value")
    wide = wide.reindex(columns=list(_PRICES)).rename(columns=_PRICES).reset_index()
    return {"aid": pa.Table.from_pandas(wide, preserve_index=False)}


def _disbursements(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_COLUMNS, optional=("BASE_PER",), nulls=("", "NA", "NaN"))
    raw = raw.append_column("row", pa.array(range(raw.num_rows)))
    wanted = pc.and_(
        pc.equal(raw["MEASURE"].cast(pa.string()), "206"),
        pc.and_(
            pc.equal(raw["UNIT_MEASURE"], "USD"),
            pc.is_in(raw["PRICE_BASE"], value_set=pa.array(list(_PRICES))),
        ),
    )
    rows = raw.filter(pc.and_(wanted, pc.is_valid(numbers(raw, "OBS_VALUE", file=part))))
    if not rows.num_rows:
        raise SchemaError(
            f"{part}: holds no disbursements (measure 206) in USD at constant (Q) or current (V) prices. Ask "
            "for .../..206.USD.Q+V."
        )
    million = 10.0 ** (whole_numbers(rows, "UNIT_MULT", file=part, needed=True).to_pandas() - 6)
    values = numbers(rows, "OBS_VALUE", file=part).to_pandas() * million
    place = rows["row"].to_pandas().to_numpy()
    if values.abs().max() > _MOST:
        worst = int(values.abs().to_numpy().argmax())
        raise SchemaError(
            f"{part}: holds {rows['OBS_VALUE'][worst].as_py()} with UNIT_MULT "
            f"{rows['UNIT_MULT'][worst].as_py()} in row {place[worst] + 1}: more than any donor gives. "
            "Values are expected in million US dollars with UNIT_MULT 6."
        )
    base = rows["BASE_PER"].cast(pa.string()).to_pandas() if "BASE_PER" in rows.column_names else None
    return pd.DataFrame(
        {
            "from": rows["DONOR"].to_pandas(),
            "to": rows["RECIPIENT"].to_pandas(),
            "year": whole_numbers(rows, "TIME_PERIOD", file=part, needed=True).to_pandas(),
            "prices": rows["PRICE_BASE"].to_pandas(),
            "value": values,
            "base": base,
        }
    ).set_index(place)


def _refuse_two_bases(frame: pd.DataFrame) -> None:
    bases = sorted(frame["base"][frame["prices"] == "Q"].dropna().unique())
    if len(bases) > 1:
        raise SchemaError(
            f"dac2a: constant prices are of {' and '.join(bases)}: values of two releases cannot be "
            "compared. Give files of one release."
        )


def _state(code: str, year: int) -> str | None:
    return _CODES.get(code) or named_in(code, int(year), territories=True).iso3


def _is_group(code: str) -> bool:
    return code in _GROUPS or not (len(code) == 3 and code.isalpha())


def files(years: Years) -> tuple[Remote, ...]:
    """One answer of the OECD's service for all donors and recipients of the years."""
    first, last = years or (1960, None)
    span = f"startPeriod={first}" + (f"&endPeriod={last}" if last else "")
    return (
        Remote(
            "https://sdmx.oecd.org/public/rest/data/OECD.DCD.FSD,DSD_DAC2@DF_DAC2A,/..206.USD.Q+V?"
            f"{span}&dimensionAtObservation=AllDimensions&format=csvfile",
            name="dac2a.csv",
        ),
    )


SOURCE = Source(
    name="dac2a",
    title="DAC2A: aid (ODA) disbursements to countries and regions (OECD)",
    tables=("aid",),
    version="OECD.DCD.FSD:DSD_DAC2@DF_DAC2A, layout of versions 1.3 to 1.6",
    years="1960-",
    licence="CC BY 4.0",
    terms="Free for any use with credit to the OECD. The service allows few requests an hour.",
    citation="OECD, DAC2A: Aid (ODA) disbursements to countries and regions.",
    page="https://data-explorer.oecd.org/",
    parse=parse,
    files=files,
    oddities=(
        "Russia reports as a donor outside the committee; China does not report.",
        "Constant prices change their base year with every release: compare within a release.",
    ),
)
