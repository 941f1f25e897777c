"""Draws of a model of several responses in; one tree, and an ordinary Fit of each response, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any, NoReturn, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.arguments import check_flag
from glmm_bayes.core.errors import DataError, Finding, StorageError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.registry import suggestion
from glmm_bayes.families import FAMILIES
from glmm_bayes.fit.caveats import caveats_of
from glmm_bayes.fit.datatree import assemble, checked_arrays, coordinates, dimensions
from glmm_bayes.fit.draws import ELSEWHERE
from glmm_bayes.fit.fit import Fit, Modelled, no_model
from glmm_bayes.fit.joint_density import JointDensity
from glmm_bayes.fit.log_likelihood import ResponseDensity, log_likelihood_variable
from glmm_bayes.fit.supports import joint_supports
from glmm_bayes.priors.joint_priors import NU, RESCOR, JointPriors, further_coordinates, further_dimensions
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors

Array = NDArray[np.float64]


@runtime_checkable
class ModelledTogether(Protocol):
    """What a fit of several responses needs to know of its model."""

    @property
    def members(self) -> Mapping[str, Modelled]: ...
    @property
    def joint(self) -> JointPriors: ...


class OneResponseError(DataError, AttributeError):
    """What is asked for belongs to the fit of one response, not to that of several."""


@dataclass(frozen=True, eq=False)
class MultivariateFit:
    """Posterior draws of a model of several responses.

    ``fit["y1"]`` is the ordinary ``gb.Fit`` of one response, with its own names (``beta``, not
    ``y1_beta``), on which every verb works; ``gb.summary`` and ``gb.diagnose`` read the whole.

    Attributes
    ----------
    fits : mapping of str to Fit
        By response. Under residual correlations their log likelihood is that of the response alone.
    joint : JointPriors
    draws : xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``log_likelihood`` and ``observed_data``. The last two
        have one variable for each response, by its name; under residual correlations the one variable
        ``y``, whose log likelihood is that of all responses of a row together.
    settings : mapping
        Sampler, seed, sizes, versions.
    """

    fits: Mapping[str, Fit]
    joint: JointPriors
    draws: xr.DataTree
    settings: Mapping[str, Any]

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        message = f"this is the fit of {len(self.fits)} responses together, and '{name}' is of one."
        hint = "Take one: " + ", ".join(f'fit["{response}"]' for response in self.fits) + "."
        raise OneResponseError(Finding("responses", message, hint=hint))

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of the responses, as they stand in the posterior."""
        return tuple(self.fits)

    @property
    def priors(self) -> Priors:
        """Those of all linear predictors."""
        return self.joint.whole

    @property
    def predictors(self) -> Mapping[str, Predictor]:
        """The linear predictors, by response and parameter."""
        return self.joint.whole.predictors

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of chains and of draws in each."""
        sizes = self.draws["posterior"].sizes
        return sizes["chain"], sizes["draw"]

    @cached_property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know: an interrupt, a chain that crashed, a draw not finite."""
        return caveats_of(self.settings, self.draws)

    def __getitem__(self, response: str) -> Fit:
        if response not in self.fits:
            hint = f"{suggestion(response, self.fits)} Responses: {', '.join(self.fits)}.".strip()
            raise DataError(Finding("unknown_response", f"no response '{response}'.", hint=hint))
        return self.fits[response]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fits)

    def further_parameters(self) -> dict[str, Array]:
        """List thresholds and residual correlations, each with its (chain, draw) draws."""
        posterior = self.draws["posterior"]
        result: dict[str, Array] = {}
        for slug, part in self.joint.parts.items():
            name = f"{slug}_thresholds"
            if part.priors.thresholds is not None and name in posterior:
                values = posterior[name].to_numpy()
                labels = part.priors.thresholds.labels
                result |= {f"{name}[{label}]": values[:, :, k] for k, label in enumerate(labels)}
        if RESCOR in posterior:
            values, names = posterior[RESCOR].to_numpy(), self.responses
            result |= {
                f"{RESCOR}[{names[i]}, {names[j]}]": values[:, :, i, j]
                for j in range(len(names))
                for i in range(j)
            }
        return result

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> NoReturn:
        """Refuse: files hold models of one response.

        Raises
        ------
        StorageError
            ``not_available``; ``overwrite`` if that is neither True nor False.
        """
        check_flag("overwrite", overwrite, StorageError)
        first = self.responses[0]
        message = f"{path}: a fit of several responses cannot be saved as one file in this release."
        hint = f'Save each response: fit["{first}"].save(...).'
        raise StorageError(Finding("not_available", message, hint=hint))

    @classmethod
    def from_draws(cls, model: ModelledTogether, draws: Mapping[str, Any] | xr.DataTree) -> MultivariateFit:
        """Put draws that were made elsewhere under the same verbs.

        Parameters
        ----------
        model : MultivariateModel
        draws : mapping of str to array_like, shape (chain, draw, ...), or DataTree
            ``y1_beta``, ``y2_beta``, ``y1_sd_<factor>``, ... and where a verb needs them
            ``joint_corr_<label>`` and ``rescor``.

        Raises
        ------
        DataError
            ``draws_shape`` if a variable is unknown or has another shape than the model, or there are no
            draws; ``draws_values`` if they lie where their variable cannot.
        """
        if not isinstance(model, ModelledTogether):
            raise no_model(model, "gb.Model of several responses")
        joint = model.joint
        arrays = checked_arrays(
            draws, joint.whole, joint_dimensions(joint), _coordinates(joint), joint_supports(joint)
        )
        return cls.of(model, arrays, {}, {"engine": ELSEWHERE})

    @classmethod
    def of(
        cls,
        model: ModelledTogether,
        posterior: Mapping[str, Array],
        statistics: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
    ) -> MultivariateFit:
        """Put checked draws, the sampler's statistics and its settings together."""
        joint, fits = model.joint, {}
        for slug, member in model.members.items():
            own = own_draws(slug, member.priors, joint, posterior)
            tree = assemble(own, statistics, member.response, member.priors, FAMILIES[member.spec.family])
            recorded = {**settings, "notes": [finding.message for finding in member.findings]}
            fits[slug] = Fit(
                member.spec, member.design, member.response, member.priors, tree, recorded, member.known
            )
        tree = _tree(joint, posterior, fits)
        # A draw that one response or a correlation has spoiled is spoiled for all of them.
        whole = caveats_of(settings, tree)
        fits = {slug: replace(fit, known_caveats=whole) for slug, fit in fits.items()}
        return cls(fits, joint, tree, settings)

    def __str__(self) -> str:
        chains, draws = self.shape
        lines = [str(fit).split("\n", maxsplit=1)[0] for fit in self.fits.values()]
        lines.append(f"{chains} chains x {draws} draws, {self.settings['engine']}")
        lines += self.caveats
        first = self.responses[0]
        lines.append(f'gb.summary(fit), gb.diagnose(fit); fit["{first}"] is the fit of one response')
        return visible("\n".join(lines))

    __repr__ = __str__


