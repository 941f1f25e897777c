"""A saved fit comes back to the last bit, without PyMC; damage and hostile content are refused."""

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tempfile
import warnings
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr

import glmm_bayes as gb
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.fit.datatree import assemble
from glmm_bayes.fit.draws import DRAWN_WITH
from glmm_bayes.storage import archive as archive_module
from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import MANIFEST, canonical, from_json, to_json

SETTINGS = {
    "engine": "nutpie",
    "seed": 2**40 + 1,
    "draws": 20,
    "tune": 10,
    "chains": 2,
    "target_accept": 0.1 + 0.2,
    "interrupted": False,
    "versions": dict.fromkeys(DRAWN_WITH, "1.0"),
    "notes": ["é"],
}


def random_draws(model, seed):
    """Draws of the right shapes and supports for any model."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in model.definition.posterior.shapes.items():
        values = rng.normal(0.0, 0.3, (2, 20, *shape))
        if name.startswith("corr_"):
            # A shrunken matrix of ones is positive definite.
            values = np.full(values.shape, 0.25) + 0.75 * np.eye(values.shape[-1])
        arrays[name] = np.exp(values) if name.startswith(("sd_", "sigma", "range_")) else values
    return arrays


def fit_of(model, seed=1):
    """A fit of random draws with a sampler's statistics and settings."""
    draws = random_draws(model, seed)
    rng = np.random.default_rng(seed)
    stats = {
        "diverging": rng.random((2, 20)) < 0.1,
        "tree_depth": rng.integers(1, 8, (2, 20)),
        "reached_max_treedepth": rng.random((2, 20)) < 0.1,
        "energy": rng.normal(size=(2, 20)),
    }
    tree = assemble(model.definition, draws, stats)
    return replace(gb.Fit.from_draws(model, draws), draws=tree, settings=SETTINGS)


def seizures():
    data = gb.load_dataset("epil")
    return data.assign(weeks=np.linspace(1.5, 2.5, len(data)))


MODELS = {
    "gaussian": lambda: gb.Model(
        "Reaction ~ scale(Days) + (1 + Days | Subject)",
        gb.load_dataset("sleepstudy"),
        priors={"beta": gb.Prior("Normal", mu=0.1, sigma=300), "corr": gb.Prior("LKJ", eta=3)},
    ),
    "bernoulli": lambda: gb.Model(
        'success(y, "y") ~ C(trt, ref="drug") * I(week > 2) + (1 | ID)',
        gb.load_dataset("bacteria"),
        family="bernoulli",
        link="probit",
    ),
    "binomial": lambda: gb.Model(
        "incidence | trials(size) ~ period + (1 | herd)", gb.load_dataset("cbpp"), family="binomial"
    ),
    "poisson": lambda: gb.Model(
        "y ~ trt + center(age) + offset(log(weeks)) + (1 + V4 || subject)", seizures(), family="poisson"
    ),
}
COMPARED = {"gaussian": "Days", "bernoulli": "trt", "binomial": "period", "poisson": "trt"}


