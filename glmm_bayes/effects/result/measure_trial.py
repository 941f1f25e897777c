"""A measure of a user's in; what is missing in it or wrong with it out, before it is registered."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.arguments import is_number
from glmm_bayes.core.trial import Statement, Trial, flag, text
from glmm_bayes.effects.estimand.ordered_categories import AT_LEAST
from glmm_bayes.effects.result.summary import MeanSummary

_SCALES = ("response", "log_odds")
_STATEMENTS = (
    text("label", 'label = "difference"'),
    Statement("null", "a number", is_number, "null = 0.0"),
    Statement("scale", " or ".join(_SCALES), lambda value: value in _SCALES, 'scale = "response"'),
    flag("of_probabilities"),
    flag("of_ratios"),
    flag("of_odds"),
    Statement(
        "of_ordered", f"None or {AT_LEAST}", lambda value: value in (None, AT_LEAST), "of_ordered = None"
    ),
)
#: Averages that are tried, shape (draw, row): shares, and numbers of which some are above 1.
_SHARES = np.array([[0.2, 0.5, 0.7], [0.35, 0.6, 0.9]])
_NUMBERS = 2.0 * _SHARES
_WRITE = "Write def compare(self, high, low): return high - low."


def try_measure(trial: Trial) -> None:
    """Read what a measure states, and compare averages by it.

    Raises
    ------
    PredictionError
        ``measure``, with everything that is wrong.
    """
    trial.read(_STATEMENTS)
    trial.finish()
    measure = trial.entry
    high = _SHARES if measure.of_probabilities else _NUMBERS
    low = 0.5 * high[::-1]
    found = trial.array("compare", lambda: measure.compare(high.copy(), low.copy()), high.shape)
    trial.finish()
    single = trial.array("compare", lambda: measure.compare(high[:1].copy(), low[:1].copy()), high[:1].shape)
    if found is not None and single is not None and not np.allclose(found[:1], single):
        trial.fail("compare must act element by element: a draw alone has another value.", _WRITE)
    same = trial.array("compare", lambda: measure.compare(high.copy(), high.copy()), high.shape)
    # What is summarised in another way has its null there.
    if type(measure).summarise is MeanSummary.summarise and np.isfinite(measure.null):
        trial.equal("compare of equal averages", same, "null", np.full(high.shape, float(measure.null)))
    trial.finish()
