"""Measure vote similarity of all dyads and sessions: seconds from raw votes and from counts, and memory.

    python benchmarks/similarity.py                     # simulated votes of UN size
    python benchmarks/similarity.py VOTES.parquet       # iso3 or unit, rcid, session or year, vote

Beside each figure stands a baseline of the same run, on a part of the data and scaled up: for counts, pandas
merges each session's votes with themselves by roll call and counts by group; for measures, the same
arithmetic dyad by dyad. Nothing is written.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from tropism.votes._kernels import similarity_measures
from tropism.votes.similarity import COUNTS, joint_counts, similarity_panel

RUNS = 5
#: The baseline counts every so many sessions, and measures so many dyads.
EVERY, DYADS = 13, 5000


def simulated(states: int = 190, sessions: int = 78, per_session: int = 75, seed: int = 0) -> pd.DataFrame:
    """Votes at random, one row each: neither method's time depends on what the votes are."""
    rng = np.random.default_rng(seed)
    cast = rng.random((states, sessions * per_session)) < 0.85
    unit, call = np.nonzero(cast)
    return pd.DataFrame(
        {
            "unit": np.array([f"S{i:03}" for i in range(states)], dtype=object)[unit],
            "rcid": call,
            "session": call // per_session + 1,
            "vote": rng.choice([1, 2, 3], size=unit.size, p=[0.8, 0.12, 0.08]),
        }
    )


def seconds(run: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """Median wall time of some calls, and what the last returns."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)), result


def read(path: Path) -> pd.DataFrame:
    """The columns that are needed, states as text."""
    wanted = ("unit", "iso3", "rcid", "session", "year", "vote")
    columns = [name for name in pq.read_schema(path).names if name in wanted]
    votes = pd.read_parquet(path, columns=columns)
    return votes.astype({name: str for name in ("unit", "iso3") if name in votes})


def merged(votes: pd.DataFrame) -> pd.DataFrame:
    """Joint counts by pandas alone."""
    unit = "unit" if "unit" in votes else "iso3"
    parts = []
    for _, rows in votes.groupby("session" if "session" in votes else "year"):
        pairs = rows[[unit, "rcid", "vote"]].merge(rows[[unit, "rcid", "vote"]], on="rcid")
        pairs = pairs[pairs[f"{unit}_x"] < pairs[f"{unit}_y"]]
        parts.append(pairs.groupby([f"{unit}_x", f"{unit}_y", "vote_x", "vote_y"]).size())
    return pd.concat(parts)


def pairs(votes: pd.DataFrame) -> int:
    """Pairs of votes on one roll call: what counting has to count."""
    voters = votes.groupby("rcid").size()
    return int((voters * (voters - 1) // 2).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("votes", nargs="?", type=Path)
    options = parser.parse_args()
    votes = read(options.votes) if options.votes else simulated()
    rollcalls = votes[["rcid"]].drop_duplicates()
    rollcalls["weight"] = np.random.default_rng(0).uniform(0.1, 2, len(rollcalls))

    counted, counts = seconds(lambda: joint_counts(votes))
    weighted, _ = seconds(lambda: joint_counts(votes, rollcalls))
    measured, panel = seconds(lambda: similarity_panel(counts).tidy())
    whole, _ = seconds(lambda: similarity_panel(votes).tidy())
    # Linux counts in kilobytes, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform != "darwin" else 1)

    session = votes["session" if "session" in votes else "year"]
    part = votes[session.isin(np.sort(session.unique())[::-EVERY])]
    share = pairs(part) / pairs(votes)
    by_pandas, check = seconds(lambda: merged(part), runs=1)
    if int(check.sum()) != pairs(part):
        raise SystemExit("benchmark: the baseline does not count what it should.")
    by_pandas /= share
    tables = np.stack([counts[name].to_numpy() for name in COUNTS], axis=-1).reshape(-1, 3, 3)
    some = tables[np.random.default_rng(0).choice(len(tables), min(DYADS, len(tables)), replace=False)]
    by_dyad, _ = seconds(lambda: [similarity_measures(table) for table in some], runs=1)
    by_dyad *= len(tables) / len(some)

    print(f"{len(votes):,} votes, {len(rollcalls):,} roll calls, {len(panel):,} dyads in sessions.")
    print(f"{os.cpu_count()} cores; median of {RUNS} runs, tables in memory. Baselines:")
    print(f"pandas merge and groupby on {share:.1%} of the pairs of votes, scaled up;")
    print(f"one dyad at a time, the same arithmetic on {len(some):,} dyads in sessions, scaled up.\n")
    print("| what | seconds | baseline | its seconds | ratio to baseline |")
    print("| --- | ---: | --- | ---: | ---: |")
    both = by_pandas + by_dyad
    for what, took, name, base in (
        ("votes to counts", counted, "pandas", by_pandas),
        ("votes to counts, roll calls weighted", weighted, "pandas", by_pandas),
        ("counts to five measures, as a table", measured, "one dyad at a time", by_dyad),
        ("votes to five measures, as a table", whole, "both", both),
    ):
        print(f"| {what} | {took:.2f} | {name} | {base:.1f} | {took / base:.4f} |")
    print(f"\nPeak memory before the baselines, votes included: {peak / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
