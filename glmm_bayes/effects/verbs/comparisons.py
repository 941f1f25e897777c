"""``comparisons``: expected responses at different values of variables, compared within each draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_texts, plain_flag
from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, Findings, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.design.design import Design
from glmm_bayes.effects.estimand.averages import Averages, averages, each_row, free_names
from glmm_bayes.effects.estimand.contrasts import Change, changes
from glmm_bayes.effects.estimand.estimand import Estimand, merged_estimand
from glmm_bayes.effects.estimand.question import SMALL, Question
from glmm_bayes.effects.estimand.rows import Rows, columns_read, new_rows, predictors_of
from glmm_bayes.effects.estimand.target_rows import confounded_factors, target_rows
from glmm_bayes.effects.estimand.variables import held_means, variable_of, with_values
from glmm_bayes.effects.expectation.answer import (
    answer,
    attributes,
    effects_of,
    quantity_of,
    question_of,
    rows_of,
)
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, Expectation
from glmm_bayes.effects.expectation.new_groups import seed_of
from glmm_bayes.effects.result.difference import reciprocals
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.hypotheses import contrast_rows
from glmm_bayes.effects.result.measures import (
    Difference,
    Logs,
    Measure,
    NumberNeededToTreat,
    compare_averages,
    compare_logs,
    read_measure,
)
from glmm_bayes.fit.fit import Fit, check_fit

#: Averages above this leave too few digits of one minus themselves.
_NEAR_ONE = 0.9999


def comparisons(
    fit: Fit,
    variable: str | Sequence[str] | Mapping[str, Any],
    *,
    values: str | Sequence[Any] | None = None,
    newdata: Any = None,
    by: str | Sequence[str] | bool | None = None,
    weights: Any = None,
    target: str | None = None,
    estimand: str | Mapping[str, str] | Estimand = "population",
    per: str | None = None,
    scale: str = "response",
    measure: str | Callable[[Array, Array], Any] = "difference",
    parameter: str | None = None,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
    seed: int | None = None,
    max_memory: float = MAX_MEMORY,
) -> Effects:
    """Compare expected responses at different values of variables, all else as observed.

    The variable is set to each value in every row; expected responses are averaged over rows and
    compared within each draw (standardisation, g-computation).

    Parameters
    ----------
    fit : Fit
    variable : str, sequence of str or mapping of str to values
        A column of the data; several are changed together (cross-contrast), each over its values.
    values : sequence or str, optional
        Values to compare: the first is the reference. Or which of them: ``reference`` (default: all
        levels against the first), ``pairwise``, ``sequential``; for numbers ``sd``, ``2sd`` (that far
        apart, about the mean), ``iqr``, ``minmax``. Default for a 0/1 column 1 against 0, for other
        numbers each row's own value plus 1 against itself.
    newdata : DataFrame or mapping of columns, optional
        As in ``predictions``.
    by : str, sequence of str or bool, optional
        Columns within whose combinations the comparison is made; default: over all rows. False compares
        each row by itself.
    weights : str, array or BayesianBootstrap, optional
        Of rows in the averages, as in ``predictions``.
    target : {"ATE", "ATT", "ATC"}, optional
        Rows that stand for the population: all, those of the compared value (average effect on the
        treated), those of the reference (on the controls).
    estimand : str, mapping or Estimand
        As in ``predictions``.
    per : {"label"}, optional
        Under ``new_subject`` both sides of the comparison and all rows are of one new group, also rows with
        different labels; with ``per="label"`` each label is a new group of its own, the same at each value
        of the variable.
    scale : {"response", "link", "at_least", "score"}
        As in ``predictions``; on the scale of the link a ``difference`` only.
    measure : str or callable
        ``difference``, ``ratio``, ``log_ratio``, ``odds_ratio``, ``log_odds_ratio`` (of the averages),
        ``lift``, ``percent``, ``nnt`` (number needed to treat: ends of the difference's interval turned
        over), ``mean_log_odds_ratio`` (average over rows of each row's own: another number), of ordered
        categories ``cumulative_odds_ratio`` (odds of category k or a higher one, for each k), or a
        function of two arrays of draws, the higher value's first.
    parameter : str, optional
        As in ``predictions``.
    hypothesis : str, sequence of str or array, optional
        Compares rows of the result: ``pairwise``, ``reference``, ``sequential``, equations such as
        ``"b2 - b1 = 0"``, or weights. Differences of differences are contrasts of contrasts.
    probability, interval, seed, max_memory
        As in ``predictions``.

    Returns
    -------
    Effects
        One row for each contrast and each combination of ``by``: columns ``variable`` and ``contrast``
        (``drug vs placebo``), then those of ``by``; draws of dims (chain, draw, row). Differences are in the
        unit of the response, ratios have none.

    Raises
    ------
    PredictionError
        ``unknown_column`` or ``new_level`` if the variable or a level is none of the model's; ``values`` if
        values do not fit the variable, or there are fewer than two; ``unknown_measure``, ``measure`` if it
        does not fit the response; ``target``; ``by`` if the variable stands in it; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Greenland, Robins and Pearl (1999), Confounding and collapsibility in causal inference.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]]})
    >>> round(float(gb.comparisons(fit, "trt", measure="ratio").summary()["mean"][0]), 6)
    0.818731
    """
    check_fit(fit)
    check_texts(target=target)
    shown = read_interval(probability, interval)
    chosen = read_measure(measure)
    merged = merged_estimand(
        estimand, scale=scale, parameter=parameter, newdata=newdata, weights=weights, per=per
    )
    parameter, newdata, weights = merged.parameter, merged.newdata, merged.weights
    what = f"measure='{chosen.name}'" if chosen.of_ordered else ""
    scale_of_question = _scale_of_question(merged, chosen)
    question = replace(question_of(fit, merged, scale_of_question, what), scale=_scale(merged, chosen))
    _check_measure(question, chosen, hypothesis)
    start = seed_of(fit, seed)
    base, notes = rows_of(question, newdata)
    pairs = changes(_designs(question), variable, values)
    names = list(pairs[0][0])
    base, of_whom = target_rows(base, target, pairs)
    notes += confounded_factors(fit, names, newdata)
    groups = _groups(base, by, newdata, weights, names)
    means = _means(question, base, pairs, groups, start, max_memory)
    if _needs_logs(question, chosen, means.values()):
        logs = _logs(question, chosen, base, pairs, groups, start, max_memory)
        columns = [compare_logs(chosen, logs[_key(high)], logs[_key(low)]) for high, low in pairs]
    else:
        columns = [
            compare_averages(chosen, means[_key(high)].values, means[_key(low)].values) for high, low in pairs
        ]
    summarised = chosen.summarise(columns[0].reshape(len(columns[0]), -1)[:2], shown)
    grid, renamed = free_names(groups.grid, *map(str, summarised.columns))
    grids = [_contrast_grid(high, low, grid) for high, low in pairs]
    worst = max(means.values(), key=lambda mean: mean.error)
    held = held_means(_designs(question), names)
    quantity = f"{chosen.label} in {quantity_of(question)}, {', '.join(names)}{held}"
    attrs = attributes(question, base, worst, quantity, start) | {
        "measure": chosen.name,
        "null": chosen.null,
        "average": groups.description + of_whom,
    }
    frame = pd.concat(grids, ignore_index=True)
    result = effects_of(
        question,
        np.concatenate(columns, axis=1),
        frame,
        attrs,
        notes + renamed,
        shown,
        merged,
        measure=chosen,
    )
    if hypothesis is not None:
        return contrast_rows(result, hypothesis)
    rows = len(result.grid) // len(pairs)
    compared = [(_values_text(high), _values_text(low)) for high, low in pairs for _ in range(rows)]
    return replace(result, compared=tuple(compared))


def _values_text(change: Change) -> str:
    return ", ".join(point.label for point in change.values())


def _check_measure(question: Question, chosen: Measure, hypothesis: Any) -> None:
    """Refuse a measure that the response does not have, and contrasts of numbers needed to treat."""
    if chosen.of_probabilities and not question.is_probability:
        message = (
            f"measure='{chosen.name}' needs a mean between 0 and 1; {question.fit.family.name} has none."
        )
        hint = "Write difference or ratio."
        if question.ordered:
            message = f"measure='{chosen.name}' needs probabilities, and a score is none."
            hint = 'Write scale="at_least", or difference or ratio.'
        raise PredictionError(Finding("measure", message, hint=hint))
    if hypothesis is not None and isinstance(chosen, NumberNeededToTreat):
        raise reciprocals("hypothesis")


def _needs_logs(question: Question, measure: Measure, means: Iterable[Expectation]) -> bool:
    """Tell whether a ratio of averages needs more digits than these have."""
    if not measure.of_ratios or not (question.has_logs or question.is_probability):
        return False
    for mean in means:
        if not ((mean.values >= question.smallest) & (mean.values <= 1.0 / SMALL)).all():
            return True
        if measure.of_odds and mean.values.max(initial=0.0) > _NEAR_ONE:
            return True
    return False


def _logs(
    question: Question,
    measure: Measure,
    base: Rows,
    pairs: Sequence[tuple[Change, Change]],
    groups: Averages,
    seed: int,
    max_memory: float,
) -> dict[tuple[object, ...], Logs]:
    """Return logs of the averages at each point, added up in logs; of one minus them for odds."""
    of_scales = []
    for scale in ("log", "log_complement") if measure.of_odds else ("log",):
        means = _means(replace(question, scale=scale), base, pairs, groups, seed, max_memory)
        of_scales.append({key: mean.values for key, mean in means.items()})
    return {key: Logs(*(logs[key] for logs in of_scales)) for key in of_scales[0]}


def _scale_of_question(estimand: Estimand, measure: Measure) -> str:
    """Return the scale that is asked for: a measure may be of ordered categories by itself."""
    if measure.of_ordered is None or estimand.scale == measure.of_ordered:
        return estimand.scale
    if estimand.scale != "response":
        message = f"measure='{measure.name}' compares means on the scale '{measure.of_ordered}'."
        hint = f'Ask for no scale, or for scale="{measure.of_ordered}".'
        raise PredictionError(Finding("measure", message, hint=hint))
    return measure.of_ordered


def _scale(estimand: Estimand, measure: Measure) -> str:
    """Return the scale on which means are averaged."""
    if estimand.scale != "link":
        return measure.scale
    if not isinstance(measure, Difference):
        message = f"measure='{measure.name}' compares means on the scale of the response."
        raise PredictionError(Finding("measure", message, hint="On the link scale ask for a difference."))
    return "link"


def _groups(rows: Rows, by: Any, newdata: Any, weights: Any, names: Sequence[str]) -> Averages:
    by = plain_flag(by)
    if by is False:
        return each_row(rows, weights)
    result = averages(rows, True if by is None else by, newdata, weights, names)
    assert result is not None
    return result


def _designs(question: Question) -> list[Design]:
    """Return the training rows' designs of the linear predictors that an answer depends on."""
    return [predictor.design for predictor in predictors_of(question.fit, question.parameter).values()]


