"""From rows to words: directions, the verdict, and a short reading that claims no more than the rows.

There is no composite index. The verdict counts kinds of evidence, not rows: two measures on the same
votes are one kind. A verdict needs two kinds that stand out the same way and none that stands out the
other way. "Nothing unusual" needs two kinds as well; everything else is "cannot tell".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tropism.shifts import MIN_YEARS, Shift

if TYPE_CHECKING:
    from tropism.assessment.result import EvidenceRow
    from tropism.dyads import Window

#: Outside the middle 90 % of all states: one in ten stands out by chance alone.
TAIL = 5.0
#: An after-span this many times as long as the one before mixes more than one turn of policy.
LOPSIDED = 2.0
#: Kinds of evidence that must agree before the verdict says so.
MIN_BLOCKS = 2

#: Thousand US dollars in one unit of a level.
_THOUSAND_USD = {"thousand current US dollars": 1.0, "million constant US dollars": 1e3}

Verdict = Literal["toward", "away", "nothing unusual", "cannot tell"]
Names = tuple[str, str, str]


def unusual(shift: Shift, tail: float = TAIL) -> Literal["toward", "away", ""]:
    """Whether the change is outside the middle (90 %) of all states' changes, and on which side."""
    if shift.rank is None or _uncertain(shift) or shift.change.estimate == 0:
        return ""
    if shift.rank.percentile >= 100 - tail:
        return "toward"
    return "away" if shift.rank.percentile <= tail else ""


def direction(shift: Shift, names: Names) -> str:
    """The change in words: which pole came closer, and whether that is a move between them."""
    _, b, c = names
    if _uncertain(shift):
        return "no clear change"
    toward, away = shift.change_toward.estimate, shift.change_away.estimate
    if max(abs(toward), abs(away)) < 1e-6:
        return "no change"
    if abs(shift.change.estimate) < 1e-6:
        return f"as much {'closer to' if toward > 0 else 'further from'} {b} as {c}"
    nearer, gained, other, lost = (b, toward, c, away) if shift.change.estimate > 0 else (c, away, b, toward)
    if gained > 0 and lost < 0:
        return f"closer to {nearer}, further from {other}"
    if gained > 0:
        return f"closer to {nearer}" + (f", and less so to {other}" if lost > 0 else "")
    return f"further from {other}" + (f", and less so from {nearer}" if gained < 0 else "")


def percentile_in_words(percentile: float) -> str:
    """A percentile as a whole number, rounded toward the middle: 94.8 is not yet 95."""
    return f"{math.floor(percentile) if percentile > 50 else math.ceil(percentile)}"


def years_in_words(count: int) -> str:
    """``"1 year"``, ``"10 years"``."""
    return f"{count} year" if count == 1 else f"{count} years"


