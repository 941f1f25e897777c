"""A family at some points of its parameters in; its draws, and what follows from its density, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, FormulaError, GlmmError
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families import Family
from glmm_bayes.laws.integrals import NumericalLaw, law_of
from glmm_bayes.laws.points import Points, mu_is_predictor
from glmm_bayes.laws.responses import ENDS, Responses, support_of

#: Numbers of trials, where a response is a number in them.
_TRIALS = (1, 5)


@dataclass(frozen=True)
class Case:
    """A family at some points of its parameters, with one number of trials.

    Attributes
    ----------
    family : Family
    points : Points
    link : Link
        Under which ``mu`` is taken: its own where the density depends on it, else the identity.
    links : tuple of str
        Links whose graphs are looked at here.
    responses : Responses
    drawn : ndarray, shape (draw, point) or (draw, point, category)
    """

    family: Family
    points: Points
    link: Link
    links: tuple[str, ...]
    responses: Responses
    drawn: Array

    @cached_property
    def numbers(self) -> list[Array]:
        """Of each input, shape (point,): ``mu`` by its linear predictor under ``link``."""
        return _numbers(self.family, self.points, self.link)

    @cached_property
    def mean(self) -> Array:
        """The family's mean of one trial, shape (point,) or (point, category)."""
        return np.asarray(self.family.mean(self._at())[0], np.float64)

    @cached_property
    def variance(self) -> Array:
        """The family's variance of one trial, shape (point,) or (point, category)."""
        return np.asarray(self.family.variance(self._at())[0], np.float64)

    @cached_property
    def laws(self) -> list[NumericalLaw]:
        """What follows from the density at each point."""
        mean, variance = (np.zeros(self.points.size),) * 2
        if self.responses.support == "real":
            mean, variance = self.mean, self.variance
        usable = np.isfinite(variance) & (variance > 0)
        scale = np.where(usable, np.sqrt(np.where(usable, variance, 1.0)), 1.0)
        centre = np.where(np.isfinite(mean), mean, 0.0)
        return [
            law_of(self._density_at(point), self.responses, float(centre[point]), float(scale[point]))
            for point in range(self.points.size)
        ]

    def text(self, point: int) -> str:
        """Write the parameters of a point."""
        trials = f", trials = {self.responses.trials}" if self.responses.trials > 1 else ""
        link = f", link {self.link.name}" if self.link.name in self.links and self._has_predictor else ""
        return f"{self.points.text(point)}{trials}{link}"

    def under(self, name: str) -> tuple[NDArray[np.int64], list[Array]]:
        """Return the points whose ``mu`` a link has, and their numbers with its linear predictor."""
        everywhere = np.arange(self.points.size)
        if not self._has_predictor or name == self.link.name:
            return everywhere, self.numbers
        mu, link = self.points.values["mu"], LINKS[name]
        with np.errstate(all="ignore"):
            eta = np.asarray(link.link(mu))
            back = np.asarray(link.inverse(eta))
        points = np.flatnonzero(np.isfinite(eta) & np.isclose(back, mu))
        return points, [values[points] for values in (eta, *self.numbers[1:])]

    def log_density(self, link: Link, y: Array, numbers: Sequence[Array]) -> Array:
        """Return the log density of arrays, shape (row,)."""
        at = self.points.inputs.row_values(link, numbers, NUMPY)
        n = np.full(len(y), float(self.responses.trials))
        with np.errstate(all="ignore"):
            return np.asarray(np.broadcast_to(self.family.log_density(y, n, at, NUMPY), len(y)), np.float64)

    @property
    def _has_predictor(self) -> bool:
        return "mu" in self.points.values

    def _at(self) -> RowValues:
        return self.points.inputs.row_values(self.link, [values[None] for values in self.numbers], NUMPY)

    def _density_at(self, point: int) -> Any:
        one = [values[point : point + 1] for values in self.numbers]
        return lambda y: self.log_density(self.link, y, one)


def cases_of(family: Family, points: Points, draws: int, seed: int) -> list[Case]:
    """Draw responses at the points: under each link where the density depends on it, and in each of trials.

    Raises
    ------
    FormulaError
        ``custom_family`` if no response can be drawn.
    """
    # Thresholds stand on the scale of the linear predictor.
    links = family.links if family.has_thresholds else ("identity",)
    result = []
    for name in links:
        looked_at = (name,) if family.has_thresholds else family.links
        for trials in _TRIALS if _counts_in_trials(family, points, LINKS[name]) else (1,):
            rng = np.random.default_rng(seed)
            drawn = _drawn(family, points, LINKS[name], draws, trials, rng)
            responses = _responses(family, points, drawn, trials)
            result.append(Case(family, points, LINKS[name], looked_at, responses, drawn))
    return result


def _numbers(family: Family, points: Points, link: Link) -> list[Array]:
    values = [points.values[name] for name in points.inputs.names]
    if "mu" in points.values and not mu_is_predictor(family):
        values[0] = np.asarray(link.link(points.values["mu"]))
    return values


def _drawn(
    family: Family, points: Points, link: Link, draws: int, trials: int, rng: np.random.Generator
) -> Array:
    numbers = [np.tile(values, (draws, 1)) for values in _numbers(family, points, link)]
    try:
        at = points.inputs.row_values(link, numbers, NUMPY)
        return family.random(rng, np.full(points.size, float(trials)), at)
    except (ArithmeticError, TypeError, ValueError) as error:
        if isinstance(error, GlmmError):
            raise
        message = f"random of {family.name} fails at these values of mu and parameters: {error}."
        raise FormulaError(Finding("custom_family", message)) from error


def _counts_in_trials(family: Family, points: Points, link: Link) -> bool:
    """Tell whether a response is a number in trials: of successes, or of each category."""
    if family.support.kind == "successes":
        at = points.inputs.row_values(link, _numbers(family, points, link), NUMPY)
        ones = np.ones(points.size)
        alone, among = (family.log_density(ones, n * ones, at, NUMPY) for n in _TRIALS)
        return not np.array_equal(alone, among)
    drawn = _drawn(family, points, link, 1, 1, np.random.default_rng(0))
    return drawn.ndim == 3


def _responses(family: Family, points: Points, drawn: Array, trials: int) -> Responses:
    support = support_of(family)
    if drawn.ndim == 3:
        return Responses("compositions", trials, drawn.shape[-1])
    categories = 1 + len(points.inputs.thresholds or points.inputs.predictors)
    ends = tuple(end for end in ENDS.get(support, ()) if (drawn == end).any())
    return Responses(support, trials, categories, ends)
