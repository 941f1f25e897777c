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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmm_bayes.core.errors import DataError, GlmmError, ResourceError, SamplingError, StorageError

if TYPE_CHECKING:
    import pandas as pd

    from glmm_bayes.effects.result import Effects
    from glmm_bayes.infer.fit import Fit
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import SpecFile

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Bayesian generalized linear mixed models whose estimands are always named.",
)

SpecPath = Annotated[
    Path,
    typer.Argument(metavar="SPEC", help="A spec file, TOML or YAML: model, data, priors, sampler, effects."),
]
FitPath = Annotated[
    Path,
    typer.Argument(metavar="FIT|SPEC", help="A fit written by 'fit', or the spec file that it was made of."),
]
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
_SPECS = (".toml", ".yaml", ".yml")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("toenail.html"),
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Fit the embedded toenail trial, show the answer, and write a report."""
    import glmm_bayes as gb

    _check_targets({"report": out}, overwrite)
    data = gb.load_dataset("toenail")
    model = gb.Model("y ~ treatment*time + (1 | patientID)", data, family="bernoulli")
    typer.echo(f"{data.attrs['title']}: {data.attrs['description']}\n")
    typer.echo(f"{model}\n")
    typer.echo("Compiling and sampling; the first time takes longer ...")
    fit = model.fit(draws=_DEMO_DRAWS, seed=seed)
    typer.echo(f"{fit}\n\n{gb.diagnose(fit)}\n")
    typer.echo("Who still has a moderate or severe infection after twelve months?\n")
    for word in ("typical", "population"):
        typer.echo(f"{gb.predictions(fit, _DEMO_ROWS, estimand=word)}\n")
    typer.echo(f"{gb.comparisons(fit, 'treatment', newdata=_DEMO_ROWS)}\n")
    table = gb.coefficients(fit)
    typer.echo(
        table[["coef", "subject_mean", "population_mean", "attenuation"]].to_string(index=False, na_rep="")
    )
    typer.echo(f"({table.attrs['caption']})")
    path = gb.report(fit, out, "Toenail trial: terbinafine against itraconazole", overwrite)
    typer.echo(f"\nverdict: {gb.diagnose(fit).verdict}\nreport: {path}")


@app.command()
def check(spec: SpecPath, as_json: AsJson = False, allow_outside: AllowOutside = False) -> None:
    """Read spec and data, and list everything found; nothing is compiled."""
    from glmm_bayes.infer.archive import is_fit

    file = _spec_file(spec)
    targets = _targets(spec, file)
    _check_before(spec, file, targets, allow_outside)
    # A fit that is there may be that of this very file.
    _check_targets({name: path for name, path in targets.items() if not is_fit(path)}, overwrite=False)
    model = _model(file)
    table = model.check()
    if as_json:
        typer.echo(json.dumps({"formula": file.model.to_formula(), "findings": table.to_dict("records")}))
        return
    typer.echo(str(model))
    typer.echo(table.to_string(index=False, na_rep=""))


@app.command()
def fit(
    spec: SpecPath,
    out: Annotated[Path | None, typer.Option(help="Where the fit is written.")] = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Sample the model of a spec file and write the fit (and the report, if the file names one)."""
    import glmm_bayes as gb
    from glmm_bayes.infer.resources import check_disk, estimate
    from glmm_bayes.infer.settings import Settings

    file = _spec_file(spec)
    targets = _targets(spec, file) | ({"fit": out} if out else {})
    _check_before(spec, file, targets, allow_outside)
    _check_targets(targets, overwrite)
    model = _model(file)
    if not as_json:
        typer.echo(f"{model}\nCompiling and sampling ...")
    sampler = Settings(**file.sampler)
    check_disk(estimate(model.priors, len(model.response.values), sampler), targets["fit"])
    result = model.fit(**file.sampler)
    _save(result, targets["fit"], overwrite)
    # Said at once, so that it is known whatever happens to the report and the effects.
    typer.echo(f"fit: {targets['fit']}", err=as_json)
    report_path = gb.report(result, targets["report"], overwrite=overwrite) if "report" in targets else None
    diagnosis = gb.diagnose(result)
    wanted = _wanted(result, file)
    if as_json:
        document = {
            "fit": str(targets["fit"]),
            "report": str(report_path) if report_path else None,
            "verdict": diagnosis.verdict,
            "passed": diagnosis.passed,
            "caveats": list(result.caveats),
            "summary": json.loads(gb.summary(result).to_json(orient="index")),
            "effects": [_document(effect) for effect in wanted],
        }
        typer.echo(json.dumps(document))
    else:
        typer.echo(f"{result}\n\n{gb.summary(result)}\n\n{diagnosis}")
        if report_path:
            typer.echo(f"report: {report_path}")
        for effect in wanted:
            typer.echo(f"\n{effect}")
    if strict and not diagnosis.passed:
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

    fitted, file = _fit(source)
    if variable is not None:
        result = gb.comparisons(fitted, variable, measure=measure, estimand=estimand, by=by, per=per)
        typer.echo(json.dumps(_document(result)) if as_json else str(result))
        return
    if file is None or not file.effects:
        raise typer.BadParameter("name a variable, or a spec file with 'effects'.", param_hint="VARIABLE")
    wanted = _wanted(fitted, file)
    if as_json:
        typer.echo(json.dumps({"effects": [_document(effect) for effect in wanted]}))
    else:
        typer.echo("\n\n".join(map(str, wanted)))


