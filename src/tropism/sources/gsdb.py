"""Sanctions: the Global Sanctions Data Base, its case file and its dyadic file, each as CSV or Stata.

Case file: one row per case, with the names of states or bodies; several stand in one cell, separated by
commas, some of which belong to a name ("Korea, South"). Dyadic file: one row per pair of states and year,
with ISO3 codes; ``case_id`` may list several cases. A reader of release 4 finds 48 senders against Russia
in 2023: bodies stand there member by member.

Not confirmed on a real file: the order of the dyadic file's columns, and which bodies the case file names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError, UnknownStateError
from tropism.sources.source import Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.tables import schema
from tropism.tables.files import Part, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("trade", "arms", "military", "financial", "travel", "other")
_CASES = ("case_id", "sanctioned_state", "sanctioning_state", "begin", "end", *KINDS, "objective", "success")
_DYADS = ("case_id", "year", "sanctioned_state_iso3", "sanctioning_state_iso3", *KINDS)
_LAYOUTS = {
    "cases": ("case_id", "sanctioned_state", "sanctioning_state", "begin", "end"),
    "dyads": ("case_id", "year", "sanctioned_state_iso3", "sanctioning_state_iso3"),
}
#: Targets that are no states (armed groups) are a few in a hundred cases.
_MOST_UNKNOWN = 0.05
#: Words in the names of bodies that impose sanctions.
_BODY = ("league", "union", "organization", "organisation", "community", "council", "commonwealth", "nations")


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the case file as ``sanction_cases`` and the dyadic file as ``sanction_years``.

    Without a dyadic file ``sanction_years`` is made from the cases: a body's sanctions are then its own
    (``UN``, ``EU``), not its members'. Rows of one pair and year are joined: a kind of sanctions is there
    if any row has it, and every case counts once.

    Raises
    ------
    SchemaError
        If the layout is another, a flag is neither 0 nor 1, a case ends before it begins, or more than one
        pair in twenty names an unknown state.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="the Global Sanctions Data Base")
    tables = {}
    pairs = None
    if found["cases"]:
        pairs = pd.concat([_cases(part) for part in found["cases"]])
        keys = ["case_id", "sender", "target"]
        pairs = without_repeats(pairs, keys, what="gsdb: cases")
        if years is not None:
            pairs = pairs[(pairs.start_year <= years[1]) & (pairs.end_year >= years[0])]
        columns = [*keys, "start_year", "end_year", *KINDS, "objective", "success"]
        tables["sanction_cases"] = pa.Table.from_pandas(pairs[columns], preserve_index=False)
    if found["dyads"]:
        dyads = pd.concat([_dyads(part) for part in found["dyads"]], ignore_index=True)
    else:
        assert pairs is not None  # tell_apart: there is a file of either kind
        spans = [list(range(a, b + 1)) for a, b in zip(pairs.start_year, pairs.end_year, strict=True)]
        dyads = pairs.assign(year=pd.Series(spans, index=pairs.index)).explode("year")
        dyads = dyads.astype({"year": "int64"})
    joined = _joined(within(dyads, years))
    tables["sanction_years"] = pa.Table.from_pandas(joined, preserve_index=False)
    return tables


def _cases(part: Part) -> pd.DataFrame:
    """One row per case, sender and target."""
    import pandas as pd

    raw = read_data(part, columns=_CASES, encodings=("utf-8", "latin-1"), nulls=("", "NA", "."))
    frame = pd.DataFrame(
        {
            "case_id": raw["case_id"].cast(pa.string()).to_pandas().str.removesuffix(".0"),
            "start_year": whole_numbers(raw, "begin", file=part, needed=True).to_pandas(),
            "end_year": whole_numbers(raw, "end", file=part, needed=True).to_pandas(),
            "objective": raw["objective"].cast(pa.string()).to_pandas(),
            "success": raw["success"].cast(pa.string()).to_pandas(),
            **_flags(raw, part),
        }
    )
    last = schema.columns()["end_year"].maximum
    wrong = (frame.end_year < frame.start_year) | (frame.end_year > last)
    if wrong.any():
        row = wrong[wrong].index[0]
        raise SchemaError(
            f"{part}: case {frame.case_id[row]} runs from {frame.start_year[row]} to {frame.end_year[row]} "
            f"(row {row + 1}); expected years in order, to {last:g} at most. Correct them."
        )
    for side in ("sanctioned_state", "sanctioning_state"):
        names = raw[side].to_pandas()
        frame[side] = [
            _parties(name, year) if isinstance(name, str) else [None]
            for name, year in zip(names, frame.start_year, strict=True)
        ]
    frame = frame.explode("sanctioned_state").explode("sanctioning_state")
    sides = {"target": ("sanctioned_state", "start_year"), "sender": ("sanctioning_state", "start_year")}
    return with_states(frame, sides, _party, what="gsdb: pairs of a case", most_unknown=_MOST_UNKNOWN).drop(
        columns=["sanctioned_state", "sanctioning_state"]
    )


def _parties(text: str, year: int) -> list[str]:
    """The names in a cell, the longest that is a state's going first: "Korea, South" is one."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = []
    while words:
        length = next(
            (n for n in range(min(3, len(words)), 1, -1) if _is_state(", ".join(words[:n]), year)), 1
        )
        found.append(", ".join(words[:length]))
        words = words[length:]
    return found


