"""What a set of specifications is measured from, and the changes of all states in each: arrays out.

A `Task` is one fit or one coding of the votes with all that it needs, so that it can be measured in any
process on any machine. Each of its paths is made once; a window is a difference of cumulative sums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyads import Window
from tropism.errors import DataNotPresentError, IdentificationError, SeriesError
from tropism.series import Series
from tropism.shifts.change import LEVEL, MIN_SHARE_OF_YEARS, MIN_YEARS
from tropism.shifts.multiverse.axes import CODINGS, FITS, windows
from tropism.states import LINEAGE, states
from tropism.trade.shares import (
    ENERGY,
    export_level_series,
    export_share_series,
    import_level_series,
    import_share_series,
)
from tropism.votes.contested import contested_series
from tropism.votes.counts import COUNTS, joint_counts
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import Measure, similarity_series

#: Poles must be this far apart on a line, in sd of positions, and this surely.
APART, SURELY = 1.0, 0.95
#: A fit with the raw votes begins so many sessions before the first year of any window.
RUN_UP = 5
#: Million US dollars added to a flow and to its prediction, as in `tropism.trade.gap`: a gap has no infinity.
FLOOR = 1.0
#: What a result of `measure` looks like on disk; a change makes older files unread.
LAYOUT = 2

Kind = Literal["ideal_points", "similarity", "siding", "trade", "inputs", "line", "refit"]


@dataclass(frozen=True, eq=False)
class Task:
    """One fit or coding, from which several specifications are measured.

    Attributes
    ----------
    kind : str
    choices : mapping of str to str
        What is the same in all its specifications, by axis.
    event : int
    toward, away_from : tuple of str
        Codes of either pole: with those whose seat it took over.
    kept : tuple of str
        Codes that are not folded into a successor, since the question names them.
    tables : tuple of Table
    draws, seed : int
        Of joint draws, where the measure has any.
    """

    kind: Kind
    choices: Mapping[str, str]
    event: int
    toward: tuple[str, ...]
    away_from: tuple[str, ...]
    kept: tuple[str, ...]
    tables: tuple[pa.Table, ...]
    draws: int
    seed: int

    def key(self, version: str) -> str:
        """A name made of all that decides the result."""
        fields = [LAYOUT, version, self.kind, dict(self.choices), self.event, self.toward, self.away_from]
        digest = hashlib.sha256(json.dumps([*fields, self.kept, self.draws, self.seed]).encode())
        for table in self.tables:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            digest.update(sink.getvalue())
        return digest.hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class Found:
    """The changes of all states in the specifications of one task.

    Attributes
    ----------
    states : tuple of str
        All but the poles.
    cells : tuple of dict
        Choices of each specification, its years as ``before_start`` to ``after_end``, and ``reason``: why
        nothing could be measured, or nothing.
    change, lower, upper : ndarray, shape (cells, states)
        Mean and interval over draws, toward the one pole; NaN where a state has too few years. A measure
        without draws has no interval.
    apart : ndarray, shape (cells,)
        Share of years in which the measure separates the poles, on the side where it is smaller; 1 where it
        always does.
    step_year : ndarray, shape (steps,)
    steps : ndarray, shape (steps, states)
        How far each state's own position moved toward the one pole from one session to the next.
    """

    states: tuple[str, ...]
    cells: tuple[dict[str, Any], ...]
    change: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    apart: np.ndarray
    step_year: np.ndarray
    steps: np.ndarray

    def write(self, path: Path) -> None:
        """Keep it in one file."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        with path.open("wb") as file:
            np.savez_compressed(file, labels=json.dumps([self.states, self.cells]), **arrays)

    @classmethod
    def read(cls, path: Path) -> Found:
        """What `write` kept.

        Raises
        ------
        OSError, ValueError, KeyError
            If the file is not what was written.
        """
        with np.load(path) as held:
            names, cells = json.loads(str(held["labels"]))
            return cls(tuple(names), tuple(cells), **{name: held[name] for name in ARRAYS})


ARRAYS = ("change", "lower", "upper", "apart", "step_year", "steps")


@dataclass(frozen=True, eq=False)
class _Panel:
    """Tilt of all states but the poles, and where the poles are apart.

    Attributes
    ----------
    tilt : ndarray, shape (draws, states, years)
        Closeness to the one pole less closeness to the other.
    apart : ndarray, shape (years,)
        1 where the measure separates the poles, 0 where not, NaN where it cannot be said.
    """

    choices: dict[str, str]
    states: tuple[str, ...]
    years: np.ndarray
    tilt: np.ndarray
    apart: np.ndarray


