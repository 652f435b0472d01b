"""Positions as of each documented case: fits to the votes up to its as-of year, for the naive rules."""

from __future__ import annotations

import logging

import pandas as pd

from embed import SHARED, Built
from embed.ideal_points import FITTED, votes
from tropism.backtesting.measured import triad_of, window_of
from tropism.explanations.cases import HORIZONS, labelled
from tropism.states import seat_in
from tropism.votes.ideal_points import estimate_vintages
from tropism.votes.vote_sets import select_rollcalls

TABLES = ("vintage_positions",)

#: Only means are kept.
DRAWS = 200


def build() -> list[Built]:
    """Fit the votes up to each as-of year and keep the positions of the cases' states in their windows."""
    logging.getLogger("tropism.votes.vote_sets").setLevel(logging.ERROR)  # what is not known is documented
    cast = votes()
    last = int(cast["year"].max())
    wanted: dict[int, set[tuple[str, int]]] = {}
    for row in labelled():
        for horizon in HORIZONS:
            window = window_of(row.start, horizon)
            assert window.after_end is not None
            years = range(window.before_start, min(window.after_end, last) + 1)
            triad = triad_of(row)
            asked = wanted.setdefault(min(window.after_end, last), set())
            asked |= {(state, year) for state in (triad.state, *triad.poles) for year in years}
    rollcalls = pd.read_parquet(SHARED / "unga" / "rollcalls.parquet")
    parts = []
    for session, found in estimate_vintages(
        cast,
        select_rollcalls(rollcalls, "all")[["rcid"]],
        sessions=sorted(year - 1945 for year in wanted),
        bridges=pd.read_csv(SHARED / "unga" / "bsv_matches.csv"),
        anchor="USA",
        draws=DRAWS,
    ):
        of_unit = found.tidy().set_index(["unit", "year"])["estimate"]
        rows = [
            (session + 1945, state, year, round(float(of_unit[at]), 4))
            for state, year in sorted(wanted[session + 1945])
            if (at := (seat_in(state, year), year)) in of_unit.index
        ]
        parts.append(pd.DataFrame(rows, columns=["as_of_year", "iso3", "year", "estimate"]))
    return [
        Built(
            "vintage_positions",
            pd.concat(parts, ignore_index=True),
            FITTED,
            (
                "Fits of tropism.votes.estimate_vintages to all roll calls up to the as-of year, each on the "
                "scale of its own votes. Who took over a seat has the predecessor's positions before.",
            ),
        )
    ]
