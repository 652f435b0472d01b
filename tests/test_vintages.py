"""What was known when, what a new vintage changes, and what is wrong with a table."""

import datetime
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tropism.assessment import asked, assess, own_votes, revisions
from tropism.cli import run
from tropism.errors import DataNotPresentError, MissingExtraError, SchemaError, WindowError
from tropism.series import Provenance
from tropism.tables import add_table, check_table, diff_table, embedded, schema
from tropism.tables.dating import FITTED_TABLES, SESSION_TABLES, known_on, last_year_over
from tropism.tables.faults import find_faults
from tropism.tables.library import Library
from tropism.tables.store import Store, home

MINE = Provenance("my coding", "mine", "2026-01-31")
TRIAD = {"toward": "RUS", "away_from": "USA"}
DAY = datetime.date(2020, 6, 30)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    return Store()


@pytest.fixture
def no_fit(monkeypatch):
    """Ideal points stay as embedded: a fit takes half a minute."""

    def fails(library, folder, session):
        raise MissingExtraError("no numba.")

    monkeypatch.setattr(own_votes, "_fit", fails)


def votes(*rows):
    """Rows of (rcid, iso3, year, vote) as ``un_votes``."""
    names = ("rcid", "iso3", "year", "session", "vote_date", "vote")
    full = [(rcid, iso3, year, year - 1945, None, vote) for rcid, iso3, year, vote in rows]
    return pa.table({name: [row[i] for row in full] for i, name in enumerate(names)})


ONE, TWO, THREE = (votes(*((n, "PAK", 2000, 1) for n in range(1, size + 1))) for size in (1, 2, 3))


# Vintages.


def test_a_vintage_records_when_it_was_stored_and_since_when_it_is_known(store):
    today = datetime.date.today().isoformat()
    vintage = store.write("un_votes", ONE, MINE)
    assert (vintage.stored, vintage.known, vintage.provenance.as_of) == (today, today, "2026-01-31")
    vintage = store.write("un_votes", TWO, MINE, known="2026-02-10")
    assert (vintage.stored, vintage.known) == (today, "2026-02-10")
    assert store.vintages("un_votes")[-1] == vintage


def test_what_did_not_change_is_known_since_it_was_known_first(store):
    store.write("un_votes", ONE, MINE, known="2025-01-01")
    assert store.write("un_votes", ONE, MINE).known == "2025-01-01"
    store.write("un_votes", TWO, MINE, known="2025-06-01")
    # It came back: between the two it was not what was known.
    assert store.write("un_votes", ONE, MINE, known="2025-09-01").known == "2025-09-01"


def test_a_record_without_dates_is_known_since_the_day_its_data_run_to(store):
    store.write("un_votes", ONE, MINE)
    record = store.folder / "un_votes" / "vintages.json"
    entries = json.loads(record.read_text())
    for entry in entries:
        del entry["stored"], entry["known"]
    record.write_text(json.dumps(entries))
    assert store.vintages("un_votes")[0].known_since == "2026-01-31"


def test_a_file_added_with_a_date_is_known_since_it_or_its_release(tmp_path):
    file = tmp_path / "votes.csv"
    file.write_text("rcid,iso3,year,session,vote_date,vote\n3,USA,1946,1,1946-01-01,1\n")
    assert add_table("un_votes", file, source="me", as_of="2024-06-30").known == "2024-06-30"
    file.write_text("rcid,iso3,year,session,vote_date,vote\n3,USA,1946,1,1946-01-01,2\n")
    later = add_table("un_votes", file, source="me", as_of="2024-06-30", released="2025-02-01")
    assert later.known == "2025-02-01" and later.provenance.as_of == "2024-06-30"
    with pytest.raises(SchemaError, match="as-of is 'soon'"):
        add_table("un_votes", file, source="me", as_of="2024-06-30", released="soon")


@pytest.fixture
def three(store):
    """Three vintages, known in September, again in September, and in February."""
    for table, known, as_of in (
        (ONE, "2025-09-10", "2025-08-01"),
        (TWO, "2025-09-20", "2025-08-31"),
        (THREE, "2026-02-10", "2026-01-31"),
    ):
        store.write("un_votes", table, replace(MINE, as_of=as_of), known=known)
    return store.vintages("un_votes")


