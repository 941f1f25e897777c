"""Fixed-effect columns equal those of formulaic by value, and carry the user's words."""

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.table import read_table

RNG = np.random.default_rng(0)
ROWS = 48
DATA = pd.DataFrame(
    {
        "x": RNG.normal(2.0, 1.5, ROWS),
        "z": RNG.uniform(0.5, 3.0, ROWS),
        "f": np.resize(["a", "b", "c"], ROWS),
        "h": np.repeat(["p", "q", "r", "s"], ROWS // 4),
        "k": np.resize([1, 2, 3, 1, 3, 2, 2], ROWS),
        "y": RNG.normal(size=ROWS),
    }
)


def design_of(formula, data=DATA):
    spec = gb.ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings), findings)


# Ours, and the same in formulaic's words where they differ.
SAME = """
1 | x | 0 + x | x + z | x - 1 | f | 0 + f | f - 1 | x + f | f + x | x:z | x*z | x + x:z | z + x:z
f*x | x*f | f + f:x | f:x | 0 + f + f:x | 0 + f:x | x + f:x | f + h | f*h | 0 + f + h | f + f:h | h + f:h
x*z*f | x*f*h | f*h*x | (x + z)^2 | (x + f + z)^2 | (f + h)^2 | (x + z + f)^3 | f/x | x/z | f/h
log(z) | exp(x) | log(z)*f | log(z):f + f | 0 + log(z) | x*f - x:f | x*z - x:z | (x + z)^2 - x:z | x + f + x
f/h - f:h
"""
FORMULAS = [
    (text.strip(), text.strip().replace("^", "**"))
    for text in SAME.replace("\n", "|").split("|")
    if text.strip()
]
FORMULAS += [
    ("I(x^2)", "I(x**2)"),
    ("x + I(x^2)", "x + I(x**2)"),
    ("I(x > 2)", "I((x > 2)*1.0)"),
    ("I(x*z)", "I(x*z)"),
    ("sqrt(z)", "np.sqrt(z)"),
    ("abs(x)", "np.abs(x)"),
    ("center(x)", "I(x - x.mean())"),
    ("scale(x)", "I((x - x.mean())/x.std())"),
    ("scale(x)*f", "I((x - x.mean())/x.std())*f"),
    ("C(k)", "C(k)"),
    ("C(k)*x", "C(k)*x"),
    ('C(f, ref="b")', 'C(f, contr.treatment("b"))'),
    ('C(f, ref="c")*x', 'C(f, contr.treatment("c"))*x'),
    ('I(f == "b")', 'I((f == "b")*1.0)'),
]


@pytest.mark.parametrize(("ours", "theirs"), FORMULAS)
def test_columns_equal_formulaics(ours, theirs):
    found = design_of(f"y ~ {ours}").x
    expected = np.asarray(model_matrix(theirs, DATA, context={"np": np}), float)
    assert found.shape == expected.shape
    order = [np.lexsort(np.round(matrix, 10)[::-1]) for matrix in (found, expected)]
    np.testing.assert_allclose(found[:, order[0]], expected[:, order[1]], atol=1e-12)


def test_there_are_many_formulas():
    assert len(FORMULAS) >= 60


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ x*f", ["Intercept", "x", "f[b]", "f[c]", "x:f[b]", "x:f[c]"]),
        ("y ~ 0 + f + f:x", ["f[a]", "f[b]", "f[c]", "f[a]:x", "f[b]:x", "f[c]:x"]),
        ("y ~ log(z) + I(x^2)", ["Intercept", "log(z)", "I(x^2)"]),
        ("y ~ f:h", None),
    ],
)
def test_coefficients_carry_the_users_words(formula, names):
    if names is None:
        # R's rule writes one column a combination beside the intercept; the dependence is named.
        with pytest.raises(DataError) as caught:
            design_of(formula)
        assert caught.value.code == "rank_deficient"
        return
    assert list(design_of(formula).coefficients) == names


def test_a_boolean_has_two_levels_false_first():
    design = design_of("y ~ flag", DATA.assign(flag=DATA["x"] > 2))
    assert design.coefficients == ("Intercept", "flag[True]")
    np.testing.assert_array_equal(design.x[:, 1], DATA["x"] > 2)


def test_declared_levels_keep_their_order_and_found_ones_are_sorted():
    declared = DATA.assign(f=pd.Categorical(DATA["f"], categories=["c", "a", "b"]))
    assert design_of("y ~ f", declared).coefficients == ("Intercept", "f[a]", "f[b]")
    assert design_of("y ~ f", DATA.iloc[::-1]).coefficients == ("Intercept", "f[b]", "f[c]")


@pytest.mark.parametrize(
    "name", ["chain", "draw", "beta", "mu", "y y", "log", "C", "été", "x.1", "🙂", "a:b"]
)
def test_any_column_name_works(name):
    data = DATA.rename(columns={"x": name})
    quoted = f"`{name}`"
    model = gb.Model(f"y ~ {quoted} + (1 + {quoted} | f)", data)
    fit = gb.Fit.from_draws(
        model,
        {"beta": np.ones((1, 2, 2)), "sd_f": np.ones((1, 2, 2)), "corr_f": np.tile(np.eye(2), (1, 2, 1, 1))},
    )
    assert gb.comparisons(fit, name).summary()["mean"][0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["chain", "draw", "beta", "sigma", "row", "coef", "été", "1", "a b"])
def test_any_grouping_factor_name_works(name):
    data = DATA.rename(columns={"f": name})
    model = gb.Model(f"y ~ x + (1 | `{name}`)", data)
    slug = model.design.groups[0].slug
    assert slug.isidentifier() and slug.isascii() and slug not in ("chain", "draw", "beta", "sigma")
    assert f"sd_{slug}" in model.pymc_model.named_vars
