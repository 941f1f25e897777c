"""This package: one call, on its defaults."""

from __future__ import annotations

import warnings

import numpy as np
from worker import Worker, flat

import glmm_bayes as gb

worker = Worker()
worker.imported()


def main() -> None:
    """Fit, and hand back the draws."""
    warnings.simplefilter("ignore", gb.GlmmWarning)
    task = worker.task()
    priors = {name: gb.Prior(law, **values) for name, (law, values) in task["priors"].items()}
    model = gb.Model(
        task["formula"], worker.frame(task, is_ordered=False), family=task["family"], priors=priors
    )
    accept = {} if worker.target_accept is None else {"target_accept": worker.target_accept}
    fit = model.fit(draws=worker.draws, chains=worker.chains, seed=worker.seed, progress=False, **accept)
    drawn, groups = fit.draws["posterior"], task["groups"]
    dispersion = task["dispersion"]
    values = flat(
        drawn["beta"].to_numpy(),
        [drawn[f"sd_{group['slug']}"].to_numpy() for group in groups],
        [drawn[f"corr_{group['slug']}"].to_numpy() if group["is_correlated"] else None for group in groups],
        drawn[dispersion["name"]].to_numpy() if dispersion else None,
        [drawn[f"b_{group['slug']}"].to_numpy() for group in groups],
    )
    told = fit.draws["sample_stats"]
    steps = float(np.mean(told["n_steps"].to_numpy())) if "n_steps" in told else None
    worker.finish(
        values,
        divergences=int(told["diverging"].to_numpy().sum()),
        steps=steps,
        packages=("glmm-bayes", "nutpie", "numpy", "pymc"),
    )


if __name__ == "__main__":
    main()
