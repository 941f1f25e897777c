"""Laws over all estimands, links and measures, at draws as wide as the default priors."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import glmm_bayes as gb
from glmm_bayes.effects.result.measures import MEASURES

# Three levels and forty rows are warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")

ROWS, CHAINS, DRAWS = 40, 2, 3
_RNG = np.random.default_rng(3)
DATA = pd.DataFrame(
    {
        "x": _RNG.normal(0.5, 1.0, ROWS).round(3),
        "t": np.resize(["a", "b", "c", "b", "a"], ROWS),
        "d": np.resize([0, 1, 1], ROWS),
        "o": _RNG.normal(0.0, 0.3, ROWS).round(3),
        "g": np.resize(["g1", "g2", "g3", "g4", "g5", "g6", "g7"], ROWS),
        "h": np.resize(["u", "v", "w"], ROWS),
        "real": _RNG.normal(size=ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "count": _RNG.poisson(2.0, ROWS),
        "amount": _RNG.gamma(2.0, 1.0, ROWS),
    }
)
#: Family and link: the response, and where its mean lies.
LINKS = {
    ("gaussian", "identity"): ("real", -np.inf, np.inf),
    ("gaussian", "log"): ("real", 0.0, np.inf),
    ("bernoulli", "logit"): ("bit", 0.0, 1.0),
    ("bernoulli", "probit"): ("bit", 0.0, 1.0),
    ("bernoulli", "cloglog"): ("bit", 0.0, 1.0),
    ("bernoulli", "loglog"): ("bit", 0.0, 1.0),
    ("bernoulli", "cauchit"): ("bit", 0.0, 1.0),
    ("poisson", "log"): ("count", 0.0, np.inf),
    ("poisson", "sqrt"): ("count", 0.0, np.inf),
    ("negative_binomial", "softplus"): ("count", 0.0, np.inf),
    ("gamma", "log"): ("amount", 0.0, np.inf),
}
IDENTITY = ("gaussian", "identity")
WORDS = (
    "population",
    "typical",
    "subject",
    "sample",
    "new_subject",
    {"g": "population", "h": "subject"},
    {"g": "subject", "h": "population"},
    {"g": "sample", "h": "population"},
    {"g": "new_subject", "h": "typical"},
)
KNOWN = tuple(word for word in WORDS if "new_subject" not in str(word))

every_link = pytest.mark.parametrize("key", LINKS, ids="-".join)
seeds = st.integers(0, 2**32 - 1)
words, known_words = st.sampled_from(WORDS), st.sampled_from(KNOWN)


#: Without the search for what a failure depends on, which takes longer than all else.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


def few(examples):
    most = examples * settings().max_examples // 100
    return settings(max_examples=most, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))


def build(key, data):
    family, link = key
    formula = f"{LINKS[key][0]} ~ x*t + d + offset(o) + (1 + x | g) + (1 | h)"
    return gb.Model(formula, data, family=family, link=link)


@cache
def model_of(key):
    return build(key, DATA)


def draws_of(key, seed, sd=1.0, without=None):
    """Draws from nowhere in particular, as wide as default priors; a variable may have no effect."""
    rng = np.random.default_rng(seed)
    shape = (CHAINS, DRAWS)
    corr = np.tile(np.eye(2), (*shape, 1, 1))
    corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.95, 0.95, shape)
    width = 0.6 if "log" in key else 1.2
    draws = {
        "beta": rng.normal(0, width, (*shape, len(model_of(key).design.coefficients))),
        "sd_g": sd * np.abs(rng.normal(0, width, (*shape, 2))),
        "corr_g": corr,
        "sd_h": sd * np.abs(rng.normal(0, width, (*shape, 1))),
    }
    for at, name in enumerate(model_of(key).design.coefficients):
        if without in name.replace("[", ":").split(":"):
            draws["beta"][..., at] = 0.0
    draws["b_g"] = draws["sd_g"][:, :, None] * rng.normal(size=(*shape, 7, 2))
    draws["b_h"] = draws["sd_h"][:, :, None] * rng.normal(size=(*shape, 3, 1))
    return draws | {name: rng.uniform(0.5, 2.0, shape) for name in model_of(key).priors.auxiliary}


def fit_of(key, seed, sd=1.0, without=None):
    return gb.Fit.from_draws(model_of(key), draws_of(key, seed, sd, without))


def values(effects):
    return effects.draws.to_numpy().reshape(CHAINS * DRAWS, -1)


def measures_of(key):
    """Measures that exist for the range of a mean: others need it positive, or between 0 and 1."""
    _, low, high = LINKS[key]
    known = [name for name in MEASURES if MEASURES[name].of_ordered is None]
    names = [name for name in known if high == 1.0 or not MEASURES[name].of_probabilities]
    return names if low == 0.0 else ["difference", "ratio", "lift", "percent", "nnt"]


def near(found, wanted, rtol=1e-8, atol=1e-9):
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


@every_link
@few(8)
@given(seed=seeds, word=words, variable=st.sampled_from(["t", "d"]), data=st.data())
def test_a_variable_without_effect_gives_the_null(key, seed, word, variable, data):
    measure = data.draw(st.sampled_from(measures_of(key)))
    fit = fit_of(key, seed, without=variable)
    same = gb.comparisons(fit, variable, measure=measure, estimand=word, seed=1)
    # The draws of a number needed to treat are those of the difference.
    null = 0.0 if measure == "nnt" else same.attrs["null"]
    near(values(same), null, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("link", "eta"), [("probit", 9.0), ("cloglog", 4.0)])
def test_log_odds_of_rows_far_in_the_tail_are_finite(link, eta):
    fit = fit_of(("bernoulli", link), 0, 0.0)
    draws = {name: fit.draws["posterior"][name].to_numpy() for name in fit.draws["posterior"].data_vars}
    beta = np.zeros_like(draws["beta"])
    beta[..., 0] = eta
    far = gb.Fit.from_draws(model_of(("bernoulli", link)), draws | {"beta": beta})
    same = gb.comparisons(far, "d", measure="mean_log_odds_ratio", estimand="typical", values=[0, 1])
    near(values(same), 0.0)


def recoded(key, seed, data, effects=None):
    """The same posterior on recoded rows; ``effects`` recodes a group's intercept and slope."""
    old, new = model_of(key), build(key, data)
    draws = draws_of(key, seed)
    x, other = old.design.x, new.design.x
    offset = old.design.offset - new.design.offset
    target = draws["beta"] @ x.T + offset
    draws["beta"] = np.linalg.lstsq(other, target.reshape(-1, len(other)).T)[0].T.reshape(CHAINS, DRAWS, -1)
    if effects is not None:
        sigma = draws["sd_g"][..., :, None] * draws["corr_g"] * draws["sd_g"][..., None, :]
        sigma = effects @ sigma @ effects.T
        sd = np.sqrt(np.diagonal(sigma, axis1=-2, axis2=-1))
        draws |= {"sd_g": sd, "corr_g": sigma / (sd[..., :, None] * sd[..., None, :])}
        draws["b_g"] = draws["b_g"] @ effects.T
    return gb.Fit.from_draws(new, draws)


