"""Gravity estimation on made-up panels: recovery, what is left out, what is refused, what changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tropism.cli import run
from tropism.errors import ConvergenceError, IdentificationError, MissingExtraError, SchemaError
from tropism.trade.gravity import border_by_year, estimate_gravity, lag_cost, regression

PAIRS = ("exporter-year", "importer-year", "pair")
TRUTH = {"ln_dist": -0.9, "rta": 0.4}


def made_up(countries=20, years=(2000, 2004, 2008), seed=0, noise=0.5):
    """A panel with domestic sales and zeros, drawn from the model with multiplicative noise of mean one."""
    rng = np.random.default_rng(seed)
    names = np.array([f"C{i:02}" for i in range(countries)])
    i, j, t = (
        a.ravel() for a in np.meshgrid(*map(np.arange, (countries, countries, len(years))), indexing="ij")
    )
    size = rng.normal(0, 0.3, (2, countries, len(years)))
    place = rng.uniform(0, 10, (countries, 2))
    ln_dist = np.log(2 + np.hypot(*(place[i] - place[j]).T))
    joins = rng.integers(0, 2 * len(years), (countries, countries))
    joins = np.minimum(joins, joins.T)
    rta = ((joins[i, j] <= t) & (i != j)).astype(int)
    expected = np.exp(8 + size[0, i, t] + size[1, j, t] + TRUTH["ln_dist"] * ln_dist + TRUTH["rta"] * rta)
    shape = 1 / noise**2
    trade = expected * rng.gamma(shape, 1 / shape, i.size)
    # Zeros take away what the other flows between countries gain: the model of means stays as it is.
    trade[i != j] *= (rng.random(np.count_nonzero(i != j)) < 0.9) / 0.9
    return pd.DataFrame(
        {
            "exporter": names[i],
            "importer": names[j],
            "year": np.array(years)[t],
            "trade": trade,
            "ln_dist": ln_dist,
            "rta": rta,
        }
    )


@pytest.fixture(scope="module")
def panel():
    return made_up()


def fit(flows, costs=("ln_dist", "rta"), **options):
    return estimate_gravity(flows, costs, value="trade", **options)


# ------------------------------------------------------------------ recovery and equivalence


def test_recovers_what_the_panel_was_drawn_from(panel):
    found = fit(panel)
    assert np.all(np.abs(found.estimates - list(TRUTH.values())) < 3 * found.std_errors)
    assert np.all(found.std_errors < 0.05)


def test_intervals_cover_the_truth():
    """Of 60 panels, 90% intervals of two costs: 108 of 120 on average; 96 is 3.6 standard errors below."""
    inside = 0
    for seed in range(60):
        table = fit(made_up(12, (2000, 2004), seed=seed), backend="fereg").tidy(0.9)
        inside += sum((table["lower"] < list(TRUTH.values())) & (table["upper"] > list(TRUTH.values())))
    assert 96 <= inside <= 119


def dense_poisson(flows, costs, effects):
    """The same model by dummies and Newton's method: estimates, and sandwich errors clustered by pair."""
    dummies = [pd.get_dummies(flows[list(effect)].astype(str).agg("-".join, axis=1)) for effect in effects]
    x = np.column_stack([flows[list(costs)], *(part.to_numpy(float) for part in dummies)]).astype(float)
    y = flows["trade"].to_numpy()
    beta, *_ = np.linalg.lstsq(x, np.log(y + y.mean()), rcond=None)
    for _ in range(50):
        mu = np.exp(x @ beta)
        step = np.linalg.pinv(x.T @ (mu[:, None] * x), rcond=1e-11, hermitian=True) @ (x.T @ (y - mu))
        beta = beta + step
    bread = np.linalg.pinv(x.T @ (mu[:, None] * x), rcond=1e-11, hermitian=True)
    pair = flows[["exporter", "importer"]].min(axis=1) + flows[["exporter", "importer"]].max(axis=1)
    scores = pd.DataFrame(x * (y - mu)[:, None]).groupby(pair.to_numpy()).sum().to_numpy()
    groups = len(scores)
    covariance = bread @ scores.T @ scores @ bread * groups / (groups - 1)
    k = len(costs)
    return beta[:k], np.sqrt(np.diag(covariance)[:k]), mu


