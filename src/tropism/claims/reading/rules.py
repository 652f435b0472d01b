"""What a sentence claims: a table of triggers (``rules.csv``), each with a form and where its roles stand.

Verbs follow the families of CAMEO and PLOVER (cooperate, aid, sanction, yield, reject …) as far as they say
something that a form can hold. The first rule whose trigger and roles are found gives the form. A role is
looked for before or after the trigger, or after a word of its own; names joined by "and" fill it together.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tropism.claims.reading.names import Mention

#: Where a role stands: "before" or "after" the trigger (the nearest name), "first" or "second" in the
#: sentence, "next" (the name after that of "after"), or a pattern after which it comes.
Place = str


@dataclass(frozen=True)
class Rule:
    """A trigger, the form that it means, and the places of its roles.

    Attributes
    ----------
    form : str
    family : str
        Of PLOVER, or what the words do.
    trigger : pattern
    roles : mapping of str to str
        Field of the form to its place. Several places, in order of trust, stand with ``|`` between.
    fixed : mapping
        Fields that the trigger itself decides; ``denied`` where it denies.
    trust : float
        How far the trigger alone decides the form: 0.9 where it can mean little else, 0.5 where it may.
    """

    form: str
    family: str
    trigger: re.Pattern[str]
    roles: Mapping[str, Place]
    fixed: Mapping[str, str]
    trust: float


#: Pieces that several triggers share, written ``{NAME}`` in the table.
PIECES = {
    "TURN": (
        r"(?:has |have |had |is |are |was |were |been |being )*(?:steadily |slowly |sharply |clearly |now |"
        r"again )?(?:shift|pivot|drift|tilt|turn|swing|swung|mov|gravitat|lean|realign|slid|edg|inch|draw|"
        r"drew|drawn)\w*(?: \w+ly)?(?: \w+){0,2}?"
    ),
    "TO": (
        r"(?:toward|towards|closer to|nearer to|back to|back into|into|to the side of|in the direction of|to)"
    ),
    "RAISE": (
        r"(?:boost|rais|increas|lift|spur|doubl|tripl|quadrupl|expand|grow|grew|multipl|swell|swoll|rose|rise|"
        r"jump|soar|surg|transform|created?)\w*\b"
    ),
    "TRADE": r"(?:trade|exports?|imports?|commerce|sales|business|shipments)\b",
}


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of ``rules.csv``, in its order: the first that fits wins."""
    text = files("tropism.claims.reading").joinpath("rules.csv").read_text(encoding="utf-8")
    return tuple(_rule(row) for row in csv.DictReader(io.StringIO(text)))


def _rule(row: Mapping[str, str]) -> Rule:
    trigger = row["trigger"]
    for name, piece in PIECES.items():
        trigger = trigger.replace(f"{{{name}}}", piece)
    return Rule(
        form=row["form"],
        family=row["family"],
        trigger=re.compile(rf"\b(?:{trigger})", re.IGNORECASE),
        roles=dict(each.split("=", 1) for each in row["roles"].split()),
        fixed=dict(each.split("=", 1) for each in row["fixed"].split("; ") if each),
        trust=float(row["trust"]),
    )


#: What a level is about, by words of the sentence; the first that is found.
LINES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (line, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for line, words in (
        (
            "arms_technology",
            r"(?:military|defen[cs]e|weapons?|arms) technolog\w+|licen[cs]ed production|technolog\w+",
        ),
        ("arms_imports", r"arms|weapons?|armaments?|military hardware|jets?|tanks?\b|missiles?|ammunition"),
        ("aid", r"aid\b|assistance|grants?"),
        ("public_opinion", r"opinion|public\b|people\b|voters|hostile|sentiment|anti-|favou?rabl\w+"),
        ("vote_similarity", r"vot(?:e|es|ing|ed)|United Nations|General Assembly|UN\b"),
        ("alliances", r"allian\w+|ally|allies|guarantee\w*"),
        ("mineral_imports", r"energy|oil|gas\b|coal|crude|fuels?|uranium|minerals?|LNG|petrol\w*"),
        (
            "intermediate_inputs",
            r"inputs?|components?|suppl\w+|trade|import\w*|goods|market\w*|econom\w+|export\w*",
        ),
    )
)

