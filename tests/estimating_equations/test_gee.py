"""GEE on the model's own design equals geepack's and closed forms; what it cannot say is refused in words."""

import csv
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import glmm_bayes as gb

pytest.importorskip("statsmodels")

ORACLES = Path(__file__).parents[1] / "oracles"
MONTHS = np.array([0, 1, 2, 3, 6, 9, 12])
#: What geepack's own iteration leaves.
GEEPACK = 2e-6
SS, SD = "SS coef (glmer MLE)", "RE variance"
COEF, SE = "GEE exchangeable coef (geeglm)", "GEE exchangeable robust SE"


@cache
def published(file, dataset, model):
    with (ORACLES / file).open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["dataset"].startswith(dataset)]
    return {(row["quantity"], row["name"]): float(row["value"]) for row in rows if model in row["model"]}


def toenail_data():
    return gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])


def respiratory_data():
    data = pd.read_csv(ORACLES / "data" / "geepack_respiratory.csv.gz")
    return data.assign(treat=data["treat"].astype("category"), sex=data["sex"].astype("category"))


STUDIES = {
    "toenail": (
        toenail_data,
        "y ~ 0 + treatment + treatment:month + (1 | patientID)",
        ("A", "B", "At", "Bt"),
        ("anchors.csv", "toenail", "logit"),
    ),
    "bacteria": (
        lambda: gb.load_dataset("bacteria"),
        "y01 ~ trt + I(week > 2) + (1 | ID)",
        ("(Intercept)", "trtdrug", "trtdrug+", "late"),
        ("anchors.csv", "bacteria", "logit"),
    ),
    "ohio": (
        lambda: pd.read_csv(ORACLES / "data" / "ohio.csv"),
        "resp ~ age + smoke + (1 | id)",
        ("(Intercept)", "age", "smoke"),
        ("anchors.csv", "ohio", "age+smoke"),
    ),
    "ohio, interaction": (
        lambda: pd.read_csv(ORACLES / "data" / "ohio.csv"),
        "resp ~ age * smoke + (1 | id)",
        ("(Intercept)", "age", "smoke", "age:smoke"),
        ("anchors.csv", "ohio", "age*smoke"),
    ),
    "respiratory": (
        respiratory_data,
        "outcome ~ center + treat + sex + baseline + age + (1 | subject)",
        ("(Intercept)", "center", "treatP", "sexM", "baseline", "age"),
        ("anchors.csv", "respiratory", "logit"),
    ),
}


def fit_from(model, beta, sd=1.0, **further):
    draws = {"beta": np.reshape(beta, (1, 1, -1))}
    draws |= {f"sd_{g.slug}": np.full((1, 1, len(g.effects)), sd) for g in model.design.groups}
    return gb.Fit.from_draws(model, draws | further)


@cache
def study(name):
    load, formula, names, source = STUDIES[name]
    values = published(*source)
    beta = [values[SS, coef] for coef in names]
    model = gb.Model(formula, load(), family="bernoulli")
    return fit_from(model, beta, np.sqrt(values[SD, "(Intercept)"])), names, values


@cache
def epil():
    formula = "y ~ log(base/4)*trt + log(age) + V4 + (1 | subject)"
    model = gb.Model(formula, gb.load_dataset("epil"), family="poisson")
    beta = [-1.3244326, 0.88340548, -0.93321003, 0.4805663, -0.15976955, 0.33878359]
    return fit_from(model, beta, np.sqrt(0.25239345))


@pytest.mark.parametrize("name", STUDIES)
def test_exchangeable_gee_equals_geepack(name):
    fit, names, values = study(name)
    table = gb.gee(fit)
    np.testing.assert_allclose(table["gee"], [values[COEF, coef] for coef in names], atol=GEEPACK)
    np.testing.assert_allclose(table["gee_se"], [values[SE, coef] for coef in names], atol=GEEPACK)


def test_independence_gee_of_toenail_equals_the_published_values():
    table = gb.gee(study("toenail")[0], correlation="independence")
    np.testing.assert_allclose(table["gee"], [-0.557058, -0.533035, -0.176930, -0.255256], atol=1e-5)
    np.testing.assert_allclose(table["gee_se"], [0.171338, 0.182890, 0.030169, 0.045516], atol=1e-5)


