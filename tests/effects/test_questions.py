"""Measures, weights, targets, grids and hypotheses: published values, closed forms and laws."""

import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.intervals import Interval
from glmm_bayes.effects.result.measures import MEASURES

LOGIT = np.log(np.array([0.1, 0.5]) / (1 - np.array([0.1, 0.5])))
TWO = pd.DataFrame({"a": [0, 1, 0, 1], "s": ["p", "p", "q", "q"], "y": [0, 1, 1, 0]})


def two_rows():
    """Return the published two rows: m(0) = (.1, .5), m(1) = (.25, .75)."""
    model = gb.Model("y ~ 0 + s + s:a", TWO, family="bernoulli")
    odds = np.log(np.array([0.25, 0.75]) / np.array([0.75, 0.25]))
    beta = np.concatenate([LOGIT, odds - LOGIT])
    return gb.Fit.from_draws(model, {"beta": beta[None, None]})


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("difference", 0.2),
        ("ratio", 1.66666667),
        ("odds_ratio", 2.33333333),
        ("lift", 0.66666667),
        ("percent", 66.666667),
    ],
)
def test_measures_equal_the_published_values(measure, value):
    found = gb.comparisons(two_rows(), "a", measure=measure).draws.item()
    assert found == pytest.approx(value, rel=1e-8)


def test_the_mean_of_log_odds_ratios_is_another_number():
    found = gb.comparisons(two_rows(), "a", measure="mean_log_odds_ratio").draws.item()
    assert np.exp(found) == pytest.approx(3.0, rel=1e-12)


def test_a_number_needed_to_treat_turns_the_ends_of_the_difference_over():
    table = gb.comparisons(two_rows(), "a", measure="nnt").summary()
    assert table["median"].item() == pytest.approx(5.0)
    assert table["eti89_lb"].item() == pytest.approx(5.0)


def test_a_number_needed_to_treat_for_one_event_fewer_is_no_negative_number():
    d = np.random.default_rng(1).normal(-0.04, 0.005, (4000, 1))
    fewer, more = (MEASURES["nnt"].summarise(draws, Interval(0.9, "eti")) for draws in (d, -d))
    assert fewer["event"].item() == "fewer" and more["event"].item() == "more"
    numbers = ["median", "eti90_lb", "eti90_ub"]
    np.testing.assert_allclose(fewer[numbers], more[numbers])
    low, high = np.quantile(d, [0.05, 0.95])
    np.testing.assert_allclose(fewer[numbers], [[-1 / np.median(d), -1 / low, -1 / high]])
    assert (fewer[numbers].to_numpy() > 0).all() and fewer["eti90_lb"].item() < fewer["eti90_ub"].item()


def test_a_number_needed_to_treat_goes_through_infinity():
    d = np.random.default_rng(1).normal(0.02, 0.02, (4000, 1))
    table = MEASURES["nnt"].summarise(d, Interval(0.9, "eti"))
    low, high = np.quantile(d, [0.05, 0.95])
    assert table["eti90_lb"].item() == pytest.approx(1 / high)
    assert table["eti90_ub"].item() == pytest.approx(1 / low)
    assert low < 0 < high
    assert table["through_infinity"].item()
    assert not {"mean", "sd"} & set(table.columns)


@pytest.mark.parametrize("measure", [name for name in MEASURES if name != "nnt"])
def test_equal_levels_give_the_null(measure):
    chosen = MEASURES[measure]
    m = np.random.default_rng(2).uniform(0.1, 0.9, (5, 3))
    np.testing.assert_allclose(chosen.compare(m, m), chosen.null, atol=1e-15)


def test_a_measure_can_be_a_function():
    def squared(high, low):
        return high**2 - low**2

    effects = gb.comparisons(two_rows(), "a", measure=squared)
    assert effects.draws.item() == pytest.approx(0.5**2 - 0.3**2)
    assert "squared" in str(effects)


def test_a_function_must_return_a_number_a_draw():
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(two_rows(), "a", measure=lambda high, low: 1.0)
    assert caught.value.code == "measure"


