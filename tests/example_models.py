"""Models of the families' examples, and draws on them: of the prior, by hand, at a point of the graph."""

from __future__ import annotations

import warnings
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.examples import DATA, FEW, RESPONSES
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

#: Further parameters of each family, those with a default value too.
FURTHER = {family: (*FAMILIES[family].auxiliaries, *FAMILIES[family].defaults) for family in FAMILIES}
#: Families whose effects are tried; multinomial has those of categorical.
USABLE = [family for family in FAMILIES if family != "multinomial"]


@cache
def model_of(
    family: str, link: str | None = None, right: str = "x + z + (1 | g)", left: str = "", **further: Any
) -> gb.Model:
    """Return a model of the family's example; ``left`` is written after its response."""
    return _model(DATA, family, link, right, left, **further)


#: A model with three columns, and correlated effects.
large_model_of = partial(model_of, right="x + f + (1 + x | g)")


@cache
def few_rows_of(family: str, link: str | None = None, right: str = "x + (1 | g)", **further: Any) -> gb.Model:
    """Return a model of few rows of the family's example."""
    return _model(FEW, family, link, right, "", **further)


def _model(
    data: pd.DataFrame, family: str, link: str | None, right: str, left: str, **further: Any
) -> gb.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        formula = gb.Formula(f"{RESPONSES[family]}{left} ~ {right}", **further)
        return gb.Model(formula, data, family=family, link=link)


@cache
def fit_of(family: str, right: str = "x + z + (1 | g)", draws: int = 40, **further: Any) -> gb.Fit:
    """Return prior draws of a model as a fit."""
    model = model_of(family, right=right, **further)
    drawn = prior_draws(model.pymc_model, list(model.definition.posterior), draws, seed=3)
    return gb.Fit.from_draws(model, {name: values[None] for name, values in drawn.items()})


def at_a_point(
    model: gb.Model, seed: int = 1, size: float = 0.3, more: tuple[str, ...] = ()
) -> tuple[dict[str, Any], np.ndarray, bool]:
    """Return the posterior and more at a random point, row densities, and if their gradients are finite."""
    graph = model.pymc_model
    names = [*model.definition.posterior, *more]
    values = graph.value_vars
    outputs = graph.replace_rvs_by_values([graph[name] for name in names])
    # PyMC derives all densities anew for each call.
    terms = graph.logp(sum=False)
    density = terms[graph.basic_RVs.index(graph["y"])]
    total = pt.add(*[term.sum() for term in terms])
    gradients = pt.concatenate([slope.ravel() for slope in pytensor.grad(total, values)])
    compiled = pytensor.function(values, [*outputs, density, gradients], mode=PLAIN, on_unused_input="ignore")
    rng = np.random.default_rng(seed)
    moved = [size * rng.normal(size=shape) for shape in _shapes(graph)]
    *found, density, gradients = compiled(*moved)
    draws = {name: np.asarray(value)[None, None] for name, value in zip(names, found, strict=True)}
    return draws, np.asarray(density), bool(np.isfinite(gradients).all())


def _shapes(graph: Any) -> list[tuple[int, ...]]:
    """Return the shape of each value variable, where not static by its dims; compile nothing."""
    shapes = []
    for variable in graph.free_RVs:
        lengths = [len(graph.coords[dim]) for dim in graph.named_vars_to_dims.get(variable.name, ())]
        static = graph.rvs_to_values[variable].type.shape
        shapes.append(tuple(lengths[axis] if size is None else size for axis, size in enumerate(static)))
    return shapes


def draws_of(model, shape=(2, 10), seed=3, spread=0.3, sd=1.0):
    """Return moderate draws of every variable of a model; ``sd`` scales the random effects."""
    rng = np.random.default_rng(seed)
    shapes = model.definition.posterior.shapes
    result = {name: _draw(name, (*shape, *own), rng, spread, sd) for name, own in shapes.items()}
    if model.link.name in ("inverse", "inverse_squared", "identity") and "score" not in model.response.label:
        result["beta"][..., 0] = rng.uniform(2.0, 3.0, shape)
        result["beta"][..., 1:] *= 0.1
    return result


def _draw(name, size, rng, spread, sd):
    last = name.rsplit("_", 1)[0]
    if "corr_" in name:
        rho = np.zeros(size) + np.eye(size[-1])
        off = 0.4 * (1 - np.eye(size[-1]))
        return rho + off
    if "sd_" in name:
        return sd * rng.uniform(0.3, 0.7, size)
    if name.startswith("b_") or "_b_" in name:
        return sd * rng.normal(0, 0.4, size)
    if name == "thresholds":
        return np.sort(rng.normal(0, 1, size), axis=-1)
    if name in ("zi", "hu", "zoi", "coi"):
        return rng.uniform(0.2, 0.6, size)
    if name == "nu":
        return rng.uniform(4.0, 12.0, size)
    if name in ("sigma", "shape", "phi", "kappa", "disc", "alpha"):
        return rng.uniform(0.7, 2.0, size)
    assert "beta" in name or last, name
    return rng.normal(0.3, spread, size)
