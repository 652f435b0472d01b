"""What a state's path would have been, had it gone on as the states that moved like it: synthetic control.

Donor states get weights, none negative and together 1, so that their mean follows the state before an event;
after it, the gap between the two is the effect. Every donor is put through the same: the ratio of the error
after to the error before is ranked among theirs.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.dyads import Triad, Window
from tropism.errors import IdentificationError, MissingExtraError, SeriesError
from tropism.series import Provenance, Series, cited
from tropism.shifts._break_panel import tilt_of
from tropism.shifts.change import LEVEL, MIN_PLACEBOS, MIN_YEARS
from tropism.version import __version__

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: Fewer years before the event than this fit anything.
MIN_BEFORE = 5
#: A state that its donors follow worse than this share of them is followed is not assessed.
MAX_ERROR_QUANTILE = 0.8

PAPERS = (
    "Abadie, Diamond and Hainmueller (2010), Synthetic Control Methods for Comparative Case Studies, Journal "
    "of the American Statistical Association 105(490)",
    "Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), Synthetic Difference-in-Differences, American "
    "Economic Review 111(12): the weights' penalty",
)


@dataclass(frozen=True, eq=False)
class SyntheticControl:
    """A state's path beside that of its synthetic twin, and the same for every donor.

    Attributes
    ----------
    triad : Triad
    window : Window
    label, measured_in : str
        The measure in words, and its unit.
    years : ndarray of int, shape (years,)
        Years of the window in which the state has data.
    actual, synthetic : ndarray, shape (years,)
        Tilt of the state, and of the donors by their weights.
    weights : mapping of str to float
        Donors with a weight of at least 0.0005, largest first.
    error_before, error_after : float
        Root mean square of the gap in the years before and after.
    effect : float
        Mean gap after, actual less synthetic: positive is toward ``triad.toward``.
    error_quantile : float
        Share of donors that their own donors follow better before the event.
    p_value : float
        Share of states, this one included, whose ratio of errors is at least as large: among the donors that
        pass the same test of fit.
    placebos : mapping of str to (float, float, float)
        Of each donor: error before, error after, mean gap after.
    placebo_gaps : ndarray, shape (donors that pass, years)
        Their gaps, in the order of `ranked`.
    ranked : tuple of str
        The donors that pass.
    settings : mapping
    provenance : tuple of Provenance
    notes : tuple of str
    """

    triad: Triad
    window: Window
    label: str
    measured_in: str
    years: np.ndarray
    actual: np.ndarray
    synthetic: np.ndarray
    weights: dict[str, float]
    error_before: float
    error_after: float
    effect: float
    error_quantile: float
    p_value: float
    placebos: dict[str, tuple[float, float, float]]
    placebo_gaps: np.ndarray
    ranked: tuple[str, ...]
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> np.ndarray:
        """Actual less synthetic, shape (years,)."""
        return self.actual - self.synthetic

    @property
    def ratio(self) -> float:
        """Error after over error before."""
        return self.error_after / self.error_before

    def tidy(self) -> pd.DataFrame:
        """One row per year: year, after, actual, synthetic, gap, placebo_lower, placebo_upper.

        The last two are the 5th and 95th percentile of the gaps of the donors that pass.
        """
        import pandas as pd

        tail = (1 - LEVEL) / 2
        lower, upper = np.quantile(self.placebo_gaps, [tail, 1 - tail], axis=0)
        return pd.DataFrame(
            {
                "year": self.years,
                "after": self.years >= self.window.after_start,
                "actual": self.actual,
                "synthetic": self.synthetic,
                "gap": self.path,
                "placebo_lower": lower,
                "placebo_upper": upper,
            }
        )

    def summary(self) -> pd.DataFrame:
        """One row: the state, effect, errors, their ratio, its rank, and the main donors."""
        import pandas as pd

        main = ", ".join(f"{name} {weight:.2f}" for name, weight in list(self.weights.items())[:5])
        row = {
            "state": self.triad.state,
            "effect": self.effect,
            "error_before": self.error_before,
            "error_after": self.error_after,
            "ratio": self.ratio,
            "error_quantile": self.error_quantile,
            "p_value": self.p_value,
            "placebos": len(self.ranked),
            "donors": main,
        }
        return pd.DataFrame([row])

    def plot(self) -> alt.LayerChart:
        """Both paths, and the band that holds 90 % of the donors' gaps around the synthetic one."""
        import altair as alt

        from tropism.house_style import CONFIG
        from tropism.votes.ideal_points.chart import COLOURS

        blue, orange = COLOURS[:2]
        table = self.tidy()
        columns = {name: table[name].tolist() for name in ("year", "actual", "synthetic")}
        for name in ("placebo_lower", "placebo_upper"):
            columns[name] = (table["synthetic"] + table[name]).tolist()
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        base = alt.Chart(alt.InlineData(values=rows))
        x = alt.X("year:Q", title=None, scale=alt.Scale(nice=False), axis=alt.Axis(format="d", grid=False))
        y = alt.Y("actual:Q", title=self.measured_in, scale=alt.Scale(zero=False))
        event = alt.Chart(alt.InlineData(values=[{"year": self.window.after_start - 0.5}]))
        last = alt.Chart(alt.InlineData(values=[rows[-1]]))
        layers = [
            base.mark_area(color=orange, opacity=0.14).encode(x=x, y="placebo_lower:Q", y2="placebo_upper:Q"),
            event.mark_rule(color="#5a6472", strokeDash=[4, 4]).encode(x=x),
        ]
        for name, text, colour in (
            ("actual", self.triad.state, blue),
            ("synthetic", "synthetic", orange),
        ):
            line = y if name == "actual" else alt.Y("synthetic:Q")
            layers.append(base.mark_line(color=colour, strokeWidth=2).encode(x=x, y=line))
            label = last.mark_text(color=colour, align="left", dx=6, fontWeight="bold", text=text)
            layers.append(label.encode(x=x, y=alt.Y(f"{name}:Q")))
        title = alt.TitleParams(
            f"{self.triad.state} and its synthetic twin",
            subtitle=[
                self.label,
                f"effect {self.effect:+.3f}, placebo p {self.p_value:.3f} among {len(self.ranked)} donors; "
                "band: 90 % of their gaps",
            ],
        )
        chart = alt.LayerChart(layer=layers, width=560, height=300, title=title)
        return chart.properties(padding={"right": 70}).configure(**CONFIG)

    def to_json(self) -> str:
        """Everything found, with the settings needed to find it again."""
        found = {
            "tropism": __version__,
            "state": self.triad.state,
            "toward": self.triad.toward,
            "away_from": self.triad.away_from,
            "window": asdict(self.window),
            "label": self.label,
            "measured_in": self.measured_in,
            "effect": self.effect,
            "error_before": self.error_before,
            "error_after": self.error_after,
            "ratio": self.ratio,
            "error_quantile": self.error_quantile,
            "p_value": self.p_value,
            "weights": self.weights,
            "years": self.years.tolist(),
            "actual": self.actual.tolist(),
            "synthetic": self.synthetic.tolist(),
            "placebos": {name: list(each) for name, each in self.placebos.items()},
            "ranked": list(self.ranked),
            "settings": self.settings,
            "provenance": [asdict(source) for source in self.provenance],
            "notes": list(self.notes),
        }
        return json.dumps(found, ensure_ascii=False, indent=1)

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def synthetic_control(
    series: Series,
    triad: Triad,
    window: Window,
    *,
    exclude: Collection[str] = (),
    penalty: float = 0.3,
) -> SyntheticControl:
    """Compare a state's tilt after an event with that of the donors that it moved like before.

    Parameters
    ----------
    series : Series
        Dyads of all states toward both poles, or a panel of states that holds tilt already. Draws are
        averaged.
    triad : Triad
    window : Window
        Weights are fitted to the years before; an open end closes at the last year of the series.
    exclude : collection of str
        States that may not be donors, such as those of the state's own voting bloc, which the event may have
        moved too. The poles never are.
    penalty : float
        On the sum of squared weights, in units of the variance of a donor's yearly change times the number of
        years before. Without it, more donors than years fit the noise, and the error before is about 0.

    Returns
    -------
    SyntheticControl

    Raises
    ------
    SeriesError
        If the series is no closeness, does not hold the state, or has too few years of it.
    IdentificationError
        If fewer than 20 donors have all of its years, or if the donors follow it before the event worse than
        four fifths of them are followed: then no weights stand for it, and the gap after says nothing.
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The donors that would be refused themselves are not ranked against: state and placebos pass one test.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105(490), section 2.3 (weights) and 3.4 (ratios of errors
    among placebos); Arkhangelsky et al. (2021), AER 111(12), equation 4 (the form of the penalty).

    Examples
    --------
    >>> from tropism.dyads import Triad, Window
    >>> from tropism.tables import read_table
    >>> from tropism.votes import contested_series
    >>> panel = contested_series(read_table("un_contested_votes"), "USA", "RUS")
    >>> found = synthetic_control(panel, Triad("HUN", "USA", "RUS"), Window(1994, 2009, 2010, 2023))
    >>> round(sum(found.weights.values()), 2), 0 < found.p_value <= 1
    (1.0, True)
    """
    _need_scipy()
    if penalty < 0:
        raise SeriesError(f"synthetic control: the penalty is {penalty}; give 0 or more.")
    tilt = tilt_of(series, triad)
    window = window.resolve(int(tilt.years[-1]))
    donors = _donors(tilt, triad, window, exclude)
    ridge = penalty * donors.change * donors.n_before
    weights, gaps = _gaps(donors.rows, donors.past, ridge)
    error_before, error_after = (
        np.sqrt((gaps[:, part] ** 2).mean(axis=1)) for part in (donors.past, ~donors.past)
    )
    effects = gaps[:, ~donors.past].mean(axis=1)
    limit = _refuse_unlike(error_before, triad.state)
    passed = error_before[1:] <= limit
    ratios = error_after / error_before
    above = int((ratios[1:][passed] >= ratios[0]).sum())
    order = np.argsort(-weights, kind="stable")
    return SyntheticControl(
        triad=triad,
        window=window,
        label=f"{tilt.label}, {triad.toward} less {triad.away_from}",
        measured_in=tilt.measured_in,
        years=donors.years,
        actual=donors.rows[0],
        synthetic=donors.rows[0] - gaps[0],
        weights={donors.names[i]: float(weights[i]) for i in order if weights[i] >= 5e-4},
        error_before=float(error_before[0]),
        error_after=float(error_after[0]),
        effect=float(effects[0]),
        error_quantile=float((error_before[1:] < error_before[0]).mean()),
        p_value=(1 + above) / (1 + int(passed.sum())),
        placebos={
            name: (float(error_before[i]), float(error_after[i]), float(effects[i]))
            for i, name in enumerate(donors.names, 1)
        },
        placebo_gaps=gaps[1:][passed],
        ranked=tuple(name for name, fits in zip(donors.names, passed, strict=True) if fits),
        settings={"exclude": sorted(exclude), "penalty": penalty},
        provenance=tilt.provenance,
        notes=tilt.notes,
    )


