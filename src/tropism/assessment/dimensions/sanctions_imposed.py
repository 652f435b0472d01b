"""Whether a pole and a state punish each other."""

from tropism import sanctions
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series


def measure(tables: Tables, poles: Poles) -> Series:
    """Kinds of sanction between a state and each pole, negative."""
    return sanctions.imposed_series(tables["sanction_years"], poles.all)


DIMENSION = Dimension(
    name="sanctions_imposed",
    title="Sanctions between them",
    question="Do {C} and {A} sanction each other more, and {B} and {A} less?",
    block="sanctions",
    signal="costly",
    tables=("sanction_years",),
    measure=measure,
    how_to_read=(
        "Minus the number of kinds of sanction in force (trade, arms, military, financial, travel, other) "
        "that the pole imposes on the state or the state on the pole, whichever are more. Costly for both."
    ),
    contradicted_by="A sanction over one quarrel that left all else as it was.",
    blind_to=("how severe a sanction is: each kind counts the same", "threats and delays of aid"),
    order=82,
)
