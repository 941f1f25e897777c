"""Numbers that stand after the response's bar, as they are read from the rows; new rows need none."""

import numpy as np
import pandas as pd
import pytest

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.containers.frames import as_frame
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.response import read_response
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

DATA = pd.DataFrame(
    {
        "y": [1.0, 2, 3, 4],
        "x": [0.5, 2, 1, 7],
        "w": [1, 0, 0.5, 2],
        "c": ["none", "left", "right", "interval"],
        "code": [0, -1, 1, 2],
        "seen": [True, False, True, False],
        "y2": [0.0, 0, 0, 5],
        "low": [0.0, 1, 3, 2],
    }
)
INF = np.inf
# response, field, values
MEANING = [
    ("y | weights(w)", "weights", [1, 0, 0.5, 2]),
    ("y | weights(2 * w)", "weights", [2, 0, 1, 4]),
    ("y | se(x)", "se", [0.5, 2, 1, 7]),
    ("y | se(x)", "se_adds_sigma", False),
    ("y | se(x, sigma = TRUE)", "se_adds_sigma", True),
    ("y | cens(c, y2)", "censored", [0, -1, 1, 2]),
    ("y | cens(code, y2)", "censored", [0, -1, 1, 2]),
    ("y | cens(I(1 - seen))", "censored", [0, 1, 0, 1]),
    ("y | cens(I(seen))", "censored", [1, 0, 1, 0]),
    ("y | cens(c, y2)", "interval_end", [0, 0, 0, 5]),
    ("y | trunc(lb = low)", "lower", [0, 1, 3, 2]),
    ("y | trunc(lb = low)", "upper", [INF, INF, INF, INF]),
    ("y | trunc(ub = 4)", "lower", [-INF, -INF, -INF, -INF]),
    ("y | trunc(ub = 4)", "upper", [4, 4, 4, 4]),
    ("y | rate(x)", "rate", [0.5, 2, 1, 7]),
]


def read(response, data=DATA):
    spec, findings = ModelSpec.from_formula(f"{response} ~ x"), Findings(DataError)
    table = read_table(as_frame(data), list(spec.names()), findings)
    columns = read_response(spec.response, table, findings)
    findings.raise_errors()
    return columns


def design(response, data=DATA):
    spec, findings = ModelSpec.from_formula(f"{response} ~ x"), Findings(DataError)
    return build_design(spec.mean, read_table(as_frame(data), list(spec.names()), findings), findings)


@pytest.mark.parametrize(("response", "name", "values"), MEANING)
def test_each_addition_is_read_row_by_row(response, name, values):
    np.testing.assert_array_equal(getattr(read(response).additions, name), values)


def test_what_is_not_written_is_absent():
    assert read("y").additions == Additions()


def test_new_rows_need_no_column_of_the_response():
    trained = design("y | weights(w) + se(x, sigma = TRUE) + cens(c, y2) + trunc(lb = low) + rate(x)")
    new = replay_design(trained, pd.DataFrame({"x": [1.0, 2.0]}), with_groups=True)
    assert new.x.tolist() == [[1.0, 1.0], [1.0, 2.0]]