def _need_scipy() -> None:
    try:
        from scipy.optimize import nnls  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "synthetic control: scipy is not installed. It needs the extra `votes`: "
            "pip install 'tropism[votes]'"
        ) from None


@dataclass(frozen=True, eq=False)
class _Donors:
    """Paths over the state's own years, all complete.

    ``rows`` (1 + donors, years): the state itself first; ``past`` (years,): before the event; ``change``:
    variance of a donor's yearly change before.
    """

    names: tuple[str, ...]
    years: np.ndarray
    past: np.ndarray
    rows: np.ndarray
    change: float

    @property
    def n_before(self) -> int:
        """Years before the event."""
        return int(self.past.sum())


def _donors(tilt: Series, triad: Triad, window: Window, exclude: Collection[str]) -> _Donors:
    """The states that have all of the state's years, are no pole and not excluded."""
    own = tilt.units.index(triad.state)
    before, after = window.spans(tilt.years)
    have = ~tilt.missing[own]
    n_before, n_after = int((before & have).sum()), int((after & have).sum())
    if n_before < MIN_BEFORE or n_after < MIN_YEARS:
        raise SeriesError(
            f"{tilt.name}: {triad.state} has {n_before} years before and {n_after} after in {window}; "
            f"{MIN_BEFORE} and {MIN_YEARS} are needed. Widen the window."
        )
    inside = have & (before | after)
    complete: list[bool] = np.all(~tilt.missing[:, inside], axis=1).tolist()
    barred = {triad.state, *triad.poles, *exclude}
    names = [unit for unit, whole in zip(tilt.units, complete, strict=True) if whole and unit not in barred]
    if len(names) < MIN_PLACEBOS:
        raise IdentificationError(
            f"synthetic control: {len(names)} donors have all {int(inside.sum())} years of {triad.state} in "
            f"{window}; {MIN_PLACEBOS} are needed. Choose a window with fewer gaps, or exclude fewer states."
        )
    values = tilt.values.mean(axis=0, dtype=np.float64)
    rows, past = values[np.r_[own, tilt.index(names)]][:, inside], before[inside]
    change = float(np.diff(rows[1:, past], axis=1).var())
    if change == 0:
        raise IdentificationError(
            f"synthetic control: no donor moves at all before {window.after_start}: nothing to follow. "
            "Choose another measure or window."
        )
    return _Donors(tuple(names), tilt.years[inside], past, rows, change)


