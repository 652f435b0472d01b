"""The backtest of rival explanations: the evidence of documented cases, and how often verdicts were right.

Measured with everything that may be used for computing: embedded tables, and from ``TROPISM_SHARED`` trade,
alliances, organisations and leaders (Correlates of War, ATOP, Archigos), which are read into a store of their
own that is gone afterwards. What is embedded are our numbers: none of these files.
"""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Mapping

import pandas as pd

from embed import SHARED, Built
from tropism.backtesting import Backtest, backtest
from tropism.explanations.cases import ADDED, EMBEDDED
from tropism.series import Provenance
from tropism.sources import find_source
from tropism.tables import schema
from tropism.tables.store import Store
from tropism.version import __version__

TABLES = ("case_evidence", "case_facts", "backtest_cases", "backtest_figures")

#: Sources and their files, beside what is embedded.
READ = {
    "barbieri": ("trade/cow_trade_4_0_dyadic_1950_2014.parquet", "trade/cow_trade_4_0_national.parquet"),
    "atop": ("alliances/atop_5_1_directed_dyad_year.parquet",),
    "archigos": ("leaders/archigos_4_1.parquet",),
    "cow_igo": ("igo/cow_igo_v3_state_year.parquet", "igo/cow_igo_v3_organizations.csv"),
}
METHOD = (
    "Computed by tropism from UN votes, memberships, trade (COW Trade 4.0, mineral trade of BACI) and "
    "alliances (ATOP 5.1), as `tropism backtest` does with these data. Changes are beside those of all "
    "other states in the same window, in units of ordinary changes. Evidence of a case ends at its as-of "
    "year."
)


def build() -> list[Built]:
    """Score all cases at all horizons: with embedded data alone, then with the others added."""
    own = Provenance(
        source=f"tropism {__version__}, backtest of rival explanations",
        licence="MIT",
        as_of=datetime.date.today().isoformat(),
        citation="tropism; data: Voeten, Strezhnev and Bailey (2009); Barbieri and Keshk (2016), COW Trade "
        "4.0; Leeds, Ritter, Mitchell and Long (2002), ATOP 5.1; Gaulier and Zignago (2010), BACI.",
    )
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for data, sources in ((EMBEDDED, {}), (ADDED, READ)):
        found = _run(sources)
        for name, make in zip(TABLES, (_evidence, _facts, _cases, _figures), strict=True):
            parts[name].append(make(found).assign(data=data))
    return [Built(name, _joined(name, pd.concat(parts[name])), own, (METHOD,)) for name in TABLES]


def _run(sources: Mapping[str, tuple[str, ...]]) -> Backtest:
    before = os.environ.get("TROPISM_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["TROPISM_HOME"] = home
        try:
            for name, files in sources.items():
                source = find_source(name)
                provenance = Provenance(source.title, source.licence, "2014-12-31", citation=source.citation)
                for table, rows in source.parse([SHARED / file for file in files], None).items():
                    Store().write(table, rows, provenance)
            return backtest(progress=lambda text: print(text, flush=True))
        finally:
            if before is None:
                del os.environ["TROPISM_HOME"]
            else:
                os.environ["TROPISM_HOME"] = before


def _joined(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Evidence that both measured in the same way stands once, under embedded data."""
    return table.drop_duplicates(list(schema.schema(name).keys))


def _evidence(found: Backtest) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "case": each.case.case,
                "horizon": each.horizon,
                "block": block,
                "measure": each.case.measures[block],
                "change_toward": standing.z[0],
                "change_away": standing.z[1],
                "var_toward": standing.error[0, 0],
                "cov_both": standing.error[0, 1],
                "var_away": standing.error[1, 1],
                "correlation": standing.correlation,
                "freedom": standing.freedom,
            }
            for each in found.measured
            for block, standing in each.case.standings.items()
        ]
    ).round(4)


def _facts(found: Backtest) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"case": each.case.case, "horizon": each.horizon, "fact": fact.name, "happened": fact.happened}
            | {"measure": fact.title, "others": fact.others, "of": fact.of}
            for each in found.measured
            for fact in each.facts
        ]
    )


def _cases(found: Backtest) -> pd.DataFrame:
    return found.tidy().round(4)


def _figures(found: Backtest) -> pd.DataFrame:
    return found.figures().round(4)
