"""The definition of a response in, what the checks of its data read out."""

from __future__ import annotations

from glmm_bayes.design.checks.subject import Outcome, Subject
from glmm_bayes.priors.names import PLAIN
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.resolve import ResponseDefinition


def subjects_of(definition: ResponseDefinition) -> tuple[Subject, ...]:
    """Return what the checks read of each design, the mean's first."""
    family, response, priors = definition.family, definition.response, definition.priors
    has_floor, has_ceiling = family.infinite_ends(definition.link)
    is_of_classes = family.support.counts_successes or bool(response.categories)
    outcome = Outcome(
        response.label,
        response.source,
        response.values,
        response.trials,
        has_floor,
        has_ceiling,
        family.has_normal_residual(definition.link),
        response.additions.se is not None,
        is_of_classes and bool((response.trials <= 1).all()),
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
            tuple(predictor.names for predictor in together),
            PLAIN,
            fixed,
            together[0].role != "further",
            _residual_like(together[0]),
        )
        for together in designs.values()
    )


def _residual_like(predictor: Predictor) -> frozenset[str]:
    """Return the grouping factors whose effects are tied no more closely than a residual may be."""
    pairs = zip(predictor.design.groups, predictor.groups, strict=True)
    return frozenset(
        group.factor for group, prior in pairs if all(block.is_residual_like for block in prior.blocks)
    )
