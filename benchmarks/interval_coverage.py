"""Do 90% intervals of ideal points cover 90% of true positions and changes in simulated worlds of UN size?

    python benchmarks/interval_coverage.py --worlds 60 --scenario true --jobs 2 --out coverage.jsonl
    python benchmarks/interval_coverage.py --worlds 60 --scenario topics --out coverage.jsonl \\
        --options '{}' '{"dynamics": "robust"}' '{"duplicates": "downweight"}'

Truth is the first dimension, in every scenario (see ``worlds.py``), standardised over the fit's positions
as each draw is. Planted changes of 0, .5 and 1 sd over ten sessions, at once or evenly, make the cells.
States of one world share its roll calls, so standard errors are between worlds, and the effective number is
that of independent hits and misses with the same standard error. Each world and option goes into ``--out``
as one line of JSON when it is done; a run that was stopped goes on from there, and ``--worlds 0`` prints what
the file holds. Take a new file after a change of the code.

The file is not called coverage.py because numba imports any module of that name.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from worlds import SCENARIOS, SPAN, World, simulate

#: Lower ends of the cells of votes in a session; of the two sessions of a change, the one with fewer counts.
VOTES = (0, 10, 30, 60)
VOTES_NAMES = ("<10", "10-29", "30-59", "60+")
LEVEL = 0.9
KEYS = ["quantity", "planted", "shape", "votes"]
SUMS = ["n", "hits", "error", "square", "spread", "z_square"]
#: Bounds that the project set itself, overall and for every cell.
OVERALL, LEAST = (0.88, 0.92), 0.85
#: Worlds below which a standard error between them is not shown.
FEW_WORLDS = 3


# --------------------------------------------------------------------------------------- one world


def measure(world: World, found: Any) -> pd.DataFrame:
    """Sums over one fit's positions and changes: one row per cell (``KEYS``), columns ``SUMS``.

    ``hits`` counts true values inside the interval; ``error`` is estimate less truth, of a planted change in
    its direction, so that negative is too small; ``spread`` is the posterior sd, and ``z_square`` the squared
    error in units of it. A relative change is that of a state less the mean over all states present at both
    ends: free of errors in the common shift of the scale. ``planted`` is ``any`` where it is not looked at.
    """
    state = np.array([int(unit[1:]) for unit in found.units])[found.unit]
    at = found.session - 1
    true = world.positions[at, state]
    true = (true - true.mean()) / true.std()
    # The anchor's sign may not be the simulation's, in which most discriminations are negative.
    draws = found.draws * np.sign(np.corrcoef(true, found.mean)[0, 1]).astype(np.float32)
    cell = np.searchsorted(VOTES, found.votes, side="right") - 1

    place = np.full(world.positions.shape, -1)
    place[at, state] = np.arange(at.size)
    first, who = np.nonzero((place[:-SPAN] >= 0) & (place[SPAN:] >= 0))
    before, after = place[first, who], place[first + SPAN, who]
    change = draws[:, after] - draws[:, before]
    moved = true[after] - true[before]
    fewer = np.minimum(cell[before], cell[after])

    window = (world.start[state] >= 0) & (at >= world.start[state]) & (at <= world.start[state] + SPAN)
    planted = world.start[who] == first
    direction = np.where(world.size < 0, -1, 1)[who[planted]]
    of_window = world, state[window]
    of_change = world, who[planted], direction
    return pd.concat(
        [
            sums("position", draws, true, cell),
            sums("change", change, moved, fewer),
            sums("relative change", centred(change, first), centred(moved, first), fewer),
            sums("position in window", draws[:, window], true[window], cell[window], *of_window),
            sums("planted change", change[:, planted], moved[planted], fewer[planted], *of_change),
        ],
        ignore_index=True,
    )


def centred(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Values (..., n) less the mean of their group; ``group`` (n,) ascends."""
    starts = np.flatnonzero(np.r_[True, np.diff(group) > 0])
    sizes = np.diff(np.r_[starts, group.size])
    return values - np.repeat(np.add.reduceat(values, starts, axis=-1) / sizes, sizes, axis=-1)


