"""A model's priors in; every variable of its posterior out, with its dimensions, labels, role and support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from glmm_bayes.families.parameters import ParameterKind
from glmm_bayes.priors.group_priors import level_parameters
from glmm_bayes.priors.names import THRESHOLD, THRESHOLDS, of_response, other
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors, SharedEffects, ThresholdPrior


@dataclass(frozen=True)
class Variable:
    """A variable of the posterior.

    Attributes
    ----------
    name : str
    dims : tuple of str
        After chain and draw.
    role : str
        ``coefficient``, ``total``, ``simplex``, ``sd``, ``correlation``, ``level`` (a parameter of the
        covariance of levels), ``effect``, ``joint_correlation``, ``threshold``, ``auxiliary`` or
        ``residual_correlation``.
    support : str
        ``real``, ``positive``, ``unit``, ``above_two``, ``ascending``, ``simplex``, ``correlation`` or
        ``definite`` (correlations of residuals).
    predictor : str
        The linear predictor that it is of, where it is of one.
    factor : str
        The grouping factor, as it stands in the posterior, where it is of one.
    is_sd : bool
        Whether it is a standard deviation of the response.
    """

    name: str
    dims: tuple[str, ...]
    role: str
    support: str = "real"
    predictor: str = ""
    factor: str = ""
    is_sd: bool = False


@dataclass(frozen=True)
class Posterior:
    """All variables of a posterior, in their order, and the labels of their dimensions.

    Attributes
    ----------
    variables : mapping of str to Variable
    labels : mapping of str to list
        By dimension, rows and categories of the response left out.
    """

    variables: Mapping[str, Variable]
    labels: Mapping[str, list[Any]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each variable, after chain and draw."""
        return {
            name: tuple(len(self.labels[dim]) for dim in variable.dims)
            for name, variable in self.variables.items()
        }

    def of_role(self, role: str) -> tuple[Variable, ...]:
        """List the variables with a role."""
        return tuple(variable for variable in self.variables.values() if variable.role == role)


def posterior_of(
    priors: Priors, kinds: Mapping[str, ParameterKind], thresholds: Mapping[str, ThresholdPrior]
) -> Posterior:
    """Name the posterior of a model.

    Parameters
    ----------
    priors : Priors
        Of all linear predictors.
    kinds : mapping of str to ParameterKind
        Of the parameters with one value for all rows, by their names in the posterior.
    thresholds : mapping of str to ThresholdPrior
        By response; the name of a model's one response is empty.
    """
    variables: list[Variable] = []
    labels: dict[str, list[Any]] = {}
    for predictor in priors.predictors.values():
        variables += _of_predictor(predictor)
        labels |= labels_of_predictor(predictor)
    for shared in priors.shared:
        dims = (shared.names.effect, other(shared.names.effect))
        variables.append(Variable(shared.names.correlation, dims, "joint_correlation", "correlation"))
        labels |= dict.fromkeys(dims, shared_labels(shared, priors))
    for response, prior in thresholds.items():
        dim = of_response(response, THRESHOLD)
        support = "ascending" if prior.is_ordered else "real"
        variables.append(Variable(of_response(response, THRESHOLDS), (dim,), "threshold", support))
        labels[dim] = list(prior.labels)
    variables += [
        Variable(name, (), "auxiliary", kinds[name].support, is_sd=kinds[name].is_sd)
        for name in priors.auxiliary
    ]
    return Posterior({variable.name: variable for variable in variables}, labels)


def _of_predictor(predictor: Predictor) -> Iterator[Variable]:
    names, key = predictor.names, predictor.key
    yield Variable(names.beta, (names.coef,), "coefficient", "real", key)
    for term in predictor.monotonic:
        yield Variable(names.total(term.slug), (names.totals(term.slug),), "total", "real", key)
        yield Variable(names.simplex(term.slug), (names.steps(term.slug),), "simplex", "simplex", key)
    for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
        slug, effect = group.slug, names.effect(group.slug)
        yield Variable(names.of_factor("sd", slug), (effect,), "sd", "positive", key, slug)
        if prior.is_correlated:
            dims = (effect, other(effect))
            yield Variable(names.of_factor("corr", slug), dims, "correlation", "correlation", key, slug)
        supports = level_parameters(prior.blocks)
        for name in prior.sampled_values:
            # Effects of fewer than two degrees of freedom have no standard deviation.
            support = "above_two" if name == "df" else supports[name]
            yield Variable(names.of_factor(name, slug), (), "level", support, key, slug)
        yield Variable(names.of_factor("b", slug), (slug, effect), "effect", "real", key, slug)


def labels_of_predictor(predictor: Predictor) -> dict[str, list[Any]]:
    """List the labels of the dimensions of one linear predictor's variables."""
    names = predictor.names
    result: dict[str, list[Any]] = {names.coef: list(predictor.design.coefficients)}
    for term in predictor.monotonic:
        result |= {names.totals(term.slug): list(term.labels), names.steps(term.slug): list(term.steps)}
    for group in predictor.design.groups:
        effect = names.effect(group.slug)
        result[group.slug] = list(group.labels)
        result[effect] = result[other(effect)] = list(group.effects)
    return result


def shared_labels(shared: SharedEffects, priors: Priors) -> list[str]:
    """Name the effects that a label correlates over linear predictors."""
    return [
        priors.predictors[name].names.of(priors.predictors[name].design.groups[index].effects[position])
        for (name, index), positions in zip(shared.members, shared.positions, strict=True)
        for position in positions
    ]
