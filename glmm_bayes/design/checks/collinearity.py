"""Fixed-effect columns in, findings out: near dependence and scales that lie far apart.

References
----------
Belsley, Kuh and Welsch (1980), Regression Diagnostics, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import Array
from glmm_bayes.design.checks.subject import Subject
from glmm_bayes.design.columns import NUMBER

#: From here on Belsley, Kuh and Welsch call a dependence moderate to strong.
LARGE_INDEX = 30.0
#: A coefficient is part of a dependence that makes up this share of its variance.
LARGE_SHARE = 0.5
#: Ratio of standard deviations from which predictors are said to be on scales far apart.
FAR_SCALES = 1e3

# A smaller singular value is an exact dependence, which is told as such.
_EXACT = 1e-9


@dataclass(frozen=True)
class Decomposition:
    """Condition indexes of columns of unit length, and the shares of each coefficient's variance.

    Attributes
    ----------
    indexes : ndarray, shape (dimension,)
    shares : ndarray, shape (dimension, column)
        Each column adds up to one.
    """

    indexes: Array
    shares: Array


def decompose(x: Array) -> Decomposition:
    """Decompose the variance of least-squares coefficients along the singular directions of ``x``."""
    lengths = np.linalg.norm(x, axis=0)
    small = np.linalg.qr(x / np.where(lengths > 0, lengths, 1.0), mode="r")
    _, singular, directions = np.linalg.svd(small, full_matrices=False)
    kept = singular > _EXACT * singular.max(initial=0.0)
    singular, directions = singular[kept], directions[kept]
    variances = (directions / singular[:, None]) ** 2
    totals = variances.sum(axis=0)
    shares = variances / np.where(totals > 0, totals, 1.0)
    return Decomposition(singular.max(initial=0.0) / singular, shares)


def check_collinear(subject: Subject, findings: Findings) -> None:
    """Find columns that nearly determine each other.

    Beside an intercept columns are centred first: the intercept is meant at the average row, and that a
    year lies far from 0 does not make its effect hard to learn.
    """
    design = subject.design
    has_intercept = any(not column.factors for column in design.columns)
    positions = [i for i, column in enumerate(design.columns) if column.factors]
    if len(positions) < 2:
        return
    x = design.x[:, positions]
    result = decompose(_centred(x) if has_intercept else x)
    columns = [design.columns[position] for position in positions]
    told: set[frozenset[str]] = set()
    for dimension in np.argsort(-result.indexes):
        index = result.indexes[dimension]
        shares = result.shares[dimension]
        order = np.argsort(-shares, kind="stable")
        first, second = sorted(order[:2])
        pair = frozenset((columns[first].label, columns[second].label))
        if index <= LARGE_INDEX or shares[order[1]] <= LARGE_SHARE or pair in told:
            continue
        told.add(pair)
        message = (
            f"'{columns[first].label}' and '{columns[second].label}' nearly determine each other "
            f"(condition index {index:.0f}): their effects are known as a sum better than apart."
        )
        others = [columns[i].label for i in sorted(order[2:]) if shares[i] > LARGE_SHARE]
        hint = f"So do {', '.join(others)} with them." if others else ""
        name = columns[second].term.names()[0]
        findings.warning("collinear", message, column=name, hint=hint)


def _centred(x: Array) -> Array:
    """Subtract the means; a column that was kept though it is constant leaves zeros, not rounding."""
    return np.where(np.ptp(x, axis=0) > 0, x - x.mean(axis=0), 0.0)


def check_scales(subject: Subject, findings: Findings) -> None:
    """Find numeric predictors whose standard deviations lie far apart."""
    design = subject.design
    spreads = {
        column.label: (float(np.std(design.x[:, position])), column.term.names()[0])
        for position, column in enumerate(design.columns)
        if len(column.factors) == 1 and column.factors[0].coding == NUMBER
    }
    spreads = {label: spread for label, spread in spreads.items() if spread[0] > 0}
    if not spreads:
        return
    wide = max(spreads, key=lambda label: spreads[label][0])
    narrow = min(spreads, key=lambda label: spreads[label][0])
    ratio = spreads[wide][0] / spreads[narrow][0]
    if ratio >= FAR_SCALES:
        message = (
            f"sd of '{wide}' is {ratio:.3g} times that of '{narrow}': standardised inside, "
            "reported on your scale."
        )
        findings.note("scale", message, column=spreads[wide][1])
