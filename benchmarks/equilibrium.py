"""Measure counterfactuals: one sector beside gegravity on the same data, many draws, many sectors.

    python benchmarks/equilibrium.py                     # gegravity beside it if it is importable
    python benchmarks/equilibrium.py --peer PYTHON       # an interpreter that has gegravity 0.3

The comparison takes six published counterfactuals of 69 countries from the shared data (TROPISM_SHARED); the
other worlds are made up here or embedded. Prints a Markdown table; nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RUNS = 5
SIGMA = 7.0
CASES = ("app2_nafta", "ex1_can_usa_border_specific", "app1_no_borders")
#: What the peer asks to be tried by hand until its baseline solves.
RESCALE = (1, 10, 100, 1000, 10_000)
TIME_LIMIT = 600


def seconds(run: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """Median wall time of some calls after one that warms up, and what the last returns."""
    found = run()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        found = run()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)), found


def peer(path: str) -> dict[str, Any]:
    """One counterfactual with gegravity: seconds of each part, and how far its markets are from clearing."""
    import gegravity as ge

    warnings.simplefilter("ignore")
    rows = pd.read_csv(path).assign(year="2006")
    rows["output"] = rows.groupby("exporter")["trade_fitted"].transform("sum")
    rows["expenditure"] = rows.groupby("importer")["trade_fitted"].transform("sum")
    # One made-up cost variable with coefficient one carries the cost factor whole.
    rows["cost"] = np.log(rows["cost_baseline"])
    data = ge.BaselineData(
        rows, trade_var_name="trade_fitted", expend_var_name="expenditure", output_var_name="output"
    )
    one = pd.DataFrame({"variable": ["cost"], "coefficient": [1.0]})
    for attempt, scale in enumerate(RESCALE, start=1):
        model = ge.OneSectorGE(
            data, year="2006", reference_importer="DEU", sigma=SIGMA, cost_variables=["cost"], quiet=True,
            cost_coeff_values=ge.CostCoeffs(one, identifier_col="variable", coeff_col="coefficient"),
        )  # fmt: skip
        start = time.perf_counter()
        try:
            model.build_baseline(omr_rescale=scale)
            built = time.perf_counter()
            model.define_experiment(rows.assign(cost=np.log(rows["cost_counterfactual"])))
            model.simulate()
        except ValueError:
            continue
        ended = time.perf_counter()
        sold = model.bilateral_trade_results["experiment trade"].groupby(level="exporter").sum()
        output = model.outputs_expenditures["experiment output"]
        return {
            "baseline": built - start,
            "simulate": ended - built,
            "residual": float((sold / output.reindex(sold.index) - 1).abs().max()),
            "rescale": scale,
            "attempts": attempt,
        }
    return {"failed": f"no solution with omr_rescale {', '.join(map(str, RESCALE))}"}


def beside_peer(interpreter: str, folder: Path) -> list[str]:
    """Rows of the comparison, one per case."""
    from tropism.trade.equilibrium import solve_counterfactual
    from tropism.trade.flows import TradeMatrix

    probe = subprocess.run([interpreter, "-c", "import gegravity"], capture_output=True, check=False)
    if probe.returncode:
        print(
            "gegravity is not importable (pip install gegravity==0.3; --peer PYTHON): its column is empty.\n"
        )
    table = pd.read_parquet(folder / "gravity" / "ge_cases.parquet")
    lines = []
    for case in CASES:
        rows = table[table["case"] == case]
        wide = {
            name: rows.pivot(index="exporter", columns="importer", values=name)
            for name in ("trade_fitted", "cost_baseline", "cost_counterfactual")
        }
        matrix = TradeMatrix(
            tuple(wide["trade_fitted"].index), wide["trade_fitted"].to_numpy(), 2006, "million US dollars"
        )
        shock = (wide["cost_counterfactual"] / wide["cost_baseline"]).to_numpy()
        ours, found = seconds(
            lambda m=matrix, s=shock: solve_counterfactual(m, s, sigma=SIGMA, numeraire="DEU")  # type: ignore[misc]
        )
        mine = f"{1e3 * ours:.2f} | {found.market_clearing_residual[0]:.1e} | {found.iterations[0]}"
        theirs = " | ".join([""] * 4)
        if not probe.returncode:
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch) / "rows.csv"
                rows.to_csv(path, index=False)
                done = subprocess.run(
                    [interpreter, __file__, "--as-peer", str(path)],
                    capture_output=True, text=True, check=True, timeout=TIME_LIMIT,
                )  # fmt: skip
            result = json.loads(done.stdout.splitlines()[-1])
            if "failed" in result:
                theirs = f"{result['failed']} | | | "
            else:
                total = result["baseline"] + result["simulate"]
                theirs = (
                    f"{total:.2f} ({result['simulate']:.2f}) | {result['residual']:.1e} | "
                    f"{result['rescale']}, attempt {result['attempts']} | "
                    f"{total / ours:,.0f} ({result['simulate'] / ours:,.0f})"
                )
        lines.append(f"| {case} | {mine} | {theirs} |")
    return lines


def made_up(n: int, seed: int = 0) -> Any:
    """A world of many countries: sizes over four orders of magnitude, median domestic share nine tenths."""
    from tropism.trade.flows import TradeMatrix

    rng = np.random.default_rng(seed)
    distance = rng.uniform(1, 20, (n, n))
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0.5)
    size = np.exp(rng.normal(0, 2, n))
    trade = np.outer(size, size) * distance**-4.0 * np.exp(rng.normal(0, 0.5, (n, n)))
    return TradeMatrix(tuple(f"C{i:03}" for i in range(n)), trade, 2020, "dollars")


def speed() -> list[str]:
    """Rows of the other measurements: what, seconds, limit, iterations, residual."""
    from tropism.trade.equilibrium import icio_baseline, solve_counterfactual, solve_sector_counterfactual

    rng = np.random.default_rng(1)
    matrix = made_up(200)
    dense = np.exp(rng.normal(0, 0.5, (200, 200)))
    sigmas = rng.uniform(4, 8, 1000)
    few = pd.DataFrame(
        {
            "draw": np.repeat(np.arange(1000), 2),
            "exporter": "C000",
            "importer": ["C001", "C002"] * 1000,
            "cost_factor": np.repeat(np.exp(rng.normal(0.4, 0.1, 1000)), 2),
        }
    )
    all_pairs = np.exp(rng.normal(0, 0.3, (1000, 200, 200)))
    base = icio_baseline()
    by_sector = pd.DataFrame(rng.uniform(3, 9, (20, len(base.sectors))), columns=list(base.sectors))
    blocked = pd.DataFrame(
        [(a, "RUS", 0.2) for a in ("USA", "DEU", "GBR", "JPN")],
        columns=["exporter", "importer", "cost_factor"],
    )
    jobs: list[tuple[str, float, int, Callable[[], Any]]] = [
        (
            "200 countries, all pairs shocked", 0.02, RUNS,
            lambda: solve_counterfactual(matrix, dense, sigma=5.0),
        ),
        (
            "the same, balanced baseline first", 0.04, RUNS,
            lambda: solve_counterfactual(matrix, dense, sigma=5.0, deficits="balanced"),
        ),
        (
            "200 countries, 1,000 draws of sigma and of two pairs", 10, 1,
            lambda: solve_counterfactual(matrix, few, sigma=sigmas),
        ),
        (
            "200 countries, 1,000 draws of sigma and of all pairs", 10, 1,
            lambda: solve_counterfactual(matrix, all_pairs, sigma=sigmas),
        ),
        (
            "80 countries, 50 sectors, inputs", 5, RUNS,
            lambda: solve_sector_counterfactual(base, blocked, sigma=5.0),
        ),
        (
            "the same, 20 draws of sigma by sector", 100, 1,
            lambda: solve_sector_counterfactual(base, blocked, sigma=by_sector),
        ),
        ("accounts of 80 countries and 50 sectors", 5, RUNS, icio_baseline),
    ]  # fmt: skip
    lines = []
    for name, limit, runs, job in jobs:
        taken, found = seconds(job, runs)
        solved = "| |"
        if hasattr(found, "iterations"):
            solved = f"{np.median(found.iterations):.0f} | {found.market_clearing_residual.max():.1e} |"
        lines.append(f"| {name} | {taken:.4f} | {limit:g} | {solved}")
    return lines


def main() -> None:
    """Run all parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer", default=sys.executable, help="interpreter that has gegravity")
    parser.add_argument("--as-peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        print(json.dumps(peer(options.as_peer)))
        return
    print("| job | seconds | at most | iterations (median) | residual |\n|---|---|---|---|---|")
    print("\n".join(speed()), "\n", sep="")
    folder = Path(os.environ.get("TROPISM_SHARED") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / "gravity").is_dir():
        print(f"The shared data folder {folder} is not there: nothing to compare on. Set TROPISM_SHARED.")
        return
    head = ("case, 69 countries", "ms", "residual", "iterations", "gegravity, s (without its baseline)",
            "its residual", "its rescale factor", "ratio of times")  # fmt: skip
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    print("\n".join(beside_peer(options.peer, folder)))


if __name__ == "__main__":
    main()
