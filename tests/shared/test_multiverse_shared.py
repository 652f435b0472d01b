"""The multiverse on the votes themselves: codings agree with embedded counts, fits can be made anew."""

import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.dyads import Triad, Window
from tropism.shifts.multiverse import cells, run
from tropism.shifts.multiverse.cells import measure
from tropism.shifts.multiverse.result import YEARS, _centre_and_spread
from tropism.states import from_cow
from tropism.votes.ideal_points import estimate_ideal_points

QUESTION = run._Question(Triad("HUN", "RUS", "USA"), 2014, 40, 0)


@pytest.fixture(scope="module")
def tables(shared_data):
    cast = pd.read_parquet(
        shared_data / "unga" / "votes.parquet", columns=["rcid", "session", "ccode", "vote"]
    )
    cast["year"] = cast["session"] + 1945
    cast = cast[cast["year"] >= 1995]
    codes = cast[["ccode", "year"]].drop_duplicates()
    pairs = zip(codes["ccode"], codes["year"], strict=True)
    codes["iso3"] = [from_cow(int(code), int(year)).iso3 for code, year in pairs]
    votes = cast.merge(codes, on=["ccode", "year"])[["iso3", "rcid", "year", "vote"]]
    rollcalls = pd.read_parquet(shared_data / "unga" / "rollcalls.parquet")
    return pa.Table.from_pandas(votes, preserve_index=False), pa.Table.from_pandas(
        rollcalls, preserve_index=False
    )


@pytest.fixture(scope="module")
def tasks(tables):
    """By kind, vote set, abstention and absence."""
    names = ("vote_set", "abstention", "absence")
    return {
        (task.kind, *(task.choices.get(name, "") for name in names)): task
        for task in QUESTION.voted(*tables, refit=True)
    }


def test_every_set_and_coding_has_a_task(tasks):
    kinds = [key[0] for key in tasks]
    assert kinds.count("similarity") == 10 * 5
    assert kinds.count("refit") == 10 * 5


def test_similarity_of_all_votes_is_that_of_the_embedded_counts(tasks):
    for embedded in QUESTION.counted():
        abstention = embedded.choices["abstention"]
        one, two = measure(embedded), measure(tasks["similarity", "all", abstention, "missing"])
        shared = sorted(set(one.states) & set(two.states))
        assert len(shared) > 180
        a, b = ([found.states.index(name) for name in shared] for found in (one, two))
        assert one.cells == two.cells
        assert np.allclose(one.change[:, a], two.change[:, b], equal_nan=True, atol=1e-5)


def test_absences_as_abstentions_change_the_answer(tasks):
    one, two = (
        measure(tasks["similarity", "no-nuclear", "middle", absence]) for absence in ("missing", "abstention")
    )
    assert one.cells[0]["measure"] == two.cells[0]["measure"]
    assert not np.allclose(one.change, two.change, equal_nan=True)


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")
def test_a_fit_made_anew_sees_hungary_move_toward_the_united_states(tasks):
    task = tasks["refit", "important", "weak-no", "missing"]
    found = measure(replace(task, draws=40))
    at = found.states.index("HUN")
    # The State Department's flags end in 2017: two years from 2016 on are too few.
    late = np.array([cell["event"] == "+2" for cell in found.cells])
    assert np.isnan(found.change[late, at]).all() and late.sum() < 4 * 6
    change, lower, upper = (part[~late, at] for part in (found.change, found.lower, found.upper))
    assert (found.apart[~late] > 0.5).all()
    assert (lower < change).all() and (change < upper).all()
    own = np.array([cell["measure"] == "position" for cell in found.cells])[~late]
    assert own.sum() == 4 * 8 and (change[own] < 0).all()  # toward Russia is positive


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")
def test_the_embedded_coding_is_fitted_with_other_links_and_smoothings_alone(tasks):
    """A logit that begins where the probit ended says what one that begins anew says."""
    task = replace(tasks["refit", "economic", "middle", "missing"], draws=2)
    found = measure(task)
    fits = [(cell["link"], cell["smoothing"]) for cell in found.cells]
    assert set(fits) == {("logit", "walk"), ("probit", "robust"), ("logit", "robust")}
    alone = estimate_ideal_points(task.tables[0], link="logit", draws=2).series()
    panel = next(panel for panel in cells._on_line(alone, task) if panel.choices["measure"] == "position")
    here = [i for i, cell in enumerate(found.cells) if fits[i] == ("logit", "walk")]
    here = [i for i in here if found.cells[i]["measure"] == "position"]
    for i in here:
        window = Window(*(found.cells[i][name] for name in YEARS))
        change = cells._cell(panel, window)[0][0]
        warm = found.change[i, [found.states.index(name) for name in panel.states]]
        # Both stop within a tolerance of their optimum. Measured: .12 spreads of the field.
        z = [each / _centre_and_spread(each[None])[1] for each in (change, warm)]
        assert np.sqrt(np.nanmean((z[0] - np.nanmedian(z[0]) - z[1] + np.nanmedian(z[1])) ** 2)) < 0.25
