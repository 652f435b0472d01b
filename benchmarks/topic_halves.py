"""How far do fits on two halves of the record, split by topic, disagree beyond their intervals?

    python benchmarks/topic_halves.py --votes VOTES.parquet --rollcalls ROLLCALLS.parquet --bridges PAIRS.csv

One half are the roll calls flagged Middle East or human rights (me, hr), the other those flagged nuclear or
disarmament (nu, di); those in both or in neither are left out. Both fits are standardised, draw by draw, over
the positions that both have. Then z = (one - two) / sqrt(variance of one + variance of two), for positions
and for changes over ten sessions.

The yardstick is the control: the same roll calls split at random, one half of each size, repeats of one
resolution together. An interval also covers what the smoother itself leaves out, and both halves leave out
the same; so z has an sd below 1 where all is right. For a random walk seen with noise it tends to the root
of a half as steps become small beside the noise.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from heldout import read
from interval_coverage import checked
from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points

ONE, TWO = ("me", "hr"), ("nu", "di")
SPAN = 10
#: The last session whose roll calls carry issue flags; sessions since the dissolution of the Soviet Union.
LAST, RECENT = 74, 47
#: Beyond it lie 10% of a standard normal.
BEYOND = 1.645


class Pair(NamedTuple):
    """Two fits over their common positions, each draw standardised: draws (draws, positions)."""

    unit: np.ndarray
    session: np.ndarray
    one: np.ndarray
    two: np.ndarray


def halves(rollcalls: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Roll calls of one half and of the other."""
    # A flag that is missing is not one that was raised.
    flags = rollcalls[[*ONE, *TWO]].fillna(0).astype(float).gt(0)
    one, two = flags[list(ONE)].any(axis=1), flags[list(TWO)].any(axis=1)
    number = rollcalls["rcid"].to_numpy()
    return number[(one & ~two).to_numpy()], number[(two & ~one).to_numpy()]


