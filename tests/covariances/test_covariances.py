"""Each covariance structure: the covariance of prior draws is the stated matrix."""

from functools import cache

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import gamma as gamma_function
from scipy.special import kv

import glmm_bayes as gb
from glmm_bayes.covariances import COVARIANCES
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(7)
LEVELS = list("abcdefgh")
ROWS = 160
DATA = pd.DataFrame(
    {
        "g": np.resize(LEVELS, ROWS),
        "h": RNG.choice(LEVELS, ROWS),
        "time": np.repeat([1, 2, 4, 5], ROWS // 4),
        "x": RNG.normal(1.0, 2.0, ROWS),
        "arm": np.where(np.isin(np.resize(LEVELS, ROWS), ["a", "b", "c"]), "old", "new"),
        "w1": RNG.uniform(0.1, 0.9, ROWS),
        "y": RNG.normal(size=ROWS),
    }
).assign(w2=lambda f: 1.0 - f["w1"])
POINTS = pd.DataFrame(RNG.uniform(0, 5, (8, 2)), index=LEVELS, columns=["east", "north"])
DATA = DATA.assign(east=POINTS["east"][DATA["g"]].to_numpy(), north=POINTS["north"][DATA["g"]].to_numpy())
# Two parts: a ring of five and a path of three.
EDGES = pd.DataFrame(
    [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "a"), ("f", "g"), ("g", "h")],
    columns=["area", "neighbour"],
)
_ROOT = RNG.normal(size=(8, 8))
KINSHIP = pd.DataFrame(_ROOT @ _ROOT.T / 8 + np.eye(8), index=LEVELS[::-1], columns=LEVELS[::-1])
KNOWN = {"W": EDGES, "V": EDGES.iloc[:5], "K": KINSHIP, "P": POINTS}

DISTANCES = np.array([[0, 1, 3, 4], [1, 0, 2, 3], [3, 2, 0, 1], [4, 3, 1, 0]])


def laplacian_inverse():
    """Moore-Penrose inverse of D - W, by NumPy's own routine."""
    adjacency = pd.DataFrame(0.0, index=LEVELS, columns=LEVELS)
    for first, second in EDGES.itertuples(index=False):
        adjacency.loc[first, second] = adjacency.loc[second, first] = 1.0
    w = adjacency.to_numpy()
    return np.linalg.pinv(np.diag(w.sum(axis=1)) - w, hermitian=True)


def matern(distance, smoothness, reach):
    """The Matern correlation by its definition with a Bessel function."""
    scaled = np.sqrt(2 * smoothness) * np.where(distance > 0, distance, 1.0) / reach
    value = 2 ** (1 - smoothness) / gamma_function(smoothness) * scaled**smoothness * kv(smoothness, scaled)
    return np.where(distance > 0, value, 1.0)


def partial_to_toeplitz(first, second, third):
    """Autocorrelations from partial ones by solving the normal equations lag by lag."""
    r1 = first
    r2 = second * (1 - r1**2) + r1**2
    # Partial autocorrelation at lag 3: last coefficient of the regression on three lags.
    inner = np.array([[1, r1], [r1, 1]])
    forward, backward = np.linalg.solve(inner, [r1, r2]), np.linalg.solve(inner, [r2, r1])
    left = 1 - np.array([r1, r2]) @ forward
    r3 = third * left + np.array([r2, r1]) @ forward
    assert backward[0] == pytest.approx(forward[1])
    by_lag = np.array([1, r1, r2, r3])
    return by_lag[np.abs(np.subtract.outer(range(4), range(4)))]


def scaled_by_part(inverse, parts):
    """Divide each part of a map by the geometric mean of its areas' variances."""
    result = np.zeros_like(inverse)
    for part in parts:
        chosen = np.ix_(part, part)
        result[chosen] = inverse[chosen] / np.exp(np.mean(np.log(np.diagonal(inverse)[list(part)])))
    return result


