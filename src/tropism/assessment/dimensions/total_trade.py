"""How much of a state's trade is with either pole, since 1950."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.trade import totals


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of imports and exports together that is with each pole."""
    return totals.total_share_series(tables["cow_trade"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """The same trade in thousand US dollars."""
    return totals.total_level_series(tables["cow_trade"], poles.all)


DIMENSION = Dimension(
    name="total_trade",
    title="Total trade, 1950-2014",
    question="Is more of the trade of {A} with {B}, and less with {C}?",
    block="trade",
    signal="cheap",
    tables=("cow_trade",),
    measure=measure,
    levels=levels,
    how_to_read=(
        "Share of the state's recorded imports and exports together, by value, that is with the pole "
        "(Correlates of War). The dollars stand beside it: a share of little trade moves with one contract."
    ),
    contradicted_by="A tiny base; a price effect; a pole that traded more with everybody.",
    blind_to=(
        "trade after 2014",
        "trade that was not recorded: no row means no record, never zero",
        "services, and trade through third countries",
    ),
    order=36,
)