def same_answers(key, one, other, word, contrast, other_contrast, measure):
    """Predictions, averages and contrasts of two fits agree row by row."""
    near(values(gb.predictions(one, estimand=word)), values(gb.predictions(other, estimand=word)))
    first = gb.comparisons(one, estimand=word, measure=measure, **contrast)
    second = gb.comparisons(other, estimand=word, measure=measure, **other_contrast)
    near(values(first), values(second), rtol=1e-6, atol=1e-7)
    # Draws of new groups depend on the coding of their effects; their distribution does not.
    both = [gb.predictions(fit, estimand="new_subject").summary() for fit in (one, other)]
    if key[1] != "sqrt":
        assert both[0].attrs["interval_from"].startswith("exact")
        columns = ["mean", "eti89_lb", "eti89_ub"]
        near(both[0][columns], both[1][columns], rtol=1e-7)


@every_link
@few(4)
@given(
    seed=seeds,
    word=known_words,
    shift=st.floats(-20.0, 20.0),
    unit=st.floats(0.05, 30.0).map(lambda b: b if b > 1 else -b),
    data=st.data(),
)
def test_units_and_origin_of_a_number_change_nothing(key, seed, word, shift, unit, data):
    measure = data.draw(st.sampled_from(measures_of(key)))
    back = np.array([[1.0, -shift / unit], [0.0, 1.0 / unit]])
    one = fit_of(key, seed)
    other = recoded(key, seed, DATA.assign(x=shift + unit * DATA["x"]), back)
    contrast = {"variable": "x", "values": [0.2, 1.1]}
    moved = {"variable": "x", "values": [shift + unit * 0.2, shift + unit * 1.1]}
    same_answers(key, one, other, word, contrast, moved, measure)
    slopes = [values(gb.slopes(fit, "x", estimand=word)) for fit in (one, other)]
    near(slopes[0], slopes[1] * unit, rtol=1e-5, atol=1e-6)


