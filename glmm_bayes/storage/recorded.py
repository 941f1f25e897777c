"""Settings and statistics of a fit in, what among them no release writes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from glmm_bayes.fit.draws import DRAWN_WITH, ELSEWHERE, ENGINES, FEWEST_DRAWS, STATISTICS
from glmm_bayes.storage.manifest import Count, Size, Version, first_of, names_all


def _engine(name: str) -> str:
    if name not in ENGINES:
        raise ValueError("not an engine")
    return name


def _elsewhere(name: str) -> str:
    if name != ELSEWHERE:
        raise ValueError("draws without a seed were made elsewhere")
    return name


Sentences = list[Annotated[str, Field(min_length=1)]]
_CLOSED = ConfigDict(extra="forbid", strict=True)
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


@with_config(_CLOSED)
class _DefaultInterval(TypedDict):
    """The level and kind of intervals that were the default when the fit was made."""

    probability: Share
    kind: Literal["eti", "hdi"]


@with_config(_CLOSED)
class _MadeElsewhere(TypedDict):
    """Of draws that no sampler of ours made."""

    engine: Annotated[str, AfterValidator(_elsewhere)]
    interval: NotRequired[_DefaultInterval]
    notes: Sentences


@with_config(_CLOSED)
class _Sampled(TypedDict):
    """Of draws that one of our samplers made."""

    engine: Annotated[str, AfterValidator(_engine)]
    method: NotRequired[Literal["graph", "joint", "marginal"]]
    why: NotRequired[Annotated[str, Field(min_length=1)]]
    seed: Size
    draws: Count
    tune: Count
    chains: Count
    target_accept: Share
    interrupted: bool
    crashed: NotRequired[Annotated[Sentences, Field(min_length=1)]]
    versions: Annotated[dict[str, Version], AfterValidator(names_all(*DRAWN_WITH))]
    interval: NotRequired[_DefaultInterval]
    notes: Sentences


_SAMPLED, _MADE_ELSEWHERE = TypeAdapter(_Sampled), TypeAdapter(_MadeElsewhere)


def is_sampled(settings: Mapping[str, Any]) -> bool:
    """Tell whether one of our samplers made the draws."""
    return "seed" in settings


def settings_fault(settings: Mapping[str, Any]) -> str:
    """Say what no release writes among the settings of a fit; empty if all is as it is written."""
    schema = _SAMPLED if is_sampled(settings) else _MADE_ELSEWHERE
    try:
        schema.validate_python(settings)
    except ValidationError as error:
        return first_of(error)
    return ""


def size_fault(settings: Mapping[str, Any], shape: tuple[int, ...]) -> str:
    """Say how the chains and draws that there are contradict those that a sampler was asked for.

    Parameters
    ----------
    settings : mapping
        Without a fault of their own.
    shape : tuple of int
        Numbers of chains and of draws in each.
    """
    requested = (settings["chains"], settings["draws"])
    crashed = settings.get("crashed", ())
    sizes = f"{shape[0]} chains of {shape[1]} draws, of {requested[0]} of {requested[1]}"
    if shape[0] > requested[0] or shape[1] > requested[1]:
        return f"more than were sampled: {sizes}"
    is_early = settings["interrupted"] or bool(crashed)
    if is_early != (shape != requested):
        return f"a run that ended early and is whole, or neither: {sizes}"
    if is_early and shape[1] < FEWEST_DRAWS:
        return f"fewer draws than are kept of a run that ended early: {sizes}"
    return "more chains that crashed than there were" if len(crashed) > requested[0] else ""


def statistic_fault(name: str, values: NDArray[Any]) -> str:
    """Say what no sampler gives among the values of a statistic, shape (chain, draw).

    Only the last draw of a chain can lie where the density is not finite: no sampler goes on from there.
    """
    statistic = STATISTICS[name]
    if values.dtype != statistic.dtype:
        return f"values of type {values.dtype}, not {np.dtype(statistic.dtype)}"
    if np.isnan(values).any() or not np.isfinite(values[:, :-1]).all():
        return "values that are no numbers, or not finite"
    return "values below the least that there can be" if (values < statistic.least).any() else ""


def missing_statistics(names: Mapping[str, Any]) -> list[str]:
    """List the statistics that every sampler gives, by which its draws are judged, and are not there."""
    return [name for name, statistic in STATISTICS.items() if statistic.is_judged and name not in names]
