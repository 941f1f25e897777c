"""A saved fit that calls a user's function says so on opening, and is not read without it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.spec.transforms import TRANSFORMS

RNG = np.random.default_rng(2)
DATA = pd.DataFrame({"x": RNG.uniform(1, 3, 30), "y": RNG.normal(size=30)})


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    gb.register_transform("double_log_of_saved", lambda x: 2 * np.log(x))
    model = gb.Model("y ~ double_log_of_saved(x)", DATA)
    fit = gb.Fit.from_draws(model, {"beta": RNG.normal(size=(1, 4, 2)), "sigma": np.ones((1, 4))})
    path = tmp_path_factory.mktemp("saved") / "a.glmm"
    fit.save(path)
    yield fit, path
    # Messages list what is registered: later tests find the list as it was.
    TRANSFORMS.pop("double_log_of_saved")


def test_opening_names_the_functions_that_the_file_cannot_hold(saved):
    fit, path = saved
    with pytest.warns(gb.GlmmWarning, match="functions that you have registered: double_log_of_saved"):
        again = gb.load(path)
    np.testing.assert_array_equal(again.design.x, fit.design.x)


def test_another_process_must_register_the_function_first(saved):
    code = f"import glmm_bayes as gb\ntry: gb.load({str(saved[1])!r})\nexcept gb.StorageError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[load_transform]") and "'double_log_of_saved'" in done.stdout
    assert "Call gb.register_transform(...) with the function that the fit was made with" in done.stdout
    assert "another copy" not in done.stdout
