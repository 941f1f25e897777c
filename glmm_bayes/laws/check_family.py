"""A family in, a table out: whether its density, mean, variance, draws and gradient fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from glmm_bayes.core.arguments import checked_seed, whole_number
from glmm_bayes.core.errors import Finding, FormulaError, GlmmError
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.graph.custom_families import made_family
from glmm_bayes.laws.integrals import NumericalLaw, law_of
from glmm_bayes.laws.points import given_parameters, mean_bounds, usual, usual_means, values_of
from glmm_bayes.spec.custom_family import CustomFamily

Array = NDArray[np.float64]

#: Of numbers and of counts with one linear predictor.
_SUPPORTS = ("count", "positive", "real", "unit")
#: A density with an edge is summed up to about this.
_TOLERANCE = 1e-3
#: Of the graph and of arrays; of derivatives and differences.
_SAME, _SLOPE, _STEP = 1e-8, 1e-4, 1e-5
#: Draws that fit their density pass with all but this probability, a point.
_RARE = 1e-5
#: Draws of each point at which graph and gradient are compared.
_COMPARED = 5
_MOST_DRAWS = 1_000_000
#: Expected draws below which a cell of chi-square is merged.
_FEW = 5.0
_FAR = (-30.0, -4.0, 3.0, 30.0)

#: Whether a law holds, and what was found.
Verdict = tuple[bool, str]


@dataclass(frozen=True)
class _Subject:
    """A family at some points of its parameters.

    Attributes
    ----------
    family : Family
    support : str
    values : mapping of str to ndarray, shape (point,)
        Of each parameter.
    drawn : ndarray, shape (draw, point)
    """

    family: Family
    support: str
    values: Mapping[str, Array]
    drawn: Array

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.values["mu"])

    @cached_property
    def laws(self) -> list[NumericalLaw]:
        """What follows from the density at each point."""
        at = {name: number(values[None]) for name, values in self.values.items()}
        centre, variance = self.family.mean(at)[0], self.family.variance(at)[0]
        usable = np.isfinite(variance) & (variance > 0)
        scale = np.where(usable, np.sqrt(np.where(usable, variance, 1.0)), 1.0)
        centre = np.where(np.isfinite(centre), centre, 0.0)
        return [
            law_of(self._density_at(point), self.support, float(centre[point]), float(scale[point]))
            for point in range(self.size)
        ]

    @cached_property
    def graphs(self) -> dict[str, Any]:
        """The compiled density with its slopes, by link."""
        from glmm_bayes.graph.row_functions import density_with_slopes

        return {name: density_with_slopes(self.family, LINKS[name]) for name in self.family.links}

    def _density_at(self, point: int) -> Any:
        at = {name: number(values[point : point + 1]) for name, values in self.values.items()}

        def log_density(y: Array) -> Array:
            with np.errstate(all="ignore"):
                found = self.family.log_density(y, np.ones_like(y), at, NUMPY)
            return np.asarray(np.broadcast_to(found, y.shape), np.float64)

        return log_density

    def words(self, point: int) -> str:
        """Write the parameters of a point."""
        return ", ".join(f"{name} = {values[point]:.4g}" for name, values in self.values.items())


def check_family(
    family: CustomFamily | str,
    mu: Sequence[float] | None = None,
    parameters: Mapping[str, Sequence[float]] | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Check a family by the laws that the listed families keep.

    The density sums up to 1 over its support; mean and variance are those of the density; draws have
    its distribution (Kolmogorov-Smirnov, chi-square for counts); the sampler's graph has the density of
    arrays; its gradient is that of differences; and both are finite 30 units out on every link.

    Parameters
    ----------
    family : CustomFamily or str
        A family of yours, registered or not, or the name of a registered one of numbers or counts.
    mu : sequence of float, optional
        Values of ``mu``. Default: four that its first link has.
    parameters : mapping of str to sequence of float, optional
        Values of each further parameter, equally many. Default: two about the middle of its prior.
    draws : int
        Random draws for each combination of ``mu`` and the further parameters.
    seed : int

    Returns
    -------
    pandas.DataFrame
        Columns ``law``, ``result`` ("passed" or "failed") and ``found``, the worst of all points.

    Raises
    ------
    FormulaError
        ``unknown_family``; ``custom_family`` if the family is not one of numbers or counts, has no such
        parameter, or not such values of it; ``settings`` of draws and seed.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> table = gb.check_family("poisson")
    >>> set(table["result"])
    {'passed'}
    """
    draws = whole_number("draws", draws, 1, _MOST_DRAWS, FormulaError)
    seed = checked_seed(seed, FormulaError)
    subject = _subject(family, mu, parameters, max(draws, _COMPARED), seed)
    is_count = subject.support == "count"
    rows: list[tuple[str, Verdict]] = [
        (f"the density {'sums' if is_count else 'integrates'} to 1", _total(subject)),
        ("the mean is that of the density", _moment(subject, "mean")),
        ("the variance is that of the density", _moment(subject, "variance")),
        ("draws lie in the support", _in_support(subject)),
        ("draws have the distribution of the density", _distribution(subject)),
        ("the graph has the density of arrays", _graph(subject)),
        ("the gradient is that of differences", _gradient(subject)),
        ("density and gradient are finite 30 units out", _far(subject)),
    ]
    table = pd.DataFrame(
        [(law, "passed" if holds else "failed", found) for law, (holds, found) in rows],
        columns=["law", "result", "found"],
        dtype=object,
    )
    caption = f"Laws of the family {subject.family.name} at {subject.size} points of its parameters."
    return captioned(table, caption, left_aligned=tuple(table.columns))


