"""Bayesian generalized linear mixed models whose estimands are always named.

Public names are loaded when they are first used, so that importing the package costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name to the module that holds it.
_HOMES = {
    "DataError": "core.errors",
    "FormulaError": "core.errors",
    "GlmmError": "core.errors",
    "GlmmWarning": "core.errors",
    "PredictionError": "core.errors",
    "PriorError": "core.errors",
    "ResourceError": "core.errors",
    "SamplingError": "core.errors",
    "StorageError": "core.errors",
    "Effects": "effects.result",
    "Fit": "infer.fit",
    "Model": "model",
    "ModelSpec": "spec.model_spec",
    "Prior": "spec.prior",
    "coefficients": "effects.coefficients",
    "comparisons": "effects.verbs",
    "diagnose": "infer.diagnostics",
    "load": "infer.storage",
    "load_dataset": "datasets",
    "posterior_predictive": "checking.predictive",
    "pp_check": "checking.predictive",
    "predictions": "effects.verbs",
    "random_effects": "effects.shrinkage",
    "report": "report.document",
    "summary": "infer.diagnostics",
    "variance_components": "effects.heterogeneity",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  (a list of names, made from the one place that knows them)

if TYPE_CHECKING:
    from glmm_bayes.checking.predictive import posterior_predictive, pp_check
    from glmm_bayes.core.errors import (
        DataError,
        FormulaError,
        GlmmError,
        GlmmWarning,
        PredictionError,
        PriorError,
        ResourceError,
        SamplingError,
        StorageError,
    )
    from glmm_bayes.datasets import load_dataset
    from glmm_bayes.effects.coefficients import coefficients
    from glmm_bayes.effects.heterogeneity import variance_components
    from glmm_bayes.effects.result import Effects
    from glmm_bayes.effects.shrinkage import random_effects
    from glmm_bayes.effects.verbs import comparisons, predictions
    from glmm_bayes.infer.diagnostics import diagnose, summary
    from glmm_bayes.infer.fit import Fit
    from glmm_bayes.infer.storage import load
    from glmm_bayes.model import Model
    from glmm_bayes.report.document import report
    from glmm_bayes.spec.model_spec import ModelSpec
    from glmm_bayes.spec.prior import Prior


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glmm_bayes' has no attribute '{name}'")
    value = getattr(import_module(f"glmm_bayes.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
