"""The graph of several responses has the density of the model's definition, written here in SciPy alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import log_expit

import glmm_bayes as gb
from tests.plain_mode import PLAIN

RNG = np.random.default_rng(4)
ROWS, LEVELS = 40, 6
DATA = pd.DataFrame(
    {"x": RNG.normal(size=ROWS), "z": RNG.normal(size=ROWS), "g": np.resize(np.arange(LEVELS), ROWS)}
).assign(
    a=lambda f: RNG.normal(f["x"]),
    b=lambda f: RNG.normal(f["z"]),
    bit=lambda f: RNG.integers(0, 2, ROWS),
)
CODES = DATA["g"].to_numpy()


def log_densities(model, *names):
    """Return the log density of the named variables, or of all, at a random point, and the point."""
    graph = model.pymc_model
    point = {key: np.asarray(value) + RNG.normal(0, 0.2, np.shape(value))
             for key, value in graph.initial_point().items()}  # fmt: skip
    variables = [graph[name] for name in names] or None
    total = graph.compile_logp(vars=variables, mode=PLAIN)(point)
    return float(total), point


def values_at(model, point, *names):
    graph = model.pymc_model
    outputs = graph.replace_rvs_by_values([graph[name] for name in names])
    return dict(
        zip(names, graph.compile_fn(outputs, inputs=graph.value_vars, mode=PLAIN)(point), strict=True)
    )


def test_without_labels_or_residual_correlations_the_density_is_the_product_of_the_separate_ones():
    first, second = "a ~ x + (1 + x | g)", "bit ~ z + (1 | g)"
    both = gb.Model(gb.Formulas(first, second, family=("gaussian", "bernoulli")), DATA)
    total, point = log_densities(both)
    apart = 0.0
    for slug, model in (("a", gb.Model(first, DATA)), ("bit", gb.Model(second, DATA, "bernoulli"))):
        own = {key.removeprefix(f"{slug}_"): value for key, value in point.items() if key.startswith(slug)}
        apart += float(model.pymc_model.compile_logp(mode=PLAIN)(own))
    assert total == pytest.approx(apart, rel=1e-12)


def test_effects_under_a_label_have_the_joint_normal_density():
    formulas = gb.Formulas("a ~ x + (1 |i| g)", "bit ~ z + (1 |i| g)", family=("gaussian", "bernoulli"))
    model = gb.Model(formulas, DATA)
    _, point = log_densities(model)
    names = ("a_b_g", "bit_b_g", "a_sd_g", "bit_sd_g", "joint_corr_i", "a_beta", "bit_beta", "a_sigma")
    at = values_at(model, point, *names)
    b = np.hstack([at["a_b_g"], at["bit_b_g"]])
    sd = np.concatenate([at["a_sd_g"], at["bit_sd_g"]])
    law = stats.multivariate_normal(np.zeros(2), np.outer(sd, sd) * at["joint_corr_i"])
    # Effects are a linear function of standard normal ones: their density differs by its determinant.
    standard = stats.norm.logpdf(point["joint_z_i"]).sum()
    jacobian = LEVELS * 0.5 * np.linalg.slogdet(law.cov)[1]
    assert law.logpdf(b).sum() == pytest.approx(standard - jacobian, rel=1e-10)
    eta = at["a_beta"][0] + at["a_beta"][1] * DATA["x"] + b[CODES, 0]
    logit = at["bit_beta"][0] + at["bit_beta"][1] * DATA["z"] + b[CODES, 1]
    rows = stats.norm.logpdf(DATA["a"], eta, at["a_sigma"]).sum()
    rows += np.where(DATA["bit"] == 1, log_expit(logit), log_expit(-logit)).sum()
    graph = model.pymc_model
    assert graph.compile_logp(vars=[graph["a"], graph["bit"]], mode=PLAIN)(point) == pytest.approx(
        rows, rel=1e-10
    )


@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_correlated_residuals_have_the_multivariate_density(family):
    formulas = gb.Formulas(gb.Formula("a ~ x + (1 | g)", sigma="~ z"), "b ~ z", family=family, rescor=True)
    model = gb.Model(formulas, DATA)
    graph = model.pymc_model
    found, point = log_densities(model, "y")
    names = ["a_beta", "a_b_g", "a_sigma_beta", "b_beta", "b_sigma", "rescor"]
    names += ["nu"] if family == "student" else []
    at = values_at(model, point, *names)
    mean_a = at["a_beta"][0] + at["a_beta"][1] * DATA["x"] + at["a_b_g"][CODES, 0]
    mean_b = at["b_beta"][0] + at["b_beta"][1] * DATA["z"]
    sigma_a = np.exp(at["a_sigma_beta"][0] + at["a_sigma_beta"][1] * DATA["z"])
    expected = 0.0
    for row in range(ROWS):
        sd = np.array([sigma_a[row], at["b_sigma"]])
        shape = np.outer(sd, sd) * at["rescor"]
        mean, y = [mean_a[row], mean_b[row]], DATA.loc[row, ["a", "b"]].to_numpy(float)
        if family == "gaussian":
            expected += stats.multivariate_normal.logpdf(y, mean, shape)
        else:
            expected += stats.multivariate_t.logpdf(y, mean, shape, df=float(at["nu"]))
    assert found == pytest.approx(expected, rel=1e-10)
    assert np.isfinite(graph.compile_dlogp(mode=PLAIN)(point)).all()


def test_a_prior_without_a_response_holds_for_all_and_one_with_its_name_comes_first():
    formulas = gb.Formulas("a ~ x + (1 | g)", "b ~ x", rescor=True)
    wide, narrow = gb.Prior("Normal", mu=0, sigma=9), gb.Prior("Normal", mu=0, sigma=2)
    given = {"beta": wide, "b_beta[x]": narrow, "rescor": gb.Prior("LKJ", eta=5)}
    rows = {row.parameter: row.prior for row in gb.Model(formulas, DATA, priors=given).priors.rows}
    assert (rows["a_beta[x]"], rows["b_beta[x]"]) == (repr(wide), repr(narrow))
    assert rows["rescor"] == "LKJ(eta=5)"


NORMAL = gb.Prior("Normal", mu=0, sigma=1)
# formulas, what Formulas takes beside, what Model takes beside, code, part of the message
REFUSED = [
    (("a ~ x", "bit ~ x"), {"family": ("gaussian", "bernoulli"), "rescor": True}, {}, "rescor",
     "all responses must be gaussian, or all student; found gaussian, bernoulli."),
    (("a ~ x + (1 |i| g)", "b ~ x + (1 |i| z)"), {}, {}, "label", "stands at different grouping factors"),
    (("a ~ x", "b ~ x"), {}, {"priors": {"a_bta[x]": NORMAL}}, "prior", "Did you mean 'a_beta[x]'?"),
    (("a ~ x", "b ~ x"), {}, {"priors": {"rescor": gb.Prior("LKJ", eta=2)}}, "prior", "'rescor'"),
    (("a ~ x + (1 |i| g)", "b ~ x + (1 |i| g)"), {}, {"priors": {"a_corr_g": gb.Prior("LKJ", eta=2)}},
     "prior", "no parameter 'a_corr_g'"),
    (("a ~ x", "b ~ x"), {"family": "student", "rescor": True}, {"priors": {"a_nu": NORMAL}},
     "prior", "no parameter 'a_nu'"),
    (("a | weights(g) ~ x", "b ~ x"), {"rescor": True}, {}, "rescor", "nothing may stand after the bar"),
    (("a ~ x", "b ~ x"), {}, {"family": "gaussian"}, "spec_twice", "already holds families"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "further", "given", "code", "message"), REFUSED)
def test_what_is_refused_is_refused_before_anything_is_compiled(members, further, given, code, message):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(gb.Formulas(*members, **further), DATA, **given)
    assert caught.value.code == code and message in str(caught.value)


def test_a_row_that_misses_a_value_of_one_response_is_dropped_from_all():
    data = DATA.assign(a=DATA["a"].where(DATA.index != 3))
    model = gb.Model(gb.Formulas("a ~ x", "b ~ x"), data, missing="drop")
    assert [len(one.design) for one in model.definition.responses.values()] == [ROWS - 1, ROWS - 1]


def test_a_response_may_be_a_predictor_of_another_and_that_is_noted():
    model = gb.Model(gb.Formulas("a ~ b", "b ~ x"), DATA)
    assert "response_as_predictor" in [finding.code for finding in model.findings]
