"""Trade by product: CEPII's BACI, as the zip of all years or a CSV of one year.

Rows ``t, i, j, k, v, q``: year, exporter, importer, HS6 product, thousand current US dollars, tonnes ("NA"
padded with spaces). Codes of states are Comtrade's, most of them M49's. The list of codes in the zip goes
before `tropism.states`, with one exception: what stands for several states (Belgium-Luxembourg, which the
list calls BEL) stays apart, as in ``mineral_trade``. Product 9999AA, not specified, is no HS6 product: its
rows are left out with a warning that says what they are worth.

A year is read piece by piece: see `parse` for the memory that takes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError, UnknownStateError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import MOST_UNKNOWN
from tropism.sources.world_trade import refuse_lost_states, refuse_wrong_unit
from tropism.states import find_state, from_comtrade
from tropism.tables.files import Part, read_batches, read_csv, tell_apart, whole_numbers

log = logging.getLogger(__name__)

_RELEASE = "202601"
_COLUMNS = {
    "t": pa.int16(),
    "i": pa.int32(),
    "j": pa.int32(),
    "k": pa.string(),
    "v": pa.float32(),
    "q": pa.string(),
}
_LAYOUTS = {"flows": tuple(_COLUMNS), "codes": ("country_code", "country_name", "country_iso3")}
#: Above every code of Comtrade.
_CODES = 1000
#: Numbers of states that Comtrade counts with their dependencies, beside their numbers in M49.
_TWO_NUMBERS = {842: 840, 251: 250, 699: 356, 757: 756, 579: 578, 490: 158}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read BACI as ``product_trade``.

    A million rows are 18 MB in the table and 75 MB more while their year is checked: ten years of 11
    million rows are 2 GB, and need 3 GB here. The check of the store that follows needs more, about 150 MB
    per million rows: ask for the years that matter.

    Raises
    ------
    SchemaError
        If the layout is another, the revision is not HS92, a value does not fit, more than one flow in a
        hundred has an unknown state, a flow stands there twice (one state under two numbers, or a file given
        twice), or the year's sum cannot be in thousand dollars.
    """
    found = tell_apart(files, _LAYOUTS, what="BACI")
    if not found["flows"]:
        raise SchemaError(
            "baci: only a list of codes was given. Give BACI_HS92_Y<year>.csv or the whole zip."
        )
    states = _States(_listed(found["codes"]))
    wanted = [part for part in sorted(found["flows"], key=lambda part: part.name) if _asked(part, years)]
    pieces: list[pa.Table] = []
    for part in wanted:
        pieces += _flows(part, states, years)
    states.report()
    table = pa.concat_tables(pieces) if pieces else _empty()
    _check_years(table)
    return {"product_trade": table}


def _asked(part: Part, years: Years) -> bool:
    """Whether a file can hold rows of the years asked for; refuses another revision than HS92."""
    revision = re.search(r"HS(\d\d)", part.name)
    if revision and revision[1] != "92":
        raise SchemaError(
            f"{part}: is in revision HS{revision[1]}, whose codes mean other products; expected HS92. Take "
            "BACI_HS92."
        )
    named = re.search(r"_Y(\d{4})", part.name)
    return years is None or named is None or years[0] <= int(named[1]) <= years[1]


def _listed(lists: Sequence[Part]) -> dict[int, str]:
    """Number and ISO3 code of the list that comes with the data; areas of no state are passed over."""
    listed = {}
    for part in lists:
        raw = read_csv(part, columns=_LAYOUTS["codes"], encodings=("utf-8", "latin-1"))
        codes = whole_numbers(raw, "country_code", file=part).to_pylist()
        for code, iso3 in zip(codes, raw["country_iso3"].to_pylist(), strict=True):
            try:
                if iso3 is not None and code is not None:
                    listed[code] = find_state(iso3, territories=True).iso3
            except UnknownStateError:
                continue
        differ = [code for code, iso3 in listed.items() if _by_number(code) not in (iso3, None)]
        if len(differ) > max(3, 0.05 * len(listed)):
            raise SchemaError(
                f"{part}: gives {len(differ)} of {len(listed)} numbers to other states than Comtrade does; "
                f"first {differ[0]}: {listed[differ[0]]}, expected {_by_number(differ[0])}. It is the list "
                "of another system: take the one that comes with the data."
            )
    return listed


