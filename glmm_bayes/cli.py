"""The command line: ``glmm-bayes demo | check | fit | effects | report | schema``.

Heavy imports wait for the work. Exit codes stand in the help.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmm_bayes import __version__
from glmm_bayes.commands.before_sampling import (
    answers_to,
    check_model,
    check_spec,
    check_targets,
    interval_of,
    placed,
    wanted_effects,
)
from glmm_bayes.commands.from_spec import fit_of, is_spec, model_of, spec_file, targets_of
from glmm_bayes.commands.telling import SAID, document, records_of, say, tell_effects, tell_fit
from glmm_bayes.core.errors import GlmmError, ResourceError, SamplingError, StorageError

if TYPE_CHECKING:
    from glmm_bayes.effects.result.effects import Effects
    from glmm_bayes.fit.fit import Fit
    from glmm_bayes.spec.spec_file import SpecFile

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Bayesian generalized linear mixed models whose estimands are always named.",
    epilog=(
        "Exit codes: 0 done; 1 a bug of ours; 2 wrong usage; 3 wrong input (formula, data, prior, spec "
        "file); 4 resources or storage; 5 sampling failed; 6 done, but the sampler's diagnosis failed "
        "(--strict)."
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

Probability = Annotated[
    float | None,
    typer.Option(help="Of the intervals; else the spec file's, else ArviZ's rcParams (0.89 unless changed)."),
]
IntervalKind = Annotated[
    str | None,
    typer.Option(
        "--interval",
        help="eti (equal-tailed) or hdi (narrowest); else the spec file's, else ArviZ's rcParams "
        "(eti unless changed).",
    ),
]

_DEMO_ROWS = {"treatment": ["itraconazole", "terbinafine"], "time": [12, 12]}
_DEMO_DRAWS = 2500
_FAILED_DIAGNOSIS = 6


def _print_version(is_asked: bool) -> None:
    if is_asked:
        say(f"glmm-bayes {__version__}")
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
    probability: Probability = None,
    interval: IntervalKind = None,
    overwrite: Overwrite = False,
) -> None:
    """Fit the embedded toenail trial, show the answer, and write a report."""
    from glmm_bayes.core.arguments import checked_seed

    with placed("--seed:"):
        checked_seed(seed)
    how = _shown(None, probability, interval)
    check_targets({"report": out}, overwrite)
    import glmm_bayes as gb
    from glmm_bayes.fit.text_tables import table_text, told, within_width

    data = gb.load_dataset("toenail")
    model = gb.Model("y ~ treatment*time + (1 | patientID)", data, family="bernoulli")
    say(f"{data.attrs['title']}: {data.attrs['description']}\n")
    say(f"{within_width(str(model))}\n")
    say("Compiling and sampling; the first time takes longer ...")
    fit = model.fit(draws=_DEMO_DRAWS, seed=seed)
    say(within_width(f"{fit}\n\n{gb.diagnose(fit)}\n"))
    say("Who still has a moderate or severe infection after twelve months?\n")
    for word in ("typical", "population"):
        say(f"{gb.predictions(fit, _DEMO_ROWS, estimand=word, **how)}\n")
    say(f"{gb.comparisons(fit, 'treatment', newdata=_DEMO_ROWS, **how)}\n")
    coefficients = gb.coefficients(fit, **how)
    table = coefficients.side_by_side()
    say(table_text(table[["coef", "subject_mean", "population_mean", "attenuation"]]))
    say(told(f"({coefficients.caption})"))
    path = gb.report(
        fit, out, title="Toenail trial: terbinafine against itraconazole", overwrite=overwrite, **how
    )
    say(f"\nverdict: {gb.diagnose(fit).verdict}\nreport: {path}")


@app.command()
def check(spec: SpecPath, as_json: AsJson = False, allow_outside: AllowOutside = False) -> None:
    """Read spec and data, and list everything found; nothing is compiled."""
    from glmm_bayes.fit.text_tables import table_text, within_width
    from glmm_bayes.storage.archive import is_fit

    file = spec_file(spec)
    targets = targets_of(spec, file)
    sampler = check_spec(spec, file, targets, allow_outside)
    # A fit that is there may be that of this very file.
    there = {"fit"} if is_fit(targets["fit"]) else set()
    check_targets({name: path for name, path in targets.items() if name not in there}, overwrite=False)
    model = model_of(file)
    check_model(model, file, sampler, targets["fit"])
    table = model.check()
    if as_json:
        say(json.dumps({"formula": file.model.to_formula(), "findings": table.to_dict("records")}))
        return
    say(within_width(str(model)))
    say(table_text(table, left=list(table.columns)))


@app.command()
def fit(
    spec: SpecPath,
    out: FitTarget = None,
    probability: Probability = None,
    interval: IntervalKind = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Sample the model of a spec file and write the fit (and the report, if the file names one)."""
    from glmm_bayes.core.files import file_path
    from glmm_bayes.fit.text_tables import within_width

    file = spec_file(spec)
    targets = targets_of(spec, file) | ({"fit": file_path(out)} if out is not None else {})
    _shown(file, probability, interval)
    sampler = check_spec(spec, file, targets, allow_outside)
    check_targets(targets, overwrite)
    model = model_of(file)
    check_model(model, file, sampler, targets["fit"], (probability, interval))
    if not as_json:
        say(f"{within_width(str(model))}\nCompiling and sampling ...")
    result = model.fit(**file.sampler)
    _save(result, targets["fit"], overwrite)
    # Said at once, so that it is known whatever happens to the report and the effects.
    say(f"fit: {targets['fit']}", err=as_json)
    passed = tell_fit(result, file, targets, overwrite, as_json, (probability, interval))
    if strict and not passed:
        raise typer.Exit(_FAILED_DIAGNOSIS)


