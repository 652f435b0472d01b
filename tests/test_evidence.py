"""Which lines have data here: absent ones are named with what brings them, present ones feed every verb."""

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from made_up import assessment
from tropism import assess, scan
from tropism.assessment import evidence_panels, evidence_series
from tropism.assessment.dimension import dimensions
from tropism.assessment.dossier import Dossier
from tropism.assessment.evidence import Unscored, unscored
from tropism.dyads import Triad
from tropism.errors import DataNotPresentError, SeriesError, TriadError
from tropism.report import words
from tropism.report.html import render
from tropism.report.terminal import print_assessment
from tropism.report.terminal_multiverse import print_shifts
from tropism.series import Provenance
from tropism.shifts.multiverse import multiverse
from tropism.shifts.multiverse.run import TABLES
from tropism.states import states
from tropism.tables.store import Store

SOURCE = Provenance("invented deliveries", "mine", "2026-01-31")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A store of its own."""
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    return tmp_path


def deliveries():
    """Every state buys from both poles; Pakistan turns from the United States to Russia in 2014."""
    rng = np.random.default_rng(1)
    rows = []
    for state in states(2010):
        for year in range(1996, 2025):
            if state.iso3 in ("RUS", "USA"):
                continue
            share = 0.1 if year < 2014 else 0.9
            russian = share if state.iso3 == "PAK" else rng.uniform(0.3, 0.5)
            rows += [("RUS", state.iso3, year, 100 * russian), ("USA", state.iso3, year, 100 - 100 * russian)]
    names = ("supplier", "recipient", "year", "tiv_millions")
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def names(lines):
    return [line.name for line in lines]


def test_embedded_data_alone_leave_lines_out_and_say_what_brings_them(home):
    lines = {line.name: line for line in unscored()}
    assert "vote_similarity" not in lines
    assert lines["arms_imports"].tables == ("arms_transfers",)
    assert lines["arms_imports"].commands == ("tropism data add sipri FILE",)
    assert lines["goods_trade"].commands == ("tropism data fetch baci",)
    answer = assess("PAK", toward="RUS", away_from="USA")
    assert answer.unscored == unscored()
    assert not set(names(answer.rows)) & set(lines)
    assert not any("Arms" in sentence for sentence in answer.reading)


def test_every_line_says_whether_it_is_costly():
    costly = {line.name for line in dimensions() if line.signal == "costly"}
    assert {"arms_imports", "arms_technology", "alliances", "sanctions_joined", "aid"} <= costly
    assert not {"vote_similarity", "igo_memberships", "public_opinion"} & costly


def test_a_stored_table_brings_its_line_into_every_verb(home):
    Store().write("arms_totals", deliveries(), SOURCE)
    answer = assess("PAK", toward="RUS", away_from="USA", before=(2004, 2013), after=(2014, 2023))
    arms = next(each for each in answer.rows if each.name == "arms_imports")
    # The register is not there: the table of totals serves alike, and is what is cited.
    assert arms.coverage.sources == (replace(SOURCE, sha256=arms.coverage.sources[0].sha256),)
    assert arms.unusual == "toward" and arms.signal == "costly" and arms.shift.rank.n > 150
    assert arms.shift.toward[0].estimate == pytest.approx(0.1)
    # Over five years a turn shows up in steps.
    assert arms.shift.toward[1].estimate == pytest.approx(0.1 + 0.8 * (0.2 + 0.4 + 0.6 + 0.8 + 6) / 10)
    assert arms.amounts[0] == "Russia: 10 million TIV → 90 million TIV a year"
    assert arms.remarks == (
        "suppliers and their concentration (1 is a single one): 2 suppliers, 0.82 → 2 suppliers, 0.82",
    )
    assert "arms_technology" in names(answer.unscored)
    series = evidence_series("arms_imports", toward="Russia", away_from="USA")
    assert series.name == "arms_imports" and series.provenance == arms.coverage.sources
    moved = scan("RUS", "USA", 2014, measure=series)
    assert moved.tidy().set_index("iso3").loc["PAK", "called"] == 1
    others = evidence_panels(toward="RUS", away_from="USA", without=TABLES)
    assert set(others) == {"shared_memberships", "arms_imports"}
    found = multiverse(Triad("PAK", "RUS", "USA"), 2014, lines=others, cache=False)
    test = found.joint("arms_imports")
    assert test.rank == 1 and test.n > 150
    assert "arms imports" in " ".join(found.reading())
    assert "invented deliveries" in {source.source for source in found.provenance}
    assert found.plot("arms_imports").to_dict()


def test_the_better_of_two_tables_is_read(home):
    totals = deliveries()
    Store().write("arms_totals", totals, SOURCE)
    register = {name: pa.nulls(1, pa.string()) for name in ("designation", "weapon_category")}
    register |= {"transfer_status": ["new"], "deal": ["1"], "line": [1], "delivery_year": [2010]}
    register |= {"supplier": ["USA"], "recipient": ["PAK"], "tiv_millions": [5.0], "delivered": [1.0]}
    register |= {"order_year": [2009], "licensed_production": [False]}
    Store().write("arms_transfers", pa.table(register), replace(SOURCE, source="the register"))
    series = evidence_series("arms_imports", toward="RUS", away_from="USA")
    assert [source.source for source in series.provenance] == ["the register"]


def test_a_line_that_cannot_be_had_is_refused_with_a_reason(home):
    with pytest.raises(DataNotPresentError, match="`tropism data add sipri FILE`"):
        evidence_series("arms_imports", toward="RUS", away_from="USA")
    with pytest.raises(SeriesError, match="Did you mean arms_imports"):
        evidence_series("arms_import", toward="RUS", away_from="USA")
    with pytest.raises(SeriesError, match="no line of evidence over time"):
        evidence_series("intermediate_inputs", toward="RUS", away_from="USA")
    with pytest.raises(TriadError, match="both poles are RUS"):
        evidence_series("alliances", toward="RUS", away_from="Russia")


LINES = (
    Unscored(
        "arms_imports",
        "Arms imports",
        "arms",
        "costly",
        ("arms_transfers",),
        ("tropism data add sipri FILE",),
    ),
    Unscored(
        "arms_technology", "Licences", "arms", "costly", ("arms_transfers",), ("tropism data add sipri FILE",)
    ),
    Unscored("aid", "Aid", "aid", "costly", ("aid",), ("tropism data fetch dac2a",)),
)


def printed(show, answer):
    console = Console(file=io.StringIO(), width=80, highlight=False)
    show(answer, console)
    return console.file.getvalue()


def test_each_command_stands_once_with_the_lines_that_it_brings():
    assert words.unscored_in_words(LINES) == {
        "tropism data add sipri FILE": "Arms imports (costly), Licences (costly)",
        "tropism data fetch dac2a": "Aid (costly)",
    }


def test_terminal_and_page_name_lines_without_data_in_one_place():
    with_lines, without = assessment(unscored=LINES), assessment()
    for shown in (printed(print_assessment, with_lines), render(Dossier.of(with_lines))):
        assert shown.count("Not scored: no data on this machine") == 1
        assert shown.count("tropism data add sipri FILE") == shown.count("Licences (costly)") == 1
    for shown in (printed(print_assessment, without), render(Dossier.of(without))):
        assert "Not scored" not in shown
    assert "Licences" not in printed(print_shifts, with_lines)
    assert with_lines.to_dict()["unscored"][2]["commands"] == ("tropism data fetch dac2a",)


def test_every_row_says_whether_its_signal_is_costly():
    answer = assessment()
    answer = replace(answer, rows=(replace(answer.rows[0], signal="costly"), *answer.rows[1:]))
    for shown in (printed(print_assessment, answer), render(Dossier.of(answer))):
        assert shown.count("a costly signal") == 1
        assert shown.count("a cheap signal") == len(answer.rows) - 1
