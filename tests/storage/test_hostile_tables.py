"""Known matrices, graphs and coordinates that a model refuses are refused when a file is opened."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.storage.manifest_changes import DATA, TABLES, array_changed, entry_set, made_elsewhere, rewritten

STRUCTURED = {
    "K": "y ~ x + (1 | gr(g, cov = K))",
    "W": 'y ~ x + (1 | gr(g, structure = "icar", graph = W))',
    "P": 'y ~ x + (1 | gr(g, structure = "matern", coordinates = P))',
}


def at(row, column, value):
    def change(numbers):
        numbers = np.array(numbers)
        numbers[row, column] = value
        return numbers

    return change


EVERYWHERE = {
    "a number that is missing": at(0, 1, np.nan),
    "an infinite number": at(0, 0, np.inf),
    "numbers without squares": lambda numbers: numbers * 1e300,
    "numbers whose squares are 0": lambda numbers: numbers * 1e-300,
    "all the same": np.zeros_like,
}
WRONG = {
    "K": EVERYWHERE
    | {
        "halves that differ": at(0, 1, 0.9),
        "variances below 0": np.negative,
        "a variance without a square": at(0, 0, 1e-200),
        "no covariances": lambda numbers: np.ones((3, 3)) * 2 - np.eye(3),
    },
    "W": EVERYWHERE
    | {
        "halves that differ": at(0, 1, 2.0),
        "weights below 0": np.negative,
        "its own neighbour": lambda numbers: numbers + np.eye(3),
    },
    "P": EVERYWHERE,
}
CASES = [(name, kind) for name, kinds in WRONG.items() for kind in kinds]


@pytest.mark.parametrize(("name", "kind"), CASES)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_what_a_model_refuses_to_know_is_refused_on_opening(name, kind, tmp_path):
    table, data = TABLES[name], made_elsewhere(STRUCTURED[name], table=name)
    wrong = WRONG[name][kind](table.to_numpy())
    with pytest.raises(gb.GlmmError):
        gb.Model(STRUCTURED[name], DATA, known={name: pd.DataFrame(wrong, table.index, table.columns)})
    with pytest.raises(gb.StorageError) as caught:
        gb.load(rewritten(tmp_path, array_changed("data/known_0", lambda numbers: wrong), data))
    assert caught.value.code in {"load_unsafe", "load_corrupt"}, caught.value


@pytest.mark.parametrize("name", STRUCTURED)
@pytest.mark.parametrize("kind", ["matrix", "graph", "coordinates"])
def test_a_table_of_another_kind_than_its_formula_names_is_refused(name, kind, tmp_path):
    data = made_elsewhere(STRUCTURED[name], table=name)
    path = rewritten(tmp_path, entry_set(kind, "known", 0, "kind"), data)
    if kind == {"K": "matrix", "W": "graph", "P": "coordinates"}[name]:
        assert gb.load(path).known[name].representation == kind
        return
    with pytest.raises(gb.StorageError) as caught:
        gb.load(path)
    assert caught.value.code == "load_unsafe"
