"""Roll-call votes in the UN General Assembly: Voeten's file, one row per roll call and country.

Layout of ``UNVotes.csv`` as its readers on public sites show it: comma separated, first column a row
number without a name, then among others ``rcid`` (roll call), ``ccode`` (Correlates of War number, also
written ``2.0``; empty for some rows), ``vote``, ``Countryname``, ``session``, ``date`` (ISO) and ``resid``
(session * 1000 + place in the session). The release of 2022 calls the file ``UNVotes-1.csv`` and has a
column ``year`` besides; archives may also serve it tab separated. All are read, and so are copies in Parquet
whose column ``country`` is the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError, UnknownStateError
from tropism.sources.roll_calls import absences, tabulated
from tropism.sources.source import Remote, Source, Years
from tropism.sources.state_codes import with_states
from tropism.states import find_state, from_cow
from tropism.tables.files import (
    Part,
    dates,
    read_data,
    tell_apart,
    whole_numbers,
    within,
    without_repeats,
)

if TYPE_CHECKING:
    import pandas as pd

CAST = (1, 2, 3)  # yes, abstain, no
ABSENT, NO_MEMBER = 8, 9
_COLUMNS = ("rcid", "ccode", "session", "date", "vote")
_OPTIONAL = ("resid", "Countryname", "country")


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read Voeten's file as ``un_votes``, and those that it records as absent (8) as ``un_absences``.

    Who was not a member (9) makes no row. A row that repeats another with the same vote is dropped. A vote
    whose country code is empty or unknown is looked up by the country's name; if that fails too it is left
    out with a warning.

    Raises
    ------
    SchemaError
        If the layout is another: a column lacks, a value is no number or date, a vote code is unknown,
        more than one vote in a hundred has no known state, or a state votes twice in a roll call and
        differently.
    """
    import pandas as pd

    found = tell_apart(files, {"votes": _COLUMNS}, what="Voeten's General Assembly votes")
    frame = pd.concat([_read(part) for part in found["votes"]])
    sides = {"iso3": ("country", "ccode", "year")}
    voted = frame["vote"] != ABSENT
    cast = with_states(frame[voted], sides, _state, what="unga: votes")
    columns = ["rcid", "iso3", "year", "session", "vote"]
    votes = without_repeats(cast[columns], ["rcid", "iso3"], what="unga: votes")
    votes = votes.assign(vote_date=votes["rcid"].map(_date_of_roll_call(cast)))
    # The votes have shown whether the codes are right: an absence under another code is no reason to refuse.
    absent = with_states(frame[~voted], sides, _state, what="unga: absences", most_unknown=1.0)
    return {
        "un_votes": tabulated(within(votes, years)),
        "un_absences": absences(within(absent, years), votes, what="unga: absences"),
    }


def _read(part: Part) -> pd.DataFrame:
    """Votes and absences of one file; the index counts its rows."""
    import pandas as pd

    raw = read_data(part, columns=_COLUMNS, optional=_OPTIONAL, delimiters=",\t", nulls=("", "NA"))
    vote = whole_numbers(raw, "vote", file=part, needed=True)
    unknown = pc.invert(pc.is_in(vote, value_set=pa.array((*CAST, ABSENT, NO_MEMBER))))
    if pc.any(unknown).as_py():
        row = pc.index(unknown, True).as_py()
        raise SchemaError(
            f"{part}: holds vote {vote[row].as_py()} in row {row + 1}; known are 1 yes, 2 abstain, 3 no, "
            "8 absent, 9 not a member."
        )
    raw = raw.append_column("row", pa.array(range(raw.num_rows)))
    raw = raw.filter(pc.is_in(vote, value_set=pa.array((*CAST, ABSENT))))
    numbers = {
        name: whole_numbers(raw, name, file=part, needed=name == "session")
        for name in ("ccode", "session", "vote", "rcid", "resid")
        if name in raw.column_names
    }
    # Recent sessions may lack rcid; resid then numbers the roll call.
    number = pc.coalesce(numbers["rcid"], numbers.get("resid", numbers["rcid"]))
    if number.null_count:
        row = raw["row"][pc.index(pc.is_null(number), True).as_py()].as_py() + 1
        raise SchemaError(f"{part}: has a vote without rcid in row {row}: the roll call cannot be told.")
    code = pc.fill_null(numbers["ccode"], 0)
    names = [raw[name].cast(pa.string()) for name in ("Countryname", "country") if name in raw.column_names]
    return pd.DataFrame(
        {
            "rcid": number.to_pandas(),
            "ccode": code.to_pandas(),
            "country": pc.coalesce(*names, code.cast(pa.string())).to_pandas(),
            "session": numbers["session"].to_pandas(),
            "year": pc.add(numbers["session"], 1945).to_pandas(),
            "vote_date": dates(raw, "date", file=part).to_pandas(),
            "vote": numbers["vote"].to_pandas(),
        }
    ).set_index(raw["row"].to_numpy())


def _state(country: str, code: int, year: int) -> str:
    """The state of a number of the Correlates of War, else of a name."""
    try:
        return from_cow(code, year).iso3
    except UnknownStateError:
        return find_state(country).iso3


def _date_of_roll_call(frame: pd.DataFrame) -> pd.Series:
    """The date most rows of a roll call give: in recent sessions it differs between a few states."""
    counted = frame.groupby(["rcid", "vote_date"]).size().reset_index(name="rows")
    counted = counted.sort_values(["rows", "vote_date"], ascending=[False, True])
    return counted.drop_duplicates("rcid").set_index("rcid")["vote_date"]


def _files(years: Years) -> tuple[Remote, ...]:
    # The archive renames files from release to release and replaces them in place: hence no hash.
    return (Remote("doi:10.7910/DVN/LEJUQZ/UNVotes.csv"),)


SOURCE = Source(
    name="unga",
    title="United Nations General Assembly Voting Data (Voeten, Strezhnev and Bailey)",
    tables=("un_votes", "un_absences"),
    version="layout of the releases of 2022 to 2024 (sessions 1-78)",
    years="1946-2023",
    licence="CC0 1.0",
    terms="Free for any use; scholars cite the data set and Bailey, Strezhnev and Voeten (2017).",
    citation=(
        "Voeten, Erik, Anton Strezhnev and Michael Bailey (2009), United Nations General Assembly Voting "
        "Data, Harvard Dataverse, doi:10.7910/DVN/LEJUQZ. Bailey, Michael A., Anton Strezhnev and Erik "
        "Voeten (2017), Estimating Dynamic State Preferences from United Nations Voting Data, Journal of "
        "Conflict Resolution 61(2), 430-456."
    ),
    page="https://doi.org/10.7910/DVN/LEJUQZ",
    parse=parse,
    files=_files,
    oddities=(
        "To mid-1997 only year and month of a roll call can be relied on.",
        "Yemen in autumn 1990 votes under the code of North Yemen.",
    ),
)
