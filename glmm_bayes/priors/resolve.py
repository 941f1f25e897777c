"""ModelSpec, rows and known tables in; the definition of the model of one response out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from glmm_bayes.core.conditional import CONDITIONAL
from glmm_bayes.core.errors import Finding, Findings, FormulaError
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.covariances.resolve import resolve_covariances
from glmm_bayes.design.containers.known import KnownTable
from glmm_bayes.design.design import Design, DesignState
from glmm_bayes.design.response import ResponseColumns, read_response
from glmm_bayes.design.several import build_designs
from glmm_bayes.design.table import Table
from glmm_bayes.families import FAMILIES, Family, Response
from glmm_bayes.priors.names import THRESHOLD, THRESHOLDS
from glmm_bayes.priors.predictors import Target, check_further, check_specific_effects, targets
from glmm_bayes.priors.prior_names import Covariances
from glmm_bayes.priors.priors import Priors, resolve_priors
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class ResponseDefinition:
    """The model of one response, before its graph.

    Attributes
    ----------
    spec : ModelSpec
    family : Family
    link : Link
        Of the mean.
    response : Response
    designs : mapping of str to Design
        By parameter, the mean's first.
    targets : tuple of Target
        What each linear predictor is of.
    covariances : mapping of str to sequence of tuple of BlockCovariance
        By linear predictor, for each grouping factor those of its blocks.
    known : mapping of str to KnownTable
        Matrices, maps and coordinates that covariance structures were given.
    priors : Priors
        Under the names that they have in a model of this response alone.
    notes : tuple of str
        What was found in the data that is no error.
    """

    spec: ModelSpec
    family: Family
    link: Link
    response: Response
    designs: Mapping[str, Design]
    targets: tuple[Target, ...]
    covariances: Mapping[str, Covariances]
    known: Mapping[str, KnownTable]
    priors: Priors
    notes: tuple[str, ...] = ()

    @property
    def design(self) -> Design:
        """Design of the mean."""
        return self.designs[MEAN]

    @property
    def table(self) -> Table:
        """The columns that the response and its predictors read, on the rows of the data."""
        return self.design.table

    def under(self, given: Mapping[str, Prior]) -> ResponseDefinition:
        """Put other priors of the user's in the place of those that were given.

        Raises
        ------
        PriorError
            ``prior``.
        """
        spec = replace(self.spec, priors=given)
        priors = resolve_priors(self.targets, self.family, self.response, spec, self.covariances)
        return replace(self, spec=spec, priors=priors)


def define_response(
    spec: ModelSpec,
    predictors: Mapping[str, LinearPredictor],
    table: Table,
    known: Mapping[str, KnownTable],
    findings: Findings,
    rank: str = "error",
    learnt: Mapping[str, DesignState] | None = None,
) -> ResponseDefinition:
    """Build designs, read the response and resolve the priors; everything wrong is raised.

    Parameters
    ----------
    spec : ModelSpec
    predictors : mapping of str to LinearPredictor
        Those of the spec, with the levels that structures order written out.
    table : Table
    known : mapping of str to KnownTable
    findings : Findings
        Where warnings and notes are collected.
    rank : {"error", "drop", "keep"}
    learnt : mapping of str to DesignState, optional
        What these rows taught before.

    Raises
    ------
    FormulaError, DataError, PriorError
    """
    family, link = FAMILIES[spec.family], link_of(spec)
    check_family(spec, family)
    designs = build_designs(predictors, table, findings, rank, family.keeps_intercept, learnt)
    before = learnt[MEAN].transforms if learnt else None
    columns = read_response(spec.response, table, findings, before)
    findings.raise_errors()
    response = family.read_response(columns, findings)
    response = replace(response, source=columns.source, transforms=columns.transforms)
    _check_additions(family, response, columns, spec.predictors, findings)
    _check_names(family, designs, findings)
    findings.raise_errors()
    prior_targets = targets(spec, family, link, response, designs)
    covariances = {
        target.name: resolve_covariances(target.design, known, findings, spec.edition)
        for target in prior_targets
    }
    for target in prior_targets:
        _check_bridge(target, covariances[target.name], findings)
    if MEAN in covariances:
        _check_normal(spec, covariances[MEAN], designs[MEAN], findings)
    check_shared(designs, findings)
    findings.raise_errors()
    priors = resolve_priors(prior_targets, family, response, spec, covariances)
    return ResponseDefinition(
        spec, family, link, response, designs, prior_targets, covariances, known, priors
    )


def link_of(spec: ModelSpec) -> Link:
    """Return the link of the mean.

    Raises
    ------
    FormulaError
        ``link`` if the family does not take it.
    """
    family = FAMILIES[spec.family]
    name = spec.link or family.links[0]
    if LINKS[name].name not in family.links:
        message = f"{family.name} takes the links {', '.join(family.links)}, not {name}."
        raise FormulaError(Finding("link", message))
    return LINKS[name]


def check_family(spec: ModelSpec, family: Family) -> None:
    """Refuse what the family has no meaning for, before any data are read.

    Raises
    ------
    FormulaError
        ``parameter``, ``link``, ``specific``, ``thresholds``.
    """
    link_of(spec)
    check_further(spec, family)
    check_specific_effects(spec, family)
    check_interpretation(spec, family)
    is_of_times = family.support.floor == 0.0 and family.support.ceiling is None
    if spec.response.is_survival and not is_of_times:
        message = f"Surv() is of times, which are positive; {family.name} is not of such a response."
        hint = 'Write family="weibull", "gamma", "lognormal", "exponential" or "inverse_gaussian".'
        raise FormulaError(Finding("response_support", message, hint=hint))
    if not family.keeps_intercept and not spec.mean.has_intercept:
        message = f"{family.name} has thresholds in the place of an intercept, and the formula removes it."
        raise FormulaError(Finding("thresholds", message, hint="Leave out 0 + or - 1."))


def check_interpretation(spec: ModelSpec, family: Family) -> None:
    """Refuse population-averaged coefficients where the conditional predictor is not known.

    Raises
    ------
    FormulaError
        ``interpretation``.
    """
    if spec.interpretation != "population":
        return
    link = link_of(spec).name
    if not family.mean_is_mu or not family.keeps_intercept or family.has_category_predictors:
        message = f'interpretation="population": the mean of {family.name} is not the inverse of one link.'
    elif family.has_bounded_predictor(LINKS[link]):
        message = f'interpretation="population": the {link} link of a probability has no population mean.'
    elif link not in CONDITIONAL:
        message = f'interpretation="population" is known for the links {", ".join(CONDITIONAL)}, not {link}.'
    else:
        return
    hint = "Leave interpretation out, and ask gb.predictions and gb.comparisons for population means."
    raise FormulaError(Finding("interpretation", message, hint=hint))


def _check_normal(spec: ModelSpec, covariances: Covariances, design: Design, findings: Findings) -> None:
    """Collect effects of a marginal predictor that are not normal."""
    if spec.interpretation != "population":
        return
    for group, blocks in zip(design.groups, covariances, strict=True):
        if any(block.is_student for block in blocks):
            message = f"'{group.factor}': interpretation=\"population\" is for normal random effects."
            findings.error("interpretation", message, hint='Leave out dist = "student".')


def _check_bridge(target: Target, covariances: Covariances, findings: Findings) -> None:
    """Collect bridge effects that have no closed population mean."""
    pairs = list(zip(target.design.groups, covariances, strict=True))
    bridges = [group for group, blocks in pairs if any(block.is_bridge for block in blocks)]
    has_student = any(block.is_student for _, blocks in pairs for block in blocks)
    for group in bridges:
        label = any(block.block.label for block in group.blocks)
        wrong = (
            (target.link.name != "logit" or target.name != MEAN, "is for the mean under a logit link"),
            (group.effects != ("Intercept",), "is for random intercepts alone"),
            (group.term.is_membership or label, "is for one level a row, without |labels|"),
            (len(bridges) > 1 or has_student, "stands once in a model, beside normal effects only"),
        )
        for is_wrong, requirement in wrong:
            if is_wrong:
                message = f"'{group.factor}': dist = \"bridge\" {requirement}."
                hint = f"Write (1 | {group.factor}): normal effects."
                findings.error("distribution", message, column=group.term.columns[0], hint=hint)


def _check_additions(
    family: Family,
    response: Response,
    columns: ResponseColumns,
    predictors: Mapping[str, object],
    findings: Findings,
) -> None:
    """Collect what stands after the bar and has no meaning for the family."""
    additions, source = response.additions, columns.source
    if additions.se is not None and not family.traits.is_elliptical:
        message = f"se(): known standard errors are of gaussian and student responses, not of {family.name}."
        findings.error("weights", message, column=source)
    if additions.se is not None and not additions.se_adds_sigma and "sigma" in predictors:
        message = "se() takes the place of sigma, and sigma is given too."
        hint = "Write se(s, sigma = TRUE) for both, or leave sigma out."
        findings.error("parameter", message, column=source, hint=hint)
    if response.values.ndim == 1 and columns.counts is not None:
        message = (
            f"cbind() holds {columns.counts.shape[1]} columns; {family.name} takes successes and failures."
        )
        hint = 'Write family="multinomial" for counts in several categories.'
        findings.error("categories", message, column=source, hint=hint)
    for word, given in (
        ("cens", additions.censored is not None),
        ("trunc", additions.lower is not None or additions.upper is not None),
    ):
        if given and not family.has_cdf:
            message = f"{word}(): the distribution function of {family.name} is not available here."
            findings.error("not_available", message, column=source)
    if additions.rate is not None and family.traits.of_a_sum is None:
        message = f"rate(): sums of independent units are not offered for {family.name}."
        hint = "Write offset(log(e)) under a log link; rate() is of poisson and negative_binomial."
        findings.error("rate", message, column=source, hint=hint)


def _check_names(family: Family, designs: Mapping[str, Design], findings: Findings) -> None:
    """Collect grouping factors that the posterior would call like a parameter of the family."""
    taken = (*family.auxiliaries, *((THRESHOLD, THRESHOLDS) if family.has_thresholds else ()))
    for group in {group.factor: group for design in designs.values() for group in design.groups}.values():
        if group.slug in taken:
            message = f"'{group.factor}' is a grouping factor and a parameter of {family.name}."
            findings.error("parameter", message, hint="Rename the column.")


def check_shared(designs: Mapping[str, Design], findings: Findings) -> None:
    """Collect labels over several predictors whose effects are not plain and normal."""
    places: dict[str, list[tuple[str, bool]]] = {}
    for name, design in designs.items():
        for group in design.groups:
            for block in group.blocks:
                written = block.block
                if written.label:
                    is_plain = not written.options() and not group.term.is_membership
                    places.setdefault(written.label, []).append((name, is_plain))
    for label, occurrences in places.items():
        names = dict.fromkeys(name for name, _ in occurrences)
        if len(names) > 1 and not all(is_plain for _, is_plain in occurrences):
            message = f"|{label}| correlates effects of {', '.join(names)}: those must be normal effects "
            message += "of one factor without a structure of their own."
            findings.error("label", message, hint=f"Write (1 |{label}| g) in each.")
