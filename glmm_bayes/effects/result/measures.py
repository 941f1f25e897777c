"""Two expected responses in, one contrast out; a measure is one class and one line in the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import Registry
from glmm_bayes.effects.estimand.ordered_categories import AT_LEAST
from glmm_bayes.effects.result.measure_trial import try_measure
from glmm_bayes.effects.result.summary import MeanSummary


@dataclass(frozen=True)
class Logs:
    """Logs of averages; and of one minus them, if the measure is one of odds."""

    mean: Array
    complement: Array | None = None

    @property
    def odds(self) -> Array:
        """Log odds."""
        assert self.complement is not None
        return self.mean - self.complement


class Measure(MeanSummary, ABC):
    """A contrast of two averages within a draw.

    Attributes
    ----------
    name : str
    label : str
        What the number is, for headers.
    null : float
        Its value when both are equal.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    null: ClassVar[float]

    #: The scale of the averages that are compared: the response's, or its log odds row by row.
    scale: ClassVar[str] = "response"
    #: Whether averages must lie between 0 and 1.
    of_probabilities: ClassVar[bool] = False

    #: Whether it is a ratio of averages, which may be too small or too large for a float.
    of_ratios: ClassVar[bool] = False
    #: Whether it needs the digits of one minus an average, too.
    of_odds: ClassVar[bool] = False
    #: What it is of where that are ordered categories.
    of_ordered: ClassVar[str | None] = None

    @abstractmethod
    def compare(self, high: Array, low: Array) -> Array:
        """Return the measure of ``high`` against ``low``, elementwise."""

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        """Return the measure of averages that come as their logs."""
        return self.compare(np.exp(high.mean), np.exp(low.mean))


class Difference(Measure):
    """Difference high - low."""

    name, label, null = "difference", "difference", 0.0

    def compare(self, high: Array, low: Array) -> Array:
        return high - low


class Ratio(Measure):
    """Ratio high / low: a ratio of averages, not an average of ratios."""

    name, label, null = "ratio", "ratio of means", 1.0
    of_ratios = True

    def compare(self, high: Array, low: Array) -> Array:
        return high / low

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return _exp(high.mean - low.mean)


class LogRatio(Measure):
    """Logarithm of the ratio, log(high / low)."""

    name, label, null = "log_ratio", "log ratio of means", 0.0
    of_ratios = True

    def compare(self, high: Array, low: Array) -> Array:
        if min(high.min(initial=0.0), low.min(initial=0.0)) < 0.0:
            message = "measure='log_ratio' needs means that are not negative, found some below 0."
            raise PredictionError(Finding("measure", message, hint="Write difference."))
        return np.log(high) - np.log(low)

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return high.mean - low.mean


class OddsRatio(Measure):
    """Odds of ``high`` over odds of ``low``: the odds ratio of the averages."""

    name, label, null = "odds_ratio", "odds ratio of means", 1.0
    of_probabilities, of_ratios, of_odds = True, True, True

    def compare(self, high: Array, low: Array) -> Array:
        # 1 - mean may be below the smallest number: such odds are infinite.
        with np.errstate(divide="ignore", over="ignore"):
            return high / (1 - high) * ((1 - low) / low)

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return _exp(high.odds - low.odds)


class CumulativeOddsRatio(OddsRatio):
    """Odds ratio of averages of P(y >= k), for each category k but the lowest: the odds of a higher category.

    In a model of proportional odds the subject-specific ones are equal for all k; population-averaged ones
    need not be.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data.
    """

    name, label = "cumulative_odds_ratio", "cumulative odds ratio of means"
    of_ordered = AT_LEAST


