"""What independent eyes found in structures: silent numbers that are refused or right now."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.spec.transforms import TRANSFORMS

RNG = np.random.default_rng(12)
LEVELS = list("abcde")
DATA = pd.DataFrame(
    {
        "g": np.resize(LEVELS, 60),
        "h": np.resize(LEVELS[::-1], 60),
        "arm": np.where(np.isin(np.resize(LEVELS, 60), ["a", "b"]), "old", "new"),
        "time": np.repeat([1, 2, 10], 20),
        "w": RNG.uniform(0, 1, 60),
        "x": RNG.normal(size=60),
        "y": RNG.integers(0, 2, 60),
    }
).assign(x2=lambda f: 2 * f["x"])


def fit_of(formula, draws, **arguments):
    model = gb.Model(formula, DATA, family="bernoulli", **arguments)
    return gb.Fit.from_draws(model, {k: np.asarray(v, float)[None, None] for k, v in draws.items()})


@pytest.mark.parametrize(
    ("formula", "draws"),
    [
        ('y ~ x + (x || gr(g, dist = "student"))', {"beta": [-1, 0.5], "sd_g": [2, 3], "df_g": 2.5}),
        ('y ~ x + (1 | mm(g, h, dist = "student"))', {"beta": [-1, 0.5], "sd_mm_g_h": [3], "df_mm_g_h": 2.2}),
    ],
)
def test_a_sum_of_independent_t_effects_is_not_taken_for_a_t(formula, draws):
    fit = fit_of(formula, draws)
    with pytest.raises(gb.PredictionError, match="several independent t effects"):
        gb.predictions(fit)


def test_one_t_effect_a_row_is_integrated_under_by_and_slopes():
    by = fit_of('y ~ x + (1 | gr(g, by = arm, dist = "student"))',
                {"beta": [-1, 0.5], "sd_g": [2, 3], "df_g": 4.0})  # fmt: skip
    slopes = fit_of('y ~ x + (1 + x | gr(g, dist = "student"))',
                    {"beta": [-1, 0.5], "sd_g": [2, 3], "corr_g": np.eye(2), "df_g": 4.0})  # fmt: skip
    for fit in (by, slopes):
        assert np.isfinite(gb.predictions(fit).draws).all()


def test_levels_of_a_time_series_must_ascend():
    data = DATA.assign(t=pd.Categorical(DATA["time"], categories=[10, 1, 2]))
    with pytest.raises(gb.DataError, match="takes levels in ascending order, found 10, 1, 2") as caught:
        gb.Model('x ~ w + (0 + t | gr(g, structure = "ar1"))', data)
    assert caught.value.code == "structure"


def test_areas_without_rows_still_join_their_neighbours():
    path = ["a", "b", "c", "z", "d", "e"]
    edges = pd.DataFrame(list(itertools.pairwise(path)))
    model = gb.Model(
        'y ~ w + (1 | gr(g, structure = "icar", graph = W))', DATA, "bernoulli", known={"W": edges}
    )
    found = model.priors.groups[0].blocks[0].levels.matrix({})
    w = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    whole = np.linalg.pinv(np.diag(w.sum(axis=1)) - w)
    rows = [path.index(level) for level in LEVELS]
    np.testing.assert_allclose(found, whole[np.ix_(rows, rows)], atol=1e-12)
    assert not [finding for finding in model.findings if "parts" in finding.message]


def test_a_map_in_parts_is_told():
    edges = pd.DataFrame([("a", "b"), ("b", "c"), ("d", "e")])
    model = gb.Model(
        'y ~ w + (1 | gr(g, structure = "icar", graph = W))', DATA, "bernoulli", known={"W": edges}
    )
    assert any("has 2 parts" in finding.message for finding in model.findings)


def test_two_pairs_are_a_map_and_labels_from_one_are_labels():
    three = DATA[DATA["g"].isin(["a", "b", "c"])]
    pairs = pd.DataFrame([("a", "b"), ("b", "c")], columns=["area", "neighbour"])
    gb.Model('y ~ w + (1 | gr(g, structure = "icar", graph = W))', three, "bernoulli", known={"W": pairs})
    numbered = DATA.assign(g=DATA["g"].map({level: rank + 1 for rank, level in enumerate(LEVELS)}))
    for index in (range(1, 6), [1.0, 2.0, 3.0, 4.0, 5.0]):
        k = pd.DataFrame(np.eye(5), index=index, columns=index)
        gb.Model("y ~ w + (1 | gr(g, cov = K))", numbered, "bernoulli", known={"K": k})


def test_the_effect_of_a_dropped_column_is_refused():
    fit = fit_of("y ~ x + x2 + (1 | g)", {"beta": [0.1, 0.5], "sd_g": [1.0]}, rank="drop")
    with pytest.raises(gb.PredictionError, match="leave the dependence"):
        gb.comparisons(fit, "x2")
    with pytest.raises(gb.PredictionError, match="leave the dependence"):
        gb.predictions(fit, DATA.head(3).assign(x2=0.0))
    assert np.isfinite(gb.predictions(fit, DATA.head(3)).draws).all()


def test_columns_that_depend_on_each_other_have_no_projection():
    fit = fit_of("y ~ x + x2 + (1 | g)", {"beta": [0.1, 0.5, 0.2], "sd_g": [1.0]}, rank="keep")
    with pytest.raises(gb.PredictionError, match="no one set of coefficients"):
        gb.coefficients(fit)


@pytest.mark.parametrize(
    ("formula", "draws", "known"),
    [
        ("y ~ w + (1 | gr(g, cov = K))", {"beta": [0, 1], "sd_g": [1.0]}, True),
        ("y ~ w + (1 | mm(g, h))", {"beta": [0, 1], "sd_mm_g_h": [1.0]}, False),
    ],
)
def test_ratios_and_shares_of_plain_intercepts_are_not_printed_for_others(formula, draws, known):
    k = {"K": pd.DataFrame(4 * np.eye(5), index=LEVELS, columns=LEVELS)} if known else None
    table = gb.variance_components(fit_of(formula, draws, known=k)).summary()
    assert not table["quantity"].str.contains("odds ratio|ICC|variance").any()


def test_weights_of_members_are_shares():
    bad = {"all zero": 0.0, "negative": -1.0}
    for value in bad.values():
        with pytest.raises(gb.DataError, match="must not be negative or all zero") as caught:
            gb.Model("y ~ w + (1 | mm(g, h, weights = cbind(u, u)))", DATA.assign(u=value), "bernoulli")
        assert (caught.value.code, caught.value.column, len(caught.value.rows)) == ("weights", "u", 60)
    with pytest.warns(gb.GlmmWarning, match="do not add up to 1 in 60 rows"):
        gb.Model("y ~ w + (1 | mm(g, h, weights = cbind(u, u)))", DATA.assign(u=1.0), "bernoulli")
    with warnings.catch_warnings():
        warnings.simplefilter("error", gb.GlmmWarning)
        gb.Model("y ~ x + (1 | mm(g, h, weights = cbind(w, 1 - w)))", DATA, "bernoulli")


def test_a_number_and_its_text_are_one_member():
    data = DATA.assign(a=np.resize([1, 2, 3, 4, 5], 60), b=np.resize(["5", "4", "3", "2", "1"], 60))
    assert len(gb.Model("y ~ x + (1 | mm(a, b))", data, "bernoulli").design.groups[0].levels) == 5


def test_a_transform_that_looks_at_other_rows_is_refused(monkeypatch):
    monkeypatch.setitem(TRANSFORMS, "centred_by_hand", lambda x: x - x.mean())
    with pytest.raises(gb.DataError, match="another number when other rows are left out"):
        gb.Model("y ~ centred_by_hand(w)", DATA, "bernoulli")


def test_comparisons_beyond_a_splines_range_warn_once():
    fit = fit_of("y ~ bs(w, df = 4) + x:bs(w, df = 4)", {"beta": np.zeros(9)})
    with pytest.warns(gb.GlmmWarning, match="extrapolation") as caught:
        gb.comparisons(fit, "w", values=[0.5, 50.0])
    assert len(caught) == 1


def test_a_column_written_out_as_levels_may_not_stand_in_two_terms():
    with pytest.raises(gb.DataError, match=r"'C\(time\)' varies by 'g' in two terms"):
        gb.Model('x ~ w + (0 + time | gr(g, structure = "ar1")) + (0 + C(time) | g)', DATA)


def test_levels_under_by_keep_their_own_estimate_without_pooling():
    fit = fit_of("y ~ w + (1 | gr(g, by = arm))", {"beta": [0, 1], "sd_g": [1, 2], "b_g": np.zeros((5, 2))})
    assert np.isfinite(gb.random_effects(fit).summary()["no_pooling"]).all()
    assert len(gb.random_effects(fit).summary()) == 5


def test_a_level_with_rows_of_several_levels_of_by_is_noted():
    model = gb.Model("y ~ w + (1 | gr(g, by = s))", DATA.assign(s=np.resize(["u", "v"], 60)), "bernoulli")
    assert any(finding.code == "by_varies" for finding in model.findings)


@pytest.mark.parametrize("estimand", [3, None, ["typical"]])
def test_an_estimand_of_another_type_is_refused_in_words(estimand):
    with pytest.raises(gb.PredictionError, match="must be a word or a mapping"):
        gb.predictions(fit_of("y ~ x + (1 | g)", {"beta": [0, 1], "sd_g": [1.0]}), estimand=estimand)
