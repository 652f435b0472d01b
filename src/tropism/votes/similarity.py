"""How alike two states vote in the UN General Assembly: agreement, kappa, pi and S by session.

Everything follows from the nine counts of ``un_vote_counts``: how often two states cast each pair of votes
in a session. Absences are left out, so a measure speaks of the roll calls on which both took part.

`similarity_panel` measures all dyads and sessions, `similarity_series` those with a pole, `vote_similarity`
two states; `joint_counts` makes the counts from votes of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa

from tropism.dyads import dyad
from tropism.errors import DataNotPresentError, SchemaError, SeriesError, TriadError
from tropism.series import Provenance, Series
from tropism.states import LINEAGE, find_state, lineage
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.votes._kernels import Similarity, Weights, disagreement, similarity_measures
from tropism.votes.counts import COUNTS, joint_counts

if TYPE_CHECKING:
    import pandas as pd

Measure = Literal["agreement", "graded_agreement", "kappa", "pi", "s"]

MEASURES: tuple[Measure, ...] = get_args(Measure)

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


@dataclass(frozen=True, eq=False)
class SimilarityPanel:
    """How alike every two states voted, session by session.

    Attributes
    ----------
    states : tuple of str
        ISO3, or the units of another chamber, sorted.
    a, b : ndarray of int, shape (rows,)
        The two states of each row, as indices into ``states``.
    years : ndarray of int, shape (rows,)
        Sessions (session + 1945).
    measures : Similarity
        Arrays of shape (rows,), whatever the number of joint roll calls.
    chosen : tuple of str
        The measures that `tidy` and `summary` show.
    weights : str
        Disagreement weights of kappa and pi.
    min_joint : float
        Rows with fewer joint roll calls are null in `tidy`, missing in `series` and left out of `summary`.
    provenance : tuple of Provenance
    """

    states: tuple[str, ...]
    a: np.ndarray
    b: np.ndarray
    years: np.ndarray
    measures: Similarity
    chosen: tuple[str, ...]
    weights: Weights
    min_joint: float
    provenance: tuple[Provenance, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """One row per dyad and session: iso3_a, iso3_b, year, n and the measures.

        ``n`` counts joint roll calls, or sums their weights. A measure is null where it is undefined or ``n``
        is below ``min_joint``.
        """
        import pandas as pd

        states = pd.Index(self.states)
        keys = {
            "iso3_a": pd.Categorical.from_codes(self.a, states),
            "iso3_b": pd.Categorical.from_codes(self.b, states),
            "year": self.years,
            "n": self.measures.n,
        }
        return pd.DataFrame(keys | {name: self._values(name) for name in self.chosen})

    def summary(self) -> pd.DataFrame:
        """Mean of each measure by decade, over dyads and sessions with enough joint roll calls.

        Columns are decade, sessions, dyads (how many different ones), rows (dyads in sessions) and the
        measures.
        """
        import pandas as pd

        columns = {name: self._values(name) for name in self.chosen}
        keys = {"decade": self.years // 10 * 10, "year": self.years, "dyad": self._dyad()}
        table = pd.DataFrame(keys | columns)[self.measures.n >= self.min_joint]
        grouped = table.groupby("decade")
        counted = grouped.agg(sessions=("year", "nunique"), dyads=("dyad", "nunique"), rows=("year", "size"))
        return counted.join(grouped[list(self.chosen)].mean()).reset_index()

    def series(self, poles: Sequence[str], measure: Measure = "pi") -> Series:
        """Every state's similarity to each pole, as `similarity_series` gives it.

        Raises
        ------
        SeriesError
            If there is no such measure.
        """
        _refuse_unknown(measure)
        place = {state: i for i, state in enumerate(self.states)}
        units: list[str] = []
        rows: list[np.ndarray] = []
        places: list[np.ndarray] = []
        for pole in dict.fromkeys(poles):
            code = place.get(pole, -1)
            # Every measure is symmetric in the two states, so a pole's tables need not be turned.
            at = np.flatnonzero((self.a == code) | (self.b == code))
            others, other = np.unique(np.where(self.a == code, self.b, self.a)[at], return_inverse=True)
            rows.append(at)
            places.append(other + len(units))
            units += [dyad(self.states[state], pole) for state in others]
        row, unit = (np.concatenate([np.empty(0, np.int64), *parts]) for parts in (rows, places))
        years, column = np.unique(self.years[row], return_inverse=True)
        values = np.full((len(units), years.size), np.nan, dtype=np.float32)
        values[unit, column] = self._values(measure)[row]
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
            provenance=self.provenance,
            notes=(
                f"Sessions with fewer than {self.min_joint:g} joint roll calls are missing; "
                "absences are left out.",
                *_weights_note(measure, self.weights),
            ),
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return _cite(self.provenance, self.chosen)

    def _values(self, measure: str) -> np.ndarray:
        """One measure, NaN where the joint roll calls are too few: shape (rows,)."""
        return np.where(self.measures.n >= self.min_joint, getattr(self.measures, measure), np.nan)

    def _dyad(self) -> np.ndarray:
        """One number for each undirected dyad: shape (rows,)."""
        return np.minimum(self.a, self.b) * len(self.states) + np.maximum(self.a, self.b)


def similarity_panel(
    counts: pa.Table | pd.DataFrame,
    *,
    measures: Sequence[Measure] | Measure = MEASURES,
    weights: Weights = "linear",
    min_joint: float = MIN_JOINT,
    provenance: Iterable[Provenance] = (),
) -> SimilarityPanel:
    """How alike every two states vote, session by session.

    Parameters
    ----------
    counts : Table or DataFrame
        ``un_vote_counts``, what `joint_counts` returns, or votes as `joint_counts` takes them.
    measures : sequence of {"agreement", "graded_agreement", "kappa", "pi", "s"}
        What `SimilarityPanel.tidy` and `SimilarityPanel.summary` show.
    weights : {"linear", "quadratic", "nominal"}
        Disagreement weights of kappa and pi.
    min_joint : float
        A dyad with fewer joint roll calls in a session, or a smaller sum of their weights, is missing there.
    provenance : iterable of Provenance
        Where the votes came from; carried along.

    Returns
    -------
    SimilarityPanel

    Raises
    ------
    SeriesError
        If there is no such measure.
    SchemaError
        If the table does not fit, holds no dyads, or gives a dyad twice in a session.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> panel = similarity_panel(read_table("un_vote_counts"), measures=["pi", "s"])
    >>> panel.tidy().query("iso3_a == 'IND' and iso3_b == 'RUS' and year == 2023").round(2)
           iso3_a iso3_b  year   n    pi     s
    893669    IND    RUS  2023  86  0.28  0.43
    """
    chosen = (measures,) if isinstance(measures, str) else tuple(measures)
    for measure in chosen:
        _refuse_unknown(measure)
    disagreement(2, weights)  # refuses unknown weights before the votes are counted
    names = counts.column_names if isinstance(counts, pa.Table) else counts.columns
    table = _checked(joint_counts(counts) if "vote" in names else counts)
    if not table.num_rows:
        raise SchemaError("counts: the table holds no dyads. Give at least two states that voted together.")
    return _panel(table, chosen, weights, min_joint, tuple(provenance))


def similarity_series(
    counts: pa.Table,
    poles: Sequence[str],
    *,
    measure: Measure = "pi",
    min_joint: float = MIN_JOINT,
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
    counts = _checked(counts)
    concerned = [_Codes(counts[side]).among(poles) for side in ("iso3_a", "iso3_b")]
    near = counts.filter(pa.array(concerned[0] | concerned[1]))
    return _panel(near, (measure,), weights, min_joint).series(poles, measure)


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
        return _cite(self.provenance, self.chosen)


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
                rows = np.flatnonzero(inside & a.among([left]) & b.among([right]))
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
        chosen=MEASURES if measure is None else (measure,),
        weights=weights,
        provenance=(info.provenance,) if info.provenance else (),
        notes=(*_lineage_notes((*ones.items(), *twos.items()), year[row]), *info.notes),
    )


def _checked(counts: pa.Table | pd.DataFrame) -> pa.Table:
    """The table as Arrow, with all the columns of ``un_vote_counts`` and no empty cell in them."""
    table = counts if isinstance(counts, pa.Table) else pa.Table.from_pandas(counts, preserve_index=False)
    for name in ("iso3_a", "iso3_b", "year", *COUNTS):
        if name not in table.column_names:
            raise SchemaError(f"counts: lacks the column {name}; it has {', '.join(table.column_names)}.")
        if table[name].null_count:
            raise SchemaError(
                f"counts: {name} is empty in {table[name].null_count} rows. A count of none is 0."
            )
    return table


def _panel(
    counts: pa.Table,
    chosen: tuple[str, ...],
    weights: Weights,
    min_joint: float,
    provenance: tuple[Provenance, ...] = (),
) -> SimilarityPanel:
    sides = [_Codes(counts[name]) for name in ("iso3_a", "iso3_b")]
    states = np.unique(np.concatenate([side.labels for side in sides]))
    a, b = (np.searchsorted(states, side.labels)[side.index] for side in sides)
    # A filtered table keeps the labels of the whole: only those that occur are states of the panel.
    used = np.bincount(np.concatenate([a, b]), minlength=states.size) > 0
    a, b = ((np.cumsum(used) - 1)[side] for side in (a, b))
    states = states[used]
    tables = _tables(counts)
    panel = SimilarityPanel(
        states=tuple(states.tolist()),
        a=a,
        b=b,
        years=counts["year"].to_numpy().astype(np.int64),
        # The sum as it is, since it is whole where the counts are.
        measures=similarity_measures(tables, weights)._replace(n=tables.sum(axis=(-2, -1))),
        chosen=chosen,
        weights=weights,
        min_joint=min_joint,
        provenance=provenance,
    )
    order = np.lexsort((panel.years, panel._dyad()))
    same = np.flatnonzero((np.diff(panel._dyad()[order]) == 0) & (np.diff(panel.years[order]) == 0))
    if same.size:
        row = order[same[0]]
        raise SchemaError(
            f"counts: {same.size} rows repeat a dyad and year; first {states[a[row]]} and {states[b[row]]} "
            f"in {panel.years[row]}. A dyad has one row a session, whichever state comes first: keep one."
        )
    return panel


class _Codes:
    """A column of ISO3 codes as integers into its labels."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        whole = column.unify_dictionaries().combine_chunks()
        self.index: np.ndarray = whole.indices.to_numpy(zero_copy_only=False)
        self.labels: np.ndarray = np.asarray(whole.dictionary.to_pylist(), dtype=object)

    def among(self, labels: Iterable[str]) -> np.ndarray:
        """Which rows hold one of these codes: ndarray of bool, shape (rows,)."""
        wanted = set(labels)
        return np.array([label in wanted for label in self.labels], dtype=bool)[self.index]


