"""A model in, a fit of one draw out that nobody sampled: what a verb refuses of it, it refuses of every fit.

The draw lies at the centre of the default priors, on the scale of the data, where nothing is extreme.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.families.parameters import law_of
from glmm_bayes.fit.datatree import assemble, coordinates, dimensions
from glmm_bayes.fit.fit import Fit, Modelled
from glmm_bayes.fit.supports import ANY, inside, supports
from glmm_bayes.priors.group_priors import default_sd
from glmm_bayes.priors.prior_densities import median
from glmm_bayes.sampling.null_model import NullModel, null_coefficients
from glmm_bayes.sampling.start_centres import default_priors, scales_of

Array = NDArray[np.float64]


def rehearsal(model: Modelled) -> Fit:
    """Return a fit of one draw; nothing is compiled, and no likelihood is climbed."""
    family = FAMILIES[model.spec.family]
    draw = _centre(model, family)
    arrays = {name: value[None, None] for name, value in draw.items()}
    with np.errstate(all="ignore"):
        tree = assemble(arrays, {}, model.response, model.priors, family)
    settings = {"engine": "none: one draw from the centre of the default priors"}
    return Fit(model.spec, model.design, model.response, model.priors, tree, settings, model.known)


def _centre(model: Modelled, family: Family) -> dict[str, Array]:
    """Return one value of every variable of the posterior."""
    priors = model.priors
    sizes = {name: len(labels) for name, labels in coordinates(priors).items()}
    shapes = {name: tuple(sizes[dim] for dim in dims) for name, dims in dimensions(priors).items()}
    supported = supports(priors, family.kinds)
    draw = {name: inside(supported.get(name, ANY), shape) for name, shape in shapes.items()}
    defaults = default_priors(family, model.response, model.spec, priors)
    null = NullModel(
        {name: null_coefficients(one) for name, one in defaults.predictors.items()},
        {name: median(law) for name, law in defaults.auxiliary.items()},
    )
    draw |= {name: value[0] for name, value in null.draws(priors).items()}
    scales = scales_of(family, model.response, priors)
    for name, predictor in priors.predictors.items():
        for group, prior in zip(predictor.design.groups, defaults.predictors[name].groups, strict=True):
            own = {key: median(law_of(one)) for key, one in prior.parameters.items()}
            draw |= {predictor.variable(f"{key}_{group.slug}"): np.array(value) for key, value in own.items()}
            every = range(len(group.effects))
            sd = [median(law_of(default_sd(group, k, predictor.design, scales[name]))) for k in every]
            draw[predictor.variable(f"sd_{group.slug}")] = np.array(sd)
    return draw
