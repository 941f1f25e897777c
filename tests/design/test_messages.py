"""Refusals in full: what must hold, what was found in which rows, and what to write instead."""

import copy
import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES

ROWS = 24
RNG = np.random.default_rng(4)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS),
        "z": RNG.uniform(1, 3, ROWS),
        "f": np.resize(list("abc"), ROWS),
        "g": np.repeat([f"s{i}" for i in range(8)], 3),
        "bit": np.resize([0, 1], ROWS),
        "k": np.resize([0, 1, 2, 3], ROWS),
        "n": 5,
        "answer": np.resize(["no", "yes"], ROWS),
    },
    index=[f"r{i}" for i in range(ROWS)],
)
DAYS = pd.date_range("2020-01-01", periods=ROWS)


def put(column, value, *rows):
    """The data with one value in some rows of a column."""
    values = DATA[column].tolist()
    for row in rows:
        values[row] = value
    return DATA.assign(**{column: values})


BERNOULLI, BINOMIAL, POISSON = ({"family": name} for name in ("bernoulli", "binomial", "poisson"))
REMEDY = (
    'Remove one; or rank="drop" removes \'{}\' and says so; or rank="keep" keeps all, told apart by their '
    "priors alone."
)
# formula, data, further arguments, message
MESSAGES = [
    # linear dependence, in the user's columns
    ("y ~ x + x2", DATA.assign(x2=2 * DATA["x"]), {},
     "[rank_deficient] columns x, x2 are linearly dependent: x2 = 2*x. " + REMEDY.format("x2")),
    ("y ~ x + z + s", DATA.assign(s=DATA["x"] - 3 * DATA["z"]), {},
     "[rank_deficient] columns x, z, s are linearly dependent: s = x - 3*z. " + REMEDY.format("s")),
    ("y ~ z + w", DATA.assign(w=32 + 1.8 * DATA["z"]), {},
     "[rank_deficient] columns Intercept, z, w are linearly dependent: w = 32 + 1.8*z. "
     + REMEDY.format("w")),
    ("y ~ answer + other", DATA.assign(other=DATA["answer"].str.upper()), {},
     "[rank_deficient] columns answer[yes], other[YES] are linearly dependent: other[YES] = answer[yes]. "
     + REMEDY.format("other[YES]")),
    ("y ~ x + n", DATA, {},
     "[constant_column] predictor 'n' is 5 in all 24 rows: inseparable from the intercept. Remove it."),
    # responses
    ("bit ~ x", DATA.assign(bit=2 * DATA["bit"] - 1), BERNOULLI,
     "[response_coding] 'bit' has the values -1, 1: which is the success? "
     'Write success(bit, "1") ~ ... or success(bit, "-1") ~ ....'),
    ("answer ~ x", DATA, BERNOULLI,
     "[response_coding] 'answer' has the values no, yes: which is the success? "
     'Write success(answer, "yes") ~ ... or success(answer, "no") ~ ....'),
    ("f ~ x", DATA, BERNOULLI,
     "[response_coding] bernoulli needs two values: column 'f' has 3 (a, b, c). "
     'Write success(f, "a") ~ ... for one of them against the rest.'),
    ('success(answer, "yess") ~ x', DATA, BERNOULLI,
     "[response_coding] 'answer' has no level 'yess'; known: no, yes."),
    ("k ~ x", DATA, BERNOULLI,
     "[response_support] bernoulli needs 0 or 1: column 'k' has 12 values outside it (rows r2, r3, r6, r7, "
     'r10 (+7 more): 2, 3, 2, 3, 2, ...). Counts are family="poisson"; numbers are family="gaussian".'),
    ("k | trials(n) ~ x", put("k", 9, 4), BINOMIAL,
     "[trials] successes exceed trials in 1 rows (row r4: 'k' = 9, 'n' = 5)."),
    ("k ~ x", DATA, BINOMIAL,
     "[trials] binomial needs numbers of trials beside 'k'. "
     "Write k | trials(n) ~ ... or cbind(successes, failures) ~ ...."),
    ("k | trials(n) ~ x", put("n", 5.5, 4), BINOMIAL,
     "[trials] trials(n) must be whole numbers of at least 0 (row r4: 5.5)."),
    ("k | trials(n) ~ x", put("k", -1, 4), BINOMIAL,
     "[response_support] binomial needs whole numbers of successes of at least 0: column 'k' has 1 values "
     "outside it (row r4: -1)."),
    ("answer | trials(n) ~ x", DATA, BINOMIAL,
     "[column_type] binomial needs whole numbers of successes of at least 0: column 'answer' holds labels "
     '(no, yes). A two-valued response is family="bernoulli".'),
    ("cbind(k, n - k) ~ x", put("k", 7, 4), BINOMIAL,
     "[trials] n - k must be whole numbers of at least 0 (row r4: -2)."),
    ("k ~ x", put("k", 1.5, 1, 2), POISSON,
     "[response_support] poisson needs whole numbers of at least 0: column 'k' has 2 values outside it "
     "(rows r1, r2: 1.5, 1.5). Did you mean a rate? Write count ~ ... + offset(log(exposure))."),
    ("bit ~ x", DATA.assign(bit=DATA["bit"] == 1), {},
     "[column_type] gaussian needs numbers: column 'bit' holds booleans. "
     'A two-valued response is family="bernoulli".'),
    ("y ~ x", DATA.assign(y=2.0), {}, "[constant_column] response 'y' is constant (2): nothing to model."),
    # columns that cannot be used
    ("y ~ x", put("x", np.nan, 2, 5), {},
     "[missing_values] column 'x': 2 of 24 values missing (rows r2, r5). Nothing was dropped. "
     'Fill them, or use missing="drop".'),
    ("y ~ f", put("f", None, 2), {},
     "[missing_values] column 'f': 1 of 24 values missing (row r2). Nothing was dropped. "
     'Fill them, or use missing="drop".'),
    ("y ~ x", put("y", -np.inf, 3), {},
     "[non_finite] column 'y': 1 infinite values (row r3). Correct them; "
     'missing="drop" does not remove them.'),
    ("y ~ x", DATA.assign(x=np.nan), {"missing": "drop"},
     "[empty_data] no rows to fit: 24 read, 24 dropped for x. Check the filter, or fill 'x'."),
    ("y ~ log(z)", put("z", -1.0, 0, 7), {},
     "[non_finite] log(z) is not finite in 2 rows (rows r0, r7: z = -1, -1). Correct them."),
    ("k ~ x + offset(log(z))", put("z", 0.0, 6), POISSON,
     "[offset_domain] offset(log(z)): z is 0 in row r6; exposure must be positive. "
     "Remove the rows or correct 'z'."),
    ("y ~ x", pd.concat([DATA, DATA[["x"]]], axis=1), {},
     "[duplicate_column] column 'x' occurs 2 times (positions [1, 9]). Rename one."),
    ("y ~ day", DATA.assign(day=(DAYS - DAYS[0]).to_numpy().astype("timedelta64[s]")), {},
     "[column_type] column 'day' holds Timedelta; it must hold numbers or labels. "
     'Write data["day"].dt.total_seconds() / 86400 for days.'),
    ("y ~ m", DATA.assign(m=["a", "b", 3] * 8), {},
     "[column_type] column 'm' is mixed: int in rows r2, r5, r8, r11, r14 (+3 more). "
     'Write data["m"].astype(str) if labels are meant.'),
    ("y ~ m", DATA.assign(m=[[1]] * ROWS), {},
     "[column_type] column 'm' holds list; it must hold numbers or labels. "
     "Give each part a column of its own."),
    ("y ~ m", DATA.assign(m=[{"a": 1}] * ROWS), {},
     "[column_type] column 'm' holds dict; it must hold numbers or labels. "
     "Give each part a column of its own."),
    ("y ~ m", DATA.assign(m=1j * DATA["x"]), {},
     "[column_type] column 'm' holds complex; it must hold numbers or labels. "
     "Give its real and imaginary parts as two columns."),
    ("y ~ m", DATA.assign(m=pd.period_range("2020-01", periods=ROWS, freq="M").to_numpy()), {},
     "[column_type] column 'm' holds Period; it must hold numbers or labels. "
     'Write data["m"].astype(str) if labels are meant.'),
    ("y ~ m", DATA.assign(m=pd.Series([0.5, 2**60] * 12, dtype=object, index=DATA.index)), {},
     "[column_type] column 'm' mixes fractions with whole numbers beyond 2**53, which would be rounded "
     "(rows r1, r3, r5, r7, r9 (+7 more)). "
     'Write data["m"].astype(str) if labels are meant.'),
    ("y ~ x + (1 | d)", DATA.assign(d=np.array(["2020-01-01", "9020-01-01"] * 12, "datetime64[s]")), {},
     "[column_type] column 'd': 12 dates outside the years 1678 to 2261 "
     "(rows r1, r3, r5, r7, r9 (+7 more)). Give them as numbers."),
    ("y ~ x + (1 | d)", DATA.assign(d=pd.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)] * 23
                                                + [dt.datetime(2020, 1, 1)], DATA.index, object)), {},
     "[column_type] column 'd' is mixed: moments with a time zone, and first one without in row r23. "
     "Give all of them one."),
    ("y ~ m", {"y": [1.0, 2.0],
               "m": pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None]))}, {},
     "[column_type] column 'm' has a null among its categories. "
     'Write data["m"].dictionary_decode().'),
    ("y ~ m", DATA.assign(m=pd.Categorical.from_codes([0, 1] * 12, pd.Index(["1", 1], dtype=object))), {},
     "[column_type] levels of 'm' are spelled alike: 1. Rename one."),
    ("y ~ x + (1 | z)", DATA, {},
     "[column_type] column 'z' is float64 with fractions (rows r0, r1, r2, r3, r4 (+19 more): 2.47895, "
     "1.08394, 2.83011, 2.07434, 2.64054, ...); levels must be whole numbers or labels. "
     'Write data["z"].astype(str) if labels are meant.'),
    ("y ~ x", DATA.to_dict("list") | {"n": [5]}, {},
     "[data_container] columns of a mapping must be of one length: "
     "y 24, x 24, z 24, f 24, g 24, bit 24, k 24, n 1, answer 24. Cut or fill them."),
    ("y ~ x", [1, 2], {},
     "[data_container] data must be a pandas or polars DataFrame, a pyarrow Table, a mapping of columns, "
     "a structured array or a one-dimensional xarray Dataset, found list. Write pd.DataFrame(data)."),
    ("y ~ `1`", DATA.rename(columns={"x": 1}), {},
     "[column_type] the name of column 1 is of type int; names must be text. Rename it to a text."),
    ("y ~ аge", DATA.rename(columns={"x": "age"}), {},
     "[unknown_column] formula:1:5: no column 'аge' in the data.\n    y ~ аge\n        ^^^\n"
     "Did you mean 'age'? U+0430 U+0067 U+0065 was asked for, U+0061 U+0067 U+0065 is there. "
     "Columns: y, age, z, f, g, bit, k, n, answer."),
    ("y ~ `x `", DATA, {},
     "[unknown_column] formula:1:6: no column 'x ' in the data.\n    y ~ `x `\n         ^^\n"
     "Did you mean 'x'? U+0078 U+0020 was asked for, U+0078 is there. "
     "Columns: y, x, z, f, g, bit, k, n, answer."),
    ("y ~ m", DATA.assign(m=np.resize(["1", "2", "10"], ROWS)), {},
     "[column_type] column 'm' holds numbers as text (1, 10, 2); a predictor must be numbers or labels. "
     "Write C(m) if levels are meant, else convert it to numbers."),
    ("y ~ x + (1 | one)", DATA.assign(one="only"), {},
     "[single_level] 'one' has one level ('only'): its variance cannot be learnt. Remove (1 | one)."),
    # names
    ("y ~ x", DATA, {"family": "possion"},
     "[unknown_family] no family 'possion'. Did you mean 'poisson'? "
     f"Choices: {', '.join(FAMILIES)}."),
    ("y ~ x", DATA, {"link": "lgit"},
     "[unknown_link] no link 'lgit'. Did you mean 'logit'? Choices: identity, log, logit, probit, cloglog, "
     "loglog, cauchit, sqrt, softplus, inverse, inverse_squared, tan_half, logc."),
    ("bit ~ x", DATA, {"family": "bernoulli", "link": "sqrt"},
     "[link] bernoulli takes the links logit, probit, cloglog, loglog, cauchit, log, identity, logc, "
     "not sqrt."),
    ("y ~ x", DATA, {"rank": "full"}, '[settings] rank must be "error", "drop" or "keep", found \'full\'.'),
    ("y ~ x", DATA, {"missing": "omit"}, '[settings] missing must be "error" or "drop", found \'omit\'.'),
    ("y ~ x + (1 | g)", DATA, {"priors": {"sd_gg": gb.Prior("HalfNormal", sigma=1)}},
     "[prior] no parameter 'sd_gg'. Did you mean 'sd_g'? Parameters: beta, Intercept, sd, "
     "beta[Intercept], beta[x], sd_g, sd_g[Intercept], sigma."),
    ("y ~ x + (1 | g)", DATA, {"priors": {"sd_g": gb.Prior("Normal", mu=0, sigma=1)}},
     "[prior] the prior of sd_g must be positive; Normal(mu=0, sigma=1) is not. "
     'Write gb.Prior("HalfNormal", sigma=1).'),
    ("y ~ x", DATA, {"priors": {"beta": 2.5}},
     "[prior] the prior of 'beta' must be a gb.Prior, found float. "
     'Write gb.Prior("Normal", mu=0, sigma=1).'),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "data", "arguments", "message"), MESSAGES, ids=range(len(MESSAGES)))