@every_link
@few(4)
@given(seed=seeds, word=known_words, order=st.permutations(["a", "b", "c"]), data=st.data())
def test_the_reference_level_changes_nothing(key, seed, word, order, data):
    measure = data.draw(st.sampled_from(measures_of(key)))
    other = recoded(key, seed, DATA.assign(t=pd.Categorical(DATA["t"], categories=order)))
    contrast = {"variable": "t", "values": ["a", "c"]}
    same_answers(key, fit_of(key, seed), other, word, contrast, contrast, measure)


@every_link
@few(5)
@given(seed=seeds, word=known_words, constant=st.floats(-3.0, 3.0))
def test_a_constant_may_move_between_offset_and_intercept(key, seed, word, constant):
    other = recoded(key, seed, DATA.assign(o=DATA["o"] + constant))
    contrast = {"variable": "d"}
    same_answers(key, fit_of(key, seed), other, word, contrast, contrast, "difference")
    one = gb.coefficients(fit_of(key, seed), projection="hedeker").side_by_side()
    moved = gb.coefficients(other, projection="hedeker").side_by_side()
    near(one["population_mean"][1:], moved["population_mean"][1:], rtol=1e-6, atol=1e-6)


@every_link
@few(4)
@given(
    seed=seeds,
    word=words,
    order=st.permutations(range(ROWS)),
    names=st.permutations(["p", "q", "r"]),
    data=st.data(),
)
def test_order_and_repetition_of_rows_and_names_of_groups_change_nothing(key, seed, word, order, names, data):
    measure = data.draw(st.sampled_from(measures_of(key)))
    one, draws = fit_of(key, seed), draws_of(key, seed)
    shuffled = DATA.iloc[[*order, *order]].reset_index(drop=True)
    fits = {"rows": gb.Fit.from_draws(build(key, shuffled), draws)}
    # Names in another order put the levels in another order.
    named = DATA.assign(h=DATA["h"].map(dict(zip("uvw", names, strict=True))))
    place = [names.index(name) for name in sorted(names)]
    fits["names"] = gb.Fit.from_draws(build(key, named), draws | {"b_h": draws["b_h"][:, :, place]})
    each = values(gb.predictions(one, estimand=word))
    average = values(gb.comparisons(one, "t", measure=measure, estimand=word))
    table = gb.coefficients(one, projection="hedeker").side_by_side()["population_mean"]
    for kind, fit in fits.items():
        if kind == "names" and "new_subject" in str(word):
            continue  # other names, other new groups
        found = values(gb.predictions(fit, estimand=word))
        near(found, each[:, [*order, *order]] if kind == "rows" else each)
        near(values(gb.comparisons(fit, "t", measure=measure, estimand=word)), average, rtol=1e-7)
        near(
            gb.coefficients(fit, projection="hedeker").side_by_side()["population_mean"],
            table,
            rtol=1e-7,
            atol=1e-7,
        )


@every_link
@few(5)
@given(seed=seeds)
def test_the_population_mean_lies_within_the_fan_and_the_typical_group_in_its_middle(key, seed):
    fit = fit_of(key, seed)
    if key[1] == "sqrt":
        with pytest.raises(gb.PredictionError, match="no increasing function"):
            gb.fan(fit)
        return
    levels = [1e-12, 0.05, 0.5, 0.95, 1 - 1e-12]
    curves = values(gb.fan(fit, probabilities=levels)).reshape(CHAINS * DRAWS, ROWS, -1)
    assert (np.diff(curves, axis=2) >= 0).all()
    population = gb.predictions(fit)
    slack = population.attrs["integration_error"]
    mean = values(population)
    assert (curves[..., 0] - slack <= mean).all() and (mean <= curves[..., -1] + slack).all()
    near(curves[..., 2], values(gb.predictions(fit, estimand="typical")), rtol=1e-13, atol=1e-13)


