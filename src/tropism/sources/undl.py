"""Roll-call votes on adopted resolutions of the UN General Assembly, from the UN Digital Library.

``<date>_ga_voting.csv`` (record 4060887): one row per resolution and member, with ``undl_id`` (number of
the voting record), ``ms_code``, ``ms_name`` (as it was at the time), ``ms_vote`` (Y, N, A, X for no vote),
``date``, ``session`` ("78", but also "ES-10" for special sessions), ``title``, ``agenda_title`` and counts.

The roll call's number (``rcid``) is ``undl_id``: it stays the same from release to release and leads back
to the record. It has six digits or more, so that it is never one of Voeten's, and votes of the two sources
cannot be joined by it. Special sessions count to the regular one that had opened before, as in Voeten's
data; session n opens in September of n + 1945.

Votes on paragraphs and amendments, and on drafts that failed, are not in the file; issues and important
votes are not marked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.roll_calls import absences, tabulated
from tropism.sources.source import Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.tables.files import (
    Part,
    dates,
    numbers,
    read_data,
    tell_apart,
    whole_numbers,
    within,
    without_repeats,
)

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_COLUMNS = ("undl_id", "ms_code", "ms_name", "ms_vote", "date", "session", "title")
_COUNTS = {"total_yes": "Y", "total_no": "N", "total_abstentions": "A"}
_VOTES = {"Y": 1, "A": 2, "N": 3}
_NOT_CAST = ("X", "NV")
#: Codes that are not, or were not then, ISO's: the Federal Republic of Germany.
_CODES = {"GER": "DEU"}
#: Smaller numbers may be Voeten's: session * 1000 + place.
_LEAST_ID = 200_000
#: More roll calls than this whose votes are not as many as the record says mean that rows are missing.
_MOST_INCOMPLETE = 0.02


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read votes as ``un_votes``, members that cast none as ``un_absences``, roll calls as ``un_rollcalls``.

    Years are those of sessions.

    Raises
    ------
    SchemaError
        If the layout is another, a vote or date is unknown, a state votes twice in a roll call and
        differently, more than one vote in a hundred has no known state, or more than one roll call in fifty
        has other numbers of votes than its record says: then rows are missing.
    """
    import pandas as pd

    found = tell_apart(files, {"votes": _COLUMNS}, what="the UN Digital Library's General Assembly votes")
    frame = within(pd.concat([_rows(part) for part in found["votes"]]), years)
    sides = {"iso3": ("ms_code", "ms_name", "date_year")}
    voted = frame["ms_vote"].isin(list(_VOTES))
    cast = with_states(frame[voted], sides, _state, what="undl: votes")
    absent = with_states(frame[~voted], sides, _state, what="undl: absences", most_unknown=1.0)
    cast = cast.assign(vote=cast["ms_vote"].map(_VOTES))
    columns = ["rcid", "iso3", "year", "session", "vote_date", "vote"]
    votes = without_repeats(cast[columns], ["rcid", "iso3"], what="undl: votes")
    calls = _rollcalls(frame, votes)
    return {
        "un_votes": tabulated(votes),
        "un_absences": absences(absent, votes, what="undl: absences"),
        "un_rollcalls": pa.Table.from_pandas(calls, preserve_index=False),
    }


def _rows(part: Part) -> pd.DataFrame:
    import pandas as pd

    raw = read_data(part, columns=_COLUMNS, optional=tuple(_COUNTS))
    voted = raw["ms_vote"].to_pandas().str.strip().str.upper()
    odd = ~voted.isin([*_VOTES, *_NOT_CAST])
    if odd.any():
        row = odd[odd].index[0]
        raise SchemaError(
            f"{part}: holds vote {voted[row]!r} in row {row + 1}; known are Y, N, A and X (no vote). Look at "
            "the row: columns may have moved."
        )
    date = dates(raw, "date", file=part, needed=True)
    number = whole_numbers(raw, "undl_id", file=part, needed=True)
    frame = pd.DataFrame(
        {
            "rcid": number.to_pandas(),
            "ms_code": raw["ms_code"].to_pandas(),
            "ms_name": raw["ms_name"].to_pandas(),
            "ms_vote": voted,
            "vote_date": date.to_pandas(),
            "session": raw["session"].cast(pa.string()).to_pandas(),
            "title": raw["title"].to_pandas(),
            **{name: _count(raw, name, part) for name in _COUNTS},
        }
    )
    if frame["rcid"].min() < _LEAST_ID:
        row = int(frame["rcid"].to_numpy().argmin()) + 1
        raise SchemaError(
            f"{part}: undl_id {frame['rcid'].min()} in row {row} may be a roll call of Voeten's; expected "
            "six digits or more. Give the file as the Digital Library has it."
        )
    days = pd.to_datetime(frame["vote_date"])
    frame["date_year"] = days.dt.year
    regular = pd.to_numeric(frame["session"].where(frame["session"].str.fullmatch(r"\d+(\.0)?")))
    frame["session"] = regular.fillna(_session_on(days)).astype("int64")
    frame["year"] = frame["session"] + 1945
    return frame


