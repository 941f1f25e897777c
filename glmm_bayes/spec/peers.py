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
        **dict.fromkeys(("nb", "NB", "nb2", "NB2", "nbinom"), "negative_binomial"),
        **dict.fromkeys(("nb1", "NB1"), "negative_binomial_1"),
        **dict.fromkeys(("ZIP", "zi_poisson", "zipoisson", "zeroinfl"), "zero_inflated_poisson"),
        **dict.fromkeys(("ZINB", "zi_nbinom", "zi_negative_binomial"), "zero_inflated_negative_binomial"),
        **dict.fromkeys(("zig", "zigamma", "zero_inflated_gamma"), "hurdle_gamma"),
        "wald": "inverse_gaussian",
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
        **dict.fromkeys(
            ("tobit", "censored_gaussian", "censored_normal"), 'family="gaussian" and y | cens(c) ~ x'
        ),
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

#: Covariance structures that glmmTMB writes around a bar, our names, and whether each effect has a standard
#: deviation of its own (None: as it is here by default).
STRUCTURES: Mapping[str, tuple[str, bool | None]] = MappingProxyType(
    {
        "ar1": ("ar1", None),
        "hetar1": ("ar1", True),
        "cs": ("compound_symmetry", True),
        "homcs": ("compound_symmetry", None),
        "diag": ("diagonal", None),
        "homdiag": ("diagonal", False),
        "toep": ("toeplitz", True),
        "homtoep": ("toeplitz", None),
        "us": ("unstructured", None),
    }
)

#: Additions to the response of brms that are of other models than these.
ADDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "dec": "Decisions with their times (drift diffusion) are no generalized linear mixed model.",
        "vint": "Write a column of trials as y | trials(n).",
        "vreal": "A gb.CustomFamily reads the response and its parameters alone.",
        "thres": "Thresholds are those of the data; the levels of a group are one model each.",
        "mi": 'Fill the missing values, or use missing="drop".',
        "subset": "Take the rows first, with one gb.Model for each response.",
    }
)

#: Those that go with a distance: here the levels of a grouping factor are the points.
DISTANCES = ("exp", "gau", "mat", "ou")

#: Functions of formulas elsewhere, and what to write.
FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ar": 'Write (0 + time | gr(g, structure = "ar1")), with time as levels.',
        "as.ordered": 'Write ordered(x, "low", "mid", "high").',
        "arma": 'Write (0 + time | gr(g, structure = "ar1")), with time as levels.',
        "as.numeric": "Convert the column first.",
        "mmc": "Write mm() with the effects of one column, or compute the member's column first.",
        "mvbind": 'Write gb.Formulas("y1 ~ x", "y2 ~ x").',
        "rr": "Write (0 + f | g), an unstructured matrix, or fewer levels.",
        "unstr": "Write (0 + C(time) | g).",
        "gp": "Write ns(x, df = 4) or cr(x, df = 5).",
        "Surv": "Write Surv(time, event), or y | cens(c, y2) for other kinds of censoring.",
        "as.Date": 'Write days_between(x, "2020-01-31"), or as.numeric(as.Date(x) - as.Date("2020-01-31")).',
        "difftime": 'Write difftime(x, "2020-01-31", units = "days"), or days_since(x, "2020-01-31").',
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