@every_link
@few(4)
@given(seed=seeds, word=words, by=st.sampled_from([None, True, "t"]), scale=st.sampled_from([0.1, 1.0, 3.0]))
def test_intervals_lie_where_responses_do(key, seed, word, by, scale):
    _, low, high = LINKS[key]
    fit = fit_of(key, seed, scale)
    table = gb.predictions(fit, estimand=word, by=by).summary(0.99)
    ends = table[["eti99_lb", "mean", "eti99_ub"]].to_numpy()
    assert (ends >= low).all() and (ends <= high).all()
    assert (ends[:, 0] <= ends[:, 2]).all()
    if low == 0.0:
        difference = gb.comparisons(fit, "d", measure="difference", estimand=word).summary(0.99)
        assert (difference["eti99_lb"] >= -high).all() and (difference["eti99_ub"] <= high).all()
        for measure, least in (("ratio", 0.0), ("lift", -1.0), ("percent", -100.0)):
            assert (
                gb.comparisons(fit, "d", measure=measure, estimand=word).summary(0.99)["eti99_lb"] >= least
            ).all()
    if high == 1.0:
        try:
            odds = gb.comparisons(fit, "d", measure="odds_ratio", estimand=word).summary(0.99)
        except gb.PredictionError as error:
            # Odds of a probability that is 1 to the last bit are beyond all numbers.
            assert error.code == "overflow"
        else:
            assert (odds["eti99_lb"] >= 0.0).all()


@pytest.mark.parametrize("word", ["sample", {"g": "sample", "h": "population"}])
@pytest.mark.parametrize(
    ("link", "eta", "bound"), [("cloglog", 5.0, 1.0), ("logit", 40.0, 1.0), ("probit", -40.0, 0.0)]
)
def test_averages_of_means_at_a_bound_stay_there(link, eta, bound, word):
    # Twenty-one shares of 1/21 add up to 1 + 4e-16.
    key = ("bernoulli", link)
    draws = draws_of(key, 1, 0.0)
    draws["beta"] = np.zeros_like(draws["beta"])
    draws["beta"][..., 0] = eta
    fit = gb.Fit.from_draws(model_of(key), draws)
    for by in (None, True):
        found = values(gb.predictions(fit, estimand=word, by=by))
        near(found, bound, rtol=0, atol=1e-15)
        assert (found >= 0.0).all() and (found <= 1.0).all()
    near(values(gb.comparisons(fit, "d", estimand=word)), 0.0, atol=1e-15)


@few(12)
@given(
    seed=seeds, variable=st.sampled_from(["x", "t", "d"]), measure=st.sampled_from(["difference", "ratio"])
)
def test_an_identity_link_makes_typical_and_population_agree(seed, variable, measure):
    fit = fit_of(IDENTITY, seed)
    both = ("typical", "population")
    near(*(values(gb.predictions(fit, estimand=word)) for word in both), rtol=0, atol=1e-13)
    near(
        *(values(gb.comparisons(fit, variable, measure=measure, estimand=word)) for word in both),
        rtol=1e-11,
        atol=1e-12,
    )
    near(*(values(gb.slopes(fit, "x", estimand=word)) for word in both), rtol=1e-12, atol=1e-12)
    table = gb.coefficients(fit).side_by_side()
    near(table["subject_mean"], table["population_mean"], rtol=1e-10, atol=1e-11)


@every_link
@few(3)
@given(seed=seeds, variable=st.sampled_from(["x", "t", "d"]), data=st.data())
def test_groups_that_do_not_differ_make_all_estimands_agree(key, seed, variable, data):
    measure = data.draw(st.sampled_from(measures_of(key)))
    for sd, tolerance in ((0.0, 6e-9), (1e-9, 1e-7)):
        fit = fit_of(key, seed, sd)
        typical = values(gb.predictions(fit, estimand="typical"))
        contrast = values(gb.comparisons(fit, variable, measure=measure, estimand="typical"))
        for word in WORDS:
            near(values(gb.predictions(fit, estimand=word)), typical, tolerance, tolerance)
            found = values(gb.comparisons(fit, variable, measure=measure, estimand=word))
            # A ratio takes the error of a mean as large as the mean is small.
            near(found, contrast, 1e3 * tolerance, 1e3 * tolerance)


@every_link
@few(4)
@given(seed=seeds, word=st.sampled_from(["population", "typical", "subject", "sample"]))
def test_measures_are_functions_of_the_same_two_averages(key, seed, word):
    fit = fit_of(key, seed)
    rows = [gb.predictions(fit, DATA.assign(d=d), estimand=word, by=True) for d in (1, 0)]
    high, low = (values(row) for row in rows)
    for measure in measures_of(key):
        if measure != "mean_log_odds_ratio":
            found = values(gb.comparisons(fit, "d", measure=measure, estimand=word))
            wanted = MEASURES[measure].compare(high, low)
            assert not np.isnan(found).any()
            # Odds of averages that round to 1 have no digits here; comparisons integrate 1 - mean for them.
            if MEASURES[measure].of_odds:
                has_digits = np.maximum(high, low) < 1 - 1e-6
                found, wanted = found[has_digits], wanted[has_digits]
            near(found, wanted, rtol=1e-9, atol=1e-10)
