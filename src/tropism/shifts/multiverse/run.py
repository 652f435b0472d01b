"""The verb: which specifications there are, who measures them, and what is kept of it."""

from __future__ import annotations

import logging
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.derived import read_table, table_info
from tropism.dyads import Triad, Window
from tropism.errors import IdentificationError, OutputError, SchemaError, SeriesError, TriadError, WindowError
from tropism.series import Series
from tropism.shifts.alike import PlaceboSet, like_states, sources_of
from tropism.shifts.change import MIN_YEARS
from tropism.shifts.multiverse.axes import BETWEEN_POLES, CODINGS, LONG, SETS, SHIFTED
from tropism.shifts.multiverse.cells import RUN_UP, Found, Kind, Task, line_table, measure, near
from tropism.shifts.multiverse.result import Multiverse, assemble
from tropism.states import LINEAGE, lineage, states
from tropism.tables.store import home, writing
from tropism.trade.reports import WORLD
from tropism.trade.shares import ENERGY
from tropism.version import __version__
from tropism.votes.ideal_points import compact
from tropism.votes.vote_sets import select_rollcalls

log = logging.getLogger("tropism")

#: Joint draws behind the intervals of changes in ideal points.
DRAWS = 200
#: Seconds without an answer after which progress is told.
PATIENCE = 2.0
#: Tables that the embedded specifications rest on.
TABLES = ("un_vote_counts", "un_contested_votes", *compact.TABLES, "mineral_trade")
#: Tables of flows that are taken along where they are, by how the flows' names begin.
FLOW_TABLES = {"total": "trade_reports", "input": "trade_gaps"}


def multiverse(
    triad: Triad,
    event: int = 2014,
    *,
    placebos: Sequence[PlaceboSet] = ("all", "near", "region"),
    lines: Mapping[str, Series] | None = None,
    votes: pa.Table | None = None,
    rollcalls: pa.Table | None = None,
    refit: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    executor: Executor | None = None,
    cache: bool = True,
    progress: bool = False,
) -> Multiverse:
    """Ask one question in every defensible way: over a thousand specifications of votes, and trade beside.

    Parameters
    ----------
    triad : Triad
    event : int
        Year from which a shift is suspected; years up to two before and after it are tried as well.
    placebos : sequence of {"all", "near", "region", "size", "income"}
        Who shows what is usual, as `tropism.shifts.alike.like_states` has it; ``"all"`` among them, which is
        also counted by voting bloc.
    lines : mapping of str to Series, optional
        Other lines of evidence by name, as `tropism.assessment.evidence_series` gives them: dyads with both
        poles. Each is a question of its own.
    votes, rollcalls : Table, optional
        As ``un_votes`` and ``un_rollcalls``: all votes, from which each vote set is selected. With them
        similarity is measured on every vote set and coding of abstention and absence.
    refit : bool
        With votes: ideal points too are fitted anew with each coding, link and smoothing. Two hundred fits
        take minutes the first time; those of the same votes begin where the first of them ended.
    draws, seed : int
        Joint draws of ideal points, and their seed.
    executor : concurrent.futures.Executor, optional
        Who measures; this process without one, since starting others takes longer than the embedded data
        need. Dask's executor (``client.get_executor()``) works as any other. The numbers are the same.
    cache : bool
        Keep what was measured in `tropism.tables.store.home`, and use what was kept. An interrupted run
        loses only what was under way, and the same poles and event serve every other state.
    progress : bool
        Count on the error stream what is done, once it takes over two seconds.

    Returns
    -------
    Multiverse

    Raises
    ------
    TriadError
        If one seat is named twice, or a code is no state's.
    WindowError
        If the event is no year.
    SchemaError
        If votes are given without roll calls, or a refit is asked for without votes.
    SeriesError
        If no specification has data on the state, fewer than two draws are asked for, or the placebo sets
        are not known or lack ``"all"``.
    DataNotPresentError, DamagedDataError
        If a table cannot be read, that of a placebo set among them.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), "Increasing Transparency Through a Multiverse
    Analysis", Perspectives on Psychological Science 11(5).
    Simonsohn, Simmons and Nelson (2020), "Specification curve analysis", Nature Human Behaviour 4(11): the
    curve, and one test over all specifications. Theirs resamples; here other states are the null.

    Examples
    --------
    >>> from tropism.dyads import Triad, Window
    >>> found = multiverse(Triad("PAK", "RUS", "USA"), 2014)
    >>> len(found.specifications) >= 300, found.joint().n > 150
    (True, True)
    """
    _refuse(triad, event, placebos, draws)
    if (votes is None) != (rollcalls is None) or (refit and votes is None):
        raise SchemaError(
            "multiverse: codings need both votes and rollcalls. Give both, or neither and no refit."
        )
    for label in placebos:
        # A set whose table is not on this machine fails before the computation, not after.
        like_states([triad.state], label)
    question = _Question(triad, event, draws, seed)
    lines = lines or {}
    tasks = [*question.lines(), *question.siding(), *question.trade(), *question.reports()]
    tasks += [*question.inputs(), *question.others(lines)]
    if votes is None or rollcalls is None:
        tasks += question.counted()
    else:
        tasks += question.voted(votes, rollcalls, refit)
    found = _run(tasks, executor, home() / "multiverse" if cache else None, progress)
    flows = {str(task.choices.get("flow", "")).partition("-")[0] for task in tasks}
    read = (*TABLES, *(table for flow, table in FLOW_TABLES.items() if flow in flows))
    sources = [info.provenance for info in map(table_info, read) if info.provenance]
    sources += [source for series in lines.values() for source in series.provenance]
    sources += sources_of(placebos)
    return assemble(
        triad,
        event,
        found,
        placebos=placebos,
        settings={"draws": draws, "votes": "embedded" if votes is None else "given", "refit": refit},
        seed=seed,
        provenance=tuple(dict.fromkeys(sources)),
    )


