"""Ordered categories are asked like other responses, and each answer is held to brute force."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects.ordered_responses import BETA, CDF, DATA, LEVELS, NODES, SD, TAU, WEIGHTS, probabilities

FAMILIES = ("cumulative", "sratio", "cratio", "acat")
SCORES = np.arange(1.0, 5.0)


@cache
def model_of(family="cumulative", link="logit", right="t + x + (1 | g) + (1 | h)"):
    return gb.Model(f"y ~ {right}", DATA, family=family, link=link)


def fit_of(*model):
    """Three draws: the first is the model of the constants above."""
    model = model_of(*model)
    rng = np.random.default_rng(7)
    moved = np.array([0.0, 0.2, -0.3])[None, :, None]
    size = len(model.design.coefficients)
    draws = {"beta": BETA[:size] + moved, "thresholds": TAU + moved * [1.0, 0.5, -0.5]}
    for factor in (group.factor for group in model.design.groups):
        draws[f"sd_{factor}"] = SD[factor] + 0.5 * moved
        draws[f"b_{factor}"] = rng.normal(0, 1, (1, 3, DATA[factor].nunique(), 1))
    return gb.Fit.from_draws(model, draws)


def one_draw(*model, tau=TAU, sd=SD):
    model = model_of(*model)
    size = len(model.design.coefficients)
    sds = {f"sd_{group.factor}": [[[sd[group.factor]]]] for group in model.design.groups}
    return gb.Fit.from_draws(model, {"beta": [[BETA[:size]]], "thresholds": [[tau]], **sds})


def etas(t=None):
    return DATA.assign(t=DATA.t if t is None else t)[["t", "x"]].to_numpy() @ BETA


def upper(p):
    return np.cumsum(p[..., ::-1], axis=-1)[..., ::-1][..., 1:]


def first(effects):
    return effects.draws.to_numpy()[0, 0]


V = SD["g"] ** 2 + SD["h"] ** 2


def test_published_probabilities_add_up_to_those_of_a_category_or_a_higher_one():
    fit, rows = one_draw("cumulative", "logit", "t + (1 | g)"), pd.DataFrame({"t": [0.4 / 0.9]})
    published = np.array([0.268503779, 0.249162802, 0.241785960, 0.240547459])
    expected = {"response": published, "at_least": upper(published), "score": published @ SCORES}
    for scale, values in expected.items():
        np.testing.assert_allclose(first(gb.predictions(fit, rows, scale=scale)), values, atol=2e-8)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample", "new_subject"])
def test_every_estimand_has_both_scales_from_the_same_probabilities(family, estimand):
    fit = fit_of(family)
    p = gb.predictions(fit, estimand=estimand).draws.to_numpy().reshape(3, 24, 4)
    at_least = gb.predictions(fit, estimand=estimand, scale="at_least")
    score = gb.predictions(fit, estimand=estimand, scale="score")
    np.testing.assert_allclose(at_least.draws.to_numpy().reshape(3, 24, 3), upper(p), atol=1e-8)
    np.testing.assert_allclose(score.draws.to_numpy().reshape(3, 24), p @ SCORES, atol=4e-8)
    assert at_least.grid["category"].tolist() == LEVELS[1:] * 24 and "category" not in score.grid
    assert at_least.attrs["scale"] == "at_least" and "P(y >= k)" in at_least.caption
    assert "expected score of y (low is 1, top is 4)" in score.caption


@pytest.mark.parametrize("family", FAMILIES)
def test_cumulative_odds_ratios_are_those_of_averages_over_groups_and_rows(family):
    odds = []
    for t in (1, 0):
        groups = probabilities(family, "logit", etas(t)[:, None] + np.sqrt(V) * NODES)
        mean = upper(WEIGHTS @ groups).mean(axis=0)
        odds.append(mean / (1 - mean))
    found = gb.comparisons(fit_of(family), "t", measure="cumulative_odds_ratio")
    np.testing.assert_allclose(first(found), odds[0] / odds[1], rtol=1e-7)
    assert found.grid["category"].tolist() == LEVELS[1:]
    assert found.attrs["null"] == 1.0 and "cumulative odds ratio of means in P(y >= k), t" in found.caption
    same = gb.comparisons(fit_of(family), "t", measure="odds_ratio", scale="at_least")
    np.testing.assert_array_equal(found.draws, same.draws)


def test_subject_specific_cumulative_odds_ratios_are_those_of_the_model():
    found = gb.comparisons(
        fit_of(), "t", measure="cumulative_odds_ratio", estimand="typical", newdata=DATA.head(1)
    )
    np.testing.assert_allclose(found.draws[0, 0], np.exp(BETA[0]), rtol=1e-10)


def test_averages_keep_their_digits_where_a_category_is_rare():
    fit = one_draw("cumulative", "logit", "t + (1 | g)", tau=[20.0, 60.0, 700.0], sd={"g": 1e-9})
    found = gb.comparisons(fit, "t", measure="cumulative_odds_ratio")
    np.testing.assert_allclose(found.draws[0, 0], np.exp(0.9), rtol=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_slopes_of_scores_and_of_higher_categories_are_derivatives(family):
    fit, h = fit_of(family), 1e-5
    for scale in ("at_least", "score"):
        slope = gb.slopes(fit, "x", scale=scale)
        rows = [DATA.assign(x=DATA.x + step) for step in (h, -h)]
        ends = [gb.predictions(fit, moved, scale=scale, by=True).draws for moved in rows]
        np.testing.assert_allclose(slope.draws, (ends[0] - ends[1]) / (2 * h), atol=2e-6)


MODELS = [(family, link) for family in FAMILIES for link in CDF if (family, link) != ("acat", "probit")]


def moments_of(family, link, eta):
    """Return mean, variance between groups, and within, of the score."""
    p = probabilities(family, link, eta + np.sqrt(V) * NODES)
    score, square = p @ SCORES, p @ np.square(SCORES)
    mean = WEIGHTS @ score
    return mean, WEIGHTS @ np.square(score - mean), WEIGHTS @ (square - np.square(score))


@pytest.mark.parametrize(("family", "link"), MODELS)
def test_shares_of_the_variance_of_scores(family, link):
    mean, between, within = np.array([moments_of(family, link, eta) for eta in etas()]).T
    whole = mean.var() + between.mean() + within.mean()
    only = one_draw(family, link)
    table = gb.r2(only).summary().set_index(["scale", "quantity"])["mean"]
    assert table["response", "R2 population"] == pytest.approx(mean.var() / whole, rel=1e-8)
    shown = (mean.var() + between.mean()) / whole
    assert table["response", "R2 conditional"] == pytest.approx(shown, rel=1e-8)
    icc = gb.icc(only).summary()
    assert icc["mean"].item() == pytest.approx(between.mean() / (between + within).mean(), rel=1e-8)
    assert "scores of y (low is 1, top is 4)" in icc.attrs["estimand_description"]
    rows = gb.icc(only, DATA.head(3)).summary()["mean"]
    np.testing.assert_allclose(rows, (between / (between + within))[:3], rtol=1e-8)


@pytest.mark.parametrize(("family", "link"), MODELS)
def test_scores_of_one_level_of_one_factor_and_of_two_rows_of_a_group(family, link):
    fit = one_draw(family, link)

    def covariance(one, two, shared):
        z = np.sqrt(shared) * NODES
        rest = np.sqrt(V - shared) * NODES
        s = [
            np.tensordot(probabilities(family, link, eta + z[:, None] + rest) @ SCORES, WEIGHTS, axes=(1, 0))
            for eta in (one, two)
        ]
        return WEIGHTS @ (s[0] * s[1]) - (WEIGHTS @ s[0]) * (WEIGHTS @ s[1])

    parts = [moments_of(family, link, eta) for eta in etas()[:2]]
    total = [between + within for _, between, within in parts]
    for factor, sd in SD.items():
        own = [covariance(eta, eta, sd**2) / part for eta, part in zip(etas()[:2], total, strict=True)]
        np.testing.assert_allclose(gb.icc(fit, DATA.head(2), factor=factor).summary()["mean"], own, rtol=1e-7)
    both = covariance(*etas()[:2], V) / np.sqrt(total[0] * total[1])
    found = gb.implied_correlation(fit, DATA.head(2)).summary()
    assert found["mean"].item() == pytest.approx(both, rel=1e-7)
    assert "two scores of y" in found.attrs["estimand_description"]


@pytest.mark.parametrize("link", CDF)
def test_latent_shares_divide_by_the_variance_of_the_latent_residual(link):
    fit = one_draw("cumulative", link)
    residual = {"logit": np.pi**2 / 3, "probit": 1.0}[link]
    fixed = etas().var()
    table = gb.r2(fit).summary().set_index(["scale", "quantity"])["mean"]
    assert table["latent", "R2 population"] == pytest.approx(fixed / (fixed + V + residual))
    assert table["latent", "R2 conditional"] == pytest.approx((fixed + V) / (fixed + V + residual))
    components = gb.variance_components(fit).summary().set_index(["factor", "quantity"])["mean"]
    assert components["g", "ICC, latent scale"] == pytest.approx(SD["g"] ** 2 / (V + residual))
    # What one verb has, the other does not refuse.
    assert len(gb.icc(fit).summary()) == 1


def test_a_small_variance_keeps_its_digits():
    found = gb.icc(one_draw(sd={"g": 1e-5, "h": 1e-6}), DATA.head(1)).summary()["mean"].item()
    h = 1e-4
    ends = [probabilities("cumulative", "logit", etas()[:1] + k * h) @ SCORES for k in (1, -1)]
    p = probabilities("cumulative", "logit", etas()[:1])
    variance = p @ np.square(SCORES) - np.square(p @ SCORES)
    slope = (ends[0] - ends[1]) / (2 * h)
    assert found == pytest.approx(((1e-10 + 1e-12) * slope**2 / variance).item(), rel=1e-6)


REFUSED = [
    (lambda fit: gb.comparisons(fit, "t", measure="odds_ratio", scale="score"), 'Write scale="at_least"'),
    (lambda fit: gb.comparisons(fit, "t", measure="cumulative_odds_ratio", scale="score"), "'at_least'"),
    (lambda fit: gb.comparisons(fit, "t", measure="ratio", scale="link"), "scale of the response"),
    (lambda fit: gb.predictions(fit, scale="at_least", parameter="mu"), "Leave parameter= out"),
    (lambda fit: gb.predictions(fit, scale="exc.prob"), 'scale="at_least"'),
    (lambda fit: gb.predictions(fit, scale="mean.class"), 'scale="score"'),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_questions_that_ordered_categories_have_no_answer_to(call, words):
    with pytest.raises(gb.PredictionError) as caught:
        call(fit_of())
    assert words in str(caught.value)


@pytest.mark.parametrize("scale", ["at_least", "score"])
def test_responses_without_order_say_what_they_have(scale):
    names = gb.Model("y ~ t", DATA.assign(y=DATA.y.astype(str)), family="categorical")
    fit = gb.Fit.from_draws(names, {f"mu_{k}_beta": [[[0.1, 0.2]]] for k in ("low", "mid", "top")})
    with pytest.raises(gb.PredictionError, match=r"ordered categories.*of each category"):
        gb.predictions(fit, scale=scale)
    numbers = gb.Model("x ~ t", DATA)
    fit = gb.Fit.from_draws(numbers, {"beta": [[[0.1, 0.2]]], "sigma": [[1.0]]})
    with pytest.raises(gb.PredictionError, match=r"ordered categories.*is its mean"):
        gb.slopes(fit, "t", scale=scale)
    with pytest.raises(gb.PredictionError, match="needs a response with ordered categories"):
        gb.comparisons(fit, "t", measure="cumulative_odds_ratio")


def test_an_estimand_holds_the_scale_for_every_verb():
    asked = gb.Estimand("typical", scale="score")
    fit = fit_of()
    assert gb.comparisons(fit, "t", estimand=asked).attrs["scale"] == "score"
    table = gb.estimands(fit, "t", measure="cumulative_odds_ratio").summary()
    assert table["category"].tolist() == LEVELS[1:] * 5


@pytest.mark.parametrize("measure", ["difference", "cumulative_odds_ratio"])
def test_pictures_name_what_is_drawn(measure):
    picture = gb.comparisons(fit_of(), "t", measure=measure, scale="at_least").plot()
    assert "P(y >= k)" in picture.alt and "category = top" in picture.alt


def test_log_odds_ratios_row_by_row_are_named_after_no_link():
    found = gb.comparisons(
        fit_of("cumulative", "probit"), "t", measure="mean_log_odds_ratio", scale="at_least"
    )
    assert found.caption.startswith("mean over rows of log odds ratios in P(y >= k), t; ")


NEEDS_ONE = (
    "needs a mean that is the inverse link of one linear predictor; probabilities of categories are not"
)
REMEDIES = [
    (lambda fit: gb.predictions(fit, scale="link"), lambda fit: gb.predictions(fit, parameter="mu")),
    (gb.attenuation, gb.coefficients),
    (gb.fan, lambda fit: gb.fan(fit, parameter="mu")),
]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("call", "remedy"), REMEDIES)
def test_what_stays_refused_is_refused_in_one_voice_and_its_remedy_works(family, call, remedy):
    with pytest.raises(gb.PredictionError, match=NEEDS_ONE):
        call(fit_of(family))
    assert str(remedy(fit_of(family)))


def test_curves_of_categories_are_those_of_their_probabilities():
    assert "P(y = k) along x, one for each category" in gb.plot_curves(fit_of(), "x").alt


def t_fit():
    model = gb.Model('y ~ t + x + (1 | gr(g, dist = "student"))', DATA, family="cumulative")
    draws = {"beta": [[BETA]], "thresholds": [[TAU]], "sd_g": [[[1.0]]], "df_g": [[5.0]]}
    return gb.Fit.from_draws(model, draws | {"b_g": np.zeros((1, 1, 6, 1))})


def test_t_effects_leave_what_can_be_answered(tmp_path):
    picture = gb.plot_curves(t_fit(), "x")
    assert "typical group" in picture.alt and "population-averaged" not in picture.alt
    assert "Without population: t effects under cumulative are not integrated here." in picture.alt
    assert picture.estimands == ("typical",)
    assert "population-averaged answers" not in gb.coefficients(t_fit()).side_by_side().attrs["caption"]
    path = gb.report(t_fit(), tmp_path / "t.html")
    assert "Left out: t effects under cumulative are not integrated here." in path.read_text(encoding="utf-8")


MEASURE = "measure='cumulative_odds_ratio' needs a response with ordered categories"


@pytest.mark.parametrize(
    ("formula", "family", "remedy"),
    [("x ~ t", "gaussian", "difference"), ("t ~ x", "bernoulli", "odds_ratio")],
)
def test_a_measure_of_ordered_categories_is_refused_by_its_name_and_its_remedy_works(formula, family, remedy):
    model = gb.Model(formula, DATA, family=family)
    draws = {"beta": [[[0.1, 0.2]]]} | ({"sigma": [[1.0]]} if family == "gaussian" else {})
    fit, variable = gb.Fit.from_draws(model, draws), formula[-1]
    with pytest.raises(gb.PredictionError, match=MEASURE) as caught:
        gb.comparisons(fit, variable, measure="cumulative_odds_ratio")
    assert f'measure="{remedy}"' in str(caught.value)
    assert len(gb.comparisons(fit, variable, measure=remedy).grid) == 1


def test_one_row_is_no_hypothesis_and_more_come_of_by():
    with pytest.raises(gb.PredictionError, match="by= with a column"):
        gb.predictions(fit_of(), scale="score", by=True, hypothesis="pairwise")
    assert len(gb.predictions(fit_of(), scale="score", by="t", hypothesis="pairwise").grid) == 1


def test_whole_numbers_are_told_their_positions():
    data = DATA.assign(r=np.resize([1, 2, 4], 24))
    model = gb.Model("r ~ t", data, family="cumulative")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.5]]], "thresholds": [[[-1.0, 1.0]]]})
    assert "expected score of r (1 is 1, 4 is 3)" in gb.predictions(fit, scale="score").caption


def test_shares_without_a_latent_scale_do_not_speak_of_one():
    assert "latent" not in gb.r2(one_draw("acat")).summary().attrs["caption"]
    assert "latent scale: Nakagawa's" in gb.r2(one_draw()).summary().attrs["caption"]
