"""A graph of neighbouring areas in; its Laplacian's inverse and the parts that are connected out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Array = NDArray[np.float64]


def laplacian_root(adjacency: Array) -> Array:
    """Return R with ``R R'`` the generalised inverse of D - W, shape (area, area - parts).

    The columns of R add up to zero within each connected part.

    Raises
    ------
    ValueError
        In words, if an area has no neighbour.
    """
    if not (adjacency.sum(axis=1) > 0).all():
        lonely = int(np.count_nonzero(adjacency.sum(axis=1) == 0))
        raise ValueError(f"must give every area a neighbour; {lonely} have none")
    parts, label = connected_components(adjacency, directed=False)
    roots = []
    for part in range(parts):
        inside = np.flatnonzero(label == part)
        weights = adjacency[np.ix_(inside, inside)]
        values, vectors = np.linalg.eigh(np.diag(weights.sum(axis=1)) - weights)
        # A connected graph's Laplacian has exactly one eigenvalue of zero, that of the constant.
        root = np.zeros((len(adjacency), len(inside) - 1))
        root[inside] = vectors[:, 1:] / np.sqrt(values[1:])
        roots.append(root)
    return np.concatenate(roots, axis=1)


def number_of_parts(adjacency: Array) -> int:
    """Count the connected parts of a map."""
    return int(connected_components(adjacency, directed=False)[0])


def mean_variance(root: Array) -> float:
    """Return the geometric mean of the areas' variances (Sorbye and Rue 2014)."""
    return float(np.exp(np.mean(np.log(np.sum(root**2, axis=1)))))