@pytest.mark.parametrize(("name", "alpha"), [("bacteria", 0.1374756087689), ("ohio", 0.354304915687586)])
def test_exchangeable_correlations_equal_geepacks(name, alpha):
    assert f"exchangeable, {alpha:.3f} between" in gb.gee(study(name)[0]).attrs["correlation"]


def test_the_exchangeable_correlation_is_the_mean_product_of_residuals_over_their_mean_square():
    fit = study("toenail")[0]
    table, y = gb.gee(fit), fit.response.values
    mean = expit(fit.design.x @ table["gee"])
    residuals = pd.Series((y - mean) / np.sqrt(mean * (1 - mean))).groupby(fit.design.groups[0].codes)
    squares = (residuals.apply(lambda r: (r**2).sum())).sum()
    products = residuals.apply(lambda r: (r.sum() ** 2 - (r**2).sum()) / 2).sum()
    pairs = (residuals.size() * (residuals.size() - 1) / 2).sum()
    alpha = (products / pairs) / (squares / len(y))
    assert f"exchangeable, {alpha:.3f} between" in table.attrs["correlation"]


@pytest.mark.parametrize("name", ["ohio", "ohio, interaction", "respiratory"])
def test_population_averaged_coefficients_are_near_gee(name):
    table = gb.gee(study(name)[0])
    np.testing.assert_allclose(table["population_mean"], table["gee"], atol=0.05)
    assert (table["subject_mean"] - table["gee"]).abs().max() > 0.08


def test_the_instructive_failure_of_epil_equals_the_published_numbers():
    table = gb.gee(epil()).set_index("coef")
    order = ["log(base / 4)", "trt[progabide]", "log(age)", "V4", "log(base / 4):trt[progabide]"]
    np.testing.assert_allclose(table.loc[order, "gee"], [0.9495, -1.3360, 0.8966, -0.1598, 0.5625], atol=1e-4)
    found = table.loc[order, "population_mean"]
    np.testing.assert_allclose(found, [0.8834, -0.9332, 0.4806, -0.1598, 0.3388], atol=5e-5)
    assert "it is misspecification or leverage" in table.attrs["notes"][-1]


def test_the_posteriors_columns_are_those_of_the_table_of_coefficients():
    fit = study("bacteria")[0]
    table, both = gb.gee(fit), gb.coefficients(fit).side_by_side()
    for column in ("coef", "subject_mean", "population_mean", "population_eti89_lb"):
        pd.testing.assert_series_equal(table[column], both[column])
    gap = (table["population_mean"] - table["gee"]) / table["gee_se"]
    np.testing.assert_allclose(table["gap"], gap)
    assert (table["gee_ci89_lb"] < table["gee"]).all() and (table["gee"] < table["gee_ci89_ub"]).all()


def test_the_table_says_what_gee_assumes_and_how_groups_were_chosen():
    text = " ".join(str(gb.gee(study("toenail")[0])).split())
    for words in (
        "294 levels of patientID (the only grouping factor) of 1 to 7 rows",
        "dropout completely at random",
        "70 of 294 groups have fewer rows than the largest",
        "a gap alone does not condemn the model",
        "binomial working variance",
        "89% confidence interval",
        "89% equal-tailed interval",
    ):
        assert words in text


def test_units_of_a_predictor_change_nothing_but_its_coefficient():
    data = STUDIES["ohio"][0]()
    one, other = (
        gb.gee(fit_from(gb.Model(f"resp ~ {age} + smoke + (1 | id)", data, "bernoulli"), beta))
        for age, beta in (("age", [-3.0, 0.1, 0.3]), ("I(age * 10000)", [-3.0, 1e-5, 0.3]))
    )
    scale = np.array([1.0, 1e4, 1.0])
    np.testing.assert_allclose(one["gee"], other["gee"] * scale, rtol=1e-7)
    np.testing.assert_allclose(one["gee_se"], other["gee_se"] * scale, rtol=1e-7)


