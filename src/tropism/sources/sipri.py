"""Transfers of major conventional arms: SIPRI's trade register in both of its layouts, and its TIV tables.

The register since 2024 has one row per deal and delivery year, under lines of explanation. That of 2023 has
one row per deal: the years of delivery stand in one cell, so that numbers and values are shared out evenly
among them, and orders without deliveries make no rows. Its deals bear no number; ``deal`` is then made of
supplier, recipient, year of order and designation, and ``line`` counts deals that have all of these alike.

A licence (``licensed_production``) is the column Local production. The layout of 2023 has none: it is true
where the comments speak of a licence and false elsewhere; if no comment of the file does, it is null.

Not confirmed on a real file: what the register of 2024 writes in Order date beyond a year, and the wording
of licences in the comments of 2023.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.tables.files import (
    Part,
    numbers,
    read_data,
    read_text,
    tell_apart,
    whole_numbers,
    within,
    without_repeats,
)

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_REGISTER = (
    "SIPRI AT Database ID",
    "Supplier",
    "Recipient",
    "Designation",
    "Armament category",
    "Order date",
    "Numbers delivered",
    "Delivery year",
    "Status",
    "TIV deal unit",
    "TIV delivery values",
    "Local production",
)
_REGISTER_2023 = (
    "Recipient",
    "Supplier",
    "Year of order",
    "Weapon designation",
    "Number delivered",
    "Year(s) of delivery",
    "status",
    "Comments",
    "SIPRI TIV of delivered weapons",
)
_LAYOUTS = {
    "register": ("SIPRI AT Database ID", "Delivery year", "TIV delivery values", "Local production"),
    "register_2023": (
        "Year of order",
        "Weapon designation",
        "Year(s) of delivery",
        "SIPRI TIV of delivered weapons",
    ),
    "totals": ("Total",),
}
_STATUS = {
    "New": "new",
    "Second hand": "second_hand",
    "Second hand but modernized": "modernised",
    "Second hand but modernised": "modernised",
}
#: Supplier that is unknown or no state.
OTHER = "other"
_TITLE = re.compile(r"TIV of arms (exports from|imports to) (.+?),? *\d{4} *[-–] *\d{4}")
#: Names that SIPRI gives to states otherwise than `tropism.states`.
_NAMES = {"Congo": "COG", "East Germany (GDR)": "DDR", "Germany (FRG)": "DEU", "Macedonia (FYROM)": "MKD"}
#: Parties that were never states of the table, and bear no asterisk.
_NO_STATES = ("Biafra", "Katanga", "Northern Cyprus")


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read registers as ``arms_transfers`` and TIV tables as ``arms_totals``: the tables there are files for.

    Deliveries to armed groups, organisations (an asterisk or two) and unknown recipients are left out with
    a warning. Those from such suppliers stay, of supplier ``other``: they are part of what the recipient
    imported.

    Raises
    ------
    SchemaError
        If the layout is another, a value does not fit, a value is not its number times the unit value, more
        than one party in a hundred is unknown, or two files of the same deals disagree.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="SIPRI's Arms Transfers Database")
    if found["register"] and found["register_2023"]:
        raise SchemaError(
            f"{found['register_2023'][0]}: is a register in the layout of 2023, and {found['register'][0]} "
            "in that of 2024: their deals would count twice. Give files of one layout."
        )
    registers = [_register(part) for part in found["register"]]
    registers += [_register_2023(part) for part in found["register_2023"]]
    tables = {}
    if registers:
        deliveries = within(_joined(registers), years, "delivery_year")
        deliveries = _with_parties(deliveries, "delivery_year", "sipri: deliveries")
        deliveries = deliveries.sort_values(["deal", "delivery_year"], kind="stable")
        deliveries["line"] = deliveries.groupby(["deal", "delivery_year"]).cumcount() + 1
        tables["arms_transfers"] = pa.Table.from_pandas(
            deliveries.drop(columns=["from", "to"]), preserve_index=False
        )
    if found["totals"]:
        totals = within(pd.concat([_totals(part) for part in found["totals"]]), years)
        totals = _with_parties(totals, "year", "sipri: yearly totals")
        keys = ["supplier", "recipient", "year"]
        # A flow may stand in the table of its supplier and in that of its recipient: once is enough.
        totals = totals.drop_duplicates(["from", "to", "year", "tiv_millions"])
        nameless = totals["supplier"] == OTHER
        others = totals[nameless].groupby(keys, as_index=False)["tiv_millions"].sum()
        known = without_repeats(
            totals.loc[~nameless, [*keys, "tiv_millions"]], keys, what="sipri: yearly totals"
        )
        tables["arms_totals"] = pa.Table.from_pandas(pd.concat([known, others]), preserve_index=False)
    return tables


def _register(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_REGISTER, encodings=("utf-8", "latin-1"), preamble=True)
    delivered = numbers(raw, "Numbers delivered", file=part).to_pandas()
    tiv = numbers(raw, "TIV delivery values", file=part).to_pandas()
    _refuse_wrong_values(part, delivered * numbers(raw, "TIV deal unit", file=part).to_pandas(), tiv)
    frame = pd.DataFrame(
        {
            "deal": whole_numbers(raw, "SIPRI AT Database ID", file=part, needed=True)
            .to_pandas()
            .astype(str),
            "delivery_year": whole_numbers(raw, "Delivery year", file=part, needed=True).to_pandas(),
            "from": raw["Supplier"].to_pandas(),
            "to": raw["Recipient"].to_pandas(),
            "designation": raw["Designation"].to_pandas(),
            "weapon_category": raw["Armament category"].to_pandas(),
            "order_year": _order_year(raw["Order date"].cast(pa.string()).to_pandas()),
            "delivered": delivered,
            "tiv_millions": tiv,
            "licensed_production": _local(raw["Local production"].to_pandas(), part),
            "transfer_status": _status(raw["Status"].to_pandas(), part),
        }
    )
    return without_repeats(frame, list(frame.columns), what=str(part)).assign(copy=0)


def _register_2023(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_REGISTER_2023, encodings=("utf-8", "latin-1"), preamble=True)
    comments = raw["Comments"].to_pandas()
    licence = comments.str.contains(r"\blicen[cs]", case=False, regex=True, na=False)
    frame = pd.DataFrame(
        {
            "from": raw["Supplier"].to_pandas(),
            "to": raw["Recipient"].to_pandas(),
            "designation": raw["Weapon designation"].to_pandas(),
            "weapon_category": None,
            "order_year": _order_year(raw["Year of order"].cast(pa.string()).to_pandas()),
            "delivered": numbers(raw, "Number delivered", file=part).to_pandas(),
            "tiv_millions": numbers(raw, "SIPRI TIV of delivered weapons", file=part).to_pandas(),
            "licensed_production": licence if licence.any() else None,
            "transfer_status": _status(raw["status"].to_pandas(), part),
            "delivery_year": raw["Year(s) of delivery"].cast(pa.string()).to_pandas().str.findall(r"\d{4}"),
        }
    )
    ordered = frame.order_year.astype("string").fillna("?")
    frame["deal"] = frame["from"] + ">" + frame["to"] + " " + ordered + " " + frame["designation"]
    # Orders alike in all that is known are two orders in one file, and one in two files.
    frame["copy"] = frame.astype(str).groupby(list(frame.columns), dropna=False).cumcount()
    open_orders = frame.delivery_year.map(lambda found: not isinstance(found, list) or not found)
    if open_orders.any():
        log.warning("sipri: %d orders left out, without deliveries so far", open_orders.sum())
    frame = frame[~open_orders]
    shares = frame.delivery_year.map(len)
    frame = frame.assign(delivered=frame.delivered / shares, tiv_millions=frame.tiv_millions / shares)
    frame = frame.explode("delivery_year")
    return frame.assign(delivery_year=frame.delivery_year.astype("int64"))


def _joined(registers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The registers together: what stands in two of them counts once."""
    import pandas as pd

    frame = pd.concat([register.assign(file=i) for i, register in enumerate(registers)])
    frame = frame.drop_duplicates([column for column in frame.columns if column != "file"])
    key = ["deal", "delivery_year"]
    files = frame.groupby(key)["file"].transform("nunique")
    if (files > 1).any():
        first = frame[files > 1].iloc[0]
        raise SchemaError(
            f"sipri: two files tell different things of the deliveries of deal {first['deal']} in "
            f"{first['delivery_year']}: they are of different releases. Give files of one release."
        )
    return frame.drop(columns=["file", "copy"])


