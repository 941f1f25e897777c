"""What the command line says of fits and effects: as text of at most 100 columns, or as one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from glmm_bayes.commands.before_sampling import answers_to, interval_of, raise_together, wanted_effects
from glmm_bayes.core.errors import GlmmError

if TYPE_CHECKING:
    from glmm_bayes.effects.result.effects import Effects
    from glmm_bayes.fit.fit import Fit
    from glmm_bayes.spec.spec_file import SpecFile


#: The streams that this run has said something to.
SAID: set[str] = set()


def say(text: str, err: bool = False) -> None:
    """Print a text; what a terminal would obey in it is shown by code point."""
    from glmm_bayes.core.escapes import visible

    typer.echo(visible(text), err=err)
    if not err:
        SAID.add("stdout")


def tell_effects(answers: Iterable[Effects | GlmmError], as_json: bool) -> None:
    """Say what a spec file asks for; what fails is told at the end."""
    failed: list[GlmmError] = []
    documents = []
    for position, answer in enumerate(answers):
        documents.append(_told(answer, failed))
        if not as_json and not isinstance(answer, GlmmError):
            text = str(answer)
            say(f"\n{text}" if position else text)
    if as_json:
        say(json.dumps({"effects": documents}))
    raise_together(failed)


def tell_fit(
    result: Fit,
    file: SpecFile,
    targets: Mapping[str, Path],
    overwrite: bool,
    as_json: bool,
    shown: tuple[float | None, str | None] = (None, None),
) -> bool:
    """Say what a fit found, and make its report and effects; return whether the diagnosis passed.

    A report or an effect that fails is told at the end, when all else has been said.
    """
    import glmm_bayes as gb
    from glmm_bayes.fit.text_tables import within_width

    failed: list[GlmmError] = []
    diagnosis = gb.diagnose(result)
    how: dict[str, Any] = interval_of(file, *shown)
    summary = gb.summary(result, **how)
    if not as_json:
        say(within_width(f"{result}\n\n{summary}\n\n{diagnosis}"))
    record: dict[str, Any] = {
        "fit": str(targets["fit"]),
        "report": None,
        "verdict": diagnosis.verdict,
        "passed": diagnosis.passed,
        "caveats": list(result.caveats),
        "summary": json.loads(summary.to_json(orient="index")),
        "effects": [],
    }
    try:
        if "report" in targets:
            record["report"] = _reported(result, targets["report"], overwrite, failed, how)
            if record["report"] and not as_json:
                say(f"report: {record['report']}")
        for answer in answers_to(result, wanted_effects(file, *shown)):
            record["effects"].append(_told(answer, failed))
            if not as_json and not isinstance(answer, GlmmError):
                say(f"\n{answer}")
    finally:
        if as_json:
            say(json.dumps(record))
    raise_together(failed)
    return diagnosis.passed


def _reported(
    result: Fit, target: Path, overwrite: bool, failed: list[GlmmError], how: Mapping[str, Any]
) -> str | None:
    """Write the report and return where it is, or keep why it could not be written."""
    import glmm_bayes as gb

    try:
        return str(gb.report(result, target, overwrite=overwrite, **how))
    except GlmmError as error:
        failed.append(error)
        return None


def _told(answer: Effects | GlmmError, failed: list[GlmmError]) -> dict[str, Any]:
    """Return an effect as JSON, or keep why there is none."""
    if not isinstance(answer, GlmmError):
        return document(answer)
    failed.append(answer)
    return {"error": str(answer)}


def document(effect: Effects) -> dict[str, Any]:
    """Return a result as JSON: what it says of itself, and its rows."""
    table = effect.summary()
    # JSON has no word for what is not finite.
    attrs = {
        str(key): None if value in (math.inf, -math.inf) else value for key, value in table.attrs.items()
    }
    return {**attrs, "rows": json.loads(table.to_json(orient="records"))}


def records_of(error: GlmmError) -> list[dict[str, Any]]:
    """Write what was found as a program reads it."""
    return [
        {
            "code": finding.code,
            "message": finding.message,
            "column": finding.column,
            "rows": [str(row) for row in finding.rows],
            "hint": finding.hint.replace("overwrite=True", "--overwrite"),
        }
        for finding in error.findings
    ]