@cache
def fit_named(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return fit_of(MODELS[name]())


@cache
def saved_bytes(name="gaussian"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.glmm"
        fit_named(name).save(path)
        return path.read_bytes()


def saved(tmp_path, name="gaussian"):
    path = tmp_path / "fit.glmm"
    path.write_bytes(saved_bytes(name))
    return path


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewrite(tmp_path, change, name="gaussian"):
    """Write a saved fit again with members and manifest changed and all hashes made right."""
    members = members_of(saved_bytes(name))
    manifest = json.loads(members.pop(MANIFEST))
    change(members, manifest)
    listed = {
        key: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for key, data in members.items()
    }
    members[MANIFEST] = canonical(manifest | {"members": listed})
    path = tmp_path / "changed.glmm"
    write_archive(path, members, overwrite=True)
    return path


def code_of(path):
    with pytest.raises(gb.StorageError) as caught:
        gb.load(path)
    assert str(path) in str(caught.value)
    return caught.value.code


def same_table(one, two):
    assert list(one.columns) == list(two.columns)
    for a, b in zip(one.columns.values(), two.columns.values(), strict=True):
        assert (a.name, a.data_type, a.levels, a.ordered, a.declared) == (
            b.name,
            b.data_type,
            b.levels,
            b.ordered,
            b.declared,
        )
        assert list(map(type, a.levels)) == list(map(type, b.levels))
        assert a.values.dtype == b.values.dtype and a.values.tobytes() == b.values.tobytes()


def round_trip(fit, tmp_path):
    fit.save(tmp_path / "one.glmm", overwrite=True)
    loaded = gb.load(tmp_path / "one.glmm")
    loaded.save(tmp_path / "two.glmm", overwrite=True)
    assert (tmp_path / "one.glmm").read_bytes() == (tmp_path / "two.glmm").read_bytes()
    return loaded


# What comes back


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_fit_equals_the_saved_one_to_the_last_bit(name, tmp_path):
    fit = fit_named(name)
    loaded = round_trip(fit, tmp_path)
    assert loaded.draws.identical(fit.draws)
    for node in fit.draws.children:
        for key, values in fit.draws[node].data_vars.items():
            assert loaded.draws[node][key].to_numpy().tobytes() == np.ascontiguousarray(values).tobytes(), key
    assert loaded.spec == fit.spec and loaded.design.state == fit.design.state
    assert loaded.priors.rows == fit.priors.rows and loaded.settings == fit.settings
    assert loaded.design.x.tobytes() == fit.design.x.tobytes()
    assert loaded.design.offset.tobytes() == fit.design.offset.tobytes()
    assert str(loaded) == str(fit)
    same_table(loaded.design.table, fit.design.table)


@pytest.mark.parametrize("name", MODELS)
def test_effects_of_a_loaded_fit_are_bit_identical(name, tmp_path):
    fit = fit_named(name)
    loaded = gb.load(saved(tmp_path, name))
    for verb in (
        gb.predictions,
        lambda fit: gb.predictions(fit, estimand="subject", by=True),
        lambda fit: gb.comparisons(fit, COMPARED[name]),
    ):
        assert verb(loaded).draws.identical(verb(fit).draws)
        pd.testing.assert_frame_equal(verb(loaded).summary(), verb(fit).summary(), check_exact=True)
    one, two = gb.coefficients(loaded).side_by_side(), gb.coefficients(fit).side_by_side()
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_fit_keeps_the_default_interval_of_its_day_and_verbs_take_todays(tmp_path):
    with az.rc_context({"stats.ci_prob": 0.6, "stats.ci_kind": "hdi"}):
        model = MODELS["gaussian"]()
        fit = gb.Fit.from_draws(model, random_draws(model, 1))
    assert fit.settings["interval"] == {"probability": 0.6, "kind": "hdi"}
    loaded = round_trip(fit, tmp_path)
    assert loaded.settings == fit.settings
    assert gb.predictions(loaded).interval == read_interval() != Interval(0.6, "hdi")
    assert "60% highest-density interval" in gb.report(loaded, tmp_path / "r.html").read_text("utf-8")


def test_the_same_fit_has_the_same_bytes(tmp_path):
    fit_named("gaussian").save(tmp_path / "again.glmm")
    assert (tmp_path / "again.glmm").read_bytes() == saved_bytes()


def test_a_link_or_a_default_link_comes_back_as_it_was_given(tmp_path):
    assert gb.load(saved(tmp_path, "bernoulli")).spec.link == "probit"
    assert gb.load(saved(tmp_path, "poisson")).spec.link is None


def every_kind_of_label():
    number = np.arange(24)
    rng = np.random.default_rng(3)
    words = ["ä", "日本", "a b", "e\u0301", "nul\0", "q\"'\\"]
    ordered = pd.Categorical.from_codes(number % 3, ["low", "mid", "high"], ordered=True)
    return pd.DataFrame(
        {
            "y": np.sin(number),
            "flag": number % 2 == 0,
            "grade": ordered,
            "loose": pd.Categorical.from_codes(number // 2 % 2, ["z", "a", "never"]),
            # A list: NumPy's own texts lose a NUL at their end.
            "wörter": [words[i % 6] for i in number],
            "a": rng.permutation(number % 4),
            "b": np.array(["u:1", "v", "1"])[number // 8],
            "id": np.array(["007", "07", "7"])[rng.permutation(number % 3)],
            "../x/Y": number / 7,
            "x/y": number % 5,
            "whole": pd.Categorical((number % 3) * 10),
        },
        index=[f"row {i}" if i % 2 else i for i in number],
    )


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ flag + grade + loose + (1 | wörter) + (1 | a/b)",
        "y ~ `../x/Y` + `x/y` + (1 | id) + (1 | whole) + (1 | flag:wörter)",
        'y ~ C(a, ref = "2") + wörter + C(id) + (0 + grade | whole)',
        "y ~ 0 + (1 | grade)",
        'y ~ scale(`x/y`) + I(b == "u:1") + whole + (1 | a) + (0 + `x/y` | a)',
        "log(y + 2) ~ 1",
    ],
)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_labels_of_every_kind_survive_with_their_types_and_order(formula, tmp_path):
    fit = fit_of(gb.Model(formula, every_kind_of_label()))
    loaded = round_trip(fit, tmp_path)
    same_table(loaded.design.table, fit.design.table)
    assert loaded.design.table.rows.tolist() == fit.design.table.rows.tolist()
    assert repr(loaded.design.state) == repr(fit.design.state)
    assert loaded.draws.identical(fit.draws)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (np.arange(24, dtype=np.int32), list(range(24))),
        (np.arange(24) / 4, (np.arange(24) / 4).tolist()),
        (np.arange(24) % 2 == 0, (np.arange(24) % 2 == 0).tolist()),
        (pd.MultiIndex.from_product([["a", "b"], range(12)]), [(a, i) for a in "ab" for i in range(12)]),
        (
            pd.date_range("2020-01-01", periods=24, unit="ns"),
            [f"2020-01-{day:02}T00:00:00.000000000" for day in range(1, 25)],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_row_labels_survive_numbers_texts_and_tuples_as_they_are_dates_as_text(index, expected, tmp_path):
    fit = fit_of(gb.Model("y ~ 1 + (1 | a)", every_kind_of_label().set_axis(index, axis=0)))
    assert round_trip(fit, tmp_path).design.table.rows.tolist() == expected


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_rows_that_were_dropped_stay_dropped(tmp_path):
    data = every_kind_of_label()
    data.loc[data.index[:5], "y"] = np.nan
    fit = fit_of(gb.Model("y ~ grade + (1 | a)", data, missing="drop"))
    assert len(round_trip(fit, tmp_path).design) == 19


def test_draws_made_elsewhere_may_be_few(tmp_path):
    model = MODELS["gaussian"]()
    fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0, 1.0]]]})
    assert round_trip(fit, tmp_path).draws.identical(fit.draws)


