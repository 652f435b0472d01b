"""One self-contained page per question: words, tables and static charts, without any script.

The page asks for nothing from anywhere: its policy (CSP) allows its own style sheet, by hash, and nothing
else. All words come from the dossier, by `tropism.report.words` and its neighbours; templates compute
nothing, and escape everything that they are given.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tropism.assessment.dossier import Dossier, compile_dossier
from tropism.report import dossier_words, explanation_words, words
from tropism.tables.library import list_tables
from tropism.tables.store import writing

if TYPE_CHECKING:
    import altair

    from tropism.assessment import Assessment, EvidenceRow

#: What the page may load: its own style sheet, named by its hash. No script, no request.
POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"

_Draw = Callable[["EvidenceRow", "Assessment"], "altair.LayerChart | None"]


@dataclass(frozen=True)
class Figure:
    """A chart and its words: ``sentence`` says what is seen, for a reader who does not see it."""

    svg: str
    title: str
    sentence: str
    note: str
    kind: str


def write_report(answer: Assessment | Dossier, path: str | Path) -> Path:
    """Write an answer as one HTML file that opens from disk, offline, and prints.

    Parameters
    ----------
    answer : Assessment or Dossier
        An assessment is completed first by `compile_dossier`, which takes a few seconds.
    path : str or Path
        The file to write; an existing one is replaced when the new one is complete.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left half-written.

    Examples
    --------
    >>> from tropism import assess, write_report
    >>> answer = assess("PAK", toward="RUS", away_from="USA")
    >>> write_report(answer, "pakistan.html").name  # doctest: +SKIP
    'pakistan.html'
    """
    path = Path(path)
    # The folder is tried before anything is computed or drawn: fail before the long computation.
    with writing(path) as scratch:
        dossier = answer if isinstance(answer, Dossier) else compile_dossier(answer)
        scratch.write_text(render(dossier), encoding="utf-8", newline="\n")
    return path


def render(dossier: Dossier) -> str:
    """The page as text; the same dossier gives the same text."""
    tables = {info.provenance: info.name for info in list_tables() if info.provenance is not None}
    assessment = dossier.assessment
    return page(
        "page.html",
        assessment=assessment,
        a=assessment.names[0],
        b=assessment.names[1],
        c=assessment.names[2],
        answer=dossier_words.answer_sentences(dossier),
        likelihood=dossier_words.likelihood_sentence(dossier),
        confidence=dossier_words.confidence_sentence(dossier),
        leads=dossier_words.leads_note(dossier),
        lead=dossier.lead,
        headline=_headline(dossier),
        figures={row.name: _figures(row, assessment) for row in assessment.rows if row is not dossier.lead},
        strips={row.name: _strip(row, assessment) for row in assessment.rows},
        explained=_explained(assessment),
        tolerance=explanation_words.tolerance_in_words(assessment),
        events=sorted(assessment.events, key=lambda event: str(event["date"])),
        tables=tables,
    )


def page(template: str, **context: Any) -> str:
    """A template filled: with the house style, a policy that allows nothing else, and our words."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tropism.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"typeset": words.typeset, "markup": Markup}
    style = resources.files("tropism.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=style, policy=POLICY.format(digest=digest), words=words, **context
    )


def _explained(assessment: Assessment) -> dict[str, Any]:
    """What the page says of rival explanations."""
    found = assessment.explanations
    if isinstance(found, str):
        return {"sentences": [found], "weights": [], "signatures": None, "not_scored": {}}
    return {
        "sentences": explanation_words.explanation_sentences(found),
        "weights": explanation_words.weights_in_words(found),
        "signatures": found.matrix().map("{:.2f}".format),
        "not_scored": found.not_scored,
    }


def _headline(dossier: Dossier) -> list[Figure]:
    """The leading line: before and after with the difference, the state among all others, its path."""
    from tropism.assessment import dossier_charts

    row, assessment = dossier.lead, dossier.assessment
    if row is None:
        return []
    both = [
        _svg(chart(row, assessment), f"{row.name}-{kind}")
        for kind, chart in (
            ("levels", dossier_charts.levels_chart),
            ("difference", dossier_charts.difference_chart),
        )
    ]
    levels = Figure(
        "".join(both),
        dossier_words.levels_title(row, assessment),
        dossier_words.levels_sentence(row, assessment),
        dossier_words.levels_note(row),
        "levels",
    )
    return [levels, *reversed(_figures(row, assessment, events=True))]


def _figures(row: EvidenceRow, assessment: Assessment, *, events: bool = False) -> list[Figure]:
    """The charts of a row with their words; ``events`` marks dated ones on the path."""
    from tropism.assessment import charts

    names = assessment.names
    kinds: list[tuple[str, _Draw, Callable[..., str], Callable[..., str], Callable[..., str]]] = [
        (
            "path",
            partial(charts.path_chart, events=events),
            words.path_title,
            words.path_sentence,
            partial(dossier_words.path_note, assessment=assessment, events=events),
        ),
        ("cloud", charts.cloud_chart, words.cloud_title, words.cloud_sentence, words.cloud_note),
        ("level", charts.level_chart, words.level_title, words.level_sentence, words.level_note),
    ]
    return [
        Figure(svg, title(row, names), sentence(row, names), note(row), kind)
        for kind, draw, title, sentence, note in kinds
        if (svg := _svg(draw(row, assessment), f"{row.name}-{kind}"))
    ]


def _strip(row: EvidenceRow, assessment: Assessment) -> str:
    from tropism.assessment import charts

    return _svg(charts.strip_chart(row, assessment), f"{row.name}-strip")


def _svg(chart: altair.LayerChart | None, figure: str) -> str:
    """Draw a chart; its ids are prefixed by the figure, its numbers rounded to what a screen shows."""
    if chart is None:
        return ""
    import altair
    import vl_convert

    from tropism.house_style import CONFIG

    specification: dict[str, Any] = chart.to_dict() | {
        "config": CONFIG,
        "autosize": {"type": "fit", "contains": "padding"},
    }
    version = altair.SCHEMA_VERSION.rpartition(".")[0].removeprefix("v")
    svg: str = vl_convert.vegalite_to_svg(specification, vl_version=version, allowed_base_urls=[])
    # The converter numbers its clip paths by a counter of the process: charts on one page would share
    # ids, and the same page would differ from one run to the next.
    numbers: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        name = numbers.setdefault(found["id"], f"{figure}-{len(numbers) + 1}")
        return f"{found['before']}{name}{found['after']}"

    svg = re.sub(r'(?P<before>\bid=")(?P<id>[^"]+)(?P<after>")', rename, svg)
    svg = re.sub(r"(?P<before>url\(#)(?P<id>[^)]+)(?P<after>\))", rename, svg)
    svg = re.sub(r"(?<=[ ,(\"MLHVZlhv])-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
