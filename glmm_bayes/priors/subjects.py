"""The definition of a response in, what the checks of its data read out."""

from __future__ import annotations

from glmm_bayes.design.checks.subject import Outcome, Subject
from glmm_bayes.families.binary import BinaryFamily
from glmm_bayes.families.counts import CountFamily
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.resolve import ResponseDefinition


def subjects_of(definition: ResponseDefinition) -> tuple[Subject, ...]:
    """Return what the checks read of each design, the mean's first."""
    family, response, priors = definition.family, definition.response, definition.priors
    has_ceiling = isinstance(family, BinaryFamily)
    has_floor = has_ceiling or (isinstance(family, CountFamily) and definition.link.name == "log")
    outcome = Outcome(
        response.label,
        response.source,
        response.values,
        response.trials,
        has_floor,
        has_ceiling,
        family.name == "gaussian" and definition.link.name == "identity",
        response.additions.se is not None,
        (has_ceiling or bool(response.categories)) and bool((response.trials <= 1).all()),
    )
    laws = {row.parameter: row.prior for row in priors.rows}
    # Categories share a design, and so do thresholds: the first of them is looked at for all.
    designs: dict[int, list[Predictor]] = {}
    for predictor in priors.predictors.values():
        designs.setdefault(id(predictor.design), []).append(predictor)
    modelled = tuple(name for name in family.auxiliaries if name in priors.predictors)
    fixed = tuple(name for name in family.auxiliaries if name in priors.constants)
    return tuple(
        Subject(
            together[0].design,
            outcome,
            (*priors.auxiliary, *modelled),
            laws,
            together[0].prefix,
            tuple(predictor.prefix for predictor in together),
            fixed,
            together[0].role != "further",
        )
        for together in designs.values()
    )
