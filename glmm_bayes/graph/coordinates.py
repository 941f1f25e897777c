"""A model's definition in; the labels of its graph's dimensions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import of_response


def coordinates_of(definition: ModelDefinition) -> dict[str, Any]:
    """List the labels of all dimensions; labels of several types, which PyMC refuses, by their position."""
    result: dict[str, Any] = {
        dimension: np.arange(len(labels)) if _is_mixed(labels) else labels
        for dimension, labels in definition.posterior.labels.items()
    }
    result["row"] = np.arange(len(definition.first.response.values))
    for name, one in definition.responses.items():
        if one.response.values.ndim > 1:
            result[of_response(definition.prefix(name), "category")] = one.response.categories
    return result


def _is_mixed(labels: Sequence[Any]) -> bool:
    return len({type(label) for label in labels}) > 1
