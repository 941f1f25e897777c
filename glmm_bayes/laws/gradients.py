"""Cases of a family in; whether the sampler's graph has its density, the gradient, and both far out, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import Array
from glmm_bayes.laws.case import Case
from glmm_bayes.laws.moments import Verdict
from glmm_bayes.laws.points import mean_bounds

#: How far densities of graph and arrays may differ, and derivatives and differences; the step of these.
SAME, SLOPE, _STEP = 1e-8, 1e-4, 1e-5
#: Draws of each point at which graph and gradient are compared.
COMPARED = 5
_FAR = (-30.0, -4.0, 3.0, 30.0)
#: How near to an end of its linear predictor a density is looked at.
_NEAR = 1e-3


@dataclass(frozen=True)
class _Rows:
    """Draws of a case under a link, with their points and their numbers, row by row."""

    case: Case
    link: str
    y: Array
    points: NDArray[np.int64]
    numbers: list[Array]

    def density(self, numbers: Sequence[Array]) -> Array:
        return self.case.log_density(LINKS[self.link], self.y, numbers)

    def at(self, row: int) -> str:
        """Say where a row is."""
        where = self.case.text(int(self.points[row]))
        link = "" if f"link {self.link}" in where else f", link {self.link}"
        return f"at y = {_response(self.y[row])}, {where}{link}"


@dataclass(frozen=True)
class Graphs:
    """The compiled densities of a family, with their slopes.

    Attributes
    ----------
    cases : sequence of Case
    """

    cases: Sequence[Case]

    @cached_property
    def compiled(self) -> dict[str, Any]:
        """The function of responses, trials and numbers, by link."""
        from glmm_bayes.graph.maths import GRAPH
        from glmm_bayes.graph.row_functions import density_with_slopes

        family, inputs = self.cases[0].family, self.cases[0].points.inputs

        def density_under(name: str) -> Any:
            return lambda y, n, numbers: family.log_density(
                y, n, inputs.row_values(LINKS[name], numbers, GRAPH), GRAPH
            )

        names, dimensions = inputs.names, self.cases[0].drawn.ndim - 1
        return {
            name: density_with_slopes(
                density_under(name), names, is_discrete=family.is_discrete, dimensions=dimensions
            )
            for name in family.links
        }

    @cached_property
    def rows(self) -> list[_Rows]:
        """Draws of the points that each link has.

        Raises
        ------
        FormulaError
            ``custom_family`` if no link has any of the values of ``mu``.
        """
        result = []
        for case, name in self._looked_at():
            points, numbers = case.under(name)
            if len(points):
                rows = np.tile(np.arange(len(points)), COMPARED)
                y = np.concatenate(case.drawn[:COMPARED, points])
                result.append(_Rows(case, name, y, points[rows], [values[rows] for values in numbers]))
        if not result:
            message = f"no link of {self.cases[0].family.name} has these values of mu."
            raise FormulaError(Finding("custom_family", message, hint="Give others: mu=(0.5, 2)."))
        return result

    def slopes(self, rows: _Rows, numbers: Sequence[Array]) -> list[Array]:
        """Return the graph's density of each row with its slopes in the numbers."""
        dtype = np.int64 if rows.case.family.is_discrete else np.float64
        n = np.full(len(rows.y), float(rows.case.responses.trials))
        result: list[Array] = self.compiled[rows.link](rows.y.astype(dtype), n, *numbers)
        return result

    def density(self) -> Verdict:
        """Compare the density of the graph with that of arrays."""
        worst = 0.0
        for rows in self.rows:
            of_graph, of_arrays = self.slopes(rows, rows.numbers)[0], rows.density(rows.numbers)
            errors = np.abs(of_graph - of_arrays) / (1.0 + np.abs(of_arrays))
            if not (errors <= SAME).all():
                row = int(np.flatnonzero(~(errors <= SAME))[0])
                return False, f"{of_graph[row]:.6g}, not {of_arrays[row]:.6g}, {rows.at(row)}"
            worst = max(worst, float(errors.max()))
        return True, f"largest relative error {worst:.1g}"

    def gradient(self) -> Verdict:
        """Compare the gradient of the graph with differences of the density of arrays."""
        worst = 0.0
        for rows in self.rows:
            inputs = rows.case.points.inputs
            names = ("the linear predictor" if name == "mu" else name for name in inputs.names)
            for position, (name, slope) in enumerate(zip(names, self._gradient(rows), strict=True)):
                up, down = (_moved(rows.numbers, position, step) for step in (_STEP, -_STEP))
                expected = (rows.density(up) - rows.density(down)) / (up[position] - down[position])
                errors = np.abs(slope - expected) / (1.0 + np.abs(expected))
                if not (errors <= SLOPE).all():
                    row = int(np.flatnonzero(~(errors <= SLOPE))[0])
                    return False, f"in {name} {slope[row]:.6g}, not {expected[row]:.6g}, {rows.at(row)}"
                worst = max(worst, float(errors.max()))
        return True, f"largest relative error {worst:.1g}"

    def far_out(self) -> Verdict:
        """Look for values of density and gradient that are not finite, far out on every link."""
        for case, name in self._looked_at():
            rows, etas = self._far(case, name)
            of_graph = self.slopes(rows, rows.numbers)
            densities = [("density", rows.density(rows.numbers)), ("density", of_graph[0])]
            for what, values in densities + [("gradient", slope) for slope in of_graph[1:]]:
                bad = ~np.isfinite(values)
                if bad.any():
                    row = int(np.flatnonzero(bad)[0])
                    where = f"linear predictor {', '.join(f'{eta:g}' for eta in etas[row])}"
                    where += f", y = {_response(rows.y[row])}, link {name}"
                    return False, f"the {what} is {values[row]:g} at {where}"
        return True, f"links {', '.join(self.cases[0].family.links)}"

    def _gradient(self, rows: _Rows) -> list[Array]:
        return self.slopes(rows, rows.numbers)[1:]

    def _looked_at(self) -> Iterator[tuple[Case, str]]:
        return ((case, name) for case in self.cases for name in case.links)

    def _far(self, case: Case, name: str) -> tuple[_Rows, Array]:
        """Return draws, and all responses of which there are few, at linear predictors far out, and these."""
        y, points = _extremes(case)
        predictors = len(case.points.inputs.predictors)
        etas = np.array(list(product(_far_etas(case, name), repeat=predictors)))
        y, points = (np.concatenate([values] * len(etas)) for values in (y, points))
        etas = np.repeat(etas, len(y) // len(etas), axis=0)
        further = [values[points] for values in case.numbers[predictors:]]
        return _Rows(case, name, y, points, [*etas.T, *further]), etas


def _extremes(case: Case) -> tuple[Array, NDArray[np.int64]]:
    """Return a draw of each point, and every response or end that has a probability, with their points."""
    listed = case.responses.listed
    more = np.array(case.responses.ends) if listed is None else listed
    y = np.concatenate([case.drawn[0], more]) if len(more) else case.drawn[0]
    return y, np.concatenate([np.arange(case.points.size), np.zeros(len(more), np.int64)])


def _far_etas(case: Case, name: str) -> Array:
    """Return linear predictors far out at which ``mu`` is as it may be: positive, if all values are."""
    family, link = case.family, LINKS[name]
    etas = np.array(_FAR)
    if family.has_bounded_predictor(link):
        low, high = link.predictor_domain(mean_bounds(family))
        return np.asarray(np.clip(etas, low + _NEAR, high - _NEAR))
    mu = case.points.values.get("mu")
    if mu is None or case.responses.support in ("real", "categories") or (mu <= 0).any():
        return etas
    return etas[np.asarray(link.inverse(etas)) > 0]


def _moved(numbers: Sequence[Array], position: int, step: float) -> list[Array]:
    return [
        values + step * (1.0 + np.abs(values)) if index == position else values
        for index, values in enumerate(numbers)
    ]


def _response(y: Any) -> str:
    return f"{y:.4g}" if np.ndim(y) == 0 else str(y)
