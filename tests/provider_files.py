"""Files as providers give them, made in a test, and what a source makes of them."""

import importlib
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


def write(path, text, encoding="utf-8"):
    path.write_text(text, encoding=encoding)
    return path


def pack(path, members):
    """A zip archive of files, by name."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def binary(path, columns):
    """A Parquet or Stata file, as the name says."""
    frame = pd.DataFrame(columns)
    if path.suffix == ".dta":
        frame.to_stata(path, write_index=False, version=118)
    else:
        frame.to_parquet(path)
    return path


def refusal(name, *files):
    """What the source says on refusing files."""
    with pytest.raises(SchemaError) as caught:
        parse(name, *files)
    return str(caught.value)
