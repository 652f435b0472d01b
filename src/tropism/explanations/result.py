"""What `explain` returns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from tropism.dyads import Triad, Window
from tropism.explanations.changes import Fact
from tropism.explanations.null import Null
from tropism.explanations.signatures import ALTERNATIVES, CLASS_NAMES, CLASSES, Class
from tropism.explanations.weights import Standing, Weight
from tropism.series import Provenance, cited

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["shift", "hedge", "nothing", "cannot tell"]

#: log10 by which the best explanation must beat the runner-up: a factor of three, "not worth more than a bare
#: mention" below it (Kass and Raftery 1995).
DECIDES = 0.5
#: Prior probabilities of a shift for which the posterior is shown.
PRIORS = (0.02, 0.05, 0.1, 0.2, 1 / 3, 0.5)
PAPERS = (
    "Kass and Raftery (1995), Bayes Factors, JASA 90(430)",
    "Lange, Little and Taylor (1989), Robust Statistical Modeling Using the t Distribution, JASA 84(408)",
    "Grünwald and van Ommen (2017), Inconsistency of Bayesian Inference for Misspecified Linear Models, and "
    "a Proposal for Repairing It, Bayesian Analysis 12(4): tempering",
)


def totals_of(weights: Iterable[Mapping[Class, Weight]], temper: float) -> dict[Class, float]:
    """Tempered log10 Bayes factors of the classes against nothing, over all pieces of evidence."""
    held = list(weights)
    sums = {c: temper * sum(each[c].log10_bayes_factor for each in held) for c in ALTERNATIVES}
    return sums | {"nothing": 0.0}


def decide(totals: Mapping[Class, float]) -> tuple[Verdict, float]:
    """The best class, if it beats the runner-up by `DECIDES`; and by how much it does."""
    ordered = sorted(CLASSES, key=lambda each: -totals[each])
    margin = totals[ordered[0]] - totals[ordered[1]]
    return (ordered[0] if margin >= DECIDES else "cannot tell"), margin


def posterior(totals: Mapping[Class, float], prior_of_shift: float = 1 / 3) -> dict[Class, float]:
    """Probabilities of the classes; what is not shift is split evenly between the two others beforehand."""
    prior = {"shift": prior_of_shift, "hedge": (1 - prior_of_shift) / 2, "nothing": (1 - prior_of_shift) / 2}
    weight = {c: prior[c] * 10 ** totals[c] for c in CLASSES}
    return {c: weight[c] / sum(weight.values()) for c in CLASSES}


@dataclass(frozen=True)
class Match:
    """How well one block fits one explanation's signature: the probability of its signs. Descriptive."""

    explanation: str
    probability: float


@dataclass(frozen=True, eq=False)
class BlockEvidence:
    """One block: where the state's change lies among ordinary changes, and what that says.

    ``weights`` are those of shift and hedge against nothing, not tempered; ``percentile`` is that of the
    change toward B less that toward C among all other states.
    """

    block: str
    title: str
    standing: Standing
    null: Null
    weights: Mapping[Class, Weight]
    matches: tuple[Match, ...]
    percentile: float
    provenance: tuple[Provenance, ...] = ()


@dataclass(frozen=True)
class FactEvidence:
    """Something that happened or did not, and what that says."""

    fact: Fact
    weights: Mapping[Class, Weight]

    @property
    def block(self) -> str:
        """The block it belongs to."""
        return self.fact.block

    @property
    def title(self) -> str:
        """What the block's measure did."""
        return self.fact.kind


@dataclass(frozen=True)
class Track:
    """How often verdicts like this one were right in the backtest: ``right`` of ``of``; None without any."""

    right: int
    of: int
    words: str


