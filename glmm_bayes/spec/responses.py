"""What a user gives as a model in, the ModelSpec of each response out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError, PriorError
from glmm_bayes.core.slugs import slugs
from glmm_bayes.spec.many_responses import Formulas
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.several import Formula


@dataclass(frozen=True)
class ResponseSpecs:
    """Specifications of the responses of one model.

    Attributes
    ----------
    specs : mapping of str to ModelSpec
        By the name of the response in the posterior, made from how it is written.
    given : mapping of str to Prior
        What the user set; of one response it stands in the spec, too.
    has_rescor : bool
        Whether residuals are correlated between responses.
    """

    specs: Mapping[str, ModelSpec]
    given: Mapping[str, Prior]
    has_rescor: bool = False

    @property
    def text(self) -> str:
        """The one formula as it was written, for messages; empty of several."""
        texts = [spec.text for spec in self.specs.values()]
        return texts[0] if len(texts) == 1 else ""


def read_specs(
    formula: str | Formula | Formulas | ModelSpec,
    family: str | None,
    link: str | None,
    priors: Mapping[str, Prior] | None,
    interpretation: str | None,
) -> ResponseSpecs:
    """Read what a model is given, before any data is seen.

    Raises
    ------
    FormulaError
        As ``ModelSpec.from_formula``; ``spec_twice`` if something is said in two places.
    PriorError
        ``prior`` if the priors are no mapping.
    """
    if isinstance(formula, Formulas):
        return _of_several(formula, family, link, priors, interpretation)
    if isinstance(formula, ModelSpec):
        if any(value is not None for value in (family, link, priors, interpretation)):
            message = "a ModelSpec already holds family, link, priors and interpretation."
            raise FormulaError(Finding("spec_twice", message, hint="Give them in one place only."))
        spec = formula
    else:
        named = "gaussian" if family is None else family
        interpreted = "subject" if interpretation is None else interpretation
        spec = ModelSpec.from_formula(formula, named, link, priors, interpreted)
    return ResponseSpecs(by_name([spec]), spec.priors)


def _of_several(
    formulas: Formulas, family: Any, link: Any, priors: Mapping[str, Prior] | None, interpretation: Any
) -> ResponseSpecs:
    if interpretation is not None:
        message = "interpretation: population-averaged coefficients are offered for one response."
        hint = "Model the responses one by one, or ask for population means by gb.predictions."
        raise FormulaError(Finding("interpretation", message, hint=hint))
    if family is not None or link is not None:
        message = "gb.Formulas already holds families and links: leave family and link out."
        raise FormulaError(Finding("spec_twice", message, hint="Give them in one place only."))
    if priors is not None and not isinstance(priors, Mapping):
        message = f"priors must be a mapping of parameters to gb.Prior, found {type(priors).__name__}."
        hint = 'Write priors={"y1_beta": gb.Prior("Normal", mu=0, sigma=1)}.'
        raise PriorError(Finding("prior", message, hint=hint))
    specs = [
        ModelSpec.from_formula(part, family, link)
        for part, family, link in zip(formulas.members, formulas.families, formulas.links, strict=True)
    ]
    return ResponseSpecs(by_name(specs), dict(priors or {}), formulas.rescor)


def by_name(specs: Sequence[ModelSpec]) -> dict[str, ModelSpec]:
    """Name responses by how they are written, as they stand in the posterior of several."""
    names = slugs(str(spec.response.expression) for spec in specs)
    return {names[str(spec.response.expression)]: spec for spec in specs}
