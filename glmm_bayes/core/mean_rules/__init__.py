"""One rule for each link: a closed form, a mixture of normals (logit), or the trapezoid (the others)."""

from __future__ import annotations

from glmm_bayes.core.links import Link
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.mean_rules.by_trapezoid import CloglogRule, LoglogRule, TrapezoidRule
from glmm_bayes.core.mean_rules.closed_forms import IdentityRule, LogRule, PoleRule, ProbitRule, SqrtRule
from glmm_bayes.core.mean_rules.logit import LOGIT_ERROR, LogitRule

__all__ = ["LOGIT_ERROR", "MeanRule", "TrapezoidRule", "rule_of"]

# A link without an entry is integrated by the trapezoid rule.
_RULES: dict[str, type[MeanRule]] = {
    "identity": IdentityRule,
    "log": LogRule,
    "sqrt": SqrtRule,
    "probit": ProbitRule,
    "logit": LogitRule,
    "cloglog": CloglogRule,
    "loglog": LoglogRule,
    "inverse": PoleRule,
    "inverse_squared": PoleRule,
}


def rule_of(link: Link) -> MeanRule:
    """Return how means under a link are computed."""
    return _RULES.get(link.name, TrapezoidRule)(link)
