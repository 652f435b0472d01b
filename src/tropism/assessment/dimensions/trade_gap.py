"""Whether a state trades more with either pole than nearness and size would have it, in 2022."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.assessment.reading import amount, percentile_in_words
from tropism.dyads import Triad, Window
from tropism.series import Series
from tropism.states import find_state
from tropism.trade import predicted

#: Million dollars added to actual and predicted: pennies count as nothing.
FLOOR = 1.0


def measure(tables: Tables, poles: Poles) -> Series:
    """Log of actual over predicted trade in inputs, both directions together, with joint draws."""
    return predicted.gap_draws(_years(tables), poles.all, floor=FLOOR)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """Each direction in dollars, and its place among flows of like predicted size."""
    said = []
    for year in _years(tables):
        place = {label: i for i, label in enumerate(year.countries)}
        score = year.log_ratio(FLOOR)
        for pole in triad.poles:
            if triad.state not in place or pole not in place:
                continue
            here, there = place[triad.state], place[pole]
            ways = []
            for side, at in (("sells to", (here, there)), ("buys from", (there, here))):
                like = predicted.like_scores(year.left_out, score, *at)
                rank = percentile_in_words(100 * predicted.percentile(like, score[at]))
                actual, expected = (amount(1000 * flow) for flow in (year.trade[at], year.expected[at]))
                ways.append(
                    f"{side} {find_state(pole).in_text} {actual}, predicted {expected} (percentile {rank})"
                )
            said.append("; ".join(ways))
    if said:
        said.append("percentiles are among flows of like predicted size; most lie below their prediction")
    return tuple(said)


def _years(tables: Tables) -> list[predicted.PredictedTrade]:
    return predicted.read(*(tables[name] for name in predicted.TABLES))


DIMENSION = Dimension(
    name="trade_gap",
    title="Gravity gap, 2022",
    question="Does {A} trade more with {B} and with {C} than their size and distance would have it?",
    block="trade",
    signal="cheap",
    tables=predicted.TABLES,
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "Log of actual over predicted trade in intermediate goods and services, both directions: 0 is what "
        "gravity predicts, +0.7 twice as much, -0.7 half. Predictions are means, and most pairs lie below "
        "them: percentiles are among flows of like predicted size. The interval is that of the prediction."
    ),
    contradicted_by="Not tested: one year shows a level, never a change.",
    blind_to=(
        "any year but 2022",
        "final demand, which is not bilateral in this table",
        "why a pair trades more or less: agreements, sanctions, what each makes",
    ),
    order=45,
    tests_change=False,
)
