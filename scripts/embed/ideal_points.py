"""Ideal points from UN votes for ten sets of roll calls, compact enough to carry: see `compact`.

Votes and the list of repeated resolutions come from the shared folder. Every fit stands on the same scale
(`un_reference`); the sign is that of the United States. 8,000 draws keep the noise of what is stored well
below that of the 1,000 draws that a user would take.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from embed import SHARED, Built
from embed.un_votes import NOTES, PROVENANCE
from tropism.series import Provenance
from tropism.states import from_cow
from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points
from tropism.votes.ideal_points.compact import compress, tabulate
from tropism.votes.un_reference import reference_positions
from tropism.votes.vote_sets import select_rollcalls

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLES = ("ideal_points", "ideal_point_factors", "ideal_point_sessions")

#: The ten sets, the default one first.
VOTE_SETS = (
    "all", "no-nuclear", "important", "contested", "middle-east", "nuclear", "disarmament", "human-rights",
    "colonialism", "economic",
)  # fmt: skip
DRAWS = 8000
SEED = 1
#: Below this probability the dimension is not said to tell the poles apart.
SEPARATED = 0.95

MATCHES = "Data/Matches.csv of github.com/evoeten/United-Nations-General-Assembly-Votes-and-Ideal-Points"
PAPER = (
    "Bailey, Strezhnev and Voeten (2017), Estimating Dynamic State Preferences from United Nations Voting "
    "Data, Journal of Conflict Resolution 61(2)."
)
FITTED = Provenance(
    source=f"Ideal points computed from {PROVENANCE.source}",
    licence="CC0 1.0 (votes); MIT (list of repeated resolutions)",
    as_of=PROVENANCE.as_of,
    version=f"{PROVENANCE.version}; repeated resolutions: {MATCHES}, commit a6dce7e (MIT)",
    citation=f"{PROVENANCE.citation} Repeated resolutions: {PAPER}",
    url=PROVENANCE.url,
)


def votes() -> pd.DataFrame:
    """Every vote cast, with the state that its code meant in that session."""
    cast = pd.read_parquet(SHARED / "unga" / "votes.parquet", columns=["rcid", "session", "ccode", "vote"])
    codes = cast[["ccode", "session"]].drop_duplicates().assign(year=lambda frame: frame["session"] + 1945)
    pairs = zip(codes["ccode"].tolist(), codes["year"].tolist(), strict=True)
    codes["iso3"] = [from_cow(code, year).iso3 for code, year in pairs]
    return cast.merge(codes, on=["ccode", "session"])[["iso3", "rcid", "session", "year", "vote"]]


def fit(cast: pd.DataFrame, vote_set: str, *, draws: int = DRAWS, seed: int = SEED) -> IdealPoints:
    """Fit one vote set on the common scale."""
    rollcalls = pd.read_parquet(SHARED / "unga" / "rollcalls.parquet")
    return estimate_ideal_points(
        cast,
        select_rollcalls(rollcalls, vote_set)[["rcid"]],
        bridges=pd.read_csv(SHARED / "unga" / "bsv_matches.csv"),
        reference=reference_positions(),
        anchor="USA",
        draws=draws,
        seed=seed,
    )


def build() -> list[Built]:
    """Fit all vote sets and take their draws apart."""
    logging.getLogger("tropism.votes.vote_sets").setLevel(logging.ERROR)  # what is not known is documented
    cast = votes()
    parts, sessions = [], []
    for name in VOTE_SETS:
        found = fit(cast, name)
        if not found.convergence.converged:
            raise RuntimeError(f"the fit of {name} did not converge: {found.convergence}")
        parts.append(tabulate(compress(found), name))
        sessions.append(_sessions(found, name))
    method = (
        "Fits of tropism.votes.estimate_ideal_points with default settings (ordered probit, Gaussian "
        f"random walk), {DRAWS:,} joint draws each; bridges: the repeated resolutions that Bailey, Strezhnev "
        "and Voeten list."
    )
    scale = (
        "0 and 1 are mean and sd of the same 3,068 positions in every vote set (118 states, sessions 47-72); "
        "positive is the side of the United States."
    )
    table = pd.concat(sessions, ignore_index=True)
    return [
        Built(
            "ideal_points",
            pd.concat([each.points for each in parts], ignore_index=True),
            FITTED,
            (*NOTES, method, scale, *_apart(table)),
        ),
        Built(
            "ideal_point_factors",
            pd.concat([each.factors for each in parts], ignore_index=True),
            FITTED,
            (method,),
        ),
        Built("ideal_point_sessions", table, FITTED, (method, *_apart(table))),
    ]


def _sessions(found: IdealPoints, vote_set: str) -> pd.DataFrame:
    """What each session rests on, and whether its positions tell the poles apart."""
    session, at = np.unique(found.session, return_index=True)
    apart = pd.concat([found.poles_apart("USA", pole) for pole in ("SUN", "RUS") if pole in found.units])
    separated = apart.drop_duplicates("session").set_index("session")["probability"]
    counts = dict(zip(*np.unique(found.rollcall_session, return_counts=True), strict=True))
    return pd.DataFrame(
        {
            "vote_set": vote_set,
            "year": found.year[at],
            "session": session,
            "rollcalls": [counts[each] for each in session],
            "bridges": pd.array([*found.boundary_bridges.tolist(), None], dtype="Int16"),
            "poles_apart": separated.reindex(session).round(3).to_numpy(),
        }
    )


def _apart(table: pd.DataFrame) -> Sequence[str]:
    """Where the dimension of a vote set does not tell the United States and Russia apart, in words."""
    notes = []
    for name, group in table.groupby("vote_set", sort=False):
        known = group["poles_apart"].notna()
        weak = known & (group["poles_apart"] < SEPARATED)
        since = group["year"] >= 1992
        notes.append(
            f"{name}: the United States and the Soviet Union or Russia stand more than 1 sd apart with "
            f"probability {SEPARATED:g} or more in {int((known & ~weak).sum())} of {int(known.sum())} "
            f"sessions, {int((known & ~weak & since).sum())} of {int((known & since).sum())} since 1992."
        )
    return notes
