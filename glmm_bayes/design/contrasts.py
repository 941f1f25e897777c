"""Contrasts of a factor: which they are, the numbers of each column, and its name.

==========  ===================  ============================  ==================================
contrast    columns              R's names                     says
==========  ===================  ============================  ==================================
treatment   ``f[b] f[c]``        ``fb fc``                     level minus the first level
sum         ``f[S.a] f[S.b]``    ``f1 f2``                     level minus the mean of the levels
helmert     ``f[H.b] f[H.c]``    ``f1 f2``                     level against the mean of those before
poly        ``f[.L] f[.Q]``      ``f.L f.Q f.C f^4``           trends over equally spaced levels
==========  ===================  ============================  ==================================

The numbers are those of R's ``contr.treatment``, ``contr.sum``, ``contr.helmert`` and ``contr.poly``.
The reference level is the first of ``treatment`` and the last, which has no column, of ``sum``; the
other two have none.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.design.splines import orthogonal, three_terms
from glmm_bayes.spec.expressions import Call, Expr, Text

TREATMENT, SUM, HELMERT, POLY = "treatment", "sum", "helmert", "poly"
#: Position of the reference level, for the contrasts that have one.
REFERENCE = MappingProxyType({TREATMENT: 0, SUM: -1})
#: Trends of more levels than this are no longer orthogonal to the last digits.
MOST_TRENDS = 20

_TRENDS = (".L", ".Q", ".C")


def contrast_of(factor: Expr) -> str:
    """Return the contrasts that a factor asks for; an ordered one has treatment contrasts, too."""
    if isinstance(factor, Call) and factor.function == "C":
        contrast = dict(factor.options).get("contrast")
        return contrast.value if isinstance(contrast, Text) else TREATMENT
    return TREATMENT


def contrast_column(contrast: str, size: int, index: int) -> NDArray[np.float64]:
    """Return what a column of contrasts is at each level, shape (level,).

    Parameters
    ----------
    contrast : str
    size : int
        Number of levels.
    index : int
        That of the level which the column is about; trends count from 1.
    """
    if contrast == POLY:
        return _trends(size)[:, index - 1]
    column = np.zeros(size)
    column[index] = 1.0
    if contrast == SUM:
        column[-1] = -1.0
    elif contrast == HELMERT:
        column[:index] = -1.0
        column[index] = index
    return column


def contrast_indices(contrast: str, size: int) -> range:
    """List the columns of contrasts by index, one fewer than levels."""
    return range(size - 1) if contrast == SUM else range(1, size)


def contrast_label(contrast: str, level: object, index: int) -> str:
    """Name a column of contrasts inside the brackets."""
    if contrast == POLY:
        return _TRENDS[index - 1] if index <= len(_TRENDS) else f".{index}"
    mark = {SUM: "S.", HELMERT: "H."}.get(contrast, "")
    return f"{mark}{level}"


@lru_cache(maxsize=64)
def _trends(size: int) -> NDArray[np.float64]:
    scores = np.arange(1.0, size + 1)
    return orthogonal(scores, three_terms(scores, size - 1))
