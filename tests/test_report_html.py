"""The page: complete, without script or request, its foreign text escaped, its bytes the same each time."""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

from made_up import HOSTILE, NAMES, OTHER, SOURCE, TRIAD, WINDOW, assessment, panel, row
from tropism.assessment import charts
from tropism.assessment.dossier import Confidence, Dossier, verdicts_of_others
from tropism.assessment.reading import judge, unusual
from tropism.errors import OutputError
from tropism.report import dossier_words, html, words
from tropism.report.html import write_report
from tropism.shifts import infer_shifts

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on a tag that is not closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = Counter(), [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def answer():
    return assessment()


@pytest.fixture(scope="module")
def text(answer, tmp_path_factory):
    path = write_report(Dossier.of(answer), tmp_path_factory.mktemp("page") / "page.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_holds_every_word_of_the_assessment(answer, page):
    said = page.words

    def shown(sentence):
        return " ".join(words.typeset(sentence).split())

    for sentence in (answer.question, *answer.reading, answer.command):
        assert shown(sentence) in said or sentence in said
    for each in answer.rows:
        for sentence in (
            each.title,
            each.question,
            each.direction,
            each.how_to_read,
            each.contradicted_by,
            words.coverage_in_words(each.coverage, each.status),
            *each.amounts,
            *each.remarks,
            *each.missing,
            *each.notes,
            *each.blind_to,
        ):
            assert shown(sentence) in said
        for cell in (
            words.level_in_words(each, 0),
            words.level_in_words(each, 1),
            words.change_in_words(each),
        ):
            assert shown(cell) in said
    for source in (SOURCE, OTHER):
        assert all(part in said for part in (source.source, source.licence, source.as_of, source.sha256))
    assert said.count("Cite as") == 1
    assert said.index("2 June 2014") < said.index("June 2017")


def test_the_page_asks_for_nothing_and_runs_nothing(text, page):
    assert page.tags["script"] == page.tags["img"] == page.tags["link"] == page.tags["iframe"] == 0
    assert not [
        name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "style", "srcset")
    ]
    assert not re.findall(r"@import|url\((?!#)", text)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(value for value in page.values("content") if value.startswith("default-src"))
    assert policy.startswith(f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'")
    assert "unsafe" not in policy
    assert len(text.encode()) < 700_000


def test_each_figure_is_named_by_a_sentence_and_captioned(page):
    figures = [value for tag, name, value in page.attributes if (tag, name) == ("figure", "aria-label")]
    # Three ranked rows and the unranked one have two charts, the level row and the short row have one; the
    # leading one has its levels and their difference in a figure of their own.
    assert len(figures) == 4 * 2 + 1 + 1 + 1 == page.tags["figcaption"] == len(set(figures))
    assert page.tags["svg"] == len(figures) + 4 + 1
    assert all(sentence.endswith(".") for sentence in figures)
    assert "percentile 100" in next(
        each for each in figures if each.startswith("UN votes: similarity, change")
    )
    assert page.values("aria-hidden").count("true") >= page.tags["svg"]


def test_tables_have_captions_and_scopes(page):
    assert page.tags["table"] == page.tags["caption"] == 2
    assert page.tags["th"] == len(page.values("scope"))


def test_ids_are_unique_and_every_reference_has_its_target(text, page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"url\(#([^)]+)\)", text)) | {
        h[1:] for h in page.values("href") if h.startswith("#")
    }
    wanted |= set(page.values("aria-labelledby"))
    assert wanted <= set(ids)


def test_the_same_assessment_gives_the_same_bytes(answer, text):
    assert html.render(Dossier.of(answer)) == text


@pytest.mark.parametrize("name", [HOSTILE, "<b>&amp;'\"</b>"], ids=["long", "short enough for a chart"])
def test_foreign_text_is_shown_and_never_run(name):
    answer = assessment()
    poisoned = {"remarks": (HOSTILE,), "missing": (HOSTILE,), "direction": HOSTILE, "title": HOSTILE}
    poisoned |= {"blind_to": (HOSTILE,), "how_to_read": HOSTILE}
    source = replace(SOURCE, source=HOSTILE, licence=HOSTILE, url="javascript:window.__x=3", citation=HOSTILE)
    rows = tuple(
        replace(each, **poisoned, coverage=replace(each.coverage, sources=(source,))) for each in answer.rows
    )
    event = answer.events[0] | dict.fromkeys(("description", "quote", "kind"), HOSTILE)
    events = (event | {"source_url": "javascript:window.__x=4"}, event | {"source_url": "http://[" + HOSTILE})
    answer = replace(answer, names=(name, name, name), rows=rows, events=events, reading=(HOSTILE, HOSTILE))
    page = Page(html.render(Dossier.of(answer)))
    assert page.tags["script"] == page.tags["img"] == page.tags["b"] == 0
    assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")]
    assert not [link for link in page.values("href") if link.startswith("javascript")]
    assert page.words.count(" ".join(HOSTILE.split())) > 2 * len(rows)
    assert name in page.words


def test_nothing_is_half_written(answer, tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(Dossier.of(answer), tmp_path / "no" / "such" / "folder.html")
    with pytest.raises(OutputError, match="is a folder"):
        write_report(Dossier.of(answer), tmp_path)
    earlier = tmp_path / "page.html"
    earlier.write_text("the earlier page")

    def fail(_):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(html, "render", fail)
    with pytest.raises(RuntimeError):
        write_report(Dossier.of(answer), earlier)
    assert earlier.read_text() == "the earlier page"
    assert list(tmp_path.iterdir()) == [earlier]


def test_a_page_without_any_data_says_so():
    empty = tuple(
        row(name, name, "absent", missing=(f"no data on Pakistan with {name}",))
        for name in ("Russia", "Peru")
    )
    answer = assessment(rows=empty, events=(), verdict="cannot tell", reading=("Cannot tell: nothing.",))
    page = Page(html.render(Dossier.of(answer)))
    assert page.tags["svg"] == page.tags["figure"] == 0
    assert "no data on Pakistan with Peru" in page.words
    assert "tables of dated events hold none" in page.words
    assert answer.plot().to_dict()


def rows_of(chart, *columns):
    """Data of the layers that have these columns."""
    data = chart.to_dict()
    sets = [
        data["datasets"][layer["data"]["name"]] if "name" in layer["data"] else layer["data"]["values"]
        for layer in data["layer"]
    ]
    return [record for records in sets for record in records if set(columns) <= set(record)]


def test_missing_years_break_the_line(answer):
    records = rows_of(charts.path_chart(answer.rows[0], answer), "year", "value", "pole")
    path = {
        each["year"]: each["value"]
        for each in records
        if each["pole"] == "toward" and set(each) == {"year", "value", "pole"}
    }
    assert sorted(path) == list(range(1995, 2025))
    assert [year for year, value in path.items() if value is None] == [2005, 2019]


def test_a_year_without_neighbours_is_a_point():
    gaps = (2000, 2002)
    line = row("alone", "Alone", "ranked", panel("alone", "points", "votes", gaps=gaps))
    records = rows_of(charts.path_chart(line, assessment(rows=(line,))), "year", "value", "pole")
    exactly = [each for each in records if set(each) == {"year", "value", "pole"} and each["year"] == 2001]
    # Once in the line of either pole, where it draws nothing, and once as a point.
    assert len(exactly) == 4


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_the_histogram_counts_every_other_state_once(answer, index):
    line = answer.rows[index]
    chart = charts.cloud_chart(line, answer)
    bars = sum(
        each["top"]
        for each in rows_of(chart, "value", "end", "low", "top")
        if each["top"] == int(each["top"])
    )
    labels = [each["label"] for each in rows_of(chart, "label")]
    beyond = sum(
        int(found[0])
        for label in labels
        if re.fullmatch(r"◂ \d+|\d+ ▸", label) and (found := re.findall(r"\d+", label))
    )
    assert bars + beyond == len(line.shifts.placebos()[0])


def test_a_field_in_which_nobody_moved_is_drawn_and_not_a_division_by_zero():
    still = panel("still", "organisations", "institutions")
    still = replace(still, values=np.ones_like(still.values))
    line = row("still", "Still", "ranked", still, block="institutions")
    assert line.direction == "no change"
    answer = assessment(rows=(line,))
    assert Page(html.render(Dossier.of(answer))).tags["svg"] == 5


def test_only_one_pole_on_record_still_gives_its_path():
    series = panel("half", "share of recorded imports", "trade")
    series = series.select([unit for unit in series.units if unit != "PAK>USA"])
    line = replace(
        row("half", "Half", "absent", missing=("no data on Pakistan with the United States",)),
        series=series,
        shifts=infer_shifts(series, TRIAD, WINDOW),
    )
    assert charts.path_chart(line, assessment()) is not None


def test_the_plot_of_an_assessment_has_a_line_per_row_with_data(answer):
    lines = answer.plot().to_dict()["vconcat"]
    assert [len(line["hconcat"]) for line in lines] == [2, 2, 2, 2, 1, 1]


def test_ends_of_lines_that_meet_are_labelled_apart(answer):
    same = panel("same", "points", "votes")
    values = same.values.copy()
    values[:, same.index(["PAK>RUS"])] = values[:, same.index(["PAK>USA"])]
    line = row("same", "Same", "ranked", replace(same, values=values))
    ends = rows_of(charts.path_chart(line, answer), "pole", "label", "year", "value")
    assert abs(ends[0]["value"] - ends[1]["value"]) > 0


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2004-2013 against 2014-", "2004–2013 against 2014–"),
        ("-0.15 to +0.09 [-0.1, -0.2]", "−0.15 to +0.09 [−0.1, −0.2]"),
        ("as of 2026-01-31, V202401b, CC-BY-4.0", "as of 2026-01-31, V202401b, CC-BY-4.0"),
        ("8.1 % and -3.0 pp", "8.1\u00a0% and −3.0\u00a0pp"),
    ],
)
def test_typeset_changes_signs_and_nothing_else(written, shown):
    assert words.typeset(written) == shown


