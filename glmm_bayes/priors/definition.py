"""Definitions of one response each in, the definition of the model of them all out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from glmm_bayes.core.errors import Finding, Findings, FormulaError, PriorError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.containers.known import KnownTable
from glmm_bayes.design.several import labelled
from glmm_bayes.design.table import Table
from glmm_bayes.families.parameters import Law
from glmm_bayes.priors.group_priors import PriorRow
from glmm_bayes.priors.names import NU, RESCOR, of_response, other
from glmm_bayes.priors.posterior import Posterior, Variable, labels_of_predictor, posterior_of
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.prior_names import intercept_hint, known_parameters
from glmm_bayes.priors.priors import Priors, SharedEffects, own_first, shared_effects, shared_row
from glmm_bayes.priors.resolve import ResponseDefinition, check_shared
from glmm_bayes.spec.column_names import column_names
from glmm_bayes.spec.editions import default_correlation
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class ModelDefinition:
    """A model of one response or several, before its graph: what graph, fit, description and file read.

    Attributes
    ----------
    responses : mapping of str to ResponseDefinition
        By the name of the response in the posterior.
    priors : Priors
        The linear predictors of all responses, by ``<response>_<parameter>``; parameters with one value
        for all rows, under their names in the posterior; effects that labels correlate. In a model of one
        response they are its own.
    response_priors : mapping of str to Priors
        By response, under the names that its parameters have in the posterior.
    given : mapping of str to Prior
        What the user set.
    rescor : Prior or None
        Of the correlations of residuals between responses, where there are any.
    nu : Law or float or None
        Degrees of freedom of residuals with a multivariate t distribution.
    """

    responses: Mapping[str, ResponseDefinition]
    priors: Priors
    response_priors: Mapping[str, Priors]
    given: Mapping[str, Prior] = field(default_factory=dict)
    rescor: Prior | None = None
    nu: Law | float | None = None

    @property
    def is_single(self) -> bool:
        """Whether there is one response."""
        return len(self.responses) == 1

    @property
    def first(self) -> ResponseDefinition:
        """The first response, or the only one."""
        return next(iter(self.responses.values()))

    @property
    def table(self) -> Table:
        """The columns of all formulas, on the rows of the data."""
        columns = {
            name: column for one in self.responses.values() for name, column in one.table.columns.items()
        }
        return Table(columns, self.first.table.rows).only(
            column_names(one.spec for one in self.responses.values())
        )

    @property
    def known(self) -> Mapping[str, KnownTable]:
        """Matrices, maps and coordinates that covariance structures were given."""
        return {name: table for one in self.responses.values() for name, table in one.known.items()}

    @property
    def numbers(self) -> int:
        """Number of observed responses, all rows."""
        return sum(len(one.response.values) for one in self.responses.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found in the data that is no error, each once."""
        return tuple(dict.fromkeys(note for one in self.responses.values() for note in one.notes))

    def noting(self, notes: Mapping[str, tuple[str, ...]]) -> ModelDefinition:
        """Keep what was found in the data of each response."""
        responses = {name: replace(one, notes=notes[name]) for name, one in self.responses.items()}
        return replace(self, responses=responses)

    def prefix(self, response: str) -> str:
        """Return the response's name as it stands in names of the posterior: nothing if it is alone."""
        return "" if self.is_single else response

    def alone(self, response: str) -> ModelDefinition:
        """Return the model of one of the responses."""
        return single_response(self.responses[response], response)

    @cached_property
    def posterior(self) -> Posterior:
        """Every variable of the posterior, with its dimensions and labels."""
        kinds = {
            of_response(self.prefix(response), name): parameter_kind
            for response, one in self.responses.items()
            for name, parameter_kind in one.family.kinds.items()
        }
        kinds[NU] = self.first.family.kinds[NU]
        thresholds = {
            self.prefix(response): part.thresholds
            for response, part in self.response_priors.items()
            if part.thresholds is not None
        }
        posterior = posterior_of(self.priors, kinds, thresholds)
        if self.rescor is None:
            return posterior
        dims = ("response", other("response"))
        residual = Variable(RESCOR, dims, "residual_correlation", "definite")
        labels = {dim: list(self.responses) for dim in dims}
        return Posterior({**posterior.variables, RESCOR: residual}, {**posterior.labels, **labels})


