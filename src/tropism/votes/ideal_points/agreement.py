"""Expected agreement of two states on a stated agenda: what their positions say of votes, free of the scale.

A position has no unit of its own and means something only with the roll calls it was estimated from. The
agreement that a fit expects on given roll calls has both: it is a share of those roll calls, and compares
across vote sets as long as the agenda is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Agreement of two votes: 1 if equal, a half for an abstention against a yes or a no.
GRADED = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]])


@dataclass(frozen=True, eq=False)
class ItemsGiven:
    """The items' Gaussian given all positions, on the scale of the fit.

    Attributes
    ----------
    item_start, position : ndarray of int, shapes (items + 1,), (votes,)
        Votes sorted by item, and the position that cast each.
    cross : ndarray of float32, shape (votes, 3)
        Joint curvature of position and (discrimination, lower cutpoint, upper cutpoint).
    root : ndarray, shape (items, 3, 3)
        Root of the items' covariance.
    mean : ndarray, shape (positions,)
    """

    item_start: np.ndarray
    position: np.ndarray
    cross: np.ndarray
    root: np.ndarray
    mean: np.ndarray

    def draw(
        self, items: np.ndarray, item_mean: np.ndarray, positions: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw items (items of the fit, by number) given draws of all positions: shape (draws, items, 3).

        ``item_mean`` (items of the fit, 3) and ``positions`` (draws, positions) are on the scale of the fit.
        """
        found = np.empty((len(positions), items.size, 3))
        for k, j in enumerate(items.tolist()):
            votes = slice(self.item_start[j], self.item_start[j + 1])
            at = self.position[votes]
            pull = (positions[:, at] - self.mean[at]) @ self.cross[votes].astype(np.float64)
            noise = rng.standard_normal((len(positions), 3))
            found[:, k] = item_mean[j] + (noise - pull @ self.root[j]) @ self.root[j].T
        # The Gaussian lets a few gaps of sparsely used categories turn round: there they are closed.
        found[:, :, 2] = np.maximum(found[:, :, 1], found[:, :, 2])
        return found


def probabilities(position: np.ndarray, items: np.ndarray, link: str) -> np.ndarray:
    """Probability of no, abstention and yes: shape (..., 3) for positions and items that broadcast.

    Parameters
    ----------
    position : ndarray, shape (...)
    items : ndarray, shape (..., 3)
        Discrimination and cutpoints.
    link : {"probit", "logit"}
    """
    from scipy.special import expit, ndtr

    below = ndtr if link == "probit" else expit
    slope = items[..., 0] * position
    no, not_yes = below(items[..., 1] - slope), below(items[..., 2] - slope)
    return np.stack([no, not_yes - no, 1 - not_yes], axis=-1)


def expected_agreement(one: np.ndarray, two: np.ndarray, items: np.ndarray, link: str) -> np.ndarray:
    """Mean graded agreement of two states over roll calls, each casting its vote by itself.

    Parameters
    ----------
    one, two : ndarray, shape (draws, years)
    items : ndarray, shape (draws, rollcalls, 3)

    Returns
    -------
    ndarray, shape (draws, years)
    """
    mine, theirs = (probabilities(each[:, :, None], items[:, None], link) for each in (one, two))
    return np.einsum("dtja,ab,dtjb->dt", mine, GRADED, theirs, optimize=True) / items.shape[1]
