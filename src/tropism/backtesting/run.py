"""The verb: score documented cases as if their outcome were not known, and say how often that was right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.backtesting.leaders import leader_rates
from tropism.backtesting.measured import Measured, measure
from tropism.backtesting.naive import RULES, calibrated
from tropism.backtesting.result import Backtest, Scored
from tropism.explanations import cases as documented
from tropism.explanations.result import decide, posterior, totals_of
from tropism.explanations.signatures import Class
from tropism.explanations.weights import Case, Weigher
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.version import __version__

#: Powers of the likelihood that are tried.
TEMPERS = tuple(np.round(np.arange(0.1, 1.01, 0.1), 1).tolist())


def backtest(
    *,
    horizons: Sequence[int] = documented.HORIZONS,
    placebos: bool = True,
    leaders: bool = True,
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
    leaders : bool
        Also set verdicts on all states since 1956 beside changes of leader, where the table ``leaders`` is on
        this machine.
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
    with_leaders = leaders and table_info("leaders").place != "absent"
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
        for forward in (False, True):
            for each in usable:
                scored.append(_score(each, learn, weigher, forward=forward))
                if not forward:
                    say(f"{horizon} years after: scored {each.case.case}")
        tempers[horizon] = _fit_temper(learn, weigher, forward=False)
    rates = leader_rates(read_table("leaders"), progress=progress) if with_leaders else ()
    return Backtest(tuple(scored), tuple(measured_all), tempers, __version__, rates)


def _score(each: Measured, learn: Sequence[Measured], weigher: Weigher, *, forward: bool) -> Scored:
    trained = _others(learn, each, forward=forward)
    cases = [one.case for one in trained]
    temper = _fit_temper(trained, weigher, forward=forward)
    return Scored(
        case=each.case,
        horizon=each.horizon,
        version="forward" if forward else "nested",
        label=each.label,
        counted=each.scored,
        temper=temper,
        weights=weigher.all_weights(each.evidence, cases, name=each.case.case),
        naive={} if forward else _naive(each, trained, weigher),
        alarms=() if forward else _alarms(each, cases, weigher, temper),
        learned_from=len(cases),
    )


def _others(learn: Iterable[Measured], of: Measured, *, forward: bool) -> list[Measured]:
    """Cases of other countries, decades and clusters, so that one event is not learned from itself."""
    held = {each.case.case: each for each in learn}
    apart = documented.others(
        [each.case for each in held.values()], of.triad.state, of.case.start, forward=forward
    )
    return [held[case.case] for case in apart if case.cluster != of.case.cluster]


def _naive(each: Measured, trained: Sequence[Measured], weigher: Weigher) -> dict[str, np.ndarray]:
    """Probabilities of the classes by each naive rule, calibrated on the cases learned from."""
    label = np.array([one.case.of_class for one in trained], dtype=object)
    share = np.array([weigher.share[one.case.case] for one in trained])
    features = np.array([one.features for one in trained]).reshape(-1, len(RULES))
    return {
        rule: calibrated(features[:, k], label, share, float(each.features[k]))
        for k, rule in enumerate(RULES)
    }


def _fit_temper(measured: Sequence[Measured], weigher: Weigher, *, forward: bool) -> float:
    """The power that gives these cases, each left out in turn, the best log score averaged by class."""
    held = []
    for each in measured:
        cases = [one.case for one in _others(measured, each, forward=forward)]
        held.append((each.case, weigher.all_weights(each.evidence, cases, name=each.case.case).values()))
    if not held:
        return documented.NO_TEMPER
    scores = []
    for temper in TEMPERS:
        by_class: dict[Class, list[tuple[float, float]]] = {}
        for case, weights in held:
            p = posterior(totals_of(weights, temper))[case.of_class]
            by_class.setdefault(case.of_class, []).append((weigher.share[case.case], float(np.log(p))))
        means = [sum(w * v for w, v in each) / sum(w for w, _ in each) for each in by_class.values()]
        scores.append(float(np.mean(means)))
    return TEMPERS[int(np.argmax(scores))]


def _alarms(
    each: Measured, cases: Sequence[Case], weigher: Weigher, temper: float
) -> tuple[tuple[str, str], ...]:
    """The verdict on every other state in the case's window, learned without that state's own cases."""
    found = []
    for iso3, evidence in each.placebos.items():
        apart = [case for case in cases if iso3 not in case.country.split()]
        verdict, _ = decide(totals_of(weigher.all_weights(evidence, apart).values(), temper))
        found.append((iso3, verdict))
    return tuple(found)