def _is_state(name: str, year: int) -> bool:
    try:
        named_in(name, year, territories=True)
    except UnknownStateError:
        return False
    return True


def _party(name: str | None, year: int) -> str | None:
    """ISO3 of a state; a body keeps the name that it has in the file."""
    if not isinstance(name, str):
        return None
    if _is_state(name, year):
        return named_in(name, year, territories=True).iso3
    is_body = (name.isupper() and len(name) <= 7) or any(word in _BODY for word in name.lower().split())
    return name if is_body or name.upper() in ("G7", "G8") else None


def _dyads(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_DYADS, encodings=("utf-8", "latin-1"), nulls=("", "NA", "."))
    frame = pd.DataFrame(
        {
            "case_id": raw["case_id"].cast(pa.string()).to_pandas().str.removesuffix(".0"),
            "year": whole_numbers(raw, "year", file=part, needed=True).to_pandas(),
            "from": raw["sanctioning_state_iso3"].to_pandas().fillna("(no state)"),
            "to": raw["sanctioned_state_iso3"].to_pandas().fillna("(no state)"),
            **_flags(raw, part),
        }
    )
    sides = {"sender": ("from", "year"), "target": ("to", "year")}
    return with_states(
        frame, sides, _coded, what="gsdb: pairs and years", no_state=lambda code: code == "(no state)"
    ).drop(columns=["from", "to"])


def _coded(code: str, year: int) -> str | None:
    return None if code == "(no state)" else named_in(code, year, territories=True).iso3


def _joined(dyads: pd.DataFrame) -> pd.DataFrame:
    """One row per sender, target and year."""
    keys = ["sender", "target", "year"]
    listed = dyads[[*keys, "case_id"]].assign(case_id=dyads.case_id.str.split(r"[,;]\s*", regex=True))
    listed = listed.explode("case_id")
    listed["case_id"] = listed.case_id.str.strip()
    cases = listed.drop_duplicates().groupby(keys).size().rename("cases")
    kinds = dyads.groupby(keys)[list(KINDS)].max().rename(columns=lambda kind: f"sanctions_{kind}")
    return kinds.join(cases).reset_index()


def _flags(raw: pa.Table, part: Part) -> dict[str, pd.Series]:
    """The kinds of sanctions, false where a cell is empty: the file marks what there was."""
    flags = {}
    for kind in KINDS:
        values = whole_numbers(raw, kind, file=part).to_pandas().fillna(0)
        odd = ~values.isin((0, 1))
        if odd.any():
            row = odd[odd].index[0]
            raise SchemaError(
                f"{part}: holds {kind} {values[row]:g} in row {row + 1}; expected 0 or 1. Columns may have "
                "moved: get the file again."
            )
        flags[kind] = values.astype(bool)
    return flags


SOURCE = Source(
    name="gsdb",
    title="Global Sanctions Data Base",
    tables=("sanction_cases", "sanction_years"),
    version="release 4 (1950-2023); the case layout of release 3 is the same",
    years="1950-2023",
    licence="on request, non-commercial",
    terms="Sent on request by e-mail form; non-commercial use; cite the data base.",
    citation=(
        "Felbermayr, Gabriel, Aleksandra Kirilakha, Constantinos Syropoulos, Erdal Yalcin and Yoto V. Yotov "
        "(2020), The Global Sanctions Data Base, European Economic Review."
    ),
    page="https://www.globalsanctionsdatabase.com/data/",
    parse=parse,
    by_hand=(
        "Ask for the data with the form on https://www.globalsanctionsdatabase.com/data/; give the case "
        "file, the dyadic file or both (csv or dta)."
    ),
    oddities=(
        "In the case file a body's sanctions (UN, EU) are the body's, in the dyadic file its members'.",
        "One row of the dyadic file may stand for several cases, whose kinds of sanctions are then joined.",
    ),
)
