"""Columns that depend on others are named as the combination they are, and dropped as R drops them."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.design.checks.collinearity import decompose
from glmm_bayes.design.dependence import dependencies
from glmm_bayes.design.design import replay_design

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "dropped_columns.json").read_text("utf-8"))
DATA = pd.DataFrame(ORACLE["data"])
RNG = np.random.default_rng(8)


def only(model, code):
    """The findings of one code as (severity, column, message with hint)."""
    found = [finding for finding in model.findings if finding.code == code]
    return [
        (finding.severity, finding.column, f"{finding.message} {finding.hint}".strip()) for finding in found
    ]


@pytest.mark.parametrize("formula", ORACLE["dropped"])
def test_the_columns_that_r_leaves_out_are_dropped(formula):
    kept = gb.Model(f"y ~ {formula}", DATA, rank="keep").design
    model = gb.Model(f"y ~ {formula}", DATA, rank="drop")
    dropped = ORACLE["dropped"][formula]
    assert model.design.state.dropped == tuple(dropped)
    expected = [name for position, name in enumerate(kept.coefficients) if position not in dropped]
    assert list(model.design.coefficients) == expected
    assert np.linalg.matrix_rank(model.design.x) == len(expected) == np.linalg.matrix_rank(kept.x)
    notes = [message for _, _, message in only(model, "rank_deficient")]
    assert [re.match("removed '(.*)', for", note)[1] for note in notes] == [
        kept.coefficients[position] for position in dropped
    ]


def test_a_dependence_is_the_combination_that_it_says():
    x = RNG.normal(size=(30, 7)) * 10.0 ** np.arange(-6, 8, 2)
    weights = np.array([4e6, 0, -3, 0.5])
    x[:, 4] = x[:, :4] @ weights
    x[:, 6] = 0
    found = dependencies(x)
    assert list(found) == [4, 6]
    np.testing.assert_allclose(found[4], [*weights, 0, 0, 0], rtol=1e-9)
    np.testing.assert_array_equal(found[6], 0)


REMEDY = (
    'Remove one; or rank="drop" removes \'{}\' and says so; or rank="keep" keeps all, told apart by their '
    "priors alone."
)
TWO = DATA.assign(g=np.where(DATA["f"] == "b", "p", "q"), f=np.where(DATA["f"] == "b", "b", "a"))
# formula, data, column, message
REFUSED = [
    ("x + x2", DATA, "x2", "columns x, x2 are linearly dependent: x2 = 2*x. " + REMEDY.format("x2")),
    ("x + z + s", DATA, "s", "columns x, z, s are linearly dependent: s = x - 3*z. " + REMEDY.format("s")),
    ("g + f", TWO, "f", "columns Intercept, g[q], f[b] are linearly dependent: f[b] = 1 - g[q]. "
     + REMEDY.format("f[b]")),
    ("x + tiny", DATA.assign(tiny=-1e-12 * DATA["x"]), "tiny",
     "columns x, tiny are linearly dependent: tiny = -1e-12*x. " + REMEDY.format("tiny")),
    ("0 + zero + x", DATA.assign(zero=0), "zero",
     "column zero is linearly dependent: zero = 0. " + REMEDY.format("zero")),
    ("x + one", DATA, "one",
     "predictor 'one' is 7 in all 32 rows: inseparable from the intercept. Remove it."),
    ("f * g", DATA, "f", "column 'f[b]:g[q]' is 0 in all 32 rows: no row tells its coefficient. "
     'Remove it; rank="drop" does and says so.'),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "data", "column", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_dependence_is_refused_in_the_users_columns(formula, data, column, message):
    with pytest.raises(gb.DataError) as caught:
        gb.Model(f"y ~ {formula}", data)
    assert str(caught.value).partition("] ")[2] == message
    assert caught.value.column == column


def test_what_is_dropped_or_kept_is_noted_by_name():
    dropped = gb.Model("y ~ x + x2 + one", DATA, rank="drop")
    assert only(dropped, "rank_deficient") == [
        ("note", "x2", "removed 'x2', for x2 = 2*x."),
        ("note", "one", "removed 'one', for one = 7."),
    ]
    kept = gb.Model("y ~ x + x2", DATA, rank="keep")
    assert only(kept, "rank_deficient") == [
        ("note", "x2", "kept 'x2', though x2 = 2*x: told apart by the priors alone.")
    ]
    assert kept.design.coefficients == ("Intercept", "x", "x2")


def test_new_rows_keep_the_dependence_by_which_columns_were_dropped():
    design = gb.Model("y ~ x + x2 + f*g", DATA, rank="drop").design
    assert design.coefficients[:2] == ("Intercept", "x") and "f[b]:g[q]" not in design.coefficients
    new = replay_design(design, DATA.head(3), with_groups=False)
    assert new.coefficients == design.coefficients
    np.testing.assert_array_equal(new.x, design.x[:3])
    with pytest.raises(gb.PredictionError, match="leave the dependence") as caught:
        replay_design(design, DATA.head(3).assign(x2=[*DATA["x2"][:2], 99.0]), with_groups=False)
    assert (caught.value.code, caught.value.rows) == ("rank_deficient", (2,))


@pytest.mark.parametrize("rank", ["drop", "keep"])
def test_a_fit_comes_back_with_the_columns_it_was_made_with(rank, tmp_path):
    model = gb.Model("y ~ x + x2 + scale(z) + f*g", DATA, rank=rank)
    size = len(model.design.coefficients)
    draws = {"beta": RNG.normal(size=(2, 5, size)), "sigma": RNG.uniform(1, 2, (2, 5))}
    fit = gb.Fit.from_draws(model, draws)
    fit.save(tmp_path / "fit.glmm")
    loaded = gb.load(tmp_path / "fit.glmm")
    assert loaded.design.state == fit.design.state
    assert loaded.design.coefficients == fit.design.coefficients
    np.testing.assert_array_equal(loaded.design.x, fit.design.x)
    assert str(gb.predictions(loaded, DATA.head(2))) == str(gb.predictions(fit, DATA.head(2)))


@pytest.mark.parametrize("rank", ["drop", "keep"])
@pytest.mark.parametrize("formula", ["x + x2", "f*g", "0 + k + f", "f*g*x"])
def test_dependent_columns_have_a_proper_prior(formula, rank):
    prior = gb.Model(f"y ~ {formula}", DATA, rank=rank).priors.first.fixed
    assert np.linalg.eigvalsh(prior.covariance).min() > 0
    assert np.isfinite(prior.from_normal).all()


# --- near dependence


@pytest.mark.parametrize("correlation", [0.5, 0.99, 0.9999])
def test_two_columns_have_the_index_and_the_shares_of_their_correlation(correlation):
    # Two unit columns have squared singular values 1 + r and 1 - r, and each direction is shared equally.
    x = np.array([[1.0, correlation], [0.0, np.sqrt(1 - correlation**2)], [0.0, 0.0]])
    result = decompose(x)
    large, small = 1 / (1 + correlation), 1 / (1 - correlation)
    np.testing.assert_allclose(sorted(result.indexes), [1, np.sqrt(small / large)], rtol=1e-9)
    np.testing.assert_allclose(result.shares[1], small / (large + small), rtol=1e-9)
    np.testing.assert_allclose(result.shares.sum(axis=0), 1)


def test_shares_are_those_of_the_variance_of_least_squares():
    x = RNG.normal(size=(50, 4)) @ RNG.normal(size=(4, 4))
    unit = x / np.linalg.norm(x, axis=0)
    result = decompose(x)
    singular = np.linalg.svd(unit, compute_uv=False)
    np.testing.assert_allclose(result.indexes, singular[0] / singular, rtol=1e-9)
    values, vectors = np.linalg.eigh(unit.T @ unit)
    variances = vectors**2 / values
    np.testing.assert_allclose(
        result.shares, (variances / np.diag(np.linalg.inv(unit.T @ unit))[:, None]).T[::-1], rtol=1e-6
    )


NEAR = DATA.assign(
    near=DATA["x"] + 1e-3 * DATA["z"], year=2000 + np.arange(len(DATA)), far=1e4 * RNG.normal(size=len(DATA))
)


def test_columns_that_nearly_determine_each_other_are_named():
    with pytest.warns(gb.GlmmWarning, match="collinear"):
        model = gb.Model("y ~ x + f + near", NEAR)
    unit = NEAR[["x", "near"]].to_numpy() - NEAR[["x", "near"]].to_numpy().mean(axis=0)
    r = np.corrcoef(unit.T)[0, 1]
    [(severity, column, message)] = only(model, "collinear")
    assert (severity, column) == ("warning", "near")
    index = float(re.search(r"condition index (\d+)", message)[1])
    # The two columns of f widen the largest singular value a little.
    assert index == pytest.approx(np.sqrt((1 + r) / (1 - r)), rel=0.1)
    assert re.sub(r"\d+", "#", message) == (
        "'x' and 'near' nearly determine each other (condition index #): their effects are known as a sum "
        "better than apart."
    )


@pytest.mark.parametrize("formula", ["x + z", "x + f*g", "x + year", "x + I(x^2)", "x + far", "0 + f + x"])
def test_what_is_far_from_dependence_is_not_called_so(formula):
    assert not only(gb.Model(f"y ~ {formula}", NEAR, rank="drop"), "collinear")


def test_scales_far_apart_are_noted():
    assert not only(gb.Model("y ~ x + z", NEAR), "scale")
    model = gb.Model("y ~ x + f + far", NEAR)
    ratio = np.std(NEAR["far"]) / np.std(NEAR["x"])
    message = f"sd of 'far' is {ratio:.3g} times that of 'x': standardised inside, reported on your scale."
    assert only(model, "scale") == [("note", "far", message)]


def test_a_constant_that_is_kept_is_no_near_dependence():
    data = DATA.assign(one=0.1, two=0.3)
    assert not only(gb.Model("y ~ one + two + x", data, rank="keep"), "collinear")
