"""Groups that nobody has seen: drawn by label, reproducibly; summarised from their exact distribution."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

import glmm_bayes as gb

RNG = np.random.default_rng(4)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": np.resize([-1.0, 0.0, 0.5, 2.0], ROWS),
        "t": np.resize(["a", "b", "b"], ROWS),
        "g": np.resize(range(1, 11), ROWS),
        "h": np.resize(list("uvw"), ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "count": np.resize([0, 2, 1, 4, 1], ROWS),
        "y": RNG.normal(size=ROWS),
    }
)
RESPONSES = {"gaussian": "y", "bernoulli": "bit", "poisson": "count"}
MANY = 4000
LABELS = [str(level) for level in range(1, 11)]


@cache
def fit_of(family="bernoulli", right="x + (1 + x | g) + (1 | h)", shape=(2, 30), sd=1.0, link=None):
    """A fit whose draws vary; sd scales the random effects."""
    model = gb.Model(f"{RESPONSES[family]} ~ {right}", DATA, family=family, link=link)
    rng = np.random.default_rng(11)
    draws = {"beta": rng.normal(0, 0.4, (*shape, len(model.design.coefficients)))}
    for group in model.design.groups:
        size = len(group.effects)
        draws[f"sd_{group.slug}"] = sd * rng.uniform(0.4, 1.2, (*shape, size))
        if size > 1:
            corr = np.tile(np.eye(size), (*shape, 1, 1))
            corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.9, 0.9, shape)
            draws[f"corr_{group.slug}"] = corr
        draws[f"b_{group.slug}"] = sd * rng.normal(size=(*shape, len(group.levels), size))
    if family == "gaussian":
        draws["sigma"] = rng.uniform(0.5, 2.0, shape)
    return gb.Fit.from_draws(model, draws)


def new(fit, rows=None, **arguments):
    """Draws of ``new_subject``, shape (draw, row)."""
    words = arguments.setdefault("estimand", "new_subject")
    if "new_subject" in ([words] if isinstance(words, str) else words.values()):
        arguments.setdefault("per", "label")
    draws = gb.predictions(fit, None if rows is None else pd.DataFrame(rows), **arguments).draws
    return draws.to_numpy().reshape(-1, draws.sizes["row"])


def near(found, wanted):
    """The sums behind them may be taken in another order."""
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def within_error(sample, exact, axis=0):
    error = sample.std(axis=axis) / np.sqrt(sample.shape[axis])
    assert (np.abs(sample.mean(axis=axis) - exact) < 4 * error).all()


# One draw at the maximum of the toenail trial: eta = -1.6307283, v = 16.13126.
TOENAIL = gb.Fit.from_draws(
    gb.Model("y ~ 1 + (1 | patientID)", gb.load_dataset("toenail"), family="bernoulli"),
    {"beta": [[[-1.6307283]]], "sd_patientID": [[[np.sqrt(16.13126)]]]},
)


def test_the_interval_of_a_new_patient_is_the_published_one():
    table = gb.predictions(TOENAIL, {"patientID": ["new"]}, estimand="new_subject", per="label").summary(0.9)
    assert table["eti90_lb"][0] == pytest.approx(0.000264587052, abs=5e-13)
    assert table["eti90_ub"][0] == pytest.approx(0.993143097965, abs=5e-13)
    assert table["mean"][0] == pytest.approx(0.355173344142, abs=5e-9)
    assert table.attrs["interval_from"] == "exact distribution over draws and new groups"


@pytest.mark.parametrize("key", ["gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("probability", [0.5, 0.89, 0.999])
def test_interval_ends_are_roots_of_the_distribution_function_over_draws_and_groups(key, probability):
    fit = fit_of(key)
    effects = gb.predictions(fit, DATA[:5], estimand="new_subject", per="label")
    table = effects.summary(probability)
    z = fit.design.group("g").z[:5]
    eta = fit.flat["beta"] @ fit.design.x[:5].T
    v = np.einsum("rk,skl,rl->sr", z, fit.covariance("g"), z) + fit.flat["sd_h"] ** 2
    ends = table.filter(like="eti").to_numpy()
    for position, q in enumerate([(1 - probability) / 2, (1 + probability) / 2]):
        reached = stats.norm.cdf((fit.link.link(ends[:, position]) - eta) / np.sqrt(v)).mean(axis=0)
        np.testing.assert_allclose(reached, q, atol=1e-12)
    population = gb.predictions(fit, DATA[:5]).summary()["mean"]
    np.testing.assert_allclose(table["mean"], population, rtol=1e-13, atol=0)
    np.testing.assert_allclose(table["sd"], new(fit, DATA[:5]).std(axis=0, ddof=1))


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_typical_is_the_median_and_population_the_mean_of_new_groups_in_each_draw(link):
    fit = fit_of(shape=(1, 3), link=link)
    rows = pd.DataFrame({"x": 2.0, "g": [f"new {i}" for i in range(MANY)], "h": range(MANY)})
    drawn = new(fit, rows)
    one = rows[:1]
    typical = new(fit, one, estimand="typical")[:, 0]
    within_error(drawn.T, new(fit, one, estimand="population")[:, 0])
    within_error((drawn < typical[:, None]).T.astype(float), 0.5)
    single = fit_of(shape=(1, 1), link=link)
    law = gb.predictions(single, DATA[:4], estimand="new_subject", per="label").law
    near(law.quantile(0.5), new(single, DATA[:4], estimand="typical")[0])


def test_under_an_identity_link_the_mean_of_new_groups_is_the_typical_one():
    fit = fit_of("gaussian")
    table = gb.predictions(fit, DATA[:4], estimand="new_subject", per="label").summary()
    near(table["mean"], gb.predictions(fit, DATA[:4], estimand="typical").summary()["mean"])


def test_without_variance_new_groups_are_typical():
    fit = fit_of(sd=0.0)
    np.testing.assert_array_equal(new(fit, DATA), new(fit, DATA, estimand="typical"))
    draws = new(fit, DATA[:4], estimand="typical")
    table = gb.predictions(fit, DATA[:4], estimand="new_subject", per="label").summary(0.75)
    wanted = np.quantile(draws, [0.125, 0.875], axis=0, method="inverted_cdf")
    near(table.filter(like="eti").to_numpy().T, wanted)


def test_moments_of_correlated_effects_of_new_groups_are_those_of_their_distribution():
    fit = fit_of("gaussian", "x + (1 + x | g)", shape=(1, 2))
    labels = [f"new {i}" for i in range(MANY)]
    at_0, at_1 = (new(fit, {"x": float(x), "g": labels}) - fit.flat["beta"] @ [[1.0], [x]] for x in (0, 1))
    b = np.stack([at_0, at_1 - at_0])  # (effect, draw, label)
    within_error(np.moveaxis(b, 2, 0), 0.0)
    products = np.einsum("ksl,msl->lskm", b, b)
    within_error(products, fit.covariance("g"))
    assert abs(np.corrcoef(b[0, 0], b[0, 1])[0, 1]) < 4 / np.sqrt(MANY), "draws are independent"


def test_crossed_factors_are_drawn_each_by_its_own_label():
    fit = fit_of("gaussian")
    rows = pd.DataFrame({"x": 0.0, "g": [1, 1, 2, 2], "h": ["u", "v", "u", "v"]})
    drawn = new(fit, rows)
    near(drawn[:, 0] - drawn[:, 1], drawn[:, 2] - drawn[:, 3])
    near(drawn[:, 0] - drawn[:, 2], drawn[:, 1] - drawn[:, 3])
    assert (np.abs(drawn[:, 0] - drawn[:, 1]) > 1e-6).all()


def test_a_new_child_may_have_a_known_parent_and_its_own_label():
    fit = fit_of("gaussian", "1 + (1 | h/g)")
    words = {"h": "subject", "h:g": "new_subject"}
    rows = pd.DataFrame({"h": ["u", "v", "u"], "g": ["new", "new", "new"]})
    drawn = new(fit, rows, estimand=words)
    known = new(fit, rows, estimand={"h": "subject", "h:g": "typical"})
    child = drawn - known
    near(child[:, 0], child[:, 2])
    assert (np.abs(child[:, 0] - child[:, 1]) > 1e-6).all(), "one label under two parents is two groups"
    with pytest.raises(gb.PredictionError, match="known level of 'h'"):
        new(fit, DATA, estimand={"h": "new_subject", "h:g": "subject"})


def test_a_label_that_is_known_is_a_new_group_too_and_the_table_says_so():
    fit = fit_of("gaussian", "x + (1 | g)")
    effects = gb.predictions(fit, DATA[:1], estimand="new_subject", per="label")
    assert "also for one that the data had" in effects.caption
    assert (np.abs(new(fit, DATA[:1]) - new(fit, DATA[:1], estimand="subject")) > 1e-6).any()


def test_the_same_call_gives_the_same_bits_and_another_seed_others():
    fit = fit_of()
    first = new(fit, DATA)
    np.testing.assert_array_equal(new(fit, DATA), first)
    np.testing.assert_array_equal(new(fit, DATA, seed=0), first)
    np.testing.assert_array_equal(new(fit), first)
    assert (new(fit, DATA, seed=1) != first).all()


def test_the_seed_of_new_groups_is_that_of_the_fit():
    fit = fit_of()
    with_seed = gb.Fit(fit.definition, fit.draws, {"seed": 7})
    np.testing.assert_array_equal(new(with_seed, DATA), new(fit, DATA, seed=7))
    assert gb.predictions(with_seed, DATA, estimand="new_subject", per="label").attrs["seed"] == 7


def test_permuted_rows_permute_and_further_rows_change_nothing():
    fit = fit_of()
    all_rows = new(fit, DATA)
    order = RNG.permutation(ROWS)
    near(new(fit, DATA.iloc[order]), all_rows[:, order])
    near(new(fit, DATA[7:9]), all_rows[:, 7:9])
    others = DATA.assign(g=DATA["g"] + 50)
    both = np.hstack([all_rows, new(fit, others)])
    near(new(fit, pd.concat([DATA, others])), both)


def test_rows_of_one_label_share_its_effects_whatever_the_labels_type():
    fit = fit_of("gaussian", "1 + (1 | g)")
    drawn = new(fit, {"g": [5, 6, 5]})
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 2])
    assert (drawn[:, 0] != drawn[:, 1]).all()
    for labels in (["5", "6", "5"], [5.0, 6.0, 5.0], pd.Categorical(["5", "6", "5"], ["6", "x", "5"])):
        np.testing.assert_array_equal(new(fit, {"g": labels}), drawn)


def test_rows_without_the_grouping_column_share_one_new_group():
    fit = fit_of("gaussian", "x + (1 | g)")
    drawn = new(fit, {"x": [0.0, 0.0, 1.0]}, per=None)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    near(drawn[:, 2] - drawn[:, 0], fit.flat["beta"][:, 1])


def test_labels_that_read_alike_when_joined_stay_apart():
    fit = fit_of("gaussian", "1 + (1 | g:h)")
    drawn = new(fit, {"g": ["u:v", "u"], "h": ["w", "v:w"]})
    assert (drawn[:, 0] != drawn[:, 1]).all()


def test_more_chains_leave_the_first_ones_alone():
    two = fit_of("gaussian", "1 + (1 | g)", shape=(2, 30))
    draws = {name: two.draws["posterior"][name].to_numpy() for name in ("beta", "sd_g", "sigma")}
    one = gb.Fit.from_draws(
        gb.Model("y ~ 1 + (1 | g)", DATA), {name: value[:1] for name, value in draws.items()}
    )
    near(new(one, {"g": ["new"]}), new(two, {"g": ["new"]})[:30])


def test_blocks_of_rows_do_not_show(monkeypatch):
    from glmm_bayes.fit import linear_predictor

    fit = fit_of()
    whole, mean = new(fit, DATA), new(fit, DATA, by="t")
    monkeypatch.setattr(linear_predictor, "BLOCK_ELEMENTS", 500)
    near(new(fit, DATA), whole)
    near(new(fit, DATA, by="t"), mean)


@pytest.mark.parametrize("by", [True, "t", ["t", "h"]])
def test_averages_are_those_of_the_drawn_rows(by):
    fit = fit_of()
    rows = new(fit, DATA)
    effects = gb.predictions(fit, DATA, estimand="new_subject", per="label", by=by)
    assert effects.attrs["interval_from"] == "draws"
    keys = [np.zeros(ROWS)] if by is True else [DATA[name] for name in np.atleast_1d(by)]
    wanted = pd.DataFrame(rows.T).groupby(keys).mean().to_numpy().T
    near(effects.draws.to_numpy().reshape(wanted.shape), wanted)
    table = effects.summary()
    np.testing.assert_allclose(table["eti89_lb"], np.quantile(wanted, 0.055, axis=0))


def test_a_comparison_keeps_the_group_at_each_value():
    fit = fit_of("gaussian", "x + t + (1 + x | g)")
    drawn = gb.comparisons(fit, "t", estimand="new_subject", per="label", newdata=DATA[:3]).draws.to_numpy()
    near(drawn.reshape(-1), fit.flat["beta"][:, 2])
    high, low = (new(fit_of(), DATA.assign(x=x), by=True) for x in (1.5, 0.0))
    slope = gb.comparisons(
        fit_of(),
        "x",
        measure="log_odds_ratio",
        estimand="new_subject",
        per="label",
        values=[0.0, 1.5],
        newdata=DATA,
    )
    near(slope.draws.to_numpy().reshape(-1, 1), np.log(high / (1 - high)) - np.log(low / (1 - low)))


def test_other_factors_may_be_integrated_around_a_new_group():
    from glmm_bayes.core.integrals import population_mean

    fit = fit_of()
    words = {"g": "population", "h": "new_subject"}
    effects = gb.predictions(fit, DATA[:6], estimand=words, per="label")
    assert effects.attrs["interval_from"] == "draws"
    eta = new(fit, DATA[:6], estimand={"g": "typical", "h": "new_subject"}, scale="link")
    z = fit.design.group("g").z[:6]
    v = np.einsum("rk,skl,rl->sr", z, fit.covariance("g"), z)
    near(effects.draws.to_numpy().reshape(eta.shape), population_mean(fit.link, eta, v).value)


def test_on_the_links_scale_new_groups_are_normal():
    fit = fit_of(shape=(1, 1))
    table = gb.predictions(fit, DATA[:3], estimand="new_subject", per="label", scale="link").summary(0.9)
    z = fit.design.group("g").z[:3]
    eta = (fit.flat["beta"] @ fit.design.x[:3].T)[0]
    sd = np.sqrt(np.einsum("rk,kl,rl->r", z, fit.covariance("g")[0], z) + fit.flat["sd_h"][0] ** 2)
    near(table["mean"], eta)
    near(table["eti90_ub"], eta + stats.norm.ppf(0.95) * sd)


def test_members_of_a_row_are_each_a_new_group():
    data = DATA.assign(k=DATA["g"].to_numpy()[::-1])
    model = gb.Model("y ~ 1 + (1 | mm(g, k))", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0]]], "sd_mm_g_k": [[[2.0]]], "sigma": [[1.0]]})
    labels = [f"new {i}" for i in range(MANY)]
    others = [f"other {i}" for i in range(MANY)]
    within_error(new(fit, {"g": labels, "k": others})[0] ** 2, 4 * (0.25 + 0.25))
    within_error(new(fit, {"g": labels, "k": labels})[0] ** 2, 4.0)
    pair = new(fit, {"g": ["a", "b", "a", "b"], "k": ["b", "a", "a", "b"]})
    near(pair[:, 0], pair[:, 1])
    near(pair[:, 0], (pair[:, 2] + pair[:, 3]) / 2)
    table = gb.predictions(fit, {"g": ["a"], "k": ["b"]}, estimand="new_subject", per="label").summary(0.9)
    assert table["eti90_ub"][0] == pytest.approx(2.0 * np.sqrt(0.5) * stats.norm.ppf(0.95), rel=1e-12)


def test_new_groups_of_t_effects_have_a_t_distribution():
    model = gb.Model('bit ~ 1 + (1 | gr(g, dist = "student"))', DATA, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.3]]], "sd_g": [[[1.5]]], "df_g": [[5.0]]})
    eta = new(fit, {"g": range(MANY)}, scale="link")[0]
    scale = 1.5 * np.sqrt(3 / 5)
    assert stats.kstest((eta - 0.3) / scale, stats.t(5).cdf).pvalue > 1e-3
    effects = gb.predictions(fit, {"g": ["new"]}, estimand="new_subject", per="label")
    assert effects.attrs["interval_from"] == "draws"


REFUSED = [
    ("count ~ 1 + (1 | gr(g, cov = K))", {"beta": [0.2], "sd_g": [0.8]},
     "[new_group] levels of 'g' are correlated with each other (known): the place of a new level among "
     'them is not known. Ask for estimand="typical", or for "population" or "subject" at known levels.'),
    ('count ~ 1 + (1 | gr(g, dist = "student"))', {"beta": [0.2], "sd_g": [0.8], "df_g": 5.0},
     "[estimand_undefined] new groups have no mean: t effects of 'g' under the log link. "
     'Ask for estimand="typical" or "subject".'),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "draws", "message"), REFUSED)
def test_new_groups_that_have_no_distribution_or_no_mean_are_refused(formula, draws, message):
    kinship = pd.DataFrame(np.eye(10) + 0.1, index=LABELS, columns=LABELS)
    known = {"K": kinship} if "K" in formula else None
    model = gb.Model(formula, DATA, family="poisson", known=known)
    fit = gb.Fit.from_draws(model, {k: np.asarray(v, float)[None, None] for k, v in draws.items()})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit, {"g": ["new"]}, estimand="new_subject", per="label")
    assert str(caught.value) == message


QUESTIONS = [
    ({"newdata": DATA.assign(g=np.repeat([99, 98, 1], 20)), "estimand": "subject"},
     "[new_group] 'g': 2 levels were not in the training data (99, 98; rows 0, 1, 2, 3, 4 (+35 more)). "
     'Ask for estimand="population" (average over groups), "typical" (effect 0) or "new_subject" (one new '
     "group)."),
    ({"newdata": DATA[:1].assign(g="x"), "estimand": "subject"},
     "[new_group] 'g': 1 level was not in the training data (x; row 0). "
     'Ask for estimand="population" (average over groups), "typical" (effect 0) or "new_subject" (one new '
     "group)."),
    ({"newdata": DATA.drop(columns="h"), "estimand": "subject"},
     "[newdata_schema] new data: column 'h' missing."),
    ({"seed": -1}, "[settings] seed must be a whole number from 0 to 2**63 - 1, found -1."),
    ({"seed": 1.5}, "[settings] seed must be a whole number from 0 to 2**63 - 1, found 1.5."),
    ({"newdata": DATA.assign(g=0.5), "per": "label"},
     "[column_type] column 'g' is float64 with fractions (rows 0, 1, 2, 3, 4 (+55 more): 0.5, 0.5, 0.5, 0.5, "
     "0.5, ...); levels must be whole numbers or labels. "
     'Write data["g"].astype(str) if labels are meant.'),
    ({"newdata": DATA[:2].assign(h=[None, "u"]), "per": "label"},
     "[missing_values] column 'h': 1 of 2 values missing (row 0). Fill them, or leave those rows out."),
    ({"by": []}, "[by] by must be the name of a column, a list of names, True or None, found []."),
    ({"by": 3}, "[by] by must be the name of a column, a list of names, True or None, found 3."),
    ({"by": "region"}, "[unknown_column] by: no column 'region' among those the model reads. "
     "Columns: bit, x, g, h. Others come with newdata=, as in newdata=data."),
    ({"newdata": DATA[["x", "g"]], "by": "region"},
     "[unknown_column] by: no column 'region' in newdata. Columns: x, g."),
    ({"newdata": DATA[:2].assign(region=["n", None]), "by": "region"},
     "[missing_values] column 'region': 1 of 2 values missing (row 1). Fill them, or leave those rows out."),
    ({"newdata": DATA[:2].assign(region=[1j, 2j]), "by": "region"},
     "[column_type] column 'region' holds complex; it must hold numbers or labels. "
     "Give its real and imaginary parts as two columns."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), QUESTIONS, ids=range(len(QUESTIONS)))
def test_a_wrong_question_about_new_rows_is_refused_in_these_words(arguments, message):
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit_of(), **{"estimand": "new_subject", **arguments})
    assert str(caught.value) == message


def test_a_comparison_is_not_made_within_the_compared_variable():
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(fit_of(), "x", by=["h", "x"])
    assert (caught.value.code, caught.value.column) == ("by", "x")
    assert "cannot be averaged within" in str(caught.value)


@pytest.mark.parametrize("container", ["dict", "polars", "pyarrow"])
def test_columns_of_any_container_may_be_averaged_within(container):
    rows = {"x": [0.0, 1.0, 2.0], "region": ["s", "n", "s"]}
    if container != "dict":
        library = pytest.importorskip(container)
        rows = library.DataFrame(rows) if container == "polars" else library.table(rows)
    table = gb.predictions(fit_of(), rows, by="region").summary()
    assert list(table["region"]) == ["n", "s"]
    apart = gb.predictions(fit_of(), rows).summary()["mean"]
    near(table["mean"], [apart[1], (apart[0] + apart[2]) / 2])


def test_columns_called_like_those_of_the_summary_are_shown_under_another_name():
    data = DATA.rename(columns={"x": "mean", "t": "eti89_lb", "h": "contrast"}).assign(mean_=1.0)
    model = gb.Model("y ~ mean + (1 | contrast) + eti89_lb", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0]]], "sd_contrast": [[[1.0]]], "sigma": [[1.0]]})
    effects = gb.predictions(fit, data[:3])
    table = effects.summary()
    assert table.columns.is_unique and list(table["mean_"]) == list(data["mean"][:3])
    assert "column 'mean' of the rows is shown as 'mean_'." in effects.attrs["notes"]
    assert "note: column 'mean' of the rows is shown as 'mean_'." in str(effects)
    compared = gb.comparisons(fit, "mean", by="contrast").summary()
    assert list(compared.columns[:3]) == ["variable", "contrast", "contrast_"]


def test_without_random_effects_a_new_group_is_any_row():
    fit = fit_of(right="x")
    np.testing.assert_array_equal(new(fit, DATA), new(fit, DATA, estimand="typical"))


def test_a_saved_fit_draws_the_same_new_groups(tmp_path):
    fit = fit_of()
    fit.save(tmp_path / "fit.glmm")
    np.testing.assert_array_equal(new(gb.load(tmp_path / "fit.glmm"), DATA), new(fit, DATA))


def test_plots_and_tables_name_the_new_group():
    effects = gb.predictions(fit_of(), DATA[:4], estimand="new_subject", per="label")
    assert "over draws and new groups" in effects.caption
    assert "new group" in effects.plot().alt and "new group" in effects._repr_html_()
    assert effects.summary().attrs["estimand"] == "new_subject"


@pytest.mark.parametrize("probability", [1e-6, 0.05, 0.5, 0.975])
def test_quantiles_of_a_mixture_are_where_its_distribution_function_says(probability):
    from glmm_bayes.core.normal_mixture import mixture_quantile

    rng = np.random.default_rng(8)
    center = np.column_stack([rng.normal(size=200), np.repeat([-40.0, 40.0], 100), np.zeros(200)])
    sd = np.column_stack([rng.uniform(0.01, 3, 200), np.full(200, 1e-3), rng.uniform(0, 1e-9, 200)])
    found = mixture_quantile(center, sd, probability)
    reached = stats.norm.cdf((found - center) / sd).mean(axis=0)
    np.testing.assert_allclose(reached, probability, rtol=1e-9)


def test_a_mixture_of_points_has_the_quantiles_of_its_points():
    from glmm_bayes.core.normal_mixture import mixture_quantile

    points = np.random.default_rng(9).normal(size=(101, 3))
    for q in (0.05, 0.5, 0.9):
        wanted = np.quantile(points, q, axis=0, method="inverted_cdf")
        np.testing.assert_array_equal(mixture_quantile(points, np.zeros((101, 3)), q), wanted)


def test_the_mean_of_many_new_groups_is_the_population_mean():
    fit = fit_of("poisson", shape=(1, 4), sd=0.5)
    labels = np.arange(MANY)
    drawn = new(fit, {"x": 0.5, "g": labels, "h": labels})
    within_error(drawn.T, new(fit, {"x": [0.5]}, estimand="population")[:, 0])
    by_hand = fit_of(shape=(1, 1), right="1 + (1 | g)")
    eta = new(by_hand, {"g": labels}, scale="link")
    near(new(by_hand, {"g": labels}), expit(eta))


def test_new_groups_beside_the_average_over_groups_in_the_data():
    fit = fit_of()
    rows = pd.DataFrame({"x": [0.5, 2.0], "g": ["new", "other"]})
    found = new(fit, rows, estimand={"g": "new_subject", "h": "sample"}, seed=3)
    each = [
        new(fit, rows.assign(h=level), estimand={"g": "new_subject", "h": "subject"}, seed=3)
        for level in "uvw"
    ]
    near(found, np.mean(each, axis=0))
    table = gb.predictions(
        fit, rows, estimand={"g": "new_subject", "h": "sample"}, seed=3, per="label"
    ).summary()
    assert table.attrs["interval_from"] == "draws"
    np.testing.assert_allclose(table["mean"], found.mean(axis=0))
