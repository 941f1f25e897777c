"""A file whose members, metadata or content no release writes is refused."""

import io
import json
import stat
import warnings
import zipfile

import pytest

from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import MANIFEST, canonical
from tests.storage.saved_fits import code_of, members_of, rewrite, saved, saved_bytes


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
