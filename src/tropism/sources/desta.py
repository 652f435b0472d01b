"""Design of Trade Agreements: treaties, who signed them, how deep they go.

Official layouts (latin-1): ``desta_list_of_treaties_02_03.csv`` (``number, base_treaty, name, entry_type,
consolidated, year, entryforceyear, …`` and the parties ``c1, c2, …``, numeric UN codes; one row per entry),
``desta_list_of_treaties_02_03_dyads.csv`` (the same with ``iso1, iso2``, one row per pair of parties) and
``desta_indices_version_02_03.csv`` (``number, base_treaty, …, depth_index, depth_rasch``). A copy in an R
package has the parties long: ``number, base_treaty, entry_type, year, entryforceyear, c, mc``. The workbooks
(xlsx) of earlier releases are not read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_states
from tropism.states import from_m49
from tropism.tables.files import Part, numbers, read_data, tell_apart, whole_numbers, within, without_repeats

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_LAYOUTS = {
    "members": ("number", "base_treaty", "c", "mc"),
    "dyads": ("number", "base_treaty", "iso1", "iso2"),
    "indices": ("number", "base_treaty", "depth_index", "depth_rasch"),
    "treaties": ("number", "base_treaty", "name", "typememb", "language"),
}
_ENTRY = ("number", "base_treaty", "name", "entry_type", "year", "entryforceyear")
_NULLS, _ENCODINGS = ("", "NA", "."), ("utf-8", "latin-1")
#: Where the parties stand in each layout; in the list of treaties in as many columns as it takes.
_PARTIES = {"members": ("c",), "dyads": ("iso1", "iso2"), "treaties": ()}
_PARTY = re.compile(r"c\d+")
#: DESTA's own: party of CEFTA, "EC Kosovo SAA", "Kosovo UK" and so on.
KOSOVO = 900


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the entries as ``trade_agreements`` and their parties as ``agreement_members``.

    Depth is that of the indices where their file is among those given, else null; an entry without one of its
    own has that of its base treaty. Talks that were never signed stay, with their type.

    Raises
    ------
    SchemaError
        If the layout is another, the indices come alone, or more than one party in a hundred has an unknown
        code.
    """
    import pandas as pd

    found = tell_apart(files, _LAYOUTS, what="DESTA")
    if not any(found[layout] for layout in _PARTIES):
        raise SchemaError(
            f"desta: {', '.join(map(str, found['indices']))} holds only the indices, which belong to "
            "agreements. Give the list of treaties with it, in one command."
        )
    tables = {}
    lists = [*found["treaties"], *(found["dyads"] if not found["treaties"] else ())]
    kept = None
    if lists:
        frame = pd.concat([_entries(part) for part in lists], ignore_index=True)
        # Parties may ratify in different years: an agreement is in force from the first.
        others = [name for name in frame.columns if name != "force_year"]
        frame = frame.sort_values("force_year", kind="stable").drop_duplicates(others).sort_index()
        frame = within(frame, years, "signature_year")
        frame = without_repeats(frame, ["agreement"], what="desta: entries")
        frame = _with_depth(frame, [_indices(part) for part in found["indices"]])
        kept = set(frame["agreement"])
        tables["trade_agreements"] = pa.Table.from_pandas(frame, preserve_index=False)
    parties = [_parties(part, columns) for layout, columns in _PARTIES.items() for part in found[layout]]
    if any(map(len, parties)):
        frame = pd.concat(parties, ignore_index=True)
        frame = frame if kept is None else frame[frame["agreement"].isin(kept)]
        frame = with_states(frame, {"iso3": ("code",)}, _state, what="desta: parties")
        frame = frame[["agreement", "iso3"]].drop_duplicates()
        tables["agreement_members"] = pa.Table.from_pandas(frame, preserve_index=False)
    return tables


def _text(raw: pa.Table, column: str) -> pd.Series:
    """Numbers of treaties are text: some have letters."""
    return raw[column].cast(pa.string()).to_pandas().str.removesuffix(".0")