def test_a_vintage_is_found_by_month_day_and_hash(store, three):
    assert store.find("un_votes", "2026-02") == three[2]
    assert store.find("un_votes", "2025-09-10") == three[0]
    assert store.find("un_votes", "2026-01-31") == three[2]
    assert store.find("un_votes", three[1].provenance.sha256[:10]) == three[1]


def test_what_names_no_single_vintage_is_refused_with_all_there_are(store, three):
    for text, problem in (("2025-09", "2 vintages"), ("2019", "no vintage"), ("", "no vintage")):
        with pytest.raises(DataNotPresentError, match=problem) as refused:
            store.find("un_votes", text)
        assert all(each.provenance.sha256[:8] in str(refused.value) for each in three)


@pytest.mark.parametrize(
    ("day", "rows", "later"),
    [("2025-09-15", 1, False), ("2025-12-31", 2, False), ("2026-03-01", 3, False), ("2025-01-01", 1, True)],
)
def test_as_of_a_day_the_vintage_of_then_is_read(three, day, rows, later):
    library = Library(as_of=datetime.date.fromisoformat(day))
    assert library.read("un_votes").num_rows == rows
    assert library.info("un_votes").later == later
    remarks = library.remarks(["un_votes"])
    # None was known in January: the oldest is cut, and said so.
    assert remarks == (
        (f"rows to {day} of later copies, with what was revised since: un_votes (as of 2025-08-01)",)
        if later
        else ()
    )


def test_as_of_a_day_an_embedded_copy_goes_before_a_vintage_not_yet_known(store):
    store.write("un_vote_counts", embedded.read("un_vote_counts").slice(0, 9), MINE, known="2026-02-10")
    assert Library().info("un_vote_counts").place == "store"
    assert Library(as_of=datetime.date(2026, 2, 9)).info("un_vote_counts").place == "embedded"
    assert Library(as_of=datetime.date(2026, 2, 10)).read("un_vote_counts").num_rows == 9


# Which rows were known.


def test_the_last_year_over():
    assert last_year_over(datetime.date(2020, 12, 30)) == 2019
    assert last_year_over(datetime.date(2020, 12, 31)) == 2020
    # The session that opened in September 2019.
    assert last_year_over(datetime.date(2020, 9, 29), sessions=True) == 2018
    assert last_year_over(datetime.date(2020, 9, 30), sessions=True) == 2019


@pytest.mark.parametrize("name", sorted(set(embedded.manifest()) - FITTED_TABLES))
def test_no_embedded_row_is_dated_later(name):
    whole = embedded.read(name)
    known = known_on(name, whole, DAY)
    dated = [each for each in schema.schema(name).columns if each.type in ("year", "date")]
    for column in dated:
        if column.name != "accessed" and known.num_rows:
            newest = pc.max(known[column.name]).as_py()
            bound = DAY if column.type == "date" else 2018 if name in SESSION_TABLES else 2019
            assert newest is None or newest <= bound
    if not dated:
        assert known.equals(whole)


def test_a_row_is_cut_by_its_dates_as_far_as_they_are_known():
    rows = [
        ("2020-06-30", "day", None), ("2020-07-01", "day", None),
        ("2020-06-01", "month", None), ("2020-07-01", "month", None),
        ("2019-01-01", "year", None), ("2020-01-01", "year", None),
        ("2001-05-05", "day", "2020-07-01"), ("2001-05-06", "day", "2020-06-30"),
    ]  # fmt: skip
    table = schema.check(
        "memberships",
        pd.DataFrame(
            [
                {
                    "organisation": "SCO", "iso3": ("PAK", "IND", "IRN", "KAZ")[i % 4], "status": "full",
                    "start_date": datetime.date.fromisoformat(start), "start_precision": precision,
                    "end_date": end and datetime.date.fromisoformat(end), "note": None,
                    "source_url": f"https://example.org/{i}", "accessed": datetime.date(2026, 1, 1),
                    "quote": "q",
                }
                for i, (start, precision, end) in enumerate(rows)
            ]
        ),
    )  # fmt: skip
    known = known_on("memberships", table, DAY).to_pylist()
    assert [int(row["source_url"][-1]) for row in known] == [0, 2, 4, 6, 7]
    # An end that had not come is no end; one on the day is.
    assert [row["end_date"] for row in known][3:] == [None, DAY]


