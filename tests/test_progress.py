"""The spinner: on the error stream of a terminal, if asked for, and gone with its thread after the work."""

import threading

import pytest
from rich.console import Console

from tropism.progress import spinner


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(Console, "is_terminal", property(lambda console: True))


def test_it_tells_how_far_the_work_is_and_leaves_no_thread(terminal, capsys):
    before = set(threading.enumerate())
    with spinner("gravity", asked=True) as tell:
        tell("2 of [5] sectors")
        assert set(threading.enumerate()) - before, "nothing turns while the work says nothing"
    assert set(threading.enumerate()) == before
    seen = capsys.readouterr()
    assert "gravity: 2 of [5] sectors" in seen.err and "0:00:00" in seen.err
    assert not seen.out


def test_an_error_passes_and_leaves_no_thread(terminal):
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), spinner("gravity", asked=True):
        _ = 1 / 0
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("asked", [True, False])
def test_nothing_is_written_unless_asked_and_on_a_terminal(capsys, request, asked):
    if not asked:
        request.getfixturevalue("terminal")
    before = set(threading.enumerate())
    with spinner("gravity", asked=asked) as tell:
        tell("2 of 5 sectors")
        assert set(threading.enumerate()) == before
    assert capsys.readouterr() == ("", "")