@pytest.mark.parametrize("backend", ["pyfixest", "fereg"])
def test_equals_dummies_and_newton(backend):
    flows = made_up(8, (2000, 2004))
    found = fit(flows, backend=backend)
    beta, errors, expected = dense_poisson(
        flows, ["ln_dist", "rta"], [("exporter", "year"), ("importer", "year")]
    )
    assert found.estimates == pytest.approx(beta, abs=1e-8)
    assert found.std_errors == pytest.approx(errors, rel=1e-5)
    assert found.fitted == pytest.approx(expected, rel=1e-5)


def test_errors_without_clusters_are_those_of_clusters_of_one_row(panel):
    each = fit(panel.assign(row=range(len(panel))), cluster="row")
    assert fit(panel, cluster=None).covariance == pytest.approx(each.covariance, rel=1e-9)


def test_ols_is_least_squares_of_logs(panel):
    rows = panel[panel["trade"] > 0]
    x = np.column_stack([np.ones(len(rows)), rows[["ln_dist", "rta"]]])
    expected, *_ = np.linalg.lstsq(x, np.log(rows["trade"].to_numpy()), rcond=None)
    found = fit(panel, estimator="ols", fixed_effects=())
    assert found.terms == ("Intercept", "ln_dist", "rta")
    assert found.estimates == pytest.approx(expected)
    assert found.dropped == {"zero flow": int((panel["trade"] == 0).sum())}
    assert found.formula == "log(trade) ~ ln_dist + rta"
    assert np.isnan(found.fitted).sum() == found.dropped["zero flow"]
    assert found.fitted[panel["trade"] > 0] == pytest.approx(x @ expected)


def test_poisson_reproduces_totals(panel):
    """Fally (2015): expected trade adds up to trade by exporter-year, importer-year and pair."""
    found = fit(panel, ["rta"], fixed_effects=PAIRS)
    rows = panel.assign(fitted=found.fitted)
    for key in (["exporter", "year"], ["importer", "year"]):
        sums = rows.groupby(key)[["trade", "fitted"]].sum()
        assert sums["fitted"].to_numpy() == pytest.approx(sums["trade"].to_numpy(), rel=1e-5)


# ------------------------------------------------------------------ invariance


def test_order_labels_and_units_change_nothing(panel):
    base = fit(panel, ["rta"], fixed_effects=PAIRS)
    order = np.random.default_rng(1).permutation(len(panel))
    new = {name: f"state {99 - i}" for i, name in enumerate(sorted(set(panel["exporter"])))}
    other = panel.iloc[order].assign(
        exporter=lambda rows: rows["exporter"].map(new),
        importer=lambda rows: rows["importer"].map(new),
        trade=lambda rows: rows["trade"] * 1e6,
    )
    again = fit(other, ["rta"], fixed_effects=PAIRS)
    assert again.estimates == pytest.approx(base.estimates, abs=1e-8)
    assert again.covariance == pytest.approx(base.covariance, rel=1e-6)
    assert again.fitted == pytest.approx(base.fitted[order] * 1e6, rel=1e-4)


