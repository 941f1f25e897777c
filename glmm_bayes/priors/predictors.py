"""Linear predictors of a model: which parameter each belongs to, its link, its columns and its priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.core.slugs import slugs
from glmm_bayes.design.design import Design
from glmm_bayes.design.several import SPECIFIC, of_threshold
from glmm_bayes.families import Family, Response
from glmm_bayes.priors.fixed_prior import FixedPrior
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.monotonic import Monotonic, monotonic_terms
from glmm_bayes.priors.names import PredictorNames, of_category, of_response, prefix_of
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class Target:
    """What a linear predictor is of: a parameter's name, its link and its columns.

    Attributes
    ----------
    name : str
        ``mu``, ``sigma``, ``mu_<category>``, ``cs_<threshold>``.
    link : Link
    design : Design
    role : {"mean", "category", "threshold", "further"}
        Whether it is the mean's, that of one category, of the effects at one threshold, or of another
        parameter.
    """

    name: str
    link: Link
    design: Design
    role: str = "mean"


@dataclass(frozen=True)
class Predictor:
    """A linear predictor with its priors.

    Attributes
    ----------
    name : str
        The parameter: ``mu``, ``sigma``, ``zi``, ...; ``mu_<category>`` of a categorical response.
    link : Link
    design : Design
        Its columns on the training rows.
    fixed : FixedPrior
    groups : tuple of GroupPrior
        One for each grouping factor of the design.
    simplexes : mapping of str to Prior
        By monotonic term, of the division of its effect over the steps.
    response : str
        Whose parameter it is, as it stands in the posterior; empty in a model of one response.
    is_marginal : bool
        True if ``x'beta`` is the link of the population mean, and the conditional linear predictor is
        solved for (``interpretation="population"``).
    role : {"mean", "category", "threshold", "further"}
        As that of ``Target``.
    """

    name: str
    link: Link
    design: Design
    fixed: FixedPrior
    groups: tuple[GroupPrior, ...]
    simplexes: Mapping[str, Prior] = field(default_factory=dict)
    response: str = ""
    is_marginal: bool = False
    role: str = "mean"

    @property
    def key(self) -> str:
        """What tells it from all others of the model: ``y1_mu``, or its name in a model of one response."""
        return of_response(self.response, self.name)

    @property
    def prefix(self) -> str:
        """What stands before the names of its variables: nothing for the mean of a single response."""
        return of_response(self.response, prefix_of(self.name))

    @property
    def names(self) -> PredictorNames:
        """Names of its variables in the posterior: ``beta`` is ``zi_beta`` for ``zi``."""
        return PredictorNames(self.prefix)

    @property
    def monotonic(self) -> tuple[Monotonic, ...]:
        """The monotonic terms of its design."""
        return monotonic_terms(self.design.columns)


def targets(
    spec: ModelSpec, family: Family, link: Link, response: Response, designs: Mapping[str, Design]
) -> tuple[Target, ...]:
    """List the linear predictors of a model: one for each parameter that has a formula.

    A categorical response has one for each category but the first, all of the formula's columns;
    category-specific effects have one for each threshold.

    Parameters
    ----------
    designs : mapping of str to Design
        By parameter, the mean's first.
    """
    result = []
    for name, design in designs.items():
        if name == SPECIFIC:
            count = len(family.threshold_labels(response))
            lines = LINKS["identity"]
            result += [Target(of_threshold(k), lines, design, "threshold") for k in range(1, count + 1)]
        elif name != MEAN:
            result.append(Target(name, LINKS[family.kinds[name].link], design, "further"))
        elif family.has_category_predictors:
            names = slugs(response.categories[1:])
            result += [Target(of_category(slug), link, design, "category") for slug in names.values()]
        else:
            result.append(Target(MEAN, link, design))
    return tuple(result)


def check_specific_effects(spec: ModelSpec, family: Family) -> None:
    """Refuse category-specific effects in families that have none.

    Raises
    ------
    FormulaError
        ``specific``.
    """
    if not spec.mean.specific or (family.thresholds is not None and family.thresholds.allows_specific):
        return
    written = " + ".join(f"cs({term})" for term in spec.mean.specific)
    why = "it has no thresholds"
    if family.has_thresholds:
        why = "with effects of their own its thresholds could cross, and probabilities be negative"
    message = f"{written}: {family.name} has no category-specific effects: {why}."
    plain = " + ".join(map(str, spec.mean.specific))
    hint = f'Write {plain}, or use family="acat", "sratio" or "cratio".'
    raise FormulaError(Finding("specific", message, hint=hint))


def check_further(spec: ModelSpec, family: Family) -> None:
    """Refuse formulas and numbers of parameters that the family does not have.

    Raises
    ------
    FormulaError
        ``parameter``.
    """
    known = (*family.auxiliaries, *family.defaults)
    for name, value in spec.predictors.items():
        if name not in known and name != MEAN:
            message = f"{family.name} has no parameter '{name}'."
            choices = f"Its parameters beside the mean: {', '.join(known)}." if known else "It has none."
            hint = " ".join(filter(None, (suggestion(name, known), choices)))
            raise FormulaError(Finding("parameter", message, hint=hint))
        if not isinstance(value, LinearPredictor):
            _check_number(family, name, value)


def _check_number(family: Family, name: str, value: float) -> None:
    support = family.kinds[name].support
    inside = {"real": True, "positive": value > 0, "unit": 0 <= value <= 1}[support]
    if not inside:
        needed = {"positive": "above 0", "unit": "between 0 and 1"}[support]
        message = f"{name} must be {needed}, found {value:g}."
        raise FormulaError(Finding("parameter", message, hint=f'Or write a formula: {name}="~ 1".'))


def constants(spec: ModelSpec, family: Family) -> dict[str, float]:
    """List the parameters that have a number and no prior."""
    defaults = {name: value for name, value in family.defaults.items() if name not in spec.predictors}
    return defaults | dict(spec.numbers)
