"""Data that are no columns, or columns that cannot be predictors."""

import decimal
import uuid

import numpy as np
import pandas as pd
import polars as pl

from tests.corpus.case import DATA, ROWS, model, put, table

AGES = np.random.default_rng(1).integers(20, 60, 200).astype(str).astype(object)


def ages(word: str) -> pd.DataFrame:
    """Two hundred ages as text, one of them a word."""
    values = AGES.copy()
    values[7] = word
    return pd.DataFrame({"y": np.random.default_rng(2).normal(size=200), "age": values})


def of(values: object) -> pd.DataFrame:
    return DATA.assign(q=values)


CASES = table(
    "frames",
    *[("data", model("y ~ x", data)) for data in (None, 3, [], [1, 2], (), {1, 2}, object(), b"y,x", print)],
    ("data", model("y ~ x", np.zeros((3, 2)))),
    ("data", model("y ~ x", DATA["y"])),
    ("data collect", model("y ~ x", pl.DataFrame({"y": [1.0], "x": [2.0]}).lazy())),
    ("y", model("y ~ x", {})),
    ("y", model("y ~ x", pd.DataFrame())),
    ("mapping y x", model("y ~ x", {"y": [1.0, 2.0], "x": [1.0, 2.0, 3.0]})),
    ("mapping x", model("y ~ x", {"y": [1.0, 2.0], "x": {"a": 1}})),
    ("rows", model("y ~ x", DATA.iloc[:0])),
    ("xx", model("y ~ xx")),
    ("X", model("y ~ X")),
    ("x 2 times", model("y ~ x", pd.concat([DATA, DATA[["x"]]], axis=1))),
    ("file", model("y ~ x", "")),
    ("7 name", model("y ~ `7`", DATA.rename(columns={"x": 7}))),
    ("x 3", model("y ~ x", put("x", np.nan, 3))),
    ("x 3", model("y ~ x", put("x", None, 3))),
    ("x 3", model("y ~ x", put("x", pd.NA, 3))),
    ("x 0 4", model("y ~ x", put("x", np.inf, 0, 4))),
    ("x 5", model("y ~ x", put("x", -np.inf, 5))),
    *[(f"x 3 {value:g}", model("y ~ x", put("x", value, 3))) for value in (1e308, -1e200, 1e155, 2e150)],
    ("x 3", model("y ~ w + (x | g)", put("x", 1e200, 3))),
    ("x 3", model("y ~ w + offset(x)", put("x", 1e308, 3))),
    ("x 3", model("y ~ I(x^2)", put("x", 1e149, 3))),
    ("x 3", model("y ~ exp(x)", put("x", 710.0, 3))),
    ("x 3", model("y ~ log(x)", put("x", 0.0, 3).assign(x=lambda d: d["x"].astype(float).abs()))),
    ("x", model("y ~ x", DATA.assign(x=DATA["x"] * 1e-320))),
    ("x", model("y ~ x", put("x", 2.0))),
    ("f", model("y ~ f", put("f", "u"))),
    *[("age 7", model("y ~ age", ages(word))) for word in ("4O", "n/a", "", "40 years", "<20", "nan", "inf")],
    ("age 7 U+0000", model("y ~ age", ages("4\x000"))),
    ("age 7 U+001B", model("y ~ age", ages("\x1b[31m40"))),
    ("age", model("y ~ age", ages("41"))),
    ("q 3", model("y ~ q", of([*range(3), "4O", *range(4, ROWS)]))),
    ("q", model("y ~ q", of([f"{value},5" for value in range(ROWS)]))),
    ("q", model("y ~ q", of(DATA["x"] * 1j))),
    ("q", model("y ~ q", of([[value] for value in range(ROWS)]))),
    ("q", model("y ~ q", of([{"a": value} for value in range(ROWS)]))),
    ("q", model("y ~ q", of([object() for _ in range(ROWS)]))),
    ("q", model("y ~ q", of([uuid.UUID(int=value) for value in range(ROWS)]))),
    ("q", model("y ~ q", of([bytes([value]) for value in range(ROWS)]))),
    ("q", model("y ~ q", of(np.arange(ROWS) + 2**60))),
    ("q", model("y ~ q", of([10**400 + value for value in range(ROWS)]))),
    (
        "q 3",
        model(
            "y ~ q",
            of([decimal.Decimal(value) if value != 3 else decimal.Decimal("sNaN") for value in range(ROWS)]),
        ),
    ),
    ("day", model("y ~ day")),
    ("day", model("y ~ day", DATA.assign(day=DATA["day"] - DATA["day"].min()))),
    ("f", model("y ~ log(f)")),
    ("f", model("y ~ scale(f)")),
    ("f z", model('y ~ C(f, ref = "z")')),
    ("f z", model('y ~ I(f == "z")')),
    ("x", model("y ~ C(x)")),
    ("x u", model("y ~ x + u", DATA.assign(u=3 * DATA["x"]))),
    ("missing", model("y ~ x", missing="ignore")),
    ("missing", model("y ~ x", missing=True)),
    ("rank", model("y ~ x", rank="no")),
    ("rank", model("y ~ x", rank=0)),
    ("x", model("y ~ x", put("x", np.nan), missing="drop")),
    ("nosuch.csv", model("y ~ x", "nosuch.csv")),
    ("data", model("y ~ x", "data.txt")),
)
