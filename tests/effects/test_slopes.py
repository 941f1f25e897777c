"""Slopes are exact: against published values, closed forms and differences of predictions."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.example_models import USABLE, draws_of
from tests.example_models import few_rows_of as model_of

RNG = np.random.default_rng(11)
DATA = pd.DataFrame(
    {
        "x": RNG.uniform(0.5, 4.0, 40).round(2),
        "y": RNG.integers(0, 2, 40),
        "n": RNG.poisson(3.0, 40),
        "f": np.repeat(["u", "v"], 20),
        "g": np.repeat([f"g{k}" for k in range(10)], 4),
    }
)
WORDS = ("population", "typical", "subject", "sample", "new_subject")


def slope_fit(beta, sigma, family="bernoulli", response="y", formula="x + (x | g)"):
    sigma = np.array(sigma)
    sd = np.sqrt(np.diag(sigma))
    model = gb.Model(f"{response} ~ {formula}", DATA, family=family)
    draws = {
        "beta": np.array(beta, float)[None, None],
        "sd_g": sd[None, None],
        "corr_g": (sigma / np.outer(sd, sd))[None, None],
        "b_g": RNG.normal(size=(1, 1, 10, len(sd))),
    }
    return gb.Fit.from_draws(model, draws)


@pytest.mark.parametrize(
    ("beta", "sigma", "x", "slope"),
    [
        ([0.5, 0.2], [[0.5, -0.2], [-0.2, 1.0]], 2.0, -0.007942292667),
        ([-1.0, 0.8], [[1.0, 0.3], [0.3, 0.5]], 1.5, 0.124598353484),
    ],
)
def test_slopes_of_random_slopes_equal_the_published_values(beta, sigma, x, slope):
    found = gb.slopes(slope_fit(beta, sigma), "x", newdata={"x": [x]}).draws.item()
    assert found == pytest.approx(slope, abs=5e-9)


def test_the_published_slope_under_a_log_link():
    fit = slope_fit([-1.0, 0.8], [[1.0, 0.3], [0.3, 0.5]], "poisson", "n")
    rows = {"x": [1.5]}
    assert gb.predictions(fit, rows).draws.item() == pytest.approx(5.54280117373, rel=1e-11)
    assert gb.slopes(fit, "x", newdata=rows).draws.item() == pytest.approx(10.2541821714, rel=1e-11)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "formula", ["x + (x | g)", "log(x) + I(x**2) * f + (x | g)", "bs(x, df = 5) + (x | g)"]
)
def test_slopes_are_differences_of_predictions(word, formula):
    model = gb.Model(f"y ~ {formula}", DATA, family="bernoulli")
    size = len(model.design.coefficients)
    draws = {
        "beta": RNG.normal(0, 0.5, (1, 2, size)),
        "sd_g": np.full((1, 2, 2), 0.8),
        "corr_g": np.broadcast_to([[1.0, 0.4], [0.4, 1.0]], (1, 2, 2, 2)),
        "b_g": RNG.normal(size=(1, 2, 10, 2)),
    }
    fit = gb.Fit.from_draws(model, draws)
    rows = DATA[DATA["x"].between(0.9, 3.6)]
    effects = gb.slopes(fit, "x", newdata=rows, estimand=word, by=False)
    h = 1e-5
    high, low = (
        gb.predictions(fit, rows.assign(x=rows["x"] + s * h), estimand=word).draws.to_numpy() for s in (1, -1)
    )
    np.testing.assert_allclose(effects.draws.to_numpy(), (high - low) / (2 * h), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("word", ["population", "new_subject", "typical"])
@pytest.mark.parametrize("family", [name for name in USABLE if name != "custom"])
def test_slopes_of_every_family_are_differences_of_predictions(family, word):
    model = model_of(family)
    fit = gb.Fit.from_draws(model, draws_of(model, shape=(1, 2), sd=0.7))
    h = 1e-4
    at = [pd.DataFrame({"x": [x]}) for x in (0.3 - h, 0.3, 0.3 + h)]
    low, high = (gb.predictions(fit, rows, estimand=word, seed=5).draws.to_numpy() for rows in (at[0], at[2]))
    slope = gb.slopes(fit, "x", newdata=at[1], by=False, estimand=word, seed=5).draws.to_numpy()
    np.testing.assert_allclose(slope, (high - low) / (2 * h), rtol=1e-4, atol=2e-5)


def test_elasticities_are_taken_row_by_row():
    fit = slope_fit([0.5, 0.2], [[0.5, -0.2], [-0.2, 1.0]])
    m = gb.predictions(fit).draws.to_numpy()
    slope = gb.slopes(fit, "x", by=False).draws.to_numpy()
    x = DATA["x"].to_numpy()
    for measure, value in {"eyex": slope * x / m, "eydx": slope / m, "dyex": slope * x}.items():
        found = gb.slopes(fit, "x", measure=measure).draws.item()
        assert found == pytest.approx(value.mean(), rel=1e-12)


def test_the_slope_on_the_scale_of_the_link_is_the_coefficient_of_a_typical_group():
    fit = slope_fit([0.5, 0.2], [[0.5, -0.2], [-0.2, 1.0]])
    found = gb.slopes(fit, "x", scale="link", estimand="typical").draws.item()
    assert found == pytest.approx(0.2, abs=1e-12)


def test_a_factor_has_no_slope():
    fit = slope_fit([0.5, 0.2, 0.1], np.eye(2), formula="x + f + (x | g)")
    with pytest.raises(gb.PredictionError) as caught:
        gb.slopes(fit, "f")
    assert "gb.comparisons" in str(caught.value)


def test_a_number_that_is_read_as_a_factor_has_no_slope():
    data = DATA.assign(k=np.tile([1, 2], 20))
    model = gb.Model("y ~ C(k) + (1 | g)", data, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.1, 0.2]]], "sd_g": [[[1.0]]]})
    with pytest.raises(gb.PredictionError) as caught:
        gb.slopes(fit, "k")
    assert caught.value.code == "slope"


@pytest.mark.parametrize("measure", ["dydx", "eyex"])
@pytest.mark.parametrize("scale", ["response", "link"])
@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_slopes_of_many_rows_are_looked_up_and_equal_those_of_few(link, scale, measure):
    rng = np.random.default_rng(2)
    rows = 3000
    data = pd.DataFrame(
        {"x": rng.normal(size=rows), "y": rng.integers(0, 2, rows), "g": rng.integers(0, 9, rows)}
    )
    data["z"] = rng.normal(size=rows)
    model = gb.Model("y ~ x * z + (1 | g)", data, "bernoulli", link)
    draws = {"beta": rng.normal(0, 0.3, (1, 5, 4)), "sd_g": rng.uniform(0.5, 2, (1, 5, 1))}
    fit = gb.Fit.from_draws(model, draws)
    many = gb.slopes(fit, "x", measure=measure, by=False, scale=scale)
    assert "tabulated" in many.attrs["integration"]
    few = gb.slopes(fit, "x", measure=measure, newdata=data.head(30), by=False, scale=scale)
    assert "tabulated" not in few.attrs["integration"]
    np.testing.assert_allclose(many.draws[0, :, :30], few.draws[0], rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("interpretation", ["subject", "population"])
@pytest.mark.parametrize("kind", ["(1 + x | g)", 'gr(g, dist = "student")', 'gr(g, dist = "bridge")'])
@pytest.mark.parametrize("others", ["population", "sample", "subject", "typical"])
def test_slopes_of_new_groups_beside_others_are_differences_of_predictions(kind, others, interpretation):
    if interpretation == "population" and "student" in kind:
        return
    effects = kind if kind.startswith("(1 + x") else f"(1 | {kind})"
    data = DATA.assign(h=np.resize(list("abc"), len(DATA)))
    model = gb.Model(f"y ~ x + {effects} + (1 | h)", data, family="bernoulli", interpretation=interpretation)
    rng = np.random.default_rng(2)
    size = len(model.design.group("g").effects)
    draws = {
        "beta": rng.normal(0, 0.5, (1, 3, 2)),
        "sd_g": rng.uniform(0.5, 1.0, (1, 3, size)),
        "corr_g": np.broadcast_to([[1.0, 0.4], [0.4, 1.0]], (1, 3, 2, 2)),
        "df_g": np.full((1, 3), 5.0),
        "sd_h": np.full((1, 3, 1), 1.3),
        "b_g": rng.normal(size=(1, 3, 10, size)),
        "b_h": rng.normal(size=(1, 3, 3, 1)),
    }
    named = {name: value for name, value in draws.items() if name in model.definition.posterior}
    fit = gb.Fit.from_draws(model, named)
    rows = pd.DataFrame({"x": [1.0, 2.0, 2.0], "g": ["new", "new", "other"], "h": ["a", "b", "b"]})
    word = {"g": "new_subject", "h": others}
    h = 1e-5
    low, high = (
        gb.predictions(fit, rows.assign(x=rows["x"] + s * h), estimand=word, seed=3).draws.to_numpy()
        for s in (-1, 1)
    )
    found = gb.slopes(fit, "x", newdata=rows, by=False, estimand=word, seed=3)
    np.testing.assert_allclose(found.draws.to_numpy(), (high - low) / (2 * h), rtol=2e-6, atol=2e-7)
    assert found.attrs["seed"] == 3
    average = gb.slopes(fit, "x", newdata=rows, estimand=word, seed=3).draws.to_numpy()
    np.testing.assert_allclose(average[..., 0], found.draws.to_numpy().mean(axis=-1), rtol=1e-12)
