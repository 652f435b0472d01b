"""How numbers of a row are written, the same on the terminal and on the page."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from tropism.assessment.reading import capital, percentile_in_words, rank_in_words, years_in_words
from tropism.errors import UnknownStateError
from tropism.shifts import MIN_YEARS

if TYPE_CHECKING:
    from datetime import date

    from tropism.assessment import Coverage, EvidenceRow, Unscored
    from tropism.dyads import Window
    from tropism.series import Provenance
    from tropism.shifts import Estimate

Names = tuple[str, str, str]

NOTHING = "–"


def number(value: float, row: EvidenceRow, *, signed: bool = False) -> str:
    """A value in the row's unit: shares as per cent, counts whole, indices with two."""
    sign = "+" if signed else ""
    if row.measured_in.startswith("share"):
        points = 100 * value
        if 0 < abs(points) < 0.005:
            # A recorded flow is never shown as none.
            return (
                f"{'+' if signed and points > 0 else '-' if points < 0 else ''}<0.01{'' if signed else ' %'}"
            )
        digits = 1 if abs(points) >= 0.095 or points == 0 else 2
        return f"{points:{sign}.{digits}f}{'' if signed else ' %'}"
    written = f"{value:{sign}.{0 if row.block == 'institutions' else 2}f}"
    return written.lstrip("+-") if float(written) == 0 else written


def level_in_words(row: EvidenceRow, pole: int) -> str:
    """Closeness to one pole, before → after; the level of one year, with its interval, where that is all."""
    if row.shift is not None:
        old, new = (row.shift.toward, row.shift.away)[pole]
        return f"{number(old.estimate, row)} → {number(new.estimate, row)}"
    level = (row.toward_level, row.away_level)[pole]
    return NOTHING if level is None else number(level.estimate, row) + interval_in_words(level, row)


def change_in_words(row: EvidenceRow) -> str:
    """Change of the gap, with its interval where the measure has one."""
    if row.shift is None:
        return NOTHING
    change = number(row.shift.change.estimate, row, signed=True)
    unit = " pp" if row.measured_in.startswith("share") else ""
    return change + unit + interval_in_words(row.shift.change, row)


def interval_in_words(estimate: Estimate, row: EvidenceRow) -> str:
    """``" [+0.10, +0.32]"``, or nothing for a point measure."""
    if estimate.lower is None or estimate.upper is None:
        return ""
    return f" [{number(estimate.lower, row, signed=True)}, {number(estimate.upper, row, signed=True)}]"


def coverage_in_words(coverage: Coverage, status: str) -> str:
    """Years compared, how many have data, the source and its as-of date."""
    sources = "; ".join(
        dict.fromkeys(f"{source.source} (as of {source.as_of})" for source in coverage.sources)
    )
    if status == "absent":
        return f"Not covered. Source: {sources}."
    if status == "level":
        return f"{coverage.after[1]} only, beside {coverage.states} other states. Source: {sources}."
    first, last = spans_in_words(coverage).split(" against ")
    ranked = f", ranked among {coverage.states} other states" if status == "ranked" else ""
    before, after = years_in_words(coverage.years_before), coverage.years_after
    return f"{first} ({before} with data) against {last} ({after}){ranked}. Source: {sources}."


def counted(count: int, what: str) -> str:
    """``"1 line"``, ``"2 lines"``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def typeset(text: str) -> str:
    """Our own words with proper signs: ``"2004-2013"`` as a range, ``"-0.10"`` with a minus."""
    text = re.sub(r"(?<=\b\d{4})-(?=\d{4}\b|(?!\S))", "–", text)
    text = re.sub(r"(?<![\w.])-(?=\d)", "−", text)
    return re.sub(r"(?<=\d) (?=%|pp\b)", "\u00a0", text)


def percentile(row: EvidenceRow) -> str:
    """The percentile alone: ``"97"``."""
    rank = None if row.shift is None else row.shift.rank
    return NOTHING if rank is None else percentile_in_words(rank.percentile)


def bloc_percentile(row: EvidenceRow) -> str:
    """The percentile with one unit for each voting bloc; empty where that is not known."""
    rank = None if row.shift is None else row.shift.rank
    if rank is None or rank.bloc_percentile is None:
        return ""
    return percentile_in_words(rank.bloc_percentile)


def relative_in_words(row: EvidenceRow) -> str:
    """The change less the median change of the others: what is left when everybody's is taken off."""
    if row.shift is None or row.shift.rank is None:
        return NOTHING
    unit = " pp" if row.measured_in.startswith("share") else ""
    return number(row.shift.change.estimate - row.shift.rank.median, row, signed=True) + unit


