"""Rows of the kernel of all effects, against a hundred digits: far out, and at large shapes."""

import ctypes

import numpy as np
import pytest

from glmm_bayes.kernels.kinds import KINDS, LINKS
from glmm_bayes.kernels.library import library
from tests.kernels import rows_in_decimals as decimals

ETAS = (-40.0, -12.5, -3.0, -0.4, 0.3, 2.0, 9.5, 40.0)
ABOVE_0 = (1e-9, 0.3, 2.0, 9.5, 400.0)
SHARES = [(np.log(y), np.log1p(-y)) for y in (1e-7, 0.3, 0.5, 0.999)]

#: Family, link, linear predictors, the two numbers of a row, parameters.
ROWS = [
    *(
        ("binomial", link, etas, *row, ())
        for link, etas in (
            *((link, ETAS) for link in ("logit", "probit", "cloglog")),
            ("log", (-40.0, -3.0, -0.1, -1e-9)),
            ("identity", (1e-12, 0.2, 0.5, 0.999)),
        )
        for row in ((0, 1), (1, 1), (3, 7), (0, 0))
    ),
    *(
        ("poisson", link, etas, y, n, ())
        for link, etas, n in (("log", ETAS, 1), ("identity", ABOVE_0, 1), ("identity", ABOVE_0, 2.5))
        for y in (0, 3, 5000)
    ),
    *(
        ("negative_binomial", link, etas, y, n, (shape,))
        for link, etas, n in (("log", ETAS, 1), ("log", ETAS, 2.5), ("identity", ABOVE_0, 2.5))
        for y in (0, 3, 500)
        for shape in (1e-3, 1.5, 60.0, 1e6)
    ),
    *(
        ("gamma", link, etas, y, 1, (shape,))
        for link, etas in (("log", (-12.5, -3.0, -0.4, 0.3, 2.0, 9.5)), ("identity", ABOVE_0))
        for y in (-9.0, 0.31, 5.0)
        for shape in (1e-2, 1.5, 60.0, 1e6)
    ),
    *(
        ("gaussian", link, etas, y, 1, (0.7,))
        for link, etas in (("log", ETAS), ("identity", ETAS))
        for y in (-3.0, 0.0, 50.0)
    ),
    *(
        ("student", link, ETAS, y, 1, (0.7, nu))
        for link in ("log", "identity")
        for y in (-3.0, 50.0)
        for nu in (0.4, 2.1, 30.0, 1e6)
    ),
    *(
        ("beta", link, etas, *row, (phi,))
        for link, etas in (
            ("logit", ETAS),
            ("probit", (-9.5, -3.0, 0.3, 2.0)),
            ("cloglog", (-12.5, -0.4, 1.2)),
        )
        for row in SHARES
        for phi in (1e-3, 3.0, 60.0, 1e5)
    ),
    *(
        ("cumulative", link, ETAS, 1, disc, (low, high))
        for link in ("logit", "probit", "cloglog")
        for low, high in ((-1.0, 0.5), (0.25, 0.375), (-8.0, 8.0))
        for disc in (1, 1.7)
    ),
]
DENSITIES = {
    "binomial": decimals.successes,
    "poisson": decimals.poisson,
    "negative_binomial": decimals.negative_binomial,
    "gamma": decimals.gamma,
    "gaussian": decimals.normal,
    "student": decimals.student,
    "beta": decimals.beta,
    "cumulative": decimals.cumulative,
}


def in_the_kernel(family, link, y, n, eta, parameters):
    """Return the log likelihood of a row, and its slopes in eta and in the parameters."""
    given, slopes, row = (ctypes.c_double * 2)(*parameters), (ctypes.c_double * 3)(), library().joint_row
    row.restype = ctypes.c_double
    kinds = (ctypes.c_int64(KINDS[family][0]), ctypes.c_int64(LINKS.index(link)))
    value = row(*kinds, *map(ctypes.c_double, (y, n, eta)), given, slopes)
    return value, list(slopes)[: 1 + len(parameters)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(map(str, (*row[:2], *row[3:]))))
def test_rows_and_their_slopes_have_their_digits(row):
    family, link, etas, y, n, parameters = row
    for eta in etas:
        value, slopes = in_the_kernel(family, link, y, n, eta, parameters)
        true, true_slopes = decimals.with_slopes(DENSITIES[family], link, y, n, eta, parameters)
        assert value == pytest.approx(true, rel=1e-10, abs=0 if family == "binomial" else 1e-10), eta
        assert slopes == pytest.approx(true_slopes, rel=1e-9, abs=1e-9), eta


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
@pytest.mark.parametrize("eta", ETAS)
def test_first_and_last_categories_have_one_end(link, eta):
    logs = decimals.CHANCES[link]
    for at, (low, high) in enumerate([(-np.inf, 0.5), (0.5, np.inf)]):
        value, slopes = in_the_kernel("cumulative", link, at, 1.0, eta, (low, high))
        density = lambda _, y, n, eta, p, at=at: logs(p[0] - eta)[at]  # noqa: E731
        true, (in_eta, in_threshold) = decimals.with_slopes(density, link, at, 1.0, eta, (0.5,))
        assert value == pytest.approx(true, rel=1e-10, abs=0)
        assert slopes[0] == pytest.approx(in_eta, rel=1e-9, abs=1e-300)
        assert slopes[2 - at] == pytest.approx(in_threshold, rel=1e-9, abs=1e-300) and slopes[1 + at] == 0.0


@pytest.mark.parametrize(
    ("family", "link", "eta"),
    [
        *(("binomial", "log", eta) for eta in (1e-9, 40.0)),
        *(("binomial", "identity", eta) for eta in (-1e-9, 1.0000001)),
        *((family, "identity", -0.5) for family in ("poisson", "negative_binomial", "gamma")),
    ],
)
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_there_is_no_density_beyond_an_end(family, link, eta, y):
    assert in_the_kernel(family, link, y, 1.0, eta, (2.0,))[0] == -np.inf
