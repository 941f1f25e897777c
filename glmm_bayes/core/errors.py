"""Errors and warnings: a finding says what must hold, what was found and what to write instead."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from glmm_bayes.core.escapes import visible

_ROWS_SHOWN = 5
#: Longest value that is written out; longer ones, and wide whole numbers, are cut.
_LONGEST_VALUE, _LONGEST_INT = 200, 10**30
#: Longest sentence and most findings of one error that are written out.
_LONGEST_TEXT, _FINDINGS_SHOWN = 900, 12


@dataclass(frozen=True)
class Finding:
    """One thing that was found in a formula, in data, in a prior or in a file.

    Attributes
    ----------
    code : str
        Stable name of the condition, such as ``"unknown_column"``.
    message : str
        What must hold and what was found, in one or two sentences.
    column : str or None
        The column of the data that the finding is about.
    rows : tuple
        Labels of all offending rows (the first five are shown).
    hint : str
        What to write instead; empty if the message says it.
    severity : {"error", "warning", "note"}
        Errors stop the model; warnings are raised as warnings; notes are only listed.
    """

    code: str
    message: str
    column: str | None = None
    rows: tuple[object, ...] = ()
    hint: str = ""
    severity: str = "error"

    def __post_init__(self) -> None:
        # Words of a user's stand in them, and they are printed.
        object.__setattr__(self, "message", _cut(visible(self.message)))
        object.__setattr__(self, "hint", _cut(visible(self.hint)))

    def __str__(self) -> str:
        text = f"[{self.code}] {self.message}"
        # A message that points into a formula ends in carets: the hint goes below them.
        separator = "\n" if "\n" in self.message else " "
        return f"{text}{separator}{self.hint}" if self.hint else text


class GlmmError(ValueError):
    """Base of all errors that a user can cause; it is a ``ValueError``, too.

    Catch this one for all stages, or one of its children for one stage. ``str(error)`` writes the findings,
    one a line; of a great many the first, and how many more there are.

    Attributes
    ----------
    findings : tuple of Finding
        Everything that was wrong at this stage, in the order in which it was found.
    code : str
        Of the first finding, as are the next three: the stable name of the condition.
    column : str or None
        The column of the data that it is about.
    rows : tuple
        Labels of all offending rows.
    hint : str
        What to write instead; empty if the message says it.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> try:
    ...     gb.Model("Reaction ~ Day", gb.load_dataset("sleepstudy"))
    ... except gb.GlmmError as error:
    ...     print(error.code, error.column, error.hint, sep="; ")
    unknown_column; Day; Did you mean 'Days'? Columns: Reaction, Days, Subject.
    """

    def __init__(self, findings: Finding | Sequence[Finding] | str) -> None:
        if isinstance(findings, str):
            # Unpickling and plain re-raising hand the text back.
            findings = Finding("error", findings)
        self.findings = (findings,) if isinstance(findings, Finding) else tuple(findings)
        super().__init__(_listed(self.findings))

    @property
    def code(self) -> str:
        """Stable name of the condition, of the first finding."""
        return self.findings[0].code

    @property
    def column(self) -> str | None:
        """Column of the data that the first finding is about, if it is about one."""
        return self.findings[0].column

    @property
    def rows(self) -> tuple[object, ...]:
        """Labels of the offending rows, of the first finding."""
        return self.findings[0].rows

    @property
    def hint(self) -> str:
        """What to write instead, of the first finding; empty if the message says it."""
        return self.findings[0].hint


class FormulaError(GlmmError):
    """The formula or the spec file cannot be read, or would be misread.

    Raised where text is read, before any data: by ``Model``, ``ModelSpec``, ``Formula`` and ``Formulas``, by
    ``CustomFamily``, ``check_family`` and what registers functions, families, links and structures.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> try:
    ...     gb.ModelSpec.from_formula("y ~ x +")
    ... except gb.FormulaError as error:
    ...     print(error)
    [formula_syntax] formula:1:8: expected a term, found the end of the formula.
        y ~ x +
               ^
    Example: y ~ x + (1 | g).
    """


class DataError(GlmmError):
    """The data, or draws made elsewhere, cannot carry what is asked of them.

    Raised by ``Model`` (columns, values, levels, ``known`` tables), by ``load_dataset``, by
    ``Fit.from_draws``, and as ``draws_missing`` or ``draws_not_finite`` by verbs that need draws which a fit
    does not hold, or which are not finite.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> data = gb.load_dataset("sleepstudy")
    >>> data.loc[[3, 7], "Days"] = None
    >>> try:
    ...     gb.Model("Reaction ~ Days", data)
    ... except gb.DataError as error:
    ...     print(error.code, error.column, error.rows)
    missing_values Days (3, 7)
    """


class PriorError(GlmmError):
    """A prior names a parameter, a distribution or an argument that does not exist or does not fit.

    Raised by ``Prior``, by ``Model`` with ``priors=``, and by a spec file's ``[priors]``.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> try:
    ...     gb.Prior("Normal", mu=0, sd=1)
    ... except gb.PriorError as error:
    ...     print(error)
    [prior] Normal has no argument 'sd' (it has mu, sigma, or mu, tau).
    """


class ResourceError(GlmmError):
    """The work needs more memory or disk than there is.

    Raised before the work begins: by ``model.fit``, ``model.prior_predictive``, the command line, and where
    the pointwise log likelihood of a fit is read.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> try:
    ...     model.prior_predictive(draws=10**12)
    ... except gb.ResourceError as error:
    ...     print(error.code)
    resources
    """


class SamplingError(GlmmError):
    """Sampling was asked for in a way that cannot be, could not start, or ended early.

    Raised by ``model.fit`` and ``model.prior_predictive``.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> try:
    ...     model.fit(draws=0)
    ... except gb.SamplingError as error:
    ...     print(error)
    [settings] draws must be a whole number from 1 to 2**63 - 1, found 0.
    """


class PredictionError(GlmmError):
    """An effect was asked for that new data, the fit or mathematics cannot give.

    Raised by every verb on a fit, its tables and its pictures.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> try:
    ...     gb.comparisons(fit, "Dose")
    ... except gb.PredictionError as error:
    ...     print(error.code, error.hint)
    unknown_column Predictors: Days.
    """


class StorageError(GlmmError):
    """A file could not be written, or what was read is damaged, foreign or newer than this release.

    Raised by ``fit.save``, ``load``, ``report``, ``ModelSpec.to_file`` and the command line.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> try:
    ...     gb.load("nowhere.glmm")
    ... except gb.StorageError as error:
    ...     print(error)
    [storage] nowhere.glmm: cannot be read: No such file or directory. Check the path.
    """


class GlmmWarning(UserWarning):
    """Something that a user should know but that does not stop the work.

    Issued by ``Model`` for what data and priors say, by ``model.fit`` for a sampler in trouble or a run that
    ended early, by ``load`` for what a file cannot hold or another release wrote, and by verbs for values
    beyond those of the training rows. The text starts with the code of the condition in brackets.

    Examples
    --------
    >>> import glmm_bayes as gb, warnings
    >>> vague = {"beta": gb.Prior("Normal", mu=0, sigma=1e6)}
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", gb.GlmmWarning)
    ...     try:
    ...         gb.Model("Reaction ~ Days", gb.load_dataset("sleepstudy"), priors=vague)
    ...     except gb.GlmmWarning as warning:
    ...         print(str(warning).split()[0])
    [prior_scale]
    """


class Details(TypedDict, total=False):
    """What a finding may say beside its code and message: attributes of ``Finding``."""

    column: str | None
    rows: tuple[object, ...]
    hint: str


@dataclass
class Findings:
    """Collect what is found at one stage; raise the errors together, warn once for each warning."""

    error_type: type[GlmmError]
    collected: list[Finding] = field(default_factory=list)

    def error(self, code: str, message: str, **details: Unpack[Details]) -> None:
        """Add an error."""
        self.collected.append(Finding(code, message, **details))

    def warning(self, code: str, message: str, **details: Unpack[Details]) -> None:
        """Add a warning."""
        self.collected.append(Finding(code, message, severity="warning", **details))

    def note(self, code: str, message: str, **details: Unpack[Details]) -> None:
        """Add a note."""
        self.collected.append(Finding(code, message, severity="note", **details))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that stop the model, in the order in which they were found."""
        return tuple(finding for finding in self.collected if finding.severity == "error")

    def raise_errors(self) -> None:
        """Raise all errors as one, if there is any."""
        if self.errors:
            raise self.error_type(self.errors)

    def warn(self, stacklevel: int = 3) -> None:
        """Issue a ``GlmmWarning`` for each warning."""
        for finding in self.collected:
            if finding.severity == "warning":
                warnings.warn(str(finding), GlmmWarning, stacklevel=stacklevel)