@app.command()
def effects(
    source: FitPath,
    variable: Annotated[
        str | None,
        typer.Argument(
            help="The variable to compare the values of; without it, predictions of the rows of --newdata, "
            "or what the spec file asks for."
        ),
    ] = None,
    estimand: Annotated[
        str, typer.Option(help="population, typical, subject, sample or new_subject (one new group).")
    ] = "population",
    measure: Annotated[str, typer.Option(help="difference, ratio, odds_ratio, ...")] = "difference",
    by: Annotated[str | None, typer.Option(help="A column to average within.")] = None,
    per: Annotated[str | None, typer.Option(help="label: a new group for each label in the rows.")] = None,
    newdata: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Rows to compare in, or to predict: a CSV, Parquet or Feather file."
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            help="Values to compare, the first the reference: 0,12 or --values 0 --values 12; or pairwise, "
            "sequential, sd, iqr, minmax."
        ),
    ] = None,
    scale: Annotated[str, typer.Option(help="response, link, or of ordered categories at_least, score.")] = (
        "response"
    ),
    probability: Probability = None,
    interval: IntervalKind = None,
    as_json: AsJson = False,
) -> None:
    """Compare expected responses at values of a variable, predict rows, or compute a spec file's effects."""
    from glmm_bayes.effects.estimand.factor_estimands import check_words
    from glmm_bayes.effects.expectation.answer import checked_scale
    from glmm_bayes.effects.result.measures import read_measure

    read_measure(measure)
    check_words([estimand], per)
    checked_scale(scale)
    if variable is None:
        beside = {"--measure": measure != "difference", "--values": bool(values)}
        if newdata is None:
            beside |= {"--estimand": estimand != "population", "--scale": scale != "response"}
            beside |= {"--by": by is not None, "--per": per is not None}
        for option in (name for name, is_given in beside.items() if is_given):
            raise typer.BadParameter(f"name the variable that {option} is of.", param_hint="VARIABLE")
    _shown(None, probability, interval)
    fitted, file = fit_of(source)
    rows = _rows(newdata, fitted)
    arguments = {"estimand": estimand, "by": by, "newdata": rows, "scale": scale, "per": per}
    arguments |= interval_of(file, probability, interval)
    if variable is not None:
        answer = _compared(fitted, variable, measure, values, arguments)
    elif rows is not None:
        answer = _predicted(fitted, arguments)
    elif file is not None and file.effects:
        tell_effects(answers_to(fitted, wanted_effects(file, probability, interval)), as_json)
        return
    else:
        message = "name a variable, rows by --newdata, or a spec file with 'effects'."
        raise typer.BadParameter(message, param_hint="VARIABLE")
    say(json.dumps(document(answer)) if as_json else str(answer))


