"""The main verb: ask every line of evidence whether a state shifted toward one pole and from another."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from tropism.assessment import reading
from tropism.assessment.dimension import Dimension, dimensions
from tropism.assessment.evidence import (
    EvidenceTables,
    panel,
    poles_of,
    scored,
    tables_used,
    unscored,
)
from tropism.assessment.gather import explanations_for
from tropism.assessment.result import Assessment, Coverage, EvidenceRow
from tropism.derived import DerivedLibrary
from tropism.dyads import Triad, Window, dyad
from tropism.errors import DataNotPresentError, TriadError, WindowError
from tropism.series import Series
from tropism.shifts import Estimate, Shifts, infer_shifts
from tropism.shifts.alike import PlaceboSet, called, like_states
from tropism.shifts.placebos import blocs_of
from tropism.states import LINEAGE, State, find_state, lineage, states
from tropism.tables.dating import last_year_over
from tropism.tables.library import iso_day
from tropism.version import __version__

DEFAULT_EVENT = 2014


def assess(
    state: str,
    *,
    toward: str,
    away_from: str,
    event: int | None = None,
    before: tuple[int, int] | None = None,
    after: tuple[int, int | None] | None = None,
    as_of: str | datetime.date | None = None,
    placebos: PlaceboSet | Collection[str] = "all",
    executor: Executor | None = None,
) -> Assessment:
    """Is a state shifting toward one pole and away from another? One row per line of evidence.

    Parameters
    ----------
    state, toward, away_from : str
        Three different states: ISO3 codes, names or aliases.
    event : int, optional
        The year that divides the windows: the ten years up to it are compared with everything from it
        on. 2014 without any.
    before, after : tuple of int, optional
        First and last year of either window, instead of those around ``event``; a last year of None
        means to the end of each dimension's data.
    as_of : date or str, optional
        Use only what was known on that day (ISO): of each table the vintage of then, and of its rows those
        whose dates had passed. Where no copy of then is at hand, a later one is cut, and its row says so;
        ideal points are fitted anew to your own ``un_votes``, or not scored.
    placebos : {"all", "near", "region", "size", "income"} or collection of str
        Whom the state is ranked among, as `tropism.shifts.alike.like_states` has it (incomes are those before
        the event); or the states named.
    executor : concurrent.futures.Executor, optional
        Measures the lines of evidence, each a job of its own; this process without one, since starting others
        takes longer. Dask's executor (``client.get_executor()``) works as any other; the answer is the same.

    Returns
    -------
    Assessment

    Raises
    ------
    UnknownStateError
        If a name is no state, or more than one.
    TriadError
        If a state is named twice, or did not exist on one side of the window.
    WindowError
        If a window is reversed, overlaps the other, lies outside all data, or begins after ``as_of``.
    SchemaError
        If ``as_of`` is no date.
    SeriesError
        If there is no such set of placebos.
    DataNotPresentError
        If the table that says which states are alike is not on this machine.
    DamagedDataError
        If a table is not what was built.

    Examples
    --------
    >>> from tropism import assess
    >>> answer = assess("Pakistan", toward="Russia", away_from="USA")
    >>> answer.verdict
    'cannot tell'
    """
    day = iso_day(as_of, "assess: as-of") if isinstance(as_of, str) else as_of
    question = ask(
        state,
        toward=toward,
        away_from=away_from,
        event=event,
        before=before,
        after=after,
        placebos=placebos,
    )
    return answer(question, DerivedLibrary(as_of=day), executor)


@dataclass(frozen=True)
class Question:
    """A triad and its windows, found to make sense; ``event`` is None where the windows were given."""

    states: tuple[State, State, State]
    window: Window
    event: int | None
    placebos: PlaceboSet | tuple[str, ...] = "all"

    @property
    def triad(self) -> Triad:
        """The three codes."""
        return Triad(*(state.iso3 for state in self.states))

    @property
    def names(self) -> tuple[str, str, str]:
        """The three states as they stand within a sentence."""
        a, b, c = self.states
        return a.in_text, b.in_text, c.in_text


def ask(
    state: str,
    *,
    toward: str,
    away_from: str,
    event: int | None = None,
    before: tuple[int, int] | None = None,
    after: tuple[int, int | None] | None = None,
    placebos: PlaceboSet | Collection[str] = "all",
) -> Question:
    """Check what `assess` is asked, before any table is read; parameters and errors are its own."""
    window, event = _window(event, before, after)
    a, b, c = (_find(name, role) for name, role in zip((state, toward, away_from), _ROLES, strict=True))
    among: Any = placebos if isinstance(placebos, str) else tuple(find_state(name).iso3 for name in placebos)
    # A set whose table is not on this machine fails before anything is measured.
    like_states([a.iso3], among)
    question = Question((a, b, c), window, event, among)
    triad = question.triad
    for each in question.states:
        _refuse_absent(each, window)
    _refuse_one_seat(triad)
    return replace(question, window=_within_lifetimes(window, question.states))


def answer(question: Question, library: DerivedLibrary, executor: Executor | None = None) -> Assessment:
    """Ask every line of evidence with data in a library: what `assess` does once the question is clear."""
    triad, names = question.triad, question.names
    window = _until(question.window, library.as_of)
    tables = EvidenceTables(library)
    rows = _rows(replace(question, window=window), tables, executor)
    _refuse_uncovered(rows, window)
    verdict, sentences = reading.read(rows, names, window)
    sentences = (*sentences, *_cut_short(question))
    if question.placebos != "all":
        sentences = (*sentences, f"Ranks are among {called(question.placebos)} alone.")
    if library.as_of is not None:
        sentences = (*sentences, f"Only what was known on {library.as_of} is used.")
    return Assessment(
        triad=triad,
        names=names,
        window=question.window,
        event=question.event,
        rows=rows,
        verdict=verdict,
        reading=sentences,
        events=(events := _events(tables, triad, window)),
        event_sources=tables.sources(EVENT_TABLES) if events else (),
        version=__version__,
        unscored=unscored(library),
        explanations=explanations_for(triad, window, tables),
        as_of="" if library.as_of is None else library.as_of.isoformat(),
        placebos=question.placebos,
    )


EVENT_TABLES = ("timeline", "sanctions")
_ROLES = ("state", "toward", "away_from")


def _window(
    event: int | None, before: tuple[int, int] | None, after: tuple[int, int | None] | None
) -> tuple[Window, int | None]:
    if event is not None and not isinstance(event, int):
        raise WindowError(f"window: the event {event!r} is no year. Give a whole number, for instance 2014.")
    if before is None and after is None:
        event = DEFAULT_EVENT if event is None else event
        return Window.around(event), event
    if None not in (event, before, after):
        raise WindowError(
            "window: --event divides the years that --before and --after give already. Give the event, or "
            "both windows."
        )
    if before is None or after is None:
        start = event if event is not None else (after[0] if after else DEFAULT_EVENT)
        base = Window.around(start)
        before = before or (base.before_start, base.before_end)
        after = after or (base.after_start, base.after_end)
    return Window(*before, *after), None


def _find(name: str, role: str) -> State:
    if not isinstance(name, str) or not name.strip():
        raise TriadError(f"triad: {role} is empty. Name a state, for instance PAK or Pakistan.")
    return find_state(name)


def _until(window: Window, day: datetime.date | None) -> Window:
    """The window as far as its years were over on a day."""
    if day is None:
        return window
    last = last_year_over(day)
    if last < window.after_start:
        raise WindowError(
            f"window: no year of {window} after the event was over on {day}. Choose an earlier event, or a "
            "later --as-of."
        )
    return replace(window, after_end=min(last, window.after_end or last))


def _refuse_absent(state: State, window: Window) -> None:
    codes = [state, *(find_state(link.predecessor) for link in lineage(state.iso3))]
    last = window.after_end or max(window.after_start, datetime.date.today().year)
    for side, first, end in (
        ("before", window.before_start, window.before_end),
        ("after", window.after_start, last),
    ):
        if not any(code.present(year) for code in codes for year in range(first, end + 1)):
            raise TriadError(
                f"triad: {state.name} ({state.iso3}) did not exist in {first}-{end}, the years {side}. It "
                f"existed {_spells(state)}. Choose another window (--before, --after) or state."
            )


def _refuse_one_seat(triad: Triad) -> None:
    for one in (triad.state, *triad.poles):
        for link in lineage(one):
            if link.predecessor in (triad.state, *triad.poles):
                raise TriadError(
                    f"triad: {one} to {link.last_year} is {link.predecessor}, whose seat it took over: "
                    f"{triad} names one seat twice. Choose another state."
                )


def _within_lifetimes(window: Window, triad: Sequence[State]) -> Window:
    """Close the window when the first of the three ceased to be a state: all are compared over its years."""
    ends = [state.last_year for state in triad if state.last_year is not None]
    end = min(ends, default=None)
    if end is None or end < window.after_start or (window.after_end or end + 1) <= end:
        return window
    return Window(window.before_start, window.before_end, window.after_start, end)


def _cut_short(question: Question) -> list[str]:
    """Where the comparison ends because one of the three did, and who has its seat now."""
    said = []
    for state in question.states:
        if state.last_year is None or state.last_year != question.window.after_end:
            continue
        heir = next((link.successor for link in LINEAGE if link.predecessor == state.iso3), None)
        taken = (
            f"; {find_state(heir).in_text} took its seat: ask with {heir} for what came after" if heir else ""
        )
        said.append(f"The comparison ends with {state.in_text} in {state.last_year}{taken}.")
    return said


def _spells(state: State) -> str:
    return ", ".join(
        f"from {spell.start.year}" + ("" if spell.end is None else f" to {spell.end.year}")
        for spell in state.spells
    )


def _refuse_uncovered(rows: tuple[EvidenceRow, ...], window: Window) -> None:
    panels = [row.series for row in rows if row.series is not None and row.series.years.size]
    if not panels:
        return
    first = min(int(panel.years[0]) for panel in panels)
    last = max(int(panel.years[-1]) for panel in panels)
    if window.before_end < first or window.after_start > last:
        raise WindowError(
            f"window: {window} lies outside the data, which run from {first} to {last}. Choose years "
            "within them (--event, --before, --after)."
        )


def _rows(question: Question, tables: EvidenceTables, executor: Executor | None) -> tuple[EvidenceRow, ...]:
    """Every line of evidence with data, measured here or as jobs of an executor."""
    lines, blocs = scored(tables.library), _blocs(tables, question.window)
    if executor is None:
        return tuple(_row(line, tables, question, blocs) for line in lines)
    jobs = [(line.name, tables.library, question, blocs) for line in lines]
    return tuple(executor.map(_row_alone, jobs))


def _row_alone(job: tuple[str, DerivedLibrary, Question, dict[str, int] | None]) -> EvidenceRow:
    """A row in another process, which reads its tables itself."""
    name, library, question, blocs = job
    line = next(each for each in dimensions() if each.name == name)
    return _row(line, EvidenceTables(library), question, blocs)


def _blocs(tables: EvidenceTables, window: Window) -> dict[str, int] | None:
    """Voting blocs of the years before; None where no votes of then are known."""
    try:
        counts = tables["un_vote_counts"]
    except DataNotPresentError:
        return None
    return blocs_of(counts, sorted(_codes()), (window.before_start, window.before_end))


def _row(
    dimension: Dimension, tables: EvidenceTables, question: Question, blocs: dict[str, int] | None
) -> EvidenceRow:
    """Measure one dimension and say what it shows, or why it shows nothing."""
    triad, names, window = question.triad, question.names, question.window
    used = tables_used(dimension, tables.library)
    sources = tables.sources(used)
    fields: dict[str, Any] = {
        key: getattr(dimension, key)
        for key in ("name", "title", "block", "signal", "how_to_read", "contradicted_by", "blind_to")
    } | {"question": dimension.question.format(A=names[0], B=names[1], C=names[2])}

    def absent(reason: str) -> EvidenceRow:
        empty = Coverage(
            (window.before_start, window.before_end),
            (window.after_start, window.after_end or window.after_start),
            0,
            0,
            0,
            sources,
        )
        return EvidenceRow(
            **({"measured_in": ""} | fields),
            status="absent",
            direction="cannot tell (not covered)",
            coverage=empty,
            missing=(reason,),
        )

    try:
        series = replace(_known_years(panel(dimension.measure, tables, triad), tables), provenance=sources)
    except DataNotPresentError as reason:
        return absent(str(reason))
    fields |= {"measured_in": series.measured_in, "notes": series.notes, "series": series}
    missing_dyads = [pole for pole in triad.poles if not _has_data(series, dyad(triad.state, pole))]
    if missing_dyads:
        who = " and ".join(names[1 + triad.poles.index(pole)] for pole in missing_dyads)
        if not any(unit.startswith(f"{triad.state}>") for unit in series.units):
            return absent(f"the data hold nothing on {names[0]}")
        return absent(f"no data on {names[0]} with {who}")
    if not dimension.tests_change:
        if dimension.remarks:
            fields |= {"remarks": dimension.remarks(tables, triad, poles_of(*triad.poles), window)}
        return _level_row(fields, series, triad, window, sources)
    shifts = infer_shifts(series, triad, window, summary=dimension.summary, pool=_pool(question), blocs=blocs)
    poles = poles_of(*triad.poles)
    fields |= {
        "shifts": shifts,
        "remarks": (
            *tables.remarks(used),
            *(dimension.remarks(tables, triad, poles, shifts.window) if dimension.remarks else ()),
        ),
        "missing": _gaps(series, shifts, names),
    }
    before, after = shifts.years(triad.state)
    years = shifts.window
    coverage = Coverage(
        before=_cut((years.before_start, years.before_end), series),
        after=_cut((years.after_start, years.after_end or years.after_start), series),
        years_before=before,
        years_after=after,
        states=len(shifts.placebos()[0]),
        sources=sources,
    )
    if triad.state not in shifts.states:
        return EvidenceRow(
            **fields,
            status="short",
            direction="cannot tell (short)",
            coverage=coverage,
        )
    shift = shifts.of()
    return EvidenceRow(
        **fields,
        status="unranked" if shift.rank is None else "ranked",
        direction=reading.direction(shift, names),
        unusual=reading.unusual(shift),
        coverage=coverage,
        shift=shift,
        amounts=_amounts(dimension, tables, triad, shifts, names),
    )


def _known_years(series: Series, tables: EvidenceTables) -> Series:
    """A panel without years that were not over on the library's day, into which what stood is carried on."""
    if tables.library.as_of is None:
        return series
    return series.until(last_year_over(tables.library.as_of))


