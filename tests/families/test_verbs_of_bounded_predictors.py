"""Verbs on mixed models of probabilities under log, identity and logc: an answer inside, or a refusal."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache, partial
from html import unescape
from inspect import signature
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.effects.groups.no_pooling import no_pooling
from glmm_bayes.fit.fit import Fit

BETA = {"log": (-1.3, 0.2, 0.1), "identity": (0.3, 0.1, 0.05), "logc": (-0.4, -0.2, -0.1)}
RATIOS = {"log": "risk ratio", "identity": "", "logc": "risk ratio of the complement"}
REASON = "no mean of new groups exists under the {} link of a probability"

every_link = pytest.mark.parametrize("link", BETA)


@cache
def data() -> pd.DataFrame:
    """Return rows of six groups: the first of successes alone, the second of none."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": rng.uniform(-1, 1, 60), "z": rng.integers(0, 2, 60), "g": np.repeat(range(6), 10)}
    )
    y = rng.binomial(1, 0.3, 60)
    y[:10], y[10:20] = 1, 0
    return frame.assign(y=y, w=frame["g"] % 2)


@cache
def fit_of(link, right="z + x + (1 | g)"):
    model = gb.Model(f"y ~ {right}", data(), family="bernoulli", link=link)
    rng = np.random.default_rng(2)
    columns = len(model.design.coefficients)
    beta = np.array((*BETA[link], 0.0))[:columns] + 0.005 * rng.normal(size=(1, 40, columns))
    return gb.Fit.from_draws(
        model, {"beta": beta, "sd_g": np.full((1, 40, 1), 0.02), "b_g": 0.02 * rng.normal(size=(1, 40, 6, 1))}
    )


ROWS = {"x": [0.5, -0.5], "z": [0, 1]}
#: What each verb that takes a fit is asked beside it.
CALLS: dict[str, list[dict[str, Any]]] = {
    "attenuation": [{}],
    "coefficients": [{}, {"projection": "hedeker"}, {"teaching": True}],
    "comparisons": [
        {"variable": "z", "estimand": word, "measure": measure}
        for word in ("population", "typical", "subject", "sample", "new_subject")
        for measure in ("difference", "ratio", "odds_ratio")
    ],
    "diagnose": [{}],
    "estimands": [{}, {"variable": "z"}],
    "fan": [{}, {"parameter": "mu"}],
    "gee": [{}],
    "gee_check": [{}],
    "grid": [{"x": [0.0]}],
    "icc": [{}, {"factor": "g"}],
    "implied_correlation": [{"newdata": ROWS}],
    "interval_ratio": [{"variable": "z"}],
    "median_ratio": [{}],
    "pit": [{}],
    "plot_curves": [{}, {"variable": "z"}],
    "plot_random_effects": [{}],
    "plot_shrinkage": [{}],
    "posterior_predictive": [{}],
    "pp_check": [{}],
    "predictions": [
        {"estimand": word, "scale": scale, "parameter": parameter}
        for word in ("population", "typical", "subject", "sample", "new_subject")
        for scale in ("response", "link")
        for parameter in (None, "mu")
    ],
    "r2": [{}],
    "random_effects": [{}],
    "ranks": [{}],
    "slopes": [
        {"variable": "x", "estimand": word, "parameter": parameter}
        for word in ("population", "typical", "subject", "sample", "new_subject")
        for parameter in (None, "mu")
    ],
    "summary": [{}],
    "variance_components": [{}],
}
REFUSED = (
    "attenuation",
    "fan",
    "gee_check",
    "icc",
    "implied_correlation",
    "interval_ratio",
    "median_ratio",
    "r2",
)
#: Verbs whose numbers on the scale of the response are probabilities, or shares.
PROBABILITIES = ("predictions", "fan", "icc", "r2", "pit")


def takes_a_fit(verb: Callable[..., Any]) -> bool:
    return (
        callable(verb) and not isinstance(verb, type) and next(iter(signature(verb).parameters), "") == "fit"
    )


def test_every_verb_that_takes_a_fit_is_asked():
    verbs = {name for name in gb.__all__ if takes_a_fit(getattr(gb, name))}
    assert verbs == {*CALLS, "report"}


def refuse_misleading_hint(verb: str, hint: str) -> None:
    """See that each argument in a hint is taken by the verb named last before it, else by the refused one."""
    for token in re.finditer(r"gb\.(?P<verb>\w+)|(?P<argument>\w+)=", hint):
        if token["verb"]:
            verb = token["verb"]
        else:
            assert token["argument"] in signature(getattr(gb, verb)).parameters, (verb, hint)


@every_link
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("error")
def test_verbs_answer_inside_or_refuse_with_what_to_write(link, name):
    for arguments in CALLS[name]:
        try:
            answer = getattr(gb, name)(fit_of(link), **arguments)
        except gb.PredictionError as error:
            refuse_misleading_hint(name, error.hint)
            assert error.code == "estimand_undefined", arguments
            continue
        finally:
            plt.close("all")
        assert name not in REFUSED, arguments
        if name in PROBABILITIES and arguments.get("scale", "response") == "response":
            numbers = np.asarray(answer.draws if isinstance(answer, gb.Effects) else answer)
            assert ((numbers >= 0.0) & (numbers <= 1.0)).all(), arguments


