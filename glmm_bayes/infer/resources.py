"""Priors and settings in, what a fit takes of memory and disk out, and a refusal where there is less.

The constants are measured: ``benchmarks/memory.py`` holds the estimate beside what fits take.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from glmm_bayes.core.arguments import LARGEST_WHOLE, checked_seed, whole_number
from glmm_bayes.core.errors import Finding, ResourceError
from glmm_bayes.graph.predictors import Predictor
from glmm_bayes.graph.priors import Priors
from glmm_bayes.infer.datatree import LOG_LIKELIHOOD_LIMIT, coordinates, dimensions
from glmm_bayes.infer.free_memory import free_memory
from glmm_bayes.infer.predictor import BLOCK_ELEMENTS
from glmm_bayes.infer.settings import Settings

_NUMBER = 8
#: What importing and compiling take, whatever the model.
_COMPILER = 370_000_000
#: How often the draws stand in memory at the same time: the sampler's, those handed over, the kept ones.
_COPIES = 3.0
#: Statistics of the sampler that nutpie stores with each draw.
_STATISTICS = 20
#: Arrays of the size of a block while the log likelihood is computed.
_BLOCKS = 4
#: Numbers for each row and column of data: the graph's, those of its gradient, those of the starts.
_ROW_COPIES = 12.0
#: How much of the free memory a fit may take.
_SHARE = 0.8
#: Prior draws: PyMC's own, of sampled and reported variables, and those handed over.
_PRIOR_COPIES = 3
_MOST_CHAINS = 10_000
_GB = 1e9


@dataclass(frozen=True)
class Estimate:
    """Bytes that a fit takes of memory, by what takes them, and of disk when it is saved."""

    parts: Mapping[str, float]
    file: float

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    def __str__(self) -> str:
        largest = sorted(self.parts.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {size / _GB:,.2f}" for name, size in largest)


def estimate(priors: Priors, rows: int, settings: Settings) -> Estimate:
    """Estimate what a fit takes, before anything is compiled.

    Parameters
    ----------
    priors : Priors
        They know every variable that is kept, effects of every level included.
    rows : int
        Of the data, times the number of responses.
    settings : Settings
    """
    reported = sum(_sizes(priors).values())
    drawn = settings.chains * settings.draws
    warmed = settings.chains * (settings.draws + settings.tune)
    pointwise = drawn * rows if drawn * rows <= LOG_LIKELIHOOD_LIMIT else 0
    columns = sum(_width(predictor) for predictor in priors.predictors.values())
    parts = {
        "compiling": float(_COMPILER),
        "draws": _NUMBER * (_COPIES * drawn * reported + warmed * (reported + _STATISTICS)),
        "log likelihood": float(_NUMBER * (pointwise + _BLOCKS * min(pointwise, BLOCK_ELEMENTS))),
        "data": _NUMBER * _ROW_COPIES * rows * columns,
    }
    return Estimate(parts, float(_NUMBER * (drawn * (reported + 8) + rows * columns)))


def check_memory(need: Estimate, settings: Settings) -> None:
    """Refuse a fit that takes more memory than there is.

    Raises
    ------
    ResourceError
        ``resources``, with what it takes, what is free, and how many draws there is room for.
    """
    if settings.chains > _MOST_CHAINS:
        message = f"at most {_MOST_CHAINS:,} chains, found {settings.chains:,}: each is started and tuned."
        raise ResourceError(Finding("resources", message, hint="Four chains are usual; take more draws."))
    free = free_memory()
    if free is None or need.total <= _SHARE * free:
        return
    rest = _SHARE * free - need.parts["compiling"] - need.parts["data"]
    room = int(settings.draws * rest / (need.total - need.parts["compiling"] - need.parts["data"]))
    message = f"needs about {need.total / _GB:,.1f} GB of memory, free are {free / _GB:,.1f} ({need}, in GB)."
    hint = f"Try draws={room}, or fewer chains." if room >= 1 else "Take fewer rows, or a larger machine."
    raise ResourceError(Finding("resources", message, hint=hint))


def checked_prior_draws(draws: Any, seed: Any, priors: Priors, rows: int) -> tuple[int, int | None]:
    """Return the arguments of ``prior_predictive``, or refuse them.

    Raises
    ------
    SamplingError
        ``settings``.
    ResourceError
        ``resources``.
    """
    draws = whole_number("draws", draws, 1, LARGEST_WHOLE)
    need, free = _PRIOR_COPIES * _NUMBER * draws * (sum(_sizes(priors).values()) + rows), free_memory()
    if free is not None and need > _SHARE * free:
        message = f"needs about {need / _GB:,.1f} GB of memory, free are {free / _GB:,.1f}."
        raise ResourceError(
            Finding("resources", message, hint=f"Try draws={int(draws * _SHARE * free / need)}.")
        )
    return draws, None if seed is None else checked_seed(seed)


def check_disk(need: Estimate, path: Path) -> None:
    """Refuse to sample what the disk has no room for.

    Raises
    ------
    ResourceError
        ``resources``, with what it takes and what is free.
    """
    folder = next(one for one in path.absolute().parents if one.is_dir())
    free = shutil.disk_usage(folder).free
    if need.file > free:
        message = f"{path}: needs about {need.file / _GB:,.2f} GB of disk, free are {free / _GB:,.2f}."
        raise ResourceError(Finding("resources", message, hint="Choose another path, or take fewer draws."))


def _sizes(priors: Priors) -> dict[str, int]:
    """Return how many numbers each variable has in a draw."""
    sizes = {name: len(labels) for name, labels in coordinates(priors).items()}
    return {name: prod(sizes[dim] for dim in dims) for name, dims in dimensions(priors).items()}


def _width(predictor: Predictor) -> int:
    """Return how many numbers a predictor has for each row."""
    design = predictor.design
    return 2 + len(design.coefficients) + sum(1 + len(group.effects) for group in design.groups)
