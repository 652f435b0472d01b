"""What a command hands to a fit: files of one's own or the stored UN votes, and a vote set of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tropism.errors import SchemaError
from tropism.states import find_state, lineage
from tropism.tables import read_table
from tropism.tables.files import read_table_file
from tropism.tables.library import table_info
from tropism.votes.vote_sets import find_vote_sets, select_rollcalls

if TYPE_CHECKING:
    import pandas as pd

#: Columns whose values name a roll call: the same in every table, or nothing would be found in another.
_ROLLCALLS = ("rollcall", "rcid", "earlier", "later", "rcid1", "rcid2")
#: Names stay text: "007" is no 7.
_UNITS = ("unit", "iso3")


def gather(
    file: Path | None = None,
    rollcalls: Path | None = None,
    bridges: Path | None = None,
    reference: Path | None = None,
    *,
    vote_set: str | None = None,
    poles: Sequence[str] | None = None,
    since: int | None = None,
) -> dict[str, Any]:
    """Read the tables of a fit and select its roll calls.

    Parameters
    ----------
    file : path, optional
        Votes of one's own, ``.csv`` or ``.parquet``; else the stored table ``un_votes``.
    rollcalls, bridges, reference : path, optional
        As `estimate_ideal_points` takes them. Without ``rollcalls`` a vote set is chosen by what the votes
        themselves tell, and with the stored votes by ``un_rollcalls`` where it needs flags.
    vote_set : str, optional
        As `select_rollcalls` takes it.
    poles : two of str, optional
        Only roll calls on which these two differ; of the stored votes, with the states whose seats they took
        over.
    since : int, optional
        Only roll calls of this year and later.

    Returns
    -------
    dict
        ``votes``, ``rollcalls``, ``bridges``, ``reference``, ``provenance``: arguments of
        `estimate_ideal_points`.

    Raises
    ------
    SchemaError
        If a file is no table, the set is not known, or a column or option that it needs is missing.
    DataNotPresentError
        If a stored table is needed and not there; says how to get it.
    IdentificationError
        If the set selects nothing.
    """
    names = [] if vote_set is None else [vote_set]
    for name, wanted in (("poles-differ", poles), ("since", since)):
        if wanted is not None and name not in (vote_set or "").split("+"):
            names.append(name)
    sets = find_vote_sets("+".join(names)) if names else []
    given = {"votes": file, "rollcalls": rollcalls, "bridges": bridges, "reference": reference}
    own = {name: read_table_file(path).to_pandas() for name, path in given.items() if path is not None}
    tables: dict[str, Any] = dict.fromkeys(given) | _numbered(own)
    sources = []
    if file is None:
        tables["votes"] = read_table("un_votes").to_pandas()
        sources.append(table_info("un_votes").provenance)
    if sets:
        listed = tables["rollcalls"]
        flags = [flag for each in sets for flag in each.flags]
        if listed is None and file is None and flags:
            listed = read_table("un_rollcalls").to_pandas()
            sources.append(table_info("un_rollcalls").provenance)
        if listed is None:
            listed = _held(tables["votes"], flags)
        tables["rollcalls"] = select_rollcalls(
            listed,
            "+".join(names),
            votes=tables["votes"],
            poles=None if poles is None else [_seat(pole) if file is None else pole for pole in poles],
            since=since,
        )
    return tables | {"provenance": tuple(source for source in sources if source is not None)}


def find_units(votes: pd.DataFrame, units: Sequence[str], *, states: bool) -> list[str]:
    """The units that somebody named, as the votes have them; ``states``: names of states will do.

    Raises
    ------
    SchemaError
        If one casts no vote; names those that are spelt like it.
    """
    column = next((name for name in _UNITS if name in votes), None)
    if column is None:
        return list(units)  # the fit refuses such a table, and says why
    have = set(map(str, votes[column].unique()))
    found = [name if name in have or not states else find_state(name).iso3 for name in units]
    for name, unit in zip(units, found, strict=True):
        if unit not in have:
            near = difflib.get_close_matches(unit, sorted(have), n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {len(have)} units in it."
            raise SchemaError(f"votes: {name} casts no vote in the table. {hint}")
    return found


def _seat(pole: str) -> tuple[str, ...]:
    """A state and those whose seat it took over: RUS, SUN."""
    iso3 = find_state(pole).iso3
    return (iso3, *(link.predecessor for link in lineage(iso3)))


def _held(votes: pd.DataFrame, flags: Sequence[str]) -> pd.DataFrame:
    """The roll calls of a table of votes, with what its rows say of them."""
    key = next((name for name in ("rollcall", "rcid") if name in votes), None)
    if key is None:
        raise SchemaError(
            f"votes: lacks the column rollcall or rcid; it has {', '.join(map(str, votes.columns))}."
        )
    if absent := [flag for flag in flags if flag not in votes]:
        raise SchemaError(
            f"vote set: needs the column {absent[0]}, which these votes do not have. Give a table of their "
            "roll calls that has it: --rollcalls FILE."
        )
    said = (key, "session", "year", "vote_date", "date", *flags)
    listed = votes[[name for name in dict.fromkeys(said) if name in votes]]
    return listed.dropna(subset=key).drop_duplicates(key, ignore_index=True)


def _numbered(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Columns of numbers, which a CSV holds as text, as numbers.

    Roll calls become numbers in all tables or in none.
    """
    keys = [table[name] for table in tables.values() for name in _ROLLCALLS if name in table]
    fixed = _UNITS if all(_as_numbers(key) is not None for key in keys) else (*_UNITS, *_ROLLCALLS)
    found = {}
    for name, table in tables.items():
        numbers = {column: _as_numbers(table[column]) for column in table if column not in fixed}
        found[name] = table.assign(
            **{str(column): values for column, values in numbers.items() if values is not None}
        )
    return found


def _as_numbers(column: pd.Series) -> pd.Series | None:
    """A column as numbers, if all that stands in it is one."""
    import pandas as pd

    if not pd.api.types.is_object_dtype(column) and not pd.api.types.is_string_dtype(column):
        # Typed already, by a Parquet file: a date is not to become a number.
        return column if pd.api.types.is_numeric_dtype(column) else None
    numbers = pd.to_numeric(column, errors="coerce")
    plain = numbers.notna() | column.isna()
    return numbers if plain.all() and numbers.notna().any() else None