def _with_parties(frame: pd.DataFrame, year: str, what: str) -> pd.DataFrame:
    """ISO3 for the names of both sides."""
    frame = with_states(frame, {"recipient": ("to", year)}, _state, what=what, no_state=_no_state)
    return with_states(frame, {"supplier": ("from", year)}, _supplier, what=what)


def _totals(part: Part) -> pd.DataFrame:
    """A TIV table: the state of the title on one side, those of the rows on the other."""
    import pandas as pd

    lines = list(csv.reader(read_text(part).splitlines()))
    title = next((match for line in lines if (match := _TITLE.search(",".join(line)))), None)
    if title is None:
        raise SchemaError(
            f"{part}: no line says `TIV of arms exports from …` or `… imports to …`: the first lines are "
            "missing. Save the table again from SIPRI's page and leave its first lines alone."
        )
    head = next((i for i, line in enumerate(lines) if len(line) > 2 and line[-1].strip() == "Total"), None)
    if head is None or not all(re.fullmatch(r" *\d{4} *", year) for year in lines[head][1:-1]):
        raise SchemaError(f"{part}: has no line of years that ends with Total. The layout has changed.")
    end = next((i for i, line in enumerate(lines) if i > head and line and line[0].strip() == "Total"), None)
    if end is None:
        raise SchemaError(f"{part}: does not end with the line Total: it is cut off. Get the file again.")
    cells = [
        (line[0].strip(), int(year), value.strip(), number)
        for number, line in enumerate(lines[head + 1 : end], 1)
        for year, value in zip(lines[head][1:-1], line[1:], strict=False)
        if value.strip()
    ]
    frame = pd.DataFrame(cells, columns=["row", "year", "value", "number"])
    raw = pa.table({"value": pa.array(frame["value"], pa.string())})
    exports = title[1] == "exports from"
    frame["tiv_millions"] = numbers(raw, "value", file=part).to_pandas()
    frame["from"], frame["to"] = (title[2], frame["row"]) if exports else (frame["row"], title[2])
    return frame[["from", "to", "year", "tiv_millions"]]


