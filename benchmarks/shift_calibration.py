"""Does the placebo test of `tropism scan` keep its size, and do false-discovery rates tell the truth?

    python benchmarks/shift_calibration.py --worlds 150
    python benchmarks/shift_calibration.py --worlds 2000 --out calibration.json

Worlds of 190 states, 2004-2023, with no own move unless planted: places wander (serial correlation .8), the
poles and the agenda move everybody (a drifting shift and scale of the line), states are absent for years,
some vote in blocs. Two measures see them: ``drawn``, positions with joint draws whose error differs by state
and stays over years; ``counted``, shares of roll calls that divide the poles, without a standard error.

In one world the ranks of all states are uniform by construction and say nothing. So one marked state of each
kind is tested in each world, and worlds are what is counted. The panels are made here, not fitted from roll
calls: what a fit adds by itself (smoothing by its prior, above all) is measured in ``interval_coverage.py``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from tropism.dyads import Window
from tropism.series import Series
from tropism.shifts.empirical_null import empirical_null
from tropism.shifts.placebos import may_stand, rank_among
from tropism.shifts.scan import CALLED, _changes, _less_everybody, _Progress, _searched

N, YEARS, DRAWS = 190, np.arange(2002, 2024), 100
WINDOW = Window(2004, 2013, 2014, 2023)
#: Ordinary drift between the windows has about this standard deviation; sizes of moves are multiples of it.
DRIFT = 0.25
#: Marked states: the first has everything, the next few years, large errors, and twenty bloc mates.
MARKED = ("full", "few years", "noisy", "in a bloc")
SIZES = (0.0, 1.0, 2.0, 3.0, 4.0)


def world(rng: np.random.Generator, measure: str, blocs: float) -> tuple[Series, np.ndarray, np.ndarray]:
    """A panel of tilts, the true change of each state on the drifting line, and the bloc of each state.

    ``blocs`` is the share of the variance of drift that a bloc's members have in common.
    """
    n, t = N, YEARS.size
    bloc = np.arange(n)
    bloc[3:23], bloc[30:60], bloc[60:80], bloc[80:90] = 3, 30, 60, 80
    rho = 0.8
    # A path with drift DRIFT between windows of ten years: measured once for this rho.
    unit = 0.30

    def paths(count: int) -> np.ndarray:
        path = np.empty((count, t))
        path[:, 0] = rng.normal(0, 1, count)
        for k in range(1, t):
            path[:, k] = rho * path[:, k - 1] + np.sqrt(1 - rho**2) * rng.normal(0, 1, count)
        return unit * path

    common = paths(n)[bloc]
    alone = bloc == np.arange(n)
    alone[[3, 30, 60, 80]] = False
    share = np.where(alone, 0.0, blocs)[:, None]
    place = rng.normal(0, 0.8, n)[:, None] + np.sqrt(1 - share) * paths(n) + np.sqrt(share) * common
    # Poles and agenda: a common shift that wanders and jumps in 2014, and a scale that grows.
    shift = np.cumsum(rng.normal(0, 0.1, t)) + rng.normal(0, 0.5) * (YEARS >= 2014)
    scale = 1 + rng.normal(0, 0.05) * np.linspace(-1, 1, t)
    true = shift + scale * place
    missing = np.zeros((n, t), dtype=bool)
    for i in rng.choice(np.arange(4, n), 30, replace=False):
        first = rng.integers(0, t - 8)
        missing[i, first : first + rng.integers(3, 8)] = True
    missing[1, : np.searchsorted(YEARS, 2014) - 4] = True
    if measure == "drawn":
        error = rng.choice([0.04, 0.06, 0.1], n)
        error[2] = 0.25
        stays = rng.normal(0, 1, (n, 1)) * 0.6 + rng.normal(0, 1, (n, t)) * 0.8
        noise = rng.normal(0, 1, (DRAWS, n, 1)) * 0.6 + rng.normal(0, 1, (DRAWS, n, t)) * 0.8
        values = true + error[:, None] * (stays + noise)
    else:
        rollcalls = rng.integers(15, 80, t)
        rollcalls_of = np.broadcast_to(rollcalls, (n, t)).copy()
        rollcalls_of[2] = np.maximum(rollcalls // 8, 3)
        chance = 1 / (1 + np.exp(-1.5 * true))
        values = (2 * rng.binomial(rollcalls_of, chance) / rollcalls_of - 1)[None]
        true = 2 * chance - 1
    seen = np.where(missing, np.nan, true)
    before = (YEARS >= 2004) & (YEARS <= 2013)
    after = YEARS >= 2014
    change = np.nanmean(seen[:, after], axis=1) - np.nanmean(seen[:, before], axis=1)
    series = Series(
        name="made",
        values=np.where(missing, np.nan, values),
        missing=missing,
        units=tuple(f"X{i:03d}" for i in range(n)),
        years=YEARS,
        label="made",
        measured_in="points",
        block="votes",
        signal="cheap",
    )
    return series, change, bloc


def one(rng: np.random.Generator, measure: str, blocs: float, search: bool) -> dict[str, Any]:
    """Reject or not, for every marked state and size; coverage; what the null says where nobody moved."""
    series, change, bloc = world(rng, measure, blocs)
    relative = _less_everybody(series)
    found = _changes(series, relative, WINDOW)
    here = np.flatnonzero(found.enough)
    stand = may_stand(found.n_before, found.n_after)
    scale = found.null.scale(found.std_error)
    drift = DRIFT if measure == "drawn" else float(np.std(change))
    rejects = {}
    for by, groups in (("states", None), ("blocs", bloc)):
        # The bounds are those at which the test rejects, and no state's own change moves its own.
        rank = rank_among(found.null.z, stand, groups)
        for k, name in enumerate(MARKED):
            for size in SIZES:
                z = found.null.z[k] + size * drift / scale[k]
                rejects[f"{name}|{by}|{size:g}"] = not rank.lowest[k] <= z <= rank.highest[k]
    told: dict[str, Any] = {"rejects": rejects, "called": int((found.null.fdr < CALLED).sum())}
    if found.bounds is not None:
        told["covered"] = float(np.mean((found.bounds[0] <= change) & (change <= found.bounds[1])))
    if search:
        p = _searched(series, relative, WINDOW, 2, here, stand, _Progress(False))["search_p_value"]
        told["search"] = bool(p[0] <= 0.1)
    return told


def discoveries(rng: np.random.Generator, movers: int, one_way: bool, worlds: int) -> dict[str, float]:
    """Movers planted among ordinary changes: fdr as reported against the true share of the unmoved."""
    fdr, moved = [], []
    for _ in range(worlds):
        error = rng.choice([0.04, 0.06, 0.1], N)
        change = rng.normal(0, DRIFT, N)
        side = np.ones(movers) if one_way else rng.choice([-1, 1], movers)
        change[:movers] += side * rng.uniform(2, 6, movers) * DRIFT
        fdr.append(empirical_null(change + rng.normal(0, 1, N) * error, error).fdr)
        moved.append(np.arange(N) < movers)
    rate, truth = np.concatenate(fdr), ~np.concatenate(moved)
    called = rate < CALLED
    told = {
        "called": called.sum() / worlds,
        "reported": rate[called].mean() if called.any() else float("nan"),
        "true": truth[called].mean() if called.any() else float("nan"),
        "power": (called & ~truth).sum() / max((~truth).sum(), 1),
    }
    for low, high in ((0.2, 0.5), (0.5, 0.8)):
        here = (rate >= low) & (rate < high)
        told |= {f"reported {low}-{high}": rate[here].mean(), f"true {low}-{high}": truth[here].mean()}
    return {key: round(float(value), 3) for key, value in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    report: dict[str, Any] = {"worlds": chosen.worlds}
    for measure, blocs in (("drawn", 0.0), ("counted", 0.0), ("drawn", 0.9)):
        began, rng = time.perf_counter(), np.random.default_rng(chosen.seed)
        found = [one(rng, measure, blocs, k % 4 == 0) for k in range(chosen.worlds)]
        rates = {key: float(np.mean([each["rejects"][key] for each in found])) for key in found[0]["rejects"]}
        told = {"rejects": rates, "called": float(np.mean([each["called"] for each in found]))}
        for key in ("covered", "search"):
            values = [each[key] for each in found if key in each]
            if values:
                told[key] = float(np.mean(values))
        report[f"{measure}, blocs {blocs:g}"] = told
        spent = time.perf_counter() - began
        print(f"\n{measure}, bloc share {blocs:g}: {chosen.worlds} worlds, {spent:.0f} s")
        print(f"  rejections in % at own moves of {', '.join(f'{size:g}' for size in SIZES)} drifts")
        for name in MARKED:
            for by in ("states", "blocs"):
                line = "  ".join(f"{100 * rates[f'{name}|{by}|{size:g}']:5.1f}" for size in SIZES)
                print(f"  {name:10} by {by:7} {line}")
        print("  " + ", ".join(f"{key} {value:.3f}" for key, value in told.items() if key != "rejects"))
    for movers, one_way in ((0, False), (10, False), (28, True)):
        told = discoveries(np.random.default_rng(chosen.seed + 1), movers, one_way, chosen.worlds)
        report[f"movers {movers}"] = told
        print(f"\nmovers {movers} of {N}{', one way' * one_way}: {told}")
    if chosen.out:
        chosen.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