def _rows(path: Path | None, fitted: Fit) -> Any:
    """Read the rows of a file as those of the data were read."""
    if path is None:
        return None
    from glmm_bayes.design.containers.data_files import read_data_file
    from glmm_bayes.spec.column_names import label_columns

    return read_data_file(path, label_columns((fitted.spec,)))


def _predicted(fitted: Fit, arguments: Mapping[str, Any]) -> Effects:
    import glmm_bayes as gb

    return gb.predictions(fitted, **arguments)


def _compared(
    fitted: Fit, variable: str, measure: str, values: list[str] | None, arguments: Mapping[str, Any]
) -> Effects:
    import glmm_bayes as gb

    return gb.comparisons(fitted, variable, measure=measure, values=_values(values), **arguments)


def _values(given: list[str] | None) -> str | list[Any] | None:
    """Read values as they are written on a command line: numbers where all are numbers."""
    if not given:
        return None
    texts = given if len(given) > 1 else [part.strip() for part in given[0].split(",")]
    if len(texts) == 1:
        return texts[0]
    try:
        return [float(text) for text in texts]
    except ValueError:
        return texts


@app.command()
def report(
    source: FitPath,
    out: ReportTarget = None,
    probability: Probability = None,
    interval: IntervalKind = None,
    overwrite: Overwrite = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Write the report of a fit as one self-contained HTML file."""
    import glmm_bayes as gb
    from glmm_bayes.core.files import check_distinct, file_path
    from glmm_bayes.spec.outputs import check_outputs

    file = spec_file(source) if is_spec(source) else None
    how = _shown(file, probability, interval)
    named = file.output.report if file else None
    target = file_path(out) if out is not None else named or source.with_suffix(".html")
    if file is None:
        check_distinct(target, "the fit", source)
    else:
        check_outputs(source, file, {"fit": targets_of(source, file)["fit"], "report": target}, allow_outside)
    check_targets({"report": target}, overwrite)
    fitted, _ = fit_of(source)
    say(f"report: {gb.report(fitted, target, overwrite=overwrite, **how)}")


@app.command()
def schema() -> None:
    """Print the JSON schema of spec files."""
    from glmm_bayes.spec.file_model import spec_schema

    say(json.dumps(spec_schema(), indent=2))


def _shown(file: SpecFile | None, probability: float | None, interval: str | None) -> dict[str, Any]:
    """Return level and kind of the intervals as arguments of a verb, or say which option is wrong."""
    from glmm_bayes.core.intervals import Interval

    default = Interval(0.5, "eti")
    with placed("--probability:"):
        default.replaced(probability)
    with placed("--interval:"):
        default.replaced(kind=interval)
    return interval_of(file, probability, interval)


def _save(result: Fit, target: Path, overwrite: bool) -> None:
    """Save the fit; where that fails now, elsewhere: its draws were dear."""
    from glmm_bayes.core.errors import Finding

    try:
        result.save(target, overwrite=overwrite)
    except StorageError as error:
        path = _saved_elsewhere(result, target.stem)
        sentence = f"the draws were saved: {path}." if path else "the draws could not be saved anywhere else."
        kept = Finding("kept", sentence, hint="Move the file." if path else "")
        raise StorageError([*error.findings, kept]) from error


def _saved_elsewhere(result: Fit, name: str) -> Path | None:
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        path = folder / f"{name}-{secrets.token_hex(4)}.glmm"
        with suppress(StorageError):
            result.save(path)
            return path
    return None


def main() -> None:
    """Run the command line; what a user can cause ends in one sentence and an exit code."""
    SAID.clear()
    try:
        app()
    except GlmmError as error:
        text = str(error).replace("overwrite=True", "--overwrite")
        say(f"{type(error).__name__} {text}", err=True)
        # One document: what failed after the results is told beside them.
        if "--json" in sys.argv and not SAID:
            say(json.dumps({"error": type(error).__name__, "findings": records_of(error)}))
        if isinstance(error, ResourceError | StorageError):
            sys.exit(4)
        sys.exit(5 if isinstance(error, SamplingError) else 3)


if __name__ == "__main__":
    main()