def _key(change: Change) -> tuple[object, ...]:
    return tuple(change.items())


def _means(
    question: Question,
    base: Rows,
    pairs: Sequence[tuple[Change, Change]],
    groups: Averages,
    seed: int,
    max_memory: float,
) -> dict[tuple[object, ...], Expectation]:
    """Average the expected responses of the rows with the variables set to each point."""
    means = {}
    # Rows that read alike are built and evaluated once.
    names = list(pairs[0][0])
    first, pattern = distinct_rows(_read_columns(question, base, names))
    table, reduced = base.table.take(first), groups.of_patterns(pattern)
    findings = Findings(PredictionError)
    variables = [variable_of(_designs(question), name) for name in names]
    for change in [change for pair in pairs for change in pair]:
        if _key(change) in means:
            continue
        changed = with_values(table, [(variable, change[variable.name]) for variable in variables])
        rows = new_rows(question.fit, changed, question.estimand, findings, question.parameter)
        means[_key(change)] = answer(question, rows, seed, reduced, max_memory)
    # Values beyond the range of a spline: once, however many points and terms there are.
    beyond = {finding.column: finding for finding in findings.collected if finding.severity == "warning"}
    Findings(PredictionError, list(beyond.values())).warn(stacklevel=4)
    return means


def _read_columns(question: Question, rows: Rows, names: Sequence[str]) -> Array:
    """Return the columns that an answer depends on when variables are set, as numbers."""
    read = columns_read(question.fit, rows, question.estimand) | set(names)
    kept = [name for name in rows.table.columns if name in read]
    # A first column of zeros: a model may read none.
    columns = [np.zeros(len(rows)), *(rows.table[name].values.astype(np.float64) for name in kept)]
    return np.stack(columns, axis=1)


def _contrast_grid(high: Change, low: Change, grid: pd.DataFrame) -> pd.DataFrame:
    size = len(grid)
    contrast = ", ".join(f"{high[name].label} vs {low[name].label}" for name in high)
    labels = {"variable": [", ".join(high)] * size, "contrast": [contrast] * size}
    return pd.concat([pd.DataFrame(labels), grid], axis=1)
