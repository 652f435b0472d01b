"""Many sectors with input-output linkages: Caliendo and Parro's economy, without tariffs.

With w the change of the price of value added, c that of an industry's unit cost, P that of a product's price
to buyers, pi shares of sellers, k the change of the cost factor, X purchases and Y output:

    log c_i^s      = v_i^s log w_i + sum_r a_i^rs log P_i^r
    (P_j^s)^(1-sigma_s) = sum_i pi_ij^s k_ij^s (c_i^s)^(1-sigma_s)
    X_j^r          = sum_s a_j^rs Y_j^s + alpha_j^r L w_j F_j
    Y_i^s          = sum_j pi_ij^s k_ij^s (c_i^s / P_j^s)^(1-sigma_s) X_j^s
    w_i VA_i       = sum_s v_i^s Y_i^s
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.progress import spinner
from tropism.series import Provenance
from tropism.trade.equilibrium import engine
from tropism.trade.equilibrium.accounts import SectorBaseline
from tropism.trade.equilibrium.armington import (
    PROMISED,
    TOLERANCE,
    BaselineKind,
    Deficits,
    RealIncome,
    align,
    describe,
    refuse_unknown,
    refuse_unsolved,
    what_is_drawn,
)
from tropism.trade.equilibrium.result import SECTOR_PAPERS, SectorCounterfactual
from tropism.trade.equilibrium.shocks import CostShock, read_shock, without_trade
from tropism.trade.flows import data_sha256

if TYPE_CHECKING:
    import pandas as pd

#: Differences that the acceleration remembers; more than for one sector, as there is more to get right.
MEMORY = 12


def solve_sector_counterfactual(
    baseline: SectorBaseline,
    shock: np.ndarray | pd.DataFrame,
    *,
    sigma: float | pd.Series | np.ndarray | pd.DataFrame,
    deficits: Deficits = "fixed_ratio",
    baseline_kind: BaselineKind = "observed",
    real_income: RealIncome = "p/P",
    numeraire: str | None = None,
    max_iterations: int = 5000,
    seed: int | None = None,
    provenance: Sequence[Provenance] = (),
    progress: bool = False,
) -> SectorCounterfactual:
    """Solve for trade, wages and real income by country when sectors buy from each other.

    Parameters
    ----------
    baseline : SectorBaseline
        From `icio_baseline`, or from a full table with `sector_baseline`.
    shock : ndarray or DataFrame
        New over old cost factor t^(1-sigma). An array (countries, countries) for all sectors alike,
        (sectors, countries, countries), or that with draws in front; or a table exporter, importer,
        ``cost_factor`` and, if wanted, sector and draw. A change of costs by the fraction x is
        (1 + x)^(1 - sigma) with the sigma of the sector.
    sigma : float, Series, ndarray or DataFrame
        Elasticity of substitution between sellers, above 1: one for all sectors, or a Series by sector. Draws
        of it: an array (draws,) of the first, or a DataFrame with a row for each draw and a column for each
        sector. The trade elasticity is 1 - sigma, in Caliendo and Parro's symbols -theta.
    deficits, baseline_kind, seed, provenance, progress
        As in `solve_counterfactual`; deficits are final expenditure over value added.
    real_income : {"p/P", "phi*p/P"}
        What value added buys at the prices of final use, or what final expenditure buys.
    numeraire : str, optional
        The country whose price of final use does not change; else the world's value added does not.
    max_iterations : int

    Returns
    -------
    SectorCounterfactual

    Raises
    ------
    SchemaError
        If the shock or sigma does not fit the baseline.
    IdentificationError
        If a sigma is not above 1, or a shock leaves a product without seller or cuts a country off.
    ConvergenceError
        If markets do not clear within ``max_iterations``.

    Notes
    -----
    One factor of production, free to move between sectors and not between countries; Cobb-Douglas in inputs
    and in final use. With one sector and no inputs this is `solve_counterfactual`.

    References
    ----------
    Caliendo and Parro (2015), "Estimates of the Trade and Welfare Effects of NAFTA", REStud 82(1),
    equations 10 to 14.
    """
    refuse_unknown(deficits, Deficits, "deficits")
    refuse_unknown(baseline_kind, BaselineKind, "baseline_kind")
    refuse_unknown(real_income, RealIncome, "real_income")
    if numeraire is not None and numeraire not in baseline.countries:
        raise SchemaError(f"numeraire is {numeraire}, which is not among the baseline's countries.")
    labels = (baseline.sectors, baseline.countries, baseline.countries)
    read = read_shock(shock, baseline.trade, labels)
    sigmas, factors = align(_sigmas(sigma, baseline.sectors), read.factors)
    _refuse_unsupplied(CostShock(read.place, factors), baseline)
    found = _solve(
        baseline, CostShock(read.place, factors), sigmas, deficits == "balanced", max_iterations, progress
    )
    refuse_unsolved(found.residual, max_iterations)
    middle = np.median(sigmas, axis=0)
    settings = {
        "model": "Caliendo and Parro, many sectors",
        "equilibrium": "full",
        "sigma": middle.tolist() if np.ptp(middle) else float(middle[0]),
        "drawn": what_is_drawn(sigmas, factors),
        "deficits": deficits,
        "baseline_kind": baseline_kind,
        "real_income": real_income,
        "numeraire": "value added of the world" if numeraire is None else f"final use of {numeraire}",
        "tolerance": TOLERANCE,
        "data_sha256": data_sha256(
            (*baseline.countries, *baseline.sectors), baseline.trade, baseline.coefficients, baseline.final
        ),
    }
    scale = (
        np.ones((len(sigmas), 1))
        if numeraire is None
        else 1 / found.living[:, [baseline.countries.index(numeraire)]]
    )
    changes = found.changes(scale, real_income)
    exports = _ratio(found.sold_after * scale[:, :, None], found.sold_before)
    return SectorCounterfactual(
        countries=baseline.countries,
        year=baseline.year,
        changes={name: 100 * (ratio - 1) for name, ratio in changes.items()},
        output=baseline.output.sum(axis=0),
        measured_in=baseline.measured_in,
        market_clearing_residual=found.residual,
        iterations=found.iterations,
        settings=settings,
        seed=seed,
        provenance=(*baseline.provenance, *provenance),
        notes=(*baseline.notes, *describe(settings, without_trade(read, baseline.trade))),
        papers=SECTOR_PAPERS,
        sectors=baseline.sectors,
        trade_before=found.before,
        trade_after=found.after * scale[:, :, None],
        sector_exports=100 * (exports - 1),
    )


@dataclass(frozen=True, eq=False)
class _Draws:
    """All equilibria, each relative to the baseline that its shock meets; values at the world's value added.

    Attributes
    ----------
    before, after : ndarray, shape (draws, exporters, importers)
        Trade of all sectors together.
    sold_before, sold_after : ndarray, shape (draws, sectors, countries)
        What is sold abroad.
    wage, spending, living : ndarray, shape (draws, countries)
        Ratios, new over old: price of value added, final expenditure, price of final use.
    residual, iterations : ndarray, shape (draws,)
    """

    before: np.ndarray
    after: np.ndarray
    sold_before: np.ndarray
    sold_after: np.ndarray
    wage: np.ndarray
    spending: np.ndarray
    living: np.ndarray
    residual: np.ndarray
    iterations: np.ndarray

    def changes(self, scale: np.ndarray, real_income: RealIncome) -> dict[str, np.ndarray]:
        """Every measure as a ratio, new over old, in units of a numeraire: each (draws, countries)."""
        after = self.after * scale[:, :, None]
        return {
            "exports": _abroad(after).sum(axis=2) / _abroad(self.before).sum(axis=2),
            "imports": _abroad(after).sum(axis=1) / _abroad(self.before).sum(axis=1),
            "domestic_sales": _ratio(*(np.einsum("dii->di", trade) for trade in (after, self.before))),
            "real_income": (self.wage if real_income == "p/P" else self.spending) / self.living,
            "wage": self.wage * scale,
            "consumer_price": self.living * scale,
        }


def _solve(
    baseline: SectorBaseline, shock: CostShock, sigmas: np.ndarray, balance: bool, most: int, progress: bool
) -> _Draws:
    """One equilibrium after the other, each from where the first one ended.

    Of each draw only sums are kept: a thousand draws of all sectors' trade would take gigabytes. A draw that
    does not clear ends the search, and is the last one returned.
    """
    economy = _Economy(
        baseline.trade, baseline.coefficients, baseline.value_added_share, baseline.final, 1 - sigmas[0]
    )
    # The price of final use is Cobb-Douglas over products, with the shares of the baseline.
    weight = economy.final / economy.final.sum(axis=0)
    spent = economy.final * (economy.value_added / economy.final.sum(axis=0))
    guess = {"balance": economy.at_rest(), "shock": economy.at_rest()}
    rows: list[tuple[np.ndarray, ...]] = []
    with spinner("equilibrium", progress) as tell:
        for draw, (factors, sigma) in enumerate(zip(shock.factors, sigmas, strict=True)):
            tell(f"{draw + 1} of {len(sigmas)} draws")
            if draw == 0 or (sigma != sigmas[draw - 1]).any():
                world = replace(economy, power=1 - sigma)
                if balance:
                    level, trade = world.solve(world.trade, spent, guess["balance"], most)
                    guess["balance"] = level
                    world = world.moved_to(level, trade, spent)
            shocked = world.trade.copy()
            shocked[shock.place] *= factors
            end, trade = world.solve(shocked, world.final, guess["shock"], most)
            if draw == 0:
                guess["shock"] = end
            wage = np.exp(end.log_wage)
            worst = max(end.residual, guess["balance"].residual)
            rows.append(
                (
                    world.trade.sum(axis=0), trade.sum(axis=0),
                    _abroad(world.trade).sum(axis=2), _abroad(trade).sum(axis=2),
                    wage, wage * end.rescale, np.exp((weight * end.log_price).sum(axis=0)),
                    np.array(worst), np.array(end.iterations),
                )
            )  # fmt: skip
            if not worst <= PROMISED:
                break
    return _Draws(*(np.stack(each) for each in zip(*rows, strict=True)))


@dataclass(frozen=True, eq=False)
class _End:
    """An equilibrium relative to its baseline: logs of changes of wages and prices, ratio of outputs."""

    log_wage: np.ndarray
    log_price: np.ndarray
    output_ratio: np.ndarray
    rescale: float
    residual: float
    iterations: int


@dataclass(frozen=True, eq=False)
class _Economy:
    """A baseline in which every account closes. Shapes as in `SectorBaseline`; ``power`` is 1 - sigma."""

    trade: np.ndarray
    coefficients: np.ndarray
    value_share: np.ndarray
    final: np.ndarray
    power: np.ndarray

    @property
    def value_added(self) -> np.ndarray:
        return np.asarray((self.value_share * self.trade.sum(axis=2)).sum(axis=0))

    def at_rest(self) -> _End:
        """The baseline as an equilibrium of itself."""
        nothing = np.zeros(self.final.shape)
        return _End(nothing[0], nothing, np.ones(self.final.shape), 1.0, 0.0, 0)

    def moved_to(self, end: _End, trade: np.ndarray, final: np.ndarray) -> _Economy:
        """The baseline once an equilibrium is reached: input shares stay, flows are the new ones."""
        spent = final * np.exp(end.log_wage) * end.rescale
        return _Economy(trade, self.coefficients, self.value_share, spent, self.power)

    def solve(
        self, shocked: np.ndarray, final: np.ndarray, guess: _End, most: int
    ) -> tuple[_End, np.ndarray]:
        """Let wages, prices and outputs move together until all markets clear.

        Parameters
        ----------
        shocked : ndarray, shape (sectors, exporters, importers)
            Baseline trade times the change of the cost factor.
        final : ndarray, shape (sectors, countries)
            Final expenditure at the old prices.
        guess : _End
            Where to start.
        most : int

        Returns
        -------
        _End, and trade by sector, exporter and importer.
        """
        kernels = engine.load()
        sectors, n = self.final.shape
        output, bought = self.trade.sum(axis=2), self.trade.sum(axis=1)
        value_added, spent = self.value_added, final.sum(axis=0)
        world = value_added.sum()
        makes, buys = output > 0, bought > 0
        per_purchase = 1 / np.where(buys, bought, np.inf)
        power = self.power[:, None]
        # How demand for a country's work falls with its wage, all else held: divides the steps in logs.
        brake = 1 - (self.value_share * output * power).sum(axis=0) / value_added
        x = np.concatenate([guess.log_wage, guess.log_price.ravel(), guess.output_ratio.ravel()])
        before = np.empty((2, x.size))
        d_x, d_f = np.empty((MEMORY, x.size)), np.empty((MEMORY, x.size))
        best, best_plain, step = np.inf, x, 0
        iteration = 0
        while iteration < most:
            iteration += 1
            log_wage, log_price, ratio = x[:n], x[n : n + sectors * n], x[n + sectors * n :]
            log_wage -= np.log(np.exp(log_wage) @ value_added / world)
            log_price, ratio = log_price.reshape(sectors, n), ratio.reshape(sectors, n)
            wage = np.exp(log_wage)
            rescale = world / float(wage @ spent)
            inputs = np.matmul(self.coefficients.transpose(0, 2, 1), log_price.T[..., None])[..., 0].T
            seller = np.exp(power * (self.value_share * log_wage + inputs))
            buyer = np.matmul(seller[:, None], shocked)[:, 0] * per_purchase
            new_price = np.where(buys, np.log(np.where(buys, buyer, 1)) / power, 0)
            demand = np.matmul(self.coefficients, (output * ratio).T[..., None])[..., 0].T
            demand = (demand + final * wage * rescale) * per_purchase / np.where(buys, buyer, 1)
            made = seller * np.matmul(shocked, demand[..., None])[..., 0]
            new_ratio = np.where(makes, made / np.where(makes, output, 1), 1)
            earned = (self.value_share * made).sum(axis=0) / (wage * value_added)
            # Not Python's max, which may lose a NaN: that must send us back, too.
            residual = float(
                np.max(
                    [
                        np.abs(earned - 1).max(),
                        (np.abs(new_ratio - ratio) / np.maximum(1, np.abs(new_ratio))).max(),
                        np.abs(new_price - log_price).max(),
                    ]
                )
            )
            if residual <= TOLERANCE:
                break
            rise = np.log(np.maximum(earned, kernels.SMALL)) / brake
            move = np.concatenate(
                [
                    np.clip(rise, -kernels.LONGEST, kernels.LONGEST),
                    (new_price - log_price).ravel(),
                    (new_ratio - ratio).ravel(),
                ]
            )
            if residual < best:
                best, best_plain = residual, x + move
            if not residual <= kernels.SETBACK * best:
                x, step, best = best_plain.copy(), 0, best * kernels.SETBACK
                continue
            x = kernels.anderson(x, move, step, before, d_x, d_f)
            step += 1
        end = _End(log_wage.copy(), log_price.copy(), ratio.copy(), rescale, residual, iteration)
        return end, seller[:, :, None] * shocked * demand[:, None]


def _sigmas(sigma: float | pd.Series | np.ndarray | pd.DataFrame, sectors: Sequence[str]) -> np.ndarray:
    """One elasticity of substitution per draw and sector: shape (draws, sectors)."""
    import pandas as pd

    if isinstance(sigma, pd.Series):
        sigma = sigma.to_frame().T
    if isinstance(sigma, pd.DataFrame):
        missing = [sector for sector in sectors if sector not in sigma.columns]
        if missing or sigma.columns.has_duplicates or sigma.empty:
            what = (
                f"lacks {missing[0]}" if missing else "has no draw" if sigma.empty else "names a sector twice"
            )
            raise SchemaError(f"sigma {what}. Give one number for each of the {len(sectors)} sectors.")
        values = sigma[list(sectors)].to_numpy(dtype=np.float64)
    else:
        draws = np.atleast_1d(np.asarray(sigma, dtype=np.float64))
        if draws.ndim != 1 or not draws.size:
            raise SchemaError(
                f"sigma is an array of shape {draws.shape}. Give one number per draw, or a DataFrame with a "
                "column for each sector."
            )
        values = np.broadcast_to(draws[:, None], (draws.size, len(sectors)))
    unfit = np.argwhere(~(np.isfinite(values) & (values > 1)))
    if unfit.size:
        draw, sector = unfit[0]
        raise IdentificationError(
            f"sigma is {values[draw, sector]:g} in {sectors[sector]}. The elasticity of substitution is a "
            "number above 1 (the trade elasticity is 1 - sigma)."
        )
    return values


def _refuse_unsupplied(shock: CostShock, baseline: SectorBaseline) -> None:
    """Raise if a draw leaves some country without any seller of a product."""
    bought = baseline.trade.sum(axis=1) > 0
    # Only flows that end can take the last seller.
    for ended in np.unique(shock.factors == 0, axis=0):
        left = baseline.trade.copy()
        left[tuple(axis[ended] for axis in shock.place)] = 0
        lost = np.argwhere((left.sum(axis=1) <= 0) & bought)
        if lost.size:
            s, j = lost[0]
            raise IdentificationError(
                f"shock: it leaves {baseline.countries[j]} without any seller of {baseline.sectors[s]}, "
                "whose price is then without bound. Leave a trickle: a small factor instead of 0."
            )


def _abroad(trade: np.ndarray) -> np.ndarray:
    """Trade without domestic sales."""
    return np.asarray(trade * (1 - np.eye(trade.shape[-1])))


def _ratio(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0))
