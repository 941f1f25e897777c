"""Draws of a posterior in, their pointwise log likelihood out: what is read of it, when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from glmm_bayes.core.errors import Finding, ResourceError
from glmm_bayes.core.free_memory import SHARE, free_memory, shortage
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.families import Family, Response
from glmm_bayes.families.likelihood import log_likelihood
from glmm_bayes.fit.linear_predictor import BLOCK_ELEMENTS, draw_blocks, needed_variables, subject_values
from glmm_bayes.priors.priors import Priors

Positions = NDArray[np.int64]

_NUMBER = np.dtype(np.float64).itemsize
#: Arrays of the size of a block that stand beside the result while it is computed.
_BLOCKS = 4


class RowDensity(Protocol):
    """What gives the log likelihood of each of its rows at draws of a posterior."""

    @property
    def needed(self) -> list[str]:
        """Variables of the posterior that it is computed from."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def take(self, rows: Positions) -> Self:
        """Keep the given rows."""

    def __call__(self, draws: Mapping[str, Array]) -> Array:
        """Return the log likelihoods, shape (draw, row); those of draws have the shape (draw, ...)."""


@dataclass(frozen=True)
class ResponseDensity:
    """The log likelihood of each row of one response, its own random effects given."""

    family: Family
    response: Response
    priors: Priors

    @property
    def needed(self) -> list[str]:
        """Variables of the posterior that it is computed from."""
        return needed_variables(self.priors)

    def __len__(self) -> int:
        return len(self.response.values)

    def take(self, rows: Positions) -> ResponseDensity:
        """Keep the given rows."""
        return ResponseDensity(self.family, self.response.take(rows), priors_at(self.priors, rows))

    def __call__(self, draws: Mapping[str, Array]) -> Array:
        """Return the log likelihoods, shape (draw, row)."""
        at, response = subject_values(draws, self.priors, slice(None)), self.response
        rows = log_likelihood(self.family, response.values, response.trials, at, response.additions, NUMPY)
        return np.asarray(rows)


def priors_at(priors: Priors, rows: Positions) -> Priors:
    """Return the priors with the designs of the given rows."""
    predictors = {
        name: replace(predictor, design=predictor.design.take(rows))
        for name, predictor in priors.predictors.items()
    }
    return replace(priors, predictors=predictors)


class LogLikelihood(BackendArray):
    """The pointwise log likelihood, shape (chain, draw, row): a block of it is computed when it is read.

    It is a value, so that copies share it. Nothing that was computed is kept; a pickle holds the numbers.

    Parameters
    ----------
    posterior : mapping of str to ndarray, shape (chain, draw, ...)
        At least the variables that the density needs.
    density : RowDensity
    name : str
        Of the variable of the tree, for the words of an error.
    """

    dtype = np.dtype(np.float64)

    def __init__(self, posterior: Mapping[str, Array], density: RowDensity, name: str = "y") -> None:
        self._draws = {variable: posterior[variable] for variable in density.needed}
        self._density, self._name = density, name
        self.shape = (*next(iter(self._draws.values())).shape[:2], len(density))

    def __deepcopy__(self, memo: object) -> LogLikelihood:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Priors and families do not pickle, and draws by themselves should.
        return indexing.NumpyIndexingAdapter, (self._computed((slice(None),) * 3),)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._computed
        )

    def _computed(self, key: tuple[Any, ...]) -> Array:
        """Compute chains, draws and rows, each chosen by a number, a slice or positions."""
        chosen = [np.arange(size)[one] for size, one in zip(self.shape, key, strict=True)]
        chains, draws, rows = map(np.atleast_1d, chosen)
        chain, draw = np.repeat(chains, len(draws)), np.tile(draws, len(chains))
        self._check_memory(len(chain), len(rows))
        every = np.array_equal(rows, np.arange(self.shape[2]))
        density = self._density if every else self._density.take(rows)
        result = np.empty((len(chain), len(rows)))
        for block in draw_blocks(*result.shape):
            here = chain[block], draw[block]
            result[block] = density({name: values[here] for name, values in self._draws.items()})
        return result.reshape([size for one in chosen for size in one.shape])

    def _check_memory(self, draws: int, rows: int) -> None:
        """Refuse what there is no room for, and say which block of rows there is room for."""
        free = free_memory()
        need = _NUMBER * (draws * rows + _BLOCKS * min(draws * rows, BLOCK_ELEMENTS))
        if free is None or need <= SHARE * free:
            return
        message = f"the log likelihood of {rows:,} rows at {draws:,} draws {shortage(need, free)}."
        # Each row takes its share, blocks at most as much again for each.
        most = int(SHARE * free / (_NUMBER * draws * (1 + _BLOCKS)))
        hint = f'fit.draws["log_likelihood"]["{self._name}"]'
        hint = f"Read it in blocks of rows: {hint}[..., :{most}]." if most else "Read fewer draws."
        raise ResourceError(Finding("resources", message, hint=hint))


def log_likelihood_variable(
    posterior: Mapping[str, Array], density: RowDensity, name: str = "y"
) -> xr.Variable | None:
    """Return the pointwise log likelihood as a variable that is computed when it is read.

    Parameters
    ----------
    posterior : mapping of str to ndarray, shape (chain, draw, ...)
    density : RowDensity
    name : str
        Under which it stands in the tree.

    Returns
    -------
    xarray.Variable or None
        With the dimensions chain, draw and row; None where draws that it needs were left out.
    """
    if any(variable not in posterior for variable in density.needed):
        return None
    values = indexing.LazilyIndexedArray(LogLikelihood(posterior, density, name))
    return xr.Variable(("chain", "draw", "row"), values)
