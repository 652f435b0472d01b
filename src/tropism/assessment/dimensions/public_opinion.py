"""What a state's people think of either pole."""

from tropism import opinion
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.dyads import Triad, Window
from tropism.series import Series
from tropism.states import find_state


def measure(tables: Tables, poles: Poles) -> Series:
    """Favourable less unfavourable views of each pole."""
    return opinion.favourability_series(tables["opinion"], poles.all)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """In which years the public was asked: a mean over three surveys is no mean over ten years."""
    last = window.after_end or window.after_start
    said = []
    for pole in triad.poles:
        asked = opinion.surveys(tables["opinion"], triad.state, pole, window.before_start, last)
        said.append(f"{find_state(pole).in_text} {', '.join(map(str, asked)) or 'never'}")
    return (f"asked about {'; about '.join(said)}",)


DIMENSION = Dimension(
    name="public_opinion",
    title="Public opinion",
    question="Do the people of {A} think better of {B} and worse of {C} than before?",
    block="opinion",
    signal="cheap",
    tables=("opinion",),
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "Share of the public with a favourable view of the pole less the share with an unfavourable one, in "
        "the years in which both poles were asked about. Sampling alone moves it by some 3 points."
    ),
    contradicted_by="The same change in most publics asked: then the pole did something.",
    blind_to=(
        "years and states without a survey; nothing is filled in",
        "what rulers do: publics and governments can turn different ways",
        "who dares to answer",
    ),
    order=90,
)
