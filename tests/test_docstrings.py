"""Docstrings: public names tell all that a caller needs, in examples that run; others one sentence."""

import ctypes
import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from functools import cached_property

import matplotlib.pyplot as plt
import pytest

import glmm_bayes as gb
from glmm_bayes.core.maths import Maths

PUBLIC = {name: getattr(gb, name) for name in gb.__all__}
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}
ERRORS = {name: value for name, value in CLASSES.items() if issubclass(value, (Exception, Warning))}
FUNCTIONS = {name: value for name, value in PUBLIC.items() if name not in CLASSES}
#: Rooms whose public functions are held to one sentence each.
ROOMS = (
    *("spec", "design", "priors", "describe", "graph", "sampling", "storage", "model", "cli", "commands"),
    *("kernels", "precompile"),
    *("core", "covariances", "families", "datasets", "laws", "fit", "effects", "plots", "predictive"),
    *("estimating_equations", "reporting"),
)
#: What classes of one room keep that stands in another.
PROTOCOLS = (Maths,)
#: Imperatives that end as a third person does.
IMPERATIVES = {"Address", "Bias", "Compress", "Focus", "Guess", "Pass", "Press", "Process", "Toss"}
#: Bases whose classes have no signature that Python tells.
NO_SIGNATURE = (Exception, dict, ctypes.Structure)
#: What begins the sentence of a value, not of a function.
NO_VERBS = ("The", "A", "An", "Whether")


