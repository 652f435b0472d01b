"""Is country A shifting toward B and away from C? Evidence, ranked against all other states.

Verbs are loaded when first used, so that ``import tropism`` stays fast:

>>> import tropism
>>> answer = tropism.assess("PAK", toward="RUS", away_from="USA")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tropism.verbs import VERBS
from tropism.version import __version__

if TYPE_CHECKING:
    from tropism.assessment import assess, gather_evidence
    from tropism.backtesting import backtest, score_ledger, write_ledger
    from tropism.claims import check_claims, claims_schema, read_claims
    from tropism.explanations import explain
    from tropism.report import write_chart, write_report
    from tropism.shifts import scan
    from tropism.shifts.multiverse import multiverse
    from tropism.sources import fetch_table
    from tropism.states import find_state
    from tropism.tables import add_table, check_table, diff_table, list_tables, load_table
    from tropism.trade import (
        dependence,
        diversion,
        estimate_gravity,
        list_effects,
        mirror,
        solve_counterfactual,
        trade_gap,
        what_if_agreement,
        what_if_halt,
        what_if_sanctions,
    )
    from tropism.votes import estimate_ideal_points, list_vote_sets, select_rollcalls, vote_similarity

__all__ = [
    "__version__",
    "add_table",
    "assess",
    "backtest",
    "check_claims",
    "check_table",
    "claims_schema",
    "dependence",
    "diff_table",
    "diversion",
    "estimate_gravity",
    "estimate_ideal_points",
    "explain",
    "fetch_table",
    "find_state",
    "gather_evidence",
    "list_effects",
    "list_tables",
    "list_vote_sets",
    "load_table",
    "mirror",
    "multiverse",
    "read_claims",
    "scan",
    "score_ledger",
    "select_rollcalls",
    "solve_counterfactual",
    "trade_gap",
    "vote_similarity",
    "what_if_agreement",
    "what_if_halt",
    "what_if_sanctions",
    "write_chart",
    "write_ledger",
    "write_report",
]

_MODULES = {verb.name: verb.module for verb in VERBS}


def __getattr__(name: str) -> Any:
    """Import the module of a verb when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'tropism' has no attribute {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Verbs and version, for completion."""
    return sorted(__all__)
