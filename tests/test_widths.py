"""What is printed fits a terminal of 100 columns, whatever the labels are."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.text_tables import WIDTH
from tests.test_cli_outputs import run

LONG = [
    "terbinafine 250 mg daily for twelve weeks",
    "itraconazole 200 mg daily for twelve weeks",
    "no treatment",
]
RNG = np.random.default_rng(1)
DATA = pd.DataFrame(
    {
        "y": RNG.integers(0, 2, 60),
        "treatment_of_the_patient": np.resize(LONG, 60),
        "months_since_the_first_visit": RNG.normal(size=60).round(3),
        "age_of_the_patient_in_years": RNG.normal(50, 9, 60).round(1),
        "identifier_of_the_patient": np.repeat(
            [f"patient number {k} of the northern centre" for k in range(12)], 5
        ),
    }
)
FORMULA = (
    "y ~ treatment_of_the_patient * months_since_the_first_visit + age_of_the_patient_in_years "
    "+ (1 + months_since_the_first_visit | identifier_of_the_patient)"
)


@cache
def fit():
    model = gb.Model(FORMULA, DATA, family="bernoulli")
    size = len(model.design.coefficients)
    draws = {
        "beta": RNG.normal(0, 0.3, (2, 60, size)),
        "sd_identifier_of_the_patient": RNG.uniform(0.5, 1, (2, 60, 2)),
        "corr_identifier_of_the_patient": np.broadcast_to(np.eye(2), (2, 60, 2, 2)),
        "b_identifier_of_the_patient": RNG.normal(0, 0.5, (2, 60, 12, 2)),
    }
    return gb.Fit.from_draws(model, draws)


TREATMENT, MONTHS = "treatment_of_the_patient", "months_since_the_first_visit"
PRINTED = {
    "coefficients": lambda: gb.coefficients(fit()),
    "variance_components": lambda: gb.variance_components(fit()),
    "random_effects": lambda: gb.random_effects(fit()),
    "summary": lambda: gb.summary(fit()),
    "predictions": lambda: gb.predictions(fit()),
    "comparisons": lambda: gb.comparisons(fit(), TREATMENT, by=MONTHS),
    "nnt": lambda: gb.comparisons(fit(), TREATMENT, measure="nnt"),
    "slopes": lambda: gb.slopes(fit(), MONTHS, by=TREATMENT),
    "estimands": lambda: gb.estimands(fit(), TREATMENT),
    "estimands, nnt": lambda: gb.estimands(fit(), TREATMENT, measure="nnt"),
    "fan": lambda: gb.fan(fit()),
    "ranks": lambda: gb.ranks(fit()),
    "r2": lambda: gb.r2(fit()),
    "icc": lambda: gb.icc(fit(), DATA.head(3)),
    "attenuation": lambda: gb.attenuation(fit(), DATA.head(3)),
    "check": lambda: gb.Model(FORMULA, DATA, family="bernoulli").check(),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_tables_fit_a_terminal(name):
    text = str(PRINTED[name]())
    assert max(map(len, text.split("\n"))) <= WIDTH, text


@pytest.mark.parametrize("verb", ["check", pytest.param("fit", marks=pytest.mark.slow)])
def test_the_command_line_fits_a_terminal_and_loses_no_word(verb, tmp_path, monkeypatch, capsys):
    DATA.to_csv(tmp_path / "d.csv", index=False)
    spec = tmp_path / "a.toml"
    spec.write_text(
        f'[model]\nformula = "{FORMULA}"\nfamily = "bernoulli"\n[data]\npath = "d.csv"\n'
        '[sampler]\ndraws = 100\ntune = 100\nchains = 1\nseed = 1\nengine = "pymc"\n'
    )
    code, out, _ = run(monkeypatch, capsys, verb, spec)
    assert code == 0 and max(map(len, out.split("\n"))) <= WIDTH
    model = gb.Model(FORMULA, DATA, family="bernoulli")
    words = " ".join(out.split())
    assert all(" ".join(line.split()) in words for line in str(model).split("\n"))


def test_the_caption_of_all_estimands_says_what_numbers_needed_to_treat_are():
    head = " ".join(str(gb.estimands(fit(), TREATMENT, measure="nnt")).split())
    assert "NNTB if a benefit" in head and "; mean and" not in head
