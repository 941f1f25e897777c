"""What a number is an answer to, as one value: random effects, scale, parameter and covariate population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.estimands import ESTIMANDS, NEW_PER_LABEL, Meaning
from glmm_bayes.effects.estimand.factor_estimands import NEW_SUBJECT
from glmm_bayes.effects.estimand.row_weights import BayesianBootstrap


@dataclass(frozen=True, eq=False)
class Estimand:
    """Everything that a number depends on beside the variable: give it to a verb as ``estimand=``.

    Attributes
    ----------
    words : str or mapping of grouping factor to str
        What is done with the random effects: ``population``, ``typical``, ``subject``, ``new_subject`` or
        ``sample``, for all factors or for each (``{"hospital": "subject", "patient": "population"}``:
        averaged over patients within this hospital).
    scale : {"response", "link", "at_least", "score"}
    parameter : str, optional
        A parameter with a formula of its own (``sigma``, ``zi``, ...), in the place of the mean.
    newdata : DataFrame or mapping of columns, optional
        Rows whose covariates are the population; default: those of the data.
    weights : str, array or BayesianBootstrap, optional
        Of these rows; default: equal.
    per : {"label"}, optional
        With ``new_subject``: a new group for each label in the rows; default: one for all rows.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> print(gb.Estimand("typical", scale="link"))
    typical group (random effects at zero); link scale; rows of the data, equally weighted
    """

    words: str | Mapping[str, str] = "population"
    scale: str = "response"
    parameter: str | None = None
    newdata: Any = None
    weights: Any = None
    per: str | None = None

    def __str__(self) -> str:
        known = dict(ESTIMANDS)
        if self.per == "label":
            known[NEW_SUBJECT] = str(Meaning("new groups", NEW_PER_LABEL))
        if isinstance(self.words, str):
            effects = known.get(self.words, self.words)
        else:
            effects = "; ".join(f"{factor}: {known.get(word, word)}" for factor, word in self.words.items())
        what = f"{self.parameter}, {self.scale} scale" if self.parameter else f"{self.scale} scale"
        rows = "rows of the data" if self.newdata is None else "rows of newdata"
        return visible(f"{effects}; {what}; {rows}, {_weights_words(self.weights)}")


def _weights_words(weights: Any) -> str:
    if weights is None:
        return "equally weighted"
    if isinstance(weights, str):
        return f"weighted by {weights}"
    is_bootstrap = isinstance(weights, BayesianBootstrap)
    return "weighted by the Bayesian bootstrap" if is_bootstrap else "weighted by given numbers"


def merged_estimand(estimand: str | Mapping[str, str] | Estimand, **given: Any) -> Estimand:
    """Put together what stands in an estimand and what stands beside it in a call.

    Raises
    ------
    PredictionError
        ``estimand`` if one thing is said in both places.
    """
    if not isinstance(estimand, Estimand):
        return _checked(Estimand(estimand, **given))
    _checked(Estimand(**given))
    merged = {}
    for field in fields(Estimand):
        inside = getattr(estimand, field.name)
        beside = given.get(field.name, field.default)
        if inside is not field.default and beside is not field.default and field.name in given:
            if _are_equal_texts(inside, beside):
                beside = field.default
            else:
                message = f"{field.name} stands in the estimand and beside it."
                raise PredictionError(Finding("estimand", message, hint="Say it in one place."))
        merged[field.name] = inside if beside is field.default else beside
    return _checked(Estimand(**merged))


def _checked(estimand: Estimand) -> Estimand:
    """Return an estimand whose words are texts, wherever they were written."""
    check_texts(scale=estimand.scale, parameter=estimand.parameter, per=estimand.per)
    given = estimand.words
    if isinstance(given, Mapping) and all(isinstance(word, str) for pair in given.items() for word in pair):
        return estimand
    if not isinstance(given, str):
        shown = shown_value(given)
        message = f"the estimand must be a word or a mapping of factors to words, found {shown}."
        raise PredictionError(Finding("estimand", message, hint=f"Words: {', '.join(ESTIMANDS)}."))
    return estimand


def _are_equal_texts(inside: Any, beside: Any) -> bool:
    return isinstance(inside, str) and isinstance(beside, str) and inside == beside
