"""Fits whose draws vary, and the draws of new groups that they give."""

from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb

RNG = np.random.default_rng(4)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": np.resize([-1.0, 0.0, 0.5, 2.0], ROWS),
        "t": np.resize(["a", "b", "b"], ROWS),
        "g": np.resize(range(1, 11), ROWS),
        "h": np.resize(list("uvw"), ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "count": np.resize([0, 2, 1, 4, 1], ROWS),
        "y": RNG.normal(size=ROWS),
    }
)
RESPONSES = {"gaussian": "y", "bernoulli": "bit", "poisson": "count"}
MANY = 4000


@cache
def fit_of(family="bernoulli", right="x + (1 + x | g) + (1 | h)", shape=(2, 30), sd=1.0, link=None):
    """A fit whose draws vary; sd scales the random effects."""
    model = gb.Model(f"{RESPONSES[family]} ~ {right}", DATA, family=family, link=link)
    rng = np.random.default_rng(11)
    draws = {"beta": rng.normal(0, 0.4, (*shape, len(model.design.coefficients)))}
    for group in model.design.groups:
        size = len(group.effects)
        draws[f"sd_{group.slug}"] = sd * rng.uniform(0.4, 1.2, (*shape, size))
        if size > 1:
            corr = np.tile(np.eye(size), (*shape, 1, 1))
            corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.9, 0.9, shape)
            draws[f"corr_{group.slug}"] = corr
        draws[f"b_{group.slug}"] = sd * rng.normal(size=(*shape, len(group.levels), size))
    if family == "gaussian":
        draws["sigma"] = rng.uniform(0.5, 2.0, shape)
    return gb.Fit.from_draws(model, draws)


def new(fit, rows=None, **arguments):
    """Draws of ``new_subject``, shape (draw, row)."""
    words = arguments.setdefault("estimand", "new_subject")
    if "new_subject" in ([words] if isinstance(words, str) else words.values()):
        arguments.setdefault("per", "label")
    draws = gb.predictions(fit, None if rows is None else pd.DataFrame(rows), **arguments).draws
    return draws.to_numpy().reshape(-1, draws.sizes["row"])


def near(found, wanted):
    """The sums behind them may be taken in another order."""
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def within_error(sample, exact, axis=0):
    error = sample.std(axis=axis) / np.sqrt(sample.shape[axis])
    assert (np.abs(sample.mean(axis=axis) - exact) < 4 * error).all()
