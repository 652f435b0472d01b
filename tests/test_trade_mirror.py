"""Both reports of one flow: agreement within freight, gaps, and who might stand between."""

import json

import numpy as np
import pandas as pd
import pytest

from charts import rows_of
from tropism.errors import DataNotPresentError, IdentificationError, SchemaError
from tropism.tables import load_table
from tropism.trade.mirror import mirror
from tropism.trade.reports import reports_from_comtrade, reports_from_cow

COLUMNS = ["exporter", "importer", "year", "reporter", "trade_usd"]


def reports(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


# 2020: 5 per cent dearer on arrival. 2021: IND has 500 more, and ARE reports 400 more than IND books from it,
# of which RUS can have sold it at most 300. 2022: IND has 400 less and books 350 more from KAZ than KAZ sold.
KNOWN = reports(
    ("RUS", "IND", 2020, "exporter", 1000.0),
    ("RUS", "IND", 2020, "importer", 1050.0),
    ("RUS", "IND", 2021, "exporter", 1000.0),
    ("RUS", "IND", 2021, "importer", 1600.0),
    ("ARE", "IND", 2021, "exporter", 900.0),
    ("ARE", "IND", 2021, "importer", 500.0),
    ("RUS", "ARE", 2021, "exporter", 300.0),
    ("TUR", "IND", 2021, "exporter", 100.0),
    ("TUR", "IND", 2021, "importer", 105.0),
    ("RUS", "IND", 2022, "exporter", 1000.0),
    ("RUS", "IND", 2022, "importer", 600.0),
    ("KAZ", "IND", 2022, "exporter", 100.0),
    ("KAZ", "IND", 2022, "importer", 460.0),
    ("RUS", "IND", 2023, "importer", 2000.0),
)


def test_both_reports_stand_side_by_side():
    table = mirror(KNOWN, "RUS", "IND").tidy().set_index("year")
    assert table["gap_usd"].tolist()[:3] == [50.0, 600.0, -400.0]
    assert table["log_ratio"][2021] == pytest.approx(np.log(1.6))
    assert table["excess_usd"].tolist()[:3] == pytest.approx([0.0, 500.0, -400.0])
    assert table["reading"].tolist() == [
        "within freight and insurance",
        "importer has more",
        "exporter has more",
        "only the importer reports",
    ]


def test_a_year_with_one_report_has_no_gap_and_is_named():
    found = mirror(KNOWN, "RUS", "IND")
    assert np.isnan(found.gap_usd[3])
    assert any("RUS has no report of this flow in 1 of 4 years: 2023" in note for note in found.notes)


def test_the_band_is_an_assumption_that_can_be_changed():
    strict = mirror(KNOWN, "RUS", "IND", cif_fob=1.0)
    assert strict.excess_usd[0] == pytest.approx(50.0)
    with pytest.raises(SchemaError, match="1 or more"):
        mirror(KNOWN, "RUS", "IND", cif_fob=0.9)


def test_suspects_are_bounded_by_what_they_can_have_passed_on():
    suspects = mirror(KNOWN, "RUS", "IND").suspects.set_index(["year", "via"])
    assert suspects.index.tolist() == [(2021, "ARE"), (2022, "KAZ")]
    assert suspects["could_explain_usd"].tolist() == pytest.approx([300.0, 350.0])
    assert suspects["share_of_gap"].tolist() == pytest.approx([0.6, 0.875])


def test_a_country_whose_records_agree_is_no_suspect():
    assert "TUR" not in set(mirror(KNOWN, "RUS", "IND").suspects["via"])


def test_reporters_may_be_named_by_state_and_rows_in_any_order():
    named = KNOWN.assign(reporter=[row[row["reporter"]] for _, row in KNOWN.iterrows()])
    shuffled = named.sample(frac=1, random_state=1)
    for other in (named, shuffled):
        assert mirror(other, "Russia", "India").to_json() == mirror(KNOWN, "RUS", "IND").to_json()


def test_a_reconciled_table_cannot_be_mirrored():
    with pytest.raises(IdentificationError, match="already reconciled"):
        mirror(load_table("mineral_trade"), "RUS", "IND", value="trade_thousand_usd")
    with pytest.raises(IdentificationError, match="every row is the importer's report"):
        mirror(KNOWN[KNOWN.reporter == "importer"], "RUS", "IND")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (KNOWN.drop(columns="year"), "lacks the column year"),
        (KNOWN.replace({"trade_usd": {1050.0: -1.0}}), "first RUS to IND in 2020"),
        (KNOWN.replace({"trade_usd": {1050.0: np.nan}}), "leave out what was not reported"),
        (pd.concat([KNOWN, KNOWN.head(1)]), "repeat a key; first RUS to IND in 2020"),
        (KNOWN.replace({"reporter": {"exporter": "CHN"}}), "reported by neither side"),
        (KNOWN.assign(importer="RUS"), "from a state to itself"),
    ],
)
def test_bad_tables_are_refused_with_the_row(rows, message):
    with pytest.raises(SchemaError, match=message):
        mirror(rows, "RUS", "IND")


