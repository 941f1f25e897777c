"""The registry of families: one file and one line each."""

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry
from glmm_bayes.families.acat import AdjacentCategory
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.bernoulli import Bernoulli
from glmm_bayes.families.beta import Beta
from glmm_bayes.families.beta_binomial import BetaBinomial
from glmm_bayes.families.binomial import Binomial
from glmm_bayes.families.categorical import Categorical
from glmm_bayes.families.cratio import ContinuationRatio
from glmm_bayes.families.cumulative import Cumulative
from glmm_bayes.families.exponential import Exponential
from glmm_bayes.families.gamma import Gamma
from glmm_bayes.families.gaussian import Gaussian
from glmm_bayes.families.generalized_poisson import GeneralizedPoisson
from glmm_bayes.families.geometric import Geometric
from glmm_bayes.families.hurdle_gamma import HurdleGamma
from glmm_bayes.families.hurdle_lognormal import HurdleLognormal
from glmm_bayes.families.hurdle_negative_binomial import HurdleNegativeBinomial
from glmm_bayes.families.hurdle_poisson import HurdlePoisson
from glmm_bayes.families.inverse_gaussian import InverseGaussian
from glmm_bayes.families.lognormal import LogNormal
from glmm_bayes.families.multinomial import Multinomial
from glmm_bayes.families.negative_binomial import NegativeBinomial
from glmm_bayes.families.negative_binomial_1 import NegativeBinomial1
from glmm_bayes.families.ordered_beta import OrderedBeta
from glmm_bayes.families.poisson import Poisson
from glmm_bayes.families.scales import Scales
from glmm_bayes.families.skew_normal import SkewNormal
from glmm_bayes.families.sratio import StoppingRatio
from glmm_bayes.families.student import Student
from glmm_bayes.families.von_mises import VonMises
from glmm_bayes.families.weibull import Weibull
from glmm_bayes.families.zero_inflated_beta import ZeroInflatedBeta
from glmm_bayes.families.zero_inflated_binomial import ZeroInflatedBinomial
from glmm_bayes.families.zero_inflated_negative_binomial import ZeroInflatedNegativeBinomial
from glmm_bayes.families.zero_inflated_poisson import ZeroInflatedPoisson
from glmm_bayes.families.zero_one_inflated_beta import ZeroOneInflatedBeta
from glmm_bayes.spec.peers import peer_hint

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
    Cumulative(),
    StoppingRatio(),
    ContinuationRatio(),
    AdjacentCategory(),
    Categorical(),
    Multinomial(),
    NegativeBinomial1(),
    Geometric(),
    GeneralizedPoisson(),
    BetaBinomial(),
    ZeroInflatedPoisson(),
    ZeroInflatedNegativeBinomial(),
    ZeroInflatedBinomial(),
    ZeroInflatedBeta(),
    HurdlePoisson(),
    HurdleNegativeBinomial(),
    HurdleGamma(),
    HurdleLognormal(),
    ZeroOneInflatedBeta(),
    OrderedBeta(),
)

FAMILIES: Registry[Family] = Registry(
    "family",
    {family.name: family for family in _ALL},
    FormulaError,
    peer_hint,
)

__all__ = ["FAMILIES", "Family", "Response", "Scales"]
