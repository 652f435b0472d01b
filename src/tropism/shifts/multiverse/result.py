"""What a multiverse says: every specification, shares by question, and one test over all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.derived import read_table
from tropism.dyads import Triad
from tropism.errors import SeriesError
from tropism.series import Provenance
from tropism.shifts.alike import PlaceboSet, like_states
from tropism.shifts.change import MIN_PLACEBOS, one_unit_per_bloc
from tropism.shifts.multiverse.axes import AXES, BETWEEN_POLES, LONG, NAMES, SETS
from tropism.shifts.placebos import effective_number, voting_blocs
from tropism.states import find_state
from tropism.version import __version__

if TYPE_CHECKING:
    import altair
    import pandas as pd

    from tropism.shifts.multiverse.cells import Found

#: A move above this share of the other states' is called unusual, and one below the rest of it.
UNUSUAL = 95.0
#: A specification counts if its measure separates the poles in more than this share of years on either side.
MOSTLY = 0.5
#: Another state stands in a joint test if it has at least this share of the specifications.
COVERAGE = 0.8
#: A normal field has so many sd between its 5th and 95th percentile. (Not the median deviation: where most
#: states stand outside the poles, their closeness changes alike, and half of the field has no spread.)
RANGE = 3.2897

YEARS = ("before_start", "before_end", "after_start", "after_end")
STATUSES = ("counted", "poles not apart", "not assessable")
#: Name of a joint test over all questions on votes.
VOTES = "votes"

PAPERS = (
    "Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Increasing Transparency Through a Multiverse "
    "Analysis, Perspectives on Psychological Science 11(5)",
    "Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4(11)",
    "Lindeman, Merenda and Gold (1980), as described in Grömping (2006), Relative Importance for Linear "
    "Regression in R, Journal of Statistical Software 17(1)",
)


@dataclass(frozen=True)
class JointTest:
    """The state's median move over all counted specifications, among those of all other states.

    Attributes
    ----------
    group : str
        The question, or ``"votes"`` for all of them on votes.
    specifications : int
    move : float
        Median standardised move over them, toward the one pole.
    n : int
        Other states with at least 80 % of these specifications.
    rank : int
        1 if no other state moved further toward the one pole; ties count against the state.
    p_toward, p_away : float
        Share of states, itself included, that moved at least as far that way.
    p_value : float
        The same for moves as large either way.
    blocs : int
        Voting blocs among the other states.
    bloc_p_value : float or None
        ``p_value`` with each bloc as one unit, its members in equal parts; moves too are then standardised
        with one unit for each. None where nothing counts so.
    effective_number : float
        How many independent states they are worth, from how alike medians are within blocs.
    """

    group: str
    specifications: int
    move: float
    n: int
    rank: int
    p_toward: float
    p_away: float
    p_value: float
    blocs: int
    bloc_p_value: float | None
    effective_number: float


@dataclass(frozen=True, eq=False)
class Multiverse:
    """One triad and event in every defensible specification.

    Attributes
    ----------
    triad : Triad
    names : tuple of str
        The three states in words.
    event : int
    specifications : DataFrame
        As `tidy` gives it.
    states : tuple of str
        All states but the poles.
    moves : ndarray, shape (specifications, states)
        Standardised moves: the change toward the one pole less the field's median change, in units of the
        field's spread (from its 5th to its 95th percentile, divided by 3.29: the sd, were it normal). NaN
        where a state has too few years.
    bloc : ndarray of int, shape (states,)
        Voting bloc of each state in the ten years before the event; see `voting_blocs`.
    sessions : DataFrame
        One row per vote set and session near the event: how far the state's own position moved since the
        session before (``step``, toward the one pole), standardised, and its rank.
    settings : dict
    seed : int
    provenance : tuple of Provenance
    notes : tuple of str
    """

    triad: Triad
    names: tuple[str, str, str]
    event: int
    specifications: pd.DataFrame
    states: tuple[str, ...]
    moves: np.ndarray
    bloc: np.ndarray
    sessions: pd.DataFrame
    settings: dict[str, Any]
    seed: int
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The questions, in order: specifications of different ones are not pooled."""
        return tuple(dict.fromkeys(self.specifications["group"]))

    def tidy(self) -> pd.DataFrame:
        """One row per specification.

        ``group``, the choices on each axis (empty where it has no say) and the years; ``change`` in the
        measure's own unit with its interval; ``field_median`` and ``field_spread`` of that change over all
        states; ``move``, standardised; ``rank`` (1 is furthest toward) and ``percentile`` among ``n``
        others; ``poles_apart``, the share of years; ``status``, ``verdict`` and ``reason``.
        """
        return self.specifications.copy()

    def counted(self, group: str | None = None) -> np.ndarray:
        """Which specifications count: of one question, of all on votes (``"votes"``), or of all.

        Raises
        ------
        SeriesError
            If there is no such question.
        """
        table = self.specifications
        here = (table["status"] == "counted").to_numpy()
        if group is None:
            return here
        if group == VOTES:
            return here & (table["vote_set"] != "").to_numpy()
        if group not in self.groups:
            raise SeriesError(
                f"multiverse: there is no question {group!r}. Choose one of {', '.join(self.groups)}, or "
                f"{VOTES}."
            )
        return here & (table["group"] == group).to_numpy()

    def joint(self, group: str = VOTES) -> JointTest:
        """Rank the state's median move over all counted specifications among every other state's.

        A share of specifications is no probability; this is one, if before the event the state was as likely
        as any other to move. Only specifications with all states as placebos enter.

        Raises
        ------
        SeriesError
            If nothing counts, or fewer than 20 other states have most of the specifications.
        """
        test = self._joint(group)
        if test is None:
            raise SeriesError(
                f"multiverse: {group}: no specification counts, or fewer than {MIN_PLACEBOS} other states "
                "have most of them. `tidy` says of each why."
            )
        return test

    def _joint(self, group: str) -> JointTest | None:
        moves, blocs = (self._counted_moves(group, units) for units in ("states", "blocs"))
        if not len(moves):
            return None
        own = self.states.index(self.triad.state)
        enough = (~np.isnan(moves)).mean(axis=0) >= COVERAGE
        enough[own] = False
        if enough.sum() < MIN_PLACEBOS:
            return None
        others, mine = np.nanmedian(moves[:, enough], axis=0), float(np.median(moves[:, own]))
        n = int(enough.sum())
        toward, away, either = (int(beyond.sum()) for beyond in _beyond(others, mine))
        bloc = self.bloc[enough]
        bloc_p_value = None
        if len(blocs):
            weight = one_unit_per_bloc(np.ones(n, dtype=bool), bloc)
            among = np.nanmedian(blocs[:, enough], axis=0)
            _, _, as_large = _beyond(among, float(np.median(blocs[:, own])))
            bloc_p_value = float((weight[as_large].sum() + 1) / (weight.sum() + 1))
        return JointTest(
            group=group,
            specifications=len(moves),
            move=mine,
            n=n,
            rank=toward + 1,
            p_toward=(toward + 1) / (n + 1),
            p_away=(away + 1) / (n + 1),
            p_value=(either + 1) / (n + 1),
            blocs=np.unique(bloc).size,
            bloc_p_value=bloc_p_value,
            effective_number=effective_number(others, bloc),
        )

    def _counted_moves(self, group: str, units: str) -> np.ndarray:
        """Moves in the specifications with all states as placebos, so counted; (specifications, states)."""
        table = self.specifications
        chosen = (table["placebos"] == "all") & (table["units"] == units)
        moves: np.ndarray = self.moves[self.counted(group) & chosen.to_numpy()]
        return moves

    def summary(self) -> pd.DataFrame:
        """One row per question, and one for all on votes: what was tried, shares by verdict, joint test."""
        import pandas as pd

        rows = []
        for group in (*self.groups, VOTES):
            table = self._part(group)
            counted = table[table["status"] == "counted"]
            test = self._joint(group)
            row: dict[str, Any] = {"question": group, "specifications": len(table), "counted": len(counted)}
            row |= {
                status.replace(" ", "_"): int((table["status"] == status).sum()) for status in STATUSES[1:]
            }
            for verdict in ("toward", "away", "ordinary"):
                row[verdict] = float((counted["verdict"] == verdict).mean()) if len(counted) else np.nan
            tested = ("move", "rank", "n", "p_value", "blocs", "bloc_p_value")
            row |= {key: None if test is None else getattr(test, key) for key in tested}
            rows.append(row)
        kinds = dict.fromkeys(("rank", "n", "blocs"), "Int64")
        return pd.DataFrame(rows).astype(kinds | dict.fromkeys(("move", "p_value", "bloc_p_value"), float))

    def _part(self, group: str) -> pd.DataFrame:
        table = self.specifications
        return table[table["vote_set"] != ""] if group == VOTES else table[table["group"] == group]

    def drivers(self, group: str = VOTES) -> pd.DataFrame:
        """Which axes make the counted specifications disagree.

        Returns
        -------
        DataFrame
            One row per axis with more than one choice: ``share`` of the variance of moves that it explains
            in a sum of one effect per choice, averaged over the orders in which axes enter (with all
            combinations there, this is Sobol's first-order index); ``alone``, what it explains by itself.
            The last row, ``together``, is what no sum of effects explains.

        Raises
        ------
        SeriesError
            If there is no such question.
        """
        import pandas as pd

        table = self.specifications[self.counted(group)]
        axes = [name for name in NAMES if table.loc[table[name] != "", name].nunique() > 1]
        moves = table["move"].to_numpy(dtype=float)
        if len(table) < 3 or not axes or np.ptp(moves) == 0:
            return pd.DataFrame({"axis": [], "share": [], "alone": []})
        shares, alone, rest = _importance(moves, [table[name].to_numpy() for name in axes])
        found = pd.DataFrame({"axis": axes, "share": shares, "alone": alone})
        found = found.sort_values("share", ascending=False, ignore_index=True)
        last = pd.DataFrame({"axis": ["together"], "share": [rest], "alone": [np.nan]})
        return pd.concat([found, last], ignore_index=True)

    def reading(self) -> tuple[str, ...]:
        """What it says, in sentences that claim no more than the numbers."""
        from tropism.shifts.multiverse.words import read

        return read(self)

    def plot(self, group: str = VOTES) -> altair.VConcatChart:
        """The specification curve: moves in order of size above the choices behind each.

        Raises
        ------
        SeriesError
            If there is no such question.
        """
        from tropism.shifts.multiverse.chart import curve

        self.counted(group)
        return curve(self, group)

    def to_json(self) -> str:
        """Question, settings, axes, every specification, tests, drivers and sources."""
        table = self.specifications.astype(object).where(self.specifications.notna(), None)
        tests = [self._joint(group) for group in (*self.groups, VOTES)]
        drivers = self.drivers()
        return json.dumps(
            {
                "tropism_version": __version__,
                "triad": asdict(self.triad),
                "names": list(self.names),
                "event": self.event,
                "settings": self.settings,
                "seed": self.seed,
                "reading": list(self.reading()),
                "joint": [asdict(test) for test in tests if test is not None],
                "drivers": drivers.astype(object).where(drivers.notna(), None).to_dict("records"),
                "axes": [
                    {
                        "name": axis.name,
                        "question": axis.question,
                        "why": axis.why,
                        "choices": dict(axis.choices),
                    }
                    for axis in AXES
                ],
                "specifications": table.to_dict("records"),
                "sessions": self.sessions.to_dict("records"),
                "provenance": [asdict(source) for source in self.provenance],
                "notes": list(self.notes),
            },
            ensure_ascii=False,
            indent=1,
            default=_plain,
            allow_nan=False,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        data = [source.citation or source.source for source in self.provenance]
        return "\n".join(dict.fromkeys([*data, *PAPERS, f"tropism {__version__}."]))


def _beyond(others: np.ndarray, mine: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the others moved as far toward the one pole, as far away, and as far either way, ties too."""
    tied = np.isclose(others, mine, rtol=1e-6, atol=1e-9)
    as_large = np.isclose(np.abs(others), abs(mine), rtol=1e-6, atol=1e-9)
    return (others > mine) | tied, (others < mine) | tied, (np.abs(others) > abs(mine)) | as_large


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


# ------------------------------------------------------------------------------------------ assembly


def assemble(
    triad: Triad,
    event: int,
    found: Sequence[Found],
    *,
    placebos: Sequence[PlaceboSet],
    settings: dict[str, Any],
    seed: int,
    provenance: tuple[Provenance, ...],
) -> Multiverse:
    """Put the answers of all tasks together and standardise them.

    Raises
    ------
    SeriesError
        If no specification has data on the state.
    """
    import pandas as pd

    names = tuple(sorted(set().union(*(each.states for each in found))))
    place = {name: i for i, name in enumerate(names)}
    if triad.state not in place:
        raise SeriesError(
            f"multiverse: the data hold nothing on {triad.state} near {event}. Choose another year."
        )
    wide = [_wide(each, place) for each in found]
    change, lower, upper = (np.concatenate([each[k] for each in wide]) for k in range(3))
    apart = np.concatenate([each.apart for each in found])
    cells = [cell for each in found for cell in each.cells]
    at = place[triad.state]
    before = (int(event) - LONG, int(event) - 1)
    bloc = voting_blocs(read_table("un_vote_counts"), names, before)
    tables, moves = [], []
    for label, units in _sets(placebos):
        member = like_states(names, label, year=before[1])[at]
        table, z = _standardised(cells, change, apart, member, at, bloc if units == "blocs" else None)
        tables.append(table.assign(placebos=label, units=units, lower=lower[:, at], upper=upper[:, at]))
        moves.append(z)
    table, z = pd.concat(tables, ignore_index=True), np.concatenate(moves)
    order = np.argsort([_place(group) for group in table["group"]], kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    columns = ["group", *NAMES, *YEARS, "change", "lower", "upper", "field_median", "field_spread"]
    columns += ["move", "rank", "percentile", "n", "poles_apart", "status", "verdict", "reason"]
    if not table["move"].notna().any():
        raise SeriesError(
            f"multiverse: no specification can be assessed for {triad} at {event}: "
            f"{next(iter(table['reason']), '')} Choose another year or state."
        )
    return Multiverse(
        triad=triad,
        names=tuple(find_state(code).in_text for code in (triad.state, *triad.poles)),  # type: ignore[arg-type]
        event=int(event),
        specifications=table[columns],
        states=names,
        moves=z[order],
        bloc=bloc,
        sessions=_sessions(found, triad.state),
        settings=settings,
        seed=seed,
        provenance=provenance,
        notes=(
            "Specifications that hold the same years are one; with two categories of votes the share of "
            "equal votes is S in other units, and is left out.",
            f"A specification counts where its measure separates the poles in more than {MOSTLY:.0%} of the "
            "years on either side.",
            "Outside the poles closeness cannot show a state's own move, since both distances change alike: "
            "such specifications stand near 0, the state's as any other's. Positions show it.",
        ),
    )


def _sets(placebos: Sequence[PlaceboSet]) -> list[tuple[PlaceboSet, str]]:
    """Who shows what is usual, and what counts as one: forty states hold too few blocs for a rank."""
    return [(label, "states") for label in dict.fromkeys(placebos)] + [("all", "blocs")]


def _wide(found: Found, place: dict[str, int]) -> np.ndarray:
    """Change, lower and upper on the states of all tasks: shape (3, cells, states)."""
    whole = np.full((3, len(found.cells), len(place)), np.nan)
    whole[:, :, [place[name] for name in found.states]] = [found.change, found.lower, found.upper]
    return whole


def _place(group: str) -> int:
    """Votes first, then trade as its axis has it, then other lines as they came."""
    flows = next(axis.choices for axis in AXES if axis.name == "flow")
    order = (*SETS, BETWEEN_POLES, *flows)
    return order.index(group) if group in order else len(order)


def _standardised(
    cells: Sequence[dict[str, Any]],
    change: np.ndarray,
    apart: np.ndarray,
    member: np.ndarray,
    own: int,
    bloc: np.ndarray | None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Choices, moves and ranks of every specification, and the standardised moves of all states.

    ``member`` (states,) is the field; with blocs (states,) each of them counts in it once.
    """
    import pandas as pd

    field = member.copy()
    # The state stands in its own field as any other does: else its move would be measured by another rule.
    field[own] = True
    inside = np.where(field, change, np.nan)
    centre, spread = _centre_and_spread(inside, bloc)
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = (change - centre[:, None]) / np.where(spread > 0, spread, np.nan)[:, None]
    others = inside.copy()
    others[:, own] = np.nan
    mine = change[:, own]
    tied = np.isclose(others, mine[:, None], rtol=1e-6, atol=1e-9)
    weight = _weights(others, bloc)
    n = weight.sum(axis=1)
    above = np.where((others > mine[:, None]) & ~tied, weight, 0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        percentile = 100 * (n - above - np.where(tied, weight, 0).sum(axis=1) / 2) / n
    rows = []
    for i, cell in enumerate(cells):
        reason = str(cell["reason"])
        if not reason and np.isnan(mine[i]):
            reason = "too few years of the state on one side."
        elif not reason and round(n[i]) < MIN_PLACEBOS:
            reason = f"only {n[i]:.0f} other {'states' if bloc is None else 'blocs'} have data."
        elif not reason and not spread[i] > 0:
            reason = "the other states did not differ in their change."
        status = STATUSES[2] if reason else STATUSES[0] if apart[i] > MOSTLY else STATUSES[1]
        verdict = "" if status != STATUSES[0] else _verdict(percentile[i])
        row = {name: cell.get(name, "") for name in NAMES} | {name: cell[name] for name in YEARS}
        row |= {
            "group": row["vote_set"] or row["flow"] or row["line"],
            "change": mine[i],
            "field_median": centre[i],
        }
        row |= {"field_spread": spread[i], "poles_apart": apart[i], "n": round(n[i]), "status": status}
        measured = status != STATUSES[2]
        row |= {
            "move": moves[i, own] if measured else np.nan,
            "rank": round(above[i]) + 1 if measured else np.nan,
        }
        row |= {"percentile": percentile[i] if measured else np.nan, "verdict": verdict, "reason": reason}
        rows.append(row)
    return pd.DataFrame(rows).astype({"rank": "Int64"}), moves


def _verdict(percentile: float) -> str:
    return "toward" if percentile >= UNUSUAL else "away" if percentile <= 100 - UNUSUAL else "ordinary"


def _weights(values: np.ndarray, bloc: np.ndarray | None) -> np.ndarray:
    """What each state with a number counts for, shape of the values: 1, or its part of its bloc."""
    have = ~np.isnan(values)
    return have.astype(float) if bloc is None else one_unit_per_bloc(have, bloc)


def _centre_and_spread(inside: np.ndarray, bloc: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Median and spread of each row, the sd of a normal field; NaN for a row without a number."""
    have = ~np.isnan(inside).all(axis=1)
    centre, spread = np.full((2, len(inside)), np.nan)
    if not have.any():
        return centre, spread
    low, centre[have], high = _quantiles(inside[have], _weights(inside[have], bloc), (0.05, 0.5, 0.95))
    spread[have] = (high - low) / RANGE
    return centre, spread


def _quantiles(values: np.ndarray, weight: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """Weighted quantiles of each row, shape (quantiles, rows): with equal weights those of `numpy.quantile`.

    A value stands in the middle of its own weight; the first and the last of equal weights stand at 0 and 1.
    """
    order = np.argsort(values, axis=1, kind="stable")
    # What is not there sorts last, and weighs nothing.
    ordered, w = (np.take_along_axis(each, order, axis=1) for each in (values, weight))
    total, typical = w.sum(axis=1), (w**2).sum(axis=1) / w.sum(axis=1)
    place = np.cumsum(w, axis=1) - w / 2 - typical[:, None] / 2
    place /= np.maximum(total - typical, 1e-12)[:, None]
    n = (w > 0).sum(axis=1)
    rows = zip(place, ordered, n.tolist(), strict=True)
    return np.array([np.interp(at, x[:k], y[:k]) for x, y, k in rows]).T


def _sessions(found: Sequence[Found], state: str) -> pd.DataFrame:
    """One-session moves of the state's position near the event, for every vote set as embedded."""
    import pandas as pd

    rows = []
    for each in found:
        cell = each.cells[0] if each.cells else {}
        plain = cell.get("link") == "probit" and cell.get("smoothing") == "walk"
        plain = plain and (cell.get("abstention"), cell.get("absence")) == ("middle", "missing")
        if not plain or state not in each.states:
            continue
        own = each.states.index(state)
        centre, spread = _centre_and_spread(each.steps)
        for i, year in enumerate(each.step_year.astype(int).tolist()):
            step = each.steps[i, own]
            others = np.delete(each.steps[i], own)
            others = others[~np.isnan(others)]
            if np.isnan(step) or others.size < MIN_PLACEBOS or not spread[i] > 0:
                continue
            rows.append(
                {
                    "vote_set": cell["vote_set"],
                    "year": year,
                    "step": float(step),
                    "move": float((step - centre[i]) / spread[i]),
                    "rank": int((others > step).sum()) + 1,
                    "n": others.size,
                }
            )
    return pd.DataFrame(rows, columns=["vote_set", "year", "step", "move", "rank", "n"])


# ------------------------------------------------------------------------------------------ importance


def _importance(values: np.ndarray, factors: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
    """Shares of variance by factor, averaged over orders of entry; each alone; and the rest.

    Parameters
    ----------
    values : ndarray, shape (n,)
    factors : sequence of ndarray, shape (n,)
        Labels.
    """
    blocks: list[np.ndarray] = []
    design: list[np.ndarray] = []
    for labels in factors:
        codes = np.unique(labels, return_inverse=True)[1]
        dummies = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
        start = sum(each.shape[1] for each in design)
        design.append(dummies - dummies.mean(axis=0))
        blocks.append(np.arange(start, start + dummies.shape[1]))
    x, y = np.concatenate(design, axis=1), values - values.mean()
    gram, cross, total = x.T @ x, x.T @ y, float(y @ y)
    k = len(factors)

    def explained(chosen: tuple[int, ...]) -> float:
        if not chosen:
            return 0.0
        at = np.concatenate([blocks[j] for j in chosen])
        # Dummies of one factor add up to nothing, and factors may be nested: the generalised inverse.
        return float(cross[at] @ np.linalg.pinv(gram[np.ix_(at, at)], rcond=1e-10) @ cross[at]) / total

    worth = {chosen: explained(chosen) for size in range(k + 1) for chosen in combinations(range(k), size)}
    shares = np.zeros(k)
    for chosen, value in worth.items():
        for j in set(range(k)) - set(chosen):
            larger = tuple(sorted((*chosen, j)))
            shares[j] += (worth[larger] - value) / (k * comb(k - 1, len(chosen)))
    alone = np.array([worth[(j,)] for j in range(k)])
    return shares, alone, 1 - worth[tuple(range(k))]
