"""Faults that a table can have although each of its cells is allowed: what the schema cannot see.

Checks follow from what columns are, not from names of tables: amounts are numbers with a unit of money or
quantity, states are codes of states, panels have a year among their keys. A fault is what no right table has;
what a right table may have, and a wrong one is known by, is an oddity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tropism.errors import DamagedDataError, SchemaError, UnknownStateError
from tropism.states import LINEAGE, State, find_state
from tropism.tables import embedded, schema
from tropism.tables.dating import SESSION_TABLES
from tropism.tables.library import Library
from tropism.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

#: Columns that name states.
STATES = frozenset(
    {"iso3", "iso3_a", "iso3_b", "iso3_origin", "iso3_destination", "exporter", "importer", "supplier"}
    | {"recipient", "donor", "sender", "target"}
)
#: Units of amounts that are summed over rows.
_AMOUNTS = ("US dollars", "tonnes", "trend-indicator values")
#: Columns that say the same in every row with the same number.
_SAME_FOR = {"rcid": ("session", "year"), "deal": ("supplier", "recipient")}
#: Half a thousand and two thousand times: nearer to a wrong unit than to anything that happens to a sum.
_SLIP = (500.0, 2000.0)
#: Neighbouring years of a flow that differ by less are steady.
_STEADY = 3.0
#: A flow of this share of all that one of the two trades in the year; of 205,000 pair-years of minerals five
#: jump a thousandfold and are more, of 350,000 of all trade none.
_WEIGHTY = 0.5
#: Of so many products trade is taken for trade in all goods.
_ALL_GOODS = 1000
#: Years that right tables lack: session 19 voted once, and the World Bank began with every other year.
_WITHOUT_ROWS = {"un_contested_votes": (1964,), "governance": (1997, 1999, 2001)}
#: Rows that must agree before two states' being alike is no chance.
_MANY = 30
#: A reporter is compared with so many partners or more.
_PARTNERS = 5
#: So many times apart, two reports of a flow of so many dollars are told.
_MIRROR, _LARGE_USD = 100.0, 1e8


@dataclass(frozen=True)
class Finding:
    """Something wrong, or odd, in a table.

    Attributes
    ----------
    table : str
    where : str
        File, year or key.
    what, remedy : str
        What was found, and what to do about it.
    is_fault : bool
        False for an oddity, which may be as it should.
    """

    table: str
    where: str
    what: str
    remedy: str
    is_fault: bool = True


def check_table(name: str) -> list[Finding]:
    """Check the best copy of a table: hashes of all its files, schema, and what the schema cannot see.

    Parameters
    ----------
    name : str
        A table of the store, or an embedded one.

    Returns
    -------
    list of Finding
        Empty if nothing was found.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    DataNotPresentError
        If it is neither in the store nor embedded.

    Examples
    --------
    >>> from tropism.tables import check_table
    >>> check_table("un_vote_counts")
    []
    """
    info = Library().info(name)
    damaged = list(_damaged(name))
    if damaged:
        return damaged
    table = Library().read(name)
    try:
        table = schema.check(name, table)
    except SchemaError as fault:
        return [Finding(name, info.place, str(fault), _again(name))]
    return find_faults(name, table)


def find_faults(name: str, table: pa.Table) -> list[Finding]:
    """Look for faults in a table that fits its schema.

    Parameters
    ----------
    name : str
        In the data dictionary.
    table : pyarrow.Table
        As `tropism.tables.schema.check` returns it.

    Returns
    -------
    list of Finding
    """
    if not table.num_rows:
        return [Finding(name, "all rows", "holds no row", _again(name))]
    frame = table.to_pandas()
    return [finding for check in _CHECKS for finding in check(schema.schema(name), frame)]


def _damaged(name: str) -> Iterator[Finding]:
    """Files whose content is not what was recorded; every vintage is looked at."""
    store = Store()
    copies: list[tuple[str, Callable[[], object]]] = []
    if name in store:
        try:
            vintages = store.vintages(name)
        except DamagedDataError as fault:
            yield Finding(name, "vintages.json", str(fault), _again(name))
            return
        copies = [(each.file, lambda each=each: store.read(name, each)) for each in vintages]  # type: ignore[misc]
    if name in embedded.manifest():
        copies.append((embedded.manifest()[name].file, lambda: embedded.read(name)))
    for file, read in copies:
        try:
            read()
        except (DamagedDataError, SchemaError) as fault:
            yield Finding(name, file, str(fault), _again(name))


def _again(name: str) -> str:
    return f"Bring it again: `{schema.schema(name).command}`."


def _gaps(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """Years without any row among years with many: where rows are rare, a year without may be right."""
    if "year" not in table.names:
        return
    years, rows = np.unique(frame["year"].to_numpy(), return_counts=True)
    every = np.arange(years[0], years[-1] + 1)
    missing = np.setdiff1d(every, [*years, *_WITHOUT_ROWS.get(table.name, ())])
    many = 2 * rows >= np.median(rows)
    next_to = np.searchsorted(years, missing)
    missing = missing[many[next_to - 1] & many[np.minimum(next_to, years.size - 1)]]
    if missing.size:
        yield Finding(
            table.name,
            spans(missing),
            f"no row in {missing.size} of the years from {years[0]} to {years[-1]}",
            "Add the files of these years, or take a release that has them.",
        )


def _reused(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """One number for two things."""
    for number, others in _SAME_FOR.items():
        if number not in frame or table.keys == (number,):
            continue
        for other in (each for each in others if each in frame):
            several = frame.groupby(number)[other].nunique()
            several = several[several > 1]
            if several.size:
                yield Finding(
                    table.name,
                    f"{number} {several.index[0]}",
                    f"{several.size} values of {number} stand for more than one {other}",
                    f"Give each its own {number}: the number was used again.",
                )


def _strangers(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """States in years in which they did not exist, a year before and after allowed: records lag, or lead."""
    if "year" not in table.names:
        return
    early = []
    for column in (each for each in table.keys if each in STATES):
        held = {
            str(code): years for code, years in frame.groupby(column, observed=True)["year"].unique().items()
        }
        for code, years in held.items():
            state = _state(code)
            if state is None:
                continue
            strange = np.array(sorted(year for year in years if not _near(state, int(year))))
            if not strange.size:
                continue
            where = f"{column} {state.iso3}, {spans(strange)}"
            seats = [link.predecessor for link in LINEAGE if link.successor == code]
            # A vote is cast by a state; statistics count territories before they are states.
            if table.name in SESSION_TABLES or _ended(state, strange) or set(seats) & set(held):
                yield Finding(table.name, where, f"{state.name} was no state then", _own_code(state, strange))
            else:
                early.append(where)
    if early:
        yield Finding(
            table.name,
            early[0] + (f", and {len(early) - 1} more" if early[1:] else ""),
            "no state then",
            "The source may count a territory or a predecessor under this code: look before comparing years.",
            is_fault=False,
        )


def _state(code: str) -> State | None:
    try:
        return find_state(code)
    except UnknownStateError:
        return None  # a territory, an area, or an organisation


def _near(state: State, year: int) -> bool:
    return any(state.present(each) for each in (year - 1, year, year + 1))


def _ended(state: State, years: np.ndarray) -> bool:
    return state.last_year is not None and bool((years > state.last_year).any())


def _own_code(state: State, years: np.ndarray) -> str:
    for link in LINEAGE:
        if state.iso3 == link.successor and (years <= link.last_year).any():
            return f"To {link.last_year} write {link.predecessor}: one seat, two codes."
        if state.iso3 == link.predecessor and (years > link.last_year).any():
            return f"From {link.last_year + 1} write {link.successor}: one seat, two codes."
    return "Look which state is meant: the code may be of another system, or of a successor."


def _twins(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """Two codes with the same rows throughout: one state's under two names."""
    import pandas as pd

    states = [key for key in table.keys if key in STATES]
    numeric = [each for each in table.columns if each.type in ("count", "integer", "number")]
    if len(states) != 1 or not any(each.name not in table.keys for each in numeric):
        return
    rest = frame.drop(columns=states).astype(
        {c: str for c in frame if frame[c].dtype == "category" and c not in states}
    )
    hashes = pd.util.hash_pandas_object(rest, index=False)
    # A sum does not depend on the order of rows.
    records = hashes.groupby(frame[states[0]], observed=True).agg(["sum", "size"]).reset_index()
    records = records[records["size"] >= _MANY]
    for _, group in records.groupby(["sum", "size"]):
        if len(group) > 1:
            codes = " and ".join(group[states[0]].astype(str))
            yield Finding(
                table.name,
                codes,
                f"all {group['size'].iloc[0]} rows are the same",
                "One state stands there under two codes: keep one.",
            )


