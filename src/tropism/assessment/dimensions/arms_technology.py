"""Who lets a state build its weapons under licence."""

from tropism import arms
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of arms imports built under licence of each pole, over trailing five years."""
    return arms.licence_share_series(tables["arms_transfers"], poles.all)


DIMENSION = Dimension(
    name="arms_technology",
    title="Arms technology",
    question="Does {A} build more of its arms under licence of {B} and fewer under that of {C}?",
    block="arms",
    signal="costly",
    tables=("arms_transfers",),
    measure=measure,
    how_to_read=(
        "Of the major arms that the state received in the five years up to each year (TIV), the share that "
        "it built or assembled itself under a licence of the pole. Costly for the pole: knowledge that is "
        "handed over cannot be taken back."
    ),
    contradicted_by="Licences granted before the event and still being worked off.",
    blind_to=(
        "technology that passes without a registered deal",
        "how much of the weapon is really made by the licensee",
        "years in which the state imported no major arms",
    ),
    order=75,
)
