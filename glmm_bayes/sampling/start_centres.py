"""Priors in, where sampling starts out: near the scale of the data, however wide the priors are.

Default priors know the data's scale: the mean of the response on the link's scale, and how far effects and
standard deviations reach. A parameter with a prior of the user's starts where its default would, unless
the user's prior excludes that; then it starts at the prior's own median.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import logit

from glmm_bayes.core.maths import Array
from glmm_bayes.families import Family, Response, Scales
from glmm_bayes.families.parameters import Law, law_of
from glmm_bayes.priors.basis import column_swing
from glmm_bayes.priors.monotonic import prior_columns
from glmm_bayes.priors.names import alone, basis_of, element, of_response, sampled_for
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.prior_densities import distribution
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.resolve import ResponseDefinition
from glmm_bayes.sampling.null_model import NullModel, rows_of_coefficients
from glmm_bayes.spec.prior import Prior

#: A prior excludes a value whose log density lies this far below that of the prior's median: 4 sds.
_EXCLUDED = 8.0
#: The median of a half-normal distribution in its sigma: where a standard deviation starts.
_MEDIAN = 0.6744897501960817


@dataclass(frozen=True)
class Centre:
    """Where a sampled variable starts, and how far around it on the unconstrained scale."""

    value: Array
    reach: Array


@dataclass(frozen=True)
class Excluded:
    """A parameter whose prior keeps it from the scale of the data."""

    parameter: str
    prior: str
    value: float

    def __str__(self) -> str:
        return f"{self.parameter} ~ {self.prior} (the data's scale: {self.value:.4g})"


#: What takes a parameter to the number that is sampled, by the name of a law's transform.
_SAMPLED: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "": lambda v: v,
        "above_two": lambda v: v - 2.0,
        "inverse_root": lambda v: v**-0.5,
        "share": lambda v: (1.0 + v) ** -0.5,
        "variance": lambda v: v * v,
        "precision": lambda v: v**-2.0,
        "logit": lambda v: float(logit(v)),
    }
)


def centres(
    priors: Priors,
    scales: Mapping[str, Scales],
    null: NullModel,
    excluded: list[Excluded],
    response: str = "",
) -> dict[str, Centre]:
    """Return where sampled variables start, by name.

    Parameters
    ----------
    priors : Priors
    scales : mapping of str to Scales
        Of the default priors, by predictor.
    null : NullModel
        The model without effects.
    excluded : list of Excluded
        Where parameters are collected whose priors exclude the scale of the data.
    response : str
        What stands before the names of parameters with one value for all rows, in a model of several.
    """
    result: dict[str, Centre] = {}
    for name, predictor in priors.predictors.items():
        coefficients = null.coefficients[name]
        result |= _coefficients(predictor, coefficients, scales[name], excluded)
        for index in range(len(predictor.groups)):
            result |= _group(predictor, index, scales[name], excluded)
    for name, law in priors.auxiliary.items():
        result |= law_centre(of_response(response, name), law, null.auxiliary[name], excluded)
    return result


def default_priors(definition: ResponseDefinition) -> Priors:
    """Resolve the priors of a response without those of the user."""
    return definition.under({}).priors


def scales_of(family: Family, response: Response, priors: Priors) -> dict[str, Scales]:
    """Return the scales of the default priors of each linear predictor; centres stand in those priors."""
    result = {}
    for name, predictor in priors.predictors.items():
        if name in family.kinds:
            parameter_kind = family.kinds[name]
            result[name] = Scales(0.0, parameter_kind.sd, parameter_kind.effect, parameter_kind.group_sd)
        else:
            result[name] = family.scales(priors.first.link, response, predictor.design.offset)
    return result


def _support(prior: Prior) -> tuple[float, float]:
    """Return the ends of where a prior lives, which PyMC takes to the whole line by a log or a logit."""
    if prior.name == "Uniform":
        return prior["lower"], prior["upper"]
    return {"positive": (0.0, np.inf), "unit": (0.0, 1.0)}.get(prior.support, (-np.inf, np.inf))


def _slope(prior: Prior, value: float) -> float:
    """Return how fast the parameter changes with the number on the whole line."""
    lower, upper = _support(prior)
    if np.isinf(lower):
        return 1.0
    return value - lower if np.isinf(upper) else (value - lower) * (upper - value) / (upper - lower)


def _within(prior: Prior, value: float) -> float:
    """Return the value unless the prior excludes it, else the prior's median.

    Densities are compared as they are, and on the whole line: a vague prior is flat in one or the other.
    """
    law = distribution(prior)
    middle = float(law.ppf(0.5))
    plain, on_line = _density(prior, law, value), _density(prior, law, value, on_line=True)
    with np.errstate(all="ignore"):
        falls = (plain - _density(prior, law, middle), on_line - _density(prior, law, middle, on_line=True))
    if np.isfinite(plain) and not max(falls) < -_EXCLUDED:
        return value
    return middle if np.isfinite(_density(prior, law, middle)) else value


def _density(prior: Prior, law: Any, value: float, on_line: bool = False) -> float:
    """Return the log density of a value, or of the number on the whole line that it stands for."""
    lower, upper = _support(prior)
    if not lower < value < upper:
        return -np.inf
    with np.errstate(all="ignore"):
        return float(law.logpdf(value)) + (float(np.log(_slope(prior, value))) if on_line else 0.0)


def law_centre(
    name: str, law: Law, value: float, excluded: list[Excluded], label: str = ""
) -> dict[str, Centre]:
    """Return where the number of a law starts, for the data's value of the parameter."""
    wanted = _SAMPLED[law.transform](value)
    start = _within(law.prior, wanted)
    if start != wanted:
        excluded.append(Excluded(label or name, str(law.prior), value))
    return {sampled_for(name, law.transform): Centre(np.asarray(start), np.asarray(1.0))}


