"""What a formula's functions compute, and what each refuses: dates, identifiers, a user's own, levels."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings, FormulaError, PredictionError
from glmm_bayes.design.columns import MAX_COLUMNS
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import Column, Table, read_table
from glmm_bayes.spec.transforms import TRANSFORMS

ROWS = 12
DATA = pd.DataFrame(
    {
        "x": np.linspace(0.1, 0.9, ROWS),
        "z": np.resize([3.0, 1.0, 2.5, 0.2, 7.0], ROWS),
        "f": np.resize(list("abc"), ROWS),
        "k": np.resize([1, 2, 5, 7], ROWS),
        "y": np.arange(ROWS) % 5,
    }
)
NANOSECONDS = 10**9


def design_of(formula, data=DATA):
    spec = gb.ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings), findings)


def design_with(formula, column):
    """A table with a column of a kind that the reader of data makes of other types."""
    spec = gb.ModelSpec.from_formula(formula)
    columns = {"y": Column("y", "number", np.arange(float(len(column.values)))), column.name: column}
    findings = Findings(DataError)
    return build_design(spec.mean, Table(columns, np.arange(len(column.values))), findings)


ELEMENTWISE = {
    "sin(z)": math.sin, "cos(z)": math.cos, "log1p(z)": math.log1p, "expm1(z)": math.expm1,
    "pmin(z, 2)": lambda z: min(z, 2.0), "pmax(z, 2)": lambda z: max(z, 2.0),
    "I(z^2 - 1)": lambda z: z**2 - 1, "asin(I(z/10))": lambda z: math.asin(z / 10),
}  # fmt: skip


@pytest.mark.parametrize("call", ELEMENTWISE)
def test_elementwise_functions_equal_those_of_mathematics(call):
    expected = [ELEMENTWISE[call](value) for value in DATA["z"]]
    np.testing.assert_allclose(design_of(f"y ~ {call}").x[:, 1], expected, rtol=1e-14)


def test_minima_are_taken_over_any_number_of_columns_row_by_row():
    found = design_of("y ~ pmin(x, z, k) + pmax(x, z, k)").x
    numbers = DATA[["x", "z", "k"]]
    np.testing.assert_array_equal(found[:, 1:], np.column_stack([numbers.min(axis=1), numbers.max(axis=1)]))


def test_standardize_is_scale():
    found = design_of("y ~ standardize(z) + scale(x)").x
    np.testing.assert_allclose(found[:, 1], (DATA["z"] - DATA["z"].mean()) / DATA["z"].std(), rtol=1e-12)


# Hours behind the first of 2020, and that moment as nanoseconds since 1970.
@pytest.mark.parametrize("hours", [0, 24, 36, -1, 24 * 365 * 80, -24 * 365 * 200])
def test_days_since_a_date_are_exact_to_the_fraction_of_a_day(hours):
    zero = (date(2020, 1, 1) - date(1970, 1, 1)).days * 86400 * NANOSECONDS
    times = np.array([zero + hours * 3600 * NANOSECONDS, zero, zero + 86400 * NANOSECONDS], np.int64)
    design = design_with('y ~ days_since(when, "2020-01-01")', Column("when", "date", times))
    np.testing.assert_allclose(design.x[:, 1], [hours / 24, 0.0, 1.0], rtol=0, atol=1e-15)


REFUSED = {
    "a date": (
        "y ~ when", Column("when", "date", np.arange(6)),
        "column 'when' is a date; a predictor must be numbers or labels. "
        'Write days_since(when, "2020-01-01") or C(when).',
    ),
    "a date in arithmetic": (
        "y ~ log(when)", Column("when", "date", np.arange(6)), 'Write days_since(when, "2020-01-01")',
    ),
    "identifiers": (
        "y ~ u", Column("u", "label", np.arange(6), tuple("abcdef"), identifier=True),
        "column 'u' holds identifiers; a predictor must be numbers or labels. Write C(u) if",
    ),
    "identifiers in arithmetic": (
        "y ~ I(u^2)", Column("u", "label", np.arange(6), tuple("abcdef"), identifier=True),
        "column 'u' holds identifiers",
    ),
    "wide whole numbers": (
        "y ~ n", Column("n", "number", 2**53 + np.arange(6)),
        "column 'n' holds whole numbers beyond 2**53, which arithmetic cannot tell apart; ",
    ),
    "wide negative numbers": (
        "y ~ log(n)", Column("n", "number", -(2**62) + np.arange(6)), "holds whole numbers beyond 2**53",
    ),
    "days of a number": (
        'y ~ days_since(n, "2020-01-01")', Column("n", "number", np.arange(6)),
        "column 'n' is number; days_since() needs a date.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_columns_that_are_no_predictors_are_refused_with_the_remedy(case):
    formula, column, sentence = REFUSED[case]
    with pytest.raises(DataError) as caught:
        design_with(formula, column)
    assert (caught.value.code, caught.value.column) == ("column_type", column.name)
    assert sentence in str(caught.value)


def test_whole_numbers_up_to_2_to_the_53_are_numbers():
    design = design_with("y ~ n", Column("n", "number", np.array([2**53, 1, -(2**53)])))
    assert design.x[:, 1].tolist() == [2.0**53, 1.0, -(2.0**53)]


@pytest.fixture
def register():
    before = dict(TRANSFORMS)
    yield gb.register_transform
    TRANSFORMS.clear()
    TRANSFORMS.update(before)


def test_a_users_own_function_is_computed_on_training_and_new_rows(register):
    register("softened", lambda x, z: np.log1p(np.exp(x)) / z)
    design = design_of("y ~ softened(x, z)*f + (1 | k)")
    expected = np.log1p(np.exp(DATA["x"])) / DATA["z"]
    np.testing.assert_allclose(design.x[:, 1], expected, rtol=1e-14)
    np.testing.assert_array_equal(replay_design(design, DATA, with_groups=True).x, design.x)


def test_a_users_own_function_cannot_change_the_table(register):
    def overwriting(x):
        x[:] = 7.0
        return np.cos(np.arange(len(x)))

    register("overwriting", overwriting)
    np.testing.assert_array_equal(design_of("y ~ overwriting(x) + x").x[:, 2], DATA["x"])


WRONG = {
    "one number": (lambda x: x.sum(), "returned float64 of shape ()"),
    "too few rows": (lambda x: x[1:], f"returned float64 of shape ({ROWS - 1},)"),
    "a matrix": (lambda x: np.stack([x, x], axis=1), f"returned float64 of shape ({ROWS}, 2)"),
    "texts": (lambda x: x.astype(str), "returned <U"),
    "complex": (lambda x: x * 1j, "returned complex128"),
    "an error": (lambda x: x["first"], "failed with IndexError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_users_own_function_that_gives_no_number_a_row_is_refused(case, register):
    function, sentence = WRONG[case]
    register("mine", function)
    with pytest.raises(DataError) as caught:
        design_of("y ~ mine(x)")
    assert (caught.value.code, caught.value.column) == ("formula_function", "x")
    assert sentence in str(caught.value) and f"it must return {ROWS} numbers, one a row." in str(caught.value)


def test_a_users_own_function_that_is_not_finite_is_told_by_row(register):
    register("mine", lambda x: np.where(x > 0.85, np.inf, x))
    with pytest.raises(DataError) as caught:
        design_of("y ~ mine(x)")
    assert (caught.value.code, caught.value.rows) == ("non_finite", (ROWS - 1,))


def test_a_function_that_is_no_longer_registered_is_named(register):
    register("mine", np.sqrt)
    design = design_of("y ~ mine(x)")
    del TRANSFORMS["mine"]
    with pytest.raises(FormulaError, match=r"mine\(\) is not registered in this process"):
        replay_design(design, DATA, with_groups=False)


@pytest.mark.parametrize(
    "formula", ['y ~ x + I(f == "b")', 'y ~ x + (0 + I(f != "b") | k)', 'y ~ I(k == "5")']
)
def test_new_levels_of_a_column_that_is_only_compared_are_refused(formula):
    design = design_of(formula)
    column = "k" if "k ==" in formula else "f"
    new = DATA.assign(**{column: [*DATA[column][:-1], 9 if column == "k" else "q"]})
    with pytest.raises(PredictionError) as caught:
        replay_design(design, new, with_groups=True)
    error = caught.value
    assert (error.code, error.column, error.rows) == ("new_level", column, (ROWS - 1,))
    assert len(error.findings) == 1
    np.testing.assert_array_equal(replay_design(design, DATA, with_groups=True).x, design.x)


def test_a_number_that_is_compared_as_a_label_stays_a_number():
    assert design_of('y ~ k + I(k == "5")').coefficients == ("Intercept", "k", 'I(k == "5")')


def test_a_new_level_of_a_factor_that_is_also_compared_is_told_once():
    design = design_of('y ~ f + I(f == "b"):x')
    with pytest.raises(PredictionError) as caught:
        replay_design(design, DATA.assign(f="q"), with_groups=False)
    assert [finding.code for finding in caught.value.findings] == ["new_level"]


def test_too_many_columns_are_refused_before_they_are_made():
    rows = MAX_COLUMNS + 2
    data = pd.DataFrame({"who": [f"s{i}" for i in range(rows)], "y": np.arange(rows) % 7})
    with pytest.raises(DataError) as caught:
        design_of("y ~ who", data)
    assert (caught.value.code, caught.value.column) == ("formula_too_large", "who")
    assert str(caught.value) == (
        "[formula_too_large] who makes 5,001 columns ('who' has 5,002 levels; limit 5000). Use (1 | who)."
    )


def test_an_ordered_predictor_has_its_levels_in_the_order_of_the_call():
    design = design_of('y ~ ordered(f, "c", "a", "b")')
    assert design.coefficients[1:] == ('ordered(f, "c", "a", "b")[a]', 'ordered(f, "c", "a", "b")[b]')
    np.testing.assert_array_equal(design.x[:, 1], DATA["f"] == "a")
    np.testing.assert_array_equal(replay_design(design, DATA, with_groups=False).x, design.x)


def test_an_ordered_predictor_must_list_all_levels_that_occur():
    with pytest.raises(DataError) as caught:
        design_of('y ~ ordered(f, "c", "a")')
    assert (caught.value.code, caught.value.rows) == ("unknown_level", tuple(range(1, ROWS, 3)))


def test_a_reference_that_never_occurs_is_refused():
    data = DATA.assign(f=pd.Categorical(DATA["f"], list("abcd")))
    with pytest.raises(DataError) as caught:
        design_of('y ~ C(f, ref="d")', data)
    assert (caught.value.code, caught.value.column) == ("unknown_level", "f")


def test_a_transform_that_looks_at_other_rows_is_refused(monkeypatch):
    monkeypatch.setitem(TRANSFORMS, "centred_by_hand", lambda x: x - x.mean())
    with pytest.raises(gb.DataError, match="another number when other rows are left out"):
        gb.Model(
            "y ~ centred_by_hand(w)",
            pd.DataFrame({"w": np.linspace(0, 1, 60) ** 2, "y": np.resize([0, 1, 1], 60)}),
            "bernoulli",
        )