def possessive(name: str) -> str:
    """``"Pakistan's"``, ``"the Philippines'"``."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def amount(thousand_usd: float) -> str:
    """A flow in words: ``amount(34_300) == "34.3 million USD"``."""
    if thousand_usd >= 999_950:
        return f"{thousand_usd / 1e6:.1f} billion USD"
    if thousand_usd >= 100:
        return f"{thousand_usd / 1e3:.1f} million USD"
    return f"{thousand_usd:.1f} thousand USD"


def level(value: float, measured_in: str) -> str:
    """The level behind a share, in its unit: ``level(2.0, "organisations") == "2 organisations"``."""
    if measured_in in _THOUSAND_USD:
        return amount(_THOUSAND_USD[measured_in] * value)
    return f"{value:.{0 if value == round(value) else 1}f} {measured_in}"


def suppliers_in_words(concentration: float, suppliers: int) -> str:
    """``"3 suppliers, 0.62"``; without any, ``"no imports"``."""
    if not suppliers:
        return "no imports"
    return f"{suppliers} supplier{'' if suppliers == 1 else 's'}, {concentration:.2f}"


def read(rows: Sequence[EvidenceRow], names: Names, window: Window) -> tuple[Verdict, tuple[str, ...]]:
    """Weigh nothing, count kinds of evidence, and say what follows.

    Parameters
    ----------
    rows : sequence of EvidenceRow
    names : tuple of str
        The triad in words.
    window : Window

    Returns
    -------
    verdict : str
    reading : tuple of str
        The answer first, then what stands out, what does not, and what no row can see.
    """
    judgement = judge(rows)
    verdict, toward, away, ranked = (
        judgement.verdict,
        judgement.toward,
        judgement.away,
        judgement.ranked,
    )
    sentences = [_headline(verdict, ranked, toward, away, names)]
    sentences += [_stands_out(row, names) for row in (*toward, *away)]
    unclear = [row for row in ranked if not row.unusual and _uncertain_at_the_edge(row)]
    plain = [row for row in ranked if not row.unusual and row not in unclear]
    if plain:
        sentences.append(f"Within the range of most states: {listed(_with_rank(row) for row in plain)}.")
    if unclear:
        sentences.append(
            "Outside the range of most states, with an interval that holds no change at all: "
            f"{listed(_with_rank(row) for row in unclear)}."
        )
    for sign in (1, -1):
        carried = [row for row in plain if _moved_less_than_most(row, sign)]
        if carried:
            sentences.append(_with_the_field(carried, names, sign))
    sentences += divided_votes(ranked, names)
    if len(ranked) > 1:
        chance = f"{len(ranked) * 2 * TAIL / 100:.1f}"
        sentences.append(
            f"Of {len(ranked)} ranked rows, about {chance} would stand out by chance alone, were they "
            "independent."
        )
    lopsided = [row for row in ranked if row.coverage.years_after > LOPSIDED * row.coverage.years_before]
    if lopsided:
        before, after = lopsided[0].coverage.years_before, lopsided[0].coverage.years_after
        sentences.append(
            f"The years after are many ({after} against {before} before, in {lopsided[0].title}): a mean "
            "over them hides a move that was later undone. Narrow them with --after."
        )
    unsaid = [row for row in rows if row.status in ("short", "absent", "unranked")]
    if unsaid:
        sentences.append(f"Not assessed: {listed(f'{row.title} ({_why_not(row)})' for row in unsaid)}.")
    if ranked and all(row.signal == "cheap" for row in ranked):
        sentences.append(
            "No row is a costly act (arms, bases, sanctions), so nothing here can tell a realignment from "
            "a hedge; and no row says whose move it was."
        )
    return verdict, tuple(capital(sentence) for sentence in sentences)


def _uncertain(shift: Shift) -> bool:
    change = shift.change
    return change.lower is not None and change.upper is not None and change.lower <= 0 <= change.upper


def _uncertain_at_the_edge(row: EvidenceRow, tail: float = TAIL) -> bool:
    """Whether a change ranks among the outermost while its interval holds 0: others moved, not it."""
    assert row.shift is not None and row.shift.rank is not None
    return _uncertain(row.shift) and not tail < row.shift.rank.percentile < 100 - tail


@dataclass(frozen=True)
class Judgement:
    """A verdict with the rows that stand out on either side, and all that are ranked."""

    verdict: Verdict
    toward: tuple[EvidenceRow, ...]
    away: tuple[EvidenceRow, ...]
    ranked: tuple[EvidenceRow, ...]


def judge(rows: Sequence[EvidenceRow], *, tail: float = TAIL, min_blocks: int = MIN_BLOCKS) -> Judgement:
    """Which rows stand out, and the verdict; `tail` is the per cent of states on either side that do.

    ``min_blocks`` kinds of evidence must agree.
    """
    ranked = tuple(row for row in rows if row.status == "ranked" and row.shift is not None)
    sides = {
        side: tuple(row for row in ranked if row.shift is not None and unusual(row.shift, tail) == side)
        for side in ("toward", "away")
    }
    toward, away = sides["toward"], sides["away"]

    def verdict() -> Verdict:
        telling = [row for row in ranked if could_tell(row)]
        if not ranked or (toward and away):
            return "cannot tell"
        if not toward and not away:
            if any(_uncertain_at_the_edge(row, tail) for row in ranked):
                return "cannot tell"
            return "nothing unusual" if len({row.block for row in telling}) >= min_blocks else "cannot tell"
        blocks = {row.block for row in (*toward, *away)}
        if len(blocks) < min_blocks:
            return "cannot tell"
        return "toward" if toward else "away"

    return Judgement(verdict(), toward, away, ranked)


def _headline(
    verdict: Verdict,
    ranked: Sequence[EvidenceRow],
    toward: Sequence[EvidenceRow],
    away: Sequence[EvidenceRow],
    names: Names,
) -> str:
    a, b, c = names
    kinds = listed(dict.fromkeys(row.block for row in (*toward, *away)))
    if not ranked:
        return (
            f"Cannot tell: no line of evidence has {MIN_YEARS} years on either side and states to compare "
            "with."
        )
    if verdict == "nothing unusual":
        return (
            f"Nothing unusual: no line of evidence sets {possessive(a)} move between {b} and {c} apart from "
            "that of most other states. That is no proof of standing still."
        )
    if verdict in ("toward", "away"):
        nearer, other = (b, c) if verdict == "toward" else (c, b)
        lead = f"{a} stands out toward {nearer} and away from {other}, in {kinds}: "
        sign = 1 if verdict == "toward" else -1
        # A rank is relative: it must not pass for a move of the gap itself.
        if against := [row.title for row in (*toward, *away) if sign * _changed(row) < 0]:
            return (
                f"{lead}beside nearly all other states. Its gap itself moved toward {other} in "
                f"{listed(against)}, where it stands out by moving less than they did."
            )
        return f"{lead}its gap moved further that way than that of nearly all other states."
    if toward and away:
        return f"Cannot tell: the lines that stand out disagree about whether {a} moved toward {b} or {c}."
    if unclear := [row.title for row in ranked if not toward and not away and _uncertain_at_the_edge(row)]:
        return (
            f"Cannot tell: {a} is outside the range of most states in {listed(unclear)}, but may not have "
            "moved at all."
        )
    if not toward and not away:
        return (
            f"Cannot tell: nothing stands out, but fewer than {MIN_BLOCKS} kinds of evidence have data in "
            f"which a move of {a} could show."
        )
    pole = b if toward else c
    return f"Cannot tell: {a} stands out toward {pole} in one kind of evidence only ({kinds})."


def _stands_out(row: EvidenceRow, names: Names) -> str:
    assert row.shift is not None
    return f"{row.title}: {row.direction}, {rank_in_words(row.shift, names)}{_by_bloc(row.shift)}."


def _by_bloc(shift: Shift) -> str:
    """What a rank becomes where states that vote as one count as one."""
    if shift.rank is None or shift.rank.bloc_percentile is None:
        return ""
    said = (
        f"; percentile {percentile_in_words(shift.rank.bloc_percentile)} with one unit for each voting bloc"
    )
    inside = TAIL < shift.rank.bloc_percentile < 100 - TAIL
    return said + (", within the range of most" if inside else "")


def _changed(row: EvidenceRow) -> float:
    assert row.shift is not None
    return row.shift.change.estimate


def could_tell(row: EvidenceRow) -> bool:
    """Whether a move could have shown: not where the state and most others stand still, as in 0 to 0."""
    assert row.shift is not None and row.shift.rank is not None
    return row.shift.change.estimate != 0 or row.shift.rank.n_tied < row.shift.rank.n / 2


def _moved_less_than_most(row: EvidenceRow, sign: int) -> bool:
    """Whether the raw change has this sign while most states moved further: the field moved."""
    assert row.shift is not None and row.shift.rank is not None
    if _uncertain(row.shift):
        return False
    return sign * row.shift.change.estimate > 0 and sign * (row.shift.rank.percentile - 50) < -25


def _with_the_field(rows: Sequence[EvidenceRow], names: Names, sign: int) -> str:
    counted = []
    for row in rows:
        assert row.shift is not None and row.shift.rank is not None
        rank = row.shift.rank
        further = rank.n_below if sign < 0 else rank.n - rank.n_below - rank.n_tied
        counted.append(f"{row.title} ({further} of {rank.n})")
    return (
        f"The gap moved toward {names[1] if sign > 0 else names[2]} in {listed(counted)}, but so many other "
        f"states moved further that it cannot be read as {possessive(names[0])} own move."
    )


def divided_votes(rows: Sequence[EvidenceRow], names: Names) -> list[str]:
    """Where rows on the same votes moved opposite ways: distance on a line is not disagreement."""
    moved: dict[int, list[str]] = {1: [], -1: []}
    for row in rows:
        assert row.shift is not None
        if row.block == "votes" and row.shift.change.estimate and not _uncertain(row.shift):
            moved[1 if row.shift.change.estimate > 0 else -1].append(row.title)
    if not moved[1] or not moved[-1]:
        return []
    return [
        f"The votes do not speak with one voice: the gap moved toward {names[1]} in {listed(moved[1])}, "
        f"toward {names[2]} in {listed(moved[-1])}. States can stand nearer on a line and agree less often."
    ]


def _with_rank(row: EvidenceRow) -> str:
    assert row.shift is not None and row.shift.rank is not None
    return f"{row.title} (percentile {percentile_in_words(row.shift.rank.percentile)})"


def rank_in_words(shift: Shift, names: Names) -> str:
    """The rank, said so that it does not seem to deny the direction.

    A state may move toward one pole and yet less so than most: then it ranks high toward the other, and
    the sentence counts those that moved further.
    """
    rank, change = shift.rank, shift.change.estimate
    _, b, c = names
    if rank is None:
        return "too few other states to rank it"
    above = rank.n - rank.n_below - rank.n_tied
    others = f"of {rank.n} other states"
    if change == 0 and rank.n_tied:
        return f"the gap of {rank.n_tied} {others} is unchanged too"
    if change < 0 <= rank.percentile - 50:
        return f"{rank.n_below} {others} moved further toward {c}"
    if change > 0 > rank.percentile - 50:
        return f"{above} {others} moved further toward {b}"
    if rank.percentile >= 50:
        return f"more toward {b} than {rank.n_below} {others}"
    return f"more toward {c} than {above} {others}"


def _why_not(row: EvidenceRow) -> str:
    if row.status == "short":
        coverage = row.coverage
        before = years_in_words(coverage.years_before)
        return f"{before} before, {coverage.years_after} after; {MIN_YEARS} needed"
    if row.status == "unranked":
        return f"only {row.coverage.states} other states"
    # A long reason names every alternative; it stands with the row.
    return row.missing[0] if row.missing and len(row.missing[0]) < 90 else "not covered"


def capital(sentence: str) -> str:
    """The sentence with its first letter as a capital."""
    return sentence[:1].upper() + sentence[1:]


def listed(items: Iterable[str]) -> str:
    """``"a, b and c"``."""
    words = list(items)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
