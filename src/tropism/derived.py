"""Tables computed from others: which, from what, and kept so that it is done once.

Whoever keeps ``un_votes`` or ``product_trade`` in the store wants them counted, not the copies that the
package was built from. Each derivation is computed when its table is first read, checked, and kept beside the
store under the hashes of its inputs; other inputs, or another version of the package, make it anew. Years
that the inputs do not cover come from the embedded copy.

`DerivedLibrary` is a `Library` that knows them; `read_table` is that of `tropism.tables`, with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import DamagedDataError
from tropism.series import Provenance
from tropism.tables import embedded
from tropism.tables.library import Library, TableInfo
from tropism.tables.store import Store, Vintage, home
from tropism.trade.minerals import minerals
from tropism.version import __version__
from tropism.votes.contested import contested_counts
from tropism.votes.counts import joint_counts


@dataclass(frozen=True)
class Derivation:
    """How one table follows from others, year by year: rows of a year follow from rows of that year.

    Attributes
    ----------
    table : str
    inputs : tuple of str
        Tables that must be in the store; the embedded copy was made from like ones.
    make : callable
        Takes the inputs, then ``lists``, then ``optional``, and returns the table.
    lists : tuple of str
        Tables that only say what to choose, from the store or embedded.
    optional : tuple of str
        Tables that make the result better where the store holds them; ``make`` takes them last, or None.
    unlike : str
        In what the result without them differs from the embedded copy, beside the data.
    """

    table: str
    inputs: tuple[str, ...]
    make: Callable[..., pa.Table]
    lists: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    unlike: str = ""


#: Ideal points follow from votes too, but not year by year: see `tropism.assessment.own_votes`.
DERIVATIONS = {
    each.table: each
    for each in (
        Derivation("un_vote_counts", ("un_votes",), joint_counts),
        Derivation(
            "un_contested_votes",
            ("un_votes",),
            contested_counts,
            optional=("un_absences",),
            unlike="a state that voted in a session counts as a member for the whole of it",
        ),
        Derivation("mineral_trade", ("product_trade",), minerals, lists=("mineral_products",)),
    )
}


class DerivedLibrary(Library):
    """A library that computes tables of `DERIVATIONS` where the store holds what they follow from.

    A table that the user has stored as such goes before one that is computed. As of a day, inputs that became
    known only after it go behind an embedded copy.
    """

    def info(self, name: str) -> TableInfo:
        """As `Library.info`; ``place`` is ``"derived"`` for a table that is computed."""
        own = super().info(name)
        if own.place == "store" or name not in DERIVATIONS:
            return own
        inputs = [self._as_it_is(each) for each in DERIVATIONS[name].inputs]
        later = any(each.later for each in inputs)
        if any(each.place != "store" for each in inputs) or (later and own.place == "embedded"):
            return own
        return replace(
            own,
            place="derived",
            rows=None,
            provenance=self._provenance(DERIVATIONS[name]),
            notes=(),
            how_to_get="",
            besides=() if own.provenance is None else (own.provenance,),
            later=later,
        )

    def read(self, name: str) -> pa.Table:
        """As `Library.read`; computes the table if it is not kept yet.

        Raises
        ------
        DataNotPresentError, DamagedDataError
            As `Library.read`, of the inputs too.
        StoreError
            If what was computed cannot be kept.
        """
        info = self.info(name)
        if info.place != "derived":
            return super().read(name)
        table = self._kept(DERIVATIONS[name])
        if info.besides:
            table = _other_years(table, embedded.read(name))
        return self._cut(info, table)

    def remarks(self, names: Iterable[str]) -> tuple[str, ...]:
        """As `Library.remarks`; which tables were computed, and from what."""
        names = list(names)
        return (*self._computed(names), *super().remarks(names))

    def rests_on(self, name: str) -> tuple[str, ...]:
        """The stored or embedded tables that reading a table reads: itself, or what it is computed from."""
        info = self.info(name)
        if info.place != "derived":
            return (name,)
        return (*self._taken(DERIVATIONS[name]), *((name,) if info.besides else ()))

    def _taken(self, rule: Derivation) -> tuple[str, ...]:
        """What a table is computed from; of optional tables those in the store, if known when inputs were."""
        later = any(self._as_it_is(name).later for name in rule.inputs)
        held = (
            name
            for name in rule.optional
            if (info := self._as_it_is(name)).place == "store" and (later or not info.later)
        )
        return (*rule.inputs, *rule.lists, *held)

    def _as_it_is(self, name: str) -> TableInfo:
        """A table as the store or the package has it."""
        return super().info(name)

    def _computed(self, names: Iterable[str]) -> Iterator[str]:
        for info in map(self.info, names):
            if info.place != "derived" or info.provenance is None:
                continue
            rule = DERIVATIONS[info.name]
            held = set(rule.optional) & set(self._taken(rule))
            yours = " and ".join([*rule.inputs, *sorted(held)])
            yield (
                f"{info.name} computed from your {yours}, as of {info.provenance.as_of}"
                + ("; years that these do not cover as embedded" if info.besides else "")
                + (f"; {rule.unlike}" if rule.unlike and not held else "")
            )

    def _provenance(self, rule: Derivation) -> Provenance:
        """That of the first input, with all of them and their hashes in its version."""
        found = {
            name: source
            for name in self._taken(rule)
            if (source := self._as_it_is(name).provenance) is not None
        }
        names = ", ".join(f"{name} {source.sha256[:16]}" for name, source in found.items())
        first = found[rule.inputs[0]]
        return replace(
            first,
            source=f"{rule.table} computed from {' and '.join(rule.inputs)}: {first.source}",
            version=f"computed by tropism {__version__} from {names}",
            sha256="",
        )

    def _kept(self, rule: Derivation) -> pa.Table:
        """The computed table, kept from an earlier time or made now."""
        store, provenance = Store(home() / "derived"), self._provenance(rule)
        if kept := _of_version(store, rule.table, provenance.version):
            # A damaged copy is no loss: it is made again.
            with contextlib.suppress(DamagedDataError):
                return store.read(rule.table, kept)
        # Inputs are taken whole, and the result is cut at a day: one result serves all days.
        taken = self._taken(rule)
        infos = map(self._as_it_is, taken)
        whole = Library(chosen={info.name: info.vintage for info in infos if info.vintage is not None})
        needs = (*rule.inputs, *rule.lists, *rule.optional)
        made = rule.make(*(whole.read(name) if name in taken else None for name in needs))
        return store.read(rule.table, store.write(rule.table, made, provenance))


def read_table(name: str) -> pa.Table:
    """The best copy of a table, computed from the user's own where that is better.

    Raises
    ------
    DataNotPresentError
        If the table is neither in the store nor embedded, nor follows from stored ones; says how to get it.
    """
    return DerivedLibrary().read(name)


def table_info(name: str) -> TableInfo:
    """Where the copy that `read_table` gives is, and where it came from."""
    return DerivedLibrary().info(name)


def _of_version(store: Store, name: str, version: str) -> Vintage | None:
    vintages = store.vintages(name) if name in store else []
    return next((each for each in vintages if each.provenance.version == version), None)


def _other_years(table: pa.Table, rest: pa.Table) -> pa.Table:
    """A table with the years that it does not have from another of the same layout."""
    missing = pc.invert(pc.is_in(rest["year"], value_set=pc.unique(table["year"])))
    return pa.concat_tables([rest.filter(missing).select(table.column_names), table]).unify_dictionaries()