SPACE = np.sqrt(((POINTS.to_numpy()[:, None] - POINTS.to_numpy()[None]) ** 2).sum(axis=2))
Q = laplacian_inverse()
RING_ALONE = Q.copy()
RING_ALONE[5:, 5:] = 0.0
EYE = np.eye(8)
ONE = np.ones((1, 1))
# formula; values of the free parameters; A (levels); Sigma (effects), with the sd in it.
STATED = {
    "unstructured": (
        "(1 + x | g)", {"sd_g": [0.8, 0.5], "chol_corr_g": [[1, 0], [0.6, 0.8]]},
        EYE, np.array([[0.64, 0.24], [0.24, 0.25]])),
    "diagonal": (
        '(1 + x | gr(g, structure = "diagonal"))', {"sd_g": [0.8, 0.5]}, EYE, np.diag([0.64, 0.25])),
    "diagonal, heterogeneous": (
        '(0 + arm | gr(g, structure = "diagonal", heterogeneous = TRUE))',
        {"sd_g": [0.8, 0.5]}, EYE, np.diag([0.64, 0.25])),
    "diagonal, homogeneous": (
        '(0 + arm | gr(g, structure = "diagonal", heterogeneous = FALSE))',
        {"sd_g_shared": [0.7]}, EYE, 0.49 * np.eye(2)),
    "compound_symmetry": (
        '(0 + time | gr(g, structure = "compound_symmetry"))',
        {"sd_g_shared": [0.7], "chol_corr_g_raw": 0.4},
        EYE, 0.49 * ((1 - 0.2) * np.eye(4) + 0.2)),
    "ar1": (
        '(0 + time | gr(g, structure = "ar1"))', {"sd_g_shared": [0.7], "chol_corr_g_raw": 0.2},
        EYE, 0.49 * (-0.6) ** DISTANCES),
    "ar1, heterogeneous": (
        '(0 + time | gr(g, structure = "ar1", heterogeneous = TRUE))',
        {"sd_g": [0.7, 0.3, 0.5, 1.1], "chol_corr_g_raw": 0.9},
        EYE, np.outer([0.7, 0.3, 0.5, 1.1], [0.7, 0.3, 0.5, 1.1]) * 0.8**DISTANCES),
    "toeplitz": (
        '(0 + time | gr(g, structure = "toeplitz"))',
        {"sd_g_shared": [0.7], "chol_corr_g_raw": [0.8, 0.3, 0.6]},
        EYE, 0.49 * partial_to_toeplitz(0.6, -0.4, 0.2)),
    "known": (
        "(1 | gr(g, cov = K))", {"sd_g": [0.7]}, KINSHIP.loc[LEVELS, LEVELS].to_numpy(), 0.49 * ONE),
    "known, correlated effects": (
        "(1 + x | gr(g, cov = K))", {"sd_g": [0.8, 0.5], "chol_corr_g": [[1, 0], [0.6, 0.8]]},
        KINSHIP.loc[LEVELS, LEVELS].to_numpy(), np.array([[0.64, 0.24], [0.24, 0.25]])),
    "icar": ('(1 | gr(g, structure = "icar", graph = W))', {"sd_g": [0.7]}, Q, 0.49 * ONE),
    "bym2": (
        '(1 | gr(g, structure = "bym2", graph = W))', {"sd_g": [0.7], "share_g": 0.3},
        0.7 * EYE + 0.3 * scaled_by_part(Q, [range(5), range(5, 8)]), 0.49 * ONE),
    "bym2, islands": (
        '(1 | gr(g, structure = "bym2", graph = V))', {"sd_g": [0.7], "share_g": 0.3},
        0.7 * EYE + 0.3 * scaled_by_part(RING_ALONE, [range(5)]), 0.49 * ONE),
    "matern 0.5": (
        '(1 | gr(g, structure = "matern", coordinates = P, nu = 0.5))', {"sd_g": [0.7], "range_g": 1.3},
        matern(SPACE, 0.5, 1.3), 0.49 * ONE),
    "matern 1.5": (
        '(1 | gr(g, structure = "matern", coordinates = cbind(east, north)))',
        {"sd_g": [0.7], "range_g": 1.3}, matern(SPACE, 1.5, 1.3), 0.49 * ONE),
    "matern 2.5": (
        '(1 | gr(g, structure = "matern", coordinates = P, nu = 2.5))', {"sd_g": [0.7], "range_g": 2.0},
        matern(SPACE, 2.5, 2.0), 0.49 * ONE),
    "student": ('(1 | gr(g, dist = "student"))', {"sd_g": [0.7], "df_g_above": 6.0}, EYE, 0.49 * ONE),
    "student, given df": ('(1 | gr(g, dist = "student", df = 8))', {"sd_g": [0.7]}, EYE, 0.49 * ONE),
    "student, correlated": (
        '(1 + x | gr(g, dist = "student"))',
        {"sd_g": [0.8, 0.5], "chol_corr_g": [[1, 0], [0.6, 0.8]], "df_g_above": 8.0},
        EYE, np.array([[0.64, 0.24], [0.24, 0.25]])),
    "by": (
        "(1 | gr(g, by = arm))", {"sd_g": [0.7, 0.3]}, EYE, np.diag([0.49, 0.09])),
}  # fmt: skip
USER = {"sd": gb.Prior("HalfNormal", sigma=1.0)}