def _subject(
    family: CustomFamily | str,
    mu: Sequence[float] | None,
    parameters: Mapping[str, Sequence[float]] | None,
    draws: int,
    seed: int,
) -> _Subject:
    made = made_family(family) if isinstance(family, CustomFamily) else FAMILIES[family]
    support = made.support.kind
    if support not in _SUPPORTS:
        message = f"the laws of {made.name} are not those of numbers or counts with one linear predictor."
        raise FormulaError(Finding("custom_family", message, hint="Check a gb.CustomFamily."))
    given = given_parameters(made, parameters)
    settings = {
        name: values_of(f"parameters['{name}']", given[name], LINKS[made.kinds[name].link].bounds)
        if name in given
        else usual(made, name)
        for name in made.auxiliaries
    }
    if len({values.shape for values in settings.values()}) > 1:
        message = "parameters must have equally many values: " + ", ".join(
            f"{name} {values.size}" for name, values in settings.items()
        )
        raise FormulaError(Finding("custom_family", f"{message}.", hint="Give values for each of them."))
    means = values_of("mu", usual_means(made, support) if mu is None else mu, mean_bounds(made, support))
    times = len(next(iter(settings.values()))) if settings else 1
    values = {"mu": np.repeat(means, times)}
    values |= {name: np.tile(setting, len(means)) for name, setting in settings.items()}
    at = {name: number(np.tile(value, (draws, 1))) for name, value in values.items()}
    try:
        drawn = made.random(np.random.default_rng(seed), np.ones(len(values["mu"])), at)
    except (ArithmeticError, TypeError, ValueError) as error:
        if isinstance(error, GlmmError):
            raise
        message = f"random of {made.name} fails at these values of mu and parameters: {error}."
        raise FormulaError(Finding("custom_family", message)) from error
    return _Subject(made, support, values, drawn)


def _total(subject: _Subject) -> Verdict:
    return _worst(subject, np.array([law.total for law in subject.laws]), np.ones(subject.size), 1.0, "is")


def _moment(subject: _Subject, word: str) -> Verdict:
    at = {name: number(values[None]) for name, values in subject.values.items()}
    of_family = subject.family.mean if word == "mean" else subject.family.variance
    variances = np.array([law.variance for law in subject.laws])
    units = np.sqrt(variances) if word == "mean" else variances
    expected = np.array([getattr(law, word) for law in subject.laws])
    return _worst(subject, np.asarray(of_family(at)[0], np.float64), expected, units, f"{word} is")


