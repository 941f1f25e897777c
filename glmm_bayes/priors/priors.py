"""Design, response and the user's priors in, Priors out: every prior of the model, resolved and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.links import Link
from glmm_bayes.core.slugs import slugs
from glmm_bayes.design.columns import DesignColumn
from glmm_bayes.design.design import Design
from glmm_bayes.design.several import SPECIFIC
from glmm_bayes.families import Family, Response, Scales
from glmm_bayes.families.parameters import Law, law_of
from glmm_bayes.priors.basis import column_swing
from glmm_bayes.priors.fixed_prior import fixed_prior
from glmm_bayes.priors.group_priors import GroupPrior, PriorRow, group_prior, group_rows
from glmm_bayes.priors.implications import Reading, effect_words, intercept_words, reading_of
from glmm_bayes.priors.monotonic import (
    is_total,
    prior_columns,
    simplex_priors,
)
from glmm_bayes.priors.names import PLAIN, THRESHOLDS, SharedNames, element, prefix_of
from glmm_bayes.priors.predictors import Predictor, Target, constants
from glmm_bayes.priors.prior_names import INTERCEPTS, Covariances, check_priors
from glmm_bayes.spec.editions import (
    CURRENT,
    class_has_intercept,
    class_has_specific_effects,
    default_correlation,
)
from glmm_bayes.spec.linear_predictor import MEAN
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class SharedEffects:
    """Random effects of one factor that one label correlates over several linear predictors.

    Attributes
    ----------
    label : str
        That of ``(1 |id| g)``, as it stands in the posterior.
    members : tuple of (str, int)
        Parameter and position of the factor among its design's groups, for each predictor.
    positions : tuple of tuple of int
        Of the effects, in each member.
    correlation : Prior
    is_default : bool
        Whether nobody set it.
    """

    label: str
    members: tuple[tuple[str, int], ...]
    positions: tuple[tuple[int, ...], ...]
    correlation: Prior
    is_default: bool = False

    @property
    def size(self) -> int:
        """Number of effects."""
        return sum(map(len, self.positions))

    @property
    def names(self) -> SharedNames:
        """Names of its variables in the posterior."""
        return SharedNames(self.label)

    def start(self, member: int) -> int:
        """Position of a member's first effect among all."""
        return sum(map(len, self.positions[:member]))


@dataclass(frozen=True)
class ThresholdPrior:
    """Prior of thresholds: by default that of probabilities at the average row, else the user's of each.

    Attributes
    ----------
    labels : tuple of str
        Of each threshold: the categories on its two sides.
    is_ordered : bool
    prior : Prior or None
        Of each threshold on the reported scale; None: of the latent law at the average row.
    """

    labels: tuple[str, ...]
    is_ordered: bool
    prior: Prior | None


@dataclass(frozen=True)
class Priors:
    """All priors of a model, and the table that a person reads.

    Attributes
    ----------
    predictors : mapping of str to Predictor
        By parameter.
    auxiliary : mapping of str to Law
        Of parameters with one value for all rows.
    constants : mapping of str to float
        Parameters with a given number.
    thresholds : ThresholdPrior or None
    shared : tuple of SharedEffects
    rows : tuple of PriorRow
    """

    predictors: Mapping[str, Predictor]
    auxiliary: Mapping[str, Law]
    constants: Mapping[str, float]
    thresholds: ThresholdPrior | None
    shared: tuple[SharedEffects, ...]
    rows: tuple[PriorRow, ...]

    @property
    def first(self) -> Predictor:
        """Linear predictor of the mean, or of the second category of a categorical response."""
        return next(iter(self.predictors.values()))

    @property
    def groups(self) -> tuple[GroupPrior, ...]:
        """Priors of the first predictor's grouping factors."""
        return self.first.groups

    @property
    def is_single(self) -> bool:
        """Whether the mean is the one parameter with a linear predictor."""
        return list(self.predictors) == [MEAN]


