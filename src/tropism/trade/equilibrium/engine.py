"""The compiled part of trade equilibria: loaded when one is solved."""

from __future__ import annotations

from types import ModuleType

from tropism.compiled import load_compiled


def load() -> ModuleType:
    """The module ``_kernels``.

    Raises
    ------
    MissingExtraError
        If numba is not installed.
    """
    (kernels,) = load_compiled("tropism.trade.equilibrium._kernels", purpose="equilibrium", extra="trade")
    return kernels
