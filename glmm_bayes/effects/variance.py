"""A grouping factor's draws in, the variance of a new group's part of the linear predictor out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError, row_text
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.several import MEAN
from glmm_bayes.effects.estimand import NEW_SUBJECT, Estimand
from glmm_bayes.graph.covariances.resolve import BlockCovariance
from glmm_bayes.graph.group_priors import GroupPrior
from glmm_bayes.graph.predictors import Predictor, prefix_of
from glmm_bayes.infer.fit import Fit

Array = NDArray[np.float64]


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
        """True if the variance depends on which levels a row belongs to."""
        return depends_on_levels(self.group, self.prior)

    @property
    def t_terms(self) -> int:
        """Number of independent t variables whose sum a row can hold."""
        pairs = zip(self.group.blocks, self.prior.blocks, strict=True)
        # Blocks of one term that differ in the level of ``by`` are never in one row together.
        written = {own.block for own, block in pairs if block.is_student}
        return len(written) * int(self.group.members.shape[1])

    def variance(self, draws: slice, rows: NDArray[np.int64]) -> tuple[Array, Array | None]:
        """Return the variance of normal and, if there are any, of t effects, shape (draw, row)."""
        normal: Array | None = None
        heavy: Array | None = None
        for block in self.prior.blocks:
            part = self._block(block, draws, rows)
            if block.is_student:
                heavy = part if heavy is None else heavy + part
            else:
                normal = part if normal is None else normal + part
        return (np.zeros_like(heavy) if normal is None else normal), heavy

    def _block(self, block: BlockCovariance, draws: slice, rows: NDArray[np.int64]) -> Array:
        positions = np.asarray(block.positions)
        size = len(positions)
        z = self.group.z[rows][:, positions]
        products = (z[:, :, None] * z[:, None, :]).reshape(len(rows), size * size)
        sigma = self.covariance[draws][:, positions[:, None], positions[None, :]]
        own = sigma.reshape(-1, size * size) @ products.T
        if not self.needs_levels:
            return np.asarray(own)
        parameters = {name: values[draws] for name, values in self.parameters.items()}
        shares = block.levels.variance(parameters, self.group.members[rows], self.group.weights[rows])
        return np.asarray(own * shares)


def depends_on_levels(group: GroupDesign, prior: GroupPrior) -> bool:
    """Tell whether the variance of a row depends on which levels it belongs to."""
    return group.term.is_membership or not all(block.levels.has_equal_variances for block in prior.blocks)


def factors_needed(predictor: Predictor, estimand: Estimand) -> frozenset[str]:
    """List the grouping factors whose levels the rows must name for an estimand."""
    return frozenset(
        group.factor
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True)
        if (word := estimand.words.get(group.factor)) == "subject"
        or (word == "population" and depends_on_levels(group, prior))
        or (word == NEW_SUBJECT and group.term.is_membership)
    )


def spread_of(fit: Fit, design: Design, group: GroupDesign, parameter: str = MEAN) -> Spread:
    """Collect the draws of one grouping factor's variance on the rows of a design.

    Raises
    ------
    PredictionError
        ``new_group`` if the variance of a level depends on the level and a row's level is not known.
    """
    prior = fit.group_prior(group.slug, parameter)
    _check_levels(design, group, prior)
    prefix = prefix_of(parameter)
    parameters = {
        name: fit.needed(f"{prefix}{name}_{group.slug}", "the variance of random effects")
        for name in prior.single_values
    }
    return Spread(group, prior, fit.covariance(group.slug, parameter), parameters)


def _check_levels(design: Design, group: GroupDesign, prior: GroupPrior) -> None:
    if all(block.levels.has_equal_variances for block in prior.blocks):
        return
    unseen = (group.members < 0).any(axis=1)
    if unseen.any():
        rows = tuple(design.table.rows[unseen].tolist())
        structure = next(b.levels.name for b in prior.blocks if not b.levels.has_equal_variances)
        message = (
            f"the variance of '{group.factor}' depends on its level ({structure}), and {len(rows)} rows have "
            f"none of the training data's ({row_text(rows)})."
        )
        hint = 'Give the column with known levels, or ask for estimand="typical".'
        raise PredictionError(
            Finding("new_group", message, column=group.term.columns[0], rows=rows, hint=hint)
        )
