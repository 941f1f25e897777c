"""Files last: fits that earlier builds saved are read, and every verb answers on them what it did.

``tests/oracles/saved/format_<n>*.glmm`` hold fits of every past format; ``format_2.json`` what verbs answered
on them in the build that wrote them. No file is ever written anew.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.spec.editions import CURRENT

SAVED = Path(__file__).parents[1] / "oracles" / "saved"
FILES = sorted(path.name for path in SAVED.glob("*.glmm"))
WRITTEN = json.loads((SAVED / "format_2.json").read_text(encoding="utf-8"))["answers"]
QUESTIONS = {
    "predictions population": lambda fit, _: gb.predictions(fit, estimand="population"),
    "predictions subject": lambda fit, _: gb.predictions(fit, estimand="subject"),
    "predictions new_subject": lambda fit, _: gb.predictions(fit, estimand="new_subject", seed=1),
    "comparisons": gb.comparisons,
    "slopes": gb.slopes,
}


def test_every_format_has_a_file():
    assert {int(name.split("_")[1]) for name in FILES} == set(range(1, CURRENT + 1))


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_an_earlier_build_is_read_and_written_again_as_it_was(name, tmp_path):
    fit = gb.load(SAVED / name)
    fit.save(tmp_path / "again.glmm")
    again = gb.load(tmp_path / "again.glmm")
    assert again.draws.identical(fit.draws) and again.spec == fit.spec


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("name", WRITTEN)
def test_every_verb_answers_on_it_what_it_did(name):
    fit, written = gb.load(SAVED / f"format_2_{name}.glmm"), WRITTEN[name]
    assert fit.spec.to_formula() == written["formula"]
    variable = "x" if "x" in fit.spec.names() else "e"
    for question, ask in QUESTIONS.items():
        found = ask(fit, variable).summary(probability=0.89, interval="eti")
        for column, values in written[question].items():
            np.testing.assert_allclose(found[column].astype(float), values, rtol=1e-10, atol=1e-13)
    density = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    np.testing.assert_allclose(density, written["log_likelihood"], rtol=1e-12)
