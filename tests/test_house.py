"""The contracts of imports name every room and file that they are about, and class names stand once."""

import ast
import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

from glmm_bayes.covariances import COVARIANCES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "glmm_bayes"
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONTRACTS = {one["name"]: one for one in tomllib.loads(PYPROJECT)["tool"]["importlinter"]["contracts"]}
LAYERS = CONTRACTS["Imports run one way"]["layers"]
#: Files of sampling that may import PyMC or a sampler: the engines, and the densities that they compile.
ENGINES = {"bridge", "densities", "nutpie_engine", "pymc_engine"}


def names_in(folder):
    """Return the names of the rooms or files of a folder that can be imported."""
    files = {file.stem for file in folder.glob("*.py")}
    rooms = {file.parent.name for file in folder.glob("*/__init__.py")}
    return (files | rooms) - {"__init__"}


def rooms_of(layers):
    return [room for layer in layers for room in re.findall(r"\w+", layer)]


def listed(contract):
    return sorted(name.removeprefix("glmm_bayes.") for name in CONTRACTS[contract]["source_modules"])


@cache
def trees():
    files = sorted(PACKAGE.rglob("*.py"))
    return [
        (file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))) for file in files
    ]


def test_every_room_stands_once_in_the_layers():
    assert sorted(rooms_of(LAYERS)) == sorted(names_in(PACKAGE))


def test_every_room_is_in_a_contract_against_pymc_except_the_graph_and_the_engines():
    direct = listed("In sampling PyMC stands in the engines and their densities alone")
    everywhere = listed("PyMC and PyTensor in graph and the engines alone")
    files = {f"sampling.{name}" for name in names_in(PACKAGE / "sampling") - ENGINES}
    assert sorted([*direct, *everywhere]) == sorted((names_in(PACKAGE) - {"graph", "sampling"}) | files)


def test_only_the_graph_and_the_engines_import_pymc():
    importing = set()
    for file, tree in trees():
        for node in ast.walk(tree):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(module.split(".")[0] in ("pymc", "pytensor", "nutpie") for module in modules):
                importing.add(file)
    engines = {f"glmm_bayes/sampling/{name}.py" for name in ENGINES}
    assert {file for file in importing if not file.startswith("glmm_bayes/graph/")} <= engines


def test_every_room_below_the_fit_is_in_the_contract_against_frames_except_the_data_sets():
    above = next(i for i, layer in enumerate(LAYERS) if "fit" in rooms_of([layer]))
    below = set(rooms_of(LAYERS[above + 1 :])) - {"datasets"} | {"kernels"}
    assert listed("Arrays, not frames, below the fit") == sorted(below)


def test_every_covariance_structure_is_in_the_contract_of_independence():
    modules = CONTRACTS["Covariance structures know nothing of one another"]["modules"]
    ours = {COVARIANCES[name].__module__ for name in COVARIANCES if name not in COVARIANCES.added}
    assert sorted(modules) == sorted(ours)


def test_ignored_imports_are_at_most_six_each_with_its_reason():
    ignored = {line for one in CONTRACTS.values() for line in one.get("ignore_imports", ())}
    assert len(ignored) <= 6
    blocks = re.findall(r"^ignore_imports = \[\n(.*?)^\]", PYPROJECT, re.M | re.S)
    assert len(blocks) == sum("ignore_imports" in one for one in CONTRACTS.values())
    assert all(block.lstrip().startswith("#") for block in blocks)


def test_a_class_name_stands_once_in_the_package():
    places = defaultdict(list)
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{file}:{node.lineno}")
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_core_looks_at_no_higher_room_by_way_of_the_modules_that_are_loaded():
    for file in sorted((PACKAGE / "core").rglob("*.py")):
        assert 'modules["glmm_bayes' not in file.read_text(encoding="utf-8"), file
