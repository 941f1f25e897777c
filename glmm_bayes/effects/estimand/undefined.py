"""A question in; its answer, or why there is none, out: estimands that do not exist for a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.fit.fit import Fit

#: Code of a refusal that is of the estimand: others of the same fit have answers.
UNDEFINED = "estimand_undefined"
_INSTEAD = (
    'Use gb.predictions(fit, estimand="typical") or gb.comparisons(fit, ..., estimand="typical"), or fit '
    "with the logit link."
)


def unless_undefined[T](compute: Callable[[], T]) -> tuple[T | None, str]:
    """Return an answer, or None and why its estimand does not exist; other refusals are raised."""
    try:
        return compute(), ""
    except PredictionError as error:
        if error.code != UNDEFINED:
            raise
        return None, error.findings[0].message


def check_new_groups(fit: Fit, hint: str = _INSTEAD) -> None:
    """Refuse what is of groups that could be drawn, where a new group of the fit has no mean.

    Parameters
    ----------
    fit : Fit
    hint : str
        What to write instead, where the verb does not take an estimand.

    Raises
    ------
    PredictionError
        ``estimand_undefined``.
    """
    if not fit.design.groups:
        return
    try:
        fit.family.check_new_groups(fit.link)
    except PredictionError as error:
        raise PredictionError([replace(finding, hint=hint) for finding in error.findings]) from None