def _cut(text: str) -> str:
    """Keep the two ends of a text that nobody would read."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[: _LONGEST_TEXT - 150]} ... {text[-145:]}"


def _listed(findings: Sequence[Finding]) -> str:
    """Write findings, one a line, up to a number of them and about the length of two; count the others."""
    shown = [str(finding) for finding in findings[:_FINDINGS_SHOWN]]
    while len(shown) > 1 and sum(map(len, shown)) > 2 * _LONGEST_TEXT:
        shown.pop()
    more = len(findings) - len(shown)
    return "\n".join(shown) + (f"\n(+{more} more)" if more else "")


def row_text(rows: Sequence[object]) -> str:
    """Name the first five rows and count the others: ``rows 3, 17 (+12 more)``."""
    shown = ", ".join(_entry(row) for row in rows[:_ROWS_SHOWN])
    more = len(rows) - _ROWS_SHOWN
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {shown} (+{more} more)" if more > 0 else f"{word} {shown}"


def value_text(values: Iterable[object]) -> str:
    """Show the first five values as a reader would write them."""
    shown = list(values)
    text = ", ".join(
        f"{value:g}" if isinstance(value, float) else _entry(value) for value in shown[:_ROWS_SHOWN]
    )
    return f"{text}, ..." if len(shown) > _ROWS_SHOWN else text


def _entry(value: object) -> str:
    """Write one of several labels, without quotes."""
    text = visible(value, keep="") if isinstance(value, str) else _plain(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _plain(value: object) -> str:
    text = _written(value, str)
    return shown_value(value) if text is None else visible(text, keep="")


def _written(value: object, write: Callable[[object], str]) -> str | None:
    """Write a value as its class does; None where that fails: no message may end in somebody's bug."""
    try:
        return write(value)
    except Exception:  # noqa: BLE001 - whatever a class of a user's raises when it is written
        return None


def shown_value(value: object) -> str:
    """Write any value of an argument, cut to one short line; a huge whole number by its length."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONGEST_INT:
        return f"a whole number of {value.bit_length()} bits"
    # Characters that are not seen are shown by their code points, as everywhere.
    text = f"'{value}'" if type(value) is str else _written(value, repr)
    if text is None:
        return f"a value of type {type(value).__name__}"
    text = visible(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}...", keep="")
    return text if len(text) <= 2 * _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
