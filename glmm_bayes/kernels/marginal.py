"""A model of normal responses and normal effects in, the density of its few other parameters out.

Effects and coefficients are integrated out exactly, in the C source of the same name; given each draw of
standard deviations, correlations and sigma they are drawn from their exact normal distribution. The
density equals the integral of the PyMC graph's over them, which tests hold it to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.covariances.diagonal import Diagonal
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families.parameters import law_of
from glmm_bayes.kernels.laws import LawStruct, array_of, coordinate, positive_law, real_law
from glmm_bayes.kernels.library import library
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.names import alone, sampled_for
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.spec.linear_predictor import MEAN

#: Families whose responses, as they are or by their logs, are normal around the linear predictor.
_NORMAL = ("gaussian", "lognormal")
#: Effects of one level, and coefficients with effects of the smaller factors, that kernels take.
_MOST_EFFECTS, _MOST_DENSE = 64, 600

_P = ctypes.c_void_p
_I = ctypes.c_int64


class _FactorStruct(ctypes.Structure):
    _fields_ = (
        *(("levels", _I), ("size", _I), ("first", _I), ("sds", _I), ("blocks", _I)),
        *(("sd_of_effect", _P), ("block_start", _P), ("block_size", _P), ("eta", _P), ("laws", _P)),
    )


class _ModelStruct(ctypes.Structure):
    _fields_ = (
        *(("numbers", _I), ("others", _I), ("coefficients", _I), ("dense", _I), ("factors", _I)),
        *(("factor", _P), ("other_law", _P), ("sigma_law", _P)),
        *(("sigma", ctypes.c_double), ("rows", ctypes.c_double)),
        *(("yy", _P), ("wy", _P), ("ww", _P), ("zz", _P), ("zy", _P), ("start", _P), ("column", _P)),
        *(("zw", _P), ("prior_mean", _P), ("prior_shift", _P)),
    )


def why_not_marginal(definition: ModelDefinition) -> str:
    """Say why effects of a model are not integrated out exactly; nothing where they are."""
    if not definition.is_single:
        return "several responses"
    one, priors = definition.first, definition.priors
    if one.family.name not in _NORMAL or one.link.name != "identity":
        return "a response that is not normal around the linear predictor"
    if list(priors.predictors) != [MEAN]:
        return "a formula of a further parameter"
    additions = one.response.additions
    added = ("se", "censored", "lower", "upper", "rate")
    if any(getattr(additions, name) is not None for name in added):
        return "censored, truncated or measured responses"
    predictor = priors.first
    if predictor.is_marginal or predictor.monotonic or not predictor.design.state.has_intercept:
        return "a linear predictor that is not linear in what is sampled"
    if priors.shared:
        return "effects that a label correlates over predictors"
    if any(real_law(law) is None for _, law in predictor.fixed.others):
        return "a prior of a coefficient"
    if "sigma" in priors.auxiliary and positive_law(priors.auxiliary["sigma"]) is None:
        return "the prior of sigma"
    for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
        reason = _why_not_group(group, prior)
        if reason:
            return f"{reason} ({group.factor})"
    sizes = sorted((len(group.levels), len(group.effects)) for group in predictor.design.groups)
    dense = predictor.design.x.shape[1] + sum(levels * size for levels, size in sizes[:-1])
    return f"{dense} coefficients and effects beside the largest factor" if dense > _MOST_DENSE else ""


def _why_not_group(group: GroupDesign, prior: GroupPrior) -> str:
    if group.term.is_membership:
        return "rows with several members"
    if not prior.is_plain:
        return "effects that are not normal, or levels that are not independent"
    if not all(isinstance(block.effects, Unstructured | Diagonal) for block in prior.blocks):
        return "a structure of its effects"
    if any(positive_law(law_of(law)) is None for law in prior.sd):
        return "the prior of a standard deviation"
    return "too many effects of a level" if len(group.effects) > _MOST_EFFECTS else ""


@dataclass(frozen=True)
class _Block:
    """Effects of a level that may be correlated: the first of them, their number, the LKJ prior's eta."""

    start: int
    size: int
    eta: float