def _by_number(code: int) -> str | None:
    try:
        return from_comtrade(code).iso3
    except UnknownStateError:
        return None


class _States:
    """Numbers of states to places in one list of ISO3 codes, with a count of those that have none."""

    def __init__(self, listed: dict[int, str]) -> None:
        names: dict[str, int] = {}
        self.places = np.full(_CODES, -1, dtype=np.int16)
        for code in range(_CODES):
            own = _by_number(code)
            area = own is not None and find_state(own, territories=True).kind == "area"
            iso3 = own if area else listed.get(code, own)
            if iso3 is not None:
                self.places[code] = names.setdefault(iso3, len(names))
        self.names = pa.array(names, pa.string())
        self.unknown = np.zeros(_CODES, dtype=np.int64)
        self.rows = 0

    def place(self, codes: np.ndarray, part: Part) -> np.ndarray:
        """Places of numbers; -1 where a number is no state's."""
        if codes.size and (codes.min() < 0 or codes.max() >= _CODES):
            odd = codes[(codes < 0) | (codes >= _CODES)][0]
            raise SchemaError(
                f"{part}: holds {odd} as number of a state; expected 1 to 999. Columns may have moved."
            )
        places = self.places[codes]
        np.add.at(self.unknown, codes[places < 0], 1)
        return places

    def column(self, places: np.ndarray) -> pa.DictionaryArray:
        """The codes that places stand for."""
        return pa.DictionaryArray.from_arrays(pa.array(places, pa.int16(), mask=places < 0), self.names)

    def report(self) -> None:
        """Say which numbers were unknown; raise if they were many."""
        if not self.unknown.any():
            return
        codes = self.unknown.argsort()[::-1]
        named = ", ".join(f"{code} ({self.unknown[code]})" for code in codes[:12] if self.unknown[code])
        if self.unknown.sum() > MOST_UNKNOWN * self.rows:
            raise SchemaError(
                f"baci: {self.unknown.sum()} of {self.rows} flows have a number that no state has: {named}. "
                "The codes are of another system than Comtrade's: give the file as CEPII has it, with its "
                "list of codes."
            )
        log.warning("baci: %d flows left out, of no known state: %s", self.unknown.sum(), named)


def _flows(part: Part, states: _States, years: Years) -> list[pa.Table]:
    pieces = []
    unspecified, worth = 0, 0.0
    for batch in read_batches(part, _COLUMNS):
        states.rows += batch.num_rows
        for column in "tijkv":
            if batch[column].null_count:
                raise SchemaError(
                    f"{part}: has rows without {column}: it may be cut off. Get the file again."
                )
        exporter = states.place(batch["i"].to_numpy(), part)
        importer = states.place(batch["j"].to_numpy(), part)
        product = pc.match_substring_regex(batch["k"], r"^\d{5,6}$")
        odd = pc.invert(product)
        unspecified += pc.sum(odd).as_py() or 0
        worth += pc.sum(batch["v"].filter(odd)).as_py() or 0.0
        table = pa.table(
            {
                "exporter": states.column(exporter),
                "importer": states.column(importer),
                "year": batch["t"],
                "hs6": pc.if_else(product, batch["k"], None).cast(pa.int32()),
                "trade_thousand_usd": batch["v"],
                "quantity_tonnes": _tonnes(batch["q"], part),
            }
        )
        keep = pc.and_(product, pa.array((exporter >= 0) & (importer >= 0)))
        if years is not None:
            keep = pc.and_(
                keep, pc.and_(pc.greater_equal(batch["t"], years[0]), pc.less_equal(batch["t"], years[1]))
            )
        pieces.append(table.filter(keep))
    if unspecified:
        log.warning(
            "baci: %s: %d flows left out, of products that are no HS6 code, worth %.4g million US dollars",
            part.name,
            unspecified,
            worth / 1000,
        )
    return pieces


