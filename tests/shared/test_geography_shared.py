"""The embedded geography against CEPII GeoDist (Mayer and Zignago 2011, CEPII WP 2011-25)."""

import pandas as pd
import pytest

from tropism.tables import load_table

#: Capitals that moved since CEPII's list (GNQ, MMR, BDI), or that CEPII places outside the city: WSM and GIN
#: with a wrong longitude, NZL near the Chatham Islands, COL one degree west of Bogota.
MOVED_OR_MISPLACED = {"WSM", "GNQ", "MMR", "GIN", "NZL", "COL", "BDI"}


@pytest.fixture(scope="module")
def both(shared_data):
    cepii = pd.read_parquet(shared_data / "geography" / "cepii_geodist_dist.parquet")
    ours = load_table("geography").astype({"iso3_a": str, "iso3_b": str})
    return ours.merge(cepii, left_on=["iso3_a", "iso3_b"], right_on=["iso_o", "iso_d"])


def test_distances_agree_with_cepii(both):
    difference = (both.distance_km / both.distcap - 1).abs()
    assert len(both) > 23_000
    assert difference.median() < 0.0015
    named = both.iso3_a.isin(MOVED_OR_MISPLACED) | both.iso3_b.isin(MOVED_OR_MISPLACED)
    # At short distances the choice of the point in the city counts (Abuja differs by 40 km).
    far = both.distcap > 1000
    outliers = both[(difference > 0.05) & far & ~named]
    assert outliers.empty, outliers[["iso3_a", "iso3_b", "distance_km", "distcap"]].to_string()


def test_borders_agree_with_cepii(both):
    differ = both[both.shares_border != (both.contig == 1)]
    # Hong Kong, Macao and Singapore (a causeway) count with CEPII and not with GeoNames; the rest are
    # territorial changes and errors on either side.
    assert len(differ) <= 12, differ[["iso3_a", "iso3_b", "contig"]].to_string()


def test_languages_mostly_agree_with_cepii(both):
    assert (both.shares_language == (both.comlang_off == 1)).mean() > 0.96
