"""A Fit in, one self-contained HTML file out: no script, no outside reference, no date."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from glmm_bayes.core.errors import Finding, StorageError
from glmm_bayes.core.escapes import visible
from glmm_bayes.infer.diagnostics import diagnose
from glmm_bayes.infer.fit import Fit, check_fit
from glmm_bayes.reporting.sections import sections, verdict


def report(fit: Fit, path: str | PathLike[str], title: str | None = None, overwrite: bool = True) -> Path:
    """Write what was asked, found and done as one HTML file.

    Parameters
    ----------
    fit : Fit
        Parts that need draws which the fit does not hold are left out, and the report says so.
    path : str or path
        The file; it is complete or not there at all.
    title : str, optional
        Default: the model's formula.
    overwrite : bool
        False refuses to replace a file.

    Returns
    -------
    pathlib.Path
        Where the file is. The same fit gives the same bytes.

    Raises
    ------
    StorageError
        ``storage`` if the file exists and must not be replaced, or cannot be written.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np, tempfile, pathlib
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> rng = np.random.default_rng(1)
    >>> draws = {"beta": rng.normal(1, 0.1, (2, 50, 2)), "sd_subject": rng.uniform(0.5, 1, (2, 50, 1))}
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> gb.report(gb.Fit.from_draws(model, draws), folder / "epil.html").name
    'epil.html'
    """
    check_fit(fit)
    target = Path(path)
    if target.exists() and not overwrite:
        raise StorageError(
            Finding("storage", f"{target} exists.", hint="Choose another path, or write overwrite=True.")
        )
    _write(target, render(fit, title))
    return target


def render(fit: Fit, title: str | None = None) -> str:
    """Return the report as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("glmm_bayes.reporting"),
        autoescape=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    diagnosis = diagnose(fit)
    return environment.get_template("report.html").render(
        title=title or fit.spec.to_formula(),
        verdict=verdict(fit, diagnosis),
        sections=sections(fit, diagnosis),
    )


def _write(target: Path, text: str) -> None:
    """Write beside the target and move into place, so that nobody ever reads half a report."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with partial.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        message = f"{target}: {error.strerror or error}; nothing half-written was left."
        raise StorageError(Finding("storage", message, hint="Choose a path that can be written.")) from error
