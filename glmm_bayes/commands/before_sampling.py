"""A spec file in, a refusal out of all that would be refused once its model has been sampled.

Heavy imports wait for the work.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from glmm_bayes.core.errors import DataError, GlmmError, SamplingError

if TYPE_CHECKING:
    from glmm_bayes.effects.result.effects import Effects
    from glmm_bayes.fit.fit import Fit
    from glmm_bayes.fit.settings import Settings
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import SpecFile, WantedEffect

#: Rows times groups that effects are asked of before anything is sampled.
_MOST_COMBINATIONS = 1_000_000


def check_spec(spec: Path, file: SpecFile, targets: dict[str, Path], allow_outside: bool) -> Settings:
    """Check all that needs neither data nor a graph; return how to sample."""
    from glmm_bayes.effects.result.measures import read_measure
    from glmm_bayes.fit.settings import Settings
    from glmm_bayes.sampling.engines import read_settings
    from glmm_bayes.spec.outputs import check_outputs

    check_outputs(spec, file, targets, allow_outside)
    with placed("[sampler]"):
        sampler = read_settings(Settings(**file.sampler), {})
    for position, wanted in enumerate(file.effects, start=1):
        if wanted.verb == "comparisons":
            with placed(f"[effects.{position}]"):
                read_measure(wanted.arguments.get("measure", "difference"))
    return sampler


def check_model(
    model: Model,
    file: SpecFile,
    sampler: Settings,
    target: Path,
    shown: tuple[float | None, str | None] = (None, None),
) -> None:
    """See that there is room for a fit, and that the effects that are wanted of it have a meaning.

    They are asked of a fit that nobody sampled, so that each verb says itself what it refuses.
    """
    from glmm_bayes.effects.expectation.answer import OVERFLOW
    from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, check_memory
    from glmm_bayes.sampling.paths import choose_path
    from glmm_bayes.sampling.rehearsal import rehearsal
    from glmm_bayes.sampling.resources import check_resources

    with placed("[sampler]"):
        choose_path(model.definition, sampler, is_extended=False)
        check_resources(model.definition, sampler, target)
    if not file.effects:
        return
    trial = rehearsal(model.definition)
    trial_effects = [_of_few(trial, one) for one in wanted_effects(file, *shown)]
    refused: list[GlmmError] = []
    with warnings.catch_warnings():
        # They are of the draws, or will be said again of them.
        warnings.simplefilter("ignore")
        for position, answer in enumerate(answers_to(trial, trial_effects), start=1):
            if not isinstance(answer, GlmmError):
                with placed(f"[effects.{position}]"):
                    check_memory(sampler.chains * sampler.draws, answer.draws.sizes["row"], MAX_MEMORY)
            elif answer.code != OVERFLOW:
                refused.append(answer)
    raise_together(refused)


def _of_few(trial: Fit, wanted: WantedEffect) -> WantedEffect:
    """Ask of few rows of the data where each row is averaged over all groups: all rows take too long.

    Rows of the data have groups of their own, so that none is refused for what it holds.
    """
    import numpy as np

    estimand = wanted.arguments.get("estimand", "")
    table = trial.design.table
    rows = max(1, _MOST_COMBINATIONS // len(table))
    estimands = [estimand] if isinstance(estimand, str) else estimand.values()
    is_few = "sample" not in estimands or rows >= len(table)
    if is_few or wanted.arguments.get("newdata") is not None:
        return wanted
    few = table.take(np.arange(rows) * (len(table) // rows))
    return replace(wanted, arguments={**wanted.arguments, "newdata": few})


def check_targets(targets: Mapping[str, Path | str], overwrite: bool) -> None:
    """See that what will be written can be; a report of ours is replaced."""
    from glmm_bayes.core.files import check_target, file_path

    for name, target in targets.items():
        if name == "report":
            from glmm_bayes.reporting.document import report_target

            report_target(target, overwrite)
        else:
            check_target(file_path(target), overwrite)


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say of which part of a spec file an error is; it is wrong input, whatever came of it."""
    try:
        yield
    except GlmmError as error:
        error_type = DataError if isinstance(error, SamplingError) else type(error)
        raise error_type([replace(f, message=f"{where} {f.message}") for f in error.findings]) from None


def interval_of(
    file: SpecFile | None, probability: float | None, interval: str | None
) -> dict[str, float | str | None]:
    """Return level and kind of intervals: what a command says, else what its spec file says."""
    named = file.output if file else None
    return {
        "probability": probability or (named.probability if named else None),
        "interval": interval or (named.interval if named else None),
    }


def wanted_effects(file: SpecFile, probability: float | None, interval: str | None) -> list[WantedEffect]:
    """Return a spec file's effects with their intervals: a command's, else their own, else those of all."""
    every = interval_of(file, None, None)
    said = {"probability": probability, "interval": interval}
    said = {name: value for name, value in said.items() if value is not None}
    return [replace(one, arguments={**every, **one.arguments, **said}) for one in file.effects]


def answers_to(fitted: Fit, effects: Iterable[WantedEffect]) -> Iterator[Effects | GlmmError]:
    """Compute the effects that a spec file asks for, one after the other, or say why one cannot be."""
    import glmm_bayes as gb

    verbs: dict[str, Callable[..., Effects]] = {
        "predictions": gb.predictions,
        "comparisons": gb.comparisons,
        "slopes": gb.slopes,
    }
    for position, wanted in enumerate(effects, start=1):
        try:
            with placed(f"[effects.{position}]"):
                answer: Effects | GlmmError = verbs[wanted.verb](fitted, **wanted.arguments)
        except GlmmError as error:
            answer = error
        yield answer


def raise_together(errors: list[GlmmError]) -> None:
    """Raise what was found by several steps as one error, of the first one's type."""
    if errors:
        raise type(errors[0])([finding for error in errors for finding in error.findings])
