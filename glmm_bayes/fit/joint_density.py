"""Draws of several responses with correlated residuals in, the log likelihood of each row of them out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.families.residuals import log_density
from glmm_bayes.fit.linear_predictor import needed_variables, subject_values
from glmm_bayes.fit.log_likelihood import priors_at
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import NU, RESCOR, of_response
from glmm_bayes.priors.priors import Priors


@dataclass(frozen=True)
class JointDensity:
    """The log likelihood of all responses of each row together, their residuals correlated."""

    definition: ModelDefinition
    priors: Priors
    observed: Array

    @classmethod
    def of(cls, definition: ModelDefinition) -> JointDensity:
        """Take the priors and the responses of a model."""
        observed = [one.response.values for one in definition.responses.values()]
        return cls(definition, definition.priors, np.stack(observed, axis=1))

    @property
    def needed(self) -> list[str]:
        """Variables of the posterior that it is computed from."""
        return [*needed_variables(self.priors), RESCOR]

    def __len__(self) -> int:
        return len(self.observed)

    def take(self, rows: NDArray[np.int64]) -> JointDensity:
        """Keep the given rows."""
        return replace(self, priors=priors_at(self.priors, rows), observed=self.observed[rows])

    def __call__(self, draws: Mapping[str, Array]) -> Array:
        """Return the log likelihoods, shape (draw, row)."""
        at, chol = subject_values(draws, self.priors, slice(None)), _roots(draws[RESCOR])
        shape, responses = (len(chol), len(self)), self.definition.responses
        mu, sigma = (
            np.stack([np.broadcast_to(at[of_response(one, name)].value, shape) for one in responses], -1)
            for name in ("mu", "sigma")
        )
        nu = self.definition.nu if NU not in at else at[NU].value[:, 0]
        nu = None if nu is None else np.broadcast_to(np.asarray(nu, np.float64), len(chol))
        size = len(responses)
        # A draw that is not finite, or has no spread, has no density: it is told of, and needs no warning.
        with np.errstate(all="ignore"):
            return np.asarray(log_density(self.observed, mu, sigma, chol, nu, size=size, m=NUMPY))


def _roots(correlations: Array) -> Array:
    """Return Cholesky factors, shape (draw, response, response); NaN where one does not exist.

    A correlation that rounding took to one leaves no density to its draw.
    """
    try:
        return np.asarray(np.linalg.cholesky(correlations))
    except np.linalg.LinAlgError:
        roots = np.full_like(correlations, np.nan)
        for draw, correlation in enumerate(correlations):
            with suppress(np.linalg.LinAlgError):
                roots[draw] = np.linalg.cholesky(correlation)
        return roots
