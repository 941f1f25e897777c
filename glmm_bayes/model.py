"""The spine: formula and data -> ModelSpec -> Design -> Priors -> pm.Model -> Fit, one line a step."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property, partial
from inspect import signature
from os import PathLike
from typing import TYPE_CHECKING, Any

from glmm_bayes.core.elsewhere import refuse_unknown
from glmm_bayes.core.errors import DataError, Finding, Findings, GlmmError, GlmmWarning, shown_value
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.covariances.resolve import coded_predictors, wanted_tables
from glmm_bayes.describe.explain import Explanation, describe, explain
from glmm_bayes.design.checks.registry import check_table, examine
from glmm_bayes.design.containers.data_files import read_data_file
from glmm_bayes.design.containers.known_entries import read_known
from glmm_bayes.design.dependence import checked_rank
from glmm_bayes.design.table import Table, read_table
from glmm_bayes.families import FAMILIES
from glmm_bayes.fit.diagnostics import diagnose
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.settings import USUAL, Settings
from glmm_bayes.graph.custom_families import name_of
from glmm_bayes.graph.prior_draws import prior_draws
from glmm_bayes.graph.signature import signature_of
from glmm_bayes.priors.defined import Defined
from glmm_bayes.priors.definition import ModelDefinition, check_labels, define_model
from glmm_bayes.priors.prior_scale import check_prior_scale
from glmm_bayes.priors.resolve import ResponseDefinition, check_family, define_response
from glmm_bayes.priors.subjects import subjects_of
from glmm_bayes.sampling.engines import read_settings, sample
from glmm_bayes.sampling.guides import guide_of
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.paths import SamplingPath, choose_path
from glmm_bayes.sampling.resources import check_resources, checked_prior_draws
from glmm_bayes.spec.column_names import column_names, label_columns
from glmm_bayes.spec.custom_family import CustomFamily
from glmm_bayes.spec.many_responses import Formulas
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.responses import ResponseSpecs, read_specs
from glmm_bayes.spec.several import Formula

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


class Model(Defined):
    """A generalized linear mixed model of some data; checked whole before anything is compiled.

    Parameters
    ----------
    formula : str, Formula, Formulas or ModelSpec
        In the language of lme4 and brms, or a spec read from a file; ``Formulas`` are those of several
        responses, which hold families and links, and whose effects labels may correlate.
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
    **elsewhere
        None: what other packages call these arguments is answered with their names here.

    Raises
    ------
    FormulaError, DataError, PriorError
        Before anything is compiled; ``error.findings`` holds all that is wrong at that stage.
    PredictionError
        ``unknown_argument`` for an argument that there is not.
    StorageError
        ``storage`` if a data file cannot be read.
    GlmmError
        ``settings`` for another word in ``missing``.

    References
    ----------
    Heagerty and Zeger (2000), Marginalized multilevel models and likelihood inference.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 + Days | Subject)", gb.load_dataset("sleepstudy"))
    >>> model.design.coefficients
    ('Intercept', 'Days')
    """

    def __init__(
        self,
        formula: str | Formula | Formulas | ModelSpec,
        data: Any,
        family: str | CustomFamily | None = None,
        link: str | None = None,
        priors: Mapping[str, Prior] | None = None,
        missing: str = "error",
        known: Mapping[str, Any] | None = None,
        rank: str = "error",
        interpretation: str | None = None,
        **elsewhere: Any,
    ) -> None:
        refuse_unknown("Model", list(signature(type(self).__init__).parameters)[1:-1], elsewhere)
        read = read_specs(formula, name_of(family), link, priors, interpretation)
        for spec in read.specs.values():
            check_family(spec, FAMILIES[spec.family])
        check_labels(read.specs)
        findings = Findings(DataError)
        table = _read_rows(read, data, missing, findings)
        definition, response_findings = _defined(read, table, known, rank, findings)
        told = findings.collected if definition.is_single else []
        self._before = {
            name: (*told, *_examine(one, response_findings[name]))
            for name, one in definition.responses.items()
        }
        self._findings_by_response = {
            name: (*told, *of_response.collected) for name, of_response in response_findings.items()
        }
        notes = {
            name: tuple(one.message for one in collected)
            for name, collected in self._findings_by_response.items()
        }
        self.definition = definition.noting(notes)
        every = dict.fromkeys(findings.collected)
        for collected in self._findings_by_response.values():
            every |= dict.fromkeys(collected)
        findings.collected[:] = every
        self.findings = tuple(every)
        findings.warn()

    def __getstate__(self) -> dict[str, Any]:
        # Graphs hold what one process compiled: a pickle or a copy builds its own.
        return {name: value for name, value in vars(self).items() if name != "pymc_model"}

    @cached_property
    def pymc_model(self) -> Any:
        """The model as a ``pm.Model`` with named dims: free to inspect, to extend, to plot as a graph.

        A pickle or a copy of the model builds it anew, without what was added to it.
        """
        from glmm_bayes.graph.build import build_graph

        graph = build_graph(self.definition)
        self._built = signature_of(graph)
        return graph

    @property
    def _has_changed_graph(self) -> bool:
        """Whether the user has added to the graph, which only a sampler of the graph knows."""
        return "pymc_model" in vars(self) and signature_of(self.pymc_model) != self._built

    def fit(
        self,
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        seed: int | None = None,
        cores: int | None = None,
        engine: str = "nutpie",
        method: str = "auto",
        target_accept: float | None = None,
        progress: bool | None = None,
        **elsewhere: Any,
    ) -> Fit:
        """Sample the posterior by NUTS.

        Chains start near the scale of the data, however wide the priors are, each by its own seed.

        Parameters
        ----------
        draws : int
            Draws kept of each chain.
        tune : int, optional
            Warm-up draws of each chain; default: 300 where a kernel is sampled, 1,000 where the graph is.
        chains : int
        seed : int, optional
            The same seed gives the same draws whatever ``cores`` is, and more chains leave the first
            ones as they were. None draws a seed and stores it.
        cores : int, optional
            Chains that run at once; default: as many as there are cores.
        engine : {"nutpie", "pymc"}
            Who runs the sampler; the starts are the same.
        method : {"auto", "graph", "joint", "marginal"}
            What is sampled. ``graph``: the PyMC graph, all effects with it. ``marginal``: what is left of a
            model of normal responses and normal effects once effects and coefficients are integrated out
            exactly; these are then drawn from their exact distribution, and the posterior is the same.
            ``joint``: all parameters, by a kernel in C that has the graph's density. ``auto``: ``marginal``
            where it is possible, else ``joint``, else ``graph``. ``fit.settings["method"]`` and ``["why"]``
            hold the choice.
        target_accept : float, optional
            Mean acceptance rate that the step size is tuned to; default: 0.8 where a kernel is sampled, 0.9
            where the graph is.
        progress : bool, optional
            Default: shown at a terminal and in a notebook; the time of compiling is told, too.
        **elsewhere
            None: what other packages call these arguments is answered with their names here.

        Returns
        -------
        Fit
            Draws of shape (chain, draw, ...), with statistics of the sampler; what ``gb.diagnose`` objects
            to is told in a ``GlmmWarning``.

        Raises
        ------
        ResourceError
            ``resources`` if a fit of this size needs more memory than there is.
        PredictionError
            ``values`` if ArviZ's ``rcParams["stats.ci_prob"]`` is 0 or 1: no interval has that level.
        SamplingError
            ``settings``, ``unknown_argument``, ``unknown_engine`` or ``method`` before anything is compiled;
            ``start_not_finite`` or ``start_far`` if there is no start where the model explains the data
            nearly as well as one without effects; then nothing is sampled. ``interrupted`` or
            ``chain_crashed`` if a run that ended early has fewer than 100 draws a chain; with more it is a
            fit that says so in every table, caption and report.
        """
        usual = USUAL["graph"]
        warm_up = usual[0] if tune is None else tune
        rate = usual[1] if target_accept is None else target_accept
        settings = read_settings(
            Settings(draws, warm_up, chains, cores, seed, engine, method, rate, progress), elsewhere
        )
        path = choose_path(self.definition, settings, self._has_changed_graph)
        usual = USUAL[path.method]
        settings = replace(
            settings,
            tune=usual[0] if tune is None else settings.tune,
            target_accept=usual[1] if target_accept is None else settings.target_accept,
        )
        check_resources(self.definition, settings)
        interval = read_interval()
        with Interrupts() as interrupts:
            fit = self._sampled(settings, path, interval, interrupts)
            diagnosis = diagnose(fit)
        interrupts.warn_if_whole(not fit.settings["interrupted"])
        if not diagnosis.passed:
            warnings.warn(f"[diagnosis] {diagnosis}", GlmmWarning, stacklevel=2)
        return fit

    def _sampled(
        self, settings: Settings, path: SamplingPath, interval: Interval, interrupts: Interrupts
    ) -> Fit:
        definition = self.definition
        guide = guide_of(definition)
        drawn = sample(definition, lambda: self.pymc_model, path, settings, guide, interrupts)
        interrupts.hold()
        recorded = {**drawn.settings, "interval": asdict(interval), "notes": list(definition.notes)}
        return Fit.of_draws(definition, replace(drawn, settings=recorded))

    def prior_predictive(self, draws: int = 500, seed: int | None = None) -> DataTree:
        """Draw parameters and responses from the prior.

        Parameters
        ----------
        draws : int
        seed : int, optional
            The same seed gives the same draws; None draws one anew.

        Returns
        -------
        xarray.DataTree
            Groups ``prior`` and ``prior_predictive``, of one chain (dims chain, draw and those of each
            parameter, ``row`` for responses), with ``observed_data`` and ``constant_data`` beside them.

        Raises
        ------
        SamplingError
            ``settings`` unless draws and seed are whole numbers, draws from 1 and the seed from 0.
            ``outside_domain`` if a draw of the prior gives a row a probability below 0 or above 1: under a
            link with an end only the likelihood keeps draws inside.
        ResourceError
            ``resources`` if there is no room for so many draws.
        """
        draws, seed = checked_prior_draws(draws, seed, self.definition)
        return prior_draws(self.pymc_model, draws, seed)

    def explain(self) -> Explanation:
        """Write the model as mathematics with the data's own names, as text and as LaTeX.

        Returns
        -------
        Explanation
            ``text``, which print shows, and ``latex``, which a notebook shows.

        Examples
        --------
        >>> import glmm_bayes as gb
        >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
        >>> model.explain().text.splitlines()[0]
        'Reaction[i] ~ Normal(mu[i], sigma^2)'
        """
        return explain(self.definition)

    def check(self) -> pd.DataFrame:
        """List warnings and notes on the data, then what holds; nothing is compiled.

        Returns
        -------
        pandas.DataFrame
            Columns ``severity`` (``warning``, ``note``, ``passed``), ``code``, ``column``, ``message``; of
            several responses their name in front. Errors have been raised when the model was made.

        Examples
        --------
        >>> import glmm_bayes as gb
        >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
        >>> set(model.check()["severity"])
        {'passed'}
        """
        import pandas as pd

        from glmm_bayes.fit.captioned import captioned

        columns = ["severity", "code", "column", "message"]
        tables = {
            name: pd.DataFrame(
                check_table(subjects_of(one), self._before[name]), columns=columns, dtype=object
            )
            for name, one in self.definition.responses.items()
        }
        table = next(iter(tables.values()))
        if not self.is_single:
            table = pd.concat(tables, names=["response", None]).reset_index("response").reset_index(drop=True)
        return captioned(
            table, "What was found in the data; nothing was compiled.", left_aligned=tuple(table.columns)
        )

    def __str__(self) -> str:
        notes = {
            name: tuple(f"{finding.severity}: {finding.message}" for finding in findings)
            for name, findings in self._findings_by_response.items()
        }
        return visible(describe(self.definition, notes))

    __repr__ = __str__


def _read_rows(read: ResponseSpecs, data: Any, missing: str, findings: Findings) -> Table:
    """Read the columns of all formulas, so that all responses have the same rows."""
    specs = read.specs.values()
    names = column_names(specs)
    if isinstance(data, str | PathLike):
        data = read_data_file(data, label_columns(specs))
    if isinstance(data, Table):
        return data.only(names)
    return read_table(data, names, findings, read.text, _checked_missing(missing))


def _defined(
    read: ResponseSpecs, table: Table, known: Mapping[str, Any] | None, rank: str, findings: Findings
) -> tuple[ModelDefinition, dict[str, Findings]]:
    """Build every design once, resolve every prior; collect what was found in the data of each response."""
    coded = {
        name: coded_predictors(spec.linear_predictors, table, findings) for name, spec in read.specs.items()
    }
    wanted = {name: wanted_tables(spec) for name, spec in read.specs.items()}
    tables = read_known(
        known,
        {key: structure for structures in wanted.values() for key, structure in structures.items()},
        findings,
    )
    findings.raise_errors()
    responses, response_findings = {}, {}
    for name, spec in read.specs.items():
        response_findings[name] = Findings(DataError)
        response_tables = {key: tables[key] for key in wanted[name]}
        rows = table.only(spec.names())
        responses[name] = define_response(
            spec, coded[name], rows, response_tables, response_findings[name], checked_rank(rank)
        )
    _note_predictors(read.specs, findings)
    return define_model(responses, read.given, read.has_rescor), response_findings


def _examine(one: ResponseDefinition, findings: Findings) -> tuple[Finding, ...]:
    """Run the quick checks on the data of a response; return what had been found before them."""
    defaults = partial(ResponseDefinition.under, one, {})
    check_prior_scale(one.family, one.response, one.priors, lambda: defaults().priors, findings)
    before = tuple(findings.collected)
    examine(subjects_of(one), findings)
    return before


def _note_predictors(specs: Mapping[str, ModelSpec], findings: Findings) -> None:
    """Note each response that another response depends on: the other is modelled given it."""
    for spec in specs.values():
        for other in specs.values():
            predictor_names = [name for name in spec.response.names() if name in other.mean.names()]
            if other is not spec and predictor_names:
                column = predictor_names[0]
                message = f"'{column}' is a response, and '{other.response}' is modelled given its value."
                findings.note("response_as_predictor", message, column=column)


def _checked_missing(missing: str) -> str:
    """Return the word for what to do with missing values, or refuse it."""
    if not isinstance(missing, str) or missing not in ("error", "drop"):
        message = f'missing must be "error" or "drop", found {shown_value(missing)}.'
        raise GlmmError(Finding("settings", message))
    return missing
