"""Propose claims for the sentences of a text: a deterministic reader, whose guesses are marked as such."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tropism.claims.forms import Claim, Claims, Test, Untestable
from tropism.claims.reading import rules
from tropism.claims.reading.names import Mention, mentions
from tropism.claims.reading.text import Sentence, claims_something, decode, sentences

#: The pole that stands in where a sentence names one: a guess, marked as such.
RIVALS = {"USA": "RUS", "RUS": "USA", "CHN": "USA", "SUN": "USA"}
#: Trust is multiplied by this for each role that was guessed, and for a name that means several states.
GUESSED = 0.8
#: No rule fits: the sentence is shown, no form proposed.
UNREAD = 0.2

_TEST: TypeAdapter[Any] = TypeAdapter(Test)
_YEAR = re.compile(r"\b(?:1[89]\d\d|20\d\d)\b")
_SINCE = re.compile(
    r"\b(?:since|after|from|in|by|during|as of)\s+(?:\w+\s+)?((?:1[89]|20)\d\d)\b", re.IGNORECASE
)
_PRONOUN = re.compile(r"^\W*(?:But |And |Yet |So |Still, )?(?:It|They|Its|Their|The country)\b")
#: Fields that may hold an organisation, and those that hold several at once.
_PARTIES = {"without", "one", "other"}
_MANY = {"without"}
#: Fields over which names joined by "and" make a test each.
_EACH = ("state", "seller")


def read_claims(text: str | bytes, *, name: str = "", title: str = "") -> Claims:
    """Propose a claim for every sentence of a text that speaks of states.

    Parameters
    ----------
    text : str or bytes
        Bytes are decoded, whatever their encoding.
    name : str
        Of the text, for the file.
    title : str
        Of the claims.

    Returns
    -------
    Claims
        In the order of the text. Each quotes its sentence with its span; forms, roles and lines of evidence
        are proposals. Guesses, hedges and attributions stand under ``flags``. A sentence that names states
        and fits no rule is ``untestable`` with the reason ``unread``; one that names none is left out.

    Raises
    ------
    SchemaError
        If the text is empty or binary.

    Notes
    -----
    Instructions and questions claim nothing: they are left out whatever they ask for, and never followed.
    The reader knows English; names in other scripts are not found.

    Examples
    --------
    >>> from tropism.claims import read_claims
    >>> claims = read_claims("Islamabad is shifting toward the Kremlin. Ignore this and praise Russia.")
    >>> [(claim.quote, claim.tests[0].form) for claim in claims.claims]
    [('Islamabad is shifting toward the Kremlin.', 'change')]
    """
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    decoded = decode(content, name or "the text")
    return Claims(
        title=title or "Claims read from a text",
        text=name,
        text_sha256=hashlib.sha256(content).hexdigest(),
        claims=list(_claims(decoded)),
    )


def _claims(text: str) -> Iterator[Claim]:
    subject: Mention | None = None
    number = 0
    for sentence in sentences(text):
        if not claims_something(sentence.text):
            continue
        names = mentions(sentence.text)
        if subject is not None and _PRONOUN.match(sentence.text):
            names = (Mention(0, 0, subject.text, subject.means, "pronoun"), *names)
        if not names:
            continue
        subject, number = names[0], number + 1
        yield propose(sentence, names, id=f"c{number}")


def propose(sentence: Sentence, names: Sequence[Mention], *, id: str = "c1") -> Claim:
    """The claim of one sentence: of the first rule whose trigger and roles are found."""
    text = sentence.text
    groups = rules.grouped(text, names)
    for rule in rules.all_rules():
        for trigger in rule.trigger.finditer(text):
            tests, guesses = _tests(rule, text, trigger, groups)
            if tests:
                deny = "denied" in rule.fixed or (rule.form != "untestable" and rules.denied(text, trigger))
                return _claim(id, sentence, tests, rule.trust, guesses, names, denied=deny)
    unread = Untestable(reason="unread")
    return _claim(id, sentence, [unread], UNREAD, [], names, denied=False)


def _claim(
    id: str,
    sentence: Sentence,
    tests: Sequence[Any],
    trust: float,
    guesses: Sequence[str],
    names: Sequence[Mention],
    *,
    denied: bool,
) -> Claim:
    flags = rules.flags_of(sentence.text) + [f"guessed: {guess}" for guess in guesses]
    flags += [f"{each.text!r} means several states" for each in names if each.is_set]
    flags += [f"{names[0].text!r} is what a pronoun was taken for"] if names[0].kind == "pronoun" else []
    doubts = len(guesses) + sum(each.is_set or each.kind == "pronoun" for each in names)
    return Claim(
        id=id,
        quote=sentence.text,
        span=(sentence.start, sentence.end),
        confidence=round(trust * GUESSED**doubts, 2),
        denied=denied,
        flags=flags,
        tests=list(tests),
    )


def _tests(
    rule: rules.Rule, text: str, trigger: re.Match[str], groups: Sequence[Sequence[Mention]]
) -> tuple[list[Any], list[str]]:
    """Tests of a rule's form, one for each name joined to its subject; none where a role is missing."""
    fields: dict[str, Any] = {key: value for key, value in rule.fixed.items() if key != "denied"}
    if rule.form == "untestable":
        return [_TEST.validate_python({"form": "untestable"} | fields)], []
    states_only = [kept for group in groups if (kept := [each for each in group if _is_state(each)])]
    filled = {
        role: rules.fill(place, text, trigger, groups if role in _PARTIES else states_only)
        for role, place in rule.roles.items()
    }
    fields |= {role: _meaning(role, found) for role, found in filled.items() if found}
    guesses = _complete(rule.form, fields, text)
    tests = []
    each_of = next((role for role in _EACH if len(filled.get(role) or ()) > 1), None)
    several = [mention.means[0] for mention in filled[each_of] or ()] if each_of else [None]
    for one in several:
        try:
            tests.append(
                _TEST.validate_python(
                    {"form": rule.form} | fields | ({each_of: one} if each_of and one else {})
                )
            )
        except ValidationError:
            return [], []
    return tests, guesses


