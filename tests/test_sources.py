"""Sources: their records, the layout of Voeten's votes, and what is listed."""

import io
import logging
import sys

import pandas as pd
import pytest
from rich.console import Console

from provider_files import pack, parse, write
from tropism.errors import DownloadError, SchemaError
from tropism.report.terminal import print_tables
from tropism.series import Provenance
from tropism.sources import Source, add_files, find_source, sources
from tropism.tables import list_tables, schema
from tropism.tables.library import table_years
from tropism.tables.store import Store

# The columns of the release of 2024 in their order, as its readers print them. The rows are invented.
HEADER = (
    '"","rcid","ccode","member","vote","Country","Countryname","session","abstain","yes","no",'
    '"importantvote","date","unres","amend","para","short","descr","me","nu","di","hr","co","ec","ident",'
    '"resid"'
)


def row(number, rcid, ccode, vote, name, session, date, resid):
    return (
        f'"{number}",{rcid},{ccode},1,{vote},"XXX","{name}",{session},4,29,18,0,{date},"R/1/66",1,0,"RULES",'
        f'"TO ADOPT A ""CUBAN"" AMENDMENT,\nAS REVISED",0,0,0,0,0,0,0,{resid}'
    )


ROWS = [
    row(1, 3, 2, 1, "United States of America", 1, "1946-01-01", 1001),
    row(2, 3, 365, 3, "Russia", 1, "1946-01-01", 1001),
    row(3, 3, 31, 9, "Bahamas", 1, "1946-01-01", 1001),
    row(4, 3, 713, 8, "Taiwan", 1, "1946-01-01", 1001),
    row(5, 9147, 365, 2, "Russia", 78, "2023-11-02", 78001),
    row(6, 9147, 2, 3, "United States of America", 78, "2023-11-02", 78001),
    row(7, 9147, 770, 1, "Pakistan", 78, "2023-11-03", 78001),
    # No roll-call number yet; the state twice with one vote; the country known by its name alone.
    row(8, "NA", 2, 1, "United States of America", 78, "2024-06-04", 78087),
    row(9, "NA", 2, 1, "United States of America", 78, "2024-06-05", 78087),
    row(10, "NA", "NA", 1, "Turkey", 78, "2024-06-04", 78087),
]
OFFICIAL = "\n".join([HEADER, *ROWS]) + "\n"
EXPECTED = [
    (3, "SUN", 1946, 1, "1946-01-01", 3),
    (3, "USA", 1946, 1, "1946-01-01", 1),
    (9147, "PAK", 2023, 78, "2023-11-02", 1),
    (9147, "RUS", 2023, 78, "2023-11-02", 2),
    (9147, "USA", 2023, 78, "2023-11-02", 3),
    (78087, "TUR", 2023, 78, "2024-06-04", 1),
    (78087, "USA", 2023, 78, "2024-06-04", 1),
]


# The records.


def test_each_module_with_a_record_is_a_source():
    assert "unga" in sources()
    for name, source in sources().items():
        assert isinstance(source, Source)
        assert sys.modules[f"tropism.sources.{name}"].SOURCE is source
        for field in ("title", "version", "years", "licence", "terms", "citation"):
            assert getattr(source, field).strip(), (name, field)
        assert source.page.startswith(("https://", "http://")), name
        # Either a program gets the files, or the record says how a person does.
        assert (source.files is None) == bool(source.by_hand), name


@pytest.mark.parametrize("years", [None, (2015, 2023)])
def test_each_file_of_a_source_has_an_address_and_a_name_of_its_own(years):
    for name, source in sources().items():
        remotes = source.files(years) if source.files else ()
        names = [remote.local_name for remote in remotes]
        assert len(set(names)) == len(names), name
        for remote in remotes:
            assert remote.url.startswith(("https://", "http://", "doi:")), name
            assert remote.local_name and not set(remote.local_name) & set('/\\:*?"<>|'), name
            assert remote.sha256 is None or len(remote.sha256) == 64, name


def test_tables_and_sources_name_each_other():
    told = {
        (table, source.name, source.files is None) for source in sources().values() for table in source.tables
    }
    named = {
        (name, source, manual)
        for name, each in schema.schemas().items()
        for source, manual in ((each.fetch, False), (each.by_hand, True))
        if source
    }
    assert named == told


def test_a_table_is_brought_by_the_command_of_a_source_that_has_it():
    for name, table in schema.schemas().items():
        having = {each.command for each in sources().values() if name in each.tables}
        assert table.command in having if having else table.command == table.command_of_own


def test_a_broken_module_is_not_passed_over(monkeypatch):
    def broken(name):
        raise SyntaxError(name)

    monkeypatch.setattr("tropism.sources.source.importlib.import_module", broken)
    with pytest.raises(SyntaxError):
        sources.__wrapped__()


