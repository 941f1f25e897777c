"""A saved fit holds what its splines, polynomials and contrasts learnt, and predicts to the same bits."""

import hashlib
import io
import json
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.design.design import replay_design
from glmm_bayes.storage.archive import write_archive
from glmm_bayes.storage.manifest import MANIFEST, canonical

ROWS = 30
RNG = np.random.default_rng(5)
DATA = pd.DataFrame(
    {
        "x": RNG.normal(3.0, 2.0, ROWS),
        "f": np.resize(list("abc"), ROWS),
        "k": np.resize([1, 2], ROWS),
        "y": RNG.normal(size=ROWS),
    }
)
FORMULAS = [
    "y ~ poly(x, 3)", "y ~ bs(x, df = 5)*k", "y ~ ns(x, df = 3) + f", "y ~ cr(x, df = 4)",
    'y ~ C(f, "sum", ref="a")*scale(x)', 'y ~ C(f, "poly") + standardize(x)', 'y ~ ordered(f, "c", "a", "b")',
    'y ~ x + I(f == "b")', "y ~ poly(x, 2, raw = TRUE) + C(f, helmert)",
]  # fmt: skip


def fit_of(formula):
    model = gb.Model(formula, DATA)
    draws = {"beta": RNG.normal(size=(1, 3, len(model.design.columns))), "sigma": np.ones((1, 3))}
    return gb.Fit.from_draws(model, draws)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_loaded_fit_has_the_state_and_the_bits_of_the_saved_one(formula, tmp_path):
    fit = fit_of(formula)
    fit.save(tmp_path / "fit.glmm")
    loaded = gb.load(tmp_path / "fit.glmm")
    assert loaded.design.state == fit.design.state
    np.testing.assert_array_equal(loaded.design.x, fit.design.x)
    new = DATA.assign(x=DATA["x"] + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        expected, found = (replay_design(one.design, new, with_groups=False).x for one in (fit, loaded))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("formula", FORMULAS)
def test_predictions_of_the_training_rows_are_the_fitted_values(formula):
    fit = fit_of(formula)
    replayed = gb.predictions(fit, DATA).draws
    fitted = gb.predictions(fit).draws
    np.testing.assert_array_equal(replayed, fitted)


def changed(path, change):
    """Write a saved fit again with its learnt state changed and all hashes made right."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as file:
        members = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    change(manifest["states"]["mu"]["transforms"]["ns(x, df = 3)"])
    write_archive(
        path, members | {MANIFEST: canonical(manifest | {"members": listed(members)})}, overwrite=True
    )
    return path


def listed(members):
    return {
        key: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for key, data in members.items()
    }


def test_a_knot_that_another_processor_rounded_is_kept_as_stored(tmp_path):
    fit_of("y ~ ns(x, df = 3) + f").save(tmp_path / "fit.glmm")
    kept = []

    def change(learnt):
        near = float(np.nextafter(float.fromhex(learnt["knots"][0]), np.inf))
        learnt["knots"][0] = near.hex()
        kept.append(near)

    loaded = gb.load(changed(tmp_path / "fit.glmm", change))
    assert loaded.design.state.transforms["ns(x, df = 3)"]["knots"][0] == kept[0]


WRONG = {
    "another knot": lambda learnt: learnt["knots"].__setitem__(0, (7.5).hex()),
    "a knot less": lambda learnt: learnt["knots"].pop(),
    "a number for a list": lambda learnt: learnt.update(knots=(1.0).hex()),
    "no knots": lambda learnt: learnt.pop("knots"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_state_that_the_rows_do_not_teach_is_corrupt(case, tmp_path):
    fit_of("y ~ ns(x, df = 3) + f").save(tmp_path / "fit.glmm")
    with pytest.raises(gb.StorageError) as caught:
        gb.load(changed(tmp_path / "fit.glmm", WRONG[case]))
    assert caught.value.code == "load_corrupt"
