"""Published gravity estimates: Yotov, Piermartini, Monteiro and Larch (2016), "An Advanced Guide to Trade
Policy Analysis", chapter 1 (tables of the three applications and both exercises) and first stages of
chapter 2, on the book's panels.

Tables are those of the rendered book (pachadotdev/tradepolicy, four decimals) and of the authors' Stata logs
(seven digits, or three). Half a unit of the last printed decimal is the tolerance.
"""

import doctest
import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tropism.trade.gravity import border_by_year, estimate_gravity, lag_cost

#: Our names of the effects that stand behind the bar of the formulas in targets.json.
EFFECTS = {"ey": "exporter-year", "iy": "importer-year", "pair": "pair", "intra": "domestic"}
PAIRS = ["exporter-year", "importer-year", "pair"]
TABLES = [
    *("t1_ols", "t1_rem", "t1_fe", "t1_ppml"),
    *("t2_ols", "t2_ppml", "t2_intra", "t2_home", "t2_fe"),
    *("t3_ols", "t3_ppml", "t3_endg", "t3_lead", "t3_phsng", "t3_glob"),
]
YEARS = range(1986, 2007, 4)


@pytest.fixture(scope="module")
def targets(shared_data):
    return json.loads((shared_data / "gravity" / "targets.json").read_text())


@pytest.fixture(scope="module")
def agtpa(shared_data):
    return pd.read_parquet(shared_data / "gravity" / "agtpa.parquet")


@pytest.fixture(scope="module")
def panel(agtpa):
    """Every fourth year, with the variables that the README defines."""
    rows = agtpa[agtpa["year"].isin(YEARS)].reset_index(drop=True)
    # Output, expenditure and remoteness with domestic sales, before any row is left out.
    output = rows.groupby(["exporter", "year"])["trade"].transform("sum")
    expenditure = rows.groupby(["importer", "year"])["trade"].transform("sum")
    world = rows.groupby("year")["trade"].transform("sum")
    rows = rows.assign(
        ln_dist=np.log(rows["dist"]),
        ln_y=np.log(output),
        ln_e=np.log(expenditure),
        far_exp=rows["dist"] * world / expenditure,
        far_imp=rows["dist"] * world / output,
        smctry=(rows["exporter"] == rows["importer"]).astype(int),
    )
    for side, end in (("exp", "exporter"), ("imp", "importer")):
        rows[f"ln_rem_{side}"] = np.log(rows.groupby([end, "year"])[f"far_{side}"].transform("sum"))
    for year in YEARS:
        rows[f"ld{year}"] = rows["ln_dist"] * (rows["year"] == year)
        rows[f"ldi{year}"] = rows[f"ld{year}"] * (1 - rows["smctry"])
    rows["ln_dist_intra"] = rows["ln_dist"] * rows["smctry"]
    return rows.join(border_by_year(rows).rename(columns=lambda name: name.replace("border_", "ib")))


@pytest.fixture(scope="module")
def fit_of(panel, targets):
    """The fit of a table of targets.json, once for each backend."""

    @functools.cache
    def fit(name, backend="pyfixest"):
        table = targets["tables"][name]
        costs, _, effects = table["formula"].split("~")[1].partition("|")
        return estimate_gravity(
            panel if "incl. domestic" in table["sample"] else panel[panel["smctry"] == 0],
            costs.split("+"),
            value="trade",
            fixed_effects=[EFFECTS[effect] for effect in effects.split("+") if effect],
            estimator=table["estimator"],
            backend=backend,
        )

    return fit


def as_printed(values, decimals=4):
    """Compare to half a unit of the last decimal, and a little more where the figure ends in a five."""
    return pytest.approx(values, rel=0, abs=0.5001 * 10.0**-decimals)


def test_every_trusted_table_is_here(targets):
    assert sorted(TABLES) == sorted(name for name, table in targets["tables"].items() if table["trusted"])


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_chapter_1(fit_of, targets, name):
    """Tables 1 to 3 of chapter 1: coefficients, standard errors, and sums or changes printed below them."""
    printed = targets["tables"][name]["rendered"]
    fit = fit_of(name)
    assert fit.n == printed["N"]
    assert fit.estimates == as_printed(list(printed["coef"].values()))
    assert fit.std_errors == as_printed(list(printed["se"].values()))
    if "sum_coef_rta" in printed:
        total = fit.total([term for term in fit.terms if term.startswith("rta")]).iloc[0]
        assert total["estimate"] == as_printed(printed["sum_coef_rta"]["value"])
        assert total["std_error"] == as_printed(printed["sum_coef_rta"]["se"])
    if "pct_chg_log_dist" in printed:
        value, error = change_of_distance(fit)
        assert value == as_printed(printed["pct_chg_log_dist"]["value"])
        assert error == as_printed(printed["pct_chg_log_dist"]["se"])


