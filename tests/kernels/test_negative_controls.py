"""The tests of kernels fail where a kernel is wrong: a Jacobian left out, an index swapped, fast maths."""

import ctypes
import subprocess

import numpy as np
import pytest

from glmm_bayes.kernels import joint, kernel, marginal
from glmm_bayes.kernels import library as kernels
from tests.kernels import test_joint_density as joint_laws
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


def put_in_place(folder, monkeypatch, right, wrong, *flags):
    """Put a library compiled of changed sources in the place of the right one."""
    library = library_with(folder, right, wrong, *flags)
    for module in (marginal, joint, kernel):
        monkeypatch.setattr(module, "library", lambda: library)


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Return a function that puts a wrong library in the place of the right one, and forgets kernels."""

    def put(right, wrong, *flags):
        put_in_place(tmp_path, monkeypatch, right, wrong, *flags)
        joint_laws.kernel.cache_clear()

    yield put
    joint_laws.kernel.cache_clear()


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


#: Of the kernel of all effects: a model that shows it, and what is wrong.
WRONG_JOINT = {
    "the Jacobian of single effects' map is left out": (
        "bernoulli",
        "return -0.5 * logs;",
        "return 0.0 * logs;",
    ),
    "the Jacobian of correlated effects' map is left out": (
        "slopes",
        "log_det -= log(c[i * q + i]);",
        "log_det -= 0.0;",
    ),
    "thresholds have no Jacobian": ("cumulative", "lp += (k == 1 ? 0.0 : *x) +", "lp +="),
}
WRONG_GRADIENTS = {
    "an index of the scale is swapped": (
        "slopes",
        "h_bar[i] += scale[i * q + k] * a[k];",
        "h_bar[i] += scale[k * q + i] * a[k];",
    ),
    "rows keep what smaller factors explain": (
        "crossed",
        "b_bar[map->column[from + k]] -= cross[k] * h_bar;",
        "b_bar[map->column[from + k]] -= 0.0 * h_bar;",
    ),
}


@pytest.mark.parametrize("what", WRONG_JOINT)
def test_a_wrong_kernel_of_all_effects_fails_the_law_of_the_graph(what, broken):
    name, *texts = WRONG_JOINT[what]
    broken(*texts)
    with pytest.raises(AssertionError):
        joint_laws.test_it_is_the_graphs_density(name, True)


@pytest.mark.parametrize("what", WRONG_GRADIENTS)
def test_a_wrong_gradient_of_all_effects_fails_its_law(what, broken):
    name, *texts = WRONG_GRADIENTS[what]
    broken(*texts)
    with pytest.raises(AssertionError):
        joint_laws.test_the_gradient_is_that_of_the_density(name, True)


@pytest.mark.parametrize("name", ["bernoulli", "poisson", "negative binomial", "crossed", "slopes"])
def test_all_widths_of_vectors_have_the_same_bits(name, broken):
    right = joint_laws.kernel(name, True)
    points = joint_laws.points(name, right)
    before = [right.value(point) for point in points]
    broken("", "", "-DONE_WIDTH", "-fno-tree-vectorize")
    for point, (value, gradient) in zip(points, before, strict=True):
        one, slopes = right.value(point)
        assert one == value
        np.testing.assert_array_equal(slopes, gradient)
