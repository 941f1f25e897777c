"""Fit: draws and what they are draws of. A value; the verbs are functions on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from glmm_bayes.core.errors import DataError, Finding, PredictionError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.fit.caveats import Caveat, FiniteDraws, caveats_of, not_finite
from glmm_bayes.fit.draws import ELSEWHERE, Draws
from glmm_bayes.fit.own_draws import own_draws
from glmm_bayes.priors.defined import Defined
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.names import PredictorNames, prefix_of
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import covariance_of
from glmm_bayes.spec.linear_predictor import MEAN

if TYPE_CHECKING:
    import xarray as xr


def _no_draws(name: str, purpose: str) -> DataError:
    message = f"{purpose} needs the draws of '{name}', which this fit does not hold."
    hint = f"Give '{name}' to gb.Fit.from_draws, or ask for an estimand without it."
    return DataError(Finding("draws_missing", message, hint=hint))


class _Draws(dict[str, Array]):
    """Draws by variable; one that was left out when they were made elsewhere is named where it is read."""

    def __missing__(self, name: str) -> Array:
        raise _no_draws(name, "this")


@dataclass(frozen=True, eq=False)
class Fit(Defined):
    """Posterior draws of a model, with the data and settings that gave them.

    A fit of several responses holds that of each: ``fit["y1"]`` is a fit of one response with its own names
    (``beta``, not ``y1_beta``), on which every verb works; ``gb.summary`` and ``gb.diagnose`` read the whole.

    Stored: ``definition``, ``draws``, ``settings``, ``known_caveats``. Derived from them: all else.

    Attributes
    ----------
    definition : ModelDefinition
        Designs, responses, priors: what the draws are draws of.
    draws : xarray.DataTree
        ArviZ's conventions: groups ``posterior`` (dims chain, draw, and those of the parameter),
        ``sample_stats`` (of a sampler's draws), ``log_likelihood`` (chain, draw, row; computed when it is
        read, and absent where draws that it needs are), ``observed_data``, ``constant_data``. Of several
        responses the log likelihood has one variable for each, by its name; under residual correlations the
        one variable ``y``, of all responses of a row together.
    settings : mapping
        Sampler, seed, sizes, versions: everything that reproduces the draws; ``interval``, the level and
        kind that were ArviZ's defaults when they were made (verbs take today's).
    known_caveats : tuple of Caveat
        Of the draws of several responses together, of which these are one.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> print(fit)
    gaussian(identity)   Reaction ~ Days + (1 | Subject)   mean of Reaction
    180 rows, 1 chains x 1 draws, draws made elsewhere
    gb.summary(fit), gb.diagnose(fit), gb.comparisons(fit, ...), gb.report(fit, path)
    >>> fit.draws["posterior"]["beta"].dims
    ('chain', 'draw', 'coef')
    """

    definition: ModelDefinition
    draws: xr.DataTree
    settings: Mapping[str, Any]
    known_caveats: tuple[Caveat, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        # What is stored, without what is derived from it: a pickle holds the draws once.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def fits(self) -> Mapping[str, Fit]:
        """The fit of each response, by its name."""
        if self.is_single:
            return {self.responses[0]: self}
        result = {}
        for name in self.responses:
            definition = self.definition.alone(name)
            posterior = own_draws(self.definition, name, self.drawn.posterior)
            settings = {**self.settings, "notes": list(definition.first.notes)}
            drawn = Draws(posterior, self.drawn.statistics, settings)
            # A draw that one response or a correlation has spoiled is spoiled for all of them.
            result[name] = Fit.of_draws(definition, drawn, self.flaws)
        return result

    def __getitem__(self, response: str) -> Fit:
        if response not in self.responses:
            hint = f"{suggestion(response, self.responses)} Responses: {', '.join(self.responses)}.".strip()
            raise DataError(Finding("unknown_response", f"no response '{response}'.", hint=hint))
        return self.fits[response]

    def __iter__(self) -> Iterator[str]:
        return iter(self.responses)

    @property
    def predictors(self) -> Mapping[str, Predictor]:
        """The linear predictors, by parameter."""
        return self.priors.predictors

    @property
    def drawn(self) -> Draws:
        """The arrays of ``draws``, shape (chain, draw, ...); to read them makes no tree."""
        if "draws" not in vars(self):
            drawn: Draws = vars(self)["_drawn"]
            return drawn
        groups: Any = (self.draws[name] if name in self.draws.children else {} for name in _SAMPLED)
        posterior, statistics = (
            {str(name): values.to_numpy() for name, values in group.items()} for group in groups
        )
        return Draws(posterior, statistics, self.settings)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of chains and of draws in each."""
        chains, draws = next(iter(self.drawn.posterior.values())).shape[:2]
        return chains, draws

    @cached_property
    def flaws(self) -> tuple[Caveat, ...]:
        """The caveats of the draws as values: an interrupt, chains that crashed, variables not finite."""
        return self.known_caveats or caveats_of(
            self.settings, self.drawn.posterior, self.definition.posterior
        )

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know: an interrupt, a chain that crashed, a draw not finite."""
        return tuple(flaw.sentence for flaw in self.flaws)

    @cached_property
    def flat(self) -> Mapping[str, Array]:
        """Posterior arrays with chains and draws in one first axis, by variable.

        Raises
        ------
        DataError
            ``draws_not_finite``, with chain and draw, on reading a variable that has one.
        """
        return FiniteDraws(self.arrays, not_finite(self.drawn.posterior, self.definition.posterior))

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """Posterior arrays as in ``flat``, draws that are not finite among them."""
        size = int(np.prod(self.shape))
        drawn = {
            name: np.asarray(values, np.float64).reshape(size, *values.shape[2:])
            for name, values in self.drawn.posterior.items()
        }
        return _Draws(drawn | {name: np.full(size, value) for name, value in self._fixed_values().items()})

    def _fixed_values(self) -> dict[str, float]:
        """Return what the formula gives of structures of random effects, by the name of its draws."""
        return {
            predictor.names.of_factor(name, group.slug): value
            for predictor in self.predictors.values()
            for group, prior in zip(predictor.design.groups, predictor.groups, strict=True)
            for name, value in prior.fixed_values.items()
        }

    def needed(self, name: str, purpose: str) -> Array:
        """Return the draws of one variable, or say what cannot be done without them.

        Parameters
        ----------
        name : str
            As it stands in the posterior.
        purpose : str
            What needs them, for the message.

        Returns
        -------
        ndarray, shape (draw, ...)
            Chains one after the other in the first axis.

        Raises
        ------
        DataError
            ``draws_missing`` if the draws were made elsewhere and left the variable out;
            ``draws_not_finite`` if one of them is not finite.
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

        Returns
        -------
        ndarray, shape (draw, effect, effect)
            On the scale of the linear predictor, in the coding of the formula.

        Raises
        ------
        DataError
            ``draws_missing`` if standard deviations or correlations are not in the fit.
        """
        names = PredictorNames(prefix_of(parameter))
        sd = self.needed(names.of_factor("sd", slug), "the variance of random effects")
        is_correlated = self.group_prior(slug, parameter).is_correlated
        name = names.of_factor("corr", slug)
        corr = self.needed(name, "the variance of correlated random effects") if is_correlated else None
        return covariance_of(sd, corr)

    def group_prior(self, slug: str, parameter: str = MEAN) -> GroupPrior:
        """Return the priors and covariance structures of a grouping factor.

        Parameters
        ----------
        slug : str
            The grouping factor, as it stands in the posterior.
        parameter : str
            Whose linear predictor the effects belong to.

        Returns
        -------
        GroupPrior
        """
        predictor = self.predictors.get(parameter, self.priors.first)
        pairs = zip(predictor.design.groups, predictor.groups, strict=True)
        return next(prior for group, prior in pairs if group.slug == slug)

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> None:
        """Write the fit to one file: numbers as zarr, words as JSON, no pickle.

        Parameters
        ----------
        path : str or path
            Any suffix; ``.glmm`` is customary. The file is complete or not there at all.
        overwrite : bool
            Whether a file of that name may be replaced.

        Raises
        ------
        StorageError
            ``exists`` if the path is taken (write ``overwrite=True``), ``storage`` if it cannot be written or
            the fit holds what a file cannot, ``overwrite`` if that is neither True nor False.
        """
        from glmm_bayes.storage.save_load import save_fit

        save_fit(self, path, overwrite=overwrite)

    @classmethod
    def of_draws(
        cls, definition: ModelDefinition, drawn: Draws, known_caveats: tuple[Caveat, ...] = ()
    ) -> Fit:
        """Return the fit of arrays that are known to be right; their tree is made when it is first read.

        Parameters
        ----------
        definition : ModelDefinition
        drawn : Draws
        known_caveats : tuple of Caveat

        Returns
        -------
        Fit
        """
        posterior = {name: drawn.posterior[name] for name in definition.posterior if name in drawn.posterior}
        fit = cls.__new__(cls)
        vars(fit).update(
            definition=definition,
            settings=drawn.settings,
            known_caveats=known_caveats,
            _drawn=replace(drawn, posterior=posterior),
        )
        return fit

    @classmethod
    def from_draws(cls, model: Any, draws: Mapping[str, Any] | xr.DataTree) -> Fit:
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

        Returns
        -------
        Fit
            Verbs that need what was left out say so.

        Raises
        ------
        DataError
            ``draws_model`` if the first argument is no model; ``draws_shape`` if a variable is unknown or has
            another shape than the model, or there are no draws; ``draws_labels`` if correlations between
            linear predictors do not say their order;
            ``draws_values`` if draws are no finite real numbers, or lie where their variable cannot: a
            negative standard deviation, a matrix that holds no correlations (to 1e-6).
        PredictionError
            ``values`` if ArviZ's ``rcParams["stats.ci_prob"]`` is 0 or 1: no interval has that level.

        Examples
        --------
        >>> import glmm_bayes as gb
        >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
        >>> gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]}).shape
        (1, 1)
        """
        from glmm_bayes.fit.datatree import checked_arrays

        definition = getattr(model, "definition", None)
        if not isinstance(definition, ModelDefinition):
            message = f"draws belong to a model: a gb.Model is needed, found {type(model).__name__}."
            hint = "Write gb.Fit.from_draws(model, draws)."
            raise DataError(Finding("draws_model", message, hint=hint))
        arrays = checked_arrays(draws, definition)
        notes = list(definition.notes)
        settings = {"engine": ELSEWHERE, "interval": asdict(read_interval()), "notes": notes}
        return cls.of_draws(definition, Draws(arrays, {}, settings))

    def __str__(self) -> str:
        chains, draws = self.shape
        lines = [
            f"{one.spec.family}({one.link.name})   {one.spec.to_formula()}   {one.response.mean_label}"
            for one in self.definition.responses.values()
        ]
        rows = len(self.definition.first.response.values)
        lines.append(f"{rows} rows, {chains} chains x {draws} draws, {self._sampler_words()}")
        if self.is_single and self.spec.interpretation == "population":
            lines.append("coefficients are population-averaged: what changes on average over all groups")
        lines += self.caveats
        if self.is_single:
            lines.append("gb.summary(fit), gb.diagnose(fit), gb.comparisons(fit, ...), gb.report(fit, path)")
        else:
            first = self.responses[0]
            lines.append(f'gb.summary(fit), gb.diagnose(fit); fit["{first}"] is the fit of one response')
        return visible("\n".join(lines))

    def _sampler_words(self) -> str:
        settings = self.settings
        if "seed" not in settings:
            return str(settings["engine"])
        divergent = int(self.drawn.statistics["diverging"].sum())
        how = _HOW.get(settings.get("method", "graph"), "")
        return f"NUTS by {settings['engine']}{how}, seed {settings['seed']}, {divergent} divergences"

    __repr__ = __str__


