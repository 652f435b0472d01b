"""Every state at once: who moved toward the one pole and away from the other, beyond what is ordinary.

Three questions of every state, which must not be confused: how far it moved (``estimate``), how far
beyond what all states did in these years (``own``), and how likely it is that this is no more than the
ordinary drift of states (``fdr``).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.derived import read_table, table_info
from tropism.dyads import Window
from tropism.errors import SeriesError, TriadError, WindowError
from tropism.house_style import AWAY, OTHERS
from tropism.series import Provenance, Series
from tropism.shifts.alike import PlaceboSet, like_states, sources_of
from tropism.shifts.change import LEVEL, MIN_PLACEBOS, MIN_YEARS
from tropism.shifts.empirical_null import EmpiricalNull, empirical_null
from tropism.shifts.placebos import (
    AGREEMENT,
    effective_number,
    may_stand,
    rank_among,
    voting_blocs,
)
from tropism.shifts.tilt import DRAWS, Measure, refuse_one_place, tilt_series
from tropism.states import LINEAGE, State, find_state, states
from tropism.version import __version__

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: A state is called a mover when it is less likely than this that its change is ordinary (Efron's bar).
CALLED = 0.2
#: Years that a state's own year-to-year noise must outweigh: a standard deviation from few years is unsure.
PRIOR_YEARS = 10.0
#: Seconds between lines on progress.
PATIENCE = 2.0
#: Pairs of windows that one job of an executor measures: each job carries the whole panel.
BATCH = 8

PAPERS = (
    "Efron (2004), Large-Scale Simultaneous Hypothesis Testing: The Choice of a Null, JASA 99(465).",
    "Stephens (2017), False discovery rates: a new deal, Biostatistics 18(2).",
    "Abadie, Diamond and Hainmueller (2010), Synthetic Control Methods, JASA 105(490): placebos in space and "
    "in time.",
)


@dataclass(frozen=True, eq=False)
class Scan:
    """Every state's change between two windows, in rank order.

    Attributes
    ----------
    toward, away_from : str
        The poles, which are not among the states.
    names : tuple of str
        Of the poles, as they stand in a sentence.
    window : Window
    label, measured_in : str
        Of the measure.
    rows : DataFrame
        One row per state, the largest own move toward the pole first; see `tidy`.
    field : float
        Median change of all assessed states: what everybody did.
    null : EmpiricalNull
        What an ordinary change is.
    blocs : tuple of tuple of str
        Voting blocs of at least two assessed states, the largest first.
    settings : dict
    provenance : tuple of Provenance
    notes : tuple of str
    """

    toward: str
    away_from: str
    names: tuple[str, str]
    window: Window
    label: str
    measured_in: str
    rows: pd.DataFrame
    field: float
    null: EmpiricalNull
    blocs: tuple[tuple[str, ...], ...]
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """One row per state that existed in either window.

        Columns: iso3, name; ``assessed``, and why not (``reason``); years_before, years_after; ``estimate``,
        the change, and where there are draws lower, upper, level; ``own``, the change of its distance from
        the median state of each year less the ordinary such change, with std_error, own_lower and own_upper
        (own moves that the placebo test does not reject); ``z`` and ``fdr`` as in `EmpiricalNull`;
        ``called``: 1 or -1 for a mover (fdr below 0.2), else 0; percentile and p_value of the studentised
        change among ``placebos`` states; bloc, bloc_percentile and bloc_p_value with one unit for each of
        ``bloc_units`` blocs; with a search, ``search_year`` and ``search_p_value``; with placebos in time,
        ``time_p_value`` and the number of break years, ``breaks``.
        """
        return self.rows.copy()

    def movers(self) -> pd.DataFrame:
        """The states called movers, in order of their own moves."""
        return self.rows[self.rows["called"].isin([-1, 1])].reset_index(drop=True)

    @property
    def false_share(self) -> float:
        """Expected share of unmoved states among the movers called; NaN without any."""
        called = self.movers()
        return float(called["fdr"].mean()) if len(called) else float("nan")

    def summary(self) -> pd.DataFrame:
        """The movers: state, change, own move with its interval, fdr, percentiles."""
        columns = [
            "name",
            "estimate",
            "own",
            "own_lower",
            "own_upper",
            "fdr",
            "percentile",
            "bloc_percentile",
        ]
        return self.movers()[columns]

    def plot(self, most: int = 15) -> alt.LayerChart:
        """Own moves with their intervals: up to ``most`` states at either end, movers in colour."""
        import altair as alt

        rows = self.rows[self.rows["assessed"]]
        rows = rows[(np.arange(len(rows)) < most) | (np.arange(len(rows)) >= len(rows) - most)]
        records = [
            {key: row[key] for key in ("name", "own", "own_lower", "own_upper")}
            | {"called": "mover" if row["called"] else "ordinary"}
            for row in rows.to_dict("records")
        ]
        base = alt.Chart(alt.InlineData(values=records)).encode(
            y=alt.Y("name:N", sort=[record["name"] for record in records], title=None),
            color=alt.Color(
                "called:N",
                title=None,
                scale=alt.Scale(domain=["mover", "ordinary"], range=[AWAY, OTHERS]),
            ),
        )
        title = f"own move toward {self.names[0]}, from {self.names[1]} ({self.measured_in})"
        bars = base.mark_rule(strokeWidth=5, opacity=0.3).encode(
            x=alt.X("own_lower:Q", title=title), x2="own_upper:Q"
        )
        points = base.mark_point(filled=True, size=45, opacity=1).encode(x="own:Q")
        heading = alt.TitleParams(
            f"{self.window}",
            subtitle=f"bars: own moves that the placebo test at {1 - LEVEL:.0%} does not reject",
            anchor="start",
        )
        return alt.LayerChart(layer=[bars, points], title=heading)

    def to_json(self) -> str:
        """All rows, the null, settings and sources."""
        null = {key: getattr(self.null, key) for key in ("centre", "spread", "unmoved")}
        return json.dumps(
            {
                "tropism_version": __version__,
                "toward": self.toward,
                "away_from": self.away_from,
                "window": asdict(self.window),
                "measure": {"label": self.label, "measured_in": self.measured_in},
                "field": self.field,
                "null": null,
                "states": json.loads(self.rows.to_json(orient="records", double_precision=10)),
                "blocs": [list(bloc) for bloc in self.blocs],
                "settings": self.settings,
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return "\n".join((*(source.citation or source.source for source in self.provenance), *PAPERS))


def scan(
    toward: str,
    away_from: str,
    window: Window | int = 2014,
    *,
    measure: Measure | Series = "ideal_points",
    vote_set: str = "all",
    placebos: PlaceboSet | Collection[str] = "all",
    search: int = 0,
    in_time: bool = False,
    agreement: float = AGREEMENT,
    draws: int = DRAWS,
    seed: int = 0,
    executor: Executor | None = None,
    progress: bool = False,
) -> Scan:
    """Which states moved toward one pole and away from another, beyond what is ordinary among states?

    Parameters
    ----------
    toward, away_from : str
        Two states: ISO3 codes, names or aliases.
    window : Window or int
        A year compares the ten years up to it with everything from it on.
    measure : {"ideal_points", "ideal_point_distances", "vote_similarity", "contested_votes"} or Series
        As in `tilt_series`; or a panel of states of your own (higher = nearer to ``toward``), or of dyads
        with both poles.
    vote_set : str
        Roll calls of the ideal points.
    placebos : {"all", "near", "region", "size", "income"} or collection of str
        Whom a state is ranked among, as in `tropism.shifts.alike.like_states`; incomes are those before the
        event. False-discovery rates always rest on all states.
    search : int
        Try break years up to so many years before and after the event, and take each state's largest
        studentised change; the placebos search too.
    in_time : bool
        Also compare each state with itself: the same statistic at every break year whose windows do not
        touch the event.
    agreement : float
        Any two members of a voting bloc agreed at least so much in the years before.
    draws, seed : int
        Joint draws of ideal points.
    executor : concurrent.futures.Executor, optional
        Measures the windows of a search and of placebos in time. Without one local threads do, one for each
        core. Dask's executor (``client.get_executor()``) works as any other; the numbers are the same.
    progress : bool
        Tell on stderr how far it is, once it takes more than two seconds.

    Returns
    -------
    Scan

    Raises
    ------
    UnknownStateError, TriadError, WindowError
        If a pole is no state, both are one, or a window holds no data.
    SeriesError
        If there is no such measure, or fewer than 20 states can be assessed.
    IdentificationError
        If the line of ideal points does not hold the poles apart.
    DataNotPresentError
        If the table that says which states are alike is not on this machine.

    Examples
    --------
    >>> found = scan("RUS", "USA", 2014, measure="contested_votes")
    >>> row = found.tidy().set_index("iso3").loc["HUN"]
    >>> bool(row["own"] < 0), bool(row["percentile"] < 10)
    (True, True)
    """
    one, two = _two_states(toward, away_from)
    poles = (one.iso3, two.iso3)
    if search < 0:
        raise WindowError(f"scan: a search {search} years around the event is none. Give 0 or more.")
    window = Window.around(window) if isinstance(window, int) else window
    if isinstance(measure, Series):
        tilt, named = _tilt_of(measure, poles), measure.name
    else:
        tilt, named = tilt_series(*poles, measure, vote_set=vote_set, draws=draws, seed=seed), str(measure)
    window = _covered(tilt, window)
    if tilt.name == "ideal_point_along":
        refuse_one_place(tilt, poles, _spans(window))
    field = tilt.select([unit for unit in tilt.units if unit not in poles])

    relative = _less_everybody(field)
    changes = _changes(field, relative, window)
    _refuse_few(field, changes, window, placebos)
    # Assessed states only, from here on.
    here = np.flatnonzero(changes.enough)
    codes = [field.units[i] for i in here]
    before = (window.before_start, window.before_end)
    bloc = voting_blocs(read_table("un_vote_counts"), codes, before, agreement=agreement)
    stand = may_stand(changes.n_before[here], changes.n_after[here])
    stand &= like_states(codes, placebos, year=window.before_end)
    columns = _ranked(changes, here, stand, bloc)
    other = _OtherWindows(field, relative, here, executor, _Progress(progress))
    if search:
        columns |= _searched(other, window, search, stand)
    if in_time:
        columns |= _placebos_in_time(other, window, changes.null.z)
    blocs = _groups(codes, bloc)
    set_sources = sources_of((placebos,)) if isinstance(placebos, str) else ()
    counts_source = table_info("un_vote_counts").provenance
    return Scan(
        toward=poles[0],
        away_from=poles[1],
        names=(one.in_text, two.in_text),
        window=window,
        label=tilt.label,
        measured_in=tilt.measured_in,
        rows=_rows(field, poles, changes, codes, columns, window),
        field=float(np.median(changes.estimate[here])),
        null=changes.null,
        blocs=tuple(bloc for bloc in blocs if len(bloc) > 1),
        settings={
            "measure": named,
            "vote_set": vote_set if named.startswith("ideal_point") else None,
            "placebos": placebos if isinstance(placebos, str) else sorted(placebos),
            "search": search,
            "in_time": in_time,
            "agreement": agreement,
            "draws": tilt.n_draws,
            "seed": seed,
            "effective_number": effective_number(changes.null.z, bloc),
            "blocs": len(blocs),
        },
        provenance=tuple(
            dict.fromkeys(each for each in (*tilt.provenance, counts_source, *set_sources) if each)
        ),
        notes=(*tilt.notes, _error_note(tilt), f"Poles are not ranked: {poles[0]}, {poles[1]}."),
    )


def _two_states(toward: str, away_from: str) -> tuple[State, State]:
    one, two = find_state(toward), find_state(away_from)
    if one.iso3 == two.iso3:
        raise TriadError(f"scan: both poles are {one.name}. Give two different states.")
    return one, two


def _groups(codes: Sequence[str], bloc: np.ndarray) -> list[tuple[str, ...]]:
    """States by bloc, the largest first."""
    members = [
        tuple(codes[i] for i in np.flatnonzero(bloc == k).tolist()) for k in range(int(bloc.max()) + 1)
    ]
    return sorted(members, key=len, reverse=True)


# ---------------------------------------------------------------------------------- one pair of windows


@dataclass(frozen=True, eq=False)
class _Changes:
    """Changes of all states of a panel; arrays of shape (states,) unless said, NaN where not enough years.

    ``bounds`` (2, states) is None for a point measure; ``null`` is that of the states with enough years.
    """

    n_before: np.ndarray
    n_after: np.ndarray
    enough: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    bounds: np.ndarray | None
    null: EmpiricalNull

    @property
    def z(self) -> np.ndarray:
        """Studentised change of all states of the panel."""
        found = np.full(self.enough.size, np.nan)
        found[self.enough] = self.null.z
        return found


def _less_everybody(panel: Series) -> Series:
    """Distance from the median state of each year, in every draw.

    What all states do together, a pole's or the agenda's move, is taken off year by year: a state that was
    absent for some years is compared with the others in its own years.
    """
    values = panel.values.copy()
    for year in range(panel.years.size):
        present = ~panel.missing[:, year]
        if present.any():
            values[:, present, year] -= np.median(values[:, present, year], axis=1, keepdims=True)
    return replace(panel, values=values)


def _changes(panel: Series, relative: Series, window: Window) -> _Changes:
    """Measure one pair of windows: change, its error relative to the field, and the null."""
    (first, last), (start, end) = _spans(window)
    before, n_before = panel.mean_over(first, last)
    after, n_after = panel.mean_over(start, end)
    enough = (n_before >= MIN_YEARS) & (n_after >= MIN_YEARS)
    change = after - before
    if not enough.any():
        nothing = np.full(enough.size, np.nan)
        empty = EmpiricalNull(np.nan, np.nan, np.nan, np.empty(0), np.empty(0))
        return _Changes(n_before, n_after, enough, nothing, nothing, None, empty)
    # The error that remains is that of the state's place among the others.
    moved = relative.mean_over(start, end)[0] - relative.mean_over(first, last)[0]
    moved -= np.median(moved[:, enough], axis=1, keepdims=True)
    bounds = None
    if panel.has_sampling_error:
        std_error = moved.std(axis=0, ddof=1)
        tail = (1 - LEVEL) / 2
        bounds = np.quantile(change, [tail, 1 - tail], axis=0)
    else:
        std_error = _error_of_years(relative, window)
    null = empirical_null(moved[:, enough].mean(axis=0), std_error[enough])
    return _Changes(n_before, n_after, enough, change.mean(axis=0), std_error, bounds, null)


def _ranked(changes: _Changes, here: np.ndarray, stand: np.ndarray, bloc: np.ndarray) -> dict[str, Any]:
    """Columns of the assessed states: change, own move, false-discovery rate, ranks by state and by bloc."""
    null, std_error = changes.null, changes.std_error[here]
    alone, by_bloc = rank_among(null.z, stand), rank_among(null.z, stand, bloc)
    scale = null.scale(std_error)
    own = scale * null.z
    columns: dict[str, Any] = {
        "estimate": changes.estimate[here],
        "std_error": std_error,
        "own": own,
        "own_lower": own - scale * alone.highest,
        "own_upper": own - scale * alone.lowest,
        "z": null.z,
        "fdr": null.fdr,
        "called": np.where(null.fdr < CALLED, np.sign(null.z), 0),
        "percentile": alone.percentile,
        "p_value": alone.p_value,
        "placebos": alone.placebos,
        "bloc": bloc,
        "bloc_percentile": by_bloc.percentile,
        "bloc_p_value": by_bloc.p_value,
        "bloc_units": by_bloc.units,
    }
    if changes.bounds is not None:
        columns |= {"lower": changes.bounds[0, here], "upper": changes.bounds[1, here], "level": LEVEL}
    return columns


def _error_of_years(relative: Series, window: Window) -> np.ndarray:
    """Standard error of a change of means from how years scatter within the windows: shape (states,).

    Scatter is about each window's mean. Years are not independent: n of them count as n (1 - r) / (1 + r),
    with r the correlation of neighbouring years, one for all states. A state's variance is drawn to that of
    all states as if those were ten years of it.

    References
    ----------
    Smyth (2004), Linear Models and Empirical Bayes Methods, Statistical Applications in Genetics and
    Molecular Biology 3(1): moderated variances. Bayley and Hammersley (1946), The "effective" number of
    independent observations, Supplement to the JRSS 8(2).
    """
    values = relative.values[0].astype(np.float64)
    squares = np.zeros(len(relative.units))
    freedom = np.zeros(len(relative.units))
    product = neighbours = 0.0
    counts = []
    for first, last in _spans(window):
        years = (relative.years >= first) & (relative.years <= last)
        part = values[:, years]
        have = ~np.isnan(part)
        n = have.sum(axis=1)
        mean = np.nansum(part, axis=1) / np.maximum(n, 1)
        away = np.where(have & (n >= MIN_YEARS)[:, None], part - mean[:, None], 0.0)
        squares += (away**2).sum(axis=1)
        freedom += np.where(n >= MIN_YEARS, n - 1, 0)
        next_to = np.diff(relative.years[years]) == 1
        product += float((away[:, 1:] * away[:, :-1])[:, next_to].sum())
        neighbours += float((have[:, 1:] & have[:, :-1] & (n >= MIN_YEARS)[:, None])[:, next_to].sum())
        counts.append(n)
    common = squares.sum() / max(freedom.sum(), 1)
    variance = (squares + PRIOR_YEARS * common) / (freedom + PRIOR_YEARS)
    raw = product / neighbours / common if neighbours and common else 0.0
    # Deviations from a mean of n years are correlated by -1/n where the years are not.
    typical = float(np.mean([n[n >= MIN_YEARS].mean() if (n >= MIN_YEARS).any() else 1 for n in counts]))
    r = min(max((raw * (typical - 1) + 1) / typical, 0.0), 0.9)
    worth = [np.maximum(np.maximum(n, 1) * (1 - r) / (1 + r), 1.0) for n in counts]
    error: np.ndarray = np.sqrt(variance * (1 / worth[0] + 1 / worth[1]))
    return error


# ------------------------------------------------------------------------------- searches, other years


@dataclass(frozen=True, eq=False)
class _OtherWindows:
    """The same change at other pairs of windows.

    ``here`` are the assessed states' places in the panel, ``executor`` as in `scan`.
    """

    panel: Series
    relative: Series
    here: np.ndarray
    executor: Executor | None = None
    tell: _Progress | None = None

    def z(self, windows: Sequence[Window], what: str) -> np.ndarray:
        """Studentised changes, shape (windows, states): NaN in a pair that fewer than 20 states have."""
        batches = [windows[k : k + BATCH] for k in range(0, len(windows), BATCH)]
        jobs = [(self.panel, self.relative, self.here, batch) for batch in batches]
        found = np.empty((0, self.here.size))
        for part in self._run(jobs):
            found = np.concatenate([found, part])
            if self.tell is not None:
                self.tell(f"{what}: {len(found)} of {len(windows)} break years")
        return found

    def _run(self, jobs: list[Any]) -> Iterator[np.ndarray]:
        if self.executor is not None:
            yield from self.executor.map(_z_of, jobs)
            return
        # Threads share the panel, and NumPy lets go of the interpreter in most of the work.
        with ThreadPoolExecutor(os.cpu_count()) as local:
            yield from local.map(_z_of, jobs)


def _z_of(job: tuple[Series, Series, np.ndarray, Sequence[Window]]) -> np.ndarray:
    panel, relative, here, windows = job
    found = np.full((len(windows), here.size), np.nan)
    for i, each in enumerate(windows):
        changes = _changes(panel, relative, each)
        if changes.enough.sum() >= MIN_PLACEBOS:
            found[i] = changes.z[here]
    return found


def _searched(other: _OtherWindows, window: Window, search: int, stand: np.ndarray) -> dict[str, np.ndarray]:
    """The break year with each state's largest studentised change, ranked among the placebos' largest."""
    (first, last), (start, end) = _spans(window)
    tried = [
        Window(first + shift, last + shift, start + shift, end)
        for shift in range(-search, search + 1)
        if start + shift + MIN_YEARS - 1 <= end
    ]
    z = np.abs(other.z(tried, "search"))
    # A state that lacks a window that others have would search less: it is not ranked.
    complete = ~np.isnan(z).any(axis=0)
    largest = np.where(complete, np.max(np.where(np.isnan(z), -np.inf, z), axis=0), np.nan)
    allowed = stand & complete[None, :]
    units = allowed.sum(axis=1)
    beyond = (allowed & (largest[None, :] >= largest[:, None] * (1 - 1e-6))).sum(axis=1)
    years = np.array([each.after_start for each in tried])[np.argmax(np.where(complete, z, 0.0), axis=0)]
    ranked = complete & (units >= MIN_PLACEBOS)
    return {
        "search_year": np.where(complete, years, np.nan),
        "search_p_value": np.where(ranked, (1 + beyond) / (1 + units), np.nan),
    }


def _placebos_in_time(other: _OtherWindows, window: Window, z: np.ndarray) -> dict[str, np.ndarray]:
    """How often a state's own studentised change was as large at break years that the event did not touch."""
    (first, last), (start, end) = _spans(window)
    data = int(other.panel.years[0]), int(other.panel.years[-1])
    tried = []
    for year in range(data[0], data[1] + 1):
        shift = year - start
        untouched = end + shift < start or first + shift >= start
        if untouched and first + shift >= data[0] and end + shift <= data[1]:
            tried.append(Window(first + shift, last + shift, year, end + shift))
    size = np.abs(other.z(tried, "placebos in time"))
    breaks = (~np.isnan(size)).sum(axis=0)
    beyond = (size >= np.abs(z) * (1 - 1e-6)).sum(axis=0)
    return {
        "time_p_value": np.where(breaks >= MIN_PLACEBOS, (1 + beyond) / (1 + breaks), np.nan),
        "breaks": breaks,
    }


