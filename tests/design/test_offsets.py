"""Offsets add up to what is written, row by row; they and the group columns follow permuted rows."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.design.design import replay_design

RNG = np.random.default_rng(21)
ROWS = 40
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS),
        "e": RNG.uniform(1, 4, ROWS),
        "w": RNG.uniform(1, 4, ROWS),
        "f": RNG.permutation(np.resize(list("abc"), ROWS)),
        "g": RNG.permutation(np.resize(np.arange(8), ROWS)),
    }
)
OFFSETS = {
    "": np.zeros(ROWS),
    " + offset(e)": DATA["e"],
    " + offset(log(e))": np.log(DATA["e"]),
    " + offset(log(e)) + offset(w)": np.log(DATA["e"]) + DATA["w"],
    " + offset(-2*w + e/w)": -2 * DATA["w"] + DATA["e"] / DATA["w"],
}


@pytest.mark.parametrize("offset", OFFSETS)
def test_offsets_are_summed_row_by_row_and_are_no_columns(offset):
    design = gb.Model(f"y ~ x{offset}", DATA).design
    np.testing.assert_allclose(design.offset, OFFSETS[offset], rtol=1e-14)
    assert design.coefficients == ("Intercept", "x")


def test_permuted_rows_permute_offsets_and_group_columns():
    model = gb.Model("y ~ x + offset(log(e)) + offset(w) + (1 + scale(x) + f | g)", DATA)
    order = RNG.permutation(ROWS)
    new = replay_design(model.design, DATA.iloc[order], with_groups=True)
    np.testing.assert_array_equal(new.offset, model.design.offset[order])
    np.testing.assert_array_equal(new.groups[0].z, model.design.groups[0].z[order])
    assert new.groups[0].columns == model.design.groups[0].columns
