"""How families of continuous responses read a column: what they refuse, where, and with which remedy."""

import numpy as np
import pytest

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.design.table import Column
from glmm_bayes.families import FAMILIES

POSITIVE = ("lognormal", "gamma", "inverse_gaussian", "exponential", "weibull")
GAUSSIAN = 'family="gaussian" would accept them.'
BERNOULLI = 'A response of 0 and 1 is family="bernoulli".'
PERCENT = "Percentages? Divide by 100: write y / 100 ~ ...."
HURDLES = 'family="hurdle_gamma" or "hurdle_lognormal" would accept them.'
DEGREES = 'Degrees? Write data["y"] = np.radians((data["y"] + 180) % 360 - 180).'


def read(family, values, trials=None):
    """Return what the family makes of the column y, whose rows are called r0, r1, ..., and its findings."""
    values = np.asarray(values)
    kind = "boolean" if values.dtype == bool else "number"
    rows = np.array([f"r{row}" for row in range(len(values))], dtype=object)
    columns = ResponseColumns("y", Column("y", kind, values), "y", trials, None, None, rows)
    findings = Findings(DataError)
    return FAMILIES[family].read_response(columns, findings), findings.errors


@pytest.mark.parametrize("family", POSITIVE)
def test_positive_numbers_are_taken_as_they_are(family):
    response, errors = read(family, [0.2, 3.0, 1e-12, 7.5])
    assert not errors
    assert response.values.tolist() == [0.2, 3.0, 1e-12, 7.5]
    assert response.mean_label == "mean of y"


REFUSED = [
    ("gamma", [1.0, 0.0, 2.0, 0.0], "response_support", ("r1", "r3"), f"2 are 0: {HURDLES}"),
    ("lognormal", [1.0, 0.0, 2.0], "response_support", ("r1",), f"1 is 0: {HURDLES}"),
    ("weibull", [1.0, -2.0, 2.0], "response_support", ("r1",), f"1 is below 0: {GAUSSIAN}"),
    (
        "exponential", [0.0, -2.0, 2.0], "response_support", ("r0", "r1"),
        f"1 is 0, 1 below 0: {GAUSSIAN}",
    ),
    (
        "inverse_gaussian", [0.0, 1.0, 1.0], "response_support", ("r0",),
        BERNOULLI,
    ),
    ("gamma", [2.0, 2.0, 2.0], "constant_column", (), ""),
    ("gamma", [True, False, True], "column_type", (), 'A two-valued response is family="bernoulli".'),
    (
        "beta", [0.2, 0.0, 0.4], "response_support", ("r1",),
        '1 exact 0, 0 exact 1: family="zero_inflated_beta", "zero_one_inflated_beta" or "ordered_beta" would '
        "accept them.",
    ),
    (
        "beta", [0.2, 1.0, 0.0, 1.0], "response_support", ("r1", "r2", "r3"),
        '1 exact 0, 2 exact 1: family="zero_one_inflated_beta" or "ordered_beta" would accept them.',
    ),
    ("beta", [0.0, 1.0, 1.0], "response_support", ("r0", "r1", "r2"), BERNOULLI),
    ("beta", [12.0, 0.5, 99.0], "response_support", ("r0", "r2"), PERCENT),
    ("beta", [0.3, -0.5], "response_support", ("r1",), 'Did you mean family="gaussian"?'),
    ("beta", [0.3, 0.3], "constant_column", (), ""),
    ("von_mises", [0.1, 350.0, 3.0], "response_support", ("r1",), DEGREES),
    (
        "von_mises", [0.1, 6.0], "response_support", ("r1",),
        'From 0 to 2 pi? Write data["y"] = (data["y"] + np.pi) % (2 * np.pi) - np.pi.',
    ),
    (
        "von_mises", [0.1, 700.0], "response_support", ("r1",),
        'Angles of several turns? Write data["y"] = (data["y"] + np.pi) % (2 * np.pi) - np.pi.',
    ),
    ("student", [True, False], "column_type", (), 'A two-valued response is family="bernoulli".'),
    ("skew_normal", [3.0, 3.0], "constant_column", (), ""),
]  # fmt: skip


@pytest.mark.parametrize(("family", "values", "code", "rows", "hint"), REFUSED)
def test_a_response_outside_the_support_is_refused(family, values, code, rows, hint):
    _, errors = read(family, values)
    assert [error.code for error in errors] == [code]
    assert (errors[0].column, errors[0].rows, errors[0].hint) == ("y", rows, hint)
    assert "'y'" in errors[0].message


def test_the_message_counts_and_shows_what_lies_outside():
    _, (error,) = read("gamma", [1.0, 0.0, 2.0, -0.5])
    assert error.message == (
        "gamma needs numbers above 0: column 'y' has 2 values outside it (rows r1, r3: 0, -0.5)."
    )


@pytest.mark.parametrize("family", [*POSITIVE, "student", "skew_normal", "beta", "von_mises"])
def test_trials_are_refused(family):
    _, errors = read(family, [0.2, 0.3], trials=np.array([3.0, 4.0]))
    assert [error.code for error in errors] == ["trials"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_ends_of_the_circle_are_taken_in_either_precision(dtype):
    response, errors = read("von_mises", np.array([-np.pi, 0.3, np.pi], dtype))
    assert not errors
    assert response.mean_label == "mean direction of y"
