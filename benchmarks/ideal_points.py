"""Measure ideal points: seconds, memory and growth with the number of votes, compilation apart.

    python benchmarks/ideal_points.py                     # simulated votes of UN size
    python benchmarks/ideal_points.py VOTES.parquet       # rcid, session, vote and iso3 or unit

Every figure stands beside a baseline of the same run: one pass of NumPy over the same votes that evaluates an
ordered probit's likelihood by table, once. Nothing is written.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points

#: Roll calls a session of the simulated records: 0.9, 3.6 and 20 million votes.
GROWTH = (75, 300, 1680)
#: Upper ends of the normal distribution's table.
GRID = np.linspace(-8, 8, 4001)


def simulated(states: int, sessions: int, per_session: int, seed: int = 0) -> pd.DataFrame:
    """Votes drawn from the model, one row each."""
    rng = np.random.default_rng(seed)
    steps = np.vstack([rng.normal(0, 1, (1, states)), rng.normal(0, 0.15, (sessions - 1, states))])
    theta = np.cumsum(steps, axis=0)
    parts = []
    for session in range(sessions):
        alpha, low = rng.normal(size=per_session), rng.normal(-1.2, 1, per_session)
        high = low + rng.gamma(2, 0.3, per_session)
        utility = theta[session][:, None] * alpha + rng.normal(size=(states, per_session))
        vote = np.where(utility < low, 3, np.where(utility < high, 2, 1))
        i, j = np.nonzero(rng.random(vote.shape) < 0.85)
        parts.append(
            pd.DataFrame(
                {"unit": i, "rollcall": session * per_session + j, "session": session + 1, "vote": vote[i, j]}
            )
        )
    return pd.concat(parts, ignore_index=True)


def seconds(run: Callable[[], object]) -> tuple[float, object]:
    """Wall time of one call, and what it returns."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def baseline(votes: int) -> float:
    """Likelihood of as many votes by table, once: the machine's own measure, median of five."""
    rng = np.random.default_rng(0)
    bound, table = rng.normal(size=votes), 1 / (1 + np.exp(-1.7 * GRID))
    return float(
        np.median([seconds(lambda: np.log(np.interp(bound, GRID, table)).sum())[0] for _ in range(5)])
    )


def line(name: str, votes: int, took: float, base: float) -> str:
    return f"| {name} | {votes:,} | {took:.2f} | {took / base:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("votes", nargs="?", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--growth", action="store_true", help="also simulated votes up to 20 million")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tropism-bench-") as folder:
        os.environ["TROPISM_HOME"] = folder
        small = simulated(12, 3, 10)
        compiled, _ = seconds(lambda: estimate_ideal_points(small, draws=5))
        warm, _ = seconds(lambda: estimate_ideal_points(small, draws=5))
        table = pd.read_parquet(options.votes) if options.votes else simulated(190, 74, 75)
        base = baseline(len(table))
        print(f"Compilation, first call in a new store: {compiled - warm:.1f} s. {os.cpu_count()} cores.")
        print(f"Baseline: one NumPy pass over {len(table):,} votes, {base:.3f} s.\n")
        print("| what | votes | seconds | ratio to baseline |\n| --- | ---: | ---: | ---: |")
        fit, found = seconds(lambda: estimate_ideal_points(table, draws=0))
        assert isinstance(found, IdealPoints)
        print(line(f"fit, {found.convergence.sweeps} sweeps", len(table), fit, base))
        whole, _ = seconds(lambda: estimate_ideal_points(table, draws=options.draws))
        print(line(f"fit and {options.draws} joint draws", len(table), whole, base))
        # Linux counts in kilobytes, macOS in bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform != "darwin" else 1)
        if options.growth:
            sizes, took = [], []
            for per_session in GROWTH:
                larger = simulated(190, 74, per_session)
                spent, again = seconds(lambda larger=larger: estimate_ideal_points(larger, draws=0))
                assert isinstance(again, IdealPoints)
                sizes.append(len(larger))
                took.append(spent)
                print(line(f"simulated, fit, {again.convergence.sweeps} sweeps", sizes[-1], spent, base))
            slope = np.polyfit(np.log(sizes), np.log(took), 1)[0]
            print(f"\nGrowth with votes, log-log slope: {slope:.2f}.")
        print(f"\nPeak memory up to the draws, table included: {peak / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
