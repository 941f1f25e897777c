"""The page on posteriors from elsewhere runs as it stands, and Bambi's own predictions are ours."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb

PAGE = (Path(__file__).parents[1] / "docs/foreign_posteriors.md").read_text(encoding="utf-8")
ARRAYS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
BAMBI = re.findall(r"```python bambi\n(.*?)```", PAGE, re.DOTALL)


def run(folder, *blocks):
    """Run blocks of the page one after the other and return their names."""
    file = folder / "page.py"
    file.write_text("\n".join(blocks), encoding="utf-8")
    return runpy.run_path(str(file))


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """Fits of the blocks on arrays, and the names of the last."""
    assert len(ARRAYS) == 2
    folder = tmp_path_factory.mktemp("page")
    first, both = run(folder, ARRAYS[0]), run(folder, *ARRAYS)
    return (first["fit"], both["fit"]), both


def test_columns_of_brms_become_draws_by_chain_and_order(arrays):
    fit = arrays[0][0]
    assert fit.shape == (2, 2)
    np.testing.assert_array_equal(fit.flat["beta"][2], [2.44, -0.97, -0.41])
    np.testing.assert_array_equal(fit.flat["sd_ID"].ravel(), [1.21, 1.48, 1.10, 1.36])
    assert np.isfinite(gb.comparisons(fit, "trt").draws).all()


def test_arrays_of_numpyro_have_their_levels(arrays):
    fit, names = arrays[0][1], arrays[1]
    b = names["samples"]["tau"][..., None] * names["samples"]["z"]
    np.testing.assert_array_equal(fit.draws["posterior"]["b_ID"].to_numpy()[..., 0], b)
    assert np.isfinite(gb.predictions(fit, estimand="subject").draws).all()


def test_what_is_left_out_is_named_where_it_is_needed(arrays):
    with pytest.raises(gb.DataError, match="'b_ID'"):
        gb.predictions(arrays[0][0], estimand="subject")


@pytest.mark.slow
@pytest.mark.sampling
def test_bambi_and_we_say_the_same_of_each_row(tmp_path, monkeypatch):
    bambi = pytest.importorskip("bambi")
    made = []

    class Recorded(bambi.Model):
        """Bambi's model, which remembers what it was fitted to."""

        def fit(self, *given, **named):
            result = super().fit(*given, **named)
            made.append((self, result))
            return result

    monkeypatch.setattr(bambi, "Model", Recorded)
    assert len(BAMBI) == 1
    names = run(tmp_path, BAMBI[0])
    model, found = made[0]
    theirs = model.predict(found, kind="response_params", inplace=False).posterior["p"].to_numpy()
    ours = gb.predictions(names["fit"], estimand="subject").draws.to_numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    typical = gb.predictions(names["fit"], estimand="typical", by=True).summary()["mean"][0]
    population = gb.predictions(names["fit"], by=True).summary()["mean"][0]
    assert 0.5 < population < typical
