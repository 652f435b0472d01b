"""Diversion: how much more a state would buy from a sanctioned seller with no change in its own policy.

Sanctions make the seller's goods cheaper for everybody who does not join. What that alone does to a state's
purchases is set beside what was observed, and beside matched states that did not join either. What is left
over is *not explained by diversion*. It is not a tilt: goods that are the same from every country (oil) are
diverted more than varieties are, and not to join is policy too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa

from tropism.errors import ConvergenceError, DataNotPresentError, IdentificationError, SchemaError, TriadError
from tropism.series import Provenance, as_json
from tropism.states import find_state
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade.coalition import coalition, joiners
from tropism.trade.effects import SANCTION, Effect, Sigma, find_effect, sigma_draws, sigma_range
from tropism.trade.flows import check_flows

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

Unit = Literal["log_ratio", "share_points"]

#: Purchases below this, in the unit of the flows (million US dollars), make a change mean little.
SMALL_BASE = 100.0

#: Relative gap between a seller's sales and its supply at which prices count as found.
TOLERANCE = 1e-9

#: Years before the sanctions whose changes tell how much shares move when nothing happens.
USUAL_YEARS = 12

COMPONENTS = ("observed", "diversion", "not explained by diversion")

PAPERS = (
    "Armington (1969), A Theory of Demand for Products Distinguished by Place of Production, IMF Staff "
    "Papers 16(1)",
    "Dekle, Eaton and Kortum (2008), Global Rebalancing with Gravity, IMF Staff Papers 55(3)",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Diversion:
    """A rise of purchases, taken apart; everything is in one unit.

    Attributes
    ----------
    buyer, seller : str
    before, after : int
        The two years compared.
    unit : str
        ``log_ratio``: log of the seller's share in the buyer's purchases after, over before.
        ``share_points``: the difference of the two shares.
    shares : tuple of float
        The seller's share in the buyer's purchases, before and after.
    million_usd : tuple of float
        The purchases themselves.
    observed : float
    mechanical : ndarray, shape (draws,)
        The rise that diversion alone would bring.
    remainder : ndarray, shape (draws,)
        Observed less mechanical, less a draw of how much such shares move in years without sanctions.
    matched : DataFrame
        One row per state that did not join and looked alike before: state, share_before, share_after,
        observed, diversion (median of the draws), not_explained.
    matched_median : DataFrame
        The three components of the median matched state, with intervals over states and draws.
    settings : dict
    seed : int
    provenance : tuple of Provenance
    notes : tuple of str
    """

    buyer: str
    seller: str
    before: int
    after: int
    unit: Unit
    shares: tuple[float, float]
    million_usd: tuple[float, float]
    observed: float
    mechanical: np.ndarray
    remainder: np.ndarray
    matched: pd.DataFrame
    matched_median: pd.DataFrame
    settings: dict[str, Any]
    seed: int
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row per component, of the buyer and of the median matched state.

        Columns are state, component, estimate, lower, upper, level. What was observed has no interval.
        """
        import pandas as pd

        level = self.settings["level"]
        rows: list[dict[str, Any]] = [{"component": COMPONENTS[0], "estimate": self.observed}]
        for component, draws in zip(COMPONENTS[1:], (self.mechanical, self.remainder), strict=True):
            rows.append({"component": component} | _interval(draws, level))
        # The draws of what is left carry noise; its estimate is what was observed less diversion.
        rows[2]["estimate"] = self.observed - rows[1]["estimate"]
        own = pd.DataFrame(rows).assign(state=self.buyer, level=level)
        table = pd.concat([own, self.matched_median.assign(state="median matched", level=level)])
        return table[["state", "component", "estimate", "lower", "upper", "level"]].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """`tidy`, and each matched state below: state, observed, diversion, not_explained."""
        import pandas as pd

        wide = self.tidy().pivot(index="state", columns="component", values="estimate")
        wide = wide.loc[[self.buyer, "median matched"], list(COMPONENTS)].reset_index()
        wide.columns = ["state", "observed", "diversion", "not_explained"]
        return pd.concat([wide, self.matched[wide.columns]], ignore_index=True)

    def plot(self) -> alt.LayerChart | alt.FacetChart:
        """The three components of the buyer and of the median matched state, with intervals."""
        import altair as alt

        records = json.loads(self.tidy().to_json(orient="records"))
        base = alt.Chart(alt.InlineData(values=records)).encode(
            y=alt.Y("component:N", sort=list(COMPONENTS), title=None, axis=alt.Axis(labelLimit=200)),
            yOffset=alt.YOffset("state:N", sort=[self.buyer, "median matched"]),
        )
        x = alt.X("estimate:Q", title=self.settings["measured_in"])
        color = alt.Color(
            "state:N",
            title=None,
            sort=[self.buyer, "median matched"],
            scale=alt.Scale(range=["#0b559f", "#8a94a3"]),
        )
        bars = base.mark_bar().encode(x=x, color=color)
        rules = base.mark_rule(color="#111111").encode(x="lower:Q", x2="upper:Q")
        title = alt.TitleParams(
            f"{self.buyer}: share bought from {self.seller}, {self.before} to {self.after}", anchor="start"
        )
        return alt.layer(bars, rules, title=title, width=420)

    def to_json(self) -> str:
        """Components with intervals, matched states, settings, seed and sources: not the draws."""
        return as_json(
            {
                "buyer": self.buyer,
                "seller": self.seller,
                "years": [self.before, self.after],
                "unit": self.unit,
                "shares": list(self.shares),
                "million_usd": list(self.million_usd),
                "components": json.loads(self.tidy().to_json(orient="records", double_precision=12)),
                "matched": json.loads(self.matched.to_json(orient="records", double_precision=12)),
                "settings": self.settings,
                "seed": self.seed,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        data = [f"{source.citation} {source.url} ({source.version})".strip() for source in self.provenance]
        return "\n".join(dict.fromkeys((*data, *PAPERS)))


def diversion(
    buyer: str,
    seller: str,
    *,
    before: int = 2021,
    after: int = 2023,
    joined: Sequence[str] | None = None,
    regime: str = "RUS-2022",
    effect: str | tuple[float, float] = "observed",
    sigma: Sigma | None = None,
    unit: Unit = "log_ratio",
    matched: int = 10,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    flows: pd.DataFrame | pa.Table | None = None,
    value: str = "flow_million_usd",
) -> Diversion:
    """How much of a rise of purchases from a sanctioned seller would come with no change in policy?

    Parameters
    ----------
    buyer, seller : str
        A state that did not join, and the state under sanctions.
    before, after : int
        The years compared; the sanctions come between.
    joined : sequence of str, optional
        States and organisations that joined; unless given, those of ``regime`` in the table ``sanctions``.
    regime : str
    effect : str or (float, float)
        The sanctions' effect on sales to those who joined. ``"observed"``: as large as it takes for the
        seller's share in all their purchases to fall as it did, with draws over who is counted among them
        (bootstrap). Otherwise as in `what_if_sanctions`.
    sigma : float or (float, float), optional
        As in `what_if_agreement`.
    unit : {"log_ratio", "share_points"}
        Of everything in the result.
    matched : int
        How many states to compare with: those that did not join and were nearest in the seller's share and
        in all purchases (logs, means of the three years up to ``before``).
    draws, seed, level
    flows : DataFrame or pyarrow.Table, optional
        exporter, importer, year and ``value``: trade between states, labels as in ``buyer``. Energy and
        minerals (the table ``mineral_trade``) unless given; an Arrow table is that table, already read.
    value : str

    Returns
    -------
    Diversion

    Raises
    ------
    TriadError
        If the buyer joined or is the seller.
    DataNotPresentError
        If a year, or the buyer's purchases from the seller in one of the two, is not in the table.
    IdentificationError
        If fewer than three states can be matched, or nobody who joined bought from the seller.
    ConvergenceError
        If prices do not settle.
    SchemaError
        If flows, effect, sigma, unit, draws or level make no sense.

    Notes
    -----
    Every seller supplies what it supplied before, every buyer spends in all what it spent, and prices clear
    the market: ``p_i Y_i = sum_j E_j s_ij c_ij p_i^(1-sigma) / sum_k s_kj c_kj p_k^(1-sigma)``, with s the
    shares of purchases before, and the cost factor c of the seller's sales to those who joined exp(beta).
    There are no domestic sales in it: the seller cannot sell more at home. The change of the seller's share
    at a state that did not join follows from prices alone.

    The interval of what is not explained also allows for how much such shares move anyway: changes over
    spans of the same length that ended by ``before``, of the buyer and the matched states, around their
    median.

    References
    ----------
    Armington (1969), IMF Staff Papers 16(1); Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3).

    Examples
    --------
    >>> found = diversion("India", "Russia", draws=200)
    >>> bool(np.median(found.mechanical) < found.observed)
    True
    """
    _refuse_settings(unit, draws, level, before, after)
    sigma_range(sigma)
    chosen = None if effect == "observed" else find_effect(effect, SANCTION)
    panel = _Panel(flows, value)
    b, t = panel.find(buyer), panel.find(seller)
    names = joiners(regime, date(after, 12, 31)) if joined is None else panel.coalition(joined, after)
    inside = [panel.place[name] for name in names if name in panel.place]
    if b == t or b in inside:
        raise TriadError(
            f"diversion: {panel.names[b]} is the seller itself or joined the sanctions. Name a state that "
            "did not."
        )
    trade, later = panel.year(before), panel.year(after)
    for year, matrix in ((before, trade), (after, later)):
        if not matrix[t, b] > 0:
            raise DataNotPresentError(
                f"diversion: no purchases of {panel.names[b]} from {panel.names[t]} on record in {year}. "
                "Choose other years; no record is not zero."
            )
    joined_at = np.array([j for j in inside if j != t and trade[t, j] > 0], dtype=np.int64)
    if not joined_at.size:
        raise IdentificationError(
            f"diversion: nobody who joined bought from {panel.names[t]} in {before}; there is nothing to "
            "divert."
        )
    alike = _match(panel, b, t, {*inside, t}, before, after, matched)
    random = np.random.default_rng(seed)
    sigmas = sigma_draws(sigma, draws, random)
    shock = (
        {"target": _fall(trade[t], later[t], trade, later, joined_at, draws, random)}
        if chosen is None
        else {"log_factor": chosen.draws(draws, random)}
    )
    moved, beta, residual = _redirect(trade, t, joined_at, sigmas, **shock)
    near = [b, *alike]
    share = np.array([[matrix[t, j] / matrix[:, j].sum() for j in near] for matrix in (trade, later)])
    usual = _usual(panel, near, t, before, after - before)
    noise = _noise(usual, after - before, draws, random)
    if unit == "log_ratio":
        observed, mechanical = np.log(share[1] / share[0]), moved[:, near]
    else:
        observed, mechanical = share[1] - share[0], share[0] * np.expm1(moved[:, near])
        # A log ratio r of two shares is a difference of 2 tanh(r / 2) times their mean. Taken of the share
        # found and the one that diversion brings, both units agree on whether zero is covered.
        noise = np.tanh(noise / 2) * (share[1, 0] + share[0, 0] + mechanical[:, 0])
    left = observed - mechanical
    return Diversion(
        buyer=panel.names[b],
        seller=panel.names[t],
        before=before,
        after=after,
        unit=unit,
        shares=(float(share[0, 0]), float(share[1, 0])),
        million_usd=(float(trade[t, b]), float(later[t, b])),
        observed=float(observed[0]),
        mechanical=mechanical[:, 0],
        remainder=left[:, 0] - noise,
        matched=_matched_table(panel, alike, share[:, 1:], observed[1:], mechanical[:, 1:]),
        matched_median=_matched_median(observed[1:], mechanical[:, 1:], level, random),
        settings={
            "before": before,
            "after": after,
            "joined": [panel.names[j] for j in joined_at],
            "effect": "observed" if chosen is None else chosen.name,
            "effect_log_points": float(np.median(beta)),
            "sigma": list(sigma_range(sigma)),
            "unit": unit,
            "measured_in": _MEASURED_IN[unit].format(seller=panel.names[t]),
            "matched": len(alike),
            "usual_changes": int(usual.size),
            "draws": draws,
            "level": level,
            "market_clearing_residual": residual,
        },
        seed=seed,
        provenance=panel.provenance,
        notes=_notes(panel, b, t, trade, len(joined_at), chosen, float(np.median(beta))),
    )


# ------------------------------------------------------------------------------------------ inside

_MEASURED_IN = {
    "log_ratio": "log ratio of {seller}'s share, after over before",
    "share_points": "change of {seller}'s share, 0.01 being a percentage point",
}


class _Panel:
    """Flows by year as square matrices without domestic sales; no row counts as nothing."""

    def __init__(self, flows: pd.DataFrame | pa.Table | None, value: str) -> None:
        import pandas as pd

        if flows is None:
            flows = read_table("mineral_trade")
        self.provenance: tuple[Provenance, ...] = ()
        self.own = not isinstance(flows, pa.Table)
        if isinstance(flows, pa.Table):
            info = table_info("mineral_trade").provenance
            self.provenance = () if info is None else (info,)
            sides = [_numbered(flows[side]) for side in ("exporter", "importer")]
            year = flows["year"].to_numpy()
            worth = flows["trade_thousand_usd"].to_numpy().astype(np.float64) / 1000
        else:
            frame = check_flows(flows, value)
            frame = frame[frame["exporter"] != frame["importer"]]
            codes = [pd.factorize(frame[side]) for side in ("exporter", "importer")]
            sides = [(code, names.tolist()) for code, names in codes]
            year, worth = frame["year"].to_numpy(), frame[value].to_numpy()
        self.names = tuple(sorted({name for _, names in sides for name in names}))
        self.place = {name: i for i, name in enumerate(self.names)}
        at = [np.array([self.place[name] for name in names], dtype=np.int64)[code] for code, names in sides]
        self.years = sorted(pd.unique(year).tolist())
        n = len(self.names)
        cell = (np.searchsorted(self.years, year) * n + at[0]) * n + at[1]
        years = len(self.years)
        self._trade = np.bincount(cell, worth, minlength=years * n * n).reshape(years, n, n)
        self._trade[:, range(n), range(n)] = 0.0

    def find(self, name: str) -> int:
        label = name if name in self.place else find_state(name).iso3
        if label not in self.place:
            raise DataNotPresentError(
                f"diversion: {label} does not trade in this table. Choose another state."
            )
        return self.place[label]

    def coalition(self, names: Sequence[str], year: int) -> tuple[str, ...]:
        day = date(year, 12, 31)
        return tuple(
            state for name in names for state in ((name,) if name in self.place else coalition([name], day))
        )

    def year(self, year: int) -> np.ndarray:
        if year not in self.years:
            raise DataNotPresentError(
                f"diversion: the table has no flows of {year}; it runs from {self.years[0]} to "
                f"{self.years[-1]}."
            )
        return self._trade[self.years.index(year)]


def _numbered(labels: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Which label stands in each row, and the labels once each."""
    encoded = labels if pa.types.is_dictionary(labels.type) else labels.dictionary_encode()
    array = encoded.unify_dictionaries().combine_chunks()
    return array.indices.to_numpy(), array.dictionary.to_pylist()


def _redirect(
    trade: np.ndarray,
    seller: int,
    joined: np.ndarray,
    sigma: np.ndarray,
    *,
    log_factor: np.ndarray | None = None,
    target: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Prices that clear a market of given supplies and given spending after sales to some became costlier.

    Parameters
    ----------
    trade : ndarray, shape (n, n)
    seller : int
    joined : ndarray of int
        Buyers for whom the seller's cost factor changes.
    sigma : ndarray, shape (draws,)
    log_factor : ndarray, shape (draws,), optional
        Log change of that cost factor.
    target : ndarray, shape (draws,), optional
        Instead of it: the ratio, new to old, of the seller's sales to all of them; the factor is then found.

    Returns
    -------
    moved : ndarray, shape (draws, n)
        Log change of the seller's share in each buyer's purchases; only for those who did not join.
    log_factor : ndarray, shape (draws,)
    residual : float
        Largest gap between sales and supply, relative to supply.
    """
    spending, supply = trade.sum(axis=0), trade.sum(axis=1)
    buying, selling = spending > 0, supply > 0
    shares = np.divide(trade, spending, out=np.zeros_like(trade), where=buying)
    # One row per draw: log prices, and the shock where it is to be found.
    found = np.zeros((sigma.size, supply.size + 1))
    log_price, beta = found[:, :-1], found[:, -1]
    if log_factor is not None:
        beta += log_factor
    sold = trade[seller, joined].sum()
    power = (1 - sigma)[:, None]
    steps = _Steps()
    for _ in range(500):
        terms = np.exp(power * log_price)
        buyers = terms @ shares
        less = np.expm1(beta)[:, None] * terms[:, [seller]] * shares[seller, joined]
        buyers[:, joined] += less
        spread = np.divide(spending, buyers, out=np.zeros_like(buyers), where=buying)
        sales = terms * (spread @ shares.T)
        sales[:, seller] += (less * spread[:, joined]).sum(axis=1)
        gap = np.log(np.divide(sales, np.exp(log_price) * supply, out=np.ones_like(sales), where=selling))
        miss = np.zeros(sigma.size)
        if target is not None:
            here = terms[:, [seller]] * shares[seller, joined] * np.exp(beta)[:, None] * spread[:, joined]
            miss = np.log(target * sold / here.sum(axis=1))
        residual = float(np.abs(np.expm1(gap)).max())
        if max(residual, float(np.abs(miss).max())) < TOLERANCE:
            break
        # A price moves by its excess demand over sigma, the slope of demand with all else held.
        found += steps.next(found, np.column_stack([gap / sigma[:, None], miss]))
    else:
        raise ConvergenceError(
            f"diversion: prices did not settle (sales and supply differ by {residual:.1e}). Take an effect "
            "or elasticities nearer to what is published."
        )
    moved = power * log_price[:, [seller]] - np.log(np.where(buying, buyers, 1.0))
    return moved, beta, residual


class _Steps:
    """Anderson's acceleration of a fixed point, each row by itself: 18 steps where plain ones take 84.

    References
    ----------
    Walker and Ni (2011), Anderson Acceleration for Fixed-Point Iterations, SIAM J. Numer. Anal. 49(4).
    """

    MEMORY = 5

    def __init__(self) -> None:
        self._moves: list[np.ndarray] = []
        self._turns: list[np.ndarray] = []
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def next(self, at: np.ndarray, step: np.ndarray) -> np.ndarray:
        """What to add to ``at`` in place of the plain ``step``: both of shape (rows, unknowns)."""
        if self._last is not None:
            self._moves = [*self._moves, at - self._last[0]][-self.MEMORY :]
            self._turns = [*self._turns, step - self._last[1]][-self.MEMORY :]
        self._last = at.copy(), step
        if not self._turns:
            return step
        turns = np.stack(self._turns, axis=2)
        normal = turns.transpose(0, 2, 1) @ turns
        # Steps that are nearly alike would make the weights anything.
        normal += 1e-10 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(len(self._turns))
        weight = np.linalg.solve(normal, turns.transpose(0, 2, 1) @ step[:, :, None])
        return step - ((np.stack(self._moves, axis=2) + turns) @ weight)[:, :, 0]


def _fall(
    sales: np.ndarray,
    later_sales: np.ndarray,
    trade: np.ndarray,
    later: np.ndarray,
    joined: np.ndarray,
    draws: int,
    random: np.random.Generator,
) -> np.ndarray:
    """Ratio, after over before, of the seller's share in what joiners buy: one per bootstrap draw."""
    picked = random.choice(joined, (draws, joined.size))
    spent, spent_later = trade.sum(axis=0), later.sum(axis=0)
    before = sales[picked].sum(axis=1) / spent[picked].sum(axis=1)
    after = later_sales[picked].sum(axis=1) / spent_later[picked].sum(axis=1)
    return np.asarray(after / before)


def _match(
    panel: _Panel, buyer: int, seller: int, excluded: set[int], before: int, after: int, wanted: int
) -> list[int]:
    """States that did not join, nearest in the seller's share and in all purchases before."""
    recent = [panel.year(year) for year in range(before - 2, before + 1) if year in panel.years]
    bought = np.mean([matrix[seller] for matrix in recent], axis=0)
    spent = np.mean([matrix.sum(axis=0) for matrix in recent], axis=0)
    both = (panel.year(before)[seller] > 0) & (panel.year(after)[seller] > 0) & (bought > 0)
    able = [j for j in np.flatnonzero(both).tolist() if j not in excluded and j != buyer]
    if len(able) < 3:
        raise IdentificationError(
            f"diversion: only {len(able)} states that did not join bought from {panel.names[seller]} in both "
            "years; three are needed to compare with."
        )
    features = np.log(np.stack([bought / np.maximum(spent, 1e-300), spent], axis=1)[[buyer, *able]])
    scale = np.median(np.abs(features - np.median(features, axis=0)), axis=0)
    distance = np.linalg.norm((features[1:] - features[0]) / np.where(scale > 0, scale, 1.0), axis=1)
    return [int(able[k]) for k in np.argsort(distance, kind="stable")[:wanted]]


def _usual(panel: _Panel, near: Sequence[int], seller: int, before: int, span: int) -> np.ndarray:
    """Log changes of the seller's share at these buyers over spans of that length until ``before``."""
    years = [year for year in range(before - USUAL_YEARS, before + 1) if year in panel.years]
    share = {}
    for year in years:
        matrix = panel.year(year)[:, near]
        total = matrix.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share[year] = np.where(matrix[seller] > 0, matrix[seller] / total, np.nan)
    changes = [np.log(share[year + span] / share[year]) for year in years if year + span in share]
    found = np.concatenate([np.empty(0), *changes])
    found = found[np.isfinite(found)]
    if not found.size:
        raise DataNotPresentError(
            f"diversion: no change over {span} years before {before} is on record, so that nothing tells how "
            "much such shares move anyway. Give flows of earlier years too."
        )
    return found


def _noise(usual: np.ndarray, span: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws of how much a share moves when nothing happens: shape (draws,)."""
    spread = usual - np.median(usual)
    noise = random.choice(spread, draws)
    # As in conformal prediction: one more change lies beyond all n seen with probability 1 / (n + 1). Spans
    # overlap, so that only one in `span` of them counts.
    beyond = random.random(draws) < 1 / (usual.size / span + 1)
    return np.where(beyond, np.abs(spread).max() * random.choice([-1.0, 1.0], draws), noise)


def _matched_table(
    panel: _Panel, alike: list[int], share: np.ndarray, observed: np.ndarray, mechanical: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    middle = np.median(mechanical, axis=0)
    return pd.DataFrame(
        {
            "state": [panel.names[j] for j in alike],
            "share_before": share[0],
            "share_after": share[1],
            "observed": observed,
            "diversion": middle,
            "not_explained": observed - middle,
        }
    )


def _matched_median(
    observed: np.ndarray, mechanical: np.ndarray, level: float, random: np.random.Generator
) -> pd.DataFrame:
    """Components of the median matched state; draws over shock, sigma and which states are matched."""
    import pandas as pd

    draws = mechanical.shape[0]
    picked = random.integers(observed.size, size=(draws, observed.size))
    moved = np.take_along_axis(mechanical, picked, axis=1)
    parts = (observed[picked], moved, observed[picked] - moved)
    return pd.DataFrame(
        [
            {"component": component} | _interval(np.median(part, axis=1), level)
            for component, part in zip(COMPONENTS, parts, strict=True)
        ]
    )


def _interval(draws: np.ndarray, level: float) -> dict[str, Any]:
    low, mid, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2]).tolist()
    return {"estimate": mid, "lower": low, "upper": high}


def _notes(
    panel: _Panel,
    buyer: int,
    seller: int,
    trade: np.ndarray,
    joined: int,
    effect: Effect | None,
    beta: float,
) -> tuple[str, ...]:
    shock = (
        f"The shock: costs that make the share of {panel.names[seller]} in the purchases of {joined} states "
        f"that joined fall as it did, whatever the reason (cost factor × {np.exp(beta):.2f})."
        if effect is None
        else f"Effect {effect.name}: {effect.in_words()}; {effect.applies_to}. {effect.source}."
    )
    notes = [
        shock,
        "What is not explained by diversion is no tilt: varieties by country understate the diversion of "
        "what is the same from every country, oil above all; and not to join is itself policy.",
    ]
    if trade[seller, buyer] < SMALL_BASE and not panel.own:
        notes.append(
            f"Purchases before were {trade[seller, buyer]:,.1f} million US dollars: over so small a base a "
            "ratio says little; share points are the better unit."
        )
    if not panel.own:
        notes.append(
            "Energy and minerals; no row means no record and counts as nothing in totals, and states without "
            "one in either year are not matched. Russia has published nothing since 2022: what it sold is "
            "what buyers report."
        )
    return tuple(notes)


def _refuse_settings(unit: str, draws: int, level: float, before: int, after: int) -> None:
    if unit not in get_args(Unit):
        raise SchemaError(f"unit: {unit!r}; expected {' or '.join(get_args(Unit))}.")
    if draws < 2:
        raise SchemaError(f"draws: {draws}; an interval needs at least two, better a thousand.")
    if not 0 < level < 1:
        raise SchemaError(f"level: {level}; an interval covers a share between 0 and 1, for instance 0.9.")
    if before >= after:
        raise SchemaError(f"diversion: {before} is not before {after}. Give the earlier year as `before`.")
