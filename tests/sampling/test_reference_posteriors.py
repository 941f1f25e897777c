"""Sampled posteriors equal those that Stan gives for the same priors on the same scale."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

ORACLES = Path(__file__).parents[1] / "oracles"
REFERENCE = json.loads((ORACLES / "posteriors.json").read_text(encoding="utf-8"))

NORMAL = gb.Prior("Normal", mu=0, sigma=2.5)
WIDE = {"beta": NORMAL, "beta[Intercept]": NORMAL, "sd": gb.Prior("HalfNormal", sigma=2.5)}
SLEEP = {
    "beta[Intercept]": gb.Prior("Normal", mu=250, sigma=100),
    "beta[Days]": gb.Prior("Normal", mu=0, sigma=50),
    "sd_Subject[Intercept]": gb.Prior("HalfNormal", sigma=50),
    "sd_Subject[Days]": gb.Prior("HalfNormal", sigma=20),
    "corr_Subject": gb.Prior("LKJ", eta=2),
    "sigma": gb.Prior("HalfNormal", sigma=50),
}


@dataclass(frozen=True)
class Case:
    """A model, the priors of the reference, and how many draws a chain its Monte Carlo error needs."""

    formula: str
    family: str
    priors: dict
    names: dict
    draws: int


CASES = {
    "sleepstudy": Case(
        "Reaction ~ Days + (1 + Days | Subject)",
        "gaussian",
        SLEEP,
        {
            "b[(Intercept)]": "beta[Intercept]",
            "b[Days]": "beta[Days]",
            "sd[Subject, (Intercept)]": "sd_Subject[Intercept]",
            "sd[Subject, Days]": "sd_Subject[Days]",
            "cor[Subject; (Intercept), Days]": "corr_Subject[Intercept, Days]",
            "sigma": "sigma",
        },
        4000,
    ),
    "toenail": Case(
        "y ~ treatment*time + (1 | patientID)",
        "bernoulli",
        WIDE,
        {
            "b[(Intercept)]": "beta[Intercept]",
            "b[treatmentterbinafine]": "beta[treatment[terbinafine]]",
            "b[time]": "beta[time]",
            "b[treatmentterbinafine:time]": "beta[treatment[terbinafine]:time]",
            "sd[patientID, (Intercept)]": "sd_patientID[Intercept]",
        },
        5000,
    ),
    "cbpp": Case(
        "incidence | trials(size) ~ period + (1 | herd)",
        "binomial",
        {**WIDE, "sd": gb.Prior("HalfNormal", sigma=1)},
        {
            "b[(Intercept)]": "beta[Intercept]",
            "b[period2]": "beta[period[2]]",
            "b[period3]": "beta[period[3]]",
            "b[period4]": "beta[period[4]]",
            "sd[herd, (Intercept)]": "sd_herd[Intercept]",
        },
        4000,
    ),
    "bacteria": Case(
        "y01 ~ trt + week_gt2 + (1 | ID)",
        "bernoulli",
        WIDE,
        {
            "b[(Intercept)]": "beta[Intercept]",
            "b[trtdrug]": "beta[trt[drug]]",
            "b[trtdrug+]": "beta[trt[drug+]]",
            "b[week_gt2]": "beta[week_gt2]",
            "sd[ID, (Intercept)]": "sd_ID[Intercept]",
        },
        5000,
    ),
    "ohio": Case(
        "resp ~ age + smoke + (1 | id)",
        "bernoulli",
        WIDE,
        {
            "b[(Intercept)]": "beta[Intercept]",
            "b[age]": "beta[age]",
            "b[smoke]": "beta[smoke]",
            "sd[id, (Intercept)]": "sd_id[Intercept]",
        },
        4000,
    ),
}


def data_of(name):
    if name == "ohio":
        return pd.read_csv(ORACLES / "data" / "ohio.csv", dtype={"id": str})
    return gb.load_dataset(name)


@pytest.mark.sampling
@pytest.mark.study
@pytest.mark.parametrize(
    ("name", "engine"), [(name, "nutpie") for name in CASES] + [("cbpp", "pymc")], ids=str
)
def test_posterior_equals_the_reference(name, engine):
    case = CASES[name]
    model = gb.Model(case.formula, data_of(name), family=case.family, priors=case.priors)
    found = gb.summary(model.fit(draws=case.draws, seed=20261123, engine=engine))
    reference = pd.DataFrame(REFERENCE[name]["parameters"]).T.loc[list(case.names)]
    assert set(case.names) == set(REFERENCE[name]["parameters"])
    found = found.loc[list(case.names.values())]
    error = np.hypot(found["mcse_mean"].to_numpy(), reference["mcse_mean"].to_numpy())
    gap = (found["mean"].to_numpy() - reference["mean"].to_numpy()) / error
    ratio = found["sd"].to_numpy() / reference["sd"].to_numpy()
    report = pd.DataFrame(
        {"z": gap, "sd ratio": ratio, "ess": found["ess_bulk"].to_numpy()}, index=found.index
    )
    print(f"\n{report}")
    assert np.abs(gap).max() < 4, report
    assert np.abs(ratio - 1).max() < 0.05, report
    assert found["r_hat"].max() < 1.01
