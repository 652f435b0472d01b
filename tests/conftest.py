"""Where shared data lie, and skips that count as failures in CI.

Tests in ``tests/shared`` and ``tests/browser`` carry the mark of their folder. ``TROPISM_NO_SKIPS=1``
turns every skip into a failure: a run that lacks a tool or data is no proof.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provider_files import write

FOLDERS = {"shared", "browser"}
TESTS = Path(__file__).parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder: ``TROPISM_SHARED``, else beside the repository."""
    folder = Path(os.environ.get("TROPISM_SHARED") or TESTS.parent / ".." / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the shared data folder {folder} is not there; set TROPISM_SHARED")
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file as a provider gives it: text or bytes, a name, an encoding."""

    def written(content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        return write(tmp_path / name, content, encoding)

    return written


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests away from the user's store of tables, which would come before the embedded ones."""
    home = tempfile.TemporaryDirectory(prefix="tropism-home-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ["TROPISM_HOME"] = home.name
    # Hooks of this file reach only its own folder; the doctests of the package lie elsewhere.
    config.pluginmanager.register(Everywhere())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, so that a new one cannot be forgotten."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            for folder in FOLDERS & set(item.path.relative_to(TESTS).parts[:-1]):
                item.add_marker(folder)
        elif item.path.suffix == ".md":
            item.add_marker("docs")


class Everywhere:
    """What holds for doctests too."""

    @pytest.fixture(autouse=True)
    def _doctests_write_elsewhere(self, request: pytest.FixtureRequest) -> None:
        """An example that writes a file does not leave it in the checkout."""
        if isinstance(request.node, pytest.DoctestItem):
            request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> object:
        """A skipped test."""
        report = yield
        _fail_if_skipped(report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> object:
        """A module that skips itself as a whole."""
        report = yield
        _fail_if_skipped(report)
        return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("TROPISM_NO_SKIPS") != "1":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    # An example marked +SKIP (a download) lacks no tool: nobody is meant to run it.
    if "skipped by +SKIP option" not in reason:
        report.outcome = "failed"
        report.longrepr = f"TROPISM_NO_SKIPS: {reason}"
