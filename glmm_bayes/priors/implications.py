"""Priors in, what they say out: an odds ratio, a probability, a rate ratio.

Ranges are of the prior and hold 95 % of it, as much below as above, whatever the level of intervals is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.families import Family, Response
from glmm_bayes.spec.linear_predictor import MEAN
from glmm_bayes.spec.prior import Prior

_Z = 1.959963984540054  # 97.5 % point of the standard normal
_Z75 = 0.6744897501960817  # its 75 % point: median odds ratio, Larsen et al. 2000
_CAUCHY = 12.706204736174694  # 97.5 % point of the standard Cauchy
_HALF_NORMAL_MEDIAN = 0.6744897501960817


@dataclass(frozen=True)
class Reading:
    """How the numbers of a linear predictor are read.

    Attributes
    ----------
    name : str
        What the inverse link gives: ``mean``, ``sigma``, ``zi``, ``odds against bus``.
    link : Link
    ratio : str
        What ``exp(coefficient)`` is; empty if it has no name.
    offset : float or None
        That of the average row, exposures included; None where there is none.
    beside : str
        What it is made of: ``its offset``, ``its exposure``, or both.
    bounds : tuple of (float, float)
        Between which the likelihood keeps it, whatever the prior is.
    """

    name: str
    link: Link
    ratio: str
    offset: float | None = None
    beside: str = ""
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def of_population(self) -> Reading:
        """Return the reading of population-averaged numbers: of means and ratios of the population."""
        ratio = self.ratio and f"population {self.ratio}"
        return replace(self, name=f"population {self.name}", ratio=ratio)

    @property
    def average_row(self) -> str:
        """Where the intercept is read: at the average row, with its offset if it has one."""
        return "average row" if self.offset is None else f"average row with {self.beside}"


#: What ``exp(coefficient)`` of a further parameter is called, by its link.
_RATIOS = {"log": "factor", "logit": "odds ratio"}


def reading_of(name: str, link: Link, family: Family, response: Response) -> Reading:
    """Say how the numbers of a parameter's linear predictor are read."""
    if name in family.kinds:
        return Reading(name, link, _RATIOS.get(link.name, ""))
    if family.has_category_predictors:
        # The linear predictor is a log of odds.
        return Reading(f"odds against {response.categories[0]}", LINKS["log"], "odds ratio")
    bounds = family.mu.bounds if family.has_bounded_predictor(link) else (-np.inf, np.inf)
    return Reading("mean" if family.mean_is_mu else MEAN, link, family.ratio_name(link), bounds=bounds)


def intercept_words(prior: Prior, reading: Reading) -> str:
    """Say between which values the intercept's prior puts 95 % of its mass, if that is known here."""
    if prior.name not in ("Cauchy", "Normal"):
        return ""
    if prior.name == "Cauchy":
        ends = prior["alpha"] + _CAUCHY * prior["beta"] * np.array([-1.0, 1.0])
    else:
        ends = prior["mu"] + _Z * prior["sigma"] * np.array([-1.0, 1.0])
    ends = ends + (reading.offset or 0.0)
    link = reading.link
    if link.has_pole or not link.is_increasing:
        return f": linear predictor between {ends[0]:.3g} and {ends[1]:.3g} (95% equal-tailed)"
    low, high = np.clip(link.inverse(ends), *reading.bounds)
    return f": {reading.name} between {low:.3g} and {high:.3g} (95% equal-tailed)"


def effect_words(sd: float, reading: Reading) -> str:
    """Say between which ratios the prior of a full swing's effect puts 95 % of its mass."""
    name = reading.ratio
    if not name:
        return f"effect between {-_Z * sd:.3g} and {_Z * sd:.3g} (95% equal-tailed)"
    bound = np.exp(_Z * sd)
    return f"{name} between 1/{bound:.3g} and {bound:.3g} (95% equal-tailed)"


def sd_words(prior: Prior, reading: Reading) -> str:
    """Say what a half-normal prior of a group's sd means for two groups (Larsen et al. 2000)."""
    name = reading.ratio
    if not name or prior.name != "HalfNormal" or prior.of in ("variance", "precision"):
        return ""
    typical, upper = (
        np.exp(np.sqrt(2) * sd * _Z75) for sd in (_HALF_NORMAL_MEDIAN * prior["sigma"], _Z * prior["sigma"])
    )
    return f"median {name} between groups: median {typical:.3g}, 95% below {upper:.3g}"
