"""A pm.Model in, arrays of draws out: NUTS by nutpie or by PyMC."""

from __future__ import annotations

import os
import secrets
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.core.registry import Registry
from glmm_bayes.infer.densities import GraphDensity, NutpieDensity
from glmm_bayes.infer.starts import Guide, chain_starts

#: The samplers' names of what ArviZ calls otherwise.
_STATISTICS = {
    "diverging": "diverging",
    "depth": "tree_depth",
    "tree_depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "reached_max_treedepth": "reached_max_treedepth",
    "energy": "energy",
    "logp": "lp",
    "lp": "lp",
    "n_steps": "n_steps",
    "mean_tree_accept": "acceptance_rate",
    "acceptance_rate": "acceptance_rate",
    "step_size": "step_size",
}
#: Below this many draws a chain, an interrupted run says nothing worth keeping.
_FEWEST_DRAWS = 100


@dataclass(frozen=True)
class Sampled:
    """Arrays of draws and of the sampler's statistics, shape (chain, draw, ...), and their settings."""

    posterior: Mapping[str, NDArray[np.float64]]
    statistics: Mapping[str, NDArray[Any]]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """How to sample. ``cores`` changes the time, never the draws."""

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    cores: int | None = None
    seed: int | None = None
    engine: str = "nutpie"
    target_accept: float = 0.9
    progress: bool | None = None

    def __post_init__(self) -> None:
        for name, least in (("draws", 1), ("tune", 0), ("chains", 1)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                message = f"{name} must be a whole number of at least {least}, found {value!r}."
                raise SamplingError(Finding("settings", message))
        if not 0.0 < self.target_accept < 1.0:
            message = f"target_accept must lie between 0 and 1, found {self.target_accept!r}."
            raise SamplingError(Finding("settings", message))

    @property
    def shows_progress(self) -> bool:
        """Progress is for people: quiet unless asked for or at a terminal."""
        return sys.stderr.isatty() if self.progress is None else self.progress


def sample(model: Any, names: Sequence[str], settings: Settings, guide: Guide) -> Sampled:
    """Draw from the posterior of a PyMC model.

    Parameters
    ----------
    model : pm.Model
    names : sequence of str
        Variables to keep.
    settings : Settings
    guide : Guide
        Where chains start; the same points for all engines.

    Raises
    ------
    SamplingError
        ``interrupted`` if fewer than 100 draws a chain were made before an interrupt;
        ``start_not_finite`` if there is no start where the density is finite, ``start_far`` if the
        likelihood is far too low at all that there are.
    """
    seed = secrets.randbelow(2**31) if settings.seed is None else int(settings.seed)
    cores = settings.cores or min(settings.chains, os.cpu_count() or 1)
    with warnings.catch_warnings():
        # PyTensor warns that its C backend has no BLAS; sampling runs on numba.
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        tree = ENGINES[settings.engine](model, names, settings, seed, cores, guide)
    posterior = {name: np.asarray(tree["posterior"][name].to_numpy(), np.float64) for name in names}
    found = tree["sample_stats"]
    statistics = {
        ours: found[theirs].to_numpy() for theirs, ours in _STATISTICS.items() if theirs in found.data_vars
    }
    length = _complete(next(iter(posterior.values())))
    if length < settings.draws:
        posterior = {name: array[:, :length] for name, array in posterior.items()}
        statistics = {name: array[:, :length] for name, array in statistics.items()}
    recorded = {
        "engine": settings.engine,
        "seed": seed,
        "draws": settings.draws,
        "tune": settings.tune,
        "chains": settings.chains,
        "target_accept": settings.target_accept,
        "interrupted": length < settings.draws,
        "versions": {name: version(name) for name in ("glmm-bayes", "pymc", "pytensor", "nutpie", "numpy")},
    }
    return Sampled(posterior, {k: _plain(v) for k, v in statistics.items()}, recorded)


def _nutpie(model: Any, names: Sequence[str], settings: Settings, seed: int, cores: int, guide: Guide) -> Any:
    compiled = _compiled(model, names, guide)
    density = NutpieDensity(compiled, len(model.free_RVs))
    centre = compiled.initial_point_func(0)
    reach = guide.reach(model, density.shapes)
    starts = chain_starts(guide, density, centre, reach, _start_seeds(seed, settings), guide.judges(model))
    known = dict(zip(_nutpie_seeds(compiled, starts, seed), starts, strict=False))
    started = replace(
        compiled, initial_point_func=lambda own: known.get(own, starts[own % len(starts)]).copy()
    )
    try:
        return _run_nutpie(started, settings, seed, cores)
    except RuntimeError as error:
        # The sampler's own trace helps nobody who reads a message; it stays in the cause.
        reason = str(error).split("Stack backtrace")[0].strip().rstrip(".")
        raise SamplingError(Finding("start_not_finite", f"sampling could not run: {reason}.")) from error


def _run_nutpie(compiled: Any, settings: Settings, seed: int, cores: int, **further: Any) -> Any:
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
        **further,
    )