@pytest.mark.parametrize("correlation", ["independence", "exchangeable"])
def test_trials_are_as_many_rows_of_the_group(correlation):
    data = gb.load_dataset("cbpp")
    model = gb.Model("incidence | trials(size) ~ 0 + period + (1 | herd)", data, family="binomial")
    rows = data.loc[data.index.repeat(data["size"])].reset_index(drop=True)
    place = rows.groupby(["herd", "period"], observed=True).cumcount()
    single = gb.Model(
        "ill ~ 0 + period + (1 | herd)", rows.assign(ill=(place < rows["incidence"]) * 1), family="bernoulli"
    )
    beta = [-1.4, -2.4, -2.5, -3.0]
    one, other = (gb.gee(fit_from(found, beta, 0.6), correlation=correlation) for found in (model, single))
    np.testing.assert_allclose(one[["gee", "gee_se"]], other[["gee", "gee_se"]], rtol=1e-9)
    assert "each trial was given to statsmodels as a row." in one.attrs["notes"]


def test_weights_count_as_repeated_rows_under_independence():
    data = gb.load_dataset("bacteria").assign(w=lambda frame: 1 + np.arange(len(frame)) % 3)
    weighted = gb.Model("y01 | weights(w) ~ trt + (1 | ID)", data, family="bernoulli")
    repeated = gb.Model("y01 ~ trt + (1 | ID)", data.loc[data.index.repeat(data["w"])], family="bernoulli")
    beta = [2.9, -1.3, -0.8]
    one, other = (gb.gee(fit_from(model, beta), correlation="independence") for model in (weighted, repeated))
    np.testing.assert_allclose(one[["gee", "gee_se"]], other[["gee", "gee_se"]], rtol=1e-8)


def test_exposure_enters_as_an_offset():
    data = gb.load_dataset("epil").assign(weeks=lambda frame: 1.0 + np.arange(len(frame)) % 4)
    left = "y | rate(weeks) ~ trt + (1 | subject)", "y ~ trt + offset(log(weeks)) + (1 | subject)"
    one, other = (
        gb.gee(fit_from(gb.Model(formula, data, family="poisson"), [1.0, -0.1])) for formula in left
    )
    np.testing.assert_allclose(one[["gee", "gee_se"]], other[["gee", "gee_se"]], rtol=1e-9)


def visits(missing=True):
    """Return correlated binary rows at uneven visits, some of them missed."""
    rng = np.random.default_rng(11)
    week = np.tile([0.0, 2.0, 4.0, 6.0, 8.0], 80)
    b = np.repeat(rng.normal(size=80), 5)
    data = pd.DataFrame({"id": np.repeat(np.arange(80), 5), "week": week})
    data["y"] = rng.binomial(1, expit(0.4 - 0.15 * week + b))
    return data[rng.random(400) > 0.25] if missing else data


def ar1_fit(data):
    return fit_from(gb.Model("y ~ week + (1 | id)", data, family="bernoulli"), [0.4, -0.15])


def test_ar1_on_complete_visits_is_that_of_statsmodels():
    import statsmodels.api as sm

    data = visits(missing=False)
    table = gb.gee(ar1_fit(data), correlation="ar1", time="week")
    shape = sm.cov_struct.Autoregressive(grid=False)
    x = sm.add_constant(data[["week"]])
    family = sm.families.Binomial()
    time = data["week"].to_numpy() / 2
    own = sm.GEE(data["y"], x, data["id"], time=time, family=family, cov_struct=shape).fit()
    np.testing.assert_allclose(table["gee"], own.params, atol=1e-5)
    np.testing.assert_allclose(table["gee_se"], own.bse, atol=1e-5)
    assert f"ar1, {shape.dep_params:.3f} at a distance of 2 in time" == table.attrs["correlation"]


