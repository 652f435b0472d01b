"""The row of ideal points reads the user's own votes where the store has some, and says so."""

import pyarrow as pa
import pytest

from tropism.assessment import assess, own_votes
from tropism.errors import MissingExtraError
from tropism.series import Provenance
from tropism.tables import read_table
from tropism.tables.store import Store
from tropism.votes.ideal_points import compact


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A store of its own with a few votes in it."""
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    rows = [(1, state, 1946, 1, None, 1 + i % 3) for i, state in enumerate(("PAK", "RUS", "USA"))]
    names = ("rcid", "iso3", "year", "session", "vote_date", "vote")
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    Store().write("un_votes", table, Provenance("my coding", "mine", "2026-01-31"))
    return tmp_path


@pytest.fixture
def fits(monkeypatch):
    """Stands for the fit, which needs numba: keeps the embedded tables, and counts."""
    made = []

    def fit(library, folder, session):
        made.append(library.read("un_votes").num_rows)
        folder.mkdir(parents=True)
        for name in compact.TABLES:
            table = read_table(name)
            chosen = table.filter(pa.compute.equal(table["vote_set"].cast(pa.string()), "all"))
            pa.parquet.write_table(chosen, folder / f"{name}.parquet")

    monkeypatch.setattr(own_votes, "_fit", fit)
    return made


def test_without_own_votes_nothing_is_fitted(tmp_path, monkeypatch, fits):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    assert own_votes.own_fit() == own_votes.OwnFit({}) and not fits


def test_own_votes_are_fitted_once_and_named_as_source(stored, fits):
    for _ in range(2):
        answer = assess("PAK", toward="RUS", away_from="USA")
        row = next(each for each in answer.rows if each.name == "ideal_points")
        assert "Ideal points fitted to un_votes: my coding" in {each.source for each in row.coverage.sources}
        assert row.remarks[0].startswith("fitted to your un_votes, as of 2026-01-31")
        assert any("no-nuclear" in remark for remark in row.remarks)  # other sets stay as embedded
    assert fits == [3]


def test_other_votes_are_another_fit(stored, fits):
    own_votes.own_fit()
    table = Store().read("un_votes").slice(0, 2)
    Store().write("un_votes", table, Provenance("my coding", "mine", "2026-02-28"))
    assert "2026-02-28" in own_votes.own_fit().remark and fits == [3, 2]


def test_where_no_fit_can_be_made_the_embedded_one_is_used_and_said_so(stored, monkeypatch):
    def fails(library, folder, session):
        raise MissingExtraError("ideal points: numba is not installed.")

    monkeypatch.setattr(own_votes, "_fit", fails)
    answer = assess("PAK", toward="RUS", away_from="USA")
    row = next(each for each in answer.rows if each.name == "ideal_points")
    assert row.status == "ranked"
    assert row.remarks[0].startswith(
        "as embedded, since your un_votes could not be used: ideal points: numba"
    )
