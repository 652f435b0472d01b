"""The panel of an estimation as arrays: flows, costs, groups of effects and of clusters; or what is wrong.

What cannot be estimated from is refused here, before anything is computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.trade.flows import KEY, check_flows

if TYPE_CHECKING:
    import pandas as pd

#: Effects and clusters with a name of their own; any other name is a column of the flows.
GROUPS = {
    "exporter-year": "one for each exporter and year",
    "importer-year": "one for each importer and year",
    "exporter": "one for each exporter",
    "importer": "one for each importer",
    "year": "one for each year",
    "pair": "one for each two countries, in both directions; domestic sales of each country have their own",
    "directed-pair": "one for each exporter and importer",
    "domestic": "one for the domestic sales of each country, and one for all trade between countries",
}


@dataclass(frozen=True, eq=False)
class Design:
    """A panel to estimate from.

    Attributes
    ----------
    table : DataFrame
        The flows, checked, with the columns of costs.
    value : str
    names : dict of str to list of str
        ``costs``, ``fixed_effects`` and ``cluster``.
    flow : ndarray, shape (rows,)
    costs : ndarray, shape (rows, costs)
    effects, clusters : ndarray of int, shapes (rows, effects), (rows, ways of clustering)
        Group of each row, from 0.
    lacking : tuple of str
        What keeps the panel from being balanced, in sentences.
    """

    table: pd.DataFrame
    value: str
    names: dict[str, list[str]]
    flow: np.ndarray
    costs: np.ndarray
    effects: np.ndarray
    clusters: np.ndarray
    lacking: tuple[str, ...]

    def sha256(self) -> str:
        """A hash of everything that the estimate depends on, in the order of the rows."""
        import pandas as pd

        numbers = self.table[[*KEY, self.value, *self.names["costs"]]]
        digest = hashlib.sha256(pd.util.hash_pandas_object(numbers, index=False).to_numpy().tobytes())
        digest.update(self.effects.tobytes())
        digest.update(self.clusters.tobytes())
        return digest.hexdigest()


def read_design(
    flows: pd.DataFrame, costs: Any, value: str, fixed_effects: Any, cluster: Any, unbalanced: bool
) -> Design:
    """Check the panel and turn it into arrays; parameters are those of `estimate_gravity`.

    Raises
    ------
    SchemaError
        If a name, a number or a row does not fit, or the panel is not balanced.
    IdentificationError
        If effects of domestic sales are asked for, and there are none.
    """
    import pandas as pd

    names = _names(costs, fixed_effects, cluster)
    table = check_flows(flows, value)
    lacking = _lacking(table, value)
    if lacking and not unbalanced:
        raise SchemaError(
            f"gravity: the panel is not balanced: {' '.join(lacking)} Write 0 where nothing was traded "
            "between two that do trade. If what is lacking is not known, take years and countries without "
            "it, or say unbalanced=True: estimates then rest on the rows that there are."
        )
    if isinstance(costs, pd.DataFrame):
        table, names["costs"] = _with_costs(table, costs)
    return Design(
        table=table,
        value=value,
        names=names,
        flow=table[value].to_numpy(dtype=np.float64),
        costs=_cost_columns(table, names["costs"]),
        effects=_codes(table, names["fixed_effects"], "effect"),
        clusters=_codes(table, names["cluster"], "cluster"),
        lacking=lacking,
    )


# ------------------------------------------------------------------------------------------ inside


def _names(costs: Any, effects: Any, cluster: Any) -> dict[str, list[str]]:
    """Lists of names, none of which is repeated."""
    names = {
        "costs": [costs] if isinstance(costs, str) else list(costs),
        "fixed_effects": [effects] if isinstance(effects, str) else list(effects),
        "cluster": [cluster] if isinstance(cluster, str) else list(cluster or ()),
    }
    for what, listed in names.items():
        repeated = [name for name in listed if listed.count(name) > 1]
        if repeated:
            raise SchemaError(f"gravity: {what} name {repeated[0]} twice.")
    if not names["costs"]:
        raise SchemaError("gravity: no costs. Name at least one column whose effect is asked for.")
    if len(names["cluster"]) > 2:
        raise SchemaError("gravity: errors are clustered in at most two ways.")
    return names


def _lacking(flows: pd.DataFrame, value: str) -> tuple[str, ...]:
    """What a panel lacks to be balanced, in sentences."""
    found = []
    pairs = flows.groupby(["exporter", "importer"])["year"].nunique()
    years = sorted(flows["year"].unique().tolist())
    short = pairs[pairs < len(years)]
    if len(short):
        exporter, importer = short.index[0]
        there = flows.loc[(flows["exporter"] == exporter) & (flows["importer"] == importer), "year"]
        first = next(year for year in years if year not in set(there))
        found.append(
            f"{len(short) * len(years) - int(short.sum()):,} of {len(pairs) * len(years):,} rows are "
            f"lacking; first {exporter} to {importer} in {first}."
        )
    countries = set(flows["exporter"]) | set(flows["importer"])
    without = countries - set(flows.loc[flows["exporter"] == flows["importer"], "exporter"])
    if without and without != countries:
        found.append(
            f"{len(without)} of {len(countries)} countries have no domestic sales; first {min(without)}."
        )
    abroad = flows[value].where(flows["exporter"] != flows["importer"], 0.0)
    for side, words in (("exporter", "sell nothing to"), ("importer", "buy nothing from")):
        traded = abroad.groupby([flows[side], flows["year"]]).sum()
        silent = traded[traded <= 0]
        if len(silent):
            country, year = silent.index[0]
            found.append(
                f"{len(silent):,} of {len(traded):,} countries and years {words} the other countries; first "
                f"{country} in {year}."
            )
    return tuple(found)


def _with_costs(flows: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The flows with the columns of a table of costs."""
    keys = [key for key in KEY if key in table.columns]
    if not {"exporter", "importer"} <= set(keys):
        raise SchemaError("costs: the table needs the columns exporter and importer, perhaps year.")
    costs = [column for column in table.columns if column not in keys]
    both = [column for column in costs if column in flows.columns]
    if both:
        raise SchemaError(f"costs: {both[0]} is a column of the flows too. Leave it out of one of them.")
    repeated = table.duplicated(keys)
    if repeated.any():
        first = table[repeated].iloc[0]
        raise SchemaError(
            f"costs: {repeated.sum()} rows repeat {', '.join(keys)}; first {first['exporter']} to "
            f"{first['importer']}. Keep one of each."
        )
    table = table.astype({"exporter": str, "importer": str})
    merged = flows.merge(table, on=keys, how="left", indicator="_costs")
    without = merged["_costs"] == "left_only"
    if without.any():
        first = merged[without].iloc[0]
        raise SchemaError(
            f"costs: {without.sum()} rows of the flows have none; first {first['exporter']} to "
            f"{first['importer']}. Add them, or leave the flows out."
        )
    return merged.drop(columns="_costs"), costs