def test_ar1_with_missed_visits_solves_the_equations_of_its_times():
    data = visits()
    shuffled = data.sample(frac=1.0, random_state=1)
    table = gb.gee(ar1_fit(shuffled), correlation="ar1", time=shuffled["week"])
    rho = float(table.attrs["correlation"].split()[1])
    gamma, x = table["gee"].to_numpy(), np.column_stack([np.ones(len(data)), data["week"]])
    score, bread, meat = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
    for level in data["id"].unique():
        own = (data["id"] == level).to_numpy()
        week, mu = data["week"].to_numpy()[own], expit(x[own] @ gamma)
        sd = np.sqrt(mu * (1 - mu))
        correlation = rho ** (np.abs(week[:, None] - week) / 2)
        slope = (mu * (1 - mu))[:, None] * x[own]
        weighted = np.linalg.solve(sd[:, None] * correlation * sd, slope)
        part = weighted.T @ (data["y"].to_numpy()[own] - mu)
        score, bread, meat = score + part, bread + weighted.T @ slope, meat + np.outer(part, part)
    # The correlation is printed with three digits.
    assert np.abs(np.linalg.solve(bread, score)).max() < 2e-4
    robust = np.linalg.inv(bread) @ meat @ np.linalg.inv(bread)
    np.testing.assert_allclose(table["gee_se"], np.sqrt(np.diag(robust)), rtol=1e-3)


def nested():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"school": np.repeat(np.arange(8), 12), "room": np.tile(np.repeat([0, 1, 2], 4), 8)})
    data["item"] = np.resize([0, 1, 2, 3], 96)
    return data.assign(y=rng.integers(0, 2, 96), x=rng.normal(size=96))


def test_the_outermost_of_nested_factors_is_taken_and_told():
    fit = fit_from(gb.Model("y ~ x + (1 | school/room)", nested(), family="bernoulli"), [0.1, 0.2])
    table = gb.gee(fit)
    assert table.attrs["factor"] == "school"
    assert "8 levels of school (the outermost grouping factor: school:room nested in it)" in str(
        table.attrs["caption"]
    )
    inner = gb.gee(fit, factor="school:room")
    assert "groups that share a level of school are not independent of each other" in inner.attrs["caption"]


def test_crossed_factors_need_a_choice():
    fit = fit_from(gb.Model("y ~ x + (1 | school) + (1 | item)", nested(), family="bernoulli"), [0.1, 0.2])
    with pytest.raises(gb.PredictionError, match="none of 'school', 'item' holds the others") as caught:
        gb.gee(fit)
    assert caught.value.code == "gee" and 'factor="school"' in caught.value.hint
    assert gb.gee(fit, factor="item").attrs["factor"] == "item"


@pytest.mark.parametrize(
    ("family", "link"),
    [
        ("bernoulli", "logit"),
        ("bernoulli", "probit"),
        ("bernoulli", "cloglog"),
        ("bernoulli", "loglog"),
        ("bernoulli", "cauchit"),
        ("poisson", "log"),
        ("poisson", "sqrt"),
        ("gaussian", "identity"),
        ("gaussian", "log"),
        ("gamma", "log"),
        ("inverse_gaussian", "log"),
        ("negative_binomial", "log"),
    ],
)
def test_independence_solves_the_score_equation_of_every_family_and_link(family, link):
    data = nested().assign(y=lambda frame: frame["y"] if family == "bernoulli" else 1 + frame["item"] % 3)
    model = gb.Model("y ~ x + (1 | school)", data, family=family, link=link)
    further = {"shape": [[2.0]]} if family != "bernoulli" else {}
    names = {name: further.get("shape", [[1.0]]) for name in model.priors.auxiliary}
    fit = fit_from(model, [0.9, 0.1], 0.1, **names)
    gamma = gb.gee(fit, correlation="independence")["gee"].to_numpy()
    x, y = fit.design.x, fit.response.values
    eta = x @ gamma
    mu, slope = fit.link.inverse(eta), fit.link.inverse_derivative(eta)
    power = {"gaussian": mu**0, "poisson": mu, "gamma": mu**2, "inverse_gaussian": mu**3}
    power |= {"bernoulli": mu * (1 - mu), "negative_binomial": mu + mu**2 / 2}
    score = x.T @ (slope / power[family] * (y - mu))
    assert np.abs(score).max() < 1e-5