_LINK = re.compile(r"(?:['’]s)?\s*(?:,\s*)?(?P<and>\b(?:and|or|as well as) |& )?(?:the |both )?")
_DENIAL = re.compile(
    r"\b(?:not|never|no longer|hardly|nothing|neither|(?:is|are|has|have|does|do|did)n['’]t|cannot|"
    r"no evidence|no sign|myth|false|denies|denied)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:(?-i:may)|might|could|perhaps|possibly|reportedly|allegedly|seems?|appears?|arguably|probably|"
    r"is portrayed as|is seen as|so-called|apparently|supposedly|said to|believed to)\b",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"\b(?:according to|sa(?:id|ys)|told|claim(?:s|ed)|argu(?:es|ed)|insist(?:s|ed)|warn(?:s|ed)|"
    r"report(?:s|ed)|critics|officials?|analysts?|observers?|it is (?:often )?(?:said|claimed))\b",
    re.IGNORECASE,
)


def denied(sentence: str, trigger: re.Match[str]) -> bool:
    """Whether a denial stands within a few words before the trigger, or in it."""
    before = sentence[max(0, trigger.start() - 40) : trigger.end()]
    # A denial in a clause of its own is of that clause.
    clause = re.split(r"[;:,]| but | while ", before)[-1]
    return bool(_DENIAL.search(clause))


def flags_of(sentence: str) -> list[str]:
    """Hedges and attributions that a person should weigh."""
    found = []
    if hedge := _HEDGE.search(sentence):
        found.append(f"hedged: {hedge[0].lower()}")
    if attributed := _ATTRIBUTION.search(sentence):
        found.append(f"attributed: {attributed[0].lower()}")
    return found


def fill(
    place: Place, sentence: str, trigger: re.Match[str], names: Sequence[Sequence[Mention]]
) -> Sequence[Mention] | None:
    """The names that stand at a place; names joined by "and" come together."""
    for each in place.split("|"):
        if found := _fill(each, sentence, trigger, names):
            return found
    return None


_ORDINAL = {"first": 0, "second": 1, "third": 2, "last": -1, "secondlast": -2}


def _fill(
    place: str, sentence: str, trigger: re.Match[str], names: Sequence[Sequence[Mention]]
) -> Sequence[Mention] | None:
    before = [group for group in names if group[-1].end <= trigger.start()]
    after = [group for group in names if group[0].start >= trigger.end()]
    single = [[mention] for group in names for mention in group]
    if place in ("before", "after", "next"):
        ordered, at = (before[::-1], 0) if place == "before" else (after, int(place == "next"))
        return ordered[at] if len(ordered) > at else None
    if place in _ORDINAL:
        at = _ORDINAL[place]
        return single[at] if -len(single) <= at < len(single) else None
    if place in ("firsttwo", "secondtwo"):
        at = int(place == "secondtwo")
        return single[at] if len(single) > at else None
    if place == "organisation":
        return next(([each] for [each] in single if each.kind == "organisation"), None)
    word = {"from": r"\bfrom\b", "on": r"\b(?:on|from|with|to|upon)\b"}.get(place, place)
    for mark in re.finditer(word, sentence, re.IGNORECASE):
        at = mark.end()
        if place == "from" and at < trigger.start():
            continue
        near = [group for group in names if group[0].start >= at]
        if near and not re.search(r"[;:]", sentence[at : near[0][0].start]):
            return near[0]
    return None


def grouped(sentence: str, names: Sequence[Mention]) -> list[list[Mention]]:
    """Names in groups: those joined by commas and "and"."""
    groups: list[list[Mention]] = []
    joined: list[bool] = []
    for each in names:
        between = sentence[groups[-1][-1].end : each.start] if groups else ""
        # In "Without A and B, C …" the comma after "and" ends the list.
        if groups and (link := _LINK.fullmatch(between)) and (link["and"] or not joined[-1]):
            groups[-1].append(each)
            joined[-1] |= link["and"] is not None
        else:
            groups.append([each])
            joined.append(False)
    # Commas alone set clauses apart: "Unlike the United States, China …".
    return [
        part
        for group, holds in zip(groups, joined, strict=True)
        for part in ([group] if holds else [[each] for each in group])
    ]


def line_of(sentence: str) -> str:
    """The line of evidence that the words speak of; imported inputs where they name none."""
    return next((line for line, words in LINES if words.search(sentence)), "intermediate_inputs")
