"""Responses replicated below an upper bound follow the law given the bound, and stay in its support."""

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families import FAMILIES, Response
from glmm_bayes.families.likelihood import draw_responses

ROWS, DRAWS, BOUND = 4, 2000, 0.8
LAWS = {
    "gamma": ("log", {"shape": 2.0}, lambda mu: stats.gamma(2.0, scale=mu / 2.0)),
    "lognormal": ("identity", {"sigma": 0.9}, lambda mu: stats.lognorm(0.9, scale=np.exp(mu))),
    "exponential": ("log", {}, lambda mu: stats.expon(scale=mu)),
    "beta": ("logit", {"phi": 3.0}, lambda mu: stats.beta(3.0 * mu, 3.0 * (1 - mu))),
}


@pytest.mark.parametrize("name", LAWS)
def test_draws_below_a_bound(name):
    link, parameters, law = LAWS[name]
    eta = np.full((DRAWS, ROWS), 0.3)
    at = {"mu": RowValue(LINKS[link], eta)} | {
        key: number(np.full((DRAWS, 1), v)) for key, v in parameters.items()
    }
    additions = Additions(upper=np.full(ROWS, BOUND))
    response = Response("y", "mean of y", np.full(ROWS, 0.5), np.ones(ROWS), additions=additions)
    drawn = draw_responses(FAMILIES[name], np.random.default_rng(1), response, at)
    assert drawn.min() > 0 and drawn.max() <= BOUND
    frozen = law(LINKS[link].inverse(np.array(0.3)))
    fitted = stats.kstest(drawn.ravel(), lambda y: frozen.cdf(y) / frozen.cdf(BOUND))
    assert fitted.pvalue > 1e-4
