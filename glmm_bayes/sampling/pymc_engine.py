"""A pm.Model in, the draws of each chain out: NUTS by PyMC, whose traces are read even where it gives up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children
from multiprocessing.connection import wait
from typing import Any

import numpy as np

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.core.progress import told
from glmm_bayes.fit.settings import Settings
from glmm_bayes.sampling.chains import Chains
from glmm_bayes.sampling.densities import GraphDensity
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.starts import Guide, chain_starts, start_seeds

_PATIENCE = 5.0


def sample_pymc(
    model: Any, names: Sequence[str], settings: Settings, seed: int, guide: Guide, interrupts: Interrupts
) -> Chains:
    """Draw from the posterior; parameters are those of ``glmm_bayes.sampling.engines.sample``."""
    with told("compiling", settings.shows_progress):
        density = GraphDensity(model, names, guide.overrides(model))
    reach = guide.reach(model, density.shapes)
    # PyMC spawns one generator a chain from the seed, and the step does not look at the starts.
    seeds = start_seeds(seed, settings.chains)
    starts = chain_starts(guide, density, density.centre, reach, seeds, guide.judges(model))
    traces: dict[int, Any] = {}
    crashed: dict[int, str] = {}
    interrupts.raise_pending()
    try:
        with model, _outliving(crashed, interrupts):
            _run(model, names, settings, seed, density, starts, traces, interrupts)
    except (Exception, KeyboardInterrupt) as error:
        # What was recorded so far is in the traces, whatever PyMC makes of an early end.
        if not crashed and not interrupts.count and not isinstance(error, KeyboardInterrupt):
            if isinstance(error, RuntimeError):
                raise SamplingError(Finding("chain_crashed", f"sampling could not run: {error}")) from error
            raise
    return _chains(names, settings, traces, crashed)


def _run(
    model: Any,
    names: Sequence[str],
    settings: Settings,
    seed: int,
    density: GraphDensity,
    starts: Sequence[Any],
    traces: dict[int, Any],
    interrupts: Interrupts,
) -> None:
    import pymc as pm

    def note(trace: Any, draw: Any) -> None:
        traces[draw.chain] = trace
        # After an interrupt PyMC goes on with the next chain.
        interrupts.raise_pending()

    pm.sample(
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=settings.at_once,
        random_seed=seed,
        initvals=[density.initial_values(start) for start in starts],
        step=_nuts_step(model, density, settings.target_accept),
        nuts_sampler="pymc",
        progressbar=settings.shows_progress,
        quiet=not settings.shows_progress,
        compute_convergence_checks=False,
        return_inferencedata=False,
        var_names=list(names),
        callback=note,
    )


def _chains(
    names: Sequence[str], settings: Settings, traces: dict[int, Any], crashed: dict[int, str]
) -> Chains:
    """Read what the traces have recorded after the warm-up."""
    tune, order = settings.tune, range(settings.chains)
    any_trace = next(iter(traces.values()), None)
    statistics = sorted(any_trace.stat_names) if any_trace is not None else []

    def drawn(read: Any, name: str) -> list[Any]:
        return [
            np.asarray(read(traces[chain], name))[tune:] if chain in traces else np.empty(0)
            for chain in order
        ]

    return Chains(
        {name: drawn(lambda trace, name: trace.get_values(name), name) for name in names},
        {name: drawn(lambda trace, name: trace.get_sampler_stats(name), name) for name in statistics},
        [max(0, len(traces[chain]) - tune) if chain in traces else 0 for chain in order],
        crashed,
    )


@contextmanager
def _outliving(crashed: dict[int, str], interrupts: Interrupts) -> Iterator[None]:
    """Let PyMC's loop over its workers outlive one that ends: it has no setting for this."""
    from pymc.sampling import parallel

    before = parallel.ParallelSampler

    class Outliving(before):  # type: ignore[misc, valid-type]
        _active: list[Any]
        _inactive: list[Any]

        def __iter__(self) -> Any:
            while True:
                try:
                    yield from super().__iter__()
                    return
                except (EOFError, OSError, parallel.ParallelSamplingError) as error:
                    interrupts.raise_pending()
                    if not self._bury(error):
                        raise

        def _bury(self, error: Exception) -> bool:
            """Take the workers that have ended out of the loop; tell whether there was one."""
            unfinished = [
                worker
                for worker in self._samplers
                if worker not in self._finished and worker.chain not in crashed
            ]
            failed = getattr(error, "_chain", None)
            if failed is None:
                _wait_for_an_end([worker._process for worker in unfinished])
            before = len(crashed)
            for worker in unfinished:
                if worker.chain == failed or not worker._process.is_alive():
                    crashed[worker.chain] = _ending(worker._process.exitcode, error)
                    self._active = [other for other in self._active if other is not worker]
                    self._inactive = [other for other in self._inactive if other is not worker]
            return len(crashed) > before

    parallel.ParallelSampler = Outliving
    others = set(active_children())
    try:
        yield
    finally:
        parallel.ParallelSampler = before
        # PyMC asks its workers to end, and one that an interrupt met at its start may not hear it.
        _end([worker for worker in active_children() if worker not in others])


def _end(workers: Sequence[Any]) -> None:
    """End processes, by force if they do not go by themselves."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(_PATIENCE)
        if worker.is_alive():
            worker.kill()
            worker.join()


def _wait_for_an_end(processes: list[Any]) -> None:
    """Wait until a process has ended: it lets its files go a moment before it counts as ended."""
    ended = wait([process.sentinel for process in processes], _PATIENCE)
    for process in processes:
        if process.sentinel in ended:
            process.join(_PATIENCE)


def _ending(exit_code: int | None, error: Exception) -> str:
    if exit_code is None:
        return str(error)
    if exit_code >= 0:
        return f"its process ended with status {exit_code}"
    often = ", often for want of memory" if exit_code == -9 else ""
    return f"its process was ended by signal {-exit_code}{often}"


def _nuts_step(model: Any, density: GraphDensity, target_accept: float) -> Any:
    """Make PyMC's NUTS step with a diagonal mass matrix that starts from the centre of the starts."""
    import pymc as pm
    from pymc.step_methods.hmc.quadpotential import QuadPotentialDiagAdapt

    centre = density.centre
    potential = QuadPotentialDiagAdapt(len(centre), centre, np.ones_like(centre), 10, rng=0)
    return pm.NUTS(
        potential=potential,
        target_accept=target_accept,
        model=model,
        logp_dlogp_func=density.function,
        initial_point=density.first,
    )
