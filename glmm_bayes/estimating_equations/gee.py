"""A Fit in, its coefficients beside those of generalized estimating equations on the same design, out."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError, row_text
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.effects.verbs.coefficients import population_coefficients, subject_coefficients
from glmm_bayes.estimating_equations.mean_model import MeanModel, independent_groups, mean_model
from glmm_bayes.estimating_equations.solver import CORRELATIONS, Solution, solve
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.spec.linear_predictor import MEAN

Integers = NDArray[np.int64]

#: A gap beyond this many robust standard errors is spoken of.
_GAP = 1.0


def gee(
    fit: Fit,
    *,
    correlation: str = "exchangeable",
    factor: str | None = None,
    time: str | ArrayLike | None = None,
    probability: float | None = None,
    interval: str | None = None,
) -> pd.DataFrame:
    """Put generalized estimating equations on the same design beside the posterior's coefficients.

    GEE estimates population-averaged coefficients without a model of how groups differ. Its place is
    beside the population-averaged coefficients that the posterior implies, not beside the
    subject-specific ones.

    Parameters
    ----------
    fit : Fit
    correlation : {"exchangeable", "independence", "ar1"}
        The working correlation of the rows of a group.
    factor : str, optional
        The grouping factor whose levels are independent. Default: the only one, or the outermost of
        nested ones.
    time : str or array_like, optional
        For ``ar1``: a column of the model, or one number for each of its rows. The correlation of two rows
        is a power of their distance in it, also where rows are missing or unevenly spaced; statsmodels
        takes a negative autocorrelation as 0.
    probability, interval
        As in ``predictions``; the confidence interval of GEE has the same level.

    Returns
    -------
    pandas.DataFrame
        One row a coefficient: ``coef``; posterior mean, sd and interval of the subject-specific coefficient
        (``subject_*``) and of the population-averaged one (``population_*``, quasi-likelihood projection);
        ``gee``, ``gee_se`` (robust) and its confidence interval; ``gap``, population less GEE in robust
        standard errors. Where the model's population has no mean, ``population_*`` and ``gap`` are not
        there. ``attrs`` names the working correlation and variance, the groups and ``notes``.

    Raises
    ------
    PredictionError
        ``missing_package`` without statsmodels; ``unknown_correlation``; ``gee`` if there is no such
        equation, or statsmodels has no solution of it; ``unknown_factor``; ``newdata_schema`` if ``time``
        does not fit.

    Notes
    -----
    What statsmodels is asked: offsets enter, so does the exposure of ``rate()`` under a log link. A row of n
    trials becomes n rows of one group. Weights are taken with ``independence`` only: the moments of its
    other correlations read them as weights of whole groups. The shape of a negative binomial stands at its
    posterior mean. Moments of scale and correlation are divided by the number of rows or pairs, not that
    less the number of coefficients, so that the numbers are those of R's geepack.

    GEE assumes that dropout is completely at random, the likelihood that it is at random given what was
    observed: a gap alone does not condemn the model. ``gb.gee_check`` tells what gap the model expects.

    References
    ----------
    Liang and Zeger (1986), Longitudinal data analysis using generalized linear models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> draws = {"beta": [[[2.9, -1.3, -0.8]]], "sd_ID": [[[1.2]]]}
    >>> table = gb.gee(gb.Fit.from_draws(model, draws))
    >>> table[["gee", "gee_se"]].shape
    (3, 2)
    """
    check_fit(fit)
    check_texts(correlation=correlation, factor=factor)
    shown = read_interval(probability, interval)
    structure = CORRELATIONS[correlation]
    if time is not None and correlation != "ar1":
        message = f'time= is for correlation="ar1", found correlation="{correlation}".'
        raise PredictionError(Finding("gee", message))
    model = mean_model(fit, "gb.gee")
    group, how = independent_groups(fit, factor, "gb.gee")
    if model.weights is not None and correlation != "independence":
        message = "statsmodels reads weights as those of whole groups when it estimates a correlation."
        raise PredictionError(Finding("gee", message, hint='Write correlation="independence".'))
    moment = _times(fit, group, time) if correlation == "ar1" else None
    population, undefined = unless_undefined(lambda: population_coefficients(fit))
    solution = solve(model, group.codes, moment, structure)
    return _table(fit, model, population, solution, _Setting(group, how, shown, undefined))


@dataclass(frozen=True)
class _Setting:
    """What was asked for, to be told beside the numbers; why the posterior has no population mean."""

    group: GroupDesign
    how: str
    interval: Interval
    undefined: str = ""

    @property
    def sizes(self) -> Integers:
        """Number of rows of each group."""
        return np.bincount(self.group.codes)


def _times(fit: Fit, group: GroupDesign, time: str | ArrayLike | None) -> Array:
    """Read the place of each row in time, and see that rows of a group differ in it."""
    hint = "Write time= and the name of a column of the model, or one number for each row."
    if isinstance(time, str):
        column = fit.design.table.columns.get(time)
        if column is None or column.data_type != "number":
            message = f"correlation=\"ar1\" needs a column of numbers that the model uses, found '{time}'."
            raise PredictionError(Finding("newdata_schema", message, column=time, hint=hint))
        moment = column.values.astype(np.float64)
    else:
        try:
            moment = np.asarray([] if time is None else time, dtype=np.float64)
        except (TypeError, ValueError):
            moment = np.empty(0)
    if moment.shape != group.codes.shape or not np.isfinite(moment).all():
        message = f'correlation="ar1" needs {len(group.codes)} finite times, one for each row of the model.'
        raise PredictionError(Finding("newdata_schema", message, hint=hint))
    order = np.lexsort((moment, group.codes))
    same = (np.diff(group.codes[order]) == 0) & (np.diff(moment[order]) == 0)
    if same.any() or (fit.response.trials != 1).any():
        at = order[1:][same] if same.any() else np.flatnonzero(fit.response.trials != 1)
        rows = tuple(fit.design.table.rows[np.sort(at)].tolist())
        message = f'correlation="ar1" needs one outcome of a group at a time, found more ({row_text(rows)}).'
        raise PredictionError(Finding("gee", message, rows=rows, hint='Write correlation="exchangeable".'))
    return moment


def _table(
    fit: Fit, model: MeanModel, population: Array | None, solution: Solution, setting: _Setting
) -> pd.DataFrame:
    frame = pd.DataFrame({"coef": fit.design.coefficients})
    for word, draws in (("subject", subject_coefficients(fit)), ("population", population)):
        if draws is not None:
            frame = pd.concat([frame, summary_frame(draws, setting.interval).add_prefix(f"{word}_")], axis=1)
    z, percent = NormalDist().inv_cdf(0.5 + setting.interval.probability / 2), setting.interval.percent
    frame["gee"], frame["gee_se"] = solution.coefficients, solution.se
    for end, sign in (("lb", -1), ("ub", 1)):
        frame[f"gee_ci{percent}_{end}"] = solution.coefficients + sign * z * solution.se
    if population is not None:
        frame["gap"] = (frame["population_mean"] - frame["gee"]) / frame["gee_se"]
    notes = _notes(fit, model, frame, setting)
    sizes, group = setting.sizes, setting.group
    is_own = fit.predictors[MEAN].is_marginal
    source = "the model's own" if is_own else "quasi-likelihood projection"
    sides = {"subject": "subject-specific: what changes for a given group"}
    said = "subject_: subject-specific coefficient, what changes for a given group; "
    gap = "; gap: population less gee, in robust standard errors"
    if population is None:
        said, gap = f"{said}posterior mean and ", ""
    else:
        sides["population"] = f"population-averaged coefficient ({source})"
        said += f"population_: {sides['population']}; both posterior mean and "
    caption = (
        f"{said}{setting.interval.name}; gee: generalized estimating equations, working correlation "
        f"{solution.working_correlation}, "
        f"{model.variance.name} working variance, {len(sizes)} levels of {group.factor} ({setting.how}) of "
        f"{sizes.min()} to {sizes.max()} rows; gee_se: robust standard error, gee_ci{percent}: {percent}% "
        f"confidence interval{gap}. "
    )
    return captioned(
        frame,
        caption + " ".join(f"Note: {sentence}" for sentence in notes),
        drawn=None,
        **sides,
        estimand_description=ESTIMANDS["population"],
        **setting.interval.attrs,
        correlation=solution.working_correlation,
        working_variance=model.variance.name,
        factor=group.factor,
        notes=notes,
    )


def _notes(fit: Fit, model: MeanModel, frame: pd.DataFrame, setting: _Setting) -> tuple[str, ...]:
    """Say what GEE assumes, and what a gap can mean."""
    sizes = setting.sizes
    short = int((sizes < sizes.max()).sum())
    dropout = "GEE assumes dropout completely at random, the likelihood at random given what was observed"
    if short:
        dropout += f"; {short} of {len(sizes)} groups have fewer rows than the largest"
    notes = [f"{dropout}: a gap alone does not condemn the model."]
    if (model.trials != 1).any():
        notes.append("each trial was given to statsmodels as a row.")
    if setting.undefined:
        notes.append(f"population: not shown, {setting.undefined}")
        return tuple(notes)
    wide = frame.loc[frame["gap"].abs() > _GAP, "coef"].tolist()
    if wide:
        notes.append(
            f"gaps beyond {_GAP:g} robust standard error: {', '.join(wide)}; gb.gee_check(fit) tells what "
            "gaps the model expects."
        )
        has_intercepts_only = all(group.is_intercept for group in fit.design.groups)
        if fit.link.name == "log" and has_intercepts_only and set(wide) & _slopes(fit):
            notes.append(
                "under a log link with random intercepts slopes are subject-specific and population-averaged "
                "at once: their gap is no averaging, it is misspecification or leverage."
            )
    return tuple(notes)


def _slopes(fit: Fit) -> set[str]:
    """Return the names of the coefficients but for the intercept."""
    return {column.label for column in fit.design.columns if column.factors}
