"""One numeric column in, several out: polynomials and splines, and what they learn on the training rows.

Everything is computed row by row, so that a row has the same bits alone as in its table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from glmm_bayes.spec.expressions import Call, Expr, Flag, Number

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

Values = NDArray[np.float64]
#: What a call learnt on the training rows: numbers, or lists of numbers, by name.
Learnt = dict[str, float | list[float]]

_CUBIC = 3
#: Rows below which outer knots of a restricted cubic spline are the fifth smallest and largest value; share
#: of the rows that makes a knot of its own of an end.
_FEW, _TIED = 100, 0.05
#: Fewer values between shared ends have no fifth one.
_FEWEST = 5


def is_basis(factor: Expr) -> bool:
    """Tell whether an expression makes several columns of numbers."""
    return isinstance(factor, Call) and factor.function in _LEARN


def width(call: Call) -> int:
    """Count the columns of a basis; its call alone decides."""
    if call.function == "poly":
        return _degree(call)
    given = _given(call)
    if call.function == "rcs":
        return len(given["knots"]) - 1 if "knots" in given else int(given.get("nk", [5.0])[0]) - 1
    if "df" in given:
        return int(given["df"][0])
    knots = len(given.get("knots", ()))
    return knots + (_degree(call) if call.function == "bs" else 1)


def problem(call: Call, values: Values) -> str:
    """Say what is wrong with the training rows for this basis; empty if nothing is."""
    distinct = len(np.unique(values))
    column = f"'{call.arguments[0]}'"
    # With an intercept beside them, columns are told apart by as many values and one more.
    least = (_degree(call) if call.function == "poly" else width(call)) + 1
    if distinct < least:
        word = "value" if distinct == 1 else "values"
        return f"{call}: {column} has {distinct} distinct {word}; at least {least} are needed."
    if call.function == "poly":
        return ""
    if call.function == "rcs":
        return _problem_of_rcs(call, values)
    low, high = _bounds(call, values)
    observed = f"{column} is in [{values.min():g}, {values.max():g}]"
    if low >= high or not ((values >= low) & (values <= high)).any():
        return f"{call}: no value lies between lower and upper; {observed}."
    knots = _given(call).get("knots", [])
    if not all(low < knot < high for knot in knots):
        return f"{call}: each knot must lie inside [{low:g}, {high:g}]; {observed}."
    return ""


def learn(call: Call, values: Values) -> Learnt:
    """Learn from the training rows what it takes to compute the basis of any row."""
    return _LEARN[call.function](call, values)


def basis(call: Call, values: Values, learnt: Learnt) -> Values:
    """Compute the columns of a basis, shape (row, column)."""
    return _COMPUTE[call.function](call, values, learnt)


def number(learnt: Learnt, name: str) -> float:
    """Return a learnt number."""
    value = learnt[name]
    assert isinstance(value, float)
    return value


def numbers(learnt: Learnt, name: str) -> Values:
    """Return learnt numbers, shape (item,)."""
    return np.asarray(learnt[name], np.float64)


def _given(call: Call) -> dict[str, list[float]]:
    """Return the numbers of each option."""
    return {
        name: [part.value for part in (value.arguments if isinstance(value, Call) else (value,))
               if isinstance(part, Number)]
        for name, value in call.options
    }  # fmt: skip


def _degree(call: Call) -> int:
    if call.function == "poly":
        degree = call.arguments[1]
        assert isinstance(degree, Number)
        return int(degree.value)
    return int(_given(call).get("degree", [float(_CUBIC)])[0]) if call.function == "bs" else _CUBIC


def _bounds(call: Call, values: Values) -> tuple[float, float]:
    given = _given(call)
    low = given.get("lower", [float(values.min())])[0]
    return low, given.get("upper", [float(values.max())])[0]


def _learn_poly(call: Call, values: Values) -> Learnt:
    learnt: Learnt = {"lower": float(values.min()), "upper": float(values.max())}
    return learnt if _is_raw(call) else learnt | three_terms(values, _degree(call))


def three_terms(values: Values, degree: int) -> Learnt:
    """Return the recurrence of the polynomials that are orthogonal on the values.

    ``P[k + 1] = (x - alpha[k]) P[k] - norm2[k + 1] / norm2[k] P[k - 1]``, as R's ``poly`` keeps it:
    ``norm2`` holds 1 and then the squared norms of ``P[0], P[1], ...``.
    """
    alpha: list[float] = []
    norm2 = [1.0, float(len(values))]
    before, current = np.zeros_like(values), np.ones_like(values)
    for _ in range(degree):
        alpha.append(float(np.sum(values * current**2)) / norm2[-1])
        before, current = current, (values - alpha[-1]) * current - norm2[-1] / norm2[-2] * before
        norm2.append(float(np.sum(current**2)))
    return {"alpha": alpha, "norm2": norm2}


def orthogonal(values: Values, learnt: Learnt) -> Values:
    """Compute orthonormal polynomials of degree 1 and more by their recurrence."""
    alpha, norm2 = numbers(learnt, "alpha"), numbers(learnt, "norm2")
    result = np.empty((len(values), len(alpha)))
    before, current = np.zeros_like(values), np.ones_like(values)
    for k, centre in enumerate(alpha):
        before, current = current, (values - centre) * current - norm2[k + 1] / norm2[k] * before
        result[:, k] = current / np.sqrt(norm2[k + 2])
    return result


def _poly(call: Call, values: Values, learnt: Learnt) -> Values:
    if _is_raw(call):
        return np.stack([values**power for power in range(1, _degree(call) + 1)], axis=1)
    return orthogonal(values, learnt)


def _is_raw(call: Call) -> bool:
    return dict(call.options).get("raw") == Flag(True)


def _learn_spline(call: Call, values: Values) -> Learnt:
    """Put interior knots at quantiles of the values within the boundary knots, as R does."""
    low, high = _bounds(call, values)
    knots = _given(call).get("knots")
    if knots is None:
        count = width(call) - (_degree(call) if call.function == "bs" else 1)
        inside = values[(values >= low) & (values <= high)]
        knots = np.quantile(inside, np.linspace(0, 1, count + 2)[1:-1]).tolist()
    return {"lower": low, "upper": high, "knots": knots}


def _b_spline(learnt: Learnt, degree: int) -> BSpline:
    from scipy.interpolate import BSpline

    ends = [[number(learnt, name)] * (degree + 1) for name in ("lower", "upper")]
    knots = np.sort(np.concatenate([ends[0], numbers(learnt, "knots"), ends[1]]))
    return BSpline(knots, np.eye(len(knots) - degree - 1), degree, extrapolate=True)


def _bs(call: Call, values: Values, learnt: Learnt) -> Values:
    """Compute B-splines without the first, as R's ``bs``; beyond the ends their last piece goes on."""
    columns: Values = _b_spline(learnt, _degree(call))(values)[:, 1:]
    return columns


