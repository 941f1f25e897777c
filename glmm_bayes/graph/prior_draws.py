"""A model's graph in, draws of its prior and of the responses that they imply out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmm_bayes.core.errors import Finding, PredictionError, SamplingError

if TYPE_CHECKING:
    from xarray import DataTree

_BEYOND = "the prior reaches beyond an end of the linear predictor, where only the likelihood is 0"
_HINT = (
    "Priors that stay inside, such as gb.Prior('Uniform', lower=0, upper=1) of the cell means of y ~ 0 + f "
    "under the identity link, have prior draws; the posterior is inside in any case. Or take the logit link."
)


def prior_draws(model: Any, draws: int, seed: int | None) -> DataTree:
    """Draw parameters from their priors, and responses from each draw.

    Parameters
    ----------
    model : pymc.Model
    draws : int
        Numbers of draws.
    seed : int or None

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` and ``prior_predictive``.

    Raises
    ------
    SamplingError
        ``outside_domain`` if a draw gives a row a mean that its family does not have.
    """
    import pymc as pm

    try:
        with model:
            drawn: DataTree = pm.sample_prior_predictive(draws=draws, random_seed=seed)
    except PredictionError as error:
        raise SamplingError(
            Finding("outside_domain", f"{_BEYOND}: {error.findings[0].message}", hint=_HINT)
        ) from error
    return drawn
