"""Every design is built once, and every response read once, however many priors are set."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.design import design, response
from glmm_bayes.design import several as designs
from glmm_bayes.priors import resolve

RNG = np.random.default_rng(1)
DATA = pd.DataFrame({"x": RNG.normal(size=40), "z": RNG.normal(size=40), "g": np.repeat(range(8), 5)}).assign(
    y=lambda f: RNG.normal(f["x"]), k=lambda f: RNG.poisson(2, 40), c=RNG.choice(["a", "b", "d"], 40)
)
OWN = gb.Prior("Normal", mu=0, sigma=1)
MODELS = {
    "one": ("y ~ x + (1 | g)", {}, 1, 1),
    "the user's priors": ("y ~ x + (1 | g)", {"priors": {"beta": OWN}}, 1, 1),
    "three predictors": (gb.Formula("y ~ x", sigma="~ z", nu="~ 1"), {"family": "student"}, 3, 1),
    "categories": ("c ~ x + (1 | g)", {"family": "categorical"}, 1, 1),
    "two responses": (gb.Formulas("y ~ x", "k ~ z", family=("gaussian", "poisson")), {}, 2, 2),
    "two, with priors": (gb.Formulas("y ~ x", "z ~ x", rescor=True), {"priors": {"beta": OWN}}, 2, 2),
}


@pytest.fixture
def counts(monkeypatch):
    found = Counter()

    def counting(function):
        def counted(*given, **named):
            found[function.__name__] += 1
            return function(*given, **named)

        return counted

    monkeypatch.setattr(designs, "build_design", counting(design.build_design))
    monkeypatch.setattr(resolve, "read_response", counting(response.read_response))
    return found


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("name", MODELS)
def test_every_design_is_built_once_and_every_response_is_read_once(name, counts):
    formula, more, built, read = MODELS[name]
    model = gb.Model(formula, DATA, **more)
    str(model), model.explain(), model.check()
    assert counts == {"build_design": built, "read_response": read}


def test_data_never_change_a_spec():
    spec = gb.ModelSpec.from_formula('y ~ x + (0 + t | gr(g, structure = "ar1"))')
    data = DATA.assign(t=np.tile(range(5), 8))
    model = gb.Model(spec, data)
    assert model.spec == spec and model.spec.to_formula() == spec.to_formula()
    assert model.design.groups[0].effects == tuple(f"C(t)[{time}]" for time in range(5))
