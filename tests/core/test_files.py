"""Every file that is written is whole or not there, and takes the place of nothing that is not ours."""

import errno
import os
import stat
import threading
from functools import cache

import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.files import check_target, is_ours, is_same, signed, write_file, write_text
from tests.names_of_files import NAMES

SPEC = gb.ModelSpec.from_formula("y ~ trt")


@cache
def fit():
    model = gb.Model(SPEC, pd.DataFrame({"y": [1.0, 3.0, 2.0, 5.0], "trt": [0.0, 1.0, 2.0, 3.0]}))
    return gb.Fit.from_draws(model, {"beta": [[[1.0, 0.5]] * 4], "sigma": [[1.0] * 4]})


WRITERS = {
    "save": lambda path, **more: fit().save(path, **more),
    "report": lambda path, **more: gb.report(fit(), path, **more),
    "to_file": lambda path, **more: SPEC.to_file(path, **more),
}
READERS = {"load": gb.load, "from_file": gb.ModelSpec.from_file}
NO_PATHS = {
    "none": None,
    "a number": 1,
    "bytes": b"a.glmm",
    "a list": ["a.glmm"],
    "a fit": gb.Fit,
    "empty": "",
    "null": "a\0b.glmm",
    "long": "x" * 5000,
    "a long folder": "x" * 5000 + "/a.glmm",
    "half a character": "\ud800.glmm",
}


