"""The main job on the embedded data: known answers, any triad, honest gaps, clear refusals."""

import importlib.util
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from tropism import assess, diversion, explain, gather_evidence
from tropism.assessment import reading
from tropism.assessment.dimension import dimensions
from tropism.assessment.tolerance import signs_of_tolerance
from tropism.errors import (
    DataNotPresentError,
    SeriesError,
    TriadError,
    UnknownStateError,
    WindowError,
)
from tropism.shifts import Estimate, Placebo, Shift


@pytest.fixture(scope="module")
def pakistan():
    return assess("PAK", toward="RUS", away_from="USA")


def row(answer, name):
    return next(each for each in answer.rows if each.name == name)


def test_every_line_of_evidence_has_a_row_with_coverage_and_gaps(pakistan):
    shown = {each.name for each in (*pakistan.rows, *pakistan.unscored)}
    assert shown == {dimension.name for dimension in dimensions()}
    assert len(shown) == len(pakistan.rows) + len(pakistan.unscored)
    assert pakistan.event == 2014 and str(pakistan.window) == "2004-2013 against 2014-"
    for each in pakistan.rows:
        assert each.coverage.sources and each.coverage.as_of
        assert each.blind_to and each.how_to_read and each.contradicted_by
        assert "Pakistan" in each.question or "Russia" in each.question
    assert any("ES-11" in gap for gap in row(pakistan, "vote_similarity").blind_to)


def test_the_panels_behind_the_rows_carry_their_sources(pakistan):
    panels = pakistan.series()
    assert set(panels) == {each.name for each in pakistan.rows}
    assert all(panel.provenance and panel.coverage["cells"] for panel in panels.values())


def test_pakistan_votes_moved_toward_the_usa_but_less_than_most(pakistan):
    """Raw change and rank point to different poles: the case the whole project is about."""
    votes = row(pakistan, "contested_votes").shift
    assert votes.change.estimate < 0  # raw: toward the USA
    assert votes.rank.median < votes.change.estimate  # but the middle state moved further
    assert 75 < votes.rank.percentile < 95
    assert any("read as Pakistan's own move" in sentence for sentence in pakistan.reading)


def test_pakistan_joined_the_shanghai_organisation_within_the_window(pakistan):
    shared = row(pakistan, "shared_memberships")
    assert "SCO: full member 2017-06-09" in shared.remarks
    assert shared.shift.toward[0].estimate == 0
    assert shared.shift.toward[1].estimate == 1


def test_a_membership_counts_in_the_window_in_which_it_began():
    """Pakistan joined in 2017: that is no change around the agreement of 2023."""
    later = row(assess("PAK", toward="RUS", away_from="USA", event=2023), "shared_memberships")
    assert later.shift.change.estimate == 0 and later.unusual == ""


def test_one_year_of_data_shows_a_level_and_no_change(pakistan):
    inputs = row(pakistan, "intermediate_inputs")
    assert inputs.status == "level" and inputs.shift is None
    assert inputs.direction == "cannot tell (one year)"
    assert 0 < inputs.toward_level.estimate < inputs.away_level.estimate < 1
    assert inputs.toward_level.lower is None


def test_the_gravity_gap_is_a_level_with_joint_draws(pakistan):
    gap = row(pakistan, "trade_gap")
    assert gap.status == "level" and gap.shift is None
    # Less than predicted with Russia, about as much with the United States.
    assert gap.toward_level.estimate == pytest.approx(-0.449, abs=0.005)
    assert gap.away_level.estimate == pytest.approx(0.050, abs=0.005)
    assert gap.toward_level.lower < gap.toward_level.estimate < gap.toward_level.upper < 0
    assert gap.away_level.lower < 0 < gap.away_level.upper and gap.away_level.level == 0.9
    assert gap.remarks[0] == (
        "sells to Russia 82.6 million USD, predicted 105.0 million USD (percentile 68); "
        "buys from Russia 358.3 million USD, predicted 611.3 million USD (percentile 50)"
    )
    draws = gap.series.select(["PAK>RUS", "PAK>USA", "DEU>USA"]).values[:, :, 0]
    # Both gaps of Pakistan rest on its own effects: they move together from draw to draw.
    together = np.corrcoef(draws.T)
    assert together[0, 1] > 0.5 and together[0, 1] > together[0, 2] + 0.3