def single_response(definition: ResponseDefinition, name: str) -> ModelDefinition:
    """Return the definition of a model of one response."""
    priors = definition.priors
    return ModelDefinition({name: definition}, priors, {name: priors}, definition.spec.priors)


def define_model(
    responses: Mapping[str, ResponseDefinition], given: Mapping[str, Prior], has_rescor: bool = False
) -> ModelDefinition:
    """Put the responses of a model together, under the user's priors.

    Parameters
    ----------
    responses : mapping of str to ResponseDefinition
        By name, on the same rows; of several responses under default priors.
    given : mapping of str to Prior
        What the user set.
    has_rescor : bool
        Whether residuals are correlated between responses.

    Raises
    ------
    FormulaError
        ``rescor``, ``label``, ``response_names``.
    PriorError
        ``prior``.
    """
    if len(responses) == 1:
        name, response = next(iter(responses.items()))
        return single_response(response, name)
    given_by_response = split_priors(given, responses, has_rescor) if given else {}
    responses = {
        slug: one.under(given_by_response[slug]) if slug in given_by_response else one
        for slug, one in responses.items()
    }
    predictors = _named_together(responses)
    findings = Findings(FormulaError)
    check_shared({key: predictor.design for key, predictor in predictors.items()}, findings)
    if has_rescor:
        _check_residuals(responses, findings)
    findings.raise_errors()
    shared = shared_effects(predictors, given)
    nu = _degrees(responses) if has_rescor else None
    response_priors = {
        slug: _priors_beside_others(slug, one.priors, predictors, shared, nu)
        for slug, one in responses.items()
    }
    rescor = given.get(RESCOR, default_correlation()) if has_rescor else None
    rows = _rows(response_priors, responses, nu) + [shared_row(one) for one in shared]
    if rescor is not None:
        source = "yours" if RESCOR in given else "default"
        meaning = "correlation of the residuals of a row"
        rows.append(PriorRow(RESCOR, repr(rescor), source, meaning, "residual_correlation"))
    auxiliary = _by_response({slug: part.auxiliary for slug, part in response_priors.items()})
    auxiliary |= {NU: nu} if isinstance(nu, Law) else {}
    constants = _by_response({slug: part.constants for slug, part in response_priors.items()})
    joint_priors = Priors(predictors, auxiliary, constants, None, shared, tuple(rows))
    definition = ModelDefinition(responses, joint_priors, response_priors, given, rescor, nu)
    _check_names(definition)
    return definition


def _named_together(responses: Mapping[str, ResponseDefinition]) -> dict[str, Predictor]:
    """Return the linear predictors of all responses, under their names in the posterior."""
    named = [
        replace(predictor, response=slug)
        for slug, one in responses.items()
        for predictor in one.priors.predictors.values()
    ]
    return {predictor.key: predictor for predictor in named}


def _priors_beside_others(
    slug: str,
    priors: Priors,
    predictors: Mapping[str, Predictor],
    shared: tuple[SharedEffects, ...],
    nu: Law | float | None,
) -> Priors:
    """Return the priors of one response under the names that they have beside the others."""
    auxiliary = {name: law for name, law in priors.auxiliary.items() if nu is None or name != NU}
    named = {key: predictors[of_response(slug, key)] for key in priors.predictors}
    return replace(priors, predictors=named, auxiliary=auxiliary, shared=shared)


