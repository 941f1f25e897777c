"""The header's order of operations where a row has several answers or several linear predictors.

Ordinal and categorical responses, hurdles with random effects in both parts, a parameter in the place of the
mean, and one new group: each by brute force, with formulas of the test's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from scipy.stats import norm

import glmm_bayes as gb
from glmm_bayes.effects.result.measures import MEASURES

DRAWS, N = 2, 12
RNG = np.random.default_rng(8)
LEVELS = ["a", "b", "c", "d"]
DATA = pd.DataFrame(
    {
        "t": np.tile([0, 1], N // 2),
        "x": np.round(RNG.uniform(0.2, 1.2, N), 2),
        "g": list("aabbccddabcd"),
        "o": pd.Categorical(["lo", "mid", "hi"] * 4, ["lo", "mid", "hi"], ordered=True),
        "c": list("uvwuvwuvwuvw"),
        "k": [0, 1, 2, 0, 3, 1, 0, 0, 2, 4, 1, 0],
    }
)
WORDS = ["population", "typical", "subject", "sample"]


@dataclass(frozen=True)
class Case:
    """A model, its linear predictors' prefixes, and the answers of a row from their values."""

    formula: str | gb.Formula
    family: str
    prefixes: tuple[str, ...]
    answers: Callable[..., np.ndarray]
    link: str | None = None
    parameter: str | None = None
    is_probability: bool = False
    has_intercept: bool = True
    further: tuple[tuple[str, object], ...] = ()


THRESHOLDS = np.array([-0.4, 0.9])


def _cumulative(inverse: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def answers(eta: np.ndarray) -> np.ndarray:
        below = inverse(THRESHOLDS - eta[..., None])
        return np.diff(below, prepend=0.0, append=1.0, axis=-1)

    return answers


def _categorical(v: np.ndarray, w: np.ndarray) -> np.ndarray:
    return softmax(np.stack([np.zeros_like(v), v, w], axis=-1), axis=-1)


def _hurdle(eta: np.ndarray, hurdle: np.ndarray) -> np.ndarray:
    rate = np.exp(eta)
    return (expit(-hurdle) * rate / -np.expm1(-rate))[..., None]


BOTH = gb.Formula("k ~ t + x + (1 | g)", hu="~ t + x + (1 | g)")
CASES = {
    "cumulative logit": Case(
        "o ~ t + x + (1 | g)", "cumulative", ("",), _cumulative(expit), is_probability=True,
        has_intercept=False, further=(("thresholds", THRESHOLDS),),
    ),
    "cumulative probit": Case(
        "o ~ t + x + (1 | g)", "cumulative", ("",), _cumulative(norm.cdf), "probit", is_probability=True,
        has_intercept=False, further=(("thresholds", THRESHOLDS),),
    ),
    "categorical": Case(
        "c ~ t + x + (1 | g)", "categorical", ("mu_v_", "mu_w_"), _categorical, is_probability=True,
    ),
    "hurdle": Case(BOTH, "hurdle_poisson", ("", "hu_"), _hurdle),
    "the hurdle alone": Case(
        BOTH, "hurdle_poisson", ("", "hu_"), lambda eta, hurdle: expit(hurdle + 0 * eta)[..., None],
        parameter="hu",
    ),
    "the shape alone": Case(
        gb.Formula("k ~ t + x + (1 | g)", shape="~ t + x + (1 | g)"), "negative_binomial", ("", "shape_"),
        lambda eta, shape: np.exp(shape + 0 * eta)[..., None], parameter="shape",
    ),
}  # fmt: skip
Z = np.linspace(-8.0, 8.0, 121)
DENSITY = np.exp(-0.5 * Z**2) / np.exp(-0.5 * Z**2).sum()


def _fit(case: Case) -> gb.Fit:
    rng = np.random.default_rng(3)
    draws: dict[str, object] = {}
    for prefix in case.prefixes:
        draws[f"{prefix}beta"] = rng.normal(0.0, 0.5, (1, DRAWS, 2 + case.has_intercept))
        draws[f"{prefix}sd_g"] = rng.uniform(0.4, 1.1, (1, DRAWS, 1))
        draws[f"{prefix}b_g"] = rng.normal(0.0, 0.9, (1, DRAWS, len(LEVELS), 1))
    for name, value in case.further:
        draws[name] = np.tile(np.asarray(value), (1, DRAWS, 1))
    return gb.Fit.from_draws(gb.Model(case.formula, DATA, family=case.family, link=case.link), draws)


@pytest.fixture(scope="module")
def fits() -> dict[str, gb.Fit]:
    return {name: _fit(case) for name, case in CASES.items()}


class Brute:
    """Answers of a row at given t and x in each draw: integrated, or over levels one after another."""

    def __init__(self, case: Case, fit: gb.Fit, words: str) -> None:
        self.case, self.draws, self.words = case, dict(fit.flat), words

    def row(self, draw: int, group: str, t: float, x: float) -> np.ndarray:
        fixed = [self._fixed(prefix, draw, t, x) for prefix in self.case.prefixes]
        if self.words == "typical":
            return self.case.answers(*map(np.asarray, fixed))
        if self.words in ("subject", "sample"):
            levels = LEVELS if self.words == "sample" else [group]
            return np.mean([self._at_level(fixed, draw, LEVELS.index(level)) for level in levels], axis=0)
        scales = [float(self.draws[f"{prefix}sd_g"][draw, 0]) for prefix in self.case.prefixes]
        nodes = np.meshgrid(*[Z] * len(fixed), indexing="ij")
        each = self.case.answers(*(eta + sd * z for eta, sd, z in zip(fixed, scales, nodes, strict=True)))
        for _ in fixed:
            each = np.tensordot(DENSITY, each, axes=(0, 0))
        return each

    def _fixed(self, prefix: str, draw: int, t: float, x: float) -> float:
        terms = [1.0, t, x] if self.case.has_intercept else [t, x]
        return float(self.draws[f"{prefix}beta"][draw] @ terms)

    def _at_level(self, fixed: list[float], draw: int, level: int) -> np.ndarray:
        shifts = [float(self.draws[f"{prefix}b_g"][draw, level, 0]) for prefix in self.case.prefixes]
        return self.case.answers(*(np.asarray(eta + b) for eta, b in zip(fixed, shifts, strict=True)))

    def rows(self, t: float | None = None, step: float = 0.0) -> np.ndarray:
        """Return answers with dims draw, row, answer."""
        return np.array(
            [
                [self.row(s, r.g, r.t if t is None else t, r.x + step) for r in DATA.itertuples()]
                for s in range(DRAWS)
            ]
        )


def _ours(effects: gb.Effects) -> np.ndarray:
    return effects.draws.to_numpy().reshape(DRAWS, -1)


def _asked(case: Case) -> dict[str, str]:
    return {} if case.parameter is None else {"parameter": case.parameter}


EACH = list(product(CASES, WORDS))


@pytest.mark.parametrize(("name", "words"), EACH)
def test_predictions_average_the_answers_of_rows(fits, name, words):
    case = CASES[name]
    found = _ours(gb.predictions(fits[name], estimand=words, by=True, **_asked(case)))
    right = Brute(case, fits[name], words).rows().mean(axis=1)
    np.testing.assert_allclose(found, right, rtol=2e-8, atol=1e-10)


@pytest.mark.parametrize(("name", "words"), EACH)
def test_comparisons_are_of_averages_for_each_answer(fits, name, words):
    case = CASES[name]
    brute = Brute(case, fits[name], words)
    low, high = brute.rows(0.0), brute.rows(1.0)
    for key, measure in ((key, MEASURES[key]) for key in MEASURES):
        if measure.of_probabilities and not case.is_probability:
            continue
        if measure.of_ordered:
            # Of the sums of probabilities from the top, where categories are ordered.
            if case.family == "cumulative":
                tops = [np.cumsum(side[..., ::-1], axis=-1)[..., -2::-1].mean(axis=1) for side in (high, low)]
                found = _ours(gb.comparisons(fits[name], "t", measure=key, estimand=words))
                np.testing.assert_allclose(found, measure.compare(*tops), rtol=1e-6, err_msg=key)
            continue
        if measure.scale == "log_odds":
            logs = [np.log(side / (1 - side)).mean(axis=1) for side in (high, low)]
            right = logs[0] - logs[1]
        else:
            right = measure.compare(high.mean(axis=1), low.mean(axis=1))
        found = _ours(gb.comparisons(fits[name], "t", measure=key, estimand=words, **_asked(case)))
        np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-8, err_msg=key)