RNG = np.random.default_rng(7)
N = 60
DATA = pd.DataFrame(
    {
        "t": RNG.choice(["a", "b", "c"], N),
        "x": RNG.normal(size=N),
        "z": RNG.integers(0, 2, N),
        "w": RNG.uniform(0.5, 2.0, N),
        "y": RNG.integers(0, 2, N),
        "g": np.tile([f"g{k}" for k in range(12)], 5),
    }
)


def fit_of(formula="y ~ t * x + z + (1 | g)", draws=6):
    model = gb.Model(formula, DATA, family="bernoulli")
    values = {"beta": RNG.normal(0, 0.6, (2, draws, len(model.design.coefficients)))}
    if model.design.groups:
        values["sd_g"] = RNG.uniform(0.5, 2.0, (2, draws, 1))
        values["b_g"] = RNG.normal(size=(2, draws, 12, 1))
    return gb.Fit.from_draws(model, values)


FIT = fit_of()


def flat(effects):
    return effects.draws.to_numpy().reshape(-1, effects.draws.sizes["row"])


def test_pairs_of_levels():
    reference, pairwise, sequential = (
        gb.comparisons(FIT, "t", values=word) for word in ("reference", "pairwise", "sequential")
    )
    assert list(pairwise.grid["contrast"]) == ["b vs a", "c vs a", "c vs b"]
    assert list(sequential.grid["contrast"]) == ["b vs a", "c vs b"]
    np.testing.assert_array_equal(flat(pairwise)[:, :2], flat(reference))
    np.testing.assert_allclose(flat(pairwise)[:, 2], flat(pairwise)[:, 1] - flat(pairwise)[:, 0], atol=1e-14)


def test_a_cross_contrast_changes_variables_together():
    effects = gb.comparisons(FIT, {"t": ["a", "c"], "z": [0, 1]})
    rows = [gb.predictions(FIT, DATA.assign(t=t, z=z), by=True) for t, z in (("c", 1), ("a", 0))]
    np.testing.assert_allclose(flat(effects), flat(rows[0]) - flat(rows[1]), atol=1e-8)
    assert effects.grid["contrast"].item() == "c vs a, 1 vs 0"


def test_weights_are_those_of_the_average():
    rows = flat(gb.predictions(FIT))
    expected = rows @ (DATA["w"] / DATA["w"].sum()).to_numpy()
    for weights in (DATA["w"].to_numpy(), 3 * DATA["w"].to_numpy()):
        found = gb.predictions(FIT, by=True, weights=weights)
        np.testing.assert_allclose(flat(found)[:, 0], expected, atol=1e-12)
    named = gb.predictions(FIT, DATA, by=True, weights="w")
    np.testing.assert_allclose(flat(named)[:, 0], expected, atol=1e-12)
    assert "weighted by w" in named.caption


@pytest.mark.parametrize("weights", [[1.0], np.r_[-1.0, np.ones(N - 1)], ["a"] * N, np.zeros(N)])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, by=True, weights=weights)
    assert caught.value.code == "weights"


def test_the_bayesian_bootstrap_has_the_published_variance():
    data = pd.DataFrame({"x": [1.0, 2.0, 4.0, 7.0], "y": [1.0, 2.0, 3.0, 4.0]})
    model = gb.Model("y ~ 0 + x", data)
    draws = 20_000
    fit = gb.Fit.from_draws(model, {"beta": np.ones((1, draws, 1)), "sigma": np.ones((1, draws))})
    found = flat(gb.predictions(fit, by=True, weights=gb.BayesianBootstrap(seed=3)))[:, 0]
    # 4 standard errors of a variance of 20,000 draws.
    assert found.var() == pytest.approx(1.05, abs=4 * 1.05 * np.sqrt(2 / draws) * 1.2)
    assert found.mean() == pytest.approx(3.5, abs=4 * np.sqrt(1.05 / draws))


