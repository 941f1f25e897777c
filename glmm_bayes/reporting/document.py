"""A Fit in, one self-contained HTML file out: no script, no outside reference, no date."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from glmm_bayes.core.arguments import check_flag
from glmm_bayes.core.errors import Finding, StorageError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.files import check_target, file_path, is_ours, signed, write_text
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.fit.diagnostics import diagnose
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.reporting.sections import sections, verdict
from glmm_bayes.storage.archive import is_fit


def report(
    fit: Fit,
    path: str | PathLike[str],
    *,
    title: str | None = None,
    probability: float | None = None,
    interval: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write what was asked, found and done as one HTML file.

    Parameters
    ----------
    fit : Fit
        Parts that need draws which the fit does not hold are left out, and the report says so.
    path : str or path
        The file; it is complete or not there at all.
    title : str, optional
        Default: the model's formula.
    probability : float, optional
        Of every interval in the report; default: ArviZ's ``rcParams["stats.ci_prob"]`` in this session, 0.89
        unless it was changed, also of a fit that was made under another.
    interval : {"eti", "hdi"}, optional
        Equal-tailed or the narrowest; default: ArviZ's ``rcParams["stats.ci_kind"]``.
    overwrite : bool
        Whether a file that is no report of ours, or one that was changed since, may be replaced; a saved
        fit never is, as the draws of this one may be in it.

    Returns
    -------
    pathlib.Path
        Where the file is. The same fit, level and kind give the same bytes.

    Raises
    ------
    StorageError
        ``exists`` if the file must not be replaced, ``storage`` if it cannot be written, ``output`` if it
        is a saved fit, ``overwrite`` if that is neither True nor False.
    PredictionError
        ``values`` unless the probability lies between 0 and 1, ``interval`` for an unknown kind.

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
    check_fit(fit, any_number=True)
    shown = read_interval(probability, interval)
    target = report_target(path, overwrite)
    text = render(fit, title, shown)
    write_text(target, text, overwrite or is_ours(target))
    return target


def report_target(path: str | PathLike[str], overwrite: bool = False) -> Path:
    """Return where a report goes, or say why it cannot go there; one of ours is replaced.

    Raises
    ------
    StorageError
        As ``report``.
    """
    check_flag("overwrite", overwrite, StorageError)
    target = file_path(path)
    if overwrite and is_fit(target):
        message = f"{target}: is a saved fit, and a report never takes its place."
        raise StorageError(Finding("output", message, hint="Choose another path."))
    check_target(target, overwrite or is_ours(target))
    return target


def render(fit: Fit, title: str | None, interval: Interval) -> str:
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
    text = environment.get_template("report.html").render(
        title=title or "; ".join(one.spec.to_formula() for one in fit.definition.responses.values()),
        verdict=verdict(fit, diagnosis),
        sections=sections(fit, diagnosis, interval),
    )
    return signed(text)
