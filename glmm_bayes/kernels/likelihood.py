"""A model's response and what its rows share in, what the C source of the same name reads out.

Rows share the family's further parameters, or thresholds in order. Of a point thresholds are the first, and
the logs of the distances from each to the next.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.kinds import KINDS, LINKS
from glmm_bayes.kernels.laws import LawStruct, coordinate, fixed_law, positive_law, real_law, standard_law
from glmm_bayes.kernels.memory import INT, REF, Memory, known
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import sampled_for

#: Numbers that rows share, two infinite thresholds among them, that the C source has room for.
MOST_NUMBERS = 64


class LikelihoodStruct(ctypes.Structure):
    """What rows share, as the C source declares it."""

    _fields_ = (
        *((name, INT) for name in ("kind", "link", "parameters", "thresholds", "sampled")),
        *((name, REF) for name in ("law", "threshold_law")),
        ("level", ctypes.c_double),
        *((name, REF) for name in ("level_columns", "level_others")),
        ("distinct", INT),
        *((name, REF) for name in ("distinct_y", "distinct_weight")),
    )


def likelihood_struct(definition: ModelDefinition, memory: Memory) -> LikelihoodStruct:
    """Return what the rows of a model share; where its thresholds' level is, is not yet in."""
    one, priors = definition.first, definition.priors
    result, further = LikelihoodStruct(), one.family.auxiliaries
    result.kind, result.link = KINDS[one.family.name][0], LINKS.index(one.link.name)
    result.parameters, result.law = len(further), memory.laws([_law(definition, name) for name in further])
    result.sampled = len(priors.auxiliary)
    if priors.thresholds is not None:
        result.thresholds = len(priors.thresholds.labels)
        result.sampled += result.thresholds
        own = priors.thresholds.prior
        result.threshold_law = memory.laws([standard_law(one.link.name) if own is None else real_law(own)])
    if (
        one.family.name == "negative_binomial"
        and one.link.name == "log"
        and one.response.additions.rate is None
    ):
        _put_distinct(definition, result, memory)
    return result


def _put_distinct(definition: ModelDefinition, result: LikelihoodStruct, memory: Memory) -> None:
    """Put each response in once, with the weights of its rows: what rows of one shape have in common."""
    response = definition.first.response
    distinct, place = np.unique(response.values, return_inverse=True)
    weights = response.additions.weights
    if weights is None:
        summed = np.bincount(place).astype(np.float64)
    else:
        # Rounded once, the sums do not depend on the order of the rows.
        summed = np.array([math.fsum(weights[place == k]) for k in range(len(distinct))])
    result.distinct = len(distinct)
    result.distinct_y, result.distinct_weight = memory.array(distinct), memory.array(summed)


def _law(definition: ModelDefinition, name: str) -> LawStruct:
    law = definition.priors.auxiliary.get(name)
    return fixed_law(definition.priors.constants[name]) if law is None else known(positive_law(law))


def numbers_of_rows(definition: ModelDefinition, order: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the two numbers of each row that the C source reads, in an order."""
    one = definition.first
    y = np.asarray(one.response.values[order], np.float64)
    family, units = one.family.name, one.response.additions.rate
    if family in ("lognormal", "gamma"):
        return np.log(y), np.ones_like(y)
    if family == "beta":
        return np.log(y), np.log1p(-y)
    if family == "cumulative":
        return y, np.full(len(y), definition.priors.constants["disc"])
    if units is not None:
        return y, np.asarray(units[order], np.float64)
    return y, np.asarray(one.response.trials[order], np.float64)


def shared_centre(definition: ModelDefinition, values: Mapping[str, Array]) -> list[float]:
    """Return the coordinates of what rows share, at values of what the graph samples, by its names.

    Thresholds are where they give each category its share of the rows, and half a row more.
    """
    one, priors = definition.first, definition.priors
    result = [
        coordinate(law.prior, float(values[sampled_for(name, law.transform)]))
        for name, law in priors.auxiliary.items()
    ]
    if priors.thresholds is None:
        return result
    count = len(priors.thresholds.labels) + 1
    shares = np.bincount(one.response.values.astype(np.int64), minlength=count) + 0.5
    cut = np.asarray(one.link.link(np.cumsum(shares)[:-1] / shares.sum()))
    cut /= priors.constants["disc"]
    return [*result, float(cut[0]), *np.log(np.diff(cut)).tolist()]
