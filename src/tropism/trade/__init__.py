"""Trade: how much a state's recorded imports and exports depend on a pole."""

from tropism.trade.dependence import (
    ENERGY,
    export_level_series,
    export_share_series,
    import_level_series,
    import_share_series,
    intermediate_share_series,
    recorded_trade,
)

__all__ = [
    "ENERGY",
    "export_level_series",
    "export_share_series",
    "import_level_series",
    "import_share_series",
    "intermediate_share_series",
    "recorded_trade",
]
