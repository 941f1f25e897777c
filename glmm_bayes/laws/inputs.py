"""A family in; the numbers that its density takes at a row, by name and in their order, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Maths
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import Family

#: Where laws cut the latent scale: a family with thresholds has four categories, or as many as it says.
THRESHOLDS = {"threshold_1": -1.0, "threshold_2": 0.5, "threshold_3": 2.0}
#: Effects of single thresholds; the one between has none.
SPECIFIC = {"cs_1": 0.3, "cs_3": -0.4}
#: Predictors of the second and of the third of three categories.
_CATEGORIES = ("mu_second", "mu_third")


@dataclass(frozen=True)
class Inputs:
    """Names of the numbers that a density takes beside the response and its trials.

    Attributes
    ----------
    predictors : tuple of str
        ``mu``, or one for each category but the first.
    parameters : tuple of str
        Further parameters, those with a default among them.
    thresholds, specific : tuple of str
        Cut points of a latent scale, and effects of single ones.
    """

    predictors: tuple[str, ...]
    parameters: tuple[str, ...]
    thresholds: tuple[str, ...]
    specific: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in their order."""
        return (*self.predictors, *self.parameters, *self.thresholds, *self.specific)

    def row_values(self, link: Link, numbers: Sequence[Any], m: Maths) -> dict[str, RowValue]:
        """Return parameters as a family takes them; ``mu`` is given by its linear predictor.

        Parameters
        ----------
        link : Link
            Of ``mu``.
        numbers : sequence of array or graph variable, shape (..., row)
            One for each name, in their order.
        m : Maths
        """
        by_name = dict(zip(self.names, numbers, strict=True))
        at = {name: number(value, m) for name, value in by_name.items() if name not in self.thresholds}
        if "mu" in by_name:
            at["mu"] = RowValue(link, by_name["mu"], m)
        if self.thresholds:
            at["thresholds"] = number(m.stack([by_name[name] for name in self.thresholds]), m)
        return at


def inputs_of(family: Family) -> Inputs:
    """Return the names of what a family's density takes."""
    cut = family.thresholds
    # One event for all thresholds, or one each.
    count = 0 if cut is None else len(cut.events) if len(cut.events) > 1 else len(THRESHOLDS)
    return Inputs(
        _CATEGORIES if family.has_category_predictors else ("mu",),
        (*family.auxiliaries, *family.defaults),
        tuple(THRESHOLDS)[:count],
        tuple(SPECIFIC) if cut is not None and cut.allows_specific else (),
    )
