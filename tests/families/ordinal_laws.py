"""What ordinal families are held to: probabilities as textbooks write them, with SciPy's distributions."""

import numpy as np
from scipy import stats

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH

#: The latent variable whose distribution function is the inverse link.
LATENT = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cloglog": stats.gumbel_l,
    "loglog": stats.gumbel_r,
    "cauchit": stats.cauchy,
}
ORDINAL = ("cumulative", "sratio", "cratio", "acat")
CASES = [(family, link) for family in ORDINAL for link in FAMILIES[family].links]
TAU = np.array([-1.0, 0.5, 2.0])
ETA = np.array([-1.3, -0.2, 0.4, 1.1])
DISC = 0.6
CS = {"cs_1": np.array([0.3, -0.2, 0.1, 0.5]), "cs_3": np.array([-0.4, 0.2, 0.6, -0.1])}


def specific(family):
    """Return effects that differ between thresholds, where the family has them."""
    return CS if FAMILIES[family].thresholds.allows_specific else {}


def at_of(link, eta, tau=TAU, disc=1.0, cs=None, m=NUMPY):
    """Return parameters as a family takes them: shapes (draw, row) and (draw, 1, threshold), or a graph's."""
    thresholds = tau if m is GRAPH else np.asarray(tau)[None, None, :]
    own = {name: number(value, m) for name, value in (cs or {}).items()}
    return {
        "mu": RowValue(LINKS[link], eta, m),
        "thresholds": number(thresholds, m),
        "disc": number(disc, m),
    } | own


def textbook(family, link, eta, tau=TAU, disc=1.0, cs=None):
    """Return P(y = k) at one linear predictor; ``cs`` has one number for each threshold."""
    latent = LATENT[link]
    eta = eta + np.zeros(len(tau)) + (0.0 if cs is None else np.asarray(cs))
    if family == "cumulative":
        cumulative = np.concatenate([[0.0], latent.cdf(disc * (tau - eta)), [1.0]])
        return np.diff(cumulative)
    if family == "acat":
        odds = np.exp(disc * (eta - tau))
        weights = np.concatenate([[1.0], np.cumprod(odds)])
        return weights / weights.sum()
    stops = {"sratio": latent.cdf(disc * (tau - eta)), "cratio": 1.0 - latent.cdf(disc * (eta - tau))}
    stop = stops[family]
    reached = np.concatenate([[1.0], np.cumprod(1.0 - stop)])
    return reached * np.append(stop, 1.0)


def table(family, link, eta, tau=TAU, disc=1.0, cs=None):
    """Return the textbook's probabilities of several rows, shape (row, category)."""
    effects = np.zeros((len(eta), len(tau)))
    for name, values in (cs or {}).items():
        effects[:, int(name[3:]) - 1] = values
    rows = zip(eta, effects, strict=True)
    return np.array([textbook(family, link, value, tau, disc, own) for value, own in rows])
