"""Shared memberships: in how many organisations of the table two states are full members.

The count goes no further than the table ``memberships``: 17 organisations and designations, chosen
because a great power leads or takes part in them. It weighs none above another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyads import Window, dyad
from tropism.series import Series
from tropism.states import states

#: Statuses that tie a member to the other members, and a designated state to the one that designates.
FULL = ("full",)
DESIGNATED = ("designated",)
#: The table follows these organisations from 1949 (NATO) on.
FIRST_YEAR = 1949


def membership_table(memberships: pa.Table, years: Sequence[int]) -> dict[tuple[str, str], np.ndarray]:
    """Who was a full member (or designated) at the end of each year.

    Parameters
    ----------
    memberships : Table
        As in the data dictionary. A null ``end_date`` means still in force.
    years : sequence of int

    Returns
    -------
    dict
        ``(organisation, iso3)`` to an array of bool, shape (years,).
    """
    at = np.asarray(years)
    found: dict[tuple[str, str], np.ndarray] = {}
    rows = memberships.filter(pc.is_in(memberships["status"].cast(pa.string()), pa.array(FULL + DESIGNATED)))
    # A suspension interrupts membership: Armenia's frozen part in the CSTO is no tie.
    pauses = memberships.filter(pc.equal(memberships["status"].cast(pa.string()), "suspended"))
    for source, member in ((rows, True), (pauses, False)):
        for row in source.select(["organisation", "iso3", "start_date", "end_date"]).to_pylist():
            key = (row["organisation"], row["iso3"])
            if not member and key not in found:
                continue
            span = at >= row["start_date"].year
            if row["end_date"] is not None:
                span &= at < row["end_date"].year
            found.setdefault(key, np.zeros(at.size, dtype=bool))
            found[key] = found[key] | span if member else found[key] & ~span
    return found


def shared_membership_series(
    memberships: pa.Table,
    organisations: pa.Table,
    poles: Sequence[str],
    *,
    last_year: int,
) -> Series:
    """Count, per year, the organisations in which a state and a pole are both full members.

    Parameters
    ----------
    memberships, organisations : Table
    poles : sequence of str
        ISO3 codes.
    last_year : int
        The last year that the facts were checked to the end of.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` for every state in existence in a year; unit: organisations. A designation
        (major non-NATO ally) ties the state to the power that confers it. A state in none of
        the table's rows counts 0.
    """
    years = np.arange(FIRST_YEAR, last_year + 1)
    member = membership_table(memberships, years.tolist())
    designator = {row["organisation"]: row["designated_by"] for row in organisations.to_pylist()}
    existing = {state.iso3: state for state in states()}
    names = [iso3 for iso3, state in existing.items() if any(state.exists(int(year)) for year in years)]
    alive = {iso3: np.array([existing[iso3].exists(int(year)) for year in years]) for iso3 in names}
    by_organisation: dict[str, dict[str, np.ndarray]] = {}
    for (organisation, iso3), held in member.items():
        by_organisation.setdefault(organisation, {})[iso3] = held
    units, values = [], []
    for pole in poles:
        if pole not in alive:
            continue
        for iso3 in names:
            if iso3 == pole:
                continue
            shared = np.zeros(years.size)
            for organisation, members in by_organisation.items():
                designating = designator.get(organisation)
                one, other = members.get(iso3), members.get(pole)
                if designating == pole:
                    other = alive[pole]
                elif designating == iso3:
                    one = alive[iso3]
                elif designating is not None:
                    continue
                if one is not None and other is not None:
                    shared += one & other
            units.append(dyad(iso3, pole))
            values.append(np.where(alive[iso3] & alive[pole], shared, np.nan))
    panel = np.array(values, dtype=np.float32).reshape(len(units), years.size)
    return Series(
        name="shared_memberships",
        values=panel[None],
        missing=np.isnan(panel),
        units=tuple(units),
        years=years,
        label="organisations in which both are full members",
        measured_in="organisations",
        block="institutions",
        signal="cheap",
    )


def membership_events(memberships: pa.Table, state: str, window: Window) -> list[dict[str, object]]:
    """One state's memberships that began or ended within the window: rows of the table, oldest first."""

    def inside(day: date | None) -> bool:
        return day is not None and window.before_start <= day.year <= (window.after_end or date.max.year)

    rows = [
        row
        for row in memberships.to_pylist()
        if row["iso3"] == state and (inside(row["start_date"]) or inside(row["end_date"]))
    ]
    return sorted(rows, key=lambda row: row["start_date"])


def describe_event(event: dict[str, object]) -> str:
    """One membership event in words: ``"SCO: full member 2017-06-09"``."""
    shown = {"day": 10, "month": 7, "year": 4}[str(event["start_precision"])]
    words = {
        "full": "full member",
        "dialogue_partner": "dialogue partner",
        "designated": "designated",
        "invited": "invited, not confirmed" if event["end_date"] is None else "invited",
        "left": "left",
    }
    status = words.get(str(event["status"]), str(event["status"]).replace("_", " "))
    until = "" if event["end_date"] is None else f" to {str(event['end_date'])[:shown]}"
    return f"{event['organisation']}: {status} {str(event['start_date'])[:shown]}{until}"
