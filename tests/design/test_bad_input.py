"""Bad input gives a typed error that names column and rows, in under a second, before any compilation."""

import time
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmm_bayes as gb
from tests.pace import in_time

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


LEVELS = [str(i) for i in range(8)]
KIN = pd.DataFrame(np.eye(8) + 0.1, LEVELS, LEVELS)
RING = pd.DataFrame([(i, (i + 1) % 8) for i in range(8)], columns=["area", "neighbour"])
POINTS = pd.DataFrame(RNG.normal(size=(8, 2)), LEVELS)
SKEW, NEGATIVE = KIN.copy(), KIN.copy()
SKEW.iloc[0, 1] = NEGATIVE.iloc[0, 1] = NEGATIVE.iloc[1, 0] = 5.0
LONELY = pd.DataFrame(0.0, LEVELS, LEVELS)
LONELY.iloc[0, 1] = LONELY.iloc[1, 0] = 1.0
KINSHIP, ICAR = "y ~ x + (1 | gr(g, cov = K))", 'y ~ x + (1 | gr(g, structure = "icar", graph = W))'
MATERN = 'y ~ x + (1 | gr(g, structure = "matern", coordinates = P))'
AR1, MM = '(0 + {} | gr(g, structure = "ar1"{}))', "y ~ x + (1 | mm(g, h, weights = cbind({})))"
PAIRED = DATA.assign(h=DATA["g"].to_numpy()[::-1], v=0.4, u=0.6, day=pd.Timestamp("2020-01-01"), one="a")
GAP = PAIRED.assign(h=PAIRED["h"].astype(object).where(PAIRED.index != 3, None))
TWICE = pd.DataFrame(np.eye(8), ["0", *LEVELS[:7]], ["0", *LEVELS[:7]])


def known(**tables):
    """Arguments that hand known tables to a Gaussian model."""
    return {"known": tables}


