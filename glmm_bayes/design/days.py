"""Two dates in, the days between them out: with times of day, or from midnight to midnight."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.column import dates_of
from glmm_bayes.design.table import Table
from glmm_bayes.spec.expressions import Call, Expr, Name, Text

_DAY = 86_400 * 10**9  # nanoseconds
_EPOCH = date(1970, 1, 1).toordinal()


def days_of(call: Call, table: Table, findings: Findings) -> NDArray[np.float64]:
    """Count days from a date or another column, shape (row,).

    Moments with a time zone have their days elsewhere than their values: whole days of them are refused.
    """
    later, earlier = (_times(argument, call, table, findings) for argument in call.arguments)
    if later is None or earlier is None:
        return np.zeros(len(table))
    # Whole days apart from the rest of a day: no rounding of either.
    (days, rest), (start, before) = np.divmod(later, _DAY), np.divmod(earlier, _DAY)
    if call.function == "days_between":
        return np.asarray(days - start, np.float64)
    return np.asarray((days - start) + (rest - before) / _DAY, np.float64)


def _times(argument: Expr, call: Call, table: Table, findings: Findings) -> NDArray[np.int64] | None:
    """Return nanoseconds since 1970 of a date in a formula, or of a column of dates."""
    if isinstance(argument, Text):
        return np.array((date.fromisoformat(argument.value).toordinal() - _EPOCH) * _DAY)
    assert isinstance(argument, Name)
    column = table[argument.name]
    times = column.values if column.data_type == "date" else dates_of(column)
    if times is None:
        message = f"column '{column.name}' is {column.data_type}; {call.function}() needs a date."
        hint = f"Use {argument} as it is, or convert it to dates, as in 2020-01-31."
        findings.error("column_type", message, column=column.name, hint=hint)
    if column.zoned and call.function == "days_between":
        message = f"column '{column.name}' has a time zone, and its days are read in UTC."
        hint = f'Write data["{column.name}"].dt.tz_localize(None) if the days of that zone are meant.'
        findings.error("column_type", message, column=column.name, hint=hint)
        return None
    return times
