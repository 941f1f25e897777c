"""Every row of ``oracles/anchors.csv`` is reproduced by one draw, made of the row's own estimates.

Estimates themselves are checked where R maximised the integrated likelihood: Newton's step from them, on
our design and density, is a small part of a standard error, and the standard errors are those of its
curvature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue

pytest.importorskip("statsmodels")

ORACLES = Path(__file__).parents[1] / "oracles"
ANCHORS = pd.read_csv(ORACLES / "anchors.csv", keep_default_na=False)
MONTHS = np.array([0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0])
NODES = np.linspace(-8, 8, 121)
#: Population rows; GEE rows, to what geepack's own iteration leaves.
POPULATION, GEE = 1e-6, 2e-6


@dataclass(frozen=True)
class Study:
    """A model of ``anchors.csv``: our formula, R's names of our coefficients in our order, sd's name."""

    load: Callable[[], pd.DataFrame]
    formula: str
    names: tuple[str, ...]
    sd: str
    family: str = "bernoulli"


def toenail_data():
    return gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])


def ohio_data():
    return pd.read_csv(ORACLES / "data/ohio.csv")


def respiratory_data():
    data = pd.read_csv(ORACLES / "data/geepack_respiratory.csv.gz")
    return data.assign(treat=data["treat"].astype("category"), sex=data["sex"].astype("category"))


def contraception_data():
    data = pd.read_csv(ORACLES / "data/Contraception.csv.gz", dtype={"district": str})
    return data.assign(urb=(data["urban"] == "Y").astype(int), ch=(data["ch"] == "Y").astype(int))


def cbpp_data():
    return gb.load_dataset("cbpp")


STUDIES = {
    "toenail": Study(
        toenail_data,
        "y ~ 0 + treatment + treatment:month + (1 | patientID)",
        ("A", "B", "At", "Bt"),
        "patientID",
    ),
    "ohio+": Study(ohio_data, "resp ~ age + smoke + (1 | id)", ("(Intercept)", "age", "smoke"), "id"),
    "ohio*": Study(
        ohio_data, "resp ~ age * smoke + (1 | id)", ("(Intercept)", "age", "smoke", "age:smoke"), "id"
    ),
    "bacteria": Study(
        lambda: gb.load_dataset("bacteria"),
        "y01 ~ trt + I(week > 2) + (1 | ID)",
        ("(Intercept)", "trtdrug", "trtdrug+", "late"),
        "ID",
    ),
    "respiratory": Study(
        respiratory_data,
        "outcome ~ center + treat + sex + baseline + age + (1 | subject)",
        ("(Intercept)", "center", "treatP", "sexM", "baseline", "age"),
        "subject",
    ),
    "epil": Study(
        lambda: gb.load_dataset("epil"),
        "y ~ log(base/4)*trt + log(age) + V4 + (1 | subject)",
        ("(Intercept)", "lb", "trtprogabide", "la", "V4", "lb:trtprogabide"),
        "subject",
        "poisson",
    ),
    "cbpp": Study(
        cbpp_data, "incidence | trials(size) ~ 0 + period + (1 | herd) + (1 | obs)", (), "herd", "binomial"
    ),
    "Contraception": Study(
        contraception_data,
        "y ~ age + I(age^2) + urb + ch + (1 + urb | district)",
        ("(Intercept)", "age", "I(age^2)", "urb", "ch"),
        "district",
    ),
}


def study_of(row):
    name = row["dataset"].split(" ")[0]
    return f"ohio{'+' if 'age+smoke' in row['model'] else '*'}" if name == "ohio" else name


KEYS = [study_of(row) for _, row in ANCHORS.iterrows()]


@cache
def published(study):
    rows = ANCHORS[[key == study for key in KEYS]]
    return {(row["quantity"], row["name"]): float(row["value"]) for _, row in rows.iterrows()}


def estimate(study, name):
    values = published(study)
    return values.get(("SS coef (glmer MLE)", name), values.get(("SS coef (glmer)", name)))


@cache
def fit_of(study):
    case, values = STUDIES[study], published(study)
    model = gb.Model(case.formula, case.load(), family=case.family)
    if study == "cbpp":
        typical = np.array([values["typical-herd prob (b=0)", f"period {period}"] for period in range(1, 5)])
        total = values["total RE variance", ""]
        # Only the sum of the two variances enters; how it is split must not matter.
        draws = {
            "beta": np.log(typical / (1 - typical)),
            "sd_herd": [np.sqrt(0.4 * total)],
            "sd_obs": [np.sqrt(0.6 * total)],
        }
    elif study == "Contraception":
        v1, v2 = (values["RE covariance", f"{one},{one}"] for one in ("(Intercept)", "urb"))
        rho = values["RE covariance", "(Intercept),urb"] / np.sqrt(v1 * v2)
        draws = {"sd_district": np.sqrt([v1, v2]), "corr_district": [[1.0, rho], [rho, 1.0]]}
        draws["beta"] = [estimate(study, name) for name in case.names]
    else:
        v = values["RE variance", "subject" if study == "epil" else "(Intercept)"]
        draws = {"beta": [estimate(study, name) for name in case.names], f"sd_{case.sd}": [np.sqrt(v)]}
    return gb.Fit.from_draws(model, {name: np.asarray(value)[None, None] for name, value in draws.items()})


def log_likelihood(study, beta, log_sd):
    """Integrate the likelihood over random intercepts, on our design and density."""
    fit = fit_of(study)
    group = fit.design.groups[0]
    weights = np.exp(-(NODES**2) / 2)
    weights /= weights.sum()
    eta = beta @ fit.design.x.T
    # Centred at each level's own peak, which a fixed grid would miss for counts.
    centre = np.zeros(len(group.levels))
    width = np.full(len(group.levels), 1.0)
    if study == "epil":
        centre, width = _modes(fit, group, eta, np.exp(log_sd))
    z = centre[:, None] + width[:, None] * NODES
    at = {"mu": RowValue(fit.link, (eta[:, None] + np.exp(log_sd) * z[group.codes]).T)}
    rows = fit.family.log_density(fit.response.values, fit.response.trials, at, NUMPY)
    by_level = np.stack([np.bincount(group.codes, row, len(group.levels)) for row in rows], axis=1)
    logs = by_level - 0.5 * z**2 + 0.5 * NODES**2 + np.log(weights) + np.log(width)[:, None]
    peak = logs.max(axis=1, keepdims=True)
    return float((np.log(np.exp(logs - peak).sum(axis=1)) + peak[:, 0]).sum())


def _modes(fit, group, eta, sd):
    """Posterior modes and widths of standardised intercepts under a log link."""
    y, z = fit.response.values, np.zeros(len(group.levels))
    for _ in range(50):
        mu = np.exp(eta + sd * z[group.codes])
        information = 1 + sd**2 * np.bincount(group.codes, mu)
        z = z + (sd * np.bincount(group.codes, y - mu) - z) / information
    return z, 1 / np.sqrt(information)


@cache
def curvature(study):
    """Newton's step from the estimates, and standard errors, by central differences."""
    case = STUDIES[study]
    beta = fit_of(study).flat["beta"][0]
    theta = np.append(beta, np.log(fit_of(study).flat[f"sd_{case.sd}"][0, 0]))
    values = published(study)
    scale = np.array([values.get(("SS SE", name), 0.1) for name in case.names] + [0.1])
    h = 0.02 * scale

    def at(*moves):
        point = theta.copy()
        for index, sign in moves:
            point[index] += sign * h[index]
        return log_likelihood(study, point[:-1], point[-1])

    size = len(theta)
    gradient = np.array([(at((i, 1)) - at((i, -1))) / (2 * h[i]) for i in range(size)])
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            value = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
            hessian[i, j] = hessian[j, i] = value / (4 * h[i] * h[j])
    inverse = np.linalg.inv(-hessian)
    errors = np.sqrt(np.diag(inverse))
    return (
        dict(zip(case.names, inverse @ gradient / errors, strict=False)),
        dict(zip(case.names, errors, strict=False)),
        float((inverse @ gradient / errors)[-1]),
    )


