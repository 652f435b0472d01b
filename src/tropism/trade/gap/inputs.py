"""What questions about gaps take: numbers checked, sources and notes of flows and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tropism.errors import SchemaError
from tropism.series import Provenance
from tropism.tables.library import table_info
from tropism.trade.flows import stated_provenance

if TYPE_CHECKING:
    import pandas as pd


def check_numbers(level: float, floor: float) -> None:
    """Raise unless the level is a probability and the floor above zero."""
    if not 0 < level < 1:
        raise SchemaError(f"trade gap: level is {level}; give a probability between 0 and 1, such as 0.9.")
    if not floor > 0:
        raise SchemaError(f"trade gap: floor is {floor}; give a small positive value in units of the flow.")


def sources_of(flows: pd.DataFrame | None, costs: pd.DataFrame | None) -> tuple[Provenance, ...]:
    """Where flows and costs came from: the embedded tables, or what the user's tables say of themselves."""
    found: list[Provenance] = []
    for frame, name in ((flows, "icio_flows"), (costs, "geography")):
        if frame is not None:
            found += stated_provenance(frame)
        elif (embedded := table_info(name).provenance) is not None:
            found.append(embedded)
    return tuple(found)


def data_notes(flows: pd.DataFrame | None, costs: pd.DataFrame | None) -> tuple[str, ...]:
    """What a reader must know about flows and costs."""
    notes = [
        "Most pairs lie below their prediction, which is a mean: read a ratio against pairs of like size."
    ]
    if flows is None:
        notes.append("Intermediate goods and services of 2022 among 80 economies; final goods are not in it.")
    if costs is None:
        notes.append("Costs: distance between capitals, common border, common language; no trade agreements.")
    return tuple(notes)
