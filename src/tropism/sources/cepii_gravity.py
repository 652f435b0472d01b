"""Distance, borders, language, past, size and agreements of pairs of countries: CEPII's Gravity database.

``Gravity_V202211.csv`` (in a zip, with a list of countries that is not needed): one row per origin,
destination and year, 1948-2021, also for countries that did not exist then. ``country_id_o`` tells the
spells of one country apart ("DEU.1", "DEU.2"); where ``country_exists_o`` and ``country_exists_d`` are both
1 there is one row per pair of ISO3 codes and year. GDP is in thousand current US dollars, population in
thousands.

Not confirmed on a real file: the ISO3 codes of states that have ended.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.sources.world_trade import WORLD, world_exports_usd
from tropism.tables.files import Part, read_batches, tell_apart, without_repeats

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_COLUMNS = {
    "year": pa.int16(),
    "iso3_o": pa.string(),
    "iso3_d": pa.string(),
    "country_exists_o": pa.float32(),
    "country_exists_d": pa.float32(),
    "distcap": pa.float32(),
    "contig": pa.float32(),
    "comlang_off": pa.float32(),
    "col_dep_ever": pa.float32(),
    "gdp_o": pa.float64(),
    "gdp_d": pa.float64(),
    "pop_o": pa.float64(),
    "pop_d": pa.float64(),
    "fta_wto": pa.float32(),
    "wto_o": pa.float32(),
    "wto_d": pa.float32(),
}
_MARKS = {"gravity": ("country_id_o", "country_exists_o", "country_exists_d", "distcap", "fta_wto")}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read the pairs of existing countries as ``gravity_covariates``; a country with itself is a pair too.

    Pairs without distance or border are left out with a warning.

    Raises
    ------
    SchemaError
        If the layout is another, no row has two existing countries, two rows of one pair and year contradict
        each other, more than one row in a hundred has an unknown state, or GDP is not in thousand dollars.
    """
    import pandas as pd

    found = tell_apart(files, _MARKS, what="CEPII Gravity")
    rows = pa.concat_tables([_existing(part, years) for part in found["gravity"]])
    if not rows.num_rows:
        raise SchemaError(
            "cepii_gravity: no row has two countries that exist in a year asked for. Check the years."
        )
    frame = rows.to_pandas()
    del rows
    sides = {"exporter": ("iso3_o", "year"), "importer": ("iso3_d", "year")}
    frame = with_states(
        frame, sides, lambda code, year: named_in(code, int(year), territories=True).iso3, what=_WHAT
    )
    _refuse_wrong_unit(frame)
    without = frame["distcap"].isna() | frame["contig"].isna()
    if without.any():
        log.warning("%s: %d left out, without distance or border", _WHAT, without.sum())
    frame = frame[~without]
    table = pd.DataFrame(
        {
            "exporter": frame["exporter"],
            "importer": frame["importer"],
            "year": frame["year"],
            "distance_km": frame["distcap"],
            "shares_border": frame["contig"] == 1,
            "official_language": _flag(frame["comlang_off"]),
            "colonial_tie": _flag(frame["col_dep_ever"]),
            "regional_agreement": _flag(frame["fta_wto"]),
            "both_in_wto": _flag(frame["wto_o"] * frame["wto_d"]),
            "exporter_gdp_million_usd": frame["gdp_o"] / 1000,
            "importer_gdp_million_usd": frame["gdp_d"] / 1000,
            "exporter_population_million": frame["pop_o"] / 1000,
            "importer_population_million": frame["pop_d"] / 1000,
        }
    )
    table = without_repeats(table, ["exporter", "importer", "year"], what=_WHAT)
    return {"gravity_covariates": pa.Table.from_pandas(table, preserve_index=False)}


_WHAT = "cepii_gravity: pairs and years"


def _existing(part: Part, years: Years) -> pa.Table:
    """The rows to keep, piece by piece: the whole file has 4.7 million rows of 84 columns."""
    pieces = []
    for batch in read_batches(part, _COLUMNS, nulls=("", "NA")):
        if batch["year"].null_count:
            raise SchemaError(f"{part}: has rows without year: it may be cut off. Get the file again.")
        keep = pc.and_(pc.equal(batch["country_exists_o"], 1), pc.equal(batch["country_exists_d"], 1))
        if years is not None:
            keep = pc.and_(
                keep,
                pc.and_(pc.greater_equal(batch["year"], years[0]), pc.less_equal(batch["year"], years[1])),
            )
        pieces.append(pa.Table.from_batches([batch.filter(pc.fill_null(keep, False))]))
    return pa.concat_tables(pieces)


def _flag(values: pd.Series) -> pd.Series:
    return (values == 1).astype("boolean").mask(values.isna())


def _refuse_wrong_unit(frame: pd.DataFrame) -> None:
    """The largest economy produces somewhat more or less than the whole world exports."""
    for year in frame["year"].unique():
        rows = frame[frame["year"] == year]
        largest = rows["gdp_o"].max() * 1000
        world = world_exports_usd(int(year))
        if rows["exporter"].nunique() >= WORLD and not world / 31 < largest < 31 * world:
            raise SchemaError(
                f"cepii_gravity: the largest GDP of {year} is {largest:.3g} US dollars if values are in "
                f"thousands; expected about {world:.0g}. They are in another unit: give the file as CEPII "
                "has it."
            )


def files(years: Years) -> tuple[Remote, ...]:
    """The zip of all years: CEPII gives no other."""
    return (Remote("https://www.cepii.fr/DATA_DOWNLOAD/gravity/data/Gravity_csv_V202211.zip"),)


SOURCE = Source(
    name="cepii_gravity",
    title="Gravity database (CEPII)",
    tables=("gravity_covariates",),
    version="V202211",
    years="1948-2021",
    licence="Etalab 2.0",
    terms="Free for any use with credit to CEPII.",
    citation=(
        "Conte, Maddalena, Pierre Cotterlaz and Thierry Mayer (2022), The CEPII Gravity Database, CEPII "
        "Working Paper 2022-05."
    ),
    page="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=8",
    parse=parse,
    files=files,
    oddities=(
        "Distances are CEPII's, between its capitals: a few differ from those of the table geography.",
    ),
)
