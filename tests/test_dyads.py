"""Triads, windows and dyad names refuse what cannot be meant."""

import pytest

from tropism.dyads import Triad, Window, dyad, split_dyad
from tropism.errors import TriadError, WindowError


def test_the_default_window_is_ten_years_up_to_the_event_against_the_rest():
    window = Window.around(2014)
    assert (window.before_start, window.before_end, window.after_start, window.after_end) == (
        2004,
        2013,
        2014,
        None,
    )
    assert window.resolve(2023).after_end == 2023
    assert str(window) == "2004-2013 against 2014-"


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ((2013, 2004, 2014, 2023), "before 2013:2004 ends before it starts"),
        ((2004, 2013, 2023, 2014), "after 2023:2014 ends before it starts"),
        ((2004, 2014, 2014, 2023), "overlap"),
        ((1, 2013, 2014, 2023), "year 1;"),
    ],
)
def test_windows_that_cannot_be_meant(years, message):
    with pytest.raises(WindowError, match=message):
        Window(*years)


def test_an_event_that_cannot_be_right():
    with pytest.raises(WindowError, match="20140"):
        Window.around(20140)


def test_a_triad_names_three_states():
    with pytest.raises(TriadError, match="names one state twice"):
        Triad("PAK", "RUS", "PAK")


def test_dyad_names_come_apart_again():
    assert split_dyad(dyad("PAK", "RUS")) == ("PAK", "RUS")
    with pytest.raises(ValueError, match="is not a dyad"):
        split_dyad("PAK")