def test_hash_seed_changes_nothing():
    """pyfixest's default degrees of freedom follow the seed when pair effects nest in clusters."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_gravity import PAIRS, fit, made_up\n"
        "found = fit(made_up(10), ['rta'], fixed_effects=PAIRS)\n"
        "print(found.estimates.tolist(), found.covariance.tolist(), found.settings['data_sha256'])"
    )
    paths = [str(Path(__file__).parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    told = {
        subprocess.run(
            [sys.executable, "-c", program, *paths],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "7")
    }
    assert len(told) == 1 and told.pop().strip()


# ------------------------------------------------------------------ rows left out


def with_lost_rows(panel):
    """A country that never exports, a country with one row, a dummy on zeros beside others."""
    silent = pd.DataFrame({"exporter": "NIL", "importer": ["C00", "C01", "C02"], "year": 2000, "trade": 0.0})
    once = pd.DataFrame({"exporter": ["ONE"], "importer": "C03", "year": 2004, "trade": 5.0})
    return pd.concat([silent, panel, once], ignore_index=True).fillna({"ln_dist": 1.0, "rta": 0})


@pytest.mark.parametrize("backend", ["pyfixest", "fereg"])
def test_rows_left_out_have_a_reason_and_a_place(panel, backend):
    flows = with_lost_rows(panel)
    found = fit(flows, backend=backend, unbalanced=True)
    assert found.dropped == {"singleton": 1, "separated by fixed effects": 3}
    assert np.flatnonzero(found.reason).tolist() == [0, 1, 2, len(flows) - 1]
    assert found.n == len(panel)
    assert found.fitted[:3].tolist() == [0, 0, 0] and np.isnan(found.fitted[-1])
    assert found.estimates == pytest.approx(fit(panel, backend=backend).estimates, rel=1e-9)
    assert "countries and years sell nothing to the other countries; first NIL in 2000" in found.notes[2]
    assert "3 of 1,204 rows belong to an effect without any trade" in found.notes[4]


def test_leaving_out_is_repeated_until_nothing_goes():
    """Without the zeros of B, A's only trade with C becomes a singleton of the exporter A."""
    flow = np.array([0.0, 0.0, 3.0, 1.0, 1.0, 1.0, 1.0])
    exporter = np.array([0, 1, 0, 2, 2, 3, 3])
    importer = np.array([0, 0, 1, 1, 2, 1, 2])
    reason = regression.reasons(flow, np.stack([exporter, importer], axis=1), poisson=True)
    assert [regression.REASONS[code] for code in reason] == [
        "separated by fixed effects",
        "separated by fixed effects",
        "singleton",
        *[""] * 4,
    ]


def sanctioned(panel, *, all_zero):
    marked = panel["exporter"].isin(["C00", "C01"]) & panel["importer"].isin(["C17", "C18", "C19"])
    marked &= panel["year"] > 2000
    flows = panel.assign(sanction=marked.astype(int))
    flows.loc[marked, "trade"] = 0.0
    if not all_zero:
        flows.loc[np.flatnonzero(marked)[:2], "trade"] = 5.0
    return flows


def test_a_dummy_that_marks_only_zeros_is_refused(panel):
    """pyfixest by itself returns about -12 for it, with a small error."""
    with pytest.raises(IdentificationError, match=r"sanction differs .* only where nothing is traded"):
        fit(sanctioned(panel, all_zero=True), ["rta", "sanction"], fixed_effects=PAIRS)
    found = fit(sanctioned(panel, all_zero=False), ["rta", "sanction"], fixed_effects=PAIRS)
    assert found.terms == ("rta", "sanction") and found.dropped == {}


@pytest.mark.parametrize("backend", ["pyfixest", "fereg"])
def test_separation_that_only_the_regression_shows(panel, backend):
    """A cost that varies among flows above zero, and yet not once exporter-year effects are taken out."""
    flows = sanctioned(with_lost_rows(panel), all_zero=True)
    shift = (flows["exporter"] == "C05") & (flows["year"] == 2004)
    flows["cost"] = flows["sanction"] + 2 * shift
    with pytest.raises(IdentificationError, match="cost cannot be told once the 12 rows are left out"):
        fit(flows, ["rta", "cost"], backend=backend, unbalanced=True)


