"""A family, a link, a structure and a measure of another package answer every verb as a listed one does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects import calls_of_verbs
from tests.outside import MODULES, forgotten, run_module

LEVELS = list("abcdef")
RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"x": RNG.normal(size=60).round(2), "g": np.repeat(LEVELS, 10)}).assign(
    w=lambda frame: frame["g"].isin(["a", "b", "c"]).astype(int),
    y=RNG.integers(0, 2, 60),
    real=RNG.normal(size=60),
)
KINSHIP = pd.DataFrame(0.7 * np.eye(6) + 0.3, index=LEVELS, columns=LEVELS)
#: What is registered: a model of it, and of a listed one that must answer the same verbs.
MODELS = {
    "family": (
        lambda: gb.Model("real ~ x + w + (1 | g)", DATA, family="laplace"),
        lambda: gb.Model("real ~ x + w + (1 | g)", DATA, family="gaussian"),
    ),
    "link": (
        lambda: gb.Model("y ~ x + w + (1 | g)", DATA, family="bernoulli", link="sech"),
        lambda: gb.Model("y ~ x + w + (1 | g)", DATA, family="bernoulli", link="probit"),
    ),
    "structure": (
        lambda: gb.Model('y ~ x + w + (1 | gr(g, structure = "ring"))', DATA, family="bernoulli"),
        lambda: gb.Model("y ~ x + w + (1 | gr(g, cov = K))", DATA, family="bernoulli", known={"K": KINSHIP}),
    ),
}
ROWS = calls_of_verbs.ROWS
MEASURED = {
    "comparisons": lambda fit, measure: gb.comparisons(fit, "w", newdata=ROWS, by="x", measure=measure),
    "estimands": lambda fit, measure: gb.estimands(fit, "w", measure=measure),
    "contrast": lambda fit, measure: gb.comparisons(fit, "w", measure=measure, hypothesis="b1 = 0"),
    "drawn": lambda fit, measure: gb.comparisons(fit, "w", measure=measure).plot().alt,
    "weighted": lambda fit, measure: gb.comparisons(
        fit, "x", measure=measure, weights=gb.BayesianBootstrap(seed=1)
    ),
}
OUTPUTS = calls_of_verbs.OUTPUTS | {
    "printed": lambda fit: str(fit),
    "model": lambda fit: str(gb.Model(fit.spec, DATA, known=known_of(fit))),
    "explained": lambda fit: gb.Model(fit.spec, DATA, known=known_of(fit)).explain().latex,
    "checked": lambda fit: gb.Model(fit.spec, DATA, known=known_of(fit)).check(),
    "identified": lambda fit: gb.Model(fit.spec, DATA, known=known_of(fit)).check_identifiability(),
    "diagnosed": lambda fit: gb.diagnose(fit),
    "replicates": lambda fit: gb.posterior_predictive(fit, seed=1),
    "pit": lambda fit: gb.pit(fit, seed=1),
    "plot_shrinkage": lambda fit: gb.plot_shrinkage(fit).alt,
    "log likelihood": lambda fit: fit.draws["log_likelihood"]["y"].to_numpy(),
}


def known_of(fit):
    return {"K": KINSHIP} if "cov = K" in fit.spec.to_formula() else None


def drawn(model):
    """Return a fit of draws inside the support of each variable."""
    rng, posterior = np.random.default_rng(5), model.definition.posterior
    draws = {name: 0.4 * rng.normal(size=(2, 10, *posterior.shapes[name])) for name in posterior}
    for name, variable in posterior.variables.items():
        if variable.support == "positive":
            draws[name] = np.exp(draws[name])
        elif variable.support == "unit":
            draws[name] = 1.0 / (1.0 + np.exp(-draws[name]))
    return gb.Fit.from_draws(model, draws)


@pytest.fixture(scope="module", autouse=True)
def another_package(tmp_path_factory):
    with forgotten() as monkeypatch:
        for name in MODULES:
            run_module(name, tmp_path_factory.mktemp("outside"), monkeypatch)
        yield


@pytest.fixture(scope="module")
def fits(another_package):
    return {noun: tuple(drawn(model()) for model in models) for noun, models in MODELS.items()}


def outcome(function, *arguments):
    """Return the type of an answer, or the code of a refusal; anything else fails."""
    try:
        answer = function(*arguments)
    except gb.GlmmError as error:
        return error.code
    if isinstance(answer, gb.Effects):
        assert not np.isnan(answer.draws.to_numpy()).all()
    return type(answer)


@pytest.mark.parametrize("noun", MODELS)
@pytest.mark.parametrize("verb", calls_of_verbs.VERBS)
def test_a_verb_answers_as_for_a_listed_one(verb, noun, fits):
    ours, listed = fits[noun]
    assert outcome(calls_of_verbs.VERBS[verb], ours) == outcome(calls_of_verbs.VERBS[verb], listed)


@pytest.mark.parametrize("noun", MODELS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_is_there_as_for_a_listed_one(output, noun, fits):
    ours, listed = fits[noun]
    assert outcome(OUTPUTS[output], ours) == outcome(OUTPUTS[output], listed)


@pytest.mark.parametrize("noun", MODELS)
def test_a_result_is_drawn_and_a_saved_fit_is_the_same(noun, fits, tmp_path):
    fit, _ = fits[noun]
    assert gb.predictions(fit, ROWS).plot().axes and gb.random_effects(fit).plot().axes
    fit.save(tmp_path / "a.glmm")
    with pytest.warns(gb.GlmmWarning, match=f"its {noun} is one that you have registered"):
        assert gb.load(tmp_path / "a.glmm").draws.identical(fit.draws)


def test_a_report_is_written_of_all_of_them(another_package, tmp_path):
    """The link under the listed family, and a structure; the family of another package has other links."""
    formula = 'y ~ x + w + (1 | gr(g, structure = "ring"))'
    fit = drawn(gb.Model(formula, DATA, family="bernoulli", link="sech"))
    gb.report(fit, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "sech" in text and "ring" in text
    gb.report(drawn(gb.Model("real ~ w + (1 | g)", DATA, family="laplace")), tmp_path / "b.html")
    assert "laplace" in (tmp_path / "b.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("use", MEASURED)
def test_a_measure_is_used_as_a_listed_one(use, fits):
    fit = fits["link"][0]
    assert outcome(MEASURED[use], fit, "cohens_h") == outcome(MEASURED[use], fit, "log_odds_ratio")
