"""Arguments of public calls that sample or draw: wrong ones are typed errors before PyMC is imported."""

import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

NOT_WHOLE = ["1", "a", None, float("nan"), float("inf"), [1], 1.7, 1.0, True, 1j, b"1", np.float64(2), {}]
SEEDS = [-1, 2**70, 2**63, *(bad for bad in NOT_WHOLE if bad is not None)]
WRONG = {
    "draws": [0, -1, *NOT_WHOLE],
    "tune": [0, -5, *(bad for bad in NOT_WHOLE if bad is not None)],
    "chains": [0, -1, *NOT_WHOLE],
    "cores": [0, -1, *(bad for bad in NOT_WHOLE if bad is not None)],
    "seed": SEEDS,
    "target_accept": ["0.9", 0, 1, 0.0, 1.0, -0.1, 95, float("nan"), float("inf"), True, [0.9], 1j],
    "engine": ["stan", "Nutpie", "", None, 1, ["pymc"], b"pymc"],
    "progress": ["yes", 1, 0, [], "json"],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]
TABLE = pd.DataFrame({"y": [1.0, 2.5, 2.0, 4.0], "z": [0.0, 1.0, 0.5, 2.0], "x": [1.0, 3.0, 2.0, 5.0]})


@cache
def model():
    return gb.Model("y ~ x", TABLE)


@cache
def models():
    return model(), gb.Model(gb.Formulas("y ~ x", "z ~ x"), TABLE)


@cache
def drawn():
    counts = gb.load_dataset("epil")
    own = gb.Model("y ~ trt + (1 | subject)", counts, family="poisson")
    rng = np.random.default_rng(1)
    draws = {
        "beta": rng.normal(0, 0.1, (1, 8, 2)),
        "sd_subject": rng.uniform(0.4, 0.6, (1, 8, 1)),
        "b_subject": rng.normal(0, 0.5, (1, 8, 59, 1)),
    }
    return gb.Fit.from_draws(own, draws)


#: Every public call that takes a seed, and how.
SEEDED = {
    "fit": lambda seed: model().fit(seed=seed),
    "prior_predictive": lambda seed: model().prior_predictive(seed=seed),
    "prior_predictive of several": lambda seed: models()[1].prior_predictive(seed=seed),
    "predictions": lambda seed: gb.predictions(drawn(), estimand="new_subject", seed=seed),
    "predictions of the population": lambda seed: gb.predictions(drawn(), seed=seed),
    "comparisons": lambda seed: gb.comparisons(drawn(), "trt", seed=seed),
    "slopes": lambda seed: gb.slopes(drawn(), "trt", seed=seed),
    "estimands": lambda seed: gb.estimands(drawn(), "trt", seed=seed),
    "posterior_predictive": lambda seed: gb.posterior_predictive(drawn(), seed=seed),
    "pit": lambda seed: gb.pit(drawn(), seed=seed),
    "pp_check": lambda seed: gb.pp_check(drawn(), seed=seed),
    "gee_check": lambda seed: gb.gee_check(drawn(), seed=seed),
    "check_family": lambda seed: gb.check_family("poisson", seed=seed),
    "bootstrap": lambda seed: gb.BayesianBootstrap(seed=seed),
}
#: Every public call that takes a number of draws.
COUNTED = {
    "prior_predictive": lambda draws: model().prior_predictive(draws=draws),
    "prior_predictive of several": lambda draws: models()[1].prior_predictive(draws=draws),
    "posterior_predictive": lambda draws: gb.posterior_predictive(drawn(), draws=draws),
    "gee_check": lambda draws: gb.gee_check(drawn(), draws=draws),
    "check_family": lambda draws: gb.check_family("poisson", draws=draws),
}


def shown(value):
    return f"{value!r:.20}"


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda value: shown(value))
def test_every_wrong_setting_of_a_fit_is_named(name, value):
    for one in models():
        with pytest.raises(gb.SamplingError) as caught:
            one.fit(**{name: value})
        assert caught.value.code == ("unknown_engine" if name == "engine" else "settings")
        assert name in str(caught.value) and len(caught.value.findings) == 1


@pytest.mark.parametrize("verb", SEEDED)
@pytest.mark.parametrize("seed", SEEDS, ids=shown)
def test_every_wrong_seed_is_named_wherever_there_is_one(verb, seed):
    with pytest.raises(gb.GlmmError, match="seed must be a whole number") as caught:
        SEEDED[verb](seed)
    assert caught.value.code == "settings"


@pytest.mark.parametrize("verb", COUNTED)
@pytest.mark.parametrize("draws", [0, -1, *(bad for bad in NOT_WHOLE if bad is not None)], ids=shown)
def test_every_wrong_number_of_draws_is_named_wherever_there_is_one(verb, draws):
    with pytest.raises(gb.GlmmError, match=r"draws.* must be a whole number") as caught:
        COUNTED[verb](draws)
    assert caught.value.code in ("settings", "draws")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("random_seed", "seed"), ("warmup", "tune"), ("iter", "draws"), ("adapt_delta", "target_accept"),
     ("nuts_sampler", "engine"), ("progressbar", "progress"), ("Chains", "chains"), ("core", "cores")],
)  # fmt: skip
def test_what_other_packages_call_it_is_answered_with_our_name(theirs, ours):
    for one in models():
        with pytest.raises(gb.SamplingError, match=f"'{theirs}'") as caught:
            one.fit(**{theirs: 1})
        assert caught.value.code == "unknown_argument" and ours in caught.value.hint.split(" Arguments")[0]


def test_whole_numbers_of_numpy_are_taken_for_what_they_are():
    from glmm_bayes.fit.settings import Settings

    made = Settings(
        draws=np.int64(10), tune=np.uint8(5), chains=np.int32(2), cores=np.int8(1), seed=np.int64(3)
    )
    assert all(type(getattr(made, name)) is int for name in ("draws", "tune", "chains", "cores", "seed"))
    assert type(Settings(target_accept=np.float32(0.5)).target_accept) is float
    assert Settings(seed=2**63 - 1).seed == 2**63 - 1


def test_refusals_import_no_pymc():
    code = (
        "import sys, glmm_bayes as gb\n"
        "model = gb.Model('y ~ x', {'y': [1.0, 2.5, 2.0, 4.0], 'x': [1.0, 3.0, 2.0, 5.0]})\n"
        "huge = {'draws': 10**9}, {'chains': 10**5}\n"
        "for wrong in ({'seed': -1}, {'engine': 'stan'}, {'random_seed': 1}, *huge):\n"
        "    try:\n"
        "        model.fit(**wrong)\n"
        "    except gb.GlmmError as error:\n"
        "        print(error.code)\n"
        "try:\n"
        "    model.prior_predictive(seed='a')\n"
        "except gb.GlmmError as error:\n"
        "    print(error.code)\n"
        "assert not {'pymc', 'pytensor', 'nutpie', 'numba'} & set(sys.modules), 'imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "settings",
        "unknown_engine",
        "unknown_argument",
        *["resources"] * 2,
        "settings",
    ]
