"""Directives whose text comes from the package at build time: nothing of it is copied by hand.

``{tables}``, ``{licences}``, ``{dictionary}``, ``{evidence}``, ``{sources}``, ``{vote_sets}``, ``{verbs}``,
``{fragments}``, ``{claim_forms}``, ``{claim_thresholds}``, ``{reader_scores}``, ``{signatures}``,
``{backtest}``, ``{backtest_cases}``, ``{leader_changes}``, ``{cases}``, and ``{run} tropism …``, which runs a
command and shows what it printed.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, get_args

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tropism.assessment.dimension import dimensions
from tropism.claims.checking import CHECKERS
from tropism.claims.forms import Test, Thresholds
from tropism.explanations.signatures import BLOCKS, CLASS_NAMES, signatures
from tropism.sources import sources
from tropism.tables import list_tables, load_table, read_table, schema
from tropism.tables.embedded import manifest
from tropism.verbs import VERBS
from tropism.votes import list_vote_sets

ROOT = Path(__file__).parents[1]
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security", "numbers")


def grid(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A Markdown table."""
    names = list(header)
    yield from ("", f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}")
    for row in rows:
        cells = (" ".join(str("" if cell is None else cell).split()).replace("|", r"\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


def link(text: str, address: str) -> str:
    """A link where there is an address."""
    return f"[{text}](<{address}>)" if address else text


def tables() -> Iterator[str]:
    """Every table with its origin: the manifest as a page."""
    embedded = manifest()
    rows = []
    for info in list_tables():
        entry, facts = embedded.get(info.name), info.provenance
        years = "" if entry is None or entry.first_year is None else f"{entry.first_year}"
        if entry is not None and entry.first_year != entry.last_year:
            years += f"\u2011{entry.last_year}"  # does not break in a narrow cell
        count = f"{info.rows:,}" if info.rows is not None else ""
        place = info.place if facts else info.how_to_get
        rows.append((f"[`{info.name}`](#{info.name})", count, years, place, facts.as_of if facts else ""))
    yield from grid(("table", "rows", "years", "where", "as of"), rows)


def licences() -> Iterator[str]:
    """Every origin of embedded tables: terms, citation and notes."""
    embedded = manifest()
    origins: dict[tuple[str, str, str], list[str]] = {}
    for entry in embedded.values():
        facts = entry.provenance
        origins.setdefault((facts.source, facts.licence, facts.version), []).append(entry.name)
    for (source, licence, version), names in origins.items():
        facts = embedded[names[0]].provenance
        yield from ("", f"**{link(source, facts.url)}**", "")
        yield f"Tables: {', '.join(f'`{name}`' for name in names)}.  "
        yield f"Licence: {licence}.  "
        yield f"Version: {version}. As of {facts.as_of or 'a date that the source does not state'}.  "
        if facts.citation:
            yield f"Cite: {facts.citation}"
        notes = dict.fromkeys(note for name in names for note in embedded[name].notes)
        yield from ("", *(f"- {note}" for note in notes), "")


def dictionary() -> Iterator[str]:
    """Every column of every table."""
    for name, table in schema.schemas().items():
        yield from ("", f"({name})=", f"## `{name}`", "", table.meaning, "")
        rows = []
        for column in table.columns:
            unit = column.unit or (", ".join(f"`{value}`" for value in column.allowed))
            key = "key" if column.name in table.keys else "may be null" if column.nullable else ""
            rows.append((f"`{column.name}`", column.type, unit, key, column.meaning))
        yield from grid(("column", "type", "unit or values", "", "meaning"), rows)


def evidence() -> Iterator[str]:
    """Every line of evidence, from its record."""
    for each in dimensions():
        question = each.question.format(A="A", B="B", C="C")
        yield from ("", f"## {each.title}", "", f"*{question}*", "", each.how_to_read, "")
        yield f"Kind: {each.block}, a {each.signal} signal. Tables: "
        either = " or ".join(f"[`{name}`](#{name})" for name in each.either)
        yield ", ".join([*(f"[`{name}`](#{name})" for name in each.tables), *filter(None, [either])]) + ".  "
        yield f"What would speak against it: {each.contradicted_by}"
        yield from ("", "It does not see:", "", *(f"- {spot}" for spot in each.blind_to), "")


def source_list() -> Iterator[str]:
    """Every source of tables: who gets its files, what they hold, on what terms."""
    rows = [
        (
            f"`{each.name}`",
            link(each.title, each.page),
            ", ".join(f"[`{name}`](#{name})" for name in each.tables),
            each.years,
            "by hand" if each.files is None else "fetch",
            each.licence,
        )
        for each in sources().values()
    ]
    yield from grid(("source", "data set", "tables", "years", "how", "licence"), rows)


def vote_sets() -> Iterator[str]:
    """Every named set of roll calls."""
    rows = [
        (
            f"`{each.name}`",
            each.meaning,
            each.coverage,
            ", ".join(f"`{option}`" for option in each.options),
        )
        for each in list_vote_sets()
    ]
    yield from grid(("set", "meaning", "where the record can tell", "options"), rows)


def verbs() -> Iterator[str]:
    """The table of verbs."""
    rows = [
        (f"[`tropism.{verb.name}`](#tropism.{verb.name})", f"`tropism {verb.command}`", f"`{verb.result}`")
        for verb in VERBS
    ]
    yield from grid(("Python", "command", "returns"), rows)


def fragments() -> Iterator[str]:
    """The changes that wait for a release, by kind."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "changes").glob("*.md")):
        if file.name == "README.md":
            continue
        first, _, text = file.read_text(encoding="utf-8").partition("\n")
        kind = first.removeprefix("kind:").strip()
        if kind not in KINDS:
            raise ValueError(
                f"changes/{file.name}: the first line is {first!r}; expected 'kind: ' and one of {KINDS}"
            )
        found.setdefault(kind, []).append(" ".join(text.split()))
    for kind in sorted(found, key=KINDS.index):
        heading = "Numbers that changed" if kind == "numbers" else kind.capitalize()
        yield from ("", f"**{heading}**", "", *(f"- {text}" for text in found[kind]), "")


def claim_forms() -> Iterator[str]:
    """The forms of claims, their fields, and the verb that tests each."""
    rows = []
    for model in get_args(get_args(Test)[0]):
        (form,) = get_args(model.model_fields["form"].annotation)
        fields = ", ".join(
            f"`{name}`" if field.is_required() else f"[`{name}`]"
            for name, field in model.model_fields.items()
            if name != "form"
        )
        rows.append((f"`{form}`", model.__doc__, fields, CHECKERS[form].commands))
    yield from grid(("form", "a sentence such as", "fields ([not needed])", "tested by"), rows)


def claim_thresholds() -> Iterator[str]:
    """What "supported" means unless a file says otherwise."""
    rows = [
        (f"`{name}`", f"{field.default:g}", field.description)
        for name, field in Thresholds.model_fields.items()
    ]
    yield from grid(("threshold", "value", "meaning"), rows)


def reader_scores() -> Iterator[str]:
    """Scores and misses of the reader on the labelled sentences, computed anew."""
    spec = importlib.util.spec_from_file_location("score_reader", ROOT / "scripts/score_reader.py")
    assert spec is not None and spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = scorer
    spec.loader.exec_module(scorer)
    for name in scorer.SETS:
        found = scorer.scores(name)
        yield from ("", f"**{name.capitalize()}: {found.sentences} sentences**", "")
        rates = {f"`{form}`": rate for form, rate in found.forms.items()} | {
            "actors": found.actors,
            "directions": found.directions,
        }
        rows = [
            (
                what,
                f"{rate.right} of {rate.labelled}",
                f"{rate.precision:.2f}",
                f"{rate.recall:.2f}",
                f"{rate.f1:.2f}",
            )
            for what, rate in rates.items()
        ]
        rows.append(("mean over forms", "", "", "", f"{found.macro_f1:.2f}"))
        rows.append(("spans that are not in the text", str(found.spans_outside), "", "", ""))
        yield from grid(("", "right", "precision", "recall", "F1"), rows)
        if found.misses:
            yield from grid(("missed sentence", "label", "reader"), found.misses)


def signature_table() -> Iterator[str]:
    """What each rival explanation predicts, block by block."""
    held = signatures()
    rows = [
        (
            name,
            CLASS_NAMES[next(each.of_class for each in held if each.explanation == name)],
            *(
                next(
                    f"b {each.b}, c {each.c}: {each.words}"
                    for each in held
                    if (each.explanation, each.block) == (name, block)
                )
                for block in BLOCKS
            ),
        )
        for name in dict.fromkeys(each.explanation for each in held)
    ]
    yield from grid(("explanation", "class", *BLOCKS), rows)


def cases() -> Iterator[str]:
    """Every documented case with the page and the phrase that carry it."""
    rows = [
        (
            f"`{row['case']}`" + ("" if row["scored"] == "yes" else " (shown only)"),
            row["label"],
            f"{row['from_pole']} → {row['to_pole'] or 'none'}",
            f"{row['start_year']}\u2011{row['end_year']}",
            row["confidence"],
            f"{link(row['published_source'], row['source_url'])}: “{row['quote']}”",
            row["note"],
        )
        for row in read_table("cases").to_pylist()
    ]
    yield from grid(("case", "label", "from → to", "years", "grade", "page and phrase", "note"), rows)


def backtest_table() -> Iterator[str]:
    """Rates and scores of the embedded backtest, by horizon."""
    table = load_table("backtest_figures")
    for data, horizon in [(d, h) for d in ("added", "embedded") for h in sorted(table["horizon"].unique())]:
        mine = table[(table["horizon"] == horizon) & (table["data"] == data)].set_index(["figure", "version"])
        temper = mine.loc[("temper", "nested"), "value"]
        what = "embedded data alone" if data == "embedded" else "trade and alliances added"
        yield from ("", f"**{horizon} years after the event, {what}** (tempering {temper:g})", "")
        rates = [
            name
            for name, version in mine.index
            if version == "nested" and mine.loc[(name, version), "of"] > 0
        ]
        rows = []
        for name in rates:
            row = mine.loc[(name, "nested")]
            forward = mine.loc[(name, "forward")] if (name, "forward") in mine.index else None
            rows.append(
                (
                    name,
                    f"{row['n']:.0f} of {row['of']:.0f}",
                    f"{row['lower']:.0%} to {row['upper']:.0%}",
                    "" if forward is None else f"{forward['n']:.0f} of {forward['of']:.0f}",
                )
            )
        yield from grid(("rate", "n of m", "90% interval", "forward only"), rows)
        yield ""
        rows = []
        for name, version in mine.index:
            if version != "nested" or not name.startswith("brier: ") or name.endswith("less ours"):
                continue
            rule = name.removeprefix("brier: ")
            cells = []
            for kind in ("brier", "log"):
                cells.append(f"{mine.loc[(f'{kind}: {rule}', 'nested'), 'value']:.3f}")
                less = f"{kind}: {rule} less ours"
                row = mine.loc[(less, "nested")] if (less, "nested") in mine.index else None
                cells.append(
                    "" if row is None else f"{row['value']:+.3f} [{row['lower']:+.3f}, {row['upper']:+.3f}]"
                )
            rows.append((rule, *cells))
        yield from grid(("rule", "Brier", "less ours", "log score", "less ours"), rows)


def leader_changes() -> Iterator[str]:
    """Verdicts of a shift beside changes of leader."""
    table = load_table("backtest_figures")
    rows = [
        (
            row["figure"].removeprefix("shifts, "),
            f"{row['n']:.0f} of {row['of']:,.0f}",
            f"{row['value']:.2%}",
            f"{row['lower']:.2%} to {row['upper']:.2%}",
        )
        for row in table[table["figure"].str.startswith("shifts, ")].to_dict("records")
    ]
    yield from grid(("state-years with", "verdicts of a shift", "share", "90% interval"), rows)


def backtest_cases() -> Iterator[str]:
    """Every case five years after: label, probabilities, verdict."""
    table = load_table("backtest_cases")
    mine = table[(table["horizon"] == 5) & (table["version"] == "nested") & (table["data"] == "added")]
    rows = [
        (
            f"`{row['case']}`" + ("" if row["counted"] else " (shown only)"),
            row["label"],
            f"{row['p_shift']:.2f}",
            f"{row['p_hedge']:.2f}",
            f"{row['p_nothing']:.2f}",
            row["verdict"],
            row["blocks"],
        )
        for row in mine.to_dict("records")
    ]
    yield from grid(("case", "label", "shift", "hedge", "nothing", "verdict", "blocks scored"), rows)


class Generated(SphinxDirective):
    """Markdown written by one of the functions above."""

    WRITERS: ClassVar = {
        "tables": tables,
        "licences": licences,
        "dictionary": dictionary,
        "evidence": evidence,
        "sources": source_list,
        "vote_sets": vote_sets,
        "verbs": verbs,
        "fragments": fragments,
        "claim_forms": claim_forms,
        "claim_thresholds": claim_thresholds,
        "reader_scores": reader_scores,
        "signatures": signature_table,
        "backtest": backtest_table,
        "backtest_cases": backtest_cases,
        "leader_changes": leader_changes,
        "cases": cases,
    }

    def run(self) -> list[nodes.Node]:
        """Parse what the writer of this name yields."""
        for folder in (
            "src/tropism/data/manifest.json",
            "src/tropism/tables/columns.csv",
            "src/tropism/votes/vote_sets.py",
            "changes",
            "src/tropism/claims",
            "tests/reader",
        ):
            self.env.note_dependency(str(ROOT / folder))
        return self.parse_text_to_nodes("\n".join(self.WRITERS[self.name]()), allow_section_headings=True)


class Run(SphinxDirective):
    """Run a command of the package and show it with its real output."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Run it in the folder of the built pages, where it may leave a file to link to.

        Files of the project are named from its root.
        """
        command = self.arguments[0]
        program, *arguments = shlex.split(command)
        if program != "tropism":
            raise self.error(f"{{run}} runs tropism, not {program}")
        arguments = [str(ROOT / each) if (ROOT / each).is_file() else each for each in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "tropism.cli", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=os.environ | {"COLUMNS": "84", "TERM": "dumb"},
            cwd=self.env.app.outdir,
        )
        if done.returncode:
            raise self.error(f"{command}: exit code {done.returncode}\n{done.stderr}")
        lines = [f"$ {command}", *(line.rstrip() for line in done.stdout.splitlines())]
        block = nodes.literal_block("\n".join(lines), "\n".join(lines))
        block["language"] = "text"
        return [block]


def trim(_app: Sphinx, document: nodes.document) -> None:
    """Take the blank line off that doctest needs before a closing fence."""
    for block in document.findall(nodes.literal_block):
        if block.children and isinstance(block[0], nodes.Text):
            block[0] = nodes.Text(str(block[0]).rstrip())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    for name in Generated.WRITERS:
        app.add_directive(name, Generated)
    app.add_directive("run", Run)
    app.connect("doctree-read", trim)
    return {"parallel_read_safe": True}
