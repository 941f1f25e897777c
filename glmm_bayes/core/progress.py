"""Whether somebody is watching, and what they are told of work that has no bar of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def is_watched() -> bool:
    """Tell whether output goes to a terminal or into a notebook."""
    ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = ipython() if ipython else None
    return sys.stderr.isatty() or getattr(shell, "kernel", None) is not None


@contextmanager
def told(work: str, is_shown: bool) -> Iterator[None]:
    """Say that work has begun, and how long it took."""
    if not is_shown:
        yield
        return
    _say(f"{work} ... ")
    start = time.perf_counter()
    try:
        yield
    finally:
        _say(f"{time.perf_counter() - start:.1f} s\n")


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
