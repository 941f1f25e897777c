"""ModelSpec: what a formula or a spec file says, before any data is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike

from glmm_bayes.core.arguments import check_texts, is_number, whole_number
from glmm_bayes.core.errors import Finding, FormulaError, PriorError, shown_value
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.spec.column_names import ColumnNames, column_names
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.response_term import ResponseTerm
from glmm_bayes.spec.several import Formula, meant_parameter, parameter_names

#: What coefficients say: what changes for a given group, or on average over all groups.
INTERPRETATIONS = ("subject", "population")

_NO_PRIORS: Mapping[str, Prior] = FrozenMapping({})


@dataclass(frozen=True)
class ModelSpec:
    """A generalized linear mixed model as text says it: no data, no defaults that need data.

    Attributes
    ----------
    response : ResponseTerm
    predictors : mapping of str to LinearPredictor or float
        What each parameter of the response depends on, or the number that it is fixed at; the mean's,
        ``mu``, stands first.
    family : str
    link : str or None
        Names from the registries; None means the family's own link.
    priors : mapping of str to Prior
        What the user set, by parameter: ``beta``, ``beta[x]``, ``sd``, ``sd_g``, ``sd_g[x]``,
        ``corr``, ``corr_g``, ``sigma``.
    interpretation : {"subject", "population"}
        Whether coefficients of the mean speak of a given group, or of all groups on average.
    edition : int
        Of what is left unsaid: that of ``spec.editions``, or of a saved fit.
    text : str
        What the user wrote, for messages only.

    Raises
    ------
    FormulaError
        ``unknown_family`` if the family is no name, ``parameter`` if a parameter has neither a linear
        predictor nor a finite number or the mean has none; ``formula_syntax``, ``link``,
        ``interpretation``, ``edition``.
    PriorError
        ``prior`` unless priors are a mapping of names to ``gb.Prior``.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> spec = gb.ModelSpec.from_formula("count ~ trt + (1 | site)", family="poisson")
    >>> list(spec.predictors), spec.grouping_columns(), spec.to_formula()
    (['mu'], ('site',), 'count ~ trt + (1 | site)')
    """

    response: ResponseTerm
    predictors: Mapping[str, LinearPredictor | float]
    family: str = "gaussian"
    link: str | None = None
    priors: Mapping[str, Prior] = field(default_factory=lambda: _NO_PRIORS)
    interpretation: str = "subject"
    edition: int = CURRENT
    text: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.response, ResponseTerm):
            message = f"response must be a ResponseTerm, found {shown_value(self.response)}."
            raise FormulaError(Finding("formula_syntax", message, hint="Write gb.ModelSpec.from_formula."))
        check_texts(FormulaError, link=self.link, text=self.text)
        _check_family(self.family)
        _check_interpretation(self.interpretation)
        whole_number("edition", self.edition, 1, CURRENT, FormulaError, "edition")
        object.__setattr__(self, "predictors", _checked_predictors(self.predictors))
        object.__setattr__(self, "priors", _checked_priors(self.priors))

    @property
    def mean(self) -> LinearPredictor:
        """What the mean depends on."""
        mean = self.predictors[MEAN]
        assert isinstance(mean, LinearPredictor)
        return mean

    @property
    def linear_predictors(self) -> Mapping[str, LinearPredictor]:
        """The linear predictors by parameter, the mean's first; parameters with a number are left out."""
        return {
            name: predictor
            for name, predictor in self.predictors.items()
            if isinstance(predictor, LinearPredictor)
        }

    @property
    def numbers(self) -> Mapping[str, float]:
        """The parameters that are fixed at a number."""
        return {
            name: number
            for name, number in self.predictors.items()
            if not isinstance(number, LinearPredictor)
        }

    def names(self) -> ColumnNames:
        """List the columns of the data that the model reads, each once.

        Returns
        -------
        ColumnNames
            A tuple of names, with what censoring makes of some of them.
        """
        return column_names((self,))

    def grouping_columns(self) -> tuple[str, ...]:
        """List the columns of the data that name levels of grouping factors, of all linear predictors.

        Returns
        -------
        tuple of str
            Each once, in order of appearance.
        """
        groups = [group for part in self.linear_predictors.values() for group in part.groups]
        return tuple(dict.fromkeys(name for group in groups for name in group.columns))

    def to_formula(self) -> str:
        """Write the model as a formula in canonical spelling.

        Returns
        -------
        str
            ``ModelSpec.from_formula(spec.to_formula())`` has the same terms as ``spec``.
        """
        return f"{self.response} ~ {self.mean}"

    def further_formulas(self) -> dict[str, str | float]:
        """Write the predictors of further parameters in canonical spelling.

        Returns
        -------
        dict of str to str or float
            ``gb.Formula(spec.to_formula(), **spec.further_formulas())`` has the same terms as ``spec``.
        """
        return {
            name: f"~ {value}" if isinstance(value, LinearPredictor) else value
            for name, value in self.predictors.items()
            if name != MEAN
        }

    @classmethod
    def from_formula(
        cls,
        formula: str | Formula,
        family: str = "gaussian",
        link: str | None = None,
        priors: Mapping[str, Prior] | None = None,
        interpretation: str = "subject",
    ) -> ModelSpec:
        """Read a formula; no data is needed.

        Parameters
        ----------
        formula : str or Formula
            In the language of lme4 and brms: ``y ~ x + (1 + x | g)``; several of them in a ``Formula``.
        family : str
            Whether there is such a family is seen when data come.
        link : str, optional
            Default: the family's own.
        priors : mapping of str to Prior, optional
            By parameter name; ``beta`` is every slope.
        interpretation : {"subject", "population"}
            What the coefficients say: what changes for a given group, or on average over all groups.

        Returns
        -------
        ModelSpec

        Raises
        ------
        FormulaError
            If the text is not a formula, or would be misread; ``unknown_family``, ``link`` or
            ``interpretation`` if that is no text or no such word.
        PriorError
            ``prior`` unless the priors are a mapping of names to ``gb.Prior``.

        Examples
        --------
        >>> import glmm_bayes as gb
        >>> gb.ModelSpec.from_formula("y ~ a*b + (b || g)", family="poisson").to_formula()
        'y ~ a + b + a:b + (1 + b || g)'
        """
        # Late, for the parser is loaded with it.
        from glmm_bayes.spec.formula import read_formula

        given = _NO_PRIORS if priors is None else _checked_priors(priors)
        check_texts(FormulaError, link=link)
        _check_interpretation(interpretation)
        _check_family(family)
        read = read_formula(formula)
        return cls(read.response, read.predictors, family, link, given, interpretation, text=read.text)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> ModelSpec:
        """Read the model of a TOML or YAML spec file.

        Parameters
        ----------
        path : str or path
            ``*.yaml`` and ``*.yml`` are read as YAML, all others as TOML.

        Returns
        -------
        ModelSpec
            Without what the file says of data, sampler, effects and output.

        Raises
        ------
        StorageError
            ``storage`` if the file cannot be read.
        FormulaError
            If it is not TOML or YAML, a key is unknown, or a value cannot be read.
        PriorError
            If a prior cannot be read.

        Examples
        --------
        >>> import glmm_bayes as gb, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.toml")
        ...     _ = path.write_text('[model]\\nformula = "y ~ x + (1 | g)"\\nfamily = "poisson"\\n')
        ...     gb.ModelSpec.from_file(path).family
        'poisson'
        """
        from glmm_bayes.spec.spec_file import read_spec_file

        return read_spec_file(path).model

    def to_file(self, path: str | PathLike[str], overwrite: bool = False) -> None:
        """Write the model, term by term, as a file that ``from_file`` reads back to an equal spec.

        ``*.yaml`` and ``*.yml`` are written as YAML, all others as TOML. A file that was written so is
        replaced; one with a comment, data or effects, or any other, only by ``overwrite=True``.

        Parameters
        ----------
        path : str or path
        overwrite : bool
            Whether any file of that name may be replaced.

        Raises
        ------
        StorageError
            ``exists`` if another file has the name, ``storage`` if it cannot be written or would not
            read back as an equal spec, ``overwrite`` if that is neither True nor False.
        """
        from glmm_bayes.spec.spec_file import write_spec_file

        write_spec_file(self, path, overwrite)


