"""Graph variables in, a function of NumPy arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

from glmm_bayes.core.links import Link
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import Family
from glmm_bayes.graph.maths import GRAPH

#: Rewritten for digits as the sampled graph is; without C, whose compilation takes seconds.
_MODE = Mode(linker="py", optimizer="fast_run").excluding("fusion", "inplace")


def row_function(inputs: Sequence[Any], outputs: Any) -> Any:
    """Return the function that computes ``outputs``; out of a distribution's range they are not finite."""
    return pm.compile(inputs, outputs, mode=_MODE, on_unused_input="ignore")


def density_with_slopes(family: Family, link: Link) -> Any:
    """Return the function of responses, the linear predictor and each further parameter, shape (row,).

    It gives the log density of each row as it is sampled, and its slope in the predictor and parameters.
    """
    names = ("mu", *family.auxiliaries)
    inputs = [pt.vector(name, dtype="float64") for name in names]
    at = {name: number(value, GRAPH) for name, value in zip(names, inputs, strict=True)}
    at["mu"] = RowValue(link, inputs[0], GRAPH)
    y = pt.vector("y", dtype="int64" if family.is_discrete else "float64")
    density = family.log_density(y, pt.ones_like(inputs[0]), at, GRAPH) + pt.zeros_like(inputs[0])
    slopes = pytensor.grad(density.sum(), inputs, disconnected_inputs="ignore")
    return row_function([y, *inputs], [density, *slopes])
