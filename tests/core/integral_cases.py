"""Links and standard deviations at which population means are tested, and an independent quadrature."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.links import LINKS

LOGIT, PROBIT, CLOGLOG, LOG = LINKS["logit"], LINKS["probit"], LINKS["cloglog"], LINKS["log"]
PROBABILITY_LINKS = ["logit", "probit", "cloglog", "loglog", "cauchit"]
WITH_A_POLE = ["inverse", "inverse_squared"]
SIGMAS = [0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]

every_link = pytest.mark.parametrize("name", [name for name in LINKS if name not in WITH_A_POLE])
every_probability_link = pytest.mark.parametrize("name", PROBABILITY_LINKS)


def panels(low=-14.0, high=14.0, count=700, order=12):
    """Return nodes and weights of composite Gauss-Legendre quadrature for the standard normal."""
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(low, high, count + 1)
    half = 0.5 * (high - low) / count
    nodes = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel()
    return nodes, np.tile(half * w, count) * stats.norm.pdf(nodes)


NODES, WEIGHTS = panels()


def reference(function, eta, sigma):
    """Return E[function(eta + sigma Z)] by a rule that shares nothing with the package's."""
    return np.array([WEIGHTS @ function(e + sigma * NODES) for e in np.atleast_1d(eta)])


def half_unit(printed):
    """Return half a unit of the last digit printed."""
    return 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent


def agrees(value, printed, error=0.0):
    """Whether a value rounds to the printed digits, up to the certified error of its rule."""
    printed_value = float(printed)
    return abs(float(value) - printed_value) <= half_unit(printed) + error + 2e-15 * abs(printed_value)


def with_links(cases):
    return pytest.mark.parametrize(("name", "eta", "v", "printed"), cases)
