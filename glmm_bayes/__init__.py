"""Bayesian generalized linear mixed models whose estimands are always named.

Public names are loaded when they are first used, so that importing the package costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from glmm_bayes.core.public_names import tell_names as _tell_names

__version__ = "0.1.0"

#: Public name to the module that holds it.
_HOMES = {
    "BayesianBootstrap": "effects.estimand.row_weights",
    "CustomFamily": "spec.custom_family",
    "DataError": "core.errors",
    "Effects": "effects.result.effects",
    "Estimand": "effects.estimand.estimand",
    "Fit": "fit.fit",
    "Formula": "spec.several",
    "FormulaError": "core.errors",
    "Formulas": "spec.many_responses",
    "GlmmError": "core.errors",
    "GlmmWarning": "core.errors",
    "Model": "model",
    "ModelSpec": "spec.model_spec",
    "PredictionError": "core.errors",
    "Prior": "spec.prior",
    "PriorError": "core.errors",
    "ResourceError": "core.errors",
    "SamplingError": "core.errors",
    "StorageError": "core.errors",
    "attenuation": "effects.verbs.attenuation",
    "check_family": "laws.check_family",
    "coefficients": "effects.verbs.coefficients",
    "comparisons": "effects.verbs.comparisons",
    "diagnose": "fit.diagnostics",
    "estimands": "effects.verbs.estimands",
    "fan": "effects.verbs.fan",
    "gee": "estimating_equations.gee",
    "gee_check": "estimating_equations.gee_check",
    "grid": "effects.estimand.grid",
    "icc": "effects.groups.icc",
    "implied_correlation": "effects.groups.implied_correlation",
    "interval_ratio": "effects.groups.interval_ratio",
    "load": "storage.save_load",
    "load_dataset": "datasets",
    "median_ratio": "effects.groups.median_ratio",
    "pit": "predictive.pit",
    "plot_curves": "plots.curves",
    "plot_random_effects": "plots.groups",
    "plot_shrinkage": "plots.groups",
    "posterior_predictive": "predictive.posterior_predictive",
    "pp_check": "predictive.pp_check",
    "predictions": "effects.verbs.predictions",
    "r2": "effects.groups.r2",
    "random_effects": "effects.groups.random_effects",
    "ranks": "effects.groups.ranks",
    "register_covariance": "covariances",
    "register_family": "graph.custom_families",
    "register_link": "core.link_registration",
    "register_measure": "effects.result.measures",
    "register_transform": "spec.transforms",
    "report": "reporting.document",
    "slopes": "effects.verbs.slopes",
    "spec_schema": "spec.file_model",
    "summary": "fit.summary",
    "variance_components": "effects.groups.variance_components",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from glmm_bayes.core.errors import (
        DataError as DataError,
    )
    from glmm_bayes.core.errors import (
        FormulaError as FormulaError,
    )
    from glmm_bayes.core.errors import (
        GlmmError as GlmmError,
    )
    from glmm_bayes.core.errors import (
        GlmmWarning as GlmmWarning,
    )
    from glmm_bayes.core.errors import (
        PredictionError as PredictionError,
    )
    from glmm_bayes.core.errors import (
        PriorError as PriorError,
    )
    from glmm_bayes.core.errors import (
        ResourceError as ResourceError,
    )
    from glmm_bayes.core.errors import (
        SamplingError as SamplingError,
    )
    from glmm_bayes.core.errors import (
        StorageError as StorageError,
    )
    from glmm_bayes.core.link_registration import register_link as register_link
    from glmm_bayes.covariances import register_covariance as register_covariance
    from glmm_bayes.datasets import load_dataset as load_dataset
    from glmm_bayes.effects.estimand.estimand import Estimand as Estimand
    from glmm_bayes.effects.estimand.grid import grid as grid
    from glmm_bayes.effects.estimand.row_weights import BayesianBootstrap as BayesianBootstrap
    from glmm_bayes.effects.groups.icc import icc as icc
    from glmm_bayes.effects.groups.implied_correlation import implied_correlation as implied_correlation
    from glmm_bayes.effects.groups.interval_ratio import interval_ratio as interval_ratio
    from glmm_bayes.effects.groups.median_ratio import median_ratio as median_ratio
    from glmm_bayes.effects.groups.r2 import r2 as r2
    from glmm_bayes.effects.groups.random_effects import random_effects as random_effects
    from glmm_bayes.effects.groups.ranks import ranks as ranks
    from glmm_bayes.effects.groups.variance_components import variance_components as variance_components
    from glmm_bayes.effects.result.effects import Effects as Effects
    from glmm_bayes.effects.result.measures import register_measure as register_measure
    from glmm_bayes.effects.verbs.attenuation import attenuation as attenuation
    from glmm_bayes.effects.verbs.coefficients import coefficients as coefficients
    from glmm_bayes.effects.verbs.comparisons import comparisons as comparisons
    from glmm_bayes.effects.verbs.estimands import estimands as estimands
    from glmm_bayes.effects.verbs.fan import fan as fan
    from glmm_bayes.effects.verbs.predictions import predictions as predictions
    from glmm_bayes.effects.verbs.slopes import slopes as slopes
    from glmm_bayes.estimating_equations.gee import gee as gee
    from glmm_bayes.estimating_equations.gee_check import gee_check as gee_check
    from glmm_bayes.fit.diagnostics import diagnose as diagnose
    from glmm_bayes.fit.fit import Fit as Fit
    from glmm_bayes.fit.summary import summary as summary
    from glmm_bayes.graph.custom_families import register_family as register_family
    from glmm_bayes.laws.check_family import check_family as check_family
    from glmm_bayes.model import Model as Model
    from glmm_bayes.plots.curves import plot_curves as plot_curves
    from glmm_bayes.plots.groups import plot_random_effects as plot_random_effects
    from glmm_bayes.plots.groups import plot_shrinkage as plot_shrinkage
    from glmm_bayes.predictive.pit import pit as pit
    from glmm_bayes.predictive.posterior_predictive import (
        posterior_predictive as posterior_predictive,
    )
    from glmm_bayes.predictive.pp_check import pp_check as pp_check
    from glmm_bayes.reporting.document import report as report
    from glmm_bayes.spec.custom_family import CustomFamily as CustomFamily
    from glmm_bayes.spec.file_model import spec_schema as spec_schema
    from glmm_bayes.spec.many_responses import Formulas as Formulas
    from glmm_bayes.spec.model_spec import ModelSpec as ModelSpec
    from glmm_bayes.spec.prior import Prior as Prior
    from glmm_bayes.spec.several import Formula as Formula
    from glmm_bayes.spec.transforms import register_transform as register_transform
    from glmm_bayes.storage.save_load import load as load


def __getattr__(name: str) -> Any:
    from glmm_bayes.core.elsewhere import in_our_words, unknown_name

    if name.startswith("_"):
        raise AttributeError(f"module 'glmm_bayes' has no attribute '{name}'")
    if name not in _HOMES:
        raise unknown_name("glmm_bayes", name)
    value = getattr(import_module(f"glmm_bayes.{_HOMES[name]}"), name)
    if isfunction(value):
        value = in_our_words(value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _value_of(name: str) -> Any:
    return globals()[name] if name in globals() else __getattr__(name)


_tell_names(__all__, _value_of)
