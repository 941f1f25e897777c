"""A user's families in, by name: what models call beside the listed families.

A density that is written in PyTensor is compiled for arrays of draws when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.families.custom import FamilyOfFunctions, custom_family
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
        ``custom_family`` if the name is that of a listed family or of another family of yours.

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
        raise _refusal(f"a family to register is a gb.CustomFamily, found {type(family).__name__}.", "")
    if family.name not in FAMILIES:
        made = made_family(family) if isinstance(family, CustomFamily) else family
        FAMILIES.add(family.name, made)
        REGISTERED[family.name] = (*made.auxiliaries, *made.defaults)
        return
    known = FAMILIES[family.name]
    if family.name not in FAMILIES.added:
        raise _refusal(f"'{family.name}' is a listed family.", f'Example: "my_{family.name}".')
    if not _is_same(known, family):
        message = f"another family is registered as '{family.name}': models that call it would change."
        raise _refusal(message, "Give this one another name.")


def _is_same(known: Family, family: CustomFamily | Family) -> bool:
    if isinstance(family, CustomFamily):
        return isinstance(known, FamilyOfFunctions) and known.source.is_same(family)
    return type(known) is type(family)


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


def _refusal(sentence: str, hint: str) -> FormulaError:
    return FormulaError(Finding("custom_family", sentence, hint=hint))
