"""The compiled part of ideal points: loaded when a fit begins."""

from __future__ import annotations

from importlib.util import resolve_name
from types import ModuleType

from tropism.compiled import load_compiled


def load(*names: str) -> tuple[ModuleType, ...]:
    """Modules of this package that import numba.

    Parameters
    ----------
    *names : str
        As after the dot of a relative import here: ``"_kernels"``.

    Raises
    ------
    MissingExtraError
        If numba is not installed.
    """
    paths = (resolve_name(f".{name}", __package__) for name in names)
    return load_compiled(*paths, purpose="ideal points", extra="votes")