@cache
def model_of(formula):
    wanted = {name: table for name, table in KNOWN.items() if f"= {name}" in formula}
    return gb.Model(f"y ~ x + {formula}", DATA, priors=USER, known=wanted or None)


@cache
def compiled(formula):
    """Return a model, names of its posterior, and at a point: their values, both densities, the gradient."""
    model = model_of(formula)
    graph = model.pymc_model
    names = [variable for variable in model.definition.posterior if variable in graph.named_vars]
    outputs = graph.replace_rvs_by_values([graph[variable] for variable in names])
    # PyMC derives all densities anew for each call.
    terms, inputs = graph.logp(sum=False), graph.value_vars
    total = pt.add(*[term.sum() for term in terms])
    gradient = pt.concatenate([slope.ravel() for slope in pytensor.grad(total, inputs)])
    results = [*outputs, terms[graph.basic_RVs.index(graph["y"])].sum(), total, gradient]
    function = pytensor.function(inputs, results, mode=PLAIN, on_unused_input="ignore")
    return model, names, lambda at: function(*(at[value.name] for value in inputs))


def near_the_start(model, seed, size):
    """Return the initial point, moved."""
    point, rng = model.pymc_model.initial_point(random_seed=5), np.random.default_rng(seed)
    return {k: np.asarray(value + size * rng.standard_normal(np.shape(value))) for k, value in point.items()}


def b_of_prior(model, values, size, seed):
    """Draw b from the prior with the other parameters of the factor held at the given values."""
    return prior_draws(model.pymc_model, ["b_g"], size, seed, held=values)["b_g"].reshape(size, -1)


@pytest.mark.parametrize("name", STATED)
def test_prior_draws_have_the_stated_covariance(name):
    formula, values, levels, effects = STATED[name]
    size = 20_000
    b = b_of_prior(model_of(formula), values, size, seed=11)
    stated = np.kron(levels, effects)
    found = b.T @ b / size
    # Var(b_i b_j) from the draws themselves: right for t effects too.
    error = np.sqrt(np.maximum(((b**2).T @ (b**2)) / size - found**2, 1e-30) / size)
    assert np.abs((found - stated) / error).max() < 4.0
    assert np.abs(b.mean(axis=0)).max() < 5 * np.sqrt(np.diagonal(stated).max() / size)


@pytest.mark.parametrize("name", STATED)
def test_the_matrix_that_effects_use_is_the_stated_one(name):
    formula, values, levels, effects = STATED[name]
    model = model_of(formula)
    (prior,) = model.priors.groups
    for block in prior.blocks:
        own = {key: values[f"{key}_g"] for key in block.levels.parameters}
        np.testing.assert_allclose(block.levels.matrix(own), levels, rtol=1e-7, atol=2e-8)
        key = next((k for k in values if k.startswith("chol_corr_g")), None)
        root = block.effects.root([np.asarray(values[key], float)] if key else [])
        chosen = np.ix_(block.positions, block.positions)
        sd = np.sqrt(np.diagonal(effects)[list(block.positions)])
        np.testing.assert_allclose(root @ root.T * np.outer(sd, sd), effects[chosen], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [*STATED, "members"])
