"""Whatever reads a saved fit runs where PyMC is not installed: each verb, each structure of effects."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.supports import SUPPORTS, inside

RNG = np.random.default_rng(3)
ROWS = 48
PLACES = np.repeat(list("ABCDEFGH"), 6)
DATA = pd.DataFrame({
    "x": RNG.normal(size=ROWS),
    "v": np.repeat(["low", "high"], ROWS // 2),
    "g": PLACES,
    "h": np.tile(list("pqr"), ROWS // 3),
    "t": np.tile(np.arange(6), 8),
    "lon": np.repeat(RNG.normal(size=8), 6),
    "lat": np.repeat(RNG.normal(size=8), 6),
    "y": RNG.normal(size=ROWS),
    "bit": RNG.integers(0, 2, ROWS),
    "count": RNG.poisson(3, ROWS),
    "score": pd.Categorical.from_codes(RNG.integers(0, 3, ROWS), ["low", "mild", "strong"], ordered=True),
    "choice": np.resize(["bus", "car", "train", "car", "bus"], ROWS),
})  # fmt: skip
KNOWN = {
    "K": pd.DataFrame(0.3 + 0.7 * np.eye(8), index=list("ABCDEFGH"), columns=list("ABCDEFGH")),
    "W": pd.DataFrame({"a": list("ABCDEFG"), "b": list("BCDEFGH")}),
}
#: Formula and family. The first answers every verb; others may refuse one, in our words.
MODELS = {
    "every verb": ("bit ~ x + v + (1 | g)", "bernoulli"),
    "slopes": ("y ~ x + (1 + x | g)", "gaussian"),
    "diagonal": ("count ~ x + (1 + x || g)", "poisson"),
    "ar1": ("y ~ x + ar1(0 + C(t) | g)", "gaussian"),
    "compound symmetry": ("y ~ x + cs(0 + C(t) | g)", "gaussian"),
    "toeplitz": ("y ~ x + toep(0 + C(t) | g)", "gaussian"),
    "known": ("y ~ x + (1 | gr(g, cov = K))", "gaussian"),
    "icar": ('y ~ x + (1 | gr(g, structure = "icar", graph = W))', "gaussian"),
    "bym2": ('count ~ x + (1 | gr(g, structure = "bym2", graph = W))', "poisson"),
    "matern": ('y ~ x + (1 | gr(g, structure = "matern", coordinates = cbind(lon, lat)))', "gaussian"),
    "student": ('bit ~ x + (1 | gr(g, dist = "student"))', "bernoulli"),
    "bridge": ('bit ~ x + (1 | gr(g, dist = "bridge"))', "bernoulli"),
    "membership": ("y ~ x + (1 | mm(g, h))", "gaussian"),
    "ordinal": ("score ~ x + (1 | g)", "cumulative"),
    "categories": ("choice ~ x", "categorical"),
    "zeros": (gb.Formula("count ~ x + (1 | g)", zi="~ x"), "zero_inflated_poisson"),
}

#: Runs every public name on each file: what each raised that is no refusal of ours.
RUN = """
import json, sys, traceback, warnings
from pathlib import Path

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pymc", "pytensor", "nutpie"}:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
warnings.simplefilter("ignore")
import glmm_bayes as gb

VERBS = {
    "attenuation": gb.attenuation,
    "coefficients": gb.coefficients,
    "comparisons": lambda fit: gb.comparisons(fit, "x").summary(),
    "diagnose": lambda fit: str(gb.diagnose(fit)),
    "estimands": lambda fit: gb.estimands(fit, "x"),
    "fan": gb.fan,
    "gee": gb.gee,
    "gee_check": lambda fit: gb.gee_check(fit, draws=4),
    "grid": gb.grid,
    "icc": gb.icc,
    "implied_correlation": lambda fit: gb.implied_correlation(fit, gb.grid(fit, x=[0.0, 1.0])),
    "interval_ratio": lambda fit: gb.interval_ratio(fit, "v"),
    "median_ratio": gb.median_ratio,
    "pit": gb.pit,
    "plot_curves": gb.plot_curves,
    "plot_random_effects": gb.plot_random_effects,
    "plot_shrinkage": gb.plot_shrinkage,
    "posterior_predictive": lambda fit: gb.posterior_predictive(fit, seed=1),
    "pp_check": gb.pp_check,
    "predictions": lambda fit: gb.predictions(fit).summary(),
    "r2": gb.r2,
    "random_effects": gb.random_effects,
    "ranks": gb.ranks,
    # It is made of the other verbs.
    "report": lambda fit: path == sys.argv[1] and gb.report(fit, f"{path}.html"),
    "slopes": lambda fit: gb.slopes(fit, "x").summary(),
    "summary": gb.summary,
    "variance_components": gb.variance_components,
    "log_likelihood": lambda fit: fit.draws["log_likelihood"]["y"].to_numpy(),
    "save": lambda fit: fit.save(f"{path}.again"),
}
VERBS |= {
    f"predictions of {one}": lambda fit, one=one: gb.predictions(fit, estimand=one).summary()
    for one in ("typical", "subject", "new_subject", "sample")
}
#: What takes no fit, or needs a model.
OTHERS = {"load", "load_dataset", "spec_schema", "check_family"}
OTHERS |= {name for name in gb.__all__ if name.startswith("register_")}
result = {"untried": sorted({name for name in gb.__all__ if name.islower()} - set(VERBS) - OTHERS)}
for path in sys.argv[1:]:
    fit, raised, refused = gb.load(path), {}, {}
    for name, verb in VERBS.items():
        try:
            verb(fit)
        except gb.GlmmError as error:
            refused[name] = str(error)
        except Exception:
            raised[name] = traceback.format_exc()
    result[Path(path).stem] = {"raised": raised, "refused": refused}
print(json.dumps(result))
"""


def fit_of(model):
    """Return a fit of draws that lie where their variables can."""
    draws, posterior = {}, model.definition.posterior
    for name, variable in posterior.variables.items():
        shape = posterior.shapes[name]
        if variable.support == "real":
            draws[name] = RNG.normal(0.0, 0.3, (2, 20, *shape))
        else:
            factor = 1.0 if "corr" in name else RNG.uniform(0.9, 1.0, (2, 20, *(1 for _ in shape)))
            draws[name] = np.broadcast_to(inside(SUPPORTS[variable.support], shape), (2, 20, *shape)) * factor
    return gb.Fit.from_draws(model, draws)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder, paths = tmp_path_factory.mktemp("saved"), []
    for name, (formula, family) in MODELS.items():
        used = {key: value for key, value in KNOWN.items() if f"= {key})" in str(formula)}
        paths.append(str(folder / f"{name}.glmm"))
        fit_of(gb.Model(formula, DATA, family=family, known=used or None)).save(paths[-1])
    run = subprocess.run([sys.executable, "-c", RUN, *paths], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", MODELS)
def test_every_verb_runs_on_a_saved_fit(name, ran):
    assert ran[name]["raised"] == {}


def test_one_model_answers_every_verb(ran):
    assert ran["every verb"]["refused"] == {}


def test_no_public_verb_is_left_out(ran):
    assert ran["untried"] == []
