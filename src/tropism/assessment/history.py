"""Which questions were asked on this machine, and on what data: what `tropism data diff` looks at again."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tropism.assessment.dimension import dimensions
from tropism.assessment.evidence import EvidenceTables, tables_used
from tropism.errors import TropismError
from tropism.shifts.alike import PlaceboSet
from tropism.tables.store import alone, home, writing

if TYPE_CHECKING:
    from tropism.assessment.result import Assessment

log = logging.getLogger(__name__)

#: Questions that are kept, the latest last.
KEPT = 100


@dataclass(frozen=True)
class Asked:
    """One question as `ask` takes it, and what was answered.

    ``inputs`` maps the tables that the answer rested on to the hashes of their content.
    """

    state: str
    toward: str
    away_from: str
    event: int | None
    before: tuple[int, int] | None
    after: tuple[int, int | None] | None
    verdict: str
    inputs: dict[str, str]
    placebos: PlaceboSet | tuple[str, ...] = "all"

    @property
    def question(self) -> dict[str, Any]:
        """Arguments of `ask`."""
        return {key: value for key, value in asdict(self).items() if key not in ("verdict", "inputs")}


def remember(answer: Assessment) -> None:
    """Note a question and its answer; a store that cannot be written spoils no answer.

    Answers as of a day are not noted: later vintages do not touch them.
    """
    if answer.as_of:
        return
    window, tables = answer.window, EvidenceTables()
    by_name = {dimension.name: dimension for dimension in dimensions()}
    used = [by_name[row.name] for row in answer.rows if row.name in by_name]
    names = dict.fromkeys(
        table for each in used for table in tables.rests_on(tables_used(each, tables.library))
    )
    hashes = {name: tables.library.info(name).provenance for name in names}
    note = Asked(
        *(answer.triad.state, *answer.triad.poles),
        event=answer.event,
        before=None if answer.event is not None else (window.before_start, window.before_end),
        after=None if answer.event is not None else (window.after_start, window.after_end),
        verdict=answer.verdict,
        inputs={name: source.sha256 for name, source in hashes.items() if source is not None},
        placebos=answer.placebos,
    )
    try:
        home().mkdir(parents=True, exist_ok=True)
        with alone(home(), "the list of questions asked"):
            others = [each for each in asked() if each.question != note.question]
            entries = [asdict(each) for each in (*others, note)[-KEPT:]]
            with writing(home() / "asked.json") as scratch:
                scratch.write_text(json.dumps(entries, indent=1), encoding="utf-8")
    except (OSError, TropismError) as fault:
        log.debug("the question was not noted: %s", fault)


def asked() -> list[Asked]:
    """Questions asked on this machine, the latest last; a record that cannot be read counts as none."""
    try:
        entries = json.loads((home() / "asked.json").read_text(encoding="utf-8"))
        return [Asked(**_tuples(entry)) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    """Lists, which JSON has in the place of tuples, as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
