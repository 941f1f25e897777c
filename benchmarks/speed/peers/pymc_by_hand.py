"""PyMC, the model written by hand and sampled by nutpie: non-centred, effects and correlations kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from worker import Worker, flat

worker = Worker()
worker.imported()


def graph(task: dict[str, Any], data: dict[str, np.ndarray]) -> pm.Model:
    """Write the model of one set: the same for all, as a user writes it for one."""
    with pm.Model() as model:
        centre, scale = task["intercept"]
        at_average = pm.Normal("at_average", centre, scale)
        eta, intercept = at_average + data["offset"], at_average
        means = data["x"][:, 1:].mean(axis=0)
        if means.size:
            slopes = pm.Normal("slopes", 0.0, task["slope"], shape=means.size)
            eta = eta + pt.dot(data["x"][:, 1:] - means, slopes)
            intercept = at_average - pt.dot(means, slopes)
        pm.Deterministic("intercept", intercept)
        for i, group in enumerate(task["groups"]):
            eta = eta + _effects(i, group, task, data)
        _response(task, eta, data)
    return model


def _effects(i: int, group: dict[str, Any], task: dict[str, Any], data: dict[str, np.ndarray]) -> Any:
    size, levels = len(group["sd_scales"]), group["levels"]
    scales, codes = np.array(group["sd_scales"]), data[f"codes_{i}"]
    z = pm.Normal(f"z_{i}", 0.0, 1.0, shape=(size, levels))
    if group["is_correlated"]:
        law = pm.HalfNormal.dist(scales, shape=size)
        root, corr, sd = pm.LKJCholeskyCov(f"root_{i}", n=size, eta=task["eta"], sd_dist=law)
        pm.Deterministic(f"sd_{i}", sd)
        pm.Deterministic(f"corr_{i}", corr)
        b = pm.Deterministic(f"b_{i}", pt.dot(root, z).T)
    else:
        sd = pm.HalfNormal(f"sd_{i}", scales, shape=size)
        b = pm.Deterministic(f"b_{i}", (sd[:, None] * z).T)
    if size == 1 and (data[f"z_{i}"] == 1.0).all():
        return b[codes, 0]
    return (data[f"z_{i}"] * b[codes]).sum(axis=1)


def _response(task: dict[str, Any], eta: Any, data: dict[str, np.ndarray]) -> None:
    family, y = task["family"], data["y"]
    if family == "bernoulli":
        pm.Bernoulli("y", logit_p=eta, observed=y)
    elif family == "binomial":
        pm.Binomial("y", n=data["trials"], logit_p=eta, observed=y)
    elif family == "poisson":
        pm.Poisson("y", pt.exp(eta), observed=y)
    else:
        spread = pm.HalfNormal("dispersion", task["dispersion"]["scale"])
        if family == "gaussian":
            pm.Normal("y", eta, spread, observed=y)
        else:
            pm.NegativeBinomial("y", mu=pt.exp(eta), alpha=spread, observed=y)


def main() -> None:
    """Compile, sample, and hand back the draws."""
    task = worker.task()
    compiled = nutpie.compile_pymc_model(graph(task, worker.arrays()))
    accept = {} if worker.target_accept is None else {"target_accept": worker.target_accept}
    trace = nutpie.sample(
        compiled, draws=worker.draws, chains=worker.chains, seed=worker.seed, progress_bar=False, **accept
    )
    drawn = {name: np.asarray(values) for name, values in trace.posterior.data_vars.items()}
    groups = task["groups"]
    slopes = [drawn["slopes"]] if "slopes" in drawn else []
    values = flat(
        np.concatenate([drawn["intercept"][..., None], *slopes], axis=2),
        [drawn[f"sd_{i}"] for i in range(len(groups))],
        [drawn.get(f"corr_{i}") for i in range(len(groups))],
        drawn.get("dispersion"),
        [drawn[f"b_{i}"] for i in range(len(groups))],
    )
    told = trace.sample_stats
    worker.finish(
        values,
        divergences=int(np.asarray(told["diverging"]).sum()),
        steps=float(np.asarray(told["n_steps"]).mean()),
        packages=("pymc", "pytensor", "nutpie", "numba", "numpy"),
    )


if __name__ == "__main__":
    main()
