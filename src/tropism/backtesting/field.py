"""Verdicts on every state toward two poles in one window: for the ledger, and to set beside new leaders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tropism.assessment.evidence import EvidenceTables
from tropism.assessment.gather import field_changes
from tropism.dyads import Window
from tropism.explanations import cases as documented
from tropism.explanations.changes import Fact, facts_of, is_rare
from tropism.explanations.result import Verdict, decide, posterior, totals_of
from tropism.explanations.signatures import CLASSES, Class
from tropism.explanations.weights import Standing, weigher_of

#: Years after the event of the cases learned from, and of the evidence.
SPAN = 5


@dataclass(frozen=True)
class FieldVerdict:
    """The verdict on one state, learned from cases of other countries that had ended before the event.

    ``tilt`` is that of its votes, in ordinary changes; ``blocks`` those with data.
    """

    state: str
    toward: str
    away_from: str
    verdict: Verdict
    probability: dict[Class, float]
    tilt: float | None
    blocks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, one column each."""
        row: dict[str, Any] = {"state": self.state, "toward": self.toward, "away_from": self.away_from}
        row |= {"verdict": self.verdict, **{f"p_{c}": round(self.probability[c], 4) for c in CLASSES}}
        return row | {"tilt": self.tilt, "blocks": " ".join(self.blocks)}


def field_verdicts(toward: str, away_from: str, window: Window) -> list[FieldVerdict]:
    """Weigh rival explanations of every state's change in a window that ends `SPAN` years after its event."""
    field = field_changes(toward, away_from, window, EvidenceTables())
    movers = documented.movers(window)
    nulls = {each.block: each.null(apart=movers) for each in field if not is_rare(each)}
    tilts: dict[str, float] = {}
    for each in field:
        if each.block == "votes":
            tilts = dict(zip(each.states, each.tilts(nulls["votes"]).round(3).tolist(), strict=True))
    measures = {each.block: each.title for each in field}
    known = documented.embedded_cases(SPAN, measures)
    temper = documented.embedded_temper(SPAN, documented.data_of(measures))
    weigher = weigher_of(known)
    found = []
    for state in sorted({iso3 for each in field if each.block in nulls for iso3 in each.states}):
        mine = [each for each in field if state in each.states]
        evidence: list[Standing | Fact] = []
        for each in mine:
            if each.block in nulls:
                evidence.append(Standing.of(each, state, nulls[each.block]))
            else:
                evidence.extend(facts_of(each, state))
        learn = documented.others(known, state, window.after_start, forward=True)
        totals = totals_of(weigher.all_weights(evidence, learn).values(), temper)
        found.append(
            FieldVerdict(
                state, toward, away_from, decide(totals)[0], posterior(totals), tilts.get(state),
                tuple(each.block for each in mine),
            )
        )  # fmt: skip
    return found