def change_of_distance(fit):
    """Percent change of the effect of distance from 1986 to 2006, by the delta method."""
    first, last = (
        next(i for i, term in enumerate(fit.terms) if term.endswith(year)) for year in ("1986", "2006")
    )
    before, after = fit.estimates[[first, last]]
    slope = 100 * np.array([-after / before**2, 1 / before])
    variance = slope @ fit.covariance[np.ix_([first, last], [first, last])] @ slope
    return 100 * (after - before) / before, np.sqrt(variance)


@pytest.mark.parametrize("name", TABLES)
def test_fereg_gives_the_same(fit_of, name):
    """Both stop at a deviance that changes by 1e-12 of itself, with other tolerances inside each step."""
    ours, theirs = fit_of(name), fit_of(name, "fereg")
    assert theirs.estimates == pytest.approx(ours.estimates, rel=1e-7)
    assert theirs.std_errors == pytest.approx(ours.std_errors, rel=5e-6)
    scale = np.outer(ours.std_errors, ours.std_errors)
    assert theirs.covariance / scale == pytest.approx(ours.covariance / scale, abs=1e-5)
    assert theirs.n == ours.n and theirs.dropped == ours.dropped
    # The smallest expected flow is a millionth of a millionth of the largest.
    assert theirs.fitted == pytest.approx(ours.fitted, rel=1e-3, nan_ok=True)


def test_intra_is_the_optimum_and_not_the_printed_one(panel, fit_of, targets):
    """Table 3, intra: the book prints rta 0.5916, with a deviance of 6,027,869; the optimum's is less."""
    fit = fit_of("t3_intra", "fereg")
    optimum = targets["tables"]["t3_intra"]["pyfixest"]["coef"]
    assert fit.estimates == pytest.approx(list(optimum.values()), rel=1e-6)
    trade, expected = panel["trade"].to_numpy(), fit.fitted
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(trade > 0, trade * np.log(trade / expected), 0) - (trade - expected)
    assert 2 * terms.sum() == pytest.approx(5_544_181, abs=1)


@pytest.fixture(scope="module")
def north_america(panel):
    """CAN, MEX and USA among themselves, and the variables of the first stages of chapter 2."""
    both = [panel[end].isin(["CAN", "MEX", "USA"]) for end in ("exporter", "importer")]
    inside = both[0] & both[1] & (panel["smctry"] == 0)
    can_usa = inside & ~(panel["exporter"].eq("MEX") | panel["importer"].eq("MEX"))
    nafta = inside & (panel["year"] >= 1994)
    return panel.assign(
        intl_brdr=1 - panel["smctry"],
        intl_brdr_can_usa=can_usa.astype(int),
        nafta=nafta.astype(int),
        rta_other=panel["rta"].where(~nafta, 0),
    )


def compare_with_log(fit, log, *, decimals=None):
    """Stata prints seven digits."""
    for term, expected in log["coef"].items():
        i = fit.terms.index(term)
        for ours, printed in ((fit.estimates[i], expected), (fit.std_errors[i], log["se_"][term])):
            places = 7 if decimals is None else decimals
            assert ours == as_printed(printed, places), term


@pytest.mark.parametrize("name", ["app1_stage1", "ex1_stage1_AB"])
def test_first_stage_without_borders(north_america, targets, name):
    """Chapter 2, application 1 and exercise 1: 2006, exporter and importer effects, robust errors."""
    log = targets["stata_logs"][name]
    rows = north_america[north_america["year"] == 2006]
    if "intl_brdr_can_usa" in log["coef"]:
        # The log's coefficient is the border's whole effect between the two, not what it adds.
        rows = rows.assign(intl_brdr=rows["intl_brdr"] - rows["intl_brdr_can_usa"])
    fit = estimate_gravity(
        rows, list(log["coef"]), value="trade", fixed_effects=["exporter", "importer"], cluster=None
    )
    assert fit.n == log["N"]
    # intl_brdr is printed with six digits; ours lie within one unit of the last.
    compare_with_log(fit, log, decimals=6)


