"""Checked claims as one self-contained page and on the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.assessment.reading import listed
from tropism.claims.levels import named
from tropism.report.html import page
from tropism.tables.store import writing

#: Proposals that are printed; all stand in the file.
MOST_SHOWN = 100

if TYPE_CHECKING:
    from tropism.claims import CheckedClaims
    from tropism.claims.forms import Claims, Test
    from tropism.claims.result import CheckedClaim
    from tropism.series import Provenance


def write_claims_report(checked: CheckedClaims, path: str | Path) -> Path:
    """Write checked claims as one HTML file that opens from disk, offline, and prints.

    Parameters
    ----------
    checked : CheckedClaims
    path : str or Path
        The file to write; an existing one is replaced when the new one is complete.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left half-written.
    """
    path = Path(path)
    with writing(path) as scratch:
        scratch.write_text(render(checked), encoding="utf-8", newline="\n")
    return path


def render(checked: CheckedClaims) -> str:
    """The page as text; the same claims give the same text."""
    return page(
        "claims.html",
        checked=checked,
        told={each.__name__: each for each in (counts, lead, because, asked, thresholds, sources)},
    )


def counts(checked: CheckedClaims) -> str:
    """``"14 claims: 1 supported, 3 contradicted and 10 that nothing here can tell."``."""
    number = len(checked.checked)
    parts = listed(f"{count} {verdict}" for verdict, count in checked.counts.items())
    return f"{number} claim{'' if number == 1 else 's'}: {parts}."


def lead(checked: CheckedClaim) -> str:
    """The figure of a claim with one test; of several, how many could tell."""
    return checked.findings[0].figure if len(checked.findings) == 1 else because(checked)


def because(checked: CheckedClaim) -> str:
    """How several tests, or a denial, made the verdict; nothing where the only figure says it."""
    return "" if checked.reason in ("", checked.findings[0].figure) else f"{checked.reason}."


def asked(test: Test) -> str:
    """A test in words: its form, then every field that was given, states by name."""
    given = test.model_dump(mode="json", exclude_none=True, exclude={"form", "because"})
    fields = ", ".join(f"{name.replace('_', ' ')} {_in_words(value)}" for name, value in given.items())
    return f"{test.form}: {fields}"


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return listed(map(_in_words, value))
    code = isinstance(value, str) and len(value) == 3 and value.isupper()
    return (
        named(value) if code else f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
    )


def thresholds(checked: CheckedClaims) -> Iterator[tuple[str, Any, str]]:
    """Every threshold: name, value, meaning."""
    held = checked.claims.thresholds
    for name, field in type(held).model_fields.items():
        yield name, f"{getattr(held, name):g}", field.description or ""


def sources(checked: CheckedClaims) -> dict[Provenance, list[str]]:
    """Every source once, with the claims that rest on it; tables of one source differ only in their hash."""
    used: dict[Provenance, list[str]] = {}
    for each in checked.checked:
        for finding in each.findings:
            for source in finding.provenance:
                ids = used.setdefault(replace(source, sha256=""), [])
                if each.claim.id not in ids:
                    ids.append(each.claim.id)
    return used


def print_claims(checked: CheckedClaims, console: Console | None = None) -> None:
    """Print every sentence with its verdict and figure, and what could reverse it; fits 80 columns."""
    console = console or Console(highlight=False, markup=False)
    console.print(Text(checked.claims.title, style="bold"))
    console.print(f"{counts(checked)}\n")
    for each in checked.checked:
        console.print(Text.assemble((each.verdict.upper(), "bold"), f"  {plain(each.claim.quote)}"))
        said = because(each)
        if said:
            console.print(Padding(Text(said), (0, 2)))
        for test, finding in each.pairs:
            console.print(Padding(Text(f"{test.form}: {finding.figure}"), (0, 2)))
            for name, text in (
                ("supported means", finding.threshold),
                ("would reverse it", finding.reverse),
            ):
                if text:
                    console.print(Padding(Text(f"{name}: {text}", style="dim"), (0, 4)))
        console.print()


def print_reading(claims: Claims, console: Console | None = None) -> None:
    """Print what a reader proposed: form, confidence, sentence."""
    console = console or Console(highlight=False, markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("form")
    table.add_column("trust", justify="right")
    table.add_column("sentence")
    for claim in claims.claims[:MOST_SHOWN]:
        trust = "" if claim.confidence is None else f"{claim.confidence:.2f}"
        forms = dict.fromkeys(test.form if test.form != "untestable" else test.reason for test in claim.tests)
        table.add_row(" ".join(forms), trust, plain(claim.quote))
    console.print(table)
    if len(claims.claims) > MOST_SHOWN:
        console.print(f"… and {len(claims.claims) - MOST_SHOWN:,} more in the file.")


def plain(text: str) -> str:
    """Foreign text without what a terminal would obey: control and direction signs."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+", " ", text)
