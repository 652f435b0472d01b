"""What analysts use without a model: three numbers, each given probabilities by logistic calibration."""

from __future__ import annotations

from functools import cache

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.dyads import Triad, Window
from tropism.errors import MissingExtraError
from tropism.explanations.signatures import CLASSES
from tropism.series import Series
from tropism.states import lineage
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import similarity_series

#: The rules, in the order of the columns of `naive_features`.
RULES = ("raw triad distance", "last change in ideal point", "agreement share")
#: Means of positions need few draws.
DRAWS = 50
#: Strength of the calibration's ridge penalty (its inverse is the variance of a coefficient).
PENALTY = 1.0


def naive_features(triad: Triad, window: Window, tables: EvidenceTables) -> np.ndarray:
    """The three numbers of one triad and window, NaN where there are no data: shape (3,).

    The change in distance to C less that to B on the line of ideal points; the change in the position itself
    from the last year before to the last year after, toward B; the change in the share of equal votes with B
    less that with C. Embedded positions are smoothed and have seen later votes, which favours the first two.
    """
    found = np.full(len(RULES), np.nan)
    position = _positions()
    a, b, c = (_path(position, state, window) for state in (triad.state, *triad.poles))
    before, after = _spans(position.years, window)
    gap = np.abs(a - c) - np.abs(a - b)
    found[0] = _mean(gap[after]) - _mean(gap[before])
    moved = _last(a[after]) - _last(a[before])
    found[1] = moved * np.sign(_mean((b - c)[before | after]))
    agreement = [_agreement(pole) for pole in triad.poles]
    if all(f"{triad.state}>{pole}" in series for pole, series in zip(triad.poles, agreement, strict=True)):
        parts = []
        for pole, series in zip(triad.poles, agreement, strict=True):
            i = series.index([f"{triad.state}>{pole}"])[0]
            path = series.values[0, i]
            before, after = _spans(series.years, window)
            parts.append(_mean(path[after]) - _mean(path[before]))
        found[2] = parts[0] - parts[1]
    return found


@cache
def _positions() -> Series:
    return compact.load_ideal_points("all", draws=DRAWS)


@cache
def _agreement(pole: str) -> Series:
    tables = EvidenceTables()
    links = lineage(pole)
    series = similarity_series(
        tables["un_vote_counts"], (pole, *(link.predecessor for link in links)), measure="agreement"
    )
    for link in links:
        series = series.splice(pole, link.predecessor, link.last_year)
    return series


def _path(positions: Series, state: str, window: Window) -> np.ndarray:
    """Mean positions by year, with predecessors' before their seat passed on."""
    whole = np.full(positions.years.size, np.nan)
    for code, last in ((state, None), *((link.predecessor, link.last_year) for link in lineage(state))):
        if code in positions:
            path = positions.values[:, positions.index([code])[0]].mean(axis=0)
            mine = np.ones(path.size, dtype=bool) if last is None else positions.years <= last
            whole = np.where(mine & ~np.isnan(path), path, whole)
    return whole


def _spans(years: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    assert window.after_end is not None
    return (
        (years >= window.before_start) & (years <= window.before_end),
        (years >= window.after_start) & (years <= window.after_end),
    )


def _mean(values: np.ndarray) -> float:
    good = values[~np.isnan(values)]
    return float(good.mean()) if good.size else np.nan


def _last(values: np.ndarray) -> float:
    good = values[~np.isnan(values)]
    return float(good[-1]) if good.size else np.nan


def calibrated(feature: np.ndarray, label: np.ndarray, weight: np.ndarray, at: float) -> np.ndarray:
    """Probabilities of the classes at one value of a feature, learned from labelled ones: shape (3,).

    Multinomial logistic regression with a ridge penalty; without a value, the prior of one third each.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    known = ~np.isnan(feature)
    even = np.full(len(CLASSES), 1 / len(CLASSES))
    if np.isnan(at) or len(set(label[known].tolist())) < len(CLASSES):
        return even
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as missing:
        raise MissingExtraError(
            f"backtest: {missing.name} is not installed. It comes with the extra `backtest`: "
            "pip install 'tropism[backtest]'"
        ) from None
    scale = feature[known].std() or 1.0
    # Classes count alike, as they do in the scores.
    share = weight[known].copy()
    for each in set(label[known].tolist()):
        share[label[known] == each] /= share[label[known] == each].sum()
    model = LogisticRegression(C=1 / PENALTY, max_iter=1000)
    model.fit(feature[known, None] / scale, label[known], sample_weight=share * known.sum() / len(CLASSES))
    found = model.predict_proba([[at / scale]])[0]
    return np.array([found[list(model.classes_).index(each)] for each in CLASSES])
