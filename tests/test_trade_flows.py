"""Flows of trade: what is refused, and the matrix that is made of the rest."""

import numpy as np
import pandas as pd
import pytest

from tropism.errors import IdentificationError, SchemaError
from tropism.tables import load_table
from tropism.trade.flows import TradeMatrix, check_flows, icio_matrix, trade_matrix


def flows(**changes):
    rows = [("A", "A", 8.0), ("A", "B", 2.0), ("B", "A", 1.0), ("B", "B", 4.0)]
    table = pd.DataFrame(rows, columns=["exporter", "importer", "trade_usd"]).assign(year=2022)
    return table.assign(**changes)


def test_matrix_has_exporters_in_rows_and_importers_in_columns():
    matrix = trade_matrix(flows(), 2022)
    assert matrix.countries == ("A", "B")
    assert matrix.values.tolist() == [[8.0, 2.0], [1.0, 4.0]]
    assert matrix.output.tolist() == [10.0, 5.0]
    assert matrix.expenditure.tolist() == [9.0, 6.0]
    assert matrix.index("B") == 1


def test_order_of_rows_does_not_matter_and_order_of_countries_is_kept():
    shuffled = flows().iloc[[3, 0, 2, 1]]
    assert (trade_matrix(shuffled, 2022).values == trade_matrix(flows(), 2022).values).all()
    turned = trade_matrix(flows(), 2022, countries=["B", "A"])
    assert turned.values.tolist() == [[4.0, 1.0], [2.0, 8.0]]


def test_values_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        trade_matrix(flows(), 2022).values[0, 0] = 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (flows(trade_usd=[8, -1, 1, 4]), "1 rows have a negative trade_usd; first row 1 .A to B, 2022."),
        (flows(trade_usd=[8, None, 1, 4]), "have no number as trade_usd; first row 1"),
        (flows(trade_usd=["8", "x", "1", "4"]), "have no number as trade_usd; first row 1"),
        (flows(trade_usd=[8, np.inf, 1, 4]), "have no number"),
        (flows(exporter=["A", None, "B", "B"]), "have no exporter; first row 1"),
        (flows(importer=["A", "A", "A", "B"]), "2 rows share their exporter, importer and year"),
        (flows().drop(columns="importer"), "lacks the column importer"),
        (flows().drop(columns="trade_usd"), "lacks the column trade_usd"),
        (flows().iloc[:0], "no rows"),
        (flows(year=2022.5), "no whole number"),
    ],
)
def test_bad_tables_are_refused_with_the_row(table, message):
    with pytest.raises(SchemaError, match=message):
        check_flows(table, "trade_usd")


def test_checked_flows_keep_rows_index_and_further_columns():
    table = flows(note="x").set_index(pd.Index([5, 3, 9, 1]))
    checked = check_flows(table, "trade_usd", domestic=True)
    assert checked.index.tolist() == [5, 3, 9, 1]
    assert checked["note"].tolist() == ["x"] * 4
    assert checked["trade_usd"].dtype == np.float64


def test_domestic_sales_are_asked_for_by_country_and_year():
    assert len(check_flows(flows().iloc[:3], "trade_usd")) == 3
    with pytest.raises(IdentificationError, match=r"1 country-years have no domestic sales.*first B in 2022"):
        check_flows(flows().iloc[:3], "trade_usd", domestic=True)
    with pytest.raises(IdentificationError, match="first B in 2022"):
        trade_matrix(flows(trade_usd=[8, 2, 1, 0]), 2022)


def test_a_missing_pair_or_year_is_named():
    with pytest.raises(SchemaError, match="1 of 4 pairs have no row in 2022; first A to B"):
        trade_matrix(flows().drop(index=1), 2022)
    with pytest.raises(SchemaError, match=r"no row of 1999\. The table has 2022"):
        trade_matrix(flows(), 1999)


def test_a_matrix_without_any_domestic_sales_is_no_baseline():
    abroad = TradeMatrix(("A", "B"), [[0.0, 2.0], [1.0, 0.0]], 2022, "dollars")
    with pytest.raises(IdentificationError, match=r"trade matrix of 2022: the diagonal is empty.*at home"):
        abroad.require_trade()


def test_a_country_without_exports_or_imports_is_named():
    three = pd.DataFrame(
        [(a, b, 1.0) for a in "ABC" for b in "ABC"], columns=["exporter", "importer", "trade_usd"]
    ).assign(year=2022)
    sells = three.assign(trade_usd=1.0 * ~((three["exporter"] == "C") & (three["importer"] != "C")))
    with pytest.raises(IdentificationError, match="C sell nothing to the other"):
        trade_matrix(sells, 2022)
    buys = three.assign(trade_usd=1.0 * ~((three["importer"] == "C") & (three["exporter"] != "C")))
    with pytest.raises(IdentificationError, match="C buy nothing from the other"):
        trade_matrix(buys, 2022)


@pytest.mark.parametrize(
    ("countries", "values", "message"),
    [
        (("A", "B"), np.ones((2, 3)), r"shape \(2, 3\) for 2 countries"),
        (("A", "A"), np.ones((2, 2)), "A stands in it twice"),
        (("A", "B"), [[1, np.nan], [1, 1]], "first A to B"),
        (("A", "B"), [[1, 1], [-1, 1]], "first B to A, -1"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(countries, values, message):
    with pytest.raises(SchemaError, match=message):
        TradeMatrix(countries, values, 2022, "dollars")


def test_unknown_country_is_named():
    with pytest.raises(SchemaError, match="C is not among its 2 countries"):
        trade_matrix(flows(), 2022).index("C")


def test_icio_matrix_adds_up_the_table():
    table = load_table("icio_flows")
    matrix = icio_matrix()
    assert len(matrix.countries) == 80
    assert matrix.values.sum() == pytest.approx(table["flow_million_usd"].sum())
    pair = table[(table["exporter"] == "RUS") & (table["importer"] == "PAK")]
    found = matrix.values[matrix.index("RUS"), matrix.index("PAK")]
    assert found == pytest.approx(pair["flow_million_usd"].sum())
    energy = icio_matrix(["B05", "B06"])
    mined = pair[pair["sector"].isin(["B05", "B06"])]["flow_million_usd"].sum()
    assert energy.values[energy.index("RUS"), energy.index("PAK")] == pytest.approx(mined)


def test_icio_matrix_refuses_unknown_industries():
    with pytest.raises(SchemaError, match="B99 is no industry"):
        icio_matrix(["B05", "B99"])
    with pytest.raises(SchemaError, match="empty"):
        icio_matrix([])
