"""Effects: draws of named quantities with the grid they belong to; summarised only at the very end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from glmm_bayes.core.arguments import checked_probability
from glmm_bayes.core.elsewhere import AnswersNames, in_our_words
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.text_tables import WIDTH, number_text, table_text, told
from glmm_bayes.core.words import INTERVAL_PROBABILITY, interval_columns, interval_words
from glmm_bayes.effects.estimand.estimand import Estimand
from glmm_bayes.effects.result.group_law import GroupLaw
from glmm_bayes.effects.result.measures import Measure
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.fit.captioned import printed, with_caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN_ROWS = 20


@dataclass(frozen=True, eq=False)
class Effects(AnswersNames):
    """Draws of effects, one for each row of a grid.

    Attributes
    ----------
    draws : xarray.DataArray, dims (chain, draw, row)
    grid : pandas.DataFrame
        What each row is: covariates, the contrast.
    attrs : mapping
        ``quantity``, ``estimand`` (the word), ``estimand_description``, ``scale``, ``measure``,
        ``average``, ``integration``, ``integration_error``, ``interval_from`` (how interval ends were
        computed), ``notes`` (what was found in new rows); for new groups ``seed``; for a run that ended
        early or has draws that are not finite ``caveats``.
    law : GroupLaw or None
        For rows of new groups: their distribution over draws and groups, from which mean and interval
        are computed without Monte Carlo error of the drawn groups.
    measure : Measure or None
        What a comparison compares by; it knows how its draws are summarised.
    estimand : Estimand or None
        What the numbers are an answer to, as one value; a verb takes it as ``estimand=`` again.
    """

    draws: xr.DataArray
    grid: pd.DataFrame
    attrs: Mapping[str, Any] = field(default_factory=dict)
    law: GroupLaw | None = None
    measure: Measure | None = None
    estimand: Estimand | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "grid", printed(self.grid))

    @in_our_words
    def summary(self, probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
        """Summarise each row over the draws.

        Parameters
        ----------
        probability : float
            Of the equal-tailed interval.

        Returns
        -------
        pandas.DataFrame
            The grid's columns, then ``mean``, ``sd``, and the interval's ends named as ArviZ does.
            ``attrs`` says the estimand, the scale, the interval and how the integral was computed.

        Raises
        ------
        PredictionError
            ``values`` unless the probability lies between 0 and 1.
        """
        probability = checked_probability(probability)
        flat = self.draws.to_numpy().reshape(-1, self.draws.sizes["row"])
        how = summary_frame if self.measure is None else self.measure.summarise
        table = how(flat, probability)
        if self.law is not None:
            tail = (1 - probability) / 2
            lower, upper = interval_columns(probability)
            table["mean"] = self.law.means()
            table[lower], table[upper] = self.law.quantile(tail), self.law.quantile(1 - tail)
        frame = pd.concat([self.grid.reset_index(drop=True), table], axis=1)
        frame.attrs = {str(key): value for key, value in self.attrs.items()}
        frame.attrs["interval"] = interval_words(probability)
        return frame

    @property
    def caption(self) -> str:
        """One sentence that names quantity, estimand, average, interval and caveats of the draws."""
        return self._caption(INTERVAL_PROBABILITY)

    def _caption(self, probability: float) -> str:
        parts = [str(self.attrs["quantity"]), str(self.attrs["estimand_description"])]
        if self.attrs.get("average"):
            parts.append(str(self.attrs["average"]))
        over = " over draws and new groups" if self.law is not None else ""
        how = f"{self.shown_words(probability)}{over}"
        return visible("; ".join([*parts, how, *self.caveats]))

    def shown_words(self, probability: float = INTERVAL_PROBABILITY) -> str:
        """Say what the columns of the summary are."""
        if self.measure is None:
            return f"mean and {interval_words(probability)}"
        meaning = f"{self.measure.meaning}; " if self.measure.meaning else ""
        return f"{meaning}{self.measure.summary_words} {interval_words(probability)}"

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know of the draws; nothing for a whole run."""
        return tuple(self.attrs.get("caveats", ()))

    @in_our_words
    def plot(self) -> Figure:
        """Draw the effects with their intervals; the figure's ``alt`` describes it in words."""
        from glmm_bayes.plots.effects import plot_effects

        figure: Figure = plot_effects(self)
        return figure

    @in_our_words
    def to_string(self, probability: float = INTERVAL_PROBABILITY) -> str:
        """Write caption and summary as a text of at most 100 columns, the first 20 rows.

        Parameters
        ----------
        probability : float
            Of the equal-tailed interval.

        Returns
        -------
        str

        Raises
        ------
        PredictionError
            ``values`` unless the probability lies between 0 and 1.
        """
        table = self.summary(probability)
        text = table_text(table.head(_SHOWN_ROWS), keys=self.grid.shape[1])
        more = f"\n... {len(table) - _SHOWN_ROWS} more rows" if len(table) > _SHOWN_ROWS else ""
        rule, error = self.attrs["integration"], self.attrs["integration_error"]
        words = rule if error == 0 else f"{rule}, error below {error:.1e}"
        lines = [f"integration: {words}", *(f"note: {sentence}" for sentence in self.attrs.get("notes", ()))]
        caption = fill(self._caption(probability), WIDTH, break_on_hyphens=False)
        return visible("\n".join([f"{caption}\n{text}{more}", *map(told, lines)]))

    def __str__(self) -> str:
        return self.to_string()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.summary().head(_SHOWN_ROWS)
        body = table.to_html(index=False, float_format=number_text, border=0)
        return with_caption(body, self.caption)
