"""One sector: every country sells its own variety, and its endowment of it is given.

Exact hat algebra needs no trade costs and no tastes, only the baseline flows, the change of the cost
factors t^(1-sigma), and sigma. With p the change of factory-gate prices, P that of inward multilateral
resistance (the price of what is bought), pi_ij the share of i in j's expenditure and c_ij the shock:

    P_j^(1-sigma) = sum_i pi_ij c_ij p_i^(1-sigma)
    p_i Y_i       = sum_j pi_ij c_ij (p_i / P_j)^(1-sigma) E'_j
    E'_j          = L p_j E_j,  with L such that the world spends its output
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from tropism.errors import ConvergenceError, IdentificationError, SchemaError
from tropism.progress import spinner
from tropism.series import Provenance
from tropism.trade.equilibrium import engine
from tropism.trade.equilibrium.result import ARMINGTON_PAPERS, Counterfactual
from tropism.trade.equilibrium.shocks import CostShock, read_shock, without_trade
from tropism.trade.flows import data_sha256

if TYPE_CHECKING:
    import pandas as pd

    from tropism.trade.flows import TradeMatrix

Deficits = Literal["fixed_ratio", "balanced"]
BaselineKind = Literal["observed", "fitted"]
RealIncome = Literal["p/P", "phi*p/P"]

#: Gap between sales and output, relative to output, at which markets count as cleared: a hundredth of what
#: is promised, since a gap in one market moves prices of nearly closed economies by many times as much.
TOLERANCE = 1e-11

#: What no result may exceed.
PROMISED = 1e-9


def solve_counterfactual(
    baseline: TradeMatrix,
    shock: np.ndarray | pd.DataFrame,
    *,
    sigma: float | np.ndarray,
    deficits: Deficits = "fixed_ratio",
    baseline_kind: BaselineKind = "observed",
    real_income: RealIncome = "p/P",
    conditional: bool = False,
    numeraire: str | None = None,
    max_iterations: int = 5000,
    seed: int | None = None,
    provenance: Sequence[Provenance] = (),
    progress: bool = False,
) -> Counterfactual:
    """Solve for trade, prices and real income after trade costs changed.

    Parameters
    ----------
    baseline : TradeMatrix
        Flows of one year, domestic sales on the diagonal. Every country sells to and buys from others.
    shock : ndarray or DataFrame
        New over old cost factor t^(1-sigma): an estimated effect enters as exp(beta), a change of costs by
        the fraction x as (1 + x)^(1 - sigma). An array of shape (countries, countries) or (draws, countries,
        countries), 1 where nothing changes; or a table exporter, importer, ``cost_factor`` and, for many
        draws, ``draw``, with the flows that change.
    sigma : float or ndarray, shape (draws,)
        Elasticity of substitution between countries' varieties, above 1.
    deficits : {"fixed_ratio", "balanced"}
        ``fixed_ratio`` keeps every country's expenditure over output, times one factor by which the world
        spends its output. ``balanced`` solves first for the baseline in which each spends its output, and
        shocks that one; changes are then relative to it.
    baseline_kind : {"observed", "fitted"}
        Whether the flows are data or a gravity model's predictions. It changes no equation and much of the
        answer, so the result carries it.
    real_income : {"p/P", "phi*p/P"}
        What output buys, or what expenditure buys: the second has the world's rescaling in it. The two are
        one if deficits are balanced.
    conditional : bool
        Hold output and expenditure of every country: only multilateral resistances, and by them trade,
        respond. Prices and real income do not change and are not reported.
    numeraire : str, optional
        The country whose inward multilateral resistance does not change, as units of all values. Without
        one, the value of world output does not change; conditionally, outward resistances weighted by
        output and inward ones weighted by expenditure change equally on average, in logs.
    max_iterations : int
    seed : int, optional
        Of the generator that drew the shock or sigma; carried into the result.
    provenance : sequence of Provenance
        Sources of the shock, beside those of the baseline.
    progress : bool
        Tell on stderr, if that is a terminal, how far the draws are.

    Returns
    -------
    Counterfactual

    Raises
    ------
    SchemaError
        If the shock does not fit the baseline, or a factor is missing or negative.
    IdentificationError
        If sigma is not above 1; a country sells or buys nothing abroad, before or after the shock; or no
        shocked pair trades.
    ConvergenceError
        If markets do not clear within ``max_iterations``.
    MissingExtraError
        If numba is not installed.

    Notes
    -----
    Each iteration moves every price as Newton's method would if the others stood still, with Anderson
    acceleration over iterations: ten to forty for real worlds. Draws start at the first draw's solution.

    References
    ----------
    Anderson and van Wincoop (2003), "Gravity with Gravitas", AER 93(1), equations 9 to 13.
    Dekle, Eaton and Kortum (2008), "Global Rebalancing with Gravity", IMF Staff Papers 55(3).
    Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis, chapter 2.

    Examples
    --------
    >>> from tropism.trade.flows import TradeMatrix
    >>> world = TradeMatrix(("A", "B"), [[80.0, 20.0], [20.0, 80.0]], 2022, "dollars")
    >>> cheaper = [[1.0, 1.5], [1.5, 1.0]]
    >>> effect = solve_counterfactual(world, cheaper, sigma=5)
    >>> effect.change("real_income", "A").round(2)
    array([2.41])
    """
    refuse_unknown(deficits, Deficits, "deficits")
    refuse_unknown(baseline_kind, BaselineKind, "baseline_kind")
    refuse_unknown(real_income, RealIncome, "real_income")
    baseline.require_trade()
    reference = None if numeraire is None else baseline.index(numeraire)
    trade = np.array(baseline.values)
    read = read_shock(shock, trade, (baseline.countries, baseline.countries))
    sigmas, factors = align(_sigmas(sigma), read.factors)
    read = CostShock(read.place, factors)
    found = _solve(trade, read, sigmas, conditional, deficits == "balanced", max_iterations, progress)
    refuse_unsolved(found.residual, max_iterations)
    factors_of_trade, changes = _changes(
        found, trade, read, sigmas, conditional, deficits == "balanced", real_income, reference
    )
    settings: dict[str, Any] = {
        "model": "Armington, one sector",
        "equilibrium": "conditional" if conditional else "full",
        "sigma": float(np.median(sigmas)),
        "drawn": what_is_drawn(sigmas, factors),
        "deficits": deficits,
        "baseline_kind": baseline_kind,
        "real_income": real_income,
        "numeraire": "value of world output" if numeraire is None else f"inward resistance of {numeraire}",
        "tolerance": TOLERANCE,
        "data_sha256": data_sha256(baseline.countries, trade),
    }
    return Counterfactual(
        countries=baseline.countries,
        year=baseline.year,
        changes={name: 100 * (ratio - 1) for name, ratio in changes.items()},
        output=np.median(found.output, axis=0),
        measured_in=baseline.measured_in,
        market_clearing_residual=found.residual,
        iterations=found.iterations.sum(axis=1),
        settings=settings,
        seed=seed,
        provenance=(*baseline.provenance, *provenance),
        notes=(*baseline.notes, *describe(settings, without_trade(read, trade))),
        papers=ARMINGTON_PAPERS,
        trade=trade,
        shock=read,
        sellers=factors_of_trade[0],
        buyers=factors_of_trade[1],
    )


class _Solved(NamedTuple):
    """What the kernel `solve_draws` returns: see there."""

    x: np.ndarray
    buyers: np.ndarray
    rescale: np.ndarray
    residual: np.ndarray
    iterations: np.ndarray
    output: np.ndarray


def _sigmas(sigma: float | np.ndarray) -> np.ndarray:
    """One sigma per draw: shape (draws,)."""
    sigmas = np.atleast_1d(np.asarray(sigma, dtype=np.float64))
    unfit = ~(np.isfinite(sigmas) & (sigmas > 1))
    if sigmas.ndim != 1 or not sigmas.size or unfit.any():
        shown = f"{sigmas[unfit][0]:g}" if unfit.any() else f"an array of shape {sigmas.shape}"
        raise IdentificationError(
            f"sigma is {shown}. The elasticity of substitution is a number above 1, or one such number per "
            "draw (the trade elasticity is 1 - sigma)."
        )
    return sigmas


def align(sigmas: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As many sigmas as shocks: arrays (draws, …), of which a single draw is repeated.

    Raises
    ------
    SchemaError
        If both have several draws, and not equally many.
    """
    counts = {len(sigmas), len(factors)}
    draws = max(counts)
    if counts - {1, draws}:
        raise SchemaError(
            f"sigma has {len(sigmas)} draws and the shock {len(factors)}. Give one of either, or equally "
            "many of both."
        )
    one, other = (np.broadcast_to(each, (draws, *each.shape[1:])) for each in (sigmas, factors))
    return one, other


