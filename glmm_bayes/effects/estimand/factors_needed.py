"""A linear predictor and an estimand in, the grouping factors whose levels rows must name out."""

from __future__ import annotations

from glmm_bayes.effects.estimand.factor_estimands import NEW_SUBJECT, FactorWords
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import depends_on_levels


def factors_needed(predictor: Predictor, estimand: FactorWords) -> frozenset[str]:
    """List the grouping factors whose levels the rows must name for an estimand."""
    asks_conditional = predictor.is_marginal and set(estimand.word_of_factor.values()) != {"population"}
    return frozenset(
        group.factor
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True)
        if (word := estimand.word_of_factor.get(group.factor)) == "subject"
        or ((word == "population" or asks_conditional) and depends_on_levels(group, prior))
        or (word == NEW_SUBJECT and group.term.is_membership)
        or group.factor in estimand.labelled
    )
