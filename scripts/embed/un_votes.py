"""UN General Assembly votes: joint votes of every dyad, and roll calls contested between two poles.

Source: Voeten's voting data, prepared in the shared folder as one row per state and roll call (absent
and non-member rows left out) with the absences of sessions 1-70 in a second file.

Who was a member, for ``took_no_part``: in sessions 1-70 a state is a member on a roll call if the source
has a vote or an absence of it. For sessions 71-78 the source as published records no absences; there a
state that cast at least one vote in the session is taken as a member for the whole of it.
"""

from __future__ import annotations

import pandas as pd

from embed import SHARED, Built
from tropism.series import Provenance
from tropism.states import from_cow
from tropism.votes.contested import contested_counts
from tropism.votes.similarity import joint_counts

TABLES = ("un_vote_counts", "un_contested_votes")

ABSENT = 8

PROVENANCE = Provenance(
    source="Voeten, United Nations General Assembly Voting Data",
    licence="CC0 1.0",
    as_of="2024-06-04",
    version=(
        "sessions 1-74: release of February 2021, as in unvotes (commit 7eb7034); sessions 75-78: release of "
        "June 2024, as in fpsim (commit 87d29f4); absences of sessions 1-70: release of 2016, as in unvotes"
    ),
    citation=(
        "Voeten, Erik, Anton Strezhnev and Michael Bailey (2009), United Nations General Assembly Voting "
        "Data, Harvard Dataverse, hdl:1902.1/12379."
    ),
    url="https://doi.org/10.7910/DVN/LEJUQZ",
)
NOTES = (
    "A year is a session: session + 1945, from September to the next summer. The last vote is of 2024-06-04 "
    "(session 78, year 2023).",
    "The emergency session on Ukraine (ES-11, six resolutions from March 2022 to February 2023) is not in "
    "the source; nor is any vote between 2021-12-24 and 2022-11-03.",
    "Session 19 (1964) holds one roll call.",
    "Sessions 75-78 come from a later release than sessions 1-74.",
    "China is CHN (the People's Republic) from its seating in session 26, TWN (the Republic of China) to it; "
    "the Soviet seat is SUN to session 46 (1991), RUS from session 47.",
)


def build() -> list[Built]:
    """Count joint votes of all dyads, and how each state voted where two poles were opposed."""
    votes = pd.read_parquet(SHARED / "unga" / "votes.parquet", columns=["rcid", "session", "ccode", "vote"])
    absences = pd.read_parquet(SHARED / "unga" / "absences_s1_70.parquet")
    rows = _with_states(pd.concat([votes, absences], ignore_index=True))
    cast, absent = (rows[(rows["vote"] == ABSENT) == away] for away in (False, True))
    # A few absences are filed under another session than the votes on their roll call: they are not used.
    absent = absent[absent["session"] == absent["rcid"].map(cast.groupby("rcid")["session"].first())]
    counts = joint_counts(cast.drop(columns="session"))
    contested = contested_counts(cast, absent).to_pandas()
    return [
        Built(
            name="un_vote_counts",
            # As text: the check then numbers the codes in order of appearance, as in the file so far.
            table=counts.to_pandas().astype({"iso3_a": str, "iso3_b": str}),
            provenance=PROVENANCE,
            notes=(*NOTES, "A dyad without a joint roll call in a session has no row."),
        ),
        Built(
            name="un_contested_votes",
            table=contested,  # in the order that compresses best
            provenance=PROVENANCE,
            notes=(
                *NOTES,
                "contested counts the roll calls on which the state was a member, so that it is the sum of "
                "with_1, with_2, abstained and took_no_part. The two poles themselves have no row.",
                "A member on a roll call: in sessions 1-70 a state with a vote or a recorded absence; in "
                "sessions 71-78, where absences are not recorded, a state that voted at least once in the "
                "session. A state that never voted in a session (South Africa in 1975-1992, whose "
                "credentials were refused) has rows of absences to session 70 and none after.",
            ),
        ),
    ]


def _with_states(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the state that a COW code meant in its session, and the year that names the session."""
    codes = rows[["ccode", "session"]].drop_duplicates().assign(year=lambda frame: frame["session"] + 1945)
    pairs = zip(codes["ccode"].tolist(), codes["year"].tolist(), strict=True)
    codes["iso3"] = [from_cow(code, year).iso3 for code, year in pairs]
    return rows.merge(codes, on=["ccode", "session"])
