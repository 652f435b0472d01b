"""``tropism claims …``: read claims out of a text, test them, and the schema of their file."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tropism.cli.output import FILE, csv_option, deliver, json_option, talking

if TYPE_CHECKING:
    from tropism.claims import CheckedClaims

log = logging.getLogger("tropism")


@click.group("claims")
def claims() -> None:
    """From a text to tested claims: which sentences can be checked, and what comes out."""


@claims.command("read")
@click.argument("text", type=FILE)
@click.option("-o", "--out", "out_file", type=FILE, required=True, help="The file of claims to write (YAML).")
@click.option("--title", default="", help="Of the claims.")
@click.option(
    "--model",
    metavar="NAME",
    help="Ask this language model instead of the rules: TEXT is sent to $TROPISM_MODEL_URL, with the key in "
    "$TROPISM_MODEL_KEY. Without this option nothing leaves the machine.",
)
def _read(text: Path, out_file: Path, title: str, model: str | None) -> None:
    """Propose claims for the sentences of TEXT, for a person to edit."""
    from tropism.claims import read_claims
    from tropism.claims.document import write_claims
    from tropism.claims.reading import load_text
    from tropism.claims.reading.model import read_claims_with_model
    from tropism.errors import OutputError
    from tropism.report.claims import print_reading

    if out_file.resolve() == text.resolve():
        raise OutputError(f"output: {out_file} is the text itself. Name another file after -o.")
    content = load_text(text)
    found = (
        read_claims(content, name=text.name, title=title)
        if model is None
        else read_claims_with_model(content, model, name=text.name, title=title)
    )
    write_claims(found, out_file)
    log.info("wrote %d claims to %s; edit them, then `tropism claims check`", len(found.claims), out_file)
    if not found.claims:
        log.warning("no sentence names a state or an organisation; the reader knows English names")
    print_reading(found)


@claims.command("check")
@click.argument("file", type=FILE)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="NAME=VALUE",
    help='What "supported" means; may be repeated. The report lists all thresholds.',
)
@click.option("--html", "html_file", type=FILE, help="Write one self-contained page.")
@csv_option("Write one row per test to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the words.")
def _check(
    file: Path,
    thresholds: tuple[str, ...],
    html_file: Path | None,
    csv_file: Path | None,
    json_file: str | None,
) -> None:
    """Test every claim in FILE (YAML) and say what the data show."""
    from tropism.claims import check_claims, load_claims
    from tropism.claims.document import with_thresholds
    from tropism.errors import OutputError
    from tropism.report.claims import print_claims, render
    from tropism.tables.store import writing

    if html_file is not None and str(html_file) in ("-", json_file, str(csv_file)):
        raise OutputError(f"output: {html_file} cannot take the page. Name a file of its own after --html.")
    asked = with_thresholds(load_claims(file), thresholds)

    def answer() -> CheckedClaims:
        if html_file is None:
            return check_claims(asked, progress=talking())
        with writing(html_file) as scratch:
            found = check_claims(asked, progress=talking())
            scratch.write_text(render(found), encoding="utf-8", newline="\n")
        log.info("wrote %s", html_file)
        return found

    deliver(answer, print_claims, csv_file=csv_file, json_file=json_file)


@claims.command("schema")
def _schema() -> None:
    """Print the JSON Schema of a file of claims, for an editor."""
    from tropism.claims.document import claims_schema

    click.echo(json.dumps(claims_schema(), indent=1))
