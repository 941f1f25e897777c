"""Laws of priors with interactions and slopes: recodings leave them, a user's has its stated density."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from tests.plain_mode import PLAIN

RNG = np.random.default_rng(12)
ROWS = 80
DATA = pd.DataFrame(
    {
        "y": RNG.integers(0, 2, ROWS),
        "x": RNG.normal(4.0, 1.3, ROWS),
        "w": RNG.normal(-1.0, 0.6, ROWS),
        "t": RNG.choice(["a", "b", "c"], ROWS),
        "h": RNG.choice(["p", "q"], ROWS),
        "g": RNG.integers(0, 8, ROWS),
    }
)
FORMULAS = [
    "y ~ x", "y ~ x + t + w", "y ~ x*t", "y ~ x*h + t", "y ~ x*w", "y ~ x*t*w", "y ~ x*t*h", "y ~ t*h",
    "y ~ scale(x)*t", "y ~ 0 + t + t:x", "y ~ 0 + t*x",
]  # fmt: skip


def prior_of_predictor(formula, data):
    model = gb.Model(formula, data, family="bernoulli")
    prior = model.priors.first.fixed
    rows = model.design.x @ prior.from_normal
    return rows @ prior.mean, rows @ prior.covariance @ rows.T


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1000.0), (-4.0, 1.0), (20.0, -0.25)])
def test_origin_and_unit_of_a_predictor_leave_the_prior_of_every_row(formula, shift, scale):
    mean, covariance = prior_of_predictor(formula, DATA)
    moved_mean, moved = prior_of_predictor(formula, DATA.assign(x=scale * (DATA["x"] + shift)))
    np.testing.assert_allclose(moved_mean, mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(moved, covariance, rtol=0, atol=1e-10 * np.abs(covariance).max())


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if "t" in formula])
@pytest.mark.parametrize("order", [["b", "a", "c"], ["c", "b", "a"]], ids="".join)
def test_the_reference_level_leaves_the_prior_of_every_row(formula, order):
    mean, covariance = prior_of_predictor(formula, DATA)
    data = DATA.assign(t=pd.Categorical(DATA["t"], order), h=pd.Categorical(DATA["h"], ["q", "p"]))
    moved_mean, moved = prior_of_predictor(formula, data)
    np.testing.assert_allclose(moved_mean, mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(moved, covariance, rtol=0, atol=1e-10 * np.abs(covariance).max())


CONTRASTS = [
    'C(t, "sum")', 'C(t, "sum", ref="a")', 'C(t, "helmert")', 'C(t, "poly")', 'C(t, ref="c")',
    'ordered(t, "b", "c", "a")', 'C(t, "treatment", ref="b")',
]  # fmt: skip
OF_A_FACTOR = [
    "t", "x + t", "x*t", "t:x", "t + t:x", "x + t:x", "0 + t", "0 + t + t:x", "0 + t*x", "t*h", "h + t*x",
    "0 + h + t", "t/x", "h*t - h", "0 + h*t", "x*t*h", "poly(x, 2)*t", "0 + t:h", "h + h:t",
]  # fmt: skip


@pytest.mark.parametrize("formula", OF_A_FACTOR)
@pytest.mark.parametrize("factor", CONTRASTS)
def test_contrasts_and_references_leave_the_prior_of_every_row(formula, factor):
    mean, covariance = prior_of_predictor(f"y ~ {formula}", DATA)
    recoded = re.sub(r"\bt\b", factor, formula)
    other_mean, other = prior_of_predictor(f"y ~ {recoded}", DATA)
    np.testing.assert_allclose(other_mean, mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other, covariance, rtol=0, atol=1e-10 * np.abs(covariance).max())


@pytest.mark.parametrize("factor", ["t", *CONTRASTS])
def test_any_two_levels_differ_by_one_effect_a_priori(factor):
    _, covariance = prior_of_predictor(f"y ~ {factor} + x", DATA.assign(x=np.arange(ROWS) % 4))
    rows = [int(np.flatnonzero((DATA["t"] == level) & (np.arange(ROWS) % 4 == 1))[0]) for level in "abc"]
    cells = covariance[np.ix_(rows, rows)]
    differences = [cells[i, i] + cells[j, j] - 2 * cells[i, j] for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(differences, 2.5**2, rtol=1e-10)


@pytest.mark.parametrize("call", ["poly(x, 3)", "bs(x, df = 5)", "ns(x, df = 4)", "cr(x, df = 3)"])
def test_a_full_swing_of_a_basis_column_is_two_of_its_sds(call):
    model = gb.Model(f"y ~ {call}", DATA, family="bernoulli")
    prior = model.priors.first.fixed
    covariance = (prior.from_normal @ prior.covariance @ prior.from_normal.T)[1:, 1:]
    sd = np.diag(2.5 / (2 * model.design.x[:, 1:].std(axis=0, ddof=1)))
    np.testing.assert_allclose(covariance, sd**2, atol=1e-9 * sd.max() ** 2)


@pytest.mark.parametrize("factor", ["t", *CONTRASTS])
def test_the_printed_prior_of_a_contrast_is_its_marginal(factor):
    model = gb.Model(f"y ~ {factor}*h", DATA, family="bernoulli")
    prior = model.priors.first.fixed
    covariance = prior.from_normal @ prior.covariance @ prior.from_normal.T
    # Those of the interaction are not shifted by centring.
    printed = [float(row.prior.split("sigma=")[1].rstrip(")")) for row in model.priors.rows[-2:]]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance))[-2:], printed, rtol=5e-4)


def test_reference_levels_are_printed_where_there_are_some():
    formula = 'y ~ t + C(h, "sum") + C(t, "helmert"):x'
    text = str(gb.Model(formula, DATA, family="bernoulli"))
    assert 'reference levels: t = a, C(h, contrast = "sum") = q' in text


@pytest.mark.parametrize("effects", ["1 + x", "1 + x + w", "1 + x*w"])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 100.0), (-4.0, 1.0), (20.0, -0.25)])
def test_default_priors_of_correlated_effects_do_not_know_origin_and_unit(effects, shift, scale):
    def columns(data):
        model = gb.Model(f"y ~ x + ({effects} | g)", data, family="bernoulli")
        prior = model.priors.groups[0]
        return model.design.groups[0].z @ prior.recoding, prior

    ours, prior = columns(DATA)
    moved, other = columns(DATA.assign(x=scale * (DATA["x"] + shift)))
    signs = np.sign((ours * moved).sum(axis=0))
    np.testing.assert_allclose(moved * signs, ours, rtol=0, atol=1e-10)
    assert (other.sd, other.correlation) == (prior.sd, prior.correlation)


def test_the_reported_covariance_is_the_recoded_one():
    # x with mean 10 and sd 1/2, so that its swing is 1: Sigma = T Sigma_c T'.
    x = np.resize([9.5, 10.5], 25)
    x = 10 + (x - x.mean()) / (2 * np.std(x, ddof=1))
    data = pd.DataFrame({"y": np.resize([0, 1, 1], 25), "x": x, "g": np.repeat(np.arange(5), 5)})
    model = gb.Model("y ~ x + (1 + x | g)", data, family="bernoulli")
    to_user = model.priors.groups[0].recoding
    sigma = to_user @ np.array([[1.0, 0.3], [0.3, 0.25]]) @ to_user.T
    np.testing.assert_allclose(sigma, [[20, -2.2], [-2.2, 0.25]], rtol=1e-12)
    assert sigma[0, 1] / np.sqrt(sigma[0, 0] * sigma[1, 1]) == pytest.approx(-0.98387, abs=5e-6)
    at, centred = np.array([1.0, 12.0]), np.array([1.0, 2.0])
    assert at @ sigma @ at == pytest.approx(3.2, rel=1e-12)
    assert centred @ [[1.0, 0.3], [0.3, 0.25]] @ centred == pytest.approx(3.2, rel=1e-12)


# Prior of the coefficient of x, of its slope in level b, and what SciPy calls them.
USERS = {
    "student": (gb.Prior("StudentT", nu=3, mu=0.2, sigma=0.7), stats.t(3, 0.2, 0.7)),
    "laplace": (gb.Prior("Laplace", mu=-0.1, b=0.4), stats.laplace(-0.1, 0.4)),
    "cauchy": (gb.Prior("Cauchy", alpha=0.5, beta=1.1), stats.cauchy(0.5, 1.1)),
    "logistic": (gb.Prior("Logistic", mu=0.3, s=0.6), stats.logistic(0.3, 0.6)),
    "normal": (gb.Prior("Normal", mu=0.3, sigma=0.6), stats.norm(0.3, 0.6)),
}


@pytest.mark.parametrize("name", USERS)
def test_a_users_prior_of_a_coefficient_has_its_density_beside_defaults(name):
    """Default priors hold for the coefficients of the centred columns, the user's for the reported one."""
    prior, scipys = USERS[name]
    model = gb.Model("y ~ x*t", DATA, family="bernoulli", priors={"beta[x]": prior})
    graph = model.pymc_model
    log_density = graph.compile_logp(vars=graph.free_RVs, jacobian=False, mode=PLAIN)
    beta_of = graph.compile_fn(graph["beta"], inputs=graph.free_RVs, mode=PLAIN, on_unused_input="ignore")

    xc = ((DATA["x"] - DATA["x"].mean()) / (2 * DATA["x"].std())).to_numpy()
    levels = [(DATA["t"] == level).to_numpy(float) for level in ("b", "c")]
    centred = [column - column.mean() for column in levels]
    basis = np.column_stack([np.ones(ROWS), xc, *centred, *(xc * column for column in centred)])
    x = np.column_stack([np.ones(ROWS), DATA["x"], *levels, *(DATA["x"] * column for column in levels)])
    to_basis = np.linalg.lstsq(basis, x, rcond=None)[0]
    pair = 2.5**2 * np.array([[1.0, 0.5], [0.5, 1.0]])

    def stated(beta):
        gamma = to_basis @ beta
        return (
            stats.norm.logpdf(gamma[0], 0, 2.5)
            + scipys.logpdf(beta[1])
            + stats.multivariate_normal.logpdf(gamma[2:4], cov=pair)
            + stats.multivariate_normal.logpdf(gamma[4:6], cov=pair)
        )

    is_normal = name == "normal"
    size = 6 if is_normal else 5

    def point(values):
        inside = {"beta_basis": values[:size]}
        return inside if is_normal else inside | {"beta_other_1": np.array(values[5])}

    # Coordinates in which the prior is stated, as a linear function of what is sampled.
    def coordinates(values):
        gamma = to_basis @ beta_of(point(values))
        return np.concatenate([gamma[:1], beta_of(point(values))[1:2], gamma[2:]])

    columns = np.column_stack([coordinates(unit) - coordinates(np.zeros(6)) for unit in np.eye(6)])
    jacobian = np.linalg.slogdet(columns)[1]
    rng = np.random.default_rng(3)
    for _ in range(20):
        values = rng.normal(size=6)
        expected = stated(beta_of(point(values))) + jacobian
        assert float(log_density(point(values))) == pytest.approx(expected, rel=1e-10)
