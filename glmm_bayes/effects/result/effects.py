"""Effects: draws of named quantities with the grid they belong to; summarised only at the very end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from glmm_bayes.core.elsewhere import in_our_words
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.estimand import Estimand
from glmm_bayes.effects.result.difference import check_difference
from glmm_bayes.effects.result.group_law import GroupLaw
from glmm_bayes.effects.result.indexed_result import IndexedResult
from glmm_bayes.effects.result.measures import Measure
from glmm_bayes.effects.result.plain_attrs import plain_attrs
from glmm_bayes.effects.result.summary import MeanSummary, Summary
from glmm_bayes.fit.captioned import captioned, printed, with_caption
from glmm_bayes.fit.text_tables import WIDTH, number_text, table_text, told

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SHOWN_ROWS = 20
#: Why ends of an exact distribution are of one kind.
NO_NARROWEST = (
    "the interval's ends are quantiles of the exact distribution over draws and new groups, and equal-tailed"
)
#: What attributes say of a verb's table, and of no combination of its rows.
_OF_THE_TABLE = ("statement", "remarks", "caption")


@dataclass(frozen=True, eq=False, repr=False)
class Effects(IndexedResult):
    """Draws of effects, one for each row of a grid.

    Attributes
    ----------
    draws : xarray.DataArray, dims (chain, draw, row)
        On the scale that ``attrs`` names; every average, contrast and ratio is taken within each draw. Its
        own ``attrs`` are those of the result as texts and numbers, so that it can be written to a file.
    grid : pandas.DataFrame
        What each row is: covariates, the contrast, the quantity.
    attrs : mapping
        ``quantity``, ``estimand`` (the word), ``estimand_name``, ``estimand_description``, ``scale``,
        ``measure``, ``average``, ``integration``, ``integration_error``, ``interval`` (its words),
        ``interval_probability``, ``interval_kind``, ``interval_from`` (how interval ends were
        computed), ``notes`` (what was found in new rows); for new groups ``seed`` and ``posterior`` (a
        fingerprint of the fit's draws); for a run that ended early or has draws that are not finite
        ``caveats``.
    interval : Interval
        Level and kind of intervals where no others are asked for: those of the verb's call.
    law : GroupLaw or None
        For rows of new groups: their distribution over draws and groups, from which mean and interval
        are computed without Monte Carlo error of the drawn groups.
    measure : Measure or None
        What a comparison compares by; it knows how its draws are summarised.
    estimand : Estimand or None
        What the numbers are an answer to, as one value; a verb takes it as ``estimand=`` again.
    summarised : Summary
        How draws of a row become numbers: mean, sd and interval, or what the verb says.
    beside : pandas.DataFrame or None
        Further columns, one number a row that is no posterior quantity.
    compared : tuple of (str, str)
        Of comparisons: the values that each row compares, the reference second.
    formerly : {"", "data frame"}
        What the verb returned before: the columns of a data frame can still be asked for.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0], [252.0, 9.0]]], "sd_Subject": [[[30.0], [28.0]]]}
    >>> result = gb.predictions(gb.Fit.from_draws(model, draws), {"Days": [0, 9]})
    >>> result.draws.dims, result.flat.tolist()
    (('chain', 'draw', 'row'), [[250.0, 340.0], [252.0, 333.0]])
    >>> result.summary(0.5)[["Days", "mean", "eti50_lb", "eti50_ub"]].to_numpy().tolist()
    [[0.0, 251.0, 250.5, 251.5], [9.0, 336.5, 334.75, 338.25]]
    >>> result.attrs["estimand"]
    'population'
    """

    draws: xr.DataArray
    grid: pd.DataFrame
    attrs: Mapping[str, Any] = field(default_factory=dict)
    interval: Interval = field(default_factory=read_interval)
    law: GroupLaw | None = None
    measure: Measure | None = None
    estimand: Estimand | None = None
    summarised: Summary = field(default_factory=MeanSummary)
    beside: pd.DataFrame | None = None
    compared: tuple[tuple[str, str], ...] = ()
    formerly: str = ""

    def __post_init__(self) -> None:
        self._refuse_narrowest(self.interval)
        object.__setattr__(self, "grid", printed(self.grid))
        object.__setattr__(self, "attrs", {**self.attrs, **self.interval.attrs})
        if self.was_frame:
            object.__setattr__(self, "attrs", {**self.attrs, "caption": self.caption})

    @property
    def flat(self) -> Array:
        """The draws of all chains, shape (draw, row)."""
        return self.draws.to_numpy().reshape(-1, self.draws.sizes["row"])

    @in_our_words
    def summary(self, probability: float | None = None, *, interval: str | None = None) -> pd.DataFrame:
        """Summarise each row over the draws.

        Parameters
        ----------
        probability : float, optional
            Of the interval; default: that of the verb's call.
        interval : {"eti", "hdi"}, optional
            Equal-tailed, or the narrowest one; default: that of the verb's call.

        Returns
        -------
        pandas.DataFrame
            The grid's columns, then ``mean``, ``sd``, and the interval's ends named as ArviZ does.
            ``attrs`` says the estimand, the scale, the interval and how the integral was computed.

        Raises
        ------
        PredictionError
            ``values`` unless the probability lies between 0 and 1, ``interval`` for an unknown kind;
            ``not_available`` for ``hdi`` where the ends are those of an exact distribution.
        """
        chosen = self._chosen(probability, interval)
        rows = self.summarised if self.measure is None else self.measure
        table = rows.summarise(self.flat, chosen)
        if self.law is not None:
            lower, upper = chosen.columns
            table["mean"] = self.law.means()
            table[lower] = self.law.quantile(chosen.tail)
            table[upper] = self.law.quantile(1 - chosen.tail)
        beside = [] if self.beside is None else [self.beside.reset_index(drop=True)]
        frame = pd.concat([self.grid.reset_index(drop=True), table, *beside], axis=1)
        attrs = {**self.attrs, **chosen.attrs, "caption": self._caption(chosen)}
        frame.attrs = {str(name): value for name, value in attrs.items()}
        return frame

    @in_our_words
    def side_by_side(self, probability: float | None = None, *, interval: str | None = None) -> pd.DataFrame:
        """Return the table in print: quantities of one row stand beside each other, with the caption.

        Parameters
        ----------
        probability, interval
            As in ``summary``.

        Returns
        -------
        pandas.DataFrame
            The summary, laid out as the verb prints it; ``attrs["caption"]`` says what it is.

        Raises
        ------
        PredictionError
            As ``summary``.
        """
        chosen = self._chosen(probability, interval)
        frame = self.summary(chosen.probability, interval=chosen.kind)
        table = self.summarised.side_by_side(frame, chosen)
        attrs = {str(name): value for name, value in frame.attrs.items()}
        return captioned(table, str(attrs.pop("caption")), **attrs)

    def __sub__(self, other: object) -> Effects:
        if not isinstance(other, Effects):
            return NotImplemented
        return _difference(self, other)

    @property
    def caption(self) -> str:
        """One sentence that names quantity, estimand, average, interval and caveats of the draws."""
        return self._caption(self.interval)

    def _caption(self, interval: Interval) -> str:
        names = ("quantity", "estimand_description", "average")
        said = self.attrs.get("statement") or "; ".join(
            str(self.attrs[name]) for name in names if self.attrs.get(name)
        )
        over = " over draws and new groups" if self.law is not None else ""
        how = f"{self.shown_words(interval)}{over}"
        return visible("; ".join([said, how, *self.attrs.get("remarks", ()), *self.caveats]))

    def shown_words(self, interval: Interval | None = None) -> str:
        """Say what the columns of the summary are.

        Parameters
        ----------
        interval : Interval, optional
            Default: that of the verb's call.

        Returns
        -------
        str
        """
        rows = self.summarised if self.measure is None else self.measure
        meaning = f"{rows.meaning}; " if rows.meaning else ""
        return f"{meaning}{rows.summary_words} {(interval or self.interval).name}"

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know of the draws; nothing for a whole run."""
        return tuple(self.attrs.get("caveats", ()))

    @in_our_words
    def plot(self, probability: float | None = None, *, interval: str | None = None) -> Figure:
        """Draw the effects with their intervals; the figure's ``alt`` describes it in words.

        Parameters
        ----------
        probability, interval
            As in ``summary``.

        Returns
        -------
        matplotlib.figure.Figure
            Returned, not shown.

        Raises
        ------
        PredictionError
            As ``summary``.
        """
        return picture_of(replace(self, interval=self._chosen(probability, interval)))

    @in_our_words
    def to_string(self, probability: float | None = None, *, interval: str | None = None) -> str:
        """Write caption and table as a text of at most 100 columns, the first 20 rows.

        Parameters
        ----------
        probability, interval
            As in ``summary``.

        Returns
        -------
        str

        Raises
        ------
        PredictionError
            As ``summary``.
        """
        table = self.side_by_side(probability, interval=interval)
        keys = None if self.was_frame else self.grid.shape[1]
        text = table_text(table.head(_SHOWN_ROWS), keys=keys)
        more = f"\n... {len(table) - _SHOWN_ROWS} more rows" if len(table) > _SHOWN_ROWS else ""
        lines = [f"note: {sentence}" for sentence in self.attrs.get("notes", ())]
        if "integration" in self.attrs:
            rule, error = self.attrs["integration"], self.attrs["integration_error"]
            lines.insert(0, f"integration: {rule if error == 0 else f'{rule}, error below {error:.1e}'}")
        caption = fill(str(table.attrs["caption"]), WIDTH, break_on_hyphens=False)
        return visible("\n".join([f"{caption}\n{text}{more}", *map(told, lines)]))

    def __str__(self) -> str:
        return self.to_string()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.side_by_side()
        shown = table.head(_SHOWN_ROWS)
        body = shown.to_html(index=False, float_format=number_text, na_rep="", border=0)
        return with_caption(body, str(table.attrs["caption"]))

    def attrs_of_rows(self, quantity: str, measure: str) -> dict[str, Any]:
        """Return what a combination of rows says of itself.

        Parameters
        ----------
        quantity, measure : str
            What the combination is, in words, and how it compares.

        Returns
        -------
        dict
            The attributes, but for those that are of the table alone.
        """
        kept = {name: value for name, value in self.attrs.items() if name not in _OF_THE_TABLE}
        return kept | {"quantity": quantity, "measure": measure, "null": 0.0, "interval_from": "draws"}

    def of_rows(self, values: Array, grid: pd.DataFrame, attrs: dict[str, Any]) -> Effects:
        """Return combinations of the rows as a result of their own.

        Parameters
        ----------
        values : ndarray, shape (chain, draw, row)
        grid : pandas.DataFrame
            What each of the new rows is.
        attrs : dict
            What the result says of itself.

        Returns
        -------
        Effects
        """
        coords = {name: self.draws[name] for name in ("chain", "draw")} | {"row": np.arange(len(grid))}
        said = plain_attrs(attrs)
        draws = xr.DataArray(values, dims=("chain", "draw", "row"), coords=coords, attrs=said)
        return Effects(draws, grid, attrs, self.interval, estimand=self.estimand)

    def _chosen(self, probability: float | None, interval: str | None) -> Interval:
        """Return the interval that is asked for."""
        chosen = self.interval.replaced(probability, interval)
        self._refuse_narrowest(chosen)
        return chosen

    def _refuse_narrowest(self, interval: Interval) -> None:
        if not has_ends(self, interval):
            message = f"no highest-density interval here: {NO_NARROWEST}."
            hint = (
                'Ask for "eti" where "hdi" comes from: interval=, --interval, the spec file or '
                'rcParams["stats.ci_kind"] of ArviZ; az.hdi(result.draws) is that of one drawn group a draw.'
            )
            raise PredictionError(Finding("not_available", message, hint=hint))


