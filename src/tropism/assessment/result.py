"""What `assess` returns: one row per line of evidence, and a reading that the rows carry."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tropism.assessment.tolerance import signs_of_tolerance
from tropism.dyads import Triad, Window
from tropism.series import Block, Provenance, Series, Signal
from tropism.shifts import Estimate, Shift, Shifts
from tropism.shifts.alike import PlaceboSet

if TYPE_CHECKING:
    import altair
    import pandas as pd

    from tropism.assessment.evidence import Unscored
    from tropism.explanations import Explanations

#: Version of the JSON layout; raised when a field changes its meaning or disappears.
SCHEMA_VERSION = "1"

#: ``ranked``: change with its rank. ``unranked``: change, too few other states to rank it. ``level``: data
#: of one year. ``short``: too few years on one side. ``absent``: the dimension does not cover the triad.
Status = Literal["ranked", "unranked", "level", "short", "absent"]


@dataclass(frozen=True)
class Coverage:
    """What a row rests on.

    ``before`` and ``after`` are the years compared, ``years_before`` and ``years_after`` how many of them
    have data for this triad, ``states`` how many states could be ranked beside it.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    years_before: int
    years_after: int
    states: int
    sources: tuple[Provenance, ...]

    @property
    def as_of(self) -> str:
        """The oldest as-of date among the sources."""
        return min((source.as_of for source in self.sources), default="")


