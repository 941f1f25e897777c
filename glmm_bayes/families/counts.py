"""What families of counts share: how they read the response, and the scales of priors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.reading import outside_support, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales, positive_scales
from glmm_bayes.families.traits import POSITIVE, Mu, Support

_SUPPORT = "whole numbers of at least 0"
_EXACT_LIMIT = 2.0**53
#: NumPy's generator takes means below 2**63 only; a draw that large has no meaning as a count.
_LARGEST_MEAN = 1e18


class CountFamily(Family):
    """Counts from 0 without an upper end; exposure enters as offset(log(e))."""

    mu: ClassVar[Mu] = Mu(("log", "identity", "sqrt", "softplus"), POSITIVE)
    support: ClassVar[Support] = Support("count", _SUPPORT, is_discrete=True)

    def infinite_ends(self, link: Link) -> tuple[bool, bool]:
        with np.errstate(divide="ignore"):
            return bool(link.link(np.array(0.0)) == -np.inf), False

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        bad = (y < 0) | (y != np.floor(y)) | (y >= _EXACT_LIMIT)
        if bad.any():
            outside_support(columns, bad, self.name, _SUPPORT, _remedy(y[bad]), findings)
        return Response(
            columns.label, f"mean of {columns.label}", y, np.ones_like(y), additions=columns.additions
        )

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        total = response.supported.sum() + 0.5
        if link.name == "log":
            return Scales(float(np.log(total) - logsumexp(offset)), 2.5, 1.5, 1.5)
        return positive_scales(link, float(total / len(response.supported)))


def _remedy(outside: Array) -> str:
    """Tell what counts that are none may be."""
    if (outside < 0).any():
        return 'Numbers below 0 are family="gaussian".'
    if (outside != np.floor(outside)).any():
        return "Did you mean a rate? Write count ~ ... + offset(log(exposure))."
    return "From 2**53 on neighbouring counts cannot be told apart: count in larger units."


def poisson_draws(rng: np.random.Generator, mean: Array) -> Array:
    """Draw Poisson counts as floats."""
    return np.asarray(rng.poisson(np.minimum(mean, _LARGEST_MEAN)), np.float64)
