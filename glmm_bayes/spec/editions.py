"""Editions: what a model leaves unsaid means, and which edition of that a saved model was written in.

Files of fits name their edition, so that what they hold keeps its meaning when a default changes.

1
    A class prior ``beta`` is that of the intercept too, and not of category-specific effects; correlations
    have the prior LKJ(2) by default; a map in several parts has one scale under BYM2.
2
    A class prior ``beta`` is that of every slope, category-specific ones included; correlations have the
    prior LKJ(1) by default; BYM2 scales within each part of a map.
"""

from __future__ import annotations

from glmm_bayes.spec.prior import Prior

CURRENT = 2

_CORRELATIONS = {1: Prior("LKJ", eta=2.0), 2: Prior("LKJ", eta=1.0)}


def default_correlation(edition: int = CURRENT) -> Prior:
    """Return the prior of correlations that nobody set."""
    return _CORRELATIONS[edition]


def class_has_intercept(edition: int) -> bool:
    """Tell whether a class prior ``beta`` is that of the intercept too."""
    return edition == 1


def class_has_specific_effects(edition: int) -> bool:
    """Tell whether a class prior ``beta`` is that of category-specific effects too."""
    return edition > 1


def scales_each_part(edition: int) -> bool:
    """Tell whether BYM2 scales within each connected part of a map."""
    return edition > 1