# kind, formula and data, further arguments, error, code, column, first row
KINDS = [
    ("covariances", (KINSHIP, DATA), known(), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(k=KIN), gb.DataError, "known", None, ()),
    ("covariances", ("y ~ x + (1 | g)", DATA), known(K=KIN), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), {"known": [KIN]}, gb.FormulaError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.to_numpy()), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=None), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=SKEW), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=NEGATIVE), gb.DataError, "known", "g", ()),
    ("covariances", (KINSHIP, DATA), known(K=0 * KIN), gb.DataError, "known", "g", ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.iloc[1:, 1:]), gb.DataError, "known", "g", ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.iloc[1:]), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.iloc[:0, :0]), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.replace(0.1, np.nan)), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=KIN.astype(str) + "a"), gb.DataError, "known", None, ()),
    ("covariances", (KINSHIP, DATA), known(K=TWICE),
     gb.DataError, "known", None, ()),
    ("covariances", ('y ~ x + (1 | gr(g, cov = "K"))', DATA), known(K=KIN),
     gb.FormulaError, "formula_function", None, ()),
    ("covariances", ("y ~ x + (1 | gr(g, cov = K, by = f))", DATA), known(K=KIN),
     gb.DataError, "not_available", "g", ()),
    ("covariances", ('y ~ x + (1 | gr(g, cov = K, dist = "student"))', DATA), known(K=KIN),
     gb.DataError, "not_available", "g", ()),
    ("covariances", ('y ~ x + (1 | gr(g, cov = K, structure = "ar1"))', DATA), known(K=KIN),
     gb.FormulaError, "formula_function", None, ()),
    ("covariances", (ICAR, DATA), known(), gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W=RING.query("area != 0 and neighbour != 0")),
     gb.DataError, "known", "g", ()),
    ("covariances", (ICAR, DATA), known(W=LONELY), gb.DataError, "known", "g", ()),
    ("covariances", (ICAR, DATA), known(W=-LONELY), gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W=LONELY + KIN), gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W={"0": "1"}), gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W={}), gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W=RING.assign(neighbour=RING["area"])),
     gb.DataError, "known", None, ()),
    ("covariances", (ICAR, DATA), known(W=RING.astype(object).where(RING > 0)),
     gb.DataError, "known", None, ()),
    ("covariances", ('y ~ x + (1 | gr(g, structure = "icar"))', DATA), {},
     gb.DataError, "structure", "g", ()),
    ("covariances", ('y ~ x + (1 | gr(g, structure = "icar", graf = W))', DATA), known(W=RING),
     gb.DataError, "structure", "g", ()),
    ("covariances", ('y ~ x + (1 | gr(g, structure = "bym2", graph = 3))', DATA), {},
     gb.DataError, "structure", "g", ()),
    ("covariances", ('y ~ x + (1 | gr(g, structure = "icarr", graph = W))', DATA), known(W=RING),
     gb.FormulaError, "unknown_structure", None, ()),
    ("covariances", ('y ~ x + (1 | gr(g, structure = icar, graph = W))', DATA), known(W=RING),
     gb.FormulaError, "formula_function", None, ()),
    ("covariances", (MATERN, DATA), known(), gb.DataError, "known", None, ()),
    ("covariances", (MATERN, DATA), known(P=0 * POINTS), gb.DataError, "known", "g", ()),
    ("covariances", (MATERN, DATA), known(P=POINTS.iloc[1:]), gb.DataError, "known", "g", ()),
    ("covariances", (MATERN, DATA), known(P={"0": [1, 2], "1": [1]}), gb.DataError, "known", None, ()),
    ("covariances", (MATERN.replace("P", "cbind(x, w)"), DATA), {}, gb.DataError, "known", "x", (8,)),
    ("covariances", (MATERN.replace("P", "cbind(x, f)"), DATA), {}, gb.DataError, "column_type", "f", ()),
    ("covariances", (MATERN.replace("P", "P, nu = 0.7"), DATA), known(P=POINTS),
     gb.DataError, "structure", "g", ()),
    ("covariances", (MATERN.replace("P", "P, smoothness = 1"), DATA), known(P=POINTS),
     gb.DataError, "structure", "g", ()),
    ("covariances", ("y ~ " + AR1.format("x", ""), DATA), {}, gb.DataError, "structure", "x", ()),
    ("covariances", ("y ~ " + AR1.format("1 + n", ""), DATA), {}, gb.DataError, "structure", "g", ()),
    ("covariances", ("y ~ " + AR1.format("n", ""), DATA), {}, gb.DataError, "single_level", "n", ()),
    ("covariances", ("y ~ " + AR1.format("count", ", rho = 1"), DATA), {},
     gb.DataError, "structure", "g", ()),
    ("covariances", ("y ~ " + AR1.format("log(w)", ""), DATA), {}, gb.DataError, "structure", "g", ()),
    ("covariances", ("y ~ " + AR1.format("day", ""), PAIRED), {}, gb.DataError, "column_type", "day", ()),
    ("groups", ("y ~ x + (1 | gr(g, by = w))", DATA), {}, gb.DataError, "column_type", "w", ()),
    ("groups", ("y ~ x + (1 | gr(g, by = one))", PAIRED), {}, gb.DataError, "single_level", "one", ()),
    ("groups", ("y ~ x + (1 | gr(g, by = day))", PAIRED), {}, gb.DataError, "column_type", "day", ()),
    ("groups", ("y ~ x + (1 | gr(g, by = ff))", DATA), {}, gb.DataError, "unknown_column", "ff", ()),
    ("groups", ("y ~ x + (1 | gr(g, byy = f))", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", ('y ~ x + (1 | gr(g, dist = "cauchy"))', DATA), {},
     gb.FormulaError, "formula_function", None, ()),
    ("groups", ('y ~ x + (1 | gr(g, dist = "student")) + (0 + x | g)', DATA), {},
     gb.DataError, "structure", "g", ()),
    ("groups", ('y ~ x + (1 | gr(g, dist = "student", dist = "student"))', DATA), {},
     gb.FormulaError, "formula_function", None, ()),
    ("groups", ("y ~ x + (1 | gr(g, f))", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", ("y ~ x + (1 | gr(log(g)))", DATA), {}, gb.FormulaError, "formula_misread", None, ()),
    ("groups", ("y ~ x + (1 | mm(g))", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", ("y ~ x + (1 | mm(g, g))", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", ("y ~ x + (1 | mm(g, w))", DATA), {}, gb.DataError, "column_type", "w", (0,)),
    ("groups", ("y ~ x + (1 | mm(g, hh))", PAIRED), {}, gb.DataError, "unknown_column", "hh", ()),
    ("groups", (MM.format("v"), PAIRED), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", (MM.format("v, u, v"), PAIRED), {}, gb.FormulaError, "formula_function", None, ()),
    ("groups", (MM.format("v, f"), PAIRED), {}, gb.DataError, "column_type", "f", ()),
    ("groups", (MM.format("v, q"), PAIRED), {}, gb.DataError, "unknown_column", "q", ()),
    ("groups", (MM.format("v, u"), PAIRED.assign(v=PAIRED["v"].where(PAIRED.index != 3))), {},
     gb.DataError, "missing_values", "v", (3,)),
    ("groups", (MM.format("log(v), u"), PAIRED.assign(v=PAIRED["v"].where(PAIRED.index != 3, 0.0))), {},
     gb.DataError, "non_finite", "v", (3,)),
    ("groups", (MM.format("v, u"), GAP), {},
     gb.DataError, "missing_values", "h", (3,)),
    ("groups", ("y ~ x + (1 | g:w)", DATA), {}, gb.DataError, "column_type", "w", (0,)),
    ("groups", ("y ~ x + (1 | g/gg)", DATA), {}, gb.DataError, "unknown_column", "gg", ()),
    ("groups", ("y ~ x + (one | g)", PAIRED), {}, gb.DataError, "single_level", "one", ()),
    ("groups", ("y ~ x + (day | g)", PAIRED), {}, gb.DataError, "column_type", "day", ()),
    ("groups", ("y ~ (log(w) | g)", changed(w={2: 0.0})), {}, gb.DataError, "non_finite", "w", (2,)),
    ("contrasts", ('y ~ C(f, "summ")', DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("contrasts", ('y ~ C(f, "sum", ref = "z")', DATA), {}, gb.DataError, "unknown_level", "f", ()),
    ("contrasts", ('y ~ C(f, "helmert", ref = "a")', DATA), {}, gb.FormulaError, "formula_function", "f", ()),
    ("contrasts", ("y ~ C(w)", DATA), {}, gb.DataError, "column_type", "w", (0,)),
    ("contrasts", ('y ~ ordered(f, "a", "b")', DATA), {}, gb.DataError, "unknown_level", "f", (2,)),
    ("contrasts", ('y ~ ordered(f, "a", "a", "b", "c")', DATA), {},
     gb.FormulaError, "formula_function", None, ()),
    ("contrasts", ('y ~ ordered(f, "a")', DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("contrasts", ("y ~ C(f):g + log(f)", DATA), {}, gb.DataError, "column_type", "f", ()),
    ("splines", ("y ~ poly(f, 2)", DATA), {}, gb.DataError, "column_type", "f", ()),
    ("splines", ("y ~ poly(bit, 3)", DATA), {}, gb.DataError, "rank_deficient", "bit", ()),
    ("splines", ("y ~ poly(x, 0)", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("splines", ("y ~ bs(x, df = 2)", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("splines", ("y ~ bs(x, knots = c(50))", DATA), {}, gb.DataError, "rank_deficient", "x", ()),
    ("splines", ("y ~ bs(x, df = 5, boundary = 1)", DATA), {}, gb.FormulaError, "formula_function", None, ()),
    ("splines", ("y ~ ns(n, df = 3)", DATA), {}, gb.DataError, "rank_deficient", "n", ()),
    ("splines", ("y ~ cr(bit, df = 6)", DATA), {}, gb.DataError, "rank_deficient", "bit", ()),
    ("splines", ("y ~ ns(log(w), df = 3)", changed(w={2: -1.0})), {}, gb.DataError, "non_finite", "w", (2,)),
    ("functions", ("y ~ scale(f)", DATA), {}, gb.DataError, "column_type", "f", ()),
    ("functions", ("y ~ exp(w)", changed(w={2: 1000.0})), {}, gb.DataError, "scale", "w", (2,)),
    ("functions", ("y ~ sqrt(w)", changed(w={2: -1.0})), {}, gb.DataError, "non_finite", "w", (2,)),
    ("functions", ("y ~ I(1 / w)", changed(w={2: 0.0})), {}, gb.DataError, "non_finite", "w", (2,)),
    ("functions", ('y ~ I(w == "a")', DATA), {}, gb.DataError, "column_type", "w", (0,)),
    ("functions", ('y ~ days_since(x, "2020-01-01")', DATA), {}, gb.DataError, "column_type", "x", ()),
    ("functions", ('y ~ days_since(day, "2020")', PAIRED), {}, gb.FormulaError, "formula_function", None, ()),
    ("functions", ("y ~ pmin(x, f)", DATA), {}, gb.DataError, "column_type", "f", ()),
    ("responses", ("cbind(count, n - count) | trials(n) ~ x", DATA), {"family": "binomial"},
     gb.DataError, "trials", "count", ()),
    ("responses", ("count | trials(n) ~ x", changed(n={3: 2.5})), {"family": "binomial"},
     gb.DataError, "trials", "n", (3,)),
    ("responses", ("count | trials(f) ~ x", DATA), {"family": "binomial"},
     gb.DataError, "column_type", "f", ()),
    ("responses", ("I(count / n) ~ x", DATA), {"family": "binomial"}, gb.DataError, "trials", "count", ()),
    ("responses", ('success(f, "z") ~ x', DATA), {"family": "bernoulli"},
     gb.DataError, "response_coding", "f", ()),
    ("responses", ("count ~ x", changed(count={4: 2.0**53})), {"family": "poisson"},
     gb.DataError, "response_support", "count", (4,)),
    ("responses", ("y | mi() ~ x", DATA), {}, gb.FormulaError, "not_available", None, ()),
    ("arguments", ("y ~ x", DATA), {"priors": 3}, gb.PriorError, "prior", None, ()),
    ("arguments", ("y ~ x", DATA), {"family": ""}, gb.FormulaError, "unknown_family", None, ()),
    ("arguments", ("y ~ x", DATA), {"missing": None}, gb.GlmmError, "settings", None, ()),
    ("arguments", ("y ~ x", DATA), {"rank": None}, gb.GlmmError, "settings", None, ()),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def warm():
    gb.Model(GAUSS, DATA)


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gives_its_typed_error_at_once(case):
    arguments, kind, code, column, rows = CASES[case]
    start = time.process_time()
    with pytest.raises(kind) as caught:
        gb.Model(*arguments)
    assert in_time(time.process_time() - start, 1.0)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.column, tuple(error.rows)) == (code, column, rows), str(error)
    if column:
        assert column in str(error)
    assert len(str(error)) > 30


@pytest.mark.parametrize(
    ("kind", "given", "further", "error", "code", "column", "row"),
    KINDS,
    ids=[f"{i}: {entry[0]}" for i, entry in enumerate(KINDS)],
)
def test_bad_input_of_each_kind_gives_its_typed_error(kind, given, further, error, code, column, row):
    start = time.process_time()
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(*given, **further)
    assert in_time(time.process_time() - start, 1.0)
    found = caught.value
    assert type(found) is error
    assert (found.code, found.column, found.rows[:1]) == (code, column, row), str(found)
    assert column is None or column in str(found)
    assert all(str(label) in str(found) for label in row)


def test_the_corpus_has_the_size_that_is_promised():
    assert len(CASES) + len(KINDS) >= 150


def test_an_unknown_column_is_pointed_at_and_the_nearest_is_named():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("count ~ x + fff + (1 | g)", DATA.rename(columns={"f": "ff"}), "poisson")
    lines = str(caught.value).splitlines()
    assert lines[0] == "[unknown_column] formula:1:13: no column 'fff' in the data."
    assert lines[1].strip() == "count ~ x + fff + (1 | g)" and lines[2].strip() == "^^^"
    assert lines[2].index("^") == lines[1].index("fff")
    assert "Did you mean 'ff'?" in lines[3]


def test_all_findings_of_a_stage_are_raised_together():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x + w", changed(x={1: np.nan}, w={2: np.nan}))
    assert [finding.column for finding in caught.value.findings] == ["x", "w"]


def test_dropped_rows_are_counted_by_column_and_row():
    data = changed(x={1: np.nan, 2: np.nan}, w={2: np.nan})
    model = gb.Model("y ~ x + w", data, missing="drop")
    assert len(model.design) == ROWS - 2
    message = model.check()["message"][0]
    assert message == "dropped 2 of 40 rows with missing values: x 2, w 1 (rows 1, 2)."
    assert "dropped 2 of 40 rows" in str(model)


def test_only_columns_of_the_model_are_looked_at():
    assert len(gb.Model("y ~ x", changed(w={2: np.nan})).design) == ROWS


def test_the_users_frame_is_never_modified():
    data = DATA.copy()
    gb.Model("y ~ scale(x)*f + (1 + x | g)", data)
    pd.testing.assert_frame_equal(data, DATA)


def test_few_groups_are_a_warning():
    with pytest.warns(gb.GlmmWarning, match="few_groups"):
        gb.Model("y ~ x + (1 | f)", DATA)


def test_row_labels_are_those_of_the_index():
    data = changed(x={3: np.nan}).set_index(pd.Index([f"r{i}" for i in range(ROWS)]))
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x", data)
    assert caught.value.rows == ("r3",)