def _cost_columns(flows: pd.DataFrame, costs: Sequence[str]) -> np.ndarray:
    """Costs as numbers, shape (rows, costs)."""
    import pandas as pd

    columns = []
    for cost in costs:
        if cost not in flows.columns:
            raise SchemaError(
                f"gravity: no column {cost} in the flows, which have {', '.join(map(str, flows.columns))}."
            )
        numbers = pd.to_numeric(flows[cost], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        unfit = np.flatnonzero(~np.isfinite(numbers))
        if unfit.size:
            row = flows.iloc[unfit[0]]
            raise SchemaError(
                f"gravity: {unfit.size} rows have no finite number as {cost}; first row {unfit[0]} "
                f"({row['exporter']} to {row['importer']}, {row['year']}: {row[cost]}). Fill it in, or leave "
                f"those rows out: flows.dropna(subset=['{cost}'])."
            )
        columns.append(numbers)
    return np.stack(columns, axis=1)


def _codes(flows: pd.DataFrame, names: Sequence[str], what: str) -> np.ndarray:
    """Group of each row, from 0, for each name: ndarray of int, shape (rows, names)."""
    import pandas as pd

    if not names:
        return np.empty((len(flows), 0), dtype=np.int64)
    ends, _ = pd.factorize(pd.concat([flows["exporter"], flows["importer"]]))
    exporter, importer = ends[: len(flows)], ends[len(flows) :]
    year = flows["year"].to_numpy() - flows["year"].min()
    country, span = exporter.max() + importer.max() + 1, int(year.max()) + 1
    own = {
        "exporter-year": exporter * span + year,
        "importer-year": importer * span + year,
        "exporter": exporter,
        "importer": importer,
        "year": year,
        "pair": np.minimum(exporter, importer) * country + np.maximum(exporter, importer),
        "directed-pair": exporter * country + importer,
        "domestic": np.where(exporter == importer, exporter, country),
    }
    columns: list[np.ndarray] = []
    for name in names:
        if name == "domestic" and not (exporter == importer).any():
            raise IdentificationError(
                "gravity: effects of domestic sales need rows with exporter equal to importer (gross output "
                "less exports), and the flows have none."
            )
        if name not in own and name not in flows.columns:
            raise SchemaError(
                f"gravity: {name} is no {what} by name ({', '.join(GROUPS)}) and no column of the flows."
            )
        group = own[name] if name in own else flows[name]
        codes, _ = pd.factorize(group, sort=True)
        if (codes < 0).any():
            raise SchemaError(
                f"gravity: {np.count_nonzero(codes < 0)} rows have no {name}, which is an {what}; first row "
                f"{np.argmax(codes < 0)}. Fill it in, or leave them out."
            )
        columns.append(codes)
    return np.stack(columns, axis=1).astype(np.int64)
