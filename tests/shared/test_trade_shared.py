"""COW trade (Barbieri and Keshk 2016) and CEPII distances: mirrors and gaps on data that we do not ship."""

import numpy as np
import pandas as pd
import pytest

from tropism.errors import IdentificationError
from tropism.trade.gap import gap_series, held_out_coverage, trade_gap
from tropism.trade.mirror import mirror
from tropism.trade.reports import reports_from_comtrade, reports_from_cow

#: CEPII's codes predate 2010.
RENAMED = {"ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "PAL": "PSE"}


@pytest.fixture(scope="module")
def dyadic(shared_data):
    return pd.read_parquet(shared_data / "trade" / "cow_trade_4_0_dyadic_1950_2014.parquet")


@pytest.fixture(scope="module")
def national(shared_data):
    return pd.read_parquet(shared_data / "trade" / "cow_trade_4_0_national.parquet")


@pytest.fixture(scope="module")
def costs(shared_data):
    pairs = pd.read_parquet(shared_data / "geography" / "cepii_geodist_dist.parquet")
    pairs = pairs.replace({"iso_o": RENAMED, "iso_d": RENAMED})
    table = {"exporter": pairs.iso_o, "importer": pairs.iso_d, "log_distance": np.log(pairs["dist"])}
    flags = {name: pairs[name].astype(float) for name in ("contig", "comlang_off", "colony")}
    return pd.DataFrame(table | flags)


def flows(dyadic, *years):
    table = reports_from_cow(dyadic[dyadic.year.isin(years)])
    return table.assign(trade_million_usd=table.trade_usd / 1e6)


def test_cow_dyads_hold_two_directions_of_one_report_each(dyadic):
    table = flows(dyadic, 2014)
    pair = table[table.exporter.isin(["SAU", "JPN"]) & table.importer.isin(["SAU", "JPN"])]
    bought = pair.set_index("importer").trade_usd
    # Japan's oil imports against Saudi purchases: no two reports of one flow differ by a factor of six.
    assert bought["JPN"] > 5 * bought["SAU"]
    with pytest.raises(IdentificationError, match="importer's report"):
        mirror(table, "SAU", "JPN")


def test_flow1_is_the_imports_of_the_first_state(dyadic, national):
    # Summed over partners the flows give the importer's own total to a per cent, and the exporter's total
    # only with freight: the direction that the README states, and the importer's report.
    table = flows(dyadic, 2010)
    own = national[national.year == 2010].set_index("ccode")
    from tropism.states import from_cow

    own.index = [from_cow(code, 2010).iso3 for code in own.index]
    bought = (table.groupby("importer").trade_million_usd.sum() / own.imports).dropna()
    sold = (table.groupby("exporter").trade_million_usd.sum() / own.exports).dropna()
    assert bought.median() == pytest.approx(0.994, abs=0.005)
    assert 1.02 < sold.median() < 1.06


def test_national_totals_can_be_mirrored(dyadic, national):
    years = [2008, 2009, 2010]
    table = reports_from_cow(dyadic[dyadic.year.isin(years)], national[national.year.isin(years)])
    found = mirror(table, "Germany", "WLD")
    assert found.years.tolist() == years
    assert np.exp(found.log_ratio) == pytest.approx(np.ones(3), abs=0.1)
    assert found.suspects.empty


def test_comtrade_columns_are_those_of_the_format_sample(shared_data):
    names = (shared_data / "format_samples" / "comtrade_final_columns.csv").read_text().strip().split(",")
    rows = pd.DataFrame(columns=names, index=range(2))
    rows["reporterCode"], rows["partnerCode"], rows["flowCode"] = [643, 586], [586, 643], ["X", "M"]
    rows["refYear"], rows["freqCode"], rows["cmdCode"] = 2021, "A", "TOTAL"
    rows["partner2Code"], rows["motCode"], rows["customsCode"] = 0, 0, "C00"
    rows["primaryValue"] = [5.0e8, 5.4e8]
    found = mirror(reports_from_comtrade(rows), "RUS", "PAK").tidy()
    assert found["reading"].tolist() == ["within freight and insurance"]


def test_gaps_by_year_on_a_panel(dyadic, costs):
    panel = flows(dyadic, 1960, 1961)
    gap = trade_gap("PAK", "USA", flows=panel, costs=costs, value="trade_million_usd")
    table = gap.summary()
    assert sorted(gap.tidy().year.unique()) == [1960, 1961]
    assert table.year.tolist() == [1961, 1961]
    # Aid paid for American wheat: PAK bought more from the US than gravity would have it.
    assert table.set_index("side").percentile["imports"] > 0.8
    series = gap_series(["USA"], side="imports", flows=panel, costs=costs, value="trade_million_usd", draws=0)
    row = table.set_index("side").loc["imports"]
    assert series.path("PAK>USA")[1][-1] == pytest.approx(row.log_ratio, abs=1e-4)


def test_coverage_on_cow_trade(dyadic, costs):
    panel = flows(dyadic, 1960)
    table = held_out_coverage(flows=panel, costs=costs, value="trade_million_usd")
    assert table.zeros.mean() > 0.1
    assert np.average(table.coverage, weights=table.flows) == pytest.approx(0.9, abs=0.015)
    # 346 flows a tenth, up to half of them below half a million and rounded to zero.
    assert table.coverage.between(0.86, 0.94).all(), table.to_string()
