"""Documented cases to learn from: their labels, and their evidence as the package measured it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tropism.dyads import Window
from tropism.explanations.result import Track
from tropism.explanations.signatures import Class
from tropism.explanations.weights import Case, Standing
from tropism.states import lineage
from tropism.tables import read_table
from tropism.tables.library import table_info

#: Years after the event at which cases are read.
HORIZONS = (1, 3, 5)
#: The scored class of each label. A trap is a case in which something moved, but not the alignment.
CLASS_OF_LABEL: dict[str, Class] = {
    "realignment": "shift",
    "exit": "shift",
    "hedge": "hedge",
    "opportunism": "hedge",
    "non-shift": "nothing",
    "trap": "nothing",
}
#: Two published backtests: of what the package carries, and with the data that ``scripts/embed`` adds.
EMBEDDED, ADDED = "embedded", "added"
#: Beyond this strength verdicts are not told apart: there are too few.
STRONG = 1.0
#: The power of likelihoods before a backtest has fitted one.
NO_TEMPER = 1.0


def nearest_horizon(years: int) -> int:
    """The horizon of the cases that fits a window ending so many years after the event."""
    return max((each for each in HORIZONS if each <= years), default=HORIZONS[0])


@dataclass(frozen=True)
class Labelled:
    """One row of the table of cases: who moved from whom to whom, when, and what that is taken for.

    ``to_pole`` is None for an exit; ``scored`` is false for what is shown only; ``cluster`` names cases that
    are one event in several states.
    """

    case: str
    iso3: str
    from_pole: str
    to_pole: str | None
    start: int
    end: int
    label: str
    scored: bool
    cluster: str

    @property
    def of_class(self) -> Class:
        """The scored class of its label."""
        return CLASS_OF_LABEL[self.label]

    @property
    def country(self) -> str:
        """Every code of the state, with spaces between."""
        return " ".join((self.iso3, *(link.predecessor for link in lineage(self.iso3))))

    def with_evidence(
        self, standings: dict[str, Standing], happened: dict[str, bool], measures: dict[str, str]
    ) -> Case:
        """The case with what was measured, and by what."""
        return Case(
            self.case, self.country, self.start, self.end, self.of_class, self.cluster, standings, happened,
            measures,
        )  # fmt: skip


@cache
def labelled() -> tuple[Labelled, ...]:
    """The table of cases."""
    return tuple(
        Labelled(
            case=row["case"],
            iso3=row["iso3"],
            from_pole=row["from_pole"],
            to_pole=row["to_pole"],
            start=row["start_year"],
            end=row["start_year"] if row["end_year"] is None else row["end_year"],
            label=row["label"],
            scored=row["scored"] == "yes",
            cluster=row["cluster"] or row["case"],
        )
        for row in read_table("cases").to_pylist()
    )


def rival(from_pole: str, year: int) -> str:
    """The pole against which an exit is measured: Moscow for a state that leaves another power's side."""
    moscow = "SUN" if year < 1992 else "RUS"
    return "USA" if from_pole == moscow else moscow


def movers(window: Window) -> frozenset[str]:
    """States that a documented shift moved within the window: no placebos for others."""
    assert window.after_end is not None
    return frozenset(
        each.iso3
        for each in labelled()
        if each.of_class == "shift" and each.start <= window.after_end and each.end >= window.before_start
    )


def embedded_cases(horizon: int, measures: Mapping[str, str]) -> tuple[Case, ...]:
    """Scored cases with the evidence that the package carries, as far as it was measured in the same way.

    Parameters
    ----------
    horizon : int
    measures : mapping
        What each block of the evidence at hand was measured by: a block measured otherwise teaches nothing.
    """
    return _embedded_cases(horizon, tuple(sorted(measures.items())))


@cache
def _embedded_cases(horizon: int, measures: tuple[tuple[str, str], ...]) -> tuple[Case, ...]:
    if table_info("case_evidence").place == "absent":
        return ()
    wanted = dict(measures)
    evidence, facts = (
        [row for row in read_table(name).to_pylist() if row["horizon"] == horizon]
        for name in ("case_evidence", "case_facts")
    )
    found = []
    for row in labelled():
        standings = {
            each["block"]: Standing(
                block=each["block"],
                z=np.array([each["change_toward"], each["change_away"]]),
                error=np.array(
                    [[each["var_toward"], each["cov_both"]], [each["cov_both"], each["var_away"]]]
                ),
                correlation=each["correlation"],
                freedom=each["freedom"],
            )
            for each in evidence
            if each["case"] == row.case and wanted.get(each["block"]) == each["measure"]
        }
        happened = {
            each["fact"]: each["happened"]
            for each in facts
            if each["case"] == row.case and wanted.get(each["fact"].partition(":")[0]) == each["measure"]
        }
        if row.scored and (standings or happened):
            found.append(row.with_evidence(standings, happened, wanted))
    return tuple(found)


def others(cases: Sequence[Case], state: str, year: int, *, forward: bool = False) -> tuple[Case, ...]:
    """Cases of other countries and other decades; ``forward``: that had ended before the year, too."""
    return tuple(
        case
        for case in cases
        if state not in case.country.split()
        and case.start // 10 != year // 10
        and not (forward and case.end >= year)
    )


def data_of(measures: Mapping[str, str]) -> str:
    """Which published backtest is of the same evidence: ``embedded`` data alone, or with data ``added``."""
    if table_info("case_evidence").place == "absent":
        return EMBEDDED
    rows = read_table("case_evidence").to_pylist() + read_table("case_facts").to_pylist()
    known = {row["measure"] for row in rows if row["data"] == EMBEDDED}
    return EMBEDDED if set(measures.values()) <= known else ADDED


def embedded_temper(horizon: int, data: str) -> float:
    """The power of likelihoods that the backtest fitted."""
    if table_info("backtest_figures").place == "absent":
        return NO_TEMPER
    for row in read_table("backtest_figures").to_pylist():
        if (row["horizon"], row["data"], row["figure"]) == (horizon, data, "temper"):
            return float(row["value"])
    return NO_TEMPER


def track_record(horizon: int, data: str, verdict: str, strength: float) -> Track | None:
    """How often verdicts of this kind and strength were right in the backtest with the same data."""
    if table_info("backtest_cases").place == "absent":
        return None
    rows = [
        row
        for row in read_table("backtest_cases").to_pylist()
        if (row["horizon"], row["data"], row["version"], row["counted"]) == (horizon, data, "nested", True)
    ]
    if verdict == "cannot tell":
        left = sum(row["verdict"] == verdict for row in rows)
        return Track(left, len(rows), f"{left} of {len(rows)} documented cases were left open like this")
    mine = [row for row in rows if row["verdict"] == verdict and row["strength"] >= min(strength, STRONG)]
    right = sum(row["of_class"] == verdict for row in mine)
    return Track(
        right,
        len(mine),
        f"verdicts of this kind and at least as strong (log10 {min(strength, STRONG):.1f}) were right "
        f"{right} of {len(mine)} times",
    )
