"""The multiverse on the votes themselves: codings agree with embedded counts, fits can be made anew."""

import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.dyads import Triad
from tropism.shifts.multiverse import run
from tropism.shifts.multiverse.cells import measure
from tropism.states import from_cow

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
    """By kind, vote set, abstention, absence, link and smoothing."""
    names = ("vote_set", "abstention", "absence", "link", "smoothing")
    return {
        (task.kind, *(task.choices.get(name, "") for name in names)): task
        for task in QUESTION.voted(*tables, refit=True)
    }


def test_every_set_and_coding_has_a_task(tasks):
    kinds = [key[0] for key in tasks]
    assert kinds.count("similarity") == 10 * 5
    # Four more codings, and around the embedded one another link and another smoothing.
    assert kinds.count("refit") == 10 * (4 + 2)
    assert ("refit", "all", "middle", "missing", "probit", "walk") not in tasks


def test_similarity_of_all_votes_is_that_of_the_embedded_counts(tasks):
    for embedded in QUESTION.counted():
        abstention = embedded.choices["abstention"]
        one, two = measure(embedded), measure(tasks["similarity", "all", abstention, "missing", "", ""])
        shared = sorted(set(one.states) & set(two.states))
        assert len(shared) > 180
        a, b = ([found.states.index(name) for name in shared] for found in (one, two))
        assert one.cells == two.cells
        assert np.allclose(one.change[:, a], two.change[:, b], equal_nan=True, atol=1e-5)


def test_absences_as_abstentions_change_the_answer(tasks):
    one, two = (
        measure(tasks["similarity", "no-nuclear", "middle", absence, "", ""])
        for absence in ("missing", "abstention")
    )
    assert one.cells[0]["measure"] == two.cells[0]["measure"]
    assert not np.allclose(one.change, two.change, equal_nan=True)


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")
def test_a_fit_made_anew_sees_hungary_move_toward_the_united_states(tasks):
    task = tasks["refit", "important", "weak-no", "missing", "probit", "walk"]
    found = measure(replace(task, draws=40))
    at = found.states.index("HUN")
    # The State Department's flags end in 2017: two years from 2016 on are too few.
    late = np.array([cell["event"] == "+2" for cell in found.cells])
    assert np.isnan(found.change[late, at]).all() and late.sum() < 6
    change, lower, upper = (part[~late, at] for part in (found.change, found.lower, found.upper))
    assert (found.apart[~late] > 0.5).all()
    assert (lower < change).all() and (change < upper).all()
    own = np.array([cell["measure"] == "position" for cell in found.cells])[~late]
    assert own.sum() == 8 and (change[own] < 0).all()  # toward Russia is positive
