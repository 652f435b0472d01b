"""How deep the trade agreements with either pole go."""

from tropism import agreements
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series


def measure(tables: Tables, poles: Poles) -> Series:
    """Depth of the deepest agreement in force with each pole."""
    return agreements.depth_series(tables["trade_agreements"], tables["agreement_members"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """Number of agreements in force with each pole."""
    return agreements.count_series(tables["trade_agreements"], tables["agreement_members"], poles.all)


DIMENSION = Dimension(
    name="trade_agreements",
    title="Trade agreements",
    question="Has {A} bound its trade more deeply to {B}, and less to {C}?",
    block="institutions",
    signal="cheap",
    tables=("trade_agreements", "agreement_members"),
    measure=measure,
    levels=levels,
    how_to_read=(
        "Depth of the deepest agreement in force at the end of each window: one point each for full free "
        "trade and for rules on standards, investment, services, procurement, competition and intellectual "
        "property (0 to 7). Counted as cheap: agreements follow nearness and trade, and both sides gain from"
        " them."
    ),
    contradicted_by="An agreement with both poles, or one that every neighbour signed as well.",
    blind_to=(
        "whether an agreement is applied",
        "agreements that a later one replaced without a withdrawal, which still count",
        "agreements after the data's last year",
    ),
    order=62,
    summary="last",
)
