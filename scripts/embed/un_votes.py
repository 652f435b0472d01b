"""UN General Assembly votes: joint votes of every dyad, and roll calls contested between two poles.

Source: Voeten's voting data, prepared in the shared folder as one row per state and roll call (absent
and non-member rows left out) with the absences of sessions 1-70 in a second file.

Who was a member, for ``took_no_part``: in sessions 1-70 a state is a member on a roll call if the source
has a vote or an absence of it. For sessions 71-78 the source as published records no absences; there a
state that cast at least one vote in the session is taken as a member for the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from embed import SHARED, Built
from tropism.series import Provenance
from tropism.states import from_cow
from tropism.votes.similarity import joint_counts

TABLES = ("un_vote_counts", "un_contested_votes")

#: COW codes of the states that contested roll calls are counted between: USA, United Kingdom, France,
#: Germany (260 before unification, 255 after), Soviet Union and Russia, Iran, Turkey, China, Japan, India.
POLES = (2, 200, 220, 255, 260, 365, 630, 640, 710, 740, 750)
YES, ABSTAIN, NO, ABSENT = 1, 2, 3, 8
#: The last session for which the source has absences.
LAST_WITH_ABSENCES = 70

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
    counts = joint_counts(rows[rows["vote"] != ABSENT].drop(columns="session"))
    contested = [_contested(*session) for session in _sessions(rows)]
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
            table=pd.concat(contested, ignore_index=True).sort_values(
                ["year", "iso3", "pole_1", "pole_2"]  # the order that compresses best
            ),
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


def _sessions(rows: pd.DataFrame) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Every session as arrays.

    Yields
    ------
    session : int
    states : ndarray of str, shape (states,)
        ISO3, in alphabetical order.
    cast : ndarray of int, shape (states, roll calls)
        1 yes, 2 abstain, 3 no; 0 where the state cast no vote.
    member : ndarray of bool, shape (states, roll calls)
    """
    for session in sorted(rows["session"].unique().tolist()):
        group = rows[rows["session"] == session]
        # pivot refuses a state with two rows for one roll call
        wide = group.pivot(index="iso3", columns="rcid", values="vote").sort_index()
        recorded = wide.fillna(0).to_numpy(int)
        member = recorded > 0 if session <= LAST_WITH_ABSENCES else np.ones(recorded.shape, dtype=bool)
        yield session, wide.index.to_numpy(str), np.where(recorded == ABSENT, 0, recorded), member


def _contested(session: int, states: np.ndarray, cast: np.ndarray, member: np.ndarray) -> pd.DataFrame:
    """How each state voted on the roll calls that set two poles against each other."""
    poles = sorted({from_cow(code, session + 1945).iso3 for code in POLES} & set(states.tolist()))
    frames = []
    for one, two in combinations(poles, 2):
        first, second = (cast[np.flatnonzero(states == pole)[0]] for pole in (one, two))
        opposed = ((first == YES) & (second == NO)) | ((first == NO) & (second == YES))
        here, there = cast[:, opposed], member[:, opposed]
        frame = pd.DataFrame(
            {
                "iso3": states,
                "pole_1": one,
                "pole_2": two,
                "year": session + 1945,
                "contested": there.sum(axis=1),
                "with_1": (here == first[opposed]).sum(axis=1),
                "with_2": (here == second[opposed]).sum(axis=1),
                "abstained": (here == ABSTAIN).sum(axis=1),
                "took_no_part": (there & (here == 0)).sum(axis=1),
            }
        )
        frames.append(frame[(frame["contested"] > 0) & ~frame["iso3"].isin((one, two))])
    return pd.concat(frames, ignore_index=True)
