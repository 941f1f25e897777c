"""Covariance structures of random effects, one file each, by the name in ``gr(g, structure = ...)``."""

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry
from glmm_bayes.covariances.ar1 import AR1
from glmm_bayes.covariances.base import Argument, EffectCovariance, LevelCovariance
from glmm_bayes.covariances.bym2 import BYM2
from glmm_bayes.covariances.compound_symmetry import CompoundSymmetry
from glmm_bayes.covariances.diagonal import Diagonal
from glmm_bayes.covariances.icar import ICAR
from glmm_bayes.covariances.independent import Independent
from glmm_bayes.covariances.known import Known
from glmm_bayes.covariances.matern import Matern
from glmm_bayes.covariances.toeplitz import Toeplitz
from glmm_bayes.covariances.unstructured import Unstructured

__all__ = ["COVARIANCES", "Argument", "EffectCovariance", "Independent", "LevelCovariance", "Unstructured"]

COVARIANCES: Registry[type[EffectCovariance] | type[LevelCovariance]] = Registry(
    "structure",
    {
        structure.name: structure
        for structure in (
            Unstructured,
            Diagonal,
            CompoundSymmetry,
            AR1,
            Toeplitz,
            Independent,
            Known,
            ICAR,
            BYM2,
            Matern,
        )
    },
    FormulaError,
)
