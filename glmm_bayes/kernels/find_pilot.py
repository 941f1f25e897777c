"""A kernel without a pilot in, its pilot out: without random numbers, from the rows in their one order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.information import (
    Information,
    block_scale,
    direct_columns,
    explained,
    information,
    iterate_down,
    sums,
    without_levels,
)
from glmm_bayes.kernels.joint import JointKernel, solved
from glmm_bayes.kernels.laplace import most_probable
from glmm_bayes.kernels.moments import Around, LevelMoments, has_moments, moments
from glmm_bayes.kernels.pilot import FactorMap, Pilot, Taken, dense_map, large_map, non_negative

#: Numbers of the dense part, and of it with the large factor's effects, beyond which there is no pilot.
MOST_DENSE, MOST_SHARED = 2_000, 30_000_000
#: Numbers in front beyond which their mode is not looked for.
MOST_HYPER = 60
#: Rounds of matching moments.
_ROUNDS = 3
#: Of the largest eigenvalue of what a level tells, what is none.
_NOTHING = 1e-10


def with_pilot(kernel: JointKernel) -> JointKernel:
    """Return the kernel with a pilot; the same one where none is found."""
    if _is_too_large(kernel):
        return kernel
    # One thread: small matrices gain nothing by more, and sums have one order.
    with np.errstate(all="ignore"), threadpool_limits(1, user_api="blas"):
        try:
            found = _pilot(kernel)
        except (np.linalg.LinAlgError, MemoryError, ValueError):
            return kernel
    if not found.is_finite:
        return kernel
    piloted = JointKernel(kernel.definition, kernel.rows, found)
    return piloted if np.isfinite(piloted.value(piloted.start)[0]) else kernel


def _is_too_large(kernel: JointKernel) -> bool:
    dense = kernel.rows.basis.shape[1] + kernel.rows.others.shape[1]
    dense += sum(factor.width for factor in kernel.factors[1:])
    shared = dense * sum(factor.width for factor in kernel.factors[:1])
    return bool(dense > MOST_DENSE or shared > MOST_SHARED or kernel.hyper > MOST_HYPER)


def _pilot(kernel: JointKernel) -> Pilot:
    mode, reach, laplace = most_probable(kernel)
    if not np.isfinite(mode.value):
        raise np.linalg.LinAlgError("no mode")
    if has_moments(kernel):
        # Where digits do not do for moments, curvatures do.
        with suppress(np.linalg.LinAlgError):
            return _by_moments(kernel, mode.point, reach, laplace.around(mode.point))
    eta = kernel.predictors(mode.point)
    _, slope, curve = kernel.rows_at(mode.point, eta)
    weights = np.maximum(curve, 0.0)
    # What a normal response with these weights would be, times the weights.
    offset = kernel.rows.offset + kernel.rows.basis @ kernel.pilot.centre
    working = weights * (eta - offset) + slope
    left, product, maps = _eliminated(kernel, mode.point, information(kernel, weights), working)
    return _of_coefficients(kernel, mode.point, reach, left, product, maps)


def _by_moments(kernel: JointKernel, point: Array, reach: Array, around: Around) -> Pilot:
    """Match means and covariances of the effects, where the marginal density of coefficients is largest."""
    count, hyper = len(kernel.pilot.centre), kernel.hyper
    point = point.copy()
    for _ in range(_ROUNDS):
        found = moments(kernel, point, around)
        pilot = _matched(kernel, point, reach, found)
        around = found.around
        # The pilot's mean of the coefficients is one of Newton's steps from where they were.
        point[hyper : hyper + count] = solved(kernel.pilot.root, pilot.centre - kernel.pilot.centre)
    return pilot


def _matched(kernel: JointKernel, point: Array, reach: Array, found: LevelMoments) -> Pilot:
    """Return the pilot whose normal likelihood has the moments, the coefficients being those of the point."""
    count, factor, scale = len(kernel.pilot.centre), kernel.factors[0], kernel.scales(point)[0]
    rows = information(kernel, np.maximum(found.weights, 0.0))
    covariance = found.around.root @ np.swapaxes(found.around.root, 1, 2)
    inverse = np.linalg.inv(scale)
    # In units, precision beyond that of the prior; then in effects.
    own = non_negative(np.linalg.inv(covariance) - np.eye(factor.size))
    levels = inverse.T @ own @ inverse
    # A level with fewer rows than effects tells nothing of some.
    shared = levels @ np.linalg.pinv(rows.levels, rcond=_NOTHING, hermitian=True) @ rows.shared
    mean = found.around.mean @ scale.T
    direct = np.concatenate([point[kernel.hyper : kernel.hyper + count], kernel.others_at(point)])
    precision = levels + inverse.T @ inverse
    product = (precision @ mean[..., None])[..., 0] + shared @ direct
    left, _ = without_levels(replace(rows, levels=levels, shared=shared), scale)
    right = left @ direct + direct_columns(kernel).T @ found.slopes
    taken = _taken(kernel, 0, shared.reshape(factor.width, len(direct)), len(direct))
    maps = [large_map(factor, levels, product.ravel(), taken)]
    return _of_coefficients(kernel, point, reach, left, right, maps)


def _eliminated(
    kernel: JointKernel, point: Array, found: Information, working: Array
) -> tuple[Array, Array, list[FactorMap]]:
    """Eliminate factor after factor, the largest first; return what is left of the rest, and all maps."""
    direct = direct_columns(kernel)
    products = [sums(kernel, index, working[:, None]).ravel() for index in range(len(kernel.factors))]
    product, scales = np.concatenate([direct.T @ working, *products[:0:-1]]), kernel.scales(point)
    width, maps = direct.shape[1], []
    left = found.dense.copy()
    if scales:
        left, taken = without_levels(found, scales[0])
        product = product - taken.reshape(len(product), len(products[0])) @ products[0]
        cross = found.shared.reshape(len(products[0]), len(product))
        maps.append(large_map(kernel.factors[0], found.levels, products[0], _taken(kernel, 0, cross, width)))
    for index, factor, place in iterate_down(kernel):
        before = slice(0, place.start)
        block, cross = left[place, place], left[place, before]
        maps.append(dense_map(factor, block, product[place], _taken(kernel, index, cross, width)))
        known = explained(block[None], block_scale(factor, scales[index]))[0]
        left[before, before] -= cross.T @ known @ cross
        product[before] -= cross.T @ known @ product[place]
    return left[:width, :width], product[:width], maps


def _taken(kernel: JointKernel, index: int, cross: Array, width: int) -> Taken:
    """Split what a factor's product loses: to coefficients, to the effects of factors smaller than it."""
    widths = [factor.width for factor in kernel.factors]
    places = [np.arange(widths[k]) + sum(widths[:k]) for k in range(len(widths) - 1, index, -1)]
    return Taken(cross[:, :width], cross[:, width:], np.concatenate([np.empty(0, np.int64), *places]))


def _of_coefficients(
    kernel: JointKernel, point: Array, reach: Array, left: Array, product: Array, maps: list[FactorMap]
) -> Pilot:
    """Count coefficients from the pilot's mean of them, in roots of the pilot's covariance."""
    count, old = len(kernel.pilot.centre), kernel.pilot
    delta = kernel.others_at(point)
    prior = kernel.prior_root.T @ kernel.prior_root
    precision = prior + left[:count, :count]
    right = prior @ (kernel.prior_mean + kernel.prior_shift @ delta)
    right = right + product[:count] - left[:count, count:] @ delta
    mean = np.linalg.solve(precision, right) if count else np.empty(0)
    turn = np.linalg.cholesky(np.linalg.inv(precision)) if count else np.empty((0, 0))
    moved = [
        replace(
            one,
            product=one.product - one.direct[:, :count] @ mean,
            direct=np.hstack([one.direct[:, :count] @ turn, one.direct[:, count:]]),
        )
        for one in maps
    ]
    centre, root = old.centre + old.root @ mean, old.root @ turn
    return Pilot(point[: kernel.hyper], reach, centre, root, tuple(moved))
