"""Files whose hashes are right and whose content no release writes are refused when they are opened."""

import hashlib
import json
import warnings
from copy import deepcopy
from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.infer.archive import write_archive
from glmm_bayes.infer.manifest import MANIFEST, ArrayEntry, canonical, metadata_members
from tests.infer.test_storage import SETTINGS, fit_of, members_of

DATA = pd.DataFrame(
    {
        "y": [0.1, 1.2, 0.4, 2.2, 1.9, 0.3],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0],
        "f": pd.Categorical(list("abcabc"), list("abcd")),
        "g": list("uvwuvw"),
        "w": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    }
)
KNOWN = {"K": pd.DataFrame(np.eye(3) + 0.2, index=list("uvw"), columns=list("uvw"))}
FORMULA = gb.Formula("y ~ scale(x) + f + (1 | gr(g, cov = K))", sigma="~ x")


@cache
def small():
    """Return the bytes of a small fit that has something of everything."""
    import tempfile
    from pathlib import Path

    priors = {"beta": gb.Prior("Normal", mu=0.0, sigma=2.0), "sd": gb.Prior("HalfNormal", sigma=1.0)}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        model = gb.Model(FORMULA, DATA.set_axis(list("lmnopq")), priors=priors, known=KNOWN)
        fit = fit_of(model)
        fit.save(Path(folder) / "a.glmm")
        return (Path(folder) / "a.glmm").read_bytes()


def rewritten(tmp_path, change):
    """Write the small fit with its manifest changed and all hashes made right."""
    members = members_of(small())
    manifest = json.loads(members.pop(MANIFEST))
    change(members, manifest)
    listed = {
        key: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for key, data in members.items()
    }
    members[MANIFEST] = canonical({**manifest, "members": listed})
    path = tmp_path / "changed.glmm"
    write_archive(path, members, overwrite=True)
    return path


def test_the_small_fit_is_read_as_it_is(tmp_path):
    assert gb.load(rewritten(tmp_path, lambda members, manifest: None)).settings == SETTINGS


def add_array(members, manifest, name, array):
    array = np.asarray(array)
    dims = [f"d{k}" for k in range(array.ndim)]
    entry = ArrayEntry(dtype=array.dtype.name, shape=list(array.shape), dims=dims)
    manifest["arrays"][name] = entry.model_dump()
    entries = {key: ArrayEntry(**value) for key, value in manifest["arrays"].items()}
    members |= metadata_members(entries)
    members[entry.chunk(name)] = array.tobytes()


def array_named(name, array):
    return lambda members, manifest: add_array(members, manifest, name, array)


def entry_set(value, *place):
    def change(members, manifest):
        at = manifest
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = value(at[place[-1]]) if callable(value) else value

    return change


def setting(name, value):
    """Change one setting, as it is coded, or leave it out."""

    def change(members, manifest):
        pairs = [pair for pair in manifest["settings"]["map"] if pair[0] != name]
        manifest["settings"]["map"] = pairs + ([] if value is None else [[name, value]])

    return change


def retyped(name, dtype):
    def change(members, manifest):
        values = np.ones(manifest["arrays"][name]["shape"], dtype)
        add_array(members, manifest, name, values)

    return change


def levels_added(count):
    def change(members, manifest):
        column = next(column for column in manifest["columns"] if column["name"] == "f")
        column["levels"] += [f"u{k}" for k in range(count)]

    return change


