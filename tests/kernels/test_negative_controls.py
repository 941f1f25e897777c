"""The tests of kernels fail where a kernel is wrong: a Jacobian left out, an index swapped, fast maths."""

import ctypes
import subprocess

import numpy as np
import pytest

from glmm_bayes.kernels import library as kernels
from glmm_bayes.kernels import marginal
from tests.kernels import test_marginal_density as laws

WRONG = {
    "the Jacobian of a log is left out": ("return x - 0.5 * z * z;", "return -0.5 * z * z;"),
    "the density of correlations is left out": ("lp -= (2.0 * eta + (double)(size - 2 - k)) * cosh_log;", ""),
    "the determinant of the levels is left out": (
        "logs += log_det;\n        forward(c, q, t);",
        "forward(c, q, t);",
    ),
    "an index of the root is swapped": (
        "scale[d * q + k];\n            half",
        "scale[k * q + d];\n            half",
    ),
    "units are drawn without their covariance": (
        "u[i] -= cross[i * n + k] * error[g->column[from + k]];",
        "u[i] -= 0.0;",
    ),
}


def library_of(text, folder, *flags):
    source, target = folder / "wrong.c", folder / "wrong.so"
    source.write_text(text, encoding="utf-8")
    compiler = next(kernels.compilers())
    subprocess.run([compiler, *kernels.FLAGS, *flags, str(source), "-o", str(target), "-lm"], check=True)
    return ctypes.CDLL(str(target))


@pytest.fixture
def source():
    return (kernels.SOURCES / "marginal.c").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_kernel_fails_the_law_of_the_integral(what, source, tmp_path, monkeypatch):
    right, wrong = WRONG[what]
    assert source.count(right) == 1
    broken = library_of(source.replace(right, wrong), tmp_path)
    monkeypatch.setattr(marginal, "library", lambda: broken)
    with pytest.raises(AssertionError):
        laws.test_it_is_the_integral_of_the_graphs_density_and_draws_are_of_what_was_integrated(
            "crossed slopes"
        )


def test_a_wrong_gradient_fails_its_law(source, tmp_path, monkeypatch):
    broken = library_of(
        source.replace("root[d * q + i] * t[d * q + k]", "root[i * q + d] * t[d * q + k]"), tmp_path
    )
    monkeypatch.setattr(marginal, "library", lambda: broken)
    with pytest.raises(AssertionError):
        laws.test_the_gradient_is_that_of_the_density("slopes")


def test_a_point_without_a_density_is_told_and_fast_maths_would_not_tell_it(source, tmp_path, monkeypatch):
    one = laws.kernel("slopes")
    far = np.full(one.numbers, 800.0)
    assert one.value(far)[0] == -np.inf
    fast = library_of(source, tmp_path, "-ffast-math")
    monkeypatch.setattr(marginal, "library", lambda: fast)
    assert one.value(far)[0] != -np.inf