def _cast_twice(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """Sessions most of whose roll calls stand there twice, under other numbers."""
    import pandas as pd

    if not {"rcid", "iso3", "vote", "session"} <= set(frame):
        return
    ballots = pd.util.hash_pandas_object(frame[["iso3", "vote"]].astype({"iso3": str}), index=False)
    calls = pd.DataFrame({"session": frame["session"], "rcid": frame["rcid"], "votes": ballots})
    calls = calls.groupby(["session", "rcid"])["votes"].agg(["sum", "size"]).reset_index()
    calls = calls[calls["size"] >= _MANY]
    calls["twin"] = calls.duplicated(["session", "sum", "size"])
    for session, group in calls.groupby("session"):
        # Some are alike by themselves: at most a fifth of a session's, in session 10.
        if group["twin"].sum() >= max(5, 0.4 * len(group)):
            yield Finding(
                table.name,
                f"session {session}",
                f"{int(group['twin'].sum())} of {len(group)} roll calls repeat another, vote by vote",
                "The session may have been added twice, with other numbers: keep one.",
            )


def _unit_slips(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """Years whose amounts are in another unit than those of most years."""
    for amount in _amounts(table):
        rows = frame[frame[amount].abs() > 0]
        # Per row: a year with few rows has a small sum, and needs no other unit.
        mean = rows.groupby("year")[amount].agg(lambda values: values.abs().mean())
        if len(mean) < 3:
            continue
        steps = np.diff(np.log10(mean.to_numpy(dtype=np.float64)))
        jumps = np.where(np.abs(steps) >= np.log10(_SLIP[0]), steps, 0.0)
        power = np.round(np.r_[0.0, np.cumsum(jumps)]).astype(int)
        usual = np.bincount(power - power.min()).argmax() + power.min()
        for size in np.unique(power[power != usual]):
            years = mean.index.to_numpy()[power == size]
            yield Finding(
                table.name,
                f"{amount}, {spans(years)}",
                f"amounts are about {_times(10.0 ** (size - usual))} those of other years",
                f"Give them in {_unit(table, amount)}.",
            )


def _sudden(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """A flow between two states that is a thousand times larger or smaller in one year than around it."""
    pair = [key for key in table.keys if key in STATES]
    if len(pair) != 2:
        return
    few_goods = "hs6" in frame and frame["hs6"].nunique() < _ALL_GOODS
    for amount in _amounts(table):
        flows = frame.groupby([*pair, "year"], observed=True, sort=True)[amount].sum().reset_index()
        flows = flows[flows[amount] > 0]
        value = flows[amount].to_numpy(dtype=np.float64)
        # Of the two states' trade, the one of which it is the larger part.
        one, other = (
            flows.groupby([side, "year"], observed=True)[amount].transform("sum").to_numpy() for side in pair
        )
        share = value / np.minimum(one, other)
        for at, around in _jumps(flows, pair, value):
            ratio = value[at] / np.sqrt(value[around].prod())
            weight = share[at] if ratio > 1 else share[around].min()
            if weight > _WEIGHTY:
                row = flows.iloc[at]
                yield Finding(
                    table.name,
                    f"{row[pair[0]]} to {row[pair[1]]}, {row['year']}",
                    f"{amount} is {value[at]:.4g}, about {_times(ratio)} that of the years beside it",
                    f"Compare with the source: a unit may be wrong. Expected {_unit(table, amount)}.",
                    # A tanker or a fleet comes once; trade in all goods has no such lumps.
                    is_fault="US dollars" in _unit(table, amount) and not few_goods,
                )


def _jumps(flows: pd.DataFrame, pair: list[str], value: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Rows a thousandfold apart from two steady years: one on either side; in the last year both before."""
    same = np.ones(len(flows), dtype=bool)
    for side in pair:
        codes = flows[side].astype(str).to_numpy()
        same[1:] &= codes[1:] == codes[:-1]
    year = flows["year"].to_numpy()
    follows = np.r_[False, same[1:] & (year[1:] == year[:-1] + 1)]
    middle = np.flatnonzero(follows[1:-1] & follows[2:]) + 1
    last = np.flatnonzero(follows[2:] & follows[1:-1] & (year[2:] == year.max())) + 2
    for at, before, after in ((middle, -1, 1), (last, -2, -1)):
        one, other = value[at + before], value[at + after]
        steady = np.maximum(one, other) < _STEADY * np.minimum(one, other)
        ratio = value[at] / np.sqrt(one * other)
        far = np.maximum(ratio, 1 / ratio)
        for row in at[steady & (far > _SLIP[0]) & (far < _SLIP[1])]:
            yield int(row), [int(row) + before, int(row) + after]


def _mirror_gaps(table: schema.TableSchema, frame: pd.DataFrame) -> Iterator[Finding]:
    """Two reports of one flow that are too far apart; a reporter of whom that holds in general."""
    needed = {"reporter", "exporter", "importer", "year", "trade_usd"}
    if not needed <= set(frame):
        return
    reporter, exporter, importer = (frame[c].astype(str) for c in ("reporter", "exporter", "importer"))
    sells = (reporter == "exporter") | (reporter == exporter)
    sides = frame.assign(side=np.where(sells, "exporter", "importer"), exporter=exporter, importer=importer)
    both = sides.pivot_table("trade_usd", ["exporter", "importer", "year"], "side", "first", observed=True)
    if not {"exporter", "importer"} <= set(both):
        return
    both = both[(both > 0).all(axis=1)]
    gap = both.assign(gap=np.log10(both["importer"] / both["exporter"]))["gap"].reset_index()
    slipped: set[tuple[str, int]] = set()
    for side, sign in (("importer", 1), ("exporter", -1)):
        of_one = (sign * gap["gap"]).groupby([gap[side].rename("state"), gap["year"]]).agg(["median", "size"])
        for row in of_one[of_one["size"] >= _PARTNERS].reset_index().to_dict("records"):
            if abs(row["median"]) >= np.log10(_SLIP[0]):
                slipped.add((row["state"], row["year"]))
                yield Finding(
                    table.name,
                    f"reports of {row['state']} as {side}, {row['year']}",
                    f"are about {_times(10.0 ** row['median'])} those of its {row['size']} partners",
                    f"The reports are in another unit: give them in {_unit(table, 'trade_usd')}.",
                )
    large = both.max(axis=1).to_numpy() >= _LARGE_USD
    wide = gap[large & (gap["gap"].abs() >= np.log10(_MIRROR)).to_numpy()]
    told = [
        row
        for row in wide.itertuples()
        if (row.importer, row.year) not in slipped and (row.exporter, row.year) not in slipped
    ]
    if told:
        first = max(told, key=lambda row: abs(row.gap))
        yield Finding(
            table.name,
            f"{len(told)} flows; {first.exporter} to {first.importer}, {first.year}",
            f"the importer's report is {_times(10.0**first.gap)} the exporter's; {_MIRROR:g} times is told",
            "`tropism trade mirror` shows both reports and where the rest may have gone.",
            is_fault=False,
        )


#: In the order in which they are told.
_CHECKS: tuple[Callable[[schema.TableSchema, pd.DataFrame], Iterator[Finding]], ...] = (
    _gaps,
    _reused,
    _strangers,
    _twins,
    _cast_twice,
    _unit_slips,
    _sudden,
    _mirror_gaps,
)


def spans(years: np.ndarray) -> str:
    """``[2001, 2002, 2003, 2010]`` as ``"2001-2003, 2010"``."""
    runs = np.split(years, np.flatnonzero(np.diff(years) > 1) + 1)
    return ", ".join(f"{run[0]}" if run.size == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _amounts(table: schema.TableSchema) -> list[str]:
    """Columns of a panel that are summed over rows."""
    if "year" not in table.names:
        return []
    return [
        column.name
        for column in table.columns
        if column.type == "number" and any(unit in column.unit for unit in _AMOUNTS)
    ]


def _unit(table: schema.TableSchema, amount: str) -> str:
    return next(column.unit for column in table.columns if column.name == amount)


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 1 else f"1/{1 / ratio:,.0f} of"
