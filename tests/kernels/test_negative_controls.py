"""The tests of kernels fail where a kernel is wrong: a Jacobian left out, an index swapped, fast maths."""

import ctypes
import subprocess

import numpy as np
import pytest

from glmm_bayes.kernels import kernel, marginal
from glmm_bayes.kernels import library as kernels
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


def library_with(folder, right, wrong, *flags):
    """Compile the sources with one text in the place of another, which stands in them once."""
    found = 0
    for source in kernels.SOURCES.iterdir():
        text = source.read_text(encoding="utf-8")
        found += text.count(right) if right else 0
        (folder / source.name).write_text(text.replace(right, wrong) if right else text, encoding="utf-8")
    assert found == (1 if right else 0)
    target, compiler = folder / "wrong.so", next(kernels.compilers())
    sources = [str(file) for file in sorted(folder.glob("*.c"))]
    subprocess.run([compiler, *kernels.FLAGS, *flags, *sources, "-o", str(target), "-lm"], check=True)
    return ctypes.CDLL(str(target))


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Return a function that puts a library compiled of changed sources in the place of the right one."""

    def put(right, wrong, *flags):
        library = library_with(tmp_path, right, wrong, *flags)
        for module in (marginal, kernel):
            monkeypatch.setattr(module, "library", lambda: library)

    return put


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_kernel_fails_the_law_of_the_integral(what, broken):
    broken(*WRONG[what])
    with pytest.raises(AssertionError):
        laws.test_it_is_the_integral_of_the_graphs_density_and_draws_are_of_what_was_integrated(
            "crossed slopes"
        )


def test_a_wrong_gradient_fails_its_law(broken):
    broken("root[d * q + i] * t[d * q + k]", "root[i * q + d] * t[d * q + k]")
    with pytest.raises(AssertionError):
        laws.test_the_gradient_is_that_of_the_density("slopes")


def test_a_point_without_a_density_is_told_and_fast_maths_would_not_tell_it(broken):
    one = laws.kernel("slopes")
    far = np.full(one.numbers, 800.0)
    assert one.value(far)[0] == -np.inf
    broken("", "", "-ffinite-math-only")
    assert one.value(far)[0] != -np.inf
