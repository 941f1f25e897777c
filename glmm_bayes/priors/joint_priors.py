"""Resolved models of one response each in, the priors of all responses together out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from glmm_bayes.core.errors import Finding, Findings, FormulaError, PriorError
from glmm_bayes.core.links import Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.design import Design
from glmm_bayes.design.several import labelled
from glmm_bayes.families import Family, Response
from glmm_bayes.families.parameters import Law
from glmm_bayes.priors.coordinates import effect_coordinates
from glmm_bayes.priors.group_priors import PriorRow
from glmm_bayes.priors.prior_names import intercept_hint, known_parameters
from glmm_bayes.priors.priors import Priors, own_first, shared_effects, shared_row
from glmm_bayes.priors.resolve import check_shared
from glmm_bayes.spec.editions import default_correlation
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior

#: The correlation matrix of the residuals of a row, and its parameter names' first word.
RESCOR = "rescor"
#: Degrees of freedom: one number of all responses whose residuals are correlated.
NU = "nu"
#: Families whose residuals may be correlated between responses.
_CORRELATED = ("gaussian", "student")


class Member(Protocol):
    """What is needed of the model of one response."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def family(self) -> Family: ...
    @property
    def link(self) -> Link: ...
    @property
    def design(self) -> Design: ...
    @property
    def response(self) -> Response: ...
    @property
    def priors(self) -> Priors: ...


@dataclass(frozen=True)
class Part:
    """One response of several: its priors under the names that they have beside the others."""

    family: Family
    response: Response
    priors: Priors


@dataclass(frozen=True)
class JointPriors:
    """Priors of a model of several responses.

    Attributes
    ----------
    whole : Priors
        The linear predictors of all responses, by ``<response>_<parameter>``; parameters with one value
        for all rows, under their names in the posterior; effects that labels correlate.
    parts : mapping of str to Part
        By response. Their shared effects are those of the whole.
    rescor : Prior or None
        Of the residual correlations, where there are any.
    nu : Law or float or None
        Degrees of freedom of residuals with a multivariate t distribution.
    """

    whole: Priors
    parts: Mapping[str, Part]
    rescor: Prior | None
    nu: Law | float | None


def joint_priors(members: Mapping[str, Member], given: Mapping[str, Prior], has_rescor: bool) -> JointPriors:
    """Put the priors of the responses together.

    Parameters
    ----------
    members : mapping of str to Member
        Models of one response each on the same rows, with the priors that are theirs.
    given : mapping of str to Prior
        What the user set.
    has_rescor : bool
        Whether residuals are correlated between responses.

    Raises
    ------
    FormulaError
        ``rescor``, ``label``, ``response_names``.
    """
    predictors = {
        f"{slug}_{key}": replace(predictor, response=slug)
        for slug, member in members.items()
        for key, predictor in member.priors.predictors.items()
    }
    findings = Findings(FormulaError)
    check_shared({key: predictor.design for key, predictor in predictors.items()}, findings)
    if has_rescor:
        _check_residuals(members, findings)
    findings.raise_errors()
    shared = shared_effects(predictors, given)
    rescor = given.get(RESCOR, default_correlation()) if has_rescor else None
    nu = _degrees(members) if has_rescor else None
    parts = {
        slug: Part(
            member.family,
            member.response,
            replace(
                member.priors,
                predictors={key: predictors[f"{slug}_{key}"] for key in member.priors.predictors},
                auxiliary={
                    name: law for name, law in member.priors.auxiliary.items() if nu is None or name != NU
                },
                shared=shared,
            ),
        )
        for slug, member in members.items()
    }
    auxiliary = {
        f"{slug}_{name}": law for slug, part in parts.items() for name, law in part.priors.auxiliary.items()
    }
    auxiliary |= {NU: nu} if isinstance(nu, Law) else {}
    rows = _rows(parts, nu) + [shared_row(one) for one in shared]
    if rescor is not None:
        source = "yours" if RESCOR in given else "default"
        rows.append(PriorRow(RESCOR, repr(rescor), source, "correlation of the residuals of a row"))
    constants = {
        f"{slug}_{name}": value
        for slug, part in parts.items()
        for name, value in part.priors.constants.items()
    }
    whole = Priors(predictors, auxiliary, constants, None, shared, tuple(rows))
    _check_names(JointPriors(whole, parts, rescor, nu))
    return JointPriors(whole, parts, rescor, nu)


def _rows(parts: Mapping[str, Part], nu: Law | float | None) -> list[PriorRow]:
    """Put the response in front of the names of its parameters, and what is of all responses last."""
    rows = []
    last: dict[str, PriorRow] = {}
    for slug, part in parts.items():
        for row in part.priors.rows:
            if row.parameter == NU and nu is not None:
                last[NU] = row
            elif not row.parameter.startswith("joint_corr_"):
                rows.append(row.of(f"{slug}_"))
    return rows + list(last.values())


def _check_residuals(members: Mapping[str, Member], findings: Findings) -> None:
    """Collect why residuals cannot be correlated between the responses."""
    hint = "Leave rescor=True out; effects under one label, (1 |i| g), are correlated all the same."
    families = [member.family.name for member in members.values()]
    if len(set(families)) > 1 or families[0] not in _CORRELATED:
        message = f"rescor: all responses must be gaussian, or all student; found {', '.join(families)}."
        findings.error("rescor", message, hint=hint)
        return
    for slug, member in members.items():
        column = member.spec.response.names()[0]
        if member.link.name != "identity":
            message = f"rescor: links must be the identity, found {member.link.name} for '{slug}'."
            findings.error("rescor", message, column=column, hint=hint)
        if member.spec.response.additions:
            message = f"rescor: nothing may stand behind the bar of '{member.spec.response}'."
            findings.error("rescor", message, column=column, hint=hint)
        if NU in member.spec.linear_predictors:
            message = f"rescor: residuals of a row have one nu, and '{slug}' has a formula for it."
            findings.error(
                "rescor", message, column=column, hint="Write nu=4 in each gb.Formula, or leave it."
            )
    if len({member.priors.constants.get(NU) for member in members.values()}) > 1:
        message = "rescor: residuals of a row have one nu, and the formulas fix it at different values."
        findings.error("rescor", message, hint="Write the same nu in each gb.Formula, or leave it out.")


