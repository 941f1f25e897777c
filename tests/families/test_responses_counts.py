"""How counts, amounts and proportions with zero parts are read: what is refused, and what is warned of."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.core.links import LINKS
from glmm_bayes.design.column import Column
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families import FAMILIES
from tests.examples import EXAMPLES

RESPONSES = ("amount", "part0", "part01", "zeros")
NAMES = [
    *(name for name, example in EXAMPLES.items() if example.response in RESPONSES),
    *("negative_binomial_1", "geometric", "generalized_poisson", "beta_binomial", "zero_inflated_binomial"),
]
TRIALS = [name for name in NAMES if EXAMPLES[name].has_trials]


def read(family, values, trials=None):
    """Return what a family reads, and what it has to say."""
    values = np.asarray(values)
    if values.dtype.kind == "U":
        levels = tuple(sorted(set(values.tolist())))
        column = Column("y", "label", np.array([levels.index(v) for v in values]), levels)
    else:
        column = Column("y", "boolean" if values.dtype.kind == "b" else "number", values)
    rows = np.array([f"r{i}" for i in range(len(values))])
    if trials is None and family in TRIALS:
        trials = np.full(len(values), 9.0)
    findings = Findings(DataError)
    columns = ResponseColumns("y", column, "y", trials, None, None, rows)
    return FAMILIES[family].read_response(columns, findings), findings.collected


GOOD = {
    "zero_inflated_beta": [0.0, 0.2, 0.9],
    "zero_one_inflated_beta": [0.0, 0.2, 1.0],
    "ordered_beta": [0.0, 0.2, 1.0],
    "hurdle_gamma": [0.0, 0.2, 31.5],
    "hurdle_lognormal": [0.0, 0.2, 31.5],
}


@pytest.mark.parametrize("family", NAMES)
def test_what_the_family_is_for_is_read_without_a_word(family):
    values = GOOD.get(family, [0, 2, 5])
    response, found = read(family, values)
    assert response.values.tolist() == values
    assert response.trials.tolist() == ([9.0] * 3 if family in TRIALS else [1.0] * 3)
    assert found == []


COUNTS = "needs whole numbers of at least 0: column 'y'"
AMOUNTS = "needs numbers of at least 0: column 'y'"
UNIT = "needs numbers from 0 to 1: column 'y'"
RATE = "Did you mean a rate? Write count ~ ... + offset(log(exposure))."
REFUSED = [
    ("zero_inflated_poisson", [0, 1, 2.5],
     f"[response_support] zero_inflated_poisson {COUNTS} has 1 values outside it (row r2: 2.5). {RATE}"),
    ("hurdle_negative_binomial", [0, -1, 2],
     f"[response_support] hurdle_negative_binomial {COUNTS} has 1 values outside it (row r1: -1). "
     'Numbers below 0 are family="gaussian".'),
    ("generalized_poisson", [True, False, True],
     f'[column_type] generalized_poisson {COUNTS} holds booleans. A two-valued response is '
     'family="bernoulli".'),
    ("geometric", ["a", "b", "c"],
     f"[column_type] geometric {COUNTS} holds labels (a, b, c)."),
    ("hurdle_gamma", [0.0, -0.5, 2.0],
     f"[response_support] hurdle_gamma {AMOUNTS} has 1 values outside it (row r1: -0.5). "
     'Numbers below 0 are family="gaussian".'),
    ("hurdle_lognormal", [0.0, 0.0, 0.0],
     "[constant_column] response 'y' is constant (0): nothing to model."),
    ("zero_inflated_beta", [0.0, 0.5, 1.0],
     "[response_support] zero_inflated_beta needs numbers of at least 0 and below 1: column 'y' has 1 "
     "values outside it (row r2: 1). Exact ones: "
     'family="zero_one_inflated_beta" or "ordered_beta" would accept them.'),
    ("ordered_beta", [0.0, 55.0, 100.0],
     f"[response_support] ordered_beta {UNIT} has 2 values outside it (rows r1, r2: 55, 100). "
     "Percentages? Divide by 100: write I(y / 100) ~ ...."),
    ("zero_one_inflated_beta", [0.0, -0.1, 1.0],
     f"[response_support] zero_one_inflated_beta {UNIT} has 1 values outside it (row r1: -0.1). "
     'Did you mean family="gaussian"?'),
    ("beta_binomial", [0.2, 0.5, 1.0],
     "[response_support] beta_binomial needs whole numbers of successes of at least 0: column 'y' has 2 "
     "values outside it (rows r0, r1: 0.2, 0.5). Proportions: 'y' times its trials is whole in 1 of 3 "
     "rows only, so these are not its trials; write k | trials(n) with the number of successes k."),
]  # fmt: skip


@pytest.mark.parametrize(("family", "values", "message"), REFUSED)
def test_the_message_says_what_is_needed_what_was_found_and_what_to_write(family, values, message):
    _, found = read(family, values)
    errors = [str(finding) for finding in found if finding.severity == "error"]
    assert errors == [message]


WARNED = [
    ("zero_inflated_poisson", [1, 2, 3], "has no zeros, so zi rests on its prior."),
    ("zero_inflated_binomial", [1, 2, 3], "has no zeros, so zi rests on its prior."),
    ("zero_inflated_beta", [0.1, 0.2, 0.3], "has no zeros, so zi rests on its prior."),
    ("hurdle_poisson", [1, 2, 3], "has no zeros, so hu rests on its prior."),
    ("hurdle_gamma", [0.1, 0.2, 0.3], "has no zeros, so hu rests on its prior."),
    ("zero_one_inflated_beta", [0.1, 0.2, 0.3],
     "has no zeros and no ones, so zoi and coi rest on their priors."),
    ("ordered_beta", [0.1, 0.2, 1.0], "has no zeros, so the first threshold rests on its prior."),
    ("ordered_beta", [0.0, 0.2, 0.3], "has no ones, so the second threshold rests on its prior."),
    ("ordered_beta", [0.0, 1.0, 0.0],
     'holds only 0 and 1, so phi rests on its prior. Did you mean family="bernoulli"?'),
]  # fmt: skip


@pytest.mark.parametrize(("family", "values", "message"), WARNED)
def test_a_part_that_no_row_speaks_of_is_warned_of(family, values, message):
    _, found = read(family, values)
    assert [finding.severity for finding in found] == ["warning"]
    assert str(found[0]) == f"[response_support] {family}: response 'y' {message}"


def test_rows_without_trials_are_no_zeros():
    _, found = read("zero_inflated_binomial", [0, 2, 3], np.array([0.0, 9.0, 9.0]))
    assert [finding.severity for finding in found] == ["note", "warning"]


@pytest.mark.parametrize("family", [name for name in NAMES if name not in TRIALS])
def test_trials_are_refused_where_there_are_none(family):
    _, found = read(family, GOOD.get(family, [0, 2, 5]), np.full(3, 9.0))
    assert [finding.code for finding in found] == ["trials"]


@pytest.mark.parametrize("family", TRIALS)
def test_trials_are_required_where_they_are_the_design(family):
    findings = Findings(DataError)
    columns = ResponseColumns("y", Column("y", "number", np.arange(3.0)), "y", None, None, None, np.arange(3))
    FAMILIES[family].read_response(columns, findings)
    assert findings.collected[0].message == f"{family} needs numbers of trials beside 'y'."


def test_the_centre_of_positive_parts_follows_the_positive_rows_and_their_exposure():
    response, _ = read("hurdle_gamma", [0.0, 2.0, 6.0])
    offset = np.log([1.0, 2.0, 2.0])
    scales = FAMILIES["hurdle_gamma"].scales(LINKS["log"], response, offset)
    assert scales.intercept_mean == pytest.approx(np.log(8 / 4), abs=1e-12)
    scales = FAMILIES["hurdle_lognormal"].scales(LINKS["identity"], response, offset)
    assert scales.intercept_mean == pytest.approx(np.log([1.0, 3.0]).mean(), abs=1e-12)
    assert scales.effect == pytest.approx(2.5 * np.log([1.0, 3.0]).std(ddof=1), abs=1e-12)


@pytest.mark.parametrize("family", ["binomial", "beta_binomial", "zero_inflated_binomial"])
def test_three_columns_are_not_successes_and_failures(family):
    data = pd.DataFrame({"count": [1, 2, 3], "n": [4, 5, 6], "w": [1, 2, 1], "x": [0.0, 1.0, 3.0]})
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model("cbind(count, n, w) ~ x", data, family=family)
    assert "multinomial" in str(caught.value)
