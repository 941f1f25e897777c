"""A Fit of numbers and replicated responses in; their densities over each other out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.families import Family
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.canvas import (
    GREY,
    STROKES,
    Picture,
    compact,
    describe,
    legend,
    literal,
    new_picture,
    style,
)
from glmm_bayes.plots.checks import ESTIMAND, ReplicatedBand, replicated_band, verdict, write

_LINES = 50
_FINE = 512
_CELLS = 64


@dataclass(frozen=True)
class _Curves:
    """Densities on the centres of fine cells, and the cells that speak for or against the model."""

    centres: Array
    observed: Array
    replicated: Array
    told: NDArray[np.int64]


def density_check(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    """Draw the density of the observed numbers over those of replicated data sets.

    Numbers at an end of the support that have a probability of their own, zeros of a hurdle, are told in
    words; the density is that of the others.
    """
    observed = fit.response.values
    atoms = _atoms(fit.family, observed, replicated, interval)
    curves = _curves(fit.family, observed, replicated, list(atoms))
    density, others, told = curves.observed, curves.replicated, curves.told
    bands_by_name = {"points of the density": replicated_band(density[told], others[:, told], interval)}
    bands_by_name |= {f"share of {_NAMES[atom]}": cells for atom, cells in atoms.items()}
    shares = "".join(f" {_share_words(atom, cells)}" for atom, cells in atoms.items())
    reading = verdict(bands_by_name) + shares
    with style():
        picture = new_picture(7.2, 3.8)
        axes = picture.add_subplot()
        lines = [
            axes.plot(curves.centres, line, color=GREY, linewidth=0.5, alpha=0.6)[0]
            for line in others[:_LINES]
        ]
        mine = axes.plot(curves.centres, density, color=STROKES[0].color, linewidth=2.2)[0]
        legend(axes, [mine, lines[0]], ["observed", f"replicated ({len(lines)} data sets)"])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(literal(fit.response.label))
        axes.set_ylabel("density of the numbers between" if atoms else "density")
        write(picture, reading, interval)
    peaks = (curves.centres[int(np.argmax(line))] for line in (density, others.mean(axis=0)))
    alt = (
        f"Density of {fit.response.label}, from {compact(observed.min())} to {compact(observed.max())}, over "
        f"{len(lines)} replicated data sets. Observed peak near {compact(next(peaks))}, replicated near "
        f"{compact(next(peaks))}. {reading} Estimand: responses {ESTIMAND}; band: {interval.name}."
    )
    describe(picture, alt, fit.caveats)
    return picture


_NAMES = {0.0: "zeros", 1.0: "ones"}


def _support(family: Family) -> tuple[float, float]:
    """Return the ends of the support; infinite where there is none."""
    floor, ceiling = family.support.floor, family.support.ceiling
    return (-np.inf if floor is None else floor), (np.inf if ceiling is None else ceiling)


def _atoms(
    family: Family, observed: Array, replicated: Array, interval: Interval
) -> dict[float, ReplicatedBand]:
    """Return the shares of numbers at the ends of the support, where there are any."""
    atoms = {}
    for end in _support(family):
        share, others = (observed == end).mean(keepdims=True), (replicated == end).mean(axis=1)
        # A family without such numbers has replicated none, rounding of a few aside.
        if end in _NAMES and share[0] > 0:
            atoms[end] = replicated_band(share, others[:, None], interval)
    return atoms


def _share_words(atom: float, cells: ReplicatedBand) -> str:
    return (
        f"{_NAMES[atom].capitalize()}: {cells.observed[0]:.0%} of the rows observed, "
        f"{cells.lower[0]:.0%} to {cells.upper[0]:.0%} replicated."
    )


def _curves(family: Family, observed: Array, replicated: Array, atoms: list[float]) -> _Curves:
    seen = observed[~np.isin(observed, atoms)]
    edges = _edges(seen, replicated[~np.isin(replicated, atoms)], *_support(family))
    bandwidth = _bandwidth(seen) / (edges[1] - edges[0])
    density = _density(seen, edges, bandwidth)
    others = np.stack([_density(row[~np.isin(row, atoms)], edges, bandwidth) for row in replicated])
    step = _FINE // _CELLS
    # Cells where nobody has any density are not evidence for the model.
    told = np.arange(step // 2, _FINE, step)
    told = told[np.maximum(density, others.mean(axis=0))[told] > 0.01 * density.max()]
    return _Curves((edges[1:] + edges[:-1]) / 2, density, others, told)


def _edges(observed: Array, replicated: Array, floor: float, ceiling: float) -> Array:
    low, high = np.quantile(replicated, [0.0005, 0.9995]) if replicated.size else (np.inf, -np.inf)
    # Far replicates of a heavy tail would leave no room for what was observed.
    reach = float(np.ptp(observed)) or 1.0
    low = max(min(low, observed.min()), observed.min() - reach)
    high = min(max(high, observed.max()), observed.max() + reach)
    margin = 0.05 * (high - low) or 1.0
    return np.linspace(max(low - margin, floor), min(high + margin, ceiling), _FINE + 1)


def _bandwidth(values: Array) -> float:
    """Silverman's rule (1986); one bandwidth for observed and replicated, so that they compare."""
    quartiles = np.quantile(values, [0.25, 0.75])
    spread = min(float(np.std(values)), float(quartiles[1] - quartiles[0]) / 1.349 or np.inf)
    return float(0.9 * (spread or 1.0) * len(values) ** -0.2)


def _density(values: Array, edges: Array, bandwidth: float) -> Array:
    """Smooth a fine histogram: a kernel density estimate whose cost does not grow with the rows.

    Mass is reflected at the ends of the axis, so that a density does not fall where a support ends.
    """
    counts = np.histogram(values, edges)[0].astype(np.float64)
    scale = max(1, len(values)) * (edges[1] - edges[0])
    return np.asarray(gaussian_filter1d(counts / scale, max(bandwidth, 0.5), mode="reflect"))