def resolve_priors(
    targets: Sequence[Target],
    family: Family,
    response: Response,
    spec: ModelSpec,
    covariances: Mapping[str, Covariances],
) -> Priors:
    """Put the user's priors in the place of the defaults.

    Parameters
    ----------
    targets : sequence of Target
        The linear predictors.
    family : Family
    response : Response
    spec : ModelSpec
    covariances : mapping of str to sequence of tuple of BlockCovariance
        By predictor, for each grouping factor those of its blocks.

    Raises
    ------
    PriorError
        If a name is no parameter of the model or a distribution does not fit the parameter.
    """
    given, numbers = spec.priors, constants(spec, family)
    single = [name for name in single_parameters(family, response)
              if name not in numbers and name not in {target.name for target in targets}]  # fmt: skip
    check_priors(targets, covariances, family, single, given)
    offset = targets[0].design.offset
    # Sigma of numbers on the whole line is on the scale of the response, whatever the link.
    is_apart = family.support.is_real and targets[0].link.name != "identity"
    spread = family.spread(response, np.zeros_like(offset) if is_apart else offset)
    rows: list[PriorRow] = []
    predictors = {}
    for target in targets:
        target_priors = _priors_of_target(given, target, [t.name for t in targets], spec.edition)
        scales = _scales(target, family, response, spread, targets[0].link)
        # Category-specific effects are on the scale of the thresholds.
        link = targets[0].link if target.role == "threshold" else target.link
        reading = _read_at(reading_of(target.name, link, family, response), target, response, link)
        # Without random effects the conditional predictor is that of the mean.
        is_population_mean = target.name == MEAN and spec.interpretation == "population"
        marginal = is_population_mean and bool(target.design.groups)
        predictors[target.name], more = _predictor(
            target, scales, covariances[target.name], target_priors, reading, marginal, spec.edition
        )
        rows += more
    auxiliary = {}
    for name in single:
        law = law_of(given[name]) if name in given else family.kinds[name].law(spread)
        auxiliary[name] = law
        source = "yours" if name in given else "default"
        rows.append(
            PriorRow(
                name,
                law.text,
                source,
                "" if name == "sigma" else family.kinds[name].meaning,
                "auxiliary",
                function=law.function,
            )
        )
    thresholds = _thresholds(family, response, given)
    if thresholds:
        rows.append(_threshold_row(thresholds, given))
    shared = shared_effects(predictors, given, spec.edition)
    rows += [shared_row(one) for one in shared]
    rows += [PriorRow(name, f"{value:g}", "fixed", "", "auxiliary") for name, value in numbers.items()]
    return Priors(predictors, auxiliary, numbers, thresholds, shared, tuple(rows))


def single_parameters(family: Family, response: Response) -> tuple[str, ...]:
    """List the parameters beside the mean that are estimated, unless they have a formula or a number."""
    additions = response.additions
    # Known standard errors stand in the place of sigma, unless they add to it.
    replaced = {"sigma"} if additions.se is not None and not additions.se_adds_sigma else set()
    return tuple(name for name in family.auxiliaries if name not in replaced)


def _priors_of_target(
    given: Mapping[str, Prior], target: Target, names: Sequence[str], edition: int
) -> dict[str, Prior]:
    """Return the user's priors of one predictor under the names that those of a mean have."""
    others = tuple(prefix_of(name) for name in names if name != MEAN)
    plain = {key: prior for key, prior in given.items() if not key.startswith(others)}
    if target.role == "mean":
        return plain
    prefixed = _without(prefix_of(target.name), given)
    if target.role == "threshold":
        # A prior without a threshold's number is that of every threshold.
        slopes = {"beta"} & set(plain) if class_has_specific_effects(edition) else set()
        return {key: plain[key] for key in slopes} | _without(prefix_of(SPECIFIC), plain) | prefixed
    # A prior without a category's name is that of every category without one of its own.
    return own_first(plain, prefixed) if target.role == "category" else prefixed


def _without(prefix: str, given: Mapping[str, Prior]) -> dict[str, Prior]:
    """Return the priors whose names start with a prefix, by the rest of their names."""
    return {key.removeprefix(prefix): prior for key, prior in given.items() if key.startswith(prefix)}


def own_first(common: Mapping[str, Prior], single: Mapping[str, Prior]) -> dict[str, Prior]:
    """Put priors of one predictor before those of several; its intercept has one, at one place."""
    average, zero = INTERCEPTS
    pairs = ((average, zero), (zero, average))
    taken = {f"{name.removesuffix(one)}{two}" for name in single for one, two in pairs if name.endswith(one)}
    return {name: prior for name, prior in common.items() if name not in taken} | dict(single)


def _read_at(reading: Reading, target: Target, response: Response, link: Link) -> Reading:
    """Say which offset the average row has, exposures of the mean included, and what it is made of."""
    written_offset = target.design.offset
    offset = _exposed(response, written_offset, link) if target.name == MEAN else written_offset
    if not np.any(offset):
        return reading
    components = [
        name
        for name, part in (("offset", written_offset), ("exposure", offset - written_offset))
        if np.any(part)
    ]
    return replace(reading, offset=float(offset.mean()), beside=f"its {' and '.join(components)}")


def _exposed(response: Response, offset: NDArray[np.float64], link: Link) -> NDArray[np.float64]:
    """Return the offset with exposures, which shift a log mean as an offset does."""
    rate = response.additions.rate
    return offset if rate is None or link.name != "log" else offset + np.log(rate)


def _scales(target: Target, family: Family, response: Response, spread: float, link: Link) -> Scales:
    if target.name not in family.kinds:
        return family.scales(link, response, _exposed(response, target.design.offset, link))
    parameter_kind = family.kinds[target.name]
    return Scales(
        parameter_kind.centre(spread), parameter_kind.sd, parameter_kind.effect, parameter_kind.group_sd
    )


