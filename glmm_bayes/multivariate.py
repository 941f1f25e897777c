"""Several responses of the same rows in one model: formulas and data -> members -> joint priors -> Fit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from typing import Any

import pandas as pd

from glmm_bayes.core.elsewhere import AnswersNames
from glmm_bayes.core.errors import DataError, Finding, Findings, FormulaError, GlmmWarning, PriorError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.words import slugs
from glmm_bayes.covariances.resolve import coded_predictors, wanted_tables
from glmm_bayes.describe.explain import Explanation, explain_responses, prior_lines
from glmm_bayes.design.data_files import read_data_file
from glmm_bayes.design.dependence import checked_rank
from glmm_bayes.design.known import read_known
from glmm_bayes.design.table import Table, read_table
from glmm_bayes.families import FAMILIES
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.diagnostics import diagnose
from glmm_bayes.fit.settings import Settings
from glmm_bayes.fit.several_responses import MultivariateFit, joint_dimensions
from glmm_bayes.model import Model, checked_missing
from glmm_bayes.priors.joint_priors import check_labels, joint_priors, split_priors
from glmm_bayes.priors.resolve import check_family, resolve
from glmm_bayes.sampling.engines import read_settings, sample
from glmm_bayes.sampling.guides import joint_guide
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.resources import check_resources, checked_prior_draws
from glmm_bayes.spec.column_names import column_names, label_columns
from glmm_bayes.spec.many_responses import Formulas
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior


class MultivariateModel(AnswersNames):
    """A model of several responses of the same rows; ``gb.Model(gb.Formulas(...), data)`` makes one.

    Random effects under one label, ``(1 |i| g)``, are correlated between responses; without a label
    those of different responses are independent. With ``rescor=True`` the residuals of a row are too.

    Parameters
    ----------
    formulas : Formulas
        With the family and the link of each response.
    data : as in Model
    family, link : None
        They stand in ``formulas``.
    priors : mapping of str to Prior, optional
        With the response's name in front, ``y1_beta[x]``, or of every response that has the parameter,
        ``beta[x]``; ``beta`` is every slope, ``y1_Intercept`` and ``y1_beta[Intercept]`` the intercept at
        the average row and at x = 0; ``corr_<factor>`` also of correlations under a label; ``rescor`` of
        residuals.
    missing : {"error", "drop"}
        ``drop`` leaves out rows that miss a value in a column of any response's formula.
    known, rank : as in Model

    Attributes
    ----------
    members : mapping of str to Model
        The model of each response, by its name in the posterior.

    Raises
    ------
    FormulaError, DataError, PriorError

    Examples
    --------
    >>> import pandas as pd, glmm_bayes as gb
    >>> data = pd.DataFrame({"a": [1.0, 2.5, 2.0, 4.0], "b": [0, 1, 0, 1], "x": [1.0, 3.0, 2.0, 5.0]})
    >>> formulas = gb.Formulas("a ~ x", "b ~ 1", family=("gaussian", "bernoulli"))
    >>> list(gb.MultivariateModel(formulas, data).members)
    ['a', 'b']
    """

    def __init__(
        self,
        formulas: Formulas,
        data: Any,
        family: None = None,
        link: None = None,
        priors: Mapping[str, Prior] | None = None,
        missing: str = "error",
        known: Mapping[str, Any] | None = None,
        rank: str = "error",
        interpretation: None = None,
    ) -> None:
        if interpretation is not None:
            message = "interpretation: population-averaged coefficients are offered for one response."
            hint = "Model the responses one by one, or ask for population means by gb.predictions."
            raise FormulaError(Finding("interpretation", message, hint=hint))
        if family is not None or link is not None:
            message = "gb.Formulas already holds families and links: leave family and link out."
            raise FormulaError(Finding("spec_twice", message, hint="Give them in one place only."))
        given = _mapping(priors)
        self.formulas = formulas
        specs = _specs(formulas)
        check_labels(specs)
        findings = Findings(DataError)
        table = _read(specs, data, findings, checked_missing(missing))
        tables = {slug: _known_of(slug, specs, known) for slug in specs}
        own: dict[str, dict[str, Prior]] = {slug: {} for slug in specs}
        if given:
            resolved = {
                slug: (_default_priors(spec, table, tables[slug], rank), FAMILIES[spec.family])
                for slug, spec in specs.items()
            }
            own = split_priors(given, resolved, formulas.rescor)
        self.members = {
            slug: Model(part, table, spec.family, spec.link, own[slug], "error", tables[slug], rank)
            for (slug, spec), part in zip(specs.items(), formulas.members, strict=True)
        }
        self.joint = joint_priors(self.members, given, formulas.rescor)
        _note_predictors(specs, findings)
        members = (finding for member in self.members.values() for finding in member.findings)
        self.findings = tuple(dict.fromkeys((*findings.found, *members)))
        findings.warn()

    @cached_property
    def pymc_model(self) -> Any:
        """The model as a ``pm.Model`` with named dims."""
        from glmm_bayes.graph.many_responses import build_joint_graph

        return build_joint_graph(self.joint)

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
    ) -> MultivariateFit:
        """Sample the posterior by NUTS; parameters are those of ``Model.fit``.

        Raises
        ------
        ResourceError, SamplingError
        """
        settings = read_settings(
            Settings(draws, tune, chains, cores, seed, engine, target_accept, progress), elsewhere
        )
        check_resources(self.joint.whole, self._numbers, settings)
        with Interrupts() as interrupts:
            guide = joint_guide(self.members, self.joint)
            names = list(joint_dimensions(self.joint))
            sampled = sample(self.pymc_model, names, settings, guide, interrupts)
            interrupts.hold()
            fit = MultivariateFit.of(self, sampled.posterior, sampled.statistics, sampled.settings)
            diagnosis = diagnose(fit)
        interrupts.warn_if_whole(not fit.settings["interrupted"])
        if not diagnosis.passed:
            warnings.warn(f"[diagnosis] {diagnosis}", GlmmWarning, stacklevel=2)
        return fit

    def prior_predictive(self, draws: int = 500, seed: int | None = None) -> Any:
        """Draw parameters and responses from the prior, as ``Model.prior_predictive`` does."""
        draws, seed = checked_prior_draws(draws, seed, self.joint.whole, self._numbers)
        import pymc as pm

        with self.pymc_model:
            return pm.sample_prior_predictive(draws=draws, random_seed=seed)

    def explain(self) -> Explanation:
        """Write the model as mathematics: that of each response, then what joins them."""
        return explain_responses(self.members, self._joining_lines())

    def check(self) -> pd.DataFrame:
        """List warnings and notes on the data of all responses, with the response in front."""
        found = {slug: pd.DataFrame(member.check()) for slug, member in self.members.items()}
        table = pd.concat(found, names=["response", None]).reset_index("response").reset_index(drop=True)
        return captioned(
            table, "What was found in the data; nothing was compiled.", left_aligned=tuple(table.columns)
        )

    @property
    def _numbers(self) -> int:
        """Number of observed responses, all rows."""
        return sum(len(member.response.values) for member in self.members.values())

    def _joining_lines(self) -> list[str]:
        names = {f"joint_corr_{shared.label}" for shared in self.joint.whole.shared} | {"rescor"}
        rows = [row for row in self.joint.whole.rows if row.parameter in names]
        return prior_lines(rows) if rows else ["no correlation between the responses"]

    def __str__(self) -> str:
        parts = [f"{slug}: {member}" for slug, member in self.members.items()]
        return visible("\n\n".join([*parts, "\n".join(["between responses:", *self._joining_lines()])]))

    __repr__ = __str__


def _mapping(priors: Any) -> Mapping[str, Prior]:
    if priors is not None and not isinstance(priors, Mapping):
        message = f"priors must be a mapping of parameters to gb.Prior, found {type(priors).__name__}."
        hint = 'Write priors={"y1_beta": gb.Prior("Normal", mu=0, sigma=1)}.'
        raise PriorError(Finding("prior", message, hint=hint))
    return dict(priors or {})


def _specs(formulas: Formulas) -> dict[str, ModelSpec]:
    """Read each formula; the name of a response in the posterior is made from how it is written."""
    specs = [
        ModelSpec.from_formula(part, family, link)
        for part, family, link in zip(formulas.members, formulas.families, formulas.links, strict=True)
    ]
    for spec in specs:
        check_family(spec, FAMILIES[spec.family])
    names = slugs(str(spec.response.expression) for spec in specs)
    return {names[str(spec.response.expression)]: spec for spec in specs}


def _read(specs: Mapping[str, ModelSpec], data: Any, findings: Findings, missing: str) -> Table:
    """Read the columns of all formulas, so that all responses have the same rows."""
    names = column_names(specs.values())
    if isinstance(data, str | PathLike):
        data = read_data_file(data, label_columns(specs.values()))
    return read_table(data, names, findings, "", missing)


def _known_of(
    slug: str, specs: Mapping[str, ModelSpec], known: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return the entries that a response's formula names; the first response has those that none names."""
    if not isinstance(known, Mapping):
        return known
    wanted = {name: set(wanted_tables(spec)) for name, spec in specs.items()}
    spare = set(known) - set().union(*wanted.values()) if slug == next(iter(specs)) else set()
    return {name: value for name, value in known.items() if name in wanted[slug] | spare}


def _default_priors(spec: ModelSpec, table: Table, known: Mapping[str, Any] | None, rank: str) -> Any:
    """Resolve the model without the user's priors, for the names of its parameters."""
    findings = Findings(DataError)
    coded = coded_predictors(spec.linear_predictors, table, findings)
    tables = read_known(known, wanted_tables(spec), findings)
    findings.raise_errors()
    return resolve(spec, coded, table.only(spec.names()), tables, findings, checked_rank(rank)).priors


def _note_predictors(specs: Mapping[str, ModelSpec], findings: Findings) -> None:
    """Note each response that another response depends on: the other is modelled given it."""
    for spec in specs.values():
        for other in specs.values():
            own = [name for name in spec.response.names() if name in other.mean.names()]
            if other is not spec and own:
                message = f"'{own[0]}' is a response, and '{other.response}' is modelled given its value."
                findings.note("response_as_predictor", message, column=own[0])
