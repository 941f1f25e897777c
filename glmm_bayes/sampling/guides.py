"""Models in, what is known of their starts out: centres, and the likelihood that starts are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families import Family, Response
from glmm_bayes.families.likelihood import log_likelihood
from glmm_bayes.families.parameters import Law
from glmm_bayes.families.residuals import log_density
from glmm_bayes.fit.linear_predictor import subject_values
from glmm_bayes.fit.several_responses import own_draws
from glmm_bayes.priors.joint_priors import NU, RESCOR, JointPriors
from glmm_bayes.priors.priors import Priors
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
from glmm_bayes.spec.model_spec import ModelSpec

Array = NDArray[np.float64]

_ALL = slice(None)


def guide_of(family: Family, response: Response, spec: ModelSpec, priors: Priors) -> Guide:
    """Return what is known of the starts of a model of one response."""
    excluded: list[Excluded] = []
    null, found = _centres(family, response, spec, priors, priors, excluded)

    def likelihood(draws: Mapping[str, Array]) -> float:
        return _likelihood(family, response, draws, priors)

    with np.errstate(all="ignore"):
        value = _likelihood(family, response, null.draws(priors), without_margin(priors))
    return Guide(found, likelihood, value, len(response.values), tuple(excluded))


def _centres(
    family: Family,
    response: Response,
    spec: ModelSpec,
    priors: Priors,
    named: Priors,
    excluded: list[Excluded],
    prefix: str = "",
) -> tuple[NullModel, dict[str, Centre]]:
    """Return the model without effects, and centres under the names that the graph has."""
    defaults = default_priors(family, response, spec, priors)
    scales = scales_of(family, response, priors)

    def likelihood(draws: Mapping[str, Array], plain: Priors) -> float:
        return _likelihood(family, response, draws, plain)

    null = null_model(family, priors, defaults, scales, likelihood)
    return null, centres(named, scales, null, excluded, prefix)


def _likelihood(family: Family, response: Response, draws: Mapping[str, Array], priors: Priors) -> float:
    at = subject_values(draws, priors, _ALL)
    rows = log_likelihood(family, response.values, response.trials, at, response.additions, NUMPY)
    return float(np.sum(rows))


def joint_guide(members: Mapping[str, Any], joint: JointPriors) -> Guide:
    """Return what is known of the starts of a model of several responses."""
    found: dict[str, Centre] = {}
    excluded: list[Excluded] = []
    values: dict[str, Array] = {}
    for slug, part in joint.parts.items():
        member = members[slug]
        null, own = _centres(
            part.family, part.response, member.spec, member.priors, part.priors, excluded, f"{slug}_"
        )
        found |= own
        if joint.rescor is not None and isinstance(joint.nu, Law):
            values[NU] = np.array([null.auxiliary[NU]])
            found |= law_centre(NU, joint.nu, null.auxiliary[NU], [])
        values |= {f"{slug}_{name}": array for name, array in null.draws(member.priors).items()}
    rows = len(next(iter(joint.parts.values())).response.values)
    if joint.rescor is not None:
        values[RESCOR] = np.eye(len(joint.parts))[None]

    def likelihood(draws: Mapping[str, Array]) -> float:
        return _joint_likelihood(members, joint, draws)

    with np.errstate(all="ignore"):
        value = likelihood(values)
    observed = 1 if joint.rescor is not None else len(joint.parts)
    return Guide(found, likelihood, value, rows * len(joint.parts), tuple(excluded), observed)


def _joint_likelihood(members: Mapping[str, Any], joint: JointPriors, draws: Mapping[str, Array]) -> float:
    # As arrays of one chain with one draw.
    wide = {name: array[None] for name, array in draws.items()}
    own = {
        slug: {name: array[0] for name, array in own_draws(slug, member.priors, joint, wide).items()}
        for slug, member in members.items()
    }
    if joint.rescor is None:
        return sum(
            _likelihood(part.family, part.response, own[slug], members[slug].priors)
            for slug, part in joint.parts.items()
        )
    at = [subject_values(own[slug], member.priors, _ALL) for slug, member in members.items()]
    observed = np.stack([part.response.values for part in joint.parts.values()], axis=1)
    shape = (1, len(observed))
    mu, sigma = (
        np.stack([np.broadcast_to(one[name].value, shape) for one in at], axis=-1) for name in ("mu", "sigma")
    )
    chol = np.linalg.cholesky(draws[RESCOR])
    nu = None if joint.nu is None else np.broadcast_to(at[0][NU].value[:, 0], 1)
    size = observed.shape[1]
    return float(np.sum(log_density(observed, mu, sigma, chol, nu, size=size, m=NUMPY)))