def _check_family(family: object) -> None:
    if not isinstance(family, str):
        message = f"a spec holds the name of a family, found {shown_value(family)}."
        hint = 'Write family="gaussian"; one of your own by its name, after gb.register_family.'
        raise FormulaError(Finding("unknown_family", message, hint=hint))


def _check_interpretation(interpretation: object) -> None:
    if not isinstance(interpretation, str) or interpretation not in INTERPRETATIONS:
        message = f'interpretation must be "subject" or "population", found {shown_value(interpretation)}.'
        hint = "subject: what changes for a given group; population: on average over all groups."
        raise FormulaError(Finding("interpretation", message, hint=hint))


def _checked_priors(priors: object) -> FrozenMapping[str, Prior]:
    """Return priors by parameter; which parameters there are is seen when data come."""
    hint = 'Write priors={"beta": gb.Prior("Normal", mu=0, sigma=1)}.'
    if not isinstance(priors, Mapping):
        message = f"priors must be a mapping of parameters to gb.Prior, found {type(priors).__name__}."
        raise PriorError(Finding("prior", message, hint=hint))
    findings = [
        Finding("prior", _unnamed(parameter), hint=hint)
        for parameter in priors
        if not isinstance(parameter, str)
    ]
    findings += [
        Finding("prior", _no_prior(parameter, prior), hint=_prior_instead(parameter))
        for parameter, prior in priors.items()
        if not isinstance(prior, Prior)
    ]
    if findings:
        raise PriorError(findings)
    return FrozenMapping(priors)