class _Progress:
    """Lines on stderr, one every two seconds of work."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.began = self.told = time.perf_counter()

    def __call__(self, what: str) -> None:
        now = time.perf_counter()
        if self.wanted and now - self.told > PATIENCE:
            self.told = now
            print(f"{what}, {now - self.began:.0f} s", file=sys.stderr)


# ----------------------------------------------------------------------------------------- rows, checks


def _rows(
    panel: Series,
    poles: Sequence[str],
    changes: _Changes,
    codes: Sequence[str],
    columns: dict[str, Any],
    window: Window,
) -> pd.DataFrame:
    """One row per state: those assessed by their own moves, then those that are not, with the reason."""
    import pandas as pd

    at = panel.index(codes)
    years = {"years_before": changes.n_before[at], "years_after": changes.n_after[at]}
    found = pd.DataFrame({"iso3": codes, "assessed": True, "reason": ""} | years | columns)
    # Equal moves stand in the order of their codes, whatever the order of the rows was.
    found = found.sort_values(["own", "iso3"], ascending=[False, True])
    found["called"] = found["called"].astype("Int64")
    rest = [_unassessed(panel, changes, iso3) for iso3 in _others(panel, poles, codes, window)]
    if rest:
        found = pd.concat([found, pd.DataFrame(rest)])
    found.insert(1, "name", [_name(iso3) for iso3 in found["iso3"]])
    for count in ("placebos", "bloc", "breaks", "search_year"):
        if count in found:
            found[count] = found[count].astype("Float64").astype("Int64")
    return found.reset_index(drop=True)


def _others(panel: Series, poles: Sequence[str], codes: Sequence[str], window: Window) -> list[str]:
    """States with data in a window, or in existence in one, that are not assessed, sorted."""
    within = np.zeros(panel.years.size, dtype=bool)
    for first, last in _spans(window):
        within |= (panel.years >= first) & (panel.years <= last)
    with_data = {
        unit for unit, gone in zip(panel.units, panel.missing, strict=True) if (~gone & within).any()
    }
    present = {
        state.iso3
        for state in states()
        for first, last in _spans(window)
        if any(state.present(year) for year in range(first, last + 1))
    }
    # A predecessor's years stand in its successor's row.
    folded = {link.predecessor for link in LINEAGE if link.predecessor not in panel}
    return sorted((with_data | present) - set(codes) - set(poles) - folded)


def _unassessed(panel: Series, changes: _Changes, iso3: str) -> dict[str, Any]:
    i = panel.index([iso3])[0] if iso3 in panel else None
    before, after = (0, 0) if i is None else (int(changes.n_before[i]), int(changes.n_after[i]))
    reason = (
        "no data"
        if i is None
        else f"{before} years before and {after} after; {MIN_YEARS} are needed on either side"
    )
    row = {"iso3": iso3, "assessed": False, "reason": reason}
    return row | {"years_before": before, "years_after": after}


def _name(iso3: str) -> str:
    known = {state.iso3: state.name for state in states()}
    return known.get(iso3, iso3)


def _tilt_of(series: Series, poles: tuple[str, str]) -> Series:
    """A user's panel as a panel of states."""
    if not series.is_closeness:
        raise SeriesError(
            f"series {series.name} holds positions, not closeness: turn them toward the pole first "
            "(tropism.shifts.along), or derive dyads (Series.derive)."
        )
    if any(">" in unit for unit in series.units):
        return series.toward(poles[0]).minus(series.toward(poles[1]))
    return series


