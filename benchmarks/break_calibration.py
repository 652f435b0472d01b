"""How often does the search for a break call one that is not there, and does it find the year of one that is?

    python benchmarks/break_calibration.py --worlds 20

A world is a panel of 40 states over 32 years. All follow one drifting field; each has noise of first-order
correlation ``phi`` and known errors that differ from year to year; a tenth of the cells is missing, and a few
states enter late. ``path`` says what a state does of its own without a break: nothing, a steady movement, or
a random walk. In worlds with breaks, every eighth state has one, of the given size in sd of its yearly noise,
up or down, in a year drawn from those with five years on either side.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from tropism.dyads import Triad
from tropism.shifts.breaks import Break, PlaceboBreak, infer_break

YEARS = np.arange(1992, 2024)
STATES = 40
#: Every so many states has a break, in worlds with breaks.
EVERY = 8
PATHS = ("level", "steady", "wandering", "heavy tails")


@dataclass(frozen=True)
class World:
    """A panel and, for every state with a break, its first year and size."""

    table: pd.DataFrame
    breaks: dict[str, tuple[int, float]]


def simulate(
    rng: np.random.Generator, path: str, phi: float, size: float, *, years: np.ndarray = YEARS
) -> World:
    """Draw one world; sizes are in sd of the yearly noise, known errors included."""
    n, t = STATES, years.size
    error_sd = rng.uniform(0.3, 0.7, (n, t))
    shocks = rng.standard_t(4, (n, t)) / np.sqrt(2) if path == "heavy tails" else rng.normal(size=(n, t))
    noise = np.empty((n, t))
    noise[:, 0] = shocks[:, 0]
    for i in range(1, t):
        noise[:, i] = phi * noise[:, i - 1] + np.sqrt(1 - phi**2) * shocks[:, i]
    noise *= np.sqrt(1 - 0.5**2)
    values = rng.normal(0, 2, (n, 1)) + np.cumsum(rng.normal(0.05, 0.4, t))
    values = values + noise + rng.normal(size=(n, t)) * error_sd
    if path == "steady":
        values += rng.normal(0, 1.5, (n, 1)) * np.linspace(0, 1, t)
    if path == "wandering":
        values += np.cumsum(rng.normal(0, 1.5 / np.sqrt(t), (n, t)), axis=1)
    missing = rng.random((n, t)) < 0.1
    for late in rng.choice(n, 4, replace=False):
        missing[late, : rng.integers(1, 10)] = True
    names = [f"S{i:02d}" for i in range(n)]
    breaks = {}
    for i in range(0, n if size else 0, EVERY):
        have = years[~missing[i]]
        year = int(rng.choice(have[5:-5]))
        step = size * float(rng.choice([-1, 1]))
        values[i, years >= year] += step
        breaks[names[i]] = (year, step)
    row, column = np.nonzero(~missing)
    columns = {
        "iso3": np.array(names, dtype=object)[row],
        "year": years[column],
        "estimate": values[row, column],
        "std_error": error_sd[row, column],
    }
    return World(pd.DataFrame(columns), breaks)


def measure(world: World) -> dict[str, float]:
    """Rates over the states of a world: those with a break where it has any, else all.

    The size's interval is that of the first state alone: the others are its placebos.
    """
    first = infer_break(world.table, Triad("S00", "BBB", "CCC"), as_of=False)
    found: dict[str, Break | PlaceboBreak] = {each.state: each for each in first.placebos} | {"S00": first}
    rows = []
    for state in world.breaks or found:
        one = found[state]
        # Ranked among the states without a break, as a user's state is among states hardly any of which has.
        others = [each for name, each in found.items() if name != state and name not in world.breaks]
        above = sum(each.log_bayes_factor >= one.log_bayes_factor for each in others)
        row = {
            "probability": one.probability,
            "called": one.probability >= 0.9,
            "p<=.1": (1 + above) / (1 + len(others)) <= 0.1,
        }
        if world.breaks:
            inside = world.breaks[state][0] in one.credible_years
            row |= {
                "year inside": inside,
                "inside, if called": inside if row["called"] else np.nan,
                "years in set": len(one.credible_years),
                "year exact": one.year == world.breaks[state][0],
            }
        rows.append(row)
    means = pd.DataFrame(rows).astype(float).mean().to_dict()
    if world.breaks:
        means["size inside"] = float(first.size.lower <= world.breaks["S00"][1] <= first.size.upper)
    return means | {"share": first.share_with_break}


def main() -> None:
    """Print one line per kind of world as it is done, then the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lines = []
    for size, path, phi in product(options.sizes, PATHS, (0.0, 0.4, 0.7)):
        start = time.perf_counter()
        seeds = np.random.SeedSequence([options.seed, int(10 * size), PATHS.index(path), int(10 * phi)])
        worlds = [
            measure(simulate(np.random.default_rng(seed), path, phi, size))
            for seed in seeds.spawn(options.worlds)
        ]
        means = pd.DataFrame(worlds).mean()
        error = pd.DataFrame(worlds)["called"].std() / np.sqrt(max(options.worlds, 2))
        lines.append({"size": size, "path": path, "phi": phi} | means.to_dict() | {"se called": error})
        print(f"{path}, {phi}, {size}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    for size, table in pd.DataFrame(lines).groupby("size"):
        print(f"\nstep of {size:g} sd, {options.worlds} worlds each")
        print(table.drop(columns="size").dropna(axis=1, how="all").round(3).to_string(index=False))


if __name__ == "__main__":
    main()
