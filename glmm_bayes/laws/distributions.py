"""Cases of a family in; whether draws lie in the support and have the distribution of the density, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from glmm_bayes.core.maths import Array
from glmm_bayes.laws.case import Case
from glmm_bayes.laws.integrals import NumericalLaw
from glmm_bayes.laws.moments import Verdict
from glmm_bayes.laws.responses import Responses

#: Draws that fit their density pass with all but this probability, a point.
_RARE = 1e-5
#: Expected draws below which a cell of chi-square is merged.
_FEW = 5.0


def in_support(cases: Sequence[Case]) -> Verdict:
    """Tell whether all draws are responses."""
    count, outside, text = 0, 0, ""
    for case in cases:
        inside = case.responses.contain(case.drawn)
        count += inside.size
        outside += int((~inside).sum())
        if not text and not inside.all():
            _, point = place = tuple(np.argwhere(~inside)[0])
            text = f"{np.array2string(case.drawn[place], precision=4)} at {case.text(int(point))}"
    if not outside:
        return True, f"{count:,} draws"
    return False, f"{outside:,} of {count:,} do not: {text}"


def distribution(cases: Sequence[Case]) -> Verdict:
    """Test the draws of each point against the density; tell the smallest p-value."""
    smallest, text = np.inf, ""
    for case in cases:
        columns = np.moveaxis(case.drawn, 1, 0)
        for point, (y, law) in enumerate(zip(columns, case.laws, strict=True)):
            chance = _chance(y, law, case.responses)
            # No p-value is the worst.
            chance = chance if chance >= 0 else -1.0
            if chance < smallest:
                smallest, text = chance, case.text(point)
    test, draws = _test(cases[0].responses), len(cases[0].drawn)
    result = f"smallest p-value {smallest:.2g} ({test}, {draws:,} draws a point)"
    return (True, result) if smallest > _RARE else (False, f"{result}, at {text}")


def _test(responses: Responses) -> str:
    if responses.ends:
        return "Kolmogorov-Smirnov inside, chi-square of the ends"
    return "chi-square" if responses.is_discrete else "Kolmogorov-Smirnov"


def _chance(sample: Array, law: NumericalLaw, responses: Responses) -> float:
    """Return the p-value of draws of one point."""
    if not law.holds or not np.isfinite(sample).all():
        return 0.0
    if responses.is_discrete:
        return _chi_square(np.maximum(responses.positions(sample), 0.0), law)
    at_end = np.isin(sample, responses.ends)
    inside = _kolmogorov(sample[~at_end], law.inside()) if not at_end.all() else 1.0
    return min(inside, _of_ends(sample, law, responses)) if responses.ends else inside


def _of_ends(sample: Array, law: NumericalLaw, responses: Responses) -> float:
    """Compare the numbers of draws at the ends of a support, and of all others."""
    shares = law.shares[law.is_point]
    counts = np.array([(sample == end).sum() for end in responses.ends])
    observed = np.append(counts, len(sample) - counts.sum())
    return _fit(observed, len(sample) * np.append(shares, 1.0 - shares.sum()))


def _kolmogorov(sample: Array, law: NumericalLaw) -> float:
    return float(stats.kstest(sample, lambda y: np.interp(y, law.y, law.distribution)).pvalue)


def _chi_square(positions: Array, law: NumericalLaw) -> float:
    """Compare numbers of draws with those expected in about twenty cells."""
    edges = np.unique(np.searchsorted(law.distribution, np.linspace(0.0, 1.0, 21)[1:-1]))
    expected = np.diff(np.concatenate([[0.0], law.distribution[edges], [1.0]])) * len(positions)
    cells = np.searchsorted(edges, positions, side="left")
    # What chi-square does not hold for, a few draws expected, goes to the largest cell.
    cells = np.where(expected >= _FEW, np.arange(len(expected)), np.argmax(expected))[cells]
    return _fit(np.bincount(cells, minlength=len(expected)), expected)


def _fit(observed: NDArray[np.int64], expected: Array) -> float:
    """Return the p-value of chi-square over cells of which enough draws are expected."""
    kept = expected >= _FEW
    statistic = float((((observed - expected) ** 2)[kept] / expected[kept]).sum())
    return float(stats.chi2(max(int(kept.sum()) - 1, 1)).sf(statistic))
