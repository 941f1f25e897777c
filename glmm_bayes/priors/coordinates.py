"""The labels of the dimensions of a model's variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glmm_bayes.families import Response
from glmm_bayes.priors.predictors import monotonic_coordinates
from glmm_bayes.priors.priors import Priors, shared_labels


def coordinates_of(priors: Priors, response: Response) -> dict[str, Any]:
    """List the labels of the graph's dimensions."""
    return effect_coordinates(priors) | response_coordinates(priors, response)


def response_coordinates(priors: Priors, response: Response, prefix: str = "") -> dict[str, Any]:
    """List the labels of the dimensions of a response: rows, thresholds, categories."""
    result: dict[str, Any] = {"row": np.arange(len(response.values))}
    if priors.thresholds is not None:
        result[f"{prefix}threshold"] = priors.thresholds.labels
    if response.values.ndim > 1:
        result[f"{prefix}category"] = response.categories
    return result


def effect_coordinates(priors: Priors) -> dict[str, Any]:
    """List the labels of the dimensions of coefficients and random effects."""
    result: dict[str, Any] = {}
    for predictor in priors.predictors.values():
        result[predictor.variable("coef")] = predictor.design.coefficients
        result |= monotonic_coordinates(predictor)
        for group in predictor.design.groups:
            labels = np.arange(len(group.levels)) if _is_mixed(group.labels) else group.labels
            result[group.slug] = labels
            effect = f"{predictor.prefix}{group.slug}_effect"
            result[effect] = result[f"{effect}_other"] = group.effects
    for shared in priors.shared:
        effects = shared_labels(shared, priors)
        result[f"joint_{shared.label}"] = result[f"joint_{shared.label}_other"] = effects
    return result


def _is_mixed(labels: Sequence[Any]) -> bool:
    return len({type(label) for label in labels}) > 1
