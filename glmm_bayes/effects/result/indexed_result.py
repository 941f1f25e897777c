"""A result in, the data frame that its verb returned before, out: with a warning, for two minor releases."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NoReturn

import pandas as pd

from glmm_bayes.core.elsewhere import AnswersNames, UnknownNameError
from glmm_bayes.core.errors import Finding, GlmmWarning, PredictionError, shown_value

#: The release in which results are no data frames any more.
_LAST = "0.3"
_HINT = "Write result.side_by_side() for the table in print, result.summary() for one row a quantity."


class IndexedResult(AnswersNames):
    """A result that answers like a data frame where its verb returned one before."""

    #: What the verb returned before.
    formerly: str = ""

    @property
    def was_frame(self) -> bool:
        """Whether the verb returned a data frame before."""
        return self.formerly == "data frame"

    def side_by_side(self, probability: float | None = None, *, interval: str | None = None) -> pd.DataFrame:
        """Return the table in print."""
        raise NotImplementedError

    def _frame(self, used: str) -> pd.DataFrame:
        """Return the table, and say that a result is none."""
        if not self.was_frame:
            message = f"a result is no data frame, and was asked for {used}."
            raise PredictionError(Finding("result", message, hint=_HINT))
        message = f"[result] the result is no data frame from release {_LAST} on: {used}. {_HINT}"
        warnings.warn(message, GlmmWarning, stacklevel=3)
        return self._table.copy()

    @cached_property
    def _table(self) -> pd.DataFrame:
        """The table in print, summarised once: a loop reads it cell by cell."""
        return self.side_by_side()

    def __getitem__(self, key: Any) -> Any:
        return self._frame(f"result[{shown_value(key)}]")[key]

    def __len__(self) -> int:
        return len(self._frame("len(result)"))

    def __iter__(self) -> Iterator[Any]:
        if str(sys._getframe(1).f_globals.get("__name__")).startswith("pandas."):
            # DataFrame.join takes what it can iterate over for several frames.
            raise PredictionError(Finding("result", "a result is no data frame to join.", hint=_HINT))
        return iter(self._frame("iteration over its columns"))

    def __contains__(self, key: object) -> bool:
        return key in self._frame(f"{shown_value(key)} in result")

    def __bool__(self) -> bool:
        return True

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        # What pandas would ask next is iteration: a frame of our columns' names.
        message = "a result is neither an array nor the content of a data frame."
        raise PredictionError(Finding("result", message, hint=_HINT))

    def __getattr__(self, name: str) -> Any:
        if self.was_frame and not name.startswith("_") and hasattr(pd.DataFrame, name):
            return getattr(self._frame(f"result.{name}"), name)
        # A copy that is being made has no attributes yet.
        if not name.startswith("_") and "draws" in vars(self) and name in self._table.columns:
            hint = f'Write result.side_by_side()["{name}"].'
            message = f"'{name}' is a column of the table, and the result is none."
            raise UnknownNameError(Finding("unknown_name", message, hint=hint))
        super().__getattr__(name)
