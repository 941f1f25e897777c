"""Cumulative: an ordered response is a latent variable cut at thresholds."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import Link
from glmm_bayes.core.links.of_logs import link_of_logs
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.families.ordinal import OrdinalFamily, distances, log_sides
from glmm_bayes.families.traits import Notation, Thresholds, Traits

#: Probabilities below this are differences that have lost digits.
_FEW_DIGITS = 1e-6


class Cumulative(OrdinalFamily):
    """P(y <= k) = inverse link of disc * (threshold k - mu)."""

    name: ClassVar[str] = "cumulative"
    notation: ClassVar[Notation] = Notation(
        "Cumulative(mu[i], thresholds, disc)",
        r"\mathrm{Cumulative}(\mu_i, \tau, \mathrm{disc})",
        odds_ratio="cumulative odds ratio",
    )
    thresholds: ClassVar[Thresholds | None] = Thresholds((("{y} <= k", r"{y} \le k"),), is_ordered=True)
    traits: ClassVar[Traits] = Traits(is_latent=True)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        link, ends = at["mu"].link, distances(at)
        # The first and the last category have one end only; the other must be a number all the same.
        above = _picked(y, [*ends, ends[-1] + 1.0], m)
        below = _picked(y, [ends[0] - 1.0, *ends], m)
        between = _log_between(link, below, above, m)
        not_first = m.where(y > len(ends) - 0.5, link.log_complement(below, m), between)
        return m.where(y < 0.5, link.log_inverse(above, m), not_first)

    def mean(self, at: RowValues) -> Array:
        link = at["mu"].link
        return _differences([np.asarray(link.inverse(end)) for end in distances(at)])

    def score(self, expected: Array, at: RowValues) -> tuple[Array, Array]:
        steep, probabilities = self._steep(at)
        ratio = expected / probabilities
        return steep * (ratio[..., :-1] - ratio[..., 1:]), steep * (ratio[..., :-1] + ratio[..., 1:])

    def information(self, at: RowValues) -> Array:
        steep, probabilities = self._steep(at)
        count = steep.shape[-1]
        result = np.zeros((*steep.shape, count))
        k = np.arange(count)
        each = 1.0 / probabilities
        result[..., k, k] = np.square(steep) * (each[..., :-1] + each[..., 1:])
        beside = -steep[..., :-1] * steep[..., 1:] * each[..., 1:-1]
        result[..., k[:-1], k[1:]] = result[..., k[1:], k[:-1]] = beside
        return result

    def _steep(self, at: RowValues) -> tuple[Array, Array]:
        """Return the density of the latent variable at each threshold, and the probabilities."""
        link = at["mu"].link
        probabilities = self.mean(at)
        if probabilities.min(initial=1.0) < _FEW_DIGITS:
            probabilities = np.exp(self.log_mean(at))
        return NUMPY.stack([link.inverse_derivative(end) for end in distances(at)]), probabilities

    def distances_of(self, logs: Array, link: Link) -> Array:
        return link_of_logs(link, *log_sides(logs))

    def population_mean(self, joint: Joint) -> Integral:
        if set(joint.variance) != {"mu"}:
            return super().population_mean(joint)
        # The random part of disc * (threshold - mu) is normal: one closed form or rule a threshold.
        link = joint.at["mu"].link
        v = np.square(joint.at["disc"].value) * joint.variance["mu"]
        by_threshold = [population_mean(link, end, v, joint.smooth) for end in distances(joint.at)]
        error = 2.0 * max(part.error for part in by_threshold)
        return Integral(_differences([part.value for part in by_threshold]), by_threshold[0].rule, error)


def _picked(y: Array, values: list[Array], m: Maths) -> Array:
    """Return the value at the position ``y`` of each row."""
    picked = values[0]
    for position, value in enumerate(values[1:], start=1):
        picked = m.where(y > position - 0.5, value, picked)
    return picked


def _log_between(link: Link, below: Array, above: Array, m: Maths) -> Array:
    """Return log(F(above) - F(below)), F the inverse link, from the tail that is smaller."""
    low, high = link.log_inverse(above, m), link.log_complement(below, m)
    from_low = low + m.log1mexp(link.log_inverse(below, m) - low)
    from_high = high + m.log1mexp(link.log_complement(above, m) - high)
    return m.where(low < high, from_low, from_high)


def _differences(cumulative: list[Array]) -> Array:
    """Return the probabilities between cumulative ones; they add up to 1 and none is below 0."""
    # Rounding and rules of integration may exchange neighbours that are nearly equal.
    inner = np.maximum.accumulate(np.clip(NUMPY.stack(cumulative), 0.0, 1.0), axis=-1)
    ends = inner[..., :1]
    return np.diff(inner, axis=-1, prepend=0.0 * ends, append=np.ones_like(ends))
