"""The prospective ledger: verdicts written down before the outcome is known, and scored when it is.

A documented case is chosen because something happened. A ledger has no such choice: every state, the main
pairs of poles, as of a date, with a hash over all of it. Scored against later data it gives error rates that
nobody could tune.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.assessment.gather import YEARS_BEFORE, field_changes
from tropism.dyads import Triad, Window
from tropism.errors import SchemaError
from tropism.explanations import cases as documented
from tropism.explanations.changes import PoleChanges, facts_of, is_rare
from tropism.explanations.null import fit_null
from tropism.explanations.result import decide, posterior
from tropism.explanations.signatures import ALTERNATIVES, CLASSES, Class
from tropism.explanations.weights import Case, Standing, weigher_of
from tropism.version import __version__

if TYPE_CHECKING:
    import pandas as pd

#: The pairs of poles that a release writes down: toward, away from.
MAIN_PAIRS = (("RUS", "USA"), ("CHN", "USA"), ("USA", "RUS"), ("CHN", "RUS"))
#: A verdict is about the years since this long before its date.
SPAN = 5
#: Later tilts beyond this percentile of all states count as moved.
MOVED = 95.0
FORMAT = "tropism-ledger-1"


@dataclass(frozen=True)
class Ledger:
    """Verdicts as of a date.

    Attributes
    ----------
    as_of : int
        Last year of the evidence.
    rows : tuple of dict
        state, toward, away_from, verdict, p_shift, p_hedge, p_nothing, tilt (in ordinary changes), blocks.
    version : str
    written : str
        ISO date.
    """

    as_of: int
    rows: tuple[dict[str, Any], ...]
    version: str
    written: str

    @property
    def sha256(self) -> str:
        """Of the rows, in a fixed notation: whoever changes one changes it."""
        plain = json.dumps(
            [FORMAT, self.as_of, self.version, self.rows], sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(plain.encode()).hexdigest()

    def to_json(self) -> str:
        """The ledger as text."""
        content = {"format": FORMAT, "as_of": self.as_of, "tropism": self.version, "written": self.written}
        return json.dumps(content | {"sha256": self.sha256, "verdicts": self.rows}, indent=1) + "\n"

    def tidy(self) -> pd.DataFrame:
        """One row per state and pair of poles."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """A ledger from a file.

        Raises
        ------
        SchemaError
            If the file is no ledger, or its rows are not those that were hashed.
        """
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            found = cls(
                int(held["as_of"]), tuple(held["verdicts"]), str(held["tropism"]), str(held["written"])
            )
            claimed, known = held["sha256"], held["format"]
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise SchemaError(f"ledger: {path} cannot be read as a ledger ({fault}).") from None
        if known != FORMAT:
            raise SchemaError(f"ledger: {path} has the format {known!r}; {FORMAT} is known.")
        if claimed != found.sha256:
            raise SchemaError(
                f"ledger: {path} is not what was written: its rows hash to {found.sha256[:16]}…, not to "
                f"{str(claimed)[:16]}…. Take the published file."
            )
        return found


def write_ledger(
    as_of: int,
    *,
    pairs: Sequence[tuple[str, str]] = MAIN_PAIRS,
    progress: Callable[[str], None] | None = None,
) -> Ledger:
    """Verdicts on every state toward each pair of poles, from evidence up to the end of a year.

    Parameters
    ----------
    as_of : int
        Nothing later is read. The last five years are compared with the ten before.
    pairs : sequence of (toward, away_from)
    progress : callable, optional

    Returns
    -------
    Ledger

    Examples
    --------
    >>> from tropism import write_ledger
    >>> ledger = write_ledger(2018, pairs=[("RUS", "USA")])  # doctest: +SKIP
    """
    window = Window(as_of - SPAN - YEARS_BEFORE, as_of - SPAN - 1, as_of - SPAN, as_of)
    rows: list[dict[str, Any]] = []
    for toward, away_from in pairs:
        rows.extend(_verdicts(toward, away_from, window))
        if progress:
            progress(f"{toward} from {away_from}: {len(rows)} verdicts")
    return Ledger(as_of, tuple(rows), __version__, datetime.date.today().isoformat())


def _verdicts(toward: str, away_from: str, window: Window) -> list[dict[str, Any]]:
    assert window.after_end is not None
    field = field_changes(toward, away_from, window, EvidenceTables())
    shifts, rare = ([each for each in field if is_rare(each) == kind] for kind in (False, True))
    movers = documented.movers(window)
    measures = {each.block: each.title for each in field}
    known = documented.embedded_cases(SPAN, measures)
    temper = documented.embedded_temper(SPAN, documented.data_of(measures))
    weigher = weigher_of(tuple(known))
    nulls = {}
    for changes in shifts:
        keep = ~np.isin(changes.states, sorted(movers))
        nulls[changes.block] = fit_null(changes.change[keep], changes.covariance[keep])
    found = []
    for state in sorted({iso3 for changes in shifts for iso3 in changes.states}):
        learn: Sequence[Case] = documented.others(known, state, window.after_start)
        totals: dict[Class, float] = dict.fromkeys(CLASSES, 0.0)
        blocks: list[str] = []
        tilt: float | None = None
        for changes in shifts:
            if state not in changes.states:
                continue
            i = changes.states.index(state)
            standing = Standing.of(
                changes.block, nulls[changes.block], changes.change[i], changes.covariance[i]
            )
            blocks.append(changes.block)
            if changes.block == "votes":
                tilt = round(float(standing.turned[0][0]), 3)
            for c in ALTERNATIVES:
                totals[c] += temper * weigher.weigh(standing, c, learn).log10_bayes_factor
        for changes in rare:
            if state not in changes.states:
                continue
            blocks.append(changes.block)
            mine = PoleChanges(
                changes.block, changes.title, Triad(state, toward, away_from), changes.window,
                changes.states, changes.change, changes.covariance,
            )  # fmt: skip
            for fact in facts_of(mine):
                for c in ALTERNATIVES:
                    totals[c] += temper * weigher.weigh_fact(fact, c, learn).log10_bayes_factor
        p = posterior(totals, 1 / 3)
        row: dict[str, Any] = {"state": state, "toward": toward, "away_from": away_from}
        row |= {"verdict": decide(totals)[0], **{f"p_{c}": round(p[c], 4) for c in CLASSES}}
        found.append(row | {"tilt": tilt, "blocks": " ".join(blocks)})
    return found


def score_ledger(ledger: Ledger, *, until: int | None = None) -> pd.DataFrame:
    """Set an earlier ledger against what later votes show.

    Every state's tilt in the roll calls contested between the poles, from the ledger's ten years before to
    the five years after its date, is ranked among all states. "Moved" is a percentile of at least 95.

    Parameters
    ----------
    ledger : Ledger
    until : int, optional
        Last year of the later evidence; five years after the ledger's date without any.

    Returns
    -------
    DataFrame
        One row per verdict: n, how many had moved later, their share and its exact interval, and the mean
        probability of a shift that was given.

    Raises
    ------
    SchemaError
        If there are no later votes.

    Examples
    --------
    >>> from tropism import score_ledger, write_ledger
    >>> score_ledger(write_ledger(2013, pairs=[("RUS", "USA")]))  # doctest: +SKIP
    """
    import pandas as pd

    from tropism.backtesting.result import exact_interval

    end = ledger.as_of + SPAN if until is None else until
    if end <= ledger.as_of:
        raise SchemaError(f"ledger: it is as of {ledger.as_of}; {end} is no later year.")
    table = ledger.tidy()
    parts = []
    for (toward, away_from), mine in table.groupby(["toward", "away_from"]):
        window = Window(ledger.as_of - SPAN - YEARS_BEFORE, ledger.as_of - SPAN - 1, ledger.as_of + 1, end)
        field = field_changes(str(toward), str(away_from), window, EvidenceTables())
        votes = next((each for each in field if each.block == "votes"), None)
        if votes is None:
            raise SchemaError(f"ledger: there are no votes on {toward} and {away_from} in {window}.")
        null = fit_null(votes.change, votes.covariance)
        tilt = pd.Series((votes.change / null.scale) @ [1.0, -1.0], index=votes.states)
        parts.append(mine.assign(later=mine["state"].map(100 * tilt.rank(pct=True))))
    later = pd.concat(parts).dropna(subset=["later"])
    rows = []
    for verdict, mine in later.groupby("verdict"):
        moved = int((mine["later"] >= MOVED).sum())
        low, high = exact_interval(moved, len(mine))
        rows.append(
            {
                "verdict": verdict, "n": len(mine), "moved_later": moved, "share": moved / len(mine),
                "lower": low, "upper": high, "mean_p_shift": float(mine["p_shift"].mean()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
