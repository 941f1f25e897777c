"""Kernels are compiled once a machine; without a compiler the graph is sampled, and the fit says so."""

import shutil

import pytest

import glmm_bayes as gb
from glmm_bayes.fit.settings import Settings
from glmm_bayes.kernels import library as kernels
from glmm_bayes.sampling import paths
from tests.kernels.normal_models import model_of


def test_the_library_appears_whole_in_a_folder_of_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = kernels.cache_folder() / "a"
    assert kernels.compiled(folder) == folder / kernels.NAME
    assert [file.name for file in folder.iterdir()] == [kernels.NAME]


def test_without_a_compiler_it_is_told_which_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(kernels.NoCompilerError, match="no C compiler was found"):
        kernels.compiled(tmp_path / "a")


def test_a_compiler_that_fails_is_named_with_its_words(tmp_path, monkeypatch):
    false = tmp_path / "cc"
    false.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("CC", str(false))
    monkeypatch.setattr(shutil, "which", lambda name: name if name == str(false) else None)
    with pytest.raises(kernels.NoCompilerError, match="cc failed: no such thing"):
        kernels.compiled(tmp_path / "a")


@pytest.fixture
def no_library(monkeypatch):
    def none():
        raise kernels.NoCompilerError("no C compiler was found")

    monkeypatch.setattr(paths, "library", none)


@pytest.mark.usefixtures("no_library")
def test_without_kernels_the_graph_is_sampled_and_it_is_said_why():
    path = paths.choose_path(model_of("intercepts").definition, Settings(), is_extended=False)
    assert path.method == "graph"
    assert path.why == "no compiled kernels: no C compiler was found"


@pytest.mark.usefixtures("no_library")
def test_asked_for_kernels_that_are_not_there_it_is_refused():
    with pytest.raises(gb.SamplingError, match="no C compiler was found") as caught:
        model_of("intercepts").fit(method="marginal", progress=False)
    assert caught.value.code == "method"