def _cut(span: tuple[int, int], series: Series) -> tuple[int, int]:
    """The part of a span that the data reach; the span itself where they reach none of it."""
    first, last = max(span[0], int(series.years[0])), min(span[1], int(series.years[-1]))
    return (first, last) if first <= last else span


def _has_data(series: Series, unit: str) -> bool:
    return unit in series and not series.missing[series.index([unit])[0]].all()


def _level_row(
    fields: dict[str, Any], series: Series, triad: Triad, window: Window, sources: tuple[Any, ...]
) -> EvidenceRow:
    toward, away = (_level(series, dyad(triad.state, pole)) for pole in triad.poles)
    year = int(series.path(dyad(triad.state, triad.toward))[0][-1])
    field = series.toward(triad.toward).minus(series.toward(triad.away_from))
    others = [state for state in field.units if state != triad.state]
    n_others = int((~field.select(others).missing).any(axis=1).sum())
    return EvidenceRow(
        **fields,
        status="level",
        direction="cannot tell (one year)",
        toward_level=toward,
        away_level=away,
        coverage=Coverage((year, year), (year, year), 0, 1, n_others, sources),
    )


def _level(series: Series, unit: str) -> Estimate:
    """The last year of one dyad, with an interval where the measure has draws."""
    last = series.select([unit]).tidy().iloc[-1]
    bounds = (float(last[key]) for key in ("lower", "upper", "level") if series.has_sampling_error)
    return Estimate(float(last["estimate"]), *bounds)


