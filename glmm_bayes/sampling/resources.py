"""Definition and settings in, what a fit takes of memory and disk out, and a refusal where there is less.

The constants are measured: ``benchmarks/memory.py`` holds the estimate beside what fits take.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, prod
from pathlib import Path
from typing import Any

from glmm_bayes.core.arguments import LARGEST_WHOLE, checked_seed, whole_number
from glmm_bayes.core.errors import Finding, ResourceError
from glmm_bayes.core.free_memory import SHARE, free_memory, shortage
from glmm_bayes.fit.settings import Settings
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.predictors import Predictor

_NUMBER = 8
#: What importing and compiling take, whatever the model.
_COMPILER = 370_000_000
#: How often the draws stand in memory at the same time: the sampler's, those handed over, the kept ones.
_COPIES = 3.0
#: Statistics of the sampler that nutpie stores with each draw.
_STATISTICS = 20
#: Numbers for each row and column of data: the graph's, those of its gradient, those of the starts.
_ROW_COPIES = 8.0
#: Prior draws: PyMC's own, of sampled and reported variables, and those handed over.
_PRIOR_COPIES = 3
_MOST_CHAINS = 10_000
#: What is advised leaves room for what other programs take in the meantime.
_ADVISED = 0.9
#: What most fits are made with, and the fewest that are advised.
_USUAL = {"draws": 1000, "tune": 1000, "chains": 4}
_FEWEST = {"draws": 100, "tune": 100, "chains": 1}
_GB = 1e9


@dataclass(frozen=True)
class Estimate:
    """Bytes that a fit takes of memory, by what takes them, and of disk when it is saved.

    Attributes
    ----------
    memory : mapping of str to float
    file : float
    of : callable
        Takes other settings to the estimate of the same model.
    """

    memory: Mapping[str, float]
    file: float
    of: Callable[[Settings], Estimate] = field(repr=False, compare=False)

    @property
    def total(self) -> float:
        """Bytes of memory that all take together."""
        return sum(self.memory.values())

    def __str__(self) -> str:
        largest = sorted(self.memory.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {size / _GB:,.2f}" for name, size in largest)


def estimate(definition: ModelDefinition, settings: Settings) -> Estimate:
    """Estimate what a fit takes, before anything is compiled.

    Parameters
    ----------
    definition : ModelDefinition
        It knows every variable that is kept, effects of every level included.
    settings : Settings
    """
    columns = sum(_width(predictor) for predictor in definition.priors.predictors.values())
    return _estimate(_reported(definition), definition.numbers, columns, settings)


def _estimate(reported: int, rows: int, columns: int, settings: Settings) -> Estimate:
    drawn = settings.chains * settings.draws
    warmed = settings.chains * (settings.draws + settings.tune)
    memory = {
        "compiling": float(_COMPILER),
        "draws": _NUMBER * (_COPIES * drawn * reported + warmed * (reported + _STATISTICS)),
        "data": _NUMBER * _ROW_COPIES * rows * columns,
    }
    file = float(_NUMBER * (drawn * (reported + 8) + rows * columns))
    return Estimate(memory, file, partial(_estimate, reported, rows, columns))


def check_resources(definition: ModelDefinition, settings: Settings, path: Path | None = None) -> None:
    """Refuse a fit that takes more memory, or more disk where it will be saved, than there is.

    Raises
    ------
    ResourceError
        ``resources``.
    """
    need = estimate(definition, settings)
    check_memory(need, settings)
    if path is not None:
        check_disk(need, path)


def check_memory(need: Estimate, settings: Settings) -> None:
    """Refuse a fit that takes more memory than there is.

    Raises
    ------
    ResourceError
        ``resources``, with what it takes, what is free, and settings that there is room for.
    """
    free = free_memory()
    room = inf if free is None else SHARE * free
    if settings.chains > _MOST_CHAINS:
        message = f"at most {_MOST_CHAINS:,} chains, found {settings.chains:,}: each is started and tuned."
    elif free is None or need.total <= room:
        return
    else:
        message = f"{shortage(need.total, free)} ({need}, in GB)."

    def fits(other: Settings) -> bool:
        return other.chains <= _MOST_CHAINS and need.of(other).total <= _ADVISED * room

    advised = _advised(settings, fits)
    hint = f"Try {advised}." if advised else "Take fewer rows, or a larger machine."
    raise ResourceError(Finding("resources", message, hint=hint))


def _advised(settings: Settings, fits: Callable[[Settings], bool]) -> str:
    """Return settings that there is room for: one that is changed if that is enough, else all of them.

    What is farthest above what is usual is changed first; more than the usual number of chains is never
    advised, as their draws could be had from fewer.
    """
    requested: dict[str, int] = {name: getattr(settings, name) for name in _USUAL}

    def fit_with(changed: Mapping[str, Any]) -> bool:
        return fits(replace(settings, **changed))

    def most(name: str) -> int:
        largest = min(requested[name], _USUAL[name]) if name == "chains" else requested[name]
        return _most(largest, lambda value: fit_with({name: value}))

    for name in sorted(_USUAL, key=lambda name: -requested[name] / _USUAL[name]):
        if (value := most(name)) >= _FEWEST[name]:
            return f"{name}={value}"
    usual = {name: min(value, _USUAL[name]) for name, value in requested.items()}
    if not fit_with(usual):
        return ""
    return ", ".join(f"{name}={value}" for name, value in usual.items())


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """Return about the largest number up to the one asked for that fits, in two digits; 0 if none does."""
    fitting, too_many = 0, limit + 1
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        fitting, too_many = (middle, too_many) if fits(_in_two_digits(middle)) else (fitting, middle)
    return _in_two_digits(fitting)


def _in_two_digits(value: int) -> int:
    """Return a whole number with its first two digits, and zeros for the others."""
    unit = int(10 ** max(0, len(str(value)) - 2))
    return value // unit * unit


def checked_prior_draws(draws: Any, seed: Any, definition: ModelDefinition) -> tuple[int, int | None]:
    """Return the arguments of ``prior_predictive``, or refuse them.

    Raises
    ------
    SamplingError
        ``settings``.
    ResourceError
        ``resources``.
    """
    draws = whole_number("draws", draws, 1, LARGEST_WHOLE)
    numbers = _reported(definition) + definition.numbers
    need, free = _PRIOR_COPIES * _NUMBER * draws * numbers, free_memory()
    if free is not None and need > SHARE * free:
        message = f"{shortage(need, free)}."
        most = int(draws * _ADVISED * SHARE * free / need)
        hint = f"Try draws={most}." if most else "Take fewer rows, or a larger machine."
        raise ResourceError(Finding("resources", message, hint=hint))
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


def _reported(definition: ModelDefinition) -> int:
    """Return how many numbers a draw has."""
    return sum(prod(shape) for shape in definition.posterior.shapes.values())


def _width(predictor: Predictor) -> int:
    """Return how many numbers a predictor has for each row."""
    design = predictor.design
    return 2 + len(design.coefficients) + sum(1 + len(group.effects) for group in design.groups)
