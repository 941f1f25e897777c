"""What the sequential ordinal families share: categories are reached one after the other."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.links.of_logs import link_of_logs
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.ordinal import OrdinalFamily, distances, log_sides, sums_from_the_top


class SequentialFamily(OrdinalFamily):
    """At each threshold the response stops, or goes on to the next category."""

    @property
    def _event_rises(self) -> bool:
        return self.thresholds is not None and self.thresholds.event_rises

    def log_step(self, distance: Array, link: Link, m: Maths) -> tuple[Array, Array]:
        """Return the logs of the probabilities to stop at a threshold and to go on.

        The link is that of the event: of going on, at minus the distance, where the event rises with the
        linear predictor; else of stopping.

        Parameters
        ----------
        distance : array or graph variable
            disc * (threshold - linear predictor).
        link : Link
        m : Maths
        """
        if self._event_rises:
            return link.log_complement(-distance, m), link.log_inverse(-distance, m)
        return link.log_inverse(distance, m), link.log_complement(distance, m)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        total: Array = np.zeros(())
        for position, distance in enumerate(distances(at)):
            stop, go_on = self.log_step(distance, at["mu"].link, m)
            step = m.where(y > position + 0.5, go_on, stop)
            total = total + m.where(y > position - 0.5, step, 0.0)
        return total

    def mean(self, at: RowValues) -> Array:
        logs = []
        reached: Array = np.zeros(())
        for distance in distances(at):
            stop, go_on = self.log_step(distance, at["mu"].link, NUMPY)
            logs.append(reached + stop)
            reached = reached + go_on
        return np.asarray(np.exp(NUMPY.stack([*logs, reached])))

    def score(self, expected: Array, at: RowValues) -> tuple[Array, Array]:
        beyond = sums_from_the_top(expected)
        stopping, going_on = self._relative_slopes(at)
        terms = expected[..., :-1] * stopping, beyond * going_on
        return terms[0] - terms[1], terms[0] + terms[1]

    def information(self, at: RowValues) -> Array:
        probabilities = self.mean(at)
        stopping, going_on = self._relative_slopes(at)
        beyond = sums_from_the_top(probabilities)
        each = probabilities[..., :-1] * np.square(stopping) + beyond * np.square(going_on)
        return np.asarray(each[..., None] * np.eye(each.shape[-1]))

    def _relative_slopes(self, at: RowValues) -> tuple[Array, Array]:
        """Return how fast log P(stop) rises and log P(go on) falls with the distance at each threshold."""
        link = at["mu"].link
        stopping, going_on = [], []
        for end in distances(at):
            stop, go_on = self.log_step(end, link, NUMPY)
            steep = link.log_inverse_derivative(-end if self._event_rises else end)
            stopping.append(np.exp(steep - stop))
            going_on.append(np.exp(steep - go_on))
        return NUMPY.stack(stopping), NUMPY.stack(going_on)

    def distances_of(self, logs: Array, link: Link) -> Array:
        _, beyond = log_sides(logs)
        reached = np.logaddexp(logs[..., :-1], beyond)
        stop, go_on = logs[..., :-1] - reached, beyond - reached
        if self._event_rises:
            return -link_of_logs(link, go_on, stop)
        return link_of_logs(link, stop, go_on)
