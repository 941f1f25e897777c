"""A graph of neighbouring areas in; its Laplacian's inverse and its connected components out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array


def components_of(adjacency: Array) -> list[NDArray[np.int64]]:
    """List the areas of each connected component of a map; an area without a neighbour is in none."""
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(adjacency, directed=False)
    components = [np.flatnonzero(label == part) for part in range(count)]
    return [part for part in components if len(part) > 1]


def islands_of(adjacency: Array) -> NDArray[np.int64]:
    """List the areas that have no neighbour."""
    return np.flatnonzero(adjacency.sum(axis=1) == 0)


def laplacian_root(adjacency: Array, is_scaled: bool = False) -> Array:
    """Return R with ``R R'`` the generalised inverse of D - W, shape (area, area - components).

    The columns of R add up to zero within each connected part. The row of an area without a neighbour
    is zero.

    Parameters
    ----------
    adjacency : ndarray, shape (area, area)
    is_scaled : bool
        Divide each component by the geometric mean of its areas' variances (Freni-Sterrantino, Ventrucci and
        Rue 2018), so that the typical variance is 1 in each.

    Raises
    ------
    ValueError
        In words, if no area has a neighbour.
    """
    roots = []
    for inside in components_of(adjacency):
        weights = adjacency[np.ix_(inside, inside)]
        values, vectors = np.linalg.eigh(np.diag(weights.sum(axis=1)) - weights)
        # A connected graph's Laplacian has exactly one eigenvalue of zero, that of the constant.
        component_root = vectors[:, 1:] / np.sqrt(values[1:])
        root = np.zeros((len(adjacency), len(inside) - 1))
        root[inside] = (
            component_root / np.sqrt(mean_variance(component_root)) if is_scaled else component_root
        )
        roots.append(root)
    if not roots:
        raise ValueError("must make at least two areas neighbours; none has any")
    return np.concatenate(roots, axis=1)


def mean_variance(root: Array) -> float:
    """Return the geometric mean of the areas' variances (Sorbye and Rue 2014)."""
    return float(np.exp(np.mean(np.log(np.sum(root**2, axis=1)))))