def _tree(fit: Fit) -> xr.DataTree:
    """Put the draws into a tree, which is kept."""
    from glmm_bayes.fit.datatree import assemble

    return assemble(fit.definition, fit.drawn.posterior, fit.drawn.statistics)


# Of a fit that was not given its tree; no default of the field, which is why it is set here.
_MADE_WHEN_READ = cached_property(_tree)
_MADE_WHEN_READ.__set_name__(Fit, "draws")
Fit.draws = _MADE_WHEN_READ  # type: ignore[assignment]

#: Groups of the tree that hold what a sampler gave.
_SAMPLED = ("posterior", "sample_stats")
#: What was sampled, beside the engine that did.
_HOW = {"marginal": ", effects integrated out", "joint": ", a kernel in C"}


def check_fit(fit: object, any_number: bool = False) -> None:
    """Refuse what is no fit, and say how to come by one.

    Parameters
    ----------
    fit : object
        What was given as a fit.
    any_number : bool
        Whether a fit of several responses is taken, too.

    Raises
    ------
    PredictionError
        ``fit``.
    """
    if isinstance(fit, Fit) and (any_number or fit.is_single):
        return
    message = f"fit must be a Fit, found {type(fit).__name__}."
    hint = "Fits are made by model.fit(), gb.load(path) and gb.Fit.from_draws(model, draws)."
    if isinstance(fit, Fit):
        message = f"fit must be of one response, found that of {len(fit.responses)}."
        hint = f'Give the fit of one response: fit["{fit.responses[0]}"].'
    raise PredictionError(Finding("fit", message, hint=hint))
