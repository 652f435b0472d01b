"""Energy and minerals out of trade in all products: the table ``mineral_trade``."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def minerals(product_trade: pa.Table, mineral_products: pa.Table) -> pa.Table:
    """The rows of trade in all products that are of the products of ``mineral_trade``.

    Parameters
    ----------
    product_trade, mineral_products : pyarrow.Table
        The tables of these names.

    Returns
    -------
    pyarrow.Table
        Columns of ``mineral_trade``. A flow without a value is left out: it says no more than no row.
    """
    wanted = pc.is_in(product_trade["hs6"], value_set=mineral_products["hs6"].combine_chunks())
    return product_trade.filter(pc.and_(wanted, pc.is_valid(product_trade["trade_thousand_usd"])))
