"""Which settings foretell votes that the fit has not seen? Mean log score of held-out votes.

    python benchmarks/heldout.py --options '{}' '{"dynamics": "robust"}' '{"step": 0.01}' '{"link": "logit"}'
    python benchmarks/heldout.py VOTES.parquet --bridges MATCHES.csv --hide sessions --repeats 3 --options ...

Votes need rcid (or rollcall), session, vote and a state: unit, ccode or iso3, the first of these that is
there. Without a file they are simulated (``worlds.py``). ``--hide votes`` hides votes at random. ``--hide
sessions`` hides all votes of random states in random sessions but two, which leave the fit a position that it
must take from the sessions around: that is what tells dynamics apart.

The score of a vote is the log of its probability averaged over draws of the position, with the item's
Gaussian integrated out (``--items mean``: at its mean). Differences are from the first of the options, over
the same votes; standard errors are clustered by roll call, or by state and session where these were hidden.
Higher is better. A vote is left out where a fit cannot be asked about it, as its roll call is unanimous
without the hidden votes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from interval_coverage import checked
from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points
from worlds import SCENARIOS, simulate

#: Names of states in a file of votes, best first: iso3 does not tell all successors apart.
STATES = ("unit", "ccode", "iso3")
#: Votes of a hidden session that the fit may see.
LEFT = 2
#: Votes scored at a time: draws times this many numbers are held.
BLOCK = 20_000
#: Squared scale at which a normal and a logistic error average alike over a Gaussian.
LOGISTIC = np.pi / 8


def read(path: Path) -> pd.DataFrame:
    """unit, rollcall, session, vote."""
    votes = pd.read_parquet(path).rename(columns={"rcid": "rollcall"})
    name = next((name for name in STATES if name in votes), None)
    if name is None:
        raise SystemExit(f"{path}: lacks a column unit, ccode or iso3.")
    return votes.assign(unit=votes[name].astype(str))[["unit", "rollcall", "session", "vote"]]


def hidden(votes: pd.DataFrame, what: str, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which votes the fit does not see: shape (votes,)."""
    if what == "votes":
        return rng.random(len(votes)) < share
    block = votes.groupby(["unit", "session"], sort=False).ngroup().to_numpy()
    chosen = rng.random(block.max() + 1) < share
    # Votes on divided roll calls come first in a random order, since others leave no position.
    divided = votes.groupby("rollcall")["vote"].transform("nunique").to_numpy() > 1
    order = np.lexsort((rng.random(len(votes)), ~divided, block))
    starts = np.flatnonzero(np.r_[True, np.diff(block[order]) > 0])
    rank = np.empty(len(votes), dtype=np.int64)
    rank[order] = np.arange(len(votes)) - np.repeat(starts, np.diff(np.r_[starts, len(votes)]))
    return chosen[block] & (rank >= LEFT)


