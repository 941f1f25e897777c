"""A Fit in; the parameters that a reader looks at, each with its draws, out."""

from __future__ import annotations

from collections.abc import Mapping

from glmm_bayes.core.maths import Array
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.names import element
from glmm_bayes.priors.posterior import Posterior, Variable, shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors, SharedEffects

#: R-hat and effective sample sizes are of at least so many draws a chain.
FEWEST_DRAWS = 4


def parameters(fit: Fit) -> dict[str, Array]:
    """List the parameters that a reader looks at, each with its (chain, draw) draws."""
    posterior = fit.drawn.posterior
    result: dict[str, Array] = {}
    for predictor in fit.predictors.values():
        result |= _of_predictor(predictor, posterior)
    known = fit.definition.posterior
    of_one = [variable for variable in known.of_role("threshold") if fit.is_single]
    for variable in of_one:
        result |= _elements(variable, known, posterior)
    for shared in fit.priors.shared:
        result |= _joint_correlations(shared, fit.priors, posterior)
    single = fit.priors.auxiliary
    result |= {name: posterior[name] for name in single if name in posterior}
    for variable in (*known.of_role("threshold"), *known.of_role("residual_correlation")):
        result |= {} if variable in of_one else _elements(variable, known, posterior)
    return result


def _elements(variable: Variable, known: Posterior, posterior: Mapping[str, Array]) -> dict[str, Array]:
    """List the numbers of thresholds, or of one triangle of a matrix, by their names."""
    if variable.name not in posterior:
        return {}
    values, labels = posterior[variable.name], known.labels[variable.dims[0]]
    if len(variable.dims) == 1:
        return {element(variable.name, label): values[:, :, k] for k, label in enumerate(labels)}
    return {
        element(variable.name, labels[i], labels[j]): values[:, :, i, j]
        for j in range(len(labels))
        for i in range(j)
    }


def _of_predictor(predictor: Predictor, posterior: Mapping[str, Array]) -> dict[str, Array]:
    design, names = predictor.design, predictor.names
    beta = posterior[names.beta]
    result = {names.coefficient(name): beta[:, :, k] for k, name in enumerate(design.coefficients)}
    for group, prior in zip(design.groups, predictor.groups, strict=True):
        sd_name = names.sd(group.slug)
        if sd_name in posterior:
            sd = posterior[sd_name]
            for first in dict.fromkeys(prior.sd_of_effect):
                index = prior.sd_of_effect.index(first)
                result[names.sd_of(group.slug, group.effects[index])] = sd[:, :, index]
        corr_name = names.of_factor("corr", group.slug)
        if corr_name in posterior:
            corr = posterior[corr_name]
            for first, second in prior.pairs:
                pair = (group.effects[first], group.effects[second])
                result[element(corr_name, *pair)] = corr[:, :, first, second]
        single = [names.of_factor(name, group.slug) for name in prior.sampled_values]
        result |= {name: posterior[name] for name in single if name in posterior}
    return result


def _joint_correlations(
    shared: SharedEffects, priors: Priors, posterior: Mapping[str, Array]
) -> dict[str, Array]:
    """List the correlations between effects of different linear predictors."""
    name = shared.names.correlation
    if name not in posterior:
        return {}
    labels, corr = shared_labels(shared, priors), posterior[name]
    owner = [member for member, positions in enumerate(shared.positions) for _ in positions]
    return {
        element(name, labels[i], labels[j]): corr[:, :, i, j]
        for j in range(shared.size)
        for i in range(j)
        if owner[i] != owner[j]
    }
