"""What is asked of a fit: an estimand, a scale, and of which parameter."""

from __future__ import annotations

from dataclasses import dataclass

from glmm_bayes.core.links import Link
from glmm_bayes.design.several import MEAN
from glmm_bayes.effects.estimand import FactorWords
from glmm_bayes.effects.rows import parameter_link
from glmm_bayes.infer.fit import Fit


@dataclass(frozen=True)
class Question:
    """What is asked of a fit, but for the rows.

    Attributes
    ----------
    fit : Fit
    estimand : FactorWords
    scale : {"response", "link"}
        ``link`` is the link of the response-scale value.
    parameter : str or None
        A parameter with a linear predictor, on its own scales; None: the mean of the response.
    """

    fit: Fit
    estimand: FactorWords
    scale: str = "response"
    parameter: str | None = None

    @property
    def is_mu(self) -> bool:
        """Whether one linear predictor and its link are all that the answer depends on."""
        return self.parameter is not None or self.fit.family.mean_is_mu

    @property
    def single(self) -> str:
        """The one parameter asked for."""
        return self.parameter or MEAN

    @property
    def link(self) -> Link:
        """Its link."""
        return parameter_link(self.fit, self.single)