def window_in_words(window: Window) -> str:
    """``"2004-2013 against 2014 and after"``."""
    if window.after_end is None:
        start = f"{window.before_start}-{window.before_end} against {window.after_start} and after"
        return f"{start}, to the end of each line’s data"
    return str(window)


def unit_in_words(row: EvidenceRow) -> str:
    """The unit of the levels: ``"share of recorded imports, %"``."""
    return f"{row.measured_in}, %" if row.measured_in.startswith("share") else row.measured_in


def change_unit_in_words(row: EvidenceRow) -> str:
    """The unit of the change of the gap."""
    return "percentage points" if row.measured_in.startswith("share") else row.measured_in


def spans_in_words(coverage: Coverage) -> str:
    """``"2004-2013 against 2014-2024"``."""
    spans = (coverage.before, coverage.after)
    return " against ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in spans)


def last_year(row: EvidenceRow) -> int:
    """The last year that the row's data reach."""
    return (
        row.coverage.after[1]
        if row.series is None or not row.series.years.size
        else int(row.series.years[-1])
    )


def standing_in_words(row: EvidenceRow, names: Names) -> str:
    """Where the change stands among all states, or why it stands nowhere."""
    if row.shift is not None:
        return rank_in_words(row.shift, names)
    if row.status == "short":
        before, after = row.coverage.years_before, row.coverage.years_after
        return f"{before} years before and {after} after; {MIN_YEARS} of each are needed"
    return "the data hold one year: a level, no change" if row.status == "level" else "; ".join(row.missing)


def unusual_in_words(row: EvidenceRow, names: Names) -> str:
    """Whether the change is outside the middle 90 % of all states."""
    if row.status != "ranked":
        return "not ranked"
    if row.unusual:
        return (
            f"outside the middle 90 % of states, toward {names[1] if row.unusual == 'toward' else names[2]}"
        )
    return "within the middle 90 % of states"


def everybody_in_words(row: EvidenceRow) -> str:
    """What all other states did meanwhile."""
    rank = None if row.shift is None else row.shift.rank
    if rank is None:
        return ""
    low, middle, high = (number(value, row, signed=True) for value in (rank.lower, rank.median, rank.upper))
    unit = " pp" if row.measured_in.startswith("share") else ""
    return (
        f"The middle 90 % of the others changed by {low} to {high}{unit}, their median by {middle}{unit}; "
        f"less that median it changed by {relative_in_words(row)}."
    )


def furthest_in_words(row: EvidenceRow, names: Names, count: int = 3) -> str:
    """Who moved furthest toward either pole, so that a reader can place the state."""
    if row.shifts is None or row.shift is None:
        return ""
    codes, changes = row.shifts.placebos()
    order = np.argsort(changes, kind="stable")
    sides = ((names[1], order[::-1], 1), (names[2], order, -1))
    said = []
    for pole, ranking, sign in sides:
        movers = [i for i in ranking[:count] if sign * changes[i] > 0]
        if movers:
            moved = (f"{_state_name(codes[i])} {number(float(changes[i]), row, signed=True)}" for i in movers)
            said.append(f"furthest toward {pole}: {', '.join(moved)}")
    sentence = "; ".join(said)
    return f"{capital(sentence)}." if sentence else ""


def path_title(row: EvidenceRow, names: Names) -> str:
    """The finding that the chart of paths shows."""
    return f"{capital(names[0])}: {row.direction if row.shift is not None else standing_in_words(row, names)}"


def cloud_title(row: EvidenceRow, names: Names) -> str:
    """The finding that the chart of all states shows."""
    return f"{capital(names[0])}: {standing_in_words(row, names)}"


def level_title(row: EvidenceRow, names: Names) -> str:
    """What the chart of one year shows."""
    toward, away = level_in_words(row, 0), level_in_words(row, 1)
    return f"{capital(names[0])}: {toward} with {names[1]}, {away} with {names[2]}"


