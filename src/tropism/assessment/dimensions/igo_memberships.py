"""In how many organisations a state sits with either pole."""

from tropism import institutions
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of the state's organisations of which each pole is a member too."""
    return institutions.igo_share_series(tables["igo_memberships"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """Number of organisations shared with each pole."""
    return institutions.igo_count_series(tables["igo_memberships"], poles.all)


DIMENSION = Dimension(
    name="igo_memberships",
    title="Intergovernmental organisations",
    question="Does {A} sit in more organisations with {B}, and in fewer with {C}?",
    block="institutions",
    signal="cheap",
    tables=("igo_memberships",),
    measure=measure,
    levels=levels,
    how_to_read=(
        "Share of the organisations of which the state is a full member that the pole is a full member of "
        "too, at the end of each window (Correlates of War, 534 organisations)."
    ),
    contradicted_by=(
        "New regional or technical bodies, which lower the share with any distant pole; a pole that joined "
        "or left many bodies itself."
    ),
    blind_to=(
        "what a membership obliges to: a fishing commission counts as a defence community",
        "organisations and members after the data's last year",
    ),
    order=64,
    summary="last",
)
