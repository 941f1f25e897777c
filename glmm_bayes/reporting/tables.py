"""A Fit in, tables of a report out; every table that shows effects names estimand, scale and interval."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import DataError, PredictionError
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import Interval
from glmm_bayes.describe.equations import all_groups, category_of
from glmm_bayes.describe.explain import coding_words
from glmm_bayes.design.table import Column, as_labels
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.groups.variance_components import variance_components
from glmm_bayes.effects.result.measures import MEASURES
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.effects.verbs.coefficients import coefficients
from glmm_bayes.effects.verbs.comparisons import comparisons
from glmm_bayes.families.parameters import PARAMETERS
from glmm_bayes.fit.diagnostics import Diagnosis
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.summary import summary
from glmm_bayes.plots.canvas import compact, decimals, estimate, number
from glmm_bayes.priors.names import element
from glmm_bayes.reporting.blocks import ReportTable

#: Heads of the columns of estimands.
COLUMNS = {"typical": "typical group", "population": "population-averaged", "subject": "subject-specific"}
_LEVELS_SHOWN = 6
_ROUNDING = 1e-9


def data_table(fit: Fit) -> ReportTable:
    """List the columns that the model reads, with their kind and values."""
    design = fit.design
    predictors = [predictor.design.predictor for predictor in fit.predictors.values()]
    response = set(fit.spec.response.names())
    groups = [group for predictor in fit.predictors.values() for group in predictor.design.groups]
    grouping = {name for group in groups for name in group.term.columns}
    terms = [term for one in predictors for term in (*one.fixed, *(t for g in one.groups for t in g.effects))]
    effects = {name for term in terms for name in term.names()}
    exposure = {name for one in predictors for offset in one.offsets for name in offset.names()}
    roles = ((response, "response"), (effects, "predictor"), (exposure, "offset"), (grouping, "grouping"))
    rows = tuple(
        (name, ", ".join(word for names, word in roles if name in names), column.data_type, _values(column))
        for name, column in design.table.columns.items()
    )
    columns = ("column", "role", "kind", "values")
    return ReportTable("Columns that the model reads", columns, rows, text_columns=frozenset({1, 2, 3}))


def _values(column: Column) -> str:
    column = as_labels(column) if column.data_type == "date" else column
    values, counts = np.unique(column.values, return_counts=True)
    if column.data_type == "number" and len(values) > 2:
        low, high, mean = column.values.min(), column.values.max(), float(np.mean(column.values))
        # The mean of a centred column is zero but for rounding.
        mean = 0.0 if abs(mean) < _ROUNDING * (high - low) else mean
        return f"{compact(low)} to {compact(high)}, mean {compact(mean)}"
    texts = (
        [str(column.levels[v]) for v in values] if column.data_type == "label" else [f"{v:g}" for v in values]
    )
    if column.data_type == "boolean":
        texts = [str(bool(value)) for value in values]
    named = [f"{text} ({count} rows)" for text, count in zip(texts, counts, strict=True)]
    more = f" and {len(named) - _LEVELS_SHOWN} more" if len(named) > _LEVELS_SHOWN else ""
    return ", ".join(named[:_LEVELS_SHOWN]) + more


def groups_table(fit: Fit) -> ReportTable:
    """List the grouping factors with their levels and rows."""
    rows = []
    for group in all_groups(fit.predictors):
        counts = np.bincount(group.codes, minlength=len(group.levels))
        numbers = (len(group.levels), counts.min(), float(np.median(counts)), counts.max())
        effects = [
            f"{predictor.prefix}{effect}"
            for predictor in fit.predictors.values()
            for other in predictor.design.groups
            if other.factor == group.factor
            for effect in other.effects
        ]
        rows.append((group.factor, *(f"{value:,g}" for value in numbers), ", ".join(effects)))
    columns = ("grouping factor", "levels", "fewest rows", "median rows", "most rows", "effects that vary")
    return ReportTable(
        "Grouping factors and the rows of their levels", columns, tuple(rows), text_columns=frozenset({5})
    )


def priors_table(fit: Fit) -> ReportTable:
    """List every prior, whose it is, and what it says."""
    rows = tuple((row.parameter, row.prior, row.source, row.meaning) for row in fit.priors.rows)
    whose = "population-averaged" if fit.priors.first.is_marginal else "subject-specific"
    caption = f"Priors of the {whose} parameters, on the scale of the linear predictor"
    columns = ("parameter", "prior", "source", "what it says")
    return ReportTable(
        caption, columns, rows, text_columns=frozenset({1, 2, 3}), note=coding_words(fit.priors)
    )


def coefficients_tables(fit: Fit, interval: Interval) -> list[ReportTable]:
    """Put subject-specific and population-averaged coefficients side by side; list the others."""
    how: dict[str, Any] = {"probability": interval.probability, "interval": interval.kind}
    try:
        result = coefficients(fit, **how)
    except PredictionError as error:
        if error.code != "projection":
            raise
        result = coefficients(fit, projection="hedeker", **how)
    frame = result.side_by_side()
    tables = []
    if "population_mean" in frame:
        both = frame["population_mean"].notna()
        tables.append(_both_table(fit, frame[both], result.attrs, interval))
        frame = frame[~both]
    if len(frame):
        undefined = result.attrs.get("omitted", {}).get("population", "")
        tables.append(_subject_table(fit, frame, interval, undefined))
    return tables


def _both_table(fit: Fit, frame: pd.DataFrame, attrs: Mapping[str, Any], interval: Interval) -> ReportTable:
    ratio = fit.family.ratio_name(fit.link)
    sides = ("subject", "population")
    heads = ("coefficient", ratio) if ratio else ("coefficient",)
    rows = tuple(
        (
            str(row["coef"]),
            *(text for side in sides for text in _coefficient_cells(row, side, bool(ratio), interval)),
            number(row["attenuation"], 2),
        )
        for _, row in frame.iterrows()
    )
    caption = (
        f"Coefficients on the scale of the linear predictor. {_sentence(attrs['subject'])}. "
        f"{_sentence(attrs['population'])}. Posterior mean and {attrs['interval']}"
        + (f"; {ratio} as posterior median" if ratio else "")
    )
    spans = (("subject-specific", len(heads)), ("population-averaged", len(heads)), ("", 1))
    note = _projection_note(fit, attrs["lack_of_fit"])
    return ReportTable(caption, ("coefficient of", *heads, *heads, "attenuation"), rows, spans, note=note)


def _subject_table(fit: Fit, frame: pd.DataFrame, interval: Interval, undefined: str) -> ReportTable:
    """List coefficients that have no population-averaged ones: ``undefined`` says why the mean has none."""
    has_ratio = "subject_ratio" in frame
    rows = []
    for _, row in frame.iterrows():
        named = has_ratio and isinstance(row["ratio"], str) and bool(row["ratio"])
        cells = _coefficient_cells(row, "subject", named, interval) + ([] if named or not has_ratio else [""])
        rows.append((str(row["coef"]), *cells, *([str(row["ratio"]) if named else ""] if has_ratio else [])))
    scales = "; ".join(_scale_words(fit, name) for name in fit.predictors if _has_rows(fit, name, frame))
    caption = (
        "Subject-specific coefficients: what changes for a given group, on the scale of each linear "
        f"predictor ({scales}). Posterior mean and {interval.name}"
        + ("; exp(coefficient) as posterior median" if has_ratio else "")
    )
    more = ("exp(coefficient)", "which is") if has_ratio else ()
    note = "Population-averaged answers stand with the estimands below: the mean is not one inverse link."
    note = f"Population-averaged: not shown, {undefined}" if undefined else note
    text_columns = frozenset({3}) if has_ratio else frozenset[int]()
    return ReportTable(
        caption, ("coefficient of", "coefficient", *more), tuple(rows), text_columns=text_columns, note=note
    )


def _has_rows(fit: Fit, name: str, frame: pd.DataFrame) -> bool:
    predictor = fit.predictors[name]
    return any(f"{predictor.prefix}{coef}" in set(frame["coef"]) for coef in predictor.design.coefficients)


def _scale_words(fit: Fit, name: str) -> str:
    """Say on which scale a linear predictor lies."""
    predictor = fit.predictors[name]
    if category := category_of(fit, predictor):
        return f"{predictor.prefix}: log odds of {category} against {fit.response.categories[0]}"
    parameter = PARAMETERS.get(name)
    if parameter is not None:
        return f"{predictor.prefix}: {predictor.link.name} of {name}, {parameter.short}"
    if not fit.family.keeps_intercept:
        return f"latent scale of {fit.response.label}, {predictor.link.name} link"
    if predictor.link.name == "identity":
        return "mu itself"
    return f"{predictor.link.name} of mu"


def thresholds_table(fit: Fit, interval: Interval) -> ReportTable:
    """List the thresholds of an ordinal response."""
    assert fit.priors.thresholds is not None
    frame = summary_frame(fit.flat["thresholds"], interval)
    labels = fit.priors.thresholds.labels
    rows = tuple(
        (label, _effect_cell(row, interval)) for label, (_, row) in zip(labels, frame.iterrows(), strict=True)
    )
    caption = (
        f"Thresholds on the latent scale of {fit.response.label}, at x = 0; subject-specific. "
        f"Posterior mean and {interval.name}"
    )
    return ReportTable(caption, ("between", "threshold"), rows)


def _projection_note(fit: Fit, gap: float) -> str:
    """Say what attenuation is, and how well the projected coefficients fit."""
    attenuation = (
        "Attenuation: median ratio of the population-averaged to the subject-specific coefficient; blank "
        "where the sign of the latter is open."
    )
    if gap < _ROUNDING * float(np.abs(fit.response.values).max()):
        return f"{attenuation} Lack of fit: none, the coefficients reproduce the means."
    whose = "means of the typical group" if fit.priors.first.is_marginal else "population means"
    whose = "population's probabilities of categories" if fit.response.categories else whose
    return (
        f"{attenuation} Lack of fit: no coefficients reproduce the {whose} exactly; the largest gap "
        f"over the rows is {compact(gap)} on the scale of the response."
    )


def _coefficient_cells(row: pd.Series, side: str, has_ratio: bool, interval: Interval) -> list[str]:
    lower, upper = interval.columns
    ends = row[f"{side}_{lower}"], row[f"{side}_{upper}"]
    cells = [_two_lines(estimate(row[f"{side}_mean"], *ends, row[f"{side}_sd"]))]
    if has_ratio:
        low, high = row[f"{side}_ratio_{lower}"], row[f"{side}_ratio_{upper}"]
        # The interval's width of a normal, in standard deviations.
        width = 2 * NormalDist().inv_cdf(1 - interval.tail)
        cells.append(_two_lines(estimate(row[f"{side}_ratio"], low, high, (high - low) / width)))
    return cells


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _two_lines(text: str) -> str:
    """Put the interval below the estimate, where columns are many."""
    return text.replace(" (", "\n(", 1)


def measures_of(fit: Fit) -> tuple[str, ...]:
    """Return the measures that readers of this kind of response know."""
    family = fit.family
    if family.has_probability_mean(fit.link):
        return ("difference", "odds_ratio") if family.is_discrete else ("difference", "ratio")
    is_positive = family.is_discrete or family.support.floor == 0.0 or fit.link.name == "log"
    return ("difference", "ratio") if is_positive else ("difference",)


def estimands_table(
    fit: Fit, variable: str, interval: Interval
) -> tuple[ReportTable, tuple[str, ...], Mapping[str, str]]:
    """Put the estimands of one comparison side by side; return also their words, and why others have none."""
    estimands, omitted = _answered(fit, variable)
    rows = []
    attrs = {}
    for measure in measures_of(fit):
        tables = [
            comparisons(
                fit,
                variable,
                measure=measure,
                estimand=word,
                probability=interval.probability,
                interval=interval.kind,
            ).summary()
            for word in estimands
        ]
        attrs, label = tables[0].attrs, MEASURES[measure].label
        for index, contrast in enumerate(tables[0]["contrast"]):
            category = f", {tables[0]['category'].iloc[index]}" if "category" in tables[0] else ""
            rows.append(
                (
                    f"{label}{category}: {contrast}",
                    *(_effect_cell(table.iloc[index], interval) for table in tables),
                )
            )
    caption = (
        f"{_sentence(fit.response.mean_label)} compared by {variable} under each estimand, "
        f"{attrs['average']}: {'; '.join(ESTIMANDS[word] for word in estimands)}. "
        f"Posterior mean and {attrs['interval']}"
    )
    table = ReportTable(caption, ("comparison", *(COLUMNS[word] for word in estimands)), tuple(rows))
    return table, tuple(estimands), omitted


def _answered(fit: Fit, variable: str) -> tuple[list[str], dict[str, str]]:
    """List the estimands that compare a variable, and why others do not."""
    estimands, omitted = ["typical"], {}
    answer, undefined = unless_undefined(lambda: comparisons(fit, variable))
    if answer is None:
        omitted["population"] = undefined
    else:
        estimands.append("population")
    try:
        comparisons(fit, variable, estimand="subject")
        estimands.append("subject")
    except DataError as error:
        if error.code != "draws_missing":
            raise
        omitted["subject"] = "the fit does not hold the draws of each level."
    return estimands, omitted


def _effect_cell(row: pd.Series, interval: Interval) -> str:
    lower, upper = interval.columns
    return estimate(row["mean"], row[lower], row[upper], row["sd"])


def variance_table(fit: Fit, interval: Interval) -> ReportTable:
    """Summarise how much groups differ."""
    result = variance_components(fit, probability=interval.probability, interval=interval.kind)
    rows = tuple(
        (
            f"{row['factor']}: {row['quantity']}",
            _effect_cell(row, interval),
            number(row["sd"], decimals(row["sd"])),
        )
        for _, row in result.summary().iterrows()
    )
    caption = f"{result.attrs['estimand_description']}. Posterior mean and {interval.name}"
    return ReportTable(_sentence(caption), ("quantity", "mean (interval)", "posterior sd"), rows)


def checks_table(diagnosis: Diagnosis) -> ReportTable:
    """List what was checked and what came out."""
    rows = tuple((f.check, "ok" if f.passed else "LOOK", f.sentence) for f in diagnosis.findings)
    return ReportTable(
        "Checks of the sampler", ("check", "result", "what was found"), rows, text_columns=frozenset({1, 2})
    )


def correlations_tables(fit: Fit, interval: Interval) -> list[ReportTable]:
    """List the correlations between responses, of effects under a label and of residuals."""
    known = fit.definition.posterior
    joining = (*known.of_role("joint_correlation"), *known.of_role("residual_correlation"))
    frame = summary(fit, probability=interval.probability, interval=interval.kind)
    pairs = [(one, *pair) for one in joining for pair in permutations(known.labels[one.dims[0]], 2)]
    names = {element(one.name, first, second) for one, first, second in pairs}
    lower, upper = interval.columns
    rows = tuple(
        (str(name), estimate(row["mean"], row[lower], row[upper], row["sd"]))
        for name, row in frame.iterrows()
        if name in names
    )
    caption = f"Correlations between responses. Posterior mean and {interval.name}"
    return [ReportTable(caption, ("parameter", "correlation"), rows)] if rows else []


def parameters_table(fit: Fit) -> ReportTable:
    """List the parameters with their Monte Carlo errors."""
    frame = summary(fit)
    rows = tuple(
        (
            str(name),
            number(row["mean"], decimals(row["mcse_mean"])),
            number(row["mcse_mean"], decimals(row["mcse_mean"])),
            number(row["ess_bulk"], 0),
            number(row["ess_tail"], 0),
            number(row["r_hat"], 3),
        )
        for name, row in frame.iterrows()
    )
    caption = f"Convergence of each parameter ({frame.attrs['estimand']}): posterior mean, Monte Carlo error"
    columns = ("parameter", "mean", "MCSE of the mean", "bulk ESS", "tail ESS", "R-hat")
    return ReportTable(f"{caption}, effective sample sizes and R-hat", columns, rows)
