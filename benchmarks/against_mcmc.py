"""The fast fit of the UN record against one long run of Markov chains.

    python benchmarks/against_mcmc.py VOTES.parquet MATCHES.csv --sample 2500   # the long run
    python benchmarks/against_mcmc.py VOTES.parquet MATCHES.csv                 # against the kept reference

The reference file holds mean and sd of every position and of every change over ten sessions, and how well the
chains mixed. VOTES has rcid, session, vote and ccode, iso3 or unit; MATCHES the pairs of repeated
resolutions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tropism.votes import ballots
from tropism.votes.ideal_points import IdealPoints, engine, estimate_ideal_points

REFERENCE = Path(__file__).parent / "results" / "mcmc-reference.parquet"
#: Sessions of a change.
SPAN = 10
#: Rounds between two writings of the reference.
EVERY = 250


def read(path: Path) -> pd.DataFrame:
    votes = pd.read_parquet(path)
    return votes.rename(columns={"ccode": "unit"})[["unit", "rcid", "session", "year", "vote"]]


def changes(unit: np.ndarray, session: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of each state's positions ten sessions apart."""
    table = pd.DataFrame({"unit": unit, "session": session, "row": np.arange(unit.size)})
    later = table.assign(session=table["session"] - SPAN)
    both = table.merge(later, on=["unit", "session"])
    return both["row_x"].to_numpy(), both["row_y"].to_numpy()


def sample(votes: pd.DataFrame, matches: pd.DataFrame, rounds: int, chains: int, seed: int) -> None:
    """Run chains and write their means and sds."""
    cast, _ = ballots.divided(ballots.link(ballots.read(votes), matches))
    panel = ballots.panel(cast)
    fits, posterior, mcmc = engine.load("fit", "posterior", "mcmc")
    start = ballots.leading_component(panel)
    pole = ballots.anchor("2", cast.units, panel, start)
    fit = fits.Fit(panel, start=start if start[panel.unit == pole].mean() > 0 else -start)
    fit.run(1e-3, 200, progress=True)
    posterior.recentre(fit)
    began = time.perf_counter()
    sampler = mcmc.Sampler(fit, chains=chains, seed=seed, progress=True)
    sampler.warm_up(mcmc.WARMUP)
    while sampler.rounds < rounds:
        sampler.advance(min(EVERY, rounds - sampler.rounds))
        write(cast.units, panel, sampler, time.perf_counter() - began)


def write(units: tuple[str, ...], panel: ballots.Panel, sampler: Any, seconds: float) -> None:
    """The reference so far: a run that is stopped leaves what it had."""
    (mcmc,) = engine.load("mcmc")
    checks = mcmc.check(sampler, mcmc.WARMUP)
    draws, step = sampler.standardised()
    draws = draws.reshape(-1, draws.shape[2])
    before, after = changes(panel.unit, panel.session)
    mean = draws.mean(axis=0, dtype=np.float64)
    moved, spread = np.full((2, panel.unit.size), np.nan)
    moved[before] = mean[after] - mean[before]
    for low in range(0, before.size, 500):
        rows = slice(low, low + 500)
        spread[before[rows]] = (draws[:, after[rows]] - draws[:, before[rows]]).std(axis=0, dtype=np.float64)
    table = pd.DataFrame(
        {
            "unit": np.array(units, dtype=object)[panel.unit],
            "session": panel.session,
            "mean": mean.astype(np.float32),
            "sd": draws.std(axis=0, dtype=np.float64).astype(np.float32),
            "change": moved.astype(np.float32),
            "change_sd": spread.astype(np.float32),
        }
    )
    table.attrs["checks"] = json.dumps(
        asdict(checks)
        | {"seconds": round(seconds), "step": round(float(step.mean()), 5), "votes": int(panel.votes.sum())}
    )
    scratch = REFERENCE.with_suffix(".part")
    table.to_parquet(scratch, compression="zstd", index=False)
    scratch.replace(REFERENCE)
    print(table.attrs["checks"], flush=True)


def compare(found: IdealPoints) -> None:
    """Means in sd of the reference, and ratios of sd."""
    reference = pd.read_parquet(REFERENCE)
    print("Chains:", reference.attrs["checks"], "\n")
    table = pd.DataFrame({"unit": np.array(found.units, dtype=object)[found.unit], "session": found.session})
    both = table.merge(reference, on=["unit", "session"], how="left", validate="1:1")
    before, after = changes(found.unit, found.session)
    draws = found.draws
    rows = {
        "positions": (draws.mean(axis=0), draws.std(axis=0), both["mean"], both["sd"]),
        "changes over ten sessions": (
            (draws[:, after] - draws[:, before]).mean(axis=0),
            (draws[:, after] - draws[:, before]).std(axis=0),
            both["change"].to_numpy()[before],
            both["change_sd"].to_numpy()[before],
        ),
    }
    print(
        "| what | number | mean within 0.15 sd | sd within 10% | rms difference, sd | sd ratio, 5th to 95th |"
    )
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for name, parts in rows.items():
        mean, sd, true, spread = (np.asarray(part, dtype=np.float64) for part in parts)
        off, ratio = (mean - true) / spread, sd / spread
        low, high = np.quantile(ratio, [0.05, 0.95])
        print(
            f"| {name} | {off.size:,} | {np.mean(np.abs(off) < 0.15):.3f} | "
            f"{np.mean(np.abs(ratio - 1) < 0.1):.3f} | "
            f"{np.sqrt(np.mean(off**2)):.3f} | {low:.2f} to {high:.2f} |"
        )
    off = (draws.mean(axis=0) - both["mean"]) / both["sd"]
    worst = both.assign(votes=found.votes, off=off).loc[lambda t: t["off"].abs() >= 0.15]
    print(f"\n{len(worst)} positions are off by 0.15 sd or more; by session, their share:")
    share = worst.groupby("session").size() / both.groupby("session").size()
    print(share.fillna(0).round(2).to_dict())
    print("The furthest:", worst.loc[worst["off"].abs().nlargest(12).index].round(2).to_dict("records"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("votes", type=Path)
    parser.add_argument("matches", type=Path)
    parser.add_argument("--sample", type=int, metavar="ROUNDS")
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    votes, matches = read(options.votes), pd.read_csv(options.matches)
    if options.sample:
        sample(votes, matches, options.sample, options.chains, options.seed)
        return
    if not REFERENCE.exists():
        sys.exit(f"{REFERENCE} is not there: make it with --sample 2800.")
    warnings.simplefilter("default")
    began = time.perf_counter()
    found = estimate_ideal_points(votes, bridges=matches, anchor="2", draws=options.draws)
    print(f"Fast fit with {options.draws} draws: {time.perf_counter() - began:.1f} s.")
    compare(found)


if __name__ == "__main__":
    main()
