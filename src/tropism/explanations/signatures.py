"""What each rival explanation predicts, block by block: written once, as data, in ``signatures.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Class = Literal["shift", "hedge", "nothing"]
Sign = Literal["+", "-", "0", "any"]

#: Classes that are scored; finer labels are descriptive until each has enough documented cases.
CLASSES: tuple[Class, ...] = ("shift", "hedge", "nothing")
#: Those that are weighed against nothing.
ALTERNATIVES: tuple[Class, ...] = ("shift", "hedge")
CLASS_NAMES: dict[Class, str] = {
    "shift": "realignment or exit",
    "hedge": "hedging, tolerated ties or opportunism",
    "nothing": "nothing beyond drift",
}
#: One weight each: evidence within a block is of one kind and correlated.
BLOCKS = ("votes", "trade", "arms", "institutions", "sanctions")


@dataclass(frozen=True)
class Signature:
    """What one explanation predicts for one block.

    Attributes
    ----------
    explanation : str
    of_class : str
        The scored class that it belongs to.
    block : str
    b, c : {"+", "-", "0", "any"}
        Change in the state's tie to B and to C, relative to other states.
    words : str
    """

    explanation: str
    of_class: Class
    block: str
    b: Sign
    c: Sign
    words: str


@cache
def signatures() -> tuple[Signature, ...]:
    """Every explanation's signature in every block.

    References
    ----------
    Hermann (1990), Changing Course: When Governments Choose to Redirect Foreign Policy, International Studies
    Quarterly 34(1). Kuik (2021), Getting hedging right, China International Strategy Review 3. Lake (2009),
    Hierarchy in International Relations. Lim and Cooper (2015), Reassessing Hedging, Security Studies 24(4).
    """
    text = resources.files("tropism.explanations").joinpath("signatures.csv").read_text(encoding="utf-8")
    return tuple(
        Signature(*(row[name] for name in ("explanation", "class", "block", "b", "c", "words")))  # type: ignore[arg-type]
        for row in csv.DictReader(text.splitlines())
    )
