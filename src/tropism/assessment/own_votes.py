"""Ideal points of the user's own votes: fitted once for each content of the stored table, else the embedded.

Who keeps ``un_votes`` in the store (``tropism data fetch`` or ``add``) wants that record read, not the one
that the package was built from. A fit takes seconds, so that it is kept beside the store, under a name made
of the votes' hash and of what else decides the result. As of a day, the fit is to the sessions that were over
then: a path is smoothed over all years, so that none can be cut out of a later fit.
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
from tropism.tables import schema
from tropism.tables.dating import last_year_over
from tropism.tables.library import Library
from tropism.tables.store import Vintage, home, writing
from tropism.version import __version__
from tropism.votes.ideal_points import compact
from tropism.votes.un_reference import reference_positions

#: What a fit reads.
INPUTS = ("un_votes", "un_bridges")
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


def own_fit(library: Library | None = None) -> OwnFit:
    """Fit the library's own ``un_votes``, or read the fit made before; nothing where there are none."""
    library = library or Library()
    info = library.info("un_votes")
    points = [library.info(name) for name in compact.TABLES]
    if info.place != "store" or info.provenance is None or any(each.place == "store" for each in points):
        return OwnFit({})
    if info.later and not any(each.later for each in points):
        # The embedded fit was known on the day, and these votes were not.
        return OwnFit({})
    session = None if library.as_of is None else last_year_over(library.as_of, sessions=True) - 1945
    votes, bridges = info.provenance, library.info("un_bridges")
    bridged = bridges.provenance.sha256 if bridges.provenance and bridges.place == "store" else "no bridges"
    settings = f"{votes.sha256} {bridged} {VOTE_SET} {DRAWS} {__version__}"
    settings += "" if session is None else f" to session {session}"
    folder = home() / "ideal_points" / hashlib.sha256(settings.encode()).hexdigest()[:16]
    try:
        if not all((folder / f"{name}.parquet").exists() for name in compact.TABLES):
            _fit(library, folder, session)
        fitted = {
            name: schema.check(name, pq.read_table(folder / f"{name}.parquet")) for name in compact.TABLES
        }
    except TropismError as reason:
        return OwnFit({}, remark=f"as embedded, since your un_votes could not be used: {reason}")
    except (OSError, pa.ArrowInvalid) as reason:
        return OwnFit({}, remark=f"as embedded, since the fit to your un_votes cannot be kept: {reason}")
    # Other sets of roll calls cannot be fitted from the votes alone; a later fit of them is of no use.
    others = not any(each.later for each in points)
    return OwnFit(
        {name: _with_others(library, name, table) if others else table for name, table in fitted.items()},
        (replace(votes, source=f"Ideal points fitted to un_votes: {votes.source}"),),
        f"fitted to your un_votes, as of {votes.as_of}"
        + ("" if session is None else f", of sessions to {session}")
        + ("" if bridges.place == "store" else ", without the repeated resolutions of un_bridges")
        + ("; other sets of roll calls as embedded" if others else ""),
    )


def _fit(library: Library, folder: Path, session: int | None) -> None:
    """Fit votes up to a session and keep the result: a file stands under its name only when it is whole."""
    from tropism.votes.ideal_points import engine, estimate_ideal_points

    engine.load()  # raises where numba is missing, before anything is announced
    print("Fitting ideal points to your un_votes; this is done once.", file=sys.stderr, flush=True)
    # Whole tables: the fit itself leaves out what is later, chains of repeated texts included.
    whole = replace(library, as_of=None, chosen=_same_vintages(library))
    reference = reference_positions()
    if session is not None:
        reference = reference[reference["session"] <= session]
    found = estimate_ideal_points(
        whole.read("un_votes"),
        bridges=whole.read("un_bridges") if whole.info("un_bridges").place == "store" else None,
        # Before its first session the scale is that of all positions.
        reference=reference if len(reference) else None,
        anchor="USA",
        as_of=session,
        draws=DRAWS,
        progress=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    parts = compact.tabulate(compact.compress(found), VOTE_SET)
    for name, frame in zip(compact.TABLES, parts, strict=True):
        with writing(folder / f"{name}.parquet") as scratch:
            pq.write_table(schema.check(name, frame), scratch)


def _same_vintages(library: Library) -> dict[str, Vintage]:
    infos = map(library.info, INPUTS)
    return {info.name: info.vintage for info in infos if info.vintage is not None}


def _with_others(library: Library, name: str, fitted: pa.Table) -> pa.Table:
    """The embedded table with one vote set replaced."""
    embedded = library.read(name)
    others = embedded.filter(pc.not_equal(embedded["vote_set"].cast(pa.string()), VOTE_SET))
    return pa.concat_tables([fitted, others]).unify_dictionaries()
