"""Runs that take too long for every commit have passed on what is here now."""

import ast

import pytest

from tests import stamps


@pytest.mark.parametrize("name", sorted(stamps.RUNS))
def test_the_stamp_of_a_long_run_is_of_what_is_here(name):
    old = stamps.stale(name)
    assert not old, f"{old} changed: run 'python do.py {name}' and commit tests/stamped/{name}.json"


@pytest.fixture
def texts(monkeypatch, tmp_path):
    """Return the inputs of a run that passes."""
    texts = {"a": "1", "b": "2", "passes": "yes"}
    command = ("-c", "import sys; sys.exit(0)")
    monkeypatch.setattr(stamps, "STAMPED", tmp_path / "stamped")
    monkeypatch.setattr(stamps, "RUNS", {"long": stamps.Run(command, lambda: dict(texts))})
    return texts


def test_a_run_that_passes_is_stamped_and_what_changes_after_it_is_named(texts):
    assert stamps.stale("long") == ["a", "b", "passes"]
    assert stamps.do("long") == 0
    assert stamps.stale("long") == []
    texts["b"] = "3"
    del texts["a"]
    assert stamps.stale("long") == ["a", "b"]


def test_a_run_that_fails_leaves_no_stamp(texts, monkeypatch):
    failing = stamps.Run(("-c", "import sys; sys.exit(3)"), lambda: dict(texts))
    monkeypatch.setitem(stamps.RUNS, "long", failing)
    assert stamps.do("long") == 3
    assert stamps.stale("long") == sorted(texts)


def test_the_interface_is_what_a_text_calls_with_its_parameters_and_no_place_in_memory():
    told = stamps.interface("fit = gb.Model(y).fit(seed=1); gb.predictions(fit)")
    assert [line.split("(")[0] for line in told.splitlines()] == [
        "Model",
        "Model.__init__",
        "Model.fit",
        "predictions",
    ]
    assert "draws=1000" in told and " at 0x" not in told


def test_numbers_of_examples_are_what_docstrings_print_and_not_their_words():
    docstring = """Give 7 numbers.

    >>> f(3)
    [0.25,
      0.5]
    >>> g(8)
    'a text'
    """
    assert stamps.numbers_of(docstring) == ["[0.25,", "0.5]"]
    assert "Prior: Normal(mu=0, sigma=2.5)" in stamps.numbers_of_examples()


def test_what_moves_a_number_makes_the_stamp_of_the_notebooks_old(monkeypatch):
    before = stamps.RUNS["notebooks"].inputs()
    assert "posteriors.json" in before["reference answers"]
    monkeypatch.setattr(stamps, "numbers_of_examples", lambda: "Prior: 2.6")
    after = stamps.RUNS["notebooks"].inputs()
    assert {name for name in before if before[name] != after[name]} == {"numbers of examples"}


def test_names_of_other_packages_are_found_under_any_name():
    tree = ast.parse("import numpy as np, scipy.linalg\nfrom pymc import Model as M\nnp.random.rand(M.x)")
    taken = set(stamps._names_taken(tree))
    assert {"numpy.random.rand", "scipy.linalg", "pymc.Model", "pymc.Model.x"} <= taken
    assert "numpy.asarray" in stamps.names_of_other_packages().split()


def test_the_code_of_a_module_is_what_it_does_and_not_what_it_says():
    module = '"""Says."""\n\nclass A:\n    """Says."""\n\n'
    module += '    def f(self, x):\n        """Says."""\n        return x + {}\n'
    one = stamps.code_of(module.format(1))
    assert one == stamps.code_of(module.format(" 1  # as before").replace("Says", "Tells"))
    assert one != stamps.code_of(module.format(2))