def what_is_drawn(sigmas: np.ndarray, factors: np.ndarray) -> list[str]:
    """What differs from draw to draw, and with it all that intervals contain."""
    each = {"the shock": factors, "sigma": sigmas}
    return [name for name, draws in each.items() if (draws != draws[:1]).any()]


def _solve(
    trade: np.ndarray,
    shock: CostShock,
    sigmas: np.ndarray,
    conditional: bool,
    balance: bool,
    most: int,
    progress: bool,
) -> _Solved:
    """Run the kernel on the first draw, and from its solution on the rest, in threads."""
    from numba import get_num_threads

    kernels = engine.load()
    output, expenditure = trade.sum(axis=1), trade.sum(axis=0)
    # One kind of array, contiguous and writable, for whatever came in: each kind would be compiled anew.
    exporters, importers = (np.array(axis, dtype=np.int64) for axis in shock.place)
    factors, sigmas = (np.require(each, requirements=["C", "W"]) for each in (shock.factors, sigmas))

    def run(draws: slice, starts: np.ndarray) -> _Solved:
        return _Solved(
            *kernels.solve_draws(
                trade, output, expenditure, exporters, importers, factors[draws], sigmas[draws], conditional,
                balance, starts, TOLERANCE, most,
            )
        )  # fmt: skip

    with spinner("equilibrium", progress) as tell:
        first = run(slice(0, 1), np.zeros((2, trade.shape[0])))
        if sigmas.size == 1 or first.residual[0] > PROMISED:
            return first
        # Pieces small enough to report between, large enough that handing them out costs nothing.
        pieces = [slice(k, min(k + 25, sigmas.size)) for k in range(1, sigmas.size, 25)]
        found = [first]
        with ThreadPoolExecutor(get_num_threads()) as pool:
            parts = pool.map(lambda piece: run(piece, first.x[0]), pieces)
            for piece, part in zip(pieces, parts, strict=True):
                found.append(part)
                tell(f"{piece.stop} of {sigmas.size} draws")
    return _Solved(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _changes(
    found: _Solved,
    trade: np.ndarray,
    shock: CostShock,
    sigmas: np.ndarray,
    conditional: bool,
    balance: bool,
    real_income: RealIncome,
    reference: int | None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What follows from the prices.

    Returns
    -------
    factors : ndarray, shape (2, draws, 2, countries)
        What multiplies rows, and columns, of the data: in the baseline that the shock meets, and after it.
    changes : dict of ndarray, shape (draws, countries)
        Every measure as a ratio, new over old.
    """
    x, bought, output = found.x[:, 1], found.buyers[:, 1], found.output
    start = _factors_of_balance(found, sigmas, trade) if balance else np.ones((2, *x.shape))
    expenditure = output if balance else np.broadcast_to(trade.sum(axis=0), output.shape)
    power = (1 / (1 - sigmas))[:, None]
    price = np.ones_like(output) if conditional else np.exp(x)
    inward = bought**power
    # Outward resistance follows Anderson and van Wincoop: weights are shares of world expenditure.
    outward = np.exp(-power * x) if conditional else price ** (sigmas[:, None] * power)
    unit = _units(inward, outward, output, expenditure, reference, conditional)
    value = 1.0 if conditional else unit
    price, inward, outward = price * value, inward * unit, outward / unit
    income = price if conditional else price * found.rescale[:, None]
    sellers = start[0] * np.exp(x if conditional else (1 - sigmas)[:, None] * x)
    buyers = start[1] * income / bought
    after, before = _diagonal(trade, shock, sellers, buyers), np.diag(trade) * start[0] * start[1]
    changes = {
        "exports": (price * output - after) / (output - before),
        "imports": (income * expenditure - after) / (expenditure - before),
        "domestic_sales": np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0),
    }
    if not conditional:
        changes["real_income"] = (price if real_income == "p/P" else income) / inward
        changes["factory_gate_price"] = price
    changes |= {"inward_resistance": inward, "outward_resistance": outward}
    return np.stack([start, np.stack([sellers, buyers])], axis=2), changes


def _factors_of_balance(found: _Solved, sigmas: np.ndarray, trade: np.ndarray) -> np.ndarray:
    """What multiplies rows and columns of the data in the balanced baseline: shape (2, draws, countries)."""
    x, bought = found.x[:, 0], found.buyers[:, 0]
    spent = trade.sum(axis=1) / trade.sum(axis=0)
    return np.stack([np.exp((1 - sigmas)[:, None] * x), spent * np.exp(x) / bought])


def _units(
    inward: np.ndarray,
    outward: np.ndarray,
    output: np.ndarray,
    expenditure: np.ndarray,
    reference: int | None,
    conditional: bool,
) -> np.ndarray:
    """What inward resistance is multiplied by, and outward divided by: shape (draws, 1)."""
    if reference is not None:
        return np.asarray(1 / inward[:, [reference]])
    if not conditional:
        return np.ones((len(inward), 1))
    mean_out = (np.log(outward) * output).sum(axis=1) / output.sum(axis=1)
    mean_in = (np.log(inward) * expenditure).sum(axis=1) / expenditure.sum(axis=1)
    return np.asarray(np.exp((mean_out - mean_in) / 2)[:, None])


def _diagonal(trade: np.ndarray, shock: CostShock, sellers: np.ndarray, buyers: np.ndarray) -> np.ndarray:
    """Domestic sales of the counterfactual: shape (draws, countries)."""
    own = np.diag(trade) * sellers * buyers
    rows, columns = shock.place
    at_home = np.flatnonzero(rows == columns)
    own[:, rows[at_home]] *= shock.factors[:, at_home]
    return np.asarray(own)


def refuse_unsolved(residual: np.ndarray, most: int) -> None:
    """Raise if some draw's markets did not clear."""
    missed = np.flatnonzero(~(residual <= PROMISED))
    if missed.size:
        raise ConvergenceError(
            f"equilibrium: {missed.size} of {residual.size} draws did not clear their markets in {most} "
            f"iterations; first draw {missed[0]}, where sales and output differ by up to "
            f"{residual[missed[0]]:.1e} (asked: {PROMISED:g}). Allow more with max_iterations, or look for "
            "countries that the shock leaves with almost no partner."
        )


def refuse_unknown(value: str, allowed: Any, name: str) -> None:
    """Raise unless the value is one of the choices."""
    if value not in get_args(allowed):
        raise SchemaError(f"{name} is {value!r}; expected {' or '.join(map(repr, get_args(allowed)))}.")


def describe(settings: dict[str, Any], zeros: int) -> tuple[str, ...]:
    """What a reader must know about the settings, in sentences."""
    said = {
        "fixed_ratio": "Expenditure over output of every country stays that of the baseline.",
        "balanced": "Deficits were removed first; changes are relative to that balanced baseline.",
    }
    notes = [f"The baseline is {settings['baseline_kind']} trade.", said[settings["deficits"]]]
    if settings["equilibrium"] == "conditional":
        notes.append("Output and expenditure are held; only multilateral resistances respond.")
    else:
        words = {"p/P": "what a country's output buys", "phi*p/P": "what a country's expenditure buys"}
        notes.append(f"Real income is {settings['real_income']}: {words[settings['real_income']]}.")
    if settings["drawn"]:
        notes.append(
            f"Intervals hold draws of {' and of '.join(settings['drawn'])}, and nothing else: no doubt on "
            "the baseline's numbers or on the form of the model."
        )
    if zeros:
        notes.append(f"{zeros} of the shocked pairs do not trade in the baseline and stay without trade.")
    return tuple(notes)
