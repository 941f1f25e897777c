"""A family in, a table out: whether its density, mean, variance, draws and gradient fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from glmm_bayes.core.arguments import checked_seed, whole_number
from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.graph.custom_families import made_family
from glmm_bayes.laws import distributions, moments
from glmm_bayes.laws.case import cases_of
from glmm_bayes.laws.gradients import COMPARED, Graphs
from glmm_bayes.laws.points import points_of
from glmm_bayes.laws.responses import SUPPORTS, support_of
from glmm_bayes.spec.custom_family import CustomFamily

_MOST_DRAWS = 1_000_000


def check_family(
    family: CustomFamily | str,
    mu: Sequence[float] | None = None,
    parameters: Mapping[str, Sequence[float]] | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Check a family by the laws that the listed families keep.

    The density sums up to 1 over its support; mean and variance are those of the density; draws have
    its distribution (Kolmogorov-Smirnov, chi-square for whole numbers, categories and exact ends); the
    sampler's graph has the density of arrays; its gradient is that of differences; and both are finite 30
    units out on every link.

    Parameters
    ----------
    family : CustomFamily or str
        A family of yours, registered or not, or the name of a registered one.
    mu : sequence of float, optional
        Values of ``mu``; of a family of categories those of its linear predictors. Default: four that its
        first link has.
    parameters : mapping of str to sequence of float, optional
        Values of each further parameter, equally many. Default: two about the middle of its prior.
    draws : int
        Random draws for each combination of ``mu`` and the further parameters.
    seed : int

    Returns
    -------
    pandas.DataFrame
        Columns ``law``, ``result`` ("passed" or "failed") and ``found``, the worst of all points.

    Raises
    ------
    FormulaError
        ``unknown_family``; ``custom_family`` if the family's responses are of a kind of their own, or it has
        no such parameter; ``settings`` of draws and seed.

    Notes
    -----
    Thresholds stand at -1, 0.5 and 2; a family with thresholds is looked at under each of its links, one of
    categories without an order with three of them. Numbers in trials are those in one trial and in five.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> table = gb.check_family("poisson")
    >>> set(table["result"])
    {'passed'}
    """
    draws = whole_number("draws", draws, 1, _MOST_DRAWS, FormulaError)
    seed = checked_seed(seed, FormulaError)
    checked = _family(family)
    points = points_of(checked, mu, parameters)
    cases = cases_of(checked, points, max(draws, COMPARED), seed)
    graphs = Graphs(cases)
    rows = [
        (f"the density {'sums' if checked.is_discrete else 'integrates'} to 1", moments.total(cases)),
        ("the mean is that of the density", moments.mean(cases)),
        ("the variance is that of the density", moments.variance(cases)),
        ("draws lie in the support", distributions.in_support(cases)),
        ("draws have the distribution of the density", distributions.distribution(cases)),
        ("the graph has the density of arrays", graphs.density()),
        ("the gradient is that of differences", graphs.gradient()),
        ("density and gradient are finite 30 units out", graphs.far_out()),
    ]
    table = pd.DataFrame(
        [(law, "passed" if holds else "failed", worst) for law, (holds, worst) in rows],
        columns=["law", "result", "found"],
        dtype=object,
    )
    caption = f"Laws of the family {checked.name} at {points.size} points of its parameters."
    return captioned(table, caption, left_aligned=tuple(table.columns))


def _family(family: CustomFamily | str) -> Family:
    made = made_family(family) if isinstance(family, CustomFamily) else FAMILIES[family]
    if support_of(made) in SUPPORTS:
        return made
    message = f"{made.name} has responses of a kind of its own ({made.support.kind}), which no law is of."
    raise FormulaError(Finding("custom_family", message, hint=f"Kinds with laws: {', '.join(SUPPORTS)}."))
