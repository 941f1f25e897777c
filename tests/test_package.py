"""Importing the package is cheap, and its public names are those that it promises."""

import os
import subprocess
import sys
import time

import glmm_bayes as gb
from tests.pace import in_time

HEAVY = ("pymc", "pytensor", "nutpie", "arviz", "numpy", "pandas", "xarray", "matplotlib", "lark", "zarr")


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_importing_the_package_loads_nothing_heavy():
    loaded = run(f"import sys, glmm_bayes; print([m for m in {HEAVY!r} if m in sys.modules])").stdout
    assert loaded.strip() == "[]"


def test_importing_the_package_takes_less_than_three_tenths_of_a_second():
    lines = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import glmm_bayes"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.splitlines()
    own = next(line for line in lines if line.endswith("| glmm_bayes"))
    assert int(own.split("|")[1]) < 300_000


def test_help_of_the_command_line_loads_no_numerical_library():
    code = (
        "import sys\n"
        "sys.argv = ['glmm-bayes', '--help']\n"
        "from glmm_bayes.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    assert run(code).stderr.strip() == "[]"


def test_help_of_the_command_line_takes_less_than_half_a_second():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "glmm_bayes.cli", "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    assert in_time(min(times), 0.5)


def test_every_public_name_exists_and_is_documented():
    for name in gb.__all__:
        value = getattr(gb, name)
        assert value.__doc__, name
    assert set(gb.__all__) <= set(dir(gb))


def test_a_name_that_does_not_exist_is_an_attribute_error():
    assert not hasattr(gb, "marginal_effects")


def test_effects_work_where_pymc_cannot_be_imported(tmp_path):
    code = (
        "import sys\n"
        "for name in ('pymc', 'pytensor', 'nutpie'):\n    sys.modules[name] = None\n"
        "import glmm_bayes as gb\n"
        "model = gb.Model('y ~ trt + (1 | subject)', gb.load_dataset('epil'), family='poisson')\n"
        "fit = gb.Fit.from_draws(model, {'beta': [[[1.0, -0.2]]], 'sd_subject': [[[0.5]]]})\n"
        "fit.save('fit.glmm')\n"
        "again = gb.load('fit.glmm')\n"
        "print(gb.comparisons(again, 'trt', measure='ratio').summary()['mean'][0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert abs(float(done.stdout) - 0.8187307530779818) < 1e-12
