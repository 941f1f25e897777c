"""A question and rows in; each linear predictor and the variance of its random part out, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, PredictionError, row_text, value_text
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.level_combinations import Combinations, combinations_of
from glmm_bayes.effects.expectation.random_variance import spread_of
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import conditional_part, error_of_conditional, rows_part, single_values
from glmm_bayes.priors.names import PredictorNames, prefix_of
from glmm_bayes.priors.priors import SharedEffects
from glmm_bayes.priors.spread import Spread


@dataclass(frozen=True)
class StudentVariance:
    """Variance of Student's t effects, shape (draw, row), and their degrees of freedom, shape (draw,)."""

    variance: Array
    df: Array


@dataclass(frozen=True)
class RowParameters:
    """Parameters of some rows in some draws: at random effects of zero, their variances, t effects apart.

    ``attenuation``, shape (draw, 1), is what averaging over bridge effects multiplies a logit by;
    ``solved`` the error of population means at conditional predictors that were solved for.
    """

    joint: Joint
    heavy: StudentVariance | None
    attenuation: Array | None = None
    solved: float = 0.0

    @property
    def rule(self) -> tuple[str, float]:
        """How linear predictors were found, and the error of that."""
        return ("conditional predictor, solved", self.solved) if self.solved else ("exact", 0.0)


@dataclass(frozen=True)
class PredictorDraws:
    """The draws and columns that one linear predictor and its variance are made of.

    Attributes
    ----------
    design : Design
    link : Link
    beta : ndarray, shape (draw, coef)
    subject : tuple of (GroupDesign, ndarray)
        Known groups' effects.
    integrated : tuple of Spread
    marginal : tuple of Spread
        All random effects, where the columns give the link of the population mean and the linear
        predictor is the conditional one.
    """

    design: Design
    link: Link
    beta: Array
    subject: tuple[tuple[GroupDesign, Array], ...]
    integrated: tuple[Spread, ...]
    marginal: tuple[Spread, ...] = ()

    def of_columns(self, block: slice, rows: NDArray[np.int64]) -> Array:
        """Return offset + x'beta, shape (draw, row)."""
        return np.asarray(self.design.offset[rows] + self.beta[block] @ self.design.x[rows].T)

    def at_zero(self, block: slice, rows: NDArray[np.int64]) -> Array:
        """Return the linear predictor at random effects of zero, shape (draw, row)."""
        eta = self.of_columns(block, rows)
        return conditional_part(self.link, self.marginal, eta, block, rows) if self.marginal else eta

    def solved(self, block: slice, rows: NDArray[np.int64]) -> float:
        """Return the error of population means at the conditional predictor; 0 where there is none."""
        if not self.marginal:
            return 0.0
        eta = np.zeros((len(self.beta[block]), len(rows)))
        return error_of_conditional(self.link, self.marginal, eta, block, rows)

    def eta(self, block: slice, rows: NDArray[np.int64]) -> Array:
        """Return the linear predictor at known groups' effects, shape (draw, row)."""
        eta = self.at_zero(block, rows)
        for group, b in self.subject:
            eta += rows_part(b[block], group.members[rows], group.weights[rows], group.z[rows])
        return np.asarray(eta)

    def variance(self, block: slice, rows: NDArray[np.int64]) -> tuple[Array, StudentVariance | None]:
        """Return the variance of what is integrated, shape (draw, row); t effects apart."""
        v, heavy = np.zeros((len(self.beta[block]), len(rows))), None
        for spread in self.integrated:
            normal, student = spread.variance(block, rows)
            v += normal
            if student is not None:
                heavy = StudentVariance(np.maximum(student, 0.0), spread.parameters["df"][block])
        # Rounding can leave a variance of zero slightly below it.
        return np.maximum(v, 0.0), heavy

    def eta_columns(self) -> list[Array]:
        """Return the columns that the linear predictor is made of."""
        known = [group for group, _ in self.subject]
        varying = [spread.group for spread in self.marginal]
        columns = [self.design.x, self.design.offset[:, None], *(group.z for group in (*known, *varying))]
        return columns + _levels([*known, *(spread.group for spread in self.marginal if spread.needs_levels)])

    def random_columns(self) -> list[Array]:
        """Return the columns that the random part beside it is made of."""
        columns = [spread.group.z for spread in self.integrated]
        return columns + _levels([spread.group for spread in self.integrated if spread.needs_levels])