def told(answer):
    return " | ".join(row(answer, "mineral_imports").remarks)


def test_what_sanctions_alone_divert_stands_beside_the_rise():
    """India: 2.3 billion dollars in 2021, 53.9 in 2023; the sanctions alone bring a twentieth of it."""
    words = told(assess("IND", toward="RUS", away_from="USA"))
    found = diversion("IND", "RUS", unit="share_points", draws=300)
    table = found.tidy().set_index(["state", "component"])[["estimate", "lower", "upper"]]
    components = (
        ("IND", "diversion"),
        ("median matched", "observed"),
        ("IND", "not explained by diversion"),
    )
    expected = [found.observed, *(value for each in components for value in table.loc[each])]
    said = [float(number) for number in re.findall(r"[+-]\d+\.\d+", words)]
    assert said == pytest.approx([100 * value for value in expected], abs=0.051)
    assert "2021 → 2023: 1.1 % → 22.3 % (2.3 billion USD → 53.9 billion USD), +21.2 pp" in words
    assert "among 10 matched states that did not join" in words and "not explained by diversion" in words
    assert "Armington" in words and "itself policy" in words
    assert "tilt" not in words.replace("no tilt", "")


def test_diversion_is_told_whichever_pole_is_under_sanctions():
    toward, away = (
        told(assess("TUR", toward=one, away_from=other)) for one, other in (("RUS", "USA"), ("USA", "RUS"))
    )
    assert toward == away and "Russia's share before and after the sanctions of 2022" in toward


@pytest.mark.parametrize(
    ("triad", "window", "words"),
    [
        (("DEU", "RUS", "USA"), {}, "Germany joined the sanctions of 2022 on Russia: none of its purchases"),
        (("MLI", "RUS", "FRA"), {}, "diverted cannot be told: no purchases on record in 2021 or 2023"),
        (("PAK", "CHN", "USA"), {}, ""),
        (("PAK", "RUS", "USA"), {"event": 2000, "after": (2000, 2010)}, ""),
    ],
)
def test_who_joined_has_no_record_or_is_not_asked_about_is_told_so(triad, window, words):
    state, toward, away = triad
    remarks = row(assess(state, toward=toward, away_from=away, **window), "mineral_imports").remarks
    assert words in remarks[0] and len(remarks) == 1 if words else remarks == ()


def test_no_row_needs_an_extra():
    """`assess` answers the same where nothing but the core is installed."""
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('pyfixest', 'numba', 'scipy', 'fereg')))\n"
        "from tropism import assess\n"
        "answer = assess('IND', toward='RUS', away_from='USA')\n"
        "rows = {row.name: row for row in answer.rows}\n"
        "print(rows['trade_gap'].status, len(rows['mineral_imports'].remarks))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["level", "4"], done.stderr


def test_hungary_turned_from_russia_to_the_usa_more_than_nearly_all():
    """Known on the raw votes: contested roll calls, 2004-13 against 2014-23."""
    hungary = row(assess("HUN", toward="RUS", away_from="USA"), "contested_votes").shift
    assert hungary.change_toward.estimate < -0.1 and hungary.change_away.estimate > 0.1
    assert hungary.rank.percentile < 10


def test_cuba_after_1959_is_read_with_the_soviet_seat():
    cuba = assess("Cuba", toward="Russia", away_from="United States", event=1959)
    votes = row(cuba, "vote_similarity")
    assert votes.shift.rank.n_below == votes.shift.rank.n  # further than every other state
    assert any("SUN" in note and "1991" in note for note in votes.notes)
    assert row(cuba, "mineral_imports").status == "short"


