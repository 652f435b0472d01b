"""The compiled part of ideal points: loaded when a fit begins, cached where something can be written."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import tempfile
from types import ModuleType

from tropism.errors import MissingExtraError
from tropism.tables.store import home

#: What a message says when the compiled part is missing.
INSTALL = "pip install 'tropism[votes]'"


def load(*names: str) -> tuple[ModuleType, ...]:
    """Modules of this package that import numba, with the cache of compiled code where it can be written.

    Numba keeps compiled code beside the source file, where an installation may be read-only, or in the home
    folder, which may be so too. The folder is set only while our modules are imported: other code of the
    user keeps its own.

    Parameters
    ----------
    *names : str
        As after the dot of a relative import here: ``"_kernels"``.

    Raises
    ------
    MissingExtraError
        If numba is not installed.
    """
    try:
        from numba import config
    except ImportError as missing:
        raise MissingExtraError(
            f"ideal points: {missing.name or 'numba'} is not installed. Ideal points need the extra `votes`: "
            f"{INSTALL}"
        ) from None
    paths = [importlib.util.resolve_name(f".{name}", __package__) for name in names]
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
