"""The verb: which explanation the evidence speaks for, how strongly, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from tropism.errors import SeriesError
from tropism.explanations import cases as documented
from tropism.explanations.changes import Fact, PoleChanges
from tropism.explanations.result import BlockEvidence, Explanations, FactEvidence, Match, decide, totals_of
from tropism.explanations.signatures import BLOCKS, Class, Sign, signatures
from tropism.explanations.weights import FACT_WORDS, FACTS, Case, Standing, Weigher, weigher_of
from tropism.version import __version__

#: Assumed, not measured: to how many of how many states what is not on record happens, where it is asked
#: what that would change.
UNKNOWN_BASE = (3, 100)
#: A change within one sd of ordinary changes counts as none where signatures are compared.
ORDINARY = 1.0


def explain(
    shifts: Sequence[PoleChanges],
    facts: Sequence[Fact] = (),
    absent: Mapping[str, str] | None = None,
    *,
    cases: Sequence[Case] | None = None,
    temper: float | None = None,
) -> Explanations:
    """Weigh rival explanations of a state's change by likelihood, against all other states as placebos.

    Parameters
    ----------
    shifts : sequence of PoleChanges
        Changes of all states toward B and C, at most one per block, of one triad: see `gather_evidence`.
    facts : sequence of Fact
        What happened or did not, with its base rate.
    absent : mapping, optional
        Why a block is not scored, by block.
    cases : sequence of Case, optional
        Documented cases to learn from. By default the embedded ones, but for those of the same country or
        decade. Pakistan from 2014 on is never among them.
    temper : float, optional
        Power of every block's likelihood, at most 1. By default the one fitted in the backtest.

    Returns
    -------
    Explanations

    Raises
    ------
    SeriesError
        If there is no evidence, a block is given twice, triads differ, or a state has no data in a block.

    Examples
    --------
    >>> from tropism import explain, gather_evidence
    >>> found = explain(*gather_evidence("Cuba", toward="Russia", away_from="USA", event=1959, years_after=5))
    >>> found.best
    'shift'
    """
    if not shifts and not facts:
        raise SeriesError("explanations: no evidence. Give changes in at least one block.")
    blocks = [each.block for each in shifts]
    if len(set(blocks)) < len(blocks):
        raise SeriesError(f"explanations: {max(blocks, key=blocks.count)} is given twice. Give one measure.")
    if len({each.triad for each in shifts}) > 1:
        raise SeriesError("explanations: the changes are of different triads. Give those of one.")
    if not shifts:
        raise SeriesError("explanations: facts alone say little. Give changes in at least one block.")
    triad, window = shifts[0].triad, shifts[0].window
    assert window.after_end is not None
    horizon = documented.nearest_horizon(window.after_end - window.after_start)
    measures = {each.block: each.title for each in shifts} | {each.block: each.title for each in facts}
    data = documented.data_of(measures)
    if cases is None:
        cases = documented.embedded_cases(horizon, measures)
        cases = documented.others(cases, triad.state, window.after_start)
    if temper is None:
        temper = documented.embedded_temper(horizon, data)
    weigher = weigher_of(tuple(cases))
    movers = documented.movers(window)
    found = [_block(each.without(movers), weigher, cases) for each in shifts]
    of_facts = [FactEvidence(fact, weigher.weights(fact, cases)) for fact in facts]
    totals = totals_of([*(each.weights for each in found), *(each.weights for each in of_facts)], temper)
    verdict, margin = decide(totals)
    return Explanations(
        triad=triad,
        window=window,
        horizon=horizon,
        blocks=tuple(found),
        facts=tuple(of_facts),
        not_scored={
            block: (absent or {}).get(block, "no data")
            for block in BLOCKS
            if block not in blocks and not any(fact.block == block for fact in facts)
        },
        temper=temper,
        totals=totals,
        verdict=verdict,
        margin=margin,
        would_change=_would_change(totals, verdict, found, of_facts, weigher, cases, temper),
        track=documented.track_record(horizon, data, verdict, max(totals.values())),
        version=__version__,
    )


def _block(changes: PoleChanges, weigher: Weigher, cases: Sequence[Case]) -> BlockEvidence:
    state = changes.triad.state
    i = changes.place(state)
    null = changes.null(apart={state})
    standing, tilts = Standing.of(changes, state, null), changes.tilts(null)
    return BlockEvidence(
        block=changes.block,
        title=changes.title,
        standing=standing,
        null=null,
        weights=weigher.weights(standing, cases),
        matches=tuple(
            Match(each.explanation, _matches(standing, 0, each.b) * _matches(standing, 1, each.c))
            for each in signatures()
            if each.block == changes.block
        ),
        percentile=float(100 * np.delete(tilts < tilts[i], i).mean()),
        provenance=changes.provenance,
    )


def _matches(standing: Standing, k: int, sign: Sign) -> float:
    """Probability that b (k = 0) or c (k = 1) has this sign, beyond an ordinary change."""
    if sign == "any":
        return 1.0
    here = NormalDist(float(standing.z[k]), max(float(standing.error[k, k]), 1e-9) ** 0.5)
    below, above = here.cdf(-ORDINARY), 1 - here.cdf(ORDINARY)
    return {"+": above, "-": below, "0": 1 - below - above}[sign]


def _would_change(
    totals: dict[Class, float],
    verdict: str,
    blocks: Sequence[BlockEvidence],
    facts: Sequence[FactEvidence],
    weigher: Weigher,
    cases: Sequence[Case],
    temper: float,
) -> tuple[tuple[str, str, float], ...]:
    """Single things, not seen or not known, that would alone give another verdict, the slightest first."""
    seen = {each.fact.name: each for each in facts}
    continuous = {each.block for each in blocks}
    found = []
    for name in FACT_WORDS:
        block, kind = name.split(": ")
        known, priors = seen.get(name), FACTS[kind]
        if block in continuous or (known is not None and known.fact.happened):
            continue
        others, of = (known.fact.others, known.fact.of) if known else UNKNOWN_BASE
        told = Fact.named(name, True, others, of)
        new = dict(totals)
        for c in priors:
            gained = weigher.weigh_fact(told, c, cases).log10_bayes_factor
            held = known.weights[c].log10_bayes_factor if known else 0.0
            new[c] = totals[c] + temper * (gained - held)
        other, margin = decide(new)
        if other != verdict:
            found.append((name, other, margin))
    return tuple(sorted(found, key=lambda each: each[2]))