def _worst(subject: _Subject, found: Array, expected: Array, units: Any, words: str) -> Verdict:
    """Compare numbers, one a point, in their units; tell the point where they differ most."""
    errors = np.abs(found - expected) / units
    errors = np.where(np.isfinite(errors), errors, np.inf)
    point = int(np.argmax(errors))
    if errors[point] <= _TOLERANCE:
        return True, f"largest relative error {errors[point]:.1g}"
    return False, f"{words} {found[point]:.4g}, not {expected[point]:.4g}, at {subject.words(point)}"


def _in_support(subject: _Subject) -> Verdict:
    y = subject.drawn
    inside = np.isfinite(y)
    if subject.support != "real":
        inside &= y >= 0 if subject.support == "count" else y > 0
    if subject.support == "count":
        inside &= y == np.floor(y)
    if subject.support == "unit":
        inside &= y < 1
    if inside.all():
        return True, f"{y.size:,} draws"
    _, point = np.argwhere(~inside)[0]
    return (
        False,
        f"{int((~inside).sum()):,} of {y.size:,} do not: {y[~inside][0]:.4g} at {subject.words(point)}",
    )


def _distribution(subject: _Subject) -> Verdict:
    test = _chi_square if subject.support == "count" else _kolmogorov
    chances = np.array([test(y, law) for y, law in zip(subject.drawn.T, subject.laws, strict=True)])
    point = int(np.argmin(np.where(np.isnan(chances), -1.0, chances)))
    name = "chi-square" if subject.support == "count" else "Kolmogorov-Smirnov"
    found = f"smallest p-value {chances[point]:.2g} ({name}, {len(subject.drawn):,} draws a point)"
    if chances[point] > _RARE:
        return True, found
    return False, f"{found}, at {subject.words(point)}"


def _kolmogorov(sample: Array, law: NumericalLaw) -> float:
    if not np.isfinite(law.mean):
        return 0.0
    return float(stats.kstest(sample, lambda y: np.interp(y, law.y, law.distribution)).pvalue)


def _chi_square(sample: Array, law: NumericalLaw) -> float:
    """Compare numbers of draws with those expected in about twenty cells."""
    if not np.isfinite(law.mean) or not np.isfinite(sample).all():
        return 0.0
    edges = np.unique(np.searchsorted(law.distribution, np.linspace(0.0, 1.0, 21)[1:-1]))
    expected = np.diff(np.concatenate([[0.0], law.distribution[edges], [1.0]])) * len(sample)
    cells = np.searchsorted(edges, np.maximum(sample, 0.0), side="left")
    # What chi-square does not hold for, a few draws expected, goes to the largest cell.
    cells = np.where(expected >= _FEW, np.arange(len(expected)), np.argmax(expected))[cells]
    observed = np.bincount(cells, minlength=len(expected))
    kept = expected >= _FEW
    statistic = float((((observed - expected) ** 2)[kept] / expected[kept]).sum())
    return float(stats.chi2(max(int(kept.sum()) - 1, 1)).sf(statistic))


def _graph(subject: _Subject) -> Verdict:
    worst = 0.0
    for name, y, points, inputs in _rows(subject):
        found = _graph_of(subject, name, y, inputs)[0]
        expected = _density(subject.family, name, y, inputs)
        errors = np.abs(found - expected) / (1.0 + np.abs(expected))
        if not (errors <= _SAME).all():
            row = int(np.flatnonzero(~(errors <= _SAME))[0])
            where = f"at y = {y[row]:.4g}, {subject.words(points[row])}, link {name}"
            return False, f"{found[row]:.6g}, not {expected[row]:.6g}, {where}"
        worst = max(worst, float(errors.max()))
    return True, f"largest relative error {worst:.1g}"


