"""Pairs and triads of states, and the windows in which they are compared.

A directed dyad is written ``"PAK>RUS"``: how close PAK is to RUS. A triad asks whether its state moves
toward one pole and away from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tropism.errors import TriadError, WindowError

if TYPE_CHECKING:
    import numpy as np

#: Earlier and later years outside of which a window is surely a typing error.
FIRST_YEAR, LAST_YEAR = 1816, 2100


def dyad(state: str, pole: str) -> str:
    """Name the directed dyad of a state toward a pole: ``dyad("PAK", "RUS") == "PAK>RUS"``."""
    return f"{state}>{pole}"


def split_dyad(unit: str) -> tuple[str, str]:
    """Take a dyad name apart: ``split_dyad("PAK>RUS") == ("PAK", "RUS")``.

    Raises
    ------
    ValueError
        If ``unit`` is not a dyad.
    """
    state, separator, pole = unit.partition(">")
    if not separator:
        raise ValueError(f"{unit!r} is not a dyad: expected STATE>POLE, for instance PAK>RUS.")
    return state, pole


@dataclass(frozen=True)
class Triad:
    """Is ``state`` shifting ``toward`` one pole and ``away_from`` another? ISO3 codes, all different.

    Raises
    ------
    TriadError
        If a state stands in two places.
    """

    state: str
    toward: str
    away_from: str

    def __post_init__(self) -> None:
        if len({self.state, self.toward, self.away_from}) < 3:
            raise TriadError(
                f"triad: {self.state} toward {self.toward} from {self.away_from} names one state twice. "
                "Give three different states, for instance PAK --toward RUS --from USA."
            )

    @property
    def poles(self) -> tuple[str, str]:
        """The two poles, the approached one first."""
        return self.toward, self.away_from

    def __str__(self) -> str:
        return f"{self.state} toward {self.toward}, from {self.away_from}"


@dataclass(frozen=True)
class Window:
    """The years before and after an event; ``after_end`` ``None`` means to the last year with data.

    Both ends belong to the window: ``Window.around(2014)`` compares 2004-2013 with 2014 onward.

    Raises
    ------
    WindowError
        If a span is reversed, the spans overlap, or a year cannot be right.
    """

    before_start: int
    before_end: int
    after_start: int
    after_end: int | None = None

    def __post_init__(self) -> None:
        spans = {"before": (self.before_start, self.before_end), "after": (self.after_start, self.after_end)}
        for name, (start, end) in spans.items():
            for year in (start, end):
                if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
                    raise WindowError(
                        f"window: {name} has the year {year}; expected {FIRST_YEAR} to {LAST_YEAR}."
                    )
            if end is not None and end < start:
                raise WindowError(
                    f"window: {name} {start}:{end} ends before it starts. Write the earlier year first."
                )
        if self.before_end >= self.after_start:
            raise WindowError(
                f"window: before ends in {self.before_end}, after starts in {self.after_start}: they "
                "overlap. Let before end earlier, for instance --before 2004:2013 --after 2014:2023."
            )

    @classmethod
    def around(cls, event: int, *, years_before: int = 10) -> Window:
        """The ``years_before`` years up to ``event``, against everything from ``event`` on."""
        if not FIRST_YEAR + years_before <= event <= LAST_YEAR:
            raise WindowError(
                f"window: the event year {event} cannot be right; expected "
                f"{FIRST_YEAR + years_before} to {LAST_YEAR}."
            )
        return cls(event - years_before, event - 1, event)

    def resolve(self, last_year: int) -> Window:
        """The same window with an open end closed at ``last_year`` (at the earliest its start)."""
        if self.after_end is not None:
            return self
        return Window(self.before_start, self.before_end, self.after_start, max(last_year, self.after_start))

    def spans(self, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of these years lie before and which after the event, as two masks; an open end takes all."""
        before = (years >= self.before_start) & (years <= self.before_end)
        after = (years >= self.after_start) & (self.after_end is None or years <= self.after_end)
        return before, after

    def __str__(self) -> str:
        after_end = "" if self.after_end is None else self.after_end
        return f"{self.before_start}-{self.before_end} against {self.after_start}-{after_end}"
