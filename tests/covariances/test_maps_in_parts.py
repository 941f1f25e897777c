"""Maps in several parts: BYM2 scales each, islands keep the independent part, icar names them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

PATH = [f"a{i:02d}" for i in range(12)]
AREAS = [*PATH, "p", "q", "r", "s"]
PAIRS = pd.DataFrame([*pairwise(PATH), ("p", "q"), ("r", "s")], columns=["area", "neighbour"])
DATA = pd.DataFrame({"g": np.tile(AREAS, 2), "x": np.linspace(0, 1, 32), "y": np.arange(32) % 5})
BYM2 = 'y ~ x + (1 | gr(g, structure = "bym2", graph = W))'
ICAR = BYM2.replace("bym2", "icar")


def square(pairs, labels):
    frame = pd.DataFrame(0.0, index=labels, columns=labels)
    for one, other in pairs.itertuples(index=False):
        frame.loc[one, other] = frame.loc[other, one] = 1.0
    return frame


def levels_of(formula, data, known):
    return gb.Model(formula, data, "poisson", known={"W": known}).priors.groups[0].blocks[0].levels


def test_the_typical_variance_of_each_part_is_one():
    """Geometric mean of the variances at share 1: 1 in each part (Freni-Sterrantino and others 2018)."""
    variances = np.diag(levels_of(BYM2, DATA, PAIRS).matrix({"share": 1.0}))
    for part in (slice(0, 12), slice(12, 14), slice(14, 16)):
        assert np.exp(np.log(variances[part]).mean()) == pytest.approx(1.0, rel=1e-12)
    rows = levels_of(BYM2, DATA, PAIRS).variance(
        {"share": np.array([1.0])}, np.arange(16)[:, None], np.ones((16, 1))
    )
    np.testing.assert_allclose(rows[0], variances, rtol=1e-12)


def test_areas_without_rows_belong_to_the_scale_of_their_part():
    whole = np.diag(levels_of(BYM2, DATA, PAIRS).matrix({"share": 1.0}))
    some = DATA[~DATA["g"].isin(["a05", "q"])]
    kept = [index for index, area in enumerate(AREAS) if area not in ("a05", "q")]
    fewer = np.diag(levels_of(BYM2, some, PAIRS).matrix({"share": 1.0}))
    np.testing.assert_allclose(fewer, whole[kept], rtol=1e-12)


JOINED = PAIRS[PAIRS["area"] != "r"]
MAPS = {
    "pairs": JOINED,
    "matrix": square(JOINED, AREAS),
    "matrix without them": square(JOINED, AREAS[:14]),
    "mapping": {area: JOINED.loc[JOINED["area"] == area, "neighbour"].tolist() for area in AREAS},
}


@pytest.mark.parametrize("kind", MAPS)
def test_an_island_has_the_independent_part_alone(kind):
    """Variance (1 - share) sd^2, and no covariance with any area, however the map is written."""
    levels = levels_of(BYM2, DATA, MAPS[kind])
    for share in (0.0, 0.3, 1.0):
        matrix = levels.matrix({"share": share})
        np.testing.assert_allclose(np.diag(matrix)[14:], 1 - share, atol=1e-15)
        np.testing.assert_array_equal(matrix[14:, :14], 0.0)
    model = gb.Model(BYM2, DATA, "poisson", known={"W": MAPS[kind]})
    assert any("2 levels of 'g' (r, s) have no neighbour" in finding.message for finding in model.findings)


@pytest.mark.parametrize("kind", MAPS)
def test_icar_names_an_island_and_the_remedy(kind):
    with pytest.raises(gb.DataError, match=r"2 levels of 'g' \(r, s\) have no neighbour.*bym2"):
        gb.Model(ICAR, DATA, "poisson", known={"W": MAPS[kind]})
    # An island without rows is nobody's effect.
    kept = DATA[~DATA["g"].isin(["r", "s"])]
    levels = levels_of(ICAR, kept, MAPS[kind])
    assert np.linalg.matrix_rank(levels.matrix({})) == 14 - 2


@pytest.mark.parametrize("formula", [BYM2, ICAR])
def test_a_map_of_islands_alone_or_of_other_areas_is_refused(formula):
    alone = pd.DataFrame(0.0, index=AREAS, columns=AREAS)
    others = pd.DataFrame([("u", "v")], columns=["area", "neighbour"])
    for known in (alone, others):
        with pytest.raises(gb.DataError):
            gb.Model(formula, DATA, "poisson", known={"W": known})


def test_the_rank_of_an_intrinsic_map_is_areas_less_parts():
    assert np.linalg.matrix_rank(levels_of(ICAR, DATA, PAIRS).matrix({})) == 16 - 3


def test_a_level_that_a_map_does_not_name_is_told_with_the_nearest_spelling():
    data = DATA.assign(g=DATA["g"].replace("a05", "a5"))
    with pytest.warns(gb.GlmmWarning, match=r"does not name 1 levels of 'g' \(a5\).*Did you mean 'a05'"):
        gb.Model(BYM2, data, "poisson", known={"W": PAIRS})