def test_the_votes_are_taken_from_the_archive_by_doi():
    (remote,) = find_source("unga").files(None)
    assert remote.url == "doi:10.7910/DVN/LEJUQZ/UNVotes.csv"
    assert find_source("unga").page == "https://doi.org/10.7910/DVN/LEJUQZ"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ungo", "Did you mean unga or undl?"),
        ("un_votes", "It is a table, which the source unga provides: `tropism data fetch unga`."),
        (
            "timeline",
            "It is a table, which no source provides: `tropism data add timeline FILE --source WHERE --as-of "
            "DATE`.",
        ),
        ("arms_totals", "It is a table, which the source sipri provides: `tropism data add sipri FILE`."),
    ],
)
def test_an_unknown_source_suggests_what_may_be_meant(name, hint):
    with pytest.raises(DownloadError) as caught:
        find_source(name)
    assert str(caught.value) == f"source {name!r} is not known. {hint}"


def test_a_source_unlike_any_other_lists_all():
    with pytest.raises(DownloadError, match=r"source 'zzzz' is not known. Sources are: .*unga"):
        find_source("zzzz")


# Voeten's layout.


def votes(tmp_path, text, years=None):
    return parse("unga", write(tmp_path / "UNVotes.csv", text), years=years)["un_votes"]


def rows_of(rows):
    return [(*list(each.values())[:4], each["vote_date"].isoformat(), each["vote"]) for each in rows]


def test_layout_of_the_release_of_2022(tmp_path):
    # It calls the file UNVotes-1.csv and has a year, but no member and ident.
    text = (
        "rcid,ccode,session,vote,Country,Countryname,year,date,resid\n"
        "3,2,1,1,USA,United States of America,1946,1946-01-01,1001\n"
        "3,20,1,3,CAN,Canada,1946,1946-01-01,1001\n"
    )
    assert [each["iso3"] for each in votes(tmp_path, text)] == ["CAN", "USA"]


def test_layout_with_tabs_as_an_archive_may_serve_it(tmp_path):
    text = "rcid\tccode\tsession\tvote\tdate\n3\t2.0\t1\t1\t1946-01-01\n"
    assert len(votes(tmp_path, text)) == 1


def test_other_columns_may_be_in_any_encoding(tmp_path):
    text = OFFICIAL.replace("RULES", "R\u00c8GLES").encode("latin-1")
    assert len(votes(tmp_path, text)) == len(EXPECTED)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"vote"', '"choice"', "lacks the column vote; it has , rcid, ccode, member, choice"),
        ("3,365,1,3,", "3,365,1,7,", "holds vote 7 in row 2; known are 1 yes, 2 abstain, 3 no, 8"),
        ("3,365,1,3,", "3,365,1,NA,", "has no vote in row 2"),
        ("3,365,1,3,", "3,365,1,no,", "holds vote 'no' in row 2; expected a whole number"),
        ("3,365,1,3,", "3.5,365,1,3,", "holds rcid '3.5' in row 2; expected a whole number"),
        ("1946-01-01,", "1/1/1946,", "holds date '1/1/1946' in row 1; expected an ISO date"),
        ('"Pakistan",78', '"Pakistan",NA', "has no session in row 7"),
        (",78087\n", ",\n", "has a vote without rcid in row 8"),
        (
            '9147,770,1,1,"XXX","Pakistan"',
            '9147,999,1,1,"XXX","Atlantis"',
            "1 of 8 have no known state; first in row 7: country Atlantis, ccode 999, year 2023",
        ),
        ("NA,2,1,1,", "NA,2,1,2,", None),
    ],
)
def test_a_changed_layout_is_named(tmp_path, old, new, expected):
    if expected is None:
        # One of two rows of a state says otherwise: which one is right is not ours to say.
        text = OFFICIAL.replace(old, new, 1)
        expected = "rows 8 and 9 contradict each other about rcid 78087, iso3 USA"
    else:
        text = OFFICIAL.replace(old, new)
    assert text != OFFICIAL
    with pytest.raises(SchemaError, match=expected):
        votes(tmp_path, text)


def test_a_few_votes_of_no_known_state_are_left_out_and_said_so(tmp_path, caplog):
    many = [row(i, i, 2, 1, "United States of America", 1, "1946-01-01", 1000 + i) for i in range(1, 200)]
    text = "\n".join([HEADER, *many, row(200, 5, "NA", 1, "Atlantis", 1, "1946-01-01", 1005)]) + "\n"
    with caplog.at_level(logging.WARNING):
        assert len(votes(tmp_path, text)) == 199
    assert caplog.messages == ["unga: votes: 1 left out, of no known state: Atlantis (1)"]


