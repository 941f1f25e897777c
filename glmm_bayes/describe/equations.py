"""A model in, its equations out, as a person reads them at a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from glmm_bayes.core.links import Link
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families import Family, Response
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.monotonic import monotonic_terms
from glmm_bayes.priors.names import THRESHOLDS, FactorNames, PredictorNames, element
from glmm_bayes.priors.posterior import shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors
from glmm_bayes.spec.expressions import Call, Expr
from glmm_bayes.spec.linear_predictor import MEAN
from glmm_bayes.spec.model_spec import ModelSpec


class Described(Protocol):
    """The definition of a model of one response, as far as its description reads it."""

    @property
    def spec(self) -> ModelSpec:
        """What the user wrote."""

    @property
    def design(self) -> Design:
        """Design of the mean's linear predictor."""

    @property
    def family(self) -> Family:
        """Distribution of the response."""

    @property
    def link(self) -> Link:
        """Link of the mean."""

    @property
    def response(self) -> Response:
        """Values of the response, and what they are called."""

    @property
    def priors(self) -> Priors:
        """Linear predictors, their priors, and parameters that are fixed."""


def response_name(response: Response) -> str:
    """Name the response; that of several columns by all of them."""
    return f"({', '.join(response.categories)})" if response.values.ndim > 1 else response.label


def category_of(model: Described, predictor: Predictor) -> str:
    """Return the category whose log odds a predictor is; empty where it is of a parameter."""
    if not model.family.has_category_predictors or predictor.name in model.family.kinds:
        return ""
    return model.response.categories[1 + list(model.priors.predictors).index(predictor.name)]


def equations(model: Described) -> list[str]:
    """Write the law of the response, the linear predictors and the random effects."""
    lines = [f"{response_name(model.response)}[i] ~ {_notation(model)}"]
    lines += addition_lines(model)
    lines += [f"{name} = {value:g}" for name, value in model.priors.constants.items() if name != "disc"]
    if mean := model.family.response_mean.text:
        lines.append(f"{model.response.mean_label} = {mean.format(y=response_name(model.response))}")
    lines += _threshold_lines(model)
    predictors = model.priors.predictors
    at_thresholds = [name for name, one in predictors.items() if one.role == "threshold"]
    for predictor in predictors.values():
        lines += _predictor_lines(model, predictor)
        if predictor.role == "threshold":
            lines[-1] += f", added at threshold {at_thresholds.index(predictor.name) + 1}"
        for term in monotonic_terms(predictor.design.columns):
            beta, simplex = predictor.names.beta, element("simplex", term.term)
            lines += [f"{beta}[steps of {x}] = {element(beta, x)} {simplex}" for x in term.labels]
    for predictor in model.priors.predictors.values():
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
            lines += _group_lines(group, prior, predictor.names)
    return lines + _shared_lines(model)


def _notation(model: Described) -> str:
    """Write the distribution; parameters with a formula change from row to row."""
    text = model.family.notation.text
    for name in model.priors.predictors:
        if name != MEAN:
            text = re.sub(rf"\b{name}\b", f"{name}[i]", text)
    additions = model.response.additions
    if additions.se is not None and not additions.se_adds_sigma:
        text = text.replace("sigma", "sigma[i]")
    if model.priors.constants.get("disc") == 1.0:
        text = text.replace(", disc", "")
    return text


def addition_lines(model: Described) -> list[str]:
    """Say what each term after the bar of the response does."""
    return [_addition(model, call) for call in model.spec.response.additions]


def _addition(model: Described, call: Call) -> str:
    values = [_of_row(argument) for argument in call.arguments]
    if call.function == "trunc":
        bounds = {name: _of_row(value) for name, value in call.options}
        low = f"{bounds['lb']} <= " if "lb" in bounds else ""
        high = f" <= {bounds['ub']}" if "ub" in bounds else ""
        return f"only responses with {low}{response_name(model.response)}[i]{high} could be observed"
    if call.function == "cens":
        between = f", between y[i] and {values[1]}" if len(values) > 1 else ""
        return f"a censored row ({values[0]}) counts by its probability: below y[i], above y[i]{between}"
    if call.function == "se":
        if model.response.additions.se_adds_sigma:
            return f"{values[0]}^2, a known standard error squared, is added to sigma^2"
        return f"sigma[i] = {values[0]}, a known standard error"
    templates = {
        "trials": "trials[i] = {}",
        "weights": "the log density of row i counts {} times",
        "rate": "mu[i] is meant for one unit of exposure; row i has {}",
    }
    return templates[call.function].format(*values)


def _of_row(value: Expr) -> str:
    return f"{value}[i]" if value.names() else str(value)