def _refuse(
    triad: Triad,
    event: int,
    placebos: Sequence[PlaceboSet],
    draws: int,
) -> None:
    codes = (triad.state, *triad.poles)
    known = {state.iso3 for state in states()}
    for code in codes:
        if code not in known:
            raise TriadError(f"triad: {code} is no state's ISO3 code. `tropism state {code}` may find it.")
        for link in lineage(code):
            if link.predecessor in codes:
                raise TriadError(
                    f"triad: {code} to {link.last_year} is {link.predecessor}, whose seat it took over: "
                    f"{triad} names one seat twice. Choose another state."
                )
    if isinstance(event, bool) or not isinstance(event, int | np.integer):
        raise WindowError(f"window: the event {event!r} is no year. Give a whole number, for instance 2014.")
    Window.around(int(event), years_before=LONG + max(SHIFTED))
    others = [name for name in get_args(PlaceboSet) if name != "all"]
    if "all" not in placebos or not set(placebos) <= {"all", *others}:
        raise SeriesError(
            f"multiverse: the placebo sets are {', '.join(placebos)}; expected all, and {', '.join(others)} "
            "if wanted."
        )
    if draws < 2:
        raise SeriesError(f"multiverse: {draws} draws give no interval. Ask for two or more.")


@dataclass(frozen=True)
class _Question:
    """What all tasks of one multiverse share."""

    triad: Triad
    event: int
    draws: int
    seed: int

    @property
    def first_year(self) -> int:
        """Of the longest window of the earliest event."""
        return int(self.event) + min(SHIFTED) - LONG

    @property
    def poles(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Codes of either pole, with those whose seat it took over."""
        one, two = ((pole, *(link.predecessor for link in lineage(pole))) for pole in self.triad.poles)
        return one, two

    def task(self, kind: Kind, tables: Sequence[pa.Table], **choices: str) -> Task:
        """A task with what is common filled in."""
        named = {self.triad.state, *self.triad.poles}
        return Task(
            kind=kind,
            choices=choices,
            event=int(self.event),
            toward=self.poles[0],
            away_from=self.poles[1],
            kept=tuple(sorted(named & {link.predecessor for link in LINEAGE})),
            tables=tuple(tables),
            draws=self.draws,
            seed=self.seed,
        )

    def recent(self, table: pa.Table, run_up: int = 0) -> pa.Table:
        """Rows of the years that some window needs."""
        return table.filter(pc.greater_equal(table["year"], self.first_year - run_up))

    def others(self, lines: Mapping[str, Series]) -> Iterator[Task]:
        """Other lines of evidence, each by its own measure."""
        for name, series in lines.items():
            yield self.task("line", [self.recent(line_table(series))], line=name)

    def lines(self) -> Iterator[Task]:
        """Ideal points of each vote set, as embedded."""
        tables = [read_table(name) for name in compact.TABLES]
        for vote_set in SETS:
            mine = [each.filter(pc.equal(each["vote_set"].cast(pa.string()), vote_set)) for each in tables]
            yield self.task(
                "ideal_points",
                mine,
                vote_set=vote_set,
                abstention="middle",
                absence="missing",
                link="probit",
                smoothing="walk",
            )

    def counted(self) -> Iterator[Task]:
        """Similarity on all roll calls, from the embedded counts: they know no absences."""
        counts = near(self.recent(read_table("un_vote_counts")), (*self.poles[0], *self.poles[1]))
        for abstention in ("middle", "weak-no", "dropped"):
            yield self.task("similarity", [counts], vote_set="all", abstention=abstention, absence="missing")

    def siding(self) -> Iterator[Task]:
        """Contested roll calls: the table does not say on which of them a state abstained."""
        table = self.recent(read_table("un_contested_votes"))
        one, two = (
            pc.and_(
                pc.is_in(table["pole_1"].cast(pa.string()), value_set=pa.array(first)),
                pc.is_in(table["pole_2"].cast(pa.string()), value_set=pa.array(second)),
            )
            for first, second in (self.poles, self.poles[::-1])
        )
        # Where the poles have no pair, the whole table tells which it has.
        mine = table.filter(pc.or_(one, two))
        for abstention, absence in CODINGS:
            if abstention != "weak-no":
                yield self.task(
                    "siding",
                    [mine if mine.num_rows else table],
                    vote_set=BETWEEN_POLES,
                    abstention=abstention,
                    absence=absence,
                )

    def trade(self) -> Iterator[Task]:
        """Imports and exports, of all recorded goods and of energy."""
        table = self.recent(read_table("mineral_trade"))
        # Two kinds of goods are all that is asked for: far fewer rows to carry about.
        energy, other = min(ENERGY), 0
        codes = pa.array(sorted(set(pc.unique(table["hs6"]).to_pylist()) & set(ENERGY)), table["hs6"].type)
        kind = pc.if_else(pc.is_in(table["hs6"], value_set=codes), energy, other)
        sums = (
            table.select(["exporter", "importer", "year", "trade_thousand_usd"])
            .append_column("hs6", kind)
            .group_by(["exporter", "importer", "year", "hs6"])
            .aggregate([("trade_thousand_usd", "sum")])
            .rename_columns(["exporter", "importer", "year", "hs6", "trade_thousand_usd"])
        )
        for flow in ("imports", "exports"):
            for goods in ("all", "energy"):
                yield self.task("trade", [sums], flow=flow, goods=goods)

    def reports(self) -> Iterator[Task]:
        """All goods, as the buyers and as the sellers report them: where the user has such a table."""
        if table_info(FLOW_TABLES["total"]).place == "absent":
            return
        table = self.recent(read_table(FLOW_TABLES["total"]))
        names = {side: table[side].cast(pa.string()) for side in ("reporter", "exporter", "importer")}
        # Totals over all partners are no partner.
        between = pc.and_(*(pc.not_equal(names[side], WORLD) for side in ("exporter", "importer")))
        for side in ("importer", "exporter"):
            own = pc.or_(pc.equal(names["reporter"], side), pc.equal(names["reporter"], names[side]))
            mine = table.filter(pc.and_(own, between))
            thousand = pc.multiply(mine["trade_usd"].cast(pa.float64()), 1e-3)
            mine = mine.select(["exporter", "importer", "year"]).append_column("trade_thousand_usd", thousand)
            mine = mine.append_column("hs6", pa.array(np.zeros(mine.num_rows, dtype=np.int32)))
            for flow in ("total-imports", "total-exports") if mine.num_rows else ():
                yield self.task("trade", [mine], flow=flow, report=side)

    def inputs(self) -> Iterator[Task]:
        """Inputs beside what gravity predicts: where there are years enough for a change."""
        if table_info(FLOW_TABLES["input"]).place == "absent":
            return
        gaps = self.recent(read_table(FLOW_TABLES["input"]))
        if pc.count_distinct(gaps["year"]).as_py() >= 2 * MIN_YEARS:
            for flow in ("input-imports", "input-exports"):
                yield self.task("inputs", [gaps], flow=flow)

    def voted(self, votes: pa.Table, rollcalls: pa.Table, refit: bool) -> Iterator[Task]:
        """Similarity, and fits if asked for, on every vote set and coding, from the votes themselves."""
        recent = self.recent(votes, RUN_UP).select(["iso3", "rcid", "year", "vote"])
        for vote_set in SETS:
            try:
                chosen = select_rollcalls(rollcalls, vote_set)["rcid"].to_numpy()
            except IdentificationError as reason:
                log.warning("multiverse: %s", reason)
                continue
            mine = recent.filter(pc.is_in(recent["rcid"], value_set=pa.array(chosen, recent["rcid"].type)))
            for abstention, absence in CODINGS:
                coding = {"vote_set": vote_set, "abstention": abstention, "absence": absence}
                yield self.task("similarity", [self.recent(mine)], **coding)
                if refit:
                    yield self.task("refit", [mine], **coding)


def _run(
    tasks: Sequence[Task], executor: Executor | None, folder: Path | None, progress: bool
) -> list[Found]:
    """Measure what is not kept, keep each answer as it comes, and give all in the order of the tasks."""
    paths = [None if folder is None else folder / f"{task.key(__version__)}.npz" for task in tasks]
    found = [_kept(path) for path in paths]
    todo = [i for i, each in enumerate(found) if each is None]
    begun = told = time.monotonic()
    for done, (i, result) in enumerate(_measured([tasks[i] for i in todo], executor), 1):
        found[todo[i]] = result
        _keep(result, paths[todo[i]])
        now = time.monotonic()
        if progress and now - begun > PATIENCE and (now - told > PATIENCE or done == len(todo)):
            told = now
            print(f"multiverse: {done} of {len(todo)} paths measured", file=sys.stderr, flush=True)
    return [each for each in found if each is not None]


def _measured(tasks: Sequence[Task], executor: Executor | None) -> Iterator[tuple[int, Found]]:
    """Answers with the place of their task, as they come; what has not begun is called off on leaving."""
    if executor is None:
        yield from ((i, measure(task)) for i, task in enumerate(tasks))
        return
    futures: dict[Any, int] = {executor.submit(measure, task): i for i, task in enumerate(tasks)}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _kept(path: Path | None) -> Found | None:
    """What an earlier run kept; a damaged file counts as none."""
    if path is None or not path.is_file():
        return None
    try:
        return Found.read(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        log.debug("multiverse: %s is measured anew: %s", path, fault)
        return None


def _keep(result: Found, path: Path | None) -> None:
    """Keep an answer; where nothing can be kept, the answer still stands."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as scratch:
            result.write(scratch)
    except (OSError, OutputError) as fault:
        log.debug("multiverse: %s is not kept: %s", path, fault)
