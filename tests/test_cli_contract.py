"""What scripts may rely on: exit codes, one clear message, clean stdout, no half-written file.

Every case runs the real program. 0 answered, 1 our bug, 2 bad input, 3 data not present, 130 interrupted.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tropism
from tropism.cli import app

TRIAD = ("assess", "PAK", "--toward", "RUS", "--from", "USA")
PROGRAM = (sys.executable, "-m", "tropism.cli")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def refused(*arguments: str, code: int = 2, **environment: str) -> str:
    """Run what must fail; return its message, after checking that it is one and stands on stderr."""
    done = run(*arguments, **environment)
    assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-300:]}{done.stderr[-500:]}"
    assert not done.stdout, "an error belongs on stderr"
    assert len(done.stderr) < 1000, "one clear message, not a page"
    return done.stderr


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A path that nobody can write, root included: it lies below a regular file."""
    file = tmp_path / "regular-file"
    file.write_text("in the way", encoding="utf-8")
    return file / "below"


@pytest.fixture(scope="module")
def answer() -> subprocess.CompletedProcess[str]:
    return run(*TRIAD, "--json")


# Answers


def test_json_alone_on_stdout(answer):
    assert answer.returncode == 0, answer.stderr
    content = json.loads(answer.stdout)
    assert content["schema_version"] == "1"
    assert content["tropism_version"] == tropism.__version__
    assert content["triad"] == {"state": "PAK", "toward": "RUS", "away_from": "USA"}
    assert content["rows"] and content["reading"] and content["sources"]


