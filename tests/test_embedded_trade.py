"""The embedded tables of trade, input-output and geography: counts, identities and known figures."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tropism.tables import embedded, load_table

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))


@pytest.fixture(scope="module")
def mineral_trade():
    return load_table("mineral_trade")


@pytest.fixture(scope="module")
def icio():
    names = ("icio_flows", "icio_coefficients", "icio_output", "icio_sectors")
    return {name: load_table(name) for name in names}


@pytest.fixture(scope="module")
def geography():
    frame = load_table("geography").astype({"iso3_a": str, "iso3_b": str})
    return frame.set_index(["iso3_a", "iso3_b"])


def test_no_row_of_mineral_trade_is_lost(mineral_trade):
    assert len(mineral_trade) == 1_264_888
    assert mineral_trade.hs6.nunique() == 74
    assert (mineral_trade.year.min(), mineral_trade.year.max()) == (1995, 2024)
    assert not (mineral_trade.exporter.astype(str) == mineral_trade.importer.astype(str)).any()


def test_missing_quantities_are_null_and_values_never(mineral_trade):
    # The source writes NA in 61,682 rows; it has neither a zero quantity nor a zero value.
    assert mineral_trade.quantity_tonnes.isna().sum() == 61_682
    assert (mineral_trade.quantity_tonnes.dropna() > 0).all()
    assert (mineral_trade.trade_thousand_usd > 0).all()


def test_rows_that_name_russia_thin_out_as_the_notes_say(mineral_trade):
    years = [2021, 2022, 2023, 2024]
    as_exporter = mineral_trade[mineral_trade.exporter == "RUS"].year.value_counts()
    as_importer = mineral_trade[mineral_trade.importer == "RUS"].year.value_counts()
    assert as_exporter[years].tolist() == [1211, 915, 631, 505]
    assert as_importer[years].tolist() == [717, 420, 286, 213]
    notes = " ".join(embedded.manifest()["mineral_trade"].notes)
    assert "1,211 in 2021" in notes and "717, 420, 286 and 213" in notes


def test_gaps_that_the_notes_name_are_there(mineral_trade):
    gas = mineral_trade.query("exporter == 'RUS' and importer == 'TUR' and hs6 == 271121")
    assert gas.year.max() == 1999
    assert not mineral_trade.hs6.between(271000, 271099).any()


def test_codes_of_former_and_special_economies(mineral_trade):
    spans = mineral_trade.groupby("exporter", observed=True).year.agg(["min", "max"])
    assert spans.loc["SCG"].tolist() == [1995, 2005]
    assert spans.loc["ZA1"].tolist() == [1995, 1999]
    assert spans.loc["TWN"].tolist() == [1995, 2024]
    assert "S19" not in spans.index


def test_products_are_described_and_grouped(mineral_trade):
    products = load_table("mineral_products")
    assert set(products.hs6) == set(mineral_trade.hs6)
    assert products.commodity.value_counts().to_dict() == {"ores": 35, "metals": 19, "other": 12, "energy": 8}
    energy = products[products.commodity == "energy"].hs6.tolist()
    assert energy == [270111, 270112, 270119, 270210, 270220, 270900, 271111, 271121]


def test_world_flows_have_the_known_magnitude(icio):
    # 80 economies, 2022: gross output 192.4 trillion dollars, intermediate use 99.2, of it 14.6 across
    # borders; world GDP was about 101.
    flows = icio["icio_flows"].astype({"exporter": str, "importer": str})
    foreign = flows[flows.exporter != flows.importer]
    assert icio["icio_output"].output_million_usd.sum() / 1e6 == pytest.approx(192.42, abs=0.05)
    assert flows.flow_million_usd.sum() / 1e6 == pytest.approx(99.25, abs=0.05)
    assert foreign.flow_million_usd.sum() / 1e6 == pytest.approx(14.64, abs=0.02)
    assert (icio["icio_flows"].flow_million_usd > 0).all()


def test_cells_of_the_flow_table_equal_sums_over_the_raw_array(icio):
    # Sum over the 50 buying sectors k of A[r, k * 80 + importer] * omb * go, r = sector * 80 + exporter,
    # written out in a loop over the wheel's array.
    flows = icio["icio_flows"].set_index(["sector", "exporter", "importer"]).flow_million_usd
    raw = {
        ("C13T15", "PAK", "USA"): 486.3136,
        ("B06", "RUS", "CHN"): 34514.6839,
        ("C26", "TWN", "USA"): 5777.5013,
    }
    for cell, expected in raw.items():
        assert flows[cell] == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(
    ("exporter", "sector"), [("RUS", "B06"), ("SAU", "B06"), ("TWN", "C26"), ("PAK", "C13T15")]
)
def test_largest_export_sectors_are_those_everybody_knows(icio, exporter, sector):
    flows = icio["icio_flows"].astype({"exporter": str, "importer": str})
    abroad = flows[(flows.exporter == exporter) & (flows.importer != exporter)]
    assert abroad.groupby("sector", observed=True).flow_million_usd.sum().idxmax() == sector


def test_coefficients_of_a_column_add_up_to_the_share_of_intermediates(icio):
    output = icio["icio_output"].query("output_million_usd > 0").set_index(["iso3", "sector"])
    share = output.intermediate_million_usd / output.output_million_usd
    columns = icio["icio_coefficients"].groupby(["iso3", "sector_to"], observed=True).coefficient.sum()
    columns.index.names = ["iso3", "sector"]
    both = pd.concat({"columns": columns, "share": share}, axis=1).fillna(0.0)
    # Three numbers of four significant digits: half a unit in the fourth digit each.
    assert np.allclose(both["columns"], both["share"], rtol=1.5e-3, atol=1e-9)
    assert len(output) == 4000 - 51


def test_what_an_economy_buys_is_the_same_in_both_tables(icio):
    bought = icio["icio_flows"].groupby("importer", observed=True).flow_million_usd.sum()
    needed = icio["icio_output"].groupby("iso3", observed=True).intermediate_million_usd.sum()
    bought.index, needed.index = bought.index.astype(str), needed.index.astype(str)
    assert bought.sort_index().to_numpy() == pytest.approx(needed.sort_index().to_numpy(), rel=5e-4)


def test_flows_are_recovered_from_shares_with_a_capped_buyer():
    from embed.icio import add_up, recover_flows

    # Two sectors X, Y in two countries A, B; nodes XA, XB, YA, YB. YB buys more than it makes.
    flows = np.array([[1.0, 2.0, 0.0, 4.0], [0.0, 3.0, 1.0, 0.0], [2.0, 0.0, 5.0, 6.0], [0.0, 1.0, 0.0, 2.0]])
    output = np.array([20.0, 30.0, 40.0, 10.0])
    bought = flows.sum(axis=0)
    stored = {
        "A": flows / bought,
        "omb": np.minimum(bought / output, 0.98),
        "go": output,
        "z": output - flows.sum(axis=1),
    }
    recovered, made = recover_flows(stored)
    assert recovered == pytest.approx(flows)
    tables = add_up(recovered, made, np.array(["A", "B"]), np.array(["X", "Y"]))
    sold = tables["icio_flows"].set_index(["sector", "exporter", "importer"]).flow_million_usd
    assert sold["X", "A", "B"] == 2 + 4
    assert sold["Y", "A", "B"] == 0 + 6
    assert ("Y", "B", "A") not in sold.index  # a flow of zero has no row
    coefficients = tables["icio_coefficients"].set_index(["iso3", "sector_from", "sector_to"]).coefficient
    assert coefficients["B", "X", "Y"] == pytest.approx((4 + 0) / 10)
    assert coefficients["A", "X", "Y"] == pytest.approx((0 + 1) / 40)


def test_every_sector_is_described(icio):
    described = set(icio["icio_sectors"].sector)
    assert len(described) == 50
    assert set(icio["icio_flows"].sector) <= described
    assert set(icio["icio_coefficients"].sector_to) <= described
    assert set(icio["icio_output"].sector) == described


def test_distances_against_cepii_geodist(geography):
    # CEPII GeoDist (Mayer and Zignago 2011), variable distcap, in kilometres. They place the capitals by
    # older coordinates of the city: up to 1 % at these lengths, 2 % for the nearest pair.
    published = {
        ("PAK", "RUS"): 3658.64,
        ("PAK", "USA"): 11392.76,
        ("CHN", "PAK"): 3882.88,
        ("IND", "PAK"): 683.37,
        ("AFG", "PAK"): 374.65,
    }
    for pair, expected in published.items():
        assert geography.distance_km[pair] == pytest.approx(expected, rel=0.02)


def test_each_pair_stands_once_and_keeps_the_triangle_inequality(geography):
    first, second = (geography.index.get_level_values(level) for level in (0, 1))
    assert (first < second).all()
    states = sorted(set(first) | set(second))
    assert len(geography) == len(states) * (len(states) - 1) // 2
    distance = geography.distance_km.unstack().reindex(index=states, columns=states).to_numpy()
    distance = np.fmax(distance, distance.T)
    np.fill_diagonal(distance, 0.0)
    assert (distance <= 20_015.2).all()  # half the circumference
    for via in range(len(states)):
        assert (distance <= distance[:, [via]] + distance[[via], :] + 0.2).all()


def test_borders_of_pakistan(geography):
    borders = geography.index[geography.shares_border]
    assert {a if b == "PAK" else b for a, b in borders if "PAK" in (a, b)} == {"AFG", "CHN", "IND", "IRN"}


def test_languages_shared_by_known_pairs(geography):
    shared = geography.shares_language
    assert shared["IND", "PAK"] and shared["GBR", "USA"] and shared["CAN", "FRA"]
    assert not shared["PAK", "RUS"] and not shared["JPN", "RUS"]


def test_capitals_left_out_are_named_in_the_notes():
    capitals = load_table("capitals")
    assert len(capitals) == 242
    notes = " ".join(embedded.manifest()["capitals"].notes)
    assert all(code in notes for code in ("PLW (Melekeok)", "SCG (Belgrade)"))
    assert capitals.set_index("iso3").capital["USA"] == "Washington"
    washington = capitals.set_index("iso3").loc["USA"]
    assert (washington.latitude, washington.longitude) == pytest.approx((38.895, -77.036), abs=0.01)
