"""What families of proportions with exact zeros or ones share: how they read them, and their mixtures."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.beta import Beta
from glmm_bayes.families.reading import outside_support, refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales, probability_scales
from glmm_bayes.families.traits import PROBABILITIES, PROBABILITY_LINKS, Mu, ResponseMean, Support

BETA = Beta()


class ProportionFamily(Family):
    """Proportions from 0, with 0 and perhaps 1 themselves."""

    mu: ClassVar[Mu] = Mu(PROBABILITY_LINKS, PROBABILITIES)
    support: ClassVar[Support] = Support(
        "share", "numbers from 0 to 1", floor=0.0, ceiling=1.0, floor_has_mass=True
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(text="")
    takes_ones: ClassVar[bool] = True

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        support = self.support.coding
        y = require_numbers(columns, self.name, support, findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        else:
            bad = (y < 0) | (y > 1) | ((y == 1) & (not self.takes_ones))
            if bad.any():
                outside_support(columns, bad, self.name, support, _remedy(y, columns.label), findings)
            refuse_constant(columns, y, findings)
            _warn_without_inside(columns, y, self.name, findings)
            self.warn_without_ends(columns, y, findings)
        label = f"mean of {columns.label}"
        return Response(columns.label, label, y, np.ones_like(y), additions=columns.additions)

    @abstractmethod
    def warn_without_ends(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        """Warn of parameters that no response speaks of."""

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        return probability_scales(link)


def _remedy(y: Array, label: str) -> str:
    """Tell what numbers that are no such proportions may be."""
    if (y < 0).any() or (y > 100).any():
        return 'Did you mean family="gaussian"?'
    if (y > 1).any():
        return f"Percentages? Divide by 100: write I({label} / 100) ~ ...."
    return 'Exact ones: family="zero_one_inflated_beta" or "ordered_beta" would accept them.'


def _warn_without_inside(columns: ResponseColumns, y: Array, family: str, findings: Findings) -> None:
    """Warn of proportions that are all 0 or 1."""
    if np.isin((0.0, 1.0), y).all() and np.isin(y, (0.0, 1.0)).all():
        message = f"{family}: response '{columns.label}' holds only 0 and 1, "
        message += "so phi rests on its prior."
        hint = 'Did you mean family="bernoulli"?'
        findings.warning("response_support", message, column=columns.source, hint=hint)


class EndsFamily(ProportionFamily):
    """A zero, a one or a beta number between them."""

    @abstractmethod
    def shares(self, at: RowValues) -> tuple[Array, Array, Array]:
        """Return the probabilities of a zero, of a one and of a number between them."""

    def mean(self, at: RowValues) -> Array:
        _, one, between = self.shares(at)
        return np.asarray(one + between * at["mu"].value)

    def log_mean(self, at: RowValues) -> Array:
        _, one, between = self.shares(at)
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(np.log(one), np.log(between) + at["mu"].log))

    def variance(self, at: RowValues) -> Array:
        # The law of total variance over the three parts.
        zero, one, between = self.shares(at)
        mean = self.mean(at)
        inside = BETA.variance(at) + (at["mu"].value - mean) ** 2
        return np.asarray(zero * mean**2 + one * (1.0 - mean) ** 2 + between * inside)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        zero, one, _ = self.shares(at)
        inside = BETA.random(rng, n, at)
        place = rng.random(inside.shape)
        return np.where(place < zero, 0.0, np.where(place >= 1.0 - one, 1.0, inside))
