"""A Fit of a response with categories and replicated responses in; how often each category occurs out."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.canvas import GREY, STROKES, Picture, describe, legend, literal, new_picture, style
from glmm_bayes.plots.checks import ESTIMAND, bands, cell_words, replicated_band, verdict, write


def categories_check(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    """Draw how often each category occurs, with the band of the replicated frequencies."""
    categories, response = fit.response.categories, fit.response
    frequencies = _frequencies(response.values[None], len(categories))[0]
    cells = replicated_band(frequencies, _frequencies(replicated, len(categories)), interval)
    reading = verdict({"categories": cells})
    place = np.arange(len(categories), dtype=np.float64)
    what = "trials" if response.values.ndim > 1 else "rows"
    with style():
        picture = new_picture(7.2, 3.8)
        axes = picture.add_subplot()
        bars = axes.bar(place, frequencies, 0.8, color="#d5d5d5", edgecolor=GREY, linewidth=0.6)
        bands(axes, place, cells)
        point = axes.plot(place, cells.middle, "o", color=STROKES[0].color, markersize=5)[0]
        legend(axes, [bars, point], ["observed", cells.label])
        axes.set_ylim(top=1.3 * max(float(frequencies.max()), float(cells.upper.max())))
        axes.set_xticks(place, [literal(category, 18) for category in categories])
        axes.set_xlabel("category" if response.values.ndim > 1 else literal(response.label))
        axes.set_ylabel(f"number of {what}")
        write(picture, reading, interval)
    named = [f"{category}: {cell_words(cells, index)}" for index, category in enumerate(categories)]
    alt = (
        f"Bars of the number of {what} in each category, with points and bands for {len(replicated)} "
        f"replicated data sets. {'; '.join(named)}. {reading} Estimand: responses {ESTIMAND}; "
        f"band: {interval.name}."
    )
    describe(picture, alt, fit.caveats)
    return picture


def _frequencies(values: Array, size: int) -> Array:
    """Count each category, shape (replicate, category), of positions or of numbers of each."""
    if values.ndim == 3:
        return values.sum(axis=1)
    return np.stack([np.bincount(row.astype(np.int64), minlength=size) for row in values]).astype(np.float64)