def _group(predictor: Predictor, index: int, scales: Scales, excluded: list[Excluded]) -> dict[str, Centre]:
    """Return where the standard deviations of one grouping factor start, and what its structure has."""
    prior, group = predictor.groups[index], predictor.design.groups[index]
    name = predictor.names.of_factor("sd", group.slug)
    values = [_data_sd(predictor, index, position, scales) for position in range(len(prior.sd))]
    laws = [law_of(one) for one in prior.sd]
    base = prior.sampled_sds(name)
    effects = [group.effects[prior.sd_of_effect.index(k)] for k in range(len(laws))]
    single = [
        law_centre(sampled_for(base, k), law, value, excluded, element(name, effect))
        for k, (law, value, effect) in enumerate(zip(laws, values, effects, strict=True))
    ]
    if len({(law.prior.name, law.transform) for law in laws}) == 1:
        centre_values = np.array([float(next(iter(one.values())).value) for one in single])
        result = {sampled_for(base, laws[0].transform): Centre(centre_values, np.ones(len(centre_values)))}
    else:
        result = {key: centre for one in single for key, centre in one.items()}
    for block in prior.blocks:
        for parameter, usual in block.levels.default_priors().items():
            value = float(distribution(usual).ppf(0.5))
            parameter_name = predictor.names.of_factor(parameter, group.slug)
            result |= law_centre(parameter_name, Law(prior.parameters[parameter]), value, excluded)
    return result


def _data_sd(predictor: Predictor, index: int, position: int, scales: Scales) -> float:
    """Return the median of a standard deviation's default prior, in the coding of its prior."""
    prior, group = predictor.groups[index], predictor.design.groups[index]
    effect = prior.sd_of_effect.index(position)
    column = group.columns[effect]
    block = next(block for block in prior.blocks if effect in block.positions)
    recoding = prior.recoding[np.ix_(block.positions, block.positions)]
    is_recoded = not np.array_equal(recoding, np.eye(len(recoding)))
    swing = 1.0 if is_recoded else column_swing(column, predictor.design.factor_values)
    is_slope = any(part.coding != "full" for part in column.factors)
    return _MEDIAN * scales.group_sd * (0.5 if is_slope else 1.0) / swing


def _coefficients(
    predictor: Predictor, null: Array, scales: Scales, excluded: list[Excluded]
) -> dict[str, Centre]:
    """Return where the coefficients start: the rows' linear predictors near that without effects.

    The normal coordinates minimise the squares of what the rows are away from there, in units of the
    scale of effects, plus those of the prior: a vague prior gives way, a sharp one keeps its place.
    """
    prior, name = predictor.fixed, predictor.names.beta
    rows = rows_of_coefficients(predictor)
    unit = _MEDIAN * scales.group_sd
    size = len(prior.from_normal.T) + len(prior.from_others.T)
    result: dict[str, Centre] = {}
    delta = np.zeros(len(prior.others))
    # What is sampled, as functions of the coefficients: the reported ones, or those at the average row.
    coordinates = np.linalg.pinv(np.hstack([prior.from_normal, prior.from_others]))
    for k, (position, law) in enumerate(prior.others):
        coordinate = coordinates[len(prior.mean) + k]
        wanted = float(coordinate @ null)
        delta[k] = _within(law, wanted)
        if delta[k] != wanted:
            excluded.append(Excluded(_label(predictor, position, coordinate), str(law), wanted))
        far = _reach(rows @ prior.from_others[:, k], unit, size) / _slope(law, float(delta[k]))
        far = far if np.isinf(_support(law)[0]) else min(far, 1.0)
        result[alone(name, position)] = Centre(np.asarray(delta[k]), np.asarray(far))
    if len(prior.mean):
        columns = rows @ prior.from_normal
        mean = prior.mean + prior.shift @ delta
        away = rows @ (null - prior.from_others @ delta) - columns @ mean
        precision = np.linalg.inv(prior.covariance)
        step = np.linalg.solve(columns.T @ columns / unit**2 + precision, columns.T @ away / unit**2)
        reach = np.array([_reach(column, unit, size) for column in columns.T])
        sds = np.sqrt(np.diagonal(prior.covariance))
        result[basis_of(name)] = Centre(mean + step, np.minimum(reach, sds))
    return result


def _reach(column: Array, unit: float, size: int) -> float:
    """Return how far a coefficient goes so that all of them move the rows by about one unit."""
    width = float(np.sqrt(np.mean(np.square(column)))) if column.size else 0.0
    return unit / (np.sqrt(size) * width) if width > 0 else unit


def _label(predictor: Predictor, position: int, coordinate: Array) -> str:
    """Name the parameter of a prior: a coefficient, or the intercept at the average row."""
    if not np.allclose(coordinate, np.eye(len(coordinate))[position]):
        return predictor.names.of("Intercept")
    columns = prior_columns(predictor.design.columns)
    index = position - (0 if predictor.design.state.has_intercept else 1)
    return element(predictor.names.beta, columns[index].label)
