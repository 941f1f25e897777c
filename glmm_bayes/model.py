"""The spine: formula and data -> ModelSpec -> Design -> Priors -> pm.Model -> Fit, one line a step."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from inspect import signature
from os import PathLike
from typing import Any

import pandas as pd

from glmm_bayes.core.elsewhere import AnswersNames, refuse_unknown
from glmm_bayes.core.errors import (
    DataError,
    Finding,
    Findings,
    FormulaError,
    GlmmError,
    GlmmWarning,
    shown_value,
)
from glmm_bayes.core.escapes import visible
from glmm_bayes.covariances.resolve import coded_predictors, wanted_tables
from glmm_bayes.describe.explain import Explanation, describe_model, explain_model
from glmm_bayes.design.checks.registry import check_table, examine
from glmm_bayes.design.checks.subject import Outcome, Subject
from glmm_bayes.design.data_files import read_data_file
from glmm_bayes.design.dependence import checked_rank
from glmm_bayes.design.known import read_known
from glmm_bayes.design.table import Table, read_table
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.binary import BinaryFamily
from glmm_bayes.families.counts import CountFamily
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.datatree import assemble, dimensions
from glmm_bayes.fit.diagnostics import diagnose
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.settings import Settings
from glmm_bayes.graph.custom_families import name_of
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.prior_scale import check_prior_scale
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.resolve import check_family, link_of, resolve
from glmm_bayes.sampling.engines import read_settings, sample
from glmm_bayes.sampling.guides import guide_of
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.resources import check_resources, checked_prior_draws
from glmm_bayes.spec.column_names import label_columns
from glmm_bayes.spec.custom_family import CustomFamily
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor
from glmm_bayes.spec.many_responses import Formulas
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.several import Formula


class Model(AnswersNames):
    """A generalized linear mixed model of some data; checked whole before anything is compiled.

    Parameters
    ----------
    formula : str, Formula or ModelSpec
        In the language of lme4 and brms, or a spec read from a file. With ``Formulas``, those of several
        responses, a ``MultivariateModel`` is made.
    data : DataFrame, Table, mapping, structured array, Dataset, or path of a file
        Of pandas, polars, pyarrow, NumPy or xarray; a path of a CSV, Parquet or Feather file, whose
        grouping columns are read as labels where nothing else in the formula reads them. Never modified;
        only the columns that the formula names are used.
    family : str or CustomFamily
        Name of a family: ``gaussian``, ``bernoulli``, ``poisson``, ...; or one of your own.
    link : str, optional
        Default: the family's first link.
    priors : mapping of str to Prior, optional
        By parameter, on the scale that is reported: ``beta`` (every slope; under ``0 + f`` the cell means),
        ``beta[x]``, ``beta[Intercept]`` (at x = 0) or ``Intercept`` (at the average row, without offsets),
        ``sd``, ``sd_<factor>``, ``sd_<factor>[effect]``, ``corr``, ``corr_<factor>``, ``sigma``; of a
        further parameter with its name in front, ``zi_beta``, ``zi_Intercept``. A prior of a standard
        deviation may be one of its square, ``of="variance"``, or of one over it, ``of="precision"``. The
        degrees of freedom of t effects, ``df_<factor>``, are given by ``gr(g, dist = "student", df = 4)``.
    missing : {"error", "drop"}
        What to do with rows that miss a value in a used column; dropped rows are counted.
    known : mapping of str to matrix, map of neighbours or coordinates, optional
        What the formula's covariance structures name: ``gr(g, cov = K)`` needs ``known={"K": K}``, a
        data frame with the levels as index and columns; ``gr(area, structure = "icar", graph = W)`` a
        frame with a pair of neighbours in each row.
    rank : {"error", "drop", "keep"}
        What to do with fixed-effect columns that depend on earlier ones: refuse them, remove them as R
        does and say which, or keep them, told apart by their priors alone.
    interpretation : {"subject", "population"}, optional
        What the coefficients of the mean say. ``subject`` (default): what changes for a given group.
        ``population``: what changes on average over all groups, so that priors speak about population
        odds or rate ratios; the conditional linear predictor is solved for in every row (the
        marginalized multilevel model, Heagerty and Zeger 2000). For the links identity, log, logit,
        probit and cloglog and normal random effects of any structure.

    Raises
    ------
    FormulaError, DataError, PriorError
        Before anything is compiled; ``error.findings`` holds all that is wrong at that stage.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 + Days | Subject)", gb.load_dataset("sleepstudy"))
    >>> model.design.coefficients
    ('Intercept', 'Days')
    """

    def __new__(cls, formula: Any = None, *given: Any, **named: Any) -> Any:
        """Make a ``MultivariateModel`` where there are formulas of several responses."""
        if not isinstance(formula, Formulas):
            refuse_unknown("Model", list(signature(cls.__init__).parameters)[1:], named)
            return super().__new__(cls)
        from glmm_bayes.multivariate import MultivariateModel

        return MultivariateModel(formula, *given, **named)

    def __init__(
        self,
        formula: str | Formula | ModelSpec,
        data: Any,
        family: str | CustomFamily | None = None,
        link: str | None = None,
        priors: Mapping[str, Prior] | None = None,
        missing: str = "error",
        known: Mapping[str, Any] | None = None,
        rank: str = "error",
        interpretation: str | None = None,
    ) -> None:
        self.spec = _read_spec(formula, name_of(family), link, priors, interpretation)
        self.family = FAMILIES[self.spec.family]
        self.link = link_of(self.spec)
        check_family(self.spec, self.family)
        findings = Findings(DataError)
        if isinstance(data, str | PathLike):
            data = read_data_file(data, label_columns((self.spec,)))
        names = self.spec.names()
        if isinstance(data, Table):
            table = data.only(names)
        else:
            table = read_table(data, names, findings, self.spec.text, checked_missing(missing))
        coded = coded_predictors(self.spec.linear_predictors, table, findings)
        self.known = read_known(known, wanted_tables(self.spec), findings)
        findings.raise_errors()
        resolved = resolve(self.spec, coded, table, self.known, findings, checked_rank(rank))
        self.design, self.response = resolved.designs[MEAN], resolved.response
        self.priors = resolved.priors
        defaults = partial(self._default_priors, coded, table, rank)
        check_prior_scale(self.family, self.response, self.priors, defaults, findings)
        self._found_before = tuple(findings.found)
        examine(self._subjects, findings)
        self.findings = tuple(findings.found)
        findings.warn()

    def _default_priors(self, coded: Mapping[str, LinearPredictor], table: Table, rank: str) -> Priors:
        spec = replace(self.spec, priors={})
        return resolve(spec, coded, table, self.known, Findings(DataError), rank).priors

    @cached_property
    def pymc_model(self) -> Any:
        """The model as a ``pm.Model`` with named dims: free to inspect, to extend, to plot as a graph."""
        from glmm_bayes.graph.build import build_graph

        return build_graph(self.family, self.response, self.priors)

    def fit(
        self,
        draws: int = 1000,
        tune: int = 1000,
        chains: int = 4,
        seed: int | None = None,
        cores: int | None = None,
        engine: str = "nutpie",
        target_accept: float = 0.9,
        progress: bool | None = None,
        **elsewhere: Any,
    ) -> Fit:
        """Sample the posterior by NUTS.

        Chains start near the scale of the data, however wide the priors are, each by its own seed.

        Parameters
        ----------
        draws, tune, chains : int
            Draws kept and warm-up draws of each chain; number of chains.
        seed : int, optional
            The same seed gives the same draws whatever ``cores`` is, and more chains leave the first
            ones as they were. None draws a seed and stores it.
        cores : int, optional
            Chains that run at once; default: as many as there are cores.
        engine : {"nutpie", "pymc"}
        target_accept : float
            Mean acceptance rate that the step size is tuned to.
        progress : bool, optional
            Default: shown at a terminal and in a notebook; the time of compiling is told, too.
        **elsewhere
            None: what other packages call these arguments is answered with their names here.

        Returns
        -------
        Fit

        Raises
        ------
        ResourceError
            ``resources`` if a fit of this size needs more memory than there is.
        SamplingError
            ``settings``, ``unknown_argument`` or ``unknown_engine`` before anything is compiled;
            ``start_not_finite`` or ``start_far`` if there is no start where the model explains the data
            nearly as well as one without effects; then nothing is sampled. ``interrupted`` or
            ``chain_crashed`` if a run that ended early has fewer than 100 draws a chain; with more it is a
            fit that says so in every table, caption and report.
        """
        settings = read_settings(
            Settings(draws, tune, chains, cores, seed, engine, target_accept, progress), elsewhere
        )
        check_resources(self.priors, len(self.response.values), settings)
        with Interrupts() as interrupts:
            fit = self._sampled(settings, interrupts)
            diagnosis = diagnose(fit)
        interrupts.warn_if_whole(not fit.settings["interrupted"])
        if not diagnosis.passed:
            warnings.warn(f"[diagnosis] {diagnosis}", GlmmWarning, stacklevel=2)
        return fit

    def _sampled(self, settings: Settings, interrupts: Interrupts) -> Fit:
        guide = guide_of(self.family, self.response, self.spec, self.priors)
        sampled = sample(self.pymc_model, list(dimensions(self.priors)), settings, guide, interrupts)
        interrupts.hold()
        tree = assemble(sampled.posterior, sampled.statistics, self.response, self.priors, self.family)
        recorded: dict[str, Any] = {
            **sampled.settings,
            "notes": [finding.message for finding in self.findings],
        }
        return Fit(self.spec, self.design, self.response, self.priors, tree, recorded, self.known)

    def prior_predictive(self, draws: int = 500, seed: int | None = None) -> Any:
        """Draw parameters and responses from the prior.

        Returns
        -------
        xarray.DataTree
            Groups ``prior`` and ``prior_predictive``.

        Raises
        ------
        SamplingError
            ``settings`` of draws and seed.
        ResourceError
            ``resources`` if there is no room for so many draws.
        """
        draws, seed = checked_prior_draws(draws, seed, self.priors, len(self.response.values))
        import pymc as pm

        with self.pymc_model:
            return pm.sample_prior_predictive(draws=draws, random_seed=seed)

    def explain(self) -> Explanation:
        """Write the model as mathematics with the data's own names, as text and as LaTeX."""
        return explain_model(self)

    def check(self) -> pd.DataFrame:
        """List warnings and notes on the data, then what holds; nothing is compiled.

        Returns
        -------
        pandas.DataFrame
            Columns ``severity`` (``warning``, ``note``, ``passed``), ``code``, ``column``, ``message``.
            Errors have been raised when the model was made.
        """
        columns = ["severity", "code", "column", "message"]
        rows = check_table(self._subjects, self._found_before)
        table = pd.DataFrame(rows, columns=columns, dtype=object)
        return captioned(
            table, "What was found in the data; nothing was compiled.", left_aligned=tuple(columns)
        )

    @cached_property
    def _subjects(self) -> tuple[Subject, ...]:
        """What the checks read, for each design: family and priors of the model in plain words."""
        has_ceiling = isinstance(self.family, BinaryFamily)
        has_floor = has_ceiling or (isinstance(self.family, CountFamily) and self.link.name == "log")
        outcome = Outcome(
            self.response.label,
            self.response.source,
            self.response.values,
            self.response.trials,
            has_floor,
            has_ceiling,
            self.family.name == "gaussian" and self.link.name == "identity",
            self.response.additions.se is not None,
            (has_ceiling or bool(self.response.categories)) and bool((self.response.trials <= 1).all()),
        )
        priors = {row.parameter: row.prior for row in self.priors.rows}
        # Categories share a design, and so do thresholds: the first of them is looked at for all.
        designs: dict[int, list[Predictor]] = {}
        for part in self.priors.predictors.values():
            designs.setdefault(id(part.design), []).append(part)
        own = self.family.auxiliaries
        modelled = tuple(name for name in own if name in self.priors.predictors)
        fixed = tuple(name for name in own if name in self.priors.constants)
        auxiliaries = (*self.priors.auxiliary, *modelled)
        return tuple(
            Subject(
                parts[0].design,
                outcome,
                auxiliaries,
                priors,
                parts[0].prefix,
                tuple(part.prefix for part in parts),
                fixed,
                parts[0].name not in self.family.kinds,
            )
            for parts in designs.values()
        )

    def __str__(self) -> str:
        notes = [f"{finding.severity}: {finding.message}" for finding in self.findings]
        return visible("\n".join([describe_model(self), *notes]))

    __repr__ = __str__


def _read_spec(
    formula: str | Formula | ModelSpec,
    family: str | None,
    link: str | None,
    priors: Mapping[str, Prior] | None,
    interpretation: str | None,
) -> ModelSpec:
    if not isinstance(formula, ModelSpec):
        named = "gaussian" if family is None else family
        words = "subject" if interpretation is None else interpretation
        return ModelSpec.from_formula(formula, named, link, priors, words)
    if any(value is not None for value in (family, link, priors, interpretation)):
        message = "a ModelSpec already holds family, link, priors and interpretation."
        raise FormulaError(Finding("spec_twice", message, hint="Give them in one place only."))
    return formula


def checked_missing(missing: str) -> str:
    """Return the word for what to do with missing values, or refuse it."""
    if not isinstance(missing, str) or missing not in ("error", "drop"):
        message = f'missing must be "error" or "drop", found {shown_value(missing)}.'
        raise GlmmError(Finding("settings", message))
    return missing
