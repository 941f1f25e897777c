"""A fit and a grouping factor in, the variance of a new group's part of the linear predictor out."""

from __future__ import annotations

from glmm_bayes.core.errors import Finding, PredictionError, row_text
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.names import PredictorNames, prefix_of
from glmm_bayes.priors.spread import Spread
from glmm_bayes.spec.linear_predictor import MEAN


def spread_of(fit: Fit, design: Design, group: GroupDesign, parameter: str = MEAN) -> Spread:
    """Collect the draws of one grouping factor's variance on the rows of a design.

    Raises
    ------
    PredictionError
        ``new_group`` if the variance of a level depends on the level and a row's level is not known.
    """
    prior = fit.group_prior(group.slug, parameter)
    _check_levels(design, group, prior)
    names = PredictorNames(prefix_of(parameter))
    parameters = {
        name: fit.needed(names.of_factor(name, group.slug), "the variance of random effects")
        for name in prior.single_values
    }
    return Spread(group, prior, fit.covariance(group.slug, parameter), parameters)


def _check_levels(design: Design, group: GroupDesign, prior: GroupPrior) -> None:
    if all(block.levels.has_equal_variances for block in prior.blocks):
        return
    unseen = (group.members < 0).any(axis=1)
    if unseen.any():
        rows = tuple(design.table.rows[unseen].tolist())
        structure = next(b.levels.name for b in prior.blocks if not b.levels.has_equal_variances)
        message = (
            f"the variance of '{group.factor}' depends on its level ({structure}), and {len(rows)} rows have "
            f"none of the training data's ({row_text(rows)})."
        )
        hint = 'Give the column with known levels, or ask for estimand="typical".'
        raise PredictionError(
            Finding("new_group", message, column=group.term.columns[0], rows=rows, hint=hint)
        )