@dataclass(frozen=True)
class AllPredictors:
    """All linear predictors that an answer depends on, and what ties their random effects together.

    Attributes
    ----------
    draws : mapping of str to PredictorDraws
        By parameter.
    singles : mapping of str to RowValue
        Parameters with one value for all rows, over all draws.
    crossed : tuple of Crossed
    combinations : Combinations or None
        Levels of the data to average over.
    width : int
        Numbers that one row of one draw takes: categories.
    """

    draws: Mapping[str, PredictorDraws]
    singles: Mapping[str, RowValue]
    crossed: tuple[Crossed, ...]
    combinations: Combinations | None
    width: int

    @property
    def main(self) -> str:
        """The linear predictor with the most distinct columns of its own."""
        return max(self.draws, key=lambda name: self.draws[name].design.x.shape[1])

    def columns(self) -> list[Array]:
        """Return the columns in which rows of one pattern are equal."""
        return [*self.draws[self.main].eta_columns(), *self.columns_beside_main()]

    def columns_beside_main(self) -> list[Array]:
        """Return the columns of all that an answer depends on, but for the main linear predictor."""
        others = [predictor for name, predictor in self.draws.items() if name != self.main]
        columns = [column for predictor in others for column in predictor.eta_columns()]
        columns += [column for predictor in self.draws.values() for column in predictor.random_columns()]
        if self.combinations is not None:
            columns += [column for name in self.draws for column in self.combinations.columns(name)]
        return columns

    def at(self, block: slice, rows: NDArray[np.int64], eta: Array | None = None) -> RowParameters:
        """Return the parameters of some rows in a block of draws.

        With ``eta``, shape (draw, point), these are values of the main linear predictor, and all else is
        that of the one row.
        """
        at: dict[str, RowValue] = {}
        variance: dict[str, Array] = {}
        heavy = None
        for name, predictor in self.draws.items():
            given = eta if name == self.main else None
            at[name] = RowValue(predictor.link, predictor.eta(block, rows) if given is None else given)
            if predictor.integrated:
                variance[name], student = predictor.variance(block, rows)
                heavy = heavy or student
        at |= {name: replace(value, eta=value.eta[block]) for name, value in self.singles.items()}
        covariance: dict[tuple[str, str], Array] = {}
        for crossed in self.crossed:
            part = crossed.covariance(block, rows)
            covariance[crossed.pair] = covariance.get(crossed.pair, 0.0) + part
        joint = Joint(at, variance, covariance, smooth=eta is not None)
        solved = max(predictor.solved(block, rows) for predictor in self.draws.values())
        return RowParameters(joint, heavy, self._attenuation(block), solved)

    def _attenuation(self, block: slice) -> Array | None:
        spreads = [spread for predictor in self.draws.values() for spread in predictor.integrated]
        return next((f for spread in spreads if (f := spread.attenuation(block)) is not None), None)


@dataclass(frozen=True)
class Crossed:
    """Covariance of the random effects of one factor in two linear predictors.

    Attributes
    ----------
    pair : tuple of str
    z : tuple of two ndarrays, shape (row, effect)
    sigma : ndarray, shape (draw, effect, effect)
    """

    pair: tuple[str, str]
    z: tuple[Array, Array]
    sigma: Array

    def covariance(self, block: slice, rows: NDArray[np.int64]) -> Array:
        """Return the covariance of the two predictors, shape (draw, row)."""
        first, second = (z[rows] for z in self.z)
        return np.asarray(np.einsum("rk,skl,rl->sr", first, self.sigma[block], second, optimize=True))


def _all_predictors(question: Question, rows: Rows, direct: bool) -> AllPredictors:
    draws = {name: _predictor_draws(question, name, design, direct) for name, design in rows.designs.items()}
    width = max(1, len(question.categories))
    return AllPredictors(
        draws, _singles(question), _crossed(question, rows), combinations_of(question, rows), width
    )


def _levels(groups: Sequence[GroupDesign]) -> list[Array]:
    """Return the levels of groups, and their shares, as columns."""
    return [column for group in groups for column in (group.members.astype(np.float64), group.weights)]


def _singles(question: Question) -> dict[str, RowValue]:
    """Return the parameters with one value for all rows that the mean depends on."""
    fit, family = question.fit, question.fit.family
    if question.parameter is not None:
        return {}
    # A mean that is mu itself depends on others only in whether it exists.
    mean = family.response_mean
    used = set(mean.parameters) if mean.is_mu else {*fit.priors.auxiliary, "thresholds"}
    for name in (*fit.priors.auxiliary, *(("thresholds",) if fit.priors.thresholds else ())):
        if name in used:
            fit.needed(name, "the mean of the response")
    kept = {name: law for name, law in fit.priors.auxiliary.items() if name in used}
    return single_values(fit.flat, replace(fit.priors, auxiliary=kept), slice(None))


