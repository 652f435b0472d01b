"""Public opinion: what a state's people think of a pole, where someone asked them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tropism.dyad_years import DyadYears, number
from tropism.series import Series


def favourability_series(opinion: pa.Table, poles: Sequence[str]) -> Series:
    """Favourable less unfavourable views of each pole among each state's public, by year of survey.

    Parameters
    ----------
    opinion : pyarrow.Table
        iso3, target, year, favorable, unfavorable (per cent of those interviewed).
    poles : sequence of str
        ISO3 codes.

    Returns
    -------
    Series
        Dyads from -1 to 1. Who did not answer counts for neither. A year without a survey is missing:
        nothing is filled in between.

    Raises
    ------
    SchemaError
        If a column is absent.

    References
    ----------
    Pew Research Center, Global Attitudes Surveys: "very" and "somewhat" favourable or unfavourable. Net
    favourability is the usual difference of the two.
    """
    axes = DyadYears.of(poles, opinion["year"])
    net = (number(opinion, "favorable") - number(opinion, "unfavorable")) / 100
    return axes.series(
        axes.gather(opinion, net, state="iso3", pole="target"),
        name="net_favourability",
        label="Net favourable view of the pole",
        measured_in="share of the public, favourable less unfavourable",
        block="opinion",
        signal="cheap",
        notes=(
            "A year without a survey is missing; nothing is filled in.",
            "Sampling error (about 3 points either way in 1,000 interviews) is not counted.",
        ),
    )


def surveys(opinion: pa.Table, state: str, target: str, first: int, last: int) -> list[int]:
    """Years from ``first`` to ``last`` in which a state's public was asked about a target."""
    rows = opinion.select(["iso3", "target", "year"]).to_pylist()
    asked = {row["year"] for row in rows if (row["iso3"], row["target"]) == (state, target)}
    return sorted(year for year in asked if first <= year <= last)
