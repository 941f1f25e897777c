"""A model in, a fit of one draw out that nobody sampled: what a verb refuses of it, it refuses of every fit.

The draw lies at the centre of the default priors, on the scale of the data, where nothing is extreme.
"""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.families.parameters import law_of
from glmm_bayes.fit.datatree import assemble
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.supports import SUPPORTS, inside
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.group_priors import default_sd
from glmm_bayes.priors.names import FactorNames
from glmm_bayes.priors.prior_densities import median
from glmm_bayes.sampling.null_model import NullModel, null_coefficients
from glmm_bayes.sampling.start_centres import default_priors, scales_of


def rehearsal(definition: ModelDefinition) -> Fit:
    """Return a fit of one draw of a model of one response; nothing is compiled, no likelihood climbed."""
    draw = _centre(definition)
    arrays = {name: value[None, None] for name, value in draw.items()}
    with np.errstate(all="ignore"):
        tree = assemble(definition, arrays, {})
    return Fit(definition, tree, {"engine": "none: one draw from the centre of the default priors"})


def _centre(definition: ModelDefinition) -> dict[str, Array]:
    """Return one value of every variable of the posterior."""
    one, posterior = definition.first, definition.posterior
    priors, defaults = one.priors, default_priors(one)
    draw = {
        name: inside(SUPPORTS[variable.support], posterior.shapes[name])
        for name, variable in posterior.variables.items()
    }
    null = NullModel(
        {name: null_coefficients(predictor) for name, predictor in defaults.predictors.items()},
        {name: median(law) for name, law in defaults.auxiliary.items()},
    )
    draw |= {name: value[0] for name, value in null.draws(priors).items()}
    scales = scales_of(one.family, one.response, priors)
    for name, predictor in priors.predictors.items():
        for group, prior in zip(predictor.design.groups, defaults.predictors[name].groups, strict=True):
            names = FactorNames(predictor.names, group.slug)
            draw |= {names.of(key): np.array(median(law_of(law))) for key, law in prior.parameters.items()}
            every = range(len(group.effects))
            sd = [median(law_of(default_sd(group, k, predictor.design, scales[name]))) for k in every]
            draw[names.of("sd")] = np.array(sd)
    return draw
