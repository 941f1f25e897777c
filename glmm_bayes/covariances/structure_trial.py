"""A user's covariance structure in, before it is registered; what is missing in it or wrong with it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.registry import NAME
from glmm_bayes.core.trial import Statement, Trial, flag, mapping
from glmm_bayes.covariances.base import Argument, EffectCovariance, LevelCovariance, SampledVariable
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.prior import Prior

_VALUE_TYPES = ("matrix", "graph", "coordinates", "number", "flag")
_SUPPORTS = ("positive", "unit", "real")
#: Words of ``gr()``.
_OF_GROUPS = ("by", "cov", "df", "dist", "structure")
#: First words of the names of a factor's and a predictor's other variables.
_OF_POSTERIORS = frozenset(
    ["b", "beta", "chain", "chol", "coef", "corr", "cov", "df", "draw", "mo", "sd", "simplex", "z"]
)

_LEVELS, _EFFECTS = 4, 3
_PLACES = np.array([[0.0, 0.0], [1.0, 0.2], [2.1, 1.0], [3.0, 2.5]])
_PATH = np.zeros((_LEVELS, _LEVELS))
for _one, _other in pairwise(range(_LEVELS)):
    _PATH[_one, _other] = _PATH[_other, _one] = 1.0
#: What is given for an argument of each type.
_MATRICES: Mapping[str, Array] = {
    "matrix": 0.4 ** np.abs(np.subtract.outer(range(_LEVELS), range(_LEVELS))),
    "graph": _PATH,
    "coordinates": _PLACES,
}
_INSIDE = {"positive": 0.7, "unit": 0.4, "real": 0.3}


def _is_argument(name: object, argument: object) -> bool:
    is_free = isinstance(name, str) and name.isidentifier() and name not in _OF_GROUPS
    return is_free and isinstance(argument, Argument) and argument.value_type in _VALUE_TYPES


def _is_parameter(name: object, support: object) -> bool:
    is_name = isinstance(name, str) and bool(NAME.match(name))
    return is_name and str(name).split("_")[0] not in _OF_POSTERIORS and support in _SUPPORTS


_ARGUMENTS = mapping(
    "arguments",
    f"names, not {', '.join(_OF_GROUPS)}, to an Argument of {', '.join(_VALUE_TYPES)}",
    _is_argument,
    'arguments = {"graph": Argument("graph")}',
)
_OF_EFFECTS = tuple(
    flag(name)
    for name in ("orders_levels", "takes_equal_steps", "fits_any_coding", "is_plain", "is_residual_like")
)
_OF_LEVELS = (
    mapping(
        "parameters",
        f"names, whose first word is none of posteriors ({', '.join(sorted(_OF_POSTERIORS))}), to "
        f"{', '.join(_SUPPORTS)}",
        _is_parameter,
        'parameters = {"share": "unit"}',
    ),
    mapping(
        "meanings",
        "parameters to what each of them is",
        lambda name, meaning: isinstance(name, str) and isinstance(meaning, str),
        'meanings = {"share": "spatial share of the variance"}',
    ),
    flag("is_independent"),
    flag("allows_islands"),
)


def try_structure(trial: Trial) -> None:
    """Read what a structure states, and draw effects of a few levels by it.

    A structure that refuses the few levels with a ``ValueError``, being one of other data, is not drawn.

    Raises
    ------
    FormulaError
        ``custom_structure``, with everything that is wrong.
    """
    structure = trial.entry
    missing = sorted(getattr(structure, "__abstractmethods__", ()))
    if missing:
        base = "EffectCovariance" if issubclass(structure, EffectCovariance) else "LevelCovariance"
        trial.fail(f"{', '.join(missing)} is not written.", f"See glmm_bayes.covariances.base.{base}.")
    of_class = _OF_EFFECTS if issubclass(structure, EffectCovariance) else _OF_LEVELS
    trial.read((_ARGUMENTS, *of_class))
    trial.finish()
    try:
        made = _made(structure)
    except ValueError:
        # So a structure refuses levels and options, and those of the trial may be such; a model meets others.
        return
    except Exception as error:  # noqa: BLE001 - a function of the user's
        trial.fail(f"making it for a few levels raised {type(error).__name__}: {error}.")
        trial.finish()
        return
    trial.entry = made
    if isinstance(made, EffectCovariance):
        _try_effects(trial, made)
    else:
        _try_levels(trial, made)
    trial.finish()


def _made(structure: type[EffectCovariance] | type[LevelCovariance]) -> EffectCovariance | LevelCovariance:
    """Make a structure of a few effects or levels, with its default options."""
    arguments = structure.arguments
    options: dict[str, Any] = {
        name: argument.default for name, argument in arguments.items() if argument.default is not None
    }
    options |= {
        name: argument.choices[0] if argument.choices else argument.value_type == "number"
        for name, argument in arguments.items()
        if argument.default is None and argument.value_type in ("number", "flag")
    }
    if issubclass(structure, EffectCovariance):
        return structure(range(_EFFECTS), options)
    matrices = {
        name: _MATRICES[argument.value_type]
        for name, argument in arguments.items()
        if argument.value_type in _MATRICES
    }
    return structure(_LEVELS, matrices, options | {"edition": CURRENT})


def _try_effects(trial: Trial, effects: EffectCovariance) -> None:
    """See that the root is that of a correlation matrix, at values inside the priors of what is sampled."""
    variables = _variables(trial, lambda: effects.sampled(Prior("LKJ", eta=2.0)))
    if variables is None:
        return
    if len(variables) > 1:
        trial.fail(f"sampled must list one variable or none, found {len(variables)}.")
        return
    values = [_inside(variable) for variable in variables]
    root = trial.array("root", lambda: effects.root(values, NUMPY), (effects.size, effects.size))
    if root is not None:
        trial.equal("root", root, "a lower triangle", np.tril(root))
        lengths = np.square(root).sum(axis=1)
        trial.equal("the sum of squares of each row of root", lengths, "1", np.ones(effects.size))
    pairs = trial.run("pairs", lambda: list(effects.pairs))
    if pairs is not None and not all(0 <= i < j < effects.size for i, j in pairs):
        trial.fail(f"pairs must be positions (i, j) with i < j below {effects.size}, found {pairs}.")


def _try_levels(trial: Trial, levels: LevelCovariance) -> None:
    """See that effects have the covariance that ``matrix``, ``variance`` and ``row_variance`` say."""
    trial.read([Statement("default_priors", "a method", callable, "def default_priors(self): return {}")])
    priors = trial.run("default_priors", levels.default_priors)
    without = [name for name in levels.parameters if not isinstance((priors or {}).get(name), Prior)]
    if without:
        hint = f'Write def default_priors(self): return {{"{without[0]}": Prior("Beta", alpha=1, beta=1)}}.'
        trial.fail(f"default_priors must have a Prior of each parameter, and has none of {without[0]}.", hint)
    variables = _variables(trial, lambda: levels.sampled(1))
    if variables is None or trial.has_failed:
        return
    at = {name: _INSIDE[support] for name, support in levels.parameters.items()}
    columns = []
    for values in _units(variables):
        effects = trial.array("effects", partial(levels.effects, values, at, NUMPY), (_LEVELS, 1))
        if effects is None:
            return
        columns.append(effects[:, 0])
    covariance = np.array(columns).T @ np.array(columns)
    matrix = trial.array("matrix", lambda: levels.matrix(at), (_LEVELS, _LEVELS))
    trial.equal("matrix", matrix, "the covariance of effects of standard normal values", covariance)
    _try_variances(trial, levels, at, covariance)


def _try_variances(trial: Trial, levels: LevelCovariance, at: Mapping[str, float], covariance: Array) -> None:
    members, weights = np.array([[0, 1], [2, 2], [3, 0]]), np.array([[1.0, 0.0], [0.5, 0.5], [0.3, 0.7]])
    entries = covariance[members[:, :, None], members[:, None, :]]
    expected = np.einsum("rm,rn,rmn->r", weights, weights, entries)
    found = trial.array("row_variance", lambda: levels.row_variance(at, members, weights, NUMPY), (3,))
    trial.equal("row_variance", found, "w'Aw", expected)
    of_draws = {name: np.full(2, value) for name, value in at.items()}

    def variance() -> Array:
        return np.broadcast_to(levels.variance(of_draws, members, weights), (2, 3))

    trial.equal("variance", trial.array("variance", variance, (2, 3)), "w'Aw", np.tile(expected, (2, 1)))


def _variables(trial: Trial, sampled: Callable[[], Any]) -> Sequence[SampledVariable] | None:
    """Return what is sampled; None, and a finding, if it is no tuple of variables."""
    variables = trial.run("sampled", sampled)
    if isinstance(variables, tuple) and all(isinstance(one, SampledVariable) for one in variables):
        suffixes = [one.suffix for one in variables]
        if len(set(suffixes)) == len(suffixes):
            return variables
        trial.fail("sampled lists two variables with one suffix.")
    elif not trial.has_failed:
        trial.fail("sampled must return a tuple of SampledVariable.", "Write return (beta_of(prior),).")
    return None


def _inside(variable: SampledVariable) -> Array:
    """Return a value of a variable inside its support; of an LKJ law the Cholesky factor of one."""
    if variable.law.support == "correlation":
        matrix = 0.7 * np.eye(variable.shape[0]) + 0.3
        return np.asarray(np.linalg.cholesky(matrix))
    return np.full(variable.shape, _INSIDE.get(variable.law.support, 0.5))


def _units(variables: Sequence[SampledVariable]) -> list[list[Array]]:
    """List values that are zero but for one 1, which stands at each place in turn."""
    result = []
    for position, variable in enumerate(variables):
        for place in range(int(np.prod(variable.shape))):
            values = [np.zeros(one.shape) for one in variables]
            values[position].flat[place] = 1.0
            result.append(values)
    return result
