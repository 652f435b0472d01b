"""The prospective ledger: verdicts written down before the outcome is known, and scored when it is.

A documented case is chosen because something happened. A ledger has no such choice: every state, the main
pairs of poles, as of a date, with a hash over all of it. One that was published before the later data existed
gives error rates that nobody could tune; one that is written today as of an earlier year does so only as far
as its method was not made with those years in view.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tropism.assessment.evidence import EvidenceTables
from tropism.assessment.gather import YEARS_BEFORE, field_changes
from tropism.backtesting.field import SPAN, field_verdicts
from tropism.dyads import Window
from tropism.errors import SchemaError
from tropism.version import __version__

if TYPE_CHECKING:
    import pandas as pd

#: The pairs of poles that a release writes down: toward, away from.
MAIN_PAIRS = (("RUS", "USA"), ("CHN", "USA"), ("USA", "RUS"), ("CHN", "RUS"))
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
        The last five years are compared with the ten before. No later evidence is read, and only documented
        cases that had ended before those five years are learned from. The power of the likelihoods is the
        published one: it was fitted to all cases.
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
        rows.extend(each.to_dict() for each in field_verdicts(toward, away_from, window))
        if progress:
            progress(f"{toward} from {away_from}: {len(rows)} verdicts")
    return Ledger(as_of, tuple(rows), __version__, datetime.date.today().isoformat())


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
        tilt = pd.Series(votes.tilts(votes.null(apart=())), index=votes.states)
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