@app.command()
def report(
    source: FitPath,
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Write the report of a fit as one self-contained HTML file."""
    import glmm_bayes as gb
    from glmm_bayes.spec.outputs import check_outputs

    file = _spec_file(source) if _is_spec(source) else None
    target = out or (file.output.report if file else None) or source.with_suffix(".html")
    if file is not None:
        check_outputs(source, file, {"fit": _targets(source, file)["fit"], "report": target}, allow_outside)
    _check_targets({"report": target}, overwrite)
    fitted, _ = _fit(source)
    typer.echo(f"report: {gb.report(fitted, target, overwrite=overwrite)}")


@app.command()
def schema() -> None:
    """Print the JSON schema of spec files."""
    from glmm_bayes.spec.file_model import spec_schema

    typer.echo(json.dumps(spec_schema(), indent=2))


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


def _wanted(fitted: Fit, file: SpecFile) -> list[Effects]:
    """Compute the effects that a spec file asks for."""
    import glmm_bayes as gb

    verbs: dict[str, Callable[..., Effects]] = {
        "predictions": gb.predictions,
        "comparisons": gb.comparisons,
        "slopes": gb.slopes,
    }
    results = []
    for position, wanted in enumerate(file.effects, start=1):
        with _placed(f"[effects.{position}]"):
            results.append(verbs[wanted.verb](fitted, **wanted.arguments))
    return results


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


def _check_before(spec: Path, file: SpecFile, targets: dict[str, Path], allow_outside: bool) -> None:
    """Check all that needs neither data nor a graph."""
    from glmm_bayes.effects.measures import read_measure
    from glmm_bayes.infer.sample import ENGINES
    from glmm_bayes.infer.settings import Settings
    from glmm_bayes.spec.outputs import check_outputs

    check_outputs(spec, file, targets, allow_outside)
    with _placed("[sampler]"):
        ENGINES[Settings(**file.sampler).engine]
    for position, wanted in enumerate(file.effects, start=1):
        if wanted.verb == "comparisons":
            with _placed(f"[effects.{position}]"):
                read_measure(wanted.arguments.get("measure", "difference"))


def _check_targets(targets: dict[str, Path], overwrite: bool) -> None:
    """See that what will be written can be; a report of ours is replaced."""
    from glmm_bayes.core.files import check_target, file_path, is_ours

    for name, target in targets.items():
        path = file_path(target)
        check_target(path, overwrite or (name == "report" and is_ours(path)))


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
    from glmm_bayes.model import Model

    missing = file.data.missing if file.data else "error"
    known = {name: read_known(path) for name, path in file.known.items()}
    more: dict[str, Any] = {"known": known} if known else {}
    return Model(file.model, _data(file), missing=missing, **more)


def read_known(path: Path) -> pd.DataFrame:
    """Read a known matrix or graph from a CSV file; all labels are read as text.

    Parameters
    ----------
    path : Path
        A square table whose first column and header hold the same labels, or two columns: an edge list.

    Returns
    -------
    pandas.DataFrame
        Numbers with labelled rows and columns, or two columns of labels.

    Raises
    ------
    StorageError
        If there is no such file.
    DataError
        ``known`` if it is neither, or an entry is not a number.
    """
    import pandas as pd

    _must_exist(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except ValueError as error:
        raise _no_matrix(path, str(error).partition("\n")[0]) from None
    if table.shape[1] == 2:
        return table
    labels = table.iloc[:, 0].tolist()
    matrix = table.iloc[:, 1:].set_axis(labels, axis="index")
    if sorted(labels) != sorted(map(str, matrix.columns)) or len(set(labels)) < len(labels):
        raise _no_matrix(path, "row labels and column labels are not the same, each once")
    numbers: pd.DataFrame = matrix.apply(pd.to_numeric, errors="coerce")
    for row, label in enumerate(labels):
        wrong = [name for name, value in numbers.iloc[row].items() if value != value]
        if wrong:
            raise _no_matrix(path, f"row {label}, column {wrong[0]} is not a number")
    return numbers.astype(float)


def _no_matrix(path: Path, reason: str) -> DataError:
    from glmm_bayes.core.errors import Finding

    message = f"{path}: a square table with labels, or two columns of neighbours, is needed: {reason}."
    hint = "The first column holds the row labels, the header the same labels."
    return DataError(Finding("known", message, hint=hint))


def _must_exist(path: Path) -> None:
    from glmm_bayes.core.errors import Finding

    if not path.is_file():
        raise StorageError(
            Finding("storage", f"{path}: no such file.", hint="Paths are relative to the spec file.")
        )


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


def main() -> None:
    """Run the command line; what a user can cause ends in one sentence and an exit code."""
    try:
        app()
    except GlmmError as error:
        text = str(error).replace("overwrite=True", "--overwrite")
        typer.echo(f"{type(error).__name__} {text}", err=True)
        if isinstance(error, ResourceError | StorageError):
            sys.exit(4)
        sys.exit(5 if isinstance(error, SamplingError) else 3)


if __name__ == "__main__":
    main()
