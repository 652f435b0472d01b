"""Run the verb that each form of claim stands for, and say what came out.

A checker takes a test and the thresholds and returns a finding. It never raises for want of data: what a
verb cannot answer becomes "cannot tell", with the verb's own words as the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tropism.assessment import assess, gather_evidence
from tropism.assessment.reading import judge, listed, rank_in_words
from tropism.claims.forms import (
    REASONS,
    Cause,
    Change,
    Claims,
    Conditionality,
    Counterfactual,
    Explanation,
    Fact,
    Thresholds,
    Untestable,
    explanations,
)
from tropism.claims.levels import check_comparison, check_level, named
from tropism.claims.result import CheckedClaims, Finding, Verdict, together
from tropism.errors import DataNotPresentError, SchemaError, TropismError
from tropism.explanations import explain
from tropism.explanations.signatures import CLASS_NAMES
from tropism.progress import spinner
from tropism.series import Provenance
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade import what_if_agreement, what_if_halt, what_if_sanctions
from tropism.trade.what_if import WhatIf

#: Statuses of a membership that are steps toward it and no more.
STEPS = {"applicant", "invited", "observer", "partner", "dialogue_partner"}
MEMBER = {"full", "designated"}
#: Kinds of dated events that punish.
PUNISHING = {"sanctions", "aid_suspension"}


def check_claims(claims: Claims, *, progress: bool = False) -> CheckedClaims:
    """Test every claim of a file.

    Parameters
    ----------
    claims : Claims
        As `load_claims` reads them.
    progress : bool
        Tell on stderr, if that is a terminal, which claim is being tested.

    Returns
    -------
    CheckedClaims
        Every claim ends in a verdict, or in "cannot tell" or "not testable" with the reason.

    Raises
    ------
    SchemaError
        If there is no claim to test.

    Examples
    --------
    >>> from tropism.claims import check_claims
    >>> from tropism.claims.document import parse_claims
    >>> claims = parse_claims('''
    ... claims:
    ... - id: joined
    ...   quote: Pakistan joined the Shanghai Cooperation Organisation in 2017.
    ...   tests: [{form: fact, state: Pakistan, other: SCO, since: 2017-01-01, until: 2017-12-31}]
    ... ''')
    >>> check_claims(claims).summary().loc["joined", "verdict"]
    'supported'
    """
    if not claims.claims:
        raise SchemaError("claims: the file has none. Write some, or read a text with `tropism claims read`.")
    found: dict[Any, Finding] = {}
    checked = []
    with spinner("claims", progress) as tell:
        for claim in claims.claims:
            tell(claim.id)
            for test in claim.tests:
                # A claim and its denial ask the same.
                if test not in found:
                    found[test] = _find(test, claims.thresholds)
            findings = [found[test] for test in claim.tests]
            checked.append(together(claim, findings, claims.thresholds))
    return CheckedClaims(claims, tuple(checked))


def _find(test: Any, thresholds: Thresholds) -> Finding:
    try:
        return CHECKERS[test.form].check(test, thresholds)
    except TropismError as reason:
        return Finding("cannot tell", f"{str(reason).rstrip('.')}.", reverse="Data that answer it.")


# ------------------------------------------------------------------------------------------ change


def _change(test: Change, thresholds: Thresholds) -> Finding:
    answer = assess(test.state, toward=test.toward, away_from=test.away_from, event=test.event)
    judged = judge(answer.rows, tail=thresholds.tail, min_blocks=thresholds.kinds)
    names = answer.names
    mixed = bool(judged.toward and judged.away)
    verdict: Verdict = "mixed" if mixed else _OF_ASSESSMENT[judged.verdict]
    standing_out = [
        f"{row.title} ({rank_in_words(row.shift, names)})"
        for row in (*judged.toward, *judged.away)
        if row.shift
    ]
    ranked, other = len(judged.ranked), names[2] if verdict == "supported" else names[1]
    figure = f"{len(standing_out)} of {len(judged.ranked)} ranked lines stand out"
    figure += f": {listed(standing_out)}." if standing_out else "."
    if judged.verdict == "nothing unusual":
        figure += " Most other states moved as far; that is no proof of standing still."
    unseen = [each.title for each in answer.unscored]
    return Finding(
        verdict,
        figure,
        f"Of {ranked} ranked lines about {ranked * thresholds.tail / 50:.1f} would stand out by chance. "
        + (f"Without data here: {', '.join(unseen)}." if unseen else ""),
        f"{thresholds.kinds} kinds of evidence outside the middle {100 - 2 * thresholds.tail:g} % of states, "
        "none the other way",
        f"Kinds of evidence that stand out toward {other}, of these lines in later years or of those without "
        "data.",
        answer.command,
        answer.sources,
    )


_OF_ASSESSMENT: Mapping[str, Verdict] = {
    "toward": "supported",
    "away": "contradicted",
    "nothing unusual": "contradicted",
    "cannot tell": "cannot tell",
}


def _explanation(test: Explanation, thresholds: Thresholds) -> Finding:
    evidence = gather_evidence(
        test.state,
        toward=test.toward,
        away_from=test.away_from,
        event=test.event,
        years_after=test.years_after,
    )
    found = explain(*evidence)
    claimed = explanations()[test.explanation]
    best_other = max(found.totals[each] for each in found.totals if each != claimed)
    margin = found.totals[claimed] - best_other
    verdict: Verdict = (
        "supported"
        if margin >= thresholds.decides
        else "contradicted"
        if margin <= -thresholds.decides
        else "cannot tell"
    )
    finer = test.explanation not in CLASS_NAMES
    remark = ""
    if finer and verdict == "supported":
        verdict = "cannot tell"
        remark = f" {test.explanation} cannot be told from the rest of its class ({CLASS_NAMES[claimed]})."
    totals = ", ".join(f"{CLASS_NAMES[each]} {total:+.2f}" for each, total in found.totals.items())
    track = "" if found.track is None else f"{found.track.words}. "
    unseen = "; ".join(f"{block}: {reason}" for block, reason in found.not_scored.items())
    return Finding(
        verdict,
        f"Weight of evidence (log10, against nothing beyond drift): {totals}.{remark}",
        f"{track}Not scored: {unseen}." if unseen else track,
        f"{CLASS_NAMES[claimed]} ahead of the runner-up by {thresholds.decides:g} (a factor of "
        f"{10**thresholds.decides:.1f})",
        _reverses(found.would_change),
        f"tropism explain {test.state} --toward {test.toward} --from {test.away_from} --event {test.event}"
        + (f" --years-after {test.years_after}" if test.years_after else ""),
        found.provenance,
    )


def _reverses(changes: tuple[tuple[str, str, float], ...]) -> str:
    if not changes:
        return "No single fact: changes in blocks that have no data now (arms, sanctions)."
    return "; ".join(f"{name} (then: {verdict})" for name, verdict, _ in changes) + "."


# ------------------------------------------------------------------------------------------ what if


def _cause(test: Cause, thresholds: Thresholds) -> Finding:
    ask: Callable[..., WhatIf] = what_if_sanctions if test.cause == "sanctions" else what_if_agreement
    answer = (
        ask(test.other, [test.one], draws=thresholds.draws)
        if test.cause == "sanctions"
        else ask(test.one, test.other, draws=thresholds.draws)
    )
    row = answer.flows[answer.flows["unit"] == "percent"].iloc[0]
    estimate, low, high = (float(row[key]) for key in ("estimate", "lower", "upper"))
    sign = 1 if test.effect == "raises" else -1
    least, most = sorted((sign * low, sign * high))
    verdict: Verdict = "supported" if least > 0 else "contradicted" if most < 0 else "cannot tell"
    others = answer.alternatives["change_percent"]
    flow = " → ".join(named(each) for each in str(row["flow"]).split(" → "))
    figure = (
        f"{flow}: {estimate:+.0f} % [{low:+.0f}, {high:+.0f}] of "
        f"{row['baseline_million_usd']:,.0f} million USD; "
        f"under other published effects {others.min():+.0f} to {others.max():+.0f} %."
    )
    bound = test.cause == "customs cooperation"
    if bound:
        verdict = "cannot tell"
        figure = (
            "No published effect of customs cooperation; that of a full trade agreement bounds it from "
            f"above. {figure}"
        )
    verb = "sanctions" if test.cause == "sanctions" else "agreement"
    return Finding(
        verdict,
        figure,
        "90 % of draws over effect and elasticity. A model’s answer from averages over past "
        f"{'sanctions' if verb == 'sanctions' else 'agreements'}, no observation of this one.",
        f"the whole interval {'above' if sign > 0 else 'below'} zero",
        "An estimate for measures of this kind, or recorded trade against that of like pairs some years on.",
        f"tropism what-if sanctions --on {test.other} --by {test.one}"
        if verb == "sanctions"
        else f"tropism what-if agreement {test.one} {test.other}",
        answer.provenance,
    )


def _counterfactual(test: Counterfactual, thresholds: Thresholds) -> Finding:
    answer = what_if_halt(test.seller, test.without, draws=thresholds.draws)
    row = answer.summary().set_index("state").to_dict("index")[test.seller]
    ends = [float(row[f"{end}_{name}"]) for name in answer.equilibria for end in ("lower", "upper")]
    worst, least = -min(ends), -max(ends)
    limit = thresholds.afloat_percent
    verdict: Verdict = "supported" if least >= limit else "contradicted" if worst < limit else "cannot tell"
    at_stake = answer.settings
    name = named(test.seller)
    return Finding(
        verdict,
        f"{name} would lose {least:.2f} to {worst:.2f} % of real income; before anybody adjusts "
        f"{at_stake['at_stake_million_usd']:,.0f} million USD of inputs are at stake, "
        f"{at_stake['at_stake_share_of_exports']:.1%} of what it sells abroad.",
        "90 % of draws over the elasticity, under two assumptions on deficits; inputs of 2022 among 80 "
        "economies. Losses are understated where goods cannot go elsewhere at once.",
        f"a loss of real income of {limit:g} % or more",
        f"A loss on the other side of {limit:g} %: purchases other than those of 2022, or buyers that nobody "
        "can replace.",
        f"tropism what-if halt {test.seller} --by {','.join(test.without)}",
        answer.provenance,
    )


# ------------------------------------------------------------------------------------------ dated facts


def _fact(test: Fact, thresholds: Thresholds) -> Finding:
    return _membership(test) if test.kind == "membership" else _event(test)


def _membership(test: Fact) -> Finding:
    rows = [
        row
        for row in read_table("memberships").to_pylist()
        if (row["organisation"], row["iso3"]) == (test.other, test.state)
    ]
    inside = [row for row in rows if _within(row, test, "start_date")]
    full = [row for row in inside if row["status"] in MEMBER]
    steps = [row for row in inside if row["status"] in STEPS]
    verdict: Verdict = "supported" if full else "mixed" if steps else "contradicted"
    last = max(full or steps or rows, key=lambda row: row["start_date"], default=None)
    told = "no row of it" if last is None else f"{last['status'].replace('_', ' ')} since {_day(last)}"
    remark = f" ({last['note']})" if last is not None and last["note"] and not full else ""
    return Finding(
        verdict,
        f"{named(test.state)} and {test.other}: {told}{remark}.",
        "The table follows 17 organisations, each row with its source"
        + (f" ({last['source_url']})" if last is not None else "")
        + "; a status that is not in it is taken not to be.",
        f"a full membership that began{_span(test)}; steps toward one are mixed",
        "The end of the membership." if full else "A source for an admission in force.",
        "tropism data show memberships",
        _sources("memberships"),
    )


def _event(test: Fact) -> Finding:
    rows = [
        row
        for row in read_table("timeline").to_pylist()
        if {row["actor"], row["target"]} == {test.state, test.other}
        and row["kind"] == test.kind
        and _within(row, test, "date")
    ]
    kind, pair = test.kind.replace("_", " "), f"{named(test.state)} and {named(test.other)}"
    if not rows:
        raise DataNotPresentError(
            f"the timeline has no {kind} between {pair}{_span(test)}; it is not complete."
        )
    last = rows[-1]
    return Finding(
        "supported",
        f"{last['description']} ({_day(last, 'date')})"
        + (f", and {len(rows) - 1} more of the kind." if len(rows) > 1 else "."),
        f"As the source has it ({last['source_url']}).",
        f"a dated {kind} between {pair}{_span(test)}",
        "A source that denies it.",
        "tropism data show timeline",
        _sources("timeline"),
    )


def _conditionality(test: Conditionality, thresholds: Thresholds) -> Finding:
    sanctions = read_table("sanctions").to_pylist()
    timeline = read_table("timeline").to_pylist()
    covered = {row["target"] for row in sanctions} | {row["target"] for row in timeline}
    if test.state not in covered:
        raise DataNotPresentError(
            f"the tables of sanctions and events hold nothing on {named(test.state)}; "
            "`tropism data fetch gsdb` brings sanctions on all states."
        )
    # Both tables may hold one act: a day counts once.
    acts = {
        sender: {
            row["start_date"]: row["description"]
            for row in sanctions
            if (row["sender"], row["target"], row["status"]) == (sender, test.state, "imposed")
            and _within(row, test, "start_date")
        }
        | {
            row["date"]: row["description"]
            for row in timeline
            if (row["actor"], row["target"]) == (sender, test.state)
            and row["kind"] in PUNISHING
            and _within(row, test, "date")
        }
        for sender in (test.punishes, test.spares)
    }
    hard, soft = acts[test.punishes], acts[test.spares]
    verdict: Verdict = (
        "supported"
        if hard and not soft
        else "mixed"
        if hard and soft
        else "contradicted"
        if soft
        else "cannot tell"
    )
    last = f", the last in {max(hard).year} ({hard[max(hard)]})" if hard else ""
    return Finding(
        verdict,
        f"Sanctions and suspensions of aid on record against {named(test.state)}{_span(test)}: "
        f"{len(hard)} by {named(test.punishes)}{last}; {len(soft)} by {named(test.spares)}.",
        "The record follows measures that sources announce; conditions that are not announced, and aid that "
        "was never offered, are not in it.",
        f"at least one by {named(test.punishes)} and none by {named(test.spares)}",
        f"A source for one by {named(test.spares)}." if not soft else "Better dates.",
        "tropism data show sanctions",
        (*_sources("sanctions"), *_sources("timeline")),
    )


def _untestable(test: Untestable, thresholds: Thresholds) -> Finding:
    because = f" {test.because.rstrip('.')}." if test.because else ""
    return Finding("not testable", f"{test.reason.capitalize()}: {REASONS[test.reason]}.{because}")


@dataclass(frozen=True)
class Checker:
    """What tests a form, and the commands that it stands for."""

    check: Callable[[Any, Thresholds], Finding]
    commands: str


#: Every form and what tests it: the whole mechanism.
CHECKERS: Mapping[str, Checker] = {
    "level": Checker(check_level, "a line of evidence of `assess`"),
    "change": Checker(_change, "`assess`"),
    "comparison": Checker(check_comparison, "a line of evidence of `assess`, twice"),
    "cause": Checker(_cause, "`what-if agreement`, `what-if sanctions`"),
    "counterfactual": Checker(_counterfactual, "`what-if halt`"),
    "fact": Checker(_fact, "the tables `memberships` and `timeline`"),
    "conditionality": Checker(_conditionality, "the tables `sanctions` and `timeline`"),
    "explanation": Checker(_explanation, "`explain`"),
    "untestable": Checker(_untestable, "nothing"),
}


def _within(row: Mapping[str, Any], test: Fact | Conditionality, column: str) -> bool:
    """Whether a date that is known to the day, month or year can lie in the claim's span."""
    day = row[column]
    precision = row["date_precision" if column == "date" else "start_precision"]
    parts = {"day": 3, "month": 2, "year": 1}[precision]

    def cut(value: Any) -> tuple[int, ...]:
        return (value.year, value.month, value.day)[:parts]

    return (test.since is None or cut(day) >= cut(test.since)) and (
        test.until is None or cut(day) <= cut(test.until)
    )


def _span(test: Fact | Conditionality) -> str:
    since = "" if test.since is None else f" from {test.since}"
    return since + ("" if test.until is None else f" to {test.until}")


def _day(row: Mapping[str, Any], column: str = "start_date") -> str:
    precision = row["date_precision" if column == "date" else "start_precision"]
    return str(row[column])[: {"day": 10, "month": 7, "year": 4}[precision]]


def _sources(table: str) -> tuple[Provenance, ...]:
    found = table_info(table).provenance
    return () if found is None else (found,)
