"""Whom a state sides with on the General Assembly roll calls that divide the two poles."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.votes.contested import contested_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of contested roll calls on which each state sided with either pole."""
    return contested_series(tables["un_contested_votes"], poles.toward, poles.away_from)


DIMENSION = Dimension(
    name="contested_votes",
    title="UN votes: taking sides",
    question="Where {B} and {C} vote against each other, does {A} side with {B} more often than before?",
    block="votes",
    signal="cheap",
    tables=("un_contested_votes",),
    measure=measure,
    how_to_read=(
        "Share of the roll calls on which one pole voted yes and the other no; abstaining and staying away "
        "count for neither."
    ),
    contradicted_by="Siding with both less (more abstentions): that is stepping aside, not a shift.",
    blind_to=(
        "the emergency-session votes on Ukraine (ES-11, 2022-23)",
        "votes after June 2024",
        "which issues the roll calls were about: new drafts on one subject move the share",
    ),
    order=20,
)