@dataclass(frozen=True, eq=False)
class EvidenceRow:
    """One line of evidence.

    Attributes
    ----------
    name, title, question, block, signal, measured_in : str
        From the dimension's record; the question names the triad.
    status : str
        What could be said: see `Status`.
    shift : Shift or None
        Levels before and after, change, and rank; None unless ``status`` is ranked or unranked.
    toward_level, away_level : Estimate or None
        Where ``status`` is level: closeness to either pole in the data's year.
    direction : str
        In words, for instance ``"closer to Russia, further from the United States"``.
    unusual : str
        ``"toward"``, ``"away"`` (outside the middle 90 % of all states) or ``""``.
    coverage : Coverage
    amounts : tuple of str
        The levels behind shares, in words.
    missing : tuple of str
        What this row lacks for this triad.
    remarks : tuple of str
        Facts about this state alone, for instance which organisations it joined.
    notes : tuple of str
        Splices and rules that went into the numbers.
    how_to_read, contradicted_by : str
    blind_to : tuple of str
    series : Series or None
        The panel behind the row.
    shifts : Shifts or None
        All states' changes.
    """

    name: str
    title: str
    question: str
    block: Block
    signal: Signal
    measured_in: str
    status: Status
    direction: str
    coverage: Coverage
    how_to_read: str
    contradicted_by: str
    blind_to: tuple[str, ...]
    shift: Shift | None = None
    toward_level: Estimate | None = None
    away_level: Estimate | None = None
    unusual: Literal["toward", "away", ""] = ""
    amounts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    series: Series | None = field(default=None, repr=False)
    shifts: Shifts | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values, without the panel of all states but with the paths of this triad."""
        plain = {
            key: value for key, value in vars(self).items() if key not in ("series", "shifts", "coverage")
        }
        for key in ("shift", "toward_level", "away_level"):
            plain[key] = None if plain[key] is None else asdict(plain[key])
        plain["coverage"] = asdict(self.coverage) | {"as_of": self.coverage.as_of}
        plain["paths"] = self._paths()
        plain["placebos"] = self._placebos()
        return plain

    def _paths(self) -> dict[str, dict[str, list[float]]]:
        paths: dict[str, dict[str, list[float]]] = {}
        if self.series is not None and self.shifts is not None:
            for pole in self.shifts.triad.poles:
                unit = f"{self.shifts.triad.state}>{pole}"
                if unit in self.series:
                    years, values = self.series.path(unit)
                    paths[pole] = {"year": years.tolist(), "value": [round(v, 6) for v in values.tolist()]}
        return paths

    def _placebos(self) -> dict[str, float]:
        if self.shifts is None:
            return {}
        names, changes = self.shifts.placebos()
        return {name: round(float(change), 6) for name, change in zip(names, changes, strict=True)}


@dataclass(frozen=True, eq=False)
class Assessment:
    """The answer to "is A shifting toward B and away from C?", as far as the data go.

    Attributes
    ----------
    triad : Triad
    names : tuple of str
        The three states in words.
    window : Window
        As asked for; each row says which years it had.
    event : int or None
        The year that divides the windows, where they were not given.
    rows : tuple of EvidenceRow
    verdict : str
        ``"toward"``, ``"away"``, ``"nothing unusual"`` or ``"cannot tell"``.
    reading : tuple of str
        A few sentences; they claim no more than the rows.
    events : tuple of dict
        Dated facts between the three, where the package has any.
    event_sources : tuple of Provenance
        Where the dated facts stand.
    version : str
        Of tropism.
    unscored : tuple of Unscored
        Lines of evidence whose data are not on this machine, with the commands that bring them.
    as_of : str
        The day whose knowledge was used, ISO; empty for all there is.
    explanations : Explanations or str
        Rival explanations of the change, weighed; or in words why they were not.
    placebos : str
        Whom the state is ranked among.
    """

    triad: Triad
    names: tuple[str, str, str]
    window: Window
    event: int | None
    rows: tuple[EvidenceRow, ...]
    verdict: Literal["toward", "away", "nothing unusual", "cannot tell"]
    reading: tuple[str, ...]
    events: tuple[dict[str, Any], ...]
    event_sources: tuple[Provenance, ...]
    version: str
    unscored: tuple[Unscored, ...] = ()
    as_of: str = ""
    explanations: Explanations | str = "not weighed"
    placebos: PlaceboSet | tuple[str, ...] = "all"

    @property
    def question(self) -> str:
        """The question in words."""
        a, b, c = self.names
        return f"Is {a} shifting toward {b} and away from {c}?"

    @property
    def command(self) -> str:
        """The command that gives this answer again."""
        window = self.window
        when = f"--event {self.event}"
        if self.event is None:
            after_end = "" if window.after_end is None else window.after_end
            when = (
                f"--before {window.before_start}:{window.before_end} --after {window.after_start}:{after_end}"
            )
        triad = self.triad
        known = f" --as-of {self.as_of}" if self.as_of else ""
        named = self.placebos if isinstance(self.placebos, str) else ",".join(self.placebos)
        among = "" if named == "all" else f" --placebos {named}"
        asked = f"tropism assess {triad.state} --toward {triad.toward} --from {triad.away_from}"
        return f"{asked} {when}{known}{among}"

    @property
    def sources(self) -> tuple[Provenance, ...]:
        """Every source that a row or a dated event rests on, once."""
        of_rows = [source for row in self.rows for source in row.coverage.sources]
        return tuple(dict.fromkeys((*of_rows, *self.event_sources)))

    def series(self) -> dict[str, Series]:
        """The panel behind each row, by name of the row."""
        return {row.name: row.series for row in self.rows if row.series is not None}

    def tidy(self) -> pd.DataFrame:
        """One row per line of evidence: levels, change, interval, rank, coverage."""
        import pandas as pd

        records = []
        for row in self.rows:
            shift, coverage = row.shift, row.coverage
            before_after: tuple[Estimate | None, ...] = (None, row.toward_level, None, row.away_level)
            if shift is not None:
                before_after = (*shift.toward, *shift.away)
            levels = [None if each is None else each.estimate for each in before_after]
            rank = None if shift is None else shift.rank
            records.append(
                {
                    "dimension": row.name,
                    "block": row.block,
                    "signal": row.signal,
                    "measured_in": row.measured_in,
                    "status": row.status,
                    "toward_before": levels[0],
                    "toward_after": levels[1],
                    "away_before": levels[2],
                    "away_after": levels[3],
                    "change": None if shift is None else shift.change.estimate,
                    "lower": None if shift is None else shift.change.lower,
                    "upper": None if shift is None else shift.change.upper,
                    "placebo_percentile": None if rank is None else rank.percentile,
                    "placebo_n": None if rank is None else rank.n,
                    "bloc_percentile": None if rank is None else rank.bloc_percentile,
                    "blocs": None if rank is None else rank.blocs,
                    "direction": row.direction,
                    "first_year": coverage.before[0],
                    "last_year": coverage.after[1],
                    "years_before": coverage.years_before,
                    "years_after": coverage.years_after,
                    "as_of": coverage.as_of,
                }
            )
        return pd.DataFrame(records)

    def summary(self) -> pd.DataFrame:
        """The table of a paper: line of evidence, before, after, change, percentile, direction."""
        table = self.tidy()
        table.insert(0, "evidence", [row.title for row in self.rows])
        columns = [
            "toward_before",
            "toward_after",
            "away_before",
            "away_after",
            "change",
            "placebo_percentile",
        ]
        return table.set_index("evidence")[[*columns, "direction"]]

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to reproduce the answer, as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tropism_version": self.version,
            "command": self.command,
            "question": self.question,
            "triad": asdict(self.triad),
            "names": dict(zip(("state", "toward", "away_from"), self.names, strict=True)),
            "window": asdict(self.window),
            "event": self.event,
            "as_of": self.as_of,
            "placebos": self.placebos if isinstance(self.placebos, str) else list(self.placebos),
            "verdict": self.verdict,
            "reading": list(self.reading),
            "explanations": self.explanations
            if isinstance(self.explanations, str)
            else self.explanations.to_dict(),
            "tolerance": [
                {"question": sign.question, "row": sign.row and sign.row.name, "unseen": sign.unseen}
                for sign in signs_of_tolerance(self)
            ],
            "rows": [row.to_dict() for row in self.rows],
            "unscored": [asdict(each) for each in self.unscored],
            "events": list(self.events),
            "sources": [asdict(source) for source in self.sources],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text; dates are ISO."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, default=str, allow_nan=False)

    def plot(self) -> altair.VConcatChart:
        """Paths toward both poles, and where the state stands among all others, for every row."""
        from tropism.assessment.charts import assessment_chart

        return assessment_chart(self)

    def cite(self) -> str:
        """The data behind the rows, one citation a line, and this software."""
        cited = [source.citation or source.source for source in self.sources]
        return "\n".join(dict.fromkeys([*cited, f"tropism {self.version}."]))
