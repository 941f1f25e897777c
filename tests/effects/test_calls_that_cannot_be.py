"""Arguments of verbs stand in one order, and a call that cannot be is refused with the call to write."""

from inspect import isfunction, signature

import numpy as np
import pytest

import glmm_bayes as gb
from tests.effects.calls_of_verbs import ROWS, every_verb, fit


@every_verb()
def test_only_the_first_arguments_go_by_position(verb):
    function = getattr(gb, verb)
    with pytest.raises(gb.PredictionError, match="by position") as caught:
        function(fit(), "x", "typical", "link")
    assert "probability=" in str(caught.value) and "hypothesis=" in str(caught.value)


ORDER = (
    *("newdata", "by", "weights", "estimand", "per", "scale", "measure", "parameter"),
    *("hypothesis", "probability", "interval", "seed", "max_memory"),
)


#: What is done with an answer stands behind how it is computed.
LAST = ("overwrite",)
#: Every public function of a fit.
OF_A_FIT = tuple(
    name
    for name in gb.__all__
    if isfunction(getattr(gb, name)) and next(iter(signature(getattr(gb, name)).parameters), "") == "fit"
)


@pytest.mark.parametrize("verb", OF_A_FIT)
def test_arguments_stand_in_one_order(verb):
    parameters = signature(getattr(gb, verb)).parameters
    shared = [name for name in parameters if name in ORDER]
    assert shared == [name for name in ORDER if name in shared]
    by_name = [name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY]
    assert len([name for name, each in parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD]) <= 2
    how = [name for name in by_name if name in ORDER[-5:]]
    assert by_name == [name for name in by_name if name not in (*how, *LAST)] + how + [
        name for name in by_name if name in LAST
    ]
    assert ("probability" in by_name) == ("interval" in by_name)


@every_verb()
def test_every_verb_takes_a_hypothesis_and_an_interval(verb):
    assert {"hypothesis", "probability", "interval"} <= set(signature(getattr(gb, verb)).parameters)


#: Calls that lack an argument, give one twice, or by position where there is none.
CALLS = {
    "comparisons": (lambda: gb.comparisons(fit()), "missing_argument", 'gb.comparisons(fit, "x")'),
    "slopes": (lambda: gb.slopes(fit(), newdata=ROWS), "missing_argument", "needs variable"),
    "implied_correlation": (lambda: gb.implied_correlation(fit()), "missing_argument", "needs newdata"),
    "interval_ratio": (lambda: gb.interval_ratio(fit()), "missing_argument", "needs variable"),
    "predictions": (lambda: gb.predictions(), "missing_argument", "gb.predictions(fit)"),
    "estimands": (lambda: gb.estimands(), "missing_argument", "gb.estimands(fit)"),
    "report": (lambda: gb.report(fit()), "missing_argument", 'gb.report(fit, "report.html")'),
    "fit twice": (lambda: gb.predictions(fit(), fit=fit()), "positional_argument", "fit twice"),
    "rows twice": (lambda: gb.predictions(fit(), ROWS, newdata=ROWS), "positional_argument", "newdata twice"),
    "by position": (lambda: gb.estimands(fit(), "w", ROWS), "positional_argument", "newdata="),
    "summary": (lambda: gb.icc(fit(), ROWS).summary(0.9, "hdi"), "positional_argument", "interval="),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_cannot_be_is_refused_with_the_call_to_write(call):
    wrong, code, said = CALLS[call]
    with pytest.raises(gb.PredictionError) as caught:
        wrong()
    assert caught.value.code == code and said in str(caught.value) and isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("hypothesis", "said"),
    [
        (np.zeros((2, 0)), "weights of the 2 rows"),
        (np.zeros((2, 2, 1)), "weights of the 2 rows"),
        ("b1*1" + "0" * 400, "beyond the largest one"),
        ("b1 - 1e400", "beyond the largest one"),
        ("b1*1e308*1e308", "beyond the largest number"),
        ("b1/0", "divides by zero"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_hypothesis_that_has_no_value_is_refused_with_what_is_wrong(hypothesis, said):
    with pytest.raises(gb.PredictionError, match=said) as caught:
        gb.predictions(fit(), ROWS, hypothesis=hypothesis)
    assert caught.value.code == "hypothesis"


def test_a_verb_is_found_after_its_neighbour_of_the_same_room():
    import glmm_bayes.estimating_equations.gee_check  # noqa: F401

    assert callable(gb.gee) and callable(gb.gee_check)
