"""What hurdle families of amounts share: how they read numbers of at least 0."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.reading import outside_support, refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.traits import Support
from glmm_bayes.families.zeros_and_hurdles import Hurdle

_SUPPORT = "numbers of at least 0"


class HurdleAmounts(Hurdle):
    """Zeros of their own, and positive numbers."""

    support: ClassVar[Support] = Support("amount", _SUPPORT, floor=0.0, floor_has_mass=True)

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        else:
            if (y < 0).any():
                hint = 'Numbers below 0 are family="gaussian".'
                outside_support(columns, y < 0, self.name, _SUPPORT, hint, findings)
            refuse_constant(columns, y, findings)
            self.warn_without_zeros(columns, y, findings)
        label = f"mean of {columns.label}"
        return Response(columns.label, label, y, np.ones_like(y), additions=columns.additions)
