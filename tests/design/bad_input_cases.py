"""Bad input to a model, each with the error, the code, the column and the rows that answer it."""

from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl

import glmm_bayes as gb

RNG = np.random.default_rng(9)
ROWS = 40
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=ROWS),
        "w": RNG.uniform(1, 2, ROWS),
        "f": np.resize(["a", "b", "c"], ROWS),
        "g": np.resize(np.arange(8), ROWS),
        "y": RNG.normal(size=ROWS),
        "bit": RNG.integers(0, 2, ROWS),
        "n": 5,
        "count": RNG.poisson(3, ROWS),
    }
)


def changed(**columns):
    """The data with values changed in the rows that a dict names, or with whole new columns."""
    data = DATA.copy()
    for name, value in columns.items():
        if isinstance(value, dict):
            data[name] = data[name].astype(
                object if any(isinstance(v, str) for v in value.values()) else float
            )
            for row, single in value.items():
                data.loc[row, name] = single
        else:
            data[name] = value
    return data


GAUSS, BERN = "y ~ x + (1 | g)", "bit ~ x + (1 | g)"
CASES = {
    "unknown column": ((GAUSS.replace("x", "xx"), DATA), gb.DataError, "unknown_column", "xx", ()),
    "missing value": ((GAUSS, changed(x={3: np.nan})), gb.DataError, "missing_values", "x", (3,)),
    "missing group": (
        (GAUSS, changed(g={3: np.nan, 5: np.nan})),
        gb.DataError,
        "missing_values",
        "g",
        (3, 5),
    ),
    "infinite value": ((GAUSS, changed(x={4: np.inf})), gb.DataError, "non_finite", "x", (4,)),
    "log of zero": (("y ~ log(w)", changed(w={2: 0.0})), gb.DataError, "non_finite", "w", (2,)),
    "log of a negative number": (("y ~ log(w)", changed(w={2: -1.0})), gb.DataError, "non_finite", "w", (2,)),
    "exposure of zero": (
        ("count ~ x + offset(log(w))", changed(w={6: 0.0}), "poisson"),
        gb.DataError,
        "offset_domain",
        "w",
        (6,),
    ),
    "fixed factor with one level": (("y ~ f", changed(f="a")), gb.DataError, "single_level", "f", ()),
    "group with one level": ((GAUSS, changed(g=1)), gb.DataError, "single_level", "g", ()),
    "bernoulli coded 1, 2": (
        (BERN, changed(bit=DATA["bit"] + 1), "bernoulli"),
        gb.DataError,
        "response_coding",
        "bit",
        (),
    ),
    "bernoulli with labels": (
        (BERN, changed(bit=np.resize(["no", "yes"], ROWS)), "bernoulli"),
        gb.DataError,
        "response_coding",
        "bit",
        (),
    ),
    "bernoulli with counts": (
        (BERN, changed(bit={1: 3.0}), "bernoulli"),
        gb.DataError,
        "response_support",
        "bit",
        (1,),
    ),
    "bernoulli with proportions": (
        (BERN, changed(bit={1: 0.5}), "bernoulli"),
        gb.DataError,
        "response_support",
        "bit",
        (1,),
    ),
    "bernoulli with trials": (("bit | trials(n) ~ x", DATA, "bernoulli"), gb.DataError, "trials", "bit", ()),
    "binomial without trials": (("count ~ x", DATA, "binomial"), gb.DataError, "trials", "count", ()),
    "binomial above trials": (
        (
            "count | trials(n) ~ x",
            changed(count=1).assign(count=lambda d: d["count"].where(d.index != 7, 9)),
            "binomial",
        ),
        gb.DataError,
        "trials",
        "count",
        (7,),
    ),
    "binomial fractions": (
        ("w | trials(n) ~ x", DATA, "binomial"),
        gb.DataError,
        "response_support",
        "w",
        tuple(range(ROWS)),
    ),
    "negative failures": (
        (
            "cbind(bit, f2) ~ x",
            changed(f2=1).assign(f2=lambda d: d["f2"].where(d.index != 2, -1)),
            "binomial",
        ),
        gb.DataError,
        "trials",
        "f2",
        (2,),
    ),
    "poisson negative": (
        ("count ~ x", changed(count={0: -1.0}), "poisson"),
        gb.DataError,
        "response_support",
        "count",
        (0,),
    ),
    "poisson fractions": (
        ("count ~ x", changed(count={0: 1.5}), "poisson"),
        gb.DataError,
        "response_support",
        "count",
        (0,),
    ),
    "poisson boolean": (
        ("flag ~ x", changed(flag=DATA["x"] > 0), "poisson"),
        gb.DataError,
        "column_type",
        "flag",
        (),
    ),
    "gaussian labels": (("f ~ x", DATA), gb.DataError, "column_type", "f", ()),
    "gaussian constant": (("c ~ x", changed(c=2.0)), gb.DataError, "constant_column", "c", ()),
    "malformed formula": (("y ~ x + (1 | g", DATA), gb.FormulaError, "formula_syntax", None, ()),
    "bar outside brackets": (("y ~ x | g", DATA), gb.FormulaError, "formula_misread", None, ()),
    "unknown function": (("y ~ lgo(x)", DATA), gb.FormulaError, "formula_function", None, ()),
    "code in a formula": (("y ~ np.log(x)", DATA), gb.FormulaError, "formula_misread", None, ()),
    "duplicate effect": (("y ~ (1 | g) + (x | g)", DATA), gb.FormulaError, "duplicate_effect", None, ()),
    "duplicate column": (
        ("y ~ x", pd.concat([DATA, DATA[["x"]]], axis=1)),
        gb.DataError,
        "duplicate_column",
        "x",
        (),
    ),
    "date column": (("y ~ d", changed(d=pd.Timestamp("2020-01-01"))), gb.DataError, "column_type", "d", ()),
    "identifiers as predictor": (
        ("y ~ u", changed(u=[UUID(int=i) for i in range(ROWS)])),
        gb.DataError,
        "column_type",
        "u",
        (),
    ),
    "wide numbers as predictor": (
        ("y ~ u", changed(u=np.arange(ROWS) + 2**60)),
        gb.DataError,
        "column_type",
        "u",
        (),
    ),
    "wide numbers as response": (
        ("u ~ x", changed(u=np.arange(ROWS) + 2**60)),
        gb.DataError,
        "column_type",
        "u",
        (),
    ),
    "date as response": (
        ("d ~ x", changed(d=pd.date_range("2020-01-01", periods=ROWS))),
        gb.DataError,
        "column_type",
        "d",
        (),
    ),
    "duration": (("y ~ d", changed(d=pd.Timedelta(1, "D"))), gb.DataError, "column_type", "d", ()),
    "lists": (("y ~ d", changed(d=[[i] for i in range(ROWS)])), gb.DataError, "column_type", "d", ()),
    "structs": (("y ~ d", changed(d=[{"a": i} for i in range(ROWS)])), gb.DataError, "column_type", "d", ()),
    "texts and dates": (
        ("y ~ d", changed(d=["a"] * (ROWS - 1) + [pd.Timestamp("2020-01-01")])),
        gb.DataError,
        "column_type",
        "d",
        (ROWS - 1,),
    ),
    "numbers and texts in a group": (
        ("y ~ x + (1 | d)", changed(d=[1, 2, "3", 4] * (ROWS // 4))),
        gb.DataError,
        "column_type",
        "d",
        tuple(row for row in range(ROWS) if row % 4 == 2),
    ),
    "rounded whole numbers": (
        ("y ~ d", changed(d=pd.Series([0.5, 2**60] * (ROWS // 2), dtype=object))),
        gb.DataError,
        "column_type",
        "d",
        tuple(range(1, ROWS, 2)),
    ),
    "far dates": (
        ("y ~ x + (1 | d)", changed(d=np.array(["2020", "9999"] * (ROWS // 2), "datetime64[s]"))),
        gb.DataError,
        "column_type",
        "d",
        tuple(range(1, ROWS, 2)),
    ),
    "floats beyond 2**53 as groups": (
        ("y ~ x + (1 | d)", changed(d=2.0**60 + 2.0**10 * np.arange(ROWS))),
        gb.DataError,
        "column_type",
        "d",
        tuple(range(ROWS)),
    ),
    "levels spelled alike": (
        (
            "y ~ d",
            changed(d=pd.Categorical.from_codes([0, 1] * (ROWS // 2), pd.Index(["1", 1], dtype=object))),
        ),
        gb.DataError,
        "column_type",
        "d",
        (),
    ),
    "name that is no text": (
        ("y ~ `7`", DATA.rename(columns={"x": 7})),
        gb.DataError,
        "column_type",
        "7",
        (),
    ),
    "missing date": (
        ("y ~ x + (1 | d)", changed(d=[pd.NaT, *[pd.Timestamp("2020-01-01")] * (ROWS - 1)])),
        gb.DataError,
        "missing_values",
        "d",
        (0,),
    ),
    "missing Decimal": (
        ("y ~ d", changed(d=[Decimal("NaN"), *[Decimal(i) for i in range(ROWS - 1)]])),
        gb.DataError,
        "missing_values",
        "d",
        (0,),
    ),
    "infinite Decimal": (
        ("y ~ d", changed(d=[Decimal("Infinity"), *[Decimal(i) for i in range(ROWS - 1)]])),
        gb.DataError,
        "non_finite",
        "d",
        (0,),
    ),
    "null and NaN in polars": (
        ("y ~ d", pl.DataFrame({"y": [1.0, 2.0, 3.0], "d": [1.0, float("nan"), None]})),
        gb.DataError,
        "missing_values",
        "d",
        (1, 2),
    ),
    "lazy frame": (("y ~ x", pl.LazyFrame({"y": [1.0]})), gb.DataError, "data_container", None, ()),
    "no such file": (("y ~ x", "nowhere/data.csv"), gb.StorageError, "storage", None, ()),
    "complex column": (("y ~ d", changed(d=DATA["x"] * 1j)), gb.DataError, "column_type", "d", ()),
    "mixed column": (("y ~ f", changed(f={5: 2.0, 6: "b"})), gb.DataError, "column_type", "f", (5,)),
    "numbers as text": (
        ("y ~ t", changed(t=DATA["n"].astype(str).where(DATA.index > 3, "10"))),
        gb.DataError,
        "column_type",
        "t",
        (),
    ),
    "fractions as groups": (
        ("y ~ x + (1 | w)", DATA),
        gb.DataError,
        "column_type",
        "w",
        tuple(range(ROWS)),
    ),
    "linear dependence": (
        ("y ~ x + x2", changed(x2=2 * DATA["x"])),
        gb.DataError,
        "rank_deficient",
        "x2",
        (),
    ),
    "constant predictor": (("y ~ x + n", DATA), gb.DataError, "constant_column", "n", ()),
    "no rows": (("y ~ x", DATA.iloc[:0]), gb.DataError, "empty_data", None, ()),
    "unknown family": ((GAUSS, DATA, "gausian"), gb.FormulaError, "unknown_family", None, ()),
    "unknown link": ((GAUSS, DATA, "gaussian", "logt"), gb.FormulaError, "unknown_link", None, ()),
    "link of another family": ((GAUSS, DATA, "gaussian", "logit"), gb.FormulaError, "link", None, ()),
    "unknown level": (('y ~ I(f == "z")', DATA), gb.DataError, "unknown_level", "f", ()),
    "unknown reference": (('y ~ C(f, ref="z")', DATA), gb.DataError, "unknown_level", "f", ()),
    "a list for data": ((GAUSS, [1, 2]), gb.DataError, "data_container", None, ()),
    "ragged mapping": (
        (GAUSS, {"y": [1, 2], "x": [1], "g": [1, 2]}),
        gb.DataError,
        "data_container",
        None,
        (),
    ),
}
