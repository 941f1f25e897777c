"""Draws of one grouping factor's covariance in, the variance of its part of the linear predictor out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.bridge import attenuation_of
from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.maths import Array
from glmm_bayes.covariances.resolve import BlockCovariance
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.predictors import Predictor


@dataclass(frozen=True)
class Spread:
    """Random effects of one grouping factor that are integrated over their distribution.

    Attributes
    ----------
    group : GroupDesign
        On the rows.
    prior : GroupPrior
        Its covariance structures.
    covariance : ndarray, shape (draw, effect, effect)
        Of the effects of one level.
    parameters : mapping of str to ndarray, shape (draw,)
        Of the structure of the levels, by its own names.
    """

    group: GroupDesign
    prior: GroupPrior
    covariance: Array
    parameters: Mapping[str, Array]

    @property
    def needs_levels(self) -> bool:
        """Whether the variance depends on which levels a row belongs to."""
        return depends_on_levels(self.group, self.prior)

    @property
    def t_terms(self) -> int:
        """Number of independent t variables whose sum a row can hold."""
        pairs = zip(self.group.blocks, self.prior.blocks, strict=True)
        # Blocks of one term that differ in the level of ``by`` are never in one row together.
        written = {design_block.block for design_block, block in pairs if block.is_student}
        return len(written) * int(self.group.members.shape[1])

    def variance(self, draws: slice, rows: NDArray[np.int64]) -> tuple[Array, Array | None]:
        """Return the variance of normal and, if there are any, of t effects, shape (draw, row)."""
        normal: Array | None = None
        heavy: Array | None = None
        for block in self.prior.blocks:
            if block.is_bridge:
                continue
            part = self._block(block, draws, rows)
            if block.is_student:
                heavy = part if heavy is None else heavy + part
            else:
                normal = part if normal is None else normal + part
        nothing = np.zeros((len(self.covariance[draws]), len(rows)))
        return (nothing if normal is None else normal), heavy

    def attenuation(self, draws: slice) -> Array | None:
        """Return what averaging over bridge effects multiplies a logit by, shape (draw, 1)."""
        if not self.prior.is_bridge:
            return None
        return np.asarray(attenuation_of(np.sqrt(self.covariance[draws, 0])))

    def _block(self, block: BlockCovariance, draws: slice, rows: NDArray[np.int64]) -> Array:
        positions = np.asarray(block.positions)
        size = len(positions)
        z = self.group.z[rows][:, positions]
        products = (z[:, :, None] * z[:, None, :]).reshape(len(rows), size * size)
        sigma = self.covariance[draws][:, positions[:, None], positions[None, :]]
        variances = sigma.reshape(-1, size * size) @ products.T
        if not self.needs_levels:
            return np.asarray(variances)
        parameters = {name: values[draws] for name, values in self.parameters.items()}
        shares = block.levels.variance(parameters, self.group.members[rows], self.group.weights[rows])
        return np.asarray(variances * shares)


def depends_on_levels(group: GroupDesign, prior: GroupPrior) -> bool:
    """Tell whether the variance of a row depends on which levels it belongs to."""
    return group.term.is_membership or not all(block.levels.has_equal_variances for block in prior.blocks)


def covariance_of(sd: Array, corr: Array | None) -> Array:
    """Return covariance matrices of standard deviations and correlations, shape (draw, effect, effect)."""
    if corr is None:
        return np.asarray(sd[:, :, None] ** 2 * np.eye(sd.shape[1]))
    return np.asarray(sd[:, :, None] * corr * sd[:, None, :])


def spreads_of_draws(predictor: Predictor, draws: Mapping[str, Array], design: Design) -> tuple[Spread, ...]:
    """Collect the draws of every factor's variance on the rows of a design."""
    result = []
    for group, prior in zip(design.groups, predictor.groups, strict=True):
        corr = draws[predictor.names.of_factor("corr", group.slug)] if prior.is_correlated else None
        covariance = covariance_of(draws[predictor.names.of_factor("sd", group.slug)], corr)
        parameters = {
            name: draws[predictor.names.of_factor(name, group.slug)] for name in prior.sampled_values
        }
        parameters |= {name: np.full(len(covariance), value) for name, value in prior.fixed_values.items()}
        result.append(Spread(group, prior, covariance, parameters))
    return tuple(result)


def patterns_of_rows(predictor: Predictor, design: Design) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a row of each covariate pattern and each row's pattern: columns and variance are equal in it."""
    column_blocks = [design.x, design.offset[:, None]]
    for group, prior in zip(design.groups, predictor.groups, strict=True):
        column_blocks.append(group.z)
        if depends_on_levels(group, prior):
            column_blocks += [group.members.astype(np.float64), group.weights]
    return distinct_rows(np.hstack(column_blocks))