def test_a_refusal_says_what_holds_what_was_found_and_what_to_write(formula, data, arguments, message):
    before = copy.deepcopy(data)
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(formula, data, **arguments)
    assert str(caught.value) == message
    if isinstance(data, pd.DataFrame):
        pd.testing.assert_frame_equal(data, before)
    else:
        assert data == before


PRIORS = [
    ("Norml", {"mu": 0, "sigma": 1}, "no distribution 'Norml'. Did you mean 'Normal'?"),
    ("Normal", {"mu": 0, "sd": 1}, "Normal has no argument 'sd' (it has mu, sigma, or mu, tau)."),
    ("Normal", {"mu": 0}, 'Normal needs sigma. Write gb.Prior("Normal", mu=..., sigma=...).'),
    ("Normal", {"sigma": -1}, "Normal: sigma must be above 0, found -1."),
    ("Normal", {"sigma": "a"}, "Normal: sigma must be a finite number, found 'a'."),
    ("Uniform", {"lower": 1, "upper": 0}, "Uniform: lower must be below upper, found 1 and 0."),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), PRIORS)
def test_a_prior_is_refused_where_it_is_written_in_words(name, arguments, sentence):
    with pytest.raises(gb.PriorError) as caught:
        gb.Prior(name, **arguments)
    assert sentence in str(caught.value)


