"""Links: linear predictors or means come in; means, predictors and slopes go out.

All functions work element by element and raise no floating-point warning for |eta| <= 40 inside the
link's domain. Inverses and their logs are written once for NumPy arrays and for variables of a graph
(``m``); what only the draws need takes NumPy arrays. A mean at the edge of its range maps to an infinite
linear predictor.
"""

from __future__ import annotations

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.links.base import Link, ProbabilityLink
from glmm_bayes.core.links.means import (
    Identity,
    Inverse,
    InverseSquared,
    Log,
    LogComplement,
    Softplus,
    Sqrt,
    TanHalf,
)
from glmm_bayes.core.links.probabilities import Cauchit, Cloglog, Logit, Loglog, Probit
from glmm_bayes.core.registry import Registry

__all__ = [
    "LINKS",
    "Cauchit",
    "Cloglog",
    "Identity",
    "Inverse",
    "InverseSquared",
    "Link",
    "Log",
    "LogComplement",
    "Logit",
    "Loglog",
    "ProbabilityLink",
    "Probit",
    "Softplus",
    "Sqrt",
    "TanHalf",
]

_ALL: tuple[Link, ...] = (
    Identity(),
    Log(),
    Logit(),
    Probit(),
    Cloglog(),
    Loglog(),
    Cauchit(),
    Sqrt(),
    Softplus(),
    Inverse(),
    InverseSquared(),
    TanHalf(),
    LogComplement(),
)

LINKS: Registry[Link] = Registry("link", {link.name: link for link in _ALL}, FormulaError)
