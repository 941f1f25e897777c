"""Draws of several responses in, those of one of them out, under the names of a model of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import NU, of_response


def own_draws(
    definition: ModelDefinition, response: str, posterior: Mapping[str, Array]
) -> Mapping[str, Array]:
    """Return the draws of one response under the names that they have in a model of its own.

    Parameters
    ----------
    definition : ModelDefinition
    response : str
    posterior : mapping of str to ndarray, shape (chain, draw, ...)
    """
    if definition.is_single:
        return posterior
    priors, joint_priors = definition.responses[response].priors, definition.priors
    names = {name: of_response(response, name) for name in definition.alone(response).posterior}
    result = {name: posterior[together] for name, together in names.items() if together in posterior}
    if NU in priors.auxiliary and NU in joint_priors.auxiliary and NU in posterior:
        result[NU] = posterior[NU]
    # The correlations between effects of one response's parameters are part of those of all responses.
    for block in priors.shared:
        keys = [(of_response(response, name), index) for name, index in block.members]
        shared = next(one for one in joint_priors.shared if keys[0] in one.members)
        if shared.names.correlation in posterior:
            at = [
                shared.start(member) + step
                for member, key in enumerate(shared.members)
                if key in keys
                for step in range(len(shared.positions[member]))
            ]
            matrix = posterior[shared.names.correlation]
            result[block.names.correlation] = np.ascontiguousarray(matrix[:, :, at][:, :, :, at])
    return result
