"""Fit: draws and what they are draws of. A value; the verbs are functions on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.elsewhere import AnswersNames
from glmm_bayes.core.errors import DataError, Finding, PredictionError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.design.design import Design
from glmm_bayes.design.known import KnownTable
from glmm_bayes.families import FAMILIES, Family, Response
from glmm_bayes.fit.caveats import FiniteDraws, caveats_of, not_finite
from glmm_bayes.fit.datatree import arrays_of, assemble
from glmm_bayes.fit.draws import ELSEWHERE
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.predictors import Predictor, prefix_of
from glmm_bayes.priors.priors import Priors
from glmm_bayes.priors.spread import covariance_of
from glmm_bayes.spec.linear_predictor import MEAN
from glmm_bayes.spec.model_spec import ModelSpec

Array = NDArray[np.float64]


@runtime_checkable
class Modelled(Protocol):
    """What a fit needs to know of the model that its draws belong to."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def design(self) -> Design: ...
    @property
    def response(self) -> Response: ...
    @property
    def priors(self) -> Priors: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def known(self) -> Mapping[str, KnownTable]: ...


def no_model(found: Any, needed: str) -> DataError:
    """Return the error of draws that are given something else than their model."""
    message = f"draws belong to a model: a {needed} is needed, found {type(found).__name__}."
    return DataError(Finding("draws_model", message, hint="Write gb.Fit.from_draws(model, draws)."))


def _no_draws(name: str, purpose: str) -> DataError:
    message = f"{purpose} needs the draws of '{name}', which this fit does not hold."
    hint = f"Give '{name}' to gb.Fit.from_draws, or ask for an estimand without it."
    return DataError(Finding("draws_missing", message, hint=hint))


class _Draws(dict[str, Array]):
    """Draws by variable; one that was left out when they were made elsewhere is named where it is read."""

    def __missing__(self, name: str) -> Array:
        raise _no_draws(name, "this")