def test_a_flow_that_nobody_reports_is_refused():
    with pytest.raises(DataNotPresentError, match="neither PAK nor IND"):
        mirror(KNOWN, "PAK", "IND")
    with pytest.raises(SchemaError, match="both RUS"):
        mirror(KNOWN, "RUS", "Russia")


def test_results_are_complete():
    found = mirror(KNOWN, "RUS", "IND")
    answer = json.loads(found.to_json())
    assert answer["years"][3]["gap_usd"] is None
    assert answer["suspects"][0]["via"] == "ARE"
    assert answer["settings"]["cif_fob"] == 1.1
    assert found.summary()["suspect"].tolist() == ["", "ARE", "KAZ", ""]
    chart = found.plot().to_dict()
    reports, bars, world = chart["vconcat"]
    assert [layer["mark"]["type"] for layer in reports["layer"]] == ["area", "line"]
    assert "2022" in bars["title"]["text"]
    assert rows_of(chart, bars) == [{"via": "KAZ", "share_of_gap": 0.875, "value": 0.00035}]
    shown = {row["state"]: row["value"] for row in rows_of(chart, world) if row.get("value") is not None}
    assert shown == {"KAZ": 0.875}
    unsuspected = mirror(KNOWN[KNOWN["exporter"] == "RUS"], "RUS", "IND")
    assert len(unsuspected.plot().to_dict()["vconcat"]) == 1
    assert "REStat" in found.cite()


COMTRADE = pd.DataFrame(
    [
        # reporter, partner, flow, year, frequency, product, partner2, transport, customs, value
        (643, 699, "X", 2019, "A", "TOTAL", 0, 0, "C00", 7.3e9),
        (699, 643, "M", 2019, "A", "TOTAL", 0, 0, "C00", 6.2e9),
        (699, 643, "M", 2019, "A", "TOTAL", 0, 2100, "C00", 6.0e9),
        (699, 643, "M", 2019, "A", "27", 0, 0, "C00", 2.0e9),
        (699, 643, "RX", 2019, "A", "TOTAL", 0, 0, "C00", 1.0e6),
        (699, 0, "M", 2019, "A", "TOTAL", 0, 0, "C00", 4.8e11),
        (699, 899, "M", 2019, "A", "TOTAL", 0, 0, "C00", 1.0e9),
        (699, 643, "M", 2019, "M", "TOTAL", 0, 0, "C00", 5.0e8),
    ],
    columns=[
        "reporterCode",
        "partnerCode",
        "flowCode",
        "refYear",
        "freqCode",
        "cmdCode",
        "partner2Code",
        "motCode",
        "customsCode",
        "primaryValue",
    ],
)


def test_comtrade_rows_become_two_reports():
    table = reports_from_comtrade(COMTRADE)
    assert table.to_dict("list") == {
        "exporter": ["RUS", "RUS"],
        "importer": ["IND", "IND"],
        "year": [2019, 2019],
        "reporter": ["exporter", "importer"],
        "trade_usd": [7.3e9, 6.2e9],
    }
    assert mirror(table, "RUS", "IND").tidy()["reading"].tolist() == ["exporter has more"]
    with pytest.raises(SchemaError, match="lacks the column primaryValue"):
        reports_from_comtrade(COMTRADE.drop(columns="primaryValue"))
    with pytest.raises(SchemaError, match="none is an annual"):
        reports_from_comtrade(COMTRADE, product="99")


def test_cow_holds_two_directions_and_one_report():
    dyads = pd.DataFrame(
        {"ccode1": [365, 365], "ccode2": [770, 750], "year": 2010, "flow1": [10, -9], "flow2": [30, 50]}
    )
    table = reports_from_cow(dyads)
    assert table[["exporter", "importer", "trade_usd"]].values.tolist() == [
        ["PAK", "RUS", 10e6],
        ["RUS", "PAK", 30e6],
        ["RUS", "IND", 50e6],
    ]
    with pytest.raises(IdentificationError, match="importer's report"):
        mirror(table, "RUS", "PAK")
    national = pd.DataFrame({"ccode": [365], "year": [2010], "exports": [75.0]})
    total = mirror(reports_from_cow(dyads, national), "RUS", "WLD")
    assert (total.by_exporter[0], total.by_importer[0]) == (75e6, 80e6)
