"""A user's families in, by name: what models call beside the listed families.

A density that is written in PyTensor is compiled for arrays of draws when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import shown_value
from glmm_bayes.core.registry import is_same_class
from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.families.custom import FamilyOfFunctions, custom_family
from glmm_bayes.families.family_trial import try_family
from glmm_bayes.spec.custom_family import CustomFamily
from glmm_bayes.spec.several import REGISTERED


def register_family(family: CustomFamily | Family) -> None:
    """Let models call a family of your own by its name; files of fits hold the name alone.

    Parameters
    ----------
    family : CustomFamily or Family
        Functions of a distribution; or a subclass of ``glmm_bayes.families.Family``, made, where a family
        states more than these: thresholds, parts of zeros, tails for censored responses.

    Raises
    ------
    FormulaError
        ``custom_family`` if the name is none or that of another family, or an attribute is missing or wrong.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> waiting = gb.CustomFamily(
    ...     "waiting",
    ...     log_density=lambda y, mu, m: -y / mu - m.log(mu),
    ...     random=lambda rng, mu: rng.exponential(mu),
    ...     variance=lambda mu: mu**2,
    ...     support="positive",
    ... )
    >>> gb.register_family(waiting)
    >>> model = gb.Model("Reaction ~ Days", gb.load_dataset("sleepstudy"), family="waiting")
    >>> print(str(model).splitlines()[0])
    waiting(log)   Reaction ~ Days   mean of Reaction
    """
    if not isinstance(family, CustomFamily | Family):
        message = "a family to register is a gb.CustomFamily or a Family that is made, found "
        raise FAMILIES.refusal(f"{message}{shown_value(family)}.", _hint_of_class(family))
    if isinstance(family, CustomFamily) and _is_registered(family):
        return
    made = made_family(family) if isinstance(family, CustomFamily) else family
    FAMILIES.free_name(made, _is_same)
    try_family(FAMILIES.trial(made))
    FAMILIES.register(made, _is_same)
    REGISTERED[family.name] = (*made.auxiliaries, *made.defaults)


def _hint_of_class(family: object) -> str:
    return f"Write gb.register_family({family.__name__}())." if isinstance(family, type) else ""


def _is_registered(family: CustomFamily) -> bool:
    """Tell whether these functions are registered, so that what was compiled of them stays."""
    if family.name not in FAMILIES.added:
        return False
    known = FAMILIES[family.name]
    return isinstance(known, FamilyOfFunctions) and known.source.is_same(family)


def _is_same(known: Family, family: Family) -> bool:
    """Tell whether two families are the same functions, or of one class, run again as in a notebook."""
    if isinstance(family, FamilyOfFunctions):
        return isinstance(known, FamilyOfFunctions) and known.source.is_same(family.source)
    return is_same_class(known, family)


def name_of(family: Any) -> Any:
    """Return the name that a model calls a family by; a family of the user's is registered."""
    if not isinstance(family, CustomFamily):
        return family
    register_family(family)
    return family.name


def made_family(source: CustomFamily) -> Family:
    """Make the family of a user's functions, registered or not."""
    return custom_family(source, None if source.is_portable else _compiled_when_called(source))


def _compiled_when_called(source: CustomFamily) -> Callable[..., NDArray[np.float64]]:
    """Return the density of arrays, shape (row,), of a family whose density is written in PyTensor."""

    @cache
    def compiled() -> Any:
        import pytensor.tensor as pt

        from glmm_bayes.graph.row_functions import row_function

        y = pt.vector("y", dtype="int64" if source.support == "count" else "float64")
        values = {name: pt.vector(name, dtype="float64") for name in source.names}
        return row_function([y, *values.values()], source.log_density(y=y, **values))

    return lambda *arrays: np.asarray(compiled()(*arrays))