def _gaps(series: Series, shifts: Shifts, names: tuple[str, str, str]) -> tuple[str, ...]:
    """Years within the window for which others have data and this triad has none."""
    window, triad = shifts.window, shifts.triad
    found = []
    for pole, name in zip(triad.poles, names[1:], strict=True):
        at = series.index([dyad(triad.state, pole)])[0]
        before, after = window.spans(series.years)
        gap = series.years[(before | after) & series.missing[at] & ~series.missing.all(axis=0)]
        if gap.size:
            found.append(f"no record with {name}: {_spans(gap)}")
    return tuple(found)


def _spans(years: np.ndarray) -> str:
    """``[2001, 2002, 2003, 2010]`` as ``"2001-2003, 2010"``."""
    runs = np.split(years, np.flatnonzero(np.diff(years) > 1) + 1)
    return ", ".join(f"{run[0]}" if run.size == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _amounts(
    dimension: Dimension, tables: EvidenceTables, triad: Triad, shifts: Shifts, names: tuple[str, str, str]
) -> tuple[str, ...]:
    """The levels behind shares, on the same years: "+86 %" on a tiny base is noise."""
    if dimension.levels is None:
        return ()
    levels = panel(dimension.levels, tables, triad)
    # A stock is what stood at the end of the years, a flow what came in each.
    every = " a year" if dimension.summary == "mean" else ""
    said = []
    for pole, name in zip(triad.poles, names[1:], strict=True):
        ends = shifts.levels(levels.toward(pole).masked_as(shifts.tilt), triad.state)
        old, new = (reading.level(float(end.mean()), levels.measured_in) for end in ends)
        said.append(f"{name}: {old} → {new}{every}")
    return tuple(said)


def _events(tables: EvidenceTables, triad: Triad, window: Window) -> tuple[dict[str, Any], ...]:
    """Dated facts between the state and a pole or an organisation, and sanctions it imposed or met."""
    last = window.after_end or datetime.date.max.year
    timeline = tables["timeline"].to_pylist()
    # The same act may stand in both tables: the timeline's wording is kept.
    told = {(row["date"], row["actor"], row["target"]) for row in timeline}
    sanctions = [
        {"date": row["start_date"], "date_precision": row["start_precision"], "kind": "sanctions"}
        | {"actor": row["sender"], "target": row["target"]}
        | {key: row[key] for key in ("description", "source_url", "accessed", "quote")}
        for row in tables["sanctions"].to_pylist()
        if (row["start_date"], row["sender"], row["target"]) not in told
    ]
    concerned = [
        row
        for row in (*timeline, *sanctions)
        if _concerns(triad, row["actor"], row["target"]) and window.before_start <= row["date"].year <= last
    ]
    return tuple(sorted(concerned, key=lambda row: row["date"]))


def _concerns(triad: Triad, actor: str, target: str) -> bool:
    """Whether an event is between the state and a pole, or the state and an organisation."""
    if triad.state not in (actor, target):
        return False
    other = target if actor == triad.state else actor
    return other in triad.poles or other not in _codes()


def _pool(question: Question) -> PlaceboSet | Collection[str]:
    """Who may be a placebo: a panel also holds units that are no state."""
    return _codes() if question.placebos == "all" else question.placebos


@cache
def _codes() -> frozenset[str]:
    return frozenset(state.iso3 for state in states())
