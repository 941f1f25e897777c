"""Design columns in, findings out: constant columns and linear dependence, in the user's words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from glmm_bayes.core.errors import Findings, row_text
from glmm_bayes.design.columns import NUMBER, DesignColumn

_RELATIVE_TOLERANCE = 1e-9
# Squares of larger numbers overflow.
_LARGEST = 1e150


def check_fixed(
    columns: Sequence[DesignColumn], x: NDArray[np.float64], rows: NDArray[np.object_], findings: Findings
) -> None:
    """Find predictors that are constant beside an intercept, and columns that depend on others."""
    has_intercept = any(not column.parts for column in columns)
    constant = [
        position
        for position, column in enumerate(columns)
        if column.parts and has_intercept and np.ptp(x[:, position]) == 0
    ]
    for position in constant:
        column = columns[position]
        word = "predictor" if all(part.coding == NUMBER for part in column.parts) else "column"
        message = (
            f"{word} '{column.label}' is {x[0, position]:g} in all {len(rows)} rows: "
            "inseparable from the intercept."
        )
        names = column.term.names()
        findings.error("constant_column", message, column=names[0] if names else None, hint="Remove it.")
    huge = [
        position for position in range(len(columns)) if np.abs(x[:, position]).max(initial=0.0) > _LARGEST
    ]
    for position in huge:
        column = columns[position]
        bad = tuple(rows[np.abs(x[:, position]) > _LARGEST].tolist())
        message = f"'{column.label}' overflows in {row_text(bad)}."
        names = column.term.names()
        name = names[0] if names else None
        findings.error("scale", message, column=name, rows=bad, hint=f"Rescale '{name}'.")
    kept = [position for position in range(len(columns)) if position not in {*constant, *huge}]
    _check_rank([columns[position] for position in kept], x[:, kept], findings)


def _check_rank(columns: Sequence[DesignColumn], x: NDArray[np.float64], findings: Findings) -> None:
    if not columns:
        return
    scale = np.linalg.norm(x, axis=0)
    scale[scale == 0] = 1.0
    scaled = x / scale
    if x.shape[1] <= x.shape[0]:
        # One factorization tells that nothing depends on anything; only else each column is looked at.
        diagonal = np.abs(np.diagonal(qr(scaled, mode="r", pivoting=True)[0]))
        if diagonal.min() > _RELATIVE_TOLERANCE:
            return
    # Greedy from the left, so that the later of two equal columns is the one that is named.
    basis: list[int] = []
    for position in range(len(columns)):
        if _depends(scaled[:, basis], scaled[:, position]):
            combination = (
                np.linalg.lstsq(x[:, basis], x[:, position], rcond=None)[0] if basis else np.zeros(0)
            )
            _report(columns, basis, position, combination, findings)
        else:
            basis.append(position)
            if len(basis) == len(columns) and len(columns) <= x.shape[0]:
                return


def _depends(basis: NDArray[np.float64], column: NDArray[np.float64]) -> bool:
    if not basis.shape[1]:
        return bool(np.linalg.norm(column) == 0)
    q, _ = qr(basis, mode="economic")
    residual = column - q @ (q.T @ column)
    residual -= q @ (q.T @ residual)
    return bool(np.linalg.norm(residual) < _RELATIVE_TOLERANCE)


def _report(
    columns: Sequence[DesignColumn],
    basis: Sequence[int],
    position: int,
    combination: NDArray[np.float64],
    findings: Findings,
) -> None:
    label = columns[position].label
    parts = [
        f"{weight:.6g}*{columns[index].label}"
        for index, weight in zip(basis, combination, strict=True)
        if abs(weight) > 1e-9
    ]
    equation = f"{label} = {' + '.join(parts) or '0'}".replace("+ -", "- ").replace(" 1*", " ")
    names = columns[position].term.names()
    message = f"columns are linearly dependent: {equation}."
    findings.error("rank_deficient", message, column=names[0] if names else None, hint=f"Remove {label}.")
