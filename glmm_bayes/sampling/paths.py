"""A model's definition and settings in, what is sampled and why out: rules alone, no timing."""

from __future__ import annotations

from dataclasses import dataclass

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.fit.settings import Settings
from glmm_bayes.kernels.eligible import why_not_marginal
from glmm_bayes.kernels.library import NoCompilerError, library
from glmm_bayes.priors.definition import ModelDefinition


@dataclass(frozen=True)
class SamplingPath:
    """What is sampled, and why.

    Attributes
    ----------
    method : {"graph", "marginal"}
    why : str
        Of ``graph``, what speaks against the others.
    """

    method: str
    why: str


def choose_path(definition: ModelDefinition, settings: Settings, is_extended: bool) -> SamplingPath:
    """Choose what is sampled.

    Parameters
    ----------
    definition : ModelDefinition
    settings : Settings
    is_extended : bool
        Whether the user has added to the graph, which no other path knows.

    Raises
    ------
    SamplingError
        ``method`` if the path that was asked for does not fit the model.
    """
    if settings.method == "graph":
        return SamplingPath("graph", "asked for")
    reason = _against(definition, settings, is_extended)
    if not reason:
        return SamplingPath("marginal", "normal responses and effects: these are integrated out exactly")
    if settings.method == "marginal":
        message = f'method="marginal" integrates effects out exactly; found {reason}.'
        raise SamplingError(Finding("method", message, hint='Write method="auto", or leave it.'))
    return SamplingPath("graph", reason)


def _against(definition: ModelDefinition, settings: Settings, is_extended: bool) -> str:
    if settings.engine != "nutpie":
        return f"engine {settings.engine}, which samples the graph"
    if is_extended:
        return "a graph that was changed by hand"
    reason = why_not_marginal(definition)
    if reason:
        return reason
    try:
        library()
    except NoCompilerError as error:
        return f"no compiled kernels: {error}"
    return ""