def test_all_rows_of_the_release_of_2024(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert rows_of(votes(tmp_path, OFFICIAL)) == EXPECTED
    assert caplog.messages == ["unga: votes: 1 rows left out that repeat another"]


def absences(tmp_path, *more):
    text = "\n".join([HEADER, *ROWS, *more]) + "\n"
    found = parse("unga", write(tmp_path / "UNVotes.csv", text))["un_absences"]
    return [(each["rcid"], each["iso3"], each["session"]) for each in found]


def test_who_is_absent_is_a_row_of_another_table_and_who_was_no_member_of_none(tmp_path):
    assert absences(tmp_path) == [(3, "TWN", 1)]


def test_an_absence_beside_a_vote_or_in_another_session_than_the_votes_is_none(tmp_path, caplog):
    beside = row(11, 3, 2, 8, "United States of America", 1, "1946-01-01", 1001)
    elsewhere = row(12, 3, 20, 8, "Canada", 2, "1947-01-01", 2001)
    assert absences(tmp_path, beside, beside, elsewhere) == [(3, "TWN", 1)]
    assert "unga: absences: 1 left out, filed under another session than the votes" in caplog.text


def test_years_are_those_of_sessions(tmp_path):
    assert rows_of(votes(tmp_path, OFFICIAL, years=(2000, 2023))) == EXPECTED[2:]


def test_the_archive_of_all_files_and_a_copy_in_parquet(tmp_path):
    members = {"UNVotes.csv": OFFICIAL, "MANIFEST.TXT": "rcid and ccode are explained in the codebook"}
    packed = pack(tmp_path / "dataverse_files.zip", members)
    assert rows_of(parse("unga", packed)["un_votes"]) == EXPECTED
    copy = tmp_path / "votes"
    frame = pd.DataFrame(
        {
            "rcid": pd.array([3, 3], "int32"),
            "ccode": pd.array([2, 0], "int16"),
            "session": [1, 1],
            "date": pd.to_datetime(["1946-01-01", "1946-01-01"]).astype("datetime64[us]"),
            "vote": pd.array([1, 3], "int8"),
            "country": pd.Categorical(["United States", "Turkey"]),
        }
    )
    frame.to_parquet(copy)
    assert rows_of(parse("unga", copy)["un_votes"]) == [
        (3, "TUR", 1946, 1, "1946-01-01", 3),
        (3, "USA", 1946, 1, "1946-01-01", 1),
    ]


# What is listed.


def listed(width=100):
    printed = io.StringIO()
    tables = list_tables()
    years = {info.name: table_years(info) for info in tables}
    print_tables(
        tables, years, tuple(sources().values()), Console(file=printed, width=width, highlight=False)
    )
    return printed.getvalue().splitlines()


def test_every_table_and_source_is_listed_once_within_the_screen(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    lines = listed()
    assert max(map(len, lines)) <= 100
    groups = [line.partition("  ")[0] for line in lines if "  tropism data" in line]
    assert groups == [
        "Tables in use",
        "Sources to fetch",
        "Sources to download by hand",
        "Tables to bring yourself",
    ]
    first = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    provided = {table for source in sources().values() for table in source.tables}
    for name in schema.schemas().keys() | sources().keys():
        assert first.count(name) == (name not in provided), name


def test_how_a_person_gets_a_source_is_listed_in_full(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    words = " ".join(" ".join(listed()).split())
    assert all(source.by_hand in words for source in sources().values())


def test_a_fetched_source_is_listed_with_its_date_and_its_table_with_its_years(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    file = tmp_path / "votes.csv"
    file.write_text(OFFICIAL)
    add_files("unga", [file])
    lines = listed()
    (source,) = (line.split() for line in lines if line.startswith("unga "))
    assert source == ["unga", "2024-06-04", "1946-2023", "CC0", "1.0"]
    (undl,) = (line.split() for line in lines if line.startswith("undl "))
    assert undl[1] == "no"
    (table,) = (line.split() for line in lines if line.startswith("un_votes "))
    assert table == ["un_votes", "store", "7", "1946-2023", "2024-06-04", "CC0", "1.0"]


def test_a_table_without_years_or_of_a_damaged_file_is_listed_without_any(tmp_path, monkeypatch):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path / "home"))
    store = Store()
    facts = Provenance(source="mine", licence="CC0", as_of="2024-06-30")
    vintage = store.write("regions", pd.DataFrame({"iso3": ["PAK"], "region": ["asia"]}), facts)
    assert store.years("regions") is None
    (store.folder / "regions" / vintage.file).write_bytes(b"PAR1")
    assert store.years("regions") is None
    (line,) = (line.split() for line in listed() if line.startswith("regions "))
    assert line == ["regions", "store", "1", "2024-06-30", "CC0"]
