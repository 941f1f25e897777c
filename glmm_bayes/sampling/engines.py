"""A model in, arrays of draws out: an engine draws, what came is counted, settings are recorded."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from glmm_bayes.core.errors import SamplingError
from glmm_bayes.core.registry import Registry
from glmm_bayes.fit.draws import DRAWN_WITH, ENGINES, STATISTICS, Draws
from glmm_bayes.fit.settings import Settings, refuse_unknown_settings
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.sampling.chains import Chains, crash_words, cut, kept
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.kernel_path import sample_joint, sample_marginal
from glmm_bayes.sampling.nutpie_engine import sample_nutpie
from glmm_bayes.sampling.paths import SamplingPath
from glmm_bayes.sampling.pymc_engine import sample_pymc
from glmm_bayes.sampling.starts import Guide

_SAMPLERS: Registry[Any] = Registry(
    "engine", dict(zip(ENGINES, (sample_nutpie, sample_pymc), strict=True)), SamplingError
)


#: What samples without a graph, by the name of the path.
_KERNELS = {"marginal": sample_marginal, "joint": sample_joint}


def read_settings(settings: Settings, unknown: Mapping[str, Any]) -> Settings:
    """Return settings whose engine there is, or refuse what ``fit`` was given.

    Raises
    ------
    SamplingError
        ``unknown_engine``, ``unknown_argument``.
    """
    refuse_unknown_settings(unknown)
    _SAMPLERS[settings.engine]
    return settings


def sample(
    definition: ModelDefinition,
    graph: Callable[[], Any],
    path: SamplingPath,
    settings: Settings,
    guide: Guide,
    interrupts: Interrupts,
) -> Draws:
    """Draw from the posterior of a model.

    Parameters
    ----------
    definition : ModelDefinition
    graph : callable
        Gives the model as a ``pm.Model``, where that is sampled.
    path : SamplingPath
    settings : Settings
    guide : Guide
        Where chains start; the same points for all engines.
    interrupts : Interrupts
        Open while the fit is made.

    Raises
    ------
    SamplingError
        ``interrupted`` or ``chain_crashed`` if fewer than 100 draws a chain were made before the end;
        ``start_not_finite`` if there is no start where the density is finite, ``start_far`` if the
        likelihood is far too low at all that there are.
    """
    seed = secrets.randbelow(2**31) if settings.seed is None else settings.seed
    names = list(definition.posterior)
    drawn: Chains
    if path.method in _KERNELS:
        drawn = _KERNELS[path.method](definition, settings, seed, guide, interrupts)
    else:
        with warnings.catch_warnings():
            # PyTensor warns that its C backend has no BLAS; sampling runs on numba.
            warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
            drawn = _SAMPLERS[settings.engine](graph(), names, settings, seed, guide, interrupts)
    chains, length = kept(drawn, settings.chains, settings.draws)
    posterior = {
        name: cut(drawn.posterior[name], chains, length).astype(np.float64, copy=False) for name in names
    }
    statistics = {
        ours: cut(drawn.statistics[theirs], chains, length).astype(statistic.dtype)
        for ours, statistic in STATISTICS.items()
        for theirs in statistic.names
        if theirs in drawn.statistics
    }
    is_whole = (len(chains), length) == (settings.chains, settings.draws)
    recorded: dict[str, Any] = {
        "engine": settings.engine,
        "method": path.method,
        "why": path.why + drawn.note,
        "seed": seed,
        "draws": settings.draws,
        "tune": settings.tune,
        "chains": settings.chains,
        "target_accept": settings.target_accept,
        "interrupted": not is_whole and (interrupts.count > 0 or not drawn.crashed),
        "versions": {name: version(name) for name in DRAWN_WITH},
    }
    if drawn.crashed and not is_whole:
        recorded["crashed"] = crash_words(drawn, settings.draws)
    return Draws(posterior, statistics, recorded)
