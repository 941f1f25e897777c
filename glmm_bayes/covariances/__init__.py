"""Covariance structures of random effects, one file each, by the name in ``gr(g, structure = ...)``."""

from __future__ import annotations

from glmm_bayes.core.errors import FormulaError, shown_value
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
from glmm_bayes.covariances.structure_trial import try_structure
from glmm_bayes.covariances.toeplitz import Toeplitz
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.spec.peers import STRUCTURES

__all__ = [
    "COVARIANCES",
    "Argument",
    "EffectCovariance",
    "Independent",
    "LevelCovariance",
    "Unstructured",
    "register_covariance",
]

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
    reserved={word: structure for word, (structure, _) in STRUCTURES.items()},
)


def register_covariance(structure: type[EffectCovariance] | type[LevelCovariance]) -> None:
    """Let formulas call a covariance structure of your own; files of fits hold the name alone.

    Parameters
    ----------
    structure : type of EffectCovariance or type of LevelCovariance
        A subclass of one of the two: what it samples, and its root, written once in the functions of ``m``
        for arrays and for the sampled graph. Formulas call it by its ``name``:
        ``(0 + f | gr(g, structure = "name"))``.

    Raises
    ------
    FormulaError
        ``custom_structure`` if it is no structure, its name is none or that of another one, an attribute is
        missing or wrong, or effects of a few levels have another covariance than the class says.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> from glmm_bayes.covariances.diagonal import Diagonal
    >>> gb.register_covariance(Diagonal)
    Traceback (most recent call last):
        ...
    glmm_bayes.core.errors.FormulaError: [custom_structure] 'diagonal' is a listed structure. \
Give it another name: "my_diagonal".
    """
    known = (EffectCovariance, LevelCovariance)
    if not (isinstance(structure, type) and issubclass(structure, known)):
        message = f"a structure to register is a class of EffectCovariance or LevelCovariance, found \
{shown_value(structure)}."
        raise COVARIANCES.refusal(message)
    COVARIANCES.free_name(structure)
    try_structure(COVARIANCES.trial(structure))
    COVARIANCES.register(structure)
