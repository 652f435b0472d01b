"""How alike two states vote in the UN General Assembly: agreement, kappa, pi and S by session.

Everything follows from the nine counts of ``un_vote_counts``: how often two states cast each pair of votes
in a session. Absences are left out, so a measure speaks of the roll calls on which both took part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa

from tropism.dyads import dyad
from tropism.errors import DataNotPresentError, SeriesError, TriadError
from tropism.series import Provenance, Series
from tropism.states import LINEAGE, find_state, lineage
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.votes._kernels import Similarity, Weights, similarity_measures

if TYPE_CHECKING:
    import pandas as pd

Measure = Literal["agreement", "graded_agreement", "kappa", "pi", "s"]

#: The nine counts in the order of the 3x3 table: rows are the first state's vote, columns the second's.
COUNTS = tuple(f"{mine}_{theirs}" for mine in ("yes", "abstain", "no") for theirs in ("yes", "abstain", "no"))

#: Fewer joint roll calls than this make no number for a panel: session 19 (1964) had one roll call.
MIN_JOINT = 10

LABELS: dict[str, tuple[str, str]] = {
    "agreement": ("share of equal votes", "share of joint roll calls"),
    "graded_agreement": ("graded agreement, 1 - |a - b| / 2", "share of joint roll calls"),
    "kappa": ("Cohen's kappa", "agreement beyond chance, 1 = full"),
    "pi": ("Scott's pi", "agreement beyond chance, 1 = full"),
    "s": ("Signorino and Ritter's S", "-1 opposite, 1 identical"),
}

PAPERS: dict[str, tuple[str, ...]] = {
    "kappa": (
        "Cohen (1968), Weighted Kappa, Psychological Bulletin 70(4)",
        "Häge (2011), Choice or Circumstance?, Political Analysis 19(3)",
    ),
    "pi": (
        "Scott (1955), Reliability of Content Analysis, Public Opinion Quarterly 19(3)",
        "Häge (2011), Choice or Circumstance?, Political Analysis 19(3)",
    ),
    "s": ("Signorino and Ritter (1999), Tau-b or Not Tau-b, International Studies Quarterly 43(1)",),
}


def similarity_series(
    counts: pa.Table,
    poles: Sequence[str],
    *,
    measure: Measure = "pi",
    min_joint: int = MIN_JOINT,
    weights: Weights = "linear",
) -> Series:
    """How alike every state votes with each pole, session by session.

    Parameters
    ----------
    counts : Table
        ``un_vote_counts``: undirected dyads, ``iso3_a`` before ``iso3_b``.
    poles : sequence of str
        ISO3 codes, each taken as given: pass RUS and SUN both and fold them with `Series.splice`.
    measure : {"agreement", "graded_agreement", "kappa", "pi", "s"}
    min_joint : int
        A session with fewer joint roll calls is missing.
    weights : {"linear", "quadratic", "nominal"}
        Disagreement weights of kappa and pi.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` of every state X that ever voted on one roll call with the pole; one draw.
        Years are sessions (session + 1945). A pole without votes adds no dyad. Kappa and pi are missing
        where chance alone leaves no disagreement, since both states cast one and the same vote throughout.

    Raises
    ------
    SeriesError
        If there is no such measure.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> panel = similarity_series(read_table("un_vote_counts"), ["SUN"])
    >>> years, pi = panel.path("CUB>SUN")
    >>> [round(float(pi[years == year][0]), 2) for year in (1958, 1962)]
    [-0.37, 1.0]
    """
    _refuse_unknown(measure)
    a, b = _Codes(counts["iso3_a"]), _Codes(counts["iso3_b"])
    year = counts["year"].to_numpy()
    units: list[str] = []
    rows: list[np.ndarray] = []
    places: list[np.ndarray] = []
    for pole in dict.fromkeys(poles):
        # Every measure is symmetric in the two states, so a pole's tables need not be turned.
        for own, other in ((a, b), (b, a)):
            at = np.flatnonzero(own.is_(pole))
            codes, place = np.unique(other.index[at], return_inverse=True)
            places.append(place + len(units))
            rows.append(at)
            units += [dyad(str(other.labels[code]), pole) for code in codes]
    row, unit = (np.concatenate([np.empty(0, np.int64), *parts]) for parts in (rows, places))
    years, column = np.unique(year[row], return_inverse=True)
    found = similarity_measures(_tables(counts.take(pa.array(row))), weights)
    values = np.full((len(units), years.size), np.nan, dtype=np.float32)
    values[unit, column] = np.where(found.n >= min_joint, getattr(found, measure), np.nan)
    label, measured_in = LABELS[measure]
    return Series(
        name=f"vote_similarity_{measure}",
        values=values[None],
        missing=np.isnan(values),
        units=tuple(units),
        years=years,
        label=label,
        measured_in=measured_in,
        block="votes",
        signal="cheap",
        notes=(
            f"Sessions with fewer than {min_joint} joint roll calls are missing; absences are left out.",
            *((f"Disagreement weights of {label}: {weights}.",) if measure in ("kappa", "pi") else ()),
        ),
    )


@dataclass(frozen=True, eq=False)
class VoteSimilarity:
    """How alike two states voted, session by session.

    Attributes
    ----------
    state, other : str
        ISO3.
    names : tuple of str
        The two states in English.
    years : ndarray of int, shape (years,)
        Sessions (session + 1945) with at least one joint roll call.
    counts : ndarray of int, shape (years, 3, 3)
        Joint votes; rows are the state's votes (yes, abstain, no), columns the other's.
    measures : Similarity
        Arrays of shape (years,).
    chosen : tuple of str
        The measures that `tidy` and `summary` show.
    weights : str
        Disagreement weights of kappa and pi.
    provenance : tuple of Provenance
    notes : tuple of str
    """

    state: str
    other: str
    names: tuple[str, str]
    years: np.ndarray
    counts: np.ndarray
    measures: Similarity
    chosen: tuple[str, ...]
    weights: Weights
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def tidy(self) -> pd.DataFrame:
        """One row per session: year, n and the measures; null where a measure is undefined."""
        import pandas as pd

        columns = {name: getattr(self.measures, name) for name in self.chosen}
        return pd.DataFrame({"year": self.years, "n": self.measures.n.astype(np.int64)} | columns)

    def summary(self) -> pd.DataFrame:
        """Mean of each measure by decade, over the sessions with at least ten joint roll calls.

        Columns are decade, sessions, n (all their joint roll calls) and the measures.
        """
        table = self.tidy()
        table = table[table["n"] >= MIN_JOINT]
        decade = (table["year"] // 10 * 10).rename("decade")
        grouped = table.groupby(decade)
        counted = grouped.agg(sessions=("year", "size"), n=("n", "sum"))
        return counted.join(grouped[list(self.chosen)].mean()).reset_index()

    def series(self, measure: Measure = "pi", *, min_joint: int = MIN_JOINT) -> Series:
        """The path of one measure as a panel of one dyad.

        Raises
        ------
        SeriesError
            If there is no such measure.
        """
        _refuse_unknown(measure)
        label, measured_in = LABELS[measure]
        values = np.where(self.measures.n >= min_joint, getattr(self.measures, measure), np.nan)[None]
        return Series(
            name=f"vote_similarity_{measure}",
            values=values[None],
            missing=np.isnan(values),
            units=(dyad(self.state, self.other),),
            years=self.years,
            label=label,
            measured_in=measured_in,
            block="votes",
            signal="cheap",
            provenance=self.provenance,
            notes=self.notes,
        )

    def to_json(self) -> str:
        """All numbers, with the joint counts they follow from, settings and sources."""
        rows: list[dict[str, Any]] = []
        for i, year in enumerate(self.years.tolist()):
            values = {name: float(getattr(self.measures, name)[i]) for name in self.chosen}
            row: dict[str, Any] = {"year": year, "n": int(self.measures.n[i])}
            row |= {name: None if np.isnan(value) else value for name, value in values.items()}
            row["counts"] = dict(zip(COUNTS, self.counts[i].ravel().tolist(), strict=True))
            rows.append(row)
        return json.dumps(
            {
                "state": self.state,
                "other": self.other,
                "names": list(self.names),
                "weights": self.weights,
                "sessions": rows,
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        data = [f"{source.citation} {source.url} ({source.version})" for source in self.provenance]
        papers = [paper for name in self.chosen for paper in PAPERS.get(name, ())]
        return "\n".join(dict.fromkeys(data + papers))


def vote_similarity(
    state: str, other: str, *, measure: Measure | None = None, weights: Weights = "linear"
) -> VoteSimilarity:
    """How alike do two states vote in the UN General Assembly?

    Parameters
    ----------
    state, other : str
        ISO3 codes, names or aliases. A state that took over a seat is followed back through it (RUS before
        1992 is SUN), and a note says so.
    measure : {"agreement", "graded_agreement", "kappa", "pi", "s"}, optional
        One measure; all five without any.
    weights : {"linear", "quadratic", "nominal"}
        Disagreement weights of kappa and pi.

    Returns
    -------
    VoteSimilarity

    Raises
    ------
    UnknownStateError
        If a name is no state, or more than one.
    TriadError
        If both names are one state.
    SeriesError
        If there is no such measure.
    DataNotPresentError
        If the two never voted on one roll call.

    Examples
    --------
    >>> found = vote_similarity("Pakistan", "Russia", measure="pi")
    >>> found.tidy().query("year >= 2022").round(2)
        year   n    pi
    75  2022  88  0.33
    76  2023  87  0.36
    """
    if measure is not None:
        _refuse_unknown(measure)
    one, two = find_state(state), find_state(other)
    if one.iso3 == two.iso3:
        raise TriadError(f"votes: {state} and {other} are both {one.name} ({one.iso3}). Give two states.")
    table = read_table("un_vote_counts")
    a, b = _Codes(table["iso3_a"]), _Codes(table["iso3_b"])
    year = table["year"].to_numpy()
    ones, twos = _spells(one.iso3), _spells(two.iso3)
    at, turned = [], []
    for mine, (first, last) in ones.items():
        for theirs, (start, end) in twos.items():
            inside = (year >= max(first, start)) & (year <= min(last, end))
            for forward in (True, False):
                left, right = (mine, theirs) if forward else (theirs, mine)
                rows = np.flatnonzero(inside & a.is_(left) & b.is_(right))
                at.append(rows)
                turned.append(np.full(rows.size, not forward))
    row, turn = np.concatenate(at), np.concatenate(turned)
    if not row.size:
        raise DataNotPresentError(
            f"votes: {one.name} and {two.name} never voted on one roll call of the General Assembly between "
            f"{year.min()} and {year.max()}. Choose states that were members in the same years."
        )
    order = np.argsort(year[row])
    row, turn = row[order], turn[order]
    counts = _tables(table.take(pa.array(row)))
    counts = np.where(turn[:, None, None], counts.transpose(0, 2, 1), counts)
    info = table_info("un_vote_counts")
    return VoteSimilarity(
        state=one.iso3,
        other=two.iso3,
        names=(one.name, two.name),
        years=year[row].astype(np.int64),
        counts=counts,
        measures=similarity_measures(counts, weights),
        chosen=get_args(Measure) if measure is None else (measure,),
        weights=weights,
        provenance=(info.provenance,) if info.provenance else (),
        notes=(*_lineage_notes((*ones.items(), *twos.items()), year[row]), *info.notes),
    )


class _Codes:
    """A column of ISO3 codes as integers into its labels."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        whole = column.unify_dictionaries().combine_chunks()
        self.index: np.ndarray = whole.indices.to_numpy(zero_copy_only=False)
        self.labels: np.ndarray = np.asarray(whole.dictionary.to_pylist(), dtype=object)

    def is_(self, label: str) -> np.ndarray:
        """Which rows hold this code: ndarray of bool, shape (rows,)."""
        known = np.flatnonzero(self.labels == label)
        return self.index == known[0] if known.size else np.zeros(self.index.size, dtype=bool)


def _tables(counts: pa.Table) -> np.ndarray:
    """The nine counts as an array of int, shape (rows, 3, 3)."""
    columns = [counts[name].to_numpy().astype(np.int64) for name in COUNTS]
    return np.stack(columns, axis=-1).reshape(-1, 3, 3)


def _refuse_unknown(measure: str) -> None:
    if measure not in get_args(Measure):
        raise SeriesError(
            f"votes: there is no measure {measure!r}. Choose one of {', '.join(get_args(Measure))}."
        )


def _spells(iso3: str) -> dict[str, tuple[int, int]]:
    """The codes under which a seat voted, the latest first, each with its first and last year."""
    spells, last = {}, 9999
    for link in lineage(iso3):
        spells[link.successor] = (link.last_year + 1, last)
        iso3, last = link.predecessor, link.last_year
    spells[iso3] = (0, last)
    return spells


def _lineage_notes(spells: Sequence[tuple[str, tuple[int, int]]], years: np.ndarray) -> tuple[str, ...]:
    """One note for every predecessor that contributes years, worded as in `Series.splice`."""
    return tuple(
        f"{link.successor} to {link.last_year} is {code}, whose seat it took over."
        for code, (first, last) in spells
        for link in LINEAGE
        if link.predecessor == code and link.last_year == last and np.any((years >= first) & (years <= last))
    )
