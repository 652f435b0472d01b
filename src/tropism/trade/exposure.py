"""Whose value is in a state's imported inputs: straight from there, and by way of third countries.

Oil that Russia sells to a refinery in India, whose products Pakistan's industries buy, is exposure of
Pakistan to Russia that no bilateral flow shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tropism.dyad_years import numbered
from tropism.errors import SchemaError

#: The Neumann series ends when no entry moves by more than this.
TOLERANCE = 1e-13


@dataclass(frozen=True, eq=False)
class InputOutput:
    """Input-output table of one year.

    Attributes
    ----------
    economies, sectors : tuple of str
    flows : ndarray, shape (economies, economies, sectors)
        Inputs that the seller's industry sold to all industries of the buyer, million US dollars; the
        buyer's own included.
    coefficients : ndarray, shape (economies, sectors, sectors)
        Purchases of the second sector from the first, of all origins, per dollar of the second's output.
    output : ndarray, shape (economies, sectors)
        Gross output, million US dollars.
    """

    economies: tuple[str, ...]
    sectors: tuple[str, ...]
    flows: np.ndarray
    coefficients: np.ndarray
    output: np.ndarray

    @property
    def value_added(self) -> np.ndarray:
        """Value added per dollar of output, shape (economies, sectors)."""
        return 1.0 - self.coefficients.sum(axis=1)


@dataclass(frozen=True)
class Exposure:
    """How much of an economy's imported inputs is an origin's value; all in million US dollars.

    Attributes
    ----------
    imported : float
        Inputs that the economy imports, from all origins.
    bought : float
        Of these, bought from the origin: whoever's value is in them.
    direct : float
        The origin's value in what was bought from the origin.
    by_third : float
        The origin's value in what was bought from third countries.
    """

    imported: float
    bought: float
    direct: float
    by_third: float


def input_output(icio_flows: pa.Table, icio_coefficients: pa.Table, icio_output: pa.Table) -> InputOutput:
    """Arrays from the embedded tables of these names.

    Raises
    ------
    SchemaError
        If a column is absent or an economy stands in one table only.
    """
    for table, name, columns in (
        (icio_flows, "icio_flows", ("exporter", "importer", "sector", "flow_million_usd")),
        (icio_coefficients, "icio_coefficients", ("iso3", "sector_from", "sector_to", "coefficient")),
        (icio_output, "icio_output", ("iso3", "sector", "output_million_usd")),
    ):
        absent = [column for column in columns if column not in table.column_names]
        if absent:
            raise SchemaError(f"{name}: lacks the column {absent[0]}. Take the table from `load_table`.")
    economies = sorted(set(icio_output["iso3"].to_pylist()))
    sectors = sorted(set(icio_output["sector"].to_pylist()))

    def places(table: pa.Table, column: str, labels: list[str], name: str) -> np.ndarray:
        place = {label: i for i, label in enumerate(labels)}
        numbers, names = numbered(table[column])
        found = np.array([*(place.get(each, -1) for each in names), -1])[numbers]
        if (found < 0).any():
            label = table[column][int(np.argmin(found))].as_py()
            raise SchemaError(
                f"{name}: {label} in {column} is not in icio_output. Take tables of one release."
            )
        return found

    n, k = len(economies), len(sectors)
    flows, coefficients, output = np.zeros((n, n, k)), np.zeros((n, k, k)), np.zeros((n, k))
    at = [places(icio_flows, column, economies, "icio_flows") for column in ("exporter", "importer")]
    sold = places(icio_flows, "sector", sectors, "icio_flows")
    np.add.at(flows, (*at, sold), icio_flows["flow_million_usd"].to_numpy().astype(float))
    where = places(icio_coefficients, "iso3", economies, "icio_coefficients")
    from_to = [
        places(icio_coefficients, column, sectors, "icio_coefficients")
        for column in ("sector_from", "sector_to")
    ]
    coefficients[(where, *from_to)] = icio_coefficients["coefficient"].to_numpy()
    here = places(icio_output, "iso3", economies, "icio_output")
    output[here, places(icio_output, "sector", sectors, "icio_output")] = icio_output[
        "output_million_usd"
    ].to_numpy()
    return InputOutput(tuple(economies), tuple(sectors), flows, coefficients, output)


def embodied_value(table: InputOutput, origins: Sequence[str]) -> np.ndarray:
    """An origin's value added in a dollar of every industry's output, all rounds of inputs included.

    Parameters
    ----------
    table : InputOutput
    origins : sequence of str
        Economies of the table.

    Returns
    -------
    ndarray, shape (origins, economies, sectors)
        Over all origins of the table these add up to 1.

    Raises
    ------
    SchemaError
        If an origin is not in the table.

    Notes
    -----
    Solves x = v + x A, A the global input matrix, by summing rounds. The tables tell a buyer's inputs by
    selling industry and by using industry, but not both with the origin: all industries of an economy are
    taken to buy a product from its origins in the same proportions (the import proportionality of Johnson
    and Noguera 2012). What comes from economies outside the table counts as the user's own value.

    References
    ----------
    Leontief (1936); Johnson and Noguera (2012), Accounting for intermediates: Production sharing and trade in
    value added, JIE 86(2); Koopman, Wang and Wei (2014), Tracing Value-Added and Double Counting in Gross
    Exports, AER 104(2).
    """
    at = [_place(table, origin) for origin in origins]
    bought = table.flows.sum(axis=0)
    origin_share = np.divide(table.flows, bought, out=np.zeros_like(table.flows), where=bought > 0)
    # By product: (sectors, buyers, sellers); by buyer: (buyers, using sectors, selling sectors).
    by_product, by_buyer = origin_share.transpose(2, 1, 0), table.coefficients.transpose(0, 2, 1)
    shock = np.zeros((len(table.economies), len(table.sectors), len(at)))
    shock[at, :, np.arange(len(at))] = table.value_added[at]
    total, this_round = shock.copy(), shock
    while np.abs(this_round).max() > TOLERANCE:
        inputs = by_product @ this_round.transpose(1, 0, 2)
        this_round = by_buyer @ inputs.transpose(1, 0, 2)
        total += this_round
    return total.transpose(2, 0, 1)


def exposure(table: InputOutput, state: str, origin: str, embodied: np.ndarray | None = None) -> Exposure:
    """How much of a state's imported inputs is the value of an origin.

    Parameters
    ----------
    table : InputOutput
    state, origin : str
        Two economies of the table.
    embodied : ndarray, shape (economies, sectors), optional
        The origin's row of `embodied_value`, where it is at hand.

    Raises
    ------
    SchemaError
        If either is not in the table.
    """
    a, b = _place(table, state), _place(table, origin)
    value = embodied_value(table, [origin])[0] if embodied is None else embodied
    abroad = np.arange(len(table.economies)) != a
    third = abroad & (np.arange(len(table.economies)) != b)
    inputs = table.flows[:, a]
    return Exposure(
        imported=float(inputs[abroad].sum()),
        bought=float(inputs[b].sum()),
        direct=float((inputs[b] * value[b]).sum()),
        by_third=float((inputs[third] * value[third]).sum()),
    )


def _place(table: InputOutput, economy: str) -> int:
    if economy not in table.economies:
        raise SchemaError(
            f"exposure: {economy} is not among the {len(table.economies)} economies of the input-output "
            "table. Choose one of these."
        )
    return table.economies.index(economy)
