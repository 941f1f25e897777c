"""A small data frame, whole, spoiled in some rows, or with further columns."""

import numpy as np
import pandas as pd

ROWS = 24
RNG = np.random.default_rng(11)
AREAS = [f"s{i}" for i in range(8)]
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS),
        "z": RNG.uniform(1, 3, ROWS),
        "f": np.resize(list("abc"), ROWS),
        "g": np.repeat(AREAS, 3),
        "plot": np.resize([1, 2, 3], ROWS),
        "three": np.resize(list("uvw"), ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "k": np.resize([0, 1, 2, 3, 1], ROWS),
        "n": 5,
        "answer": np.resize(["no", "yes"], ROWS),
        "day": pd.date_range("2020-01-01", periods=ROWS),
    },
    index=[f"r{i}" for i in range(ROWS)],
)
DATA["plant"] = [f"{area}{plot}" for area, plot in zip(DATA["g"], DATA["plot"], strict=True)]
BERNOULLI, BINOMIAL, POISSON = ({"family": name} for name in ("bernoulli", "binomial", "poisson"))
GAUSSIAN, DROP = {}, {"missing": "drop"}


def put(column, value, *rows):
    """The data with one value in some rows of a column."""
    values = DATA[column].tolist()
    for row in rows:
        values[row] = value
    return DATA.assign(**{column: values})


def new(**columns):
    """The data with further columns."""
    return DATA.assign(**columns)


def ordered(*levels):
    """Answers no and yes, as an ordered categorical of the given levels."""
    return pd.Categorical(DATA["answer"], levels, ordered=True)


MANY = pd.DataFrame({"y": 0.0} | {f"g{i}": [f"a{j}" for j in range(80)] for i in (1, 2)})