def sums(
    quantity: str,
    draws: np.ndarray,
    true: np.ndarray,
    cell: np.ndarray,
    world: World | None = None,
    state: np.ndarray | None = None,
    direction: np.ndarray | float = 1.0,
) -> pd.DataFrame:
    """Sums of one quantity by cell: draws (draws, n), truth and cell of votes (n,), and states (n,)."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    error = draws.mean(axis=0, dtype=np.float64) - true
    spread = draws.std(axis=0, ddof=1, dtype=np.float64)
    shapes = np.array(["even", "jump"], dtype=object)
    each = pd.DataFrame(
        {
            "quantity": quantity,
            "planted": "any" if world is None else [f"{size:g}" for size in np.abs(world.size[state])],
            "shape": "any" if world is None else shapes[world.jump[state].astype(int)],
            "votes": np.array(VOTES_NAMES, dtype=object)[cell],
            "n": 1,
            "hits": (low <= true) & (true <= high),
            "error": error * direction,
            "square": error**2,
            "spread": spread,
            "z_square": (error / spread) ** 2,
        }
    )
    # No change has no shape.
    each.loc[each["planted"] == "0", "shape"] = "none"
    return each.groupby(KEYS, as_index=False)[SUMS].sum()


def run(task: dict[str, Any], options: Sequence[str]) -> list[dict[str, Any]]:
    """Simulate one world and measure a fit with each of the options (JSON texts): one record per option."""
    from tropism.votes.ideal_points import estimate_ideal_points

    world = simulate(
        (task["seed"], task["world"]),
        SCENARIOS[task["scenario"]],
        task["states"],
        task["sessions"],
        task["per_session"],
    )
    records = []
    for text in options:
        start = time.perf_counter()
        with warnings.catch_warnings():
            # The record says whether the fit converged.
            warnings.simplefilter("ignore")
            found = estimate_ideal_points(
                world.votes,
                world.rollcalls,
                bridges=world.bridges,
                **{"draws": task["draws"], "seed": task["world"]} | json.loads(text),
            )
        records.append(
            task
            | {
                "options": text,
                "seconds": round(time.perf_counter() - start, 2),
                "converged": bool(found.convergence.converged),
                "residuals": float(found.convergence.residuals),
                "step": float(found.step_variance),
                "cells": measure(world, found).to_dict("list"),
            }
        )
    return records


# ------------------------------------------------------------------------------------------ tables


def student(level: float, degrees: int) -> float:
    """Quantile of Student's t for an equal-tailed interval, by expansion around the normal's."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    return (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )


def coverage(hits: np.ndarray, n: np.ndarray) -> dict[str, float]:
    """Coverage with its effective number of replicates and 95% interval, from hits and numbers by world."""
    total, worlds = float(n.sum()), len(n)
    p = float(hits.sum()) / total
    row = {"n": total, "coverage": p, "effective": math.nan, "lower": math.nan, "upper": math.nan}
    if worlds < FEW_WORLDS:
        return row
    variance = worlds / (worlds - 1) * float(((hits - p * n) ** 2).sum()) / total**2
    # Not more than there are: that worlds differ by less than chance is chance. Where all hit or all miss,
    # nothing is seen of how hits hang together, and a world counts as one.
    effective = min(p * (1 - p) / variance, total) if variance > 0 else float(worlds)
    # Wilson's interval, which does not leave 0 to 1, with the quantile for so many worlds.
    t = student(0.95, worlds - 1) ** 2 / effective
    middle, half = (p + t / 2) / (1 + t), math.sqrt(t * p * (1 - p) + t * t / 4) / (1 + t)
    return row | {"effective": effective, "lower": middle - half, "upper": middle + half}


