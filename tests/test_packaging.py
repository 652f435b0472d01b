"""What is installed: version, verbs and commands agree, and importing the package is cheap."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import click
import pytest

import tropism
from tropism.cli import app
from tropism.verbs import VERBS

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
#: Slow to import, or not needed by every command.
HEAVY = {
    "altair",
    "arviz_stats",
    "click",
    "duckdb",
    "ibis",
    "numba",
    "numpy",
    "pandas",
    "pooch",
    "pyarrow",
    "pydantic",
    "pyfixest",
    "rich",
    "vl_convert",
    "yaml",
}
VERB_NAMES = [verb.name for verb in VERBS]


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a statement loads in a fresh process."""
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def find_command(words: str) -> click.Command:
    """The click command behind the words of `Verb.command`, options left out."""
    command: click.Command = app
    for word in words.split():
        if word.startswith("-"):
            assert word in {name for option in command.params for name in option.opts}, f"{words}: no {word}"
            break
        assert isinstance(command, click.Group), f"{words}: {command.name} has no commands"
        assert word in command.commands, f"{words}: {word} is none of {', '.join(command.commands)}"
        command = command.commands[word]
    return command


def resolve(path: str) -> object:
    """``"tropism.assessment.Assessment"`` as the object; built-ins without a module."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module or "builtins"), name)


def test_the_version_is_the_same_everywhere():
    assert PROJECT["project"]["version"] == tropism.__version__
    for file, text in (
        ("CHANGELOG.md", f"## [{tropism.__version__}]"),
        ("CITATION.cff", f"version: {tropism.__version__}"),
    ):
        assert text in (Path(__file__).parents[1] / file).read_text(encoding="utf-8"), file


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import tropism") & HEAVY


@pytest.mark.parametrize("arguments", (["--version"], ["--help"], ["assess", "--help"]))
def test_asking_for_help_loads_nothing_but_click(arguments):
    statement = f"from tropism.cli import run; run({arguments!r})"
    assert not loaded_by(statement) & (HEAVY - {"click"})


def test_everything_public_can_be_imported():
    assert set(tropism.__all__) == {"__version__", *VERB_NAMES}
    assert set(tropism.__all__) <= set(dir(tropism))
    for name in tropism.__all__:
        assert getattr(tropism, name) is not None


def test_an_unknown_attribute_names_those_there_are():
    with pytest.raises(AttributeError, match=r"no attribute 'asess'; it has .*assess"):
        _ = tropism.asess


@pytest.mark.parametrize("verb", VERBS, ids=VERB_NAMES)
def test_each_verb_is_a_documented_function_of_its_module(verb):
    function = getattr(tropism, verb.name)
    assert function is getattr(importlib.import_module(verb.module), verb.name)
    documentation = inspect.getdoc(function) or ""
    for section in ("Returns\n---", "Examples\n---"):
        assert section in documentation, f"{verb.name}: no section {section.partition(chr(10))[0]}"


@pytest.mark.parametrize("verb", VERBS, ids=VERB_NAMES)
def test_each_verb_has_its_command(verb):
    assert find_command(verb.command).help


@pytest.mark.parametrize("verb", VERBS, ids=VERB_NAMES)
def test_each_verb_returns_the_type_that_the_table_says(verb):
    promised = resolve(verb.result)
    function = getattr(tropism, verb.name)
    # Parameters may name modules that are imported only for type checking; the result must be resolvable.
    names = {"pd": importlib.import_module("pandas"), "pa": importlib.import_module("pyarrow")}
    annotation = inspect.get_annotations(function)["return"]
    returned = eval(annotation, names | vars(importlib.import_module(function.__module__)))
    assert promised in (returned, typing.get_origin(returned)), f"{verb.name} returns {annotation}"


def test_every_command_is_in_the_table():
    def leaves(group: click.Group, path: str = "") -> set[str]:
        return {
            found
            for name, command in group.commands.items()
            for found in (
                leaves(command, f"{path}{name} ") if isinstance(command, click.Group) else {path + name}
            )
        }

    in_table = {verb.command.partition(" -")[0] for verb in VERBS}
    assert leaves(app) == in_table


def test_the_distribution_carries_its_data_and_type_marker():
    root = Path(tropism.__file__).parent
    for name in ("py.typed", "data/manifest.json", "tables/columns.csv", "tables/tables.csv"):
        assert (root / name).is_file(), name
    embedded = sum(file.stat().st_size for file in (root / "data").rglob("*") if file.is_file())
    assert embedded <= 20 * 1024**2, f"the embedded data have {embedded / 1024**2:.1f} MB; 20 are allowed"


def test_core_bounds_are_in_the_package_and_the_lock_obeys_them():
    # A lock alone protects nobody who runs `pip install tropism`: duckdb 2.0 passes `pip check` and fails.
    from packaging.requirements import Requirement

    lock = Path(__file__).parents[1] / "requirements" / "core.txt"
    pinned = dict(
        line.split("#")[0].strip().split("==") for line in lock.read_text().splitlines() if "==" in line
    )
    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        assert any(part.operator == "<" for part in requirement.specifier), f"{line} has no upper bound"
        assert requirement.name in pinned, f"{line} is not in requirements/core.txt: run `make lock`"
        assert requirement.specifier.contains(pinned[requirement.name]), (
            f"{line}, locked {pinned[requirement.name]}"
        )


def test_the_module_runs_as_a_program():
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    shown = subprocess.run(
        [sys.executable, "-m", "tropism.cli", "--version"], capture_output=True, text=True, env=environment
    )
    assert shown.returncode == 0 and tropism.__version__ in shown.stdout
