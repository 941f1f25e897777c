"""What diagnose says of one chain, of few draws, and of chains that never move."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import glmm_bayes as gb

TABLE = pd.DataFrame({"y": [1.0, 2.5, 2.0, 4.0], "x": [1.0, 3.0, 2.0, 5.0]})
MODEL = gb.Model("y ~ x", TABLE)


def fit_of(beta, sigma=None, diverging=None, energy=None):
    """Return a fit of draws of two coefficients, shape (chain, draw, 2), as a sampler would give it."""
    beta = np.asarray(beta, np.float64)
    sigma = np.abs(beta[..., 0]) + 1 if sigma is None else sigma
    fit = gb.Fit.from_draws(MODEL, {"beta": beta, "sigma": sigma})
    made = np.zeros(beta.shape[:2], bool) if diverging is None else diverging
    tree = fit.draws.copy()
    energy = beta[..., 1] + beta[..., 0] if energy is None else energy
    dims = ("chain", "draw")
    statistics = {
        "diverging": (dims, made),
        "reached_max_treedepth": (dims, np.zeros_like(made)),
        "energy": (dims, energy),
    }
    tree["sample_stats"] = xr.DataTree(xr.Dataset(statistics))
    chains, draws = beta.shape[:2]
    settings = {"engine": "nutpie", "seed": 1, "draws": draws, "chains": chains, "interrupted": False}
    return replace(fit, draws=tree, settings=settings)


def noise(chains, draws, seed=1):
    return np.random.default_rng(seed).normal(size=(chains, draws, 2))


def slow(chains, draws):
    """Draws of a chain that hardly mixes: a random walk."""
    return np.cumsum(noise(chains, draws), axis=1)


def checks(fit):
    return {finding.check: finding for finding in gb.diagnose(fit).findings}


@pytest.mark.parametrize("draws", [4, 100, 1000])
def test_one_chain_is_a_look_and_its_draws_are_judged(draws):
    found = checks(fit_of(noise(1, draws)))
    assert not found["one chain"].passed and "R-hat cannot be computed" in found["one chain"].sentence
    assert "R-hat" not in found
    assert found["effective sample size"].passed == (draws == 1000)
    assert not gb.diagnose(fit_of(noise(1, draws))).passed
    assert "no sign of trouble" not in str(gb.diagnose(fit_of(noise(1, draws))))


def test_one_chain_that_hardly_mixes_has_few_effective_draws():
    assert not checks(fit_of(slow(1, 2000)))["effective sample size"].passed


def test_two_chains_that_mix_are_no_look():
    diagnosis = gb.diagnose(fit_of(noise(2, 1000)))
    assert diagnosis.passed and "one chain" not in str(diagnosis)


def test_draws_made_elsewhere_are_judged_alike():
    fit = gb.Fit.from_draws(MODEL, {"beta": noise(1, 50), "sigma": np.ones((1, 50))})
    assert "one chain" in checks(fit)


@pytest.mark.parametrize("draws", [1, 2, 3])
@pytest.mark.parametrize("chains", [1, 2])
def test_draws_too_few_to_judge_are_a_look(chains, draws):
    found = checks(fit_of(noise(chains, draws)))
    assert not found["draws"].passed
    assert gb.summary(fit_of(noise(chains, draws)))[["ess_bulk", "r_hat"]].isna().all(axis=None)


@pytest.mark.parametrize("chains", [1, 2, 4])
@pytest.mark.parametrize("move", [0.0, 1e-16])
def test_chains_that_never_move_say_so_and_ask_for_no_more_draws(chains, move):
    beta = np.ones((chains, 100, 2)) * np.arange(1.0, chains + 1)[:, None, None]
    beta = beta * (1 + move * noise(chains, 100))
    fit = fit_of(beta, diverging=np.ones((chains, 100), bool))
    text = str(gb.diagnose(fit))
    assert "times as many" not in text and "Sample longer" not in text
    assert "every one of" in text and "did not move" in text
    if chains > 1:
        assert "stuck chains" in checks(fit)
    else:
        assert {"stuck chains", "variation"} & set(checks(fit))
    assert not gb.diagnose(fit).passed


def test_one_stuck_chain_of_many_is_named():
    beta = noise(3, 200)
    beta[1] = 0.5
    found = checks(fit_of(beta))
    assert "chain 2 of 3" in found["stuck chains"].sentence
    assert "times as many" not in str(gb.diagnose(fit_of(beta)))


def test_advice_to_draw_more_has_an_end():
    walk, few = checks(fit_of(slow(2, 5000))), checks(fit_of(noise(2, 60)))
    assert "times as many" not in walk["effective sample size"].sentence
    assert "draw 3 times as many" in few["effective sample size"].sentence


@pytest.mark.parametrize("moved", [0.02, 0.1, 0.5, 0.7])
def test_a_chain_that_stops_on_its_way_is_stuck_and_no_more_draws_are_asked_for(moved):
    beta = noise(2, 400)
    stop = int(moved * 400)
    beta[1, stop:] = beta[1, stop]
    text = str(gb.diagnose(fit_of(beta)))
    assert "chain 2 of 2 hardly moved" in text
    assert "times as many" not in text and "Sample longer" not in text


def test_a_chain_that_stays_for_a_while_is_not_stuck():
    beta = noise(2, 400)
    beta[1, 100:150] = beta[1, 100]
    assert "stuck chains" not in checks(fit_of(beta))


def test_a_chain_of_nothing_but_divergences_is_named():
    diverging = np.zeros((3, 200), bool)
    diverging[1] = True
    found = checks(fit_of(noise(3, 200), diverging=diverging))
    assert "every draw of chain 2 of 3 diverged" in found["divergences"].sentence


def test_chains_that_creep_and_diverge_in_every_draw_are_not_asked_for_more():
    beta = np.ones((2, 200, 2)) * np.array([1.0, 3.0])[:, None, None] + 1e-9 * noise(2, 200)
    text = str(gb.diagnose(fit_of(beta, diverging=np.ones((2, 200), bool))))
    assert "Sample longer" not in text and "times as many" not in text


def test_copies_of_a_chain_are_no_chains():
    beta = np.repeat(noise(1, 1000), 4, axis=0)
    found = checks(fit_of(beta))
    assert "chains 1 and 2 hold the same draws" in found["same chains"].sentence
    assert not gb.diagnose(fit_of(beta)).passed
    assert "same chains" not in checks(fit_of(noise(4, 1000)))


#: Energies of which nothing can be said, and the words for why.
NO_ENERGY = {
    "constant": (lambda energy: np.full_like(energy, 3.25), "the same in all draws of chain 1"),
    "constant and no round number": (lambda energy: np.full_like(energy, 0.1), "the same in all draws"),
    "one chain constant": (lambda energy: np.where([[True], [False]], 1.0, energy), "of chain 1."),
    "infinite": (lambda energy: np.full_like(energy, np.inf), "not finite in"),
    "one infinite": (lambda energy: np.where(energy == energy.max(), -np.inf, energy), "not finite in 1 of"),
    "one NaN": (lambda energy: np.where(energy == energy.max(), np.nan, energy), "not finite in 1 of"),
}


@pytest.mark.parametrize("kind", NO_ENERGY)
def test_an_energy_that_cannot_be_judged_says_so_without_a_warning(kind):
    change, words = NO_ENERGY[kind]
    beta = noise(2, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = checks(fit_of(beta, energy=change(beta[..., 0])))["energy (BFMI)"]
    assert not found.passed and "cannot be judged" in found.sentence and words in found.sentence
    assert "nan" not in found.sentence


@pytest.mark.parametrize("draws", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("chains", [1, 2])
def test_an_energy_of_too_few_draws_is_not_judged(chains, draws):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagnosis = gb.diagnose(fit_of(noise(chains, draws)))
        gb.summary(fit_of(noise(chains, draws)))
    sentence = next(f for f in diagnosis.findings if f.check == "energy (BFMI)").sentence
    assert ("cannot be judged" in sentence) == (draws < 4) and "nan" not in str(diagnosis)
    assert not diagnosis.passed


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e307])
def test_energies_of_any_size_have_the_same_verdict(scale):
    beta = noise(2, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small, usual = (checks(fit_of(beta, energy=beta[..., 0] * factor)) for factor in (scale, 1.0))
    assert small["energy (BFMI)"] == usual["energy (BFMI)"] and usual["energy (BFMI)"].passed


@pytest.mark.parametrize("draws", [4, 8, 20])
def test_a_few_equal_draws_of_a_short_run_are_no_stuck_chain(draws):
    beta = noise(2, draws)
    beta[1, 1:3] = beta[1, 1]
    assert "stuck chains" not in checks(fit_of(beta))


def test_draws_that_do_not_move_are_told_and_not_called_converged():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(np.arange(12), 5)})
    data["y"] = rng.integers(0, 2, 60)
    model = gb.Model("y ~ x + (1 | g)", data, family="bernoulli")
    draws = {"beta": np.ones((2, 6, 2)), "sd_g": np.ones((2, 6, 1))}
    diagnosis = gb.diagnose(gb.Fit.from_draws(model, draws))
    assert not diagnosis.passed and "variation" in diagnosis.verdict