def _gaps(rows: np.ndarray, past: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """The state's weights, shape (donors,), and every path less its own twin's, shape of the rows."""
    weights = convex_weights(rows[0, past], rows[1:, past], ridge)
    gaps = np.empty_like(rows)
    gaps[0] = rows[0] - weights @ rows[1:]
    for i in range(1, len(rows)):
        # The state is no donor of a placebo: the event may have moved it.
        others = np.delete(rows, [0, i], axis=0)
        gaps[i] = rows[i] - convex_weights(rows[i, past], others[:, past], ridge) @ others
    return weights, gaps


def _refuse_unlike(error_before: np.ndarray, state: str) -> float:
    """The largest error before the event at which a twin stands for a state; the state's own is first."""
    own, others = error_before[0], error_before[1:]
    limit = float(np.quantile(others, MAX_ERROR_QUANTILE))
    if own > limit:
        share = 100 * float((others < own).mean())
        raise IdentificationError(
            f"synthetic control: before the event the donors follow {state} with an error of {own:.3f}, more "
            f"than for {share:.0f} % of the {others.size} donors themselves (the limit, the 80th percentile, "
            f"is {limit:.3f}). No weighted mean of others stands for it; compare its change with theirs "
            "instead (infer_shifts)."
        )
    return limit


def convex_weights(target: np.ndarray, donors: np.ndarray, ridge: float) -> np.ndarray:
    """Minimise ``|target - w @ donors|^2 + ridge |w|^2`` over weights ``w``, none negative, together 1.

    Parameters
    ----------
    target : ndarray, shape (years,)
    donors : ndarray, shape (donors, years)
    ridge : float

    Returns
    -------
    ndarray, shape (donors,)
    """
    from scipy.optimize import nnls

    # On weights that sum to 1 the gap is linear in them without a constant: scaling the non-negative solution
    # of "gap 0, sum 1" to a sum of 1 is then exact, since the best weights lie on one ray whatever the sum.
    gaps = (donors - target).T
    rows = [gaps, np.sqrt(ridge) * np.eye(len(donors))] if ridge > 0 else [gaps]
    scale = np.sqrt((gaps**2).mean()) or 1.0
    system = np.vstack([*rows, np.full(len(donors), scale)])
    wanted = np.zeros(len(system))
    wanted[-1] = scale
    raw, _ = nnls(system, wanted)
    weights: np.ndarray = raw / raw.sum()
    return weights
