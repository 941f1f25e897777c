"""What every family supplies: how it reads a response, its density, its variance, its PyMC variable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.core.links import Link
from glmm_bayes.design.factors import observed_levels
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.design.table import looks_like_numbers
from glmm_bayes.spec.prior import Prior

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """A response as its family reads it.

    Attributes
    ----------
    label : str
        The response as the user wrote it.
    mean_label : str
        What the response scale shows: ``P(y = 1)``, ``mean of Reaction``.
    values : ndarray, shape (row,)
        Observed values; for binomial, numbers of successes.
    trials : ndarray, shape (row,)
        Numbers of trials; 1 where the family has none.
    """

    label: str
    mean_label: str
    values: Array
    trials: Array


@dataclass(frozen=True)
class Scales:
    """Scales of the default priors on the linear predictor (statistics: Gelman et al. 2008).

    Attributes
    ----------
    intercept_mean, intercept_sd : float
        Normal prior of the intercept at the average row.
    effect : float
        Sd of the effect of a full swing of a predictor.
    group_sd : float
        Scale of the half-normal prior of a group's standard deviation.
    """

    intercept_mean: float
    intercept_sd: float
    effect: float
    group_sd: float


class Family(ABC):
    """A distribution of the response, parametrized in its mean.

    Attributes
    ----------
    name : str
    notation, latex : str
        The distribution of row i as a person writes it.
    links : tuple of str
        Links that the family takes, its default first.
    auxiliaries : tuple of str
        Further parameters with one value for all rows.
    is_discrete : bool
    """

    name: ClassVar[str]
    notation: ClassVar[str]
    latex: ClassVar[str]
    links: ClassVar[tuple[str, ...]]
    auxiliaries: ClassVar[tuple[str, ...]] = ()
    is_discrete: ClassVar[bool]

    @abstractmethod
    def read_response(self, columns: ResponseColumns, findings: Findings) -> Response:
        """Check the response against the family's support and coding; collect what is wrong."""

    @abstractmethod
    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        """Return the scales of the default priors."""

    def auxiliary_priors(self, response: Response, offset: Array) -> Mapping[str, Prior]:
        """Return the default prior of each auxiliary parameter."""
        return {}

    @abstractmethod
    def log_density(
        self, response: Response, link: Link, eta: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        """Return log f(y) with all constants; ``eta`` has shape (..., row)."""

    @abstractmethod
    def variance(self, mu: Array, auxiliary: Mapping[str, Array]) -> Array:
        """Return Var(y | mu) of one trial."""

    @abstractmethod
    def random(
        self, rng: np.random.Generator, response: Response, mu: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        """Draw responses with means ``mu``, shape (..., row), and the trials of ``response``."""

    @abstractmethod
    def observe(
        self, name: str, link: Link, eta: Any, response: Any, trials: Any, auxiliary: Mapping[str, Any]
    ) -> Any:
        """Add the observed variable to the PyMC model in context (PyTensor variables in)."""

    def latent_variance(self, link: Link) -> float | None:
        """Return the variance of the latent residual, where the link defines one."""
        return None


def require_numbers(columns: ResponseColumns, family: str, support: str, findings: Findings) -> Array | None:
    """Return the response as floats, or collect why it is not a number."""
    column = columns.column
    if column.kind == "number":
        return column.values.astype(np.float64)
    message = f"{family} needs {support}: column '{column.name}' holds {_kind_words(columns)}."
    is_binary = column.kind == "boolean" or len(observed_levels(column)) == 2
    hint = 'A two-valued response is family="bernoulli".' if is_binary else ""
    if looks_like_numbers(column.levels):
        hint = f'They look like numbers: write data["{columns.source}"].astype(float) if they are.'
    findings.error("column_type", message, column=columns.source, hint=hint)
    return None


def _kind_words(columns: ResponseColumns) -> str:
    if columns.column.kind == "boolean":
        return "booleans"
    return f"labels ({value_text(columns.column.levels)})"


def outside_support(
    columns: ResponseColumns, bad: NDArray[np.bool_], family: str, support: str, hint: str, findings: Findings
) -> None:
    """Collect the rows whose response lies outside the family's support."""
    rows = tuple(columns.rows[bad].tolist())
    name = columns.column.name
    values = value_text(columns.column.values[bad].tolist())
    message = (
        f"{family} needs {support}: column '{name}' has {len(rows)} values outside it "
        f"({row_text(rows)}: {values})."
    )
    findings.error("response_support", message, column=columns.source, rows=rows, hint=hint)


def refuse_trials(columns: ResponseColumns, family: str, findings: Findings) -> None:
    """Collect trials that the family has no use for."""
    if columns.trials is not None:
        message = f"{family} has no trials, but the formula gives them for '{columns.label}'."
        findings.error("trials", message, column=columns.source, hint='Use family="binomial".')
