"""A linear predictor's grouping factors in, as kernels see them out: in the coding of their priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.names import FactorNames, PredictorNames
from glmm_bayes.priors.predictors import Predictor


@dataclass(frozen=True)
class CorrelatedBlock:
    """Effects of a level that may be correlated: the first of them, their number, the LKJ prior's eta."""

    start: int
    size: int
    eta: float

    @property
    def numbers(self) -> int:
        """How many partial correlations there are."""
        return self.size * (self.size - 1) // 2


@dataclass(frozen=True)
class Factor:
    """A grouping factor as a kernel sees it.

    Attributes
    ----------
    group : GroupDesign
    prior : GroupPrior
    blocks : tuple of CorrelatedBlock
    first : int
        Its place among the units that are eliminated together; -1 for the factor that is eliminated level by
        level.
    """

    group: GroupDesign
    prior: GroupPrior
    blocks: tuple[CorrelatedBlock, ...]
    first: int

    def columns(self, order: NDArray[np.int64]) -> Array:
        """Return its columns, shape (row, effect), on the rows in an order."""
        return np.asarray(self.group.z[order] @ self.prior.recoding)

    @property
    def levels(self) -> int:
        """Number of levels."""
        return len(self.group.levels)

    @property
    def size(self) -> int:
        """Number of effects of a level."""
        return len(self.group.effects)

    @property
    def width(self) -> int:
        """Number of effects."""
        return self.levels * self.size

    @property
    def is_large(self) -> bool:
        """Whether it is eliminated level by level."""
        return self.first < 0

    @property
    def numbers(self) -> int:
        """How many numbers of it are sampled: standard deviations, then partial correlations."""
        return len(self.prior.sd) + sum(block.numbers for block in self.blocks)

    def named(self, names: PredictorNames, effects: Array, sds: Array, roots: Array) -> dict[str, Array]:
        """Return its variables of the posterior, in the user's coding, from draws in that of its priors."""
        of = FactorNames(names, self.group.slug)
        b = effects.reshape(len(effects), self.levels, self.size) @ self.prior.recoding.T
        root = (self.prior.recoding * sds[:, None, :]) @ roots.reshape(-1, self.size, self.size)
        covariance = root @ np.swapaxes(root, -1, -2)
        sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1)) if self.prior.is_recoded else sds
        result = {of.of("b"): b, of.of("sd"): sd}
        if self.prior.is_correlated:
            result[of.of("corr")] = covariance / (sd[:, :, None] * sd[:, None, :])
        return result


def factors_of(predictor: Predictor, first: int) -> list[Factor]:
    """Return the factors, the one with most levels in front; the units of others stand after `first`."""
    pairs = list(zip(predictor.design.groups, predictor.groups, strict=True))
    pairs.sort(key=lambda pair: -len(pair[0].levels))
    result = []
    for index, (group, prior) in enumerate(pairs):
        factor = Factor(group, prior, _blocks(prior), first if index else -1)
        first += factor.width if index else 0
        result.append(factor)
    return result


def _blocks(prior: GroupPrior) -> tuple[CorrelatedBlock, ...]:
    """List the blocks; effects that are not correlated are blocks of one."""
    blocks = []
    for block, law in zip(prior.blocks, prior.correlation, strict=True):
        if block.effects.is_correlated:
            blocks.append(CorrelatedBlock(block.positions[0], len(block.positions), law["eta"]))
        else:
            blocks += [CorrelatedBlock(position, 1, 1.0) for position in block.positions]
    return tuple(blocks)


def order_of_rows(parts: Sequence[Array], factors: Sequence[Factor]) -> NDArray[np.int64]:
    """Sort rows by the levels of the large factor and then by all that they hold.

    Sums over rows then do not depend on the order in which these came.
    """
    codes = [factor.group.codes.astype(np.float64) for factor in reversed(factors)]
    return np.lexsort(np.column_stack([*parts, *(factor.group.z for factor in factors), *codes]).T)
