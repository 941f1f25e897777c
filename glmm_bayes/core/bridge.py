"""The bridge distribution of random intercepts under a logit link: averaged logits are logits again.

With b of density sin(f pi)/(2 pi [cosh(f b) + cos(f pi)]), 0 < f < 1, E expit(eta + b) = expit(f eta): a
population-averaged coefficient is f times the subject-specific one, exactly (Wang and Louis 2003, Matching
conditional and marginal shapes in binary random intercept models using a bridge distribution function).
"""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths

_PI = float(np.pi)


def attenuation_of(sd: Array, m: Maths = NUMPY) -> Array:
    """Return f of a bridge distribution with this standard deviation: (1 + 3 sd^2/pi^2)^(-1/2)."""
    return 1.0 / m.sqrt(1.0 + (3.0 / _PI**2) * sd * sd)


def bridge_effect(z: Array, sd: Array, m: Maths = NUMPY) -> Array:
    """Return the bridge variable with the probability of a standard normal z below it.

    Parameters
    ----------
    z : array
        Standard normal.
    sd : array
        Standard deviation of the effects, above 0, broadcast against ``z``.
    m : Maths
    """
    f = attenuation_of(sd, m)
    below, above = m.normal_cdf(z), m.normal_cdf(-z)
    return (m.log(m.sin(f * _PI * below)) - m.log(m.sin(f * _PI * above))) / f


def sd_of_attenuation(f: Array) -> Array:
    """Return the standard deviation of a bridge distribution: pi^2/3 (f^-2 - 1) is its variance."""
    return np.sqrt(_PI**2 / 3.0 * (1.0 / (f * f) - 1.0))
