"""Providers of tables, one module each: where the file is, on what terms, and how to read it.

A module ``sources/<provider>.py`` with a `SOURCE` record is found by itself; nothing else lists it.
"""

from tropism.sources.download import add_files, fetch_table
from tropism.sources.source import Remote, Source, find_source, sources

__all__ = ["Remote", "Source", "add_files", "fetch_table", "find_source", "sources"]