@pytest.mark.parametrize(
    "triad", [("IND", "RUS", "USA"), ("EGY", "RUS", "USA"), ("KAZ", "RUS", "USA"), ("PHL", "CHN", "USA")]
)
def test_any_triad_of_members_is_answered(triad):
    state, toward, away = triad
    answer = assess(state, toward=toward, away_from=away)
    assert answer.verdict in ("toward", "away", "nothing unusual", "cannot tell")
    assert sum(each.status == "ranked" for each in answer.rows) >= 4
    assert len(answer.tidy()) == len(answer.summary()) == len(answer.rows)


def test_a_state_outside_a_dimension_gets_a_row_that_says_so():
    tuvalu = assess("Tuvalu", toward="RUS", away_from="USA")
    inputs = row(tuvalu, "intermediate_inputs")
    assert inputs.status == "absent" and "hold nothing on Tuvalu" in inputs.missing[0]
    assert row(tuvalu, "vote_similarity").status == "ranked"


def test_poles_without_contested_votes_leave_that_row_out_and_say_why():
    answer = assess("PAK", toward="IND", away_from="BRA")
    contested = row(answer, "contested_votes")
    assert contested.status == "absent" and "it holds pairs among" in contested.missing[0]


def test_swapping_the_poles_mirrors_every_row(pakistan):
    back = assess("PAK", toward="USA", away_from="RUS")
    for one, other in zip(pakistan.rows, back.rows, strict=True):
        if one.shift is not None:
            assert other.shift.change.estimate == pytest.approx(-one.shift.change.estimate)
            assert other.shift.rank.percentile == pytest.approx(100 - one.shift.rank.percentile)


def test_too_short_after_is_cannot_tell():
    short = assess("PAK", toward="RUS", away_from="USA", event=2023)
    votes = row(short, "vote_similarity")
    assert (votes.status, votes.direction) == ("short", "cannot tell (short)")
    assert short.verdict == "cannot tell" and short.reading[0].startswith("Cannot tell: nothing stands out")


def test_windows_can_be_given(pakistan):
    given = assess("PAK", toward="RUS", away_from="USA", before=(2004, 2013), after=(2014, None))
    assert given.event is None
    assert "--before 2004:2013 --after 2014:" in given.command
    for one, other in zip(pakistan.rows, given.rows, strict=True):
        assert one.shift == other.shift


def test_a_state_that_ended_is_ranked_over_its_own_years():
    """Czechoslovakia after 1989 has four years: the others are compared over the same four."""
    answer = assess("Czechoslovakia", toward="USA", away_from="RUS", event=1989)
    assert all(each.coverage.after[1] <= 1992 for each in answer.rows if each.status == "ranked")
    assert row(answer, "contested_votes").shift.rank.percentile > 95
    assert answer.verdict == "toward"


def test_placebos_are_states_with_comparable_years(pakistan):
    imports = row(pakistan, "mineral_imports")
    names, _ = imports.shifts.placebos()
    assert not {"HKG", "MAC", "ABW"} & set(names)
    before, after = imports.shifts.years("PAK")
    years = [imports.shifts.years(name) for name in names]
    assert all(b >= before / 2 and a >= after / 2 for b, a in years)


def test_joining_on_both_sides_is_not_standing_still():
    """India joined the SCO (2017) and the Quad: the gap is unchanged, India is not."""
    shared = row(assess("IND", toward="RUS", away_from="USA"), "shared_memberships")
    assert shared.direction == "as much closer to Russia as the United States"
    assert shared.shift.change.estimate == 0 and shared.shift.change_toward.estimate == 1


def test_an_empty_row_is_no_second_kind_of_evidence():
    """Mali has memberships with neither: 0 to 0, like most states, shows nothing."""
    answer = assess("MLI", toward="RUS", away_from="FRA")
    assert answer.verdict == "cannot tell" and "a move of Mali could show" in answer.reading[0]


