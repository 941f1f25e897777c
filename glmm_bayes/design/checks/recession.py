"""Rows and the ends they pull to in, separated rows out: linear programs on the fixed part.

A direction of the coefficients separates if it never moves a row away from its end, moves some rows
towards theirs, and leaves the rows between the ends where they are. Along it the likelihood only rises:
no finite maximum exists, and the prior alone holds the coefficients.

References
----------
Albert and Anderson (1984), Biometrika 71, 1-10.
Konis (2007), Linear programming algorithms for detecting separated data in binary logistic regression
models, DPhil thesis, University of Oxford.
Correia, Guimarães and Zylkin (2019), Verifying the existence of maximum likelihood estimates for
generalized linear models, arXiv:1903.01633.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from glmm_bayes.core.maths import Array

Mask = NDArray[np.bool_]

_RANK = 1e-10
# The solver keeps its constraints to 1e-7 in coordinates of size one.
_VIOLATED = 1e-6
_STRICT = 1e-5
_FIRST_ROWS = 200


def separated(x: Array, ends: NDArray[np.int64]) -> Mask:
    """Tell which rows the fixed part moves to their ends without end.

    Parameters
    ----------
    x : ndarray, shape (row, column)
    ends : ndarray of int, shape (row,)
        -1, 1, or 0 for a row that lies between.

    Returns
    -------
    ndarray of bool, shape (row,)
        All False if and only if no direction separates.
    """
    is_separated = np.zeros(len(x), dtype=bool)
    basis = _orthonormal(x)
    between = ends == 0
    if between.any():
        basis = basis @ null_space(np.linalg.qr(basis[between], mode="r"), rcond=_RANK)
    left = np.flatnonzero(~between)
    while basis.shape[1] and len(left):
        pulled = ends[left, None] * basis[left]
        moved = pulled @ _direction(pulled) > _STRICT
        if not moved.any():
            break
        # Enough of this direction outweighs whatever another does to these rows: it need not heed them.
        is_separated[left[moved]] = True
        left = left[~moved]
    return is_separated


def _orthonormal(x: Array) -> Array:
    """Span the columns by orthogonal ones of mean square 1, so that the program is well scaled."""
    scale = np.abs(x).max(axis=0, initial=0.0)
    q, r = np.linalg.qr(x / np.where(scale > 0, scale, 1.0))
    left, singular, _ = np.linalg.svd(r, full_matrices=False)
    kept = singular > _RANK * singular.max(initial=0.0)
    return np.asarray(q @ left[:, kept] * np.sqrt(len(x)))


def _direction(pulled: Array) -> Array:
    """Maximize the sum of ``pulled @ d`` subject to ``pulled @ d >= 0``, ``-1 <= d <= 1``.

    Most rows say nothing that a few do not: a program of few rows is solved, and the rows that its answer
    moves the wrong way are added until there is none.
    """
    from scipy.optimize import linprog

    rows, size = pulled.shape
    gain = pulled.sum(axis=0)
    step = _FIRST_ROWS + 10 * size
    active = np.unique(np.linspace(0, rows - 1, min(rows, step)).astype(np.int64))
    while True:
        solution = linprog(-gain, A_ub=-pulled[active], b_ub=np.zeros(len(active)), bounds=(-1, 1))
        direction = np.asarray(solution.x)
        moved = pulled @ direction
        wrong = np.setdiff1d(np.flatnonzero(moved < -_VIOLATED), active)
        if not len(wrong) or gain @ direction <= _STRICT:
            return direction if gain @ direction > _STRICT else np.zeros(size)
        worst = wrong[np.argsort(moved[wrong])[:step]]
        active = np.concatenate([active, worst])
