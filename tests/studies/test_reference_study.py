"""The stored study of real data sets holds against Stan's posteriors and against maximum likelihood.

The verdicts are worked out anew from the stored numbers of our side and the oracles of the other; nothing is
sampled. ``benchmarks/references.py`` makes the stored numbers.
"""

import json
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
ORACLES = TESTS / "oracles"
STUDY = json.loads((TESTS.parent / "benchmarks" / "results" / "references.json").read_text(encoding="utf-8"))[
    "results"
]


def oracle(name):
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))


POSTERIORS = oracle("posteriors.json")
ESTIMATES = oracle("maximum_likelihood.json") | oracle("insteval.json")

WITH_POSTERIOR = [
    "sleepstudy",
    "toenail",
    "cbpp",
    "bacteria",
    "ohio",
    "contraception",
    "epil",
    "grouseticks",
    "nc_sids_iid",
    "nc_sids_icar",
    "verbagg",
    "wine",
    "inhaler",
    "koch",
    "cake",
    "dat_bcg",
    "dat_bcg_exact",
]
GAUSSIAN = ["penicillin", "pastes", "orthodont_intercept", "orthodont_slope", "hsb82", "insteval"]
COUNTS = ["grouseticks_nb", "epil_nb", "salamanders_nb", "salamanders_nb1", "owls_nb1"]
MANY_ZEROS = ["owls_zip", "owls_zinb", "salamanders_zip", "salamanders_hurdle"]
ORDINAL = ["inhaler_ml", "koch_ml", "wine_probit"]
#: A standard deviation whose estimate is 0: no equal-tailed interval of a positive number holds it.
AT_ZERO = {"cbpp_beta_binomial": "sd[herd, (Intercept)]"}
#: Means of a skewed posterior stand farther than 0.25 sd from the maximum of the likelihood: few judges, rare
#: high ratings, zeros that a small mean explains as well as zi. That the maximum is R's is tested apart, in
#: test_reference_likelihood.
SKEWED = {
    "wine_probit": {"threshold[4|5]", "b[tempwarm]"},
    "inhaler_ml": {"threshold[2|3]", "threshold[3|4]"},
    "salamanders_zip": {"b[(Intercept)]", "b[minedno]", "zi[(Intercept)]", "zi[minedno]"},
}
#: Weak priors let zi go to 0 (R's standard error of its coefficient is 3.0), so that its logit has no mean to
#: compare: test_reference_likelihood alone has this model.
NOT_SAMPLED = {"salamanders_zinb", "verbagg_ordinal"}
WITH_ESTIMATES = [*GAUSSIAN, *COUNTS, *MANY_ZEROS, *ORDINAL, "cake_gamma", "cbpp_beta_binomial"]


def ours_of(name, references):
    """Our stored numbers by the reference's names, which must be all of them."""
    stored = STUDY[name]["parameters"]
    found = {entry["reference"]: {"name": ours, **entry} for ours, entry in stored.items()}
    assert len(found) == len(stored)
    assert set(found) == set(references)
    return found


def test_each_oracle_has_its_model_in_the_study():
    assert set(WITH_POSTERIOR) == set(POSTERIORS)
    assert {*WITH_ESTIMATES, *NOT_SAMPLED} == set(ESTIMATES)
    assert set(STUDY) == {*WITH_POSTERIOR, *WITH_ESTIMATES}


@pytest.mark.parametrize("name", WITH_POSTERIOR + WITH_ESTIMATES)
def test_chains_agree_without_divergences(name):
    assert STUDY[name]["max_r_hat"] < 1.01
    assert STUDY[name]["min_ess_bulk"] > 400
    assert STUDY[name]["divergences"] == 0


@pytest.mark.parametrize("name", WITH_POSTERIOR)
def test_means_and_sds_equal_those_of_stan_within_monte_carlo_error(name):
    references = POSTERIORS[name]["parameters"]
    for parameter, found in ours_of(name, references).items():
        reference = references[parameter]
        z_mean, z_sd = (
            (found[key] - reference[key]) / np.hypot(found[f"mcse_{key}"], reference[f"mcse_{key}"])
            for key in ("mean", "sd")
        )
        assert abs(z_mean) <= 4, (parameter, z_mean)
        assert abs(found["sd"] / reference["sd"] - 1) <= 0.05 or abs(z_sd) <= 4, (parameter, z_sd)


@pytest.mark.parametrize("name", WITH_POSTERIOR)
def test_monte_carlo_errors_are_small_enough_to_show_a_difference(name):
    for parameter, found in STUDY[name]["parameters"].items():
        assert found["mcse_mean"] < 0.05 * found["sd"], parameter
        assert found["mcse_sd"] < 0.05 * found["sd"], parameter


@pytest.mark.parametrize("name", WITH_ESTIMATES)
def test_posteriors_under_weak_priors_lie_around_maximum_likelihood(name):
    estimates, far = ESTIMATES[name]["estimates"], set()
    for parameter, found in ours_of(name, estimates).items():
        estimate = estimates[parameter]
        if parameter.startswith(("b[", "zi[", "threshold[")):
            if abs(found["mean"] - estimate) > 0.25 * found["sd"]:
                far.add(parameter)
        elif parameter == AT_ZERO.get(name):
            assert estimate == pytest.approx(0, abs=1e-3)
        else:
            assert found["lower"] <= estimate <= found["upper"], parameter
    assert far == SKEWED.get(name, set())