def _degrees(members: Mapping[str, Member]) -> Law | float | None:
    priors = next(iter(members.values())).priors
    return priors.auxiliary.get(NU, priors.constants.get(NU))


def split_priors(
    given: Mapping[str, Prior], resolved: Mapping[str, tuple[Priors, Family]], has_rescor: bool
) -> dict[str, dict[str, Prior]]:
    """Give each response the priors that are its own and those without a response's name.

    Parameters
    ----------
    given : mapping of str to Prior
        ``y1_beta[x]`` is of response ``y1``; ``beta[x]`` of every response that has the parameter.
    resolved : mapping of str to (Priors, Family)
        The responses under default priors.
    has_rescor : bool

    Raises
    ------
    PriorError
        ``prior`` if a name is no parameter of any response.
    """
    own = {
        slug: known_parameters(priors.predictors, family, list(priors.auxiliary))
        for slug, (priors, family) in resolved.items()
    }
    shared = _shared_correlations(resolved)
    several = {
        f"{slug}_{name}": (slug, name)
        for slug, names in own.items()
        for name in names
        if name not in shared[slug] and not (has_rescor and name == NU)
    }
    bare = set(chain.from_iterable(own.values()))
    choices = [*several, *sorted(bare), *([RESCOR] if has_rescor else [])]
    findings = Findings(PriorError)
    result: dict[str, dict[str, Prior]] = {}
    for name, prior in given.items():
        if name not in choices:
            near = intercept_hint(name, choices) or suggestion(name, choices)
            hint = " ".join(filter(None, (near, f"Parameters: {', '.join(choices)}.")))
            findings.error("prior", f"no parameter '{name}'.", hint=hint)
        elif name == RESCOR and (not isinstance(prior, Prior) or prior.support != "correlation"):
            message = f"the prior of {RESCOR} must be an LKJ distribution; {prior!r} is not."
            findings.error("prior", message, hint='Write gb.Prior("LKJ", eta=2).')
    findings.raise_errors()
    # A response's own prior comes before that of all responses.
    for slug, names in own.items():
        common = {name: given[name] for name in given if name not in several and name in names}
        pairs = {name: several[name] for name in given if name in several}
        result[slug] = own_first(
            common, {parameter: given[name] for name, (of, parameter) in pairs.items() if of == slug}
        )
    return result


def _shared_correlations(resolved: Mapping[str, tuple[Priors, Family]]) -> dict[str, set[str]]:
    """List the names of correlations that are no response's own, because a label joins them."""
    predictors = {
        f"{slug}_{key}": replace(predictor, response=slug)
        for slug, (priors, _) in resolved.items()
        for key, predictor in priors.predictors.items()
    }
    result: dict[str, set[str]] = {slug: set() for slug in resolved}
    for shared in shared_effects(predictors, {}):
        for key, index in shared.members:
            predictor = predictors[key]
            factor = predictor.design.groups[index].slug
            stem = replace(predictor, response="").variable("corr")
            result[predictor.response] |= {stem, f"{stem}_{factor}"}
    return result


def check_labels(specs: Mapping[str, ModelSpec]) -> None:
    """Refuse one label at different grouping factors of different responses.

    Raises
    ------
    FormulaError
        ``label``.
    """
    findings = Findings(FormulaError)
    every = {
        f"{slug}_{name}": part
        for slug, spec in specs.items()
        for name, part in spec.linear_predictors.items()
    }
    labelled(every, findings)
    findings.raise_errors()


def further_dimensions(joint: JointPriors) -> dict[str, tuple[str, ...]]:
    """List thresholds and residual correlations, which the linear predictors do not have."""
    result: dict[str, tuple[str, ...]] = {}
    for slug, part in joint.parts.items():
        if part.priors.thresholds is not None:
            result[f"{slug}_thresholds"] = (f"{slug}_threshold",)
    if joint.rescor is not None:
        result[RESCOR] = ("response", "response_other")
    return result


def further_coordinates(joint: JointPriors) -> dict[str, list[str]]:
    """List the labels of thresholds and of the residual correlation matrix."""
    result: dict[str, list[str]] = {}
    for slug, part in joint.parts.items():
        if part.priors.thresholds is not None:
            result[f"{slug}_threshold"] = list(part.priors.thresholds.labels)
    if joint.rescor is not None:
        result["response"] = result["response_other"] = list(joint.parts)
    return result


def _check_names(joint: JointPriors) -> None:
    """Refuse responses and factors that would give one name to two things."""
    labels: dict[str, list[object]] = {}
    clashes = []
    for predictor in joint.whole.predictors.values():
        single = replace(joint.whole, predictors={predictor.key: predictor}, shared=())
        for dimension, values in effect_coordinates(single).items():
            if labels.setdefault(dimension, list(values)) != list(values):
                clashes.append(dimension)
    names = [predictor.variable("beta") for predictor in joint.whole.predictors.values()]
    names += [*joint.whole.auxiliary, *joint.parts]
    names += [RESCOR] if joint.rescor is not None else []
    clashes += [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if clashes:
        message = f"'{clashes[0]}' would name two things in the posterior of these responses."
        raise FormulaError(Finding("response_names", message, hint="Rename a response or a grouping column."))