@dataclass(frozen=True, eq=False)
class Fit(AnswersNames):
    """Posterior draws of a model, with the data and settings that gave them.

    Attributes
    ----------
    spec : ModelSpec
    design : Design
        Of the training rows.
    response : Response
    priors : Priors
    draws : xarray.DataTree
        ArviZ's conventions: groups ``posterior``, ``sample_stats``, ``log_likelihood`` (computed when it
        is read, and only the block that is read), ``observed_data``, ``constant_data``.
    settings : mapping
        Sampler, seed, sizes, versions: everything that reproduces the draws.
    known : mapping of str to KnownTable
        Matrices, maps and coordinates that covariance structures were given.
    known_caveats : tuple of str
        Of the draws of several responses together, of which these are one.
    """

    spec: ModelSpec
    design: Design
    response: Response
    priors: Priors
    draws: xr.DataTree
    settings: Mapping[str, Any]
    known: Mapping[str, KnownTable] = field(default_factory=dict)
    known_caveats: tuple[str, ...] = ()

    @property
    def family(self) -> Family:
        return FAMILIES[self.spec.family]

    @property
    def link(self) -> Link:
        return LINKS[self.spec.link or self.family.links[0]]

    @property
    def predictors(self) -> Mapping[str, Predictor]:
        """The linear predictors, by parameter."""
        return self.priors.predictors

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of chains and of draws in each."""
        sizes = self.draws["posterior"].sizes
        return sizes["chain"], sizes["draw"]

    @cached_property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know: an interrupt, a chain that crashed, a draw not finite."""
        return self.known_caveats or caveats_of(self.settings, self.draws)

    @cached_property
    def flat(self) -> Mapping[str, Array]:
        """Posterior arrays with chains and draws in one first axis, by variable.

        Raises
        ------
        DataError
            ``draws_not_finite``, with chain and draw, on reading a variable that has one.
        """
        return FiniteDraws(self.arrays, not_finite(self.draws))

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """The same, whatever stands in them."""
        posterior = self.draws["posterior"]
        size = int(np.prod(self.shape))
        drawn = {
            str(name): np.asarray(variable.to_numpy(), np.float64).reshape(size, *variable.shape[2:])
            for name, variable in posterior.data_vars.items()
        }
        return _Draws(drawn | {name: np.full(size, value) for name, value in self._fixed_values().items()})

    def _fixed_values(self) -> dict[str, float]:
        """Return what the formula gives of structures of random effects, by the name of its draws."""
        return {
            predictor.variable(f"{name}_{group.slug}"): value
            for predictor in self.predictors.values()
            for group, prior in zip(predictor.design.groups, predictor.groups, strict=True)
            for name, value in prior.fixed_values.items()
        }

    def needed(self, name: str, purpose: str) -> Array:
        """Return the draws of one variable, or say what cannot be done without them.

        Raises
        ------
        DataError
            ``draws_missing`` if the draws were made elsewhere and left the variable out.
        """
        if name not in self.flat:
            raise _no_draws(name, purpose)
        return self.flat[name]

    def covariance(self, slug: str, parameter: str = MEAN) -> Array:
        """Return draws of the covariance matrix of a level's effects, shape (draw, effect, effect).

        For levels that are correlated with each other: of a level whose own variance is 1.

        Parameters
        ----------
        slug : str
            The grouping factor, as it stands in the posterior.
        parameter : str
            Whose linear predictor the effects belong to.
        """
        prefix = prefix_of(parameter)
        sd = self.needed(f"{prefix}sd_{slug}", "the variance of random effects")
        is_correlated = self.group_prior(slug, parameter).is_correlated
        name = f"{prefix}corr_{slug}"
        corr = self.needed(name, "the variance of correlated random effects") if is_correlated else None
        return covariance_of(sd, corr)

    def group_prior(self, slug: str, parameter: str = MEAN) -> GroupPrior:
        """Return the priors and covariance structures of a grouping factor."""
        predictor = self.predictors.get(parameter, self.priors.first)
        pairs = zip(predictor.design.groups, predictor.groups, strict=True)
        return next(prior for group, prior in pairs if group.slug == slug)

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> None:
        """Write the fit to one file: numbers as zarr, words as JSON, no pickle.

        Raises
        ------
        StorageError
            ``exists`` if the path is taken (write ``overwrite=True``), ``storage`` if it cannot be written.
        """
        from glmm_bayes.storage.save_load import save_fit

        save_fit(self, path, overwrite=overwrite)

    @classmethod
    def from_draws(cls, model: Modelled, draws: Mapping[str, Any] | xr.DataTree) -> Fit:
        """Put draws that were made elsewhere under the same verbs.

        Parameters
        ----------
        model : Model
            The model that the draws belong to.
        draws : mapping of str to array_like, shape (chain, draw, ...), or DataTree
            ``beta`` in the order of the model's coefficients, ``sd_<factor>``, and where a verb needs
            them ``corr_<factor>``, ``b_<factor>`` and the family's auxiliaries. DataArrays with labels
            may stand in any order; ``joint_corr_<label>`` of more than two effects needs them. A
            probability that rounding in single precision has put past 0 or 1 is taken as that end.

        Raises
        ------
        DataError
            ``draws_shape`` if a variable is unknown or has another shape than the model, or there are no
            draws; ``draws_labels`` if correlations between linear predictors do not say their order;
            ``draws_values`` if draws are no finite real numbers, or lie where their variable cannot: a
            negative standard deviation, a matrix that holds no correlations (to 1e-6).
        """
        if not isinstance(model, Modelled):
            raise no_model(model, "gb.Model of one response")
        family = FAMILIES[model.spec.family]
        arrays = arrays_of(draws, model.priors, family)
        tree = assemble(arrays, {}, model.response, model.priors, family)
        notes = [finding.message for finding in model.findings]
        settings = {"engine": ELSEWHERE, "notes": notes}
        return cls(model.spec, model.design, model.response, model.priors, tree, settings, model.known)

    def __str__(self) -> str:
        chains, draws = self.shape
        link = f"{self.spec.family}({self.link.name})"
        lines = [f"{link}   {self.spec.to_formula()}   {self.response.mean_label}"]
        lines.append(f"{len(self.design)} rows, {chains} chains x {draws} draws, {self._sampler_words()}")
        if self.spec.interpretation == "population":
            lines.append("coefficients are population-averaged: what changes on average over all groups")
        lines += self.caveats
        lines.append("gb.summary(fit), gb.diagnose(fit), gb.comparisons(fit, ...), gb.report(fit, path)")
        return visible("\n".join(lines))

    def _sampler_words(self) -> str:
        settings = self.settings
        if "seed" not in settings:
            return str(settings["engine"])
        divergent = int(self.draws["sample_stats"]["diverging"].sum())
        return f"NUTS by {settings['engine']}, seed {settings['seed']}, {divergent} divergences"

    __repr__ = __str__


def check_fit(fit: object, *others: type) -> None:
    """Refuse what is no fit, and say how to come by one.

    Parameters
    ----------
    fit : object
        What was given as a fit.
    *others : type
        What is taken beside a ``Fit``.

    Raises
    ------
    PredictionError
        ``fit``.
    """
    if isinstance(fit, (Fit, *others)):
        return
    hint = "Fits are made by model.fit(), gb.load(path) and gb.Fit.from_draws(model, draws)."
    if isinstance(getattr(fit, "fits", None), Mapping):
        hint = f'Give the fit of one response: fit["{next(iter(fit.fits))}"].'  # type: ignore[attr-defined]
    message = f"fit must be a Fit, found {type(fit).__name__}."
    raise PredictionError(Finding("fit", message, hint=hint))