def _threshold_lines(model: Described) -> list[str]:
    """Say what the thresholds divide."""
    thresholds, family, link = model.priors.thresholds, model.family, model.link.name
    cut = family.thresholds
    if thresholds is None or cut is None:
        return []
    y = f"{model.response.label}[i]"
    disc = "disc[i] " if "disc" in model.priors.predictors else ""
    eta = f"{link}(mu[i])" if family.keeps_intercept else "mu[i]"
    lines = []
    for position, (event, _) in enumerate(cut.events):
        is_common = len(cut.events) == 1
        tau = element(THRESHOLDS, "k" if is_common else thresholds.labels[position])
        right = f"{eta} - {tau}" if cut.event_rises else f"{tau} - {eta}"
        right = f"{disc}({right})" if disc else right
        where = f",  k = {', '.join(model.response.categories[:-1])}" if is_common else ""
        lines.append(f"{link}(P({event.format(y=y)})) = {right}{where}")
    return lines


def _left(model: Described, predictor: Predictor) -> str:
    """Write the left side of a linear predictor's equation."""
    if category := category_of(model, predictor):
        y, first = model.response, model.response.categories[0]
        if y.values.ndim > 1:
            return f"log(P({category}) / P({first}))"
        return f"log(P({y.label}[i] = {category}) / P({y.label}[i] = {first}))"
    is_latent = predictor.role == "threshold" or (predictor.name == MEAN and not model.family.keeps_intercept)
    link = predictor.link.name
    name = f"{predictor.name}[i]"
    return name if is_latent or link == "identity" else f"{link}({name})"


def _predictor_lines(model: Described, predictor: Predictor) -> list[str]:
    """Write a linear predictor; that of a population mean, and the conditional one that it implies."""
    left, fixed, varying = _left(model, predictor), [*_fixed_terms(predictor)], [*_group_terms(predictor)]
    if not predictor.is_marginal:
        return [f"{left} = " + ("\n    + ".join((*fixed, *varying)) or "0")]
    population = left.replace("mu[i]", "E mu[i]")
    return [
        f"{population} = " + ("\n    + ".join(fixed) or "0"),
        f"{left} = Delta[i]\n    + " + "\n    + ".join(varying),
        "Delta[i]: the number for which the mean of mu[i] over the random effects is E mu[i]",
    ]


def _fixed_terms(predictor: Predictor) -> Iterator[str]:
    for column in predictor.design.columns:
        yield element(predictor.names.beta, column.label) + "".join(f" {part}[i]" for part in column.factors)
    for offset in predictor.design.predictor.offsets:
        yield f"{offset}[i]"


def _group_terms(predictor: Predictor) -> Iterator[str]:
    for group in predictor.design.groups:
        b = predictor.names.of_factor("b", group.slug)
        for column in group.columns:
            name = element(b, f"{group.factor}[i]", column.label)
            yield name + "".join(f" {part}[i]" for part in column.factors)


def _group_lines(group: GroupDesign, prior: GroupPrior, predictor: PredictorNames) -> list[str]:
    names, size = FactorNames(predictor, group.slug), len(group.effects)
    sd, sigma, corr = names.of("sd"), names.of("Sigma"), names.of("corr")
    variance = f"{sd}^2" if size == 1 else sigma
    law = f"{'Bridge' if prior.is_bridge else 'Normal'}(0, {variance})"
    if prior.is_student:
        df = prior.fixed_values.get("df")
        law = f"t({names.of('df') if df is None else f'{df:g}'}; 0, {variance})"
    lines = [f"{names.of('b')}[j] ~ {law},  j = 1, ..., {len(group.levels)} levels of {group.factor}"]
    if size > 1:
        middle = f" {corr} diag({sd})" if prior.is_correlated else f" diag({sd})"
        lines.append(f"{sigma} = diag({sd}){middle}")
    for block in prior.blocks:
        named = [group.effects[index] for index in block.positions]
        if not block.effects.is_plain:
            lines.append(f"{corr} of {', '.join(named)}: {block.effects.name}")
        if not block.levels.is_independent:
            lines.append(f"{', '.join(named)} over the levels of {group.factor}: {block.levels.name}")
    return lines


def _shared_lines(model: Described) -> list[str]:
    """Say which effects a label correlates over linear predictors."""
    lines = []
    for shared in model.priors.shared:
        labels = ", ".join(shared_labels(shared, model.priors))
        name, index = shared.members[0]
        factor = model.priors.predictors[name].design.groups[index].factor
        lines.append(
            f"{shared.names.correlation}: correlations of the effects {labels} of a level of {factor}"
        )
    return lines


def all_groups(predictors: Mapping[str, Predictor]) -> list[GroupDesign]:
    """List the grouping factors of all linear predictors, each once."""
    groups: dict[str, GroupDesign] = {}
    for predictor in predictors.values():
        for group in predictor.design.groups:
            groups.setdefault(group.factor, group)
    return list(groups.values())
