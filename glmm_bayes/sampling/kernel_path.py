"""A model that a kernel has in, the draws of each chain out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.core.maths import Array
from glmm_bayes.core.progress import told
from glmm_bayes.fit.settings import Settings
from glmm_bayes.kernels.find_pilot import with_pilot
from glmm_bayes.kernels.joint import JointKernel, plain_kernel
from glmm_bayes.kernels.marginal import MarginalKernel
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.sampling.bridge import POINT, SampledDensity, sample_points
from glmm_bayes.sampling.chains import Chains
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.starts import Guide, chain_starts, start_seeds

#: Numbers that are drawn at once, for the sake of memory.
_AT_ONCE = 2_000_000


def sample_marginal(
    definition: ModelDefinition, settings: Settings, seed: int, guide: Guide, interrupts: Interrupts
) -> Chains:
    """Sample what is not integrated out by NUTS; draw effects and coefficients from their exact law.

    Each chain has a stream of its own, so that more chains leave the first ones as they were.
    """
    # One thread: sums have one order, and small matrices gain nothing by more.
    with told("summing up rows", settings.shows_progress), threadpool_limits(1, user_api="blas"):
        kernel = MarginalKernel(definition)
    centre = kernel.centre(_centres(guide)), np.ones(kernel.numbers)
    chains = _sampled(kernel, kernel.numbers, centre, settings, seed, guide, interrupts)
    streams = np.random.SeedSequence([seed, len("effects")]).spawn(settings.chains)
    drawn = [
        _drawn(kernel, points, np.random.default_rng(stream))
        for points, stream in zip(chains.posterior[POINT], streams, strict=False)
    ]
    return _named(definition, chains, drawn)


def sample_joint(
    definition: ModelDefinition, settings: Settings, seed: int, guide: Guide, interrupts: Interrupts
) -> Chains:
    """Sample all parameters by NUTS, in the place of effects what a pilot makes nearly independent."""
    words = "looking where the posterior lies"
    with told(words, settings.shows_progress), threadpool_limits(1, user_api="blas"):
        kernel = with_pilot(plain_kernel(definition, _centres(guide)))
    centre = kernel.start, kernel.reach
    chains = _sampled(kernel, kernel.width, centre, settings, seed, guide, interrupts)
    named = _named(definition, chains, [kernel.named(rows) for rows in chains.posterior[POINT]])
    return named if kernel.has_pilot else replace(named, note="; no pilot was found: effects are non-centred")


def _centres(guide: Guide) -> Mapping[str, Array]:
    return {name: one.value for name, one in guide.centres.items()}


def _sampled(
    kernel: MarginalKernel | JointKernel,
    width: int,
    centre: tuple[Array, Array],
    settings: Settings,
    seed: int,
    guide: Guide,
    interrupts: Interrupts,
) -> Chains:
    """Sample points of a kernel, near a centre at first, and keep what its function writes of them."""
    seeds = start_seeds(seed, settings.chains)
    starts = chain_starts(guide, kernel, *centre, seeds)
    interrupts.raise_pending()
    given = (kernel.numbers, width, *kernel.functions, kernel.address, kernel)
    target = SampledDensity(*given, is_near_normal=kernel.is_near_normal)
    try:
        return sample_points(target, starts, settings, seed)
    except RuntimeError as error:
        reason = str(error).split("Stack backtrace")[0].strip().rstrip(".")
        raise SamplingError(Finding("start_not_finite", f"sampling could not run: {reason}.")) from error


def _named(definition: ModelDefinition, chains: Chains, drawn: list[dict[str, Array]]) -> Chains:
    posterior = {name: [one[name] for one in drawn] for name in definition.posterior}
    return Chains(posterior, chains.statistics, chains.lengths)


def _drawn(kernel: MarginalKernel, points: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Draw what was integrated out at each point of a chain."""
    step = max(1, _AT_ONCE // max(1, kernel.units))
    parts = [
        kernel.draws(part, rng.standard_normal((len(part), kernel.units)))
        for part in (points[start : start + step] for start in range(0, max(1, len(points)), step))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
