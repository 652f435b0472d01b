"""Amounts and shares in words, for tables and charts alike."""

from __future__ import annotations


def amount(value: float) -> str:
    """Three figures that matter at most: ``5,087``, ``82.6``, ``0.25``; a null is a dash."""
    if value != value:
        return "–"
    if value and abs(value) < 0.005:
        return "<0.01"
    digits = 0 if abs(value) >= 100 or value == 0 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def share(value: float) -> str:
    """A share in per cent, with enough digits to be seen: ``22.7%``, ``0.08%``."""
    if value != value:
        return "–"
    if value and value < 0.00005:
        return "<0.01%"
    return f"{value:.2%}" if 0 < value < 0.0095 else f"{value:.1%}"
