"""A draw that one response or a residual correlation has spoiled: all draws kept, every table says so."""

import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.datatree import assemble

RNG = np.random.default_rng(3)
TABLE = pd.DataFrame({"x": RNG.normal(size=30)}).assign(
    y=lambda t: t["x"] + RNG.normal(size=30), z=lambda t: t["y"] + RNG.normal(size=30)
)
MODEL = gb.Model(gb.Formulas("y ~ x", "z ~ x", rescor=True), TABLE)
SHAPE = (2, 20)


def arrays():
    corr = np.broadcast_to(np.array([[1.0, 0.5], [0.5, 1.0]]), (*SHAPE, 2, 2)).copy()
    own = {f"{name}_{part}": RNG.normal(1, 0.1, (*SHAPE, *shape)) for name in ("f_y", "z")
           for part, shape in (("beta", (2,)), ("sigma", ()))}  # fmt: skip
    return {**own, "rescor": corr}


def fit_of(draws):
    """Put draws together as a sampler's are: nothing of them is refused."""
    tree = assemble(MODEL.definition, draws, {})
    return gb.Fit(MODEL.definition, tree, {"engine": "nutpie", "interrupted": False})


@pytest.mark.parametrize("gap", [0.0, 1e-17])
def test_a_correlation_that_rounds_to_one_spoils_the_density_of_its_draw_alone(gap):
    draws = arrays()
    draws["rescor"][1, 4] = [[1, 1 - gap], [1 - gap, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_of(draws)
    assert fit.shape == SHAPE
    density = fit.draws["log_likelihood"]["y"].to_numpy()
    bad = ~np.isfinite(density).all(axis=-1)
    assert bad[1, 4] and bad.sum() == 1


@pytest.mark.parametrize("name", ["rescor", "f_y_beta", "z_sigma"])
def test_every_table_of_every_response_names_the_draw(name):
    draws = arrays()
    draws[name][0, 7] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_of(draws)
    for part in (fit, fit["f_y"], fit["z"]):
        assert any("not finite" in words and "chain 0, draw 7" in words for words in part.caveats)
        assert "draw 7" in str(gb.diagnose(part))
    assert sum("draw 7" in words for words in fit["f_y"].caveats) == 1
