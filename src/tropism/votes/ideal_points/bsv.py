"""The update of Bailey, Strezhnev and Voeten's sampler, for comparison with their published positions.

Their sampler draws a position given the state's own votes of the session and the conditional mean of the
session before, which nothing from later sessions reaches: no smoother, and no joint posterior of a path.
After every draw all positions are set to mean 0 and sd 1, and discriminations follow those, while the chain
of means does not. Here the expected values of these updates are iterated instead of drawn. Importing this
module imports numba.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tropism.votes.ideal_points._kernels import states_step
from tropism.votes.ideal_points.fit import DAMPING, ENTRY, Ending, Fit, standard

#: Half the share of a session's votes among those of it and of the one before: their ``Smooth *
#: SmoothVector``.
SMOOTH = 0.5
#: Theirs: N(0, 1) for discriminations and all cutpoints from -7 to 7 alike, here as the precision of that. A
#: gap without abstentions would close; a slight gamma prior stands for its posterior's open part.
PRIOR = (0.0, 0.0, 1.0, 0.0, 6 / 49, 0.1, 10.0)

#: Nothing re-centres this fit, and a sweep moves it by a hundredth of what is left.
STRICT = 120


def run(fit: Fit, tolerance: float, max_sweeps: int, *, progress: bool = False) -> Ending:
    """Iterate until a sweep changes the standardised positions by less than ``tolerance`` / `STRICT`.

    Changes ``fit``, whose positions end standardised. A change per sweep is not a distance: in the end each
    is some 1% smaller than the one before.

    References
    ----------
    Bailey, Strezhnev and Voeten (2017), Journal of Conflict Resolution 61(2), and its public code.
    """
    p, s = fit.panel, fit.state
    fit.prior, fit.hierarchical = np.array(PRIOR), False
    began = time.perf_counter()
    first = np.zeros(p.unit.size, dtype=bool)
    first[p.state_start[:-1]] = True
    # The session looked at: the one before, and for a first session the one after.
    rank = np.arange(p.unit.size) - p.state_start[:-1][p.unit]
    length = np.diff(p.state_start)[p.unit]
    index = np.arange(p.unit.size)
    looks = np.where(first, np.where(length > 1, index + 1, index), index - 1)
    lag = 1.0 / (SMOOTH * p.votes / (p.votes + np.where(length > 1, p.votes[looks], 0)))
    item = np.repeat(np.arange(p.item_start.size - 1), np.diff(p.item_start))
    by_rank = [np.flatnonzero(rank == k) for k in range(int(rank.max()) + 1)]
    s.mean = standard(s.mean)
    raw = s.mean.copy()
    for _ in range(4):
        fit.update_items(1.0)
    history: list[float] = []
    for sweep in range(max_sweeps):
        states_step(
            p.state_start, p.position_start, p.by_position_item, p.by_position_vote, p.by_position_weight,
            fit.tie(), ENTRY, s.mean, s.variance, s.lag_cov, s.evidence, s.weighted, s.item_mean, s.item_cov,
            1.0, fit.link, p.binary, False,
        )  # fmt: skip
        squared = s.item_mean[:, 0] ** 2 + s.item_cov[:, 0, 0]
        whole = np.bincount(p.by_item_position, weights=squared[item], minlength=raw.size)
        # The sum of discrimination times latent utility, whose precision is ``whole``.
        utility = whole * s.mean + s.weighted - s.evidence * s.mean
        before = raw[looks]
        for at in by_rank:
            past = np.where(first[at], before[at], raw[looks[at]])
            raw[at] = (utility[at] + lag[at] * past) / (whole[at] + lag[at])
        s.variance = 1.0 / (s.evidence + lag)
        centre, scale = float(raw.mean()), float(np.sqrt(raw.var() + s.variance.mean()))
        new = (raw - centre) / scale
        history.append(float(np.sqrt(np.mean((new - s.mean) ** 2))))
        s.mean = new
        fit.update_items(DAMPING)
        if progress and sweep % 20 == 0:
            spent = time.perf_counter() - began
            print(f"sweep {sweep + 1}: change {history[-1]:.5f} sd, {spent:.1f} s", file=sys.stderr)
        if history[-1] < tolerance / STRICT and sweep > 3:
            break
    return Ending(history[-1] < tolerance / STRICT, len(history), 0, history[-1], history[-1], tuple(history))