def measure(task: Task) -> Found:
    """Measure all specifications of a task: a function of the task alone."""
    build: Callable[[Task], Iterator[_Panel]] = _BUILDERS[task.kind]
    try:
        panels = list(build(task))
    except (DataNotPresentError, SeriesError, IdentificationError) as reason:
        return _nothing(task, str(reason))
    names = sorted(set().union(*(panel.states for panel in panels)))
    place = {name: i for i, name in enumerate(names)}
    cells: list[dict[str, Any]] = []
    rows: list[np.ndarray] = []
    apart: list[float] = []
    for panel in panels:
        at = [place[name] for name in panel.states]
        for chosen, window in _different(panel.years, task.event):
            values, share = _cell(panel, window)
            row = np.full((3, len(names)), np.nan)
            row[:, at] = values
            rows.append(row)
            apart.append(share)
            cells.append({**task.choices, **panel.choices, **chosen, **vars(window), "reason": ""})
    change, lower, upper = np.stack(rows, axis=1)
    step_year, steps = _steps(panels, place, task.event)
    return Found(tuple(names), tuple(cells), change, lower, upper, np.array(apart), step_year, steps)


def _nothing(task: Task, reason: str) -> Found:
    """A task that cannot be measured: its specifications stand there as not assessable."""
    cells = tuple(
        {**task.choices, **variant, "event": shift, "window": length, **vars(window), "reason": reason}
        for variant in _VARIANTS[task.kind]
        for shift, length, window in windows(task.event)
    )
    empty = np.empty((len(cells), 0))
    return Found((), cells, empty, empty, empty, np.full(len(cells), np.nan), np.empty(0), np.empty((0, 0)))


def _each(axis: str, *choices: str) -> tuple[dict[str, str], ...]:
    return tuple({axis: choice} for choice in choices)


#: The choices that are made within a task of each kind.
_VARIANTS: dict[Kind, tuple[dict[str, str], ...]] = {
    "ideal_points": _each("measure", "closeness", "position"),
    "refit": tuple(
        {"link": link, "smoothing": smoothing, **measure}
        for link, smoothing in FITS
        for measure in _each("measure", "closeness", "position")
    ),
    "similarity": _each("measure", "kappa", "pi", "s"),
    "siding": _each("measure", "siding"),
    "trade": _each("metric", "share", "level"),
    "inputs": _each("metric", "share", "level", "gap"),
    "line": ({},),
}


def _different(years: np.ndarray, event: int) -> Iterator[tuple[dict[str, str], Window]]:
    """Windows as far as there are years; of two that hold the same years the second is left out."""
    seen = set()
    for shift, length, window in windows(event):
        end = int(years[-1])
        held = Window(
            window.before_start,
            window.before_end,
            window.after_start,
            max(min(window.after_end or end, end), window.after_start),
        )
        # The first year with data may be later than the window's: then lengths may coincide as well.
        key = (max(held.before_start, int(years[0])), held.before_end, held.after_start, held.after_end)
        if key not in seen:
            seen.add(key)
            yield {"event": shift, "window": length}, held


