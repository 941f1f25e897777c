"""Models in, what is known of their starts out: centres, and the likelihood that starts are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY
from glmm_bayes.graph.families import Family, Response
from glmm_bayes.graph.families.parameters import Law
from glmm_bayes.graph.families.thresholds import median_start
from glmm_bayes.graph.joint_priors import NU, RESCOR, JointPriors
from glmm_bayes.graph.likelihood import log_likelihood
from glmm_bayes.graph.predictors import Predictor
from glmm_bayes.graph.priors import Priors
from glmm_bayes.graph.residuals import log_density
from glmm_bayes.infer.many_responses import own_draws
from glmm_bayes.infer.predictor import subject_values
from glmm_bayes.infer.start_centres import (
    Excluded,
    centres,
    columns_of_coefficients,
    default_priors,
    law_centre,
    median,
    null_coefficients,
    scales_of,
)
from glmm_bayes.infer.starts import Guide
from glmm_bayes.spec.model_spec import ModelSpec

Array = NDArray[np.float64]

_ALL = slice(None)


def guide_of(family: Family, response: Response, spec: ModelSpec, priors: Priors) -> Guide:
    """Return what is known of the starts of a model of one response."""
    defaults = default_priors(family, response, spec, priors)
    excluded: list[Excluded] = []
    found = centres(priors, defaults, scales_of(family, response, priors), excluded)

    def likelihood(draws: Mapping[str, Array]) -> float:
        at = subject_values(draws, priors, _ALL)
        return float(
            np.sum(log_likelihood(family, response.values, response.trials, at, response.additions, NUMPY))
        )

    with np.errstate(all="ignore"):
        null = likelihood(null_draws(priors, defaults))
    return Guide(found, likelihood, null, len(response.values), tuple(excluded))


def joint_guide(members: Mapping[str, Any], joint: JointPriors) -> Guide:
    """Return what is known of the starts of a model of several responses."""
    found: dict[str, Any] = {}
    excluded: list[Excluded] = []
    null: dict[str, Array] = {}
    for slug, part in joint.parts.items():
        member = members[slug]
        defaults = default_priors(part.family, part.response, member.spec, member.priors)
        scales = scales_of(part.family, part.response, member.priors)
        found |= centres(part.priors, defaults, scales, excluded, f"{slug}_")
        if joint.rescor is not None and isinstance(joint.nu, Law):
            degrees = median(defaults.auxiliary[NU])
            null[NU] = np.array([degrees])
            found |= law_centre(NU, joint.nu, degrees, [])
        own = null_draws(member.priors, defaults)
        null |= {f"{slug}_{name}": values for name, values in own.items()}
    rows = len(next(iter(joint.parts.values())).response.values)
    if joint.rescor is not None:
        null[RESCOR] = np.eye(len(joint.parts))[None]

    def likelihood(draws: Mapping[str, Array]) -> float:
        return _joint_likelihood(members, joint, draws)

    with np.errstate(all="ignore"):
        value = likelihood(null)
    observed = 1 if joint.rescor is not None else len(joint.parts)
    return Guide(found, likelihood, value, rows * len(joint.parts), tuple(excluded), observed)


def _joint_likelihood(members: Mapping[str, Any], joint: JointPriors, draws: Mapping[str, Array]) -> float:
    at = {}
    for slug, member in members.items():
        # As arrays of one chain with one draw.
        wide = {name: values[None] for name, values in draws.items()}
        own = {name: values[0] for name, values in own_draws(slug, member.priors, joint, wide).items()}
        at[slug] = subject_values(own, member.priors, _ALL)
    if joint.rescor is None:
        return float(sum(
            np.sum(log_likelihood(part.family, part.response.values, part.response.trials, at[slug],
                                  part.response.additions, NUMPY))
            for slug, part in joint.parts.items()
        ))  # fmt: skip
    observed = np.stack([part.response.values for part in joint.parts.values()], axis=1)
    shape = (1, len(observed))
    mu, sigma = (
        np.stack([np.broadcast_to(one[name].value, shape) for one in at.values()], axis=-1)
        for name in ("mu", "sigma")
    )
    chol = np.linalg.cholesky(draws[RESCOR])
    nu = None if joint.nu is None else np.broadcast_to(next(iter(at.values()))[NU].value[:, 0], 1)
    size = observed.shape[1]
    return float(np.sum(log_density(observed, mu, sigma, chol, nu, size=size, m=NUMPY)))


def null_draws(priors: Priors, defaults: Priors) -> dict[str, Array]:
    """Return the reported variables, shape (1, ...), of the model without effects."""
    result: dict[str, Array] = {}
    for name, predictor in priors.predictors.items():
        usual = defaults.predictors[name]
        beta = columns_of_coefficients(predictor) @ null_coefficients(usual)
        level = 0 if predictor.design.state.has_intercept else 1
        plain = replace(predictor, response="")
        result[plain.variable("beta")] = beta[None, level:]
        result |= _null_effects(plain)
    result |= {name: np.array([median(law)]) for name, law in defaults.auxiliary.items()}
    if priors.thresholds is not None:
        count = len(priors.thresholds.labels)
        result["thresholds"] = median_start(count + 1, priors.first.link)[None]
    return result


def _null_effects(predictor: Predictor) -> dict[str, Array]:
    """Return random effects of 0, with next to no variance."""
    result: dict[str, Array] = {}
    for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
        size = len(group.effects)
        result[predictor.variable(f"b_{group.slug}")] = np.zeros((1, len(group.levels), size))
        result[predictor.variable(f"sd_{group.slug}")] = np.full((1, size), 1e-8)
        result[predictor.variable(f"corr_{group.slug}")] = np.eye(size)[None]
        for name in prior.single_values:
            result[predictor.variable(f"{name}_{group.slug}")] = np.array([0.5 if name == "share" else 10.0])
    return result
