"""``r2``: what share of the response's variance covariates, and covariates and groups, account for.

The law of total variance, exact within each draw: Var y = Var_x(m) + E_x Var_b(mu) + E_x E_b V(mu), with
m the population mean, mu the mean of a group and V the family's variance. Of ordered categories y is their
score: the position of the category, the lowest counted as 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.expectation.moments import Moments, moments, response_words
from glmm_bayes.effects.groups.icc import RESPONSE_SCALE
from glmm_bayes.effects.groups.latent_residual import latent_residual
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import fixed_part
from glmm_bayes.spec.linear_predictor import MEAN

#: What R2 is a share of.
_DIVISOR = (
    "the model's variance in all: predictors over the rows, groups and residual (not the data's variance)"
)


def r2(
    fit: Fit,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Return the share of the response's variance that covariates, and covariates and groups, account for.

    Parameters
    ----------
    fit : Fit
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        Rows told apart by ``scale`` and ``quantity``, shares between 0 and 1. On the scale of the response
        ``population`` is Var_x(m), ``conditional`` that and the variance between groups, as shares of the
        whole. On the latent scale (binary and cumulative responses, counts and gamma under the log link,
        numbers under the identity link) the same with the variance of x'beta over the rows (divided by their
        number), the mean variance of the random part, and that of the latent residual, which
        ``attrs["latent_residual"]`` names.

    Raises
    ------
    PredictionError
        ``not_available`` where variances are not split: several linear predictors of the mean, t and bridge
        effects; ``estimand_undefined`` where a variance is infinite; ``hypothesis``, ``values``,
        ``interval``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Nakagawa, Johnson and Schielzeth (2017), The coefficient of determination and intra-class correlation
    coefficient. Johnson (2014), Extension of Nakagawa and Schielzeth's R2 to random slopes models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]], "sigma": [[30.0]]}
    >>> gb.r2(gb.Fit.from_draws(model, draws)).summary()["mean"].round(4).tolist()
    [0.3143, 0.6571, 0.3143, 0.6571]
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    of_rows, _ = moments(fit)
    mean, between, within, v = (
        part[:, of_rows.pattern] for part in (of_rows.mean, of_rows.between, of_rows.within, of_rows.v)
    )
    sources = {"response": (mean.var(axis=1), between.mean(axis=1), within.mean(axis=1))}
    residual = latent_residual(fit)
    if residual is not None:
        fixed = _without_offset(fit, of_rows).var(axis=1)
        sources["latent"] = (fixed, v.mean(axis=1), residual.variance)
    rows: list[tuple[str, str, Array]] = []
    for scale, (fixed, random, rest) in sources.items():
        total = fixed + random + rest
        rows.append((scale, "R2 population", fixed / total))
        rows.append((scale, "R2 conditional", (fixed + random) / total))
    grid = pd.DataFrame({"scale": [row[0] for row in rows], "quantity": [row[1] for row in rows]})
    latent = "" if residual is None else "; latent scale: Nakagawa's"
    of_what = "" if fit.family.mean_is_mu else f" of {response_words(fit)}"
    estimand = f"share of variance{of_what} accounted for ({RESPONSE_SCALE}{latent})"
    description = "" if residual is None else residual.description
    return quantities(
        fit,
        np.stack([row[2] for row in rows], axis=1),
        grid,
        shown,
        f"{estimand}; of {_DIVISOR}",
        quantity=f"share of variance{of_what}",
        description=estimand,
        remarks=(f"latent residual: {description}",) if description else (),
        hypothesis=hypothesis,
        latent_residual=description,
    )


def _without_offset(fit: Fit, rows: Moments) -> Array:
    """Return what covariates alone make of the linear predictor, shape (draw, row)."""
    if fit.predictors[MEAN].is_marginal:
        # The conditional predictor is no sum of its parts.
        design = replace(fit.design, offset=np.zeros(len(fit.design)))
        return fixed_part(fit.flat, fit.predictors[MEAN], design, slice(None))
    return np.asarray(rows.eta[:, rows.pattern] - fit.design.offset)
