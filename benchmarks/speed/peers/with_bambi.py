"""Bambi, by its formula: its default sampler, or nutpie where the second argument says so."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import bambi as bmb
import numpy as np
from worker import Worker, flat

if __name__ == "__main__":
    worker = Worker()
    worker.imported()

FAMILIES = {"negative_binomial": "negativebinomial"}
DISPERSION = {"gaussian": "sigma", "negative_binomial": "alpha"}


def priors_of(task: dict[str, Any]) -> dict[str, Any]:
    """Write the priors in Bambi's words."""
    centre, scale = task["intercept"]
    found = {"Intercept": bmb.Prior("Normal", mu=centre, sigma=scale)}
    for label in task["coefficients"][1:]:
        found[_term(label)] = bmb.Prior("Normal", mu=0.0, sigma=task["slope"])
    for group in task["groups"]:
        for effect, sd in zip(group["effects"], group["sd_scales"], strict=True):
            spread = bmb.Prior("HalfNormal", sigma=sd)
            found[_group(group, effect)] = bmb.Prior("Normal", mu=0.0, sigma=spread)
    if task["dispersion"]:
        name = DISPERSION[task["family"]]
        found[name] = bmb.Prior("HalfNormal", sigma=task["dispersion"]["scale"])
    return found


def _term(label: str) -> str:
    """Name the term of one of our coefficients: ``treatment:time`` of ``treatment[terbinafine]:time``."""
    return re.sub(r"\[[^]]*\]", "", label)


def _group(group: dict[str, Any], effect: str) -> str:
    return f"{'1' if effect == 'Intercept' else effect}|{group['factor']}"


def coefficients(task: dict[str, Any], drawn: Any) -> np.ndarray:
    """Put the coefficients in our order; levels of a factor have the same order in both."""
    by_parts = {tuple(sorted(str(name).split(":"))): name for name in drawn}
    taken: dict[str, int] = {}
    columns = []
    for label in task["coefficients"]:
        name = str(by_parts[tuple(sorted(_term(label).split(":")))])
        values = np.asarray(drawn[name])
        values = values.reshape(*values.shape[:2], -1)
        columns.append(values[..., taken.get(name, 0)])
        taken[name] = taken.get(name, 0) + 1
    return np.stack(columns, axis=2)


def effects(group: dict[str, Any], drawn: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return standard deviations and effects of a factor."""
    names = [_group(group, effect) for effect in group["effects"]]
    sd = [np.asarray(drawn[f"{name}_sigma"]) for name in names]
    b = [np.asarray(drawn[name]) for name in names]
    sd = [each.reshape(*each.shape[:2], -1)[..., 0] for each in sd]
    b = [each.reshape(*each.shape[:2], -1) for each in b]
    return np.stack(sd, axis=2), np.stack(b, axis=3)


def main() -> None:
    """Fit, and hand back the draws."""
    task = worker.task()
    model = bmb.Model(
        task["others_formula"],
        worker.frame(task, is_ordered=True),
        family=FAMILIES.get(task["family"], task["family"]),
        priors=priors_of(task),
    )
    sampler = {"inference_method": "nutpie"} if sys.argv[2:] == ["nutpie"] else {}
    accept = {} if worker.target_accept is None else {"target_accept": worker.target_accept}
    trace = model.fit(
        draws=worker.draws,
        chains=worker.chains,
        cores=min(worker.chains, os.cpu_count() or 1),  # its own choice may be one where there are two
        random_seed=worker.seed,
        progressbar=False,
        **sampler,
        **accept,
    )
    drawn, told = trace["posterior"], trace["sample_stats"]
    groups = [effects(group, drawn) for group in task["groups"]]
    values = flat(
        coefficients(task, drawn),
        [sd for sd, _ in groups],
        [None for _ in groups],
        np.asarray(drawn[DISPERSION[task["family"]]]) if task["dispersion"] else None,
        [b for _, b in groups],
    )
    worker.finish(
        values,
        divergences=int(np.asarray(told["diverging"]).sum()),
        steps=float(np.asarray(told["n_steps"]).mean()),
        packages=("bambi", "pymc", "pytensor", "nutpie", "numpy"),
    )


if __name__ == "__main__":
    main()
