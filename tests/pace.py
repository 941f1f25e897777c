"""Seconds that a test allows, in the pace of the machine it runs on.

A bound in seconds is written for the machine on which it was chosen. ``in_time`` stretches it by as much as
this machine, at this moment, does a fixed piece of interpreter and array work more slowly, so that a law
about cost holds or fails by the code and not by the machine.
"""

import ast
import time

import numpy as np

#: CPU seconds that the piece of work took, at best of three, where the bounds were chosen.
_NOMINAL = 0.022
_SOURCE = "\n".join(
    f"def f{i}(a, b={i}):\n    return [x * b + {i} for x in a if x > {i}]" for i in range(150)
)
_TEXTS = np.random.default_rng(0).permutation(20_000).astype(str)


def _work() -> float:
    start = time.process_time()
    tree = ast.parse(_SOURCE)
    sum(isinstance(node, ast.Name) for node in ast.walk(tree))
    np.sort(_TEXTS)
    return time.process_time() - start


def in_time(seconds: float, bound: float) -> bool:
    """Whether work that took so many seconds keeps a bound, or would at the pace it was written for."""
    return seconds < bound or seconds < bound * min(_work() for _ in range(3)) / _NOMINAL
