"""Time a multiverse, and count how often its joint test would call a state unusual.

    python benchmarks/multiverse.py                                  # embedded data
    python benchmarks/multiverse.py VOTES.parquet ROLLCALLS.parquet  # every vote set and coding
    python benchmarks/multiverse.py VOTES.parquet ROLLCALLS.parquet --refit

VOTES has rcid, session, vote and iso3, or the ccode of the Correlates of War; ROLLCALLS is as un_rollcalls.
Printed are seconds without a cache, with one, and by executor, and the share of all states that the joint
test rejects at 10 %, with one unit for each state (a tenth by construction, if all have data) and for each
bloc. Nothing is written but a cache of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tropism.dyads import Triad
from tropism.shifts.multiverse import Multiverse, multiverse
from tropism.states import from_cow

TRIAD, EVENT = Triad("PAK", "RUS", "USA"), 2014
WORKERS = 2
LEVEL = 0.1


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def by_executor() -> dict[str, float]:
    """Seconds without a cache; the numbers must be the same."""
    makers: dict[str, Callable[[], Executor] | None] = {
        "this process": None,
        f"{WORKERS} threads": lambda: ThreadPoolExecutor(WORKERS),
        f"{WORKERS} processes": lambda: ProcessPoolExecutor(WORKERS),
    }
    taken, moves = {}, []
    for name, make in makers.items():
        executor = make() if make else None
        taken[name], found = seconds(lambda: multiverse(TRIAD, EVENT, executor=executor, cache=False))  # noqa: B023
        moves.append(found.moves)
        if executor is not None:
            executor.shutdown()
    assert all(np.array_equal(moves[0], other, equal_nan=True) for other in moves)
    return taken


def rejected(found: Multiverse) -> tuple[float, float]:
    """Share of states with all specifications that the joint test rejects at 10 %: by state, by bloc."""
    whole = ~np.isnan(found._counted_moves("votes", "states")).any(axis=0)
    names = [name for name, has_all in zip(found.states, whole, strict=True) if has_all]
    tests = [replace(found, triad=Triad(name, *TRIAD.poles))._joint("votes") for name in names]
    p_values = [(test.p_value, test.bloc_p_value) for test in tests if test is not None]
    by_state, by_bloc = (np.array(p_values, dtype=float) <= LEVEL).mean(axis=0).tolist()
    return by_state, by_bloc


def read(votes: Path, rollcalls: Path) -> tuple[pa.Table, pa.Table]:
    """Votes with states by ISO3 and years, and roll calls."""
    cast = pd.read_parquet(votes)
    cast["year"] = cast["session"] + 1945
    if "iso3" not in cast:
        codes = cast[["ccode", "year"]].drop_duplicates()
        pairs = zip(codes["ccode"], codes["year"], strict=True)
        codes["iso3"] = [from_cow(int(code), int(year)).iso3 for code, year in pairs]
        cast = cast.merge(codes, on=["ccode", "year"])
    columns = ["iso3", "rcid", "year", "vote"]
    table = pa.Table.from_pandas(cast[columns], preserve_index=False)
    return table, pa.Table.from_pandas(pd.read_parquet(rollcalls), preserve_index=False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="VOTES ROLLCALLS")
    parser.add_argument("--refit", action="store_true", help="fit ideal points to every coding")
    arguments = parser.parse_args()
    files = arguments.files
    with tempfile.TemporaryDirectory() as home:
        os.environ["TROPISM_HOME"] = home
        options: dict[str, Any] = {}
        if files:
            options = dict(zip(("votes", "rollcalls"), read(*files), strict=True)) | {
                "refit": arguments.refit
            }
        cold, found = seconds(lambda: multiverse(TRIAD, EVENT, progress=True, **options))
        warm, _ = seconds(lambda: multiverse(TRIAD, EVENT, **options))
        size = sum(file.stat().st_size for file in Path(home).rglob("*.npz"))
        on_votes = int((found.specifications["vote_set"] != "").sum())
        print(f"{len(found.specifications)} specifications, {on_votes} on votes")
        print(f"{cold:.1f} s without cache, {warm:.1f} s with it ({size / 1e6:.1f} MB)")
        print(found.joint())
        print("\n".join(found.reading()))
        by_state, by_bloc = rejected(found)
        print(f"joint test at {LEVEL:.0%} rejects {by_state:.1%} of states, {by_bloc:.1%} by bloc")
        if not files:
            for name, taken in by_executor().items():
                print(f"{name}: {taken:.1f} s")


if __name__ == "__main__":
    main()
