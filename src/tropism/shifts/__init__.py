"""Shifts: how much closeness changed, whose move it was, and how unusual that is among all states."""

from tropism.shifts.change import (
    LEVEL,
    MIN_PLACEBOS,
    MIN_YEARS,
    Estimate,
    Placebo,
    Shift,
    Shifts,
    Summary,
    infer_shifts,
)

__all__ = [
    "LEVEL",
    "MIN_PLACEBOS",
    "MIN_YEARS",
    "Estimate",
    "Placebo",
    "Shift",
    "Shifts",
    "Summary",
    "infer_shifts",
]
