"""A column that linear predictors read, as they read it: levels, a number or a date; and values of it.

Whatever the design treats as levels is levels here, also whole numbers and dates under ``C()`` or ``mo()``.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Finding, PredictionError, shown_value, value_text
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.column import date_text, python_level
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import by_terms
from glmm_bayes.design.table import Column, Level, Table, as_labels
from glmm_bayes.spec.expressions import Expr, calls_in
from glmm_bayes.spec.functions import GROUP_MEANS

#: What dates count: a slope or a step is that of one day.
NANOSECONDS_A_DAY = 86_400_000_000_000


@dataclass(frozen=True)
class Point:
    """One value that a variable is set to in every row; or a shift of each row's own value.

    Attributes
    ----------
    label : str
    value : Level or float
        A level; a number; of a date its nanoseconds since 1970. A shift of a date is in nanoseconds, too.
    is_shift : bool
    """

    label: str
    value: Level | float
    is_shift: bool = False


@dataclass(frozen=True)
class Covariate:
    """A column of the training rows, and the levels that the design knows of it.

    Attributes
    ----------
    column : Column
    levels : tuple of Level
        In the design's order, the reference first; empty for a number or a date.
    """

    column: Column
    levels: tuple[Level, ...]

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.column.name

    @property
    def is_date(self) -> bool:
        """Whether it is a date that the model counts days of."""
        return self.column.data_type == "date" and not self.levels

    @property
    def is_indicator(self) -> bool:
        """Whether it is a number that is 0 or 1 in the training rows."""
        return self.column.data_type == "number" and bool(np.isin(self.column.values, (0, 1)).all())

    def point(self, value: Any) -> Point:
        """Return a value that the variable can have.

        Raises
        ------
        PredictionError
            ``new_level``, ``values``.
        """
        if self.levels:
            return self._level(value)
        if self.is_date:
            return self._date(value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = np.nan
        if not abs(number) <= LARGEST:
            what = "is too large to be squared" if abs(number) > LARGEST else "is not"
            message = f"'{self.name}' is a number; {shown_value(value)} {what}."
            raise PredictionError(Finding("values", message, column=self.name))
        # The whole number, not six digits of it: 20240101 and 20240102 must not read alike.
        return Point(repr(number).removesuffix(".0"), number)

    def _level(self, value: Any) -> Point:
        if not isinstance(value, str | int | float | np.generic | datetime.date):
            value = value_text([value])
        for level in self.levels:
            if _is_level(value, level):
                return Point(str(level), level)
        nanoseconds = read_date(value) if self.column.data_type == "date" else None
        text = str(value) if nanoseconds is None else date_text(nanoseconds)
        for level in self.levels:
            if str(level) == text:
                return Point(text, level)
        message = f"'{self.name}' has no level '{text}'; known: {value_text(self.levels)}."
        if text in map(str, self.column.levels):
            message += f" '{text}' was declared but never observed: no effect could be learnt."
        raise PredictionError(Finding("new_level", message, column=self.name))

    def _date(self, value: Any) -> Point:
        nanoseconds = read_date(value)
        if nanoseconds is None:
            message = f"'{self.name}' is a date; {shown_value(value)} is not."
            hint = 'Write dates as "2020-01-31", or as datetime objects.'
            raise PredictionError(Finding("values", message, column=self.name, hint=hint))
        return Point(date_text(nanoseconds), nanoseconds)

    def default_points(self) -> list[Point]:
        """Return the levels, 0 and 1 of an indicator, or each row's own value and one more (one day more)."""
        if self.levels:
            return [Point(str(level), level) for level in self.levels]
        if self.is_indicator:
            return [Point("0", 0.0), Point("1", 1.0)]
        step, text = (NANOSECONDS_A_DAY, "1 day") if self.is_date else (1.0, "1")
        shift = 0 if self.is_date else 0.0
        return [Point(self.name, shift, is_shift=True), Point(f"{self.name} + {text}", step, is_shift=True)]

    def span(self, extent: str) -> list[Point]:
        """Return two values that span an extent (``sd``, ``iqr``, ...) of the training rows.

        Raises
        ------
        PredictionError
            ``values`` where it has levels, or does not vary.
        """
        if self.levels:
            message = f"'{self.name}' is no number: values='{extent}' has no meaning for it."
            raise PredictionError(Finding("values", message, column=self.name))
        # Dates are counted from their first one, so that their sum keeps its digits.
        first = int(self.column.values.min()) if self.is_date else 0
        x = (self.column.values - first).astype(np.float64)
        if extent in ("sd", "2sd"):
            half = (0.5 if extent == "sd" else 1.0) * (float(x.std(ddof=1)) if len(x) > 1 else 0.0)
            ends = [float(x.mean()) - half, float(x.mean()) + half]
        else:
            ends = np.percentile(x, (25.0, 75.0) if extent == "iqr" else (0.0, 100.0)).tolist()
        if ends[0] == ends[1]:
            message = f"'{self.name}' does not vary in the training rows: values='{extent}' has no meaning."
            raise PredictionError(Finding("values", message, column=self.name))
        if self.is_date:
            return [Point(date_text(first + round(end)), first + round(end)) for end in ends]
        return [Point(f"{end:.6g}", end) for end in ends]

    def typical(self) -> tuple[Point, str]:
        """Return the value that a variable is held at which is not of interest, and why in words.

        The most frequent level; the mean of a number; the lower median of whole numbers, indicators and
        dates, which is never between two of them.
        """
        if self.levels:
            labels = as_labels(self.column)
            counts = dict(
                zip(
                    map(str, labels.levels),
                    np.bincount(labels.values, minlength=len(labels.levels)).tolist(),
                    strict=True,
                )
            )
            most = max(self.levels, key=lambda level: counts.get(str(level), 0))
            return Point(str(most), most), "most frequent"
        x = self.column.values
        if self.is_date or bool((x == np.round(x)).all()) or len(np.unique(x)) <= 2:
            middle = np.sort(x)[(len(x) - 1) // 2]
            return self.point(_timestamp(int(middle)) if self.is_date else float(middle)), "median"
        mean = float(x.mean())
        # The mean of a centred column is zero but for rounding.
        mean = 0.0 if abs(mean) < 1e-9 * float(np.ptp(x)) else mean
        return Point(f"{mean:.4g}", mean), "mean"

    def shown(self, point: Point) -> Any:
        """Return a point's value as grids hold it: levels of labels by their text."""
        if self.column.data_type == "date":
            return _timestamp(date_of(point))
        return point.label if self.column.data_type == "label" else point.value

    def at(self, column: Column, point: Point) -> Column:
        """Return a column of rows with every value set to the point."""
        size = len(column.values)
        if column.data_type == "label":
            # One level is enough: new rows are matched with the training levels by label.
            return Column(self.name, "label", np.zeros(size, np.int64), (point.label,))
        if column.data_type == "boolean":
            return Column(self.name, "boolean", np.full(size, bool(point.value)), (False, True))
        if column.data_type == "date":
            moved = column.values + int(point.value) if point.is_shift else np.full(size, date_of(point))
            return Column(self.name, "date", moved.astype(np.int64))
        if point.is_shift:
            return Column(self.name, "number", column.values + float(point.value))
        if isinstance(point.value, str):
            message = f"'{self.name}' is a number in the rows, and '{point.value}' is none."
            raise PredictionError(Finding("new_level", message, column=self.name))
        return Column(self.name, "number", np.full(size, float(point.value)))


def variable_of(designs: Sequence[Design], name: str) -> Covariate:
    """Return a column that one of the linear predictors reads, with its levels if some design has them.

    Raises
    ------
    PredictionError
        ``unknown_column``.
    """
    known = variable_names(designs)
    if name not in known:
        hint = " ".join(filter(None, (suggestion(name, known), f"Predictors: {', '.join(known)}.")))
        message = f"variable: {shown_value(name)} is not a predictor of the model."
        raise PredictionError(Finding("unknown_column", message, column=name, hint=hint))
    column = next(design.table[name] for design in designs if name in design.table.columns)
    levels_of_design = next((levels for design in designs if (levels := _levels(design, name))), ())
    return Covariate(column, levels_of_design or _levels_of_column(column))


def variable_names(designs: Sequence[Design]) -> list[str]:
    """List the columns that linear predictors read, but for those of grouping factors."""
    return list(dict.fromkeys(name for design in designs for name in _names(design)))


def _names(design: Design) -> list[str]:
    predictor = design.predictor
    effects = [effect for group in predictor.groups for effect in (*group.effects, *by_terms(group))]
    terms = (*predictor.fixed, *predictor.specific, *effects)
    names = [name for term in terms for name in term.names()]
    return names + [name for offset in predictor.offsets for name in offset.names()]


def _levels(design: Design, name: str) -> tuple[Level, ...]:
    """Return the levels that the training rows taught a design, the reference first."""
    predictor = design.predictor
    effects = [effect for group in predictor.groups for effect in (*group.effects, *by_terms(group))]
    for factor in (
        factor for term in (*predictor.fixed, *predictor.specific, *effects) for factor in term.factors
    ):
        if factor.names() == (name,) and str(factor) in design.state.factors:
            return design.state.factors[str(factor)]
    return ()


def _levels_of_column(column: Column) -> tuple[Level, ...]:
    """Return the observed levels of a label that enters through a comparison only: I(trt == "drug")."""
    if column.data_type == "boolean":
        return (False, True)
    if column.data_type != "label":
        return ()
    counts = np.bincount(column.values, minlength=len(column.levels))
    return tuple(level for level, count in zip(column.levels, counts, strict=True) if count)


def _is_level(value: Any, level: Level) -> bool:
    """Tell whether a value names a level: by its text, as a number (1.0 is 1), as 0 or 1 of a boolean."""
    plain = python_level(value)
    if str(plain) == str(level):
        return True
    is_number = isinstance(value, int | float | np.integer | np.floating | np.bool_)
    return isinstance(level, bool | int) and is_number and bool(value == level)


def read_date(value: Any) -> int | None:
    """Return nanoseconds since 1970 (UTC where there is no zone); None for what is no date."""
    if not isinstance(value, str | datetime.date | np.datetime64 | pd.Timestamp):
        return None
    try:
        # Of a text NumPy takes the ISO forms only; it counts in the unit of the text, which does not wrap.
        time = pd.Timestamp(np.datetime64(value.strip()) if isinstance(value, str) else value)
        if pd.isna(time):
            return None
        zoned = time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")
        return int(zoned.as_unit("ns").value)
    except pd.errors.OutOfBoundsDatetime:
        message = f"dates are counted in the years 1678 to 2261, found {value}."
        raise PredictionError(Finding("values", message)) from None
    except (ValueError, OverflowError):
        return None


def date_of(point: Point) -> int:
    """Return the nanoseconds of a point of a date, also of one that is a level."""
    if not isinstance(point.value, str):
        return int(point.value)
    nanoseconds = read_date(point.value)
    assert nanoseconds is not None
    return nanoseconds


def _timestamp(nanoseconds: int) -> pd.Timestamp:
    return pd.Timestamp(nanoseconds, unit="ns")


def held_means(designs: Iterable[Design], names: Collection[str]) -> str:
    """Say which means over groups stay as they are when values of variables are set.

    The mean of a group is one of its own: what is asked is what changes within the groups.
    """
    held = dict.fromkeys(
        str(replace(call, function="between" if call.function == "within" else call.function))
        for design in designs
        for factor in _expressions_of(design)
        for call in calls_in(factor)
        if call.function in GROUP_MEANS and set(call.arguments[0].names()) & set(names)
    )
    return f", with {' and '.join(held)} held" if held else ""


def _expressions_of(design: Design) -> Iterator[Expr]:
    """List what the terms and offsets of a linear predictor read."""
    predictor = design.predictor
    effects = (effect for group in predictor.groups for effect in group.effects)
    for term in (*predictor.fixed, *predictor.specific, *effects):
        yield from term.factors
    yield from predictor.offsets


def with_values(table: Table, points: Sequence[tuple[Covariate, Point]]) -> Table:
    """Return the rows with variables set to points in every row."""
    return table.with_columns({v.name: v.at(table[v.name], point) for v, point in points})
