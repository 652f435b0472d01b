"""How much of a state's energy and mineral exports goes to either pole."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.trade.shares import export_level_series, export_share_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of recorded exports in the 74 products that goes to each pole."""
    return export_share_series(tables["mineral_trade"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """The same flows in thousand US dollars."""
    return export_level_series(tables["mineral_trade"], poles.all)


DIMENSION = Dimension(
    name="mineral_exports",
    title="Energy and mineral exports",
    question="Does {A} sell more of its energy and minerals to {B} and less to {C}?",
    block="trade",
    signal="cheap",
    tables=("mineral_trade",),
    measure=measure,
    levels=levels,
    how_to_read="Share of the state's recorded exports in 74 energy and mineral products, by value.",
    contradicted_by="A price effect, a tiny base, or a buyer that took more from everybody.",
    blind_to=(
        "refined oil products (HS 2710) and all other goods",
        "trade that was not recorded: no row means no record, never zero",
        "Russia's own reports, which thin out after 2021, and its pipeline gas to Turkey after 1999",
    ),
    order=40,
)
