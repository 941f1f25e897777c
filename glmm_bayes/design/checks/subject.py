"""What the checks look at: a design, what its family knows of the response, and the priors as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.core.maths import Array
from glmm_bayes.design.columns import evaluate_predictors
from glmm_bayes.design.design import Design
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.groups import GroupDesign

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """A response as its family reads it, and the ends that its mean reaches at infinity only.

    Attributes
    ----------
    label : str
    column : str
        The column of the data.
    values, trials : ndarray, shape (row,)
    has_floor : bool
        True if a mean of 0 lies at minus infinity on the linear predictor: counts and proportions.
    has_ceiling : bool
        True if a mean of all trials lies at plus infinity: proportions.
    has_normal_residual : bool
        True if a normal residual adds to the linear predictor.
    has_known_errors : bool
        True if the standard errors of the rows are known: ``se()``.
    is_of_one_trial : bool
        True if each row is one outcome of a few: binary, ordered or unordered categories.
    """

    label: str
    column: str
    values: Array
    trials: Array
    has_floor: bool
    has_ceiling: bool
    has_normal_residual: bool = False
    has_known_errors: bool = False
    is_of_one_trial: bool = False

    @cached_property
    def ends(self) -> Integers:
        """Where each row pulls the linear predictor: -1 down without end, 1 up without end, 0 neither."""
        if not (self.has_floor or self.has_ceiling):
            return np.zeros(len(self.trials), np.int64)
        floor = self.has_floor & (self.values == 0)
        ceiling = self.has_ceiling & (self.values == self.trials)
        return np.where(floor, -1, np.where(ceiling, 1, 0)).astype(np.int64)

    @cached_property
    def informative(self) -> NDArray[np.bool_]:
        """Tell which rows say anything: those with a trial."""
        return self.trials > 0

    @property
    def constant_end(self) -> int:
        """The end at which all rows lie; 0 if there is none."""
        ends = np.unique(self.ends[self.informative])
        return int(ends[0]) if len(ends) == 1 else 0

    def end_text(self, end: int) -> str:
        """Write the value of rows at an end."""
        if end < 0:
            return "0"
        return "1" if (self.trials <= 1).all() else "all successes"


class VariableNames(Protocol):
    """Names of a linear predictor's variables, as the posterior spells them."""

    def sd(self, slug: str) -> str:
        """Name the standard deviations of a grouping factor's effects."""

    def sd_of(self, slug: str, effect: str) -> str:
        """Name one of them."""

    def coefficient(self, label: str) -> str:
        """Name a coefficient."""


@dataclass(frozen=True)
class Subject:
    """All that a check reads.

    Attributes
    ----------
    design : Design
    outcome : Outcome
    auxiliaries : tuple of str
        The family's further parameters, such as ``sigma``.
    priors : mapping of str to str
        The prior of each parameter as text.
    predictors : tuple of VariableNames
        Of the linear predictor, and of further ones of the same design: categories.
    mean : VariableNames
        Of the linear predictor of the mean.
    fixed : tuple of str
        Further parameters that are fixed at a number.
    is_of_mean : bool
        Whether the linear predictor is that of the mean, or of a category, and of no further parameter.
    residual_like : frozenset of str
        Grouping factors whose effects no law ties more closely to each other than a residual may be.
    """

    design: Design
    outcome: Outcome
    auxiliaries: tuple[str, ...]
    priors: Mapping[str, str]
    predictors: tuple[VariableNames, ...]
    mean: VariableNames
    fixed: tuple[str, ...] = ()
    is_of_mean: bool = True
    residual_like: frozenset[str] = frozenset()

    def sds(self, group: GroupDesign) -> list[str]:
        """Name a factor's standard deviations in each linear predictor of this design."""
        return [names.sd(group.slug) for names in self.predictors]

    @cached_property
    def codes(self) -> Mapping[str, Integers]:
        """Codes of each categorical predictor of the fixed part into its levels, by its text."""
        state = self.design.state
        findings = Findings(DataError)
        evaluator = Evaluator(self.design.table, dict(state.transforms), dict(state.factors), False, findings)
        return evaluate_predictors(self.design.predictor.fixed, evaluator).codes

    @cached_property
    def distinct(self) -> tuple[Integers, Integers]:
        """First row of each distinct row of the fixed part, and the distinct row that each row is."""
        # Minus zero and zero are one number, but not the same bytes.
        rows = np.ascontiguousarray(self.design.x + 0.0)
        packed = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)
        _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)

    @cached_property
    def size(self) -> int:
        """Rows times columns of the fixed part that the costly checks read; rows that are alike are one."""
        rows, columns = len(self.design), len(self.design.columns)
        if self.outcome.has_floor and columns:
            rows = len(self.distinct[0])
        return rows * columns

    def prior(self, parameter: str) -> str:
        """Write the prior of a parameter, with its name."""
        return f"{parameter} ~ {self.priors[parameter]}"
