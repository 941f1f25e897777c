"""Population and partly integrated means equal those of four million simulated groups.

The effects are drawn here from the covariance that the structure states, without the package.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import special

import glmm_bayes as gb

SIZE = 4_000_000
DATA = pd.DataFrame(
    {
        "y": [0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1],
        "x": np.linspace(-1.5, 2.0, 12).round(2),
        "g": np.repeat(["g0", "g1", "g2", "g3"], 3),
        "h": list("pqrpqrpqrpqr"),
        "s": ["u", "v", "w", "x"] * 3,
        "f": ["a"] * 6 + ["b"] * 6,
        "t": [1, 2, 3] * 4,
    }
)
KINSHIP = np.array([[1.0, 0.5, 0.2, 0.0], [0.5, 1.3, 0.4, 0.1], [0.2, 0.4, 0.8, 0.3], [0.0, 0.1, 0.3, 1.5]])
BETA = np.array([-0.6, 0.8])
SLOPES = np.array([[1.44, 0.4], [0.4, 0.49]])


@cache
def normals(index):
    """One stream of standard normals for each source of variation."""
    return np.random.default_rng([20261123, index]).standard_normal(SIZE)


def fit_of(random, known=None, **draws):
    model = gb.Model(f"y ~ x + {random}", DATA, "bernoulli", known=known)
    values = {"beta": BETA} | draws
    return gb.Fit.from_draws(
        model, {name: np.asarray(value, float)[None, None] for name, value in values.items()}
    )


def check(found, parts, row):
    """Compare with the mean of expit over simulated parts of the linear predictor."""
    total = BETA[0] + BETA[1] * DATA["x"][row]
    for part in parts:
        total = total + part
    values = special.expit(total)
    error = values.std() / np.sqrt(SIZE)
    assert found[row] == pytest.approx(values.mean(), abs=4 * error)


def means(fit, estimand="population"):
    return gb.predictions(fit, DATA, estimand=estimand).summary()["mean"].to_numpy()


@cache
def crossed():
    corr = [[1.0, 0.4 / 0.84], [0.4 / 0.84, 1.0]]
    known = {"b_g": [[0.5, -0.2]] * 4, "b_h": [[0.9], [-0.3], [0.1]]}
    return fit_of("(1 + x | g) + (1 | h)", sd_g=np.sqrt([1.44, 0.49]), corr_g=corr, sd_h=[1.1], **known)


def slopes_part(row):
    root = np.linalg.cholesky(SLOPES)
    b0 = root[0, 0] * normals(0)
    return b0 + (root[1, 0] * normals(0) + root[1, 1] * normals(1)) * DATA["x"][row]


@pytest.mark.parametrize("row", [0, 7])
def test_crossed_factors_with_slopes(row):
    check(means(crossed()), [slopes_part(row), 1.1 * normals(2)], row)
    known = means(crossed(), {"g": "subject", "h": "population"})
    check(known, [0.5 - 0.2 * DATA["x"][row], 1.1 * normals(2)], row)
    other = means(crossed(), {"g": "population", "h": "subject"})
    check(other, [slopes_part(row), {"p": 0.9, "q": -0.3, "r": 0.1}[DATA["h"][row]]], row)
    typical = means(crossed(), {"g": "typical", "h": "population"})
    check(typical, [1.1 * normals(2)], row)


def test_nested_factors():
    levels = DATA["g"] + ":" + DATA["h"]
    fit = fit_of("(1 | g/h)", sd_g=[1.2], **{"sd_g_h": [0.7]}, b_g=[[0.4], [-1.0], [0.2], [0.0]],
                 b_g_h=np.zeros((levels.nunique(), 1)))  # fmt: skip
    check(means(fit), [1.2 * normals(0), 0.7 * normals(1)], 4)
    within = means(fit, {"g": "subject", "g:h": "population"})
    check(within, [-1.0, 0.7 * normals(1)], 4)


def test_levels_of_by_have_variances_of_their_own():
    fit = fit_of("(1 | gr(g, by = f)) + (1 | h)", sd_g=[0.5, 2.0], sd_h=[0.6])
    found = means(fit)
    check(found, [0.5 * normals(0), 0.6 * normals(1)], 2)
    check(found, [2.0 * normals(0), 0.6 * normals(1)], 9)


def test_members_share_the_weights():
    data = DATA.assign(m=DATA["g"].str.replace("g", "m"), k=["m1", "m1", "m2", "m0"] * 3)
    model = gb.Model("y ~ x + (1 | mm(m, k))", data, "bernoulli")
    draws = {"beta": BETA, "sd_mm_m_k": [1.7]}
    fit = gb.Fit.from_draws(model, {name: np.asarray(v, float)[None, None] for name, v in draws.items()})
    found = gb.predictions(fit, data).summary()["mean"].to_numpy()
    # Row 0 has the members m0 and m1, row 4 the member m1 twice.
    check(found, [1.7 * 0.5 * (normals(0) + normals(1))], 0)
    check(found, [1.7 * normals(0)], 4)


def test_autoregression_in_time():
    rho, sd = 0.6, 1.3
    power = rho ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    fit = fit_of('(0 + t | gr(g, structure = "ar1")) + (1 | h)', sd_g=np.full(3, sd), corr_g=power,
                 sd_h=[0.8])  # fmt: skip
    first = normals(0)
    second = rho * first + np.sqrt(1 - rho**2) * normals(1)
    check(means(fit), [sd * second, 0.8 * normals(2)], 1)


def test_known_covariances_of_levels():
    known = pd.DataFrame(KINSHIP, index=["g0", "g1", "g2", "g3"], columns=["g0", "g1", "g2", "g3"])
    fit = fit_of(
        "(1 | gr(g, cov = K)) + (1 | h)", {"K": known}, sd_g=[1.4], sd_h=[0.5], b_h=[[1.0], [0.0], [-1.0]]
    )
    found = means(fit)
    for row in (0, 10):
        level = int(DATA["g"][row][1])
        check(found, [1.4 * np.sqrt(KINSHIP[level, level]) * normals(0), 0.5 * normals(1)], row)
    within = means(fit, {"g": "population", "h": "subject"})
    check(within, [1.4 * np.sqrt(KINSHIP[3, 3]) * normals(0), 1.0], 9)
