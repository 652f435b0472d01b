"""Who takes part: names of states and of organisations become states, on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tropism.errors import UnknownStateError
from tropism.states import find_state
from tropism.tables import read_table


def members(organisation: str, day: date) -> tuple[str, ...]:
    """Full members of an organisation of the table ``memberships`` on a day: ISO3, sorted."""
    return tuple(
        sorted(
            {
                row["iso3"]
                for row in read_table("memberships").to_pylist()
                if row["organisation"] == organisation
                and row["status"] == "full"
                and row["start_date"] <= day
                and (row["end_date"] is None or day < row["end_date"])
            }
        )
    )


def coalition(names: Sequence[str], day: date) -> tuple[str, ...]:
    """States named singly or by their organisation, for instance ``("EU", "USA", "GBR")``.

    Returns
    -------
    tuple of str
        ISO3, each once, in the order given; members of an organisation alphabetically.

    Raises
    ------
    UnknownStateError
        If a name is neither a state nor an organisation with full members on that day.
    """
    organisations = {row["organisation"] for row in read_table("memberships").to_pylist()}
    found: dict[str, None] = {}
    for name in names:
        if name.upper() in organisations:
            inside = members(name.upper(), day)
            if not inside:
                raise UnknownStateError(
                    f"{name} had no full members on {day.isoformat()}. Choose another day."
                )
            found |= dict.fromkeys(inside)
            continue
        try:
            found[find_state(name, territories=True).iso3] = None
        except UnknownStateError as unknown:
            raise UnknownStateError(
                f"{unknown} Organisations may be named too: {', '.join(sorted(organisations))}."
            ) from None
    return tuple(found)


def joiners(regime: str, day: date) -> tuple[str, ...]:
    """States that had imposed the sanctions of a regime (table ``sanctions``) by a day.

    Senders that are organisations stand for their members. The table holds the senders whose measures were
    opened at their source; states that only aligned themselves with another's measures may be absent.

    Raises
    ------
    UnknownStateError
        If no sender of that regime had begun.
    """
    rows = read_table("sanctions").to_pylist()
    senders = dict.fromkeys(
        row["sender"]
        for row in rows
        if row["regime"] == regime and row["status"] == "imposed" and row["start_date"] <= day
    )
    if not senders:
        known = sorted({row["regime"] for row in rows})
        raise UnknownStateError(
            f"sanctions: no sender of {regime!r} by {day.isoformat()}; regimes are {', '.join(known)}."
        )
    return coalition(tuple(senders), day)
