"""Draws and a design in, linear predictors out; never more than one block of draws at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.priors import Priors

Array = NDArray[np.float64]

#: Elements of one block of draws x rows: 32 MB of floats, so that a handful of them fit in any machine.
BLOCK_ELEMENTS = 4_000_000


def draw_blocks(n_draws: int, n_rows: int) -> Iterator[slice]:
    """Split draws so that a block times the rows stays within ``BLOCK_ELEMENTS``."""
    size = max(1, BLOCK_ELEMENTS // max(1, n_rows))
    for start in range(0, n_draws, size):
        yield slice(start, min(start + size, n_draws))


def fixed_part(beta: Array, design: Design) -> Array:
    """Return offset + x'beta, shape (draw, row)."""
    return np.asarray(design.offset + beta @ design.x.T)


def group_part(b: Array, group: GroupDesign) -> Array:
    """Return z'b at each row's own level, shape (draw, row); ``b`` has shape (draw, level, effect)."""
    return rows_part(b, group.members, group.weights, group.z)


def rows_part(b: Array, members: NDArray[np.int64], weights: Array, z: Array) -> Array:
    """Return the sum over a row's members of their weighted effects times its columns, (draw, row)."""
    total = np.zeros((len(b), len(members)))
    for member in range(members.shape[1]):
        columns = z * weights[:, member, None]
        for effect in range(z.shape[1]):
            total += b[:, members[:, member], effect] * columns[:, effect]
    return total


def subject_predictor(draws: Mapping[str, Array], design: Design, block: slice, prefix: str = "") -> Array:
    """Return the linear predictor of the rows with their own random effects, shape (draw, row).

    Parameters
    ----------
    draws : mapping of str to ndarray, shape (draw, ...)
    design : Design
    block : slice
        Of the draws.
    prefix : str
        Of the names of a further parameter's variables.
    """
    eta = fixed_part(draws[f"{prefix}beta"][block], design)
    for group in design.groups:
        eta += group_part(draws[f"{prefix}b_{group.slug}"][block], group)
    return eta


def subject_values(draws: Mapping[str, Array], priors: Priors, block: slice) -> dict[str, RowValue]:
    """Return every parameter of the response at the training rows, with their own random effects."""
    values = {
        name: RowValue(predictor.link, subject_predictor(draws, predictor.design, block, predictor.prefix))
        for name, predictor in priors.predictors.items()
    }
    return values | single_values(draws, priors, block)


def single_values(draws: Mapping[str, Array], priors: Priors, block: slice) -> dict[str, RowValue]:
    """Return the parameters with one value for all rows: sampled or given numbers, and thresholds."""
    size = len(range(*block.indices(n_draws(draws))))
    values = {name: number(draws[name][block][:, None]) for name in priors.auxiliary}
    values |= {name: number(np.full((size, 1), value)) for name, value in priors.constants.items()}
    if priors.thresholds is not None:
        values["thresholds"] = number(draws["thresholds"][block][:, None, :])
    return values


def n_draws(draws: Mapping[str, Array]) -> int:
    """Return the number of draws."""
    return len(next(iter(draws.values())))


def needed_variables(priors: Priors) -> list[str]:
    """List the variables that the rows' own parameters are made of."""
    names = []
    for predictor in priors.predictors.values():
        names.append(predictor.variable("beta"))
        names += [predictor.variable(f"b_{group.slug}") for group in predictor.design.groups]
    names += list(priors.auxiliary)
    return names + (["thresholds"] if priors.thresholds is not None else [])
