"""A data frame with numbers, labels, events and dates."""

import numpy as np
import pandas as pd

RNG = np.random.default_rng(4)
N = 120
DATA = pd.DataFrame(
    {
        "y": RNG.gamma(2, size=N),
        "x": RNG.normal(size=N),
        "g": RNG.permutation(np.repeat(list("abcdef"), 20)),
        "h": np.tile(["u", "v", "w"], 40),
        "s": np.tile([1, 2, 2, 1], 30),
        "e": RNG.permutation(np.tile([0, 1, 1], 40)),
        "flag": RNG.integers(0, 2, N).astype(bool),
        "day": pd.Timestamp("2020-01-01 06:00") + pd.to_timedelta(RNG.integers(0, 2000, N), unit="h"),
    }
)
DATA["end"] = DATA["day"] + pd.to_timedelta(RNG.integers(1, 300, N), unit="h")
DATA["text"] = DATA["day"].dt.strftime("%Y-%m-%d")
