"""The graph's log density equals one written here from the model's definition, in NumPy and SciPy alone."""

from functools import cache

import numpy as np
import pandas as pd
import pytensor
import pytest
from scipy import stats
from scipy.special import comb, log_expit

import glmm_bayes as gb
from tests.plain_mode import PLAIN

RNG = np.random.default_rng(20)
ROWS = 90
DATA = pd.DataFrame(
    {
        "x": RNG.normal(3.0, 1.7, ROWS),
        "t": np.resize(["a", "b", "c"], ROWS),
        "g": RNG.integers(0, 9, ROWS),
        "h": RNG.choice(["u", "v", "w", "q", "r"], ROWS),
        "n": RNG.integers(1, 12, ROWS),
        "e": RNG.uniform(0.4, 3.0, ROWS),
    }
).assign(
    y=lambda f: RNG.normal(f["x"], 2.0),
    bit=lambda f: RNG.integers(0, 2, ROWS),
    part=lambda f: RNG.binomial(f["n"], 0.4),
    count=lambda f: RNG.poisson(2.0 * f["e"]),
)
# Scales of the default priors: intercept mean and sd, effect of a swing, sd of groups.
BINARY_SCALES = {
    "logit": (0.0, 2.5, 2.5, 2.5),
    "probit": (0.0, 1.25, 1.25, 1.25),
    "cloglog": (-1.65, 1.65, 1.65, 1.65),
}
RESPONSES = {
    ("gaussian", "identity"): "y",
    ("bernoulli", "logit"): "bit",
    ("bernoulli", "probit"): "bit",
    ("bernoulli", "cloglog"): "bit",
    ("binomial", "logit"): "part | trials(n)",
    ("binomial", "probit"): "part | trials(n)",
    ("binomial", "cloglog"): "part | trials(n)",
    ("poisson", "log"): "count",
}
STRUCTURES = {
    "intercept": "(1 | g)",
    "slopes": "(1 + x | g)",
    "crossed": "(1 | g) + (1 | h)",
    "nested": "(1 | h/g)",
}
USER = {
    "beta": gb.Prior("Normal", mu=0.3, sigma=1.9),
    "beta[Intercept]": gb.Prior("Normal", mu=0.3, sigma=1.9),
    "sd": gb.Prior("HalfNormal", sigma=1.3),
    "corr": gb.Prior("LKJ", eta=3.0),
}


def scales(family, link):
    if family == "gaussian":
        spread = DATA["y"].std()
        return DATA["y"].mean(), 2.5 * spread, 2.5 * spread, spread
    if family == "poisson":
        return np.log((DATA["count"].sum() + 0.5) / DATA["e"].sum()), 2.5, 1.5, 1.5
    return BINARY_SCALES[link]


def log_likelihood(family, link, eta, sigma):
    if family == "gaussian":
        return stats.norm.logpdf(DATA["y"], eta, sigma).sum()
    if family == "poisson":
        return stats.poisson.logpmf(DATA["count"], np.exp(eta)).sum()
    # Logs of p and 1 - p apart: 1 - p rounds away far out.
    log_p, log_q = {
        "logit": lambda v: (log_expit(v), log_expit(-v)),
        "probit": lambda v: (stats.norm.logcdf(v), stats.norm.logsf(v)),
        "cloglog": lambda v: (np.log(-np.expm1(-np.exp(v))), -np.exp(v)),
    }[link](eta)
    if family == "bernoulli":
        return (DATA["bit"] * log_p + (1 - DATA["bit"]) * log_q).sum()
    k, n = DATA["part"], DATA["n"]
    return (np.log(comb(n, k)) + k * log_p + (n - k) * log_q).sum()


# The fixed part x*t, as R writes it, and centred and scaled by hand.
X = np.column_stack(
    [
        np.ones(ROWS),
        DATA["x"],
        DATA["t"] == "b",
        DATA["t"] == "c",
        DATA["x"] * (DATA["t"] == "b"),
        DATA["x"] * (DATA["t"] == "c"),
    ]
).astype(float)
XC = (DATA["x"] - DATA["x"].mean()).to_numpy() / (2 * DATA["x"].std())
TB, TC = (X[:, column] - X[:, column].mean() for column in (2, 3))
BASIS = np.column_stack([np.ones(ROWS), XC, TB, TC, XC * TB, XC * TC])
TO_BETA = np.linalg.lstsq(X, BASIS, rcond=None)[0]


def log_prior_of_basis(gamma, family, link, is_users):
    """Density of the basis coefficients: stated in the basis, or on the coefficients with its Jacobian."""
    if is_users:
        beta = TO_BETA @ gamma
        return stats.norm.logpdf(beta, 0.3, 1.9).sum() + np.linalg.slogdet(TO_BETA)[1]
    mean, sd, effect, _ = scales(family, link)
    pair = effect**2 * np.array([[1.0, 0.5], [0.5, 1.0]])
    return (
        stats.norm.logpdf(gamma[0], mean, sd)
        + stats.norm.logpdf(gamma[1], 0, effect)
        + stats.multivariate_normal.logpdf(gamma[2:4], np.zeros(2), pair)
        + stats.multivariate_normal.logpdf(gamma[4:6], np.zeros(2), pair)
    )


@cache
def codes_of(*columns):
    return pd.factorize(DATA[list(columns)].apply(tuple, axis=1), sort=True)[0]