@pytest.mark.parametrize(("name", "words"), EACH)
def test_slopes_are_those_of_the_averaged_answers(fits, name, words):
    case = CASES[name]
    brute = Brute(case, fits[name], words)
    weights = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    step = 1e-3
    right = sum(w * (brute.rows(step=k * step) - brute.rows(step=-k * step)) for k, w in weights.items())
    found = _ours(gb.slopes(fits[name], "x", estimand=words, **_asked(case)))
    np.testing.assert_allclose(found, right.mean(axis=1) / step, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_one_new_group_is_the_same_on_all_rows_and_sides(fits, name):
    fit, asked = fits[name], {"estimand": "new_subject", "seed": 5} | _asked(CASES[name])
    rows = np.stack([_ours(gb.predictions(fit, DATA.iloc[[i]], **asked)) for i in range(N)])
    np.testing.assert_allclose(
        _ours(gb.predictions(fit, DATA, by=True, **asked)), rows.mean(axis=0), rtol=1e-9
    )
    high, low = (_ours(gb.predictions(fit, DATA.assign(t=t), by=True, **asked)) for t in (1, 0))
    np.testing.assert_allclose(_ours(gb.comparisons(fit, "t", **asked)), high - low, rtol=1e-9, atol=1e-12)
    ratio = _ours(gb.comparisons(fit, "t", measure="ratio", **asked))
    np.testing.assert_allclose(ratio, high / low, rtol=1e-9)
    up, down = (
        _ours(gb.predictions(fit, DATA.assign(x=DATA["x"] + h), by=True, **asked)) for h in (1e-5, -1e-5)
    )
    np.testing.assert_allclose(_ours(gb.slopes(fit, "x", **asked)), (up - down) / 2e-5, rtol=1e-5, atol=1e-8)
