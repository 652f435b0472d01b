"""Which states are like which: sets of states that may show what is usual for one of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import numpy as np

from tropism.derived import read_table, table_info
from tropism.errors import SeriesError
from tropism.series import Provenance
from tropism.states import states as all_states

PlaceboSet = Literal["all", "near", "region", "size", "income"]

#: Sets of nearest states have this many: enough for steps of 2.5 %.
LIKE = 40
#: The sets in words.
CALLED: dict[PlaceboSet, str] = {
    "all": "all other states",
    "near": f"the {LIKE} states whose capitals are nearest",
    "region": "the states of its part of the world",
    "size": f"the {LIKE} economies of nearest size",
    "income": f"the {LIKE} states of nearest income per head",
}
#: The table that each set is read from.
TABLES: dict[PlaceboSet, str] = {
    "near": "geography",
    "region": "regions",
    "size": "icio_output",
    "income": "gravity_covariates",
}


def like_states(
    states: Sequence[str], kind: PlaceboSet | Collection[str], *, year: int | None = None
) -> np.ndarray:
    """Which states are like which, before their years of data are looked at.

    Parameters
    ----------
    states : sequence of str
    kind : {"all", "near", "region", "size", "income"} or collection of str
        ``"near"``: the 40 whose capitals are nearest. ``"region"``: those of the same part of the world
        (Africa, the Americas, Asia, Europe, Oceania). ``"size"``: the 40 nearest in value added of 2022, in
        the 80 economies whose accounts the package has. ``"income"``: the 40 nearest in gross domestic
        product per head, if `gravity_covariates` is on this machine; no embedded table has it. A collection
        names the states.
    year : int, optional
        Incomes are those of the last year up to this one: the event may have changed later ones.

    Returns
    -------
    ndarray of bool, shape (states, states)
        Row i: the states like state i. A state of which the table knows nothing is like none.

    Raises
    ------
    SeriesError
        If there is no such set.
    DataNotPresentError
        If the table of a set is not on this machine; says how to get it.

    Examples
    --------
    >>> like_states(["HUN", "AUT", "NZL"], "region")[0].tolist()
    [False, True, False]
    """
    n = len(states)
    if not isinstance(kind, str):
        return np.tile(np.isin(states, list(kind)), (n, 1))
    refuse_unknown(kind)
    if kind == "all":
        return np.ones((n, n), dtype=bool)
    if kind == "region":
        region = np.array([_regions().get(state, "") for state in states])
        alike: np.ndarray = (region[:, None] == region) & (region != "") & ~np.eye(n, dtype=bool)
        return alike
    if kind == "near":
        apart = _kilometres(states)
    else:
        size = _value_added(states) if kind == "size" else _incomes(states, year)
        apart = np.abs(np.log(size)[:, None] - np.log(size))
    np.fill_diagonal(apart, np.nan)
    rank = np.argsort(np.argsort(apart, axis=1, kind="stable"), axis=1)
    return ~np.isnan(apart) & (rank < LIKE)


def called(kind: PlaceboSet | Collection[str]) -> str:
    """A set in words."""
    return CALLED[kind] if isinstance(kind, str) else f"the {len(kind)} states named"  # type: ignore[index]


def refuse_unknown(kind: str) -> None:
    """Raise if there is no such set."""
    if kind not in get_args(PlaceboSet):
        raise SeriesError(
            f"placebos: {kind!r} is no set. Choose one of {', '.join(get_args(PlaceboSet))}, or name states."
        )


def sources_of(kinds: Collection[str]) -> tuple[Provenance, ...]:
    """Where the tables behind some sets came from."""
    tables = [table for kind, table in TABLES.items() if kind in kinds]
    return tuple(source for table in tables if (source := table_info(table).provenance))


def _regions() -> dict[str, str]:
    """Region of every state; a former one lies where all of its successors do."""
    table = read_table("regions").to_pandas().astype(str)
    region = dict(zip(table["iso3"], table["region"], strict=True))
    # The latest to end comes first: a successor may have ended, too.
    for state in sorted(all_states(), key=lambda each: -(each.last_year or 0)):
        theirs = {region.get(successor, "") for successor in state.successors}
        if state.iso3 not in region and len(theirs) == 1:
            region[state.iso3] = theirs.pop()
    return region


def _kilometres(states: Sequence[str]) -> np.ndarray:
    """Distance between capitals, NaN where one is not known: shape (states, states)."""
    table = read_table("geography")
    place = {state: i for i, state in enumerate(states)}
    apart = np.full((len(states), len(states)), np.nan)
    sides = (table[name].to_pylist() for name in ("iso3_a", "iso3_b"))
    for one, two, distance in zip(*sides, table["distance_km"].to_numpy(), strict=True):
        if one in place and two in place:
            apart[place[one], place[two]] = apart[place[two], place[one]] = distance
    return apart


def _value_added(states: Sequence[str]) -> np.ndarray:
    """Value added of the latest accounts in million US dollars, NaN where not known: shape (states,)."""
    table = read_table("icio_output").to_pandas()
    table = table[table["year"] == table["year"].max()].groupby("iso3", observed=True).sum(numeric_only=True)
    added = table["output_million_usd"] - table["intermediate_million_usd"]
    values: np.ndarray = added.reindex(list(states)).to_numpy(dtype=float)
    return values


def _incomes(states: Sequence[str], year: int | None) -> np.ndarray:
    """Gross domestic product per head in US dollars, NaN where not known: shape (states,).

    Of one year for all: dollars of different years are not the same.
    """
    columns = ["exporter", "year", "exporter_gdp_million_usd", "exporter_population_million"]
    table = read_table("gravity_covariates").select(columns).to_pandas().dropna()
    table = table[table["year"] <= (table["year"].max() if year is None else year)]
    # One row per partner: all say the same of the exporter.
    table = table[table["year"] == table["year"].max()].drop_duplicates("exporter").set_index("exporter")
    income = table["exporter_gdp_million_usd"] / table["exporter_population_million"]
    values: np.ndarray = income[income > 0].reindex(list(states)).to_numpy(dtype=float)
    return values
