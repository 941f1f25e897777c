"""A name of another package in, the spelling that is meant here out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Families as lme4, glmmTMB, brms, statsmodels and Stata call them, and our names.
FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "Beta": "beta",
        "Gamma": "gamma",
        "Poisson": "poisson",
        "acat_logit": "acat",
        "beta_family": "beta",
        "betabinomial": "beta_binomial",
        "genpois": "generalized_poisson",
        "inverse.gaussian": "inverse_gaussian",
        "lognorm": "lognormal",
        "multinom": "multinomial",
        "nb": "negative_binomial",
        "nbinom1": "negative_binomial_1",
        "nbinom2": "negative_binomial",
        "negbin": "negative_binomial",
        "negbinomial": "negative_binomial",
        "neg_binomial_2": "negative_binomial",
        "normal": "gaussian",
        "ordbeta": "ordered_beta",
        "ordinal": "cumulative",
        "student_t": "student",
        "t": "student",
        "t_family": "student",
        "truncated_nbinom2": "hurdle_negative_binomial",
        "truncated_poisson": "hurdle_poisson",
        "hurdle_negbinomial": "hurdle_negative_binomial",
        "zero_inflated_negbinomial": "zero_inflated_negative_binomial",
        "zinb": "zero_inflated_negative_binomial",
        "zip": "zero_inflated_poisson",
        "ziGamma": "hurdle_gamma",
    }
)

#: Links, and models by name, where a family is meant.
LINKS_AS_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("logit", "logistic"), 'family="bernoulli" (its link is logit)'),
        **{link: f'family="bernoulli", link="{link}"' for link in ("probit", "cloglog", "loglog", "cauchit")},
        **dict.fromkeys(("log", "count", "loglinear"), 'family="poisson" (its link is log)'),
        **dict.fromkeys(("identity", "linear"), 'family="gaussian" (its link is identity)'),
        "inverse": 'family="gamma", link="inverse"',
        "binary": 'family="bernoulli"',
        **dict.fromkeys(("proportional_odds", "polr", "clm", "ordered_logit"), 'family="cumulative"'),
        "quasipoisson": 'family="negative_binomial_1" (its variance is a multiple of the mean)',
        "quasibinomial": 'family="beta_binomial"',
    }
)

#: Parameters in priors of brms and rstanarm, and our names.
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "b": "beta",
        "b_Intercept": "beta[Intercept]",
        "class": "beta",
        "cor": "corr",
    }
)

#: Covariance structures that glmmTMB writes around a bar, and our names.
STRUCTURES: Mapping[str, str] = MappingProxyType(
    {
        "ar1": "ar1",
        "cs": "compound_symmetry",
        "diag": "diagonal",
        "toep": "toeplitz",
        "us": "unstructured",
    }
)

#: Those that go with a distance: here the levels of a grouping factor are the points.
DISTANCES = ("exp", "gau", "mat", "ou")

#: Functions of formulas elsewhere, and what to write.
FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ar": 'Write (0 + time | gr(g, structure = "ar1")), with time as levels.',
        "as.factor": "Write C(x).",
        "as.ordered": 'Write ordered(x, "low", "mid", "high").',
        "as.numeric": "Convert the column first.",
        "gp": "Write ns(x, df = 4) or cr(x, df = 5).",
        "s": "Write ns(x, df = 4) or cr(x, df = 5).",
        "t2": "Write ns(x, df = 4):ns(z, df = 4), or cr() of each.",
        "te": "Write ns(x, df = 4):ns(z, df = 4), or cr() of each.",
    }
)


def peer_hint(name: str) -> str:
    """Say which name is meant here by the name of a family or of a prior's parameter elsewhere.

    Returns
    -------
    str
        A sentence; empty if no other package is known to have the name.

    Examples
    --------
    >>> peer_hint("nbinom2")
    "Here it is called 'negative_binomial'."
    """
    if name in LINKS_AS_FAMILIES:
        return f"Write {LINKS_AS_FAMILIES[name]}."
    ours = FAMILIES.get(name) or PARAMETERS.get(name)
    return f"Here it is called '{ours}'." if ours else ""