def test_dates_are_as_exact_as_they_are_known():
    day = date(2014, 6, 2)
    assert [words.day_in_words(day, p) for p in ("day", "month", "year")] == [
        "2 June 2014",
        "June 2014",
        "2014",
    ]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "", "//x.org", "http://["])
def test_only_web_addresses_become_links(address):
    assert not words.is_link(address)
    assert words.is_link("https://example.org/a")


def test_a_move_that_most_states_made_further_is_not_called_a_move_the_other_way():
    # PAK loses 0.01 to the other pole where everybody else loses 0.3: ranked toward, moved away.
    series = panel("agenda", "points", "votes", move=0)
    values = series.values.copy()
    for i, unit in enumerate(series.units):
        if unit.endswith(">RUS"):
            values[:, i, series.years >= 2014] -= 0.01 if unit.startswith("PAK") else 0.3
    still = series.select(["PAK>RUS", "PAK>USA"]).values[:, :, :1]
    at = series.index(["PAK>RUS", "PAK>USA"])
    values[:, at] = still
    values[:, at[0], series.years >= 2014] -= 0.01
    line = row("agenda", "Agenda", "ranked", replace(series, values=values))
    assert line.shift.change.estimate == pytest.approx(-0.01, abs=1e-6)
    assert line.shift.rank.percentile == 100
    assert (
        words.standing_in_words(line, NAMES) == "59 of 59 other states moved further toward the United States"
    )


