"""Roll-call votes in the UN General Assembly: Voeten's file, one row per roll call and country.

Layout of ``UNVotes.csv`` as its readers on public sites show it: comma separated, first column a row
number without a name, then among others ``rcid`` (roll call), ``ccode`` (Correlates of War number, also
written ``2.0``; empty for some rows), ``vote``, ``Countryname``, ``session``, ``date`` (ISO) and ``resid``
(session * 1000 + place in the session). The release of 2022 calls the file ``UNVotes-1.csv`` and has a
column ``year`` besides; archives may also serve it tab separated. All are read.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError, UnknownStateError
from tropism.sources.source import Source
from tropism.tables.files import read_csv

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

CAST = (1, 2, 3)  # yes, abstain, no
NOT_CAST = (8, 9)  # absent, not a member: no rows in the table
#: More votes than this without a known state mean that codes have changed. One member of 193 is 0.5%.
MOST_UNKNOWN = 0.01


def parse(path: Path) -> dict[str, pa.Table]:
    """Read Voeten's file as ``un_votes``.

    Votes 8 (absent) and 9 (not a member) make no rows. A row that repeats another with the same vote is
    dropped. A vote whose country code is empty or unknown is looked up by the country's name; if that
    fails too it is left out with a warning.

    Raises
    ------
    SchemaError
        If the layout is another: a column lacks, a value is no number or date, a vote code is unknown,
        more than one vote in a hundred has no known state, or a state votes twice in a roll call.
    """
    import pandas as pd

    raw = read_csv(
        path,
        columns=("rcid", "ccode", "session", "date", "vote"),
        optional=("resid", "Countryname"),
        delimiters=",\t",
        nulls=("", "NA"),
    )
    vote = _integers(raw, "vote")
    unknown = pc.invert(pc.is_in(vote, value_set=pa.array(CAST + NOT_CAST, pa.int32())))
    if pc.any(unknown).as_py():
        row = pc.index(unknown, True).as_py()
        raise SchemaError(
            f"the file holds vote {raw['vote'][row].as_py()!r} in row {row + 1}; known are 1 yes, 2 abstain, "
            "3 no, 8 absent, 9 not a member."
        )
    session = _integers(raw, "session")
    # Recent sessions may lack rcid; resid then numbers the roll call.
    number = _integers(raw, "rcid")
    if "resid" in raw.column_names:
        number = pc.coalesce(number, _integers(raw, "resid"))
    frame = pd.DataFrame(
        {
            "row": range(1, raw.num_rows + 1),
            "rcid": number.to_pandas(),
            "ccode": _integers(raw, "ccode").to_pandas(),
            "session": session.to_pandas(),
            "year": pc.add(session, 1945).to_pandas(),
            "vote_date": _dates(raw).to_pandas(),
            "vote": vote.to_pandas(),
            "country": raw["Countryname"].to_pandas() if "Countryname" in raw.column_names else None,
        }
    )
    frame = frame[frame.vote.isin(CAST)]
    for column in ("rcid", "session"):
        if frame[column].isna().any():
            row = frame.row[frame[column].isna()].iloc[0]
            raise SchemaError(f"the file has a vote without {column} in row {row}.")
    frame = _with_states(frame).drop_duplicates(["rcid", "iso3", "vote"])
    frame["vote_date"] = frame.rcid.map(_date_of_roll_call(frame))
    frame = frame.sort_values(["rcid", "iso3"])
    columns = ["rcid", "iso3", "year", "session", "vote_date", "vote"]
    return {"un_votes": pa.Table.from_pandas(frame[columns], preserve_index=False)}


def _with_states(frame: pd.DataFrame) -> pd.DataFrame:
    """Put ``iso3`` for ``ccode``; a few votes without a known state are left out, and said so."""
    from tropism.states import find_state, from_cow

    pairs = frame[["ccode", "year", "country"]].drop_duplicates()

    def iso3(code: float, year: int, country: object) -> str | None:
        if code == code:
            try:
                return from_cow(int(code), int(year)).iso3
            except UnknownStateError:
                pass
        if isinstance(country, str):
            try:
                return find_state(country).iso3
            except UnknownStateError:
                pass
        return None

    pairs["iso3"] = [iso3(*pair) for pair in pairs.itertuples(index=False)]
    frame = frame.merge(pairs, on=["ccode", "year", "country"], how="left")
    lost = frame[frame.iso3.isna()]
    if len(lost) > MOST_UNKNOWN * len(frame):
        first = lost.iloc[0]
        raise SchemaError(
            f"the file has {len(lost)} of {len(frame)} votes without a known state; first in row "
            f"{first.row}: ccode {first.ccode}, {first.country}."
        )
    if len(lost):
        names = lost.country.fillna(lost.ccode.astype(str)).unique()
        log.warning("unga: %d votes left out, of no known state: %s", len(lost), ", ".join(names))
    return frame.dropna(subset=["iso3"])


def _date_of_roll_call(frame: pd.DataFrame) -> pd.Series:
    """The date most rows of a roll call give: in recent sessions it differs between a few states."""
    counted = frame.groupby(["rcid", "vote_date"]).size().reset_index(name="rows")
    counted = counted.sort_values(["rows", "vote_date"], ascending=[False, True])
    return counted.drop_duplicates("rcid").set_index("rcid").vote_date


def _integers(raw: pa.Table, column: str) -> pa.ChunkedArray:
    try:
        return raw[column].cast(pa.float64()).cast(pa.int32())
    except pa.ArrowInvalid:
        raise _wrong(raw, column, "a whole number", lambda text: int(float(text)) == float(text)) from None


def _dates(raw: pa.Table) -> pa.ChunkedArray:
    days = pc.utf8_slice_codeunits(raw["date"], 0, 10)
    try:
        return days.cast(pa.date32())
    except pa.ArrowInvalid:
        raise _wrong(
            raw, "date", "an ISO date", lambda text: bool(datetime.date.fromisoformat(text[:10]))
        ) from None


def _wrong(raw: pa.Table, column: str, expected: str, fits: Callable[[str], bool]) -> SchemaError:
    for row, value in enumerate(raw[column].to_pylist(), 1):
        try:
            good = value is None or fits(value)
        except (ValueError, OverflowError):
            good = False
        if not good:
            return SchemaError(f"the file holds {column} {value!r} in row {row}; expected {expected}.")
    return SchemaError(f"the file's column {column} cannot be read; expected {expected}.")


SOURCE = Source(
    name="unga",
    title="United Nations General Assembly Voting Data (Voeten, Strezhnev and Bailey)",
    tables=("un_votes",),
    version="layout of the releases of 2022 to 2024 (sessions 1-78)",
    licence="CC0 1.0",
    terms="Free for any use; scholars cite the data set and Bailey, Strezhnev and Voeten (2017).",
    citation=(
        "Voeten, Erik, Anton Strezhnev and Michael Bailey (2009), United Nations General Assembly Voting "
        "Data, Harvard Dataverse, doi:10.7910/DVN/LEJUQZ. Bailey, Michael A., Anton Strezhnev and Erik "
        "Voeten (2017), Estimating Dynamic State Preferences from United Nations Voting Data, Journal of "
        "Conflict Resolution 61(2), 430-456."
    ),
    parse=parse,
    doi="10.7910/DVN/LEJUQZ",
    # The archive renames files from release to release and replaces them in place: hence no hash.
    file="UNVotes.csv",
)
