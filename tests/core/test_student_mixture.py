"""Means over t effects against adaptive quadrature, for every link of a probability."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.student_mixture import student_population_mean


@pytest.mark.parametrize("name", ["logit", "probit", "cloglog", "loglog", "cauchit"])
@pytest.mark.parametrize(("eta", "sd", "df"), [(0.4, 1.0, 4.0), (-1.0, 3.0, 3.0), (2.0, 20.0, 2.5)])
def test_means_over_t_effects_are_the_integrals(name, eta, sd, df):
    link, scale = LINKS[name], sd * np.sqrt((df - 2.0) / df)

    def integrand(x):
        return float(link.inverse_derivative(np.array(x))) * stats.t.cdf((eta - x) / scale, df)

    # Given the latent variable, the t effect has a distribution function.
    edges = [-1e6, -1e4, -500.0, -50.0, -5.0, 0.0, 5.0, 50.0, 500.0, 1e4, 1e6]
    exact = sum(
        integrate.quad(integrand, low, high, limit=400, epsabs=1e-13)[0] for low, high in pairwise(edges)
    )
    # Below the last edge h itself is all that is left.
    exact += float(link.inverse(np.array(-1e6)))
    one = np.ones((1, 1))
    result = student_population_mean(link, eta * one, 0.0 * one, sd**2 * one, np.array([df]))
    assert result.value.item() == pytest.approx(exact, abs=max(result.error, 1e-9))
    assert result.value.item() == pytest.approx(exact, abs=2e-7)
