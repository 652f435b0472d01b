"""The verb: score documented cases as if their outcome were not known, and say how often that was right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.backtesting.measured import Measured, measure
from tropism.backtesting.naive import RULES, calibrated
from tropism.backtesting.result import Backtest, Scored
from tropism.explanations import cases as documented
from tropism.explanations.changes import Fact
from tropism.explanations.result import decide
from tropism.explanations.signatures import ALTERNATIVES, CLASSES, Class
from tropism.explanations.weights import Case, Standing, Weigher
from tropism.version import __version__

#: Powers of the likelihood that are tried.
TEMPERS = tuple(np.round(np.arange(0.1, 1.01, 0.1), 1).tolist())
#: Class, then its weight by block: tempered sums decide.
Weights = dict[str, dict[Class, float]]


def backtest(
    *,
    horizons: Sequence[int] = documented.HORIZONS,
    placebos: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Backtest:
    """Score the documented cases, each by what was learned from cases of other countries and decades.

    Null, centres, spreads and tempering are fitted again for every case. Evidence of a case ends at its as-of
    year. The forward-only version learns from cases that had ended before, alone.

    Parameters
    ----------
    horizons : sequence of int
        Years after the event at which evidence ends.
    placebos : bool
        Also give verdicts on all other states in every case's window: what comes out as a shift there is an
        alarm, false or not.
    progress : callable, optional
        Is told in words what has been done.

    Returns
    -------
    Backtest

    Raises
    ------
    MissingExtraError
        If scikit-learn, which calibrates the naive rules, is not installed.

    References
    ----------
    Gneiting and Raftery (2007), Strictly Proper Scoring Rules, Prediction, and Estimation, JASA 102(477).

    Examples
    --------
    >>> from tropism import backtest
    >>> found = backtest(horizons=(5,))  # doctest: +SKIP
    """
    say = progress or (lambda text: None)
    tables, rows = EvidenceTables(), documented.labelled()
    scored: list[Scored] = []
    measured_all: list[Measured] = []
    tempers: dict[int, float] = {}
    for horizon in horizons:
        measured = []
        for k, row in enumerate(rows, 1):
            measured.append(measure(row, horizon, tables, placebos=placebos))
            say(f"{horizon} years after: measured {k} of {len(rows)} cases ({row.case})")
        measured_all.extend(measured)
        usable = [each for each in measured if each.case.standings]
        learn = [each for each in usable if each.scored]
        weigher = Weigher([each.case for each in usable])
        counts = {each.case.case: each.counts for each in usable}
        for forward in (False, True):
            for each in usable:
                scored.append(_score(each, learn, weigher, counts, forward=forward, placebos=placebos))
                if not forward:
                    say(f"{horizon} years after: scored {each.case.case}")
        everything = [each.case for each in learn]
        tempers[horizon] = _fit_temper(everything, weigher, counts, forward=False)
    return Backtest(tuple(scored), tuple(measured_all), tempers, __version__)


def _score(
    each: Measured,
    learn: Sequence[Measured],
    weigher: Weigher,
    counts: dict[str, Any],
    *,
    forward: bool,
    placebos: bool,
) -> Scored:
    case = each.case
    cases = _others([one.case for one in learn], case, forward=forward)
    temper = _fit_temper(cases, weigher, counts, forward=forward)
    weights = _weights(case, cases, weigher, counts)
    totals = _totals(weights, temper)
    verdict, margin = decide(totals)
    naive = {}
    if not forward:
        trained = [one for one in learn if one.case in cases]
        label = np.array([CLASSES.index(one.case.of_class) for one in trained])
        share = np.array([weigher.share[one.case.case] for one in trained])
        names = np.array(CLASSES, dtype=object)[label] if label.size else np.empty(0, dtype=object)
        for k, rule in enumerate(RULES):
            feature = np.array([one.features[k] for one in trained])
            naive[rule] = calibrated(feature, names, share, float(each.features[k]))
    alarms = _alarms(each, cases, weigher, temper) if placebos and not forward else ()
    return Scored(
        case=case,
        horizon=each.horizon,
        version="forward" if forward else "nested",
        counted=each.scored,
        temper=temper,
        weights=weights,
        totals=totals,
        verdict=verdict,
        margin=margin,
        by_block={block: decide(_totals({block: weights[block]}, temper))[0] for block in weights},
        probability=np.array([10 ** totals[c] for c in CLASSES]) / sum(10 ** totals[c] for c in CLASSES),
        naive=naive,
        alarms=alarms,
        learned_from=len(cases),
    )


def _others(cases: Iterable[Case], case: Case, *, forward: bool) -> list[Case]:
    """Cases of other countries, decades and clusters, so that one event is not learned from itself."""
    apart = documented.others(list(cases), case.country.split()[0], case.start, forward=forward)
    return [one for one in apart if one.cluster != case.cluster]


def _weights(case: Case, cases: Sequence[Case], weigher: Weigher, counts: dict[str, Any]) -> Weights:
    """Untempered log10 Bayes factors by block or fact and class."""
    found: Weights = {
        block: {c: weigher.weigh(standing, c, cases, name=case.case).log10_bayes_factor for c in ALTERNATIVES}
        for block, standing in case.standings.items()
    }
    facts = [Fact.named(name, happened, *counts[case.case][name]) for name, happened in case.facts.items()]
    return found | _of_facts(facts, cases, weigher)


def _of_facts(facts: Iterable[Fact], cases: Sequence[Case], weigher: Weigher) -> Weights:
    return {
        fact.name: {c: weigher.weigh_fact(fact, c, cases).log10_bayes_factor for c in ALTERNATIVES}
        for fact in facts
    }


def _totals(weights: Weights, temper: float) -> dict[Class, float]:
    sums = {c: temper * sum(each[c] for each in weights.values()) for c in ALTERNATIVES}
    return sums | {"nothing": 0.0}


def _fit_temper(cases: Sequence[Case], weigher: Weigher, counts: dict[str, Any], *, forward: bool) -> float:
    """The power that gives these cases, each left out in turn, the best log score averaged by class."""
    held = [(case, _weights(case, _others(cases, case, forward=forward), weigher, counts)) for case in cases]
    if not held:
        return 1.0
    scores = []
    for temper in TEMPERS:
        by_class: dict[Class, list[tuple[float, float]]] = {}
        for case, weights in held:
            totals = _totals(weights, temper)
            norm = np.log(sum(10 ** totals[c] for c in CLASSES))
            log_p = totals[case.of_class] * np.log(10) - norm
            by_class.setdefault(case.of_class, []).append((weigher.share[case.case], float(log_p)))
        means = [sum(w * v for w, v in each) / sum(w for w, _ in each) for each in by_class.values()]
        scores.append(float(np.mean(means)))
    return TEMPERS[int(np.argmax(scores))]


def _alarms(
    each: Measured, cases: Sequence[Case], weigher: Weigher, temper: float
) -> tuple[tuple[str, str], ...]:
    """The verdict on every other state in the case's window, learned without that state's own cases."""
    found = []
    for placebo in each.placebos:
        apart = [case for case in cases if placebo.iso3 not in case.country.split()]
        weights: Weights = {
            block: _quick(weigher, standing, apart) for block, standing in placebo.standings.items()
        }
        facts = [Fact.named(name, *held) for name, held in placebo.facts.items()]
        verdict, _ = decide(_totals(weights | _of_facts(facts, apart, weigher), temper))
        found.append((placebo.iso3, verdict))
    return tuple(found)


def _quick(weigher: Weigher, standing: Standing, cases: Sequence[Case]) -> dict[Class, float]:
    return {c: weigher.weigh(standing, c, cases).log10_bayes_factor for c in ALTERNATIVES}
