"""Whether a state joins the sanctions of either pole."""

from tropism import sanctions
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.assessment.reading import listed
from tropism.dyads import Triad, Window
from tropism.series import Series
from tropism.states import find_state, seat_in


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of each pole's targets that a state sanctions too."""
    return sanctions.joined_series(tables["sanction_years"], poles.all)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """How many targets each pole had in the last year, and which of them the state had too."""
    table = tables["sanction_years"]
    years = table["year"].to_numpy()
    year = min(window.after_end or int(years.max()), int(years.max()))
    own = sanctions.targets(table, seat_in(triad.state, year), year)
    said = []
    for pole in triad.poles:
        theirs = sanctions.targets(table, seat_in(pole, year), year) - {triad.state}
        joined = ", ".join(sorted(own & theirs)) or "none"
        said.append(f"{find_state(pole).in_text} {len(theirs)} (joined: {joined})")
    return (f"targets in {year}: {listed(said)}",)


DIMENSION = Dimension(
    name="sanctions_joined",
    title="Sanctions joined",
    question="Does {A} sanction more of those that {B} sanctions, and fewer of those that {C} does?",
    block="sanctions",
    signal="costly",
    tables=("sanction_years",),
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "Of the states that the pole sanctions in a year, the share that this state sanctions too, by "
        "whatever kind. Costly: to join is to give up trade or finance for the pole's sake."
    ),
    contradicted_by=(
        "Sanctions of the United Nations, which bind all members and join everybody to both poles; a pole "
        "with few targets, of which one decides the share."
    ),
    blind_to=(
        "sanctions that are declared and not enforced, and help to evade them",
        "how severe a sanction is",
        "members of a body (EU, UN) where only GSDB's case file was added: its sanctions are then its own",
        "years in which a pole sanctioned nobody",
    ),
    order=80,
)