def _gradient(subject: _Subject) -> Verdict:
    worst = 0.0
    for name, y, points, inputs in _rows(subject):
        for position, slope in enumerate(_graph_of(subject, name, y, inputs)[1:]):
            up, down = (_moved(inputs, position, step) for step in (_STEP, -_STEP))
            rise = _density(subject.family, name, y, up) - _density(subject.family, name, y, down)
            expected = rise / (up[position] - down[position])
            errors = np.abs(slope - expected) / (1.0 + np.abs(expected))
            if not (errors <= _SLOPE).all():
                row = int(np.flatnonzero(~(errors <= _SLOPE))[0])
                of = ("the linear predictor", *subject.family.auxiliaries)[position]
                where = f"at y = {y[row]:.4g}, {subject.words(points[row])}, link {name}"
                return False, f"in {of} {slope[row]:.6g}, not {expected[row]:.6g}, {where}"
            worst = max(worst, float(errors.max()))
    return True, f"largest relative error {worst:.1g}"


def _far(subject: _Subject) -> Verdict:
    for name in subject.family.links:
        etas = _far_etas(subject, name)
        y = np.tile(subject.drawn[0], len(etas))
        further = [np.tile(subject.values[p], len(etas)) for p in subject.family.auxiliaries]
        inputs = [np.repeat(etas, subject.size), *further]
        of_graph = _graph_of(subject, name, y, inputs)
        parts = [("density", _density(subject.family, name, y, inputs)), ("density", of_graph[0])]
        for what, part in parts + [("gradient", slope) for slope in of_graph[1:]]:
            bad = ~np.isfinite(part)
            if bad.any():
                row = int(np.flatnonzero(bad)[0])
                where = f"linear predictor {inputs[0][row]:g}, y = {y[row]:.4g}, link {name}"
                return False, f"the {what} is {part[row]:g} at {where}"
    return True, f"links {', '.join(subject.family.links)}"


def _far_etas(subject: _Subject, name: str) -> Array:
    """Return linear predictors far out at which ``mu`` is as it may be: positive, if all values are."""
    etas = np.array(_FAR)
    if subject.support == "real" or (subject.values["mu"] <= 0).any():
        return etas
    return etas[np.asarray(LINKS[name].inverse(etas)) > 0]


def _rows(subject: _Subject) -> list[tuple[str, Array, NDArray[np.int64], list[Array]]]:
    """Return draws of the points that each link has, their points, and their predictors and parameters.

    Raises
    ------
    FormulaError
        ``custom_family`` if no link has any of the values of ``mu``.
    """
    result = []
    mu = subject.values["mu"]
    for name in subject.family.links:
        with np.errstate(all="ignore"):
            etas = np.asarray(LINKS[name].link(mu))
            back = np.asarray(LINKS[name].inverse(etas))
        points = np.flatnonzero(np.isfinite(etas) & np.isclose(back, mu))
        if len(points):
            y, points = subject.drawn[:_COMPARED, points].ravel(), np.tile(points, _COMPARED)
            further = [subject.values[p][points] for p in subject.family.auxiliaries]
            result.append((name, y, points, [etas[points], *further]))
    if not result:
        message = f"no link of {subject.family.name} has these values of mu."
        raise FormulaError(Finding("custom_family", message, hint="Give others: mu=(0.5, 2)."))
    return result


def _moved(inputs: Sequence[Array], position: int, step: float) -> list[Array]:
    return [
        values + step * (1.0 + np.abs(values)) if index == position else values
        for index, values in enumerate(inputs)
    ]


def _density(family: Family, link: str, y: Array, inputs: Sequence[Array]) -> Array:
    names = ("mu", *family.auxiliaries)
    at = {name: number(value) for name, value in zip(names, inputs, strict=True)}
    at["mu"] = RowValue(LINKS[link], inputs[0])
    with np.errstate(all="ignore"):
        return np.asarray(np.broadcast_to(family.log_density(y, np.ones_like(y), at, NUMPY), y.shape))


def _graph_of(subject: _Subject, link: str, y: Array, inputs: Sequence[Array]) -> list[Array]:
    """Return the graph's density of each row with its slopes in the predictor and the parameters."""
    kind = np.int64 if subject.family.is_discrete else np.float64
    found: list[Array] = subject.graphs[link](y.astype(kind), *inputs)
    return found
