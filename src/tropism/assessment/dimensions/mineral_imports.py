"""How much of a state's energy and mineral imports comes from either pole."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series
from tropism.trade.shares import import_level_series, import_share_series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of recorded imports in the 74 products that comes from each pole."""
    return import_share_series(tables["mineral_trade"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """The same flows in thousand US dollars."""
    return import_level_series(tables["mineral_trade"], poles.all)


DIMENSION = Dimension(
    name="mineral_imports",
    title="Energy and mineral imports",
    question="Does {A} buy more of its energy and minerals from {B} and less from {C}?",
    block="trade",
    signal="cheap",
    tables=("mineral_trade",),
    measure=measure,
    levels=levels,
    how_to_read="Share of the state's recorded imports in 74 energy and mineral products, by value.",
    contradicted_by="A price effect, a tiny base, or the same rise among states that joined the sanctions.",
    blind_to=(
        "refined oil products (HS 2710) and all other goods",
        "trade that was not recorded: no row means no record, never zero",
        "Russia's own reports, which thin out after 2021, and its pipeline gas to Turkey after 1999",
    ),
    order=30,
)