def test_a_year_that_must_stand_there_ends_with_the_last_one_over():
    table = schema.check(
        "sanction_cases",
        pd.DataFrame(
            {
                "case_id": ["1", "2"], "sender": "USA", "target": ["RUS", "CUB"], "start_year": [2014, 1962],
                "end_year": [2023, 1999], "success": ["failed", "success_total"], "objective": None,
            }
            | dict.fromkeys(("trade", "arms", "military", "financial", "travel", "other"), False)
        ),
    )  # fmt: skip
    went_on, over = known_on("sanction_cases", table, DAY).to_pylist()
    assert (went_on["end_year"], went_on["success"]) == (2019, None)
    assert (over["end_year"], over["success"]) == (1999, "success_total")


# Assessments as of a day.


def numbers(answer):
    """All that was computed: the tidy table and the panels, but not where the data came from."""
    panels = {name: (series.years.tolist(), series.values) for name, series in answer.series().items()}
    return answer.tidy().drop(columns="as_of"), panels, answer.events


def same(one, other):
    (table, panels, events), (table_2, panels_2, events_2) = numbers(one), numbers(other)
    return (
        table.equals(table_2)
        and events == events_2
        and panels.keys() == panels_2.keys()
        and all(
            years == panels_2[name][0] and np.array_equal(values, panels_2[name][1], equal_nan=True)
            for name, (years, values) in panels.items()
        )
    )


def scrambled(name, table, later):
    """A table with other numbers in its later rows, or in all others."""
    known = known_on(name, table.append_column("row", pa.array(range(table.num_rows))), DAY)["row"].to_numpy()
    chosen = np.isin(np.arange(table.num_rows), known, invert=later)
    for column in schema.schema(name).columns:
        if column.type in ("count", "number") and column.name not in schema.schema(name).keys:
            values = table[column.name].to_numpy().copy()
            values[chosen] = values[chosen][::-1] + 1
            table = table.set_column(
                table.column_names.index(column.name), column.name, pa.array(values, from_pandas=True)
            )
    return table


SCRAMBLED = ("un_vote_counts", "un_contested_votes", "mineral_trade")


def test_as_of_changing_all_later_rows_changes_no_number(store):
    before = assess("PAK", **TRIAD, as_of=DAY)
    for name in SCRAMBLED:
        store.write(name, scrambled(name, embedded.read(name), later=True), MINE, known="2000-01-01")
    # Events that came later are gone from the facts altogether.
    for name in ("memberships", "sanctions", "timeline"):
        store.write(name, known_on(name, embedded.read(name), DAY), MINE, known="2000-01-01")
    after = assess("PAK", **TRIAD, as_of=DAY)
    assert {row.name for row in after.rows if row.status == "ranked"} >= {
        "vote_similarity", "contested_votes", "mineral_imports", "mineral_exports", "shared_memberships"
    }  # fmt: skip
    assert "my coding" in {source.source for row in after.rows for source in row.coverage.sources}
    assert same(before, after)


def test_as_of_the_rows_of_then_do_count(store):
    before = assess("PAK", **TRIAD, as_of=DAY)
    for name in SCRAMBLED:
        store.write(name, scrambled(name, embedded.read(name), later=False), MINE, known="2000-01-01")
    changed = assess("PAK", **TRIAD, as_of=DAY).tidy().set_index("dimension")["change"]
    old = before.tidy().set_index("dimension")["change"]
    for name in ("vote_similarity", "contested_votes", "mineral_imports"):
        assert changed[name] != old[name]


def test_as_of_no_panel_goes_on_after_the_last_year_over():
    answer = assess("PAK", **TRIAD, as_of=DAY)
    assert max(int(series.years[-1]) for series in answer.series().values()) == 2019
    assert all(event["date"] <= DAY for event in answer.events)
    assert max(row.coverage.after[1] for row in answer.rows if row.status == "ranked") == 2019


