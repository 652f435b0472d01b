"""Invented rows in the layouts of the providers: every sample is read, and no row is lost.

The samples of SIPRI and GSDB name states that never were; the tests put real names in their place.
"""

import csv
import re

import pyarrow.compute as pc
import pytest

from tropism.sources import baci, cepii_gravity, dac2a, gsdb, imts, sipri
from tropism.tables import schema

NAMES = {
    "Ruritania": "Pakistan",
    "Freedonia": "France",
    "Sylvania": "Slovakia",
    "Grand Fenwick": "Germany",
    "RUR": "PAK",
    "FRE": "FRA",
}


@pytest.fixture
def sample(shared_data, tmp_path):
    """A sample with real names, under a name that tells nothing."""

    def copy(name):
        text = (shared_data / "format_samples" / name).read_text(encoding="utf-8")
        for invented, real in NAMES.items():
            text = re.sub(rf"\b{invented}\b", real, text)
        path = tmp_path / f"download {len(list(tmp_path.iterdir()))}"
        path.write_text(text, encoding="utf-8")
        return path

    return copy


def lines(path, header):
    """Rows of a CSV file after its header."""
    found = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    start = next(i for i, line in enumerate(found) if line and line[0] == header)
    return [dict(zip(found[start], line, strict=True)) for line in found[start + 1 :] if line]


def parsed(source, *files):
    return {name: schema.check(name, table) for name, table in source.parse(files, None).items()}


def test_sipri_register_of_2024(sample):
    path = sample("sipri_trade_register_2024layout.SYNTHETIC.csv")
    deliveries = parsed(sipri, path)["arms_transfers"]
    official = lines(path, "SIPRI AT Database ID")
    assert deliveries.num_rows == len(official)
    total = sum(float(row["TIV delivery values"]) for row in official)
    assert pc.sum(deliveries["tiv_millions"]).as_py() == pytest.approx(total, rel=1e-5)


def test_sipri_register_of_2023(sample):
    path = sample("sipri_trade_register_2023layout.SYNTHETIC.csv")
    deliveries = parsed(sipri, path)["arms_transfers"]
    official = lines(path, "Recipient")
    assert deliveries.num_rows == sum(len(row["Year(s) of delivery"].split(";")) for row in official)
    total = sum(float(row["SIPRI TIV of delivered weapons"]) for row in official)
    assert pc.sum(deliveries["tiv_millions"]).as_py() == pytest.approx(total, rel=1e-5)
    assert deliveries["licensed_production"].null_count == deliveries.num_rows


def test_sipri_tiv_table(sample):
    path = sample("sipri_tiv_import_export.SYNTHETIC.csv")
    totals = parsed(sipri, path)["arms_totals"]
    official = [row for row in lines(path, "") if row[""] != "Total"]
    assert totals.num_rows == sum(bool(row[year]) for row in official for year in row if year.isdigit())
    assert pc.sum(totals["tiv_millions"]).as_py() == sum(float(row["Total"]) for row in official)
    assert pc.unique(totals["supplier"]).to_pylist() == ["FRA"]


def test_gsdb_cases_and_dyads(sample):
    cases = sample("gsdb_case_level.SYNTHETIC.csv")
    dyads = sample("gsdb_dyadic_year.SYNTHETIC.csv")
    tables = parsed(gsdb, dyads, cases)
    # Case 2 has two targets and two senders.
    assert tables["sanction_cases"].num_rows == 1 + 4 + 1
    years = tables["sanction_years"].to_pylist()
    assert len(years) == len(lines(dyads, "case_id"))
    assert {year["cases"] for year in years} == {2}


def test_baci_with_its_list_of_codes(sample):
    path, codes = sample("baci_HS92_Y2022.SYNTHETIC.csv"), sample("baci_country_codes.sample.csv")
    trade = parsed(baci, codes, path)["product_trade"]
    official = lines(path, "t")
    assert trade.num_rows == len(official)
    assert trade["quantity_tonnes"].null_count == sum(row["q"].strip() == "NA" for row in official)
    total = sum(float(row["v"]) for row in official)
    assert pc.sum(trade["trade_thousand_usd"]).as_py() == pytest.approx(total, rel=1e-5)


def test_imts(sample):
    path = sample("imf_imts.SYNTHETIC.csv")
    reports = parsed(imts, path)["trade_reports"]
    assert reports.num_rows == len(lines(path, "DATAFLOW"))
    assert set(pc.unique(reports["reporter"]).to_pylist()) == {"exporter", "importer"}


def test_dac2a(sample):
    path = sample("oecd_dac2a.SYNTHETIC.csv")
    aid = parsed(dac2a, path)["aid"]
    # Constant and current prices of a flow are one row.
    assert aid.num_rows * 2 == len(lines(path, "DATAFLOW"))
    assert not aid["aid_million_usd"].null_count + aid["aid_current_million_usd"].null_count


def test_gravity_header_holds_every_column_that_is_read(shared_data, tmp_path):
    header = (shared_data / "format_samples" / "cepii_gravity_V202211_header.csv").read_text().strip()
    values = {
        "year": "2010",
        "country_id_o": "DEU.2",
        "iso3_o": "DEU",
        "country_id_d": "PAK",
        "iso3_d": "PAK",
    }
    row = ",".join(values.get(name, "1") for name in header.split(","))
    path = tmp_path / "download"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert parsed(cepii_gravity, path)["gravity_covariates"].num_rows == 1