def test_a_long_after_window_is_said_to_hide_returns():
    answer = assess("EGY", toward="USA", away_from="RUS", event=1974)
    assert any("hides a move that was later undone" in sentence for sentence in answer.reading)


def test_a_designation_ties_both_ways():
    one = row(assess("ISR", toward="USA", away_from="RUS"), "shared_memberships")
    other = row(assess("USA", toward="ISR", away_from="RUS"), "shared_memberships")
    assert one.shift.toward[1].estimate == other.shift.toward[1].estimate == 1


def test_how_often_a_state_took_neither_side_is_said(pakistan):
    assert row(pakistan, "contested_votes").remarks[0].startswith("abstained or took no part: 8.")


def test_votes_have_a_row_with_an_interval_and_it_says_what_other_roll_calls_say(pakistan):
    points = row(pakistan, "ideal_points")
    change = points.shift.change
    assert change.lower < change.estimate < change.upper and change.level == 0.9
    agreement, others = points.remarks
    assert agreement.startswith("share of equal votes, an abstention counting half: with Russia 83.")
    assert "toward Russia on no-nuclear +" in others and "toward the United States on nuclear -" in others


def test_rows_on_the_same_votes_that_disagree_are_said_to(pakistan):
    """Pakistan stands nearer to Russia on the line and agrees with it less often."""
    assert row(pakistan, "ideal_points").shift.change_toward.estimate > 0
    assert row(pakistan, "vote_similarity").shift.change_toward.estimate < 0
    assert any("do not speak with one voice" in sentence for sentence in pakistan.reading)


def test_a_line_that_does_not_hold_the_poles_apart_tells_nothing_of_a_move_between_them():
    points = row(assess("PAK", toward="IND", away_from="BRA"), "ideal_points")
    assert points.status == "absent"
    assert points.missing == ("the line does not hold India and Brazil 1 sd apart in most sessions",)


def test_standing_still_while_most_move_is_not_said_to_be_within_the_range_of_most():
    """Hungary's gap is unchanged, its interval holds 0, and nearly all others moved toward Russia."""
    hungary = assess("HUN", toward="RUS", away_from="USA")
    points = row(hungary, "ideal_points")
    assert points.direction == "no clear change" and points.shift.rank.percentile < 5
    assert hungary.verdict == "cannot tell"
    assert hungary.reading[0].startswith(
        "Cannot tell: Hungary is outside the range of most states in UN votes"
    )


@pytest.mark.parametrize("event", [2012, 2022, 2024])
def test_no_sentence_holds_a_number_that_is_none(event):
    """South Sudan has no years before, or too few after: nothing may be averaged over none of them."""
    answer = assess("SSD", toward="RUS", away_from="USA", before=(event - 3, event - 1), after=(event, None))
    said = " ".join(text for each in answer.rows for text in (*each.remarks, *each.amounts, each.direction))
    assert "nan" not in said