def _tonnes(values: pa.Array, part: Part) -> pa.Array:
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.is_in(text, value_set=pa.array(["NA", ""])), None, text)
    try:
        return text.cast(pa.float32())
    except pa.ArrowInvalid as fault:
        raise SchemaError(f"{part}: holds a quantity that is no number ({fault}). Mend the row.") from None


def _check_years(table: pa.Table) -> None:
    """Faults of a year that its rows do not show one by one."""
    for year in sorted(pc.unique(table["year"]).to_pylist()):
        rows = table.filter(pc.equal(table["year"], year))
        exporter, importer = _indices(rows["exporter"]), _indices(rows["importer"])
        names = rows["exporter"].chunk(0).dictionary.to_pylist()
        _refuse_twice(year, exporter, importer, rows["hs6"].to_numpy(), names)
        values = rows["trade_thousand_usd"].to_numpy().astype(np.float64) * 1000
        flows = np.bincount(exporter * len(names) + importer, weights=values)
        sellers = {names[place] for place in np.unique(exporter)}
        refuse_wrong_unit(year, flows.sum(), flows.max(), sellers, what="baci", unit="thousand US dollars")
        refuse_lost_states(year, sellers, what="baci")


def _indices(column: pa.ChunkedArray) -> np.ndarray:
    return np.concatenate([chunk.indices.to_numpy() for chunk in column.chunks]).astype(np.int64)


def _refuse_twice(
    year: int, exporter: np.ndarray, importer: np.ndarray, hs6: np.ndarray, names: Sequence[str]
) -> None:
    # One number for each flow: sorting it is faster and smaller than grouping by three columns.
    key = (exporter * len(names) + importer) * 1_000_000 + hs6
    key.sort()
    twice = np.flatnonzero(key[1:] == key[:-1])
    if not twice.size:
        return
    pair, product = divmod(int(key[twice[0]]), 1_000_000)
    seller, buyer = names[pair // len(names)], names[pair % len(names)]
    two = [f"{own} and {m49}" for own, m49 in _TWO_NUMBERS.items() if _by_number(own) in (seller, buyer)]
    cause = (
        f"One state may stand there under two numbers ({', '.join(two)}): codes of Comtrade and M49 are "
        "mixed."
        if two
        else "A file may have been given twice, or two releases."
    )
    raise SchemaError(
        f"baci: {twice.size} flows of {year} stand there twice; first {seller} to {buyer}, product "
        f"{product:06d}. {cause} Keep one row of each."
    )


def _empty() -> pa.Table:
    codes = pa.dictionary(pa.int16(), pa.string())
    return pa.schema(
        {
            "exporter": codes,
            "importer": codes,
            "year": pa.int16(),
            "hs6": pa.int32(),
            "trade_thousand_usd": pa.float32(),
            "quantity_tonnes": pa.float32(),
        }
    ).empty_table()


def files(years: Years) -> tuple[Remote, ...]:
    """The zip of all years: CEPII gives no other."""
    return (Remote(f"https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS92_V{_RELEASE}.zip"),)


SOURCE = Source(
    name="baci",
    title="BACI: International Trade Database at the Product Level (CEPII)",
    tables=("product_trade",),
    version=f"HS92, V{_RELEASE}",
    years="1995-2024",
    licence="Etalab 2.0",
    terms="Free for any use with credit to CEPII.",
    citation=(
        "Gaulier, Guillaume and Soledad Zignago (2010), BACI: International Trade Database at the "
        "Product-Level. The 1994-2007 Version, CEPII Working Paper 2010-23."
    ),
    page="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37",
    parse=parse,
    files=files,
    oddities=(
        "Both sides' reports are reconciled: mirror gaps cannot be seen in it.",
        "Flows under 1,000 dollars are not in it; no row means no record, never zero.",
        "A full year has 11 million rows: storing one takes 1 GB of memory, each further year half as much.",
        "Belgium-Luxembourg (to 1998) and the Southern African Customs Union (to 1999) are areas.",
    ),
)
