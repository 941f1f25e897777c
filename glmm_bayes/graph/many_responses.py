"""Priors of several responses in, one pm.Model of all of them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.core.row_value import RowValue
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.families.parameters import Law
from glmm_bayes.families.residuals import log_density, random_residuals
from glmm_bayes.graph.build import (
    joint_correlation,
    observe,
    response_values,
    shared_units,
)
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.graph.random_effects import correlation_root, sample_law
from glmm_bayes.priors.coordinates import effect_coordinates, response_coordinates
from glmm_bayes.priors.joint_priors import NU, RESCOR, JointPriors


def build_joint_graph(joint: JointPriors) -> pm.Model:
    """Write the model of several responses in PyMC.

    Variables of a response have its name in front: ``y1_beta``, ``y1_sd_<factor>``, ``y1_sigma``. Effects
    under one label are one block of effects, with ``joint_corr_<label>``. Each response is an observed
    variable of its own name; with residual correlations, ``rescor``, all are one, ``y``.
    """
    with pm.Model(coords=_coordinates(joint)) as model:
        units = shared_units(joint.whole)
        roots: dict[tuple[str, int], Any] = {}
        at = {
            slug: response_values(part.priors, units, roots, f"{slug}_") for slug, part in joint.parts.items()
        }
        for shared in joint.whole.shared:
            joint_correlation(shared, units[shared.label], roots)
        if joint.rescor is None:
            for slug, part in joint.parts.items():
                observe(part.family, part.response, at[slug], slug, f"{slug}_")
        else:
            _observe_together(joint, at)
    return model


def _coordinates(joint: JointPriors) -> dict[str, Any]:
    result = effect_coordinates(joint.whole)
    for slug, part in joint.parts.items():
        result |= response_coordinates(part.priors, part.response, f"{slug}_")
    if joint.rescor is not None:
        result["response"] = result["response_other"] = list(joint.parts)
    return result


def _observe_together(joint: JointPriors, at: Mapping[str, Mapping[str, RowValue]]) -> None:
    """Add the rows of all responses, with a multivariate normal or t distribution, as one variable."""
    assert joint.rescor is not None
    values = np.stack([part.response.values for part in joint.parts.values()], axis=1)
    rows, size = values.shape
    chol = correlation_root(Unstructured(range(size), {}), "rescor_chol", joint.rescor)
    pm.Deterministic(RESCOR, pt.dot(chol, chol.T), dims=("response", "response_other"))
    mu, sigma = (
        pt.stack([pt.broadcast_to(one[name].value, (rows,)) for one in at.values()], axis=1)
        for name in ("mu", "sigma")
    )
    arguments = [mu, sigma, chol]
    if joint.nu is not None:
        nu = sample_law(NU, joint.nu) if isinstance(joint.nu, Law) else pt.constant(np.float64(joint.nu))
        arguments.append(nu)

    def logp(value: Any, *given: Any) -> Any:
        return log_density(value, *given[: len(arguments)], size=size, m=GRAPH)

    def random(*given: Any, rng: np.random.Generator | None = None, **_: Any) -> Any:
        assert rng is not None
        return random_residuals(rng, *given[: len(arguments)])

    pm.CustomDist(
        "y",
        *arguments,
        logp=logp,
        random=random,
        signature="(r),(r),(r,r)" + (",()" if joint.nu is not None else "") + "->(r)",
        class_name="CorrelatedResponses",
        observed=pm.Data("observed", values, dims=("row", "response")),
        dims=("row", "response"),
    )
