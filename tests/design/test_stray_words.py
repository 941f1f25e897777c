"""A stray word among numbers is refused by row, wherever numbers can stand; labels and categories are not."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmm_bayes as gb

ROWS = 200
RNG = np.random.default_rng(6)
AGES = RNG.integers(20, 60, ROWS).astype(str).tolist()
DATA = pd.DataFrame(
    {"y": RNG.normal(size=ROWS), "x": RNG.normal(size=ROWS), "g": np.resize(list("abcdefgh"), ROWS)}
)
WORDS = ["4O", "n/a", "NA?", "", " ", "nan", "inf", "40\x00", "\x00", "<20", "40 years", "#N/A", "O", "4.0.1"]
WRITINGS = {
    "whole": str,
    "decimal point": "{}.5".format,
    "decimal comma": "{},5".format,
    "thousands": "1,0{}".format,
    "exponent": "{}e-3".format,
    "sign": "-{}".format,
    "minus": "\u2212{}".format,
    "per cent": "{} %".format,
    "spaces": " {} ".format,
    "null characters": "{}\x00\x00".format,
    "a byte order mark": "\ufeff{}".format,
    "a zero width": "{}\u200b".format,
    "a direction": "\u200e{}".format,
    "spaces between thousands": "1 0{}".format,
    "hard spaces between thousands": "12\u00a03{}".format,
    "narrow spaces between thousands": "1\u202f0{},5".format,
    "apostrophes": "1'0{}".format,
    "printed apostrophes": "1\u20190{}.50".format,
    "in Europe": "1.0{},5".format,
    "in Europe, millions": "1.234.0{}".format,
    "in India": "1,23,0{}".format,
    "a dash": "\u2013{}".format,
    "a minus and a space": "- {}".format,
    "an Arabic decimal": "{}\u066b5".format,
    "Arabic digits": "\u0661{}".format,
    "wide digits": "\uff11{}".format,
    "quotes": '"{}"'.format,
    "printed quotes": "\u201c{}\u201d".format,
    "an apostrophe of a spreadsheet": "'{}".format,
    "a formula of a spreadsheet": '="{}"'.format,
    "dollars": "${}".format,
    "negative dollars": "-$1,0{}.00".format,
    "dollars in brackets": "($ {})".format,
    "euros": "{} \u20ac".format,
    "a code": "EUR {}".format,
    "brackets": "({})".format,
    "an exponent of Fortran": "{}D3".format,
    "a decimal exponent of Fortran": "0.{}D-03".format,
    "a unit": "{}kg".format,
    "a unit behind a space": "{} cm".format,
    "years": "{} years".format,
    "a compound unit": "{} mg/dL".format,
    "squares": "{}.5 kg/m\u00b2".format,
    "degrees": "{}\u00b0".format,
    "degrees of temperature": "{} \u00b0C".format,
    "an upper bound": "<{}".format,
    "an upper or equal bound": "<= {}".format,
    "about": "~{}".format,
}
#: What stands in every row and is a label, though it holds a number.
LABELS = {
    "a word in front": "dose {}",
    "a letter in front": "T{}",
    "a week": "week3{}",
    "a patient": "p{}",
    "a range": "8-{}",
    "a code of disease": "E{}",
    "a decimal code of disease": "E11.{}",
    "a postal code": "10{} AB",
    "a time": "12:{}",
    "a version": "1.2.{}",
    "a room": "{}B",
    "a room of a building": "B{}",
    "an item": "#{}",
    "an ordinal": "{}th",
    "a fraction": "1/{}",
    "a date": "2020-01-{}",
    "a German date": "01.02.20{}",
    "a telephone": "020 555 0{}1",
    "a score": "{} of 60",
    "a mean": "{} (5)",
}
STAND_INS = ["NA", "na", ".", "-", "\u2013", "missing", "n/a", "N/A", "NULL", "?", "", "nan", "#N/A", "None"]
PLACES = {
    "predictor": ("y ~ x + age", {}),
    "interaction": ("y ~ x:age", {}),
    "slope": ("y ~ x + (age | g)", {}),
    "function": ("y ~ log(age)", {}),
    "spline": ("y ~ ns(age, df = 3)", {}),
    "offset": ("y ~ x + offset(age)", {}),
    "weights": ("y | weights(age) ~ x", {}),
    "standard errors": ("y | se(age) ~ x", {}),
    "trials": ("g | trials(age) ~ x", {"family": "binomial"}),
    "bounds": ("y | trunc(lb = age) ~ x", {}),
    "numbers": ("age ~ x", {}),
    "counts": ("age ~ x", {"family": "poisson"}),
    "categories": ("age ~ x", {"family": "categorical"}),
    "a further parameter": (gb.Formula("y ~ x", sigma="~ age"), {}),
}
DELIBERATE = {
    "labels by C()": "y ~ C(age)",
    "labels by factor()": "y ~ factor(age)",
    "a comparison": 'y ~ I(age == "4O")',
    "a grouping factor": "y ~ x + (1 | age)",
    "nested groups": "y ~ x + (1 | g:age)",
    "members": "y ~ x + (1 | mm(age, g))",
    "a factor of covariances": "y ~ x + (1 | gr(g, by = age))",
    "a factor of covariances of slopes": "y ~ x + (x | gr(g, by = age)) + (1 | age)",
}


def with_word(word, *rows, written=str):
    ages = [written(age) for age in AGES]
    for row in rows:
        ages[row] = word
    return DATA.assign(age=pd.Series(ages, dtype=object))


def refusal(formula, data, **arguments):
    with pytest.raises(gb.DataError) as caught:
        gb.Model(formula, data, **arguments)
    return caught.value


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("rows", [(3,), (0, 17, 199), tuple(range(20))])
def test_a_few_words_among_numbers_are_refused_by_row(word, rows):
    error = refusal("y ~ x + age", with_word(word, *rows))
    assert (error.code, error.column, error.rows) == ("column_type", "age", rows)
    assert "C(age)" in error.hint and all(str(row) in str(error) for row in rows[:5])


@pytest.mark.parametrize("writing", WRITINGS)
def test_numbers_are_known_in_every_writing(writing):
    written = WRITINGS[writing]
    assert refusal("y ~ age", with_word("?", 3, written=written)).rows == (3,)
    assert refusal("y ~ age", with_word(written("41"), 3, written=written)).code == "column_type"


@pytest.mark.parametrize("container", [dict, pl.DataFrame, "file"])
@pytest.mark.parametrize("writing", WRITINGS)
def test_numbers_are_known_in_every_container(tmp_path, writing, container):
    data, first = with_word("?", 3, written=WRITINGS[writing]), 0
    if container == "file":
        data.to_csv(tmp_path / "ages.csv", index=False)
        data, first = tmp_path / "ages.csv", 2
    else:
        data = container({name: data[name].tolist() for name in data})
    assert refusal("y ~ age", data).rows == (3 + first,)


@pytest.mark.parametrize("writing", WRITINGS)
def test_plain_numbers_may_stand_among_those_of_another_writing(writing):
    data = with_word("?", 3, written=WRITINGS[writing])
    data.loc[data.index % 3 == 1, "age"] = "41"
    assert refusal("y ~ age", data).rows == (3,)


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("label", LABELS)
def test_labels_that_hold_a_number_are_labels(label):
    data = with_word("?", 3, written=LABELS[label].format)
    for frame in (data, data.drop(index=3)):
        levels = frame["age"].nunique()
        assert len(gb.Model("y ~ age", frame).design.coefficients) == levels > 30


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("writing", ["$", "kg", "<"])
def test_a_few_numbers_with_a_unit_are_labels(writing):
    doses = np.resize([f"{dose} {writing}" for dose in range(1, 10)], ROWS)
    assert len(gb.Model("y ~ dose", DATA.assign(dose=doses)).design.coefficients) == 9


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_different_units_are_labels():
    units = [f"{age}{unit}" for age, unit in zip(AGES, np.resize(["kg", "cm", "C"], ROWS), strict=True)]
    assert len(gb.Model("y ~ size", DATA.assign(size=units)).design) == ROWS


@pytest.mark.parametrize("word", STAND_INS)
@pytest.mark.parametrize("strays", [21, 100, 150])
def test_words_for_missing_among_numbers_are_refused_whatever_their_share(word, strays):
    rows = tuple(range(strays))
    error = refusal("y ~ x + age", with_word(word, *rows))
    assert (error.code, error.column, error.rows) == ("column_type", "age", rows)
    assert f"'{word}'" in str(error) and "missing (None)" in error.hint and "C(age)" in error.hint


def test_several_words_for_missing_are_told_together():
    data = with_word("NA", *range(40))
    data.loc[40:80, "age"] = "unknown"
    assert refusal("y ~ age", data).rows == tuple(range(81))


@pytest.mark.parametrize("place", PLACES)
def test_wherever_numbers_can_stand(place):
    formula, arguments = PLACES[place]
    error = refusal(formula, with_word("4O", 3, 5), **arguments)
    found = [finding for finding in error.findings if finding.column == "age"]
    assert [(finding.code, finding.rows) for finding in found] == [("column_type", (3, 5))]


@pytest.mark.parametrize("word", ["4O", "n/a", "4\x000", "\x00"])
def test_in_a_file_the_line_is_named(tmp_path, word):
    path = tmp_path / "ages.csv"
    with_word(word, 3).to_csv(path, index=False)
    assert refusal("y ~ age", path).rows == (5,)


@pytest.mark.parametrize("case", DELIBERATE)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_what_is_said_to_be_labels_is_taken_as_such(case):
    data = with_word("4O", *range(0, ROWS, 20))
    assert len(gb.Model(DELIBERATE[case], data).design) == ROWS


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_numbers_as_text_tell_covariances_apart_as_they_tell_groups():
    data = DATA.assign(arm=np.resize(["1", "2"], ROWS))
    (group,) = gb.Model("y ~ x + (1 | gr(g, by = arm))", data).design.groups
    assert [block.by for block in group.blocks] == ["1", "2"]


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_a_column_that_predicts_as_well_is_refused_as_a_predictor():
    error = refusal("y ~ age + (1 | gr(g, by = age))", with_word("4O", 3))
    assert error.rows == (3,) and "C(age)" in error.hint
    levels = gb.Model("y ~ C(age) + (1 | gr(g, by = age))", with_word("4O", 3)).design.groups[0].blocks
    assert len(levels) == with_word("4O", 3)["age"].nunique()


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_categorical_types_are_labels():
    data = with_word("4O", 3)
    levels = len(set(data["age"]))
    in_polars = pl.DataFrame(data).with_columns(pl.col("age").cast(pl.Categorical))
    for frame in (data.astype({"age": "category"}), in_polars):
        assert len(gb.Model("y ~ age", frame).design.coefficients) == levels


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("strays", [21, 60])
def test_where_more_than_one_in_ten_are_words_they_are_labels(strays):
    assert len(gb.Model("y ~ age", with_word("old", *range(strays))).design) == ROWS


def test_fewer_than_ten_numbers_are_labels():
    doses = np.resize([str(dose) for dose in range(1, 10)], ROWS).astype(object)
    doses[3] = "control"
    assert len(gb.Model("y ~ dose", DATA.assign(dose=doses)).design.coefficients) == 10
    doses[4] = "10"
    assert refusal("y ~ dose", DATA.assign(dose=doses)).rows == (3,)


def test_missing_values_are_not_counted():
    data = with_word("4O", 3)
    data.loc[10:159, "age"] = None
    assert refusal("y ~ age", data, missing="drop").rows == (3,)


def test_one_text_among_numbers_of_python_is_the_one_that_is_named():
    ages = [*map(int, AGES)]
    ages[3] = "4O"
    error = refusal("y ~ age", DATA.assign(age=pd.Series(ages, dtype=object)))
    assert (error.code, error.rows) == ("column_type", (3,))


def test_new_rows_name_theirs():
    model = gb.Model("y ~ x", DATA)
    fit = gb.Fit.from_draws(model, {"beta": np.zeros((1, 2, 2)), "sigma": np.ones((1, 2))})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit, {"x": ["1", "2", "O"]})
    assert (caught.value.column, caught.value.rows) == ("x", (2,))
