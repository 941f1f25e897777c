"""What a model and its fits know of their one response, by the names that verbs use."""

from __future__ import annotations

from collections.abc import Mapping

from glmm_bayes.core.elsewhere import AnswersNames
from glmm_bayes.core.errors import DataError, Finding
from glmm_bayes.core.links import Link
from glmm_bayes.design.containers.known import KnownTable
from glmm_bayes.design.design import Design
from glmm_bayes.families import Family, Response
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.resolve import ResponseDefinition
from glmm_bayes.spec.model_spec import ModelSpec


class Defined(AnswersNames):
    """Something that belongs to a definition: a model, or a fit of it.

    What is of one response is refused where there are several.

    Attributes
    ----------
    definition : ModelDefinition
    """

    definition: ModelDefinition

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of the responses, as they stand in the posterior of several."""
        return tuple(self.definition.responses)

    @property
    def is_single(self) -> bool:
        """Whether there is one response."""
        return self.definition.is_single

    @property
    def spec(self) -> ModelSpec:
        """What formula or file said of the one response."""
        return self._only("spec").spec

    @property
    def design(self) -> Design:
        """Design of the mean of the one response, on the training rows."""
        return self._only("design").design

    @property
    def response(self) -> Response:
        """Values of the one response, and what the data say of them."""
        return self._only("response").response

    @property
    def family(self) -> Family:
        """Family of the one response."""
        return self._only("family").family

    @property
    def link(self) -> Link:
        """Link of the mean of the one response."""
        return self._only("link").link

    @property
    def known(self) -> Mapping[str, KnownTable]:
        """Matrices, maps and coordinates that covariance structures were given."""
        return self._only("known").known

    @property
    def priors(self) -> Priors:
        """Priors of all responses and linear predictors."""
        return self.definition.priors

    def _only(self, name: str) -> ResponseDefinition:
        if self.is_single:
            return self.definition.first
        what = type(self).__name__.lower()
        message = f"this is the {what} of {len(self.responses)} responses together, and '{name}' is of one."
        of_one = what if what == "fit" else f"{what}.definition.responses"
        taken = ", ".join(f'{of_one}["{response}"]' for response in self.responses)
        raise DataError(Finding("responses", message, hint=f"Take one: {taken}."))
