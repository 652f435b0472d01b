"""The tables that the package carries. ``manifest.json`` holds the provenance of each.

Built by ``scripts/build_embedded.py``; nothing else writes here.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

from tropism.errors import DamagedDataError
from tropism.series import Provenance
from tropism.tables import schema
from tropism.tables.files import parquet

FOLDER = resources.files("tropism.data")


@dataclass(frozen=True)
class EmbeddedTable:
    """One entry of the manifest."""

    name: str
    file: str
    rows: int
    first_year: int | None
    last_year: int | None
    provenance: Provenance
    notes: tuple[str, ...]


@cache
def manifest() -> dict[str, EmbeddedTable]:
    """Every embedded table, by name.

    Raises
    ------
    DamagedDataError
        If the manifest cannot be read.
    """
    try:
        entries: dict[str, dict[str, Any]] = json.loads(
            FOLDER.joinpath("manifest.json").read_text(encoding="utf-8")
        )
        return {
            name: EmbeddedTable(
                name=name,
                file=entry["file"],
                rows=entry["rows"],
                first_year=entry["first_year"],
                last_year=entry["last_year"],
                provenance=Provenance(**entry["provenance"]),
                notes=tuple(entry["notes"]),
            )
            for name, entry in entries.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DamagedDataError(
            f"the package's manifest.json cannot be read ({fault}). The installation is damaged: reinstall "
            "tropism (pip install --force-reinstall --no-deps tropism)."
        ) from None


def read(name: str) -> pa.Table:
    """Read one embedded table, after comparing its SHA-256 with the manifest.

    Raises
    ------
    DamagedDataError
        If the file is missing or its content is not what was built.
    """
    entry = manifest()[name]
    try:
        content = FOLDER.joinpath(entry.file).read_bytes()
    except OSError as fault:
        raise DamagedDataError(_damaged(entry, f"cannot be read ({fault})")) from None
    found = hashlib.sha256(content).hexdigest()
    if found != entry.provenance.sha256:
        raise DamagedDataError(
            _damaged(entry, f"has SHA-256 {found[:12]}…, expected {entry.provenance.sha256[:12]}…")
        )
    if entry.file.endswith(".csv"):
        return _read_csv(name, content)
    return parquet(content)


def _read_csv(name: str, content: bytes) -> pa.Table:
    from pyarrow import csv

    text = csv.ConvertOptions(
        # As text: the check casts each column and names the row of what does not fit.
        column_types=dict.fromkeys(schema.schema(name).names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    return schema.check(name, csv.read_csv(io.BytesIO(content), convert_options=text))


def _damaged(entry: EmbeddedTable, problem: str) -> str:
    return (
        f"embedded table {entry.name}: the file {entry.file} {problem}. The installation is damaged: "
        "reinstall tropism (pip install --force-reinstall --no-deps tropism)."
    )
