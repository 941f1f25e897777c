"""Responses of a row whose residuals are correlated in, one observed variable of them all out."""

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
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.graph.random_effects import correlation_root, sample_law
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import NU, RESCOR, other, sampled_for


def observe_together(definition: ModelDefinition, at: Mapping[str, Mapping[str, RowValue]]) -> None:
    """Add the rows of all responses, with a multivariate normal or t distribution, as one variable."""
    assert definition.rescor is not None
    values = np.stack([part.response.values for part in definition.responses.values()], axis=1)
    rows, size = values.shape
    chol = correlation_root(Unstructured(range(size), {}), sampled_for(RESCOR, "chol"), definition.rescor)
    pm.Deterministic(RESCOR, pt.dot(chol, chol.T), dims=("response", other("response")))
    mu, sigma = (
        pt.stack([pt.broadcast_to(one[name].value, (rows,)) for one in at.values()], axis=1)
        for name in ("mu", "sigma")
    )
    arguments = [mu, sigma, chol]
    if isinstance(definition.nu, Law):
        arguments.append(sample_law(NU, definition.nu))
    elif definition.nu is not None:
        arguments.append(pt.constant(np.float64(definition.nu)))

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
        signature="(r),(r),(r,r)" + (",()" if definition.nu is not None else "") + "->(r)",
        class_name="CorrelatedResponses",
        observed=pm.Data("observed", values, dims=("row", "response")),
        dims=("row", "response"),
    )