def _entries(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_ENTRY, nulls=_NULLS, encodings=_ENCODINGS)
    return pd.DataFrame(
        {
            "agreement": _text(raw, "number"),
            "base_agreement": _text(raw, "base_treaty"),
            "name": raw["name"].cast(pa.string()).to_pandas(),
            "entry_type": raw["entry_type"].cast(pa.string()).to_pandas(),
            "signature_year": whole_numbers(raw, "year", file=part).to_pandas(),
            "force_year": whole_numbers(raw, "entryforceyear", file=part).to_pandas(),
        }
    )


def _indices(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_LAYOUTS["indices"], nulls=_NULLS, encodings=_ENCODINGS)
    return pd.DataFrame(
        {
            "agreement": _text(raw, "number"),
            "base_agreement": _text(raw, "base_treaty"),
            "depth_index": numbers(raw, "depth_index", file=part).to_pandas(),
            "depth_rasch": numbers(raw, "depth_rasch", file=part).to_pandas(),
        }
    )


def _with_depth(entries: pd.DataFrame, indices: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    depth = ["depth_index", "depth_rasch"]
    if not indices:
        log.warning(
            "desta: no depth of agreements, without which they are not scored: it stands in a file of its "
            "own, desta_indices_version_02_03.csv. Give that with the others, in one command"
        )
        return entries.assign(**dict.fromkeys(depth, pd.Series(dtype="float64")))
    known = pd.concat(indices, ignore_index=True)
    own = entries.merge(known.drop_duplicates("agreement")[["agreement", *depth]], on="agreement", how="left")
    base = known[known["agreement"] == known["base_agreement"]].drop_duplicates("base_agreement")
    of_base = entries[["base_agreement"]].merge(
        base[["base_agreement", *depth]], on="base_agreement", how="left"
    )
    for name in depth:
        own[name] = own[name].fillna(of_base[name])
    return own


def _parties(part: Part, columns: Sequence[str]) -> pd.DataFrame:
    """Parties of each entry in one file; none if a list of treaties leaves them out."""
    import pandas as pd

    wanted = ("number", *columns) if columns else ()
    raw = read_data(part, columns=wanted, nulls=_NULLS, encodings=_ENCODINGS)
    agreement = _text(raw, "number")
    sides = [
        pd.DataFrame({"agreement": agreement, "code": whole_numbers(raw, name, file=part).to_pandas()})
        for name in columns or filter(_PARTY.fullmatch, raw.column_names)
    ]
    return pd.concat(sides or [pd.DataFrame()], ignore_index=True).dropna().drop_duplicates()


def _state(code: float) -> str:
    return "XKX" if code == KOSOVO else from_m49(int(code)).iso3


def _files(years: Years) -> tuple[Remote, ...]:
    place = "https://www.designoftradeagreements.org/media/filer_public/"
    return (
        Remote(place + "5e/11/5e11943b-8871-4e8b-bcb2-8188aa83969c/desta_list_of_treaties_02_03.csv"),
        Remote(place + "6a/45/6a454835-eef1-44c4-8af2-5557a9552167/desta_list_of_treaties_02_03_dyads.csv"),
        Remote(place + "0c/64/0c64ec71-5728-409f-91d8-64c324bf4400/desta_indices_version_02_03.csv"),
    )


SOURCE = Source(
    name="desta",
    title="Design of Trade Agreements (DESTA)",
    tables=("trade_agreements", "agreement_members"),
    version="2.03 (lists of 2.0x read alike)",
    years="1948-2023",
    licence="free with citation",
    terms="The data base asks for citation; a repackaging of its list is CC BY 4.0.",
    citation=(
        "Dür, Andreas, Leonardo Baccini and Manfred Elsig (2014), The Design of International Trade "
        "Agreements: Introducing a New Dataset, Review of International Organizations 9(3), 353-375."
    ),
    page="https://www.designoftradeagreements.org/downloads/",
    parse=parse,
    files=_files,
    oddities=(
        "Entries of the type negotiation were never signed.",
        "Rows of accessions and withdrawals list the other parties too: members are those of base treaties.",
    ),
)
