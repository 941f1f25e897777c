"""One bad input: what it is about, the words that its error must hold, and how it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import glmm_bayes as gb


@dataclass(frozen=True)
class Case:
    """A bad input.

    Attributes
    ----------
    area : str
    names : str
        The column, the argument, and the rows where there are some: the error must hold each of them.
    call : callable
        Gives the input.
    """

    area: str
    names: str
    call: Callable[[], Any]


ROWS = 24
RNG = np.random.default_rng(15)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS),
        "w": RNG.uniform(1, 2, ROWS),
        "p": RNG.uniform(0.1, 0.9, ROWS),
        "k": RNG.poisson(3, ROWS),
        "b": np.resize([0, 1, 1], ROWS),
        "n": 9,
        "f": np.resize(["u", "v", "t"], ROWS),
        "o": np.resize([1, 2, 3, 4], ROWS),
        "c": np.resize(["none", "left", "right"], ROWS),
        "g": np.repeat(list("abcdef"), 4),
        "z": np.repeat([0, 1, 0, 1, 0, 1], 4),
        "day": pd.date_range("2020-01-01", periods=ROWS),
    }
)


def put(column: str, value: Any, *rows: int) -> pd.DataFrame:
    """The data with one value in some rows of a column."""
    values = DATA[column].astype(object).tolist()
    for row in rows or range(ROWS):
        values[row] = value
    return DATA.assign(**{column: values})


def model(formula: Any, data: Any = DATA, family: Any = "gaussian", **further: Any) -> Callable[[], Any]:
    """Ask for a model."""
    return lambda: gb.Model(formula, data, family, **further)


def table(area: str, *cases: tuple[str, Callable[[], Any]]) -> list[Case]:
    """Put the cases of an area together."""
    return [Case(area, names, call) for names, call in cases]
