"""What is known of a source, and which sources there are."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

import pyarrow as pa

from tropism.errors import DownloadError
from tropism.tables import schema


@dataclass(frozen=True)
class Remote:
    """One file at its official address.

    Attributes
    ----------
    url : str
        ``https://…``, or ``doi:<DOI>/<file>`` for archives that give files no lasting address.
    sha256 : str or None
        Hash of the file; None for a file that its provider updates in place: then the layout is checked.
    name : str
        What the file is called here; by default as at the end of the address.
    headers : mapping
        What the server wants to be asked with.
    """

    url: str
    sha256: str | None = None
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def local_name(self) -> str:
        """The name under which the file is kept until it is read."""
        return self.name or PurePosixPath(urllib.parse.urlparse(self.url).path).name or "download"


#: First and last year asked for; None is all of them.
Years = tuple[int, int] | None


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
        The tables that ``parse`` returns; their rows in ``tables.csv`` name this source under ``fetch``, or
        under ``by_hand`` if ``files`` is None.
    version : str
        The release whose layout ``parse`` was written for.
    years : str
        What the release covers, in words: ``"1946-2023"``.
    licence, terms, citation : str
        What one may do with the data, in a word and in a sentence, and how to cite it.
    page : str
        Where a person finds the files.
    parse : callable
        Takes the files, in any order, and the years asked for; returns every table of ``tables``, tidy.
        Raises SchemaError if the layout is another. What it leaves out it logs as a warning, with counts.
    files : callable or None
        Takes the years asked for and returns what is to be downloaded. None where the provider forbids
        programs or wants a form filled in: then ``by_hand`` says how a person gets the file.
    by_hand : str
        What a person does to get the files, one or two sentences.
    oddities : tuple of str
        Known faults of the data that no check can mend: shown by ``tropism data check``.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    version: str
    years: str
    licence: str
    terms: str
    citation: str
    page: str
    parse: Callable[[Sequence[Path], Years], dict[str, pa.Table]]
    files: Callable[[Years], tuple[Remote, ...]] | None = None
    by_hand: str = ""
    oddities: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that brings its tables."""
        return (
            f"tropism data add {self.name} FILE" if self.files is None else f"tropism data fetch {self.name}"
        )


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
        table = schema.schema(name)
        provider = table.fetch or table.by_hand
        whose = f"which the source {provider} provides" if provider else "which no source provides"
        hint = f"It is a table, {whose}: `{table.command}`."
    elif near := difflib.get_close_matches(name, sources(), n=2, cutoff=0.4):
        hint = f"Did you mean {' or '.join(near)}?"
    else:
        hint = f"Sources are: {', '.join(sources())}."
    raise DownloadError(f"source {name!r} is not known. {hint}")