@cache
def table(study, kind):
    names = STUDIES[study].names
    fit = fit_of(study)
    if kind == "gee":
        found = gb.gee(fit)
        return dict(zip(names, found["gee"], strict=True)), dict(zip(names, found["gee_se"], strict=True))
    if kind == "zla":
        return dict(zip(names, gb.coefficients(fit, teaching=True).side_by_side()["zla_mean"], strict=True))
    return dict(
        zip(names, gb.coefficients(fit, projection=kind).side_by_side()["population_mean"], strict=True)
    )


@cache
def components(study):
    return gb.variance_components(fit_of(study)).summary().set_index("quantity")["mean"]


def mean(study, rows=None, **question):
    return float(gb.predictions(fit_of(study), rows, **question).summary()["mean"].iloc[0])


def check(study, quantity, name, value):
    """Return what we find for a row, and its tolerance; estimates give Newton's step beside zero."""
    if quantity == "SS coef (glmer MLE)":
        return curvature(study)[0][name], 0.0, 2e-3
    if quantity == "SS SE":
        return curvature(study)[1][name], value, 2e-3 * value
    if quantity == "RE variance":
        return curvature(study)[2], 0.0, 2e-3
    if quantity == "logLik":
        sd = np.log(fit_of(study).flat[f"sd_{STUDIES[study].sd}"][0, 0])
        return log_likelihood(study, fit_of(study).flat["beta"][0], sd), value, 1e-4
    if quantity in ("SS coef (glmer)", "RE covariance", "total RE variance"):
        # Laplace estimates: what went in comes out, as the tables show it.
        return as_shown(study, quantity, name), value, 1e-7
    if quantity.startswith("GEE"):
        return table(study, "gee")["robust SE" in quantity][name], value, GEE
    kinds = {"OLS": "hedeker", "quasi": "quasi-likelihood", "ZLA": "zla", "interc": "quasi-likelihood"}
    for word, kind in kinds.items():
        if quantity.startswith("PA ") and word in quantity:
            return table(study, kind)[name], value, POPULATION
    return probability(study, quantity, name), value, POPULATION * max(1.0, value)