def _prior_instead(parameter: object) -> str:
    """Say what to write for a prior that is none; a number of degrees of freedom belongs to the formula."""
    if isinstance(parameter, str) and parameter.startswith("df_"):
        return 'Write gr(g, dist = "student", df = 4) for a given number, or a gb.Prior.'
    return 'Write gb.Prior("Normal", mu=0, sigma=1).'


def _unnamed(parameter: object) -> str:
    return f"a prior stands under the name of its parameter, found {shown_value(parameter)}."


def _no_prior(parameter: object, prior: object) -> str:
    return f"the prior of {shown_value(parameter)} must be a gb.Prior, found {type(prior).__name__}."


def _checked_predictors(predictors: object) -> FrozenMapping[str, LinearPredictor | float]:
    """Return what each parameter depends on, the mean first."""
    if not isinstance(predictors, Mapping) or not isinstance(predictors.get(MEAN), LinearPredictor):
        message = f"predictors must hold the linear predictor of the mean as '{MEAN}'."
        raise FormulaError(Finding("parameter", message, hint="Write gb.ModelSpec.from_formula."))
    checked: dict[str, LinearPredictor | float] = {MEAN: predictors[MEAN]}
    for name, value in predictors.items():
        if name not in (MEAN, *parameter_names()):
            hint = meant_parameter(name) if isinstance(name, str) else ""
            raise FormulaError(Finding("parameter", f"no parameter {shown_value(name)}.", hint=hint))
        if not isinstance(value, LinearPredictor) and not (is_number(value) and math.isfinite(value)):
            message = f"{name} must have a linear predictor or a finite number, found {shown_value(value)}."
            raise FormulaError(Finding("parameter", message))
        checked[name] = value if isinstance(value, LinearPredictor) else float(value)
    return FrozenMapping(checked)
