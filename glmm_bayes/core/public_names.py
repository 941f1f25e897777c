"""The public names of the package, which tells them when it is imported: core looks at no higher room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_VALUES: dict[str, Callable[[str], object]] = {}


def tell_names(names: Iterable[str], value_of: Callable[[str], object]) -> None:
    """Take the public names, and the function that gives the value of each."""
    _VALUES.update(dict.fromkeys(names, value_of))


def public_verbs() -> list[str]:
    """List the public functions."""
    return [name for name in _VALUES if name.islower()]


def public_value(name: str) -> object:
    """Return what a public name stands for."""
    return _VALUES[name](name)
