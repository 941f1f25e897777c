"""Damage to a file is detected and named, as are parts that contradict each other and other versions."""

import io
import json
import zipfile

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import canonical
from tests.storage.saved_fits import code_of, fit_named, members_of, rewrite, saved_bytes

# Damage


def assert_detected(path, data):
    path.write_bytes(data)
    with pytest.raises(gb.StorageError) as caught:
        gb.load(path)
    assert caught.value.code in {"load_corrupt", "load_unsafe", "load_version"}


def test_every_flipped_bit_is_detected(tmp_path):
    data = saved_bytes("binomial")
    rng = np.random.default_rng(5)
    tail = len(data) - rng.integers(1, 2500, 50)
    for position in [*rng.integers(0, len(data), 150), *tail]:
        damaged = bytearray(data)
        damaged[position] ^= 1 << int(rng.integers(8))
        assert_detected(tmp_path / "flipped.glmm", bytes(damaged))


def test_every_truncation_is_detected(tmp_path):
    data = saved_bytes("binomial")
    cuts = np.random.default_rng(6).integers(0, len(data), 45)
    for cut in [0, 1, len(data) - 1, len(data) - 64, len(data) - 100, *cuts]:
        assert_detected(tmp_path / "cut.glmm", data[:cut])


def test_bytes_before_or_after_are_detected(tmp_path):
    assert_detected(tmp_path / "before.glmm", b"#!/bin/sh\n" + saved_bytes())
    assert_detected(tmp_path / "after.glmm", saved_bytes() + b"\0")


def test_a_damaged_member_is_named(tmp_path):
    data = bytearray(saved_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as file:
        info = file.getinfo("draws.zarr/posterior/beta/c/0/0/0")
    data[info.header_offset + 30 + len(info.filename) + 3] ^= 1
    path = tmp_path / "damaged.glmm"
    path.write_bytes(bytes(data))
    with pytest.raises(gb.StorageError, match="posterior/beta/c/0/0/0") as caught:
        gb.load(path)
    assert caught.value.code == "load_corrupt"


def test_a_member_whose_hash_is_wrong_is_named_though_its_crc_is_right(tmp_path):
    members = members_of(saved_bytes())
    name = "draws.zarr/posterior/sigma/c/0/0"
    members[name] = bytes(reversed(members[name]))
    write_archive(tmp_path / "wrong.glmm", members, overwrite=True)
    with pytest.raises(gb.StorageError, match="sigma/c/0/0 does not match its checksum") as caught:
        gb.load(tmp_path / "wrong.glmm")
    assert caught.value.code == "load_corrupt"


def test_what_is_no_zip_is_corrupt(tmp_path):
    path = tmp_path / "text.glmm"
    path.write_text("y,x\n1,2\n")
    assert code_of(path) == "load_corrupt"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("notes.txt", "hello")
    assert code_of(path) == "load_corrupt"


def change_level(members, manifest):
    column = next(column for column in manifest["columns"] if column["name"] == "Subject")
    column["levels"] = ["999", *column["levels"][1:]]


def change_state(members, manifest):
    manifest["states"]["mu"]["transforms"]["scale(Days)"]["center"] = (5.0).hex()


def change_number(members, manifest):
    name = "draws.zarr/data/column_0/c/0"
    members[name] = np.frombuffer(members[name], "<f8")[::-1].tobytes()


def shorten_draws(members, manifest):
    name = "posterior/beta"
    manifest["arrays"][name]["shape"] = [2, 10, 2]
    members[f"draws.zarr/{name}/c/0/0/0"] = bytes(2 * 10 * 2 * 8)
    meta = json.loads(members[f"draws.zarr/{name}/zarr.json"])
    meta["shape"] = meta["chunk_grid"]["configuration"]["chunk_shape"] = [2, 10, 2]
    members[f"draws.zarr/{name}/zarr.json"] = canonical(meta)


def drop_column(members, manifest):
    manifest["columns"] = manifest["columns"][:-1]


def change_family(members, manifest):
    manifest["family"] = "poisson"


@pytest.mark.parametrize(
    "change", [change_level, change_state, change_number, shorten_draws, drop_column, change_family]
)
def test_parts_that_contradict_each_other_are_corrupt(change, tmp_path):
    assert code_of(rewrite(tmp_path, change)) == "load_corrupt"


def test_a_centre_that_another_processor_rounded_is_kept_as_stored(tmp_path):
    center = fit_named("gaussian").design.state.transforms["scale(Days)"]["center"]
    near = float(np.nextafter(center, np.inf))

    def change(members, manifest):
        manifest["states"]["mu"]["transforms"]["scale(Days)"]["center"] = near.hex()

    loaded = gb.load(rewrite(tmp_path, change))
    assert loaded.design.state.transforms["scale(Days)"]["center"] == near


# Versions


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    def change(members, manifest):
        manifest.update({"format": 3, "unheard_of": []})

    path = rewrite(tmp_path, change)
    assert code_of(path) == "load_version"
    with pytest.raises(gb.StorageError, match="format 3, this release reads up to 2"):
        gb.load(path)


def test_another_version_of_the_package_is_a_warning(tmp_path):
    def change(members, manifest):
        manifest["versions"]["glmm-bayes"] = "0.0.1"

    with pytest.warns(gb.GlmmWarning, match=r"written with glmm-bayes 0\.0\.1"):
        gb.load(rewrite(tmp_path, change))
