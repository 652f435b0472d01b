"""The compiled part of trade equilibria: loaded when one is solved, cached where something can be written."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
from types import ModuleType

from tropism.errors import MissingExtraError
from tropism.tables.store import home


def load() -> ModuleType:
    """The module ``_kernels``, with numba's cache under ``TROPISM_HOME`` where that can be written.

    Raises
    ------
    MissingExtraError
        If numba is not installed.
    """
    try:
        from numba import config
    except ImportError:
        raise MissingExtraError(
            "equilibrium: numba is not installed. Counterfactuals need the extra `trade`: "
            "pip install 'tropism[trade]'"
        ) from None
    before = getattr(config, "CACHE_DIR", "")
    with contextlib.suppress(OSError):
        folder = home() / "numba"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            setattr(config, "CACHE_DIR", before or str(folder))  # noqa: B010
    try:
        return importlib.import_module("tropism.trade.equilibrium._kernels")
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010