def fits_to_refuse():
    data = nested().assign(size=4, w=np.resize([1.0, 2.0], 96))
    data = data.assign(late=np.resize(["none", "none", "right"], 96), count=1 + data["y"])
    trials = gb.Model("y | trials(size) ~ x + (1 | school)", data, family="binomial")
    weights = gb.Model("y | weights(w) ~ x + (1 | school)", data, family="bernoulli")
    return {
        "plain": fit_from(gb.Model("y ~ x + (1 | school)", data, family="bernoulli"), [0.1, 0.2]),
        "trials": fit_from(trials, [0.1, 0.2]),
        "weights": fit_from(weights, [0.1, 0.2]),
        "cens": fit_from(gb.Model("count | cens(late) ~ x + (1 | school)", data), [0.1, 0.2], sigma=[[1.0]]),
        "lognormal": fit_from(
            gb.Model("count ~ x + (1 | school)", data, family="lognormal"), [0.1, 0.2], sigma=[[1.0]]
        ),
        "groups": fit_from(gb.Model("y ~ x", data, family="bernoulli"), [0.1, 0.2]),
        "mm": fit_from(gb.Model("y ~ x + (1 | mm(school, item))", data, family="bernoulli"), [0.1, 0.2]),
    }


@pytest.mark.parametrize(
    ("name", "options", "code", "words"),
    [
        ("plain", {"correlation": "exchangable"}, "unknown_correlation", "Did you mean 'exchangeable'"),
        ("plain", {"factor": "School"}, "unknown_factor", "Did you mean 'school'"),
        ("plain", {"time": "x"}, "gee", 'time= is for correlation="ar1", found correlation="exchangeable"'),
        ("plain", {"correlation": "ar1"}, "newdata_schema", "needs 96 finite times, one for each row"),
        ("plain", {"correlation": "ar1", "time": "week"}, "newdata_schema", "found 'week'"),
        ("plain", {"correlation": "ar1", "time": [1.0, 2.0]}, "newdata_schema", "needs 96 finite times"),
        ("plain", {"correlation": "ar1", "time": np.zeros(96)}, "gee", "one outcome of a group at a time"),
        (
            "trials",
            {"correlation": "ar1", "time": np.arange(96.0)},
            "gee",
            "one outcome of a group at a time",
        ),
        ("weights", {}, "gee", 'weights as those of whole groups .* Write correlation="independence"'),
        ("cens", {}, "gee", r"cens\(\) of the formula is no part of"),
        ("lognormal", {}, "gee", "found 'lognormal'"),
        ("groups", {}, "no_random_effects", "no grouping factor"),
        ("mm", {}, "gee", "share no rows"),
    ],
)
def test_what_gee_cannot_do_is_refused_in_words(name, options, code, words):
    with pytest.raises(gb.PredictionError, match=words) as caught:
        gb.gee(fits_to_refuse()[name], **options)
    assert caught.value.code == code


def test_separated_outcomes_are_no_solution():
    data = nested().assign(y=lambda frame: (frame["x"] > 0).astype(int))
    fit = fit_from(gb.Model("y ~ x + (1 | school)", data, family="bernoulli"), [0.1, 0.2])
    with pytest.raises(gb.PredictionError, match="no solution of the estimating equations") as caught:
        gb.gee(fit)
    assert caught.value.code == "gee"


def test_without_statsmodels_the_error_says_what_to_install(monkeypatch):
    fit = study("bacteria")[0]
    for name in ("statsmodels", *[name for name in sys.modules if name.startswith("statsmodels.")]):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(gb.PredictionError, match="which is not installed") as caught:
        gb.gee(fit)
    assert caught.value.code == "missing_package"
    assert caught.value.hint == 'Write pip install "glmm-bayes[gee]".'


def test_a_correlation_that_no_group_can_have_is_refused():
    # Pairs of opposite outcomes have a correlation that a group of six cannot have.
    data = pd.DataFrame(
        {"g": [*np.repeat(np.arange(20), 2), *[20] * 6], "x": np.resize([0.0, 1, 1, 0, 1], 46)}
    )
    data["y"] = [*np.resize([0, 1, 1, 0], 40), 0, 1, 1, 0, 0, 1]
    fit = fit_from(gb.Model("y ~ x + (1 | g)", data, family="bernoulli"), [-0.7, 0.1])
    with pytest.raises(gb.PredictionError, match="impossible in a group of 6 rows") as caught:
        gb.gee(fit)
    assert caught.value.code == "gee"
