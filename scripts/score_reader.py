"""Score the reader of claims on sentences labelled by hand: forms, actors, directions, testability.

Run it as `python scripts/score_reader.py [FILE …]`; the page on claims shows the same tables. An actor is a
state or an organisation; a name that means several states counts as the one actor SET. F1 of actors is over
all sentences together (micro); that of forms is the mean over the forms in the labels (macro).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tropism.claims import read_claims
from tropism.claims.reading.names import mentions

ROOT = Path(__file__).parents[1]
SETS = {
    "development": ROOT / "tests/reader/development.yaml",
    "held out": ROOT / "tests/reader/held-out.yaml",
}


@dataclass(frozen=True)
class Rate:
    """How many were right, proposed and labelled."""

    right: int
    proposed: int
    labelled: int

    @property
    def precision(self) -> float:
        """Right of proposed; 0 where nothing was."""
        return self.right / self.proposed if self.proposed else 0.0

    @property
    def recall(self) -> float:
        """Right of labelled; 0 where nothing was."""
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Scores:
    """What the reader got right on one set of sentences."""

    sentences: int
    forms: dict[str, Rate]
    actors: Rate
    directions: Rate
    testability: Rate
    spans_outside: int
    misses: tuple[tuple[str, str, str], ...]

    @property
    def macro_f1(self) -> float:
        """Mean of the forms' F1."""
        return sum(rate.f1 for rate in self.forms.values()) / len(self.forms)


def score(labels: Sequence[dict[str, Any]]) -> Scores:
    """Read every sentence alone and compare with its label."""
    right, proposed, labelled = Counter[str](), Counter[str](), Counter[str]()
    actors, directions = Counter[str](), Counter[str]()
    testable, outside = Counter[str](), 0
    misses: list[tuple[str, str, str]] = []
    for label in labels:
        text, form = label["text"], label["form"]
        found = read_claims(text).claims
        claim = found[0] if found else None
        got: str = claim.tests[0].form if claim else "none"
        outside += sum(text[slice(*each.span)] != each.quote for each in found if each.span)
        labelled[form] += 1
        proposed[got] += 1
        right[form] += got == form
        named = {code for each in mentions(text) for code in (["SET"] if each.is_set else each.means)}
        truth = set(label["actors"])
        actors.update(right=len(named & truth), proposed=len(named), labelled=len(truth))
        wanted = label.get("direction", {})
        given = claim.model_dump(mode="json")["tests"][0] if claim else {}
        same = got == form and all(_same(given.get(role), value) for role, value in wanted.items())
        same &= not wanted or (claim is not None and claim.denied == ("denied" in label))
        if wanted:
            directions.update(right=same, proposed=got == form, labelled=1)
        testable.update(
            right=(got == "untestable") == (form == "untestable") == 1,
            proposed=got == "untestable",
            labelled=form == "untestable",
        )
        if got != form:
            misses.append((text, form, got))
        elif named != truth:
            misses.append((text, f"actors {', '.join(sorted(truth))}", ", ".join(sorted(named))))
        elif not same:
            told = {role: given.get(role) for role in wanted} | {"denied": claim.denied if claim else None}
            misses.append((text, _told(wanted | {"denied": "denied" in label}), _told(told)))
    return Scores(
        sentences=len(labels),
        forms={form: Rate(right[form], proposed[form], labelled[form]) for form in sorted(labelled)},
        actors=_rate(actors),
        directions=_rate(directions),
        testability=_rate(testable),
        spans_outside=outside,
        misses=tuple(misses),
    )


def scores(name: str) -> Scores:
    """Scores on one of `SETS`."""
    return score(yaml.load(SETS[name].read_text(encoding="utf-8"), Loader=yaml.BaseLoader))


def _same(given: Any, wanted: Any) -> bool:
    return set(given or ()) == set(wanted) if isinstance(wanted, list) else given == wanted


def _told(roles: dict[str, Any]) -> str:
    return ", ".join(f"{role} {value}" for role, value in roles.items() if value not in (None, False))


def _rate(counts: Counter[str]) -> Rate:
    return Rate(counts["right"], counts["proposed"], counts["labelled"])


def main(names: Sequence[str]) -> None:
    """Print scores and misses of the sets named, or of all."""
    for name in names or SETS:
        found = scores(name)
        print(f"{name}: {found.sentences} sentences, macro-F1 of forms {found.macro_f1:.2f}")
        rates = {"actors": found.actors, "directions": found.directions, "untestable": found.testability}
        for what, rate in (found.forms | rates).items():
            print(
                f"  {what:15} precision {rate.precision:.2f} recall {rate.recall:.2f} F1 {rate.f1:.2f}"
                f" ({rate.right} of {rate.labelled})"
            )
        print(f"  spans that are not in the text: {found.spans_outside}")
        for text, wanted, given in found.misses:
            print(f"  miss: {text}\n    wanted {wanted}; given {given}")


if __name__ == "__main__":
    main(sys.argv[1:])
