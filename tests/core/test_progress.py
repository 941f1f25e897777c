"""Who watches is told what happens; files and tests are not."""

import sys
import types

import pytest

from glmm_bayes.core.progress import is_watched, told
from glmm_bayes.fit.settings import Settings


def test_work_is_named_with_its_time(capsys):
    with told("compiling", True):
        pass
    assert capsys.readouterr().err.startswith("compiling ... 0.0 s")


def test_nobody_is_told_where_nobody_watches(capsys):
    with told("compiling", False):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("kernel", "watched"), [(object(), True), (None, False)])
def test_a_notebook_is_watched_and_a_plain_shell_is_not(monkeypatch, kernel, watched):
    shell = types.SimpleNamespace(kernel=kernel) if kernel else None
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(sys, "stderr", types.SimpleNamespace(isatty=lambda: False))
    assert is_watched() is watched
    assert Settings().shows_progress is watched
    assert Settings(progress=True).shows_progress and not Settings(progress=False).shows_progress
