"""New data and arguments of the verbs that no answer belongs to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import glmm_bayes as gb
from tests.corpus.case import DATA, RNG, table

DRAWS = 8
COUNTS = gb.Fit.from_draws(
    gb.Model("k ~ x + f + z + (1 | g)", DATA, "poisson"),
    {
        "beta": RNG.normal(0, 0.2, (1, DRAWS, 5)),
        "sd_g": RNG.uniform(0.2, 0.4, (1, DRAWS, 1)),
        "b_g": RNG.normal(0, 0.2, (1, DRAWS, 6, 1)),
    },
)
SLOPES = gb.Fit.from_draws(
    gb.Model("y ~ x + days_since(day, '2020-01-01') + (x | g)", DATA),
    {
        "beta": RNG.normal(0, 0.2, (1, DRAWS, 3)),
        "sd_g": RNG.uniform(0.2, 0.4, (1, DRAWS, 2)),
        "corr_g": np.broadcast_to(np.eye(2), (1, DRAWS, 2, 2)),
        "b_g": RNG.normal(0, 0.2, (1, DRAWS, 6, 2)),
        "sigma": RNG.uniform(1, 2, (1, DRAWS)),
    },
)
MODEL = gb.Model("y ~ x", DATA)
ROW = {"x": [0.0, 1.0], "f": ["u", "v"], "z": [0, 1], "g": ["a", "b"]}


def predict(fit: Any = COUNTS, newdata: Any = None, **asked: Any) -> Callable[[], Any]:
    return lambda: gb.predictions(fit, newdata, **asked)


def new(**columns: Any) -> Callable[[], Any]:
    return predict(COUNTS, ROW | columns, estimand="subject")


def compare(variable: Any = "f", **asked: Any) -> Callable[[], Any]:
    return lambda: gb.comparisons(COUNTS, variable, **asked)


def slope(variable: Any = "x", **asked: Any) -> Callable[[], Any]:
    return lambda: gb.slopes(COUNTS, variable, **asked)


def summary(probability: Any) -> Callable[[], Any]:
    return lambda: gb.predictions(COUNTS).summary(probability)


def ask(verb: str, *given: Any, **named: Any) -> Callable[[], Any]:
    return lambda: getattr(gb, verb)(COUNTS, *given, **named)


def raising(high: Any, low: Any) -> Any:
    raise RuntimeError("no such thing")


NO_FIT = [None, "fit", 3, MODEL, DATA, {}, [COUNTS], gb.Fit, COUNTS.draws]
VERBS = [
    "attenuation",
    "coefficients",
    "comparisons",
    "diagnose",
    "estimands",
    "fan",
    "gee",
    "gee_check",
    "grid",
    "icc",
    "implied_correlation",
    "interval_ratio",
    "median_ratio",
    "pit",
    "plot_curves",
    "plot_random_effects",
    "plot_shrinkage",
    "posterior_predictive",
    "pp_check",
    "predictions",
    "r2",
    "random_effects",
    "ranks",
    "report",
    "slopes",
    "summary",
    "variance_components",
]
REST = {
    "comparisons": ("x",),
    "slopes": ("x",),
    "interval_ratio": ("z",),
    "ranks": ("g",),
    "implied_correlation": (ROW,),
    "report": ("a.html",),
}
PROBABILITIES = [
    95,
    0,
    1,
    -0.5,
    1.5,
    "95%",
    "0.9",
    True,
    float("nan"),
    float("inf"),
    [0.9],
    10**400,
    1j,
]
MEASURES = [
    lambda a, b: 1 / 0,
    raising,
    lambda a, b: np.full_like(a, np.nan),
    lambda a, b: a[:, :0],
    lambda a, b: a.mean(),
    lambda a, b: a.astype(str),
    lambda a, b: None,
    lambda a, b: 1j * a,
    lambda a: a,
    np.linalg.inv,
    lambda a, b: "x",
]


def no_fit(verb: str, given: Any) -> Callable[[], Any]:
    return lambda: getattr(gb, verb)(given, *REST.get(verb, ()))


CASES = [
    *table(
        "new data",
        *[
            ("newdata", predict(COUNTS, data))
            for data in (3, "", "rows", [], [1, 2], {1}, object(), True, DATA["x"])
        ],
        ("newdata", predict(COUNTS, np.zeros((2, 2)))),
        ("x", predict(COUNTS, {})),
        ("x", predict(COUNTS, pd.DataFrame())),
        ("x", predict(COUNTS, {name: value for name, value in ROW.items() if name != "x"})),
        (
            "g",
            predict(COUNTS, {name: value for name, value in ROW.items() if name != "g"}, estimand="subject"),
        ),
        ("newdata rows", predict(COUNTS, DATA.iloc[:0])),
        ("x 1", new(x=[0.0, None])),
        ("x 1", new(x=[0.0, np.nan])),
        ("x 1", new(x=[0.0, np.inf])),
        ("x 1", new(x=[0.0, 1e200])),
        ("x 1", new(x=[0.0, -1e308])),
        ("x 1", predict(SLOPES, {"x": [0.0, 1e200], "day": DATA["day"].iloc[:2].tolist()})),
        ("row 1", predict(COUNTS, ROW | {"x": [0.0, 1e6]})),
        ("row 1", predict(COUNTS, ROW | {"x": [0.0, -1e6]}, estimand="typical")),
        ("x 1", new(x=["0", "1O"])),
        ("x", new(x=["0", "1"])),
        ("x", new(x=[True, False])),
        ("x", new(x=[1j, 0])),
        ("x", new(x=[[1], [2]])),
        ("x", new(x=[object(), object()])),
        ("x", new(x=[10**400, 0])),
        ("x", new(x=pd.to_datetime(["2020-01-01", "2020-01-02"]))),
        ("mapping x", new(x=[1.0, 2.0, 3.0])),
        ("f 1 w", new(f=["u", "w"])),
        ("f 1 U+001B", new(f=["u", "\x1b[31mv"])),
        ("f 1", new(f=["u", None])),
        ("f", new(f=[1.5, 2.5])),
        ("g 1", new(g=["a", "zz"])),
        ("g 1", new(g=["a", None])),
        ("day", predict(SLOPES, {"x": [0.0], "day": ["yesterday"]})),
        ("x 2 times", predict(COUNTS, pd.concat([DATA, DATA[["x"]]], axis=1))),
    ),
    *table(
        "effects",
        *[("fit", predict(given)) for given in NO_FIT],
        *[("fit", no_fit(verb, given)) for verb in VERBS for given in (None, "fit", MODEL, DATA)],
        *[("probability", summary(value)) for value in PROBABILITIES],
        *[("probability", ask("interval_ratio", "z", probability=value)) for value in PROBABILITIES],
        *[
            ("probability", lambda value=value: gb.estimands(COUNTS).summary(value))
            for value in PROBABILITIES[:6]
        ],
        *[
            ("probabilities", ask("fan", None, [0.5, value]))
            for value in (95, 0, 1, -1, "5%", None, np.nan, 0.5)
        ],
        ("probabilities", ask("fan", None, [])),
        ("probabilities", ask("fan", None, 10**400)),
        *[("measure", compare(measure=measure)) for measure in MEASURES],
        *[("measure", compare(measure=measure)) for measure in ("", "risk", None, 3, ["ratio"])],
        ("measure", slope(measure="ratio")),
        ("measure odds_ratio", compare(measure="odds_ratio")),
        *[
            ("values", compare("x", values=values))
            for values in (
                [1, 1],
                [1, 1.0],
                [0, 1, 0],
                [1],
                [],
                1,
                "all",
                [1, None],
                [1, "b"],
                [0, np.nan],
                [0, np.inf],
                [0, 1e200],
                [0, 10**400],
                [[0, 1], [2, 3]],
                {},
            )
        ],
        ("x", compare("x", values=[0, 1e308])),
        ("values f", compare("f", values=["u", "u"])),
        ("f w", compare("f", values=["u", "w"])),
        ("values f", compare("f", values="sd")),
        ("values", compare({"x": [1, 1]})),
        ("values", compare({"x": [0, 1]}, values=[0, 1])),
        *[
            ("variable", compare(variable))
            for variable in (None, 3, [], ["x", "x"], ["x", 3], "nosuch", "", b"x", {"x"}, np.array([1.0]))
        ],
        ("variable nosuch", slope("nosuch")),
        ("variable", slope(["x"])),
        ("variable", slope(None)),
        ("f", slope("f")),
        *[("by", compare(by=by)) for by in (3, [], ["g", "g"], ["g", 3], "nosuch", "", np.nan, {})],
        ("by f", compare(by="f")),
        ("by", predict(COUNTS, None, by=["f", "f"])),
        *[
            ("estimand", predict(COUNTS, None, estimand=word))
            for word in ("marginal", "", None, 3, {}, {"h": "typical"}, {"g": "marginal"}, ["typical"])
        ],
        *[("scale", predict(COUNTS, None, scale=scale)) for scale in ("logit", "", None, 3, ["link"])],
        *[("parameter", predict(COUNTS, None, parameter=name)) for name in ("sigma", "", 3, ["mu"])],
        *[
            ("weights", predict(COUNTS, None, by=True, weights=weights))
            for weights in (
                [1],
                [-1.0] * 24,
                [np.nan] * 24,
                [0.0] * 24,
                ["a"] * 24,
                [10**400] * 24,
                3,
                "nosuch",
            )
        ],
        ("weights", predict(COUNTS, None, weights="x")),
        *[
            ("seed", predict(COUNTS, None, estimand="new_subject", seed=seed))
            for seed in (-1, 2**70, 1.5, "1", np.nan, True, [1], 10**400)
        ],
        *[("seed", ask("pit", seed=seed)) for seed in (-1, "a", None)],
        *[("seed", ask("posterior_predictive", seed=seed)) for seed in (-1, "a", 1.7)],
        *[("seed", lambda seed=seed: gb.BayesianBootstrap(seed=seed)) for seed in (-1, "a", None)],
        *[("draws", ask("posterior_predictive", draws=draws)) for draws in (0, -1, 9, 1.5, "2", [1], True)],
        *[
            ("max_memory", predict(COUNTS, None, max_memory=size))
            for size in (0, -1, "1 GB", None, np.nan, 10**400)
        ],
        *[("per", predict(COUNTS, None, per=word)) for word in ("row", 3, True)],
        *[
            ("hypothesis", compare(hypothesis=given))
            for given in (
                "b9",
                "b1 = ",
                "__import__('os')",
                3,
                [1],
                [[1, 2]],
                [np.nan, 1],
                10**400,
                "b1 / 0",
                {},
            )
        ],
        ("target", compare("z", target="ATX")),
        ("target", compare("z", target=1)),
        ("factor", ask("ranks", "h")),
        ("top", ask("ranks", "g", top=0)),
        ("top", ask("ranks", "g", top=7)),
        ("best", ask("ranks", "g", best="best")),
        ("effect", ask("ranks", "g", "x")),
        ("kind", ask("grid", "all")),
        ("kind", ask("pp_check", kind="bars")),
        ("nosuch", ask("grid", nosuch=[1])),
        ("x", ask("grid", x=[1, 1.0])),
        ("x", ask("grid", x=[])),
        ("f w", ask("grid", f="w")),
        ("projection", ask("coefficients", projection="other")),
        ("teaching", ask("coefficients", teaching="yes")),
        ("correlation", ask("gee", correlation="ar2")),
        ("factor h", ask("random_effects", factor="h")),
    ),
]
