"""The compiled part of ideal points: loaded when a fit begins."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.util import resolve_name
from types import ModuleType

from tropism.compiled import load_compiled
from tropism.errors import MissingExtraError


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


def one_blas_thread() -> AbstractContextManager[object]:
    """Hold the libraries of linear algebra to one thread each.

    Matrices of a session have some 190 rows, and the threads of NumPy's and SciPy's libraries wait for each
    other and for numba's: with two threads each, a factorisation took ten times as long as with one.

    Raises
    ------
    MissingExtraError
        If threadpoolctl is not installed.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise MissingExtraError(
            "ideal points: threadpoolctl is not installed. It comes with the extra `votes`: "
            "pip install 'tropism[votes]'"
        ) from None
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
