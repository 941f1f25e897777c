"""One-draw posteriors at published maximum-likelihood estimates reproduce independently computed numbers.

The numbers in ``oracles/anchors.csv`` come from lme4, geepack and quadrature in R; see ``oracles/README.md``.
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue

ORACLES = Path(__file__).parents[1] / "oracles"
MONTHS = np.array([0, 1, 2, 3, 6, 9, 12])
Z75 = 0.6744897501960817


@cache
def anchors(dataset):
    """Published values of one data set: (quantity, name) -> value."""
    with (ORACLES / "anchors.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {
            (r["quantity"], r["name"]): float(r["value"]) for r in rows if r["dataset"].startswith(dataset)
        }


def one_draw(model, beta, **sd):
    draws = {"beta": np.reshape(beta, (1, 1, -1))}
    return gb.Fit.from_draws(
        model, draws | {name: np.reshape(value, (1, 1, 1)) for name, value in sd.items()}
    )


@cache
def toenail():
    data = gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])
    model = gb.Model("y ~ 0 + treatment + treatment:month + (1 | patientID)", data, family="bernoulli")
    values = anchors("toenail")
    beta = [values["SS coef (glmer MLE)", name] for name in ("A", "B", "At", "Bt")]
    return one_draw(model, beta, sd_patientID=np.sqrt(values["RE variance", "(Intercept)"]))


@cache
def bacteria():
    data = gb.load_dataset("bacteria")
    model = gb.Model("y01 ~ trt + I(week > 2) + (1 | ID)", data, family="bernoulli")
    values = anchors("bacteria")
    beta = [values["SS coef (glmer MLE)", name] for name in ("(Intercept)", "trtdrug", "trtdrug+", "late")]
    return one_draw(model, beta, sd_ID=np.sqrt(values["RE variance", "(Intercept)"]))


@cache
def epil():
    formula = "y ~ log(base/4)*trt + log(age) + V4 + (1 | subject)"
    model = gb.Model(formula, gb.load_dataset("epil"), family="poisson")
    values = anchors("epil")
    names = ("(Intercept)", "lb", "trtprogabide", "la", "V4", "lb:trtprogabide")
    order = (0, 1, 2, 3, 4, 5)
    beta = [values["SS coef (glmer MLE)", names[index]] for index in order]
    return one_draw(model, beta, sd_subject=np.sqrt(values["RE variance", "subject"]))


@cache
def cbpp():
    model = gb.Model(
        "incidence | trials(size) ~ 0 + period + (1 | herd) + (1 | obs)",
        gb.load_dataset("cbpp"),
        family="binomial",
    )
    values = anchors("cbpp")
    typical = np.array([values["typical-herd prob (b=0)", f"period {period}"] for period in range(1, 5)])
    total = values["total RE variance", ""]
    # Only the sum of the two variances enters; how it is split must not matter.
    return one_draw(
        model, np.log(typical / (1 - typical)), sd_herd=np.sqrt(0.4 * total), sd_obs=np.sqrt(0.6 * total)
    )


@pytest.mark.parametrize(
    ("projection", "quantity"),
    [
        ("quasi-likelihood", "PA coef quasi-likelihood projection"),
        ("hedeker", "PA coef OLS-on-link (Hedeker 2018)"),
    ],
)
@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ("toenail", ("A", "B", "At", "Bt")),
        ("bacteria", ("(Intercept)", "trtdrug", "trtdrug+", "late")),
    ],
)
def test_population_averaged_coefficients_equal_the_published_projections(
    dataset, names, projection, quantity
):
    table = gb.coefficients(
        {"toenail": toenail, "bacteria": bacteria}[dataset](), projection=projection
    ).side_by_side()
    expected = [anchors(dataset)[quantity, name] for name in names]
    np.testing.assert_allclose(table["population_mean"], expected, atol=1e-6)


def test_population_averaged_coefficients_are_not_the_zeger_liang_albert_approximation():
    exact = gb.coefficients(toenail(), teaching=True).side_by_side()
    assert "zla_mean" not in gb.coefficients(toenail())
    approximate = exact["zla_mean"]
    expected = [anchors("toenail")["PA coef ZLA approx", name] for name in ("A", "B", "At", "Bt")]
    np.testing.assert_allclose(approximate, expected, atol=1e-6)
    assert np.abs(exact["population_mean"] - approximate).max() > 0.01


def test_lack_of_fit_of_the_projection_equals_the_published_value():
    # statistics: .00728584 for quasi-likelihood, .01249386 for Hedeker's (arm B, month 0).
    assert gb.coefficients(toenail()).side_by_side().attrs["lack_of_fit"] == pytest.approx(
        0.00728584, abs=5e-9
    )
    assert gb.coefficients(toenail(), projection="hedeker").side_by_side().attrs[
        "lack_of_fit"
    ] == pytest.approx(0.01249386, abs=5e-9)


@pytest.mark.parametrize(("arm", "treatment"), [("A", "itraconazole"), ("B", "terbinafine")])
def test_population_probabilities_of_toenail_equal_the_published_ones(arm, treatment):
    rows = {"treatment": [treatment] * 7, "month": MONTHS.astype(float)}
    found = gb.predictions(toenail(), rows).summary()["mean"]
    expected = [anchors("toenail")["PA probability", f"{arm} t={month}"] for month in MONTHS]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("period", ["1", "2", "3", "4"])
def test_population_and_typical_probabilities_of_cbpp_equal_the_published_ones(period):
    rows = {"period": [period]}
    values = anchors("cbpp")
    population = gb.predictions(cbpp(), rows).summary()["mean"][0]
    typical = gb.predictions(cbpp(), rows, estimand="typical").summary()["mean"][0]
    assert population == pytest.approx(values["exact PA prob", f"period {period}"], abs=1e-6)
    assert typical == pytest.approx(values["typical-herd prob (b=0)", f"period {period}"], abs=1e-9)
    assert abs(population - values["emmeans bias.adjust (2nd-order)", f"period {period}"]) > 1e-4


@pytest.mark.parametrize("dataset", ["toenail", "bacteria"])
def test_mean_of_population_predictions_over_the_data_equals_the_published_one(dataset):
    fit = {"toenail": toenail, "bacteria": bacteria}[dataset]()
    found = gb.predictions(fit, by=True).summary()["mean"][0]
    assert found == pytest.approx(anchors(dataset)["mean of PA predictions over data", ""], abs=1e-6)


def test_population_intercept_of_epil_is_the_subject_specific_one_plus_half_the_variance():
    table = gb.coefficients(epil()).side_by_side().set_index("coef")
    published = anchors("epil")["PA intercept = SS + v/2 (exact)", "(Intercept)"]
    assert table.loc["Intercept", "population_mean"] == pytest.approx(published, abs=1e-6)
    slopes = table.drop(index="Intercept")
    np.testing.assert_allclose(slopes["population_mean"], slopes["subject_mean"], atol=1e-10)


@pytest.mark.parametrize("dataset", ["toenail", "bacteria"])
def test_median_odds_ratio_and_latent_icc_equal_the_published_ones(dataset):
    fit = {"toenail": toenail, "bacteria": bacteria}[dataset]()
    table = gb.variance_components(fit).summary().set_index("quantity")["mean"]
    assert table["median odds ratio"] == pytest.approx(anchors(dataset)["MOR", ""], rel=1e-6)
    assert table["ICC, latent scale"] == pytest.approx(anchors(dataset)["ICC latent logit", ""], rel=1e-6)


@pytest.mark.parametrize("dataset", ["toenail", "bacteria"])
def test_design_and_density_integrate_to_the_published_log_likelihood(dataset):
    fit = {"toenail": toenail, "bacteria": bacteria}[dataset]()
    group = fit.design.groups[0]
    nodes = np.linspace(-8, 8, 161)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    eta = fit.flat["beta"][0] @ fit.design.x.T
    sd = fit.flat[f"sd_{group.slug}"][0, 0]
    at = {"mu": RowValue(fit.link, eta + sd * nodes[:, None])}
    at_nodes = fit.family.log_density(fit.response.values, fit.response.trials, at, NUMPY)
    by_level = np.stack([np.bincount(group.codes, row) for row in at_nodes])
    peak = by_level.max(axis=0)
    total = (np.log(weights @ np.exp(by_level - peak)) + peak).sum()
    assert total == pytest.approx(anchors(dataset)["logLik", ""], abs=1e-5)


def test_comparison_of_toenail_treatments_equals_the_published_contrast():
    # statistics: month 12, terbinafine against itraconazole.
    rows = {"treatment": ["itraconazole"], "month": [12.0]}
    expected = {"difference": -0.0438983892, "ratio": 0.37648792, "odds_ratio": 0.35951070}
    for measure, value in expected.items():
        found = gb.comparisons(toenail(), "treatment", measure=measure, newdata=rows).summary()["mean"][0]
        assert found == pytest.approx(value, abs=1e-7)


def test_odds_ratios_of_subject_specific_coefficients_are_their_exponentials():
    table = gb.coefficients(bacteria()).side_by_side()
    np.testing.assert_allclose(table["subject_ratio"], np.exp(table["subject_mean"]), rtol=1e-12)
    np.testing.assert_allclose(table["population_ratio"], np.exp(table["population_mean"]), rtol=1e-12)