def test_json_is_complete_and_plain(pakistan):
    loaded = json.loads(pakistan.to_json())
    assert loaded["schema_version"] == "1"
    assert loaded["command"] == "tropism assess PAK --toward RUS --from USA --event 2014"
    votes = loaded["rows"][0]
    assert set(votes["paths"]) == {"RUS", "USA"} and len(votes["placebos"]) == votes["coverage"]["states"]
    assert all(source["licence"] for source in loaded["sources"])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("Pakstan", "RUS", "USA", {}), UnknownStateError, "Pakistan"),
        (("Korea", "RUS", "USA", {}), UnknownStateError, "KOR"),
        (("PAK", "RUS", "Pakistan", {}), TriadError, "one state twice"),
        (("", "RUS", "USA", {}), TriadError, "state is empty"),
        (("SSD", "RUS", "USA", {"event": 2000}), TriadError, "did not exist in 1990-1999"),
        (("CSK", "RUS", "USA", {}), TriadError, "did not exist"),
        (("PAK", "RUS", "USA", {"before": (2013, 2004)}), WindowError, "ends before it starts"),
        (("RUS", "SUN", "USA", {"event": 1985}), TriadError, "one seat twice"),
        (
            ("PAK", "RUS", "USA", {"event": 1990, "before": (1995, 1999), "after": (2014, None)}),
            WindowError,
            "Give the event, or both windows",
        ),
        (("PAK", "RUS", "USA", {"event": 2060}), WindowError, "outside the data"),
        (("USA", "RUS", "GBR", {"event": 1900}), WindowError, "outside the data"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(arguments, error, message):
    state, toward, away, window = arguments
    with pytest.raises(error, match=message):
        assess(state, toward=toward, away_from=away, **window)


def shift(change, percentile=50.0, toward=0.0, away=0.0, interval=(None, None)):
    estimate = Estimate(change, *interval, level=0.9 if interval[0] is not None else None)
    zero = Estimate(0.0)
    rank = Placebo(100, int(percentile), 0, percentile, 0.0, -1.0, 1.0)
    return Shift("PAK", (zero, zero), (zero, zero), Estimate(toward), Estimate(away), estimate, 10, 10, rank)


NAMES = ("Pakistan", "Russia", "the United States")


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (shift(0.3, toward=0.2, away=-0.1), "closer to Russia, further from the United States"),
        (shift(0.1, toward=0.3, away=0.2), "closer to Russia, and less so to the United States"),
        (shift(0.1, toward=-0.1, away=-0.2), "further from the United States, and less so from Russia"),
        (shift(-0.3, toward=-0.1, away=0.2), "closer to the United States, further from Russia"),
        (shift(0.0), "no change"),
        (shift(0.1, toward=0.1, interval=(-0.1, 0.3)), "no clear change"),
    ],
)
def test_directions_in_words(moved, words):
    assert reading.direction(moved, NAMES) == words


def test_an_interval_around_zero_is_never_unusual():
    assert reading.unusual(shift(0.1, 99.0)) == "toward"
    assert reading.unusual(shift(-0.1, 1.0)) == "away"
    assert reading.unusual(shift(0.1, 94.9)) == ""
    assert reading.unusual(shift(0.1, 99.0, interval=(-0.1, 0.3))) == ""


def test_a_percentile_is_rounded_toward_the_middle():
    """94.8 shown as 95 would seem to be over the line that it is under."""
    assert [reading.percentile_in_words(value) for value in (94.8, 5.3, 50, 100)] == ["94", "6", "50", "100"]


def test_a_rank_never_denies_the_direction():
    words = reading.rank_in_words(shift(-0.1, 85.0), NAMES)
    assert words == "85 of 100 other states moved further toward the United States"


# Explanations.


def test_the_answer_weighs_the_explanations_that_the_command_weighs(pakistan):
    alone = explain(*gather_evidence("PAK", toward="RUS", away_from="USA", event=2014))
    assert pakistan.explanations.totals == alone.totals
    assert json.loads(pakistan.to_json())["explanations"]["verdict"] == alone.verdict


def test_a_state_without_votes_is_told_why_nothing_is_weighed():
    """Switzerland joined the UN in 2002."""
    found = assess("CHE", toward="RUS", away_from="USA", before=(1980, 1989), after=(1990, 1999))
    assert isinstance(found.explanations, str) and found.explanations
    assert json.loads(found.to_json())["explanations"] == found.explanations


def test_with_an_as_of_date_nothing_is_learned_from_later_labels():
    assert "as-of" in assess("PAK", toward="RUS", away_from="USA", as_of="2026-01-01").explanations


