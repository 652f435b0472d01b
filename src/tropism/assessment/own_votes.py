"""Ideal points of the user's own votes: fitted once for each content of the stored table, else the embedded.

Who keeps ``un_votes`` in the store (``tropism data fetch`` or ``add``) wants that record read, not the one
that the package was built from. A fit takes seconds, so that it is kept beside the store, under a name made
of the votes' hash and of what else decides the result.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tropism.errors import TropismError
from tropism.series import Provenance
from tropism.tables import read_table, schema
from tropism.tables.store import Store, home, writing
from tropism.version import __version__
from tropism.votes.ideal_points import compact
from tropism.votes.un_reference import reference_positions

#: The vote set that is fitted; others stay as embedded, since they need more than the votes.
VOTE_SET = "all"
DRAWS = 2000


@dataclass(frozen=True)
class OwnFit:
    """The two tables with the user's own fit in them; without one, ``tables`` is empty.

    ``remark`` says what was done, or why not; ``provenance`` is that of the votes.
    """

    tables: dict[str, pa.Table]
    provenance: tuple[Provenance, ...] = ()
    remark: str = ""


def own_fit() -> OwnFit:
    """Fit the stored ``un_votes``, or read the fit made before; nothing where there are none."""
    store = Store()
    if "un_votes" not in store or any(name in store for name in compact.TABLES):
        return OwnFit({})
    votes = store.vintages("un_votes")[-1].provenance
    bridges = store.vintages("un_bridges")[-1].provenance.sha256 if "un_bridges" in store else "no bridges"
    settings = f"{votes.sha256} {bridges} {VOTE_SET} {DRAWS} {__version__}"
    folder = home() / "ideal_points" / hashlib.sha256(settings.encode()).hexdigest()[:16]
    try:
        if not all((folder / f"{name}.parquet").exists() for name in compact.TABLES):
            _fit(store.read("un_votes"), folder)
        fitted = {
            name: schema.check(name, pq.read_table(folder / f"{name}.parquet")) for name in compact.TABLES
        }
    except TropismError as reason:
        return OwnFit({}, remark=f"as embedded, since your un_votes could not be used: {reason}")
    except (OSError, pa.ArrowInvalid) as reason:
        return OwnFit({}, remark=f"as embedded, since the fit to your un_votes cannot be kept: {reason}")
    return OwnFit(
        {name: _with_others(name, table) for name, table in fitted.items()},
        (replace(votes, source=f"Ideal points fitted to un_votes: {votes.source}"),),
        f"fitted to your un_votes, as of {votes.as_of}"
        + ("" if "un_bridges" in store else ", without the repeated resolutions of un_bridges")
        + "; other sets of roll calls as embedded",
    )


def _fit(votes: pa.Table, folder: Path) -> None:
    """Fit and keep: a file stands under its name only when it is whole."""
    from tropism.votes.ideal_points import engine, estimate_ideal_points

    engine.load()  # raises where numba is missing, before anything is announced
    print("Fitting ideal points to your un_votes; this is done once.", file=sys.stderr, flush=True)
    found = estimate_ideal_points(
        votes,
        bridges=read_table("un_bridges") if "un_bridges" in Store() else None,
        reference=reference_positions(),
        anchor="USA",
        draws=DRAWS,
        progress=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    parts = compact.tabulate(compact.compress(found), VOTE_SET)
    for name, frame in zip(compact.TABLES, parts, strict=True):
        with writing(folder / f"{name}.parquet") as scratch:
            pq.write_table(schema.check(name, frame), scratch)


def _with_others(name: str, fitted: pa.Table) -> pa.Table:
    """The embedded table with one vote set replaced."""
    embedded = read_table(name)
    others = embedded.filter(pc.not_equal(embedded["vote_set"].cast(pa.string()), VOTE_SET))
    return pa.concat_tables([fitted, others]).unify_dictionaries()