@pytest.mark.parametrize("name", ["app2_stage1", "ex2_stage1"])
def test_first_stage_of_agreements(north_america, targets, name):
    """Chapter 2, application 2 and exercise 2: agreements, and NAFTA apart, with pair effects."""
    log = targets["stata_logs"][name]
    fit = estimate_gravity(north_america, list(log["coef"]), value="trade", fixed_effects=PAIRS, cluster=None)
    assert fit.n == log["N"]
    assert fit.dropped == {"separated by fixed effects": 84}
    compare_with_log(fit, log)


def test_second_stage_of_agreements(panel, targets):
    """Chapter 2, application 2: costs of trade from the pair effects of the first stage, 1994.

    Of the first stage's fitted trade f, net of agreements, the pair effect relative to domestic sales is
    sqrt(f_ij f_ji / (f_ii f_jj)): effects of exporters and importers fall out of it.
    """
    log = targets["stata_logs"]["app2_stage2"]
    first = estimate_gravity(panel, ["rta"], value="trade", fixed_effects=PAIRS, cluster=None)
    rows = panel.assign(net=first.fitted / np.exp(first.estimates[0] * panel["rta"]))
    rows = rows[rows["year"] == 1994]
    net = rows.pivot(index="exporter", columns="importer", values="net")
    effect = np.sqrt(net * net.T / np.outer(np.diag(net), np.diag(net)))
    rows = rows.merge(effect.stack().rename("effect").reset_index(), on=["exporter", "importer"])
    rows = rows[(rows["smctry"] == 0) & (rows["effect"] > 0)]
    fit = estimate_gravity(rows, list(log["coef"]), value="effect", fixed_effects=["exporter", "importer"])
    assert fit.n == log["N"]
    # The seventh digit hangs on where the first stage stops: ours are one unit off at most.
    compare_with_log(fit, log, decimals=6)


def test_exercise_on_the_wto(shared_data, targets):
    """Chapter 1, exercise 1: rta and wto, errors clustered by the program's pair_id, which is group(DIST).

    4,115 distances for 2,145 pairs: those of the two directions often differ in the last digits, and some
    pairs share one. ppml_panel_sg stops early: its coefficients are off by up to 6e-6, its errors by 7e-7.
    """
    log = targets["stata_logs"]["wto_ex1"]
    flows = pd.read_parquet(shared_data / "gravity" / "agtpa_wto.parquet")
    fit = estimate_gravity(flows, ["rta", "wto"], value="trade", fixed_effects=PAIRS, cluster="dist")
    assert fit.n == log["N"] and fit.clusters == (4115,)
    assert fit.estimates == pytest.approx(list(log["coef"].values()), abs=6e-6)
    assert fit.std_errors == pytest.approx(list(log["se_"].values()), abs=7e-7)


@pytest.mark.parametrize("column", ["(1) RTAs", "(2) TRFFS"])
def test_exercise_on_tariffs(shared_data, targets, column):
    """Chapter 1, exercise 2: effects and clusters of directed pairs; printed with three decimals."""
    log = targets["stata_logs"]["mfn_ex2"]
    flows = pd.read_parquet(shared_data / "gravity" / "agtpa_mfn.parquet")
    domestic = flows["exporter"] == flows["importer"]
    flows["ln_mfn"] = np.log1p(flows["mfn_tariff"].where(~domestic, 0))
    fit = estimate_gravity(
        flows,
        list(log["columns"][column]),
        value="trade",
        fixed_effects=["exporter-year", "importer-year", "directed-pair"],
        cluster="directed-pair",
    )
    assert fit.n == log["N"]
    compare_with_log(fit, {"coef": log["columns"][column], "se_": log["se_"][column]}, decimals=3)


@pytest.mark.parametrize(("years", "column", "others"), [(4, "rta_lag4", 32), (-4, "rta_lead4", 228)])
def test_lags_and_leads_are_those_of_the_panel(agtpa, years, column, others):
    """The panel's lag differs from its own rta in 32 directed pairs in all years (older agreements that rta
    leaves out), its lead in 228 (the Global System of Trade Preferences of 1989): all others agree."""
    ours = lag_cost(agtpa, "rta", years)
    assert ours.name == column
    assert ours.notna().mean() == pytest.approx(17 / 21)
    differ = agtpa[ours.notna() & (ours != agtpa[column])]
    assert len(differ[["exporter", "importer"]].drop_duplicates()) == others


def test_the_tutorial_on_kazan_runs(shared_data, monkeypatch):
    """docs/kazan.md, run where the page's reader would have put the file."""
    page = Path(__file__).parents[2] / "docs" / "kazan.md"
    monkeypatch.chdir(shared_data / "gravity")
    failed, tried = doctest.testfile(
        str(page), module_relative=False, encoding="utf-8", optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert tried > 10 and not failed
