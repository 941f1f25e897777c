"""Weights of averages over rows: given once, or drawn in every draw by the Bayesian bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logsumexp

from glmm_bayes.core.arguments import checked_seed
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.maths import Array

Positions = NDArray[np.int64]

#: Averages up to which weights are multiplied as a dense matrix.
_FEW = 16


class Weights(Protocol):
    """Weights over patterns of rows."""

    @property
    def targets(self) -> int:
        """Number of averages."""
        ...

    @property
    def numbers(self) -> int:
        """Numbers that the weights take in one draw beyond those that all draws share."""
        ...

    def of(self, block: slice) -> BlockWeights:
        """Return the weights of a block of draws."""
        ...


class BlockWeights(Protocol):
    """Weights in a block of draws."""

    def sum(self, values: Array, rows: Positions) -> Array:
        """Add up weighted values of some patterns, (draw, row[, category]) to (draw, target[, category])."""
        ...

    def log_sum(self, logs: Array, rows: Positions) -> Array:
        """Return the log of the weighted sum of what has these logs, in the shape of ``sum``."""
        ...


def added(total: Array | None, weights: BlockWeights, values: Array, rows: Positions, in_logs: bool) -> Array:
    """Add weighted values of some patterns to what was added up before; in logs where they are logs."""
    sum_of_block = weights.log_sum(values, rows) if in_logs else weights.sum(values, rows)
    if total is None:
        return sum_of_block
    return np.logaddexp(total, sum_of_block) if in_logs else total + sum_of_block


@dataclass(frozen=True)
class FixedWeights:
    """The same weights in all draws, shape (target, pattern); each target's sum to 1."""

    share: sparse.csr_array

    @property
    def targets(self) -> int:
        """Number of averages."""
        return int(self.share.shape[0])

    @property
    def numbers(self) -> int:
        """0: all draws share the weights."""
        return 0

    def of(self, block: slice) -> FixedWeights:
        """Return the weights of a block of draws."""
        return self

    def sum(self, values: Array, rows: Positions) -> Array:
        """Add up weighted values of some patterns."""
        share = self.share[:, rows]
        if self.targets <= _FEW:
            return np.asarray(np.moveaxis(np.tensordot(values, share.toarray(), axes=(1, 1)), -1, 1))
        first = np.moveaxis(values, 1, 0)
        sums = share @ first.reshape(len(rows), -1)
        return np.asarray(np.moveaxis(sums.reshape(self.targets, *first.shape[1:]), 0, 1))

    def log_sum(self, logs: Array, rows: Positions) -> Array:
        """Return the log of the weighted sum of what has these logs."""
        share = self.share[:, rows]
        result = np.full((len(logs), self.targets, *logs.shape[2:]), -np.inf)
        for target in np.flatnonzero(np.diff(share.indptr)):
            entries = slice(share.indptr[target], share.indptr[target + 1])
            weight = np.log(share.data[entries]).reshape(-1, *(1,) * (logs.ndim - 2))
            result[:, target] = logsumexp(logs[:, share.indices[entries]] + weight, axis=1)
        return result


@dataclass(frozen=True)
class BayesianBootstrap:
    """Covariates as a sample of a population: one Dirichlet(1, ..., 1) weight vector per draw.

    Parameters
    ----------
    unit : str, optional
        Column whose values share one weight: the grouping factor, where covariates are constant within
        groups. Default: each row has its own.
    seed : int
        Of the weights: the same seed gives the same ones.

    Raises
    ------
    PredictionError
        ``weights`` if the unit is no text, ``settings`` if the seed is no whole number from 0.

    References
    ----------
    Rubin (1981), The Bayesian bootstrap.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.BayesianBootstrap(unit="subject", seed=1).words
    'weighted by the Bayesian bootstrap over the values of subject'
    """

    unit: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", checked_seed(self.seed, PredictionError))
        if not (self.unit is None or isinstance(self.unit, str)):
            message = f"unit must be the name of a column, found {shown_value(self.unit)}."
            raise PredictionError(Finding("weights", message))

    @property
    def words(self) -> str:
        """How rows are weighted, as a caption says it."""
        over = "rows" if self.unit is None else f"the values of {self.unit}"
        return f"weighted by the Bayesian bootstrap over {over}"


@dataclass(frozen=True)
class _Bootstrapped:
    """What the weights of all draws are made of: the share of each unit in each pattern of each target."""

    seed: int
    shares: tuple[sparse.csr_array, ...]

    @property
    def targets(self) -> int:
        return len(self.shares)

    @property
    def numbers(self) -> int:
        units, patterns = self.shares[0].shape
        return int(units + len(self.shares) * patterns)

    def of(self, block: slice) -> _DrawnWeights:
        """Draw the weights of a block of draws; a draw's own do not depend on the block."""
        units = self.shares[0].shape[0]
        drawn = [
            np.random.Generator(np.random.PCG64([self.seed, draw])).standard_exponential(units)
            for draw in range(block.start, block.stop)
        ]
        exponential = np.stack(drawn)
        sums = np.stack([exponential @ share for share in self.shares], axis=1)
        return _DrawnWeights(sums / sums.sum(axis=2, keepdims=True))


@dataclass(frozen=True)
class _DrawnWeights:
    """Weights of each draw, shape (draw, target, pattern)."""

    share: Array

    def sum(self, values: Array, rows: Positions) -> Array:
        """Add up weighted values of some patterns."""
        return np.asarray(np.einsum("sr...,str->st...", values, self.share[:, :, rows], optimize=True))

    def log_sum(self, logs: Array, rows: Positions) -> Array:
        """Return the log of the weighted sum of what has these logs."""
        with np.errstate(divide="ignore"):
            weight = np.log(self.share[:, :, rows])
        weight = weight.reshape(*weight.shape, *(1,) * (logs.ndim - 2))
        sums = [logsumexp(logs + weight[:, target], axis=1) for target in range(weight.shape[1])]
        return np.stack(sums, axis=1)


def bootstrap_weights(
    bootstrap: BayesianBootstrap,
    unit: Positions,
    share: Array,
    target: Positions,
    pattern: Positions,
    patterns: int,
) -> _Bootstrapped:
    """Collect the share of each unit in each pattern of rows, by target."""
    units, targets = int(unit.max()) + 1, int(target.max()) + 1
    shares = []
    for one in range(targets):
        is_target = target == one
        entries = (share[is_target], (unit[is_target], pattern[is_target]))
        shares.append(sparse.csr_array(sparse.coo_array(entries, shape=(units, patterns))))
    return _Bootstrapped(bootstrap.seed, tuple(shares))