def as_shown(study, quantity, name):
    found = gb.variance_components(fit_of(study)).summary().set_index("quantity")["mean"]
    if quantity == "total RE variance":
        return float(found["variance"].sum())
    if quantity == "RE covariance":
        first, second = name.replace("(Intercept)", "Intercept").split(",")
        rho = 1.0 if first == second else found[f"corr {first}, {second}"]
        return float(found[f"sd {first}"] * found[f"sd {second}"] * rho)
    shown = gb.coefficients(fit_of(study)).side_by_side()["subject_mean"]
    return float(shown[list(STUDIES[study].names).index(name)])


def probability(study, quantity, name):
    if quantity == "mean of PA predictions over data":
        return mean(study, by=True)
    if quantity == "MOR":
        return float(components(study)["median odds ratio"])
    if quantity == "ICC latent logit":
        return float(components(study)["ICC, latent scale"])
    if quantity == "PA probability":
        arm, _, month = name.partition(" t=")
        treatment = {"A": "itraconazole", "B": "terbinafine"}[arm]
        return mean(study, {"treatment": [treatment], "month": [float(month)]})
    if quantity == "standardised PA prob (g-computation)":
        rows = contraception_data().assign(urb=int(name[-1]))
        return mean(study, rows, by=True)
    rows = {"period": [name.split(" ")[1]]}
    if quantity == "typical-herd prob (b=0)":
        return mean(study, rows, estimand="typical")
    if quantity == "exact PA prob":
        return mean(study, rows)
    assert quantity == "emmeans bias.adjust (2nd-order)"
    # The formula itself; the answer it misses is another row.
    p = mean(study, rows, estimand="typical")
    v = float(gb.variance_components(fit_of(study)).summary().query("quantity == 'variance'")["mean"].sum())
    approximate = p + 0.5 * v * p * (1 - p) * (1 - 2 * p)
    assert abs(approximate - mean(study, rows)) > 1e-4
    return approximate


@pytest.mark.parametrize("index", range(len(ANCHORS)), ids=lambda i: f"{KEYS[i]}-{ANCHORS['name'][i]}-{i}")
def test_a_row_is_reproduced(index):
    row = ANCHORS.iloc[index]
    found, expected, tolerance = check(KEYS[index], row["quantity"], row["name"], float(row["value"]))
    assert found == pytest.approx(expected, rel=0, abs=tolerance), row.to_dict()
