"""What the README shows is what the program prints."""

import doctest
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from tropism import assess
from tropism.report.terminal import print_assessment

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def text():
    return README.read_text(encoding="utf-8")


def test_the_answer_in_the_readme_is_the_answer(text):
    shown = re.search(r"\$ tropism assess PAK --toward RUS --from USA\n(.*?)```", text, re.S)[1]
    console = Console(width=80, highlight=False, record=True, file=io.StringIO())
    print_assessment(assess("PAK", toward="RUS", away_from="USA"), console)
    printed = [line.rstrip() for line in console.export_text().splitlines()]
    wanted = [line.rstrip() for line in shown.splitlines()]
    assert printed[: len(wanted)] == wanted


def test_the_python_in_the_readme_runs(text):
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    test = doctest.DocTestParser().get_doctest(code, {}, "README.md", str(README), 0)
    assert doctest.DocTestRunner().run(test).failed == 0 and test.examples


def test_both_make_commands_stand_at_the_top(text):
    top = text.split("\n## ", 1)[0]
    assert "make demo" in top and "make test" in top