def shuffled(
    one: np.ndarray, two: np.ndarray, bridges: pd.DataFrame | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The same roll calls in two random halves of about these sizes; chains of repeats stay whole."""
    every = np.sort(np.concatenate([one, two]))
    chain = {int(each): int(each) for each in every}

    def root(each: int) -> int:
        while chain[each] != each:
            each = chain[each]
        return each

    for earlier, later in [] if bridges is None else bridges.iloc[:, :2].itertuples(index=False):
        if earlier in chain and later in chain:
            chain[root(int(later))] = root(int(earlier))
    _, of = np.unique([root(int(each)) for each in every], return_inverse=True)
    first = rng.random(of.max() + 1)[of] < one.size / every.size
    return every[first], every[~first]


def fit(
    votes: pd.DataFrame, numbers: np.ndarray, bridges: pd.DataFrame | None, options: dict[str, Any]
) -> IdealPoints:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = estimate_ideal_points(
            votes[votes["rollcall"].isin(numbers)], bridges=bridges, **{"draws": 1000} | options
        )
    took = time.perf_counter() - start
    word = "" if found.convergence.converged else ", not converged"
    print(f"{len(found.rollcalls):,} roll calls: {took:.0f} s{word}", file=sys.stderr, flush=True)
    return found


def pair(first: IdealPoints, second: IdealPoints) -> Pair:
    """Common positions of two fits."""
    keys = [
        pd.MultiIndex.from_arrays([np.array(each.units, dtype=object)[each.unit], each.session])
        for each in (first, second)
    ]
    common = keys[0].intersection(keys[1]).sort_values()
    one, two = (
        standardised(found.draws[:, key.get_indexer(common)])
        for found, key in zip((first, second), keys, strict=True)
    )
    return Pair(np.asarray(common.get_level_values(0)), np.asarray(common.get_level_values(1)), one, two)


def standardised(draws: np.ndarray) -> np.ndarray:
    draws = draws.astype(np.float64)
    return (draws - draws.mean(axis=1, keepdims=True)) / draws.std(axis=1, keepdims=True)


def changes(both: Pair) -> Pair:
    """Changes over ``SPAN`` sessions of all units, with the session in which they end."""
    place = pd.MultiIndex.from_arrays([both.unit, both.session])
    before = place.get_indexer(pd.MultiIndex.from_arrays([both.unit, both.session - SPAN]))
    after = np.flatnonzero(before >= 0)
    before = before[after]
    return Pair(
        both.unit[after],
        both.session[after],
        both.one[:, after] - both.one[:, before],
        both.two[:, after] - both.two[:, before],
    )


def figures(both: Pair, keep: np.ndarray) -> dict[str, float]:
    """What the two fits say of the chosen positions or changes."""
    one, two = both.one[:, keep], both.two[:, keep]
    means = one.mean(axis=0), two.mean(axis=0)
    variance = one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)
    difference = means[0] - means[1]
    z = difference / np.sqrt(variance)
    # The variance, in each half, that intervals would lack were it the same everywhere.
    lacking = (np.mean(difference**2) - variance.mean()) / 2
    return {
        "n": keep.sum(),
        "sd_z": z.std(),
        "beyond": np.mean(np.abs(z) > BEYOND),
        "correlation": np.corrcoef(means)[0, 1],
        "rms_difference": np.sqrt(np.mean(difference**2)),
        "sd": np.sqrt(variance.mean() / 2),
        "lacking": np.sign(lacking) * np.sqrt(abs(lacking)),
    }


def rows(both: Pair, split: str, over: str, since: int = 0) -> list[dict[str, Any]]:
    """Positions and changes; a change counts where it begins in ``since`` or later."""
    moved = changes(both)
    return [
        {"split": split, "sessions": over, "quantity": "positions"} | figures(both, both.session >= since),
        {"split": split, "sessions": over, "quantity": f"changes over {SPAN} sessions"}
        | figures(moved, moved.session - SPAN >= since),
    ]


def markdown(table: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| split | sessions | what | n | sd of z | share beyond 1.645 | correlation | rms difference | mean "
        "posterior sd | sd lacking |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each['split']} | {each['sessions']} | {each['quantity']} | {each['n']:,} | "
        f"{each['sd_z']:.2f} | {each['beyond']:.3f} | {each['correlation']:.3f} | "
        f"{each['rms_difference']:.3f} | {each['sd']:.3f} | {each['lacking']:+.3f} |"
        for each in table
    ]
    return "\n".join(lines)


def compare(
    votes: pd.DataFrame,
    split: tuple[np.ndarray, np.ndarray],
    name: str,
    bridges: pd.DataFrame | None,
    options: dict[str, Any],
) -> list[dict[str, Any]]:
    """Fits over all sessions, and over the recent ones alone."""
    whole = pair(*(fit(votes, half, bridges, options) for half in split))
    recent = votes[votes["session"] >= RECENT]
    alone = pair(*(fit(recent, half, bridges, options) for half in split))
    return [
        *rows(whole, name, f"up to {LAST}"),
        *rows(whole, name, f"{RECENT} to {LAST} of these", RECENT),
        *rows(alone, name, f"{RECENT} to {LAST} alone"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--votes", type=Path, required=True, help="rcid, session, vote, ccode or iso3")
    parser.add_argument("--rollcalls", type=Path, required=True, help="rcid, session, me, hr, nu, di")
    parser.add_argument("--bridges", type=Path, help="CSV of pairs: rcid1, rcid2")
    parser.add_argument("--options", nargs="+", default=["{}"], metavar="JSON", help="arguments of the verb")
    parser.add_argument("--anchor", default="2", help="the United States: 2 by ccode, USA by iso3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-control", action="store_true", help="leave out the split at random")
    given = parser.parse_args()
    texts = checked(given.options)
    votes, rollcalls = read(given.votes), pd.read_parquet(given.rollcalls)
    votes, rollcalls = votes[votes["session"] <= LAST], rollcalls[rollcalls["session"] <= LAST]
    bridges = None if given.bridges is None else pd.read_csv(given.bridges)
    by_topic = halves(rollcalls)
    splits = {"by topic": by_topic}
    if not given.no_control:
        splits["at random"] = shuffled(*by_topic, bridges, np.random.default_rng(given.seed))
    sizes = " and ".join(f"{half.size:,}" for half in by_topic)
    print(f"Middle East and human rights against nuclear and disarmament: {sizes} roll calls.")
    for text in texts:
        options = {"anchor": given.anchor} | json.loads(text)
        table = [
            row for name, split in splits.items() for row in compare(votes, split, name, bridges, options)
        ]
        print(f"\nOptions {text}:\n\n{markdown(table)}", flush=True)
    print(
        "\nPosterior sd is the root mean square of both halves'; sd lacking is what each half's would need "
        "besides to explain the difference (negative: more than is there)."
    )


if __name__ == "__main__":
    main()
