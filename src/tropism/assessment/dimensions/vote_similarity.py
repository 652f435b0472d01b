"""How alike two states vote in the UN General Assembly, corrected for chance."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.votes.similarity import similarity_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Scott's pi of every state with every code of both poles."""
    return similarity_series(tables["un_vote_counts"], poles.all, measure="pi")


DIMENSION = Dimension(
    name="vote_similarity",
    title="UN votes: similarity",
    question="Does {A} vote in the General Assembly more as {B} does and less as {C} does?",
    block="votes",
    signal="cheap",
    tables=("un_vote_counts",),
    measure=measure,
    how_to_read=(
        "Scott's pi over all roll calls of a session, yes / abstain / no with linear weights: 1 is full "
        "agreement, 0 what chance gives, below 0 opposition. It counts what came to a vote and is no "
        "distance: two states can agree less often while they stand nearer on the line of ideal points."
    ),
    contradicted_by="The same change in most other states: then the agenda or a pole moved.",
    blind_to=(
        "the emergency-session votes on Ukraine (ES-11, 2022-23)",
        "votes after June 2024",
        "who moved: a pole's own turn changes every state's similarity to it",
    ),
    order=10,
)
