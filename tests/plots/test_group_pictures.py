"""Pictures of random effects show what the table says, in words too."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import glmm_bayes as gb
from glmm_bayes.plots.canvas import GREY, compact


def fit_of(levels=6, draws=50, formula="y ~ 1 + (1 | g)", **columns):
    """Bernoulli rows of which one level has successes only, and one has none."""
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"g": np.repeat([f"g{i:03d}" for i in range(levels)], 8)} | columns)
    outcome = np.resize([0, 1, 1, 0, 1, 0, 0], len(rows))
    outcome[:8], outcome[8:16] = 1, 0
    model = gb.Model(formula, rows.assign(y=outcome), family="bernoulli")
    b = rng.normal(np.linspace(1, -1, levels)[:, None], 0.3, (1, draws, levels, 1))
    values = {"beta": np.zeros((1, draws, 1)), "sd_g": np.full((1, draws, 1), 0.8), "b_g": b}
    return gb.Fit.from_draws(model, values)


def pulls_of(axes):
    """Lines from no pooling to partial pooling; the line of zero is grey."""
    return [line for line in axes.lines if list(line.get_xdata()) == [0, 1] and line.get_color() != GREY]


def test_the_shrinkage_plot_runs_from_own_estimates_by_posterior_means_to_zero():
    fit = fit_of()
    figure = gb.plot_shrinkage(fit, "g")
    assert isinstance(figure, Figure)
    table = gb.random_effects(fit).summary().sort_values("mean")
    axes = figure.axes[0]
    pulls = pulls_of(axes)
    assert len(pulls) == 6
    solid = sorted(tuple(line.get_ydata()) for line in pulls if line.get_linestyle() == "-")
    finite = table[np.isfinite(table["no_pooling"])]
    assert solid == sorted(zip(finite["no_pooling"], finite["mean"], strict=True))
    ends = [line.get_ydata()[1] for line in axes.lines if list(line.get_xdata()) == [1, 2]]
    assert ends == [0] * 6


def test_infinite_own_estimates_are_arrows_outside_all_that_is_finite():
    fit = fit_of()
    axes = gb.plot_shrinkage(fit).axes[0]
    arrows = {line.get_marker(): line.get_ydata()[0] for line in axes.lines if line.get_marker() in "v^"}
    own = gb.random_effects(fit).summary()["no_pooling"]
    finite = own[np.isfinite(own)]
    assert arrows["^"] > finite.max() and arrows["v"] < finite.min()
    texts = [text.get_text() for text in axes.texts]
    assert "1 at ∞" in texts and "1 at −∞" in texts
    assert "arrows" in axes.figure._supxlabel.get_text().lower()


def test_lines_of_levels_with_more_information_are_thicker():
    axes = gb.plot_shrinkage(fit_of()).axes[0]
    pulls = pulls_of(axes)
    shrinkage = gb.random_effects(fit_of()).summary().sort_values("mean", kind="stable")["shrinkage"]
    widths = [line.get_linewidth() for line in pulls]
    np.testing.assert_array_equal(np.argsort(widths, kind="stable"), np.argsort(-shrinkage, kind="stable"))


def test_descriptions_hold_what_the_table_says():
    fit = fit_of()
    table = gb.random_effects(fit).summary().sort_values("mean")
    alt = gb.plot_shrinkage(fit).alt
    finite = table[np.isfinite(table["no_pooling"])]
    low = finite.loc[finite["no_pooling"].idxmin()]
    assert f"{low['level']} from {compact(low['no_pooling'])} to {compact(low['mean'])}" in alt
    assert f"Median shrinkage {table['shrinkage'].median():.2f}" in alt
    assert f"lambda {table.attrs['pooling']['Intercept | g']:.2f}" in alt
    assert "Levels with no finite estimate of their own: 2 of 6" in alt
    caterpillar = gb.plot_random_effects(fit).alt
    assert "subject-specific" in caterpillar and "89% equal-tailed interval" in caterpillar
    assert (
        f"from {compact(table['mean'].min())} (g005) to {compact(table['mean'].max())} (g000)" in caterpillar
    )


def test_many_levels_are_drawn_in_part_and_counted_in_whole():
    fit = fit_of(levels=120, draws=10)
    axes = gb.plot_random_effects(fit).axes[0]
    assert len(axes.get_xticks()) == 40
    figure = gb.plot_shrinkage(fit)
    assert len(pulls_of(figure.axes[0])) == 60
    assert "60 levels are drawn" in " ".join(figure._supxlabel.get_text().split())
    assert "of 120 levels" in figure.alt


def test_levels_in_order_hide_nothing_of_each_other():
    axes = gb.plot_random_effects(fit_of()).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"g00{i}" for i in (5, 4, 3, 2, 1, 0)]


def test_without_an_own_estimate_of_any_level_the_shrinkage_plot_is_refused():
    rows = pd.DataFrame({"y": np.resize([0, 1, 1], 40), "g": np.resize(list("abcdefgh"), 40)})
    rows["h"] = np.roll(rows["g"].to_numpy(), 3)
    model = gb.Model("y ~ 1 + (1 | mm(g, h))", rows, family="bernoulli")
    slug = model.design.groups[0].slug
    draws = {"beta": [[[0.0]]], f"sd_{slug}": [[[1.0]]], f"b_{slug}": np.zeros((1, 1, 8, 1))}
    fit = gb.Fit.from_draws(model, draws)
    with pytest.raises(gb.PredictionError, match="estimate of 'Intercept' of its own") as caught:
        gb.plot_shrinkage(fit)
    assert caught.value.code == "no_pooling"
    assert "none has an estimate" in gb.plot_random_effects(fit).alt


def test_the_same_fit_gives_the_same_bytes():
    assert gb.plot_shrinkage(fit_of()).to_svg() == gb.plot_shrinkage(fit_of()).to_svg()
    assert gb.plot_random_effects(fit_of()).to_svg() == gb.plot_random_effects(fit_of()).to_svg()
