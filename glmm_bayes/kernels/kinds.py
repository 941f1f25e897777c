"""Families and links whose rows the kernel of all effects has."""

from __future__ import annotations

from collections.abc import Mapping

#: Families and links, by the order in the C source.
KINDS: Mapping[tuple[str, str], int] = {
    ("bernoulli", "logit"): 0,
    ("binomial", "logit"): 0,
    ("bernoulli", "probit"): 1,
    ("binomial", "probit"): 1,
    ("bernoulli", "cloglog"): 2,
    ("binomial", "cloglog"): 2,
    ("poisson", "log"): 3,
    ("negative_binomial", "log"): 4,
    ("gamma", "log"): 5,
}