@every_link
@pytest.mark.parametrize("word", ["population", "new_subject"])
def test_a_mean_of_new_groups_has_no_way_around(link, word):
    for verb in (
        gb.predictions,
        partial(gb.predictions, parameter="mu"),
        partial(gb.predictions, scale="link"),
        partial(gb.comparisons, variable="z"),
        partial(gb.comparisons, variable="z", scale="link"),
        partial(gb.slopes, variable="x"),
        partial(gb.slopes, variable="x", parameter="mu"),
    ):
        with pytest.raises(gb.PredictionError, match=REASON.format(link)):
            verb(fit_of(link), estimand=word)


@every_link
def test_quantiles_over_groups_are_refused_with_the_reason(link):
    with pytest.raises(gb.PredictionError, match=REASON.format(link)) as caught:
        gb.fan(fit_of(link))
    assert caught.value.code == "estimand_undefined"


@every_link
def test_coefficients_are_subject_specific_and_say_why_alone(link):
    fit = fit_of(link)
    result = gb.coefficients(fit)
    table = result.side_by_side()
    np.testing.assert_allclose(table["subject_mean"], fit.flat["beta"].mean(axis=0), rtol=1e-12)
    assert not [name for name in table if name.startswith("population")]
    assert REASON.format(link) in result.attrs["omitted"]["population"]
    assert f"population: not shown, {REASON.format(link)}" in " ".join(str(result).split())
    if RATIOS[link]:
        np.testing.assert_allclose(table["subject_ratio"], np.median(np.exp(fit.flat["beta"]), axis=0))
        assert set(table["ratio"]) == {RATIOS[link]}
    else:
        assert "subject_ratio" not in table


@every_link
def test_gee_stands_beside_subject_specific_coefficients(link):
    pytest.importorskip("statsmodels")
    table = gb.gee(fit_of(link))
    assert np.isfinite(table[["subject_mean", "gee", "gee_se"]]).all(axis=None)
    assert not {"population_mean", "gap"} & set(table)
    assert any(REASON.format(link) in note for note in table.attrs["notes"])


@every_link
def test_pictures_show_the_typical_group_and_say_why_alone(link):
    curves, check = gb.plot_curves(fit_of(link)), gb.pp_check(fit_of(link), seed=1)
    plt.close("all")
    assert curves.estimands == ("typical",)
    assert f"Without population: {REASON.format(link)}" in curves.alt
    assert "probability of the typical group" in check.alt


@every_link
@pytest.mark.parametrize("right", ["z + x + (1 | g)", "1 + (1 | g)"])
def test_the_report_is_written_and_says_what_does_not_exist(link, right, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        text = unescape(gb.report(fit_of(link, right), tmp_path / "report.html").read_text("utf-8"))
    assert f"No answer for the population: {REASON.format(link)}" in text
    assert f"Population-averaged: not shown, {REASON.format(link)}" in text
    assert text.count("data:image") >= 3
    assert "same mean" not in text and "Left out" not in text
    if "z" in right:
        assert "For the typical group (random effects at zero), P(y = 1) is estimated" in text
        assert f"The population-averaged column is left out: {REASON.format(link)}" in text


@every_link
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_levels_at_an_end_have_finite_shares_without_an_exponential_family(link):
    """The likelihood of a beta-binomial response is differenced, on both sides of a row near an end."""
    rows = data().assign(n=5, y=5 * data()["y"])
    model = gb.Model("y | trials(n) ~ z + x + (1 | g)", rows, family="beta_binomial", link=link)
    bernoulli = fit_of(link)
    draws = {name: bernoulli.flat[name][None] for name in ("beta", "sd_g", "b_g")}
    table = gb.random_effects(gb.Fit.from_draws(model, draws | {"phi": np.full((1, 40), 5.0)})).summary()
    assert table["shrinkage"].between(0.0, 1.0).all()
    assert not table["no_pooling"].isna().any()


@every_link
def test_without_pooling_a_level_stays_inside(link):
    fit = fit_of(link)
    alone = no_pooling(fit, fit.design.groups[0])[:, 0]
    offset = fit.flat["beta"].mean(axis=0) @ fit.design.x.T
    highest = [offset[fit.design.groups[0].codes == level].max() for level in range(6)]
    if link == "identity":
        lowest = min(offset[fit.design.groups[0].codes == 1])
        np.testing.assert_allclose(alone[:2], [1.0 - highest[0], -lowest], atol=1e-6)
    else:
        # Successes alone lie at the end under log and at minus infinity under its complement.
        at_the_end, far = (0, 1) if link == "log" else (1, 0)
        assert alone[at_the_end] == pytest.approx(-highest[at_the_end], abs=1e-6)
        assert alone[far] == -np.inf
    likelihood = partial(_level_likelihood, fit, offset)
    for level in range(2, 6):
        beside = [likelihood(level, alone[level] + step) for step in (-1e-4, 1e-4)]
        assert likelihood(level, alone[level]) >= max(beside)


def _level_likelihood(fit: Fit, offset: np.ndarray, level: int, b: float) -> float:
    rows = fit.design.groups[0].codes == level
    mu = fit.link.inverse(offset[rows] + b)
    if mu.min() < 0.0 or mu.max() > 1.0:
        return -np.inf
    return float(np.log(np.where(fit.response.values[rows] == 1, mu, 1.0 - mu)).sum())
