"""What is known of a source, and which sources there are."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from tropism.errors import DownloadError
from tropism.tables import schema


@dataclass(frozen=True)
class Source:
    """One provider's data set.

    Attributes
    ----------
    name : str
        As typed: ``tropism data fetch <name>``; the module has the same name.
    title : str
        The data set in words.
    tables : tuple of str
        The tables that ``parse`` returns; their rows in ``tables.csv`` name this source under ``fetch``.
    version : str
        The release whose layout ``parse`` was written for.
    licence, terms, citation : str
        What one may do with the data, in a word and in a sentence, and how to cite it.
    parse : callable
        Takes the downloaded file and returns its tables; raises SchemaError if the layout is another.
    url : str
        Address of the file, or of the page where a person finds it when there is a ``doi``.
    doi, file : str
        The archive's DOI and the file's name in it: for archives that give files no lasting address.
    sha256 : str or None
        Hash of the file; None for a file that its provider updates in place: then the layout is checked.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    version: str
    licence: str
    terms: str
    citation: str
    parse: Callable[[Path], dict[str, pa.Table]]
    url: str = ""
    doi: str = ""
    file: str = ""
    sha256: str | None = None

    @property
    def address(self) -> str:
        """What is downloaded: ``doi:…/file`` where there is a DOI, else the URL."""
        return f"doi:{self.doi}/{self.file}" if self.doi else self.url

    @property
    def page(self) -> str:
        """Where a person finds the file."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url


@cache
def sources() -> dict[str, Source]:
    """Every source, by name."""
    import tropism.sources as package

    modules = (
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    )
    records = (getattr(module, "SOURCE", None) for module in modules)
    return {record.name: record for record in records if record is not None}


def find_source(name: str) -> Source:
    """The source of that name; an unknown name suggests the nearest.

    Raises
    ------
    DownloadError
        If there is no such source.
    """
    if name in sources():
        return sources()[name]
    if name in schema.schemas():
        provider = schema.schema(name).fetch
        hint = (
            f"It is a table, which the source {provider} provides: `tropism data fetch {provider}`."
            if provider
            else f"It is a table that no source provides: bring a file with `tropism data add {name} FILE`."
        )
    elif near := difflib.get_close_matches(name, sources(), n=2, cutoff=0.4):
        hint = f"Did you mean {' or '.join(near)}?"
    else:
        hint = f"Sources are: {', '.join(sources())}."
    raise DownloadError(f"source {name!r} is not known. {hint}")
