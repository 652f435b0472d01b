"""Files as providers give them, made in a test, and what a source makes of them."""

import importlib
import io
import zipfile

import pandas as pd
import pytest

from tropism.errors import SchemaError
from tropism.tables import schema


def parse(name, *files, years=None):
    """What the source makes of files, checked against the data dictionary."""
    source = importlib.import_module(f"tropism.sources.{name}").SOURCE
    return {
        table: schema.check(table, rows).to_pylist() for table, rows in source.parse(files, years).items()
    }


def write(path, content, encoding="utf-8"):
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def archive(members):
    """The bytes of a zip archive of files, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def pack(path, members):
    """A zip archive of files, by name."""
    return write(path, archive(members))


def binary(path, columns):
    """A Parquet or Stata file, as the name says."""
    frame = pd.DataFrame(columns)
    if path.suffix == ".dta":
        frame.to_stata(path, write_index=False, version=118)
    else:
        frame.to_parquet(path)
    return path


def refusal(name, *files, years=None):
    """What the source says on refusing files."""
    with pytest.raises(SchemaError) as caught:
        parse(name, *files, years=years)
    return str(caught.value)
