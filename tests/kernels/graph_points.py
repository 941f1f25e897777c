"""A kernel's point and a draw given it in, the graph's variables at that place out; by NumPy alone."""

import numpy as np

from glmm_bayes.families.parameters import law_of
from glmm_bayes.priors.names import FactorNames, alone, basis_of, sampled_for


def number(prior, coordinate):
    """Return the number that is sampled, at its coordinate on the whole line."""
    if prior.name == "Uniform":
        return prior["lower"] + (prior["upper"] - prior["lower"]) / (1 + np.exp(-coordinate))
    if prior.name == "Beta":
        return 1 / (1 + np.exp(-coordinate))
    return np.exp(coordinate) if prior.support == "positive" else coordinate


def cholesky_of(partials, size):
    """Return the Cholesky factor of the correlations with these partial ones (Joe 2006)."""
    root, z = np.eye(size), iter(np.tanh(partials))
    for i in range(1, size):
        for k in range(i):
            root[i, k] = next(z) * np.sqrt(1 - np.sum(root[i, :k] ** 2))
        root[i, i] = np.sqrt(1 - np.sum(root[i, :i] ** 2))
    return root


def graph_point(definition, point, drawn):
    """Return what the graph samples, by name, and the names of coefficients and effects.

    Parameters
    ----------
    definition : ModelDefinition
    point : ndarray
        Coordinates of what is not drawn; what follows them is not looked at.
    drawn : mapping of str to ndarray
        Reported variables.
    """
    predictor = definition.priors.first
    pairs = sorted(
        zip(predictor.design.groups, predictor.groups, strict=True), key=lambda pair: -len(pair[0].levels)
    )
    rest, result, integrated = list(point), {}, set()
    for group, prior in pairs:
        names = FactorNames(predictor.names, group.slug)
        laws = [law_of(one) for one in prior.sd]
        numbers = [number(law.prior, rest.pop(0)) for law in laws]
        base = prior.sampled_sds(names.of("sd"))
        if len({(law.prior.name, law.transform) for law in laws}) == 1:
            result[sampled_for(base, laws[0].transform)] = np.array(numbers)
        else:
            for position, (law, value) in enumerate(zip(laws, numbers, strict=True)):
                result[sampled_for(sampled_for(base, position), law.transform)] = np.array(value)
        sd = np.array([float(law.value(np.float64(v))) for law, v in zip(laws, numbers, strict=True)])
        root = np.eye(len(group.effects))
        for index, block in enumerate(prior.blocks):
            size = len(block.positions)
            if block.effects.is_correlated:
                chol = cholesky_of([rest.pop(0) for _ in range(size * (size - 1) // 2)], size)
                root[np.ix_(block.positions, block.positions)] = chol
                suffix = index if len(prior.blocks) > 1 else ""
                result[sampled_for(names.of("chol_corr"), suffix)] = chol
        scale = prior.recoding @ (sd[list(prior.sd_of_effect), None] * root)
        result[names.of("z")] = np.linalg.solve(scale, drawn[names.of("b")].T).T
        integrated.add(names.of("z"))
    fixed, name = predictor.fixed, predictor.names.beta
    delta = np.array([number(law, rest.pop(0)) for _, law in fixed.others])
    for (position, _), value in zip(fixed.others, delta, strict=True):
        result[alone(name, position)] = np.array(value)
    level, others = len(fixed.from_normal) - len(drawn[name]), fixed.from_others @ delta
    gamma = np.linalg.lstsq(fixed.from_normal[level:], drawn[name] - others[level:])[0]
    result[basis_of(name)] = gamma
    integrated.add(basis_of(name))
    if definition.priors.thresholds is not None:
        added = fixed.from_normal[0] @ gamma + others[0]
        result[basis_of("thresholds")] = drawn["thresholds"] + added
    for name, law in definition.priors.auxiliary.items():
        result[sampled_for(name, law.transform)] = np.array(number(law.prior, rest.pop(0)))
    return result, integrated
