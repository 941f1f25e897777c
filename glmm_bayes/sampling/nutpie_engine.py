"""A pm.Model in, the draws of each chain out: NUTS by nutpie."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.core.progress import told
from glmm_bayes.fit.settings import Settings
from glmm_bayes.graph.signature import signature_of
from glmm_bayes.sampling.chains import Chains
from glmm_bayes.sampling.densities import NutpieDensity
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.starts import Guide, chain_starts, start_seeds


def sample_nutpie(
    model: Any, names: Sequence[str], settings: Settings, seed: int, guide: Guide, interrupts: Interrupts
) -> Chains:
    """Draw from the posterior; parameters are those of ``glmm_bayes.sampling.engines.sample``."""
    compiled = _compiled(model, names, guide, settings.shows_progress)
    density = NutpieDensity(compiled, len(model.free_RVs))
    centre = compiled.initial_point_func(0)
    reach = guide.reach(model, density.shapes)
    seeds = start_seeds(seed, settings.chains)
    starts = chain_starts(guide, density, centre, reach, seeds, guide.judges(model))
    known = dict(zip(_nutpie_seeds(compiled, starts, seed), starts, strict=False))
    started = replace(
        compiled,
        initial_point_func=lambda chain_seed: known.get(chain_seed, starts[chain_seed % len(starts)]).copy(),
    )
    interrupts.raise_pending()
    try:
        return _chains(names, _run(started, settings, seed))
    except RuntimeError as error:
        # The sampler's own trace helps nobody who reads a message; it stays in the cause.
        reason = str(error).split("Stack backtrace")[0].strip().rstrip(".")
        raise SamplingError(Finding("start_not_finite", f"sampling could not run: {reason}.")) from error


def _run(compiled: Any, settings: Settings, seed: int) -> Any:
    sampler = _started(compiled, settings, seed, settings.at_once)
    try:
        return sampler.wait()
    except KeyboardInterrupt:
        return sampler.abort()


def _started(compiled: Any, settings: Settings, seed: int, cores: int, **further: Any) -> Any:
    """Start nutpie in the background: waited for here, an interrupt of it is seen here."""
    import nutpie

    return nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=cores,
        seed=seed,
        save_warmup=False,
        progress_bar=settings.shows_progress,
        target_accept=settings.target_accept,
        blocking=False,
        **further,
    )


def _chains(names: Sequence[str], tree: Any) -> Chains:
    """Read the chains of a tree; shorter ones are filled up, and their step sizes with NaN."""
    statistics = {str(name): values.to_numpy() for name, values in tree["sample_stats"].data_vars.items()}
    lengths = np.isfinite(statistics["step_size"]).sum(axis=1)
    posterior = {name: tree["posterior"][name].to_numpy() for name in names}
    return Chains(posterior, statistics, [int(length) for length in lengths])


def _nutpie_seeds(compiled: Any, starts: Sequence[Any], seed: int) -> list[int]:
    """Return the seeds by which nutpie asks for the start of each chain.

    It names no chain when it asks, and chains ask in any order. On one core they ask in theirs, whatever
    they do afterwards: so the shortest run there is lists the seeds.
    """
    chain_seeds: list[int] = []

    def listen(chain_seed: int) -> Any:
        chain_seeds.append(chain_seed)
        return starts[min(len(chain_seeds), len(starts)) - 1].copy()

    shortest = Settings(draws=1, tune=1, chains=len(starts), progress=False)
    with suppress(RuntimeError):
        _started(replace(compiled, initial_point_func=listen), shortest, seed, 1, maxdepth=1).wait()
    return chain_seeds


#: Compiled graphs of living models, with the variables that they were compiled for.
_COMPILED: WeakKeyDictionary[Any, tuple[tuple[str, ...], Any]] = WeakKeyDictionary()


def _compiled(model: Any, names: Sequence[str], guide: Guide, is_told: bool = False) -> Any:
    """Compile a graph once; again only if its user has added to it since."""
    import nutpie

    signature = (*names, *signature_of(model))
    known = _COMPILED.get(model)
    if known is None or known[0] != signature:
        overrides = guide.overrides(model)
        with told("compiling", is_told):
            compiled = nutpie.compile_pymc_model(
                model, var_names=list(names), initial_points=overrides, jitter_rvs=set()
            )
        known = _COMPILED[model] = (signature, compiled)
    return known[1]
