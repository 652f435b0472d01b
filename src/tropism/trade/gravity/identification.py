"""Costs whose effect cannot be told, and why: said by name before the estimation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tropism.errors import IdentificationError
from tropism.trade.gravity import regression
from tropism.trade.gravity.design import Design


def refuse_unidentified(design: Design, rows: np.ndarray, poisson: bool) -> None:
    """Raise where no estimate can be told from these rows, before the estimation.

    Raises
    ------
    IdentificationError
    """
    flow, effects, costs = design.flow, design.effects, design.names["costs"]
    if rows.size <= len(costs):
        raise IdentificationError(
            f"gravity: {rows.size} of {flow.size} rows are left once zeros that the model leaves out, "
            "singletons and separated rows are gone. Take fewer effects, or more years."
        )
    # Without domestic sales a border looks like a constant, and the remedy is another one.
    hint = (
        ""
        if (design.table["exporter"] == design.table["importer"]).any()
        else " The flows hold no domestic sales (exporter equal to importer); costs of crossing a border "
        "need them."
    )
    # Without effects the backends do not look for separation: where a cost can be told from the flows
    # above zero alone, there is none.
    some = rows if effects.size or not poisson else rows[flow[rows] > 0]
    found = regression.doubt(design.costs[some], effects[some])
    if found is not None:
        cost = costs[found.cost]
        if found.constant:
            raise IdentificationError(
                f"gravity: {cost} is constant over the {some.size} rows that are used, so that its effect "
                f"cannot be told. Leave it out.{hint}"
            )
        if found.others:
            others = ", ".join(costs[other] for other in found.others)
            raise IdentificationError(
                f"gravity: {cost} is a combination of {others} once the effects are taken out. Leave one of "
                f"them out.{hint}"
            )
        within = _absorbing(design.costs[some, found.cost], effects[some], design.names["fixed_effects"])
        raise IdentificationError(
            f"gravity: {cost} is absorbed by the fixed effects ({within}), so that its effect cannot be "
            f"told. Leave out the cost or those effects.{hint}"
        )
    if poisson:
        at = regression.only_at_zeros(flow[rows], design.costs[rows])
        if at is not None:
            raise IdentificationError(
                f"gravity: {costs[at]} differs from its constant only where nothing is traded, so that its "
                "effect is infinite (separation). Leave it out, or widen what it marks."
            )
    for name, codes in zip(design.names["cluster"], design.clusters.T, strict=True):
        groups = np.unique(codes[rows]).size
        if groups <= len(costs):
            raise IdentificationError(
                f"gravity: {groups} clusters by {name} for {len(costs)} costs: the covariance would be "
                "singular. Cluster by something with more groups."
            )


def _absorbing(cost: np.ndarray, effects: np.ndarray, names: Sequence[str]) -> str:
    """The first effect within which a cost does not vary, or all of them."""
    for name, codes in zip(names, effects.T, strict=True):
        rows = np.maximum(np.bincount(codes), 1)
        within = cost - (np.bincount(codes, cost) / rows)[codes]
        if np.abs(within).max() <= 1e-9 * np.abs(cost).max():
            return f"it never varies within one {name}"
    return " and ".join(names) + " together"
