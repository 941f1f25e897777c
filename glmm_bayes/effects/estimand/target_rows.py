"""For whom a treatment effect is, and whether groups that differ in the treatment differ otherwise too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.elsewhere import choice_hint
from glmm_bayes.core.errors import Finding, Findings, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.table import Column, as_labels
from glmm_bayes.effects.estimand.contrasts import Change
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.estimand.variables import Point, date_of
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.names import PLAIN
from glmm_bayes.spec.linear_predictor import MEAN

_TARGETS = {"ATE": "", "ATT": " (effect on the treated)", "ATC": " (effect on the controls)"}
#: Fewer groups than this tell nothing about a correlation over groups.
_FEWEST_GROUPS = 8


def target_rows(rows: Rows, target: str | None, pairs: Sequence[tuple[Change, Change]]) -> tuple[Rows, str]:
    """Return the rows that stand for the population, and which they are in words.

    Raises
    ------
    PredictionError
        ``target`` if the word is unknown, or the comparison has no one treatment, or no row has it.
    """
    if target is None:
        return rows, ""
    if not isinstance(target, str) or target not in _TARGETS:
        hint = choice_hint("target", target, tuple(_TARGETS))
        raise PredictionError(Finding("target", f"no target '{target}'.", hint=hint))
    if len(pairs) != 1 or len(pairs[0][0]) != 1:
        message = f"target='{target}' needs one variable and two values, found {len(pairs)} comparisons."
        raise PredictionError(Finding("target", message, hint="Write values=[reference, treatment]."))
    if target == "ATE":
        return rows, f"; {target}"
    (name, high), low = next(iter(pairs[0][0].items())), next(iter(pairs[0][1].values()))
    chosen = high if target == "ATT" else low
    kept = np.flatnonzero(_has(rows.table[name], chosen))
    if not kept.size:
        message = f"no row has {name} = {chosen.label}: there is nobody whom {target} is about."
        raise PredictionError(Finding("target", message, column=name))
    whom = f"; {target}: rows with {name} = {chosen.label}{_TARGETS[target]}"
    return rows.take(kept), whom


def _has(column: Column, point: Point) -> NDArray[np.bool_]:
    """Tell which rows have the value of a point."""
    if point.is_shift:
        message = f"'{column.name}' is compared with its own value plus one: nobody is treated."
        raise PredictionError(Finding("target", message, hint="Write values=[reference, treatment]."))
    if column.data_type == "number":
        return np.asarray(column.values == float(point.value))
    if column.data_type == "date":
        return np.asarray(column.values == date_of(point))
    labels = as_labels(column)
    has = np.array([str(level) == point.label for level in labels.levels], dtype=bool)
    return np.asarray(has[labels.values])


def confounded_factors(fit: Fit, names: Sequence[str], newdata: Any) -> list[str]:
    """Warn where group means of a compared variable go with the sampled group effects.

    Averages over the population of groups take effects to be independent of covariates. Where the
    correlation of the two over groups is clear in the posterior, say so and name the remedy.

    References
    ----------
    Mundlak (1978), On the pooling of time series and cross section data.
    Neuhaus and Kalbfleisch (1998), Between- and within-cluster covariate effects.
    """
    if newdata is not None:
        return []
    sentences: list[str] = []
    for name in names:
        x = _numbers(fit.design.table.columns.get(name))
        for group in fit.design.groups if x is not None else ():
            if (correlation := _correlation(fit, group, x)) is not None:
                message = (
                    f"groups of '{group.factor}' with more of '{name}' have other random effects "
                    f"(correlation {correlation:.2f}): averages over groups take the two to be independent."
                )
                hint = f"Add the group mean of {name} as a predictor (within and between groups told apart)."
                findings = Findings(PredictionError)
                findings.warning("confounded_groups", message, column=name, hint=hint)
                findings.warn(stacklevel=5)
                sentences.append(f"{message} {hint}")
    return sentences


def _numbers(column: Column | None) -> Array | None:
    """Return a number, a boolean, or which of two levels a row has."""
    if column is None:
        return None
    if column.data_type in ("number", "boolean"):
        return column.values.astype(np.float64)
    labels = as_labels(column)
    used = np.unique(labels.values)
    return (labels.values == used[-1]).astype(np.float64) if len(used) == 2 else None


def _correlation(fit: Fit, group: GroupDesign, x: Array | None) -> float | None:
    """Return the posterior mean correlation of group means and intercepts, if it is clear."""
    name = PLAIN.of_factor("b", group.slug)
    levels = len(group.levels)
    if x is None or name not in fit.flat or group.term.is_membership or not group.starts_with_intercept:
        return None
    if levels < _FEWEST_GROUPS:
        return None
    counts = np.bincount(group.codes, minlength=levels)
    means = np.bincount(group.codes, weights=x, minlength=levels) / np.maximum(counts, 1)
    within = x - means[group.codes]
    if np.ptp(means) < 1e-9 * (1 + np.abs(means).max()) or np.abs(within).max() < 1e-9:
        return None
    b = fit.flat[name][:, :, 0]
    centred = means - means.mean()
    spread = b - b.mean(axis=1, keepdims=True)
    size = np.sqrt((spread**2).sum(axis=1) * (centred**2).sum())
    r = np.divide(spread @ centred, size, out=np.zeros(len(b)), where=size > 0.0)
    average = float(r.mean())
    low, high = np.quantile(r, [0.025, 0.975])
    is_clear = abs(average) > 2.0 / np.sqrt(levels) and low * high > 0.0 and MEAN in fit.predictors
    return average if is_clear else None
