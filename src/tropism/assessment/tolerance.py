"""Signs that the pole a state may be leaving punishes it, or lets it pass.

"Patron-tolerated" is what the ties to B are called when C could punish them and does not. Each sign is a
question about C; a line of evidence answers it, or nothing here can. Silence is no evidence of consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tropism.assessment.result import Assessment, EvidenceRow

#: The question, the line of evidence that answers it by its levels toward C, or why none does.
SIGNS = (
    ("Do {C} and {A} sanction each other?", "sanctions_imposed", ""),
    ("Does {A} still get its aid from {C}?", "aid", ""),
    ("Does {A} still take its arms from {C}?", "arms_imports", ""),
    ("What has {A} promised {C} in a crisis?", "alliances", ""),
    ("Have bases or troops of {C} left {A}?", "", "no table of bases or troops is read"),
    ("Are the ties in goods that {C} exempts?", "", "no table of exemptions and waivers is read"),
    ("Has {C} spoken of {A} more harshly?", "", "no events or texts are read"),
)


@dataclass(frozen=True)
class Sign:
    """One sign: the question in words, the row that answers it, or why none does."""

    question: str
    row: EvidenceRow | None
    unseen: str


def signs_of_tolerance(found: Assessment) -> tuple[Sign, ...]:
    """Every sign, with the row that shows it or the reason why it is not seen."""
    a, _, c = found.names
    rows = {row.name: row for row in found.rows}
    signs = []
    for question, name, unseen in SIGNS:
        row = rows.get(name)
        if row is None and name:
            unseen = "no data on this machine"
        elif row is not None and row.shift is None:
            unseen = "; ".join(row.missing) or "too few years on one side"
        signs.append(Sign(question.format(A=a, C=c), None if unseen else row, unseen))
    return tuple(signs)
