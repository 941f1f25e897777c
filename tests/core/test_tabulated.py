"""A table of a smooth function equals the function, and says how far it is off."""

import numpy as np
import pytest

from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.tabulated import TOLERANCE, tabulate

RNG = np.random.default_rng(5)
ETA = RNG.normal(-0.5, 2.5, (6, 3000))


@pytest.mark.parametrize("name", ["logit", "cloglog", "cauchit", "softplus"])
@pytest.mark.parametrize("sd", [0.05, 0.3, 1.0, 4.0, 12.0])
def test_a_table_of_population_means_equals_the_means(name, sd):
    v = np.full((6, 1), sd**2)

    def curve(eta):
        return population_mean(LINKS[name], eta, v, smooth=True).value

    table = tabulate(curve, ETA.min(axis=1), ETA.max(axis=1), 3000)
    assert table is not None
    error = np.abs(table.at(ETA) - curve(ETA))
    assert (error <= 2 * TOLERANCE * np.maximum(curve(ETA), 1e-6)).all()
    assert error.max() <= 2 * table.error + 1e-15


def test_parts_keep_their_order():
    table = tabulate(
        lambda eta: np.stack([np.sin(eta), np.exp(eta)], axis=-1), ETA.min(axis=1), ETA.max(axis=1), 3000
    )
    np.testing.assert_allclose(table.at(ETA)[..., 0], np.sin(ETA), atol=1e-10)
    np.testing.assert_allclose(table.at(ETA)[..., 1], np.exp(ETA), rtol=1e-10)


def test_a_range_of_one_point_is_a_table():
    eta = np.full((2, 50), 0.7)
    table = tabulate(np.exp, eta.min(axis=1), eta.max(axis=1), 50)
    np.testing.assert_allclose(table.at(eta), np.exp(eta), rtol=TOLERANCE)


def test_a_function_that_is_not_smooth_has_no_table():
    assert tabulate(np.abs, ETA.min(axis=1), ETA.max(axis=1), 3000) is None


def test_too_wide_a_range_has_no_table():
    assert tabulate(np.exp, np.array([-400.0]), np.array([0.0]), 1000) is None
