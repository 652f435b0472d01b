"""What analysts use without a model: three numbers, each given probabilities by logistic calibration."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tropism.assessment.dimension import seated
from tropism.assessment.evidence import poles_of
from tropism.dyads import Triad, Window, dyad
from tropism.errors import MissingExtraError
from tropism.explanations.signatures import CLASSES
from tropism.series import Series
from tropism.tables import load_table, read_table
from tropism.votes.similarity import similarity_series

#: The rules, in the order of the columns of `naive_features`.
RULES = ("raw triad distance", "last change in ideal point", "agreement share")
#: Strength of the calibration's ridge penalty (its inverse is the variance of a coefficient).
PENALTY = 1.0


def naive_features(triad: Triad, window: Window) -> np.ndarray:
    """The three numbers of one triad and window, NaN where there are no data: shape (3,).

    The change in distance to C less that to B on the line of ideal points; the change in the position itself
    from the last year before to the last year after, toward B; the change in the share of equal votes with B
    less that with C. Positions are those fitted to the votes up to the window's end.
    """
    years, (a, b, c) = _positions((triad.state, *triad.poles), window)
    before, after = window.spans(years)
    distance = _change(np.abs(a - c) - np.abs(a - b), window, years)
    moved = (_last(a[after]) - _last(a[before])) * np.sign(_mean((b - c)[before | after]))
    agreement = seated(_agreement(triad.poles), triad)
    with_b, with_c = (
        _change(_path(agreement, dyad(triad.state, pole)), window, agreement.years) for pole in triad.poles
    )
    return np.array([distance, moved, with_b - with_c])


@cache
def _vintages() -> pd.Series:
    return load_table("vintage_positions").set_index(["as_of_year", "iso3", "year"])["estimate"].sort_index()


def _positions(states: tuple[str, ...], window: Window) -> tuple[np.ndarray, list[np.ndarray]]:
    """Years of a window, and each state's path in the last vintage until its end, NaN where it has none."""
    assert window.after_end is not None
    years = np.arange(window.before_start, window.after_end + 1)
    held = _vintages()
    vintages = held.index.unique("as_of_year")
    known = vintages[vintages <= window.after_end]
    if known.empty:
        return years, [np.full(years.size, np.nan) for _ in states]
    at = [pd.MultiIndex.from_product([[known.max()], [state], years]) for state in states]
    return years, [held.reindex(each).to_numpy(float) for each in at]


@cache
def _agreement(poles: tuple[str, str]) -> Series:
    return similarity_series(read_table("un_vote_counts"), poles_of(*poles).all, measure="agreement")


def _path(series: Series, unit: str) -> np.ndarray:
    """The mean path of a unit, NaN throughout where it has none."""
    if unit not in series:
        return np.full(series.years.size, np.nan)
    path: np.ndarray = series.values[:, series.index([unit])[0]].mean(axis=0)
    return path


def _change(path: np.ndarray, window: Window, years: np.ndarray) -> float:
    before, after = window.spans(years)
    return _mean(path[after]) - _mean(path[before])


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