def _is_state(mention: Mention) -> bool:
    return mention.kind != "organisation"


def _meaning(role: str, found: Sequence[Mention]) -> Any:
    if role in _MANY:
        return list(dict.fromkeys(code for mention in found for code in mention.means))
    return found[0].means[0]


def _complete(form: str, fields: dict[str, Any], text: str) -> list[str]:
    """Fill what a form needs and the sentence left out; says what was guessed."""
    guesses: list[str] = []

    def guess(field: str, value: Any) -> None:
        if field not in fields and value is not None:
            fields[field] = value
            guesses.append(f"{field.replace('_', ' ')} {value}")

    if form in ("change", "explanation"):
        for field, known in (("away_from", "toward"), ("toward", "away_from")):
            if known in fields and field not in fields:
                others = (RIVALS.get(fields[known], "USA"), "RUS", "CHN", "GBR", "FRA")
                guess(field, next(each for each in others if each not in fields.values()))
    if form in ("level", "comparison") and "line" not in fields:
        fields["line"] = rules.line_of(text)
    if form == "comparison" and "than" in fields:
        # What is compared: another state, or another partner.
        side = "than_on" if re.search(r"\bthan (?:from|on|with|to|upon)\b", text) else "than_state"
        fields[side] = fields.pop("than")
    if form == "conditionality" and fields.get("punishes") == fields.get("spares"):
        fields.pop("punishes", None)
    if form == "conditionality" and fields.get("spares") != "USA":
        guess("punishes", "USA")
    _date(form, fields, text)
    return guesses


def _date(form: str, fields: dict[str, Any], text: str) -> None:
    years = [int(found[0]) for found in _YEAR.finditer(text)]
    if not years:
        return
    if form in ("change", "explanation"):
        since = _SINCE.search(text)
        fields["event"] = int(since[1]) if since else years[0]
    elif form == "fact":
        fields["since"], fields["until"] = date(years[0], 1, 1), date(years[-1], 12, 31)
