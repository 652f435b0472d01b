"""Do the placebo test of `tropism scan` and the joint test of a multiverse keep their size, and do
false-discovery rates tell the truth?

    python benchmarks/shift_calibration.py --worlds 150
    python benchmarks/shift_calibration.py --worlds 2000 --out calibration.json

Worlds of 190 states, 2004-2023, with no own move unless planted: places wander (serial correlation .8), the
poles and the agenda move everybody (a drifting shift and scale of the line), states are absent for years,
some vote in blocs. Two measures see them: ``drawn``, positions with joint draws whose error differs by state
and stays over years; ``counted``, shares of roll calls that divide the poles, without a standard error.

In one world the ranks of all states are uniform by construction and say nothing. So one marked state of each
kind is tested in each world, and worlds are what is counted. The panels are made here, not fitted from roll
calls: what a fit adds by itself (smoothing by its prior, above all) is measured in ``interval_coverage.py``.

The joint test sees each world through six vote sets, on each of which places differ, and two measures of
each; all windows of an event are tried. One marked state of each kind is tested, by state and by bloc.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tropism.dyads import Triad, Window
from tropism.series import Series
from tropism.shifts.empirical_null import empirical_null
from tropism.shifts.multiverse import cells
from tropism.shifts.multiverse.axes import SETS
from tropism.shifts.multiverse.cells import Found
from tropism.shifts.multiverse.result import assemble
from tropism.shifts.placebos import may_stand, rank_among
from tropism.shifts.scan import CALLED, _changes, _less_everybody, _OtherWindows, _searched
from tropism.states import states

N, YEARS, DRAWS = 190, np.arange(2002, 2024), 100
WINDOW = Window(2004, 2013, 2014, 2023)
#: Ordinary drift between the windows has about this standard deviation; sizes of moves are multiples of it.
DRIFT = 0.25
#: Marked states: the first has everything, the next few years, large errors, and twenty bloc mates.
MARKED = ("full", "few years", "noisy", "in a bloc")
SIZES = (0.0, 1.0, 2.0, 3.0, 4.0)
#: The joint test: years, event and states, and blocs; a state with fewer years has not all specifications.
MANY_YEARS, EVENT = np.arange(2002, 2024), 2014
JOINT = ("full", "noisy", "in a bloc")
CODES = tuple(state.iso3 for state in states(2014) if state.iso3 not in ("RUS", "USA"))[:N]
BLOC = np.arange(len(CODES))
BLOC[2:22], BLOC[30:60], BLOC[60:80], BLOC[80:90] = 2, 30, 60, 80
#: `assemble` sorts states.
PLACE = np.argsort(CODES)


def wander(rng: np.random.Generator, count: int, years: int) -> np.ndarray:
    """Paths with serial correlation .8 and a drift of about `DRIFT` between windows of ten years."""
    rho = 0.8
    path = np.empty((count, years))
    path[:, 0] = rng.normal(0, 1, count)
    for k in range(1, years):
        path[:, k] = rho * path[:, k - 1] + np.sqrt(1 - rho**2) * rng.normal(0, 1, count)
    # So wide a path drifts by DRIFT: measured once for this rho.
    return 0.30 * path


def world(rng: np.random.Generator, measure: str, blocs: float) -> tuple[Series, np.ndarray, np.ndarray]:
    """A panel of tilts, the true change of each state on the drifting line, and the bloc of each state.

    ``blocs`` is the share of the variance of drift that a bloc's members have in common.
    """
    n, t = N, YEARS.size
    bloc = np.arange(n)
    bloc[3:23], bloc[30:60], bloc[60:80], bloc[80:90] = 3, 30, 60, 80
    common = wander(rng, n, t)[bloc]
    alone = bloc == np.arange(n)
    alone[[3, 30, 60, 80]] = False
    share = np.where(alone, 0.0, blocs)[:, None]
    place = rng.normal(0, 0.8, n)[:, None] + np.sqrt(1 - share) * wander(rng, n, t) + np.sqrt(share) * common
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
        p = _searched(_OtherWindows(series, relative, here), WINDOW, 2, stand)["search_p_value"]
        told["search"] = bool(p[0] <= 0.1)
    return told


def many_ways(rng: np.random.Generator, blocs: float, size: float) -> dict[str, tuple[bool, bool]]:
    """The joint test at 10 %, by state and by bloc, of marked states: the first moves by ``size`` drifts."""
    n, t, bloc = N, MANY_YEARS.size, BLOC
    share = np.where(np.bincount(bloc, minlength=n)[bloc] > 1, blocs, 0.0)[:, None]

    def places() -> np.ndarray:
        common = wander(rng, n, t)[bloc]
        return np.sqrt(1 - share) * wander(rng, n, t) + np.sqrt(share) * common

    everywhere = rng.normal(0, 0.8, n)[:, None] + places()
    everywhere[0] += size * DRIFT * (MANY_YEARS >= EVENT)
    gone = rng.random((n, t)) < 0.03
    for i in rng.choice(np.arange(4, n), 30, replace=False):
        first = rng.integers(0, t - 8)
        gone[i, first : first + rng.integers(3, 8)] = True
    gone[:3] = False
    found = []
    for vote_set in SETS[:6]:
        # Subjects have a part of their own, an agenda that drifts and jumps, and a scale that grows.
        place = 0.9 * everywhere + 0.45 * (rng.normal(0, 0.8, n)[:, None] + places())
        shift = np.cumsum(rng.normal(0, 0.1, t)) + rng.normal(0, 0.5) * (MANY_YEARS >= EVENT)
        place = shift + (1 + rng.normal(0, 0.05) * np.linspace(-1, 1, t)) * place
        error = rng.choice([0.04, 0.06, 0.1], n)
        error[1] = 0.25
        for measure in ("position", "s"):
            seen = place + error[:, None] * rng.normal(0, 1, (n, t))
            if measure == "s":
                rollcalls = rng.integers(15, 80, t)
                seen = 2 * rng.binomial(rollcalls, 1 / (1 + np.exp(-1.5 * place))) / rollcalls - 1
            tilt = np.where(gone, np.nan, seen)[None]
            panel = cells._Panel({"measure": measure}, CODES, MANY_YEARS, tilt, np.ones(t))
            labels, change = [], []
            for chosen, window in cells._different(MANY_YEARS, EVENT):
                change.append(cells._cell(panel, window)[0])
                labels.append(
                    {"vote_set": vote_set, "measure": measure, **chosen, **vars(window), "reason": ""}
                )
            mean, lower, upper = np.stack(change, axis=1)
            apart = np.ones(len(labels))
            found.append(
                Found(CODES, tuple(labels), mean, lower, upper, apart, np.empty(0), np.empty((0, n)))
            )
    whole = assemble(
        Triad(CODES[0], "RUS", "USA"), EVENT, found, placebos=("all",), settings={}, seed=0, provenance=()
    )
    told = {}
    for k, name in enumerate(JOINT):
        test = replace(whole, triad=Triad(CODES[k], "RUS", "USA"), bloc=BLOC[PLACE]).joint()
        told[name] = (test.p_value <= 0.1, (test.bloc_p_value or 1.0) <= 0.1)
    return told


def joint_test(worlds: int, seed: int) -> dict[str, dict[str, list[float]]]:
    """Rejections of marked states without an own move, and of the first with one of 1, 2 and 3 drifts."""
    report = {}
    for blocs in (0.0, 0.9):
        for size in (0.0, 1.0, 2.0, 3.0):
            rng = np.random.default_rng([seed, int(10 * blocs), int(size)])
            # Power needs fewer worlds than a size of 10 %.
            count = worlds if not size else max(worlds // 4, 1)
            found = [many_ways(rng, blocs, size) for _ in range(count)]
            told = {name: np.mean([each[name] for each in found], axis=0).tolist() for name in JOINT}
            told = told if not size else {JOINT[0]: told[JOINT[0]]}
            report[f"blocs {blocs:g}, move {size:g}"] = told
            print(f"joint test, bloc share {blocs:g}, own move {size:g} drifts, {count} worlds")
            for name, (by_state, by_bloc) in told.items():
                print(
                    f"  {name:10} by states {100 * by_state:5.1f}  by blocs {100 * by_bloc:5.1f}", flush=True
                )
    return report


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


def scan_test(worlds: int, seed: int) -> dict[str, Any]:
    """Rejections, coverage and false-discovery rates of a scan."""
    report: dict[str, Any] = {}
    for measure, blocs in (("drawn", 0.0), ("counted", 0.0), ("drawn", 0.9)):
        began, rng = time.perf_counter(), np.random.default_rng(seed)
        found = [one(rng, measure, blocs, k % 4 == 0) for k in range(worlds)]
        rates = {key: float(np.mean([each["rejects"][key] for each in found])) for key in found[0]["rejects"]}
        told = {"rejects": rates, "called": float(np.mean([each["called"] for each in found]))}
        for key in ("covered", "search"):
            values = [each[key] for each in found if key in each]
            if values:
                told[key] = float(np.mean(values))
        report[f"{measure}, blocs {blocs:g}"] = told
        spent = time.perf_counter() - began
        print(f"\n{measure}, bloc share {blocs:g}: {worlds} worlds, {spent:.0f} s")
        print(f"  rejections in % at own moves of {', '.join(f'{size:g}' for size in SIZES)} drifts")
        for name in MARKED:
            for by in ("states", "blocs"):
                line = "  ".join(f"{100 * rates[f'{name}|{by}|{size:g}']:5.1f}" for size in SIZES)
                print(f"  {name:10} by {by:7} {line}")
        print("  " + ", ".join(f"{key} {value:.3f}" for key, value in told.items() if key != "rejects"))
    for movers, one_way in ((0, False), (10, False), (28, True)):
        told = discoveries(np.random.default_rng(seed + 1), movers, one_way, worlds)
        report[f"movers {movers}"] = told
        print(f"\nmovers {movers} of {N}{', one way' * one_way}: {told}")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=("scan", "joint"), help="one part alone")
    chosen = parser.parse_args()
    report: dict[str, Any] = {"worlds": chosen.worlds}
    if chosen.only != "joint":
        report |= scan_test(chosen.worlds, chosen.seed)
    if chosen.only != "scan":
        report["joint test"] = joint_test(chosen.worlds, chosen.seed)
    if chosen.out:
        chosen.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