def path_sentence(row: EvidenceRow, names: Names) -> str:
    """The chart of paths, for a reader who does not see it."""
    lead = f"{row.title}, paths by year ({unit_in_words(row)}), {spans_in_words(row.coverage)}: "
    if row.shift is None:
        return f"{lead}{standing_in_words(row, names)}."
    toward, away = level_in_words(row, 0), level_in_words(row, 1)
    return f"{lead}{names[0]} with {names[1]} {toward}, with {names[2]} {away}."


def cloud_sentence(row: EvidenceRow, names: Names) -> str:
    """The chart of all states, for a reader who does not see it."""
    lead = f"{row.title}, change of the gap in all states: {names[0]} {change_in_words(row)}"
    rank = f"percentile {percentile(row)}, {standing_in_words(row, names)}"
    return f"{lead}, {rank}. {everybody_in_words(row)}".strip()


def level_sentence(row: EvidenceRow, names: Names) -> str:
    """The chart of one year, for a reader who does not see it."""
    return f"{row.title} ({unit_in_words(row)}), {row.coverage.after[1]}. {level_title(row, names)}."


def path_note(row: EvidenceRow) -> str:
    """Unit, number of years, source and last year of the chart of paths."""
    coverage = row.coverage
    n = f"n = {coverage.years_before} years before and {coverage.years_after} after with data on both"
    return f"Unit: {unit_in_words(row)}. {n}. {source_note(row)}"


def cloud_note(row: EvidenceRow) -> str:
    """Unit, number of states, source and last year of the chart of all states."""
    unit = f"Unit: change of the gap, {change_unit_in_words(row)}"
    return f"{unit}. n = {row.coverage.states} other states. {source_note(row)}"


def level_note(row: EvidenceRow) -> str:
    """Unit, number of states, source and year of the chart of one year."""
    n = f"n = {row.coverage.states} states; the ticks are the others"
    return f"Unit: {unit_in_words(row)}. {n}. {source_note(row)}"


def source_note(row: EvidenceRow) -> str:
    """``"Source: …, as of …; data to 2024."``."""
    sources = "; ".join(
        dict.fromkeys(f"{source.source}, as of {source.as_of}" for source in row.coverage.sources)
    )
    return f"Source: {sources}; data to {last_year(row)}."


def day_in_words(day: date, precision: str) -> str:
    """A date as exactly as it is known: ``"2 June 2014"``, ``"June 2014"``, ``"2014"``."""
    month = calendar.month_name[day.month]
    return {"day": f"{day.day} {month} {day.year}", "month": f"{month} {day.year}"}.get(
        precision, f"{day.year}"
    )


def host(address: str) -> str:
    """The site of an address, to show as its link."""
    return _split(address)[1].removeprefix("www.") or address


def is_link(address: str) -> bool:
    """Whether an address may become a link: never one that runs a script."""
    return _split(address)[0] in ("http", "https")


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def signal_in_words(signal: str) -> str:
    """What kind of act a line shows: ``"a costly signal"``."""
    return f"a {signal} signal"


def unscored_in_words(lines: Sequence[Unscored]) -> dict[str, str]:
    """What brings the data of lines without any, each command once, with the titles that it serves."""
    titles: dict[str, list[str]] = {}
    for line in lines:
        titles.setdefault(" && ".join(line.commands), []).append(f"{line.title} ({line.signal})")
    return {command: ", ".join(each) for command, each in titles.items()}


def blind_spots(rows: Sequence[EvidenceRow]) -> dict[str, list[str]]:
    """What no row can see, each once, with the titles of the rows that share it."""
    spots: dict[str, list[str]] = {}
    for row in rows:
        for spot in row.blind_to:
            spots.setdefault(spot, []).append(row.title)
    return spots


def sources_used(rows: Sequence[EvidenceRow]) -> dict[Provenance, list[str]]:
    """Every source once, with the titles of its rows; tables of one source differ only in their hash."""
    used: dict[Provenance, list[str]] = {}
    for row in rows:
        for source in dict.fromkeys(replace(each, sha256="") for each in row.coverage.sources):
            used.setdefault(source, []).append(row.title)
    return used


def _state_name(code: str) -> str:
    from tropism.states import find_state

    try:
        return find_state(code, territories=True).name
    except UnknownStateError:
        return code
