"""The registry of families: one file and one line each."""

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry
from glmm_bayes.graph.families.base import Family, Response, Scales
from glmm_bayes.graph.families.bernoulli import Bernoulli
from glmm_bayes.graph.families.beta import Beta
from glmm_bayes.graph.families.binomial import Binomial
from glmm_bayes.graph.families.exponential import Exponential
from glmm_bayes.graph.families.gamma import Gamma
from glmm_bayes.graph.families.gaussian import Gaussian
from glmm_bayes.graph.families.inverse_gaussian import InverseGaussian
from glmm_bayes.graph.families.lognormal import LogNormal
from glmm_bayes.graph.families.negative_binomial import NegativeBinomial
from glmm_bayes.graph.families.poisson import Poisson
from glmm_bayes.graph.families.skew_normal import SkewNormal
from glmm_bayes.graph.families.student import Student
from glmm_bayes.graph.families.von_mises import VonMises
from glmm_bayes.graph.families.weibull import Weibull

_ALL: tuple[Family, ...] = (
    Gaussian(),
    Student(),
    SkewNormal(),
    LogNormal(),
    Gamma(),
    InverseGaussian(),
    Exponential(),
    Weibull(),
    Beta(),
    VonMises(),
    Bernoulli(),
    Binomial(),
    Poisson(),
    NegativeBinomial(),
)

FAMILIES: Registry[Family] = Registry(
    "family",
    {family.name: family for family in _ALL},
    FormulaError,
)

__all__ = ["FAMILIES", "Family", "Response", "Scales"]
