"""A model with covariance structures keeps its matrices, its draws and its effects through a file."""

import itertools

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

LEVELS = ["a", "b", "c", "d", "e"]
DATA = pd.DataFrame(
    {
        "g": np.resize(LEVELS, 40),
        "h": np.resize(LEVELS[::-1], 40),
        "time": np.repeat([1, 2, 3, 4], 10),
        "arm": np.where(np.isin(np.resize(LEVELS, 40), ["a", "b"]), "old", "new"),
        "w": np.linspace(0.1, 0.9, 40),
        "east": np.resize([0.0, 1.0, 2.0, 4.0, 7.0], 40),
        "y": np.resize([0, 1, 1, 0, 1, 0, 0], 40),
    }
)
KNOWN = {
    "W": pd.DataFrame(list(itertools.pairwise(LEVELS))),
    "K": pd.DataFrame(np.eye(5) + 0.2, index=LEVELS, columns=LEVELS),
    "P": {level: (float(rank), 0.0) for rank, level in enumerate(LEVELS)},
}
FORMULAS = [
    "y ~ w + (1 + w | gr(g, by = arm))",
    "y ~ w + (1 | gr(g, cov = K))",
    'y ~ w + (1 | gr(g, structure = "icar", graph = W))',
    'y ~ w + (1 | gr(g, structure = "bym2", graph = W)) + (1 | h)',
    'y ~ w + (1 | gr(g, structure = "matern", coordinates = P, nu = 2.5))',
    'y ~ w + (1 | gr(g, structure = "matern", coordinates = cbind(east)))',
    'y ~ w + (1 | gr(g, dist = "student"))',
    "y ~ w + (1 | mm(g, h, weights = cbind(w, 1 - w)))",
    'y ~ w + (1 | g) + (0 + time | gr(g, structure = "ar1"))',
    'y ~ w + (0 + C(time) | gr(g, structure = "toeplitz", heterogeneous = TRUE))',
    "y ~ w + (arm || g)",
    "y ~ w + (1 |i| g) + (0 + w |i| g)",
]


def fit_of(formula):
    wanted = {name: table for name, table in KNOWN.items() if f"= {name}" in formula}
    model = gb.Model(formula, DATA, family="bernoulli", known=wanted or None)
    rng = np.random.default_rng(1)
    draws = {}
    for name, own in model.definition.posterior.shapes.items():
        shape = (2, 3, *own)
        draws[name] = rng.normal(size=shape)
        if name.startswith(("sd_", "range_")):
            draws[name] = np.abs(draws[name])
        elif name.startswith("corr_"):
            draws[name] = np.broadcast_to(0.7 * np.eye(shape[-1]) + 0.3, shape)
        elif name.startswith(("share_", "df_")):
            draws[name] = np.full(shape, 0.4 if name.startswith("share_") else 5.0)
    return gb.Fit.from_draws(model, draws)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_saved_structure_gives_the_same_numbers(formula, tmp_path):
    fit = fit_of(formula)
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    assert again.spec == fit.spec
    for word in ("population", "typical", "subject"):
        first, second = (gb.predictions(one, estimand=word).draws.to_numpy() for one in (fit, again))
        np.testing.assert_array_equal(first, second)
    pd.testing.assert_frame_equal(
        gb.variance_components(fit).summary(), gb.variance_components(again).summary()
    )
    pd.testing.assert_frame_equal(gb.random_effects(fit).summary(), gb.random_effects(again).summary())
    again.save(tmp_path / "b.glmm")
    assert (tmp_path / "a.glmm").read_bytes() == (tmp_path / "b.glmm").read_bytes()


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_parameter_of_a_structure_has_a_line_in_print_and_summary(formula):
    fit = fit_of(formula)
    text = str(
        gb.Model(fit.spec, DATA, known={n: t for n, t in KNOWN.items() if f"= {n}" in formula} or None)
    )
    for name in fit.definition.posterior:
        if name not in ("beta", *(f"b_{group.slug}" for group in fit.design.groups)):
            assert name in text
            assert any(row.startswith(name) for row in gb.summary(fit).index)
