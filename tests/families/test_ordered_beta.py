"""Ordered beta (Kubinec 2022) agrees with its definition in SciPy's laws, for each link."""

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from tests.families.references import Ends

FAMILY = FAMILIES["ordered_beta"]
LAWS = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cauchit": stats.cauchy,
    "cloglog": stats.gumbel_l,
    "loglog": stats.gumbel_r,
}
ETA = np.array([-1.3, -0.2, 0.4, 1.1])
THRESHOLDS = np.array([-1.1, 1.4])
PHI = 4.2
RESPONSES = (0.0, 0.3, 1.0)


def at_of(link, eta, thresholds=THRESHOLDS, phi=PHI, m=NUMPY):
    return {
        "mu": RowValue(LINKS[link], eta, m),
        "thresholds": number(thresholds, m),
        "phi": number(phi, m),
    }


def reference(link, eta):
    law = LAWS[link]
    mu = law.cdf(eta)
    atoms = {0.0: law.sf(eta - THRESHOLDS[0]), 1.0: law.cdf(eta - THRESHOLDS[1])}
    return Ends(atoms, stats.beta(mu * PHI, (1 - mu) * PHI))


def test_it_takes_every_link_of_a_probability():
    assert set(FAMILY.links) == set(LAWS)


@pytest.mark.parametrize("link", LAWS)
@pytest.mark.parametrize("y", RESPONSES)
def test_log_density_equals_the_definition(link, y):
    y = np.full(4, y)
    found = FAMILY.log_density(y, 1.0, at_of(link, ETA), NUMPY)
    np.testing.assert_allclose(found, reference(link, ETA).logpdf(y), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("link", LAWS)
def test_mean_and_variance_equal_those_of_the_definition(link):
    at = at_of(link, ETA[None], THRESHOLDS[None, None])
    np.testing.assert_allclose(FAMILY.mean(at)[0], reference(link, ETA).mean(), rtol=1e-9)
    np.testing.assert_allclose(FAMILY.variance(at)[0], reference(link, ETA).var(), rtol=1e-8)


def test_without_random_effects_the_population_mean_is_the_mean():
    at = at_of("logit", ETA[None], THRESHOLDS[None, None])
    assert np.array_equal(FAMILY.population_mean(Joint(at, {}, {})).value, FAMILY.mean(at))