def _start_seeds(seed: int, settings: Settings) -> list[int]:
    """Return a seed a chain: those of the first chains are the same however many there are."""
    children = np.random.SeedSequence(seed).spawn(settings.chains)
    return [int(child.generate_state(1)[0]) for child in children]


def _nutpie_seeds(compiled: Any, starts: Sequence[Any], seed: int) -> list[int]:
    """Return the seeds by which nutpie asks for the start of each chain.

    It names no chain when it asks, and chains ask in any order. On one core they ask in theirs, whatever
    they do afterwards: so the shortest run there is lists the seeds.
    """
    asked: list[int] = []

    def listen(own: int) -> Any:
        asked.append(own)
        return starts[min(len(asked), len(starts)) - 1].copy()

    shortest = Settings(draws=1, tune=1, chains=len(starts), progress=False)
    with suppress(RuntimeError):
        _run_nutpie(replace(compiled, initial_point_func=listen), shortest, seed, 1, maxdepth=1)
    return asked


#: Compiled graphs of living models, with the variables that they were compiled for.
_COMPILED: WeakKeyDictionary[Any, tuple[tuple[str, ...], Any]] = WeakKeyDictionary()


def _compiled(model: Any, names: Sequence[str], guide: Guide) -> Any:
    """Compile a graph once; again only if its user has added to it since."""
    import nutpie

    starts = (f"{v.name} = {at}" for v, at in model.rvs_to_initial_values.items() if at is not None)
    signature = (*names, *sorted(model.named_vars), *(str(p) for p in model.potentials), *starts)
    known = _COMPILED.get(model)
    if known is None or known[0] != signature:
        overrides = guide.overrides(model)
        known = (
            signature,
            nutpie.compile_pymc_model(
                model, var_names=list(names), initial_points=overrides, jitter_rvs=set()
            ),
        )
        _COMPILED[model] = known
    return known[1]


def _pymc(model: Any, names: Sequence[str], settings: Settings, seed: int, cores: int, guide: Guide) -> Any:
    import pymc as pm

    density = GraphDensity(model, names, guide.overrides(model))
    reach = guide.reach(model, density.shapes)
    # PyMC spawns one generator a chain from the seed, and the step does not look at the starts.
    starts = chain_starts(
        guide, density, density.centre, reach, _start_seeds(seed, settings), guide.judges(model)
    )
    with model:
        return pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=cores,
            random_seed=seed,
            initvals=[density.initial_values(start) for start in starts],
            step=_nuts_step(model, density, settings.target_accept),
            nuts_sampler="pymc",
            progressbar=settings.shows_progress,
            quiet=not settings.shows_progress,
            compute_convergence_checks=False,
            var_names=list(names),
        )


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


ENGINES: Registry[Any] = Registry("engine", {"nutpie": _nutpie, "pymc": _pymc}, SamplingError)


def _complete(draws: NDArray[np.float64]) -> int:
    """Count the leading draws that all chains have; nutpie pads an interrupted chain with NaN."""
    whole = np.isfinite(draws).all(axis=(0, *range(2, draws.ndim)))
    length = int(np.argmin(whole)) if not whole.all() else len(whole)
    if not whole.all() and length < _FEWEST_DRAWS:
        message = f"interrupted after {length} draws a chain; fewer than {_FEWEST_DRAWS} are not kept."
        raise SamplingError(Finding("interrupted", message, hint="Sample again."))
    return length


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Reduce the statistics to the three types that files hold."""
    if values.dtype == bool:
        return values
    kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64
    return values.astype(kind)
