"""Other names of a file: what leads to it by dots, links and second names."""

import os

NAMES = {
    "itself": lambda path: path,
    "by dots": lambda path: path.parent / ".." / path.parent.name / path.name,
    "from here": lambda path: os.path.relpath(path),
    "a link": lambda path: _second(path, os.symlink),
    "a second name": lambda path: _second(path, os.link),
}


def _second(path, make):
    other = path.with_name("second")
    make(path, other)
    return other