def test_zeros_that_effects_predict_together_are_left_out(panel):
    """Two blocs that never trade, and one direction between them not in the table.

    No effect is zero by itself, but raising one bloc's against the other's sends what is observed between
    them to minus infinity. pyfixest's demeaner does not settle on that, and says so.
    """
    east = panel[["exporter", "importer"]].apply(lambda end: end.str[1:].astype(int) < 8)
    between = east["exporter"] & ~east["importer"]
    flows = panel.assign(trade=panel["trade"].mask(between, 0.0))[east["exporter"] | ~east["importer"]]
    flows = with_lost_rows(flows)
    found = fit(flows, backend="fereg", unbalanced=True)
    assert found.dropped["separated by regressors"] == between.sum() == 8 * 12 * 3
    gone = found.reason == regression.BY_REGRESSORS
    assert (flows["trade"][gone] == 0).all() and (found.fitted[gone] == 0).all()
    rest = fit(flows[~gone], backend="fereg", unbalanced=True)
    assert found.estimates == pytest.approx(rest.estimates, rel=1e-8)
    with pytest.raises(IdentificationError, match="pyfixest stopped without an estimate"):
        fit(flows, unbalanced=True)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("change", "costs", "options", "message"),
    [
        ({}, ["ln_dist"], {"fixed_effects": PAIRS}, "ln_dist is absorbed .* never varies within one pair"),
        (
            {"gdp": lambda rows: rows["exporter"].str[1:].astype(int) + rows["year"]},
            ["rta", "gdp"],
            {},
            "gdp is",
        ),
        (
            {
                "both": lambda rows: (
                    rows["exporter"].str[1:].astype(int) + 3 * rows["importer"].str[1:].astype(int)
                )
            },
            ["both"],
            {},
            "exporter-year and importer-year together",
        ),
        ({"one": 3.25}, ["rta", "one"], {}, "one is constant"),
        (
            {"again": lambda rows: 2 * rows["ln_dist"] - rows["rta"]},
            ["ln_dist", "rta", "again"],
            {},
            "again is a combination of ln_dist, rta",
        ),
        (
            {"again": lambda rows: 2 * rows["ln_dist"] + rows["year"]},
            ["ln_dist", "again"],
            {},
            "again is a combination of ln_dist",
        ),
        ({"two": lambda rows: rows["year"] > 2004}, ["ln_dist"], {"cluster": "two"}, None),
        ({"one": 1}, ["ln_dist"], {"cluster": "one"}, "1 clusters by one for 1 costs"),
    ],
)
def test_costs_that_cannot_be_told_are_named(panel, monkeypatch, change, costs, options, message):
    if message is None:
        assert fit(panel.assign(**change), costs, **options).clusters == (2,)
        return
    # Nothing is estimated before the refusal.
    monkeypatch.setattr(regression, "regress", None)
    with pytest.raises(IdentificationError, match=message):
        fit(panel.assign(**change), costs, **options)


def test_a_border_without_domestic_sales_says_what_is_lacking(panel):
    abroad = panel[panel["exporter"] != panel["importer"]]
    with pytest.raises(IdentificationError, match=r"border is constant.*hold no domestic sales"):
        fit(abroad.assign(border=1), ["ln_dist", "border"])
    with pytest.raises(IdentificationError, match="2000 has no domestic sales"):
        border_by_year(abroad)
    with pytest.raises(IdentificationError, match="effects of domestic sales need rows"):
        fit(abroad, fixed_effects=("exporter-year", "importer-year", "domestic"))
    assert "Trade between countries alone" in fit(abroad).notes[-1]


def test_barely_identified_costs_are_kept(panel):
    """One agreement of one pair is little, and identified."""
    one = panel["exporter"].eq("C01") & panel["importer"].eq("C02") & panel["year"].eq(2008)
    found = fit(panel.assign(single=one.astype(int)), ["rta", "single"], fixed_effects=PAIRS)
    assert np.isfinite(found.std_errors).all()


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (lambda rows: rows.assign(trade=-rows["trade"]), {}, "have a negative trade"),
        (
            lambda rows: rows.assign(trade=rows["trade"].mask(rows["year"] == 2004)),
            {},
            "have no number as trade",
        ),
        (lambda rows: pd.concat([rows, rows.head(2)]), {}, "share their exporter, importer and year"),
        (lambda rows: rows.drop(columns="year"), {}, "lacks the column year"),
        (lambda rows: rows.drop(columns="rta"), {}, "no column rta in the flows"),
        (lambda rows: rows.assign(rta=rows["rta"].mask(rows["year"] == 2004)), {}, "no finite number as rta"),
        (lambda rows: rows.assign(ln_dist=-np.inf), {}, "no finite number as ln_dist"),
        (lambda rows: rows, {"fixed_effects": ["exporter_year"]}, "exporter_year is no effect by name"),
        (lambda rows: rows, {"cluster": ["pair", "year", "importer"]}, "at most two ways"),
        (lambda rows: rows, {"estimator": "gamma"}, "'gamma' is no estimator"),
        (lambda rows: rows, {"backend": "stata"}, "'stata' is no backend"),
        (lambda rows: rows, {"fixed_effects": ["pair", "pair"]}, "name pair twice"),
        (lambda rows: rows.assign(bloc=None), {"fixed_effects": ["bloc"]}, "have no bloc"),
    ],
)
def test_tables_and_choices_that_do_not_fit(panel, spoil, options, message):
    with pytest.raises(SchemaError, match=message):
        fit(spoil(panel), **options)


