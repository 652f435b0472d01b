"""How much of a state's imported inputs comes from either pole, in 2022."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.trade.shares import intermediate_share_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of imported intermediate goods and services that comes from each pole."""
    return intermediate_share_series(tables["icio_flows"], poles.all)


DIMENSION = Dimension(
    name="intermediate_inputs",
    title="Imported inputs, 2022",
    question="How much do the producers of {A} depend on inputs from {B} and from {C}?",
    block="trade",
    signal="cheap",
    tables=("icio_flows",),
    measure=measure,
    how_to_read="Share of imported intermediate goods and services, all 50 sectors, by value, in 2022.",
    contradicted_by="Not tested: one year shows a level, never a change.",
    blind_to=("any year but 2022", "final demand, which is not bilateral in this table"),
    order=50,
    tests_change=False,
)