@pytest.mark.parametrize(
    "value", [0.1, -0.0, float("inf"), 5e-324, 2**70, "float", (1, ("a",)), {"float": {"n": [1, True, None]}}]
)
def test_values_keep_their_type_and_bits(value):
    back = from_json(json.loads(canonical(to_json(value))))
    assert repr(back) == repr(value)


def test_the_fingerprint_of_sorted_rows_does_not_know_their_order(tmp_path):
    def prints(data):
        fit_of(gb.Model("Reaction ~ Days + (1 | Subject)", data)).save(tmp_path / "f", overwrite=True)
        return json.loads(members_of((tmp_path / "f").read_bytes())[MANIFEST])["fingerprint"]

    data = gb.load_dataset("sleepstudy")
    one, two = prints(data), prints(data.sample(frac=1, random_state=1))
    assert one["sorted_by_row"] == two["sorted_by_row"]
    assert one["in_row_order"] != two["in_row_order"]
    other = prints(data.assign(Days=data["Days"] + (data.index == 3)))
    assert other["sorted_by_row"] != one["sorted_by_row"]


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


# Hostile files


def raw_zip(path, extra=(), drop=()):
    """Write a saved fit as any zip program would, with members added or left out."""
    members = members_of(saved_bytes())
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, data in members.items():
            if name not in drop:
                file.writestr(name, data)
        for name, data in extra:
            file.writestr(name, data)
    return path


