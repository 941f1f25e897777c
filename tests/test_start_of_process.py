"""From the import of the package to a finished fit nothing is imported that the fit does not need."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.table import read_table

#: Libraries that take longer to import than a small model to fit.
HEAVY = (
    *("arviz", "arviz_base", "arviz_plots", "arviz_stats", "matplotlib", "numba", "nutpie", "pandas"),
    *("polars", "pymc", "pytensor", "scipy.interpolate", "scipy.ndimage", "scipy.stats", "xarray"),
)
#: What a fit by a kernel loads, libraries of others included; with their versions of today there are fewer.
MOST_MODULES = 1060

#: Fits a small model from what stands in the first argument and tells what has been loaded.
FIT = """
import sys
import numpy as np
import glmm_bayes as gb

LISTS = sys.argv[1] == "lists"
rng = np.random.default_rng(1)
g = np.repeat(["a", "b", "c", "d", "e"], 8)
x = rng.normal(size=40)
data = {"y": x + rng.normal(size=40), "bit": (rng.random(40) < 0.5).astype(int), "x": x, "g": g}
if LISTS:
    data = {name: values.tolist() for name, values in data.items()}
formula, family, method = {
    "marginal": ("y ~ x + (1 + x | g)", "gaussian", "marginal"),
    "joint": ("bit ~ x + (1 | g)", "bernoulli", "joint"),
}[sys.argv[2]]
import warnings
warnings.simplefilter("ignore")
fit = gb.Model(formula, data, family).fit(draws=50, tune=50, chains=2, seed=1, method=method, progress=False)
print(fit)
import json
told = {"method": fit.settings["method"], "interval": fit.settings["interval"], "text": str(fit)}
loaded = sorted(sys.modules)
told["dims"] = list(fit.draws["posterior"]["beta"].dims)
print(json.dumps(told | {"loaded": loaded}))
"""


def told_by_a_fit(kind, method, folder=None):
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder)} if folder else None
    call = [sys.executable, "-c", FIT, kind, method]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["arrays", "lists"])
@pytest.mark.parametrize("method", ["marginal", "joint"])
def test_a_fit_by_a_kernel_imports_what_it_needs_alone(method, kind):
    told = told_by_a_fit(kind, method)
    assert told["method"] == method and told["text"].startswith(("gaussian", "bernoulli"))
    assert not [name for name in HEAVY if name in told["loaded"]]
    assert len(told["loaded"]) <= MOST_MODULES
    assert told["dims"] == ["chain", "draw", "coef"]


def test_a_file_of_arviz_settings_is_read_all_the_same(tmp_path):
    (tmp_path / "arviz").mkdir()
    (tmp_path / "arviz" / "arvizrc").write_text("stats.ci_prob : 0.5\nstats.ci_kind : hdi\n")
    told = told_by_a_fit("arrays", "marginal", tmp_path)
    assert told["interval"] == {"probability": 0.5, "kind": "hdi"}


COLUMNS = {
    "float64": np.array([1.5, np.nan, -0.0, 1e300]),
    "float32": np.array([0.1, 2.0, 3.0, 4.0], np.float32),
    "int8": np.array([1, -2, 3, 3], np.int8),
    "uint64": np.array([1, 2, 3, 2**63], np.uint64),
    "big-endian": np.array([1, 2, 3, 4], ">i4"),
    "boolean": np.array([True, False, True, True]),
    "texts": np.array(["b", "a", "", "é"]),
    "list of whole numbers": [1, 2, 3, 3],
    "list with a gap": [1, None, 3, 2**60],
    "list of floats": [1.0, float("nan"), 2.5, 3.0],
    "list of texts": ["b", None, "a", "b"],
    "list of booleans": [True, False, True, None],
    "list of NumPy's": [np.float64(1.0), np.int64(2), np.float32(0.5), 1],
    "tuple": (1, 2, 3, 4),
    "mixed": ["a", 1, 2.5, "b"],
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_plain_columns_are_read_as_those_of_a_data_frame_are(kind):
    given = COLUMNS[kind]
    dtype = object if isinstance(given, list | tuple) else None
    framed = pd.Series(given if dtype else given.astype(given.dtype.newbyteorder("=")), dtype=dtype)
    read = []
    for data in ({"x": given}, {"x": framed}):
        findings = Findings(gb.DataError)
        try:
            table = read_table(data, ["x"], findings, missing="drop")
            column = table["x"]
            dtypes = column.data_type, column.values.dtype, column.levels, column.identifier
            read.append((*dtypes, column.values.tolist(), table.rows.tolist()))
        except gb.DataError as error:
            read.append(str(error))
    assert read[0] == read[1]