def test_arrays_of_a_structure_have_the_shapes_that_are_stated(name):
    formula, values, *_ = STATED[name] if name in STATED else (MEMBERSHIPS[name][0], {})
    draws, rows, rng = 3, 5, np.random.default_rng(6)
    (prior,) = model_of(formula).priors.groups
    for block in prior.blocks:
        structure, size = block.levels, block.effects.size
        at = {key: values[f"{key}_g"] for key in structure.parameters}
        drawn = {key: np.full(draws, value) for key, value in at.items()}
        members = rng.integers(0, structure.n_levels, (rows, 2))
        weights = rng.uniform(size=(rows, 2))
        normals = [rng.normal(size=variable.shape) for variable in structure.sampled(size)]
        assert structure.effects(normals, at).shape == (structure.n_levels, size)
        assert structure.matrix(at).shape == (structure.n_levels, structure.n_levels)
        for n in (1, 2):
            mixed = members[:, :n], weights[:, :n]
            each, of_draws = structure.row_variance(at, *mixed), structure.variance(drawn, *mixed)
            assert each.shape == (rows,)
            assert of_draws.shape in {(draws, rows), (1, rows)}
            np.testing.assert_allclose(of_draws, np.broadcast_to(each, of_draws.shape), rtol=1e-12)
        between = [np.full(v.shape, 0.4) for v in block.effects.sampled(gb.Prior("LKJ", eta=1.0))]
        assert block.effects.root(between).shape == (size, size)


def test_every_structure_is_tested():
    tested = {name.split(",")[0].split()[0] for name in STATED} | {"independent"}
    assert set(COVARIANCES) <= tested


def test_intrinsic_effects_add_up_to_zero_in_each_part_of_the_map():
    formula, values, _, _ = STATED["icar"]
    b = b_of_prior(model_of(formula), values, 50, seed=3)
    np.testing.assert_allclose(b[:, :5].sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(b[:, 5:].sum(axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize("name", STATED)
def test_gradients_are_finite_and_equal_differences(name):
    model, _, at_point = compiled(STATED[name][0])
    at = near_the_start(model, seed=2, size=0.2)
    rng = np.random.default_rng(3)
    gradient = at_point(at)[-1]
    assert np.isfinite(gradient).all()
    direction = {key: rng.standard_normal(np.shape(value)) for key, value in at.items()}
    flat = np.concatenate([np.ravel(direction[value.name]) for value in model.pymc_model.value_vars])
    step = 1e-5
    ahead, behind = ({key: at[key] + sign * step * direction[key] for key in at} for sign in (1, -1))
    slope = (at_point(ahead)[-2] - at_point(behind)[-2]) / (2 * step)
    assert float(gradient @ flat) == pytest.approx(float(slope), rel=1e-5, abs=1e-6)


MEMBERSHIPS = {
    "members": ("(1 + x | mm(g, h, weights = cbind(w1, w2)))", {}),
    "equal members": ("(1 | mm(g, h))", {}),
    "several blocks": ('(1 | g) + (0 + time | gr(g, structure = "ar1"))', {}),
    "levels beside levels": ('(1 | g) + (0 + x | gr(g, structure = "icar", graph = W))', {}),
}


@pytest.mark.parametrize("name", [*STATED, *MEMBERSHIPS])
def test_the_graph_and_the_effects_read_the_same_linear_predictor(name):
    model, names, at_point = compiled((STATED | MEMBERSHIPS)[name][0])
    *values, density, _, _ = at_point(near_the_start(model, seed=4, size=0.3))
    fit = gb.Fit.from_draws(model, {k: np.asarray(v)[None, None] for k, v in zip(names, values, strict=True)})
    pointwise = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    assert float(density) == pytest.approx(pointwise.sum(), rel=1e-10)


def test_the_weights_of_members_multiply_their_effects():
    model = model_of(MEMBERSHIPS["members"][0])
    levels = list(model.design.groups[0].labels)
    b = RNG.normal(size=(1, 1, 8, 2))
    draws = {"beta": np.zeros((1, 1, 2)), "b_mm_g_h": b, "sigma": np.ones((1, 1))}
    fit = gb.Fit.from_draws(model, draws)
    first, second = ([levels.index(label) for label in DATA[column]] for column in ("g", "h"))
    part = DATA["w1"].to_numpy()[:, None] * b[0, 0, first] + DATA["w2"].to_numpy()[:, None] * b[0, 0, second]
    expected = part[:, 0] + part[:, 1] * DATA["x"]
    found = gb.predictions(fit, estimand="subject").draws.to_numpy()[0, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
