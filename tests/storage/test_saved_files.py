"""A saved fit is a file of one form, written whole or not at all, and read without PyMC and pickle."""

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
import zarr

import glmm_bayes as gb
from glmm_bayes.storage import archive as archive_module
from glmm_bayes.storage.manifest import MANIFEST
from tests.storage.saved_fits import fit_named, members_of, saved, saved_bytes

# What the file is


def test_the_file_is_a_zip_of_stored_sorted_members_with_fixed_times():
    with zipfile.ZipFile(io.BytesIO(saved_bytes())) as file:
        infos = file.infolist()
        assert file.testzip() is None
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    kinds = {(i.date_time, i.compress_type, i.external_attr >> 16, i.flag_bits) for i in infos}
    assert kinds == {((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, stat.S_IFREG | 0o644, 0)}


def test_zarr_and_xarray_read_the_arrays(tmp_path):
    store = zarr.storage.ZipStore(saved(tmp_path), mode="r")
    for group in ("posterior", "sample_stats"):
        read = xr.open_zarr(store, group=f"draws.zarr/{group}", consolidated=False)
        wanted = fit_named("gaussian").draws[group].to_dataset()
        for name, values in wanted.data_vars.items():
            assert read[name].dims == values.dims and read[name].dtype == values.dtype
            np.testing.assert_array_equal(read[name], values)


def test_the_manifest_is_canonical_json_with_floats_as_hex():
    data = members_of(saved_bytes())[MANIFEST]

    def refuse(text):
        raise AssertionError(text)

    content = json.loads(data, parse_float=refuse, parse_constant=refuse)
    assert json.dumps(content, sort_keys=True, separators=(",", ":")).encode() == data
    assert content["formula"] == fit_named("gaussian").spec.to_formula()


def test_a_zip64_file_is_written_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2000)
    fit = fit_named("gaussian")
    fit.save(tmp_path / "large.glmm")
    assert gb.load(tmp_path / "large.glmm").draws.identical(fit.draws)


BLOCKER = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pymc", "pytensor", "nutpie", "arviz", "cloudpickle", "joblib", "dill"}:
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import pickle, _pickle
def refuse(*args, **kwargs):
    raise AssertionError("pickle was used")
pickle.load = pickle.loads = pickle.Unpickler = _pickle.load = _pickle.loads = _pickle.Unpickler = refuse
import glmm_bayes as gb
fit = gb.load(sys.argv[1])
gb.predictions(fit, by=True).summary(); gb.comparisons(fit, "Days").summary(); gb.coefficients(fit)
fit.save(sys.argv[2])
"""


def test_loading_effects_and_saving_need_no_pymc_and_no_pickle(tmp_path):
    path, again = saved(tmp_path), tmp_path / "again.glmm"
    subprocess.run([sys.executable, "-c", BLOCKER, str(path), str(again)], check=True)
    assert again.read_bytes() == saved_bytes()


def test_no_member_is_a_pickle():
    for name, data in members_of(saved_bytes()).items():
        # Protocols 2 to 5 start with PROTO; nothing else of a class may be named either.
        assert not data.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")), name
        assert b"numpy.core" not in data and b"numpy._core" not in data and b"c__builtin__" not in data


# Writing


def test_an_existing_file_is_kept_unless_overwrite_is_written(tmp_path):
    path = tmp_path / "fit.glmm"
    path.write_text("old")
    with pytest.raises(gb.StorageError, match="overwrite=True") as caught:
        fit_named("gaussian").save(path)
    assert caught.value.code == "exists" and path.read_text() == "old"
    fit_named("gaussian").save(path, overwrite=True)
    assert path.read_bytes() == saved_bytes()


@pytest.mark.parametrize("verb", ["save", "load"])
def test_folders_and_missing_places_are_named(verb, tmp_path):
    act = gb.load if verb == "load" else fit_named("gaussian").save
    for path in (tmp_path, tmp_path / "no" / "fit.glmm", *([tmp_path / "no.glmm"] if verb == "load" else [])):
        with pytest.raises(gb.StorageError) as caught:
            act(path)
        assert caught.value.code == "storage" and str(path) in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX's")
def test_a_pipe_is_neither_read_nor_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for act in (gb.load, lambda path: fit_named("gaussian").save(path, overwrite=True)):
        with pytest.raises(gb.StorageError, match="not a regular file"):
            act(tmp_path / "pipe")


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(step, tmp_path, monkeypatch):
    path = saved(tmp_path)

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_module.os, step, fail)
    with pytest.raises(gb.StorageError, match="No space left") as caught:
        fit_named("gaussian").save(path, overwrite=True)
    assert caught.value.code == "storage" and "needed" in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fit.glmm"]
    assert path.read_bytes() == saved_bytes()


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_module.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit_named("gaussian").save(tmp_path / "fit.glmm")
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_is_not_plain_is_named(tmp_path):
    fit = replace(fit_named("gaussian"), settings={"engine": object()})
    with pytest.raises(gb.StorageError, match="object") as caught:
        fit.save(tmp_path / "fit.glmm")
    assert caught.value.code == "storage" and list(tmp_path.iterdir()) == []


def test_draws_of_another_type_are_named(tmp_path):
    fit = fit_named("gaussian")
    tree = fit.draws.copy()
    tree["sample_stats"] = (
        tree["sample_stats"].to_dataset().assign(note=(("chain", "draw"), np.full((2, 20), "a")))
    )
    with pytest.raises(gb.StorageError, match="note") as caught:
        replace(fit, draws=tree).save(tmp_path / "fit.glmm")
    assert caught.value.code == "storage"
