"""Sanctions: whom a pole punishes, and who joins it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tropism.dyad_years import DyadYears, number, share
from tropism.series import Series

#: Kinds that the Global Sanctions Data Base tells apart, each a flag of ``sanction_years``.
KINDS = ("trade", "arms", "military", "financial", "travel", "other")


def joined_series(sanction_years: pa.Table, poles: Sequence[str]) -> Series:
    """Share of the states that a pole sanctions which a state sanctions too, by year.

    Parameters
    ----------
    sanction_years : pyarrow.Table
        sender, target, year; a row is a sanction in force, of whatever kind.
    poles : sequence of str
        ISO3 codes.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` between 0 (resists, or stays out) and 1 (joins all). X itself does not count
        among the targets. Missing in years in which the pole sanctions nobody else.

    Raises
    ------
    SchemaError
        If a column is absent.

    References
    ----------
    Felbermayr, Kirilakha, Syropoulos, Yalcin and Yotov (2020), "The Global Sanctions Data Base", European
    Economic Review 129: sanctions as dyads and years.
    """
    axes = DyadYears.of(poles, sanction_years["year"])
    imposed = _imposed(axes, sanction_years)
    values = np.full((len(axes.poles), len(axes.states), axes.years.size), np.nan)
    for i, pole in enumerate(axes.poles):
        theirs = imposed[axes.states.index(pole)]
        # As integers: a product of truth values would be one.
        both = np.einsum("sty,ty->sy", imposed.astype(np.int32), theirs.astype(np.int32))
        # The pole may sanction the state itself, which cannot join that.
        values[i] = share(both, theirs.sum(axis=0)[None] - theirs)
    return axes.series(
        values,
        name="sanctions_joined",
        label="Share of the pole's targets that the state sanctions too",
        measured_in="share of the states that the pole sanctions",
        block="sanctions",
        signal="costly",
        notes=(
            "A sanction of the United Nations counts for each of its members that the data name as a sender.",
            "Missing in years in which the pole sanctions nobody.",
        ),
    )


def imposed_series(sanction_years: pa.Table, poles: Sequence[str]) -> Series:
    """How many kinds of sanction stand between a state and a pole, negative: 0 is none.

    Parameters
    ----------
    sanction_years : pyarrow.Table
        sender, target, year and a flag for each of `KINDS`.
    poles : sequence of str

    Returns
    -------
    Series
        Dyads from -6 to 0: kinds that the pole imposes on the state, or the state on the pole, whichever
        are more. The table is complete: no row is no sanction.

    References
    ----------
    As `joined_series`: the six kinds are those of the data base; adding them up weighs them alike.
    """
    axes = DyadYears.of(poles, sanction_years["year"])
    kinds = np.sum([np.nan_to_num(number(sanction_years, f"sanctions_{kind}")) for kind in KINDS], axis=0)
    ways = [
        axes.gather(sanction_years, kinds, state=state, pole=pole, how="max")
        for state, pole in (("target", "sender"), ("sender", "target"))
    ]
    return axes.series(
        -np.nan_to_num(np.fmax(*ways)),
        name="sanctions_imposed",
        label="Kinds of sanction between the two, negative",
        measured_in="kinds of sanction, negative",
        block="sanctions",
        signal="costly",
        notes=("No row means no sanction.",),
    )


def targets(sanction_years: pa.Table, sender: str, year: int) -> frozenset[str]:
    """The states that one state sanctions in a year."""
    rows = sanction_years.select(["sender", "target", "year"]).to_pylist()
    return frozenset(row["target"] for row in rows if row["sender"] == sender and row["year"] == year)


def _imposed(axes: DyadYears, sanction_years: pa.Table) -> np.ndarray:
    """Whether a state sanctions another, shape (senders, targets, years)."""
    field = DyadYears(axes.states, axes.states, axes.years)
    rows = np.ones(sanction_years.num_rows)
    held = field.gather(sanction_years, rows, state="target", pole="sender", how="max")
    return np.asarray(held == 1)
