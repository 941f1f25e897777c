"""What stands after the response's bar: one canonical spelling, the same from texts and from files."""

import pytest

import glmm_bayes as gb

# as written, canonical
SPELLINGS = [
    ("y | weights(w)", "y | weights(w)"),
    ("y | weights(w) + trials(n)", "y | trials(n) + weights(w)"),
    ("y | se(s)", "y | se(s)"),
    ("y | se(s, sigma = FALSE)", "y | se(s)"),
    ("y | se(sigma = TRUE, s)", "y | se(s, sigma = TRUE)"),
    ("y | cens(c)", "y | cens(c)"),
    ("y | cens(I(1-seen), `upper end`)", "y | cens(I(1 - seen), `upper end`)"),
    ("y | trunc(0, 5)", "y | trunc(lb = 0, ub = 5)"),
    ("y | trunc(ub = high, lb = -1.5)", "y | trunc(lb = -1.5, ub = high)"),
    ("y | trunc(ub = 5)", "y | trunc(ub = 5)"),
    ("y | rate(log(e))", "y | rate(log(e))"),
    (
        "y | trunc(lb = 0) + cens(c) + se(s) + weights(w / 2)",
        "y | weights(w / 2) + se(s) + cens(c) + trunc(lb = 0)",
    ),
]


@pytest.mark.parametrize(("written", "canonical"), SPELLINGS)
def test_additions_have_one_spelling(written, canonical):
    spec = gb.ModelSpec.from_formula(f"{written} ~ x")
    assert spec.to_formula() == f"{canonical} ~ x"
    assert gb.ModelSpec.from_formula(spec.to_formula()) == spec


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
@pytest.mark.parametrize("written", [written for written, _ in SPELLINGS])
def test_additions_survive_a_file(tmp_path, written, suffix):
    spec = gb.ModelSpec.from_formula(f"{written} ~ x")
    spec.to_file(tmp_path / f"model.{suffix}")
    assert gb.ModelSpec.from_file(tmp_path / f"model.{suffix}") == spec


def test_columns_of_additions_are_columns_of_the_model():
    spec = gb.ModelSpec.from_formula("y | cens(c, y2) + trunc(lb = low, ub = 9) + se(s, sigma = TRUE) ~ x")
    assert spec.names() == ("y", "s", "c", "y2", "low", "x")


def test_the_schema_of_files_knows_each_addition():
    response = gb.spec_schema()["$defs"]["Response"]["properties"]
    assert list(response) == ["expression", "trials", "weights", "se", "cens", "trunc", "rate"]


# response, part of the message
REFUSED = [
    ("y | trunc()", "trunc() needs a lower bound, an upper bound, or both."),
    ("y | trunc(5, 1)", "lb must be below ub."),
    ("y | trunc(1, 1)", "lb must be below ub."),
    ("y | trunc(1, 2, 3)", "trunc() takes 0 to 2 arguments, found 3."),
    ("y | trunc(lb = C(x))", "C() makes levels of a column"),
    ("y | trunc(lb = 'a')", "where a column or a number is needed"),
    ("y | cens(a, b, c)", "cens() takes 1 to 2 arguments, found 3."),
    ("y | se(s, sigma = s)", "must be TRUE or FALSE, found s."),
    ("y | se(s, sgma = TRUE)", "Did you mean 'sigma'?"),
    ("y | weights(a, b)", "weights() takes 1 argument, found 2."),
    ("y | weights(w) + weights(v)", "weights() is written twice."),
    ("y | wights(w)", "Did you mean 'weights'?"),
]


@pytest.mark.parametrize(("written", "sentence"), REFUSED)
def test_what_is_no_addition_is_refused_with_its_place(written, sentence):
    with pytest.raises(gb.FormulaError) as caught:
        gb.ModelSpec.from_formula(f"{written} ~ x")
    assert sentence in str(caught.value) and "formula:1:" in str(caught.value)
