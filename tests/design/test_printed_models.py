"""What a person reads of a model stays as it is: printed, as mathematics, as LaTeX.

``python tests/design/test_printed_models.py`` writes the snapshots anew; read the difference before
committing it.
"""

from pathlib import Path

import pytest

import glmm_bayes as gb

SNAPSHOTS = Path(__file__).parent / "snapshots"
MODELS = {
    "toenail": ("y ~ treatment * time + (1 | patientID)", "bernoulli", None),
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", "gaussian", None),
    "cbpp": ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "binomial", None),
    "epil": (
        "y ~ center(lbase) * trt + lage + V4 + (1 | subject)",
        "poisson",
        {"beta[lage]": gb.Prior("Normal", mu=0, sigma=1), "sd": gb.Prior("HalfNormal", sigma=1)},
    ),
}


def words_of(name):
    formula, family, priors = MODELS[name]
    model = gb.Model(formula, gb.load_dataset(name), family=family, priors=priors)
    explanation = model.explain()
    return "\n\n".join([str(model), explanation.text, explanation.latex]) + "\n"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_reads_as_it_did(name):
    assert words_of(name) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MODELS)
def test_a_printed_model_fits_a_screen_and_names_every_parameter(name):
    formula, family, priors = MODELS[name]
    model = gb.Model(formula, gb.load_dataset(name), family=family, priors=priors)
    text = str(model)
    assert len(text.splitlines()) <= 25
    for coefficient in model.design.coefficients:
        assert f"beta[{coefficient}] " in text
    for group in model.design.groups:
        assert all(f"sd_{group.slug}[{effect}] " in text for effect in group.effects)
    assert text.count(" yours") == (2 if priors else 0)
    assert repr(model) == text


@pytest.mark.parametrize("name", MODELS)
def test_latex_is_balanced(name):
    formula, family, priors = MODELS[name]
    explanation = gb.Model(formula, gb.load_dataset(name), family=family, priors=priors).explain()
    latex = explanation.latex
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\begin{") == latex.count(r"\end{") == 1
    assert explanation._repr_latex_() == f"$$\n{latex}\n$$"
    assert str(explanation) == explanation.text


if __name__ == "__main__":
    for snapshot in MODELS:
        (SNAPSHOTS / f"{snapshot}.txt").write_text(words_of(snapshot), encoding="utf-8")
