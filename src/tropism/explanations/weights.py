"""The weight of evidence: how much likelier a block's evidence is under one class than under nothing.

Each class says where a state's change lies among ordinary changes: its tilt (b less c) and what b and c have
in common, each with a centre and a spread about which documented cases scatter, in units of ordinary changes.
Centres and spreads are unknown, and so is in how many cases a block shows nothing at all. They are integrated
out over a cloud of values drawn from a prior and weighted by the likelihood of the cases learned from; no
gradient, no chain, and each case can be left out again by subtracting its log-likelihood. (That is why no
probabilistic language is used: the whole backtest is sums over one matrix.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import numpy as np

from tropism.explanations.changes import Fact, PoleChanges
from tropism.explanations.null import Null, log_density
from tropism.explanations.signatures import ALTERNATIVES, Class, signatures

#: With fewer documented cases in a class and block the class's signature restricts the signs of its prior.
FEW_CASES = 5
#: Values in each cloud.
CLOUD = 4000
#: Prior sd of a centre, in units of ordinary changes; and of one that a signature has at 0.
REACH, STILL = 2.0, 0.5
#: Spread of a class's cases about their centre, squared, in units of ordinary changes: least and most.
SPREADS: Mapping[Class, tuple[float, float]] = {
    "shift": (0.5, 30.0),
    "hedge": (0.5, 30.0),
    # A trap is a change beyond the ordinary, not a turn: the furthest ones are shifts.
    "nothing": (0.5, 4.0),
}
#: Beta priors of the share of cases in which a block shows nothing unusual.
SILENT: Mapping[Class, tuple[float, float]] = {"shift": (2, 2), "hedge": (2, 2), "nothing": (9, 1)}
#: Beta priors of what happens to a state under a class: (happens, does not). Elicited: see docs.
FACTS: Mapping[str, Mapping[Class, tuple[float, float]]] = {
    "closer to B": {"shift": (2.0, 6.0), "hedge": (2.0, 8.0)},
    "further from C": {"shift": (2.0, 6.0), "hedge": (0.5, 9.5)},
}
#: What each fact is, in words: what is looked for. Others, where a measure shows them, are named by block and
#: kind.
FACT_WORDS = {
    "arms: closer to B": "obligations to {B}, or its arms, begin",
    "arms: further from C": "obligations to {C}, or its arms, end",
    "institutions: closer to B": "joins an organisation of {B}",
    "institutions: further from C": "leaves an organisation of {C}",
    "sanctions: further from C": "{C} imposes sanctions on it",
}
LN10 = math.log(10)


@dataclass(frozen=True, eq=False)
class Standing:
    """One state's change in one block, in units of ordinary changes, and what ordinary changes are like.

    Attributes
    ----------
    block : str
    z : ndarray, shape (2,)
        b and c.
    error : ndarray, shape (2, 2)
        Covariance of their measurement error.
    correlation, freedom : float
        Of ordinary changes: see `Null`.
    """

    block: str
    z: np.ndarray
    error: np.ndarray
    correlation: float
    freedom: float

    @classmethod
    def of(cls, changes: PoleChanges, state: str, null: Null) -> Standing:
        """One state's change beside what is ordinary."""
        i = changes.place(state)
        z, error = null.standardised(changes.change[i], changes.covariance[i])
        return cls(changes.block, z, error, null.correlation, null.freedom)

    @property
    def name(self) -> str:
        """The block, which one change alone stands for."""
        return self.block

    @cached_property
    def turned(self) -> tuple[np.ndarray, np.ndarray]:
        """Tilt (b less c) and common part (b plus c), each with an ordinary spread of 1; and their error."""
        rho = self.correlation
        turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt([[2 - 2 * rho], [2 + 2 * rho]])
        return turn @ self.z, turn @ self.error @ turn.T

    def log_density(self, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Of this change, were its class centred there: tilt and common part, spreads squared, (n, 2)."""
        at, error = self.turned
        cov = spread[:, :, None] * np.eye(2)
        return log_density(at - centre, error[None], cov, self.freedom)

    def log_densities(self, cloud: Cloud) -> np.ndarray:
        """Of this change under every member of a cloud: shape (CLOUD,)."""
        shown = self.log_density(cloud.centre, cloud.spread)
        ordinary = float(self.log_density(np.zeros((1, 2)), np.ones((1, 2)))[0])
        return np.logaddexp(np.log1p(-cloud.silent) + shown, np.log(cloud.silent) + ordinary)


@dataclass(frozen=True, eq=False)
class Case:
    """A documented case: what it was, and its evidence at one horizon.

    ``cluster`` names cases that are one event in several states (Eastern Europe in 1989): together they count
    as one. ``country`` holds every code of the state; ``measures`` says, in words, what each block was
    measured by.
    """

    case: str
    country: str
    start: int
    end: int
    of_class: Class
    cluster: str
    standings: Mapping[str, Standing]
    facts: Mapping[str, bool] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Values of what is unknown about a class in a block, drawn from the prior; always the same ones.

    Attributes
    ----------
    centre, spread : ndarray, shape (CLOUD, 2)
        Of tilt and common part; the spread squared.
    silent : ndarray, shape (CLOUD,)
        Share of the class's cases in which the block shows an ordinary change: votes see about half of the
        realignments. Under nothing, most; the others are traps, that moved without another alignment.
    """

    centre: np.ndarray
    spread: np.ndarray
    silent: np.ndarray


@cache
def cloud(of_class: Class, block: str, restricted: bool) -> Cloud:
    """The cloud of a class in a block; ``restricted``: with the signs of its explanations' signatures."""
    rng = np.random.default_rng([7, CLOUD])
    ties = REACH * rng.standard_normal((CLOUD, 2))
    low, high = map(math.log, SPREADS[of_class])
    spread = np.exp(rng.uniform(low, high, (CLOUD, 2)))
    silent = rng.beta(*SILENT[of_class], CLOUD)
    if restricted and of_class != "nothing":
        # Every explanation of the class has its share of the cloud.
        mine = [each for each in signatures() if each.of_class == of_class and each.block == block]
        for n, here in enumerate(mine):
            part = slice(n, CLOUD, len(mine))
            for k, sign in enumerate((here.b, here.c)):
                if sign == "0":
                    ties[part, k] *= STILL / REACH
                elif sign != "any":
                    ties[part, k] = np.abs(ties[part, k]) * (1 if sign == "+" else -1)
    centre = np.column_stack([ties[:, 0] - ties[:, 1], ties[:, 0] + ties[:, 1]]) / math.sqrt(2)
    return Cloud(centre, spread, silent)


@dataclass(frozen=True)
class Weight:
    """What one block says for one class against nothing.

    Attributes
    ----------
    log10_bayes_factor : float
        Not tempered.
    cases : int
        Documented cases, clusters counted once, that the class's centre was learned from.
    elicited : bool
        Whether the prior was restricted in sign because these are few.
    """

    log10_bayes_factor: float
    cases: int
    elicited: bool


class Weigher:
    """Weighs evidence against documented cases; any of them can be left out."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = tuple(cases)
        sizes: dict[str, int] = {}
        for case in cases:
            sizes[case.cluster] = sizes.get(case.cluster, 0) + 1
        #: Cases of one cluster share a weight of one.
        self.share = {case.case: 1.0 / sizes[case.cluster] for case in cases}
        self._log: dict[tuple[str, Class, str, bool], np.ndarray] = {}

    def weights(
        self, evidence: Standing | Fact, learn_from: Iterable[Case], *, name: str | None = None
    ) -> dict[Class, Weight]:
        """What one piece of evidence says for each class against nothing; ``name`` as in `weigh`."""
        if isinstance(evidence, Fact):
            return {c: self.weigh_fact(evidence, c, learn_from) for c in ALTERNATIVES}
        return {c: self.weigh(evidence, c, learn_from, name=name) for c in ALTERNATIVES}

    def all_weights(
        self, evidence: Iterable[Standing | Fact], learn_from: Iterable[Case], *, name: str | None = None
    ) -> dict[str, dict[Class, Weight]]:
        """The same for all that is known of a state, by block or fact."""
        learned = list(learn_from)
        return {each.name: self.weights(each, learned, name=name) for each in evidence}

    def weigh(
        self, standing: Standing, of_class: Class, learn_from: Iterable[Case], *, name: str | None = None
    ) -> Weight:
        """A block's log10 Bayes factor for a class against nothing.

        Parameters
        ----------
        standing : Standing
        of_class : str
        learn_from : iterable of Case
        name : str, optional
            Of the case whose standing this is: its densities are then kept for the next fold.
        """
        block = standing.block
        learned = [c for c in learn_from if c.of_class == of_class and block in c.standings]
        count = sum(self.share[case.case] for case in learned)
        restricted = count < FEW_CASES
        of_nothing = [c for c in learn_from if c.of_class == "nothing" and block in c.standings]
        here = self._predictive(standing, of_class, learned, restricted, name)
        nothing = self._predictive(standing, "nothing", of_nothing, False, name)
        return Weight((here - nothing) / LN10, round(count), restricted)

    def _predictive(
        self, standing: Standing, of_class: Class, learned: Sequence[Case], restricted: bool, name: str | None
    ) -> float:
        """Log density of a change under a class, its cloud weighted by the cases learned from."""
        log_weight = np.zeros(CLOUD)
        for case in learned:
            log_weight += self.share[case.case] * self._densities(
                case.case, case.standings[standing.block], of_class, restricted
            )
        mine = self._densities(name, standing, of_class, restricted)
        return _log_mean(log_weight + mine) - _log_mean(log_weight)

    def _densities(
        self, name: str | None, standing: Standing, of_class: Class, restricted: bool
    ) -> np.ndarray:
        key = (name or "", of_class, standing.block, restricted)
        if name is None or key not in self._log:
            found = standing.log_densities(cloud(of_class, standing.block, restricted))
            if name is None:
                return found
            self._log[key] = found
        return self._log[key]

    def weigh_fact(self, fact: Fact, of_class: Class, learn_from: Iterable[Case]) -> Weight:
        """The same for something that happened or did not: Bernoulli, with its base rate among all others."""
        yes, no = FACTS[fact.kind][of_class]
        learned = [c for c in learn_from if c.of_class == of_class and fact.name in c.facts]
        for case in learned:
            share = self.share[case.case]
            yes, no = (yes + share, no) if case.facts[fact.name] else (yes, no + share)
        under = yes / (yes + no)
        # Jeffreys: what never happened to others is rare, not impossible.
        base = (fact.others + 0.5) / (fact.of + 1.0)
        ratio = under / base if fact.happened else (1 - under) / (1 - base)
        count = sum(self.share[case.case] for case in learned)
        return Weight(math.log10(ratio), round(count), count < FEW_CASES)


@lru_cache(maxsize=8)
def weigher_of(cases: tuple[Case, ...]) -> Weigher:
    """The weigher of these very cases, with the densities that it has computed."""
    return Weigher(cases)


def _log_mean(values: np.ndarray) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).mean()))
