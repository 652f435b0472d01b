"""Shifts: how much closeness changed, whose move it was, when, and how unusual among all states."""

from tropism.shifts.breaks import Break, BreakPrior, infer_break
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
from tropism.shifts.decomposition import Decomposition, FittedVotes, decompose
from tropism.shifts.scan import Scan, scan
from tropism.shifts.session_terms import session_terms
from tropism.shifts.siding import Siding, siding
from tropism.shifts.synthetic import SyntheticControl, synthetic_control
from tropism.shifts.tilt import along, tilt_series

__all__ = [
    "LEVEL",
    "MIN_PLACEBOS",
    "MIN_YEARS",
    "Break",
    "BreakPrior",
    "Decomposition",
    "Estimate",
    "FittedVotes",
    "Placebo",
    "Scan",
    "Shift",
    "Shifts",
    "Siding",
    "Summary",
    "SyntheticControl",
    "along",
    "decompose",
    "infer_break",
    "infer_shifts",
    "scan",
    "session_terms",
    "siding",
    "synthetic_control",
    "tilt_series",
]