def _ns(call: Call, values: Values, learnt: Learnt) -> Values:
    """Compute natural cubic splines as R's ``ns``: without curvature at the ends, linear beyond them."""
    spline = _b_spline(learnt, _CUBIC)
    ends = np.array([number(learnt, "lower"), number(learnt, "upper")])
    inside = np.clip(values, *ends)
    columns = spline(inside)
    slopes = spline(ends, nu=1)
    for outside, slope in zip((values < ends[0], values > ends[1]), slopes, strict=True):
        columns[outside] += (values - inside)[outside, None] * slope
    curvature = spline(ends, nu=2)[:, 1:]
    return _without(columns[:, 1:], curvature)


def _learn_cr(call: Call, values: Values) -> Learnt:
    knots = np.quantile(np.unique(values), np.linspace(0, 1, width(call) + 1))
    means = _cardinal(values, knots).mean(axis=0)
    return {
        "lower": float(knots[0]), "upper": float(knots[-1]), "knots": knots[1:-1].tolist(),
        "means": means.tolist(),
    }  # fmt: skip


def _cr(call: Call, values: Values, learnt: Learnt) -> Values:
    """Compute a cubic regression spline that is centred on the training rows.

    The cardinal basis of Wood (2017), section 5.3.1, has a column for each of df + 1 knots and adds up
    to 1. The direction in which a curve has another mean over the training rows is taken out, so that
    df columns are left which an intercept does not span.
    """
    knots = np.array([number(learnt, "lower"), *numbers(learnt, "knots"), number(learnt, "upper")])
    return _without(_cardinal(values, knots), numbers(learnt, "means")[None, :])


def _cardinal(values: Values, knots: Values) -> Values:
    """Compute for each knot the natural cubic spline that is 1 there and 0 at the other knots."""
    gaps = np.diff(knots)
    piece = np.clip(np.searchsorted(knots, values) - 1, 0, len(gaps) - 1)
    gap, right, left = gaps[piece], knots[piece + 1] - values, values - knots[piece]
    # Beyond the ends the cubic part of the end with no curvature would not vanish.
    high = np.where(values > knots[-1], 0.0, right**3) / (6 * gap) - gap * right / 6
    low = np.where(values < knots[0], 0.0, left**3) / (6 * gap) - gap * left / 6
    curvature = _curvature(gaps)
    result = high[:, None] * curvature[piece] + low[:, None] * curvature[piece + 1]
    rows = np.arange(len(values))
    result[rows, piece] += right / gap
    result[rows, piece + 1] += left / gap
    return np.asarray(result)


