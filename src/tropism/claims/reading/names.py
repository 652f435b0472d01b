"""States and organisations in running text: names, aliases, capitals, demonyms, seats of government, sets.

Names are matched as they are spelled: "us" is no state and "turkey" no country. What ``names.csv`` says goes
before the table of states, that before capitals: Brussels is the European Union, Washington its government.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tropism.errors import UnknownStateError
from tropism.states import find_state, states
from tropism.tables import read_table

#: Names that are no state's: with these words before or after them.
_NOT_BEFORE = re.compile(r"(?:Latin|South|North|Central|Native|New|Gulf of|West|East|Equatorial) $")
_NOT_AFTER = re.compile(
    r"[ -](?:Post|Times|Consensus|Treaty|Accords?|Convention|Club|Ocean|Bank\b|Sea\b|Protocol|Stream|Charter|"
    r"Review|Journal|Summit|Conference)"
)
#: Capitals that are other words, or other places, as often.
_NO_CAPITALS = {"Male", "Victoria", "Georgetown", "Kingston", "Santiago", "Monaco", "Singapore", "Port Louis"}


@dataclass(frozen=True)
class Mention:
    """A name in a sentence: where, what it means, and what kind of name it is."""

    start: int
    end: int
    text: str
    means: tuple[str, ...]
    kind: str

    @property
    def is_set(self) -> bool:
        """Whether it names several states at once, so that a person should choose."""
        return self.kind == "set"


def mentions(sentence: str) -> tuple[Mention, ...]:
    """Every name in a sentence, in its order."""
    return tuple(_find(sentence))


def _find(sentence: str) -> Iterator[Mention]:
    pattern, meanings = _gazetteer()
    for found in pattern.finditer(sentence):
        if _NOT_BEFORE.search(sentence, 0, found.start()) or _NOT_AFTER.match(sentence, found.end()):
            continue
        means, kind = meanings[found[0].replace("’", "'").replace("The ", "the ")]
        yield Mention(found.start(), found.end(), found[0], means, kind)


@cache
def _gazetteer() -> tuple[re.Pattern[str], dict[str, tuple[tuple[str, ...], str]]]:
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    text = files("tropism.claims.reading").joinpath("names.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        found[row["name"]] = (tuple(row["means"].split(";")), row["kind"])
        if row["kind"] == "demonym" and row["name"].endswith(("n", "i", "k", "h", "t")):
            found.setdefault(f"{row['name']}s", found[row["name"]])
    for state in states():
        for name in (state.name, *state.aliases):
            try:
                found.setdefault(name, ((find_state(name).iso3,), "name"))
            except UnknownStateError:
                continue
    there = {state.iso3 for state in states()}
    for row in read_table("capitals").to_pylist():
        if row["iso3"] in there and row["capital"] not in _NO_CAPITALS:
            found.setdefault(row["capital"], ((row["iso3"],), "capital"))
    spelled = sorted(found, key=len, reverse=True)
    parts = (re.escape(name).replace("'", "['’]").replace("the\\ ", "[Tt]he\\ ") for name in spelled)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)"), found