def has_ends(result: Effects, interval: Interval) -> bool:
    """Tell whether ends of this kind can be given: those of an exact distribution are equal-tailed."""
    return result.law is None or interval.kind == "eti"


def picture_of(
    result: Effects | Mapping[str, Effects], omitted: Mapping[str, str] = MappingProxyType({})
) -> Figure:
    """Hand a result, or one of each estimand, to the room of pictures, which stands above this one."""
    from glmm_bayes.plots.effects import plot_effects

    figure: Figure = plot_effects(result, omitted)
    return figure


def _difference(one: Effects, other: Effects) -> Effects:
    """Return the rows of one result less those of another, draw by draw.

    Of two fits the draws are independent, so that any pairing of them is as good.

    Raises
    ------
    PredictionError
        ``difference``, as ``check_difference``.
    """
    check_difference(one, other)
    attrs = one.attrs_of_rows(f"difference between two results of: {one.attrs['quantity']}", "difference")
    for name in ("estimand_name", "estimand_description"):
        texts = dict.fromkeys(str(each.attrs[name]) for each in (one, other) if name in each.attrs)
        attrs |= {name: " less ".join(texts)} if texts else {}
    if caveats := list(dict.fromkeys([*one.caveats, *other.caveats])):
        attrs["caveats"] = caveats
    return one.of_rows(one.draws.to_numpy() - other.draws.to_numpy(), one.grid, attrs)
