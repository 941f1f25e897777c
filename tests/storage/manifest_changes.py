"""Small fits that have something of everything, their files, and changes of manifests and arrays."""

import hashlib
import json
import warnings
from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb
from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import MANIFEST, ArrayEntry, canonical, metadata_members
from tests.storage.saved_fits import fit_of, members_of, random_draws

DATA = pd.DataFrame(
    {
        "y": [0.1, 1.2, 0.4, 2.2, 1.9, 0.3],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0],
        "f": pd.Categorical(list("abcabc"), list("abcd")),
        "g": list("uvwuvw"),
        "w": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    }
)
SHAPE = (2, 20)
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


@cache
def made_elsewhere(formula="y ~ x", **known):
    """Return the bytes of a fit of draws that no sampler of ours made."""
    import tempfile
    from pathlib import Path

    tables = {name: TABLES[name] for name in known.values()}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        model = gb.Model(formula, DATA, known=tables or None)
        gb.Fit.from_draws(model, random_draws(model, 1)).save(Path(folder) / "a.glmm")
        return (Path(folder) / "a.glmm").read_bytes()


def rewritten(tmp_path, change, data=None):
    """Write the small fit, or another, with its manifest changed and all hashes made right."""
    members = members_of(small() if data is None else data)
    manifest = json.loads(members.pop(MANIFEST))
    change(members, manifest)
    listed = {
        key: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for key, data in members.items()
    }
    members[MANIFEST] = canonical({**manifest, "members": listed})
    path = tmp_path / "changed.glmm"
    write_archive(path, members, overwrite=True)
    return path


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


def array_changed(name, change):
    """Change the numbers of an array, which keeps its type and shape."""

    def changed(members, manifest):
        entry = ArrayEntry(**manifest["arrays"][name])
        array = entry.decode(members[entry.chunk(name)])
        members[entry.chunk(name)] = np.asarray(change(array), array.dtype).tobytes()

    return changed


def array_left_out(name):
    def change(members, manifest):
        entry = ArrayEntry(**manifest["arrays"].pop(name))
        del members[entry.chunk(name)], members[f"draws.zarr/{name}/zarr.json"]

    return change


def both(*changes):
    def change(members, manifest):
        for one in changes:
            one(members, manifest)

    return change


LEVELS = list("uvw")
TABLES = {
    "K": pd.DataFrame(np.eye(3) + 0.2, index=LEVELS, columns=LEVELS),
    "W": pd.DataFrame(np.ones((3, 3)) - np.eye(3), index=LEVELS, columns=LEVELS),
    "P": pd.DataFrame([[0.0, 0.0], [1.0, 0.5], [2.0, 3.0]], index=LEVELS),
}
