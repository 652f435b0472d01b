"""Measure gravity estimation: pyfixest against fereg on one simulated three-way panel, in one run.

    python benchmarks/gravity.py                       # 100 countries, 15 years: 150,000 rows
    python benchmarks/gravity.py --countries 130

Poisson with exporter-year, importer-year and pair effects, errors clustered by pair, domestic sales and zeros
included. Both backends get the same checked table through `estimate_gravity`, each after a small fit that
loads what it needs. Nothing is written; the table is Markdown.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.metadata import version

import numpy as np
import pandas as pd

from tropism.trade.gravity import GravityFit, estimate_gravity

BACKENDS = ("pyfixest", "fereg")
EFFECTS = ("exporter-year", "importer-year", "pair")
TRUTH = {"rta": 0.5, "tariff": -4.0}


def simulated(countries: int, years: int, seed: int = 0) -> pd.DataFrame:
    """A balanced panel: agreements begin at random, tariffs vary, domestic sales exceed all trade."""
    rng = np.random.default_rng(seed)
    i, j, t = (
        index.ravel() for index in np.meshgrid(*map(np.arange, (countries, countries, years)), indexing="ij")
    )
    size = rng.normal(0, 1, (2, countries, years))
    pair = rng.normal(0, 1, (countries, countries))
    start = rng.integers(0, 3 * years, (countries, countries))
    rta = ((np.minimum(start, start.T)[i, j] <= t) & (i != j)).astype(float)
    tariff = np.where(i == j, 0.0, rng.uniform(0, 0.2, i.size))
    log_mean = size[0, i, t] + size[1, j, t] + (pair + pair.T)[i, j] + 5 * (i == j)
    expected = np.exp(log_mean + TRUTH["rta"] * rta + TRUTH["tariff"] * tariff)
    trade = expected * rng.gamma(2.0, 0.5, i.size)
    trade[(rng.random(i.size) < 0.2) & (i != j)] = 0.0
    names = np.array([f"C{k:03}" for k in range(countries)], dtype=object)
    return pd.DataFrame(
        {
            "exporter": names[i],
            "importer": names[j],
            "year": 2000 + t,
            "trade_usd": trade,
            "rta": rta,
            "tariff": tariff,
        }
    )


def timed(flows: pd.DataFrame, backend: str) -> tuple[float, GravityFit]:
    start = time.perf_counter()
    fit = estimate_gravity(flows, list(TRUTH), fixed_effects=EFFECTS, backend=backend)
    return time.perf_counter() - start, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--countries", type=int, default=100)
    parser.add_argument("--years", type=int, default=15)
    options = parser.parse_args()
    flows = simulated(options.countries, options.years)
    small = simulated(8, 3)
    taken, fits = {}, {}
    for backend in BACKENDS:
        timed(small, backend)
        taken[backend], fits[backend] = timed(flows, backend)

    one, other = (fits[backend] for backend in BACKENDS)
    apart = float(np.abs(one.estimates - other.estimates).max())
    errors = float(np.abs(one.std_errors / other.std_errors - 1).max())
    print(f"{len(flows):,} rows, {one.n:,} used, {os.cpu_count()} cores, one run; three-way effects.\n")
    print("| backend | seconds | ratio to fereg | rta | tariff |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for backend in BACKENDS:
        shown = [
            f"{estimate:.4f} ({error:.4f})"
            for estimate, error in zip(fits[backend].estimates, fits[backend].std_errors, strict=True)
        ]
        ratio = taken[backend] / taken["fereg"]
        print(f"| {backend} {version(backend)} | {taken[backend]:.1f} | {ratio:.1f} | {' | '.join(shown)} |")
    print(f"\nEstimates differ by at most {apart:.1e}, standard errors by {errors:.1e} of themselves.")


if __name__ == "__main__":
    main()
