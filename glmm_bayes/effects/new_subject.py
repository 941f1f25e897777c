"""Rows of groups that nobody has seen in, their expected responses out: drawn, and in distribution."""

from __future__ import annotations

import numpy as np

from glmm_bayes.design.design import Design
from glmm_bayes.effects.estimand import Estimand
from glmm_bayes.effects.expectation import (
    Array,
    Expectation,
    distinct_pieces,
    distinct_rows,
    on_scale,
    reduced_weights,
)
from glmm_bayes.effects.group_law import GroupLaw
from glmm_bayes.effects.new_groups import new_groups
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.predictor import draw_blocks


def expected_of_new(
    fit: Fit,
    design: Design,
    estimand: Estimand,
    seed: int,
    scale: str = "response",
    weights: Array | None = None,
) -> Expectation:
    """Compute the expected response of each row, or averages over rows, at drawn effects of new groups.

    Parameters
    ----------
    fit, design, estimand, scale, weights
        As in ``expected``; every label of a factor that is ``new_subject`` is one new group.
    seed : int
        Together with the factor and the label it fixes the effects of a new group in every draw.
    """
    # New groups are no part of the pieces: their effects are added block by block.
    pieces, _, kind = distinct_pieces(fit, design, estimand)
    groups = new_groups(fit, design, estimand, seed)
    # Labels first, so that rows of one label stand together and its effects are drawn once a block.
    keys = [part for group in groups for part in (group.members, group.weights, group.group.z)]
    first, spread = distinct_rows(np.hstack([*keys, kind[:, None]]).astype(np.float64))
    reduced = reduced_weights(weights, spread, len(first))
    n_draws = int(np.prod(fit.shape))
    result = np.zeros((n_draws, len(first) if reduced is None else len(reduced)))
    rules: dict[str, None] = {}
    error = 0.0
    width = n_draws * max(group.group.z.shape[1] for group in groups)
    for block in draw_blocks(len(first), width):
        eta, v, heavy = pieces.predictor(slice(None), first[block])
        for group in groups:
            eta += group.part(first[block])
        values, rule, bound = on_scale(fit, eta, v, heavy, scale)
        if reduced is None:
            result[:, block] = values
        else:
            result += values @ reduced[:, block].T
        rules[rule] = None
        error = max(error, bound)
    return Expectation(result if reduced is not None else result[:, spread], "; ".join(rules), error)


def law_of_new(
    fit: Fit, design: Design, estimand: Estimand, scale: str
) -> tuple[GroupLaw, Expectation] | None:
    """Return the distribution of each row over draws and new groups, and how its mean was integrated.

    None where it is no mixture of normals on the scale of the linear predictor: some factor is
    integrated, or the effects of new groups are Student's t.
    """
    if "population" in estimand.words.values():
        return None
    if any(fit.group_prior(group.slug).is_student for group in design.groups if group.factor in estimand.new):
        return None
    pieces, first, spread = distinct_pieces(fit, design, estimand.averaged_over_new)
    eta, v, _ = pieces.predictor(slice(None), first)
    assert v is not None
    means = Expectation(eta, "exact", 0.0)
    if scale == "response":
        means = Expectation(*on_scale(fit, eta, v, None, scale))
    law = GroupLaw(fit.link, scale, eta, v, means.values.mean(axis=0), spread)
    return law, means