def joint_dimensions(joint: JointPriors) -> dict[str, tuple[str, ...]]:
    """List the variables of the posterior and their dimensions after chain and draw."""
    return dimensions(joint.whole) | further_dimensions(joint)


def _coordinates(joint: JointPriors) -> dict[str, Any]:
    return coordinates(joint.whole) | further_coordinates(joint)


def own_draws(
    slug: str, priors: Priors, joint: JointPriors, posterior: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the draws of one response under the names that they have in a model of its own."""
    result = {
        name: posterior[f"{slug}_{name}"] for name in dimensions(priors) if f"{slug}_{name}" in posterior
    }
    if NU in priors.auxiliary and NU in joint.whole.auxiliary and NU in posterior:
        result[NU] = posterior[NU]
    # The correlations between effects of one response's parameters are part of those of all responses.
    for own in priors.shared:
        keys = [(f"{slug}_{name}", index) for name, index in own.members]
        whole = next(one for one in joint.whole.shared if keys[0] in one.members)
        if f"joint_corr_{whole.label}" in posterior:
            at = [
                whole.start(k) + step
                for k, key in enumerate(whole.members)
                if key in keys
                for step in range(len(whole.positions[k]))
            ]
            matrix = posterior[f"joint_corr_{whole.label}"]
            result[f"joint_corr_{own.label}"] = np.ascontiguousarray(matrix[:, :, at][:, :, :, at])
    return result


def _tree(joint: JointPriors, posterior: Mapping[str, Array], fits: Mapping[str, Fit]) -> xr.DataTree:
    """Put the draws of all responses into one tree."""
    inner, labels = joint_dimensions(joint), _coordinates(joint)
    variables = {
        name: (("chain", "draw", *dims), posterior[name]) for name, dims in inner.items() if name in posterior
    }
    used = {dimension for dims, _ in variables.values() for dimension in dims}
    chains, draws = next(iter(posterior.values())).shape[:2]
    steps: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws)}
    own = {name: values for name, values in labels.items() if name in used}
    groups = {"posterior": xr.Dataset(variables, coords={**steps, **own})}
    first = next(iter(fits.values())).draws
    if "sample_stats" in first.children:
        groups["sample_stats"] = first["sample_stats"].to_dataset()
    pointwise = _log_likelihood(joint, posterior, fits, steps)
    if pointwise is not None:
        groups["log_likelihood"] = pointwise
    groups["observed_data"] = _observed(joint, fits)
    return xr.DataTree.from_dict(groups)


def _observed(joint: JointPriors, fits: Mapping[str, Fit]) -> xr.Dataset:
    found = {slug: fit.draws["observed_data"]["y"] for slug, fit in fits.items()}
    if joint.rescor is None:
        return xr.merge([
            values.rename({d: f"{slug}_{d}" for d in values.dims if d != "row"}).to_dataset(name=slug)
            for slug, values in found.items()
        ])  # fmt: skip
    stacked = np.stack([values.to_numpy() for values in found.values()], axis=1)
    rows = np.arange(len(stacked))
    return xr.Dataset({"y": (("row", "response"), stacked)}, coords={"row": rows, "response": list(fits)})


def _log_likelihood(
    joint: JointPriors, posterior: Mapping[str, Array], fits: Mapping[str, Fit], steps: Mapping[str, Any]
) -> xr.Dataset | None:
    """Return the pointwise log likelihood of each response, or of all of a row where residuals correlate."""
    if joint.rescor is not None:
        found = {"y": log_likelihood_variable(posterior, JointDensity.of(joint))}
    else:
        found = {
            slug: log_likelihood_variable(
                own_draws(slug, fit.priors, joint, posterior),
                ResponseDensity(fit.family, fit.response, fit.priors),
                slug,
            )
            for slug, fit in fits.items()
        }
    variables = {name: variable for name, variable in found.items() if variable is not None}
    rows = np.arange(len(next(iter(fits.values())).response.values))
    return xr.Dataset(variables, coords={**steps, "row": rows}) if variables else None
