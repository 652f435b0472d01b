"""Which organisations a state shares with either pole."""

from tropism import institutions
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.dyads import Triad, Window
from tropism.series import Series

#: The facts were checked to the end of this year: the last complete one before they were read.
LAST_YEAR = 2025


def measure(tables: Tables, poles: Poles) -> Series:
    """Number of organisations of the table in which a state and each pole are full members."""
    return institutions.shared_membership_series(
        tables["memberships"], tables["organisations"], poles.all, last_year=LAST_YEAR
    )


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """Who joined, left or was invited, within the window."""
    events = institutions.membership_events(tables["memberships"], triad.state, window)
    return tuple(map(institutions.describe_event, events))


DIMENSION = Dimension(
    name="shared_memberships",
    title="Shared organisations",
    question="Has {A} joined organisations of {B}, or left those of {C}?",
    block="institutions",
    signal="cheap",
    tables=("memberships", "organisations"),
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "Number of organisations, of the 17 in the table, in which both are full members (or that the pole "
        "designated the state to), at the end of each window. None weighs more than another."
    ),
    contradicted_by=(
        "Memberships in both camps; ones that oblige to nothing; a body that neither pole leads, or one that "
        "was dissolved (SEATO, CENTO, the Warsaw Pact), which counts as having been left."
    ),
    blind_to=("organisations outside the table", "what a membership obliges to", "observers and partners"),
    order=60,
    summary="last",
)