def test_the_bootstrap_over_groups_gives_a_group_one_weight():
    fit = fit_of("y ~ g", draws=5)
    effects = gb.predictions(fit, by=True, weights=gb.BayesianBootstrap(unit="g", seed=1))
    rows = flat(gb.predictions(fit))
    groups = np.stack([rows[:, DATA["g"] == g].mean(axis=1) for g in sorted(DATA["g"].unique())], axis=1)
    assert ((groups.min(axis=1) < flat(effects)[:, 0]) & (flat(effects)[:, 0] < groups.max(axis=1))).all()
    again = gb.predictions(fit, by=True, weights=gb.BayesianBootstrap(unit="g", seed=1), max_memory=2e6)
    np.testing.assert_allclose(flat(effects), flat(again), atol=1e-14)


def test_targets_are_rows_of_one_arm():
    both = ["a", "c"]
    for target, arm in {"ATT": "c", "ATC": "a"}.items():
        found = gb.comparisons(FIT, "t", values=both, target=target)
        own = gb.comparisons(FIT, "t", values=both, newdata=DATA[DATA["t"] == arm])
        np.testing.assert_allclose(flat(found), flat(own), atol=1e-8)
        assert f"t = {arm}" in found.caption
    all_rows = gb.comparisons(FIT, "t", values=both, target="ATE")
    np.testing.assert_array_equal(flat(all_rows), flat(gb.comparisons(FIT, "t", values=both)))


def test_contrasts_of_rows():
    effects = gb.predictions(FIT, gb.grid(FIT, t=["a", "b", "c"]))
    values = flat(effects)
    pairwise = gb.predictions(FIT, gb.grid(FIT, t=["a", "b", "c"]), hypothesis="pairwise")
    np.testing.assert_allclose(flat(pairwise)[:, 2], values[:, 2] - values[:, 1], atol=1e-15)
    equation = gb.predictions(FIT, gb.grid(FIT, t=["a", "b", "c"]), hypothesis="b3 - 2*b2 = -b1/3")
    np.testing.assert_allclose(flat(equation)[:, 0], values[:, 2] - 2 * values[:, 1] + values[:, 0] / 3)
    weighted = gb.predictions(FIT, gb.grid(FIT, t=["a", "b", "c"]), hypothesis=[-1, 0, 1])
    np.testing.assert_allclose(flat(weighted)[:, 0], values[:, 2] - values[:, 0], atol=1e-15)


def test_a_contrast_of_contrasts():
    grid = gb.grid(FIT, "counterfactual", z=[0, 1])
    found = gb.comparisons(FIT, "t", values=["a", "b"], newdata=grid, by="z", hypothesis="pairwise")
    m = {
        (t, z): flat(gb.predictions(FIT, DATA.assign(t=t, z=z), by=True)) for t in ("a", "b") for z in (0, 1)
    }
    expected = m["b", 1] - m["a", 1] - m["b", 0] + m["a", 0]
    np.testing.assert_allclose(flat(found), expected, atol=2e-8)


@pytest.mark.parametrize(
    "hypothesis",
    [
        "b9 - b1",
        "__import__('os')",
        "b1.real",
        "b1 ** 9",
        "b1 = b2 = b3",
        "",
        "(" * 500,
        [1, 2],
        "b1 if b2 else b3",
    ],
)
def test_anything_else_is_no_hypothesis(hypothesis):
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, gb.grid(FIT, t=["a", "b", "c"]), hypothesis=hypothesis)
    assert caught.value.code == "hypothesis"


def test_grids_hold_what_they_say():
    typical = gb.grid(FIT, t=["a", "b"])
    assert typical["x"].tolist() == pytest.approx([DATA["x"].mean()] * 2)
    assert set(typical["z"]) <= {0.0, 1.0}
    assert len(gb.grid(FIT, "balanced", x=[0, 1])) == 2 * 3
    counterfactual = gb.grid(FIT, "counterfactual", t=["a", "b"])
    assert len(counterfactual) == 2 * N
    assert "counterfactual" not in gb.predictions(FIT, typical).caption
    assert "each at every combination" in gb.predictions(FIT, counterfactual, by="t").caption


