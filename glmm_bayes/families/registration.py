"""A user's families in, by name: what models call beside the listed families."""

from __future__ import annotations

from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.custom import Custom, custom_family
from glmm_bayes.spec.custom_family import CustomFamily
from glmm_bayes.spec.several import REGISTERED


def register_family(family: CustomFamily) -> None:
    """Let models call a family of your own by its name; files of fits hold the name alone.

    Parameters
    ----------
    family : CustomFamily

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
    if not isinstance(family, CustomFamily):
        raise _refusal(f"a family to register is a gb.CustomFamily, found {type(family).__name__}.", "")
    if family.name not in FAMILIES:
        FAMILIES.add(family.name, custom_family(family))
        REGISTERED[family.name] = tuple(family.parameters)
        return
    known = FAMILIES[family.name]
    if not isinstance(known, Custom):
        raise _refusal(f"'{family.name}' is a listed family.", f'Example: "my_{family.name}".')
    if not known.source.is_same(family):
        message = f"another family is registered as '{family.name}': models that call it would change."
        raise _refusal(message, "Give this one another name.")


def name_of(family: Any) -> Any:
    """Return the name that a model calls a family by; a family of the user's is registered."""
    if not isinstance(family, CustomFamily):
        return family
    register_family(family)
    return family.name


def _refusal(sentence: str, hint: str) -> FormulaError:
    return FormulaError(Finding("custom_family", sentence, hint=hint))
