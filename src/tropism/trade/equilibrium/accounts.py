"""The world's accounts by sector: who sells to whom, what production uses, and what is left for final use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.series import Provenance
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade.exposure import input_output
from tropism.trade.flows import refuse_without_trade

#: Accounts that differ by more than this share do not close.
CLOSED = 1e-9

#: Passes of the search for final expenditure. After ten, 0.3 % of final sales are in the wrong country; more
#: passes gain little (0.2 % after two thousand) and give some small country an expenditure of three times
#: what it sells for final use (1.6 times after ten), to account for rounding and for sales outside the table.
PASSES = 10

#: Smallest share of value added in output: two very small industries buy more than they sell.
LEAST_VALUE_ADDED = 0.01


@dataclass(frozen=True, eq=False)
class SectorBaseline:
    """Closed accounts of one year; what `solve_sector_counterfactual` starts from.

    Attributes
    ----------
    countries, sectors : tuple of str
    trade : ndarray, shape (sectors, exporters, importers)
        Sales for intermediate and final use together, domestic sales on the diagonals.
    coefficients : ndarray, shape (countries, selling sectors, buying sectors)
        Purchases of the second sector from the first (of all countries) per unit of the second's output.
    final : ndarray, shape (sectors, countries)
        Final expenditure by product.
    year : int
    measured_in : str
    provenance : tuple of Provenance
    notes : tuple of str
    adjustments : mapping of str to float
        By how much the accounts were changed so that they close; empty if nothing was.

    Raises
    ------
    SchemaError
        If shapes do not fit, a label is repeated, a number is missing or negative, or purchases differ from
        intermediate and final use.
    IdentificationError
        If an industry buys as much as it sells, or a country sells or buys nothing abroad.
    """

    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    trade: np.ndarray
    coefficients: np.ndarray
    final: np.ndarray
    year: int
    measured_in: str
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()
    adjustments: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for labels in (self.countries, self.sectors):
            repeated = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
            if repeated:
                raise SchemaError(f"sector baseline: {repeated[0]} stands in it twice. Name each once.")
        n, k = len(self.countries), len(self.sectors)
        shapes = {"trade": (k, n, n), "coefficients": (n, k, k), "final": (k, n)}
        for name, shape in shapes.items():
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.shape != shape:
                raise SchemaError(
                    f"sector baseline: {name} has shape {values.shape}; expected {shape} for {k} sectors and "
                    f"{n} countries."
                )
            unfit = ~(np.isfinite(values) & (values >= 0))
            if unfit.any():
                where = tuple(int(i) for i in np.argwhere(unfit)[0])
                raise SchemaError(
                    f"sector baseline: {unfit.sum()} numbers of {name} are missing or negative; first at "
                    f"{where}, {values[where]:g}. Merge stocks and margins into final use until none is."
                )
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        refuse_without_trade(self.trade.sum(axis=0), self.countries, "sector baseline")
        bare = np.argwhere((self.value_added_share <= 0) & (self.output > 0))
        if bare.size:
            s, i = bare[0]
            raise IdentificationError(
                f"sector baseline: {len(bare)} industries buy as much as they sell; first "
                f"{self.sectors[s]} of {self.countries[i]}. Every industry needs value added: merge it with "
                "another."
            )
        gap = np.abs(self.trade.sum(axis=1) - self.use - self.final)
        relative = gap / np.maximum(self.trade.sum(axis=1), 1e-12 * self.trade.sum())
        if relative.max() > CLOSED:
            s, i = np.unravel_index(int(relative.argmax()), relative.shape)
            raise SchemaError(
                f"sector baseline: purchases of {self.sectors[s]} by {self.countries[i]} differ from "
                f"intermediate and final use by {relative[s, i]:.1%}. Purchases are the column of trade, "
                "use is coefficients times output plus final: make them agree (`sector_baseline` takes raw "
                "tables)."
            )

    @property
    def output(self) -> np.ndarray:
        """Gross output: shape (sectors, countries)."""
        return np.asarray(self.trade.sum(axis=2))

    @property
    def use(self) -> np.ndarray:
        """Intermediate purchases by product: shape (sectors, countries)."""
        return np.einsum("iks,si->ki", self.coefficients, self.output)

    @property
    def value_added_share(self) -> np.ndarray:
        """Value added in output: shape (sectors, countries)."""
        return np.asarray(1 - self.coefficients.sum(axis=1).T)

    @property
    def value_added(self) -> np.ndarray:
        """Value added by country: shape (countries,)."""
        return np.asarray((self.value_added_share * self.output).sum(axis=0))


def sector_baseline(
    intermediate: np.ndarray,
    final: np.ndarray,
    *,
    countries: Sequence[str],
    sectors: Sequence[str],
    year: int,
    measured_in: str = "million current US dollars",
    provenance: Sequence[Provenance] = (),
) -> SectorBaseline:
    """Accounts from a full inter-country input-output table of one's own.

    Parameters
    ----------
    intermediate : ndarray, shape (countries, sectors, countries, sectors)
        Sales of the first country's sector to the second country's.
    final : ndarray, shape (countries, sectors, countries)
        Sales of the first country's sector for final use in the second, all kinds of use together.
    countries, sectors : sequence of str
    year : int
    measured_in : str
    provenance : sequence of Provenance

    Returns
    -------
    SectorBaseline
        Output is what is sold. Value added is what output leaves after intermediate purchases, taxes on
        products with it.

    Raises
    ------
    SchemaError, IdentificationError
        As `SectorBaseline`.
    """
    n, k = len(countries), len(sectors)
    sold, used = np.asarray(intermediate, dtype=np.float64), np.asarray(final, dtype=np.float64)
    if sold.shape != (n, k, n, k) or used.shape != (n, k, n):
        raise SchemaError(
            f"sector baseline: intermediate has shape {sold.shape} and final {used.shape}; expected "
            f"({n}, {k}, {n}, {k}) and ({n}, {k}, {n}): seller's country and sector, then the buyer's."
        )
    trade = (sold.sum(axis=3) + used).transpose(1, 0, 2)
    output = trade.sum(axis=2)
    bought = sold.sum(axis=0).transpose(1, 0, 2)
    per_unit = np.where(output.T[:, None] > 0, output.T[:, None], np.inf)
    return SectorBaseline(
        tuple(countries), tuple(sectors), trade, bought / per_unit, used.sum(axis=0), int(year), measured_in,
        tuple(provenance),
    )  # fmt: skip


def icio_baseline(*, final_home_bias: float = 1.0) -> SectorBaseline:
    """Accounts of 80 economies and 50 industries in 2022, closed from the embedded OECD tables.

    The tables hold intermediate sales between economies, and not final ones. What is assumed, in order:

    1. Final use of a product takes the shares of sellers that intermediate use takes, domestic ones weighted
       by ``final_home_bias``; a product that a country does not use as an input, or nobody buys from it, is
       bought at home.
    2. Final expenditure by country and product is what, bought in those shares, comes closest to what
       industries sold beyond intermediate use (ten passes of the expectation-maximisation algorithm, which
       starts at each country's own final sales and keeps expenditure positive).
    3. Every seller's sales are then scaled to its output, and final expenditure is what purchases leave after
       intermediate use. Where they leave less than nothing, intermediate use is trimmed and final use zero.
       Sales to countries outside the table are so spread over those inside.

    Parameters
    ----------
    final_home_bias : float
        How many times as strongly final use leans to domestic sellers, as odds; 1 is no difference. Run it
        at 0.5 and 2 to see how much the assumption matters.

    Returns
    -------
    SectorBaseline
        ``adjustments`` holds how much step 3 changed: ``trade_moved``, a share of output, and
        ``use_trimmed``, a share of intermediate use.

    Raises
    ------
    IdentificationError
        If the bias is not a positive number.

    References
    ----------
    Vardi, Shepp and Kaufman (1985), "A Statistical Model for Positron Emission Tomography", JASA 80(389):
    the algorithm of step 2.
    """
    if not (np.isfinite(final_home_bias) and final_home_bias > 0):
        raise IdentificationError(
            f"final_home_bias is {final_home_bias!r}; expected odds above zero, 1 for none."
        )
    table = input_output(*(read_table(f"icio_{name}") for name in ("flows", "coefficients", "output")))
    countries, sectors, coefficients = table.economies, table.sectors, table.coefficients
    sold, output = np.ascontiguousarray(table.flows.transpose(2, 0, 1)), np.ascontiguousarray(table.output.T)
    share_bought = coefficients.sum(axis=1, keepdims=True)
    coefficients *= np.minimum(1, (1 - LEAST_VALUE_ADDED) / np.maximum(share_bought, LEAST_VALUE_ADDED))
    shares = _shares(sold, final_home_bias)
    final = _final_expenditure(shares, np.maximum(output - sold.sum(axis=2), 0))
    guessed = sold + shares * final[:, None]
    home = np.arange(len(countries))
    guessed[:, home, home] += np.where(guessed.sum(axis=2) > 0, 0, output)
    sales = guessed.sum(axis=2)
    trade = guessed * np.divide(output, sales, out=np.zeros_like(sales), where=sales > 0)[:, :, None]
    moved = np.abs(trade - guessed).sum() / output.sum()
    bought, use = trade.sum(axis=1), np.einsum("iks,si->ki", coefficients, output)
    kept = np.divide(np.minimum(bought, use), use, out=np.ones_like(use), where=use > 0)
    coefficients *= kept.T[:, :, None]
    trimmed = (use * (1 - kept)).sum() / use.sum()
    # What rounding left below zero is zero: kept made use and purchases equal there.
    final = np.maximum(bought - use * kept, 0)
    info = table_info("icio_flows")
    return SectorBaseline(
        countries, sectors, trade, coefficients, final, 2022, "million current US dollars",
        provenance=() if info.provenance is None else (info.provenance,),
        notes=(
            "Final use takes the import shares of intermediate use, domestic sellers weighted by "
            f"{final_home_bias:g}: the table has no bilateral final demand.",
            f"So that accounts close, trade was changed by {moved:.2%} of output and intermediate use by "
            f"{trimmed:.2%}.",
            "Sales outside the table's 80 economies are spread over those inside.",
        ),
        adjustments={"trade_moved": float(moved), "use_trimmed": float(trimmed)},
    )  # fmt: skip


def _shares(sold: np.ndarray, home_bias: float) -> np.ndarray:
    """Shares of sellers in each country's purchases for final use: shape (sectors, sellers, buyers)."""
    home = np.arange(sold.shape[1])
    leaning = sold.copy()
    leaning[:, home, home] *= home_bias
    bought = leaning.sum(axis=1)
    leaning[:, home, home] += bought == 0
    return np.asarray(leaning / leaning.sum(axis=1, keepdims=True))


def _final_expenditure(shares: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Expenditure (sectors, buyers) whose purchases come near to what sellers have left."""
    final = left.copy()
    for _ in range(PASSES):
        offered = (shares @ final[..., None])[..., 0]
        ratio = np.divide(left, offered, out=np.zeros_like(left), where=offered > 0)
        final = final * (ratio[:, None] @ shares)[:, 0]
    return final