def table(records: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per cell and margin of one option's records."""
    cells = pd.concat(
        [pd.DataFrame(each["cells"]).assign(world=i) for i, each in enumerate(records)], ignore_index=True
    )
    rows = []
    for by in (["quantity"], ["quantity", "votes"], ["quantity", "planted", "shape"], KEYS):
        for key, group in cells.groupby(by, sort=False):
            labels = dict.fromkeys(KEYS, "all") | dict(zip(by, key, strict=True))
            if "planted" in by and labels["planted"] == "any":
                continue
            each = group.groupby("world")[SUMS].sum()
            total = each.sum()
            rows.append(
                labels
                | coverage(each["hits"].to_numpy(float), each["n"].to_numpy(float))
                | {
                    "error": total["error"] / total["n"],
                    "rms_error": math.sqrt(total["square"] / total["n"]),
                    "sd": total["spread"] / total["n"],
                    "rms_z": math.sqrt(total["z_square"] / total["n"]),
                }
            )
    return pd.DataFrame(rows)


def order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as one reads them: by quantity, planted change, shape, votes, margins first."""
    ranks = {
        "quantity": ["position", "change", "relative change", "position in window", "planted change"],
        "planted": ["all", "0", "0.5", "1"],
        "shape": ["all", "none", "even", "jump"],
        "votes": ["all", *VOTES_NAMES],
    }
    return rows.sort_values(
        KEYS, key=lambda column: column.map({name: i for i, name in enumerate(ranks[str(column.name)])})
    )


def verdict(rows: pd.DataFrame) -> str:
    """What exceeds the bounds, in words."""
    margin = (rows[["planted", "shape", "votes"]] == "all").all(axis=1)
    low, high = OVERALL
    lines = []
    for _, each in rows[margin & rows["quantity"].isin(["position", "change", "relative change"])].iterrows():
        word = "within" if low <= each["coverage"] <= high else "outside"
        lines.append(f"{each['quantity']}: {each['coverage']:.3f}, {word} {low} to {high}.")
    full = (rows[["planted", "votes"]] != "all").all(axis=1)
    under = full & (rows["coverage"] < LEAST)
    sure = under & (rows["upper"] < LEAST)
    lines.append(
        f"{int(under.sum())} of {int(full.sum())} cells below {LEAST}, {int(sure.sum())} of them with their "
        "whole 95% interval."
    )
    return " ".join(lines)


def markdown(rows: pd.DataFrame) -> str:
    lines = [
        "| quantity | planted | shape | votes | n | effective n | coverage | 95% interval | mean error | "
        "rms error | mean sd | rms z |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for _, each in order(rows).iterrows():
        known = not math.isnan(each["effective"])
        lines.append(
            f"| {each['quantity']} | {each['planted']} | {each['shape']} | {each['votes']} | "
            f"{each['n']:,.0f} | "
            + (f"{each['effective']:,.0f} | " if known else " | ")
            + f"{each['coverage']:.3f} | "
            + (f"{each['lower']:.3f}-{each['upper']:.3f} | " if known else " | ")
            + f"{each['error']:+.3f} | {each['rms_error']:.3f} | {each['sd']:.3f} | {each['rms_z']:.2f} |"
        )
    return "\n".join(lines)


def report(records: list[dict[str, Any]], scenario: str, options: Sequence[str]) -> str:
    parts = [f"## Scenario {scenario}: {SCENARIOS[scenario]}"]
    for text in options:
        chosen = [each for each in records if each["options"] == text]
        if not chosen:
            continue
        rows = table(chosen)
        seconds, step = (float(np.median([each[name] for each in chosen])) for name in ("seconds", "step"))
        parts += [
            f"### Options {text}",
            f"{len(chosen)} worlds; {sum(not each['converged'] for each in chosen)} fits not converged, "
            f"{sum(each['residuals'] < 1 for each in chosen)} with a repaired curvature. Medians: step "
            f"variance {step:.4f}, {seconds:.1f} s a fit with draws. {verdict(rows)}",
            markdown(rows),
        ]
    return "\n\n".join(parts) + "\n"


# -------------------------------------------------------------------------------------------- runs


def checked(texts: Sequence[str]) -> list[str]:
    """Options in one spelling each; refuses what the verb does not take, before a world is made."""
    from tropism.votes.ideal_points import estimate_ideal_points

    known = inspect.signature(estimate_ideal_points).parameters
    spelled = []
    for text in texts:
        options = json.loads(text)
        if unknown := [name for name in options if name not in known]:
            raise SystemExit(f"--options {text}: estimate_ideal_points has no {', '.join(unknown)}.")
        if options.get("dynamics") == "bsv" or options.get("draws") == 0:
            raise SystemExit(f"--options {text}: such a fit has no draws, and coverage needs them.")
        spelled.append(json.dumps(options, sort_keys=True))
    return list(dict.fromkeys(spelled))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--scenario", choices=SCENARIOS, default="true")
    parser.add_argument("--options", nargs="+", default=["{}"], metavar="JSON", help="arguments of the verb")
    parser.add_argument("--states", type=int, default=190)
    parser.add_argument("--sessions", type=int, default=78)
    parser.add_argument("--per-session", type=int, default=75, help="roll calls, a fifth more or less")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="worlds at a time, in processes")
    parser.add_argument(
        "--out", type=Path, help="records, one line of JSON each; worlds in it are not redone"
    )
    given = parser.parse_args()
    if given.sessions <= SPAN:
        parser.error(
            f"--sessions {given.sessions}: a change takes {SPAN}, so at least {SPAN + 1} are needed."
        )
    options = checked(given.options)
    setting = {
        name: getattr(given, name) for name in ("scenario", "states", "sessions", "per_session", "draws")
    }
    records: list[dict[str, Any]] = []
    if given.out and given.out.exists():
        lines = [json.loads(line) for line in given.out.read_text(encoding="utf-8").splitlines()]
        records = [each for each in lines if setting.items() <= each.items()]
    have = {(each["seed"], each["world"], each["options"]) for each in records}
    tasks = []
    for world in range(given.worlds):
        lacking = [text for text in options if (given.seed, world, text) not in have]
        if lacking:
            tasks.append((setting | {"seed": given.seed, "world": world}, lacking))
    # Set before the workers start, which read them as they import NumPy and numba.
    threads = str(max(1, (os.cpu_count() or 1) // given.jobs))
    for name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    with ProcessPoolExecutor(given.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(run, *task) for task in tasks]
        try:
            for done, each in enumerate(as_completed(waiting), 1):
                new = each.result()
                records += new
                took = ", ".join(f"{record['seconds']:.0f} s" for record in new)
                print(f"world {done} of {len(tasks)}: {took}", file=sys.stderr, flush=True)
                if given.out:
                    with given.out.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps(record) + "\n" for record in new)
        except BaseException:
            # Else the pool would work through all worlds before the error is seen.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    print(report(records, given.scenario, options))


if __name__ == "__main__":
    main()
