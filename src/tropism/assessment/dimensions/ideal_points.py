"""How far a state stands from either pole on the line that fits UN votes best, with intervals."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.assessment.dimension import Dimension, Poles, Tables, seated
from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, SeriesError
from tropism.series import Series
from tropism.shifts import Estimate, infer_shifts
from tropism.states import find_state, lineage
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import similarity_series

#: The vote set of the row itself.
MAIN = "all"
#: Made on demand: enough for an interval.
DRAWS = 300
#: Poles must be this far apart, and this surely, for a move on the line to be one between them.
APART, SURELY = 1.0, 0.95


def measure(tables: Tables, poles: Poles) -> Series:
    """Minus the distance of every state from both poles, with joint draws."""
    positions = compact.read(tables["ideal_points"], tables["ideal_point_factors"], MAIN).series(DRAWS)
    # Folded before the distances are taken: each pole is one path, which halves the work where one succeeded.
    for pole in (poles.toward[0], poles.away_from[0]):
        for link in lineage(pole):
            positions = positions.splice(pole, link.predecessor, link.last_year)
    _refuse_one_place(positions, poles)
    return compact.closeness_series(positions, (poles.toward[0], poles.away_from[0]))


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """Agreement beside distance; what other roll calls say; where the line does not part the poles."""
    return (*_agreement(tables, triad, poles, window), *_other_sets(tables, triad, poles, window))


def _refuse_one_place(positions: Series, poles: Poles) -> None:
    """A line that does not hold the poles apart in most of their sessions cannot tell who moves between."""
    one, two = poles.toward[0], poles.away_from[0]
    if one in positions and two in positions:
        surely, have = _surely_apart(positions, one, two)
        if have.any() and 2 * surely.sum() < have.sum():
            a, b = (find_state(pole).in_text for pole in (one, two))
            raise DataNotPresentError(
                f"the line does not hold {a} and {b} {APART:g} sd apart in most sessions"
            )


def _agreement(tables: Tables, triad: Triad, poles: Poles, window: Window) -> Iterator[str]:
    """How often the state votes as either pole does: two states can meet on the line and agree less."""
    counts = tables["un_vote_counts"]
    own = pa.array([triad.state, *(link.predecessor for link in lineage(triad.state))])
    mine = pc.or_(*(pc.is_in(counts[side].cast(pa.string()), value_set=own) for side in ("iso3_a", "iso3_b")))
    shares = seated(similarity_series(counts.filter(mine), poles.all, measure="graded_agreement"), triad)
    changes = []
    for pole in triad.poles:
        if f"{triad.state}>{pole}" not in shares:
            return
        path = shares.select([f"{triad.state}>{pole}"])
        before, had = path.mean_over(window.before_start, window.before_end)
        after, has = path.mean_over(window.after_start, window.after_end or window.after_start)
        if not had[0] or not has[0]:
            return
        name = find_state(pole).in_text
        changes.append(f"with {name} {100 * before[0, 0]:.1f} % → {100 * after[0, 0]:.1f} %")
    yield f"share of equal votes, an abstention counting half: {', '.join(changes)}"


def _other_sets(tables: Tables, triad: Triad, poles: Poles, window: Window) -> Iterator[str]:
    """The change of the gap on other sets of roll calls, and where the line does not part the poles."""
    toward, away = (find_state(pole).in_text for pole in triad.poles)
    said: dict[str, list[str]] = {f"toward {toward}": [], f"toward {away}": [], "no clear change": []}
    weak, silent = [], []
    for name in compact.vote_sets(tables["ideal_points"]):
        try:
            positions = _positions(tables, triad, poles, name)
            if not_parted := _not_parted(positions, triad, window):
                weak.append(f"{name} ({not_parted})")
                continue
            closeness = compact.closeness_series(positions, triad.poles)
            change = infer_shifts(closeness, triad, window).of().change
        except SeriesError:
            # A pole or the state has no vote in this set, or too few years in the window.
            silent.append(name)
            continue
        if name != MAIN:
            said[_direction(change, *list(said))].append(f"{name} {_signed(change)}")
    if any(said.values()):
        found = "; ".join(f"{direction} on {', '.join(sets)}" for direction, sets in said.items() if sets)
        yield f"change of the gap on other sets of roll calls: {found}"
    if weak:
        apart = f"sets whose line does not surely hold the poles {APART:g} sd apart, and when"
        yield f"{apart}: {', '.join(weak)}"
    if silent:
        yield f"sets with too few years: {', '.join(silent)}"


def _positions(tables: Tables, triad: Triad, poles: Poles, vote_set: str) -> Series:
    """Paths of the three states, each with the predecessors whose seat it took over."""
    codes = {triad.state, *(link.predecessor for link in lineage(triad.state)), *poles.all}
    found = compact.read(tables["ideal_points"], tables["ideal_point_factors"], vote_set)
    return seated(found.select(codes).series(DRAWS), triad)


def _not_parted(positions: Series, triad: Triad, window: Window) -> str:
    """Years of the window in which the poles are not surely apart in their usual order; empty if none."""
    surely, have = _surely_apart(positions, *triad.poles)
    years = positions.years
    before, after = window.spans(years)
    return _spans(years[(before | after) & have & ~surely].tolist())


def _surely_apart(positions: Series, one: str, two: str) -> tuple[np.ndarray, np.ndarray]:
    """In which years two states are surely apart in their usual order, and in which both have a position."""
    a, b = positions.index([one, two])
    difference = positions.values[:, a] - positions.values[:, b]
    have = ~np.isnan(difference[0])
    usual = np.sign(difference[:, have].mean()) if have.any() else 1.0
    return (usual * difference > APART).mean(axis=0) >= SURELY, have


def _spans(years: list[int]) -> str:
    """``[1992, 1993, 1997]`` as ``"1992-1993, 1997"``."""
    starts = [year for year in years if year - 1 not in years]
    ends = [year for year in years if year + 1 not in years]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def _direction(change: Estimate, toward: str, away: str, neither: str) -> str:
    assert change.lower is not None and change.upper is not None
    if change.lower > 0:
        return toward
    return away if change.upper < 0 else neither


def _signed(change: Estimate) -> str:
    return f"{change.estimate:+.2f} [{change.lower:+.2f}, {change.upper:+.2f}]"


DIMENSION = Dimension(
    name="ideal_points",
    title="UN votes: ideal points",
    question="On the line that tells UN voters apart, does {A} stand nearer to {B} and further from {C}?",
    block="votes",
    signal="cheap",
    tables=("ideal_points", "ideal_point_factors", "un_vote_counts"),
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "Minus the distance of two positions on one line, estimated from all roll calls: 0 is one place, "
        "-1 the spread of states in 1992-2017. Distance is not disagreement: two states can meet on the line "
        "while they agree on fewer roll calls. The interval holds for these roll calls; others can move "
        "positions further than it says."
    ),
    contradicted_by=(
        "Other sets of roll calls that say otherwise; a line that does not hold the poles apart; the same "
        "change in most other states; fewer equal votes."
    ),
    blind_to=(
        "the emergency-session votes on Ukraine (ES-11, 2022-23)",
        "votes after June 2024",
        "whatever one line leaves out: a second dimension, or one issue on which a state stands elsewhere",
    ),
    order=25,
)
