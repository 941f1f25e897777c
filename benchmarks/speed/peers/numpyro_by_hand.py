"""NumPyro, the model written by hand: non-centred, double precision, its compile cache on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS
from worker import Worker, flat

worker = Worker()
worker.imported()


def model(task: dict[str, Any], data: dict[str, jnp.ndarray], means: jnp.ndarray) -> None:
    """Write the model of one set: the same for all, as a user writes it for one."""
    centre, scale = task["intercept"]
    at_average = numpyro.sample("at_average", dist.Normal(centre, scale))
    eta = at_average + data["offset"]
    intercept = at_average
    if means.size:
        slopes = numpyro.sample("slopes", dist.Normal(0.0, task["slope"]).expand([means.size]))
        eta = eta + (data["x"][:, 1:] - means) @ slopes
        intercept = at_average - means @ slopes
    numpyro.deterministic("intercept", intercept)
    for i, group in enumerate(task["groups"]):
        eta = eta + _effects(i, group, task, data)
    numpyro.sample("y", _law(task, eta, data), obs=data["y"])


def _effects(i: int, group: dict[str, Any], task: dict[str, Any], data: dict[str, Any]) -> jnp.ndarray:
    size, levels = len(group["sd_scales"]), group["levels"]
    sd = numpyro.sample(f"sd_{i}", dist.HalfNormal(jnp.array(group["sd_scales"])))
    z = numpyro.sample(f"z_{i}", dist.Normal(0.0, 1.0).expand([size, levels]))
    if group["is_correlated"]:
        root = numpyro.sample(f"root_{i}", dist.LKJCholesky(size, task["eta"]))
        numpyro.deterministic(f"corr_{i}", root @ root.T)
        z = root @ z
    b = numpyro.deterministic(f"b_{i}", (sd[:, None] * z).T)
    return jnp.sum(data[f"z_{i}"] * b[data[f"codes_{i}"]], axis=1)


def _law(task: dict[str, Any], eta: jnp.ndarray, data: dict[str, Any]) -> dist.Distribution:
    family = task["family"]
    if family == "bernoulli":
        return dist.Bernoulli(logits=eta)
    if family == "binomial":
        return dist.Binomial(data["trials"], logits=eta)
    if family == "poisson":
        return dist.Poisson(jnp.exp(eta))
    spread = numpyro.sample("dispersion", dist.HalfNormal(task["dispersion"]["scale"]))
    return dist.Normal(eta, spread) if family == "gaussian" else dist.NegativeBinomial2(jnp.exp(eta), spread)


def main() -> None:
    """Sample, and hand back the draws."""
    numpyro.enable_x64()
    numpyro.set_host_device_count(worker.chains)
    jax.config.update("jax_compilation_cache_dir", worker.cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    task = worker.task()
    data = {name: jnp.asarray(values) for name, values in worker.arrays().items()}
    means = data["x"][:, 1:].mean(axis=0)
    kernel = NUTS(model, target_accept_prob=worker.target_accept or 0.8)
    sampler = MCMC(
        kernel, num_warmup=1000, num_samples=worker.draws, num_chains=worker.chains, progress_bar=False
    )
    sampler.run(jax.random.PRNGKey(worker.seed), task, data, means, extra_fields=("diverging", "num_steps"))
    drawn = {name: np.asarray(values) for name, values in sampler.get_samples(group_by_chain=True).items()}
    told = sampler.get_extra_fields(group_by_chain=True)
    groups = task["groups"]
    slopes = [drawn["slopes"]] if "slopes" in drawn else []
    values = flat(
        np.concatenate([drawn["intercept"][..., None], *slopes], axis=2),
        [drawn[f"sd_{i}"] for i in range(len(groups))],
        [drawn.get(f"corr_{i}") for i in range(len(groups))],
        drawn.get("dispersion"),
        [drawn[f"b_{i}"] for i in range(len(groups))],
    )
    worker.finish(
        values,
        divergences=int(np.asarray(told["diverging"]).sum()),
        steps=float(np.asarray(told["num_steps"]).mean()),
        packages=("numpyro", "jax", "jaxlib", "numpy"),
    )


if __name__ == "__main__":
    main()
