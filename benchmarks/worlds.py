"""Simulated assemblies of UN size whose true positions are known, with changes planted in them.

What is like the General Assembly, by the record of its sessions 1-78 and one fit of it: when states
entered, 60 to 90 roll calls a session, shares of yes, abstain and no, the spread of discriminations and
cutpoints, few repeated resolutions in the first third of sessions, about a fifth after it and none in the
last. What is not: positions are Gaussian, agendas are exchangeable between sessions (but for one scenario),
and states with few votes are more frequent, so that coverage can be measured for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Members of the General Assembly, as a share of its 193, at sessions of its 78.
MEMBERS = (
    (1, 0.28),
    (9, 0.31),
    (11, 0.42),
    (15, 0.51),
    (23, 0.65),
    (34, 0.78),
    (45, 0.82),
    (48, 0.92),
    (61, 1),
)
#: Variance of a session's step, in squared variance of all positions.
STEP = 0.02
#: Sessions over which a change is planted and measured.
SPAN = 10
#: Planted changes, in sd of all positions, and the share of states that make each.
PLANTED = ((0.0, 0.4), (0.5, 0.3), (1.0, 0.3))
#: Mean share of roll calls on which a state votes, and the share of states with that mean.
ATTENDANCE = ((0.08, 0.06), (0.28, 0.08), (0.6, 0.16), (0.94, 0.7))
#: The share of one session has a beta distribution around the state's mean with this sum of parameters.
STEADY = 8.0
#: Discrimination: mean and sd. Upper cutpoint: mean, slope on discrimination, sd. Gap of cutpoints: gamma.
ITEMS = (-1.3, 2.1, -2.0, 0.36, 1.3, 2.0, 0.75)
#: Share of roll calls that repeat one of the session before, up to these shares of all sessions.
REPEATS = ((0.3, 0.04), (0.95, 0.22), (1.0, 0.0))


@dataclass(frozen=True)
class Scenario:
    """What the fitted model does not know of.

    Attributes
    ----------
    second : float
        Root mean square of the loadings on a second, independent dimension, as a share of those on the first.
    by_topic : bool
        Whether the roll calls of one topic share their loading on it; else each has its own.
    topic : float
        Sd of an effect that a state has on all roll calls of one topic in one session.
    duplicates : float
        Share of roll calls that stand in clusters of 2 to 5 near-duplicates.
    agenda : float
        Sd of the step that the mean of new items' cutpoints makes from one session to the next. Without
        repeats, it looks like a common move of all states.
    """

    second: float = 0.0
    by_topic: bool = False
    topic: float = 0.0
    duplicates: float = 0.0
    agenda: float = 0.0


SCENARIOS = {
    "true": Scenario(),
    "second": Scenario(second=0.4),
    "second-topic": Scenario(second=0.4, by_topic=True),
    "topics": Scenario(topic=0.5),
    "duplicates": Scenario(duplicates=0.3),
    "agenda": Scenario(agenda=0.1),
    "everything": Scenario(second=0.4, by_topic=True, topic=0.5, duplicates=0.3, agenda=0.1),
}
#: Correlation of the errors of near-duplicates: about nine in ten states then vote alike on both.
ALIKE = 0.97


@dataclass(frozen=True, eq=False)
class World:
    """One simulated assembly.

    Attributes
    ----------
    votes : DataFrame
        unit (``S000``, ...), rollcall, session, vote.
    rollcalls : DataFrame
        rollcall, session, topic (a number, distinct between sessions).
    bridges : DataFrame
        earlier, later.
    positions : ndarray, shape (sessions, states)
        True positions on the first dimension; sd 1 over those of members.
    start : ndarray of int, shape (states,)
        Index of the session at which a state's window of ``SPAN`` sessions begins; -1 without one.
    size : ndarray, shape (states,)
        Change over that window exactly: 0, or plus or minus a planted one.
    jump : ndarray of bool, shape (states,)
        Whether it happens in one session or evenly in all.
    """

    votes: pd.DataFrame
    rollcalls: pd.DataFrame
    bridges: pd.DataFrame
    positions: np.ndarray
    start: np.ndarray
    size: np.ndarray
    jump: np.ndarray


def simulate(
    seed: tuple[int, ...], scenario: Scenario, states: int = 190, sessions: int = 78, per_session: int = 75
) -> World:
    """Draw a world; ``per_session`` roll calls on average, a fifth more or less."""
    rng = np.random.default_rng(seed)
    entry = _entries(states, sessions)
    start, size, jump = _plan(rng, entry, sessions)
    positions = _positions(rng, entry, sessions, start, size, jump)
    second = _positions(rng, entry, sessions, np.full(states, -1), np.zeros(states), jump)
    usual = rng.permutation(np.repeat([each[0] for each in ATTENDANCE], _parts(ATTENDANCE, states)))
    attendance = rng.beta(STEADY * usual, STEADY * (1 - usual), (sessions, states))
    columns: list[tuple[np.ndarray, ...]] = []
    listed: list[tuple[np.ndarray, ...]] = []
    bridges: list[np.ndarray] = []
    items, numbers, n_rollcalls, n_topics = np.empty((0, 3)), np.empty(0, dtype=np.int64), 0, 0
    agenda = np.cumsum(scenario.agenda * rng.normal(size=sessions))
    agenda -= agenda.mean()
    for session in range(sessions):
        members = np.flatnonzero(entry <= session)
        n = int(rng.integers(round(0.8 * per_session), round(1.2 * per_session) + 1))
        before, earlier = items, numbers
        items, numbers = _items(rng, n, agenda[session]), n_rollcalls + np.arange(n)
        cluster = _clusters(rng, n, scenario.duplicates)
        # Only the first of a cluster may repeat: the others take its parameters.
        leaders = np.unique(cluster)
        repeats = rng.binomial(min(leaders.size, len(before)), _repeats(session / sessions))
        new, old = (rng.choice(each, repeats, replace=False) for each in (leaders, len(before)))
        items[new] = before[old]
        items = items[cluster]
        bridges.append(np.column_stack([earlier[old], numbers[new]]))
        topics = int(rng.integers(5, 9))
        # Near-duplicates are of one topic.
        topic = rng.integers(0, topics, n)[cluster]
        first, low, high = items.T
        utility = positions[session, members, None] * first
        if scenario.second:
            loading = rng.normal(0, scenario.second * np.hypot(ITEMS[0], ITEMS[1]), n)
            loading = loading[topic] if scenario.by_topic else loading[cluster]
            utility += second[session, members, None] * loading
        if scenario.topic:
            utility += rng.normal(0, scenario.topic, (members.size, topics))[:, topic]
        error = rng.normal(size=(members.size, n))
        several = np.bincount(cluster, minlength=n)[cluster] > 1
        shared = rng.normal(size=(members.size, n))[:, cluster]
        error[:, several] *= np.sqrt(1 - ALIKE)
        utility += error + np.sqrt(ALIKE) * several * shared
        vote = np.where(utility < low, 3, np.where(utility < high, 2, 1)).astype(np.int8)
        i, j = np.nonzero(rng.random(vote.shape) < attendance[session, members, None])
        columns.append((members[i], numbers[j], np.full(i.size, session + 1), vote[i, j]))
        listed.append((numbers, np.full(n, session + 1), n_topics + topic))
        n_rollcalls, n_topics = n_rollcalls + n, n_topics + topics
    unit, rollcall, time, vote = (np.concatenate(each) for each in zip(*columns, strict=True))
    number, held, about = (np.concatenate(each) for each in zip(*listed, strict=True))
    names = np.array([f"S{state:03d}" for state in range(states)], dtype=object)
    return World(
        votes=pd.DataFrame({"unit": names[unit], "rollcall": rollcall, "session": time, "vote": vote}),
        rollcalls=pd.DataFrame({"rollcall": number, "session": held, "topic": about}),
        bridges=pd.DataFrame(np.concatenate(bridges), columns=["earlier", "later"]),
        positions=positions,
        start=start,
        size=size,
        jump=jump,
    )


def _entries(states: int, sessions: int) -> np.ndarray:
    """Index of each state's first session, ascending."""
    when, share = np.array(MEMBERS).T
    members = np.interp(np.arange(sessions), (when - 1) / 77 * max(sessions - 1, 1), share)
    # The last session's members are all of them.
    members = np.round(states * members / members[-1])
    return np.searchsorted(members, np.arange(states) + 1)


