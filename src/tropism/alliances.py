"""Alliances: the strongest obligation that a state has taken on toward a pole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from tropism.dyad_years import DyadYears, number
from tropism.series import Series

By = Literal["state", "pole"]

#: Grade of each obligation. Bueno de Mesquita's order of defence pact, neutrality or nonaggression pact and
#: entente. ATOP has offence and consultation besides: to fight in either way is the top, to consult is
#: what makes an entente.
GRADES = {"defense": 3, "offense": 3, "neutrality": 2, "nonaggression": 2, "consultation": 1, "entente": 1}
WORDS = {0: "no alliance", 1: "consultation", 2: "neutrality or nonaggression", 3: "defence"}


def commitment_series(alliances: pa.Table, poles: Sequence[str], *, promised: By = "state") -> Series:
    """The strongest obligation in force between each state and each pole, by year.

    Parameters
    ----------
    alliances : pyarrow.Table
        ``atop_alliances`` (sender, target, year: what the one promises the other) or ``cow_alliances``
        (iso3_a, iso3_b, year), whose obligations are mutual.
    poles : sequence of str
        ISO3 codes.
    promised : {"state", "pole"}
        Whose obligation: what the state promised the pole, or the pole the state. They differ where a great
        power guarantees a client, as in ATOP's record of the United States and Pakistan from 1973 on.

    Returns
    -------
    Series
        Dyads from 0 (none) to 3 (defence). Both tables are complete: no row is no alliance.

    Raises
    ------
    SchemaError
        If a column is absent.

    References
    ----------
    Bueno de Mesquita (1975), "Measuring Systemic Polarity", Journal of Conflict Resolution 19(2): the order
    of commitments. Signorino and Ritter (1999), "Tau-b or Not Tau-b", International Studies Quarterly 43(1),
    who warn that alliances alone tell little of interests. Leeds, Ritter, Mitchell and Long (2002),
    "Alliance Treaty Obligations and Provisions", International Interactions 28(3).
    """
    axes = DyadYears.of(poles, alliances["year"])
    grade = _grades(alliances)
    directed = "sender" in alliances.column_names
    ways = [("sender", "target")] if directed else [("iso3_a", "iso3_b"), ("iso3_b", "iso3_a")]
    if directed and promised == "pole":
        ways = [("target", "sender")]
    held = [axes.gather(alliances, grade, state=one, pole=other, how="max") for one, other in ways]
    return axes.series(
        np.max([np.nan_to_num(each) for each in held], axis=0),
        name="alliance_commitment",
        label="Strongest obligation of the state toward the pole"
        if promised == "state"
        else "Strongest obligation of the pole toward the state",
        measured_in="grade of obligation, 0 none to 3 defence",
        block="institutions",
        signal="costly",
        notes=("No row means no alliance.",),
    )


def _grades(alliances: pa.Table) -> np.ndarray:
    """The highest grade among each row's obligations."""
    there = [name for name in GRADES if name in alliances.column_names]
    held = [np.nan_to_num(number(alliances, name)) * GRADES[name] for name in there]
    return np.asarray(np.max(held, axis=0)) if held else np.zeros(alliances.num_rows)
