"""Von Mises: angles, or times of a cycle, on the circle."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.reading import outside_support, refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales
from glmm_bayes.families.traits import Mu, Notation, Support

_SUPPORT = "angles in radians from -pi to pi"
_LOG_2PI = 1.8378770664093453
#: Pi as a single-precision number is above pi by 9e-8; the density has period 2 pi.
_SLACK = 1e-7
_TURN = 360.0
#: The sd of an angle that is uniform on the circle.
_UNIFORM_SD = float(np.pi / np.sqrt(3.0))


class VonMises(Family):
    """Angles between -pi and pi about the location ``mu`` with concentration ``kappa``.

    What is called the mean of the response is the location, the mean direction; the variance is that of
    the angle from it, between -pi and pi. The population mean is the mean of locations as numbers on the
    line from -pi to pi, where the ``tan_half`` link puts them.
    """

    name: ClassVar[str] = "von_mises"
    notation: ClassVar[Notation] = Notation("VonMises(mu[i], kappa)", r"\mathrm{VonMises}(\mu_i, \kappa)")
    mu: ClassVar[Mu] = Mu(("tan_half", "identity"), (-np.pi, np.pi))
    auxiliaries: ClassVar[tuple[str, ...]] = ("kappa",)
    support: ClassVar[Support] = Support("angle", _SUPPORT)

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        elif (bad := np.abs(y) > np.pi + _SLACK).any():
            outside_support(columns, bad, self.name, _SUPPORT, _remedy(y, columns.source), findings)
        else:
            refuse_constant(columns, y, findings)
        label = f"mean direction of {columns.label}"
        return Response(columns.label, label, y, np.ones_like(y), additions=columns.additions)

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        if link.name == "tan_half":
            # A uniform angle: its half's tangent is Cauchy, as under the cauchit link.
            return Scales(0.0, 1.0, 2.5, 2.5, has_cauchy_intercept=True)
        resultant = np.mean(np.exp(1j * (response.supported - offset)))
        spread = min(float(np.sqrt(-2.0 * np.log(max(np.abs(resultant), 1e-10)))), _UNIFORM_SD)
        return Scales(float(np.angle(resultant)), 2.5 * spread, 2.5 * spread, spread)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        kappa = at["kappa"].value
        half = m.sin(0.5 * (y - at["mu"].value))
        # cos x = 1 - 2 sin^2(x/2).
        return -2.0 * kappa * half * half - m.log_bessel_i0e(kappa) - _LOG_2PI

    def variance(self, at: RowValues) -> Array:
        shape = np.broadcast_shapes(np.shape(at["mu"].eta), np.shape(at["kappa"].eta))
        return np.broadcast_to(_variance(np.asarray(at["kappa"].value)), shape)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, kappa = np.broadcast_arrays(at["mu"].value, at["kappa"].value)
        return np.asarray(rng.vonmises(mu, kappa))


def _variance(kappa: Array) -> Array:
    """Return E[y^2] about location 0 by Gauss-Legendre quadrature within twelve sds of it."""
    end = np.minimum(np.pi, 12.0 / np.sqrt(np.maximum(kappa, 1e-300)))
    total, square = np.zeros_like(kappa), np.zeros_like(kappa)
    for node, weight in zip(*np.polynomial.legendre.leggauss(96), strict=True):
        density = weight * np.exp(-2.0 * kappa * np.sin(0.5 * end * node) ** 2)
        total += density
        square += density * (end * node) ** 2
    return square / total


def _remedy(y: Array, source: str) -> str:
    """Tell how angles are brought to radians from -pi to pi."""
    data = f'data["{source}"]'
    if (np.abs(y) <= 2.0 * np.pi + _SLACK).all():
        return f"From 0 to 2 pi? Write {data} = ({data} + np.pi) % (2 * np.pi) - np.pi."
    if (np.abs(y) <= _TURN).all():
        return f"Degrees? Write {data} = np.radians(({data} + 180) % 360 - 180)."
    return f"Angles of several turns? Write {data} = ({data} + np.pi) % (2 * np.pi) - np.pi."