def test_no_costs_and_no_rows_left(panel):
    with pytest.raises(SchemaError, match="no costs"):
        fit(panel, [])
    with pytest.raises(IdentificationError, match="0 of 400 rows are left"):
        fit(panel[panel["year"] == 2000], ["rta"], fixed_effects=("directed-pair",))


def test_a_missing_backend_says_how_to_get_it(panel, monkeypatch):
    trade = r"pip install 'tropism\[trade\]'"
    # Whoever estimates, pyfixest looks for absorbed costs.
    for absent, backend, remedy in (
        ("pyfixest", "pyfixest", trade),
        ("pyfixest", "fereg", trade),
        ("fereg", "fereg", "pip install fereg"),
    ):
        with monkeypatch.context() as patched, pytest.raises(MissingExtraError, match=remedy):
            patched.setitem(sys.modules, absent, None)
            fit(panel, backend=backend)


@pytest.mark.parametrize("backend", ["pyfixest", "fereg"])
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e12])
def test_flows_without_noise_settle(panel, backend, unit):
    """The deviance of a perfect fit is rounding error, whose changes are no small share of it."""
    exact = panel.assign(trade=unit * np.exp(4 - 0.9 * panel["ln_dist"] + 0.4 * panel["rta"]))
    assert fit(exact, backend=backend).estimates == pytest.approx([-0.9, 0.4], abs=1e-6)


def test_an_estimate_that_does_not_settle_is_refused(panel, monkeypatch):
    monkeypatch.setattr(regression, "MAX_STEPS", 2)
    with pytest.raises(ConvergenceError, match="had not settled after 2 steps"):
        fit(panel)


# ------------------------------------------------------------------ input and output


def test_costs_from_a_table_of_their_own(panel):
    flows = panel[["exporter", "importer", "year", "trade"]]
    found = fit(flows, panel.drop(columns="trade"))
    assert found.terms == ("ln_dist", "rta")
    assert found.estimates == pytest.approx(fit(panel).estimates)
    by_pair = panel[panel["year"] == 2000][["exporter", "importer", "ln_dist"]]
    assert fit(flows, by_pair).estimates == pytest.approx(fit(panel, "ln_dist").estimates)
    with pytest.raises(SchemaError, match="lacks the column exporter"):
        fit(flows.drop(columns="exporter"), by_pair)
    with pytest.raises(SchemaError, match="3 rows of the flows have none; first C00 to C00"):
        fit(flows, by_pair.iloc[1:])
    with pytest.raises(SchemaError, match="rows repeat exporter, importer"):
        fit(flows, pd.concat([by_pair, by_pair.head(1)]))
    with pytest.raises(SchemaError, match="ln_dist is a column of the flows too"):
        fit(panel, by_pair)


def test_lags_borders_and_totals():
    flows = made_up(15, (2000, 2001, 2002, 2003))
    flows["rta_lag1"] = lag_cost(flows, "rta", 1)
    assert flows.loc[flows["year"] == 2000, "rta_lag1"].isna().all()
    first = flows[(flows["exporter"] == "C03") & (flows["importer"] == "C07")].set_index("year")
    assert first["rta_lag1"].dropna().tolist() == first["rta"].tolist()[:-1]
    rows = flows.dropna(subset="rta_lag1")
    borders = border_by_year(rows, base=2001)
    assert list(borders) == ["border_2002", "border_2003"]
    found = fit(rows.join(borders), ["rta", "rta_lag1", *borders], fixed_effects=PAIRS)
    total = found.total(["rta", "rta_lag1"]).iloc[0]
    assert total["term"] == "rta + rta_lag1"
    assert total["estimate"] == pytest.approx(found.estimates[:2].sum())
    assert total["std_error"] ** 2 == pytest.approx(found.covariance[:2, :2].sum())
    with pytest.raises(IdentificationError, match="rta_lag4 is no term"):
        found.total(["rta", "rta_lag4"])


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("exporter == 'C00' and importer == 'C03' and year == 2004", "first C00 to C03 in 2004"),
        ("exporter == importer == 'C09' and year > 2000", "first C09 to C09 in 2004"),
        ("exporter == importer == 'C09'", "1 of 20 countries have no domestic sales; first C09"),
    ],
)
def test_unbalanced_panels_are_refused_unless_they_are_asked_for(panel, monkeypatch, lost, message):
    flows = panel.query(f"not ({lost})")
    found = fit(flows, unbalanced=True)
    assert len(found.notes) == 1 and message in found.notes[0]
    assert found.n == len(flows)
    # Nothing is estimated before the refusal.
    monkeypatch.setattr(regression, "regress", None)
    with pytest.raises(SchemaError, match=f"not balanced.*{message}.*unbalanced=True"):
        fit(flows)


