"""How much of a state's trade in goods is with either pole, in recent years."""

from tropism.assessment.dimension import Dimension, Poles, Tables, first
from tropism.series import Series
from tropism.trade import totals

#: BACI has reconciled both sides' reports; the IMF's table holds them as they are.
TABLES = ("product_trade", "trade_reports")


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of imports and exports together that is with each pole."""
    return totals.total_share_series(first(tables, TABLES), poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """The same trade in thousand US dollars."""
    return totals.total_level_series(first(tables, TABLES), poles.all)


DIMENSION = Dimension(
    name="goods_trade",
    title="Trade in goods",
    question="Is more of the trade in goods of {A} with {B}, and less with {C}?",
    block="trade",
    signal="cheap",
    tables=(),
    either=TABLES,
    measure=measure,
    levels=levels,
    how_to_read=(
        "Share of the state's recorded imports and exports of goods together, by value, that is with the "
        "pole. The dollars stand beside it: a share of little trade moves with one contract."
    ),
    contradicted_by="A tiny base; a price effect; a pole that traded more with everybody.",
    blind_to=(
        "services",
        "trade that was not recorded: no row means no record, never zero",
        "trade through third countries, as around sanctions",
    ),
    order=38,
)
