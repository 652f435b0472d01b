"""Ideal points: where each state stands on one dimension, session by session, from its roll-call votes.

An ordered probit with three categories; every state's path is a Gaussian random walk. The fast fit
is one Gaussian over all paths and items, centred where the posterior's slope vanishes on average; the draws
come from it with the items' uncertainty in it, so that an interval can be put on a
change or a distance. The compiled part needs the extra ``votes`` (numba), loaded when a fit begins.

Tables become integers in `ballots`, `engine` loads the compiled part, `estimate` holds the verb, `result`
what it returns.
"""

from tropism.votes.ideal_points.estimate import estimate_ideal_points, estimate_vintages
from tropism.votes.ideal_points.result import ChainChecks, Convergence, IdealPoints, NotConvergedWarning

__all__ = [
    "ChainChecks",
    "Convergence",
    "IdealPoints",
    "NotConvergedWarning",
    "estimate_ideal_points",
    "estimate_vintages",
]