def test_json_has_no_numbers_that_other_parsers_refuse(answer):
    json.loads(answer.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_command_in_the_answer_gives_the_answer_again(answer):
    first = json.loads(answer.stdout)
    program, *arguments = first["command"].split()
    assert program == "tropism"
    assert json.loads(run(*arguments, "--json").stdout) == first


def test_cannot_tell_is_an_answer():
    # Two years after the event are fewer than three.
    done = run(*TRIAD, "--before", "2004:2013", "--after", "2022:2023", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "cannot tell"


def test_the_table_fits_80_columns():
    done = run(*TRIAD, COLUMNS="80", TERM="dumb")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b[" not in done.stdout, "no colours into a pipe"


def test_files_are_written_whole_and_logs_stay_off_stdout(tmp_path):
    page, content = tmp_path / "page.html", tmp_path / "answer.json"
    done = run(*TRIAD, "--html", str(page), "--json", str(content))
    assert done.returncode == 0, done.stderr
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert json.loads(content.read_text(encoding="utf-8"))["schema_version"] == "1"
    assert "wrote" in done.stderr and "wrote" not in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answer.json", "page.html"]


def test_quiet_says_nothing_on_stderr(tmp_path):
    done = run("-q", *TRIAD, "--html", str(tmp_path / "page.html"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Pakistan" in done.stdout


def test_version_and_help():
    assert tropism.__version__ in run("--version").stdout
    for arguments in (["--help"], ["-h"], ["assess", "--help"], ["data", "--help"]):
        done = run(*arguments)
        assert done.returncode == 0 and "Usage: tropism" in done.stdout


# Bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("assess", "Pakistn", "--toward", "RUS", "--from", "USA"), ("Pakistn", "Pakistan")),
        (("assess", "Atlantis", "--toward", "RUS", "--from", "USA"), ("Atlantis",)),
        (("assess", "Korea", "--toward", "CHN", "--from", "USA"), ("Korea", "PRK", "KOR")),
        (("assess", "", "--toward", "RUS", "--from", "USA"), ("empty",)),
        (("assess", "PAK", "--toward", "RUS", "--from", "Russia"), ("twice",)),
        (("assess", "PAK", "--toward", "Pakistan", "--from", "USA"), ("twice",)),
        (("assess", "DDR", "--toward", "RUS", "--from", "USA"), ("did not exist", "1990", "--before")),
        (("assess", "SSD", "--toward", "RUS", "--from", "USA", "--event", "2000"), ("did not exist", "2011")),
        ((*TRIAD, "--event", "1850"), ("window",)),
        ((*TRIAD, "--event", "2090"), ("window",)),
        ((*TRIAD, "--event", "20140"), ("window", "20140")),
        ((*TRIAD, "--event", "lately"), ("lately", "--event")),
        ((*TRIAD, "--before", "2013:2004", "--after", "2014:"), ("window", "2013:2004")),
        ((*TRIAD, "--before", "2004:2013", "--after", "2023:2014"), ("window", "2023:2014")),
        ((*TRIAD, "--before", "2004:2016", "--after", "2014:"), ("window", "overlap")),
        ((*TRIAD, "--before", "2004:", "--after", "2014:"), ("--before", "last year")),
        ((*TRIAD, "--before", "2004-2013"), ("2004-2013", "2004:2013")),
        ((*TRIAD, "--before", "2300:2310", "--after", "2311:"), ("window",)),
        (("assess", "PAK", "--toward", "RUS"), ("--from",)),
        (("assess",), ("STATE",)),
        (("asess", "PAK"), ("asess",)),
        (("state", "Atlantis"), ("Atlantis",)),
        (("votes", "similarity", "PAK", "Atlantis"), ("Atlantis",)),
        (("votes", "fit", "--file", "absent.csv"), ("absent.csv", "Check the path")),
        (("votes", "fit", "--file", "votes.txt"), ("votes.txt", ".csv")),
        (("votes", "fit", "--set", "nucular"), ("nucular", "nuclear")),
        (("votes", "fit", "--link", "cauchit"), ("cauchit", "probit")),
        (("votes", "fit", "--poles", "USA"), ("--poles", "2")),
        (("votes", "fit", "--draws", "-1"), ("--draws", "-1")),
        (("votes", "fit", "--csv", "out", "--json", "out"), ("out", "--csv")),
        (("votes", "plot", "PAK"), ("--out",)),
        (("votes", "plot", "PAK", "--out", "chart.gif"), ("chart.gif", ".png", ".svg", ".html", ".json")),
        (("votes", "plot", *"ABCDEFG", "--out", "chart.png"), ("7 units", "6")),
        (("data", "show", "no_such_table"), ("no_such_table",)),
        (("data", "fetch", "no_such_source"), ("no_such_source",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_refused_with_one_message(arguments, words):
    message = refused(*arguments)
    for word in words:
        assert word in message


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_file_that_cannot_be_written(option, blocked, tmp_path):
    message = refused(*TRIAD, option, str(blocked / "out"))
    assert str(blocked / "out") in message
    assert [path.name for path in tmp_path.iterdir()] == ["regular-file"]


def test_a_folder_in_place_of_a_file(tmp_path):
    assert "folder" in refused(*TRIAD, "--html", str(tmp_path))


def test_a_failed_run_leaves_the_old_file_alone(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("the old page", encoding="utf-8")
    refused("assess", "Atlantis", "--toward", "RUS", "--from", "USA", "--html", str(page))
    assert page.read_text(encoding="utf-8") == "the old page"


def test_a_table_of_ones_own_that_does_not_fit(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("exporter,importer\nRUS,PAK\n", encoding="utf-8")
    facts = ("--source", "mine", "--as-of", "2026-01-01")
    message = refused("data", "add", "mineral_trade", str(file), *facts, TROPISM_HOME=str(tmp_path / "home"))
    assert "mineral_trade" in message
    assert "absent.csv" in refused("data", "add", "mineral_trade", str(tmp_path / "absent.csv"), *facts)


# Ideal points: the same inputs for a table and a chart

compiled = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Votes of twelve members on thirty roll calls in three years, as a file."""
    file = tmp_path_factory.mktemp("house") / "votes.csv"
    rows = [
        f"M{member:02d},{call},{2001 + call // 10},{vote}"
        for member in range(12)
        for call in range(30)
        for vote in [1 if (member - 5.5) * (call % 7 - 3.2) > call % 5 - 2 else 3]
    ]
    file.write_text("unit,rollcall,year,vote\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return str(file)


@compiled
def test_a_fit_goes_to_the_screen_or_to_files(house, tmp_path):
    table, content = tmp_path / "positions.csv", tmp_path / "fit.json"
    inputs = ("--file", house, "--since", "2002", "--anchor", "M11", "--draws", "50")
    done = run("votes", "fit", *inputs, "--csv", str(table), "--json", str(content), COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert "M11" in done.stdout and "…" not in done.stdout
    assert table.read_text(encoding="utf-8").startswith("unit,session,year,votes,estimate,std_error,lower")
    written = json.loads(content.read_text(encoding="utf-8"))
    assert {each["year"] for each in written["positions"]} == {2002, 2003}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.json", "positions.csv"]
    printed = run("-q", "votes", "fit", *inputs, "--json")
    assert json.loads(printed.stdout) == written and not printed.stderr


@compiled
@pytest.mark.parametrize("ending", ["png", "svg", "html", "json"])
def test_a_chart_is_what_the_ending_of_its_file_says(house, tmp_path, ending):
    out = tmp_path / f"chart.{ending}"
    done = run("votes", "plot", "M00", "M11", "--file", house, "--draws", "50", "--out", str(out))
    assert done.returncode == 0 and not done.stdout, done.stderr
    start = {"png": b"\x89PNG", "svg": b"<svg", "html": b"<!DOCTYPE html>", "json": b"{"}[ending]
    assert out.read_bytes().lstrip().startswith(start)
    if ending == "html":
        assert b"<script src=" not in out.read_bytes(), "the page needs no network"
    if ending == "svg":
        assert b"M11" in out.read_bytes()


def test_a_unit_without_votes_and_a_file_in_the_way_are_refused_before_the_fit(house, blocked, tmp_path):
    fit = ("--file", house, "--out")
    assert "M11" in refused("votes", "plot", "M111", *fit, str(tmp_path / "chart.png"))
    assert str(blocked) in refused("votes", "plot", "M11", *fit, str(blocked / "chart.png"))
    for option in ("--csv", "--json"):
        assert str(blocked) in refused("votes", "fit", "--file", house, option, str(blocked / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["regular-file"]


def test_defaults_of_a_fit_are_those_of_the_verb():
    options = {option.name: option.default for option in app.commands["votes"].commands["fit"].params}
    verb = inspect.signature(tropism.estimate_ideal_points).parameters
    shared = {"link", "dynamics", "absences", "duplicates", "method", "draws", "seed"}
    assert shared < set(options)
    assert {name: options[name] for name in shared} == {name: verb[name].default for name in shared}


def test_every_vote_set_is_listed():
    done = run("votes", "sets")
    assert done.returncode == 0 and not done.stderr
    assert all(each.name in done.stdout for each in tropism.list_vote_sets())


# Data not present


@pytest.mark.parametrize("arguments", [("fit",), ("plot", "PAK", "--out", "chart.png")], ids=" ".join)
def test_votes_that_are_not_here_name_the_command_that_gets_them(arguments, tmp_path):
    message = refused("votes", *arguments, code=3, TROPISM_HOME=str(tmp_path / "home"))
    assert "un_votes" in message and "tropism data fetch unga" in message


def test_data_that_is_not_here_names_the_command_that_gets_it(tmp_path):
    root = copy_package(tmp_path)
    manifest = root / "tropism" / "data" / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    del entries["mineral_trade"]
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    message = refused("data", "show", "mineral_trade", code=3, PYTHONPATH=str(root))
    assert "tropism data" in message


# Damage


def copy_package(folder: Path) -> Path:
    shutil.copytree(
        Path(tropism.__file__).parent, folder / "tropism", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES = {
    "one bit": flip_a_byte,
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:1000]),
    "gone": lambda file: file.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["embedded/mineral_trade.parquet", "facts/memberships.csv"])
def test_a_damaged_embedded_file(name, damage, tmp_path):
    root = copy_package(tmp_path)
    DAMAGES[damage](root / "tropism" / "data" / name)
    message = refused(*TRIAD, "--html", str(tmp_path / "page.html"), PYTHONPATH=str(root))
    assert Path(name).name in message and "reinstall" in message
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"mineral_trade": {}}'])
def test_a_damaged_manifest(content, tmp_path):
    root = copy_package(tmp_path)
    (root / "tropism" / "data" / "manifest.json").write_text(content, encoding="utf-8")
    assert "manifest.json" in refused(*TRIAD, PYTHONPATH=str(root))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[{}]", b"\xff\xfe\x00", b'{"a": 1}'])
def test_a_corrupt_record_of_the_store(content, tmp_path):
    folder = tmp_path / "tables" / "mineral_trade"
    folder.mkdir(parents=True)
    (folder / "vintages.json").write_bytes(content)
    for arguments in (TRIAD, ("data", "list"), ("data", "show", "mineral_trade")):
        message = refused(*arguments, TROPISM_HOME=str(tmp_path))
        assert str(folder) in message and "Delete" in message


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_corrupt_table_in_the_store(damage, tmp_path):
    own = tmp_path / "own.csv"
    home = {"TROPISM_HOME": str(tmp_path / "home")}
    assert run("data", "show", "mineral_products", "--csv", str(own)).returncode == 0
    facts = ("--source", "mine", "--as-of", "2026-01-01")
    added = run("data", "add", "mineral_products", str(own), *facts, **home)
    assert added.returncode == 0, added.stderr
    (stored,) = (tmp_path / "home" / "tables" / "mineral_products").glob("*.parquet")
    DAMAGES[damage](stored)
    message = refused("data", "show", "mineral_products", **home)
    assert str(stored) in message and "Delete" in message


# Surroundings


def test_nothing_needs_to_be_writable(blocked, tmp_path):
    """A read-only HOME, cache and installation: commands answer all the same."""
    environment = {name: str(blocked) for name in ("HOME", "XDG_CACHE_HOME", "TROPISM_HOME", "MPLCONFIGDIR")}
    done = run(*TRIAD, "--html", str(tmp_path / "page.html"), **environment, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    assert run("data", "list", **environment).returncode == 0


def test_no_home_at_all():
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "TROPISM_HOME")}
    done = subprocess.run(
        [*PROGRAM, *TRIAD], capture_output=True, text=True, encoding="utf-8", env=environment
    )
    assert done.returncode == 0, done.stderr


def test_a_store_that_cannot_be_written(blocked, tmp_path):
    own = tmp_path / "own.csv"
    assert run("data", "show", "mineral_products", "--csv", str(own)).returncode == 0
    facts = ("--source", "mine", "--as-of", "2026-01-01")
    message = refused("data", "add", "mineral_products", str(own), *facts, TROPISM_HOME=str(blocked))
    assert "TROPISM_HOME" in message


def test_running_writes_nothing_into_the_installation_or_the_folder(tmp_path):
    root = copy_package(tmp_path / "site")
    before = {path for path in root.rglob("*") if "__pycache__" not in path.parts}
    here = tmp_path / "here"
    here.mkdir()
    home = tmp_path / "home"
    done = subprocess.run(
        [*PROGRAM, *TRIAD],
        capture_output=True,
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(root), "TROPISM_HOME": str(home)},
    )
    assert done.returncode == 0
    assert {path for path in root.rglob("*") if "__pycache__" not in path.parts} == before
    assert not list(here.iterdir())


def test_a_reader_that_goes_away_is_no_error():
    # As `tropism … | head -1`: the pipe is closed while the program still writes.
    with subprocess.Popen(
        [*PROGRAM, "data", "show", "mineral_trade", "--rows", "20000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        errors = program.stderr.read().decode()
        assert program.wait(timeout=60) == 0, errors
    assert "Traceback" not in errors and "BrokenPipe" not in errors


@pytest.mark.parametrize("arguments", [TRIAD, (*TRIAD, "--json")], ids=["table", "json"])
def test_a_reader_that_never_reads_is_no_error(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


# Stops in the middle of the page: half of it is on the disk when the signal comes.
INTERRUPTED = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from tropism.cli import run
write = pathlib.Path.write_text

def half(self, text, *args, **kwargs):
    write(self, text[: len(text) // 2], *args, **kwargs)
    print("half written", flush=True)
    time.sleep(60)

pathlib.Path.write_text = half
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("option", ["--html", "--json"])
def test_ctrl_c_leaves_no_half_written_file(option, tmp_path):
    out = tmp_path / "out"
    out.write_text("the old file", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *TRIAD, option, str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None and program.stderr is not None
        assert program.stdout.readline() == "half written\n"
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=30) == 130
        errors = program.stderr.read()
    assert "interrupted" in errors and "Traceback" not in errors
    assert out.read_text(encoding="utf-8") == "the old file"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_our_own_bugs_exit_with_1_and_ask_for_a_report():
    code = (
        "import sys, tropism.assessment as a\n"
        "def bug(*args, **kwargs): raise RuntimeError('the sum is odd')\n"
        "a.assess = bug\n"
        "from tropism.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", code, *TRIAD], capture_output=True, text=True)
    assert done.returncode == 1
    assert "the sum is odd" in done.stderr and "report" in done.stderr and "Traceback" not in done.stderr
    loud = subprocess.run([sys.executable, "-c", code, "-v", *TRIAD], capture_output=True, text=True)
    assert loud.returncode == 1 and "Traceback" in loud.stderr
