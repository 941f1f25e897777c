"""What structures ask of columns: ascending times, one coding of a column, weights that are shares."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

RNG = np.random.default_rng(12)
LEVELS = list("abcde")
DATA = pd.DataFrame(
    {
        "g": np.resize(LEVELS, 60),
        "h": np.resize(LEVELS[::-1], 60),
        "arm": np.where(np.isin(np.resize(LEVELS, 60), ["a", "b"]), "old", "new"),
        "time": np.repeat([1, 2, 10], 20),
        "w": RNG.uniform(0, 1, 60),
        "x": RNG.normal(size=60),
        "y": RNG.integers(0, 2, 60),
    }
)


def test_levels_of_a_time_series_must_ascend():
    data = DATA.assign(t=pd.Categorical(DATA["time"], categories=[10, 1, 2]))
    with pytest.raises(gb.DataError, match="takes levels in ascending order, found 10, 1, 2") as caught:
        gb.Model('x ~ w + (0 + t | gr(g, structure = "ar1"))', data)
    assert caught.value.code == "structure"


def test_a_column_written_out_as_levels_may_not_stand_in_two_terms():
    with pytest.raises(gb.DataError, match=r"'C\(time\)' varies by 'g' in two terms"):
        gb.Model('x ~ w + (0 + time | gr(g, structure = "ar1")) + (0 + C(time) | g)', DATA)


def test_areas_without_rows_still_join_their_neighbours():
    path = ["a", "b", "c", "z", "d", "e"]
    edges = pd.DataFrame(list(itertools.pairwise(path)))
    model = gb.Model(
        'y ~ w + (1 | gr(g, structure = "icar", graph = W))', DATA, "bernoulli", known={"W": edges}
    )
    found = model.priors.groups[0].blocks[0].levels.matrix({})
    w = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    whole = np.linalg.pinv(np.diag(w.sum(axis=1)) - w)
    rows = [path.index(level) for level in LEVELS]
    np.testing.assert_allclose(found, whole[np.ix_(rows, rows)], atol=1e-12)
    assert not [finding for finding in model.findings if "parts" in finding.message]


def test_a_map_in_parts_is_told():
    edges = pd.DataFrame([("a", "b"), ("b", "c"), ("d", "e")])
    model = gb.Model(
        'y ~ w + (1 | gr(g, structure = "icar", graph = W))', DATA, "bernoulli", known={"W": edges}
    )
    assert any("has 2 parts" in finding.message for finding in model.findings)


def test_two_pairs_are_a_map_and_labels_from_one_are_labels():
    three = DATA[DATA["g"].isin(["a", "b", "c"])]
    pairs = pd.DataFrame([("a", "b"), ("b", "c")], columns=["area", "neighbour"])
    gb.Model('y ~ w + (1 | gr(g, structure = "icar", graph = W))', three, "bernoulli", known={"W": pairs})
    numbered = DATA.assign(g=DATA["g"].map({level: rank + 1 for rank, level in enumerate(LEVELS)}))
    for index in (range(1, 6), [1.0, 2.0, 3.0, 4.0, 5.0]):
        k = pd.DataFrame(np.eye(5), index=index, columns=index)
        gb.Model("y ~ w + (1 | gr(g, cov = K))", numbered, "bernoulli", known={"K": k})


def test_weights_of_members_are_shares():
    bad = {"all zero": 0.0, "negative": -1.0}
    for value in bad.values():
        with pytest.raises(gb.DataError, match="must not be negative or all zero") as caught:
            gb.Model("y ~ w + (1 | mm(g, h, weights = cbind(u, u)))", DATA.assign(u=value), "bernoulli")
        assert (caught.value.code, caught.value.column, len(caught.value.rows)) == ("weights", "u", 60)
    with pytest.warns(gb.GlmmWarning, match="do not add up to 1 in 60 rows"):
        gb.Model("y ~ w + (1 | mm(g, h, weights = cbind(u, u)))", DATA.assign(u=1.0), "bernoulli")
    with warnings.catch_warnings():
        warnings.simplefilter("error", gb.GlmmWarning)
        gb.Model("y ~ x + (1 | mm(g, h, weights = cbind(w, 1 - w)))", DATA, "bernoulli")


def test_a_number_and_its_text_are_one_member():
    data = DATA.assign(a=np.resize([1, 2, 3, 4, 5], 60), b=np.resize(["5", "4", "3", "2", "1"], 60))
    assert len(gb.Model("y ~ x + (1 | mm(a, b))", data, "bernoulli").design.groups[0].levels) == 5


def test_a_level_with_rows_of_several_levels_of_by_is_noted():
    model = gb.Model("y ~ w + (1 | gr(g, by = s))", DATA.assign(s=np.resize(["u", "v"], 60)), "bernoulli")
    assert any(finding.code == "by_varies" for finding in model.findings)
