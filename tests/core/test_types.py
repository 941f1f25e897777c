"""Functions of the rooms of numbers say what they return, and each public one says it in a sentence, too."""

import ast
import importlib
import inspect
import re
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import pytest

import glmm_bayes

#: Rooms whose functions are typed by arrays.
ROOMS = ("core", "covariances", "families")
#: Functions that may return anything, each with the reason: "room/file.py::function".
EXCEPTIONS: dict[str, str] = {}

PACKAGE = Path(glmm_bayes.__file__).parent
FILES = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
ALIAS = "Array = NDArray[np.float64]"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def is_any(node):
    """Tell whether a node of a type is the type of anything, or a text in which it is written."""
    if isinstance(node, ast.Constant):
        return "Any" in re.findall(r"\w+", str(node.value))
    return getattr(node, "id", getattr(node, "attr", None)) == "Any"


def functions_of_anything(source):
    """List the functions, nested ones and methods too, that state no type of result or that of anything."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if f.returns is None or any(map(is_any, ast.walk(f.returns)))]


def untyped():
    """List them in the rooms."""
    return [
        f"{path.relative_to(PACKAGE).as_posix()}::{name}"
        for path in FILES
        for name in functions_of_anything(path.read_text(encoding="utf-8"))
    ]


def test_every_function_states_what_it_returns():
    assert [name for name in untyped() if name not in EXCEPTIONS] == []


def test_every_exception_is_one_and_has_its_reason():
    assert set(EXCEPTIONS) <= set(untyped())
    assert all(EXCEPTIONS.values())


STATED = ("Any", "typing.Any", "'Any'", "tuple[Array, Any]", "Array | Any", "list['Any']")


@pytest.mark.parametrize("stated", STATED)
def test_the_law_sees_anything_wherever_it_stands(stated):
    source = f"class A:\n    def f(self) -> {stated}: ...\n    def g(self) -> Array: ...\n"
    assert functions_of_anything(source) == ["f"]
    assert functions_of_anything("def f():\n    def g(x) -> int: ...\n") == ["f"]


def test_the_type_of_arrays_stands_in_one_file():
    holders = [path for path in FILES if ALIAS in path.read_text(encoding="utf-8").splitlines()]
    assert holders == [PACKAGE / "core" / "maths.py"]


def public(module):
    """Yield the public classes and functions that are written in a module, and the members of the classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            yield name, value
            yield from members(value)
        elif inspect.isfunction(value):
            yield name, value


def members(cls):
    """Yield the public methods and properties that are written in a class."""
    for name, value in vars(cls).items():
        member = getattr(value, "__func__", value)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield f"{cls.__name__}.{name}", member


def is_documented(value):
    """Tell whether something has a docstring; a method may inherit it, and a signature is none."""
    if inspect.isclass(value):
        return bool(value.__doc__) and not value.__doc__.startswith(f"{value.__name__}(")
    return bool(inspect.getdoc(value))


@every_file
def test_every_public_name_has_a_docstring(path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    module = importlib.import_module(name.removesuffix(".__init__"))
    assert module.__doc__
    assert [name for name, value in public(module) if not is_documented(value)] == []


class Stated(ABC):
    """A base whose method has a docstring."""

    @abstractmethod
    def size(self):
        """Return the size."""


@dataclass
class Unstated(Stated):
    length: int

    def size(self):
        return self.length

    def width(self): ...

    @property
    def height(self): ...

    @staticmethod
    def depth(): ...


def test_the_law_of_docstrings_takes_inherited_ones_alone():
    mute = [name for name, value in public(sys.modules[__name__]) if not is_documented(value)]
    assert [name for name in mute if not name.startswith("test_")] == [
        "Unstated",
        "Unstated.width",
        "Unstated.height",
        "Unstated.depth",
    ]