@dataclass(frozen=True)
class _Factor:
    """A grouping factor as the kernel sees it, in the coding of its priors.

    Attributes
    ----------
    columns : ndarray, shape (row, effect)
    blocks : tuple of _Block
    first : int
        Its place among the dense units; -1 for the factor that is eliminated level by level.
    """

    group: GroupDesign
    prior: GroupPrior
    columns: Array
    blocks: tuple[_Block, ...]
    first: int

    @property
    def levels(self) -> int:
        return len(self.group.levels)

    @property
    def size(self) -> int:
        return len(self.group.effects)

    @property
    def numbers(self) -> int:
        """How many numbers of it are sampled."""
        return len(self.prior.sd) + sum(block.size * (block.size - 1) // 2 for block in self.blocks)


@dataclass
class Marginal:
    """The posterior of a normal mixed model with its effects integrated out.

    Attributes
    ----------
    definition : ModelDefinition
    numbers : int
        That are sampled: standard deviations, correlations, coefficients whose prior is not normal, sigma.
    units : int
        Standard normal numbers that a draw of all effects and coefficients takes.
    """

    definition: ModelDefinition
    numbers: int = field(init=False)
    units: int = field(init=False)

    def __post_init__(self) -> None:
        predictor = self.definition.priors.first
        self._predictor = predictor
        self._law = self.definition.priors.auxiliary.get("sigma")
        size = len(predictor.fixed.mean)
        self._factors = _factors(predictor, size)
        self._memory: list[Any] = []
        self.struct = self._filled()
        self.address = ctypes.addressof(self.struct)
        self.units = self.struct.dense + sum(f.levels * f.size for f in self._factors if f.first < 0)

    # --- the data -----------------------------------------------------------------------------------------

    def _filled(self) -> _ModelStruct:
        prior, design = self._predictor.fixed, self._predictor.design
        response = self.definition.first.response
        y = response.values.astype(np.float64)
        if self.definition.first.family.name == "lognormal":
            y = np.log(y)
        weights = response.additions.weights
        weights = np.ones(len(y)) if weights is None else weights
        basis, others = design.x @ prior.from_normal, design.x @ prior.from_others
        order = _order([weights, y - design.offset, basis, others, *_parts(self._factors)])
        y, basis, others, weights = (y - design.offset)[order], basis[order], others[order], weights[order]
        roots = np.sqrt(weights)[:, None]
        self._centre = np.linalg.lstsq(basis * roots, y * roots[:, 0])[0] if basis.size else np.empty(0)
        root = np.linalg.cholesky(prior.covariance) if len(prior.mean) else np.empty((0, 0))
        self._root = root
        left = np.column_stack([y - basis @ self._centre, others]) * roots
        dense = np.hstack([basis @ root, *self._dense_columns(order)]) * roots
        large = next((factor for factor in self._factors if factor.first < 0), None)
        struct = _ModelStruct()
        struct.numbers = self.numbers = (
            sum(factor.numbers for factor in self._factors) + len(prior.others) + (self._law is not None)
        )
        struct.others, struct.coefficients = len(prior.others), len(prior.mean)
        struct.dense, struct.factors = dense.shape[1], len(self._factors)
        struct.factor = self._kept((_FactorStruct * max(1, len(self._factors)))(*map(self._struct_of, self._factors)))
        struct.other_law = self._kept(array_of([_known(real_law(law)) for _, law in prior.others]))
        if self._law is not None:
            struct.sigma_law = self._kept(array_of([_known(positive_law(self._law))]))
        else:
            struct.sigma = float(self.definition.priors.constants["sigma"])
        struct.rows = float(weights.sum())
        struct.yy, struct.wy, struct.ww = map(self._numbers, (left.T @ left, dense.T @ left, dense.T @ dense))
        mean = np.linalg.solve(root, prior.mean - self._centre) if root.size else np.empty(0)
        shift = np.linalg.solve(root, prior.shift) if root.size else np.empty((0, len(prior.others)))
        struct.prior_mean, struct.prior_shift = self._numbers(mean), self._numbers(shift)
        if large is not None:
            self._fill_levels(struct, large, order, roots, left, dense)
        return struct

    def _dense_columns(self, order: NDArray[np.int64]) -> list[Array]:
        """Return the columns of the smaller factors' effects, level by level."""
        result = []
        for factor in self._factors:
            if factor.first >= 0:
                codes, columns = factor.group.codes[order], factor.columns[order]
                wide = np.zeros((len(order), factor.levels, factor.size))
                wide[np.arange(len(order)), codes] = columns
                result.append(wide.reshape(len(order), -1))
        return result

    def _fill_levels(
        self, struct: _ModelStruct, large: _Factor, order: NDArray[np.int64], roots: Array, left: Array, dense: Array
    ) -> None:
        """Put the cross products of each level of the large factor in."""
        codes, z = large.group.codes[order], large.columns[order] * roots
        size = large.size
        starts = np.searchsorted(codes, np.arange(large.levels + 1))
        zz = np.zeros((large.levels, size, size))
        zy = np.zeros((large.levels, size, left.shape[1]))
        start, columns, crosses = [0], [], []
        for level in range(large.levels):
            rows = slice(starts[level], starts[level + 1])
            zz[level], zy[level] = z[rows].T @ z[rows], z[rows].T @ left[rows]
            shared = np.flatnonzero(self._shared(dense[rows]))
            columns.append(shared)
            crosses.append((z[rows].T @ dense[rows][:, shared]).ravel())
            start.append(start[-1] + len(shared))
        struct.zz, struct.zy = self._numbers(zz), self._numbers(zy)
        struct.start = self._kept_array(np.array(start, np.int64))
        struct.column = self._kept_array(np.concatenate(columns).astype(np.int64))
        struct.zw = self._numbers(np.concatenate(crosses))

    def _shared(self, rows: Array) -> NDArray[np.bool_]:
        """Tell which dense columns a level's rows have: coefficients, and whole levels of other factors."""
        found = (rows != 0.0).any(axis=0)
        found[: len(self._predictor.fixed.mean)] = True
        for factor in self._factors:
            if factor.first >= 0:
                part = slice(factor.first, factor.first + factor.levels * factor.size)
                whole = found[part].reshape(factor.levels, factor.size).any(axis=1)
                found[part] = np.repeat(whole, factor.size)
        return np.asarray(found)

    def _struct_of(self, factor: _Factor) -> _FactorStruct:
        blocks = factor.blocks
        whole = [
            np.array(values, np.int64)
            for values in (factor.prior.sd_of_effect, [b.start for b in blocks], [b.size for b in blocks])
        ]
        laws = [_known(positive_law(law_of(law))) for law in factor.prior.sd]
        return _FactorStruct(
            *(factor.levels, factor.size, factor.first, len(laws), len(blocks)),
            *map(self._kept_array, whole),
            self._numbers(np.array([block.eta for block in blocks])),
            self._kept(array_of(laws)),
        )

    def _numbers(self, values: Array) -> int:
        return self._kept_array(np.ascontiguousarray(values, np.float64))

    def _kept_array(self, values: NDArray[Any]) -> int:
        self._memory.append(values)
        return int(values.ctypes.data)

    def _kept(self, structs: Any) -> int:
        self._memory.append(structs)
        return ctypes.addressof(structs)

    # --- the density --------------------------------------------------------------------------------------

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density of a point, up to a constant, and its gradient."""
        point = np.ascontiguousarray(point, np.float64)
        gradient, value = np.empty(self.numbers), ctypes.c_double()
        function = library().marginal_logp
        code = function(
            ctypes.c_uint64(self.numbers), _P(point.ctypes.data), _P(gradient.ctypes.data),
            ctypes.byref(value), _P(self.address),
        )  # fmt: skip
        _check_memory(code)
        return (value.value, gradient) if code == 0 else (-np.inf, np.full(self.numbers, np.nan))

    def half_log_det(self, point: Array) -> float:
        """Return the log of what the density of a draw of the units at a point is divided by."""
        point, value = np.ascontiguousarray(point, np.float64), ctypes.c_double()
        library().marginal_half_log_det(_P(point.ctypes.data), ctypes.byref(value), _P(self.address))
        return value.value

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables of a point, at the conditional means of effects and coefficients."""
        return {name: values[0] for name, values in self.draws(point[None], np.zeros((1, self.units))).items()}

    def draws(self, points: Array, normal: Array) -> dict[str, Array]:
        """Draw what was integrated out, and name all.

        Parameters
        ----------
        points : ndarray, shape (draw, number)
        normal : ndarray, shape (draw, unit)
            Standard normal numbers.

        Returns
        -------
        dict of str to ndarray, shape (draw, ...)
            The variables of the posterior.
        """
        points, normal = (np.ascontiguousarray(values, np.float64) for values in (points, normal))
        factors = self._factors
        widths = [len(self._predictor.fixed.mean), *(f.levels * f.size for f in factors)]
        widths += [f.size for f in factors] + [f.size**2 for f in factors]
        widths += [len(self._predictor.fixed.others), 1]
        out = np.empty((len(points), sum(widths)))
        code = library().marginal_draw(
            _I(len(points)), _P(points.ctypes.data), _P(normal.ctypes.data), _P(out.ctypes.data),
            _I(sum(widths)), _P(self.address),
        )  # fmt: skip
        _check_memory(code)
        if code:
            return {name: np.full((len(points), *shape), np.nan) for name, shape in self.definition.posterior.shapes.items()}
        parts = np.split(out, np.cumsum(widths)[:-1], axis=1)
        return self._named(parts)

    def _named(self, parts: Sequence[Array]) -> dict[str, Array]:
        prior, names, count = self._predictor.fixed, self._predictor.names, len(self._factors)
        gamma = self._centre + parts[0] @ self._root.T
        result = {names.beta: gamma @ prior.from_normal.T + parts[-2] @ prior.from_others.T}
        for index, factor in enumerate(self._factors):
            effects, sds, roots = (parts[1 + k * count + index] for k in range(3))
            result |= _named_effects(factor, names, effects, sds, roots)
        if self._law is not None:
            result["sigma"] = parts[-1][:, 0]
        return {name: result[name] for name in self.definition.posterior}

    # --- starts -------------------------------------------------------------------------------------------

    def centre(self, values: Mapping[str, Array]) -> Array:
        """Return the point at values of what the graph samples, by its names; what they leave out is at 0."""
        result: list[float] = []
        for factor in self._factors:
            laws = [law_of(law) for law in factor.prior.sd]
            base = factor.prior.sampled_sds(self._predictor.names.of_factor("sd", factor.group.slug))
            together = values.get(sampled_for(base, laws[0].transform))
            for position, law in enumerate(laws):
                single = values.get(sampled_for(sampled_for(base, position), law.transform))
                value = single if together is None else np.ravel(together)[position]
                result.append(coordinate(law.prior, float(1.0 if value is None else value)))
            result += [0.0] * (factor.numbers - len(laws))
        for position, law in self._predictor.fixed.others:
            result.append(coordinate(law, float(values.get(alone(self._predictor.names.beta, position), 0.0))))
        if self._law is not None:
            value = values.get(sampled_for("sigma", self._law.transform), 1.0)
            result.append(coordinate(self._law.prior, float(value)))
        return np.array(result)


def _known(law: LawStruct | None) -> LawStruct:
    assert law is not None, "why_not_marginal lets no other law through"
    return law


def _check_memory(code: int) -> None:
    if code < 0:
        raise MemoryError("a kernel found no memory")


def _factors(predictor: Predictor, first: int) -> list[_Factor]:
    """Return the factors, the one with most levels in front; the others' units stand after `first`."""
    pairs = list(zip(predictor.design.groups, predictor.groups, strict=True))
    pairs.sort(key=lambda pair: -len(pair[0].levels))
    result = []
    for index, (group, prior) in enumerate(pairs):
        blocks = [
            _Block(block.positions[0], len(block.positions), lkj["eta"])
            for block, lkj in zip(prior.blocks, prior.correlation, strict=True)
            if block.effects.is_correlated
        ]
        blocks += [
            _Block(position, 1, 1.0)
            for block in prior.blocks
            if not block.effects.is_correlated
            for position in block.positions
        ]
        factor = _Factor(group, prior, group.z @ prior.recoding, tuple(blocks), first if index else -1)
        first += factor.levels * factor.size if index else 0
        result.append(factor)
    return result


def _parts(factors: Sequence[_Factor]) -> list[Array]:
    """Return what tells rows apart: levels of the smaller factors, columns, and the large factor's last."""
    columns = [factor.columns for factor in factors]
    return [*columns, *(factor.group.codes.astype(np.float64) for factor in reversed(factors))]


def _order(parts: Sequence[Array]) -> NDArray[np.int64]:
    """Sort rows by all that they hold, so that sums do not depend on the order in which they came."""
    return np.lexsort(np.column_stack(parts).T)


def _named_effects(
    factor: _Factor, names: Any, effects: Array, sds: Array, roots: Array
) -> dict[str, Array]:
    """Take a factor's draws to the user's coding."""
    size, slug, prior = factor.size, factor.group.slug, factor.prior
    b = effects.reshape(len(effects), factor.levels, size) @ prior.recoding.T
    root = (prior.recoding * sds[:, None, :]) @ roots.reshape(-1, size, size)
    covariance = root @ np.swapaxes(root, -1, -2)
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1)) if prior.is_recoded else sds
    result = {names.of_factor("b", slug): b, names.of_factor("sd", slug): sd}
    if prior.is_correlated:
        result[names.of_factor("corr", slug)] = covariance / (sd[:, :, None] * sd[:, None, :])
    return result