def test_words_name_the_state_that_moved_furthest(answer):
    sentence = words.furthest_in_words(answer.rows[0], NAMES)
    codes, changes = answer.rows[0].shifts.placebos()
    assert sentence.startswith(f"Furthest toward Russia: {codes[int(np.argmax(changes))]} +")


def test_the_answer_holds_its_numbers_and_keeps_likelihood_and_confidence_apart(answer):
    dossier = Dossier.of(answer)
    lead = dossier.lead
    assert lead is next(
        row for row in answer.rows if row.status == "ranked" and row.shift.change.lower is not None
    )
    first, second = dossier_words.answer_sentences(dossier)
    assert first == answer.reading[0]
    assert words.change_in_words(lead) in second and words.standing_in_words(lead, NAMES) in second
    unsure, sure = dossier_words.likelihood_sentence(dossier), dossier_words.confidence_sentence(dossier)
    assert "onfidence" not in unsure and "likel" not in sure and "%" not in sure


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "almost no chance (1 %)"),
        (0.05, "very unlikely (5 %)"),
        (0.199, "unlikely (20 %)"),
        (0.5, "about as likely as not (50 %)"),
        (0.549, "likely (55 %)"),
        (0.83, "very likely (83 %)"),
        (0.999, "almost certain (99 %)"),
    ],
)
def test_a_word_for_a_probability_fits_the_number_beside_it(probability, said):
    assert dossier_words.likely(probability) == said


def test_every_other_state_is_judged_by_the_rules_of_the_state_asked_about(answer):
    ranked = [row for row in answer.rows if row.status == "ranked"]
    found = verdicts_of_others(ranked)
    common = set.intersection(*(set(row.shifts.states) for row in ranked)) - {"PAK", "RUS", "USA"}
    assert sum(found.values()) == len(common)
    # Asked about another state of the same panels, the rows are those that its own question would give.
    other = sorted(common)[0]
    swapped = tuple(
        replace(
            row,
            shift=(shift := replace(row.shifts.of(other), rank=row.shifts.rank(other))),
            unusual=unusual(shift),
        )
        for row in ranked
    )
    assert found[judge(swapped).verdict] >= 1


def test_confidence_falls_without_data_and_where_lines_disagree(answer):
    order = ("very low", "low", "medium", "high", "very high")
    ranked = [row for row in answer.rows if row.status == "ranked"]
    whole = Confidence.of(replace(answer, rows=tuple(replace(row, signal="costly") for row in ranked)))
    cheap = Confidence.of(answer)
    assert cheap.costly is False and order.index(cheap.level) == order.index(whole.level) - 1
    alone = Confidence.of(replace(answer, rows=(ranked[0],)))
    assert alone.evidence == "limited"
    torn = tuple(replace(row, unusual=side) for row, side in zip(ranked, ("toward", "away", ""), strict=True))
    assert Confidence.of(replace(answer, rows=torn)).agreement == "low"
    none = Confidence.of(replace(answer, rows=()))
    assert (none.level, none.ranked) == ("very low", 0)