def _tables(counts: pa.Table) -> np.ndarray:
    """The nine counts, shape (rows, 3, 3): int64, or float64 where roll calls were weighted."""
    columns = [counts[name].to_numpy() for name in COUNTS]
    whole = all(column.dtype.kind in "iu" for column in columns)
    tables = np.stack(columns, axis=-1).astype(np.int64 if whole else np.float64).reshape(-1, 3, 3)
    if not (tables >= 0).all():
        row = int(np.argmin((tables >= 0).all(axis=(1, 2))))
        raise SchemaError(f"counts: row {row + 1} holds a count that is negative or no number.")
    return tables


def _weights_note(measure: str, weights: Weights) -> tuple[str, ...]:
    return (
        (f"Disagreement weights of {LABELS[measure][0]}: {weights}.",) if measure in ("kappa", "pi") else ()
    )


def _cite(provenance: Sequence[Provenance], measures: Sequence[str]) -> str:
    """Data and papers to cite, one a line."""
    data = [f"{source.citation} {source.url} ({source.version})" for source in provenance]
    papers = [paper for name in measures for paper in PAPERS.get(name, ())]
    return "\n".join(dict.fromkeys(data + papers))


def _refuse_unknown(measure: str) -> None:
    if measure not in MEASURES:
        raise SeriesError(f"votes: there is no measure {measure!r}. Choose one of {', '.join(MEASURES)}.")


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
