"""Builders of the embedded tables: each module has ``TABLES`` (names) and ``build()``."""

from __future__ import annotations

import importlib
import os
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tropism.series import Provenance

SHARED = Path(os.environ.get("TROPISM_SHARED", Path(__file__).parents[3] / "shared" / "data"))


@dataclass(frozen=True)
class Built:
    """A table to embed. ``file`` names a hand-written file in the package's data folder, else None."""

    name: str
    table: pd.DataFrame | pa.Table
    provenance: Provenance
    notes: tuple[str, ...] = ()
    file: str | None = None


def builders() -> list[Any]:
    """Every module of this package that builds tables."""
    found = [importlib.import_module(f"embed.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return [module for module in found if hasattr(module, "build")]