def test_what_is_seen_of_tolerance_is_the_row_that_shows_it(pakistan):
    signs = {sign.question: sign for sign in signs_of_tolerance(pakistan)}
    assert all(sign.row is None and sign.unseen for sign in signs.values())
    aid = replace(pakistan.rows[1], name="aid")
    seen = signs_of_tolerance(replace(pakistan, rows=(*pakistan.rows, aid)))
    assert [sign.row for sign in seen if sign.row] == [aid]
    short = replace(aid, shift=None, missing=("no record with the United States: 2004-2013",))
    (told,) = [
        sign.unseen
        for sign in signs_of_tolerance(replace(pakistan, rows=(*pakistan.rows, short)))
        if "its aid" in sign.question
    ]
    assert told == short.missing[0]


# Whom it is ranked among, and who measures it.


def test_ranks_among_a_region_are_those_of_its_states_alone(pakistan):
    asia = assess("PAK", toward="RUS", away_from="USA", placebos="region")
    assert asia.command.endswith("--placebos region") and "part of the world" in " ".join(asia.reading)
    for mine, all_states in zip(asia.rows, pakistan.rows, strict=True):
        if mine.shift is None or mine.shift.rank is None:
            continue
        assert mine.shift.change == all_states.shift.change
        names, changes = mine.shifts.placebos()
        assert {"IND", "CHN"} & set(names) and not {"FRA", "BRA", "NGA"} & set(names)
        assert mine.shift.rank.n_below == (changes < mine.shift.change.estimate - 1e-9).sum()


def test_states_may_be_named_and_a_set_that_is_none_is_refused_before_anything_is_read():
    named = sorted({"AFG", "BGD", "IND", "IDN", "IRN", "JPN", "KAZ", "KGZ", "LKA", "MDV", "MMR", "MNG", "MYS",
                    "NPL", "PHL", "SAU", "SGP", "THA", "TJK", "TUR", "UZB", "VNM"})  # fmt: skip
    found = assess("PAK", toward="RUS", away_from="USA", placebos=named)
    votes = row(found, "contested_votes")
    assert set(votes.shifts.placebos()[0]) == set(named)
    assert "--placebos AFG,BGD," in found.command
    with pytest.raises(SeriesError, match="'neighbours' is no set"):
        assess("PAK", toward="RUS", away_from="USA", placebos="neighbours")
    with pytest.raises(DataNotPresentError, match="gravity_covariates"):
        assess("PAK", toward="RUS", away_from="USA", placebos="income")


def test_an_executor_changes_nothing(pakistan):
    with ThreadPoolExecutor(2) as executor:
        found = assess("PAK", toward="RUS", away_from="USA", executor=executor)
    assert found.to_json() == pakistan.to_json()


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)
def test_dask_changes_nothing(pakistan):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        found = assess("PAK", toward="RUS", away_from="USA", executor=client.get_executor())
    assert found.to_json() == pakistan.to_json()


def test_a_rank_does_not_pass_for_a_move_of_the_gap_itself(pakistan):
    """Least toward the other pole, in two kinds of evidence: unusual, yet the gap moved there."""

    def unusual(name, change):
        return replace(row(pakistan, name), shift=shift(change, 99.0), unusual="toward")

    for change, said, unsaid in (
        (-0.1, "Its gap itself moved toward the United States", "moved further that way"),
        (0.1, "moved further that way", "Its gap itself"),
    ):
        rows = (unusual("contested_votes", change), unusual("shared_memberships", change))
        verdict, sentences = reading.read(rows, NAMES, pakistan.window)
        assert verdict == "toward"
        assert said in sentences[0] and unsaid not in sentences[0]


def test_a_comparison_that_ends_with_a_state_says_who_has_its_seat():
    soviet = assess("IND", toward="USA", away_from="SUN", event=1985)
    assert (
        "The comparison ends with the Soviet Union in 1991; Russia took its seat: ask with RUS"
        in " ".join(soviet.reading)
    )
    assert not any("took its seat" in each for each in assess("IND", toward="USA", away_from="RUS").reading)
