"""New rows get the columns that the training rows taught; levels are integer codes, matched by label."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings, PredictionError
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import read_table

RNG = np.random.default_rng(3)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": RNG.normal(5, 2, ROWS),
        "e": RNG.uniform(1, 4, ROWS),
        "f": pd.Categorical(np.resize(["a", "c", "b"], ROWS), categories=["c", "b", "a", "never"]),
        "k": np.resize([3, 1, 2, 2], ROWS),
        "flag": RNG.random(ROWS) > 0.4,
        "g": RNG.integers(100, 110, ROWS),
        "h": RNG.choice(["u:v", "u", "w"], ROWS),
        "y": RNG.normal(size=ROWS),
    }
)
FORMULAS = [
    "y ~ center(x) + scale(e):f",
    "y ~ 0 + scale(x) + f",
    'y ~ C(k, ref="2")*flag + offset(log(e))',
    "y ~ flag*f + I(x^2) + (1 + scale(x) | g)",
    "y ~ log(e) + (1 + flag | h) + (1 | g)",
    "y ~ x + (1 | h/g)",
    "y ~ x + (0 + f | g)",
    "y ~ x + (x || g) + offset(e)",
    'y ~ I(f == "b") + (1 | g:h)',
    'y ~ C(k, "helmert")*poly(x, 2) + (1 + ns(e, df = 2) | g)',
    'y ~ C(f, "sum", ref="a"):bs(x, df = 4) + cr(e, df = 3) + (1 + C(k, "poly") | h)',
    'y ~ pmin(x, e, 3)*ordered(f, "a", "b", "c") + standardize(log(e)) + sin(x)',
]


def design_of(formula, data=DATA):
    spec = gb.ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings), findings)


def same_bits(one, two):
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.offset, two.offset)
    for a, b in zip(one.groups, two.groups, strict=True):
        np.testing.assert_array_equal(a.z, b.z)
        np.testing.assert_array_equal(a.codes, b.codes)


@pytest.mark.parametrize("formula", FORMULAS)
def test_training_rows_replay_to_the_same_bits(formula):
    design = design_of(formula)
    same_bits(design, replay_design(design, DATA.drop(columns="y"), with_groups=True))


@pytest.mark.parametrize("formula", FORMULAS)
def test_permuted_rows_permute_the_design(formula):
    design = design_of(formula)
    order = RNG.permutation(ROWS)
    again = replay_design(design, DATA.iloc[order], with_groups=True)
    np.testing.assert_array_equal(again.x, design.x[order])
    for a, b in zip(again.groups, design.groups, strict=True):
        np.testing.assert_array_equal(a.codes, b.codes[order])


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_single_row_replays_as_in_its_table(formula):
    design = design_of(formula)
    again = replay_design(design, DATA.iloc[[7]], with_groups=True)
    np.testing.assert_array_equal(again.x[0], design.x[7])


def test_levels_match_by_label_whatever_their_order_or_type():
    design = design_of("y ~ f + (1 | g)")
    rows = DATA.assign(f=DATA["f"].astype(str), g=DATA["g"].astype(str))
    same_bits(design, replay_design(design, rows, with_groups=True))
    recoded = DATA.assign(f=pd.Categorical(DATA["f"].astype(str), categories=["a", "b", "c"]))
    same_bits(design, replay_design(design, recoded, with_groups=True))


def test_unseen_levels_of_a_predictor_are_refused_and_of_a_group_coded_minus_one():
    design = design_of("y ~ f + (1 | g)")
    with pytest.raises(PredictionError) as caught:
        replay_design(design, DATA.assign(f="z"), with_groups=False)
    assert (caught.value.code, caught.value.column, len(caught.value.rows)) == ("new_level", "f", ROWS)
    assert set(replay_design(design, DATA.assign(g=7), with_groups=True).groups[0].codes) == {-1}


@pytest.mark.parametrize("column", ["f", "x"])
def test_missing_columns_of_new_data_are_named(column):
    with pytest.raises(PredictionError) as caught:
        replay_design(design_of("y ~ f + x"), DATA.drop(columns=column), with_groups=False)
    assert (caught.value.code, caught.value.column) == ("newdata_schema", column)


def test_codes_equal_those_of_a_sorted_factorization():
    for data in (DATA, DATA.iloc[::-1]):
        group = design_of("y ~ x + (1 | g)", data).groups[0]
        codes, levels = pd.factorize(data["g"], sort=True)
        np.testing.assert_array_equal(group.codes, codes)
        assert group.labels == tuple(levels)


def test_combinations_are_the_observed_ones_only_and_stay_apart():
    group = design_of("y ~ x + (1 | h/g)").group("h:g")
    pairs = DATA[["h", "g"]].drop_duplicates()
    assert len(group.levels) == len(pairs) < 30
    # "u:v" with 1 and "u" with "v:1" would read the same when joined.
    data = pd.DataFrame(
        {"a": ["u:v", "u", "u", "w"] * 3, "b": ["1", "v:1", "2", "2"] * 3, "y": np.arange(12.0)}
    )
    collided = design_of("y ~ 1 + (1 | a:b)", data).groups[0]
    assert len(set(collided.labels)) == len(collided.levels) == 4


def test_memory_is_linear_in_rows():
    size, levels = 200_000, 20_000
    data = pd.DataFrame(
        {"x": RNG.normal(size=size), "g": RNG.integers(0, levels, size), "y": RNG.normal(size=size)}
    )
    design_of("y ~ x + (1 + x | g)", data.iloc[:1000])
    tracemalloc.start()
    design_of("y ~ x + (1 + x | g)", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A dense indicator matrix alone would take 32 GB.
    assert peak < 120e6
