"""Columns that the response term and a linear predictor both read: verbs equal their rows one at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

N = 12
RNG = np.random.default_rng(5)
CENSORED = [
    "none",
    "none",
    "right",
    "none",
    "left",
    "right",
    "left",
    "none",
    "right",
    "left",
    "none",
    "right",
]


def _data() -> pd.DataFrame:
    # Rows agree in all columns but those in two roles, so that a verb that leaves these out merges rows.
    return pd.DataFrame(
        {
            "t": np.tile([0, 1], N // 2),
            "x": np.repeat([0.5, 1.5], N // 2),
            "g": np.tile(["a", "b", "c", "d"], N // 4),
            "n": RNG.integers(5, 40, N),
            "s": np.round(RNG.uniform(0.2, 2.0, N), 3),
            "w": np.round(RNG.uniform(0.5, 3.0, N), 3),
            "e": np.round(RNG.uniform(0.5, 4.0, N), 3),
            # Each value of t stands beside each value of c.
            "c": CENSORED,
            "lb": np.round(RNG.uniform(-9.0, -5.0, N), 2),
            "y": np.round(RNG.normal(size=N), 2),
            "k": RNG.integers(0, 5, N),
        }
    )


DATA = _data()

#: Formula, family and the column in two roles.
ROLES = {
    "trials": ("k | trials(n) ~ t * n + x + (1 | g)", "binomial", "n"),
    "se": ("y | se(s) ~ t * s + x + (1 | g)", "gaussian", "s"),
    "weights": ("y | weights(w) ~ t * w + x + (1 | g)", "gaussian", "w"),
    "rate": ("k | rate(e) ~ t * e + x + (1 | g)", "poisson", "e"),
    "cens": ("k | cens(c) ~ t * c + x + (1 | g)", "poisson", "c"),
    "trunc": ("y | trunc(lb = lb) ~ t * lb + x + (1 | g)", "gaussian", "lb"),
    "random slope": ("y | se(s) ~ t + x + (1 + s | g)", "gaussian", "s"),
    "offset": ("k | rate(e) ~ t + x + offset(log(e)) + (1 | g)", "poisson", "e"),
    "grouping": ("k | trials(n) ~ t * log(n) + x + (1 | n)", "binomial", "n"),
    "by": ("k | cens(c) ~ t + x + (1 | gr(g, by = c))", "poisson", "c"),
    "second formula": ("y | weights(w) ~ t + x + (1 | g)", "gaussian", "w"),
}


def _fit(role: str) -> gb.Fit:
    formula, family, _ = ROLES[role]
    written = gb.Formula(formula, sigma="~ t * w") if role == "second formula" else formula
    model = gb.Model(written, DATA, family=family)
    rng = np.random.default_rng(1)
    draws: dict[str, np.ndarray] = {}
    for name, predictor in model.priors.predictors.items():
        prefix = "" if name == "mu" else f"{name}_"
        draws[f"{prefix}beta"] = rng.normal(0.0, 0.3, (1, 3, len(predictor.design.coefficients)))
        for group in predictor.design.groups:
            size = len(group.effects)
            draws[f"{prefix}sd_{group.slug}"] = rng.uniform(0.3, 0.9, (1, 3, size))
            draws[f"{prefix}b_{group.slug}"] = rng.normal(0.0, 0.5, (1, 3, len(group.levels), size))
            if size > 1 and role != "by":
                draws[f"{prefix}corr_{group.slug}"] = np.tile(np.eye(size), (1, 3, 1, 1))
    if family == "gaussian" and role not in ("se", "random slope", "second formula"):
        draws["sigma"] = np.ones((1, 3))
    return gb.Fit.from_draws(model, draws)


@pytest.fixture(scope="module")
def fits() -> dict[str, gb.Fit]:
    return {role: _fit(role) for role in ROLES}


def _close(average: gb.Effects, rows: list[gb.Effects]) -> None:
    each = np.stack([one.draws.to_numpy()[..., 0] for one in rows], axis=-1)
    assert np.ptp(each, axis=-1).max() > 1e-6, "rows that are all equal tell nothing"
    np.testing.assert_allclose(average.draws.to_numpy()[..., 0], each.mean(axis=-1), rtol=1e-9, atol=1e-12)


def _asked(role: str) -> dict[str, str]:
    return {"parameter": "sigma"} if role == "second formula" else {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample", "new_subject"])
def test_an_average_prediction_is_that_of_its_rows_one_at_a_time(fits, role, estimand):
    asked = _asked(role)
    _close(
        gb.predictions(fits[role], DATA, estimand=estimand, by=True, **asked),
        [gb.predictions(fits[role], DATA.iloc[[row]], estimand=estimand, **asked) for row in range(N)],
    )


@pytest.mark.parametrize("role", [role for role in ROLES if role != "random slope"])
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample", "new_subject"])
def test_an_average_comparison_is_that_of_its_rows_one_at_a_time(fits, role, estimand):
    asked = {"estimand": estimand, **_asked(role)}
    _close(
        gb.comparisons(fits[role], "t", newdata=DATA, **asked),
        [gb.comparisons(fits[role], "t", newdata=DATA.iloc[[row]], by=False, **asked) for row in range(N)],
    )


@pytest.mark.parametrize("role", [role for role in ROLES if ROLES[role][1] != "gaussian"])
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample", "new_subject"])
def test_an_average_slope_is_that_of_its_rows_one_at_a_time(fits, role, estimand):
    _close(
        gb.slopes(fits[role], "x", estimand=estimand, newdata=DATA),
        [
            gb.slopes(fits[role], "x", estimand=estimand, newdata=DATA.iloc[[row]], by=False)
            for row in range(N)
        ],
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_rows_of_the_data_are_told_apart_by_a_column_in_two_roles(fits, role):
    fit, column = fits[role], ROLES[role][2]
    verbs = [gb.predictions(fit, **_asked(role)), gb.comparisons(fit, "t", by=False, **_asked(role))]
    if role != "second formula":
        verbs.append(gb.slopes(fit, "x", by=False))
    for effects in verbs:
        assert effects.grid[column].astype(str).tolist() == DATA[column].astype(str).tolist()
    assert column in gb.grid(fit).columns or role == "grouping"


def test_rows_that_differ_in_their_standard_errors_only_are_not_merged():
    data = pd.DataFrame(
        {
            "y": [0.0, 1.0, 2.0, 1.5, 0.5, 2.5],
            "t": [0, 1, 0, 1, 0, 1],
            "se": [0.1, 0.28, 0.46, 0.64, 0.82, 1.0],
            "study": list("aabbcc"),
        }
    )
    model = gb.Model("y | se(se) ~ t*se + (1|study)", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0, 3.0]]], "sd_study": [[[0.5]]]})
    found = gb.comparisons(fit, "t", by=False).summary()["mean"]
    np.testing.assert_allclose(found, 1 + 3 * data["se"])


def test_reversed_rows_have_the_same_average(fits):
    fit = fits["trials"]
    forward, backward = (gb.comparisons(fit, "t", newdata=rows) for rows in (DATA, DATA.iloc[::-1]))
    np.testing.assert_allclose(forward.draws, backward.draws, rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_shares_of_variance_know_each_rows_standard_error(sigma):
    data = pd.DataFrame({"y": np.arange(6.0), "s": [0.1, 0.3, 0.5, 0.6, 0.8, 1.0], "g": list("aabbcc")})
    more = ", sigma = TRUE" if sigma else ""
    draws = {"beta": [[[0.0]]], "sd_g": [[[1.2]]]} | ({"sigma": [[sigma]]} if sigma else {})
    fit = gb.Fit.from_draws(gb.Model(f"y | se(s{more}) ~ 1 + (1 | g)", data), draws)
    right = 1.44 / (1.44 + float(np.mean(data["s"] ** 2)) + sigma**2)
    assert gb.icc(fit).summary()["mean"][0] == pytest.approx(right)
    shares = gb.r2(fit).summary()
    assert shares["mean"][shares["scale"] == "response"].tolist() == pytest.approx([0.0, right])
    with pytest.raises(gb.PredictionError) as caught:
        gb.icc(fit, data)
    assert caught.value.code == "not_available"
