"""The marginal likelihood of real models at the estimates of glmmTMB and clmm is theirs, and greatest there.

Nothing is sampled: random effects are integrated out as the other program did, by Laplace's approximation
or by adaptive Gauss-Hermite quadrature. Models with one random intercept; estimates and log likelihoods of R
stand in ``maximum_likelihood.json``.
"""

import json

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

import glmm_bayes as gb
from benchmarks.reference_cases import CASES, ORACLES
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families.likelihood import log_likelihood
from glmm_bayes.fit.linear_predictor import subject_values

ESTIMATES = json.loads((ORACLES / "maximum_likelihood.json").read_text(encoding="utf-8"))
ONE_FACTOR = [
    name
    for name, reference in ESTIMATES.items()
    if CASES[name].kind in ("glmmTMB", "clmm") and len(reference["n_groups"]) == 1
]
STEP = 1e-3


def draws_of(model, values, effects):
    """Give each of the (node, level) effects a draw, all else being the same in every draw."""
    size, (group,) = len(effects), model.design.groups
    draws = {f"b_{group.slug}": effects[:, :, None]}
    for predictor in model.priors.predictors.values():
        names = [f"{predictor.prefix}beta[{label}]" for label in predictor.design.coefficients]
        draws[predictor.names.beta] = np.tile([values[name] for name in names], (size, 1))
    if model.priors.thresholds is not None:
        labels = model.priors.thresholds.labels
        draws["thresholds"] = np.tile([values[f"thresholds[{label}]"] for label in labels], (size, 1))
    return draws | {name: np.full(size, values[name]) for name in model.priors.auxiliary}


def marginal(model, values, node_count):
    """Return the log likelihood; one node is Laplace's approximation."""
    (group,) = model.design.groups
    sd = values[f"sd_{group.slug}[Intercept]"]

    def joint(z):
        """Log density of the responses and of standardized effects z, shape (node, level)."""
        at = subject_values(draws_of(model, values, sd * z), model.priors, slice(None))
        rows = log_likelihood(
            model.family, model.response.values, model.response.trials, at, model.response.additions, NUMPY
        )
        sums = np.zeros_like(z)
        np.add.at(sums.T, group.codes, np.broadcast_to(rows, (len(z), len(group.codes))).T)
        return sums + norm.logpdf(z)

    mode = np.zeros(len(group.levels))
    for _ in range(50):
        below, here, above = joint(mode + STEP * np.arange(-1, 2)[:, None])
        curvature = (below - 2 * here + above) / STEP**2
        change = (above - below) / (2 * STEP) / np.abs(curvature)
        mode = mode + np.clip(change, -1, 1)
    width = 1 / np.sqrt(-curvature)
    nodes, weights = np.polynomial.hermite_e.hermegauss(node_count)
    heights = joint(mode + width * nodes[:, None]) + nodes[:, None] ** 2 / 2 + np.log(weights)[:, None]
    return float((logsumexp(heights, axis=0) + np.log(width)).sum())


def fitted(name):
    """Return the model, R's estimates by our names, and the number of nodes that R used."""
    case, reference = CASES[name], ESTIMATES[name]
    model = gb.Model(case.formula, case.data(), family=case.family, link=case.link, priors=dict(case.priors))
    values = {ours: reference["estimates"][theirs] for theirs, ours in case.names.items()}
    return model, values, 25 if "nAGQ=25" in reference["method"] else 1


@pytest.mark.parametrize("name", ONE_FACTOR)
def test_likelihood_at_the_estimates_is_that_of_r(name):
    model, values, nodes = fitted(name)
    assert marginal(model, values, nodes) == pytest.approx(ESTIMATES[name]["loglik"], abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_FACTOR)
def test_no_step_from_the_estimates_raises_the_likelihood(name):
    model, values, nodes = fitted(name)
    top = marginal(model, values, nodes)
    for parameter, value in values.items():
        for step in (-0.02, 0.02):
            moved = value + step if "[" in parameter else value * (1 + step)
            assert marginal(model, values | {parameter: moved}, nodes) < top + 1e-6, (parameter, step)
