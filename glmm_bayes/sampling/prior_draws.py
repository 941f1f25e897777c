"""A model's graph in, draws of its prior and of the responses that they imply out."""

from __future__ import annotations

from typing import Any

from xarray import DataTree


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
    """
    import pymc as pm

    with model:
        drawn: DataTree = pm.sample_prior_predictive(draws=draws, random_seed=seed)
    return drawn
