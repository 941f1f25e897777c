"""A model's definition in, what speaks against each kernel out."""

from __future__ import annotations

from collections.abc import Iterator

from glmm_bayes.covariances.diagonal import Diagonal
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families.parameters import law_of
from glmm_bayes.kernels.kinds import has_rows
from glmm_bayes.kernels.laws import positive_law, real_law
from glmm_bayes.kernels.likelihood import MOST_NUMBERS
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.spec.linear_predictor import MEAN

#: Families whose responses, as they are or by their logs, are normal around the linear predictor.
NORMAL = ("gaussian", "lognormal")
#: Effects of one level, and coefficients with effects of the smaller factors, that the kernel takes.
MOST_EFFECTS, MOST_DENSE = 64, 600
#: Numbers of their columns on all rows.
MOST_CELLS = 100_000_000


def why_not_marginal(definition: ModelDefinition) -> str:
    """Say why effects of a model are not integrated out exactly; nothing where they are."""
    return next(_against_marginal(definition), "")


def why_not_joint(definition: ModelDefinition) -> str:
    """Say why there is no kernel for all parameters of a model; nothing where there is one."""
    return next(_against_joint(definition), "")


def _against_marginal(definition: ModelDefinition) -> Iterator[str]:
    one = definition.first
    if definition.is_single and (one.family.name not in NORMAL or one.link.name != "identity"):
        yield "a response that is not normal around the linear predictor"
    yield from _against(definition, ("se", "censored", "lower", "upper", "rate"))
    groups = definition.priors.first.design.groups
    widths = sorted((len(group.levels), len(group.effects)) for group in groups)
    dense = len(definition.priors.first.design.coefficients) + sum(
        levels * size for levels, size in widths[:-1]
    )
    if dense * definition.numbers > MOST_CELLS:
        yield f"{definition.numbers} rows of {dense} columns, which sums over them have no room for"
    if dense > MOST_DENSE:
        yield f"{dense} coefficients and effects beside those of the largest factor, of {MOST_DENSE} at most"


def _against_joint(definition: ModelDefinition) -> Iterator[str]:
    one = definition.first
    if definition.is_single and not has_rows(one.family.name, one.link.name):
        yield f"{one.family.name} with link {one.link.name}, which has no kernel"
    yield from _against(definition, ("se", "censored", "lower", "upper"))
    thresholds = definition.priors.thresholds
    if thresholds is None:
        return
    if len(thresholds.labels) > MOST_NUMBERS - 2:
        yield f"{len(thresholds.labels)} thresholds, of {MOST_NUMBERS - 2} at most"
    # A law between two ends has a coordinate of its own, and thresholds have another.
    if thresholds.prior is not None and (
        thresholds.prior.name == "Uniform" or real_law(thresholds.prior) is None
    ):
        yield "the prior of thresholds"


def _against(definition: ModelDefinition, added: tuple[str, ...]) -> Iterator[str]:
    """Yield what speaks against every kernel."""
    if not definition.is_single:
        yield "several responses"
    if list(definition.priors.predictors) != [MEAN]:
        yield "a formula of a further parameter"
    if any(getattr(definition.first.response.additions, name) is not None for name in added):
        yield "censored, truncated or measured responses, or rates"
    for name, law in definition.priors.auxiliary.items():
        if positive_law(law) is None:
            yield f"the prior of {name}"
    yield from _against_predictor(definition.priors.first)


def _against_predictor(predictor: Predictor) -> Iterator[str]:
    if predictor.is_marginal or predictor.monotonic:
        yield "a linear predictor that is not linear in what is sampled"
    if any(real_law(law) is None for _, law in predictor.fixed.others):
        yield "a prior of a coefficient"
    for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
        for reason in _against_group(group, prior):
            yield f"{reason} ({group.factor})"


def _against_group(group: GroupDesign, prior: GroupPrior) -> Iterator[str]:
    if group.term.is_membership:
        yield "rows with several members"
    if not prior.is_plain:
        yield "effects that are not normal, or levels that are not independent"
    if not all(isinstance(block.effects, Unstructured | Diagonal) for block in prior.blocks):
        yield "a structure of its effects"
    if any(positive_law(law_of(law)) is None for law in prior.sd):
        yield "the prior of a standard deviation"
    if len(group.effects) > MOST_EFFECTS:
        yield f"{len(group.effects)} effects of a level, of {MOST_EFFECTS} at most"
