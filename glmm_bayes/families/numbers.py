"""What families of numbers on the whole line share: how they read the response, and the scales of priors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.exact_sums import exact_mean, exact_sd
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.reading import refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales, positive_scales
from glmm_bayes.families.traits import Mu, Support


class RealFamily(Family):
    """Numbers on the whole line."""

    mu: ClassVar[Mu] = Mu(("identity", "log", "inverse", "softplus"))
    support: ClassVar[Support] = Support("real", "numbers")

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, "numbers", findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        elif np.isin(y, (0.0, 1.0)).all() and np.ptp(y) > 0:
            message = f"response '{columns.label}' holds only 0 and 1."
            hint = 'Did you mean family="bernoulli"?'
            findings.warning("response_support", message, column=columns.source, hint=hint)
        else:
            refuse_constant(columns, y, findings)
        return Response(
            columns.label, f"mean of {columns.label}", y, np.ones_like(y), additions=columns.additions
        )

    def centre(self, values: Array) -> float:
        """Return the middle of numbers."""
        return exact_mean(values)

    def width(self, values: Array) -> float:
        """Return the spread of numbers."""
        return exact_sd(values) if len(values) > 1 else 1.0

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        if link.name == "identity":
            spread = self.spread(response, offset)
            return Scales(self.centre(response.supported - offset), 2.5 * spread, 2.5 * spread, spread)
        middle = self.centre(response.supported)
        # Means of at most 0 are none of these links': the scale of the numbers has to do.
        mean = middle if middle > 0 else self.width(response.supported)
        if link.name == "log":
            # The mean of one unit of exposure.
            mean /= exact_mean(np.exp(offset))
        return positive_scales(link, mean)

    def spread(self, response: Response, offset: Array) -> float:
        return self.width(response.supported - offset) or 1.0
