"""Aid: how much of what donors give a state comes from a pole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tropism.dyad_years import DyadYears, number, share
from tropism.series import Series

_REPORTED = (
    "A donor that reports to the OECD and names nothing for a state gave it nothing; one that does not "
    "report (China, the Soviet Union) is not known to the data, and is missing."
)


def share_series(aid: pa.Table, poles: Sequence[str]) -> Series:
    """Share of the official development assistance to each state that came from each pole, by year.

    Parameters
    ----------
    aid : pyarrow.Table
        donor, recipient, year, aid_million_usd (constant prices).
    poles : sequence of str
        ISO3 codes.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` between 0 and 1. Missing where no donor gave anything, and in years in which the
        pole reported nothing at all.

    Raises
    ------
    SchemaError
        If a column is absent.

    References
    ----------
    Alesina and Dollar (2000), "Who Gives Foreign Aid to Whom and Why?", Journal of Economic Growth 5(1):
    aid by donor and recipient, and that it follows the donor's alliances and the recipient's votes.
    """
    axes, given = _given(aid, poles)
    # Repayments of old loans may exceed what is given: that is no negative purse.
    positive = np.maximum(number(aid, "aid_million_usd"), 0)
    return axes.series(
        share(np.maximum(given, 0), axes.total(aid, positive, state="recipient")),
        name="aid_share",
        label="Share of aid received that came from the pole",
        measured_in="share of the aid that the state received",
        block="aid",
        signal="costly",
        notes=(_REPORTED, "A year in which repayments exceed what a donor gave counts as 0 from it."),
    )


def level_series(aid: pa.Table, poles: Sequence[str]) -> Series:
    """Aid from each pole in million US dollars of constant prices: the level behind the share."""
    axes, given = _given(aid, poles)
    return axes.series(
        given,
        name="aid_level",
        label="Aid from the pole",
        measured_in="million constant US dollars",
        block="aid",
        signal="costly",
        notes=(_REPORTED,),
    )


def _given(aid: pa.Table, poles: Sequence[str]) -> tuple[DyadYears, np.ndarray]:
    """Aid from each pole; 0 without a row where the pole reported that year, else NaN."""
    axes = DyadYears.of(poles, aid["year"])
    values = number(aid, "aid_million_usd")
    given = axes.gather(aid, values, state="recipient", pole="donor")
    reports = ~np.isnan(given).all(axis=1, keepdims=True)
    return axes, np.where(reports, np.nan_to_num(given), np.nan)