@pytest.mark.parametrize(
    ("side", "verb"), [("exporter", "sell nothing to"), ("importer", "buy nothing from")]
)
@pytest.mark.parametrize("written", [True, False], ids=["as zeros", "as no rows"])
def test_a_country_without_exports_or_imports_is_refused(panel, monkeypatch, side, verb, written):
    silent = (panel[side] == "C03") & (panel["exporter"] != panel["importer"])
    flows = panel.assign(trade=panel["trade"].where(~silent, 0.0)) if written else panel[~silent]
    years = panel["year"].nunique()
    said = f"{years} of {20 * years} countries and years {verb} the other countries; first C03 in 2000"
    assert said in " ".join(fit(flows, unbalanced=True).notes)
    monkeypatch.setattr(regression, "regress", None)
    with pytest.raises(SchemaError, match=said):
        fit(flows)


def test_the_command_takes_an_unbalanced_panel_if_told(panel, tmp_path, capsys):
    file = tmp_path / "flows.csv"
    panel.drop(index=[2]).to_csv(file, index=False)
    words = ["trade", "gravity", str(file), "--costs", "ln_dist,rta", "--value", "trade"]
    assert run(words) != 0
    assert "the panel is not balanced" in capsys.readouterr().err
    assert run([*words, "--unbalanced"]) == 0
    # Lines are wrapped to the width of the terminal.
    assert "1 of 1,200 rows are lacking" in " ".join(capsys.readouterr().out.split())


def test_balanced_panels_have_nothing_to_note(panel):
    assert fit(panel).notes == ()
    abroad = panel[panel["exporter"] != panel["importer"]]
    assert fit(abroad).notes == (
        "Trade between countries alone: effects are relative to other partners abroad.",
    )


def test_draws_follow_the_covariance(panel):
    found = fit(panel)
    drawn = found.draws(20_000, seed=3)
    assert (drawn == found.draws(20_000, seed=3)).all() and (drawn != found.draws(20_000, seed=4)).all()
    assert drawn.mean(axis=0) == pytest.approx(found.estimates, abs=4 * found.std_errors.max() / 141)
    # The standard error of a variance from 20,000 draws is 1% of it.
    scale = np.outer(found.std_errors, found.std_errors)
    assert np.cov(drawn.T) / scale == pytest.approx(found.covariance / scale, abs=0.04)


def test_tables_chart_json_and_citations(panel):
    flows = panel.copy()
    flows.attrs["provenance"] = {
        "source": "made up",
        "licence": "CC0",
        "as_of": "2024-01-01",
        "citation": "Nobody (2024), Made-up flows",
    }
    found = fit(flows, fixed_effects=("exporter-year", "importer-year", "domestic"))
    table = found.tidy(0.95)
    assert list(table) == ["term", "estimate", "std_error", "lower", "upper", "level"]
    assert (table["upper"] - table["estimate"]).to_numpy() == pytest.approx(1.959964 * found.std_errors)
    lines = found.summary().set_index("term")["value"]
    assert lines["rta"] == f"{found.estimates[1]:.4f}" and lines["Observations"] == f"{found.n:,}"
    assert lines["Effects: domestic"] == "yes" and lines["Clusters: pair"] == "210"
    chart = found.plot().to_dict()
    shown = chart["datasets"][chart["layer"][1]["data"]["name"]]
    assert [row["term"] for row in shown] == ["ln_dist", "rta"]
    told = json.loads(found.to_json())
    assert told["formula"] == "trade ~ ln_dist + rta | exporter-year + importer-year + domestic"
    assert told["estimates"] == found.estimates.tolist() and len(told["settings"]["data_sha256"]) == 64
    assert "Nobody (2024)" in found.cite() and "Santos Silva" in found.cite() and "pyfixest" in found.cite()
    with pytest.raises(SchemaError, match="level must lie between 0 and 1"):
        found.tidy(95)
