"""Draws and a design in, linear predictors out; never more than one block of draws at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.conditional import conditional_error, conditional_predictor
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.core.trapezoid import by_blocks
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.spread import Spread, patterns_of_rows, spreads_of_draws

#: Elements of one block of draws x rows: 32 MB of floats, so that a handful of them fit in any machine.
BLOCK_ELEMENTS = 4_000_000
#: Conditional predictors that are solved for together: each needs some hundred numbers.
_SOLVED_TOGETHER = 2**11


def draw_blocks(n_draws: int, n_rows: int) -> Iterator[slice]:
    """Split draws so that a block times the rows stays within ``BLOCK_ELEMENTS``."""
    size = max(1, BLOCK_ELEMENTS // max(1, n_rows))
    for start in range(0, n_draws, size):
        yield slice(start, min(start + size, n_draws))


def fixed_part(
    draws: Mapping[str, Array], predictor: Predictor, design: Design, block: slice | NDArray[np.int64]
) -> Array:
    """Return the linear predictor at random effects of zero, shape (draw, row).

    It is offset + x'beta; where that is the link of the population mean, the conditional predictor.
    """
    beta = draws[predictor.names.beta][block]
    if not predictor.is_marginal:
        return np.asarray(design.offset + beta @ design.x.T)
    first, pattern_of_row = patterns_of_rows(predictor, design)
    chosen = {name: values[block] for name, values in draws.items()}
    eta = design.offset[first] + beta @ design.x[first].T
    spreads = spreads_of_draws(predictor, chosen, design)
    return conditional_part(predictor.link, spreads, eta, slice(None), first)[:, pattern_of_row]


def conditional_part(
    link: Link, spreads: Sequence[Spread], eta: Array, block: slice, rows: NDArray[np.int64]
) -> Array:
    """Return the conditional linear predictor of rows with a population mean, shape (draw, row)."""

    def kernel(eta: Array, v: Array) -> tuple[Array]:
        return (conditional_predictor(link, eta, v),)

    f = marginal_attenuation(spreads, block)
    v = f * f * marginal_variance(spreads, eta, block, rows)
    return np.asarray(by_blocks(kernel, eta, v, 1, _SOLVED_TOGETHER)[0] / f)


def error_of_conditional(
    link: Link, spreads: Sequence[Spread], eta: Array, block: slice, rows: NDArray[np.int64]
) -> float:
    """Return the error of the population means of rows at their conditional linear predictors."""
    f = marginal_attenuation(spreads, block)
    v = f * f * marginal_variance(spreads, eta, block, rows)
    return conditional_error(link, float(v.max(initial=0.0)))


def marginal_attenuation(spreads: Sequence[Spread], block: slice) -> Array:
    """Return what averaging over bridge effects multiplies a logit by, shape (draw, 1) or (1, 1)."""
    factors = [f for spread in spreads if (f := spread.attenuation(block)) is not None]
    return factors[0] if factors else np.ones((1, 1))


def marginal_variance(spreads: Sequence[Spread], eta: Array, block: slice, rows: NDArray[np.int64]) -> Array:
    """Return the variance of all normal random effects in rows, shape (draw, row)."""
    v = np.zeros_like(eta)
    for spread in spreads:
        v += spread.variance(block, rows)[0]
    # Rounding can leave a variance of zero slightly below it.
    return np.maximum(v, 0.0)


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


def subject_predictor(draws: Mapping[str, Array], predictor: Predictor, block: slice) -> Array:
    """Return the linear predictor of the rows with their own random effects, shape (draw, row).

    Parameters
    ----------
    draws : mapping of str to ndarray, shape (draw, ...)
    predictor : Predictor
        Its design is that of the rows.
    block : slice
        Of the draws.
    """
    eta = fixed_part(draws, predictor, predictor.design, block)
    for group in predictor.design.groups:
        eta += group_part(draws[predictor.names.of_factor("b", group.slug)][block], group)
    return eta


def subject_values(draws: Mapping[str, Array], priors: Priors, block: slice) -> dict[str, RowValue]:
    """Return every parameter of the response at the training rows, with their own random effects."""
    values = {
        name: RowValue(predictor.link, subject_predictor(draws, predictor, block))
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
        names.append(predictor.names.beta)
        names += [predictor.names.of_factor("b", group.slug) for group in predictor.design.groups]
        if predictor.is_marginal:
            names += variance_variables(predictor)
    names += list(priors.auxiliary)
    return names + (["thresholds"] if priors.thresholds is not None else [])


def variance_variables(predictor: Predictor) -> list[str]:
    """List the variables that the variance of a predictor's random effects is made of."""
    names = []
    for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
        kinds = ("sd", *(("corr",) if prior.is_correlated else ()), *prior.sampled_values)
        names += [predictor.names.of_factor(parameter, group.slug) for parameter in kinds]
    return names
