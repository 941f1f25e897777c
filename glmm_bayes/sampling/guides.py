"""Models in, what is known of their starts out: centres, and the likelihood that starts are judged by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.families.likelihood import log_likelihood
from glmm_bayes.families.parameters import Law
from glmm_bayes.families.residuals import log_density
from glmm_bayes.fit.linear_predictor import subject_values
from glmm_bayes.fit.own_draws import own_draws
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import NU, RESCOR, of_response
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.resolve import ResponseDefinition
from glmm_bayes.sampling.null_model import NullModel, null_model, without_margin
from glmm_bayes.sampling.start_centres import (
    Centre,
    Excluded,
    centres,
    default_priors,
    law_centre,
    scales_of,
)
from glmm_bayes.sampling.starts import Guide

_ALL = slice(None)


def guide_of(definition: ModelDefinition) -> Guide:
    """Return what is known of the starts of a model: centres, and the likelihood without effects."""
    start_centres: dict[str, Centre] = {}
    excluded: list[Excluded] = []
    values: dict[str, Array] = {}
    plain: dict[str, Priors] = {}
    for name, one in definition.responses.items():
        null, response_centres = _centres(definition, name, excluded)
        start_centres |= response_centres
        if definition.rescor is not None and isinstance(definition.nu, Law):
            values[NU] = np.array([null.auxiliary[NU]])
            start_centres |= law_centre(NU, definition.nu, null.auxiliary[NU], [])
        prefix = definition.prefix(name)
        values |= {of_response(prefix, key): array for key, array in null.draws(one.priors).items()}
        plain[name] = without_margin(one.priors)
    if definition.rescor is not None:
        values[RESCOR] = np.eye(len(definition.responses))[None]

    def likelihood(draws: Mapping[str, Array]) -> float:
        return _together(definition, draws, {name: one.priors for name, one in definition.responses.items()})

    with np.errstate(all="ignore"):
        value = _together(definition, values, plain)
    observed = 1 if definition.rescor is not None else len(definition.responses)
    ends = " ".join(one.family.words_of_ends(one.link) for one in definition.responses.values()).strip()
    return Guide(start_centres, likelihood, value, definition.numbers, tuple(excluded), observed, ends)


def _centres(
    definition: ModelDefinition, name: str, excluded: list[Excluded]
) -> tuple[NullModel, dict[str, Centre]]:
    """Return a response's model without effects, and centres under the names that the graph has."""
    one = definition.responses[name]
    defaults = default_priors(one)
    scales = scales_of(one.family, one.response, one.priors)

    def likelihood(draws: Mapping[str, Array], plain: Priors) -> float:
        return _likelihood(one, draws, plain)

    null = null_model(one.family, one.priors, defaults, scales, likelihood)
    return null, centres(definition.response_priors[name], scales, null, excluded, definition.prefix(name))


def _likelihood(one: ResponseDefinition, draws: Mapping[str, Array], priors: Priors) -> float:
    at, response = subject_values(draws, priors, _ALL), one.response
    rows = log_likelihood(one.family, response.values, response.trials, at, response.additions, NUMPY)
    return float(np.sum(rows))


def _together(definition: ModelDefinition, draws: Mapping[str, Array], priors: Mapping[str, Priors]) -> float:
    """Return the log likelihood of all responses at one draw, each under the priors that are given."""
    # As arrays of one chain with one draw.
    wide = {name: array[None] for name, array in draws.items()}
    response_draws = {
        name: {key: array[0] for key, array in own_draws(definition, name, wide).items()}
        for name in definition.responses
    }
    if definition.rescor is None:
        return sum(
            _likelihood(one, response_draws[name], priors[name]) for name, one in definition.responses.items()
        )
    at = [subject_values(response_draws[name], priors[name], _ALL) for name in definition.responses]
    observed = np.stack([one.response.values for one in definition.responses.values()], axis=1)
    shape = (1, len(observed))
    mu, sigma = (
        np.stack([np.broadcast_to(one[name].value, shape) for one in at], axis=-1) for name in ("mu", "sigma")
    )
    chol = np.linalg.cholesky(draws[RESCOR])
    nu = None if definition.nu is None else np.broadcast_to(at[0][NU].value[:, 0], 1)
    size = observed.shape[1]
    return float(np.sum(log_density(observed, mu, sigma, chol, nu, size=size, m=NUMPY)))
