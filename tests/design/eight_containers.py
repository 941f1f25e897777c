"""The same data in eight containers, and the table and the design that are read from each."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xarray as xr

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

ROWS = 60
RNG = np.random.default_rng(3)
ARRAYS = {
    "y": RNG.normal(size=ROWS),
    "x": RNG.normal(size=ROWS),
    "i": RNG.integers(-50, 50, ROWS),
    "small": RNG.integers(0, 200, ROWS).astype(np.uint8),
    "single": RNG.normal(size=ROWS).astype(np.float32),
    "b": np.resize([True, False, True], ROWS),
    "s": np.array(RNG.choice(["b", "é", "B", "a b", "体"], ROWS).tolist()),
    "wide": np.resize(np.arange(2**62 + 1, 2**62 + 13), ROWS),
    "huge": np.resize(np.arange(7, dtype=np.uint64) + np.uint64(2**63 + 1), ROWS),
    "day": np.resize(np.arange("2020-01-01", "2020-01-13", dtype="datetime64[D]"), ROWS).astype(
        "datetime64[us]"
    ),
}


def pandas_numpy():
    return pd.DataFrame(ARRAYS).astype({"s": object})


def pandas_nullable():
    return pandas_numpy().convert_dtypes(dtype_backend="numpy_nullable")


def pandas_arrow():
    return arrow().to_pandas(types_mapper=pd.ArrowDtype)


def polars():
    return pl.DataFrame({name: pl.Series(values) for name, values in ARRAYS.items()})


def arrow():
    return pa.table({name: pa.array(values) for name, values in ARRAYS.items()})


def mapping():
    return {name: values.tolist() if name in "xsb" else values for name, values in ARRAYS.items()}


def structured():
    records = np.zeros(ROWS, [(name, values.dtype.newbyteorder(">")) for name, values in ARRAYS.items()])
    for name, values in ARRAYS.items():
        records[name] = values
    return records


def dataset():
    return xr.Dataset({name: ("row", values) for name, values in ARRAYS.items()})


CONTAINERS = [
    pandas_numpy,
    pandas_nullable,
    pandas_arrow,
    polars,
    arrow,
    mapping,
    structured,
    dataset,
]


def table_of(data, *names, missing="error", findings=None):
    return read_table(data, names, findings or Findings(gb.DataError), missing=missing)


def design_of(formula, data):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(gb.DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings, spec.text), findings)
