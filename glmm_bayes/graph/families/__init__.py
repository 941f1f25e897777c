"""The registry of families: one file and one line each."""

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry
from glmm_bayes.graph.families.acat import AdjacentCategory
from glmm_bayes.graph.families.base import Family, Response, Scales
from glmm_bayes.graph.families.bernoulli import Bernoulli
from glmm_bayes.graph.families.binomial import Binomial
from glmm_bayes.graph.families.categorical import Categorical
from glmm_bayes.graph.families.cratio import ContinuationRatio
from glmm_bayes.graph.families.cumulative import Cumulative
from glmm_bayes.graph.families.gaussian import Gaussian
from glmm_bayes.graph.families.multinomial import Multinomial
from glmm_bayes.graph.families.negative_binomial import NegativeBinomial
from glmm_bayes.graph.families.poisson import Poisson
from glmm_bayes.graph.families.sratio import StoppingRatio

_ALL: tuple[Family, ...] = (
    Gaussian(),
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
)

FAMILIES: Registry[Family] = Registry(
    "family",
    {family.name: family for family in _ALL},
    FormulaError,
)

__all__ = ["FAMILIES", "Family", "Response", "Scales"]
