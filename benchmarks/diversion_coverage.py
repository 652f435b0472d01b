"""Does what diversion leaves unexplained cover zero where nobody who stayed out changed its policy?

    python benchmarks/diversion_coverage.py --worlds 400 --out coverage.jsonl

Made-up worlds (``tests/made_up_diversion.py``): markets clear by code of their own, tastes walk at random,
sigma is drawn, sanctions hold unevenly. In each world one state that did not join is asked about. The target
is 90% of worlds at the 90% level. ``--favour`` plants a change of policy, to see what would be found.

Measured in November 2026: 91.8% of 400 worlds (standard error 1.4%) as log ratios, 92.0% of 200 (1.9%) in
share points, 92.0% of 200 with shares that move 2.5 times as much (``--noise 0.3``). With one log point of
favour zero was covered in 2% of 100 worlds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from made_up_diversion import AFTER, BEFORE, JOINED, OUTSIDE, world
from tropism.trade.diversion import diversion

LEVEL = 0.9


def measure(seed: int, unit: str, favour: float, noise: float) -> dict[str, float | bool]:
    buyer = OUTSIDE[0] if favour else OUTSIDE[seed % len(OUTSIDE)]
    flows = world(seed, favour=favour, noise=noise)
    found = diversion(
        buyer,
        "TGT",
        before=BEFORE,
        after=AFTER,
        joined=JOINED,
        unit=unit,  # type: ignore[arg-type]
        draws=500,
        seed=seed,
        flows=flows,
    )
    low, middle, high = np.quantile(found.remainder, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]).tolist()
    return {
        "seed": seed,
        "observed": found.observed,
        "diversion": float(np.median(found.mechanical)),
        "not_explained": middle,
        "width": high - low,
        "covers": bool(low <= 0 <= high),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--unit", default="log_ratio", choices=["log_ratio", "share_points"])
    parser.add_argument("--favour", type=float, default=0.0)
    parser.add_argument("--noise", type=float, default=0.12)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    began, rows = time.perf_counter(), []
    for seed in range(chosen.worlds):
        rows.append(measure(seed, chosen.unit, chosen.favour, chosen.noise))
        if chosen.out:
            with chosen.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    share = float(np.mean([row["covers"] for row in rows]))
    error = float(np.sqrt(share * (1 - share) / len(rows)))
    print(
        f"{len(rows)} worlds, {chosen.unit}, favour {chosen.favour:g}: zero covered in {share:.1%} "
        f"(standard error {error:.1%}); diversion {np.mean([row['diversion'] for row in rows]):.3f}, not "
        f"explained {np.mean([row['not_explained'] for row in rows]):+.3f}, width "
        f"{np.mean([row['width'] for row in rows]):.2f}; {time.perf_counter() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