def test_a_level_that_the_data_do_not_have_has_no_grid():
    with pytest.raises(gb.PredictionError) as caught:
        gb.grid(FIT, t=["a", "q"])
    assert caught.value.code == "new_level"


def test_the_average_over_the_groups_in_the_data():
    found = flat(gb.predictions(FIT, DATA[:4], estimand="sample"))
    model = FIT.design
    eta = FIT.flat["beta"] @ model.x[:4].T
    b = FIT.flat["b_g"][:, :, 0]
    expected = (1 / (1 + np.exp(-(eta[:, :, None] + b[:, None, :])))).mean(axis=2)
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_a_sample_of_crossed_factors_is_over_observed_combinations():
    data = DATA.assign(h=np.where(np.arange(N) < 30, "h0", "h1"))
    model = gb.Model("y ~ x + (1 | g) + (1 | h)", data, family="bernoulli")
    b_g, b_h = RNG.normal(size=(1, 3, 12, 1)), RNG.normal(size=(1, 3, 2, 1))
    draws = {"beta": RNG.normal(size=(1, 3, 2)), "b_g": b_g, "b_h": b_h}
    draws |= {"sd_g": np.ones((1, 3, 1)), "sd_h": np.full((1, 3, 1), 1.3)}
    fit = gb.Fit.from_draws(model, draws)
    pairs = data[["g", "h"]].drop_duplicates()
    rows = {"x": [0.4]}
    eta = fit.flat["beta"] @ np.array([1.0, 0.4])
    g, h = (sorted(data[name].unique()) for name in ("g", "h"))
    values = [
        1 / (1 + np.exp(-(eta + b_g[0, :, g.index(one), 0] + b_h[0, :, h.index(other), 0])))
        for one, other in pairs.itertuples(index=False)
    ]
    found = flat(gb.predictions(fit, rows, estimand="sample"))[:, 0]
    np.testing.assert_allclose(found, np.mean(values, axis=0), atol=1e-14)


def test_many_groups_are_the_population():
    size = 4000
    data = pd.DataFrame({"y": np.tile([0, 1], size), "g": np.repeat(np.arange(size).astype(str), 2)})
    model = gb.Model("y ~ 1 + (1 | g)", data, family="bernoulli")
    b = np.random.default_rng(3).normal(0, 1.5, (1, 1, size, 1))
    fit = gb.Fit.from_draws(model, {"beta": [[[0.7]]], "sd_g": [[[1.5]]], "b_g": b})
    rows = {"unused": [0.0]}
    sample, population = (
        gb.predictions(fit, rows, estimand=word).draws.item() for word in ("sample", "population")
    )
    se = (1 / (1 + np.exp(-(0.7 + b)))).std() / np.sqrt(size)
    assert abs(sample - population) < 4 * se


@pytest.mark.parametrize("estimand", ["population", "sample"])
def test_tables_threads_and_blocks_change_nothing(estimand):
    rows = pd.DataFrame({"t": "b", "x": np.linspace(-3, 3, 3000), "z": 1})
    whole = flat(gb.predictions(FIT, rows, estimand=estimand))
    few = flat(gb.predictions(FIT, rows[::500], estimand=estimand))
    np.testing.assert_allclose(whole[:, ::500], few, atol=5e-9)
    averaged = flat(gb.predictions(FIT, rows, estimand=estimand, by=True))[:, 0]
    np.testing.assert_allclose(averaged, whole.mean(axis=1), atol=1e-12)
    small = gb.predictions(FIT, rows, estimand=estimand, by=True, max_memory=1e6)
    np.testing.assert_allclose(flat(small)[:, 0], averaged, atol=1e-11)


def test_an_answer_beyond_the_memory_allowed_is_refused():
    rows = pd.DataFrame({"t": "b", "x": np.linspace(-3, 3, 30_000), "z": 1})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, rows, max_memory=1e6)
    assert caught.value.code == "max_memory"


