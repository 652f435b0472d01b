"""Trade agreements: how deep the ones in force between a state and a pole go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa

from tropism.dyad_years import DyadYears, require
from tropism.errors import DataNotPresentError, UnknownStateError
from tropism.series import Series
from tropism.states import find_state

#: Kinds of entry that bind; a negotiation was never signed, and a withdrawal ends what others began.
BINDING = ("base_treaty", "accession", "consolidated", "protocol or amendment")
WITHDRAWAL = "withdrawal"


@dataclass(frozen=True)
class _Entry:
    """One binding entry: who is party, from when, how deep; ``family`` is the base agreement."""

    family: str
    members: frozenset[str]
    start: int
    depth: float


def depth_series(trade_agreements: pa.Table, agreement_members: pa.Table, poles: Sequence[str]) -> Series:
    """Depth of the deepest trade agreement in force between each state and each pole, by year.

    Parameters
    ----------
    trade_agreements : pyarrow.Table
        agreement, base_agreement, name, entry_type, signature_year, force_year, depth_index.
    agreement_members : pyarrow.Table
        agreement, iso3.
    poles : sequence of str
        ISO3 codes.

    Returns
    -------
    Series
        Dyads, to the year of the latest signature: 0 without an agreement, else the index of depth, 0 to 7:
        one point each for a full free trade agreement and for substantive provisions on standards,
        investment, services, procurement, competition and intellectual property. Missing where the depth of
        none in force is coded.

    Raises
    ------
    SchemaError
        If a column is absent.
    DataNotPresentError
        If the table holds the depth of no agreement.

    References
    ----------
    Dür, Baccini and Elsig (2014), "The Design of International Trade Agreements: Introducing a New Dataset",
    Review of International Organizations 9(3): the additive index of depth.
    """
    entries, left = _entries(trade_agreements, agreement_members)
    if all(np.isnan(entry.depth) for entry in entries):
        raise DataNotPresentError(
            "the table trade_agreements holds the depth of no agreement, which stands in a file of its own: "
            "`tropism data fetch desta` brings it, or give DESTA's lists and its "
            "desta_indices_version_02_03.csv together with `tropism data add desta FILE...`"
        )
    axes = _axes(trade_agreements, entries, poles)
    depth = np.zeros((len(axes.poles), len(axes.states), axes.years.size))
    known = np.ones(depth.shape, dtype=bool)
    for cell, years, entry in _in_force(axes, entries, left):
        if np.isnan(entry.depth):
            known[cell][years] &= depth[cell][years] > 0
        else:
            depth[cell][years] = np.fmax(depth[cell][years], entry.depth)
            known[cell][years] = True
    return axes.series(
        np.where(known, depth, np.nan),
        name="agreement_depth",
        label="Depth of the deepest trade agreement in force with the pole",
        measured_in="depth of agreement, 0 to 7",
        **_ATTRIBUTES,
    )


def count_series(trade_agreements: pa.Table, agreement_members: pa.Table, poles: Sequence[str]) -> Series:
    """Number of trade agreements in force between each state and each pole: the level behind the depth.

    An agreement and what was later added to it count once. Otherwise as `depth_series`.
    """
    entries, left = _entries(trade_agreements, agreement_members)
    axes = _axes(trade_agreements, entries, poles)
    counted = np.zeros((len(axes.poles), len(axes.states), axes.years.size))
    seen: dict[tuple[tuple[int, int], str], np.ndarray] = {}
    for cell, years, entry in _in_force(axes, entries, left):
        held = seen.setdefault((cell, entry.family), np.zeros(axes.years.size, dtype=bool))
        held |= years
    for (cell, _), held in seen.items():
        counted[cell] += held
    return axes.series(
        counted,
        name="agreement_count",
        label="Trade agreements in force with the pole",
        measured_in="agreements in force",
        **_ATTRIBUTES,
    )


_ATTRIBUTES: dict[str, Any] = {
    "block": "institutions",
    # Depth binds at home, but most agreements follow trade and nearness, and firms pay what they cost.
    "signal": "cheap",
    "notes": (
        "An agreement counts from the year it entered into force to the year in which either side withdrew.",
        "An agreement that a later one replaced without a withdrawal still counts.",
    ),
}


def withdrawing(name: str, members: frozenset[str]) -> frozenset[str]:
    """Which members a withdrawal is about: those named after the word; all where none is named.

    DESTA lists the parties that stay beside the one that leaves and names the latter in the title:
    ``"Commonwealth of Independent States (CIS) withdrawal Georgia"``.
    """
    said = name.partition(WITHDRAWAL)[2].casefold()
    found = set()
    # The longest names first: Guinea is not meant by Equatorial Guinea.
    for words, iso3 in sorted(_names(members), key=lambda each: -len(each[0])):
        pattern = rf"\b{re.escape(words.casefold())}\b"
        if re.search(pattern, said):
            found.add(iso3)
            said = re.sub(pattern, " ", said)
    return frozenset(found) or members


def _names(members: frozenset[str]) -> Iterator[tuple[str, str]]:
    for iso3 in members:
        try:
            state = find_state(iso3, territories=True)
        except UnknownStateError:
            continue
        yield from ((words, iso3) for words in (state.name, *state.aliases))


def _entries(
    trade_agreements: pa.Table, agreement_members: pa.Table
) -> tuple[list[_Entry], dict[tuple[str, str], list[int]]]:
    """What binds, and in which years who left which family."""
    columns = ("agreement", "base_agreement", "name", "entry_type", "signature_year", "force_year")
    require(trade_agreements, (*columns, "depth_index"))
    require(agreement_members, ("agreement", "iso3"))
    members: dict[str, set[str]] = {}
    for row in agreement_members.select(["agreement", "iso3"]).to_pylist():
        members.setdefault(row["agreement"], set()).add(row["iso3"])
    rows = trade_agreements.to_pylist()
    base_depth = {
        row["base_agreement"]: row["depth_index"]
        for row in rows
        if row["entry_type"] == "base_treaty" and row["depth_index"] is not None
    }
    entries: list[_Entry] = []
    left: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        family, who = row["base_agreement"], frozenset(members.get(row["agreement"], ()))
        start = row["force_year"]
        if start is None and row["entry_type"] in ("accession", WITHDRAWAL):
            # DESTA gives most of these the year of signature only.
            start = row["signature_year"]
        if start is None:
            continue
        if row["entry_type"] == WITHDRAWAL:
            for iso3 in withdrawing(row["name"], who):
                left.setdefault((family, iso3), []).append(start)
        elif row["entry_type"] in BINDING:
            depth = row["depth_index"]
            depth = base_depth.get(family) if depth is None else depth
            entries.append(_Entry(family, who, start, float("nan") if depth is None else float(depth)))
    return entries, left


def _axes(trade_agreements: pa.Table, entries: Sequence[_Entry], poles: Sequence[str]) -> DyadYears:
    """From the first agreement in force to the latest signature: the data know of no year after it."""
    signed = [year for year in trade_agreements["signature_year"].to_pylist() if year is not None]
    last = max(signed, default=0)
    starts = [entry.start for entry in entries if entry.start <= last]
    return DyadYears.of(poles, [min(starts), last] if starts else [])


def _in_force(
    axes: DyadYears, entries: Sequence[_Entry], left: dict[tuple[str, str], list[int]]
) -> Iterator[tuple[tuple[int, int], np.ndarray, _Entry]]:
    """For each pair of members with a pole: its place, the years in force, and the entry."""
    pole_at = {code: i for i, code in enumerate(axes.poles)}
    state_at = {code: i for i, code in enumerate(axes.states)}
    # Deep ones last, so that a known depth is not overlooked beside an unknown one.
    for entry in sorted(entries, key=lambda each: (not np.isnan(each.depth), each.depth)):
        for pole, state in permutations(entry.members, 2):
            if pole not in pole_at or state not in state_at:
                continue
            ends = [
                year
                for who in (pole, state)
                for year in left.get((entry.family, who), ())
                if year >= entry.start
            ]
            years = (axes.years >= entry.start) & (axes.years < min(ends, default=axes.years[-1] + 1))
            yield (pole_at[pole], state_at[state]), years, entry
