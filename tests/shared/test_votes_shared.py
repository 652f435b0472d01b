"""Embedded vote tables and measures against the raw votes and against published dyad-years."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.states import from_cow
from tropism.tables import load_table, read_table, schema
from tropism.votes._kernels import similarity_measures
from tropism.votes.similarity import COUNTS, joint_counts, similarity_panel

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

KOREA = 732


@pytest.fixture(scope="module")
def votes(shared_data):
    columns = ["rcid", "session", "ccode", "vote", "date"]
    return pd.read_parquet(shared_data / "unga" / "votes.parquet", columns=columns)


@pytest.fixture(scope="module")
def published(shared_data):
    """Miller's stevedata: South Korea's similarity to every state, from Voeten's and from fpsim's data."""
    frame = pd.read_csv(shared_data / "unga" / "rok_unga.csv")
    return frame.astype({"ccode2": int, "year": int}).set_index(["ccode2", "year"])


def with_korea(votes):
    """Joint counts of South Korea with every state and session, counted afresh."""
    rows = votes[votes["session"] >= 46]
    korea = rows[rows["ccode"] == KOREA].set_index("rcid")["vote"]
    others = rows[rows["ccode"] != KOREA].assign(korea=lambda frame: frame["rcid"].map(korea)).dropna()
    cell = (others["korea"].astype(int) - 1) * 3 + others["vote"] - 1
    wide = (
        pd.crosstab([others["ccode"], others["session"] + 1945], cell)
        .reindex(columns=range(9), fill_value=0)
        .rename_axis(index=["ccode2", "year"])
    )
    return wide.index, wide.to_numpy().reshape(-1, 3, 3)


def test_graded_agreement_against_voetens_for_south_korea(votes, published):
    # Voeten leaves out unanimous roll calls; the embedded table keeps them.
    divided = votes.groupby("rcid")["vote"].transform("nunique") > 1
    index, tables = with_korea(votes[divided])
    ours = pd.Series(similarity_measures(tables).graded_agreement, index=index)
    both = pd.concat([ours, published["v_agree"]], axis=1, keys=["ours", "theirs"]).dropna()
    assert len(both) == 5938
    np.testing.assert_allclose(both.ours, both.theirs, rtol=0, atol=1e-9)


def test_kappa_of_south_korea_against_fpsim(votes, published):
    # fpsim's kappa has squared weights and goes by calendar year; in 2018-2021 sessions and calendar years
    # hold the same roll calls.
    index, tables = with_korea(votes)
    ours = pd.Series(similarity_measures(tables, "quadratic").kappa, index=index)
    both = pd.concat([ours, published["kappa"]], axis=1, keys=["ours", "theirs"]).dropna()
    both = both[both.index.get_level_values("year").isin(range(2018, 2022))]
    assert len(both) == 766
    np.testing.assert_allclose(both.ours, both.theirs, rtol=0, atol=1e-9)
    linear = pd.Series(similarity_measures(tables).kappa, index=index).reindex(both.index)
    assert (linear - both.theirs).abs().median() > 0.01


def test_embedded_counts_of_south_korea_equal_the_raw_votes(votes):
    index, tables = with_korea(votes)
    raw = pd.DataFrame(tables.reshape(-1, 9), columns=list(COUNTS), index=index)
    embedded = load_table("un_vote_counts").astype({"iso3_a": str, "iso3_b": str}).query("year >= 1991")
    rows = embedded[(embedded["iso3_a"] == "KOR") | (embedded["iso3_b"] == "KOR")]
    tables = rows[list(COUNTS)].to_numpy().reshape(-1, 3, 3)
    forward = (rows["iso3_a"] == "KOR").to_numpy()[:, None, None]
    ours = np.where(forward, tables, tables.transpose(0, 2, 1)).reshape(-1, 9)
    by_year = pd.DataFrame(ours, columns=list(COUNTS)).assign(year=rows["year"].to_numpy())
    order = ["year", *COUNTS]
    expected = raw.reset_index().drop(columns="ccode2")[order].astype(int).sort_values(order)
    np.testing.assert_array_equal(
        by_year[order].astype(int).sort_values(order).to_numpy(), expected.to_numpy()
    )


def test_counting_all_raw_votes_gives_the_embedded_table(votes):
    codes = votes[["ccode", "session"]].drop_duplicates()
    codes["iso3"] = [from_cow(code, session + 1945).iso3 for code, session in codes.to_numpy().tolist()]
    named = votes.merge(codes).assign(year=lambda frame: frame["session"] + 1945)
    counted = schema.check("un_vote_counts", joint_counts(named.drop(columns=["ccode", "date"])))
    embedded = read_table("un_vote_counts")
    assert counted.num_rows == embedded.num_rows == 900_147
    for name in ("iso3_a", "iso3_b"):
        assert counted[name].cast(pa.string()).equals(embedded[name].cast(pa.string()))
    assert counted.select(["year", *COUNTS]).equals(embedded.select(["year", *COUNTS]))


def test_graded_agreement_of_all_dyads_on_divided_roll_calls_against_voetens(votes, published):
    # As above, by the panel: South Korea is one of 200 states, unanimous roll calls are not listed.
    divided = votes.groupby("rcid")["vote"].nunique().loc[lambda kinds: kinds > 1].reset_index()[["rcid"]]
    rows = votes.assign(unit=votes["ccode"], year=votes["session"] + 1945)
    panel = similarity_panel(joint_counts(rows, divided), min_joint=1)
    ours = panel.series([str(KOREA)], "graded_agreement").tidy()
    ours["ccode2"] = ours["unit"].str.partition(">")[0].astype(int)
    both = ours.set_index(["ccode2", "year"])[["estimate"]].join(published["v_agree"], how="inner").dropna()
    assert len(both) == 5938
    # A panel is in float32.
    np.testing.assert_allclose(both["estimate"], both["v_agree"], rtol=0, atol=1e-7)


def test_every_joint_vote_is_counted_once(votes):
    counted = load_table("un_vote_counts").groupby("year")[list(COUNTS)].sum().sum(axis=1)
    voters = votes.groupby(["session", "rcid"]).size()
    pairs = (voters * (voters - 1) // 2).groupby("session").sum()
    assert (counted.to_numpy() == pairs.to_numpy()).all()
    assert len(counted) == 78


def test_the_emergency_session_on_ukraine_is_missing_as_the_note_says(shared_data):
    calls = pd.read_parquet(shared_data / "unga" / "rollcalls.parquet")
    gap = calls[(calls["date"] > "2021-12-24") & (calls["date"] < "2022-11-03")]
    assert gap.empty
    # yes, no, abstain of ES-11/1 to ES-11/6 as announced by the UN.
    announced = {(141, 5, 35), (140, 5, 38), (93, 24, 58), (143, 5, 35), (94, 14, 73), (141, 7, 32)}
    late = calls[calls["date"] >= "2022-01-01"]
    assert not announced & set(zip(late["yes"], late["no"], late["abstain"], strict=True))


def test_took_no_part_follows_the_two_rules_of_membership(votes, shared_data):
    absences = pd.read_parquet(shared_data / "unga" / "absences_s1_70.parquet")
    contested = load_table("un_contested_votes").astype({"iso3": str, "pole_1": str, "pole_2": str})
    for session, code, iso3 in ((60, 770, "PAK"), (40, 80, "BLZ"), (75, 770, "PAK")):
        rows = votes[votes["session"] == session].set_index("rcid")
        russia, usa, own = (rows[rows["ccode"] == pole]["vote"] for pole in (365, 2, code))
        opposed = {rcid for rcid in russia.index if {russia[rcid], usa.get(rcid)} == {1, 3}}
        away = set(absences[(absences["session"] == session) & (absences["ccode"] == code)]["rcid"])
        expected = opposed - set(own.index) if session > 70 else opposed & away
        pole = "SUN" if session < 47 else "RUS"
        row = contested.query(
            f"iso3 == '{iso3}' and pole_1 == '{pole}' and pole_2 == 'USA' and year == {session + 1945}"
        )
        assert row["took_no_part"].tolist() == [len(expected)]
