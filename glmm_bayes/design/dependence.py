"""Fixed-effect columns in, findings out: constants, overflow, and dependence as the combination it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from glmm_bayes.core.errors import Finding, Findings, GlmmError, row_text, shown_value, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.columns import NUMBER, DesignColumn
from glmm_bayes.design.steps import is_step, untold_steps

#: What to do with columns that depend on others.
RANKS = ("error", "drop", "keep")

_RELATIVE_TOLERANCE = 1e-9
# Squares of larger numbers overflow.
_LARGEST = 1e150
# Dependences that are written out, and columns in one of them: dozens help nobody.
_SHOWN, _TERMS = 5, 8


def checked_rank(rank: str) -> str:
    """Return what the user wrote for ``rank`` if it is one of its words.

    Raises
    ------
    GlmmError
        ``settings`` if it is not.
    """
    if not isinstance(rank, str) or rank not in RANKS:
        message = f'rank must be "error", "drop" or "keep", found {shown_value(rank)}.'
        raise GlmmError(Finding("settings", message))
    return rank


def check_fixed(
    columns: Sequence[DesignColumn], x: Array, rows: NDArray[np.object_], findings: Findings, rank: str
) -> tuple[int, ...]:
    """Find columns that are constant beside an intercept, overflow, or depend on earlier ones.

    Returns
    -------
    tuple of int
        Positions of the columns that ``rank="drop"`` removes; empty for the other words.
    """
    huge = _overflowing(columns, x, rows, findings)
    # What is to be dropped or kept is dealt with as the multiple of the intercept that it is.
    untold = untold_steps(columns, x)
    constant = _constant(columns, x, untold, findings) if rank == "error" else set()
    kept = [position for position in range(len(columns)) if position not in huge | constant | untold]
    labels = [columns[position].label for position in kept]
    dependent = {
        kept[position]: _equation(labels, position, weights)
        for position, weights in dependencies(x[:, kept]).items()
    }
    for position, (names, equation) in list(dependent.items())[:_SHOWN]:
        _report(columns[position], names, equation, findings, rank)
    if len(dependent) > _SHOWN:
        _report_others([columns[position] for position in dependent][_SHOWN:], findings, rank)
    return tuple(dependent) if rank == "drop" else ()


def _overflowing(
    columns: Sequence[DesignColumn], x: Array, rows: NDArray[np.object_], findings: Findings
) -> set[int]:
    too_large = np.abs(x) > _LARGEST
    huge = np.flatnonzero(too_large.any(axis=0)).tolist()
    for position in huge:
        bad = tuple(rows[too_large[:, position]].tolist())
        name = _column_name(columns[position])
        message = f"'{columns[position].label}' overflows in {row_text(bad)}."
        findings.error("scale", message, column=name, rows=bad, hint=f"Rescale '{name}'.")
    return set(huge)


def _constant(columns: Sequence[DesignColumn], x: Array, untold: set[int], findings: Findings) -> set[int]:
    if all(column.factors for column in columns):
        return set()
    same = set(np.flatnonzero(np.ptp(x, axis=0) == 0).tolist()) - untold
    constant = sorted(position for position in same if columns[position].factors)
    for position in constant:
        column, value = columns[position], x[0, position]
        word = "predictor" if all(part.coding == NUMBER for part in column.factors) else "column"
        why = "inseparable from the intercept" if value else "no row tells its coefficient"
        message = f"{word} '{column.label}' is {value:g} in all {len(x)} rows: {why}."
        hint = "Remove it." if word == "predictor" else 'Remove it; rank="drop" does and says so.'
        findings.error("constant_column", message, column=_column_name(column), hint=hint)
    return set(constant)


def dependencies(x: Array) -> dict[int, Array]:
    """Write each column that depends on earlier independent ones as their combination.

    Greedy from the left, as in R, so that the later of two equal columns is the one that depends.

    Parameters
    ----------
    x : ndarray, shape (row, column)

    Returns
    -------
    dict of int to ndarray, shape (column,)
        Position of a dependent column to the weights of all columns in it.
    """
    size = x.shape[1]
    if not size:
        return {}
    scale = np.linalg.norm(x, axis=0)
    scale[scale == 0] = 1.0
    # Triangular and as small as the columns are many; lengths and angles are those of the columns.
    scaled = qr(x / scale, mode="r")[0][: min(x.shape)]
    if size <= len(x):
        diagonal = np.abs(np.diagonal(qr(scaled, mode="r", pivoting=True)[0]))
        if diagonal.min() > _RELATIVE_TOLERANCE:
            return {}
    return {position: weights * scale[position] / scale for position, weights in _greedy(scaled).items()}


def _greedy(scaled: Array) -> dict[int, Array]:
    """Go through columns of length one, and write each as a combination of those kept so far if it is one."""
    basis = np.zeros((len(scaled), 0))
    independent: list[int] = []
    combinations = {}
    for position, column in enumerate(scaled.T):
        residual = column - basis @ (basis.T @ column)
        residual -= basis @ (basis.T @ residual)
        length = np.linalg.norm(residual)
        if length > _RELATIVE_TOLERANCE:
            independent.append(position)
            basis = np.column_stack([basis, residual / length])
            continue
        weights = np.zeros(scaled.shape[1])
        if independent:
            weights[independent] = np.linalg.lstsq(scaled[:, independent], column, rcond=None)[0]
        weights[np.abs(weights) < _RELATIVE_TOLERANCE] = 0.0
        combinations[position] = weights
    return combinations


def _equation(labels: Sequence[str], position: int, weights: Array) -> tuple[list[str], str]:
    """Name the columns of a dependence, and write it: ``w = 32 + 1.8*z``."""
    used = [int(index) for index in np.flatnonzero(weights)]
    if len(used) > _TERMS:
        some = value_text([labels[index] for index in used])
        return [labels[position]], f"{labels[position]} = a sum of {len(used)} columns ({some})"
    text = ""
    for index in used:
        size = f"{abs(weights[index]):.6g}"
        if labels[index] == "Intercept":
            what = size
        else:
            what = labels[index] if size == "1" else f"{size}*{labels[index]}"
        sign = "-" if weights[index] < 0 else "+"
        text += f" {sign} {what}" if text else what if sign == "+" else f"-{what}"
    names = [labels[index] for index in [*used, position]]
    return names, f"{labels[position]} = {text or '0'}"


def _report(column: DesignColumn, names: list[str], equation: str, findings: Findings, rank: str) -> None:
    name = _column_name(column)
    if rank == "drop" and is_step(column):
        message = f"'{column.label}' = {equation.partition(' = ')[2]} is a step and cannot be removed alone."
        findings.error("rank_deficient", message, column=name, hint=f"Remove {column.term}.")
    elif rank == "error":
        listed = f"columns {', '.join(names)} are" if len(names) > 1 else f"column {names[0]} is"
        hint = f"Remove one; or rank=\"drop\" removes '{column.label}' and says so"
        hint += '; or rank="keep" keeps all, told apart by their priors alone.'
        message = f"{listed} linearly dependent: {equation}."
        findings.error("rank_deficient", message, column=name, hint=hint)
    elif rank == "drop":
        findings.note("rank_deficient", f"removed '{column.label}', for {equation}.", column=name)
    else:
        message = f"kept '{column.label}', though {equation}: told apart by the priors alone."
        findings.note("rank_deficient", message, column=name)


def _report_others(columns: Sequence[DesignColumn], findings: Findings, rank: str) -> None:
    """Count the dependences that are not written out."""
    listed = value_text([column.label for column in columns])
    tell = findings.error if rank == "error" else findings.note
    tell(
        "rank_deficient",
        f"{len(columns)} more columns depend on earlier ones: {listed}.",
        column=_column_name(columns[0]),
        hint="Write fewer interactions or basis functions than the rows can tell apart."
        if rank == "error"
        else "",
    )


def _column_name(column: DesignColumn) -> str | None:
    names = column.term.names()
    return names[0] if names else None
