"""One rule for each link: a closed form, a mixture of normals (logit), or the trapezoid (the others)."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.links import (
    LINKS,
    Cloglog,
    Identity,
    Link,
    Log,
    LogComplement,
    Logit,
    Loglog,
    Probit,
    Sqrt,
)
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.mean_rules.by_cubature import UnboundedRule
from glmm_bayes.core.mean_rules.by_trapezoid import CloglogRule, LoglogRule, TrapezoidRule
from glmm_bayes.core.mean_rules.closed_forms import (
    IdentityRule,
    LogComplementRule,
    LogRule,
    PoleRule,
    ProbitRule,
    SqrtRule,
)
from glmm_bayes.core.mean_rules.logit import LOGIT_ERROR, LogitRule

__all__ = ["LOGIT_ERROR", "MeanRule", "TrapezoidRule", "is_unbounded", "rule_of", "set_rule"]

# A link without an entry is integrated by the trapezoid rule; one with a pole has no mean.
_RULES: dict[type[Link], type[MeanRule]] = {
    Identity: IdentityRule,
    Log: LogRule,
    LogComplement: LogComplementRule,
    Sqrt: SqrtRule,
    Probit: ProbitRule,
    Logit: LogitRule,
    Cloglog: CloglogRule,
    Loglog: LoglogRule,
}

#: Of those without an entry none grows faster than the linear predictor.
_LISTED = frozenset(type(LINKS[name]) for name in LINKS)


def set_rule(link: type[Link], rule: type[MeanRule] | None) -> None:
    """State how means under a user's link are computed; None: by the trapezoid rule."""
    _RULES.pop(link, None)
    if rule is not None:
        _RULES[link] = rule


def is_unbounded(link: Link) -> bool:
    """Tell whether nothing is known of how the inverse of a user's link grows."""
    return type(link) not in _LISTED and not np.isfinite(link.bounds).all()


def rule_of(link: Link) -> MeanRule:
    """Return how means under a link are computed."""
    if link.has_pole:
        return PoleRule(link)
    return _RULES.get(type(link), UnboundedRule if is_unbounded(link) else TrapezoidRule)(link)
