"""Levels of grouping factors: integer codes, observed combinations only, and no indicator matrix."""

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec
from tests.pace import in_time

RNG = np.random.default_rng(7)
ROWS = 400


def design_of(formula, data):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(gb.DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings, spec.text), findings)


def frame(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"y": np.random.default_rng(0).normal(size=size), **columns})


COLUMNS = {
    "integers": RNG.integers(-40, 40, ROWS),
    "wide integers": RNG.integers(2**53, 2**53 + 60, ROWS),
    "whole floats": RNG.integers(0, 30, ROWS).astype(float),
    "booleans": RNG.integers(0, 2, ROWS).astype(bool),
    "strings": np.array([f"s{i}" for i in RNG.integers(0, 120, ROWS)]),
    "strings of digits": np.array([str(i) for i in RNG.integers(0, 120, ROWS)]),
    "capitals, accents, colons": RNG.choice(["b", "B", "é", "a:b", "a", " a", "体"], ROWS),
    "categories in another order": pd.Categorical(RNG.choice(list("abcdef"), ROWS), list("fadbec")),
    "categories with unused ones": pd.Categorical(RNG.choice(list("acfgh"), ROWS), list("zabhcdgefx")),
    "integer categories": pd.Categorical(RNG.choice([3, 10, 2, 7, 5], ROWS), [10, 3, 2, 7, 5]),
    "nullable integers": pd.array(RNG.integers(0, 9, ROWS), dtype="Int64"),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.filterwarnings("ignore:.*has 2 levels:glmm_bayes.GlmmWarning")
def test_codes_equal_those_of_pandas(kind):
    data = frame(g=COLUMNS[kind])
    group = design_of("y ~ 1 + (1 | g)", data).groups[0]
    codes, levels = pd.factorize(data["g"], sort=True)
    np.testing.assert_array_equal(group.codes, codes)
    assert group.codes.dtype == np.int64
    assert [level for (level,) in group.levels] == list(levels)
    assert group.labels == tuple(levels)


def test_order_of_rows_cannot_change_levels():
    data = frame(g=COLUMNS["strings"], h=COLUMNS["integers"])
    order = RNG.permutation(ROWS)
    plain, shuffled = (design_of("y ~ (1 | g/h)", rows).groups for rows in (data, data.iloc[order]))
    for before, after in zip(plain, shuffled, strict=True):
        assert after.levels == before.levels
        np.testing.assert_array_equal(after.codes, before.codes[order])


@pytest.mark.parametrize("formula", ["y ~ (1 | a/b)", "y ~ (1 | a) + (1 | a:b)"])
def test_nested_factors_hold_the_observed_pairs_only(formula):
    data = frame(a=RNG.integers(0, 20, ROWS), b=RNG.choice(list("uvwxyz"), ROWS))
    outer, pairs = design_of(formula, data).groups
    observed = sorted(set(zip(data["a"], data["b"], strict=True)))
    assert pairs.levels == tuple(observed) and len(observed) < 20 * 6
    assert outer.levels == tuple((a,) for a in sorted(set(data["a"])))
    assert [pairs.levels[code] for code in pairs.codes] == list(zip(data["a"], data["b"], strict=True))
    assert pairs.labels[0] == f"{observed[0][0]}:{observed[0][1]}"
    assert [group.slug for group in (outer, pairs)] == ["a", "a_b"]


def test_three_deep_nesting_has_a_factor_for_each_depth():
    data = frame(**{name: RNG.integers(0, 4, ROWS) for name in "abc"})
    groups = design_of("y ~ (1 | a/b/c)", data.assign(a=RNG.integers(0, 6, ROWS))).groups
    assert [group.factor for group in groups] == ["a", "a:b", "a:b:c"]
    assert [len(level) for group in groups for level in group.levels[:1]] == [1, 2, 3]


def test_combinations_of_many_wide_factors_do_not_overflow():
    # The product of the sizes is beyond 2**63; a key of all factors at once would wrap around.
    rng = np.random.default_rng(1)
    rows, names = 3_000, list("abcdef")
    data = frame(**{name: rng.permutation(rows) for name in names})
    group = design_of("y ~ (1 | a:b:c:d:e:f)", data).groups[0]
    combinations = list(zip(*(data[name] for name in names), strict=True))
    assert group.levels == tuple(sorted(combinations))
    assert [group.levels[code] for code in group.codes] == combinations


def test_labels_that_hold_colons_stay_distinct():
    # "p:q" + "r" and "p" + "q:r" are one text when joined, and two levels.
    data = frame(a=["p:q", "p", "p:q", "p", "u", "v", "w"], b=["r", "q:r", "r", "q:r", "r", "r", "r"])
    group = design_of("y ~ (1 | a:b)", data).groups[0]
    assert len(group.levels) == 5 and len(set(group.labels)) == 5
    assert group.codes[0] == group.codes[2] != group.codes[1] == group.codes[3]
    assert [group.levels[code] for code in group.codes] == list(zip(data["a"], data["b"], strict=True))


def test_numbers_and_texts_in_one_pair_keep_their_own_kind():
    data = frame(a=[10, 9, 2, 2, 10, 9], b=["2", "10", "9", "2", "10", "9"])
    group = design_of("y ~ (1 | a:b)", data).groups[0]
    assert group.levels == ((2, "2"), (2, "9"), (9, "10"), (9, "9"), (10, "10"), (10, "2"))


def test_random_slopes_are_columns_beside_codes():
    data = frame(g=np.repeat(np.arange(10), 6), x=RNG.normal(size=60), f=np.resize(list("abc"), 60))
    group = design_of("y ~ (1 + x + f | g)", data).groups[0]
    assert group.effects == ("Intercept", "x", "f[b]", "f[c]")
    np.testing.assert_array_equal(
        group.z, np.column_stack([np.ones(60), data["x"], data["f"] == "b", data["f"] == "c"])
    )
    assert [block.positions for block in group.blocks] == [(0, 1, 2, 3)]
    apart = design_of("y ~ (1 + x || g)", data).groups[0]
    assert [block.positions for block in apart.blocks] == [(0,), (1,)]


@pytest.mark.parametrize("formula", ["y ~ x + (1 + x | g)", "y ~ x + (1 | a/b)"])
def test_many_levels_take_no_indicator_matrix(formula):
    # An indicator matrix of 200,000 x 20,000 would take 32 GB, one of bytes 4 GB.
    rng = np.random.default_rng(0)
    rows, levels = 200_000, 20_000
    g = rng.permutation(np.resize(np.arange(levels), rows))
    data = pd.DataFrame({"y": rng.normal(size=rows), "x": rng.normal(size=rows), "g": g})
    data = data.assign(a=g // 150, b=g % 150)
    tracemalloc.start()
    design = design_of(formula, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(design.groups[-1].levels) == levels
    assert peak < 60e6


def test_the_number_of_new_levels_costs_no_more_than_the_rows():
    data = frame(g=np.arange(60) // 3)
    design = design_of("y ~ (1 | g)", data)
    new = replay_design(design, {"g": np.arange(50_000)}, with_groups=True)
    np.testing.assert_array_equal(new.groups[0].codes[:22], [*range(20), -1, -1])
    assert (new.groups[0].codes[20:] == -1).all()


def test_identifiers_match_themselves_in_new_rows():
    ids = np.arange(2**62, 2**62 + 8)
    design = design_of("y ~ (1 | g)", frame(g=np.repeat(ids, 3)))
    new = replay_design(design, {"g": [2**62 + 3, 2**62 + 3 - 2**10, 5]}, with_groups=True)
    assert new.groups[0].codes.tolist() == [3, -1, -1]


# What a million rows are grouped by: integers become it, and the formula names it.
LABELS = {
    "floats": (lambda g: g.astype(float), "g"),
    "texts": (lambda g: g.astype(str), "g"),
    "pairs": (lambda g: g, "g:h"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
def test_a_model_of_a_million_rows_and_a_hundred_thousand_levels_is_light_and_quick(kind):
    rng = np.random.default_rng(0)
    rows, levels = 1_000_000, 100_000
    g = pd.Series(rng.permutation(np.resize(np.arange(levels), rows)))
    become, group = LABELS[kind]
    data = pd.DataFrame({"y": rng.normal(size=rows), "x": rng.normal(size=rows), "g": become(g), "h": g % 7})
    formula = f"y ~ x + (1 + x | {group})"
    start = time.process_time()
    model = gb.Model(formula, data)
    assert in_time(time.process_time() - start, 5)
    assert len(model.design.groups[0].levels) == levels
    del model
    tracemalloc.start()
    gb.Model(formula, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{peak / 1e6:.0f} MB")
    assert peak < 200e6


_BITS = np.random.default_rng(8)
BITS = pd.DataFrame(
    {"x": _BITS.normal(size=60), "g": np.repeat(np.arange(12), 5), "y": _BITS.integers(0, 2, 60)}
)


def test_levels_that_are_spelled_alike_are_refused():
    mixed = pd.Categorical(np.resize(np.array([1, "1", 2, 3], dtype=object), 60), categories=[1, "1", 2, 3])
    with pytest.raises(gb.DataError, match="spelled alike"):
        gb.Model("y ~ x + (1 | g)", BITS.assign(g=mixed), family="bernoulli")


def test_whole_numbers_of_64_bits_are_levels_that_do_not_wrap_around():
    wide = BITS["g"].astype("uint64") + np.uint64(2**63 + 5)
    model = gb.Model("y ~ x + (1 | g)", BITS.assign(g=wide), family="bernoulli")
    assert model.design.groups[0].levels == tuple((int(g) + 2**63 + 5,) for g in np.unique(BITS["g"]))
