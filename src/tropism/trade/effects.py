"""Effects and elasticities that scenarios draw from: published estimates, our own, or the user's.

Published ones are dated facts of the table ``trade_estimates``; the user chooses one by name and sees its
source beside the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import SchemaError
from tropism.tables import read_table
from tropism.tables.library import table_info

if TYPE_CHECKING:
    import pandas as pd

AGREEMENT, SANCTION, ELASTICITY = "agreement_effect", "sanction_effect", "trade_elasticity"

#: An elasticity of substitution, or the two ends of a range from which draws are uniform.
Sigma = float | tuple[float, float]


@dataclass(frozen=True)
class Effect:
    """One estimate of what an agreement or sanctions do to trade, or of the elasticity of trade.

    Attributes
    ----------
    name : str
        By which it is chosen.
    quantity : str
        ``agreement_effect`` and ``sanction_effect`` are in log points: b multiplies the cost factor
        t^(1-sigma), and with it trade at given prices, by exp(b). ``trade_elasticity`` is 1 - sigma.
    estimate : float
    std_error : float or None
        None where the source prints none; draws then all equal the estimate.
    applies_to : str
        Trade, countries and years that it is about.
    source, url : str
    note : str
    table : str
        That holds it; empty for the user's own.
    """

    name: str
    quantity: str
    estimate: float
    std_error: float | None
    applies_to: str
    source: str
    url: str = ""
    note: str = ""
    table: str = ""

    def draws(self, n: int, random: np.random.Generator) -> np.ndarray:
        """Normal draws from estimate and standard error: shape (n,)."""
        return random.normal(self.estimate, self.std_error or 0.0, n)

    def in_words(self) -> str:
        """``0.557 log points (standard error 0.102): × 1.75 at given prices``."""
        error = "no standard error" if self.std_error is None else f"standard error {self.std_error:.3g}"
        return f"{self.estimate:.3g} log points ({error}): × {np.exp(self.estimate):.2f} at given prices"


#: The weakest and the strongest long-run elasticity among the published ones: the range of sigma that draws
#: cover unless the user says otherwise.
WEAK, STRONG = "boehm_2023_long_run_weaker", "fontagne_guimbard_orefice_2022"


def list_effects(quantity: str | None = None) -> pd.DataFrame:
    """List the estimates that a scenario can draw from.

    Parameters
    ----------
    quantity : {"agreement_effect", "sanction_effect", "trade_elasticity"}, optional

    Returns
    -------
    DataFrame
        name, quantity, estimate, std_error, applies_to, source, url, note, table.

    Examples
    --------
    >>> list_effects("agreement_effect").set_index("name").loc["own", "estimate"].round(3)
    np.float64(0.557)
    """
    import pandas as pd

    return pd.DataFrame([vars(effect) for effect in _known().values() if quantity in (None, effect.quantity)])


def find_effect(effect: str | tuple[float, float], quantity: str) -> Effect:
    """The estimate of a name, or the user's own estimate and standard error in log points.

    Raises
    ------
    SchemaError
        If there is no such estimate, it measures something else, or the numbers are no estimate.
    """
    if not isinstance(effect, str):
        try:
            estimate, std_error = (float(value) for value in effect)
        except (TypeError, ValueError):
            estimate = std_error = np.nan
        if not (np.isfinite(estimate) and std_error >= 0):
            raise SchemaError(
                f"effect: {effect!r} is no pair of an estimate and a standard error of zero or more, for "
                "instance (0.5, 0.1) in log points."
            )
        return Effect("yours", quantity, estimate, std_error, "as you say", "given by the user")
    fitting = {each.name: each for each in effects(quantity)}
    if effect not in fitting:
        raise SchemaError(
            f"effect: {effect!r} is not one of {', '.join(fitting)}. `list_effects` says what each is; or "
            "give (estimate, standard error) in log points."
        )
    return fitting[effect]


def effects(quantity: str) -> tuple[Effect, ...]:
    """The estimates of a quantity that a shock to pairs can be made of."""
    return tuple(each for each in _known().values() if each.quantity == quantity)


def sigma_draws(sigma: Sigma | None, n: int, random: np.random.Generator) -> np.ndarray:
    """Elasticities of substitution, one per draw: fixed, or uniform over a range.

    Parameters
    ----------
    sigma : float, pair of floats, or None
        None takes the range between the weakest and the strongest published long-run elasticity.
    n : int
    random : Generator

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    SchemaError
        If sigma is at or below 1, or a range ends before it begins.
    """
    low, high = sigma_range(sigma)
    return random.uniform(low, high, n)


def sigma_range(sigma: Sigma | None) -> tuple[float, float]:
    """The two ends between which sigma is drawn; equal where it is fixed.

    Raises
    ------
    SchemaError
        As `sigma_draws`.
    """
    if sigma is None:
        known = _known()
        return 1 - known[WEAK].estimate, 1 - known[STRONG].estimate
    low, high = (sigma, sigma) if isinstance(sigma, int | float) else sigma
    if not (1 < low <= high < np.inf):
        raise SchemaError(
            f"sigma: {sigma!r} is no elasticity of substitution. Give a number above 1, or the two ends of a "
            "range above 1, for instance (3, 6)."
        )
    return float(low), float(high)


@cache
def _known() -> dict[str, Effect]:
    rows = read_table("trade_estimates").to_pylist()
    published = [
        Effect(
            row["study"],
            row["quantity"],
            _as_printed(row["published_estimate"]),
            None if row["published_std_error"] is None else _as_printed(row["published_std_error"]),
            row["applies_to"],
            row["source"],
            row["source_url"],
            row["note"] or "",
            "trade_estimates",
        )
        for row in rows
        if row["quantity"] in (AGREEMENT, SANCTION, ELASTICITY)
    ]
    source = (info := table_info("agreement_estimates")).provenance
    own = [
        Effect(
            row["estimation"],
            AGREEMENT,
            _as_printed(row["log_points"]),
            _as_printed(row["log_points_std_error"]),
            row["applies_to"],
            "" if source is None else f"tropism, estimate_gravity; {source.citation}",
            "" if source is None else source.url,
            " ".join(info.notes),
            "agreement_estimates",
        )
        for row in read_table("agreement_estimates").to_pylist()
    ]
    return {effect.name: effect for effect in (*own, *published)}


def _as_printed(value: float) -> float:
    """A number of single precision as its source prints it: 0.5572, not 0.557200014591217."""
    return float(f"{value:.6g}")