def test_as_of_an_answer_says_so_and_gives_the_command():
    answer = assess("PAK", **TRIAD, as_of="2020-06-30")
    assert answer.as_of == "2020-06-30"
    assert answer.command.endswith("--event 2014 --as-of 2020-06-30")
    assert answer.reading[-1] == "Only what was known on 2020-06-30 is used."
    assert json.loads(answer.to_json())["as_of"] == "2020-06-30"
    row = {row.name: row for row in answer.rows}["vote_similarity"]
    assert row.remarks == (
        "rows to 2020-06-30 of later copies, with what was revised since: un_vote_counts (as of 2024-06-04)",
    )


def test_as_of_ideal_points_that_have_seen_later_votes_are_not_scored():
    row = {row.name: row for row in assess("PAK", **TRIAD, as_of=DAY).rows}["ideal_points"]
    assert row.status == "absent"
    assert row.missing == ("not scored as of 2020-06-30: the embedded fit has seen later votes",)
    row = {row.name: row for row in assess("PAK", **TRIAD, as_of="2024-12-31").rows}["ideal_points"]
    assert row.status == "ranked"


def test_as_of_ideal_points_are_fitted_to_the_sessions_of_then(store, monkeypatch):
    store.write("un_votes", ONE, MINE)
    fitted = []

    def fit(library, folder, session):
        fitted.append(session)
        folder.mkdir(parents=True)
        for name in own_votes.compact.TABLES:
            table = embedded.read(name)
            chosen = table.filter(pc.equal(table["vote_set"].cast(pa.string()), "all"))
            pa.parquet.write_table(chosen, folder / f"{name}.parquet")

    monkeypatch.setattr(own_votes, "_fit", fit)
    for day in ("2020-06-30", "2020-06-30", "2020-10-01"):
        row = {row.name: row for row in assess("PAK", **TRIAD, as_of=day).rows}["ideal_points"]
        assert row.status == "ranked"
    assert fitted == [73, 74]
    assert row.remarks[0].startswith("fitted to your un_votes, as of 2026-01-31, of sessions to 74")
    # The embedded fits of other sets have seen later votes: none is told of.
    assert not any("other sets" in remark for remark in row.remarks)


def test_as_of_before_the_event_there_is_nothing_to_compare():
    with pytest.raises(
        WindowError, match="no year of 2004-2013 against 2014- after the event was over on 2014"
    ):
        assess("PAK", **TRIAD, as_of="2014-12-30")
    with pytest.raises(SchemaError, match="as-of is '2014'"):
        assess("PAK", **TRIAD, as_of="2014")