def log_scores(found: IdealPoints, votes: pd.DataFrame, items: str) -> np.ndarray:
    """Log predictive probability of each vote, shape (votes,): NaN where its position or item is none."""
    units, rollcalls = pd.Index(found.units), pd.Index(found.rollcalls)
    places = pd.MultiIndex.from_arrays([found.unit, found.session])
    unit = units.get_indexer(pd.Index(votes["unit"]))
    place = places.get_indexer(pd.MultiIndex.from_arrays([unit, votes["session"]]))
    rollcall = rollcalls.get_indexer(pd.Index(votes["rollcall"]))
    score = np.full(len(votes), np.nan)
    known = np.flatnonzero((place >= 0) & (rollcall >= 0))
    for at in np.array_split(known, max(1, -(-known.size // BLOCK))):
        item = found.rollcall_item[rollcall[at]]
        score[at] = np.log(_probability(found, place[at], item, votes["vote"].to_numpy()[at], items))
    return score


def _probability(
    found: IdealPoints, place: np.ndarray, item: np.ndarray, vote: np.ndarray, items: str
) -> np.ndarray:
    """Probability of each vote, averaged over draws: shape (votes,)."""
    theta = found.draws[:, place].astype(np.float64)
    logit = found.settings["link"] == "logit"
    bounds = []
    for cut in (1, 2):
        bound = found.item_mean[item, cut] - found.item_mean[item, 0] * theta
        if items == "integrated":
            cov = found.item_cov[item]
            variance = cov[:, cut, cut] - 2 * theta * cov[:, 0, cut] + theta**2 * cov[:, 0, 0]
            # Exact for a probit with a Gaussian item, but for the order of the cutpoints; near for a logit.
            bound /= np.sqrt(1 + (LOGISTIC if logit else 1.0) * variance)
        bounds.append((expit if logit else ndtr)(bound).mean(axis=0))
    no, below_yes = bounds
    p = np.select([vote == 3, vote == 2], [no, below_yes - no], 1 - below_yes)
    # Two Gaussians' averages may cross where a roll call has no abstention.
    return np.clip(p, 1e-9, 1)


def clustered(values: np.ndarray, cluster: np.ndarray) -> float:
    """Standard error of a mean of values that hang together within clusters."""
    _, code = np.unique(cluster, return_inverse=True)
    total = np.bincount(code, values - values.mean())
    return float(np.sqrt((total**2).sum() * total.size / max(total.size - 1, 1)) / values.size)


def fitted(votes: pd.DataFrame, bridges: pd.DataFrame | None, options: dict[str, Any]) -> IdealPoints:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimate_ideal_points(votes, bridges=bridges, **options)


def compare(
    votes: pd.DataFrame, bridges: pd.DataFrame | None, texts: Sequence[str], given: argparse.Namespace
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of all held-out votes, one column per option, and one row per fit."""
    scores, fits = [], []
    for repeat in range(given.repeats):
        away = hidden(votes, given.hide, given.share, np.random.default_rng([given.seed, repeat]))
        test = votes[away]
        columns: dict[str, Any] = {
            # Another repeat draws other votes of the same roll calls: they are one cluster.
            "rollcall": test["rollcall"].to_numpy(),
            "block": test.groupby(["unit", "session"]).ngroup().to_numpy() + repeat * len(votes),
            "vote": test["vote"].to_numpy(),
        }
        for text in texts:
            start = time.perf_counter()
            found = fitted(votes[~away], bridges, {"draws": given.draws, "seed": repeat} | json.loads(text))
            columns[text] = log_scores(found, test, given.items)
            fits.append(
                {"options": text, "step": found.step_variance, "converged": found.convergence.converged}
            )
            print(f"{repeat + 1}. {text}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        scores.append(pd.DataFrame(columns))
    return pd.concat(scores, ignore_index=True), pd.DataFrame(fits)


def report(scores: pd.DataFrame, fits: pd.DataFrame, texts: Sequence[str], hide: str) -> str:
    known = scores[list(texts)].notna().all(axis=1)
    used = scores[known]
    cluster = used["rollcall" if hide == "votes" else "block"].to_numpy()
    lines = [
        f"{len(used):,} held-out votes scored ({hide} hidden), {len(scores) - len(used):,} could not be; "
        f"{np.unique(cluster).size:,} {'roll calls' if hide == 'votes' else 'states in sessions'}.",
        "",
        "| options | mean log score | yes | abstain | no | less the first | std error | step variance | fits "
        "not converged |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for text in texts:
        by_vote = [used.loc[used["vote"] == code, text].mean() for code in (1, 2, 3)]
        difference = (used[text] - used[texts[0]]).to_numpy()
        own = fits[fits["options"] == text]
        lines.append(
            f"| {text} | {used[text].mean():.5f} | "
            + " | ".join(f"{each:.3f}" for each in by_vote)
            + (
                f" | {difference.mean():+.5f} | {clustered(difference, cluster):.5f}"
                if difference.any()
                else " | | "
            )
            + f" | {own['step'].median():.4f} | {int((~own['converged']).sum())} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("votes", nargs="?", type=Path)
    parser.add_argument("--bridges", type=Path, help="CSV of pairs: rcid1, rcid2 or earlier, later")
    parser.add_argument("--options", nargs="+", default=["{}"], metavar="JSON", help="arguments of the verb")
    parser.add_argument("--hide", choices=("votes", "sessions"), default="votes")
    parser.add_argument("--share", type=float, default=0.05, help="of votes, or of states' sessions")
    parser.add_argument("--repeats", type=int, default=1, help="with other hidden votes each")
    parser.add_argument("--items", choices=("integrated", "mean"), default="integrated")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenario", choices=SCENARIOS, default="true", help="of simulated votes")
    parser.add_argument("--states", type=int, default=190)
    parser.add_argument("--sessions", type=int, default=78)
    parser.add_argument("--per-session", type=int, default=75)
    given = parser.parse_args()
    texts = checked(given.options)
    bridges = None if given.bridges is None else pd.read_csv(given.bridges)
    if given.votes:
        votes = read(given.votes)
    else:
        world = simulate(
            (given.seed,), SCENARIOS[given.scenario], given.states, given.sessions, given.per_session
        )
        votes, bridges = world.votes, world.bridges
    scores, fits = compare(votes, bridges, texts, given)
    print(report(scores, fits, texts, given.hide))


if __name__ == "__main__":
    main()