def sections(value):
    """Split a docstring by its underlined headings."""
    _, *rest = re.split(r"^(\w[\w ]*)\n-{3,}$", inspect.getdoc(value) or "", flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


def documented(section):
    """List the names that a section describes: those that start lines without indent."""
    heads = [line.split(" : ")[0] for line in section.splitlines() if line and not line[0].isspace()]
    return [name.strip() for head in heads for name in head.split(",")]


def arguments(function):
    """List the arguments of a call, with the stars that they are documented with."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    given = inspect.signature(function).parameters.values()
    return [stars.get(one.kind, "") + one.name for one in given if one.name not in ("self", "cls")]


def plain(member):
    """Return the function of a method or of a property; None for anything else."""
    member = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return member if inspect.isfunction(member) else None


def members(owner):
    """Give public methods and properties that a class itself states."""
    for name, member in vars(owner).items():
        if not name.startswith("_") and plain(member):
            yield name, member


def is_property(member):
    return isinstance(member, (property, cached_property))


def modules():
    for module in pkgutil.walk_packages(gb.__path__, "glmm_bayes."):
        if module.name.split(".")[1] in ROOMS:
            yield importlib.import_module(module.name)


def stated():
    """Give the public functions, classes, methods and properties of rooms, with the classes of methods."""
    for module in modules():
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(value):
                yield f"{module.__name__}.{name}", value, None
                for member_name, member in members(value):
                    yield f"{module.__name__}.{name}.{member_name}", member, value
            elif inspect.isfunction(value):
                yield f"{module.__name__}.{name}", value, None


STATED = {name: (value, owner) for name, value, owner in stated()}


def protocols_of(owner):
    """Return the protocols that a class keeps without naming them."""
    return [protocol for protocol in PROTOCOLS if all(hasattr(owner, name) for name, _ in members(protocol))]


def summary_of(value, owner):
    """Return the first paragraph, that of a base or of a protocol if a method has none itself."""
    name = getattr(plain(value), "__name__", "")
    bases = [*owner.__mro__, *protocols_of(owner)] if owner else []
    stating = [vars(base)[name] for base in bases if name in vars(base)]
    texts = [inspect.getdoc(plain(value) or value), *map(inspect.getdoc, stating)]
    text = next(filter(None, texts), "")
    # A data class without a docstring is given its signature as one.
    is_written = not text.startswith(f"{getattr(value, '__name__', '')}(") or not inspect.isclass(value)
    return text.split("\n\n")[0].replace("\n", " ") if is_written else ""


def methods_of_classes():
    return {
        f"{name}.{member}": plain(value)
        for name, owner in CLASSES.items()
        for member, value in members(owner)
        if not is_property(value)
    }


METHODS = methods_of_classes()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_tells_what_goes_in_what_comes_out_what_fails_and_shows_it(name):
    function, told = FUNCTIONS[name], sections(FUNCTIONS[name])
    has_arguments = bool(arguments(function))
    is_answer = inspect.signature(function).return_annotation not in (None, "None")
    wanted = {"Parameters": has_arguments, "Returns": is_answer, "Raises": has_arguments, "Examples": True}
    assert {section for section, is_wanted in wanted.items() if is_wanted} <= set(told)


#: Functions that estimate nothing: they register, read, write or make what others are given.
NO_ESTIMATE = {
    *("check_family", "grid", "load", "load_dataset", "report", "spec_schema"),
    *(name for name in FUNCTIONS if name.startswith("register_")),
}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - NO_ESTIMATE))
def test_what_estimates_names_its_source_with_author_and_year(name):
    assert re.search(r"[A-Z]\w+ .*\((19|20)\d\d\), ", sections(FUNCTIONS[name]).get("References", ""))


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_tells_what_it_holds_and_shows_it(name):
    told = set(sections(CLASSES[name]))
    assert "Examples" in told
    assert name in ERRORS or {"Parameters", "Attributes"} & told


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_a_public_class_tells_what_goes_in_and_what_comes_out(name):
    told = sections(METHODS[name])
    is_answer = inspect.signature(METHODS[name]).return_annotation not in (None, "None")
    assert "Parameters" in told or not arguments(METHODS[name])
    assert "Returns" in told or not is_answer


@pytest.mark.parametrize("name", {**FUNCTIONS, **METHODS})
def test_arguments_are_documented_in_the_order_of_the_signature(name):
    function = {**FUNCTIONS, **METHODS}[name]
    assert documented(sections(function).get("Parameters", "")) == arguments(function)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in ERRORS])
def test_what_makes_a_class_is_documented_in_the_order_of_its_signature(name):
    told = sections(CLASSES[name])
    given = arguments(CLASSES[name])
    listed = documented(told.get("Parameters", told.get("Attributes", "")))
    assert [argument for argument in listed if argument in given] == given


def is_sentence(text):
    """Tell whether a text is a sentence, or a formula with its reading."""
    return text.endswith((".", ":")) and (text[0] == text[0].upper() or " = " in text)


def is_imperative(text):
    first = text.partition(" ")[0].strip(",;:`")
    return first in IMPERATIVES or (not first.endswith("s") and first not in NO_VERBS)


def test_a_public_name_has_one_sentence_that_says_what_it_is():
    texts = {name: summary_of(value, owner) for name, (value, owner) in STATED.items()}
    assert [name for name, text in texts.items() if not is_sentence(text)] == []


def test_the_sentence_of_a_function_begins_with_an_imperative():
    texts = {
        name: summary_of(value, owner)
        for name, (value, owner) in STATED.items()
        if not (inspect.isclass(value) or is_property(value))
    }
    assert [name for name, text in texts.items() if not is_imperative(text)] == []


def test_whatever_a_docstring_calls_an_argument_is_one():
    values = {
        name: plain(value) or value
        for name, (value, _) in STATED.items()
        if not (is_property(value) or (inspect.isclass(value) and issubclass(value, NO_SIGNATURE)))
    }
    strange = {
        name: set(documented(sections(value).get("Parameters", ""))) - set(arguments(value))
        for name, value in values.items()
    }
    assert {name: given for name, given in strange.items() if given} == {}


def examples():
    """Give each public name's examples, and those of methods."""
    finder = doctest.DocTestFinder(recurse=False)
    for name, value in {**PUBLIC, **METHODS}.items():
        for test in finder.find(inspect.unwrap(value), name, module=False, globs={}):
            if test.examples:
                yield pytest.param(test, id=name)


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("example", list(examples()))
def test_an_example_does_what_it_shows_in_an_empty_namespace(example):
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=told.append)
    plt.close("all")
    assert not told, "".join(told)
