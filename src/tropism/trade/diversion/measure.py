"""How much of a rise of purchases is diversion, beside matched states that did not join either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, get_args

import numpy as np
import pyarrow as pa

from tropism.errors import DataNotPresentError, IdentificationError, SchemaError, TriadError
from tropism.trade.coalition import joiners
from tropism.trade.diversion.market import redirect
from tropism.trade.diversion.panel import Panel, find_alike
from tropism.trade.diversion.result import COMPONENTS, Diversion, Unit, bounds
from tropism.trade.diversion.usual import noise_draws, usual_changes
from tropism.trade.effects import SANCTION, Effect, Sigma, find_effect, sigma_draws, sigma_range
from tropism.trade.flows import data_sha256

if TYPE_CHECKING:
    import pandas as pd

#: Purchases below this, in the unit of the flows (million US dollars), make a change mean little.
SMALL_BASE = 100.0

_MEASURED_IN = {
    "log_ratio": "log ratio of {seller}'s share, after over before",
    "share_points": "change of {seller}'s share, 0.01 being a percentage point",
}


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
    panel = Panel(flows, value)
    b, t = panel.find(buyer), panel.find(seller)
    names = joiners(regime, date(after, 12, 31)) if joined is None else panel.coalition(joined, after)
    inside = [panel.place[name] for name in names if name in panel.place]
    trade, later = panel.year(before), panel.year(after)
    _refuse_pair(panel, b, t, inside, {before: trade, after: later})
    joined_at = np.array([j for j in inside if j != t and trade[t, j] > 0], dtype=np.int64)
    if not joined_at.size:
        raise IdentificationError(
            f"diversion: nobody who joined bought from {panel.names[t]} in {before}; there is nothing to "
            "divert."
        )
    outside = find_alike(panel, b, t, {*inside, t}, before, after)
    random = np.random.default_rng(seed)
    sigmas = sigma_draws(sigma, draws, random)
    shock = (
        {"target": _fall(trade[t], later[t], trade, later, joined_at, draws, random)}
        if chosen is None
        else {"log_factor": chosen.draws(draws, random)}
    )
    moved, beta, residual = redirect(trade, t, joined_at, sigmas, **shock)
    stayed_out, alike = [b, *outside], slice(1, 1 + matched)
    share = np.array([[matrix[t, j] / matrix[:, j].sum() for j in stayed_out] for matrix in (trade, later)])
    usual = usual_changes(panel, stayed_out[: alike.stop], t, before, after - before)
    noise = noise_draws(usual, after - before, draws, random)
    observed, mechanical, noise = _in_unit(unit, share, moved[:, stayed_out], noise)
    table = _of_states([panel.names[j] for j in stayed_out], share, observed, mechanical)
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
        remainder=observed[0] - mechanical[:, 0] - noise,
        matched=table[alike].reset_index(drop=True),
        others=table[alike.stop :].reset_index(drop=True),
        matched_median=_matched_median(observed[alike], mechanical[:, alike], level, random),
        settings={
            "before": before,
            "after": after,
            "joined": [panel.names[j] for j in joined_at],
            "effect": "observed" if chosen is None else chosen.name,
            "effect_log_points": float(np.median(beta)),
            "sigma": list(sigma_range(sigma)),
            "unit": unit,
            "measured_in": _MEASURED_IN[unit].format(seller=panel.names[t]),
            "matched": len(stayed_out[alike]),
            "usual_changes": int(usual.size),
            "draws": draws,
            "level": level,
            "market_clearing_residual": residual,
            "data_sha256": data_sha256(panel.names, np.array(panel.years), *map(panel.year, panel.years)),
        },
        seed=seed,
        provenance=panel.provenance,
        notes=_notes(panel, b, t, trade, unit, len(joined_at), chosen, float(np.median(beta))),
    )


# ------------------------------------------------------------------------------------------ inside


def _refuse_pair(
    panel: Panel, buyer: int, seller: int, joined: Sequence[int], years: Mapping[int, np.ndarray]
) -> None:
    """Raise unless the buyer is another state, did not join, and bought from the seller in both years."""
    if buyer == seller or buyer in joined:
        raise TriadError(
            f"diversion: {panel.names[buyer]} is the seller itself or joined the sanctions. Name a state "
            "that did not."
        )
    for year, matrix in years.items():
        if not matrix[seller, buyer] > 0:
            raise DataNotPresentError(
                f"diversion: no purchases of {panel.names[buyer]} from {panel.names[seller]} on record in "
                f"{year}. Choose other years; no record is not zero."
            )


def _in_unit(
    unit: Unit, share: np.ndarray, moved: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed, (states,), diversion, (draws, states), and noise of the first state, (draws,), in a unit."""
    if unit == "log_ratio":
        return np.log(share[1] / share[0]), moved, noise
    mechanical = share[0] * np.expm1(moved)
    # A log ratio r of two shares is a difference of 2 tanh(r / 2) times their mean. Taken of the share found
    # and the one that diversion brings, both units agree on whether zero is covered.
    noise = np.tanh(noise / 2) * (share[1, 0] + share[0, 0] + mechanical[:, 0])
    return share[1] - share[0], mechanical, noise


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


def _of_states(
    states: list[str], share: np.ndarray, observed: np.ndarray, mechanical: np.ndarray
) -> pd.DataFrame:
    """One row per state: its shares, what was observed, what diversion alone brings, and the difference."""
    import pandas as pd

    middle = np.median(mechanical, axis=0)
    return pd.DataFrame(
        {
            "state": states,
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
            {"component": component} | bounds(np.median(part, axis=1), level)
            for component, part in zip(COMPONENTS, parts, strict=True)
        ]
    )


def _notes(
    panel: Panel,
    buyer: int,
    seller: int,
    trade: np.ndarray,
    unit: Unit,
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
        better = "; share points are the better unit" if unit == "log_ratio" else ""
        notes.append(
            f"Purchases before were {trade[seller, buyer]:,.1f} million US dollars: over so small a base a "
            f"ratio says little{better}."
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