def _predictor(
    target: Target,
    scales: Scales,
    covariances: Covariances,
    given: Mapping[str, Prior],
    reading: Reading,
    is_marginal: bool,
    edition: int,
) -> tuple[Predictor, list[PriorRow]]:
    design, link = target.design, target.link
    user = _users_coefficients(prior_columns(design.columns), given, edition)
    centred = given.get("Intercept")
    fixed = fixed_prior(design, scales, user, centred)
    pairs = list(zip(design.groups, covariances, strict=True))
    groups = tuple(group_prior(group, blocks, design, scales, given, edition) for group, blocks in pairs)
    prefix = prefix_of(target.name)
    rows = _fixed_rows(design, scales, user, centred, reading.of_population() if is_marginal else reading)
    for group, law in zip(design.groups, groups, strict=True):
        rows += group_rows(group, law, given, reading)
    simplexes, more = simplex_priors(design.columns, given)
    named = [replace(row.of(prefix), predictor=target.name) for row in (*rows, *more)]
    predictor = Predictor(
        target.name, link, design, fixed, groups, simplexes, is_marginal=is_marginal, role=target.role
    )
    return predictor, named


def _users_coefficients(
    columns: Sequence[DesignColumn], given: Mapping[str, Prior], edition: int
) -> dict[int, Prior]:
    """Return the user's priors of reported coefficients, by position; a class prior is that of slopes."""
    includes_intercept, common = class_has_intercept(edition), given.get("beta")
    return {
        position: prior
        for position, column in enumerate(columns)
        if (
            prior := given.get(
                element("beta", column.label), common if column.factors or includes_intercept else None
            )
        )
        is not None
    }


def _thresholds(family: Family, response: Response, given: Mapping[str, Prior]) -> ThresholdPrior | None:
    labels = family.threshold_labels(response)
    if not labels:
        return None
    return ThresholdPrior(
        labels, family.thresholds is not None and family.thresholds.is_ordered, given.get("thresholds")
    )


def _threshold_row(thresholds: ThresholdPrior, given: Mapping[str, Prior]) -> PriorRow:
    if thresholds.prior is not None:
        return PriorRow(THRESHOLDS, repr(thresholds.prior), "yours", "each, at x = 0", "threshold")
    text = "Dirichlet(1) on the probabilities" if thresholds.is_ordered else "the latent law, each"
    return PriorRow(THRESHOLDS, text, "default", "at the average row", "threshold")


def shared_effects(
    predictors: Mapping[str, Predictor], given: Mapping[str, Prior], edition: int = CURRENT
) -> tuple[SharedEffects, ...]:
    """List the labels that stand in several linear predictors."""
    places: dict[str, list[tuple[str, int, tuple[int, ...]]]] = {}
    for name, predictor in predictors.items():
        for index, group in enumerate(predictor.design.groups):
            for block in group.blocks:
                if block.block.label:
                    occurrences = places.setdefault(block.block.label, [])
                    occurrences.append((name, index, tuple(block.positions)))
    several = {
        label: occurrences
        for label, occurrences in places.items()
        if len({name for name, _, _ in occurrences}) > 1
    }
    names = slugs(several)
    result = []
    for label, occurrences in several.items():
        first = predictors[occurrences[0][0]].design.groups[occurrences[0][1]]
        law = given.get(PLAIN.of_factor("corr", first.slug), given.get("corr"))
        members = tuple((name, index) for name, index, _ in occurrences)
        positions = tuple(p for _, _, p in occurrences)
        prior = law or default_correlation(edition)
        result.append(SharedEffects(names[label], members, positions, prior, law is None))
    return tuple(result)


def shared_row(shared: SharedEffects) -> PriorRow:
    """Write the line of the correlations under a label."""
    names = list(dict.fromkeys(name for name, _ in shared.members))
    source = "default" if shared.is_default else "yours"
    meaning = f"effects of {', '.join(names)}"
    prior = repr(shared.correlation)
    return PriorRow(shared.names.correlation, prior, source, meaning, "joint_correlation")


def _fixed_rows(
    design: Design, scales: Scales, user: Mapping[int, Prior], centred: Prior | None, reading: Reading
) -> list[PriorRow]:
    rows = []
    for position, column in enumerate(prior_columns(design.columns)):
        name = element("beta", column.label)
        if position in user:
            meaning = "" if column.factors else "at x = 0"
            rows.append(PriorRow(name, repr(user[position]), "yours", meaning, "coefficient"))
        elif not column.factors and centred is not None:
            meaning = f"at the {reading.average_row}{intercept_words(centred, reading)}"
            rows.append(PriorRow("Intercept", repr(centred), "yours", meaning, "coefficient"))
        elif not column.factors:
            prior = Prior("Normal", mu=scales.intercept_mean, sigma=scales.intercept_sd)
            if scales.has_cauchy_intercept:
                prior = Prior("Cauchy", alpha=scales.intercept_mean, beta=scales.intercept_sd)
            meaning = f"at the {reading.average_row}{intercept_words(prior, reading)}"
            rows.append(PriorRow(name, repr(prior), "default", meaning, "coefficient"))
        else:
            size = column_swing(column, design.factor_values)
            prior = Prior("Normal", mu=0.0, sigma=scales.effect / size)
            what = "" if size == 1.0 else f"per swing of {size:.4g}: "
            what = f"lowest to highest level: {what}" if is_total(column) else what
            meaning = what + effect_words(scales.effect, reading)
            rows.append(PriorRow(name, repr(prior), "default", meaning, "coefficient"))
    return rows
