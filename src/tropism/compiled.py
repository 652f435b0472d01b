"""Modules that numba compiles: imported when they are needed, cached where something can be written."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from types import ModuleType

from tropism.errors import MissingExtraError
from tropism.tables.store import home


def load_compiled(*paths: str, purpose: str, extra: str) -> tuple[ModuleType, ...]:
    """Import modules that need numba, with the cache of compiled code where it can be written.

    Numba keeps compiled code beside the source file, where an installation may be read-only, or in the home
    folder, which may be so too. The folder is set only while our modules are imported: other code of the
    user keeps its own.

    Parameters
    ----------
    *paths : str
        Absolute names of modules; without any, only numba is looked for.
    purpose : str
        Who asks, for the message: ``"ideal points"``.
    extra : str
        The optional part of the package that brings numba.

    Raises
    ------
    MissingExtraError
        If numba is not installed.
    """
    try:
        from numba import config
    except ImportError as missing:
        raise MissingExtraError(
            f"{purpose}: {missing.name or 'numba'} is not installed. It comes with the extra `{extra}`: "
            f"pip install 'tropism[{extra}]'"
        ) from None
    if all(path in sys.modules for path in paths):
        return tuple(sys.modules[path] for path in paths)
    before = getattr(config, "CACHE_DIR", "")
    setattr(config, "CACHE_DIR", before or _cache_folder())  # noqa: B010
    try:
        return tuple(importlib.import_module(path) for path in paths)
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010


def _cache_folder() -> str:
    """Under ``TROPISM_HOME`` (else the user cache folder), or a folder of this process that it removes."""
    with contextlib.suppress(OSError):
        folder = home() / "numba"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    # A fixed name in the shared temporary folder could hold code that somebody else put there.
    import atexit

    scratch = tempfile.TemporaryDirectory(prefix="tropism-numba-", ignore_cleanup_errors=True)
    atexit.register(scratch.cleanup)
    return scratch.name
