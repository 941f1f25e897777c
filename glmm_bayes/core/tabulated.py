"""A smooth function of the linear predictor in, its values at very many points out: by a table per draw.

Where many rows of a draw share all but the linear predictor (one variance, the same thresholds), what
is computed of them is one smooth function of it. The function is evaluated at Chebyshev's points of
narrow panels, and at the rows the panels' polynomials are. The error is measured between the points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array

#: Takes linear predictors, shape (draw, point), to values (draw, point) or (draw, point, part).
Curve = Callable[[Array], Array]

_DEGREE = 7
#: Panels are halved until the interpolation's error is below this share of the function in the panel.
TOLERANCE = 1e-10
#: Below this the function is rounding, and its relative error says nothing.
_SMALLEST = 1e-290
_FIRST_WIDTH = 1.0
_HALVINGS = 4
#: Points that are looked up at once: their arrays stay in the cache of one core.
_AT_ONCE = 40_000

_ANGLES = np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1)
#: Chebyshev's points of [-1, 1], and the matrix from values there to coefficients of powers.
_POINTS = -np.cos(_ANGLES)
_TO_POWERS = np.linalg.inv(np.vander(_POINTS, increasing=True))
#: Where the error is measured: an end of the panel, where it is largest, and its middle.
_CHECKS = np.array([-1.0, 0.0])


@dataclass(frozen=True)
class LookupTable:
    """Polynomials of a function on equal panels, of its own range in each draw.

    Attributes
    ----------
    start : ndarray, shape (draw,)
        Left end of the first panel.
    width : float
        Of a panel.
    powers : ndarray, shape (part, power, draw, panel)
        Coefficients in the position within the panel, from -1 to 1.
    error : float
        Largest absolute error measured.
    """

    start: Array
    width: float
    powers: Array
    error: float

    def at(self, eta: Array) -> Array:
        """Return the function at linear predictors within its range, shape (draw, point[, part])."""
        n_parts, powers, draws, panels = self.powers.shape
        result = np.empty((n_parts, *eta.shape))
        flat = self.powers.reshape(n_parts, powers, draws * panels)
        size = max(1, _AT_ONCE // max(1, eta.shape[1]))
        for start in range(0, draws, size):
            some = slice(start, min(start + size, draws))
            place = (eta[some] - self.start[some, None]) / self.width
            # The right end of the range belongs to the last panel.
            panel = np.minimum(place.astype(np.intp), panels - 1)
            place -= panel
            place *= 2.0
            place -= 1.0
            panel += (np.arange(some.start, some.stop) * panels)[:, None]
            for part in range(n_parts):
                _horner(flat[part], panel, place, result[part, some])
        return result[0] if n_parts == 1 else np.moveaxis(result, 0, -1)


def _horner(powers: Array, panel: NDArray[np.intp], place: Array, out: Array) -> None:
    """Evaluate one polynomial a panel, in place."""
    term = np.empty_like(place)
    np.take(powers[-1], panel, out=out, mode="clip")
    for power in powers[-2::-1]:
        np.multiply(out, place, out=out)
        # Indices are within bounds; "clip" spares the copy that checking them takes.
        np.take(power, panel, out=term, mode="clip")
        np.add(out, term, out=out)


def tabulate(curve: Curve, low: Array, high: Array, most: int) -> LookupTable | None:
    """Make the table of a function between two linear predictors of each draw.

    Parameters
    ----------
    curve : callable
        Is called with all draws, at points of shape (draw, point).
    low, high : ndarray, shape (draw,)
    most : int
        Points a draw at which the function may be evaluated.

    Returns
    -------
    LookupTable or None
        None where ``most`` points a draw are too few for ``TOLERANCE``.
    """
    width = _FIRST_WIDTH
    for _ in range(_HALVINGS + 1):
        panels = max(1, int(np.ceil(np.max(high - low) / width)))
        if panels * (len(_POINTS) + len(_CHECKS)) > most:
            return None
        table, relative = _panels(curve, low, width, panels)
        if relative <= TOLERANCE:
            return table
        width /= 2.0
    return None


def _panels(curve: Curve, low: Array, width: float, panels: int) -> tuple[LookupTable, float]:
    """Return the table on this many panels, and its largest relative error."""
    middles = width * (np.arange(panels) + 0.5)
    inside = (middles[:, None] + 0.5 * width * _POINTS).ravel()
    between = (middles[:, None] + 0.5 * width * _CHECKS).ravel()
    values = _by_panel(curve(low[:, None] + inside), panels)
    exact = _by_panel(curve(low[:, None] + between), panels)
    powers = values @ _TO_POWERS.T
    error = np.abs(powers @ np.vander(_CHECKS, _DEGREE + 1, increasing=True).T - exact).max(axis=3)
    size = np.abs(values).max(axis=3)
    relative = (error / np.maximum(size, _SMALLEST)).max()
    ordered = np.ascontiguousarray(np.moveaxis(powers, 3, 1))
    return LookupTable(low, width, ordered, float(error.max())), float(relative)


def _by_panel(values: Array, panels: int) -> Array:
    """Take values of shape (draw, point[, part]) to (part, draw, panel, point)."""
    by_part = np.moveaxis(values, -1, 0) if values.ndim == 3 else values[None]
    return np.ascontiguousarray(by_part).reshape(*by_part.shape[:2], panels, -1)
