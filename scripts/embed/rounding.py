"""Rounding to significant digits: what the embedded tables give up for size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def significant(values: npt.ArrayLike, digits: int) -> np.ndarray:
    """Round numbers that are not negative to so many significant digits; NaN stays, zero stays."""
    values = np.asarray(values, dtype=np.float64)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.where(values > 0, values, 1.0))))
    return (np.rint(values * scale) / scale).astype(np.float32)
