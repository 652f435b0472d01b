"""Only `data fetch` may open a socket: everything else answers from what is on the machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

# Runs before tropism in a fresh process. Name look-ups count too: they tell a server what was asked.
BLOCKED = """
import socket, sys

def refuse(*args, **kwargs):
    print("SOCKET", args, file=sys.stderr)
    raise OSError("a socket was opened")

for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "create_connection"):
    setattr(socket, name, refuse)
for name in ("connect", "connect_ex", "bind", "sendto", "__init__"):
    setattr(socket.socket, name, refuse)

from tropism.cli import run
sys.exit(run(sys.argv[1:]))
"""


def run_blocked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_assess_writes_table_page_and_json_without_a_socket(tmp_path):
    page, answer = tmp_path / "page.html", tmp_path / "answer.json"
    triad = ("PAK", "--toward", "RUS", "--from", "USA")
    done = run_blocked("assess", *triad, "--html", str(page), "--json", str(answer))
    assert done.returncode == 0, done.stderr
    assert "SOCKET" not in done.stderr
    assert page.stat().st_size > 10_000
    assert json.loads(answer.read_text(encoding="utf-8"))["rows"]


def test_claims_are_read_and_checked_without_a_socket(tmp_path):
    text, claims = tmp_path / "a.txt", tmp_path / "c.yaml"
    text.write_text("Egypt joined BRICS in 2024.", encoding="utf-8")
    for arguments in (("read", str(text), "-o", str(claims)), ("check", str(claims))):
        done = run_blocked("claims", *arguments)
        assert done.returncode == 0, done.stderr
        assert "SOCKET" not in done.stderr
    assert done.stdout.count("SUPPORTED") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("state", "Pakistan"),
        ("votes", "similarity", "PAK", "RUS"),
        ("claims", "schema"),
        ("data", "list"),
        ("data", "show", "memberships"),
        ("--version",),
    ],
    ids=" ".join,
)
def test_other_commands_open_no_socket(arguments):
    done = run_blocked(*arguments)
    assert done.returncode == 0, done.stderr
    assert "SOCKET" not in done.stderr


def test_the_block_works():
    # The test above is worth nothing if a request could slip through.
    code = BLOCKED.replace("from tropism.cli import run\nsys.exit(run(sys.argv[1:]))", "") + (
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0 and "SOCKET" in done.stderr


def test_a_page_names_no_address_that_a_browser_would_load(tmp_path):
    page = tmp_path / "page.html"
    done = run_blocked("assess", "PAK", "--toward", "RUS", "--from", "USA", "--html", str(page))
    assert done.returncode == 0, done.stderr
    # Addresses in links and in scripts' comments are for reading; these would be fetched on opening.
    markup = re.sub(
        r"(<script\b[^>]*>).*?</script>", r"\1", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    embeds = (
        r"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\s(?:src|data)=[\"']?(?!data:)\S+"
    )
    for pattern in (
        embeds,
        r"<link\b[^>]*\bhref=[\"']?(?!data:)\S+",
        r"@import",
        r"url\(\s*[\"']?(?!data:|#)\S+",
    ):
        assert not re.findall(pattern, markup)
