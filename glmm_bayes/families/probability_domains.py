"""A probability under a link whose linear predictor has ends in; its density inside them, or a refusal, out.

Under ``log``, ``identity`` and ``logc`` the linear predictor of a probability must lie in an interval. The
likelihood is 0 outside, so that the posterior is restricted to coefficients and effects of the groups in
the data that keep every row of the data inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array, Maths, Numbers
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.families.traits import PROBABILITIES

_LOGIT = 'fit with the logit link and ask gb.comparisons(fit, ..., measure="ratio") or measure="difference"'


def has_ends(link: Link) -> bool:
    """Tell whether the linear predictor of a probability has an end under a link."""
    return not np.isinf(link.predictor_domain(PROBABILITIES)).all()


def words_of_ends(link: Link) -> str:
    """Say what must hold of the linear predictors under a link that ends them, and what to write instead."""
    return (
        f"Under the {link.name} link of a probability the linear predictor of every row must be "
        f"{_where(link)}: centre predictors, leave out some or their offset, or {_LOGIT}."
    )


def _where(link: Link) -> str:
    low, high = link.predictor_domain(PROBABILITIES)
    return f"between {low:g} and {high:g}" if np.isfinite(low) else f"at most {high:g}"


def log_of_successes(y: Array, n: Numbers, mu: RowValue, m: Maths) -> Array:
    """Return y log(mu) + (n - y) log(1 - mu), minus infinity where ``mu`` is no probability.

    Parameters
    ----------
    y, n : array or graph variable, shape (row,)
        Successes and trials.
    mu : RowValue
    m : Maths
    """
    if not has_ends(mu.link):
        return y * mu.log_odds + n * mu.log_complement

    def density(inside: RowValue) -> Array:
        # No success has the probability 1 where mu is 0, whose log is no number.
        successes = y * m.where(y > 0, inside.log, 0.0)
        return successes + (n - y) * m.where(n - y > 0, inside.log_complement, 0.0)

    return where_probability(mu, density, m)


def where_probability(mu: RowValue, density: Callable[[RowValue], Array], m: Maths) -> Array:
    """Return a log density of a probability, minus infinity at linear predictors beyond an end."""
    if not has_ends(mu.link):
        return density(mu)
    low, high = mu.link.predictor_domain(PROBABILITIES)
    value = density(replace(mu, eta=m.minimum(m.maximum(mu.eta, low), high)))
    return m.where(mu.eta < low, -np.inf, m.where(mu.eta > high, -np.inf, value))


def refuse_outside(mu: RowValue) -> None:
    """Refuse means that are no probabilities: of rows farther out than those of the data.

    Raises
    ------
    PredictionError
        ``outside_domain`` if a linear predictor lies beyond an end.
    """
    low, high = mu.link.predictor_domain(PROBABILITIES)
    eta = np.asarray(mu.eta)
    outside = (eta < low) | (eta > high)
    if outside.any():
        message = (
            f"under the {mu.link.name} link of a probability a linear predictor must be {_where(mu.link)}; "
        )
        message += f"found {eta[outside][0]:.3g} in a draw."
        hint = f"Ask at values like those of the data, or {_LOGIT}."
        raise PredictionError(Finding("outside_domain", message, hint=hint))


def refuse_new_groups(link: Link) -> None:
    """Refuse means of groups that nobody has seen under a link that ends the linear predictor.

    The effects of the groups in the data are restricted by their own rows, to a law that depends on these
    rows; the normal law of the model gives a new group a "probability" above 1 or below 0 with positive
    probability, so that neither its mean nor an average over such groups is defined.

    Raises
    ------
    PredictionError
        ``estimand_undefined``.
    """
    if not has_ends(link):
        return
    message = (
        f"no mean of new groups exists under the {link.name} link of a probability: normal random effects "
        "take it outside 0 to 1."
    )
    hint = f'Ask for estimand="typical", "subject" or "sample", or {_LOGIT}.'
    raise PredictionError(Finding("estimand_undefined", message, hint=hint))
