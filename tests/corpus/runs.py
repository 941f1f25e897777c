"""Arguments of a fit, draws made elsewhere, files, and the command line."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import glmm_bayes as gb
from tests.corpus.case import DATA, table

MODEL = gb.Model("y ~ x + (x | g)", DATA)
ZERO = gb.Model("k ~ x", DATA, "zero_inflated_poisson")
SHAPE = gb.Model("k ~ x", DATA, "negative_binomial")
ORDER = gb.Model("o ~ x", DATA, "cumulative")
GOOD = {
    "beta": np.zeros((1, 4, 2)),
    "sd_g": np.ones((1, 4, 2)),
    "corr_g": np.broadcast_to(np.eye(2), (1, 4, 2, 2)),
    "b_g": np.zeros((1, 4, 6, 2)),
    "sigma": np.ones((1, 4)),
}
MATRICES = [2 * np.eye(2), [[1, 5], [5, 1]], [[1, 0.9], [-0.9, 1]], [[1, np.nan], [np.nan, 1]], -np.eye(2)]


def fit(**settings: Any) -> Callable[[], Any]:
    return lambda: MODEL.fit(**settings)


def drawn(**draws: Any) -> Callable[[], Any]:
    return lambda: gb.Fit.from_draws(MODEL, GOOD | draws)


def of(model: Any, **draws: Any) -> Callable[[], Any]:
    return lambda: gb.Fit.from_draws(model, {"beta": np.zeros((1, 4, len(model.design.columns)))} | draws)


def run(*arguments: str, spec: str = "", **files: str) -> Callable[[], Any]:
    """Run a command in a folder that holds a spec file and others."""

    def call() -> Any:
        from glmm_bayes.cli import app

        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, content in {"m_toml": HEAD + spec, **files}.items():
                (root / name.replace("_", ".")).write_text(content)
            given = [argument.replace("@", f"{folder}/") for argument in arguments]
            return app(given, standalone_mode=False)

    return call


HEAD = """
[model]
formula = "y ~ trt + (1 | subject)"
family = "poisson"
[data]
dataset = "epil"
"""
TABLE = '[model]\nformula = "y ~ x"\n[data]\npath = "{}"\n'
EPIL = '[model]\nformula = "{}"\n[data]\ndataset = "{}"\n'
LINES = "y,x\n" + "".join(f"{value**2},{'O' if value == 2 else value}\n" for value in range(30))

CASES = [
    *table(
        "fit arguments",
        *[("seed", fit(seed=seed)) for seed in (-1, 2**70, 10**400, "a", "1", np.nan, [1], 1.7, True)],
        *[("cores", fit(cores=cores)) for cores in (-1, 0, "2", 1.5, True, np.nan)],
        *[("target_accept", fit(target_accept=rate)) for rate in ("0.9", 0, 1, -1, 2, np.nan, True)],
        *[("draws", fit(draws=draws)) for draws in (0, -1, 1.5, "100", None, True, 10**9, 10**400)],
        *[("tune", fit(tune=tune)) for tune in (-1, 1.5, "100", True)],
        *[("chains", fit(chains=chains)) for chains in (0, -1, 1.5, "4", None, True, 10**5)],
        *[("engine", fit(engine=engine)) for engine in ("stan", "", None, 1)],
        *[("progress", fit(progress=progress)) for progress in ("yes", 3)],
    ),
    *table(
        "draws",
        *[
            ("draws", lambda given=given: gb.Fit.from_draws(MODEL, given))
            for given in (None, 3, "beta", [], {})
        ],
        *[("model", lambda given=given: gb.Fit.from_draws(given, GOOD)) for given in (None, "y ~ x", DATA)],
        ("beta", lambda: gb.Fit.from_draws(MODEL, {k: v for k, v in GOOD.items() if k != "beta"})),
        ("betta", drawn(betta=np.zeros((1, 4)))),
        ("beta", drawn(beta=None)),
        ("beta", drawn(beta="0")),
        ("beta", drawn(beta=[[1.0, 2.0], [1.0]])),
        ("beta", drawn(beta=np.zeros((1, 4, 2)) + 5j)),
        ("beta", drawn(beta=np.zeros((1, 4, 2), bool))),
        ("beta", drawn(beta=np.full((1, 4, 2), "0"))),
        ("beta", drawn(beta=np.full((1, 4, 2), None))),
        ("beta", drawn(beta=np.full((1, 4, 2), np.nan))),
        ("beta", drawn(beta=np.full((1, 4, 2), np.inf))),
        ("beta", drawn(beta=np.zeros((1, 4, 3)))),
        ("beta", drawn(beta=np.zeros((4, 2)))),
        ("sigma", drawn(sigma=np.ones((1, 5)))),
        ("sigma", drawn(sigma=-np.ones((1, 4)))),
        ("sd_g", drawn(sd_g=-np.ones((1, 4, 2)))),
        *[("corr_g", drawn(corr_g=np.broadcast_to(m, (1, 4, 2, 2)))) for m in map(np.array, MATRICES)],
        ("beta", lambda: gb.Fit.from_draws(MODEL, {k: v[:, :0] for k, v in GOOD.items()})),
        ("beta", lambda: gb.Fit.from_draws(MODEL, {k: v[:0] for k, v in GOOD.items()})),
        *[("zi", of(ZERO, zi=np.full((1, 4), value))) for value in (-0.5, 1.2)],
        ("shape", of(SHAPE, shape=np.full((1, 4), -1.0))),
        ("thresholds", of(ORDER, thresholds=np.broadcast_to([1.0, 0.0, -1.0], (1, 4, 3)))),
        *[
            ("path", lambda path=path: gb.load(path))
            for path in (None, 3, "", b"x", [], "a\x00b", "x" * 5000)
        ],
        ("nosuch.glmm", lambda: gb.load("nosuch.glmm")),
        *[
            ("path", lambda path=path: gb.Fit.from_draws(MODEL, GOOD).save(path))
            for path in (None, 3, "", "a\x00b")
        ],
    ),
    *table(
        "command line",
        ("nosuch.toml", run("check", "@nosuch.toml")),
        ("formula", run("check", "@a.toml", a_toml=EPIL.format("y ~ (trt", "epil"))),
        ("dataset", run("check", "@a.toml", a_toml=EPIL.format("y ~ trt", "nosuch"))),
        ("nosuch", run("check", "@a.toml", a_toml=EPIL.format("y ~ nosuch", "epil"))),
        ("data", run("check", "@a.toml", a_toml='[model]\nformula = "y ~ trt"\n')),
        ("d.csv", run("check", "@a.toml", a_toml=TABLE.format("d.csv"))),
        ("x 4", run("check", "@a.toml", d_csv=LINES, a_toml=TABLE.format("d.csv"))),
        ("d.csv", run("check", "@a.toml", d_csv="", a_toml=TABLE.format("d.csv"))),
        ("y", run("check", "@a.toml", d_csv="y,x\n", a_toml=TABLE.format("d.csv"))),
        ("d.xls", run("check", "@a.toml", d_xls="", a_toml=TABLE.format("d.xls"))),
        ("K.csv", run("check", "@a.toml", a_toml=HEAD + '[known]\nK = "K.csv"\n')),
        ("draws", run("check", "@m.toml", spec="[sampler]\ndraws = 0\n")),
        ("seed", run("check", "@m.toml", spec="[sampler]\nseed = -1\n")),
        ("beta", run("check", "@m.toml", spec='[priors]\nbeta = {distribution = "HalfNormal", sigma = 0}\n')),
        ("betta", run("check", "@m.toml", spec='[priors]\nbetta = {distribution = "Normal", sigma = 1}\n')),
        ("engine", run("check", "@m.toml", spec='[sampler]\nengine = "stan"\n')),
        ("nofolder", run("check", "@m.toml", spec='[output]\nfit = "nofolder/a.glmm"\n')),
        ("nosuch", run("check", "@m.toml", spec='[[effects]]\nverb = "comparisons"\nvariable = "nosuch"\n')),
        ("nosuch", run("check", "@m.toml", spec='[[effects]]\nverb = "predictions"\nby = "nosuch"\n')),
        ("m.glmm", run("effects", "@m.toml")),
        ("nosuch.glmm", run("effects", "@nosuch.glmm", "x")),
        ("nosuch.glmm", run("report", "@nosuch.glmm")),
        ("m.glmm", run("report", "@m.glmm", m_glmm="no fit")),
        ("m.glmm", run("fit", "@m.toml", m_glmm="kept")),
    ),
]