def _cell(panel: _Panel, window: Window) -> tuple[np.ndarray, float]:
    """Change, lower and upper of every state, shape (3, states), and where the poles are apart."""
    inside = [
        (panel.years >= first) & (panel.years <= last)
        for first, last in (
            (window.before_start, window.before_end),
            (window.after_start, window.after_end or window.after_start),
        )
    ]
    means, enough, apart = [], np.ones(len(panel.states), dtype=bool), []
    for here in inside:
        # Draws by states by years: nothing is missing in some draws only.
        tilt = panel.tilt[:, :, here]
        have = ~np.isnan(tilt[0])
        count = have.sum(axis=1)
        sessions = int(have.any(axis=0).sum())
        enough &= (count >= MIN_YEARS) & (count >= MIN_SHARE_OF_YEARS * sessions)
        means.append(np.where(have, tilt, 0).sum(axis=2, dtype=np.float64) / np.maximum(count, 1))
        known = panel.apart[here][~np.isnan(panel.apart[here])]
        apart.append(float(known.mean()) if known.size else 0.0)
    change = means[1] - means[0]
    values = np.full((3, len(panel.states)), np.nan)
    values[0] = change.mean(axis=0)
    if len(change) > 1:
        values[1:] = np.quantile(change, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    values[:, ~enough] = np.nan
    return values, min(apart)


def _steps(panels: list[_Panel], place: dict[str, int], event: int) -> tuple[np.ndarray, np.ndarray]:
    """One-session moves of own positions near the event."""
    panel = next((each for each in panels if each.choices.get("measure") == "position"), None)
    if panel is None:
        return np.empty(0), np.empty((0, len(place)))
    middle = panel.tilt.mean(axis=0)
    at = [i for i in range(1, panel.years.size) if abs(panel.years[i] - event) <= 2]
    steps = np.full((len(at), len(place)), np.nan)
    steps[:, [place[name] for name in panel.states]] = (middle[:, at] - middle[:, [i - 1 for i in at]]).T
    return panel.years[at].astype(float), steps


# ------------------------------------------------------------------------------------------ measures


def _seated(series: Series, task: Task) -> Series:
    """Predecessors folded into the states that took their seat; for all states, so that A is as others."""
    for link in LINEAGE:
        if link.predecessor not in task.kept:
            series = series.splice(link.successor, link.predecessor, link.last_year)
    return series


def _field(names: Iterable[str], task: Task) -> list[str]:
    """Those that are states and no pole."""
    known = {state.iso3 for state in states()} - {task.toward[0], task.away_from[0]}
    return [name for name in names if name in known]


def _tilted(series: Series, task: Task, choices: dict[str, str]) -> _Panel:
    """A panel of closeness to both poles; apart where poles are less alike than usual.

    That is: less than the middle state is to the nearer pole, in the same measure, coding and year.
    """
    series = _seated(series, task)
    one, two = series.toward(task.toward[0]), series.toward(task.away_from[0])
    tilt = one.minus(two)
    chosen = _field(tilt.units, task)
    nearer = np.fmax(
        one.masked_as(tilt).select(chosen).values[0], two.masked_as(tilt).select(chosen).values[0]
    )
    poles = np.full(tilt.years.size, np.nan)
    if task.away_from[0] in one:
        years, path = one.path(task.away_from[0])
        poles[np.isin(tilt.years, years)] = path[np.isin(years, tilt.years)]
    usual = _median(nearer, axis=0)
    apart = np.where(np.isnan(poles) | np.isnan(usual), np.nan, poles < usual)
    return _Panel(choices, tuple(chosen), tilt.years, tilt.select(chosen).values, apart)


def _always(series: Series, task: Task, choices: dict[str, str]) -> _Panel:
    """A panel of a measure that separates the poles by its making."""
    panel = _tilted(series, task, choices)
    return _Panel(choices, panel.states, panel.years, panel.tilt, np.ones(panel.years.size))


def _ideal_points(task: Task) -> Iterator[_Panel]:
    """Nearness and own position from the joint posterior of one vote set."""
    points, factors = task.tables
    held = compact.read(points, factors, task.choices["vote_set"])
    yield from _on_line(held.series(task.draws, task.seed), task)


def _on_line(positions: Series, task: Task) -> Iterator[_Panel]:
    positions = _seated(positions, task)
    poles = (task.toward[0], task.away_from[0])
    if absent := [pole for pole in poles if pole not in positions]:
        raise SeriesError(f"{absent[0]} has no votes in this vote set.")
    one, two = (positions.values[:, i] for i in positions.index(poles))
    away = one - two
    have = ~np.isnan(away[0])
    if not have.any():
        raise SeriesError(f"{poles[0]} and {poles[1]} share no session in this vote set.")
    side = np.sign(away[:, have].mean())
    surely = (side * away > APART).mean(axis=0) >= SURELY
    apart = np.where(have, surely, np.nan)
    chosen = _field(positions.units, task)
    own = positions.select(chosen).values
    nearness = np.abs(own - two[:, None]) - np.abs(own - one[:, None])
    for name, tilt in (("closeness", nearness), ("position", side * own)):
        yield _Panel({"measure": name}, tuple(chosen), positions.years, tilt, apart)


def _similarity(task: Task) -> Iterator[_Panel]:
    """Similarity from joint counts or from votes, abstentions and absences coded as chosen."""
    (table,) = task.tables
    if "vote" in table.column_names:
        table = joint_counts(fill_absences(table) if task.choices["absence"] == "abstention" else table)
        table = near(table, (*task.toward, *task.away_from))
    coded = _code_abstentions(table, task.choices["abstention"])
    # With two categories the share of equal votes is S in other units: the same specification.
    more: tuple[Measure, ...] = ("agreement",) if task.choices["abstention"] == "middle" else ()
    names: tuple[Measure, ...] = ("kappa", "pi", "s", *more)
    for name in names:
        series = similarity_series(coded, (*task.toward, *task.away_from), measure=name)
        yield _tilted(series, task, {"measure": name})


def near(counts: pa.Table, poles: Iterable[str]) -> pa.Table:
    """The dyads with a pole."""
    codes = pa.array(list(poles))
    sides = (pc.is_in(counts[side].cast(pa.string()), value_set=codes) for side in ("iso3_a", "iso3_b"))
    return counts.filter(pc.or_(*sides))


def _code_abstentions(counts: pa.Table, coding: str) -> pa.Table:
    """Joint counts with abstentions as they are, as no, or left out."""
    if coding == "middle":
        return counts
    kinds = counts[COUNTS[0]].type
    cells = np.stack([counts[name].to_numpy() for name in COUNTS], axis=-1).reshape(-1, 3, 3).copy()
    if coding == "weak-no":
        cells[:, 2] += cells[:, 1]
        cells[:, :, 2] += cells[:, :, 1]
    cells[:, 1] = 0
    cells[:, :, 1] = 0
    coded = cells.reshape(-1, len(COUNTS))
    for i, name in enumerate(COUNTS):
        at = counts.column_names.index(name)
        counts = counts.set_column(at, name, pa.array(coded[:, i]).cast(kinds))
    return counts


def _siding(task: Task) -> Iterator[_Panel]:
    """Shares of the roll calls on which the poles voted against each other."""
    (table,) = task.tables
    column = {name: table[name].to_numpy().astype(np.int64) for name in table.column_names[4:]}
    zero = np.zeros(table.num_rows, dtype=np.int64)
    if task.choices["abstention"] == "dropped":
        column |= {"contested": column["with_1"] + column["with_2"], "abstained": zero}
    elif task.choices["absence"] == "missing":
        column["contested"] = column["contested"] - column["took_no_part"]
    if task.choices["absence"] == "missing":
        column["took_no_part"] = zero
    for name, values in column.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    yield _always(contested_series(table, task.toward, task.away_from), task, {"measure": "siding"})


def _trade(task: Task) -> Iterator[_Panel]:
    """Shares and logarithms of levels of one flow and kind of goods."""
    (table,) = task.tables
    poles = (*task.toward, *task.away_from)
    products = ENERGY if task.choices.get("goods") == "energy" else None
    share, level = (
        (import_share_series, import_level_series)
        if task.choices["flow"].endswith("imports")
        else (export_share_series, export_level_series)
    )
    yield _always(share(table, poles, products=products), task, {"metric": "share"})
    amounts = level(table, poles, products=products)
    with np.errstate(divide="ignore"):
        logs = np.log(amounts.values)
    missing = ~np.isfinite(logs[0])
    measured = Series(
        **{name: getattr(amounts, name) for name in ("name", "units", "years", "label", "block", "signal")},
        values=np.where(missing, np.nan, logs),
        missing=missing,
        measured_in="logarithm of thousand current US dollars",
    )
    yield _always(measured, task, {"metric": "level"})


def _inputs(task: Task) -> Iterator[_Panel]:
    """Shares, levels and gaps of trade in inputs: every flow stands beside what gravity predicts for it."""
    (gaps,) = task.tables
    thousand = pc.multiply(gaps["flow_million_usd"].cast(pa.float64()), 1e3)
    flows = gaps.select(["exporter", "importer", "year"]).append_column("trade_thousand_usd", thousand)
    flows = flows.append_column("hs6", pa.array(np.zeros(gaps.num_rows, dtype=np.int32)))
    yield from _trade(replace(task, tables=(flows,)))
    sides = ("importer", "exporter") if task.choices["flow"].endswith("imports") else ("exporter", "importer")
    state, pole = (gaps[side].cast(pa.string()) for side in sides)
    chosen = pc.is_in(pole, value_set=pa.array([*task.toward, *task.away_from]))
    flow, predicted = (gaps[f"{name}_million_usd"].to_numpy() + FLOOR for name in ("flow", "predicted"))
    table = pa.table(
        {
            "unit": pc.binary_join_element_wise(state, pole, ">"),
            "year": gaps["year"],
            "value": np.log(flow / predicted),
        }
    )
    yield _always(_point_series("trade_gap", table.filter(chosen)), task, {"metric": "gap"})


def line_table(series: Series) -> pa.Table:
    """A panel of dyads as a table that a task can carry: unit, year, value (the mean over draws)."""
    have = ~series.missing
    unit, year = np.nonzero(have)
    return pa.table(
        {
            "unit": pa.array(np.array(series.units, dtype=object)[unit], pa.string()),
            "year": series.years[year],
            "value": series.values.mean(axis=0, dtype=np.float64)[have],
        }
    )


def _line(task: Task) -> Iterator[_Panel]:
    """Another line of evidence, as its own measure has it."""
    (table,) = task.tables
    if not table.num_rows:
        raise SeriesError(f"{task.choices['line']} has no data near {task.event}.")
    yield _always(_point_series(task.choices["line"], table), task, {})


def _point_series(name: str, table: pa.Table) -> Series:
    """A panel of dyads from rows of unit, year and value."""
    units, unit = np.unique(table["unit"].to_numpy(zero_copy_only=False), return_inverse=True)
    years, year = np.unique(table["year"].to_numpy(), return_inverse=True)
    values = np.full((units.size, years.size), np.nan)
    values[unit, year] = table["value"].to_numpy()
    return Series(
        name=name,
        values=values[None],
        missing=np.isnan(values),
        units=tuple(units.tolist()),
        years=years,
        label=name,
        measured_in="",
        # Neither is read here: a panel says nothing of its kind.
        block="events",
        signal="cheap",
    )


def _refit(task: Task) -> Iterator[_Panel]:
    """Ideal points fitted anew to votes of one set, coded as chosen, with each link and smoothing.

    A fit with another link begins where the one before ended, in half of the time. Not so one with other
    smoothing, whose heavy tails have several optima, nor one of votes coded otherwise, which are other votes:
    there a warm start leads astray more often than not.
    """
    import warnings

    from tropism.votes.ideal_points import IdealPoints, NotConvergedWarning, estimate_ideal_points

    (votes,) = task.tables
    coding = (task.choices["abstention"], task.choices["absence"])
    if task.choices["absence"] == "abstention":
        votes = fill_absences(votes)
    votes = code_votes(votes, task.choices["abstention"])
    ended: dict[str, IdealPoints] = {}
    for link, smoothing in FITS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotConvergedWarning)
            fit = estimate_ideal_points(
                votes,
                link=link,  # type: ignore[arg-type]
                dynamics=smoothing,  # type: ignore[arg-type]
                draws=task.draws,
                seed=task.seed,
                warm_start=ended.get(smoothing),
            )
        embedded = (coding, (link, smoothing)) == (CODINGS[0], FITS[0])
        if not embedded:
            for panel in _on_line(fit.series(), task):
                yield replace(panel, choices={"link": link, "smoothing": smoothing} | panel.choices)
        ended.setdefault(smoothing, fit)


