"""A dossier in sentences: the answer in two, likelihood and confidence apart, words of its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tropism.assessment.charts import BANDS
from tropism.assessment.reading import listed
from tropism.explanations.signatures import CLASS_NAMES, CLASSES
from tropism.report import words

if TYPE_CHECKING:
    from tropism.assessment import Assessment, EvidenceRow
    from tropism.assessment.dossier import Dossier

#: Words for probabilities: ICD 203 of the US intelligence community (2015), lower bounds in per cent.
LIKELIHOODS = (
    (95, "almost certain"),
    (80, "very likely"),
    (55, "likely"),
    (45, "about as likely as not"),
    (20, "unlikely"),
    (5, "very unlikely"),
    (0, "almost no chance"),
)
#: Fewer other states than this give no error rate.
FEWEST = 20


def answer_sentences(dossier: Dossier) -> list[str]:
    """The verdict; then what the leading line measures, and how often the rules say as much of others."""
    return [dossier.assessment.reading[0], *filter(None, [lead_sentence(dossier)])]


def lead_sentence(dossier: Dossier) -> str:
    """The leading line's change with interval and rank, and the error rate of the rules."""
    row = dossier.lead
    if row is None or row.shift is None:
        return ""
    names = dossier.assessment.names
    change = words.change_in_words(row)
    unit = "" if row.measured_in.startswith("share") else f" ({row.measured_in})"
    said = (
        f"In {row.title}, the line that leads, the gap between {names[1]} and {names[2]} changed by "
        f"{change}{unit}: {words.standing_in_words(row, names)}"
    )
    return f"{said}; {error_rate(dossier)}."


def error_rate(dossier: Dossier) -> str:
    """How often the rules name a move for other states, and how often they say what they say here."""
    asked = sum(dossier.others.values())
    lines = sum(row.status == "ranked" for row in dossier.assessment.rows)
    if asked < FEWEST:
        return f"only {asked} other states have data on all {lines} lines, too few for an error rate"
    moved = sum(dossier.others.get(verdict, 0) for verdict in ("toward", "away"))
    said = f"the same rules name a move for {_of(moved, asked)} other states with data on all {lines} lines"
    if dossier.assessment.verdict in ("toward", "away"):
        return said
    alike = dossier.others.get(dossier.assessment.verdict, 0)
    return f"{said}, and say “{dossier.assessment.verdict}” of {_of(alike, asked)}"


def likelihood_sentence(dossier: Dossier) -> str:
    """How likely each class of explanation is; a sentence that says nothing of confidence."""
    found = dossier.assessment.explanations
    if isinstance(found, str):
        return f"No likelihood is given. {found}"
    chances = found.posterior()
    said = (f"{CLASS_NAMES[c]} is {likely(chances[c])}" for c in sorted(CLASSES, key=lambda c: -chances[c]))
    return f"If all three were held equally probable beforehand: {'; '.join(said)}."


def likely(probability: float) -> str:
    """``"unlikely (23 %)"``: the word for a whole percentage, which is always beside it."""
    points = min(max(round(100 * probability), 1), 99)
    word = next(word for least, word in LIKELIHOODS if points >= least)
    return f"{word} ({points} %)"


def likelihood_scale() -> str:
    """What the words for probabilities mean."""
    ends = [100, *(least for least, _ in LIKELIHOODS)]
    spans = (f"{word} {least}–{end} %" for (least, word), end in zip(LIKELIHOODS, ends, strict=False))
    return f"Words for probabilities, as in ICD 203: {'; '.join(spans)}."


def confidence_sentence(dossier: Dossier) -> str:
    """How sure the answer can be and why; a sentence without any probability."""
    sure = dossier.confidence
    if not sure.ranked:
        return "Confidence in the answer is very low: no line of evidence could be ranked."
    kinds = f"{sure.evidence} evidence ({words.counted(sure.ranked, 'ranked line')} on {listed(sure.kinds)}"
    kinds += f"; {words.counted(sure.unscored, 'line')} without data here)" if sure.unscored else ")"
    side = f"{sure.alike} of {sure.ranked} on one side of the middle of all states"
    accord = f"{sure.agreement} agreement ({side})"
    cheap = "" if sure.costly else ", a step less because none of them is a costly act"
    return f"Confidence in the answer is {sure.level}: {kinds}, {accord}{cheap}."


def leads_note(dossier: Dossier) -> str:
    """Why this line leads, and the scale of the words."""
    row = dossier.lead
    if row is None or row.shift is None:
        return likelihood_scale()
    why = "the first with an interval" if row.shift.change.lower is not None else "the first that is ranked"
    return (
        f"{row.title} leads because it is {why}, whatever it shows; the overview has every line. "
        f"{likelihood_scale()}"
    )


def levels_title(row: EvidenceRow, assessment: Assessment) -> str:
    """The finding of the headline figure."""
    return f"{row.title}: {row.direction}"


def levels_sentence(row: EvidenceRow, assessment: Assessment) -> str:
    """The headline figure for a reader who does not see it."""
    a, b, c = assessment.names
    toward, away = words.level_in_words(row, 0), words.level_in_words(row, 1)
    return (
        f"{row.title} ({words.unit_in_words(row)}), before and after: {a} with {b} {toward}, with {c} "
        f"{away}; the gap changed by {words.change_in_words(row)}."
    )


def levels_note(row: EvidenceRow) -> str:
    """How to read the headline figure, its unit and source."""
    before, after = words.spans_in_words(row.coverage).split(" against ")
    above = f"Above: hollow, before ({before}); full, after ({after}). Unit: {words.unit_in_words(row)}"
    below = f"Below: the change of the gap between the two, {words.change_unit_in_words(row)}"
    sure = row.shift is not None and row.shift.change.lower is not None
    drawn = f"; the bands hold it with {_levels()} probability" if sure else "; it has no sampling error"
    return f"{above}. {below}{drawn}. {words.source_note(row)}"


def path_note(row: EvidenceRow, *, assessment: Assessment, events: bool) -> str:
    """What the bands and ticks of a path are, then its unit, years and source."""
    said = []
    if row.series is not None and row.series.has_sampling_error:
        said.append(f"The bands hold each year’s value with {_levels()} probability.")
    if events and assessment.events:
        _, b, c = assessment.names
        said.append(f"Ticks below the lines: dated events with {b} (top), {c} and others, listed below.")
    return " ".join([*said, words.path_note(row)])


def _levels() -> str:
    return f"{listed(f'{100 * level:.0f}' for level in sorted(BANDS))} %"


def _of(count: int, total: int) -> str:
    """``"2 of 57 (4 %)"``."""
    return f"{count} of {total} ({100 * count / total:.0f} %)"
