"""What families of positive numbers share: how they read the response, and the scales of priors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.exact_sums import exact_mean
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.reading import outside_support, refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales, positive_scales
from glmm_bayes.families.traits import POSITIVE, Mu, Support

_SUPPORT = "numbers above 0"
_SMALLEST = float(np.finfo(np.float64).tiny)
_LARGEST = float(np.finfo(np.float64).max)


class PositiveFamily(Family):
    """Numbers above 0; exposure enters as offset(log(e)) under the log link."""

    mu: ClassVar[Mu] = Mu(("log", "inverse", "identity", "softplus"), POSITIVE)
    support: ClassVar[Support] = Support("positive", _SUPPORT, floor=0.0)

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.ones(len(columns.rows))
        elif (y <= 0).any():
            outside_support(columns, y <= 0, self.name, _SUPPORT, _remedy(y), findings)
        else:
            refuse_constant(columns, y, findings)
        return Response(
            columns.label, f"mean of {columns.label}", y, np.ones_like(y), additions=columns.additions
        )

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        y = response.supported
        if link.name == "log":
            return Scales(float(np.log(y.sum()) - logsumexp(offset)), 2.5, 1.5, 1.5)
        return positive_scales(link, exact_mean(y))


def within_positive(draws: Array) -> Array:
    """Return draws whose rounding to 0 or to infinity is undone: they stay inside the support."""
    return np.clip(draws, _SMALLEST, _LARGEST)


def _remedy(y: Array) -> str:
    """Tell which families take numbers of at most 0."""
    if np.isin(y, (0.0, 1.0)).all():
        return 'A response of 0 and 1 is family="bernoulli".'
    zeros, negative = int((y == 0).sum()), int((y < 0).sum())
    if not negative:
        return f'{_are(zeros)} 0: family="hurdle_gamma" or "hurdle_lognormal" would accept them.'
    if not zeros:
        return f'{_are(negative)} below 0: family="gaussian" would accept them.'
    return f'{_are(zeros)} 0, {negative} below 0: family="gaussian" would accept them.'


def _are(count: int) -> str:
    return "1 is" if count == 1 else f"{count} are"