SHAPE = (2, 20)
HOSTILE = {
    # Arrays that nothing reads, or that stand in the way of others.
    "a statistic called chain": array_named("sample_stats/chain", np.ones(SHAPE)),
    "a statistic called draw": array_named("sample_stats/draw", np.ones(SHAPE)),
    "a statistic in capitals": array_named("sample_stats/Lp", np.ones(SHAPE)),
    "another group": array_named("a/b", np.ones(3)),
    "no group": array_named("a", np.ones(3)),
    "a group of a group": array_named("posterior/a/b", np.ones(3)),
    "another variable": array_named("posterior/gamma", np.ones(SHAPE)),
    "another column": array_named("data/column_99", np.ones(6)),
    "numbers beside texts of rows": array_named("data/row_labels", np.arange(6)),
    "log likelihood": array_named("log_likelihood/y", np.ones((*SHAPE, 6))),
    # Numbers of another type.
    "draws as booleans": retyped("posterior/beta", bool),
    "draws as whole numbers": retyped("posterior/beta", np.int64),
    "divergences as numbers": retyped("sample_stats/diverging", np.float64),
    # Formulas of further parameters.
    "no formula": entry_set("junk", "further", "sigma"),
    "self": entry_set({"self": "~ x"}, "further"),
    "text": entry_set({"text": "~ x"}, "further"),
    "no parameter": entry_set({"phi": "~ x", "sigma": "~ x"}, "further"),
    "another spelling": entry_set("~  x", "further", "sigma"),
    # Settings.
    "no settings": entry_set({"map": []}, "settings"),
    "no engine": setting("engine", None),
    "an engine that is a number": setting("engine", 1),
    "no draws": setting("draws", None),
    "no chains": setting("chains", None),
    "interrupted without draws": entry_set(
        {"map": [["engine", "nutpie"], ["interrupted", True]]}, "settings"
    ),
    "a seed that is a text": setting("seed", "1"),
    "a seed below zero": setting("seed", -1),
    "a seed of many bits": setting("seed", 2**70),
    "a seed that is true": setting("seed", True),
    "notes that are a number": setting("notes", 7),
    "notes of numbers": setting("notes", [7]),
    "an empty note": setting("notes", [""]),
    "versions that are a list": setting("versions", ["1"]),
    "a number of draws that is a text": setting("draws", "20"),
    "more draws than there are": setting("draws", 40),
    "fewer draws than there are": setting("draws", 10),
    "no chain asked for": setting("chains", 0),
    "interrupted by a word": setting("interrupted", "no"),
    "an acceptance above one": setting("target_accept", {"float": (1.5).hex()}),
    "crashed by a word": setting("crashed", "chain 1"),
    "a setting twice": entry_set(lambda value: {"map": value["map"] + [["seed", 2]]}, "settings"),
    # The format.
    "format true": entry_set(True, "format"),
    "format 1.0": entry_set(1.0, "format"),
    "format 0": entry_set(0, "format"),
    # What is there twice, or for nothing.
    "a prior twice": entry_set(lambda priors: priors + priors[:1], "priors"),
    "a prior of nothing": entry_set(lambda priors: [*priors, priors[0] | {"parameter": "zz"}], "priors"),
    "a column twice": entry_set(lambda columns: columns + columns[:1], "columns"),
    "a matrix twice": entry_set(lambda known: known + known[:1], "known"),
    "a level twice": entry_set(lambda levels: [*levels[:-1], levels[0]], "columns", 3, "levels"),
    "a million unused levels": levels_added(10**6),
    "two columns in one array": entry_set("data/column_0", "columns", 1, "array"),
    "a column that is the draws": entry_set("posterior/sigma_beta", "columns", 1, "array"),
    "a matrix that is a column": entry_set("data/column_0", "known", 0, "array"),
    "other labels of a matrix": entry_set(["u", "v", "z"], "known", 0, "labels"),
    "an unused state": entry_set(lambda states: states | {"zi": states["mu"]}, "states"),
    "a state of nothing": entry_set(
        lambda learnt: learnt | {"scale(z)": {"center": (1.0).hex()}}, "states", "mu", "transforms"
    ),
    "a dropped column": entry_set([0], "states", "mu", "dropped"),
    # Other words.
    "a link of no kind": entry_set("os.system", "link_used"),
    "another link": entry_set("log", "link_used"),
    "a prior's scale": entry_set("variance", "priors", 0, "of"),
    "labels that are missing": entry_set(lambda labels: labels[:-1], "row_labels"),
    "labels that are lists": entry_set(lambda labels: [[label] for label in labels], "row_labels"),
    "other dims": entry_set(["draw", "chain", "coef"], "arrays", "posterior/beta", "dims"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_no_release_writes_is_refused_on_opening(kind, tmp_path):
    with pytest.raises(gb.StorageError) as caught:
        gb.load(rewritten(tmp_path, HOSTILE[kind]))
    assert caught.value.code in {"load_unsafe", "load_corrupt"}, caught.value
    assert "changed.glmm" in str(caught.value)


LEAVES = [None, True, False, 0, -1, 1.5, 2**70, "", "x", "\ud800", [], {}, [[]], {"float": "0x1p+3"}]


def leaves(value, place=()):
    """List the places of all values that hold no others."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in pairs for leaf in leaves(inner, (*place, key))]
    return [place]


def use(fit, path):
    str(fit)
    gb.summary(fit)
    str(gb.diagnose(fit))
    gb.predictions(fit, by=True).summary()
    gb.random_effects(fit)
    fit.save(path, overwrite=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_changed_word_is_refused_or_gives_a_fit_that_works(tmp_path):
    manifest = json.loads(members_of(small())[MANIFEST])
    places = [place for place in leaves(manifest) if place[0] not in ("members", "versions", "platform")]
    rng = np.random.default_rng(8)
    read = 0
    for _ in range(400):
        place, value = places[rng.integers(len(places))], LEAVES[rng.integers(len(LEAVES))]
        path = rewritten(tmp_path, entry_set(deepcopy(value), *place))
        try:
            fit = gb.load(path)
        except gb.StorageError as error:
            assert error.code.startswith("load_"), (place, value)
            continue
        read += 1
        use(fit, tmp_path / "again.glmm")
    # Settings of other names, and equal values, are kept.
    assert read < 40


@pytest.mark.slow
def test_four_thousand_damages_are_detected(tmp_path):
    data, path = small(), tmp_path / "damaged.glmm"
    rng = np.random.default_rng(9)

    def flipped(at, bit):
        return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]

    kinds = [
        lambda at, to: flipped(at, to % 8),
        lambda at, to: data[:at],
        lambda at, to: data[: min(at, to)] + data[max(at, to) + 1 :],
        lambda at, to: data[:at] + bytes([to % 256]) + data[at:],
        lambda at, to: data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :],
        lambda at, to: data[:at] + data[to : to + 16] + data[at + 16 :],
    ]
    for number in range(4000):
        at, to = (int(one) for one in rng.integers(0, len(data), 2))
        damaged = kinds[number % len(kinds)](at, to)
        if damaged == data:
            continue
        path.write_bytes(damaged)
        with pytest.raises(gb.StorageError) as caught:
            gb.load(path)
        assert caught.value.code in {"load_corrupt", "load_unsafe", "load_version"}