class LogOddsRatio(Measure):
    """Logarithm of the odds ratio of the averages."""

    name, label, null = "log_odds_ratio", "log odds ratio of means", 0.0
    of_probabilities, of_ratios, of_odds = True, True, True

    def compare(self, high: Array, low: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(high) - np.log1p(-high) - np.log(low) + np.log1p(-low)

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return high.odds - low.odds


class Lift(Measure):
    """Relative change, high / low - 1."""

    name, label, null = "lift", "relative change of means", 0.0
    of_ratios = True

    def compare(self, high: Array, low: Array) -> Array:
        return high / low - 1

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return _exp(high.mean - low.mean, np.expm1)


class Percent(Measure):
    """Relative change in percent, 100 (high / low - 1)."""

    name, label, null = "percent", "relative change of means in percent", 0.0
    of_ratios = True

    def compare(self, high: Array, low: Array) -> Array:
        return 100.0 * (high / low - 1)

    def compare_logs(self, high: Logs, low: Logs) -> Array:
        return 100.0 * _exp(high.mean - low.mean, np.expm1)


class MeanLogOddsRatio(Measure):
    """Average over rows of each row's own log odds ratio: another number than that of the averages.

    References
    ----------
    Greenland, Robins and Pearl (1999), Confounding and collapsibility in causal inference.
    """

    name, label, null = "mean_log_odds_ratio", "mean over rows of log odds ratios", 0.0
    scale, of_probabilities = "log_odds", True

    def compare(self, high: Array, low: Array) -> Array:
        return high - low


def _exp(log: Array, function: Callable[[Array], Array] = np.exp) -> Array:
    """Return a function like exp; ratios beyond the largest number are infinite."""
    with np.errstate(over="ignore"):
        return function(log)


class NumberNeededToTreat(Measure):
    """How many must be treated for one event more, or one fewer; its draws are those of the difference.

    Draws of a difference on both sides of zero have a number needed to treat that passes through
    infinity, so that it has no mean: the ends of the difference's interval are turned over instead.

    A number is positive, and its direction is said: for one event ``more`` or ``fewer``. Whether that is a
    benefit (NNTB) or a harm (NNTH), the event decides. An interval that goes through infinity ends with a
    negative number: that of the other direction.

    References
    ----------
    Altman (1998), Confidence intervals for the number needed to treat.
    """

    name, null = "nnt", np.inf
    label = "number needed to treat"
    meaning = "for one more or one fewer (of events: NNTB if a benefit, NNTH if a harm)"
    summary_words = "reciprocals of the difference's median and of the ends of its"

    def compare(self, high: Array, low: Array) -> Array:
        return high - low

    def summarise(self, flat: Array, interval: Interval) -> pd.DataFrame:
        (lower, upper), middle = interval.ends(flat), np.quantile(flat, 0.5, axis=0)
        is_more = middle >= 0.0
        # Of the difference's size in the direction of its median, the larger end first.
        # Adding 0 makes -0 and 0 one: their reciprocal is infinite in the direction of the median.
        large, small = np.where(is_more, upper, -lower) + 0.0, np.where(is_more, lower, -upper) + 0.0
        names = interval.columns
        with np.errstate(divide="ignore"):
            numbers = {"median": 1.0 / np.abs(middle), names[0]: 1.0 / large, names[1]: 1.0 / small}
        return pd.DataFrame(
            {
                "event": np.where(is_more, "more", "fewer"),
                **numbers,
                "through_infinity": (lower < 0.0) & (upper > 0.0),
                "p_positive_difference": (flat > 0.0).mean(axis=0),
            }
        )


_FORM = "It takes two arrays of draws, the higher value's first, as in lambda a, b: a - b."


@dataclass(frozen=True)
class FunctionMeasure(Measure):
    """A function of the user's of two arrays of draws."""

    function: Callable[[Array, Array], Any]

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the function; ``custom`` if it has none."""
        return str(getattr(self.function, "__name__", "custom"))

    @property
    def label(self) -> str:  # type: ignore[override]
        """The measure in words."""
        return f"{self.name} of means"

    null = float("nan")

    def compare(self, high: Array, low: Array) -> Array:
        return _checked(self.name, self.function, high, low)


def compare_averages(measure: Measure, high: Array, low: Array) -> Array:
    """Return the measure of two averages; one that a user registered is held to what it must return."""
    if measure.name in MEASURES.added:
        return _checked(measure.name, measure.compare, high, low)
    return measure.compare(high, low)


def compare_logs(measure: Measure, high: Logs, low: Logs) -> Array:
    """Return the measure of averages that come as their logs, held to the same."""
    if measure.name in MEASURES.added:
        return _checked(measure.name, lambda *_: measure.compare_logs(high, low), high.mean, low.mean)
    return measure.compare_logs(high, low)


def _checked(name: str, function: Callable[[Array, Array], Any], high: Array, low: Array) -> Array:
    must = f"the measure {name} must return one number a draw and row"
    try:
        result = np.asarray(function(high.copy(), low.copy()))
    except Exception as error:
        message = f"{must}; it raised {type(error).__name__}: {error}."
        raise PredictionError(Finding("measure", message, hint=_FORM)) from error
    if result.shape != high.shape or result.dtype.kind not in "fiub":
        message = f"{must}: shape {high.shape}, found {result.shape} of {result.dtype}."
        raise PredictionError(Finding("measure", message, hint=_FORM))
    numbers = result.astype(np.float64)
    if lost := int(np.isnan(numbers).sum()):
        message = f"{must}; {lost} of {numbers.size} are not a number."
        raise PredictionError(Finding("measure", message, hint=_FORM))
    return numbers


def read_measure(measure: str | Callable[[Array, Array], Any]) -> Measure:
    """Return a measure by its name, or a function of two arrays of draws as one."""
    return FunctionMeasure(measure) if callable(measure) else MEASURES[measure]


_ALL = (
    Difference(),
    Ratio(),
    LogRatio(),
    OddsRatio(),
    LogOddsRatio(),
    CumulativeOddsRatio(),
    Lift(),
    Percent(),
    MeanLogOddsRatio(),
    NumberNeededToTreat(),
)
#: What the field calls them, too.
_ALIASES = {
    **dict.fromkeys(("risk_difference", "rate_difference", "mean_difference", "rd", "ard"), "difference"),
    **dict.fromkeys(
        ("risk_ratio", "rate_ratio", "relative_risk", "rr", "irr", "incidence_rate_ratio", "mean_ratio"),
        "ratio",
    ),
    **dict.fromkeys(("prevalence_ratio", "pr", "ratio_of_means", "rom", "fold_change"), "ratio"),
    **dict.fromkeys(
        ("log_risk_ratio", "log_rate_ratio", "log_relative_risk", "lnratio", "log_rr", "lnrr", "lrr"),
        "log_ratio",
    ),
    **dict.fromkeys(("or", "odds", "relative_odds", "prevalence_odds_ratio"), "odds_ratio"),
    **dict.fromkeys(("cumulative_or", "proportional_odds_ratio"), "cumulative_odds_ratio"),
    **dict.fromkeys(("log_or", "lnor", "lor", "log_odds", "log_odds_difference"), "log_odds_ratio"),
    **dict.fromkeys(("relative_change", "relative_difference"), "lift"),
    **dict.fromkeys(("percent_change", "pct", "percentage", "percent_difference"), "percent"),
    **dict.fromkeys(("number_needed_to_treat", "nntb", "nnth", "number_needed_to_harm"), "nnt"),
}


def _elsewhere(name: str) -> str:
    """Answer measures that are asked for in another way here."""
    if name in ("slope", "dydx", "eyex", "eydx", "dyex", "derivative", "elasticity"):
        return 'Slopes are another verb: gb.slopes(fit, "x").'
    return ""


MEASURES: Registry[Measure] = Registry(
    "measure", {m.name: m for m in _ALL}, PredictionError, _elsewhere, _ALIASES, code="measure"
)


def register_measure(measure: Measure) -> None:
    """Let comparisons be made by a measure of your own, called by its name.

    Parameters
    ----------
    measure : Measure
        A subclass of ``Measure``, made: how it compares two arrays of draws, and what it is called.

    Raises
    ------
    PredictionError
        ``measure`` if it is no measure, its name is none or that of another one, an attribute is missing or
        wrong, or ``compare`` does not give one number for each pair.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> from glmm_bayes.effects.result.measures import MEASURES
    >>> gb.register_measure(MEASURES["ratio"])
    Traceback (most recent call last):
        ...
    glmm_bayes.core.errors.PredictionError: [measure] 'ratio' is a listed measure. \
Give it another name: "my_ratio".
    """
    if not isinstance(measure, Measure):
        hint = f"Write gb.register_measure({measure.__name__}())." if isinstance(measure, type) else ""
        raise MEASURES.refusal(f"a measure to register is a Measure, found {shown_value(measure)}.", hint)
    MEASURES.free_name(measure)
    try_measure(MEASURES.trial(measure))
    MEASURES.register(measure)
