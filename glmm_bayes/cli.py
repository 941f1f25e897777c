"""The command line: ``glmm-bayes demo | check | fit | effects | report | schema``.

Heavy imports wait for the work.

Exit codes: 0 done; 1 a bug of ours; 2 wrong usage; 3 wrong input (formula, data, prior, spec file);
4 resources or storage; 5 sampling failed; 6 done, but the sampler's diagnosis failed (``--strict``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
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
) -> None:
    """Fit the embedded toenail trial, show the answer, and write a report."""
    import glmm_bayes as gb

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
    path = gb.report(fit, out, title="Toenail trial: terbinafine against itraconazole")
    typer.echo(f"\nverdict: {gb.diagnose(fit).verdict}\nreport: {path}")


@app.command()
def check(spec: SpecPath, as_json: AsJson = False) -> None:
    """Read spec and data, and list everything found; nothing is compiled."""
    file, model = _read(spec)
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
    overwrite: Annotated[bool, typer.Option(help="Replace an existing fit.")] = False,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Sample the model of a spec file and write the fit (and the report, if the file names one)."""
    import glmm_bayes as gb
    from glmm_bayes.infer.resources import check_disk, estimate
    from glmm_bayes.infer.settings import Settings

    file, model = _read(spec)
    target = out or file.output.fit or spec.with_suffix(".glmm")
    if target.exists() and not overwrite:
        raise StorageError(_exists(target))
    if not as_json:
        typer.echo(f"{model}\nCompiling and sampling ...")
    sampler = Settings(**file.sampler)
    check_disk(estimate(model.priors, len(model.response.values), sampler), target)
    result = model.fit(**file.sampler)
    result.save(target, overwrite=overwrite)
    report_path = gb.report(result, file.output.report) if file.output.report else None
    diagnosis = gb.diagnose(result)
    wanted = _wanted(result, file)
    if as_json:
        document = {
            "fit": str(target),
            "report": str(report_path) if report_path else None,
            "verdict": diagnosis.verdict,
            "passed": diagnosis.passed,
            "caveats": list(result.caveats),
            "summary": json.loads(gb.summary(result).to_json(orient="index")),
            "effects": [_document(effect) for effect in wanted],
        }
        typer.echo(json.dumps(document))
    else:
        typer.echo(f"{result}\n\n{gb.summary(result)}\n\n{diagnosis}\nfit: {target}")
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
) -> None:
    """Write the report of a fit as one self-contained HTML file."""
    import glmm_bayes as gb

    fitted, file = _fit(source)
    path = gb.report(fitted, out or (file.output.report if file else None) or source.with_suffix(".html"))
    typer.echo(f"report: {path}")


@app.command()
def schema() -> None:
    """Print the JSON schema of spec files."""
    from glmm_bayes.spec.file_model import spec_schema

    typer.echo(json.dumps(spec_schema(), indent=2))


def _fit(source: Path) -> tuple[Fit, SpecFile | None]:
    """Load a fit, or the one of a spec file; then the file must still say the fit's model."""
    from glmm_bayes.core.errors import Finding
    from glmm_bayes.infer.storage import load
    from glmm_bayes.spec.spec_file import read_spec_file

    if source.suffix.lower() not in _SPECS:
        return load(source), None
    file = read_spec_file(source)
    path = file.output.fit or source.with_suffix(".glmm")
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
        try:
            results.append(verbs[wanted.verb](fitted, **wanted.arguments))
        except GlmmError as error:
            where = f"[effects.{position}]"
            raise type(error)([replace(f, message=f"{where} {f.message}") for f in error.findings]) from None
    return results


def _document(effect: Effects) -> dict[str, Any]:
    return {**effect.attrs, "rows": json.loads(effect.summary().to_json(orient="records"))}


def _read(spec: Path) -> tuple[SpecFile, Model]:
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import read_spec_file

    file = read_spec_file(spec)
    missing = file.data.missing if file.data else "error"
    known = {name: read_known(path) for name, path in file.known.items()}
    more: dict[str, Any] = {"known": known} if known else {}
    return file, Model(file.model, _data(file), missing=missing, **more)


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


def _exists(path: Path) -> Any:
    from glmm_bayes.core.errors import Finding

    return Finding("storage", f"{path} exists.", hint="Choose another path, or write --overwrite.")


def main() -> None:
    """Run the command line; what a user can cause ends in one sentence and an exit code."""
    try:
        app()
    except GlmmError as error:
        typer.echo(f"{type(error).__name__} {error}", err=True)
        if isinstance(error, ResourceError | StorageError):
            sys.exit(4)
        sys.exit(5 if isinstance(error, SamplingError) else 3)


if __name__ == "__main__":
    main()
