"""What is used of the sampler's extension, which is private: all that is asked of it, on a known density."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from glmm_bayes.fit.settings import Settings
from glmm_bayes.sampling.bridge import POINT, SampledDensity, sample_points

SDS = np.array([0.5, 1.0, 3.0])
MEANS = np.array([1.0, -2.0, 10.0])
_Doubles = ctypes.POINTER(ctypes.c_double)
_Logp = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, _Doubles, _Doubles, _Doubles, ctypes.c_void_p)
_Expand = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, _Doubles, _Doubles, ctypes.c_void_p
)


def normal(code_at=lambda x: 0):
    """Return the density of three independent normals; ``code_at`` says what is wrong at a point."""

    def logp(size, x, gradient, value, user):
        point = np.ctypeslib.as_array(x, (size,))
        z = (point - MEANS) / SDS
        np.ctypeslib.as_array(gradient, (size,))[:] = -z / SDS
        value[0] = -0.5 * float(z @ z)
        return code_at(point)

    def expand(size, count, x, out, user):
        np.ctypeslib.as_array(out, (count,))[:] = np.ctypeslib.as_array(x, (size,))
        return 0

    kept = (_Logp(logp), _Expand(expand))
    addresses = (ctypes.cast(function, ctypes.c_void_p).value for function in kept)
    return SampledDensity(3, 3, *addresses, 0, kept)


def drawn(target, seed=1, chains=4, draws=400, **further):
    settings = Settings(draws=draws, tune=200, chains=chains, progress=False, **further)
    return sample_points(target, [MEANS + 0.1 * (k + 1) for k in range(chains)], settings, seed)


@pytest.fixture(scope="module")
def four():
    return drawn(normal())


def test_draws_are_of_the_density(four):
    points = np.stack(four.posterior[POINT])
    assert points.shape == (4, 400, 3) and list(four.lengths) == [400] * 4
    np.testing.assert_allclose(points.mean(axis=(0, 1)), MEANS, atol=0.2 * SDS.max())
    np.testing.assert_allclose(points.std(axis=(0, 1)) / SDS, 1, atol=0.12)


def test_statistics_have_the_names_that_are_read(four):
    wanted = {
        "diverging",
        "depth",
        "maxdepth_reached",
        "energy",
        "logp",
        "n_steps",
        "mean_tree_accept",
        "step_size",
    }
    assert wanted <= set(four.statistics)
    logp = np.stack(four.statistics["logp"])
    z = (np.stack(four.posterior[POINT]) - MEANS) / SDS
    np.testing.assert_allclose(logp, -0.5 * (z**2).sum(axis=-1), rtol=1e-12)


def test_the_same_seed_gives_the_same_draws_whatever_the_cores_and_more_chains_keep_the_first(four):
    one, two = drawn(normal(), cores=1), drawn(normal(), chains=2)
    for chain in range(4):
        np.testing.assert_array_equal(one.posterior[POINT][chain], four.posterior[POINT][chain])
    for chain in range(2):
        np.testing.assert_array_equal(two.posterior[POINT][chain], four.posterior[POINT][chain])
    other = drawn(normal(), seed=2, chains=1)
    assert (other.posterior[POINT][0] != four.posterior[POINT][0]).all()


@pytest.mark.parametrize("code", [3, 4])
def test_a_point_without_a_density_is_a_divergence_and_never_a_draw(code):
    found = drawn(normal(lambda x: code if x[0] > 1.5 else 0), chains=2)
    points = np.concatenate(found.posterior[POINT])
    assert (points[:, 0] <= 1.5).all() and np.concatenate(found.statistics["diverging"]).any()


def test_an_error_that_cannot_be_mended_ends_the_run():
    calls = []

    def fails(x):
        calls.append(1)
        return -1 if len(calls) > 300 else 0

    with pytest.raises(RuntimeError):
        drawn(normal(fails), chains=1)


def test_arviz_and_the_package_around_the_extension_are_not_imported():
    code = (
        "import sys, glmm_bayes.sampling.bridge as b; b.extension(); "
        "print(sorted({'arviz', 'nutpie', 'pymc', 'pytensor', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_around_it_takes_the_extension_that_is_there():
    code = (
        "from glmm_bayes.sampling.bridge import extension; lib = extension(); "
        "import nutpie; from nutpie import _lib; print(_lib is lib)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
