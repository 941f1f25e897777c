"""``predictions``: a Fit and rows in, expected responses out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from glmm_bayes.core.intervals import read_interval
from glmm_bayes.effects.estimand.averages import averages, free_names, grid_frame
from glmm_bayes.effects.estimand.estimand import Estimand, merged_estimand
from glmm_bayes.effects.expectation.answer import (
    answer,
    attributes,
    effects_of,
    quantity_of,
    question_of,
    rows_of,
)
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY
from glmm_bayes.effects.expectation.new_group_means import law_of_new
from glmm_bayes.effects.expectation.new_groups import seed_of
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.hypotheses import contrast_rows
from glmm_bayes.fit.fit import Fit, check_fit


def predictions(
    fit: Fit,
    newdata: Any = None,
    *,
    by: str | Sequence[str] | bool | None = None,
    weights: Any = None,
    estimand: str | Mapping[str, str] | Estimand = "population",
    per: str | None = None,
    scale: str = "response",
    parameter: str | None = None,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
    seed: int | None = None,
    max_memory: float = MAX_MEMORY,
) -> Effects:
    """Compute expected responses: for each row, or averaged over rows within each draw.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping of columns, optional
        Rows to predict, in any container that a model takes; default: the training rows. Needs the
        predictors' and offset's columns, and the grouping columns only where the estimand is
        ``subject``, or labels tell new groups apart.
    by : str, sequence of str or True, optional
        Columns within whose combinations rows are averaged, each row with the same weight; True
        averages over all rows.
    weights : str, array or BayesianBootstrap, optional
        Of rows in the averages that ``by`` asks for: a column, or one number a row, or
        ``gb.BayesianBootstrap()``; default: equal.
    estimand : {"population", "typical", "subject", "new_subject", "sample"}, mapping or Estimand
        A word, one for each grouping factor, or a ``gb.Estimand`` that says all that follows at once.
        ``population`` integrates the random effects over their distribution within each draw;
        ``typical`` sets them to zero; ``subject`` takes each row's own group; ``sample`` puts every
        combination of levels in the data at each row and averages over them; ``new_subject`` draws the
        effects of one new group (several factors: one new level of each), which all rows share: two
        labels in the rows share it, too, unless ``per`` says otherwise.
    per : {"label"}, optional
        With ``new_subject``: draw one new group for each label in the rows, also for labels that the
        training rows had, and need the grouping columns. An average over many new groups is nearly
        ``population``: its interval is no prediction interval of one group.
    scale : {"response", "link", "at_least", "score"}
        The response scale is the mean of one trial, with exposure as in the rows; of categories the
        probability of each. Of ordered ones ``at_least`` is P(y >= k) for each k but the lowest, ``score``
        the expected position of the category, the lowest counted as 1.
    parameter : str, optional
        A parameter with a formula of its own (``sigma``, ``zi``, ...), or ``mu``: it is predicted in
        the place of the mean of the response.
    hypothesis : str, sequence of str or array, optional
        Compares rows of the result, as in ``comparisons``.
    probability : float, optional
        Of the intervals; default: ArviZ's ``rcParams["stats.ci_prob"]``, 0.89 unless it was changed.
    interval : {"eti", "hdi"}, optional
        Equal-tailed or the narrowest (highest density); default: ArviZ's ``rcParams["stats.ci_kind"]``,
        ``eti`` unless it was changed. The ends of an exact distribution are equal-tailed only.
    seed : int, optional
        Of new groups; default: the fit's own, else 0. A new group's effects depend on the seed, the
        factor and, with ``per="label"``, the label only.
    max_memory : float
        Bytes that the work and the answer may take.

    Returns
    -------
    Effects
        One row for each row of ``newdata``, or for each average: its covariates, then draws of dims (chain,
        draw, row) on the ``scale`` asked for, in the unit of the response. Of an ordinal or categorical
        response the probability of each category, in a row of its own. For rows of new groups, the
        summary's mean and interval are those of the exact distribution over draws and groups where there
        is one (``attrs["interval_from"]`` says so); ``draws`` hold one drawn group in each draw.

    Raises
    ------
    PredictionError
        If the new rows do not fit the model: ``newdata_schema``, ``new_level``, ``missing_values``,
        ``non_finite``, ``column_type``, ``unknown_column``, and ``new_group`` for a level without draws. If
        an argument does not: ``fit``, ``estimand``, ``per``, ``scale``, ``parameter``, ``by``, ``weights``,
        ``hypothesis``, ``values`` (of ``probability``), ``interval``, ``settings`` (of ``seed``). If there is
        no such mean, or none is computed: ``estimand_undefined``, ``not_available``. ``max_memory`` if the
        answer is larger.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Zeger, Liang and Albert (1988), Models for longitudinal data: a generalized estimating equation
    approach. Skrondal and Rabe-Hesketh (2009), Prediction in multilevel generalized linear models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]}
    >>> fit = gb.Fit.from_draws(model, draws)
    >>> float(gb.predictions(fit, {"Days": [2.0]}).summary()["mean"][0])
    270.0
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    merged = merged_estimand(
        estimand, scale=scale, parameter=parameter, newdata=newdata, weights=weights, per=per
    )
    question = question_of(fit, merged, merged.scale)
    start = seed_of(fit, seed)
    rows, notes = rows_of(question, merged.newdata)
    groups = averages(rows, by, merged.newdata, merged.weights)
    result = answer(question, rows, start, groups, max_memory)
    law = None
    if question.estimand.new and (exact := law_of_new(question, rows, groups)):
        law, means = exact
        result = replace(result, rule=means.rule, error=means.error)
        # Contrasts are of draws.
        law = law if hypothesis is None else None
    grid, renamed = free_names(grid_frame(rows) if groups is None else groups.grid)
    attrs = attributes(question, rows, result, quantity_of(question), start)
    attrs |= {"average": "" if groups is None else groups.description}
    effects = effects_of(question, result.values, grid, attrs, notes + renamed, shown, merged, law)
    return effects if hypothesis is None else contrast_rows(effects, hypothesis)