def _curvature(gaps: Values) -> Values:
    """Return second derivatives at the knots of each cardinal spline, shape (knot, spline)."""
    count = len(gaps) + 1
    result = np.zeros((count, count))
    if count == 2:
        return result
    differences = np.zeros((count - 2, count))
    inner = np.arange(count - 2)
    differences[inner, inner] = 1 / gaps[:-1]
    differences[inner, inner + 2] = 1 / gaps[1:]
    differences[inner, inner + 1] = -1 / gaps[:-1] - 1 / gaps[1:]
    beside = np.append(gaps[1:-1] / 6, 0.0)
    bands = np.array([np.roll(beside, 1), (gaps[:-1] + gaps[1:]) / 3, beside])
    result[1:-1] = solve_banded((1, 1), bands, differences)
    return result


def _without(columns: Values, constraints: Values) -> Values:
    """Combine columns into those that meet ``constraints @ weights = 0``, as many fewer."""
    kept = np.linalg.qr(constraints.T, mode="complete")[0][:, len(constraints) :]
    result = np.zeros((len(columns), kept.shape[1]))
    # Column by column: a matrix product may add up in another order for another number of rows.
    for position, weights in enumerate(kept.T):
        for column, weight in zip(columns.T, weights, strict=True):
            result[:, position] += weight * column
    return result


def _problem_of_rcs(call: Call, values: Values) -> str:
    n_knots, column = width(call) + 1, f"'{call.arguments[0]}'"
    if len(values) < 6 and "knots" not in _given(call):
        return f"{call}: {column} has {len(values)} rows; its knots are placed from at least 6."
    n_distinct = len(_rcs_knots(call, values))
    if n_distinct < n_knots:
        return f"{call}: {column} has values for {n_distinct} different knots; {n_knots} are asked for."
    return ""


def _rcs_knots(call: Call, values: Values) -> Values:
    """Place the knots of a restricted cubic spline at quantiles; of few rows, the outer ones at the fifth.

    A value at either end that a twentieth of the rows share gets a knot of its own, and the others are
    placed by the rest.

    References
    ----------
    Stone and Koo (1985), Additive splines in statistics. Harrell (2015), Regression modeling strategies,
    section 2.4.6; the R package Hmisc, function ``rcspline.eval``.
    """
    given = _given(call)
    if "knots" in given:
        return np.asarray(given["knots"])
    count = int(given.get("nk", [5.0])[0])
    distinct = np.unique(values)
    if len(distinct) - 2 <= count:
        return distinct[1:-1]
    outer = 0.1 if count == 3 else 0.05 if count <= 6 else 0.025
    first, last, inner = _tied_ends(values)
    left = count - len(first) - len(last)
    shares = np.linspace(outer, 1 - outer, left) if left != 2 else np.array([0.5, 1 - outer])
    knots = np.quantile(inner, shares) if left > 1 else np.array([np.median(inner)])
    if len(inner) < _FEWEST:
        return np.unique(np.concatenate([first, last]))
    if len(inner) < _FEW:
        ordered = np.sort(inner)
        if not len(first):
            knots[0] = ordered[4]
        if not len(last):
            knots[-1] = ordered[-5]
    return np.unique(np.concatenate([first, knots, last]))


def _tied_ends(values: Values) -> tuple[Values, Values, Values]:
    """Return the knots of ends that many rows share, below and above, and the values between them."""
    distinct, counts = np.unique(values, return_counts=True)
    shares, none = counts / len(values), np.zeros(0)
    if len(distinct) < 3 or shares[1:-1].max() >= _TIED:
        return none, none, values
    first = distinct[1:2] if shares[0] >= _TIED else none
    inner = values[values > first[0]] if len(first) else values
    last = none
    if shares[-1] >= _TIED:
        last = np.array([inner[inner < inner.max()].max()])
        inner = inner[inner < last[0]]
    return first, last, inner


def _learn_rcs(call: Call, values: Values) -> Learnt:
    return {
        "lower": float(values.min()),
        "upper": float(values.max()),
        "knots": _rcs_knots(call, values).tolist(),
    }


def _rcs(call: Call, values: Values, learnt: Learnt) -> Values:
    """Compute a restricted cubic spline: x, then truncated cubes that are linear beyond the outer knots."""
    knots = numbers(learnt, "knots")
    first, before, last = knots[0], knots[-2], knots[-1]
    scale = (last - first) ** (2 / 3)

    def cube(knot: float) -> Values:
        return np.asarray(np.maximum((values - knot) / scale, 0.0) ** 3)

    columns = [values]
    for knot in knots[:-2]:
        tail = (before - knot) * cube(last) - (last - knot) * cube(before)
        columns.append(cube(knot) + tail / (last - before))
    return np.stack(columns, axis=1)


_LEARN: Mapping[str, Callable[[Call, Values], Learnt]] = {
    "poly": _learn_poly,
    "bs": _learn_spline,
    "ns": _learn_spline,
    "cr": _learn_cr,
    "rcs": _learn_rcs,
}
_COMPUTE: Mapping[str, Callable[[Call, Values, Learnt], Values]] = {
    "poly": _poly,
    "bs": _bs,
    "ns": _ns,
    "cr": _cr,
    "rcs": _rcs,
}
