"""The command line: ``glmm-bayes demo | check | fit | effects | report``; heavy imports wait for the work.

Exit codes: 0 done; 1 a bug of ours; 2 wrong usage; 3 wrong input (formula, data, prior, spec file);
4 resources or storage; 5 sampling failed; 6 done, but the sampler's diagnosis failed (``--strict``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmm_bayes.core.errors import GlmmError, ResourceError, SamplingError, StorageError

if TYPE_CHECKING:
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
    Path, typer.Argument(metavar="SPEC.toml", help="A spec file: model, data, priors, sampler.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of text.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 6 if the sampler's diagnosis fails.")]

_DEMO_ROWS = {"treatment": ["itraconazole", "terbinafine"], "time": [12, 12]}
_FAILED_DIAGNOSIS = 6


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
    fit = model.fit(seed=seed)
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

    file, model = _read(spec)
    target = out or file.output.fit or spec.with_suffix(".glmm")
    if target.exists() and not overwrite:
        raise StorageError(_exists(target))
    if not as_json:
        typer.echo(f"{model}\nCompiling and sampling ...")
    result = model.fit(**file.sampler)
    result.save(target, overwrite=overwrite)
    report_path = gb.report(result, file.output.report) if file.output.report else None
    diagnosis = gb.diagnose(result)
    if as_json:
        document = {
            "fit": str(target),
            "report": str(report_path) if report_path else None,
            "verdict": diagnosis.verdict,
            "passed": diagnosis.passed,
            "summary": json.loads(gb.summary(result).to_json(orient="index")),
        }
        typer.echo(json.dumps(document))
    else:
        typer.echo(f"{result}\n\n{gb.summary(result)}\n\n{diagnosis}\nfit: {target}")
        if report_path:
            typer.echo(f"report: {report_path}")
    if strict and not diagnosis.passed:
        raise typer.Exit(_FAILED_DIAGNOSIS)


@app.command()
def effects(
    fitted: Annotated[Path, typer.Argument(metavar="FIT.glmm", help="A fit written by 'fit'.")],
    variable: Annotated[str, typer.Argument(help="The variable to compare the values of.")],
    estimand: Annotated[str, typer.Option(help="population, typical or subject.")] = "population",
    measure: Annotated[str, typer.Option(help="difference, ratio, odds_ratio, ...")] = "difference",
    by: Annotated[str | None, typer.Option(help="A column to compare within.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the expected response at different values of one variable."""
    import glmm_bayes as gb

    result = gb.comparisons(gb.load(fitted), variable, measure=measure, estimand=estimand, by=by)
    if as_json:
        table = json.loads(result.summary().to_json(orient="records"))
        typer.echo(json.dumps({**result.attrs, "rows": table}))
    else:
        typer.echo(str(result))


@app.command()
def report(
    fitted: Annotated[Path, typer.Argument(metavar="FIT.glmm", help="A fit written by 'fit'.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
) -> None:
    """Write the report of a fit as one self-contained HTML file."""
    import glmm_bayes as gb

    path = gb.report(gb.load(fitted), out or fitted.with_suffix(".html"))
    typer.echo(f"report: {path}")


def _read(spec: Path) -> tuple[SpecFile, Model]:
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import read_spec_file

    file = read_spec_file(spec)
    return file, Model(file.model, _data(file), missing=file.data.missing if file.data else "error")


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
