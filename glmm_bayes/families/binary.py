"""What bernoulli and binomial share: the density and the scales of priors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.probability_domains import (
    has_ends,
    log_of_successes,
    refuse_new_groups,
    refuse_outside,
    words_of_ends,
)
from glmm_bayes.families.scales import Scales, probability_scales
from glmm_bayes.families.traits import (
    BINOMIAL_VARIANCE,
    PROBABILITIES,
    PROBABILITY_LINKS,
    Mu,
    Traits,
    WorkingVariance,
)


class BinaryFamily(Family):
    """Numbers of successes in trials; ``mu`` is the probability of one."""

    mu: ClassVar[Mu] = Mu((*PROBABILITY_LINKS, "log", "identity", "logc"), PROBABILITIES)
    traits: ClassVar[Traits] = Traits(is_exponential=True, is_latent=True)
    working_variance: ClassVar[WorkingVariance | None] = BINOMIAL_VARIANCE

    def infinite_ends(self, link: Link) -> tuple[bool, bool]:
        with np.errstate(divide="ignore"):
            none, all_ = link.link(np.array(self.mu.bounds))
        return bool(none == -np.inf), bool(all_ == np.inf)

    def has_bounded_predictor(self, link: Link) -> bool:
        return has_ends(link)

    def words_of_ends(self, link: Link) -> str:
        return words_of_ends(link) if has_ends(link) else ""

    def check_new_groups(self, link: Link) -> None:
        refuse_new_groups(link)

    def check_rows(self, joint: Joint) -> None:
        """Refuse means that are no probabilities, and those of new groups under a link with an end.

        Raises
        ------
        PredictionError
            ``estimand_undefined`` or ``outside_domain``.
        """
        if not has_ends(joint.at["mu"].link):
            return
        if "mu" in joint.variance:
            self.check_new_groups(joint.at["mu"].link)
        refuse_outside(joint.at["mu"])

    def ratio_name(self, link: Link) -> str:
        return "risk ratio" if link.name == "log" else super().ratio_name(link)

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        if not has_ends(link):
            return probability_scales(link)
        return _scales_within(link, response, offset)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        constant = m.gammaln(n + 1) - m.gammaln(y + 1) - m.gammaln(n - y + 1)
        if has_ends(at["mu"].link):
            return constant + log_of_successes(y, n, at["mu"], m)
        return constant + y * at["mu"].log_odds + n * at["mu"].log_complement

    def variance(self, at: RowValues) -> Array:
        return np.exp(self.log_variance(at))

    def log_variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].log + at["mu"].log_complement)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        if has_ends(at["mu"].link):
            refuse_outside(at["mu"])
        drawn = rng.binomial(n.astype(np.int64), at["mu"].value)
        return np.asarray(drawn, np.float64)


def _scales_within(link: Link, response: Response, offset: Array) -> Scales:
    """Return the scales under a link whose linear predictor has an end: the centre is the share of successes.

    An effect may be as large as half of all that is inside two ends, however rare successes are: the
    likelihood keeps it inside. With one end the linear predictor is a log of a probability, or of its
    complement: the scales are those of logs of positive means.
    """
    trials = np.maximum(response.trials, 0.0)
    share = (float(response.supported.sum()) + 0.5) / (float(trials.sum()) + 1.0)
    centre = float(np.asarray(link.link(np.array(share))) - offset.mean())
    low, high = link.predictor_domain(PROBABILITIES)
    effect = 0.5 * (high - low) if np.isfinite(high - low) else 1.5
    return Scales(centre, effect, effect, 0.5 * effect)
