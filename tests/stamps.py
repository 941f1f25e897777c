"""Stamps: what a long run last passed on, committed, so that the first tier tells when to run it again.

``python -m tests.stamps notebooks`` runs what takes too long for every commit and, where it passes, writes
the SHA-256 of what it ran on to ``tests/stamped/notebooks.json``. What a run depends on is chosen so that a
stamp is old when the answer may be another, not after each edit of a line. Numbers of the package are known
by what the first tier holds them to: the reference answers in ``tests/oracles`` and the numbers that examples
in docstrings print. An edit that moves a number fails a test there until its answer is changed, and then the
stamp is old; an edit that moves none leaves it. A stamp that is missing is old.
"""

import ast
import doctest
import hashlib
import importlib.metadata
import inspect
import json
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import glmm_bayes

ROOT = Path(__file__).resolve().parents[1]
STAMPED = ROOT / "tests" / "stamped"
PACKAGES = ("numpy", "pandas", "scipy", "pymc")


class Run(NamedTuple):
    """A long run: the words after ``python``, and the texts that decide whether it has to be done again."""

    command: tuple[str, ...]
    inputs: Callable[[], dict[str, str]]


def _parameters(function):
    """Return names, kinds and plain defaults of what a function takes: the same on every Python."""
    plain = (str, int, float, bool, tuple, type(None))
    told = []
    for each in inspect.signature(function).parameters.values():
        default = "" if each.default is each.empty else type(each.default).__name__
        default = repr(each.default) if isinstance(each.default, plain) else default
        told.append(f"{each.kind.name} {each.name}={default}")
    return ", ".join(told)


def _methods(value):
    """Yield the methods and properties of a class that are written in the package, as functions."""
    for member, held in inspect.getmembers_static(value) if inspect.isclass(value) else ():
        function = getattr(held, "__func__", getattr(held, "fget", held))
        if inspect.isfunction(function) and function.__module__.startswith("glmm_bayes"):
            yield member, function


def interface(text):
    """Return the public names of the package that a text calls, with the parameters that they take."""
    lines = []
    for name in sorted(name for name in glmm_bayes.__all__ if re.search(rf"\b{name}\b", text)):
        value = getattr(glmm_bayes, name)
        lines.append(f"{name}({_parameters(value)})" if inspect.isfunction(value) else name)
        for member, function in _methods(value):
            if member == "__init__" or re.search(rf"\.{member}\b", text):
                lines.append(f"{name}.{member}({_parameters(function)})")
    return "\n".join(lines)


def _names_taken(tree):
    """Yield the dotted names that a module takes from PACKAGES."""
    alias = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                alias[each.asname or each.name.split(".")[0]] = each.name if each.asname else None
                yield each.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for each in node.names:
                alias[each.asname or each.name] = f"{node.module}.{each.name}"
                yield f"{node.module}.{each.name}"
    for node in ast.walk(tree):
        dots = []
        while isinstance(node, ast.Attribute):
            dots.insert(0, node.attr)
            node = node.value
        if dots and isinstance(node, ast.Name) and node.id in alias:
            yield ".".join([alias[node.id] or node.id, *dots])


def names_of_other_packages():
    """Return every name of NumPy, pandas, SciPy and PyMC that the package uses."""
    found = set()
    for file in sorted((ROOT / "glmm_bayes").rglob("*.py")):
        found |= set(_names_taken(ast.parse(file.read_text(encoding="utf-8"))))
    return "\n".join(sorted(name for name in found if name.split(".")[0] in PACKAGES))


def _files(*patterns):
    files = [file for pattern in patterns for file in sorted(ROOT.glob(pattern))]
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return "\n".join([project["requires-python"], *project["dependencies"]])


def _version():
    """Return the package's version and its edition of defaults: what changes them may change numbers."""
    edition = inspect.signature(glmm_bayes.ModelSpec).parameters["edition"].default
    return f"{glmm_bayes.__version__}, edition {edition}"