def _state(name: str, year: int) -> str | None:
    if not isinstance(name, str):
        return None
    return _NAMES.get(name.strip()) or named_in(name.strip(), int(year), territories=True).iso3


def _supplier(name: str, year: int) -> str | None:
    return OTHER if _no_state(name) else _state(name, year)


def _no_state(name: object) -> bool:
    """Armed groups end with an asterisk, organisations with two; some parties are not known."""
    text = str(name).strip()
    return text.endswith("*") or text.lower().startswith("unknown ") or text in _NO_STATES


def _order_year(dates: pd.Series) -> pd.Series:
    return dates.str.extract(r"(\d{4})", expand=False).astype("Int64")


def _status(values: pd.Series, part: Part) -> pd.Series:
    return _coded(values, _STATUS, "status", part)


def _local(values: pd.Series, part: Part) -> pd.Series:
    return _coded(values, {"Yes": True, "No": False}, "Local production", part)


def _coded(
    values: pd.Series, meanings: dict[str, str] | dict[str, bool], column: str, part: Part
) -> pd.Series:
    values = values.str.strip()
    odd = values.notna() & ~values.isin(list(meanings))
    if odd.any():
        row = odd[odd].index[0]
        raise SchemaError(
            f"{part}: holds {column} {values[row]!r} in row {row + 1}; known are {', '.join(meanings)}. The "
            "layout has changed."
        )
    return values.map(meanings)


def _refuse_wrong_values(part: Part, expected: pd.Series, tiv: pd.Series) -> None:
    """A delivery's value is its number times the value of one; else a column is not what it seems."""
    both = expected.notna() & tiv.notna()
    # Values are rounded to hundredths, of the unit too: hence one per cent besides.
    wrong = both & ((expected - tiv).abs() > 0.02 + 0.01 * expected.abs())
    if wrong.sum() > 0.05 * max(both.sum(), 1):
        row = wrong[wrong].index[0]
        raise SchemaError(
            f"{part}: {wrong.sum()} of {both.sum()} values are not the number delivered times TIV deal unit; "
            f"first in row {row + 1}: {tiv[row]:g}, expected {expected[row]:g}. Columns may have moved, or a "
            "decimal comma was lost: get the file again."
        )


SOURCE = Source(
    name="sipri",
    title="SIPRI Arms Transfers Database",
    tables=("arms_transfers", "arms_totals"),
    version="register layouts of 2023 and 2024, and TIV tables",
    years="1950-",
    licence="SIPRI terms",
    terms=(
        "Non-commercial use with credit to SIPRI; less than 10 per cent of a data set may be reproduced; "
        "not to be redistributed."
    ),
    citation="Stockholm International Peace Research Institute, SIPRI Arms Transfers Database.",
    page="https://armstransfers.sipri.org/",
    parse=parse,
    by_hand=(
        "On https://armstransfers.sipri.org/ choose Trade Register (or Import/Export TIV Table), all "
        "suppliers and recipients, and save it as CSV."
    ),
    oddities=(
        "A TIV measures the military capability transferred, not a price.",
        "A 0 in TIV tables stands for less than 0.5 million.",
        "In the register of 2023 deliveries are shared out evenly among the years named, and licences are "
        "read from comments: a lower bound.",
    ),
)
