"""What every family supplies: how it reads a response, its density, mean, variance and random draws.

A density is written once, in the functions of ``core.maths``, for the graph and for arrays of draws.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS, Link, ProbabilityLink
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues, number
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.design.splines import Learnt
from glmm_bayes.families.intervals import log_between
from glmm_bayes.families.parameters import PARAMETERS, ParameterKind
from glmm_bayes.families.reading import with_stand_ins
from glmm_bayes.families.scales import Scales
from glmm_bayes.families.traits import (
    PROBABILITIES,
    Mu,
    Notation,
    ResponseMean,
    Support,
    Thresholds,
    Traits,
    WorkingVariance,
)

#: The log of the mean at effects of zero, among the parameters of an integral.
_CENTRE = "log mean at zero"
_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Response:
    """A response as its family reads it.

    Attributes
    ----------
    label : str
        The response as the user wrote it.
    mean_label : str
        What the response scale shows: ``P(y = 1)``, ``mean of Reaction``.
    is_event : bool
        Whether it is the probability of an event, written ``P(...)``; of categories that of each.
    values : ndarray, shape (row,)
        Observed values; for binomial numbers of successes; for ordinal and categorical responses the
        position of the category, from 0; for multinomial numbers, shape (row, category).
    trials : ndarray, shape (row,)
        Numbers of trials; 1 where the family has none.
    categories : tuple of str
        Of an ordinal, categorical or multinomial response, in order, the reference first.
    name : str
        Of categories: the column that holds them, which ``label`` may put in order. Else empty.
    additions : Additions
        What stands after the bar of the formula: weights, known standard errors, censoring, bounds.
    stand_ins : ndarray or None
        Values of censored rows, inside the support, for the scales of priors alone.
    source : str
        The first column of the data that the response reads.
    transforms : mapping of str to mapping
        What each call in the response learnt from the rows, by its text.
    """

    label: str
    mean_label: str
    values: Array
    trials: Array
    categories: tuple[str, ...] = ()
    additions: Additions = field(default_factory=Additions)
    stand_ins: Array | None = None
    name: str = ""
    source: str = ""
    transforms: Mapping[str, Learnt] = field(default_factory=dict)
    is_event: bool = False

    def probability_of(self, category: str) -> str:
        """Name the probability of one of the categories as ``mean_label`` names that of each."""
        return f"P({self.name or 'category'} = {category})"

    @property
    def supported(self) -> Array:
        """The values; for a censored row whose end is outside the support, a number of its region."""
        return self.values if self.stand_ins is None else self.stand_ins

    def take(self, rows: NDArray[np.int64]) -> Response:
        """Keep the given rows."""
        return replace(
            self,
            values=self.values[rows],
            trials=self.trials[rows],
            additions=self.additions.take(rows),
            stand_ins=None if self.stand_ins is None else self.stand_ins[rows],
        )


class Family(ABC):
    """A distribution of the response, parametrized in its mean wherever the field does.

    Attributes
    ----------
    name : str
    notation : Notation
        How a person writes it.
    mu : Mu
        Links of the parameter ``mu``, and between which numbers it lies.
    auxiliaries : tuple of str
        Further parameters, in the order of the notation; names in ``kinds``.
    defaults : mapping of str to float
        Values of further parameters that are not estimated unless they have a formula (``disc``: 1).
    support : Support
        Where responses have values, and how they are coded.
    thresholds : Thresholds or None
        Cut points of a latent scale; None where the family has none.
    response_mean : ResponseMean
        What the mean of the response is, given the parameters.
    traits : Traits
        Classes of distributions that it is one of.
    working_variance : WorkingVariance or None
        The variance of an estimating equation of the mean; None where the mean is not all it depends on.
    """

    name: ClassVar[str]
    notation: ClassVar[Notation]
    mu: ClassVar[Mu]
    auxiliaries: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[Mapping[str, float]] = _NOTHING
    support: ClassVar[Support]
    thresholds: ClassVar[Thresholds | None] = None
    response_mean: ClassVar[ResponseMean] = ResponseMean()
    traits: ClassVar[Traits] = Traits()
    working_variance: ClassVar[WorkingVariance | None] = None

    @property
    def links(self) -> tuple[str, ...]:
        """Links of the mean that the family takes, its default first, then those that users registered."""
        listed = self.mu.links
        added = (name for name in LINKS.added if name not in listed and self.takes(LINKS[name]))
        return (*listed, *added)

    @property
    def kinds(self) -> Mapping[str, ParameterKind]:
        """What is known of parameters beside the mean, by name; a user's family adds its own."""
        return PARAMETERS

    @property
    def is_custom(self) -> bool:
        """Whether it is a user's functions."""
        return False

    @property
    def has_cdf(self) -> bool:
        """Whether ``log_cdf`` and ``log_survival`` exist, which censored and truncated responses need."""
        return type(self)._log_cdf is not Family._log_cdf

    @property
    def mean_is_mu(self) -> bool:
        """Whether the mean of the response, given its parameters, is the parameter ``mu``."""
        return self.response_mean.is_mu

    @property
    def has_category_predictors(self) -> bool:
        """Whether each category but the first has a linear predictor of its own."""
        return self.support.kind == "categories"

    @property
    def is_discrete(self) -> bool:
        """Whether responses are whole numbers."""
        return self.support.is_discrete

    @property
    def has_thresholds(self) -> bool:
        """Whether a latent scale is cut at thresholds."""
        return self.thresholds is not None

    @property
    def keeps_intercept(self) -> bool:
        """Whether the linear predictor has an intercept, beside thresholds where there are any."""
        return self.thresholds is None or self.thresholds.keeps_intercept

    def takes(self, link: Link) -> bool:
        """Tell whether a link that a user registers is one of ``mu``: its means lie where ``mu`` does.

        Families with a link of their own alone take no other.
        """
        if len(self.mu.links) == 1:
            return False
        low, high = self.mu.bounds
        is_inside = low <= link.bounds[0] and link.bounds[1] <= high
        return is_inside and isinstance(link, ProbabilityLink) == (self.mu.bounds == PROBABILITIES)

    def has_probability_mean(self, link: Link) -> bool:
        """Tell whether the mean of the response is a probability, or a share."""
        return isinstance(link, ProbabilityLink) or self.mu.bounds == PROBABILITIES

    def infinite_ends(self, link: Link) -> tuple[bool, bool]:
        """Tell whether rows at the lowest and at the highest response pull the linear predictor without end.

        The lowest to minus infinity, the highest to plus infinity: counts of 0, no and all successes.
        """
        return False, False

    def has_normal_residual(self, link: Link) -> bool:
        """Tell whether the response is the linear predictor and a normal residual."""
        return False

    def log_scale_residual(self, at: RowValues, mean: Callable[[], Array]) -> tuple[Array, str] | None:
        """Return the variance of the residual on the scale of a log link, and its formula, if it has one.

        Parameters
        ----------
        at : mapping of str to RowValue
            Further parameters of the family, shape (draw, 1).
        mean : callable
            Gives draws of the population mean over the rows of the data, shape (draw,).

        References
        ----------
        Nakagawa, S., Johnson, P. C. D. & Schielzeth, H. (2017). The coefficient of determination R2 and
        intra-class correlation coefficient from generalized linear mixed-effects models revisited.
        """
        return None

    def read_response(self, columns: ResponseColumns, findings: Findings) -> Response:
        """Check the response against the family's support and coding; collect what is wrong.

        Of a censored row it is asked that something of its region lies in the support and inside the
        bounds, and nothing else.
        """
        if columns.additions.censored is None or not self.has_cdf or columns.column.data_type != "number":
            return self._read(columns, findings)
        inside, region = with_stand_ins(columns, self.name, self.support, findings)
        response = self._read(inside, findings)
        values = columns.column.values.astype(np.float64)
        if response.values.shape != values.shape:
            return response
        additions = replace(columns.additions, region=region)
        return replace(response, values=values, stand_ins=inside.column.values, additions=additions)

    @abstractmethod
    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        """Check a response that was seen in all rows; collect what is wrong."""

    def ratio_name(self, link: Link) -> str:
        """Name ``exp(coefficient)`` of the mean's linear predictor; empty if it has no name."""
        if link.name == "log" and not self.is_discrete:
            return "ratio of means"
        return self.notation.odds_ratio if link.name == "logit" else link.ratio

    @abstractmethod
    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        """Return the scales of the default priors of the mean's linear predictor."""

    def spread(self, response: Response, offset: Array) -> float:
        """Return the scale of the default prior of ``sigma``."""
        return 1.0

    def threshold_labels(self, response: Response) -> tuple[str, ...]:
        """Name the thresholds by what lies on their two sides; none where the family has none."""
        if not self.has_thresholds:
            return ()
        pairs = zip(response.categories, response.categories[1:], strict=False)
        return tuple(f"{low}|{high}" for low, high in pairs)

    @abstractmethod
    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log f(y) with all constants, row by row.

        Parameters
        ----------
        y, n : array or graph variable, shape (row,)
            Responses and numbers of trials.
        at : mapping of str to RowValue
            The parameters.
        m : Maths
            Functions of the kind of array that the parameters are.
        """

    def mean(self, at: RowValues) -> Array:
        """Return E[y | parameters] of one trial, shape (draw, row) or (draw, row, category)."""
        return np.asarray(at["mu"].value)

    @abstractmethod
    def variance(self, at: RowValues) -> Array:
        """Return Var(y | parameters) of one trial, shape (draw, row)."""

    def log_variance(self, at: RowValues) -> Array:
        """Return its log, accurate where a probability is near 0 or 1."""
        with np.errstate(divide="ignore"):
            return np.log(self.variance(at))

    @abstractmethod
    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw responses, shape (draw, row), with the trials ``n``, shape (row,)."""

    def log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y <= y), whole or not; accurate where the probability is small."""
        if not self.is_discrete:
            return self._log_cdf(y, n, at, m)
        integer = m.floor(y)
        return m.where(integer < 0, -np.inf, self._log_cdf(m.maximum(integer, 0.0), n, at, m))

    def log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > y), whole or not; accurate where the probability is small."""
        if not self.is_discrete:
            return self._log_survival(y, n, at, m)
        integer = m.floor(y)
        return m.where(integer < 0, 0.0, self._log_survival(m.maximum(integer, 0.0), n, at, m))

    def log_between(self, low: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(low < Y <= high) for finite ends, the lower of them in the support."""
        return log_between(self, low, high, n, at, m)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y <= y); of whole numbers of at least 0 where the family is discrete."""
        raise NotImplementedError

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > y); of whole numbers of at least 0 where the family is discrete."""
        raise NotImplementedError

    def check_mean(self, joint: Joint) -> None:  # noqa: B027 - most families have nothing to refuse
        """Refuse a population mean where the response has none; most families have one always."""

    def has_bounded_predictor(self, link: Link) -> bool:
        """Tell whether the density is 0 at linear predictors beyond an end."""
        return False

    def words_of_ends(self, link: Link) -> str:
        """Say what must hold of linear predictors that have an end; empty where they have none."""
        return ""

    def check_new_groups(self, link: Link) -> None:  # noqa: B027 - most families have nothing to refuse
        """Refuse means of groups that nobody has seen where normal effects leave what ``mu`` may be."""

    def check_rows(self, joint: Joint) -> None:  # noqa: B027 - most families have nothing to refuse
        """Refuse means of rows whose linear predictor has none; most families have one everywhere."""

    def has_positive_mean(self, link: Link) -> bool:
        """Tell whether the mean is above 0 whatever the parameters, so that it has a log."""
        return link.is_increasing and link.bounds[0] == 0.0

    def log_mean(self, at: RowValues) -> Array:
        """Return the log of ``mean``, also where that is too small or too large for a float."""
        if self.mean_is_mu:
            return np.asarray(at["mu"].log)
        with np.errstate(divide="ignore"):
            return np.log(self.mean(at))

    def log_population_mean(self, joint: Joint) -> Integral:
        """Return the log of ``population_mean``, integrated relative to the mean at effects of zero."""
        joint = self._of_mean(joint)
        centre = self.log_mean(joint.at)
        at = {**joint.at, _CENTRE: number(centre)}
        ratio = replace(joint, at=at).mean(lambda values: np.exp(self.log_mean(values) - values[_CENTRE].eta))
        with np.errstate(divide="ignore"):
            return Integral(centre + np.log(ratio.value), ratio.rule, ratio.error)

    def _of_mean(self, joint: Joint) -> Joint:
        """Leave out the random parts that the mean does not depend on."""
        return joint.only(*self.response_mean.parameters)

    def population_mean(self, joint: Joint) -> Integral:
        """Return the mean over random effects of the conditional mean, on the response scale."""
        mu = joint.at["mu"]
        if self.mean_is_mu:
            if "mu" not in joint.variance:
                return Integral(np.asarray(mu.value), "exact", 0.0)
            return population_mean(mu.link, mu.eta, joint.variance["mu"], joint.smooth)
        return joint.only(*self.response_mean.parameters).mean(self.mean)