def test_the_command_takes_as_of(capsys):
    assert run(["assess", "PAK", "--toward", "RUS", "--from", "USA", "--as-of", "2020-06-30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["as_of"] == "2020-06-30"
    assert run(["assess", "PAK", "--toward", "RUS", "--from", "USA", "--as-of", "June"]) == 2


# What a new vintage changes.


def session_of(year, *, first, changed=()):
    """Ten roll calls on which 40 states vote; Pakistan's votes on some are turned round."""
    random = np.random.default_rng(year)
    states = embedded.read("un_vote_counts")["iso3_a"].cast(pa.string()).unique().to_pylist()
    chosen = sorted({*[state for state in states if state in COMMON], *TRIAD.values(), "PAK"})
    cast = {state: random.choice([1, 2, 3], 10) for state in chosen}
    cast["RUS"][:8], cast["USA"][:8] = 1, 3
    for call in changed:
        cast["PAK"][call] = 4 - cast["PAK"][call] if cast["PAK"][call] != 2 else 1
    return [(first + call, state, year, int(cast[state][call])) for call in range(10) for state in chosen]


COMMON = (
    *("ARG", "AUS", "BEL", "BOL", "BRA", "CAN", "CHL", "CHN", "COL", "CUB", "DNK", "EGY", "ETH", "FRA"),
    *("GBR", "GRC", "GTM", "HND", "HTI", "IND", "IRN", "IRQ", "LBN", "LBR", "LUX", "MEX", "NLD", "NOR"),
)


def sessions(changed=()):
    rows = [row for year in range(2000, 2021) for row in session_of(
        year, first=100 * (year - 1999), changed=changed if year == 2010 else ()
    )]  # fmt: skip
    return votes(*rows)


@pytest.fixture
def two(store, no_fit):
    """Two vintages, in which one vote of Pakistan in 2010 differs, on a contested roll call."""
    store.write("un_votes", sessions(), replace(MINE, as_of="2025-09-01"), known="2025-09-10")
    store.write("un_votes", sessions((3,)), replace(MINE, as_of="2026-02-01"), known="2026-02-10")


@pytest.fixture
def answers(monkeypatch):
    """Which verdicts are computed again, and from which vintage."""
    computed = []

    def counting(question, library):
        computed.append((question.triad.state, question.window.after_start, library.chosen["un_votes"].known))
        return plain(question, library)

    plain = revisions.answer
    monkeypatch.setattr(revisions, "answer", counting)
    return computed


def test_a_diff_names_the_row_that_changed(two):
    diff = diff_table("un_votes", "2025-09", "2026-02")
    assert [diff.total(kind) for kind in ("added", "removed", "changed")] == [0, 0, 1]
    assert diff.counts.to_dict("records") == [{"year": 2010, "added": 0, "removed": 0, "changed": 1}]
    ((key, changes),) = diff.first["changed"]
    assert key == {"rcid": 1103, "iso3": "PAK"}
    assert list(changes) == ["vote"] and changes["vote"][0] != changes["vote"][1]


def test_a_diff_tells_rows_added_removed_and_emptied(store):
    dated = ONE.set_column(4, "vote_date", pa.array([datetime.date(2000, 10, 1)]))
    store.write("un_votes", votes((1, "PAK", 2000, 1), (2, "PAK", 1999, 1)), MINE, known="2025-01-01")
    store.write("un_votes", pa.concat_tables([dated, votes((3, "PAK", 2001, 2)).cast(dated.schema)]), MINE)
    first, last = (each.provenance.sha256[:12] for each in store.vintages("un_votes"))
    diff = diff_table("un_votes", first, last)
    assert [diff.total(kind) for kind in ("added", "removed", "changed")] == [1, 1, 1]
    assert diff.first["changed"][0][1] == {"vote_date": (None, datetime.date(2000, 10, 1))}
    assert diff_table("un_votes", last, last).is_empty


def test_only_verdicts_with_a_changed_row_are_computed_again(two, answers, capsys):
    inside, outside = (["--event", str(year)] for year in (2008, 2021))
    command = ["data", "diff", "un_votes", "2025-09", "2026-02", "--triad", "PAK:RUS:USA"]
    assert run([*command, *inside]) == 0
    assert answers == [("PAK", 2008, "2025-09-10"), ("PAK", 2008, "2026-02-10")]
    said = capsys.readouterr().out
    assert "2010: 1 changed" in said and "changed: rcid 1103, iso3 PAK: vote" in said
    assert "UN votes: similarity" in said and "UN votes: taking sides" in said
    assert "Energy" not in said and "verdict:" in said
    answers.clear()
    # The ten years before 2021 do not hold 2010.
    assert run([*command, *outside]) == 0
    assert not answers
    said = capsys.readouterr().out
    assert "Not touched, and not computed again: PAK toward RUS, from USA." in said


def test_without_triads_the_questions_asked_here_are_looked_at(two, answers, capsys):
    for event in ("2008", "2021"):
        assert run(["assess", "PAK", "--toward", "RUS", "--from", "USA", "--event", event, "--json"]) == 0
    assert run(["assess", "IND", "--toward", "RUS", "--from", "USA", "--before", "2000:2004", "--after",
                "2005:2009", "--json"]) == 0  # fmt: skip
    assert [(each.state, each.event, each.after) for each in asked()] == [
        ("PAK", 2008, None), ("PAK", 2021, None), ("IND", None, (2005, 2009)),
    ]  # fmt: skip
    latest = Store().vintages("un_votes")[-1].provenance.sha256
    assert all(each.inputs["un_votes"] == latest for each in asked())
    assert run(["data", "diff", "un_votes", "2025-09", "2026-02"]) == 0
    assert {(state, event) for state, event, _ in answers} == {("PAK", 2008)}


def test_a_question_is_noted_once_and_one_as_of_a_day_is_not():
    for arguments in ([], [], ["--as-of", "2020-06-30"]):
        assert run(["assess", "PAK", "--toward", "RUS", "--from", "USA", "--json", *arguments]) == 0
    assert len(asked()) == 1
    (home() / "asked.json").write_text("not JSON")
    assert asked() == []


def test_a_triad_that_is_none_and_a_table_that_is_not_here_are_refused(two, capsys):
    assert run(["data", "diff", "un_votes", "2025-09", "2026-02", "--triad", "PAK-RUS"]) == 2
    assert "Write A:B:C" in capsys.readouterr().err
    assert run(["data", "diff", "un_rollcalls", "2025-09", "2026-02"]) == 3
    assert "holds no vintage of un_rollcalls" in capsys.readouterr().err


# Faults.


def faults(name, frame):
    return find_faults(name, schema.check(name, frame))


def flows(value=lambda exporter, importer, year: 1e6, years=range(2000, 2011)):
    """Reports of trade among five states, in US dollars, as the importers have it."""
    states = ("PAK", "IND", "CHN", "USA", "BRA")
    return pd.DataFrame(
        [
            {
                "reporter": "importer",
                "exporter": a,
                "importer": b,
                "year": year,
                "trade_usd": value(a, b, year),
            }
            for year in years
            for a in states
            for b in states
            if a != b
        ]
    )


def test_sound_tables_have_no_faults(two):
    assert faults("trade_reports", flows()) == []
    for name in ("un_votes", "un_vote_counts", "un_contested_votes"):
        assert check_table(name) == []


def test_missing_years():
    (found,) = faults("trade_reports", flows(years=(2000, 2001, 2004, 2006)))
    assert found.is_fault and found.where == "2002-2003, 2005"


def test_a_year_in_another_unit():
    for in_2005, words in ((1e3, "1/1,000 of"), (1e9, "1,000 times")):
        frame = flows()
        frame.loc[frame["year"] == 2005, "trade_usd"] = in_2005
        found = faults("trade_reports", frame)
        assert [each.where for each in found] == ["trade_usd, 2005"]
        assert words in found[0].what and found[0].is_fault and "current US dollars" in found[0].remedy
    # From some year on: the fewer years are the ones told.
    (found,) = faults("trade_reports", flows(lambda a, b, year: 1e6 * (1e3 if year >= 2008 else 1)))
    assert found.where == "trade_usd, 2008-2010"


def test_growth_is_no_slip():
    assert faults("trade_reports", flows(lambda a, b, year: 1e6 * 1.5 ** (year - 2000))) == []


@pytest.mark.parametrize("year", [2005, 2010])
def test_one_flow_a_thousand_times_larger(year):
    def value(a, b, when):
        return 2e9 if (a, b, when) == ("PAK", "IND", year) else 2e6

    (found,) = [each for each in faults("trade_reports", flows(value)) if each.where == f"PAK to IND, {year}"]
    assert found.is_fault and "1,000 times" in found.what


def test_a_small_part_of_all_trade_may_jump():
    def value(a, b, when):
        return 2e6 if (a, b, when) == ("PAK", "IND", 2005) else 2e3 if (a, b) == ("PAK", "IND") else 1e9

    assert faults("trade_reports", flows(value)) == []


def test_one_state_under_two_codes_and_a_state_that_did_not_exist():
    rows = [(year, "SUN", year, 1) for year in range(1985, 1996)] + [(1980, "RUS", 1985, 1)]
    found = {each.where: each for each in faults("un_votes", votes(*rows))}
    assert found["iso3 SUN, 1993-1995"].is_fault
    assert "From 1992 write RUS" in found["iso3 SUN, 1993-1995"].remedy
    assert "To 1991 write SUN" in found["iso3 RUS, 1985"].remedy


def test_a_territory_in_trade_before_it_was_a_state_is_odd_and_no_fault():
    frame = flows()
    early = frame[frame["exporter"] == "BRA"].assign(exporter="SSD", trade_usd=9e5)
    (found,) = [each for each in faults("trade_reports", pd.concat([frame, early])) if "SSD" in each.where]
    assert found.where == "exporter SSD, 2000-2009" and not found.is_fault


def test_the_same_votes_under_two_codes():
    random = np.random.default_rng(1)
    cast = {state: random.choice([1, 2, 3], 40) for state in ("PAK", "IND", "BRA")}
    cast["BGD"] = cast["IND"]
    rows = [(call, state, 2000, int(cast[state][call - 1])) for call in range(1, 41) for state in cast]
    (found,) = faults("un_votes", votes(*rows))
    assert {"IND", "BGD"} <= set(found.where.split(" and ")) and found.is_fault


def test_a_number_used_for_two_roll_calls():
    (found,) = {
        each.where: each for each in faults("un_votes", votes((1, "PAK", 2000, 1), (1, "IND", 2001, 1)))
    }.values()
    assert found.where == "rcid 1" and "used again" in found.remedy


def test_a_session_added_twice():
    rows = session_of(2000, first=1)
    again = [(rcid + 50, *rest) for rcid, *rest in rows]
    found = faults("un_votes", votes(*rows, *again))
    assert [each.where for each in found] == ["session 55"] and "10 of 20" in found[0].what


def both_sides(exporter_factor=lambda exporter, year: 1.0):
    frame = flows(lambda a, b, year: 2e8)
    own = frame.assign(
        reporter="exporter",
        trade_usd=[
            value * exporter_factor(a, year)
            for a, year, value in zip(frame["exporter"], frame["year"], frame["trade_usd"], strict=True)
        ],
    )
    return pd.concat([frame, own], ignore_index=True)


def test_a_reporter_in_another_unit_and_a_single_wide_gap():
    assert faults("trade_reports", both_sides()) == []
    many = flows(lambda a, b, year: 2e8)
    partners = pd.concat(
        [many, *(many[many["importer"] == "IND"].assign(importer=code) for code in ("FRA", "DEU"))]
    )
    own = partners.assign(
        reporter="exporter",
        trade_usd=partners["trade_usd"].where(
            ~((partners["exporter"] == "PAK") & (partners["year"] == 2004)), 2e5
        ),
    )
    found = faults("trade_reports", pd.concat([partners, own], ignore_index=True))
    assert [each.where for each in found] == ["reports of PAK as exporter, 2004"]
    assert found[0].is_fault and "1/1,000 of" in found[0].what
    # One pair alone may differ for good reason: entrepots, secrecy.
    frame = both_sides()
    frame.loc[(frame["reporter"] == "exporter") & (frame["year"] == 2004), "trade_usd"] /= 1.01
    at = frame.index[
        (frame["reporter"] == "exporter") & (frame["exporter"] == "PAK") & (frame["year"] == 2004)
    ]
    frame.loc[at[0], "trade_usd"] = 1e6
    (found,) = faults("trade_reports", frame)
    assert not found.is_fault and found.where.startswith("1 flows; PAK to ")


def test_the_command_ends_with_1_for_faults_and_0_for_oddities(store, capsys):
    store.write("trade_reports", flows(), MINE)
    assert run(["data", "check"]) == 0
    assert "1 table checked: 0 at fault, 0 odd." in capsys.readouterr().out
    store.write("trade_reports", flows(years=(2000, 2002)), MINE)
    assert run(["data", "check", "trade_reports"]) == 1
    said = capsys.readouterr().out
    assert "trade_reports: fault: 2001" in said and "1 at fault" in said
    assert run(["data", "check", "no_such_table"]) == 2


def test_every_vintage_is_compared_with_its_hash(store, capsys):
    first = store.write("un_votes", ONE, MINE)
    store.write("un_votes", TWO, MINE)
    (store.folder / "un_votes" / first.file).write_bytes(b"damaged")
    (found,) = check_table("un_votes")
    assert found.where == first.file and "is not what was written" in found.what
    assert run(["data", "check"]) == 1
