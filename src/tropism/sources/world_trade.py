"""Whether values of trade were read in the right unit and the codes of states in the right system.

A factor of a thousand shows against all the world's trade, and nowhere else: what a small state sells may
be thousands or millions. World exports of goods in current US dollars: 5.2 trillion in 1995 and 19 trillion
in 2014 (WTO, International Trade Statistics 2015), 1 trillion first in 1977 (WTO and World Bank, as
Rodrigue's Geography of Transport Systems has it); 1950 is a four-hundredth of 2022 (WTO, Evolution of trade).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tropism.errors import SchemaError

_YEARS = np.array([1950, 1977, 1995, 2014])
_DOLLARS = np.array([0.062e12, 1.0e12, 5.2e12, 19.0e12])
#: A file with so many exporters in a year is about all the world.
WORLD = 100
#: Half of a thousand on a logarithmic scale: nearer to a wrong unit than to the right one.
_TOO_FAR = 1000**0.5
#: States to which Comtrade gives a number other than M49's: without any of them the codes were misread.
_TWO_NUMBERS = ("USA", "FRA", "IND", "CHE", "NOR")


def world_exports_usd(year: int) -> float:
    """About how much all states exported, by interpolation; nearer than a factor of two."""
    return float(np.exp(np.interp(year, _YEARS, np.log(_DOLLARS))))


def refuse_wrong_unit(
    year: int, total_usd: float, largest_usd: float, exporters: Collection[str], *, what: str, unit: str
) -> None:
    """Refuse a year of trade whose values cannot be in the unit that they are taken to be in.

    Parameters
    ----------
    year : int
        Before 1948 nothing is checked.
    total_usd, largest_usd : float
        Sum of all flows, and the largest flow between two states.
    exporters : collection of str
        ISO3 codes; only with a hundred of them the sum is about all the world.
    what, unit : str
        Source and unit of the file, for the message.

    Raises
    ------
    SchemaError
        If the sum is nearer to a thousandth or a thousandfold of the world's exports than to these, or one
        flow alone is more than them.
    """
    if year < 1948:
        return
    world = world_exports_usd(year)
    whole = len(exporters) >= WORLD
    if whole and not 1 / _TOO_FAR < total_usd / world < _TOO_FAR:
        seen = f"{year} sums to {total_usd:.3g}"
    elif largest_usd > world:
        seen = f"one flow of {year} is {largest_usd:.3g}"
    else:
        return
    raise SchemaError(
        f"{what}: {seen} US dollars if values are in {unit}; the whole world exported about {world:.2g}. The "
        f"values are in another unit, or the column is another: give the file with values in {unit}."
    )


def refuse_lost_states(year: int, exporters: Collection[str], *, what: str) -> None:
    """Refuse a year of world trade from which all states are missing that have two numbers.

    Raises
    ------
    SchemaError
        If a hundred states export, but none of those to which Comtrade gives a number of its own.
    """
    if len(exporters) >= WORLD and not set(_TWO_NUMBERS) & set(exporters):
        raise SchemaError(
            f"{what}: {len(exporters)} states export in {year}, but none of {', '.join(_TWO_NUMBERS)}: their "
            "rows were lost where Comtrade's numbers (842, 251, 699, 757, 579) were read as M49's (840, 250, "
            "356, 756, 578), or the reverse. Give the file as the provider has it."
        )
