"""The joint prior of the coefficients: defaults stated in the basis, the user's on the reported scale.

Each coefficient has one prior coordinate: the user's own coefficient where the user set a prior, else the
basis coefficient. Coordinates are linear in beta, so the prior of beta is theirs with a constant Jacobian.
What is sampled are basis coefficients wherever the prior is normal, because the likelihood is close to
round there; a coordinate with another prior is sampled as itself, and the normal ones given it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.design.columns import DesignColumn
from glmm_bayes.design.design import Design
from glmm_bayes.families import Scales
from glmm_bayes.priors.basis import Parts, is_cell_mean, prior_covariance
from glmm_bayes.priors.monotonic import centring, prior_columns, step_columns, to_users_coding
from glmm_bayes.spec.linear_predictor import INTERCEPT
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class FixedPrior:
    """Prior of the coefficients as it is sampled.

    ``gamma ~ Normal(mean + shift @ delta, covariance)``, ``delta_k ~ others[k]``,
    ``beta = from_normal @ gamma + from_others @ delta``.

    Attributes
    ----------
    mean, covariance : ndarray
        Of the normal coordinates at ``delta = 0``.
    shift : ndarray, shape (normal, other)
    others : tuple of (int, Prior)
        Coefficients whose prior is not normal, and that prior.
    from_normal, from_others : ndarray, shape (coef, ...)
    from_steps : ndarray, shape (coef, step)
        What centring the steps of monotonic effects adds to ``beta``; their totals stand after all
        other coefficients in ``beta``, and they themselves in no other matrix.
    """

    mean: Array
    covariance: Array
    shift: Array
    others: tuple[tuple[int, Prior], ...]
    from_normal: Array
    from_others: Array
    from_steps: Array


def fixed_prior(
    design: Design, scales: Scales, user: Mapping[int, Prior], centred: Prior | None = None
) -> FixedPrior:
    """Combine default priors of the basis with the user's priors of single coefficients.

    Parameters
    ----------
    design : Design
        Where thresholds stand in the place of its intercept, columns are centred all the same; the
        first of ``beta`` then is what centring adds to the linear predictor.
    scales : Scales
    user : mapping of int to Prior
        By position among ``prior_columns``.
    centred : Prior, optional
        The user's, of the intercept at the average row.
    """
    columns, steps = prior_columns(design.columns), step_columns(design.columns)
    if design.state.has_intercept:
        return _combined(columns, steps, design.factor_values, scales, user, centred)
    shifted = {position + 1: prior for position, prior in user.items()}
    with_intercept = _combined(
        (DesignColumn((), INTERCEPT), *columns), steps, design.factor_values, scales, shifted
    )
    # The intercept of the basis is its own coordinate, on which no other depends: it is left out.
    return replace(
        with_intercept,
        mean=with_intercept.mean[1:],
        covariance=with_intercept.covariance[1:, 1:],
        shift=with_intercept.shift[1:],
        from_normal=with_intercept.from_normal[:, 1:],
    )


def _combined(
    columns: Sequence[DesignColumn],
    steps: Sequence[DesignColumn],
    part_values: Parts,
    scales: Scales,
    user: Mapping[int, Prior],
    centred: Prior | None = None,
) -> FixedPrior:
    size = len(columns)
    to_user = to_users_coding(columns, part_values)
    to_basis = np.linalg.inv(to_user)
    mean, covariance = _defaults(columns, scales)
    average = _average_row(columns, scales, centred)
    for position, prior in average.items():
        if prior.name == "Normal":
            mean[position] = prior["mu"]
            covariance[position, position] = prior["sigma"] ** 2
    coordinates = to_basis.copy()
    # Defaults speak of the average of the steps; a prior of the user's, of the reported coefficient.
    stepped = to_basis @ centring(columns, steps, part_values)
    for position, prior in user.items():
        coordinates[position] = np.eye(size)[position]
        stepped[position] = mean[position] = 0.0
        covariance[position, :] = covariance[:, position] = 0.0
        if prior.name == "Normal":
            mean[position] = prior["mu"]
            covariance[position, position] = prior["sigma"] ** 2
    laws = average | dict(user)
    other = [position for position, prior in sorted(laws.items()) if prior.name != "Normal"]
    normal = [position for position in range(size) if position not in other]
    to_beta = np.linalg.inv(coordinates)
    # Basis coefficients of the normal coordinates, as a function of all prior coordinates.
    mixed = (to_basis @ to_beta)[normal]
    keep, shift = mixed[:, normal], mixed[:, other]
    back = to_beta[:, normal] @ np.linalg.inv(keep)
    return FixedPrior(
        mean=keep @ mean[normal],
        covariance=keep @ covariance[np.ix_(normal, normal)] @ keep.T,
        shift=shift,
        others=tuple((position, laws[position]) for position in other),
        from_normal=back,
        from_others=to_beta[:, other] - back @ shift,
        from_steps=to_beta @ stepped,
    )


def _average_row(columns: Sequence[DesignColumn], scales: Scales, centred: Prior | None) -> dict[int, Prior]:
    """Return the intercept's prior at the average row where it is the user's, or not normal."""
    law = centred
    if law is None and scales.has_cauchy_intercept:
        law = Prior("Cauchy", alpha=scales.intercept_mean, beta=scales.intercept_sd)
    if law is None:
        return {}
    return {index: law for index, column in enumerate(columns) if not column.factors}


def _defaults(columns: Sequence[DesignColumn], scales: Scales) -> tuple[Array, Array]:
    """Return mean and covariance of the basis coefficients."""
    mean = np.zeros(len(columns))
    covariance = np.zeros((len(columns), len(columns)))
    has_intercept = any(not column.factors for column in columns)
    for term in dict.fromkeys(column.term for column in columns):
        members = [index for index, column in enumerate(columns) if column.term == term]
        block = np.ix_(members, members)
        if not columns[members[0]].factors:
            mean[members] = scales.intercept_mean
            covariance[block] = scales.intercept_sd**2
        elif is_cell_mean(columns[members[0]]) and not has_intercept:
            # Levels share an intercept; any two of them differ by one effect.
            mean[members] = scales.intercept_mean
            covariance[block] = scales.intercept_sd**2 + scales.effect**2 / 2 * np.eye(len(members))
        else:
            covariance[block] = scales.effect**2 * prior_covariance([columns[index] for index in members])
    return mean, covariance
