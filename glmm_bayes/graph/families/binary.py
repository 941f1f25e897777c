"""What bernoulli and binomial share: the density on the linear predictor and the scales of priors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.graph.families.base import Array, Family, Response, Scales
from glmm_bayes.graph.inverse_links import LOG_ODDS

# The rows have equal 2.5 and 97.5 % points of the probability.
_SCALES = {
    "logit": Scales(0.0, 2.5, 2.5, 2.5),
    "probit": Scales(0.0, 1.25, 1.25, 1.25),
    "cloglog": Scales(-1.65, 1.65, 1.65, 1.65),
}
_LATENT_VARIANCE = {"logit": np.pi**2 / 3, "probit": 1.0, "cloglog": np.pi**2 / 6}


class BinaryFamily(Family):
    """Numbers of successes in trials."""

    links: ClassVar[tuple[str, ...]] = ("logit", "probit", "cloglog")
    is_discrete: ClassVar[bool] = True

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        return _SCALES[link.name]

    def log_density(
        self, response: Response, link: Link, eta: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        assert isinstance(link, ProbabilityLink)
        y, n = response.values, response.trials
        constant = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
        return constant + y * link.log_inverse(eta) + (n - y) * link.log_complement(eta)

    def variance(self, mu: Array, auxiliary: Mapping[str, Array]) -> Array:
        return mu * (1.0 - mu)

    def random(
        self, rng: np.random.Generator, response: Response, mu: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        return rng.binomial(response.trials.astype(np.int64), mu).astype(np.float64)

    def latent_variance(self, link: Link) -> float | None:
        return float(_LATENT_VARIANCE[link.name])

    def observe(
        self, name: str, link: Link, eta: Any, response: Any, trials: Any, auxiliary: Mapping[str, Any]
    ) -> Any:
        import pymc as pm

        # PyMC's own variables take 1 - p, which rounds to 0 where p is near 1; log odds do not.
        return pm.CustomDist(
            name,
            LOG_ODDS[link.name](eta),
            trials,
            logp=self.graph_log_density,
            random=_draw,
            class_name=self.name.capitalize(),
            dtype="int64",
            observed=response,
            dims="row",
        )

    def graph_log_density(self, value: Any, log_odds: Any, trials: Any) -> Any:
        """Return log f(value) as a PyTensor variable, exact for any log odds."""
        import pymc as pm

        return value * log_odds - trials * pm.math.log1pexp(log_odds)


def _draw(
    log_odds: Array, trials: NDArray[np.int64], rng: np.random.Generator, size: tuple[int, ...]
) -> Array:
    """Draw numbers of successes, for prior predictive draws of the graph."""
    return rng.binomial(trials, expit(log_odds), size=size).astype(np.int64)
