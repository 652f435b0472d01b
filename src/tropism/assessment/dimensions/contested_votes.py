"""Whom a state sides with on the General Assembly roll calls that divide the two poles."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.dyads import Triad, Window
from tropism.series import Series
from tropism.votes.contested import contested_series, neither_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of contested roll calls on which each state sided with either pole."""
    return contested_series(tables["un_contested_votes"], poles.toward, poles.away_from)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """How often the state took neither side: stepping aside is not a shift."""
    neither = neither_series(tables["un_contested_votes"], poles.toward, poles.away_from)
    if triad.state not in neither:
        return ()
    own = neither.select([triad.state])
    before, had = own.mean_over(window.before_start, window.before_end)
    after, has = own.mean_over(window.after_start, window.after_end or window.after_start)
    if not had[0] or not has[0]:
        return ()
    return (f"abstained or took no part: {100 * before[0, 0]:.1f} % → {100 * after[0, 0]:.1f} %",)


DIMENSION = Dimension(
    name="contested_votes",
    title="UN votes: taking sides",
    question="Where {B} and {C} vote against each other, does {A} side with {B} more often than before?",
    block="votes",
    signal="cheap",
    tables=("un_contested_votes",),
    measure=measure,
    remarks=remarks,
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