def info(name, mode=stat.S_IFREG | 0o644, **fields):
    result = zipfile.ZipInfo(name)
    result.external_attr = mode << 16
    for key, value in fields.items():
        setattr(result, key, value)
    return result


@pytest.mark.parametrize(
    "member",
    [
        "/etc/passwd",
        "../outside",
        "draws.zarr/../../outside",
        "draws.zarr/./x",
        "draws.zarr//x",
        "C:/windows",
        "draws.zarr\\x",
        "a\0b",
        "draws.zarr/",
        "ü",
        "draws.zarr/posterior/beta/.zarray",
        "draws.zarr/.zgroup",
        "draws.zarr/extra",
        "manifest.json",
        "Manifest.json",
        info("draws.zarr/link", stat.S_IFLNK | 0o777),
        info("draws.zarr/pipe", stat.S_IFIFO | 0o644),
        info("draws.zarr/device", stat.S_IFCHR | 0o644),
        info("draws.zarr/packed", compress_type=zipfile.ZIP_DEFLATED),
    ],
    ids=lambda member: repr(getattr(member, "filename", member)),
)
def test_a_member_that_no_release_writes_is_refused(member, tmp_path):
    assert code_of(raw_zip(tmp_path / "hostile.glmm", [(member, b"{}" * 99)])) == "load_unsafe"


def test_a_member_that_is_missing_is_named(tmp_path):
    path = raw_zip(tmp_path / "less.glmm", drop=["draws.zarr/posterior/sigma/c/0/0"])
    assert code_of(path) == "load_corrupt"


def test_a_member_above_its_declared_size_is_refused(tmp_path):
    name = "draws.zarr/posterior/sigma/c/0/0"
    data = members_of(saved_bytes())[name]
    path = raw_zip(tmp_path / "more.glmm", [(name, data * 2)], drop=[name])
    assert code_of(path) == "load_unsafe"


def test_members_that_share_bytes_are_refused(tmp_path):
    with zipfile.ZipFile(io.BytesIO(saved_bytes())) as file:
        offsets = {i.filename: i.header_offset for i in file.infolist()}
    first, second = list(offsets)[:2]
    data = bytearray(saved_bytes())
    # The central directory comes last: its entry of the second member is made to point at the first.
    entry = bytes(data).rfind(second.encode()) - 46
    data[entry + 42 : entry + 46] = offsets[first].to_bytes(4, "little")
    path = tmp_path / "overlap.glmm"
    path.write_bytes(bytes(data))
    assert code_of(path) == "load_unsafe"


def metadata_change(**fields):
    def change(members, manifest):
        name = "draws.zarr/posterior/beta/zarr.json"
        members[name] = canonical(json.loads(members[name]) | fields)

    return change