def numbers_of(docstring):
    """Return the lines with a digit that examples of a docstring print, without their indentation."""
    lines = [
        line
        for example in doctest.DocTestParser().get_examples(docstring)
        for line in example.want.split("\n")
    ]
    return [line.strip() for line in lines if re.search(r"\d", line)]


def numbers_of_examples():
    """Return the numbers that examples of public names print, a name a line; messages of errors are texts."""
    told = []
    for name in sorted(glmm_bayes.__all__):
        value = getattr(glmm_bayes, name)
        if inspect.isclass(value) and issubclass(value, BaseException | Warning):
            continue
        documented = {name: value} | {f"{name}.{member}": held for member, held in _methods(value)}
        for place, held in documented.items():
            numbers = numbers_of(held.__doc__ or "")
            told += [f"{place}: {' | '.join(numbers)}"] if numbers else []
    return "\n".join(told)


def _of_notebooks():
    notebooks = _files("notebooks/*.ipynb")
    answers = _files("tests/oracles/*.json", "tests/oracles/*.csv", "tests/oracles/saved/*.json")
    return {
        **notebooks,
        **_files("locks/dev.txt"),
        "names that they call": interface("\n".join(notebooks.values())),
        "reference answers": "\n".join(f"{file}\n{text}" for file, text in answers.items()),
        "numbers of examples": numbers_of_examples(),
        "version": _version(),
    }


def _of_lowest():
    names = {"ranges of pyproject.toml": _ranges(), "names of other packages": names_of_other_packages()}
    return {**_files("locks/lowest.txt"), **names, "version": _version()}


def code_of(text):
    """Return what a module does, without docstrings and comments and however it is laid out."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.unparse(tree)


def _code(*patterns):
    return "\n".join(f"{file}\n{code_of(text)}" for file, text in _files(*patterns).items())


def _of_studies():
    """Return what draws, and the tails that take minutes to compile.

    That densities are right, which other rooms decide, the first tier tells.
    """
    return {
        **_files("locks/dev.txt"),
        "code of graph and sampling": _code("glmm_bayes/graph/*.py", "glmm_bayes/sampling/*.py"),
        "code of kernels": _code("glmm_bayes/kernels/*.py")
        + "\n".join(_files("glmm_bayes/kernels/source/*").values()),
        "code of tails": _code("glmm_bayes/core/incomplete.py", "glmm_bayes/core/log_gammas.py"),
        "version": _version(),
    }


RUNS = {
    "studies": Run(("-m", "pytest", "-m", "study", "-n", "2", "--dist", "worksteal"), _of_studies),
    "notebooks": Run(("-m", "tests.notebooks.run_all"), _of_notebooks),
    "lowest": Run(
        (
            "-m",
            "pytest",
            "-m",
            "not slow and not study",
            "-n",
            "2",
            "--dist",
            "worksteal",
            "--ignore=tests/test_stamps.py",
        ),
        _of_lowest,
    ),
}


def _hashes(run):
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in run.inputs().items()}


def stale(name):
    """Return what differs from what a run was stamped on: names of its inputs, none where the stamp holds."""
    file = STAMPED / f"{name}.json"
    then = json.loads(file.read_text(encoding="utf-8"))["ran on"] if file.is_file() else {}
    now = _hashes(RUNS[name])
    return sorted(each for each in then.keys() | now.keys() if then.get(each) != now.get(each))


def do(name):
    """Do a run and, where it passes, stamp it; return its exit status."""
    hashes = _hashes(RUNS[name])
    status = subprocess.call([sys.executable, *RUNS[name].command], cwd=ROOT)
    if status == 0:
        versions = {each: importlib.metadata.version(each) for each in PACKAGES}
        told = {"ran on": hashes, "ran with": {"python": platform.python_version(), **versions}}
        STAMPED.mkdir(exist_ok=True)
        (STAMPED / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        print(f"stamped: commit tests/stamped/{name}.json")
    return status


if __name__ == "__main__":
    sys.exit(max(do(name) for name in sys.argv[1:]))
