"""Measure what users wait for and what it costs: ``make bench``.

Each figure is the median of several fresh processes on a warm machine, beside a baseline measured in the
same run, so that two machines can be compared by ratio. Results are written to
``benchmarks/results/<date>-<commit>.json`` and ``.md``; commit both.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TRIAD = ["assess", "PAK", "--toward", "RUS", "--from", "USA"]
PROGRAM = [sys.executable, "-m", "tropism.cli"]
BASELINE = "python -c 'import pandas'"


@dataclass(frozen=True)
class Timing:
    """Median wall time and peak memory of one command, with its limits where it has any."""

    name: str
    seconds: float
    fastest: float
    slowest: float
    peak_mb: float
    limit_seconds: float | None = None
    limit_mb: float | None = None


def once(command: list[str], home: str) -> tuple[float, float]:
    """Seconds and peak resident memory (MB) of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"TROPISM_HOME": home}
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"bench: {' '.join(command)} ended with status {status}; run it by hand to see why.")
    # Linux counts in kilobytes, macOS in bytes.
    return seconds, usage.ru_maxrss * (1024 if sys.platform != "darwin" else 1) / 1e6


def timing(name: str, command: list[str], home: str, runs: int, **limits: float) -> Timing:
    """Measure one command several times after one run that warms the machine."""
    once(command, home)
    measured = [once(command, home) for _ in range(runs)]
    seconds = [each[0] for each in measured]
    peak = max(each[1] for each in measured)
    return Timing(name, statistics.median(seconds), min(seconds), max(seconds), peak, **limits)


def installed_mb(scratch: Path) -> dict[str, float]:
    """Size of a fresh installation from requirements/core.txt, without pip, and of its largest parts."""
    folder = scratch / "core"
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements" / "core.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    sizes = {
        path.name: sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file()) / 1e6
        for path in packages.iterdir()
        if not path.name.startswith(("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils"))
    }
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:10]
    return {"total": sum(sizes.values())} | dict(largest)


def measure(runs: int, install: bool) -> dict[str, object]:
    """Every figure of the report."""
    with tempfile.TemporaryDirectory(prefix="tropism-bench-") as folder:
        scratch, home = Path(folder), str(Path(folder) / "home")
        page, answer = scratch / "page.html", scratch / "answer.json"
        timings = [
            timing(BASELINE, [sys.executable, "-c", "import pandas"], home, runs),
            timing("python -c pass", [sys.executable, "-c", "pass"], home, runs),
            timing("import tropism", [sys.executable, "-c", "import tropism"], home, runs, limit_seconds=0.3),
            timing("tropism --version", [*PROGRAM, "--version"], home, runs),
            timing("assess", [*PROGRAM, *TRIAD], home, runs, limit_seconds=3, limit_mb=500),
            timing("assess --html", [*PROGRAM, *TRIAD, "--html", str(page)], home, runs, limit_mb=500),
            timing("assess --json", [*PROGRAM, *TRIAD, "--json", str(answer)], home, runs, limit_mb=500),
        ]
        return {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "commit": commit(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "baseline": BASELINE,
            "runs": runs,
            "timings": [asdict(each) for each in timings],
            "page_mb": page.stat().st_size / 1e6,
            "page_limit_mb": 3.0,
            "json_mb": answer.stat().st_size / 1e6,
            "embedded_mb": embedded_mb(),
            "embedded_limit_mb": 20.0,
            "installed_mb": installed_mb(scratch) if install else None,
            "installed_limit_mb": 550.0,
        }


def embedded_mb() -> float:
    """Size of the tables and facts that the package carries."""
    data = ROOT / "src" / "tropism" / "data"
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) / 1e6


def commit() -> str:
    """The commit measured; marked where the tree holds more than it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("-changed" if changed else "")


def report(result: dict[str, object]) -> str:
    """The result as Markdown."""
    timings: list[dict[str, object]] = result["timings"]  # type: ignore[assignment]
    base = float(timings[0]["seconds"])  # type: ignore[arg-type]
    lines = [
        f"# Benchmarks, {result['date']}, commit {result['commit']}",
        "",
        f"{result['machine']}. Median of {result['runs']} fresh processes on a warm machine; ratio to "
        f"`{result['baseline']}`.",
        "",
        "| what | seconds | fastest-slowest | ratio | limit | peak MB | limit |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in timings:
        seconds = float(each["seconds"])  # type: ignore[arg-type]
        limits = [f"{limit:g}" if (limit := each[name]) else "" for name in ("limit_seconds", "limit_mb")]
        lines.append(
            f"| `{each['name']}` | {seconds:.2f} | {each['fastest']:.2f}-{each['slowest']:.2f} | "
            f"{seconds / base:.2f} | {limits[0]} | {each['peak_mb']:.0f} | {limits[1]} |"
        )
    lines += ["", "| size | MB | limit |", "| --- | ---: | ---: |"]
    lines.append(f"| HTML page | {result['page_mb']:.2f} | {result['page_limit_mb']:g} |")
    lines.append(f"| JSON | {result['json_mb']:.2f} | |")
    lines.append(f"| embedded data | {result['embedded_mb']:.1f} | {result['embedded_limit_mb']:g} |")
    sizes: dict[str, float] = result["installed_mb"] or {}  # type: ignore[assignment]
    for name, size in sizes.items():
        what = "core installation" if name == "total" else f"  of it `{name}`"
        limit = f"{result['installed_limit_mb']:g}" if name == "total" else ""
        lines.append(f"| {what} | {size:.0f} | {limit} |")
    return "\n".join(lines) + "\n"


def over_limit(result: dict[str, object]) -> list[str]:
    """What exceeds its limit, in words."""
    found = []
    for each in result["timings"]:  # type: ignore[attr-defined]
        for value, limit, unit in (("seconds", "limit_seconds", "s"), ("peak_mb", "limit_mb", "MB")):
            if each[limit] and each[value] > each[limit]:
                found.append(f"{each['name']}: {each[value]:.2f} {unit}, limit {each[limit]:g}")
    sizes = {"page": result["page_mb"], "embedded": result["embedded_mb"]}
    if result["installed_mb"]:
        sizes["installed"] = result["installed_mb"]["total"]  # type: ignore[index]
    for name, size in sizes.items():
        if float(size) > float(result[f"{name}_limit_mb"]):  # type: ignore[arg-type]
            found.append(f"{name}: {size:.1f} MB, limit {result[f'{name}_limit_mb']:g}")
    return found


def main() -> None:
    """Measure, write both files, print the report; exit 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--no-install", action="store_true", help="skip the fresh installation")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    result = measure(options.runs, not options.no_install)
    options.out.mkdir(parents=True, exist_ok=True)
    stem = options.out / f"{result['date']}-{result['commit']}"
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(report(result), encoding="utf-8")
    print(report(result))
    print(f"written: {os.path.relpath(stem)}.json and .md")
    if exceeded := over_limit(result):
        raise SystemExit("over the limit: " + "; ".join(exceeded))


if __name__ == "__main__":
    main()