def groups_of(structure):
    """(slug, codes, whether it has a slope) of each grouping factor."""
    return {
        "intercept": [("g", codes_of("g"), False)],
        "slopes": [("g", codes_of("g"), True)],
        "crossed": [("g", codes_of("g"), False), ("h", codes_of("h"), False)],
        "nested": [("h", codes_of("h"), False), ("h_g", codes_of("h", "g"), False)],
    }[structure]


def independent(values, family, link, structure, is_users):
    """Log density of one point, given the values of the graph's free variables on their own scales."""
    group_sd = 1.3 if is_users else scales(family, link)[3]
    total = log_prior_of_basis(values["beta_basis"], family, link, is_users)
    eta = X @ (TO_BETA @ values["beta_basis"]) + (
        np.log(DATA["e"]).to_numpy() if family == "poisson" else 0.0
    )
    for slug, codes, has_slope in groups_of(structure):
        z = values[f"z_{slug}"]
        sd = values[f"sd_{slug}" if is_users or not has_slope else f"sd_{slug}_basis"]
        total += stats.norm.logpdf(z).sum()
        if not has_slope:
            total += stats.halfnorm.logpdf(sd[0], scale=group_sd)
            eta = eta + sd[0] * z[codes, 0]
            continue
        slope_sd = group_sd if is_users else group_sd / 2
        total += stats.halfnorm.logpdf(sd, scale=[group_sd, slope_sd]).sum()
        rho = values["chol_corr_g"][1, 0]
        concentration = 3.0 if is_users else 1.0
        total += stats.beta.logpdf((rho + 1) / 2, concentration, concentration) - np.log(2)
        along = DATA["x"].to_numpy() if is_users else XC
        first = sd[0] * z[:, 0]
        second = sd[1] * (rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1])
        eta = eta + first[codes] + second[codes] * along
    sigma = None
    if family == "gaussian":
        sigma = values["sigma"]
        total += stats.expon.logpdf(sigma, scale=DATA["y"].std())
    return total + log_likelihood(family, link, eta, sigma)


#: Links of probabilities meet the structures in the slow tests; the first tier has each once.
FIRST = [("gaussian", "identity"), ("bernoulli", "logit"), ("poisson", "log")]
PAIRS = [
    pytest.param(*key, structure, marks=() if key in FIRST or structure == "intercept" else pytest.mark.slow)
    for key in RESPONSES
    for structure in STRUCTURES
]


@pytest.mark.parametrize("is_users", [False, True], ids=["defaults", "users"])
@pytest.mark.parametrize(("family", "link", "structure"), PAIRS)
def test_the_graph_has_the_density_of_its_definition(family, link, structure, is_users):
    offset = " + offset(log(e))" if family == "poisson" else ""
    formula = f"{RESPONSES[family, link]} ~ x*t{offset} + {STRUCTURES[structure]}"
    priors = {k: v for k, v in USER.items() if k != "corr" or structure == "slopes"} if is_users else None
    graph = gb.Model(formula, DATA, family=family, link=link, priors=priors).pymc_model
    free = graph.free_RVs
    point = graph.initial_point()
    outputs = [*graph.replace_rvs_by_values(free), graph.logp(jacobian=False)]
    compiled = pytensor.function(graph.value_vars, outputs, mode=PLAIN, on_unused_input="ignore")
    order = [value.name for value in graph.value_vars]
    rng = np.random.default_rng(3)
    for _ in range(20):
        drawn = {name: 0.4 * rng.standard_normal(np.shape(point[name])) for name in order}
        drawn["beta_basis"] = drawn["beta_basis"] + (point["beta_basis"] if family == "gaussian" else 0.0)
        *found, density = compiled(*drawn.values())
        values = dict(zip([variable.name for variable in free], found, strict=True))
        expected = independent(values, family, link, structure, is_users)
        assert float(density) == pytest.approx(expected, rel=1e-10)


def test_binary_densities_are_finite_far_out():
    # Phi rounds to 1 beyond 8.3 and exp(exp(30)) overflows: the graph must not care.
    for link in ("logit", "probit", "cloglog"):
        data = pd.DataFrame({"y": [0, 1, 0, 1], "x": [-1.0, -1.0, 1.0, 1.0]})
        graph = gb.Model("y ~ 0 + x", data, family="bernoulli", link=link).pymc_model
        log_density = graph.compile_logp(mode=PLAIN)
        gradient = graph.compile_dlogp(mode=PLAIN)
        for value in (-25.0, 25.0) if link != "cloglog" else (-25.0, 3.0):
            point = {"beta_basis": np.array([value])}
            assert np.isfinite(log_density(point)) and np.isfinite(gradient(point)).all()


def test_named_dims_make_the_graph_readable():
    graph = gb.Model("y ~ x*t + (1 + x | g)", DATA).pymc_model
    dims = graph.named_vars_to_dims
    assert dims["beta"] == ("coef",)
    assert dims["b_g"] == ("g", "g_effect")
    assert dims["sd_g"] == ("g_effect",)
    assert dims["corr_g"] == ("g_effect", "g_effect_other")
    assert graph.coords["coef"] == ("Intercept", "x", "t[b]", "t[c]", "x:t[b]", "x:t[c]")
    assert {"x", "offset", "observed", "level_g", "columns_g"} <= {data.name for data in graph.data_vars}
