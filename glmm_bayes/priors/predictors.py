"""Linear predictors of a model: which parameter each belongs to, its link, its columns and its priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.core.words import slugs
from glmm_bayes.design.design import Design
from glmm_bayes.design.several import SPECIFIC
from glmm_bayes.families import Family, Response
from glmm_bayes.priors.fixed_prior import FixedPrior
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.monotonic import Monotonic, monotonic_terms
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class Target:
    """What a linear predictor is of: a parameter's name, its link and its columns."""

    name: str
    link: Link
    design: Design


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
    """

    name: str
    link: Link
    design: Design
    fixed: FixedPrior
    groups: tuple[GroupPrior, ...]
    simplexes: Mapping[str, Prior] = field(default_factory=dict)
    response: str = ""
    is_marginal: bool = False

    @property
    def key(self) -> str:
        """What tells it from all others of the model: ``y1_mu``, or its name in a model of one response."""
        return f"{self.response}_{self.name}" if self.response else self.name

    @property
    def prefix(self) -> str:
        """What stands before the names of its variables: nothing for the mean of a single response."""
        own = prefix_of(self.name)
        return f"{self.response}_{own}" if self.response else own

    def variable(self, name: str) -> str:
        """Name one of its variables in the posterior: ``beta`` is ``zi_beta`` for ``zi``."""
        return f"{self.prefix}{name}"

    @property
    def monotonic(self) -> tuple[Monotonic, ...]:
        """The monotonic terms of its design."""
        return monotonic_terms(self.design.columns)


def monotonic_dimensions(predictor: Predictor) -> dict[str, tuple[str, ...]]:
    """List the variables of a predictor's monotonic terms with their dimension."""
    result: dict[str, tuple[str, ...]] = {}
    for term in predictor.monotonic:
        total, simplex = (predictor.variable(f"{kind}_{term.slug}") for kind in ("mo", "simplex"))
        result |= {total: (f"{total}_coef",), simplex: (f"{simplex}_step",)}
    return result


def monotonic_coordinates(predictor: Predictor) -> dict[str, list[str]]:
    """List the labels of those dimensions."""
    dims = [dim for own in monotonic_dimensions(predictor).values() for dim in own]
    labels = [list(names) for term in predictor.monotonic for names in (term.labels, term.steps)]
    return dict(zip(dims, labels, strict=True))


def prefix_of(name: str) -> str:
    """Return what stands before the names of a parameter's variables."""
    return "" if name == MEAN else f"{name}_"


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
            result += [Target(f"{SPECIFIC}_{k}", lines, design) for k in range(1, count + 1)]
        elif name != MEAN:
            result.append(Target(name, LINKS[family.kinds[name].link], design))
        elif family.has_category_predictors:
            names = slugs(response.categories[1:])
            result += [Target(f"{MEAN}_{slug}", link, design) for slug in names.values()]
        else:
            result.append(Target(MEAN, link, design))
    return tuple(result)


def is_specific(name: str) -> bool:
    """Tell whether a predictor is that of the category-specific effects at one threshold."""
    return name.startswith(f"{SPECIFIC}_")


def check_specific_effects(spec: ModelSpec, family: Family) -> None:
    """Refuse category-specific effects in families that have none.

    Raises
    ------
    FormulaError
        ``specific``.
    """
    if not spec.mean.specific or family.allows_specific:
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