def code_votes(votes: pa.Table, coding: str) -> pa.Table:
    """Votes with abstentions as they are, as no, or left out."""
    vote = votes["vote"].to_numpy()
    if coding == "dropped":
        return votes.filter(pa.array(vote != 2))
    if coding == "weak-no":
        coded = pa.array(np.where(vote == 2, 3, vote)).cast(votes["vote"].type)
        return votes.set_column(votes.column_names.index("vote"), "vote", coded)
    return votes


def fill_absences(votes: pa.Table) -> pa.Table:
    """Votes with an abstention for each roll call that a state missed in a session in which it voted."""
    frame = votes.select(["iso3", "rcid", "year", "vote"]).to_pandas().astype({"iso3": str})
    calls = frame[["rcid", "year"]].drop_duplicates("rcid")
    whole = frame[["iso3", "year"]].drop_duplicates().merge(calls, on="year")
    whole = whole.merge(frame[["iso3", "rcid", "vote"]], on=["iso3", "rcid"], how="left")
    whole["vote"] = whole["vote"].fillna(2).astype("int8")
    return pa.Table.from_pandas(whole, preserve_index=False)


def _median(values: np.ndarray, axis: int) -> np.ndarray:
    """Median over what is there; NaN where nothing is."""
    if not values.size:
        return np.full(np.delete(values.shape, axis), np.nan)
    with np.errstate(all="ignore"):
        empty = np.isnan(values).all(axis=axis, keepdims=True)
        found: np.ndarray = np.nanmedian(np.where(empty, 0.0, values), axis=axis)
    found[np.squeeze(empty, axis)] = np.nan
    return found


_BUILDERS: dict[Kind, Callable[[Task], Iterator[_Panel]]] = {
    "ideal_points": _ideal_points,
    "similarity": _similarity,
    "siding": _siding,
    "trade": _trade,
    "inputs": _inputs,
    "line": _line,
    "refit": _refit,
}