def _crossed(question: Question, rows: Rows) -> tuple[Crossed, ...]:
    """Find the pairs of predictors whose integrated effects are correlated."""
    fit = question.fit
    result = []
    for shared in fit.priors.shared:
        members = [index for index, (name, _) in enumerate(shared.members) if name in rows.designs]
        for first, second in combinations(members, 2):
            (left, i), (right, j) = shared.members[first], shared.members[second]
            groups = rows.designs[left].groups[i], rows.designs[right].groups[j]
            if question.estimand.word_of_factor[groups[0].factor] != "population":
                continue
            z = groups[0].z[:, shared.positions[first]], groups[1].z[:, shared.positions[second]]
            result.append(Crossed((left, right), z, shared_covariance(fit, shared, first, second)))
    return tuple(result)


def shared_covariance(fit: Fit, shared: SharedEffects, first: int, second: int) -> Array:
    """Return draws of the covariance between two members' effects, shape (draw, effect, effect)."""
    corr = fit.needed(shared.names.correlation, "the covariance of linear predictors")
    starts = shared.start(first), shared.start(second)
    sds = []
    for member in (first, second):
        name, index = shared.members[member]
        predictor = fit.predictors[name]
        slug = predictor.design.groups[index].slug
        sd = fit.needed(predictor.names.of_factor("sd", slug), "the variance of random effects")
        sds.append(sd[:, list(shared.positions[member])])
    block = corr[:, starts[0] : starts[0] + sds[0].shape[1], starts[1] : starts[1] + sds[1].shape[1]]
    return np.asarray(sds[0][:, :, None] * block * sds[1][:, None, :])


def _predictor_draws(question: Question, parameter: str, design: Design, direct: bool) -> PredictorDraws:
    fit, names = question.fit, PredictorNames(prefix_of(parameter))
    predictor = fit.predictors[parameter]
    beta = fit.flat[names.beta]
    estimands = {question.estimand.word_of_factor[group.factor] for group in design.groups}
    if predictor.is_marginal and direct and estimands == {"population"} and question.parameter is None:
        return PredictorDraws(design, predictor.link, beta, (), ())
    marginal: tuple[Spread, ...] = ()
    if predictor.is_marginal:
        marginal = tuple(spread_of(fit, design, group, parameter) for group in design.groups)
    subject, integrated = [], []
    for group in design.groups:
        word = question.estimand.word_of_factor[group.factor]
        if word == "subject":
            _check_known(group, design)
            subject.append((group, fit.needed(names.of_factor("b", group.slug), 'estimand="subject"')))
        elif word == "population":
            integrated.append(spread_of(fit, design, group, parameter))
    if sum(spread.t_terms for spread in integrated) > 1:
        message = "several independent t effects in a row: their sum is no t, and is not integrated here."
        hint = 'Ask for estimand="typical" or "subject", or give one of them normal effects.'
        raise PredictionError(Finding("not_available", message, hint=hint))
    return PredictorDraws(design, predictor.link, beta, tuple(subject), tuple(integrated), marginal)


def distinct_patterns(
    question: Question, rows: Rows, direct: bool = False
) -> tuple[AllPredictors, NDArray[np.int64], NDArray[np.int64]]:
    """Return what predictors are made of, one row of each covariate pattern, and the pattern of each row.

    With ``direct`` a predictor that gives the population mean itself stands for it, without integration.
    """
    predictors = _all_predictors(question, rows, direct)
    return predictors, *distinct_rows(np.hstack(predictors.columns()))


def _check_known(group: GroupDesign, design: Design) -> None:
    unseen = group.members < 0
    bad = unseen.any(axis=1)
    if bad.any():
        rows = tuple(design.table.rows[bad].tolist())
        labels = _unseen_labels(group, design, unseen)
        levels = "1 level was" if len(labels) == 1 else f"{len(labels)} levels were"
        message = (
            f"'{group.factor}': {levels} not in the training data ({value_text(labels)}; {row_text(rows)})."
        )
        hint = (
            'Ask for estimand="population" (average over groups), "typical" (effect 0) or '
            '"new_subject" (one new group).'
        )
        raise PredictionError(
            Finding("new_group", message, column=group.term.columns[0], rows=rows, hint=hint)
        )


def _unseen_labels(group: GroupDesign, design: Design, unseen: NDArray[np.bool_]) -> list[str]:
    """List the labels that are not known, in the order of the rows."""
    columns = [as_labels(design.table[name]) for name in group.term.columns]
    texts = np.stack([np.array(list(map(str, c.levels)), object)[c.values] for c in columns], axis=1)
    if group.term.is_membership:
        return list(dict.fromkeys(texts[unseen].tolist()))
    return list(dict.fromkeys(":".join(row) for row in texts[unseen[:, 0]].tolist()))
