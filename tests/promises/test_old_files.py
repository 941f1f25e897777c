"""Files last: fits that earlier builds saved are read, and every verb answers on them what it did.

``tests/oracles/saved/format_<n>*.glmm`` hold fits of every format; ``format_2.json`` and
``format_2_several_responses.json`` what verbs answered on them in the build that wrote them. No file is ever
written anew.
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
SEVERAL = json.loads((SAVED / "format_2_several_responses.json").read_text(encoding="utf-8"))
QUESTIONS = {
    "predictions population": lambda fit, _: gb.predictions(fit, estimand="population"),
    "predictions subject": lambda fit, _: gb.predictions(fit, estimand="subject"),
    "predictions new_subject": lambda fit, _: gb.predictions(fit, estimand="new_subject", seed=1),
    "comparisons": gb.comparisons,
    "slopes": gb.slopes,
}

pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")


def holds_what_was_written(fit, variable, written):
    for question, ask in QUESTIONS.items():
        found = ask(fit, variable).summary(probability=0.89, interval="eti")
        for column, values in written[question].items():
            np.testing.assert_allclose(found[column].astype(float), values, rtol=1e-10, atol=1e-13)


def test_every_format_has_a_file():
    assert {int(name.split("_")[1]) for name in FILES} == set(range(1, CURRENT + 1))


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_an_earlier_build_is_read_and_written_again_as_it_was(name, tmp_path):
    fit = gb.load(SAVED / name)
    fit.save(tmp_path / "again.glmm")
    again = gb.load(tmp_path / "again.glmm")
    assert again.draws.identical(fit.draws)
    assert again.definition.responses.keys() == fit.definition.responses.keys()
    for one, other in zip(
        again.definition.responses.values(), fit.definition.responses.values(), strict=True
    ):
        assert one.spec == other.spec


@pytest.mark.parametrize("name", WRITTEN)
def test_every_verb_answers_on_it_what_it_did(name):
    fit, written = gb.load(SAVED / f"format_2_{name}.glmm"), WRITTEN[name]
    assert fit.spec.to_formula() == written["formula"]
    holds_what_was_written(fit, "x" if "x" in fit.spec.names() else "e", written)
    density = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    np.testing.assert_allclose(density, written["log_likelihood"], rtol=1e-12)


@pytest.mark.parametrize("response", SEVERAL["answers"])
def test_every_verb_answers_on_each_of_several_responses_what_it_did(response):
    fit = gb.load(SAVED / "format_2_several_responses.glmm")
    assert fit[response].spec.to_formula() == SEVERAL["formulas"][response]
    holds_what_was_written(fit[response], "x", SEVERAL["answers"][response])
    density = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    np.testing.assert_allclose(density, SEVERAL["log_likelihood"], rtol=1e-12)
