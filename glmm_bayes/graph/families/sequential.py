"""What the sequential ordinal families share: categories are reached one after the other."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.graph.families.base import Array
from glmm_bayes.graph.families.ordinal import OrdinalFamily, distances


class SequentialFamily(OrdinalFamily):
    """At each threshold the response stops, or goes on to the next category."""

    allows_specific: ClassVar[bool] = True

    @abstractmethod
    def log_step(self, distance: Any, link: Link, m: Maths) -> tuple[Any, Any]:
        """Return the logs of the probabilities to stop at a threshold and to go on.

        Parameters
        ----------
        distance : array or graph variable
            disc * (threshold - linear predictor).
        link : Link
        m : Maths
        """

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        total: Any = 0.0
        for position, distance in enumerate(distances(at)):
            stop, go_on = self.log_step(distance, at["mu"].link, m)
            step = m.where(y > position + 0.5, go_on, stop)
            total = total + m.where(y > position - 0.5, step, 0.0)
        return total

    def mean(self, at: RowValues) -> Array:
        logs = []
        reached: Any = 0.0
        for distance in distances(at):
            stop, go_on = self.log_step(distance, at["mu"].link, NUMPY)
            logs.append(reached + stop)
            reached = reached + go_on
        return np.asarray(np.exp(NUMPY.stack([*logs, reached])))
