"""Arithmetic of vote similarity on arrays: no tables, no names."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

#: How far apart two ordered categories count as disagreeing.
Weights = Literal["linear", "quadratic", "nominal"]


class Similarity(NamedTuple):
    """Measures of one or many tables of joint votes; every array has the tables' leading shape.

    Attributes
    ----------
    n : ndarray
        Joint roll calls.
    agreement : ndarray, 0 to 1
        Share of them on which both cast the same vote.
    graded_agreement : ndarray, 0 to 1
        Mean of 1 - |a - b| / 2: a yes against an abstention counts one half.
    kappa, pi : ndarray, at most 1
        Cohen's kappa and Scott's pi: 1 is full agreement, 0 what chance gives. NaN where chance alone
        leaves no disagreement.
    s : ndarray, -1 to 1
        Signorino and Ritter's S.
    """

    n: np.ndarray
    agreement: np.ndarray
    graded_agreement: np.ndarray
    kappa: np.ndarray
    pi: np.ndarray
    s: np.ndarray


def joint_votes(cast: np.ndarray, weight: np.ndarray | None = None, *, k: int = 3) -> np.ndarray:
    """Count how often every two raters cast each pair of votes: one product of matrices.

    Parameters
    ----------
    cast : ndarray of int, shape (raters, items)
        Category 1 to k; 0 where the rater did not take part.
    weight : ndarray, shape (items,), optional
        What each item counts for; 1 without.

    Returns
    -------
    ndarray, shape (pairs, k, k)
        Pairs in the order of ``np.triu_indices(raters, k=1)``; ``[..., i, j]`` is how often the first cast
        category i + 1 and the second j + 1. Integers without weights, else float64.
    """
    raters, items = cast.shape
    # Sums of ones are exact in float32 up to 2**24 items, and its product takes half the time.
    exact = np.float32 if weight is None and items < 2**24 else np.float64
    chose = (cast[:, None, :] == np.arange(1, k + 1)[:, None]).reshape(raters * k, items).astype(exact)
    product = (chose if weight is None else chose * weight) @ chose.T
    one, two = np.triu_indices(raters, k=1)
    tables = product.reshape(raters, k, raters, k).transpose(0, 2, 1, 3)[one, two]
    return tables.astype(np.int64) if weight is None else tables


def disagreement(k: int, weights: Weights = "linear") -> np.ndarray:
    """Weight of disagreement between ordered categories, shape (k, k): 0 on the diagonal, at most 1.

    Raises
    ------
    ValueError
        If ``weights`` is not linear, quadratic or nominal.
    """
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    match weights:
        case "linear":
            return distance
        case "quadratic":
            return distance**2
        case "nominal":
            return (distance > 0).astype(float)
    raise ValueError(f"weights is {weights!r}; expected linear, quadratic or nominal.")


def similarity_measures(counts: np.ndarray, weights: Weights = "linear") -> Similarity:
    r"""Similarity of two raters from their joint counts over ordered categories.

    With joint shares :math:`p_{ij}`, margins :math:`p_{i\cdot}`, :math:`p_{\cdot j}`, pooled margins
    :math:`q_i = (p_{i\cdot} + p_{\cdot i})/2` and disagreement weights :math:`w_{ij}`:

    .. math::
        \kappa = 1 - \frac{\sum w_{ij} p_{ij}}{\sum w_{ij} p_{i\cdot} p_{\cdot j}}, \qquad
        \pi = 1 - \frac{\sum w_{ij} p_{ij}}{\sum w_{ij} q_i q_j}, \qquad
        S = 1 - 2 \sum \frac{|i - j|}{k - 1} p_{ij}.

    Parameters
    ----------
    counts : ndarray, shape (..., k, k)
        ``counts[..., i, j]``: how often the first rater chose category i and the second category j. For
        votes k = 3 and the order is yes, abstain, no. Need not be integer: weigh each roll call as you like.
    weights : {"linear", "quadratic", "nominal"}
        Disagreement weights of kappa and pi: the distance of two categories, its square, or 1 for any two
        that differ (Cohen's and Scott's first, unweighted definitions). The other measures ignore it.

    Returns
    -------
    Similarity
        Arrays of shape (...). Without joint roll calls all but ``n`` are NaN.

    References
    ----------
    Scott (1955), "Reliability of Content Analysis", Public Opinion Quarterly 19(3): pi, nominal.
    Cohen (1960), "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement
    20(1): kappa, nominal.
    Cohen (1968), "Weighted Kappa", Psychological Bulletin 70(4): kappa with weights.
    Signorino and Ritter (1999), "Tau-b or Not Tau-b", International Studies Quarterly 43(1): S, here with
    absolute distances and equal weights.
    Häge (2011), "Choice or Circumstance? Adjusting Measures of Foreign Policy Similarity for Chance
    Agreement", Political Analysis 19(3): kappa and pi as one minus observed over expected disagreement.

    Examples
    --------
    >>> found = similarity_measures(np.array([[10, 0, 0], [0, 0, 0], [5, 0, 5]]))
    >>> float(found.graded_agreement), float(found.s), round(float(found.pi), 3)
    (0.75, 0.5, 0.467)
    """
    counts = np.asarray(counts, dtype=np.float64)
    k = counts.shape[-1]
    linear, weight = disagreement(k), disagreement(k, weights)
    n = counts.sum(axis=(-2, -1))
    first, second = counts.sum(axis=-1), counts.sum(axis=-2)
    pooled = (first + second) / 2
    # Sums of products of counts, divided only at the end: exact, so that zero is zero.
    observed = n * np.einsum("ij,...ij->...", weight, counts)
    by_own_margins = np.einsum("...i,ij,...j->...", first, weight, second)
    by_pooled_margins = np.einsum("...i,ij,...j->...", pooled, weight, pooled)
    graded = 1 - _ratio(np.einsum("ij,...ij->...", linear, counts), n)
    return Similarity(
        n=n,
        agreement=_ratio(np.einsum("...ii->...", counts), n),
        graded_agreement=graded,
        kappa=1 - _ratio(observed, by_own_margins),
        pi=1 - _ratio(observed, by_pooled_margins),
        s=2 * graded - 1,
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``, NaN where ``whole`` is zero."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) != 0)
