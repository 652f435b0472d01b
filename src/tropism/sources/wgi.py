"""Worldwide Governance Indicators of the World Bank: six estimates per economy and year.

Official: the World Bank's interface answers with JSON, ``[{page…}, [{indicator: {id}, countryiso3code,
date, value}, …]]``, one file per indicator (``GOV_WGI_GE.EST`` and so on). The data set as Stata file
(``wgidataset.dta``) is long since 2023, ``code, year, indicator, estimate, stddev, nsource``, and was wide
before: ``code, year`` and for each of va, pv, ge, rq, rl, cc the columns e (estimate), s (standard error), n
(sources). Not confirmed: whether the interface's answers hold aggregates of regions, which are left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import MOST_UNKNOWN, named_in, with_states
from tropism.tables.files import Part, numbers, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

INDICATORS = ("VA", "PV", "GE", "RQ", "RL", "CC")
_OTHER = {"ADO": "AND", "ZAR": "COD", "ROM": "ROU", "TMP": "TLS", "WBG": "PSE", "KSV": "XKX"}
_LAYOUTS = {
    "wide": ("code", "year", "vae", "pve", "gee", "rqe", "rle", "cce"),
    "long": ("code", "year", "indicator", "estimate", "stddev", "nsource"),
}
_NULLS = ("", "NA", "#N/A", "..")
_VALUES = ("governance_estimate", "governance_std_error", "governance_sources")
#: An answer may hold aggregates of regions.
_MOST_UNKNOWN_IN_ANSWERS = 0.25


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the indicators as ``governance``; a year without an estimate has no row.

    Raises
    ------
    SchemaError
        If the layout is another, an answer is not whole, an indicator is unknown, or an estimate lies beyond
        -4 to 4.
    """
    import pandas as pd

    answers = [path for path in files if _is_answer(path)]
    data_sets = [path for path in files if path not in answers]
    frames = [_answer(path) for path in answers]
    if data_sets:
        found = tell_apart(data_sets, _LAYOUTS, what="the Worldwide Governance Indicators")
        frames += [_wide(part) for part in found["wide"]] + [_long(part) for part in found["long"]]
    frame = pd.concat(frames, ignore_index=True).dropna(subset=["governance_estimate"])
    wrong = ~frame["governance_estimate"].between(-4, 4)
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise SchemaError(
            f"wgi: {row['indicator']} of {row['code']} in {row['year']} is {row['governance_estimate']:g}; "
            "expected an estimate between -2.5 and 2.5. Take the estimates (EST), not ranks or scores."
        )
    frame = with_states(
        within(frame, years),
        {"iso3": ("code", "year")},
        lambda code, year: named_in(_OTHER.get(str(code), str(code)), int(year), territories=True).iso3,
        what="wgi: estimates",
        no_state=lambda code: not code,
        most_unknown=_MOST_UNKNOWN_IN_ANSWERS if answers else MOST_UNKNOWN,
    )
    keys = ["iso3", "indicator", "year"]
    frame = without_repeats(frame[[*keys, *_VALUES]], keys, what="wgi: estimates")
    return {"governance": pa.Table.from_pandas(frame, preserve_index=False)}


def _is_answer(path: Path) -> bool:
    return Part(path).start().removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def _answer(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        about, rows = json.loads(path.read_text(encoding="utf-8-sig"))
        pages = about["pages"]
        frame = pd.DataFrame(
            {
                "code": [row["countryiso3code"] for row in rows],
                "year": [int(row["date"]) for row in rows],
                "indicator": [row["indicator"]["id"].removeprefix("GOV_WGI_").split(".")[0] for row in rows],
                "governance_estimate": pd.array([row["value"] for row in rows], "Float64"),
                "governance_std_error": float("nan"),
                "governance_sources": pd.array([pd.NA] * len(rows), "Int64"),
            }
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise SchemaError(
            f"{path}: is no answer of the World Bank's interface ({type(fault).__name__}: {fault}). The "
            "layout has changed, or the indicator is archived."
        ) from None
    if pages != 1:
        raise SchemaError(f"{path}: is page 1 of {pages}. Ask for more rows a page (per_page=20000).")
    return _known(frame.astype({"governance_estimate": "float64"}), path)


def _wide(part: Part) -> pd.DataFrame:
    import pandas as pd

    names = [f"{each.lower()}{kind}" for each in INDICATORS for kind in "esn"]
    raw = read_data(part, columns=("code", "year", *names), nulls=_NULLS)
    frames = []
    for each in INDICATORS:
        estimate, error, count = (f"{each.lower()}{kind}" for kind in "esn")
        frames.append(_estimates(raw, part, estimate, error, count).assign(indicator=each))
    return pd.concat(frames, ignore_index=True)


def _long(part: Part) -> pd.DataFrame:
    raw = read_data(part, columns=_LAYOUTS["long"], nulls=_NULLS)
    indicator = raw["indicator"].cast(pa.string()).to_pandas().str.upper()
    return _known(_estimates(raw, part, "estimate", "stddev", "nsource").assign(indicator=indicator), part)


def _estimates(raw: pa.Table, part: Part, estimate: str, error: str, count: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "code": raw["code"].cast(pa.string()).to_pandas(),
            "year": whole_numbers(raw, "year", file=part, needed=True).to_pandas(),
            "governance_estimate": numbers(raw, estimate, file=part).to_pandas(),
            "governance_std_error": numbers(raw, error, file=part).to_pandas(),
            "governance_sources": whole_numbers(raw, count, file=part).to_pandas().astype("Int64"),
        }
    )


def _known(frame: pd.DataFrame, file: Path | Part) -> pd.DataFrame:
    """The rows as they are, if every indicator is one of the six."""
    strange = sorted(map(str, set(frame["indicator"]) - set(INDICATORS)))
    if strange:
        raise SchemaError(f"{file}: holds the indicator {strange[0]}; known are {', '.join(INDICATORS)}.")
    return frame


def _files(years: Years) -> tuple[Remote, ...]:
    place = "https://api.worldbank.org/v2/country/all/indicator/"
    return tuple(
        Remote(
            f"{place}GOV_WGI_{each}.EST?source=3&format=json&per_page=20000", name=f"wgi_{each.lower()}.json"
        )
        for each in INDICATORS
    )


SOURCE = Source(
    name="wgi",
    title="Worldwide Governance Indicators, World Bank",
    tables=("governance",),
    version="interface of 2025 (source 3); data sets of 2022 and since 2023",
    years="1996-2024",
    licence="CC BY 4.0",
    terms="Free for any use with attribution.",
    citation=(
        "Kaufmann, Daniel, Aart Kraay and Massimo Mastruzzi (2011), The Worldwide Governance Indicators: "
        "Methodology and Analytical Issues, Hague Journal on the Rule of Law 3(2), 220-246."
    ),
    page="https://www.worldbank.org/en/publication/worldwide-governance-indicators",
    parse=parse,
    files=_files,
    oddities=("No estimates for 1997, 1999 and 2001. The interface gives no standard errors.",),
)
