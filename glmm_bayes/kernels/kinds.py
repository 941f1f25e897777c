"""Families and links whose rows the kernel of all effects has."""

from __future__ import annotations

from collections.abc import Mapping

_CHANCES = ("logit", "probit", "cloglog")
#: Families, by the number that the C source knows their rows by, and their links.
KINDS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "bernoulli": (0, (*_CHANCES, "log", "identity")),
    "binomial": (0, (*_CHANCES, "log", "identity")),
    "poisson": (1, ("log", "identity")),
    "negative_binomial": (2, ("log", "identity")),
    "gamma": (3, ("log", "identity")),
    "gaussian": (4, ("log", "identity")),
    "lognormal": (4, ("identity",)),
    "student": (5, ("log", "identity")),
    "beta": (6, _CHANCES),
    "cumulative": (7, _CHANCES),
}
#: Links, by the order in the C source.
LINKS = (*_CHANCES, "log", "identity")


def has_rows(family: str, link: str) -> bool:
    """Tell whether the kernel has the rows of a family under a link."""
    return family in KINDS and link in KINDS[family][1]
