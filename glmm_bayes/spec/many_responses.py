"""Formulas of several responses of one model, with the family of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glmm_bayes.core.arguments import check_flag, listed
from glmm_bayes.core.errors import Finding, FormulaError, shown_value
from glmm_bayes.spec.formula import read_formula
from glmm_bayes.spec.several import Formula

_EXAMPLE = 'Write gb.Formulas("y1 ~ x + (1 |i| g)", "y2 ~ z + (1 |i| g)", family=("gaussian", "bernoulli")).'


@dataclass(frozen=True, init=False)
class Formulas:
    """Formulas of two responses or more; a label, ``(1 |i| g)``, correlates effects between them.

    Parameters
    ----------
    *members : str or Formula
        One for each response.
    family : str or tuple of str
        One for all responses, or one for each.
    link : str or tuple of (str or None), optional
        As ``family``; None is the family's own.
    rescor : bool
        True if the residuals of a row are correlated between the responses.

    Attributes
    ----------
    members : tuple of Formula
    families : tuple of str
    links : tuple of (str or None)
    rescor : bool

    Raises
    ------
    FormulaError
        ``formula_syntax`` if there are fewer than two responses, a response stands twice, or families or
        links are not as many; whatever makes a formula unreadable.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.Formulas("a ~ x", "b ~ x", family=("gaussian", "poisson")).families
    ('gaussian', 'poisson')
    """

    members: tuple[Formula, ...]
    families: tuple[str, ...]
    links: tuple[str | None, ...]
    rescor: bool

    def __init__(
        self,
        *members: str | Formula,
        family: str | tuple[str, ...] = "gaussian",
        link: str | tuple[str | None, ...] | None = None,
        rescor: bool = False,
    ) -> None:
        formulas = tuple(part if isinstance(part, Formula) else Formula(part) for part in members)
        if len(formulas) < 2:
            raise _refusal(f"a model of several responses has two formulas or more, found {len(formulas)}.")
        check_flag("rescor", rescor, FormulaError, "formula_syntax")
        _check_distinct(formulas)
        object.__setattr__(self, "members", formulas)
        object.__setattr__(self, "families", _one_each("family", family, len(formulas), (str,)))
        object.__setattr__(self, "links", _one_each("link", link, len(formulas), (str, type(None))))
        object.__setattr__(self, "rescor", rescor)


def _check_distinct(formulas: tuple[Formula, ...]) -> None:
    seen: set[str] = set()
    for formula in formulas:
        response = str(read_formula(formula).response.expression)
        if response in seen:
            raise _refusal(f"the response '{response}' stands in two formulas; each has one.")
        seen.add(response)


def _one_each(name: str, value: Any, count: int, types: tuple[type, ...]) -> tuple[Any, ...]:
    entries = listed(value)
    values = (value,) * count if entries is None else tuple(entries)
    if len(values) != count:
        raise _refusal(f"{name} has {len(values)} entries for {count} responses.")
    for entry in values:
        if not isinstance(entry, types):
            raise _refusal(f"{name} must be a text, or one for each response, found {shown_value(entry)}.")
    return values


def _refusal(sentence: str) -> FormulaError:
    return FormulaError(Finding("formula_syntax", sentence, hint=_EXAMPLE))