def test_what_is_found_in_several_columns_is_told_of_each():
    data = put("x", np.nan, 2, 5).assign(f=put("f", None, 5)["f"])
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x + f", data)
    found = [(finding.column, finding.rows) for finding in caught.value.findings]
    assert found == [("x", ("r2", "r5")), ("f", ("r5",))]
    kept = gb.Model("y ~ x + f", data, missing="drop")
    assert kept.findings[0].rows == ("r2", "r5") and len(kept.design) == ROWS - 2
    assert "r2" not in kept.design.table.rows and "r5" not in kept.design.table.rows


def test_a_constant_that_is_scaled_carries_its_column():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ scale(n)", DATA)
    assert (caught.value.code, caught.value.column) == ("constant_column", "n")


def test_labels_where_numbers_are_needed_are_told_once():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ log(f)", DATA)
    assert [finding.code for finding in caught.value.findings] == ["column_type"]


def test_an_exposure_of_zero_is_told_under_an_index_of_several_levels():
    data = put("z", 0.0, 6).set_index(["f", "g"])
    with pytest.raises(gb.DataError) as caught:
        gb.Model("k ~ x + offset(log(z))", data, family="poisson")
    assert (caught.value.code, caught.value.rows) == ("offset_domain", (("a", "s2"),))


def test_an_exposure_of_zero_is_told_where_row_labels_repeat():
    data = put("z", 0.0, 6).set_axis(["same"] * ROWS)
    with pytest.raises(gb.DataError) as caught:
        gb.Model("k ~ x + offset(log(z))", data, family="poisson")
    assert "z is 0 in row same" in str(caught.value)


def test_an_exposure_of_two_columns_does_not_blame_the_one_that_is_right():
    data = DATA.assign(w=put("z", 0.0, 6)["z"])
    with pytest.raises(gb.DataError) as caught:
        gb.Model("k ~ x + offset(log(z * w))", data, family="poisson")
    assert f"z is {DATA['z'].iloc[6]:g}" not in str(caught.value)


def test_a_prior_that_nothing_reads_is_refused():
    with pytest.raises(gb.PriorError):
        gb.Model("y ~ x + (1 | g)", DATA, priors={"corr": gb.Prior("LKJ", eta=2)})


def test_an_overflow_is_not_called_a_dependence():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x", put("x", 1e308, 1))
    assert caught.value.code != "rank_deficient"
