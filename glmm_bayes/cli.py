"""The command line: ``glmm-bayes demo | check | fit | effects | report | schema``.

Heavy imports wait for the work.

Exit codes: 0 done; 1 a bug of ours; 2 wrong usage; 3 wrong input (formula, data, prior, spec file);
4 resources or storage; 5 sampling failed; 6 done, but the sampler's diagnosis failed (``--strict``).
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmm_bayes import __version__
from glmm_bayes.core.errors import DataError, GlmmError, ResourceError, SamplingError, StorageError

if TYPE_CHECKING:
    from glmm_bayes.effects.result import Effects
    from glmm_bayes.infer.fit import Fit
    from glmm_bayes.infer.settings import Settings
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import SpecFile, WantedEffect

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Bayesian generalized linear mixed models whose estimands are always named.",
    epilog=(
        "Exit codes: 0 done; 2 wrong usage; 3 wrong input (formula, data, prior, spec file); 4 resources or "
        "storage; 5 sampling failed; 6 done, but the sampler's diagnosis failed (--strict)."
    ),
)

SpecPath = Annotated[
    Path,
    typer.Argument(metavar="SPEC", help="A spec file, TOML or YAML: model, data, priors, sampler, effects."),
]
FitPath = Annotated[
    Path,
    typer.Argument(metavar="FIT|SPEC", help="A fit written by 'fit', or the spec file that it was made of."),
]
#: Texts: a ``Path`` would forget the last separator of a folder's name.
ReportTarget = Annotated[str | None, typer.Option(metavar="PATH", help="The HTML file.")]
FitTarget = Annotated[str | None, typer.Option(metavar="PATH", help="Where the fit is written.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", "--force", help="Replace files that are there, whatever they are.")
]
AllowOutside = Annotated[
    bool,
    typer.Option("--allow-outside", help="Let the spec file name results outside of its own folder."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of text.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 6 if the sampler's diagnosis fails.")]

_DEMO_ROWS = {"treatment": ["itraconazole", "terbinafine"], "time": [12, 12]}
_DEMO_DRAWS = 2500
_FAILED_DIAGNOSIS = 6
#: Rows times groups that effects are asked of before anything is sampled.
_MOST_COMBINATIONS = 1_000_000
_SPECS = (".toml", ".yaml", ".yml")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        _say(f"glmm-bayes {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Bayesian generalized linear mixed models whose estimands are always named."""


