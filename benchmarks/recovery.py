"""Simulate data from each family, fit them, and count how often intervals hold the truth.

Run ``python benchmarks/recovery.py [families...]``: it fits 50 data sets a family, prints coverage and writes
``benchmarks/results/recovery.json`` after each family, so that it can be stopped and taken up again.

The simulators are NumPy alone, written from the definitions of the distributions. True parameters are drawn
from the very priors that the models are given, so that a 90 % equal-tailed posterior interval holds the truth
with probability exactly 0.9 if simulator, model and sampler agree (Cook, Gelman and Rubin 2006).

A parameter fails if its count lies outside an exact two-sided binomial band; the level 0.01 is that of the
whole study (Holm). The power that this leaves is printed with the verdict.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy import special, stats

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES

RESULT = Path(__file__).resolve().parent / "results" / "recovery.json"
SEED = 20261124
FITS, ROWS, GROUPS = 50, 150, 25
DRAWS, TUNE, CHAINS = 400, 400, 2
LEVEL, COVERAGE = 0.01, 0.9
CATEGORIES = ("a", "b", "c", "d")

Values = Mapping[str, Any]
Normal, LogNormal, Beta = (
    (lambda m, s: ("Normal", m, s)),
    (lambda m, s: ("LogNormal", m, s)),
    (lambda a, b: ("Beta", a, b)),
)
#: Priors of parameters with one value for all rows; the truth is drawn from them.
PRIORS = {
    "sigma": LogNormal(-0.3, 0.3),
    "nu": LogNormal(1.8, 0.3),
    "shape": LogNormal(1.0, 0.4),
    "phi": LogNormal(2.0, 0.4),
    "kappa": LogNormal(1.0, 0.3),
    "alpha": Normal(2.0, 1.0),
    "zi": Beta(4.0, 8.0),
    "hu": Beta(4.0, 8.0),
    "zoi": Beta(4.0, 8.0),
    "coi": Beta(5.0, 5.0),
}
EFFECTS = {"Intercept": (0.5, 0.4), "x": (0.0, 0.4), "t": (0.0, 0.4)}
SD, THRESHOLD, LKJ_ETA = 0.5, 1.0, 2.0


def expit(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def gamma(rng: np.random.Generator, mu: Any, shape: Any) -> Any:
    return rng.gamma(shape, mu / shape)


def beta(rng: np.random.Generator, mu: Any, phi: Any) -> Any:
    return np.clip(rng.beta(mu * phi, (1 - mu) * phi), 1e-12, 1 - 1e-12)


def nb(rng: np.random.Generator, mu: Any, shape: Any) -> Any:
    return rng.poisson(gamma(rng, mu, shape))


def without_zero(draw: Callable[[], Any]) -> Any:
    y = draw()
    while (y == 0).any():
        y = np.where(y == 0, draw(), y)
    return y


def skew_normal(rng: np.random.Generator, p: Values) -> Any:
    delta = p["alpha"] / np.sqrt(1 + p["alpha"] ** 2)
    z = delta * np.abs(rng.standard_normal(ROWS)) + np.sqrt(1 - delta**2) * rng.standard_normal(ROWS)
    mean = delta * np.sqrt(2 / np.pi)
    return p["eta"] + p["sigma"] * (z - mean) / np.sqrt(1 - mean**2)


def generalized_poisson(rng: np.random.Generator, p: Values) -> Any:
    """Total progeny of a branching process: Poisson(theta) ancestors, Poisson(rate) children each."""
    rate = 1 / (1 + p["shape"])
    young = rng.poisson(np.exp(p["eta"]) * (1 - rate))
    total = young.copy()
    while young.any():
        young = rng.poisson(rate * young)
        total += young
    return total


def categories(rng: np.random.Generator, probabilities: Any) -> Any:
    return (rng.uniform(size=(ROWS, 1)) > np.cumsum(probabilities, axis=1)).sum(axis=1).clip(0, 3)


def cumulative(p: Values) -> Any:
    ends = expit(p["thresholds"][None] - p["eta"][:, None])
    return np.diff(ends, axis=1, prepend=0, append=1)


def stopping(p: Values) -> Any:
    stop = np.append(expit(p["thresholds"][None] - p["eta"][:, None]), np.ones((ROWS, 1)), axis=1)
    return stop * np.cumprod(np.append(np.ones((ROWS, 1)), 1 - stop[:, :-1], axis=1), axis=1)


def adjacent(p: Values) -> Any:
    steps = np.cumsum(p["eta"][:, None] - p["thresholds"][None], axis=1)
    weights = np.exp(np.append(np.zeros((ROWS, 1)), steps, axis=1))
    return weights / weights.sum(axis=1, keepdims=True)


def softmax(p: Values) -> Any:
    weights = np.exp(np.stack([np.zeros(ROWS), *p["etas"]], axis=1))
    return weights / weights.sum(axis=1, keepdims=True)


def where(rng: np.random.Generator, probability: Any, yes: Any, no: Any) -> Any:
    return np.where(rng.uniform(size=ROWS) < probability, yes, no)


def inflated_beta(rng: np.random.Generator, p: Values) -> Any:
    ends = rng.binomial(1, p["coi"], ROWS)
    return where(rng, p["zoi"], ends, beta(rng, expit(p["eta"]), p["phi"]))


def ordered_beta(rng: np.random.Generator, p: Values) -> Any:
    low, high = p["thresholds"]
    u = rng.uniform(size=ROWS)
    inside = beta(rng, expit(p["eta"]), p["phi"])
    return np.where(u < 1 - expit(p["eta"] - low), 0.0, np.where(u > 1 - expit(p["eta"] - high), 1.0, inside))


def beta_binomial(rng: np.random.Generator, p: Values) -> Any:
    return rng.binomial(p["n"], beta(rng, expit(p["eta"]), p["phi"]))


#: Response of each family at its default link, from the linear predictor ``eta`` and the other parameters.
SIMULATORS: Mapping[str, Callable[[np.random.Generator, Values], Any]] = {
    "gaussian": lambda r, p: r.normal(p["eta"], p["sigma"]),
    "student": lambda r, p: p["eta"] + p["sigma"] * r.standard_t(p["nu"], ROWS),
    "skew_normal": skew_normal,
    "lognormal": lambda r, p: np.exp(r.normal(p["eta"], p["sigma"])),
    "gamma": lambda r, p: gamma(r, np.exp(p["eta"]), p["shape"]),
    "inverse_gaussian": lambda r, p: r.wald(np.exp(p["eta"]), p["shape"]),
    "exponential": lambda r, p: r.exponential(np.exp(p["eta"])),
    "weibull": lambda r, p: (
        np.exp(p["eta"]) / special.gamma(1 + 1 / p["shape"])
    ) * r.weibull(p["shape"], ROWS),
    "beta": lambda r, p: beta(r, expit(p["eta"]), p["phi"]),
    "von_mises": lambda r, p: r.vonmises(2 * np.arctan(p["eta"]), p["kappa"]),
    "bernoulli": lambda r, p: r.binomial(1, expit(p["eta"])),
    "binomial": lambda r, p: r.binomial(p["n"], expit(p["eta"])),
    "beta_binomial": beta_binomial,
    "poisson": lambda r, p: r.poisson(np.exp(p["eta"])),
    "negative_binomial": lambda r, p: nb(r, np.exp(p["eta"]), p["shape"]),
    "negative_binomial_1": lambda r, p: nb(r, np.exp(p["eta"]), p["shape"] * np.exp(p["eta"])),
    "geometric": lambda r, p: r.geometric(1 / (1 + np.exp(p["eta"]))) - 1,
    "generalized_poisson": generalized_poisson,
    "zero_inflated_poisson": lambda r, p: where(r, p["zi"], 0, r.poisson(np.exp(p["eta"]))),
    "zero_inflated_negative_binomial": lambda r, p: where(r, p["zi"], 0, nb(r, np.exp(p["eta"]), p["shape"])),
    "zero_inflated_binomial": lambda r, p: where(r, p["zi"], 0, r.binomial(p["n"], expit(p["eta"]))),
    "zero_inflated_beta": lambda r, p: where(r, p["zi"], 0, beta(r, expit(p["eta"]), p["phi"])),
    "hurdle_poisson": lambda r, p: where(
        r, p["hu"], 0, without_zero(lambda: r.poisson(np.exp(p["eta"])))),
    "hurdle_negative_binomial": lambda r, p: where(
        r, p["hu"], 0, without_zero(lambda: nb(r, np.exp(p["eta"]), p["shape"]))),
    "hurdle_gamma": lambda r, p: where(r, p["hu"], 0, gamma(r, np.exp(p["eta"]), p["shape"])),
    "hurdle_lognormal": lambda r, p: where(r, p["hu"], 0, np.exp(r.normal(p["eta"], p["sigma"]))),
    "zero_one_inflated_beta": inflated_beta,
    "ordered_beta": ordered_beta,
    "cumulative": lambda r, p: categories(r, cumulative(p)),
    "sratio": lambda r, p: categories(r, stopping(p)),
    # Continuation by -eta and -tau is stopping in the same order of categories.
    "cratio": lambda r, p: categories(r, stopping(p)),
    "acat": lambda r, p: categories(r, adjacent(p)),
    "categorical": lambda r, p: categories(r, softmax(p)),
    "multinomial": lambda r, p: r.multinomial(p["n"], softmax(p)),
}  # fmt: skip

#: Second linear predictors, whose random intercepts are correlated with those of the mean.
SECOND = {
    "gaussian": "sigma",
    "negative_binomial": "shape",
    "zero_inflated_poisson": "zi",
    "hurdle_gamma": "hu",
}
LINKS = {"sigma": np.exp, "shape": np.exp, "zi": expit, "hu": expit}


@dataclass
class Study:
    """One family's model and what is drawn for it."""

    family: str
    second: str = ""
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def name(self) -> str:
        return f"{self.family} with {self.second}" if self.second else self.family

    @property
    def predictors(self) -> list[str]:
        """Prefixes of the linear predictors."""
        if self.family in ("categorical", "multinomial"):
            return [f"mu_{name}_" for name in CATEGORIES[1:]]
        return ["", f"{self.second}_"] if self.second else [""]

    @property
    def has_thresholds(self) -> bool:
        return FAMILIES[self.family].has_thresholds

    def coefficients(self) -> list[str]:
        return [name for name in EFFECTS if name != "Intercept" or FAMILIES[self.family].keeps_intercept]

    def single(self) -> list[str]:
        return [name for name in FAMILIES[self.family].auxiliaries if name != self.second]

    def formula(self) -> Any:
        response = {"binomial": "y | trials(n)", "beta_binomial": "y | trials(n)",
                    "zero_inflated_binomial": "y | trials(n)",
                    "multinomial": f"cbind({', '.join(CATEGORIES)})"}.get(self.family, "y")  # fmt: skip
        group = "(1 |i| g)" if self.second else "(1 | g)"
        text = f"{response} ~ x + t + {group}"
        return gb.Formula(text, **{self.second: f"~ x + t + {group}"}) if self.second else text

    def priors(self) -> dict[str, gb.Prior]:
        result = {}
        for prefix in self.predictors:
            for name in self.coefficients():
                centre, sd = EFFECTS[name]
                result[f"{prefix}beta[{name}]"] = gb.Prior("Normal", mu=centre, sigma=sd)
            result[f"{prefix}sd_g"] = gb.Prior("HalfNormal", sigma=SD)
        for name in self.single():
            kind, one, two = PRIORS[name]
            names = ("alpha", "beta") if kind == "Beta" else ("mu", "sigma")
            result[name] = gb.Prior(kind, **dict(zip(names, (one, two), strict=True)))
        if self.has_thresholds:
            result["thresholds"] = gb.Prior("Normal", mu=0, sigma=THRESHOLD)
        if self.second:
            result["corr_g"] = gb.Prior("LKJ", eta=LKJ_ETA)
        return result

    def truth(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw parameters from their priors."""
        truth: dict[str, Any] = {}
        for prefix in self.predictors:
            effects = [EFFECTS[name] for name in self.coefficients()]
            truth[f"{prefix}beta"] = np.array([rng.normal(centre, sd) for centre, sd in effects])
            truth[f"{prefix}sd_g"] = np.array([abs(rng.normal(0, SD))])
        for name in self.single():
            kind, one, two = PRIORS[name]
            draw = {"Normal": rng.normal, "Beta": rng.beta, "LogNormal": rng.lognormal}[kind]
            truth[name] = draw(one, two)
        if self.has_thresholds:
            size = 2 if self.family == "ordered_beta" else len(CATEGORIES) - 1
            drawn = rng.normal(0, THRESHOLD, size)
            truth["thresholds"] = np.sort(drawn) if FAMILIES[self.family].thresholds.is_ordered else drawn
        if self.second:
            # LKJ(eta) of two variables: Beta(eta, eta) on (-1, 1).
            truth["corr"] = 2 * rng.beta(LKJ_ETA, LKJ_ETA) - 1
        return truth

    def simulate(self, rng: np.random.Generator, truth: Values) -> Any:
        """Draw responses given the parameters, with new random intercepts."""
        frame = self.frame
        z = rng.standard_normal((len(self.predictors), GROUPS))
        if self.second:
            z[1] = truth["corr"] * z[0] + np.sqrt(1 - truth["corr"] ** 2) * z[1]
        names = self.coefficients()
        x = np.stack([np.ones(ROWS) if name == "Intercept" else frame[name] for name in names], axis=1)
        etas = [
            x @ truth[f"{prefix}beta"] + truth[f"{prefix}sd_g"][0] * b[frame["g"]]
            for prefix, b in zip(self.predictors, z, strict=True)
        ]
        values: dict[str, Any] = {**truth, "eta": etas[0], "etas": etas, "n": frame["n"].to_numpy()}
        if self.second:
            values[self.second] = LINKS[self.second](etas[1])
        return SIMULATORS[self.family](rng, values)


def prepared(family: str, second: str) -> Study:
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=ROWS),
            "t": np.resize([0, 1], ROWS),
            "g": np.repeat(np.arange(GROUPS), ROWS // GROUPS),
            "n": rng.integers(3, 15, ROWS),
        }
    )
    return Study(family, second, frame)


def with_response(study: Study, y: Any) -> pd.DataFrame:
    frame = study.frame.copy()
    if study.family == "multinomial":
        return frame.assign(**dict(zip(CATEGORIES, y.T, strict=True)))
    if study.family == "categorical":
        return frame.assign(y=pd.Categorical.from_codes(y, CATEGORIES))
    if study.has_thresholds and study.family != "ordered_beta":
        return frame.assign(y=pd.Categorical.from_codes(y, CATEGORIES, ordered=True))
    return frame.assign(y=y)


def run(study: Study) -> dict[str, Any]:
    """Fit all data sets of one family; count how often each interval holds the truth."""
    import nutpie

    start = time.time()
    rng = np.random.default_rng([SEED, *study.name.encode()])
    pairs = []
    while len(pairs) < FITS:
        truth = study.truth(rng)
        pairs.append((truth, study.simulate(rng, truth)))
    # Every category must occur in the data that the model is made of; the others may lack some.
    first = next(
        (y for _, y in pairs if study.family != "categorical" or len(np.unique(y)) == 4), pairs[0][1]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = gb.Model(study.formula(), with_response(study, first), study.family, priors=study.priors())
    names = [n for n in model.definition.posterior if "b_g" not in n]
    compiled = nutpie.compile_pymc_model(model.pymc_model, var_names=names)
    covered: dict[str, int] = {}
    again = 0
    for index, (truth, y) in enumerate(pairs):
        data = compiled.with_data(
            observed=np.asarray(
                y, model.response.values.dtype if not FAMILIES[study.family].is_discrete else np.int64
            )
        )
        draws, rhat = sampled(nutpie, data, names, index, 1)
        if rhat > 1.05:
            again += 1
            draws, rhat = sampled(nutpie, data, names, index, 4)
        for name, inside in scores(study, truth, draws).items():
            covered[name] = covered.get(name, 0) + inside
    return {"fits": FITS, "covered": covered, "again": again, "seconds": round(time.time() - start, 1)}


def sampled(
    nutpie: Any, compiled: Any, names: list[str], index: int, factor: int
) -> tuple[dict[str, Any], float]:
    tree = nutpie.sample(
        compiled, draws=DRAWS * factor, tune=TUNE * factor, chains=CHAINS, cores=1, seed=SEED + index,
        progress_bar=False, target_accept=0.9,
    )  # fmt: skip
    draws = {name: tree["posterior"][name].to_numpy() for name in names}
    single = [v.reshape(*v.shape[:2], -1)[..., 0] for k, v in draws.items() if "corr" not in k]
    return draws, max(float(array_stats.rhat(v, chain_axis=0, draw_axis=1)) for v in single)


def scores(study: Study, truth: Values, draws: Mapping[str, Any]) -> dict[str, int]:
    """Tell for each parameter whether its interval holds the truth."""
    tail = (1 - COVERAGE) / 2
    result = {}
    for name, true in truth.items():
        values = draws["joint_corr_i"][..., 0, 1] if name == "corr" else draws[name]
        flat = values.reshape(-1, *values.shape[2:])
        low, high = np.quantile(flat, [tail, 1 - tail], axis=0)
        inside = np.atleast_1d((low <= true) & (true <= high))
        labels = [name] if inside.size == 1 else [f"{name}[{k}]" for k in labels_of(study, name, inside.size)]
        result |= {label: int(hit) for label, hit in zip(labels, inside, strict=True)}
    return result


def labels_of(study: Study, name: str, size: int) -> list[Any]:
    return study.coefficients() if name.endswith("beta") else list(range(1, size + 1))


def verdicts(results: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return Holm's adjusted p-value of each parameter of the study, by ``family: parameter``."""
    p = {
        f"{family}: {name}": float(stats.binomtest(hits, entry["fits"], COVERAGE).pvalue)
        for family, entry in results.items()
        for name, hits in entry["covered"].items()
    }
    adjusted, largest = {}, 0.0
    for rank, name in enumerate(sorted(p, key=lambda key: p[key])):
        largest = max(largest, min(1.0, p[name] * (len(p) - rank)))
        adjusted[name] = largest
    return adjusted


def studies() -> list[Study]:
    plain = [prepared(family, "") for family in SIMULATORS]
    return plain + [prepared(family, second) for family, second in SECOND.items()]


def main(wanted: list[str]) -> None:
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {"results": {}}
    results = known["results"]
    for study in studies():
        if (wanted and study.name not in wanted) or (not wanted and study.name in results):
            continue
        results[study.name] = run(study)
        counts = results[study.name]["covered"].values()
        print(
            f"{study.name}: {min(counts)} to {max(counts)} of {FITS}, {results[study.name]['seconds']} s",
            flush=True,
        )
        ordered = {s.name: results[s.name] for s in studies() if s.name in results}
        RESULT.write_text(json.dumps(record(ordered), indent=1) + "\n")
    adjusted = verdicts(results)
    for name, p in adjusted.items():
        if p < LEVEL:
            print(f"FAILED {name}: adjusted p {p:.2g}")
    print(f"{len(adjusted)} parameters, {sum(p < LEVEL for p in adjusted.values())} failed")
    least = band(len(adjusted))
    found = {true: stats.binom(FITS, true).cdf(least - 1) for true in (0.5, 0.6, 0.7, 0.8)}
    words = ", ".join(f"{true:.0%} with probability {power:.2f}" for true, power in found.items())
    print(f"fewer than {least} of {FITS} fail; a true coverage is found: {words}")


def band(parameters: int) -> int:
    """Return the smallest count that does not fail as the worst of so many parameters."""
    counts = range(FITS + 1)
    return next(c for c in counts if stats.binomtest(c, FITS, COVERAGE).pvalue * parameters >= LEVEL)


def record(results: Mapping[str, Any]) -> dict[str, Any]:
    versions = {name: version(name) for name in ("glmm-bayes", "pymc", "pytensor", "nutpie", "numpy")}
    setting = {"seed": SEED, "rows": ROWS, "groups": GROUPS, "draws": DRAWS, "tune": TUNE, "chains": CHAINS,
               "coverage": COVERAGE, "level": LEVEL}  # fmt: skip
    return {"setting": setting, "versions": versions, "results": results}


if __name__ == "__main__":
    main(sys.argv[1:])
