"""A model's definition and settings in, what is sampled and why out: rules alone, no timing."""

from __future__ import annotations

from dataclasses import dataclass

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.fit.settings import Settings
from glmm_bayes.kernels.eligible import NORMAL, why_not_joint, why_not_marginal
from glmm_bayes.kernels.library import NoCompilerError, library
from glmm_bayes.priors.definition import ModelDefinition


@dataclass(frozen=True)
class SamplingPath:
    """What is sampled, and why.

    Attributes
    ----------
    method : {"graph", "joint", "marginal"}
    why : str
        Of ``graph``, what speaks against the kernel that comes nearest.
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
    common = _against_kernels(settings, is_extended)
    reasons = {name: common or why_not(definition) for name, why_not in _KERNELS.items()}
    if reasons.get(settings.method):
        message = f'method="{settings.method}" {_WORDS[settings.method]}; found {reasons[settings.method]}.'
        raise SamplingError(Finding("method", message, hint='Write method="auto", or leave it.'))
    if settings.method in reasons:
        return SamplingPath(settings.method, "asked for")
    for name, reason in reasons.items():
        if not reason:
            return SamplingPath(name, f"a kernel {_WORDS[name]}")
    is_normal = definition.first.family.name in NORMAL
    return SamplingPath("graph", reasons["marginal" if is_normal else "joint"])


#: Kernels, best first, each with what speaks against it.
_KERNELS = {"marginal": why_not_marginal, "joint": why_not_joint}
_WORDS = {
    "marginal": "integrates normal effects of normal responses out exactly",
    "joint": "has the density of all parameters",
}


def _against_kernels(settings: Settings, is_extended: bool) -> str:
    if settings.engine != "nutpie":
        return f"engine {settings.engine}, which samples the graph"
    if is_extended:
        return "a graph that was changed by hand"
    try:
        library()
    except NoCompilerError as error:
        return f"no compiled kernels: {error}"
    return ""
