"""Rival explanations and the backtest in sentences: none claims more than the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tropism.assessment.tolerance import signs_of_tolerance
from tropism.explanations.result import DECIDES, BlockEvidence, strength
from tropism.explanations.signatures import ALTERNATIVES, CLASS_NAMES
from tropism.explanations.weights import FACT_WORDS
from tropism.report.words import level_in_words
from tropism.states import find_state

if TYPE_CHECKING:
    from tropism.assessment import Assessment
    from tropism.backtesting import Backtest
    from tropism.explanations import Explanations
    from tropism.explanations.result import FactEvidence

NAMES = {"cannot tell": "cannot tell"} | {str(c): name for c, name in CLASS_NAMES.items()}


def explanation_sentences(found: Explanations) -> list[str]:
    """The verdict with its error rate; how sure; what would change it; what rests on elicited priors."""
    best = CLASS_NAMES[found.best]
    said = []
    if found.verdict == "cannot tell":
        said.append(
            f"Cannot tell: {best} comes first, but the evidence is less than {10**DECIDES:.0f} times as "
            f"likely under it as under the runner-up (log10 {found.margin:.2f}; {DECIDES} decides)."
        )
    else:
        said.append(
            f"The evidence speaks {strength(found.margin)} for {best}: it is {10**found.margin:,.0f} times "
            "as likely under it as under the runner-up."
        )
    if found.track is not None and found.track.of:
        said.append(f"In the backtest {found.track.words}.")
    said.append(
        f"A realignment or exit is the likeliest for whoever held it at least {_percent(found.flip_prior)} "
        "probable beforehand."
    )
    changes = [f"{_fact(found, name)} ({NAMES[other]})" for name, other, _ in found.would_change[:3]]
    said.append(
        "What would alone give another verdict: " + "; ".join(changes) + "."
        if changes
        else "No single one of the facts that are looked for would alone give another verdict."
    )
    if found.elicited_share > 0.005:
        said.append(
            f"{found.elicited_share:.0%} of the weight rests on signatures, not on documented cases, of "
            "which there are too few."
        )
    return said


@dataclass(frozen=True)
class WeightInWords:
    """One line of the table of weights: the evidence, what it says for each class, cases learned from."""

    evidence: str
    weights: tuple[str, ...]
    cases: str


def weights_in_words(found: Explanations) -> list[WeightInWords]:
    """Tempered log10 Bayes factors against nothing, by block and fact; the total comes last."""
    rows = [
        WeightInWords(
            evidence_in_words(found, each),
            tuple(f"{found.temper * each.weights[c].log10_bayes_factor:+.2f}" for c in ALTERNATIVES),
            " ".join(
                f"{each.weights[c].cases}{'*' if each.weights[c].elicited else ''}" for c in ALTERNATIVES
            ),
        )
        for each in found.evidence
    ]
    return [*rows, WeightInWords("total", tuple(f"{found.totals[c]:+.2f}" for c in ALTERNATIVES), "")]


def evidence_in_words(found: Explanations, evidence: BlockEvidence | FactEvidence) -> str:
    """``votes: b +1.2, c -0.4`` or ``joins an organisation of Russia: yes (9 of 193 others)``."""
    if isinstance(evidence, BlockEvidence):
        b, c = evidence.standing.z
        return f"{evidence.block}: b {b:+.1f}, c {c:+.1f}"
    fact = evidence.fact
    happened = "yes" if fact.happened else "no"
    return f"{_fact(found, fact.name)}: {happened} ({fact.others} of {fact.of} others)"


def tolerance_in_words(found: Assessment) -> dict[str, str]:
    """Every sign that C punishes or tolerates, with what is seen of it before → after, or why nothing is."""
    return {
        sign.question: f"not seen: {sign.unseen}"
        if sign.row is None
        else f"{level_in_words(sign.row, 1)} ({sign.row.measured_in})"
        for sign in signs_of_tolerance(found)
    }


def _fact(found: Explanations, name: str) -> str:
    b, c = (find_state(code).in_text for code in found.triad.poles)
    return FACT_WORDS.get(name, name).format(B=b, C=c)


def _percent(share: float) -> str:
    return "under 1%" if share < 0.01 else "over 99%" if share > 0.99 else f"{share:.0%}"


def backtest_sentences(found: Backtest) -> list[str]:
    """What was scored, and the figure to quote."""
    horizon = max(found.tempers)
    table = found.tidy()
    cases = table[table["counted"]]["case"].nunique()
    shown = table[~table["counted"]]["case"].nunique()
    rates = found.rates(horizon).set_index("what")
    right = rates.loc["verdicts that were right"]
    return [
        f"{cases} documented cases are scored, each learned from those of other countries and decades; "
        f"{shown} more are shown, never counted.",
        f"{horizon} years after the event, {right['n']} of {right['of']} decided verdicts were right (90% "
        f"interval {right['lower']:.0%} to {right['upper']:.0%}); the rest were left open.",
    ]
