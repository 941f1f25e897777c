"""Grouping factors, and what is known about their levels."""

import numpy as np
import pandas as pd

from tests.corpus.case import DATA, ROWS, model, put, table

LEVELS = list("abcdef")
K = pd.DataFrame(np.eye(6) + 0.1, LEVELS, LEVELS)
POINTS = pd.DataFrame(np.arange(12.0).reshape(6, 2) ** 2, LEVELS)
W = pd.DataFrame(np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1), LEVELS, LEVELS)
KIN = "y ~ x + (1 | gr(g, cov = K))"
ICAR = 'y ~ x + (1 | gr(g, structure = "icar", graph = W))'
MATERN = 'y ~ x + (1 | gr(g, structure = "matern", coordinates = P))'


def kin(matrix: object) -> object:
    return model(KIN, known={"K": matrix})


def at(frame: pd.DataFrame, value: object, row: int = 0, column: int = 1) -> pd.DataFrame:
    """The frame with another value in one cell and, for matrices, in the one across."""
    other = frame.astype(object)
    other.iloc[row, column] = value
    if other.shape[0] == other.shape[1]:
        other.iloc[column, row] = value
    return other


CASES = [
    *table(
        "groups",
        ("gg", model("y ~ x + (1 | gg)")),
        ("g 3", model("y ~ x + (1 | g)", put("g", None, 3))),
        ("g", model("y ~ x + (1 | g)", put("g", "a"))),
        ("w 0", model("y ~ x + (1 | w)")),
        ("g 3", model("y ~ x + (1 | g)", DATA.assign(g=[*range(3), 3.5, *range(4, ROWS)]))),
        ("g 3", model("y ~ x + (1 | g)", DATA.assign(g=[1.0, 2.0, 1.0, 2.0**60] * 6))),
        ("g", model("y ~ x + (1 | g)", DATA.assign(g=DATA["x"] * 1j))),
        ("g", model("y ~ x + (1 | g)", DATA.assign(g=[[1]] * ROWS))),
        ("g 3", model("y ~ x + (1 | g)", put("g", 5, 3))),
        ("g", model("y ~ x + (1 | g) + (x | g)")),
        ("formula", model("y ~ (1 | )")),
        ("formula", model("y ~ ( | g)")),
        ("formula", model("y ~ (1 | g + f)")),
        ("formula", model("y ~ (1 | g * f)")),
        ("formula", model("y ~ ((1 | g) | f)")),
        ("formula", model("y ~ x*(1 | g)")),
        ("formula", model("y ~ (1 | log(g))")),
        ("formula y", model("y ~ (1 | y)")),
        ("nosuch", model("y ~ (nosuch | g)")),
        ("f", model("y ~ (log(f) | g)")),
        ("formula mm", model("y ~ x + (1 | mm(g))")),
        ("f 3", model("y ~ x + (1 | mm(g, f))", put("f", None, 3))),
        ("dist", model('y ~ x + (1 | gr(g, dist = "normal"))')),
        ("df", model('y ~ x + (1 | gr(g, dist = "student", df = -1))')),
        ("df", model('y ~ x + (1 | gr(g, dist = "student", df = 0))')),
        ("by w", model("y ~ x + (1 | gr(g, by = w))")),
        ("age 3", model("y ~ (age | g)", DATA.assign(age=[str(v) if v != 3 else "x" for v in range(ROWS)]))),
        ("structure", model('y ~ x + (1 | gr(g, structure = "ar2"))')),
        ("structure x", model('y ~ (0 + x | gr(g, structure = "ar1"))')),
    ),
    *table(
        "matrices",
        ("known", model(KIN)),
        ("known", model(KIN, known=K)),
        ("known", model(KIN, known="K")),
        ("known K", kin(None)),
        ("known K", kin("K")),
        ("known K", kin(3)),
        ("known K", kin([])),
        ("known K", kin({})),
        ("known K", kin(pd.DataFrame())),
        ("known K", kin(K.to_numpy())),
        ("known K", kin(K.astype(str))),
        ("known K", kin(at(K, "0.1"))),
        ("known K", kin(K * 1j)),
        ("known K complex", kin(K + 0j)),
        ("known K complex", kin(at(K, 0.1 + 1j))),
        ("known K complex", kin(K.assign(a=K["a"].astype(complex)))),
        ("known K True", kin(K > 1)),
        ("known K True", kin((K > 1).astype("boolean"))),
        ("known K True", kin(at(K, True))),
        ("known K True", kin(K.assign(a=K["a"] > 1))),
        ("known W complex", model(ICAR, known={"W": W + 0j})),
        ("known P complex", model(MATERN, known={"P": POINTS * 1j})),
        ("known P True", model(MATERN, known={"P": POINTS > 3})),
        ("known P True", model(MATERN, known={"P": dict.fromkeys(LEVELS, (True, 1.0))})),
        ("known K", kin(at(K, None))),
        ("known K", kin(at(K, np.nan))),
        ("known K", kin(at(K, np.inf))),
        ("known K", kin(at(K, 10**400))),
        ("known K", kin(K.iloc[1:, 1:])),
        ("known K", kin(K.iloc[1:])),
        ("known K", kin(K + np.triu(np.ones((6, 6)), 1))),
        ("known K", kin(at(K, 9.0))),
        ("known K", kin(-K)),
        ("known K", kin(0 * K)),
        ("known K", kin(pd.DataFrame(1e308 * np.eye(6), LEVELS, LEVELS))),
        ("known K", kin(pd.DataFrame(1e200 * np.eye(6), LEVELS, LEVELS))),
        ("known K", kin(pd.DataFrame(1e-320 * np.eye(6), LEVELS, LEVELS))),
        ("known K", kin(pd.DataFrame(1e-200 * np.eye(6), LEVELS, LEVELS))),
        ("known K", kin(K.set_axis(list("abcdea")).set_axis(list("abcdea"), axis="columns"))),
        ("known K", kin(K.set_axis([10**400, *LEVELS[1:]]))),
        ("known L", model(KIN, known={"K": K, "L": K})),
        ("known W", model(ICAR)),
        ("known W", model(ICAR, known={"W": pd.DataFrame()})),
        ("known W", model(ICAR, known={"W": pd.DataFrame(columns=["area", "neighbour"])})),
        ("known W", model(ICAR, known={"W": pd.DataFrame({"area": [], "neighbour": []})})),
        ("known W", model(ICAR, known={"W": {}})),
        ("known W", model(ICAR, known={"W": {"a": "b"}})),
        ("known W", model(ICAR, known={"W": {"a": 3}})),
        ("known W", model(ICAR, known={"W": {"a": []}})),
        ("known W", model(ICAR, known={"W": []})),
        ("known W", model(ICAR, known={"W": None})),
        ("known W", model(ICAR, known={"W": -W})),
        ("known W", model(ICAR, known={"W": W + np.eye(6)})),
        ("known W", model(ICAR, known={"W": 1e308 * W})),
        ("known W", model(ICAR, known={"W": W.astype(str)})),
        ("known W", model(ICAR, known={"W": 0 * W})),
        ("known W", model(ICAR, known={"W": [("a", "b"), ("b",)]})),
        ("known W", model(ICAR, known={"W": pd.DataFrame({"area": ["a"], "neighbour": [None]})})),
        ("known P", model(MATERN, known={"P": None})),
        ("known P", model(MATERN, known={"P": POINTS.to_numpy()})),
        ("known P", model(MATERN, known={"P": POINTS.astype(str)})),
        ("known P", model(MATERN, known={"P": at(POINTS, np.nan)})),
        ("known P", model(MATERN, known={"P": at(POINTS, 1e308)})),
        ("known P", model(MATERN, known={"P": POINTS * 1e-320})),
        ("known P", model(MATERN, known={"P": {"a": [1, 2], "b": [1]}})),
        ("known P", model(MATERN, known={"P": {"a": "xy"}})),
    ),
]
