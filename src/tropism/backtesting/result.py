"""What `backtest` returns: error rates with exact intervals, scores beside naive rules, every case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.backtesting.field import SPAN
from tropism.backtesting.leaders import LeaderRate
from tropism.backtesting.measured import Measured
from tropism.backtesting.naive import RULES
from tropism.explanations.result import Verdict, decide, posterior, totals_of
from tropism.explanations.signatures import CLASSES, Class
from tropism.explanations.weights import Case, Weight

if TYPE_CHECKING:
    import altair
    import pandas as pd

#: Resampled sets of cases, whole clusters at a time.
RESAMPLED = 2000
#: Probability of every interval.
LEVEL = 0.9


@dataclass(frozen=True, eq=False)
class Scored:
    """One case, scored.

    Attributes
    ----------
    case : Case
    horizon : int
    version : str
        ``"nested"`` or ``"forward"``.
    label : str
        As documented: a trap counts as nothing, and is told apart from other non-shifts.
    counted : bool
        False for cases that are shown only.
    temper : float
    weights : dict
        Of each block or fact and class, not tempered.
    naive : dict
        Probabilities of `CLASSES` by each naive rule, shape (3,).
    alarms : tuple of (iso3, verdict)
        Other states in the window.
    learned_from : int
        Cases.
    """

    case: Case
    horizon: int
    version: str
    label: str
    counted: bool
    temper: float
    weights: Mapping[str, Mapping[Class, Weight]]
    naive: Mapping[str, np.ndarray]
    alarms: tuple[tuple[str, str], ...]
    learned_from: int

    @cached_property
    def totals(self) -> dict[Class, float]:
        """Tempered log10 Bayes factors of the classes against nothing."""
        return totals_of(self.weights.values(), self.temper)

    @property
    def verdict(self) -> Verdict:
        """The best class, or ``"cannot tell"``."""
        return decide(self.totals)[0]

    @property
    def margin(self) -> float:
        """log10 by which the best beats the runner-up."""
        return decide(self.totals)[1]

    @property
    def by_block(self) -> dict[str, Verdict]:
        """The verdict on each block or fact alone."""
        return {name: decide(totals_of([weights], self.temper))[0] for name, weights in self.weights.items()}

    @property
    def probability(self) -> np.ndarray:
        """Of `CLASSES`, with even priors: shape (3,)."""
        return np.array([posterior(self.totals)[c] for c in CLASSES])


@dataclass(frozen=True, eq=False)
class Backtest:
    """Scores and error rates of verdicts on documented cases.

    Attributes
    ----------
    scored : tuple of Scored
    measured : tuple of Measured
    tempers : dict
        Of each horizon, fitted to all scored cases: what `explain` uses.
    version : str
    leaders : tuple of LeaderRate
        How often a shift was the verdict where the leader changed and where not; empty without the table.
    """

    scored: tuple[Scored, ...]
    measured: tuple[Measured, ...]
    tempers: Mapping[int, float]
    version: str
    leaders: tuple[LeaderRate, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """One row per case, horizon and version: label, probabilities, verdict."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "case": each.case.case,
                    "horizon": each.horizon,
                    "version": each.version,
                    "label": each.label,
                    "of_class": each.case.of_class,
                    "counted": each.counted,
                    "p_shift": float(each.probability[0]),
                    "p_hedge": float(each.probability[1]),
                    "p_nothing": float(each.probability[2]),
                    "verdict": each.verdict,
                    "strength": max(each.totals.values()),
                    "margin": each.margin,
                    "temper": each.temper,
                    "learned_from": each.learned_from,
                    "blocks": " ".join(sorted({name.partition(":")[0] for name in each.weights})),
                }
                for each in self.scored
            ]
        )

    def _of(self, horizon: int, version: str = "nested") -> list[Scored]:
        return [
            each
            for each in self.scored
            if each.horizon == horizon and each.version == version and each.counted
        ]

    def scores(self, horizon: int, version: str = "nested") -> pd.DataFrame:
        """Brier and log score of our probabilities and of each naive rule, averaged by class.

        Lower Brier, higher log score is better. ``brier_less_ours`` and ``log_less_ours`` are each rule's
        score less ours, with intervals from resampling whole clusters of cases.
        """
        import pandas as pd

        held = self._of(horizon, version)
        rules = {"ours": [each.probability for each in held]}
        if version == "nested":
            rules |= {rule: [each.naive[rule] for each in held] for rule in RULES}
        rules["even odds"] = [np.full(3, 1 / 3) for _ in held]
        label = np.array([CLASSES.index(each.case.of_class) for each in held])
        cluster = np.array([each.case.cluster for each in held], dtype=object)
        brier, log = {}, {}
        for rule, probability in rules.items():
            p = np.clip(np.stack(probability), 1e-6, 1.0)
            truth = np.eye(3)[label]
            brier[rule] = ((p - truth) ** 2).sum(axis=1)
            log[rule] = np.log(p[np.arange(label.size), label])
        sets = _resampled(cluster)
        ours = {"brier": brier["ours"], "log": log["ours"]}
        rows = []
        for rule in rules:
            row: dict[str, Any] = {"rule": rule}
            for name, values in (("brier", brier[rule]), ("log", log[rule])):
                row[name] = _by_class(values, label, cluster)
                drawn = [_by_class(values[s] - ours[name][s], label[s], cluster[s]) for s in sets]
                low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                row[f"{name}_less_ours"] = row[name] - _by_class(ours[name], label, cluster)
                row[f"{name}_lower"], row[f"{name}_upper"] = float(low), float(high)
            rows.append(row)
        return pd.DataFrame(rows)

    def rates(self, horizon: int, version: str = "nested") -> pd.DataFrame:
        """Error rates as n of m with exact intervals: what was right, alarms, what was left open."""
        import pandas as pd

        held = self._of(horizon, version)
        of = {c: [each for each in held if each.case.of_class == c] for c in CLASSES}
        decided = [each for each in held if each.verdict != "cannot tell"]
        rows = [
            ("verdicts that were right", sum(e.verdict == e.case.of_class for e in decided), len(decided)),
            ("left open (cannot tell)", len(held) - len(decided), len(held)),
            ("shifts detected", sum(e.verdict == "shift" for e in of["shift"]), len(of["shift"])),
            ("shifts called nothing", sum(e.verdict == "nothing" for e in of["shift"]), len(of["shift"])),
            ("alarms on hedges", sum(e.verdict == "shift" for e in of["hedge"]), len(of["hedge"])),
        ]  # fmt: skip
        for what, is_trap in (("non-shifts", False), ("traps", True)):
            mine = [each for each in of["nothing"] if (each.label == "trap") == is_trap]
            rows.append((f"alarms on {what}", sum(each.verdict == "shift" for each in mine), len(mine)))
        alarms = [verdict for each in held for _, verdict in each.alarms]
        if alarms:
            rows.append(("alarms on placebos", alarms.count("shift"), len(alarms)))
            rows.append(("placebos called hedges", alarms.count("hedge"), len(alarms)))
        blocks = sorted({name for each in of["shift"] for name in each.by_block})
        for block in blocks:
            with_it = [each for each in of["shift"] if block in each.by_block]
            found = sum(each.by_block[block] == "shift" for each in with_it)
            rows.append((f"shifts detected by {block} alone", found, len(with_it)))
        table = pd.DataFrame(rows, columns=["what", "n", "of"])
        bounds = [exact_interval(n, m) for n, m in zip(table["n"], table["of"], strict=True)]
        table["lower"], table["upper"] = zip(*bounds, strict=True) if bounds else ((), ())
        return table

    def reliability(self, horizon: int) -> pd.DataFrame:
        """How often what was given some probability was so: one row per bin and class of probabilities."""
        import pandas as pd

        held = self._of(horizon)
        p = np.concatenate([each.probability for each in held])
        truth = np.concatenate([np.eye(3)[CLASSES.index(each.case.of_class)] for each in held])
        bins = np.clip((p * 5).astype(int), 0, 4)
        rows = [
            {
                "lower": k / 5,
                "upper": (k + 1) / 5,
                "mean_probability": float(p[bins == k].mean()),
                "share": float(truth[bins == k].mean()),
                "n": int((bins == k).sum()),
            }
            for k in range(5)
            if (bins == k).any()
        ]
        return pd.DataFrame(rows)

    def misses(self, horizon: int) -> pd.DataFrame:
        """Counted cases whose verdict was another class, or that were left open."""
        table = self.tidy()
        mine = (table["horizon"] == horizon) & (table["version"] == "nested") & table["counted"]
        return table[mine & (table["verdict"] != table["of_class"])].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """Rates of all horizons, nested and forward: n, of, and their exact 90% interval."""
        import pandas as pd

        horizons = sorted({each.horizon for each in self.scored})
        tables = [
            self.rates(horizon, version).assign(horizon=horizon, version=version)
            for horizon in horizons
            for version in ("nested", "forward")
        ]
        return pd.concat(tables, ignore_index=True)

    def figures(self) -> pd.DataFrame:
        """Everything that is published: horizon, version, figure, value, and bounds where there are any."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {"horizon": h, "version": "nested", "figure": "temper", "value": t}
            for h, t in self.tempers.items()
        ]
        for horizon in sorted({each.horizon for each in self.scored}):
            for version in ("nested", "forward"):
                where = {"horizon": horizon, "version": version}
                for row in self.rates(horizon, version).to_dict("records"):
                    share = row["n"] / row["of"] if row["of"] else np.nan
                    bounds = {"lower": row["lower"], "upper": row["upper"], "n": row["n"], "of": row["of"]}
                    rows.append(where | {"figure": row["what"], "value": share} | bounds)
                for row in self.scores(horizon, version).to_dict("records"):
                    for name in ("brier", "log"):
                        rows.append(where | {"figure": f"{name}: {row['rule']}", "value": row[name]})
                        difference = {"value": row[f"{name}_less_ours"]} | {
                            "lower": row[f"{name}_lower"],
                            "upper": row[f"{name}_upper"],
                        }
                        if row["rule"] != "ours":
                            rows.append(where | {"figure": f"{name}: {row['rule']} less ours"} | difference)
        rows += [
            {"horizon": SPAN, "version": "forward", "figure": each.what, "value": each.n / each.of}
            | {"lower": each.lower, "upper": each.upper, "n": each.n, "of": each.of}
            for each in self.leaders
        ]
        return pd.DataFrame(rows)

    def plot(self) -> altair.LayerChart:
        """The reliability diagram of the longest horizon."""
        import altair as alt

        table = self.reliability(max(each.horizon for each in self.scored))
        line = (
            alt.Chart(table)
            .mark_line(point=True)
            .encode(
                x=alt.X("mean_probability:Q", title="probability given", scale=alt.Scale(domain=[0, 1])),
                y=alt.Y("share:Q", title="share that was so", scale=alt.Scale(domain=[0, 1])),
                tooltip=["n:Q"],
            )
        )
        even = alt.Chart(table).mark_rule(strokeDash=[4, 4], color="#888").encode(
            x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1)
        )  # fmt: skip
        return alt.LayerChart(layer=[even, line], width=260, height=260)

    def to_json(self) -> str:
        """Cases, rates, scores and misses as text."""
        return json.dumps(
            {
                "tropism": self.version,
                "tempers": {str(k): v for k, v in self.tempers.items()},
                "cases": self.tidy().round(4).to_dict("records"),
                "figures": json.loads(self.figures().to_json(orient="records", double_precision=4)),
            },
            ensure_ascii=False,
            indent=1,
        )


def exact_interval(n: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's interval for n of m, at 90 %.

    References
    ----------
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits, Biometrika 26(4).
    """
    from scipy.stats import binomtest

    if not of:
        return (0.0, 1.0)
    found = binomtest(int(n), int(of)).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)


def _resampled(cluster: np.ndarray) -> list[np.ndarray]:
    """Places of cases in sets drawn with replacement, whole clusters at a time."""
    rng = np.random.default_rng(0)
    names = np.unique(cluster.astype(str))
    places = [np.flatnonzero(cluster == name) for name in names]
    return [
        np.concatenate([places[k] for k in rng.integers(0, len(names), len(names))]) for _ in range(RESAMPLED)
    ]


def _by_class(values: np.ndarray, label: np.ndarray, cluster: np.ndarray) -> float:
    """Mean over classes of the mean over cases, clusters counted once."""
    means = []
    for k in np.unique(label):
        mine = label == k
        _, place, size = np.unique(cluster[mine].astype(str), return_inverse=True, return_counts=True)
        weight = 1.0 / size[place]
        means.append(float((values[mine] * weight).sum() / weight.sum()))
    return float(np.mean(means))
