"""No text costs much time, whatever it asks for."""

import time

import pytest

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.model_spec import ModelSpec
from tests.pace import in_time

_COLUMNS = [f"a{i}" for i in range(1, 201)]


@pytest.fixture(autouse=True, scope="module")
def _grammar_is_loaded():
    ModelSpec.from_formula("y ~ x")


def best_of_three(formula):
    """Return the shortest of three times, which a busy machine disturbs least."""
    times = []
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(FormulaError) as caught:
            ModelSpec.from_formula(formula)
        times.append(time.process_time() - start)
    assert caught.value.code == "formula_too_large"
    assert len(str(caught.value)) < 600
    return min(times)


# formula, seconds; bounds are far below any expansion
TOO_LARGE = {
    "a product of 200": ("y ~ " + "*".join(_COLUMNS), 0.05),
    "a power of 200": ("y ~ (" + "+".join(_COLUMNS) + ")^200", 0.05),
    "the 8th power of 200": ("y ~ (" + "+".join(_COLUMNS) + ")^8", 0.05),
    "the 14th power of 14": ("y ~ (" + "+".join("abcdefghijklmn") + ")^14", 0.05),
    "exponent 9": ("y ~ (a + b)^9", 0.05),
    "a huge exponent": ("y ~ (a + b)^" + "9" * 5000, 0.05),
    "a product of 10": ("y ~ a*b*c*d*e*f*g*h*i*j", 0.05),
    "a product of sums": ("y ~ " + "*".join(f"(b{i}+c{i})" for i in range(8)), 0.1),
    "50,000 brackets": ("y ~ " + "(" * 50_000 + "x" + ")" * 50_000, 0.05),
    "9,000 brackets": ("y ~ " + "(" * 9_000 + "x" + ")" * 9_000, 0.05),
    "101 brackets": ("y ~ " + "(" * 101 + "x" + ")" * 101, 0.05),
    "9,000 open brackets": ("y ~ " + "(" * 9_000, 0.05),
    "9,000 signs": ("y ~ I(" + "-" * 9_000 + "x)", 0.4),
    "9,000 powers": ("y ~ I(x" + "^x" * 9_000 + ")", 0.8),
    "9,000 summands in a call": ("y ~ I(x" + "+x" * 9_000 + ")", 0.8),
    "9,000 factors": ("y ~ x" + ":x" * 9_000, 0.8),
    "3,000 nestings": ("y ~ " + "/".join(f"a{i}" for i in range(3_000)), 0.8),
    "1,001 terms": ("y ~ " + " + ".join(f"a{i}" for i in range(1001)), 0.4),
    "51 effects": ("y ~ (" + " + ".join(f"a{i}" for i in range(51)) + "| g)", 0.1),
    "51 independent effects": ("y ~" + "+".join(f"(0 + a{i} | g)" for i in range(51)), 0.1),
    "65 grouping factors": ("y ~ " + " + ".join(f"(1 | g{i})" for i in range(65)), 0.1),
    "65 nested factors": ("y ~ (1 | " + "/".join(f"g{i}" for i in range(65)) + ")", 0.1),
    "a repeated large sum": ("y ~ " + "+".join(["(a*b*c*d*e*f*g*h*i)"] * 900), 0.8),
    "more than 20,000 characters": ("y ~ " + "x" * 20_000, 0.05),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_formula_that_is_too_large_is_refused_before_it_is_expanded(name):
    formula, seconds = TOO_LARGE[name]
    assert in_time(best_of_three(formula), seconds)


def test_the_message_says_how_large():
    with pytest.raises(FormulaError, match=r"expands to 1023 terms \(limit 1000\)"):
        ModelSpec.from_formula("y ~ a*b*c*d*e*f*g*h*i*j")
    with pytest.raises(FormulaError, match=r"expands to about 10\^60 terms"):
        ModelSpec.from_formula("y ~ " + "*".join(_COLUMNS))


@pytest.mark.parametrize("operator", ["+", "*", "/"])
def test_repeating_a_term_costs_little_and_changes_nothing(operator):
    start = time.process_time()
    assert ModelSpec.from_formula("y ~ " + operator.join("x" * 900)) == ModelSpec.from_formula("y ~ x")
    assert in_time(time.process_time() - start, 0.5)


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("y ~ a*b*c*d*e*f*g*h*i", 512),
        ("y ~ (a + b + c + d + e + f + g + h + i)^8", 511),
        ("y ~ " + " + ".join(f"a{i}" for i in range(999)), 1000),
        ("y ~ " + "(" * 100 + "x" + ")" * 100, 2),
        ("y ~ I(x" + "+x" * 90 + ")", 2),
    ],
)
def test_what_is_within_the_limits_is_read(formula, terms):
    assert len(ModelSpec.from_formula(formula).mean.fixed) == terms
