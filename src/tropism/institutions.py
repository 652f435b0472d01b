"""Shared memberships: in how many organisations two states are full members.

Two tables tell: ``memberships`` follows 17 organisations and designations, chosen because a great power leads
or takes part in them; ``igo_memberships`` all that the Correlates of War know. Neither weighs one above
another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyad_years import DyadYears, require, share
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


def igo_share_series(igo_memberships: pa.Table, poles: Sequence[str]) -> Series:
    """Share of each state's full memberships in organisations of which a pole is a full member too.

    Parameters
    ----------
    igo_memberships : pyarrow.Table
        iso3, igo, year, igo_status.
    poles : sequence of str
        ISO3 codes.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` between 0 and 1. Missing where the state is a full member of none.

    Raises
    ------
    SchemaError
        If a column is absent.

    Notes
    -----
    Counts of shared memberships rise for nearly everybody as organisations multiply; the share does not.
    Organisations that both poles belong to cancel in the gap between them.

    References
    ----------
    Pevehouse, Nordstrom, McManus and Jamison (2020), "Tracking Organizations in the World: The Correlates of
    War IGO Version 3.0 datasets", Journal of Peace Research 57(3).
    """
    axes, shared, own = _igo_counts(igo_memberships, poles)
    return axes.series(
        share(shared, own),
        name="igo_share",
        label="Share of the state's organisations that the pole belongs to",
        measured_in="share of the state's full memberships",
        block="institutions",
        signal="cheap",
        notes=(
            "Associates and observers do not count; an organisation in which the pole's status is not known "
            "counts on neither side.",
        ),
    )


def igo_count_series(igo_memberships: pa.Table, poles: Sequence[str]) -> Series:
    """Number of organisations of which both are full members: the level behind `igo_share_series`."""
    axes, shared, own = _igo_counts(igo_memberships, poles)
    return axes.series(
        np.where(own > 0, shared, np.nan),
        name="igo_count",
        label="Organisations of which both are full members",
        measured_in="organisations",
        block="institutions",
        signal="cheap",
    )


def _igo_counts(igo_memberships: pa.Table, poles: Sequence[str]) -> tuple[DyadYears, np.ndarray, np.ndarray]:
    """Axes; full memberships that the two share, and the state's own, both (poles, states, years).

    The state's own differ from pole to pole: those where the pole's status is missing are left out.
    """
    require(igo_memberships, ("iso3", "igo", "year", "igo_status"))
    axes = DyadYears.of(poles, igo_memberships["year"])
    organisations = sorted(pc.unique(igo_memberships["igo"].cast(pa.string())).to_pylist())
    status = igo_memberships["igo_status"].cast(pa.string())
    full, missing = (
        _held(axes, organisations, igo_memberships.filter(pc.equal(status, word)))
        for word in (*FULL, "missing")
    )
    shape = (len(axes.poles), len(axes.states), axes.years.size)
    shared, own = np.zeros(shape), np.zeros(shape)
    for i, pole in enumerate(axes.poles):
        at = axes.states.index(pole)
        shared[i] = (full & full[at]).sum(axis=1)
        own[i] = (full & ~missing[at]).sum(axis=1)
    return axes, shared, own


def _held(axes: DyadYears, organisations: Sequence[str], rows: pa.Table) -> np.ndarray:
    """Whether each state has a row with each organisation, shape (states, organisations, years)."""
    found = np.zeros((len(axes.states), len(organisations), axes.years.size), dtype=bool)
    state, organisation = axes.place(rows, "iso3", axes.states), axes.place(rows, "igo", organisations)
    inside = state >= 0
    year = rows["year"].to_numpy().astype(np.int64) - axes.years[0]
    found[state[inside], organisation[inside], year[inside]] = True
    return found


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