@app.command()
def demo(
    out: Annotated[str, typer.Option(metavar="PATH", help="Where the report is written.")] = "toenail.html",
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Fit the embedded toenail trial, show the answer, and write a report."""
    from glmm_bayes.core.arguments import checked_seed

    with _placed("--seed:"):
        checked_seed(seed)
    _check_targets({"report": out}, overwrite)
    import glmm_bayes as gb

    data = gb.load_dataset("toenail")
    model = gb.Model("y ~ treatment*time + (1 | patientID)", data, family="bernoulli")
    _say(f"{data.attrs['title']}: {data.attrs['description']}\n")
    _say(f"{model}\n")
    _say("Compiling and sampling; the first time takes longer ...")
    fit = model.fit(draws=_DEMO_DRAWS, seed=seed)
    _say(f"{fit}\n\n{gb.diagnose(fit)}\n")
    _say("Who still has a moderate or severe infection after twelve months?\n")
    for word in ("typical", "population"):
        _say(f"{gb.predictions(fit, _DEMO_ROWS, estimand=word)}\n")
    _say(f"{gb.comparisons(fit, 'treatment', newdata=_DEMO_ROWS)}\n")
    table = gb.coefficients(fit)
    _say(table[["coef", "subject_mean", "population_mean", "attenuation"]].to_string(index=False, na_rep=""))
    _say(f"({table.attrs['caption']})")
    path = gb.report(fit, out, "Toenail trial: terbinafine against itraconazole", overwrite)
    _say(f"\nverdict: {gb.diagnose(fit).verdict}\nreport: {path}")


@app.command()
def check(spec: SpecPath, as_json: AsJson = False, allow_outside: AllowOutside = False) -> None:
    """Read spec and data, and list everything found; nothing is compiled."""
    from glmm_bayes.infer.archive import is_fit

    file = _spec_file(spec)
    targets = _targets(spec, file)
    sampler = _check_before(spec, file, targets, allow_outside)
    # A fit that is there may be that of this very file.
    there = {"fit"} if is_fit(targets["fit"]) else set()
    _check_targets({name: path for name, path in targets.items() if name not in there}, overwrite=False)
    model = _model(file)
    _check_model(model, file, sampler, targets["fit"])
    table = model.check()
    if as_json:
        _say(json.dumps({"formula": file.model.to_formula(), "findings": table.to_dict("records")}))
        return
    _say(str(model))
    _say(table.to_string(index=False, na_rep=""))


@app.command()
def fit(
    spec: SpecPath,
    out: FitTarget = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Sample the model of a spec file and write the fit (and the report, if the file names one)."""
    from glmm_bayes.core.files import file_path

    file = _spec_file(spec)
    targets = _targets(spec, file) | ({"fit": file_path(out)} if out is not None else {})
    sampler = _check_before(spec, file, targets, allow_outside)
    _check_targets(targets, overwrite)
    model = _model(file)
    _check_model(model, file, sampler, targets["fit"])
    if not as_json:
        _say(f"{model}\nCompiling and sampling ...")
    result = model.fit(**file.sampler)
    _save(result, targets["fit"], overwrite)
    # Said at once, so that it is known whatever happens to the report and the effects.
    _say(f"fit: {targets['fit']}", err=as_json)
    passed = _tell(result, file, targets, overwrite, as_json)
    if strict and not passed:
        raise typer.Exit(_FAILED_DIAGNOSIS)


@app.command()
def effects(
    source: FitPath,
    variable: Annotated[
        str | None,
        typer.Argument(
            help="The variable to compare the values of; without it, what the spec file asks for."
        ),
    ] = None,
    estimand: Annotated[
        str, typer.Option(help="population, typical, subject, sample or new_subject (one new group).")
    ] = "population",
    measure: Annotated[str, typer.Option(help="difference, ratio, odds_ratio, ...")] = "difference",
    by: Annotated[str | None, typer.Option(help="A column to compare within.")] = None,
    per: Annotated[str | None, typer.Option(help="label: a new group for each label in the rows.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the expected response at different values of one variable, or compute a spec file's effects."""
    import glmm_bayes as gb
    from glmm_bayes.effects.estimand import check_words
    from glmm_bayes.effects.measures import read_measure

    read_measure(measure)
    check_words([estimand], per)
    fitted, file = _fit(source)
    if variable is not None:
        result = gb.comparisons(fitted, variable, measure=measure, estimand=estimand, by=by, per=per)
        _say(json.dumps(_document(result)) if as_json else str(result))
        return
    if file is None or not file.effects:
        raise typer.BadParameter("name a variable, or a spec file with 'effects'.", param_hint="VARIABLE")
    failed: list[GlmmError] = []
    documents = []
    for position, answer in enumerate(_answers(fitted, file.effects)):
        documents.append(_told(answer, failed))
        if not as_json and not isinstance(answer, GlmmError):
            _say(f"\n{answer}" if position else str(answer))
    if as_json:
        _say(json.dumps({"effects": documents}))
    _raise_together(failed)


@app.command()
def report(
    source: FitPath,
    out: ReportTarget = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Write the report of a fit as one self-contained HTML file."""
    import glmm_bayes as gb
    from glmm_bayes.core.files import check_distinct, file_path
    from glmm_bayes.spec.outputs import check_outputs

    file = _spec_file(source) if _is_spec(source) else None
    named = file.output.report if file else None
    target = file_path(out) if out is not None else named or source.with_suffix(".html")
    if file is None:
        check_distinct(target, "the fit", source)
    else:
        check_outputs(source, file, {"fit": _targets(source, file)["fit"], "report": target}, allow_outside)
    _check_targets({"report": target}, overwrite)
    fitted, _ = _fit(source)
    _say(f"report: {gb.report(fitted, target, overwrite=overwrite)}")


@app.command()
def schema() -> None:
    """Print the JSON schema of spec files."""
    from glmm_bayes.spec.file_model import spec_schema

    _say(json.dumps(spec_schema(), indent=2))


#: Whether this run has printed a result: the streams that it went to.
_said: set[str] = set()


def _say(text: str, err: bool = False) -> None:
    """Print a text; what a terminal would obey in it is shown by code point."""
    from glmm_bayes.core.escapes import visible

    typer.echo(visible(text), err=err)
    if not err:
        _said.add("stdout")


def _tell(result: Fit, file: SpecFile, targets: Mapping[str, Path], overwrite: bool, as_json: bool) -> bool:
    """Say what a fit found, and make its report and effects; return whether the diagnosis passed.

    A report or an effect that fails is told at the end, when all else has been said.
    """
    import glmm_bayes as gb

    failed: list[GlmmError] = []
    diagnosis = gb.diagnose(result)
    if not as_json:
        _say(f"{result}\n\n{gb.summary(result)}\n\n{diagnosis}")
    document: dict[str, Any] = {
        "fit": str(targets["fit"]),
        "report": None,
        "verdict": diagnosis.verdict,
        "passed": diagnosis.passed,
        "caveats": list(result.caveats),
        "summary": json.loads(gb.summary(result).to_json(orient="index")),
        "effects": [],
    }
    try:
        if "report" in targets:
            document["report"] = _reported(result, targets["report"], overwrite, failed)
            if document["report"] and not as_json:
                _say(f"report: {document['report']}")
        for answer in _answers(result, file.effects):
            document["effects"].append(_told(answer, failed))
            if not as_json and not isinstance(answer, GlmmError):
                _say(f"\n{answer}")
    finally:
        if as_json:
            _say(json.dumps(document))
    _raise_together(failed)
    return diagnosis.passed


def _reported(result: Fit, target: Path, overwrite: bool, failed: list[GlmmError]) -> str | None:
    """Write the report and return where it is, or keep why it could not be written."""
    import glmm_bayes as gb

    try:
        return str(gb.report(result, target, overwrite=overwrite))
    except GlmmError as error:
        failed.append(error)
        return None


def _told(answer: Effects | GlmmError, failed: list[GlmmError]) -> dict[str, Any]:
    """Return an effect as JSON, or keep why there is none."""
    if not isinstance(answer, GlmmError):
        return _document(answer)
    failed.append(answer)
    return {"error": str(answer)}


def _raise_together(errors: list[GlmmError]) -> None:
    """Raise what was found by several steps as one error, of the first one's type."""
    if errors:
        raise type(errors[0])([finding for error in errors for finding in error.findings])


def _fit(source: Path) -> tuple[Fit, SpecFile | None]:
    """Load a fit, or the one of a spec file; then the file must still say the fit's model."""
    from glmm_bayes.core.errors import Finding
    from glmm_bayes.infer.storage import load

    if not _is_spec(source):
        return load(source), None
    file = _spec_file(source)
    path = _targets(source, file)["fit"]
    fitted = load(path)
    link = file.model.link or fitted.family.links[0]
    if replace(file.model, link=link) != replace(fitted.spec, link=fitted.link.name):
        message = f"{path}: not a fit of the model that {source.name} says now."
        raise StorageError(Finding("storage", message, hint=f"Run glmm-bayes fit {source.name} --overwrite."))
    return fitted, file


def _answers(fitted: Fit, effects: Iterable[WantedEffect]) -> Iterator[Effects | GlmmError]:
    """Compute the effects that a spec file asks for, one after the other, or say why one cannot be."""
    import glmm_bayes as gb

    verbs: dict[str, Callable[..., Effects]] = {
        "predictions": gb.predictions,
        "comparisons": gb.comparisons,
        "slopes": gb.slopes,
    }
    for position, wanted in enumerate(effects, start=1):
        try:
            with _placed(f"[effects.{position}]"):
                answer: Effects | GlmmError = verbs[wanted.verb](fitted, **wanted.arguments)
        except GlmmError as error:
            answer = error
        yield answer


def _document(effect: Effects) -> dict[str, Any]:
    return {**effect.attrs, "rows": json.loads(effect.summary().to_json(orient="records"))}


def _is_spec(path: Path) -> bool:
    return path.suffix.lower() in _SPECS


def _spec_file(spec: Path) -> SpecFile:
    from glmm_bayes.spec.spec_file import read_spec_file

    return read_spec_file(spec)


def _targets(spec: Path, file: SpecFile) -> dict[str, Path]:
    """Return where the fit goes, and the report if the file names one."""
    report = {"report": file.output.report} if file.output.report else {}
    return {"fit": file.output.fit or spec.with_suffix(".glmm"), **report}


def _check_before(spec: Path, file: SpecFile, targets: dict[str, Path], allow_outside: bool) -> Settings:
    """Check all that needs neither data nor a graph; return how to sample."""
    from glmm_bayes.effects.measures import read_measure
    from glmm_bayes.infer.sample import read_settings
    from glmm_bayes.infer.settings import Settings
    from glmm_bayes.spec.outputs import check_outputs

    check_outputs(spec, file, targets, allow_outside)
    with _placed("[sampler]"):
        sampler = read_settings(Settings(**file.sampler), {})
    for position, wanted in enumerate(file.effects, start=1):
        if wanted.verb == "comparisons":
            with _placed(f"[effects.{position}]"):
                read_measure(wanted.arguments.get("measure", "difference"))
    return sampler


def _check_model(model: Model, file: SpecFile, sampler: Settings, target: Path) -> None:
    """See that there is room for a fit, and that the effects that are wanted of it have a meaning.

    They are asked of a fit that nobody sampled, so that each verb says itself what it refuses.
    """
    from glmm_bayes.effects.answers import OVERFLOW
    from glmm_bayes.effects.expectation import MAX_MEMORY, check_memory
    from glmm_bayes.infer.rehearsal import rehearsal
    from glmm_bayes.infer.resources import check_resources

    with _placed("[sampler]"):
        check_resources(model.priors, len(model.response.values), sampler, target)
    if not file.effects:
        return
    trial = rehearsal(model)
    refused: list[GlmmError] = []
    with warnings.catch_warnings():
        # They are of the draws, or will be said again of them.
        warnings.simplefilter("ignore")
        for position, answer in enumerate(_answers(trial, [_of_few(trial, one) for one in file.effects]), 1):
            if not isinstance(answer, GlmmError):
                with _placed(f"[effects.{position}]"):
                    check_memory(sampler.chains * sampler.draws, answer.draws.sizes["row"], MAX_MEMORY)
            elif answer.code != OVERFLOW:
                refused.append(answer)
    _raise_together(refused)


def _of_few(trial: Fit, wanted: WantedEffect) -> WantedEffect:
    """Ask of few rows of the data where each row is averaged over all groups: all rows take too long.

    Rows of the data have groups of their own, so that none is refused for what it holds.
    """
    import numpy as np

    words = wanted.arguments.get("estimand", "")
    table = trial.design.table
    rows = max(1, _MOST_COMBINATIONS // len(table))
    is_few = "sample" not in ([words] if isinstance(words, str) else words.values()) or rows >= len(table)
    if is_few or wanted.arguments.get("newdata") is not None:
        return wanted
    few = table.take(np.arange(rows) * (len(table) // rows))
    return replace(wanted, arguments={**wanted.arguments, "newdata": few})


def _check_targets(targets: Mapping[str, Path | str], overwrite: bool) -> None:
    """See that what will be written can be; a report of ours is replaced."""
    from glmm_bayes.core.files import check_target, file_path

    for name, target in targets.items():
        if name == "report":
            from glmm_bayes.reporting.document import report_target

            report_target(target, overwrite)
        else:
            check_target(file_path(target), overwrite)


@contextmanager
def _placed(where: str) -> Iterator[None]:
    """Say of which part of a spec file an error is; it is wrong input, whatever came of it."""
    try:
        yield
    except GlmmError as error:
        kind = DataError if isinstance(error, SamplingError) else type(error)
        raise kind([replace(f, message=f"{where} {f.message}") for f in error.findings]) from None


def _save(result: Fit, target: Path, overwrite: bool) -> None:
    """Save the fit; where that fails now, elsewhere: its draws were dear."""
    from glmm_bayes.core.errors import Finding

    try:
        result.save(target, overwrite=overwrite)
    except StorageError as error:
        path = _saved_elsewhere(result, target.stem)
        words = f"the draws were saved: {path}." if path else "the draws could not be saved anywhere else."
        kept = Finding("kept", words, hint="Move the file." if path else "")
        raise StorageError([*error.findings, kept]) from error


def _saved_elsewhere(result: Fit, name: str) -> Path | None:
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        path = folder / f"{name}-{secrets.token_hex(4)}.glmm"
        with suppress(StorageError):
            result.save(path)
            return path
    return None


def _model(file: SpecFile) -> Model:
    from glmm_bayes.design.known_files import read_known
    from glmm_bayes.model import Model

    missing = file.data.missing if file.data else "error"
    known = {name: read_known(path) for name, path in file.known.items()}
    more: dict[str, Any] = {"known": known} if known else {}
    return Model(file.model, _data(file), missing=missing, **more)


def _data(file: SpecFile) -> Any:
    """Return the embedded data of a spec file, or the path that the model reads."""
    from glmm_bayes.core.errors import DataError, Finding
    from glmm_bayes.datasets import load_dataset

    if file.data is None:
        message = "the spec file names no data."
        raise DataError(Finding("data_missing", message, hint='Write [data] path = "data.csv".'))
    if file.data.dataset is not None:
        return load_dataset(file.data.dataset)
    assert file.data.path is not None
    return file.data.path


def _as_records(error: GlmmError) -> list[dict[str, Any]]:
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


def main() -> None:
    """Run the command line; what a user can cause ends in one sentence and an exit code."""
    _said.clear()
    try:
        app()
    except GlmmError as error:
        text = str(error).replace("overwrite=True", "--overwrite")
        _say(f"{type(error).__name__} {text}", err=True)
        # One document: what failed after the results is told beside them.
        if "--json" in sys.argv and not _said:
            _say(json.dumps({"error": type(error).__name__, "findings": _as_records(error)}))
        if isinstance(error, ResourceError | StorageError):
            sys.exit(4)
        sys.exit(5 if isinstance(error, SamplingError) else 3)


if __name__ == "__main__":
    main()
