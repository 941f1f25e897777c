"""Means and intervals of angles are those of numbers on the line, and every output says so."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

LINE = "angles are numbers on the line, not on the circle"


@cache
def fit(family="von_mises"):
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.normal(size=40), "g": np.repeat(list("abcde"), 8)})
    data["y"] = rng.vonmises(3.0, 2.0, 40)
    model = gb.Model("y ~ x + (1 | g)", data, family=family)
    beta = np.stack([np.resize([60.0, -60.0], 40), rng.normal(0.0, 0.1, 40)], axis=1)[None]
    scale = "kappa" if family == "von_mises" else "sigma"
    draws = {"beta": beta, "sd_g": np.full((1, 40, 1), 0.01), scale: np.full((1, 40), 2.0)}
    return gb.Fit.from_draws(model, draws | {"b_g": np.zeros((1, 40, 5, 1))})


OUTPUTS = {
    "predictions": lambda fit: str(gb.predictions(fit, {"x": [0.0]}, interval="hdi")),
    "picture": lambda fit: gb.predictions(fit, {"x": [0.0, 1.0, 2.0]}).plot().alt,
    "comparisons": lambda fit: str(gb.comparisons(fit, "x")),
    "contrasts": lambda fit: str(gb.predictions(fit, {"x": [0.0, 1.0]}, hypothesis="pairwise")),
    "slopes": lambda fit: str(gb.slopes(fit, "x")),
    "estimands": lambda fit: str(gb.estimands(fit, "x")),
    "curves": lambda fit: gb.plot_curves(fit, "x").alt,
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_says_that_angles_are_numbers_on_the_line(output):
    assert LINE in " ".join(OUTPUTS[output](fit()).split())
    assert "line, not on the circle" not in " ".join(OUTPUTS[output](fit("gaussian")).split())


def test_a_report_says_that_angles_are_numbers_on_the_line(tmp_path):
    text = re.sub("<[^>]+>", " ", gb.report(fit(), tmp_path / "a.html").read_text())
    assert LINE in " ".join(text.split())


def test_the_linear_predictor_of_an_angle_is_on_no_circle():
    assert LINE not in gb.predictions(fit(), {"x": [0.0]}, scale="link").caption
    assert LINE not in gb.coefficients(fit()).caption


def test_the_ends_of_an_angle_are_those_of_its_draws_as_numbers():
    found = gb.predictions(fit(), {"x": [0.0]}, estimand="typical", interval="hdi")
    assert np.allclose(np.abs(found.flat), np.pi, atol=0.1)
    row = found.summary().iloc[0]
    assert row["hdi89_lb"] < -3.0 and row["hdi89_ub"] > 3.0