@pytest.mark.parametrize("verb", [*WRITERS, *READERS])
@pytest.mark.parametrize("kind", NO_PATHS)
def test_what_is_no_path_is_refused_before_any_work(verb, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gb.StorageError) as caught:
        (WRITERS | READERS)[verb](NO_PATHS[kind])
    assert caught.value.code == "storage" and len(str(caught.value)) < 400
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", [*WRITERS, *READERS])
@pytest.mark.parametrize("path", ["new/", "new//", "new/.", "new/..", "a/new/", ".", "..", "old/", "old/."])
def test_a_path_that_names_a_folder_names_no_file(verb, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    for more in ({}, {"overwrite": True}) if verb in WRITERS else ({},):
        with pytest.raises(gb.StorageError, match=r"a folder\. Name a file in it") as caught:
            (WRITERS | READERS)[verb](path, **more)
        assert caught.value.code == "storage"
    assert [entry.name for entry in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("found", [None, "fit.glmm", 1, {}, SPEC])
def test_a_report_is_one_of_a_fit(found, tmp_path):
    with pytest.raises(gb.PredictionError):
        gb.report(found, tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", WRITERS)
def test_a_file_that_is_not_ours_stays_unless_overwrite_is_written(verb, tmp_path):
    path = tmp_path / "mine.txt"
    for content in (b"", b"mine", b"\xff\0"):
        path.write_bytes(content)
        with pytest.raises(gb.StorageError, match="overwrite=True") as caught:
            WRITERS[verb](path)
        assert caught.value.code == "exists" and path.read_bytes() == content
    WRITERS[verb](path, overwrite=True)
    assert path.read_bytes() != content
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("verb", ["report", "to_file"])
def test_a_file_of_ours_is_replaced_until_somebody_changes_it(verb, tmp_path):
    path = tmp_path / "a.toml"
    WRITERS[verb](path)
    first = path.read_bytes()
    WRITERS[verb](path)
    assert path.read_bytes() == first
    for changed in (first + b"# one line more\n", b"\n" + first, first[:-1], first * 2):
        path.write_bytes(changed)
        with pytest.raises(gb.StorageError) as caught:
            WRITERS[verb](path)
        assert caught.value.code == "exists" and path.read_bytes() == changed


def test_a_saved_fit_is_never_replaced_unasked(tmp_path):
    fit().save(tmp_path / "a.glmm")
    for verb in WRITERS.values():
        with pytest.raises(gb.StorageError) as caught:
            verb(tmp_path / "a.glmm")
        assert caught.value.code == "exists"
    assert gb.load(tmp_path / "a.glmm").shape == (1, 4)


@pytest.mark.parametrize("text", ["a\n", "\n", "", "ü\n", "x\r\ny\n", "<!-- glmm_bayes sha256:00 -->\n"])
def test_a_signed_page_is_known_and_no_other(text, tmp_path):
    path = tmp_path / "a"
    write_text(path, signed(text), overwrite=False)
    assert is_ours(path)
    path.write_bytes(b"b" + path.read_bytes())
    assert not is_ours(path)
    path.write_bytes(text.encode())
    assert not is_ours(path) and not is_ours(tmp_path) and not is_ours(tmp_path / "none")


@pytest.mark.parametrize("has_links", [True, False])
def test_of_many_who_write_one_name_at_once_one_wins_and_the_others_are_told(
    has_links, tmp_path, monkeypatch
):
    def no_links(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    if not has_links:
        # A file system without second names of a file, such as FAT.
        monkeypatch.setattr(os, "link", no_links)
    path, writers = tmp_path / "a.glmm", 8
    together, told, won = threading.Barrier(writers), [], []

    def write(number):
        def fill(file):
            file.write(bytes([number]) * 1000)
            # All have seen that the name is free before any of them takes it.
            together.wait()

        try:
            write_file(path, 1000, fill, overwrite=False)
            won.append(number)
        except gb.StorageError as error:
            told.append(error.code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and told == ["exists"] * (writers - 1)
    assert path.read_bytes() == bytes(won) * 1000
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.glmm"]


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o400])
def test_a_file_that_is_replaced_keeps_its_mode(verb, mode, tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    WRITERS[verb](path, overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() != b"old"


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize("leads", [True, False])
def test_a_link_is_never_written_through(verb, leads, tmp_path):
    target, path = tmp_path / "target", tmp_path / "a"
    if leads:
        target.write_text("mine")
    path.symlink_to(target)
    with pytest.raises(gb.StorageError) as caught:
        WRITERS[verb](path)
    assert caught.value.code == "exists" and path.is_symlink()
    WRITERS[verb](path, overwrite=True)
    assert not path.is_symlink() and target.exists() == leads
    assert not leads or target.read_text() == "mine"


LINKS = {
    "itself": "a",
    "each other": "b",
    "nowhere": "none",
    "no folder": "none/none",
    "below a file": "file/none",
    "a file": "file",
    "a folder": "folder",
}


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize("kind", LINKS)
def test_what_is_written_over_a_link_is_known_before_the_work(verb, kind, tmp_path):
    path = tmp_path / "a"
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "b").symlink_to(path)
    path.symlink_to(tmp_path / LINKS[kind])
    with pytest.raises(gb.StorageError):
        check_target(path, overwrite=False)
    try:
        check_target(path, overwrite=True)
    except gb.StorageError:
        assert kind == "a folder"
        with pytest.raises(gb.StorageError, match="is a folder"):
            WRITERS[verb](path, overwrite=True)
    else:
        WRITERS[verb](path, overwrite=True)
        assert path.is_file() and not path.is_symlink()
    assert (tmp_path / "file").read_text() == "mine" and not [*(tmp_path / "folder").iterdir()]


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
@pytest.mark.parametrize("spelling", NAMES)
@pytest.mark.parametrize("name", ["a.glmm", "a.html"])
def test_a_report_never_takes_the_place_of_draws(spelling, name, tmp_path):
    path = tmp_path / name
    fit().save(path)
    target = NAMES[spelling](path)
    with pytest.raises(gb.StorageError) as caught:
        gb.report(fit(), target, overwrite=True)
    assert caught.value.code == "output"
    assert gb.load(path).shape == gb.load(target).shape == (1, 4)
    assert is_same(path, target) and not is_same(path, tmp_path / "none")


@pytest.mark.parametrize("verb", WRITERS)
def test_where_nothing_can_be_written_is_said_before_any_work(verb, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    for path in (tmp_path, tmp_path / "none" / "a", tmp_path / "file" / "a"):
        with pytest.raises(gb.StorageError) as caught:
            WRITERS[verb](path)
        assert caught.value.code == "storage"


@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_what_was_there(verb, overwrite, fault, tmp_path, monkeypatch):
    path = tmp_path / "a"
    if overwrite:
        path.write_text("old")

    def fail(*args):
        raise fault

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((gb.StorageError, KeyboardInterrupt)):
        WRITERS[verb](path, overwrite=overwrite)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"] * overwrite
    assert not overwrite or path.read_text() == "old"