def test_groups_that_differ_in_the_treatment_and_otherwise_are_warned_of():
    share = np.repeat(np.linspace(0.1, 0.9, 20), 20)
    d = (np.tile(np.linspace(0, 1, 20), 20) < share).astype(int)
    g = np.repeat([f"g{k:02d}" for k in range(20)], 20)
    data = pd.DataFrame({"d": d, "g": g, "y": np.tile([0, 1], 200)})
    model = gb.Model("y ~ d + (1 | g)", data, family="bernoulli")
    b = np.linspace(-1, 1, 20)[None, None, :, None] + RNG.normal(0, 0.1, (1, 50, 20, 1))
    values = {"beta": np.zeros((1, 50, 2)), "sd_g": np.ones((1, 50, 1)), "b_g": b}
    with pytest.warns(gb.GlmmWarning, match="group mean of d"):
        gb.comparisons(gb.Fit.from_draws(model, values), "d")
    values["b_g"] = RNG.normal(size=(1, 50, 20, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error", gb.GlmmWarning)
        gb.comparisons(gb.Fit.from_draws(model, values), "d")


def test_a_log_ratio_of_negative_means_is_refused():
    model = gb.Model("y ~ x", pd.DataFrame({"y": [0.0, 1.0, 2.5], "x": [0.0, 1.0, 2.0]}))
    fit = gb.Fit.from_draws(model, {"beta": [[[-1.0, 0.3]]], "sigma": [[1.0]]})
    with pytest.raises(gb.PredictionError, match="not negative"):
        gb.comparisons(fit, "x", measure="log_ratio")


_FLAT = np.random.default_rng(8)
FLAT = pd.DataFrame({"x": _FLAT.normal(size=60), "y": _FLAT.integers(0, 2, 60)}).assign(
    big=lambda frame: 1e6 + frame["x"]
)


def test_values_that_print_alike_are_compared_all_the_same():
    fit = gb.Fit.from_draws(gb.Model("x ~ big", FLAT), {"beta": [[[0.0, 1.0]]], "sigma": [[1.0]]})
    table = gb.comparisons(fit, "big", values=[1000000, 1000001]).summary()
    assert table["mean"][0] == pytest.approx(1.0) and table["contrast"][0] == "1000001 vs 1000000"


def test_the_default_contrast_does_not_depend_on_the_rows_asked_about():
    fit = gb.Fit.from_draws(gb.Model("y ~ x", FLAT, family="bernoulli"), {"beta": [[[0.0, 1.0]]]})
    for rows in ({"x": [0.0, 1.0]}, {"x": [0.0, 1.1]}):
        assert gb.comparisons(fit, "x", newdata=rows).summary()["contrast"][0] == "x + 1 vs x"


def test_one_row_of_new_data_can_be_written_as_scalars():
    fit = gb.Fit.from_draws(gb.Model("y ~ x", FLAT, family="bernoulli"), {"beta": [[[0.0, 1.0]]]})
    assert gb.predictions(fit, {"x": 0.0}).summary()["mean"][0] == 0.5


def test_comparisons_beyond_a_splines_range_warn_once():
    data = FLAT.assign(w=np.linspace(0.0, 1.0, 60))
    model = gb.Model("y ~ bs(w, df = 4) + x:bs(w, df = 4)", data, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": np.zeros((1, 1, 9))})
    with pytest.warns(gb.GlmmWarning, match="extrapolation") as caught:
        gb.comparisons(fit, "w", values=[0.5, 50.0])
    assert len(caught) == 1


@pytest.mark.parametrize(("draws", "event"), [([-0.1, -0.1, 0.0], "fewer"), ([-0.0, 0.1, 0.1], "more")])
def test_a_number_needed_to_treat_of_a_difference_that_ends_at_zero_ends_at_infinity(draws, event):
    flat = np.repeat(draws, 30)[:, None]
    row = MEASURES["nnt"].summarise(flat, Interval(0.99, "eti")).iloc[0]
    assert row["event"] == event and not row["through_infinity"]
    np.testing.assert_allclose(row[["median", "eti99_lb", "eti99_ub"]].astype(float), [10.0, 10.0, np.inf])
