"""A fit of draws written by hand, and a call of every verb and every other output of it."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

ROWS = {"x": [0.0, 1.0], "w": [0, 0], "g": ["a", "b"]}


def frame():
    rng = np.random.default_rng(3)
    size, levels = 60, 6
    data = pd.DataFrame({"x": rng.normal(size=size).round(2), "g": np.repeat(list("abcdef"), size // levels)})
    data["w"] = data["g"].isin(["a", "b", "c"]).astype(int)
    return data.assign(y=rng.integers(0, 2, size))


@cache
def fit(seed=1):
    model = gb.Model("y ~ x + w + (1 | g)", frame(), family="bernoulli")
    rng = np.random.default_rng(seed)
    draws = {
        "beta": rng.normal([0.2, 1.5, -0.4], 0.2, (2, 40, 3)),
        "sd_g": rng.uniform(0.5, 1.5, (2, 40, 1)),
        "b_g": rng.normal(size=(2, 40, 6, 1)),
    }
    return gb.Fit.from_draws(model, draws)


#: Each verb, asked for at least two rows.
VERBS = {
    "predictions": lambda fit, **how: gb.predictions(fit, ROWS, **how),
    "comparisons": lambda fit, **how: gb.comparisons(fit, "w", newdata=ROWS, by="x", **how),
    "slopes": lambda fit, **how: gb.slopes(fit, "x", newdata=ROWS, by=False, **how),
    "fan": lambda fit, **how: gb.fan(fit, ROWS, **how),
    "coefficients": gb.coefficients,
    "variance_components": gb.variance_components,
    "random_effects": gb.random_effects,
    "ranks": gb.ranks,
    "icc": lambda fit, **how: gb.icc(fit, ROWS, **how),
    "r2": gb.r2,
    "attenuation": lambda fit, **how: gb.attenuation(fit, ROWS, **how),
    "implied_correlation": lambda fit, **how: gb.implied_correlation(
        fit, {"x": [0.0, 1.0, 2.0], "w": [0] * 3}, **how
    ),
    "median_ratio": lambda fit, **how: gb.median_ratio(fit, ROWS, **how),
    "interval_ratio": lambda fit, **how: gb.interval_ratio(fit, "w", **how),
}
#: Those that returned data frames before.
FRAMES = tuple(name for name in VERBS if name not in ("predictions", "comparisons", "slopes", "fan"))
#: Those whose only row is one quantity.
SINGLE = ("median_ratio",)


def every_verb(names=tuple(VERBS)):
    return pytest.mark.parametrize("verb", names)


#: Outputs that are no results, each as the text that a reader has of it.
OUTPUTS = {
    "summary": lambda fit, **how: str(gb.summary(fit, **how)),
    "gee": lambda fit, **how: str(gb.gee(fit, **how)),
    "gee_check": lambda fit, **how: str(gb.gee_check(fit, draws=20, **how)),
    "estimands": lambda fit, **how: str(gb.estimands(fit, "w", **how)),
    "estimands drawn": lambda fit, **how: gb.estimands(fit, "w", **how).plot().alt,
    "pp_check": lambda fit, **how: gb.pp_check(fit, **how).alt,
    "plot_curves": lambda fit, **how: gb.plot_curves(fit, **how).alt,
    "plot_random_effects": lambda fit, **how: gb.plot_random_effects(fit, **how).alt,
}
