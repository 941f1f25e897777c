"""Linear predictors and their links, of one number or of many."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue


def one(x):
    return np.array([[float(x)]])


def predictor(link, eta):
    return RowValue(LINKS[link], np.asarray(eta, float))