@dataclass(frozen=True, eq=False)
class Explanations:
    """Rival explanations of one state's change, weighed.

    Attributes
    ----------
    triad, window
    horizon : int
        Years after the event of the documented cases learned from.
    blocks : tuple of BlockEvidence
    facts : tuple of FactEvidence
    not_scored : dict
        Blocks without data, and why.
    temper : float
        Power of every likelihood, fitted in the backtest so that correlated evidence is not counted twice.
    totals : dict
        Tempered log10 Bayes factors of the classes against nothing.
    verdict : str
        The class that beats the runner-up by 0.5, else ``"cannot tell"``.
    margin : float
        log10 by which the best beats the runner-up.
    would_change : tuple
        (fact, verdict, margin): single things that would give another verdict.
    track : Track or None
    """

    triad: Triad
    window: Window
    horizon: int
    blocks: tuple[BlockEvidence, ...]
    facts: tuple[FactEvidence, ...]
    not_scored: Mapping[str, str]
    temper: float
    totals: Mapping[Class, float]
    verdict: Verdict
    margin: float
    would_change: tuple[tuple[str, str, float], ...]
    track: Track | None
    version: str

    @property
    def best(self) -> Class:
        """The class with the largest total, decided or not."""
        return max(CLASSES, key=lambda each: self.totals[each])

    @property
    def evidence(self) -> tuple[BlockEvidence | FactEvidence, ...]:
        """All that was weighed: blocks, then facts."""
        return (*self.blocks, *self.facts)

    @property
    def elicited_share(self) -> float:
        """Share of the total weight, sign aside, that comes from priors restricted in sign."""
        weights = [weight for each in self.evidence for weight in each.weights.values()]
        total = sum(abs(each.log10_bayes_factor) for each in weights)
        return (
            sum(abs(each.log10_bayes_factor) for each in weights if each.elicited) / total if total else 0.0
        )

    def posterior(self, prior_of_shift: float = 1 / 3) -> dict[Class, float]:
        """Probabilities of the classes, for a prior probability of a shift."""
        return posterior(self.totals, prior_of_shift)

    @property
    def flip_prior(self) -> float:
        """The prior probability of a shift at which shift is as probable as the likelier of the others."""
        other = max(self.totals["hedge"], self.totals["nothing"])
        # p 10^shift = (1 - p) / 2 10^other
        odds = 0.5 * 10 ** (other - self.totals["shift"])
        return odds / (1 + odds)

    def tidy(self) -> pd.DataFrame:
        """One row per block or fact and class: log10 Bayes factor, tempered too, cases, elicited."""
        import pandas as pd

        table = pd.DataFrame(
            [
                {"block": each.block, "evidence": each.title, "class": c} | asdict(weight)
                for each in self.evidence
                for c, weight in each.weights.items()
            ]
        )
        table.insert(4, "tempered", self.temper * table["log10_bayes_factor"])
        return table

    def summary(self) -> pd.DataFrame:
        """Classes by blocks: tempered log10 Bayes factors against nothing, and in total."""
        import pandas as pd

        table = self.tidy().pivot_table(
            index="class", columns="block", values="tempered", aggfunc="sum", observed=True
        )
        table = table.reindex([c for c in CLASSES if c != "nothing"])
        table["total"] = [self.totals[c] for c in table.index]
        table.index = pd.Index([CLASS_NAMES[c] for c in table.index], name="explanation")
        return table

    def matrix(self) -> pd.DataFrame:
        """The eight explanations by scored blocks: probability that the block has the signature's signs."""
        import pandas as pd

        return pd.DataFrame(
            {each.block: {m.explanation: m.probability for m in each.matches} for each in self.blocks}
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "triad": asdict(self.triad),
            "window": asdict(self.window),
            "horizon": self.horizon,
            "verdict": self.verdict,
            "best": self.best,
            "margin_log10": round(self.margin, 4),
            "totals_log10": {c: round(value, 4) for c, value in self.totals.items()},
            "temper": self.temper,
            "weights": self.tidy().round(4).to_dict("records"),
            "standing": {
                each.block: {
                    "b": round(float(each.standing.z[0]), 3),
                    "c": round(float(each.standing.z[1]), 3),
                    "error": each.standing.error.round(4).tolist(),
                    "percentile": round(each.percentile, 1),
                    "others": each.null.n,
                }
                for each in self.blocks
            },
            "facts": [
                {"fact": each.fact.name, "measure": each.fact.title, "happened": each.fact.happened}
                | {"others": each.fact.others, "of": each.fact.of}
                for each in self.facts
            ],
            "signatures": {k: v.round(3).to_dict() for k, v in self.matrix().items()},
            "not_scored": dict(self.not_scored),
            "posterior": {
                f"{prior:.2f}": {c: round(p, 4) for c, p in self.posterior(prior).items()} for prior in PRIORS
            },
            "flip_prior": round(self.flip_prior, 4),
            "elicited_share": round(self.elicited_share, 3),
            "would_change": [list(each) for each in self.would_change],
            "track": None if self.track is None else asdict(self.track),
        }

    def to_json(self) -> str:
        """`to_dict` as text, with versions and sources."""
        sources = [asdict(source) for source in self.provenance]
        return json.dumps(
            {"tropism": self.version, **self.to_dict(), "provenance": sources}, ensure_ascii=False, indent=1
        )

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """Sources of the evidence."""
        held = [each.provenance for each in self.blocks]
        held += [each.fact.changes.provenance for each in self.facts if each.fact.changes is not None]
        return tuple(dict.fromkeys(source for each in held for source in each))

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def strength(total: float) -> str:
    """A log10 Bayes factor in words: the scale of Kass and Raftery (1995), table on page 777."""
    size = abs(total)
    if size < DECIDES:
        return "barely"
    return "substantially" if size < 1 else "strongly" if size < 2 else "decisively"