def _parts(shares: tuple[tuple[float, float], ...], n: int) -> np.ndarray:
    """``n`` split by the second entries, as whole numbers that sum to ``n``."""
    ends = np.round(n * np.cumsum([share for _, share in shares])).astype(int)
    return np.diff(ends, prepend=0)


def _plan(rng: np.random.Generator, entry: np.ndarray, sessions: int) -> tuple[np.ndarray, ...]:
    """Which state changes when, by how much and how."""
    states = entry.size
    room = sessions - SPAN - entry
    start = np.where(room > 0, entry + rng.integers(0, np.maximum(room, 1)), -1)
    size = rng.permutation(np.repeat([each for each, _ in PLANTED], _parts(PLANTED, states)))
    size = size * rng.choice([-1, 1], states) * (start >= 0)
    return start, size, rng.random(states) < 0.5


def _positions(
    rng: np.random.Generator,
    entry: np.ndarray,
    sessions: int,
    start: np.ndarray,
    size: np.ndarray,
    jump: np.ndarray,
) -> np.ndarray:
    """Paths, standardised over members: shape (sessions, states)."""
    states = entry.size
    steps = rng.normal(size=(sessions, states))
    time = np.arange(sessions)[:, None]
    within = (time > start) & (time <= start + SPAN) & (start >= 0)
    # Within a window the steps are a bridge: they net to nothing, so that the change is the planted one.
    steps -= within * (steps * within).sum(axis=0) / SPAN
    steps *= time > entry
    walks = np.cumsum(steps, axis=0)
    when = start + 1 + rng.integers(0, SPAN, states)
    moved = np.where(jump, time >= when, np.clip((time - start) / SPAN, 0, 1)) * (start >= 0) * size
    first = rng.normal(size=states)
    member = time >= entry
    # Sizes of steps and changes are in sd of all positions, which depends on them: a contraction.
    spread = 1.0
    for _ in range(50):
        paths = first + spread * (np.sqrt(STEP) * walks + moved)
        spread = paths[member].std()
    return (paths - paths[member].mean()) / spread


def _items(rng: np.random.Generator, n: int, agenda: float) -> np.ndarray:
    """Discrimination, lower and upper cutpoint: shape (n, 3). ``agenda`` moves both cutpoints."""
    mean, sd, middle, slope, rest, shape, scale = ITEMS
    discrimination = rng.normal(mean, sd, n)
    high = middle + agenda + slope * (discrimination - mean) + rng.normal(0, rest, n)
    return np.column_stack([discrimination, high - rng.gamma(shape, scale, n), high])


def _repeats(part: float) -> float:
    return next((share for end, share in REPEATS if part < end), 0.0)


def _clusters(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """The first roll call of the cluster of each: itself where it stands alone. Shape (n,)."""
    cluster, at = np.arange(n), 0
    while at < round(n * share):
        size = int(rng.integers(2, 6))
        cluster[at : at + size] = at
        at += size
    return cluster