def _by_response[T](values: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
    return {
        of_response(slug, name): value
        for slug, parameters in values.items()
        for name, value in parameters.items()
    }


def _rows(
    response_priors: Mapping[str, Priors], responses: Mapping[str, ResponseDefinition], nu: Law | float | None
) -> list[PriorRow]:
    """Put the response in front of the names of its parameters, and what is of all responses last."""
    rows = []
    last: dict[str, PriorRow] = {}
    for slug, part in response_priors.items():
        correlations = {shared.names.correlation for shared in responses[slug].priors.shared}
        for row in part.rows:
            if row.parameter == NU and nu is not None:
                last[NU] = row
            elif row.parameter not in correlations:
                rows.append(row.of(of_response(slug, "")))
    return rows + list(last.values())


def _check_residuals(members: Mapping[str, ResponseDefinition], findings: Findings) -> None:
    """Collect why residuals cannot be correlated between the responses."""
    hint = "Leave rescor=True out; effects under one label, (1 |i| g), are correlated all the same."
    families = [member.family.name for member in members.values()]
    takes_it = all(member.family.traits.is_elliptical for member in members.values())
    if len(set(families)) > 1 or not takes_it:
        message = f"rescor: all responses must be gaussian, or all student; found {', '.join(families)}."
        findings.error("rescor", message, hint=hint)
        return
    for slug, member in members.items():
        column = member.spec.response.names()[0]
        if member.link.name != "identity":
            message = f"rescor: links must be the identity, found {member.link.name} for '{slug}'."
            findings.error("rescor", message, column=column, hint=hint)
        if member.spec.response.additions:
            message = f"rescor: nothing may stand after the bar of '{member.spec.response}'."
            findings.error("rescor", message, column=column, hint=hint)
        if NU in member.spec.linear_predictors:
            message = f"rescor: residuals of a row have one nu, and '{slug}' has a formula for it."
            findings.error(
                "rescor", message, column=column, hint="Write nu=4 in each gb.Formula, or leave it."
            )
    if len({member.priors.constants.get(NU) for member in members.values()}) > 1:
        message = "rescor: residuals of a row have one nu, and the formulas fix it at different values."
        findings.error("rescor", message, hint="Write the same nu in each gb.Formula, or leave it out.")


def _degrees(members: Mapping[str, ResponseDefinition]) -> Law | float | None:
    priors = next(iter(members.values())).priors
    return priors.auxiliary.get(NU, priors.constants.get(NU))


def split_priors(
    given: Mapping[str, Prior], responses: Mapping[str, ResponseDefinition], has_rescor: bool
) -> dict[str, dict[str, Prior]]:
    """Give each response the priors that are its own and those without a response's name.

    Parameters
    ----------
    given : mapping of str to Prior
        ``y1_beta[x]`` is of response ``y1``; ``beta[x]`` of every response that has the parameter.
    responses : mapping of str to ResponseDefinition
        Under default priors.
    has_rescor : bool

    Raises
    ------
    PriorError
        ``prior`` if a name is no parameter of any response.
    """
    parameters = {
        slug: known_parameters(one.priors.predictors, one.family, list(one.priors.auxiliary))
        for slug, one in responses.items()
    }
    shared = _shared_correlations(responses)
    several = {
        of_response(slug, name): (slug, name)
        for slug, names in parameters.items()
        for name in names
        if name not in shared[slug] and not (has_rescor and name == NU)
    }
    bare = set(chain.from_iterable(parameters.values()))
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
    for slug, names in parameters.items():
        common = {name: given[name] for name in given if name not in several and name in names}
        pairs = {name: several[name] for name in given if name in several}
        result[slug] = own_first(
            common, {parameter: given[name] for name, (of, parameter) in pairs.items() if of == slug}
        )
    return result


def _shared_correlations(responses: Mapping[str, ResponseDefinition]) -> dict[str, set[str]]:
    """List the names of correlations that are no response's own, because a label joins them."""
    predictors = _named_together(responses)
    result: dict[str, set[str]] = {slug: set() for slug in responses}
    for shared in shared_effects(predictors, {}):
        for key, index in shared.members:
            predictor = predictors[key]
            names = replace(predictor, response="").names
            factor = predictor.design.groups[index].slug
            result[predictor.response] |= {names.of("corr"), names.of_factor("corr", factor)}
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


def _check_names(definition: ModelDefinition) -> None:
    """Refuse responses and factors that would give one name to two things."""
    labels: dict[str, list[object]] = {}
    clashes = []
    for predictor in definition.priors.predictors.values():
        for dimension, values in labels_of_predictor(predictor).items():
            if labels.setdefault(dimension, values) != values:
                clashes.append(dimension)
    names = [predictor.names.beta for predictor in definition.priors.predictors.values()]
    names += [*definition.priors.auxiliary, *definition.response_priors]
    names += [RESCOR] if definition.rescor is not None else []
    clashes += [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if clashes:
        message = f"'{clashes[0]}' would name two things in the posterior of these responses."
        raise FormulaError(Finding("response_names", message, hint="Rename a response or a grouping column."))
