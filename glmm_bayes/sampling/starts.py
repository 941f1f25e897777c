"""Centres and a density in, one starting point a chain out: all finite, none far from the data.

A chain's start is its centre and a jitter from a seed of its own, so that more chains never change the old
ones; where the likelihood is too low there, less and less jitter; where no jitter helps, a search uphill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.core.maths import Array
from glmm_bayes.sampling.start_centres import Centre, Excluded

#: How far the log likelihood of a start may lie below that of the model without effects, a row.
LIMIT = 20.0
#: Fresh jitters before they shrink, halvings, and wider ones where nothing else is finite.
_FRESH, _HALVINGS, _WIDE = 4, 24, 100
#: Steps of the search uphill.
_STEPS = 200


class Density(Protocol):
    """What an engine has compiled: log density and gradient, and the reported variables of a point."""

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density of an unconstrained point, up to a constant, and its gradient."""

    def expand(self, point: Array) -> Mapping[str, Array]:
        """Return the reported variables of an unconstrained point, by name."""


@dataclass(frozen=True)
class Guide:
    """What is known of a model's starts before it is compiled.

    Attributes
    ----------
    centres : mapping of str to Centre
        By sampled variable; all others start where PyMC says, within 1 on the unconstrained scale.
    log_likelihood : callable
        Takes the reported variables, shape (1, ...), to the log likelihood of the data.
    null : float
        Log likelihood of the model without effects, roughly fitted under its default priors.
    rows : int
    excluded : tuple of Excluded
        Parameters whose priors exclude the scale of the data.
    observed : int
        Number of observed variables that the model has unless its user added some.
    ends : str
        What must hold of linear predictors that have an end, and what to write where they cannot keep it.
    """

    centres: Mapping[str, Centre]
    log_likelihood: Callable[[Mapping[str, Array]], float]
    null: float
    rows: int
    excluded: tuple[Excluded, ...] = ()
    observed: int = 1
    ends: str = ""

    @property
    def floor(self) -> float:
        """The lowest log likelihood of a start."""
        return self.null - LIMIT * self.rows if np.isfinite(self.null) else -np.inf

    def overrides(self, model: Any) -> dict[Any, Array]:
        """Return where variables of a graph start, unless its user has said it."""
        return {
            variable: self.centres[variable.name].value
            for variable in model.free_RVs
            if variable.name in self.centres and model.rvs_to_initial_values.get(variable) is None
        }

    def reach(self, model: Any, shapes: Sequence[Sequence[int]]) -> Array:
        """Return how far each number of a point may lie from the centre, in the order of the graph."""
        widths = []
        for variable, shape in zip(model.free_RVs, shapes, strict=True):
            centre = self.centres.get(variable.name)
            width = np.ones(()) if centre is None else centre.reach
            widths.append(np.broadcast_to(width, tuple(shape)).ravel())
        return np.concatenate(widths) if widths else np.empty(0)

    def judges(self, model: Any) -> bool:
        """Tell whether the likelihood of the data is all that starts are judged by."""
        return not model.potentials and len(model.observed_RVs) <= self.observed


@dataclass
class _Best:
    """The best of the points that were looked at."""

    point: Array | None = None
    likelihood: float = -np.inf
    looked_at: int = field(default=0)


def start_seeds(seed: int, chains: int) -> list[int]:
    """Return a seed a chain: those of the first chains are the same however many there are."""
    children = np.random.SeedSequence(seed).spawn(chains)
    return [int(child.generate_state(1)[0]) for child in children]


def chain_starts(
    guide: Guide, density: Density, centre: Array, reach: Array, seeds: Sequence[int], judges: bool = True
) -> list[Array]:
    """Return one starting point a chain, on the unconstrained scale.

    Parameters
    ----------
    guide : Guide
    density : Density
    centre, reach : ndarray
        Of all numbers of a point.
    seeds : sequence of int
        One a chain.
    judges : bool
        Whether a start with a low likelihood is refused, or taken where there is none better.

    Raises
    ------
    SamplingError
        ``start_not_finite`` or ``start_far``.
    """
    return [_start(guide, density, centre, reach, seed, judges) for seed in seeds]


def _start(guide: Guide, density: Density, centre: Array, reach: Array, seed: int, judges: bool) -> Array:
    rng, best = np.random.default_rng(seed), _Best()
    for point in _around(centre, reach, rng):
        if _is_near(guide, density, point, best):
            return point
    if best.point is None:
        for point in _wider(centre, reach, rng):
            if _is_near(guide, density, point, best):
                return point
    if best.point is None:
        raise SamplingError(_not_finite(guide, best))
    if not judges:
        return best.point
    top = _uphill(density, best.point)
    for point in _around(top, np.minimum(reach, 1.0), rng):
        if _is_near(guide, density, point, best):
            return point
    raise SamplingError(_far(guide, best))


def _around(centre: Array, reach: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield points around a centre, nearer and nearer, and the centre last."""
    for step in range(_FRESH + _HALVINGS):
        jitter = rng.uniform(-1.0, 1.0, len(centre)) * reach
        yield centre + jitter * 0.5 ** max(0, step - _FRESH + 1)
    yield centre.copy()


def _wider(centre: Array, reach: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield points farther from the centre, for graphs that their user has added limits to."""
    for _ in range(_WIDE):
        yield centre + rng.uniform(-1.0, 1.0, len(centre)) * np.maximum(reach, 1.0)


def _is_near(guide: Guide, density: Density, point: Array, best: _Best) -> bool:
    """Tell whether a point is a start: finite, and its likelihood not far below that without effects."""
    best.looked_at += 1
    value, gradient = density.value(point)
    if not np.isfinite(value) or not np.isfinite(gradient).all():
        return False
    with np.errstate(all="ignore"):
        likelihood = guide.log_likelihood(density.expand(point))
    if not np.isfinite(likelihood):
        return False
    if likelihood > best.likelihood or best.point is None:
        best.point, best.likelihood = point.copy(), likelihood
    return likelihood >= guide.floor


def _uphill(density: Density, point: Array) -> Array:
    """Return a point of higher density: some steps of L-BFGS."""
    from scipy.optimize import minimize

    def negative(x: Array) -> tuple[float, Array]:
        value, gradient = density.value(np.ascontiguousarray(x))
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return np.inf, np.zeros_like(x)
        return -value, -gradient

    optimum = minimize(negative, point, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(optimum.x, np.float64) if np.isfinite(optimum.fun) else point


def _not_finite(guide: Guide, best: _Best) -> Finding:
    message = f"the log density is not finite at any of {best.looked_at} starts."
    if guide.excluded:
        message += f" Priors that exclude the scale of the data: {_listed(guide)}."
    hint = guide.ends or "Widen those priors, or look for rows that the model gives the probability 0."
    return Finding("start_not_finite", message, hint=hint)


def _far(guide: Guide, best: _Best) -> Finding:
    below = (guide.null - best.likelihood) / max(guide.rows, 1)
    message = (
        f"a start must have a log likelihood within {LIMIT:g} a row of that of the model without effects; "
        f"the best of {best.looked_at} lies {below:.3g} a row below it "
        f"({best.likelihood:.4g} and {guide.null:.4g})."
    )
    if guide.excluded:
        message += f" Priors that exclude the scale of the data: {_listed(guide)}."
    hint = "Widen the priors, leave them out for the defaults, or rescale the column."
    return Finding("start_far", message, hint=hint)


def _listed(guide: Guide) -> str:
    return "; ".join(map(str, guide.excluded[:5]))