def _session_on(days: pd.Series) -> pd.Series:
    """The regular session that had opened last: the next opens in the middle of September."""
    opened = (days.dt.month * 100 + days.dt.day >= 915).astype("int64")
    return (days.dt.year - 1946 + opened).clip(lower=1)


def _count(raw: pa.Table, column: str, part: Part) -> pd.Series | None:
    return numbers(raw, column, file=part).to_pandas() if column in raw.column_names else None


def _state(code: str, name: str, year: int) -> str | None:
    """The state of a code, else of the name that it had: a code may be today's."""
    for text in (_CODES.get(code, code), name):
        if isinstance(text, str):
            try:
                found = named_in(text, int(year))
            except LookupError:
                continue
            if found.present(int(year)):
                return found.iso3
    return named_in(_CODES.get(code, code), int(year)).iso3


def _rollcalls(frame: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    columns = ["session", "year", "vote_date", "title", *_COUNTS]
    calls = frame.groupby("rcid")[columns].first()
    cast = pd.crosstab(votes["rcid"], votes["vote"]).reindex(columns=[1, 2, 3], fill_value=0)
    cast = cast.reindex(calls.index, fill_value=0)
    _refuse_missing_votes(calls, cast)
    return pd.DataFrame(
        {
            "session": calls["session"],
            "year": calls["year"],
            "vote_date": calls["vote_date"],
            "yes": cast[1],
            "abstain": cast[2],
            "no": cast[3],
            "importantvote": None,
            "amend": False,
            "para": False,
            **dict.fromkeys(("me", "nu", "di", "hr", "co", "ec")),
            "title": calls["title"],
        }
    ).reset_index()


def _refuse_missing_votes(calls: pd.DataFrame, cast: pd.DataFrame) -> None:
    stated = calls[list(_COUNTS)].astype("float64")
    counted = cast[[_VOTES[letter] for letter in _COUNTS.values()]].to_numpy()
    known = stated.notna().all(axis=1)
    wrong = known & (stated.fillna(0).to_numpy() != counted).any(axis=1)
    if not wrong.any():
        return
    first = wrong[wrong].index[0]
    place = list(calls.index).index(first)
    problem = (
        f"undl: {wrong.sum()} of {known.sum()} roll calls have other numbers of votes than their record "
        f"says; first undl_id {first}: {counted[place].tolist()} yes, no and abstentions, the record says "
        f"{stated.loc[first].astype(int).tolist()}"
    )
    # A cut-off file lacks the end of one roll call: that alone is only said.
    if wrong.sum() > max(1, _MOST_INCOMPLETE * known.sum()):
        raise SchemaError(f"{problem}. Rows are missing: get the file again.")
    log.warning("%s", problem)


SOURCE = Source(
    name="undl",
    title="United Nations General Assembly Voting Data (Dag Hammarskjöld Library)",
    tables=("un_votes", "un_absences", "un_rollcalls"),
    version="layout of the releases of 2025 and 2026",
    years="1946-",
    licence="UN terms, non-commercial",
    terms=(
        "Copyright, United Nations; non-commercial use with attribution, see "
        "https://www.un.org/en/about-us/terms-of-use."
    ),
    citation=(
        "United Nations Dag Hammarskjöld Library, General Assembly Voting Data, United Nations, "
        "https://digitallibrary.un.org/record/4060887."
    ),
    page="https://digitallibrary.un.org/record/4060887",
    parse=parse,
    by_hand=(
        "Open https://digitallibrary.un.org/record/4060887 in a browser and save the newest file whose name "
        "ends in ga_voting.csv; its name changes with every release."
    ),
    oddities=(
        "Only adopted resolutions are in it: votes on paragraphs, amendments and failed drafts are missing.",
        "Issues and important votes are not marked: named vote sets that rest on them stay empty.",
        "Roll calls bear the library's numbers: do not mix them with Voeten's in one table.",
    ),
)
