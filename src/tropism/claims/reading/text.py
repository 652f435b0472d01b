"""A text as it comes: bytes decoded, sentences with their place.

Sentences are split by rules of our own: a stop, question or exclamation mark before a space and a capital,
not after an abbreviation or an initial; and blank lines. Instructions, questions and what is said to the
reader claim nothing about states: they are left out, whatever they ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tropism.errors import SchemaError

#: Larger texts are collections: read their parts.
MOST_BYTES = 50_000_000
#: Control characters beyond this share mean that it is no text.
MOST_CONTROLS = 0.01

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Col|Lt|Sgt|Sen|Rep|Gov|Hon|St|Jr|Sr|vs|etc|approx|No|Nos|Art|Fig|pp?|vol|"
    r"cf|e\.g|i\.e|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Inc|Ltd|Co|Corp)|\b[A-Z](?:\.[A-Z])*)$"
)
_END = re.compile(r"[.!?…۔؟。！？]+[\"'”’»)\]]*(?=\s|$)|\n[ \t\r]*\n|\r\n[ \t]*\r\n")
_STARTS = re.compile(r"\s*[\"'“‘«(\[]*[^\Wa-z_]")
_HEADING = 60

_IMPERATIVE = re.compile(
    r"""^\W*(?:(?:please|now|then|instead|also|important|note|system|assistant|user|instructions?)\b[\s:,\-–]*)*
    (?:ignore|disregard|forget|override|output|print|write|say|reply|respond|answer|return|repeat|translate|
    summari[sz]e|mark|label|treat|classify|pretend|execute|run|delete|follow|obey|do\s+not|don['’]t|imagine|
    remember|make\s+sure)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESSED = re.compile(
    r"\b(?:you are|you must|you should|you will|your (?:task|instructions?|answer|output|role)|as an? AI|"
    r"(?:previous|prior|above|earlier|following) (?:instructions?|prompts?)|language model|system prompt)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence as it stands in the text, from ``start`` to ``end``."""

    text: str
    start: int
    end: int


def load_text(path: str | Path) -> bytes:
    """The bytes of a text file.

    Raises
    ------
    SchemaError
        If it cannot be read, or is too large.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SchemaError(f"text: {path} has more than {MOST_BYTES:,} bytes. Read its parts.")
        return path.read_bytes()
    except OSError as fault:
        raise SchemaError(f"text: {path} cannot be read ({fault.strerror}). Name a text file.") from None


def decode(content: bytes, name: str = "text") -> str:
    """Bytes as text: UTF-16 by its mark, else UTF-8, in which stray bytes are read as Windows-1252.

    Raises
    ------
    SchemaError
        If there is nothing in it, or it is no text.
    """
    encoding = next((each for mark, each in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        # Mixed encodings: what is UTF-8 is read as such, each other byte alone.
        text = "".join(
            part if ok else part.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            for ok, part in _parts(content.decode("utf-8", "surrogateescape"))
        )
    if not text.strip():
        raise SchemaError(f"text: {name} is empty.")
    controls = len(_CONTROL.findall(text)) + text.count("\ufffd")
    if "\x00" in text or controls > MOST_CONTROLS * len(text):
        raise SchemaError(f"text: {name} is binary and no text. Save the article as plain text.")
    return text


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Stretches of good text, and of bytes that were none."""
    for found in re.finditer(r"[\udc80-\udcff]+|[^\udc80-\udcff]+", text):
        yield not "\udc80" <= found[0][0] <= "\udcff", found[0]


def sentences(text: str) -> Iterator[Sentence]:
    """Every sentence with its place in the text, without the space around it."""
    start = 0
    for found in _END.finditer(text):
        if not _ends(text, found):
            continue
        yield from _lines(text, start, found.end())
        start = found.end()
    yield from _lines(text, start, len(text))


def _ends(text: str, found: re.Match[str]) -> bool:
    if found[0][0] in "\r\n" or not found[0].startswith("."):
        return True
    if _ABBREVIATION.search(text, max(0, found.start() - 12), found.start()):
        return False
    return found.end() >= len(text) or bool(_STARTS.match(text, found.end()))


def _lines(text: str, start: int, end: int) -> Iterator[Sentence]:
    """A stretch, taken apart where a short line without a stop stands before a capital: a heading."""
    place = start
    for found in re.finditer(r"\r?\n", text[start:end]):
        at = start + found.start()
        line = text[text.rfind("\n", 0, at) + 1 : at]
        if 0 < len(line.strip()) < _HEADING and _STARTS.match(text, at + 1, end):
            yield from _trimmed(text, place, at)
            place = start + found.end()
    yield from _trimmed(text, place, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    part = text[start:end]
    kept = part.strip().lstrip("•*#>-–— \t")
    if kept:
        begin = start + part.index(kept)
        yield Sentence(kept, begin, begin + len(kept))


def claims_something(sentence: str) -> bool:
    """Whether a sentence asserts: no question, no instruction, nothing said to the reader."""
    return not (
        sentence.rstrip("\"'”’»)").endswith(("?", "؟", "？"))
        or _IMPERATIVE.match(sentence)
        or _ADDRESSED.search(sentence)
    )