def _covered(tilt: Series, window: Window) -> Window:
    """The window with its open end closed; refused where the data do not reach either side."""
    have = tilt.years[~tilt.missing.all(axis=0)]
    if not have.size:
        raise SeriesError(f"scan: {tilt.label} has no data with both poles. Choose another measure.")
    window = window.resolve(int(have[-1]))
    for side, (first, last) in zip(("before", "after"), _spans(window), strict=True):
        if not ((have >= first) & (have <= last)).any():
            raise WindowError(
                f"scan: no state has data in {first}-{last}, the years {side}; {tilt.label} runs from "
                f"{have[0]} to {have[-1]}. Choose other years (--event, --before, --after)."
            )
    return window


def _refuse_few(
    panel: Series, changes: _Changes, window: Window, placebos: PlaceboSet | Collection[str]
) -> None:
    if not isinstance(placebos, str):
        named = sum(unit in placebos for unit in np.array(panel.units)[changes.enough])
        if named < MIN_PLACEBOS:
            raise SeriesError(
                f"placebos: {named} of the states named have data on both sides of {window}; a rank needs "
                f"{MIN_PLACEBOS}. Name more, or take all."
            )
    if changes.enough.sum() <= MIN_PLACEBOS:
        raise SeriesError(
            f"scan: {int(changes.enough.sum())} states have {MIN_YEARS} years of data on both sides of "
            f"{window}; more than {MIN_PLACEBOS} are needed to tell what is ordinary. Widen the window."
        )


def _spans(window: Window) -> list[tuple[int, int]]:
    return [
        (window.before_start, window.before_end),
        (window.after_start, window.after_end or window.after_start),
    ]


def _error_note(tilt: Series) -> str:
    if tilt.has_sampling_error:
        return f"Measurement error: standard deviation over {tilt.n_draws} joint draws, less what all did."
    return "Measurement error: from the scatter of years within the windows, neighbouring years correlated."