@pytest.mark.parametrize(
    "fields",
    [
        {"codecs": [{"name": "numcodecs.pickle", "configuration": {}}]},
        {"codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "vlen-utf8"}]},
        {"data_type": "string"},
        {"data_type": "float32"},
        {"data_type": {"name": "null_terminated_bytes", "configuration": {"length_bytes": 8}}},
        {"shape": [2, 10**15, 2]},
        {"zarr_format": 2},
        {"storage_transformers": [{"name": "sharding"}]},
        {"attributes": {"note": "hello"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_array_metadata_that_no_release_writes_are_refused(fields, tmp_path):
    assert code_of(rewrite(tmp_path, metadata_change(**fields))) == "load_unsafe"


def larger_shape(members, manifest):
    manifest["arrays"]["posterior/beta"]["shape"] = [2, 10**15, 2]
    metadata_change(shape=[2, 10**15, 2])(members, manifest)
    meta = json.loads(members["draws.zarr/posterior/beta/zarr.json"])
    meta["chunk_grid"]["configuration"]["chunk_shape"] = [2, 10**15, 2]
    members["draws.zarr/posterior/beta/zarr.json"] = canonical(meta)


def foreign_type(members, manifest):
    manifest["arrays"]["posterior/beta"]["dtype"] = "object"


def unknown_key(members, manifest):
    manifest["hook"] = "os.system"


def unknown_nested_key(members, manifest):
    manifest["columns"][0]["hook"] = 1


def wrong_type(members, manifest):
    manifest["columns"][0]["ordered"] = 1


def unlisted_array(members, manifest):
    members["draws.zarr/posterior/extra/zarr.json"] = b"{}"


def other_spelling(members, manifest):
    manifest["formula"] = manifest["formula"].replace(" ~ ", "~")


def odd_settings(members, manifest):
    manifest["settings"] = {"python": "os.system"}


def settings_no_mapping(members, manifest):
    manifest["settings"] = [1]


def deep_settings(members, manifest):
    value = 1
    for _ in range(70):
        value = [value]
    manifest["settings"] = value


def odd_float(members, manifest):
    manifest["priors"][0]["arguments"]["mu"] = "0.5"


def odd_argument(members, manifest):
    manifest["priors"][0]["arguments"]["self"] = (0.5).hex()


def two_valued_booleans(members, manifest):
    name = "draws.zarr/sample_stats/diverging/c/0/0"
    members[name] = b"\2" * len(members[name])


@pytest.mark.parametrize(
    "change",
    [
        larger_shape,
        foreign_type,
        unknown_key,
        unknown_nested_key,
        wrong_type,
        unlisted_array,
        other_spelling,
        odd_settings,
        settings_no_mapping,
        deep_settings,
        odd_float,
        odd_argument,
        two_valued_booleans,
    ],
)
def test_content_that_no_release_writes_is_refused(change, tmp_path):
    assert code_of(rewrite(tmp_path, change)) == "load_unsafe"


@pytest.mark.parametrize(
    ("formula", "codes"),
    [
        ("y ~ system(x)", {"load_transform"}),
        ("y ~ (", {"load_corrupt"}),
        ("", {"load_corrupt", "load_unsafe"}),
        ("Reaction ~ Days + (1 | other)", {"load_corrupt", "load_unsafe"}),
    ],
)
def test_a_formula_that_the_grammar_or_the_columns_do_not_know_is_refused(formula, codes, tmp_path):
    def change(members, manifest):
        manifest["formula"] = formula

    assert code_of(rewrite(tmp_path, change)) in codes


@pytest.mark.parametrize(
    "text",
    [
        b'{"format":1,"format":1}',
        b'{"format":NaN}',
        b'{ "format": 1 }',
        b"[" * 200_000,
        b"\xff\xfe",
        b'{"format":true}',
        b'{"format":0}',
        b"[]",
        b'{"format":' + b"9" * 5000 + b"}",
    ],
    ids=lambda text: text[:24].decode("latin-1"),
)
def test_json_that_no_release_writes_is_refused(text, tmp_path):
    members = members_of(saved_bytes()) | {MANIFEST: text}
    write_archive(tmp_path / "hostile.glmm", members, overwrite=True)
    assert code_of(tmp_path / "hostile.glmm") == "load_unsafe"


def test_a_huge_manifest_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("glmm_bayes.storage.save_load._MANIFEST_LIMIT", 1000)
    assert code_of(saved(tmp_path)) == "load_unsafe"


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
