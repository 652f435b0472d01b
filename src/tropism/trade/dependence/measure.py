"""How much one state rests on others in each flow: shares, what would be lost, substitutes, exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tropism.errors import DataNotPresentError, TriadError
from tropism.progress import spinner
from tropism.states import find_state
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade.dependence.goods import INPUTS, MINERALS, input_flows, mineral_flows
from tropism.trade.dependence.result import HARD, Dependence
from tropism.trade.exposure import embodied_value, exposure, input_output
from tropism.trade.flows import data_sha256

if TYPE_CHECKING:
    import pandas as pd

#: A change over a base below this, in million US dollars, is given as levels and never as a percentage: a
#: million barrels, one cargo, are as much at 100 dollars a barrel.
SMALL_BASE = 100.0

_TABLES = ("mineral_trade", "icio_flows", "icio_coefficients", "icio_output")
_PARTNER = {"imports": ("importer", "exporter"), "exports": ("exporter", "importer")}


def dependence(
    state: str,
    on: str | Sequence[str],
    *,
    year: int | None = None,
    small_base_million_usd: float = SMALL_BASE,
    progress: bool = False,
) -> Dependence:
    """How much does a state's trade depend on others, and theirs on it?

    Parameters
    ----------
    state : str
        ISO3 code, name or alias.
    on : str or sequence of str
        The partners.
    year : int, optional
        Year of energy and minerals for what would be lost and for substitutes: of each pair and side, the
        last year with a record up to this one. The last of the table unless given. Inputs are of the one
        year that the table has.
    small_base_million_usd : float
        `Dependence.change` gives no percentage over a base below this.
    progress : bool
        Tell on stderr, if that is a terminal, what is being done.

    Returns
    -------
    Dependence

    Raises
    ------
    UnknownStateError
        If a name is no state, or more than one.
    TriadError
        If the state is among its partners, or there is none.
    DataNotPresentError
        If the year is before the table's first, or the state trades with none of them in either table.

    Notes
    -----
    Energy and minerals: recorded trade (BACI), where no row means no record, never zero. Inputs: the OECD's
    input-output table of 80 economies, intermediate goods and services, where no row means zero. Exposure
    through third countries is the partner's value added in imported inputs, all rounds counted (see
    `tropism.trade.exposure.embodied_value` for the approximation).

    Substitutes are counted in dollars: whether a pipeline, a refinery or a contract lets a buyer turn to
    another seller of the same product is not in the data.

    References
    ----------
    Hirschman (1945), National Power and the Structure of Foreign Trade; Johnson and Noguera (2012), JIE
    86(2).

    Examples
    --------
    >>> found = dependence("Pakistan", ["Russia", "China"])
    >>> rows = found.exposure.query("state == 'PAK'").set_index("partner")
    >>> (100 * rows["by_third_million_usd"] / rows["imported_million_usd"]).round(1).to_dict()
    {'RUS': 0.8, 'CHN': 2.0}
    """
    iso3 = find_state(state).iso3
    partners = tuple(dict.fromkeys(find_state(name).iso3 for name in ([on] if isinstance(on, str) else on)))
    if not partners or iso3 in partners:
        raise TriadError(
            f"dependence: {iso3} on {', '.join(partners) or 'nobody'}. Name one or more other states, for "
            "instance PAK --on RUS USA CHN."
        )
    with spinner("dependence", progress) as tell:
        tell("reading tables")
        tables = {name: read_table(name) for name in _TABLES}
        minerals, inputs = mineral_flows(tables["mineral_trade"]), input_flows(tables["icio_flows"])
        first, last = int(minerals["year"].min()), int(minerals["year"].max())
        year = last if year is None else year
        if year < first:
            raise DataNotPresentError(
                f"dependence: mineral_trade begins in {first}. Choose {first} or later."
            )
        tell("shares, exposure and substitutes")
        pairs = [pair for partner in partners for pair in ((iso3, partner), (partner, iso3))]
        return _assemble(iso3, partners, pairs, minerals, inputs, tables, year, small_base_million_usd)


# ------------------------------------------------------------------------------------------ inside


def _assemble(
    state: str,
    partners: tuple[str, ...],
    pairs: list[tuple[str, str]],
    minerals: pd.DataFrame,
    inputs: pd.DataFrame,
    tables: dict[str, pa.Table],
    year: int,
    small_base: float,
) -> Dependence:
    import pandas as pd

    shares, lost, substitutes, unknown = [], [], [], []
    groups = {MINERALS: minerals, INPUTS: inputs}
    for goods, flows in groups.items():
        covered = set(flows["exporter"]) | set(flows["importer"])
        absent = [each for each in (state, *partners) if each not in covered]
        unknown += [f"{each} is not in the table of {goods}." for each in absent]
        for one, other in pairs:
            if not {one, other} <= covered:
                continue
            for side in _PARTNER:
                keys = {"goods": goods, "side": side, "state": one, "partner": other}
                found = _shares(flows, one, other, side, complete=goods == INPUTS)
                shares.append(found.assign(**keys))
                known = found[(found["item"] == "all") & (found["level_million_usd"] > 0)]
                known = known[known["year"] <= year] if goods == MINERALS else known
                if known.empty:
                    continue
                last = known.iloc[-1]
                lost.append(pd.DataFrame([keys | _lost(flows, one, other, side, last)]))
                substitutes.append(_substitutes(flows, one, other, side, int(last["year"])).assign(**keys))
    if not lost:
        raise DataNotPresentError(
            f"dependence: neither table has trade between {state} and {', '.join(partners)}. Choose states "
            "that they cover; `tropism data show icio_flows` lists economies."
        )
    provenance = tuple(info.provenance for name in _TABLES if (info := table_info(name)).provenance)
    lead = ["state", "partner", "goods", "side"]

    def stack(tables: list[pd.DataFrame]) -> pd.DataFrame:
        table = pd.concat(tables, ignore_index=True)
        return table[[*lead, *(column for column in table.columns if column not in lead)]]

    return Dependence(
        state=state,
        on=partners,
        shares=stack(shares),
        exposure=_exposure(tables, pairs),
        lost=stack(lost),
        replaceability=stack(substitutes),
        partners=stack(
            [
                _partners(flows, state, side, year).assign(goods=goods, side=side, state=state)
                for goods, flows in groups.items()
                for side in _PARTNER
            ]
        ),
        settings={
            "year": year,
            "small_base_million_usd": small_base,
            "hard_to_replace_above": HARD,
            "data_sha256": data_sha256([source.sha256 for source in provenance]),
        },
        provenance=provenance,
        notes=(
            *unknown,
            "Energy and minerals: no row means no record, never zero; Russia has not published since 2022.",
            "Inputs: 2022, intermediate goods and services among 80 economies; final goods are not in it.",
            "Exposure takes all industries of an economy to buy a product from its origins alike.",
            "Substitutes are counted in dollars of the same product; pipelines, grades and contracts are not "
            "in the data.",
            f"No percentage is given over a base below {small_base:g} million dollars.",
        ),
    )


def _shares(flows: pd.DataFrame, state: str, partner: str, side: str, *, complete: bool) -> pd.DataFrame:
    """Level, share, rank and concentration by year and item; ``all`` and every group."""
    import pandas as pd

    mine, theirs = _PARTNER[side]
    rows = flows[flows[mine] == state]
    rows = pd.concat([rows.assign(item="all"), rows.assign(item=rows["group"].astype(str))])
    sums = rows.groupby(["year", "item", theirs], observed=True)["million_usd"].sum()
    sums = sums[sums > 0]
    by_item = sums.groupby(level=["year", "item"])
    table = pd.DataFrame(
        {
            "total_million_usd": by_item.sum(),
            "partners": by_item.size(),
            "herfindahl": ((sums / by_item.transform("sum")) ** 2).groupby(level=["year", "item"]).sum(),
        }
    )
    at_partner = sums.index.get_level_values(theirs) == partner
    table["level_million_usd"] = sums[at_partner].droplevel(theirs)
    table["rank"] = by_item.rank(ascending=False, method="min")[at_partner].droplevel(theirs)
    if complete:
        table["level_million_usd"] = table["level_million_usd"].fillna(0.0)
    table["share"] = table["level_million_usd"] / table["total_million_usd"]
    columns = ["level_million_usd", "total_million_usd", "share", "rank", "partners", "herfindahl"]
    return table[columns].reset_index()


def _partners(flows: pd.DataFrame, state: str, side: str, year: int) -> pd.DataFrame:
    """Level and share of every partner of a state in a year, or in the last one before it with any."""
    mine, theirs = _PARTNER[side]
    # Inputs have one year, which may be a later one.
    rows = flows[flows[mine] == state]
    rows = rows[rows["year"] <= max(year, flows["year"].min())]
    rows = rows[rows["year"] == rows["year"].max()]
    table = rows.groupby(["year", theirs], observed=True)["million_usd"].sum().rename("level_million_usd")
    table = table[table > 0].rename_axis(["year", "partner"]).reset_index()
    return table.assign(share=table["level_million_usd"] / table["level_million_usd"].sum())


def _lost(flows: pd.DataFrame, state: str, partner: str, side: str, last: pd.Series) -> dict[str, Any]:
    """The level beside what the seller sells and the buyer buys abroad of the same goods that year."""
    seller, buyer = (partner, state) if side == "imports" else (state, partner)
    then = flows[flows["year"] == last["year"]]
    level = float(last["level_million_usd"])
    return {
        "year": int(last["year"]),
        "level_million_usd": level,
        "share_of_seller_exports": level / float(then.loc[then["exporter"] == seller, "million_usd"].sum()),
        "share_of_buyer_imports": level / float(then.loc[then["importer"] == buyer, "million_usd"].sum()),
    }


def _substitutes(flows: pd.DataFrame, state: str, partner: str, side: str, year: int) -> pd.DataFrame:
    """By item that the two trade: who else in the world sells (for imports) or buys (for exports) it."""
    import pandas as pd

    mine, theirs = _PARTNER[side]
    then = flows[flows["year"] == year]
    between = then[(then[mine] == state) & (then[theirs] == partner)]
    level = between.groupby("item", observed=True)["million_usd"].sum()
    level = level[level > 0]
    # What the state itself sells (or buys) is no substitute for what it buys (or sells).
    world = then[then["item"].isin(level.index) & (then[theirs] != state)]
    by_other = world.groupby(["item", theirs], observed=True)["million_usd"].sum()
    others = by_other[by_other.index.get_level_values(theirs) != partner]
    total = others.groupby(level="item", observed=True).sum().reindex(level.index, fill_value=0.0)
    everyone = by_other.groupby(level="item", observed=True).sum().reindex(level.index)
    with_state = then[(then[mine] == state) & (then[theirs] != partner)]
    large = others[others.to_numpy() >= level.reindex(others.index.get_level_values("item")).to_numpy()]
    current = with_state.groupby("item", observed=True)["million_usd"].sum()
    counts = {
        "alternatives": others[others > 0].groupby(level="item", observed=True).size(),
        "large_alternatives": large.groupby(level="item", observed=True).size(),
        "already_trading": with_state.groupby("item", observed=True)[theirs].nunique(),
    }
    table = pd.DataFrame(
        {
            "year": year,
            "level_million_usd": level,
            "others_million_usd": total,
            "share_of_others": total / everyone,
            **{name: count.reindex(level.index, fill_value=0) for name, count in counts.items()},
            "rise_needed": level / total,
            "rise_needed_of_current": level / current.reindex(level.index, fill_value=0.0),
        }
    )
    table.index = table.index.astype(str)
    return table.sort_values("level_million_usd", ascending=False).rename_axis("item").reset_index()


def _exposure(tables: dict[str, pa.Table], pairs: list[tuple[str, str]]) -> pd.DataFrame:
    import pandas as pd

    table = input_output(*(tables[name] for name in _TABLES[1:]))
    covered = [(one, other) for one, other in pairs if {one, other} <= set(table.economies)]
    origins = sorted({other for _, other in covered})
    value = dict(zip(origins, embodied_value(table, origins), strict=True)) if origins else {}
    rows = []
    for one, other in covered:
        found = exposure(table, one, other, value[other])
        amounts = {f"{name}_million_usd": amount for name, amount in asdict(found).items()}
        rows.append({"state": one, "partner": other, **amounts})
    columns = ["imported", "bought", "direct", "by_third"]
    return pd.DataFrame(rows, columns=["state", "partner", *(f"{name}_million_usd" for name in columns)])
