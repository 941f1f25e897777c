"""What every verb needs: its rows, its expected responses, and the words that stand on its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.elsewhere import choice_hint
from glmm_bayes.core.errors import Finding, Findings, PredictionError, row_text
from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import Averages, free_name
from glmm_bayes.effects.estimand.estimand import Estimand
from glmm_bayes.effects.estimand.factor_estimands import by_factor, read_estimand
from glmm_bayes.effects.estimand.ordered_categories import ORDERED, has_ordered_categories, label_of
from glmm_bayes.effects.estimand.question import Question, angles_as
from glmm_bayes.effects.estimand.rows import Rows, new_rows, training_rows
from glmm_bayes.effects.expectation.expectation import Expectation, expected
from glmm_bayes.effects.expectation.new_group_means import expected_of_new
from glmm_bayes.effects.expectation.new_groups import meanings_of_new
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.group_law import GroupLaw
from glmm_bayes.effects.result.measures import Measure
from glmm_bayes.effects.result.of_draws import draws_of_rows, fingerprint
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.fit import Fit

#: Share of the draws of a row that may be infinite: fewer leave its interval's ends.
_MOST_INFINITE = 0.05
#: Code of a refusal that is of the values of the draws, whatever was asked.
OVERFLOW = "overflow"
_EXACT = "exact distribution over draws and new groups"


def quantity_of(question: Question) -> str:
    """Name what is predicted."""
    fit, parameter = question.fit, question.parameter
    name = label_of(question.ordered, fit.response) if question.ordered else fit.response.mean_label
    if parameter is not None:
        parameter_kind = fit.family.kinds.get(parameter)
        name = f"{parameter} of {fit.response.label}" + (
            f" ({parameter_kind.meaning})" if parameter_kind else ""
        )
    additions = fit.response.additions
    if parameter is None and (additions.lower is not None or additions.upper is not None):
        name += " before truncation"
    if parameter is None and additions.rate is not None:
        name += " for one unit of exposure"
    if question.scale == "link":
        return f"{question.link.name} of {name}"
    angles = angles_as(fit) if question.is_response else ""
    return f"{name} ({angles})" if angles else name


#: Scales of expected responses.
SCALES = ("response", "link", *ORDERED)


def checked_scale(scale: str) -> str:
    """Return a known scale."""
    if scale not in SCALES:
        message = f"no scale '{scale}'."
        raise PredictionError(Finding("scale", message, hint=choice_hint("scale", scale, SCALES)))
    return scale


def question_of(fit: Fit, estimand: Estimand, scale: str, what: str = "") -> Question:
    """Return what is asked of a fit on a scale; ``what`` names it where that is no scale.

    Raises
    ------
    PredictionError
        ``scale`` where it is one of ordered categories, and the answer has none.
    """
    factor_words = read_estimand(estimand.words, fit, estimand.per)
    if checked_scale(scale) not in ORDERED:
        return Question(fit, factor_words, scale, estimand.parameter)
    if estimand.parameter is not None:
        message = (
            f"{what or repr(scale)} is of the response, and parameter='{estimand.parameter}' is one number."
        )
        raise PredictionError(Finding("scale", message, hint="Leave parameter= out."))
    if not has_ordered_categories(fit):
        message = (
            f"{what or repr(scale)} needs a response with ordered categories; {fit.family.name} has none."
        )
        hint = 'scale="response" is its mean.'
        if fit.response.categories:
            hint = 'scale="response" is the probability of each category.'
        if what:
            is_share = Question(fit, factor_words).is_probability
            hint = f'Write measure="{"odds_ratio" if is_share else "difference"}".'
        raise PredictionError(Finding("scale", message, hint=hint))
    return Question(fit, factor_words, "response", None, scale)


def rows_of(question: Question, newdata: Any) -> tuple[Rows, list[str]]:
    """Return the rows' designs, and what there is to note about them."""
    fit = question.fit
    if newdata is None:
        return training_rows(fit, question.parameter), []
    findings = Findings(PredictionError)
    rows = new_rows(fit, newdata, question.estimand, findings, question.parameter)
    return rows, [finding.message for finding in findings.collected if finding.severity == "note"]


def answer(
    question: Question, rows: Rows, seed: int, groups: Averages | None, max_memory: float
) -> Expectation:
    """Compute the expected responses of rows or averages over them, whatever the estimand."""
    if asks_new(question, rows):
        expectation = expected_of_new(question, rows, seed, groups, max_memory)
    else:
        expectation = expected(question, rows, groups, max_memory)
    return replace(expectation, values=question.within_bounds(expectation.values))


def asks_new(question: Question, rows: Rows) -> bool:
    """Tell whether the answer depends on groups that are drawn."""
    factors = {group.factor for design in rows.designs.values() for group in design.groups}
    return bool(factors & set(question.estimand.new))


def attributes(
    question: Question, rows: Rows, result: Expectation, quantity: str, seed: int
) -> dict[str, Any]:
    """List what a result says of itself."""
    estimand = question.estimand
    meanings = estimand.meanings(meanings_of_new(question, rows))
    attrs = {
        "quantity": quantity,
        "estimand": estimand.word,
        "estimand_name": by_factor({factor: meaning.name for factor, meaning in meanings.items()}),
        "estimand_description": by_factor({factor: str(meaning) for factor, meaning in meanings.items()}),
        "scale": question.scale_word,
        "integration": result.rule,
        "integration_error": result.error,
    }
    return attrs | ({"seed": seed, "posterior": fingerprint(question.fit)} if estimand.new else {})


def effects_of(
    question: Question,
    values: Array,
    grid: pd.DataFrame,
    attrs: dict[str, Any],
    notes: list[str],
    interval: Interval,
    estimand: Estimand | None = None,
    law: GroupLaw | None = None,
    measure: Measure | None = None,
) -> Effects:
    """Put draws, shape (draw, row) or (draw, row, category), and what they are into a result."""
    attrs |= {"interval_from": "draws" if law is None else _EXACT, "notes": notes}
    attrs |= interval.attrs | caveat_attrs(question.fit)
    _refuse_overflow(question, values)
    if values.ndim == 3:
        grid = _with_categories(grid, question.categories)
    draws = draws_of_rows(question.fit, values, attrs)
    return Effects(draws, grid.reset_index(drop=True), attrs, interval, law, measure, estimand)


def _refuse_overflow(question: Question, values: Array) -> None:
    """Refuse rows whose values are no numbers though the draws are.

    A mean may be beyond the largest number in a few draws with a long tail.
    """
    if np.isfinite(values).all():
        return
    lost = np.isnan(values)
    bad = lost.any(axis=0) | (np.isinf(values).mean(axis=0) > _MOST_INFINITE)
    if bad.any() and all(np.isfinite(drawn).all() for drawn in question.fit.flat.values()):
        rows = tuple(np.unique(np.nonzero(bad)[0]).tolist())
        message = f"the result is beyond the largest number in {row_text(rows)} of it."
        other = ', or on scale="link"' if question.is_mu else ', or for measure="log_ratio"'
        hint = f"Ask at values nearer to those of the data{other}."
        raise PredictionError(Finding(OVERFLOW, message, rows=rows, hint=hint))


def _with_categories(grid: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Repeat each row of a grid for each category."""
    repeated = grid.loc[grid.index.repeat(len(categories))].reset_index(drop=True)
    repeated[free_name(repeated, "category")] = pd.Categorical(
        list(categories) * len(grid), categories=list(categories)
    )
    return repeated
