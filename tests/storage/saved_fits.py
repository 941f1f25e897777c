"""Fits of random draws with settings of a sampler, their files, and these files changed."""

import hashlib
import io
import json
import tempfile
import warnings
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.datatree import assemble
from glmm_bayes.fit.draws import DRAWN_WITH
from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import MANIFEST, canonical

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
