"""Separation is found where it is and nowhere else, and told by column, level and rows."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.design.checks.recession import separated
from glmm_bayes.design.checks.registry import CONSTRUCTION_LIMIT

RNG = np.random.default_rng(3)


def by_enumeration(x, ends):
    """Rows that some direction separates: all extreme rays of the cone, each normal to two rows."""
    assert np.linalg.matrix_rank(x) == x.shape[1] == 3
    rays = [np.cross(one, other) for one in x for other in x]
    hit = np.zeros(len(x), dtype=bool)
    for ray, sign in product(rays, (1, -1)):
        moved = sign * (x @ ray)
        if ray.any() and (moved[ends == 0] == 0).all() and (moved * ends >= 0).all():
            hit |= moved != 0
    return hit


@pytest.mark.parametrize("seed", range(60))
def test_separated_rows_are_those_of_all_extreme_rays(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(4, 14))
    x = np.column_stack([np.ones(rows), rng.integers(-3, 4, (rows, 2))]).astype(float)
    while np.linalg.matrix_rank(x) < 3:
        x[:, 1:] = rng.integers(-3, 4, (rows, 2))
    ends = rng.choice([-1, 0, 1] if seed % 2 else [-1, 1], rows)
    expected = by_enumeration(x.astype(int), ends)
    found = separated(x, ends)
    np.testing.assert_array_equal(found, expected)
    # The same rows on other scales are separated too.
    np.testing.assert_array_equal(separated(x * [1e-4, 1, 1e6], ends), expected)


def test_both_kinds_occur_among_the_enumerated_cases():
    x = np.column_stack([np.ones(6), [-3, -2, -1, 1, 2, 3], [0, 1, 0, 1, 0, 1]])
    apart, mixed = np.array([-1, -1, -1, 1, 1, 1]), np.array([-1, 1, -1, 1, -1, 1])
    assert by_enumeration(x.astype(int), apart).all() and separated(x, apart).all()
    # The last column alone determines these; without it they overlap.
    assert separated(x, mixed).all() and not separated(x[:, :2], mixed).any()


def test_a_program_of_few_rows_answers_for_many():
    x = np.column_stack([np.ones(20_000), RNG.normal(size=(20_000, 3))])
    ends = np.where(x @ [0.3, 1, -2, 0.5] > 0, 1, -1)
    assert separated(x, ends).all()
    ends[np.argmax(x[:, 1])] = -1
    assert not separated(x, np.where(RNG.uniform(size=20_000) < 0.01, -ends, ends)).any()


ROWS = 60
DATA = pd.DataFrame(
    {
        "f": np.resize(list("abc"), ROWS),
        "h": np.repeat(["p", "q"], ROWS // 2),
        "x": RNG.normal(size=ROWS),
        "g": np.repeat([f"s{i}" for i in range(12)], 5),
        "coin": np.resize([0, 1, 1, 0, 1, 0, 0], ROWS),
        "n": 4,
    },
    index=[f"r{i}" for i in range(ROWS)],
)
IN_C, IN_A = DATA["f"] == "c", DATA["f"] == "a"
PRIOR = "Normal(mu=0, sigma=2.5)"
MERGE = " Merge levels, or state a prior."


def put(column, **cells):
    """The data with a response that is coin but where a mask says otherwise."""
    y = DATA[column].astype(float)
    for value, mask in cells.items():
        y[mask] = float(value.removeprefix("v"))
    return DATA.assign(y=y)


# formula, family, data, column, rows, message
CASES = [
    ("y ~ f", "bernoulli", put("coin", v1=IN_C), "f", IN_C,
     f"f[c] predicts 'y' completely (20 of 20 rows are 1): its coefficient is set by the prior {PRIOR}."
     + MERGE),
    ("y ~ 0 + f", "bernoulli", put("coin", v0=IN_C), "f", IN_C,
     "f[c] predicts 'y' completely (20 of 20 rows are 0): its coefficient is set by the prior {beta[f[c]]}."
     + MERGE),
    ("y ~ x + f", "bernoulli", put("coin", v0=IN_A), "f", IN_A,
     "f[a] predicts 'y' completely (20 of 20 rows are 0): what sets a reference level apart is set by the "
     "priors alone." + MERGE),
    ("y ~ f + x", "bernoulli", put("coin", v0=IN_C, v1=DATA["f"] == "b"), "f", ~IN_A,
     "f[b] predicts 'y' completely (20 of 20 rows are 1); so does f[c] (20 of 20 rows are 0): their "
     f"coefficients are set by the priors beta[f[b]] ~ {PRIOR}, beta[f[c]] ~ {PRIOR}." + MERGE),
    ("y ~ f*h", "bernoulli", put("coin", v1=IN_C & (DATA["h"] == "q")), "f", IN_C & (DATA["h"] == "q"),
     f"f[c]:h[q] predicts 'y' completely (10 of 10 rows are 1): its coefficient is set by the prior {PRIOR}."
     + MERGE),
    ("y | trials(n) ~ f", "binomial", put("coin", v4=IN_C), "f", IN_C,
     "f[c] predicts 'y' completely (20 of 20 rows are all successes): its coefficient is set by the prior "
     f"{PRIOR}." + MERGE),
    ("y ~ f", "poisson", put("coin", v0=IN_C), "f", IN_C,
     "f[c] predicts 'y' completely (20 of 20 rows are 0): its coefficient is set by the prior {beta[f[c]]}."
     + MERGE),
    ("y ~ x", "bernoulli", put("coin", v0=DATA["x"] < 0.2, v1=DATA["x"] > 0.2), "x", DATA["x"] < 9,
     "x predicts 'y' completely in 60 of 60 rows: its coefficient is set by the prior beta[x] ~ {beta[x]}. "
     "State a prior, or leave a column out."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "family", "data", "column", "rows", "message"), CASES, ids=range(len(CASES))
)
def test_separation_is_named_with_its_rows_and_prior(formula, family, data, column, rows, message):
    with pytest.warns(gb.GlmmWarning, match="separation"):
        model = gb.Model(formula, data, family=family)
    [found] = [finding for finding in model.findings if finding.code == "separation"]
    for row in model.priors.rows:
        message = message.replace(f"{{{row.parameter}}}", row.prior)
    assert f"{found.message} {found.hint}" == message
    assert (found.severity, found.column, found.rows) == ("warning", column, tuple(DATA.index[rows]))


@pytest.mark.parametrize(
    ("formula", "family", "data"),
    [
        ("y ~ f*h + x", "bernoulli", put("coin")),
        ("y ~ f", "gaussian", put("x", v0=IN_C)),
        ("y ~ f", "poisson", put("coin", v5=IN_C)),
        ("y | trials(n) ~ f*x", "binomial", put("coin", v3=IN_C)),
        # One row off the end takes the separation away.
        ("y ~ f", "bernoulli", put("coin", v1=IN_C, v0=DATA.index == "r2")),
    ],
)
def test_where_nothing_separates_nothing_is_said(formula, family, data):
    model = gb.Model(formula, data, family=family)
    assert not [finding for finding in model.findings if finding.code == "separation"]


def test_two_columns_that_separate_together_are_named_together():
    data = DATA.assign(w=RNG.normal(size=ROWS), v=RNG.normal(size=ROWS))
    data["y"] = (data["x"] - data["w"] > 0.1).astype(int)
    with pytest.warns(gb.GlmmWarning, match="x, w together predict 'y' completely in 60 of 60 rows"):
        gb.Model("y ~ f + x + v + w", data, family="bernoulli")


def test_levels_of_a_grouping_factor_at_an_end_are_counted():
    data = put("coin", v1=DATA["g"].isin(["s1", "s2"]), v0=DATA["g"] == "s5")
    model = gb.Model("y ~ x + (1 | g)", data, family="bernoulli")
    [found] = [finding for finding in model.findings if finding.code == "separation"]
    assert (found.severity, found.column) == ("note", "g")
    assert found.message == (
        "'g': of 12 levels 1 hold only 0 and 2 hold only 1 in 'y'; their effects are held by sd_g, as in any "
        "mixed model."
    )


DEGENERATE = [
    ("y ~ x", "bernoulli", 1,
     "'y' is 1 in all 60 rows: the intercept is set by its prior {beta[Intercept]}."),
    ("y ~ x", "poisson", 0, "'y' is 0 in all 60 rows: the intercept is set by its prior {beta[Intercept]}."),
    ("y | trials(n) ~ 0 + x", "binomial", 4,
     "'y' is all successes in all 60 rows: the coefficients are set by their priors."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "family", "value", "message"), DEGENERATE)
def test_a_response_at_one_end_is_told_once(formula, family, value, message):
    with pytest.warns(gb.GlmmWarning) as caught:
        model = gb.Model(formula, DATA.assign(y=value), family=family)
    for row in model.priors.rows:
        message = message.replace(f"{{{row.parameter}}}", row.prior)
    assert [str(warning.message) for warning in caught] == [f"[degenerate_response] {message}"]


def test_large_data_are_left_to_check_which_finds_what_is_there():
    rows = CONSTRUCTION_LIMIT // 2
    data = pd.DataFrame({"x": RNG.normal(size=rows), "z": RNG.normal(size=rows)})
    data["y"] = (data["x"] > 0.5).astype(int)
    model = gb.Model("y ~ x + z", data, family="bernoulli")
    assert [(finding.severity, finding.code) for finding in model.findings] == [("note", "not_checked")]
    table = model.check().set_index("code")
    assert table.loc["separation", "severity"].tolist() == ["warning", "passed"]
    assert "not_checked" not in table.index
