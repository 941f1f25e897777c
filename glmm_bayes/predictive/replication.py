"""Draws in, responses of the same rows with groups drawn anew out: mixed replication."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.bridge import bridge_effect
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.expectation.new_groups import Stream, bridge_sd, degrees_of_freedom, streams_of
from glmm_bayes.families.likelihood import draw_responses
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import fixed_part, group_part, single_values

Integers = NDArray[np.int64]
#: Standard normals of each origin, shape (draw, level, normal).
Normals = dict[tuple[str, ...], Array]


class NewGroupReplication:
    """Replicates responses with the design as it is and every group's random effects drawn anew.

    Parameters
    ----------
    fit : Fit

    Raises
    ------
    PredictionError
        ``not_available`` if levels of a factor are correlated with each other.
    DataError
        ``draws_missing`` if the variance of the random effects is not in the fit.
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._streams: dict[tuple[str, int], tuple[Stream, ...]] = {}
        self._df: dict[tuple[str, int], dict[tuple[int, ...], Array]] = {}
        self._bridge: dict[tuple[str, int], Array | None] = {}
        for name, predictor in fit.predictors.items():
            for index, group in enumerate(predictor.design.groups):
                _check_independent(fit, name, group)
                self._streams[name, index] = streams_of(fit, name, index, group)
                self._df[name, index] = degrees_of_freedom(fit, name, group)
                self._bridge[name, index] = bridge_sd(fit, name, group)
        for name in fit.priors.auxiliary:
            fit.needed(name, "replicated responses")

    def draw(self, rng: np.random.Generator, chosen: Integers) -> Array:
        """Draw responses at the chosen posterior draws, shape (draw, row, ...)."""
        fit = self._fit
        normals: Normals = {}
        values: dict[str, RowValue] = {}
        for name, predictor in fit.predictors.items():
            eta = fixed_part(fit.flat, predictor, predictor.design, chosen)
            for index, group in enumerate(predictor.design.groups):
                b = self._effects(rng, (name, index), len(group.levels), chosen, normals)
                eta += group_part(b, group)
            values[name] = RowValue(predictor.link, eta)
        single = [fit.priors.first.names.beta, *fit.priors.auxiliary]
        single += ["thresholds"] if fit.priors.thresholds is not None else []
        values |= single_values({name: fit.flat[name][chosen] for name in single}, fit.priors, slice(None))
        return draw_responses(fit.family, rng, fit.response, values)

    def _effects(
        self,
        rng: np.random.Generator,
        place: tuple[str, int],
        levels: int,
        chosen: Integers,
        normals: Normals,
    ) -> Array:
        """Draw the effects of all levels, shape (draw, level, effect)."""
        b: Array | float = 0.0
        for stream in self._streams[place]:
            if stream.key not in normals:
                normals[stream.key] = rng.standard_normal((len(chosen), levels, stream.root.shape[2]))
            # What predictors share, they share by the same normals.
            b = b + np.einsum("skl,sjl->sjk", stream.root[chosen], normals[stream.key], optimize=True)
        result = np.asarray(b)
        for positions, df in self._df[place].items():
            degrees = df[chosen, None]
            scale = np.sqrt((degrees - 2.0) / rng.chisquare(np.broadcast_to(degrees, (len(chosen), levels))))
            result[:, :, list(positions)] *= scale[:, :, None]
        if (sd := self._bridge[place]) is not None:
            effect_sd = sd[chosen, None, None]
            result = bridge_effect(result / effect_sd, effect_sd)
        return result


def _check_independent(fit: Fit, name: str, group: GroupDesign) -> None:
    blocks = fit.group_prior(group.slug, name).blocks
    structure = next((b.levels.name for b in blocks if not b.levels.is_independent), "")
    if structure:
        message = f"levels of '{group.factor}' are correlated with each other ({structure}), not drawn anew."
        raise PredictionError(Finding("not_available", message, column=group.term.columns[0]))
